//! Every example program: generated twice with the same bytes, free of warnings, served, and asked.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where it can't go on"
)]

use serde_json::{Value, json};
use specc_tests::{Served, apps_target, copy, files, program, root, specc};
use std::path::{Path, PathBuf};
use std::process::Command;

fn generate(program: &Path) -> PathBuf {
    let output = Command::new(specc())
        .arg("build")
        .arg(program)
        .arg("--no-compile")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    program.join("app")
}

fn lint(app: &Path) {
    let output = Command::new("cargo")
        .args(["clippy", "--locked", "--quiet", "--", "-D", "warnings"])
        .env("CARGO_TARGET_DIR", apps_target())
        .current_dir(app)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "clippy:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// rustfmt changes nothing, in no crate of the app.
fn formatted(app: &Path) {
    let output = Command::new("cargo")
        .args(["fmt", "--all", "--check", "--", "--color", "never"])
        .current_dir(app)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "cargo fmt:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into()
}

fn get(agent: &ureq::Agent, url: &str, token: Option<&str>) -> (u16, String) {
    let mut request = agent.get(url);
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let mut answer = request.call().unwrap();
    (
        answer.status().as_u16(),
        answer.body_mut().read_to_string().unwrap(),
    )
}

/// Asks everything that takes no argument, as a visitor and as each demo user: never a 5xx,
/// and what the description says exists, exists.
fn ask(address: &str, log: &str) {
    let agent = agent();
    for path in ["/healthz", "/readyz", "/", "/login"] {
        let (status, body) = get(&agent, &format!("{address}{path}"), None);
        assert_eq!(status, 200, "{path}: {body}");
    }
    let (status, text) = get(&agent, &format!("{address}/openapi.json"), None);
    assert_eq!(status, 200);
    let description: Value = serde_json::from_str(&text).unwrap();
    let paths: Vec<String> = description["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(path, item)| !path.contains('{') && item.get("get").is_some())
        .map(|(path, _)| path.clone())
        .collect();
    assert!(!paths.is_empty());
    let users: Vec<&str> = log
        .lines()
        .skip_while(|line| !line.starts_with("demo log-ins"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(!users.is_empty(), "no demo log-ins in:\n{log}");
    let mut tokens = vec![None];
    for user in users {
        let body = json!({ "email": user, "password": "demo-password" });
        let mut answer = agent
            .post(format!("{address}/api/tokens"))
            .send_json(&body)
            .unwrap();
        let status = answer.status().as_u16();
        if status == 429 {
            break;
        }
        assert_eq!(status, 201, "{user} can't sign in");
        let token: Value =
            serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        tokens.push(Some(token["token"].as_str().unwrap().to_owned()));
    }
    let mut rows = 0;
    for token in &tokens {
        for path in &paths {
            let (status, body) = get(&agent, &format!("{address}{path}"), token.as_deref());
            assert!([200, 401, 403].contains(&status), "{path}: {status} {body}");
            if status == 200
                && let Ok(list) = serde_json::from_str::<Value>(&body)
                && let Some(items) = list["items"].as_array()
            {
                rows += items.len();
                let has_rows = |(template, item): (&String, &Value)| {
                    item.get("get").is_some()
                        && template.strip_prefix(path.as_str()).is_some_and(|rest| {
                            rest.starts_with("/{")
                                && rest.ends_with('}')
                                && rest.matches('/').count() == 1
                        })
                };
                let templates = description["paths"].as_object().unwrap();
                let one_by_one = templates.iter().any(has_rows);
                for item in items.iter().take(if one_by_one { 3 } else { 0 }) {
                    let one = format!("{address}{path}/{}", item["id"]);
                    let (status, body) = get(&agent, &one, token.as_deref());
                    assert_eq!(status, 200, "{one}: {body}");
                }
            }
        }
    }
    assert!(
        rows > 10,
        "only {rows} rows were seen by anybody: the seeds are not there"
    );
}

#[test]
fn every_example_compiles_is_clean_and_answers() {
    let mut seen = 0;
    let mut examples: Vec<PathBuf> = std::fs::read_dir(root().join("examples"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    examples.sort();
    for example in examples
        .into_iter()
        .filter(|example| example.join("spec").is_dir())
    {
        println!("{}", example.display());
        let work = tempfile::tempdir().unwrap();
        let copied = work.path().join(example.file_name().unwrap());
        copy(&example.join("spec"), &copied.join("spec"));
        let program = program(&example);
        let (app, again) = (generate(&program), generate(&copied));
        let (first, second) = (files(&app), files(&again));
        assert!(first.keys().eq(second.keys()), "different files");
        for (path, bytes) in &first {
            assert!(
                second.get(path) == Some(bytes),
                "{} differs between two builds",
                path.display()
            );
        }
        formatted(&app);
        lint(&app);
        let served = Served::start(&program);
        ask(&served.address, &served.log());
        seen += 1;
    }
    assert!(seen >= 4, "only {seen} examples");
}
