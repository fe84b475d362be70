//! The judge of pages is judged: it says nothing against the pages of the examples, and finds what only a browser shows.
//! The faults stand in `tests/mutants/pages.json`; those with a part of a name in them alone: `SPECC_FAULT='hidden'`.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use specc_build::app::{listen, start_alone};
use specc_build::browser;
use specc_tests::faults::{Fault, Planted, compile, faults};
use specc_tests::judged::{Generated, generated};
use specc_tests::{program, root};
use specc_verify::app::App;
use specc_verify::judge::{Options, Record, Verdict};
use specc_verify::pages::{self, Ends};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// One is compiled at a time: all become the same file.
static COMPILING: Mutex<()> = Mutex::new(());

/// What the judge says of the pages of an app as it is written now.
fn judged(of: &Generated, options: Options, report: &mut dyn FnMut(&Record)) -> Vec<Record> {
    let work = tempfile::tempdir().unwrap();
    let binary = work.path().join("app");
    {
        let _alone = COMPILING
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        let compiled = compile(&of.folder.join("app"));
        std::fs::copy(compiled, &binary).unwrap();
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

#[test]
fn what_only_a_browser_shows_is_found() {
    let helpdesk = generated("helpdesk");
    let app = helpdesk.folder.join("app");
    let mut groups: BTreeMap<u32, Vec<Fault>> = BTreeMap::new();
    for fault in faults("pages") {
        groups.entry(fault.group).or_default().push(fault);
    }
    let mut other = Vec::new();
    for (number, group) in groups {
        let began = Instant::now();
        let mut planted: Vec<Planted> = group.iter().map(|fault| fault.plant(&app)).collect();
        let options = Options {
            browser: Duration::from_secs(900),
            fail_fast: group.len() == 1,
            ..Options::default()
        };
        let records = judged(&helpdesk, options, &mut |_| {});
        // The last one is taken out first: they may stand in one file.
        while planted.pop().is_some() {}
        eprintln!("group {number} in {:.1?}", began.elapsed());
        let wrong: Vec<String> = records
            .iter()
            .filter(|record| record.is_wrong())
            .map(|record| format!("{}: {}", record.id, record.seen))
            .collect();
        for fault in group {
            let mut shown = wrong
                .iter()
                .filter(|text| fault.shows.iter().all(|part| text.contains(part)));
            let shown = shown.next();
            eprintln!("{}: {shown:?}", fault.name);
            if shown.is_none() != fault.missed {
                other.push(format!("{}: {wrong:#?}", fault.name));
            }
        }
    }
    assert!(
        other.is_empty(),
        "these came out otherwise than it is written down:\n{}",
        other.join("\n")
    );
}
