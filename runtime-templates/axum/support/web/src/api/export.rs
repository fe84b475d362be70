//! Lists as CSV for programs: the same values as in JSON, references as ids.

use super::{Answer, Call, never};
use crate::pages::csv;
use crate::respond;
use engine::def::{Entity, Field};
use engine::query;
use http::StatusCode;
use http::header::CONTENT_DISPOSITION;
use kernel::kind::Kind;
use kernel::value::Value;

/// The most rows of an export.
const MOST: usize = 50_000;

/// Rows read at a time.
const BATCH: u32 = 500;

/// `GET /api/tickets.csv`
pub(crate) fn csv(call: &Call, entity: &'static Entity) -> Answer {
    let caller = &call.visit.caller;
    let grants = (entity.read)(caller);
    if grants.is_empty() {
        return Err(never(&call.visit).into());
    }
    let readable = grants.iter().fold(0, |fields, grant| fields | grant.fields);
    let fields: Vec<(usize, &Field)> = entity
        .fields
        .iter()
        .enumerate()
        .filter(|(position, field)| {
            readable & (1 << position) != 0
                && !field.private
                && !matches!(field.kind, Kind::Secret | Kind::Password)
        })
        .collect();
    let mut wanted = query::parse(call.site.app, entity, &call.visit.query)?;
    wanted.page = 1;
    wanted.per_page = BATCH;
    let mut out = String::with_capacity(64 * 1024);
    csv::cell(&mut out, true, "id");
    for (_, field) in &fields {
        csv::cell(&mut out, false, field.name);
    }
    for name in ["created", "updated", "version"] {
        csv::cell(&mut out, false, name);
    }
    csv::end(&mut out);
    call.site.engine.read(|reader| {
        let mut written = 0;
        loop {
            let page = query::list(reader, caller, entity, &wanted)?;
            for shown in &page.rows {
                csv::cell(&mut out, true, &shown.row.id.to_string());
                for (position, field) in &fields {
                    let value = shown
                        .row
                        .values
                        .get(*position)
                        .filter(|_| shown.readable & (1 << position) != 0);
                    csv::cell(
                        &mut out,
                        false,
                        &value
                            .map(|value| text(&field.kind, value))
                            .unwrap_or_default(),
                    );
                }
                csv::cell(&mut out, false, &kernel::time::rfc3339(shown.row.created));
                csv::cell(&mut out, false, &kernel::time::rfc3339(shown.row.updated));
                csv::cell(&mut out, false, &shown.row.version.to_string());
                csv::end(&mut out);
            }
            written += page.rows.len();
            if page.rows.is_empty() || written >= MOST || written as u64 >= page.total {
                return Ok(());
            }
            wanted.page += 1;
        }
    })?;
    let response = respond::with_type(StatusCode::OK, "text/csv; charset=utf-8", out);
    Ok(respond::with_header(
        response,
        CONTENT_DISPOSITION,
        &format!("attachment; filename=\"{}.csv\"", entity.slug),
    ))
}

/// As in JSON, without the quotes.
fn text(kind: &Kind, value: &Value) -> String {
    if matches!(value, Value::Empty) {
        return String::new();
    }
    let mut json = String::new();
    kernel::format::write_json(kind, value, &mut json);
    match serde_json::from_str(&json) {
        Ok(serde_json::Value::String(text)) => text,
        _ => json,
    }
}
