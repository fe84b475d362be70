//! Where a scenario plays: the app with its own database, its clock, its people, and what is in it.

use crate::outcome::Outcome;
use crate::person::Person;
use crate::row::{Called, Entity};
use crate::values::{Given, Length, Moment};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use engine::Engine;
use engine::caller::Caller;
use engine::def::{App, Field, Input};
use engine::reader::Reader;
use engine::refusal::Refusal;
use engine::writer::Writer;
use engine::{ids, mail, operate, query};
use http::{Method, header};
use kernel::kind::Kind;
use kernel::value::Value;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};
use tokio::runtime::Runtime;
use web::visit::Peer;
use web::{Options, Site, front, router};

/// Where the clock stands when a scene begins: 2026-03-02T09:00:00Z, a Monday.
const START: i64 = 1_772_442_000_000;

/// Most mails of a scene.
const MOST_MAILS: usize = 10_000;

/// The app on its stage. Its data goes with it.
#[derive(Debug)]
pub struct Scene {
    stage: Stage,
    runtime: Runtime,
    folder: PathBuf,
    people: Mutex<BTreeMap<String, i64>>,
}

/// The app and what answers its requests.
struct Stage {
    site: Site,
    router: Router,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Stage({})", self.site.app.name)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// An entity of the app.
type Declared = &'static engine::def::Entity;

/// The address of somebody who is known by this name alone.
pub(crate) fn email(name: &str) -> String {
    format!("{}@example.com", name.to_lowercase().replace(' ', "."))
}

/// Ends the test where the app itself fails.
#[track_caller]
fn sound<T>(result: Result<T, Refusal>) -> T {
    result.unwrap_or_else(|refusal| panic!("this can't be: {refusal:?}"))
}

impl Scene {
    /// The app with nothing in it.
    ///
    /// # Panics
    /// Where it can't be opened.
    #[must_use]
    pub fn open(app: &'static App) -> Scene {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("scene-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        if let Err(error) = std::fs::create_dir_all(&folder) {
            panic!("can't make {}: {error}", folder.display());
        }
        let settings = engine::Options {
            path: folder.join("app.db"),
            ..engine::Options::default()
        };
        let engine = Engine::open(app, &settings).unwrap_or_else(|error| panic!("{error}"));
        if let Err(error) = web::accounts::prepare(&engine) {
            panic!("accounts can't be prepared: {error:?}");
        }
        engine.freeze(START);
        let site = Site::new(engine, Options::default());
        let router = router::build(&site);
        let runtime = Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}"));
        Scene {
            stage: Stage { site, router },
            runtime,
            folder,
            people: Mutex::default(),
        }
    }

    /// The clock stands at this moment.
    pub fn clock(&self, moment: Moment) {
        self.engine().freeze(moment.0);
    }

    /// Time passes, all at once.
    pub fn passes(&self, length: Length) {
        let (now, _) = self.engine().now();
        self.engine().freeze(now.saturating_add(length.0));
    }

    /// There is somebody of this name, with these roles; their address is made of the name where none is given.
    ///
    /// # Panics
    /// Where the app does not allow it.
    #[track_caller]
    pub fn given_person<E: Entity>(&self, name: &str, roles: &[&str], user: E) -> Person<'_> {
        let email = email(name);
        let mut row = user.into();
        for (field, text) in [("name", name), ("email", email.as_str())] {
            if !row.fields.iter().any(|(known, _)| *known == field) {
                row = row.with(field, text);
            }
        }
        let id = self.plant(E::SLUG, row.fields, None, roles);
        self.known().insert(name.to_owned(), id);
        self.person(name)
    }

    /// There is this row. It goes around access and lifecycle, and no effect fires.
    ///
    /// # Panics
    /// Where the app does not allow it.
    #[track_caller]
    pub fn given<E: Entity>(&self, row: E) {
        self.plant(E::SLUG, row.into().fields, None, &[]);
    }

    /// There is this row, and it is this person's: what defaults to `me` is them.
    ///
    /// # Panics
    /// Where the app does not allow it.
    #[track_caller]
    pub fn given_by<E: Entity>(&self, person: &str, row: E) {
        let by = self.person(person).id;
        self.plant(E::SLUG, row.into().fields, by, &[]);
    }

    /// There is some row of this entity: this one, where there is none yet.
    ///
    /// # Panics
    /// Where the app does not allow it.
    #[track_caller]
    pub fn given_any<E: Entity>(&self, row: E) {
        if self.last(self.entity(E::SLUG)).is_none() {
            self.given(row);
        }
    }

    /// Somebody whom the scene knows by this name.
    ///
    /// # Panics
    /// Where it knows nobody of that name.
    #[must_use]
    #[track_caller]
    pub fn person(&self, name: &str) -> Person<'_> {
        let Some(id) = self.known().get(name).copied() else {
            panic!("there is nobody called {name}");
        };
        Person {
            scene: self,
            id: Some(id),
        }
    }

    /// Somebody who is not signed in.
    #[must_use]
    pub fn visitor(&self) -> Person<'_> {
        Person {
            scene: self,
            id: None,
        }
    }

    /// Each of these people does something so many times, all at the same time.
    pub fn at_once<const N: usize>(
        &self,
        times: usize,
        people: [Person<'_>; N],
        act: impl Fn(Person<'_>) -> Outcome + Sync,
    ) -> Outcome {
        let ready = Barrier::new(times.saturating_mul(N));
        let (ready, act) = (&ready, &act);
        let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
            let turns = (0..times).flat_map(|_| people);
            let threads: Vec<_> = turns
                .map(|person| {
                    scope.spawn(move || {
                        ready.wait();
                        act(person)
                    })
                })
                .collect();
            let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined
                .map(|outcome| outcome.unwrap_or_else(|_| panic!("somebody could not act")))
                .collect()
        });
        Outcome::all(outcomes)
    }

    /// A row has these values now.
    ///
    /// # Panics
    /// Where it is not there, or has others.
    #[track_caller]
    pub fn has<E: Entity>(&self, row: &Called, values: E) {
        let entity = self.entity(row.entity);
        let id = self.row(row);
        for (name, given) in values.into().fields {
            let (position, field) = self.field(entity, name);
            let wanted = self.value(field.kind, given).settled();
            let is = self.stored(entity, id, position).settled();
            assert!(
                is == wanted,
                "{name} of {:?} is {is:?}, expected {wanted:?}",
                row.name
            );
        }
    }

    /// There are so many rows of an entity, whoever may see them.
    ///
    /// # Panics
    /// Where there are more or fewer.
    #[track_caller]
    pub fn there_are<E: Entity>(&self, count: i64) {
        let table = self.entity(E::SLUG).table.replace('"', "\"\"");
        let found = self.sql(
            Kind::Integer,
            format!("SELECT count(*) FROM \"{table}\" AS t"),
        );
        assert!(
            found == Value::Int(count),
            "expected {count} of {}, there are {found:?}",
            E::SLUG
        );
    }

    /// A condition over all rows is true.
    ///
    /// # Panics
    /// Where it is not.
    #[track_caller]
    pub fn holds(&self, condition: &str) {
        let found = self.sql(Kind::Bool, format!("SELECT {condition}"));
        assert!(
            !matches!(found, Value::Empty | Value::Int(0)),
            "this does not hold: {condition}"
        );
    }
}

/// What people and steps ask of the scene.
impl Scene {
    fn engine(&self) -> &Engine {
        &self.stage.site.engine
    }

    fn app(&self) -> &'static App {
        self.engine().app
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, i64>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    fn read<T>(&self, read: impl FnOnce(&Reader<'_>) -> Result<T, Refusal>) -> T {
        sound(self.engine().read(read))
    }

    #[track_caller]
    fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Writer<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> T {
        sound(self.engine().blocking_write(Caller::SYSTEM, write))
    }

    /// What a statement gives, as it is stored in a field of this kind.
    #[track_caller]
    fn sql(&self, kind: Kind, sql: String) -> Value {
        self.write(move |writer| operate::seed_value(writer, &kind, &sql))
    }

    #[track_caller]
    fn plant(
        &self,
        slug: &str,
        fields: Vec<(&'static str, Given)>,
        by: Option<i64>,
        roles: &[&str],
    ) -> i64 {
        let entity = self.entity(slug);
        let values = fields.into_iter().map(|(name, given)| {
            let (position, field) = self.field(entity, name);
            (position, self.value(field.kind, given))
        });
        let values = values.collect();
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        let site = &self.stage.site;
        let planted = web::testing::plant(site, by, entity, values, &roles);
        match self.runtime.block_on(planted) {
            Ok(id) => id,
            Err(refusal) => panic!("this can't be given: {refusal:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn entity(&self, slug: &str) -> Declared {
        let mut entities = self.app().entities.iter().copied();
        let found = entities.find(|entity| entity.slug == slug);
        found.unwrap_or_else(|| panic!("the app has no {slug}"))
    }

    /// A field and its position.
    #[track_caller]
    pub(crate) fn field(&self, entity: Declared, name: &str) -> (usize, &'static Field) {
        let mut fields = entity.fields.iter().enumerate();
        let found = fields.find(|(_, field)| field.name == name);
        found.unwrap_or_else(|| panic!("{} has no field {name}", entity.name))
    }

    /// The value of what is given, as it is stored in a field of this kind.
    #[track_caller]
    fn value(&self, kind: Kind, given: Given) -> Value {
        let row = |target: usize, name: &str| {
            let entity = self.app().entities.get(target).copied();
            let found = entity.and_then(|entity| self.find(entity, name));
            found.unwrap_or_else(|| panic!("there is no row called {name:?}"))
        };
        let last = |target: usize| {
            let entity = self.app().entities.get(target).copied();
            let found = entity.and_then(|entity| self.last(entity));
            found.unwrap_or_else(|| panic!("there is no row to refer to"))
        };
        match (kind, given) {
            (_, Given::Empty) => Value::Empty,
            (_, Given::Number(number)) => Value::Int(number),
            (_, Given::Computed(sql)) => self.sql(kind, sql.to_owned()),
            (Kind::Reference(target), Given::Text(name)) => Value::Int(row(target, &name)),
            (Kind::Reference(target), Given::Last) => Value::Int(last(target)),
            (Kind::Many(target, _), Given::Last) => Value::Ids(vec![last(target)]),
            (Kind::Many(target, _), Given::Text(name)) => Value::Ids(vec![row(target, &name)]),
            (Kind::Many(target, _), Given::Texts(names)) => {
                Value::Ids(names.iter().map(|name| row(target, name)).collect())
            }
            (Kind::TextList, Given::Text(text)) => Value::Texts(vec![text]),
            (_, Given::Texts(texts)) => Value::Texts(texts),
            (Kind::Decimal(_) | Kind::Money | Kind::Percent, Given::Text(text)) => {
                kernel::read::json(&kind, &Json::from(text.as_str()))
                    .unwrap_or_else(|problem| panic!("{text} does not fit: {problem:?}"))
            }
            (_, Given::Text(text)) => Value::Text(text),
            (_, Given::Last) => panic!("this refers to no row"),
        }
    }

    /// A value as it is sent.
    #[track_caller]
    pub(crate) fn sent(&self, kind: Kind, given: Given) -> Json {
        if let (Kind::Password | Kind::Secret, Given::Text(text)) = (kind, &given) {
            return Json::from(text.as_str());
        }
        let value = self.value(kind, given);
        let text = self.read(|reader| ids::json(reader, kind, &value));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[track_caller]
    pub(crate) fn inputs<const N: usize>(
        &self,
        declared: &[Input],
        inputs: [(&'static str, Given); N],
    ) -> Json {
        let sent = inputs.into_iter().map(|(name, given)| {
            let Some(input) = declared.iter().find(|input| input.name == name) else {
                panic!("there is no input {name}");
            };
            (name.to_owned(), self.sent(input.kind, given))
        });
        Json::Object(sent.collect::<Map<_, _>>())
    }

    #[track_caller]
    pub(crate) fn inputs_on(&self, slug: &str, operation: &str) -> &'static [Input] {
        let entity = self.entity(slug);
        let mut steps = entity.steps.iter();
        let mut actions = entity.actions.iter();
        let step = steps.find(|step| step.slug == operation);
        let action = actions.find(|action| action.slug == operation);
        step.map(|step| step.inputs)
            .or_else(|| action.map(|action| action.inputs))
            .unwrap_or_else(|| panic!("nothing called {operation} is done to {slug}"))
    }

    #[track_caller]
    pub(crate) fn inputs_of(&self, action: &str) -> &'static [Input] {
        let mut actions = self.app().actions.iter();
        let found = actions.find(|declared| declared.slug == action);
        found.map_or_else(
            || panic!("there is no action {action}"),
            |found| found.inputs,
        )
    }

    /// The field a row is known by: the one it is shown as, else its first required text.
    fn naming(&self, entity: Declared) -> Option<usize> {
        let text = |field: &Field| {
            let text = matches!(
                field.kind,
                Kind::Text
                    | Kind::LongText
                    | Kind::Markdown
                    | Kind::Email
                    | Kind::Url
                    | Kind::Slug(_)
            );
            text && field.required && !field.computed
        };
        let first = || entity.fields.iter().position(text);
        entity.shown_as.or_else(first)
    }

    /// The row that is shown as this text; people go by their name in the scene or their address, too.
    pub(crate) fn find(&self, entity: Declared, name: &str) -> Option<i64> {
        if entity.index == 0
            && let Some(id) = self.known().get(name)
        {
            return Some(*id);
        }
        let text = name.to_owned();
        let shown = self.write(move |writer| operate::shown_as(writer, entity, &text));
        shown.or_else(|| {
            let all = self.all(entity);
            let called = |id: &i64| {
                let email = || self.stored(entity, *id, self.field(entity, "email").0);
                self.name(entity, *id) == name
                    || (entity.index == 0 && email() == Value::Text(name.to_owned()))
            };
            all.into_iter().find(called)
        })
    }

    fn all(&self, entity: Declared) -> Vec<i64> {
        let table = entity.table.replace('"', "\"\"");
        self.read(|reader| {
            let sql = format!("SELECT t.\"id\" FROM \"{table}\" AS t ORDER BY t.\"id\"");
            let mut statement = reader.prepare(&sql)?;
            let mut rows = statement.query([])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                all.push(row.get(0)?);
            }
            Ok(all)
        })
    }

    fn last(&self, entity: Declared) -> Option<i64> {
        self.all(entity).pop()
    }

    /// What a row is shown as.
    pub(crate) fn name(&self, entity: Declared, id: i64) -> String {
        match (entity.shown_as, self.naming(entity)) {
            (None, Some(position)) => match self.stored(entity, id, position) {
                Value::Text(text) => text,
                _ => String::new(),
            },
            (None, None) => id.to_string(),
            (Some(_), _) => self.read(|reader| Ok(query::label(reader, entity, id))),
        }
    }

    /// What a row holds in a field, whoever may read it.
    fn stored(&self, entity: Declared, id: i64, position: usize) -> Value {
        let shown = self.read(|reader| query::get(reader, &Caller::SYSTEM, entity, id));
        let Some(shown) = shown else {
            panic!("{} {id} is gone", entity.name);
        };
        if shown.readable & (1 << position) != 0 {
            return shown.row.value(position).clone();
        }
        let Some(field) = entity.fields.get(position) else {
            return Value::Empty;
        };
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let (table, column) = (quoted(entity.table), quoted(field.column()));
        self.sql(
            field.kind,
            format!("SELECT t.{column} FROM {table} AS t WHERE t.\"id\" = {id}"),
        )
    }

    #[track_caller]
    fn row(&self, row: &Called) -> i64 {
        let found = self.find(self.entity(row.entity), &row.name);
        found.unwrap_or_else(|| panic!("there is no row of {} called {:?}", row.entity, row.name))
    }

    /// Where a row is asked for.
    #[track_caller]
    pub(crate) fn address(&self, row: &Called) -> String {
        let (entity, id) = (self.entity(row.entity), self.row(row));
        let name = self.read(|reader| ids::address(reader, entity, id));
        format!("/api/{}/{name}", row.entity)
    }

    /// The row that an answer calls so.
    pub(crate) fn row_of(&self, entity: Declared, name: &Json) -> Option<i64> {
        match name {
            Json::String(name) => Some(self.read(|reader| ids::number(reader, entity, name))),
            name => name.as_i64(),
        }
    }

    /// A person is known by this name, whose row has this address.
    #[track_caller]
    pub(crate) fn knows_by_email(&self, name: &str, email: &str) {
        let users = self.app().entities.first().copied();
        let Some(id) = users.and_then(|users| self.find(users, email)) else {
            panic!("nobody has the address {email}");
        };
        self.known().insert(name.to_owned(), id);
    }

    /// The subjects of what was sent to somebody, the newest first.
    pub(crate) fn mail_to(&self, person: Option<i64>) -> Vec<String> {
        let (Some(id), Some(users)) = (person, self.app().entities.first().copied()) else {
            return Vec::new();
        };
        let Value::Text(address) = self.stored(users, id, self.field(users, "email").0) else {
            return Vec::new();
        };
        let all = self.read(|reader| mail::outbox(reader, MOST_MAILS));
        let theirs = all.into_iter().filter(|mail| mail.to == address);
        theirs.map(|mail| mail.subject).collect()
    }

    /// Asks as the server is asked.
    pub(crate) fn ask(
        &self,
        person: Option<i64>,
        method: Method,
        path: &str,
        body: Option<Json>,
    ) -> Outcome {
        let Stage { site, router } = &self.stage;
        self.runtime.block_on(async {
            let mut request = Request::builder()
                .method(method)
                .uri(path)
                .header(header::HOST, "localhost");
            if let Some(person) = person {
                let token = sound(web::testing::token(site, person).await);
                request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
            }
            let body = match body {
                Some(body) => {
                    let body = body.to_string();
                    request = request
                        .header(header::CONTENT_TYPE, "application/json")
                        .header(header::CONTENT_LENGTH, body.len());
                    Body::from(body)
                }
                None => Body::empty(),
            };
            let request = request
                .body(body)
                .unwrap_or_else(|error| panic!("{path}: {error}"));
            let peer = Peer(IpAddr::V4(Ipv4Addr::LOCALHOST));
            let response = front::answer(site.clone(), router.clone(), peer, request).await;
            let status = response.status();
            let body = to_bytes(response.into_body(), usize::MAX).await;
            let body = body.unwrap_or_else(|error| panic!("{path}: {error}"));
            Outcome::one(status, String::from_utf8_lossy(&body).into_owned())
        })
    }
}
