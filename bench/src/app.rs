//! The generated helpdesk over HTTP, release build, policies on, beside the same program written by hand. Server and load
//! generator have one core each. The servers take turns, so that what else the machine does falls on all alike.

use crate::server::{self, Server};
use crate::{median, peers, print};
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Tickets in the database of each.
const TICKETS: u32 = 10_000;
/// Connections of the load generator.
const CONNECTIONS: u32 = 32;
/// What is measured, in this order: rows are created last, so that lists count the same rows in every run.
const MEASURED: [&str; 4] = ["row", "list", "html list", "create"];

/// Measures and prints a row per server, and how the first compares with each of the others.
pub fn run(seconds: u32, runs: usize, alone: bool) -> anyhow::Result<()> {
    server::needs(&["wrk", "taskset", "sqlite3"])?;
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let work = tempfile::tempdir()?;
    let binary = server::helpdesk(&repository, work.path())?;
    let data = work.path().join("data");
    let mut servers = vec![server::generated(
        &binary,
        &data,
        &tickets(),
        3911,
        "generated",
    )?];
    if !alone {
        let started = [
            ("fastify", peers::fastify(&repository, work.path(), TICKETS)),
            ("django", peers::django(&repository, work.path(), TICKETS)),
        ];
        for (name, peer) in started {
            match peer {
                Ok(peer) => servers.push(peer),
                Err(error) => print(&format!("{name} is left out: {error:#}")),
            }
        }
    }
    let script = script(work.path())?;
    let runs = runs.max(1);
    // By server, measurement and run: requests a second, and microseconds of processor time for each.
    let mut figures = vec![[const { Vec::new() }; MEASURED.len()]; servers.len()];
    for measured in 0..MEASURED.len() {
        for _ in 0..runs {
            for (server, figures) in servers.iter().zip(&mut figures) {
                if let Some(figures) = figures.get_mut(measured) {
                    figures.push(load(server, measured, seconds, &script)?);
                }
            }
        }
    }
    print("server       start ms   row/s   list/s   html list/s   create/s   resident MB");
    for (server, figures) in servers.iter().zip(&figures) {
        let [row, list, html, create] = [0, 1, 2, 3].map(|measured| middle(figures, measured, 0));
        print(&format!(
            "{:<12} {:>8.0} {row:>7.0} {list:>8.0} {html:>13.0} {create:>10.0} {:>13.0}",
            server.name,
            server.start_ms,
            server.resident_mb()
        ));
    }
    print("processor time for each, µs");
    for (server, figures) in servers.iter().zip(&figures) {
        let [row, list, html, create] = [0, 1, 2, 3].map(|measured| middle(figures, measured, 1));
        print(&format!(
            "{:<21} {row:>7.0} {list:>8.0} {html:>13.0} {create:>10.0}",
            server.name
        ));
    }
    let Some(ours) = figures.first() else {
        return Ok(());
    };
    for (theirs, server) in figures.iter().zip(&servers).skip(1) {
        let times = ratios(ours, theirs, |[ours, _], [theirs, _]| {
            ours / theirs.max(1.0)
        });
        print(&format!("times {}: {times}", server.name));
        let times = ratios(ours, theirs, |[_, ours], [_, theirs]| {
            theirs / ours.max(0.001)
        });
        print(&format!(
            "times {}, by processor time: {times}",
            server.name
        ));
    }
    Ok(())
}

/// The runs of each measurement.
type Figures = [Vec<[f64; 2]>; MEASURED.len()];

fn middle(figures: &Figures, measured: usize, which: usize) -> f64 {
    let runs = figures.get(measured).into_iter().flatten();
    median(runs.filter_map(|run| run.get(which).copied()).collect())
}

/// The middle ratio of runs that followed each other.
fn ratios(ours: &Figures, theirs: &Figures, ratio: fn([f64; 2], [f64; 2]) -> f64) -> String {
    let all: Vec<String> = MEASURED
        .iter()
        .zip(ours.iter().zip(theirs))
        .map(|(name, (ours, theirs))| {
            let runs = ours.iter().zip(theirs);
            let ratio = median(runs.map(|(ours, theirs)| ratio(*ours, *theirs)).collect());
            format!("{name} {ratio:.2}")
        })
        .collect();
    all.join(", ")
}

fn tickets() -> String {
    format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {TICKETS})
         INSERT INTO \"ticket\" (created, updated, version, subject, body, priority, status, requester, due)
         SELECT 1700000000000 + i * 1000, 1700000000000 + i * 1000, 1, 'Printer ' || i || ' is on fire',
         'It **smokes** and nobody knows why. Please help before it reaches the ceiling.',
         CASE i % 3 WHEN 0 THEN 'low' WHEN 1 THEN 'normal' ELSE 'high' END,
         CASE i % 3 WHEN 0 THEN 'open' WHEN 1 THEN 'pending' ELSE 'solved' END,
         (SELECT id FROM \"user\" WHERE email = 'ana@example.com'), 20000 + i % 400 FROM n;"
    )
}

/// Requests a second, and microseconds of the server's processor time for each; every answer must be a success.
fn load(server: &Server, measured: usize, seconds: u32, script: &Path) -> anyhow::Result<[f64; 2]> {
    let path = match measured {
        0 => "/api/tickets/77",
        1 => "/api/tickets?status=open&per_page=50",
        2 => "/tickets?status=open&per_page=50",
        _ => "/api/tickets",
    };
    let header = match measured {
        0 | 1 => format!("Authorization: Bearer {}", server.agent),
        2 => format!("Cookie: {}", server.cookie),
        _ => format!("Authorization: Bearer {}", server.customer),
    };
    let url = format!("{}{path}", server.address);
    let mut command = Command::new("taskset");
    command.args(["-c", "1", "wrk", "-t1"]).args([
        format!("-c{CONNECTIONS}"),
        format!("-d{seconds}s"),
        "-H".to_owned(),
        header,
    ]);
    if measured == 3 {
        command.arg("-s").arg(script);
    }
    let before = server.processor_ms();
    let output = command.arg(&url).output()?;
    let took_ms = server.processor_ms() - before;
    let text = String::from_utf8_lossy(&output.stdout);
    let failed = |line: &&str| line.contains("Non-2xx") || line.contains("Socket errors");
    if let Some(line) = text.lines().find(failed) {
        bail!("{url}: {}", line.trim());
    }
    let per_second = text
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"))
        .and_then(|number| number.trim().parse().ok())
        .with_context(|| format!("no figure from wrk for {url}: {text}"))?;
    let requests: f64 = text
        .lines()
        .find_map(|line| line.split_once(" requests in "))
        .and_then(|(number, _)| number.trim().parse().ok())
        .with_context(|| format!("no count from wrk for {url}: {text}"))?;
    Ok([per_second, took_ms * 1000.0 / requests.max(1.0)])
}

fn script(work: &Path) -> anyhow::Result<PathBuf> {
    let path = work.join("create.lua");
    std::fs::write(
        &path,
        "wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\n\
         wrk.body = '{\"subject\":\"Printer is on fire\",\"body\":\"It smokes and nobody knows why.\",\"priority\":\"normal\"}'\n",
    )?;
    Ok(path)
}
