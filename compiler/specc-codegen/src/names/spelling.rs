//! Any name in letters that the target takes, and a number where two come out alike.

use super::reserved::{KEYWORDS, TYPES};
use heck::{ToKebabCase, ToSnakeCase, ToUpperCamelCase};
use std::collections::BTreeSet;

/// Names taken so far; a second one of the same kind gets a number.
#[derive(Debug, Default)]
pub struct Taken {
    names: BTreeSet<String>,
}

impl Taken {
    /// With these already gone.
    #[must_use]
    pub fn without(reserved: &[&str]) -> Taken {
        Taken {
            names: reserved.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// This name, or with `_2`, `_3` … behind `separator`.
    pub fn take(&mut self, name: &str, separator: &str) -> String {
        self.take_with(name, separator, |_| Vec::new())
    }

    /// As [`Taken::take`], together with the names that are made from it.
    pub fn take_with(
        &mut self,
        name: &str,
        separator: &str,
        derived: impl Fn(&str) -> Vec<String>,
    ) -> String {
        let mut candidate = name.to_owned();
        let mut number = 2_u32;
        loop {
            let more = derived(&candidate);
            let free = |name: &String| !self.names.contains(name);
            if free(&candidate) && more.iter().all(free) {
                self.names.extend(more);
                self.names.insert(candidate.clone());
                return candidate;
            }
            // `fn_` becomes `fn_2`, not `fn__2`.
            let joint = if name.ends_with(separator) {
                ""
            } else {
                separator
            };
            candidate = format!("{name}{joint}{number}");
            number += 1;
        }
    }
}

/// A name in `snake_case` with ASCII letters and digits only, never empty, never led by a digit.
#[must_use]
pub fn snake(name: &str, instead: &str) -> String {
    let plain = ascii(name).to_snake_case();
    let plain: String = plain.chars().take(60).collect();
    let plain = plain.trim_matches('_');
    match plain.chars().next() {
        None => instead.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("{instead}_{plain}"),
        Some(_) => plain.to_owned(),
    }
}

/// A name for addresses, in `kebab-case`.
#[must_use]
pub fn kebab(name: &str, instead: &str) -> String {
    let plain = ascii(name).to_kebab_case();
    let plain: String = plain.chars().take(60).collect();
    let plain = plain.trim_matches('-');
    if plain.is_empty() {
        instead.to_owned()
    } else {
        plain.to_owned()
    }
}

/// A Rust identifier for a function, method, module or variable.
#[must_use]
pub fn identifier(name: &str, instead: &str) -> String {
    let name = snake(name, instead);
    if KEYWORDS.contains(&name.as_str()) {
        format!("{name}_")
    } else {
        name
    }
}

/// The column of a field `id`: the row's own number has that name.
pub const PUBLIC_ID: &str = "public_id";

/// Words as small letters and digits with `_` for everything else: how fields, inputs and values are sent.
///
/// Unlike [`snake`] it does not part words at capitals: `eMail` stays one word.
#[must_use]
pub fn sent(name: &str, instead: &str) -> String {
    let mut out = String::new();
    for letter in ascii(name).chars() {
        if letter.is_ascii_alphanumeric() {
            out.push(letter.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        if out.len() >= 60 {
            break;
        }
    }
    let out = out.trim_end_matches('_');
    if out.is_empty() {
        instead.to_owned()
    } else {
        out.to_owned()
    }
}

/// A value of a choice as it is stored and sent: in its own script, in lower case, with `_` between its words.
pub(super) fn sent_value(name: &str) -> String {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join("_")
}

fn ascii(name: &str) -> String {
    if name.is_ascii() {
        name.to_owned()
    } else {
        deunicode::deunicode_with_tofu(name, " ")
    }
}

pub(super) fn type_name(name: &str, instead: &str) -> String {
    let name = ascii(name).to_upper_camel_case();
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(60)
        .collect();
    match name.chars().next() {
        None => instead.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("{instead}{name}"),
        Some(_) if name == "Self" => "SelfValue".to_owned(),
        Some(_) => name,
    }
}

pub(super) fn safe_type(name: &str, instead: &str) -> String {
    let name = type_name(name, instead);
    if TYPES.contains(&name.as_str()) {
        format!("{name}Row")
    } else {
        name
    }
}
