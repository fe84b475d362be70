//! A stage for the scenarios of an app: the app itself with an empty database in a folder of its own, a clock that stands
//! still until it is moved, and people who ask as they would from outside, through everything that answers a request.
//!
//! A scenario reads as it was written: [`Scene`] is where it plays, [`Person`] does something, [`Outcome`] is what came
//! of it. Whatever does not hold ends the test with a sentence that says what was seen instead.

#![expect(clippy::panic, reason = "a test ends where something does not hold")]

mod outcome;
mod person;
mod row;
mod scene;
mod values;

pub use outcome::Outcome;
pub use person::Person;
pub use row::{Called, Entity, Row};
pub use scene::Scene;
pub use values::{Date, Given, Length, Moment, Time, date, milliseconds, moment, time};
