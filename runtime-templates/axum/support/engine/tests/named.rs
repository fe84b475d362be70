//! Rows that the outside knows by an identifier of their own: their number stays inside.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use engine::caller::Caller;
use engine::def::{
    ALL, Accounts, Action, App, Entity, Field, FieldDefault, Grant, Grants, Hook, Input,
};
use engine::operation::Operation;
use engine::refusal::Refusal;
use engine::{Engine, Options, decode, ids, operate, query};
use kernel::kind::Kind;
use kernel::value::Value;
use std::sync::atomic::{AtomicU32, Ordering};

const SHELF: usize = 1;
const BOOK: usize = 2;
const LOAN: usize = 3;

fn everything(_: &Caller) -> Grants {
    vec![Grant {
        when: "",
        fields: ALL,
    }]
}

/// All but the hidden shelf, and not even its name.
fn open_shelves(_: &Caller) -> Grants {
    vec![Grant {
        when: "t.\"public_id\" <> 'hidden'",
        fields: 0b10,
    }]
}

fn nothing(_: &mut Operation<'_>) -> Result<(), Refusal> {
    Ok(())
}

const fn entity(
    index: usize,
    table: &'static str,
    fields: &'static [Field],
    read: fn(&Caller) -> Grants,
) -> Entity {
    Entity {
        index,
        name: table,
        plural: table,
        slug: table,
        table,
        about: "",
        fields,
        shown_as: Some(0),
        parent: None,
        tenant: engine::def::Tenant::Nobody,
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

const fn id(kind: Kind, default: FieldDefault) -> Field {
    let mut field = Field::new("id", "Id", kind);
    field.required = true;
    field.unique = true;
    field.fixed = true;
    field.default = default;
    field
}

static USERS: Entity = entity(
    0,
    "user",
    &[
        Field::new("name", "Name", Kind::Text),
        Field::new("email", "E-mail", Kind::Email),
    ],
    everything,
);
static SHELVES: Entity = entity(
    SHELF,
    "shelf",
    &[
        id(Kind::Text, FieldDefault::None),
        Field::new("place", "Place", Kind::Integer),
    ],
    open_shelves,
);
static BOOKS: Entity = Entity {
    shown_as: Some(1),
    ..entity(
        BOOK,
        "book",
        &[
            id(Kind::Slug(1), FieldDefault::None),
            Field::new("title", "Title", Kind::Text),
            Field::new("shelf", "Shelf", Kind::Reference(SHELF)),
            Field::new("also", "Also", Kind::Many(SHELF, "book_also")),
        ],
        everything,
    )
};
static LOANS: Entity = entity(
    LOAN,
    "loan",
    &[
        id(Kind::Text, FieldDefault::Random(12)),
        Field::new("book", "Book", Kind::Reference(BOOK)),
    ],
    everything,
);

const HEAD: &str = "(\"id\" INTEGER PRIMARY KEY AUTOINCREMENT, \"created\" INTEGER NOT NULL, \"updated\" INTEGER NOT NULL, \"version\" INTEGER NOT NULL";

fn app() -> &'static App {
    let sql = format!(
        "CREATE TABLE \"user\" {HEAD}, \"name\" TEXT, \"email\" TEXT) STRICT;
CREATE TABLE \"shelf\" {HEAD}, \"public_id\" TEXT UNIQUE, \"place\" INTEGER) STRICT;
CREATE TABLE \"book\" {HEAD}, \"public_id\" TEXT UNIQUE, \"title\" TEXT, \"shelf\" INTEGER) STRICT;
CREATE TABLE \"loan\" {HEAD}, \"public_id\" TEXT UNIQUE, \"book\" INTEGER) STRICT;
CREATE TABLE \"book_also\" (\"owner\" INTEGER NOT NULL, \"item\" INTEGER NOT NULL, PRIMARY KEY (\"owner\", \"item\")) STRICT, WITHOUT ROWID;"
    );
    let sql: &'static str = Box::leak(sql.into_boxed_str());
    let ask = Action {
        name: "Ask",
        slug: "ask",
        about: "",
        who: everything,
        danger: false,
        inputs: Vec::leak(vec![
            Input::new("shelf", "Shelf", Kind::Reference(SHELF)),
            Input::new("several", "Several", Kind::Many(SHELF, "")),
        ]),
        body: Hook {
            requires: nothing,
            does: Some(nothing),
        },
        answer: engine::def::Answer::ROW,
        path: "",
        source: "",
    };
    Box::leak(Box::new(App {
        name: "Shelves",
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
        entities: Vec::leak(vec![&USERS, &SHELVES, &BOOKS, &LOANS]),
        actions: Vec::leak(vec![ask]),
        theme: &[],
        glossary: &[],
        seeds: &[],
        migrations: Vec::leak(vec![("0001", sql)]),
    }))
}

fn open() -> Engine {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let folder = std::env::temp_dir().join(format!(
        "named-test-{}-{}",
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

const ANA: Caller = Caller {
    user: Some(1),
    roles: 0,
    system: false,
};

/// Makes a row from JSON as a client sends it; gives what the outside calls it.
fn create(engine: &Engine, of: usize, body: &str) -> Result<String, Refusal> {
    let entity = engine.app.entities[of];
    let serde_json::Value::Object(body) = serde_json::from_str(body).unwrap() else {
        unreachable!()
    };
    let values = decode::json(engine.app, entity, &body, ALL, true).map_err(Refusal::Invalid)?;
    let id = engine.blocking_write(ANA, move |w| operate::create(w, entity, values))?;
    engine.read(|r| ids::address(r, entity, id))
}

fn list(engine: &Engine, of: usize, pairs: &[(&str, &str)]) -> serde_json::Value {
    let entity = engine.app.entities[of];
    let pairs: Vec<(String, String)> = pairs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    let wanted = query::parse(engine.app, entity, &pairs).unwrap();
    let mut out = Vec::new();
    engine
        .read(|r| query::list_json(r, &ANA, entity, &wanted, &mut out))
        .unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn names(list: &serde_json::Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect()
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

fn library() -> Engine {
    let engine = open();
    for id in ["front", "back", "hidden"] {
        create(&engine, SHELF, &format!("{{\"id\": \"{id}\"}}")).unwrap();
    }
    engine
}

#[test]
fn json_speaks_of_identifiers_only() {
    let engine = library();
    let book = r#"{"title": "New", "shelf": "front", "also": ["front", "back"]}"#;
    // `new` is the address of the form, so the slug goes on.
    assert_eq!(create(&engine, BOOK, book).unwrap(), "new-2");
    let loan = create(&engine, LOAN, r#"{"book": "new-2"}"#).unwrap();
    assert_eq!(loan.len(), 12);
    let books = list(&engine, BOOK, &[]);
    let item = &books["items"][0];
    assert_eq!(item["id"], "new-2");
    assert_eq!(item["shelf"], "front");
    assert_eq!(item["also"], serde_json::json!(["back", "front"]));
    assert_eq!(
        list(&engine, LOAN, &[("book", "new-2")])["items"][0]["book"],
        "new-2"
    );
    assert_eq!(
        names(&list(&engine, LOAN, &[("book", "1")])),
        Vec::<&str>::new()
    );
    assert_eq!(names(&list(&engine, BOOK, &[("also", "back")])), ["new-2"]);
    let number = |name: &str| engine.read(|r| ids::number(r, &BOOKS, name)).unwrap();
    assert_eq!(number("new-2"), 1);
    assert_eq!(number("1"), ids::NOBODY);
    let shown = engine
        .read(|r| query::get(r, &ANA, &BOOKS, 1))
        .unwrap()
        .unwrap();
    assert_eq!(shown.address, "new-2");
    let referred: Vec<&str> = shown
        .references
        .iter()
        .map(|row| row.address.as_str())
        .collect();
    assert_eq!(referred, ["front", "front", "back"]);
    // The name of a row that may be read may be read, whatever else of it.
    assert_eq!(names(&list(&engine, SHELF, &[])), ["back", "front"]);
}

#[test]
fn what_names_no_row_is_refused_as_what_may_not_be_read() {
    let engine = library();
    for (body, field) in [
        (r#"{"title": "x", "shelf": "hidden"}"#, "shelf"),
        (r#"{"title": "x", "shelf": "nowhere"}"#, "shelf"),
        (r#"{"title": "x", "shelf": "1"}"#, "shelf"),
        (r#"{"title": "x", "also": ["front", "hidden"]}"#, "also"),
        (r#"{"title": "x", "also": ["nowhere"]}"#, "also"),
    ] {
        assert_eq!(
            rules(create(&engine, BOOK, body)),
            [(field, "reference")],
            "{body}"
        );
    }
    for name in ["hidden", "nowhere"] {
        for (input, value) in [
            ("shelf", Value::from(name)),
            (
                "several",
                Value::from(vec!["front".to_owned(), name.to_owned()]),
            ),
        ] {
            let asked = engine.blocking_write(ANA, move |w| {
                operate::action(w, None, None, "ask", None, vec![(input, value)])
            });
            assert_eq!(rules(asked), [(input, "reference")]);
        }
    }
    assert_eq!(
        rules(create(&engine, BOOK, r#"{"title": "x", "shelf": 1}"#)),
        [("shelf", "type")]
    );
}

#[test]
fn an_identifier_is_plain_its_own_and_stays() {
    let engine = library();
    for id in ["a/b", "a b", "é", "..", "new", "options", "?"] {
        let body = serde_json::json!({ "id": id }).to_string();
        assert_eq!(
            rules(create(&engine, SHELF, &body)),
            [("id", "pattern")],
            "{id}"
        );
    }
    assert_eq!(
        rules(create(&engine, SHELF, r#"{"id": "front"}"#)),
        [("id", "unique")]
    );
    assert_eq!(rules(create(&engine, SHELF, "{}")), [("id", "required")]);
    let changed = engine.blocking_write(Caller::SYSTEM, |w| {
        operate::update(w, &SHELVES, 1, None, vec![(0, Value::from("other"))])
    });
    assert_eq!(rules(changed), [("id", "fixed")]);
}

#[test]
fn pages_go_on_behind_an_identifier() {
    let engine = library();
    for title in ["a", "b", "c", "d"] {
        let body = serde_json::json!({ "title": title, "shelf": "front" }).to_string();
        create(&engine, BOOK, &body).unwrap();
    }
    for (sort, first, second) in [
        ("id", ["a", "b"], ["c", "d"]),
        ("-id", ["d", "c"], ["b", "a"]),
        ("shelf", ["a", "b"], ["c", "d"]),
        ("", ["d", "c"], ["b", "a"]),
    ] {
        let page = list(&engine, BOOK, &[("sort", sort), ("per_page", "2")]);
        assert_eq!(names(&page), first, "{sort}");
        let next = page["next"].as_str().unwrap();
        let bytes: Vec<u8> = (0..next.len() / 2)
            .map(|at| u8::from_str_radix(&next[at * 2..at * 2 + 2], 16).unwrap())
            .collect();
        let told: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert!(
            told.as_array()
                .unwrap()
                .iter()
                .all(serde_json::Value::is_string),
            "{told}"
        );
        let more = [("sort", sort), ("per_page", "2"), ("after", next)];
        assert_eq!(names(&list(&engine, BOOK, &more)), second, "{sort}");
    }
}
