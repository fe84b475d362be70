//! What is worth doing at the same time: things of which each is allowed, and of which one makes another refused or
//! changes what comes of it. The model says which.

use crate::mirror::fields;
use crate::scene::{Dice, Scene};
use crate::wire;
use rayon::prelude::*;
use specc_ir::ir::{EntityId, FieldDefault, FieldId, Ir};
use specc_ir::model::{Caller, Model, Operation, Point, Refusal, State};
use specc_syntax::span::Span;
use std::collections::BTreeMap;

/// What is thought of in one scene.
const THOUGHTS: usize = 300;
/// The most of each kind that are held against the others.
const OF_A_KIND: usize = 4;
/// How often the same thing is done at once.
const FOLD: usize = 12;
/// The most different things that are done at once.
const MOST: usize = 12;

/// What can go wrong when things happen at once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) what: String,
    pub(super) span: Span,
}

/// Things to do at the same time, and what they are about.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) key: Key,
    pub(super) acts: Vec<(Caller, Operation)>,
    /// It shows where all are carried out; else where one is refused for it.
    pub(super) all_count: bool,
}

/// Something that is allowed as things stand, and what comes of it.
struct Allowed {
    caller: Caller,
    operation: Operation,
    after: State,
}

/// The groups of a scene, in the order of what was thought of; several may be about the same.
pub(super) fn groups(model: Model<'_>, dice: &mut Dice<'_>, scene: &Scene) -> Vec<Group> {
    let mut acts: Vec<(Caller, Operation)> = (0..THOUGHTS).map(|_| dice.operation(scene)).collect();
    acts.extend(all_steps(model.ir(), dice, scene));
    let allowed: Vec<Option<Allowed>> = acts
        .into_par_iter()
        .map(|(caller, operation)| {
            // Opening an account is slow on purpose, and slowed down when it happens often.
            if matches!(
                operation,
                Operation::Read(..)
                    | Operation::List(_)
                    | Operation::SignUp(..)
                    | Operation::Leave
                    | Operation::Put(..)
            ) {
                return None;
            }
            let (after, _) = model.perform(&scene.state, caller, &operation).ok()?;
            (after != scene.state).then_some(Allowed {
                caller,
                operation,
                after,
            })
        })
        .collect();
    let mut of_a_kind: BTreeMap<String, usize> = BTreeMap::new();
    let allowed: Vec<Allowed> = allowed
        .into_iter()
        .flatten()
        .filter(|act| {
            let number = of_a_kind
                .entry(deed(model.ir(), &act.operation).id)
                .or_default();
            *number += 1;
            *number <= OF_A_KIND
        })
        .collect();
    let mut found: Vec<Group> = allowed
        .par_iter()
        .flat_map_iter(|act| same(model, act))
        .collect();
    let pairs: Vec<Vec<Group>> = allowed
        .par_iter()
        .enumerate()
        .map(|(at, first)| {
            let others = allowed.iter().enumerate().filter(|(other, _)| *other != at);
            others
                .filter_map(|(_, second)| pair(model, first, second))
                .collect()
        })
        .collect();
    found.extend(pairs.into_iter().flatten());
    found.extend(together(model, scene, &allowed));
    found
}

/// Each step, by everybody on every row: dice seldom find who may take it where.
fn all_steps(ir: &Ir, dice: &mut Dice<'_>, scene: &Scene) -> Vec<(Caller, Operation)> {
    let mut found = Vec::new();
    for (entity, declared) in (0..).map(EntityId).zip(&ir.entities) {
        let steps = declared.lifecycles.iter().flat_map(|cycle| &cycle.steps);
        for step in steps {
            let action = step.action.and_then(|id| ir.actions.get(id.0 as usize));
            let declared = action.map(|action| action.inputs.as_slice());
            for row in scene.state.ids(entity) {
                for me in &scene.people {
                    let caller = Caller {
                        me: Some(*me),
                        now: scene.now,
                    };
                    let inputs = dice.inputs(scene, declared.unwrap_or_default());
                    let name = step.name.text.clone();
                    found.push((caller, Operation::Step(entity, name, row, inputs)));
                }
            }
        }
    }
    found
}

/// One thing several times: it is refused from some time on, or each time counts.
fn same(model: Model<'_>, act: &Allowed) -> Vec<Group> {
    let acts = vec![(act.caller, act.operation.clone()); FOLD];
    let ir = model.ir();
    let mut found = Vec::new();
    let again = model.perform(&act.after, act.caller, &act.operation);
    match again {
        Err(refusal) => found.push(Group {
            key: key_of(ir, &act.operation, &refusal),
            acts,
            all_count: false,
        }),
        Ok((after, _)) if after != act.after => {
            let key = match counter(ir, &act.operation) {
                Some(key) => key,
                None => counts(ir, &act.operation),
            };
            found.push(Group {
                key,
                acts,
                all_count: true,
            });
        }
        Ok(_) => {}
    }
    found
}

/// Two things of which the first makes the second refused, or which change the same row.
fn pair(model: Model<'_>, first: &Allowed, second: &Allowed) -> Option<Group> {
    let ir = model.ir();
    let acts = |times: usize| {
        let both = [first, second].map(|act| (act.caller, act.operation.clone()));
        both.iter().cloned().cycle().take(2 * times).collect()
    };
    match model.perform(&first.after, second.caller, &second.operation) {
        Err(refusal) => Some(Group {
            key: key_of(ir, &second.operation, &refusal),
            acts: acts(3),
            all_count: false,
        }),
        Ok(_) => {
            let (
                Operation::Update(entity, row, given, None),
                Operation::Update(of, other, its, None),
            ) = (&first.operation, &second.operation)
            else {
                return None;
            };
            let apart = !given
                .iter()
                .any(|(field, _)| its.iter().any(|(other, _)| field == other));
            let declared = ir.entities.get(entity.0 as usize)?;
            (entity == of && row == other && apart).then(|| Group {
                key: Key {
                    id: format!("update.{}", wire::slug(&declared.name.text)),
                    what: format!(
                        "changes to different fields of one {} at the same time all count",
                        declared.name.text
                    ),
                    span: declared.span,
                },
                acts: acts(1),
                all_count: true,
            })
        }
    }
}

/// Different things of one kind, one after another until one is refused.
fn together(model: Model<'_>, scene: &Scene, allowed: &[Allowed]) -> Vec<Group> {
    let mut kinds: BTreeMap<String, Vec<&Allowed>> = BTreeMap::new();
    for act in allowed {
        let kind = deed(model.ir(), &act.operation).id;
        kinds.entry(kind).or_default().push(act);
    }
    let mut found = Vec::new();
    for members in kinds.into_values().filter(|members| members.len() > 2) {
        let mut state = scene.state.clone();
        let mut acts = Vec::new();
        let mut key = None;
        for act in members.into_iter().take(MOST) {
            acts.push((act.caller, act.operation.clone()));
            match model.perform(&state, act.caller, &act.operation) {
                Ok((after, _)) => state = after,
                Err(refusal) => key = key.or(Some(key_of(model.ir(), &act.operation, &refusal))),
            }
        }
        found.extend(key.map(|key| Group {
            key,
            acts,
            all_count: false,
        }));
    }
    found
}

/// What a refusal is about that comes of something else being done before.
pub(super) fn key_of(ir: &Ir, operation: &Operation, refusal: &Refusal) -> Key {
    let problem = refusal.problems.first();
    match (refusal.point, problem) {
        (Point::Rule | Point::Input | Point::Effect, Some(problem)) => Key {
            id: match problem.rule.as_str() {
                "unique" | "reference" | "arithmetic" => format!(
                    "{}.{}.{}",
                    problem.rule,
                    entity_of(ir, operation)
                        .map_or_else(|| "any".to_owned(), |entity| slug(ir, entity)),
                    wire::slug(&problem.fields.join("-"))
                ),
                rule => format!("rule.{}", wire::slug(rule)),
            },
            what: match problem.message.as_str() {
                "" => format!(
                    "{} stays {} when several come at once",
                    problem.fields.join(", "),
                    match problem.rule.as_str() {
                        "unique" => "unique",
                        _ => "right",
                    }
                ),
                message => format!("it holds when several come at once: {message}"),
            },
            span: refusal.source,
        },
        (Point::Row, _) => {
            let entity = entity_of(ir, operation);
            let name = entity.map_or_else(|| "row".to_owned(), |entity| name(ir, entity));
            Key {
                id: format!(
                    "gone.{}",
                    entity.map_or_else(|| "any".to_owned(), |entity| slug(ir, entity))
                ),
                what: format!(
                    "nothing is done to a {name} that is gone or hidden at the same time"
                ),
                span: deed(ir, operation).span,
            }
        }
        (Point::Version, _) => Key {
            what: "of several changes to the same version one is carried out".to_owned(),
            id: format!("version.{}", deed(ir, operation).id),
            span: deed(ir, operation).span,
        },
        _ => deed(ir, operation),
    }
}

/// What is done, whoever does it to which row, held against itself and others.
fn deed(ir: &Ir, operation: &Operation) -> Key {
    let of = |entity: &EntityId, verb: &str| {
        let declared = ir.entities.get(entity.0 as usize);
        Key {
            id: format!("{verb}.{}", slug(ir, *entity)),
            what: format!(
                "who may {verb} a {} is looked at when it happens, not before",
                name(ir, *entity)
            ),
            span: declared.map(|entity| entity.span).unwrap_or_default(),
        }
    };
    match operation {
        Operation::Create(entity, _) => of(entity, "create"),
        Operation::Read(entity, _) => of(entity, "read"),
        Operation::Update(entity, ..) => of(entity, "update"),
        Operation::Delete(entity, ..) => of(entity, "delete"),
        Operation::List(query) => of(&query.entity, "list"),
        Operation::Step(entity, step, ..) => {
            let declared = ir.entities.get(entity.0 as usize);
            let steps = declared.into_iter().flat_map(|entity| &entity.lifecycles);
            let mut steps = steps.flat_map(|cycle| &cycle.steps);
            Key {
                id: format!("step.{}.{}", slug(ir, *entity), wire::slug(step)),
                what: format!(
                    "“{step}” happens once where it may happen once, however often it is asked for"
                ),
                span: steps
                    .find(|known| known.name.text == *step)
                    .map(|step| step.span)
                    .unwrap_or_default(),
            }
        }
        Operation::Act(id, ..) => {
            let action = ir.actions.get(id.0 as usize);
            let name = action.map_or("", |action| action.name.text.as_str());
            Key {
                id: format!("action.{}", wire::slug(name)),
                what: format!("“{name}” looks at what is there when it happens, not before"),
                span: action.map(|action| action.span).unwrap_or_default(),
            }
        }
        Operation::Leave => Key {
            id: "leave".to_owned(),
            what: "an account is closed once".to_owned(),
            span: ir.accounts.span,
        },
        Operation::Put(entity, _) => of(entity, "put"),
        Operation::SignUp(..) => Key {
            id: "sign-up".to_owned(),
            what: "an address opens one account".to_owned(),
            span: ir.accounts.span,
        },
    }
}

/// Each time counts.
fn counts(ir: &Ir, operation: &Operation) -> Key {
    let deed = deed(ir, operation);
    Key {
        id: format!("each.{}", deed.id),
        what: "what happens several times at once counts each time".to_owned(),
        span: deed.span,
    }
}

/// The numbers that a new row takes from a series.
fn counter(ir: &Ir, operation: &Operation) -> Option<Key> {
    let Operation::Create(entity, _) = operation else {
        return None;
    };
    let counted = |(_, field): &(FieldId, &specc_ir::ir::Field)| {
        matches!(field.default, Some(FieldDefault::Next(_)))
    };
    let (_, field) = fields(ir, *entity).find(counted)?;
    Some(Key {
        id: format!(
            "counter.{}.{}",
            slug(ir, *entity),
            wire::slug(&field.name.text)
        ),
        what: format!(
            "no number of {} is given twice or left out",
            field.name.text
        ),
        span: field.span,
    })
}

fn entity_of(ir: &Ir, operation: &Operation) -> Option<EntityId> {
    match operation {
        Operation::Create(entity, _)
        | Operation::Read(entity, _)
        | Operation::Update(entity, ..)
        | Operation::Delete(entity, ..)
        | Operation::Step(entity, ..) => Some(*entity),
        Operation::List(query) => Some(query.entity),
        Operation::Act(id, ..) => ir.actions.get(id.0 as usize).and_then(|action| action.on),
        Operation::Put(entity, _) => Some(*entity),
        Operation::SignUp(..) | Operation::Leave => Some(specc_ir::ir::USER),
    }
}

fn slug(ir: &Ir, entity: EntityId) -> String {
    wire::slug(&name(ir, entity))
}

fn name(ir: &Ir, entity: EntityId) -> String {
    let declared = ir.entities.get(entity.0 as usize);
    declared.map_or_else(String::new, |entity| entity.name.text.clone())
}
