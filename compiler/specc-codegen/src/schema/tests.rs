use super::*;

fn table(columns: Vec<Column>) -> Schema {
    Schema {
        format: FORMAT,
        tables: vec![Table {
            name: "Ticket".to_owned(),
            table: "ticket".to_owned(),
            shape: Shape::Rows,
            columns,
            indexes: Vec::new(),
            retired: false,
        }],
    }
}

fn column(name: &str, holds: Holds) -> Column {
    Column {
        name: name.to_owned(),
        column: name.to_owned(),
        holds,
        required: false,
        default: None,
        was: None,
        retired: false,
    }
}

#[test]
fn additive_changes_become_a_migration() {
    let old = table(vec![column("subject", Holds::Text)]);
    let new = table(vec![
        column("subject", Holds::Text),
        column("due", Holds::Date),
    ]);
    let (changes, after) = diff(&old, &new).unwrap();
    assert_eq!(
        sql(&changes),
        "ALTER TABLE \"ticket\" ADD COLUMN \"due\" INTEGER;\n"
    );
    assert_eq!(after, new);
    assert_eq!(diff(&after, &new).unwrap().0, Vec::new());
}

#[test]
fn a_rename_keeps_the_data() {
    let old = table(vec![column("subject", Holds::Text)]);
    let new = table(vec![Column {
        was: Some("subject".to_owned()),
        ..column("title", Holds::Text)
    }]);
    let (changes, after) = diff(&old, &new).unwrap();
    assert_eq!(
        sql(&changes),
        "ALTER TABLE \"ticket\" RENAME COLUMN \"subject\" TO \"title\";\n"
    );
    let stored = Schema::read(&after.text()).unwrap();
    assert_eq!(diff(&stored, &new).unwrap().0, Vec::new());
}

#[test]
fn a_secret_is_bound_anew_when_its_column_gets_another_name() {
    let old = table(vec![column("code", Holds::Secret)]);
    let new = table(vec![Column {
        was: Some("code".to_owned()),
        ..column("key", Holds::Secret)
    }]);
    assert_eq!(
        sql(&diff(&old, &new).unwrap().0),
        "ALTER TABLE \"ticket\" RENAME COLUMN \"code\" TO \"key\";\n\
         UPDATE \"ticket\" SET \"key\" = reseal('ticket', 'code', 'key', \"id\", \"key\");\n"
    );
}

#[test]
fn what_may_be_a_rename_is_asked() {
    let old = table(vec![column("subject", Holds::Text)]);
    let new = table(vec![column("title", Holds::Text)]);
    let refused = diff(&old, &new).unwrap_err();
    assert_eq!(
        refused[0].to_string(),
        "Ticket.title: it came and subject went, which may be a rename; write `was subject` in its rules, or build once without it; rows concerned: `SELECT count(*) FROM \"ticket\" WHERE \"subject\" IS NOT NULL`"
    );
}

#[test]
fn a_field_that_goes_keeps_its_column() {
    let old = table(vec![
        column("subject", Holds::Text),
        column("due", Holds::Date),
    ]);
    let new = table(vec![column("subject", Holds::Text)]);
    let (changes, after) = diff(&old, &new).unwrap();
    assert_eq!(sql(&changes), "");
    assert!(after.tables[0].columns[1].retired);
    // It comes back with its data.
    let (changes, after) = diff(&after, &old).unwrap();
    assert_eq!(changes, Vec::new());
    assert_eq!(after, old);
}

#[test]
fn values_and_types_are_not_lost() {
    let choice =
        |values: &[&str]| Holds::Choice(values.iter().map(|value| (*value).to_owned()).collect());
    let old = table(vec![column("state", choice(&["open", "shut"]))]);
    assert!(
        diff(
            &old,
            &table(vec![column("state", choice(&["open", "ajar", "shut"]))])
        )
        .is_ok()
    );
    assert!(diff(&old, &table(vec![column("state", choice(&["open"]))])).is_err());
    assert!(diff(&old, &table(vec![column("state", Holds::Date)])).is_err());
    let required = table(vec![Column {
        required: true,
        ..column("state", choice(&["open", "shut"]))
    }]);
    assert!(diff(&old, &required).is_err());
}

#[test]
fn a_newer_format_is_refused() {
    assert!(
        Schema::read("{\"format\": 99, \"tables\": []}")
            .unwrap_err()
            .contains("newer specc")
    );
}

#[test]
fn what_was_unique_stays_so_when_its_index_learns_to_wait() {
    let index = |columns: &[&str]| Index {
        name: "ticket_unique_code".to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        unique: true,
    };
    let mut old = table(vec![column("code", Holds::Text)]);
    old.tables[0].indexes = vec![index(&["code"])];
    let mut new = table(vec![
        column("code", Holds::Text),
        column(UNSETTLED, Holds::Unsettled),
    ]);
    new.tables[0].indexes = vec![index(&["code", UNSETTLED])];
    assert_eq!(
        sql(&diff(&old, &new).unwrap().0),
        "DROP INDEX IF EXISTS \"ticket_unique_code\";\n\
         ALTER TABLE \"ticket\" ADD COLUMN \"unsettled\" INTEGER NOT NULL DEFAULT 0;\n\
         CREATE UNIQUE INDEX \"ticket_unique_code\" ON \"ticket\" (\"code\", \"unsettled\");\n"
    );
    // A field that becomes unique may hold what agrees already.
    old.tables[0].indexes = Vec::new();
    let refused = diff(&old, &new).unwrap_err();
    assert!(
        refused[0].count.contains("GROUP BY \"code\" HAVING"),
        "{refused:?}"
    );
    old.tables[0]
        .columns
        .push(column(UNSETTLED, Holds::Unsettled));
    assert!(diff(&old, &new).is_err());
}
