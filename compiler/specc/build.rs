//! Embeds the example programs and the pages of the diagnostics, so that `specc new` and
//! `specc explain` work from the binary alone.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = here.join("../..");
    let mut out = String::new();
    let mut examples = Vec::new();
    for example in entries(&root.join("examples")) {
        let spec = example.join("spec");
        println!("cargo::rerun-if-changed={}", spec.display());
        for file in markdown(&spec) {
            examples.push((
                name(&example),
                file.strip_prefix(&example).unwrap_or(&file).to_path_buf(),
                file,
            ));
        }
    }
    out.push_str("/// Example programs: name, path in the program, text.\npub const EXAMPLES: &[(&str, &str, &str)] = &[\n");
    for (example, path, file) in examples {
        let _ = writeln!(
            out,
            "    ({example:?}, {:?}, include_str!({:?})),",
            slashes(&path),
            real(&file)
        );
    }
    out.push_str(
        "];\n\n/// Pages of the diagnostics: name, text.\npub const PAGES: &[(&str, &str)] = &[\n",
    );
    let pages = root.join("specs/diagnostics");
    println!("cargo::rerun-if-changed={}", pages.display());
    println!(
        "cargo::rerun-if-changed={}",
        root.join("examples").display()
    );
    for file in markdown(&pages) {
        let stem = file
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        let _ = writeln!(out, "    ({stem:?}, include_str!({:?})),", real(&file));
    }
    out.push_str("];\n");
    let target = PathBuf::from(std::env::var("OUT_DIR").unwrap_or_default()).join("embedded.rs");
    if let Err(error) = std::fs::write(&target, out) {
        println!("cargo::error=can't write {}: {error}", target.display());
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

fn markdown(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(directory) {
        if path.is_dir() {
            found.extend(markdown(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found
}

fn name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn slashes(path: &Path) -> String {
    path.components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join("/")
}

fn real(path: &Path) -> String {
    path.canonicalize()
        .unwrap_or_else(|_| path.to_path_buf())
        .to_string_lossy()
        .into_owned()
}
