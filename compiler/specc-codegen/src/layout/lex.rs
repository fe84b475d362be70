//! Text to tokens. Paths with their generics are one word.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A path, number, keyword or lifetime.
    Word,
    /// A string literal.
    Text,
    /// Punctuation.
    Punct,
    /// `///` or `//!` with its text.
    Doc,
    /// `//` with its text.
    Note,
    /// Behind the last token.
    End,
}

/// A token and where it begins.
#[derive(Debug, Clone, Copy)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its text.
    pub text: &'a str,
    /// Its first byte in the source.
    pub at: usize,
}

/// Two bytes are one sign.
fn is_long(first: u8, second: u8) -> bool {
    matches!(
        (first, second),
        (b'-' | b'=', b'>')
            | (b'=' | b'!' | b'<' | b'>', b'=')
            | (b'&', b'&')
            | (b'|', b'|')
            | (b'<', b'<')
            | (b'>', b'>')
            | (b'.', b'.')
    )
}

/// The tokens of a text; none where it holds something that no token begins with.
pub fn tokens(source: &str) -> Option<Vec<Token<'_>>> {
    let mut out = Vec::with_capacity(source.len() / 5);
    let mut at = 0;
    let bytes = source.as_bytes();
    while let Some(byte) = bytes.get(at) {
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let rest = source.get(at..)?;
        let (kind, length) = match byte {
            b'/' if rest.starts_with("//") => {
                let line = rest.find('\n').unwrap_or(rest.len());
                let doc = rest.starts_with("///") || rest.starts_with("//!");
                (if doc { Kind::Doc } else { Kind::Note }, line)
            }
            b'"' => (Kind::Text, string(rest)?),
            b'r' if raw_hashes(rest).is_some() => (Kind::Text, raw_string(rest)?),
            b'\'' => (Kind::Word, 1 + word_length(rest.get(1..)?)),
            byte if is_word(*byte) => (Kind::Word, path(rest)),
            _ => {
                let second = bytes.get(at + 1).copied().unwrap_or(0);
                let length = if is_long(*byte, second) { 2 } else { 1 };
                rest.get(..length)?;
                (Kind::Punct, length)
            }
        };
        let text = rest.get(..length)?;
        let text = if matches!(kind, Kind::Doc | Kind::Note) {
            text.trim_end()
        } else {
            text
        };
        out.push(Token { kind, text, at });
        at += length;
    }
    Some(out)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn word_length(text: &str) -> usize {
    text.bytes().take_while(|byte| is_word(*byte)).count()
}

/// A word and all that is glued to it by `::`.
fn path(text: &str) -> usize {
    let mut length = word_length(text);
    while let Some(rest) = text.get(length..).and_then(|rest| rest.strip_prefix("::")) {
        if rest.starts_with('<') {
            match angles(rest) {
                Some(more) => length += 2 + more,
                None => return length,
            }
        } else {
            let more = word_length(rest);
            if more == 0 {
                return length;
            }
            length += 2 + more;
        }
    }
    length
}

/// The length of a text in angle brackets.
fn angles(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    let mut before = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' if before == b'-' => {}
            b'>' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b';' | b'{' | b'}' | b'"' => return None,
            _ => {}
        }
        before = byte;
    }
    None
}

/// The length of a string literal at the start.
pub fn string(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// How many `#` a raw string at the start has.
pub fn raw_hashes(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('r')?;
    let bare = rest.trim_start_matches('#');
    bare.starts_with('"').then(|| rest.len() - bare.len())
}

/// The length of a raw string at the start.
pub fn raw_string(text: &str) -> Option<usize> {
    let hashes = raw_hashes(text)?;
    let body = text.get(hashes + 2..)?;
    let close = format!("\"{}", "#".repeat(hashes));
    Some(hashes + 2 + body.find(&close)? + close.len())
}
