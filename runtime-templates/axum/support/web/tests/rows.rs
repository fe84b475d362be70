//! The JSON interface, spoken over loopback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod desk;

use desk::Desk;
use serde_json::{Value, json};

fn ticket(desk: &Desk, client: &mut desk::Client, subject: &str) -> i64 {
    let answer = client.post("/api/tickets", &json!({ "subject": subject }));
    assert_eq!(answer.status, 201, "{} {}", desk.address, answer.body);
    answer.json()["id"].as_i64().unwrap()
}

#[test]
fn a_row_lives_and_dies() {
    let desk = Desk::open();
    let mut ana = desk.person("Ana", &[]);
    let made = ana.post(
        "/api/tickets",
        &json!({ "subject": "Printer on fire", "due": "2030-01-02", "price": "12.5" }),
    );
    assert_eq!(made.status, 201, "{}", made.body);
    let row = made.json();
    let path = format!("/api/tickets/{}", row["id"]);
    assert_eq!(made.header("location"), Some(path.as_str()));
    assert_eq!(made.header("etag"), Some("\"1\""));
    assert_eq!(row["subject"], "Printer on fire");
    assert_eq!(row["priority"], "normal");
    assert_eq!(row["status"], "open");
    assert_eq!(row["due"], "2030-01-02");
    assert_eq!(row["price"], "12.50");
    assert_eq!(row["version"], 1);
    assert!(row.get("note").is_none(), "private fields stay inside");

    let changed = ana.patch(&path, &json!({ "subject": "Printer smokes" }));
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.json()["version"], 2);
    let json = [("Content-Type", "application/json"), ("If-Match", "\"1\"")];
    assert_eq!(
        ana.send("PATCH", &path, &json, Some("{\"subject\":\"Lost\"}"))
            .status,
        412
    );
    let json = [("Content-Type", "application/json"), ("If-Match", "\"2\"")];
    assert_eq!(
        ana.send("PATCH", &path, &json, Some("{\"subject\":\"Kept\"}"))
            .status,
        200
    );

    let mut max = desk.person("Max", &["agent"]);
    let solved = max.send("POST", &format!("{path}/solve"), &[], None);
    assert_eq!(solved.status, 200, "{}", solved.body);
    assert_eq!(solved.json()["status"], "solved");
    assert_eq!(
        max.send("POST", &format!("{path}/solve"), &[], None).status,
        409
    );
    assert_eq!(
        ana.send("POST", &format!("{path}/solve"), &[], None).status,
        403
    );

    let history = ana.get(&format!("{path}/history"));
    assert_eq!(history.status, 200, "{}", history.body);
    assert!(history.json()["items"].as_array().unwrap().len() >= 4);

    assert_eq!(max.delete(&path).status, 403);
    let mut eve = desk.person("Eve", &["admin"]);
    assert_eq!(eve.delete(&path).status, 204);
    assert_eq!(eve.get(&path).status, 404);
    assert_eq!(eve.delete(&path).status, 404);
}

#[test]
fn nobody_sees_what_is_not_theirs() {
    let desk = Desk::open();
    let mut ana = desk.person("Ana", &[]);
    let mut bob = desk.person("Bob", &[]);
    let id = ticket(&desk, &mut ana, "Secret plan");
    let path = format!("/api/tickets/{id}");
    for answer in [
        bob.get(&path),
        bob.patch(&path, &json!({ "subject": "Mine now" })),
        bob.get(&format!("{path}/history")),
        bob.get(&format!("{path}/comments")),
        bob.post(&format!("{path}/comments"), &json!({ "text": "hello" })),
        bob.get("/api/tickets/999999"),
        bob.get("/api/tickets/x"),
        bob.get("/api/tickets/01"),
        bob.get("/api/nothing"),
        bob.get("/api/tickets/1/2/3/4"),
    ] {
        assert_eq!(answer.status, 404, "{}", answer.body);
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.json()["status"], 404);
    }
    assert_eq!(bob.get("/api/tickets").json()["total"], 0);
    assert_eq!(bob.get("/api/tickets?q=secret").json()["total"], 0);
    let csv = bob.get("/api/tickets.csv");
    assert_eq!(csv.status, 200);
    assert_eq!(csv.body.lines().count(), 1);
    let mut visitor = desk.visitor();
    for path in ["/api/tickets", path.as_str(), "/api/me", "/api/users"] {
        assert_eq!(visitor.get(path).status, 401, "{path}");
    }
    assert_eq!(visitor.post("/api/tickets", &json!({})).status, 401);
    assert_eq!(bob.delete(&path).status, 404);
}

#[test]
fn lists_filter_sort_and_page() {
    let desk = Desk::open();
    let mut ana = desk.person("Ana", &[]);
    for subject in ["Bravo", "Alpha", "Charlie"] {
        ticket(&desk, &mut ana, subject);
    }
    let list = ana.get("/api/tickets?sort=subject&per_page=2").json();
    let subjects: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["subject"].as_str().unwrap())
        .collect();
    assert_eq!(subjects, ["Alpha", "Bravo"]);
    assert_eq!(
        (&list["total"], &list["page"], &list["per_page"]),
        (&json!(3), &json!(1), &json!(2))
    );
    assert_eq!(
        ana.get("/api/tickets?sort=subject&per_page=2&page=2")
            .json()["items"][0]["subject"],
        "Charlie"
    );
    assert_eq!(ana.get("/api/tickets?q=brav").json()["total"], 1);
    assert_eq!(ana.get("/api/tickets?status=open").json()["total"], 3);
    assert_eq!(ana.get("/api/tickets?status=solved").json()["total"], 0);
    for bad in [
        "?nothing=1",
        "?sort=nothing",
        "?page=x",
        "?per_page=0",
        "?status=lost",
        "?due=soon",
    ] {
        let answer = ana.get(&format!("/api/tickets{bad}"));
        assert_eq!(answer.status, 422, "{bad} {}", answer.body);
        assert_eq!(answer.errors().len(), 1, "{}", answer.body);
    }
}

#[test]
fn every_error_is_named_at_once() {
    let desk = Desk::open();
    let mut ana = desk.person("Ana", &[]);
    let answer = ana.post(
        "/api/tickets",
        &json!({ "subject": "x", "priority": "huge", "due": "soon" }),
    );
    assert_eq!(answer.status, 422, "{}", answer.body);
    assert_eq!(answer.errors().len(), 3, "{}", answer.body);
    let answer = ana.post("/api/tickets", &json!({}));
    assert_eq!(answer.errors(), ["subject: required"]);
    let answer = ana.post(
        "/api/tickets",
        &json!({ "subject": "Fine", "priority": "high" }),
    );
    assert_eq!(answer.status, 422);
    assert_eq!(answer.errors(), ["due: high-is-due"]);
    assert_eq!(
        answer.json()["errors"][0]["message"],
        "A high-priority ticket has a due date."
    );
    assert_eq!(
        ana.post(
            "/api/tickets",
            &json!({ "subject": "Fine", "colour": "red" })
        )
        .status,
        422
    );
}

#[test]
fn children_stand_under_their_parent() {
    let desk = Desk::open();
    let mut ana = desk.person("Ana", &[]);
    let id = ticket(&desk, &mut ana, "Printer");
    let path = format!("/api/tickets/{id}/comments");
    let made = ana.post(&path, &json!({ "text": "It burns." }));
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.json()["ticket"], id);
    assert_eq!(ana.get(&path).json()["total"], 1);
    assert_eq!(ana.get("/api/comments").json()["total"], 1);
    let other = ticket(&desk, &mut ana, "Other");
    assert_eq!(
        ana.get(&format!("/api/tickets/{other}/comments")).json()["total"],
        0
    );
    assert_eq!(
        ana.post(&path, &json!({ "text": "x", "ticket": other }))
            .status,
        422
    );
}

#[test]
fn csv_is_safe_to_open() {
    let desk = Desk::open();
    let mut ana = desk.person("Ana", &[]);
    ticket(&desk, &mut ana, "=HYPERLINK(\"x\")");
    let csv = ana.get("/api/tickets.csv");
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(
        csv.body.contains("\"'=HYPERLINK(\"\"x\"\")\""),
        "{}",
        csv.body
    );
    assert!(!csv.body.contains("note"));
}

#[test]
fn bad_requests_are_the_clients_fault() {
    let desk = Desk::open();
    let mut ana = desk.person("Ana", &[]);
    let json = [("Content-Type", "application/json")];
    assert_eq!(
        ana.send("POST", "/api/tickets", &json, Some("{")).status,
        400
    );
    assert_eq!(
        ana.send("POST", "/api/tickets", &json, Some("[]")).status,
        422
    );
    assert_eq!(
        ana.send("POST", "/api/tickets", &json, Some(&"[".repeat(5000)))
            .status,
        400
    );
    assert_eq!(
        ana.send(
            "POST",
            "/api/tickets",
            &[("Content-Type", "text/plain")],
            Some("{}")
        )
        .status,
        415
    );
    let large = format!("{{\"subject\":\"{}\"}}", "x".repeat(2_000_000));
    assert_eq!(
        ana.send("POST", "/api/tickets", &json, Some(&large)).status,
        413
    );
    let wrong = ana.send("PUT", "/api/tickets", &json, Some("{}"));
    assert_eq!(wrong.status, 405);
    assert_eq!(wrong.header("allow"), Some("GET,HEAD,POST"));
    assert_eq!(ana.get("/api/%ff").status, 400);
    assert_eq!(ana.get("/api/tickets/99999999999999999999999").status, 404);
    let head = ana.send("HEAD", "/api/tickets", &[], None);
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    for (subject, due) in [
        (json!(null), json!(7)),
        (json!({}), json!([])),
        (json!("a\u{0}b"), json!("9999-99-99")),
    ] {
        let answer = ana.post("/api/tickets", &json!({ "subject": subject, "due": due }));
        assert_eq!(answer.status, 422, "{}", answer.body);
    }
}

#[test]
fn a_number_too_large_to_count_is_refused_not_left_out() {
    let desk = Desk::open();
    let mut ana = desk.person("Ana", &[]);
    let fits = json!({ "subject": "Server", "price": "7686143364045646.50" });
    let answer = ana.post("/api/tickets", &fits);
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.json()["yearly"], json!("92233720368547758.00"));
    let large = json!({ "subject": "Server", "price": "7686143364045646.51" });
    let answer = ana.post("/api/tickets", &large);
    assert_eq!(
        (answer.status, answer.errors()),
        (422, vec![": arithmetic".to_owned()])
    );
    assert_eq!(ana.get("/api/tickets").json()["total"], json!(1));
}

#[test]
fn json_has_no_hidden_fields() {
    let desk = Desk::open();
    let mut ana = desk.person("Ana", &[]);
    for name in ["_token", "__proto__", "notes"] {
        let answer = ana.post("/api/tickets", &json!({ "subject": "Printer", name: 1 }));
        assert_eq!(answer.status, 422, "{name}: {}", answer.body);
        assert_eq!(answer.errors(), [format!("{name}: read-only")]);
    }
    let id = ticket(&desk, &mut ana, "Printer");
    for name in ["id", "created", "updated"] {
        let given = json!({ "subject": "Printer", name: 1 });
        for answer in [
            ana.post("/api/tickets", &given),
            ana.patch(&format!("/api/tickets/{id}"), &given),
        ] {
            assert_eq!(answer.errors(), [format!("{name}: read-only")]);
        }
    }
}

#[test]
fn whoever_sends_too_much_hears_about_it() {
    use std::io::{Read as _, Write as _};
    let desk = Desk::open();
    let mut stream = std::net::TcpStream::connect(desk.address).unwrap();
    let head = "POST /api/tokens HTTP/1.1\r\nHost: desk\r\nContent-Type: application/json\r\n";
    let large = vec![b' '; 3_000_000];
    write!(stream, "{head}Content-Length: {}\r\n\r\n", large.len()).unwrap();
    stream.write_all(&large).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
    let mut stream = std::net::TcpStream::connect(desk.address).unwrap();
    write!(stream, "{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n").unwrap();
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 400");
}

#[test]
fn the_description_covers_every_address() {
    let desk = Desk::open();
    let mut visitor = desk.visitor();
    let answer = visitor.get("/openapi.json");
    assert_eq!(answer.status, 200);
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    for path in [
        "/api/tickets",
        "/api/tickets/{id}",
        "/api/tickets/{id}/solve",
        "/api/tickets/{id}/comments",
        "/api/sign-up",
        "/api/tickets.csv",
    ] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    let new = &document["components"]["schemas"]["TicketNew"];
    assert_eq!(new["required"], json!(["subject"]));
    assert_eq!(new["properties"]["subject"]["maxLength"], 120);
    assert_eq!(
        new["properties"]["priority"]["enum"],
        json!(["low", "normal", "high", null])
    );
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
    let mut ids = std::collections::BTreeSet::new();
    for path in document["paths"].as_object().unwrap().values() {
        for (_, operation) in path
            .as_object()
            .unwrap()
            .iter()
            .filter(|(key, _)| *key != "parameters")
        {
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
                "{operation}"
            );
            assert!(operation["responses"].is_object());
        }
    }
}

fn collect(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                if key == "$ref" {
                    out.extend(value.as_str().map(str::to_owned));
                }
                collect(value, out);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, out)),
        _ => {}
    }
}

#[test]
fn who_is_refused_before_the_body_is_read_is_told_that_the_connection_ends() {
    use std::io::{Read, Write};
    let desk = Desk::open();
    let mut stream = std::net::TcpStream::connect(desk.address).unwrap();
    // The body is on its way only.
    let head = "POST /api/tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0_u8; 4096];
    let length = stream.read(&mut answer).unwrap();
    let refused = String::from_utf8_lossy(&answer[..length]).to_lowercase();
    assert!(refused.starts_with("http/1.1 401"), "{refused}");
    assert!(refused.contains("connection: close"), "{refused}");
}
