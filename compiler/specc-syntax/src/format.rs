//! One look for spec files. Owns layout: tables, headings, list markers, blanks;
//! touches no words, no code and no front matter, and never what a file means.

mod same;
mod table;
#[cfg(test)]
mod tests;

pub use same::same_tree;

use crate::parse::{front_end, parse};
use crate::span::{FileId, Span};
use crate::tree::{Block, Item, Line, Piece, Section, Tree};
use std::ops::Range;

/// Formats one file: tables aligned by display width, headings as `## Keyword: Name` with one blank line around,
/// list items marked with `-`, no blanks at the ends of lines, one line end at the end of the file.
///
/// Formatting the result again changes nothing. The tree of the result equals the tree of `text` but for its spans;
/// where a change of layout would change the tree, that kind of change is left out, if need be all of them.
#[must_use]
pub fn format(text: &str) -> String {
    let mut current = text.to_owned();
    for _ in 0..8 {
        let next = step(&current);
        if next == current {
            return current;
        }
        current = next;
    }
    // changes that do not come to rest are none
    text.to_owned()
}

/// The kinds of change.
#[derive(Clone, Copy)]
struct Kinds {
    tables: bool,
    headings: bool,
    markers: bool,
    blanks: bool,
}

const ALL: Kinds = Kinds {
    tables: true,
    headings: true,
    markers: true,
    blanks: true,
};
const NONE: Kinds = Kinds {
    tables: false,
    headings: false,
    markers: false,
    blanks: false,
};

/// What is tried, in order, until the tree stays the same.
const TRIES: [Kinds; 7] = [
    ALL,
    Kinds {
        markers: false,
        ..ALL
    },
    Kinds {
        blanks: false,
        ..ALL
    },
    Kinds {
        headings: true,
        tables: true,
        ..NONE
    },
    Kinds {
        tables: true,
        ..NONE
    },
    Kinds {
        headings: true,
        ..NONE
    },
    Kinds {
        blanks: true,
        ..NONE
    },
];

fn step(text: &str) -> String {
    let (tree, problems) = parse(FileId(0), text);
    let broken: Vec<Span> = problems
        .iter()
        .filter(|problem| problem.name.starts_with("table-"))
        .map(|problem| problem.span)
        .collect();
    let names = |problems: &[crate::diagnostic::Diagnostic]| -> Vec<&'static str> {
        let mut names: Vec<_> = problems.iter().map(|problem| problem.name).collect();
        names.sort_unstable();
        names
    };
    let before = names(&problems);
    for kinds in TRIES {
        let candidate = Layout::new(text, kinds, &broken).apply(&tree);
        if candidate == text {
            return candidate;
        }
        let (after, problems) = parse(FileId(0), &candidate);
        if same_tree(&tree, &after) && names(&problems) == before {
            return candidate;
        }
    }
    text.to_owned()
}

/// The edits of one file.
struct Layout<'a> {
    text: &'a str,
    kinds: Kinds,
    broken: &'a [Span],
    newline: &'static str,
    front: usize,
    edits: Vec<(Range<usize>, String)>,
    /// Stretches in which blanks at line ends mean something.
    protected: Vec<Range<usize>>,
}

impl<'a> Layout<'a> {
    fn new(text: &'a str, kinds: Kinds, broken: &'a [Span]) -> Layout<'a> {
        let crlf = text
            .find('\n')
            .is_some_and(|at| text.get(..at).is_some_and(|line| line.ends_with('\r')));
        let front = front_end(text);
        let newline = if crlf { "\r\n" } else { "\n" };
        Layout {
            text,
            kinds,
            broken,
            newline,
            front,
            edits: Vec::new(),
            protected: std::iter::once(0..front).collect(),
        }
    }

    fn apply(mut self, tree: &Tree) -> String {
        self.blocks(&tree.preamble);
        tree.sections
            .iter()
            .for_each(|section| self.section(section));
        for note in &tree.notes {
            self.protected.push(range(note.text.span));
        }
        if self.kinds.blanks {
            self.blanks();
        }
        self.edits
            .sort_by_key(|(range, _)| (range.start, range.end));
        self.edits.dedup();
        let mut out = String::with_capacity(self.text.len() + self.text.len() / 4);
        let mut at = 0;
        for (range, replacement) in &self.edits {
            if range.start < at {
                continue;
            }
            out.push_str(self.text.get(at..range.start).unwrap_or(""));
            out.push_str(replacement);
            at = range.end;
        }
        out.push_str(self.text.get(at..).unwrap_or(""));
        out
    }

    fn section(&mut self, section: &Section) {
        if self.kinds.headings {
            self.heading(section);
        }
        self.blocks(&section.blocks);
        section
            .sections
            .iter()
            .for_each(|inner| self.section(inner));
    }

    fn blocks(&mut self, blocks: &[Block]) {
        for (index, block) in blocks.iter().enumerate() {
            match block {
                Block::Paragraph(line) => self.line(line),
                Block::Code(code) => self.protected.push(range(code.span)),
                Block::Other(text) => self.protected.push(range(text.span)),
                Block::Table(table) => {
                    let lost = self
                        .broken
                        .iter()
                        .any(|span| span.start >= table.span.start && span.end <= table.span.end);
                    if self.kinds.tables && !lost {
                        self.edits
                            .extend(table::aligned(self.text, table).unwrap_or_default());
                    }
                }
                Block::List(list) => {
                    let is_list = |block: Option<&Block>| matches!(block, Some(Block::List(_)));
                    // two neighbouring lists are told apart by their markers alone
                    let alone =
                        !is_list(index.checked_sub(1).and_then(|before| blocks.get(before)))
                            && !is_list(blocks.get(index + 1));
                    list.items.iter().for_each(|item| self.item(item, alone));
                }
            }
        }
    }

    fn item(&mut self, item: &Item, alone: bool) {
        let start = item.span.start as usize;
        if self.kinds.markers
            && alone
            && matches!(self.text.as_bytes().get(start), Some(b'*' | b'+'))
        {
            self.edits.push((start..start + 1, "-".to_owned()));
        }
        self.line(&item.line);
        self.blocks(&item.blocks);
    }

    fn line(&mut self, line: &Line) {
        for piece in &line.pieces {
            if let Piece::Code(code) = piece {
                let range = range(code.span);
                if self
                    .text
                    .get(range.clone())
                    .is_some_and(|code| code.contains('\n'))
                {
                    self.protected.push(range);
                }
            }
        }
    }

    fn heading(&mut self, section: &Section) {
        let span = range(section.heading.span);
        let start = line_start(self.text, span.start);
        let end = line_end(self.text, span.end);
        let lead = self.text.get(start..span.start).unwrap_or("");
        let Some(source) = self.text.get(span) else {
            return;
        };
        if !lead.trim_start_matches('\u{feff}').trim().is_empty() {
            return;
        }
        let start = start
            + if lead.starts_with('\u{feff}') {
                '\u{feff}'.len_utf8()
            } else {
                0
            };
        let Some(content) = heading_content(source) else {
            return;
        };
        let marks = "#".repeat(usize::from(section.level));
        let line = format!("{marks} {}", spaced(content));
        let line = line.trim_end();
        if self.text.get(start..end) != Some(line) {
            self.edits.push((start..end, line.to_owned()));
        }
        self.gap_before(start);
        self.gap_after(end);
    }

    /// One blank line between what stands above and the line that starts at `start`.
    fn gap_before(&mut self, start: usize) {
        let above = self.text.get(..start).unwrap_or("");
        let kept = above.trim_end_matches(['\n', '\r', ' ', '\t']);
        if kept.trim_start_matches('\u{feff}').is_empty() {
            let from = kept.len();
            self.edit(from..start, String::new());
            return;
        }
        let from = next_line(self.text, kept.len());
        if from == start && start == self.front {
            return;
        }
        self.edit(from.min(start)..start, self.newline.to_owned());
    }

    /// One blank line between the line that ends at `end` and what stands below; none at the end of the file.
    fn gap_after(&mut self, end: usize) {
        let from = next_line(self.text, end);
        let below = self.text.get(from..).unwrap_or("");
        let content = below.trim_start_matches(['\n', '\r', ' ', '\t']);
        if content.is_empty() {
            self.edit(from..self.text.len(), String::new());
            return;
        }
        let to = line_start(self.text, self.text.len() - content.len());
        self.edit(from..to.max(from), self.newline.to_owned());
    }

    fn edit(&mut self, range: Range<usize>, replacement: String) {
        if self.text.get(range.clone()) != Some(replacement.as_str()) {
            self.edits.push((range, replacement));
        }
    }

    /// Blanks at line ends, and the end of the file.
    fn blanks(&mut self) {
        self.protected.sort_by_key(|range| range.start);
        let mut protected = std::mem::take(&mut self.protected).into_iter().peekable();
        let mut covered_to = 0;
        let mut at = 0;
        let mut lines = self.text.split_inclusive('\n').peekable();
        while let Some(line) = lines.next() {
            let start = at;
            at += line.len();
            let body = line.trim_end_matches(['\n', '\r']);
            let kept = body.trim_end_matches([' ', '\t']);
            while let Some(range) = protected.next_if(|range| range.start < start + body.len()) {
                covered_to = covered_to.max(range.end);
            }
            let blanks = body.get(kept.len()..).unwrap_or("");
            let next_blank = lines.peek().is_none_or(|next| next.trim().is_empty());
            // two blanks before a further line are a hard line break
            let hard_break = !kept.is_empty() && blanks.ends_with("  ") && !next_blank;
            if !blanks.is_empty() && covered_to <= start + kept.len() && !hard_break {
                self.edits
                    .push((start + kept.len()..start + body.len(), String::new()));
            }
        }
        let kept = self.text.trim_end_matches(['\n', '\r', ' ', '\t']).len();
        if kept == 0 {
            self.edits.push((0..self.text.len(), String::new()));
        } else if covered_to <= kept && self.text.get(kept..) != Some(self.newline) {
            self.edits.retain(|(range, _)| range.start < kept);
            self.edits
                .push((kept..self.text.len(), self.newline.to_owned()));
        }
    }
}

fn range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |newline| newline + 1)
}

/// Where the line's content ends: before its line break.
fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or("");
    let line = rest.split('\n').next().unwrap_or("");
    at + line.strip_suffix('\r').unwrap_or(line).len()
}

fn next_line(text: &str, at: usize) -> usize {
    text.get(at..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |newline| at + newline + 1)
}

/// What a heading says, without `#`s or underline; `None` where it can't be written on one line with `#`.
fn heading_content(source: &str) -> Option<&str> {
    let closing = |content: &str| {
        let open = content.trim_end_matches('#');
        (open.len() < content.len() && (open.is_empty() || open.ends_with([' ', '\t'])))
            .then_some(open.len())
    };
    let rest = source.trim_start_matches('#');
    let marks = source.len() - rest.len();
    let is_atx = (1..=6).contains(&marks)
        && (rest.is_empty() || rest.starts_with([' ', '\t']))
        && !source.contains('\n');
    if is_atx {
        let content = rest.trim();
        let end = closing(content).unwrap_or(content.len());
        return content.get(..end).map(str::trim);
    }
    let mut lines = source.lines();
    let (content, underline) = (lines.next()?.trim(), lines.next()?.trim());
    let is_underline =
        !underline.is_empty() && underline.bytes().all(|byte| matches!(byte, b'=' | b'-'));
    (lines.next().is_none() && is_underline && !content.is_empty() && closing(content).is_none())
        .then_some(content)
}

/// Single blanks, and `Keyword: Name`; a heading with code or escapes keeps its blanks.
fn spaced(content: &str) -> String {
    if content.contains(['`', '\\', '<', '&', '[']) {
        return content.to_owned();
    }
    let blanks = |letter: char| matches!(letter, ' ' | '\t');
    let text = content
        .split(blanks)
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    match text.split_once(" : ") {
        Some((keyword, name))
            if keyword
                .chars()
                .all(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-')) =>
        {
            format!("{keyword}: {name}")
        }
        _ => text,
    }
}
