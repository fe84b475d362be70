//! The judge is judged: it says nothing against the examples. What it finds is in `mutants.rs`.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use specc_tests::{apps_target, program, root, specc};
use std::path::Path;
use std::process::{Command, Stdio};

fn verify(program: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(specc())
        .arg("verify")
        .arg(program)
        .args(arguments)
        .env("SPECC_TARGET_DIR", apps_target())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), format!("{said}{errors}"))
}

#[test]
fn nothing_is_said_against_the_examples() {
    for name in ["helpdesk", "bookings", "purchasing", "journal"] {
        let program = program(&root().join("examples").join(name));
        let (code, said) = verify(&program, &["--time", "15", "--format", "json"]);
        assert_eq!(code, 0, "{name}: {said}");
        let text = said.split("\n}\n").next().unwrap();
        let report: serde_json::Value = serde_json::from_str(&format!("{text}\n}}")).unwrap();
        let summary = &report["summary"];
        assert_eq!(summary["failed"], 0, "{name}: {summary}");
        assert_eq!(summary["flaky"], 0, "{name}: {summary}");
        assert!(summary["held"].as_u64().unwrap() > 300, "{name}: {summary}");
    }
}

#[test]
fn a_spec_with_mistakes_is_of_no_use() {
    let work = tempfile::tempdir().unwrap();
    std::fs::create_dir(work.path().join("spec")).unwrap();
    std::fs::write(
        work.path().join("spec/app.md"),
        "# A\n\n## Entity: Note\n\n| Field | Type |\n|---|---|\n| x | txet |\n",
    )
    .unwrap();
    let mut command = Command::new(specc());
    command.arg("verify").arg(work.path()).stdin(Stdio::null());
    assert_eq!(command.output().unwrap().status.code(), Some(2));
}

/// What the judge needs beside the app is in no binary that people get.
#[test]
fn nothing_of_it_is_shipped() {
    let helpdesk = program(&root().join("examples/helpdesk"));
    let built = Command::new(specc())
        .arg("build")
        .arg(&helpdesk)
        .env("SPECC_TARGET_DIR", apps_target())
        .output()
        .unwrap();
    assert!(built.status.success());
    let binary = String::from_utf8(built.stdout).unwrap();
    let holds = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(13).any(|part| part == b"/verification")
    };
    assert!(!holds(Path::new(binary.trim())));
    let (code, _) = verify(&helpdesk, &["--time", "1"]);
    assert_eq!(code, 0);
    assert!(holds(&helpdesk.join(".specc/bin/app-verification")));
}
