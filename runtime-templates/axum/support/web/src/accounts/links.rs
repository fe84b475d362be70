//! Mail with one-time links, and the tokens behind them. Only the hash of a token is stored.

use super::HOUR;
use crate::session::Secret;
use engine::refusal::Refusal;
use engine::writer::Writer;
use rusqlite::{Connection, params};

/// What a one-time link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A new password in place of a forgotten one.
    Reset,
    /// The address is theirs.
    Confirm,
    /// The first password of somebody who was invited.
    Invite,
}

impl Purpose {
    /// As stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Purpose::Reset => "reset",
            Purpose::Confirm => "confirm",
            Purpose::Invite => "invite",
        }
    }

    /// From what is stored.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Purpose> {
        [Purpose::Reset, Purpose::Confirm, Purpose::Invite]
            .into_iter()
            .find(|purpose| purpose.name() == name)
    }

    const fn hours(self) -> i64 {
        match self {
            Purpose::Reset => super::RESET_HOURS,
            Purpose::Confirm => super::CONFIRM_HOURS,
            Purpose::Invite => super::INVITE_HOURS,
        }
    }
}

/// Makes a token in place of older ones for the same purpose and gives the path of its link, `/link/TOKEN`.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn make(
    connection: &Connection,
    user: i64,
    purpose: Purpose,
    now: i64,
) -> Result<String, Refusal> {
    let secret = Secret::new()?;
    connection
        .prepare_cached("DELETE FROM token WHERE user_id = ?1 AND purpose = ?2")?
        .execute(params![user, purpose.name()])?;
    connection
        .prepare_cached("INSERT INTO token (hash, user_id, purpose, created, expires) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![secret.hash.as_slice(), user, purpose.name(), now, now + purpose.hours() * HOUR])?;
    Ok(format!("/link/{}", secret.text))
}

/// The mail that goes with a link.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn mail(
    writer: &mut Writer<'_>,
    user: i64,
    address: &str,
    purpose: Purpose,
    app: &str,
    link: &str,
) -> Result<(), Refusal> {
    let (subject, text) = match purpose {
        Purpose::Reset => (
            format!("Choose a new password for {app}"),
            format!(
                "Somebody, probably you, asked for a new password for {app}.\n\nChoose it here within an hour:\n{link}\n\n\
                 If it was not you, do nothing."
            ),
        ),
        Purpose::Confirm => (
            format!("Confirm your e-mail address for {app}"),
            format!(
                "Welcome to {app}.\n\nConfirm that this address is yours:\n{link}\n\nIf you did not sign up, do nothing."
            ),
        ),
        Purpose::Invite => (
            format!("You are invited to {app}"),
            format!(
                "You have been invited to {app}.\n\nChoose a password within seven days:\n{link}"
            ),
        ),
    };
    engine::mail::send(writer, Some(user), address, &subject, &text)
}
