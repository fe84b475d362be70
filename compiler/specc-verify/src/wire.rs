//! Names and values as they stand in addresses and JSON, from the language's pages on names and types.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use specc_ir::eval::Value;
use specc_ir::expr::FieldRef;
use specc_ir::ir::{EntityId, Ir, Type};
use specc_ir::parse::scale;

/// A name in Latin letters, its words joined.
fn latin(name: &str, joint: char) -> String {
    let plain = deunicode::deunicode(name).to_lowercase();
    let words = plain.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(&joint.to_string())
}

/// A name in addresses.
pub fn slug(name: &str) -> String {
    latin(name, '-')
}

/// A name in JSON.
pub fn key(name: &str) -> String {
    latin(name, '_')
}

/// A field in JSON.
pub fn field_key(ir: &Ir, entity: EntityId, field: FieldRef) -> String {
    match field {
        FieldRef::Field(id) => {
            let declared = ir.entities.get(entity.0 as usize);
            let field = declared.and_then(|entity| entity.fields.get(id.0 as usize));
            field.map_or_else(String::new, |field| key(&field.name.text))
        }
        FieldRef::Id => "id".to_owned(),
        FieldRef::Created => "created".to_owned(),
        FieldRef::Updated => "updated".to_owned(),
        FieldRef::Version => "version".to_owned(),
    }
}

/// The type of a field.
pub fn field_type(ir: &Ir, entity: EntityId, field: FieldRef) -> Type {
    match field {
        FieldRef::Field(id) => {
            let declared = ir.entities.get(entity.0 as usize);
            let field = declared.and_then(|entity| entity.fields.get(id.0 as usize));
            field.map_or(Type::Empty, |field| field.ty.clone())
        }
        FieldRef::Created | FieldRef::Updated => Type::Timestamp,
        FieldRef::Id | FieldRef::Version => Type::Integer,
    }
}

/// A choice's value as it is sent.
fn choice(ir: &Ir, ty: &Type, value: u32) -> String {
    let Type::Choice(id) = ty else {
        return String::new();
    };
    let choice = ir.choices.get(id.0 as usize);
    let value = choice.and_then(|choice| choice.values.get(value as usize));
    value.map_or_else(String::new, |value| {
        value.name.text.to_lowercase().replace([' ', '-'], "_")
    })
}

fn day_zero() -> Date {
    Date::constant(1970, 1, 1)
}

fn date(days: i32) -> String {
    let date = day_zero().checked_add(SignedDuration::from_hours(i64::from(days) * 24));
    date.map_or_else(|_| String::new(), |date| date.to_string())
}

fn decimal(number: i64, places: u8) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let digits = format!(
        "{:0width$}",
        number.unsigned_abs(),
        width = usize::from(places) + 1
    );
    match digits.split_at_checked(digits.len() - usize::from(places)) {
        Some((whole, part)) if places > 0 => format!("{sign}{whole}.{part}"),
        _ => format!("{sign}{digits}"),
    }
}

/// A value in JSON; `row` says how a row is named.
pub fn send(ir: &Ir, ty: &Type, value: &Value, row: &dyn Fn(EntityId, i64) -> Json) -> Json {
    match (value, ty) {
        (Value::Empty, _) => Json::Null,
        (Value::Bool(value), _) => json!(value),
        (Value::Text(text), Type::Json) => serde_json::from_str(text).unwrap_or(Json::Null),
        (Value::Text(text), _) => json!(text),
        (Value::Number(number), Type::Integer) => json!(number),
        (Value::Number(number), ty) => json!(decimal(*number, scale(ty, ir).unwrap_or(0))),
        (Value::Choice(value), ty) => json!(choice(ir, ty, *value)),
        (Value::Date(days), _) => json!(date(*days)),
        (Value::Time(ms), _) => {
            let time = DateTime::constant(1970, 1, 1, 0, 0, 0, 0)
                .checked_add(SignedDuration::from_millis(*ms));
            json!(time.map_or_else(|_| String::new(), |time| time.time().to_string()))
        }
        (Value::Timestamp(ms), _) => {
            json!(
                Timestamp::from_millisecond(*ms)
                    .map_or_else(|_| String::new(), |moment| moment.to_string())
            )
        }
        (Value::Duration(ms), _) => json!(duration(*ms)),
        (Value::Row(id), Type::Ref(entity) | Type::Many(entity)) => row(*entity, *id),
        (Value::Row(id), _) => json!(id),
        (Value::List(values), ty) => {
            let item = match ty {
                Type::List(item) => (**item).clone(),
                Type::Many(entity) => Type::Ref(*entity),
                other => other.clone(),
            };
            Json::Array(
                values
                    .iter()
                    .map(|value| send(ir, &item, value, row))
                    .collect(),
            )
        }
    }
}

fn duration(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let all = ms.unsigned_abs();
    format!("{sign}PT{}.{:03}S", all / 1000, all % 1000)
}

/// A value from JSON; `None` where it is none of its type. `row` finds the row of a name.
pub fn receive(
    ir: &Ir,
    ty: &Type,
    json: &Json,
    row: &dyn Fn(EntityId, &Json) -> Option<i64>,
) -> Option<Value> {
    if json.is_null() {
        return Some(match ty {
            Type::List(_) | Type::Many(_) => Value::List(Vec::new()),
            _ => Value::Empty,
        });
    }
    match ty {
        Type::Bool => json.as_bool().map(Value::Bool),
        Type::Integer => json.as_i64().map(Value::Number),
        Type::Decimal(_) | Type::Money | Type::Percent => {
            let places = scale(ty, ir).unwrap_or(0);
            let text = json
                .as_str()
                .map_or_else(|| json.to_string(), str::to_owned);
            mantissa(&text, places).map(Value::Number)
        }
        Type::Date => {
            let date: Date = json.as_str()?.parse().ok()?;
            let days = date.duration_since(day_zero()).as_hours() / 24;
            i32::try_from(days).ok().map(Value::Date)
        }
        Type::Time => {
            let time: jiff::civil::Time = json.as_str()?.parse().ok()?;
            let since = time.duration_since(jiff::civil::Time::midnight());
            i64::try_from(since.as_millis()).ok().map(Value::Time)
        }
        Type::Timestamp => {
            let moment: Timestamp = json.as_str()?.parse().ok()?;
            Some(Value::Timestamp(moment.as_millisecond()))
        }
        Type::Duration => {
            let span: jiff::Span = json.as_str()?.parse().ok()?;
            let length = span
                .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
                .ok()?;
            i64::try_from(length.as_millis()).ok().map(Value::Duration)
        }
        Type::Choice(id) => {
            let text = json.as_str()?;
            let values = &ir.choices.get(id.0 as usize)?.values;
            let found = (0..)
                .zip(values)
                .find(|(at, _)| choice(ir, ty, *at) == text);
            found.map(|(at, _)| Value::Choice(at))
        }
        Type::Ref(entity) => row(*entity, json).map(Value::Row),
        Type::List(item) => list(json, |one| receive(ir, item, one, row)),
        Type::Many(entity) => {
            let mut rows = list(json, |one| row(*entity, one).map(Value::Row))?;
            if let Value::List(rows) = &mut rows {
                rows.sort_by_key(|row| if let Value::Row(id) = row { *id } else { 0 });
            }
            Some(rows)
        }
        Type::Json => Some(Value::text(json.to_string())),
        _ => json.as_str().map(Value::text),
    }
}

fn list(json: &Json, one: impl Fn(&Json) -> Option<Value>) -> Option<Value> {
    let values = json
        .as_array()?
        .iter()
        .map(one)
        .collect::<Option<Vec<_>>>()?;
    Some(Value::List(values))
}

fn mantissa(text: &str, places: u8) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > usize::from(places) {
        return None;
    }
    format!("{whole}{part:0<width$}", width = usize::from(places))
        .parse()
        .ok()
}
