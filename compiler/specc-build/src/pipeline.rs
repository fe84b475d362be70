//! A build from the spec's folder to a binary: check, plan, render, write, compile.

use crate::cargo;
use crate::error::BuildError;
use crate::event::Event;
use crate::files::{self, NewFile, Outcome};
use crate::folder::Folder;
use crate::front::{self, Checked};
use crate::lock;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The state file's format.
const FORMAT: u64 = 1;

/// What a build is to do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Optimised.
    pub release: bool,
    /// Stop after writing the source.
    pub no_compile: bool,
    /// Replace files changed by hand, after copying them.
    pub overwrite: bool,
}

/// A finished build.
#[derive(Debug)]
pub struct Built {
    /// The checked program, warnings included.
    pub checked: Checked,
    /// The binary; `None` without compiling.
    pub binary: Option<PathBuf>,
    /// What was written.
    pub outcome: Outcome,
    /// The binary differs from the last build's.
    pub changed: bool,
}

/// What a build would do.
#[derive(Debug)]
pub struct Planned {
    /// The checked program.
    pub checked: Checked,
    /// Files that would be written and removed.
    pub outcome: Outcome,
    /// What would happen to the data, a line each.
    pub migration: Vec<String>,
}

/// A stop before the end: the diagnostics of a spec that can't be built, or a failed effect.
#[derive(Debug)]
pub enum Stop {
    /// The spec has errors.
    Spec(Box<Checked>),
    /// Something else failed.
    Failed(BuildError),
}

impl From<BuildError> for Stop {
    fn from(error: BuildError) -> Stop {
        Stop::Failed(error)
    }
}

/// The last build of a program, so that an unchanged one does nothing.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    format: u64,
    debug: Option<Finished>,
    release: Option<Finished>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Finished {
    digest: String,
    binary: PathBuf,
}

/// Says what a build would change, without changing anything.
///
/// # Errors
/// As [`build`].
pub fn plan(folder: &Folder) -> Result<Planned, Stop> {
    let checked = front::check(folder)?;
    if checked.errors() > 0 {
        return Err(Stop::Spec(Box::new(checked)));
    }
    let rendered = render(folder, &checked)?;
    let outcome = files::preview(&folder.app(), &rendered.files)?;
    Ok(Planned {
        checked,
        outcome,
        migration: rendered
            .migration
            .map(|(_, changes)| changes)
            .unwrap_or_default(),
    })
}

/// Builds the program. One build at a time; a killed one leaves nothing that the next can't go on from.
///
/// # Errors
/// [`Stop::Spec`] with all diagnostics before anything is written, or the effect that failed.
pub fn build(
    folder: &Folder,
    options: Options,
    report: &mut dyn FnMut(Event),
) -> Result<Built, Stop> {
    let checked = front::check(folder)?;
    if checked.errors() > 0 {
        return Err(Stop::Spec(Box::new(checked)));
    }
    let _lock = lock::take(folder, || report(Event::WaitingForLock))?;
    report(Event::Checked {
        files: checked.sources.files.len(),
        entities: checked.ir.entities.len(),
        took: checked.took,
    });
    let start = Instant::now();
    let rendered = render(folder, &checked)?;
    let replaced = folder.state().join("replaced");
    let overwrite = options.overwrite.then_some(replaced.as_path());
    let outcome = files::write(&folder.app(), &rendered.files, overwrite)?;
    report(Event::Written {
        written: outcome.written.len(),
        unchanged: outcome.unchanged,
        removed: outcome.removed.len(),
        took: start.elapsed(),
    });
    if let Some((name, changes)) = rendered.migration {
        report(Event::Migration { name, changes });
    }
    if options.no_compile {
        return Ok(Built {
            checked,
            binary: None,
            outcome,
            changed: false,
        });
    }
    let digest = digest(&rendered.files);
    let mut state = read_state(folder)?;
    let last = if options.release {
        &state.release
    } else {
        &state.debug
    };
    if let Some(last) = last
        && last.digest == digest
        && last.binary.is_file()
    {
        report(Event::UpToDate);
        let binary = Some(last.binary.clone());
        return Ok(Built {
            checked,
            binary,
            outcome,
            changed: false,
        });
    }
    let target = cargo::target_directory(&folder.state());
    let kind = if options.release {
        cargo::Kind::Release
    } else {
        cargo::Kind::Debug
    };
    let produced = cargo::build(&folder.app(), &target, kind, report)?;
    let profile = if options.release { "release" } else { "debug" };
    let kept = folder.state().join("bin").join(format!(
        "app-{profile}-{}",
        digest.get(..16).unwrap_or(&digest)
    ));
    keep(&produced, &kept)?;
    let finished = Some(Finished {
        digest,
        binary: kept.clone(),
    });
    let previous = if options.release {
        std::mem::replace(&mut state.release, finished)
    } else {
        std::mem::replace(&mut state.debug, finished)
    };
    state.format = FORMAT;
    let text = serde_json::to_string_pretty(&state).unwrap_or_default();
    files::write_whole(&folder.state().join("state.json"), text.as_bytes())?;
    forget_older(
        &folder.state().join("bin"),
        profile,
        &kept,
        previous.as_ref().map(|last| last.binary.as_path()),
    );
    Ok(Built {
        checked,
        binary: Some(kept),
        outcome,
        changed: true,
    })
}

/// Builds the program as a verifier needs it: with a clock that can be set and rows that can be put in place.
///
/// # Errors
/// As [`build`].
pub fn build_for_verification(
    folder: &Folder,
    overwrite: bool,
    report: &mut dyn FnMut(Event),
) -> Result<(Checked, PathBuf), Stop> {
    let options = Options {
        no_compile: true,
        overwrite,
        ..Options::default()
    };
    let built = build(folder, options, report)?;
    let _lock = lock::take(folder, || report(Event::WaitingForLock))?;
    let target = cargo::target_directory(&folder.state());
    let produced = cargo::build(&folder.app(), &target, cargo::Kind::Verification, report)?;
    let kept = folder.state().join("bin").join("app-verification");
    keep(&produced, &kept)?;
    Ok((built.checked, kept))
}

/// The rendered app with what happens to its data.
struct Rendered {
    files: Vec<NewFile>,
    migration: Option<(String, Vec<String>)>,
}

fn render(folder: &Folder, checked: &Checked) -> Result<Rendered, BuildError> {
    let unfinished = files::unfinished(&folder.app())?;
    let mut migrations = read_migrations(&folder.app().join("migrations"))?;
    migrations.retain(|(name, _)| !unfinished.contains(&format!("migrations/{name}")));
    let planned =
        specc_codegen::plan(&checked.ir, &checked.sources, &migrations).map_err(refused)?;
    let rendered = specc_codegen::render(&planned, &checked.ir, &checked.sources);
    let mut files = to_write(rendered);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Rendered {
        files,
        migration: planned.migration(),
    })
}

/// Rendered files as they are written.
pub(crate) fn to_write(files: Vec<specc_codegen::RenderedFile>) -> Vec<NewFile> {
    let new = |file: specc_codegen::RenderedFile| NewFile {
        keep: file.keep,
        path: file.path,
        text: file.text,
    };
    files.into_iter().map(new).collect()
}

pub(crate) fn refused(reasons: Vec<specc_codegen::Refused>) -> BuildError {
    let reasons = reasons.into_iter().map(|refused| refused.to_string());
    BuildError::Schema {
        reasons: reasons.collect(),
    }
}

/// The app's migrations so far: file name and text, sorted; the schema they lead to is among them.
fn read_migrations(directory: &Path) -> Result<Vec<(String, String)>, BuildError> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(BuildError::io("read", directory)(error)),
    };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let wanted = path
            .extension()
            .is_some_and(|extension| extension == "sql" || extension == "json");
        if wanted && path.is_file() {
            let text = std::fs::read_to_string(&path).map_err(BuildError::io("read", &path))?;
            found.push((entry.file_name().to_string_lossy().into_owned(), text));
        }
    }
    found.sort();
    Ok(found)
}

fn digest(files: &[NewFile]) -> String {
    let mut hasher = blake3::Hasher::new();
    for file in files {
        for part in [file.path.as_bytes(), file.text.as_bytes()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    hasher.finalize().to_hex().to_string()
}

fn read_state(folder: &Folder) -> Result<State, BuildError> {
    let path = folder.state().join("state.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Ok(State::default());
    };
    // Damaged state costs a build, nothing more.
    let state: State = serde_json::from_str(&text).unwrap_or_default();
    if state.format > FORMAT {
        return Err(BuildError::NewerFormat {
            path,
            found: state.format,
            known: FORMAT,
        });
    }
    Ok(state)
}

/// Puts the binary beside the program, out of the shared target folder's way.
pub(crate) fn keep(produced: &Path, kept: &Path) -> Result<(), BuildError> {
    if let Some(parent) = kept.parent() {
        std::fs::create_dir_all(parent).map_err(BuildError::io("create", parent))?;
    }
    let temporary = kept.with_extension("new");
    let _ = std::fs::remove_file(&temporary);
    // A link is instant; cargo writes a new file at the next build, so the linked one stays as it is.
    if std::fs::hard_link(produced, &temporary).is_err() {
        std::fs::copy(produced, &temporary).map_err(BuildError::io("copy", produced))?;
    }
    std::fs::rename(&temporary, kept).map_err(BuildError::io("write", kept))
}

/// Keeps this binary and the one before it.
fn forget_older(directory: &Path, profile: &str, kept: &Path, previous: Option<&Path>) {
    let prefix = format!("app-{profile}-");
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        let ours = entry.file_name().to_string_lossy().starts_with(&prefix);
        if ours && path != kept && Some(path.as_path()) != previous {
            let _ = std::fs::remove_file(path);
        }
    }
}
