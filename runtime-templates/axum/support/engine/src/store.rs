//! Opening the store: connections, the lock on its folder, the writer's thread, this thread's reader.

use crate::caller::Caller;
use crate::counts::Counts;
use crate::def::App;
use crate::plan::Plans;
use crate::reader::Reader;
use crate::refusal::Refusal;
use crate::seal::{self, KEY_VARIABLE, KeyFrom, Sealer};
use crate::writer::{Circumstances, Job, Waiting, Writer};
use crate::{functions, migrate, system, writer};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a server waits for the one before it to let go of the folder.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pages the writer keeps: those where rows are added, and the upper levels of every index.
const WRITER_CACHE_KB: i64 = 4 * 1024;
/// Pages each reader keeps.
const READER_CACHE_KB: i64 = 4 * 1024;

/// When a write counts as kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// It survives the end of the process; a power cut may take the last moments, never consistency.
    #[default]
    Process,
    /// It survives a power cut as well; slower.
    Power,
}

/// How the store is opened.
#[derive(Clone, Default)]
pub struct Options {
    /// The database file; its folder must exist.
    pub path: PathBuf,
    /// How many threads will read at once; a hint, each opens a connection of its own when it first reads.
    pub readers: usize,
    /// When a write counts as kept.
    pub durability: Durability,
    /// Nobody else serves from this folder while the engine is open; for servers.
    pub exclusive: bool,
    /// The key of secrets, as 64 hexadecimal digits; without it the file beside the database holds it.
    pub secret_key: Option<String>,
}

/// Why the store can't be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Another server uses this folder.
    InUse(PathBuf),
    /// The database was written by a newer version of the app: it has this migration.
    Newer(String),
    /// The text of this migration has changed since it was applied.
    Changed(String),
    /// A migration failed; nothing of it was kept.
    Migration(String, String),
    /// The app needs something that does not exist yet.
    Unsupported(String),
    /// The database holds secrets, and this file with their key is not there.
    NoKey(PathBuf),
    /// This is another key than the secrets of the database were encrypted with.
    WrongKey(KeyFrom),
    /// This is no key.
    Key(String),
    /// The database refused.
    Database(PathBuf, rusqlite::Error),
    /// The file system refused.
    File(PathBuf, std::io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::InUse(path) => {
                write!(
                    out,
                    "another server uses {}; stop it, or name another folder with --data",
                    path.display()
                )
            }
            OpenError::Newer(name) => write!(
                out,
                "the database is newer than this program: it has the migration {name}; start a newer program or \
                 restore an older backup"
            ),
            OpenError::Changed(name) => write!(
                out,
                "the migration {name} has changed since it was applied; put its old text back and add a new migration"
            ),
            OpenError::Migration(name, cause) => {
                write!(
                    out,
                    "the migration {name} failed and nothing of it was kept: {cause}"
                )
            }
            OpenError::Unsupported(what) => write!(
                out,
                "{what} is not supported yet; take it out of the program"
            ),
            OpenError::NoKey(path) => write!(
                out,
                "the database holds secrets, and their key is not here; put the file {} back, or set {KEY_VARIABLE}",
                path.display()
            ),
            OpenError::WrongKey(from) => write!(
                out,
                "the key in {from} is not the one that the secrets of this database were encrypted with; use that one"
            ),
            OpenError::Key(text) => out.write_str(text),
            OpenError::Database(path, error) => {
                write!(out, "can't open the database {}: {error}", path.display())
            }
            OpenError::File(path, error) => write!(out, "can't use {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for OpenError {}

/// The store of an app; clones share everything.
#[derive(Clone)]
pub struct Engine {
    /// The app.
    pub app: &'static App,
    shared: Arc<Shared>,
}

struct Shared {
    number: u64,
    path: PathBuf,
    plans: Arc<Plans>,
    jobs: Mutex<Option<Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    ahead_ms: AtomicI64,
    /// The moment at which the clock stands; 0 while it runs.
    #[cfg(feature = "testing")]
    frozen: AtomicI64,
    _lock: Option<File>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        drop(
            self.jobs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

/// A reader's connection, and what it remembers.
struct Held {
    connection: Connection,
    counts: Counts,
}

thread_local! {
    /// This thread's readers, by engine.
    static READERS: RefCell<Vec<(u64, Rc<Held>)>> = const { RefCell::new(Vec::new()) };
}

impl Engine {
    /// Opens the store and brings it up to date.
    ///
    /// # Errors
    /// Where it is in use, newer than the app, or can't be opened.
    pub fn open(app: &'static App, options: &Options) -> Result<Engine, OpenError> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        kernel::settings::set(app.time_zone, app.currency, app.currency_digits);
        supported(app)?;
        let lock = if options.exclusive {
            Some(lock(&options.path)?)
        } else {
            None
        };
        let fail = |error| OpenError::Database(options.path.clone(), error);
        let connection = connect(&options.path, options.durability).map_err(fail)?;
        system::prepare(&connection).map_err(fail)?;
        let sealer = seal::prepare(
            app,
            &connection,
            &options.path,
            options.secret_key.as_deref(),
        )?;
        seal::register(&connection, sealer.as_ref()).map_err(fail)?;
        migrate::run(&connection, app, &options.path)?;
        let plans = Arc::new(Plans::new(app, sealer, &connection).map_err(fail)?);
        let (jobs, waiting) = channel();
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || writer::work(&connection, &waiting))
            .map_err(|error| OpenError::File(options.path.clone(), error))?;
        let shared = Shared {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            path: options.path.clone(),
            plans,
            jobs: Mutex::new(Some(jobs)),
            thread: Mutex::new(Some(thread)),
            ahead_ms: AtomicI64::new(0),
            #[cfg(feature = "testing")]
            frozen: AtomicI64::new(0),
            _lock: lock,
        };
        Ok(Engine {
            app,
            shared: Arc::new(shared),
        })
    }

    /// Where the database is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Where the key of the secrets came from; none for an app without secrets.
    #[must_use]
    pub fn secret_key(&self) -> Option<&KeyFrom> {
        self.shared.plans.sealer.as_ref().map(|sealer| &sealer.from)
    }

    /// Milliseconds, and the day in the app's time zone.
    #[must_use]
    pub fn now(&self) -> (i64, i64) {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let now = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        let now = now.saturating_add(self.shared.ahead_ms.load(Ordering::Relaxed));
        #[cfg(feature = "testing")]
        let now = match self.shared.frozen.load(Ordering::Relaxed) {
            0 => now,
            frozen => frozen,
        };
        (now, kernel::time::date_of(Some(now)).unwrap_or(0))
    }

    /// Sets the clock of this store ahead, for rehearsals.
    pub fn advance(&self, ms: i64) {
        self.shared.ahead_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Lets the clock stand at a moment, in milliseconds.
    #[cfg(feature = "testing")]
    pub fn freeze(&self, now: i64) {
        self.shared.frozen.store(now, Ordering::Relaxed);
    }

    /// Reads on this thread's own connection, inside a read-only transaction.
    ///
    /// # Errors
    /// What `f` refuses, and [`Refusal::Fault`] if the store fails.
    pub fn read<T>(&self, f: impl FnOnce(&Reader<'_>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let held = self.reader()?;
        let connection = &held.connection;
        let (now, today) = self.now();
        let reader = Reader {
            connection,
            app: self.app,
            plans: &self.shared.plans,
            counts: &held.counts,
            now,
            today,
        };
        if !connection.is_autocommit() {
            return f(&reader);
        }
        connection.prepare_cached("BEGIN")?.raw_execute()?;
        let end = End(connection);
        let result = f(&reader);
        drop(end);
        result
    }

    fn reader(&self) -> Result<Rc<Held>, Refusal> {
        const MOST: usize = 8;
        READERS.with_borrow_mut(|readers| {
            if let Some((_, held)) = readers
                .iter()
                .find(|(number, _)| *number == self.shared.number)
            {
                return Ok(Rc::clone(held));
            }
            let held = Rc::new(Held {
                connection: connect_reader(&self.shared.path, self.shared.plans.sealer.as_ref())?,
                counts: Counts::default(),
            });
            if readers.len() >= MOST {
                readers.remove(0);
            }
            readers.push((self.shared.number, Rc::clone(&held)));
            Ok(held)
        })
    }

    /// Writes on the writer's thread; resolves once the write is kept. Several waiting writes share one commit, and
    /// a refused one leaves nothing behind.
    ///
    /// # Errors
    /// What `f` refuses, and [`Refusal::Fault`] if the store fails or `f` panics.
    pub async fn write<T: Send + 'static>(
        &self,
        caller: Caller,
        f: impl FnOnce(&mut Writer<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.write_and_wait(caller, once(f), false).await
    }

    /// [`Engine::write`] for what may be run a second time: `f` does nothing but write to the store. It costs less,
    /// because nothing has to be set up to undo it.
    ///
    /// # Errors
    /// As [`Engine::write`].
    pub async fn operate<T: Send + 'static>(
        &self,
        caller: Caller,
        f: impl Fn(&mut Writer<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.write_and_wait(caller, f, true).await
    }

    async fn write_and_wait<T: Send + 'static>(
        &self,
        caller: Caller,
        f: impl FnMut(&mut Writer<'_>) -> Result<T, Refusal> + Send + 'static,
        repeats: bool,
    ) -> Result<T, Refusal> {
        let (send, receive) = tokio::sync::oneshot::channel();
        self.enqueue(Waiting {
            with: self.circumstances(caller),
            write: f,
            repeats,
            runtime: tokio::runtime::Handle::try_current().ok(),
            result: None,
            answer: move |result| {
                let _ = send.send(result);
            },
        })?;
        receive.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// [`Engine::write`] for threads that may wait.
    ///
    /// # Errors
    /// As [`Engine::write`].
    pub fn blocking_write<T: Send + 'static>(
        &self,
        caller: Caller,
        f: impl FnOnce(&mut Writer<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let (send, receive) = channel();
        self.enqueue(Waiting {
            with: self.circumstances(caller),
            write: once(f),
            repeats: false,
            runtime: None,
            result: None,
            answer: move |result| {
                let _ = send.send(result);
            },
        })?;
        receive.recv().unwrap_or_else(|_| Err(stopped()))
    }

    fn circumstances(&self, caller: Caller) -> Circumstances {
        let (now, today) = self.now();
        Circumstances {
            app: self.app,
            plans: Arc::clone(&self.shared.plans),
            caller,
            now,
            today,
        }
    }

    fn enqueue(&self, job: impl Job + 'static) -> Result<(), Refusal> {
        let jobs = self
            .shared
            .jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let sender = jobs.as_ref().ok_or_else(stopped)?;
        sender.send(Box::new(job)).map_err(|_| stopped())
    }
}

/// A write that runs once.
fn once<T>(
    f: impl FnOnce(&mut Writer<'_>) -> Result<T, Refusal>,
) -> impl FnMut(&mut Writer<'_>) -> Result<T, Refusal> {
    let mut f = Some(f);
    move |writer| match f.take() {
        Some(f) => f(writer),
        None => Err(Refusal::Fault("a write ran twice".to_owned())),
    }
}

/// Ends a read, however it ends.
struct End<'c>(&'c Connection);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let ended = self
            .0
            .prepare_cached("COMMIT")
            .and_then(|mut commit| commit.raw_execute());
        if ended.is_err() && !self.0.is_autocommit() {
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

fn stopped() -> Refusal {
    Refusal::Fault("the writer has stopped".to_owned())
}

/// What no runtime keeps safely yet is refused at the start, never kept unsafely.
fn supported(app: &App) -> Result<(), OpenError> {
    for entity in app.entities {
        if entity.fields.len() > 128 {
            return Err(OpenError::Unsupported(format!(
                "{} with more than 128 fields",
                entity.name
            )));
        }
    }
    Ok(())
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let name = path.with_extension("lock");
    let fail = |error| OpenError::File(name.clone(), error);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(fail)?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(OpenError::InUse(path.to_owned()));
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(fail(error)),
        }
    }
}

/// The writer's connection.
pub(crate) fn connect(path: &Path, durability: Durability) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = if durability == Durability::Power {
        "FULL"
    } else {
        "NORMAL"
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KB)?;
    // No ANALYZE, here or elsewhere: a policy's index is right for the owner of few rows however many there are, and
    // statistics that say "most rows have no assignee" make the planner read the whole table instead.
    prepare(&connection)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

fn connect_reader(path: &Path, sealer: Option<&Sealer>) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KB)?;
    prepare(&connection)?;
    seal::register(&connection, sealer)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(1024);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    functions::register(connection)
}
