//! Which roles somebody holds, and who may give them.

use super::{EMAIL, NAME};
use crate::site::Site;
use crate::visit::Visit;
use engine::caller::Caller;
use engine::def::{App, Role};
use engine::refusal::Refusal;
use kernel::value::Value;
use rusqlite::{Connection, params};

/// The roles somebody was given, in the app's order.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn given(
    connection: &Connection,
    app: &'static App,
    user: i64,
) -> Result<Vec<&'static Role>, Refusal> {
    let mut statement =
        connection.prepare_cached("SELECT role FROM user_role WHERE user_id = ?1")?;
    let slugs = statement
        .query_map(params![user], |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(app
        .roles
        .iter()
        .filter(|role| slugs.iter().any(|slug| slug == role.slug))
        .collect())
}

/// Roles are given by administrators alone, whatever else somebody may do to users.
#[must_use]
pub fn may_give_roles(app: &App, caller: &Caller) -> bool {
    engine::sign::administers(app, caller)
}

/// An administrator names somebody to invite, by no more than their name and address.
pub(super) fn sent_by_administrator(app: &App, caller: &Caller, values: &[(usize, Value)]) -> bool {
    let plain = |(field, _): &(usize, Value)| [NAME, EMAIL].contains(field);
    engine::sign::administers(app, caller) && values.iter().all(plain)
}

/// The role with this slug, if it is one that can be given.
#[must_use]
pub fn by_slug(app: &'static App, slug: &str) -> Option<&'static Role> {
    app.roles
        .iter()
        .find(|role| role.slug == slug && role.when.is_empty())
}

/// Gives a user exactly these roles.
///
/// # Errors
/// 401, 403, 404 like any operation; 422 for a role that does not exist.
pub async fn set_roles(
    site: &Site,
    visit: &Visit,
    user: i64,
    slugs: Vec<String>,
) -> Result<(), Refusal> {
    visit.user()?;
    if !may_give_roles(site.app, &visit.caller) {
        return Err(Refusal::Forbidden);
    }
    let app = site.app;
    let roles = known(app, &slugs)?;
    let Some(entity) = app.entities.first().copied() else {
        return Err(Refusal::NotFound);
    };
    let caller = visit.caller;
    let found = site
        .engine
        .read(move |reader| engine::query::get(reader, &caller, entity, user))?;
    if found.is_none() {
        return Err(Refusal::NotFound);
    }
    site.engine
        .write(caller, move |writer| {
            replace(writer, user, &roles)?;
            let names: Vec<&str> = roles.iter().map(|role| role.slug).collect();
            engine::audit::note(
                writer,
                entity,
                user,
                &format!("roles: {}", names.join(", ")),
            )
        })
        .await?;
    site.sessions.forget_user(user);
    Ok(())
}

/// The roles with these slugs.
///
/// # Errors
/// 422 naming the first that does not exist or can't be given.
pub fn known(app: &'static App, slugs: &[String]) -> Result<Vec<&'static Role>, Refusal> {
    slugs
        .iter()
        .map(|slug| {
            by_slug(app, slug).ok_or_else(|| {
                crate::respond::invalid(
                    "roles",
                    "choice",
                    format!("There is no role “{slug}” to give."),
                )
            })
        })
        .collect()
}

pub(crate) fn replace(
    connection: &Connection,
    user: i64,
    roles: &[&'static Role],
) -> Result<(), Refusal> {
    connection
        .prepare_cached("DELETE FROM user_role WHERE user_id = ?1")?
        .execute(params![user])?;
    add(connection, user, roles)
}

pub(crate) fn add(
    connection: &Connection,
    user: i64,
    roles: &[&'static Role],
) -> Result<(), Refusal> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO user_role (user_id, role) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?;
    for role in roles {
        statement.execute(params![user, role.slug])?;
    }
    Ok(())
}

/// The slugs of these role bits, in the app's order.
#[must_use]
pub fn slugs(app: &'static App, bits: u64) -> Vec<&'static str> {
    (0_u32..)
        .zip(app.roles)
        .filter(|(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, role)| role.slug)
        .collect()
}
