//! Who somebody is: secrets that are none, that ended, that are someone else's; logging in and out; forms from elsewhere.

mod ends;

use super::browser::{Browser, Pairs, exchange};
use super::html::{Document, Form};
use super::ledger::{Demand, Ledger, Seen};
use super::{Ground, Set, people};
use crate::app::{Exchange, NoAnswer, Page};
use serde_json::{Value as Json, json};
use specc_ir::eval::Value;
use specc_ir::expr::FieldRef;
use specc_ir::ir::{FieldId, USER};
use specc_syntax::span::Span;
use std::collections::{BTreeMap, BTreeSet};

const DAY: i64 = 86_400_000;
const EMAIL: FieldRef = FieldRef::Field(FieldId(1));
/// What the people of the scene log in with; two have the same.
const PASSWORD: &str = "tall-otter-reads-9317";
const ANOTHER: &str = "calm-heron-walks-2846";
/// After so many wrong passwords for one account the next is not even looked at.
const MOST_TRIES: u32 = 30;

/// Judges sessions; what is wrong is looked at twice.
pub fn judge(ground: Ground<'_>, ledger: &mut Ledger) -> Result<(), NoAnswer> {
    let mut first = Ledger::new(ground.seed);
    story(ground, &mut first)?;
    if first.any_wrong() {
        let mut second = Ledger::new(ground.seed);
        story(ground, &mut second)?;
        first.confirmed_by(second);
    }
    ledger.take(first);
    Ok(())
}

/// What is demanded, what the form holds, and what is said of where it comes from.
type Foreign<'f> = (&'f str, &'f Pairs, Vec<(&'f str, &'f str)>);

struct Story<'a, 'l> {
    ground: Ground<'a>,
    set: Set<'a>,
    ledger: &'l mut Ledger,
    /// Who logs in, with their address.
    ana: (i64, String),
    ben: (i64, String),
}

fn demand(id: &str, what: &str, span: Span) -> Demand {
    Demand {
        id: format!("session.{id}"),
        class: "sessions",
        what: what.to_owned(),
        span,
    }
}

/// Everything that is demanded, in the words of the report.
const DEMANDS: &[(&str, &str)] = &[
    ("none", "without a session nobody is anybody"),
    ("rubbish", "rubbish in the place of a token is refused"),
    ("forged", "a secret that differs in one character is none"),
    ("kind", "a cookie is no token, and a token is no cookie"),
    (
        "log-in",
        "the right password opens a session, through the page",
    ),
    (
        "wrong-password",
        "a wrong password opens none, and says nothing of who has an account",
    ),
    (
        "rotation",
        "the session somebody came with ends when they log in",
    ),
    ("cookie", "scripts and other sites don't get the cookie"),
    ("secret", "the secrets of sessions are not kept as they are"),
    (
        "password",
        "passwords are not kept as they are, and are shown nowhere",
    ),
    ("salt", "the same password is never kept in the same way"),
    ("log-out", "logging out ends the session at once"),
    (
        "log-out-token",
        "a token that was given back is none any more",
    ),
    ("expiry", "a session ends when it is said to"),
    ("token-expiry", "a token ends when it is said to"),
    (
        "other-origin",
        "a form from another site is refused and does nothing",
    ),
    (
        "no-proof",
        "a form without its proof is refused and does nothing",
    ),
    (
        "wrong-proof",
        "a form with another's proof is refused and does nothing",
    ),
    (
        "other-type",
        "what no form of the app sends is refused and does nothing",
    ),
    (
        "headers",
        "pages keep browsers from what they should not do with them",
    ),
    (
        "throttle",
        "wrong passwords are slowed down, for the one account",
    ),
    ("roles", "a role that is taken away is gone at once"),
    ("roles-guarded", "nobody but the administrator gives roles"),
    ("new-password", "a new password ends all other sessions"),
    ("gone", "who is deleted is signed out everywhere"),
];

fn story(ground: Ground<'_>, ledger: &mut Ledger) -> Result<(), NoAnswer> {
    let span = ground.ir().accounts.span;
    for (id, what) in DEMANDS {
        ledger.expect(demand(id, what, span));
    }
    let scene = ground.dice(1, 0).scene(ground.start);
    let mut two = scene.people.iter().rev().copied().filter(|user| {
        let email = ground
            .model
            .value(&scene.state, scene.now, USER, *user, EMAIL);
        matches!(email, Value::Text(_))
    });
    let (Some(ana), Some(ben)) = (two.next(), two.next()) else {
        return Ok(());
    };
    let email = |user| match ground
        .model
        .value(&scene.state, scene.now, USER, user, EMAIL)
    {
        Value::Text(text) => text,
        _ => String::new(),
    };
    let (ana, ben) = ((ana, email(ana)), (ben, email(ben)));
    let passwords = BTreeMap::from([(ana.0, PASSWORD.to_owned()), (ben.0, PASSWORD.to_owned())]);
    let set = Set::up(ground, scene, passwords)?;
    let mut story = Story {
        ground,
        set,
        ledger,
        ana,
        ben,
    };
    story.nobody()?;
    story.kept()?;
    story.log_in()?;
    story.foreign_forms()?;
    story.headers()?;
    story.log_out()?;
    story.roles()?;
    story.expiry()?;
    story.throttle()?;
    story.new_password()?;
    story.gone()
}

fn bad(seen: impl Into<String>) -> Seen {
    Err(seen.into())
}

impl Story<'_, '_> {
    fn note(&mut self, id: &str, seen: Seen, exchange: Option<Exchange>) {
        let span = self.ground.ir().accounts.span;
        let what = DEMANDS.iter().find(|(known, _)| *known == id);
        let what = what.map_or("", |(_, what)| what);
        self.ledger.note(demand(id, what, span), seen, exchange);
    }

    /// The status of one's own account, for programs.
    fn me(&self, headers: &[(&str, &str)]) -> Result<Page, NoAnswer> {
        self.ground.app.fetch("GET", "/api/me", headers, None)
    }

    fn by_token(&self, token: &str) -> Result<Page, NoAnswer> {
        self.me(&[("authorization", &format!("Bearer {token}"))])
    }

    fn by_cookie(&self, cookie: &str) -> Result<Page, NoAnswer> {
        self.me(&[("cookie", cookie)])
    }

    /// `None` where these are refused all.
    fn refused(&mut self, id: &str, asked: Vec<(&str, Page)>) {
        let open = asked.iter().find(|(_, page)| page.status != 401);
        let seen = match open {
            None => Ok("it is answered with 401".to_owned()),
            Some((what, page)) => bad(format!("{what}: the answer is {}, not 401", page.status)),
        };
        let exchange_of = open.or(asked.last());
        let told = exchange_of.map(|(_, page)| exchange("GET", "/api/me", None, page));
        self.note(id, seen, told);
    }

    fn nobody(&mut self) -> Result<(), NoAnswer> {
        let bare = self.me(&[])?;
        let page = Browser::new(self.ground.app).get("/account")?;
        let to_login = page.status == 401
            || (page.status == 303
                && page
                    .header("location")
                    .is_some_and(|to| to.starts_with("/login")));
        if to_login {
            self.refused("none", vec![("without a session", bare)]);
        } else {
            let seen = bad(format!("/account answers {} to a visitor", page.status));
            let told = exchange("GET", "/account", None, &page);
            self.note("none", seen, Some(told));
        }
        let name = self.set.name(self.ana.0);
        let token = self.ground.app.token(&name)?;
        let cookie = self.ground.app.cookie(&name)?;
        if self.by_token(&token)?.status != 200 || self.by_cookie(&cookie)?.status != 200 {
            return Ok(());
        }
        let mut asked = Vec::new();
        for rubbish in [
            "x",
            "null",
            "' OR 1=1 --",
            &"A".repeat(43),
            &"z".repeat(4000),
            "%00",
            "é",
        ] {
            asked.push(("rubbish as a token", self.by_token(rubbish)?));
            asked.push((
                "rubbish as a cookie",
                self.by_cookie(&format!("session={rubbish}"))?,
            ));
        }
        asked.push((
            "another scheme",
            self.me(&[("authorization", "Basic YTpi")])?,
        ));
        asked.push(("an empty header", self.me(&[("authorization", "Bearer ")])?));
        self.refused("rubbish", asked);
        let (cookie_name, secret) = cookie.split_once('=').unwrap_or_default();
        let asked = vec![
            ("a token with another end", self.by_token(&forged(&token))?),
            (
                "a token with something behind it",
                self.by_token(&format!("{token}x"))?,
            ),
            (
                "a cookie with another end",
                self.by_cookie(&format!("{cookie_name}={}", forged(secret)))?,
            ),
            ("a token in other letters", self.by_token(&swapped(&token))?),
        ];
        self.refused("forged", asked);
        let asked = vec![
            ("a cookie's secret as a token", self.by_token(secret)?),
            (
                "a token as a cookie",
                self.by_cookie(&format!("{cookie_name}={token}"))?,
            ),
        ];
        self.refused("kind", asked);
        let tables = self.ground.app.tables()?;
        let found = tables.iter().find(|(_, cells)| {
            cells
                .iter()
                .any(|cell| cell.contains(&token) || cell.contains(secret))
        });
        let seen = match found {
            None => Ok("no cell of any table holds one".to_owned()),
            Some((table, _)) => bad(format!("a secret lies readable in the table {table}")),
        };
        self.note("secret", seen, None);
        Ok(())
    }

    /// Passwords are hashed, each in its own way.
    fn kept(&mut self) -> Result<(), NoAnswer> {
        let app = self.ground.app;
        let tables = app.tables()?;
        let mut places: Vec<String> = Vec::new();
        for (table, cells) in &tables {
            if cells.iter().any(|cell| gives_away(cell)) {
                places.push(format!("the table {table}"));
            }
        }
        let ir = self.ground.ir();
        let slug = self.set.mirror.slug(USER);
        let users = [
            ("GET", format!("/api/{slug}?per_page=200")),
            ("GET", format!("/api/{slug}.csv")),
        ];
        for person in people(ir, &self.set.scene, 0) {
            let Some(me) = person.me else { continue };
            let token = app.token(&self.set.name(me))?;
            let bearer = format!("Bearer {token}");
            for (method, path) in &users {
                let page = app.fetch(method, path, &[("authorization", &bearer)], None)?;
                if gives_away(&page.text) {
                    places.push(path.clone());
                }
            }
        }
        let seen = match places.first() {
            None => Ok("no table, no list and no export shows one".to_owned()),
            Some(place) => bad(format!("a password can be read in {place}")),
        };
        self.note("password", seen, None);
        // Two people have the same password: what is kept for it is in no two cells.
        let mut known = BTreeSet::new();
        let hashes: Vec<&String> = tables
            .values()
            .flatten()
            .filter(|cell| cell.starts_with('$') && cell.len() > 40)
            .collect();
        if hashes.len() >= 2 {
            let twice = hashes.iter().any(|hash| !known.insert(*hash));
            let seen = if twice {
                bad(
                    "two people with the same password are kept alike: whoever knows one knows the other",
                )
            } else {
                Ok("two people with the same password are kept differently".to_owned())
            };
            self.note("salt", seen, None);
        }
        Ok(())
    }

    /// Sends the page's own form to log in.
    fn enter(
        &self,
        browser: &mut Browser<'_>,
        email: &str,
        password: &str,
    ) -> Result<Page, NoAnswer> {
        let page = browser.get("/login")?;
        let forms = Document::of(&page.text).forms();
        let of = |form: &Form, kind: &str| {
            let mut controls = form.controls.iter();
            controls
                .find(|control| control.kind == kind)
                .map(|control| control.name.clone())
        };
        let form = forms
            .into_iter()
            .find(|form| of(form, "password").is_some());
        let Some(mut form) = form else {
            return Ok(page);
        };
        let (name, secret) = (of(&form, "email"), of(&form, "password"));
        form.fill(&name.unwrap_or_default(), &[email.to_owned()]);
        form.fill(&secret.unwrap_or_default(), &[password.to_owned()]);
        browser.post(&form.action, &form.pairs)
    }

    fn log_in(&mut self) -> Result<(), NoAnswer> {
        let app = self.ground.app;
        let (ana, email) = self.ana.clone();
        let mut browser = Browser::new(app);
        let page = self.enter(&mut browser, &email, PASSWORD)?;
        let told = exchange("POST", "/login", None, &page);
        let inside = self.by_cookie(&browser.cookie())?;
        let body: Json = serde_json::from_str(&inside.text).unwrap_or(Json::Null);
        let seen = if page.status != 303 {
            bad(format!("the answer is {}, not a way in", page.status))
        } else if body.get("id") != Some(&self.set.name(ana)) {
            bad(format!("whoever logged in is {body}"))
        } else {
            Ok("it leads in, and one is who one is".to_owned())
        };
        self.note("log-in", seen, Some(told));
        let line = page.header("set-cookie").unwrap_or_default().to_lowercase();
        let age = i64::from(self.ground.ir().accounts.session_days) * DAY / 1000;
        let parts: Vec<&str> = line.split(';').map(str::trim).collect();
        let missing = ["httponly", "path=/"]
            .iter()
            .find(|part| !parts.contains(part));
        let longest = parts
            .iter()
            .find_map(|part| part.strip_prefix("max-age=")?.parse::<i64>().ok());
        let seen = if let Some(missing) = missing {
            bad(format!("the cookie has no {missing}"))
        } else if !parts.contains(&"samesite=lax") && !parts.contains(&"samesite=strict") {
            bad("the cookie goes along from other sites: it has no SameSite")
        } else if longest.is_some_and(|longest| longest > age) {
            bad(format!(
                "the cookie lives for {longest:?} seconds, not {age}"
            ))
        } else if parts.iter().any(|part| part.starts_with("domain=")) {
            bad("the cookie goes to other hosts: it names a domain")
        } else {
            Ok(format!(
                "it is set with {}",
                parts.get(1..).unwrap_or_default().join("; ")
            ))
        };
        self.note("cookie", seen, None);
        let old = browser.cookie();
        // Who is signed in is sent on from the page, so the form is sent as it stood before.
        let pairs = [("email", email.as_str()), ("password", PASSWORD)];
        let pairs: Pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let page = browser.post("/login", &pairs)?;
        if page.status == 303 && browser.cookie() != old {
            let after = self.by_cookie(&old)?;
            self.refused("rotation", vec![("the session before", after)]);
        }
        let mut one = Browser::new(app);
        let wrong = self.enter(&mut one, &email, "wrong-password-1234")?;
        let mut two = Browser::new(app);
        let unknown = self.enter(&mut two, "nobody.at.all@example.com", "wrong-password-1234")?;
        let words =
            |page: &Page, email: &str| Document::of(&page.text).main_text().replace(email, "");
        let told = exchange("POST", "/login", None, &wrong);
        let seen = if !one.cookie().is_empty() || !two.cookie().is_empty() {
            bad("a wrong password opens a session")
        } else if !(400..500).contains(&wrong.status) {
            bad(format!(
                "a wrong password is answered with {}",
                wrong.status
            ))
        } else if wrong.status != unknown.status
            || words(&wrong, &email) != words(&unknown, "nobody.at.all@example.com")
        {
            bad(
                "the answer tells who has an account: it is another one for an address that nobody has",
            )
        } else {
            Ok(format!(
                "both are answered with {} in the same words",
                wrong.status
            ))
        };
        self.note("wrong-password", seen, Some(told));
        Ok(())
    }

    /// The form of somebody's pages that logs them out.
    fn way_out(browser: &mut Browser<'_>) -> Result<Option<Form>, NoAnswer> {
        let page = browser.get("/account")?;
        Ok(Document::of(&page.text).form_to("/logout"))
    }

    /// A form that works is sent as it would come from elsewhere: it is refused, and its sender is still signed in.
    fn foreign_forms(&mut self) -> Result<(), NoAnswer> {
        let app = self.ground.app;
        let base = app.base().to_owned();
        let cookie = app.cookie(&self.set.name(self.ana.0))?;
        let foreign = app.cookie(&self.set.name(self.ben.0))?;
        let Some(form) = Self::way_out(&mut Browser::with(app, &cookie))? else {
            return Ok(());
        };
        let Some(other) = Self::way_out(&mut Browser::with(app, &foreign))? else {
            return Ok(());
        };
        let bare: Pairs = Pairs::new();
        let near = format!("{base}.evil.example");
        let tries: [Foreign<'_>; 8] = [
            (
                "other-origin",
                &bare,
                vec![("origin", "https://evil.example")],
            ),
            (
                "other-origin",
                &form.pairs,
                vec![("origin", "https://evil.example")],
            ),
            ("other-origin", &bare, vec![("origin", "null")]),
            ("other-origin", &bare, vec![("origin", near.as_str())]),
            (
                "other-origin",
                &bare,
                vec![("sec-fetch-site", "cross-site")],
            ),
            (
                "other-origin",
                &bare,
                vec![("sec-fetch-site", "same-site"), ("origin", base.as_str())],
            ),
            ("no-proof", &bare, Vec::new()),
            ("wrong-proof", &other.pairs, Vec::new()),
        ];
        for (id, pairs, headers) in tries {
            if id == "wrong-proof" && other.pairs == form.pairs {
                self.note(id, bad("two people's forms carry the same proof"), None);
                continue;
            }
            let page = Browser::with(app, &cookie).post_from("/logout", pairs, &headers)?;
            self.stayed(id, &cookie, &page, &format!("with {headers:?}"))?;
        }
        // What a form of another site can send beside forms: text, or several parts.
        for kind in ["text/plain", "multipart/form-data; boundary=x"] {
            let headers = [("content-type", kind), ("cookie", cookie.as_str())];
            let page = app.fetch("POST", "/logout", &headers, Some("a=b".to_owned()))?;
            self.stayed("other-type", &cookie, &page, &format!("as {kind}"))?;
        }
        // With its proof it works, so that what was refused was refused for want of it.
        let page = Browser::with(app, &cookie).post_from("/logout", &form.pairs, &[])?;
        if page.status != 303 || self.by_cookie(&cookie)?.status != 401 {
            let told = exchange("POST", "/logout", Some(&form.pairs), &page);
            let seen = bad(format!(
                "with its proof it is answered with {}",
                page.status
            ));
            self.note("no-proof", seen, Some(told));
        }
        Ok(())
    }

    fn stayed(&mut self, id: &str, cookie: &str, page: &Page, how: &str) -> Result<(), NoAnswer> {
        let told = exchange("POST", "/logout", None, page);
        let seen = if !(400..500).contains(&page.status) {
            bad(format!("{how} the answer is {}", page.status))
        } else if self.by_cookie(cookie)?.status != 200 {
            bad(format!("{how} it is refused, and done all the same"))
        } else {
            Ok(format!(
                "it is refused with {}, and nothing is done",
                page.status
            ))
        };
        self.note(id, seen, Some(told));
        Ok(())
    }

    fn headers(&mut self) -> Result<(), NoAnswer> {
        let app = self.ground.app;
        let cookie = app.cookie(&self.set.name(self.ana.0))?;
        let slug = self.set.mirror.slug(USER);
        let paths = [
            "/".to_owned(),
            "/login".to_owned(),
            "/account".to_owned(),
            format!("/{slug}"),
            "/no/such/page/here".to_owned(),
        ];
        let mut wrong = None;
        for path in &paths {
            for mut browser in [Browser::new(app), Browser::with(app, &cookie)] {
                let page = browser.get(path)?;
                if let Some(missing) = unprotected(&page, !browser.cookie().is_empty()) {
                    wrong.get_or_insert((path.clone(), missing, page));
                }
            }
        }
        match wrong {
            None => self.note(
                "headers",
                Ok(format!("{} pages have all of them", 2 * paths.len())),
                None,
            ),
            Some((path, missing, page)) => {
                let told = exchange("GET", &path, None, &page);
                self.note("headers", bad(format!("{path}: {missing}")), Some(told));
            }
        }
        Ok(())
    }

    fn log_out(&mut self) -> Result<(), NoAnswer> {
        let app = self.ground.app;
        let name = self.set.name(self.ana.0);
        let cookie = app.cookie(&name)?;
        let mut browser = Browser::with(app, &cookie);
        let inside = self.by_cookie(&cookie)?;
        if let Some(form) = Self::way_out(&mut browser)?
            && inside.status == 200
        {
            let page = browser.post(&form.action, &form.pairs)?;
            let told = exchange("POST", "/logout", None, &page);
            let after = self.by_cookie(&cookie)?;
            let seen = if after.status != 401 {
                bad(format!(
                    "the cookie still opens the account: {}",
                    after.status
                ))
            } else if !browser.cookie().is_empty() {
                bad("the browser is not told to forget its cookie")
            } else {
                Ok("the cookie is forgotten, and worth nothing".to_owned())
            };
            self.note("log-out", seen, Some(told));
        }
        let pair = json!({ "email": self.ana.1, "password": PASSWORD });
        let opened = app.ask("POST", "/api/tokens", None, Some(&pair))?;
        let token = opened
            .body
            .get("token")
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned();
        if self.by_token(&token)?.status == 200 {
            app.ask("DELETE", "/api/tokens/current", Some(&token), None)?;
            let after = self.by_token(&token)?;
            self.refused(
                "log-out-token",
                vec![("the token that was given back", after)],
            );
        }
        Ok(())
    }
}

fn gives_away(text: &str) -> bool {
    text.contains(PASSWORD) || text.contains(ANOTHER)
}

/// The same with another last character.
fn forged(secret: &str) -> String {
    let mut text = secret.to_owned();
    let last = text.pop();
    text.push(if last == Some('A') { 'B' } else { 'A' });
    text
}

/// The same with small letters for capital ones, and the other way round.
fn swapped(secret: &str) -> String {
    let letters = secret.chars().map(|letter| {
        if letter.is_ascii_uppercase() {
            letter.to_ascii_lowercase()
        } else {
            letter.to_ascii_uppercase()
        }
    });
    letters.collect()
}

/// What a page does not say to browsers.
fn unprotected(page: &Page, personal: bool) -> Option<String> {
    let policy = page.header("content-security-policy").unwrap_or_default();
    let has = |part: &str| policy.contains(part);
    if page.header("x-content-type-options") != Some("nosniff") {
        return Some("browsers may guess what it is: no nosniff".to_owned());
    }
    if !has("default-src") && !has("script-src") {
        return Some("scripts of others may run: no policy for content".to_owned());
    }
    if has("unsafe-inline") || has("unsafe-eval") {
        return Some(format!("scripts that stand in the page may run: {policy}"));
    }
    if !has("frame-ancestors 'none'") && page.header("x-frame-options").is_none() {
        return Some("others may put it into a frame".to_owned());
    }
    if !has("form-action") || !has("base-uri") {
        return Some(format!("forms may lead elsewhere: {policy}"));
    }
    if page.header("referrer-policy").is_none() {
        return Some("other sites learn which page one came from".to_owned());
    }
    let kept = page.header("cache-control").unwrap_or_default();
    if personal && !kept.contains("no-store") && !kept.contains("private") {
        return Some(format!(
            "a page of one person may be kept for others: {kept}"
        ));
    }
    None
}
