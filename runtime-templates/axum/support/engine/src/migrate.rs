//! The app's own tables: migrations in order, each in a transaction, each once.

use crate::def::App;
use crate::store::OpenError;
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Applies what is new. Before the first change to a database that holds data a copy of it is written beside it.
pub(crate) fn run(connection: &Connection, app: &App, path: &Path) -> Result<(), OpenError> {
    let fail = |error| OpenError::Database(path.to_owned(), error);
    let applied = applied(connection).map_err(fail)?;
    for (name, digest) in &applied {
        match app.migrations.iter().find(|(known, _)| known == name) {
            None => return Err(OpenError::Newer(name.clone())),
            Some((_, sql)) if digest_of(sql) != *digest => {
                return Err(OpenError::Changed(name.clone()));
            }
            Some(_) => {}
        }
    }
    let new: Vec<(usize, &(&str, &str))> = app
        .migrations
        .iter()
        .enumerate()
        .filter(|(_, (name, _))| !applied.iter().any(|(known, _)| known == name))
        .collect();
    if let (Some((_, (first, _))), false) = (new.first(), applied.is_empty()) {
        keep_copy(connection, path, first)?;
    }
    for (position, (name, sql)) in new {
        apply(connection, position, name, sql)
            .map_err(|cause| OpenError::Migration((*name).to_owned(), cause))?;
    }
    Ok(())
}

fn applied(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement =
        connection.prepare("SELECT name, digest FROM migration ORDER BY position")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn keep_copy(connection: &Connection, path: &Path, name: &str) -> Result<(), OpenError> {
    let copy = path.with_file_name(format!("before-{}.db", name.trim_end_matches(".sql")));
    if copy.exists() {
        std::fs::remove_file(&copy).map_err(|error| OpenError::File(copy.clone(), error))?;
    }
    let text = copy.to_string_lossy().into_owned();
    connection
        .execute("VACUUM INTO ?1", [text])
        .map_err(|error| OpenError::Database(copy, error))?;
    Ok(())
}

fn apply(connection: &Connection, position: usize, name: &str, sql: &str) -> Result<(), String> {
    // Tables may be built anew under the eyes of references; they are looked at before the commit.
    connection
        .pragma_update(None, "foreign_keys", false)
        .map_err(|error| error.to_string())?;
    let result = in_transaction(connection, position, name, sql);
    if result.is_err() && !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    connection
        .pragma_update(None, "foreign_keys", true)
        .map_err(|error| error.to_string())?;
    result
}

fn in_transaction(
    connection: &Connection,
    position: usize,
    name: &str,
    sql: &str,
) -> Result<(), String> {
    let say = |error: rusqlite::Error| error.to_string();
    connection.execute_batch("BEGIN IMMEDIATE").map_err(say)?;
    connection.execute_batch(sql).map_err(say)?;
    if connection.is_autocommit() {
        return Err("it ends the transaction by itself".to_owned());
    }
    let loose: Option<String> = connection
        .query_row(
            "SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1",
            [],
            |row| row.get(0),
        )
        .ok();
    if let Some(table) = loose {
        return Err(format!("rows of {table} refer to rows that are not there"));
    }
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let at = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    connection
        .execute(
            "INSERT INTO migration (name, position, digest, at) VALUES (?1, ?2, ?3, ?4)",
            params![name, position, digest_of(sql), at],
        )
        .map_err(say)?;
    connection.execute_batch("COMMIT").map_err(say)
}

fn digest_of(sql: &str) -> String {
    Sha256::digest(sql.as_bytes())
        .iter()
        .fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}
