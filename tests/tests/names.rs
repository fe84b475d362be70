//! Names that mean something to Rust, SQL, HTML or the app itself, names of many scripts, and sentences that would
//! end a string or comment early: they give a working app or an error that says so.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where it can't go on"
)]

#[path = "names/program.rs"]
mod program;

use serde_json::{Value, json};
use specc_tests::{Served, apps_target, specc};
use std::path::Path;
use std::process::Command;

struct Client {
    agent: ureq::Agent,
    address: String,
    token: String,
}

impl Client {
    fn new(address: &str, email: &str) -> Client {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .into();
        let body = json!({ "email": email, "password": "demo-password" });
        let mut answer = agent
            .post(format!("{address}/api/tokens"))
            .send_json(&body)
            .unwrap();
        let token: Value =
            serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        Client {
            agent,
            address: address.to_owned(),
            token: format!("Bearer {}", token["token"].as_str().unwrap()),
        }
    }

    fn get(&self, path: &str) -> (u16, String) {
        let request = self.agent.get(format!("{}{path}", self.address));
        let mut answer = request.header("Authorization", &self.token).call().unwrap();
        (
            answer.status().as_u16(),
            answer.body_mut().read_to_string().unwrap(),
        )
    }

    fn post(&self, path: &str, body: &Value) -> (u16, String) {
        let request = self.agent.post(format!("{}{path}", self.address));
        let mut answer = request
            .header("Authorization", &self.token)
            .send_json(body)
            .unwrap();
        (
            answer.status().as_u16(),
            answer.body_mut().read_to_string().unwrap(),
        )
    }

    fn list(&self, path: &str) -> Vec<Value> {
        let (status, text) = self.get(path);
        assert_eq!(status, 200, "{path}: {text}");
        let list: Value = serde_json::from_str(&text).unwrap();
        list["items"].as_array().unwrap().clone()
    }
}

#[test]
fn any_name_becomes_a_working_app() {
    let work = tempfile::tempdir().unwrap();
    std::fs::create_dir(work.path().join("spec")).unwrap();
    std::fs::write(work.path().join("spec/app.md"), program::text()).unwrap();
    let built = Command::new(specc())
        .args(["build", "--no-compile"])
        .arg(work.path())
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    warnings(&work.path().join("app"));
    let served = Served::start(work.path());
    let client = Client::new(&served.address, "ana@example.com");
    every_list_and_page(&client);
    parameters_of_lists_and_fields_of_that_name(&client);
    what_was_written_comes_back(&client);
    every_post(&client);
}

/// The code is as clean as any.
fn warnings(app: &Path) {
    let output = Command::new("cargo")
        .args(["clippy", "--locked", "--quiet", "--", "-D", "warnings"])
        .env("CARGO_TARGET_DIR", apps_target())
        .current_dir(app)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn description(client: &Client) -> serde_json::Map<String, Value> {
    let (status, text) = client.get("/openapi.json");
    assert_eq!(status, 200);
    let value: Value = serde_json::from_str(&text).unwrap();
    value["paths"].as_object().unwrap().clone()
}

fn every_list_and_page(client: &Client) {
    let mut lists = 0;
    for (path, item) in description(client) {
        if path.contains('{') || item.get("get").is_none() {
            continue;
        }
        let (status, text) = client.get(&path);
        assert_eq!(status, 200, "{path}: {text}");
        lists += 1;
        let accounts = ["/api/me", "/api/tokens", "/api/session", "/api/invitations"];
        let of_an_entity = path.matches('/').count() == 2 && !accounts.contains(&path.as_str());
        if of_an_entity && text.starts_with("{\"items\"") {
            for page in ["", "/new"] {
                let page = format!("/{}{page}", path.trim_start_matches("/api/"));
                let (status, text) = client.get(&page);
                assert!([200, 303, 403].contains(&status), "{page}: {status} {text}");
                assert!(!text.contains("<script>alert"), "{page}");
            }
        }
    }
    assert!(lists > 80, "only {lists} lists");
}

/// Whatever can be posted gets an answer that is nobody's fault, and most of it is done.
fn every_post(client: &Client) {
    let own = [
        "/api/session",
        "/api/tokens",
        "/api/sign-up",
        "/api/password-reset",
        "/api/me",
        "/api/email",
    ];
    let (mut done, mut steps) = (0, 0);
    for (path, item) in description(client) {
        let Some(post) = item.get("post") else {
            continue;
        };
        if own.iter().any(|own| {
            path == *own || path.starts_with(&format!("{own}/")) || path.starts_with("/api/email")
        }) {
            continue;
        }
        let body = body(client, post);
        let (status, text) = client.post(&path.replace("{id}", "1"), &body);
        assert!(status < 500, "{path}: {status} {text}");
        assert!(
            [200, 201, 204, 403, 404, 409, 422].contains(&status),
            "{path}: {status} {text}"
        );
        done += usize::from(status < 300);
        steps += usize::from(status < 300 && path.contains("{id}"));
    }
    assert!(
        done > 150 && steps > 60,
        "only {done} were done, {steps} of them on rows"
    );
}

/// What an operation asks for at least.
fn body(client: &Client, post: &Value) -> Value {
    let mut schema = post["requestBody"]["content"]["application/json"]["schema"].clone();
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|name| name.rsplit('/').next())
    {
        let (_, text) = client.get("/openapi.json");
        let all: Value = serde_json::from_str(&text).unwrap();
        schema = all["components"]["schemas"][name].clone();
    }
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut body = serde_json::Map::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if !required.contains(&name.as_str()) {
            continue;
        }
        let kind = property["type"]
            .as_str()
            .or_else(|| property["type"][0].as_str())
            .unwrap_or_default();
        let value = match (property["enum"].get(0), kind) {
            (Some(first), _) => first.clone(),
            (None, "integer") => json!(1),
            (None, "boolean") => json!(true),
            _ => json!(format!("{name}'; --")),
        };
        body.insert(name.clone(), value);
    }
    Value::Object(body)
}

fn what_was_written_comes_back(client: &Client) {
    let names: Vec<Value> = client
        .list("/api/selects?per_page=200&sort=id")
        .into_iter()
        .map(|row| row["name"].clone())
        .collect();
    for (name, seen) in program::NAMES.iter().zip(&names) {
        assert_eq!(seen, name);
    }
    // Two inputs that are written alike in Latin letters are two all the same.
    let mut body = body(client, &description(client)["/api/main"]["post"]);
    body["piao_ju"] = json!("first");
    body["piao_ju_2"] = json!("second");
    let (status, text) = client.post("/api/main", &body);
    assert!(status < 300, "{text}");
    let after = client.list("/api/selects?per_page=200&sort=id");
    assert_eq!(after.len(), names.len() + 1);
    assert_eq!(after[names.len()]["name"], "first");
}

/// A list's own parameters keep their meaning; fields of that name are asked for with `_is`.
fn parameters_of_lists_and_fields_of_that_name(client: &Client) {
    assert_eq!(client.list("/api/comments?page=1").len(), 2);
    assert_eq!(client.list("/api/comments?page_is=2").len(), 1);
    assert_eq!(client.list("/api/comments?sort_is=new&sort=-id").len(), 1);
    let (status, page) = client.get("/pages/1");
    assert_eq!(status, 200, "{page}");
    assert!(
        !page.contains("?page=1"),
        "a part's list is asked for by its parent, not by a page"
    );
}

#[test]
fn names_that_cannot_be_are_errors() {
    for name in [
        "../../etc/passwd",
        "a\"b",
        "a`b",
        "<b>",
        "a;b",
        "👍",
        "1st",
        "_x",
        "-",
        "a/b",
        "a\\b",
        "a.b",
        "a{b}",
        "zero\u{200b}width",
        "right\u{202e}left",
        &"x".repeat(1000),
    ] {
        for heading in ["Entity: ", "Choice: ", "Action: ", "Function: "] {
            let work = tempfile::tempdir().unwrap();
            std::fs::create_dir(work.path().join("spec")).unwrap();
            let body = "| Field | Type | Rules |\n|---|---|---|\n| x | text | |\n";
            std::fs::write(
                work.path().join("spec/app.md"),
                format!("# A\n\n## {heading}{name}\n\n{body}"),
            )
            .unwrap();
            let checked = Command::new(specc())
                .arg("check")
                .arg(work.path())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&checked.stderr).into_owned();
            assert_eq!(checked.status.code(), Some(1), "{heading}{name}: {said}");
            assert!(!said.contains("panicked"), "{said}");
        }
    }
}
