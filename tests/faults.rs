//! Faults that people really make, put by hand into the code of a generated app and into what it stands on, and taken out
//! again. They stand in `tests/mutants`.

use crate::{apps_target, files, root};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// A fault.
#[derive(Debug, Deserialize)]
pub struct Fault {
    /// What it is called.
    #[serde(rename = "fault")]
    pub name: String,
    #[serde(flatten)]
    first: Edit,
    /// What stands elsewhere as well.
    #[serde(default)]
    also: Vec<Edit>,
    /// The judge does not see it.
    #[serde(default)]
    pub missed: bool,
    /// Those of one number do not get in each other's way, and may be planted together.
    #[serde(default)]
    pub group: u32,
    /// What stands in the id of a record that shows it, and in what was seen.
    #[serde(default)]
    pub shows: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Edit {
    file: PathBuf,
    right: Lines,
    wrong: Lines,
}

/// A text, or its lines.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Lines {
    One(String),
    Many(Vec<String>),
}

impl Lines {
    fn text(&self) -> String {
        match self {
            Lines::One(text) => text.clone(),
            Lines::Many(lines) => lines.join("\n"),
        }
    }
}

/// Those of a file in `tests/mutants`; where `SPECC_FAULT` is set, those alone that have it in `file: name`.
///
/// # Panics
/// Where the file is none of faults.
#[must_use]
#[expect(clippy::expect_used, reason = "a test can't go on without it")]
pub fn faults(file: &str) -> Vec<Fault> {
    let path = root().join(format!("tests/mutants/{file}.json"));
    let text = std::fs::read_to_string(path).expect("a file of faults");
    let mut all: Vec<Fault> = serde_json::from_str(&text).expect("faults");
    let only = std::env::var("SPECC_FAULT").unwrap_or_default();
    all.retain(|fault| format!("{file}: {}", fault.name).contains(&only));
    all
}

/// A fault that is in an app until this is dropped.
#[derive(Debug)]
pub struct Planted(Vec<(PathBuf, String)>);

impl Fault {
    /// Puts it into the app in this folder.
    ///
    /// # Panics
    /// Where what is right does not stand there.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without it")]
    pub fn plant(&self, app: &Path) -> Planted {
        let mut planted = Planted(Vec::new());
        for edit in std::iter::once(&self.first).chain(&self.also) {
            let path = app.join(&edit.file);
            let text = std::fs::read_to_string(&path).expect("the file it stands in");
            let right = edit.right.text();
            let name = &self.name;
            assert!(
                text.contains(&right),
                "{name}: {} has no longer: {right}",
                path.display()
            );
            let wrong = text.replacen(&right, &edit.wrong.text(), 1);
            std::fs::write(&path, wrong).expect("a file that can be written");
            planted.0.push((path, text));
        }
        planted
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        // The last edit is undone first: one file may have several.
        while let Some((path, text)) = self.0.pop() {
            let _ = std::fs::write(path, text);
        }
    }
}

/// Compiles the app in this folder for the judge; gives its binary, which the next one takes the place of.
///
/// # Panics
/// Where it does not compile.
#[must_use]
#[expect(clippy::expect_used, reason = "a test can't go on without it")]
pub fn compile(app: &Path) -> PathBuf {
    let target = apps_target().join("faults");
    let compiled = Command::new("cargo")
        .args(["build", "--locked", "--features", "verification"])
        .current_dir(app)
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("CARGO_MANIFEST_DIR")
        .output()
        .expect("cargo");
    let said = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{said}");
    target.join("debug/app")
}

/// All is newer than what was compiled of it. The crates that apps stand on are the same to cargo whichever app they are part
/// of: it would take those of the last fault of another one.
///
/// # Panics
/// Where a file can't be touched.
#[expect(clippy::expect_used, reason = "a test can't go on without it")]
pub fn touch(app: &Path) {
    let now = SystemTime::now();
    for path in files(app).keys() {
        if path.extension().is_some_and(|extension| extension == "rs") {
            let file = std::fs::File::options().append(true).open(app.join(path));
            let touched = file.and_then(|file| file.set_modified(now));
            touched.expect("a file that can be touched");
        }
    }
}
