//! The outbox: messages are rows that are kept or lost with the operation that writes them.

use crate::reader::Reader;
use crate::refusal::Refusal;
use crate::scope::{Message, Scope};
use crate::writer::Writer;
use rusqlite::{Connection, OptionalExtension, params};

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
    let mut statement = r.prepare_cached(
        "SELECT id, at, address, subject, text, path FROM mail WHERE sent IS NULL ORDER BY id DESC LIMIT ?1",
    )?;
    let mails = statement.query_map([most], |row| {
        Ok(Mail {
            id: row.get(0)?,
            at: row.get(1)?,
            to: row.get(2)?,
            subject: row.get(3)?,
            text: row.get(4)?,
            path: row.get(5)?,
        })
    })?;
    Ok(mails.collect::<Result<Vec<_>, _>>()?)
}

/// Notes that a message went out.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn sent(w: &mut Writer<'_>, id: i64) -> Result<(), Refusal> {
    let now = w.now;
    w.prepare_cached("UPDATE mail SET sent = ?2 WHERE id = ?1")?
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
