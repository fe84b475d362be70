//! Addresses: query strings put together safely, and where it is safe to send people next.

use std::fmt::Write;

/// A path with a query; pairs with an empty value are left out.
#[must_use]
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    let mut sign = if path.contains('?') { '&' } else { '?' };
    for (name, value) in pairs {
        if value.is_empty() {
            continue;
        }
        out.push(sign);
        encode(&mut out, name);
        out.push('=');
        encode(&mut out, value);
        sign = '&';
    }
    out
}

/// The same pairs with some replaced: in place where they are there, else at the end; empty ones go.
#[must_use]
pub fn replaced<'a>(
    pairs: &'a [(String, String)],
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut all: Vec<(&str, &str)> = pairs
        .iter()
        .filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    all.extend(changes.iter().copied());
    all
}

/// Percent-encodes everything but unreserved characters.
pub fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// A path of this site that somebody asked to be sent to, or nothing: no other host, no protocol, no tricks
/// with backslashes or control characters.
#[must_use]
pub fn local(path: &str) -> Option<&str> {
    let clean = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= 2000
        && path
            .chars()
            .all(|c| !c.is_control() && !c.is_whitespace() && c != '\\');
    clean.then_some(path)
}

/// The first value of this name.
#[must_use]
pub fn pair<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map_or("", |(_, value)| value.as_str())
}
