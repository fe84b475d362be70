//! Problems as text for people, in the manner of rustc. Owns what they look like; printing is the binary's.
//! Text of a spec is untrusted: nothing that could steer a terminal comes through.

#[cfg(test)]
mod tests;

use crate::diagnostic::{Diagnostic, Severity};
use crate::lines::Lines;
pub use crate::lines::in_order;
use crate::span::{Sources, Span};
use annotate_snippets::{
    AnnotationKind, Element, Group, Level, Origin, Padding, Patch, Renderer, Snippet,
};
use std::fmt::Write as _;
use std::ops::Range;

/// A span over more lines than this is marked on its first line only.
const MAX_LINES: usize = 4;
/// Labels this many lines away still stand in one picture with the problem.
const NEAR_LINES: usize = 6;
/// Of a longer line only the part around the place is shown, in bytes.
const MAX_LINE: usize = 600;

/// The width that fits most terminals and readers, in columns.
const WIDTH: usize = 100;

/// Draws the problems, by file and place, identical ones once, with an empty line between; ends with a line end.
///
/// `colour` puts ANSI styles in.
#[must_use]
pub fn draw(diagnostics: &[Diagnostic], sources: &Sources, colour: bool) -> String {
    draw_within(sources, diagnostics, colour, WIDTH)
}

/// As [`draw`], in a terminal of `width` columns.
#[must_use]
pub fn draw_within(
    sources: &Sources,
    diagnostics: &[Diagnostic],
    colour: bool,
    width: usize,
) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.term_width(width.clamp(40, 400));
    let lines = Lines::new(sources);
    let mut out = String::new();
    for diagnostic in in_order(diagnostics) {
        if !out.is_empty() {
            out.push('\n');
        }
        let drawn = renderer.render(&groups(&lines, diagnostic));
        out.push_str(&with_column(&lines, diagnostic.span, drawn));
        out.push('\n');
    }
    out
}

/// `2 errors, 1 warning`; empty where there are none.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let all = in_order(diagnostics);
    let count = |severity: Severity| {
        all.iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    };
    let mut parts = Vec::new();
    for (number, word) in [
        (count(Severity::Error), "error"),
        (count(Severity::Warning), "warning"),
    ] {
        if number > 0 {
            parts.push(format!(
                "{number} {word}{}",
                if number == 1 { "" } else { "s" }
            ));
        }
    }
    parts.join(", ")
}

/// Text on one line in which nothing steers a terminal or turns the direction of writing.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => out.push(' '),
            '\r' => {}
            _ => push_printable(&mut out, letter),
        }
    }
    out
}

fn push_printable(out: &mut String, letter: char) {
    match letter {
        '\t' => out.push_str("    "),
        '\u{0}'..='\u{1f}' => out.push(char::from_u32(0x2400 + u32::from(letter)).unwrap_or(' ')),
        '\u{7f}' => out.push('\u{2421}'),
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => {
            // writing to a string does not fail
            let _ = write!(out, "<U+{:04X}>", u32::from(letter));
        }
        _ => out.push(letter),
    }
}

fn groups<'a>(lines: &Lines<'a>, diagnostic: &Diagnostic) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(
        level
            .primary_title(printable(&diagnostic.message))
            .id(diagnostic.name),
    );
    group = group.elements(pictures(lines, diagnostic));
    let patch = diagnostic
        .edit
        .as_ref()
        .and_then(|edit| change(lines, edit.span, &edit.text));
    let help = diagnostic.help.as_deref().map(printable);
    match (patch, help) {
        (Some(patch), help) => {
            let title = help.unwrap_or_else(|| "change it like this".to_owned());
            vec![
                group,
                Group::with_title(Level::HELP.secondary_title(title)).element(patch),
            ]
        }
        (None, Some(help)) => vec![group.element(Level::HELP.message(help))],
        (None, None) => vec![group],
    }
}

/// The place of the problem with the labels near it, then the labels elsewhere.
fn pictures<'a>(lines: &Lines<'a>, diagnostic: &Diagnostic) -> Vec<Element<'a>> {
    let main = diagnostic.span;
    let mut near = vec![(AnnotationKind::Primary, main, None)];
    let mut far = Vec::new();
    let line = lines.line(main.file, main.start as usize);
    for label in &diagnostic.labels {
        let other = lines.line(label.span.file, label.span.start as usize);
        let text = Some(printable(&label.message));
        if label.span.file == main.file && line.abs_diff(other) <= NEAR_LINES {
            near.push((AnnotationKind::Context, label.span, text));
        } else {
            far.push((AnnotationKind::Context, label.span, text));
        }
    }
    let mut out = picture(lines, near);
    for label in far {
        out.extend(picture(lines, vec![label]));
    }
    // rustc sets help apart by a line of nothing
    if diagnostic.edit.is_none() && diagnostic.help.is_some() {
        out.push(Padding.into());
    }
    out
}

type Mark = (AnnotationKind, Span, Option<String>);

/// One picture of neighbouring lines of a file.
fn picture<'a>(lines: &Lines<'a>, marks: Vec<Mark>) -> Vec<Element<'a>> {
    let Some((_, first, _)) = marks.first().cloned() else {
        return Vec::new();
    };
    let ranges: Vec<Range<usize>> = marks
        .iter()
        .map(|(_, span, _)| bounded(lines, *span))
        .collect();
    let start = ranges.iter().map(|range| range.start).min().unwrap_or(0);
    let end = ranges.iter().map(|range| range.end).max().unwrap_or(0);
    let Some(window) = Window::new(lines, first, start..end) else {
        // a file that is not there, or one long line: the place alone
        let place = lines.place(first);
        let origin = Origin::path(printable(lines.path(first.file)));
        return vec![
            origin
                .line(place.line as usize)
                .char_column(place.column as usize)
                .into(),
        ];
    };
    let mut snippet = Snippet::source(window.text.clone())
        .line_start(window.line + 1)
        .path(printable(lines.path(first.file)));
    for ((kind, _, label), range) in marks.into_iter().zip(ranges) {
        snippet = snippet.annotation(kind.span(window.range(&range)).label(label));
    }
    vec![snippet.into()]
}

/// Puts the file's column in: the drawing counts in the picture, where tabs are wider and long lines are cut.
fn with_column(lines: &Lines<'_>, span: Span, drawn: String) -> String {
    let place = lines.place(span);
    let before = format!("--> {}:{}:", printable(lines.path(span.file)), place.line);
    let Some((head, tail)) = drawn.split_once(&before) else {
        return drawn;
    };
    let rest = tail.trim_start_matches(|letter: char| letter.is_ascii_digit());
    format!("{head}{before}{}{rest}", place.column)
}

/// The change as lines with `-` and `+`; `None` where it is too long to be read.
fn change<'a>(lines: &Lines<'a>, span: Span, replacement: &str) -> Option<Snippet<'a, Patch<'a>>> {
    let range = span.start as usize..span.end.max(span.start) as usize;
    let (first, last) = (
        lines.line(span.file, range.start),
        lines.line(span.file, range.end),
    );
    if last - first >= MAX_LINES || replacement.len() > MAX_LINE {
        return None;
    }
    let window = Window::new(lines, span, range.clone()).filter(|window| !window.clipped)?;
    let shown: String = replacement
        .split('\n')
        .map(printable)
        .collect::<Vec<_>>()
        .join("\n");
    let patch = Patch::new(window.range(&range), shown);
    let snippet = Snippet::source(window.text).line_start(window.line + 1);
    Some(snippet.path(printable(lines.path(span.file))).patch(patch))
}

/// The bytes to mark: of a span over many lines, those of its first line.
fn bounded(lines: &Lines<'_>, span: Span) -> Range<usize> {
    let len = lines.text(span.file).len();
    let range = (span.start as usize).min(len)..(span.end.max(span.start) as usize).min(len);
    let first = lines.line(span.file, range.start);
    if lines.line(span.file, range.end).saturating_sub(first) < MAX_LINES {
        return range;
    }
    let line = lines.line_range(span.file, first);
    range.start..line.end.max(range.start)
}

/// Whole lines of a file made safe to print, with the new offset of each of their bytes.
struct Window {
    text: String,
    /// Zero-based number of the first line.
    line: usize,
    start: usize,
    offsets: Vec<usize>,
    /// A long line was cut: columns in it don't count from its start.
    clipped: bool,
}

impl Window {
    fn new(lines: &Lines<'_>, span: Span, range: Range<usize>) -> Option<Window> {
        let text = lines.text(span.file);
        if text.is_empty() || range.start > text.len() {
            return None;
        }
        let line = lines.line(span.file, range.start);
        let last = lines.line(span.file, range.end);
        let mut start = lines.line_range(span.file, line).start;
        let mut end = lines.line_range(span.file, last).end;
        let mut clipped = false;
        if end.saturating_sub(start) > MAX_LINE * (last - line + 1) {
            clipped = true;
            start = boundary(text, start.max(range.start.saturating_sub(MAX_LINE / 4)));
            end = boundary(text, end.min(range.start + MAX_LINE));
        }
        let source = text.get(start..end)?;
        let mut shown = String::with_capacity(source.len() + 16);
        let mut offsets = Vec::with_capacity(source.len() + 1);
        for (at, letter) in source.char_indices() {
            let here = shown.len();
            match letter {
                '\n' => shown.push('\n'),
                '\r' if source.as_bytes().get(at + 1) == Some(&b'\n') => {}
                _ => push_printable(&mut shown, letter),
            }
            offsets.resize(offsets.len() + letter.len_utf8(), here);
        }
        offsets.push(shown.len());
        Some(Window {
            text: shown,
            line,
            start,
            offsets,
            clipped,
        })
    }

    /// Where a range of the file stands in the window.
    fn range(&self, range: &Range<usize>) -> Range<usize> {
        let at = |offset: usize| {
            let index = offset.saturating_sub(self.start);
            self.offsets.get(index).copied().unwrap_or(self.text.len())
        };
        let start = at(range.start);
        start..at(range.end).max(start)
    }
}

fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
