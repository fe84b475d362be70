//! The command line: names and help. What the commands do stands in the other modules.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Compiles an annotated Markdown spec into a full-stack web application.
#[derive(Debug, Parser)]
#[command(name = "specc", version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How data and problems are written.
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// When to use colour; NO_COLOR is respected.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
}

const EXIT_CODES: &str = "Exit codes:
  0  all is well
  1  the spec has errors, or `fmt --check` found something to format
  2  wrong usage, or no spec to work on
  3  a file, a process or the network failed
  4  files of the app were changed by hand, or the data can't follow; nothing was touched
  5  a bug of specc: generated code did not compile";

/// How data and problems are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// One JSON object on standard output.
    Json,
    /// SARIF 2.1.0 on standard output, for code review tools.
    Sarif,
    /// JUnit XML on standard output, for build servers; of `verify` alone.
    Junit,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A program's folder.
#[derive(Debug, Clone, Args)]
pub struct Program {
    /// The program's folder.
    #[arg(default_value = ".")]
    pub path: PathBuf,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new program in a folder of this name.
    New {
        /// The folder to make.
        name: PathBuf,
        /// Start from an example: bookings, helpdesk, journal, purchasing.
        #[arg(long, value_name = "EXAMPLE")]
        from: Option<String>,
    },
    /// Check the spec and show every problem.
    Check(Program),
    /// Align tables and normalise headings; prose stays as it is.
    Fmt {
        /// The program.
        #[command(flatten)]
        program: Program,
        /// Change nothing; exit with 1 where something would change.
        #[arg(long)]
        check: bool,
    },
    /// Print the typed program as JSON.
    Ir {
        /// The program.
        #[command(flatten)]
        program: Program,
        /// Print the JSON Schema of that output instead.
        #[arg(long)]
        schema: bool,
    },
    /// List the scenario steps this program understands.
    Steps(Program),
    /// Explain a diagnostic by its name.
    Explain {
        /// Its name, as `unknown-field`; without one, all names are listed.
        name: Option<String>,
    },
    /// Show what a build would change, and change nothing.
    Plan(Program),
    /// Compile the spec into an app and build it.
    Build {
        /// The program.
        #[command(flatten)]
        program: Program,
        /// Optimised, for production.
        #[arg(long)]
        release: bool,
        /// Write the app's source only; do not run cargo.
        #[arg(long)]
        no_compile: bool,
        /// Replace files that were changed by hand; copies go to .specc/replaced.
        #[arg(long)]
        overwrite: bool,
    },
    /// Build, seed and serve the app, and rebuild it as the spec is edited.
    Run {
        /// The program.
        #[command(flatten)]
        program: Program,
        /// The port; without it 3000, or the next free one.
        #[arg(long)]
        port: Option<u16>,
        /// Where the data is kept; without it .specc/data in the program's folder.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// Do not write the spec's example data into a new database.
        #[arg(long)]
        no_seed: bool,
        /// Serve only; do not watch the spec.
        #[arg(long)]
        no_watch: bool,
    },
    /// Hold the running app against the spec, sentence by sentence.
    ///
    /// What was seen is kept in .specc/evidence: evidence.json, the annotated spec as spec.html, and a Hurl file for each
    /// thing that failed. Ctrl-C ends it with what was judged until then.
    ///
    /// Exit code: 0 all held, 1 something failed, 2 the spec is no use or nothing could be looked at, 3 everything that was
    /// seen held and something was not exercised (with --strict, or where it was interrupted), or an effect failed.
    Verify {
        /// The program.
        #[command(flatten)]
        program: Program,
        /// Where the dice begin; the same seed does the same things.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Seconds after which nothing new is begun.
        #[arg(long, value_name = "SECONDS", default_value_t = 30)]
        time: u64,
        /// Exit with 3 where something was not exercised.
        #[arg(long)]
        strict: bool,
        /// Begin nothing new once something is wrong.
        #[arg(long)]
        fail_fast: bool,
        /// Write the annotated spec to this file as well.
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
        /// Replace files that were changed by hand; copies go to .specc/replaced.
        #[arg(long)]
        overwrite: bool,
        /// Leave out what needs a browser; without this, pages are looked at in the machine's Chromium (or SPECC_CHROMIUM).
        #[arg(long)]
        no_browser: bool,
        /// Also serve each mutant of the program, an app with one sentence wrong, and see whether that is found.
        #[arg(long)]
        strength: bool,
    },
    /// Run a program in a box; specc starts apps under test so.
    #[command(hide = true)]
    Sandboxed {
        /// Say what the box keeps out, and end.
        #[arg(long)]
        level: bool,
        /// The one folder that may be written in.
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        writes: PathBuf,
        /// The program with its arguments.
        #[arg(last = true)]
        words: Vec<std::ffi::OsString>,
    },
    /// Do again what an obligation of the last `specc verify` was judged by, and say whether it is still so.
    ///
    /// Exit code: as of verify. Where the spec was edited since, there is nothing to do again: 2.
    Replay {
        /// The obligation, as `specc verify` names it; its beginning is enough.
        id: String,
        /// The program.
        #[command(flatten)]
        program: Program,
        /// Replace files that were changed by hand; copies go to .specc/replaced.
        #[arg(long)]
        overwrite: bool,
    },
    /// Say what came of a sentence (spec/app.md:31), or which sentence a line of the app follows
    /// (app/src/ticket/policy.rs:40).
    Trace {
        /// A file of the spec or of the app, with a line.
        place: String,
        /// The program.
        #[command(flatten)]
        program: Program,
    },
    /// Say whether this machine has what specc needs.
    Doctor,
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the man page.
    Man,
}
