//! What can go wrong with files and processes. Mistakes in a spec are diagnostics, never these.

use std::path::PathBuf;
use thiserror::Error;

/// A failed effect: the action, the thing it was done to, and the next step.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The folder is missing or holds no spec.
    #[error(
        "no spec found in {path}: expected Markdown files in {path}/spec; `specc new NAME` makes a program to start from"
    )]
    NoSpec {
        /// The program's folder.
        path: PathBuf,
    },
    /// A path could not be read or written.
    #[error("can't {action} {path}: {source}")]
    Io {
        /// What was tried: `read`, `write`, `create`, `lock`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The spec has errors; they were reported as diagnostics.
    #[error("the spec has {errors} error{s}; nothing was built", s = if *errors == 1 { "" } else { "s" })]
    Spec {
        /// How many.
        errors: usize,
    },
    /// Generated files were changed by hand.
    #[error("changed by hand and left alone: {}; move the change into the spec, or build with --overwrite to replace (a copy goes to .specc/replaced)", .files.join(", "))]
    ChangedByHand {
        /// Their paths in the app folder.
        files: Vec<String>,
    },
    /// A schema change that can't be done without losing or guessing data.
    #[error("the data can't follow this change: {}", .reasons.join("; "))]
    Schema {
        /// One sentence each, naming the field and the next step.
        reasons: Vec<String>,
    },
    /// Cargo is not there.
    #[error(
        "cargo was not found: install the Rust toolchain, then `specc doctor` shows whether all is well"
    )]
    NoCargo,
    /// Generated code did not compile: a bug of specc.
    #[error(
        "the generated app does not compile; this is a bug in specc, not in your spec\n{report}"
    )]
    Compile {
        /// Compiler messages, each with the spec line behind it.
        report: String,
    },
    /// Cargo failed otherwise (no network for the first build, no disk).
    #[error("cargo could not build the app: {message}")]
    Cargo {
        /// Its last lines.
        message: String,
    },
    /// The port is taken.
    #[error("port {port} is in use; choose another with --port, or stop what listens there")]
    PortInUse {
        /// Which.
        port: u16,
    },
    /// The app ended before it answered.
    #[error("the app did not start: {message}")]
    Start {
        /// What it said last.
        message: String,
    },
    /// A stored file comes from a newer specc.
    #[error(
        "{path} was written by a newer specc (format {found}, this one knows {known}); update specc"
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// Ours.
        known: u64,
    },
}

impl BuildError {
    /// An I/O error with what was tried on which path.
    pub fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> BuildError {
        let path = path.into();
        move |source| BuildError::Io {
            action,
            path,
            source,
        }
    }
}
