//! Trees to the typed, resolved program, and what its expressions mean.
//! Pure: no files, clock, randomness or threads. Must not know any target.

pub mod eval;
pub mod expr;
#[cfg(any(test, feature = "generate"))]
pub mod generate;
pub mod ir;
pub mod json;
pub mod lower;
pub mod model;
pub mod mutate;
pub mod parse;
pub mod scenario;
pub mod scope;
pub mod sentence;
pub mod walk;
