//! How an app differs from what its program means, in words and as something to look at.

use serde_json::Value as Json;

/// How the app differs from the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// In a sentence, as `due of tickets 3 is "2026-03-01", not null`.
    pub text: String,
    /// What the program means should be there, as a half sentence.
    pub expected: String,
    /// What is there.
    pub actual: String,
    /// Where it can be seen.
    pub check: Option<Check>,
}

impl Difference {
    /// Something is not what it should be.
    #[must_use]
    pub fn of(
        what: &str,
        actual: impl std::fmt::Display,
        expected: impl std::fmt::Display,
    ) -> Difference {
        Difference {
            text: format!("{what} is {actual}, not {expected}"),
            expected: format!("{what} is {expected}"),
            actual: format!("{what} is {actual}"),
            check: None,
        }
    }

    /// What is there, and what should be, each as a half sentence.
    #[must_use]
    pub fn between(actual: String, expected: String) -> Difference {
        Difference {
            text: format!("{actual}; what should be: {expected}"),
            expected,
            actual,
            check: None,
        }
    }

    /// What is wrong in words of its own, and what was to be.
    #[must_use]
    pub fn said(actual: String, expected: impl Into<String>) -> Difference {
        Difference {
            text: actual.clone(),
            expected: expected.into(),
            actual,
            check: None,
        }
    }

    /// With where it can be seen.
    #[must_use]
    pub fn at(mut self, check: Check) -> Difference {
        self.check = Some(check);
        self
    }
}

/// Something in an answer that tells right from wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// The status of the last answer is this one.
    Status(u16),
    /// The last request is carried out.
    Done,
    /// At this JSON path in the last answer stands this.
    Answer(String, Json),
    /// At this JSON path in the last answer stands nothing.
    AnswerLacks(String),
    /// So many rows are kept of the entity of this address.
    Rows(String, usize),
    /// Of the entity of this address the row of this name has this under this key.
    Row(String, Json, String, Json),
    /// So many mails were sent.
    Mails(usize),
}
