//! Who may do what: grants looked at in SQL, inside the transaction.

use crate::caller::Caller;
use crate::change;
use crate::def::{ALL, App, Entity, Field, Fields, Grant, Input, Step};
use crate::delete;
use crate::operation::Row;
use crate::perform;
use crate::plan::bit;
use crate::reader::Reader;
use crate::refusal::Refusal;
use crate::scope::Scope;
use kernel::kind::Kind;
use kernel::value::Value;
use std::fmt::Write as _;

/// What may be done with a row now.
#[derive(Default)]
pub struct Abilities {
    /// Which fields may be changed.
    pub update: Fields,
    /// It may be deleted.
    pub delete: bool,
    /// Steps and actions, in the spec's order.
    pub operations: Vec<Ability>,
}

/// A step or action that may be taken.
pub struct Ability {
    /// As shown.
    pub name: &'static str,
    /// In addresses.
    pub slug: &'static str,
    /// What the client sends along.
    pub inputs: &'static [Input],
    /// It is a step of a lifecycle.
    pub is_step: bool,
    /// It can't be taken back.
    pub danger: bool,
}

/// The fields a caller of this kind may give a new row; 0 means that he may create none.
#[must_use]
pub fn may_create(_app: &App, entity: &Entity, caller: &Caller) -> Fields {
    if caller.system {
        return writable(entity, true);
    }
    let grants = (entity.create)(caller);
    if grants.is_empty() {
        return 0;
    }
    let parent = entity.parent.map_or(0, bit);
    (grants.iter().fold(0, |all, grant| all | grant.fields) | parent) & writable(entity, true)
}

/// The fields that clients may write at all.
pub(crate) fn writable(entity: &Entity, creating: bool) -> Fields {
    entity
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| {
            !field.read_only && !field.computed && !field.lifecycle && (creating || !field.fixed)
        })
        .fold(0, |all, (index, _)| all | bit(index))
}

/// A field that leaves the server where policy lets it.
pub(crate) fn leaves(field: &Field) -> bool {
    !field.private && !matches!(field.kind, Kind::Password)
}

/// The fields that may leave the server.
pub(crate) fn visible(entity: &Entity) -> Fields {
    entity
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| leaves(field))
        .fold(0, |all, (index, _)| all | bit(index))
}

/// What can be done with this row now, by this caller; drives buttons.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn abilities(
    r: &Reader<'_>,
    caller: &Caller,
    entity: &'static Entity,
    id: i64,
) -> Result<Abilities, Refusal> {
    r.with_scope(*caller, |scope| {
        let mut abilities = Abilities::default();
        if readable(scope, entity, id)?.is_none() {
            return Ok(abilities);
        }
        let Some(row) = scope.load(entity, id)? else {
            return Ok(abilities);
        };
        let update = scope.grants(entity.update);
        if let Some(fields) = holding(scope, entity, id, &update)? {
            abilities.update = fields & writable(entity, false);
        }
        abilities.delete = could(delete::ask(scope, entity, row.clone()))?;
        for step in entity.steps {
            let listed = |ability: &Ability| ability.slug == step.slug;
            if !abilities.operations.iter().any(listed)
                && could(perform::ask(scope, entity, &row, step.slug))?
            {
                abilities.operations.push(Ability {
                    name: step.name,
                    slug: step.slug,
                    inputs: step.inputs,
                    is_step: true,
                    danger: step.danger,
                });
            }
        }
        for action in entity.actions {
            if could(perform::ask(scope, entity, &row, action.slug))? {
                abilities.operations.push(Ability {
                    name: action.name,
                    slug: action.slug,
                    inputs: action.inputs,
                    is_step: false,
                    danger: action.danger,
                });
            }
        }
        Ok(abilities)
    })
}

/// Why a step or an action can't be taken on this row now, as far as can be known before anything is sent along;
/// a link leads to its form only where nothing speaks against it.
///
/// # Errors
/// As the operation would be refused.
pub fn ask(
    r: &Reader<'_>,
    caller: &Caller,
    entity: &'static Entity,
    id: i64,
    slug: &str,
) -> Result<(), Refusal> {
    r.with_scope(*caller, |scope| {
        let row = known_row(scope, entity, id)?;
        perform::ask(scope, entity, &row, slug)
    })
}

/// The same for an action that belongs to no row.
///
/// # Errors
/// As the action would be refused.
pub fn ask_program(r: &Reader<'_>, caller: &Caller, slug: &str) -> Result<(), Refusal> {
    r.with_scope(*caller, |scope| perform::ask_program(scope, slug))
}

/// The same for deleting this row.
///
/// # Errors
/// As the deletion would be refused.
pub fn ask_delete(
    r: &Reader<'_>,
    caller: &Caller,
    entity: &'static Entity,
    id: i64,
) -> Result<(), Refusal> {
    r.with_scope(*caller, |scope| {
        let row = known_row(scope, entity, id)?;
        delete::ask(scope, entity, row)
    })
}

/// The fields this caller could give a new row, by those grants that can hold as far as can be known before the row is
/// filled in; none where no grant can. A child's parent is given by the field and the id.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn could_create(
    r: &Reader<'_>,
    caller: &Caller,
    entity: &'static Entity,
    parent: Option<(usize, i64)>,
) -> Result<Option<Fields>, Refusal> {
    r.with_scope(*caller, |scope| change::could_create(scope, entity, parent))
}

/// A refusal is an answer here, a fault is not.
pub(crate) fn could(outcome: Result<(), Refusal>) -> Result<bool, Refusal> {
    match outcome {
        Ok(()) => Ok(true),
        Err(Refusal::Fault(cause)) => Err(Refusal::Fault(cause)),
        Err(_) => Ok(false),
    }
}

fn known_row(scope: &Scope<'_>, entity: &'static Entity, id: i64) -> Result<Row, Refusal> {
    if readable(scope, entity, id)?.is_none() {
        return Err(Refusal::NotFound);
    }
    scope.load(entity, id)?.ok_or(Refusal::NotFound)
}

/// The step starts at this state.
pub(crate) fn step_leads_on(step: &Step, state: &Value) -> bool {
    matches!(state, Value::Text(state) if step.from.contains(&state.as_str()))
}

/// The fields of all grants that hold for a row; none where no grant does.
pub(crate) fn holding(
    scope: &Scope<'_>,
    entity: &'static Entity,
    id: i64,
    grants: &[Grant],
) -> Result<Option<Fields>, Refusal> {
    let mut fields = 0;
    let mut any = false;
    let mut asked: Vec<&Grant> = Vec::new();
    for grant in grants {
        if grant.when.is_empty() {
            fields |= grant.fields;
            any = true;
        }
    }
    if any && fields == ALL {
        return Ok(Some(fields));
    }
    asked.extend(
        grants
            .iter()
            .filter(|grant| !grant.when.is_empty() && (!any || grant.fields & !fields != 0)),
    );
    if asked.is_empty() {
        return Ok(any.then_some(fields));
    }
    let mut sql = String::from("SELECT ");
    for (index, grant) in asked.iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        let _ = write!(sql, "{comma}({}) IS TRUE", grant.when);
    }
    let _ = write!(
        sql,
        " FROM {} AS t WHERE t.\"id\" = :row",
        scope.plans.of(entity).table
    );
    let mut statement = scope.connection.prepare_cached(&sql)?;
    scope.bind(&mut statement, &[(":row", &Value::Int(id))])?;
    let mut rows = statement.raw_query();
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    for (index, grant) in asked.iter().enumerate() {
        if row.get::<_, bool>(index)? {
            fields |= grant.fields;
            any = true;
        }
    }
    Ok(any.then_some(fields))
}

/// The fields of a row that the caller may read; none where he may not read the row, or there is none.
pub(crate) fn readable(
    scope: &Scope<'_>,
    entity: &'static Entity,
    id: i64,
) -> Result<Option<Fields>, Refusal> {
    holding(scope, entity, id, &scope.grants(entity.read))
}

/// A condition over a row; an empty one holds.
pub(crate) fn condition(
    scope: &Scope<'_>,
    entity: &'static Entity,
    id: i64,
    sql: &str,
) -> Result<bool, Refusal> {
    if sql.is_empty() {
        return Ok(true);
    }
    let sql = format!(
        "SELECT ({sql}) IS TRUE FROM {} AS t WHERE t.\"id\" = :row",
        scope.plans.of(entity).table
    );
    scope.truth(&sql, &[(":row", &Value::Int(id))])
}

/// Who a user is as a caller: the roles they were given with all they include, then those held by condition.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn caller_of(r: &Reader<'_>, user: i64) -> Result<Caller, Refusal> {
    let mut roles = 0;
    let mut statement = r.prepare_cached("SELECT role FROM user_role WHERE user_id = ?1")?;
    let mut rows = statement.query([user])?;
    while let Some(row) = rows.next()? {
        let slug = row.get_ref(0)?.as_str().unwrap_or_default();
        roles |= r
            .app
            .roles
            .iter()
            .find(|role| role.slug == slug)
            .map_or(0, |role| role.includes);
    }
    let given = Caller {
        user: Some(user),
        roles,
        system: false,
    };
    for role in r.app.roles.iter().filter(|role| !role.when.is_empty()) {
        let held = r.with_scope(given, |scope| match scope.app.entities.first() {
            Some(entity) => condition(scope, entity, user, role.when),
            None => Ok(false),
        })?;
        if held {
            roles |= role.includes;
        }
    }
    Ok(Caller {
        user: Some(user),
        roles,
        system: false,
    })
}
