//! Apps as the judge gets them in tests: generated, and run by a host that it may kill them by.

use crate::{program, root, specc};
use specc_build::folder::Folder;
use specc_build::host::Host;
use specc_ir::ir::Ir;
use specc_verify::app::App;
use specc_verify::life;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

/// An example with its app written anew.
#[derive(Debug)]
pub struct Generated {
    /// The program's folder.
    pub folder: PathBuf,
    /// What it means.
    pub ir: Ir,
}

/// Writes the app of an example, without compiling it.
///
/// # Panics
/// Where specc does not.
#[must_use]
#[expect(clippy::expect_used, reason = "a test can't go on without it")]
pub fn generated(example: &str) -> Generated {
    let folder = program(&root().join("examples").join(example));
    let built = Command::new(specc())
        .args(["build", "--no-compile", "--overwrite"])
        .arg(&folder)
        .output()
        .expect("specc");
    assert!(built.status.success(), "{example}");
    let checked = specc_build::front::check(&Folder::at(&folder)).expect("a spec");
    Generated {
        folder,
        ir: checked.ir,
    }
}

/// An app that the judge may kill and start again.
struct Hosted(Host);

impl life::Host for Hosted {
    fn ended(&self, wait: Duration) -> Option<String> {
        self.0.ended(wait)
    }

    fn kill(&self) {
        self.0.kill();
    }

    fn stop(&self) -> Result<Duration, String> {
        self.0.stop()
    }

    fn start(&self, empty: bool) -> Result<(), String> {
        self.0.start(empty).map_err(|error| error.to_string())
    }
}

/// Starts a binary with its data in this folder; it ends with what is given.
///
/// # Errors
/// Where it does not start, in words.
pub fn hosted(binary: &Path, state: &Path) -> Result<App, String> {
    let words = |error: specc_build::BuildError| error.to_string();
    let host = Host::new(binary, state, None, &[]).map_err(words)?;
    host.start(true).map_err(words)?;
    let app = App::at(host.address().map_err(words)?).map_err(|error| error.to_string())?;
    Ok(app.hosted(Rc::new(Hosted(host)) as Rc<dyn life::Host>))
}
