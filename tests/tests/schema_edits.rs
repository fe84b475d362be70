//! Edits of a program whose app has rows: each either keeps every row and leads to a database that the new program can
//! use, or is refused with everything as it was. The migrations run on a real database, as the app would run them.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it can't go on"
)]

use rusqlite::Connection;
use rusqlite::types::Value;
use specc_syntax::diagnostic::Severity;
use specc_syntax::span::{FileId, SourceFile, Sources};
use std::collections::{BTreeMap, BTreeSet};

const SPEC: &str = "# Desk

## Roles

- **Agent**: staff. `sign-up`

## Entity: Team

- Shown as: name

| Field | Type | Rules            |
|-------|------|------------------|
| name  | text | required, unique |

### Access

| Who       | Can  | When |
|-----------|------|------|
| signed-in | read |      |

## Entity: Ticket

- Shown as: subject

| Field    | Type               | Rules          |
|----------|--------------------|----------------|
| subject  | text               | required       |
| body     | markdown           |                |
| priority | low, normal, high  | default normal |
| hours    | integer            |                |
| price    | money              |                |
| due      | date               |                |
| contact  | email              |                |
| team     | Team               |                |
| tags     | many Tag           |                |
| owner    | User               | default me     |

### Access

| Who       | Can  | When |
|-----------|------|------|
| signed-in | read |      |

## Entity: Tag

- Shown as: name

| Field | Type | Rules    |
|-------|------|----------|
| name  | text | required |

### Access

| Who       | Can  | When |
|-----------|------|------|
| signed-in | read |      |

## Entity: Comment

- Part of: Ticket

| Field | Type | Rules    |
|-------|------|----------|
| text  | text | required |

### Access

| Who       | Can  | When |
|-----------|------|------|
| signed-in | read |      |
";

/// What becomes of an edit.
enum Fate {
    /// Every row stays as it is.
    Kept,
    /// The data of a column is under another name now.
    Renamed(&'static str, &'static str, &'static str),
    /// Refused, with these words.
    Refused(&'static str),
}

struct Program {
    /// The app's `migrations` folder.
    stored: Vec<(String, String)>,
    database: Connection,
    applied: BTreeSet<String>,
}

impl Program {
    fn new(spec: &str) -> Program {
        let mut program = Program {
            stored: Vec::new(),
            database: Connection::open_in_memory().unwrap(),
            applied: BTreeSet::new(),
        };
        program.build(spec).unwrap();
        program
    }

    /// Plans this spec and brings the database to it; what is said where it is refused.
    fn build(&mut self, spec: &str) -> Result<(), String> {
        let file = SourceFile {
            path: "spec/app.md".to_owned(),
            text: spec.to_owned(),
        };
        let sources = Sources { files: vec![file] };
        let (tree, mut problems) = specc_syntax::parse(FileId(0), spec);
        let (ir, more) = specc_ir::lower::lower(&[tree], &sources);
        problems.extend(more);
        problems.retain(|problem| problem.severity == Severity::Error);
        assert!(problems.is_empty(), "{problems:?}");
        let plan = specc_codegen::plan(&ir, &sources, &self.stored).map_err(|refused| {
            let lines: Vec<String> = refused.iter().map(ToString::to_string).collect();
            lines.join("\n")
        })?;
        self.stored = vec![("schema.json".to_owned(), plan.schema.text())];
        for (name, sql) in &plan.migrations {
            self.stored.push((format!("{name}.sql"), sql.clone()));
            if self.applied.insert(name.clone()) {
                let done = self.database.execute_batch(&format!(
                    "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE;\n{sql}\nCOMMIT; PRAGMA foreign_keys = ON;"
                ));
                assert!(done.is_ok(), "{name} fails on data: {done:?}\n{sql}");
            }
        }
        let loose: i64 = self
            .database
            .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(loose, 0, "references lead nowhere");
        Ok(())
    }

    fn fill(&self) {
        self.database
            .execute_batch(
                "INSERT INTO user (id, created, updated, version, name, email) VALUES (1, 1, 1, 1, 'Ana', 'ana@example.com');
                 INSERT INTO team (id, created, updated, version, name) VALUES (1, 1, 1, 1, 'One'), (2, 1, 1, 1, 'Two');
                 INSERT INTO tag (id, created, updated, version, name) VALUES (1, 1, 1, 1, 'red'), (2, 1, 1, 1, 'blue');
                 INSERT INTO ticket (id, created, updated, version, subject, body, priority, hours, price, due, contact, team, owner)
                 VALUES (1, 1, 1, 1, 'First', 'text', 'high', 3, 1250, 20000, 'a@example.com', 1, 1),
                        (2, 1, 1, 1, 'Second', NULL, 'low', NULL, NULL, NULL, NULL, NULL, NULL),
                        (3, 1, 1, 1, 'First', 'text', 'high', 3, 1250, 20000, 'a@example.com', 1, 1);
                 INSERT INTO ticket_tags (owner, item) VALUES (1, 1), (1, 2);
                 INSERT INTO comment (id, created, updated, version, ticket, text) VALUES (1, 1, 1, 1, 1, 'Hm'), (2, 1, 1, 1, 1, 'Oh');",
            )
            .unwrap();
    }

    /// Every value, by table, column and row.
    fn values(&self) -> BTreeMap<(String, String), Vec<Value>> {
        let mut out = BTreeMap::new();
        for table in names(
            &self.database,
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        ) {
            for column in names(
                &self.database,
                &format!("SELECT name FROM pragma_table_info('{table}')"),
            ) {
                // Pairs have no id.
                let order = if table.starts_with("ticket_") {
                    "1"
                } else {
                    "id"
                };
                let sql = format!("SELECT \"{column}\" FROM \"{table}\" ORDER BY {order}");
                let mut statement = self.database.prepare(&sql).unwrap();
                let rows = statement.query_map([], |row| row.get(0)).unwrap();
                out.insert((table.clone(), column), rows.map(Result::unwrap).collect());
            }
        }
        out
    }
}

fn names(database: &Connection, sql: &str) -> Vec<String> {
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Every column that a database made from nothing for this spec has.
fn wanted(spec: &str) -> BTreeSet<(String, String)> {
    Program::new(spec).values().into_keys().collect()
}

fn try_edit(what: &str, spec: &str, fate: &Fate) {
    println!("{what}");
    let mut program = Program::new(SPEC);
    program.fill();
    let before = program.values();
    let files = program.stored.clone();
    let built = program.build(spec);
    let after = program.values();
    match (built, fate) {
        (Ok(()), Fate::Kept) => {
            for (place, values) in &before {
                assert_eq!(after.get(place), Some(values), "{what}: {place:?}");
            }
        }
        (Ok(()), Fate::Renamed(table, from, to)) => {
            for ((place, column), values) in &before {
                let column = if place == table && column == from {
                    *to
                } else {
                    column
                };
                assert_eq!(
                    after.get(&(place.clone(), column.to_owned())),
                    Some(values),
                    "{what}: {place}.{column}"
                );
            }
        }
        (Err(said), Fate::Refused(words)) => {
            assert!(said.contains(words), "{what}: {said}");
            assert_eq!(before, after);
            assert_eq!(files, program.stored, "{what}: something was written");
            // The way back is open.
            program.build(SPEC).unwrap();
            return;
        }
        (Ok(()), Fate::Refused(_)) => panic!("{what}: it was not refused"),
        (Err(said), _) => panic!("{what}: {said}"),
    }
    for column in wanted(spec) {
        assert!(after.contains_key(&column), "{what}: {column:?} is missing");
    }
    // Once more changes nothing, and the way back keeps the rows as well.
    let written = program.stored.len();
    program.build(spec).unwrap();
    assert_eq!(
        program.stored.len(),
        written,
        "{what}: a second build migrates again"
    );
}

fn edit(from: &str, to: &str) -> String {
    assert!(SPEC.contains(from), "{from}");
    SPEC.replacen(from, to, 1)
}

/// A row more in the table of tickets.
fn with(row: &str) -> String {
    edit(
        "| hours    | integer            |                |\n",
        &format!("| hours    | integer            |                |\n{row}\n"),
    )
}

#[test]
fn additions_keep_every_row() {
    let note = "\n## Entity: Note\n\n| Field | Type | Rules |\n|---|---|---|\n| text | text | required, unique |\n| ticket | Ticket | required |\n";
    for (what, spec) in [
        ("a new entity", format!("{SPEC}{note}")),
        (
            "a new part",
            format!(
                "{SPEC}{}",
                note.replace("Note\n", "Note\n\n- Part of: Team\n")
            ),
        ),
        ("a new field", with("| place | text | |")),
        ("a new reference", with("| second team | Team | |")),
        ("a new set", with("| others | many Team | |")),
        (
            "a required field with a default",
            with("| kind | text | required, default \"it's\" |"),
        ),
        (
            "a required choice with a default",
            with("| kind | easy, hard | required, default hard |"),
        ),
        (
            "a required amount with a default",
            with("| fee | money | required, default 1.50 |"),
        ),
        (
            "a required yes or no",
            with("| urgent | yes/no | required, default no |"),
        ),
        ("an optional unique field", with("| code | text | unique |")),
        (
            "an index",
            edit(
                "| hours    | integer            |                |",
                "| hours | integer | indexed |",
            ),
        ),
        (
            "a computed field",
            with("| twice | integer | computed `hours * 2` |"),
        ),
        (
            "more values to choose from",
            edit("low, normal, high", "low, normal, high, urgent"),
        ),
        (
            "values in another order",
            edit("low, normal, high", "high, normal, low"),
        ),
        (
            "a rule",
            format!("{SPEC}\n### Rules\n\n- It says something. `length(text) > 0`\n"),
        ),
        (
            "a policy",
            edit(
                "| signed-in | read |      |\n\n## Entity: Tag",
                "| signed-in | read | `hours > 3 and due is set` |\n\n## Entity: Tag",
            ),
        ),
        (
            "any text instead of an address",
            edit("| contact  | email ", "| contact  | text  "),
        ),
        (
            "a field that is not required any more",
            edit(
                "| subject  | text               | required       |",
                "| subject | text | |",
            ),
        ),
        (
            "a field of User",
            format!(
                "{SPEC}\n## Entity: User\n\n| Field | Type | Rules |\n|---|---|---|\n| city | text | |\n"
            ),
        ),
    ] {
        try_edit(what, &spec, &Fate::Kept);
    }
}

#[test]
fn what_goes_is_kept_and_comes_back() {
    let without_hours = edit("| hours    | integer            |                |\n", "");
    try_edit("a field goes", &without_hours, &Fate::Kept);
    let comment = SPEC.find("## Entity: Comment").unwrap();
    try_edit("an entity goes", &SPEC[..comment], &Fate::Kept);

    let mut program = Program::new(SPEC);
    program.fill();
    let before = program.values();
    program.build(&without_hours).unwrap();
    program.build(SPEC).unwrap();
    assert_eq!(before, program.values());
    // A required field that comes back is empty in the rows made meanwhile.
    let required = edit(
        "| hours    | integer            |                |",
        "| hours | integer | required, default 8 |",
    );
    program.build(&required).unwrap();
    program.build(&without_hours).unwrap();
    program
        .database
        .execute_batch("INSERT INTO ticket (id, created, updated, version, subject) VALUES (9, 1, 1, 1, 'New')")
        .unwrap();
    program.build(&required).unwrap();
    let hours: i64 = program
        .database
        .query_row("SELECT hours FROM ticket WHERE id = 9", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(hours, 8);
}

#[test]
fn renames_take_the_data_along() {
    for (what, spec, table, from, to) in [
        (
            "a text",
            edit(
                "| subject  | text               | required       |",
                "| title | text | required, was subject |",
            )
            .replace("Shown as: subject", "Shown as: title"),
            "ticket",
            "subject",
            "title",
        ),
        (
            "a reference",
            edit(
                "| team     | Team               |                |",
                "| group | Team | was team |",
            ),
            "ticket",
            "team",
            "group",
        ),
        (
            "a unique field",
            edit(
                "| name  | text | required, unique |",
                "| title | text | required, unique, was name |",
            )
            .replacen("- Shown as: name", "- Shown as: title", 1),
            "team",
            "name",
            "title",
        ),
        (
            "in several words",
            edit(
                "| due      | date               |                |",
                "| Due date | date | was due |",
            ),
            "ticket",
            "due",
            "due_date",
        ),
    ] {
        try_edit(what, &spec, &Fate::Renamed(table, from, to));
    }
}

#[test]
fn what_would_lose_or_guess_is_refused() {
    for (what, spec, words) in [
        (
            "a rename without was",
            edit("| hours    | integer ", "| effort   | integer "),
            "was hours",
        ),
        (
            "another type",
            edit("| hours    | integer ", "| hours    | date    "),
            "its type changed",
        ),
        (
            "fewer places",
            edit("| price    | money   ", "| price    | integer "),
            "its type changed",
        ),
        (
            "another currency",
            format!("---\ncurrency: JPY\n---\n{SPEC}"),
            "its type changed",
        ),
        (
            "text that must be an address",
            edit("| body     | markdown ", "| body     | email    "),
            "its type changed",
        ),
        (
            "another entity",
            edit("| team     | Team ", "| team     | Tag  "),
            "its type changed",
        ),
        (
            "a value goes",
            edit("low, normal, high", "normal, high"),
            "values that rows may have are gone",
        ),
        (
            "a required field without a default",
            with("| kind | text | required |"),
            "without a value",
        ),
        (
            "required without a default",
            edit(
                "| hours    | integer            |                |",
                "| hours | integer | required |",
            ),
            "rows that exist may have it empty",
        ),
        (
            "unique",
            edit(
                "| hours    | integer            |                |",
                "| hours | integer | unique |",
            ),
            "is to be unique",
        ),
        (
            "unique with a default",
            with("| code | text | unique, default \"x\" |"),
            "is to be unique",
        ),
        (
            "a rename that becomes unique",
            edit(
                "| hours    | integer            |                |",
                "| effort | integer | unique, was hours |",
            ),
            "is to be unique",
        ),
        (
            "a rename of what is still there",
            with("| effort | integer | was hours |"),
            "still",
        ),
        (
            "an entity under another name",
            SPEC.replace("Comment", "Remark"),
            "may be a rename",
        ),
        (
            "a part becomes a part of another",
            edit("- Part of: Ticket", "- Part of: Team"),
            "Comment",
        ),
    ] {
        try_edit(what, &spec, &Fate::Refused(words));
    }
    let swapped = edit(
        "| hours    | integer            |                |\n",
        "| hours | integer | was effort |\n| effort | integer | was hours |\n",
    );
    let both = with("| effort | integer | |");
    let mut program = Program::new(&both);
    assert!(
        program.build(&swapped).is_err(),
        "two fields that change places"
    );
}

/// Names of other scripts are written in Latin letters; where two come out alike, a place in the file must not decide
/// whose rows are whose.
#[test]
fn names_that_are_written_alike_keep_their_rows() {
    let entity = |name: &str| {
        format!(
            "## Entity: {name}\n\n| Field | Type | Rules |\n|---|---|---|\n| name | text | |\n\n### Access\n\n| Who | Can | When |\n|---|---|---|\n| anyone | read | |\n\n"
        )
    };
    let mut program = Program::new(&format!("# A\n\n{}", entity("Straße")));
    let said = program
        .build(&format!("# A\n\n{}{}", entity("Strasse"), entity("Straße")))
        .unwrap_err();
    assert!(said.contains("put Straße first"), "{said}");
    program
        .build(&format!("# A\n\n{}{}", entity("Straße"), entity("Strasse")))
        .unwrap();

    let fields = |fields: &str| entity("X").replace("| name | text | |", fields);
    let mut program = Program::new(&format!("# A\n\n{}", fields("| 票据 | text | |")));
    let said = program
        .build(&format!(
            "# A\n\n{}",
            fields("| 飘剧 | text | |\n| 票据 | text | |")
        ))
        .unwrap_err();
    assert!(said.contains("put 票据 first"), "{said}");
    program
        .build(&format!(
            "# A\n\n{}",
            fields("| 票据 | text | |\n| 飘剧 | text | |")
        ))
        .unwrap();
}
