//! A heading's pieces split into keyword, name and attributes.

use super::inline::Source;
use crate::diagnostic::Diagnostic;
use crate::span::Span;
use crate::tree::{Heading, Line, Piece, Text};

/// Builds the heading; problems of its attributes go to `problems`.
pub(super) fn heading(
    source: Source<'_>,
    mut line: Line,
    problems: &mut Vec<Diagnostic>,
) -> Heading {
    let span = line.span;
    let mut prose = false;
    let mut id = None;
    // a bound keeps a heading of nothing but attributes linear
    for _ in 0..4 {
        let Some(group) = attributes(source, &line) else {
            break;
        };
        for (word, place) in &group.words {
            match word.strip_prefix('#') {
                Some(name) => {
                    let place = Span {
                        start: place.start + 1,
                        ..*place
                    };
                    id = Some(Text {
                        text: name.to_owned(),
                        span: place,
                    });
                }
                None => prose = true,
            }
        }
        line = line.slice(0, group.start);
    }
    unknown_attribute(source, &line, problems);
    let whole = line.slice(0, usize::MAX);
    let text = Text {
        text: collapse(&whole),
        span: whole.span,
    };
    let Some((keyword, name)) = split(&whole) else {
        return Heading {
            text,
            keyword: None,
            name: None,
            prose,
            id,
            span,
        };
    };
    let joined = format!("{}: {}", keyword.text, name.text);
    let text = Text {
        text: joined.trim_end().to_owned(),
        span: text.span,
    };
    Heading {
        text,
        keyword: Some(keyword),
        name: Some(name),
        prose,
        id,
        span,
    }
}

/// The plain text with runs of blanks outside code as one blank.
fn collapse(line: &Line) -> String {
    let mut out = String::new();
    for piece in &line.pieces {
        match piece {
            Piece::Code(code) => out.push_str(&code.text),
            Piece::Text { text, .. } => {
                for letter in text.chars() {
                    let blank = letter.is_whitespace() && letter != '\u{a0}';
                    match (blank, out.ends_with(' ')) {
                        (true, true) => {}
                        (true, false) => out.push(' '),
                        (false, _) => out.push(letter),
                    }
                }
            }
        }
    }
    out.trim().to_owned()
}

fn split(line: &Line) -> Option<(Text, Text)> {
    let mut at = 0;
    for (index, piece) in line.pieces.iter().enumerate() {
        if let Piece::Text { text, .. } = piece {
            let bytes = text.as_bytes();
            for (offset, _) in text.match_indices(':') {
                let ends = match bytes.get(offset + 1) {
                    Some(byte) => byte.is_ascii_whitespace(),
                    // a bold keyword: the blank is in the next piece
                    None => line
                        .pieces
                        .get(index + 1)
                        .is_none_or(|next| next.text().starts_with(' ')),
                };
                if ends {
                    let before = line.slice(0, at + offset);
                    let behind = line.slice(at + offset + 1, usize::MAX);
                    let part = |part: &Line| Text {
                        text: collapse(part),
                        span: part.span,
                    };
                    return Some((part(&before), part(&behind)));
                }
            }
        }
        at += piece.text().len();
    }
    None
}

/// A group `{prose #id}` at the end of the line.
struct Attributes {
    /// Where it starts in the joined text.
    start: usize,
    words: Vec<(String, Span)>,
}

fn attributes(source: Source<'_>, line: &Line) -> Option<Attributes> {
    let (start, inner, span) = last_group(source, line)?;
    let mut words = Vec::new();
    for word in inner.split_whitespace() {
        let known = word == "prose" || word.strip_prefix('#').is_some_and(is_id);
        if !known {
            return None;
        }
        let offset = word.as_ptr() as usize - inner.as_ptr() as usize;
        let start = span.start + 1 + u32::try_from(offset).unwrap_or(0);
        let end = start + u32::try_from(word.len()).unwrap_or(0);
        words.push((word.to_owned(), Span { start, end, ..span }));
    }
    (!words.is_empty()).then_some(Attributes { start, words })
}

/// The braces that end the line, behind a blank (or alone) and not escaped:
/// offset in the joined text, content, span with the braces.
fn last_group<'l>(source: Source<'_>, line: &'l Line) -> Option<(usize, &'l str, Span)> {
    let Some(Piece::Text { text, span, .. }) = line.pieces.last() else {
        return None;
    };
    let trimmed = text.trim_end();
    let body = trimmed.strip_suffix('}')?;
    let open = body.rfind('{')?;
    let lead = body.get(..open)?;
    let behind_blank =
        lead.ends_with(char::is_whitespace) || (lead.is_empty() && line.pieces.len() == 1);
    let inner = body.get(open + 1..)?;
    let cut = u32::try_from(text.len() - trimmed.len()).unwrap_or(0);
    let end = span.end.saturating_sub(cut);
    let start = end.saturating_sub(u32::try_from(inner.len() + 2).unwrap_or(u32::MAX));
    let place = Span {
        start,
        end,
        ..*span
    };
    let escaped = source.under(Span {
        start: start.saturating_sub(1),
        end: start,
        ..*span
    }) == "\\";
    let literal = source
        .under(place)
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        == Some(inner);
    if !behind_blank || escaped || !literal {
        return None;
    }
    let before: usize = line
        .pieces
        .iter()
        .rev()
        .skip(1)
        .map(|piece| piece.text().len())
        .sum();
    Some((before + open, inner, place))
}

fn is_id(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'))
}

/// `{pros}` would leave a section formal that its author wants to be prose, or the reverse.
fn unknown_attribute(source: Source<'_>, line: &Line, problems: &mut Vec<Diagnostic>) {
    let Some((_, inner, span)) = last_group(source, line) else {
        return;
    };
    let word = inner.trim();
    let near = crate::names::suggest(word, ["prose"]);
    if near.is_none() && !word.starts_with(['#', '.']) {
        return;
    }
    let problem = Diagnostic::new(
        "heading-attribute",
        span,
        format!("`{{{word}}}` is no attribute of a heading"),
    );
    problems.push(match near {
        Some(near) => problem
            .help(format!("did you mean `{{{near}}}`?"))
            .edit(span, format!("{{{near}}}")),
        None => problem.help(
            "a heading may end in `{prose}` or `{#id}`, an id being letters, digits, `-` and `_`",
        ),
    });
}
