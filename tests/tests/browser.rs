//! Every kind of page of every example in a real browser: as a visitor and as each kind of user, on a phone and on a
//! desk, by day and by night.
//!
//! `SCREENS` names a folder for pictures of all of them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it must be"
)]

#[path = "browser/chrome.rs"]
mod chrome;
#[path = "browser/judge.rs"]
mod judge;
#[path = "browser/without.rs"]
mod without;

use chrome::Chrome;
use judge::{LOOKS, judge};
use specc_tests::{Served, program, root};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

/// At most so many pages of one kind are looked at, for one person.
const MOST_OF_A_KIND: usize = 2;

/// Somebody who looks: nobody in particular, or a demo user.
struct Person {
    name: String,
    email: Option<String>,
}

/// A visitor, and one demo user of each set of roles.
fn people(log: &str) -> Vec<Person> {
    let mut people = vec![Person {
        name: "visitor".to_owned(),
        email: None,
    }];
    let users = log
        .lines()
        .skip_while(|line| !line.starts_with("demo log-ins"))
        .skip(1)
        .take_while(|line| line.starts_with("  "));
    for line in users {
        let (email, roles) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let name = roles.trim().replace(", ", "+").to_lowercase();
        if people.iter().all(|person| person.name != name) {
            people.push(Person {
                name,
                email: Some(email.to_owned()),
            });
        }
    }
    assert!(people.len() >= 3, "no demo log-ins in:\n{log}");
    people
}

/// What all pages with this address have in common: `/tickets/{id}?sort`.
fn kind_of(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| {
            let number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if number { "{id}" } else { part }
        })
        .collect();
    let keys: BTreeSet<&str> = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default())
        .filter(|key| !key.is_empty() && *key != "done")
        .collect();
    let mut kind = parts.join("/");
    for key in keys {
        kind.push_str(&format!("?{key}"));
    }
    kind
}

fn sign_in(chrome: &mut Chrome, address: &str, email: &str) {
    chrome.open(&format!("{address}/login"));
    chrome.fill("input[name=email]", email);
    chrome.fill("input[name=password]", "demo-password");
    chrome.press("main button[type=submit]");
    assert!(chrome.text().contains("Hello"), "{email} can't sign in");
}

/// Every kind of place in a page: elements with their classes and attributes, from the body down.
const SHAPES: &str = "(() => {
  const shapes = new Set();
  const visit = (one, path) => {
    const attributes = [...one.attributes].map((a) => ['class', 'type', 'role', 'aria-invalid'].includes(a.name) ? a.name + '=' + a.value : a.name);
    const here = path + '>' + one.localName + '[' + attributes.join(' ') + ']';
    shapes.add(here);
    for (const child of one.children) visit(child, here);
  };
  visit(document.body, '');
  return [...shapes];
})()";

/// Looks at a page, and says what is wrong with it.
struct Walk<'w> {
    chrome: &'w mut Chrome,
    app: &'w str,
    person: String,
    wrong: Vec<String>,
    kinds: BTreeSet<String>,
    shapes: &'w mut BTreeSet<String>,
}

impl Walk<'_> {
    fn look(&mut self, kind: &str, opened: &chrome::Opened) {
        self.kinds.insert(kind.to_owned());
        let path = self.chrome.path();
        // A page made of nothing but what was looked at before in this app is not worth axe's time again.
        let shapes = self.chrome.value(SHAPES);
        let mut is_new = false;
        for shape in shapes.as_array().unwrap() {
            is_new |= self.shapes.insert(shape.as_str().unwrap().to_owned());
        }
        let found = judge(self.chrome, opened, is_new);
        for what in found {
            self.wrong
                .push(format!("{} {} {path}: {what}", self.app, self.person));
        }
        if let Some(folder) = std::env::var_os("SCREENS").map(PathBuf::from) {
            std::fs::create_dir_all(&folder).unwrap();
            for look in LOOKS {
                self.chrome.look(look);
                let name = format!(
                    "{}_{}_{}_{}_{}.png",
                    self.app,
                    self.person,
                    kind.trim_start_matches('/')
                        .replace(['/', '?', '{', '}', ' '], "-"),
                    look.width,
                    if look.dark { "dark" } else { "light" }
                );
                self.chrome.picture(&folder.join(name));
            }
            self.chrome.look(LOOKS[0]);
        }
    }

    fn links(&mut self) -> Vec<String> {
        let links = self.chrome.value(
            "[...document.querySelectorAll('a[href]')].filter((a) => a.origin === location.origin && !a.hash)\
             .map((a) => a.pathname + a.search)",
        );
        links
            .as_array()
            .unwrap()
            .iter()
            .map(|link| link.as_str().unwrap().to_owned())
            .filter(|link| !link.contains(".csv") && !link.starts_with("/link/"))
            .collect()
    }
}

/// Follows every link from the first page on.
fn walk(spec: &str) {
    let served = Served::start(&program(&root().join(spec)));
    let app = spec.rsplit('/').next().unwrap_or(spec);
    let address = served.address.clone();
    let mut chrome = Chrome::start();
    let mut wrong = Vec::new();
    let mut kinds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut shapes = BTreeSet::new();
    for person in people(&served.log()) {
        chrome.forget();
        if let Some(email) = &person.email {
            sign_in(&mut chrome, &address, email);
        }
        let mut walk = Walk {
            chrome: &mut chrome,
            app,
            person: person.name.clone(),
            wrong: Vec::new(),
            kinds: BTreeSet::new(),
            shapes: &mut shapes,
        };
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut open: VecDeque<String> = VecDeque::from([
            "/".to_owned(),
            "/nothing-here".to_owned(),
            "/account/people".to_owned(),
        ]);
        let mut known: BTreeSet<String> = open.iter().cloned().collect();
        while let Some(path) = open.pop_front() {
            let kind = kind_of(&path);
            let times = seen.entry(kind.clone()).or_default();
            if *times == MOST_OF_A_KIND || (*times == 1 && !kind.ends_with("{id}")) {
                continue;
            }
            *times += 1;
            let opened = walk.chrome.open(&format!("{address}{path}"));
            assert!(opened.status < 500, "{app} {path}: {}", opened.status);
            walk.look(&kind, &opened);
            // What a page with a search or an order in its address leads to, the same page without has, too.
            let links = if path.contains('?') {
                Vec::new()
            } else {
                walk.links()
            };
            for link in links {
                // Beside each list: what a search finds, and one that finds nothing.
                let is_list = link.matches('/').count() == 1 && link.len() > 1;
                let more = [
                    format!("{link}?q=qqqqq"),
                    format!("{link}?q=e&sort=-updated"),
                ];
                let more = more.into_iter().filter(|_| {
                    is_list
                        && !link.contains('?')
                        && ![
                            "/login",
                            "/sign-up",
                            "/account",
                            "/_outbox",
                            "/forgot-password",
                        ]
                        .contains(&link.as_str())
                });
                for link in std::iter::once(link.clone()).chain(more) {
                    if known.insert(link.clone()) {
                        open.push_back(link);
                    }
                }
            }
            // A form that is sent empty comes back with what is missing.
            if path.ends_with("/new") || path.ends_with("/login") || path.ends_with("/sign-up") {
                let opened = walk.chrome.press("main form.form button[type=submit]");
                if opened.status == 422 {
                    walk.look(&format!("{kind} 422"), &opened);
                }
            }
        }
        wrong.append(&mut walk.wrong);
        kinds.insert(person.name, walk.kinds);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_wrong_is_found() {
    judge::finds_what_is_wrong(&mut Chrome::start());
}

#[test]
fn helpdesk() {
    walk("examples/helpdesk");
}

#[test]
fn bookings() {
    walk("examples/bookings");
}

#[test]
fn purchasing() {
    walk("examples/purchasing");
}

#[test]
fn journal() {
    walk("examples/journal");
}

/// With words that never end and scripts that run from right to left.
#[test]
fn workshop() {
    walk("tests/programs/workshop");
}

#[test]
fn everything_works_without_scripts() {
    without::scripts();
}
