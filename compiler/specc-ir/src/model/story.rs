//! Scenarios, played on the model: given rows, what somebody does, what must be seen then.

use super::change::{Run, same};
use super::check::field_id;
use super::state::{Frame, State};
use super::{Answer, Caller, Given, Model, Operation, Query, Refusal};
use crate::eval::{Mode, Value, evaluate, fitted, show};
use crate::expr::{Expr, ExprKind, FieldRef};
use crate::ir::{
    self, EntityId, FieldDefault, FieldId, RoleId, Scenario, SeedRow, SeedValue, Type, USER,
};
use crate::lower::naming_field;
use crate::scenario::{Actor, Doing, Refused, RowName, ScenarioStep, StepKind};
use std::collections::BTreeMap;

/// A step that did not come out as it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its position in the scenario.
    pub step: usize,
    /// What was seen instead.
    pub seen: String,
}

/// Who follows a scenario while it is played: an app that must do the same.
pub trait Stage {
    /// The clock stands at this moment, in milliseconds since 1970.
    ///
    /// # Errors
    /// What was seen instead.
    fn clock(&mut self, now: i64) -> Result<(), String>;
    /// A row was given; it is in the state.
    ///
    /// # Errors
    /// What was seen instead.
    fn given(&mut self, state: &State, entity: EntityId, row: i64) -> Result<(), String>;
    /// Somebody did something, several of them at the same time: what came of each, one after another in this order, with
    /// the states before and after. Where another order is what happened, its outcomes and the state after it.
    ///
    /// # Errors
    /// What was seen instead.
    fn done(
        &mut self,
        acts: &[Act],
        before: &State,
        after: &State,
    ) -> Result<Option<(Vec<Act>, State)>, String>;
}

/// What somebody did and what came of it.
#[derive(Debug, Clone)]
pub struct Act {
    /// Who, and when.
    pub caller: Caller,
    /// What.
    pub operation: Operation,
    /// What came of it.
    pub outcome: Result<Answer, Refusal>,
}

/// Nobody follows.
struct Alone;

impl Stage for Alone {
    fn clock(&mut self, _: i64) -> Result<(), String> {
        Ok(())
    }
    fn given(&mut self, _: &State, _: EntityId, _: i64) -> Result<(), String> {
        Ok(())
    }
    fn done(
        &mut self,
        _: &[Act],
        _: &State,
        _: &State,
    ) -> Result<Option<(Vec<Act>, State)>, String> {
        Ok(None)
    }
}

/// Plays a scenario, beginning at a moment (milliseconds since 1970) with nothing in the app.
///
/// # Errors
/// At the first step that does not hold.
pub fn play(model: Model<'_>, scenario: &Scenario, start: i64) -> Result<(), Broken> {
    play_on(model, scenario, start, &mut Alone)
}

/// [`play`], followed by a stage.
///
/// # Errors
/// At the first step that does not hold, or that the stage did not follow.
pub fn play_on(
    model: Model<'_>,
    scenario: &Scenario,
    start: i64,
    stage: &mut dyn Stage,
) -> Result<(), Broken> {
    let first = |seen| Broken { step: 0, seen };
    stage.clock(start).map_err(first)?;
    let mut story = Story {
        stage,
        model,
        state: State::default(),
        now: start,
        people: BTreeMap::new(),
        outcomes: Vec::new(),
        made: 0,
    };
    for (step, it) in scenario.steps.iter().enumerate() {
        story.step(it).map_err(|seen| Broken { step, seen })?;
    }
    Ok(())
}

struct Story<'m, 's> {
    stage: &'s mut dyn Stage,
    model: Model<'m>,
    state: State,
    now: i64,
    people: BTreeMap<String, i64>,
    /// What came of the last When, one for each who acted.
    outcomes: Vec<Option<Refusal>>,
    /// Ordinary values that were made up.
    made: u64,
}

impl Story<'_, '_> {
    fn step(&mut self, step: &ScenarioStep) -> Result<(), String> {
        match &step.kind {
            StepKind::Person {
                name,
                roles,
                values,
            } => {
                let email = format!("{}@example.com", name.to_lowercase().replace(' ', "."));
                let mut given = self.values(USER, values)?;
                let own = [("name", name.clone()), ("email", email)];
                for (field, text) in own {
                    if let Some(field) = self.model.user_field(field)
                        && !given.iter().any(|(known, _)| *known == field)
                    {
                        given.push((field, Value::Text(text)));
                    }
                }
                let id = self.given(USER, given, roles, None)?;
                self.people.insert(name.clone(), id);
                Ok(())
            }
            StepKind::Rows { rows, by } => {
                let by = by.as_ref().and_then(|name| self.people.get(name).copied());
                rows.iter().try_for_each(|row| {
                    let values = self.values(row.entity, &row.values)?;
                    self.given(row.entity, values, &[], by).map(|_| ())
                })
            }
            StepKind::Clock(now) => {
                self.now = *now;
                self.stage.clock(self.now)
            }
            StepKind::Pass(time) => {
                self.now = self.now.saturating_add(*time);
                self.stage.clock(self.now)
            }
            StepKind::Does {
                actors,
                what,
                times,
            } => {
                self.outcomes.clear();
                let before = self.state.clone();
                let mut acts = Vec::new();
                for _ in 0..*times {
                    for actor in actors {
                        acts.push(self.does(actor, what)?);
                    }
                }
                if let Some((acts, state)) = self.stage.done(&acts, &before, &self.state)? {
                    self.outcomes = acts.into_iter().map(|act| act.outcome.err()).collect();
                    self.state = state;
                }
                Ok(())
            }
            StepKind::Succeeds => match self.outcomes.iter().flatten().next() {
                None if !self.outcomes.is_empty() => Ok(()),
                None => Err("nobody did anything".to_owned()),
                Some(refusal) => Err(format!("it was refused: {refusal:?}")),
            },
            StepKind::Refused(how) => self.refused(how),
            StepKind::Exactly(count) => {
                let succeeded = self
                    .outcomes
                    .iter()
                    .filter(|outcome| outcome.is_none())
                    .count();
                if succeeded == *count as usize {
                    Ok(())
                } else {
                    Err(format!("{succeeded} succeeded: {:?}", self.outcomes))
                }
            }
            StepKind::Has(row, values) => self.has(row, values),
            StepKind::Sees {
                actor,
                entity,
                count,
                order,
            } => {
                let rows = self.list(actor, *entity);
                if rows.len() != *count as usize {
                    return Err(format!("{} are seen", rows.len()));
                }
                let names: Vec<String> = rows.iter().map(|row| self.name(*entity, *row)).collect();
                if order.is_empty() || names == *order {
                    Ok(())
                } else {
                    Err(format!("they are seen as {names:?}"))
                }
            }
            StepKind::SeesRow(actor, row, wanted) => {
                let found = self.find(row);
                let rows = self.list(actor, row.entity);
                let sees = found.is_some_and(|found| rows.contains(&found));
                if sees == *wanted {
                    Ok(())
                } else {
                    Err(format!(
                        "the row is {} the list",
                        if sees { "in" } else { "not in" }
                    ))
                }
            }
            StepKind::Count(entity, count) => {
                let rows = self.state.ids(*entity).count();
                if rows == *count as usize {
                    Ok(())
                } else {
                    Err(format!("there are {rows}"))
                }
            }
            StepKind::Holds(condition) => {
                let (frame, run) = (Frame::default(), self.run(None));
                match run.view(&frame).condition(condition) {
                    Ok(true) => Ok(()),
                    Ok(false) => Err("it does not hold".to_owned()),
                    Err(refusal) => Err(format!("{refusal:?}")),
                }
            }
            StepKind::Mail(actor, count, subject) => {
                let address = self.caller(actor).and_then(|user| {
                    let field = self.model.user_field("email")?;
                    Some(self.state.row(USER, user)?.get(field))
                });
                let mails = self.state.mail.iter().filter(|mail| {
                    Some(Value::Text(mail.to.clone())) == address
                        && subject
                            .as_ref()
                            .is_none_or(|subject| mail.subject == *subject)
                });
                let found = mails.count();
                if found == *count as usize {
                    Ok(())
                } else {
                    Err(format!("{found} came, of {:?}", self.state.mail))
                }
            }
        }
    }

    fn has(&self, name: &RowName, values: &[(FieldId, SeedValue)]) -> Result<(), String> {
        let id = self
            .find(name)
            .ok_or_else(|| format!("there is no row called {}", name.shown_as))?;
        let (frame, run) = (Frame::of(name.entity, id), self.run(None));
        for (field, wanted) in self.values(name.entity, values)? {
            let is = run.view(&frame).of_this(FieldRef::Field(field));
            let is = is.map_err(|refusal| format!("{refusal:?}"))?;
            if !same(&is, &wanted) {
                return Err(format!(
                    "{} is {is:?}",
                    self.model.name(name.entity, FieldRef::Field(field))
                ));
            }
        }
        Ok(())
    }

    fn refused(&self, how: &Refused) -> Result<(), String> {
        let Some(first) = self.outcomes.first() else {
            return Err("nobody did anything".to_owned());
        };
        let Some(refusal) = first else {
            return Err("it was carried out".to_owned());
        };
        let fits = match how {
            Refused::Anyhow => true,
            Refused::NotFound => refusal.point.status() == 404,
            Refused::Forbidden => refusal.point.status() == 403,
            Refused::Invalid => refusal.point.status() == 422,
            Refused::With(sentence) => refusal
                .problems
                .iter()
                .any(|problem| problem.message == *sentence),
        };
        if fits {
            Ok(())
        } else {
            Err(format!("it was refused otherwise: {refusal:?}"))
        }
    }

    fn run(&self, me: Option<i64>) -> Run<'_> {
        Run::new(self.model, &self.state, Caller { me, now: self.now })
    }

    fn caller(&self, actor: &Actor) -> Option<i64> {
        match actor {
            Actor::Visitor => None,
            Actor::Person(name) => self.people.get(name).copied(),
        }
    }

    fn list(&self, actor: &Actor, entity: EntityId) -> Vec<i64> {
        let caller = Caller {
            me: self.caller(actor),
            now: self.now,
        };
        match self
            .model
            .perform(&self.state, caller, &Operation::List(Query::all(entity)))
        {
            Ok((_, Answer::Rows(rows))) => rows.into_iter().map(|(id, _)| id).collect(),
            _ => Vec::new(),
        }
    }

    /// What a row is shown as.
    fn name(&self, entity: EntityId, id: i64) -> String {
        let Some(field) = self
            .model
            .entity(entity)
            .shown_as
            .or_else(|| naming_field(entity, self.model.ir))
        else {
            return id.to_string();
        };
        let (frame, run) = (Frame::of(entity, id), self.run(None));
        let value = run
            .view(&frame)
            .of_this(FieldRef::Field(field))
            .unwrap_or(Value::Empty);
        let ty = self
            .model
            .field(entity, field)
            .map_or(&Type::Empty, |field| &field.ty);
        show(&value, ty, self.model.ir, |moment| {
            self.model.around.offset(moment)
        })
    }

    fn named(&self, entity: EntityId, name: &str) -> Option<i64> {
        if entity == USER
            && let Some(id) = self.people.get(name)
        {
            return Some(*id);
        }
        let same = |id: &i64| {
            let email = self.model.user_field("email").filter(|_| entity == USER);
            let mail = email.and_then(|field| Some(self.state.row(entity, *id)?.get(field)));
            self.name(entity, *id) == name || mail == Some(Value::Text(name.to_owned()))
        };
        self.state.ids(entity).find(same)
    }

    fn find(&self, row: &RowName) -> Option<i64> {
        self.named(row.entity, &row.shown_as)
    }

    fn worth(&self, expr: &Expr, ty: &Type) -> Result<Value, String> {
        let (frame, run) = (Frame::default(), self.run(None));
        let value =
            evaluate(expr, &run.view(&frame), Mode::Effect).map_err(|error| error.to_string())?;
        fitted(value, &expr.ty, ty, self.model.ir).map_err(|error| error.to_string())
    }

    fn value(&self, value: &SeedValue, ty: &Type) -> Result<Value, String> {
        let row = |entity: EntityId, name: &str| {
            let found = self.named(entity, name);
            found
                .map(Value::Row)
                .ok_or_else(|| format!("there is no row called {name}"))
        };
        match value {
            SeedValue::Value(expr) => self.worth(expr, ty),
            SeedValue::Reference(entity, name) => row(*entity, name),
            SeedValue::References(entity, names) => {
                let rows = names.iter().map(|name| row(*entity, name));
                Ok(Value::List(rows.collect::<Result<_, _>>()?))
            }
            SeedValue::Texts(texts) => Ok(Value::List(texts.iter().map(Value::text).collect())),
        }
    }

    fn values(
        &self,
        entity: EntityId,
        values: &[(FieldId, SeedValue)],
    ) -> Result<Vec<(FieldId, Value)>, String> {
        let each = values.iter().map(|(field, value)| {
            let ty = self
                .model
                .field(entity, *field)
                .map_or(&Type::Empty, |field| &field.ty);
            Ok((*field, self.value(value, ty)?))
        });
        each.collect()
    }

    /// A row of a Given, with ordinary values where it needs some.
    fn given(
        &mut self,
        entity: EntityId,
        mut values: Vec<(FieldId, Value)>,
        roles: &[RoleId],
        by: Option<i64>,
    ) -> Result<i64, String> {
        let declared = self.model.entity(entity);
        for (position, field) in declared.fields.iter().enumerate() {
            let id = field_id(position);
            if values.iter().any(|(known, _)| *known == id) {
                continue;
            }
            let of_me = matches!(&field.default, Some(FieldDefault::Value(value)) if value.kind == ExprKind::Me);
            let made = field.default.is_none() && !matches!(field.ty, Type::Slug(_));
            if field.required && field.computed.is_none() && (made || (of_me && by.is_none())) {
                let value = self.ordinary(entity, field)?;
                values.push((id, value));
            }
        }
        let caller = Caller {
            me: by,
            now: self.now,
        };
        let given = self.model.give(&self.state, caller, entity, &values, roles);
        let (state, id) = given.map_err(|refusal| format!("it can't be given: {refusal:?}"))?;
        self.state = state;
        self.stage.given(&self.state, entity, id)?;
        Ok(id)
    }

    /// The value of a required field that a Given does not name.
    fn ordinary(&mut self, entity: EntityId, field: &ir::Field) -> Result<Value, String> {
        self.made += 1;
        let day = 86_400_000;
        let local = self.now + self.model.around.offset(self.now);
        Ok(match &field.ty {
            Type::Email => Value::Text(format!("person{}@example.com", self.made)),
            Type::Url => Value::Text(format!("https://example.com/{}", self.made)),
            Type::Integer | Type::Decimal(_) | Type::Money | Type::Percent => match &field.at_least
            {
                Some(least) => self.worth(least, &field.ty)?,
                None => fitted(Value::Number(1), &Type::Integer, &field.ty, self.model.ir)
                    .map_err(|error| error.to_string())?,
            },
            Type::Bool => Value::Bool(false),
            Type::Date => Value::Date(i32::try_from(local.div_euclid(day)).unwrap_or(0)),
            Type::Time => Value::Time(local.rem_euclid(day)),
            Type::Timestamp => Value::Timestamp(self.now),
            Type::Duration => Value::Duration(3_600_000),
            Type::Choice(_) => Value::Choice(0),
            Type::Ref(target) => Value::Row(self.some_row(*target, entity)?),
            Type::Many(target) => Value::List(vec![Value::Row(self.some_row(*target, entity)?)]),
            Type::List(_) => Value::List(vec![Value::Text(format!(
                "{} {}",
                field.name.text, self.made
            ))]),
            _ => Value::Text(format!("{} {}", field.name.text, self.made)),
        })
    }

    /// The row of an entity that was given last, or one made for the purpose.
    fn some_row(&mut self, target: EntityId, of: EntityId) -> Result<i64, String> {
        match self.state.ids(target).last() {
            Some(row) => Ok(row),
            None if target == of => Err("it would need a row of its own kind before it".to_owned()),
            None => self.given(target, Vec::new(), &[], None),
        }
    }

    fn does(&mut self, actor: &Actor, what: &Doing) -> Result<Act, String> {
        let caller = Caller {
            me: self.caller(actor),
            now: self.now,
        };
        let known = |values: Vec<(FieldId, Value)>| {
            values
                .into_iter()
                .map(|(field, value)| (FieldRef::Field(field), Given::Value(value)))
                .collect()
        };
        let find = |row: &RowName| {
            self.find(row)
                .ok_or_else(|| format!("there is no row called {}", row.shown_as))
        };
        let operation = match what {
            Doing::Create(SeedRow { entity, values, .. }) => {
                Operation::Create(*entity, known(self.values(*entity, values)?))
            }
            Doing::Read(row) => Operation::Read(row.entity, find(row)?),
            Doing::Update(row, values) => Operation::Update(
                row.entity,
                find(row)?,
                known(self.values(row.entity, values)?),
                None,
            ),
            Doing::Delete(row) => Operation::Delete(row.entity, find(row)?, None),
            Doing::List(entity) => Operation::List(Query::all(*entity)),
            Doing::Run(operation, row, inputs) => {
                let row = row.as_ref().map(find).transpose()?;
                let declared = self.model.inputs_of(operation);
                let mut given = Vec::new();
                for (name, value) in inputs {
                    let ty = declared
                        .iter()
                        .find(|input| input.name.text == *name)
                        .map_or(&Type::Empty, |input| &input.ty);
                    given.push((name.clone(), Given::Value(self.value(value, ty)?)));
                }
                match operation {
                    ir::Operation::Step(entity, name) => {
                        let row = row.ok_or_else(|| "a step needs a row".to_owned())?;
                        Operation::Step(*entity, name.clone(), row, given)
                    }
                    ir::Operation::Action(id) => Operation::Act(*id, row, given),
                }
            }
            Doing::SignUp(name) => {
                let email = format!("{}@example.com", name.to_lowercase().replace(' ', "."));
                Operation::SignUp(name.clone(), email, "correct horse battery".to_owned())
            }
        };
        let outcome = self.model.perform(&self.state, caller, &operation);
        let outcome = outcome.map(|(state, answer)| {
            self.state = state;
            if let (Doing::SignUp(name), Answer::Row(id, _)) = (what, &answer) {
                self.people.insert(name.clone(), *id);
            }
            answer
        });
        self.outcomes.push(outcome.as_ref().err().cloned());
        Ok(Act {
            caller,
            operation,
            outcome,
        })
    }
}
