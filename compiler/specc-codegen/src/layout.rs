//! Source text laid out as rustfmt lays it out, for the part of Rust that generated code is made of.
//!
//! Owns a reader of that part and the rules of line breaking (those of rustfmt's default configuration, style
//! edition 2024, so that a formatted app stays as it is). Knows nothing of programs, and does not judge whether the
//! text compiles. Text outside of that part is not laid out: [`lay_out`] gives none.

mod chain;
mod closure;
mod control;
mod expr;
mod file;
mod lex;
mod list;
mod pairs;
mod parse;
mod parse_items;
mod shape;
mod text;
mod tree;

#[cfg(test)]
mod tests;

pub use lex::{Kind, Token, tokens};

/// The text laid out; none where it is not of the part of Rust that is known here.
#[must_use]
pub fn lay_out(source: &str) -> Option<String> {
    let file = parse_items::file(source)?;
    Some(file::write(&file, source.len()))
}
