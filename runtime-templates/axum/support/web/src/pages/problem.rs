//! Refusals as pages that say what happened and what to do next.

use super::address::with_query;
use super::context::Context;
use crate::respond;
use crate::ui::icon::{Icon, icon};
use axum::response::Response;
use engine::refusal::Refusal;
use http::StatusCode;
use http::header::RETRY_AFTER;
use maud::html;

/// A refusal as a page. A visitor who must sign in is sent to do so, and comes back after.
#[must_use]
pub fn refuse(context: &Context<'_>, refusal: &Refusal) -> Response {
    if matches!(refusal, Refusal::Unauthenticated) {
        return respond::see_other(&with_query("/login", &[("next", &here(context))]));
    }
    if let Refusal::Fault(cause) = refusal {
        tracing::error!(cause = %cause, path = %context.visit.path, "the server failed");
    }
    let detail = match refusal {
        Refusal::Invalid(errors) if !errors.is_empty() => errors
            .iter()
            .map(|error| error.message.clone())
            .collect::<Vec<_>>()
            .join(" "),
        other => respond::sentence_of(other),
    };
    let response = draw(context, respond::status_of(refusal), &detail);
    match refusal {
        Refusal::TooMany { retry_after } => {
            respond::with_header(response, RETRY_AFTER, &retry_after.to_string())
        }
        _ => response,
    }
}

/// A page for this status; `detail` is a sentence for people.
#[must_use]
pub fn draw(context: &Context<'_>, status: StatusCode, detail: &str) -> Response {
    let title = title(status);
    let body = html! {
        div.empty.problem {
            (icon(if status == StatusCode::FORBIDDEN { Icon::Lock } else { Icon::Alert }))
            p.hidden-text { "Error " (status.as_u16()) }
            h1 { (title) }
            p { (detail) }
            div.bar {
                @if matches!(status, StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED | StatusCode::UNPROCESSABLE_ENTITY) {
                    a.button.primary href=(parent(&context.visit.path)) { "Back" }
                }
                a.button href="/" { "To the start" }
                @if !context.visit.is_signed_in() && status == StatusCode::NOT_FOUND {
                    a.button.primary href=(with_query("/login", &[("next", &here(context))])) { "Sign in" }
                }
            }
        }
    };
    context.page_with(status, title, None, body)
}

const fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "That request can't be read",
        401 => "Please sign in",
        403 => "You may not do this",
        404 => "Nothing here",
        405 => "That does not work here",
        408 => "That took too long",
        409 => "Not now",
        412 => "Somebody was quicker",
        413 => "Too large",
        415 => "Not a form",
        421 => "Wrong address",
        422 => "That does not fit",
        429 => "Too many attempts",
        503 => "Not available just now",
        status if status >= 500 => "Something went wrong here",
        _ => "That did not work",
    }
}

/// The page where this was asked for: of something that is posted, the page above it.
fn here(context: &Context<'_>) -> String {
    let pairs: Vec<(&str, &str)> = context
        .visit
        .query
        .iter()
        .filter(|(name, _)| name != "done")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    with_query(&context.visit.path, &pairs)
}

/// `/tickets/7/solve` → `/tickets/7`
fn parent(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((above, _)) => above,
    }
}
