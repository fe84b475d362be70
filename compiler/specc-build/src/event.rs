//! What happens during a build, for whoever shows it.

use std::time::Duration;

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// Another build of the same program is running; this one waits.
    WaitingForLock,
    /// The spec was read and checked.
    Checked {
        /// Files.
        files: usize,
        /// Entities.
        entities: usize,
        /// How long it took.
        took: Duration,
    },
    /// App files were written.
    Written {
        /// Written anew.
        written: usize,
        /// Left as they were.
        unchanged: usize,
        /// Removed.
        removed: usize,
        /// How long rendering and writing took.
        took: Duration,
    },
    /// A new migration was added.
    Migration {
        /// Its file.
        name: String,
        /// What it does, a line each.
        changes: Vec<String>,
    },
    /// Cargo starts; `first` where nothing is compiled yet.
    Compiling {
        /// The first build on this machine: it takes minutes.
        first: bool,
    },
    /// Cargo has finished a crate.
    Compiled {
        /// Its name.
        package: String,
        /// How many so far.
        done: usize,
    },
    /// The binary is there.
    Built {
        /// How long cargo took.
        took: Duration,
    },
    /// Nothing had changed.
    UpToDate,
}
