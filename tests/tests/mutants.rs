//! Faults that people really make, put by hand into the examples' generated code and into what it stands on: the judge
//! finds them. They stand in `tests/mutants`, one file for each example; what the judge misses is named there. Those with
//! a part of a name in them alone: `SPECC_FAULT='journal: '`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests fail by panicking; how far it got is worth knowing"
)]

use specc_ir::ir::Ir;
use specc_ir::model::Model;
use specc_tests::faults::{compile, faults, touch};
use specc_tests::judged::{generated, hosted};
use specc_verify::doors;
use specc_verify::judge::{Around, Options, Record, START, judge};
use std::path::Path;
use std::time::{Duration, Instant};

/// What the judge has against the app: the quick part first, and one thing is enough.
fn against(ir: &Ir, binary: &Path) -> Vec<String> {
    let state = tempfile::tempdir().unwrap();
    let app = hosted(binary, state.path()).unwrap();
    let options = Options {
        time: Duration::from_secs(60),
        quiet: 6,
        fail_fast: true,
        ..Options::default()
    };
    let wrong = |records: Vec<Record>| -> Vec<String> {
        let wrong = records.into_iter().filter(Record::is_wrong);
        wrong
            .map(|record| format!("{}: {}", record.id, record.seen))
            .collect()
    };
    let around = Around::of(ir);
    let model = Model::new(ir, &around);
    let watched = doors::watch(&app).unwrap();
    let found = wrong(doors::judge(model, &app, options, START, &watched));
    if found.is_empty() {
        return wrong(judge(ir, &app, options, &mut |_| {}));
    }
    found
}

fn caught(example: &str) -> (usize, Vec<String>) {
    let made = generated(example);
    let app = made.folder.join("app");
    touch(&app);
    let mut other = Vec::new();
    let all = faults(example);
    for fault in &all {
        let began = Instant::now();
        let planted = fault.plant(&app);
        let binary = compile(&app);
        let compiled = began.elapsed();
        let found = against(&made.ir, &binary);
        drop(planted);
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
    (all.len(), other)
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
