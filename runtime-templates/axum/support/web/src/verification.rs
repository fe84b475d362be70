//! For `specc verify` alone, and part of no build that is shipped (the feature `verification`): the clock is set, rows are
//! put in place and read around access, and anybody is signed in. Everything else goes through the app's own doors.

use crate::accounts::enter::open_session;
use crate::accounts::roles;
use crate::respond::{self, invalid};
use crate::session;
use crate::site::Site;
use crate::testing;
use crate::visit::Origin;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use engine::caller::Caller;
use engine::def::{ALL, App, Entity};
use engine::query::{self, ListQuery};
use engine::refusal::Refusal;
use engine::writer::Writer;
use engine::{decode, ids, mail};
use http::StatusCode;
use rusqlite::params;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value, json};
use std::net::{IpAddr, Ipv4Addr};

/// What a verifier may ask for beside the app itself.
pub fn routes() -> Router<Site> {
    Router::new()
        .route("/verification/reset", post(reset))
        .route("/verification/clock", post(clock))
        .route("/verification/rows", post(plant))
        .route("/verification/rows/{entity}", get(rows))
        .route("/verification/tokens", post(token))
        .route("/verification/sessions", post(cookie))
        .route("/verification/tables", get(tables))
        .route("/verification/mail", get(sent))
}

type Asked = Result<Value, Refusal>;

fn answer(asked: Asked) -> Response {
    match asked {
        Ok(value) => respond::json(StatusCode::OK, &value),
        Err(refusal) => respond::refusal(&refusal),
    }
}

fn object(body: &Bytes) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(body).map_err(|error| invalid("", "type", error.to_string()))
}

fn number(object: &Map<String, Value>, name: &'static str) -> Result<i64, Refusal> {
    let found = object.get(name).and_then(Value::as_i64);
    found.ok_or_else(|| invalid(name, "type", "This is a number.".to_owned()))
}

/// `{"now"}` in milliseconds: nothing is there, and the clock stands still at this moment.
async fn reset(State(site): State<Site>, body: Bytes) -> Response {
    answer(empty(&site, &body).await)
}

async fn empty(site: &Site, body: &Bytes) -> Asked {
    let now = number(&object(body)?, "now")?;
    site.engine
        .write(Caller::SYSTEM, |writer| {
            writer.execute_batch("PRAGMA defer_foreign_keys = ON")?;
            let tables: Vec<String> = writer
                .prepare(
                    "SELECT name FROM sqlite_schema WHERE type = 'table' \
                     AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name NOT IN ('meta', 'migration')",
                )?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for table in tables {
                let table = table.replace('"', "\"\"");
                writer.execute(&format!("DELETE FROM \"{table}\""), [])?;
            }
            writer.execute("DELETE FROM sqlite_sequence", [])?;
            Ok(())
        })
        .await?;
    site.sessions.forget_all();
    site.throttle.forget_all();
    site.engine.freeze(now);
    Ok(json!({}))
}

/// `{"now"}` in milliseconds: the clock stands still at this moment.
async fn clock(State(site): State<Site>, body: Bytes) -> Response {
    let set = object(&body).and_then(|object| number(&object, "now"));
    answer(set.map(|now| {
        site.engine.freeze(now);
        json!({})
    }))
}

/// `{"rows": [{"entity", "values", "roles", "password"}]}`, values as the interface takes them, a password for a user who is
/// to log in: the ids of the new rows.
async fn plant(State(site): State<Site>, body: Bytes) -> Response {
    answer(planted(&site, &body).await)
}

async fn planted(site: &Site, body: &Bytes) -> Asked {
    let app = site.app;
    let mut object = object(body)?;
    let Some(Value::Array(rows)) = object.remove("rows") else {
        return Err(invalid("rows", "required", "Rows are needed.".to_owned()));
    };
    let mut wanted = Vec::new();
    for row in &rows {
        let entity = named(
            app,
            row.get("entity")
                .and_then(Value::as_str)
                .unwrap_or_default(),
        )?;
        let none = Map::new();
        let values = row
            .get("values")
            .and_then(Value::as_object)
            .unwrap_or(&none);
        let mut values = decode::json(app, entity, values, ALL, true).map_err(Refusal::Invalid)?;
        site.field_hashing.hide_fields(entity, &mut values).await?;
        let roles: Vec<String> = row
            .get("roles")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|role| role.as_str().map(str::to_owned))
            .collect();
        let password = match row.get("password").and_then(Value::as_str) {
            Some(password) => Some(site.hashing.hash(password.to_owned()).await?),
            None => None,
        };
        wanted.push((entity, values, roles::known(app, &roles)?, password));
    }
    let ids = site
        .engine
        .write(Caller::SYSTEM, move |writer: &mut Writer<'_>| {
            let mut ids = Vec::new();
            for (entity, values, given, password) in wanted {
                let id = testing::put(writer, entity, values, &given, password.as_deref())?;
                ids.push((entity, id));
            }
            Ok(ids)
        })
        .await?;
    site.sessions.forget_all();
    let named = site.engine.read(|reader| {
        let named = ids.into_iter().map(|(entity, id)| match entity.named_by() {
            Some(_) => ids::address(reader, entity, id).map(Value::from),
            None => Ok(Value::from(id)),
        });
        named.collect::<Result<Vec<_>, _>>()
    })?;
    Ok(json!({ "ids": named }))
}

fn named(app: &'static App, slug: &str) -> Result<&'static Entity, Refusal> {
    crate::api::by_slug(app, slug).ok_or(Refusal::NotFound)
}

/// All rows, the oldest first.
async fn rows(State(site): State<Site>, Path(slug): Path<String>) -> Response {
    let all = named(site.app, &slug).and_then(|entity| {
        site.engine.read(|reader| {
            let mut all = Vec::new();
            for page in 1.. {
                let query = ListQuery {
                    page,
                    per_page: 200,
                    ..ListQuery::default()
                };
                let mut out = Vec::new();
                query::list_json(reader, &Caller::SYSTEM, entity, &query, &mut out)?;
                let list: Value = serde_json::from_slice(&out)
                    .map_err(|error| Refusal::Fault(error.to_string()))?;
                let items = list.get("items").and_then(Value::as_array);
                let items = items.cloned().unwrap_or_default();
                let last = items.len() < 200;
                all.extend(items);
                if last {
                    break;
                }
            }
            Ok(Value::Array(all))
        })
    });
    answer(all)
}

/// `{"user"}`: a bearer token of theirs.
async fn token(State(site): State<Site>, body: Bytes) -> Response {
    answer(opened(&site, &body).await)
}

async fn opened(site: &Site, body: &Bytes) -> Asked {
    let user = number(&object(body)?, "user")?;
    let token = testing::token(site, user).await?;
    Ok(json!({ "token": token }))
}

/// `{"user"}`: what a browser of theirs sends as its cookie.
async fn cookie(State(site): State<Site>, body: Bytes) -> Response {
    answer(in_a_browser(&site, &body).await)
}

async fn in_a_browser(site: &Site, body: &Bytes) -> Asked {
    let user = number(&object(body)?, "user")?;
    let (now, _) = site.engine.now();
    let (app, https) = (site.app, site.options.public_https());
    let origin = Origin {
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        agent: "verification".to_owned(),
    };
    let opened = site
        .engine
        .write(Caller::SYSTEM, move |writer| {
            // As a token does.
            let session = open_session(writer, app, user, &origin, now)?;
            writer.execute(
                "UPDATE session SET expires = ?1 WHERE hash = ?2",
                params![i64::MAX, session.secret.hash.as_slice()],
            )?;
            Ok(session)
        })
        .await?;
    let name = session::cookie_name(https);
    Ok(json!({ "cookie": format!("{name}={}", opened.secret.text) }))
}

/// Everything that is kept, cell by cell, as texts: what lies where nobody was to look.
async fn tables(State(site): State<Site>) -> Response {
    let all = site.engine.read(|reader| {
        let names: Vec<String> = reader
            .prepare(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' \
                 ORDER BY name",
            )?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut all = Map::new();
        for name in names {
            let mut statement =
                reader.prepare(&format!("SELECT * FROM \"{}\"", name.replace('"', "\"\"")))?;
            let columns = statement.column_count();
            let mut rows = statement.query([])?;
            let mut cells = Vec::new();
            while let Some(row) = rows.next()? {
                for column in 0..columns {
                    match row.get_ref(column)? {
                        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                            cells.push(Value::from(String::from_utf8_lossy(bytes)));
                        }
                        _ => {}
                    }
                }
            }
            all.insert(name, Value::Array(cells));
        }
        Ok(Value::Object(all))
    });
    answer(all)
}

/// What was sent so far, the oldest first.
async fn sent(State(site): State<Site>) -> Response {
    let all = site.engine.read(|reader| {
        let mails = mail::outbox(reader, 10_000)?;
        let mails = mails
            .iter()
            .rev()
            .map(|mail| json!({ "to": mail.to, "subject": mail.subject, "text": mail.text }));
        Ok(Value::Array(mails.collect()))
    });
    answer(all)
}
