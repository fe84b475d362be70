//! People who are let in by others: by invitation, or by whoever runs the app.

use super::enter::{create_user, set_account, set_email, taken, text_of};
use super::links::{self, Purpose};
use super::{EMAIL, NAME, normal_email, roles, user_by_email};
use crate::respond::invalid;
use crate::site::Site;
use crate::throttle;
use crate::visit::Visit;
use engine::Engine;
use engine::caller::Caller;
use engine::def::App;
use engine::refusal::Refusal;
use kernel::value::Value;

/// Somebody to let in.
#[derive(Debug, Clone, Default)]
pub struct Invitation {
    /// Fields of User, name and e-mail among them.
    pub values: Vec<(usize, Value)>,
    /// Slugs of roles.
    pub roles: Vec<String>,
}

/// Invitations are sent by administrators, and by whoever may create users.
#[must_use]
pub fn may_invite(app: &'static App, caller: &Caller) -> bool {
    let may_create = |user| engine::access::may_create(app, user, caller) != 0;
    engine::sign::administers(app, caller) || app.entities.first().copied().is_some_and(may_create)
}

/// Makes a user without a password and sends them a link to choose one. Gives their id.
///
/// # Errors
/// Like creating a user; 403 as well for roles the caller may not give.
pub async fn invite(site: &Site, visit: &Visit, invitation: Invitation) -> Result<i64, Refusal> {
    visit.user()?;
    let app = site.app;
    if !may_invite(app, &visit.caller) {
        return Err(Refusal::Forbidden);
    }
    if !invitation.roles.is_empty() && !roles::may_give_roles(app, &visit.caller) {
        return Err(Refusal::Forbidden);
    }
    let mut given = roles::known(app, &invitation.roles)?;
    if given.is_empty() {
        given = app
            .roles
            .iter()
            .filter(|role| role.sign_up && role.when.is_empty())
            .collect();
    }
    site.throttle.take(
        "invite",
        &visit.user()?.to_string(),
        throttle::SIGN_UP_ADDRESS,
    )?;
    let mut values = invitation.values;
    let email = text_of(&values, EMAIL)
        .map(|text| normal_email(&text))
        .filter(|text| !text.is_empty());
    let Some(email) = email else {
        return Err(invalid("email", "required", "Give the e-mail address."));
    };
    set_email(&mut values, &email);
    let for_link = site.clone();
    let (now, _) = site.engine.now();
    site.engine
        .write(visit.caller, move |writer| {
            if user_by_email(writer, &email)?.is_some() {
                return Err(taken());
            }
            let own = roles::sent_by_administrator(app, &writer.caller, &values);
            // The program makes the account where its administrator asks for it; who asked stays known.
            writer.caller.system |= own;
            let user = create_user(writer, app, values, &given)?;
            set_account(writer, user, None, None)?;
            let path = links::make(writer, user, Purpose::Invite, now)?;
            links::mail(
                writer,
                user,
                &email,
                Purpose::Invite,
                app.name,
                &for_link.link(&path),
            )?;
            Ok(user)
        })
        .await
}

/// What the command line does: a user with a role and the path of a link to choose a password.
/// For a user who exists the role is added and a new link made.
///
/// # Errors
/// 422 for a role or address that does not fit.
pub fn add_user(
    engine: &Engine,
    email: &str,
    name: &str,
    slugs: &[String],
) -> Result<String, Refusal> {
    let app = engine.app;
    let given = roles::known(app, slugs)?;
    let email = normal_email(email);
    let name = name.to_owned();
    let (now, _) = engine.now();
    engine.blocking_write(Caller::SYSTEM, move |writer| {
        let user = match user_by_email(writer, &email)? {
            Some(user) => {
                roles::add(writer, user, &given)?;
                user
            }
            None => {
                let values = vec![(NAME, Value::Text(name)), (EMAIL, Value::Text(email))];
                create_user(writer, app, values, &given)?
            }
        };
        set_account(writer, user, None, Some(now))?;
        links::make(writer, user, Purpose::Invite, now)
    })
}
