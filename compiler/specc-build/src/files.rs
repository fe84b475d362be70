//! Writing the app's files: only what changed, whole or not at all, and never over a hand-made change.

use crate::error::BuildError;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The manifest's format.
const FORMAT: u64 = 1;
/// Its name in the app folder.
pub const MANIFEST: &str = ".generated.json";
/// The database that the migrations lead to, written behind them.
const SCHEMA: &str = "migrations/schema.json";

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Relative to the app's folder, with `/`.
    pub path: String,
    /// Its whole text.
    pub text: String,
    /// Kept once written, whatever a later render says (migrations).
    pub keep: bool,
}

/// What a write did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Paths written.
    pub written: Vec<String>,
    /// Paths removed.
    pub removed: Vec<String>,
    /// How many were as they should be.
    pub unchanged: usize,
}

/// Which files were generated, with the digest of what was written.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    format: u64,
    files: BTreeMap<String, String>,
    /// Entered before a write and cleared after it: a build killed half-way knows its own files again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pending: BTreeMap<String, String>,
}

impl Manifest {
    fn wrote(&self, path: &str, digest: &str) -> bool {
        [&self.files, &self.pending]
            .into_iter()
            .any(|files| files.get(path).is_some_and(|known| known == digest))
    }

    fn save(&mut self, app: &Path) -> Result<(), BuildError> {
        self.format = FORMAT;
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        write_whole(&app.join(MANIFEST), text.as_bytes())
    }
}

/// Migrations that a killed build wrote before it noted the schema they lead to: nothing stands on them, and the next
/// build writes its own in their place.
///
/// # Errors
/// Where the manifest can't be read.
pub fn unfinished(app: &Path) -> Result<BTreeSet<String>, BuildError> {
    Ok(unfinished_of(app, &read_manifest(app)?))
}

fn unfinished_of(app: &Path, manifest: &Manifest) -> BTreeSet<String> {
    let noted = manifest
        .pending
        .get(SCHEMA)
        .is_none_or(|known| holds(app, SCHEMA, known));
    if noted {
        return BTreeSet::new();
    }
    manifest
        .pending
        .iter()
        .filter(|(path, known)| {
            path.starts_with("migrations/")
                && path.ends_with(".sql")
                && !manifest.files.contains_key(*path)
                && holds(app, path, known)
        })
        .map(|(path, _)| path.clone())
        .collect()
}

/// Takes up what a killed build left: what it wrote is known from now on, migrations without their schema go. True where
/// there was one.
fn settle(app: &Path, manifest: &mut Manifest) -> Result<bool, BuildError> {
    let unfinished = unfinished_of(app, manifest);
    for path in &unfinished {
        let path = app.join(path);
        std::fs::remove_file(&path).map_err(BuildError::io("remove", &path))?;
    }
    let left = std::mem::take(&mut manifest.pending);
    let interrupted = !left.is_empty();
    for (path, known) in left {
        if holds(app, &path, &known) {
            manifest.files.insert(path, known);
        }
    }
    Ok(interrupted)
}

fn holds(app: &Path, path: &str, known: &str) -> bool {
    std::fs::read(app.join(path)).is_ok_and(|bytes| digest(&bytes) == known)
}

/// What would be written, without writing: paths that are new or differ, and paths that would go.
///
/// # Errors
/// Where the manifest can't be read.
pub fn preview(app: &Path, files: &[NewFile]) -> Result<Outcome, BuildError> {
    let manifest = read_manifest(app)?;
    let mut outcome = Outcome::default();
    for file in files {
        match std::fs::read(app.join(&file.path)) {
            Ok(bytes) if bytes == file.text.as_bytes() || file.keep => outcome.unchanged += 1,
            _ => outcome.written.push(file.path.clone()),
        }
    }
    outcome.removed = gone(&manifest, files);
    Ok(outcome)
}

/// Brings the app's folder to these files. With `overwrite`, files changed by hand are first copied to `replaced`.
///
/// # Errors
/// [`BuildError::ChangedByHand`] before anything is written, or an I/O error; a killed write leaves
/// every file either old or new, and the next one goes on.
pub fn write(
    app: &Path,
    files: &[NewFile],
    overwrite: Option<&Path>,
) -> Result<Outcome, BuildError> {
    let mut manifest = read_manifest(app)?;
    let interrupted = settle(app, &mut manifest)?;
    let mut outcome = Outcome::default();
    let mut pending = Vec::new();
    let mut changed = Vec::new();
    for file in files {
        let path = app.join(&file.path);
        match std::fs::read(&path) {
            Ok(bytes) if bytes == file.text.as_bytes() => outcome.unchanged += 1,
            Ok(bytes) => {
                if file.keep {
                    outcome.unchanged += 1;
                    continue;
                }
                if !manifest.wrote(&file.path, &digest(&bytes)) {
                    changed.push((file.path.clone(), path.clone()));
                }
                pending.push(file);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => pending.push(file),
            Err(error) => return Err(BuildError::io("read", path)(error)),
        }
    }
    let gone = gone(&manifest, files);
    for path in &gone {
        if let Ok(bytes) = std::fs::read(app.join(path))
            && !manifest.wrote(path, &digest(&bytes))
        {
            changed.push((path.clone(), app.join(path)));
        }
    }
    if !changed.is_empty() {
        let Some(replaced) = overwrite else {
            return Err(BuildError::ChangedByHand {
                files: changed.into_iter().map(|(name, _)| name).collect(),
            });
        };
        for (name, path) in &changed {
            let copy = replaced.join(name);
            make_parent(&copy)?;
            std::fs::copy(path, &copy).map_err(BuildError::io("copy", path))?;
        }
    }
    if !pending.is_empty() {
        std::fs::create_dir_all(app).map_err(BuildError::io("create", app))?;
        for file in &pending {
            manifest
                .pending
                .insert(file.path.clone(), digest(file.text.as_bytes()));
        }
        manifest.save(app)?;
    }
    for file in &pending {
        let path = app.join(&file.path);
        make_parent(&path)?;
        write_whole(&path, file.text.as_bytes())?;
        manifest
            .files
            .insert(file.path.clone(), digest(file.text.as_bytes()));
        outcome.written.push(file.path.clone());
    }
    for path in gone {
        match std::fs::remove_file(app.join(&path)) {
            Ok(()) => outcome.removed.push(path.clone()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(BuildError::io("remove", app.join(&path))(error)),
        }
        manifest.files.remove(&path);
    }
    for file in files {
        manifest
            .files
            .entry(file.path.clone())
            .or_insert_with(|| digest(file.text.as_bytes()));
    }
    let changed = !outcome.written.is_empty() || !outcome.removed.is_empty();
    if changed || interrupted || !app.join(MANIFEST).exists() {
        manifest.pending.clear();
        manifest.save(app)?;
    }
    Ok(outcome)
}

/// Writes a file so that a reader sees the old text or the new, never a part.
///
/// # Errors
/// Where the folder is read-only or full; the old file is then untouched.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let temporary: PathBuf = path.with_file_name(name);
    let result = std::fs::File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        if let Ok(old) = std::fs::metadata(path) {
            file.set_permissions(old.permissions())?;
        }
        std::fs::rename(&temporary, path)
    });
    result.map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        BuildError::io("write", path)(error)
    })
}

fn make_parent(path: &Path) -> Result<(), BuildError> {
    match path.parent() {
        Some(parent) => std::fs::create_dir_all(parent).map_err(BuildError::io("create", parent)),
        None => Ok(()),
    }
}

fn gone(manifest: &Manifest, files: &[NewFile]) -> Vec<String> {
    let wanted: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    manifest
        .files
        .keys()
        .filter(|path| !wanted.contains(path.as_str()))
        .cloned()
        .collect()
}

fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

fn read_manifest(app: &Path) -> Result<Manifest, BuildError> {
    let path = app.join(MANIFEST);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Manifest::default());
        }
        Err(error) => return Err(BuildError::io("read", path)(error)),
    };
    // A damaged manifest is as none: then every differing file counts as changed by hand, and nothing is lost.
    let manifest: Manifest = serde_json::from_str(&text).unwrap_or_default();
    if manifest.format > FORMAT {
        return Err(BuildError::NewerFormat {
            path,
            found: manifest.format,
            known: FORMAT,
        });
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests;
