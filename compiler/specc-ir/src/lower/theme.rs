//! `Theme`: design tokens, with contrast checked.

use super::formal::{self, Keys, fold};
use super::program::bad;
use crate::ir::Theme;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::tree::{Section, Text};

const THEME_KEYS: Keys = Keys {
    section: "Theme",
    known: &["Accent", "Font", "Radius", "Logo", "Voice"],
    not_yet: &["Background", "Text"],
};

/// Design tokens.
pub(super) fn theme(sections: &[&Section], out: &mut Vec<Diagnostic>) -> Theme {
    let mut tokens = Vec::new();
    if let [_, second, ..] = sections {
        out.push(
            Diagnostic::new(
                "duplicate-name",
                second.heading.span,
                "`Theme` stands twice in this program",
            )
            .help("put both into one section"),
        );
    }
    for section in sections.iter().take(1) {
        for entry in formal::keys(section, &THEME_KEYS, out) {
            let value = formal::bare(&entry.value);
            match entry.key {
                "Accent" => accent(&value, &mut tokens, out),
                "Font" => match fold(&value.text).as_str() {
                    "sans" | "serif" | "mono" | "rounded" => {
                        tokens.push(("font".to_owned(), fold(&value.text)))
                    }
                    _ => out.push(bad(
                        &value,
                        "is no font of the theme",
                        "write `sans`, `serif`, `mono` or `rounded`",
                    )),
                },
                "Radius" => {
                    let number = value.text.to_lowercase().replace("px", "");
                    match number.trim().parse::<u32>() {
                        Ok(pixels @ 0..=24) => {
                            tokens.push(("radius".to_owned(), format!("{pixels}px")))
                        }
                        _ => out.push(bad(
                            &value,
                            "is no radius",
                            "write 0 to 24 pixels, such as `8 px`",
                        )),
                    }
                }
                key => tokens.push((key.to_lowercase(), value.text)),
            }
        }
    }
    tokens.sort();
    Theme { tokens }
}

/// An accent colour with the text colour that is readable on it.
fn accent(value: &Text, tokens: &mut Vec<(String, String)>, out: &mut Vec<Diagnostic>) {
    let Some(colour) = colour(&value.text) else {
        out.push(bad(
            value,
            "is no colour",
            "write it as `#rrggbb`, such as `#0f766e`",
        ));
        return;
    };
    let luminance = luminance(colour);
    let (white, black) = (1.05 / (luminance + 0.05), (luminance + 0.05) / 0.05);
    if white < 3.0 {
        out.push(
            Diagnostic::new(
                "low-contrast",
                value.span,
                format!(
                    "`{}` on white has a contrast of {white:.1}, and shapes need 3.0",
                    value.text
                ),
            )
            .help("take a darker accent; the app darkens it where text needs 4.5"),
        );
    }
    let [red, green, blue] = colour;
    tokens.push((
        "accent".to_owned(),
        format!("#{red:02x}{green:02x}{blue:02x}"),
    ));
    tokens.push((
        "on-accent".to_owned(),
        if white >= 4.5 || white >= black {
            "#ffffff"
        } else {
            "#000000"
        }
        .to_owned(),
    ));
}

fn colour(text: &str) -> Option<[u8; 3]> {
    let hex = text.strip_prefix('#')?;
    if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let full = match hex.len() {
        3 => hex
            .chars()
            .flat_map(|digit| [digit, digit])
            .collect::<String>(),
        6 => hex.to_owned(),
        _ => return None,
    };
    let part = |at: usize| {
        full.get(at..at + 2)
            .and_then(|part| u8::from_str_radix(part, 16).ok())
    };
    Some([part(0)?, part(2)?, part(4)?])
}

/// Relative luminance, WCAG 2.2.
fn luminance(colour: [u8; 3]) -> f64 {
    let [red, green, blue] = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}
