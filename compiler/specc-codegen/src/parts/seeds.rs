//! Example data as values: dates and times that hang on today stay so.

use super::{Context, fields::stored_number};
use crate::source::{list, literal};
use crate::sql::{Names as _, Sql};
use specc_ir::expr::{BinaryOp, Builtin, Expr, ExprKind, Literal, UnaryOp};
use specc_ir::ir::{EntityId, FieldId, SeedRow, SeedValue, Type, USER};

const DAY_MS: i64 = 86_400_000;

/// All rows of all seeds.
#[must_use]
pub fn seeds(context: &Context<'_>) -> Vec<String> {
    let mut rows = Vec::new();
    for seed in &context.ir.seeds {
        for row in &seed.rows {
            rows.push(seed_row(context, &seed.name.text, row));
        }
    }
    rows
}

fn seed_row(context: &Context<'_>, seed: &str, row: &SeedRow) -> String {
    let values: Vec<String> = row
        .values
        .iter()
        .map(|(field, value)| {
            let constant = format!(
                "crate::{}::field::{}",
                context.names.module(row.entity),
                context.names.field_constant(row.entity, *field)
            );
            let code = self::value(context, row.entity, *field, value);
            format!("({constant}, {code})")
        })
        .collect();
    let roles: Vec<String> = row
        .roles
        .iter()
        .map(|role| format!("roles::{}", context.names.role_constant(*role)))
        .collect();
    let moment = |value: &Option<Expr>| {
        value.as_ref().map_or_else(
            || "None".to_owned(),
            |value| format!("Some({})", plain(context, value, &Type::Timestamp)),
        )
    };
    let times = match (&row.created, &row.updated) {
        (None, None) => "SeedTimes::NOW".to_owned(),
        (created, updated) => format!(
            "SeedTimes {{ created: {}, updated: {} }}",
            moment(created),
            moment(updated)
        ),
    };
    format!(
        "Seed {{ seed: {}, entity: app::{}, key: {}, values: {}, times: {times}, roles: {} }}",
        literal(seed),
        context.names.entity_constant(row.entity),
        literal(&key(context, row)),
        list(&values),
        list(&roles)
    )
}

/// What the row is shown as.
fn key(context: &Context<'_>, row: &SeedRow) -> String {
    let shown = context
        .entity(row.entity)
        .and_then(|entity| entity.shown_as);
    let shown = shown.or((row.entity == USER).then_some(FieldId(0)));
    let value = row
        .values
        .iter()
        .find(|(field, _)| Some(*field) == shown)
        .map(|(_, value)| value);
    match value {
        Some(SeedValue::Value(Expr {
            kind: ExprKind::Literal(Literal::Text(text)),
            ..
        })) => text.clone(),
        Some(SeedValue::Reference(_, name)) => name.clone(),
        _ => String::new(),
    }
}

fn value(context: &Context<'_>, entity: EntityId, field: FieldId, value: &SeedValue) -> String {
    let ty = context
        .field(entity, field)
        .map_or(&Type::Empty, |field| &field.ty);
    match value {
        SeedValue::Reference(entity, name) => {
            format!(
                "SeedValue::Reference(app::{}, {})",
                context.names.entity_constant(*entity),
                literal(name)
            )
        }
        SeedValue::References(entity, names) => {
            let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
            format!(
                "SeedValue::References(app::{}, {})",
                context.names.entity_constant(*entity),
                list(&names)
            )
        }
        SeedValue::Texts(texts) => {
            let texts: Vec<String> = texts.iter().map(|text| literal(text)).collect();
            format!("SeedValue::Texts({})", list(&texts))
        }
        SeedValue::Value(expr) => plain(context, expr, ty),
    }
}

/// A value as data; what is more than that is asked of the database once the rows above are there.
fn plain(context: &Context<'_>, expr: &Expr, ty: &Type) -> String {
    let data = match &expr.kind {
        ExprKind::Literal(Literal::Text(text)) => {
            Some(format!("SeedValue::Text({})", literal(text)))
        }
        ExprKind::Literal(Literal::Choice(choice, value)) => Some(format!(
            "SeedValue::Text({})",
            literal(&context.names.choice_value(*choice, *value))
        )),
        // An empty text is stored as nothing, also where there is a default.
        ExprKind::Literal(Literal::Empty) => Some("SeedValue::Text(\"\")".to_owned()),
        ExprKind::Literal(_) => {
            stored_number(context.ir, expr, ty).map(|number| format!("SeedValue::Int({number})"))
        }
        _ => moment(expr).map(|moment| match moment {
            Moment::Days(days) => format!("SeedValue::Today({days})"),
            Moment::Milliseconds(ms) => format!("SeedValue::Now({ms})"),
            Moment::Plain(number) => format!("SeedValue::Int({number})"),
        }),
    };
    data.unwrap_or_else(|| {
        let mut sql = Sql::over_row(context.ir, context.names);
        let value = sql.at_type(expr, ty);
        format!("SeedValue::Sql({})", literal(&format!("SELECT {value}")))
    })
}

/// A value that hangs on the clock.
enum Moment {
    /// Days from today.
    Days(i64),
    /// Milliseconds from now.
    Milliseconds(i64),
    /// A number that does not hang on it.
    Plain(i64),
}

fn moment(expr: &Expr) -> Option<Moment> {
    match &expr.kind {
        ExprKind::Today => Some(Moment::Days(0)),
        ExprKind::Now => Some(Moment::Milliseconds(0)),
        ExprKind::Literal(
            Literal::Integer(number) | Literal::Duration(number) | Literal::Timestamp(number),
        ) => Some(Moment::Plain(*number)),
        ExprKind::Call(Builtin::Date, arguments) => match moment(arguments.first()?)? {
            Moment::Milliseconds(ms) if ms % DAY_MS == 0 => Some(Moment::Days(ms / DAY_MS)),
            _ => None,
        },
        ExprKind::Unary(UnaryOp::Negate, inner) => match moment(inner)? {
            Moment::Plain(number) => Some(Moment::Plain(number.checked_neg()?)),
            _ => None,
        },
        ExprKind::Binary(op @ (BinaryOp::Add | BinaryOp::Subtract), left, right) => {
            let (left, right) = match (moment(left)?, moment(right)?) {
                (Moment::Plain(left), right)
                    if *op == BinaryOp::Add && !matches!(right, Moment::Plain(_)) =>
                {
                    (right, Moment::Plain(left))
                }
                both => both,
            };
            let Moment::Plain(change) = right else {
                return None;
            };
            let change = if *op == BinaryOp::Add {
                change
            } else {
                change.checked_neg()?
            };
            Some(match left {
                Moment::Days(days) if change % DAY_MS == 0 => {
                    Moment::Days(days.checked_add(change / DAY_MS)?)
                }
                Moment::Days(_) => return None,
                Moment::Milliseconds(ms) => Moment::Milliseconds(ms.checked_add(change)?),
                Moment::Plain(number) => Moment::Plain(number.checked_add(change)?),
            })
        }
        _ => None,
    }
}
