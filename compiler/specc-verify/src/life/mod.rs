//! Whether the app lives: that it answers, whatever is sent, and that it keeps what it answered for when it ends.

mod answers;
mod clock;
mod ends;

pub(crate) use answers::{Dead, Deaths, answering, died};
pub use answers::{did_not_answer, did_not_start};

use crate::app::NoAnswer;
use crate::doors::{Demand, Ground, Ledger};
use ends::End;
use specc_syntax::span::Span;
use std::time::Duration;

/// How often it is killed under load.
const KILLS: u64 = 2;

/// What is demanded beside answers, in the words of the report.
const DEMANDS: &[(&str, &str)] = &[
    (
        "kill",
        "what was acknowledged is there after the process is killed, and what was not is there whole or not at all",
    ),
    (
        "stop",
        "asked to end, the process ends within 10 s, and what was acknowledged is there afterwards",
    ),
    (
        "again",
        "started again on the same data, it serves the same",
    ),
    ("sessions", "sessions and tokens outlive a restart"),
    (
        "forward",
        "once time has passed, what depends on it is as the program means it",
    ),
    ("back", "a clock that is set back breaks nothing"),
];

fn demand(id: &str) -> Demand {
    let what = DEMANDS.iter().find(|(known, _)| *known == id);
    Demand {
        id: format!("life.{id}"),
        class: "life",
        what: what.map_or("", |(_, what)| what).to_owned(),
        span: Span::default(),
    }
}

/// Judges how it ends and begins again, where somebody runs it who can end it.
pub(crate) fn judge(ground: Ground<'_>, ledger: &mut Ledger) -> Result<(), NoAnswer> {
    for (id, _) in DEMANDS {
        ledger.expect(demand(id));
    }
    clock::moves(ground, ledger)?;
    if let Some(host) = ground.app.host() {
        for number in 0..KILLS {
            ends::under_load(ground, host.as_ref(), End::Kill, number, ledger)?;
        }
        ends::under_load(ground, host.as_ref(), End::Stop, KILLS, ledger)?;
    }
    Ok(())
}

/// Whoever runs the process behind an address: the address and its socket outlive the process.
pub trait Host {
    /// The last words of a process that has ended by itself, waiting so long for it to be gone; `None` while it runs.
    fn ended(&self, wait: Duration) -> Option<String>;

    /// Ends it at once, whatever it is doing.
    fn kill(&self);

    /// Asks it to finish what it is doing and to end; how long that took.
    ///
    /// # Errors
    /// Where it did not end in time, or not as it should, in words; it is gone then as well.
    fn stop(&self) -> Result<Duration, String>;

    /// Starts it at the same address: on the data that it left there, or on an `empty` folder.
    ///
    /// # Errors
    /// Where it does not answer in time, in words.
    fn start(&self, empty: bool) -> Result<(), String>;
}
