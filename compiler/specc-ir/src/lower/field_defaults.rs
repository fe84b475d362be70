//! `default` and `computed` in the Rules cell of a field.

use super::Pass;
use super::field_rules::does_not_fit;
use super::formal::{self};
use super::literal;
use super::types::is_text;
use crate::expr::{Expr, ExprKind};
use crate::ir::{Field, FieldDefault, Type};
use crate::parse;
use crate::scope::Scope;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::tree::Line;

pub(super) fn default(value: &Line, field: &mut Field, scope: &mut Scope<'_>, pass: &mut Pass<'_>) {
    let text = formal::bare(value);
    let folded = text.text.to_lowercase();
    if let Some(count) = folded
        .strip_prefix("random(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        match count.trim().parse::<u8>() {
            Ok(count @ 4..=64) if matches!(field.ty, Type::Text | Type::Secret) => {
                field.default = Some(FieldDefault::Random(count))
            }
            Ok(4..=64) => does_not_fit(
                "`random`",
                text.span,
                field,
                pass,
                "random characters fit a field of type `text`",
            ),
            _ => pass.out.push(
                Diagnostic::new(
                    "bad-value",
                    text.span,
                    format!("`{count}` is no number of random characters"),
                )
                .help("write 4 to 64, such as `random(8)`"),
            ),
        }
        return;
    }
    if folded.starts_with("next ") {
        let pattern = text
            .text
            .get(5..)
            .unwrap_or("")
            .trim()
            .trim_matches('"')
            .to_owned();
        if field.ty != Type::Text {
            does_not_fit(
                "`next`",
                text.span,
                field,
                pass,
                "a running number fits a field of type `text`",
            );
        } else if !next_pattern(&pattern) {
            pass.out.push(
                Diagnostic::new("bad-value", text.span, format!("`{pattern}` is no pattern of a running number"))
                    .help("it has one run of zeros in braces, and may have `{year}` and `{month}`: `next \"PO-{year}-{0000}\"`"),
            );
        } else {
            field.default = Some(FieldDefault::Next(pattern));
        }
        return;
    }
    if field.ty == Type::Empty {
        return;
    }
    if matches!(field.ty, Type::Password | Type::Secret) {
        let help = if field.ty == Type::Secret {
            "what the spec says is known to all its readers; write `default random(32)`, or let somebody set it"
        } else {
            "what the spec says is known to all its readers; let somebody set it"
        };
        does_not_fit("`default`", text.span, field, pass, help);
        return;
    }
    scope.me = true;
    scope.clock = true;
    let this = scope.this.take();
    if value.only_code().is_none()
        && let Ok(found) = literal::read(&text.text, &field.ty, pass.ir)
        && !is_text(&field.ty)
    {
        field.default = Some(FieldDefault::Value(Expr {
            kind: ExprKind::Literal(found),
            ty: field.ty.clone(),
            span: text.span,
        }));
    } else {
        let expr = parse::value_at(scope, &text.text, text.span, Some(&field.ty), pass.out);
        field.default = expr.map(FieldDefault::Value);
    }
    scope.this = this;
}

/// One run of zeros in braces; other braces hold `year` or `month`.
fn next_pattern(pattern: &str) -> bool {
    let mut zeros = 0;
    let mut rest = pattern;
    while let Some((_, behind)) = rest.split_once('{') {
        let Some((inside, behind)) = behind.split_once('}') else {
            return false;
        };
        match inside {
            "year" | "month" => {}
            _ if !inside.is_empty()
                && inside.len() <= 12
                && inside.bytes().all(|byte| byte == b'0') =>
            {
                zeros += 1
            }
            _ => return false,
        }
        rest = behind;
    }
    zeros == 1
}

pub(super) fn computed(
    value: &Line,
    field: &mut Field,
    scope: &mut Scope<'_>,
    pass: &mut Pass<'_>,
) {
    let text = formal::bare(value);
    if field.ty == Type::Empty {
        return;
    }
    if matches!(
        field.ty,
        Type::Many(_) | Type::Slug(_) | Type::Password | Type::Secret
    ) {
        does_not_fit(
            "`computed`",
            text.span,
            field,
            pass,
            "a computed field holds a plain value, a reference or a list of such; rows are `list of Entity`",
        );
        return;
    }
    scope.me = false;
    scope.clock = true;
    field.computed = match value.only_code() {
        Some(code) => parse::value(scope, code, Some(&field.ty), pass.out),
        None => parse::value_at(scope, &text.text, text.span, Some(&field.ty), pass.out),
    };
}
