//! What a problem looks like, and that no text and no span breaks the drawing.

use super::*;
use crate::span::{FileId, SourceFile};
use proptest::prelude::*;

fn sources(texts: &[&str]) -> Sources {
    let files = texts.iter().enumerate().map(|(number, text)| SourceFile {
        path: format!("spec/file{number}.md"),
        text: (*text).to_owned(),
    });
    Sources {
        files: files.collect(),
    }
}

fn span(file: u32, start: usize, end: usize) -> Span {
    Span {
        file: FileId(file),
        start: u32::try_from(start).unwrap(),
        end: u32::try_from(end).unwrap(),
    }
}

fn find(text: &str, part: &str) -> Span {
    let start = text.find(part).unwrap();
    span(0, start, start + part.len())
}

#[test]
fn a_problem_with_label_help_and_edit() {
    let text = "# Helpdesk\n\n| Field | Type |\n|---|---|\n| subject | text |\n\n- A rule. `subjekt is set`\n";
    let sources = sources(&[text, "## Entity: Other\n"]);
    let diagnostic = Diagnostic::new(
        "unknown-field",
        find(text, "subjekt"),
        "`Ticket` has no field `subjekt`",
    )
    .label(find(text, "subject"), "a field of this name is here")
    .label(span(1, 3, 16), "and this is elsewhere")
    .help("did you mean `subject`?")
    .edit(find(text, "subjekt"), "subject");
    let plain = Diagnostic::new("table-row", find(text, "# Helpdesk"), "this line is odd")
        .help("put a blank line before it");
    insta::assert_snapshot!(draw_within(
        &sources,
        &[diagnostic.clone(), plain.clone(), diagnostic.clone()],
        false,
        100
    ));
    assert_eq!(
        summary(&[diagnostic.clone(), plain, diagnostic]),
        "1 error, 1 warning"
    );
}

#[test]
fn what_the_parser_finds_in_a_bad_file() {
    let text = include_str!("../../tests/corpus/bad.md");
    let (_, problems) = crate::parse(FileId(0), text);
    insta::assert_snapshot!(draw_within(&sources(&[text]), &problems, false, 100));
}

#[test]
fn wide_letters_tabs_and_escapes_are_safe() {
    let text = "- 漢字\tund \u{1b}[31mrot\u{1b}[0m \u{202e}x `feld`\r\n";
    let sources = sources(&[text]);
    let evil = "no \u{1b}[2J field\n`x`";
    let diagnostic = Diagnostic::new("unknown-field", find(text, "feld"), evil)
        .help(evil)
        .edit(find(text, "feld"), "\u{9b}1m");
    let out = draw_within(&sources, &[diagnostic], false, 100);
    assert!(
        !out.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\r', '\t']),
        "{out:?}"
    );
    insta::assert_snapshot!(out);
}

#[test]
fn long_lines_and_long_spans_stay_short() {
    let long = format!(
        "{}`feld`{}",
        "wort ".repeat(100_000),
        " ende".repeat(100_000)
    );
    let table = "| a |\n".repeat(1000);
    let sources = sources(&[&long, &table]);
    let at = long.find("feld").unwrap();
    let first = Diagnostic::new("unknown-field", span(0, at, at + 4), "no field `feld`")
        .edit(span(0, at, at + 4), "field");
    let second = Diagnostic::new("broken-table", span(1, 0, table.len()), "this is no table");
    let missing = Diagnostic::new("front-matter", span(7, 3, 9), "a file that is not there");
    let out = draw_within(&sources, &[first, second, missing], false, 100);
    assert!(out.len() < 2000, "{out}");
    assert!(out.contains(":1:500002"), "{out}");
}

#[test]
fn many_problems_come_in_order() {
    let text = "word\n".repeat(500);
    let sources = sources(&[&text]);
    let mut all: Vec<_> = (0..500)
        .map(|line| {
            Diagnostic::new(
                "unknown-field",
                span(0, line * 5, line * 5 + 4),
                format!("problem {line}"),
            )
        })
        .collect();
    all.reverse();
    let out = draw_within(&sources, &all, false, 100);
    let places: Vec<usize> = (0..500)
        .map(|line| out.find(&format!("problem {line}\n")).unwrap())
        .collect();
    assert!(places.is_sorted());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_span_and_no_text_breaks_it(
        text in "([a-z]{0,3}|\n|\r\n|\t|漢|👩‍👩‍👧|é|\u{301}|\u{1b}|\u{0}|\u{202e}|\u{ad}|\\PC){0,40}",
        message in "\\PC{0,10}|\n|\u{1b}",
        replacement in "([a-z]{0,3}|\n|\t|漢|\\PC){0,5}",
        places in prop::collection::vec(0_u32..160, 8),
        width in 0_usize..200,
        colour: bool,
    ) {
        let sources = sources(&[&text, "one\ntwo\n"]);
        let span = |file: u32, at: usize| Span { file: FileId(file), start: places[at].min(places[at + 1]), end: places[at].max(places[at + 1]) };
        let diagnostic = Diagnostic::new("unknown-field", span(0, 0), message.clone())
            .label(span(0, 2), message.clone())
            .label(span(1, 4), message.clone())
            .help(message)
            .edit(span(0, 6), replacement.clone());
        let plain = Diagnostic::new("unknown-field", span(0, 4), "x").label(span(0, 4), "same").edit(span(0, 0), replacement);
        let out = draw_within(&sources, &[diagnostic, plain], colour, width);
        let escaped = out.contains('\u{1b}');
        prop_assert!(colour || !escaped);
    }
}
