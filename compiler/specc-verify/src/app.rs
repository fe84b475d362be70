//! The app as a stranger reaches it: requests and answers. What only a verification build answers stands apart.

use crate::life::Host;
use reqwest::Method;
use reqwest::blocking::Client;
use serde_json::{Value as Json, json};
use specc_ir::ir::EntityId;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// The most requests that are remembered.
const MOST_SENT: usize = 500;
/// So many times it may stop answering; then the judgement ends.
const MOST_DEATHS: u32 = 3;
/// The longest part of a body that is told of, in characters.
const MOST_TOLD: usize = 400;
/// So long a process may take to be gone after it closed its connections.
const ENDING: Duration = Duration::from_millis(300);

/// There was no answer, or none that anything can be told from.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{method} {path}: {cause}")]
pub struct NoAnswer {
    /// The method of what was sent.
    pub method: String,
    /// Its path with its query.
    pub path: String,
    /// What came instead of an answer, as a half sentence.
    pub cause: String,
    /// What was answered by a part that only a verification build has, where it did not do as it was asked.
    pub refused: Option<Box<Exchange>>,
    /// The row that it did not take, and what it is called.
    pub row: Option<(EntityId, String)>,
}

impl NoAnswer {
    pub(crate) fn new(method: &str, path: &str, cause: String) -> NoAnswer {
        NoAnswer {
            method: method.to_owned(),
            path: path.to_owned(),
            cause,
            refused: None,
            row: None,
        }
    }
}

/// A request with its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// What was sent.
    pub sent: Option<Json>,
    /// The status of the answer.
    pub status: u16,
    /// What was answered; null for what is no JSON.
    pub body: Json,
    /// How the app names the user who asked; `None` for nobody.
    pub user: Option<String>,
}

/// An answer as it came: what a browser has of it.
#[derive(Debug, Clone)]
pub struct Page {
    /// The status.
    pub status: u16,
    /// The headers in order, their names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub text: String,
}

impl Page {
    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Somebody who looks at every answer.
pub type Watch = Box<dyn FnMut(&str, &str, &Page)>;

/// An app at an address. One for each thread.
pub struct App {
    client: Client,
    base: String,
    /// The tokens of users, by how the app names them.
    tokens: RefCell<BTreeMap<String, String>>,
    /// What was sent since nothing was there.
    sent: RefCell<Vec<Exchange>>,
    watch: RefCell<Option<Watch>>,
    /// Whoever runs the process; `None` where nothing is known but the address.
    host: Option<Rc<dyn Host>>,
    /// How often it was started again.
    deaths: Cell<u32>,
    /// Nothing is asked after that.
    end: Cell<Option<Instant>>,
    /// How many answers came, and how long they took together.
    pace: Cell<(u32, Duration)>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "App({})", self.base)
    }
}

impl App {
    /// The app at `http://127.0.0.1:…`, of a verification build.
    ///
    /// # Errors
    /// Where no client can be made.
    pub fn at(base: impl Into<String>) -> Result<App, NoAnswer> {
        let base = base.into();
        let client = Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| NoAnswer {
                method: "GET".to_owned(),
                path: base.clone(),
                cause: error.to_string(),
                refused: None,
                row: None,
            })?;
        Ok(App {
            client,
            base,
            tokens: RefCell::default(),
            sent: RefCell::default(),
            watch: RefCell::default(),
            host: None,
            deaths: Cell::new(0),
            end: Cell::new(None),
            pace: Cell::default(),
        })
    }

    /// With whoever runs it, who can end it and start it again.
    #[must_use]
    pub fn hosted(mut self, host: Rc<dyn Host>) -> App {
        self.host = Some(host);
        self
    }

    /// Whoever runs it; `None` where nothing is known but the address.
    #[must_use]
    pub fn host(&self) -> Option<Rc<dyn Host>> {
        self.host.clone()
    }

    /// After this moment nothing is asked any more: every answer is then one that did not come.
    pub fn until(&self, end: Instant) {
        self.end.set(Some(end));
    }

    /// It stopped answering: ends what is left of it and starts it again with nothing in it. `false` where that can't be
    /// done, and once it happened too often.
    #[must_use]
    pub fn revive(&self) -> bool {
        self.deaths.set(self.deaths.get() + 1);
        let late = self.end.get().is_some_and(|end| Instant::now() > end);
        if late || self.deaths.get() >= MOST_DEATHS {
            return false;
        }
        self.tokens.borrow_mut().clear();
        match &self.host {
            Some(host) => {
                host.kill();
                host.start(true).is_ok()
            }
            // It may be that only this one thing is not answered.
            None => true,
        }
    }

    /// How often it had to be started again.
    #[must_use]
    pub fn deaths(&self) -> u32 {
        self.deaths.get()
    }

    /// From now on this is told of each answer: the method, the path with its query, the answer.
    pub fn watch(&self, watch: Watch) {
        *self.watch.borrow_mut() = Some(watch);
    }

    /// Nobody is told any more.
    pub fn watch_no_more(&self) {
        *self.watch.borrow_mut() = None;
    }

    /// Its address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Asks, with a bearer token where somebody is signed in.
    ///
    /// # Errors
    /// Where no answer comes in time, or one without end.
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Json>,
    ) -> Result<Exchange, NoAnswer> {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = Vec::new();
        if let Some(bearer) = &bearer {
            headers.push(("authorization", bearer.as_str()));
        }
        let sent = body.map(Json::to_string);
        if sent.is_some() {
            headers.push(("content-type", "application/json"));
        }
        let user = token.and_then(|token| {
            let tokens = self.tokens.borrow();
            let mut users = tokens.iter().filter(|(_, known)| *known == token);
            users.next().map(|(user, _)| user.clone())
        });
        let mut exchange = Exchange {
            method: method.to_owned(),
            path: path.to_owned(),
            sent: body.cloned(),
            status: 0,
            body: Json::Null,
            user,
        };
        let page = self.fetch(method, path, &headers, sent);
        if let Ok(page) = &page {
            exchange.status = page.status;
            exchange.body = serde_json::from_str(&page.text).unwrap_or(Json::Null);
        }
        self.remember(&exchange);
        page.map(|_| exchange)
    }

    /// Sends a request with exactly these headers.
    ///
    /// # Errors
    /// Where no answer comes in time, or one without end.
    pub fn fetch(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<Page, NoAnswer> {
        let fail = |cause: String| NoAnswer {
            method: method.to_owned(),
            path: path.to_owned(),
            cause,
            refused: None,
            row: None,
        };
        let begun = Instant::now();
        if self.end.get().is_some_and(|end| begun > end) {
            return Err(fail(self.too_slow()));
        }
        let verb =
            Method::from_bytes(method.as_bytes()).map_err(|error| fail(error.to_string()))?;
        let mut request = self.client.request(verb, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = request
            .send()
            .map_err(|error| fail(self.why(&causes(&error), begun)))?;
        let status = answer.status().as_u16();
        let headers = answer.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let headers = headers.collect();
        let bytes = all_of(answer).map_err(|error| fail(self.why(&causes(&error), begun)))?;
        let (answers, took) = self.pace.get();
        self.pace.set((answers + 1, took + begun.elapsed()));
        let page = Page {
            status,
            headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        };
        if !path.starts_with("/verification/")
            && let Some(watch) = self.watch.borrow_mut().as_mut()
        {
            watch(method, path, &page);
        }
        Ok(page)
    }

    /// Why there was no answer: that the process ended, if it did.
    fn why(&self, cause: &str, begun: Instant) -> String {
        let host = self.host.as_ref();
        // Whoever ends closes its connections a moment before it is gone.
        let ended = host.and_then(|host| host.ended(ENDING));
        match ended {
            Some(words) if words.is_empty() => format!("the app ended by itself ({cause})"),
            Some(words) => format!("the app ended by itself ({cause}); its last words: {words}"),
            None if begun.elapsed() >= PATIENCE => {
                format!("no answer within {} s", PATIENCE.as_secs())
            }
            None => format!("what came is no answer ({cause})"),
        }
    }

    fn too_slow(&self) -> String {
        let (answers, took) = self.pace.get();
        format!(
            "the time is over, and so much is left to look at: {answers} answers took {:.0} s together",
            took.as_secs_f64()
        )
    }

    /// What only looks is not needed to see something again.
    fn remember(&self, exchange: &Exchange) {
        let mut sent = self.sent.borrow_mut();
        let looks = exchange.method == "GET" && exchange.path.starts_with("/verification/");
        if !looks && sent.len() < MOST_SENT {
            sent.push(exchange.clone());
        }
    }

    /// What was sent since the last [`App::reset`], that one included, in order; looks behind the doors left out.
    #[must_use]
    pub fn script(&self) -> Vec<Exchange> {
        self.sent.borrow().clone()
    }

    fn control(&self, method: &str, path: &str, body: Option<&Json>) -> Result<Json, NoAnswer> {
        let answer = self.ask(method, path, None, body)?;
        if answer.status == 200 && !answer.body.is_null() {
            return Ok(answer.body);
        }
        let cause = match answer.body {
            Json::Null => format!("answered {} without JSON", answer.status),
            ref body => format!("answered {} {}", answer.status, cut(body)),
        };
        Err(NoAnswer {
            method: method.to_owned(),
            path: path.to_owned(),
            cause,
            refused: Some(Box::new(answer)),
            row: None,
        })
    }

    /// Nothing is there, and the clock stands at this moment.
    ///
    /// # Errors
    /// Where it can't be done.
    pub fn reset(&self, now: i64) -> Result<(), NoAnswer> {
        self.tokens.borrow_mut().clear();
        self.sent.borrow_mut().clear();
        self.control("POST", "/verification/reset", Some(&json!({ "now": now })))?;
        Ok(())
    }

    /// The clock stands at this moment.
    ///
    /// # Errors
    /// Where it can't be done.
    pub fn clock(&self, now: i64) -> Result<(), NoAnswer> {
        self.control("POST", "/verification/clock", Some(&json!({ "now": now })))?;
        Ok(())
    }

    /// Puts rows in place; how the app names them.
    ///
    /// # Errors
    /// Where they are refused.
    pub fn plant(&self, rows: &[Json]) -> Result<Vec<Json>, NoAnswer> {
        let answer = self.control("POST", "/verification/rows", Some(&json!({ "rows": rows })))?;
        Ok(answer
            .get("ids")
            .and_then(Json::as_array)
            .cloned()
            .unwrap_or_default())
    }

    /// All rows of an entity, the oldest first.
    ///
    /// # Errors
    /// Where they can't be read.
    pub fn rows(&self, slug: &str) -> Result<Vec<Json>, NoAnswer> {
        let answer = self.control("GET", &format!("/verification/rows/{slug}"), None)?;
        let mut rows = answer.as_array().cloned().unwrap_or_default();
        rows.reverse();
        Ok(rows)
    }

    /// What was sent so far, the oldest first.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn mail(&self) -> Result<Vec<Json>, NoAnswer> {
        let answer = self.control("GET", "/verification/mail", None)?;
        Ok(answer.as_array().cloned().unwrap_or_default())
    }

    /// Everything that the app keeps, as texts, cell by cell, by table.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn tables(&self) -> Result<BTreeMap<String, Vec<String>>, NoAnswer> {
        let answer = self.control("GET", "/verification/tables", None)?;
        Ok(serde_json::from_value(answer).unwrap_or_default())
    }

    /// `name=value`, which a browser of this user sends as its cookie.
    ///
    /// # Errors
    /// Where there is none.
    pub fn cookie(&self, user: &Json) -> Result<String, NoAnswer> {
        let answer = self.control(
            "POST",
            "/verification/sessions",
            Some(&json!({ "user": user })),
        )?;
        let cookie = answer.get("cookie").and_then(Json::as_str);
        Ok(cookie.unwrap_or_default().to_owned())
    }

    /// A token of a user.
    ///
    /// # Errors
    /// Where there is none.
    pub fn token(&self, user: &Json) -> Result<String, NoAnswer> {
        let name = user.to_string();
        if let Some(token) = self.tokens.borrow().get(&name) {
            return Ok(token.clone());
        }
        let answer = self.control(
            "POST",
            "/verification/tokens",
            Some(&json!({ "user": user })),
        )?;
        let token = answer
            .get("token")
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned();
        self.tokens.borrow_mut().insert(name, token.clone());
        Ok(token)
    }
}

/// What is told of a body.
fn cut(body: &Json) -> String {
    body.to_string().chars().take(MOST_TOLD).collect()
}

/// An error with what caused it.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// What there is to read, up to [`MOST_BYTES`]; an error where it does not end in time, however much comes of it.
fn all_of(mut answer: impl std::io::Read) -> std::io::Result<Vec<u8>> {
    let end = Instant::now() + PATIENCE;
    let mut bytes = Vec::new();
    let mut piece = [0; 16 * 1024];
    while (bytes.len() as u64) < MOST_BYTES {
        match answer.read(&mut piece)? {
            0 => break,
            read => bytes.extend(piece.iter().take(read)),
        }
        if Instant::now() > end {
            return Err(std::io::Error::other("the answer does not come to an end"));
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer that never ends, a byte at a time or all at once.
    struct Endless(Duration);

    impl std::io::Read for Endless {
        fn read(&mut self, piece: &mut [u8]) -> std::io::Result<usize> {
            std::thread::park_timeout(self.0);
            let read = if self.0.is_zero() { piece.len() } else { 1 };
            piece.iter_mut().take(read).for_each(|byte| *byte = b'x');
            Ok(read)
        }
    }

    #[test]
    fn answers_without_end_are_bounded() {
        assert!(all_of(Endless(Duration::ZERO)).unwrap().len() as u64 >= MOST_BYTES);
        let start = Instant::now();
        assert!(all_of(Endless(Duration::from_millis(200))).is_err());
        assert!(start.elapsed() < PATIENCE * 2);
    }
}
