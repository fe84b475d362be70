//! The shapes other tools rely on.

use super::*;
use crate::span::{FileId, SourceFile};

fn example() -> (Sources, Vec<Diagnostic>) {
    let text = "# Ünder\n\n- Who: Agnet\n".to_owned();
    let at = u32::try_from(text.find("Agnet").unwrap()).unwrap();
    let span = Span {
        file: FileId(0),
        start: at,
        end: at + 5,
    };
    let heading = Span {
        file: FileId(0),
        start: 2,
        end: 8,
    };
    let first = Diagnostic::new("unknown-field", span, "there is no role `Agnet`")
        .label(heading, "in this section")
        .help("did you mean `Agent`?")
        .edit(span, "Agent");
    let second = Diagnostic::new("table-row", heading, "odd");
    let sources = Sources {
        files: vec![SourceFile {
            path: "a b/ü.md".to_owned(),
            text,
        }],
    };
    (sources, vec![first.clone(), second, first])
}

#[test]
fn json_of_problems() {
    let (sources, problems) = example();
    let value = diagnostics(&problems, &sources);
    insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
    assert_eq!(lines(&problems, &sources).lines().count(), 2);
    assert_eq!(diagnostics(&[], &sources), json!({ "diagnostics": [] }));
}

#[test]
fn sarif_of_problems() {
    let (sources, problems) = example();
    let mut value = sarif(&problems, &sources);
    value["runs"][0]["tool"]["driver"]["version"] = json!("1.2.3");
    insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
}
