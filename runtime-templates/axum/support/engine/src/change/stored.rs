//! Rows as the database holds them: unique values that change hands, hashes, secrets, sets.

use super::watch;
use crate::check;
use crate::def::{Entity, Field};
use crate::operation::Row;
use crate::plan::quoted;
use crate::refusal::Refusal;
use crate::scope::{Bound, Scope, Touched};
use crate::seal::Place;
use kernel::kind::Kind;
use kernel::value::{Hidden, Value};

pub(super) fn insert(
    scope: &Scope<'_>,
    entity: &'static Entity,
    values: &[Value],
) -> Result<i64, Refusal> {
    let plan = scope.plans.of(entity);
    let mut unsettled = false;
    if let Err(error) = insert_row(scope, entity, values, &plan.insert, None)? {
        // Another row has a unique value of this one: it may give it away before the operation ends.
        let again = match &plan.insert_unsettled {
            Some(insert) if is_taken(&error) => {
                let lap = scope.work.borrow_mut().next_lap();
                unsettled = true;
                insert_row(scope, entity, values, insert, Some(lap))?
            }
            _ => Err(error),
        };
        if let Err(error) = again {
            let all: Vec<(usize, &Value)> = values.iter().enumerate().collect();
            return Err(explain(scope, entity, None, &all, error));
        }
    }
    let id = scope.connection.last_insert_rowid();
    for (index, field) in entity.fields.iter().enumerate() {
        if let (Kind::Secret, Some(value)) = (field.kind, values.get(index))
            && !value.is_empty()
        {
            let sealed = sealed(scope, entity, field, id, value)?;
            let sql = format!(
                "UPDATE {} SET {} = ?1 WHERE \"id\" = ?2",
                plan.table,
                quoted(field.name)
            );
            let mut statement = scope.connection.prepare_cached(&sql)?;
            statement.raw_bind_parameter(1, Bound(&sealed))?;
            statement.raw_bind_parameter(2, id)?;
            statement.raw_execute()?;
        }
        if let (Kind::Many(_, join), Some(Value::Ids(ids))) = (field.kind, values.get(index)) {
            set_many(scope, join, id, ids)?;
        }
    }
    let mut work = scope.work.borrow_mut();
    work.writes += 1;
    let last = work.writes;
    if unsettled {
        work.unsettled.push((entity, id));
    }
    work.touched.push(Touched {
        entity,
        id,
        created: true,
        deleted: false,
        old: Row::default(),
        last,
    });
    drop(work);
    watch(scope, entity, id, None)?;
    Ok(id)
}

/// The database's answer to a new row; secrets are left out.
fn insert_row(
    scope: &Scope<'_>,
    entity: &Entity,
    values: &[Value],
    insert: &str,
    lap: Option<i64>,
) -> Result<rusqlite::Result<()>, Refusal> {
    let stored = &scope.plans.of(entity).stored;
    let mut statement = scope.connection.prepare_cached(insert)?;
    statement.raw_bind_parameter(1, scope.now)?;
    for (place, index) in stored.iter().enumerate() {
        let value = values.get(*index).unwrap_or(&Value::Empty);
        let value = match entity.fields.get(*index).map(|field| field.kind) {
            // It is bound to its row, so it comes when that has its number.
            Some(Kind::Secret) => &Value::Empty,
            Some(Kind::Password) => hashed(value)?,
            _ => value,
        };
        statement.raw_bind_parameter(place + 2, Bound(value))?;
    }
    if let Some(lap) = lap {
        statement.raw_bind_parameter(stored.len() + 2, lap)?;
    }
    Ok(statement.raw_execute().map(|_| ()))
}

/// The database refused it for a unique value.
pub(super) fn is_taken(error: &rusqlite::Error) -> bool {
    const UNIQUE: i32 = 2067;
    matches!(error, rusqlite::Error::SqliteFailure(failure, _) if failure.extended_code == UNIQUE)
}

/// A password as it is kept: its hash, made before the write so that no other write waits for it.
pub(super) fn hashed(value: &Value) -> Result<&Value, Refusal> {
    match value {
        Value::Empty | Value::Hidden(_) => Ok(value),
        _ => Err(Refusal::Fault(
            "a password reached the store without being hashed".to_owned(),
        )),
    }
}

/// A secret as it is kept.
pub(super) fn sealed(
    scope: &Scope<'_>,
    entity: &Entity,
    field: &Field,
    row: i64,
    value: &Value,
) -> Result<Value, Refusal> {
    match (value, &scope.plans.sealer) {
        (Value::Empty, _) => Ok(Value::Empty),
        (Value::Text(secret), Some(sealer)) => {
            let place = Place {
                table: entity.table,
                column: field.name,
                row,
            };
            Ok(Value::Hidden(Hidden {
                text: sealer.seal(place, secret)?,
                characters: None,
            }))
        }
        _ => Err(Refusal::Fault(
            "a secret can't be encrypted as it came".to_owned(),
        )),
    }
}

/// The value is what the row has already. A password never is: nobody knows.
pub(super) fn is_same(
    scope: &Scope<'_>,
    entity: &Entity,
    index: usize,
    row: &Row,
    value: &Value,
) -> Result<bool, Refusal> {
    let old = row.value(index);
    if let (Some(field), Value::Hidden(stored), Value::Text(secret), Some(sealer)) =
        (entity.fields.get(index), old, value, &scope.plans.sealer)
        && matches!(field.kind, Kind::Secret)
    {
        let place = Place {
            table: entity.table,
            column: field.name,
            row: row.id,
        };
        let opened = sealer.open(place, &stored.text);
        return Ok(opened.as_deref() == Some(secret.as_str()));
    }
    Ok(old == value)
}

/// The refusal for what the database refused: every unique value that is taken, not only the first.
pub(super) fn explain(
    scope: &Scope<'_>,
    entity: &'static Entity,
    id: Option<i64>,
    values: &[(usize, &Value)],
    error: rusqlite::Error,
) -> Refusal {
    let mut errors = Vec::new();
    match check::unique(scope, entity, id, values, &mut errors) {
        Ok(()) if !errors.is_empty() => Refusal::Invalid(errors),
        _ => check::constraint(entity, error),
    }
}

pub(super) fn set_many(
    scope: &Scope<'_>,
    join: &str,
    owner: i64,
    ids: &[i64],
) -> Result<(), Refusal> {
    let join = quoted(join);
    scope
        .connection
        .prepare_cached(&format!("DELETE FROM {join} WHERE \"owner\" = ?1"))?
        .execute([owner])?;
    let sql =
        format!("INSERT INTO {join} (\"owner\", \"item\") VALUES (?1, ?2) ON CONFLICT DO NOTHING");
    let mut statement = scope.connection.prepare_cached(&sql)?;
    for id in ids {
        statement.execute([owner, *id])?;
    }
    Ok(())
}
