//! Signing up, in and out, and one-time links.

use super::account::{new_password, summary};
use super::address::{local, pair, with_query};
use super::context::Context;
use super::edit::own_pairs;
use super::fields::{self, Draft};
use crate::accounts::{self, LogIn, Purpose, SignUp, SignedUp};
use crate::respond;
use crate::session;
use crate::ui::control::Control;
use crate::ui::layout::{Tone, head, message};
use crate::{Form, Site, Visit};
use axum::extract::{Path, State};
use axum::response::Response;
use engine::decode;
use engine::refusal::{FieldError, Refusal};
use http::StatusCode;
use kernel::kind::Kind;
use maud::html;

/// `GET /sign-up`
pub async fn sign_up(State(site): State<Site>, visit: Visit) -> Response {
    let context = Context::new(&site, &visit);
    if visit.is_signed_in() {
        return respond::see_other("/");
    }
    if !site.app.accounts.sign_up {
        return context.refuse(&Refusal::NotFound);
    }
    sign_up_page(
        &context,
        StatusCode::OK,
        visit.query_value("next").unwrap_or_default(),
        &[],
        &[],
    )
}

/// `POST /sign-up`
pub async fn do_sign_up(State(site): State<Site>, visit: Visit, Form(typed): Form) -> Response {
    let context = Context::new(&site, &visit);
    let password = pair(&typed, "password").to_owned();
    let next = pair(&typed, "next").to_owned();
    let outcome = match sign_up_values(&context, &typed) {
        Ok(values) => accounts::sign_up(&site, &visit.origin(), SignUp { password, values }).await,
        Err(errors) => Err(Refusal::Invalid(accounts::enter::with_password_errors(
            site.app, &password, errors,
        ))),
    };
    match outcome {
        Ok(SignedUp::In(session)) => {
            let to = local(&next).map_or_else(|| "/?done=signed-up".to_owned(), str::to_owned);
            respond::with_cookie(respond::see_other(&to), &session.cookie(visit.https))
        }
        Ok(SignedUp::ConfirmationSent) => look_into_mail(&context),
        Err(Refusal::Invalid(errors)) => sign_up_page(
            &context,
            StatusCode::UNPROCESSABLE_ENTITY,
            &next,
            &typed,
            &errors,
        ),
        Err(refusal) => context.refuse(&refusal),
    }
}

/// What somebody reads who has to confirm their address.
pub(super) fn look_into_mail(context: &Context<'_>) -> Response {
    note(
        context,
        "Look into your mail",
        "We have sent you a message with a link. Follow it to confirm your address, then sign in.",
    )
}

fn sign_up_values(
    context: &Context<'_>,
    typed: &[(String, String)],
) -> Result<Vec<(usize, kernel::value::Value)>, Vec<FieldError>> {
    let Some(user) = context.app.entities.first().copied() else {
        return Ok(Vec::new());
    };
    let own: Vec<(String, String)> = own_pairs(typed)
        .into_iter()
        .filter(|(name, _)| name != "password" && name != "next")
        .collect();
    decode::form(
        context.app,
        user,
        &own,
        accounts::sign_up_fields(context.app),
        true,
    )
}

fn sign_up_page(
    context: &Context<'_>,
    status: StatusCode,
    next: &str,
    typed: &[(String, String)],
    errors: &[FieldError],
) -> Response {
    let Some(user) = context.app.entities.first().copied() else {
        return context.refuse(&Refusal::NotFound);
    };
    let asked = accounts::sign_up_fields(context.app);
    let draft = Draft {
        typed,
        errors,
        prefix: "f",
        known: &[],
    };
    let mut labels = fields::labels(user, asked);
    labels.push(("password", "Password"));
    let controls = context
        .site
        .engine
        .read(|r| Ok(draft.fields(context, r, user, asked, true)));
    let controls = match controls {
        Ok(controls) => controls,
        Err(refusal) => return context.refuse(&refusal),
    };
    let body = html! {
        div.narrow.stack {
            (head("Sign up", html! { p.about { "Already have an account? " a href=(with_query("/login", &[("next", next)])) { "Sign in" } } }, html! {}))
            (draft.summary(&labels))
            form.card.pad.form method="post" action="/sign-up" novalidate {
                (context.token())
                input type="hidden" name="next" value=(next);
                (controls)
                (new_password(context, "Password", errors))
                div.form-foot { button.button.primary.wide type="submit" { "Sign up" } }
            }
        }
    };
    context.page_with(status, "Sign up", None, body)
}

/// `GET /login`
pub async fn login(State(site): State<Site>, visit: Visit) -> Response {
    let context = Context::new(&site, &visit);
    let next = visit.query_value("next").unwrap_or_default();
    if visit.is_signed_in() {
        return respond::see_other(local(next).unwrap_or("/"));
    }
    login_page(&context, StatusCode::OK, next, "", None)
}

/// `POST /login`
pub async fn do_login(State(site): State<Site>, visit: Visit, Form(typed): Form) -> Response {
    let context = Context::new(&site, &visit);
    let (email, next) = (pair(&typed, "email"), pair(&typed, "next"));
    match accounts::log_in(&site, &visit, email, pair(&typed, "password").to_owned()).await {
        Ok(LogIn::In(session)) => respond::with_cookie(
            respond::see_other(local(next).unwrap_or("/")),
            &session.cookie(visit.https),
        ),
        Ok(LogIn::Wrong) => login_page(
            &context,
            StatusCode::UNPROCESSABLE_ENTITY,
            next,
            email,
            Some("The e-mail address or the password is wrong."),
        ),
        Ok(LogIn::Unconfirmed) => login_page(
            &context,
            StatusCode::UNPROCESSABLE_ENTITY,
            next,
            email,
            Some(
                "Your address is not confirmed yet. We have sent you a new link; follow it, then sign in.",
            ),
        ),
        Err(refusal) => context.refuse(&refusal),
    }
}

fn login_page(
    context: &Context<'_>,
    status: StatusCode,
    next: &str,
    email: &str,
    problem: Option<&str>,
) -> Response {
    let sign_up = context.app.accounts.sign_up;
    let body = html! {
        div.narrow.stack {
            (head("Sign in", html! {
                @if sign_up { p.about { "New here? " a href=(with_query("/sign-up", &[("next", next)])) { "Sign up" } } }
            }, html! {}))
            @if let Some(problem) = problem { (message(Tone::Bad, &problem)) }
            form.card.pad.form method="post" action="/login" novalidate {
                (context.token())
                input type="hidden" name="next" value=(next);
                (Control::new("email", "E-mail", Kind::Email).required().value(email).autocomplete("username").markup())
                (Control::new("password", "Password", Kind::Password).required().autocomplete("current-password").markup())
                div.form-foot { button.button.primary.wide type="submit" { "Sign in" } }
                p { a href="/forgot-password" { "Forgot your password?" } }
            }
        }
    };
    context.page_with(status, "Sign in", None, body)
}

/// `POST /logout`
pub async fn logout(State(site): State<Site>, visit: Visit, Form(_): Form) -> Response {
    match accounts::log_out(&site, &visit).await {
        Ok(()) => respond::with_cookie(
            respond::see_other("/login?done=signed-out"),
            &session::no_cookie(visit.https),
        ),
        Err(refusal) => Context::new(&site, &visit).refuse(&refusal),
    }
}

/// `GET /forgot-password`
pub async fn forgot(State(site): State<Site>, visit: Visit) -> Response {
    let context = Context::new(&site, &visit);
    context.page("Forgot your password?", None, html! {
        div.narrow.stack {
            (head("Forgot your password?", html! { p.about { "Tell us your address and we send you a link to choose a new one." } }, html! {}))
            form.card.pad.form method="post" action="/forgot-password" novalidate {
                (context.token())
                (Control::new("email", "E-mail", Kind::Email).required().autocomplete("username").markup())
                div.form-foot { button.button.primary.wide type="submit" { "Send the link" } }
                p { a href="/login" { "Back to sign in" } }
            }
        }
    })
}

/// `POST /forgot-password`
pub async fn do_forgot(State(site): State<Site>, visit: Visit, Form(typed): Form) -> Response {
    let context = Context::new(&site, &visit);
    match accounts::request_reset(&site, &visit.origin(), pair(&typed, "email")).await {
        Ok(()) => note(
            &context,
            "Look into your mail",
            "If there is an account with this address, a link to choose a new password is on its way. It works for an hour.",
        ),
        Err(refusal) => context.refuse(&refusal),
    }
}

/// `GET /link/{token}`: shows what the link is for; nothing happens before one says so.
pub async fn link(State(site): State<Site>, Path(token): Path<String>, visit: Visit) -> Response {
    let context = Context::new(&site, &visit);
    link_page(&context, StatusCode::OK, &token, &[])
}

/// `POST /link/{token}`
pub async fn do_link(
    State(site): State<Site>,
    Path(token): Path<String>,
    visit: Visit,
    Form(typed): Form,
) -> Response {
    let context = Context::new(&site, &visit);
    let outcome = match accounts::peek(&site, &token) {
        Ok(Some(info)) if info.purpose == Purpose::Confirm => {
            accounts::confirm_email(&site, &token).await.map(|_| None)
        }
        Ok(Some(_)) => accounts::redeem(
            &site,
            &visit.origin(),
            &token,
            pair(&typed, "password").to_owned(),
        )
        .await
        .map(Some),
        Ok(None) => return link_page(&context, StatusCode::UNPROCESSABLE_ENTITY, &token, &[]),
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok(Some(session)) => respond::with_cookie(
            respond::see_other("/?done=signed-up"),
            &session.cookie(visit.https),
        ),
        Ok(None) => respond::see_other(if visit.is_signed_in() {
            "/?done=confirmed"
        } else {
            "/login?done=confirmed"
        }),
        Err(Refusal::Invalid(errors)) => {
            link_page(&context, StatusCode::UNPROCESSABLE_ENTITY, &token, &errors)
        }
        Err(refusal) => context.refuse(&refusal),
    }
}

fn link_page(
    context: &Context<'_>,
    status: StatusCode,
    token: &str,
    errors: &[FieldError],
) -> Response {
    let info = match accounts::peek(context.site, token) {
        Ok(Some(info)) => info,
        Ok(None) => {
            let body = html! {
                div.narrow.stack {
                    (head("This link no longer works", html! { p.about { "It has been used already, or it is too old. Links work once." } }, html! {}))
                    div.bar { a.button.primary href="/forgot-password" { "Ask for a new link" } a.button href="/login" { "Sign in" } }
                }
            };
            return context.page_with(
                StatusCode::NOT_FOUND,
                "This link no longer works",
                None,
                body,
            );
        }
        Err(refusal) => return context.refuse(&refusal),
    };
    let confirm = info.purpose == Purpose::Confirm;
    let title = match info.purpose {
        Purpose::Confirm => "Confirm your address",
        Purpose::Reset => "Choose a new password",
        Purpose::Invite => "Welcome",
    };
    let body = html! {
        div.narrow.stack {
            (head(title, html! { p.about { @if confirm { "Is this address yours?" } @else { "For " (info.email) } } }, html! {}))
            (summary(errors, &[("password", "Password")]))
            form.card.pad.form method="post" action={ "/link/" (token) } novalidate {
                (context.token())
                @if confirm {
                    p { strong { (info.email) } }
                    div.form-foot { button.button.primary.wide type="submit" { "Yes, it is mine" } }
                } @else {
                    input type="hidden" name="email" value=(info.email) autocomplete="username";
                    (new_password(context, "Password", errors))
                    div.form-foot { button.button.primary.wide type="submit" { "Set the password and sign in" } }
                }
            }
        }
    };
    // The address holds a secret: it goes nowhere else.
    let response = context.page_with(status, title, None, body);
    respond::with_header(response, http::header::REFERRER_POLICY, "no-referrer")
}

/// A page that says one thing.
fn note(context: &Context<'_>, title: &str, text: &str) -> Response {
    context.page(
        title,
        None,
        html! {
            div.narrow.stack {
                (head(title, html! { p.about { (text) } }, html! {}))
                div.bar {
                    a.button.primary href="/login" { "To sign in" }
                    @if context.site.options.shows_outbox() { a.button href="/_outbox" { "Open the outbox" } }
                }
            }
        },
    )
}
