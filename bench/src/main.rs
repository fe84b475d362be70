//! `cargo run --release -p specc-bench -- compiler`, `… -- app` and `… -- lists`: figures on standard output, medians of
//! several runs.

mod app;
mod compiler;
mod lists;
mod peers;
mod program;
mod server;

use clap::{Parser, Subcommand};

/// Prints the figures the project keeps.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Checking and rendering generated programs of 100, 300 and 1,000 entities.
    Compiler {
        /// Runs of which the median counts.
        #[arg(long, default_value_t = 7)]
        runs: usize,
        /// Check a program of this size once and print the peak memory (used by the command itself).
        #[arg(long, hide = true)]
        memory_of: Option<usize>,
    },
    /// The generated helpdesk beside Fastify and Django over HTTP; needs wrk, and node and python3 for the peers.
    App {
        /// Seconds of each measurement.
        #[arg(long, default_value_t = 5)]
        seconds: u32,
        /// Measurements of which the median counts.
        #[arg(long, default_value_t = 3)]
        runs: usize,
        /// Leave out the peers.
        #[arg(long)]
        alone: bool,
    },
    /// Lists of the generated helpdesk with few and with many tickets over HTTP.
    Lists {
        /// Tickets of the larger one.
        #[arg(long, default_value_t = 100_000)]
        rows: u32,
        /// Requests of each kind to each server.
        #[arg(long, default_value_t = 400)]
        requests: usize,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().what {
        What::Compiler {
            memory_of: Some(entities),
            ..
        } => compiler::memory(entities),
        What::Compiler { runs, .. } => compiler::run(runs),
        What::App {
            seconds,
            runs,
            alone,
        } => app::run(seconds, runs, alone),
        What::Lists { rows, requests } => lists::run(rows, requests),
    }
}

/// The middle of some figures; 0 of none.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}

/// A line of data.
#[expect(clippy::print_stdout, reason = "figures are this program's output")]
fn print(line: &str) {
    println!("{line}");
}
