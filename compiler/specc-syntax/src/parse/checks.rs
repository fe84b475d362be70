//! Markdown that reads as something else than its author meant: said aloud, so that no guard is lost to a typo.

use super::inline::Source;
use crate::diagnostic::Diagnostic;
use std::ops::Range;

/// A paragraph that looks like a table, or holds a line that looks like a heading.
pub(super) fn paragraph(source: Source<'_>, range: &Range<usize>, problems: &mut Vec<Diagnostic>) {
    let text = source.slice(range);
    let first = text.as_bytes().first().copied();
    let starts =
        first == Some(b'|') && text.len() > 1 && (text.contains('\n') || text.ends_with('|'));
    let dashes = text.contains('|')
        && ["|-", "-|", "| -", "- |"]
            .iter()
            .any(|part| text.contains(part));
    if starts || (dashes && text.lines().any(is_delimiter)) {
        table(source, range, problems);
    }
    if first == Some(b'#') || text.contains("\n#") {
        let mut at = range.start;
        for line in text.split_inclusive('\n') {
            heading(source, at, line, problems);
            at += line.len();
        }
    }
}

fn table(source: Source<'_>, range: &Range<usize>, problems: &mut Vec<Diagnostic>) {
    let mut lines = source.slice(range).lines();
    let cells = |line: &str| {
        line.trim()
            .trim_matches('|')
            .replace("\\|", "")
            .matches('|')
            .count()
            + 1
    };
    let head = lines.next().unwrap_or("");
    let message = match lines.next() {
        Some(second) if is_delimiter(second) => format!(
            "this is no table: its first line has {} cells and its line of dashes {}",
            cells(head),
            cells(second)
        ),
        _ if source.slice(range).lines().any(is_delimiter) => {
            "this is no table: there is text directly above it".to_owned()
        }
        _ => "this is no table: the second line is not a line of dashes".to_owned(),
    };
    problems.push(Diagnostic::new("broken-table", source.span(range), message).help(
        "a table is a line of column names, then `|---|---|` with as many cells, then rows, with a blank line above it all",
    ));
}

/// `|---|:--:|`: nothing but dashes, colons, pipes and blanks, with at least one dash and one pipe.
fn is_delimiter(line: &str) -> bool {
    let line = line.trim();
    line.contains('|')
        && line.contains('-')
        && line
            .bytes()
            .all(|byte| matches!(byte, b'|' | b'-' | b':' | b' ' | b'\t'))
}

fn heading(source: Source<'_>, at: usize, line: &str, problems: &mut Vec<Diagnostic>) {
    let indent = line.len() - line.trim_start().len();
    let line = line.trim();
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    let looks = text.starts_with(char::is_alphabetic) && (level > 1 || text.contains(": "));
    if !(1..=6).contains(&level) || !looks {
        return;
    }
    let start = at + indent;
    let place = source.span(&(start..start + line.len()));
    let gap = source.span(&(start + level..start + level));
    problems.push(
        Diagnostic::new(
            "broken-heading",
            place,
            format!(
                "`{}` is no heading: a blank is missing behind `#`",
                shorten(line)
            ),
        )
        .help("put a blank behind the `#`, or `\\` before it if it is meant as text")
        .edit(gap, " "),
    );
}

/// At most 60 letters of a line.
fn shorten(line: &str) -> String {
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or("")),
        None => line.to_owned(),
    }
}

/// A row with more cells than there are columns, or without any pipe. `last` is where its last kept cell ends.
pub(super) fn row(
    source: Source<'_>,
    range: &Range<usize>,
    last: usize,
    columns: usize,
    problems: &mut Vec<Diagnostic>,
) {
    let rest = last.max(range.start)..range.end;
    let extra = source.slice(&rest);
    if extra
        .bytes()
        .any(|byte| !matches!(byte, b'|' | b' ' | b'\t' | b'\r' | b'\n'))
    {
        let lead = extra.len() - extra.trim_start_matches(['|', ' ', '\t']).len();
        let place = source.trim(rest.start + lead..rest.end);
        let lost = source.slice(&place).trim_end_matches(['|', ' ', '\t']);
        let place = place.start..place.start + lost.len();
        problems.push(
            Diagnostic::new(
                "table-cells",
                source.span(&place),
                format!("this row has more cells than the table's {columns} columns; `{}` would be lost", shorten(lost)),
            )
            .help("write a `|` that belongs to a cell as `\\|`, or give the table another column"),
        );
        return;
    }
    if columns > 1 && !source.slice(range).contains('|') {
        problems.push(
            Diagnostic::new(
                "table-row",
                source.span(&source.trim(range.clone())),
                "this line is read as a row of the table above it",
            )
            .help("put a blank line between the table and the text"),
        );
    }
}

/// Characters that turn the direction of text, so that people read something else than is compiled.
pub(super) fn hidden(source: Source<'_>, problems: &mut Vec<Diagnostic>) {
    let bytes = source.text.as_bytes();
    let mut at = 0;
    let (mut scanned, mut reported) = (0, false);
    while let Some(found) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|byte| *byte == 0xe2))
    {
        let start = at + found;
        at = start + 3;
        let turns = matches!(
            (bytes.get(start + 1), bytes.get(start + 2)),
            (Some(0x80), Some(0xaa..=0xae)) | (Some(0x81), Some(0xa6..=0xa9))
        );
        if !turns {
            continue;
        }
        // one per line is enough
        reported &= !bytes
            .get(scanned..start)
            .unwrap_or_default()
            .contains(&b'\n');
        scanned = start;
        if std::mem::replace(&mut reported, true) {
            continue;
        }
        let letter = source
            .text
            .get(start..start + 3)
            .and_then(|text| text.chars().next())
            .map_or(0, u32::from);
        problems.push(
            Diagnostic::new(
                "hidden-character",
                source.span(&(start..start + 3)),
                format!("the invisible character U+{letter:04X} changes the order in which this line is shown"),
            )
            .help("remove it"),
        );
    }
}
