//! Values by themselves: the rules of a field, what an input may be, what a client may give.

use super::state::View;
use super::{Given, Model, Point, Problem, Refusal, Result};
use crate::eval::{Mode, Value, evaluate};
use crate::expr::{Expr, FieldRef};
use crate::ir::{EntityId, Field, FieldId, Parameter, Type, USER, Verb};
use regex::Regex;
use specc_syntax::span::Span;
use std::cmp::Ordering;

/// The field at this place of an entity.
pub(super) fn field_id(position: usize) -> FieldId {
    FieldId(u32::try_from(position).unwrap_or(u32::MAX))
}

/// A text of this type may have so many characters where nothing else is said.
fn most_characters(ty: &Type) -> Option<usize> {
    match ty {
        Type::Text | Type::Email | Type::Url => Some(1000),
        Type::LongText | Type::Markdown | Type::Secret => Some(20_000),
        Type::Slug(_) => Some(80),
        _ => None,
    }
}

impl View<'_> {
    /// A field of the section's row, computed ones included.
    pub fn of_this(&self, field: FieldRef) -> Result<Value> {
        let Some((entity, id)) = self.frame.this else {
            return Ok(Value::Empty);
        };
        if let FieldRef::Field(at) = field
            && let Some(declared) = self.model.field(entity, at)
            && let Some(computed) = &declared.computed
        {
            let row = super::state::Frame::of(entity, id);
            let view = View {
                frame: &row,
                ..*self
            };
            let value = evaluate(computed, &view, Mode::Condition)?;
            return Ok(
                crate::eval::fitted(value, &computed.ty, &declared.ty, self.model.ir)
                    .unwrap_or(Value::Empty),
            );
        }
        Ok(self.state.value(entity, id, field))
    }

    fn bound(&self, value: &Value, ty: &Type, bound: &Expr) -> Result<Option<Ordering>> {
        let limit = evaluate(bound, self, Mode::Condition)?;
        let limit = crate::eval::fitted(limit, &bound.ty, ty, self.model.ir)?;
        Ok(crate::eval::compared(value, &limit))
    }

    /// The rule of the field that a value breaks.
    pub fn broken_rule(&self, field: &Field, value: &Value) -> Result<Option<&'static str>> {
        if value.is_empty() {
            return Ok(field.required.then_some("required"));
        }
        let length = match value {
            Value::Text(text) => Some(text.chars().count()),
            Value::List(values) => Some(values.len()),
            _ => None,
        };
        if let Some(length) = length {
            let (least, most) = field.length;
            let most = most
                .and_then(|most| usize::try_from(most).ok())
                .or_else(|| most_characters(&field.ty));
            if least.is_some_and(|least| length < least as usize)
                || most.is_some_and(|most| length > most)
            {
                return Ok(Some("length"));
            }
        }
        if let Some(bound) = &field.at_least
            && self.bound(value, &field.ty, bound)? == Some(Ordering::Less)
        {
            return Ok(Some("bounds"));
        }
        if let Some(bound) = &field.at_most
            && self.bound(value, &field.ty, bound)? == Some(Ordering::Greater)
        {
            return Ok(Some("bounds"));
        }
        if let (Some(pattern), Value::Text(text)) = (&field.pattern, value) {
            let whole = Regex::new(&format!("^(?:{pattern})$"));
            if whole.is_ok_and(|whole| !whole.is_match(text)) {
                return Ok(Some("pattern"));
            }
        }
        Ok(None)
    }

    /// A row that a value points to is there, and the caller may read it.
    fn reachable(&self, value: &Value, ty: &Type) -> Result<bool> {
        match (value, ty) {
            (Value::Row(row), Type::Ref(entity)) => self.may_read(*entity, *row),
            (Value::List(rows), Type::Many(entity)) => {
                for row in rows {
                    if let Value::Row(row) = row
                        && !self.may_read(*entity, *row)?
                    {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(true),
        }
    }

    /// Point 3 for fields: what is given can be written by the caller, and is what the fields may hold.
    pub fn fields(
        &self,
        entity: EntityId,
        verb: Verb,
        given: &[(FieldRef, Given)],
    ) -> Result<Vec<(FieldId, Value)>> {
        let mut values = Vec::new();
        let mut problems = Vec::new();
        let mut source = Span::default();
        for (field, given) in given {
            let problem = match field {
                FieldRef::Field(id) => match (self.model.field(entity, *id), given) {
                    (None, _) => Some("read-only"),
                    (Some(declared), given) => {
                        source = if problems.is_empty() {
                            declared.span
                        } else {
                            source
                        };
                        let parent = self.model.entity(entity).parent;
                        let fixed = verb == Verb::Update
                            && (declared.fixed || parent.is_some_and(|parent| parent.field == *id));
                        // It may stand in a list for what the program does.
                        let closed = fixed || declared.read_only;
                        if closed || !self.could_have(entity, verb, *id)? {
                            Some("read-only")
                        } else {
                            match given {
                                Given::Malformed => Some("type"),
                                // It is made where it is left empty.
                                Given::Value(value)
                                    if verb == Verb::Create
                                        && value.is_empty()
                                        && matches!(declared.ty, Type::Slug(_)) =>
                                {
                                    None
                                }
                                Given::Value(value) => {
                                    let broken = self.broken_rule(declared, value)?;
                                    values.push((*id, value.clone()));
                                    broken
                                }
                            }
                        }
                    }
                },
                _ => Some("read-only"),
            };
            if let Some(rule) = problem {
                problems.push(problem_of(&self.model.name(entity, *field), rule));
            }
        }
        if verb == Verb::Create {
            for (position, field) in self.model.entity(entity).fields.iter().enumerate() {
                let id = field_id(position);
                let missing = field.required
                    && field.default.is_none()
                    && field.computed.is_none()
                    && !matches!(field.ty, Type::Slug(_))
                    && !given.iter().any(|(known, _)| *known == FieldRef::Field(id));
                if missing && self.could_have(entity, verb, id)? {
                    if problems.is_empty() {
                        source = field.span;
                    }
                    problems.push(problem_of(&field.name.text, "required"));
                }
            }
        }
        refuse(problems, source)?;
        Ok(values)
    }

    /// What is given points to rows that the caller may read; `kept` says what a field holds already, which may stay.
    pub fn references(
        &self,
        entity: EntityId,
        values: &[(FieldId, Value)],
        kept: impl Fn(FieldId) -> Value,
    ) -> Result<()> {
        let mut problems = Vec::new();
        let mut source = Span::default();
        for (id, value) in values {
            if let Some(declared) = self.model.field(entity, *id)
                && kept(*id) != *value
                && !self.reachable(value, &declared.ty)?
            {
                source = declared.span;
                problems.push(problem_of(&declared.name.text, "reference"));
            }
        }
        refuse(problems, source)
    }

    /// Point 3 for inputs.
    pub fn inputs(
        &self,
        declared: &[Parameter],
        given: &[(String, Given)],
    ) -> Result<Vec<(String, Value)>> {
        let mut values = Vec::new();
        let mut problems = Vec::new();
        let mut source = Span::default();
        for (name, _) in given {
            if !declared.iter().any(|input| input.name.text == *name) {
                problems.push(problem_of(name, "read-only"));
            }
        }
        for input in declared {
            let sent = given.iter().find(|(name, _)| *name == input.name.text);
            let problem = match sent.map(|(_, given)| given) {
                Some(Given::Malformed) => Some("type"),
                sent => {
                    let value = match sent {
                        Some(Given::Value(value)) => value.clone(),
                        _ => Value::Empty,
                    };
                    let broken = if value.is_empty() {
                        (!input.optional).then_some("required")
                    } else {
                        let like = input
                            .like
                            .and_then(|(entity, field)| self.model.field(entity, field));
                        match like {
                            Some(field) => self.broken_rule(field, &value)?,
                            None => match (&value, most_characters(&input.ty)) {
                                (Value::Text(text), Some(most)) if text.chars().count() > most => {
                                    Some("length")
                                }
                                _ => None,
                            },
                        }
                    };
                    values.push((input.name.text.clone(), value));
                    broken
                }
            };
            if let Some(rule) = problem {
                source = if problems.is_empty() {
                    input.name.span
                } else {
                    source
                };
                problems.push(problem_of(&input.name.text, rule));
            }
        }
        refuse(problems, source)?;
        let mut problems = Vec::new();
        for input in declared {
            let sent = values.iter().find(|(name, _)| *name == input.name.text);
            if let Some((name, value)) = sent
                && !self.reachable(value, &input.ty)?
            {
                source = input.name.span;
                problems.push(problem_of(name, "reference"));
            }
        }
        refuse(problems, source)?;
        Ok(values)
    }
}

pub(super) fn problem_of(field: &str, rule: &str) -> Problem {
    Problem {
        fields: vec![field.to_owned()],
        rule: rule.to_owned(),
        message: String::new(),
    }
}

fn refuse(problems: Vec<Problem>, source: Span) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(Refusal {
        point: Point::Input,
        problems,
        source,
    })
}

impl Model<'_> {
    /// A field as its author calls it.
    pub(super) fn name(&self, entity: EntityId, field: FieldRef) -> String {
        match field {
            FieldRef::Field(id) => self
                .field(entity, id)
                .map_or_else(String::new, |field| field.name.text.clone()),
            FieldRef::Id => "id".to_owned(),
            FieldRef::Created => "created".to_owned(),
            FieldRef::Updated => "updated".to_owned(),
            FieldRef::Version => "version".to_owned(),
        }
    }

    /// The user's fields that every program has.
    pub(super) fn user_field(&self, name: &str) -> Option<FieldId> {
        let fields = &self.entity(USER).fields;
        fields
            .iter()
            .position(|field| field.name.text == name)
            .map(field_id)
    }
}
