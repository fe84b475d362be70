//! The one writer: a thread that runs waiting writes one after another, several in one transaction, each in a
//! savepoint of its own. A write is answered once the transaction is kept.

use crate::caller::Caller;
use crate::def::App;
use crate::finish::finish;
use crate::plan::Plans;
use crate::refusal::Refusal;
use crate::scope::{Scope, Work};
use crate::sign::Sign;
use rusqlite::Connection;
use std::cell::RefCell;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// Most writes of one transaction.
const MOST: usize = 512;
/// How long a transaction gathers writes.
const GATHER: Duration = Duration::from_millis(8);

/// A write under way; derefs to the connection.
pub struct Writer<'w> {
    connection: &'w Connection,
    /// The app.
    pub app: &'static App,
    plans: &'w Plans,
    /// Who asks.
    pub caller: Caller,
    /// Milliseconds, the same throughout.
    pub now: i64,
    /// Days, in the app's time zone.
    pub today: i64,
    work: &'w RefCell<Work>,
    /// What is known of passwords, and what was done to accounts.
    pub sign: &'w RefCell<Sign>,
    pub(crate) planted: bool,
}

impl Deref for Writer<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl<'w> Writer<'w> {
    pub(crate) fn scope(&self) -> Scope<'w> {
        Scope {
            connection: self.connection,
            app: self.app,
            plans: self.plans,
            caller: self.caller,
            now: self.now,
            today: self.today,
            work: self.work,
            sign: self.sign,
            elevated: self.caller.system,
        }
    }
}

/// Says what came of it, once it is known whether it is kept.
pub(crate) type Answer = Box<dyn FnOnce(Result<(), String>) + Send>;

/// A waiting write; without a connection it is only answered.
pub(crate) type Job = Box<dyn FnOnce(Option<&Connection>) -> Answer + Send>;

/// What all writes share.
pub(crate) struct Circumstances<'c> {
    pub app: &'static App,
    pub plans: &'c Plans,
    pub caller: Caller,
    pub now: i64,
    pub today: i64,
}

/// Runs one write in a savepoint.
pub(crate) fn run<T>(
    connection: &Connection,
    with: &Circumstances<'_>,
    write: impl FnOnce(&mut Writer<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    connection
        .prepare_cached("SAVEPOINT one_write")?
        .raw_execute()?;
    let work = RefCell::new(Work::default());
    let sign = RefCell::new(Sign::default());
    let mut writer = Writer {
        connection,
        app: with.app,
        plans: with.plans,
        caller: with.caller,
        now: with.now,
        today: with.today,
        work: &work,
        sign: &sign,
        planted: false,
    };
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let done = write(&mut writer)?;
        if writer.planted {
            finish(&writer.scope(), None, true)?;
        }
        Ok(done)
    }));
    let result = caught.unwrap_or_else(|cause| {
        Err(Refusal::Fault(format!(
            "a write panicked: {}",
            words(&*cause)
        )))
    });
    if result.is_err() && !connection.is_autocommit() {
        connection
            .prepare_cached("ROLLBACK TO one_write")?
            .raw_execute()?;
    }
    if !connection.is_autocommit() {
        connection
            .prepare_cached("RELEASE one_write")?
            .raw_execute()?;
    }
    result
}

fn words(cause: &(dyn std::any::Any + Send)) -> &str {
    cause
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| cause.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("for no known reason")
}

/// The thread: until nobody can send any more.
pub(crate) fn work(connection: &Connection, waiting: &Receiver<Job>) {
    while let Ok(first) = waiting.recv() {
        transaction(connection, first, waiting);
    }
}

fn transaction(connection: &Connection, first: Job, waiting: &Receiver<Job>) {
    if let Err(error) = begin(connection) {
        first(None)(Err(format!("a write can't begin: {error}")));
        return;
    }
    let started = Instant::now();
    let mut answers = vec![first(Some(connection))];
    while answers.len() < MOST && !connection.is_autocommit() && started.elapsed() < GATHER {
        let Ok(next) = waiting.try_recv() else { break };
        answers.push(next(Some(connection)));
    }
    let kept = if connection.is_autocommit() {
        Err("the database ended the transaction by itself".to_owned())
    } else {
        connection
            .prepare_cached("COMMIT")
            .and_then(|mut commit| commit.raw_execute())
            .map(|_| ())
            .map_err(|error| format!("a write was not kept: {error}"))
    };
    if let Err(cause) = &kept {
        tracing::error!(%cause, writes = answers.len(), "writes are lost");
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
    for answer in answers {
        answer(kept.clone());
    }
}

fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .prepare_cached("BEGIN IMMEDIATE")?
        .raw_execute()
        .map(|_| ())
}
