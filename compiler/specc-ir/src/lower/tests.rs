//! What lowering makes of small programs; the language's pages and `specs/diagnostics` are executed in `tests/pages.rs`.

use super::{lower, vocabulary, words::plural};
use crate::ir::{EntityId, Ir, OnDelete, RoleId, StandsAt, Verb};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::span::{FileId, SourceFile, Sources};

fn program(texts: &[&str]) -> (Ir, Vec<Diagnostic>) {
    let files = texts.iter().zip(0..).map(|(text, at)| SourceFile {
        path: format!("{at}.md"),
        text: (*text).to_owned(),
    });
    let sources = Sources {
        files: files.collect(),
    };
    let trees: Vec<_> = texts
        .iter()
        .zip(0..)
        .map(|(text, at)| specc_syntax::parse(FileId(at), text).0)
        .collect();
    lower(&trees, &sources)
}

fn names(texts: &[&str]) -> Vec<&'static str> {
    program(texts)
        .1
        .iter()
        .map(|diagnostic| diagnostic.name)
        .collect()
}

const DESK: &str = "# Desk

People must be nice. They ask.

## Roles

- **Customer**: anyone. `sign-up`
- **Agent**: staff.
- **Head of the whole desk**: decides. `includes Agent`

## Entity: Ticket

- Shown as: subject

| Field     | Type           | Rules                                   |
|-----------|----------------|-----------------------------------------|
| subject   | text           | required, 3..120 characters, searchable |
| status    | open, solved   | default open                            |
| requester | User           | required, default me, fixed             |
| code      | text           | matches `/[A-Z]{1,3}/`                  |

### Access

| Who              | Can                    | When             |
|------------------|------------------------|------------------|
| Customer         | create subject         |                  |
| requester, Agent | read                   |                  |
| Agent            | update subject         | `status is open` |
| Agent            | read, delete           |                  |

### Lifecycle: status

| From | Action | To     | Who   | When |
|------|--------|--------|-------|------|
| open | solve  | solved | Agent |      |
| any  | reopen | open   | Agent |      |

### Rules

- Only words. `subject is set`
- Nobody shouts.

## Action: Solve

- On: Ticket
- Requires:
  - It has a code. `code is set`
";

const COMMENTS: &str = "## Entity: Comment

- Part of: Ticket

| Field | Type     | Rules    |
|-------|----------|----------|
| text  | markdown | required |

### Access

| Who       | Can         | When              |
|-----------|-------------|-------------------|
| signed-in | create text | `can read ticket` |
";

#[test]
fn a_program_of_two_files_is_lowered() {
    let (ir, diagnostics) = program(&[COMMENTS, DESK]);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let of: Vec<&str> = ir
        .entities
        .iter()
        .map(|entity| entity.name.text.as_str())
        .collect();
    assert_eq!(of, ["User", "Comment", "Ticket"]);
    let [user, comment, ticket] = &ir.entities[..] else {
        panic!("three entities")
    };
    assert_eq!(user.access.len(), 2, "self reads and renames itself");
    assert!(comment.parent.is_some());
    assert_eq!(comment.fields[0].on_delete, OnDelete::Cascade);
    assert!(comment.fields[0].required && comment.fields[0].fixed);
    let create = comment
        .access
        .iter()
        .find(|grant| grant.verb == Verb::Create)
        .unwrap();
    assert_eq!(
        create.fields.as_ref().map(Vec::len),
        Some(2),
        "the parent counts as written into the list"
    );
    assert_eq!(ticket.access.len(), 5);
    assert_eq!(ticket.access[1].who.len(), 2);
    assert_eq!(ticket.fields[2].on_delete, OnDelete::Refuse);
    assert!(ticket.lifecycles[0].steps[0].action.is_some());
    assert_eq!(ticket.lifecycles[0].steps[1].from, [0, 1]);
    assert!(ir.actions[0].step);
    assert_eq!(ir.roles[2].name.text, "Head of the whole desk");
    let unproven: Vec<&str> = ir
        .unproven
        .iter()
        .map(|sentence| sentence.text.as_str())
        .collect();
    assert_eq!(unproven, ["People must be nice.", "Nobody shouts."]);
    assert!(
        vocabulary(&ir)
            .iter()
            .any(|form| form == "When Ana does solve on the Ticket \"x\"")
    );
}

#[test]
fn names_in_two_files_clash() {
    let (_, diagnostics) = program(&[COMMENTS, DESK, "## Entity: COM-ment\n\nAgain.\n"]);
    let [diagnostic] = &diagnostics[..] else {
        panic!("{diagnostics:?}")
    };
    assert_eq!(diagnostic.name, "duplicate-name");
    assert_eq!(diagnostic.labels.len(), 1);
}

#[test]
fn a_guard_is_not_lost_to_a_typo() {
    for (right, wrong, name) in [
        ("### Access", "### Acess", "unknown-keyword"),
        ("### Rules", "### Rulse", "unknown-keyword"),
        (
            "| When             |",
            "| Whne             |",
            "unknown-column",
        ),
        ("- Requires:", "- Requiers:", "unknown-key"),
        ("- Requires:", "- Requires", "unknown-key"),
        (
            "3..120 characters",
            "3..120 charakters",
            "unknown-field-rule",
        ),
        ("requester, Agent", "requester, Agnet", "unknown-who"),
        ("`subject is set`", "`subject is set`.", "code-not-last"),
        ("`status is open`", "status is open", "code-expected"),
        ("read, delete", "read, delte", "unknown-verb"),
        ("## Action: Solve", "## Acton: Solve", "unknown-keyword"),
    ] {
        let text = DESK.replacen(right, wrong, 1);
        assert_ne!(text, DESK, "{right}");
        let found = names(&[&text]);
        assert!(found.contains(&name), "{wrong}: {found:?}");
    }
    assert_eq!(
        names(&[&DESK.replacen("### Rules", "### Rulse {prose}", 1)]),
        Vec::<&str>::new()
    );
}

#[test]
fn plurals_follow_english() {
    for (one, many) in [
        ("Ticket", "Tickets"),
        ("Category", "Categories"),
        ("Day", "Days"),
        ("Person", "People"),
        ("Salesperson", "Salespeople"),
        ("Purchase request", "Purchase requests"),
        ("Box", "Boxes"),
        ("Branch", "Branches"),
        ("Analysis", "Analyses"),
        ("Human", "Humans"),
        ("Größe", "Größes"),
        ("", "s"),
    ] {
        assert_eq!(plural(one), many);
    }
}

#[test]
fn no_text_makes_it_panic() {
    let pieces = [
        DESK, COMMENTS, "|", "`", "- ", "## ", ": ", "\n", "\"", "é", "..", "\\|", "as ", "with ",
        "and ",
    ];
    let mut state: u64 = 42;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % below.max(1)
    };
    for _ in 0..400 {
        let mut text = format!(
            "{DESK}\n{COMMENTS}\n## Scenario: A\n\n- Given a customer Ana and an agent Max\n- And a Ticket \"x\" by Ana with code \"A\"\n- When Max does solve on the Ticket \"x\"\n- Then it succeeds\n"
        );
        for _ in 0..6 {
            let mut at = next(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            if next(2) == 0 {
                text.insert_str(at, pieces[next(pieces.len())]);
            } else {
                let mut end = (at + next(12)).min(text.len());
                while !text.is_char_boundary(end) {
                    end += 1;
                }
                text.replace_range(at..end, "");
            }
        }
        program(&[&text]);
    }
}

#[test]
fn what_costs_too_much_is_an_error_and_takes_no_time() {
    let function = |at: usize, is: &str| {
        format!(
            "## Function: F{at}\n\n- Input: `x: integer`\n- Output: `integer`\n- Is: `{is}`\n\n"
        )
    };
    let examples = "| x | output |\n|---|---|\n| 0 | 0 |\n";
    // Each uses the one before twice: a thousand million steps.
    let twice: String = (1..31)
        .map(|at| function(at, &format!("f{0}(x) + f{0}(x)", at - 1)))
        .collect();
    let text = format!("{}{twice}{examples}", function(0, "x"));
    assert_eq!(names(&[&text]), ["too-deep", "too-deep"]);
    // Each asks the one before: eight deep is fine, nine is not.
    for (chain, wanted) in [(9, vec![]), (10, vec!["too-deep"])] {
        let chain: String = (1..chain)
            .map(|at| function(at, &format!("f{}(x)", at - 1)))
            .collect();
        let text = format!("{}{chain}{examples}", function(0, "x"));
        assert_eq!(names(&[&text]), wanted);
    }
    // Computed fields, and a policy that asks the last of them.
    let fields: String = (1..12)
        .map(|at| format!("| c{at} | integer | computed `c{0} + c{0}` |\n", at - 1))
        .collect();
    let text = format!(
        "## Entity: Note\n\n| Field | Type | Rules |\n|---|---|---|\n| c0 | integer | |\n{fields}\n### Access\n\n\
         | Who | Can | When |\n|---|---|---|\n| signed-in | read | `c11 > 3` |\n"
    );
    assert_eq!(names(&[&text]), ["too-deep", "too-deep"]);
}

#[test]
fn blanks_at_line_ends_mean_nothing() {
    let about = |text: &str| {
        program(&[&format!("## Entity: Note\n\n{text}\n")])
            .0
            .entities[1]
            .about
            .clone()
    };
    assert_eq!(about("First \nsecond\t\r\nthird"), "First\nsecond\nthird");
    assert_eq!(about("First  \nsecond"), "First  \nsecond");
    let ir = program(&["# Desk\n\n* one\n* two\n  + deeper\n"]).0;
    assert_eq!(ir.program.description, "- one\n- two\n  - deeper");
}

#[test]
fn the_program_as_json() {
    fn without_spans(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(map) => {
                map.remove("span");
                map.values_mut().for_each(without_spans);
            }
            serde_json::Value::Array(list) => list.iter_mut().for_each(without_spans),
            _ => {}
        }
    }
    let (ir, _) = program(&[DESK, COMMENTS]);
    let mut json = crate::json::to_json(&ir, &Sources::default());
    without_spans(&mut json);
    let json = serde_json::to_string_pretty(&json).unwrap();
    insta::assert_snapshot!(format!("{DESK}\n{COMMENTS}\n-----\n{json}"));
}

#[test]
fn notes_arrive_with_what_they_stand_at() {
    let text = "# Desk\n\n## Roles\n\n- **Agent**: [support]{who answers first} staff. `sign-up`\n\n\
                ## Entity: Ticket\n\nA [request]{#why} for help.\n\n\
                | Field   | Type | Rules    |\n|---------|------|----------|\n\
                | subject | text | required |\n\
                | due     | date |          |\n\n\
                ~~~\nThe table is short on purpose.\n~~~\n\n\
                ### Access\n\n| Who   | Can  | When |\n|-------|------|------|\n| Agent | read |      |\n\n\
                ### Rules\n\n- A ticket is [due]{by contract} some day. `due is set`\n\n\
                ~~~#why\nPeople ask in many ways.\n~~~\n";
    let (ir, out) = program(&[text]);
    assert!(out.is_empty(), "{out:?}");
    let found: Vec<(String, String, StandsAt)> = ir
        .notes
        .iter()
        .map(|note| (note.anchor.text.clone(), note.text.text.clone(), note.at))
        .collect();
    let entity = EntityId(1);
    assert_eq!(
        found.first(),
        Some(&(
            "support".to_owned(),
            "who answers first".to_owned(),
            StandsAt::Role(RoleId(0))
        ))
    );
    assert_eq!(
        found.get(1),
        Some(&(
            "request".to_owned(),
            "People ask in many ways.".to_owned(),
            StandsAt::Entity(entity)
        ))
    );
    assert!(found.iter().any(|(anchor, text, at)| {
        anchor.starts_with("| Field")
            && text.contains("on purpose")
            && *at == StandsAt::Entity(entity)
    }));
    assert!(found.contains(&(
        "due".to_owned(),
        "by contract".to_owned(),
        StandsAt::Rule(entity, 0)
    )));
}

#[test]
fn a_row_that_no_seed_has_is_marked_where_it_is_named() {
    let text = "## Entity: Team\n\n| Field | Type | Rules    |\n|-------|------|----------|\n| name  | text | required |\n\n\
                ## Entity: Player\n\n| Field | Type      | Rules    |\n|-------|-----------|----------|\n\
                | name  | text      | required |\n| team  | Team      |          |\n| also  | many Team |          |\n\n\
                ## Seed: demo\n\n### Teams\n\n| name |\n|------|\n| Reds |\n\n\
                ### Players\n\n| name | team | also             |\n|------|------|------------------|\n\
                | Redz | Redz | Blues, Reds      |\n| Bob  | Reds | \"A, b\", A, Lates |\n\n\
                ### Players\n\n- Eve\n  - team: Lates\n\n\
                ### Teams\n\n| name  |\n|-------|\n| Lates |\n";
    let (_, out) = program(&[text]);
    let marked: Vec<(&str, &str)> = out
        .iter()
        .filter(|diagnostic| diagnostic.name == "unknown-row")
        .filter_map(|diagnostic| {
            let (start, end) = (diagnostic.span.start as usize, diagnostic.span.end as usize);
            let before = text.get(..start)?;
            let line = before.rsplit('\n').next()?;
            Some((line, text.get(start..end)?))
        })
        .collect();
    assert_eq!(
        marked,
        [
            ("| Redz | ", "Redz"),
            ("| Redz | Redz | ", "Blues"),
            ("| Bob  | Reds | ", "\"A, b\", A, Lates"),
            ("| Bob  | Reds | \"", "A, b"),
            ("| Bob  | Reds | \"A, b\", A, ", "Lates"),
            ("  - team: ", "Lates"),
        ]
    );
}
