//! The values of a scenario as Rust.

use crate::parts::Context;
use crate::parts::fields::stored_number;
use crate::source::literal;
use crate::sql::{Names as _, Sql, scale_or_zero};
use specc_ir::eval::{self, Value};
use specc_ir::expr::{Builtin, Expr, ExprKind, Literal};
use specc_ir::ir::{ChoiceId, SeedValue, Type};
use specc_syntax::span::Span;

const DAY_MS: i64 = 86_400_000;

/// A value as code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// A value of the type that its field takes.
    Plain(String),
    /// A value of a choice.
    Choice(String),
    /// Nothing.
    Empty,
    /// The row of its entity that came last.
    Last,
    /// What this SQL gives at that moment.
    Computed(String),
}

/// What a field of this type takes in the tests.
#[must_use]
pub fn parameter(context: &Context<'_>, ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::Integer => "i64".to_owned(),
        Type::Date => "Date".to_owned(),
        Type::Time => "Time".to_owned(),
        Type::Timestamp => "Moment".to_owned(),
        Type::Duration => "Length".to_owned(),
        Type::Choice(choice) => format!("choices::{}", context.names.choice_name(*choice)),
        Type::Many(_) | Type::List(_) => "[&str; N]".to_owned(),
        _ => "&str".to_owned(),
    }
}

/// A value that a step says.
#[must_use]
pub fn value(context: &Context<'_>, value: &SeedValue, ty: &Type) -> Code {
    let list = |texts: &[String]| {
        let texts: Vec<String> = texts.iter().map(|text| literal(text)).collect();
        Code::Plain(format!("[{}]", texts.join(", ")))
    };
    match value {
        SeedValue::Reference(_, name) if matches!(ty, Type::Many(_)) => {
            list(std::slice::from_ref(name))
        }
        SeedValue::Reference(_, name) => Code::Plain(literal(name)),
        SeedValue::References(_, names) => list(names),
        SeedValue::Texts(texts) => list(texts),
        SeedValue::Value(expr) => written(context, expr, ty),
    }
}

/// The value of an expression.
#[must_use]
pub fn written(context: &Context<'_>, expr: &Expr, ty: &Type) -> Code {
    match &expr.kind {
        ExprKind::Literal(Literal::Empty) => return Code::Empty,
        ExprKind::Literal(Literal::Choice(id, value)) => return choice(context, *id, *value),
        ExprKind::Literal(Literal::Text(text)) => {
            return Code::Plain(match ty {
                Type::List(_) | Type::Many(_) => format!("[{}]", literal(text)),
                _ => literal(text),
            });
        }
        _ => {}
    }
    match stored_number(context.ir, expr, ty).and_then(|number| number_at(context, number, ty)) {
        Some(code) => Code::Plain(code),
        None => {
            let mut sql = Sql::over_row(context.ir, context.names);
            Code::Computed(format!("SELECT {}", sql.at_type(expr, ty)))
        }
    }
}

/// A value of a choice.
#[must_use]
pub fn choice(context: &Context<'_>, id: ChoiceId, value: u32) -> Code {
    let (enumeration, variant) = (
        context.names.choice_name(id),
        context.names.variant(id, value),
    );
    Code::Choice(format!("choices::{enumeration}::{variant}"))
}

/// A number as it is stored in a field of this type; none where such a field holds none.
#[must_use]
pub fn number_at(context: &Context<'_>, number: i64, ty: &Type) -> Option<String> {
    let shown = |value: Value| eval::show(&value, ty, context.ir, |_| 0);
    Some(match ty {
        Type::Bool => (number != 0).to_string(),
        Type::Integer => number.to_string(),
        Type::Decimal(_) | Type::Money | Type::Percent => {
            literal(&decimal(number, scale_or_zero(context.ir, ty)))
        }
        Type::Date => format!(
            "date({})",
            literal(&shown(Value::Date(i32::try_from(number).ok()?)))
        ),
        Type::Time => format!("time({})", literal(&shown(Value::Time(number)))),
        Type::Timestamp => moment(context, number),
        Type::Duration => length(number),
        _ => return None,
    })
}

/// A moment, in UTC.
#[must_use]
pub fn moment(context: &Context<'_>, ms: i64) -> String {
    let shown = |value: Value| eval::show(&value, &Type::Empty, context.ir, |_| 0);
    let days = i32::try_from(ms.div_euclid(DAY_MS)).unwrap_or(0);
    let day = shown(Value::Date(days));
    let time = shown(Value::Time(ms.rem_euclid(DAY_MS)));
    format!("moment({})", literal(&format!("{day}T{time}Z")))
}

/// A length of time, its thousands apart.
#[must_use]
pub fn length(ms: i64) -> String {
    let digits = ms.unsigned_abs().to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    let sign = if ms < 0 { "-" } else { "" };
    format!("milliseconds({sign}{out})")
}

/// A mantissa with its point.
fn decimal(number: i64, places: u8) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let places = usize::from(places);
    let digits = format!("{:0width$}", number.unsigned_abs(), width = places + 1);
    match digits.split_at_checked(digits.len().saturating_sub(places)) {
        Some((whole, part)) if places > 0 => format!("{sign}{whole}.{part}"),
        _ => format!("{sign}{digits}"),
    }
}

/// The date or time of the moment at which a row is given.
#[must_use]
pub fn current(context: &Context<'_>, ty: &Type) -> Code {
    let expr = |kind, ty: &Type| Expr {
        kind,
        ty: ty.clone(),
        span: Span::default(),
    };
    let now = expr(ExprKind::Now, &Type::Timestamp);
    let kind = match ty {
        Type::Date => ExprKind::Today,
        Type::Time => ExprKind::Call(Builtin::Time, vec![now]),
        _ => ExprKind::Now,
    };
    written(context, &expr(kind, ty), ty)
}
