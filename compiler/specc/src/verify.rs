//! `specc verify` and `specc replay`: the app built and served for the judge, and what it says of each sentence.

use crate::arguments::Format;
use crate::browser;
use crate::commands::{failed, stopped};
use crate::evidence;
use crate::kept::Kept;
use crate::served::Served;
use crate::show::{Show, pretty};
use crate::strength;
use crate::told;
use specc_build::folder::Folder;
use specc_build::front::Checked;
use specc_build::pipeline;
use specc_build::sandbox::Sandbox;
use specc_build::{BuildError, Event};
use specc_verify::app::App;
use specc_verify::judge::{self, Options};
use specc_verify::life;
use specc_verify::pages;
use specc_verify::record::{Origin, Record, Verdict};
use specc_verify::report::{self, Outcome, Report, Run};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The spec is no use, or nothing could be looked at.
const UNUSABLE: u8 = 2;
/// Not everything was looked at.
const PARTLY: u8 = 3;
/// Somebody wants an end.
static STOP: AtomicBool = AtomicBool::new(false);

/// What is wanted.
pub struct Wanted {
    /// Where the dice begin.
    pub seed: u64,
    /// Nothing new is begun after that.
    pub time: Duration,
    /// Not exercised is not good enough.
    pub strict: bool,
    /// Where the annotated spec goes as well.
    pub html: Option<PathBuf>,
    /// Replace files that were changed by hand.
    pub overwrite: bool,
    /// End with the first thing that is wrong.
    pub fail_fast: bool,
    /// Look at pages in a browser.
    pub browser: bool,
    /// Prove that the judge can fail.
    pub strength: bool,
}

impl Wanted {
    fn options(&self) -> Options {
        Options {
            seed: self.seed,
            time: self.time,
            fail_fast: self.fail_fast,
            stop: Some(&STOP),
            ..Options::default()
        }
    }
}

/// Builds, serves and judges; gives the exit code.
pub fn verify(show: &mut Show, folder: &Folder, wanted: &Wanted) -> u8 {
    let (checked, binary) = match built(show, folder, wanted.overwrite) {
        Ok(built) => built,
        Err(code) => return code,
    };
    end_when_told(show);
    let mut run = Run {
        taken: now(),
        seed: wanted.seed,
        spec: evidence::digest_of_spec(&checked.sources),
        sandbox: Sandbox::of_this_binary()
            .map_or_else(|| "none".to_owned(), |sandbox| sandbox.level()),
        ..Run::default()
    };
    let kept = match Kept::read(folder) {
        Ok(kept) => kept,
        Err(why) => {
            show.say(&format!("error: {why}"));
            return UNUSABLE;
        }
    };
    let start = Instant::now();
    let options = wanted.options();
    let mut records = Vec::new();
    let judged = evidence::digest_of_file(&binary).and_then(|digest| {
        run.binary = digest;
        with_app(folder, &binary, |started| {
            // What stopped answering because everything ends is no news.
            let ends = |record: &Record| record.class == "life" && STOP.load(Ordering::Relaxed);
            let mut keep = |record: &Record| {
                if !ends(record) {
                    records.push(record.clone());
                }
            };
            match started {
                Ok(app) => {
                    // What failed before most likely does so again.
                    let again = kept.again(&checked.ir, &app, &run.spec);
                    if wanted.fail_fast && again.iter().any(Record::is_wrong) {
                        again.iter().for_each(keep);
                        return again;
                    }
                    let mut judged = judge::judge(&checked.ir, &app, options, &mut keep);
                    for record in again {
                        if !judged.iter().any(|known| known.origin == record.origin) {
                            keep(&record);
                            judged.push(record);
                        }
                    }
                    if wanted.fail_fast && judged.iter().any(Record::is_wrong) {
                        return judged;
                    }
                    let silent = judged
                        .iter()
                        .any(|record| record.class == "life" && record.verdict == Verdict::Failed);
                    let (held, ends) = browser::start(folder, wanted.browser && !silent);
                    let ends = if silent {
                        Err("the app stopped answering before".to_owned())
                    } else {
                        ends
                    };
                    let seen = pages::judge(&checked.ir, &app, ends, options, &mut keep);
                    drop(held);
                    judged.extend(seen);
                    judged
                }
                Err(words) => vec![life::did_not_start(&words)],
            }
        })
    });
    run.took = start.elapsed();
    run.interrupted = STOP.load(Ordering::Relaxed);
    match judged {
        Ok(judged) if !run.interrupted => records = judged,
        Ok(_) => {}
        Err(error) => return failed(show, &error),
    }
    if let Err(error) = kept.learn(folder, &run.spec, &records) {
        return failed(show, &error);
    }
    let lives = !records
        .iter()
        .any(|record| record.class == "life" && record.verdict == Verdict::Failed);
    if wanted.strength && lives && !run.interrupted {
        match strength::proof(show, folder, &checked, options, &records) {
            Ok(tried) => run.tried = Some(tried),
            Err(stop) => return stopped(show, &stop),
        }
    }
    let report = Report::new(&checked.ir, &checked.sources, &records, &run);
    if let Err(error) = evidence::write(folder, &report, &records, &checked.sources)
        .and_then(|()| page_to(wanted, &report, &checked))
    {
        return failed(show, &error);
    }
    match show.format {
        Format::Human => told::said(show, &checked, &records, &run),
        Format::Json => show.data(&pretty(&serde_json::json!(report))),
        Format::Sarif => show.data(&pretty(&report::sarif(&report))),
        Format::Junit => match report::junit(&report) {
            Ok(text) => show.data(&text),
            Err(error) => show.say(&format!("error: no JUnit XML can be made of this: {error}")),
        },
    }
    show.say(&format!(
        "the annotated spec: {}",
        evidence::folder_of(folder).join("spec.html").display()
    ));
    match report::exit_code(report.summary.count, wanted.strict) {
        0 | UNUSABLE if run.interrupted => PARTLY,
        code => code,
    }
}

fn page_to(wanted: &Wanted, report: &Report, checked: &Checked) -> Result<(), BuildError> {
    match &wanted.html {
        Some(path) => {
            let page = report::page::page(report, &checked.sources);
            specc_build::files::write_whole(path, page.as_bytes())
        }
        None => Ok(()),
    }
}

/// Does again what a record came from; gives the exit code.
pub fn replay(show: &mut Show, folder: &Folder, id: &str, overwrite: bool) -> u8 {
    let known = match evidence::read(folder).and_then(|report| found(&report, id)) {
        Ok(known) => known,
        Err(why) => {
            show.say(&format!("error: {why}"));
            return UNUSABLE;
        }
    };
    let (report, outcome) = known;
    let (checked, binary) = match built(show, folder, overwrite) {
        Ok(built) => built,
        Err(code) => return code,
    };
    if evidence::digest_of_spec(&checked.sources) != report.spec {
        show.say(&format!(
            "error: the spec was edited after this evidence was taken ({}), and the same dice would do something else now; run `specc verify`",
            report.taken
        ));
        return UNUSABLE;
    }
    let again = evidence::digest_of_file(&binary).and_then(|digest| {
        if digest != report.binary {
            show.say(&format!(
                "the app was built anew since the evidence was taken ({}); the same is done to the new one",
                report.taken
            ));
        }
        with_app(folder, &binary, |started| match started {
            Ok(app) => match pages::seed_of(&outcome.origin) {
                Some(seed) => {
                    let (_held, ends) = browser::start(folder, true);
                    Ok(pages::replay(&checked.ir, &app, ends, seed, &outcome.id))
                }
                None => judge::replay(&checked.ir, &app, &outcome.origin),
            },
            Err(words) => Ok(Some(life::did_not_start(&words))),
        })
    });
    match again {
        Ok(Ok(Some(record))) => compared(show, &checked, &outcome, record),
        Ok(Ok(None)) => {
            show.say(&format!(
                "error: {} is not in this program any more; run `specc verify`",
                outcome.id
            ));
            UNUSABLE
        }
        Ok(Err(dead)) => {
            show.say(&format!("error: the app does not answer: {dead}"));
            1
        }
        Err(error) => failed(show, &error),
    }
}

/// The outcome of this name, or the only one whose name begins so.
fn found(report: &Report, id: &str) -> Result<(Report, Outcome), String> {
    let exact = report.results.iter().find(|outcome| outcome.id == id);
    let begins: Vec<&Outcome> = report
        .results
        .iter()
        .filter(|outcome| outcome.id.starts_with(id))
        .collect();
    let outcome = match (exact, begins.as_slice()) {
        (Some(one), _) => one,
        (None, [one]) => *one,
        (None, []) => {
            let ids = report.results.iter().map(|outcome| outcome.id.as_str());
            let hint = specc_syntax::names::suggest(id, ids)
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            return Err(format!(
                "the last `specc verify` judged no obligation {}{hint}",
                specc_syntax::draw::printable(id)
            ));
        }
        (None, several) => {
            let ids: Vec<&str> = several.iter().take(5).map(|one| one.id.as_str()).collect();
            return Err(format!(
                "{} obligations begin so: {}, …; name one of them",
                several.len(),
                ids.join(", ")
            ));
        }
    };
    if outcome.origin == Origin::Nowhere {
        return Err(format!(
            "{} was not exercised: nothing was done that could be done again; `specc verify --time 120 --seed {}` looks longer, and elsewhere",
            outcome.id,
            report.seed + 1
        ));
    }
    Ok((report.clone(), outcome.clone()))
}

fn compared(show: &Show, checked: &Checked, known: &Outcome, mut record: Record) -> u8 {
    // The same thing was done for several obligations: this one was asked about.
    record.id.clone_from(&known.id);
    let verdict = record.verdict.name();
    if show.format == Format::Human {
        if record.verdict == Verdict::Held {
            record
                .steps
                .iter()
                .for_each(|step| show.say(&format!("     {step}")));
            show.say(&format!("  {:>10}: {}", "seen", record.seen));
        } else {
            told::one(show, checked, &record, &[]);
        }
        show.data(&if verdict == known.verdict {
            format!("still {verdict}: {}", known.id)
        } else {
            format!("{verdict} now, and {} before: {}", known.verdict, known.id)
        });
    } else {
        let run = Run::default();
        let report = Report::new(&checked.ir, &checked.sources, &[record.clone()], &run);
        show.data(&match show.format {
            Format::Sarif => pretty(&report::sarif(&report)),
            _ => pretty(&serde_json::json!({
                "before": known.verdict,
                "result": report.results.first(),
            })),
        });
    }
    report::exit_code(report::count(&[record]), false)
}

fn built(show: &mut Show, folder: &Folder, overwrite: bool) -> Result<(Checked, PathBuf), u8> {
    let built = pipeline::build_for_verification(folder, overwrite, &mut |event: Event| {
        show.event(&event);
    });
    show.end_progress();
    built.map_err(|stop| match &stop {
        pipeline::Stop::Spec(_) => {
            stopped(show, &stop);
            UNUSABLE
        }
        pipeline::Stop::Failed(_) => stopped(show, &stop),
    })
}

/// The moment, to the second.
fn now() -> String {
    let now = jiff::Timestamp::now();
    now.round(jiff::Unit::Second).unwrap_or(now).to_string()
}

/// Ctrl-C ends with what was judged until then; a second one ends at once.
fn end_when_told(show: &Show) {
    let set = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    if set.is_err() {
        show.say(
            "warning: signals can't be caught here; what was judged is lost where this is stopped",
        );
    }
}

/// The app runs alone: with a data folder, a socket and an environment of its own. What it said where it does not start.
fn with_app<T>(
    folder: &Folder,
    binary: &Path,
    then: impl FnOnce(Result<App, String>) -> T,
) -> Result<T, BuildError> {
    let served = Served::new(binary, &folder.state(), &[])?;
    Ok(then(served.start()))
}
