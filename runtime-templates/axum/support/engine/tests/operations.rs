//! The order of an operation: who, shape, the row, access, version, requirements, effects, rules.
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
use engine::operate;
use engine::refusal::Refusal;
use kernel::value::Value;

#[test]
fn a_row_is_made_with_its_defaults() {
    let desk = desk();
    let ana = desk.user("Ana");
    let first = desk.ticket(customer(ana), "Printer on fire");
    let second = desk.ticket(customer(ana), "Printer on fire");
    assert_eq!(desk.value(TICKET, first, STATUS), Value::from("open"));
    assert_eq!(desk.value(TICKET, first, PRIORITY), Value::from("normal"));
    assert_eq!(desk.value(TICKET, first, REQUESTER), Value::Int(ana));
    assert_eq!(
        desk.value(TICKET, first, SLUG),
        Value::from("printer-on-fire")
    );
    assert_eq!(
        desk.value(TICKET, second, SLUG),
        Value::from("printer-on-fire-2")
    );
    let (Value::Text(one), Value::Text(two)) = (
        desk.value(TICKET, first, NUMBER),
        desk.value(TICKET, second, NUMBER),
    ) else {
        panic!("no numbers")
    };
    assert!(one.starts_with("T-20") && one.ends_with("-0001"), "{one}");
    assert!(two.ends_with("-0002"), "{two}");
    let secret: String = desk
        .engine
        .read(|r| {
            Ok(r.query_row(
                "SELECT secret_note FROM ticket WHERE id = ?1",
                [first],
                |row| row.get(0),
            )?)
        })
        .unwrap();
    assert_eq!(secret.len(), 16);
}

#[test]
fn numbers_of_a_series_have_no_gaps() {
    let desk = desk();
    let ana = desk.user("Ana");
    desk.ticket(customer(ana), "One, two");
    let refused = desk.create(
        customer(ana),
        TICKET,
        vec![
            (SUBJECT, Value::from("High")),
            (PRIORITY, Value::from("high")),
        ],
    );
    assert_eq!(rules(refused).len(), 2);
    let id = desk.ticket(customer(ana), "Three");
    assert!(matches!(desk.value(TICKET, id, NUMBER), Value::Text(text) if text.ends_with("-0002")));
}

#[test]
fn who_may_not_is_told_so_before_anything_else() {
    let desk = desk();
    let ana = desk.user("Ana");
    let values = || vec![(SUBJECT, Value::from("x"))];
    assert_eq!(
        desk.create(Caller::VISITOR, TICKET, values()),
        Err(Refusal::Unauthenticated)
    );
    assert_eq!(
        desk.create(agent(ana), TICKET, values()),
        Err(Refusal::Forbidden)
    );
}

#[test]
fn all_errors_of_all_fields_come_at_once() {
    let desk = desk();
    let ana = desk.user("Ana");
    let refused = desk.create(
        customer(ana),
        TICKET,
        vec![
            (SUBJECT, Value::from("ab")),
            (PRIORITY, Value::from("highest")),
            (CODE, Value::from("ab1")),
            (TAGS, Value::Ids(vec![99])),
            (STATUS, Value::from("solved")),
            (PRICE, Value::Int(5)),
        ],
    );
    let mut found = rules(refused);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("code", "pattern"),
            ("price", "read-only"),
            ("priority", "choice"),
            ("status", "read-only"),
            ("subject", "length"),
            ("tags", "reference"),
        ]
    );
    assert_eq!(
        rules(desk.create(customer(ana), TICKET, vec![])),
        [("subject", "required")]
    );
    assert_eq!(desk.count("SELECT count(*) FROM ticket"), 0);
}

#[test]
fn unique_values_are_looked_at_once_the_input_is_right() {
    let desk = desk();
    let ana = desk.user("Ana");
    desk.create(
        customer(ana),
        TICKET,
        vec![
            (SUBJECT, Value::from("One, two")),
            (SLUG, Value::from("taken")),
        ],
    )
    .unwrap();
    let refused = desk.create(
        customer(ana),
        TICKET,
        vec![(SUBJECT, Value::from("ab")), (SLUG, Value::from("taken"))],
    );
    // Whether a value is taken is no business of those who are refused before.
    assert_eq!(rules(refused), [("subject", "length")]);
    let refused = desk.create(
        customer(ana),
        TICKET,
        vec![(SUBJECT, Value::from("abc")), (SLUG, Value::from("taken"))],
    );
    assert_eq!(rules(refused), [("slug", "unique")]);
}

#[test]
fn access_to_a_new_row_is_looked_at_on_the_new_row() {
    let desk = desk();
    let (ana, bob) = (desk.user("Ana"), desk.user("Bob"));
    let values = vec![
        (SUBJECT, Value::from("For Bob")),
        (REQUESTER, Value::Int(bob)),
    ];
    // Staff may know Bob; who files tickets still files their own.
    let both = Caller {
        roles: CUSTOMER | AGENT,
        ..customer(ana)
    };
    assert_eq!(
        desk.create(both, TICKET, values.clone()),
        Err(Refusal::Forbidden)
    );
    // To Ana alone he does not exist.
    assert_eq!(
        rules(desk.create(customer(ana), TICKET, values)),
        [("requester", "reference")]
    );
    assert_eq!(desk.count("SELECT count(*) FROM ticket"), 0);
}

#[test]
fn unreadable_rows_are_not_there() {
    let desk = desk();
    let (ana, bob) = (desk.user("Ana"), desk.user("Bob"));
    let ticket = desk.ticket(customer(ana), "Printer on fire");
    let change = || vec![(SUBJECT, Value::from("Mine now"))];
    assert_eq!(
        desk.update(customer(bob), TICKET, ticket, change()),
        Err(Refusal::NotFound)
    );
    assert_eq!(
        desk.update(customer(bob), TICKET, 12345, change()),
        Err(Refusal::NotFound)
    );
    assert!(desk.update(customer(ana), TICKET, ticket, change()).is_ok());
    let not_mine = desk.create(
        customer(bob),
        COMMENT,
        vec![(0, Value::Int(ticket)), (TEXT, Value::from("hi"))],
    );
    assert_eq!(rules(not_mine), [("ticket", "reference")]);
    let nowhere = desk.create(
        customer(bob),
        COMMENT,
        vec![(0, Value::Int(777)), (TEXT, Value::from("hi"))],
    );
    assert_eq!(rules(nowhere), [("ticket", "reference")]);
}

#[test]
fn versions_stop_lost_updates() {
    let desk = desk();
    let ana = desk.user("Ana");
    let ticket = desk.ticket(customer(ana), "Printer on fire");
    let write = |version: i64, subject: &'static str| {
        desk.engine.blocking_write(customer(ana), move |w| {
            operate::update(
                w,
                entity(TICKET),
                ticket,
                Some(version),
                vec![(SUBJECT, Value::from(subject))],
            )
        })
    };
    assert_eq!(write(1, "First").unwrap().version, 2);
    assert_eq!(write(1, "Second"), Err(Refusal::Stale));
    // What is there already changes nothing.
    assert_eq!(write(2, "First").unwrap().version, 2);
}

#[test]
fn grants_name_fields() {
    let desk = desk();
    let (ana, max) = (desk.user("Ana"), desk.user("Max"));
    let ticket = desk.ticket(customer(ana), "Printer on fire");
    assert_eq!(
        rules(desk.update(customer(ana), TICKET, ticket, vec![(PRICE, Value::Int(5))])),
        [("price", "read-only")]
    );
    assert_eq!(
        desk.update(agent(max), TICKET, ticket, vec![(PRICE, Value::Int(5))]),
        Ok(2)
    );
    assert_eq!(
        desk.update(
            agent(max),
            TICKET,
            ticket,
            vec![(SUBJECT, Value::from("abc"))]
        ),
        Err(Refusal::Forbidden)
    );
    // Effects may write it, clients never.
    assert_eq!(
        rules(desk.update(agent(max), TICKET, ticket, vec![(SOLVED_AT, Value::Int(5))])),
        [("solved_at", "read-only")]
    );
    assert_eq!(
        rules(desk.update(agent(max), TICKET, ticket, vec![(COMMENTS, Value::Int(5))])),
        [("comments", "read-only")]
    );
}

#[test]
fn a_field_that_the_caller_may_not_write_is_named() {
    let body = serde_json::json!({ "subject": "Printer", "price": 5 });
    let refused = engine::decode::json(
        &APP,
        entity(TICKET),
        body.as_object().unwrap(),
        1 << SUBJECT,
        true,
    )
    .unwrap_err();
    let named: Vec<_> = refused
        .iter()
        .map(|error| (&*error.field.to_string().leak(), error.rule))
        .collect();
    assert_eq!(named, [("price", "read-only")]);
}

#[test]
fn fixed_fields_never_change() {
    let desk = desk();
    let (ana, bob) = (desk.user("Ana"), desk.user("Bob"));
    let ticket = desk.ticket(customer(ana), "Printer on fire");
    let refused = desk.update(
        Caller::SYSTEM,
        TICKET,
        ticket,
        vec![(REQUESTER, Value::Int(bob))],
    );
    assert_eq!(rules(refused), [("requester", "fixed")]);
    assert!(
        desk.update(
            customer(ana),
            TICKET,
            ticket,
            vec![(REQUESTER, Value::Int(bob))]
        )
        .is_err()
    );
    assert_eq!(desk.value(TICKET, ticket, REQUESTER), Value::Int(ana));
}

fn step(
    desk: &Desk,
    caller: Caller,
    ticket: i64,
    slug: &'static str,
    reason: Option<&'static str>,
) -> Result<String, Refusal> {
    let inputs = reason
        .map(|reason| ("reason", Value::from(reason)))
        .into_iter()
        .collect();
    let row = desk.engine.blocking_write(caller, move |w| {
        operate::step(w, entity(TICKET), ticket, slug, None, inputs)
    })?;
    Ok(kernel::logic::text_of(row.value(STATUS))
        .unwrap_or_default()
        .to_owned())
}

#[test]
fn a_lifecycle_goes_by_its_steps() {
    let desk = desk();
    let (ana, max) = (desk.user("Ana"), desk.user("Max"));
    let ticket = desk.ticket(customer(ana), "Printer on fire");
    assert_eq!(
        step(&desk, customer(ana), ticket, "solve", Some("done it")),
        Err(Refusal::Forbidden)
    );
    assert_eq!(
        step(&desk, Caller::VISITOR, ticket, "solve", Some("done it")),
        Err(Refusal::Unauthenticated)
    );
    assert_eq!(
        rules(step(&desk, agent(max), ticket, "solve", None)),
        [("reason", "required")]
    );
    let short = step(&desk, agent(max), ticket, "solve", Some("ok"));
    assert!(
        matches!(
            short,
            Err(Refusal::Conflict {
                rule: "a-reason-says-something",
                ..
            })
        ),
        "{short:?}"
    );
    let unassigned = step(&desk, agent(max), ticket, "solve", Some("done it"));
    assert!(
        matches!(
            unassigned,
            Err(Refusal::Conflict {
                rule: "not-now",
                ..
            })
        ),
        "{unassigned:?}"
    );
    desk.update(
        agent(max),
        TICKET,
        ticket,
        vec![(ASSIGNEE, Value::Int(max))],
    )
    .unwrap();
    assert_eq!(
        step(&desk, agent(max), ticket, "solve", Some("done it")).as_deref(),
        Ok("solved")
    );
    assert!(matches!(
        desk.value(TICKET, ticket, SOLVED_AT),
        Value::Int(_)
    ));
    let again = step(&desk, agent(max), ticket, "solve", Some("done it"));
    assert!(
        matches!(
            again,
            Err(Refusal::Conflict {
                rule: "not-now",
                ..
            })
        ),
        "{again:?}"
    );
    assert_eq!(
        step(&desk, agent(max), ticket, "reopen", None),
        Err(Refusal::Forbidden)
    );
    assert_eq!(
        step(&desk, customer(ana), ticket, "reopen", None).as_deref(),
        Ok("open")
    );
    assert_eq!(
        step(&desk, customer(ana), ticket, "nothing", None),
        Err(Refusal::NotFound)
    );
    let mails = desk.engine.read(|r| engine::mail::outbox(r, 10)).unwrap();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (
            mails[0].to.as_str(),
            mails[0].subject.as_str(),
            mails[0].text.as_str()
        ),
        ("ana@example.com", "Solved: it is done", "Thanks.")
    );
}

#[test]
fn effects_have_the_rights_of_the_caller() {
    let desk = desk();
    let (ana, max) = (desk.user("Ana"), desk.user("Max"));
    let ticket = desk.ticket(customer(ana), "Printer on fire");
    let act = |caller: Caller, slug: &'static str| {
        desk.engine.blocking_write(caller, move |w| {
            operate::action(w, Some(entity(TICKET)), Some(ticket), slug, None, vec![])
        })
    };
    assert_eq!(act(customer(ana), "take-over"), Err(Refusal::Forbidden));
    assert!(act(agent(max), "take-over").is_ok());
    assert_eq!(desk.value(TICKET, ticket, ASSIGNEE), Value::Int(max));
    assert_eq!(act(customer(ana), "overreach"), Err(Refusal::Forbidden));
    // Nothing of it was kept, not even what the program itself was allowed.
    assert_eq!(
        desk.value(TICKET, ticket, SUBJECT),
        Value::from("Printer on fire")
    );
    assert!(act(customer(ana), "try").is_ok());
    assert_eq!(
        desk.count("SELECT count(*) FROM tag WHERE word = 'otherwise'"),
        1
    );
    assert_eq!(
        desk.count("SELECT count(*) FROM tag WHERE word = 'tried'"),
        0
    );
    // What breaks a rule by itself is undone, too, though rules are looked at at the end.
    assert!(act(customer(ana), "rush").is_ok());
    assert_eq!(desk.value(TICKET, ticket, PRIORITY), Value::from("normal"));
    assert_eq!(
        desk.count("SELECT count(*) FROM tag WHERE word = 'no rush'"),
        1
    );
}

#[test]
fn inputs_refer_to_what_the_caller_may_read() {
    let desk = desk();
    let ana = desk.user("Ana");
    let ticket = desk.ticket(customer(ana), "Printer on fire");
    let hidden = desk
        .create(
            Caller::SYSTEM,
            TAG,
            vec![(0, Value::from("secret")), (1, Value::Int(1))],
        )
        .unwrap();
    let open = desk
        .create(Caller::SYSTEM, TAG, vec![(0, Value::from("open"))])
        .unwrap();
    let assign = |tag: i64| {
        desk.engine.blocking_write(customer(ana), move |w| {
            operate::action(
                w,
                Some(entity(TICKET)),
                Some(ticket),
                "assign",
                None,
                vec![("tag", Value::Int(tag))],
            )
        })
    };
    assert_eq!(rules(assign(hidden)), [("tag", "reference")]);
    assert_eq!(rules(assign(777)), [("tag", "reference")]);
    assert!(assign(open).is_ok());
    let refused = desk.update(
        customer(ana),
        TICKET,
        ticket,
        vec![(TAGS, Value::Ids(vec![open, hidden]))],
    );
    assert_eq!(rules(refused), [("tags", "reference")]);
    assert!(
        desk.update(
            customer(ana),
            TICKET,
            ticket,
            vec![(TAGS, Value::Ids(vec![open, open]))]
        )
        .is_ok()
    );
    assert_eq!(desk.value(TICKET, ticket, TAGS), Value::Ids(vec![open]));
}

#[test]
fn rules_see_the_end_and_all_broken_ones_are_named() {
    let desk = desk();
    let ana = desk.user("Ana");
    let refused = desk.create(
        customer(ana),
        TICKET,
        vec![(SUBJECT, Value::from("Late")), (DUE, Value::Int(1))],
    );
    assert_eq!(
        rules(refused),
        [("", "a-ticket-is-due-today-or-later-when-it-is-filed")]
    );
    let ticket = desk.ticket(customer(ana), "Printer on fire");
    let refused = desk.update(
        customer(ana),
        TICKET,
        ticket,
        vec![(PRIORITY, Value::from("high"))],
    );
    assert_eq!(
        rules(refused),
        [
            ("priority", "a-high-priority-ticket-has-a-due-date"),
            ("due", "a-high-priority-ticket-has-a-due-date"),
        ]
    );
    // Rules for creation do not come back on update.
    assert!(
        desk.update(
            customer(ana),
            TICKET,
            ticket,
            vec![(PRIORITY, Value::from("high")), (DUE, Value::Int(1))]
        )
        .is_ok()
    );
}

#[test]
fn rules_are_looked_at_when_another_row_changes() {
    let desk = desk();
    let ana = desk.user("Ana");
    let ticket = desk.ticket(customer(ana), "Printer on fire");
    let comment = || {
        desk.create(
            customer(ana),
            COMMENT,
            vec![(0, Value::Int(ticket)), (TEXT, Value::from("hi"))],
        )
    };
    for _ in 0..3 {
        comment().unwrap();
    }
    assert_eq!(
        rules(comment()),
        [("", "a-ticket-has-at-most-three-comments")]
    );
    assert_eq!(desk.value(TICKET, ticket, COMMENTS), Value::Int(3));
}

#[test]
fn hooks_run_with_the_row_and_touch_others() {
    let desk = desk();
    let (ana, max) = (desk.user("Ana"), desk.user("Max"));
    let ticket = desk.ticket(customer(ana), "Printer on fire");
    desk.create(
        customer(ana),
        COMMENT,
        vec![
            (0, Value::Int(ticket)),
            (TEXT, Value::from("this is urgent")),
        ],
    )
    .unwrap();
    assert!(!desk.value(TICKET, ticket, DUE).is_empty());
    desk.update(
        agent(max),
        TICKET,
        ticket,
        vec![(ASSIGNEE, Value::Int(max))],
    )
    .unwrap();
    step(&desk, agent(max), ticket, "solve", Some("done it")).unwrap();
    let late = desk.create(
        customer(ana),
        COMMENT,
        vec![(0, Value::Int(ticket)), (TEXT, Value::from("hi"))],
    );
    assert!(
        matches!(
            late,
            Err(Refusal::Conflict {
                rule: "solved-tickets-are-closed",
                ..
            })
        ),
        "{late:?}"
    );
}

#[test]
fn deletion_follows_the_fields_that_refer() {
    let desk = desk();
    let (ana, max) = (desk.user("Ana"), desk.user("Max"));
    let tag = desk
        .create(customer(ana), TAG, vec![(0, Value::from("fire"))])
        .unwrap();
    let ticket = desk
        .create(
            customer(ana),
            TICKET,
            vec![
                (SUBJECT, Value::from("Printer on fire")),
                (TAGS, Value::Ids(vec![tag])),
            ],
        )
        .unwrap();
    desk.create(
        customer(ana),
        COMMENT,
        vec![(0, Value::Int(ticket)), (TEXT, Value::from("hi"))],
    )
    .unwrap();
    desk.create(
        agent(max),
        COMMENT,
        vec![(0, Value::Int(ticket)), (TEXT, Value::from("hello"))],
    )
    .unwrap();
    desk.update(
        agent(max),
        TICKET,
        ticket,
        vec![(ASSIGNEE, Value::Int(max))],
    )
    .unwrap();
    desk.delete(customer(ana), TAG, tag).unwrap();
    assert_eq!(desk.value(TICKET, ticket, TAGS), Value::Empty);
    let held = desk.delete(customer(ana), USER, ana);
    assert_eq!(
        held,
        Err(Refusal::Conflict {
            rule: "referenced",
            message: "This can't be deleted: 1 Ticket refers to it.".to_owned(),
        })
    );
    // Max goes: the assignee is emptied, the comment keeps a nameless stub.
    desk.delete(customer(max), USER, max).unwrap();
    assert_eq!(desk.value(TICKET, ticket, ASSIGNEE), Value::Empty);
    assert_eq!(
        desk.count("SELECT count(*) FROM \"user\" WHERE name = '' AND email LIKE 'deleted-%'"),
        1
    );
    let people = desk
        .engine
        .read(|r| engine::query::options(r, &customer(ana), entity(USER), None, 10))
        .unwrap();
    assert_eq!(people, [(ana.to_string(), "Ana".to_owned())]);
    desk.user("Max");
    assert_eq!(
        desk.delete(admin(ana), TICKET, ticket),
        Err(Refusal::Forbidden)
    );
    let other = desk.user("Eve");
    desk.update(
        agent(other),
        TICKET,
        ticket,
        vec![(ASSIGNEE, Value::Int(other)), (PRICE, Value::Int(5000))],
    )
    .unwrap();
    step(&desk, agent(other), ticket, "solve", Some("done it")).unwrap();
    assert_eq!(
        rules(desk.delete(admin(other), TICKET, ticket)),
        [("", "only-cheap-tickets-go")]
    );
    desk.update(agent(other), TICKET, ticket, vec![(PRICE, Value::Int(5))])
        .unwrap();
    desk.delete(admin(other), TICKET, ticket).unwrap();
    assert_eq!(desk.count("SELECT count(*) FROM comment"), 0);
    desk.delete(customer(ana), USER, ana).unwrap();
}

#[test]
fn everything_is_recorded_and_private_values_stay_out() {
    let desk = desk();
    let (ana, bob) = (desk.user("Ana"), desk.user("Bob"));
    let ticket = desk.ticket(customer(ana), "Printer on fire");
    desk.update(
        customer(ana),
        TICKET,
        ticket,
        vec![(SUBJECT, Value::from("It is out"))],
    )
    .unwrap();
    desk.update(
        Caller::SYSTEM,
        TICKET,
        ticket,
        vec![(SECRET_NOTE, Value::from("psst")), (PRICE, Value::Int(7))],
    )
    .unwrap();
    let of = |caller: Caller| {
        desk.engine
            .read(|r| engine::audit::of(r, &caller, entity(TICKET), ticket))
            .unwrap()
    };
    let entries = of(customer(ana));
    assert_eq!(
        entries
            .iter()
            .map(|entry| entry.what.as_str())
            .collect::<Vec<_>>(),
        ["update", "update", "create"]
    );
    assert_eq!(entries[1].fields, ["subject"]);
    assert_eq!(entries[1].who.as_deref(), Some("Ana"));
    assert!(entries[0].fields.is_empty(), "{:?}", entries[0].fields);
    assert_eq!(of(agent(bob))[0].fields, ["price"]);
    assert!(of(customer(bob)).is_empty());
    assert_eq!(
        desk.count("SELECT count(*) FROM audit WHERE changes LIKE '%psst%'"),
        0
    );
}

#[test]
fn planted_rows_go_around_access_and_lifecycle_but_not_around_rules() {
    let desk = desk();
    let ana = desk.user("Ana");
    let plant = |values: Vec<(usize, Value)>| {
        desk.engine.blocking_write(Caller::SYSTEM, move |w| {
            operate::plant(w, entity(TICKET), values)
        })
    };
    let base = || {
        vec![
            (SUBJECT, Value::from("Slow laptop")),
            (REQUESTER, Value::Int(ana)),
            (STATUS, Value::from("solved")),
            (DUE, Value::Int(1)),
        ]
    };
    let ticket = plant(base()).unwrap();
    assert_eq!(desk.value(TICKET, ticket, STATUS), Value::from("solved"));
    assert_eq!(
        rules(plant(vec![
            (SUBJECT, Value::from("x")),
            (REQUESTER, Value::Int(ana))
        ])),
        [("subject", "length")]
    );
    let mut high = base();
    high.retain(|(field, _)| *field != DUE);
    high.push((PRIORITY, Value::from("high")));
    assert_eq!(rules(plant(high)).len(), 2);
}

#[test]
fn abilities_say_what_can_be_done_now() {
    let desk = desk();
    let (ana, max) = (desk.user("Ana"), desk.user("Max"));
    let ticket = desk.ticket(customer(ana), "Printer on fire");
    let able = |caller: Caller| {
        let abilities = desk
            .engine
            .read(|r| engine::access::abilities(r, &caller, entity(TICKET), ticket))
            .unwrap();
        (
            abilities.update,
            abilities.delete,
            abilities
                .operations
                .iter()
                .map(|ability| ability.slug)
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(
        able(customer(ana)),
        (
            1 << SUBJECT | 1 << PRIORITY | 1 << DUE | 1 << TAGS,
            false,
            vec!["overreach", "try", "rush", "assign"]
        )
    );
    assert_eq!(
        able(agent(max)).2,
        ["take-over", "overreach", "try", "rush", "assign"]
    );
    desk.update(
        agent(max),
        TICKET,
        ticket,
        vec![(ASSIGNEE, Value::Int(max))],
    )
    .unwrap();
    assert_eq!(
        able(agent(max)).2,
        ["solve", "take-over", "overreach", "try", "rush", "assign"]
    );
    assert_eq!(
        able(customer(max)),
        (0, false, vec!["overreach", "try", "rush", "assign"])
    );
    assert_eq!(able(Caller::VISITOR), (0, false, vec![]));
}

#[test]
fn roles_come_from_what_was_given_and_from_conditions() {
    let desk = desk();
    let (ana, bob) = (desk.user("Ana"), desk.user("Bob"));
    desk.engine
        .blocking_write(Caller::SYSTEM, move |w| {
            w.execute(
                "INSERT INTO user_role (user_id, role) VALUES (?1, 'admin')",
                [bob],
            )?;
            Ok(())
        })
        .unwrap();
    let of = |user: i64| {
        desk.engine
            .read(|r| engine::access::caller_of(r, user))
            .unwrap()
    };
    assert_eq!(of(ana).roles, 8);
    assert_eq!(of(bob).roles, ADMIN);
}
