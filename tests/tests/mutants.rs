//! Faults that people really make, put by hand into the examples' generated code and into what it stands on: the judge
//! finds them. They stand in `tests/mutants`, one file for each example; what the judge misses is named there.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::Value;
use specc_build::app::{listen, start_alone};
use specc_ir::ir::Ir;
use specc_ir::model::Model;
use specc_tests::{apps_target, program, root, specc};
use specc_verify::app::App;
use specc_verify::doors;
use specc_verify::judge::{Around, Options, Record, START, Verdict, judge};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A fault: what it is called, where it stands, what is right there, and what stands in its place.
struct Fault {
    name: String,
    file: String,
    right: String,
    wrong: String,
    /// The judge does not see it.
    missed: bool,
}

fn faults(example: &str) -> Vec<Fault> {
    let path = root().join(format!("tests/mutants/{example}.json"));
    let text = std::fs::read_to_string(path).unwrap();
    let all: Vec<BTreeMap<String, Value>> = serde_json::from_str(&text).unwrap();
    let text = |fault: &BTreeMap<String, Value>, key: &str| match fault.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(lines)) => {
            let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
            lines.join("\n")
        }
        _ => String::new(),
    };
    all.iter()
        .map(|fault| Fault {
            name: text(fault, "fault"),
            file: text(fault, "file"),
            right: text(fault, "right"),
            wrong: text(fault, "wrong"),
            missed: fault.get("missed") == Some(&Value::Bool(true)),
        })
        .collect()
}

fn compile(app: &Path) {
    let compiled = Command::new("cargo")
        .args(["build", "--locked", "--features", "verification"])
        .current_dir(app)
        .env("CARGO_TARGET_DIR", apps_target().join("faults"))
        .env_remove("CARGO_MANIFEST_DIR")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{said}");
}

/// What the judge has against the app as it is compiled now: the quick part first.
fn against(ir: &Ir) -> Vec<Record> {
    let listener = listen(Some(0)).unwrap();
    let data = tempfile::tempdir().unwrap();
    let binary = apps_target().join("faults/debug/app");
    let running = start_alone(&binary, &listener, data.path()).unwrap();
    let app = App::at(format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let options = Options {
        time: Duration::from_secs(60),
        quiet: 6,
        ..Options::default()
    };
    let failed = |records: Vec<Record>| -> Vec<Record> {
        let wrong = |record: &Record| matches!(record.verdict, Verdict::Failed | Verdict::Flaky);
        records.into_iter().filter(wrong).collect()
    };
    let around = Around::of(ir);
    let mut found = {
        let watched = doors::watch(&app).unwrap();
        let model = Model::new(ir, &around);
        failed(doors::judge(model, &app, options, START, &watched).unwrap())
    };
    if found.is_empty() {
        found = failed(judge(ir, &app, options, &mut |_| {}).unwrap());
    }
    drop(running);
    found
}

fn caught(example: &str) -> (usize, Vec<String>) {
    let program = program(&root().join("examples").join(example));
    let built = Command::new(specc())
        .args(["build", "--no-compile"])
        .arg(&program)
        .output()
        .unwrap();
    assert!(built.status.success());
    let checked = specc_build::front::check(&specc_build::folder::Folder::at(&program)).unwrap();
    let app = program.join("app");
    let only = std::env::var("SPECC_FAULT").unwrap_or_default();
    let mut missed = Vec::new();
    let mut all = 0;
    for fault in faults(example) {
        if !fault.name.contains(&only) {
            continue;
        }
        all += 1;
        let path = app.join(&fault.file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.contains(&fault.right),
            "{example}: {}: {} has no longer: {}",
            fault.name,
            fault.file,
            fault.right
        );
        std::fs::write(&path, text.replacen(&fault.right, &fault.wrong, 1)).unwrap();
        compile(&app);
        let found = against(&checked.ir);
        std::fs::write(&path, text).unwrap();
        let seen: Vec<&str> = found.iter().map(|record| record.id.as_str()).collect();
        eprintln!(
            "{example}: {}: {:?}",
            fault.name,
            seen.get(..4.min(seen.len()))
        );
        if found.is_empty() != fault.missed {
            missed.push(format!("{example}: {}: {:?}", fault.name, seen));
        }
    }
    (all, missed)
}

#[test]
fn what_people_get_wrong_is_found() {
    let mut all = 0;
    let mut other = Vec::new();
    for example in ["helpdesk", "bookings", "purchasing", "journal"] {
        let (number, missed) = caught(example);
        all += number;
        other.extend(missed);
    }
    assert!(
        other.is_empty(),
        "of {all} faults these came out otherwise than it is written down:\n{}",
        other.join("\n")
    );
}
