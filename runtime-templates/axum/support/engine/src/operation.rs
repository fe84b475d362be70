//! One operation inside its transaction: what generated hooks see and may do.

use crate::caller::Caller;
use crate::def::{App, Entity};
use crate::finish::judge_attempt;
use crate::ids;
use crate::plan::Plans;
use crate::refusal::Refusal;
use crate::scope::{Message, Scope, Work};
use crate::sign::{self, At, Sign};
use crate::{change, delete, perform};
use kernel::value::Value;
use std::cell::RefCell;

/// A row, with its values in the order of the entity's fields (computed ones empty).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: i64,
    /// Milliseconds.
    pub created: i64,
    /// Milliseconds.
    pub updated: i64,
    /// Counts changes from 1.
    pub version: i64,
    /// By field position.
    pub values: Vec<Value>,
}

impl Row {
    /// The value at a field's position; empty where there is none.
    #[must_use]
    pub fn value(&self, position: usize) -> &Value {
        self.values.get(position).unwrap_or(&Value::Empty)
    }
}

/// An operation under way.
pub struct Operation<'t> {
    /// The transaction.
    pub connection: &'t rusqlite::Connection,
    /// The app.
    pub app: &'static App,
    /// The entity of `this`, for an operation on a row.
    pub entity: Option<&'static Entity>,
    /// Who asks.
    pub caller: Caller,
    /// Milliseconds, the same throughout the operation.
    pub now: i64,
    /// Days, in the app's time zone.
    pub today: i64,
    /// The row as it is now.
    pub this: Row,
    /// The row as it was before the operation.
    pub old: Row,
    /// The inputs by name.
    pub inputs: Vec<(&'static str, Value)>,
    plans: &'t Plans,
    work: &'t RefCell<Work>,
    sign: &'t RefCell<Sign>,
    kept: Vec<(&'static str, Option<i64>)>,
    elevated: bool,
    asking: bool,
}

/// Whose rights an effect has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// The caller's.
    Caller,
    /// The program's own: access is lifted; types, field rules, rules and lifecycle hold.
    System,
}

/// Who gets a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// A user; nobody where there is none.
    User(Option<i64>),
    /// Several users.
    Users(Vec<i64>),
    /// An address.
    Address(Option<String>),
}

impl<'t> Operation<'t> {
    pub(crate) fn new(
        scope: Scope<'t>,
        entity: Option<&'static Entity>,
        this: Row,
        old: Row,
        inputs: Vec<(&'static str, Value)>,
    ) -> Operation<'t> {
        Operation {
            connection: scope.connection,
            app: scope.app,
            entity,
            caller: scope.caller,
            now: scope.now,
            today: scope.today,
            this,
            old,
            inputs,
            plans: scope.plans,
            work: scope.work,
            sign: scope.sign,
            kept: Vec::new(),
            elevated: scope.elevated,
            asking: false,
        }
    }

    /// One that is only asked about: could it succeed, as far as can be known before its inputs are?
    pub(crate) fn asking(
        scope: Scope<'t>,
        entity: Option<&'static Entity>,
        this: Row,
    ) -> Operation<'t> {
        Operation {
            asking: true,
            ..Operation::new(scope, entity, this.clone(), this, Vec::new())
        }
    }

    pub(crate) fn scope(&self, authority: Authority) -> Scope<'t> {
        Scope {
            connection: self.connection,
            app: self.app,
            plans: self.plans,
            caller: self.caller,
            now: self.now,
            today: self.today,
            work: self.work,
            sign: self.sign,
            elevated: self.elevated || authority == Authority::System,
        }
    }

    fn of(&self, entity: usize) -> Result<&'static Entity, Refusal> {
        let found = self.app.entities.get(entity).copied();
        found.ok_or_else(|| Refusal::Fault(format!("there is no entity at position {entity}")))
    }

    /// The input of this name; empty where it was not given.
    #[must_use]
    pub fn input(&self, name: &str) -> &Value {
        self.inputs
            .iter()
            .find(|(given, _)| *given == name)
            .map_or(&Value::Empty, |(_, value)| value)
    }

    /// The inputs are here. They are not while it is only worked out which buttons a page has: what needs them can't
    /// refuse then.
    #[must_use]
    pub fn has_inputs(&self) -> bool {
        !self.asking
    }

    /// A row of an entity; none where there is no id or no such row.
    ///
    /// # Errors
    /// [`Refusal::Fault`] if the store fails.
    pub fn row(&self, entity: usize, id: Option<i64>) -> Result<Option<Row>, Refusal> {
        match id {
            Some(id) => self.scope(Authority::Caller).load(self.of(entity)?, id),
            None => Ok(None),
        }
    }

    /// The value that a statement gives. `:me`, `:now`, `:today` and `:roles` are bound where it names them.
    ///
    /// # Errors
    /// [`Refusal::Fault`] if the store fails.
    pub fn scalar(&self, sql: &str, params: &[(&str, Value)]) -> Result<Value, Refusal> {
        self.scope(Authority::Caller).scalar(sql, &borrowed(params))
    }

    /// Whether the condition that a statement gives is true; NULL is not.
    ///
    /// # Errors
    /// [`Refusal::Fault`] if the store fails.
    pub fn truth(&self, sql: &str, params: &[(&str, Value)]) -> Result<bool, Refusal> {
        self.scope(Authority::Caller).truth(sql, &borrowed(params))
    }

    /// The ids that a statement gives, in its order.
    ///
    /// # Errors
    /// [`Refusal::Fault`] if the store fails.
    pub fn ids(&self, sql: &str, params: &[(&str, Value)]) -> Result<Vec<i64>, Refusal> {
        self.scope(Authority::Caller).ids(sql, &borrowed(params))
    }

    /// Goes on only where the condition holds.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] with the sentence.
    pub fn require(
        &self,
        holds: bool,
        rule: &'static str,
        sentence: &'static str,
    ) -> Result<(), Refusal> {
        if holds {
            Ok(())
        } else {
            Err(self.refuse(rule, sentence))
        }
    }

    /// The refusal with this sentence.
    #[must_use]
    pub fn refuse(&self, rule: &'static str, sentence: impl Into<String>) -> Refusal {
        Refusal::Conflict {
            rule,
            message: sentence.into(),
        }
    }

    /// Sets a field of a row.
    ///
    /// # Errors
    /// Where there is no row, the authority does not reach, or the value does not fit.
    pub fn set(
        &mut self,
        entity: usize,
        id: Option<i64>,
        field: usize,
        value: Value,
        authority: Authority,
    ) -> Result<(), Refusal> {
        let (scope, entity) = (self.scope(authority), self.of(entity)?);
        let id = id.ok_or_else(nothing_there)?;
        scope.deeper(|| {
            change::update(
                &scope,
                entity,
                id,
                vec![(field, value)],
                change::Door::Effect,
            )
            .map(|_| ())
        })?;
        self.refresh()
    }

    /// Makes a row and gives its id.
    ///
    /// # Errors
    /// Where the authority does not reach, or a value does not fit.
    pub fn create(
        &mut self,
        entity: usize,
        values: impl IntoIterator<Item = (usize, Value)>,
        authority: Authority,
    ) -> Result<i64, Refusal> {
        let values = values.into_iter().collect();
        let (scope, entity) = (self.scope(authority), self.of(entity)?);
        let id = scope.deeper(|| change::create(&scope, entity, values, change::Door::Effect))?;
        self.refresh()?;
        Ok(id)
    }

    /// Deletes a row, with all that goes with it.
    ///
    /// # Errors
    /// Where there is no row, the authority does not reach, or something still refers to it.
    pub fn delete(
        &mut self,
        entity: usize,
        id: Option<i64>,
        authority: Authority,
    ) -> Result<(), Refusal> {
        let (scope, entity) = (self.scope(authority), self.of(entity)?);
        let id = id.ok_or_else(nothing_there)?;
        scope.deeper(|| delete::by_effect(&scope, entity, id))?;
        self.refresh()
    }

    /// Takes a step of a row's lifecycle, or runs an action.
    ///
    /// # Errors
    /// As that operation refuses.
    pub fn run(
        &mut self,
        entity: Option<usize>,
        id: Option<i64>,
        slug: &str,
        inputs: impl IntoIterator<Item = (&'static str, Value)>,
        authority: Authority,
    ) -> Result<(), Refusal> {
        let inputs = inputs.into_iter().collect();
        let scope = self.scope(authority);
        scope.deeper(|| match entity {
            None => perform::program_action(&scope, slug, inputs, change::Door::Effect).map(|_| ()),
            Some(entity) => {
                let entity = self.of(entity)?;
                let id = id.ok_or_else(nothing_there)?;
                if entity.steps.iter().any(|step| step.slug == slug) {
                    perform::step(&scope, entity, id, slug, None, inputs, change::Door::Effect)
                        .map(|_| ())
                } else {
                    perform::action(&scope, entity, id, slug, None, inputs, change::Door::Effect)
                        .map(|_| ())
                }
            }
        })?;
        self.refresh()
    }

    /// Signs somebody up and gives the new user.
    ///
    /// # Errors
    /// Where signing up is closed, a value does not fit, or the address has an account.
    pub fn sign_up(
        &mut self,
        values: impl IntoIterator<Item = (usize, Value)>,
        password: Value,
        at: At,
        authority: Authority,
    ) -> Result<i64, Refusal> {
        let scope = self.scope(authority);
        let values = values.into_iter().collect();
        let user = scope.deeper(|| sign::up(&scope, values, password, at))?;
        self.refresh()?;
        Ok(user)
    }

    /// Signs the caller in, once the operation is kept.
    ///
    /// # Errors
    /// Where no account has this address and password, or the address is not confirmed.
    pub fn sign_in(&mut self, email: Value, password: Value, at: At) -> Result<(), Refusal> {
        sign::enter(&self.scope(Authority::Caller), email, password, at)
    }

    /// Keeps a row under its name, for what the operation answers.
    pub fn keep(&mut self, name: &'static str, row: Option<i64>) {
        self.kept.retain(|(known, _)| *known != name);
        self.kept.push((name, row));
    }

    /// The row that was kept under this name.
    #[must_use]
    pub fn kept(&self, name: &str) -> Option<i64> {
        let found = self.kept.iter().find(|(known, _)| *known == name);
        found.and_then(|(_, row)| *row)
    }

    /// Leaves a message that goes out once the operation is kept. Nobody, or somebody without an address, gets none.
    pub fn email(&mut self, to: To, text: impl Into<String>) {
        let text = text.into();
        let path = self.entity.and_then(|entity| {
            let address = ids::address_on(self.connection, entity, self.this.id).ok()?;
            Some(format!("/{}/{address}", entity.slug))
        });
        let mut work = self.work.borrow_mut();
        let mut leave = |user: Option<i64>, address: String| {
            work.messages.push(Message {
                user,
                address,
                text: text.clone(),
                path: path.clone(),
            });
        };
        match to {
            To::User(Some(user)) => leave(Some(user), String::new()),
            To::Users(users) => users
                .into_iter()
                .for_each(|user| leave(Some(user), String::new())),
            To::Address(Some(address)) if !address.trim().is_empty() => leave(None, address),
            To::User(None) | To::Address(_) => {}
        }
    }

    /// Tries an effect; where it is refused, or breaks a rule by itself, what it did is undone and the other runs
    /// instead.
    ///
    /// # Errors
    /// What `otherwise` is refused with, and faults.
    pub fn attempt(
        &mut self,
        effect: impl FnOnce(&mut Operation<'t>) -> Result<(), Refusal>,
        otherwise: impl FnOnce(&mut Operation<'t>) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let scope = self.scope(Authority::Caller);
        let (before, settled) = {
            let work = self.work.borrow();
            (work.writes, work.unsettled.len())
        };
        let tried = scope.atomic(|| {
            effect(self)?;
            change::settle(&scope, settled)?;
            judge_attempt(&scope, before)
        });
        match tried {
            Err(refusal @ (Refusal::Fault(_) | Refusal::Pending(_))) => Err(refusal),
            Err(_) => {
                self.refresh()?;
                otherwise(self)
            }
            Ok(()) => Ok(()),
        }
    }

    /// Reads `this` again; a row that went stays as it was.
    pub(crate) fn refresh(&mut self) -> Result<(), Refusal> {
        if let Some(entity) = self.entity
            && let Some(row) = self.scope(Authority::Caller).load(entity, self.this.id)?
        {
            self.this = row;
        }
        Ok(())
    }
}

/// What a hook without requirements, or without effects, does.
///
/// # Errors
/// Never.
pub fn nothing(_op: &mut Operation<'_>) -> Result<(), Refusal> {
    Ok(())
}

fn borrowed<'p>(params: &'p [(&'p str, Value)]) -> Vec<(&'p str, &'p Value)> {
    params.iter().map(|(name, value)| (*name, value)).collect()
}

fn nothing_there() -> Refusal {
    Refusal::Conflict {
        rule: "empty",
        message: "There is nothing here that this could be done to.".to_owned(),
    }
}
