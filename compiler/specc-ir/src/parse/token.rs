//! Words, numbers, texts and signs of an expression, with their places. Knows no grammar.

use crate::scope::Index;
use specc_syntax::names::fold_name;

/// The most bytes of one expression.
pub(super) const LONGEST: usize = 10_000;

/// A mistake in the form of an expression.
#[derive(Debug, Clone)]
pub(super) struct Fail {
    pub(super) name: &'static str,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) edit: Option<String>,
}

impl Fail {
    pub(super) fn new(start: usize, end: usize, message: impl Into<String>) -> Fail {
        Fail {
            name: "bad-expression",
            start,
            end,
            message: message.into(),
            help: None,
            edit: None,
        }
    }

    pub(super) fn named(mut self, name: &'static str) -> Fail {
        self.name = name;
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Fail {
        self.help = Some(help.into());
        self
    }

    pub(super) fn edit(mut self, edit: impl Into<String>) -> Fail {
        self.edit = Some(edit.into());
        self
    }
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TextPart {
    /// Letters, escapes resolved.
    Plain(String),
    /// `{…}`: the code's place, without the braces.
    Code(usize, usize),
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Word,
    Number,
    Text(Vec<TextPart>),
    Regex(String),
    Date,
    Time,
    /// An RFC 3339 timestamp.
    Moment,
    Sign(&'static str),
}

/// A token.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Longer signs first.
const SIGNS: &[&str] = &[
    "..", "<=", ">=", "==", "!=", "<>", "&&", "||", "(", ")", ",", ".", "<", ">", "+", "-", "*",
    "/", "%", "=", ":", "?", "!", "≤", "≥", "≠", "[", "]",
];

/// The tokens of the bytes `start..end` of a text.
pub(super) fn tokens(
    text: &str,
    start: usize,
    end: usize,
    index: &Index,
) -> Result<Vec<Token>, Fail> {
    if end.saturating_sub(start) > LONGEST {
        return Err(
            Fail::new(start, end, "this code is longer than 10,000 bytes")
                .named("too-long")
                .help("give parts of it a name, as a computed field or a function"),
        );
    }
    let mut out: Vec<Token> = Vec::new();
    let mut at = start;
    while at < end {
        let rest = text.get(at..end).unwrap_or("");
        let Some(letter) = rest.chars().next() else {
            break;
        };
        if letter.is_whitespace() {
            at += letter.len_utf8();
            continue;
        }
        let (kind, size) = if letter.is_alphabetic() || letter == '_' {
            (Kind::Word, word(rest, index))
        } else if letter.is_ascii_digit() {
            number(rest)
        } else if letter == '"' {
            let (parts, size) = quoted(text, at, end)?;
            (Kind::Text(parts), size)
        } else if letter == '/' && after_matches(&out, text) {
            regex(rest, at)?
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Kind::Sign(sign), sign.len())
        } else {
            return Err(strange(letter, at));
        };
        out.push(Token {
            kind,
            start: at,
            end: at + size,
        });
        at += size.max(1);
    }
    Ok(out)
}

fn strange(letter: char, at: usize) -> Fail {
    let fail = Fail::new(
        at,
        at + letter.len_utf8(),
        format!("`{letter}` has no meaning here"),
    );
    match letter {
        '\'' | '“' | '”' | '„' | '‘' | '’' | '«' | '»' => {
            fail.help("text stands between straight double quotes: `\"text\"`")
        }
        '{' | '}' => fail.help("braces stand only inside text: `\"Taken over: {subject}\"`"),
        '–' | '—' | '−' => fail.help("minus is written `-`").edit("-"),
        '×' => fail.help("times is written `*`").edit("*"),
        '÷' => fail.help("divided by is written `/`").edit("/"),
        _ => fail.help("take it out, or put text between double quotes"),
    }
}

fn word_size(rest: &str) -> usize {
    rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
        .unwrap_or(rest.len())
}

/// A word; hyphens belong to it where that gives a declared name of several words.
fn word(rest: &str, index: &Index) -> usize {
    let first = word_size(rest);
    let mut best = first;
    let mut at = first;
    for _ in 0..8 {
        let Some(next) = rest.get(at..).and_then(|rest| rest.strip_prefix('-')) else {
            break;
        };
        if !next.starts_with(|letter: char| letter.is_alphanumeric()) {
            break;
        }
        at += 1 + word_size(next);
        if index
            .compound
            .contains(&fold_name(rest.get(..at).unwrap_or("")))
        {
            best = at;
        }
    }
    best
}

fn digits(rest: &str, at: usize) -> usize {
    rest.bytes().skip(at).take_while(u8::is_ascii_digit).count()
}

fn is_at(rest: &str, at: usize, byte: u8) -> bool {
    rest.as_bytes().get(at) == Some(&byte)
}

fn number(rest: &str) -> (Kind, usize) {
    let whole = digits(rest, 0);
    if whole == 4
        && is_at(rest, 4, b'-')
        && digits(rest, 5) == 2
        && is_at(rest, 7, b'-')
        && digits(rest, 8) == 2
    {
        if is_at(rest, 10, b'T') && digits(rest, 11) == 2 {
            let inside = |byte: &u8| {
                byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b'Z' | b'+' | b'-')
            };
            let more = rest.bytes().skip(11).take_while(inside).count();
            return (Kind::Moment, 11 + more);
        }
        return (Kind::Date, 10);
    }
    if whole <= 2 && is_at(rest, whole, b':') && digits(rest, whole + 1) == 2 {
        let seconds = whole + 3;
        if is_at(rest, seconds, b':') && digits(rest, seconds + 1) == 2 {
            return (Kind::Time, seconds + 3);
        }
        return (Kind::Time, seconds);
    }
    let part = if is_at(rest, whole, b'.') {
        digits(rest, whole + 1)
    } else {
        0
    };
    (
        Kind::Number,
        if part > 0 { whole + 1 + part } else { whole },
    )
}

fn after_matches(out: &[Token], text: &str) -> bool {
    out.last().is_some_and(|token| {
        token.kind == Kind::Word
            && text
                .get(token.start..token.end)
                .is_some_and(|word| word.eq_ignore_ascii_case("matches"))
    })
}

fn regex(rest: &str, at: usize) -> Result<(Kind, usize), Fail> {
    let mut pattern = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((place, letter)) = letters.next() {
        match letter {
            '/' => return Ok((Kind::Regex(pattern), place + 1)),
            '\\' => match letters.next() {
                Some((_, '/')) => pattern.push('/'),
                Some((_, next)) => {
                    pattern.push('\\');
                    pattern.push(next);
                }
                None => break,
            },
            _ => pattern.push(letter),
        }
    }
    Err(
        Fail::new(at, at + rest.len(), "this pattern has no closing `/`")
            .help("a pattern stands between slashes: `/[A-Z]+/`"),
    )
}

/// A text between quotes that begins at `at`: its parts, and its size with the quotes.
fn quoted(text: &str, at: usize, end: usize) -> Result<(Vec<TextPart>, usize), Fail> {
    match body(text, at + 1, end, true)? {
        (parts, Some(close)) => Ok((parts, close + 1 - at)),
        (_, None) => Err(Fail::new(at, end, "this text has no closing quote")
            .help("text stands between double quotes; a quote inside is `\\\"`")),
    }
}

/// The parts of a text from `at` to its closing quote, or to `end` where there are no quotes around it.
pub(super) fn body(
    text: &str,
    at: usize,
    end: usize,
    quotes: bool,
) -> Result<(Vec<TextPart>, Option<usize>), Fail> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let rest = text.get(at..end).unwrap_or("");
    let mut letters = rest.char_indices();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' if quotes => {
                if !plain.is_empty() {
                    parts.push(TextPart::Plain(plain));
                }
                return Ok((parts, Some(at + place)));
            }
            '\\' => match letters.next() {
                Some((_, 'n')) => plain.push('\n'),
                Some((_, next @ ('"' | '\\' | '{' | '}'))) => plain.push(next),
                Some((_, next)) => {
                    plain.push('\\');
                    plain.push(next);
                }
                None => plain.push('\\'),
            },
            '{' => {
                let inside = at + place + 1;
                let Some(close) = closing_brace(text, inside, end) else {
                    return Err(Fail::new(
                        at + place,
                        at + place + 1,
                        "this `{` in a text has no `}`",
                    )
                    .help("values go into text as `{name}`; a brace itself is `\\{`"));
                };
                if !plain.is_empty() {
                    parts.push(TextPart::Plain(std::mem::take(&mut plain)));
                }
                parts.push(TextPart::Code(inside, close));
                while letters
                    .clone()
                    .next()
                    .is_some_and(|(next, _)| at + next <= close)
                {
                    letters.next();
                }
            }
            _ => plain.push(letter),
        }
    }
    if !plain.is_empty() {
        parts.push(TextPart::Plain(plain));
    }
    Ok((parts, None))
}

/// The `}` that ends the code beginning at `at`; texts inside it may hold braces and code of their own.
fn closing_brace(text: &str, at: usize, end: usize) -> Option<usize> {
    #[derive(PartialEq)]
    enum Inside {
        Code,
        Text,
    }
    let mut stack = vec![Inside::Code];
    let mut letters = text.get(at..end)?.char_indices();
    while let Some((place, letter)) = letters.next() {
        match (stack.last()?, letter) {
            (Inside::Code, '}') | (Inside::Text, '"') => {
                stack.pop();
                if stack.is_empty() {
                    return Some(at + place);
                }
            }
            (Inside::Code, '"') => stack.push(Inside::Text),
            (Inside::Text, '{') => stack.push(Inside::Code),
            (Inside::Text, '\\') => {
                letters.next();
            }
            _ => {}
        }
    }
    None
}
