//! The generated helpdesk over HTTP, release build, policies on, beside the same program written by hand
//! with Fastify and better-sqlite3. Server and load generator have one core each.

use crate::{median, print};
use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use specc_build::folder::Folder;
use specc_build::pipeline::{self, Options};
use specc_build::serve::DEMO_PASSWORD;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Tickets in the database of each.
const TICKETS: u32 = 10_000;
/// Connections of the load generator.
const CONNECTIONS: u32 = 32;

struct Server {
    child: Child,
    name: &'static str,
    address: String,
    start_ms: f64,
    agent: String,
    customer: String,
    cookie: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Measures and prints a row per server and the ratios.
pub fn run(seconds: u32, runs: usize, alone: bool) -> anyhow::Result<()> {
    for tool in ["wrk", "taskset", "sqlite3"] {
        ensure!(
            Command::new("which")
                .arg(tool)
                .output()
                .is_ok_and(|found| found.status.success()),
            "{tool} is not installed (Debian packages: wrk, util-linux, sqlite3)"
        );
    }
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let work = tempfile::tempdir()?;
    let mut servers = vec![generated(&repository, work.path())?];
    if !alone {
        servers.push(fastify(&repository, work.path())?);
    }
    print("server       start ms   row/s   list/s   html list/s   create/s   resident MB");
    let mut table = Vec::new();
    for server in &servers {
        let mut figures = [const { Vec::new() }; 4];
        // Rows are created last: what is counted by the lists stays the same for every run.
        let agent = format!("Authorization: Bearer {}", server.agent);
        let cookie = format!("Cookie: {}", server.cookie);
        let customer = format!("Authorization: Bearer {}", server.customer);
        let list = "?status=open&per_page=50";
        let measured = [
            (format!("{}/api/tickets/77", server.address), &agent, None),
            (
                format!("{}/api/tickets{list}", server.address),
                &agent,
                None,
            ),
            (format!("{}/tickets{list}", server.address), &cookie, None),
            (
                format!("{}/api/tickets", server.address),
                &customer,
                Some(work.path()),
            ),
        ];
        for (figure, (url, header, create)) in figures.iter_mut().zip(&measured) {
            for _ in 0..runs.max(1) {
                figure.push(load(url, header, seconds, *create)?);
            }
        }
        let [row, list, html, create] = figures.map(median);
        let resident = resident_mb(server.child.id());
        print(&format!(
            "{:<12} {:>8.0} {row:>7.0} {list:>8.0} {html:>13.0} {create:>10.0} {resident:>13.0}",
            server.name, server.start_ms
        ));
        table.push([row, list, html, create]);
    }
    if let [ours, theirs] = table.as_slice() {
        let ratio: Vec<String> = ours
            .iter()
            .zip(theirs)
            .map(|(ours, theirs)| format!("{:.2}", ours / theirs.max(1.0)))
            .collect();
        print(&format!(
            "ratio (row, list, html list, create): {}",
            ratio.join(", ")
        ));
    }
    Ok(())
}

fn generated(repository: &Path, work: &Path) -> anyhow::Result<Server> {
    let program = work.join("helpdesk");
    let spec = program.join("spec");
    std::fs::create_dir_all(&spec)?;
    for entry in std::fs::read_dir(repository.join("examples/helpdesk/spec"))?.flatten() {
        std::fs::copy(entry.path(), spec.join(entry.file_name()))?;
    }
    let options = Options {
        release: true,
        ..Options::default()
    };
    let built = match pipeline::build(&Folder::at(&program), options, &mut |_| {}) {
        Ok(built) => built,
        Err(stop) => bail!("the helpdesk was not built: {stop:?}"),
    };
    let binary = built.binary.context("no binary")?;
    let data = work.join("data");
    let folder = data.to_string_lossy().into_owned();
    let commands: [&[&str]; 2] = [&["migrate"], &["seed", "--password", DEMO_PASSWORD]];
    for command in commands {
        let status = Command::new(&binary)
            .args(command)
            .args(["--data", &folder])
            .stdout(Stdio::null())
            .status()?;
        ensure!(status.success(), "{} failed", command.join(" "));
    }
    let rows = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {TICKETS})
         INSERT INTO \"ticket\" (created, updated, version, subject, body, priority, status, requester, due)
         SELECT 1700000000000 + i * 1000, 1700000000000 + i * 1000, 1, 'Printer ' || i || ' is on fire',
         'It **smokes** and nobody knows why. Please help before it reaches the ceiling.',
         CASE i % 3 WHEN 0 THEN 'low' WHEN 1 THEN 'normal' ELSE 'high' END,
         CASE i % 3 WHEN 0 THEN 'open' WHEN 1 THEN 'pending' ELSE 'solved' END,
         (SELECT id FROM \"user\" WHERE email = 'ana@example.com'), 20000 + i % 400 FROM n;"
    );
    let status = Command::new("sqlite3")
        .arg(data.join("app.db"))
        .arg(rows)
        .status()?;
    ensure!(status.success(), "the rows could not be written");
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(&binary).args([
        "serve",
        "--listen",
        "127.0.0.1:3911",
        "--data",
        &folder,
    ]);
    let (child, start_ms) = start(command, "http://127.0.0.1:3911/healthz")?;
    let address = "http://127.0.0.1:3911".to_owned();
    let agent = token(&address, "max@example.com")?;
    let customer = token(&address, "ana@example.com")?;
    let cookie = cookie(&address, "max@example.com")?;
    Ok(Server {
        child,
        name: "generated",
        address,
        start_ms,
        agent,
        customer,
        cookie,
    })
}

fn fastify(repository: &Path, work: &Path) -> anyhow::Result<Server> {
    let peer = repository.join("bench/peers/fastify");
    if !peer.join("node_modules").is_dir() {
        let status = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--no-package-lock"])
            .current_dir(&peer)
            .status()?;
        ensure!(status.success(), "npm install failed in {}", peer.display());
    }
    let file = work.join("fastify.db");
    let status = Command::new("node")
        .arg(peer.join("seed.js"))
        .arg(&file)
        .arg(TICKETS.to_string())
        .status()?;
    ensure!(status.success(), "the peer's rows could not be written");
    let mut command = Command::new("taskset");
    command
        .args(["-c", "0", "node"])
        .arg(peer.join("server.js"))
        .arg(&file)
        .arg("3912");
    let (child, start_ms) = start(command, "http://127.0.0.1:3912/api/tickets/1")?;
    Ok(Server {
        child,
        name: "fastify",
        address: "http://127.0.0.1:3912".to_owned(),
        start_ms,
        agent: "agent-token".to_owned(),
        customer: "customer-token".to_owned(),
        cookie: "session=agent-token".to_owned(),
    })
}

/// Starts a server; milliseconds until its first answer of any kind.
fn start(mut command: Command, url: &str) -> anyhow::Result<(Child, f64)> {
    let begin = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    while begin.elapsed() < Duration::from_secs(20) {
        if agent.get(url).call().is_ok() {
            return Ok((child, begin.elapsed().as_secs_f64() * 1000.0));
        }
        if let Ok(Some(status)) = child.try_wait() {
            bail!("the server ended: {status}");
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    bail!("no answer from {url}")
}

fn token(address: &str, email: &str) -> anyhow::Result<String> {
    let body = json!({ "email": email, "password": DEMO_PASSWORD });
    let mut answer = ureq::post(format!("{address}/api/tokens")).send_json(&body)?;
    let value: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
    Ok(value
        .get("token")
        .and_then(Value::as_str)
        .context("no token")?
        .to_owned())
}

fn cookie(address: &str, email: &str) -> anyhow::Result<String> {
    let body = json!({ "email": email, "password": DEMO_PASSWORD });
    let answer = ureq::post(format!("{address}/api/session"))
        .header("Origin", address)
        .send_json(&body)?;
    let header = answer
        .headers()
        .get("set-cookie")
        .context("no cookie")?
        .to_str()?;
    Ok(header.split(';').next().unwrap_or_default().to_owned())
}

/// Requests a second; every answer must be a success.
fn load(url: &str, header: &str, seconds: u32, create: Option<&Path>) -> anyhow::Result<f64> {
    let mut command = Command::new("taskset");
    command.args([
        "-c",
        "1",
        "wrk",
        "-t1",
        &format!("-c{CONNECTIONS}"),
        &format!("-d{seconds}s"),
        "-H",
        header,
    ]);
    if let Some(work) = create {
        command.arg("-s").arg(script(work)?);
    }
    let output = command.arg(url).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if let Some(line) = text.lines().find(|line| line.contains("Non-2xx")) {
        bail!("{url}: {line}");
    }
    text.lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"))
        .and_then(|number| number.trim().parse().ok())
        .with_context(|| format!("no figure from wrk for {url}: {text}"))
}

fn script(work: &Path) -> anyhow::Result<PathBuf> {
    let path = work.join("create.lua");
    let mut file = std::fs::File::create(&path)?;
    file.write_all(
        b"wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\n\
          wrk.body = '{\"subject\":\"Printer is on fire\",\"body\":\"It smokes and nobody knows why.\",\"priority\":\"normal\"}'\n",
    )?;
    Ok(path)
}

fn resident_mb(process: u32) -> f64 {
    std::fs::read_to_string(format!("/proc/{process}/status"))
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse::<f64>().ok())
        .unwrap_or(0.0)
        / 1024.0
}
