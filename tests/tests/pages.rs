//! The judge of pages is judged: it says nothing against the pages of the examples, and finds what only a browser shows.
//! The faults stand in `tests/mutants/pages.json`; those with a part of a name in them alone: `SPECC_FAULT='hidden'`.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "pages/faults.rs"]
mod faults;

use faults::{Changed, compile, faults};
use specc_build::app::{listen, start_alone};
use specc_build::browser;
use specc_ir::ir::Ir;
use specc_tests::{apps_target, program, root, specc};
use specc_verify::app::App;
use specc_verify::judge::{Options, Record, Verdict};
use specc_verify::pages::{self, Ends};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// One is compiled at a time: all become the same file.
static COMPILING: Mutex<()> = Mutex::new(());

struct Generated {
    folder: PathBuf,
    ir: Ir,
}

fn generated(example: &str) -> Generated {
    let folder = program(&root().join("examples").join(example));
    let built = Command::new(specc())
        .args(["build", "--no-compile", "--overwrite"])
        .arg(&folder)
        .output()
        .unwrap();
    assert!(built.status.success());
    let checked = specc_build::front::check(&specc_build::folder::Folder::at(&folder)).unwrap();
    Generated {
        folder,
        ir: checked.ir,
    }
}

/// What the judge says of the pages of an app as it is written now.
fn judged(of: &Generated, options: Options, report: &mut dyn FnMut(&Record)) -> Vec<Record> {
    let work = tempfile::tempdir().unwrap();
    let binary = work.path().join("app");
    {
        let _alone = COMPILING
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        compile(&of.folder.join("app"));
        std::fs::copy(apps_target().join("faults/debug/app"), &binary).unwrap();
    }
    let listener = listen(Some(0)).unwrap();
    let data = tempfile::tempdir().unwrap();
    let profile = tempfile::tempdir().unwrap();
    let running = start_alone(&binary, &listener, data.path()).unwrap();
    let app = App::at(format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let (held, ends) = browser::start(profile.path()).unwrap();
    let ends = Ends {
        to: Box::new(ends.to),
        from: Box::new(ends.from),
    };
    let records = pages::judge(&of.ir, &app, Ok(ends), options, report);
    drop((held, running));
    records
}

fn is_wrong(record: &Record) -> bool {
    matches!(record.verdict, Verdict::Failed | Verdict::Flaky)
}

fn nothing_is_said_against(example: &str) {
    // Another one may be compiled next to it.
    let options = Options {
        browser: Duration::from_secs(900),
        ..Options::default()
    };
    let records = judged(&generated(example), options, &mut |_| {});
    let other = records
        .iter()
        .filter(|record| record.verdict != Verdict::Held);
    let other: Vec<String> = other
        .map(|record| format!("{}: {:?}: {}", record.id, record.verdict, record.seen))
        .collect();
    assert!(other.is_empty(), "{example}: {other:#?}");
    for part in [
        "clean", "names", "fits", "control", "form", "scenario", "account",
    ] {
        let begin = format!("page.{part}.");
        let number = records
            .iter()
            .filter(|record| record.id.starts_with(&begin));
        assert!(number.count() > 2, "{example}: {begin}");
    }
}

#[test]
fn nothing_is_said_against_the_helpdesk() {
    nothing_is_said_against("helpdesk");
}

#[test]
fn nothing_is_said_against_the_journal() {
    nothing_is_said_against("journal");
}

/// Nobody is blamed for a machine without a browser.
#[test]
fn without_a_browser_nothing_is_exercised() {
    let folder = program(&root().join("examples/helpdesk"));
    let checked = specc_build::front::check(&specc_build::folder::Folder::at(&folder)).unwrap();
    let app = App::at("http://127.0.0.1:9").unwrap();
    let why = browser::NoBrowser::Missing.to_string();
    let options = Options::default();
    let records = pages::judge(&checked.ir, &app, Err(why), options, &mut |_| {});
    assert_eq!(records.len(), 5);
    for record in records {
        assert_eq!(record.verdict, Verdict::NotExercised, "{}", record.id);
        assert!(record.what.contains("apt-get install chromium"));
    }
}

/// The pipes close when specc is killed, whatever else it had to do: then the browser ends by itself.
#[test]
fn the_browser_ends_with_whoever_speaks_to_it() {
    let profile = tempfile::tempdir().unwrap();
    let (mut held, ends) = browser::start(profile.path()).unwrap();
    assert!(!held.ended());
    drop(ends);
    let limit = Instant::now() + Duration::from_secs(60);
    while !held.ended() {
        assert!(Instant::now() < limit, "it is still there");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn change(app: &Path, fault: &faults::Fault) -> (PathBuf, String) {
    let path = app.join(&fault.file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.contains(&fault.right),
        "{}: {} has no longer: {}",
        fault.name,
        fault.file,
        fault.right
    );
    std::fs::write(&path, text.replacen(&fault.right, &fault.wrong, 1)).unwrap();
    (path, text)
}

#[test]
fn what_only_a_browser_shows_is_found() {
    // One that is found is enough.
    static FOUND: AtomicBool = AtomicBool::new(false);
    let helpdesk = generated("helpdesk");
    let only = std::env::var("SPECC_FAULT").unwrap_or_default();
    let mut other = Vec::new();
    for fault in faults("pages") {
        if !fault.name.contains(&only) {
            continue;
        }
        let (path, text) = change(&helpdesk.folder.join("app"), &fault);
        let changed = Changed(&path, text);
        FOUND.store(false, Ordering::Relaxed);
        let options = Options {
            stop: Some(&FOUND),
            ..Options::default()
        };
        let mut report = |record: &Record| {
            if is_wrong(record) {
                FOUND.store(true, Ordering::Relaxed);
            }
        };
        let records = judged(&helpdesk, options, &mut report);
        drop(changed);
        let wrong = records.iter().filter(|record| is_wrong(record));
        let seen: Vec<&str> = wrong.map(|record| record.id.as_str()).take(4).collect();
        eprintln!("{}: {seen:?}", fault.name);
        if seen.is_empty() != fault.missed {
            other.push(format!("{}: {seen:?}", fault.name));
        }
    }
    assert!(
        other.is_empty(),
        "these came out otherwise than it is written down:\n{}",
        other.join("\n")
    );
}
