//! What happened at the same time must come out as if it had happened one after another, in some order.

use crate::app::Exchange;
use crate::crowd::Answered;
use crate::mirror::{Difference, Kept, Mirror, same};
use crate::wire::{field_key, field_type};
use serde_json::Value as Json;
use specc_ir::eval::Value;
use specc_ir::expr::FieldRef;
use specc_ir::ir::{EntityId, Type};
use specc_ir::model::{Answer, Caller, Given, Operation, Refusal, State};
use std::collections::BTreeMap;

/// The most orders whose answers fit that are held against the rows.
const MOST_ENDS: u32 = 60;

/// Something that was sent while other things were.
#[derive(Debug, Clone)]
pub(crate) struct Event<'a> {
    pub(crate) caller: Caller,
    pub(crate) operation: &'a Operation,
    /// Without an answer it may have been carried out or not.
    pub(crate) answered: Answered,
}

/// How a history came out.
#[derive(Debug)]
pub(crate) enum Found {
    /// An order gives it; what was refused in it: numbers of events with why.
    Fits(Vec<(usize, Refusal)>),
    /// No order gives it; what is wrong with the one that comes nearest.
    None(Difference),
    /// There are too many orders to try them all; what is wrong with those that fit all answers and not the rows, where there
    /// were any.
    Open(Option<Difference>),
}

struct Search<'s, 'a> {
    events: &'s [Event<'a>],
    /// What had no answer and left a row: the name of the row.
    left: BTreeMap<usize, Json>,
    now: i64,
    kept: &'s Kept,
    /// The most things that are tried to be done next before the search ends.
    most_tried: u32,
    tried: u32,
    ends: u32,
    /// With how many events placed it went furthest, and what was wrong there.
    nearest: (usize, Option<Difference>),
    refused: Vec<(usize, Refusal)>,
}

/// Looks for an order of the events that gives their answers and these rows.
pub(crate) fn explain(
    mirror: &Mirror<'_>,
    before: &State,
    events: &[Event<'_>],
    now: i64,
    kept: &Kept,
    most_tried: u32,
) -> Found {
    let (left, open) = traces(mirror, events, kept);
    let mut search = Search {
        events,
        left,
        now,
        kept,
        most_tried,
        tried: 0,
        ends: 0,
        nearest: (0, None),
        refused: Vec::new(),
    };
    if search.go_on(mirror.clone(), before, open, 0) {
        return Found::Fits(search.refused);
    }
    if search.over() {
        let wrong = search.nearest.1.filter(|_| search.ends > 0);
        return Found::Open(wrong);
    }
    let nothing = || Difference::said("the answers fit no order".to_owned(), "they fit one");
    Found::None(search.nearest.1.unwrap_or_else(nothing))
}

impl Search<'_, '_> {
    fn over(&self) -> bool {
        self.tried >= self.most_tried || self.ends >= MOST_ENDS
    }

    /// Places one of those that are open next, and so on.
    fn go_on(
        &mut self,
        mut mirror: Mirror<'_>,
        state: &State,
        mut open: Vec<usize>,
        unanswered: usize,
    ) -> bool {
        let known = self.refused.len();
        self.refuse(&mirror, state, &mut open);
        if open.iter().all(|at| !self.is_needed(*at)) {
            self.ends += 1;
            match self.at_rest(&mut mirror, state, &open) {
                None => return true,
                Some(wrong) => self.stuck(&open, wrong, true),
            }
            self.refused.truncate(known);
            return false;
        }
        let mut seen: Vec<usize> = Vec::new();
        for at in self.next(&open) {
            if self.over() {
                break;
            }
            // What may be left out comes in one order only, and what is sent several times and answered alike is the same.
            if (!self.is_needed(at) && at < unanswered)
                || seen.iter().any(|other| self.alike(*other, at))
            {
                continue;
            }
            seen.push(at);
            self.tried += 1;
            let Some(event) = self.events.get(at) else {
                continue;
            };
            let outcome = mirror.model.perform(state, event.caller, event.operation);
            let (mut after, answer) = match outcome {
                Ok(done) => done,
                Err(refusal) => {
                    if self.is_answered(at) {
                        let wrong =
                            mirror.judge(event.operation, &Err(refusal), &event.answered.exchange);
                        wrong
                            .into_iter()
                            .for_each(|wrong| self.stuck(&open, wrong, false));
                    }
                    continue;
                }
            };
            mirror.model.carry(state, &mut after);
            let mut then = mirror.clone();
            if self.is_answered(at) {
                know(
                    &mut then,
                    event.operation,
                    &answer,
                    &event.answered.exchange,
                );
                if let Some(wrong) = fits(&then, event.operation, answer, &event.answered.exchange)
                {
                    self.stuck(&open, wrong, false);
                    continue;
                }
            }
            let rest = open.iter().copied().filter(|other| *other != at).collect();
            let unanswered = if self.is_needed(at) { unanswered } else { at };
            if self.go_on(then, &after, rest, unanswered) {
                return true;
            }
        }
        self.refused.truncate(known);
        false
    }

    /// All that was answered is placed: the rest was carried out where that brings the rows nearer. What is wrong then.
    fn at_rest(
        &self,
        mirror: &mut Mirror<'_>,
        state: &State,
        open: &[usize],
    ) -> Option<Difference> {
        let mut state = state.clone();
        let mut open = open.to_vec();
        let mut found = self.differences(mirror, &state);
        while !found.is_empty() {
            let nearer = open.iter().find_map(|at| {
                let event = self.events.get(*at)?;
                let model = mirror.model;
                let done = model.perform(&state, event.caller, event.operation);
                let (mut after, _) = done.ok()?;
                model.carry(&state, &mut after);
                let mut then = mirror.clone();
                let left = self.differences(&mut then, &after);
                (left.len() < found.len()).then_some((*at, then, after, left))
            });
            let Some((at, then, after, left)) = nearer else {
                break;
            };
            open.retain(|other| *other != at);
            (*mirror, state, found) = (then, after, left);
        }
        found.into_iter().next()
    }

    /// How the rows differ from a state. Rows that nobody named are those that hold the same.
    fn differences(&self, mirror: &mut Mirror<'_>, state: &State) -> Vec<Difference> {
        let mut state = state.clone();
        for (entity, rows) in self.kept {
            let name = |row: &Json| row.get("id").cloned().unwrap_or(Json::Null);
            let new: Vec<i64> = state.ids(*entity).collect();
            let new = new.into_iter().filter(|id| !mirror.names_row(*entity, *id));
            for id in new.collect::<Vec<_>>() {
                let same = rows.iter().find(|row| {
                    let mut found = Vec::new();
                    let free = mirror.row(*entity, &name(row)).is_none();
                    if free {
                        let with = (&mut state, self.now);
                        mirror.compare_row(with, *entity, id, row, &mut found);
                    }
                    free && found.is_empty()
                });
                if let Some(row) = same {
                    mirror.made(*entity, id, &name(row));
                }
            }
        }
        mirror.compare_with(&mut state, self.now, self.kept)
    }

    /// What was refused and is refused now changes nothing: it is placed at once.
    fn refuse(&mut self, mirror: &Mirror<'_>, state: &State, open: &mut Vec<usize>) {
        // Once the first is placed, others may come next.
        let mut before = usize::MAX;
        while open.len() < before {
            before = open.len();
            self.refuse_next(mirror, state, open);
        }
    }

    fn refuse_next(&mut self, mirror: &Mirror<'_>, state: &State, open: &mut Vec<usize>) {
        for at in self.next(open) {
            let Some(event) = self.events.get(at) else {
                continue;
            };
            let exchange = &event.answered.exchange;
            if exchange.status < 400 {
                continue;
            }
            let outcome = mirror.model.perform(state, event.caller, event.operation);
            if let Err(refusal) = outcome
                && mirror
                    .judge(event.operation, &Err(refusal.clone()), exchange)
                    .is_none()
            {
                self.refused.push((at, refusal));
                open.retain(|other| *other != at);
            }
        }
    }

    /// What may come next: nothing that is open was answered before it was sent. What was answered first comes first.
    fn next(&self, open: &[usize]) -> Vec<usize> {
        let event = |at: &usize| self.events.get(*at).map(|event| &event.answered);
        let ends = open.iter().filter(|at| self.is_needed(**at));
        let first = ends.filter_map(event).map(|event| event.ended).min();
        let mut next: Vec<usize> = open
            .iter()
            .copied()
            .filter(|at| {
                let begun = event(at).map(|event| event.begun);
                first.is_none_or(|first| begun.is_none_or(|begun| begun <= first))
            })
            .collect();
        next.sort_by_key(|at| (!self.is_needed(*at), event(at).map(|event| event.ended)));
        self.by_number(&mut next);
        next
    }

    /// Rows that were made are numbered in the order in which they were made: among those of one entity, that order is
    /// the likeliest.
    fn by_number(&self, next: &mut [usize]) {
        let mut made: BTreeMap<EntityId, Vec<(usize, i64, usize)>> = BTreeMap::new();
        for (slot, at) in next.iter().enumerate() {
            if let Some(event) = self.events.get(*at)
                && let Operation::Create(entity, _) = event.operation
                && let Some(number) = event.answered.exchange.body.get("id")
                && let Some(number) = number.as_i64()
            {
                made.entry(*entity).or_default().push((slot, number, *at));
            }
        }
        for rows in made.values() {
            let mut sorted: Vec<(i64, usize)> = rows.iter().map(|row| (row.1, row.2)).collect();
            sorted.sort_unstable();
            for ((slot, ..), (_, at)) in rows.iter().zip(sorted) {
                if let Some(place) = next.get_mut(*slot) {
                    *place = at;
                }
            }
        }
    }

    fn is_answered(&self, at: usize) -> bool {
        self.events
            .get(at)
            .is_some_and(|event| event.answered.exchange.status != 0)
    }

    /// It was answered, or is known to have been carried out.
    fn is_needed(&self, at: usize) -> bool {
        self.is_answered(at) || self.left.contains_key(&at)
    }

    fn alike(&self, left: usize, right: usize) -> bool {
        let (Some(left), Some(right)) = (self.events.get(left), self.events.get(right)) else {
            return false;
        };
        left.caller == right.caller
            && left.operation == right.operation
            && left.answered.exchange.status == right.answered.exchange.status
            && left.answered.exchange.body == right.answered.exchange.body
    }

    fn stuck(&mut self, open: &[usize], wrong: Difference, ended: bool) {
        let placed = self.events.len() - open.len() + usize::from(ended);
        if self.nearest.1.is_none() || placed > self.nearest.0 {
            self.nearest = (placed, Some(wrong));
        }
    }
}

/// What is known of those that had no answer: the rows that some left, and all that are to be placed. A row that was to be
/// made and is not there was not made; one that was to be deleted and is there was not deleted.
fn traces(
    mirror: &Mirror<'_>,
    events: &[Event<'_>],
    kept: &Kept,
) -> (BTreeMap<usize, Json>, Vec<usize>) {
    let mut known: Vec<(EntityId, Json)> = Vec::new();
    for event in events {
        if let (Operation::Create(entity, _), Some(name)) =
            (event.operation, event.answered.exchange.body.get("id"))
        {
            known.push((*entity, name.clone()));
        }
    }
    let rows = |entity: EntityId| {
        let found = kept.iter().find(|(of, _)| *of == entity);
        found.into_iter().flat_map(|(_, rows)| rows)
    };
    let name = |row: &Json| row.get("id").cloned().unwrap_or(Json::Null);
    let mut left = BTreeMap::new();
    let mut open = Vec::new();
    for (at, event) in events.iter().enumerate() {
        if event.answered.exchange.status != 0 {
            open.push(at);
            continue;
        }
        match event.operation {
            Operation::Create(entity, given) => {
                let new = rows(*entity).find(|row| {
                    let name = name(row);
                    mirror.row(*entity, &name).is_none()
                        && !known.contains(&(*entity, name))
                        && holds(mirror, *entity, row, given)
                });
                if let Some(row) = new {
                    known.push((*entity, name(row)));
                    left.insert(at, name(row));
                    open.push(at);
                }
            }
            Operation::Delete(entity, row, _) => {
                let gone = mirror.name(*entity, *row);
                if rows(*entity).all(|row| name(row) != gone) {
                    open.push(at);
                }
            }
            _ => open.push(at),
        }
    }
    (left, open)
}

/// A row holds what was given for it, as far as it is shown.
fn holds(mirror: &Mirror<'_>, entity: EntityId, row: &Json, given: &[(FieldRef, Given)]) -> bool {
    let ir = mirror.model.ir();
    given.iter().all(|(field, given)| {
        let (Given::Value(value), Some(json)) = (given, row.get(field_key(ir, entity, *field)))
        else {
            return true;
        };
        let is = mirror.receive(&field_type(ir, entity, *field), json);
        // What leads to a row that is gone is called otherwise, or not at all.
        is.is_none_or(|is| value.is_empty() || same(&is, value))
    })
}

/// The row that was made is called as the app says.
fn know(mirror: &mut Mirror<'_>, operation: &Operation, answer: &Answer, got: &Exchange) {
    if let (Operation::Create(entity, _), Answer::Row(row, _), Some(name)) =
        (operation, answer, got.body.get("id"))
    {
        mirror.made(*entity, *row, name);
    }
    // So is one that was made along the way, and that the row refers to.
    let (Answer::Row(_, Some(view)), Some(entity)) = (answer, mirror.entity_of(operation)) else {
        return;
    };
    for (field, value) in view {
        let ty = field_type(mirror.model.ir(), entity, *field);
        let told = got.body.get(field_key(mirror.model.ir(), entity, *field));
        if let (Type::Ref(to), Value::Row(row), Some(name)) = (ty, value, told)
            && !name.is_null()
            && !mirror.names_row(to, *row)
            && mirror.row(to, name).is_none()
        {
            mirror.made(to, *row, name);
        }
    }
}

/// How an answer differs from what is answered at this place, its version included.
fn fits(
    mirror: &Mirror<'_>,
    operation: &Operation,
    answer: Answer,
    got: &Exchange,
) -> Option<Difference> {
    let version = match &answer {
        Answer::Row(_, Some(view)) => view
            .iter()
            .find(|(field, _)| *field == FieldRef::Version)
            .and_then(|(_, value)| match value {
                Value::Number(number) => Some(*number),
                _ => None,
            }),
        _ => None,
    };
    let told = got.body.get("version").and_then(Json::as_i64);
    if let (Some(version), Some(told)) = (version, told)
        && version != told
    {
        return Some(Difference::of("the version", told, version));
    }
    mirror.judge(operation, &Ok(answer), got)
}
