//! `specc verify`: the app built and served for the judge, and what it says of each sentence.

use crate::arguments::Format;
use crate::commands::{failed, stopped};
use crate::show::{Show, count, pretty, short};
use crate::strength;
use specc_build::app::{listen, start_with};
use specc_build::folder::Folder;
use specc_build::front::Checked;
use specc_build::pipeline;
use specc_build::{BuildError, Event};
use specc_verify::app::App;
use specc_verify::judge::{self, Options, Record, Verdict};
use specc_verify::report;
use specc_verify::strength::Tried;
use std::path::Path;
use std::time::{Duration, Instant};

/// The spec is no use, or nothing could be looked at.
const UNUSABLE: u8 = 2;
/// What is shown of failures and of what was not exercised.
const MOST: usize = 20;

/// What is wanted.
pub struct Wanted {
    /// Where the dice begin.
    pub seed: u64,
    /// Nothing new is begun after that.
    pub time: Duration,
    /// Not exercised is not good enough.
    pub strict: bool,
    /// Replace files that were changed by hand.
    pub overwrite: bool,
    /// Prove that the judge can fail.
    pub strength: bool,
}

impl Wanted {
    fn options(&self) -> Options {
        Options {
            seed: self.seed,
            time: self.time,
            ..Options::default()
        }
    }
}

/// Builds, serves and judges; gives the exit code.
pub fn verify(show: &mut Show, folder: &Folder, wanted: &Wanted) -> u8 {
    let built = pipeline::build_for_verification(folder, wanted.overwrite, &mut |event: Event| {
        show.event(&event);
    });
    let (checked, binary) = match built {
        Ok(built) => built,
        Err(pipeline::Stop::Spec(checked)) => {
            show.end_progress();
            stopped(show, &pipeline::Stop::Spec(checked));
            return UNUSABLE;
        }
        Err(stop) => {
            show.end_progress();
            return stopped(show, &stop);
        }
    };
    show.end_progress();
    let start = Instant::now();
    match judged(folder, &checked, &binary, wanted) {
        Ok(Ok(records)) => {
            let took = start.elapsed();
            let tried = if wanted.strength {
                let options = wanted.options();
                match strength::proof(show, folder, &checked, options, &records) {
                    Ok(tried) => Some(tried),
                    Err(stop) => return stopped(show, &stop),
                }
            } else {
                None
            };
            said(show, &checked, (&records, tried.as_deref()), took);
            report::exit_code(report::count(&records), wanted.strict)
        }
        Ok(Err(dead)) => {
            show.say(&format!("error: the app does not answer: {dead}"));
            1
        }
        Err(error) => failed(show, &error),
    }
}

type Judged = Result<Vec<Record>, specc_verify::app::NoAnswer>;

/// The app runs alone: with a data folder, a socket and an environment of its own.
fn judged(
    folder: &Folder,
    checked: &Checked,
    binary: &Path,
    wanted: &Wanted,
) -> Result<Judged, BuildError> {
    let state = folder.state();
    let data = tempfile::Builder::new()
        .prefix("verification-")
        .tempdir_in(&state)
        .map_err(BuildError::io("create a folder in", &state))?;
    let listener = listen(Some(0))?;
    let address = listener.local_addr().map_err(BuildError::io(
        "read the address of",
        "the listening socket",
    ))?;
    let running = start_with(
        binary,
        &listener,
        data.path(),
        strength::sandbox().as_ref(),
        &[],
    )?;
    let options = wanted.options();
    let judged = App::at(format!("http://{address}"))
        .and_then(|app| judge::judge(&checked.ir, &app, options, &mut |_| {}));
    drop(running);
    Ok(judged)
}

fn said(
    show: &Show,
    checked: &Checked,
    (records, tried): (&[Record], Option<&[Tried]>),
    took: Duration,
) {
    if show.format != Format::Human {
        show.data(&pretty(&report::json(
            &checked.ir,
            &checked.sources,
            (records, tried),
            took,
        )));
        return;
    }
    let mut text = String::new();
    let of = |verdict: Verdict| {
        records
            .iter()
            .filter(move |record| record.verdict == verdict)
    };
    for verdict in [Verdict::Failed, Verdict::Flaky] {
        for record in of(verdict).take(MOST) {
            text.push_str(&one(record, checked));
        }
    }
    let open: Vec<&Record> = of(Verdict::NotExercised).collect();
    for record in open.iter().take(MOST) {
        text.push_str(&format!(
            "not exercised  {}  {}  [{}]\n",
            report::place(record, &checked.sources),
            record.what,
            record.id
        ));
    }
    if open.len() > MOST {
        text.push_str(&format!(
            "… and {} more that were not exercised; --format json lists all\n",
            open.len() - MOST
        ));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&format!(
        "{:<16}{:>12}{:>8}{:>8}{:>15}{:>8}\n",
        "", "obligations", "held", "failed", "not exercised", "flaky"
    ));
    let total = report::count(records);
    let rows = report::by_class(records)
        .into_iter()
        .chain([("all", total)]);
    for (class, count) in rows {
        text.push_str(&format!(
            "{class:<16}{:>12}{:>8}{:>8}{:>15}{:>8}\n",
            count.obligations, count.held, count.failed, count.not_exercised, count.flaky
        ));
    }
    if let Some(tried) = tried {
        text.push('\n');
        text.push_str(&strength::table(tried, &checked.sources));
    }
    show.data(text.trim_end());
    for sentence in checked.ir.unproven.iter().take(MOST) {
        let (line, _) = checked.sources.line_column(sentence.span);
        let file = checked.sources.files.get(sentence.span.file.0 as usize);
        let file = file.map_or("", |file| file.path.as_str());
        show.say(&format!("unproven  {file}:{line}  {}", sentence.text));
    }
    show.say(&format!(
        "{} of {} held after {}; {} without a proof",
        total.held,
        count(total.obligations, "obligation"),
        short(took),
        count(checked.ir.unproven.len(), "sentence")
    ));
}

fn one(record: &Record, checked: &Checked) -> String {
    let place = report::place(record, &checked.sources);
    let mut text = format!(
        "{}  {place}  {}: {}  [{}]\n    {}\n",
        record.verdict.name(),
        record.class,
        record.what,
        record.id,
        record.seen
    );
    if let Some(exchange) = record.exchanges.last() {
        let sent = exchange
            .sent
            .as_ref()
            .map_or_else(String::new, |sent| format!(" {sent}"));
        text.push_str(&format!(
            "    {} {}{sent}\n    → {} {}\n",
            exchange.method, exchange.path, exchange.status, exchange.body
        ));
    }
    text
}
