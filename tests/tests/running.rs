//! `specc run` as somebody works with it: edits of all kinds while the app is served, and every way of ending it.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it can't go on"
)]

use serde_json::{Value, json};
use specc_tests::{apps_target, specc};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const SPEC: &str = "# Notes

## Roles

- **Writer**: anyone who signs up. `sign-up`

## Entity: Note

- Shown as: text

| Field | Type | Rules    |
|-------|------|----------|
| text  | text | required |

### Access

| Who    | Can         | When |
|--------|-------------|------|
| Writer | read        |      |
| Writer | create text |      |

## Seed: demo

### Users

| name | email           | roles  |
|------|-----------------|--------|
| Ana  | ana@example.com | Writer |
";

/// How long an edit may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

struct Running {
    child: Child,
    data: Receiver<String>,
    said: Receiver<String>,
    heard: Vec<String>,
    address: String,
}

fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn start(program: &Path, more: &[&str]) -> Running {
    let mut child = Command::new(specc())
        .arg("run")
        .arg(program)
        .args(["--port", "0"])
        .args(more)
        .env("SPECC_TARGET_DIR", apps_target())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let data = lines(child.stdout.take().unwrap());
    let said = lines(child.stderr.take().unwrap());
    let mut running = Running {
        child,
        data,
        said,
        heard: Vec::new(),
        address: String::new(),
    };
    if let Ok(line) = running.data.recv_timeout(PATIENCE) {
        running.address = line
            .strip_prefix("listening on ")
            .unwrap_or_default()
            .to_owned();
    }
    running
}

impl Running {
    /// Waits until this is said, and gives all that was said until then.
    fn until(&mut self, words: &str) -> String {
        let mut all = String::new();
        let end = Instant::now() + PATIENCE;
        while let Ok(line) = self
            .said
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            all.push_str(&line);
            all.push('\n');
            self.heard.push(line.clone());
            if line.contains(words) {
                return all;
            }
        }
        panic!("“{words}” was never said, but:\n{}", self.heard.join("\n"));
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        panic!("it does not end");
    }

    fn get(&self, path: &str, cookie: &str) -> (u16, String) {
        let request = agent()
            .get(format!("{}{path}", self.address))
            .header("Cookie", cookie);
        let mut answer = request.call().unwrap();
        (
            answer.status().as_u16(),
            answer.body_mut().read_to_string().unwrap(),
        )
    }

    fn serves(&self) -> bool {
        agent()
            .get(format!("{}/healthz", self.address))
            .call()
            .is_ok()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into()
}

fn program() -> tempfile::TempDir {
    let work = tempfile::tempdir().unwrap();
    std::fs::create_dir(work.path().join("spec")).unwrap();
    std::fs::write(work.path().join("spec/app.md"), SPEC).unwrap();
    work
}

fn gone(running: &Running) {
    let end = Instant::now() + PATIENCE;
    while running.serves() {
        assert!(Instant::now() < end, "the app serves on without specc");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

#[test]
fn edits_are_served_and_nothing_is_left_behind() {
    let work = program();
    let spec = work.path().join("spec/app.md");
    let mut running = start(work.path(), &[]);
    let log = running.until("stop with Ctrl-C");
    assert!(
        log.contains("ana@example.com") && log.contains("demo-password"),
        "{log}"
    );

    let body = json!({ "email": "ana@example.com", "password": "demo-password" });
    let answer = agent()
        .post(format!("{}/api/session", running.address))
        .send_json(&body)
        .unwrap();
    let cookie = answer
        .headers()
        .get("set-cookie")
        .unwrap()
        .to_str()
        .unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let note = json!({ "text": "kept" });
    let made = agent()
        .post(format!("{}/api/notes", running.address))
        .header("Cookie", &cookie)
        .send_json(&note)
        .unwrap();
    assert_eq!(made.status(), 201);

    // Somebody else on the same data is sent away, and this one goes on.
    let data = work.path().join(".specc/data");
    let other = program();
    let mut second = start(other.path(), &["--data", data.to_str().unwrap()]);
    let status = second.wait();
    assert_eq!(status.code(), Some(3));
    assert!(running.serves());

    // As editors save: a file beside it takes its place.
    let wider = SPEC.replace(
        "| text  | text | required |",
        "| text  | text | required |\n| mood  | good, bad | default good |",
    );
    std::fs::write(work.path().join("spec/app.md~"), &wider).unwrap();
    std::fs::rename(work.path().join("spec/app.md~"), &spec).unwrap();
    running.until("serving the edit");
    let (status, text) = running.get("/api/notes", &cookie);
    let list: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, 200, "the session is kept");
    assert_eq!(
        list.pointer("/items/0/text"),
        Some(&json!("kept")),
        "{text}"
    );
    assert!(list.pointer("/items/0/mood").is_some(), "{text}");

    // A broken edit, in two steps as others save, leaves the app as it is.
    std::fs::write(&spec, "").unwrap();
    std::fs::write(&spec, wider.replace("| Writer | read", "| Writr  | read")).unwrap();
    let log = running.until("the app of before goes on");
    assert!(
        log.contains("spec/app.md:") && log.contains("Writer"),
        "{log}"
    );
    assert_eq!(running.get("/api/notes", &cookie).0, 200);

    // Several files at once, one of them for a moment only; then all is as before.
    std::fs::write(work.path().join("spec/passing.md"), "## Entity: 1\n").unwrap();
    std::fs::write(
        work.path().join("spec/more.md"),
        "## Words\n\nThey explain.\n",
    )
    .unwrap();
    std::fs::remove_file(work.path().join("spec/passing.md")).unwrap();
    std::fs::write(&spec, &wider).unwrap();
    std::fs::rename(
        work.path().join("spec/more.md"),
        work.path().join("spec/other.md"),
    )
    .unwrap();
    std::fs::write(
        &spec,
        wider.replace("| Writer | create text |", "| Writer | create text, mood |"),
    )
    .unwrap();
    running.until("serving the edit");
    assert_eq!(running.get("/api/notes", &cookie).0, 200);

    running.signal("-INT");
    assert_eq!(running.wait().code(), Some(0));
    assert!(
        running.data.try_recv().is_err(),
        "one line on standard output, and no more"
    );
    gone(&running);

    // Killed without a chance to clean up: nothing serves on, and the next run goes on with the data.
    let mut killed = start(work.path(), &[]);
    killed.until("stop with Ctrl-C");
    assert_eq!(
        killed.get("/api/notes", &cookie).0,
        200,
        "the session outlives a restart"
    );
    killed.signal("-KILL");
    killed.wait();
    gone(&killed);
}

/// A cargo that says what a failing compiler says.
#[test]
fn a_compile_error_is_said_to_be_ours_with_the_line_of_the_spec() {
    let work = program();
    let tools = work.path().join("tools");
    std::fs::create_dir(&tools).unwrap();
    let message = json!({
        "reason": "compiler-message",
        "message": {
            "level": "error",
            "rendered": "error[E0425]: cannot find value `x`",
            "spans": [{ "file_name": "src/note/policy.rs", "line_start": 15 }],
        },
    });
    let script = format!("#!/bin/sh\ncat <<'END'\n{message}\nEND\nexit 101\n");
    std::fs::write(tools.join("cargo"), script).unwrap();
    std::fs::set_permissions(tools.join("cargo"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let built = |path: String| {
        let output = Command::new(specc())
            .arg("build")
            .arg(work.path())
            .env("PATH", path)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let path = format!(
        "{}:{}",
        tools.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let (code, said) = built(path);
    assert_eq!(code, Some(5), "{said}");
    assert!(
        said.contains("bug in specc") && said.contains("made from spec/app.md:"),
        "{said}"
    );
    // Without any cargo the next step is said.
    let (code, said) = built(work.path().join("nothing").display().to_string());
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("specc doctor"), "{said}");
}
