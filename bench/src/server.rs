//! Servers that are measured: the generated helpdesk, and the parts that starting its peers has in common.

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use specc_build::folder::Folder;
use specc_build::pipeline::{self, Options};
use specc_build::serve::DEMO_PASSWORD;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server under way, with what its callers send along.
pub struct Server {
    child: Child,
    /// As printed.
    pub name: &'static str,
    /// `http://127.0.0.1:3911`
    pub address: String,
    /// Until the first answer.
    pub start_ms: f64,
    /// The bearer token of somebody who sees every ticket.
    pub agent: String,
    /// The bearer token of somebody who sees their own.
    pub customer: String,
    /// The cookie of the agent.
    pub cookie: String,
    /// The bearer token of somebody else who creates tickets.
    writer: String,
    /// Keeps its connection open.
    pub client: ureq::Agent,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Politely first: a server of several processes ends its own.
        let _ = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(2) {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Creates a ticket, as somebody who is neither of those who ask.
    pub fn create_ticket(&self) -> anyhow::Result<()> {
        let body =
            json!({ "subject": "Printer is on fire", "body": "It smokes and nobody knows why." });
        let mut answer = self
            .client
            .post(format!("{}/api/tickets", self.address))
            .header("Authorization", format!("Bearer {}", self.writer))
            .send_json(&body)?;
        answer.body_mut().read_to_vec()?;
        Ok(())
    }

    /// Resident memory of the process and those it started, in MB.
    pub fn resident_mb(&self) -> f64 {
        self.processes().map(resident_mb).sum()
    }

    /// Processor time of the process and those it started, in milliseconds.
    pub fn processor_ms(&self) -> f64 {
        self.processes().map(processor_ms).sum()
    }

    fn processes(&self) -> impl Iterator<Item = u32> {
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children: Vec<u32> = children
            .unwrap_or_default()
            .split_whitespace()
            .filter_map(|child| child.parse().ok())
            .collect();
        std::iter::once(id).chain(children)
    }
}

/// In user and in kernel mode; Linux counts hundredths of a second.
fn processor_ms(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name, which may hold anything, stands in brackets.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = rest.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        * 10.0
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

/// Stops where a program that the measurement stands on is not there.
pub fn needs(tools: &[&str]) -> anyhow::Result<()> {
    for tool in tools {
        ensure!(
            is_there(tool),
            "{tool} is not installed (Debian packages: wrk, util-linux, sqlite3)"
        );
    }
    Ok(())
}

/// The program can be run.
pub fn is_there(tool: &str) -> bool {
    Command::new("which")
        .arg(tool)
        .output()
        .is_ok_and(|found| found.status.success())
}

/// Builds the helpdesk as its users would, release.
pub fn helpdesk(repository: &Path, work: &Path) -> anyhow::Result<PathBuf> {
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
    match pipeline::build(&Folder::at(&program), options, &mut |_| {}) {
        Ok(built) => built.binary.context("no binary"),
        Err(stop) => bail!("the helpdesk was not built: {stop:?}"),
    }
}

/// Serves the helpdesk from a new folder, filled with the demonstration data and by `rows`, a statement.
pub fn generated(
    binary: &Path,
    data: &Path,
    rows: &str,
    port: u16,
    name: &'static str,
) -> anyhow::Result<Server> {
    let folder = data.to_string_lossy().into_owned();
    let commands: [&[&str]; 2] = [&["migrate"], &["seed", "--password", DEMO_PASSWORD]];
    for command in commands {
        let output = Command::new(binary)
            .args(command)
            .args(["--data", &folder])
            .output()?;
        ensure!(
            output.status.success(),
            "{} failed: {}",
            command.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let status = Command::new("sqlite3")
        .arg(data.join("app.db"))
        .arg(rows)
        .status()?;
    ensure!(status.success(), "the rows could not be written");
    let address = format!("http://127.0.0.1:{port}");
    let mut command = Command::new("taskset");
    command
        .args(["-c", "0"])
        .arg(binary)
        .args(["serve", "--listen"])
        .arg(format!("127.0.0.1:{port}"))
        .args(["--data", &folder]);
    let (child, start_ms) = start(command, &format!("{address}/healthz"))?;
    let mut server = Server {
        child,
        name,
        address,
        start_ms,
        agent: String::new(),
        customer: String::new(),
        cookie: String::new(),
        writer: String::new(),
        client: ureq::Agent::new_with_defaults(),
    };
    server.agent = token(&server.address, "max@example.com")?;
    server.customer = token(&server.address, "ana@example.com")?;
    server.writer = token(&server.address, "bob@example.com")?;
    server.cookie = cookie(&server.address, "max@example.com")?;
    Ok(server)
}

/// Starts a peer whose sessions are `agent-token` and `customer-token`.
pub fn peer(command: Command, port: u16, name: &'static str) -> anyhow::Result<Server> {
    let address = format!("http://127.0.0.1:{port}");
    let (child, start_ms) = start(command, &format!("{address}/api/tickets/1"))?;
    Ok(Server {
        child,
        name,
        address,
        start_ms,
        agent: "agent-token".to_owned(),
        customer: "customer-token".to_owned(),
        cookie: "session=agent-token".to_owned(),
        writer: String::new(),
        client: ureq::Agent::new_with_defaults(),
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
    let _ = child.kill();
    let _ = child.wait();
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
