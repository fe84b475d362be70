//! Whether the app lives: that it answers, whatever is sent, and that it keeps what it answered for when it ends.

mod answers;

pub use answers::did_not_start;
pub(crate) use answers::{Dead, Deaths, answering, died};

use std::time::Duration;

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
