//! Tests of what ui decides without a request.

use super::theme::{Colour, Shades, style_sheet};

#[test]
fn every_accent_can_be_read() {
    for red in (0..=255u8).step_by(51) {
        for green in (0..=255u8).step_by(51) {
            for blue in (0..=255u8).step_by(51) {
                let accent = Colour(red, green, blue);
                for shades in [Shades::light(accent), Shades::dark(accent)] {
                    assert!(
                        shades.on_accent.contrast(shades.accent) >= 4.5,
                        "{accent:?}"
                    );
                    assert!(shades.text.contrast(shades.soft) >= 4.5, "{accent:?}");
                }
            }
        }
    }
}

#[test]
fn tokens_become_a_style_sheet_and_nothing_else() {
    let sheet = style_sheet(&[
        ("accent", "#0f766e"),
        ("font", "x\"; } body { display: none"),
        ("radius", "8px"),
    ]);
    assert!(sheet.contains("--accent: #0f766e;"), "{sheet}");
    assert!(sheet.contains("--radius: 8px;"), "{sheet}");
    assert!(!sheet.contains("body {"), "{sheet}");
}

/// The fixed colours of the design system: text on every ground it stands on, in both schemes.
#[test]
fn fixed_colours_reach_aa() {
    let sheet = include_str!("../../static/app.css");
    let (light, rest) = sheet
        .split_once("@media (prefers-color-scheme: dark)")
        .unwrap();
    let dark = rest.split_once("*, *::before").unwrap().0;
    for scheme in [light, dark] {
        let colour = |name: &str| {
            let start = scheme
                .find(&format!("--{name}: #"))
                .unwrap_or_else(|| panic!("no {name}"));
            let text = scheme[start..].split_once(": ").unwrap().1;
            Colour::parse(text.split(';').next().unwrap()).unwrap()
        };
        for ground in ["page", "surface", "raised", "sunken", "hover"] {
            for ink in ["text", "muted", "faint", "bad"] {
                let contrast = colour(ink).contrast(colour(ground));
                assert!(contrast >= 4.5, "{ink} on {ground}: {contrast:.2}");
            }
            assert!(
                colour("line-strong").contrast(colour(ground)) >= 3.0,
                "line-strong on {ground}"
            );
        }
        for tone in [
            "good", "warn", "bad", "hue-0", "hue-1", "hue-2", "hue-3", "hue-4", "hue-5",
        ] {
            let contrast = colour(tone).contrast(colour(&format!("{tone}-soft")));
            assert!(contrast >= 4.5, "{tone}: {contrast:.2}");
        }
        assert!(colour("on-bad").contrast(colour("bad")) >= 4.5);
    }
}
