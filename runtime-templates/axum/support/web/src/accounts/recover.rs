//! Passwords that change or are forgotten, and addresses that are confirmed.

use super::enter::{NewSession, open_session, set_account};
pub use super::links::Purpose;
use super::{links, normal_email, password_errors, user_by_email};
use crate::respond::invalid;
use crate::session;
use crate::site::Site;
use crate::throttle;
use crate::visit::{Origin, Visit};
use engine::caller::Caller;
use engine::refusal::{FieldError, Refusal};
use rusqlite::{Connection, OptionalExtension, params};

/// What a one-time link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkInfo {
    /// Whose.
    pub user: i64,
    /// What for.
    pub purpose: Purpose,
    /// Their address.
    pub email: String,
}

fn stored_hash(connection: &Connection, user: i64) -> Result<Option<String>, Refusal> {
    let found: Option<Option<String>> = connection
        .prepare_cached("SELECT password_hash FROM account WHERE user_id = ?1")?
        .query_row(params![user], |row| row.get(0))
        .optional()?;
    Ok(found.flatten())
}

/// Whether this is the signed-in user's password. Counted like a log-in.
///
/// # Errors
/// 401 for a visitor, 429 after too many attempts.
pub async fn verify_own(site: &Site, visit: &Visit, password: String) -> Result<bool, Refusal> {
    let user = visit.user()?;
    site.throttle
        .take("own-password", &user.to_string(), throttle::LOGIN_ACCOUNT)?;
    let stored = site.engine.read(|reader| stored_hash(reader, user))?;
    let fits = site.hashing.verify(password, stored).await?;
    if fits {
        site.throttle.forgive("own-password", &user.to_string());
    }
    Ok(fits)
}

/// Ends every session and token of a user.
pub(crate) fn end_all(connection: &Connection, user: i64) -> Result<(), Refusal> {
    connection
        .prepare_cached("DELETE FROM session WHERE user_id = ?1")?
        .execute(params![user])?;
    connection
        .prepare_cached("DELETE FROM token WHERE user_id = ?1")?
        .execute(params![user])?;
    Ok(())
}

/// Changes the signed-in user's password; every session and token ends, a new session begins.
///
/// # Errors
/// 401, 422 at `current` or `password`, 429.
pub async fn change_password(
    site: &Site,
    visit: &Visit,
    current: String,
    password: String,
) -> Result<NewSession, Refusal> {
    let user = visit.user()?;
    let mut errors = password_errors(site.app, &password);
    if !verify_own(site, visit, current).await? {
        errors.insert(
            0,
            FieldError {
                field: "current".into(),
                rule: "password",
                message: "This is not your password.".to_owned(),
            },
        );
    }
    if !errors.is_empty() {
        return Err(Refusal::Invalid(errors));
    }
    let hashed = site.hashing.hash(password).await?;
    let app = site.app;
    let origin = visit.origin();
    let (now, _) = site.engine.now();
    let session = site
        .engine
        .write(Caller::SYSTEM, move |writer| {
            set_account(writer, user, Some(&hashed), None)?;
            end_all(writer, user)?;
            open_session(writer, app, user, &origin, now)
        })
        .await?;
    site.sessions.forget_user(user);
    Ok(session)
}

/// Sends a link for a new password, if there is such an account. The answer never tells.
///
/// # Errors
/// 429 after too many requests.
pub async fn request_reset(site: &Site, origin: &Origin, email: &str) -> Result<(), Refusal> {
    let email = normal_email(email);
    site.throttle.take(
        "mail-address",
        &origin.peer.to_string(),
        throttle::MAIL_ADDRESS,
    )?;
    site.throttle
        .take("mail-account", &email, throttle::MAIL_ACCOUNT)?;
    send(site, email, Purpose::Reset).await
}

/// Sends the link that confirms an address once more, if there is such an account that needs it.
///
/// # Errors
/// 429 after too many requests.
pub async fn request_confirmation(
    site: &Site,
    origin: &Origin,
    email: &str,
) -> Result<(), Refusal> {
    let email = normal_email(email);
    site.throttle.take(
        "mail-address",
        &origin.peer.to_string(),
        throttle::MAIL_ADDRESS,
    )?;
    site.throttle
        .take("mail-account", &email, throttle::MAIL_ACCOUNT)?;
    send(site, email, Purpose::Confirm).await
}

/// After a log-in with the right password and an address that is not confirmed.
pub(crate) async fn send_confirmation(
    site: &Site,
    user: i64,
    email: String,
) -> Result<(), Refusal> {
    if site
        .throttle
        .take("mail-account", &email, throttle::MAIL_ACCOUNT)
        .is_err()
    {
        tracing::debug!(user, "no more confirmation mail for now");
        return Ok(());
    }
    send(site, email, Purpose::Confirm).await
}

async fn send(site: &Site, email: String, purpose: Purpose) -> Result<(), Refusal> {
    let (now, _) = site.engine.now();
    let for_link = site.clone();
    site.engine
        .write(Caller::SYSTEM, move |writer| {
            let Some(user) = user_by_email(writer, &email)? else {
                return Ok(());
            };
            let confirmed: Option<bool> = writer
                .prepare_cached("SELECT confirmed_at IS NOT NULL FROM account WHERE user_id = ?1 AND disabled_at IS NULL AND deleted_at IS NULL")?
                .query_row(params![user], |row| row.get(0))
                .optional()?;
            if confirmed.is_none() || (purpose == Purpose::Confirm && confirmed == Some(true)) {
                return Ok(());
            }
            let path = links::make(writer, user, purpose, now)?;
            links::mail(
                writer,
                user,
                &email,
                purpose,
                for_link.app.name,
                &for_link.link(&path),
            )
        })
        .await
}

fn find_link(connection: &Connection, token: &str, now: i64) -> Result<Option<LinkInfo>, Refusal> {
    let found: Option<(i64, String, Option<String>)> = connection
        .prepare_cached(
            "SELECT s.user_id, s.purpose, u.email FROM token AS s JOIN \"user\" AS u ON u.id = s.user_id \
             WHERE s.hash = ?1 AND s.expires > ?2",
        )?
        .query_row(params![session::hash(token).as_slice(), now], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    Ok(found.and_then(|(user, purpose, email)| {
        Some(LinkInfo {
            user,
            purpose: Purpose::from_name(&purpose)?,
            email: email.unwrap_or_default(),
        })
    }))
}

/// What a one-time link leads to, without using it up; none where it is used, expired or made up.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn peek(site: &Site, token: &str) -> Result<Option<LinkInfo>, Refusal> {
    let (now, _) = site.engine.now();
    site.engine.read(|reader| find_link(reader, token, now))
}

fn expired() -> Refusal {
    invalid(
        "token",
        "expired",
        "This link has been used or has expired. Ask for a new one.",
    )
}

/// Sets the password of whoever follows a reset link or an invitation, confirms their address, ends what was open and
/// begins a session.
///
/// # Errors
/// 422 at `token` or `password`.
pub async fn redeem(
    site: &Site,
    origin: &Origin,
    token: &str,
    password: String,
) -> Result<NewSession, Refusal> {
    let errors = password_errors(site.app, &password);
    if !errors.is_empty() {
        return Err(Refusal::Invalid(errors));
    }
    site.throttle.take(
        "login-address",
        &origin.peer.to_string(),
        throttle::LOGIN_ADDRESS,
    )?;
    if !peek(site, token)?.is_some_and(|link| link.purpose != Purpose::Confirm) {
        return Err(expired());
    }
    let hashed = site.hashing.hash(password).await?;
    let app = site.app;
    let origin = origin.clone();
    let token = token.to_owned();
    let (now, _) = site.engine.now();
    let session = site
        .engine
        .write(Caller::SYSTEM, move |writer| {
            let link =
                find_link(writer, &token, now)?.filter(|link| link.purpose != Purpose::Confirm);
            let link = link.ok_or_else(expired)?;
            set_account(writer, link.user, Some(&hashed), Some(now))?;
            end_all(writer, link.user)?;
            open_session(writer, app, link.user, &origin, now)
        })
        .await?;
    site.sessions.forget_user(session.user);
    Ok(session)
}

/// Confirms an address.
///
/// # Errors
/// 422 at `token`.
pub async fn confirm_email(site: &Site, token: &str) -> Result<LinkInfo, Refusal> {
    let token = token.to_owned();
    let (now, _) = site.engine.now();
    site.engine
        .write(Caller::SYSTEM, move |writer| {
            let link =
                find_link(writer, &token, now)?.filter(|link| link.purpose == Purpose::Confirm);
            let link = link.ok_or_else(expired)?;
            set_account(writer, link.user, None, Some(now))?;
            writer
                .prepare_cached("DELETE FROM token WHERE user_id = ?1 AND purpose = 'confirm'")?
                .execute(params![link.user])?;
            Ok(link)
        })
        .await
}
