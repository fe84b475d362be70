//! From an app's design tokens to the style sheet that carries them. Every pair of text and ground that
//! follows from the accent is computed to reach WCAG 2.2 AA (4.5 to 1).

use std::fmt::Write;

/// The style sheet for these tokens (`accent` as `#rrggbb`, `font`, `radius`); unknown ones are left out.
#[must_use]
pub fn style_sheet(tokens: &[(&str, &str)]) -> String {
    let token = |name: &str| {
        tokens
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| *value)
    };
    let accent = token("accent")
        .and_then(Colour::parse)
        .unwrap_or(DEFAULT_ACCENT);
    let (text, heading) = fonts(token("font"), token("heading font"));
    let radius = token("radius").map_or(8.0, pixels);
    let mut out = String::with_capacity(1024);
    let _ = write!(
        out,
        ":root {{\n  --font: {SANS};\n  --font-text: {text};\n  --font-heading: {heading};\n  --font-mono: ui-monospace, \"SF Mono\", \"Cascadia Code\", Menlo, Consolas, \"DejaVu Sans Mono\", monospace;\n  --radius: {radius}px;\n  --radius-small: {small}px;\n",
        small = (radius * 0.7).round(),
    );
    Shades::light(accent).write(&mut out);
    out.push_str("}\n@media (prefers-color-scheme: dark) {\n  :root {\n");
    Shades::dark(accent).write(&mut out);
    out.push_str("  }\n}\n");
    out
}

pub(crate) const DEFAULT_ACCENT: Colour = Colour(0x1d, 0x4e, 0xd8);
const SANS: &str = "system-ui, -apple-system, \"Segoe UI\", Roboto, \"Helvetica Neue\", \"Noto Sans\", \"Liberation Sans\", Arial, sans-serif";
const SERIF: &str = "\"Iowan Old Style\", \"Palatino Linotype\", Palatino, Charter, \"Noto Serif\", \"DejaVu Serif\", Georgia, serif";
const ROUND: &str = "ui-rounded, \"SF Pro Rounded\", \"Nunito\", system-ui, sans-serif";
const MONO: &str = "ui-monospace, \"SF Mono\", Menlo, Consolas, \"DejaVu Sans Mono\", monospace";

fn fonts(text: Option<&str>, heading: Option<&str>) -> (String, String) {
    let stack = |name: &str| match name.to_ascii_lowercase().as_str() {
        "sans" | "sans-serif" | "system" | "" => SANS.to_owned(),
        "serif" => SERIF.to_owned(),
        "rounded" => ROUND.to_owned(),
        "mono" | "monospace" => MONO.to_owned(),
        _ => {
            let safe: String = name
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .collect();
            format!("\"{safe}\", {SANS}")
        }
    };
    let text = stack(text.unwrap_or("sans"));
    let heading = heading.map_or_else(|| text.clone(), stack);
    (text, heading)
}

fn pixels(text: &str) -> f64 {
    let digits: String = text
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    digits.parse::<f64>().unwrap_or(8.0).clamp(0.0, 24.0)
}

/// What follows from the accent in one scheme.
pub(crate) struct Shades {
    pub(crate) accent: Colour,
    pub(crate) on_accent: Colour,
    pub(crate) strong: Colour,
    pub(crate) on_strong: Colour,
    pub(crate) text: Colour,
    pub(crate) soft: Colour,
}

impl Shades {
    pub(crate) fn light(accent: Colour) -> Shades {
        let soft = accent.mix(WHITE, 0.89);
        let grounds = [Colour(0xf1, 0xf1, 0xf3), Colour(0xf7, 0xf7, 0xf8), soft];
        // A very pale accent would vanish on white: shapes need 3 to 1.
        let accent = accent.until(BLACK, |c| c.contrast(Colour(0xf7, 0xf7, 0xf8)) >= 3.0);
        Shades::new(
            accent,
            soft,
            accent.until(BLACK, |c| grounds.iter().all(|g| c.contrast(*g) >= 4.6)),
            BLACK,
        )
    }

    pub(crate) fn dark(accent: Colour) -> Shades {
        let surface = Colour(0x18, 0x18, 0x1c);
        let soft = accent.mix(surface, 0.76);
        let grounds = [Colour(0x20, 0x20, 0x26), surface, soft];
        let accent = accent.until(WHITE, |c| c.contrast(surface) >= 3.0);
        Shades::new(
            accent,
            soft,
            accent.until(WHITE, |c| grounds.iter().all(|g| c.contrast(*g) >= 4.6)),
            WHITE,
        )
    }

    fn new(accent: Colour, soft: Colour, text: Colour, towards: Colour) -> Shades {
        let strong = accent.mix(towards, 0.14);
        Shades {
            accent,
            on_accent: accent.ink(),
            strong,
            on_strong: strong.ink(),
            text,
            soft,
        }
    }

    fn write(&self, out: &mut String) {
        for (name, colour) in [
            ("accent", self.accent),
            ("on-accent", self.on_accent),
            ("accent-strong", self.strong),
            ("on-accent-strong", self.on_strong),
            ("accent-text", self.text),
            ("accent-soft", self.soft),
        ] {
            let _ = writeln!(out, "  --{name}: {};", colour.hex());
        }
    }
}

const WHITE: Colour = Colour(255, 255, 255);
const BLACK: Colour = Colour(0, 0, 0);

/// A colour in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour(pub(crate) u8, pub(crate) u8, pub(crate) u8);

impl Colour {
    /// `#rrggbb` or `#rgb`.
    pub(crate) fn parse(text: &str) -> Option<Colour> {
        let digits = text.trim().strip_prefix('#')?;
        let wide: String = match digits.len() {
            3 => digits.chars().flat_map(|c| [c, c]).collect(),
            _ => digits.to_owned(),
        };
        if wide.len() != 6 || !wide.is_ascii() {
            return None;
        }
        let part = |range: std::ops::Range<usize>| u8::from_str_radix(wide.get(range)?, 16).ok();
        Some(Colour(part(0..2)?, part(2..4)?, part(4..6)?))
    }

    /// `#rrggbb`.
    pub(crate) fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// Contrast ratio, 1 to 21, as WCAG 2.2 defines it.
    pub(crate) fn contrast(self, other: Colour) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// White where it can be read on this colour, else black.
    fn ink(self) -> Colour {
        if self.contrast(WHITE) >= 4.5 {
            WHITE
        } else {
            BLACK
        }
    }

    /// This colour with that share of another.
    fn mix(self, other: Colour, share: f64) -> Colour {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 255"
        )]
        let part =
            |a: u8, b: u8| (f64::from(a) * (1.0 - share) + f64::from(b) * share).round() as u8;
        Colour(
            part(self.0, other.0),
            part(self.1, other.1),
            part(self.2, other.2),
        )
    }

    /// The nearest colour on the way to another one that is good.
    fn until(self, towards: Colour, good: impl Fn(Colour) -> bool) -> Colour {
        (0..=50u8)
            .map(|step| self.mix(towards, f64::from(step) / 50.0))
            .find(|c| good(*c))
            .unwrap_or(towards)
    }
}
