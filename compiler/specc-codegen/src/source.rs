//! Rust source text: escaping, comments and layout. Knows nothing of programs.

#[cfg(test)]
mod tests;

use crate::layout::{Kind, tokens};

/// Text on one line that a comment can hold: controls and marks that turn the direction are gone.
#[must_use]
pub fn comment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if letter.is_control()
            || letter.is_whitespace()
            || letter == '\u{2028}'
            || letter == '\u{2029}'
        {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else if !turns {
            out.push(letter);
        }
    }
    out.trim().to_owned()
}

/// A comment with a pointer to the spec: `Sentence. (spec/app.md:31)`.
#[must_use]
pub fn pointed(text: &str, place: &str) -> String {
    let text = comment(text);
    let place = comment(place);
    if text.is_empty() {
        format!("({place})")
    } else {
        format!("{text} ({place})")
    }
}

/// The first paragraph of a prose text.
#[must_use]
pub fn first_paragraph(text: &str) -> &str {
    text.trim().split("\n\n").next().unwrap_or("")
}

/// A `//` comment among statements.
#[must_use]
pub fn note(text: &str) -> String {
    format!("// {}\n", comment(text))
}

/// A string literal.
#[must_use]
pub fn literal(text: &str) -> String {
    crate::rust::literal(text)
}

/// An array's elements between brackets.
#[must_use]
pub fn list(items: &[String]) -> String {
    format!("&[{}]", items.join(", "))
}

/// The code mentions this variable, outside of its string literals and comments.
#[must_use]
pub fn mentions(code: &str, variable: &str) -> bool {
    code.contains(variable)
        && tokens(code)
            .unwrap_or_default()
            .iter()
            .any(|token| token.kind == Kind::Word && token.text == variable)
}

/// `name`, or `_name` where the code does not mention it.
#[must_use]
pub fn parameter(name: &str, code: &str) -> String {
    if mentions(code, name) {
        name.to_owned()
    } else {
        format!("_{name}")
    }
}

/// Lays out a file: items apart by a blank line, long text over several lines. Text that is no Rust comes back as it is.
#[must_use]
pub fn tidy(source: &str) -> String {
    crate::layout::lay_out(source).unwrap_or_else(|| source.to_owned())
}
