//! Small questions to a tree: parts of a line with their spans, keys of items, columns of tables.
//! Knows no keyword of the language.

use crate::names::same_name;
use crate::span::Span;
use crate::tree::{Block, Code, Item, Line, Piece, Place, Section, Table, Text, Tree};

impl Piece {
    /// The text of the piece; code without its backticks.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Piece::Text { text, .. } => text,
            Piece::Code(code) => &code.text,
        }
    }

    /// Where the piece stands; code without its backticks.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Piece::Text { span, .. } => *span,
            Piece::Code(code) => code.span,
        }
    }

    /// The source span of a byte range of the piece's text: exact, but for entities and the like, which count whole.
    #[must_use]
    pub fn span_of(&self, start: usize, end: usize) -> Span {
        match self {
            Piece::Code(code) => code.span_of(start, end),
            Piece::Text {
                span, places, text, ..
            } => {
                let (start, end) = (start.min(text.len()), end.min(text.len()));
                let from = source_of(*span, places, text.len(), start, false);
                let to = source_of(*span, places, text.len(), end, end > start);
                Span {
                    file: span.file,
                    start: from,
                    end: to.max(from),
                }
            }
        }
    }

    /// The bytes `start..end` of the piece's text, as a piece of its own.
    pub(crate) fn part(&self, start: usize, end: usize) -> Option<Piece> {
        let part = self.text().get(start..end)?.to_owned();
        let whole = start == 0 && end == self.text().len();
        Some(match self {
            _ if whole => self.clone(),
            Piece::Text {
                strong,
                places,
                text,
                ..
            } => {
                let span = self.span_of(start, end);
                let places = part_of(places, text.len(), start, end);
                Piece::Text {
                    text: part,
                    strong: *strong,
                    span,
                    places,
                }
            }
            Piece::Code(code) => {
                let inside =
                    |offset: &&u32| (**offset as usize) >= start && (**offset as usize) < end;
                let base = u32::try_from(start).unwrap_or(0);
                let dropped = code
                    .dropped
                    .iter()
                    .filter(inside)
                    .map(|offset| offset - base)
                    .collect();
                Piece::Code(Code {
                    text: part,
                    span: code.span_of(start, end),
                    dropped,
                })
            }
        })
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The source offset of a text offset; with `is_end`, of the end of the letter before it.
fn source_of(span: Span, places: &[Place], len: usize, at: usize, is_end: bool) -> u32 {
    let at = offset(at);
    let index = places.partition_point(|place| {
        if is_end {
            place.at < at
        } else {
            place.at <= at
        }
    });
    let Some(place) = index.checked_sub(1).and_then(|index| places.get(index)) else {
        return span.start.saturating_add(at).min(span.end);
    };
    let next = places.get(index).map_or(offset(len), |next| next.at);
    let literal = next.saturating_sub(place.at) == place.end.saturating_sub(place.start);
    match (literal, is_end) {
        (true, _) => place.start.saturating_add(at - place.at).min(place.end),
        (false, true) => place.end,
        (false, false) => {
            if at >= next {
                place.end
            } else {
                place.start
            }
        }
    }
}

/// The places of the bytes `start..end`, counted from `start`.
fn part_of(places: &[Place], len: usize, start: usize, end: usize) -> Vec<Place> {
    let (start, end) = (offset(start), offset(end));
    let mut out = Vec::new();
    let first = places
        .partition_point(|place| place.at <= start)
        .saturating_sub(1);
    for (index, place) in places.iter().enumerate().skip(first) {
        let next = places.get(index + 1).map_or(offset(len), |next| next.at);
        let (from, to) = (place.at.max(start), next.min(end));
        if place.at >= end {
            break;
        }
        if from >= to {
            continue;
        }
        let literal = next - place.at == place.end.saturating_sub(place.start);
        out.push(match literal {
            true => Place {
                at: from - start,
                start: place.start + (from - place.at),
                end: place.end - (next - to),
            },
            false => Place {
                at: from - start,
                ..*place
            },
        });
    }
    out
}

impl Line {
    /// All pieces joined, code without its backticks, untrimmed: what offsets of [`Line::slice`] count in.
    #[must_use]
    pub fn joined(&self) -> String {
        self.pieces.iter().map(Piece::text).collect()
    }

    /// The part of the line that covers the bytes `start..end` of [`Line::joined`], without blanks at its ends.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Line {
        let mut pieces = Vec::new();
        let mut at = 0;
        for piece in &self.pieces {
            let len = piece.text().len();
            let (from, to) = (start.max(at), end.min(at + len));
            if from < to || (len == 0 && from == to && matches!(piece, Piece::Code(_))) {
                pieces.extend(piece.part(from - at, to - at));
            }
            at += len;
        }
        self.part_line(pieces)
    }

    /// A line of some of this line's pieces, without blanks at its ends, with the span they cover.
    fn part_line(&self, mut pieces: Vec<Piece>) -> Line {
        trim(&mut pieces);
        let edge = |piece: &Piece| match piece {
            Piece::Text { span, .. } => *span,
            Piece::Code(code) => Span {
                start: code.span.start.saturating_sub(1).max(self.span.start),
                end: code.span.end.saturating_add(1).min(self.span.end),
                ..code.span
            },
        };
        let span = match (pieces.first(), pieces.last()) {
            (Some(first), Some(last)) => edge(first).to(edge(last)),
            _ => Span {
                start: self.span.end,
                ..self.span
            },
        };
        Line { pieces, span }
    }

    /// The line as plain text with its place.
    #[must_use]
    pub fn to_text(&self) -> Text {
        Text {
            text: self.plain(),
            span: self.span,
        }
    }

    /// The parts between the commas that stand outside code, quotes, parentheses, brackets and braces.
    /// Each is trimmed; an empty part is left out.
    #[must_use]
    pub fn split_commas(&self) -> Vec<Line> {
        let mut out = Vec::new();
        let mut current = Vec::new();
        let (mut depth, mut quoted) = (0_u32, false);
        for piece in &self.pieces {
            let mut from = 0;
            if let Piece::Text { text, .. } = piece {
                for (offset, byte) in text.bytes().enumerate() {
                    match byte {
                        b'"' => quoted = !quoted,
                        b'(' | b'[' | b'{' if !quoted => depth += 1,
                        b')' | b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
                        b',' if !quoted && depth == 0 => {
                            current.extend(piece.part(from, offset));
                            out.push(self.part_line(std::mem::take(&mut current)));
                            from = offset + 1;
                        }
                        _ => {}
                    }
                }
            }
            current.extend(piece.part(from, piece.text().len()));
        }
        out.push(self.part_line(current));
        out.retain(|line| !line.pieces.is_empty());
        out
    }

    /// Key and rest of a line `Key: rest`. The key is one to three words (the first of letters, the others of
    /// letters or digits, `-` allowed inside), may be bold, and ends at the first colon that is followed by a
    /// blank, by code, or by nothing. The rest may be empty.
    #[must_use]
    pub fn key_value(&self) -> Option<(Text, Line)> {
        let mut at = 0;
        let mut colon = None;
        for (index, piece) in self.pieces.iter().enumerate() {
            let Piece::Text { text, .. } = piece else {
                return None;
            };
            if let Some(offset) = text.find(':') {
                let next = match text.as_bytes().get(offset + 1) {
                    Some(byte) => byte.is_ascii_whitespace(),
                    None => self.pieces.get(index + 1).is_none_or(|next| match next {
                        Piece::Code(_) => true,
                        Piece::Text { text, .. } => text.starts_with([' ', '\t']),
                    }),
                };
                if !next {
                    return None;
                }
                colon = Some(at + offset);
                break;
            }
            at += text.len();
            if at > 80 {
                return None;
            }
        }
        let colon = colon?;
        let key = self.slice(0, colon).to_text();
        is_key(&key.text).then(|| (key, self.slice(colon + 1, usize::MAX)))
    }
}

fn is_key(key: &str) -> bool {
    let mut words = 0;
    for word in key.split_whitespace() {
        words += 1;
        let letters = word
            .chars()
            .all(|c| c.is_alphabetic() || c == '-' || (words > 1 && c.is_numeric()));
        if words > 3 || !letters || !word.starts_with(|c: char| c != '-') {
            return false;
        }
    }
    words > 0
}

fn trim(pieces: &mut Vec<Piece>) {
    while let Some(piece @ Piece::Text { .. }) = pieces.first_mut() {
        let text = piece.text();
        let cut = text.len() - text.trim_start().len();
        match piece.part(cut, text.len()) {
            Some(rest) if !rest.text().is_empty() => {
                *piece = rest;
                break;
            }
            _ => pieces.remove(0),
        };
    }
    while let Some(piece @ Piece::Text { .. }) = pieces.last_mut() {
        let kept = piece.text().trim_end().len();
        match piece.part(0, kept) {
            Some(rest) if kept > 0 => {
                *piece = rest;
                break;
            }
            _ => pieces.pop(),
        };
    }
}

impl Item {
    /// Key and rest of an item `Key: rest`; see [`Line::key_value`].
    #[must_use]
    pub fn key_value(&self) -> Option<(Text, Line)> {
        self.line.key_value()
    }

    /// The items of the lists nested directly below this one, in order.
    pub fn children(&self) -> impl Iterator<Item = &Item> {
        self.blocks.iter().flat_map(Block::items)
    }
}

impl Block {
    /// The items of a list; nothing for any other block.
    pub fn items(&self) -> std::slice::Iter<'_, Item> {
        match self {
            Block::List(list) => list.items.iter(),
            _ => [].iter(),
        }
    }

    /// What a person would read as description: a paragraph's plain text.
    #[must_use]
    pub fn prose(&self) -> Option<Text> {
        match self {
            Block::Paragraph(line) => Some(line.to_text()),
            _ => None,
        }
    }
}

impl Table {
    /// The position of the column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns
            .iter()
            .position(|column| same_name(&column.plain(), name))
    }
}

impl Section {
    /// The items of all lists that stand directly in this section, in order.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.blocks.iter().flat_map(Block::items)
    }

    /// The tables that stand directly in this section, in order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        })
    }

    /// The word that says what the section is: the heading's keyword, or its whole text where there is no colon.
    #[must_use]
    pub fn word(&self) -> &Text {
        self.heading.keyword.as_ref().unwrap_or(&self.heading.text)
    }
}

impl Tree {
    /// The value of a key of the front matter.
    #[must_use]
    pub fn front(&self, key: &str) -> Option<&Text> {
        self.front_matter
            .iter()
            .find(|entry| same_name(&entry.key.text, key))
            .map(|entry| &entry.value)
    }
}
