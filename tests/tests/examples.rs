//! Every example program: generated twice with the same bytes, free of warnings, served, and asked; and the tests it is
//! given pass, and fail where the app is wrong.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where it can't go on"
)]

use serde_json::{Value, json};
use specc_tests::{Served, apps_target, copy, files, program, root, specc};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// The programs' folders are shared.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

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

fn lint(app: &Path, targets: &[&str]) {
    let output = Command::new("cargo")
        .args(["clippy", "--locked", "--quiet"])
        .args(targets)
        .args(["--", "-D", "warnings"])
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
    let _guard = ONE_AT_A_TIME.lock();
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
        lint(&app, &[]);
        lint(&app, &["--all-targets"]);
        let served = Served::start(&program);
        ask(&served.address, &served.log());
        seen += 1;
    }
    assert!(seen >= 4, "only {seen} examples");
}

/// One folder for the tests of all apps, so that what they share is compiled once.
fn tested(app: &Path) -> PathBuf {
    let folder = root().join("target/programs/tested");
    let wanted = files(app);
    let there = files(&folder);
    for path in there.keys().filter(|path| !wanted.contains_key(*path)) {
        std::fs::remove_file(folder.join(path)).unwrap();
    }
    for (path, bytes) in &wanted {
        if there.get(path) != Some(bytes) {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    folder
}

/// `cargo test` as the owner of an app runs it: whether it passes, and what it says.
fn own_tests(app: &Path) -> (bool, String) {
    let output = Command::new("cargo")
        .args(["test", "--locked", "--quiet", "--test", "scenarios"])
        .env("CARGO_TARGET_DIR", apps_target())
        .current_dir(app)
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.success(), said)
}

#[test]
fn the_scenarios_are_tests_of_the_app() {
    let _guard = ONE_AT_A_TIME.lock();
    let programs = [
        ("examples/bookings", 12),
        ("examples/helpdesk", 12),
        ("examples/journal", 11),
        ("examples/purchasing", 11),
        // Every kind of step and of value.
        ("tests/programs/ferry", 5),
    ];
    for (name, count) in programs {
        let app = generate(&program(&root().join(name)));
        let app = tested(&app);
        formatted(&app);
        let (passes, said) = own_tests(&app);
        assert!(passes, "{name}: {said}");
        assert!(
            said.contains(&format!("ok. {count} passed")),
            "{name}: {said}"
        );
    }
    // What is built along with the tests has no door for them.
    let binary = std::fs::read(apps_target().join("debug/app")).unwrap();
    let holds = |text: &str| {
        let mut parts = binary.windows(text.len());
        parts.any(|part| part == text.as_bytes())
    };
    assert!(holds("/healthz") && !holds("/verification/") && !holds("this can't be given"));

    // A sentence leads to the tests that quote it.
    let helpdesk = root().join("examples/helpdesk");
    let text = std::fs::read_to_string(helpdesk.join("spec/app.md")).unwrap();
    for part in [
        "- Only unsolved tickets can be taken over. `",
        "- And Max gets 1 e-mail",
    ] {
        let at = text.lines().position(|line| line.contains(part)).unwrap();
        let output = Command::new(specc())
            .args(["trace", &format!("spec/app.md:{}", at + 1)])
            .arg(program(&helpdesk))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let test = "test      app/tests/scenarios/app.rs:";
        assert!(said.contains(test), "{part}: {said}");
    }

    // An app that is wrong fails its tests.
    let app = tested(&generate(&program(&helpdesk)));
    for (file, right, wrong, test) in [
        (
            "src/ticket/policy.rs",
            "Grant::when(\"t.requester = :me\", ALL)",
            "Grant::always(ALL)",
            "a_customer_sees_only_their_own_tickets",
        ),
        (
            "src/ticket/lifecycle.rs",
            "to: \"pending\"",
            "to: \"open\"",
            "only_support_staff_answer",
        ),
    ] {
        let path = app.join(file);
        let whole = std::fs::read_to_string(&path).unwrap();
        assert!(whole.contains(right), "{file} has no {right}");
        std::fs::write(&path, whole.replacen(right, wrong, 1)).unwrap();
        let (passes, said) = own_tests(&app);
        std::fs::write(&path, whole).unwrap();
        assert!(!passes && said.contains(test), "{wrong}: {said}");
    }
}
