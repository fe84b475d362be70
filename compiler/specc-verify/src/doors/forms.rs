//! Writing by form, as a browser without JavaScript does it: the form is fetched, filled in and sent. What comes of it is
//! what the model says; what is refused changes nothing, keeps what was typed, and says at its field what is wrong.

mod filling;

use super::browser::{Pairs, encoded, exchange};
use super::html::{Document, Form};
use super::ledger::{Demand, Ledger, Seen};
use super::reading::refused;
use super::{Eyes, Ground, Set, plain, typed};
use crate::app::{Exchange, NoAnswer, Page};
use crate::mirror::Difference;
use crate::wire;
use specc_ir::eval::Value;
use specc_ir::expr::FieldRef;
use specc_ir::ir::{self, EntityId};
use specc_ir::model::{Answer, Caller, Given, Operation, Point, Refusal, State};
use specc_syntax::span::Span;
use std::collections::BTreeMap;

const SCENES: u64 = 6;
/// What is thought of in a scene.
const THOUGHTS: usize = 250;
/// So often at most something comes out in the same way.
const OFTEN: usize = 2;
/// So often something is tried that nobody can put into the form, where only that is sent.
const MISSES: usize = 6;

/// Judges forms.
pub fn judge<'a>(
    ground: Ground<'a>,
    hands: &mut dyn Hands<'a>,
    ledger: &mut Ledger,
) -> Result<(), NoAnswer> {
    let mut often: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for number in 0..SCENES {
        let mut dice = ground.dice(3, number);
        let scene = dice.scene(ground.start);
        let thoughts: Vec<(Caller, Operation)> =
            (0..THOUGHTS).map(|_| dice.operation(&scene)).collect();
        let set = Set::up(ground, scene, BTreeMap::new())?;
        let mut writing = Writing::new(ground, set);
        let model = ground.model;
        let all = thoughts.into_iter().flat_map(|(caller, operation)| {
            let late = too_late(&writing.set.scene.state, &operation);
            let late = late.map(|late| (caller, late));
            std::iter::once((caller, operation)).chain(late)
        });
        let all: Vec<(Caller, Operation)> = all.collect();
        for (caller, operation) in all {
            let first = model.perform(&writing.set.scene.state, caller, &operation);
            let Some(deed) = deed(ground, &operation) else {
                continue;
            };
            let way = format!(
                "{} {:?}",
                deed.id,
                first.as_ref().err().map(|refusal| refusal.point)
            );
            let (done, missed) = often.entry(way).or_default();
            let most = if hands.forges() {
                OFTEN - *done
            } else {
                MISSES
            };
            if *done >= OFTEN || *missed >= most || !hands.would(&first, *done) {
                continue;
            }
            let Some((found, told)) = writing.tried(hands, caller, &operation, &deed)? else {
                *missed += 1;
                continue;
            };
            *done += 1;
            let mut again = BTreeMap::new();
            if found.iter().any(|(_, seen)| seen.is_err()) {
                writing.dirty = true;
                if let Some((second, _)) = writing.tried(hands, caller, &operation, &deed)? {
                    again = second
                        .into_iter()
                        .map(|(demand, seen)| (demand.id, seen))
                        .collect();
                }
            }
            for (demand, seen) in found {
                let second = again.get(&demand.id).cloned();
                ledger.twice(demand, seen, second, Some(told.clone()));
            }
        }
    }
    Ok(())
}

/// The same change by somebody whose form is of another version than the row.
fn too_late(state: &State, operation: &Operation) -> Option<Operation> {
    let Operation::Update(entity, row, given, None) = operation else {
        return None;
    };
    let held = state.row(*entity, *row)?.version;
    Some(Operation::Update(
        *entity,
        *row,
        given.clone(),
        Some(held + 1),
    ))
}

/// What is done by a form.
pub(crate) struct Deed {
    /// `create-ticket`
    pub(crate) id: String,
    /// `creates a Ticket`
    what: String,
    span: Span,
}

pub(crate) fn deed(ground: Ground<'_>, operation: &Operation) -> Option<Deed> {
    let ir = ground.ir();
    let of = |entity: &EntityId| ir.entities.get(entity.0 as usize);
    let simple = |entity: &EntityId, verb: &str, does: &str| {
        let declared = of(entity)?;
        Some(Deed {
            id: format!("{verb}-{}", wire::slug(&declared.name.text)),
            what: format!("{does} a {}", declared.name.text),
            span: declared.span,
        })
    };
    match operation {
        Operation::Create(entity, _) => simple(entity, "create", "makes"),
        Operation::Update(entity, ..) => simple(entity, "update", "changes"),
        Operation::Delete(entity, ..) => simple(entity, "delete", "deletes"),
        Operation::Step(entity, name, ..) => {
            let declared = of(entity)?;
            let mut steps = declared
                .lifecycles
                .iter()
                .flat_map(|lifecycle| &lifecycle.steps);
            let step = steps.find(|step| step.name.text == *name)?;
            Some(Deed {
                id: format!("{}-{}", wire::slug(name), wire::slug(&declared.name.text)),
                what: format!("does {name} on a {}", declared.name.text),
                span: step.span,
            })
        }
        Operation::Act(id, ..) => {
            let action = ir.actions.get(id.0 as usize)?;
            Some(Deed {
                id: format!("act-{}", wire::slug(&action.name.text)),
                what: format!("does {}", action.name.text),
                span: action.span,
            })
        }
        _ => None,
    }
}

pub(crate) type Found = Vec<(Demand, Seen)>;

/// Whoever fills in forms and sends them.
pub(crate) trait Hands<'a>: Eyes<'a> {
    /// They send what stands in no page as well.
    fn forges(&self) -> bool {
        true
    }

    /// They would do something that comes out like this, and did so `often` before.
    fn would(&mut self, _outcome: &Result<(State, Answer), Refusal>, _often: usize) -> bool {
        true
    }

    /// Fills in the form of the page that was opened last, and sends it.
    fn send(&mut self, form: &Form, filled: &Filled) -> Result<Sent, NoAnswer>;

    /// What else is demanded of the page that says why something was refused: an id, a half sentence, and what was seen.
    fn after(
        &mut self,
        _form: &Form,
        _wrong: &[String],
    ) -> Result<Vec<(&'static str, &'static str, Seen)>, NoAnswer> {
        Ok(Vec::new())
    }
}

/// What came of a form.
pub(crate) enum Sent {
    /// This page.
    Page(Page),
    /// Nobody could fill it in like this.
    Impossible,
    /// It can't be filled in or sent, though it is there.
    Lost(String),
}

pub(crate) struct Writing<'a> {
    ground: Ground<'a>,
    pub(crate) set: Set<'a>,
    dirty: bool,
}

/// A form that is filled in, and the operation that it means.
pub(crate) struct Filled {
    pub(crate) operation: Operation,
    pub(crate) pairs: Pairs,
    /// What was put into which control.
    pub(crate) typed: Vec<(String, Vec<String>)>,
}

impl<'a> Writing<'a> {
    pub(crate) fn new(ground: Ground<'a>, set: Set<'a>) -> Writing<'a> {
        Writing {
            ground,
            set,
            dirty: false,
        }
    }

    fn address(&self, entity: EntityId, row: i64) -> String {
        let name = plain(&self.set.mirror.name(entity, row));
        format!("/{}/{name}", self.set.mirror.slug(entity))
    }

    /// Where the form stands, and where it is sent if it stands nowhere.
    fn places(&self, operation: &Operation) -> Option<(String, String)> {
        let below = |entity: &EntityId, row: &i64, what: &str| {
            let place = format!("{}/{what}", self.address(*entity, *row));
            Some((place.clone(), place))
        };
        match operation {
            Operation::Create(entity, given) => {
                let place = format!("/{}/new", self.set.mirror.slug(*entity));
                let declared = self.ground.ir().entities.get(entity.0 as usize)?;
                let Some(parent) = declared.parent else {
                    return Some((place.clone(), place));
                };
                let field = FieldRef::Field(parent.field);
                let (_, Given::Value(Value::Row(row))) =
                    given.iter().find(|(known, _)| *known == field)?
                else {
                    return None;
                };
                let key = wire::field_key(self.ground.ir(), *entity, field);
                let name = plain(&self.set.mirror.name(parent.entity, *row));
                Some((format!("{place}?{}", encoded(&[(key, name)])), place))
            }
            Operation::Update(entity, row, ..) => below(entity, row, "edit"),
            Operation::Delete(entity, row, _) => below(entity, row, "delete"),
            Operation::Step(entity, name, row, _) => below(entity, row, &wire::slug(name)),
            Operation::Act(id, row, _) => {
                let action = self.ground.ir().actions.get(id.0 as usize)?;
                let slug = wire::slug(&action.name.text);
                match (action.on, row) {
                    (Some(entity), Some(row)) => below(&entity, row, &slug),
                    _ => Some((format!("/do/{slug}"), format!("/do/{slug}"))),
                }
            }
            _ => None,
        }
    }

    /// The page of the row that something is done to by its button alone.
    fn beside(&self, operation: &Operation) -> Option<String> {
        let ir = self.ground.ir();
        match operation {
            Operation::Step(entity, name, row, _) => {
                let step = ir::Operation::Step(*entity, name.clone());
                let bare = self.ground.model.inputs_of(&step).is_empty();
                bare.then(|| self.address(*entity, *row))
            }
            Operation::Act(id, Some(row), _) => {
                let action = ir.actions.get(id.0 as usize)?;
                let bare = action.inputs.is_empty();
                action.on.filter(|_| bare).map(|on| self.address(on, *row))
            }
            _ => None,
        }
    }

    /// The form for something, where there is one: on the row's page for what a button does, else on a page of its own.
    fn form_for(
        &mut self,
        hands: &mut dyn Hands<'a>,
        me: Option<i64>,
        operation: &Operation,
        (place, target): (&str, &str),
    ) -> Result<Option<Form>, NoAnswer> {
        let beside = self.beside(operation).filter(|_| !hands.forges());
        if let Some(beside) = beside {
            let page = hands.open(&mut self.set, me, &beside)?;
            let form = Document::of(&page.text).form_to(target);
            if page.status == 200 && form.is_some() {
                return Ok(form);
            }
        }
        let asked = hands.open(&mut self.set, me, place)?;
        if asked.status != 200 {
            return Ok(None);
        }
        let forms = Document::of(&asked.text).main_forms();
        Ok(forms.into_iter().find(|form| form.method == "post"))
    }

    /// Does it by its form, or sends what the form would send where there is none; what is right and wrong with it.
    pub(crate) fn tried(
        &mut self,
        hands: &mut dyn Hands<'a>,
        caller: Caller,
        operation: &Operation,
        deed: &Deed,
    ) -> Result<Option<(Found, Exchange)>, NoAnswer> {
        if self.dirty {
            self.set.again()?;
            self.dirty = false;
        }
        let Some((form, filled, offered)) = self.prepared(hands, caller, operation)? else {
            return Ok(None);
        };
        let outcome = self
            .ground
            .model
            .perform(&self.set.state, caller, &filled.operation);
        let sent = match (offered, hands.forges()) {
            (false, false) => self.unseen(caller, operation, &outcome)?,
            _ => hands.send(&form, &filled)?,
        };
        let page = match sent {
            Sent::Page(page) => page,
            Sent::Impossible => return Ok(None),
            Sent::Lost(wrong) => {
                self.dirty = true;
                let page = Page {
                    status: 0,
                    headers: Vec::new(),
                    text: String::new(),
                };
                let told = exchange("POST", &form.action, Some(&filled.pairs), &page);
                let demand = demand_of(deed, offered, &outcome);
                return Ok(Some((vec![(hands.how().at(demand), Err(wrong))], told)));
            }
        };
        let told = exchange("POST", &form.action, Some(&filled.pairs), &page);
        self.dirty |= page.status < 400;
        let found = self.found(hands, deed, offered, (&form, &filled), outcome, &page)?;
        self.dirty |= found.iter().any(|(_, seen)| seen.is_err());
        Ok(Some((found, told)))
    }

    /// The form with what somebody means to do in it, and whether a page offers all of that.
    pub(crate) fn prepared(
        &mut self,
        hands: &mut dyn Hands<'a>,
        caller: Caller,
        operation: &Operation,
    ) -> Result<Option<(Form, Filled, bool)>, NoAnswer> {
        let Some((place, target)) = self.places(operation) else {
            return Ok(None);
        };
        let form = self.form_for(hands, caller.me, operation, (&place, &target))?;
        let offered = form.is_some();
        let form = form.unwrap_or_else(|| Form {
            action: target,
            ..Form::default()
        });
        let Some(filled) = self.filled(operation, &form) else {
            return Ok(None);
        };
        // A field that the form does not have was put into it by hand.
        let by_hand = |(name, _): &(String, Vec<String>)| form.control(name).is_none();
        let offered = offered && !filled.typed.iter().any(by_hand);
        Ok(Some((form, filled, offered)))
    }

    /// Why there is no form to be seen for something that can be done: it stands in the page, and is not painted.
    fn unseen(
        &mut self,
        caller: Caller,
        operation: &Operation,
        outcome: &Result<(State, Answer), Refusal>,
    ) -> Result<Sent, NoAnswer> {
        if outcome.is_err() {
            return Ok(Sent::Impossible);
        }
        let mut plain = super::browser::Plain::default();
        Ok(match self.prepared(&mut plain, caller, operation)? {
            Some((form, _, true)) => Sent::Lost(format!(
                "the form to {} stands in the page, and it or a field of it can't be seen",
                form.action
            )),
            _ => Sent::Impossible,
        })
    }

    fn found(
        &mut self,
        hands: &mut dyn Hands<'a>,
        deed: &Deed,
        offered: bool,
        (form, filled): (&Form, &Filled),
        outcome: Result<(State, Answer), Refusal>,
        page: &Page,
    ) -> Result<Found, NoAnswer> {
        let now = self.set.scene.now;
        let how = hands.how();
        let demand = |id: String, what: String| {
            how.at(Demand {
                id,
                class: how.class,
                what,
                span: deed.span,
            })
        };
        let mut found = Vec::new();
        let (mut state, fits) = match &outcome {
            Ok((state, _)) => {
                let mut state = state.clone();
                self.ground.model.carry(&self.set.state, &mut state);
                let fits = match (offered, page.status) {
                    (_, 200..400) => {
                        Ok("it was carried out, and everything is as it should be".to_owned())
                    }
                    (true, status) => Err(format!("the answer is {status}, though it is allowed")),
                    (false, _) => {
                        Err("there is no form with all of it, though it is allowed".to_owned())
                    }
                };
                (state, fits)
            }
            Err(refusal) => {
                let fits = if offered {
                    refused(refusal, page)
                } else if page.status >= 500 || page.status < 300 || page.status == 304 {
                    Err(format!(
                        "the answer to a form that is not there is {}",
                        page.status
                    ))
                } else if page.status < 400 && !to_login(page) {
                    Err(format!(
                        "a form that is not there is taken: {}",
                        page.status
                    ))
                } else {
                    Ok(format!(
                        "without a form it is answered with {}",
                        page.status
                    ))
                };
                (self.set.state.clone(), fits)
            }
        };
        let first = demand_of(deed, offered, &outcome);
        let differences = self.set.mirror.compare(&mut state, now)?;
        let wrong = differences.into_iter().next();
        let seen = match (fits, wrong) {
            (Err(wrong), _) => Err(wrong),
            (Ok(_), Some(Difference { text, .. })) => Err(text),
            (Ok(fits), None) => Ok(fits),
        };
        found.push((how.at(first), seen));
        if let (Err(refusal), true, 409 | 422) = (&outcome, offered, page.status) {
            let after = Document::of(&page.text);
            let again = after
                .main_forms()
                .into_iter()
                .find(|again| again.action == form.action);
            if let Some(again) = &again {
                let lost = filled.typed.iter().find(|(name, typed)| {
                    let control = again.control(name);
                    control
                        .is_some_and(|control| !typed::keeps(control, &again.values(name), typed))
                });
                let seen = match lost {
                    None => Ok("everything stands there as it was typed".to_owned()),
                    Some((name, typed)) => Err(format!(
                        "in {name} stands {:?}, not {typed:?}",
                        again.values(name)
                    )),
                };
                let what = format!(
                    "who {} by form and is refused finds what they typed",
                    deed.what
                );
                found.push((demand(format!("form.{}.kept", deed.id), what), seen));
            }
            let seen = says(refusal, form, again.as_ref(), &after.main_text());
            let what = format!(
                "who {} by form reads what is wrong, at its field",
                deed.what
            );
            found.push((demand(format!("form.{}.told", deed.id), what), seen));
            let at_fields: Vec<String> = refusal
                .problems
                .iter()
                .filter(|_| refusal.point == Point::Input)
                .flat_map(|problem| problem.fields.iter().map(|field| wire::key(field)))
                .collect();
            for (id, what, seen) in hands.after(form, &at_fields)? {
                let what = format!("who {} by form and is refused {what}", deed.what);
                found.push((demand(format!("form.{}.{id}", deed.id), what), seen));
            }
        }
        Ok(found)
    }
}

/// What is demanded of how something comes out.
fn demand_of(deed: &Deed, offered: bool, outcome: &Result<(State, Answer), Refusal>) -> Demand {
    let (id, what) = match outcome {
        Ok(_) => (
            format!("form.{}.done", deed.id),
            format!("who {} by form does what the model says", deed.what),
        ),
        Err(refusal) => {
            let (how, door) = if offered {
                ("by form", "form")
            } else {
                ("without its form", "forged")
            };
            (
                format!("form.{}.{}.{door}", deed.id, point(refusal.point)),
                format!(
                    "who {} {how} and may not is refused, and nothing changes",
                    deed.what
                ),
            )
        }
    };
    Demand {
        id,
        class: "forms",
        what,
        span: deed.span,
    }
}

fn to_login(page: &Page) -> bool {
    page.header("location")
        .is_some_and(|to| to.starts_with("/login"))
}

/// Why it is refused, for an id.
fn point(point: Point) -> &'static str {
    match point {
        Point::SignedIn => "signed-out",
        Point::Caller => "never",
        Point::Input => "input",
        Point::Row => "no-row",
        Point::Access => "not-this-row",
        Point::Version => "stale",
        Point::State => "not-now",
        Point::Right => "effect-forbidden",
        Point::Effect => "effect",
        Point::Held => "held",
        Point::After => "not-after",
        Point::Rule => "rule",
    }
}

/// Each thing that is wrong is said: at its control where it has one, and in the words of the spec where it has some.
fn says(refusal: &Refusal, before: &Form, again: Option<&Form>, words: &str) -> Seen {
    for problem in &refusal.problems {
        let message = super::html::squeezed(&problem.message);
        if !message.is_empty() && !words.contains(&message) {
            return Err(format!("nothing says “{message}”"));
        }
        let Some(again) = again.filter(|_| refusal.point == Point::Input) else {
            continue;
        };
        for field in &problem.fields {
            let key = wire::key(field);
            let (Some(old), Some(new)) = (before.control(&key), again.control(&key)) else {
                continue;
            };
            if new.kind != "hidden" && new.described == old.described {
                return Err(format!(
                    "nothing is said at {key}, which is wrong by {}",
                    problem.rule
                ));
            }
        }
    }
    if words.is_empty() {
        return Err("the page is empty".to_owned());
    }
    Ok("it is said at its field".to_owned())
}
