//! The judge is judged: it says nothing against the examples. What it finds is in `mutants.rs`.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use specc_tests::{apps_target, program, root, specc};
use std::path::Path;
use std::process::{Command, Stdio};

fn verify(program: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(specc())
        .args(["verify", "--no-browser"])
        .arg(program)
        .args(arguments)
        .env("SPECC_TARGET_DIR", apps_target())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), format!("{said}{errors}"))
}

/// The report, which stands before what is told to people.
fn json_of(said: &str) -> serde_json::Value {
    let text = said.split("\n}\n").next().unwrap();
    serde_json::from_str(&format!("{text}\n}}")).unwrap()
}

#[test]
fn nothing_is_said_against_the_examples() {
    for name in ["helpdesk", "bookings", "purchasing", "journal"] {
        let program = program(&root().join("examples").join(name));
        let (code, said) = verify(&program, &["--time", "15", "--format", "json"]);
        assert_eq!(code, 0, "{name}: {said}");
        let report = json_of(&said);
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
    command
        .args(["verify", "--no-browser"])
        .arg(work.path())
        .stdin(Stdio::null());
    assert_eq!(command.output().unwrap().status.code(), Some(2));
}

/// What the judge needs beside the app, mutants above all, is in no binary that people get.
#[test]
fn each_mutant_is_found_and_nothing_of_it_is_shipped() {
    let helpdesk = program(&root().join("examples/helpdesk"));
    let built = Command::new(specc())
        .arg("build")
        .arg(&helpdesk)
        .env("SPECC_TARGET_DIR", apps_target())
        .output()
        .unwrap();
    assert!(built.status.success());
    let binary = String::from_utf8(built.stdout).unwrap();
    let holds = |path: &Path, text: &str| {
        let bytes = std::fs::read(path).unwrap();
        let text = text.as_bytes();
        bytes.windows(text.len()).any(|part| part == text)
    };
    let shipped = Path::new(binary.trim());
    assert!(!holds(shipped, "/verification/reset") && !holds(shipped, "SPECC_MUTANT"));
    assert!(!holds(shipped, "this can't be given"));
    let judged = helpdesk.join(".specc/bin/app-verification");
    let mutants = helpdesk.join(".specc/bin/app-strength");

    // Whatever the judge could tell from the program in its head, it tells from the app.
    let (code, said) = verify(
        &helpdesk,
        &["--time", "20", "--strength", "--format", "json"],
    );
    assert_eq!(code, 0, "{said}");
    let report = json_of(&said);
    let strength = &report["summary"]["strength"];
    assert!(strength["made"].as_u64().unwrap() > 100, "{strength}");
    assert!(strength["caught"].as_u64().unwrap() > 100, "{strength}");
    let missed: Vec<&serde_json::Value> = report["mutants"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|mutant| mutant["fate"] == "survived")
        .filter(|mutant| {
            !mutant["why"]
                .as_str()
                .unwrap()
                .starts_with("nothing was thought of")
        })
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
    assert!(holds(&judged, "/verification/reset") && !holds(&judged, "SPECC_MUTANT"));
    assert!(holds(&mutants, "SPECC_MUTANT"));
}
