//! What formatting changes, and that it changes nothing else.

use super::*;
use crate::parse::tests::markdown;
use proptest::prelude::*;

#[track_caller]
fn becomes(before: &str, after: &str) {
    let got = format(before);
    assert_eq!(got, after, "formatting {before:?}");
    assert_eq!(format(&got), got, "formatting twice");
}

fn holds(text: &str) -> Result<(), TestCaseError> {
    let once = format(text);
    let (before, _) = parse(FileId(0), text);
    let (after, _) = parse(FileId(0), &once);
    prop_assert!(same_tree(&before, &after), "{text:?} became {once:?}");
    prop_assert_eq!(format(&once), once);
    Ok(())
}

#[test]
fn tables_are_aligned_by_display_width() {
    becomes(
        "|a|b|c|\n|-|:-:|-:|\n|long cell|`x \\| y`|1|\n| 漢字 |\n",
        "| a         |    b     | c |\n|-----------|:--------:|--:|\n| long cell | `x \\| y` | 1 |\n| 漢字      |          |   |\n",
    );
    becomes(
        "- x\n\n  a | b\n  --|--\n  1 | 2\n",
        "- x\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n",
    );
    // a cell that would be lost stays where it is
    becomes("|a|\n|-|\n|1|2|\n", "|a|\n|-|\n|1|2|\n");
}

#[test]
fn headings_have_one_form() {
    becomes(
        "text\n##  Entity :   Ticket  ##\n\n\n- a\n",
        "text\n\n## Entity: Ticket\n\n- a\n",
    );
    becomes(
        "Title\n=====\n## A\n## B {prose}\n",
        "# Title\n\n## A\n\n## B {prose}\n",
    );
    becomes("---\na: b\n---\n# T\n", "---\na: b\n---\n# T\n");
    becomes("\n\n# T\n\n\n", "# T\n");
    becomes("##Entity: X\n", "##Entity: X\n");
    becomes("# `a  b`   c\r\ntext\r\n", "# `a  b`   c\r\n\r\ntext\r\n");
}

#[test]
fn list_markers_and_blanks() {
    becomes("* a  \n* b\n  + c \n", "- a  \n- b\n  - c\n");
    becomes("* a\n+ b\n", "* a\n+ b\n");
    becomes("a  \nb \t\n   \nc", "a  \nb\n\nc\n");
    becomes("```\ncode  \n```\n\n\n", "```\ncode  \n```\n");
    becomes("   \n", "");
}

#[test]
fn prose_is_left_alone() {
    for text in [
        "Some  text   with   odd blanks,\nwrapped *here* and __there__.\n",
        "> quote  \n> | a |\n",
        "<div>\n* x   \n</div>\n",
        "---\nkey:   value   \n---\n\ntext\n",
        "1. one\n2. two\n",
        "",
    ] {
        becomes(text, text);
    }
}

#[test]
fn the_programs_of_the_corpus_keep_their_meaning() {
    for text in [
        include_str!("../../tests/corpus/helpdesk.md"),
        include_str!("../../tests/corpus/endpoints.md"),
        include_str!("../../tests/corpus/odd.md"),
    ] {
        holds(text).unwrap();
        holds(&text.replace('\n', "\r\n")).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn meaning_stays_and_twice_is_once(text in markdown()) {
        holds(&text)?;
    }

    #[test]
    fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        holds(&String::from_utf8_lossy(&bytes))?;
    }
}
