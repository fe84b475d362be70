//! The one writer: a thread that runs waiting writes one after another, several in one transaction. A write is answered
//! once the transaction is kept; a refused one leaves nothing behind.
//!
//! What undoes a refused write is a savepoint of its own, or, for writes that can be run again, the end of the whole
//! transaction: then the others of the group run a second time, each in a savepoint. A savepoint copies every page it
//! touches; most writes are not refused.

use crate::caller::Caller;
use crate::def::App;
use crate::finish::finish;
use crate::plan::Plans;
use crate::refusal::Refusal;
use crate::scope::{Ground, Scope, Work};
use crate::sign::Sign;
use rusqlite::Connection;
use std::cell::RefCell;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Most writes of one transaction.
const MOST: usize = 512;
/// How long a transaction gathers writes.
const GATHER: Duration = Duration::from_millis(8);
/// After a group had to be run again, this many groups run in savepoints from the start.
const WARY: u32 = 16;

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

/// What all writes share.
pub(crate) struct Circumstances {
    pub app: &'static App,
    pub plans: Arc<Plans>,
    pub caller: Caller,
    pub now: i64,
    pub today: i64,
}

/// A waiting write.
pub(crate) trait Job: Send {
    /// It may be run a second time.
    fn repeats(&self) -> bool;

    /// Runs it in the transaction; with `guarded` in a savepoint of its own. True where something of it must go that
    /// only the end of the transaction undoes.
    fn run(&mut self, connection: &Connection, guarded: bool) -> bool;

    /// The runtime in which somebody waits for the answer; none for a thread that waits.
    fn runtime(&self) -> Option<&Handle>;

    /// Says what came of it, once it is known whether it is kept.
    fn answer(self: Box<Self>, kept: &Result<(), String>);
}

/// A write, what came of it, and who wants to know.
pub(crate) struct Waiting<T, F, A> {
    pub with: Circumstances,
    pub write: F,
    pub repeats: bool,
    pub runtime: Option<Handle>,
    pub result: Option<Result<T, Refusal>>,
    pub answer: A,
}

impl<T, F, A> Job for Waiting<T, F, A>
where
    T: Send,
    F: FnMut(&mut Writer<'_>) -> Result<T, Refusal> + Send,
    A: FnOnce(Result<T, Refusal>) + Send,
{
    fn repeats(&self) -> bool {
        self.repeats
    }

    fn run(&mut self, connection: &Connection, guarded: bool) -> bool {
        let (result, spoiled) = run(connection, &self.with, guarded, &mut self.write);
        self.result = Some(result);
        spoiled
    }

    fn runtime(&self) -> Option<&Handle> {
        self.runtime.as_ref()
    }

    fn answer(self: Box<Self>, kept: &Result<(), String>) {
        let result = match (kept, self.result) {
            (Err(cause), Some(Ok(_)) | None) => Err(Refusal::Fault(cause.clone())),
            (Ok(()), None) => Err(Refusal::Fault("a write did not run".to_owned())),
            (_, Some(result)) => result,
        };
        (self.answer)(result);
    }
}

fn run<T>(
    connection: &Connection,
    with: &Circumstances,
    guarded: bool,
    write: &mut impl FnMut(&mut Writer<'_>) -> Result<T, Refusal>,
) -> (Result<T, Refusal>, bool) {
    if guarded && let Err(error) = savepoint(connection, "SAVEPOINT one_write") {
        return (Err(error.into()), false);
    }
    let changes = connection.total_changes();
    let work = RefCell::new(Work::on(Ground {
        changes,
        guarded,
        spoiled: false,
    }));
    let sign = RefCell::new(Sign::default());
    let mut writer = Writer {
        connection,
        app: with.app,
        plans: &with.plans,
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
    if !guarded {
        let spoiled = work.borrow().ground.spoiled;
        let left = result.is_err() && connection.total_changes() != changes;
        return (result, spoiled || left);
    }
    match unguard(connection, result.is_err()) {
        Ok(()) => (result, false),
        Err(error) => (Err(error.into()), false),
    }
}

/// Ends the savepoint of a write.
fn unguard(connection: &Connection, undo: bool) -> rusqlite::Result<()> {
    if undo && !connection.is_autocommit() {
        savepoint(connection, "ROLLBACK TO one_write")?;
    }
    if !connection.is_autocommit() {
        savepoint(connection, "RELEASE one_write")?;
    }
    Ok(())
}

fn savepoint(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(|_| ())
}

fn words(cause: &(dyn std::any::Any + Send)) -> &str {
    cause
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| cause.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("for no known reason")
}

/// The thread: until nobody can send any more.
pub(crate) fn work(connection: &Connection, waiting: &Receiver<Box<dyn Job>>) {
    let mut wary = 0;
    while let Ok(first) = waiting.recv() {
        // Whoever sent it may have more to send; where there are processors enough, this costs nothing.
        std::thread::yield_now();
        transaction(connection, first, waiting, &mut wary);
    }
}

fn transaction(
    connection: &Connection,
    first: Box<dyn Job>,
    waiting: &Receiver<Box<dyn Job>>,
    wary: &mut u32,
) {
    let mut group = Vec::new();
    let ran = gather(connection, first, waiting, wary, &mut group);
    let kept = ran.and_then(|()| {
        if connection.is_autocommit() {
            return Err("the database ended the transaction by itself".to_owned());
        }
        savepoint(connection, "COMMIT").map_err(|error| format!("a write was not kept: {error}"))
    });
    if let Err(cause) = &kept {
        tracing::error!(%cause, writes = group.len(), "writes are lost");
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
    answer(group, kept);
}

/// Runs the first write and those that wait meanwhile.
fn gather(
    connection: &Connection,
    first: Box<dyn Job>,
    waiting: &Receiver<Box<dyn Job>>,
    wary: &mut u32,
    group: &mut Vec<Box<dyn Job>>,
) -> Result<(), String> {
    let begun = begin(connection);
    group.push(first);
    begun?;
    let started = Instant::now();
    let mut guarded = *wary > 0;
    *wary = wary.saturating_sub(1);
    while let Some(job) = group.last_mut() {
        // A write that can't be run again must not be undone for the sake of another.
        guarded |= !job.repeats();
        let undo = job.run(connection, guarded);
        if undo && !connection.is_autocommit() {
            savepoint(connection, "ROLLBACK")
                .map_err(|error| format!("a write can't be undone: {error}"))?;
            begin(connection)?;
            for job in group.iter_mut() {
                if connection.is_autocommit() {
                    break;
                }
                job.run(connection, true);
            }
            guarded = true;
            *wary = WARY;
        }
        if group.len() >= MOST || connection.is_autocommit() || started.elapsed() >= GATHER {
            break;
        }
        match waiting.try_recv() {
            Ok(next) => group.push(next),
            Err(_) => break,
        }
    }
    Ok(())
}

fn begin(connection: &Connection) -> Result<(), String> {
    savepoint(connection, "BEGIN IMMEDIATE")
        .map_err(|error| format!("a write can't begin: {error}"))
}

/// Answers a group. Those who wait in a runtime are woken there, all at once: woken from here, each would take the
/// processor away from this thread.
fn answer(group: Vec<Box<dyn Job>>, kept: Result<(), String>) {
    let mut there = Vec::with_capacity(group.len());
    let mut runtime = None;
    for job in group {
        match job.runtime() {
            Some(handle) => {
                runtime.get_or_insert_with(|| handle.clone());
                there.push(job);
            }
            None => job.answer(&kept),
        }
    }
    let Some(runtime) = runtime else { return };
    if let [_] = there.as_slice() {
        for job in there {
            job.answer(&kept);
        }
        return;
    }
    drop(runtime.spawn(async move {
        for job in there {
            job.answer(&kept);
        }
    }));
}
