//! What formal sections have in common: items `Key: value`, tables with known columns, sentences with code.
//! Every mistake that would lose a guard is an error here.

use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{fold_name, same_name, suggest};
use specc_syntax::span::Span;
use specc_syntax::tree::{Code, Item, Line, Piece, Row, Section, Table, Text};

/// An item `Key: value` of a formal section.
#[derive(Debug, Clone)]
pub(super) struct Entry<'t> {
    /// The key as the table of known keys writes it.
    pub(super) key: &'static str,
    /// The key as the author writes it.
    pub(super) text: Text,
    /// What stands behind the colon.
    pub(super) value: Line,
    /// The whole item.
    pub(super) item: &'t Item,
}

/// What a formal section knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    /// What the section is called in messages.
    pub(super) section: &'static str,
    /// Keys that are compiled.
    pub(super) known: &'static [&'static str],
    /// Keys of the language that are not compiled yet.
    pub(super) not_yet: &'static [&'static str],
}

/// The known `Key: value` items of a section; unknown, repeated and not yet compiled keys are reported.
pub(super) fn keys<'t>(
    section: &'t Section,
    keys: &Keys,
    out: &mut Vec<Diagnostic>,
) -> Vec<Entry<'t>> {
    let mut entries: Vec<Entry<'t>> = Vec::new();
    for item in section.items() {
        let Some((text, value)) = item.key_value() else {
            near_key(item, keys, out);
            continue;
        };
        if let Some(key) = keys.known.iter().find(|key| same_name(key, &text.text)) {
            if let Some(first) = entries.iter().find(|entry| entry.key == *key) {
                out.push(
                    Diagnostic::new(
                        "duplicate-key",
                        text.span,
                        format!("`{key}` is given twice in one section"),
                    )
                    .label(first.text.span, "first given here")
                    .help("keep one of the two"),
                );
                continue;
            }
            entries.push(Entry {
                key,
                text,
                value,
                item,
            });
        } else if let Some(key) = keys.not_yet.iter().find(|key| same_name(key, &text.text)) {
            out.push(not_compiled_yet(
                text.span,
                &format!("`{key}:` of {}", keys.section),
            ));
        } else {
            let mut diagnostic = Diagnostic::new(
                "unknown-key",
                text.span,
                format!("`{}:` is no key of {}", text.text, keys.section),
            );
            let all = keys.known.iter().chain(keys.not_yet).copied();
            diagnostic = match suggest(&text.text, all) {
                Some(near) => diagnostic
                    .help(format!("did you mean `{near}:`?"))
                    .edit(text.span, near),
                None if keys.known.is_empty() => {
                    diagnostic.help("write it as a sentence, without the colon")
                }
                None => diagnostic.help(format!(
                    "known keys are {}; prose is written without the colon",
                    list_of(keys.known.iter().copied())
                )),
            };
            out.push(diagnostic);
        }
    }
    entries
}

/// An item that has no colon but begins with a known key and carries code: `Requires` alone on its line.
fn near_key(item: &Item, keys: &Keys, out: &mut Vec<Diagnostic>) {
    let plain = item.line.plain();
    let Some(key) = keys.known.iter().find(|key| same_name(key, &plain)) else {
        return;
    };
    if item.blocks.is_empty() {
        return;
    }
    out.push(
        Diagnostic::new(
            "unknown-key",
            item.line.span,
            format!("`{plain}` lacks its colon"),
        )
        .help(format!("write `{key}:`"))
        .edit(item.line.span, format!("{key}:")),
    );
}

/// A keyword, key or type of the language that specc does not compile yet.
pub(super) fn not_compiled_yet(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(
        "not-compiled-yet",
        span,
        format!("{what} is part of the language but not compiled yet"),
    )
    .help("take it out for now, or put `{prose}` behind the heading to keep it as prose")
}

/// The known columns of a kind of table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    /// What the table is called in messages.
    pub(super) table: &'static str,
    /// The columns, the needed ones first.
    pub(super) known: &'static [&'static str],
    /// How many of them are needed.
    pub(super) needed: usize,
}

/// A formal table: where each known column stands.
#[derive(Debug, Clone)]
pub(super) struct Grid<'t> {
    at: Vec<Option<usize>>,
    table: &'t Table,
}

impl<'t> Grid<'t> {
    /// The rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'t Row> {
        self.table.rows.iter()
    }

    /// The cell of the n-th known column; `None` where the table lacks the column or the cell is empty.
    pub(super) fn cell(&self, row: &'t Row, known: usize) -> Option<&'t Line> {
        let at = (*self.at.get(known)?)?;
        row.cells.get(at).filter(|line| !line.is_empty())
    }
}

/// Reads the head of a table; `None` where the table is prose (no column is known or nearly known).
pub(super) fn grid<'t>(
    table: &'t Table,
    columns: &Columns,
    out: &mut Vec<Diagnostic>,
) -> Option<Grid<'t>> {
    let mut at: Vec<Option<usize>> = vec![None; columns.known.len()];
    let mut unknown = Vec::new();
    for (position, column) in table.columns.iter().enumerate() {
        let plain = column.plain();
        match columns
            .known
            .iter()
            .position(|known| same_name(known, &plain))
        {
            Some(known) => match at.get_mut(known) {
                Some(slot @ None) => *slot = Some(position),
                _ => out.push(
                    Diagnostic::new(
                        "duplicate-column",
                        column.span,
                        format!("column `{plain}` stands twice in this table"),
                    )
                    .help("keep one of the two"),
                ),
            },
            None => unknown.push((position, plain, column.span)),
        }
    }
    let mut formal = at.iter().any(Option::is_some);
    for (position, plain, span) in unknown {
        let missing = columns
            .known
            .iter()
            .zip(&at)
            .filter(|(_, at)| at.is_none())
            .map(|(known, _)| *known);
        let Some(near) = suggest(&plain, missing) else {
            continue;
        };
        formal = true;
        out.push(
            Diagnostic::new(
                "unknown-column",
                span,
                format!("`{plain}` is no column of {}", columns.table),
            )
            .help(format!("did you mean `{near}`?"))
            .edit(span, near),
        );
        if let Some(slot) = columns
            .known
            .iter()
            .position(|known| *known == near)
            .and_then(|known| at.get_mut(known))
        {
            *slot = Some(position);
        }
    }
    if !formal {
        return None;
    }
    let missing: Vec<&str> = columns
        .known
        .iter()
        .zip(&at)
        .take(columns.needed)
        .filter(|(_, at)| at.is_none())
        .map(|(known, _)| *known)
        .collect();
    if !missing.is_empty() {
        let span = table.columns.first().map_or(table.span, |line| line.span);
        out.push(
            Diagnostic::new(
                "missing-column",
                span,
                format!("{} lacks the column {}", columns.table, list_of(missing)),
            )
            .help(format!(
                "{} has the columns {}; put `{{prose}}` behind the heading if this table is prose",
                columns.table,
                list_of(columns.known.iter().copied())
            )),
        );
        return None;
    }
    Some(Grid { at, table })
}

/// The table has at least two of these columns.
pub(super) fn has_columns(table: &Table, columns: &Columns) -> bool {
    columns
        .known
        .iter()
        .filter(|known| table.column(known).is_some())
        .count()
        >= 2.min(columns.known.len())
}

/// The code of an item that is a sentence and its code. Code that is not the last thing is reported.
pub(super) fn sentence_and_code<'t>(
    line: &'t Line,
    out: &mut Vec<Diagnostic>,
) -> Option<(String, &'t Code)> {
    if let Some(found) = line.sentence_and_code() {
        return Some(found);
    }
    let code = line.pieces.iter().rev().find_map(|piece| match piece {
        Piece::Code(code) => Some(code),
        Piece::Text { .. } => None,
    })?;
    out.push(
        Diagnostic::new(
            "code-not-last",
            code.span,
            "the code is not the last thing in its item, so it would be prose",
        )
        .help("move the code to the end of the item, with nothing behind it, not even a full stop"),
    );
    None
}

/// The code of a cell that must be code or empty.
pub(super) fn cell_code<'t>(
    line: &'t Line,
    column: &str,
    out: &mut Vec<Diagnostic>,
) -> Option<&'t Code> {
    if let Some(code) = line.only_code() {
        return Some(code);
    }
    let text = line.plain();
    out.push(
        Diagnostic::new(
            "code-expected",
            line.span,
            format!("`{column}` holds code, and this is text"),
        )
        .help("put it between backticks")
        .edit(line.span, format!("`{}`", text.replace('`', ""))),
    );
    None
}

/// `a`, `b` and `c`, each in backticks.
pub(super) fn list_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// The text of a value, with or without backticks around it, and where it stands.
pub(super) fn bare(line: &Line) -> Text {
    match line.only_code() {
        Some(code) => Text {
            text: code.text.trim().to_owned(),
            span: code.span,
        },
        None => line.to_text(),
    }
}

/// `**Word**: rest` or `Word: rest`; a word in bold may be any text.
pub(super) fn word_and_rest(line: &Line) -> Option<(Text, Line)> {
    if let Some(found) = line.key_value() {
        return Some(found);
    }
    let mut at = 0;
    for piece in &line.pieces {
        match piece {
            Piece::Text {
                text, strong: true, ..
            } => at += text.len(),
            Piece::Text { text, .. } if at == 0 && text.trim().is_empty() => at += text.len(),
            _ => break,
        }
    }
    let joined = line.joined();
    let rest = joined.get(at..)?.trim_start();
    let word = line.slice(0, at).to_text();
    if word.text.is_empty() {
        return None;
    }
    if let Some(kept) = word.text.strip_suffix(':') {
        return Some((
            Text {
                text: kept.trim().to_owned(),
                span: word.span,
            },
            line.slice(at, joined.len()),
        ));
    }
    let colon = joined.len() - rest.len();
    rest.starts_with(':')
        .then(|| (word, line.slice(colon + 1, joined.len())))
}

/// Splits at commas, `and` and `or`.
pub(super) fn names_of(line: &Line) -> Vec<Text> {
    let mut out = Vec::new();
    for part in line.split_commas() {
        let joined = part.joined();
        let mut start = 0;
        let mut at = 0;
        for word in joined.split_inclusive(' ') {
            let end = at + word.len();
            if matches!(word.trim(), "and" | "or") {
                push_name(&part, start, at, &mut out);
                start = end;
            }
            at = end;
        }
        push_name(&part, start, joined.len(), &mut out);
    }
    out
}

fn push_name(part: &Line, start: usize, end: usize, out: &mut Vec<Text>) {
    let text = bare(&part.slice(start, end));
    if !text.text.is_empty() {
        out.push(text);
    }
}

/// An id made of a sentence: its words in lower case, joined by hyphens.
pub(super) fn sentence_id(sentence: &str, taken: &mut std::collections::HashSet<String>) -> String {
    let mut id = String::new();
    for word in sentence
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        if id.len() + word.len() > 80 {
            break;
        }
        if !id.is_empty() {
            id.push('-');
        }
        id.push_str(&word.to_lowercase());
    }
    if id.is_empty() {
        id.push_str("rule");
    }
    let mut unique = id.clone();
    let mut number = 2;
    while !taken.insert(unique.clone()) {
        unique = format!("{id}-{number}");
        number += 1;
    }
    unique
}

/// Folded names are compared with this; kept here so that one function decides.
pub(super) fn fold(name: &str) -> String {
    fold_name(name)
}
