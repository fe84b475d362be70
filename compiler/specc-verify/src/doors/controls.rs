//! A control is on a page exactly where what it does is allowed to whoever looks at it, in that state.

use super::browser::exchange;
use super::html::Document;
use super::ledger::{Demand, Ledger, Seen};
use super::{Eyes, Ground, Person, Set, people, plain};
use crate::app::{NoAnswer, Page};
use crate::mirror::{entity_ids, fields};
use crate::scene::Dice;
use crate::wire;
use specc_ir::expr::FieldRef;
use specc_ir::ir::{ActionId, Body, EntityId, Verb};
use specc_ir::model::{Given, Operation, Point};
use specc_syntax::span::Span;
use std::collections::{BTreeMap, BTreeSet};

const SCENES: u64 = 2;
/// So many rows of an entity are looked at by each person.
const ROWS: usize = 6;
/// So many inputs are thought of before it is said that none fits.
const INPUTS: usize = 8;

/// Judges which controls are there.
pub fn judge<'a>(
    ground: Ground<'a>,
    eyes: &mut dyn Eyes<'a>,
    ledger: &mut Ledger,
) -> Result<(), NoAnswer> {
    for number in 0..SCENES {
        scene(ground, number, eyes, ledger)?;
    }
    Ok(())
}

/// Judges which controls are there in the scene of this number.
pub fn scene<'a>(
    ground: Ground<'a>,
    number: u64,
    eyes: &mut dyn Eyes<'a>,
    ledger: &mut Ledger,
) -> Result<(), NoAnswer> {
    let mut dice = ground.dice(4, number);
    let scene = dice.scene(ground.start);
    let turn = usize::try_from(number).unwrap_or(0);
    let persons = people(ground.ir(), &scene, turn);
    let set = Set::up(ground, scene, BTreeMap::new())?;
    let mut looking = Looking {
        ground,
        set,
        dice,
        eyes,
        ledger,
    };
    for person in persons {
        looking.at_everything(&person)?;
    }
    Ok(())
}

struct Looking<'a, 'l> {
    ground: Ground<'a>,
    set: Set<'a>,
    dice: Dice<'a>,
    eyes: &'l mut dyn Eyes<'a>,
    ledger: &'l mut Ledger,
}

/// What speaks for a control, and against it; neither where only sending it would tell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    There,
    Absent,
    Either,
}

impl Looking<'_, '_> {
    fn at_everything(&mut self, person: &Person) -> Result<(), NoAnswer> {
        let ir = self.ground.ir();
        for entity in entity_ids(ir) {
            let rows: Vec<i64> = self.set.state.ids(entity).take(ROWS).collect();
            for row in rows {
                self.at_row(person, entity, row)?;
            }
            self.at_list(person, entity)?;
        }
        let page = self.eyes.open(&mut self.set, person.me, "/")?;
        let there = reached(&page);
        for (id, action) in (0..).map(ActionId).zip(&ir.actions) {
            if action.on.is_some() || action.path.is_some() || action.step {
                continue;
            }
            let wanted = self.wanted(
                person,
                action.inputs.is_empty(),
                &mut |inputs| Operation::Act(id, None, inputs),
                &action.inputs,
                &own(&action.body, action.span),
            );
            let slug = wire::slug(&action.name.text);
            let shown = there.contains(&format!("/do/{slug}"));
            self.note(
                person,
                &slug,
                &action.name.text,
                action.span,
                (wanted, shown),
                ("/", &page),
            );
        }
        Ok(())
    }

    fn at_row(&mut self, person: &Person, entity: EntityId, row: i64) -> Result<(), NoAnswer> {
        let ir = self.ground.ir();
        let Some(declared) = ir.entities.get(entity.0 as usize) else {
            return Ok(());
        };
        let here = format!(
            "/{}/{}",
            self.set.mirror.slug(entity),
            plain(&self.set.mirror.name(entity, row))
        );
        let page = self.eyes.open(&mut self.set, person.me, &here)?;
        let there = reached(&page);
        let of = wire::slug(&declared.name.text);
        let shown = |what: &str| there.contains(&format!("{here}/{what}"));
        let mut named = BTreeSet::new();
        for step in declared
            .lifecycles
            .iter()
            .flat_map(|lifecycle| &lifecycle.steps)
        {
            let slug = wire::slug(&step.name.text);
            if !named.insert(slug.clone()) {
                continue;
            }
            let action = step.action.and_then(|id| ir.actions.get(id.0 as usize));
            let inputs = action
                .map(|action| action.inputs.as_slice())
                .unwrap_or_default();
            let name = step.name.text.clone();
            let wanted = self.wanted(
                person,
                inputs.is_empty(),
                &mut |inputs| Operation::Step(entity, name.clone(), row, inputs),
                inputs,
                &action.map_or_else(|| vec![step.span], |action| own(&action.body, action.span)),
            );
            let what = format!("{} on a {}", step.name.text, declared.name.text);
            self.note(
                person,
                &format!("{slug}-{of}"),
                &what,
                step.span,
                (wanted, shown(&slug)),
                (&here, &page),
            );
        }
        for (id, action) in (0..).map(ActionId).zip(&ir.actions) {
            if action.on != Some(entity) || action.step || action.path.is_some() {
                continue;
            }
            let slug = wire::slug(&action.name.text);
            let wanted = self.wanted(
                person,
                action.inputs.is_empty(),
                &mut |inputs| Operation::Act(id, Some(row), inputs),
                &action.inputs,
                &own(&action.body, action.span),
            );
            self.note(
                person,
                &slug,
                &action.name.text,
                action.span,
                (wanted, shown(&slug)),
                (&here, &page),
            );
        }
        let wanted = self.wanted(
            person,
            true,
            &mut |_| Operation::Delete(entity, row, None),
            &[],
            &declared
                .hooks
                .iter()
                .filter(|hook| hook.verb == Verb::Delete)
                .flat_map(|hook| own(&hook.body, hook.span))
                .collect::<Vec<_>>(),
        );
        let what = format!("delete on a {}", declared.name.text);
        self.note(
            person,
            &format!("delete-{of}"),
            &what,
            declared.span,
            (wanted, shown("delete")),
            (&here, &page),
        );
        let wanted = self.wanted_edit(person, entity, row);
        let what = format!("edit on a {}", declared.name.text);
        self.note(
            person,
            &format!("edit-{of}"),
            &what,
            declared.span,
            (wanted, shown("edit")),
            (&here, &page),
        );
        Ok(())
    }

    fn at_list(&mut self, person: &Person, entity: EntityId) -> Result<(), NoAnswer> {
        let ir = self.ground.ir();
        let Some(declared) = ir.entities.get(entity.0 as usize) else {
            return Ok(());
        };
        // A part is made on the page of its parent.
        let able = declared
            .access
            .iter()
            .any(|grant| grant.verb == Verb::Create);
        if declared.parent.is_some() || !able {
            return Ok(());
        }
        let here = format!("/{}", self.set.mirror.slug(entity));
        let page = self.eyes.open(&mut self.set, person.me, &here)?;
        if page.status != 200 {
            return Ok(());
        }
        let caller = person.caller(self.set.scene.now);
        let empty = Operation::Create(entity, Vec::new());
        let outcome = self.ground.model.perform(&self.set.state, caller, &empty);
        let wanted = match outcome.map_err(|refusal| refusal.point) {
            Ok(_) => Wanted::There,
            Err(Point::SignedIn | Point::Caller) => Wanted::Absent,
            Err(_) => Wanted::Either,
        };
        let shown = reached(&page).contains(&format!("{here}/new"));
        let what = format!("make a {}", declared.name.text);
        let id = format!("create-{}", wire::slug(&declared.name.text));
        self.note(
            person,
            &id,
            &what,
            declared.span,
            (wanted, shown),
            (&here, &page),
        );
        Ok(())
    }

    /// Whether an operation can come to anything, whatever is sent along; `own` is what it needs itself, which is known
    /// before it is tried: what its effects come upon is not.
    fn wanted(
        &mut self,
        person: &Person,
        bare: bool,
        operation: &mut dyn FnMut(Vec<(String, Given)>) -> Operation,
        inputs: &[specc_ir::ir::Parameter],
        own: &[Span],
    ) -> Wanted {
        let caller = person.caller(self.set.scene.now);
        let mut against = false;
        for _ in 0..if bare { 1 } else { INPUTS } {
            let given = self.dice.inputs(&self.set.scene, inputs);
            let outcome = self
                .ground
                .model
                .perform(&self.set.state, caller, &operation(given));
            match outcome.map_err(|refusal| (refusal.point, refusal.source)) {
                Ok(_) => return Wanted::There,
                Err((Point::SignedIn | Point::Caller | Point::Row | Point::Access, _)) => {
                    against = true;
                }
                Err((Point::State, source)) if bare && own.contains(&source) => against = true,
                Err(_) => {}
            }
        }
        if against {
            Wanted::Absent
        } else {
            Wanted::Either
        }
    }

    /// Whether there is a field of the row that can be changed.
    fn wanted_edit(&self, person: &Person, entity: EntityId, row: i64) -> Wanted {
        let caller = person.caller(self.set.scene.now);
        let model = self.ground.model;
        let change = |given: Vec<(FieldRef, Given)>| {
            let update = Operation::Update(entity, row, given, None);
            model
                .perform(&self.set.state, caller, &update)
                .map_err(|refusal| refusal.point)
        };
        if let Err(Point::SignedIn | Point::Caller | Point::Row | Point::Access) =
            change(Vec::new())
        {
            return Wanted::Absent;
        }
        let now = self.set.scene.now;
        for (id, _) in fields(self.ground.ir(), entity) {
            let field = FieldRef::Field(id);
            let value = model.value(&self.set.state, now, entity, row, field);
            if change(vec![(field, Given::Value(value))]).is_ok() {
                return Wanted::There;
            }
        }
        Wanted::Either
    }

    fn note(
        &mut self,
        person: &Person,
        id: &str,
        what: &str,
        span: Span,
        (wanted, shown): (Wanted, bool),
        (path, page): (&str, &Page),
    ) {
        let kind = &person.kind;
        let how = self.eyes.how();
        let demand = |there: bool| {
            let (is, means) = if there {
                ("shown", "is shown the control for")
            } else {
                ("absent", "is not shown the control for")
            };
            let when = if there {
                "where it can be done"
            } else {
                "where it can't"
            };
            how.at(Demand {
                id: format!("control.{id}.{is}.{kind}"),
                class: "",
                what: format!("{kind} {means} {what} {when}"),
                span,
            })
        };
        let (there, seen): (bool, Seen) = match (wanted, shown) {
            (Wanted::Either, _) => return,
            (Wanted::There, true) => (true, Ok("it is there".to_owned())),
            (Wanted::There, false) => (true, Err(format!("it is missing on {path}"))),
            (Wanted::Absent, false) => (false, Ok("it is not there".to_owned())),
            (Wanted::Absent, true) => (false, Err(format!("it is on {path}"))),
        };
        let told = exchange("GET", path, None, page);
        self.ledger.note(demand(there), seen, Some(told));
    }
}

/// The sentences of what an operation needs, and the place where it says that it can't be done now.
fn own(body: &Body, place: Span) -> Vec<Span> {
    let sentences = body.requires.iter().map(|needed| needed.sentence.span);
    sentences.chain([place]).collect()
}

/// Where links of a page lead and where its forms are sent.
fn reached(page: &Page) -> BTreeSet<String> {
    if page.status != 200 {
        return BTreeSet::new();
    }
    let document = Document::of(&page.text);
    let forms = document.main_forms().into_iter().map(|form| form.action);
    document.links().into_iter().chain(forms).collect()
}
