//! Problems of a spec as plain data. Drawing them is in `draw.rs`; printing is the binary's.

use crate::span::Span;
use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Nothing is built.
    Error,
    /// Built, but look at it.
    Warning,
}

/// A change of the source that would mend the problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// What to replace; an empty span inserts.
    pub span: Span,
    /// What to put there.
    pub text: String,
}

/// A second place that belongs to the problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is said there.
    pub message: String,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Its kebab-case name, from [`crate::names::NAMES`].
    pub name: &'static str,
    /// How bad.
    pub severity: Severity,
    /// One line that stands alone: lower case, no final period, names the thing.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Further places.
    pub labels: Vec<Label>,
    /// The next step, in a sentence.
    pub help: Option<String>,
    /// An edit that mends it.
    pub edit: Option<Edit>,
}

impl Diagnostic {
    /// A problem with this name; its severity comes from the table of names.
    #[must_use]
    pub fn new(name: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        let severity = crate::names::severity(name);
        Diagnostic {
            name,
            severity,
            message: message.into(),
            span,
            labels: Vec::new(),
            help: None,
            edit: None,
        }
    }

    /// Adds the next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn label(mut self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.labels.push(Label {
            span,
            message: message.into(),
        });
        self
    }

    /// Adds an edit that mends it.
    #[must_use]
    pub fn edit(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.edit = Some(Edit {
            span,
            text: text.into(),
        });
        self
    }
}
