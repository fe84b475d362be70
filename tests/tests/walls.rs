//! Dependencies between the compiler's crates point down, as compiler/README.md says.

#![expect(clippy::unwrap_used, reason = "a test ends where it can't go on")]

use serde_json::Value;
use specc_tests::root;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The table `| Crate | May depend on |` of compiler/README.md.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(root().join("compiler/README.md")).unwrap();
    let names = |cell: &str| -> BTreeSet<String> {
        cell.split('`')
            .filter(|word| word.starts_with("specc"))
            .map(str::to_owned)
            .collect()
    };
    text.lines()
        .skip_while(|line| !(line.starts_with('|') && line.contains("May depend on")))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| {
            let mut cells = line.trim_matches('|').split('|');
            let name = names(cells.next()?).into_iter().next()?;
            Some((name, cells.next().map(names).unwrap_or_default()))
        })
        .collect()
}

#[test]
fn dependencies_are_the_ones_that_are_written_down() {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let allowed = allowed();
    assert!(
        allowed.len() >= 5,
        "compiler/README.md lists {} crates",
        allowed.len()
    );
    let mut seen = 0;
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        if !package["manifest_path"]
            .as_str()
            .unwrap()
            .contains("/compiler/")
        {
            continue;
        }
        let rule = allowed
            .get(name)
            .unwrap_or_else(|| panic!("{name} is missing in compiler/README.md"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let dependency_name = dependency["name"].as_str().unwrap();
            if dependency["kind"].is_null() && dependency_name.starts_with("specc") {
                assert!(
                    rule.contains(dependency_name),
                    "{name} must not depend on {dependency_name}"
                );
            }
        }
        seen += 1;
    }
    assert_eq!(
        seen,
        allowed.len(),
        "compiler/README.md lists crates that are not there"
    );
}

#[test]
fn the_core_knows_no_world() {
    for name in ["specc-syntax", "specc-ir", "specc-codegen"] {
        let mut open = vec![root().join("compiler").join(name).join("src")];
        while let Some(next) = open.pop() {
            for entry in std::fs::read_dir(next).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    open.push(path);
                    continue;
                }
                if path.file_name().is_some_and(|name| name == "tests.rs")
                    || path.extension().is_none_or(|e| e != "rs")
                {
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                for word in [
                    "std::fs",
                    "std::net",
                    "std::env",
                    "std::process",
                    "SystemTime",
                    "Instant::now",
                    "std::thread",
                ] {
                    assert!(
                        !code.contains(word),
                        "{}: {word} does not belong in the core",
                        path.display()
                    );
                }
            }
        }
    }
}
