//! Copies of the database.

use crate::def::App;
use crate::store::{Durability, Engine, OpenError, connect};
use crate::{migrate, seal, system};
use std::path::Path;

/// Writes a copy of the database to a file that does not exist yet, while the app runs or not.
///
/// # Errors
/// Where the file exists or can't be written.
pub fn backup(engine: &Engine, to: &Path) -> Result<(), OpenError> {
    if to.exists() {
        let error = std::io::Error::new(
            std::io::ErrorKind::AlreadyExists,
            "there is a file of this name already",
        );
        return Err(OpenError::File(to.to_owned(), error));
    }
    let fail = |error| OpenError::Database(to.to_owned(), error);
    let connection = connect(engine.path(), Durability::default()).map_err(fail)?;
    connection
        .execute("VACUUM INTO ?1", [to.to_string_lossy()])
        .map_err(fail)?;
    private(to)
}

/// Puts a copy in place of the database and brings it up to date. What was there stays beside it as
/// `before-restore.db`. No server may run.
///
/// # Errors
/// Where the copy is damaged, of a newer app, its secrets belong to another key, or a server runs.
pub fn restore(
    app: &'static App,
    from: &Path,
    database: &Path,
    secret_key: Option<&str>,
) -> Result<(), OpenError> {
    let lock_path = database.with_extension("lock");
    let lock = std::fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path);
    let lock = lock.map_err(|error| OpenError::File(lock_path, error))?;
    if lock.try_lock().is_err() {
        return Err(OpenError::InUse(database.to_owned()));
    }
    let file = |error| OpenError::File(from.to_owned(), error);
    let broken = |error| OpenError::Database(from.to_owned(), error);
    // Everything that can go wrong goes wrong on a copy.
    let trial = database.with_file_name("restoring.db");
    remove_with_log(&trial)?;
    std::fs::copy(from, &trial).map_err(file)?;
    private(&trial)?;
    {
        let connection = connect(&trial, Durability::default()).map_err(broken)?;
        let sound: String = connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(broken)?;
        if sound != "ok" {
            let error = std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                format!("the copy is damaged: {sound}"),
            );
            return Err(file(error));
        }
        system::prepare(&connection).map_err(broken)?;
        let sealer = seal::prepare(app, &connection, &trial, secret_key)?;
        seal::register(&connection, sealer.as_ref()).map_err(broken)?;
        migrate::run(&connection, app, &trial)?;
        connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(broken)?;
    }
    if database.exists() {
        let old = connect(database, Durability::default())
            .map_err(|error| OpenError::Database(database.to_owned(), error))?;
        let kept = database.with_file_name("before-restore.db");
        remove_with_log(&kept)?;
        old.execute("VACUUM INTO ?1", [kept.to_string_lossy()])
            .map_err(|error| OpenError::Database(kept, error))?;
        drop(old);
        remove_with_log(database)?;
    }
    std::fs::rename(&trial, database)
        .map_err(|error| OpenError::File(database.to_owned(), error))?;
    remove_with_log(&trial)
}

fn remove_with_log(path: &Path) -> Result<(), OpenError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(OpenError::File(name.into(), error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Nobody else on the machine reads it.
fn private(path: &Path) -> Result<(), OpenError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(path, mode)
            .map_err(|error| OpenError::File(path.to_owned(), error))?;
    }
    Ok(())
}
