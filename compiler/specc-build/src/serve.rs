//! `specc run`: the app served on one socket, swapped as the spec is edited, never left without an answer.

use crate::Event;
use crate::app::{self, Running};
use crate::error::BuildError;
use crate::folder::Folder;
use crate::pipeline::{Built, Options, Stop, build};
use crate::watch;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The password of all users in the example data that `specc run` writes.
pub const DEMO_PASSWORD: &str = "demo-password";

/// How to serve.
#[derive(Debug, Clone, Default)]
pub struct ServeOptions {
    /// The port asked for.
    pub port: Option<u16>,
    /// The data folder asked for.
    pub data: Option<PathBuf>,
    /// Write example data into a new database.
    pub seed: bool,
    /// Rebuild on edits.
    pub watch: bool,
}

/// What the one who shows it is told.
#[derive(Debug)]
pub enum Notice {
    /// A build event.
    Build(Event),
    /// The app answers at this address for the first time.
    Listening {
        /// Where.
        address: String,
        /// Example data was written just now.
        seeded: bool,
        /// The program, for its warnings and demo log-ins.
        built: Box<Built>,
    },
    /// An edit was built and is being served.
    Swapped {
        /// From the edit to the first answer.
        took: Duration,
        /// The program, for its warnings.
        built: Box<Built>,
    },
    /// An edit changed nothing that is served.
    Unchanged,
    /// An edit can't be served; the app of before goes on.
    Kept(Stop),
    /// The app ended by itself and was started again.
    Restarted {
        /// What it said last.
        message: String,
    },
}

/// Serves until `stop` is set.
///
/// # Errors
/// Where the first build or the first start fails, or the app keeps ending by itself.
pub fn serve(
    folder: &Folder,
    options: &ServeOptions,
    stop: &AtomicBool,
    notice: &mut dyn FnMut(Notice),
) -> Result<(), Stop> {
    let listener = app::listen(options.port)?;
    let watch = if options.watch {
        Some(watch::start(folder)?)
    } else {
        None
    };
    let built = build(folder, Options::default(), &mut |event| {
        notice(Notice::Build(event))
    })?;
    let data = app::data_directory(options.data.as_deref(), &folder.state());
    let mut binary = binary_of(&built)?;
    let seeded = prepare(&binary, &data, options.seed)?;
    let mut running = app::start(&binary, &listener, &data)?;
    let address = listener.local_addr().map_err(BuildError::io(
        "read the address of",
        "the listening socket",
    ))?;
    notice(Notice::Listening {
        address: format!("http://{address}"),
        seeded,
        built: Box::new(built),
    });
    let mut restarts = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let edited = match &watch {
            Some(watch) => watch.edited(Duration::from_millis(100)),
            None => {
                std::thread::park_timeout(Duration::from_millis(100));
                false
            }
        };
        if edited {
            let start = Instant::now();
            match build(folder, Options::default(), &mut |event| {
                notice(Notice::Build(event))
            }) {
                Ok(built) if built.changed => {
                    match swap(&built, &binary, &mut running, &listener, &data) {
                        Ok(new) => {
                            binary = new;
                            notice(Notice::Swapped {
                                took: start.elapsed(),
                                built: Box::new(built),
                            });
                        }
                        Err(error) => notice(Notice::Kept(Stop::Failed(error))),
                    }
                }
                Ok(_) => notice(Notice::Unchanged),
                Err(stopped) => notice(Notice::Kept(stopped)),
            }
        } else if running.ended() {
            let message = running.last_words();
            restarts.retain(|at: &Instant| at.elapsed() < Duration::from_secs(60));
            if restarts.len() >= 3 {
                return Err(Stop::Failed(BuildError::Start { message }));
            }
            restarts.push(Instant::now());
            running = app::start(&binary, &listener, &data)?;
            notice(Notice::Restarted { message });
        }
    }
    running.stop();
    Ok(())
}

fn binary_of(built: &Built) -> Result<PathBuf, BuildError> {
    built.binary.clone().ok_or_else(|| BuildError::Cargo {
        message: "it reported no binary".to_owned(),
    })
}

/// Brings the data to the app's schema, and writes example data where the database is new.
fn prepare(binary: &Path, data: &Path, seed: bool) -> Result<bool, BuildError> {
    let new = !data.join("app.db").exists();
    let folder = data.to_string_lossy();
    app::command(binary, &["migrate", "--data", &folder])?;
    if new && seed {
        app::command(
            binary,
            &["seed", "--data", &folder, "--password", DEMO_PASSWORD],
        )?;
    }
    Ok(new && seed)
}

/// Stops the old app and starts the new one on the same socket; where the new one does not start, the old one goes on.
fn swap(
    built: &Built,
    old: &Path,
    running: &mut Running,
    listener: &TcpListener,
    data: &Path,
) -> Result<PathBuf, BuildError> {
    let new = binary_of(built)?;
    running.stop();
    let started = prepare(&new, data, false).and_then(|_| app::start(&new, listener, data));
    match started {
        Ok(started) => {
            *running = started;
            Ok(new)
        }
        Err(error) => {
            *running = app::start(old, listener, data)?;
            Err(error)
        }
    }
}
