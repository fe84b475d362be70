//! The command line as a user meets it: streams, exit codes, words.

#![expect(clippy::unwrap_used, reason = "a test ends where it can't go on")]

use std::path::Path;
use std::process::{Command, Output};

fn specc(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_specc"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn program(text: &str) -> tempfile::TempDir {
    let work = tempfile::tempdir().unwrap();
    std::fs::create_dir(work.path().join("spec")).unwrap();
    std::fs::write(work.path().join("spec/app.md"), text).unwrap();
    work
}

const GOOD: &str = "---
app: Notes
---
# Notes

## Roles

- **Writer**: anyone who signs up. `sign-up`

## Entity: Note

| Field | Type | Rules    |
|-------|------|----------|
| text  | text | required |
| owner | User | required, default me, fixed |

### Access

| Who    | Can         | When |
|--------|-------------|------|
| Writer | create text |      |
| owner  | read        |      |
";

#[test]
fn a_new_program_checks() {
    for example in ["helpdesk", "bookings", "purchasing", "journal"] {
        let work = tempfile::tempdir().unwrap();
        let made = specc(&["new", "mine", "--from", example], work.path());
        assert_eq!(made.status.code(), Some(0), "{}", err(&made));
        let checked = specc(&["check", "mine"], work.path());
        assert_eq!(
            checked.status.code(),
            Some(0),
            "{example}: {}",
            err(&checked)
        );
        let formatted = specc(&["fmt", "--check", "mine"], work.path());
        assert_eq!(
            formatted.status.code(),
            Some(0),
            "{example} is not formatted: {}",
            out(&formatted)
        );
        let again = specc(&["new", "mine"], work.path());
        assert_eq!(again.status.code(), Some(2));
        assert!(err(&again).contains("is there already"), "{}", err(&again));
    }
}

#[test]
fn errors_stand_at_their_line_and_give_exit_code_1() {
    let work = program(&GOOD.replace("| owner  | read", "| ownr   | read"));
    let checked = specc(&["check"], work.path());
    assert_eq!(checked.status.code(), Some(1));
    let text = err(&checked);
    assert!(
        text.contains("spec/app.md:22") && text.contains("owner"),
        "{text}"
    );
    assert_eq!(out(&checked), "", "data only on standard output");
    let json = specc(&["check", "--format", "json"], work.path());
    let value: serde_json::Value = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!(value["diagnostics"][0]["line"], 22);
    let sarif = specc(&["check", "--format", "sarif"], work.path());
    let value: serde_json::Value = serde_json::from_str(&out(&sarif)).unwrap();
    assert_eq!(value["version"], "2.1.0");
}

#[test]
fn no_spec_is_usage_and_says_the_next_step() {
    let work = tempfile::tempdir().unwrap();
    for command in ["check", "build", "plan", "ir", "steps", "fmt"] {
        let output = specc(&[command], work.path());
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(
            err(&output).contains("specc new"),
            "{command}: {}",
            err(&output)
        );
    }
}

#[test]
fn every_name_is_explained() {
    let work = tempfile::tempdir().unwrap();
    let list = out(&specc(&["explain"], work.path()));
    let names: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() >= 40, "only {} diagnostics", names.len());
    for name in names {
        let page = specc(&["explain", name], work.path());
        assert_eq!(
            page.status.code(),
            Some(0),
            "{name} has no page: {}",
            err(&page)
        );
    }
    let unknown = specc(&["explain", "unknown-feild"], work.path());
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        err(&unknown).contains("did you mean unknown-field"),
        "{}",
        err(&unknown)
    );
}

#[test]
fn data_goes_to_standard_output() {
    let work = program(GOOD);
    let ir = specc(&["ir"], work.path());
    assert_eq!(ir.status.code(), Some(0), "{}", err(&ir));
    let value: serde_json::Value = serde_json::from_str(&out(&ir)).unwrap();
    assert_eq!(value["format_version"], 1);
    let schema: serde_json::Value =
        serde_json::from_str(&out(&specc(&["ir", "--schema"], work.path()))).unwrap();
    assert!(schema["$schema"].is_string());
    let steps = out(&specc(&["steps"], work.path()));
    assert!(steps.contains("Note"), "{steps}");
    assert!(out(&specc(&["completions", "bash"], work.path())).contains("specc"));
    assert!(out(&specc(&["man"], work.path())).contains(".TH"));
}

#[test]
fn a_plan_changes_nothing_and_a_build_is_repeatable() {
    let work = program(GOOD);
    let plan = specc(&["plan"], work.path());
    assert_eq!(plan.status.code(), Some(0), "{}", err(&plan));
    assert!(out(&plan).contains("write   Cargo.toml"), "{}", out(&plan));
    assert!(!work.path().join("app").exists());
    let build = specc(&["build", "--no-compile"], work.path());
    assert_eq!(build.status.code(), Some(0), "{}", err(&build));
    let plan = specc(&["plan", "--format", "json"], work.path());
    let value: serde_json::Value = serde_json::from_str(&out(&plan)).unwrap();
    assert_eq!(
        value["write"],
        serde_json::json!([]),
        "a build leaves nothing to do"
    );
    std::fs::write(work.path().join("app/src/main.rs"), "// mine\n").unwrap();
    let refused = specc(&["build", "--no-compile"], work.path());
    assert_eq!(refused.status.code(), Some(4), "{}", err(&refused));
    assert!(err(&refused).contains("src/main.rs"));
}
