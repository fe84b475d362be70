//! Values and the pure functions over them. No database, no network, no clock.

pub mod format;
pub mod kind;
pub mod list;
pub mod logic;
pub mod markdown;
pub mod num;
pub mod read;
pub mod settings;
pub mod text;
pub mod time;
pub mod value;
