//! Writing by form, as a browser without JavaScript does it: the form is fetched, filled in and sent. What comes of it is
//! what the model says; what is refused changes nothing, keeps what was typed, and says at its field what is wrong.

use super::browser::{Pairs, encoded, exchange};
use super::html::{Document, Form};
use super::ledger::{Demand, Ledger, Seen};
use super::reading::refused;
use super::{Ground, Set, plain, typed};
use crate::app::{Exchange, NoAnswer, Page};
use crate::mirror::{Difference, fields};
use crate::wire;
use specc_ir::eval::Value;
use specc_ir::expr::FieldRef;
use specc_ir::ir::{self, EntityId, Field, FieldDefault, Type};
use specc_ir::model::{Answer, Caller, Given, Operation, Point, Refusal, State};
use specc_syntax::span::Span;
use std::collections::{BTreeMap, BTreeSet};

const SCENES: u64 = 6;
/// What is thought of in a scene.
const THOUGHTS: usize = 250;
/// So often at most something comes out in the same way.
const OFTEN: usize = 2;

/// Judges forms.
pub fn judge(ground: Ground<'_>, ledger: &mut Ledger) -> Result<(), NoAnswer> {
    let mut often: BTreeMap<String, usize> = BTreeMap::new();
    for number in 0..SCENES {
        let mut dice = ground.dice(3, number);
        let scene = dice.scene(ground.start);
        let thoughts: Vec<(Caller, Operation)> =
            (0..THOUGHTS).map(|_| dice.operation(&scene)).collect();
        let set = Set::up(ground, scene, BTreeMap::new())?;
        let mut writing = Writing {
            ground,
            set,
            dirty: false,
        };
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
            let done = often.entry(way).or_default();
            if *done >= OFTEN {
                continue;
            }
            *done += 1;
            let Some((found, told)) = writing.tried(caller, &operation, &deed)? else {
                continue;
            };
            let mut again = BTreeMap::new();
            if found.iter().any(|(_, seen)| seen.is_err()) {
                writing.dirty = true;
                if let Some((second, _)) = writing.tried(caller, &operation, &deed)? {
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
struct Deed {
    /// `create-ticket`
    id: String,
    /// `creates a Ticket`
    what: String,
    span: Span,
}

fn deed(ground: Ground<'_>, operation: &Operation) -> Option<Deed> {
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

type Found = Vec<(Demand, Seen)>;

struct Writing<'a> {
    ground: Ground<'a>,
    set: Set<'a>,
    dirty: bool,
}

/// A form that is filled in, and the operation that it means.
struct Filled {
    operation: Operation,
    pairs: Pairs,
    /// What was put into which control.
    typed: Vec<(String, Vec<String>)>,
}

impl<'a> Writing<'a> {
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

    /// Does it by its form, or sends what the form would send where there is none; what is right and wrong with it.
    fn tried(
        &mut self,
        caller: Caller,
        operation: &Operation,
        deed: &Deed,
    ) -> Result<Option<(Found, Exchange)>, NoAnswer> {
        if self.dirty {
            self.set.again()?;
            self.dirty = false;
        }
        let Some((place, target)) = self.places(operation) else {
            return Ok(None);
        };
        let mut browser = self.set.browser(caller.me)?;
        let asked = browser.get(&place)?;
        let form = if asked.status == 200 {
            let forms = Document::of(&asked.text).main_forms();
            forms.into_iter().find(|form| form.method == "post")
        } else {
            None
        };
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
        let outcome = self
            .ground
            .model
            .perform(&self.set.state, caller, &filled.operation);
        let page = browser.post(&form.action, &filled.pairs)?;
        let told = exchange("POST", &form.action, Some(&filled.pairs), &page);
        self.dirty |= page.status < 400;
        let found = self.found(deed, offered, (&form, &filled), outcome, &page)?;
        self.dirty |= found.iter().any(|(_, seen)| seen.is_err());
        Ok(Some((found, told)))
    }

    fn found(
        &mut self,
        deed: &Deed,
        offered: bool,
        (form, filled): (&Form, &Filled),
        outcome: Result<(State, Answer), Refusal>,
        page: &Page,
    ) -> Result<Found, NoAnswer> {
        let now = self.set.scene.now;
        let demand = |id: String, what: String| Demand {
            id,
            class: "forms",
            what,
            span: deed.span,
        };
        let mut found = Vec::new();
        let (mut state, fits, id, what) = match &outcome {
            Ok((state, _)) => {
                let mut state = state.clone();
                self.ground.model.carry(&self.set.state, &mut state);
                let fits = match (offered, page.status) {
                    (true, 200..400) => {
                        Ok("it was carried out, and everything is as it should be".to_owned())
                    }
                    (true, status) => Err(format!("the answer is {status}, though it is allowed")),
                    (false, 200..400) => {
                        Ok("it was carried out, and everything is as it should be".to_owned())
                    }
                    (false, _) => {
                        Err("there is no form with all of it, though it is allowed".to_owned())
                    }
                };
                let what = format!("who {} by form does what the model says", deed.what);
                (state, fits, format!("form.{}.done", deed.id), what)
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
                let how = if offered {
                    "by form"
                } else {
                    "without its form"
                };
                let id = format!(
                    "form.{}.{}.{}",
                    deed.id,
                    point(refusal.point),
                    if offered { "form" } else { "forged" }
                );
                let what = format!(
                    "who {} {how} and may not is refused, and nothing changes",
                    deed.what
                );
                (self.set.state.clone(), fits, id, what)
            }
        };
        let differences = self.set.mirror.compare(&mut state, now)?;
        let wrong = differences.into_iter().next();
        let seen = match (fits, wrong) {
            (Err(wrong), _) => Err(wrong),
            (Ok(_), Some(Difference { text, .. })) => Err(text),
            (Ok(fits), None) => Ok(fits),
        };
        found.push((demand(id, what), seen));
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
        }
        Ok(found)
    }

    /// The form with what somebody means to do, and what that is in the model's words.
    fn filled(&self, operation: &Operation, form: &Form) -> Option<Filled> {
        let mut filled = Filling {
            form: form.clone(),
            typed: Vec::new(),
        };
        let operation = match operation {
            Operation::Create(entity, given) => {
                let given = self.fill_fields(*entity, None, given, &mut filled)?;
                Operation::Create(*entity, given)
            }
            Operation::Update(entity, row, given, named) => {
                // Somebody else was quicker: the form was filled in for another version.
                let held = self.set.state.row(*entity, *row).map(|row| row.version);
                if let Some(other) = named.filter(|named| Some(*named) != held)
                    && filled.form.control("version").is_some()
                {
                    filled.put("version", vec![other.to_string()]);
                }
                let given = self.fill_fields(*entity, Some(*row), given, &mut filled)?;
                let version = filled
                    .form
                    .values("version")
                    .first()
                    .and_then(|text| text.parse().ok());
                Operation::Update(*entity, *row, given, version)
            }
            Operation::Delete(entity, row, _) => {
                let version = filled
                    .form
                    .values("version")
                    .first()
                    .and_then(|text| text.parse().ok());
                Operation::Delete(*entity, *row, version)
            }
            Operation::Step(entity, name, row, given) => {
                let step = ir::Operation::Step(*entity, name.clone());
                let given = self.fill_inputs(&step, given, &mut filled)?;
                Operation::Step(*entity, name.clone(), *row, given)
            }
            Operation::Act(id, row, given) => {
                let given = self.fill_inputs(&ir::Operation::Action(*id), given, &mut filled)?;
                Operation::Act(*id, *row, given)
            }
            _ => return None,
        };
        Some(Filled {
            operation,
            pairs: filled.form.pairs,
            typed: filled.typed,
        })
    }

    fn typed(&self, ty: &Type, given: &Given) -> Option<Vec<String>> {
        match given {
            Given::Value(value) => typed::texts(self.ground, &self.set.mirror, ty, value),
            Given::Malformed => typed::malformed(ty),
        }
    }

    fn fill_fields(
        &self,
        entity: EntityId,
        row: Option<i64>,
        given: &[(FieldRef, Given)],
        filling: &mut Filling,
    ) -> Option<Vec<(FieldRef, Given)>> {
        let ir = self.ground.ir();
        let parent = ir
            .entities
            .get(entity.0 as usize)?
            .parent
            .map(|parent| parent.field);
        let mut all = Vec::new();
        let mut known = BTreeSet::new();
        for (id, field) in fields(ir, entity) {
            let key = wire::key(&field.name.text);
            known.insert(key.clone());
            let reference = FieldRef::Field(id);
            let wanted = given
                .iter()
                .find(|(known, _)| *known == reference)
                .map(|(_, given)| given);
            let there = filling.form.control(&key).is_some();
            let hidden = matches!(field.ty, Type::Password | Type::Secret);
            let typed = wanted.and_then(|given| self.typed(&field.ty, given));
            match (wanted, typed) {
                // The form says itself which parent it is about.
                _ if there && parent == Some(id) => {
                    let value =
                        self.untouched(entity, row, reference, field, &filling.form, &key)?;
                    all.push((reference, Given::Value(value)));
                }
                (Some(given), Some(typed)) => {
                    let blank = typed.iter().all(|text| text.trim().is_empty());
                    filling.put(&key, typed);
                    let left =
                        blank && ((row.is_none() && is_made(field)) || (row.is_some() && hidden));
                    if !left {
                        all.push((reference, given.clone()));
                    }
                }
                (_, _) if there => {
                    let blank = filling
                        .form
                        .values(&key)
                        .iter()
                        .all(|text| text.trim().is_empty());
                    if blank && ((row.is_none() && is_made(field)) || (row.is_some() && hidden)) {
                        continue;
                    }
                    let value =
                        self.untouched(entity, row, reference, field, &filling.form, &key)?;
                    all.push((reference, Given::Value(value)));
                }
                (Some(_), None) => return None,
                (None, _) => {}
            }
        }
        // What stands in the form and is no field of it would be the app's own matter.
        let own = |name: &str| name.starts_with('_') || name == "version" || known.contains(name);
        filling
            .form
            .controls
            .iter()
            .all(|control| own(&control.name))
            .then_some(all)
    }

    /// What an untouched control holds: of a row what stands in it, else what the form offers.
    fn untouched(
        &self,
        entity: EntityId,
        row: Option<i64>,
        reference: FieldRef,
        field: &Field,
        form: &Form,
        key: &str,
    ) -> Option<Value> {
        match row {
            // A box is ticked or not: what is neither is not when its form is sent.
            Some(row) if field.ty != Type::Bool => {
                let (state, now) = (&self.set.state, self.set.scene.now);
                Some(self.ground.model.value(state, now, entity, row, reference))
            }
            _ => typed::value(self.ground, &self.set.mirror, &field.ty, &form.values(key)),
        }
    }

    fn fill_inputs(
        &self,
        operation: &ir::Operation,
        given: &[(String, Given)],
        filling: &mut Filling,
    ) -> Option<Vec<(String, Given)>> {
        let mut all = Vec::new();
        for input in self.ground.model.inputs_of(operation) {
            let name = &input.name.text;
            let key = wire::key(name);
            let there = filling.form.control(&key).is_some();
            let wanted = given
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, given)| given);
            match (
                wanted,
                wanted.and_then(|given| self.typed(&input.ty, given)),
            ) {
                (Some(given), Some(typed)) => {
                    filling.put(&key, typed);
                    all.push((name.clone(), given.clone()));
                }
                (Some(_), None) if !there => return None,
                (_, _) if there => {
                    let values = filling.form.values(&key);
                    let value = typed::value(self.ground, &self.set.mirror, &input.ty, &values)?;
                    all.push((name.clone(), Given::Value(value)));
                }
                _ => {}
            }
        }
        Some(all)
    }
}

struct Filling {
    form: Form,
    typed: Vec<(String, Vec<String>)>,
}

impl Filling {
    fn put(&mut self, key: &str, texts: Vec<String>) {
        self.form.fill(key, &texts);
        self.typed.push((key.to_owned(), texts));
    }
}

/// Left empty, it is made.
fn is_made(field: &Field) -> bool {
    matches!(field.ty, Type::Slug(_))
        || matches!(
            field.default,
            Some(FieldDefault::Random(_) | FieldDefault::Next(_))
        )
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
