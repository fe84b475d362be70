//! Reading rows: bytes go from the columns into the answer.

use super::{Answer, Call, never};
use crate::respond;
use axum::response::Response;
use engine::def::Entity;
use engine::refusal::Refusal;
use engine::{Writer, audit, query};
use http::StatusCode;
use http::header::ETAG;

/// A parent entity, the child's field that holds it, and its row.
pub(crate) type Parent = (&'static Entity, usize, i64);

/// `GET /api/tickets` and `GET /api/tickets/7/comments`
pub(crate) fn list(call: &Call, entity: &'static Entity, parent: Option<Parent>) -> Answer {
    let caller = &call.visit.caller;
    if (entity.read)(caller).is_empty() {
        return Err(never(&call.visit).into());
    }
    let mut wanted = query::parse(call.site.app, entity, &call.visit.query)?;
    let mut body = Vec::with_capacity(16 * 1024);
    call.site.engine.read(|reader| {
        if let Some((of, field, id)) = parent {
            if query::get(reader, caller, of, id)?.is_none() {
                return Err(Refusal::NotFound);
            }
            wanted.parent = Some((field, id));
        }
        query::list_json(reader, caller, entity, &wanted, &mut body)
    })?;
    Ok(respond::json_bytes(StatusCode::OK, body))
}

/// `GET /api/tickets/7`
pub(crate) fn get(call: &Call, entity: &'static Entity, id: i64) -> Answer {
    let caller = &call.visit.caller;
    if (entity.read)(caller).is_empty() {
        let refusal = if caller.signed_in() {
            Refusal::NotFound
        } else {
            Refusal::Unauthenticated
        };
        return Err(refusal.into());
    }
    row(call, entity, id)?.ok_or_else(|| Refusal::NotFound.into())
}

/// The row as the caller may see it.
pub(crate) fn row(
    call: &Call,
    entity: &'static Entity,
    id: i64,
) -> Result<Option<Response>, Refusal> {
    let mut body = Vec::with_capacity(1024);
    let caller = &call.visit.caller;
    let version = call
        .site
        .engine
        .read(|reader| query::row_json(reader, caller, entity, id, &mut body))?;
    Ok(version.map(|version| Written { version, body }.response()))
}

/// A row as JSON.
pub(crate) struct Written {
    version: i64,
    body: Vec<u8>,
}

impl Written {
    pub(crate) fn response(self) -> Response {
        let mut response = respond::json_bytes(StatusCode::OK, self.body);
        if let Ok(tag) = http::HeaderValue::try_from(format!("\"{}\"", self.version)) {
            response.headers_mut().insert(ETAG, tag);
        }
        response
    }
}

/// The row as whoever has just written it may see it: read in the same transaction.
pub(crate) fn written(
    writer: &Writer<'_>,
    entity: &'static Entity,
    id: i64,
) -> Result<Option<Written>, Refusal> {
    let mut body = Vec::with_capacity(512);
    let version = query::written_json(writer, entity, id, &mut body)?;
    Ok(version.map(|version| Written { version, body }))
}

/// `GET /api/tickets/7/history`
pub(crate) fn history(call: &Call, entity: &'static Entity, id: i64) -> Answer {
    let caller = &call.visit.caller;
    if !caller.signed_in() && (entity.read)(caller).is_empty() {
        return Err(Refusal::Unauthenticated.into());
    }
    let entries = call.site.engine.read(|reader| {
        if query::get(reader, caller, entity, id)?.is_none() {
            return Err(Refusal::NotFound);
        }
        audit::of(reader, caller, entity, id)
    })?;
    let items: Vec<serde_json::Value> = entries.iter().map(entry_json).collect();
    Ok(respond::json(
        StatusCode::OK,
        &serde_json::json!({ "items": items }),
    ))
}

fn entry_json(entry: &audit::Entry) -> serde_json::Value {
    serde_json::json!({
        "at": kernel::time::rfc3339(entry.at),
        "user": entry.user,
        "who": entry.who,
        "what": entry.what,
        "fields": entry.fields,
    })
}
