//! Steps of a lifecycle and actions of the author's own.

use crate::access::{condition, holding, readable, step_leads_on};
use crate::change::{self, Door};
use crate::check;
use crate::def::{Action, Answer, Entity, Input, Step};
use crate::ids;
use crate::operation::{Operation, Row};
use crate::refusal::Refusal;
use crate::scope::Scope;
use kernel::value::Value;

type Inputs = Vec<(&'static str, Value)>;

/// An operation that ran, and what it answers.
pub(crate) struct Ran<'t> {
    operation: Operation<'t>,
    answer: Answer,
}

impl Ran<'_> {
    /// Works out the answer; called once the rules have been looked at.
    pub fn answer(mut self, scope: &Scope<'_>) -> Result<(), Refusal> {
        let Some(returns) = self.answer.returns else {
            return Ok(());
        };
        self.operation.refresh()?;
        let value = (returns.value)(&mut self.operation)?;
        scope.sign.borrow_mut().result = Some(value);
        Ok(())
    }
}

/// What a client sent, with rows by their numbers.
fn client_inputs(
    scope: &Scope<'_>,
    declared: &[Input],
    inputs: Inputs,
    door: Door,
) -> Result<Inputs, Refusal> {
    if door == Door::Client {
        ids::inputs(scope, declared, inputs)
    } else {
        Ok(inputs)
    }
}

/// Takes a step: the first of its name that leads on from here, that the caller may take, and whose condition holds.
pub(crate) fn step<'t>(
    scope: &Scope<'t>,
    entity: &'static Entity,
    id: i64,
    slug: &str,
    version: Option<i64>,
    inputs: Inputs,
    door: Door,
) -> Result<Ran<'t>, Refusal> {
    let named: Vec<&'static Step> = entity
        .steps
        .iter()
        .filter(|step| step.slug == slug)
        .collect();
    let Some(first) = named.first() else {
        return Err(Refusal::NotFound);
    };
    if named.iter().all(|step| scope.grants(step.who).is_empty()) {
        return Err(scope.forbidden());
    }
    let inputs = client_inputs(scope, first.inputs, inputs, door)?;
    check::inputs(scope, first.inputs, &inputs, door == Door::Client)?;
    let old = found(scope, entity, id)?;
    let mut operation = Operation::new(*scope, Some(entity), old.clone(), old.clone(), inputs);
    let taken = choose(scope, entity, &named, version, &mut operation)?;
    change::write(
        scope,
        entity,
        &old,
        &[(taken.field, Value::Text(taken.to.to_owned()))],
    )?;
    if let Some(body) = taken.body {
        operation.this = scope.load(entity, id)?.unwrap_or_default();
        scope.deeper(|| body.run(&mut operation))?;
    }
    Ok(Ran {
        operation,
        answer: taken.answer,
    })
}

/// The step that is taken: may the caller, is what it needs there, does it lead on from here, does its condition hold?
fn choose(
    scope: &Scope<'_>,
    entity: &'static Entity,
    named: &[&'static Step],
    version: Option<i64>,
    operation: &mut Operation<'_>,
) -> Result<&'static Step, Refusal> {
    let id = operation.this.id;
    let leading: Vec<&'static Step> = named
        .iter()
        .copied()
        .filter(|step| step_leads_on(step, operation.this.value(step.field)))
        .collect();
    let mut allowed: Vec<&'static Step> = Vec::new();
    for step in if leading.is_empty() { named } else { &leading } {
        if holding(scope, entity, id, &scope.grants(step.who))?.is_some() {
            allowed.push(step);
        }
    }
    let Some(one) = allowed.first() else {
        return Err(scope.forbidden());
    };
    if version.is_some_and(|version| version != operation.this.version) {
        return Err(Refusal::Stale);
    }
    if let Some(body) = one.body {
        (body.requires)(operation)?;
    }
    if leading.is_empty() {
        return Err(not_now(one));
    }
    for otherwise in [false, true] {
        for step in allowed.iter().filter(|step| step.otherwise == otherwise) {
            if condition(scope, entity, id, step.when)? {
                return Ok(step);
            }
        }
    }
    Err(not_now(one))
}

/// What refuses this operation on a row before anything is sent along: a step's or an action's.
pub(crate) fn ask(
    scope: &Scope<'_>,
    entity: &'static Entity,
    row: &Row,
    slug: &str,
) -> Result<(), Refusal> {
    let mut operation = Operation::asking(*scope, Some(entity), row.clone());
    let named: Vec<&'static Step> = entity
        .steps
        .iter()
        .filter(|step| step.slug == slug)
        .collect();
    if !named.is_empty() {
        return choose(scope, entity, &named, None, &mut operation).map(|_| ());
    }
    let Some(action) = entity.actions.iter().find(|action| action.slug == slug) else {
        return Err(Refusal::NotFound);
    };
    if holding(scope, entity, row.id, &scope.grants(action.who))?.is_none() {
        return Err(scope.forbidden());
    }
    (action.body.requires)(&mut operation)
}

/// What refuses an action that belongs to no row before anything is sent along.
pub(crate) fn ask_program(scope: &Scope<'_>, slug: &str) -> Result<(), Refusal> {
    let Some(action) = scope.app.actions.iter().find(|action| action.slug == slug) else {
        return Err(Refusal::NotFound);
    };
    may_act(scope, action)?;
    (action.body.requires)(&mut Operation::asking(*scope, None, Row::default()))
}

fn may_act(scope: &Scope<'_>, action: &Action) -> Result<(), Refusal> {
    for grant in scope.grants(action.who) {
        if grant.when.is_empty() || scope.truth(&format!("SELECT ({}) IS TRUE", grant.when), &[])? {
            return Ok(());
        }
    }
    Err(scope.forbidden())
}

fn not_now(step: &Step) -> Refusal {
    Refusal::Conflict {
        rule: "not-now",
        message: format!("“{}” is not possible now.", step.name),
    }
}

fn found(scope: &Scope<'_>, entity: &'static Entity, id: i64) -> Result<Row, Refusal> {
    if readable(scope, entity, id)?.is_none() {
        return Err(Refusal::NotFound);
    }
    scope.load(entity, id)?.ok_or(Refusal::NotFound)
}

/// Runs an action on a row.
pub(crate) fn action<'t>(
    scope: &Scope<'t>,
    entity: &'static Entity,
    id: i64,
    slug: &str,
    version: Option<i64>,
    inputs: Inputs,
    door: Door,
) -> Result<Ran<'t>, Refusal> {
    let Some(action) = entity.actions.iter().find(|action| action.slug == slug) else {
        return Err(Refusal::NotFound);
    };
    let grants = scope.grants(action.who);
    if grants.is_empty() {
        return Err(scope.forbidden());
    }
    let inputs = client_inputs(scope, action.inputs, inputs, door)?;
    check::inputs(scope, action.inputs, &inputs, door == Door::Client)?;
    let old = found(scope, entity, id)?;
    if holding(scope, entity, id, &grants)?.is_none() {
        return Err(scope.forbidden());
    }
    if version.is_some_and(|version| version != old.version) {
        return Err(Refusal::Stale);
    }
    let mut operation = Operation::new(*scope, Some(entity), old.clone(), old, inputs);
    (action.body.requires)(&mut operation)?;
    scope.deeper(|| action.body.run(&mut operation))?;
    Ok(Ran {
        operation,
        answer: action.answer,
    })
}

/// Runs an action that belongs to no row.
pub(crate) fn program_action<'t>(
    scope: &Scope<'t>,
    slug: &str,
    inputs: Inputs,
    door: Door,
) -> Result<Ran<'t>, Refusal> {
    let Some(action) = scope.app.actions.iter().find(|action| action.slug == slug) else {
        return Err(Refusal::NotFound);
    };
    if scope.grants(action.who).is_empty() {
        return Err(scope.forbidden());
    }
    let inputs = client_inputs(scope, action.inputs, inputs, door)?;
    check::inputs(scope, action.inputs, &inputs, door == Door::Client)?;
    may_act(scope, action)?;
    let mut operation = Operation::new(*scope, None, Row::default(), Row::default(), inputs);
    (action.body.requires)(&mut operation)?;
    scope.deeper(|| action.body.run(&mut operation))?;
    Ok(Ran {
        operation,
        answer: action.answer,
    })
}
