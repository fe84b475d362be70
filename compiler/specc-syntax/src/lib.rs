//! Markdown text to a [`tree::Tree`] with spans, and diagnostics as data.
//! Owns what a file looks like; must not know what any keyword means, nor files, clocks or threads.

pub mod access;
pub mod diagnostic;
pub mod draw;
pub mod format;
pub mod json;
pub mod lines;
pub mod names;
pub mod parse;
pub mod span;
pub mod tree;

pub use draw::draw_within as draw;
pub use format::format;
pub use parse::parse;
