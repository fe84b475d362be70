//! The orchestrator: reads a program's folder, runs the stages, writes the app, builds it with cargo,
//! starts and swaps it. Owns files, processes and locks; prints nothing, and knows no command line.

pub mod app;
pub mod browser;
pub mod cargo;
pub mod error;
pub mod event;
pub mod files;
pub mod folder;
pub mod front;
pub mod host;
pub mod lock;
pub mod pipeline;
pub mod sandbox;
pub mod serve;
pub mod strength;
pub mod watch;

pub use error::BuildError;
pub use event::Event;
