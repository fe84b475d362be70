//! How things look: markup, controls and the design tokens. Pure: knows no request, no database, no session.
//!
//! Markup is written with `maud`, so text is escaped unless it says otherwise.

pub mod asset;
pub mod control;
pub mod icon;
pub mod layout;
pub mod locale;
pub mod theme;
pub mod value;

#[cfg(test)]
mod tests;
