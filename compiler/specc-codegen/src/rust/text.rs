//! Pieces of Rust as text.

use specc_ir::expr::{Expr, ExprKind, Literal};

/// A string literal that reads well: raw where it holds quotes or backslashes and nothing odd.
#[must_use]
pub fn literal(text: &str) -> String {
    let odd = text.chars().any(|c| {
        c.is_control()
            || c == '\u{feff}'
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    });
    if odd || !(text.contains('"') || text.contains('\\')) {
        return format!("{text:?}");
    }
    let mut hashes = 1;
    while text.contains(&format!("\"{}", "#".repeat(hashes))) {
        hashes += 1;
    }
    let hashes = "#".repeat(hashes);
    format!("r{hashes}\"{text}\"{hashes}")
}

/// An integer literal with separators.
pub(super) fn integer(number: i64) -> String {
    if number == i64::MIN {
        return "i64::MIN".to_owned();
    }
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) && digits.len() > 4 {
            out.push('_');
        }
        out.push(digit);
    }
    // Where nothing else says so, a number would be one of 32 bits.
    if i32::try_from(number).is_err() {
        out.push_str("_i64");
    }
    if number < 0 { format!("-{out}") } else { out }
}

/// A value as a statement; what is one in brackets is one without them.
pub(super) fn selected(sql: &str) -> String {
    let inner = crate::sql::bare(sql);
    if inner.starts_with("SELECT ") {
        inner.to_owned()
    } else {
        format!("SELECT {inner}")
    }
}

/// It is never empty, and its code says so with `Some(…)`.
pub(super) fn is_certain(expr: &Expr, code: &str) -> bool {
    let kind = match &expr.kind {
        ExprKind::Literal(literal) => !matches!(literal, Literal::Bool(_) | Literal::Choice(..)),
        ExprKind::Now | ExprKind::Today | ExprKind::Var(_) => true,
        _ => false,
    };
    kind && code.starts_with("Some(") && code.ends_with(')')
}

/// What stands in `Some(…)`.
pub(super) fn certain(code: &str) -> String {
    let inner = code
        .strip_prefix("Some(")
        .and_then(|code| code.strip_suffix(')'))
        .unwrap_or(code);
    let number = inner
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'-'));
    if number {
        format!("{inner}_i64")
    } else {
        inner.to_owned()
    }
}

/// Code that does nothing but ask the database: the question, without its `?`.
#[must_use]
pub fn asked(code: &str) -> Option<&str> {
    let asked = code.strip_suffix('?')?;
    let mut depth = 0_u32;
    let mut closed = false;
    for (position, token) in crate::layout::tokens(asked)?.iter().enumerate() {
        match token.text {
            // Something follows the call.
            _ if closed => return None,
            text if position == 0 && text != "op" => return None,
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.checked_sub(1)?;
                closed = depth == 0;
            }
            text if depth == 0 && position > 2 && text != "::" => return None,
            _ => {}
        }
    }
    closed.then_some(asked)
}

/// The word `empty`.
pub(super) fn is_empty(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Literal(Literal::Empty))
}
