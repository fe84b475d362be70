//! What the end-to-end tests share: where things are, and programs under way.

pub mod faults;
pub mod judged;
pub mod randoms;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The `specc` binary beside this test, brought up to date first.
///
/// # Panics
/// Where it can't be built.
#[must_use]
#[expect(clippy::expect_used, reason = "a test can't go on without it")]
pub fn specc() -> PathBuf {
    static BUILT: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let build = || {
        let test = std::env::current_exe().expect("the test's own path");
        let directory = test.ancestors().nth(2).expect("target/debug");
        let status = Command::new("cargo")
            .args(["build", "--quiet", "-p", "specc", "--locked"])
            .current_dir(root())
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "specc could not be built"
        );
        directory.join("specc")
    };
    BUILT.get_or_init(build).clone()
}

/// The folder of compiled dependencies that all generated apps of the tests share.
#[must_use]
pub fn apps_target() -> PathBuf {
    std::env::var_os("SPECC_TARGET_DIR").map_or_else(|| root().join("target/apps"), PathBuf::from)
}

/// Copies a folder with all that is in it.
///
/// # Panics
/// Where it can't.
#[expect(clippy::expect_used, reason = "a test can't go on without it")]
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a new folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// The folder of a program of this repository where it is compiled. A second test finds it compiled already; another
/// spec or another specc begins anew.
///
/// # Panics
/// Where it can't be written.
#[must_use]
#[expect(clippy::expect_used, reason = "a test can't go on without it")]
pub fn program(spec: &Path) -> PathBuf {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let folder = root()
        .join("target/programs")
        .join(spec.file_name().unwrap_or_default());
    let compiler = std::fs::metadata(specc()).expect("the binary of specc");
    let sign = format!("{:?} {}", compiler.modified().ok(), compiler.len());
    let known = std::fs::read_to_string(folder.join("made-by")).is_ok_and(|text| text == sign);
    if !known || files(&spec.join("spec")) != files(&folder.join("spec")) {
        let _ = std::fs::remove_dir_all(&folder);
        copy(&spec.join("spec"), &folder.join("spec"));
        std::fs::write(folder.join("made-by"), sign).expect("a file that says who made it");
    }
    folder
        .canonicalize()
        .expect("the folder that was just made")
}

/// All files of a folder by their paths in it.
#[must_use]
pub fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if let (Ok(name), Ok(bytes)) =
                (path.strip_prefix(directory), std::fs::read(&path))
            {
                found.insert(name.to_path_buf(), bytes);
            }
        }
    }
    found
}

/// `specc run` under way, with a new folder for its data; stopped when dropped.
#[derive(Debug)]
pub struct Served {
    child: Child,
    log: PathBuf,
    data: tempfile::TempDir,
    /// `http://127.0.0.1:PORT`
    pub address: String,
}

impl Served {
    /// Builds and serves a program with its example data.
    ///
    /// # Panics
    /// With all it said, where it ends before it listens.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::panic,
        reason = "a test can't go on without it"
    )]
    pub fn start(program: &Path) -> Served {
        let data = tempfile::tempdir().expect("a folder for the data");
        let log = data.path().join("run.log");
        let errors = std::fs::File::create(&log).expect("a file for what it says");
        let mut child = Command::new(specc())
            .arg("run")
            .arg(program)
            .arg("--no-watch")
            .arg("--data")
            .arg(data.path())
            .env("SPECC_TARGET_DIR", apps_target())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("specc");
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            let _ = BufReader::new(output).read_line(&mut line);
        }
        let Some(address) = line.trim().strip_prefix("listening on ") else {
            let _ = child.wait();
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            panic!("{}: {said}", program.display());
        };
        Served {
            child,
            log,
            data,
            address: address.to_owned(),
        }
    }

    /// All it said so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Its database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.data.path().join("app.db")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        let _ = Command::new("kill").arg(&id).status();
        let _ = self.child.wait();
    }
}
