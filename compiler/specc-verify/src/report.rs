//! What came of it all: counted, and as something that is written to disk and read by other programs.

pub mod hurl;
mod junit;
pub mod page;
mod sarif;

pub use junit::junit;
pub use sarif::sarif;

use crate::app;
use crate::record::{Origin, Record, Verdict};
use crate::strength::{Fate, Strength, Tried};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use specc_ir::ir::Ir;
use specc_syntax::lines::Lines;
use specc_syntax::span::{Sources, Span};
use std::collections::BTreeMap;
use std::time::Duration;

/// The format of [`Report`] on disk.
pub const FORMAT: u64 = 1;
/// The longest body of a request or an answer that is kept whole, in bytes of JSON.
const LONGEST_BODY: usize = 4_000;
/// Beyond so many bytes what held is kept without its steps and exchanges.
const LARGEST: usize = 32 * 1024 * 1024;

/// How many came out how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Everything that was demanded.
    pub obligations: usize,
    /// Done as it should be.
    pub held: usize,
    /// Not.
    pub failed: usize,
    /// Nothing told.
    pub not_exercised: usize,
    /// Once so, once otherwise.
    pub flaky: usize,
}

impl Count {
    fn add(&mut self, verdict: Verdict) {
        self.obligations += 1;
        match verdict {
            Verdict::Held => self.held += 1,
            Verdict::Failed => self.failed += 1,
            Verdict::NotExercised => self.not_exercised += 1,
            Verdict::Flaky => self.flaky += 1,
        }
    }
}

/// The whole.
#[must_use]
pub fn count(records: &[Record]) -> Count {
    let mut count = Count::default();
    records.iter().for_each(|record| count.add(record.verdict));
    count
}

/// By class, in the order of their names.
#[must_use]
pub fn by_class(records: &[Record]) -> BTreeMap<&'static str, Count> {
    let mut all: BTreeMap<&'static str, Count> = BTreeMap::new();
    for record in records {
        all.entry(record.class).or_default().add(record.verdict);
    }
    all
}

/// 0 where all held, 1 where something failed or was flaky, 2 where nothing was demanded, 3 where all that was seen held
/// and something was not exercised, if that is asked for.
#[must_use]
pub fn exit_code(count: Count, strict: bool) -> u8 {
    if count.failed + count.flaky > 0 {
        1
    } else if count.held == 0 {
        2
    } else if strict && count.not_exercised > 0 {
        3
    } else {
        0
    }
}

/// `spec/app.md:41` of a record; nothing where it belongs to no sentence.
#[must_use]
pub fn place(record: &Record, sources: &Sources) -> String {
    line_of(record.span, sources)
}

/// `spec/app.md:41`; nothing where there is no sentence.
#[must_use]
pub fn line_of(span: Span, sources: &Sources) -> String {
    if span == Span::default() {
        return String::new();
    }
    let (line, _) = sources.line_column(span);
    let file = sources.files.get(span.file.0 as usize);
    format!("{}:{line}", file.map_or("", |file| file.path.as_str()))
}

/// What is known of a run beside its records.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// When it began, as RFC 3339 has it.
    pub taken: String,
    /// Where the dice began.
    pub seed: u64,
    /// How long it took.
    pub took: Duration,
    /// blake3 of the spec's files.
    pub spec: String,
    /// blake3 of the app's binary.
    pub binary: String,
    /// How the app was shut in: `none`, or a level's name.
    pub sandbox: String,
    /// It was ended before its end.
    pub interrupted: bool,
    /// What came of wrong programs, where they were served.
    pub tried: Option<Vec<Tried>>,
}

/// A run, as it is kept and given to other programs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u64,
    /// The program's name.
    pub program: String,
    /// When it began, as RFC 3339 has it.
    pub taken: String,
    /// Where the dice began.
    pub seed: u64,
    /// blake3 of the spec's files.
    pub spec: String,
    /// blake3 of the app's binary.
    pub binary: String,
    /// How the app was shut in.
    pub sandbox: String,
    /// It was ended before its end.
    pub interrupted: bool,
    /// All of it, counted.
    pub summary: Summary,
    /// One for each obligation, in the order in which they were judged.
    pub results: Vec<Outcome>,
    /// Sentences that read like requirements and have nothing behind them.
    pub unproven: Vec<Place>,
    /// The wrong programs that were served; not there where none were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutants: Option<Vec<Mutant>>,
}

/// A program that is wrong in one place, and whether that was seen.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mutant {
    /// Named as the obligation is.
    pub id: String,
    /// The kind of the sentence.
    pub class: String,
    /// What is wrong with it.
    pub what: String,
    /// The sentence.
    pub sentence: Place,
    /// How it ended.
    pub fate: Fate,
    /// What was seen, or why nothing was.
    pub why: String,
}

/// A run, counted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Summary {
    /// By verdict.
    #[serde(flatten)]
    pub count: Count,
    /// Sentences that nothing proves.
    pub unproven_sentences: usize,
    /// How long it took.
    pub seconds: f64,
    /// What came of wrong programs; `null` where none were made.
    pub strength: Option<Strength>,
}

/// A sentence and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, relative to the program's folder.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its text as it is written.
    pub text: String,
}

/// An obligation and how it came out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// Stable as long as the sentence is.
    pub id: String,
    /// Its kind.
    pub class: String,
    /// `held`, `failed`, `not exercised` or `flaky`.
    pub verdict: String,
    /// What was looked for, as a half sentence.
    pub what: String,
    /// The sentence; `null` where it belongs to none.
    pub sentence: Option<Place>,
    /// What was done, as a half sentence.
    pub done: String,
    /// What was done, in the spec's own words.
    pub steps: Vec<String>,
    /// What was seen.
    pub seen: String,
    /// What should be.
    pub expected: String,
    /// What was there instead.
    pub actual: String,
    /// The requests with their answers.
    pub exchanges: Vec<Exchange>,
    /// What may be the matter.
    pub suspects: Vec<Guess>,
    /// Where it came from.
    pub origin: Origin,
    /// How to see it again; empty where nothing was done.
    pub replay: String,
}

/// What may be the matter, and at which sentence.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Guess {
    /// How the app seems to be wrong, as a half sentence.
    pub what: String,
    /// About which sentence.
    pub sentence: Place,
}

/// A request with its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Exchange {
    pub method: String,
    pub path: String,
    /// How the app names the user who asked; `null` for nobody.
    pub user: Option<String>,
    pub sent: Option<Json>,
    pub status: u16,
    pub body: Json,
}

/// A body that is not endless.
fn bounded(body: &Json) -> Json {
    let text = body.to_string();
    if text.len() <= LONGEST_BODY {
        return body.clone();
    }
    let start: String = text.chars().take(LONGEST_BODY / 4).collect();
    Json::String(format!("{start}… ({} bytes in all)", text.len()))
}

fn exchange(exchange: &app::Exchange) -> Exchange {
    Exchange {
        method: exchange.method.clone(),
        path: exchange.path.clone(),
        user: exchange.user.clone(),
        sent: exchange.sent.as_ref().map(bounded),
        status: exchange.status,
        body: bounded(&exchange.body),
    }
}

fn at(lines: &Lines<'_>, sources: &Sources, span: Span) -> Place {
    let text = sources.text(span).trim_end();
    Place {
        file: lines.path(span.file).to_owned(),
        line: lines.place(span).line,
        text: text.lines().next().unwrap_or_default().to_owned(),
    }
}

fn outcome(lines: &Lines<'_>, sources: &Sources, record: &Record) -> Outcome {
    let nowhere = record.span == Span::default();
    Outcome {
        id: record.id.clone(),
        class: record.class.to_owned(),
        verdict: record.verdict.name().to_owned(),
        what: record.what.clone(),
        sentence: (!nowhere).then(|| at(lines, sources, record.span)),
        done: record.done.clone(),
        steps: record.steps.clone(),
        seen: record.seen.clone(),
        expected: record.expected.clone(),
        actual: record.actual.clone(),
        exchanges: record.exchanges.iter().map(exchange).collect(),
        suspects: record
            .suspects
            .iter()
            .map(|suspect| Guess {
                what: suspect.what.clone(),
                sentence: at(lines, sources, suspect.span),
            })
            .collect(),
        origin: record.origin.clone(),
        replay: match record.origin {
            Origin::Nowhere => String::new(),
            _ => format!("specc replay {}", record.id),
        },
    }
}

/// What failed, in lines: the steps, what should be, what was there, how to see it again.
#[must_use]
pub fn told(outcome: &Outcome) -> String {
    let mut lines = vec![outcome.done.clone()];
    lines.extend(outcome.steps.iter().cloned());
    if outcome.actual.is_empty() {
        lines.push(format!("seen: {}", outcome.seen));
    } else {
        lines.push(format!("expected: {}", outcome.expected));
        lines.push(format!("actual: {}", outcome.actual));
    }
    for guess in &outcome.suspects {
        let place = &guess.sentence;
        lines.push(format!(
            "would be explained by: {} ({}:{})",
            guess.what, place.file, place.line
        ));
    }
    if !outcome.replay.is_empty() {
        lines.push(format!("again: {}", outcome.replay));
    }
    lines
        .iter()
        .map(|line| specc_syntax::draw::printable(line))
        .collect::<Vec<_>>()
        .join("\n")
}

impl Report {
    /// Of a run of a program.
    #[must_use]
    pub fn new(ir: &Ir, sources: &Sources, records: &[Record], run: &Run) -> Report {
        let lines = Lines::new(sources);
        let mut size = 0;
        let results = records.iter().map(|record| {
            let mut outcome = outcome(&lines, sources, record);
            size += serde_json::to_string(&outcome).map_or(0, |text| text.len());
            if size > LARGEST && record.verdict == Verdict::Held {
                outcome.steps.clear();
                outcome.exchanges.clear();
            }
            outcome
        });
        let results = results.collect();
        Report {
            format: FORMAT,
            program: ir.program.name.clone(),
            taken: run.taken.clone(),
            seed: run.seed,
            spec: run.spec.clone(),
            binary: run.binary.clone(),
            sandbox: run.sandbox.clone(),
            interrupted: run.interrupted,
            summary: Summary {
                count: count(records),
                unproven_sentences: ir.unproven.len(),
                seconds: (run.took.as_secs_f64() * 10.0).round() / 10.0,
                strength: run.tried.as_ref().map(Strength::of),
            },
            results,
            unproven: ir
                .unproven
                .iter()
                .map(|sentence| at(&lines, sources, sentence.span))
                .collect(),
            mutants: run.tried.as_ref().map(|tried| {
                let mutants = tried.iter().map(|one| Mutant {
                    id: one.id.clone(),
                    class: one.class.to_owned(),
                    what: one.what.clone(),
                    sentence: at(&lines, sources, one.span),
                    fate: one.fate,
                    why: one.why.clone(),
                });
                mutants.collect()
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_say_what_was_seen() {
        let count = |held, failed, not_exercised, flaky| Count {
            obligations: held + failed + not_exercised + flaky,
            held,
            failed,
            not_exercised,
            flaky,
        };
        assert_eq!(exit_code(count(3, 0, 0, 0), true), 0);
        assert_eq!(exit_code(count(3, 1, 0, 0), false), 1);
        assert_eq!(exit_code(count(3, 0, 0, 1), false), 1);
        assert_eq!(exit_code(count(0, 0, 4, 0), false), 2);
        assert_eq!(exit_code(count(3, 0, 1, 0), true), 3);
        assert_eq!(exit_code(count(3, 0, 1, 0), false), 0);
    }
}
