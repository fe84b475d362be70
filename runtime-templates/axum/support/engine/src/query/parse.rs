//! A list's parameters as a query.

use super::{Cursor, Filter, ListQuery, MOST_PER_PAGE, Op, SortKey};
use crate::access::leaves;
use crate::def::{App, Entity, Field};
use crate::ids;
use crate::refusal::{FieldError, Refusal};
use kernel::kind::Kind;
use kernel::read;
use kernel::value::Value;
use std::borrow::Cow;

/// Furthest page that is counted to; deeper lists go by cursor.
const LAST_PAGE: u32 = 100_000;
const MOST_FILTERS: usize = 32;

/// The parameter that filters by a field: its name, with `_is` where a list itself has a parameter of that name.
#[must_use]
pub fn parameter(field: &str) -> Cow<'_, str> {
    match field {
        "after" | "done" | "page" | "per_page" | "q" | "show" | "sort" => {
            Cow::Owned(format!("{field}_is"))
        }
        _ => Cow::Borrowed(field),
    }
}

/// Reads `field=`, `field_is=`, `field_from=`, `field_to=`, `field_contains=`, `sort=a,-b`, `q=`, `page=`, `per_page=`, `after=`.
///
/// # Errors
/// 422 naming every parameter that does not fit.
pub fn parse(
    app: &App,
    entity: &'static Entity,
    pairs: &[(String, String)],
) -> Result<ListQuery, Refusal> {
    let mut query = ListQuery::default();
    let mut errors = Vec::new();
    for (name, text) in pairs {
        if let Err(message) = take(&mut query, app, entity, name, text) {
            errors.push(FieldError {
                field: short(name).into(),
                rule: "type",
                message,
            });
        }
    }
    if query.filters.len() > MOST_FILTERS {
        errors.push(FieldError {
            field: "".into(),
            rule: "length",
            message: "These are too many filters.".to_owned(),
        });
    }
    if errors.is_empty() {
        Ok(query)
    } else {
        Err(Refusal::Invalid(errors))
    }
}

fn take(
    query: &mut ListQuery,
    app: &App,
    entity: &'static Entity,
    name: &str,
    text: &str,
) -> Result<(), String> {
    match name {
        "page" => query.page = number(name, text, LAST_PAGE)?,
        "per_page" => query.per_page = number(name, text, MOST_PER_PAGE)?,
        "q" => query.search = Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        "sort" => query.sort = sort(entity, text)?,
        "after" => {
            let cursor = (!text.is_empty())
                .then(|| Cursor::read(text).ok_or("after: this leads nowhere".to_owned()));
            query.after = cursor.transpose()?;
        }
        name => query.filters.push(filter(app, entity, name, text)?),
    }
    Ok(())
}

fn number(name: &str, text: &str, most: u32) -> Result<u32, String> {
    match text.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(format!("{name} is a number from 1 to {most}.")),
    }
}

fn sort(entity: &'static Entity, text: &str) -> Result<Vec<(SortKey, bool)>, String> {
    let mut keys = Vec::new();
    for part in text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .take(8)
    {
        let (descending, name) = part
            .strip_prefix('-')
            .map_or((false, part), |name| (true, name));
        let key = match name {
            "id" if entity.named_by().is_none() => SortKey::Id,
            "created" => SortKey::Created,
            "updated" => SortKey::Updated,
            name => match find(entity, name) {
                Some((index, field)) if sortable(field) => SortKey::Field(index),
                _ => return Err(format!("sort: rows can't be sorted by “{}”.", short(name))),
            },
        };
        keys.push((key, descending));
    }
    Ok(keys)
}

fn sortable(field: &Field) -> bool {
    !matches!(
        field.kind,
        Kind::Json
            | Kind::TextList
            | Kind::Many(..)
            | Kind::List(_)
            | Kind::Secret
            | Kind::Password
    )
}

fn find(entity: &'static Entity, name: &str) -> Option<(usize, &'static Field)> {
    entity
        .fields
        .iter()
        .enumerate()
        .find(|(_, field)| field.name == name && leaves(field))
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

fn filter(app: &App, entity: &'static Entity, name: &str, text: &str) -> Result<Filter, String> {
    const ENDS: [(&str, Op); 7] = [
        ("_is", Op::Is),
        ("_from", Op::AtLeast),
        ("_min", Op::AtLeast),
        ("_to", Op::AtMost),
        ("_max", Op::AtMost),
        ("_contains", Op::Contains),
        ("_like", Op::Contains),
    ];
    let own = find(entity, name).map(|found| (found, Op::Is));
    let found = own.or_else(|| {
        let mut ends = ENDS.iter();
        ends.find_map(|(end, op)| Some((find(entity, name.strip_suffix(end)?)?, *op)))
    });
    let Some(((field, declared), op)) = found else {
        return Err(format!(
            "{}: there is no such field or parameter.",
            short(name)
        ));
    };
    let kind = declared.kind;
    if matches!(kind, Kind::Json | Kind::Secret | Kind::Password) {
        return Err(format!("{name}: rows can't be filtered by this."));
    }
    if text.trim().is_empty() {
        return Ok(Filter {
            field,
            op: Op::Empty,
            value: Value::Empty,
        });
    }
    let of_many = matches!(kind, Kind::TextList | Kind::Many(..) | Kind::List(_));
    if of_many && matches!(op, Op::AtLeast | Op::AtMost) {
        return Err(format!("{name}: a list has no order."));
    }
    let op = if of_many { Op::Is } else { op };
    if op == Op::Contains && !is_text(&kind) {
        return Err(format!("{name}: only texts are looked into."));
    }
    let by_name = ids::named_target(app, kind).is_some();
    if by_name && matches!(op, Op::AtLeast | Op::AtMost) {
        return Err(format!("{name}: what rows are called has no order here."));
    }
    let value = match (op, kind) {
        (_, Kind::Many(..) | Kind::List(_)) if by_name => several(&Kind::Text, name, text)?,
        (_, Kind::Reference(_)) if by_name => Value::from(text.trim()),
        (_, Kind::TextList) => several(&Kind::LongText, name, text)?,
        (_, Kind::List(item)) => several(item, name, text)?,
        (_, Kind::Many(target, _)) => several(&Kind::Reference(target), name, text)?,
        // As JSON gives it, a share; with its sign, as people write it.
        (_, Kind::Percent) if !text.contains('%') => {
            let share = serde_json::Value::String(text.trim().to_owned());
            read::json(&kind, &share).map_err(|problem| format!("{name}: {}", problem.message))?
        }
        (Op::Contains, _) => Value::from(text.trim().to_lowercase()),
        (Op::AtLeast | Op::AtMost, Kind::Timestamp) => match kernel::time::read_date(text.trim()) {
            Some(day) if op == Op::AtLeast => Value::from(kernel::time::start_of_day(day)),
            Some(day) => Value::from(kernel::time::start_of_day(day + 1).map(|ms| ms - 1)),
            None => plain(&kind, name, text)?,
        },
        (Op::Is, Kind::Email) => Value::from(text.trim().to_lowercase()),
        (Op::Is, Kind::Text | Kind::LongText | Kind::Markdown | Kind::Url | Kind::Slug(_)) => {
            Value::from(
                kernel::read::text(&Kind::LongText, text.trim())
                    .ok()
                    .and_then(kernel::logic::text),
            )
        }
        (_, kind) => plain(&kind, name, text)?,
    };
    Ok(Filter { field, op, value })
}

fn is_text(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Text | Kind::LongText | Kind::Markdown | Kind::Email | Kind::Url | Kind::Slug(_)
    )
}

/// What a list must hold: one value, or all of a JSON array, as an array of stored forms.
fn several(item: &Kind, name: &str, text: &str) -> Result<Value, String> {
    let values: Vec<Value> = match serde_json::from_str(text) {
        Ok(serde_json::Value::Array(entries)) => entries
            .iter()
            .map(|entry| {
                read::json(item, entry).map_err(|problem| format!("{name}: {}", problem.message))
            })
            .collect::<Result<_, _>>()?,
        _ => vec![plain(item, name, text)?],
    };
    let stored: Vec<serde_json::Value> = values
        .into_iter()
        .filter_map(|value| match value {
            Value::Int(number) => Some(number.into()),
            Value::Text(text) => Some(text.into()),
            _ => None,
        })
        .collect();
    Ok(Value::Text(serde_json::Value::Array(stored).to_string()))
}

fn plain(kind: &Kind, name: &str, text: &str) -> Result<Value, String> {
    read::text(kind, text).map_err(|problem| format!("{name}: {}", problem.message))
}

impl Cursor {
    /// As text for an address.
    #[must_use]
    pub fn write(&self) -> String {
        let mut items: Vec<serde_json::Value> = vec![match &self.row {
            Value::Text(name) => name.as_str().into(),
            Value::Int(number) => (*number).into(),
            _ => serde_json::Value::Null,
        }];
        items.extend(self.keys.iter().map(|key| match key {
            Value::Int(number) => (*number).into(),
            Value::Text(text) => text.as_str().into(),
            _ => serde_json::Value::Null,
        }));
        let json = serde_json::Value::Array(items).to_string();
        json.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What [`Cursor::write`] wrote.
    #[must_use]
    pub fn read(text: &str) -> Option<Cursor> {
        if text.len() > 20_000 || !text.len().is_multiple_of(2) || !text.is_ascii() {
            return None;
        }
        let bytes: Option<Vec<u8>> = (0..text.len() / 2)
            .map(|index| u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok())
            .collect();
        let items: Vec<serde_json::Value> = serde_json::from_slice(&bytes?).ok()?;
        let (id, keys) = items.split_first()?;
        let keys = keys
            .iter()
            .map(|key| match key {
                serde_json::Value::Null => Some(Value::Empty),
                serde_json::Value::Number(number) => number.as_i64().map(Value::Int),
                serde_json::Value::String(text) => Some(Value::Text(text.clone())),
                _ => None,
            })
            .collect::<Option<Vec<Value>>>()?;
        let row = match id {
            serde_json::Value::Number(number) => Value::Int(number.as_i64()?),
            serde_json::Value::String(name) => Value::Text(name.clone()),
            _ => return None,
        };
        Some(Cursor { keys, row })
    }
}
