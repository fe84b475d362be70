//! Where an expression stands in a program.

use super::truth;
use crate::expr::Expr;
use crate::ir::{Body, Effect, EffectItem, EntityId, Ir, RuleCheck};

/// What an operation needs and does: of an action, or of a hook of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyAt {
    Action(usize),
    Hook(EntityId, usize),
}

/// A step on the way to an effect: its position, and in which list below it the way goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Below {
    Then,
    Else,
    Otherwise,
}

/// The way to an effect: positions, each but the last with the list below it.
pub(super) type Way = (Vec<(usize, Below)>, usize);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Role(usize),
    Computed(EntityId, usize),
    Grant(EntityId, usize),
    Step(EntityId, usize, usize),
    Rule(EntityId, usize),
    Requires(BodyAt, usize),
    /// The value of a `set`, the condition of a `when`, the filter of a `for each`.
    Effect(BodyAt, Way),
    Returns(usize),
}

/// What an operation needs and does.
pub(super) fn body(ir: &mut Ir, at: BodyAt) -> Option<&mut Body> {
    match at {
        BodyAt::Action(action) => ir.actions.get_mut(action).map(|action| &mut action.body),
        BodyAt::Hook(entity, hook) => {
            let hooks = &mut ir.entities.get_mut(entity.0 as usize)?.hooks;
            hooks.get_mut(hook).map(|hook| &mut hook.body)
        }
    }
}

/// The list that an effect stands in, and its position there.
pub(super) fn list<'i>(ir: &'i mut Ir, at: BodyAt, way: &Way) -> Option<&'i mut Vec<EffectItem>> {
    let mut items = &mut body(ir, at)?.does;
    for (position, below) in &way.0 {
        let item = items.get_mut(*position)?;
        items = match (below, &mut item.effect) {
            (Below::Otherwise, _) => item.otherwise.as_mut()?,
            (Below::Then, Effect::When { then, .. } | Effect::ForEach { body: then, .. }) => then,
            (Below::Else, Effect::When { otherwise, .. }) => otherwise,
            _ => return None,
        };
    }
    Some(items)
}

impl Place {
    /// The expression, if one stands there.
    pub fn get(&self, ir: &Ir) -> Option<Expr> {
        // The places are found once for each mutant of a small program.
        self.get_mut(&mut ir.clone()).cloned()
    }

    fn slot<'i>(&self, ir: &'i mut Ir) -> Option<&'i mut Option<Expr>> {
        match self {
            Place::Role(role) => ir.roles.get_mut(*role).map(|role| &mut role.when),
            Place::Computed(entity, field) => {
                let fields = &mut ir.entities.get_mut(entity.0 as usize)?.fields;
                fields.get_mut(*field).map(|field| &mut field.computed)
            }
            Place::Grant(entity, grant) => {
                let access = &mut ir.entities.get_mut(entity.0 as usize)?.access;
                access.get_mut(*grant).map(|grant| &mut grant.when)
            }
            Place::Step(entity, cycle, step) => {
                let lifecycle = ir
                    .entities
                    .get_mut(entity.0 as usize)?
                    .lifecycles
                    .get_mut(*cycle)?;
                lifecycle.steps.get_mut(*step).map(|step| &mut step.when)
            }
            Place::Rule(entity, rule) => {
                let rules = &mut ir.entities.get_mut(entity.0 as usize)?.rules;
                match &mut rules.get_mut(*rule)?.check {
                    RuleCheck::Unique { when, .. } => Some(when),
                    RuleCheck::Holds(_) => None,
                }
            }
            Place::Effect(at, way) => match &mut list(ir, *at, way)?.get_mut(way.1)?.effect {
                Effect::ForEach { filter, .. } => Some(filter),
                _ => None,
            },
            Place::Returns(action) => ir
                .actions
                .get_mut(*action)
                .map(|action| &mut action.returns),
            Place::Requires(..) => None,
        }
    }

    /// The expression, if one stands there.
    pub fn get_mut<'i>(&self, ir: &'i mut Ir) -> Option<&'i mut Expr> {
        match self {
            Place::Rule(entity, rule) => {
                let rules = &mut ir.entities.get_mut(entity.0 as usize)?.rules;
                match &mut rules.get_mut(*rule)?.check {
                    RuleCheck::Holds(condition) => Some(condition),
                    RuleCheck::Unique { when, .. } => when.as_mut(),
                }
            }
            Place::Requires(at, position) => {
                let requires = &mut body(ir, *at)?.requires;
                requires
                    .get_mut(*position)
                    .map(|required| &mut required.condition)
            }
            Place::Effect(at, way) => match &mut list(ir, *at, way)?.get_mut(way.1)?.effect {
                Effect::Set { value, .. } => Some(value),
                Effect::When { condition, .. } => Some(condition),
                Effect::ForEach { filter, .. } => filter.as_mut(),
                _ => None,
            },
            _ => self.slot(ir)?.as_mut(),
        }
    }

    /// Nothing is asked any more.
    pub fn always(&self, ir: &mut Ir) {
        match self.slot(ir) {
            Some(slot) => *slot = None,
            None => self.put(ir, truth(true)),
        }
    }

    /// Another expression in its place.
    pub fn put(&self, ir: &mut Ir, expr: Expr) {
        if let Some(slot) = self.get_mut(ir) {
            *slot = expr;
        }
    }
}
