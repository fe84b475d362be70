//! Accounts, sessions and what keeps them safe, over loopback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod desk;

use desk::{Desk, PASSWORD};
use serde_json::json;
use web::Options;

#[test]
fn somebody_signs_up_and_out_again() {
    let desk = Desk::open();
    let mut ana = desk.visitor();
    let answer = ana.post(
        "/api/sign-up",
        &json!({ "email": "Ana@Example.com", "password": PASSWORD, "name": "Ana" }),
    );
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert!(
        desk.mail("ana@example.com").is_none(),
        "there is nothing to confirm"
    );
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("session=")
            && cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let me = ana.get("/api/me");
    assert_eq!(me.json()["roles"], json!(["customer"]));
    assert_eq!(me.header("cache-control"), Some("no-store"));
    let old = ana.cookie.clone();
    assert_eq!(ana.delete("/api/session").status, 204);
    ana.cookie = old;
    assert_eq!(
        ana.get("/api/me").status,
        401,
        "a session that ended stays ended"
    );
    let again = ana.post(
        "/api/sign-up",
        &json!({ "email": "ana@example.COM", "password": PASSWORD, "name": "Ana" }),
    );
    assert_eq!(again.status, 422);
    assert_eq!(again.errors(), ["email: unique"]);
}

/// The letters with two dots in one character each, and in two.
const COMPOSED: &str = "grün wie früher";
const APART: &str = "gru\u{308}n wie fru\u{308}her";

#[test]
fn a_password_is_the_same_however_its_letters_are_put_together() {
    let desk = Desk::open();
    for (given, later) in [(COMPOSED, APART), (APART, COMPOSED)] {
        let email = format!("u\u{308}{}@example.com", given.len());
        let same = email.replace("u\u{308}", "Ü");
        let mut ana = desk.visitor();
        let body = json!({ "email": email, "password": given, "name": "Ana" });
        assert_eq!(ana.post("/api/sign-up", &body).status, 201);
        let mut log_in = |email: &str, password: &str| {
            let body = json!({ "email": email, "password": password });
            let token = ana.post("/api/tokens", &body).status;
            let form = [
                ("Content-Type", "application/x-www-form-urlencoded"),
                ("Sec-Fetch-Site", "same-origin"),
            ];
            let body = form_urlencoded::Serializer::new(String::new())
                .append_pair("email", email)
                .append_pair("password", password)
                .finish();
            let page = ana.send("POST", "/login", &form, Some(&body)).status;
            (token, page)
        };
        for password in [given, later] {
            for email in [&email, &same] {
                assert_eq!(log_in(email, password), (201, 303), "{email} {password}");
            }
        }
        assert_eq!(log_in(&email, "grun wie fruher").0, 401);
        assert_eq!(log_in(&email, &format!("{given} ")).0, 401);

        // Changed in one form, it is asked for in the other; so is one that a link sets.
        let body = json!({ "current": later, "password": format!("{given}!") });
        ana.cookie = None;
        let session = json!({ "email": same, "password": later });
        assert_eq!(ana.post("/api/session", &session).status, 201);
        let json = [("Content-Type", "application/json")];
        let changed = ana.send("POST", "/api/me/password", &json, Some(&body.to_string()));
        assert_eq!(changed.status, 200, "{}", changed.body);
        let session = json!({ "email": same, "password": format!("{later}!") });
        assert_eq!(ana.post("/api/session", &session).status, 201);
        let reset = json!({ "email": same });
        assert!(ana.post("/api/password-reset", &reset).status < 300);
        let token = desk.link(&kernel::read::composed(&email));
        let body = json!({ "token": token, "password": format!("{later}?") });
        assert_eq!(ana.post("/api/password-reset/redeem", &body).status, 200);
        let session = json!({ "email": email, "password": format!("{given}?") });
        assert_eq!(ana.post("/api/session", &session).status, 201);
    }
    // Ten letters are ten, in however many characters they come.
    let mut eve = desk.visitor();
    for dots in ["\u{fc}".repeat(9), "u\u{308}".repeat(9)] {
        let body = json!({ "email": "eve@example.com", "password": dots, "name": "Eve" });
        assert_eq!(
            eve.post("/api/sign-up", &body).errors(),
            ["password: length"]
        );
    }
}

#[test]
fn sign_up_names_every_error() {
    let desk = Desk::open();
    let mut visitor = desk.visitor();
    let answer = visitor.post(
        "/api/sign-up",
        &json!({ "email": "nobody", "password": "short" }),
    );
    assert_eq!(answer.status, 422);
    let mut errors = answer.errors();
    errors.sort();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert_eq!(
        visitor
            .post(
                "/api/sign-up",
                &json!({ "email": 1, "password": 2, "name": 3 })
            )
            .status,
        422
    );
    assert_eq!(visitor.post("/api/tokens", &json!({})).errors().len(), 2);
}

#[test]
fn a_wrong_password_and_an_unknown_user_look_alike() {
    let desk = Desk::open();
    desk.person("Ana", &[]);
    let mut visitor = desk.visitor();
    let wrong = visitor.post(
        "/api/tokens",
        &json!({ "email": "ana@example.com", "password": "not the one" }),
    );
    let unknown = visitor.post(
        "/api/tokens",
        &json!({ "email": "eve@example.com", "password": "not the one" }),
    );
    assert_eq!((wrong.status, &wrong.body), (unknown.status, &unknown.body));
    assert_eq!(wrong.status, 401);
}

#[test]
fn guessing_is_slowed_down() {
    let desk = Desk::open();
    let mut visitor = desk.visitor();
    let mut last = None;
    for _ in 0..12 {
        last = Some(visitor.post(
            "/api/session",
            &json!({ "email": "ana@example.com", "password": "guess" }),
        ));
    }
    let last = last.unwrap();
    assert_eq!(last.status, 429);
    assert!(last.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
}

#[test]
fn a_password_change_ends_every_session() {
    let desk = Desk::open();
    let mut token = desk.person("Ana", &[]);
    let mut browser = desk.visitor();
    let answer = browser.post(
        "/api/session",
        &json!({ "email": "ana@example.com", "password": PASSWORD }),
    );
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(
        browser.get("/api/me/sessions").json()["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let old = browser.cookie.clone();
    let body = json!({ "current": "wrong", "password": "another long one" });
    assert_eq!(
        browser.post("/api/me/password", &body).errors(),
        ["current: password"]
    );
    let body = json!({ "current": PASSWORD, "password": "another long one" });
    assert_eq!(browser.post("/api/me/password", &body).status, 200);
    assert_eq!(browser.get("/api/me").status, 200);
    assert_eq!(token.get("/api/me").status, 401);
    browser.cookie = old;
    assert_eq!(browser.get("/api/me").status, 401);
}

#[test]
fn a_forgotten_password_is_replaced_once() {
    let desk = Desk::open();
    desk.person("Ana", &[]);
    let mut visitor = desk.visitor();
    let known = visitor.post(
        "/api/password-reset",
        &json!({ "email": "ana@example.com" }),
    );
    let unknown = visitor.post(
        "/api/password-reset",
        &json!({ "email": "eve@example.com" }),
    );
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    assert_eq!(known.status, 202);
    let token = desk.link("ana@example.com");
    let body = json!({ "token": token, "password": "a new password" });
    assert_eq!(
        visitor
            .post(
                "/api/password-reset/redeem",
                &json!({ "token": token, "password": "x" })
            )
            .status,
        422
    );
    assert_eq!(
        visitor.post("/api/password-reset/redeem", &body).status,
        200
    );
    assert_eq!(
        visitor.post("/api/password-reset/redeem", &body).errors(),
        ["token: expired"]
    );
    let body = json!({ "email": "ana@example.com", "password": "a new password" });
    assert_eq!(desk.visitor().post("/api/tokens", &body).status, 201);
}

#[test]
fn an_address_is_confirmed_first_where_that_is_asked() {
    let desk = Desk::with(
        Options {
            dev: true,
            ..Options::default()
        },
        &desk::app::CONFIRMING,
    );
    let mut ana = desk.visitor();
    let body = json!({ "email": "ana@example.com", "password": PASSWORD, "name": "Ana" });
    assert_eq!(ana.post("/api/sign-up", &body).status, 202);
    assert_eq!(
        ana.post("/api/sign-up", &body).status,
        202,
        "the same answer for a known address"
    );
    let token = {
        // The second mail tells of the account; the link is in the first.
        let mails = desk
            .engine
            .read(|reader| engine::mail::outbox(reader, 10))
            .unwrap();
        let text = mails
            .iter()
            .find(|mail| mail.text.contains("/link/"))
            .unwrap()
            .text
            .clone();
        let at = text.find("/link/").unwrap() + 6;
        text[at..at + 43].to_owned()
    };
    let login = json!({ "email": "ana@example.com", "password": PASSWORD });
    assert_eq!(ana.post("/api/session", &login).status, 403);
    let token = if ana
        .post("/api/email-confirmation", &json!({ "token": token }))
        .status
        == 204
    {
        None
    } else {
        Some(desk.link("ana@example.com"))
    };
    if let Some(token) = token {
        assert_eq!(
            ana.post("/api/email-confirmation", &json!({ "token": token }))
                .status,
            204
        );
    }
    assert_eq!(ana.post("/api/session", &login).status, 201);
}

#[test]
fn people_are_invited_and_given_roles() {
    let desk = Desk::open();
    let mut eve = desk.person("Eve", &["admin"]);
    let mut ana = desk.person("Ana", &[]);
    let body = json!({ "email": "max@example.com", "name": "Max", "roles": ["agent"] });
    assert_eq!(ana.post("/api/invitations", &body).status, 403);
    assert_eq!(desk.visitor().post("/api/invitations", &body).status, 401);
    let invited = eve.post("/api/invitations", &body);
    assert_eq!(invited.status, 201, "{}", invited.body);
    let id = invited.json()["id"].as_i64().unwrap();
    let token = desk.link("max@example.com");
    let mut max = desk.visitor();
    assert_eq!(
        max.post(
            "/api/invitations/redeem",
            &json!({ "token": token, "password": PASSWORD })
        )
        .status,
        200
    );
    assert_eq!(max.get("/api/me").json()["roles"], json!(["agent"]));
    let path = format!("/api/users/{id}/roles");
    let json = [("Content-Type", "application/json")];
    assert_eq!(
        ana.send("PUT", &path, &json, Some("{\"roles\":[\"admin\"]}"))
            .status,
        403
    );
    assert_eq!(
        eve.send("PUT", &path, &json, Some("{\"roles\":[\"king\"]}"))
            .status,
        422
    );
    assert_eq!(
        eve.send("PUT", &path, &json, Some("{\"roles\":[]}")).status,
        200
    );
    assert_eq!(
        max.get("/api/me").json()["roles"],
        json!([]),
        "roles are forgotten at once"
    );
    assert_eq!(
        eve.post("/api/invitations", &body).errors(),
        ["email: unique"]
    );
}

#[test]
fn an_account_can_be_deleted_by_its_owner() {
    let desk = Desk::open();
    let mut ana = desk.person("Ana", &[]);
    let path = "/api/me";
    let json = [("Content-Type", "application/json")];
    assert_eq!(
        ana.send("DELETE", path, &json, Some("{\"password\":\"wrong\"}"))
            .status,
        422
    );
    let body = json!({ "password": PASSWORD }).to_string();
    assert_eq!(ana.send("DELETE", path, &json, Some(&body)).status, 204);
    assert_eq!(ana.get("/api/me").status, 401);
    let login = json!({ "email": "ana@example.com", "password": PASSWORD });
    assert_eq!(desk.visitor().post("/api/tokens", &login).status, 401);
    let mut bob = desk.person("Bob", &[]);
    assert_eq!(
        bob.post("/api/tickets", &json!({ "subject": "Mine" }))
            .status,
        201
    );
    assert_eq!(
        bob.send("DELETE", path, &json, Some(&body)).status,
        409,
        "a ticket needs its requester"
    );
}

#[test]
fn other_sites_can_do_nothing() {
    let desk = Desk::open();
    let mut ana = desk.visitor();
    ana.post(
        "/api/sign-up",
        &json!({ "email": "ana@example.com", "password": PASSWORD, "name": "Ana" }),
    );
    let body = json!({ "subject": "Evil" }).to_string();
    let mut send = |headers: &[(&str, &str)]| {
        let mut all = vec![("Content-Type", "application/json")];
        all.extend_from_slice(headers);
        ana.send("POST", "/api/tickets", &all, Some(&body)).status
    };
    assert_eq!(send(&[("Sec-Fetch-Site", "cross-site")]), 403);
    assert_eq!(send(&[("Sec-Fetch-Site", "same-site")]), 403);
    assert_eq!(send(&[("Origin", "https://evil.example")]), 403);
    assert_eq!(send(&[("Origin", "null")]), 403);
    assert_eq!(
        send(&[("Origin", &format!("http://{}", desk.address))]),
        201
    );
    assert_eq!(send(&[("Sec-Fetch-Site", "same-origin")]), 201);
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(
        ana.send("POST", "/logout", &form, Some("")).status,
        403,
        "a form without its token"
    );
    assert_eq!(
        ana.send(
            "POST",
            "/api/tickets",
            &[("Content-Type", "text/plain")],
            Some("{}")
        )
        .status,
        403
    );
}

#[test]
fn every_answer_is_guarded() {
    let desk = Desk::open();
    let mut visitor = desk.visitor();
    for path in [
        "/login",
        "/api/me",
        "/nothing-here",
        "/openapi.json",
        "/healthz",
    ] {
        let answer = visitor.get(path);
        for header in [
            "x-content-type-options",
            "referrer-policy",
            "content-security-policy",
            "x-request-id",
        ] {
            assert!(answer.header(header).is_some(), "{path} lacks {header}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src")
                && policy.contains("frame-ancestors 'none'")
                && !policy.contains("unsafe")
        );
        assert!(answer.header("access-control-allow-origin").is_none());
        assert!(answer.header("strict-transport-security").is_none());
    }
    assert_eq!(visitor.get("/nothing-here").status, 404);
    assert_eq!(visitor.get("/readyz").status, 200);
    let metrics = visitor.get("/metrics");
    assert!(
        metrics.body.contains("http_requests_total{status=\"2xx\"}"),
        "{}",
        metrics.body
    );
    assert_eq!(
        visitor
            .send("GET", "/metrics", &[("X-Forwarded-For", "9.9.9.9")], None)
            .status,
        404
    );
}

#[test]
fn https_is_stricter_and_names_are_checked() {
    let options = Options {
        public_url: Some("https://desk.example".to_owned()),
        hosts: vec!["desk.example".to_owned()],
        ..Options::default()
    };
    let desk = Desk::with(options, &desk::app::DESK);
    let mut visitor = desk.visitor();
    assert_eq!(visitor.get("/api/me").status, 421);
    let host = [
        ("Host", "desk.example"),
        ("Content-Type", "application/json"),
    ];
    let body =
        json!({ "email": "ana@example.com", "password": PASSWORD, "name": "Ana" }).to_string();
    let answer = visitor.send("POST", "/api/sign-up", &host, Some(&body));
    assert_eq!(answer.status, 201, "{}", answer.body);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-session=") && cookie.contains("; Secure"),
        "{cookie}"
    );
    assert!(answer.header("strict-transport-security").is_some());
    assert_eq!(
        visitor
            .send("GET", "/_outbox", &[("Host", "desk.example")], None)
            .status,
        404
    );
}

#[test]
fn example_data_is_written_once() {
    let desk = Desk::open();
    let planted = web::seed::plant(&desk.engine, None, Some("demo password".to_owned())).unwrap();
    assert_eq!(planted.rows, 2);
    assert_eq!(
        planted.people,
        [("max@desk.example".to_owned(), vec!["agent"])]
    );
    assert_eq!(
        web::seed::plant(&desk.engine, Some("demo"), None)
            .unwrap()
            .rows,
        0
    );
    assert!(web::seed::plant(&desk.engine, Some("lost"), None).is_err());
    let mut max = desk.visitor();
    let login = json!({ "email": "max@desk.example", "password": "demo password" });
    assert_eq!(max.post("/api/session", &login).status, 201);
    assert_eq!(
        max.get("/api/tickets").json()["items"][0]["status"],
        "solved"
    );
}
