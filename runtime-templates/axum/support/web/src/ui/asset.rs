//! The files under `/static`: named by their content, so that browsers may keep them for ever.

use super::theme;
use sha2::{Digest, Sha256};
use std::fmt::Write;

const APP_CSS: &str = include_str!("../../static/app.css");
const APP_JS: &str = include_str!("../../static/app.js");

/// All of them for one app.
#[derive(Debug)]
pub struct Assets {
    /// The design system.
    pub style: Asset,
    /// What the app's tokens make of it.
    pub theme: Asset,
    /// The script.
    pub script: Asset,
    /// The icon in the browser's tab.
    pub mark: Asset,
}

/// One file.
#[derive(Debug)]
pub struct Asset {
    /// Its address, with the hash of its content.
    pub href: String,
    /// Its media type.
    pub media_type: &'static str,
    /// What is in it.
    pub body: String,
}

impl Assets {
    /// The files for these design tokens and this name.
    #[must_use]
    pub fn new(tokens: &[(&str, &str)], name: &str) -> Assets {
        Assets {
            style: Asset::new("app", "css", "text/css; charset=utf-8", APP_CSS.to_owned()),
            theme: Asset::new(
                "theme",
                "css",
                "text/css; charset=utf-8",
                theme::style_sheet(tokens),
            ),
            script: Asset::new(
                "app",
                "js",
                "text/javascript; charset=utf-8",
                APP_JS.to_owned(),
            ),
            mark: Asset::new("mark", "svg", "image/svg+xml", mark(tokens, name)),
        }
    }

    /// The file at this address.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Asset> {
        [&self.style, &self.theme, &self.script, &self.mark]
            .into_iter()
            .find(|asset| asset.href == path)
    }
}

impl Asset {
    fn new(name: &str, extension: &str, media_type: &'static str, body: String) -> Asset {
        let mut href = format!("/static/{name}.");
        for byte in Sha256::digest(body.as_bytes()).iter().take(6) {
            let _ = write!(href, "{byte:02x}");
        }
        href.push('.');
        href.push_str(extension);
        Asset {
            href,
            media_type,
            body,
        }
    }
}

/// The letter an app is known by.
#[must_use]
pub fn initial(name: &str) -> String {
    name.chars()
        .find(|c| c.is_alphanumeric())
        .map_or_else(|| "•".to_owned(), |c| c.to_uppercase().collect())
}

fn mark(tokens: &[(&str, &str)], name: &str) -> String {
    let accent = tokens
        .iter()
        .find(|(key, _)| *key == "accent")
        .and_then(|(_, value)| theme::Colour::parse(value));
    let shades = theme::Shades::light(accent.unwrap_or(theme::DEFAULT_ACCENT));
    let (fill, ink) = (shades.accent, shades.on_accent);
    maud::html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" {
            rect width="32" height="32" rx="8" fill=(fill.hex()) {}
            text x="16" y="22" text-anchor="middle" font-family="system-ui, sans-serif" font-weight="700" font-size="18" fill=(ink.hex()) { (initial(name)) }
        }
    }
    .into_string()
}
