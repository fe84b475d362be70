//! Runs cargo over a generated app and folds its noise into events.

use crate::error::BuildError;
use crate::event::Event;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Where compiled dependencies go, shared by all programs of this user: `SPECC_TARGET_DIR`, else
/// `specc/target` in the user's cache folder, else the program's own state folder.
#[must_use]
pub fn target_directory(state: &Path) -> PathBuf {
    let from = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    from("SPECC_TARGET_DIR")
        .or_else(|| from("XDG_CACHE_HOME").map(|cache| cache.join("specc/target")))
        .or_else(|| from("HOME").map(|home| home.join(".cache/specc/target")))
        .unwrap_or_else(|| state.join("target"))
}

/// Which binary is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// For working on the program.
    Debug,
    /// Optimised, for production.
    Release,
    /// With what a verifier needs beside the app: never shipped.
    Verification,
}

/// Builds the app; gives the path of its binary.
///
/// # Errors
/// [`BuildError::NoCargo`], [`BuildError::Compile`] for errors in generated code, [`BuildError::Cargo`] for all else.
pub fn build(
    app: &Path,
    target: &Path,
    kind: Kind,
    report: &mut dyn FnMut(Event),
) -> Result<PathBuf, BuildError> {
    let release = kind == Kind::Release;
    let start = Instant::now();
    let profile = if release { "release" } else { "debug" };
    report(Event::Compiling {
        first: !target.join(profile).join("deps").exists(),
    });
    let mut command = Command::new("cargo");
    command
        .arg("build")
        .arg("--message-format=json")
        .arg("--manifest-path")
        .arg(app.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_TERM_COLOR", "never")
        .env_remove("RUSTC_WRAPPER_WORKSPACE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(of_a_package) {
            command.env_remove(name);
        }
    }
    if app.join("Cargo.lock").exists() {
        command.arg("--locked");
    }
    if release {
        command.arg("--release");
    }
    if kind == Kind::Verification {
        command.args(["--features", "verification"]);
    }
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => BuildError::NoCargo,
        _ => BuildError::io("start", "cargo")(error),
    })?;
    let errors = child.stderr.take();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        if let Some(mut errors) = errors {
            let _ = errors.read_to_string(&mut text);
        }
        text
    });
    let mut binary = None;
    let mut problems = Vec::new();
    let mut done = 0;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let Ok(message) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            match message.get("reason").and_then(Value::as_str) {
                Some("compiler-artifact") => {
                    done += 1;
                    let package = message
                        .pointer("/target/name")
                        .and_then(Value::as_str)
                        .unwrap_or_default();
                    if message.get("fresh") != Some(&Value::Bool(true)) {
                        report(Event::Compiled {
                            package: package.to_owned(),
                            done,
                        });
                    }
                    if let Some(path) = message.get("executable").and_then(Value::as_str) {
                        binary = Some(PathBuf::from(path));
                    }
                }
                Some("compiler-message")
                    if message.pointer("/message/level").and_then(Value::as_str)
                        == Some("error") =>
                {
                    problems.push(problem(app, &message));
                }
                _ => {}
            }
        }
    }
    let status = child.wait().map_err(BuildError::io("wait for", "cargo"))?;
    let errors = reader.join().unwrap_or_default();
    if !status.success() {
        if problems.is_empty() {
            let mut last: Vec<&str> = errors.lines().rev().take(12).collect();
            last.reverse();
            return Err(BuildError::Cargo {
                message: last.join("\n"),
            });
        }
        problems.truncate(5);
        return Err(BuildError::Compile {
            report: problems.join("\n"),
        });
    }
    report(Event::Built {
        took: start.elapsed(),
    });
    binary.ok_or_else(|| BuildError::Cargo {
        message: "it reported no binary".to_owned(),
    })
}

/// The compiler's words, with the spec line that the code above the place points to.
fn problem(app: &Path, message: &Value) -> String {
    let rendered = message
        .pointer("/message/rendered")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let span = message.pointer("/message/spans/0");
    let file = span
        .and_then(|span| span.get("file_name"))
        .and_then(Value::as_str);
    let line = span
        .and_then(|span| span.get("line_start"))
        .and_then(Value::as_u64);
    let place = file
        .zip(line)
        .and_then(|(file, line)| spec_line(&app.join(file), line));
    match place {
        Some(place) => format!("made from {place}\n{rendered}"),
        None => rendered.to_owned(),
    }
}

/// The nearest `(spec/….md:12)` at or above a line of generated code.
fn spec_line(file: &Path, line: u64) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let lines: Vec<&str> = text.lines().take(usize::try_from(line).ok()?).collect();
    lines.iter().rev().find_map(|line| {
        let at = line.find("spec/")?;
        let tail = line.get(at..)?;
        let end = tail.find([')', ' ', '`', '"', ',']).unwrap_or(tail.len());
        let place = tail.get(..end)?;
        place
            .contains(".md:")
            .then(|| place.trim_end_matches(['.', ':']).to_owned())
    })
}

/// Cargo sets it for the program that it builds or runs. Handed on to another cargo it is taken for a change of the
/// environment, and what depends on it, the cryptography for one, is compiled again.
fn of_a_package(variable: &str) -> bool {
    let parts = ["CARGO_BIN_", "CARGO_CFG_", "CARGO_MANIFEST_", "CARGO_PKG_"];
    parts.iter().any(|part| variable.starts_with(part))
        || matches!(
            variable,
            "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE" | "OUT_DIR"
        )
}
