//! The record of what happened to rows, readable by whoever may read the row. Values of private fields stay out.

use crate::access::readable;
use crate::caller::Caller;
use crate::def::Entity;
use crate::finish::Root;
use crate::operation::Row;
use crate::plan::bit;
use crate::reader::Reader;
use crate::refusal::Refusal;
use crate::scope::{Scope, Touched};
use crate::writer::Writer;
use kernel::kind::Kind;
use kernel::value::Value;
use rusqlite::params;

/// Most entries of one row that are given.
const MOST: i64 = 200;

/// Something that happened to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Milliseconds.
    pub at: i64,
    /// Who did it; none for the program and for visitors.
    pub user: Option<i64>,
    /// What they are known by; none where there is nobody (any more).
    pub who: Option<String>,
    /// `create`, `update`, `delete`, or the slug of a step or action.
    pub what: String,
    /// The names of the fields that changed, as far as the caller may read them.
    pub fields: Vec<String>,
}

/// What happened to a row, the newest first; nothing where the caller may not read it.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn of(
    r: &Reader<'_>,
    caller: &Caller,
    entity: &'static Entity,
    id: i64,
) -> Result<Vec<Entry>, Refusal> {
    let Some(visible) = r.with_scope(*caller, |scope| readable(scope, entity, id))? else {
        return Ok(Vec::new());
    };
    let shown =
        |name: &String| {
            entity.fields.iter().enumerate().any(|(index, field)| {
                field.name == name && !field.private && visible & bit(index) != 0
            })
        };
    let sql = "SELECT a.at, a.user_id, u.name, a.what, a.changes FROM audit AS a \
               LEFT JOIN \"user\" AS u ON u.id = a.user_id \
               WHERE a.entity = ?1 AND a.row_id = ?2 ORDER BY a.id DESC LIMIT ?3";
    let mut statement = r.prepare_cached(sql)?;
    let mut rows = statement.query(params![entity.table, id, MOST])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let changes: Option<String> = row.get(4)?;
        let changes: serde_json::Map<String, serde_json::Value> = changes
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        entries.push(Entry {
            at: row.get(0)?,
            user: row.get(1)?,
            who: row
                .get::<_, Option<String>>(2)?
                .filter(|name| !name.is_empty()),
            what: row.get(3)?,
            fields: changes
                .into_iter()
                .map(|(name, _)| name)
                .filter(shown)
                .collect(),
        });
    }
    Ok(entries)
}

/// Adds a line about a row.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn note(
    w: &mut Writer<'_>,
    entity: &'static Entity,
    id: i64,
    what: &str,
) -> Result<(), Refusal> {
    let scope = w.scope();
    write(&scope, entity, id, what, None)
}

fn write(
    scope: &Scope<'_>,
    entity: &Entity,
    id: i64,
    what: &str,
    changes: Option<String>,
) -> Result<(), Refusal> {
    scope
        .connection
        .prepare_cached(
            "INSERT INTO audit (at, user_id, entity, row_id, what, changes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![scope.now, scope.caller.user, entity.table, id, what, changes])?;
    Ok(())
}

/// What the operation did to a row.
pub(crate) fn record(scope: &Scope<'_>, touched: &Touched, root: Root<'_>) -> Result<(), Refusal> {
    let own =
        root.filter(|(_, entity, id)| entity.index == touched.entity.index && *id == touched.id);
    let what = own.map_or(
        match (touched.created, touched.deleted) {
            (true, _) => "create",
            (_, true) => "delete",
            _ => "update",
        },
        |(what, _, _)| what,
    );
    let changes = if touched.created || touched.deleted {
        None
    } else {
        let row = scope.load(touched.entity, touched.id)?.unwrap_or_default();
        let changes = changes(touched.entity, &touched.old, &row);
        if changes.is_empty() && own.is_none() {
            return Ok(());
        }
        Some(serde_json::Value::Object(changes).to_string())
    };
    write(scope, touched.entity, touched.id, what, changes)
}

/// `{field: [before, after]}`
fn changes(entity: &Entity, old: &Row, new: &Row) -> serde_json::Map<String, serde_json::Value> {
    let mut changes = serde_json::Map::new();
    for (index, field) in entity.fields.iter().enumerate() {
        let (before, after) = (old.value(index), new.value(index));
        if before == after || field.computed || field.private {
            continue;
        }
        // Of what is hidden it is only kept that it changed.
        let pair = match field.kind {
            Kind::Secret | Kind::Password => Vec::new(),
            _ => vec![plain(before), plain(after)],
        };
        changes.insert(field.name.to_owned(), serde_json::Value::Array(pair));
    }
    changes
}

fn plain(value: &Value) -> serde_json::Value {
    match value {
        Value::Empty | Value::Hidden(_) => serde_json::Value::Null,
        Value::Int(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Texts(texts) => texts.clone().into(),
        Value::Ids(ids) => ids.clone().into(),
    }
}
