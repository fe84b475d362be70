use super::*;

fn file(path: &str, text: &str) -> NewFile {
    NewFile {
        path: path.to_owned(),
        text: text.to_owned(),
        keep: false,
    }
}

fn read(app: &Path, path: &str) -> String {
    std::fs::read_to_string(app.join(path)).unwrap()
}

#[test]
fn only_what_changed_is_written_and_what_is_gone_is_removed() {
    let work = tempfile::tempdir().unwrap();
    let app = work.path();
    let first = write(app, &[file("a.rs", "a"), file("b/c.rs", "c")], None).unwrap();
    assert_eq!(first.written, ["a.rs", "b/c.rs"]);
    let again = write(app, &[file("a.rs", "a"), file("b/c.rs", "c")], None).unwrap();
    assert_eq!(
        again,
        Outcome {
            unchanged: 2,
            ..Outcome::default()
        }
    );
    let second = write(app, &[file("a.rs", "new")], None).unwrap();
    assert_eq!(
        (second.written, second.removed),
        (vec!["a.rs".to_owned()], vec!["b/c.rs".to_owned()])
    );
    assert_eq!(read(app, "a.rs"), "new");
    assert!(!app.join("b/c.rs").exists());
}

#[test]
fn a_change_by_hand_is_never_overwritten_in_silence() {
    let work = tempfile::tempdir().unwrap();
    let app = work.path().join("app");
    write(&app, &[file("a.rs", "a"), file("b.rs", "b")], None).unwrap();
    std::fs::write(app.join("a.rs"), "mine").unwrap();
    let refused = write(&app, &[file("a.rs", "a2"), file("b.rs", "b2")], None).unwrap_err();
    assert!(
        matches!(&refused, BuildError::ChangedByHand { files } if files == &["a.rs"]),
        "{refused}"
    );
    assert_eq!(
        (read(&app, "a.rs").as_str(), read(&app, "b.rs").as_str()),
        ("mine", "b")
    );
    let gone = write(&app, &[file("b.rs", "b2")], None).unwrap_err();
    assert!(matches!(gone, BuildError::ChangedByHand { .. }));
    let replaced = work.path().join("replaced");
    write(
        &app,
        &[file("a.rs", "a2"), file("b.rs", "b2")],
        Some(&replaced),
    )
    .unwrap();
    assert_eq!(
        (
            read(&app, "a.rs").as_str(),
            read(&replaced, "a.rs").as_str()
        ),
        ("a2", "mine")
    );
}

#[test]
fn a_stranger_in_a_generated_place_counts_as_made_by_hand() {
    let work = tempfile::tempdir().unwrap();
    std::fs::write(work.path().join("a.rs"), "a stranger").unwrap();
    let refused = write(work.path(), &[file("a.rs", "a")], None);
    assert!(matches!(refused, Err(BuildError::ChangedByHand { .. })));
}

#[test]
fn a_write_that_was_killed_half_way_goes_on() {
    let work = tempfile::tempdir().unwrap();
    let app = work.path();
    write(app, &[file("a.rs", "a"), file("b.rs", "b")], None).unwrap();
    // As a kill after the first file leaves it: entered as pending, written, not yet settled.
    let mut manifest = read_manifest(app).unwrap();
    manifest.pending.insert("a.rs".to_owned(), digest(b"a2"));
    manifest.pending.insert("b.rs".to_owned(), digest(b"b2"));
    manifest.save(app).unwrap();
    std::fs::write(app.join("a.rs"), "a2").unwrap();
    let outcome = write(app, &[file("a.rs", "a3"), file("b.rs", "b3")], None).unwrap();
    assert_eq!(outcome.written, ["a.rs", "b.rs"]);
}

#[test]
fn builds_that_are_killed_one_after_another_know_their_files() {
    let work = tempfile::tempdir().unwrap();
    let app = work.path();
    write(app, &[file("a.rs", "a"), file("b.rs", "b")], None).unwrap();
    // Killed with `a.rs` written; the next build finds it as it should be, and the one after it changes it.
    let mut manifest = read_manifest(app).unwrap();
    manifest.pending.insert("a.rs".to_owned(), digest(b"a2"));
    manifest.pending.insert("b.rs".to_owned(), digest(b"b2"));
    manifest.save(app).unwrap();
    std::fs::write(app.join("a.rs"), "a2").unwrap();
    write(app, &[file("a.rs", "a2"), file("b.rs", "b2")], None).unwrap();
    assert!(read_manifest(app).unwrap().pending.is_empty());
    write(app, &[file("a.rs", "a3"), file("b.rs", "b3")], None).unwrap();
    assert_eq!(read(app, "a.rs"), "a3");
}

#[test]
fn a_migration_without_its_schema_is_written_anew() {
    let work = tempfile::tempdir().unwrap();
    let app = work.path();
    write(app, &[file(SCHEMA, "none")], None).unwrap();
    let name = "migrations/0001_first.sql";
    let mut manifest = read_manifest(app).unwrap();
    manifest.pending.insert(name.to_owned(), digest(b"one"));
    manifest.pending.insert(SCHEMA.to_owned(), digest(b"one"));
    manifest.save(app).unwrap();
    std::fs::write(app.join(name), "one").unwrap();
    assert_eq!(unfinished(app).unwrap(), BTreeSet::from([name.to_owned()]));
    let migration = |text: &str| NewFile {
        keep: true,
        ..file(name, text)
    };
    write(app, &[migration("two"), file(SCHEMA, "two")], None).unwrap();
    assert_eq!(read(app, name), "two");
    assert!(unfinished(app).unwrap().is_empty());
    // Once its schema stands there, a migration is never written again.
    write(app, &[migration("three"), file(SCHEMA, "two")], None).unwrap();
    assert_eq!(read(app, name), "two");
}

#[test]
fn kept_files_stay_as_they_are() {
    let work = tempfile::tempdir().unwrap();
    let app = work.path();
    let migration = NewFile {
        keep: true,
        ..file("migrations/0001.sql", "one")
    };
    write(app, std::slice::from_ref(&migration), None).unwrap();
    let other = NewFile {
        text: "two".to_owned(),
        ..migration
    };
    write(app, &[other], None).unwrap();
    assert_eq!(read(app, "migrations/0001.sql"), "one");
}

#[test]
fn a_damaged_manifest_loses_nothing() {
    let work = tempfile::tempdir().unwrap();
    let app = work.path();
    write(app, &[file("a.rs", "a")], None).unwrap();
    std::fs::write(app.join(MANIFEST), "{ nonsense").unwrap();
    assert!(write(app, &[file("a.rs", "a")], None).is_ok());
    std::fs::write(app.join(MANIFEST), "{ nonsense").unwrap();
    assert!(matches!(
        write(app, &[file("a.rs", "b")], None),
        Err(BuildError::ChangedByHand { .. })
    ));
}

#[test]
fn a_newer_manifest_is_refused() {
    let work = tempfile::tempdir().unwrap();
    std::fs::write(work.path().join(MANIFEST), r#"{"format": 99, "files": {}}"#).unwrap();
    assert!(matches!(
        write(work.path(), &[], None),
        Err(BuildError::NewerFormat { found: 99, .. })
    ));
}
