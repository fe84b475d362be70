//! The shape of one Markdown file: sections, blocks, inline pieces, each with its span.
//! Knows no keyword of the language: that an `Entity` heading means something is `specc-ir`'s business.

use crate::span::{FileId, Span};
use serde::Serialize;

/// One parsed file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tree {
    /// The file it came from.
    pub file: FileId,
    /// YAML front matter as flat `key: value` lines, in order; empty where there is none.
    pub front_matter: Vec<FrontMatter>,
    /// What stands before the first heading.
    pub preamble: Vec<Block>,
    /// Top-level sections, in order. A section holds the deeper headings that follow it.
    pub sections: Vec<Section>,
    /// MSFM annotations, anchored.
    pub notes: Vec<Note>,
}

/// One `key: value` line of the front matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrontMatter {
    /// The key as written.
    pub key: Text,
    /// The value, unquoted and trimmed.
    pub value: Text,
}

/// Plain text and where it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Text {
    /// The text without markup, trimmed.
    pub text: String,
    /// Its place in the source.
    pub span: Span,
}

/// A heading with what stands below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// 1 to 6.
    pub level: u8,
    /// The heading.
    pub heading: Heading,
    /// Blocks before the next heading.
    pub blocks: Vec<Block>,
    /// Deeper sections, in order.
    pub sections: Vec<Section>,
    /// From the heading to the end of the last deeper section.
    pub span: Span,
}

/// A heading, split at its first `: ` (colon and space, or a colon at the end).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Heading {
    /// The whole text, without `{…}` attributes.
    pub text: Text,
    /// What stands before the colon (`Entity`), if there is a colon.
    pub keyword: Option<Text>,
    /// What stands behind the colon (`Ticket`), if there is a colon; may be empty.
    pub name: Option<Text>,
    /// `{prose}` stands at its end: nothing in it is formal.
    pub prose: bool,
    /// `{#id}` at its end.
    pub id: Option<Text>,
    /// The heading's own span.
    pub span: Span,
}

/// A block of a section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Block {
    /// A paragraph.
    Paragraph(Line),
    /// A pipe table.
    Table(Table),
    /// A bullet or numbered list.
    List(List),
    /// A fenced or indented code block.
    Code(CodeBlock),
    /// Anything else (quotes, alerts, rules, HTML): prose, kept by its source text.
    Other(Text),
}

impl Block {
    /// Where the block stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Block::Paragraph(line) => line.span,
            Block::Table(table) => table.span,
            Block::List(list) => list.span,
            Block::Code(code) => code.span,
            Block::Other(text) => text.span,
        }
    }
}

/// A run of inline pieces: a paragraph, a table cell, the text of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The pieces in order; neighbouring text of one kind is joined.
    pub pieces: Vec<Piece>,
    /// The whole run in the source.
    pub span: Span,
}

/// An inline piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Piece {
    /// Text; emphasis, links and images give their text, `strong` marks bold.
    Text {
        /// The text as read, entities resolved, untrimmed.
        text: String,
        /// It stood in `**bold**`.
        strong: bool,
        /// Where.
        span: Span,
        /// Where its stretches came from, in order; empty where it stands in the source letter for letter.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        places: Vec<Place>,
    },
    /// A code span.
    Code(Code),
}

/// Where a stretch of a text piece came from: it reaches from `at` to the next place's `at`, and stands in the
/// source letter for letter where the lengths agree (else it is an entity, a line break or the like).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Offset in the text.
    pub at: u32,
    /// Offset of its first byte in the file.
    pub start: u32,
    /// Offset just past its last byte in the file.
    pub end: u32,
}

/// A code span's content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The content, with `\|` of tables unescaped and line breaks as spaces.
    pub text: String,
    /// The content in the source, without the backticks.
    pub span: Span,
    /// Offsets in `text` before each of which one source byte was dropped (escaped pipes).
    pub dropped: Vec<u32>,
}

impl Code {
    /// The source span of a byte range of `text`.
    #[must_use]
    pub fn span_of(&self, start: usize, end: usize) -> Span {
        let shift = |at: usize| {
            let dropped = self
                .dropped
                .iter()
                .filter(|offset| (**offset as usize) < at.max(1))
                .count();
            let at = u32::try_from(at + dropped).unwrap_or(u32::MAX);
            self.span.start.saturating_add(at).min(self.span.end)
        };
        Span {
            file: self.span.file,
            start: shift(start),
            end: shift(end),
        }
    }
}

/// A pipe table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// The header cells.
    pub columns: Vec<Line>,
    /// The rows; each has as many cells as there are columns.
    pub rows: Vec<Row>,
    /// The whole table.
    pub span: Span,
}

/// A table row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The cells, left to right.
    pub cells: Vec<Line>,
    /// The row in the source.
    pub span: Span,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct List {
    /// Its items.
    pub items: Vec<Item>,
    /// The whole list.
    pub span: Span,
}

/// A list item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its first line of text (a soft-wrapped paragraph counts as one line).
    pub line: Line,
    /// Nested lists and any further blocks.
    pub blocks: Vec<Block>,
    /// The item with all that belongs to it.
    pub span: Span,
}

/// A code block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeBlock {
    /// The info string, may be empty.
    pub info: String,
    /// The content.
    pub text: String,
    /// The whole block.
    pub span: Span,
}

/// An MSFM annotation: prose with a precise anchor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What it speaks of: the block above, or the bracketed text.
    pub anchor: Span,
    /// Its text; for a pointer the text of the block it points to.
    pub text: Text,
    /// The id of a pointer (`{#id}` to `~~~#id`).
    pub id: Option<String>,
}

impl Line {
    /// The text of all pieces joined, code without its backticks, trimmed.
    #[must_use]
    pub fn plain(&self) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text { text, .. } => out.push_str(text),
                Piece::Code(code) => out.push_str(&code.text),
            }
        }
        out.trim().to_owned()
    }

    /// There is nothing but blanks in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plain().is_empty()
    }

    /// The code span, where the line is one code span and nothing else.
    #[must_use]
    pub fn only_code(&self) -> Option<&Code> {
        let mut found = None;
        for piece in &self.pieces {
            match piece {
                Piece::Code(code) if found.is_none() => found = Some(code),
                Piece::Text { text, .. } if text.trim().is_empty() => {}
                _ => return None,
            }
        }
        found
    }

    /// The sentence before it and the code span that is the last thing in the line.
    /// `None` where the line does not end in code.
    #[must_use]
    pub fn sentence_and_code(&self) -> Option<(String, &Code)> {
        let last = self.pieces.iter().rposition(|piece| match piece {
            Piece::Text { text, .. } => !text.trim().is_empty(),
            Piece::Code(_) => true,
        })?;
        let Some(Piece::Code(code)) = self.pieces.get(last) else {
            return None;
        };
        let before = Line {
            pieces: self.pieces.iter().take(last).cloned().collect(),
            span: self.span,
        };
        Some((before.plain(), code))
    }
}
