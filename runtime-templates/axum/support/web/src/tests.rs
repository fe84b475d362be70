//! Small things that need no server.

#![allow(clippy::unwrap_used)]

use crate::accounts::{normal_email, password};
use crate::{body, respond, session, visit};
use engine::refusal::{FieldError, Refusal};
use http::{HeaderMap, HeaderValue, StatusCode, header};

#[test]
fn only_addresses_of_the_app_are_gone_to() {
    for (given, taken) in [
        ("/tickets?x=1", "/tickets?x=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("", "/"),
    ] {
        assert_eq!(respond::local_path(given), taken, "{given:?}");
    }
}

#[test]
fn cookies_are_read_by_name() {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::COOKIE,
        HeaderValue::from_static("a=1; session=abc;b=2"),
    );
    assert_eq!(visit::cookie(&headers, "session"), Some("abc"));
    assert_eq!(visit::cookie(&headers, "ession"), None);
    assert!(
        session::cookie("x", 60, true)
            .starts_with("__Host-session=x; Path=/; Max-Age=60; HttpOnly")
    );
}

#[test]
fn secrets_stay_out_of_debug_output() {
    let secret = session::Secret::new().unwrap();
    assert_eq!(secret.text.len(), 43);
    assert_ne!(secret.text, session::Secret::new().unwrap().text);
    assert_eq!(format!("{secret:?}"), "Secret(…)");
    assert_ne!(session::form_token(&secret.text), secret.text);
}

#[test]
fn media_types_are_compared_without_parameters() {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("Application/JSON; charset=utf-8"),
    );
    assert!(body::is_json(&headers));
    assert!(body::is_empty(&headers));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("3"));
    assert!(!body::is_empty(&headers));
}

#[test]
fn refusals_have_their_status() {
    let invalid = Refusal::Invalid(vec![FieldError {
        field: "due".into(),
        rule: "r",
        message: "m".to_owned(),
    }]);
    assert_eq!(
        respond::refusal(&invalid).status(),
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let busy = respond::refusal(&Refusal::TooMany { retry_after: 7 });
    assert_eq!(busy.headers().get(header::RETRY_AFTER).unwrap(), "7");
    let fault = respond::refusal(&Refusal::Fault("secret cause".to_owned()));
    assert_eq!(fault.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[test]
fn a_password_fits_its_hash_only() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let hashing = password::Hashing::new();
    runtime.block_on(async {
        let stored = hashing.hash("pass wörd".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(
            hashing
                .verify("pass wörd".to_owned(), Some(stored.clone()))
                .await
                .unwrap()
        );
        assert!(
            !hashing
                .verify("pass word".to_owned(), Some(stored))
                .await
                .unwrap()
        );
        assert!(
            !hashing
                .verify("nobody has this password".to_owned(), None)
                .await
                .unwrap()
        );
    });
}

#[test]
fn addresses_have_one_form() {
    assert_eq!(normal_email(" Ana@Example.COM "), "ana@example.com");
    assert_eq!(normal_email("U\u{308}@x.example"), "ü@x.example");
}
