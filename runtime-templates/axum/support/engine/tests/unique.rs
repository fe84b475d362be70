//! Unique values that change hands within one operation; references that the writer may not read.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use engine::caller::Caller;
use engine::def::{ALL, Accounts, Action, App, Entity, Field, Grant, Grants, Hook, Input};
use engine::operation::{Authority, Operation};
use engine::refusal::Refusal;
use engine::{Engine, Options, operate, query};
use kernel::kind::Kind;
use kernel::value::Value;
use std::sync::atomic::{AtomicU32, Ordering};

const USER: usize = 0;
const FOLDER: usize = 1;
const PAGE: usize = 2;

const TITLE: usize = 0;
const PLACE: usize = 1;
const PARENT: usize = 2;
const REVIEWER: usize = 3;
const ALSO_IN: usize = 4;

fn when(when: &'static str) -> Grants {
    vec![Grant { when, fields: ALL }]
}

fn everything(_: &Caller) -> Grants {
    when("")
}

fn own(caller: &Caller) -> Grants {
    if caller.signed_in() {
        when("t.\"owner\" = :me")
    } else {
        Grants::new()
    }
}

fn self_only(caller: &Caller) -> Grants {
    if caller.signed_in() {
        when("t.\"id\" = :me")
    } else {
        Grants::new()
    }
}

fn at(op: &Operation<'_>, place: i64) -> Option<i64> {
    let sql = "SELECT \"id\" FROM \"page\" WHERE \"place\" = :place ORDER BY \"id\"";
    let ids = op.ids(sql, &[(":place", Value::Int(place))]).unwrap();
    ids.first().copied()
}

fn place(op: &Operation<'_>, input: &str) -> i64 {
    match op.input(input) {
        Value::Int(number) => *number,
        _ => 0,
    }
}

fn set(op: &mut Operation<'_>, id: Option<i64>, place: i64) -> Result<(), Refusal> {
    op.set(PAGE, id, PLACE, Value::Int(place), Authority::System)
}

fn swap(op: &mut Operation<'_>) -> Result<(), Refusal> {
    let (a, b) = (place(op, "a"), place(op, "b"));
    let (first, second) = (at(op, a), at(op, b));
    set(op, first, b)?;
    // Every effect sees the last: for a moment two pages stand in one place.
    let both = op.scalar(
        "SELECT count(*) FROM \"page\" WHERE \"place\" = :place",
        &[(":place", Value::Int(b))],
    )?;
    assert_eq!(both, Value::Int(2));
    set(op, second, a)
}

fn shift(op: &mut Operation<'_>) -> Result<(), Refusal> {
    for id in op.ids("SELECT \"id\" FROM \"page\" ORDER BY \"id\"", &[])? {
        let row = op.row(PAGE, Some(id))?.unwrap();
        if let Value::Int(place) = row.value(PLACE) {
            set(op, Some(id), place + 1)?;
        }
    }
    Ok(())
}

/// All into one place.
fn pile(op: &mut Operation<'_>) -> Result<(), Refusal> {
    for id in op.ids("SELECT \"id\" FROM \"page\" ORDER BY \"id\"", &[])? {
        set(op, Some(id), 7)?;
    }
    Ok(())
}

/// A new page in place 1, or else in place 100.
fn squeeze(op: &mut Operation<'_>) -> Result<(), Refusal> {
    let page = |place: i64| vec![(TITLE, Value::from("new")), (PLACE, Value::Int(place))];
    op.attempt(
        |op| op.create(PAGE, page(1), Authority::System).map(|_| ()),
        |op| op.create(PAGE, page(100), Authority::System).map(|_| ()),
    )
}

fn nothing(_: &mut Operation<'_>) -> Result<(), Refusal> {
    Ok(())
}

const fn action(
    slug: &'static str,
    inputs: &'static [Input],
    does: fn(&mut Operation<'_>) -> Result<(), Refusal>,
) -> Action {
    Action {
        name: slug,
        slug,
        about: "",
        who: everything,
        danger: false,
        inputs,
        body: Hook {
            requires: nothing,
            does: Some(does),
        },
        answer: engine::def::Answer::ROW,
        path: "",
        source: "",
    }
}

static ACTIONS: [Action; 5] = [
    action(
        "swap",
        &[
            Input::new("a", "A", Kind::Integer),
            Input::new("b", "B", Kind::Integer),
        ],
        swap,
    ),
    action("shift", &[], shift),
    action("pile", &[], pile),
    action("squeeze", &[], squeeze),
    action(
        "ask",
        &[
            Input::new("who", "Who", Kind::Reference(USER)),
            Input::new("several", "Several", Kind::Many(FOLDER, "")),
        ],
        nothing,
    ),
];

const fn entity(
    index: usize,
    table: &'static str,
    fields: &'static [Field],
    read: fn(&Caller) -> Grants,
) -> Entity {
    Entity {
        tenant: engine::def::Tenant::Nobody,
        index,
        name: table,
        plural: table,
        slug: table,
        table,
        about: "",
        fields,
        shown_as: Some(0),
        parent: None,
        read,
        create: everything,
        update: everything,
        delete: everything,
        steps: &[],
        actions: &[],
        rules: &[],
        watchers: &[],
        on_create: None,
        on_update: None,
        on_delete: None,
        computed: &[],
        source: "",
    }
}

static USERS: Entity = entity(
    USER,
    "user",
    &[
        Field::new("name", "Name", Kind::Text),
        Field::new("email", "E-mail", Kind::Email),
    ],
    self_only,
);
static FOLDERS: Entity = entity(
    FOLDER,
    "folder",
    &[
        Field::new("name", "Name", Kind::Text),
        Field::new("owner", "Owner", Kind::Reference(USER)),
    ],
    own,
);
static PAGES: Entity = Entity {
    parent: Some(PARENT),
    ..entity(
        PAGE,
        "page",
        &[
            Field::new("title", "Title", Kind::Text),
            Field {
                unique: true,
                ..Field::new("place", "Place", Kind::Integer)
            },
            Field::new("folder", "Folder", Kind::Reference(FOLDER)),
            Field::new("reviewer", "Reviewer", Kind::Reference(USER)),
            Field::new("also_in", "Also in", Kind::Many(FOLDER, "page_also_in")),
        ],
        everything,
    )
};

const HEAD: &str = "(\"id\" INTEGER PRIMARY KEY AUTOINCREMENT, \"created\" INTEGER NOT NULL, \"updated\" INTEGER NOT NULL, \"version\" INTEGER NOT NULL";

fn app() -> &'static App {
    let sql = format!(
        "CREATE TABLE \"user\" {HEAD}, \"name\" TEXT, \"email\" TEXT) STRICT;
CREATE TABLE \"folder\" {HEAD}, \"name\" TEXT, \"owner\" INTEGER) STRICT;
CREATE TABLE \"page\" {HEAD}, \"title\" TEXT, \"place\" INTEGER, \"folder\" INTEGER, \"reviewer\" INTEGER, \"unsettled\" INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX page_unique_place ON \"page\" (\"place\", \"unsettled\");
CREATE TABLE \"page_also_in\" (\"owner\" INTEGER NOT NULL, \"item\" INTEGER NOT NULL, PRIMARY KEY (\"owner\", \"item\")) STRICT, WITHOUT ROWID;"
    );
    let sql: &'static str = Box::leak(sql.into_boxed_str());
    Box::leak(Box::new(App {
        name: "Book",
        about: "",
        language: "en",
        time_zone: "UTC",
        currency: "EUR",
        currency_digits: 2,
        roles: &[],
        accounts: Accounts {
            sign_up: true,
            password_min: 10,
            confirm_email: false,
            session_days: 14,
        },
        entities: Vec::leak(vec![&USERS, &FOLDERS, &PAGES]),
        actions: &ACTIONS,
        theme: &[],
        glossary: &[],
        seeds: &[],
        migrations: Vec::leak(vec![("0001", sql)]),
    }))
}

fn open() -> Engine {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let folder = std::env::temp_dir().join(format!(
        "unique-test-{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    ));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let options = Options {
        path: folder.join("app.db"),
        ..Options::default()
    };
    Engine::open(app(), &options).unwrap()
}

fn user(id: i64) -> Caller {
    Caller {
        user: Some(id),
        roles: 0,
        system: false,
    }
}

fn create(
    engine: &Engine,
    caller: Caller,
    of: usize,
    values: Vec<(usize, Value)>,
) -> Result<i64, Refusal> {
    let entity = engine.app.entities[of];
    engine.blocking_write(caller, move |w| operate::create(w, entity, values))
}

fn update(
    engine: &Engine,
    caller: Caller,
    id: i64,
    values: Vec<(usize, Value)>,
) -> Result<(), Refusal> {
    engine
        .blocking_write(caller, move |w| {
            operate::update(w, &PAGES, id, None, values)
        })
        .map(|_| ())
}

fn run(
    engine: &Engine,
    caller: Caller,
    slug: &'static str,
    inputs: Vec<(&'static str, Value)>,
) -> Result<(), Refusal> {
    engine
        .blocking_write(caller, move |w| {
            operate::action(w, None, None, slug, None, inputs)
        })
        .map(|_| ())
}

/// Where the pages stand, by id, and which of them are not settled.
fn places(engine: &Engine) -> String {
    let sql = "SELECT group_concat(place, ' ') || '|' || sum(unsettled) FROM (SELECT * FROM page ORDER BY id)";
    engine
        .read(|r| Ok(r.query_row(sql, [], |row| row.get(0))?))
        .unwrap()
}

fn three(engine: &Engine) {
    for place in 1..=3 {
        create(engine, user(1), PAGE, vec![(PLACE, Value::Int(place))]).unwrap();
    }
}

fn rules<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Vec<(&'static str, &'static str)> {
    match result {
        Err(Refusal::Invalid(errors)) => errors
            .iter()
            .map(|error| (&*error.field.to_string().leak(), error.rule))
            .collect(),
        other => panic!("not invalid: {other:?}"),
    }
}

#[test]
fn unique_values_change_hands_within_an_operation() {
    let engine = open();
    three(&engine);
    let pair = |a, b| vec![("a", Value::Int(a)), ("b", Value::Int(b))];
    run(&engine, user(1), "swap", pair(1, 2)).unwrap();
    assert_eq!(places(&engine), "2 1 3|0");
    run(&engine, user(1), "shift", Vec::new()).unwrap();
    assert_eq!(places(&engine), "3 2 4|0");
}

#[test]
fn two_of_one_value_at_the_end_are_refused_and_nothing_is_kept() {
    let engine = open();
    three(&engine);
    assert_eq!(
        rules(run(&engine, user(1), "pile", Vec::new())),
        [("place", "unique")]
    );
    assert_eq!(places(&engine), "1 2 3|0");
    let taken = create(&engine, user(1), PAGE, vec![(PLACE, Value::Int(2))]);
    assert_eq!(rules(taken), [("place", "unique")]);
    let taken = update(&engine, user(1), 3, vec![(PLACE, Value::Int(2))]);
    assert_eq!(rules(taken), [("place", "unique")]);
    assert_eq!(places(&engine), "1 2 3|0");
    // Nothing is no value: any number of pages may stand nowhere.
    for _ in 0..2 {
        create(&engine, user(1), PAGE, vec![]).unwrap();
    }
}

#[test]
fn an_effect_with_another_behind_it_is_refused_at_once() {
    let engine = open();
    three(&engine);
    run(&engine, user(1), "squeeze", Vec::new()).unwrap();
    assert_eq!(places(&engine), "1 2 3 100|0");
    assert_eq!(
        rules(run(&engine, user(1), "squeeze", Vec::new())),
        [("place", "unique")]
    );
    assert_eq!(places(&engine), "1 2 3 100|0");
}

#[test]
fn at_the_same_time_one_gets_the_value() {
    let engine = open();
    let wins: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    (0..25)
                        .filter(|place| {
                            create(&engine, user(1), PAGE, vec![(PLACE, Value::Int(*place))])
                                .is_ok()
                        })
                        .count()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(wins, 25);
}

#[test]
fn what_the_writer_may_not_read_is_as_good_as_missing() {
    let engine = open();
    let system = Caller::SYSTEM;
    for name in ["Ana", "Bob"] {
        create(&engine, system, USER, vec![(0, Value::from(name))]).unwrap();
    }
    let (ana, bob) = (1, 2);
    let mine = vec![(0, Value::from("mine")), (1, Value::Int(ana))];
    let mine = create(&engine, system, FOLDER, mine).unwrap();
    let theirs = vec![(0, Value::from("theirs")), (1, Value::Int(bob))];
    let theirs = create(&engine, system, FOLDER, theirs).unwrap();
    let page = create(&engine, user(ana), PAGE, vec![(PARENT, Value::Int(mine))]).unwrap();
    update(&engine, user(ana), page, vec![(REVIEWER, Value::Int(ana))]).unwrap();
    let both = Value::from(vec![mine, theirs]);
    for (field, hidden, missing) in [
        (PARENT, Value::Int(theirs), Value::Int(99)),
        (REVIEWER, Value::Int(bob), Value::Int(99)),
        (ALSO_IN, both.clone(), Value::from(vec![mine, 99])),
    ] {
        let refusals = [hidden, missing].map(|value| {
            let made = create(&engine, user(ana), PAGE, vec![(field, value.clone())]);
            let changed = update(&engine, user(ana), page, vec![(field, value)]);
            (format!("{made:?}"), format!("{changed:?}"))
        });
        assert_eq!(refusals[0], refusals[1]);
        assert!(refusals[0].0.contains("\"reference\""), "{refusals:?}");
        assert!(refusals[0].1.contains("\"reference\""), "{refusals:?}");
    }
    for (name, hidden, missing) in [
        ("who", Value::Int(bob), Value::Int(99)),
        ("several", both.clone(), Value::from(vec![mine, 99])),
    ] {
        let refusals = [hidden, missing]
            .map(|value| format!("{:?}", run(&engine, user(ana), "ask", vec![(name, value)])));
        assert_eq!(refusals[0], refusals[1]);
        assert!(refusals[0].contains("\"reference\""), "{refusals:?}");
    }
    // The program, and what was there before, are not asked.
    let given = vec![(REVIEWER, Value::Int(bob)), (ALSO_IN, both.clone())];
    let page = create(&engine, system, PAGE, given).unwrap();
    let kept = vec![
        (REVIEWER, Value::Int(bob)),
        (ALSO_IN, both),
        (TITLE, Value::from("x")),
    ];
    update(&engine, user(ana), page, kept).unwrap();
    // Nobody is offered whom they may not read.
    let offered = |of: &'static Entity| {
        engine
            .read(|r| query::options(r, &user(ana), of, None, 10))
            .unwrap()
    };
    assert_eq!(offered(&USERS), [(ana.to_string(), "Ana".to_owned())]);
    assert_eq!(offered(&FOLDERS), [(mine.to_string(), "mine".to_owned())]);
}
