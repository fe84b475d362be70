//! Inline pieces of one run of text. Knows pulldown-cmark's offsets, not what kind of block the run is in.

use crate::span::{FileId, Span};
use crate::tree::{Code, Line, Piece, Place};
use std::ops::Range;

/// The text being read and where it starts in its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) file: FileId,
    /// The Markdown behind the front matter.
    pub(super) text: &'a str,
    /// Offset of `text` in the file.
    pub(super) base: u32,
}

impl<'a> Source<'a> {
    pub(super) fn span(&self, range: &Range<usize>) -> Span {
        let at = |offset: usize| {
            self.base
                .saturating_add(u32::try_from(offset).unwrap_or(u32::MAX))
        };
        Span {
            file: self.file,
            start: at(range.start),
            end: at(range.end),
        }
    }

    pub(super) fn slice(&self, range: &Range<usize>) -> &'a str {
        self.text.get(range.clone()).unwrap_or("")
    }

    /// The source under a span of this file.
    pub(super) fn under(&self, span: Span) -> &'a str {
        let at = |offset: u32| offset.saturating_sub(self.base) as usize;
        self.slice(&(at(span.start)..at(span.end)))
    }

    /// The range without blanks at its ends.
    pub(super) fn trim(&self, range: Range<usize>) -> Range<usize> {
        let slice = self.slice(&range);
        let start = range.start + (slice.len() - slice.trim_start().len());
        let end = start + slice.trim().len();
        start..end
    }
}

/// A run of inline pieces that is being collected.
#[derive(Debug, Default)]
pub(super) struct Inline {
    pub(super) pieces: Vec<Piece>,
    strong: u32,
    struck: u32,
    range: Option<Range<usize>>,
    /// Struck-out text that was left out.
    pub(super) struck_out: Option<Range<usize>>,
    /// A backtick without a partner.
    pub(super) stray: Option<usize>,
}

impl Inline {
    pub(super) fn strong(&mut self, on: bool, range: &Range<usize>) {
        self.cover(range);
        self.strong = if on {
            self.strong + 1
        } else {
            self.strong.saturating_sub(1)
        };
    }

    pub(super) fn struck(&mut self, on: bool, range: &Range<usize>) {
        self.cover(range);
        self.struck = if on {
            self.struck + 1
        } else {
            self.struck.saturating_sub(1)
        };
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// From the first piece to the last.
    pub(super) fn range(&self) -> Range<usize> {
        self.range.clone().unwrap_or(0..0)
    }

    /// The run reaches over this, markup included.
    pub(super) fn cover(&mut self, range: &Range<usize>) {
        match &mut self.range {
            Some(all) => all.end = all.end.max(range.end),
            None => self.range = Some(range.clone()),
        }
    }

    fn skip_struck(&mut self, range: &Range<usize>) -> bool {
        if self.struck == 0 {
            return false;
        }
        match &mut self.struck_out {
            Some(all) => all.end = all.end.max(range.end),
            None => self.struck_out = Some(range.clone()),
        }
        true
    }

    pub(super) fn text(&mut self, source: Source<'_>, text: &str, range: &Range<usize>) {
        self.cover(range);
        if self.skip_struck(range) {
            return;
        }
        let literal = source.slice(range) == text;
        if literal && self.stray.is_none() && text.contains('`') {
            let escaped =
                range.start > 0 && source.text.as_bytes().get(range.start - 1) == Some(&b'\\');
            if !escaped {
                self.stray = Some(range.start + text.find('`').unwrap_or(0));
            }
        }
        self.push(text, source.span(range), literal);
    }

    /// Appends text to the last piece, or opens one; notes where it came from unless it follows letter for letter.
    fn push(&mut self, added: &str, from: Span, literal: bool) {
        let bold = self.strong > 0;
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        if let Some(Piece::Text {
            text,
            strong,
            span,
            places,
        }) = self.pieces.last_mut()
            && *strong == bold
        {
            let contiguous = literal && span.end == from.start;
            match places.last_mut() {
                None if contiguous => {}
                None => {
                    places.push(Place {
                        at: 0,
                        start: span.start,
                        end: span.end,
                    });
                    places.push(Place {
                        at: offset(text.len()),
                        start: from.start,
                        end: from.end,
                    });
                }
                Some(last)
                    if contiguous && last.end - last.start == offset(text.len()) - last.at =>
                {
                    last.end = from.end;
                }
                Some(_) => places.push(Place {
                    at: offset(text.len()),
                    start: from.start,
                    end: from.end,
                }),
            }
            text.push_str(added);
            span.end = from.end;
            return;
        }
        let places = if literal {
            Vec::new()
        } else {
            vec![Place {
                at: 0,
                start: from.start,
                end: from.end,
            }]
        };
        self.add(Piece::Text {
            text: added.to_owned(),
            strong: bold,
            span: from,
            places,
        });
    }

    /// Appends a finished piece; text joins text of its kind.
    pub(super) fn append(&mut self, piece: Piece) {
        if let Piece::Text {
            text: added,
            strong: bold,
            span: from,
            places: found,
        } = &piece
            && let Some(Piece::Text {
                text,
                strong,
                span,
                places,
            }) = self.pieces.last_mut()
            && strong == bold
        {
            let base = u32::try_from(text.len()).unwrap_or(u32::MAX);
            if places.is_empty() {
                places.push(Place {
                    at: 0,
                    start: span.start,
                    end: span.end,
                });
            }
            if found.is_empty() {
                places.push(Place {
                    at: base,
                    start: from.start,
                    end: from.end,
                });
            }
            places.extend(found.iter().map(|place| Place {
                at: base.saturating_add(place.at),
                ..*place
            }));
            text.push_str(added);
            span.end = from.end;
            return;
        }
        self.pieces.push(piece);
    }

    /// A soft or hard line break: one space.
    pub(super) fn line_break(&mut self, source: Source<'_>, range: &Range<usize>) {
        if self.struck > 0 || self.pieces.is_empty() {
            return;
        }
        self.push(" ", source.span(range), false);
    }

    pub(super) fn code(&mut self, source: Source<'_>, text: &str, range: &Range<usize>) {
        self.cover(range);
        if self.skip_struck(range) {
            return;
        }
        self.add(Piece::Code(code_span(source, text, range)));
    }

    /// Most runs have one or two pieces: room for four would more than double the size of a tree.
    fn add(&mut self, piece: Piece) {
        if self.pieces.len() < 3 {
            self.pieces.reserve_exact(1);
        }
        self.pieces.push(piece);
    }

    pub(super) fn into_line(self, span: Span) -> Line {
        Line {
            pieces: self.pieces,
            span,
        }
    }
}

/// The content of a code span and what was dropped from it.
///
/// Line breaks read as one space; the blanks that follow a break and the backslash of `\|` are dropped.
fn code_span(source: Source<'_>, text: &str, range: &Range<usize>) -> Code {
    let raw = source.slice(range);
    let ticks = raw.len() - raw.trim_start_matches('`').len();
    let closing = raw.len() - raw.trim_end_matches('`').len();
    let ticks = ticks.min(closing).min(raw.len() / 2);
    let mut content = range.start + ticks..range.end - ticks;
    let mut inner = source.slice(&content);
    if inner.len() > text.len()
        && inner.starts_with([' ', '\n', '\r'])
        && inner.ends_with([' ', '\n', '\r'])
        && !inner.trim().is_empty()
    {
        content = content.start + 1..content.end - 1;
        inner = source.slice(&content);
    }
    let span = source.span(&content);
    if inner == text {
        return Code {
            text: text.to_owned(),
            span,
            dropped: Vec::new(),
        };
    }
    let (text, dropped) = dropped(inner, text);
    Code {
        text,
        span,
        dropped,
    }
}

/// Walks source and text side by side and notes the offsets in the text before which source bytes are missing.
/// The two blanks that pulldown-cmark makes of CR and LF become one.
fn dropped(inner: &str, text: &str) -> (String, Vec<u32>) {
    let mut out = Vec::new();
    let mut kept: Vec<u8> = Vec::with_capacity(text.len());
    let from = inner.as_bytes();
    let mut at = 0;
    let mut after_break = false;
    for (index, byte) in text.bytes().enumerate() {
        let here = u32::try_from(kept.len()).unwrap_or(u32::MAX);
        if from.get(at) == Some(&b'\\') && byte == b'|' {
            out.push(here);
            at += 1;
        }
        if after_break {
            // what was dropped behind the break counts at the break, so that the next word starts exactly
            let place = here.saturating_sub(1);
            if byte == b' ' && from.get(at) == Some(&b'\n') {
                out.push(place);
                at += 1;
                continue;
            }
            let behind = blanks(from.get(at..).unwrap_or_default());
            let kept_blanks = blanks(text.as_bytes().get(index..).unwrap_or_default());
            for _ in kept_blanks..behind {
                out.push(place);
                at += 1;
            }
        }
        after_break = matches!(from.get(at), Some(b'\n' | b'\r')) && byte == b' ';
        kept.push(byte);
        at += 1;
    }
    (
        String::from_utf8(kept).unwrap_or_else(|_| text.to_owned()),
        out,
    )
}

/// How many bytes at the start are of the kinds that a container puts before its lines.
fn blanks(bytes: &[u8]) -> usize {
    let container = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'>');
    bytes.iter().take_while(container).count()
}
