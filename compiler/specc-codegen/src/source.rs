//! Rust source text: escaping, comments and layout. Knows nothing of programs.

#[cfg(test)]
mod tests;

use syn::visit_mut::VisitMut;

/// The macro that stands for a comment until the text is laid out.
const NOTE: &str = "specc_note!(";

/// Text on one line that a comment can hold: controls and marks that turn the direction are gone.
#[must_use]
pub fn comment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if letter.is_control()
            || letter.is_whitespace()
            || letter == '\u{2028}'
            || letter == '\u{2029}'
        {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else if !turns {
            out.push(letter);
        }
    }
    out.trim().to_owned()
}

/// A comment with a pointer to the spec: `Sentence. (spec/app.md:31)`.
#[must_use]
pub fn pointed(text: &str, place: &str) -> String {
    let text = comment(text);
    let place = comment(place);
    if text.is_empty() {
        format!("({place})")
    } else {
        format!("{text} ({place})")
    }
}

/// The first paragraph of a prose text.
#[must_use]
pub fn first_paragraph(text: &str) -> &str {
    text.trim().split("\n\n").next().unwrap_or("")
}

/// A statement that becomes a `//` comment.
#[must_use]
pub fn note(text: &str) -> String {
    format!("{NOTE}{:?});\n", comment(text))
}

/// A string literal.
#[must_use]
pub fn literal(text: &str) -> String {
    crate::rust::literal(text)
}

/// An array's elements between brackets.
#[must_use]
pub fn list(items: &[String]) -> String {
    format!("&[{}]", items.join(", "))
}

/// The code mentions this path, outside of its string literals and comments.
#[must_use]
pub fn mentions(code: &str, path: &str) -> bool {
    Pieces { rest: code }.any(|piece| has_path(piece, path))
}

/// The code mentions this word by itself, outside of its string literals and comments.
#[must_use]
pub fn mentions_word(code: &str, word: &str) -> bool {
    Pieces { rest: code }.any(|piece| has_word(piece, word))
}

/// Code without its string literals and line comments. A comment may hold any quotes.
struct Pieces<'c> {
    rest: &'c str,
}

impl<'c> Iterator for Pieces<'c> {
    type Item = &'c str;

    fn next(&mut self) -> Option<&'c str> {
        if self.rest.is_empty() {
            return None;
        }
        let string = next_string(self.rest);
        let until = string.unwrap_or(self.rest.len());
        let comment = self.rest.get(..until).and_then(|code| code.find("//"));
        let (piece, from) = self.rest.split_at(comment.or(string).unwrap_or(until));
        self.rest = match (comment, string) {
            (Some(_), _) => from.split_once('\n').map_or("", |(_, below)| below),
            (None, Some(_)) => behind_string(from),
            (None, None) => "",
        };
        Some(piece)
    }
}

fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        let after = code
            .get(at + word.len()..)
            .and_then(|after| after.chars().next());
        let part = |letter: Option<char>| {
            letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
        };
        !part(before) && before != Some(':') && !part(after)
    })
}

fn has_path(code: &str, path: &str) -> bool {
    code.match_indices(path).any(|(at, _)| {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == ':')
    })
}

/// Where the next string literal begins: at its quote or the `r` of a raw one.
fn next_string(code: &str) -> Option<usize> {
    let quote = code.find('"')?;
    let before = code.get(..quote)?;
    let bare = before.trim_end_matches('#');
    Some(if bare.ends_with('r') {
        bare.len() - 1
    } else {
        quote
    })
}

fn behind_string(code: &str) -> &str {
    if let Some(raw) = code.strip_prefix('r') {
        let hashes = raw.bytes().take_while(|byte| *byte == b'#').count();
        let end = format!("\"{}", "#".repeat(hashes));
        let body = raw.get(hashes + 1..).unwrap_or("");
        return body
            .find(&end)
            .and_then(|at| body.get(at + end.len()..))
            .unwrap_or("");
    }
    let mut escaped = false;
    for (at, letter) in code.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return code.get(at + 1..).unwrap_or(""),
            _ => {}
        }
    }
    ""
}

/// Lays out a file: items apart by a blank line, comments in their places. Text that is no Rust comes back as it is.
#[must_use]
pub fn tidy(source: &str) -> String {
    let Ok(mut file) = syn::parse_file(source) else {
        return source.to_owned();
    };
    NeedlessParentheses.visit_file_mut(&mut file);
    let mut notes = Notes::default();
    notes.visit_file_mut(&mut file);
    let mut out = String::with_capacity(source.len() + source.len() / 4);
    if !file.attrs.is_empty() {
        let head = syn::File {
            attrs: file.attrs,
            ..empty_file()
        };
        out.push_str(&prettyplease::unparse(&head));
    }
    let mut last = None;
    for item in file.items {
        let kind = std::mem::discriminant(&item);
        let together = last == Some(kind) && is_terse(&item);
        if !out.is_empty() && !together {
            out.push('\n');
        }
        last = Some(kind);
        let one = syn::File {
            items: vec![item],
            ..empty_file()
        };
        out.push_str(&prettyplease::unparse(&one));
    }
    with_comments(&out, &notes.texts)
}

fn empty_file() -> syn::File {
    syn::File {
        shebang: None,
        frontmatter: None,
        attrs: Vec::new(),
        items: Vec::new(),
    }
}

/// It stands directly below another of its kind.
fn is_terse(item: &syn::Item) -> bool {
    match item {
        syn::Item::Use(item) => item.attrs.is_empty(),
        syn::Item::Mod(item) => item.attrs.is_empty() && item.content.is_none(),
        syn::Item::Const(item) => item.attrs.is_empty(),
        _ => false,
    }
}

fn with_comments(source: &str, notes: &[String]) -> String {
    let mut out = String::with_capacity(source.len());
    for line in source.lines() {
        let code = line.trim_start();
        let number = code
            .strip_prefix("specc_note!(")
            .and_then(|rest| rest.strip_suffix(");"));
        let text = number.and_then(|number| notes.get(number.parse::<usize>().ok()?));
        if let Some(text) = text {
            out.push_str(line.get(..line.len() - code.len()).unwrap_or(""));
            out.push_str("// ");
            out.push_str(text);
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

/// Takes the texts of comments out, so that none is broken over lines.
#[derive(Default)]
struct Notes {
    texts: Vec<String>,
}

impl VisitMut for Notes {
    fn visit_macro_mut(&mut self, call: &mut syn::Macro) {
        if call.path.is_ident("specc_note")
            && let Ok(text) = call.parse_body::<syn::LitStr>()
            && let Ok(number) = syn::parse_str(&self.texts.len().to_string())
        {
            self.texts.push(text.value());
            call.tokens = number;
        }
    }
}

/// Takes parentheses away where nothing needs them.
struct NeedlessParentheses;

impl VisitMut for NeedlessParentheses {
    fn visit_expr_call_mut(&mut self, call: &mut syn::ExprCall) {
        call.args.iter_mut().for_each(bare);
        syn::visit_mut::visit_expr_call_mut(self, call);
    }

    fn visit_expr_method_call_mut(&mut self, call: &mut syn::ExprMethodCall) {
        call.args.iter_mut().for_each(bare);
        syn::visit_mut::visit_expr_method_call_mut(self, call);
    }

    fn visit_local_init_mut(&mut self, init: &mut syn::LocalInit) {
        bare(&mut init.expr);
        syn::visit_mut::visit_local_init_mut(self, init);
    }

    fn visit_expr_if_mut(&mut self, conditional: &mut syn::ExprIf) {
        bare(&mut conditional.cond);
        syn::visit_mut::visit_expr_if_mut(self, conditional);
    }

    fn visit_expr_paren_mut(&mut self, paren: &mut syn::ExprParen) {
        bare(&mut paren.expr);
        syn::visit_mut::visit_expr_paren_mut(self, paren);
    }

    fn visit_stmt_mut(&mut self, statement: &mut syn::Stmt) {
        if let syn::Stmt::Expr(expression, None) = statement {
            bare(expression);
        }
        syn::visit_mut::visit_stmt_mut(self, statement);
    }
}

fn bare(expression: &mut syn::Expr) {
    while let syn::Expr::Paren(paren) = expression {
        let inner = std::mem::replace(&mut *paren.expr, syn::Expr::PLACEHOLDER);
        *expression = inner;
    }
}
