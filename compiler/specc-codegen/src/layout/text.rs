//! Long strings and comments over several lines.

use super::lex::raw_hashes;
use super::shape::{MAX, TAB, line_break, width};

/// Words that begin a new line of SQL, with the blank before them.
const CLAUSES: &[&str] = &[
    " FROM ",
    " WHERE ",
    " AND ",
    " OR ",
    " ORDER BY ",
    " GROUP BY ",
    " LIMIT ",
    " WHEN ",
    " ELSE ",
    " END",
];

/// A string literal in so many columns, further lines one step behind the indentation.
pub fn string(token: &str, room: usize, indent: usize) -> String {
    let content = content(token);
    let further = MAX.saturating_sub(indent + TAB + 2);
    if room < 20 || further < 20 {
        return token.to_owned();
    }
    let mut lines = Vec::new();
    if is_sql(&content) {
        clauses(&content, 0, room.saturating_sub(2), further, &mut lines);
    } else {
        for paragraph in paragraphs(&content) {
            let first = if lines.is_empty() {
                room.saturating_sub(2)
            } else {
                further
            };
            words(paragraph, 0, first, further, &mut lines);
        }
    }
    if lines.len() < 2 {
        return token.to_owned();
    }
    let outermost = lines.iter().skip(1).map(|(depth, _)| *depth).min();
    let mut out = String::with_capacity(content.len() + lines.len() * (indent + TAB + 2));
    out.push('"');
    for (position, (depth, line)) in lines.iter().enumerate() {
        if position > 0 {
            out.push('\\');
            let depth = depth.saturating_sub(outermost.unwrap_or(0));
            line_break(&mut out, indent + TAB + depth * TAB);
        }
        out.push_str(line);
    }
    out.push('"');
    out
}

/// What stands between the quotes of a literal that is not raw.
fn content(token: &str) -> String {
    match raw_hashes(token) {
        Some(hashes) => {
            let inner = token
                .get(hashes + 2..token.len().saturating_sub(hashes + 1))
                .unwrap_or("");
            inner.replace('\\', "\\\\").replace('"', "\\\"")
        }
        None => token
            .get(1..token.len().saturating_sub(1))
            .unwrap_or("")
            .to_owned(),
    }
}

fn is_sql(text: &str) -> bool {
    ["SELECT ", " AND ", " OR ", " IS NOT ", " IS TRUE", "CASE "]
        .iter()
        .any(|word| text.contains(word))
}

/// Parts that end with an escaped line break.
fn paragraphs(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        if *byte != b'\\' {
            at += 1;
            continue;
        }
        let ends = bytes.get(at + 1) == Some(&b'n');
        at += 2;
        let more = bytes.get(at) == Some(&b'\\') && bytes.get(at + 1) == Some(&b'n');
        let blank = bytes.get(at) == Some(&b' ');
        if ends && !more && !blank && at < text.len() {
            out.extend(text.get(start..at));
            start = at;
        }
    }
    out.extend(text.get(start..));
    out
}

/// Breaks behind blanks; what follows a break never begins with one, for it would be lost.
fn words(text: &str, depth: usize, first: usize, further: usize, lines: &mut Vec<(usize, String)>) {
    let mut line = String::new();
    let mut used = 0;
    let mut room = first;
    for word in text.split_inclusive(' ') {
        let columns = width(word);
        let breaks = line.ends_with(' ') && !word.starts_with(char::is_whitespace);
        if breaks && used + width(word.trim_end()) > room {
            lines.push((depth, std::mem::take(&mut line)));
            used = 0;
            room = further.saturating_sub(depth * TAB);
        }
        line.push_str(word);
        used += columns;
    }
    if !line.is_empty() {
        lines.push((depth, line));
    }
}

/// SQL at its clauses, the outermost first.
fn clauses(
    text: &str,
    depth: usize,
    first: usize,
    further: usize,
    lines: &mut Vec<(usize, String)>,
) {
    let room = if lines.is_empty() {
        first
    } else {
        further.saturating_sub(depth * TAB)
    };
    if width(text.trim_end()) <= room {
        lines.push((depth, text.to_owned()));
        return;
    }
    let starts = clause_starts(text);
    let Some(level) = starts.iter().map(|(_, level)| *level).min() else {
        // A statement within others begins a line.
        if let Some(at) = text.get(1..).and_then(|rest| rest.find("(SELECT "))
            && let Some((before, inner)) = text.split_at_checked(at + 1)
        {
            lines.push((depth, before.to_owned()));
            return clauses(inner, depth + 1, first, further, lines);
        }
        return words(text, depth, room, further, lines);
    };
    let ends = starts
        .iter()
        .filter(|(_, found)| *found == level)
        .map(|(at, _)| *at)
        .chain([text.len()]);
    let mut start = 0;
    for end in ends {
        let depth = if start > 0 {
            depth + level.min(2)
        } else {
            depth
        };
        if let Some(part) = text.get(start..end) {
            clauses(part, depth, first, further, lines);
        }
        start = end;
    }
}

/// Where clauses begin, behind the blank, with how many brackets are open there.
fn clause_starts(text: &str) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut level = 0_usize;
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' => level += 1,
            ')' => level = level.saturating_sub(1),
            ' ' => {
                let rest = text.get(at..).unwrap_or("");
                if CLAUSES.iter().any(|clause| rest.starts_with(clause)) {
                    out.push((at + 1, level));
                }
            }
            _ => {}
        }
    }
    out
}

/// A comment over as many lines as it needs, each with the mark before it.
#[must_use]
pub fn wrapped(mark: &str, text: &str, indent: usize) -> Vec<String> {
    let room = MAX.saturating_sub(indent + mark.len() + 1);
    let text = text.trim();
    if width(text) <= room || marks_block(text) {
        return vec![format!("{mark} {text}").trim_end().to_owned()];
    }
    let mut out = Vec::new();
    let mut line = String::new();
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        // A word that would begin a list or a heading stays behind the one before it.
        let next = words.peek().filter(|next| marks_block(next));
        let columns = width(word) + next.map_or(0, |next| 1 + width(next));
        if !line.is_empty() {
            if width(&line) + 1 + columns > room && !marks_block(word) {
                out.push(format!("{mark} {line}"));
                line.clear();
            } else {
                line.push(' ');
            }
        }
        line.push_str(word);
    }
    out.push(format!("{mark} {line}"));
    out
}

/// It would be more than text at the start of a line of Markdown.
fn marks_block(text: &str) -> bool {
    let digits = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    text.starts_with(['-', '*', '+', '#', '>', '=', '|', '`', '~', '<', '['])
        || (digits.len() < text.len() && digits.starts_with(['.', ')']))
}
