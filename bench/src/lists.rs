//! What a list costs as its table grows: the same requests to the same helpdesk with 1,000 and with 100,000 tickets, over
//! HTTP, one after the other, the two servers in turns. Somebody who sees their own hundred tickets, and somebody who
//! sees all of them.

use crate::print;
use crate::server::{self, Server};
use anyhow::ensure;
use std::path::Path;
use std::time::Instant;

/// Tickets of the customer who asks, whatever the table holds.
const OWN: u32 = 100;

/// Who asks, for what, and what has to be written before each request.
struct Question {
    name: &'static str,
    owner: bool,
    path: &'static str,
    /// A ticket is created before each request: nothing that was counted can be remembered.
    written_to: bool,
}

const QUESTIONS: [Question; 15] = [
    question("own: newest first", true, ""),
    question("own: open ones", true, "?status=open"),
    question("own: by subject", true, "?sort=subject"),
    question("own: by due, latest first", true, "?sort=-due"),
    question("own: search", true, "?q=printer"),
    question("own: last page", true, "?page=2"),
    Question {
        written_to: true,
        ..question("own: newest first, after a write", true, "")
    },
    question("all: newest first", false, ""),
    question("all: open ones", false, "?status=open"),
    question("all: by subject", false, "?sort=subject"),
    question("all: by priority", false, "?sort=priority"),
    question("all: by updated", false, "?sort=-updated"),
    question("all: search, nothing found", false, "?q=submarine"),
    question("all: in the middle", false, "?page=MIDDLE"),
    Question {
        written_to: true,
        ..question("all: open ones, after a write", false, "?status=open")
    },
];

const fn question(name: &'static str, owner: bool, path: &'static str) -> Question {
    Question {
        name,
        owner,
        path,
        written_to: false,
    }
}

/// Measures and prints a row per question: half and 95 of 100 requests were at least that quick.
pub fn run(rows: u32, requests: usize) -> anyhow::Result<()> {
    server::needs(&["taskset", "sqlite3"])?;
    ensure!(rows >= 10_000, "--rows: at least 10000");
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let work = tempfile::tempdir()?;
    let binary = server::helpdesk(&repository, work.path())?;
    let mut servers = Vec::new();
    let sizes = [(1_000, 3911, "small"), (rows, 3912, "large")];
    for (rows, port, name) in sizes {
        let data = work.path().join(name);
        let server = server::generated(&binary, &data, &tickets(rows), port, name)?;
        servers.push((rows, server));
    }
    for (rows, server) in &servers {
        print(&format!(
            "{rows} tickets: first answer after {:.0} ms",
            server.start_ms
        ));
    }
    let few = servers.first().map_or(0, |(rows, _)| *rows);
    print(&format!(
        "ms, half and 95 of 100                    {few:>8} tickets   {rows:>8} tickets   95 of 100, times"
    ));
    for question in &QUESTIONS {
        let mut took = vec![Vec::with_capacity(requests); servers.len()];
        // In turns, twenty at a time.
        for _ in 0..requests.div_ceil(20) {
            for ((rows, server), took) in servers.iter().zip(&mut took) {
                for _ in 0..20 {
                    took.push(ask(server, question, *rows)?);
                }
            }
        }
        let figures: Vec<[f64; 2]> = took.into_iter().map(percentiles).collect();
        let [small, large] = figures.as_slice() else {
            continue;
        };
        print(&format!(
            "{:<40} {:>8.2} {:>8.2}   {:>8.2} {:>8.2}   {:>8.2}",
            question.name,
            small[0],
            small[1],
            large[0],
            large[1],
            large[1] / small[1].max(0.001)
        ));
    }
    for (rows, server) in &servers {
        print(&format!(
            "{rows} tickets: {:.0} MB resident",
            server.resident_mb()
        ));
    }
    Ok(())
}

/// Milliseconds until the whole answer is there.
fn ask(server: &Server, question: &Question, rows: u32) -> anyhow::Result<f64> {
    let token = if question.owner {
        &server.customer
    } else {
        &server.agent
    };
    let middle = (rows / 100).to_string();
    let url = format!(
        "{}/api/tickets{}",
        server.address,
        question.path.replace("MIDDLE", &middle)
    );
    if question.written_to {
        // By somebody else: the customer who asks keeps as many.
        server.create_ticket()?;
    }
    let begin = Instant::now();
    let mut answer = server
        .client
        .get(&url)
        .header("Authorization", format!("Bearer {token}"))
        .call()?;
    let body = answer.body_mut().read_to_vec()?;
    let took = begin.elapsed().as_secs_f64() * 1000.0;
    ensure!(body.starts_with(b"{\"items\":["), "{url}: no list");
    Ok(took)
}

fn percentiles(mut took: Vec<f64>) -> [f64; 2] {
    took.sort_by(f64::total_cmp);
    [50, 95].map(|percent| {
        took.get(took.len() * percent / 100)
            .copied()
            .unwrap_or(f64::NAN)
    })
}

/// Tickets of two hundred others, and among them those of the customer who asks.
fn tickets(rows: u32) -> String {
    let every = rows / OWN;
    format!(
        "BEGIN;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
         INSERT INTO \"user\" (created, updated, version, name, email)
         SELECT 1700000000000, 1700000000000, 1, 'Customer ' || i, 'customer' || i || '@example.org' FROM n;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO \"ticket\" (created, updated, version, subject, body, priority, status, requester, due)
         SELECT 1700000000000 + i * 1000, 1700000000000 + (i * 7919 % {rows}) * 1000, 1,
         'Printer ' || (i * 7919 % {rows}) || ' is on fire',
         'It **smokes** and nobody knows why. Please help before it reaches the ceiling.',
         CASE i % 3 WHEN 0 THEN 'low' WHEN 1 THEN 'normal' ELSE 'high' END,
         CASE i / 7 % 3 WHEN 0 THEN 'open' WHEN 1 THEN 'pending' ELSE 'solved' END,
         (SELECT id FROM \"user\" WHERE email = CASE WHEN i % {every} = 0 THEN 'ana@example.com'
            ELSE 'customer' || (1 + i % 200) || '@example.org' END),
         20000 + i % 400 FROM n;
         COMMIT;"
    )
}
