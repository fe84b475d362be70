//! The judge. It knows the program and the address of a running app, and nothing of how the app was made: what a
//! stranger sees is held against what the program means, sentence by sentence.

pub mod app;
mod crowd;
pub mod difference;
pub mod doors;
mod history;
pub mod judge;
pub mod life;
pub mod mirror;
pub mod pages;
mod parallel;
pub mod record;
pub mod report;
mod scenario;
mod scene;
pub mod strength;
mod walk;
mod wire;
mod words;
