//! What one operation works with: the transaction, who asks, the moment, and what it has touched so far.

use crate::caller::Caller;
use crate::def::{App, Entity, Grant, Grants};
use crate::operation::{Operation, Row};
use crate::plan::{Plans, read_row, read_value};
use crate::refusal::Refusal;
use crate::sign::Sign;
use kernel::kind::Kind;
use kernel::value::Value;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// How deep effects may run each other's hooks.
pub(crate) const DEEPEST: u32 = 16;

/// What an operation has done so far.
#[derive(Default, Clone)]
pub(crate) struct Work {
    /// Rows written, in order.
    pub touched: Vec<Touched>,
    /// Rows of other entities whose rules must be looked at, `(entity, id)`, and the last write they looked at.
    pub watched: BTreeMap<(usize, i64), u64>,
    /// Entities of which every row must be looked at, and the last write they looked at.
    pub watched_all: BTreeMap<usize, u64>,
    /// Messages to leave.
    pub messages: Vec<Message>,
    /// Rows whose hooks run at the moment.
    pub hooked: Vec<(usize, i64)>,
    /// Rows that are going.
    pub going: Vec<(usize, i64)>,
    /// Levels of effects.
    pub depth: u32,
    /// Grows with each write.
    pub writes: u64,
    /// Users that were signed up.
    pub newcomers: Vec<i64>,
    /// Who is signed in afterwards.
    pub signed_in: Option<i64>,
    /// Rows with a unique value that another row had when they got it; looked at when the operation ends.
    pub unsettled: Vec<(&'static Entity, i64)>,
    /// The lap of the last of them.
    pub lap: i64,
    /// What the whole write stands on.
    pub ground: Ground,
}

/// What a write stands on: how much the connection had changed when it began, and what undoes it.
#[derive(Default, Clone, Copy)]
pub(crate) struct Ground {
    /// [`Connection::total_changes`] at its beginning.
    pub changes: u64,
    /// It runs in a savepoint `one_write`; otherwise only the end of the whole transaction undoes it.
    pub guarded: bool,
    /// Something of it must go that nothing but the end of the transaction undoes.
    pub spoiled: bool,
}

/// A row that was written.
#[derive(Clone)]
pub(crate) struct Touched {
    pub entity: &'static Entity,
    pub id: i64,
    pub created: bool,
    pub deleted: bool,
    /// Before the operation; for a new row that went again, as it was last.
    pub old: Row,
    /// The last of the operation's writes that reached it, counted from 1.
    pub last: u64,
}

/// A message to leave.
#[derive(Clone)]
pub(crate) struct Message {
    pub user: Option<i64>,
    pub address: String,
    pub text: String,
    pub path: Option<String>,
}

impl Work {
    /// A number no other unsettled row has.
    pub fn next_lap(&mut self) -> i64 {
        self.lap += 1;
        self.lap
    }

    /// Nothing done yet, on this ground.
    pub fn on(ground: Ground) -> Work {
        Work {
            ground,
            ..Work::default()
        }
    }

    /// What was done so far; the ground stays for what comes next.
    pub fn end(&mut self) -> Work {
        let next = Work::on(self.ground);
        std::mem::replace(self, next)
    }

    pub fn find(&mut self, entity: &Entity, id: i64) -> Option<&mut Touched> {
        self.touched
            .iter_mut()
            .rev()
            .find(|touched| touched.entity.index == entity.index && touched.id == id)
    }
}

/// One operation's circumstances.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'t> {
    pub connection: &'t Connection,
    pub app: &'static App,
    pub plans: &'t Plans,
    pub caller: Caller,
    pub now: i64,
    pub today: i64,
    pub work: &'t RefCell<Work>,
    pub sign: &'t RefCell<Sign>,
    /// The program itself acts: access is lifted.
    pub elevated: bool,
}

/// A value as a parameter.
pub(crate) struct Bound<'v>(pub &'v Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Empty => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Int(number) => ToSqlOutput::from(*number),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Texts(texts) => {
                ToSqlOutput::from(serde_json::to_string(texts).unwrap_or_default())
            }
            Value::Hidden(hidden) => ToSqlOutput::Borrowed(ValueRef::Text(hidden.text.as_bytes())),
            Value::Ids(ids) => ToSqlOutput::from(serde_json::to_string(ids).unwrap_or_default()),
        })
    }
}

/// What stands behind a name.
enum Named<'p> {
    /// What was given.
    Given(&'p Value),
    /// What the circumstances say.
    Own(Option<i64>),
}

impl<'t> Scope<'t> {
    pub fn roles(&self) -> i64 {
        if self.caller.system {
            -1
        } else {
            self.caller.roles.cast_signed()
        }
    }

    /// Nobody of the caller's kind may: 401 for visitors, 403 for others.
    pub fn forbidden(&self) -> Refusal {
        if self.caller.signed_in() || self.caller.system {
            Refusal::Forbidden
        } else {
            Refusal::Unauthenticated
        }
    }

    pub fn grants(&self, which: fn(&Caller) -> Grants) -> Grants {
        if self.elevated || self.caller.system {
            return vec![Grant {
                when: "",
                fields: crate::def::ALL,
            }];
        }
        which(&self.caller)
    }

    /// Binds what the statement names.
    pub fn bind(
        &self,
        statement: &mut Statement<'_>,
        params: &[(&str, &Value)],
    ) -> Result<(), Refusal> {
        for index in 1..=statement.parameter_count() {
            let Some(name) = statement.parameter_name(index) else {
                continue;
            };
            match self.named(name, params)? {
                Named::Given(value) => statement.raw_bind_parameter(index, Bound(value))?,
                Named::Own(number) => statement.raw_bind_parameter(index, number)?,
            }
        }
        Ok(())
    }

    /// What the statement names, in the order of its parameters.
    pub fn values(
        &self,
        statement: &Statement<'_>,
        params: &[(&str, &Value)],
    ) -> Result<Vec<Value>, Refusal> {
        let mut values = Vec::with_capacity(statement.parameter_count());
        for index in 1..=statement.parameter_count() {
            let name = statement.parameter_name(index).unwrap_or_default();
            values.push(match self.named(name, params)? {
                Named::Given(value) => value.clone(),
                Named::Own(number) => Value::from(number),
            });
        }
        Ok(values)
    }

    fn named<'p>(&self, name: &str, params: &[(&str, &'p Value)]) -> Result<Named<'p>, Refusal> {
        Ok(match name {
            ":me" => Named::Own(self.caller.user),
            ":now" => Named::Own(Some(self.now)),
            ":today" => Named::Own(Some(self.today)),
            ":roles" => Named::Own(Some(self.roles())),
            name => match params.iter().find(|(given, _)| *given == name) {
                Some((_, value)) => Named::Given(value),
                None => {
                    return Err(Refusal::Fault(format!(
                        "the statement names {name}, which nobody gives"
                    )));
                }
            },
        })
    }

    pub fn scalar(&self, sql: &str, params: &[(&str, &Value)]) -> Result<Value, Refusal> {
        let mut statement = self.connection.prepare_cached(sql)?;
        self.bind(&mut statement, params)?;
        let mut rows = statement.raw_query();
        let Some(row) = rows.next()? else {
            return Ok(Value::Empty);
        };
        Ok(match row.get_ref(0)? {
            ValueRef::Real(_) | ValueRef::Blob(_) => Value::Empty,
            stored => read_value(Kind::Text, stored),
        })
    }

    pub fn truth(&self, sql: &str, params: &[(&str, &Value)]) -> Result<bool, Refusal> {
        Ok(matches!(self.scalar(sql, params)?, Value::Int(number) if number != 0))
    }

    pub fn ids(&self, sql: &str, params: &[(&str, &Value)]) -> Result<Vec<i64>, Refusal> {
        let mut statement = self.connection.prepare_cached(sql)?;
        self.bind(&mut statement, params)?;
        let mut rows = statement.raw_query();
        let mut ids = Vec::new();
        while let Some(row) = rows.next()? {
            if let ValueRef::Integer(id) = row.get_ref(0)? {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// The row, whoever may read it.
    pub fn load(&self, entity: &'static Entity, id: i64) -> Result<Option<Row>, Refusal> {
        let mut statement = self
            .connection
            .prepare_cached(&self.plans.of(entity).select)?;
        statement.raw_bind_parameter(1, id)?;
        let mut rows = statement.raw_query();
        match rows.next()? {
            Some(row) => Ok(Some(read_row(entity, row)?)),
            None => Ok(None),
        }
    }

    /// An operation on a row of this entity.
    pub fn operation(&self, entity: Option<&'static Entity>, this: Row, old: Row) -> Operation<'t> {
        Operation::new(*self, entity, this, old, Vec::new())
    }

    /// Runs it as a whole: a refusal leaves nothing behind.
    pub fn atomic<T>(&self, run: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
        let ground = self.work.borrow().ground;
        if ground.changes == self.connection.total_changes() {
            return self.atomic_from_the_start(run);
        }
        self.connection
            .prepare_cached("SAVEPOINT inner_step")?
            .raw_execute()?;
        let before = self.work.borrow().clone();
        match run() {
            Ok(done) => {
                self.connection
                    .prepare_cached("RELEASE inner_step")?
                    .raw_execute()?;
                Ok(done)
            }
            Err(refusal) => {
                if !self.connection.is_autocommit() {
                    self.connection
                        .prepare_cached("ROLLBACK TO inner_step")?
                        .raw_execute()?;
                    self.connection
                        .prepare_cached("RELEASE inner_step")?
                        .raw_execute()?;
                }
                self.back_to(before);
                Err(refusal)
            }
        }
    }

    /// [`Scope::atomic`] where the write has written nothing yet: what undoes the write undoes this.
    fn atomic_from_the_start<T>(
        &self,
        run: impl FnOnce() -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let before = self.work.borrow().clone();
        let result = run();
        if result.is_err() {
            let changed = self.connection.total_changes() != before.ground.changes;
            self.back_to(before);
            let guarded = self.work.borrow().ground.guarded;
            if changed && guarded && !self.connection.is_autocommit() {
                self.connection
                    .prepare_cached("ROLLBACK TO one_write")?
                    .raw_execute()?;
            } else if changed && !guarded {
                self.work.borrow_mut().ground.spoiled = true;
            }
        }
        result
    }

    /// Forgets what was done since, but not that something of it must go.
    fn back_to(&self, before: Work) {
        let mut work = self.work.borrow_mut();
        let spoiled = work.ground.spoiled;
        *work = before;
        work.ground.spoiled |= spoiled;
    }

    /// One level deeper.
    pub fn deeper<T>(&self, run: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
        {
            let mut work = self.work.borrow_mut();
            if work.depth >= DEEPEST {
                return Err(Refusal::Conflict {
                    rule: "too-deep",
                    message:
                        "This sets off one thing after another without end, so nothing was done."
                            .to_owned(),
                });
            }
            work.depth += 1;
        }
        let result = run();
        let mut work = self.work.borrow_mut();
        work.depth = work.depth.saturating_sub(1);
        result
    }
}
