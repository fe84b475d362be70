//! What `specc verify` and `specc replay` say to people: what failed as a diagnostic at its sentence, with the steps that
//! show it.

use crate::show::{Show, count, short};
use crate::strength;
use specc_build::front::Checked;
use specc_syntax::diagnostic::{Diagnostic, Severity};
use specc_syntax::draw::{draw, printable};
use specc_syntax::span::Span;
use specc_verify::record::{Origin, Record, Verdict};
use specc_verify::report;

/// What is shown of failures and of what was not exercised.
const MOST: usize = 12;
/// The longest body that is shown, in characters.
const LONGEST_BODY: usize = 200;

/// One thing that was done and failed, with every obligation that it broke.
struct Failure<'r> {
    record: &'r Record,
    others: Vec<&'r Record>,
}

/// What failed, each thing that was done once; what stands at a sentence first.
fn failures(records: &[Record]) -> Vec<Failure<'_>> {
    let mut found: Vec<Failure<'_>> = Vec::new();
    let broken = records.iter().filter(|record| record.is_wrong());
    for record in broken {
        let same = found.iter_mut().find(|failure| {
            record.origin != Origin::Nowhere && failure.record.origin == record.origin
        });
        match same {
            Some(failure) => failure.others.push(record),
            None => found.push(Failure {
                record,
                others: Vec::new(),
            }),
        }
    }
    found
}

/// A run.
pub fn said(show: &Show, checked: &Checked, records: &[Record], run: &report::Run) {
    let open: Vec<&Record> = records
        .iter()
        .filter(|record| record.verdict == Verdict::NotExercised)
        .collect();
    for record in open.iter().take(MOST) {
        show.say(&format!(
            "not exercised  {}  {}  [{}]",
            match report::place(record, &checked.sources) {
                place if place.is_empty() => "built in".to_owned(),
                place => place,
            },
            printable(&record.what),
            printable(&record.id)
        ));
    }
    if open.len() > MOST {
        show.say(&format!(
            "… and {} more that were not exercised; the page and --format json have all",
            open.len() - MOST
        ));
    }
    for sentence in checked.ir.unproven.iter().take(MOST) {
        show.say(&format!(
            "unproven  {}  {}",
            checked.sources.place(sentence.span),
            printable(&sentence.text)
        ));
    }
    let failures = failures(records);
    // One cause breaks a sentence again and again: each sentence is told of once.
    let mut told: Vec<(Span, usize)> = Vec::new();
    for failure in &failures {
        let known = told
            .iter()
            .position(|(span, _)| *span == failure.record.span);
        if let Some((_, more)) = known.and_then(|known| told.get_mut(known)) {
            *more += 1;
        } else if told.len() < MOST {
            told.push((failure.record.span, 0));
            one(show, checked, failure.record, &failure.others);
        }
    }
    for (span, more) in &told {
        if *more > 0 {
            show.say(&format!(
                "{} breaks in {}",
                checked.sources.place(*span),
                match more {
                    1 => "1 more way".to_owned(),
                    more => format!("{more} more ways"),
                }
            ));
        }
    }
    let untold = failures.len() - told.iter().map(|(_, more)| more + 1).sum::<usize>();
    if untold > 0 {
        show.say(&format!(
            "… and {} that failed at other sentences; the page and --format json have all",
            count(untold, "more thing")
        ));
    }
    show.data(&table(records));
    if let Some(tried) = &run.tried {
        show.data(&format!("\n{}", strength::table(tried, &checked.sources)));
    }
    let total = report::count(records);
    let failed = total.failed + total.flaky;
    show.say(&format!(
        "{}{} of {} held after {}{}; {} without a proof",
        if run.interrupted { "interrupted: " } else { "" },
        total.held,
        count(total.obligations, "obligation"),
        short(run.took),
        if failed > 0 {
            format!(", {failed} failed")
        } else {
            String::new()
        },
        count(checked.ir.unproven.len(), "sentence")
    ));
}

fn table(records: &[Record]) -> String {
    let mut text = format!(
        "{:<16}{:>12}{:>8}{:>8}{:>15}{:>8}\n",
        "", "obligations", "held", "failed", "not exercised", "flaky"
    );
    let rows = report::by_class(records)
        .into_iter()
        .chain([("all", report::count(records))]);
    for (class, count) in rows {
        text.push_str(&format!(
            "{class:<16}{:>12}{:>8}{:>8}{:>15}{:>8}\n",
            count.obligations, count.held, count.failed, count.not_exercised, count.flaky
        ));
    }
    text.trim_end().to_owned()
}

/// Something that failed: the sentence, the steps, what should be and what was there, how to see it again.
pub fn one(show: &Show, checked: &Checked, record: &Record, others: &[&Record]) {
    let title = match record.verdict {
        Verdict::Flaky => format!("now so, now otherwise: {}", record.done),
        _ => record.done.clone(),
    };
    let mut lines: Vec<(&str, String)> = Vec::new();
    lines.extend(record.steps.iter().map(|step| ("", step.clone())));
    if record.actual.is_empty() {
        lines.push(("seen", record.seen.clone()));
    } else {
        lines.push(("expected", record.expected.clone()));
        lines.push(("actual", record.actual.clone()));
    }
    if let Some(exchange) = record.exchanges.last() {
        let sent = exchange.sent.as_ref();
        let sent = sent.map_or_else(String::new, |sent| format!(" {}", cut(&sent.to_string())));
        lines.push((
            "request",
            format!("{} {}{sent}", exchange.method, exchange.path),
        ));
        let body = match exchange.body.is_null() {
            true => String::new(),
            false => format!(" {}", cut(&exchange.body.to_string())),
        };
        lines.push((
            "answer",
            match exchange.status {
                0 => "none".to_owned(),
                status => format!("{status}{body}"),
            },
        ));
    }
    for suspect in record.suspects.iter().skip(1) {
        lines.push((
            "or perhaps",
            format!("{} ({})", suspect.what, checked.sources.place(suspect.span)),
        ));
    }
    let ids = others.iter().filter(|other| other.class != "walks");
    let ids: Vec<&str> = ids.map(|other| other.id.as_str()).take(6).collect();
    if !ids.is_empty() {
        lines.push(("breaks too", ids.join(", ")));
    }
    if record.origin != Origin::Nowhere {
        lines.push(("again", format!("specc replay {}", record.id)));
    }
    if record.span == Span::default() {
        show.say(&format!("error[{}]: {}", record.class, printable(&title)));
    } else {
        let mut diagnostic = Diagnostic {
            name: record.class,
            severity: Severity::Error,
            message: title,
            span: record.span,
            labels: Vec::new(),
            help: None,
            edit: None,
        };
        diagnostic.help = record
            .suspects
            .first()
            .map(|suspect| format!("this would explain it: {}", suspect.what));
        show.say(draw(&[diagnostic], &checked.sources, show.colour()).trim_end());
    }
    for (name, text) in lines {
        let text = printable(&text);
        if name.is_empty() {
            show.say(&format!("     {text}"));
        } else {
            show.say(&format!("  {name:>10}: {text}"));
        }
    }
    show.say("");
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST_BODY {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST_BODY).collect();
    format!("{start}…")
}
