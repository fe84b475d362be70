//! YAML front matter as flat `key: value` lines. Anything deeper is a problem, not YAML to be guessed at.

use crate::diagnostic::Diagnostic;
use crate::span::{FileId, Span};
use crate::tree::{FrontMatter, Text};
use std::collections::BTreeMap;

/// Front matter, problems in it, and the offset behind its closing line.
pub(super) struct Front {
    pub(super) entries: Vec<FrontMatter>,
    pub(super) problems: Vec<Diagnostic>,
    pub(super) end: usize,
}

/// Reads the block between a first line `---` (at `start`) and the next line `---`.
/// `None` where there is no such block: then the dashes are a rule.
pub(super) fn front_matter(file: FileId, text: &str, start: usize) -> Option<Front> {
    let body = text.get(start..)?;
    let first = body.split_inclusive('\n').next()?;
    if first.trim_end() != "---" || !first.ends_with('\n') {
        return None;
    }
    let mut lines = Vec::new();
    let mut at = start + first.len();
    let mut closed = false;
    for line in text.get(at..)?.split_inclusive('\n') {
        if lines.is_empty() && line.trim().is_empty() {
            return None;
        }
        let here = at;
        at += line.len();
        if matches!(line.trim_end(), "---" | "...") {
            closed = true;
            break;
        }
        lines.push((here, line));
    }
    if !closed {
        return None;
    }
    let mut front = Front {
        entries: Vec::new(),
        problems: Vec::new(),
        end: at,
    };
    let mut in_deeper = false;
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for (offset, line) in lines {
        let content = line.trim_end();
        let span = |from: usize, to: usize| Span {
            file,
            start: u32::try_from(offset + from).unwrap_or(u32::MAX),
            end: u32::try_from(offset + to).unwrap_or(u32::MAX),
        };
        if content.is_empty() || content.trim_start().starts_with('#') {
            continue;
        }
        match entry(content) {
            Ok((key, value_at, value)) => {
                in_deeper = false;
                if let Some(first) = seen.get(key) {
                    front.problems.push(
                        Diagnostic::new(
                            "front-matter",
                            span(0, key.len()),
                            format!("`{key}` stands twice in the front matter"),
                        )
                        .label(*first, "first here")
                        .help("keep one of the two lines"),
                    );
                    continue;
                }
                seen.insert(key, span(0, key.len()));
                front.entries.push(FrontMatter {
                    key: Text {
                        text: key.to_owned(),
                        span: span(0, key.len()),
                    },
                    value: Text {
                        text: value,
                        span: span(value_at, content.len()),
                    },
                });
            }
            Err(problem) => {
                let nested = content.starts_with([' ', '\t', '-']);
                if !(in_deeper && nested) {
                    front.problems.push(
                        Diagnostic::new("front-matter", span(content.len() - content.trim_start().len(), content.len()), problem)
                            .help("write one `key: value` per line; longer text belongs into the page itself"),
                    );
                }
                in_deeper = nested;
            }
        }
    }
    Some(front)
}

/// Key, offset of the value, value; or what is wrong with the line.
fn entry(content: &str) -> Result<(&str, usize, String), String> {
    if content.starts_with([' ', '\t']) || content.starts_with("- ") || content == "-" {
        return Err("front matter holds flat `key: value` lines; this line is nested".to_owned());
    }
    let Some(colon) = content.find(':') else {
        return Err(format!(
            "front matter line `{content}` has no `key: value` form"
        ));
    };
    let (key, rest) = content.split_at(colon);
    let rest = rest.get(1..).unwrap_or("");
    let key_ok = !key.trim().is_empty()
        && key
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.'));
    if !key_ok || !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return Err(format!(
            "front matter line `{content}` has no `key: value` form"
        ));
    }
    let value = rest.trim_start();
    let value_at = content.len() - value.len();
    if value.starts_with(['[', '{', '|', '>', '&', '*', '!', '%', '@', '`']) {
        return Err(format!(
            "the value of `{}` in the front matter is not plain text",
            key.trim()
        ));
    }
    let value = match value.chars().next() {
        Some('"') => quoted(value, '"'),
        Some('\'') => quoted(value, '\''),
        _ if value.starts_with('#') => Some(String::new()),
        _ => Some(value.split(" #").next().unwrap_or("").trim().to_owned()),
    };
    match value {
        Some(value) => Ok((key.trim_end(), value_at, value)),
        None => Err(format!(
            "the quotes around the value of `{}` do not match",
            key.trim()
        )),
    }
}

/// The content of a quoted value, where the closing quote is the last thing but a comment.
fn quoted(value: &str, quote: char) -> Option<String> {
    let mut out = String::new();
    let mut chars = value.chars().skip(1).peekable();
    loop {
        match chars.next()? {
            '\\' if quote == '"' => match chars.next()? {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                other => out.push(other),
            },
            '\'' if quote == '\'' && chars.peek() == Some(&'\'') => {
                chars.next();
                out.push('\'');
            }
            found if found == quote => break,
            other => out.push(other),
        }
    }
    let rest: String = chars.collect();
    let rest = rest.trim();
    (rest.is_empty() || rest.starts_with('#')).then_some(out)
}
