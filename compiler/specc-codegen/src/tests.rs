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

/// A computed field has no column: its expression stands in the rule, and no index is over it.
#[test]
fn a_range_may_end_in_a_computed_field() {
    let text = "\
## Entity: Lease

| Field  | Type    | Rules                                               |
|--------|---------|-----------------------------------------------------|
| title  | text    | required                                            |
| flat   | integer | required                                            |
| begins | date    | required                                            |
| ends   | date    |                                                     |
| until  | date    | computed `if ends is set then ends else 9999-12-31` |
| size   | S, Große Kiste | default S                                    |

### Rules

- A flat is let once at a time. `unique (flat, begins..until)`
- A flat has one end. `unique (flat, until)`
";
    let files = files(text);
    let file = |path: &str| files.iter().find(|file| file.path == path).unwrap();
    let rules = &file("src/lease/rules.rs").text;
    assert!(rules.contains("WHEN (o.ends IS NOT NULL)"), "{rules}");
    assert!(!rules.contains(".until"), "{rules}");
    for file in own(&files).filter(|file| file.path.ends_with(".sql")) {
        assert!(!file.text.contains("until"), "{}", file.text);
    }
    let choices = &file("src/choices.rs").text;
    assert!(choices.contains("\"große_kiste\""), "{choices}");
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
