//! The tables that every app has beside its own.

use rusqlite::{Connection, Result};

const TABLES: &str = r#"
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS migration (
    name TEXT PRIMARY KEY, position INTEGER NOT NULL, digest TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS account (
    user_id INTEGER PRIMARY KEY REFERENCES "user" (id) ON DELETE CASCADE,
    password_hash TEXT, confirmed_at INTEGER, disabled_at INTEGER, password_changed INTEGER, deleted_at INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS user_role (
    user_id INTEGER NOT NULL REFERENCES "user" (id) ON DELETE CASCADE, role TEXT NOT NULL,
    PRIMARY KEY (user_id, role)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (
    id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE,
    user_id INTEGER NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    created INTEGER NOT NULL, expires INTEGER NOT NULL, peer TEXT, agent TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS session_user ON session (user_id);
CREATE INDEX IF NOT EXISTS session_expires ON session (expires);
CREATE TABLE IF NOT EXISTS token (
    id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE,
    user_id INTEGER REFERENCES "user" (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL, agent TEXT, data TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS token_user ON token (user_id);
CREATE INDEX IF NOT EXISTS token_expires ON token (expires);
CREATE TABLE IF NOT EXISTS throttle (
    key TEXT NOT NULL, window INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (key, window)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (series TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, user_id INTEGER, entity TEXT NOT NULL, row_id INTEGER NOT NULL,
    what TEXT NOT NULL, changes TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS audit_row ON audit (row_id, entity);
CREATE TABLE IF NOT EXISTS mail (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, user_id INTEGER, address TEXT NOT NULL,
    subject TEXT NOT NULL, text TEXT NOT NULL, path TEXT, sent INTEGER
) STRICT;
"#;

/// What came to `mail` later: how often it was tried, when it is tried again, what the mail server said last, and when
/// it was given up.
const MAIL: [(&str, &str); 4] = [
    ("tries", "INTEGER NOT NULL DEFAULT 0"),
    ("due", "INTEGER NOT NULL DEFAULT 0"),
    ("problem", "TEXT"),
    ("failed", "INTEGER"),
];

/// The last thing that is made.
const LAST: &str =
    "CREATE INDEX IF NOT EXISTS mail_due ON mail (due, id) WHERE sent IS NULL AND failed IS NULL;";

/// Creates what is not there.
pub(crate) fn prepare(connection: &Connection) -> Result<()> {
    let known: Option<i64> = connection
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'mail_due'",
            [],
            |row| row.get(0),
        )
        .ok();
    if known == Some(1) {
        return Ok(());
    }
    // References to a table that comes later are fine: nothing is written yet.
    connection.execute_batch(&format!("BEGIN IMMEDIATE; {TABLES}"))?;
    let made = later(connection);
    connection.execute_batch(if made.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    made
}

fn later(connection: &Connection) -> Result<()> {
    for (column, kind) in MAIL {
        let known: i64 = connection.query_row(
            "SELECT count(*) FROM pragma_table_info('mail') WHERE name = ?1",
            [column],
            |row| row.get(0),
        )?;
        if known == 0 {
            connection.execute_batch(&format!("ALTER TABLE mail ADD COLUMN {column} {kind}"))?;
        }
    }
    connection.execute_batch(LAST)
}
