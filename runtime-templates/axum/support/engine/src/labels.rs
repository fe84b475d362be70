//! What rows are shown as, many at a time.

use crate::def::{App, Entity};
use crate::plan::{expression, literal, quoted};
use crate::refusal::Refusal;
use crate::scope::Scope;
use kernel::kind::Kind;
use kernel::value::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// SQL over `t` for what a row is shown as; NULL where that is empty.
pub(crate) fn sql(app: &App, entity: &Entity) -> String {
    let Some((index, field)) = entity
        .shown_as
        .and_then(|index| Some((index, entity.fields.get(index)?)))
    else {
        return "NULL".to_owned();
    };
    let value = expression(entity, index);
    let kind = match field.kind {
        Kind::Choice(choices) => {
            let mut out = format!("(CASE {value}");
            for choice in choices {
                let _ = write!(
                    out,
                    " WHEN {} THEN {}",
                    literal(choice.value),
                    literal(choice.label)
                );
            }
            out.push_str(" END)");
            return out;
        }
        Kind::Reference(target) => {
            return match app
                .entities
                .get(target)
                .and_then(|entity| plain_name(entity).map(|name| (entity, name)))
            {
                Some((target, name)) => format!(
                    "(SELECT x.{} FROM {} AS x WHERE x.\"id\" = {value})",
                    quoted(name),
                    quoted(target.table)
                ),
                None => format!("show({value}, 'integer')"),
            };
        }
        Kind::Integer => "integer",
        Kind::Decimal(places) => return format!("show({value}, 'decimal{places}')"),
        Kind::Money => "money",
        Kind::Percent => "percent",
        Kind::Bool => "yesno",
        Kind::Date => "date",
        Kind::Time => "time",
        Kind::Timestamp => "timestamp",
        Kind::Duration => "duration",
        Kind::Password | Kind::Secret | Kind::Many(..) | Kind::Json | Kind::TextList => {
            return "NULL".to_owned();
        }
        _ => return value,
    };
    format!("show({value}, '{kind}')")
}

/// The column an entity is shown as, where it is plain text.
fn plain_name(entity: &Entity) -> Option<&'static str> {
    let field = entity.fields.get(entity.shown_as?)?;
    let text = matches!(
        field.kind,
        Kind::Text | Kind::LongText | Kind::Email | Kind::Url | Kind::Slug(_)
    );
    (text && !field.computed).then_some(field.name)
}

/// What a row is shown as where it has no text.
pub(crate) fn nameless(entity: &Entity, id: i64) -> String {
    format!("{} {id}", entity.name)
}

/// What these rows are shown as; rows that are not there are left out.
pub(crate) fn of(
    scope: &Scope<'_>,
    entity: &'static Entity,
    ids: &[i64],
) -> Result<BTreeMap<i64, String>, Refusal> {
    let mut labels = BTreeMap::new();
    if ids.is_empty() {
        return Ok(labels);
    }
    let statement = format!(
        "SELECT t.\"id\", {} FROM {} AS t WHERE t.\"id\" IN (SELECT value FROM json_each(:ids))",
        sql(scope.app, entity),
        scope.plans.of(entity).table
    );
    let mut statement = scope.connection.prepare_cached(&statement)?;
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    scope.bind(&mut statement, &[(":ids", &Value::Ids(sorted))])?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        let label: Option<String> = row.get(1)?;
        labels.insert(
            id,
            label
                .filter(|text| !text.is_empty())
                .unwrap_or_else(|| nameless(entity, id)),
        );
    }
    Ok(labels)
}
