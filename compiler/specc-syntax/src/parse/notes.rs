//! MSFM's inline annotations and pointers: `[text]{note}` and `[text]{#id}` taken out of a run of pieces.

use super::inline::{Inline, Source};
use crate::span::Span;
use crate::tree::{Piece, Text};
use std::cmp::Ordering;

/// One annotation found in a line.
#[derive(Debug)]
pub(super) struct Found {
    /// The bracketed text.
    pub(super) anchor: Span,
    /// What stands between the braces.
    pub(super) text: Text,
}

/// A place in the pieces: which piece, which byte of its text.
type Place = (usize, usize);

/// One letter that means something here, with its place in the pieces and in the source.
#[derive(Clone, Copy)]
struct Mark {
    byte: u8,
    place: Place,
    source: u32,
}

/// Takes the annotations out of `inline` (brackets, braces and note go; the bracketed text stays).
pub(super) fn take(source: Source<'_>, inline: &mut Inline) -> Vec<Found> {
    let marks = marks(source, inline);
    let mut found = Vec::new();
    let mut cuts: Vec<(Place, Place)> = Vec::new();
    let mut open: Vec<Mark> = Vec::new();
    let mut at = 0;
    while let Some(mark) = marks.get(at).copied() {
        at += 1;
        match mark.byte {
            b'[' => open.push(mark),
            b']' => {
                let Some(start) = open.pop() else { continue };
                let Some(brace) = marks
                    .get(at)
                    .filter(|next| next.byte == b'{' && next.source == mark.source + 1)
                else {
                    continue;
                };
                let Some(close) = closing(&marks, at) else {
                    continue;
                };
                let Some(end) = marks.get(close) else {
                    continue;
                };
                let file = source.file;
                let inner = Span {
                    file,
                    start: brace.source + 1,
                    end: end.source,
                };
                cuts.push((start.place, after(start.place)));
                cuts.push((mark.place, after(end.place)));
                let text = source
                    .under(inner)
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ");
                let anchor = Span {
                    file,
                    start: start.source + 1,
                    end: mark.source,
                };
                found.push(Found {
                    anchor,
                    text: Text { text, span: inner },
                });
                at = close + 1;
            }
            _ => {}
        }
    }
    if !cuts.is_empty() {
        cuts.sort_unstable();
        cut(inline, &cuts);
    }
    found
}

fn after(place: Place) -> Place {
    (place.0, place.1 + 1)
}

fn marks(source: Source<'_>, inline: &Inline) -> Vec<Mark> {
    let mut out = Vec::new();
    for (index, piece) in inline.pieces.iter().enumerate() {
        let Piece::Text {
            text, span, places, ..
        } = piece
        else {
            continue;
        };
        if places.is_empty() {
            stretch(source, &mut out, index, 0, text, span.start);
        }
        for (number, place) in places.iter().enumerate() {
            let at = place.at as usize;
            let end = places
                .get(number + 1)
                .map_or(text.len(), |next| next.at as usize);
            let Some(part) = text.get(at..end) else {
                continue;
            };
            if part.len() == place.end.saturating_sub(place.start) as usize {
                stretch(source, &mut out, index, at, part, place.start);
            }
        }
    }
    out
}

/// The marks of a stretch of text that stands in the source letter for letter, from `start`.
fn stretch(
    source: Source<'_>,
    out: &mut Vec<Mark>,
    piece: usize,
    at: usize,
    text: &str,
    start: u32,
) {
    let escaped = source.under(Span {
        file: source.file,
        start: start.saturating_sub(1),
        end: start,
    }) == "\\";
    for (offset, byte) in text.bytes().enumerate() {
        if matches!(byte, b'[' | b']' | b'{' | b'}') && !(offset == 0 && escaped) {
            let source = start + u32::try_from(offset).unwrap_or(0);
            out.push(Mark {
                byte,
                place: (piece, at + offset),
                source,
            });
        }
    }
}

/// The position of the brace that closes the one at `open`; an annotation holds no further annotation.
fn closing(marks: &[Mark], open: usize) -> Option<usize> {
    let mut depth = 0_u32;
    // a bound keeps a file of nothing but `]{` linear
    for (at, mark) in marks.iter().enumerate().skip(open).take(64) {
        match mark.byte {
            b'{' => depth += 1,
            b'}' if depth <= 1 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Removes the stretches `cuts` (sorted by start) from the pieces.
fn cut(inline: &mut Inline, cuts: &[(Place, Place)]) {
    let mut kept: Vec<Piece> = Vec::with_capacity(inline.pieces.len());
    let mut next = 0;
    // the place up to which everything is removed
    let mut removed_to: Place = (0, 0);
    for (index, piece) in std::mem::take(&mut inline.pieces).into_iter().enumerate() {
        if let Piece::Code(_) = piece {
            if removed_to <= (index, 0) {
                kept.push(piece);
            }
            continue;
        }
        let len = piece.text().len();
        let mut at = match removed_to.0.cmp(&index) {
            Ordering::Less => 0,
            Ordering::Equal => removed_to.1,
            Ordering::Greater => len,
        };
        while let Some((start, end)) = cuts.get(next).copied().filter(|cut| cut.0.0 == index) {
            next += 1;
            if start.1 > at {
                kept.extend(piece.part(at, start.1));
            }
            removed_to = removed_to.max(end);
            at = at.max(if end.0 > index { len } else { end.1 });
        }
        if at < len {
            kept.extend(piece.part(at, len));
        }
    }
    for piece in kept {
        inline.append(piece);
    }
}
