//! Lines and columns of many places, quickly: an index over all files. Knows nothing of what stands there.

#[cfg(test)]
mod tests;

use crate::diagnostic::Diagnostic;
use crate::span::{FileId, Sources, Span};
use std::ops::Range;

/// Bytes between two counts of characters, so that a place on a very long line is found quickly too.
const STEP: usize = 4096;

/// An index over the lines of all files of a program; building it reads every file once.
///
/// [`Sources::line_column`] reads the file up to the place each time: right for one place, too slow for thousands.
#[derive(Debug)]
pub struct Lines<'a> {
    sources: &'a Sources,
    files: Vec<Index>,
}

#[derive(Debug)]
struct Index {
    /// Where the lines start.
    starts: Vec<usize>,
    /// How many characters start before each multiple of [`STEP`] bytes.
    counts: Vec<u32>,
}

/// One-based line and column (in characters).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl<'a> Lines<'a> {
    /// Indexes all files.
    #[must_use]
    pub fn new(sources: &'a Sources) -> Lines<'a> {
        let files = sources.files.iter().map(|file| index(&file.text)).collect();
        Lines { sources, files }
    }

    /// Line and column of a span's start; of the file's end where the span lies behind it, 1:1 in an unknown file.
    #[must_use]
    pub fn place(&self, span: Span) -> Place {
        self.place_at(span.file, span.start)
    }

    /// `path:line` of a span's start, as pointers in generated code write it.
    #[must_use]
    pub fn pointer(&self, span: Span) -> String {
        format!("{}:{}", self.path(span.file), self.place(span).line)
    }

    /// Start and end of a span.
    #[must_use]
    pub fn places(&self, span: Span) -> (Place, Place) {
        let end = self.place_at(span.file, span.end.max(span.start));
        (self.place(span), end)
    }

    fn place_at(&self, file: FileId, at: u32) -> Place {
        let at = (at as usize).min(self.text(file).len());
        let line = self.line(file, at);
        let start = self.line_range(file, line).start;
        let column = self
            .characters(file, at)
            .saturating_sub(self.characters(file, start))
            + 1;
        Place {
            line: u32::try_from(line + 1).unwrap_or(u32::MAX),
            column,
        }
    }

    /// How many characters start before the offset.
    fn characters(&self, file: FileId, at: usize) -> u32 {
        let step = at / STEP;
        let counted = self
            .index(file)
            .and_then(|index| index.counts.get(step))
            .copied()
            .unwrap_or(0);
        let rest = self
            .text(file)
            .as_bytes()
            .get(step * STEP..at)
            .unwrap_or_default();
        counted.saturating_add(starts_in(rest))
    }

    fn index(&self, file: FileId) -> Option<&Index> {
        self.files.get(file.0 as usize)
    }

    /// The path of a file; `?` where there is none.
    #[must_use]
    pub fn path(&self, file: FileId) -> &'a str {
        self.sources
            .get(file)
            .map_or("?", |file| file.path.as_str())
    }

    pub(crate) fn text(&self, file: FileId) -> &'a str {
        self.sources.get(file).map_or("", |file| file.text.as_str())
    }

    /// The zero-based line of an offset.
    pub(crate) fn line(&self, file: FileId, at: usize) -> usize {
        self.index(file).map_or(0, |index| {
            index
                .starts
                .partition_point(|start| *start <= at)
                .saturating_sub(1)
        })
    }

    /// The bytes of a zero-based line, without its line break.
    pub(crate) fn line_range(&self, file: FileId, line: usize) -> Range<usize> {
        let text = self.text(file);
        let start_of = |line: usize| {
            self.index(file)
                .and_then(|index| index.starts.get(line))
                .copied()
        };
        let start = start_of(line).unwrap_or(text.len());
        let end = start_of(line + 1).unwrap_or(text.len());
        let body = text.get(start..end).unwrap_or("");
        start..start + body.trim_end_matches(['\n', '\r']).len()
    }
}

fn index(text: &str) -> Index {
    let starts = std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect();
    let mut counts = vec![0];
    let mut all = 0_u32;
    for chunk in text.as_bytes().chunks(STEP) {
        all = all.saturating_add(starts_in(chunk));
        counts.push(all);
    }
    Index { starts, counts }
}

/// How many characters start in these bytes of UTF-8.
fn starts_in(bytes: &[u8]) -> u32 {
    let count = bytes.iter().filter(|byte| (**byte & 0xc0) != 0x80).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The problems by file and place, each once.
#[must_use]
pub fn in_order(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut out: Vec<&Diagnostic> = diagnostics.iter().collect();
    let key = |diagnostic: &Diagnostic| (diagnostic.span, diagnostic.severity, diagnostic.name);
    out.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message)));
    out.dedup_by(|a, b| a.span == b.span && a.name == b.name && a.message == b.message);
    out
}
