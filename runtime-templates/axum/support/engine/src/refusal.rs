//! Why an operation did not happen.

use crate::sign::Ask;
use std::borrow::Cow;

/// A refusal. The order here is the order in which an operation looks for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody is signed in: 401.
    Unauthenticated,
    /// The caller may not: 403.
    Forbidden,
    /// There is no such row, or the caller may not read it: 404.
    NotFound,
    /// The row has changed since the caller read it: 412.
    Stale,
    /// Not now: a requirement or guard is false, or something still refers to the row: 409.
    Conflict {
        /// The id of the sentence.
        rule: &'static str,
        /// The sentence.
        message: String,
    },
    /// What was sent does not fit: 422, every field at once.
    Invalid(Vec<FieldError>),
    /// Too many attempts: 429.
    TooMany {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// Work on a password has to be done before the operation can be run again; see [`crate::sign`]. Not for clients.
    Pending(Ask),
    /// The server failed: 500. Logged, never shown.
    Fault(String),
}

/// What is wrong with one field, or with the row (`field` empty).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name as sent; empty for the whole row.
    pub field: Cow<'static, str>,
    /// Id of the sentence or of the built-in rule (`required`, `type`, `length`, `bounds`, `pattern`,
    /// `choice`, `unique`, `reference`, `fixed`, `arithmetic`, `sign-in`).
    pub rule: &'static str,
    /// What people read.
    pub message: String,
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Refusal {
        Refusal::Fault(error.to_string())
    }
}

impl From<kernel::num::Arithmetic> for Refusal {
    fn from(_: kernel::num::Arithmetic) -> Refusal {
        let message = "A number is too large, or something is divided by zero.".to_owned();
        Refusal::Invalid(vec![FieldError {
            field: "".into(),
            rule: "arithmetic",
            message,
        }])
    }
}
