//! Running a query: rows, JSON, options of a picker.

use super::build::{Built, built, words};
use super::{Cursor, ListQuery, Page, Referred, Shown};
use crate::caller::Caller;
use crate::def::{App, Entity, Fields, Grant};
use crate::ids;
use crate::labels;
use crate::operation::Row;
use crate::plan::{bit, read_value};
use crate::reader::Reader;
use crate::refusal::Refusal;
use crate::scope::{Bound, Scope};
use crate::writer::Writer;
use crate::{access, json};
use kernel::kind::Kind;
use kernel::value::Value;
use rusqlite::types::ValueRef;
use std::borrow::Cow;
use std::rc::Rc;

/// Most rows of one statement, whoever asks.
const MOST: u32 = 1000;

/// A page of rows.
///
/// # Errors
/// 401 or 403 where a caller of this kind reads none; 422 where he may not read what he filters or sorts by.
pub fn list(
    r: &Reader<'_>,
    caller: &Caller,
    entity: &'static Entity,
    query: &ListQuery,
) -> Result<Page, Refusal> {
    r.with_scope(*caller, |scope| {
        let built = prepare(scope, entity, query, false)?;
        let mut page = Page::default();
        let limit = per_page(query);
        let mut last = None;
        let rows = each(scope, &built, query, limit, |row| {
            page.rows.push(shown(entity, &built, row)?);
            last = Some(cursor(&built, entity, row)?);
            Ok(())
        })?;
        page.total = total(r, scope, &built, query, limit, rows.count)?;
        page.next = last.filter(|_| rows.more).map(|cursor| cursor.write());
        references(scope, entity, &mut page.rows)?;
        Ok(page)
    })
}

/// Most rows of a batch.
const BATCH: u32 = 2000;

/// Rows and what leads behind them, as [`list`], without a word on how many there are.
///
/// # Errors
/// As [`list`].
pub fn batch(
    r: &Reader<'_>,
    caller: &Caller,
    entity: &'static Entity,
    query: &ListQuery,
) -> Result<(Vec<Shown>, Option<String>), Refusal> {
    r.with_scope(*caller, |scope| {
        let built = prepare(scope, entity, query, false)?;
        let (mut found, mut last) = (Vec::new(), None);
        let limit = query.per_page.clamp(1, BATCH);
        let rows = each(scope, &built, query, limit, |row| {
            found.push(shown(entity, &built, row)?);
            last = Some(cursor(&built, entity, row)?);
            Ok(())
        })?;
        references(scope, entity, &mut found)?;
        let next = last.filter(|_| rows.more).map(|cursor| cursor.write());
        Ok((found, next))
    })
}

/// A page of rows as JSON: `{"items", "page", "per_page", "total", "next"}`.
///
/// # Errors
/// As [`list`].
pub fn list_json(
    r: &Reader<'_>,
    caller: &Caller,
    entity: &'static Entity,
    query: &ListQuery,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    r.with_scope(*caller, |scope| {
        let built = prepare(scope, entity, query, true)?;
        let limit = per_page(query);
        out.extend_from_slice(b"{\"items\":[");
        let mut first = true;
        let mut last = None;
        let mut written = 0;
        let rows = each(scope, &built, query, limit, |row| {
            if !first {
                out.push(b',');
            }
            first = false;
            written += 1;
            write_row(out, entity, &built, row)?;
            if written == limit {
                last = Some(cursor(&built, entity, row)?);
            }
            Ok(())
        })?;
        out.extend_from_slice(b"],\"page\":");
        json::int(out, i64::from(query.page.max(1)));
        out.extend_from_slice(b",\"per_page\":");
        json::int(out, i64::from(limit));
        out.extend_from_slice(b",\"total\":");
        let total = total(r, scope, &built, query, limit, rows.count)?;
        json::int(out, i64::try_from(total).unwrap_or(i64::MAX));
        out.extend_from_slice(b",\"next\":");
        match last.filter(|_| rows.more) {
            Some(cursor) => json::string(out, cursor.write().as_bytes()),
            None => out.extend_from_slice(b"null"),
        }
        out.push(b'}');
        Ok(())
    })
}

/// A row; none where there is none, or the caller may not read it.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn get(
    r: &Reader<'_>,
    caller: &Caller,
    entity: &'static Entity,
    id: i64,
) -> Result<Option<Shown>, Refusal> {
    r.with_scope(*caller, |scope| {
        let built = single(scope, entity, false)?;
        let mut statement = scope.connection.prepare_cached(&built.single)?;
        scope.bind(&mut statement, &[(":row", &Value::Int(id))])?;
        let mut rows = statement.raw_query();
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let mut found = [shown(entity, &built, row)?];
        references(scope, entity, &mut found)?;
        let [found] = found;
        Ok(Some(found))
    })
}

/// A row as JSON, and its version; none where there is none, or the caller may not read it.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn row_json(
    r: &Reader<'_>,
    caller: &Caller,
    entity: &'static Entity,
    id: i64,
    out: &mut Vec<u8>,
) -> Result<Option<i64>, Refusal> {
    r.with_scope(*caller, |scope| one_json(scope, entity, id, out))
}

/// [`row_json`] of what was just written, for whoever wrote it.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn written_json(
    w: &Writer<'_>,
    entity: &'static Entity,
    id: i64,
    out: &mut Vec<u8>,
) -> Result<Option<i64>, Refusal> {
    one_json(&w.scope(), entity, id, out)
}

fn one_json(
    scope: &Scope<'_>,
    entity: &'static Entity,
    id: i64,
    out: &mut Vec<u8>,
) -> Result<Option<i64>, Refusal> {
    let built = single(scope, entity, true)?;
    let mut statement = scope.connection.prepare_cached(&built.single)?;
    scope.bind(&mut statement, &[(":row", &Value::Int(id))])?;
    let mut rows = statement.raw_query();
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    write_row(out, entity, &built, row)?;
    Ok(Some(row.get(3)?))
}

fn single(scope: &Scope<'_>, entity: &'static Entity, json: bool) -> Result<Rc<Built>, Refusal> {
    built(
        scope.app,
        scope.plans,
        entity,
        &scope.caller,
        &ListQuery::default(),
        json,
    )
}

/// SQL over `t` for what a row is shown as, NULL for whoever may read the row and not that field.
fn readable_label(app: &App, entity: &Entity, grants: &[Grant]) -> String {
    let label = labels::sql(app, entity);
    let Some(shown) = entity.shown_as else {
        return label;
    };
    let with = || grants.iter().filter(|grant| grant.fields & bit(shown) != 0);
    let hidden = grants.iter().any(|grant| grant.fields & bit(shown) == 0);
    if !hidden || with().any(|grant| grant.when.is_empty()) {
        return label;
    }
    let all: Vec<String> = with().map(|grant| format!("({})", grant.when)).collect();
    if all.is_empty() {
        return "NULL".to_owned();
    }
    format!("(CASE WHEN {} THEN {label} END)", all.join(" OR "))
}

/// Rows that can be chosen: those the caller may read, as the outside calls them and as they are shown.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn options(
    r: &Reader<'_>,
    caller: &Caller,
    entity: &'static Entity,
    search: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, String)>, Refusal> {
    r.with_scope(*caller, |scope| {
        let table = &scope.plans.of(entity).table;
        let mut conditions = Vec::new();
        let grants = scope.grants(entity.read);
        if grants.is_empty() {
            return Ok(Vec::new());
        }
        let label = readable_label(scope.app, entity, &grants);
        if grants.iter().all(|grant| !grant.when.is_empty()) {
            let all: Vec<String> = grants.iter().map(|grant| format!("({})", grant.when)).collect();
            conditions.push(format!("({})", all.join(" OR ")));
        }
        if entity.index == 0 && scope.plans.keeps_users {
            conditions.push(
                "NOT EXISTS (SELECT 1 FROM account AS a WHERE a.user_id = t.\"id\" AND a.deleted_at IS NOT NULL)"
                    .to_owned(),
            );
        }
        let search = search.map(str::trim).filter(|text| !text.is_empty()).map(str::to_lowercase);
        if search.is_some() {
            conditions.push(format!("finds({label}, :q)"));
        }
        let filtered = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        let sql = format!(
            "SELECT t.\"id\", {label} AS label FROM {table} AS t{filtered} ORDER BY label COLLATE NOCASE, t.\"id\" LIMIT :limit"
        );
        let mut statement = scope.connection.prepare_cached(&sql)?;
        let limit = Value::from(i64::try_from(limit).ok());
        scope.bind(&mut statement, &[(":q", &Value::from(search)), (":limit", &limit)])?;
        let mut rows = statement.raw_query();
        let mut options = Vec::new();
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let label: Option<String> = row.get(1)?;
            let label = label.filter(|text| !text.is_empty());
            let label = label.unwrap_or_else(|| labels::nameless(entity, id));
            options.push((ids::address_on(scope.connection, entity, id)?, label));
        }
        Ok(options)
    })
}

fn prepare(
    scope: &Scope<'_>,
    entity: &'static Entity,
    query: &ListQuery,
    json: bool,
) -> Result<Rc<Built>, Refusal> {
    if scope.grants(entity.read).is_empty() {
        return Err(scope.forbidden());
    }
    if let Some(after) = &query.after
        && after.keys.len() > 32
    {
        return Err(Refusal::NotFound);
    }
    built(scope.app, scope.plans, entity, &scope.caller, query, json)
}

fn per_page(query: &ListQuery) -> u32 {
    query.per_page.clamp(1, MOST)
}

struct Read {
    count: u32,
    more: bool,
}

fn each(
    scope: &Scope<'_>,
    built: &Built,
    query: &ListQuery,
    limit: u32,
    mut take: impl FnMut(&rusqlite::Row<'_>) -> Result<(), Refusal>,
) -> Result<Read, Refusal> {
    let mut statement = scope.connection.prepare_cached(&built.list)?;
    bind(scope, query, &mut statement, limit)?;
    let mut rows = statement.raw_query();
    let mut read = Read {
        count: 0,
        more: false,
    };
    while let Some(row) = rows.next()? {
        if read.count == limit {
            read.more = true;
            break;
        }
        take(row)?;
        read.count += 1;
    }
    Ok(read)
}

fn bind(
    scope: &Scope<'_>,
    query: &ListQuery,
    statement: &mut rusqlite::Statement<'_>,
    limit: u32,
) -> Result<(), Refusal> {
    let named = named(query, limit);
    let borrowed: Vec<(&str, &Value)> = named
        .iter()
        .map(|(name, value)| (name.as_ref(), value))
        .collect();
    scope.bind(statement, &borrowed)
}

/// What the statements of a query may name.
fn named(query: &ListQuery, limit: u32) -> Vec<(Cow<'static, str>, Value)> {
    let mut named: Vec<(Cow<'static, str>, Value)> = Vec::new();
    for (place, filter) in query.filters.iter().enumerate() {
        named.push((format!(":f{place}").into(), filter.value.clone()));
    }
    for (place, word) in words(query).into_iter().enumerate() {
        named.push((format!(":q{place}").into(), Value::Text(word)));
    }
    if let Some((_, id)) = query.parent {
        named.push((":parent".into(), Value::Int(id)));
    }
    if let Some(cursor) = &query.after {
        named.push((":after".into(), cursor.row.clone()));
        for (place, key) in cursor.keys.iter().enumerate() {
            named.push((format!(":k{place}").into(), key.clone()));
        }
    }
    named.push((":limit".into(), Value::Int(i64::from(limit) + 1)));
    let offset = i64::from(query.page.max(1) - 1) * i64::from(limit);
    named.push((":offset".into(), Value::Int(offset)));
    named
}

fn total(
    r: &Reader<'_>,
    scope: &Scope<'_>,
    built: &Built,
    query: &ListQuery,
    limit: u32,
    read: u32,
) -> Result<u64, Refusal> {
    // A page that is not full says how many there are.
    if query.after.is_none() && read < limit && (read > 0 || query.page <= 1) {
        return Ok(u64::from(query.page.max(1) - 1) * u64::from(limit) + u64::from(read));
    }
    let named = named(query, limit);
    let borrowed: Vec<(&str, &Value)> = named
        .iter()
        .map(|(name, value)| (name.as_ref(), value))
        .collect();
    let mut statement = scope.connection.prepare_cached(&built.count)?;
    let values = scope.values(&statement, &borrowed)?;
    r.counts
        .count(scope.connection, &built.count, values, |values| {
            for (index, value) in (1..).zip(values) {
                statement.raw_bind_parameter(index, Bound(value))?;
            }
            let mut rows = statement.raw_query();
            let count: i64 = match rows.next()? {
                Some(row) => row.get(0)?,
                None => 0,
            };
            Ok(u64::try_from(count).unwrap_or(0))
        })
}

fn readable(built: &Built, fields: usize, row: &rusqlite::Row<'_>) -> Result<Fields, Refusal> {
    let mut readable = built.always;
    for (place, mask) in built.masks.iter().enumerate() {
        if row.get::<_, bool>(4 + fields + place)? {
            readable |= mask;
        }
    }
    Ok(readable)
}

fn shown(
    entity: &'static Entity,
    built: &Built,
    row: &rusqlite::Row<'_>,
) -> Result<Shown, Refusal> {
    let readable = readable(built, entity.fields.len(), row)?;
    let mut values = vec![Value::Empty; entity.fields.len()];
    for index in &built.columns {
        let (Some(field), Some(slot)) = (entity.fields.get(*index), values.get_mut(*index)) else {
            continue;
        };
        if readable & bit(*index) != 0 {
            *slot = read_value(field.kind, row.get_ref(4 + index)?);
        }
    }
    let row = Row {
        id: row.get(0)?,
        created: row.get(1)?,
        updated: row.get(2)?,
        version: row.get(3)?,
        values,
    };
    let readable = readable & access::visible(entity);
    let address = match entity.named_by().map(|index| row.value(index)) {
        Some(Value::Text(name)) => name.clone(),
        Some(_) => String::new(),
        None => row.id.to_string(),
    };
    Ok(Shown {
        row,
        readable,
        address,
        references: Vec::new(),
    })
}

fn cursor(built: &Built, entity: &Entity, row: &rusqlite::Row<'_>) -> Result<Cursor, Refusal> {
    let from = 4 + entity.fields.len() + built.masks.len();
    let mut keys = Vec::with_capacity(built.keys);
    for place in 0..built.keys {
        keys.push(match row.get_ref(from + place)? {
            ValueRef::Integer(number) => Value::Int(number),
            ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
            _ => Value::Empty,
        });
    }
    Ok(Cursor {
        keys,
        row: match entity.named_by() {
            Some(index) => read_value(Kind::Text, row.get_ref(4 + index)?),
            None => Value::Int(row.get(0)?),
        },
    })
}

fn write_row(
    out: &mut Vec<u8>,
    entity: &'static Entity,
    built: &Built,
    row: &rusqlite::Row<'_>,
) -> Result<(), Refusal> {
    let readable = readable(built, entity.fields.len(), row)?;
    out.extend_from_slice(b"{\"id\":");
    let named_by = entity.named_by();
    match named_by {
        Some(index) => json::column(out, &Kind::Text, row.get_ref(4 + index)?),
        None => json::int(out, row.get(0)?),
    }
    for index in &built.columns {
        let Some(field) = entity.fields.get(*index) else {
            continue;
        };
        if readable & bit(*index) == 0 || named_by == Some(*index) {
            continue;
        }
        out.extend_from_slice(b",\"");
        out.extend_from_slice(field.name.as_bytes());
        out.extend_from_slice(b"\":");
        json::column(out, &field.kind, row.get_ref(4 + index)?);
    }
    out.extend_from_slice(b",\"created\":");
    json::timestamp(out, row.get(1)?);
    out.extend_from_slice(b",\"updated\":");
    json::timestamp(out, row.get(2)?);
    out.extend_from_slice(b",\"version\":");
    json::int(out, row.get(3)?);
    out.push(b'}');
    Ok(())
}

/// The rows that a value refers to.
/// The numbers of the rows that a value refers to.
#[must_use]
pub fn referred(value: &Value) -> Vec<i64> {
    match value {
        Value::Int(id) => vec![*id],
        Value::Ids(many) => many.clone(),
        Value::Text(_) => kernel::list::entries(&Kind::Reference(0), value)
            .iter()
            .filter_map(kernel::logic::int)
            .collect(),
        _ => Vec::new(),
    }
}

/// What the rows refer to is shown as: one statement for each entity they refer to.
fn references(
    scope: &Scope<'_>,
    entity: &'static Entity,
    rows: &mut [Shown],
) -> Result<(), Refusal> {
    let mut wanted: Vec<(usize, Vec<i64>)> = Vec::new();
    let target_of = |kind: &Kind| match kind {
        Kind::Reference(target) | Kind::Many(target, _) | Kind::List(Kind::Reference(target)) => {
            Some(*target)
        }
        _ => None,
    };
    for (index, field) in entity.fields.iter().enumerate() {
        let Some(target) = target_of(&field.kind) else {
            continue;
        };
        let mut ids = Vec::new();
        for shown in rows.iter() {
            ids.extend(referred(shown.row.value(index)));
        }
        match wanted.iter_mut().find(|(known, _)| *known == target) {
            Some((_, known)) => known.extend(ids),
            None => wanted.push((target, ids)),
        }
    }
    for (target, ids) in wanted {
        let Some(other) = scope.app.entities.get(target).copied() else {
            continue;
        };
        let labels = labels::of(scope, other, &ids)?;
        for (index, field) in entity.fields.iter().enumerate() {
            if target_of(&field.kind) != Some(target) {
                continue;
            }
            for shown in rows.iter_mut() {
                for id in referred(shown.row.value(index)) {
                    if let Some(text) = labels.get(&id) {
                        shown.references.push(Referred {
                            field: index,
                            id,
                            address: ids::address_on(scope.connection, other, id)?,
                            text: text.clone(),
                        });
                    }
                }
            }
        }
    }
    Ok(())
}
