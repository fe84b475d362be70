//! One's own account: password, sessions, tokens, the end of it.

use super::address::pair;
use super::context::{Context, RowId};
use crate::accounts;
use crate::respond;
use crate::session;
use crate::ui::control::{Control, error_summary, listed};
use crate::ui::layout::head;
use crate::ui::value::moment;
use crate::{Form, Site, Visit};
use axum::extract::{Path, State};
use axum::response::Response;
use engine::access;
use engine::refusal::{FieldError, Refusal};
use http::StatusCode;
use kernel::kind::Kind;
use maud::{Markup, html};

/// `GET /account`
pub async fn account(State(site): State<Site>, visit: Visit) -> Response {
    account_page(&Context::new(&site, &visit), StatusCode::OK, &[])
}

/// `POST /account/password`
pub async fn password(State(site): State<Site>, visit: Visit, Form(typed): Form) -> Response {
    let context = Context::new(&site, &visit);
    let (current, new) = (
        pair(&typed, "current").to_owned(),
        pair(&typed, "password").to_owned(),
    );
    match accounts::change_password(&site, &visit, current, new).await {
        Ok(session) => respond::with_cookie(
            respond::see_other("/account?done=password"),
            &session.cookie(visit.https),
        ),
        Err(Refusal::Invalid(errors)) => {
            account_page(&context, StatusCode::UNPROCESSABLE_ENTITY, &errors)
        }
        Err(refusal) => context.refuse(&refusal),
    }
}

/// `POST /account/sessions/{id}/revoke`
pub async fn revoke(
    State(site): State<Site>,
    Path(RowId(id)): Path<RowId>,
    visit: Visit,
    Form(_): Form,
) -> Response {
    match accounts::revoke_session(&site, &visit, id).await {
        Ok(()) => respond::see_other("/account?done=revoked"),
        Err(refusal) => Context::new(&site, &visit).refuse(&refusal),
    }
}

/// `POST /account/sessions/others/revoke`
pub async fn revoke_others(State(site): State<Site>, visit: Visit, Form(_): Form) -> Response {
    match accounts::revoke_other_sessions(&site, &visit).await {
        Ok(()) => respond::see_other("/account?done=revoked-others"),
        Err(refusal) => Context::new(&site, &visit).refuse(&refusal),
    }
}

/// `POST /account/tokens/{id}/revoke`
pub async fn revoke_token(
    State(site): State<Site>,
    Path(RowId(id)): Path<RowId>,
    visit: Visit,
    Form(_): Form,
) -> Response {
    match accounts::revoke_token(&site, &visit, id).await {
        Ok(()) => respond::see_other("/account?done=revoked"),
        Err(refusal) => Context::new(&site, &visit).refuse(&refusal),
    }
}

/// `GET /account/delete`
pub async fn ask_delete(State(site): State<Site>, visit: Visit) -> Response {
    let context = Context::new(&site, &visit);
    if !visit.is_signed_in() {
        return context.refuse(&Refusal::Unauthenticated);
    }
    delete_page(&context, StatusCode::OK, &[])
}

/// `POST /account/delete`
pub async fn delete(State(site): State<Site>, visit: Visit, Form(typed): Form) -> Response {
    let context = Context::new(&site, &visit);
    match accounts::delete_account(&site, &visit, pair(&typed, "password").to_owned()).await {
        Ok(()) => respond::with_cookie(
            respond::see_other("/login?done=goodbye"),
            &session::no_cookie(visit.https),
        ),
        Err(Refusal::Invalid(errors)) => {
            delete_page(&context, StatusCode::UNPROCESSABLE_ENTITY, &errors)
        }
        Err(Refusal::Conflict { rule, message }) => delete_page(
            &context,
            StatusCode::CONFLICT,
            &[FieldError {
                field: "".into(),
                rule,
                message,
            }],
        ),
        Err(refusal) => context.refuse(&refusal),
    }
}

fn delete_page(context: &Context<'_>, status: StatusCode, errors: &[FieldError]) -> Response {
    let mut control = Control::new("password", "Your password", Kind::Password)
        .required()
        .autocomplete("current-password");
    control.errors = at(errors, "password");
    let body = html! {
        div.narrow.stack {
            (head("Delete your account?", html! { p.about { "This can't be undone. What belongs to you alone goes with it." } }, html! {}))
            (summary(errors, &[("password", "Your password")]))
            form.card.pad.form method="post" action="/account/delete" novalidate {
                (context.token())
                (control.markup())
                div.form-foot {
                    button.button.danger-solid type="submit" { "Delete my account" }
                    a.button.quiet href="/account" { "Keep it" }
                }
            }
        }
    };
    context.page_with(status, "Delete your account", None, body)
}

fn account_page(context: &Context<'_>, status: StatusCode, errors: &[FieldError]) -> Response {
    let Some(me) = context.visit.session.clone() else {
        return context.refuse(&Refusal::Unauthenticated);
    };
    let (sessions, tokens) = match (
        accounts::list_sessions(context.site, context.visit),
        accounts::list_tokens(context.site, context.visit),
    ) {
        (Ok(sessions), Ok(tokens)) => (sessions, tokens),
        (Err(refusal), _) | (_, Err(refusal)) => return context.refuse(&refusal),
    };
    let profile = context.app.entities.first().copied().and_then(|user| {
        let able = context
            .site
            .engine
            .read(|r| access::abilities(r, &context.caller, user, me.user))
            .ok()?;
        (able.update != 0).then(|| format!("/{}/{}/edit", user.slug, me.user))
    });
    let roles: Vec<&str> = (0_u32..)
        .zip(context.app.roles)
        .filter(|(bit, _)| context.caller.roles & (1 << bit) != 0)
        .map(|(_, role)| role.name)
        .collect();
    let mut current = Control::new("current", "Password now", Kind::Password)
        .required()
        .autocomplete("current-password");
    current.errors = at(errors, "current");
    let display = context.display;
    let body = html! {
        div.middle.stack {
            (head("Your account", html! {}, html! { @if let Some(profile) = &profile { a.button href=(profile) { "Edit profile" } } }))
            section.card aria-label="Profile" {
                dl.facts-list {
                    div { dt { "Name" } dd { (me.name) } }
                    div { dt { "E-mail" } dd { (me.email) } }
                    @if !roles.is_empty() {
                        div { dt { "Roles" } dd { span.tags { @for role in &roles { span.badge.plain { (role) } } } } }
                    }
                }
            }
            section.card {
                div.card-head { h2 { "Password" } }
                div.card-body.stack-small {
                    (summary(errors, &[("current", "Password now"), ("password", "New password")]))
                    form.form method="post" action="/account/password" novalidate {
                        (context.token())
                        input type="hidden" name="email" value=(me.email) autocomplete="username";
                        (current.markup())
                        (new_password(context, "New password", errors))
                        p.help { "Every other device is signed out." }
                        div.form-foot { button.button type="submit" { "Change the password" } }
                    }
                }
            }
            section.card {
                div.card-head {
                    h2 { "Where you are signed in" }
                    @if sessions.iter().any(|session| !session.current) {
                        (context.post_button("/account/sessions/others/revoke", "quiet", html! { "Sign out everywhere else" }))
                    }
                }
                ul.rows {
                    @for session in &sessions {
                        li {
                            span {
                                (device(&session.agent)) " " span.none { (session.peer) }
                                @if session.current { " " span.badge.hue-1 { "this device" } }
                            }
                            span.side {
                                "since " (moment(display, session.created))
                                @if !session.current {
                                    (context.post_button(&format!("/account/sessions/{}/revoke", session.id), "quiet", html! { "Sign out" }))
                                }
                            }
                        }
                    }
                }
            }
            @if !tokens.is_empty() {
                section.card {
                    div.card-head { h2 { "Tokens for programs" } }
                    ul.rows {
                        @for token in &tokens {
                            li {
                                span { (device(&token.agent)) }
                                span.side {
                                    "since " (moment(display, token.created))
                                    (context.post_button(&format!("/account/tokens/{}/revoke", token.id), "quiet", html! { "Revoke" }))
                                }
                            }
                        }
                    }
                }
            }
            p { a.button.danger href="/account/delete" { "Delete your account" } }
        }
    };
    context.page_with(status, "Your account", None, body)
}

/// A program's own name, in words people know: `Firefox on Linux`.
fn device(agent: &str) -> String {
    let first = |names: &[(&'static str, &'static str)]| {
        names
            .iter()
            .find(|(sign, _)| agent.contains(sign))
            .map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrom", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ if agent.is_empty() => "Unknown device".to_owned(),
        _ => agent.chars().take(40).collect(),
    }
}

/// What is wrong with this field.
pub(super) fn at<'e>(errors: &'e [FieldError], field: &str) -> Vec<&'e str> {
    errors
        .iter()
        .filter(|error| error.field == field)
        .map(|error| error.message.as_str())
        .collect()
}

/// The field for a password that is to be set.
pub(super) fn new_password(context: &Context<'_>, label: &str, errors: &[FieldError]) -> Markup {
    let least = context.app.accounts.password_min;
    let help = format!("At least {least} characters.");
    let mut control = Control::new("password", label, Kind::Password)
        .required()
        .autocomplete("new-password")
        .help(&help);
    control.length = (u32::try_from(least).ok(), None);
    control.errors = at(errors, "password");
    control.markup()
}

/// All that is wrong, above a form without a draft.
pub(super) fn summary(errors: &[FieldError], labels: &[(&str, &str)]) -> Markup {
    let lines: Vec<(Option<String>, String)> = errors
        .iter()
        .map(
            |error| match labels.iter().find(|(name, _)| *name == error.field) {
                Some((name, label)) => (Some(format!("f-{name}")), listed(label, &error.message)),
                None => (None, error.message.clone()),
            },
        )
        .collect();
    error_summary(&lines)
}
