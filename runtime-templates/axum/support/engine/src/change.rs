//! Making and changing rows: by clients, by effects, by example data.

mod stored;

use crate::access::{holding, readable, writable};
use crate::check;
use crate::def::{Entity, Field, FieldDefault, Fields};
use crate::operation::Row;
use crate::plan::{UNSETTLED, bit, quoted, speaks_of};
use crate::refusal::{FieldError, Refusal};
use crate::scope::{Bound, Scope, Touched};
use crate::{ids, made};
use kernel::kind::Kind;
use kernel::value::Value;
use std::borrow::Cow;
use std::fmt::Write as _;
use stored::{explain, hashed, insert, is_same, is_taken, sealed, set_many};

/// Through which door a change comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Somebody, or the program, asks for it itself.
    Client,
    /// An effect of an operation.
    Effect,
    /// Example data: goes around access, lifecycle and hooks.
    Seed,
}

/// The fields of the grants to create that can hold for a new row of which only its defaults and its parent are known.
pub(crate) fn could_create(
    scope: &Scope<'_>,
    entity: &'static Entity,
    parent: Option<(usize, i64)>,
) -> Result<Option<Fields>, Refusal> {
    let grants = scope.grants(entity.create);
    let own = parent.map_or(0, |(field, _)| bit(field));
    let given = grants.iter().fold(0, |all, grant| all | grant.fields) & writable(entity, true);
    let unknown: Vec<&Field> = entity
        .fields
        .iter()
        .enumerate()
        .filter(|(index, field)| {
            let open = entity.parent == Some(*index) || given & bit(*index) != 0;
            let made = matches!(field.kind, Kind::Slug(_))
                || matches!(
                    field.default,
                    FieldDefault::Random(_) | FieldDefault::Next(_)
                );
            (open || made) && own & bit(*index) == 0
        })
        .map(|(_, field)| field)
        .collect();
    let mut draft = None;
    let (mut any, mut fields) = (false, 0);
    for grant in &grants {
        let open = grant.when.is_empty()
            || unknown.iter().any(|field| speaks_of(grant.when, field))
            || draft_fits(scope, entity, parent, grant.when, &mut draft)?;
        if open {
            any = true;
            fields |= grant.fields;
        }
    }
    Ok(any.then(|| (fields | entity.parent.map_or(0, bit)) & writable(entity, true)))
}

/// A condition over a row that is not there yet.
fn draft_fits(
    scope: &Scope<'_>,
    entity: &'static Entity,
    parent: Option<(usize, i64)>,
    condition: &str,
    draft: &mut Option<Vec<Value>>,
) -> Result<bool, Refusal> {
    let values = draft.get_or_insert_with(|| {
        let mut values = vec![Value::Empty; entity.fields.len()];
        fill_defaults(scope, entity, &mut values, 0);
        if let Some((field, id)) = parent
            && let Some(slot) = values.get_mut(field)
        {
            *slot = Value::Int(id);
        }
        values
    });
    let mut columns =
        "-1 AS \"id\", :now AS \"created\", :now AS \"updated\", 1 AS \"version\"".to_owned();
    let mut given: Vec<(String, &Value)> = Vec::new();
    for ((index, field), value) in entity.fields.iter().enumerate().zip(values.iter()) {
        if crate::plan::is_stored(field) {
            let _ = write!(columns, ", :row_{index} AS {}", quoted(field.column()));
            given.push((format!(":row_{index}"), value));
        }
    }
    let params: Vec<(&str, &Value)> = given
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    scope.truth(
        &format!("SELECT ({condition}) IS TRUE FROM (SELECT {columns}) AS t"),
        &params,
    )
}

/// Makes a row.
pub(crate) fn create(
    scope: &Scope<'_>,
    entity: &'static Entity,
    given: Vec<(usize, Value)>,
    door: Door,
) -> Result<i64, Refusal> {
    let by_person = door == Door::Client && !scope.caller.system && !scope.elevated;
    let grants = scope.grants(entity.create);
    if grants.is_empty() {
        return Err(scope.forbidden());
    }
    let given = if matches!(door, Door::Client | Door::Seed) {
        ids::fields(scope, entity, given)?
    } else {
        given
    };
    let parent = entity.parent.map_or(0, bit);
    let allowed = grants.iter().fold(parent, |all, grant| all | grant.fields);
    let mut errors = Vec::new();
    let mut written: Fields = 0;
    let mut values = vec![Value::Empty; entity.fields.len()];
    for (index, value) in given {
        let (Some(field), Some(slot)) = (entity.fields.get(index), values.get_mut(index)) else {
            continue;
        };
        let closed = field.computed
            || (field.lifecycle && door != Door::Seed)
            || (by_person
                && (bit(index) & writable(entity, true) == 0 || bit(index) & allowed == 0));
        if closed {
            errors.push(not_writable(field));
            continue;
        }
        if bit(index) & allowed == 0 {
            return Err(scope.forbidden());
        }
        written |= bit(index);
        *slot = value.settled();
    }
    // `random`, `next` and slugs come last: they are not worth making for what is refused.
    fill_defaults(scope, entity, &mut values, written);
    for (index, field) in entity.fields.iter().enumerate() {
        let value = values.get(index).unwrap_or(&Value::Empty);
        let made = matches!(field.kind, Kind::Slug(_))
            || (written & bit(index) == 0
                && matches!(
                    field.default,
                    FieldDefault::Random(_) | FieldDefault::Next(_)
                ));
        let refused = errors
            .iter()
            .any(|error: &FieldError| error.field == field.name);
        if field.computed || refused || (made && value.is_empty()) {
            continue;
        }
        check::field(field, value, &mut errors);
        let asked = by_person && written & bit(index) != 0;
        check::reference(
            scope,
            field.name,
            field.kind,
            value,
            &Value::Empty,
            asked,
            &mut errors,
        )?;
    }
    if !errors.is_empty() {
        // What the program itself has no value for says nothing about the input: whoever could create none is told so.
        let open = allowed & writable(entity, true);
        let own = |error: &FieldError| {
            error.rule != "required"
                || find_field(entity, &error.field).is_some_and(|index| open & bit(index) != 0)
        };
        if by_person && !errors.iter().any(own) {
            let parent = entity.parent.and_then(|field| match values.get(field) {
                Some(Value::Int(id)) => Some((field, *id)),
                _ => None,
            });
            if could_create(scope, entity, parent)?.is_none() {
                return Err(scope.forbidden());
            }
        } else if by_person && errors.iter().any(|error| error.rule == "reference") {
            errors.retain(own);
        }
        // Whether a value is taken is another's business: it is looked at once the rest is allowed.
        return Err(Refusal::Invalid(errors));
    }
    made::values(scope, entity, &mut values, written)?;
    let id = insert(scope, entity, &values)?;
    if door != Door::Seed && !unconditional(&grants, written & !parent) {
        match holding(scope, entity, id, &grants)? {
            Some(fields) if written & !parent & !fields == 0 => {}
            _ => return Err(scope.forbidden()),
        }
    }
    if let Some(hook) = entity.on_create.filter(|_| door != Door::Seed) {
        let row = scope.load(entity, id)?.unwrap_or_default();
        hooked(scope, entity, id, || {
            let mut operation = scope.operation(Some(entity), row, Row::default());
            (hook.requires)(&mut operation)?;
            hook.run(&mut operation)
        })?;
    }
    Ok(id)
}

fn find_field(entity: &Entity, name: &str) -> Option<usize> {
    entity.fields.iter().position(|field| field.name == name)
}

fn unconditional(grants: &[crate::def::Grant], fields: Fields) -> bool {
    grants
        .iter()
        .any(|grant| grant.when.is_empty() && fields & !grant.fields == 0)
}

fn not_writable(field: &Field) -> FieldError {
    FieldError {
        field: field.name.into(),
        rule: "read-only",
        message: "This can't be written.".to_owned(),
    }
}

/// Runs a hook of a row; changes it makes to its own row run none.
fn hooked(
    scope: &Scope<'_>,
    entity: &Entity,
    id: i64,
    run: impl FnOnce() -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    scope.work.borrow_mut().hooked.push((entity.index, id));
    let result = scope.deeper(run);
    scope.work.borrow_mut().hooked.pop();
    result
}

/// What a new row is when nobody says otherwise; `random`, `next` and slugs are left out.
pub(crate) fn fill_defaults(
    scope: &Scope<'_>,
    entity: &'static Entity,
    values: &mut [Value],
    written: Fields,
) {
    let mut operation = None;
    for (index, field) in entity.fields.iter().enumerate() {
        if written & bit(index) != 0 || field.computed {
            continue;
        }
        let value = match &field.default {
            FieldDefault::Me => Value::from(scope.caller.user),
            FieldDefault::Value(value) => {
                let operation = operation.get_or_insert_with(|| {
                    scope.operation(Some(entity), Row::default(), Row::default())
                });
                value(operation).settled()
            }
            FieldDefault::None | FieldDefault::Random(_) | FieldDefault::Next(_) => continue,
        };
        if let Some(slot) = values.get_mut(index) {
            *slot = value;
        }
    }
}

/// Notes which rows of other entities look at this one. Called after every write, and before those to a row that
/// was there.
pub(crate) fn watch(
    scope: &Scope<'_>,
    entity: &'static Entity,
    id: i64,
    row: Option<&Row>,
) -> Result<(), Refusal> {
    use crate::def::WatchedRows;
    for watcher in entity.watchers {
        let ids = match watcher.rows {
            WatchedRows::All => {
                let mut work = scope.work.borrow_mut();
                let write = work.writes + 1;
                work.watched_all.insert(watcher.entity, write);
                continue;
            }
            WatchedRows::Query(sql) => scope.ids(sql, &[(":row", &Value::Int(id))])?,
            WatchedRows::Field(field) => {
                let loaded;
                let row = match row {
                    Some(row) => Some(row),
                    None => {
                        loaded = scope.load(entity, id)?;
                        loaded.as_ref()
                    }
                };
                match row.map(|row| row.value(field)) {
                    Some(Value::Int(id)) => vec![*id],
                    Some(Value::Ids(ids)) => ids.clone(),
                    _ => continue,
                }
            }
        };
        let mut work = scope.work.borrow_mut();
        let write = work.writes + 1;
        work.watched
            .extend(ids.into_iter().map(|id| ((watcher.entity, id), write)));
    }
    Ok(())
}

/// Changes a row that a client named: reads it first, so that what he may not read is not there.
pub(crate) fn update_by_client(
    scope: &Scope<'_>,
    entity: &'static Entity,
    id: i64,
    version: Option<i64>,
    given: Vec<(usize, Value)>,
) -> Result<Row, Refusal> {
    let by_person = !scope.caller.system && !scope.elevated;
    let grants = scope.grants(entity.update);
    if grants.is_empty() {
        return Err(scope.forbidden());
    }
    let given = ids::fields(scope, entity, given)?;
    let allowed = grants.iter().fold(0, |all, grant| all | grant.fields);
    let mut errors = Vec::new();
    for (index, value) in &given {
        let Some(field) = entity.fields.get(*index) else {
            continue;
        };
        let open = !field.computed
            && !field.lifecycle
            && (!by_person || (!field.read_only && bit(*index) & allowed != 0) || field.fixed);
        if open {
            check::field(field, &value.clone().settled(), &mut errors);
        } else {
            errors.push(not_writable(field));
        }
    }
    if !errors.is_empty() {
        return Err(Refusal::Invalid(errors));
    }
    if readable(scope, entity, id)?.is_none() {
        return Err(Refusal::NotFound);
    }
    let row = scope.load(entity, id)?.ok_or(Refusal::NotFound)?;
    let mut changed = 0;
    for (index, value) in &given {
        let value = value.clone().settled();
        if is_same(scope, entity, *index, &row, &value)? {
            continue;
        }
        changed |= bit(*index);
        // What it refers to belongs to the input, which is looked at before access to the row.
        if let Some(field) = entity.fields.get(*index) {
            let before = row.value(*index);
            check::reference(
                scope,
                field.name,
                field.kind,
                &value,
                before,
                true,
                &mut errors,
            )?;
        }
    }
    if !errors.is_empty() {
        return Err(Refusal::Invalid(errors));
    }
    let written = given.iter().fold(0, |all, (index, _)| all | bit(*index));
    let fixed = entity
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| field.fixed)
        .fold(0, |all, (i, _)| all | bit(i));
    // A fixed field that is sent along as it is changes nothing.
    let asked = written & !(fixed & !changed);
    match holding(scope, entity, id, &grants)? {
        Some(fields) if asked & !fields & !fixed == 0 => {}
        _ => return Err(scope.forbidden()),
    }
    if version.is_some_and(|version| version != row.version) {
        return Err(Refusal::Stale);
    }
    let row = update(scope, entity, id, given, Door::Client)?;
    if by_person && changed != 0 {
        match holding(scope, entity, id, &grants)? {
            Some(fields) if asked & !fields & !fixed == 0 => {}
            _ => return Err(scope.forbidden()),
        }
    }
    Ok(row)
}

/// Changes a row. For effects access is looked at here, on the row as it is.
pub(crate) fn update(
    scope: &Scope<'_>,
    entity: &'static Entity,
    id: i64,
    given: Vec<(usize, Value)>,
    door: Door,
) -> Result<Row, Refusal> {
    let old = scope.load(entity, id)?.ok_or(Refusal::NotFound)?;
    if door == Door::Effect && !scope.elevated && !scope.caller.system {
        let asked = given.iter().fold(0, |all, (index, _)| all | bit(*index));
        match holding(scope, entity, id, &scope.grants(entity.update))? {
            Some(fields) if asked & !fields == 0 => {}
            _ => return Err(scope.forbidden()),
        }
    }
    let mut errors = Vec::new();
    let mut changes: Vec<(usize, Value)> = Vec::new();
    for (index, value) in given {
        let Some(field) = entity.fields.get(index) else {
            continue;
        };
        let value = value.settled();
        if is_same(scope, entity, index, &old, &value)? {
            continue;
        }
        if field.computed || field.lifecycle {
            errors.push(not_writable(field));
            continue;
        }
        if field.fixed {
            errors.push(FieldError {
                field: field.name.into(),
                rule: "fixed",
                message: "This never changes.".to_owned(),
            });
            continue;
        }
        check::field(field, &value, &mut errors);
        let by_person = door == Door::Client;
        check::reference(
            scope,
            field.name,
            field.kind,
            &value,
            old.value(index),
            by_person,
            &mut errors,
        )?;
        changes.push((index, value));
    }
    if !errors.is_empty() {
        return Err(Refusal::Invalid(errors));
    }
    if changes.is_empty() {
        return Ok(old);
    }
    write(scope, entity, &old, &changes)?;
    let row = scope.load(entity, id)?.unwrap_or_default();
    let own = scope.work.borrow().hooked.contains(&(entity.index, id));
    let Some(hook) = entity.on_update.filter(|_| door != Door::Seed && !own) else {
        return Ok(row);
    };
    let before = scope
        .work
        .borrow_mut()
        .find(entity, id)
        .map_or_else(Row::default, |touched| touched.old.clone());
    hooked(scope, entity, id, || {
        let mut operation = scope.operation(Some(entity), row, before);
        (hook.requires)(&mut operation)?;
        hook.run(&mut operation)
    })?;
    Ok(scope.load(entity, id)?.unwrap_or_default())
}

/// Writes changed fields of a row, without a question.
pub(crate) fn write(
    scope: &Scope<'_>,
    entity: &'static Entity,
    old: &Row,
    changes: &[(usize, Value)],
) -> Result<(), Refusal> {
    watch(scope, entity, old.id, Some(old))?;
    let first = scope.work.borrow_mut().find(entity, old.id).is_none();
    let mut sql = format!(
        "UPDATE {} SET \"updated\" = ?1, \"version\" = \"version\" + ?2",
        scope.plans.of(entity).table
    );
    let mut bound: Vec<Cow<'_, Value>> = Vec::new();
    for (index, value) in changes {
        let Some(field) = entity.fields.get(*index) else {
            continue;
        };
        if let Kind::Many(_, join) = field.kind {
            let ids: &[i64] = if let Value::Ids(ids) = value {
                ids
            } else {
                &[]
            };
            set_many(scope, join, old.id, ids)?;
            continue;
        }
        bound.push(match field.kind {
            Kind::Password => Cow::Borrowed(hashed(value)?),
            Kind::Secret => Cow::Owned(sealed(scope, entity, field, old.id, value)?),
            _ => Cow::Borrowed(value),
        });
        let _ = write!(sql, ", {} = ?{}", quoted(field.column()), bound.len() + 3);
    }
    let run = |lap: Option<i64>| -> Result<rusqlite::Result<()>, Refusal> {
        let unsettled = match lap {
            Some(_) => format!(", \"{UNSETTLED}\" = ?{}", bound.len() + 4),
            None => String::new(),
        };
        let sql = format!("{sql}{unsettled} WHERE \"id\" = ?3");
        let mut statement = scope.connection.prepare_cached(&sql)?;
        statement.raw_bind_parameter(1, scope.now)?;
        statement.raw_bind_parameter(2, i64::from(first))?;
        statement.raw_bind_parameter(3, old.id)?;
        for (place, value) in bound.iter().enumerate() {
            statement.raw_bind_parameter(place + 4, Bound(value))?;
        }
        if let Some(lap) = lap {
            statement.raw_bind_parameter(bound.len() + 4, lap)?;
        }
        Ok(statement.raw_execute().map(|_| ()))
    };
    if let Err(error) = run(None)? {
        let deferred = scope.plans.of(entity).insert_unsettled.is_some();
        let again = if deferred && is_taken(&error) {
            let lap = scope.work.borrow_mut().next_lap();
            scope.work.borrow_mut().unsettled.push((entity, old.id));
            run(Some(lap))?
        } else {
            Err(error)
        };
        if let Err(error) = again {
            let all: Vec<(usize, &Value)> = changes
                .iter()
                .map(|(index, value)| (*index, value))
                .collect();
            return Err(explain(scope, entity, Some(old.id), &all, error));
        }
    }
    touch(scope, entity, old);
    watch(scope, entity, old.id, None)
}

/// Notes that a row that was there has changed.
pub(crate) fn touch(scope: &Scope<'_>, entity: &'static Entity, old: &Row) {
    let mut work = scope.work.borrow_mut();
    work.writes += 1;
    let last = work.writes;
    match work.find(entity, old.id) {
        Some(touched) => touched.last = last,
        None => work.touched.push(Touched {
            entity,
            id: old.id,
            created: false,
            deleted: false,
            old: old.clone(),
            last,
        }),
    }
}

/// Looks at the rows that had a unique value another row had, too, from this one on: by now nobody else has it.
pub(crate) fn settle(scope: &Scope<'_>, from: usize) -> Result<(), Refusal> {
    let rows: Vec<(&'static Entity, i64)> = {
        let mut work = scope.work.borrow_mut();
        let from = from.min(work.unsettled.len());
        work.unsettled.split_off(from)
    };
    let mut errors = Vec::new();
    for (entity, id) in rows {
        let sql = format!(
            "UPDATE {} SET \"{UNSETTLED}\" = 0 WHERE \"id\" = ?1",
            scope.plans.of(entity).table
        );
        let settled = scope.connection.prepare_cached(&sql)?.execute([id]);
        let Err(error) = settled else { continue };
        let row = scope.load(entity, id)?.unwrap_or_default();
        let all: Vec<(usize, &Value)> = row.values.iter().enumerate().collect();
        match explain(scope, entity, Some(id), &all, error) {
            Refusal::Invalid(more) => {
                for error in more {
                    if !errors.contains(&error) {
                        errors.push(error);
                    }
                }
            }
            other => return Err(other),
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Invalid(errors))
    }
}
