//! For tests in Rust (the feature `testing`), and part of no build that is shipped: rows are put in place around access,
//! and anybody is signed in. No address leads here; the clock is the engine's ([`engine::Engine::freeze`]).

use crate::accounts::enter::{open_token, set_account};
use crate::accounts::roles;
use crate::site::Site;
use engine::caller::Caller;
use engine::def::{Entity, Role};
use engine::operate;
use engine::refusal::Refusal;
use engine::writer::Writer;
use kernel::value::Value;
use rusqlite::params;

/// Puts a row in place and gives its id: types, defaults, field rules and the rules of rows hold; access, lifecycle and
/// hooks are gone around. `by` is who defaults that speak of `me` mean; the roles are for a user.
///
/// # Errors
/// What does not fit, and [`Refusal::Fault`] if the store fails.
pub async fn plant(
    site: &Site,
    by: Option<i64>,
    entity: &'static Entity,
    mut values: Vec<(usize, Value)>,
    roles: &[String],
) -> Result<i64, Refusal> {
    site.field_hashing.hide_fields(entity, &mut values).await?;
    let roles = roles::known(site.app, roles)?;
    let caller = Caller {
        user: by,
        ..Caller::SYSTEM
    };
    let id = site
        .engine
        .write(caller, move |writer| {
            put(writer, entity, values, &roles, None)
        })
        .await?;
    site.sessions.forget_all();
    Ok(id)
}

/// [`plant`] within a write; a user may get a password to log in with, which is given as its hash.
///
/// # Errors
/// As [`plant`].
pub(crate) fn put(
    writer: &mut Writer<'_>,
    entity: &'static Entity,
    values: Vec<(usize, Value)>,
    roles: &[&'static Role],
    password: Option<&str>,
) -> Result<i64, Refusal> {
    let id = operate::plant(writer, entity, values)?;
    if entity.index == 0 {
        roles::add(writer, id, roles)?;
        set_account(writer, id, password, Some(writer.now))?;
    }
    Ok(id)
}

/// A bearer token of this user's, which outlives every moment the clock is set to.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub async fn token(site: &Site, user: i64) -> Result<String, Refusal> {
    let token = site
        .engine
        .write(Caller::SYSTEM, move |writer| {
            let token = open_token(writer, user, "testing", writer.now)?;
            writer.execute(
                "UPDATE token SET expires = ?1 WHERE hash = ?2",
                params![i64::MAX, token.secret.hash.as_slice()],
            )?;
            Ok(token)
        })
        .await?;
    Ok(token.secret.text)
}
