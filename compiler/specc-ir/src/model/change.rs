//! An operation under way: rows made, changed and taken away, with the hooks that belong to it.

use super::check::{field_id, problem_of};
use super::state::{Frame, Row, State, View};
use super::{Caller, Model, Point, Refusal, Result};
use crate::eval::{Mode, Value, evaluate, fitted};
use crate::ir::{EntityId, FieldDefault, FieldId, Hook, RoleId, Type, USER, Verb};
use specc_syntax::span::Span;
use std::collections::BTreeMap;

/// How deep hooks and actions may run each other.
const DEEPEST: u32 = 16;

/// What an operation did to a row.
#[derive(Debug, Clone)]
pub(super) struct Touched {
    /// As it was before the operation; `None` for a new one.
    pub old: Option<Row>,
    /// As it went; `None` where it is still there.
    pub gone: Option<Row>,
}

/// An operation under way.
pub(super) struct Run<'m> {
    pub model: Model<'m>,
    pub caller: Caller,
    pub before: &'m State,
    pub state: State,
    pub touched: BTreeMap<(EntityId, i64), Touched>,
    /// Whom `sign in` let in.
    pub signed_in: Option<i64>,
    pub depth: u32,
    /// Hooks that are running, by their row.
    pub hooks: Vec<(EntityId, i64)>,
}

impl<'m> Run<'m> {
    pub fn new(model: Model<'m>, state: &'m State, caller: Caller) -> Run<'m> {
        Run {
            model,
            caller,
            before: state,
            state: state.clone(),
            touched: BTreeMap::new(),
            signed_in: None,
            depth: 0,
            hooks: Vec::new(),
        }
    }

    pub fn view<'v>(&'v self, frame: &'v Frame) -> View<'v> {
        View {
            model: self.model,
            state: &self.state,
            frame,
            me: self.caller.me,
            now: self.caller.now,
        }
    }

    /// Runs something one level deeper.
    pub fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= DEEPEST {
            return Err(Refusal::at(Point::State, Span::default()));
        }
        self.depth += 1;
        let done = work(self);
        self.depth -= 1;
        done
    }

    /// A new row of these values, with its defaults, before anything is asked of it.
    pub fn draft(
        &mut self,
        entity: EntityId,
        given: &[(FieldId, Value)],
        me: Option<i64>,
    ) -> Result<Row> {
        let declared = self.model.entity(entity);
        let mut row = Row::new(declared, self.caller.now);
        for (field, value) in given {
            row.set(*field, value.clone());
        }
        for (position, field) in declared.fields.iter().enumerate() {
            let id = field_id(position);
            if given.iter().any(|(field, _)| *field == id) {
                continue;
            }
            let value = match &field.default {
                None if matches!(field.ty, Type::List(_) | Type::Many(_)) => {
                    Value::List(Vec::new())
                }
                None => Value::Empty,
                Some(FieldDefault::Value(expr)) => {
                    let nobody = Frame::default();
                    let view = View {
                        me,
                        ..self.view(&nobody)
                    };
                    let value = evaluate(expr, &view, Mode::Effect)?;
                    fitted(value, &expr.ty, &field.ty, self.model.ir)?
                }
                Some(FieldDefault::Random(length)) => self.random(*length),
                Some(FieldDefault::Next(pattern)) => self.next(entity, id, pattern, &row),
            };
            row.set(id, value);
        }
        for (position, field) in declared.fields.iter().enumerate() {
            let id = field_id(position);
            if let Type::Slug(from) = &field.ty
                && row.get(id).is_empty()
            {
                let text = match row.get(*from) {
                    Value::Text(text) => text,
                    _ => String::new(),
                };
                let slug = self.slug(entity, id, &text);
                row.set(id, slug);
            }
        }
        Ok(row)
    }

    /// A text that nobody can guess; here only one that is never the same.
    fn random(&mut self, length: u8) -> Value {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        self.state.drawn += 1;
        let mut number = self.state.drawn;
        let text = (0..length).map(|_| {
            let letter = LETTERS.get((number % 32) as usize).copied().unwrap_or(b'a');
            number /= 32;
            char::from(letter)
        });
        Value::Text(text.collect())
    }

    /// The next number of a series: one series for each text around the digits, and for each tenant.
    fn next(&mut self, entity: EntityId, field: FieldId, pattern: &str, row: &Row) -> Value {
        let nobody = Frame::default();
        let today = self.view(&nobody).today();
        let text = pattern
            .replace("{year}", &format!("{:04}", today.0))
            .replace("{month}", &format!("{:02}", today.1));
        let (Some(open), Some(close)) = (text.find("{0"), text.rfind('}')) else {
            return Value::Text(text);
        };
        let (head, tail) = (
            text.get(..open).unwrap_or(""),
            text.get(close + 1..).unwrap_or(""),
        );
        let width = close.saturating_sub(open + 1);
        let whose = self.tenant(entity, row);
        let series = format!("{} {} {whose:?} {head}\u{0}{tail}", entity.0, field.0);
        let number = self.state.series.entry(series).or_default();
        *number += 1;
        Value::Text(format!("{head}{number:0width$}{tail}"))
    }

    fn slug(&self, entity: EntityId, field: FieldId, text: &str) -> Value {
        let declared = self.model.entity(entity);
        let mut slug = self.model.around.slug(text);
        if slug.is_empty() {
            slug = self.model.around.slug(&declared.name.text);
        }
        let unique = self
            .model
            .field(entity, field)
            .is_some_and(|field| field.unique);
        let taken = |slug: &str| {
            let wanted = Value::Text(slug.to_owned());
            self.state.ids(entity).any(|id| {
                self.state
                    .row(entity, id)
                    .is_some_and(|row| row.get(field) == wanted)
            })
        };
        if !unique || !taken(&slug) {
            return Value::text(slug);
        }
        // The number must fit behind it.
        let head: String = slug.chars().take(72).collect();
        let head = head.trim_end_matches('-');
        let numbered = (2..)
            .map(|number: u32| format!("{head}-{number}"))
            .find(|slug| !taken(slug));
        numbered.map_or(Value::Empty, Value::Text)
    }

    /// The rules of each field that the row, as it is, breaks.
    pub fn check_row(&self, entity: EntityId, row: &Row, point: Point) -> Result<()> {
        let nobody = Frame::default();
        let view = self.view(&nobody);
        let mut refusal = Refusal::at(point, Span::default());
        for (position, field) in self.model.entity(entity).fields.iter().enumerate() {
            if field.computed.is_some() {
                continue;
            }
            if let Some(rule) = view.broken_rule(field, &row.get(field_id(position)))? {
                if refusal.problems.is_empty() {
                    refusal.source = field.span;
                }
                refusal.problems.push(problem_of(&field.name.text, rule));
            }
        }
        if refusal.problems.is_empty() {
            Ok(())
        } else {
            Err(refusal)
        }
    }

    /// Puts a drafted row in its place.
    pub fn insert(&mut self, entity: EntityId, row: Row) -> i64 {
        let id = self.state.insert(entity, row);
        self.touched.insert(
            (entity, id),
            Touched {
                old: None,
                gone: None,
            },
        );
        id
    }

    /// Before a row changes or goes.
    pub fn touch(&mut self, entity: EntityId, id: i64) {
        let old = self.state.any_row(entity, id).cloned();
        self.touched
            .entry((entity, id))
            .or_insert(Touched { old, gone: None });
    }

    /// Puts values into a row; true where one of them was another. Hooks are the caller's business.
    pub fn write(&mut self, entity: EntityId, id: i64, values: &[(FieldId, Value)]) -> bool {
        let Some(row) = self.state.any_row(entity, id) else {
            return false;
        };
        if values
            .iter()
            .all(|(field, value)| same(&row.get(*field), value))
        {
            return false;
        }
        self.write_anyway(entity, id, values);
        true
    }

    /// Changes a row, also where nothing of it becomes otherwise: a step that leads back is a change of its row.
    pub fn write_anyway(&mut self, entity: EntityId, id: i64, values: &[(FieldId, Value)]) {
        self.touch(entity, id);
        let before = self.before.any_row(entity, id).map(|row| row.version);
        let now = self.caller.now;
        if let Some(row) = self.state.row_mut(entity, id) {
            for (field, value) in values {
                row.set(*field, value.clone());
            }
            row.updated = now;
            row.version = before.map_or(row.version, |version| version + 1);
        }
    }

    /// The requirements and effects that belong to creating, changing or removing a row. `old` is the row before that.
    pub fn hook(&mut self, verb: Verb, entity: EntityId, id: i64, old: Option<Row>) -> Result<()> {
        if self.hooks.contains(&(entity, id)) && verb == Verb::Update {
            return Ok(());
        }
        let hooks: Vec<&'m Hook> = self
            .model
            .entity(entity)
            .hooks
            .iter()
            .filter(|hook| hook.verb == verb)
            .collect();
        for hook in hooks {
            let mut frame = Frame {
                this: Some((entity, id)),
                old: old.clone(),
                ..Frame::default()
            };
            self.require(&hook.body.requires, &frame)?;
            self.hooks.push((entity, id));
            let done =
                self.deeper(|run| run.effects(&hook.body.does, &mut frame, hook.body.as_system));
            self.hooks.pop();
            done?;
        }
        Ok(())
    }

    /// The first requirement that is false refuses.
    pub fn require(&self, requires: &[crate::ir::Requirement], frame: &Frame) -> Result<()> {
        let view = self.view(frame);
        for required in requires {
            if !view.condition(&required.condition)? {
                return Err(Refusal::sentence(
                    Point::State,
                    &required.id,
                    &required.sentence,
                ));
            }
        }
        Ok(())
    }

    /// A new account, with the roles of those who sign up.
    pub fn account(
        &mut self,
        given: &[(FieldId, Value)],
        password: &str,
        point: Point,
    ) -> Result<i64> {
        let span = self.model.ir.accounts.span;
        let least = usize::try_from(self.model.ir.accounts.password_min).unwrap_or(usize::MAX);
        let mut row = self.draft(USER, given, self.caller.me)?;
        let mut wrong = self.check_row(USER, &row, point).err();
        if password.chars().count() < least {
            let short = Refusal::field(point, "password", "length", span);
            match &mut wrong {
                Some(wrong) => wrong.problems.extend(short.problems),
                None => wrong = Some(short),
            }
        }
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        let email = self
            .model
            .user_field("email")
            .map(|field| (field, row.get(field)));
        if let Some((field, email)) = email
            && self.state.ids(USER).any(|id| {
                self.state
                    .row(USER, id)
                    .is_some_and(|row| row.get(field) == email)
            })
        {
            return Err(Refusal::field(point, "email", "unique", span));
        }
        let roles = self.model.ir.roles.iter().enumerate();
        row.roles = roles
            .filter(|(_, role)| role.sign_up)
            .map(|(at, _)| RoleId(u32::try_from(at).unwrap_or(u32::MAX)))
            .collect();
        row.password = Some(password.to_owned());
        let id = self.insert(USER, row);
        self.hook(Verb::Create, USER, id, None)?;
        Ok(id)
    }
}

/// Two values that a field keeps are the same; a set of rows has no order.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    left == right || (left.is_empty() && right.is_empty())
}
