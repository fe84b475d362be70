//! Passwords and secrets of rows: how they are kept, who gets them back, which key opens them.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use engine::caller::Caller;
use engine::def::{ALL, Accounts, App, Entity, Field, FieldDefault, Grant, Grants};
use engine::refusal::Refusal;
use engine::{Engine, OpenError, Options, audit, decode, operate, query};
use kernel::kind::Kind;
use kernel::value::{Hidden, Value};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

const NAME: usize = 0;
const CODE: usize = 1;
const PIN: usize = 2;

fn everything(_: &Caller) -> Grants {
    vec![Grant {
        when: "",
        fields: ALL,
    }]
}

fn entity(
    index: usize,
    table: &'static str,
    fields: &'static [Field],
    update: fn(&Caller) -> Grants,
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
        shown_as: Some(NAME),
        parent: None,
        read: everything,
        create: everything,
        update,
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

const PERSON: &[Field] = &[
    Field::new("name", "Name", Kind::Text),
    Field::new("email", "E-mail", Kind::Email),
];
const SAFE: &[Field] = &[
    Field::new("name", "Name", Kind::Text),
    Field {
        required: true,
        ..Field::new("code", "Code", Kind::Secret)
    },
    Field {
        length: (Some(4), Some(12)),
        ..Field::new("pin", "Pin", Kind::Password)
    },
    Field {
        default: FieldDefault::Random(32),
        ..Field::new("token", "Token", Kind::Secret)
    },
];
const FIRST: &str = "CREATE TABLE \"user\" (\"id\" INTEGER PRIMARY KEY AUTOINCREMENT, \"created\" INTEGER NOT NULL, \"updated\" INTEGER NOT NULL, \"version\" INTEGER NOT NULL, \"name\" TEXT, \"email\" TEXT) STRICT;
CREATE TABLE \"safe\" (\"id\" INTEGER PRIMARY KEY AUTOINCREMENT, \"created\" INTEGER NOT NULL, \"updated\" INTEGER NOT NULL, \"version\" INTEGER NOT NULL, \"name\" TEXT, \"code\" TEXT, \"pin\" TEXT, \"token\" TEXT) STRICT;";

fn app(
    fields: &'static [Field],
    migrations: &'static [(&'static str, &'static str)],
) -> &'static App {
    let leaked = |entity: Entity| -> &'static Entity { Box::leak(Box::new(entity)) };
    let entities = vec![
        leaked(entity(0, "user", PERSON, everything)),
        leaked(entity(1, "safe", fields, everything)),
    ];
    Box::leak(Box::new(App {
        name: "Vault",
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
        entities: Vec::leak(entities),
        actions: &[],
        theme: &[],
        glossary: &[],
        seeds: &[],
        migrations,
    }))
}

fn vault() -> &'static App {
    app(SAFE, &[("0001", FIRST)])
}

fn folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let folder = std::env::temp_dir().join(format!(
        "hidden-test-{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    ));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn open(app: &'static App, folder: &Path, key: Option<&str>) -> Result<Engine, OpenError> {
    Engine::open(
        app,
        &Options {
            path: folder.join("app.db"),
            secret_key: key.map(str::to_owned),
            ..Options::default()
        },
    )
}

fn hash(text: &str) -> Value {
    Value::Hidden(Hidden {
        text: format!("$argon2id${text}"),
        characters: u32::try_from(text.chars().count()).ok(),
    })
}

fn create(engine: &Engine, values: Vec<(usize, Value)>) -> Result<i64, Refusal> {
    let entity = engine.app.entities[1];
    engine.blocking_write(Caller::SYSTEM, move |w| operate::create(w, entity, values))
}

fn update(engine: &Engine, id: i64, values: Vec<(usize, Value)>) -> Result<i64, Refusal> {
    let entity = engine.app.entities[1];
    engine
        .blocking_write(Caller::SYSTEM, move |w| {
            operate::update(w, entity, id, None, values)
        })
        .map(|row| row.version)
}

fn json(engine: &Engine, id: i64) -> String {
    let mut out = Vec::new();
    engine
        .read(|r| query::row_json(r, &Caller::SYSTEM, engine.app.entities[1], id, &mut out))
        .unwrap();
    String::from_utf8(out).unwrap()
}

fn stored(engine: &Engine, column: &str, id: i64) -> Option<String> {
    let sql = format!("SELECT {column} FROM safe WHERE id = ?1");
    engine
        .read(|r| Ok(r.query_row(&sql, [id], |row| row.get(0))?))
        .unwrap()
}

#[test]
fn a_secret_is_kept_encrypted_and_read_in_the_clear() {
    let folder = folder();
    let engine = open(vault(), &folder, None).unwrap();
    let id = create(
        &engine,
        vec![(NAME, Value::from("a")), (CODE, Value::from("geheim"))],
    )
    .unwrap();
    assert!(json(&engine, id).contains("\"code\":\"geheim\""));
    let kept = stored(&engine, "code", id).unwrap();
    assert!(kept.starts_with("1:") && !kept.contains("geheim"));
    // What a default made up is encrypted as well.
    assert!(stored(&engine, "token", id).unwrap().starts_with("1:"));
    // The same again changes nothing, another does.
    assert_eq!(
        update(&engine, id, vec![(CODE, Value::from("geheim"))]).unwrap(),
        1
    );
    assert_eq!(stored(&engine, "code", id).unwrap(), kept);
    assert_eq!(
        update(&engine, id, vec![(CODE, Value::from("neu"))]).unwrap(),
        2
    );
    assert!(json(&engine, id).contains("\"code\":\"neu\""));
    let shown = engine
        .read(|r| query::get(r, &Caller::SYSTEM, engine.app.entities[1], id))
        .unwrap()
        .unwrap();
    assert!(!format!("{shown:?}").contains("neu"));
    let all: String = engine
        .read(|r| {
            Ok(
                r.query_row("SELECT group_concat(changes) FROM audit", [], |row| {
                    row.get(0)
                })?,
            )
        })
        .unwrap();
    assert_eq!(all, "{\"code\":[]}");
}

#[test]
fn a_secret_in_another_row_or_column_is_a_fault() {
    let folder = folder();
    let engine = open(vault(), &folder, None).unwrap();
    let one = create(&engine, vec![(CODE, Value::from("one"))]).unwrap();
    let two = create(&engine, vec![(CODE, Value::from("two"))]).unwrap();
    let kept = stored(&engine, "code", two).unwrap();
    for sql in [
        "UPDATE safe SET code = ?1 WHERE id = ?2",
        "UPDATE safe SET code = 'plain' WHERE id = ?2 AND ?1 <> ''",
    ] {
        let kept = kept.clone();
        engine
            .blocking_write(Caller::SYSTEM, move |w| Ok(w.execute(sql, (kept, one))?))
            .unwrap();
        let mut out = Vec::new();
        let read = engine
            .read(|r| query::row_json(r, &Caller::SYSTEM, engine.app.entities[1], one, &mut out));
        assert!(
            matches!(&read, Err(Refusal::Fault(cause)) if cause.contains("safe.code of row 1")),
            "{read:?}"
        );
    }
    // It is put right by writing it anew.
    update(&engine, one, vec![(CODE, Value::from("three"))]).unwrap();
    assert!(json(&engine, one).contains("three"));
}

#[test]
fn a_password_is_a_hash_that_nobody_reads() {
    let folder = folder();
    let engine = open(vault(), &folder, None).unwrap();
    let entity = engine.app.entities[1];
    let body = |text: &str| match serde_json::from_str(text).unwrap() {
        serde_json::Value::Object(body) => body,
        _ => unreachable!(),
    };
    let short = decode::json(
        engine.app,
        entity,
        &body(r#"{"code":"a","pin":"123"}"#),
        ALL,
        true,
    );
    assert_eq!(short.unwrap_err()[0].rule, "length");
    let given = vec![(CODE, Value::from("a")), (PIN, hash("1234"))];
    let id = create(&engine, given).unwrap();
    assert!(!json(&engine, id).contains("pin") && !json(&engine, id).contains("argon2"));
    assert_eq!(stored(&engine, "pin", id).unwrap(), "$argon2id$1234");
    // Plain text never gets as far as the table.
    let plain = update(&engine, id, vec![(PIN, Value::from("12345"))]);
    assert!(matches!(plain, Err(Refusal::Fault(_))), "{plain:?}");
    // Bounds hold for what was hashed before, whichever way it comes.
    let long = update(&engine, id, vec![(PIN, hash("1234567890123"))]);
    assert!(matches!(long, Err(Refusal::Invalid(_))), "{long:?}");
    update(&engine, id, vec![(PIN, hash("54321"))]).unwrap();
    let history = engine
        .read(|r| audit::of(r, &Caller::SYSTEM, entity, id))
        .unwrap();
    assert_eq!(history[0].fields, ["pin"]);
    assert!(!format!("{:?}", hash("54321")).contains("54321"));
    let pairs = |name: &str| vec![(name.to_owned(), "x".to_owned())];
    for name in ["pin", "pin_from", "pin_contains", "code", "code_like"] {
        assert!(
            query::parse(engine.app, entity, &pairs(name)).is_err(),
            "{name}"
        );
    }
    for name in ["pin", "-code"] {
        let sort = [("sort".to_owned(), name.to_owned())];
        assert!(query::parse(engine.app, entity, &sort).is_err(), "{name}");
    }
}

#[test]
fn without_its_key_the_store_stays_shut() {
    let folder = folder();
    let engine = open(vault(), &folder, None).unwrap();
    create(&engine, vec![(CODE, Value::from("geheim"))]).unwrap();
    let copy = folder.join("copy.db");
    engine::backup::backup(&engine, &copy).unwrap();
    drop(engine);
    let file = folder.join("secret.key");
    let key = std::fs::read_to_string(&file).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // The database alone does not hold it.
    let bytes = std::fs::read(&copy).unwrap();
    assert!(!bytes.windows(64).any(|part| part == &key.as_bytes()[..64]));
    let other = "0".repeat(64);
    assert!(matches!(
        open(vault(), &folder, Some(&other)),
        Err(OpenError::WrongKey(_))
    ));
    for broken in ["", "zz", &other[1..]] {
        assert!(matches!(
            open(vault(), &folder, Some(broken)),
            Err(OpenError::Key(_))
        ));
    }
    std::fs::remove_file(&file).unwrap();
    assert!(matches!(
        open(vault(), &folder, None),
        Err(OpenError::NoKey(_))
    ));
    assert!(
        !file.exists(),
        "no second key is made for secrets that have one"
    );
    let engine = open(vault(), &folder, Some(key.trim())).unwrap();
    assert!(json(&engine, 1).contains("geheim"));
    drop(engine);
    // A copy is put back only where its key is.
    let database = folder.join("app.db");
    let restored = engine::backup::restore(vault(), &copy, &database, None);
    assert!(matches!(restored, Err(OpenError::NoKey(_))), "{restored:?}");
    engine::backup::restore(vault(), &copy, &database, Some(key.trim())).unwrap();
}

#[test]
fn a_column_that_gets_another_name_keeps_its_secrets() {
    const RENAMED: &[Field] = &[
        Field::new("name", "Name", Kind::Text),
        Field::new("key", "Key", Kind::Secret),
        Field::new("pin", "Pin", Kind::Password),
        Field::new("token", "Token", Kind::Secret),
    ];
    const SECOND: &str = "ALTER TABLE \"safe\" RENAME COLUMN \"code\" TO \"key\";
UPDATE \"safe\" SET \"key\" = reseal('safe', 'code', 'key', \"id\", \"key\");";
    let folder = folder();
    let engine = open(vault(), &folder, None).unwrap();
    create(&engine, vec![(CODE, Value::from("geheim"))]).unwrap();
    drop(engine);
    let engine = open(
        app(RENAMED, &[("0001", FIRST), ("0002", SECOND)]),
        &folder,
        None,
    )
    .unwrap();
    assert!(json(&engine, 1).contains("\"key\":\"geheim\""));
}
