//! Programs that the examples are not: checked without a word, generated, and one of them served and asked.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where it can't go on"
)]

use serde_json::{Value, json};
use specc_tests::{Served, root, specc};
use std::path::{Path, PathBuf};
use std::process::Command;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// A copy of the program to build in.
fn work(program: &Path, into: &Path) -> PathBuf {
    let work = into.join(program.file_name().unwrap());
    copy(&program.join("spec"), &work.join("spec"));
    work
}

#[test]
fn every_program_is_clean_and_generated() {
    let mut programs: Vec<PathBuf> = std::fs::read_dir(root().join("tests/programs"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    programs.sort();
    assert!(programs.len() >= 2, "{programs:?}");
    let directory = tempfile::tempdir().unwrap();
    for program in programs {
        let work = work(&program, directory.path());
        let run = |arguments: &[&str]| {
            let output = Command::new(specc())
                .args(arguments)
                .arg(&work)
                .output()
                .unwrap();
            let said = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            assert!(output.status.success(), "{}: {said}", program.display());
            said
        };
        let said = run(&["check"]);
        for word in ["warning", "error"] {
            assert!(!said.contains(word), "{}: {said}", program.display());
        }
        run(&["fmt", "--check"]);
        run(&["build", "--no-compile"]);
        assert!(work.join("app/openapi.json").is_file() || work.join("app/Cargo.toml").is_file());
    }
}

struct Caller<'s> {
    agent: ureq::Agent,
    address: &'s str,
    token: String,
}

impl Caller<'_> {
    fn new<'s>(address: &'s str, email: &str) -> Caller<'s> {
        let mut caller = Caller::visitor(address);
        let (status, answer) = caller.post(
            "/api/tokens",
            &json!({ "email": email, "password": "demo-password" }),
        );
        assert_eq!(status, 201, "{email}: {answer}");
        caller.comes_in(&answer);
        caller
    }

    fn visitor(address: &str) -> Caller<'_> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        Caller {
            agent,
            address,
            token: String::new(),
        }
    }

    /// With what an answer that signs in gives.
    fn comes_in(&mut self, answer: &Value) {
        self.token = format!("Bearer {}", answer["token"].as_str().unwrap());
    }

    fn text(&self, path: &str) -> String {
        let request = self.agent.get(format!("{}{path}", self.address));
        let mut answer = request.header("Authorization", &self.token).call().unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        answer.body_mut().read_to_string().unwrap()
    }

    fn items(&self, path: &str) -> Vec<Value> {
        let list: Value = serde_json::from_str(&self.text(path)).unwrap();
        list["items"].as_array().unwrap().clone()
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let mut request = self.agent.post(format!("{}{path}", self.address));
        if !self.token.is_empty() {
            request = request.header("Authorization", &self.token);
        }
        let mut answer = request.send_json(body).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (
            answer.status().as_u16(),
            serde_json::from_str(&text).unwrap_or(Value::Null),
        )
    }

    fn delete(&self, path: &str) -> (u16, String) {
        let request = self.agent.delete(format!("{}{path}", self.address));
        let mut answer = request.header("Authorization", &self.token).call().unwrap();
        (
            answer.status().as_u16(),
            answer.body_mut().read_to_string().unwrap(),
        )
    }
}

#[test]
fn lettings_are_let_once() {
    let directory = tempfile::tempdir().unwrap();
    let program = work(&root().join("tests/programs/lettings"), directory.path());
    let served = Served::start(&program);
    let klaus = Caller::new(&served.address, "klaus@example.com");
    let lena = Caller::new(&served.address, "lena@example.com");

    // Example data names rows by computed texts and made numbers; Markdown stays Markdown.
    let houses = klaus.items("/api/houses");
    assert_eq!(houses[0]["about"], "By the **lake**, _quiet_");
    let reading = klaus.text("/readings/1");
    assert!(reading.contains("Seestraße 1, 3c"), "{reading}");
    let owed = klaus.items("/api/leases?number=L0002");
    assert_eq!(owed[0]["balance"], "-612.37");
    assert_eq!(owed[0]["fee"], "30.62");

    // A lease without an end lasts, in a range whose end is computed.
    let leases = klaus.items("/api/leases?number=L0001");
    assert_eq!(leases[0]["until"], "9999-12-31");
    let flat = leases[0]["flat"].clone();
    let lease = |begins: &str, ends: Value| {
        let tenant = leases[0]["tenant"].clone();
        json!({ "flat": flat, "tenant": tenant, "begins": begins, "ends": ends, "rent": "600" })
    };
    let (status, answer) = klaus.post("/api/leases", &lease("2040-01-01", Value::Null));
    assert_eq!(status, 422, "{answer}");
    assert_eq!(answer["errors"][0]["rule"], "a-flat-is-let-once-at-a-time");
    let (status, answer) = klaus.post("/api/leases", &lease("2025-01-01", json!("2026-01-01")));
    assert_eq!(status, 201, "{answer}");

    // Who may charge depends on the lease, which the form asks for.
    assert!(klaus.text("/charges/new").contains("name=\"lease\""));

    // Whatever a set must hold stays.
    let insured = lena.items("/api/insurances")[0]["flats"][0].clone();
    let (status, answer) = lena.delete(&format!("/api/flats/{insured}"));
    assert_eq!(status, 409, "{answer}");

    // Nobody is charged twice for one month, and nothing of it is kept.
    let before = klaus.items("/api/charges").len();
    let month = json!({ "month": "2030-01-01" });
    assert_eq!(lena.post("/api/charge-the-rent", &month).0, 204);
    assert_eq!(klaus.items("/api/charges").len(), before + 1);
    let (status, answer) = lena.post("/api/charge-the-rent", &month);
    assert_eq!(status, 409, "{answer}");
    assert_eq!(klaus.items("/api/charges").len(), before + 1);
}

#[test]
fn studios_are_founded_joined_and_billed() {
    let directory = tempfile::tempdir().unwrap();
    let program = work(&root().join("tests/programs/studio"), directory.path());
    let served = Served::start(&program);
    let ines = Caller::new(&served.address, "ines@example.com");
    let olga = Caller::new(&served.address, "olga@example.com");

    // Hours are paid by the hour, and each is billed once.
    let (status, answer) = ines.post("/api/bill/cafe-azul", &json!({}));
    assert_eq!(status, 200, "{answer}");
    let bill = answer["result"].as_str().unwrap();
    let number = bill.split(' ').next().unwrap();
    assert_eq!(
        bill,
        format!("{number} for Café Azul: Sketches, Talk, on paper")
    );
    let invoices = ines.items("/api/invoices");
    assert_eq!(
        (&invoices[0]["net"], &invoices[0]["total"]),
        (&json!("256.50"), &json!("315.50"))
    );
    assert_eq!(ines.post("/api/bill/cafe-azul", &json!({})).0, 409);

    // Nothing of it is there for another studio.
    assert_eq!(olga.items("/api/invoices").len(), 0);
    assert_eq!(olga.post("/api/bill/cafe-azul", &json!({})).0, 404);
    let stolen = json!({ "name": "Stolen", "client": "cafe-azul" });
    let (status, answer) = olga.post("/api/projects", &stolen);
    assert_eq!(
        (status, &answer["errors"][0]["rule"]),
        (422, &json!("reference"))
    );

    // Who founds a studio runs it at once, with numbers of its own.
    let mut nina = Caller::visitor(&served.address);
    let founding = json!({
        "studio": "New", "name": "Nina", "email": "nina@example.com", "password": "long-enough-12"
    });
    let (status, answer) = nina.post("/api/found-a-studio", &founding);
    assert_eq!(
        (status, &answer["result"]),
        (200, &json!("New was founded by Nina"))
    );
    nina.comes_in(&answer);
    assert_eq!(nina.items("/api/users").len(), 1);
    let (status, answer) = nina.post("/api/clients", &json!({ "name": "Café Azul" }));
    assert_eq!(
        (status, &answer["id"]),
        (201, &json!("cafe-azul-2")),
        "{answer}"
    );
    let (status, answer) = nina.post("/api/invoices", &json!({ "client": "cafe-azul-2" }));
    assert_eq!(status, 201, "{answer}");
    assert!(
        answer["id"].as_str().unwrap().ends_with("-0001"),
        "{answer}"
    );

    // Whoever has the code from the mail joins, once.
    let teo = json!({ "email": "teo@example.com" });
    let (status, answer) = nina.post("/api/invitations-2", &teo);
    assert_eq!(status, 201, "{answer}");
    let mail = nina.text("/_outbox");
    let (_, mail) = mail.split_once("Your code is ").unwrap();
    let joining = json!({ "code": &mail[..24], "name": "Teo", "password": "long-enough-12" });
    let mut teo = Caller::visitor(&served.address);
    let (status, answer) = teo.post("/api/join", &joining);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(teo.post("/api/join", &joining).0, 409);
    teo.comes_in(&answer);
    let (_, answer) = teo.post("/api/who-is-here", &json!({}));
    assert_eq!(answer["result"], json!(["Nina", "Teo"]));
    assert_eq!(
        teo.post("/api/invoices", &json!({ "client": "cafe-azul-2" }))
            .0,
        403
    );

    // Who belongs to nobody may do nothing, rather than lack a field that nobody asks for.
    let mut lone = Caller::visitor(&served.address);
    let account = json!({
        "name": "Lone", "email": "lone@example.com", "password": "long-enough-12"
    });
    assert_eq!(lone.post("/api/sign-up", &account).0, 201);
    let (_, answer) = lone.post("/api/tokens", &account);
    lone.comes_in(&answer);
    let (status, answer) = lone.post("/api/clients", &json!({ "name": "Zoo" }));
    assert_eq!(status, 403, "{answer}");
}
