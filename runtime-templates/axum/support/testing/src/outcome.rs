//! What came of what somebody did.

use http::StatusCode;
use serde_json::Value as Json;
use std::fmt;

/// What the app answered; several answers where several people acted at the same time.
#[derive(Debug, Clone)]
pub struct Outcome {
    answers: Vec<Answer>,
}

#[derive(Debug, Clone)]
struct Answer {
    status: StatusCode,
    body: String,
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.status, self.body)
    }
}

impl Answer {
    /// What is said to be wrong, sentence by sentence.
    fn sentences(&self) -> Vec<String> {
        let body: Json = serde_json::from_str(&self.body).unwrap_or_default();
        let errors = body.get("errors").and_then(Json::as_array);
        let message = |error: &Json| error.get("message")?.as_str().map(str::to_owned);
        errors.into_iter().flatten().filter_map(message).collect()
    }
}

impl Outcome {
    pub(crate) fn one(status: StatusCode, body: String) -> Outcome {
        Outcome {
            answers: vec![Answer { status, body }],
        }
    }

    pub(crate) fn all(outcomes: impl IntoIterator<Item = Outcome>) -> Outcome {
        let answers = outcomes.into_iter().flat_map(|outcome| outcome.answers);
        Outcome {
            answers: answers.collect(),
        }
    }

    pub(crate) fn body(&self) -> Json {
        let body = self.answers.first().map_or("", |answer| &answer.body);
        serde_json::from_str(body).unwrap_or_default()
    }

    pub(crate) fn is_success(&self) -> bool {
        self.answers.iter().all(|answer| answer.status.is_success())
    }

    /// It was carried out.
    ///
    /// # Panics
    /// Where it was not.
    #[track_caller]
    pub fn succeeds(&self) {
        self.each(|answer| answer.status.is_success(), "it to succeed");
    }

    /// It was refused, in whatever way that is the caller's doing.
    ///
    /// # Panics
    /// Where it was not.
    #[track_caller]
    pub fn is_refused(&self) {
        let refused = |answer: &Answer| answer.status.is_client_error();
        self.each(refused, "a refusal");
    }

    /// It was refused with this status: 404 where a row is not there or may not be read, 403 where something is not
    /// allowed, 422 where something does not fit.
    ///
    /// # Panics
    /// Where it was not.
    #[track_caller]
    pub fn is_refused_with_status(&self, status: u16) {
        let refused = |answer: &Answer| answer.status.as_u16() == status;
        self.each(refused, &format!("a refusal with {status}"));
    }

    /// It was refused, and this sentence is named.
    ///
    /// # Panics
    /// Where it was not.
    #[track_caller]
    pub fn is_refused_because(&self, sentence: &str) {
        let named = |answer: &Answer| {
            answer.status.is_client_error() && answer.sentences().iter().any(|it| it == sentence)
        };
        self.each(named, &format!("a refusal that says “{sentence}”"));
    }

    /// So many of several at the same time were carried out.
    ///
    /// # Panics
    /// Where it were more or fewer.
    #[track_caller]
    pub fn exactly(&self, count: usize) {
        let carried_out = |answer: &&Answer| answer.status.is_success();
        let found = self.answers.iter().filter(carried_out).count();
        assert!(
            found == count,
            "expected {count} to succeed, {found} did: {}",
            self.told()
        );
    }

    #[track_caller]
    fn each(&self, holds: impl Fn(&Answer) -> bool, expected: &str) {
        assert!(
            !self.answers.is_empty() && self.answers.iter().all(holds),
            "expected {expected}, the app answered {}",
            self.told()
        );
    }

    fn told(&self) -> String {
        let told: Vec<String> = self.answers.iter().map(ToString::to_string).collect();
        told.join("; ")
    }
}
