//! Deleting rows: parts go with their parent, references are emptied or refuse, users may leave a nameless stub.

use crate::access::{holding, readable};
use crate::change;
use crate::check;
use crate::def::{Check, Entity, Field, OnDelete, Rule, RuleOn};
use crate::finish::errors_of;
use crate::operation::{Operation, Row};
use crate::plan::quoted;
use crate::refusal::Refusal;
use crate::scope::{Scope, Touched};
use kernel::kind::Kind;
use kernel::value::Value;

/// Deletes a row that a client named.
pub(crate) fn by_client(
    scope: &Scope<'_>,
    entity: &'static Entity,
    id: i64,
    version: Option<i64>,
) -> Result<(), Refusal> {
    let grants = scope.grants(entity.delete);
    if grants.is_empty() {
        return Err(scope.forbidden());
    }
    if readable(scope, entity, id)?.is_none() {
        return Err(Refusal::NotFound);
    }
    let row = scope.load(entity, id)?.ok_or(Refusal::NotFound)?;
    if holding(scope, entity, id, &grants)?.is_none() {
        return Err(scope.forbidden());
    }
    if version.is_some_and(|version| version != row.version) {
        return Err(Refusal::Stale);
    }
    row_goes(scope, entity, row)
}

/// Deletes a row as an effect.
pub(crate) fn by_effect(
    scope: &Scope<'_>,
    entity: &'static Entity,
    id: i64,
) -> Result<(), Refusal> {
    let row = scope.load(entity, id)?.ok_or(Refusal::NotFound)?;
    if holding(scope, entity, id, &scope.grants(entity.delete))?.is_none() {
        return Err(scope.forbidden());
    }
    row_goes(scope, entity, row)
}

/// What refuses to delete this row, as far as can be known without doing it: a hook may clear the way for what comes
/// after it, and rules that look at other rows look at what is left of them.
pub(crate) fn ask(scope: &Scope<'_>, entity: &'static Entity, row: Row) -> Result<(), Refusal> {
    if holding(scope, entity, row.id, &scope.grants(entity.delete))?.is_none() {
        return Err(scope.forbidden());
    }
    if !may_refuse(scope, entity, &mut Vec::new()) {
        return Ok(());
    }
    scope.work.borrow_mut().going.clear();
    let outcome = ask_row(scope, entity, row, &mut false);
    scope.work.borrow_mut().going.clear();
    outcome
}

/// Something of this entity or of its parts can hold a row back.
fn may_refuse(scope: &Scope<'_>, entity: &'static Entity, seen: &mut Vec<usize>) -> bool {
    if seen.contains(&entity.index) {
        return false;
    }
    seen.push(entity.index);
    let own = |rule: &Rule| rule.on == RuleOn::Delete && matches!(rule.check, Check::Code(_));
    entity.on_delete.is_some()
        || entity.rules.iter().any(own)
        || referring(scope, entity).any(|(other, _, on_delete)| match on_delete {
            OnDelete::Refuse => true,
            OnDelete::Cascade => may_refuse(scope, other, seen),
            OnDelete::Empty | OnDelete::Keep => false,
        })
}

fn ask_row(
    scope: &Scope<'_>,
    entity: &'static Entity,
    row: Row,
    hooks_ran: &mut bool,
) -> Result<(), Refusal> {
    let id = row.id;
    if scope.work.borrow().going.contains(&(entity.index, id)) {
        return Ok(());
    }
    scope.work.borrow_mut().going.push((entity.index, id));
    if let Some(hook) = entity.on_delete.filter(|_| !*hooks_ran) {
        let mut operation = Operation::asking(*scope, Some(entity), row.clone());
        (hook.requires)(&mut operation)?;
    }
    for (other, field, _) in
        referring(scope, entity).filter(|(_, _, on_delete)| *on_delete == OnDelete::Cascade)
    {
        for part in ids_of(scope, other, field, id)? {
            if let Some(part) = scope.load(other, part)? {
                ask_row(scope, other, part, hooks_ran)?;
            }
        }
    }
    *hooks_ran |= entity.on_delete.is_some_and(|hook| hook.does.is_some());
    if *hooks_ran {
        return Ok(());
    }
    refuse_where_needed(scope, entity, id)?;
    for rule in entity.rules.iter().filter(|rule| rule.on == RuleOn::Delete) {
        if let Check::Code(check) = rule.check
            && !check(&scope.operation(Some(entity), row.clone(), row.clone()))?
        {
            return Err(Refusal::Invalid(errors_of(rule)));
        }
    }
    Ok(())
}

fn row_goes(scope: &Scope<'_>, entity: &'static Entity, row: Row) -> Result<(), Refusal> {
    let id = row.id;
    if scope.work.borrow().going.contains(&(entity.index, id)) {
        return Ok(());
    }
    scope.work.borrow_mut().going.push((entity.index, id));
    let mut operation = scope.operation(Some(entity), row.clone(), row.clone());
    if let Some(hook) = entity.on_delete {
        (hook.requires)(&mut operation)?;
    }
    for (other, field, _) in
        referring(scope, entity).filter(|(_, _, on_delete)| *on_delete == OnDelete::Cascade)
    {
        for part in ids_of(scope, other, field, id)? {
            if let Some(part) = scope.load(other, part)? {
                scope.deeper(|| row_goes(scope, other, part))?;
            }
        }
    }
    if let Some(hook) = entity.on_delete {
        scope.work.borrow_mut().hooked.push((entity.index, id));
        let result = scope.deeper(|| hook.run(&mut operation));
        scope.work.borrow_mut().hooked.pop();
        result?;
    }
    refuse_where_needed(scope, entity, id)?;
    let mut keep = false;
    for (other, field, on_delete) in referring(scope, entity) {
        match on_delete {
            OnDelete::Empty => {
                for referrer in ids_of(scope, other, field, id)? {
                    if let Some(old) = scope.load(other, referrer)? {
                        change::write(scope, other, &old, &[(field, Value::Empty)])?;
                    }
                }
            }
            OnDelete::Keep => keep = keep || !ids_of(scope, other, field, id)?.is_empty(),
            OnDelete::Cascade | OnDelete::Refuse => {}
        }
    }
    leave_sets(scope, entity, id)?;
    // Effects of the hook may have changed it.
    let last = scope.load(entity, id)?.unwrap_or(row);
    change::watch(scope, entity, id, Some(&last))?;
    if entity.index == 0 {
        forget_account(scope, id, keep)?;
    }
    if keep && entity.index == 0 {
        leave_stub(scope, entity, &last)?;
    } else {
        let sql = format!(
            "DELETE FROM {} WHERE \"id\" = ?1",
            scope.plans.of(entity).table
        );
        let deleted = scope.connection.prepare_cached(&sql)?.execute([id]);
        deleted.map_err(|error| check::constraint(entity, error))?;
    }
    change::watch(scope, entity, id, Some(&last))?;
    let mut work = scope.work.borrow_mut();
    work.writes += 1;
    let write = work.writes;
    match work.find(entity, id) {
        Some(touched) => {
            touched.deleted = true;
            touched.last = write;
            if touched.created {
                touched.old = last;
            }
        }
        None => work.touched.push(Touched {
            entity,
            id,
            created: false,
            deleted: true,
            old: last,
            last: write,
        }),
    }
    Ok(())
}

/// Reference fields of all entities that point to this one.
fn referring<'s>(
    scope: &'s Scope<'_>,
    entity: &'static Entity,
) -> impl Iterator<Item = (&'static Entity, usize, OnDelete)> + 's {
    scope.app.entities.iter().copied().flat_map(move |other| {
        other
            .fields
            .iter()
            .enumerate()
            .filter_map(move |(index, field)| {
                let points = matches!(field.kind, Kind::Reference(target) if target == entity.index)
                    && !field.computed;
                points.then_some((other, index, field.on_delete))
            })
    })
}

fn ids_of(
    scope: &Scope<'_>,
    other: &'static Entity,
    field: usize,
    id: i64,
) -> Result<Vec<i64>, Refusal> {
    let Some(field) = other.fields.get(field) else {
        return Ok(Vec::new());
    };
    let (table, column) = (&scope.plans.of(other).table, quoted(field.column()));
    let sql = format!("SELECT \"id\" FROM {table} WHERE {column} = :row ORDER BY \"id\"");
    let mut ids = scope.ids(&sql, &[(":row", &Value::Int(id))])?;
    // What goes as well holds nothing back.
    let work = scope.work.borrow();
    ids.retain(|held| !work.going.contains(&(other.index, *held)));
    Ok(ids)
}

fn refuse_where_needed(scope: &Scope<'_>, entity: &'static Entity, id: i64) -> Result<(), Refusal> {
    for (other, field, _) in
        referring(scope, entity).filter(|(_, _, on_delete)| *on_delete == OnDelete::Refuse)
    {
        let count = ids_of(scope, other, field, id)?.len();
        if count > 0 {
            return Err(referenced(other, count));
        }
    }
    Ok(())
}

fn referenced(other: &Entity, count: usize) -> Refusal {
    let (name, verb) = if count == 1 {
        (other.name, "refers")
    } else {
        (other.plural, "refer")
    };
    Refusal::Conflict {
        rule: "referenced",
        message: format!("This can't be deleted: {count} {name} {verb} to it."),
    }
}

/// Sets lose the row; its own sets go with it.
fn leave_sets(scope: &Scope<'_>, entity: &'static Entity, id: i64) -> Result<(), Refusal> {
    for other in scope.app.entities.iter().copied() {
        for field in other.fields {
            let Kind::Many(target, join) = field.kind else {
                continue;
            };
            let join = quoted(join);
            if target == entity.index {
                let owners = scope.ids(
                    &format!("SELECT \"owner\" FROM {join} WHERE \"item\" = :row"),
                    &[(":row", &Value::Int(id))],
                )?;
                refuse_where_too_few(scope, other, field, &owners)?;
                let mut work = scope.work.borrow_mut();
                let write = work.writes + 1;
                let watched = owners
                    .into_iter()
                    .map(|owner| ((other.index, owner), write));
                work.watched.extend(watched);
                drop(work);
                scope
                    .connection
                    .prepare_cached(&format!("DELETE FROM {join} WHERE \"item\" = ?1"))?
                    .execute([id])?;
            }
            if other.index == entity.index {
                scope
                    .connection
                    .prepare_cached(&format!("DELETE FROM {join} WHERE \"owner\" = ?1"))?
                    .execute([id])?;
            }
        }
    }
    Ok(())
}

/// A set that must hold something holds on to what it has.
fn refuse_where_too_few(
    scope: &Scope<'_>,
    other: &'static Entity,
    field: &Field,
    owners: &[i64],
) -> Result<(), Refusal> {
    let Kind::Many(_, join) = field.kind else {
        return Ok(());
    };
    let least = field.length.0.unwrap_or(0).max(u32::from(field.required));
    if least == 0 {
        return Ok(());
    }
    let sql = format!(
        "SELECT \"item\" FROM {} WHERE \"owner\" = :row",
        quoted(join)
    );
    let mut short = 0_usize;
    for owner in owners {
        if scope.work.borrow().going.contains(&(other.index, *owner)) {
            continue;
        }
        let held = scope.ids(&sql, &[(":row", &Value::Int(*owner))])?;
        short += usize::from(held.len() <= least as usize);
    }
    if short == 0 {
        return Ok(());
    }
    Err(referenced(other, short))
}

/// Signs a user out everywhere and forgets how they signed in.
fn forget_account(scope: &Scope<'_>, id: i64, keep: bool) -> Result<(), Refusal> {
    for sql in [
        "DELETE FROM session WHERE user_id = ?1",
        "DELETE FROM token WHERE user_id = ?1",
        "DELETE FROM user_role WHERE user_id = ?1",
        "DELETE FROM account WHERE user_id = ?1",
    ] {
        scope.connection.prepare_cached(sql)?.execute([id])?;
    }
    if keep {
        let sql = "INSERT INTO account (user_id, deleted_at) VALUES (?1, ?2)";
        scope
            .connection
            .prepare_cached(sql)?
            .execute([id, scope.now])?;
    }
    Ok(())
}

/// Takes from a user's row all that says who it was.
fn leave_stub(scope: &Scope<'_>, entity: &'static Entity, row: &Row) -> Result<(), Refusal> {
    let mut changes = Vec::new();
    for (index, field) in entity.fields.iter().enumerate() {
        if field.computed || row.value(index).is_empty() {
            continue;
        }
        let value = match (field.required, row.value(index)) {
            (false, _) => Value::Empty,
            (true, Value::Text(_)) if field.unique => Value::Text(format!("deleted-{}", row.id)),
            (true, Value::Text(_)) if !matches!(field.kind, Kind::Choice(_)) => {
                Value::Text(String::new())
            }
            (true, Value::Int(_)) if !matches!(field.kind, Kind::Reference(_)) && !field.unique => {
                Value::Int(0)
            }
            _ => continue,
        };
        changes.push((index, value));
    }
    change::write(scope, entity, row, &changes)
}
