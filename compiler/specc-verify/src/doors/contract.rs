//! The contract: what the app publishes of its interface, and that each answer fits it. Addresses and methods that it does
//! not publish, and bodies that are none, are answered properly; nothing is ever answered with a fault of the server.

use super::browser::exchange;
use super::ledger::{Demand, Ledger, Seen};
use super::{Ground, Set, people};
use crate::app::{App, Exchange, NoAnswer, Page};
use serde_json::{Map, Value as Json, json};
use specc_syntax::span::Span;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Looks at every answer of the app while it is judged.
pub struct Watched(Rc<RefCell<Watching>>);

struct Watching {
    document: Json,
    /// For a method and a path as it is published, what was seen: `None` where all fits.
    operations: BTreeMap<(String, String), Option<(String, Exchange)>>,
    /// Answers that are a fault of the server.
    faults: Option<(String, Exchange)>,
    answers: u64,
    validators: HashMap<String, Option<jsonschema::Validator>>,
}

/// From now on every answer is looked at.
///
/// # Errors
/// Where the app does not answer.
pub fn watch(app: &App) -> Result<Watched, NoAnswer> {
    let page = app.fetch("GET", "/openapi.json", &[], None)?;
    let watching = Rc::new(RefCell::new(Watching {
        document: serde_json::from_str(&page.text).unwrap_or(Json::Null),
        operations: BTreeMap::new(),
        faults: None,
        answers: 0,
        validators: HashMap::new(),
    }));
    let looks = Rc::clone(&watching);
    app.watch(Box::new(move |method, path, page| {
        looks.borrow_mut().look(method, path, page);
    }));
    Ok(Watched(watching))
}

impl Watching {
    fn look(&mut self, method: &str, path: &str, page: &Page) {
        self.answers += 1;
        if page.status >= 500 && self.faults.is_none() {
            let told = exchange(method, path, None, page);
            self.faults = Some((
                format!("{method} {path} is answered with {}", page.status),
                told,
            ));
        }
        let bare = path.split('?').next().unwrap_or_default();
        if !bare.starts_with("/api/") {
            return;
        }
        let method = if method == "HEAD" { "GET" } else { method };
        let Some(published) = self.published(method, bare) else {
            return;
        };
        let key = (method.to_owned(), published);
        if matches!(self.operations.get(&key), Some(Some(_))) {
            return;
        }
        let wrong = self.misfit(&key, page).err();
        let told = wrong.map(|wrong| (wrong, exchange(method, path, None, page)));
        self.operations.insert(key, told);
    }

    fn paths(&self) -> Option<&Map<String, Json>> {
        self.document.get("paths")?.as_object()
    }

    /// The published path that an address is one of: the one with the fewest gaps.
    fn published(&self, method: &str, path: &str) -> Option<String> {
        let method = method.to_lowercase();
        let fits = |template: &&String| {
            let mut left = template.split('/');
            let mut right = path.split('/');
            loop {
                match (left.next(), right.next()) {
                    (None, None) => return true,
                    (Some(gap), Some(piece)) if gap.starts_with('{') && gap.ends_with('}') => {
                        if piece.is_empty() {
                            return false;
                        }
                    }
                    (Some(one), Some(other)) if one == other => {}
                    _ => return false,
                }
            }
        };
        let all = self
            .paths()?
            .iter()
            .filter(|(_, path)| path.get(&method).is_some());
        let all = all.map(|(template, _)| template).filter(fits);
        all.min_by_key(|template| template.matches('{').count())
            .cloned()
    }

    /// What is wrong with an answer.
    fn misfit(&mut self, (method, template): &(String, String), page: &Page) -> Result<(), String> {
        let status = page.status.to_string();
        let responses = self.paths().and_then(|paths| {
            paths
                .get(template)?
                .get(method.to_lowercase())?
                .get("responses")
        });
        let family = format!("{}XX", page.status / 100);
        let response = responses
            .and_then(|all| {
                all.get(&status)
                    .or_else(|| all.get(&family))
                    .or_else(|| all.get("default"))
            })
            .ok_or_else(|| {
                format!("{method} {template} is answered with {status}, which is not published")
            })?;
        let response = self.followed(response).clone();
        let Some(content) = response.get("content").and_then(Json::as_object) else {
            return if page.text.is_empty() {
                Ok(())
            } else {
                Err(format!(
                    "{status} of {method} {template} has a body, and none is published"
                ))
            };
        };
        let kind = page.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let Some(media) = content.get(kind) else {
            return Err(format!(
                "{status} of {method} {template} is {kind}, which is not published"
            ));
        };
        let Some(schema) = media.get("schema").filter(|_| kind.ends_with("json")) else {
            return Ok(());
        };
        let body: Json = serde_json::from_str(&page.text)
            .map_err(|error| format!("{status} of {method} {template} is no JSON: {error}"))?;
        let key = format!("{method} {template} {status}");
        let schema = schema.clone();
        let document = &self.document;
        let validator = self.validators.entry(key.clone()).or_insert_with(|| {
            let mut whole = schema.as_object().cloned().unwrap_or_default();
            if let Some(components) = document.get("components") {
                whole.insert("components".to_owned(), components.clone());
            }
            jsonschema::draft202012::new(&Json::Object(whole)).ok()
        });
        let Some(validator) = validator else {
            return Err(format!("what is published of {key} is no schema"));
        };
        match validator.iter_errors(&body).next() {
            None => Ok(()),
            Some(error) => {
                let place = error.instance_path().to_string();
                Err(format!(
                    "{key} does not fit what is published: {error} at “{place}”"
                ))
            }
        }
    }

    fn followed<'d>(&'d self, response: &'d Json) -> &'d Json {
        let to = response.get("$ref").and_then(Json::as_str);
        let found = to.and_then(|to| self.document.pointer(to.strip_prefix('#')?));
        found.unwrap_or(response)
    }
}

fn demand(id: String, what: String) -> Demand {
    Demand {
        id: format!("contract.{id}"),
        class: "contract",
        what,
        span: Span::default(),
    }
}

/// Asks what nobody asked yet, and says what was seen of everything.
pub fn judge(ground: Ground<'_>, watched: &Watched, ledger: &mut Ledger) -> Result<(), NoAnswer> {
    let app = ground.app;
    let scene = ground.dice(5, 0).scene(ground.start);
    let persons = people(ground.ir(), &scene, 0);
    let mut set = Set::up(ground, scene, BTreeMap::new())?;
    let mut published: Vec<(String, String)> = Vec::new();
    {
        let watching = watched.0.borrow();
        for (path, item) in watching.paths().into_iter().flatten() {
            for method in METHODS {
                if item.get(method.to_lowercase()).is_some() {
                    published.push((method.to_owned(), path.clone()));
                }
            }
        }
    }
    let known = if published.is_empty() {
        Err("nothing is published at /openapi.json".to_owned())
    } else {
        Ok(format!("{} operations are published", published.len()))
    };
    ledger.note(
        demand(
            "published".to_owned(),
            "the interface is published".to_owned(),
        ),
        known,
        None,
    );
    let tokens: Vec<String> = persons
        .iter()
        .filter_map(|person| person.me)
        .map(|me| app.token(&set.name(me)))
        .collect::<Result<_, _>>()?;
    let mut probe = Probe { app, ledger };
    // What ends a session comes last.
    published
        .sort_by_key(|(method, path)| (method == "DELETE", path.contains("/me"), path.clone()));
    for (method, path) in &published {
        let path = filled(path);
        probe.proper(method, &path, None)?;
        for token in &tokens {
            probe.proper(method, &path, Some(token))?;
        }
    }
    set.again()?;
    let mut paths: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (method, path) in &published {
        paths.entry(path.clone()).or_default().push(method.clone());
    }
    for (path, methods) in &paths {
        for method in METHODS
            .iter()
            .filter(|method| !methods.iter().any(|known| known == *method))
        {
            probe.unknown_method(method, &filled(path))?;
        }
    }
    let slug = set.mirror.slug(specc_ir::ir::USER);
    for path in [
        "/api/no-such-thing".to_owned(),
        "/api/no-such-thing/1".to_owned(),
        format!("/api/{slug}/1/no-such-thing"),
        format!("/api/{slug}/1/2/3/4/5/6"),
        "/api/".to_owned(),
        format!("/api/{slug}/..%2f..%2fetc%2fpasswd/x"),
    ] {
        probe.unknown_route(&path)?;
    }
    set.again()?;
    say(watched, published, ledger);
    Ok(())
}

fn say(watched: &Watched, published: Vec<(String, String)>, ledger: &mut Ledger) {
    let mut watching = watched.0.borrow_mut();
    for (method, path) in published {
        let demand = demand(
            format!("{}.{}", method.to_lowercase(), path),
            format!("every answer to {method} {path} fits what is published of it"),
        );
        match watching.operations.remove(&(method, path)) {
            None => {
                ledger.expect(demand);
            }
            Some(None) => ledger.note(demand, Ok("every answer fits".to_owned()), None),
            Some(Some((wrong, told))) => ledger.note(demand, Err(wrong), Some(told)),
        }
    }
    let faults = demand(
        "server-error".to_owned(),
        "nothing is answered with a fault of the server".to_owned(),
    );
    match watching.faults.take() {
        None => ledger.note(
            faults,
            Ok(format!("none of {} answers is one", watching.answers)),
            None,
        ),
        Some((wrong, told)) => ledger.note(faults, Err(wrong), Some(told)),
    }
}

/// An address of a published path.
fn filled(path: &str) -> String {
    let pieces = path.split('/').map(|piece| {
        if piece.starts_with('{') {
            "999999999"
        } else {
            piece
        }
    });
    pieces.collect::<Vec<_>>().join("/")
}

struct Probe<'a, 'l> {
    app: &'a App,
    ledger: &'l mut Ledger,
}

impl Probe<'_, '_> {
    fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        kind: &str,
        body: Option<&str>,
    ) -> Result<Page, NoAnswer> {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = Vec::new();
        if let Some(bearer) = &bearer {
            headers.push(("authorization", bearer.as_str()));
        }
        if body.is_some() {
            headers.push(("content-type", kind));
        }
        self.app
            .fetch(method, path, &headers, body.map(str::to_owned))
    }

    fn note(&mut self, id: &str, what: &str, seen: Seen, told: Exchange) {
        self.ledger
            .note(demand(id.to_owned(), what.to_owned()), seen, Some(told));
    }

    /// Bodies that are none, and an empty one.
    fn proper(&mut self, method: &str, path: &str, token: Option<&str>) -> Result<(), NoAnswer> {
        const JSON: &str = "application/json";
        if method == "GET" {
            let page = self.ask(method, path, token, JSON, None)?;
            self.is_proper(method, path, &page, "nothing that is wrong");
            let page = self.ask(
                method,
                &format!("{path}?no_such_parameter=1&page=x"),
                token,
                JSON,
                None,
            )?;
            self.is_proper(method, path, &page, "a parameter that there is not");
            return Ok(());
        }
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for (kind, body, what) in [
            (JSON, "{}", "an empty object"),
            (JSON, "{\"no_such_field\": 1}", "a field that there is not"),
            (JSON, "{", "half an object"),
            (JSON, "[]", "a list"),
            (JSON, "null", "null"),
            (JSON, deep.as_str(), "what nests deeply"),
            (JSON, "\u{0}", "no JSON at all"),
            ("text/plain", "{}", "plain text"),
        ] {
            if method == "DELETE" && what != "an empty object" {
                continue;
            }
            let page = self.ask(method, path, token, kind, Some(body))?;
            self.is_proper(method, path, &page, what);
        }
        Ok(())
    }

    fn is_proper(&mut self, method: &str, path: &str, page: &Page, sent: &str) {
        let seen = if page.status >= 500 {
            Err(format!(
                "{method} {path} with {sent} is answered with {}",
                page.status
            ))
        } else if page.status >= 400 {
            problem(page).map_err(|wrong| format!("{method} {path} with {sent}: {wrong}"))
        } else {
            Ok("what is refused is a problem with its status and its sentence".to_owned())
        };
        let told = exchange(method, path, None, page);
        self.note(
            "refusals",
            "whatever is refused is refused in the published shape",
            seen,
            told,
        );
    }

    fn unknown_method(&mut self, method: &str, path: &str) -> Result<(), NoAnswer> {
        let page = self.ask(method, path, None, "application/json", Some("{}"))?;
        let told = exchange(method, path, None, &page);
        // The same address may be one of another published path.
        let seen = match (page.status, page.header("allow")) {
            (405, Some(_)) => problem(&page),
            (405, None) => Err("it does not say which methods there are: no Allow".to_owned()),
            (401 | 403 | 404 | 415 | 422, _) => return Ok(()),
            (status, _) => Err(format!(
                "{method} {path} is answered with {status}, not 405"
            )),
        };
        self.note(
            "unknown-method",
            "a method that is not published is answered with 405",
            seen,
            told,
        );
        Ok(())
    }

    fn unknown_route(&mut self, path: &str) -> Result<(), NoAnswer> {
        for method in METHODS {
            let page = self.ask(method, path, None, "application/json", None)?;
            let told = exchange(method, path, None, &page);
            let seen = if page.status == 404 {
                problem(&page)
            } else {
                Err(format!(
                    "{method} {path} is answered with {}, not 404",
                    page.status
                ))
            };
            self.note(
                "unknown-route",
                "an address that is not published is answered with 404",
                seen,
                told,
            );
        }
        Ok(())
    }
}

/// A refusal as RFC 9457 has it.
fn problem(page: &Page) -> Seen {
    let kind = page.header("content-type").unwrap_or_default();
    if !kind.starts_with("application/problem+json") {
        return Err(format!("it is {kind}, no problem"));
    }
    let body: Json = serde_json::from_str(&page.text).unwrap_or(Json::Null);
    if body.get("status") != Some(&json!(page.status)) {
        return Err(format!(
            "it says another status than {}: {body}",
            page.status
        ));
    }
    for member in ["type", "title", "detail"] {
        if !body.get(member).is_some_and(Json::is_string) {
            return Err(format!("it has no {member}: {body}"));
        }
    }
    Ok("it is a problem with its status and its sentence".to_owned())
}
