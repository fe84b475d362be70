//! A program's folder: where its parts are, and its spec files read into memory.

use crate::error::BuildError;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::span::{FileId, SourceFile, Sources, Span};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The largest spec file that is read.
const LARGEST_FILE: u64 = 16 * 1024 * 1024;
/// The most spec files of a program.
const MOST_FILES: usize = 20_000;
/// The deepest folder below `spec`.
const DEEPEST: usize = 32;

/// The places of a program's folder.
#[derive(Debug, Clone)]
pub struct Folder {
    /// The folder itself.
    pub root: PathBuf,
}

impl Folder {
    /// A program at this path; a path to a file in it (or to its `spec` folder) is understood.
    #[must_use]
    pub fn at(path: &Path) -> Folder {
        let mut root = path.to_path_buf();
        if root.is_file()
            && let Some(parent) = root.parent()
        {
            root = parent.to_path_buf();
        }
        if root.file_name().is_some_and(|name| name == "spec")
            && let Some(parent) = root.parent()
        {
            root = parent.to_path_buf();
        }
        if root.as_os_str().is_empty() {
            root = PathBuf::from(".");
        }
        Folder { root }
    }

    /// The spec files' folder.
    #[must_use]
    pub fn spec(&self) -> PathBuf {
        self.root.join("spec")
    }

    /// The generated app.
    #[must_use]
    pub fn app(&self) -> PathBuf {
        self.root.join("app")
    }

    /// specc's own state: safe to delete at any time.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.root.join(".specc")
    }
}

/// Reads all spec files, sorted by path. What can't be read is a diagnostic, and the rest is read all the same.
///
/// # Errors
/// Where there is no spec folder, or it holds no Markdown file.
pub fn read(folder: &Folder) -> Result<(Sources, Vec<Diagnostic>), BuildError> {
    let spec = folder.spec();
    if !spec.is_dir() {
        return Err(BuildError::NoSpec {
            path: folder.root.clone(),
        });
    }
    let mut found = Walk::default();
    found.visit(&spec, 0);
    found.files.sort();
    let mut sources = Sources::default();
    let mut diagnostics = Vec::new();
    for path in found.files {
        let shown = relative(&folder.root, &path);
        let (text, problem) = read_file(&path);
        let file = FileId(u32::try_from(sources.files.len()).unwrap_or(u32::MAX));
        sources.files.push(SourceFile {
            path: shown.clone(),
            text,
        });
        if let Some(problem) = problem {
            let span = Span {
                file,
                start: 0,
                end: 0,
            };
            diagnostics.push(
                Diagnostic::new(
                    "unreadable-file",
                    span,
                    format!("can't read {shown}: {problem}"),
                )
                .help("mend or remove the file; every spec file must be readable UTF-8 text"),
            );
        }
    }
    for (path, problem) in found.problems {
        let span = Span::default();
        let shown = relative(&folder.root, &path);
        diagnostics.push(
            Diagnostic::new(
                "unreadable-file",
                span,
                format!("can't read {shown}: {problem}"),
            )
            .help("mend or remove it; nothing of the spec may be left out in silence"),
        );
    }
    if sources.files.is_empty() && diagnostics.is_empty() {
        return Err(BuildError::NoSpec {
            path: folder.root.clone(),
        });
    }
    Ok((sources, diagnostics))
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<String> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    parts.join("/")
}

fn read_file(path: &Path) -> (String, Option<String>) {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.len() > LARGEST_FILE => {
            let megabytes = metadata.len() / (1024 * 1024);
            return (
                String::new(),
                Some(format!(
                    "it has {megabytes} MB; a spec file has at most 16 MB"
                )),
            );
        }
        Ok(metadata) if !metadata.is_file() => {
            return (String::new(), Some("it is not a file".to_owned()));
        }
        Ok(_) => {}
        Err(error) => return (String::new(), Some(error.to_string())),
    }
    match std::fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) if text.contains('\0') => (
                String::new(),
                Some("it holds NUL bytes and looks binary".to_owned()),
            ),
            Ok(text) => (
                text.strip_prefix('\u{feff}')
                    .map(str::to_owned)
                    .unwrap_or(text),
                None,
            ),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                (
                    String::new(),
                    Some(format!("it is not UTF-8 text (byte {at})")),
                )
            }
        },
        Err(error) => (String::new(), Some(error.to_string())),
    }
}

/// A walk that ends on symlink loops and absurd trees.
#[derive(Default)]
struct Walk {
    files: Vec<PathBuf>,
    problems: Vec<(PathBuf, String)>,
    seen: BTreeSet<PathBuf>,
}

impl Walk {
    fn visit(&mut self, directory: &Path, depth: usize) {
        let real = match directory.canonicalize() {
            Ok(real) => real,
            Err(error) => {
                self.problems
                    .push((directory.to_path_buf(), error.to_string()));
                return;
            }
        };
        if !self.seen.insert(real) {
            return;
        }
        if depth > DEEPEST {
            self.problems.push((
                directory.to_path_buf(),
                format!("it is more than {DEEPEST} folders deep"),
            ));
            return;
        }
        let entries = match std::fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) => {
                self.problems
                    .push((directory.to_path_buf(), error.to_string()));
                return;
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.problems
                        .push((directory.to_path_buf(), error.to_string()));
                    continue;
                }
            };
            let path = entry.path();
            let name = entry.file_name();
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            // It could not be named in a message, nor found again by the name that is shown.
            let plain = name
                .to_str()
                .is_some_and(|name| !name.contains(char::is_control));
            let ours = path.is_dir()
                || path
                    .extension()
                    .is_some_and(|extension| extension.eq_ignore_ascii_case("md"));
            if ours && !plain {
                self.problems.push((
                    path,
                    "its name is not plain UTF-8 text; rename it".to_owned(),
                ));
                continue;
            }
            if path.is_dir() {
                self.visit(&path, depth + 1);
            } else if path
                .extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("md"))
            {
                if self.files.len() >= MOST_FILES {
                    self.problems.push((
                        path,
                        format!("the program has more than {MOST_FILES} spec files"),
                    ));
                    return;
                }
                self.files.push(path);
            }
        }
    }
}

#[cfg(test)]
mod tests;
