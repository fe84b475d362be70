//! The judge is judged: it says nothing against the examples, and it finds what was broken by hand in generated code.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use specc_build::app::listen;
use specc_tests::{apps_target, copy, program, root, specc};
use specc_verify::app::App;
use specc_verify::judge::{Options, Verdict, judge};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

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

/// A fault: a file of the app, what stands there, what stands there where it is wrong.
type Fault = (&'static str, &'static str, &'static str);

/// What people get wrong, in the helpdesk's generated code and in what it stands on.
const FAULTS: &[Fault] = &[
    // A missing WHERE: everybody reads every ticket.
    (
        "src/ticket/policy.rs",
        "Grant::when(\"t.requester = :me\", ALL)",
        "Grant::always(ALL)",
    ),
    // The state is not looked at.
    (
        "src/ticket/policy.rs",
        "\"t.requester = :me AND t.status = 'open'\"",
        "\"t.requester = :me\"",
    ),
    // The owner is not looked at.
    (
        "src/ticket/policy.rs",
        "\"t.requester = :me AND t.status = 'open'\"",
        "\"t.status = 'open'\"",
    ),
    // A field too many.
    (
        "src/ticket/policy.rs",
        "            SUBJECT | BODY,\n",
        "            SUBJECT | BODY | PRIORITY,\n",
    ),
    // A field too few.
    (
        "src/ticket/policy.rs",
        "Grant::always(PRIORITY | ASSIGNEE | DUE)",
        "Grant::always(PRIORITY | ASSIGNEE)",
    ),
    // Whoever has an account may delete what is solved.
    (
        "src/ticket/policy.rs",
        "caller.holds(roles::ADMIN)",
        "caller.signed_in()",
    ),
    // Comments of other people's tickets.
    (
        "src/comment/policy.rs",
        "r1.requester = :me OR (:roles & 2) <> 0))\",\n            ALL",
        "r1.requester = :me OR (:roles & 2) <> 1))\",\n            ALL",
    ),
    // A guard that is not looked at.
    (
        "src/ticket/actions.rs",
        "!logic::is(\n            Ticket::of(&op.this).status(),\n            Some(choices::TicketStatus::Solved),\n        )",
        "true",
    ),
    // The message goes to the wrong person.
    (
        "src/ticket/actions.rs",
        "Ticket::of(&op.old).assignee()",
        "Ticket::of(&op.this).assignee()",
    ),
    // Anybody on the staff's side of a step.
    (
        "src/ticket/lifecycle.rs",
        "fn may_solve(caller: &Caller) -> Grants {\n    let mut grants = Vec::new();\n    if caller.holds(roles::AGENT) {",
        "fn may_solve(caller: &Caller) -> Grants {\n    let mut grants = Vec::new();\n    if caller.signed_in() {",
    ),
    // Lists forget the policy.
    (
        "support/engine/src/query/build.rs",
        "        if self.any_always {\n            return None;\n        }\n        let all",
        "        if true {\n            return None;\n        }\n        let all",
    ),
    // The last writer wins, whatever version was named.
    (
        "support/engine/src/change.rs",
        "version.is_some_and(|version| version != row.version)",
        "version.is_some_and(|version| version > row.version + 9)",
    ),
    // Deleting is never refused for want of rights.
    (
        "src/ticket/policy.rs",
        "grants.push(Grant::when(\"t.status = 'solved'\", ALL));",
        "grants.push(Grant::when(\"t.status <> 'open'\", ALL));",
    ),
];

#[test]
fn what_was_broken_by_hand_is_found() {
    let helpdesk = program(&root().join("examples/helpdesk"));
    let built = Command::new(specc())
        .args(["build", "--no-compile"])
        .arg(&helpdesk)
        .output()
        .unwrap();
    assert!(built.status.success());
    let checked = specc_build::front::check(&specc_build::folder::Folder::at(&helpdesk)).unwrap();
    let work = tempfile::tempdir().unwrap();
    let mut missed = Vec::new();
    for (number, (file, right, wrong)) in FAULTS.iter().enumerate() {
        let app = work.path().join("app");
        let _ = std::fs::remove_dir_all(&app);
        copy(&helpdesk.join("app"), &app);
        let path = app.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(right), "{file} has no longer: {right}");
        std::fs::write(&path, text.replacen(right, wrong, 1)).unwrap();
        let compiled = Command::new("cargo")
            .args(["build", "--locked", "--features", "verification"])
            .current_dir(&app)
            .env("CARGO_TARGET_DIR", apps_target().join("faults"))
            .env_remove("CARGO_MANIFEST_DIR")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&compiled.stderr);
        assert!(compiled.status.success(), "fault {number}: {said}");
        let listener = listen(Some(0)).unwrap();
        let data = tempfile::tempdir().unwrap();
        let binary = apps_target().join("faults/debug/app");
        let running = specc_build::app::start_alone(&binary, &listener, data.path()).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let options = Options {
            time: Duration::from_secs(90),
            quiet: 6,
            ..Options::default()
        };
        let app = App::at(address).unwrap();
        let records = judge(&checked.ir, &app, options, &mut |_| {}).unwrap();
        drop(running);
        if !records
            .iter()
            .any(|record| record.verdict == Verdict::Failed)
        {
            missed.push(format!("{number}: {file}: {wrong}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
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
