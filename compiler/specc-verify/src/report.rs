//! What came of it all: counted, and as JSON.

use crate::app::Exchange;
use crate::record::{Record, Verdict};
use crate::strength::{Strength, Tried};
use serde::Serialize;
use serde_json::{Value as Json, json};
use specc_ir::ir::Ir;
use specc_syntax::span::{Sources, Span};
use std::collections::BTreeMap;
use std::time::Duration;

/// How many came out how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
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

/// One object with `summary` and `results`, and with `mutants` where the judge's strength was looked at.
#[must_use]
pub fn json(
    ir: &Ir,
    sources: &Sources,
    (records, tried): (&[Record], Option<&[Tried]>),
    took: Duration,
) -> Json {
    let mut summary = json!(count(records));
    if let Json::Object(summary) = &mut summary {
        summary.insert("unproven_sentences".to_owned(), json!(ir.unproven.len()));
        summary.insert(
            "seconds".to_owned(),
            json!((took.as_secs_f64() * 10.0).round() / 10.0),
        );
        summary.insert("strength".to_owned(), json!(tried.map(Strength::of)));
    }
    let results = records.iter().map(|record| {
        json!({
            "id": record.id,
            "class": record.class,
            "what": record.what,
            "sentence": place(record, sources),
            "verdict": record.verdict.name(),
            "steps": record.steps,
            "seen": record.seen,
            "expected": record.expected,
            "actual": record.actual,
            "exchanges": record.exchanges.iter().map(exchange).collect::<Vec<_>>(),
            "origin": record.origin,
        })
    });
    let mut whole = json!({ "summary": summary, "results": results.collect::<Vec<_>>() });
    if let (Json::Object(whole), Some(tried)) = (&mut whole, tried) {
        let mutants = tried.iter().map(|one| {
            json!({
                "id": one.id,
                "class": one.class,
                "what": one.what,
                "sentence": line_of(one.span, sources),
                "fate": one.fate,
                "why": one.why,
            })
        });
        whole.insert("mutants".to_owned(), mutants.collect());
    }
    whole
}

fn exchange(exchange: &Exchange) -> Json {
    json!({
        "method": exchange.method,
        "path": exchange.path,
        "user": exchange.user,
        "sent": exchange.sent,
        "status": exchange.status,
        "body": exchange.body,
    })
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
