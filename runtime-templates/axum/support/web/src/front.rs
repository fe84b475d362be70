//! What happens around every request: host and cross-site checks before it, security headers, request ids, metrics and
//! logs after it. One function, no layers.

use crate::body::{self, NeedsToken};
use crate::pages;
use crate::respond;
use crate::session;
use crate::site::Site;
use crate::unread;
use crate::visit::{self, Peer, Visit};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, StatusCode, Uri};
use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tower_service::Service as _;

/// Longest address of a request.
const LONGEST_URI: usize = 8 * 1024;

/// A request slower than this is logged whatever it was.
const SLOW: Duration = Duration::from_millis(500);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

static COUNT: AtomicU64 = AtomicU64::new(1);

/// Whether this address answers JSON.
#[must_use]
pub fn is_api(path: &str) -> bool {
    path == "/api"
        || path.starts_with("/api/")
        || matches!(path, "/openapi.json" | "/healthz" | "/readyz" | "/metrics")
}

/// Answers one request.
pub async fn answer(site: Site, mut router: Router, peer: Peer, mut request: Request) -> Response {
    let started = Instant::now();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    request.extensions_mut().insert(peer);
    let https = visit::is_https(&site, request.headers());
    let method = request.method().clone();
    let path = request.uri().clone();
    let personal = request.headers().contains_key(header::COOKIE)
        || request.headers().contains_key(header::AUTHORIZATION);
    if !site.paths.is_empty()
        && let Some(meant) = crate::paths::meant(&site.paths, request.uri())
    {
        *request.uri_mut() = meant;
    }
    let unread = unread::follow(&mut request);
    let mut response = match check(&site, &mut request, https) {
        Ok(()) => match router.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        Err((status, detail)) => refuse(&site, request, status, detail),
    };
    finish(&path, &mut response, https, personal);
    if unread.is_some_and(|body| body.is_left()) {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    let took = started.elapsed();
    let status = response.status();
    site.metrics.answered(status, took);
    response
        .headers_mut()
        .insert(REQUEST_ID, HeaderValue::from(count));
    log(&method, path.path(), status, took, count);
    response
}

fn check(
    site: &Site,
    request: &mut Request,
    https: bool,
) -> Result<(), (StatusCode, &'static str)> {
    let uri = request.uri();
    let length = uri.path().len() + uri.query().map_or(0, str::len);
    if length > LONGEST_URI {
        return Err((StatusCode::URI_TOO_LONG, "The address is too long."));
    }
    let headers = request.headers();
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    if !site.options.hosts.is_empty() {
        let name = host.map(host_name).unwrap_or_default();
        let known = site
            .options
            .hosts
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name));
        let probe = matches!(uri.path(), "/healthz" | "/readyz");
        if !known && !probe {
            return Err((
                StatusCode::MISDIRECTED_REQUEST,
                "This app does not answer to that name.",
            ));
        }
    }
    let method = request.method();
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    // A token in a header is something no other site can make a browser send.
    if headers.contains_key(header::AUTHORIZATION) {
        return Ok(());
    }
    let refused = Err((
        StatusCode::FORBIDDEN,
        "This came from another site, so nothing was done.",
    ));
    if let Some(site_kind) = headers
        .get("sec-fetch-site")
        .and_then(|value| value.to_str().ok())
    {
        return if matches!(site_kind, "same-origin" | "none") {
            Ok(())
        } else {
            refused
        };
    }
    if let Some(origin) = headers.get(header::ORIGIN) {
        let own = origin
            .to_str()
            .is_ok_and(|origin| is_own(site, origin, host));
        return if own { Ok(()) } else { refused };
    }
    let has_session = visit::cookie(headers, session::cookie_name(https)).is_some();
    // The browser is too old to say where it comes from, or this is no browser. Without a session there is nothing to
    // abuse; JSON and methods other than POST need a preflight, which is never granted; a form sends its type along.
    if !has_session
        || *method != Method::POST
        || !headers.contains_key(header::CONTENT_TYPE)
        || body::is_json(headers)
    {
        return Ok(());
    }
    if body::is_type(headers, "application/x-www-form-urlencoded") {
        request.extensions_mut().insert(NeedsToken);
        return Ok(());
    }
    refused
}

fn is_own(site: &Site, origin: &str, host: Option<&str>) -> bool {
    if let Some(public) = &site.options.public_url
        && public.trim_end_matches('/').eq_ignore_ascii_case(origin)
    {
        return true;
    }
    let Some((_, authority)) = origin.split_once("://") else {
        return false;
    };
    host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
}

/// The name in `name:port` or `[address]:port`.
fn host_name(host: &str) -> &str {
    if host.starts_with('[') {
        return host.split_inclusive(']').next().unwrap_or(host);
    }
    host.split(':').next().unwrap_or(host)
}

fn refuse(site: &Site, request: Request, status: StatusCode, detail: &str) -> Response {
    let (parts, _) = request.into_parts();
    if is_api(parts.uri.path()) {
        return respond::problem(status, detail);
    }
    match Visit::read(site, &parts) {
        Ok(visit) => pages::error(site, &visit, status, detail),
        Err(refusal) => respond::refusal(&refusal),
    }
}

fn finish(uri: &Uri, response: &mut Response, https: bool, personal: bool) {
    let api = is_api(uri.path());
    if response.status() == StatusCode::METHOD_NOT_ALLOWED
        && !response.headers().contains_key(header::CONTENT_TYPE)
    {
        explain_method(response, api);
    }
    let headers = response.headers_mut();
    headers.reserve(14);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    if api {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        );
    } else {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
                 frame-ancestors 'none'",
            ),
        );
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        );
        headers.insert(
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        );
        headers.insert(
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_static("camera=(), microphone=(), geolocation=()"),
        );
    }
    if https {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        let value = if personal || headers.contains_key(header::SET_COOKIE) {
            "no-store"
        } else {
            "no-cache"
        };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(value));
        headers.insert(
            header::VARY,
            HeaderValue::from_static("cookie, authorization"),
        );
    }
}

fn explain_method(response: &mut Response, api: bool) {
    let allow = response.headers().get(header::ALLOW).cloned();
    let detail = match allow.as_ref().and_then(|value| value.to_str().ok()) {
        Some(allow) => format!("This address takes {}.", allow.replace(',', ", ")),
        None => "This address does not take that method.".to_owned(),
    };
    let mut explained = if api {
        respond::problem(StatusCode::METHOD_NOT_ALLOWED, &detail)
    } else {
        respond::with_type(
            StatusCode::METHOD_NOT_ALLOWED,
            "text/plain; charset=utf-8",
            detail,
        )
    };
    if let Some(allow) = allow {
        explained.headers_mut().insert(header::ALLOW, allow);
    }
    *response = explained;
}

fn log(method: &Method, path: &str, status: StatusCode, took: Duration, count: u64) {
    let wrote = !matches!(*method, Method::GET | Method::HEAD);
    if status.is_server_error() || wrote || took > SLOW || tracing::enabled!(tracing::Level::DEBUG)
    {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let path = &*redacted(path);
        let status_code = status.as_u16();
        if status.is_server_error() {
            tracing::error!(request = count, %method, path, status = status_code, took_us, "request");
        } else if wrote || took > SLOW {
            tracing::info!(request = count, %method, path, status = status_code, took_us, "request");
        } else {
            tracing::debug!(request = count, %method, path, status = status_code, took_us, "request");
        }
    }
}

/// Secrets that stand in a path (one-time links) stay out of the log.
fn redacted(path: &str) -> Cow<'_, str> {
    let plain = !path.contains(char::is_control) && !path.split('/').any(|piece| piece.len() == 43);
    if plain {
        return Cow::Borrowed(path);
    }
    path.split('/')
        .map(|piece| if piece.len() == 43 { "…" } else { piece })
        .collect::<Vec<_>>()
        .join("/")
        .chars()
        .filter(|character| !character.is_control())
        .collect()
}

/// The answer of the router where there is no such address.
pub async fn not_found(
    axum::extract::State(site): axum::extract::State<Site>,
    request: Request<Body>,
) -> Response {
    refuse(
        &site,
        request,
        StatusCode::NOT_FOUND,
        "There is nothing at this address.",
    )
}
