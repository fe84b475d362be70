//! Accounts as JSON: sign-up, sessions, tokens, passwords, invitations, roles.

use super::write::read_object;
use super::{Answer, Call, wrong_method};
use crate::accounts::{self, LogIn, NewSession, SignUp, SignedUp};
use crate::respond::{self, invalid, with_cookie};
use crate::session;
use axum::response::Response;
use engine::decode;
use engine::def::{App, Entity};
use engine::query;
use engine::refusal::{FieldError, Refusal};
use http::{Method, StatusCode};
use kernel::value::Value;
use rusqlite::OptionalExtension as _;
use serde_json::json;

type Object = serde_json::Map<String, serde_json::Value>;

/// An address of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Address {
    SignUp,
    Tokens,
    Token,
    Session,
    Me,
    Password,
    Sessions,
    OneSession,
    MyTokens,
    PasswordReset,
    RedeemLink,
    EmailConfirmation,
    Invitations,
}

/// Whether these pieces of a path belong to accounts.
pub(crate) fn is_account(pieces: &[&str]) -> Option<Address> {
    Some(match pieces {
        ["sign-up"] => Address::SignUp,
        ["tokens"] => Address::Tokens,
        ["tokens", _] | ["me", "tokens", _] => Address::Token,
        ["session"] => Address::Session,
        ["me"] => Address::Me,
        ["me", "password"] => Address::Password,
        ["me", "sessions"] => Address::Sessions,
        ["me", "sessions", _] => Address::OneSession,
        ["me", "tokens"] => Address::MyTokens,
        ["password-reset"] => Address::PasswordReset,
        ["password-reset", "redeem"] | ["invitations", "redeem"] => Address::RedeemLink,
        ["email-confirmation"] => Address::EmailConfirmation,
        ["invitations"] => Address::Invitations,
        _ => return None,
    })
}

/// Answers one of them.
pub(crate) async fn answer(mut call: Call, address: Address, pieces: &[&str]) -> Answer {
    let last = pieces.last().copied().unwrap_or_default();
    let method = call.method.clone();
    match (address, method) {
        (Address::SignUp, Method::POST) => sign_up(call).await,
        (Address::Tokens, Method::POST) => {
            let (email, password) = credentials(&mut call).await?;
            let origin = call.visit.origin();
            match accounts::create_token(&call.site, &origin, &email, password).await? {
                LogIn::In(token) => {
                    let body = json!({
                        "token": token.secret.text,
                        "expires": kernel::time::rfc3339(token.expires),
                        "user": token.user,
                    });
                    Ok(respond::json(StatusCode::CREATED, &body))
                }
                other => Err(refused(&other).into()),
            }
        }
        (Address::Tokens | Address::MyTokens, Method::GET) => {
            let tokens = accounts::list_tokens(&call.site, &call.visit)?;
            let items: Vec<_> = tokens
                .iter()
                .map(|token| {
                    json!({
                        "id": token.id,
                        "created": kernel::time::rfc3339(token.created),
                        "expires": kernel::time::rfc3339(token.expires),
                        "agent": token.agent,
                        "current": token.current,
                    })
                })
                .collect();
            Ok(respond::json(StatusCode::OK, &json!({ "items": items })))
        }
        (Address::Token, Method::DELETE) => {
            if last == "current" {
                call.visit.user()?;
                accounts::log_out(&call.site, &call.visit).await?;
            } else {
                accounts::revoke_token(&call.site, &call.visit, number(last)?).await?;
            }
            Ok(respond::no_content())
        }
        (Address::Session, Method::POST) => {
            let (email, password) = credentials(&mut call).await?;
            match accounts::log_in(&call.site, &call.visit, &email, password).await? {
                LogIn::In(session) => Ok(signed_in(&call, &session, StatusCode::CREATED)?),
                other => Err(refused(&other).into()),
            }
        }
        (Address::Session, Method::DELETE) => {
            call.visit.user()?;
            accounts::log_out(&call.site, &call.visit).await?;
            Ok(with_cookie(
                respond::no_content(),
                &session::no_cookie(call.visit.https),
            ))
        }
        (Address::Me, Method::GET) => {
            let user = call.visit.user()?;
            Ok(respond::json(
                StatusCode::OK,
                &me(&call, user, call.visit.caller.roles)?,
            ))
        }
        (Address::Me, Method::DELETE) => {
            call.visit.user()?;
            let object = read_object(&mut call).await?;
            let password = text(&object, "password")?;
            accounts::delete_account(&call.site, &call.visit, password).await?;
            Ok(with_cookie(
                respond::no_content(),
                &session::no_cookie(call.visit.https),
            ))
        }
        (Address::Password, Method::POST | Method::PUT) => {
            call.visit.user()?;
            let object = read_object(&mut call).await?;
            let (current, password) = both(&object, "current", "password")?;
            let session =
                accounts::change_password(&call.site, &call.visit, current, password).await?;
            Ok(signed_in(&call, &session, StatusCode::OK)?)
        }
        (Address::Sessions, Method::GET) => {
            let sessions = accounts::list_sessions(&call.site, &call.visit)?;
            let items: Vec<_> = sessions
                .iter()
                .map(|session| {
                    json!({
                        "id": session.id,
                        "created": kernel::time::rfc3339(session.created),
                        "expires": kernel::time::rfc3339(session.expires),
                        "address": session.peer,
                        "agent": session.agent,
                        "current": session.current,
                    })
                })
                .collect();
            Ok(respond::json(StatusCode::OK, &json!({ "items": items })))
        }
        (Address::OneSession, Method::DELETE) => {
            accounts::revoke_session(&call.site, &call.visit, number(last)?).await?;
            Ok(respond::no_content())
        }
        (Address::PasswordReset, Method::POST) => {
            let object = read_object(&mut call).await?;
            let email = text(&object, "email")?;
            accounts::request_reset(&call.site, &call.visit.origin(), &email).await?;
            Ok(accepted(
                "If there is an account with this address, a mail is on its way.",
            ))
        }
        (Address::RedeemLink, Method::POST) => {
            let object = read_object(&mut call).await?;
            let (token, password) = both(&object, "token", "password")?;
            let session =
                accounts::redeem(&call.site, &call.visit.origin(), &token, password).await?;
            Ok(signed_in(&call, &session, StatusCode::OK)?)
        }
        (Address::EmailConfirmation, Method::POST) => {
            let object = read_object(&mut call).await?;
            if object.contains_key("token") {
                accounts::confirm_email(&call.site, &text(&object, "token")?).await?;
                return Ok(respond::no_content());
            }
            let email = text(&object, "email")?;
            accounts::request_confirmation(&call.site, &call.visit.origin(), &email).await?;
            Ok(accepted(
                "If there is an account with this address that needs it, a mail is on its way.",
            ))
        }
        (Address::Invitations, Method::POST) => invite(call).await,
        (address, _) => Err(wrong_method(methods(address)).into()),
    }
}

const fn methods(address: Address) -> &'static str {
    match address {
        Address::SignUp
        | Address::PasswordReset
        | Address::RedeemLink
        | Address::EmailConfirmation
        | Address::Invitations => "POST",
        Address::Tokens => "GET,HEAD,POST",
        Address::Token | Address::OneSession => "DELETE",
        Address::Session => "POST,DELETE",
        Address::Me => "GET,HEAD,DELETE",
        Address::Password => "POST,PUT",
        Address::Sessions | Address::MyTokens => "GET,HEAD",
    }
}

async fn sign_up(mut call: Call) -> Answer {
    let app = call.site.app;
    if !app.accounts.sign_up {
        return Err(super::never(&call.visit).into());
    }
    let mut object = read_object(&mut call).await?;
    let (password, values) = person(app, &mut object, accounts::sign_up_fields(app), true)?;
    let wish = SignUp { password, values };
    match accounts::sign_up(&call.site, &call.visit.origin(), wish).await? {
        SignedUp::In(session) => {
            let response = signed_in(&call, &session, StatusCode::CREATED)?;
            let location = app
                .entities
                .first()
                .map(|user| format!("/api/{}/{}", user.slug, session.user));
            Ok(respond::with_header(
                response,
                http::header::LOCATION,
                &location.unwrap_or_default(),
            ))
        }
        SignedUp::ConfirmationSent => Ok(accepted(
            "Follow the link in the mail to finish signing up.",
        )),
    }
}

/// Password and fields of a new user, with every error at once.
fn person(
    app: &'static App,
    object: &mut Object,
    allowed: engine::def::Fields,
    with_password: bool,
) -> Result<(String, Vec<(usize, Value)>), Refusal> {
    let Some(user) = app.entities.first().copied() else {
        return Err(Refusal::NotFound);
    };
    let password = match object.remove("password") {
        _ if !with_password => Ok(String::new()),
        Some(serde_json::Value::String(text)) => Ok(text),
        None | Some(serde_json::Value::Null) => Ok(String::new()),
        Some(_) => Err(FieldError {
            field: "password".into(),
            rule: "type",
            message: "A password is text.".to_owned(),
        }),
    };
    let values = decode::json(app, user, object, allowed, true);
    match (password, values) {
        (Ok(password), Ok(values)) => Ok((password, values)),
        (Ok(password), Err(errors)) if with_password => Err(Refusal::Invalid(
            accounts::enter::with_password_errors(app, &password, errors),
        )),
        (Ok(_), Err(errors)) => Err(Refusal::Invalid(errors)),
        (Err(error), Ok(_)) => Err(Refusal::Invalid(vec![error])),
        (Err(error), Err(mut errors)) => {
            errors.push(error);
            Err(Refusal::Invalid(errors))
        }
    }
}

async fn invite(mut call: Call) -> Answer {
    let app = call.site.app;
    if !accounts::may_invite(app, &call.visit.caller) {
        return Err(super::never(&call.visit).into());
    }
    let mut object = read_object(&mut call).await?;
    let roles = match object.remove("roles") {
        None | Some(serde_json::Value::Null) => Vec::new(),
        Some(roles) => role_list(&roles)?,
    };
    let base = (1 << accounts::NAME) | (1 << accounts::EMAIL);
    let allowed = app.entities.first().map_or(base, |user| {
        engine::access::may_create(app, user, &call.visit.caller) | base
    });
    let (_, values) = person(app, &mut object, allowed, false)?;
    let invitation = accounts::Invitation { values, roles };
    let id = accounts::invite(&call.site, &call.visit, invitation).await?;
    let location = app
        .entities
        .first()
        .map(|user| format!("/api/{}/{id}", user.slug))
        .unwrap_or_default();
    let response = respond::json(StatusCode::CREATED, &json!({ "id": id }));
    Ok(respond::with_header(
        response,
        http::header::LOCATION,
        &location,
    ))
}

/// `GET` and `PUT /api/users/7/roles`
pub(crate) async fn roles(mut call: Call, entity: &'static Entity, id: i64) -> Answer {
    call.visit.user()?;
    let app = call.site.app;
    let caller = call.visit.caller;
    match call.method {
        Method::GET => {
            let own = caller.user == Some(id);
            if !own && !accounts::may_give_roles(app, &caller) {
                return Err(Refusal::Forbidden.into());
            }
            let given = call.site.engine.read(|reader| {
                if !own && query::get(reader, &caller, entity, id)?.is_none() {
                    return Err(Refusal::NotFound);
                }
                accounts::given(reader, app, id)
            })?;
            let roles: Vec<&str> = given.iter().map(|role| role.slug).collect();
            Ok(respond::json(StatusCode::OK, &json!({ "roles": roles })))
        }
        Method::PUT => {
            if !accounts::may_give_roles(app, &caller) {
                return Err(Refusal::Forbidden.into());
            }
            let object = read_object(&mut call).await?;
            let roles = role_list(object.get("roles").unwrap_or(&serde_json::Value::Null))?;
            accounts::set_roles(&call.site, &call.visit, id, roles.clone()).await?;
            Ok(respond::json(StatusCode::OK, &json!({ "roles": roles })))
        }
        _ => Err(wrong_method("GET,HEAD,PUT").into()),
    }
}

fn role_list(value: &serde_json::Value) -> Result<Vec<String>, Refusal> {
    let wrong = || invalid("roles", "type", "Send roles as a list of names.");
    let list = value.as_array().ok_or_else(wrong)?;
    list.iter()
        .map(|role| role.as_str().map(str::to_owned).ok_or_else(wrong))
        .collect()
}

fn signed_in(call: &Call, session: &NewSession, status: StatusCode) -> Result<Response, Refusal> {
    let caller = call
        .site
        .engine
        .read(|reader| engine::access::caller_of(reader, session.user))?;
    let response = respond::json(status, &me(call, session.user, caller.roles)?);
    Ok(with_cookie(response, &session.cookie(call.visit.https)))
}

fn me(call: &Call, user: i64, roles: u64) -> Result<serde_json::Value, Refusal> {
    let found: Option<(Option<String>, Option<String>)> = call.site.engine.read(|reader| {
        let mut statement =
            reader.prepare_cached("SELECT name, email FROM \"user\" WHERE id = ?1")?;
        Ok(statement
            .query_row([user], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    })?;
    let (name, email) = found.ok_or(Refusal::Unauthenticated)?;
    let roles = accounts::roles::slugs(call.site.app, roles);
    Ok(json!({ "id": user, "name": name, "email": email, "roles": roles }))
}

fn refused(outcome: &LogIn) -> Response {
    match outcome {
        LogIn::Unconfirmed => respond::problem(
            StatusCode::FORBIDDEN,
            "Confirm your e-mail address first. A new mail is on its way.",
        ),
        _ => respond::problem(
            StatusCode::UNAUTHORIZED,
            "The e-mail address or the password is wrong.",
        ),
    }
}

fn accepted(message: &str) -> Response {
    respond::json(StatusCode::ACCEPTED, &json!({ "message": message }))
}

async fn credentials(call: &mut Call) -> Result<(String, String), super::Problem> {
    let object = read_object(call).await?;
    Ok(both(&object, "email", "password")?)
}

fn both(
    object: &Object,
    first: &'static str,
    second: &'static str,
) -> Result<(String, String), Refusal> {
    match (text(object, first), text(object, second)) {
        (Ok(first), Ok(second)) => Ok((first, second)),
        (Err(Refusal::Invalid(mut errors)), Err(Refusal::Invalid(more))) => {
            errors.extend(more);
            Err(Refusal::Invalid(errors))
        }
        (Err(refusal), _) | (_, Err(refusal)) => Err(refusal),
    }
}

fn text(object: &Object, name: &'static str) -> Result<String, Refusal> {
    match object.get(name) {
        Some(serde_json::Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        None | Some(serde_json::Value::Null | serde_json::Value::String(_)) => {
            Err(invalid(name, "required", "This is required."))
        }
        Some(_) => Err(invalid(name, "type", "This must be text.")),
    }
}

fn number(text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound)
}
