//! Spec folders and surroundings that nobody hopes for, through the real command: a clear message with the next step,
//! the documented exit code, nothing lost, in bounded time.

#![cfg(unix)]
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test ends where it can't go on, and says what it leaves out"
)]

use specc_tests::specc;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const GOOD: &str = "# Notes

## Entity: Note

| Field | Type | Rules    |
|-------|------|----------|
| text  | text | required |

### Access

| Who       | Can  | When |
|-----------|------|------|
| signed-in | read |      |
";

fn program(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let work = tempfile::tempdir().unwrap();
    std::fs::create_dir(work.path().join("spec")).unwrap();
    for (path, bytes) in files {
        let path = work.path().join("spec").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    work
}

/// What a command gave: its exit code, and what it said.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String) {
    // A minute of processor time at most: that says the same on a busy machine.
    let output = Command::new("sh")
        .args(["-c", "ulimit -t 60; exec \"$0\" \"$@\""])
        .arg(specc())
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    let code = output.status.code();
    assert!(
        code.is_some(),
        "{arguments:?} ended by a signal: {:?}",
        output.status
    );
    (code.unwrap_or(-1), said)
}

#[test]
fn files_that_are_no_text_are_named_and_the_rest_is_checked() {
    for (bytes, words) in [
        (&b"a\0b"[..], "NUL"),
        (&[0xff, 0xfe, 0x41, 0x00][..], "UTF-8"),
        (&[0x7f, 0x45, 0x4c, 0x46, 0x02, 0xc0, 0x80][..], "UTF-8"),
    ] {
        let work = program(&[
            ("app.md", GOOD.as_bytes()),
            ("bad.md", bytes),
            ("picture.png", &[0, 0xff]),
        ]);
        for command in ["check", "build", "plan", "ir", "fmt"] {
            let (code, said) = run(work.path(), &[command]);
            assert_eq!(code, 1, "{command}: {said}");
            assert!(
                said.contains("spec/bad.md") && said.contains(words),
                "{command}: {said}"
            );
        }
        assert!(!work.path().join("app").exists());
        assert_eq!(
            std::fs::read(work.path().join("spec/bad.md")).unwrap(),
            bytes
        );
    }
}

#[test]
fn marks_and_line_ends_of_other_systems_are_fine() {
    let windows = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    let work = program(&[("app.md", windows.as_bytes())]);
    let (code, said) = run(work.path(), &["check"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(work.path(), &["fmt"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(work.path(), &["fmt", "--check"]);
    assert_eq!(code, 0, "{said}");
    let after = std::fs::read_to_string(work.path().join("spec/app.md")).unwrap();
    assert!(
        after.matches('\n').count() == after.matches("\r\n").count(),
        "line ends are mixed: {after:?}"
    );
}

#[test]
fn links_loops_and_things_that_are_no_files() {
    let outside = program(&[("more.md", b"# More\n")]);
    let work = program(&[("app.md", GOOD.as_bytes())]);
    let spec = work.path().join("spec");
    symlink(&spec, spec.join("loop")).unwrap();
    symlink(outside.path().join("spec/more.md"), spec.join("more.md")).unwrap();
    symlink(outside.path().join("spec"), spec.join("all")).unwrap();
    std::fs::create_dir(spec.join("folder.md")).unwrap();
    std::fs::write(spec.join("folder.md/below.md"), "# Below\n").unwrap();
    let (code, said) = run(work.path(), &["check"]);
    assert_eq!(code, 0, "{said}");

    symlink("b.md", spec.join("a.md")).unwrap();
    symlink("a.md", spec.join("b.md")).unwrap();
    symlink("nowhere.md", spec.join("gone.md")).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(spec.join("pipe.md"))
            .status()
            .unwrap()
            .success()
    );
    let _socket = std::os::unix::net::UnixListener::bind(spec.join("socket.md")).unwrap();
    let (code, said) = run(work.path(), &["check"]);
    assert_eq!(code, 1, "{said}");
    for name in ["a.md", "b.md", "gone.md", "pipe.md", "socket.md"] {
        assert!(said.contains(&format!("spec/{name}")), "{name}: {said}");
    }
}

#[test]
fn formatting_writes_what_a_link_leads_to() {
    let outside = program(&[("shared.md", b"| a | b |\n|---|---|\n| 1 | long |\n")]);
    let target = outside.path().join("spec/shared.md");
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o640)).unwrap();
    let work = program(&[("app.md", GOOD.as_bytes())]);
    symlink(&target, work.path().join("spec/shared.md")).unwrap();
    let (code, said) = run(work.path(), &["fmt"]);
    assert_eq!(code, 0, "{said}");
    assert!(work.path().join("spec/shared.md").is_symlink());
    assert!(
        std::fs::read_to_string(&target)
            .unwrap()
            .contains("| 1 | long |")
    );
    assert_eq!(
        std::fs::metadata(&target).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn names_of_files() {
    let work = program(&[
        ("app.md", GOOD.as_bytes()),
        ("a b \"c\" {d} é 票.md", b"# X\n"),
        ("UPPER.MD", b"# Y\n"),
    ]);
    let (code, said) = run(work.path(), &["build", "--no-compile"]);
    assert_eq!(code, 0, "{said}");
    let strange = work
        .path()
        .join("spec")
        .join(OsStr::from_bytes(b"bad\xff.md"));
    std::fs::write(&strange, "# Z\n").unwrap();
    std::fs::write(work.path().join("spec/es\u{1b}[31mc.md"), "# Z\n").unwrap();
    let (code, said) = run(work.path(), &["check"]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("rename it") && !said.contains('\u{1b}'),
        "{said:?}"
    );
}

#[test]
fn much_is_bounded() {
    let hundred = program(&[("app.md", GOOD.as_bytes())]);
    let large = std::fs::File::create(hundred.path().join("spec/large.md")).unwrap();
    large.set_len(100 * 1024 * 1024).unwrap();
    let (code, said) = run(hundred.path(), &["check"]);
    assert_eq!(code, 1);
    assert!(
        said.contains("100 MB") && said.contains("at most 16 MB"),
        "{said}"
    );

    let rows: String = (0..100_000).map(|at| format!("| {at} |\n")).collect();
    let entities: String = (0..2_000)
        .map(|at| {
            GOOD.replace("# Notes\n\n", "")
                .replace("Note", &format!("Note {at}"))
        })
        .collect();
    let roles: String = (0..10_000)
        .map(|at| format!("- **R{at}**: x. `includes R{}`\n", at + 1))
        .collect();
    let functions: String = (0..2_000)
        .map(|at| {
            format!(
                "## Function: F{at}\n\n- Output: `integer`\n- Is: `f{}`\n\n",
                at + 1
            )
        })
        .collect();
    for (text, wanted) in [
        (
            format!("{GOOD}\n## Seed: demo\n\n### Notes\n\n| text |\n|------|\n{rows}"),
            0,
        ),
        (format!("{GOOD}\n## Words\n\n| a |\n|---|\n{rows}"), 0),
        (entities, 0),
        (format!("# A\n\n{}\n", "word ".repeat(2_000_000)), 0),
        (format!("# A\n\n{}\n", "[".repeat(300_000)), 0),
        (format!("# A\n\n{}\n", "`a".repeat(300_000)), 0),
        (
            format!("{GOOD}\n### Rules\n\n- X. `{}1 is 1`\n", "(".repeat(9_000)),
            1,
        ),
        (
            format!(
                "{GOOD}\n### Rules\n\n- X. `{}text is set`\n",
                "text is set and ".repeat(700_000)
            ),
            1,
        ),
        (format!("# A\n\n{}a\n", "- ".repeat(50_000)), 1),
        (format!("# A\n\n{}a\n", "> ".repeat(50_000)), 0),
        (format!("# A\n\n## Roles\n\n{roles}"), 1),
        (functions, 1),
    ] {
        let shown: String = text.chars().take(40).collect();
        let work = program(&[("app.md", text.as_bytes())]);
        let (code, said) = run(work.path(), &["check"]);
        let said: String = said.chars().take(600).collect();
        assert_eq!(code, wanted, "{shown}: {said}");
    }
}

/// The command where `nobody` may run it, and a program beside it; `None` where this user can't become another.
fn as_nobody() -> Option<(tempfile::TempDir, PathBuf)> {
    if !Command::new("true")
        .uid(65534)
        .status()
        .is_ok_and(|status| status.success())
    {
        println!("not root: permissions are not tried");
        return None;
    }
    let work = program(&[("app.md", GOOD.as_bytes())]);
    std::fs::set_permissions(work.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let binary = work.path().join("specc");
    std::fs::copy(specc(), &binary).unwrap();
    Some((work, binary))
}

#[test]
fn without_permission() {
    let Some((work, binary)) = as_nobody() else {
        return;
    };
    let nobody = |arguments: &[&str]| {
        let output = Command::new(&binary)
            .args(arguments)
            .current_dir(work.path())
            .uid(65534)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    // The folder is another's: it can be read, and not written.
    assert_eq!(nobody(&["check"]).0, Some(0));
    let (code, said) = nobody(&["build", "--no-compile"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains(".specc"), "{said}");
    let (code, said) = nobody(&["new", "mine"]);
    assert_eq!(code, Some(3), "{said}");
    let secret = work.path().join("spec/secret.md");
    std::fs::write(&secret, "# Secret\n").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (code, said) = nobody(&["check"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("spec/secret.md") && said.contains("ermission"),
        "{said}"
    );
    std::fs::set_permissions(
        work.path().join("spec"),
        std::fs::Permissions::from_mode(0o700),
    )
    .unwrap();
    let (code, said) = nobody(&["check"]);
    assert!(
        matches!(code, Some(1 | 3)) && said.contains("ermission"),
        "{code:?} {said}"
    );
}

#[test]
fn a_full_disk_loses_nothing() {
    let work = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=400k", "tmpfs"])
        .arg(work.path())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        println!("no mounts here: a full disk is not tried");
        return;
    }
    std::fs::create_dir(work.path().join("spec")).unwrap();
    std::fs::write(work.path().join("spec/app.md"), GOOD).unwrap();
    let (code, said) = run(work.path(), &["build", "--no-compile"]);
    let (again, _) = run(work.path(), &["build", "--no-compile"]);
    let kept = std::fs::read_to_string(work.path().join("spec/app.md")).unwrap();
    // With room again, the next build goes on.
    let grown = Command::new("mount")
        .args(["-o", "remount,size=50m"])
        .arg(work.path())
        .status()
        .unwrap();
    let (after, last) = run(work.path(), &["build", "--no-compile"]);
    let _ = Command::new("umount").arg(work.path()).status();
    assert_eq!((code, again), (3, 3), "{said}");
    assert!(said.contains("No space left"), "{said}");
    assert_eq!(kept, GOOD);
    assert!(grown.success());
    assert_eq!(after, 0, "{last}");
}

#[test]
fn builds_at_once_wait_for_each_other() {
    let work = program(&[("app.md", GOOD.as_bytes())]);
    let builds: Vec<_> = (0..4)
        .map(|_| {
            Command::new(specc())
                .args(["build", "--no-compile"])
                .current_dir(work.path())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for build in builds {
        let output = build.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let (_, said) = run(work.path(), &["plan"]);
    assert!(said.contains("0 to write, 0 to remove"), "{said}");
}

#[test]
fn a_port_in_use_is_said_at_once() {
    let work = program(&[("app.md", GOOD.as_bytes())]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, said) = run(work.path(), &["run", "--port", &port]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains(&port) && said.contains("--port"), "{said}");
    assert!(
        !work.path().join("app").exists(),
        "nothing was built for it"
    );
}

#[test]
fn hand_made_changes_stay() {
    let work = program(&[("app.md", GOOD.as_bytes())]);
    let build = |more: &[&str]| run(work.path(), &[&["build", "--no-compile"], more].concat());
    assert_eq!(build(&[]).0, 0);
    let main = work.path().join("app/src/main.rs");
    let generated = std::fs::read_to_string(&main).unwrap();
    std::fs::write(&main, "// mine\n").unwrap();
    std::fs::write(work.path().join("app/src/own.rs"), "// mine, too\n").unwrap();
    let (code, said) = build(&[]);
    assert_eq!(code, 4, "{said}");
    assert!(
        said.contains("src/main.rs") && said.contains("--overwrite"),
        "{said}"
    );
    assert_eq!(std::fs::read_to_string(&main).unwrap(), "// mine\n");
    assert_eq!(build(&["--overwrite"]).0, 0);
    assert_eq!(std::fs::read_to_string(&main).unwrap(), generated);
    let copy = work.path().join(".specc/replaced/src/main.rs");
    assert_eq!(std::fs::read_to_string(copy).unwrap(), "// mine\n");
    assert!(
        work.path().join("app/src/own.rs").exists(),
        "a file of one's own stays"
    );
    // What is deleted comes back.
    std::fs::remove_file(&main).unwrap();
    assert_eq!(build(&[]).0, 0);
    assert_eq!(std::fs::read_to_string(&main).unwrap(), generated);
    std::fs::remove_dir_all(work.path().join(".specc")).unwrap();
    assert_eq!(build(&[]).0, 0, "its state can be deleted at any time");
}

#[test]
fn a_killed_build_does_no_harm() {
    let work = program(&[("app.md", GOOD.as_bytes())]);
    let spec = |upto: u64| {
        (0..=upto).fold(GOOD.to_owned(), |text, more| {
            format!("{text}\n## Entity: More {more}\n\n| Field | Type | Rules |\n|---|---|---|\n| x | text | |\n")
        })
    };
    for round in 0..10_u64 {
        // Killed twice, the second time with more to write than the first.
        for upto in [round * 2, round * 2 + 1] {
            std::fs::write(work.path().join("spec/app.md"), spec(upto)).unwrap();
            let mut build = Command::new(specc())
                .args(["build", "--no-compile"])
                .current_dir(work.path())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::park_timeout(Duration::from_millis(3 + round * 40));
            let _ = build.kill();
            build.wait().unwrap();
        }
        // The next one, with the spec of before or another, goes on.
        let (code, said) = run(work.path(), &["build", "--no-compile"]);
        assert_eq!(code, 0, "round {round}: {said}");
    }
    let (code, said) = run(work.path(), &["plan"]);
    assert_eq!(code, 0);
    assert!(said.contains("0 to write, 0 to remove"), "{said}");
    // One migration for each change, whatever was killed in between.
    let migrations = std::fs::read_dir(work.path().join("app/migrations")).unwrap();
    let mut written: Vec<_> = migrations
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".sql"))
        .collect();
    written.sort();
    assert!(written.len() <= 20, "{written:?}");
    let all: String = written
        .iter()
        .map(|name| std::fs::read_to_string(work.path().join("app/migrations").join(name)).unwrap())
        .collect();
    for more in 0..20 {
        let table = format!("CREATE TABLE \"more_{more}\"");
        assert_eq!(all.matches(&table).count(), 1, "{table}: {all}");
    }
    let left: Vec<_> = std::fs::read_dir(work.path().join("app"))
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".new"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_cargo_tells_its_programs_is_not_told_to_the_next_one() {
    let work = program(&[("app.md", GOOD.as_bytes())]);
    let tools = tempfile::tempdir().unwrap();
    let cargo = tools.path().join("cargo");
    let script = format!("#!/bin/sh\nenv > {}/told\nexit 1\n", tools.path().display());
    std::fs::write(&cargo, script).unwrap();
    std::fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", tools.path().display());
    Command::new(specc())
        .arg("build")
        .current_dir(work.path())
        .env("PATH", path)
        .env("CARGO_MANIFEST_DIR", "/somewhere")
        .env("CARGO_PKG_NAME", "other")
        .env("CARGO_HOME", "/kept")
        .output()
        .unwrap();
    let told = std::fs::read_to_string(tools.path().join("told")).unwrap();
    assert!(told.contains("CARGO_HOME=/kept"), "{told}");
    assert!(
        !told.contains("CARGO_MANIFEST_DIR") && !told.contains("CARGO_PKG_NAME"),
        "{told}"
    );
}
