//! Faults that people really make, put by hand into the examples' generated code and into what it stands on: the judge
//! finds them. They stand in `tests/mutants`, one file for each example; what the judge misses is named there. Those with
//! a part of a name in them alone: `SPECC_FAULT='journal: '`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests fail by panicking; how far it got is worth knowing"
)]

use specc_build::host::Host;
use specc_ir::ir::Ir;
use specc_ir::model::Model;
use specc_tests::faults::{compile, faults, touch};
use specc_tests::{program, root, specc};
use specc_verify::app::App;
use specc_verify::doors;
use specc_verify::judge::{Around, Options, Record, START, judge};
use specc_verify::life;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

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

/// What the judge has against the app: the quick part first, and one thing is enough.
fn against(ir: &Ir, binary: &Path) -> Vec<String> {
    let state = tempfile::tempdir().unwrap();
    let host = Rc::new(Hosted(Host::new(binary, state.path(), None, &[]).unwrap()));
    host.0.start(true).unwrap();
    let app = App::at(host.0.address().unwrap()).unwrap();
    let app = app.hosted(Rc::clone(&host) as Rc<dyn life::Host>);
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
    let mut other = Vec::new();
    let all = faults(example);
    for fault in &all {
        let began = Instant::now();
        let planted = fault.plant(&app);
        let binary = compile(&app);
        let compiled = began.elapsed();
        let found = against(&checked.ir, &binary);
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
