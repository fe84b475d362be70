//! The words of a step sentence: plain words, quoted texts, code; and reading them one after the other.

use specc_syntax::names::fold_name;
use specc_syntax::span::Span;
use specc_syntax::tree::{Code, Line, Piece};

/// A word of a step.
#[derive(Debug, Clone)]
pub(super) enum Token<'l> {
    /// A plain word, without the punctuation behind it.
    Word(String, Span),
    /// A text between quotes.
    Quoted(String, Span),
    /// Code.
    Code(&'l Code),
    /// A comma.
    Comma(Span),
}

impl Token<'_> {
    pub(super) fn span(&self) -> Span {
        match self {
            Token::Word(_, span) | Token::Quoted(_, span) | Token::Comma(span) => *span,
            Token::Code(code) => code.span,
        }
    }
}

/// The words of a line.
pub(super) fn tokens(line: &Line) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    for piece in &line.pieces {
        match piece {
            Piece::Code(code) => out.push(Token::Code(code)),
            Piece::Text { text, .. } => words(text, piece, &mut out),
        }
    }
    // A full stop or colon at the end of the sentence says nothing.
    if let Some(Token::Word(word, _)) = out.last_mut() {
        let kept = word.trim_end_matches(['.', ':']).len();
        word.truncate(kept);
        if word.is_empty() {
            out.pop();
        }
    }
    out
}

fn words(text: &str, piece: &Piece, out: &mut Vec<Token<'_>>) {
    let mut letters = text.char_indices().peekable();
    while let Some((start, letter)) = letters.next() {
        if letter.is_whitespace() {
            continue;
        }
        if letter == ',' {
            out.push(Token::Comma(piece.span_of(start, start + 1)));
            continue;
        }
        if matches!(letter, '"' | '“' | '”') {
            let inside = start + letter.len_utf8();
            let mut end = text.len();
            let mut after = text.len();
            for (offset, letter) in letters.by_ref() {
                if matches!(letter, '"' | '”' | '“') {
                    end = offset;
                    after = offset + letter.len_utf8();
                    break;
                }
            }
            let quoted = text.get(inside..end).unwrap_or("").to_owned();
            out.push(Token::Quoted(quoted, piece.span_of(start, after)));
            continue;
        }
        let mut end = start + letter.len_utf8();
        while let Some((offset, letter)) = letters.peek() {
            let number = *letter == ','
                && text
                    .get(offset + 1..)
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
                && text
                    .get(..*offset)
                    .is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit()));
            if letter.is_whitespace() || (*letter == ',' && !number) || matches!(letter, '"' | '“')
            {
                break;
            }
            end = offset + letter.len_utf8();
            letters.next();
        }
        let word = text.get(start..end).unwrap_or("").to_owned();
        out.push(Token::Word(word, piece.span_of(start, end)));
    }
}

/// Reads tokens from left to right.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'t, 'l> {
    pub(super) tokens: &'t [Token<'l>],
    pub(super) at: usize,
}

impl<'t, 'l> Cursor<'t, 'l> {
    pub(super) fn new(tokens: &'t [Token<'l>]) -> Cursor<'t, 'l> {
        Cursor { tokens, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<&'t Token<'l>> {
        self.tokens.get(self.at)
    }

    pub(super) fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// The word here, if it is one.
    pub(super) fn word(&self) -> Option<&'t str> {
        match self.peek() {
            Some(Token::Word(word, _)) => Some(word),
            _ => None,
        }
    }

    /// Takes a token.
    pub(super) fn next(&mut self) -> Option<&'t Token<'l>> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    /// Takes these words where they stand here; letter case makes no difference.
    pub(super) fn eat(&mut self, words: &str) -> bool {
        let mut at = self.at;
        for word in words.split(' ') {
            match self.tokens.get(at) {
                Some(Token::Word(found, _)) if found.eq_ignore_ascii_case(word) => at += 1,
                _ => return false,
            }
        }
        self.at = at;
        true
    }

    /// Takes the first of several phrases that stands here.
    pub(super) fn eat_any(&mut self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.eat(phrase))
    }

    /// Takes a quoted text.
    pub(super) fn quoted(&mut self) -> Option<String> {
        match self.peek() {
            Some(Token::Quoted(text, _)) => {
                self.at += 1;
                Some(text.clone())
            }
            _ => None,
        }
    }

    /// Takes a whole number.
    pub(super) fn number(&mut self) -> Option<u32> {
        let word = self.word()?;
        let number = match word.to_lowercase().as_str() {
            "no" | "zero" => 0,
            "one" => 1,
            "two" => 2,
            "three" => 3,
            _ => word.replace(',', "").parse().ok()?,
        };
        self.at += 1;
        Some(number)
    }

    /// Takes the longest run of up to `most` words whose folded join is known.
    pub(super) fn longest<T>(
        &mut self,
        most: usize,
        find: impl Fn(&str) -> Option<T>,
    ) -> Option<(T, Span)> {
        let mut folded = String::new();
        let mut best = None;
        let mut span: Option<Span> = None;
        for count in 0..most.max(1) {
            let Some(Token::Word(word, place)) = self.tokens.get(self.at + count) else {
                break;
            };
            folded.push_str(&fold_name(word));
            span = Some(span.map_or(*place, |span| span.to(*place)));
            if let (Some(found), Some(span)) = (find(&folded), span) {
                best = Some((found, span, count + 1));
            }
        }
        let (found, span, count) = best?;
        self.at += count;
        Some((found, span))
    }

    /// The span from a place to here.
    pub(super) fn span_from(&self, start: usize) -> Span {
        let first = self
            .tokens
            .get(start)
            .or_else(|| self.tokens.last())
            .map(Token::span)
            .unwrap_or_default();
        let last = self
            .tokens
            .get(self.at.saturating_sub(1).max(start))
            .or_else(|| self.tokens.last())
            .map(Token::span)
            .unwrap_or_default();
        first.to(last)
    }
}
