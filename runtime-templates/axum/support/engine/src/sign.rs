//! Signing up and signing in by an effect. Passwords take long to work on, so that is never done inside the
//! transaction: an operation that needs it ends with [`Refusal::Pending`], leaves nothing behind, and is run again
//! with the answer.

use crate::change::{self, Door};
use crate::def::{App, FieldDefault, Fields, Role};
use crate::plan::bit;
use crate::refusal::{FieldError, Refusal};
use crate::scope::Scope;
use crate::{Caller, check};
use kernel::kind::Kind;
use kernel::value::Value;
use rusqlite::{OptionalExtension, params};
use std::fmt;

/// The position of User's name.
pub const NAME: usize = 0;
/// The position of User's e-mail address.
pub const EMAIL: usize = 1;
/// Longest password, in bytes.
pub const LONGEST_PASSWORD: usize = 1024;

/// Work on a password that somebody has to do outside the transaction.
#[derive(Clone, PartialEq, Eq)]
pub enum Ask {
    /// What to store of this password.
    Hash(String),
    /// Whether the password fits what is stored; nothing is stored for an account that does not exist.
    Verify {
        /// Whose, as it is compared.
        email: String,
        /// What was said.
        password: String,
        /// What is stored.
        stored: Option<String>,
    },
}

impl fmt::Debug for Ask {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Ask::Hash(_) => "Hash",
            Ask::Verify { .. } => "Verify",
        })
    }
}

/// What came of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Reply {
    /// To be stored.
    Hash(String),
    /// It fits.
    Fits(bool),
}

/// What an operation knows of passwords, and what it did to accounts.
#[derive(Default)]
pub struct Sign {
    /// Work that was done so far.
    pub known: Vec<(Ask, Reply)>,
    /// Who is signed in once the operation is kept.
    pub signed_in: Option<i64>,
    /// Who was signed up.
    pub newcomers: Vec<i64>,
    /// An address with which somebody was to be signed up had this account already.
    pub taken: Option<(i64, String)>,
    /// Somebody had the right password, and an address that is not confirmed.
    pub unconfirmed: Option<(i64, String)>,
    /// What the operation answers, where it says so.
    pub result: Option<Value>,
}

impl Sign {
    fn reply(&self, ask: Ask) -> Result<&Reply, Refusal> {
        match self.known.iter().find(|(known, _)| *known == ask) {
            Some((_, reply)) => Ok(reply),
            None => Err(Refusal::Pending(ask)),
        }
    }
}

/// The inputs that hold what an effect was given, so that an error stands at its field; empty where it is no input.
#[derive(Debug, Clone, Copy, Default)]
pub struct At {
    /// The address.
    pub email: &'static str,
    /// The name.
    pub name: &'static str,
    /// The password.
    pub password: &'static str,
}

/// Addresses are compared without regard to letter case, and however their letters are put together.
#[must_use]
pub fn normal_email(text: &str) -> String {
    kernel::read::composed(&text.trim().to_lowercase())
}

/// A password as it is measured, hashed and compared, by whichever door it comes: `ü` is one letter, whether a keyboard
/// sends it as one character or as two.
#[must_use]
pub fn normal_password(text: &str) -> String {
    kernel::read::composed(text)
}

/// The position of the role whose holders invite people and give roles: the first one that is given by hand, that
/// nobody signs up for and that no other role includes.
#[must_use]
pub fn administrator(app: &App) -> Option<usize> {
    app.roles.iter().enumerate().position(|(index, role)| {
        let included = app
            .roles
            .iter()
            .enumerate()
            .any(|(other, held)| other != index && held.includes & (1 << index) != 0);
        !role.sign_up && role.when.is_empty() && !included
    })
}

/// The caller may invite people and give roles.
#[must_use]
pub fn administers(app: &App, caller: &Caller) -> bool {
    let held = |index: usize| caller.user.is_some() && caller.roles & (1 << index) != 0;
    caller.system || administrator(app).is_some_and(held)
}

/// The roles that newcomers are given.
#[must_use]
pub fn sign_up_roles(app: &'static App) -> Vec<&'static Role> {
    app.roles
        .iter()
        .filter(|role| role.sign_up && role.when.is_empty())
        .collect()
}

/// Somebody who is about to sign up, with the roles they will hold.
#[must_use]
pub fn newcomer(app: &App) -> Caller {
    let signs_up = app.roles.iter().filter(|role| role.sign_up);
    Caller {
        user: Some(0),
        roles: signs_up.fold(0, |bits, role| bits | role.includes),
        system: false,
    }
}

/// The fields of User that somebody may give when they sign up: name, e-mail, what visitors and new users may create,
/// and what can't be left out.
#[must_use]
pub fn sign_up_fields(app: &App) -> Fields {
    let Some(user) = app.entities.first() else {
        return 0;
    };
    let newcomer = newcomer(app);
    let granted = [Caller::VISITOR, newcomer]
        .iter()
        .flat_map(|caller| (user.create)(caller))
        .filter(|grant| grant.fields != crate::def::ALL)
        .fold(0, |fields, grant| fields | grant.fields);
    let mut allowed = bit(NAME) | bit(EMAIL);
    for (position, field) in user.fields.iter().enumerate() {
        let closed = field.read_only
            || field.computed
            || field.lifecycle
            || matches!(field.kind, Kind::Password);
        let needed = field.required && matches!(field.default, FieldDefault::None);
        if !closed && (needed || granted & bit(position) != 0) {
            allowed |= bit(position);
        }
    }
    allowed
}

/// Errors of a password that is to be set, at the field of this name.
#[must_use]
pub fn password_errors(app: &App, field: &'static str, password: &str) -> Vec<FieldError> {
    let least = app.accounts.password_min;
    let password = normal_password(password);
    let characters = password.chars().count();
    let (rule, message) = if password.is_empty() {
        ("required", "Choose a password.".to_owned())
    } else if characters < least {
        (
            "length",
            format!("A password has at least {least} characters."),
        )
    } else if password.len() > LONGEST_PASSWORD {
        (
            "length",
            format!("A password has at most {LONGEST_PASSWORD} bytes."),
        )
    } else {
        return Vec::new();
    };
    vec![FieldError {
        field: field.into(),
        rule,
        message,
    }]
}

/// Makes an account and gives its user.
pub(crate) fn up(
    scope: &Scope<'_>,
    mut values: Vec<(usize, Value)>,
    password: Value,
    at: At,
) -> Result<i64, Refusal> {
    let app = scope.app;
    let Some(entity) = app.entities.first().copied() else {
        return Err(Refusal::Fault("the app has no users".to_owned()));
    };
    if !app.accounts.sign_up {
        return Err(scope.forbidden());
    }
    let own = sign_up_fields(app);
    let free = scope.elevated || scope.caller.system;
    if !free && values.iter().any(|(field, _)| own & bit(*field) == 0) {
        return Err(scope.forbidden());
    }
    let mut errors = Vec::new();
    let password = match password {
        Value::Text(text) => text,
        _ => String::new(),
    };
    for (position, field_name) in [(EMAIL, at.email), (NAME, at.name)] {
        let Some(field) = entity.fields.get(position) else {
            continue;
        };
        let given = values.iter_mut().find(|(at, _)| *at == position);
        let read = match given.as_ref().map(|(_, value)| value) {
            Some(Value::Text(text)) => kernel::read::text(&field.kind, text),
            _ => Ok(Value::Empty),
        };
        let before = errors.len();
        match read {
            Ok(value) => {
                check::field(field, &value, &mut errors);
                if let Some((_, slot)) = given {
                    *slot = value;
                }
            }
            Err(problem) => errors.push(FieldError {
                field: field_name.into(),
                rule: problem.rule,
                message: format!("This {}.", problem.message),
            }),
        }
        for error in errors.iter_mut().skip(before) {
            error.field = field_name.into();
        }
    }
    errors.extend(password_errors(app, at.password, &password));
    if !errors.is_empty() {
        return Err(Refusal::Invalid(errors));
    }
    let hash = match scope.sign.borrow().reply(Ask::Hash(password))? {
        Reply::Hash(hash) => hash.clone(),
        Reply::Fits(_) => return Err(Refusal::Fault("no hash came back".to_owned())),
    };
    let email = values
        .iter()
        .find_map(|(position, value)| match value {
            Value::Text(text) if *position == EMAIL => Some(normal_email(text)),
            _ => None,
        })
        .unwrap_or_default();
    if let Some(user) = user_of(scope, &email)? {
        scope.sign.borrow_mut().taken = Some((user, email));
        return Err(Refusal::Invalid(vec![FieldError {
            field: at.email.into(),
            rule: "unique",
            message: "There is an account with this address already.".to_owned(),
        }]));
    }
    let elevated = Scope {
        elevated: true,
        ..*scope
    };
    let user = change::create(&elevated, entity, values, Door::Effect)?;
    let mut give = scope.connection.prepare_cached(
        "INSERT INTO user_role (user_id, role) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?;
    for role in sign_up_roles(app) {
        give.execute(params![user, role.slug])?;
    }
    let confirmed = (!app.accounts.confirm_email).then_some(scope.now);
    scope
        .connection
        .prepare_cached(
            "INSERT INTO account (user_id, password_hash, confirmed_at) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![user, hash, confirmed])?;
    scope.work.borrow_mut().newcomers.push(user);
    Ok(user)
}

/// Signs somebody in once the operation is kept.
pub(crate) fn enter(
    scope: &Scope<'_>,
    email: Value,
    password: Value,
    at: At,
) -> Result<(), Refusal> {
    let email = match email {
        Value::Text(text) => normal_email(&text),
        _ => String::new(),
    };
    let password = match password {
        Value::Text(text) => text,
        _ => String::new(),
    };
    let mut found = scope.connection.prepare_cached(
        "SELECT u.id, a.password_hash, a.confirmed_at IS NOT NULL FROM \"user\" AS u \
         JOIN account AS a ON a.user_id = u.id WHERE u.email = ?1 COLLATE NOCASE AND a.disabled_at IS NULL \
         AND a.deleted_at IS NULL ORDER BY u.id LIMIT 1",
    )?;
    let found: Option<(i64, Option<String>, bool)> = found
        .query_row([&email], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let (user, stored, confirmed) = match found {
        Some((user, stored, confirmed)) => (Some(user), stored, confirmed),
        None => (None, None, false),
    };
    let ask = Ask::Verify {
        email: email.clone(),
        password,
        stored,
    };
    let fits = matches!(scope.sign.borrow().reply(ask)?, Reply::Fits(true));
    let Some(user) = user.filter(|_| fits) else {
        return Err(Refusal::Invalid(vec![FieldError {
            field: at.password.into(),
            rule: "sign-in",
            message: "The e-mail address or the password is wrong.".to_owned(),
        }]));
    };
    if scope.app.accounts.confirm_email && !confirmed {
        // Who was signed up just now gets a link, and is signed in by following it.
        if scope.work.borrow().newcomers.contains(&user) {
            return Ok(());
        }
        scope.sign.borrow_mut().unconfirmed = Some((user, email));
        return Err(Refusal::Conflict {
            rule: "unconfirmed",
            message: "Your address is not confirmed yet. We have sent you a new link; follow it, then sign in."
                .to_owned(),
        });
    }
    scope.work.borrow_mut().signed_in = Some(user);
    Ok(())
}

fn user_of(scope: &Scope<'_>, email: &str) -> Result<Option<i64>, Refusal> {
    let id = scope
        .connection
        .prepare_cached(
            "SELECT id FROM \"user\" WHERE email = ?1 COLLATE NOCASE ORDER BY id LIMIT 1",
        )?
        .query_row([email], |row| row.get(0))
        .optional()?;
    Ok(id)
}
