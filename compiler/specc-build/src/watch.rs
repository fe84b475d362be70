//! Waits for edits of a program's spec.

use crate::error::BuildError;
use crate::folder::Folder;
use notify::{EventKind, RecursiveMode, Watcher};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long the disk must be quiet before an edit counts as finished: editors write in several steps.
const QUIET: Duration = Duration::from_millis(40);
/// How long a file that became empty may be waited for: many editors empty a file before they write it.
const HALF_SAVED: Duration = Duration::from_secs(2);

/// Watches a spec folder.
#[derive(Debug)]
pub struct Watch {
    _watcher: notify::RecommendedWatcher,
    edits: Receiver<()>,
    spec: PathBuf,
    /// The files that had nothing in them when an edit was last told of.
    empty: RefCell<BTreeSet<PathBuf>>,
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
        empty: RefCell::new(empty_files(&folder.spec())),
        spec: folder.spec(),
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
        let deadline = Instant::now() + HALF_SAVED;
        loop {
            while self.edits.recv_timeout(QUIET).is_ok() {}
            let empty = empty_files(&self.spec);
            if Instant::now() >= deadline || empty.is_subset(&self.empty.borrow()) {
                self.empty.replace(empty);
                return true;
            }
        }
    }
}

/// The spec's files that have nothing in them.
fn empty_files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.metadata() {
            Ok(there) if there.is_dir() => found.extend(empty_files(&path)),
            Ok(there) if there.len() == 0 && path.extension().is_some_and(|name| name == "md") => {
                found.insert(path);
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_emptied_before_it_is_written_is_waited_for() {
        let work = tempfile::tempdir().unwrap();
        let spec = work.path().join("spec");
        std::fs::create_dir(&spec).unwrap();
        std::fs::write(spec.join("app.md"), "# One\n").unwrap();
        let watch = start(&Folder::at(work.path())).unwrap();
        std::fs::write(spec.join("app.md"), "").unwrap();
        let path = spec.join("app.md");
        let writer = std::thread::spawn(move || {
            std::thread::park_timeout(QUIET * 5);
            std::fs::write(path, "# Two\n").unwrap();
        });
        assert!(watch.edited(Duration::from_secs(5)));
        assert_eq!(
            std::fs::read_to_string(spec.join("app.md")).unwrap(),
            "# Two\n"
        );
        writer.join().unwrap();
        // What stays empty is an edit as well, and nothing waits for it again.
        std::fs::write(spec.join("app.md"), "").unwrap();
        assert!(watch.edited(Duration::from_secs(5)));
        std::fs::write(spec.join("more.md"), "# More\n").unwrap();
        let start = Instant::now();
        assert!(watch.edited(Duration::from_secs(5)));
        assert!(start.elapsed() < HALF_SAVED);
    }
}
