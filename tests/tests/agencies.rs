//! Agencies that share a program, goods with a field of every type, and a meter that writes much: what each person is
//! told over HTTP, by every door.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where it can't go on"
)]

#[path = "agencies/lists.rs"]
mod lists;
#[path = "agencies/pages.rs"]
mod pages;
#[path = "agencies/people.rs"]
mod people;
#[path = "agencies/tenants.rs"]
mod tenants;

use serde_json::{Value, json};
use specc_tests::{Served, program, root};

fn serve() -> Served {
    Served::start(&program(&root().join("tests/programs/agencies")))
}

/// Somebody of the demo data, signed in.
struct Person<'s> {
    agent: ureq::Agent,
    address: &'s str,
    token: String,
    cookie: String,
}

impl Person<'_> {
    fn visitor(served: &Served) -> Person<'_> {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .into();
        Person {
            agent,
            address: &served.address,
            token: String::new(),
            cookie: String::new(),
        }
    }

    fn new<'s>(served: &'s Served, name: &str) -> Person<'s> {
        let mut person = Person::visitor(served);
        let email = format!("{name}@example.com");
        let body = json!({ "email": email, "password": "demo-password" });
        let (status, answer) = person.post("/api/tokens", &body);
        assert_eq!(status, 201, "{name}: {answer}");
        person.token = format!("Bearer {}", answer["token"].as_str().unwrap());
        let form = [("email", email.as_str()), ("password", "demo-password")];
        let answer = person
            .agent
            .post(format!("{}/login", person.address))
            .header("Sec-Fetch-Site", "same-origin")
            .send_form(form)
            .unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        person.cookie = cookie.split(';').next().unwrap().to_owned();
        person
    }

    fn run(&self, method: &str, path: &str, kind: &str, body: String) -> (u16, String) {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address));
        if path.starts_with("/api/") {
            if !self.token.is_empty() {
                request = request.header("Authorization", &self.token);
            }
        } else {
            request = request
                .header("Cookie", &self.cookie)
                .header("Sec-Fetch-Site", "same-origin");
        }
        if !body.is_empty() {
            request = request.header("Content-Type", kind);
        }
        let mut answer = self.agent.run(request.body(body).unwrap()).unwrap();
        let status = answer.status().as_u16();
        if status == 303 {
            return (
                status,
                answer.headers()["location"].to_str().unwrap().to_owned(),
            );
        }
        let limited = answer.body_mut().with_config().limit(100 * 1024 * 1024);
        let text = limited.read_to_string().unwrap();
        assert!(status < 500, "{method} {path}: {text}");
        (status, text)
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.run("GET", path, "", String::new())
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (status, text) = self.run(method, path, "application/json", body.to_string());
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.json("POST", path, body)
    }

    fn form(&self, path: &str, body: &str) -> (u16, String) {
        let kind = "application/x-www-form-urlencoded";
        self.run("POST", path, kind, body.to_owned())
    }

    /// What a list answers; it must be there.
    fn list(&self, path: &str) -> Value {
        let (status, text) = self.get(path);
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// One field of every row of a list.
    fn column(&self, path: &str, field: &str) -> Vec<String> {
        let list = self.list(path);
        let items = list["items"].as_array().unwrap();
        let texts = items.iter().map(|row| match &row[field] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        texts.collect()
    }
}
