//! Where a piece of text stands. Knows nothing of its meaning.

use serde::Serialize;

/// A file of the program, as its position in [`Sources`].
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    schemars::JsonSchema,
)]
pub struct FileId(pub u32);

/// A half-open range of bytes in one file.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    schemars::JsonSchema,
)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset just past the last byte.
    pub end: u32,
}

impl Span {
    /// The smallest span that covers both; spans of different files give `self`.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// One file's path, relative to the program's folder with `/` between parts, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Relative path, as shown to people.
    pub path: String,
    /// The whole text, UTF-8.
    pub text: String,
}

/// All files of a program, sorted by path; [`FileId`] is the position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// The files in order.
    pub files: Vec<SourceFile>,
}

impl Sources {
    /// The file, if there is one.
    #[must_use]
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The text under a span; empty where the span is outside the file.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file)
            .and_then(|file| file.text.get(span.start as usize..span.end as usize))
            .unwrap_or("")
    }

    /// One-based line and column (in characters) of a span's start. Reads the file up to there; for many places
    /// see [`crate::lines::Lines`].
    #[must_use]
    pub fn line_column(&self, span: Span) -> (u32, u32) {
        let text = self.get(span.file).map_or("", |file| file.text.as_str());
        let mut end = (span.start as usize).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = text.get(..end).unwrap_or("");
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |tail| tail.chars().count())
            + 1;
        (
            u32::try_from(line).unwrap_or(u32::MAX),
            u32::try_from(column).unwrap_or(u32::MAX),
        )
    }

    /// `path:line` of a span's start, as pointers in generated code and messages write it. For many places see
    /// [`crate::lines::Lines::pointer`].
    #[must_use]
    pub fn place(&self, span: Span) -> String {
        let path = self.get(span.file).map_or("?", |file| file.path.as_str());
        format!("{path}:{}", self.line_column(span).0)
    }
}
