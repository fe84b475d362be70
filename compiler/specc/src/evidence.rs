//! The evidence of a run on disk: written whole or not at all, found again by `specc replay`.

use specc_build::BuildError;
use specc_build::files::write_whole;
use specc_build::folder::Folder;
use specc_syntax::span::Sources;
use specc_verify::record::Record;
use specc_verify::report::{self, FORMAT, Report, hurl};
use std::path::{Path, PathBuf};

/// The most failures that are written as Hurl files.
const MOST_HURL: usize = 50;

/// Where it stands.
#[must_use]
pub fn folder_of(folder: &Folder) -> PathBuf {
    folder.state().join("evidence")
}

/// blake3 of the spec's files, their paths and texts.
#[must_use]
pub fn digest_of_spec(sources: &Sources) -> String {
    let mut hasher = blake3::Hasher::new();
    for file in &sources.files {
        for part in [&file.path, &file.text] {
            hasher.update(&u64::try_from(part.len()).unwrap_or(0).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// blake3 of a file.
///
/// # Errors
/// Where it can't be read.
pub fn digest_of_file(path: &Path) -> Result<String, BuildError> {
    let mut hasher = blake3::Hasher::new();
    std::fs::File::open(path)
        .and_then(|file| hasher.update_reader(file).map(|_| ()))
        .map_err(BuildError::io("read", path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// The name of an obligation as the name of a file.
fn file_name(id: &str) -> String {
    let plain = id.chars().map(|letter| {
        if letter.is_alphanumeric() || letter == '-' || letter == '.' {
            letter
        } else {
            '-'
        }
    });
    let name: String = plain.take(120).collect();
    format!("{}.hurl", name.trim_start_matches('.'))
}

/// Writes a run in the place of the one before. Where a write fails, what stood there before stays readable.
///
/// # Errors
/// Where the folder can't be written.
pub fn write(
    folder: &Folder,
    report: &Report,
    records: &[Record],
    sources: &Sources,
) -> Result<(), BuildError> {
    let place = folder_of(folder);
    std::fs::create_dir_all(&place).map_err(BuildError::io("create", &place))?;
    let old = std::fs::read_dir(&place).map_err(BuildError::io("read", &place))?;
    for entry in old.flatten() {
        if entry.path().extension().is_some_and(|end| end == "hurl") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    let broken = records.iter().filter(|record| record.is_wrong());
    for record in broken.take(MOST_HURL) {
        if let Some(text) = hurl::hurl(record) {
            write_whole(&place.join(file_name(&record.id)), text.as_bytes())?;
        }
    }
    let page = report::page::page(report, sources);
    write_whole(&place.join("spec.html"), page.as_bytes())?;
    let text = serde_json::to_string(report).unwrap_or_default();
    write_whole(&place.join("evidence.json"), text.as_bytes())
}

/// The last run.
///
/// # Errors
/// In words, where there is none or it can't be understood.
pub fn read(folder: &Folder) -> Result<Report, String> {
    let path = folder_of(folder).join("evidence.json");
    let text = std::fs::read_to_string(&path).map_err(|_| {
        format!(
            "there is no evidence in {}; `specc verify` makes some",
            folder_of(folder).display()
        )
    })?;
    let format: Option<u64> = serde_json::from_str::<serde_json::Value>(&text)
        .ok()
        .and_then(|json| json.get("format").and_then(serde_json::Value::as_u64));
    if format.is_some_and(|format| format > FORMAT) {
        return Err(format!(
            "{} was written by a newer specc; use that one, or run `specc verify` again",
            path.display()
        ));
    }
    serde_json::from_str(&text).map_err(|error| {
        format!(
            "{} can't be understood ({error}); run `specc verify` again",
            path.display()
        )
    })
}
