//! Whole programs from spec text to files.

use crate::{RenderedFile, plan, render};
use specc_ir::ir::Ir;
use specc_syntax::diagnostic::Severity;
use specc_syntax::span::{FileId, SourceFile, Sources};
use std::fmt::Write as _;

fn program(text: &str) -> (Ir, Sources) {
    let sources = Sources {
        files: vec![SourceFile {
            path: "spec/app.md".to_owned(),
            text: text.to_owned(),
        }],
    };
    let (tree, problems) = specc_syntax::parse(FileId(0), text);
    let (ir, more) = specc_ir::lower::lower(&[tree], &sources);
    let errors: Vec<String> = problems
        .iter()
        .chain(&more)
        .filter(|problem| problem.severity == Severity::Error)
        .map(|problem| format!("{}: {}", sources.place(problem.span), problem.message))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    (ir, sources)
}

fn files(text: &str) -> Vec<RenderedFile> {
    let (ir, sources) = program(text);
    let plan = plan(&ir, &sources, &[]).unwrap();
    render(&plan, &ir, &sources)
}

fn own(files: &[RenderedFile]) -> impl Iterator<Item = &RenderedFile> {
    files.iter().filter(|file| {
        !file.path.starts_with("support/") && file.path != "Cargo.lock" && file.path != "Cargo.toml"
    })
}

const LIBRARY: &str = include_str!("tests/library.md");

#[test]
fn a_program_becomes_these_files() {
    let mut out = String::new();
    for file in own(&files(LIBRARY)) {
        let _ = write!(out, "=== {}\n{}\n", file.path, file.text);
    }
    insta::assert_snapshot!(out);
}

#[test]
fn the_same_program_gives_the_same_bytes() {
    assert_eq!(files(LIBRARY), files(LIBRARY));
}

#[test]
fn every_rust_file_is_rust() {
    for text in [LIBRARY, NASTY] {
        for file in own(&files(text)).filter(|file| file.path.ends_with(".rs")) {
            assert!(
                syn::parse_file(&file.text).is_ok(),
                "{}:\n{}",
                file.path,
                file.text
            );
            assert!(!file.text.contains("specc_note"), "{}", file.path);
        }
    }
}

#[test]
fn an_unchanged_program_adds_no_migration() {
    let (ir, sources) = program(LIBRARY);
    let first = plan(&ir, &sources, &[]).unwrap();
    assert_eq!(first.migration().unwrap().0, "0001_first");
    let mut stored: Vec<(String, String)> = first
        .migrations
        .iter()
        .map(|(name, sql)| (format!("{name}.sql"), sql.clone()))
        .collect();
    stored.push(("schema.json".to_owned(), first.schema.text()));
    let second = plan(&ir, &sources, &stored).unwrap();
    assert_eq!(second.migration(), None);
    assert_eq!(second.migrations, first.migrations);
    assert_eq!(second.schema, first.schema);

    let (ir, sources) = program(&LIBRARY.replace(
        "| title  | text ",
        "| shelf_mark | text | |\n| title  | text ",
    ));
    let third = plan(&ir, &sources, &stored).unwrap();
    assert_eq!(
        third.migration().unwrap(),
        (
            "0002_book_shelf_mark".to_owned(),
            vec!["new field shelf_mark of Book".to_owned()]
        )
    );
    assert_eq!(third.migrations[0], first.migrations[0]);
}

/// Names that are words of every language around, and text that wants to get out.
const NASTY: &str = "# Evil \"); panic!(\"\n\n## Roles\n\n- **Super**: who. `sign-up`\n- **роль**: another.\n\n\
## Entity: Option\n\n- Shown as: type\n\n| Field | Type | Rules |\n|---|---|---|\n| type | text | required, default \"'; DROP TABLE x; --\" |\n| select | integer | |\n| имя | text | |\n| from_date | date | |\n| self | yes/no | default yes |\n| kind | none, some, self, 2nd, fn | default none |\n\n\
### Access\n\n| Who | Can | When |\n|---|---|---|\n| Super | read, create | |\n\n\
### Rules\n\n- It's \"quoted\" */ and `'; --` odd \\ all the way. `select is empty or select > 3`\n\n\
## Entity: Session\n\n| Field | Type | Rules |\n|---|---|---|\n| mod | text | required |\n| option | Option | |\n\n### Access\n\n| Who | Can | When |\n|---|---|---|\n| signed-in | read | `can read option` |\n\n\
## Entity: 票\n\n| Field | Type | Rules |\n|---|---|---|\n| число | text | required |\n\n### Access\n\n| Who | Can | When |\n|---|---|---|\n| anyone | read | |\n";
