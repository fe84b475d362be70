//! Waits for edits of a program's spec.

use crate::error::BuildError;
use crate::folder::Folder;
use notify::{EventKind, RecursiveMode, Watcher};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How long the disk must be quiet before an edit counts as finished: editors write in several steps.
const QUIET: Duration = Duration::from_millis(40);

/// Watches a spec folder.
#[derive(Debug)]
pub struct Watch {
    _watcher: notify::RecommendedWatcher,
    edits: Receiver<()>,
}

/// Begins to watch.
///
/// # Errors
/// Where the system refuses to watch the folder.
pub fn start(folder: &Folder) -> Result<Watch, BuildError> {
    let (sender, edits) = channel();
    let failed = |error: notify::Error| {
        BuildError::io("watch", folder.spec())(std::io::Error::other(error.to_string()))
    };
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let looked_at_only =
            matches!(&event, Ok(event) if matches!(event.kind, EventKind::Access(_)));
        if !looked_at_only {
            let _ = sender.send(());
        }
    })
    .map_err(failed)?;
    watcher
        .watch(&folder.spec(), RecursiveMode::Recursive)
        .map_err(failed)?;
    Ok(Watch {
        _watcher: watcher,
        edits,
    })
}

impl Watch {
    /// Waits for an edit, at most this long; true where there was one and the disk is quiet again.
    #[must_use]
    pub fn edited(&self, at_most: Duration) -> bool {
        match self.edits.recv_timeout(at_most) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::park_timeout(at_most);
                return false;
            }
        }
        while self.edits.recv_timeout(QUIET).is_ok() {}
        true
    }
}
