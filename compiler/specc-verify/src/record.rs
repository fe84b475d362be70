//! What is kept of an obligation: how it came out, what was done and seen, and where it can be done again.

use crate::app::Exchange;
use crate::difference::Check;
use serde::{Deserialize, Serialize};
use specc_syntax::span::Span;

/// How an obligation came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The app does what the sentence says, where it would show if it did not.
    Held,
    /// It does not.
    Failed,
    /// Nothing was seen that would tell.
    NotExercised,
    /// It did not, and then, under the same circumstances, it did.
    Flaky,
}

impl Verdict {
    /// As reports name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Held => "held",
            Verdict::Failed => "failed",
            Verdict::NotExercised => "not exercised",
            Verdict::Flaky => "flaky",
        }
    }
}

/// Where a record came from, so that [`crate::judge::replay`] can do the same again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Nothing was done.
    Nowhere,
    /// The scenario at this position, counted from 0.
    Scenario(usize),
    /// A demand on one of the other doors.
    Door {
        /// The seed of the run.
        seed: u64,
        /// The id of the record.
        id: String,
    },
    /// Something that was thought of in a scene.
    Walk {
        /// The seed of the scene.
        scene: u64,
        /// The position of what was done among what was thought of there, counted from 0.
        thought: usize,
    },
    /// Things done one after another, in a scene.
    Steps {
        /// The seed of the scene.
        scene: u64,
        /// The positions of what was done among what was thought of, counted from 0.
        steps: Vec<usize>,
    },
}

/// One thing that is demanded of the app, and what was seen.
#[derive(Debug, Clone)]
pub struct Record {
    /// Stable as long as the sentence is.
    pub id: String,
    /// Its kind: `access`, `rules`, `scenarios`, `walks`, …
    pub class: &'static str,
    /// What was looked for, as a half sentence.
    pub what: String,
    /// The sentence; the default span where it belongs to none.
    pub span: Span,
    /// The verdict.
    pub verdict: Verdict,
    /// What was done, as a half sentence without names; empty where nothing was.
    pub done: String,
    /// What was done, a line each, in the spec's own words; empty where nothing was.
    pub steps: Vec<String>,
    /// What was seen; for what failed, what is wrong.
    pub seen: String,
    /// What the program means should be seen; empty where nothing was done.
    pub expected: String,
    /// What was there instead; empty where it is what was expected.
    pub actual: String,
    /// The requests that were made for it with their answers, in order.
    pub exchanges: Vec<Exchange>,
    /// For what failed, all that has to be sent to the app to see it again, beginning with nothing in it.
    pub script: Vec<Exchange>,
    /// What to look at after the script to see what is wrong; `None` where it is told in words alone.
    pub check: Option<Check>,
    /// For what failed, wrong programs that would do just what was seen: what may be the matter.
    pub suspects: Vec<Suspect>,
    /// Where it came from.
    pub origin: Origin,
}

/// A program that is wrong in one place and does what the app did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// How it is wrong, as a half sentence.
    pub what: String,
    /// The sentence that it is wrong about.
    pub span: Span,
}

impl Record {
    /// An obligation for which nothing was done yet.
    #[must_use]
    pub fn open(id: String, class: &'static str, what: String, span: Span) -> Record {
        Record {
            id,
            class,
            what,
            span,
            verdict: Verdict::NotExercised,
            done: String::new(),
            steps: Vec::new(),
            seen: String::new(),
            expected: String::new(),
            actual: String::new(),
            exchanges: Vec::new(),
            script: Vec::new(),
            check: None,
            suspects: Vec::new(),
            origin: Origin::Nowhere,
        }
    }

    /// The app did not do what is demanded, or not every time.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        matches!(self.verdict, Verdict::Failed | Verdict::Flaky)
    }
}
