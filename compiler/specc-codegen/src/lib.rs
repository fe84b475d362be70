//! The typed program to a plan and rendered source text.
//! Pure: no files, network, clock or randomness; the same program gives the same bytes.

pub mod imports;
pub mod layout;
pub mod names;
pub mod parts;
pub mod plan;
pub mod render;
pub mod rust;
mod scenarios;
pub mod schema;
pub mod source;
pub mod sql;
mod support;
pub mod switched;

#[cfg(test)]
mod tests;

pub use plan::{Plan, RenderTask, TaskKind, plan};
pub use render::{RenderedFile, render};
pub use schema::Refused;
