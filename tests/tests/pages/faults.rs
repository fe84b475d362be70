//! Faults that are put into generated code by hand, and taken out again.

use serde_json::Value;
use specc_tests::{apps_target, root};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// A fault: what it is called, where it stands, what is right there, and what stands in its place.
pub struct Fault {
    pub name: String,
    pub file: String,
    pub right: String,
    pub wrong: String,
    /// The judge does not see it.
    pub missed: bool,
}

/// Those of a file in `tests/mutants`.
pub fn faults(example: &str) -> Vec<Fault> {
    let path = root().join(format!("tests/mutants/{example}.json"));
    let text = std::fs::read_to_string(path).unwrap();
    let all: Vec<BTreeMap<String, Value>> = serde_json::from_str(&text).unwrap();
    let text = |fault: &BTreeMap<String, Value>, key: &str| match fault.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(lines)) => {
            let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
            lines.join("\n")
        }
        _ => String::new(),
    };
    all.iter()
        .map(|fault| Fault {
            name: text(fault, "fault"),
            file: text(fault, "file"),
            right: text(fault, "right"),
            wrong: text(fault, "wrong"),
            missed: fault.get("missed") == Some(&Value::Bool(true)),
        })
        .collect()
}

/// Compiles an app for the judge, in the folder for faults.
pub fn compile(app: &Path) {
    let compiled = Command::new("cargo")
        .args(["build", "--locked", "--features", "verification"])
        .current_dir(app)
        .env("CARGO_TARGET_DIR", apps_target().join("faults"))
        .env_remove("CARGO_MANIFEST_DIR")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{said}");
}

/// A file that is as it was once this is gone.
pub struct Changed<'p>(pub &'p Path, pub String);

impl Drop for Changed<'_> {
    fn drop(&mut self) {
        let _ = std::fs::write(self.0, &self.1);
    }
}
