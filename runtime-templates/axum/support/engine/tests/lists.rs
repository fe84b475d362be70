//! Lists: what a caller may read and nothing else, whatever he filters, sorts or searches by.
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
use engine::query::{self, ListQuery, Page};
use engine::refusal::Refusal;
use kernel::value::Value;

fn parse(pairs: &[(&str, &str)]) -> Result<ListQuery, Refusal> {
    let pairs: Vec<(String, String)> = pairs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    query::parse(&APP, entity(TICKET), &pairs)
}

fn list(desk: &Desk, caller: Caller, pairs: &[(&str, &str)]) -> Result<Page, Refusal> {
    let query = parse(pairs)?;
    desk.engine
        .read(|r| query::list(r, &caller, entity(TICKET), &query))
}

fn subjects(page: &Page) -> Vec<String> {
    page.rows
        .iter()
        .map(|shown| {
            kernel::logic::text_of(shown.row.value(SUBJECT))
                .unwrap_or("-")
                .to_owned()
        })
        .collect()
}

fn json(desk: &Desk, caller: Caller, pairs: &[(&str, &str)]) -> serde_json::Value {
    let query = parse(pairs).unwrap();
    let mut out = Vec::new();
    desk.engine
        .read(|r| query::list_json(r, &caller, entity(TICKET), &query, &mut out))
        .unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn filled() -> (Desk, i64, i64, i64) {
    let desk = desk();
    let (ana, bob, max) = (desk.user("Ana"), desk.user("Bob"), desk.user("Max"));
    for (subject, by, price) in [
        ("apple pie", ana, 300),
        ("Banana", bob, 200),
        ("Äpfel", ana, 100),
        ("cherry 100%", bob, 0),
    ] {
        let id = desk.ticket(customer(by), subject);
        if price > 0 {
            desk.update(
                agent(max),
                TICKET,
                id,
                vec![(PRICE, Value::Int(price)), (ASSIGNEE, Value::Int(ana))],
            )
            .unwrap();
        }
    }
    (desk, ana, bob, max)
}

#[test]
fn everybody_sees_what_the_policy_says() {
    let (desk, ana, bob, max) = filled();
    assert_eq!(
        subjects(&list(&desk, agent(max), &[]).unwrap()),
        ["cherry 100%", "Äpfel", "Banana", "apple pie"]
    );
    assert_eq!(
        subjects(&list(&desk, customer(ana), &[]).unwrap()),
        ["Äpfel", "Banana", "apple pie"]
    );
    assert_eq!(
        subjects(&list(&desk, customer(bob), &[]).unwrap()),
        ["cherry 100%", "Banana"]
    );
    assert_eq!(
        list(&desk, Caller::VISITOR, &[]),
        Err(Refusal::Unauthenticated)
    );
    assert_eq!(list(&desk, customer(ana), &[]).unwrap().total, 3);
}

#[test]
fn fields_go_by_the_grant_that_holds() {
    let (desk, ana, _, max) = filled();
    let page = json(&desk, customer(ana), &[]);
    let items = page["items"].as_array().unwrap();
    let of = |subject: &str| {
        items
            .iter()
            .find(|item| item["subject"] == subject)
            .unwrap()
    };
    // Her own: no price. Bob's, assigned to her: subject, status, price only. Nothing private anywhere.
    assert!(
        of("apple pie").get("price").is_some(),
        "both grants hold for her own ticket that is assigned to her"
    );
    let banana: Vec<&str> = of("Banana")
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        banana,
        [
            "created", "id", "price", "status", "subject", "updated", "version"
        ]
    );
    assert_eq!(of("Banana")["price"], "2.00");
    assert!(items.iter().all(|item| item.get("secret_note").is_none()));
    let all = json(&desk, agent(max), &[]);
    assert!(
        all["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item.get("secret_note").is_none())
    );
    // The two ways of reading agree.
    let shown = list(&desk, customer(ana), &[]).unwrap();
    let banana = shown
        .rows
        .iter()
        .find(|shown| *shown.row.value(SUBJECT) == Value::from("Banana"))
        .unwrap();
    assert_eq!(banana.readable, 1 << SUBJECT | 1 << STATUS | 1 << PRICE);
    assert_eq!(*banana.row.value(REQUESTER), Value::Empty);
}

#[test]
fn filters_and_order_reveal_nothing() {
    let (desk, ana, bob, max) = filled();
    assert!(list(&desk, agent(max), &[("secret_note", "x")]).is_err());
    assert!(list(&desk, agent(max), &[("sort", "secret_note")]).is_err());
    assert!(list(&desk, agent(max), &[("nonsense", "x")]).is_err());
    // The requester of Bob's ticket can't be read by Ana, so it can't be found by it.
    let by_bob = list(&desk, customer(ana), &[("requester", &bob.to_string())]).unwrap();
    assert_eq!(by_bob.rows.len(), 0);
    let cheap = list(&desk, customer(bob), &[("price_to", "100")]);
    assert_eq!(
        cheap.unwrap().rows.len(),
        0,
        "no grant that holds for Bob covers price"
    );
    assert_eq!(
        subjects(&list(&desk, agent(max), &[("price_from", "2"), ("sort", "price")]).unwrap()),
        ["Banana", "apple pie"]
    );
}

#[test]
fn only_texts_are_looked_into() {
    let (desk, _, _, max) = filled();
    let found = list(&desk, agent(max), &[("subject_contains", "PPLE")]).unwrap();
    assert_eq!(subjects(&found), ["apple pie"]);
    for name in ["price_contains", "requester_contains", "due_like"] {
        let refused = list(&desk, agent(max), &[(name, "1")]);
        assert!(matches!(refused, Err(Refusal::Invalid(_))), "{name}");
    }
}

#[test]
fn sorting_is_for_people() {
    let (desk, _, _, max) = filled();
    assert_eq!(
        subjects(&list(&desk, agent(max), &[("sort", "subject")]).unwrap()),
        ["apple pie", "Banana", "cherry 100%", "Äpfel"]
    );
    assert_eq!(
        subjects(&list(&desk, agent(max), &[("sort", "price")]).unwrap())[0],
        "cherry 100%",
        "what is empty comes first"
    );
    assert_eq!(
        subjects(&list(&desk, agent(max), &[("sort", "-price")]).unwrap())[3],
        "cherry 100%"
    );
    let high = desk.count("SELECT id FROM ticket WHERE subject = 'Banana'");
    desk.update(
        agent(max),
        TICKET,
        high,
        vec![(PRIORITY, Value::from("high")), (DUE, Value::Int(30_000))],
    )
    .unwrap();
    assert_eq!(
        subjects(&list(&desk, agent(max), &[("sort", "-priority")]).unwrap())[0],
        "Banana"
    );
}

#[test]
fn search_finds_words_whatever_their_case() {
    let (desk, ana, _, max) = filled();
    assert_eq!(
        subjects(&list(&desk, agent(max), &[("q", "PIE apple")]).unwrap()),
        ["apple pie"]
    );
    assert_eq!(
        subjects(&list(&desk, agent(max), &[("q", "äPFEL")]).unwrap()),
        ["Äpfel"]
    );
    assert_eq!(
        subjects(&list(&desk, agent(max), &[("q", "%")]).unwrap()),
        ["cherry 100%"]
    );
    assert_eq!(
        list(&desk, customer(ana), &[("q", "cherry")])
            .unwrap()
            .total,
        0
    );
    assert_eq!(
        list(&desk, agent(max), &[("q", "' OR 1=1 --")])
            .unwrap()
            .total,
        0
    );
    assert_eq!(
        list(&desk, agent(max), &[("subject", "Banana' OR '1'='1")])
            .unwrap()
            .total,
        0
    );
}

#[test]
fn pages_and_cursors_show_every_row_once() {
    let (desk, ana, _, max) = filled();
    for index in 0..23 {
        let id = desk.ticket(customer(ana), &format!("Ticket {}", index % 5));
        if index % 3 == 0 {
            desk.update(agent(max), TICKET, id, vec![(PRICE, Value::Int(index))])
                .unwrap();
        }
    }
    for sort in [
        "",
        "subject",
        "-subject",
        "price",
        "-price,subject",
        "priority,-id",
        "-updated",
        "id",
    ] {
        let whole = list(&desk, agent(max), &[("sort", sort)]).unwrap();
        let ids = |page: &Page| {
            page.rows
                .iter()
                .map(|shown| shown.row.id)
                .collect::<Vec<_>>()
        };
        assert_eq!((whole.total, whole.next.clone()), (27, None));
        let mut by_page = Vec::new();
        for page in 1..=6 {
            let found = list(
                &desk,
                agent(max),
                &[
                    ("sort", sort),
                    ("per_page", "5"),
                    ("page", &page.to_string()),
                ],
            )
            .unwrap();
            assert_eq!(found.total, 27, "{sort}");
            by_page.extend(ids(&found));
        }
        assert_eq!(by_page, ids(&whole), "{sort}");
        let mut by_cursor = Vec::new();
        let mut after = String::new();
        loop {
            let found = list(
                &desk,
                agent(max),
                &[("sort", sort), ("per_page", "4"), ("after", &after)],
            )
            .unwrap();
            by_cursor.extend(ids(&found));
            match found.next {
                Some(next) => after = next,
                None => break,
            }
        }
        assert_eq!(by_cursor, ids(&whole), "{sort}");
    }
    assert!(list(&desk, agent(max), &[("after", "zz")]).is_err());
    assert!(list(&desk, agent(max), &[("sort", "price"), ("after", "5b315d")]).is_err());
    assert!(parse(&[("per_page", "201")]).is_err());
    assert!(parse(&[("page", "0")]).is_err());
}

#[test]
fn references_carry_what_they_are_shown_as() {
    let (desk, ana, _, max) = filled();
    let tag = desk
        .create(customer(ana), TAG, vec![(0, Value::from("fire"))])
        .unwrap();
    let id = desk.ticket(customer(ana), "With a tag");
    desk.update(
        customer(ana),
        TICKET,
        id,
        vec![(TAGS, Value::Ids(vec![tag]))],
    )
    .unwrap();
    let page = list(&desk, agent(max), &[("tags", &tag.to_string())]).unwrap();
    assert_eq!(page.rows.len(), 1);
    assert!(
        page.rows[0]
            .references
            .contains(&referred(TAGS, tag, "fire"))
    );
    assert!(
        page.rows[0]
            .references
            .contains(&referred(REQUESTER, ana, "Ana"))
    );
    let page = json(&desk, agent(max), &[("tags", &tag.to_string())]);
    assert_eq!(page["items"][0]["tags"], serde_json::json!([tag]));
    assert_eq!(page["items"][0]["comments"], 0);
    assert_eq!(page["items"][0]["words"], serde_json::json!([]));
    assert_eq!(page["total"], 1);
    let label = desk
        .engine
        .read(|r| Ok(query::label(r, entity(TICKET), id)))
        .unwrap();
    assert_eq!(label, "With a tag");
}

#[test]
fn a_single_row_is_there_or_not() {
    let (desk, ana, bob, _) = filled();
    let id = desk.count("SELECT id FROM ticket WHERE subject = 'apple pie'");
    let row = |caller: Caller| {
        let mut out = Vec::new();
        let version = desk
            .engine
            .read(|r| query::row_json(r, &caller, entity(TICKET), id, &mut out))
            .unwrap();
        version.map(|version| {
            (
                version,
                serde_json::from_slice::<serde_json::Value>(&out).unwrap(),
            )
        })
    };
    let (version, mine) = row(customer(ana)).unwrap();
    assert_eq!((version, mine["subject"].as_str()), (2, Some("apple pie")));
    assert_eq!(mine["due"], serde_json::Value::Null);
    assert!(row(customer(bob)).is_none());
    assert!(row(Caller::VISITOR).is_none());
}

fn referred(field: usize, id: i64, text: &str) -> engine::query::Referred {
    engine::query::Referred {
        field,
        id,
        address: id.to_string(),
        text: text.to_owned(),
    }
}
