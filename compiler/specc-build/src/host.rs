//! An app that is judged, as the one who runs it has it: on a socket that stays open, with a data folder of its own that
//! may not grow without end, killed and started as often as it is wanted.

use crate::app::{Running, listen, start_with};
use crate::error::BuildError;
use crate::sandbox::Sandbox;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// An app that keeps more than this is ended, in bytes.
pub const MOST_KEPT: u64 = 512 << 20;
/// How often its folder is looked at.
const LOOKS: Duration = Duration::from_millis(100);
/// How long an app may take to end when it is asked to.
pub const STOP_LIMIT: Duration = Duration::from_secs(10);

/// Runs an app. Dropping it ends the app and takes its data away.
#[derive(Debug)]
pub struct Host {
    binary: PathBuf,
    listener: TcpListener,
    data: tempfile::TempDir,
    sandbox: Option<Sandbox>,
    variables: Vec<(String, String)>,
    running: Mutex<Option<Running>>,
    watch: Arc<Watch>,
}

/// What the thread that looks at the folder knows.
#[derive(Debug, Default)]
struct Watch {
    /// The process; 0 while there is none.
    process: AtomicU32,
    full: AtomicBool,
    over: AtomicBool,
}

impl Host {
    /// Opens a socket for an app and makes a folder for its data in `state`; nothing is started yet.
    ///
    /// # Errors
    /// Where there is no port, or no folder can be made.
    pub fn new(
        binary: &Path,
        state: &Path,
        sandbox: Option<Sandbox>,
        variables: &[(&str, &str)],
    ) -> Result<Host, BuildError> {
        let data = tempfile::Builder::new()
            .prefix("verification-")
            .tempdir_in(state)
            .map_err(BuildError::io("create a folder in", state))?;
        let watch = Arc::new(Watch::default());
        let (folder, looks) = (data.path().to_path_buf(), Arc::clone(&watch));
        std::thread::spawn(move || watch_folder(&folder, &looks));
        Ok(Host {
            binary: binary.to_path_buf(),
            listener: listen(Some(0))?,
            data,
            sandbox,
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            running: Mutex::new(None),
            watch,
        })
    }

    /// `http://127.0.0.1:PORT`, the same however often the app is started.
    ///
    /// # Errors
    /// Where the socket does not know its address.
    pub fn address(&self) -> Result<String, BuildError> {
        let address = self.listener.local_addr().map_err(BuildError::io(
            "read the address of",
            "the listening socket",
        ))?;
        Ok(format!("http://{address}"))
    }

    /// Starts it where it does not run: on the data it left, or on an `empty` folder.
    ///
    /// # Errors
    /// [`BuildError::Start`] where it ends or does not answer in time.
    pub fn start(&self, empty: bool) -> Result<(), BuildError> {
        let mut running = self.running();
        self.end(&mut running);
        if empty {
            clear(self.data.path())?;
        }
        let variables: Vec<(&str, &str)> = self
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let started = start_with(
            &self.binary,
            &self.listener,
            self.data.path(),
            self.sandbox.as_ref(),
            &variables,
        )?;
        self.watch.full.store(false, Ordering::Relaxed);
        self.watch.process.store(started.id(), Ordering::Relaxed);
        *running = Some(started);
        Ok(())
    }

    /// Ends it at once, whatever it is doing.
    pub fn kill(&self) {
        self.end(&mut self.running());
    }

    /// Asks it to end; how long that took.
    ///
    /// # Errors
    /// In words, where it does not end within [`STOP_LIMIT`] or ends with an error; it is gone then as well.
    pub fn stop(&self) -> Result<Duration, String> {
        let mut held = self.running();
        self.watch.process.store(0, Ordering::Relaxed);
        let Some(mut running) = held.take() else {
            return Err("it did not run any more".to_owned());
        };
        if running.ended() {
            return Err("it had ended before".to_owned());
        }
        let begun = Instant::now();
        running.stop();
        let took = begun.elapsed();
        self.hang_up();
        match running.status() {
            Some(status) if status.success() => Ok(took),
            Some(status) if status.signal() == Some(9) => Err(format!(
                "it did not end within {} s and was killed",
                STOP_LIMIT.as_secs()
            )),
            Some(status) => Err(format!("it ended with {status}")),
            None => Err("it could not be ended".to_owned()),
        }
    }

    /// How it ended by itself, with its last words, if it is gone within `wait`; `None` while it runs.
    pub fn ended(&self, wait: Duration) -> Option<String> {
        let end = Instant::now() + wait;
        let mut held = self.running();
        let running = held.as_mut()?;
        while !running.ended() {
            if Instant::now() > end {
                return None;
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        self.watch.process.store(0, Ordering::Relaxed);
        if self.watch.full.load(Ordering::Relaxed) {
            return Some(format!(
                "it was ended, for it kept more than {} MiB",
                MOST_KEPT >> 20
            ));
        }
        let status = running.status().map(|status| status.to_string());
        let words = running.last_words();
        Some(
            format!("{} {words}", status.unwrap_or_default())
                .trim()
                .to_owned(),
        )
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, held: &mut Option<Running>) {
        self.watch.process.store(0, Ordering::Relaxed);
        if let Some(mut running) = held.take() {
            running.kill();
        }
        self.hang_up();
    }

    /// Whoever waited for the app that is gone is not to be answered by the next one.
    fn hang_up(&self) {
        if self.listener.set_nonblocking(true).is_ok() {
            while self.listener.accept().is_ok() {}
        }
        let _ = self.listener.set_nonblocking(false);
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.watch.over.store(true, Ordering::Relaxed);
        self.watch.process.store(0, Ordering::Relaxed);
        self.running().take();
    }
}

/// Nothing is in the folder any more; the folder itself stays.
fn clear(folder: &Path) -> Result<(), BuildError> {
    let entries = std::fs::read_dir(folder).map_err(BuildError::io("read", folder))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.map_err(BuildError::io("remove", &path))?;
    }
    Ok(())
}

/// Ends a process that keeps too much.
fn watch_folder(folder: &Path, watch: &Watch) {
    while !watch.over.load(Ordering::Relaxed) {
        std::thread::park_timeout(LOOKS);
        if size_of(folder) <= MOST_KEPT {
            continue;
        }
        let process = watch.process.swap(0, Ordering::Relaxed);
        if let Ok(process @ 1..) = i32::try_from(process) {
            watch.full.store(true, Ordering::Relaxed);
            let process = nix::unistd::Pid::from_raw(process);
            let _ = nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGKILL);
        }
    }
}

/// The bytes that the files of a folder take on the disk.
pub(crate) fn size_of(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let mut size = 0;
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(found) if found.is_dir() => open.push(entry.path()),
                Ok(found) => size += found.blocks() * 512,
                Err(_) => {}
            }
        }
    }
    size
}
