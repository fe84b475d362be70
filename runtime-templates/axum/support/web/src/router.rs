//! Which address is answered by whom.

use crate::site::Site;
use crate::visit::{self, Peer};
use crate::{api, front, openapi, pages, respond};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get};
use http::header::FORWARDED;
use http::{HeaderName, HeaderValue, StatusCode};

/// Names under `/api` that belong to accounts; no entity may have them.
pub const RESERVED: &[&str] = &[
    "email-confirmation",
    "invitations",
    "me",
    "password-reset",
    "session",
    "sign-up",
    "tokens",
];

/// Everything the app answers.
pub fn build(site: &Site) -> Router {
    let router = Router::new();
    #[cfg(feature = "verification")]
    let router = router.merge(crate::verification::routes());
    router
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(description))
        .route("/api", any(api::answer))
        .route("/api/", any(api::answer))
        .route("/api/{*rest}", any(api::answer))
        .merge(pages::routes(site))
        .fallback(front::not_found)
        .with_state(site.clone())
}

/// The process answers.
async fn health() -> Response {
    respond::with_type(StatusCode::OK, "application/json", "{\"status\":\"ok\"}")
}

/// The store answers.
async fn ready(State(site): State<Site>) -> Response {
    let answer = site.engine.read(|reader| {
        let one: i64 = reader
            .prepare_cached("SELECT 1")?
            .query_row([], |row| row.get(0))?;
        Ok(one)
    });
    match answer {
        Ok(_) => respond::with_type(StatusCode::OK, "application/json", "{\"status\":\"ready\"}"),
        Err(_) => respond::problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "The store does not answer.",
        ),
    }
}

/// Counters, for this machine only.
async fn metrics(State(site): State<Site>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let local = parts
        .extensions
        .get::<Peer>()
        .is_some_and(|peer| peer.0.to_canonical().is_loopback());
    let forwarded = parts.headers.contains_key(FORWARDED)
        || parts
            .headers
            .contains_key(HeaderName::from_static("x-forwarded-for"));
    // Through a proxy that is not known as one, nobody can tell who asks.
    let own =
        site.options.behind_proxy && visit::peer_of(&site, &parts).to_canonical().is_loopback();
    if !local || (forwarded && !own) {
        return respond::problem(StatusCode::NOT_FOUND, "There is nothing at this address.");
    }
    let mail = site.engine.read(engine::mail::counts).unwrap_or_default();
    respond::with_type(
        StatusCode::OK,
        "text/plain; version=0.0.4; charset=utf-8",
        site.metrics.text(site.app.name, mail),
    )
}

/// The description of the JSON interface.
async fn description(State(site): State<Site>) -> Response {
    let text = site
        .openapi
        .get_or_init(|| openapi::bytes(site.app).into())
        .clone();
    let mut response = respond::with_type(StatusCode::OK, "application/json", text);
    response.headers_mut().insert(
        http::header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=60"),
    );
    response
}
