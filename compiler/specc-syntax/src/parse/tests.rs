//! What a file becomes, case by case; and that no text breaks the parser.

use super::*;
use crate::tree::{Code, Heading, Piece};
use proptest::prelude::*;

fn tree(text: &str) -> Tree {
    let (tree, problems) = parse(FileId(0), text);
    assert_eq!(problems, Vec::new(), "no problems expected in\n{text}");
    tree
}

fn names(text: &str) -> Vec<&'static str> {
    parse(FileId(0), text)
        .1
        .iter()
        .map(|problem| problem.name)
        .collect()
}

fn under(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

fn heading(text: &str) -> Heading {
    tree(text).sections[0].heading.clone()
}

fn codes(line: &Line) -> Vec<&Code> {
    line.pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Code(code) => Some(code),
            Piece::Text { .. } => None,
        })
        .collect()
}

fn first_table(text: &str) -> Table {
    let tree = tree(text);
    let blocks = tree
        .preamble
        .iter()
        .chain(tree.sections.iter().flat_map(|section| &section.blocks));
    blocks
        .filter_map(|block| match block {
            Block::Table(table) => Some(table.clone()),
            _ => None,
        })
        .next()
        .unwrap()
}

fn first_list(text: &str) -> List {
    match tree(text).preamble.first().unwrap() {
        Block::List(list) => list.clone(),
        other => panic!("a list expected, not {other:?}"),
    }
}

#[test]
fn a_heading_is_split_at_its_first_colon_and_blank() {
    let text = "## Endpoint:  PUT /books/{isbn}\n";
    let heading = heading(text);
    assert_eq!(heading.text.text, "Endpoint: PUT /books/{isbn}");
    let (keyword, name) = (heading.keyword.unwrap(), heading.name.unwrap());
    assert_eq!(
        (keyword.text.as_str(), name.text.as_str()),
        ("Endpoint", "PUT /books/{isbn}")
    );
    assert_eq!(under(text, keyword.span), "Endpoint");
    assert_eq!(under(text, name.span), "PUT /books/{isbn}");
    assert_eq!(under(text, heading.span), "## Endpoint:  PUT /books/{isbn}");
}

#[test]
fn headings_without_a_colon_and_with_nothing_behind_it() {
    assert_eq!(heading("# At 10:30 o'clock\n").keyword, None);
    let open = heading("# Entity:\n");
    assert_eq!(
        (
            open.keyword.unwrap().text.as_str(),
            open.name.unwrap().text.as_str()
        ),
        ("Entity", "")
    );
    let spaced = heading("#  Entity :  Big   Ticket  ##\n");
    assert_eq!(spaced.text.text, "Entity: Big Ticket");
    assert_eq!(spaced.name.unwrap().text, "Big Ticket");
    let bold = heading("# **Entity**: `Ticket`\n");
    assert_eq!(
        (
            bold.keyword.unwrap().text.as_str(),
            bold.name.unwrap().text.as_str()
        ),
        ("Entity", "Ticket")
    );
}

#[test]
fn attributes_end_a_heading() {
    let text = "## Rules: house {prose} {#house-rules}\n";
    let heading_ = heading(text);
    assert!(heading_.prose);
    let id = heading_.id.unwrap();
    assert_eq!(
        (id.text.as_str(), under(text, id.span)),
        ("house-rules", "house-rules")
    );
    assert_eq!(heading_.name.unwrap().text, "house");
    let both = heading("## X {#a prose}\n");
    assert!(both.prose && both.id.is_some());
    assert_eq!(both.text.text, "X");
    assert!(!heading("## X \\{prose}\n").prose);
    assert!(!heading("## X{prose}\n").prose);
    assert_eq!(names("## Rules {pross}\n"), ["heading-attribute"]);
}

#[test]
fn sections_nest_by_level_and_end_with_their_content() {
    let text = "intro\n\n# A\n\ntext\n\n### B\n\n- x\n\n## C\n# D\n";
    let tree = tree(text);
    assert_eq!(tree.preamble.len(), 1);
    assert_eq!(tree.sections.len(), 2);
    let first = &tree.sections[0];
    assert_eq!(
        under(text, first.span),
        "# A\n\ntext\n\n### B\n\n- x\n\n## C"
    );
    assert_eq!(
        first
            .sections
            .iter()
            .map(|section| section.level)
            .collect::<Vec<_>>(),
        [3, 2]
    );
    assert_eq!(under(text, first.sections[0].span), "### B\n\n- x");
}

#[test]
fn code_in_a_cell_keeps_exact_places() {
    let text = "| a | b |\n|---|---|\n| x | say `p \\| q or r` |\n";
    let table = first_table(text);
    let code = codes(&table.rows[0].cells[1])[0].clone();
    assert_eq!(code.text, "p | q or r");
    assert_eq!(code.dropped, [2]);
    let at = code.text.find("or").unwrap();
    assert_eq!(under(text, code.span_of(at, at + 2)), "or");
    assert_eq!(under(text, code.span_of(0, 1)), "p");
    assert_eq!(under(text, code.span_of(4, 5)), "q");
    assert_eq!(
        under(text, table.rows[0].cells[1].span),
        "say `p \\| q or r`"
    );
    assert_eq!(
        under(text, table.rows[0].span),
        "| x | say `p \\| q or r` |"
    );
}

#[test]
fn code_over_two_lines_keeps_exact_places() {
    for text in [
        "- it holds. `a is b\n  and c is d`\n",
        "- it holds. `a is b\r\n  and c is d`\r\n",
    ] {
        let list = first_list(text);
        let code = codes(&list.items[0].line)[0].clone();
        assert_eq!(
            code.text.replace("  ", " "),
            "a is b and c is d",
            "{text:?}"
        );
        let at = code.text.find("c is d").unwrap();
        assert_eq!(under(text, code.span_of(at, at + 6)), "c is d", "{text:?}");
    }
}

#[test]
fn code_with_padding_and_double_backticks() {
    let text = "`` a`b `` and ` c `\n";
    let tree = tree(text);
    let Block::Paragraph(line) = &tree.preamble[0] else {
        panic!()
    };
    let codes = codes(line);
    assert_eq!(
        codes
            .iter()
            .map(|code| code.text.as_str())
            .collect::<Vec<_>>(),
        ["a`b", "c"]
    );
    assert_eq!(under(text, codes[0].span), "a`b");
    assert_eq!(under(text, codes[1].span), "c");
}

#[test]
fn an_item_has_one_line_and_its_further_blocks() {
    let text =
        "- Requires: all of\n  this\n  - Only x. `x is set`\n  - Only y. `y`\n\n  More.\n- Next\n";
    let list = first_list(text);
    assert_eq!(list.items.len(), 2);
    let item = &list.items[0];
    assert_eq!(item.line.plain(), "Requires: all of this");
    let (key, rest) = item.key_value().unwrap();
    assert_eq!(
        (under(text, key.span), rest.plain().as_str()),
        ("Requires", "all of this")
    );
    assert_eq!(item.blocks.len(), 2);
    let children: Vec<_> = item
        .children()
        .map(|child| child.line.sentence_and_code().unwrap().0)
        .collect();
    assert_eq!(children, ["Only x.", "Only y."]);
    let bold = "- **Who**: *me*\n";
    assert_eq!(
        under(bold, first_list(bold).items[0].line.span),
        "**Who**: *me*"
    );
    let tight = first_list("- a\n  ```\n  code\n  ```\n  tail\n");
    assert_eq!(tight.items[0].line.plain(), "a");
    assert!(matches!(
        &tight.items[0].blocks[..],
        [Block::Code(_), Block::Paragraph(_)]
    ));
    let empty = first_list("- - inner\n");
    assert!(empty.items[0].line.is_empty());
    assert_eq!(empty.items[0].children().count(), 1);
}

#[test]
fn keys_of_items() {
    let key = |text: &str| {
        first_list(text).items[0]
            .key_value()
            .map(|(key, rest)| (key.text, rest.plain()))
    };
    let some = |key: &str, rest: &str| Some((key.to_owned(), rest.to_owned()));
    assert_eq!(
        key("- **Customer**: anyone. `sign-up`"),
        some("Customer", "anyone. sign-up")
    );
    assert_eq!(key("- **Who:** Agent"), some("Who", "Agent"));
    assert_eq!(key("- Path: `/desk`"), some("Path", "/desk"));
    assert_eq!(key("- Path:`/desk`"), some("Path", "/desk"));
    assert_eq!(
        key("- Returns 200: `{ book }`"),
        some("Returns 200", "{ book }")
    );
    assert_eq!(key("- Does:\n  - x"), some("Does", ""));
    assert_eq!(
        key("- For each: Ticket where `a`, sorted"),
        some("For each", "Ticket where a, sorted")
    );
    assert_eq!(key("- At 10:30 it closes: now"), None);
    assert_eq!(key("- This is a longer sentence: yes"), None);
    assert_eq!(key("- `code: x`"), None);
    assert_eq!(key("- [x] Who: me"), some("Who", "me"));
}

#[test]
fn lines_split_at_commas_with_places() {
    let text = "| a |\n|---|\n| required, default \"a, b\", `x, y`, decimal(1, 2) |\n";
    let cell = first_table(text).rows[0].cells[0].clone();
    let parts = cell.split_commas();
    let seen: Vec<_> = parts.iter().map(|part| under(text, part.span)).collect();
    assert_eq!(
        seen,
        ["required", "default \"a, b\"", "`x, y`", "decimal(1, 2)"]
    );
    assert!(parts[2].only_code().is_some());
}

#[test]
fn front_matter_is_flat() {
    let text = "---\napp: \"Help: desk\" # name\ntime-zone: Europe/Vienna\n# note\nempty:\nsingle: 'it''s'\n---\n# T\n";
    let tree_ = tree(text);
    let pairs: Vec<_> = tree_
        .front_matter
        .iter()
        .map(|entry| (entry.key.text.as_str(), entry.value.text.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("app", "Help: desk"),
            ("time-zone", "Europe/Vienna"),
            ("empty", ""),
            ("single", "it's")
        ]
    );
    assert_eq!(
        under(text, tree_.front_matter[1].value.span),
        "Europe/Vienna"
    );
    assert_eq!(under(text, tree_.sections[0].heading.span), "# T");
    assert_eq!(tree_.front("Time Zone").unwrap().text, "Europe/Vienna");
    assert_eq!(
        names("---\na:\n  b: c\n  d: e\nf: [g]\na: 2\nx\n---\n").len(),
        4
    );
    assert_eq!(tree("---\n\ntext\n\n---\n").front_matter, []);
    assert_eq!(tree("\u{feff}---\na: b\n---\n").front_matter.len(), 1);
    assert_eq!(
        tree("---\r\na: b\r\n---\r\nx\r\n").front_matter[0]
            .value
            .text,
        "b"
    );
    // only at the top of the file
    assert_eq!(tree("x\n\n---\na: b\n---\n").front_matter, []);
}

#[test]
fn block_annotations_speak_of_the_block_above() {
    let text = "# A\n~~~\nof the heading\n~~~\n\npara\n\n~~~\nof para\n~~~\n~~~\nalso\n~~~\n\n- item\n  ~~~\n  of the item\n  ~~~\n\n~~~sql\ncode\n~~~\n\n```\ncode\n```\n";
    let tree_ = tree(text);
    let notes: Vec<_> = tree_
        .notes
        .iter()
        .map(|note| (under(text, note.anchor), note.text.text.as_str()))
        .collect();
    assert_eq!(
        notes,
        [
            ("# A", "of the heading"),
            ("para", "of para"),
            ("para", "also"),
            ("item", "of the item")
        ]
    );
    let blocks = &tree_.sections[0].blocks;
    assert!(matches!(
        &blocks[..],
        [
            Block::Paragraph(_),
            Block::List(_),
            Block::Code(_),
            Block::Code(_)
        ]
    ));
    assert!(matches!(
        &tree("~~~\nnothing above\n~~~\n").preamble[..],
        [Block::Code(_)]
    ));
}

#[test]
fn inline_annotations_and_pointers() {
    let text = "The [approval **amount**]{integer cents, `int`} is [*big*]{#big} \\[no]{x} `[n]{o}`.\n\n~~~#big\nover 100\n~~~\n";
    let tree_ = tree(text);
    let Block::Paragraph(line) = &tree_.preamble[0] else {
        panic!()
    };
    assert_eq!(line.plain(), "The approval amount is big [no]{x} [n]{o}.");
    let notes: Vec<_> = tree_
        .notes
        .iter()
        .map(|note| {
            (
                under(text, note.anchor),
                note.text.text.as_str(),
                note.id.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        notes,
        [
            ("approval **amount**", "integer cents, `int`", None),
            ("*big*", "over 100", Some("big"))
        ]
    );
    let table = first_table("| a |\n|---|\n| [text]{up to 80} |\n");
    assert_eq!(table.rows[0].cells[0].plain(), "text");
    let heading = heading("## Entity: [Ticket]{a request}\n");
    assert_eq!(heading.name.unwrap().text, "Ticket");
    assert_eq!(
        names("[a]{#bigg}\n\n~~~#biggs\nx\n~~~\n\n~~~#biggs\ny\n~~~\n"),
        ["unknown-note", "unused-note", "duplicate-note"]
    );
}

#[test]
fn a_cell_is_never_lost_in_silence() {
    let text = "| a | b |\n|---|---|\n| 1 | 2 | 3 |\n| 1 |\n| 1 | 2 | |\n";
    let (tree, problems) = parse(FileId(0), text);
    assert_eq!(problems.len(), 1);
    assert_eq!(
        (problems[0].name, under(text, problems[0].span)),
        ("table-cells", "3")
    );
    let Block::Table(table) = &tree.preamble[0] else {
        panic!()
    };
    assert!(table.rows.iter().all(|row| row.cells.len() == 2));
    assert_eq!(
        names("| a | b |\n|---|---|\n| 1 | 2 |\ntext\n"),
        ["table-row"]
    );
    assert_eq!(names("| a | b |\n|---|\n| 1 | 2 |\n"), ["broken-table"]);
    assert_eq!(
        names("text\n| a | b |\n|---|---|\n| 1 | 2 |\n"),
        Vec::<&str>::new()
    );
    assert_eq!(
        names("text\n| a | b |\n|---|\n| 1 | 2 |\n"),
        ["broken-table"]
    );
    assert_eq!(names("| a | b |\n| 1 | 2 |\n"), ["broken-table"]);
    assert_eq!(
        names("| a | b |\n|---|---|\n| `x | y` |  |\n"),
        ["stray-backtick", "stray-backtick"]
    );
    assert_eq!(
        names("| a | b |\n|---|---|\n| c | `x | y` |\n"),
        ["stray-backtick", "table-cells"]
    );
}

#[test]
fn typos_that_hide_meaning_are_said() {
    assert_eq!(names("##Entity: Ticket\n"), ["broken-heading"]);
    assert_eq!(names("text\n##Entity\n"), ["broken-heading"]);
    assert_eq!(names("#1 thing\n"), Vec::<&str>::new());
    assert_eq!(names("- It holds. `a is b\n"), ["stray-backtick"]);
    assert_eq!(names("Press ` to go.\n"), Vec::<&str>::new());
    assert_eq!(names("- Press \\` to go.\n"), Vec::<&str>::new());
    assert_eq!(names("- ~~A rule. `x`~~\n"), ["struck-out"]);
    assert_eq!(names("a \u{202e}b\u{202c}\n"), ["hidden-character"]);
}

#[test]
fn everything_else_is_kept_as_source() {
    let text = "> [!NOTE]\n> ## Entity: X\n\n<div>\n| a |\n</div>\n\n***\n\n[^1]: a footnote\n\n    indented\n";
    let tree_ = tree(text);
    let kept: Vec<_> = tree_
        .preamble
        .iter()
        .map(|block| under(text, block.span()))
        .collect();
    assert_eq!(
        kept,
        [
            "> [!NOTE]\n> ## Entity: X",
            "<div>\n| a |\n</div>",
            "***",
            "[^1]: a footnote\n\n    indented"
        ]
    );
    let tree_ = tree("a <!-- hidden --> b <br> c &amp; d\\* *e*\n");
    let Block::Paragraph(line) = &tree_.preamble[0] else {
        panic!()
    };
    assert_eq!(line.plain().replace("  ", " "), "a b <br> c & d* e");
}

#[test]
fn deep_lists_end_in_a_problem_and_not_in_a_crash() {
    for depth in [100_usize, 3000] {
        let items: String = (0..depth)
            .map(|level| format!("{}- x\n", "  ".repeat(level)))
            .collect();
        assert_eq!(names(&items), ["nesting-depth"]);
        let quotes = format!("{} x", "> ".repeat(depth));
        assert_eq!(names(&quotes), Vec::<&str>::new());
    }
    assert_eq!(names(&format!("{}x", "- ".repeat(5000))).len(), 1);
    let _ = parse(FileId(0), &"[a]{".repeat(50_000));
    let _ = parse(FileId(0), &format!("# {}", "{prose} ".repeat(50_000)));
    let _ = parse(FileId(0), &"*a _".repeat(50_000));
}

#[test]
fn the_whole_program_of_the_language_page_parses() {
    let tree = tree(include_str!("../../tests/corpus/helpdesk.md"));
    assert_eq!(tree.front("app").unwrap().text, "Helpdesk");
    let title = &tree.sections[0];
    let words: Vec<_> = title
        .sections
        .iter()
        .map(|section| section.word().text.as_str())
        .collect();
    let expected = [
        "Roles", "Entity", "Entity", "Action", "Function", "Job", "Page", "Scenario", "Scenario",
        "Budget",
    ];
    assert_eq!(words, expected);
    let _ = self::tree(include_str!("../../tests/corpus/endpoints.md"));
}

/// Checks that every span lies in the text, on letter boundaries, inside its parent.
pub(crate) fn check_spans(text: &str, tree: &Tree) {
    let ok = |span: Span| {
        assert!(
            span.start <= span.end && text.get(span.start as usize..span.end as usize).is_some(),
            "{span:?} of {text:?}"
        );
    };
    fn line(text: &str, ok: &dyn Fn(Span), line_: &Line) {
        ok(line_.span);
        line_.pieces.iter().for_each(|piece| letters(text, piece));
        let (key, rest) = line_.key_value().unzip();
        key.iter().for_each(|key| ok(key.span));
        let parts = line_.split_commas();
        for part in parts.iter().chain(&rest) {
            ok(part.span);
            part.pieces.iter().for_each(|piece| letters(text, piece));
        }
        for piece in &line_.pieces {
            ok(piece.span());
        }
    }
    fn block(text: &str, ok: &dyn Fn(Span), block_: &Block) {
        ok(block_.span());
        match block_ {
            Block::Paragraph(line_) => line(text, ok, line_),
            Block::Table(table) => {
                table.columns.iter().for_each(|cell| line(text, ok, cell));
                for row in &table.rows {
                    ok(row.span);
                    assert_eq!(row.cells.len(), table.columns.len());
                    row.cells.iter().for_each(|cell| line(text, ok, cell));
                }
            }
            Block::List(list) => {
                for item in &list.items {
                    ok(item.span);
                    line(text, ok, &item.line);
                    item.blocks.iter().for_each(|inner| block(text, ok, inner));
                }
            }
            Block::Code(_) | Block::Other(_) => {}
        }
    }
    fn section(text: &str, ok: &dyn Fn(Span), section_: &Section) {
        ok(section_.span);
        ok(section_.heading.span);
        ok(section_.heading.text.span);
        section_
            .heading
            .name
            .iter()
            .chain(&section_.heading.keyword)
            .chain(&section_.heading.id)
            .for_each(|part| ok(part.span));
        section_
            .blocks
            .iter()
            .for_each(|inner| block(text, ok, inner));
        section_
            .sections
            .iter()
            .for_each(|inner| section(text, ok, inner));
    }
    tree.preamble
        .iter()
        .for_each(|inner| block(text, &ok, inner));
    tree.sections
        .iter()
        .for_each(|inner| section(text, &ok, inner));
    for note in &tree.notes {
        ok(note.anchor);
        ok(note.text.span);
    }
    for entry in &tree.front_matter {
        ok(entry.key.span);
        ok(entry.value.span);
    }
}

/// Every letter of a text piece that claims a letter of the source is that letter.
fn letters(source: &str, piece: &Piece) {
    let text = piece.text();
    for (at, letter) in text.char_indices() {
        let span = piece.span_of(at, at + letter.len_utf8());
        let found = source.get(span.start as usize..span.end as usize);
        let found = found.unwrap_or_else(|| panic!("{span:?} cuts a letter of {source:?}"));
        let same = found.chars().eq([letter]);
        let whole = found.len() != letter.len_utf8()
            || matches!(found, "\n" | "\r")
            || found.starts_with('&')
            || letter == '\u{fffd}';
        assert!(
            same || whole,
            "{letter:?} at {at} of {text:?} is {found:?} in {source:?}"
        );
    }
}

/// Random Markdown: pieces that matter, glued at random.
pub(crate) fn markdown() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "# ",
            "## Entity: ",
            "##Entity : x",
            "- ",
            "* ",
            "+ ",
            "1. ",
            "  ",
            "    ",
            "\n",
            "\n\n",
            "\r\n",
            "\t",
            "`",
            "``",
            "```\n",
            "~~~\n",
            "~~~#id\n",
            "[a]{b}",
            "[a]{#id}",
            "{#id}",
            "{prose}",
            "| a | b |\n",
            "|---|:-:|\n",
            "|",
            "\\|",
            "| 1 | `x \\| y` | 3 |\n",
            "\\",
            "> ",
            "> [!NOTE]\n",
            "---\n",
            "===\n",
            "***\n",
            "**bold**",
            "*em*",
            "~~gone~~",
            "<div>\n",
            "<!-- c -->",
            "&amp;",
            "[^1]",
            "[^1]: note\n",
            "[l](u)",
            "[l]: u\n",
            "key: value\n",
            "Who: `me`",
            "\u{feff}",
            "\u{0}",
            "\u{202e}",
            "é",
            "漢字",
            "👩‍👩‍👧",
            "[x] ",
            "#",
            " ",
            "text",
            ".",
            ":",
            "  \n",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        let (tree, _) = parse(FileId(0), &text);
        check_spans(&text, &tree);
    }

    #[test]
    fn no_markdown_breaks_it(text in markdown()) {
        let (tree, problems) = parse(FileId(0), &text);
        check_spans(&text, &tree);
        for problem in problems {
            prop_assert!(text.get(problem.span.start as usize..problem.span.end as usize).is_some());
        }
    }
}
