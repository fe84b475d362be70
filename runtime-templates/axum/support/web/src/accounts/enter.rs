//! Signing up, logging in and out, and getting a bearer token.

use super::links::{self, Purpose};
use super::{DAY, EMAIL, TOKEN_DAYS, normal_email, password_errors, roles, user_by_email};
use crate::respond::invalid;
use crate::session::{self, Secret};
use crate::site::Site;
use crate::throttle;
use crate::visit::{Origin, Visit};
use engine::caller::Caller;
use engine::def::{App, Role};
use engine::refusal::{FieldError, Refusal};
use engine::sign::sign_up_roles;
use kernel::value::Value;
use rusqlite::{Connection, OptionalExtension, params};

/// What somebody who signs up says.
#[derive(Clone)]
pub struct SignUp {
    /// Their password.
    pub password: String,
    /// Fields of User, name and e-mail among them, decoded with [`engine::sign::sign_up_fields`] allowed.
    pub values: Vec<(usize, Value)>,
}

/// What came of signing up.
pub enum SignedUp {
    /// They are signed in.
    In(NewSession),
    /// They must follow the link in the mail first. Said also when the address had an account already.
    ConfirmationSent,
}

/// A session or token that was just made.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Whose.
    pub user: i64,
    /// What the client keeps.
    pub secret: Secret,
    /// Seconds it lives.
    pub max_age: i64,
    /// Milliseconds.
    pub expires: i64,
}

impl NewSession {
    /// The `Set-Cookie` value.
    #[must_use]
    pub fn cookie(&self, https: bool) -> String {
        session::cookie(&self.secret.text, self.max_age, https)
    }
}

/// What came of logging in.
pub enum LogIn {
    /// They are signed in.
    In(NewSession),
    /// No account has this address and password.
    Wrong,
    /// The password is right, the address not confirmed yet; a new mail is on its way.
    Unconfirmed,
}

/// Makes an account for whoever asks.
///
/// # Errors
/// 403 where signing up is closed, 422 with every field at once, 429.
pub async fn sign_up(site: &Site, origin: &Origin, wish: SignUp) -> Result<SignedUp, Refusal> {
    let app = site.app;
    if !app.accounts.sign_up {
        return Err(Refusal::Forbidden);
    }
    let email = text_of(&wish.values, EMAIL).map(|text| normal_email(&text));
    let weak = password_errors(app, &wish.password);
    let email = email.unwrap_or_default();
    let mut values = wish.values;
    set_email(&mut values, &email);
    site.throttle.take(
        "sign-up",
        &origin.peer.to_string(),
        throttle::SIGN_UP_ADDRESS,
    )?;
    let hashed = if weak.is_empty() {
        Some(site.hashing.hash(wish.password).await?)
    } else {
        None
    };
    let confirm = app.accounts.confirm_email;
    let site_link = site.clone();
    let origin = origin.clone();
    let (now, _) = site.engine.now();
    site.engine
        .write(Caller::SYSTEM, move |writer| {
            // The program makes the account; what it refers to is the newcomer's choice.
            writer.caller = engine::sign::newcomer(app);
            engine::operate::check_references(writer, 0, &values)?;
            writer.caller = Caller::SYSTEM;
            // Whoever has an account is told by mail alone, where addresses are confirmed: what else is wrong is said
            // whether the address is known or not.
            let known = user_by_email(writer, &email)?;
            let made = match known {
                Some(_) => would_create_user(writer, app, values).map(|()| None),
                None => create_user(writer, app, values, &sign_up_roles(app)).map(Some),
            };
            let user = match made {
                Err(Refusal::Invalid(mut errors)) => {
                    errors.retain(|error| !(error.field == "email" && error.rule == "unique"));
                    errors.extend(weak);
                    if !errors.is_empty() {
                        return Err(Refusal::Invalid(errors));
                    }
                    None
                }
                Ok(_) if !weak.is_empty() => return Err(Refusal::Invalid(weak)),
                made => made?,
            };
            let Some(user) = user else {
                return match known {
                    Some(known) if confirm => {
                        known_mail(writer, &site_link, known, &email)?;
                        Ok(SignedUp::ConfirmationSent)
                    }
                    _ => Err(taken()),
                };
            };
            let confirmed = if confirm { None } else { Some(now) };
            set_account(writer, user, hashed.as_deref(), confirmed)?;
            if confirm {
                let path = links::make(writer, user, Purpose::Confirm, now)?;
                links::mail(
                    writer,
                    user,
                    &email,
                    Purpose::Confirm,
                    app.name,
                    &site_link.link(&path),
                )?;
                return Ok(SignedUp::ConfirmationSent);
            }
            Ok(SignedUp::In(open_session(writer, app, user, &origin, now)?))
        })
        .await
}

/// Tells the owner of an account that somebody signed up with its address.
pub(crate) fn known_mail(
    writer: &mut engine::writer::Writer<'_>,
    site: &Site,
    user: i64,
    email: &str,
) -> Result<(), Refusal> {
    let name = site.app.name;
    let text = format!(
        "Somebody, probably you, signed up for {name} with this address, which has an account already.\n\n\
         Log in here, or ask for a new password:\n{}",
        site.link("/login")
    );
    engine::mail::send(
        writer,
        Some(user),
        email,
        &format!("Your account at {name}"),
        &text,
    )
}

pub(crate) fn taken() -> Refusal {
    invalid(
        "email",
        "unique",
        "There is an account with this address already.",
    )
}

pub(crate) fn text_of(values: &[(usize, Value)], position: usize) -> Option<String> {
    values
        .iter()
        .find(|(at, _)| *at == position)
        .and_then(|(_, value)| match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })
}

pub(crate) fn set_email(values: &mut Vec<(usize, Value)>, email: &str) {
    values.retain(|(at, _)| *at != EMAIL);
    values.push((EMAIL, Value::Text(email.to_owned())));
}

/// Looks whether such a user could be made. Nothing is.
fn would_create_user(
    writer: &mut engine::writer::Writer<'_>,
    app: &'static App,
    values: Vec<(usize, Value)>,
) -> Result<(), Refusal> {
    match app.entities.first().copied() {
        Some(entity) => engine::operate::would_create(writer, entity, values),
        None => Err(Refusal::Fault("the app has no users".to_owned())),
    }
}

/// Writes a user with roles; rules and hooks of User hold.
pub(crate) fn create_user(
    writer: &mut engine::writer::Writer<'_>,
    app: &'static App,
    values: Vec<(usize, Value)>,
    roles_given: &[&'static Role],
) -> Result<i64, Refusal> {
    let Some(entity) = app.entities.first().copied() else {
        return Err(Refusal::Fault("the app has no users".to_owned()));
    };
    let user = engine::operate::create(writer, entity, values)?;
    roles::add(writer, user, roles_given)?;
    Ok(user)
}

pub(crate) fn set_account(
    connection: &Connection,
    user: i64,
    password_hash: Option<&str>,
    confirmed: Option<i64>,
) -> Result<(), Refusal> {
    connection
        .prepare_cached(
            "INSERT INTO account (user_id, password_hash, confirmed_at) VALUES (?1, ?2, ?3) ON CONFLICT (user_id) DO \
             UPDATE SET password_hash = coalesce(excluded.password_hash, password_hash), \
             confirmed_at = coalesce(confirmed_at, excluded.confirmed_at)",
        )?
        .execute(params![user, password_hash, confirmed])?;
    Ok(())
}

/// Writes a new session.
pub(crate) fn open_session(
    connection: &Connection,
    app: &App,
    user: i64,
    origin: &Origin,
    now: i64,
) -> Result<NewSession, Refusal> {
    let secret = Secret::new()?;
    let life = app.accounts.session_days.max(1) * DAY;
    connection
        .prepare_cached("DELETE FROM session WHERE expires <= ?1")?
        .execute(params![now])?;
    connection
        .prepare_cached(
            "INSERT INTO session (hash, user_id, created, expires, peer, agent) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            secret.hash.as_slice(),
            user,
            now,
            now + life,
            origin.peer.to_string(),
            origin.agent
        ])?;
    Ok(NewSession {
        user,
        secret,
        max_age: life / 1000,
        expires: now + life,
    })
}

/// Who this address and password belong to.
async fn check(
    site: &Site,
    origin: &Origin,
    email: &str,
    password: String,
) -> Result<Checked, Refusal> {
    let account = normal_email(email);
    site.throttle.take(
        "login-address",
        &origin.peer.to_string(),
        throttle::LOGIN_ADDRESS,
    )?;
    site.throttle
        .take("login-account", &account, throttle::LOGIN_ACCOUNT)?;
    let found = site.engine.read(|reader| account_of(reader, &account))?;
    let (user, stored, confirmed) = match found {
        Some((user, stored, confirmed)) => (Some(user), stored, confirmed),
        None => (None, None, false),
    };
    let fits = site.hashing.verify(password, stored).await?;
    let Some(user) = user.filter(|_| fits) else {
        return Ok(Checked::Wrong);
    };
    site.throttle.forgive("login-account", &account);
    if site.app.accounts.confirm_email && !confirmed {
        super::recover::send_confirmation(site, user, account).await?;
        return Ok(Checked::Unconfirmed);
    }
    Ok(Checked::Fits(user))
}

enum Checked {
    Fits(i64),
    Wrong,
    Unconfirmed,
}

/// User, password hash, and whether the address is confirmed.
type Account = (i64, Option<String>, bool);

fn account_of(connection: &Connection, email: &str) -> Result<Option<Account>, Refusal> {
    let found = connection
        .prepare_cached(
            "SELECT u.id, a.password_hash, a.confirmed_at IS NOT NULL FROM \"user\" AS u \
             JOIN account AS a ON a.user_id = u.id WHERE u.email = ?1 COLLATE NOCASE AND a.disabled_at IS NULL AND a.deleted_at IS NULL ORDER BY u.id LIMIT 1",
        )?
        .query_row(params![email], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(found)
}

/// Opens a session; the one they came with ends.
///
/// # Errors
/// 429 after too many attempts.
pub async fn log_in(
    site: &Site,
    visit: &Visit,
    email: &str,
    password: String,
) -> Result<LogIn, Refusal> {
    let origin = visit.origin();
    let user = match check(site, &origin, email, password).await? {
        Checked::Fits(user) => user,
        Checked::Wrong => return Ok(LogIn::Wrong),
        Checked::Unconfirmed => return Ok(LogIn::Unconfirmed),
    };
    log_out(site, visit).await?;
    let app = site.app;
    let (now, _) = site.engine.now();
    let session = site
        .engine
        .write(Caller::SYSTEM, move |writer| {
            open_session(writer, app, user, &origin, now)
        })
        .await?;
    Ok(LogIn::In(session))
}

/// What came of asking for a bearer token.
///
/// # Errors
/// 429 after too many attempts.
pub async fn create_token(
    site: &Site,
    origin: &Origin,
    email: &str,
    password: String,
) -> Result<LogIn, Refusal> {
    let user = match check(site, origin, email, password).await? {
        Checked::Fits(user) => user,
        Checked::Wrong => return Ok(LogIn::Wrong),
        Checked::Unconfirmed => return Ok(LogIn::Unconfirmed),
    };
    let (now, _) = site.engine.now();
    let agent = origin.agent.clone();
    let token = site
        .engine
        .write(Caller::SYSTEM, move |writer| {
            open_token(writer, user, &agent, now)
        })
        .await?;
    Ok(LogIn::In(token))
}

/// Writes a new bearer token.
pub(crate) fn open_token(
    connection: &Connection,
    user: i64,
    agent: &str,
    now: i64,
) -> Result<NewSession, Refusal> {
    let secret = Secret::new()?;
    let life = TOKEN_DAYS * DAY;
    connection
        .prepare_cached("DELETE FROM token WHERE expires <= ?1")?
        .execute(params![now])?;
    connection
        .prepare_cached(
            "INSERT INTO token (hash, user_id, purpose, created, expires, agent) VALUES (?1, ?2, 'bearer', ?3, ?4, ?5)",
        )?
        .execute(params![secret.hash.as_slice(), user, now, now + life, agent])?;
    Ok(NewSession {
        user,
        secret,
        max_age: life / 1000,
        expires: now + life,
    })
}

/// Ends the session or token they came with.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub async fn log_out(site: &Site, visit: &Visit) -> Result<(), Refusal> {
    let Some(session) = visit.session.clone() else {
        return Ok(());
    };
    super::manage::end(site, session.user, session.id, session.via)
        .await
        .map(|_| ())
}

/// Puts errors of the password and of the other fields together.
#[must_use]
pub fn with_password_errors(
    app: &App,
    password: &str,
    mut errors: Vec<FieldError>,
) -> Vec<FieldError> {
    errors.extend(password_errors(app, password));
    errors
}
