//! Reads what a client sends: bounded, of the right type, whole within a time limit.

use crate::front::is_api;
use crate::pages;
use crate::respond;
use crate::site::Site;
use crate::visit::{TOKEN_FIELD, Visit, pairs};
use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use http::{HeaderValue, StatusCode};
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// The largest body, in bytes.
pub const LARGEST: usize = 1024 * 1024;

/// How long a client may take to send its body.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much of a body that is too large is read and thrown away, so that a client still writing it gets to the answer.
const DRAINED: usize = 16 * LARGEST;

/// How long that may take.
const DRAINING: Duration = Duration::from_secs(5);

/// How deep JSON may nest.
const DEEPEST: usize = 32;

/// The most pairs of a form.
const MOST_PAIRS: usize = 2000;

/// The browser did not say where the request comes from, so the form must carry its token.
/// Put into a request's extensions by the front.
#[derive(Debug, Clone, Copy)]
pub struct NeedsToken;

/// The pairs of a posted form, in order.
#[derive(Debug, Clone)]
pub struct Form(pub Vec<(String, String)>);

impl FromRequest<Site> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Site) -> Result<Form, Response> {
        let (parts, body) = request.into_parts();
        let fail = |status: StatusCode, detail: &str| {
            if is_api(parts.uri.path()) {
                return respond::problem(status, detail);
            }
            match Visit::read(site, &parts) {
                Ok(visit) => pages::error(site, &visit, status, detail),
                Err(refusal) => respond::refusal(&refusal),
            }
        };
        let empty = is_empty(&parts.headers);
        if !empty && !is_type(&parts.headers, "application/x-www-form-urlencoded") {
            return Err(fail(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Send a form as application/x-www-form-urlencoded.",
            ));
        }
        let bytes = match read(&parts.headers, body).await {
            Ok(bytes) => bytes,
            Err((status, detail)) => return Err(fail(status, detail)),
        };
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return Err(fail(StatusCode::BAD_REQUEST, "The form is not UTF-8."));
        };
        let pairs = pairs(text);
        if pairs.len() > MOST_PAIRS {
            return Err(fail(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The form has too many fields.",
            ));
        }
        if parts.extensions.get::<NeedsToken>().is_some() {
            let visit = Visit::read(site, &parts).map_err(|refusal| respond::refusal(&refusal))?;
            let wanted = visit.form_token();
            let given = pairs
                .iter()
                .find(|(key, _)| key == TOKEN_FIELD)
                .map_or("", |(_, value)| value.as_str());
            if visit.by_cookie() && !bool::from(wanted.as_bytes().ct_eq(given.as_bytes())) {
                return Err(fail(
                    StatusCode::FORBIDDEN,
                    "This form has expired. Load the page again.",
                ));
            }
        }
        Ok(Form(pairs))
    }
}

/// A JSON object as sent to `/api`; an empty body is an empty object.
///
/// # Errors
/// A problem answer: 400 malformed, 413 too large, 415 not JSON, 422 not an object.
pub async fn json_object(
    headers: &HeaderMap,
    body: Body,
) -> Result<serde_json::Map<String, serde_json::Value>, Response> {
    if is_empty(headers) {
        return Ok(serde_json::Map::new());
    }
    if !is_json(headers) {
        return Err(respond::problem(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send JSON with Content-Type: application/json.",
        ));
    }
    let bytes = read(headers, body)
        .await
        .map_err(|(status, detail)| respond::problem(status, detail))?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(serde_json::Map::new());
    }
    if too_deep(&bytes) {
        return Err(respond::problem(
            StatusCode::BAD_REQUEST,
            "The JSON nests too deeply.",
        ));
    }
    match serde_json::from_slice(&bytes) {
        Ok(serde_json::Value::Object(object)) => Ok(object),
        Ok(_) => Err(respond::refusal(&respond::invalid(
            "",
            "type",
            "Send a JSON object.",
        ))),
        Err(error) => Err(respond::problem(
            StatusCode::BAD_REQUEST,
            &format!("The body is not JSON: {error}."),
        )),
    }
}

/// There is no body at all.
#[must_use]
pub fn is_empty(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH).map(HeaderValue::as_bytes);
    match length {
        Some(length) => length == b"0",
        None => !headers.contains_key(http::header::TRANSFER_ENCODING),
    }
}

/// The media type of the body is this one.
#[must_use]
pub fn is_type(headers: &HeaderMap, wanted: &str) -> bool {
    media_type(headers).is_some_and(|given| given.eq_ignore_ascii_case(wanted))
}

/// The body is JSON, by its type.
#[must_use]
pub fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|given| {
        given.eq_ignore_ascii_case("application/json")
            || given.eq_ignore_ascii_case("application/merge-patch+json")
    })
}

fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(str::trim)
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, (StatusCode, &'static str)> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    let too_large = (
        StatusCode::PAYLOAD_TOO_LARGE,
        "The body is too large; at most 1 MB.",
    );
    let mut body = body;
    let whole = if announced.is_some_and(|length| length > LARGEST as u64) {
        Ok(None)
    } else {
        match tokio::time::timeout(PATIENCE, gather(&mut body)).await {
            Ok(gathered) => gathered,
            Err(_) => return Err((StatusCode::REQUEST_TIMEOUT, "The body took too long.")),
        }
    };
    match whole {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => {
            let _ = tokio::time::timeout(DRAINING, drain(&mut body)).await;
            Err(too_large)
        }
        Err(_) => Err((
            StatusCode::BAD_REQUEST,
            "The body ended early, or is not well-formed.",
        )),
    }
}

/// The next piece of a body; none at its end.
async fn piece(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    loop {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
        match frame.map(|frame| frame.into_data().ok()) {
            Ok(Some(bytes)) => return Some(Ok(bytes)),
            Ok(None) => {}
            Err(error) => return Some(Err(error)),
        }
    }
}

/// The whole body; none if it is too large.
async fn gather(body: &mut Body) -> Result<Option<Bytes>, axum::Error> {
    let mut whole = BytesMut::new();
    while let Some(bytes) = piece(body).await {
        let bytes = bytes?;
        if whole.len() + bytes.len() > LARGEST {
            return Ok(None);
        }
        whole.extend_from_slice(&bytes);
    }
    Ok(Some(whole.freeze()))
}

/// Reads on, without keeping anything.
async fn drain(body: &mut Body) {
    let mut left = DRAINED;
    while let Some(Ok(bytes)) = piece(body).await {
        if bytes.len() > left {
            return;
        }
        left -= bytes.len();
    }
}

fn too_deep(bytes: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut escaped = false;
    for byte in bytes {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}
