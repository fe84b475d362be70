//! What rows are shown as, many at a time.

use crate::def::{App, Entity};
use crate::ids;
use crate::plan::{expression, literal, quoted};
use crate::refusal::Refusal;
use crate::scope::Scope;
use kernel::kind::Kind;
use kernel::value::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How many references lead at most from a row to the text it is shown as; more, in a circle, say a number.
const DEEPEST: u8 = 4;

/// SQL over `t` for what a row is shown as; NULL where that is empty.
pub(crate) fn sql(app: &App, entity: &Entity) -> String {
    nested(app, entity, 0)
}

fn nested(app: &App, entity: &Entity, deep: u8) -> String {
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
            let Some(target) = app.entities.get(target) else {
                return "NULL".to_owned();
            };
            return match plain_name(target) {
                Some(name) => format!(
                    "(SELECT x.{} FROM {} AS x WHERE x.\"id\" = {value})",
                    quoted(name),
                    quoted(target.table)
                ),
                None if deep < DEEPEST => format!(
                    "(SELECT x.\"label\" FROM (SELECT t.\"id\", {} AS \"label\" FROM {} AS t) AS x \
                     WHERE x.\"id\" = {value})",
                    nested(app, target, deep + 1),
                    quoted(target.table)
                ),
                None => match ids::named_target(app, field.kind) {
                    Some(target) => ids::name_sql(target, &value),
                    None => format!("show({value}, 'integer')"),
                },
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

/// The first row that is shown as this text; letter case decides only between several.
pub(crate) fn find(
    scope: &Scope<'_>,
    entity: &'static Entity,
    text: &str,
) -> Result<Option<i64>, Refusal> {
    let label = sql(scope.app, entity);
    let statement = format!(
        "SELECT t.\"id\" FROM {} AS t WHERE {label} = :text COLLATE NOCASE \
         ORDER BY {label} = :text DESC, t.\"id\" LIMIT 1",
        scope.plans.of(entity).table
    );
    let mut statement = scope.connection.prepare_cached(&statement)?;
    scope.bind(&mut statement, &[(":text", &Value::Text(text.to_owned()))])?;
    match statement.raw_query().next()? {
        Some(row) => Ok(Some(row.get(0)?)),
        None => Ok(None),
    }
}

/// The column an entity is shown as, where it is plain text.
fn plain_name(entity: &Entity) -> Option<&'static str> {
    let field = entity.fields.get(entity.shown_as?)?;
    let text = matches!(
        field.kind,
        Kind::Text | Kind::LongText | Kind::Email | Kind::Url | Kind::Slug(_)
    );
    (text && !field.computed).then_some(field.column())
}

/// What a row is shown as where it has no text.
pub(crate) fn nameless(entity: &Entity, id: i64) -> String {
    if entity.named_by().is_some() {
        return entity.name.to_owned();
    }
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
