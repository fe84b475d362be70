//! Every address that answers with a page. Knows no entity by name: all of it follows from the app's description.

mod account;
mod address;
mod after;
pub mod context;
pub(crate) mod csv;
mod detail;
mod edit;
mod enter;
mod fields;
mod filters;
mod home;
mod list;
mod operation;
mod outbox;
mod people;
mod problem;
mod result;

#[cfg(test)]
mod tests;

use crate::respond;
use crate::{Site, Visit};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use context::{Context, assets};
use engine::refusal::Refusal;
use http::StatusCode;
use http::header::CACHE_CONTROL;

/// The pages of this site, its style and script included.
pub fn routes(site: &Site) -> Router<Site> {
    let _ = assets(site.app);
    Router::new()
        .route("/", get(home::home))
        .route("/static/{file}", get(file))
        .route("/sign-up", get(enter::sign_up).post(enter::do_sign_up))
        .route("/login", get(enter::login).post(enter::do_login))
        .route("/logout", post(enter::logout))
        .route(
            "/forgot-password",
            get(enter::forgot).post(enter::do_forgot),
        )
        .route("/link/{token}", get(enter::link).post(enter::do_link))
        .route("/account", get(account::account))
        .route("/account/password", post(account::password))
        .route("/account/sessions/{id}/revoke", post(account::revoke))
        .route(
            "/account/sessions/others/revoke",
            post(account::revoke_others),
        )
        .route("/account/tokens/{id}/revoke", post(account::revoke_token))
        .route(
            "/account/delete",
            get(account::ask_delete).post(account::delete),
        )
        .route("/account/people", get(people::people))
        .route("/account/people/invite", post(people::invite))
        .route("/account/people/{id}/roles", post(people::roles))
        .route("/_outbox", get(outbox::outbox))
        .route(
            "/do/{slug}",
            get(operation::ask_own).post(operation::run_own),
        )
        .route("/do/{slug}/{result}", get(result::result))
        .route("/{entity}", get(list::list))
        .route("/{entity}/new", get(edit::new).post(edit::create))
        .route("/{entity}/options", get(edit::options))
        .route("/{entity}/{id}", get(detail::detail))
        .route("/{entity}/{id}/edit", get(edit::edit).post(edit::update))
        .route(
            "/{entity}/{id}/delete",
            get(edit::ask_delete).post(edit::delete),
        )
        .route(
            "/{entity}/{id}/{operation}",
            get(operation::ask).post(operation::run),
        )
}

/// Any status as a page; `detail` is a sentence for people.
#[must_use]
pub fn error(site: &Site, visit: &Visit, status: StatusCode, detail: &str) -> Response {
    problem::draw(&Context::new(site, visit), status, detail)
}

/// `GET /static/app.0a1b2c3d4e5f.css`
async fn file(State(site): State<Site>, visit: Visit) -> Response {
    match assets(site.app).get(&visit.path) {
        Some(asset) => {
            let response =
                respond::with_type(StatusCode::OK, asset.media_type, asset.body.as_str());
            respond::with_header(
                response,
                CACHE_CONTROL,
                "public, max-age=31536000, immutable",
            )
        }
        None => Context::new(&site, &visit).refuse(&Refusal::NotFound),
    }
}
