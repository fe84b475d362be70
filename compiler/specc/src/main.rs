//! The `specc` command: arguments in, drawing and exit codes out. The only place that prints;
//! data goes to standard output, all else to standard error.

mod arguments;
mod browser;
mod commands;
mod doctor;
mod evidence;
mod kept;
mod served;
mod show;
mod strength;
mod told;
mod trace;
mod verify;

mod embedded {
    //! What the build script embedded.
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    commands::run(&arguments)
}
