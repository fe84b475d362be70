//! An app that stops answering, or that does not take a row that its program allows: a failed obligation like any other,
//! with what was sent last and all that was sent before it.

use crate::app::{App, Exchange, NoAnswer};
use crate::record::{Record, Verdict};
use crate::wire;
use specc_ir::ir::Ir;
use specc_syntax::span::Span;
use std::collections::BTreeSet;

/// An answer that did not come, and what was looked at when it did not.
#[derive(Debug)]
pub(crate) struct Dead {
    /// Why.
    pub(crate) cause: NoAnswer,
    /// What is known of what was looked at.
    pub(crate) during: Record,
}

impl Dead {
    /// While this was looked at.
    pub(crate) fn during(cause: NoAnswer, during: Record) -> Box<Dead> {
        Box::new(Dead { cause, during })
    }
}

/// How ids of rows that were not taken begin.
const PLANTED: &str = "row";
/// The obligation that everything is answered.
const ANSWERS: &str = "life.answers";
/// The most rows that are not taken, of different entities, before the judgement ends.
const MOST_REFUSED: usize = 6;

/// What was kept of an app that did not answer, and whether there is more to ask it.
#[derive(Debug, Default)]
pub(crate) struct Deaths {
    known: BTreeSet<String>,
    over: bool,
}

impl Deaths {
    /// Takes note of an answer that did not come and starts the app again: what is to be reported of it, once.
    pub(crate) fn note(&mut self, ir: &Ir, app: &App, dead: Dead) -> Option<Record> {
        let record = died(ir, app, &dead.cause, dead.during);
        // A row that is not taken is no end: other scenes may have none of its kind.
        self.over |= match dead.cause.row {
            Some(_) => self.known.len() >= MOST_REFUSED,
            None => !app.revive(),
        };
        self.known.insert(record.id.clone()).then_some(record)
    }

    /// Nothing more is asked.
    pub(crate) fn over(&self) -> bool {
        self.over
    }
}

/// What an answer that did not come breaks, in place of what was looked at.
pub(crate) fn died(ir: &Ir, app: &App, dead: &NoAnswer, during: Record) -> Record {
    let script = app.script();
    let record = Record {
        verdict: Verdict::Failed,
        actual: dead.to_string(),
        script: script.clone(),
        check: None,
        ..during
    };
    if let Some((entity, row)) = &dead.row {
        let declared = ir.entities.get(entity.0 as usize);
        let slug = declared.map_or_else(String::new, |entity| wire::slug(&entity.name.text));
        let refusal = dead.refused.as_deref();
        return Record {
            id: format!("{PLANTED}.{slug}"),
            class: "values",
            what: "a row that the program allows can be there".to_owned(),
            span: declared.map(|entity| entity.span).unwrap_or_default(),
            done: format!("{row} is put in place, which no sentence forbids"),
            seen: format!("the app does not take {row}: {}", dead.cause),
            expected: format!("{row} is there"),
            actual: format!("it is not taken: {}", dead.cause),
            exchanges: refusal.cloned().into_iter().collect(),
            ..record
        };
    }
    let last = script.last().filter(|last| last.status == 0).cloned();
    let last = dead.refused.as_deref().cloned().or(last);
    let last = last.unwrap_or_else(|| Exchange {
        method: dead.method.clone(),
        path: dead.path.clone(),
        sent: None,
        status: 0,
        body: serde_json::Value::Null,
        user: None,
    });
    Record {
        id: format!("{ANSWERS}.{}", record.id),
        class: "life",
        what: "the app answers whatever is sent".to_owned(),
        span: if record.span == Span::default() {
            sentence_of(ir, &dead.path)
        } else {
            record.span
        },
        done: if record.done.is_empty() {
            format!("{} {} is sent", dead.method, dead.path)
        } else {
            record.done
        },
        seen: format!(
            "the app does not answer {} {}: {}",
            dead.method, dead.path, dead.cause
        ),
        expected: "every request is answered, and the app goes on".to_owned(),
        exchanges: vec![last],
        ..record
    }
}

/// That everything was answered, for a run without a death.
pub(crate) fn answering() -> Record {
    let what = "the app answers whatever is sent to it".to_owned();
    Record {
        verdict: Verdict::Held,
        done: "all that was sent is answered".to_owned(),
        seen: "every request was answered".to_owned(),
        expected: "every request is answered".to_owned(),
        ..Record::open(ANSWERS.to_owned(), "life", what, Span::default())
    }
}

/// The sentence that an address belongs to: that of the entity it names.
fn sentence_of(ir: &Ir, path: &str) -> Span {
    let bare = path.split('?').next().unwrap_or_default();
    let mut parts = bare.split('/').filter(|part| !part.is_empty());
    let found = parts.find_map(|part| {
        let mut entities = ir.entities.iter();
        entities.find(|entity| wire::slug(&entity.plural) == part)
    });
    found.map(|entity| entity.span).unwrap_or_default()
}

/// The app stopped answering while what failed in an earlier run was done again.
#[must_use]
pub fn did_not_answer(ir: &Ir, app: &App, dead: &NoAnswer) -> Record {
    let what = "what failed before holds".to_owned();
    let during = Record::open("kept".to_owned(), "walks", what, Span::default());
    died(ir, app, dead, during)
}

/// The app never answered at all; `words` are its last.
#[must_use]
pub fn did_not_start(words: &str) -> Record {
    let what = "the app starts on an empty folder and answers".to_owned();
    Record {
        verdict: Verdict::Failed,
        done: "the app is started on an empty folder".to_owned(),
        seen: words.to_owned(),
        expected: "it answers within 20 s".to_owned(),
        actual: words.to_owned(),
        ..Record::open("life.start".to_owned(), "life", what, Span::default())
    }
}
