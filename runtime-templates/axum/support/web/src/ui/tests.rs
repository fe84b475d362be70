//! Tests of what ui decides without a request.

use super::theme::{Colour, Shades, style_sheet};

/// A colour for each of many numbers, all over the cube.
fn many_colours() -> impl Iterator<Item = Colour> {
    let grid = (0..=255_u8).step_by(17);
    let cube = grid.clone().flat_map(move |red| {
        let grid = grid.clone();
        grid.clone()
            .flat_map(move |green| grid.clone().map(move |blue| Colour(red, green, blue)))
    });
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let scattered = (0..4000).map(move |_| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let [red, green, blue, ..] = seed.to_le_bytes();
        Colour(red, green, blue)
    });
    cube.chain(scattered)
}

#[test]
fn every_accent_can_be_read() {
    let sheet = include_str!("../../static/app.css");
    let (light, dark) = sheet
        .split_once("@media (prefers-color-scheme: dark)")
        .unwrap();
    let colour = |scheme: &str, name: &str| {
        let value = scheme.split_once(&format!("--{name}: ")).unwrap().1;
        Colour::parse(value.split(';').next().unwrap()).unwrap()
    };
    let grounds =
        |scheme: &str| ["page", "surface", "raised", "hover"].map(|name| colour(scheme, name));
    let (light, dark) = (grounds(light), grounds(dark));
    for accent in many_colours() {
        for (shades, grounds) in [(Shades::light(accent), light), (Shades::dark(accent), dark)] {
            for (ink, ground) in [
                (shades.on_accent, shades.accent),
                (shades.on_strong, shades.strong),
                (shades.text, shades.soft),
            ] {
                assert!(
                    ink.contrast(ground) >= 4.5,
                    "{accent:?}: {ink:?} on {ground:?}"
                );
            }
            for ground in grounds {
                // Links and focus rings on every ground; the shape of a button on its own.
                assert!(
                    shades.text.contrast(ground) >= 4.5,
                    "{accent:?}: text on {ground:?}"
                );
            }
            for ground in &grounds[..2] {
                assert!(
                    shades.accent.contrast(*ground) >= 3.0,
                    "{accent:?}: shape on {ground:?}"
                );
            }
        }
    }
}

/// Every key of the theme changes what is drawn.
#[test]
fn every_key_has_an_effect() {
    let bare = style_sheet(&[]);
    for (key, value, sign) in [
        ("accent", "#0f766e", "--accent: #0f766e;"),
        ("font", "serif", "--font-text: \"Iowan Old Style\""),
        ("font", "mono", "--font-text: ui-monospace"),
        ("font", "rounded", "--font-text: ui-rounded"),
        ("radius", "0px", "--radius: 0px;"),
    ] {
        let sheet = style_sheet(&[(key, value)]);
        assert!(
            sheet.contains(sign) && !bare.contains(sign),
            "{key}: {sheet}"
        );
    }
    assert!(bare.contains("--accent: #1d4ed8;") && bare.contains("--radius: 8px;"));
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
