//! One build of a program at a time: an advisory lock that the system frees when the process ends, however it ends.

use crate::error::BuildError;
use crate::folder::Folder;
use fs4::FileExt;
use std::fs::File;

/// Held for the length of a build.
#[derive(Debug)]
pub struct BuildLock {
    _file: File,
}

/// Takes the lock; `waiting` is called once where another build holds it.
///
/// # Errors
/// Where the state folder can't be made or locked.
pub fn take(folder: &Folder, waiting: impl FnOnce()) -> Result<BuildLock, BuildError> {
    let state = folder.state();
    std::fs::create_dir_all(&state).map_err(BuildError::io("create", &state))?;
    let ignore = state.join(".gitignore");
    if !ignore.exists() {
        std::fs::write(&ignore, "*\n").map_err(BuildError::io("write", &ignore))?;
    }
    let path = state.join("build.lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(BuildError::io("open", &path))?;
    match FileExt::try_lock(&file) {
        Ok(()) => {}
        Err(_) => {
            waiting();
            FileExt::lock(&file).map_err(BuildError::io("lock", &path))?;
        }
    }
    Ok(BuildLock { _file: file })
}
