//! Programs that nobody wrote: each is a valid one, compiles, and the judge has nothing against its app.
//!
//! `SPECC_RANDOMS=200` takes so many of them, from the first on; `SPECC_RANDOMS=40..60` those.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests fail by panicking; how far it got is worth knowing"
)]

use specc_build::folder::Folder;
use specc_build::pipeline::build_for_verification;
use specc_syntax::diagnostic::Severity;
use specc_tests::judged::hosted;
use specc_tests::randoms::program;
use specc_tests::{apps_target, root};
use specc_verify::judge::{Options, Record, Verdict, judge};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// All there are.
const ALL: u64 = 200;
/// Those that are looked at every time.
const FEW: Range<u64> = 0..2;

/// What is told of one program at most.
const MOST_TOLD: usize = 12;

/// Where the program of this number is kept.
fn kept(number: u64) -> PathBuf {
    // Both tests want it.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let folder = root().join(format!("target/randoms/{number}"));
    let text = program(number).text;
    let path = folder.join("spec/app.md");
    // Another program of the same number is not a later one.
    if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("spec")).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    folder.canonicalize().unwrap()
}

#[test]
fn every_one_is_a_valid_program() {
    let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for number in 0..ALL {
        let made = program(number);
        assert_eq!(
            made.text,
            program(number).text,
            "{number} is always the same"
        );
        for (kind, count) in made.kinds {
            let all = kinds.entry(kind).or_default();
            *all = (all.0 + count, all.1 + 1);
        }
        let folder = kept(number);
        let checked = specc_build::front::check(&Folder::at(&folder)).unwrap();
        for problem in &checked.diagnostics {
            *told.entry(problem.name).or_default() += 1;
            if problem.severity == Severity::Error {
                wrong.push(format!("{number}: {problem:?}"));
            }
        }
    }
    for (kind, (count, programs)) in &kinds {
        println!("{kind}: {count} in {programs} programs");
    }
    println!("said of them: {told:?}");
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let seldom: Vec<_> = kinds
        .iter()
        .filter(|(_, (_, programs))| *programs < 5)
        .collect();
    assert!(seldom.is_empty(), "too seldom to mean anything: {seldom:?}");
}

/// What is against the app of a program; empty where all is well.
fn against(number: u64) -> Vec<String> {
    let path = kept(number);
    let folder = Folder::at(&path);
    let began = Instant::now();
    let built = build_for_verification(&folder, true, &mut |_| {});
    let (checked, binary) = match built {
        Ok(built) => built,
        Err(stop) => return vec![format!("is not built: {stop:?}")],
    };
    let compiled = began.elapsed();
    let state = tempfile::tempdir().unwrap();
    let app = match hosted(&binary, state.path()) {
        Ok(app) => app,
        Err(error) => return vec![format!("does not start: {error}")],
    };
    let options = Options {
        seed: number + 1,
        time: Duration::from_secs(8),
        quiet: 4,
        ..Options::default()
    };
    let began = Instant::now();
    let records = judge(&checked.ir, &app, options, &mut |_| {});
    let of = |verdict: Verdict| {
        records
            .iter()
            .filter(|record| record.verdict == verdict)
            .count()
    };
    eprintln!(
        "{number}: {} obligations, {} held, {} failed, {} not exercised, {} flaky; compiled in {compiled:.1?}, judged in {:.1?}",
        records.len(),
        of(Verdict::Held),
        of(Verdict::Failed),
        of(Verdict::NotExercised),
        of(Verdict::Flaky),
        began.elapsed()
    );
    let wrong = |record: &&Record| matches!(record.verdict, Verdict::Failed | Verdict::Flaky);
    records
        .iter()
        .filter(wrong)
        .take(MOST_TOLD)
        .map(|record| {
            format!(
                "{} {}: {}: {}\n    expected: {}\n    actual: {}\n    {}\n    {:?}",
                record.verdict.name(),
                record.id,
                record.what,
                record.seen,
                record.expected,
                record.actual,
                record.steps.join("\n    "),
                record.exchanges.last()
            )
        })
        .collect()
}

fn wanted() -> Range<u64> {
    let Ok(wanted) = std::env::var("SPECC_RANDOMS") else {
        return FEW;
    };
    match wanted.split_once("..") {
        Some((from, to)) => from.parse().unwrap()..to.parse().unwrap(),
        None => 0..wanted.parse().unwrap(),
    }
}

#[test]
fn the_judge_has_nothing_against_the_app_of_any() {
    let _ = apps_target();
    let mut wrong = Vec::new();
    for number in wanted() {
        let found = against(number);
        for words in &found {
            eprintln!("{number}: {words}");
        }
        if !found.is_empty() {
            let path = root().join(format!("target/randoms/{number}/spec/app.md"));
            wrong.push(format!(
                "{number} ({}):\n{}",
                path.display(),
                found.join("\n")
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} programs:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
