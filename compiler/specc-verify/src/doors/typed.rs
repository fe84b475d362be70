//! Values as people type them into the controls of a form, and back.

use super::html::Control;
use super::{Ground, plain};
use crate::mirror::Mirror;
use serde_json::Value as Json;
use specc_ir::eval::Value;
use specc_ir::ir::Type;

/// What the controls of one name hold.
pub type Texts = Vec<String>;

/// What somebody types for a value; `None` for what no control takes.
pub fn texts(ground: Ground<'_>, mirror: &Mirror<'_>, ty: &Type, value: &Value) -> Option<Texts> {
    let english = ground.ir().program.language.starts_with("en");
    let one = |text: String| Some(vec![text]);
    match (value, ty) {
        (_, Type::Json) => None,
        (Value::Bool(true), _) => Some(vec!["no".to_owned(), "yes".to_owned()]),
        (Value::Bool(false), _) => one("no".to_owned()),
        (_, Type::Bool) => None,
        (Value::Empty, _) => one(String::new()),
        (Value::Text(text), _) => one(text.replace('\n', "\r\n")),
        (Value::Number(_), Type::Decimal(_) | Type::Money | Type::Percent) if !english => None,
        (Value::Number(share), Type::Percent) => {
            let sign = if *share < 0 { "-" } else { "" };
            let all = share.unsigned_abs();
            one(format!("{sign}{}.{:02}", all / 100, all % 100))
        }
        (Value::Timestamp(moment), _) => {
            let local = moment.checked_add(ground.offset(*moment))?;
            let utc = jiff::Timestamp::from_millisecond(local).ok()?.to_string();
            one(utc.trim_end_matches('Z').to_owned())
        }
        (Value::List(values), Type::Many(target)) => {
            let mut names = vec![String::new()];
            for value in values {
                let Value::Row(row) = value else { return None };
                names.push(plain(&mirror.name(*target, *row)));
            }
            Some(names)
        }
        (Value::List(values), _) => {
            let lines = values.iter().map(|value| match value {
                Value::Text(text) => Some(text.as_str()),
                _ => None,
            });
            let lines: Vec<&str> = lines.collect::<Option<_>>()?;
            one(lines.join("\r\n"))
        }
        (value, ty) => one(plain(&mirror.send(ty, value))),
    }
}

/// Something that is no value of its type, where a control takes such a thing.
pub fn malformed(ty: &Type) -> Option<Texts> {
    match ty {
        Type::Integer
        | Type::Decimal(_)
        | Type::Money
        | Type::Percent
        | Type::Date
        | Type::Time
        | Type::Timestamp
        | Type::Duration
        | Type::Email
        | Type::Url
        | Type::Choice(_) => Some(vec!["no such thing".to_owned()]),
        _ => None,
    }
}

/// What stands in a control that nobody touched; `None` where that can't be told.
pub fn value(ground: Ground<'_>, mirror: &Mirror<'_>, ty: &Type, texts: &[&str]) -> Option<Value> {
    let last = texts.last().copied().unwrap_or_default();
    let blank = last.trim().is_empty();
    match ty {
        Type::Bool => Some(Value::Bool(last == "yes")),
        Type::Many(_) => {
            let names = texts.iter().filter(|text| !text.is_empty());
            let names: Vec<Json> = names.map(|name| named(name)).collect();
            mirror.receive(ty, &Json::Array(names))
        }
        Type::List(item) if **item == Type::Text => {
            let lines = last.lines().map(str::trim).filter(|line| !line.is_empty());
            Some(Value::List(lines.map(Value::text).collect()))
        }
        _ if blank => Some(Value::Empty),
        Type::LongText | Type::Markdown => Some(Value::text(last.replace("\r\n", "\n"))),
        Type::Ref(_) => mirror.receive(ty, &named(last)),
        Type::Integer => last.parse().ok().map(Value::Number),
        Type::Timestamp => {
            let local: jiff::civil::DateTime = last.parse().ok()?;
            let start = jiff::civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
            let local = i64::try_from(local.duration_since(start).as_millis()).ok()?;
            let first = local - ground.offset(local);
            Some(Value::Timestamp(local - ground.offset(first)))
        }
        Type::Percent | Type::Duration | Type::Json | Type::List(_) => None,
        Type::Decimal(_) | Type::Money if !ground.ir().program.language.starts_with("en") => None,
        Type::Text | Type::Email | Type::Url | Type::Slug(_) => Some(Value::text(last.trim())),
        _ => mirror.receive(ty, &Json::String(last.to_owned())),
    }
}

/// A row's name as JSON has it.
fn named(text: &str) -> Json {
    text.parse::<i64>()
        .map_or_else(|_| Json::String(text.to_owned()), Json::from)
}

/// What was typed stands in it, as far as it can.
pub fn keeps(control: &Control, values: &[&str], typed: &[String]) -> bool {
    if matches!(control.kind.as_str(), "password" | "hidden") {
        return true;
    }
    let offered = |text: &String| text.is_empty() || control.options.contains(text);
    if !control.options.is_empty() && !typed.iter().all(offered) {
        return true;
    }
    // Browsers leave out seconds that are none.
    let clock = matches!(control.kind.as_str(), "time" | "datetime-local");
    let short = |text: &String| match text.strip_suffix(":00") {
        Some(short) if clock && short.contains(':') => short.to_owned(),
        _ => text.clone(),
    };
    let bare = |texts: &mut Vec<String>| {
        texts.retain(|text| !text.is_empty() && text != "no");
        *texts = texts.iter().map(short).collect();
        texts.sort();
    };
    let (mut shown, mut typed) = (
        values.iter().map(|text| (*text).to_owned()).collect(),
        typed.to_vec(),
    );
    bare(&mut shown);
    bare(&mut typed);
    shown == typed
}
