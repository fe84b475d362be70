//! Effects: from top to bottom, each seeing what the ones before have done.

use super::change::{Run, same};
use super::state::{Frame, Mail};
use super::{Point, Refusal, Result};
use crate::eval::{Mode, Value, evaluate, fitted, sort_order};
use crate::expr::{Expr, VarId};
use crate::ir::{Effect, EffectItem, EntityId, FieldId, Operation, Type, USER, Verb};
use std::cmp::Ordering;

impl Run<'_> {
    /// Runs a list; what it names with `as` is forgotten behind it.
    pub fn effects(&mut self, items: &[EffectItem], frame: &mut Frame, system: bool) -> Result<()> {
        let named = frame.vars.len();
        let done = items
            .iter()
            .try_for_each(|item| self.item(item, frame, system || item.as_system));
        frame.vars.truncate(named);
        done
    }

    /// The list right below an operation: what it names is seen by `Returns`.
    pub fn outermost(
        &mut self,
        items: &[EffectItem],
        frame: &mut Frame,
        system: bool,
    ) -> Result<()> {
        items
            .iter()
            .try_for_each(|item| self.item(item, frame, system || item.as_system))
    }

    fn item(&mut self, item: &EffectItem, frame: &mut Frame, system: bool) -> Result<()> {
        let Some(otherwise) = &item.otherwise else {
            return self.effect(item, frame, system);
        };
        let (state, touched, signed_in) =
            (self.state.clone(), self.touched.clone(), self.signed_in);
        let named = frame.vars.len();
        // It is judged as if the operation ended with it.
        let done = self
            .effect(item, frame, system)
            .and_then(|()| self.at_rest());
        match done {
            Ok(()) => Ok(()),
            Err(_) => {
                (self.state, self.touched, self.signed_in) = (state, touched, signed_in);
                frame.vars.truncate(named);
                self.effects(otherwise, frame, system)
            }
        }
    }

    fn worth(&self, expr: &Expr, frame: &Frame) -> Result<Value> {
        Ok(evaluate(expr, &self.view(frame), Mode::Effect)?)
    }

    /// A value as a field keeps it.
    fn for_field(
        &self,
        entity: EntityId,
        field: FieldId,
        expr: &Expr,
        frame: &Frame,
    ) -> Result<Value> {
        let value = self.worth(expr, frame)?;
        match self.model.field(entity, field) {
            Some(declared) => {
                let value = fitted(value, &expr.ty, &declared.ty, self.model.ir)?;
                Ok(match (declared.ty.clone(), value) {
                    (Type::Email, Value::Text(text)) => Value::Text(text.to_lowercase()),
                    (Type::Many(_) | Type::List(_), Value::Empty) => Value::List(Vec::new()),
                    (_, value) => value,
                })
            }
            None => Ok(value),
        }
    }

    fn row_of(&self, expr: &Expr, frame: &Frame) -> Result<Option<i64>> {
        match self.worth(expr, frame)? {
            Value::Row(row) => Ok(Some(row)),
            _ => Ok(None),
        }
    }

    fn effect(&mut self, item: &EffectItem, frame: &mut Frame, system: bool) -> Result<()> {
        match &item.effect {
            Effect::Set {
                row,
                entity,
                field,
                value,
            } => {
                let Some(id) = self.row_of(row, frame)? else {
                    return Ok(());
                };
                let value = self.for_field(*entity, *field, value, frame)?;
                self.set(*entity, id, *field, value, system, item)
            }
            Effect::Create {
                entity,
                values,
                bind,
            } => {
                let mut given = Vec::new();
                for (field, value) in values {
                    given.push((*field, self.for_field(*entity, *field, value, frame)?));
                }
                let id = self.create(*entity, &given, system, item)?;
                name(frame, *bind, id);
                Ok(())
            }
            Effect::Delete { row, entity } => {
                let Some(id) = self.row_of(row, frame)? else {
                    return Ok(());
                };
                if self.state.row(*entity, id).is_none() {
                    return Ok(());
                }
                let this = Frame::of(*entity, id);
                if !system && !self.view(&this).may(*entity, Verb::Delete, None)? {
                    return Err(Refusal::at(Point::Right, item.span));
                }
                self.delete(*entity, id)
            }
            Effect::Do {
                operation,
                row,
                inputs,
            } => self.run_operation(operation, row.as_ref(), inputs, frame, system, item),
            Effect::Email { to, text } => self.email(to, text, frame),
            Effect::ForEach {
                entity,
                var,
                filter,
                sort,
                body,
            } => {
                for id in self.rows_of(*entity, *var, filter.as_ref(), sort, frame)? {
                    if self.state.row(*entity, id).is_none() {
                        continue;
                    }
                    frame.vars.push((*var, Value::Row(id)));
                    let done = self.effects(body, frame, system);
                    frame.vars.pop();
                    done?;
                }
                Ok(())
            }
            Effect::When {
                condition,
                then,
                otherwise,
            } => {
                let branch = if self.view(frame).condition(condition)? {
                    then
                } else {
                    otherwise
                };
                self.effects(branch, frame, system)
            }
            Effect::Refuse { sentence } => Err(Refusal::sentence(
                Point::State,
                &crate::lower::identifier(&sentence.text),
                sentence,
            )),
            Effect::SignUp {
                values,
                password,
                bind,
            } => {
                let mut given = Vec::new();
                for (field, value) in values {
                    given.push((*field, self.for_field(USER, *field, value, frame)?));
                }
                let own = |field: FieldId| {
                    ["name", "email"]
                        .iter()
                        .any(|name| self.model.user_field(name) == Some(field))
                };
                if !system && given.iter().any(|(field, _)| !own(*field)) {
                    return Err(Refusal::at(Point::Right, item.span));
                }
                let Value::Text(password) = self.worth(password, frame)? else {
                    return Err(Refusal::field(
                        Point::Effect,
                        "password",
                        "required",
                        item.span,
                    ));
                };
                let id = self.account(&given, &password, Point::Effect)?;
                name(frame, *bind, id);
                Ok(())
            }
            Effect::SignIn { email, password } => {
                let (email, password) = (self.worth(email, frame)?, self.worth(password, frame)?);
                let field = self.model.user_field("email");
                let found = self.state.ids(USER).find(|id| {
                    self.state.row(USER, *id).is_some_and(|row| {
                        let known = field.map_or(Value::Empty, |field| row.get(field));
                        matches!((&known, &email), (Value::Text(a), Value::Text(b)) if a.to_lowercase() == b.to_lowercase())
                            && matches!((&row.password, &password), (Some(a), Value::Text(b)) if a == b)
                    })
                });
                if found.is_none() {
                    return Err(Refusal::field(Point::Effect, "", "sign-in", item.span));
                }
                self.signed_in = found;
                Ok(())
            }
        }
    }

    fn set(
        &mut self,
        entity: EntityId,
        id: i64,
        field: FieldId,
        value: Value,
        system: bool,
        item: &EffectItem,
    ) -> Result<()> {
        let frame = Frame::of(entity, id);
        let Some(old) = self.state.row(entity, id).cloned() else {
            return Ok(());
        };
        if !system && !self.view(&frame).may(entity, Verb::Update, Some(field))? {
            return Err(Refusal::at(Point::Right, item.span));
        }
        if same(&old.get(field), &value) {
            return Ok(());
        }
        if let Some(declared) = self.model.field(entity, field)
            && let Some(rule) = self.view(&frame).broken_rule(declared, &value)?
        {
            return Err(Refusal::field(
                Point::Effect,
                &declared.name.text,
                rule,
                item.span,
            ));
        }
        self.write(entity, id, &[(field, value)]);
        self.hook(Verb::Update, entity, id, Some(old))
    }

    /// A new row by an effect.
    fn create(
        &mut self,
        entity: EntityId,
        given: &[(FieldId, Value)],
        system: bool,
        item: &EffectItem,
    ) -> Result<i64> {
        // Who may never do such a thing hears so first.
        let nobody = Frame::default();
        let view = self.view(&nobody);
        let mut could = system || view.could_be(&view.named(entity, Verb::Create))?;
        for (field, _) in given {
            could = could && (system || view.could_have(entity, Verb::Create, *field)?);
        }
        if !could {
            return Err(Refusal::at(Point::Right, item.span));
        }
        let row = self.draft(entity, given, self.caller.me)?;
        self.check_row(entity, &row, Point::Effect)?;
        let id = self.insert(entity, row);
        if !system {
            let frame = Frame::of(entity, id);
            let view = self.view(&frame);
            let mut allowed = view.may(entity, Verb::Create, None)?;
            for (field, _) in given {
                allowed = allowed && view.may(entity, Verb::Create, Some(*field))?;
            }
            if !allowed {
                return Err(Refusal::at(Point::Right, item.span));
            }
        }
        self.hook(Verb::Create, entity, id, None)?;
        Ok(id)
    }

    fn run_operation(
        &mut self,
        operation: &Operation,
        row: Option<&Expr>,
        inputs: &[(String, Expr)],
        frame: &Frame,
        system: bool,
        item: &EffectItem,
    ) -> Result<()> {
        let row = match row {
            Some(row) => self.row_of(row, frame)?,
            None => frame.this.map(|(_, id)| id),
        };
        let mut given = Vec::new();
        for (input, value) in inputs {
            let declared = self
                .model
                .inputs_of(operation)
                .iter()
                .find(|known| known.name.text == *input);
            let worth = self.worth(value, frame)?;
            let worth = match declared {
                Some(declared) => fitted(worth, &value.ty, &declared.ty, self.model.ir)?,
                None => worth,
            };
            given.push((input.clone(), super::Given::Value(worth)));
        }
        let place = item.span;
        self.deeper(|run| run.operation(operation, row, &given, Some((system, place)), None))?;
        Ok(())
    }

    fn rows_of(
        &self,
        entity: EntityId,
        var: VarId,
        filter: Option<&Expr>,
        sort: &[crate::expr::Sort],
        frame: &Frame,
    ) -> Result<Vec<i64>> {
        let mut found: Vec<(Vec<Value>, i64)> = Vec::new();
        let mut inner = frame.clone();
        for id in self.state.ids(entity) {
            inner.vars.push((var, Value::Row(id)));
            let view = self.view(&inner);
            let kept = match filter {
                Some(filter) => view.condition(filter)?,
                None => true,
            };
            if kept {
                let keys = sort
                    .iter()
                    .map(|key| Ok(evaluate(&key.by, &view, Mode::Condition)?));
                found.push((keys.collect::<Result<_>>()?, id));
            }
            inner.vars.pop();
        }
        found.sort_by(|(a, first), (b, second)| {
            let keys = sort.iter().zip(a.iter().zip(b));
            let mut orders = keys.map(|(key, (a, b))| {
                let order = sort_order(a, b);
                if key.descending {
                    order.reverse()
                } else {
                    order
                }
            });
            let order = orders.find(|order| *order != Ordering::Equal);
            order.unwrap_or(Ordering::Equal).then(first.cmp(second))
        });
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    fn email(&mut self, to: &Expr, text: &Expr, frame: &Frame) -> Result<()> {
        let to = match self.worth(to, frame)? {
            Value::List(all) => all,
            one => vec![one],
        };
        let text = match self.worth(text, frame)? {
            Value::Text(text) => text,
            _ => String::new(),
        };
        let (subject, body) = text.split_once('\n').unwrap_or((&text, ""));
        for one in to {
            let address = match one {
                Value::Text(address) => Value::Text(address),
                Value::Row(user) => {
                    match (self.state.row(USER, user), self.model.user_field("email")) {
                        (Some(row), Some(field)) => row.get(field),
                        _ => Value::Empty,
                    }
                }
                _ => Value::Empty,
            };
            if let Value::Text(to) = address {
                self.state.mail.push(Mail {
                    to,
                    subject: subject.trim().to_owned(),
                    body: body.trim().to_owned(),
                });
            }
        }
        Ok(())
    }
}

fn name(frame: &mut Frame, bind: Option<VarId>, row: i64) {
    if let Some(var) = bind {
        frame.vars.push((var, Value::Row(row)));
    }
}
