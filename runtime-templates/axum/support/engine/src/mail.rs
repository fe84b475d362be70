//! The outbox: messages are rows that are kept or lost with the operation that writes them.

use crate::reader::Reader;
use crate::refusal::Refusal;
use crate::scope::{Message, Scope};
use crate::writer::Writer;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// A message in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Its number.
    pub id: i64,
    /// Milliseconds.
    pub at: i64,
    /// The address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The rest.
    pub text: String,
    /// The page it is about, as a path of the app.
    pub path: Option<String>,
    /// How often it was tried to send it.
    pub tries: u32,
    /// What the mail server said last.
    pub problem: Option<String>,
}

const COLUMNS: &str = "id, at, address, subject, text, path, tries, problem";

fn read(row: &Row<'_>) -> rusqlite::Result<Mail> {
    Ok(Mail {
        id: row.get(0)?,
        at: row.get(1)?,
        to: row.get(2)?,
        subject: row.get(3)?,
        text: row.get(4)?,
        path: row.get(5)?,
        tries: row.get(6)?,
        problem: row.get(7)?,
    })
}

/// Leaves a message.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn send(
    w: &mut Writer<'_>,
    user: Option<i64>,
    address: &str,
    subject: &str,
    text: &str,
) -> Result<(), Refusal> {
    let now = w.now;
    write(w, now, user, address, subject, text, None)
}

/// The messages that have not gone out, the newest first.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn outbox(r: &Reader<'_>, most: usize) -> Result<Vec<Mail>, Refusal> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM mail WHERE sent IS NULL ORDER BY id DESC LIMIT ?1"
    ))?;
    let mails = statement.query_map([most], read)?;
    Ok(mails.collect::<Result<Vec<_>, _>>()?)
}

/// The messages that are to be sent now, those that have waited longest first.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn due(r: &Reader<'_>, most: usize) -> Result<Vec<Mail>, Refusal> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM mail WHERE sent IS NULL AND failed IS NULL AND due <= ?1 ORDER BY due, id LIMIT ?2"
    ))?;
    let mails = statement.query_map([r.now, most], read)?;
    Ok(mails.collect::<Result<Vec<_>, _>>()?)
}

/// How many messages wait, and how many were given up.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn counts(r: &Reader<'_>) -> Result<(i64, i64), Refusal> {
    let count = |sql: &str| -> Result<i64, Refusal> {
        Ok(r.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    };
    Ok((
        count("SELECT count(*) FROM mail WHERE sent IS NULL AND failed IS NULL")?,
        count("SELECT count(*) FROM mail WHERE sent IS NULL AND failed IS NOT NULL")?,
    ))
}

/// Notes that a message could not be sent, and when it is tried again (milliseconds from now).
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn put_off(w: &mut Writer<'_>, id: i64, wait: i64, problem: &str) -> Result<(), Refusal> {
    let due = w.now.saturating_add(wait);
    w.prepare_cached("UPDATE mail SET tries = tries + 1, due = ?2, problem = ?3 WHERE id = ?1")?
        .execute(params![id, due, problem])?;
    Ok(())
}

/// Gives a message up; it stays, with the reason.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn give_up(w: &mut Writer<'_>, id: i64, problem: &str) -> Result<(), Refusal> {
    let now = w.now;
    w.prepare_cached(
        "UPDATE mail SET tries = tries + 1, failed = ?2, problem = ?3 WHERE id = ?1 AND sent IS NULL",
    )?
    .execute(params![id, now, problem])?;
    Ok(())
}

/// Notes that a message went out.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn sent(w: &mut Writer<'_>, id: i64) -> Result<(), Refusal> {
    let now = w.now;
    w.prepare_cached("UPDATE mail SET sent = ?2, tries = tries + 1, problem = NULL WHERE id = ?1 AND sent IS NULL")?
        .execute([id, now])?;
    Ok(())
}

/// Leaves a message of an operation: up to its first line break it is the subject.
pub(crate) fn leave(scope: &Scope<'_>, message: &Message) -> Result<(), Refusal> {
    let address = match message.user {
        None => message.address.clone(),
        Some(user) => {
            let sql = "SELECT email FROM \"user\" WHERE id = ?1 AND NOT EXISTS \
                       (SELECT 1 FROM account WHERE user_id = ?1 AND deleted_at IS NOT NULL)";
            let found: Option<Option<String>> = scope
                .connection
                .prepare_cached(sql)?
                .query_row([user], |row| row.get(0))
                .optional()?;
            match found.flatten() {
                Some(address) if !address.is_empty() => address,
                _ => return Ok(()),
            }
        }
    };
    let (subject, rest) = message.text.split_once('\n').unwrap_or((&message.text, ""));
    write(
        scope.connection,
        scope.now,
        message.user,
        &address,
        subject,
        rest.trim(),
        message.path.as_deref(),
    )
}

fn write(
    connection: &Connection,
    now: i64,
    user: Option<i64>,
    address: &str,
    subject: &str,
    text: &str,
    path: Option<&str>,
) -> Result<(), Refusal> {
    // What stands in a header stays on one line.
    let one_line = |text: &str| {
        text.chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect::<String>()
    };
    connection
        .prepare_cached(
            "INSERT INTO mail (at, user_id, address, subject, text, path) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![now, user, one_line(address), one_line(subject).trim(), text, path])?;
    Ok(())
}
