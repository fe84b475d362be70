//! Which types go together, and literals that take the type of their place.

use super::literal::{Misfit, exact};
use super::typing::Typer;
use crate::expr::{Expr, ExprKind, Literal, UnaryOp};
use crate::ir::{Ir, Type};

/// The type as the language writes it.
pub(crate) fn describe(ty: &Type, ir: &Ir) -> String {
    let word = match ty {
        Type::Text => "text",
        Type::LongText => "long text",
        Type::Markdown => "markdown",
        Type::Email => "email",
        Type::Url => "url",
        Type::Slug(_) => "slug",
        Type::Integer => "integer",
        Type::Decimal(places) => return format!("decimal({places})"),
        Type::Money => "money",
        Type::Percent => "percent",
        Type::Bool => "yes/no",
        Type::Date => "date",
        Type::Time => "time",
        Type::Timestamp => "timestamp",
        Type::Duration => "duration",
        Type::Choice(id) => {
            let choice = ir.choices.get(id.0 as usize);
            return match choice {
                Some(choice) if choice.named => choice.name.text.clone(),
                Some(choice) => {
                    let values: Vec<&str> = choice
                        .values
                        .iter()
                        .map(|value| value.name.text.as_str())
                        .collect();
                    format!("choice ({})", values.join(", "))
                }
                None => "choice".to_owned(),
            };
        }
        Type::Ref(id) => {
            return ir
                .entities
                .get(id.0 as usize)
                .map_or_else(String::new, |entity| entity.name.text.clone());
        }
        Type::Many(id) => {
            return ir
                .entities
                .get(id.0 as usize)
                .map_or_else(String::new, |entity| format!("many {}", entity.name.text));
        }
        Type::List(of) => return format!("list of {}", describe(of, ir)),
        Type::Json => "json",
        Type::Password => "password",
        Type::Secret => "secret",
        Type::Empty => "empty",
    };
    word.to_owned()
}

/// Text that expressions may look into.
pub(crate) fn is_text(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Text | Type::LongText | Type::Markdown | Type::Email | Type::Url | Type::Slug(_)
    )
}

/// Kept so that nobody reads it in passing: expressions only ask whether it is there.
pub(crate) fn is_hidden(ty: &Type) -> bool {
    matches!(ty, Type::Password | Type::Secret)
}

/// An integer or a decimal.
pub(crate) fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::Integer | Type::Decimal(_))
}

/// Places behind the point of a number's mantissa; `None` for what is no number.
#[must_use]
pub fn scale(ty: &Type, ir: &Ir) -> Option<u8> {
    match ty {
        Type::Integer => Some(0),
        Type::Decimal(places) => Some(*places),
        Type::Money => Some(ir.program.currency_digits),
        Type::Percent => Some(4),
        _ => None,
    }
}

/// Values of the two may be compared with `is`.
pub(crate) fn comparable(left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::Empty, _) | (_, Type::Empty) => true,
        (Type::List(_) | Type::Many(_) | Type::Json | Type::Password | Type::Secret, _) => false,
        (left, right) if is_text(left) => is_text(right),
        (left, right) if is_number(left) => is_number(right),
        (left, right) => left == right,
    }
}

/// Values of the type have an order.
pub(crate) fn is_ordered(ty: &Type) -> bool {
    is_text(ty)
        || is_number(ty)
        || matches!(
            ty,
            Type::Money
                | Type::Percent
                | Type::Date
                | Type::Time
                | Type::Timestamp
                | Type::Duration
                | Type::Choice(_)
                | Type::Empty
        )
}

/// Whether an expression became of the wanted type.
pub(super) enum Fit {
    Yes(Expr),
    /// It is of another type.
    Mismatch,
    /// The reason was reported.
    Reported,
}

impl Typer<'_, '_> {
    /// The expression as a value of a type; what does not fit is reported.
    pub(super) fn fitted(&mut self, expr: Expr, ty: &Type) -> Option<Expr> {
        let (span, found) = (expr.span, expr.ty.clone());
        match self.fit(expr, ty) {
            Fit::Yes(expr) => Some(expr),
            Fit::Reported => None,
            Fit::Mismatch => {
                let (wanted, given) = (describe(ty, self.ir), describe(&found, self.ir));
                let mut diagnostic = specc_syntax::diagnostic::Diagnostic::new(
                    "type-mismatch",
                    span,
                    format!("this is {given}, and {wanted} is wanted"),
                );
                diagnostic = match (ty, &found) {
                    (Type::Decimal(to), Type::Decimal(_)) => diagnostic.help(format!(
                        "a number is never rounded in silence: write `round(…, {to})`"
                    )),
                    (Type::Integer, Type::Decimal(_)) => {
                        diagnostic.help("a number is never rounded in silence: write `round(…)`")
                    }
                    (Type::Percent, Type::Integer | Type::Decimal(_)) => {
                        diagnostic.help("a share is written with its sign: `12.5 %`")
                    }
                    (Type::Date, Type::Timestamp) => {
                        diagnostic.help("write `date(…)` for the date of a moment")
                    }
                    (Type::Timestamp, Type::Date) => {
                        diagnostic.help("a moment has a time: `2026-03-01 09:30`")
                    }
                    (ty, _) if is_text(ty) => {
                        diagnostic.help("values go into text as `\"{name}\"`")
                    }
                    (Type::Password, _) => diagnostic
                        .help("a password is only what somebody sends: declare an input of type `password` and set the field to it"),
                    (Type::Choice(_), found) if is_text(found) => {
                        diagnostic.help("a choice's value is written without quotes")
                    }
                    _ => diagnostic.help(format!("use a value of type {wanted}")),
                };
                self.out.push(diagnostic);
                None
            }
        }
    }

    /// Takes the type where it can: literals always, other values where nothing is lost.
    pub(super) fn fit(&mut self, mut expr: Expr, ty: &Type) -> Fit {
        if expr.ty == *ty {
            return Fit::Yes(expr);
        }
        if expr.ty == Type::Empty {
            expr.ty = ty.clone();
            return Fit::Yes(expr);
        }
        match expr.kind {
            ExprKind::Literal(Literal::Integer(_) | Literal::Decimal(_)) if is_number(&expr.ty) => {
                self.fit_number(expr, ty)
            }
            ExprKind::Literal(Literal::Text(ref text)) if is_text(&expr.ty) => {
                let wrong = match ty {
                    Type::Email => (!looks_like_email(text))
                        .then_some("an e-mail address, such as `\"ana@example.org\"`"),
                    Type::Url => (!text.starts_with("http://") && !text.starts_with("https://"))
                        .then_some("an address that begins with `https://` or `http://`"),
                    Type::Secret => None,
                    other if is_text(other) => None,
                    _ => return Fit::Mismatch,
                };
                if let Some(wanted) = wrong {
                    let message = format!("`{text}` is no value of type {}", describe(ty, self.ir));
                    self.report("bad-value", expr.span, message, format!("write {wanted}"));
                    return Fit::Reported;
                }
                expr.ty = ty.clone();
                Fit::Yes(expr)
            }
            ExprKind::Unary(UnaryOp::Negate, inner) if is_literal(&inner) => {
                match self.fit(*inner, ty) {
                    Fit::Yes(inner) => Fit::Yes(Expr {
                        kind: ExprKind::Unary(UnaryOp::Negate, Box::new(inner)),
                        ty: ty.clone(),
                        span: expr.span,
                    }),
                    other => other,
                }
            }
            ExprKind::If(condition, then, otherwise)
                if comparable(&expr.ty, ty) || is_literal(&then) || is_literal(&otherwise) =>
            {
                match (self.fit(*then, ty), self.fit(*otherwise, ty)) {
                    (Fit::Yes(then), Fit::Yes(otherwise)) => Fit::Yes(Expr {
                        kind: ExprKind::If(condition, Box::new(then), Box::new(otherwise)),
                        ty: ty.clone(),
                        span: expr.span,
                    }),
                    (Fit::Reported, _) | (_, Fit::Reported) => Fit::Reported,
                    _ => Fit::Mismatch,
                }
            }
            _ if fits(&expr.ty, ty) => Fit::Yes(expr),
            _ => Fit::Mismatch,
        }
    }

    fn fit_number(&mut self, mut expr: Expr, ty: &Type) -> Fit {
        let (mantissa, from) = match (&expr.kind, &expr.ty) {
            (ExprKind::Literal(Literal::Integer(value)), _) => (*value, 0),
            (ExprKind::Literal(Literal::Decimal(value)), Type::Decimal(places)) => {
                (*value, *places)
            }
            _ => return Fit::Mismatch,
        };
        let to = match ty {
            Type::Decimal(places) => *places,
            Type::Money => self.ir.program.currency_digits,
            _ => return Fit::Mismatch,
        };
        match exact(mantissa, from, to) {
            Ok(mantissa) => {
                expr.kind = ExprKind::Literal(Literal::Decimal(mantissa));
                expr.ty = ty.clone();
                Fit::Yes(expr)
            }
            Err(Misfit::TooLarge) => {
                let message = format!("this number is too large for {}", describe(ty, self.ir));
                self.report(
                    "number-too-large",
                    expr.span,
                    message,
                    "numbers have 64 bits, their places included",
                );
                Fit::Reported
            }
            Err(Misfit::TooManyPlaces) => {
                let message = format!(
                    "this number has more places than {} has",
                    describe(ty, self.ir)
                );
                self.report(
                    "too-many-places",
                    expr.span,
                    message,
                    format!("write it with at most {to} places"),
                );
                Fit::Reported
            }
        }
    }
}

/// A number or text that still takes the type of its place.
pub(super) fn is_literal(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) => true,
        ExprKind::Unary(UnaryOp::Negate, inner) => is_literal(inner),
        _ => false,
    }
}

/// A value of one type may stand where the other is wanted, as it is.
fn fits(found: &Type, wanted: &Type) -> bool {
    match (found, wanted) {
        (Type::Integer, Type::Decimal(_)) => true,
        (Type::Decimal(from), Type::Decimal(to)) => from <= to,
        (found, Type::Secret) => is_text(found),
        (Type::List(of), Type::Many(entity)) => **of == Type::Ref(*entity),
        (Type::Many(entity), Type::List(of)) => **of == Type::Ref(*entity),
        (Type::List(found), Type::List(wanted)) => fits(found, wanted) || found == wanted,
        (found, wanted) => is_text(found) && is_text(wanted),
    }
}

fn looks_like_email(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
        && !text.contains(char::is_whitespace)
}
