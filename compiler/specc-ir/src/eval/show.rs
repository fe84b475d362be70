//! How values stand in text.

use super::time::{DAY, civil, is_date};
use super::{Eval, Result, Value};
use crate::expr::FieldRef;
use crate::ir::{Ir, Type};
use crate::parse::scale;

/// A value as it stands in text, rows by their id; empty gives nothing. `offset` is what to add to UTC, in milliseconds.
#[must_use]
pub fn show(value: &Value, ty: &Type, ir: &Ir, offset: impl Fn(i64) -> i64) -> String {
    match value {
        Value::Empty => String::new(),
        Value::Bool(value) => (if *value { "yes" } else { "no" }).to_owned(),
        Value::Text(text) => text.clone(),
        Value::Number(number) if *ty == Type::Percent => percent(*number),
        Value::Number(number) => decimal(*number, scale(ty, ir).unwrap_or(0)),
        Value::Choice(value) => match ty {
            Type::Choice(id) => ir
                .choices
                .get(id.0 as usize)
                .and_then(|choice| choice.values.get(*value as usize))
                .map_or_else(String::new, |value| value.label.clone()),
            _ => String::new(),
        },
        Value::Date(days) => date(i64::from(*days)),
        Value::Time(time) => clock(*time),
        Value::Timestamp(moment) => {
            let local = moment.saturating_add(offset(*moment));
            // Outside the calendar there is nothing to show.
            if !i32::try_from(local.div_euclid(DAY)).is_ok_and(|days| is_date(&days)) {
                return String::new();
            }
            format!(
                "{} {}",
                date(local.div_euclid(DAY)),
                minutes(local.rem_euclid(DAY))
            )
        }
        Value::Duration(length) => duration(*length),
        Value::Row(id) => id.to_string(),
        Value::List(values) => {
            let item = match ty {
                Type::List(item) => item,
                other => other,
            };
            values
                .iter()
                .map(|value| show(value, item, ir, &offset as &dyn Fn(i64) -> i64))
                .collect::<Vec<_>>()
                .join(", ")
        }
    }
}

impl Eval<'_> {
    /// A value as it stands in text; a row as what it is shown as.
    pub(super) fn shown(&mut self, value: &Value, ty: &Type) -> Result<String> {
        if let (Value::Row(row), Type::Ref(entity)) = (value, ty) {
            let declared = self.ir.entities.get(entity.0 as usize);
            if let Some(field) = declared.and_then(|entity| entity.shown_as) {
                let field_type = declared
                    .and_then(|entity| entity.fields.get(field.0 as usize))
                    .map_or(Type::Text, |field| field.ty.clone());
                let inner = self.field_of(*entity, *row, FieldRef::Field(field), false)?;
                return match field_type {
                    // One step only: what refers on is shown by its id.
                    Type::Ref(_) => Ok(show(&inner, &field_type, self.ir, |_| 0)),
                    _ => self.shown(&inner, &field_type),
                };
            }
        }
        if let (Value::List(values), Type::List(_) | Type::Many(_)) = (value, ty) {
            let item = match ty {
                Type::List(item) => (**item).clone(),
                Type::Many(entity) => Type::Ref(*entity),
                other => other.clone(),
            };
            let shown: Result<Vec<String>> = values
                .iter()
                .map(|value| self.shown(value, &item))
                .collect();
            return Ok(shown?.join(", "));
        }
        let world = self.world;
        Ok(show(value, ty, self.ir, |moment| world.offset(moment)))
    }
}

/// A mantissa with its point.
pub(crate) fn decimal(number: i64, places: u8) -> String {
    let digits = number.unsigned_abs().to_string();
    let places = usize::from(places);
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, part) = padded.split_at(padded.len().saturating_sub(places));
    let sign = if number < 0 { "-" } else { "" };
    if part.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{part}")
    }
}

/// `12.5 %`
pub(crate) fn percent(number: i64) -> String {
    let text = decimal(number, 2);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// `2026-03-01`
pub(crate) fn date(days: i64) -> String {
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

fn minutes(time: i64) -> String {
    format!("{:02}:{:02}", time / 3_600_000, time / 60_000 % 60)
}

/// `09:30`, with seconds where there are any.
pub(crate) fn clock(time: i64) -> String {
    let seconds = time / 1000 % 60;
    if seconds == 0 {
        minutes(time)
    } else {
        format!("{}:{seconds:02}", minutes(time))
    }
}

/// `14 days`, `1 hour 30 minutes`.
pub(crate) fn duration(length: i64) -> String {
    let mut rest = length.unsigned_abs();
    let mut parts = Vec::new();
    for (unit, size) in [
        ("day", 86_400_000),
        ("hour", 3_600_000),
        ("minute", 60_000),
        ("second", 1000),
        ("millisecond", 1),
    ] {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            parts.push(format!(
                "{count} {unit}{}",
                if count == 1 { "" } else { "s" }
            ));
        }
    }
    match (parts.is_empty(), length < 0) {
        (true, _) => "0 seconds".to_owned(),
        (false, true) => format!("-{}", parts.join(" ")),
        (false, false) => parts.join(" "),
    }
}
