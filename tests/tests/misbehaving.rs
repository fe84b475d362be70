//! Apps that hang, die, never start, answer rubbish, fill the disk: each is told of at what was sent, in bounded time, and
//! nothing of it is left running.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::Value;
use specc_tests::specc;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SPEC: &str = "# Notes

## Entity: Note

| Field | Type | Rules    |
|-------|------|----------|
| text  | text | required |

### Access

| Who    | Can    | When |
|--------|--------|------|
| anyone | read   |      |
| signed-in | create |      |
";

/// A program whose app is the one that misbehaves, and a `cargo` that builds it.
struct Program {
    work: tempfile::TempDir,
}

impl Program {
    fn with(mode: &str) -> Program {
        let work = tempfile::tempdir().unwrap();
        for folder in ["spec", ".specc/bin", "tools"] {
            std::fs::create_dir_all(work.path().join(folder)).unwrap();
        }
        std::fs::write(work.path().join("spec/app.md"), SPEC).unwrap();
        std::fs::write(work.path().join(".specc/bin/mode"), mode).unwrap();
        // It is copied: a link would be as busy as the file it leads to.
        let app = work.path().join("tools/app");
        std::fs::copy(env!("CARGO_BIN_EXE_misbehaving"), &app).unwrap();
        let cargo = work.path().join("tools/cargo");
        let text = format!(
            "#!/bin/sh\necho '{}'\n",
            serde_json::json!({ "reason": "compiler-artifact", "target": { "name": "app" }, "executable": app })
        );
        std::fs::write(&cargo, text).unwrap();
        std::fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755)).unwrap();
        Program { work }
    }

    fn verify(&self) -> Command {
        let path = std::env::var("PATH").unwrap();
        let tools = self.work.path().join("tools");
        let mut command = Command::new(specc());
        command
            .args(["verify", "--time", "5"])
            .arg(self.work.path())
            .env("PATH", format!("{}:{path}", tools.display()))
            .stdin(Stdio::null());
        command
    }

    fn evidence(&self) -> Value {
        let path = self.work.path().join(".specc/evidence/evidence.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn binary(&self) -> PathBuf {
        self.work.path().join(".specc/bin/app-verification")
    }
}

/// Processes that run this binary.
fn running(binary: &Path) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let same = processes.filter(|process| {
        let own = std::fs::read_link(process.path().join("exe"));
        own.is_ok_and(|own| own == binary)
    });
    same.count()
}

/// Judges it: what failed, by id, with all that was said, and how long it took.
fn judged(mode: &str) -> (Vec<(String, String)>, String, Duration) {
    let program = Program::with(mode);
    let begun = Instant::now();
    let output = program.verify().output().unwrap();
    let took = begun.elapsed();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{mode}: {said}");
    assert_eq!(running(&program.binary()), 0, "{mode}");
    let folders = std::fs::read_dir(program.work.path().join(".specc")).unwrap();
    let left = folders.flatten().filter(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with("verification-")
    });
    assert_eq!(left.count(), 0, "{mode}: its data is left");
    let evidence = program.evidence();
    let failed = evidence.pointer("/results").unwrap().as_array().unwrap();
    let failed = failed
        .iter()
        .filter(|result| result["verdict"] == "failed")
        .map(|result| {
            let text = |key: &str| result[key].as_str().unwrap().to_owned();
            (text("id"), text("actual"))
        });
    let failed: Vec<_> = failed.collect();
    assert!(!failed.is_empty(), "{mode}: {said}");
    (failed, said, took)
}

#[test]
fn what_never_starts_is_a_verdict() {
    let (failed, said, took) = judged("ends at once");
    assert_eq!(failed[0].0, "life.start", "{said}");
    assert!(failed[0].1.contains("nothing works here"), "{failed:?}");
    assert!(took < Duration::from_secs(15), "{took:?}");

    let (failed, said, took) = judged("never listens");
    assert_eq!(failed[0].0, "life.start", "{said}");
    assert!(failed[0].1.contains("within 20 s"), "{failed:?}");
    assert!(took < Duration::from_secs(40), "{took:?}");
}

#[test]
fn what_fills_the_disk_is_ended() {
    for mode in ["fills the disk before it starts", "fills the disk"] {
        let (failed, _, took) = judged(mode);
        assert!(failed[0].1.contains("kept more than 512 MiB"), "{failed:?}");
        assert!(took < Duration::from_secs(60), "{mode}: {took:?}");
    }
}

#[test]
fn what_answers_rubbish_or_nothing_is_told_of_at_what_was_sent() {
    for (mode, told) in [
        ("dies", "the app ended by itself"),
        ("is no HTTP", "what came is no answer"),
        ("breaks off", "what came is no answer"),
        ("answers with pages", "answered 200 without JSON"),
        ("redirects for ever", "answered 302"),
        ("prints a gigabyte", "answered 500"),
        ("leaves others behind", "answered 500"),
    ] {
        let (failed, said, took) = judged(mode);
        assert!(took < Duration::from_secs(45), "{mode}: {took:?}");
        let of_life = failed
            .iter()
            .find(|(id, actual)| id.starts_with("life.answers.") && actual.contains(told));
        assert!(of_life.is_some(), "{mode}: {failed:?}\n{said}");
        assert!(said.contains("error[life]"), "{mode}: {said}");
    }
    // What it started ends with it.
    let left = Command::new("pgrep").args(["-f", "sleep 4711"]).output();
    assert!(left.is_ok_and(|left| left.stdout.is_empty()));
}

/// Three answers that don't come within ten seconds are the end.
#[test]
fn what_hangs_is_left_after_a_while() {
    let (failed, said, took) = judged("hangs");
    assert!(
        failed.iter().all(|(id, _)| id.starts_with("life.answers.")),
        "{failed:?}"
    );
    assert!(said.contains("no answer within 10 s"), "{said}");
    assert!(took < Duration::from_secs(60), "{took:?}");
}

/// Ctrl-C in the middle of nothing: it ends, with what there is.
#[test]
fn an_interrupted_run_leaves_what_it_has() {
    let program = Program::with("hangs");
    let child = program
        .verify()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_secs(4));
    let interrupted = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupted.unwrap().success());
    let begun = Instant::now();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("interrupted: "), "{said}");
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(program.evidence()["interrupted"], true);
    assert_eq!(running(&program.binary()), 0);
}
