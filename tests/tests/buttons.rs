//! A page has a button exactly where pressing it can succeed: every person, every row, every operation of a program
//! made of guards, each pressed for real and taken back.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where it can't go on"
)]

use rusqlite::Connection;
use serde_json::{Value, json};
use specc_tests::{Served, program, root};
use std::collections::BTreeSet;
use std::path::Path;

const PEOPLE: [&str; 6] = ["mina", "tova", "olaf", "karl", "kira", "willa"];

/// Something a page offers, or the interface allows: who, on which page, what.
type Offers = BTreeSet<(String, String, String)>;

struct Person {
    name: &'static str,
    cookie: String,
    token: String,
}

struct Desk {
    agent: ureq::Agent,
    address: String,
}

impl Desk {
    fn sign_in(&self, name: &'static str) -> Person {
        let email = format!("{name}@x.example");
        let token = self
            .agent
            .post(format!("{}/api/tokens", self.address))
            .send_json(json!({ "email": email, "password": "demo-password" }))
            .unwrap()
            .body_mut()
            .read_to_string()
            .unwrap();
        let token: Value = serde_json::from_str(&token).unwrap();
        let answer = self
            .agent
            .post(format!("{}/login", self.address))
            .header("Sec-Fetch-Site", "same-origin")
            .send_form([("email", email.as_str()), ("password", "demo-password")])
            .unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        Person {
            name,
            cookie: cookie.split(';').next().unwrap().to_owned(),
            token: token["token"].as_str().unwrap().to_owned(),
        }
    }

    fn page(&self, person: &Person, path: &str) -> (u16, String) {
        let mut answer = self
            .agent
            .get(format!("{}{path}", self.address))
            .header("Cookie", &person.cookie)
            .call()
            .unwrap();
        let status = answer.status().as_u16();
        (status, answer.body_mut().read_to_string().unwrap())
    }

    fn ask(&self, person: &Person, method: &str, path: &str, body: &Value) -> u16 {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}/api{path}", self.address))
            .header("Authorization", format!("Bearer {}", person.token))
            .header("Content-Type", "application/json")
            .body(if method == "DELETE" {
                String::new()
            } else {
                body.to_string()
            })
            .unwrap();
        let status = self.agent.run(request).unwrap().status().as_u16();
        assert!(status < 500, "{} {method} {path}: {status}", person.name);
        status
    }
}

/// What the store held when the test began, to go back to after each press.
struct Store(Connection);

impl Store {
    fn keep(path: &Path) -> Store {
        let connection = Connection::open(path).unwrap();
        connection.execute("ATTACH ':memory:' AS kept", []).unwrap();
        let store = Store(connection);
        for table in store.tables() {
            let sql = format!("CREATE TABLE kept.\"{table}\" AS SELECT * FROM main.\"{table}\"");
            store.0.execute(&sql, []).unwrap();
        }
        store
    }

    /// Those that operations write to.
    fn tables(&self) -> Vec<String> {
        let sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                   AND name NOT IN ('session', 'token', 'meta', 'migration', 'account', 'throttle') ORDER BY name";
        let mut statement = self.0.prepare(sql).unwrap();
        let names = statement.query_map([], |row| row.get(0)).unwrap();
        names.map(Result::unwrap).collect()
    }

    fn go_back(&self) {
        self.0.pragma_update(None, "foreign_keys", false).unwrap();
        self.0.execute_batch("BEGIN IMMEDIATE").unwrap();
        for table in self.tables() {
            let sql = format!(
                "DELETE FROM main.\"{table}\"; INSERT INTO main.\"{table}\" SELECT * FROM kept.\"{table}\";"
            );
            self.0.execute_batch(&sql).unwrap();
        }
        self.0.execute_batch("COMMIT").unwrap();
    }

    fn ids(&self, table: &str) -> Vec<i64> {
        let sql = format!("SELECT id FROM main.\"{table}\" ORDER BY id");
        let mut statement = self.0.prepare(&sql).unwrap();
        let ids = statement.query_map([], |row| row.get(0)).unwrap();
        ids.map(Result::unwrap).collect()
    }
}

/// Every address that a page links to or posts to, without its query.
fn addresses(html: &str) -> BTreeSet<String> {
    [" href=\"", " action=\""]
        .iter()
        .flat_map(|attribute| {
            html.split(attribute)
                .skip(1)
                .filter_map(|rest| rest.split(['"', '?']).next())
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_button_is_there_exactly_where_it_can_work() {
    let served = Served::start(&program(&root().join("tests/programs/workshop")));
    let desk = Desk {
        agent: ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .into(),
        address: served.address.clone(),
    };
    let store = Store::keep(&served.database());
    let (tools, notes, loans) = (store.ids("tool"), store.ids("note"), store.ids("loan"));
    assert!(tools.len() >= 12 && notes.len() >= 5 && loans.len() >= 2);
    let (mut shown, mut allowed) = (Offers::new(), Offers::new());
    let nothing = json!({});
    // With each operation something to send that no guard has anything against.
    let steps = [
        ("borrow", json!({ "until": "2999-01-01" })),
        ("return", nothing.clone()),
        ("break", nothing.clone()),
        ("mend", nothing.clone()),
        ("praise", nothing.clone()),
        ("call-back", json!({ "reason": "It is needed." })),
        ("sell", nothing.clone()),
        ("clear-the-notes", nothing.clone()),
    ];
    for person in PEOPLE.map(|name| desk.sign_in(name)) {
        let mut offer = |page: &str, what: &str, is_shown: bool, is_allowed: bool| {
            let offer = || (person.name.to_owned(), page.to_owned(), what.to_owned());
            if is_shown {
                shown.insert(offer());
            }
            if is_allowed {
                allowed.insert(offer());
                store.go_back();
            }
        };
        for tool in &tools {
            let here = format!("/tools/{tool}");
            let (status, html) = desk.page(&person, &here);
            let seen = addresses(&html);
            assert!(status == 200 || seen.iter().all(|address| !address.starts_with(&here)));
            let shows = |what: &str| seen.contains(&format!("{here}/{what}"));
            for (step, body) in &steps {
                let done = desk.ask(&person, "POST", &format!("{here}/{step}"), body);
                offer(&here, step, shows(step), done == 200);
                // Its form is there under the same condition as the button.
                let form = desk.page(&person, &format!("{here}/{step}")).0;
                assert_eq!(form == 200, shows(step), "{} {here}/{step}", person.name);
            }
            let edited = [json!({ "name": "Another name" }), json!({ "deposit": 101 })]
                .iter()
                .any(|body| desk.ask(&person, "PATCH", &here, body) == 200);
            offer(&here, "edit", shows("edit"), edited);
            let deleted = desk.ask(&person, "DELETE", &here, &nothing);
            offer(&here, "delete", shows("delete"), deleted == 204);
            let note = json!({ "tool": tool, "text": "A word." });
            let noted = desk.ask(&person, "POST", "/notes", &note);
            offer(&here, "note", seen.contains("/notes/new"), noted == 201);
        }
        for (entity, ids, change) in [
            ("notes", &notes, json!({ "text": "Another word." })),
            ("loans", &loans, json!({ "reason": "Another reason" })),
        ] {
            for id in ids {
                let here = format!("/{entity}/{id}");
                let (_, html) = desk.page(&person, &here);
                let seen = addresses(&html);
                let edited = desk.ask(&person, "PATCH", &here, &change);
                offer(
                    &here,
                    "edit",
                    seen.contains(&format!("{here}/edit")),
                    edited == 200,
                );
                let deleted = desk.ask(&person, "DELETE", &here, &nothing);
                offer(
                    &here,
                    "delete",
                    seen.contains(&format!("{here}/delete")),
                    deleted == 204,
                );
            }
        }
        let home = addresses(&desk.page(&person, "/").1);
        for action in ["close-the-day", "open-the-machines", "count-the-crowd"] {
            let done = desk.ask(&person, "POST", &format!("/{action}"), &nothing);
            let link = home.contains(&format!("/do/{action}"));
            offer("/", action, link, done == 200 || done == 204);
        }
        for (entity, row) in [
            ("tools", json!({ "name": "A new one" })),
            (
                "loans",
                json!({ "tool": tools[1], "reason": "For the day" }),
            ),
        ] {
            let seen = addresses(&desk.page(&person, &format!("/{entity}")).1);
            let new = format!("/{entity}/new");
            assert_eq!(
                seen.contains(&new),
                home.contains(&new),
                "{} {new}",
                person.name
            );
            let made = desk.ask(&person, "POST", &format!("/{entity}"), &row);
            offer(
                &format!("/{entity}"),
                "new",
                seen.contains(&new),
                made == 201,
            );
        }
    }
    let (extra, missing): (Vec<_>, Vec<_>) = (
        shown.difference(&allowed).collect(),
        allowed.difference(&shown).collect(),
    );
    assert!(
        extra.is_empty() && missing.is_empty(),
        "buttons that can't work: {extra:#?}\nmissing buttons: {missing:#?}"
    );
    // Every operation was possible for somebody, and nobody could do everything.
    for (what, least) in [
        ("borrow", 3),
        ("return", 4),
        ("break", 3),
        ("mend", 2),
        ("praise", 2),
        ("call-back", 3),
        ("sell", 3),
        ("clear-the-notes", 4),
        ("edit", 5),
        ("delete", 5),
        ("note", 20),
        ("new", 2),
        ("close-the-day", 3),
        ("open-the-machines", 2),
        ("count-the-crowd", 6),
    ] {
        let times = allowed.iter().filter(|(_, _, done)| done == what).count();
        assert!(times >= least, "{what} was possible {times} times");
        assert!(
            times < PEOPLE.len() * tools.len(),
            "{what} was always possible"
        );
    }
}
