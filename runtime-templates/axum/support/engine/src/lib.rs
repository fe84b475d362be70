//! The store and the order of an operation: who may, what it needs, what it does, what must hold.
//! Knows no HTTP and no HTML.

pub mod access;
pub mod audit;
pub mod backup;
pub mod caller;
mod change;
pub mod check;
mod counts;
pub mod decode;
pub mod def;
mod delete;
mod finish;
mod functions;
pub mod ids;
mod json;
mod labels;
mod made;
pub mod mail;
pub mod migrate;
pub mod operate;
pub mod operation;
mod perform;
mod plan;
pub mod query;
pub mod reader;
pub mod refusal;
mod scope;
pub mod seal;
pub mod sign;
mod store;
mod system;
mod tenant;
pub mod writer;

pub use caller::Caller;
pub use reader::Reader;
pub use store::{Durability, Engine, OpenError, Options};
pub use writer::Writer;
