//! Values that are made when a row is: random characters, numbers of a series, slugs.

use crate::check;
use crate::def::{Entity, Field, FieldDefault, Fields};
use crate::ids;
use crate::plan::bit;
use crate::refusal::Refusal;
use crate::scope::Scope;
use kernel::kind::Kind;
use kernel::value::Value;
use std::fmt::Write as _;

/// Makes what nobody gave.
pub(crate) fn values(
    scope: &Scope<'_>,
    entity: &'static Entity,
    values: &mut [Value],
    written: Fields,
) -> Result<(), Refusal> {
    for (index, field) in entity.fields.iter().enumerate() {
        let given = written & bit(index) != 0;
        let made = match (&field.default, field.kind) {
            (FieldDefault::Random(count), _) if !given => {
                Value::Text(unused(scope, entity, field, *count)?)
            }
            (FieldDefault::Next(pattern), _) if !given => {
                let whose = crate::tenant::of(scope, entity, values, None)?;
                Value::Text(next(scope, entity, field, pattern, whose)?)
            }
            (_, Kind::Slug(source)) if values.get(index).is_none_or(Value::is_empty) => {
                slug(scope, entity, field, values.get(source))?
            }
            _ => continue,
        };
        if let Some(slot) = values.get_mut(index) {
            *slot = made;
        }
    }
    Ok(())
}

/// That many unguessable characters of `a-z2-7`.
fn random(count: u8) -> Result<String, Refusal> {
    const LETTERS: [u8; 32] = *b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = vec![0_u8; usize::from(count)];
    getrandom::fill(&mut bytes)
        .map_err(|error| Refusal::Fault(format!("no randomness: {error}")))?;
    Ok(bytes
        .iter()
        .map(|byte| char::from(LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'a')))
        .collect())
}

/// Random characters that no other row has where they must be its own.
fn unused(
    scope: &Scope<'_>,
    entity: &'static Entity,
    field: &Field,
    count: u8,
) -> Result<String, Refusal> {
    const TRIES: usize = 16;
    for _ in 0..TRIES {
        let text = random(count)?;
        let value = Value::Text(text.clone());
        if !field.unique || !check::is_taken(scope, entity, field, &value, None)? {
            return Ok(text);
        }
    }
    Err(Refusal::Fault(format!(
        "{} random characters are too few for so many rows of {}",
        count, entity.name
    )))
}

/// The next number of a series without gaps: the counter is part of the transaction.
fn next(
    scope: &Scope<'_>,
    entity: &Entity,
    field: &Field,
    pattern: &str,
    whose: Option<i64>,
) -> Result<String, Refusal> {
    let year = kernel::time::year_of_date(Some(scope.today)).unwrap_or(0);
    let month = kernel::time::month_of_date(Some(scope.today)).unwrap_or(0);
    let text = pattern
        .replace("{year}", &format!("{year:04}"))
        .replace("{month}", &format!("{month:02}"));
    let place = text.find("{0").and_then(|start| {
        let length = text.get(start..)?.find('}')?;
        Some((start, start + length))
    });
    let (before, width, after) = match place {
        Some((start, end)) => (
            text.get(..start).unwrap_or(""),
            end - start - 1,
            text.get(end + 1..).unwrap_or(""),
        ),
        None => (text.as_str(), 1, ""),
    };
    let mut series = format!("{}.{}:{before}#{after}", entity.table, field.name);
    if let Some(whose) = whose {
        let _ = write!(series, "@{whose}");
    }
    let sql = "INSERT INTO counter (series, value) VALUES (?1, 1) \
               ON CONFLICT (series) DO UPDATE SET value = value + 1 RETURNING value";
    let number: i64 = scope
        .connection
        .prepare_cached(sql)?
        .query_row([&series], |row| row.get(0))?;
    Ok(format!("{before}{number:0width$}{after}"))
}

fn slug(
    scope: &Scope<'_>,
    entity: &'static Entity,
    field: &Field,
    source: Option<&Value>,
) -> Result<Value, Refusal> {
    let base = match source {
        Some(Value::Text(text)) => kernel::text::slug(text),
        _ => String::new(),
    };
    let base = if base.is_empty() {
        kernel::text::slug(entity.name)
    } else {
        base
    };
    let base = if base.is_empty() {
        "row".to_owned()
    } else {
        base
    };
    let mut candidate = base.clone();
    let mut number = 1_u32;
    let taken = |candidate: &str| -> Result<bool, Refusal> {
        let in_pages = field.name == "id" && ids::is_taken_by_pages(candidate);
        Ok(in_pages
            || check::is_taken(
                scope,
                entity,
                field,
                &Value::Text(candidate.to_owned()),
                None,
            )?)
    };
    while field.unique && taken(&candidate)? {
        number += 1;
        // Far from the start a random end finds a free one at once.
        let end = if number > 20 {
            random(6)?
        } else {
            number.to_string()
        };
        candidate = format!(
            "{}-{end}",
            base.get(..base.len().min(72))
                .unwrap_or(&base)
                .trim_end_matches('-')
        );
    }
    Ok(Value::Text(candidate))
}
