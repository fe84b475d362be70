//! Lists as CSV for programs: the same values as in JSON, references as ids.

use super::{Answer, Call, never};
use crate::pages::csv;
use engine::def::{Entity, Field};
use engine::query;
use kernel::kind::Kind;
use kernel::value::Value;

/// `GET /api/tickets.csv`
pub(crate) fn csv(call: &Call, entity: &'static Entity) -> Answer {
    let caller = &call.visit.caller;
    let grants = (entity.read)(caller);
    if grants.is_empty() {
        return Err(never(&call.visit).into());
    }
    let readable = grants.iter().fold(0, |fields, grant| fields | grant.fields);
    let fields: Vec<(usize, &'static Field)> = entity
        .fields
        .iter()
        .enumerate()
        .filter(|(position, field)| {
            readable & (1 << position) != 0
                && field.name != "id"
                && !field.private
                && !matches!(field.kind, Kind::Secret | Kind::Password)
        })
        .collect();
    let wanted = query::parse(call.site.app, entity, &call.visit.query)?;
    let mut head = String::new();
    csv::cell(&mut head, true, "id");
    for (_, field) in &fields {
        csv::cell(&mut head, false, field.name);
    }
    for name in ["created", "updated", "version"] {
        csv::cell(&mut head, false, name);
    }
    csv::end(&mut head);
    let line = move |out: &mut String, shown: &query::Shown| {
        csv::cell(out, true, &shown.address);
        for (position, field) in &fields {
            let value = shown
                .row
                .values
                .get(*position)
                .filter(|_| shown.readable & (1 << position) != 0);
            let text = value.map(|value| text(&field.kind, *position, value, &shown.references));
            csv::cell(out, false, &text.unwrap_or_default());
        }
        csv::cell(out, false, &kernel::time::rfc3339(shown.row.created));
        csv::cell(out, false, &kernel::time::rfc3339(shown.row.updated));
        csv::cell(out, false, &shown.row.version.to_string());
        csv::end(out);
    };
    let body = crate::rows::body(&call.site, *caller, entity, wanted, head, Box::new(line))?;
    Ok(csv::answer(entity, body))
}

/// As in JSON, without the quotes.
fn text(kind: &Kind, field: usize, value: &Value, references: &[query::Referred]) -> String {
    let address = |id: &i64| {
        let row = references
            .iter()
            .find(|row| row.field == field && row.id == *id);
        row.map_or("", |row| row.address.as_str())
    };
    match (kind, value) {
        (_, Value::Empty) => return String::new(),
        (Kind::Reference(_), Value::Int(id)) => return address(id).to_owned(),
        (Kind::Many(..) | Kind::List(Kind::Reference(_)), value) => {
            let all: Vec<serde_json::Value> = query::referred(value)
                .iter()
                .map(|id| match address(id) {
                    number if *number == id.to_string() => (*id).into(),
                    name => name.into(),
                })
                .collect();
            return serde_json::Value::Array(all).to_string();
        }
        _ => {}
    }
    let mut json = String::new();
    kernel::format::write_json(kind, value, &mut json);
    match serde_json::from_str(&json) {
        Ok(serde_json::Value::String(text)) => text,
        _ => json,
    }
}
