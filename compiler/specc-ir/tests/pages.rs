//! Executes the `spec` blocks of the language's pages and of the pages of diagnostics.
//! The format stands in `specs/language/README.md`.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its pages fails"
)]

use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::span::{FileId, SourceFile, Sources};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A fenced block: the line of its fence, its info string, its text.
struct Fence {
    line: usize,
    info: String,
    text: String,
}

fn fences(page: &str) -> Vec<Fence> {
    let mut out = Vec::new();
    let mut open: Option<(String, Fence)> = None;
    for (at, line) in page.lines().enumerate() {
        let ticks: String = line.chars().take_while(|letter| *letter == '`').collect();
        match &mut open {
            Some((mark, fence)) if line.trim_end() == mark.as_str() => {
                out.push(Fence {
                    line: fence.line,
                    info: fence.info.clone(),
                    text: std::mem::take(&mut fence.text),
                });
                open = None;
            }
            Some((_, fence)) => {
                fence.text.push_str(line);
                fence.text.push('\n');
            }
            None if ticks.len() >= 3 => {
                let info = line[ticks.len()..].trim().to_owned();
                open = Some((
                    ticks,
                    Fence {
                        line: at + 1,
                        info,
                        text: String::new(),
                    },
                ));
            }
            None => {}
        }
    }
    out
}

fn check(text: &str) -> (Sources, Vec<Diagnostic>) {
    let file = SourceFile {
        path: "spec/app.md".to_owned(),
        text: text.to_owned(),
    };
    let sources = Sources { files: vec![file] };
    let (tree, mut diagnostics) = specc_syntax::parse(FileId(0), text);
    diagnostics.extend(specc_ir::lower::lower(&[tree], &sources).1);
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.file, diagnostic.span.start));
    (sources, diagnostics)
}

fn pages(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../specs")
        .join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

/// What is wrong with a page, one line for each block; and the names that its blocks expect.
fn run(path: &Path, page: &str) -> (Vec<String>, BTreeSet<String>) {
    let name = path.file_name().unwrap().to_string_lossy();
    let mut problems = Vec::new();
    let mut expected_names = BTreeSet::new();
    let blocks = fences(page);
    for (at, block) in blocks
        .iter()
        .enumerate()
        .filter(|(_, block)| block.info == "spec")
    {
        let expected: Vec<&str> = match blocks.get(at + 1).filter(|next| next.info == "diagnostics")
        {
            Some(next) => next
                .text
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .collect(),
            None => Vec::new(),
        };
        if blocks
            .get(at + 1)
            .is_some_and(|next| next.info == "diagnostics")
            && expected.is_empty()
        {
            problems.push(format!(
                "{name}:{}: the diagnostics block is empty",
                block.line
            ));
        }
        let (sources, found) = check(&block.text);
        let fits = found.len() == expected.len()
            && found.iter().zip(&expected).all(|(found, expected)| {
                let (line, column) = sources.line_column(found.span);
                **expected == format!("{line} {}", found.name)
                    || **expected == format!("{line}:{column} {}", found.name)
            });
        expected_names.extend(
            expected
                .iter()
                .filter_map(|line| line.split_whitespace().nth(1))
                .map(str::to_owned),
        );
        if !fits {
            let shown: Vec<String> = found
                .iter()
                .map(|found| {
                    let (line, column) = sources.line_column(found.span);
                    format!("    {line}:{column} {}: {}", found.name, found.message)
                })
                .collect();
            problems.push(format!(
                "{name}:{}: expected\n    {}\n  but got\n{}",
                block.line,
                if expected.is_empty() {
                    "nothing".to_owned()
                } else {
                    expected.join("\n    ")
                },
                if shown.is_empty() {
                    "    nothing".to_owned()
                } else {
                    shown.join("\n")
                }
            ));
        }
    }
    (problems, expected_names)
}

#[test]
fn the_language_pages_hold() {
    let mut problems = Vec::new();
    let mut blocks = 0;
    for (path, page) in pages("language") {
        blocks += fences(&page)
            .iter()
            .filter(|block| block.info == "spec")
            .count();
        problems.extend(run(&path, &page).0);
    }
    assert!(blocks > 20, "only {blocks} spec blocks were found");
    assert!(
        problems.is_empty(),
        "{} blocks differ\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn the_diagnostic_pages_hold() {
    let mut problems = Vec::new();
    for (path, page) in pages("diagnostics") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (wrong, names) = run(&path, &page);
        problems.extend(wrong);
        if specc_syntax::names::find(&name).is_none() {
            problems.push(format!("{name}.md: there is no diagnostic of this name"));
        } else if page.contains("```spec") && !names.contains(&name) {
            problems.push(format!("{name}.md: no bad example expects {name}"));
        }
    }
    assert!(
        problems.is_empty(),
        "{} blocks differ\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn every_diagnostic_has_a_page() {
    let pages: BTreeSet<String> = pages("diagnostics")
        .into_iter()
        .map(|(path, _)| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let missing: Vec<&str> = specc_syntax::names::NAMES
        .iter()
        .map(|entry| entry.0)
        .filter(|name| !pages.contains(*name))
        .collect();
    assert!(
        missing.is_empty(),
        "no page in specs/diagnostics for {}",
        missing.join(", ")
    );
}

#[test]
fn the_examples_are_clean() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut seen = 0;
    for entry in std::fs::read_dir(root).unwrap() {
        let folder = entry.unwrap().path().join("spec");
        if !folder.is_dir() {
            continue;
        }
        seen += 1;
        let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        let files: Vec<SourceFile> = files
            .iter()
            .map(|path| SourceFile {
                path: path.display().to_string(),
                text: std::fs::read_to_string(path).unwrap(),
            })
            .collect();
        let sources = Sources { files };
        let mut diagnostics = Vec::new();
        let mut trees = Vec::new();
        for (at, file) in sources.files.iter().enumerate() {
            let (tree, found) = specc_syntax::parse(FileId(u32::try_from(at).unwrap()), &file.text);
            trees.push(tree);
            diagnostics.extend(found);
        }
        diagnostics.extend(specc_ir::lower::lower(&trees, &sources).1);
        assert!(
            diagnostics.is_empty(),
            "{}",
            specc_syntax::draw(&sources, &diagnostics, false, 120)
        );
    }
    assert!(seen >= 4, "only {seen} examples were found");
}
