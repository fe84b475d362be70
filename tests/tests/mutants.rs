//! Faults that people really make, put by hand into the examples' generated code and into what it stands on: the judge
//! finds them. They stand in `tests/mutants`, one file for each example; what the judge misses is named there. Those with
//! a part of a name in them alone: `SPECC_FAULT='journal: '`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests fail by panicking; how far it got is worth knowing"
)]

use serde_json::Value;
use specc_build::host::Host;
use specc_ir::ir::Ir;
use specc_ir::model::Model;
use specc_tests::{apps_target, program, root, specc};
use specc_verify::app::App;
use specc_verify::doors;
use specc_verify::judge::{Around, Options, Record, START, Verdict, judge};
use specc_verify::life;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A fault: what it is called, and where it stands.
struct Fault {
    name: String,
    edits: Vec<Edit>,
    /// The judge does not see it.
    missed: bool,
}

/// A file, what is right there, and what stands in its place.
struct Edit {
    file: String,
    right: String,
    wrong: String,
}

fn faults(example: &str) -> Vec<Fault> {
    let path = root().join(format!("tests/mutants/{example}.json"));
    let text = std::fs::read_to_string(path).unwrap();
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    let text = |fault: &Value, key: &str| match fault.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(lines)) => {
            let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
            lines.join("\n")
        }
        _ => String::new(),
    };
    let edit = |edit: &Value| Edit {
        file: text(edit, "file"),
        right: text(edit, "right"),
        wrong: text(edit, "wrong"),
    };
    all.iter()
        .map(|fault| Fault {
            name: text(fault, "fault"),
            // What stands elsewhere as well.
            edits: std::iter::once(fault)
                .chain(
                    fault
                        .get("also")
                        .and_then(Value::as_array)
                        .into_iter()
                        .flatten(),
                )
                .map(edit)
                .collect(),
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

/// An app that the judge may kill and start again.
struct Hosted(Host);

impl life::Host for Hosted {
    fn ended(&self, wait: Duration) -> Option<String> {
        self.0.ended(wait)
    }

    fn kill(&self) {
        self.0.kill();
    }

    fn stop(&self) -> Result<Duration, String> {
        self.0.stop()
    }

    fn start(&self, empty: bool) -> Result<(), String> {
        self.0.start(empty).map_err(|error| error.to_string())
    }
}

/// What the judge has against the app as it is compiled now: the quick part first.
fn against(ir: &Ir) -> Vec<String> {
    let state = tempfile::tempdir().unwrap();
    let binary = apps_target().join("faults/debug/app");
    let host = Rc::new(Hosted(Host::new(&binary, state.path(), None, &[]).unwrap()));
    host.0.start(true).unwrap();
    let app = App::at(host.0.address().unwrap()).unwrap();
    let app = app.hosted(Rc::clone(&host) as Rc<dyn life::Host>);
    // One that is found is enough.
    static FOUND: AtomicBool = AtomicBool::new(false);
    FOUND.store(false, Ordering::Relaxed);
    let options = Options {
        time: Duration::from_secs(60),
        quiet: 6,
        stop: Some(&FOUND),
        ..Options::default()
    };
    let mut report = |record: &Record| {
        if matches!(record.verdict, Verdict::Failed | Verdict::Flaky) {
            FOUND.store(true, Ordering::Relaxed);
        }
    };
    let failed = |records: Vec<Record>| -> Vec<String> {
        let wrong = |record: &Record| matches!(record.verdict, Verdict::Failed | Verdict::Flaky);
        let wrong = records.into_iter().filter(wrong);
        wrong
            .map(|record| format!("{}: {}", record.id, record.seen))
            .collect()
    };
    let around = Around::of(ir);
    let model = Model::new(ir, &around);
    let watched = doors::watch(&app).unwrap();
    let mut found = failed(doors::judge(model, &app, options, START, &watched));
    if found.is_empty() {
        found = failed(judge(ir, &app, options, &mut report));
    }
    found
}

/// All is newer than what was compiled of it. The crates that apps stand on are the same to cargo whichever app they are part
/// of: it would take those of the last fault of another one.
fn touch(app: &Path) {
    let now = std::time::SystemTime::now();
    for path in specc_tests::files(app).keys() {
        if path.extension().is_some_and(|extension| extension == "rs") {
            let file = std::fs::File::options().append(true).open(app.join(path));
            file.unwrap().set_modified(now).unwrap();
        }
    }
}

/// A file that is as it was once this is gone.
struct Changed(PathBuf, String);

impl Drop for Changed {
    fn drop(&mut self) {
        let _ = std::fs::write(&self.0, &self.1);
    }
}

fn caught(example: &str) -> (usize, Vec<String>) {
    let program = program(&root().join("examples").join(example));
    let built = Command::new(specc())
        .args(["build", "--no-compile", "--overwrite"])
        .arg(&program)
        .output()
        .unwrap();
    assert!(built.status.success());
    let checked = specc_build::front::check(&specc_build::folder::Folder::at(&program)).unwrap();
    let app = program.join("app");
    touch(&app);
    let only = std::env::var("SPECC_FAULT").unwrap_or_default();
    let mut other = Vec::new();
    let mut all = 0;
    for fault in faults(example) {
        if !format!("{example}: {}", fault.name).contains(&only) {
            continue;
        }
        all += 1;
        let mut changed = Vec::new();
        for edit in &fault.edits {
            let path = app.join(&edit.file);
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(
                text.contains(&edit.right),
                "{example}: {}: {} has no longer: {}",
                fault.name,
                edit.file,
                edit.right
            );
            let wrong = text.replacen(&edit.right, &edit.wrong, 1);
            changed.push(Changed(path.clone(), text));
            std::fs::write(&path, wrong).unwrap();
        }
        let began = std::time::Instant::now();
        compile(&app);
        let compiled = began.elapsed();
        let found = against(&checked.ir);
        // The last edit is undone first: one file may have several.
        while changed.pop().is_some() {}
        let seen: Vec<&String> = found.iter().take(4).collect();
        eprintln!(
            "{example}: {}: {seen:?}, compiled in {compiled:.1?}, all in {:.1?}",
            fault.name,
            began.elapsed()
        );
        if found.is_empty() != fault.missed {
            other.push(format!("{example}: {}: {seen:?}", fault.name));
        }
    }
    (all, other)
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
