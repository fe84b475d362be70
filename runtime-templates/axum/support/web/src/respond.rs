//! Answers that JSON addresses and pages have in common, and refusals as problem details (RFC 9457).

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use engine::refusal::{FieldError, Refusal};
use http::header::{CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

/// An answer with this body.
#[must_use]
pub fn with_type(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A page.
#[must_use]
pub fn html(body: String) -> Response {
    html_status(StatusCode::OK, body)
}

/// A page with a status.
#[must_use]
pub fn html_status(status: StatusCode, body: String) -> Response {
    with_type(status, "text/html; charset=utf-8", body)
}

/// JSON that is written already.
#[must_use]
pub fn json_bytes(status: StatusCode, body: Vec<u8>) -> Response {
    with_type(status, "application/json", body)
}

/// JSON.
#[must_use]
pub fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    json_bytes(status, body.to_string().into_bytes())
}

/// Nothing to say.
#[must_use]
pub fn no_content() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Go there with GET. Only addresses of this app: anything else leads to `/`.
#[must_use]
pub fn see_other(path: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    with_header(response, LOCATION, local_path(path))
}

/// The path if it stays in this app, `/` otherwise.
#[must_use]
pub fn local_path(path: &str) -> &str {
    let second = path.as_bytes().get(1);
    let local = path.starts_with('/')
        && !matches!(second, Some(b'/' | b'\\'))
        && !path
            .bytes()
            .any(|byte| byte.is_ascii_control() || byte == b'\\');
    if local { path } else { "/" }
}

/// Sets a header; a value that no header can hold is left out.
#[must_use]
pub fn with_header(mut response: Response, name: http::HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Adds a `Set-Cookie` header.
#[must_use]
pub fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}

/// The entity tag of a row's version.
#[must_use]
pub fn with_version(response: Response, version: i64) -> Response {
    with_header(response, ETAG, &format!("\"{version}\""))
}

/// The status a refusal has.
#[must_use]
pub fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Unauthenticated => StatusCode::UNAUTHORIZED,
        Refusal::Forbidden => StatusCode::FORBIDDEN,
        Refusal::NotFound => StatusCode::NOT_FOUND,
        Refusal::Stale => StatusCode::PRECONDITION_FAILED,
        Refusal::Conflict { .. } => StatusCode::CONFLICT,
        Refusal::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Fault(_) | Refusal::Pending(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What a refusal says to people, in one sentence.
#[must_use]
pub fn sentence_of(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Unauthenticated => "Log in to do this.".to_owned(),
        Refusal::Forbidden => "You may not do this.".to_owned(),
        Refusal::NotFound => "There is nothing here, or you may not see it.".to_owned(),
        Refusal::Stale => {
            "Somebody changed this in the meantime. Look at it again before you change it."
                .to_owned()
        }
        Refusal::Conflict { message, .. } => message.clone(),
        Refusal::Invalid(errors) => match errors.as_slice() {
            [one] => one.message.clone(),
            _ => "Some of what was sent does not fit.".to_owned(),
        },
        Refusal::TooMany { retry_after } => {
            format!("Too many attempts. Try again in {retry_after} seconds.")
        }
        Refusal::Fault(_) | Refusal::Pending(_) => {
            "Something went wrong here. It has been noted.".to_owned()
        }
    }
}

/// A refusal as problem details, for `/api`. Faults are logged, never shown.
#[must_use]
pub fn refusal(refusal: &Refusal) -> Response {
    let status = status_of(refusal);
    let detail = sentence_of(refusal);
    let mut extra = serde_json::Map::new();
    match refusal {
        Refusal::Conflict { rule, message } => {
            extra.insert(
                "errors".to_owned(),
                errors_json(&[FieldError {
                    field: "".into(),
                    rule,
                    message: message.clone(),
                }]),
            );
        }
        Refusal::Invalid(errors) => {
            extra.insert("errors".to_owned(), errors_json(errors));
        }
        Refusal::Fault(cause) => tracing::error!(cause = %cause, "the server failed"),
        _ => {}
    }
    let response = problem_with(status, &detail, extra);
    match refusal {
        Refusal::TooMany { retry_after } => {
            with_header(response, RETRY_AFTER, &retry_after.to_string())
        }
        _ => response,
    }
}

/// Problem details without more than a sentence.
#[must_use]
pub fn problem(status: StatusCode, detail: &str) -> Response {
    problem_with(status, detail, serde_json::Map::new())
}

fn problem_with(
    status: StatusCode,
    detail: &str,
    extra: serde_json::Map<String, serde_json::Value>,
) -> Response {
    let mut body = serde_json::Map::new();
    body.insert("type".to_owned(), "about:blank".into());
    body.insert(
        "title".to_owned(),
        status.canonical_reason().unwrap_or("Refused").into(),
    );
    body.insert("status".to_owned(), status.as_u16().into());
    body.insert("detail".to_owned(), detail.into());
    body.extend(extra);
    let body = serde_json::Value::Object(body).to_string();
    let response = with_type(status, "application/problem+json", body);
    if status == StatusCode::UNAUTHORIZED {
        return with_header(response, WWW_AUTHENTICATE, "Bearer");
    }
    response
}

fn errors_json(errors: &[FieldError]) -> serde_json::Value {
    errors
        .iter()
        .map(|error| serde_json::json!({"field": error.field, "rule": error.rule, "message": error.message}))
        .collect()
}

/// One thing that is wrong with what was sent.
#[must_use]
pub fn invalid(field: &'static str, rule: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::Invalid(vec![FieldError {
        field: field.into(),
        rule,
        message: message.into(),
    }])
}
