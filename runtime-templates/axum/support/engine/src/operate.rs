//! The operations of clients, each in its whole order: who, shape, the row, access, version, requirements, effects,
//! rules. What is refused leaves no trace.

use crate::caller::Caller;
use crate::change::{self, Door};
use crate::check;
use crate::def::Entity;
use crate::delete as deletion;
use crate::finish::{Root, finish};
use crate::ids;
use crate::labels;
use crate::operation::Row;
use crate::perform;
use crate::reader::Reader;
use crate::refusal::Refusal;
use crate::scope::Scope;
use crate::writer::Writer;
use kernel::kind::Kind;
use kernel::value::Value;

/// Makes a row and gives its id.
///
/// # Errors
/// As the operation refuses.
pub fn create(
    w: &mut Writer<'_>,
    entity: &'static Entity,
    values: Vec<(usize, Value)>,
) -> Result<i64, Refusal> {
    let scope = w.scope();
    scope.atomic(|| {
        let id = change::create(&scope, entity, values, Door::Client)?;
        finish(&scope, Some(("create", entity, id)), false)?;
        Ok(id)
    })
}

/// Makes a row and takes it back, with all that came of it.
///
/// # Errors
/// As the operation refuses.
pub fn would_create(
    w: &mut Writer<'_>,
    entity: &'static Entity,
    values: Vec<(usize, Value)>,
) -> Result<(), Refusal> {
    let scope = w.scope();
    let undone = scope.atomic(|| {
        change::create(&scope, entity, values, Door::Client)?;
        finish(&scope, Some(("create", entity, 0)), false)?;
        // Nothing that is made can be stale: whatever is written ends with a refusal.
        Err::<(), Refusal>(Refusal::Stale)
    });
    match undone {
        Err(Refusal::Stale) => Ok(()),
        other => other,
    }
}

/// Changes fields of a row; `version` refuses a row that has changed since it was read.
///
/// # Errors
/// As the operation refuses.
pub fn update(
    w: &mut Writer<'_>,
    entity: &'static Entity,
    id: i64,
    version: Option<i64>,
    values: Vec<(usize, Value)>,
) -> Result<Row, Refusal> {
    let scope = w.scope();
    run(&scope, ("update", entity, id), || {
        change::update_by_client(&scope, entity, id, version, values).map(|_| ())
    })
}

/// Looks whether the caller may refer to what these fields of an entity refer to; for rows that the program makes in
/// somebody's name.
///
/// # Errors
/// 422 at every field that refers to a row that is not there, or that the caller may not read.
pub fn check_references(
    w: &mut Writer<'_>,
    entity: usize,
    values: &[(usize, Value)],
) -> Result<(), Refusal> {
    let scope = w.scope();
    let mut errors = Vec::new();
    let Some(entity) = scope.app.entities.get(entity).copied() else {
        return Ok(());
    };
    for (index, value) in &ids::fields(&scope, entity, values.to_vec())? {
        let Some(field) = entity.fields.get(*index) else {
            continue;
        };
        check::reference(
            &scope,
            field.name,
            field.kind,
            value,
            &Value::Empty,
            true,
            &mut errors,
        )?;
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Invalid(errors))
    }
}

/// Deletes a row, with all that goes with it.
///
/// # Errors
/// As the operation refuses.
pub fn delete(
    w: &mut Writer<'_>,
    entity: &'static Entity,
    id: i64,
    version: Option<i64>,
) -> Result<(), Refusal> {
    let scope = w.scope();
    scope.atomic(|| {
        deletion::by_client(&scope, entity, id, version)?;
        finish(&scope, Some(("delete", entity, id)), false)
    })
}

/// Takes a step of a row's lifecycle. What it answers stands in [`Writer::sign`].
///
/// # Errors
/// As the operation refuses.
pub fn step(
    w: &mut Writer<'_>,
    entity: &'static Entity,
    id: i64,
    slug: &str,
    version: Option<i64>,
    inputs: Vec<(&'static str, Value)>,
) -> Result<Row, Refusal> {
    let scope = w.scope();
    scope.atomic(|| {
        let ran = perform::step(&scope, entity, id, slug, version, inputs, Door::Client)?;
        finish(&scope, Some((slug, entity, id)), false)?;
        ran.answer(&scope)?;
        Ok(scope.load(entity, id)?.unwrap_or_default())
    })
}

/// Runs an action, on a row or of the program; gives the row if it is still there. What it answers stands in
/// [`Writer::sign`].
///
/// # Errors
/// As the operation refuses.
pub fn action(
    w: &mut Writer<'_>,
    entity: Option<&'static Entity>,
    id: Option<i64>,
    slug: &str,
    version: Option<i64>,
    inputs: Vec<(&'static str, Value)>,
) -> Result<Option<Row>, Refusal> {
    let scope = w.scope();
    scope.atomic(|| match (entity, id) {
        (Some(entity), Some(id)) => {
            let ran = perform::action(&scope, entity, id, slug, version, inputs, Door::Client)?;
            finish(&scope, Some((slug, entity, id)), false)?;
            ran.answer(&scope)?;
            scope.load(entity, id)
        }
        (None, _) => {
            let ran = perform::program_action(&scope, slug, inputs, Door::Client)?;
            finish(&scope, None, false)?;
            ran.answer(&scope)?;
            Ok(None)
        }
        (Some(_), None) => Err(Refusal::NotFound),
    })
}

fn run(
    scope: &Scope<'_>,
    root: (&str, &'static Entity, i64),
    operation: impl FnOnce() -> Result<(), Refusal>,
) -> Result<Row, Refusal> {
    let named: Root<'_> = Some(root);
    scope.atomic(|| {
        operation()?;
        finish(scope, named, false)?;
        Ok(scope.load(root.1, root.2)?.unwrap_or_default())
    })
}

/// What a new row is when this caller says nothing, by field position; random text, numbers of a series and slugs
/// are left out.
#[must_use]
pub fn defaults(r: &Reader<'_>, caller: &Caller, entity: &'static Entity) -> Vec<Value> {
    let mut values = vec![Value::Empty; entity.fields.len()];
    let filled = r.with_scope(*caller, |scope| {
        change::fill_defaults(scope, entity, &mut values, 0);
        Ok(())
    });
    if let Err(refusal) = filled {
        tracing::error!(
            ?refusal,
            entity = entity.name,
            "the defaults of a row can't be worked out"
        );
    }
    values
}

/// The value that a statement of example data gives, as it is stored in a field of this kind.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn seed_value(w: &Writer<'_>, kind: &Kind, sql: &str) -> Result<Value, Refusal> {
    let value = w.scope().scalar(sql, &[])?;
    Ok(match kind {
        Kind::TextList => Value::from(kernel::logic::texts(value)),
        Kind::Many(..) => Value::from(kernel::logic::ids(value)),
        _ => value,
    })
}

/// Says when a row of example data was made and last changed.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn date_back(
    w: &Writer<'_>,
    entity: &'static Entity,
    id: i64,
    created: i64,
    updated: i64,
) -> Result<(), Refusal> {
    let scope = w.scope();
    let sql = format!(
        "UPDATE {} SET \"created\" = ?1, \"updated\" = ?2 WHERE \"id\" = ?3",
        scope.plans.of(entity).table
    );
    let mut statement = scope.connection.prepare_cached(&sql)?;
    statement.raw_bind_parameter(1, created)?;
    statement.raw_bind_parameter(2, updated)?;
    statement.raw_bind_parameter(3, id)?;
    statement.raw_execute()?;
    Ok(())
}

/// Makes a row of example data: types, defaults and field rules hold; access, lifecycle, read-only and hooks are gone
/// around. The rules of rows are looked at once, when the whole write ends.
///
/// # Errors
/// Where a value does not fit; the write must end with it.
pub fn plant(
    w: &mut Writer<'_>,
    entity: &'static Entity,
    values: Vec<(usize, Value)>,
) -> Result<i64, Refusal> {
    let scope = Scope {
        elevated: true,
        ..w.scope()
    };
    let id = change::create(&scope, entity, values, Door::Seed)?;
    w.planted = true;
    Ok(id)
}

/// The first row that is shown as this text; letter case decides only between several.
///
/// # Errors
/// When the database fails.
pub fn shown_as(
    w: &mut Writer<'_>,
    entity: &'static Entity,
    text: &str,
) -> Result<Option<i64>, Refusal> {
    labels::find(&w.scope(), entity, text)
}
