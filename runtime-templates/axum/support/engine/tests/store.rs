//! The store: at the same time, after a crash, out of versions, from a copy.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod desk;

use desk::*;
use engine::caller::Caller;
use engine::def::App;
use engine::refusal::Refusal;
use engine::{Engine, OpenError, operate};
use kernel::value::Value;
use std::collections::BTreeSet;

fn with_migrations(migrations: &'static [(&'static str, &'static str)]) -> &'static App {
    let app = App {
        name: APP.name,
        about: "",
        language: "en",
        time_zone: "UTC",
        currency: "EUR",
        currency_digits: 2,
        roles: APP.roles,
        accounts: engine::def::Accounts {
            sign_up: true,
            password_min: 10,
            confirm_email: false,
            session_days: 14,
        },
        entities: APP.entities,
        actions: APP.actions,
        theme: &[],
        glossary: &[],
        seeds: &[],
        migrations,
    };
    Box::leak(Box::new(app))
}

#[test]
fn many_writers_at_once_break_nothing() {
    let desk = desk();
    let ana = desk.user("Ana");
    let ticket = desk.ticket(customer(ana), "Printer on fire");
    let results: Vec<Result<i64, Refusal>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    (0..20)
                        .map(|_| {
                            desk.create(
                                customer(ana),
                                COMMENT,
                                vec![(0, Value::Int(ticket)), (TEXT, Value::from("hi"))],
                            )
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
    assert_eq!(desk.count("SELECT count(*) FROM comment"), 3);
    let numbers: Vec<Value> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..25)
                        .map(|_| desk.ticket(customer(ana), "Same subject"))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let ids: Vec<i64> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        ids.into_iter()
            .map(|id| desk.value(TICKET, id, NUMBER))
            .collect()
    });
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), 100);
    let last = numbers.iter().max().unwrap();
    assert!(
        matches!(last, Value::Text(text) if text.ends_with("-0101")),
        "{last:?}"
    );
}

#[test]
fn writes_are_asynchronous_and_share_commits() {
    let desk = desk();
    let ana = desk.user("Ana");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let made = runtime.block_on(async {
        let waiting: Vec<_> = (0..200)
            .map(|index| {
                let engine = desk.engine.clone();
                tokio::spawn(async move {
                    engine
                        .write(customer(ana), move |w| {
                            let subject = if index % 10 == 0 {
                                "x".to_owned()
                            } else {
                                format!("Ticket {index}")
                            };
                            operate::create(
                                w,
                                entity(TICKET),
                                vec![(SUBJECT, Value::from(subject))],
                            )
                        })
                        .await
                })
            })
            .collect();
        let mut made = 0;
        for task in waiting {
            made += usize::from(task.await.unwrap().is_ok());
        }
        made
    });
    assert_eq!(made, 180);
    assert_eq!(desk.count("SELECT count(*) FROM ticket"), 180);
}

#[test]
fn a_panic_is_a_fault_and_leaves_nothing() {
    let desk = desk();
    let ana = desk.user("Ana");
    let result: Result<(), Refusal> = desk.engine.blocking_write(customer(ana), move |w| {
        operate::create(
            w,
            entity(TICKET),
            vec![(SUBJECT, Value::from("Before the end"))],
        )?;
        panic!("on purpose")
    });
    assert!(matches!(result, Err(Refusal::Fault(_))), "{result:?}");
    assert_eq!(desk.count("SELECT count(*) FROM ticket"), 0);
    desk.ticket(customer(ana), "After the end");
}

#[test]
fn a_refusal_that_is_overlooked_leaves_nothing_of_its_operation() {
    let desk = desk();
    let ana = desk.user("Ana");
    desk.engine
        .blocking_write(customer(ana), move |w| {
            operate::create(w, entity(TICKET), vec![(SUBJECT, Value::from("Good one"))])?;
            let high = vec![
                (SUBJECT, Value::from("Bad one")),
                (PRIORITY, Value::from("high")),
            ];
            assert!(operate::create(w, entity(TICKET), high).is_err());
            Ok(())
        })
        .unwrap();
    assert_eq!(desk.count("SELECT count(*) FROM ticket"), 1);
    assert_eq!(
        desk.count("SELECT count(*) FROM audit WHERE entity = 'ticket'"),
        1
    );
}

#[test]
fn readers_write_nothing_and_see_one_moment() {
    let desk = desk();
    let ana = desk.user("Ana");
    desk.engine
        .read(|r| {
            assert!(r.execute("DELETE FROM \"user\"", []).is_err());
            let before: i64 = r.query_row("SELECT count(*) FROM ticket", [], |row| row.get(0))?;
            desk.ticket(customer(ana), "In between");
            let after: i64 = r.query_row("SELECT count(*) FROM ticket", [], |row| row.get(0))?;
            assert_eq!(before, after);
            Ok(())
        })
        .unwrap();
    assert_eq!(desk.count("SELECT count(*) FROM ticket"), 1);
}

#[test]
fn what_was_answered_survives_the_end_of_the_process() {
    let desk = desk();
    let ana = desk.user("Ana");
    for index in 0..50 {
        desk.ticket(customer(ana), &format!("Ticket {index}"));
    }
    // As after a crash: the files as they are at this moment, with the log not yet folded in.
    let copy = folder();
    for name in ["app.db", "app.db-wal"] {
        std::fs::copy(desk.folder.join(name), copy.join(name)).unwrap();
    }
    let engine = Engine::open(&APP, &options(&copy)).unwrap();
    let count: i64 = engine
        .read(|r| Ok(r.query_row("SELECT count(*) FROM ticket", [], |row| row.get(0))?))
        .unwrap();
    assert_eq!(count, 50);
    drop(engine);
    let _ = std::fs::remove_dir_all(copy);
}

#[test]
fn two_servers_do_not_share_a_folder() {
    let folder = folder();
    let options = engine::Options {
        exclusive: true,
        ..options(&folder)
    };
    let first = Engine::open(&APP, &options).unwrap();
    assert!(matches!(
        engine::backup::restore(&APP, &folder.join("app.db"), &options.path, None),
        Err(OpenError::InUse(_))
    ));
    // Commands may work beside a server.
    assert!(Engine::open(&APP, &self::options(&folder)).is_ok());
    drop(first);
    assert!(Engine::open(&APP, &options).is_ok());
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn migrations_run_once_and_in_order() {
    static MORE: &[(&str, &str)] = &[
        ("0001_first.sql", SCHEMA),
        ("0002_more.sql", "ALTER TABLE tag ADD COLUMN extra TEXT;"),
    ];
    static CHANGED: &[(&str, &str)] = &[("0001_first.sql", "SELECT 1;")];
    static BROKEN: &[(&str, &str)] = &[
        ("0001_first.sql", SCHEMA),
        (
            "0002_broken.sql",
            "ALTER TABLE tag ADD COLUMN more TEXT; SELECT nonsense;",
        ),
    ];
    let folder = folder();
    let options = options(&folder);
    let open = |migrations| Engine::open(with_migrations(migrations), &options).map(|_| ());
    drop(Engine::open(&APP, &options).unwrap());
    assert!(
        matches!(open(BROKEN), Err(OpenError::Migration(name, _)) if name == "0002_broken.sql")
    );
    assert!(matches!(open(CHANGED), Err(OpenError::Changed(_))));
    open(MORE).unwrap();
    open(MORE).unwrap();
    assert!(folder.join("before-0002_more.db").exists());
    let newer = open(APP.migrations);
    assert!(
        matches!(&newer, Err(OpenError::Newer(name)) if name == "0002_more.sql"),
        "{newer:?}"
    );
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn copies_are_made_and_put_back() {
    let desk = desk();
    let ana = desk.user("Ana");
    desk.ticket(customer(ana), "Printer on fire");
    let copy = desk.folder.join("copy.db");
    engine::backup::backup(&desk.engine, &copy).unwrap();
    assert!(
        engine::backup::backup(&desk.engine, &copy).is_err(),
        "nothing is overwritten"
    );
    desk.ticket(customer(ana), "Not in the copy");
    let other = folder();
    let target = other.join("app.db");
    engine::backup::restore(&APP, &copy, &target, None).unwrap();
    let engine = Engine::open(&APP, &options(&other)).unwrap();
    let count = |engine: &Engine| {
        engine
            .read(|r| {
                Ok(r.query_row("SELECT count(*) FROM ticket", [], |row| {
                    row.get::<_, i64>(0)
                })?)
            })
            .unwrap()
    };
    assert_eq!(count(&engine), 1);
    engine
        .blocking_write(
            Caller::SYSTEM,
            |w| Ok(w.execute("DELETE FROM comment", [])?),
        )
        .unwrap();
    drop(engine);
    std::fs::write(
        other.join("damaged.db"),
        b"not a database at all, but long enough to be looked at as one",
    )
    .unwrap();
    assert!(engine::backup::restore(&APP, &other.join("damaged.db"), &target, None).is_err());
    assert!(target.exists());
    let _ = std::fs::remove_dir_all(other);
}

#[test]
fn sql_functions_agree_with_the_kernel() {
    let desk = desk();
    let value = |sql: &str| {
        desk.engine
            .read(|r| {
                Ok(r.query_row(&format!("SELECT {sql}"), [], |row| {
                    row.get::<_, Option<i64>>(0)
                })?)
            })
            .unwrap()
    };
    let text = |sql: &str| {
        desk.engine
            .read(|r| {
                Ok(r.query_row(&format!("SELECT {sql}"), [], |row| {
                    row.get::<_, Option<String>>(0)
                })?)
            })
            .unwrap()
    };
    assert_eq!(value("plus(9223372036854775807, 1)"), None);
    assert_eq!(value("plus(NULL, 1)"), None);
    assert_eq!(value("rescale(-25, 1, 0)"), Some(-3));
    assert_eq!(value("div_scaled(1, 0, 2)"), None);
    assert_eq!(value("mul_scaled(1990, 1250, 4)"), Some(249));
    assert_eq!(
        value("sum_checked(value) FROM json_each('[1,2,3]')"),
        Some(6)
    );
    assert_eq!(value("sum_checked(value) FROM json_each('[]')"), Some(0));
    assert_eq!(
        value("sum_checked(value) FROM json_each('[9223372036854775807,1]')"),
        None
    );
    assert_eq!(
        value("avg_scaled(value, 6) FROM json_each('[1,2,2]')"),
        Some(1_666_667)
    );
    assert_eq!(value("avg_scaled(value, 6) FROM json_each('[]')"), None);
    assert_eq!(value("matches('cart', '[a-z]+')"), Some(1));
    assert_eq!(value("matches(NULL, '[a-z]+')"), Some(0));
    assert_eq!(value("contains('a', NULL)"), Some(0));
    assert_eq!(value("list_contains('[\"a\",\"b\"]', 'b')"), Some(1));
    assert_eq!(value("list_contains('[1,2]', 2)"), Some(1));
    assert_eq!(value("length_u('naïve')"), Some(5));
    assert_eq!(value("date_add(0, 86400000)"), Some(1));
    assert_eq!(value("date_add(0, 1)"), None);
    assert_eq!(text("lower_u('ÄRGER')").as_deref(), Some("ärger"));
    assert_eq!(text("show(350, 'decimal2')").as_deref(), Some("3.50"));
    assert_eq!(text("show(NULL, 'integer')"), None);
}
