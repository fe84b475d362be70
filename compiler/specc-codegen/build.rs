//! Puts the support crates of generated apps into the compiler, without their tests.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?)
        .join("../../runtime-templates/axum/support")
        .canonicalize()?;
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &root, &mut files)?;
    files.sort();
    let mut out = String::from("&[\n");
    for (path, absolute) in files {
        let _ = writeln!(out, "    ({path:?}, include_str!({absolute:?})),");
    }
    out.push_str("]\n");
    let target = Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("support.rs");
    if fs::read_to_string(&target).ok().as_deref() != Some(&out) {
        fs::write(target, out)?;
    }
    Ok(())
}

fn collect(root: &Path, folder: &Path, out: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with('.')
            || matches!(
                name.as_str(),
                "target" | "tests" | "benches" | "examples" | "fuzz" | "snapshots" | "tests.rs"
            )
        {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, out)?;
        } else {
            let relative = path.strip_prefix(root).map_err(io::Error::other)?;
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            out.push((parts.join("/"), path.to_string_lossy().into_owned()));
        }
    }
    Ok(())
}
