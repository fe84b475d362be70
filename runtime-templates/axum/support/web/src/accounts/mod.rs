//! Accounts: who people are and how they prove it. Plain functions that know no request; the JSON addresses and the
//! pages call them.

pub mod enter;
pub mod invite;
pub mod links;
pub mod manage;
pub(crate) mod operate;
pub mod password;
pub mod recover;
pub mod roles;

pub use enter::{LogIn, NewSession, SignUp, SignedUp, create_token, log_in, log_out, sign_up};
pub use invite::{Invitation, add_user, invite, may_invite};
pub use manage::{
    SessionInfo, TokenInfo, delete_account, list_sessions, list_tokens, revoke_other_sessions,
    revoke_session, revoke_token,
};
pub use recover::{
    LinkInfo, Purpose, change_password, confirm_email, peek, redeem, request_confirmation,
    request_reset,
};
pub use roles::{given, may_give_roles, set_roles};

use engine::refusal::{FieldError, Refusal};
use rusqlite::{Connection, OptionalExtension, params};

pub use engine::sign::{EMAIL, NAME, normal_email, sign_up_fields};

/// Hours a link to reset a password works.
pub const RESET_HOURS: i64 = 1;
/// Hours a link to confirm an address works.
pub const CONFIRM_HOURS: i64 = 72;
/// Hours an invitation works.
pub const INVITE_HOURS: i64 = 7 * 24;
/// Days a bearer token works.
pub const TOKEN_DAYS: i64 = 90;

pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;

/// The user with this address.
pub(crate) fn user_by_email(connection: &Connection, email: &str) -> Result<Option<i64>, Refusal> {
    let id = connection
        .prepare_cached(
            "SELECT id FROM \"user\" WHERE email = ?1 COLLATE NOCASE ORDER BY id LIMIT 1",
        )?
        .query_row(params![normal_email(email)], |row| row.get(0))
        .optional()?;
    Ok(id)
}

/// Errors of a password that is to be set.
pub(crate) fn password_errors(app: &engine::def::App, password: &str) -> Vec<FieldError> {
    engine::sign::password_errors(app, "password", password)
}

/// Makes what log-ins need in a store that was just opened: the address is looked up without regard to letter case.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn prepare(engine: &engine::Engine) -> Result<(), Refusal> {
    engine.blocking_write(engine::caller::Caller::SYSTEM, |writer| {
        writer.execute_batch(
            "CREATE INDEX IF NOT EXISTS user_email_nocase ON \"user\" (email COLLATE NOCASE)",
        )?;
        Ok(())
    })
}
