//! The SQL functions that translated expressions use: the kernel's, under the same names, on every connection.

use kernel::{logic, num, text, time};
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, Value as Sql, ValueRef};
use rusqlite::{Connection, Result};
use std::cell::Cell;

const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8
    .union(FunctionFlags::SQLITE_DETERMINISTIC)
    .union(FunctionFlags::SQLITE_INNOCUOUS);

/// Registers them all.
pub(crate) fn register(connection: &Connection) -> Result<()> {
    numbers(connection)?;
    texts(connection)?;
    times(connection)?;
    connection.create_aggregate_function("sum_checked", 1, FLAGS, Sum)?;
    connection.create_aggregate_function("avg_scaled", 2, FLAGS, Average)
}

thread_local! {
    static OVERFLOWED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a number did not fit since this was last asked on this thread.
pub(crate) fn overflowed() -> bool {
    OVERFLOWED.replace(false)
}

/// Notes that there should be a number, and is none.
fn noted(given: bool, result: Option<i64>) -> Option<i64> {
    if given && result.is_none() {
        OVERFLOWED.set(true);
    }
    result
}

fn int(context: &Context<'_>, index: usize) -> Option<i64> {
    match context.get_raw(index) {
        ValueRef::Integer(number) => Some(number),
        _ => None,
    }
}

fn places(context: &Context<'_>, index: usize) -> u32 {
    int(context, index)
        .and_then(|places| u32::try_from(places).ok())
        .unwrap_or(0)
}

fn string<'c>(context: &'c Context<'_>, index: usize) -> Option<&'c str> {
    match context.get_raw(index) {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

fn numbers(connection: &Connection) -> Result<()> {
    type Two = fn(Option<i64>, Option<i64>) -> Option<i64>;
    let two: [(&str, Two); 3] = [
        ("plus", num::add),
        ("subtract", num::sub),
        ("multiply", num::mul),
    ];
    for (name, function) in two {
        connection.create_scalar_function(name, 2, FLAGS, move |context| {
            let (left, right) = (int(context, 0), int(context, 1));
            Ok(noted(
                left.is_some() && right.is_some(),
                function(left, right),
            ))
        })?;
    }
    type One = fn(Option<i64>) -> Option<i64>;
    let one: [(&str, One); 2] = [("neg", num::neg), ("absolute", num::absolute)];
    for (name, function) in one {
        connection.create_scalar_function(name, 1, FLAGS, move |context| {
            let number = int(context, 0);
            Ok(noted(number.is_some(), function(number)))
        })?;
    }
    connection.create_scalar_function("rescale", 3, FLAGS, |context| {
        let number = int(context, 0);
        let scaled = num::rescale(number, places(context, 1), places(context, 2));
        Ok(noted(number.is_some(), scaled))
    })?;
    connection.create_scalar_function("mul_scaled", 3, FLAGS, |context| {
        let (left, right) = (int(context, 0), int(context, 1));
        let product = num::mul_scaled(left, right, places(context, 2));
        Ok(noted(left.is_some() && right.is_some(), product))
    })?;
    connection.create_scalar_function("div_scaled", 3, FLAGS, |context| {
        let up = int(context, 2)
            .and_then(|up| i32::try_from(up).ok())
            .unwrap_or(0);
        let (left, right) = (int(context, 0), int(context, 1));
        // Nothing divided by zero is empty, as the language has it.
        let divides = left.is_some() && right.is_some_and(|right| right != 0);
        Ok(noted(divides, num::div_scaled(left, right, up)))
    })
}

fn texts(connection: &Connection) -> Result<()> {
    connection.create_scalar_function("lower_u", 1, FLAGS, |context| {
        Ok(text::lower(string(context, 0)))
    })?;
    connection.create_scalar_function("length_u", 1, FLAGS, |context| {
        Ok(text::length(string(context, 0)))
    })?;
    connection.create_scalar_function("matches", 2, FLAGS, |context| {
        Ok(string(context, 1).is_some_and(|pattern| logic::matches(string(context, 0), pattern)))
    })?;
    connection.create_scalar_function("contains", 2, FLAGS, |context| {
        Ok(logic::contains(string(context, 0), string(context, 1)))
    })?;
    connection.create_scalar_function("starts_with", 2, FLAGS, |context| {
        Ok(logic::starts_with(string(context, 0), string(context, 1)))
    })?;
    connection.create_scalar_function("filled", 1, FLAGS, |context| {
        Ok(string(context, 0)
            .filter(|text| !text.trim().is_empty())
            .map(str::to_owned))
    })?;
    connection.create_scalar_function("finds", 2, FLAGS, |context| {
        Ok(finds(
            string(context, 0).unwrap_or_default(),
            string(context, 1).unwrap_or_default(),
        ))
    })?;
    connection.create_scalar_function("list_contains", 2, FLAGS, |context| {
        let Some(list) = string(context, 0) else {
            return Ok(false);
        };
        Ok(match context.get_raw(1) {
            ValueRef::Text(item) => {
                let texts: Vec<String> = serde_json::from_str(list).unwrap_or_default();
                texts.iter().any(|text| text.as_bytes() == item)
            }
            ValueRef::Integer(item) => {
                let ids: Vec<i64> = serde_json::from_str(list).unwrap_or_default();
                ids.contains(&item)
            }
            _ => false,
        })
    })?;
    connection.create_scalar_function("show", 2, FLAGS, |context| {
        let kind = string(context, 1).unwrap_or_default();
        Ok(match context.get_raw(0) {
            ValueRef::Text(_) => {
                ToSqlOutput::Owned(Sql::Text(string(context, 0).unwrap_or_default().to_owned()))
            }
            ValueRef::Integer(number) => {
                ToSqlOutput::Owned(Sql::Text(text::show(kind, Some(number))))
            }
            _ => ToSqlOutput::Owned(Sql::Null),
        })
    })
}

/// Without regard to letter case; `part` is in lower case.
fn finds(text: &str, part: &str) -> bool {
    if part.is_empty() {
        return true;
    }
    if text.is_ascii() {
        return part.is_ascii()
            && text
                .as_bytes()
                .windows(part.len())
                .any(|window| window.eq_ignore_ascii_case(part.as_bytes()));
    }
    text.to_lowercase().contains(part)
}

fn times(connection: &Connection) -> Result<()> {
    type One = fn(Option<i64>) -> Option<i64>;
    let one: [(&str, One); 7] = [
        ("date_of", time::date_of),
        ("time_of", time::time_of),
        ("hour_of", time::hour_of),
        ("weekday_of_date", time::weekday_of_date),
        ("year_of_date", time::year_of_date),
        ("month_of_date", time::month_of_date),
        ("day_of_date", time::day_of_date),
    ];
    for (name, function) in one {
        connection
            .create_scalar_function(name, 1, FLAGS, move |context| Ok(function(int(context, 0))))?;
    }
    connection.create_scalar_function("time_add", 2, FLAGS, |context| {
        Ok(time::time_add(int(context, 0), int(context, 1)))
    })?;
    connection.create_scalar_function("date_add", 2, FLAGS, |context| {
        Ok(time::date_add(int(context, 0), int(context, 1)))
    })
}

struct Sum;

impl Aggregate<i128, Option<i64>> for Sum {
    fn init(&self, _: &mut Context<'_>) -> Result<i128> {
        Ok(0)
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut i128) -> Result<()> {
        if let Some(number) = int(context, 0) {
            *sum += i128::from(number);
        }
        Ok(())
    }

    // Only the whole must fit, whatever the order of the rows.
    fn finalize(&self, _: &mut Context<'_>, sum: Option<i128>) -> Result<Option<i64>> {
        Ok(noted(true, i64::try_from(sum.unwrap_or(0)).ok()))
    }
}

struct Average;

#[derive(Default)]
struct Mean {
    sum: i128,
    count: i64,
    up: u32,
}

impl Aggregate<Mean, Option<i64>> for Average {
    fn init(&self, _: &mut Context<'_>) -> Result<Mean> {
        Ok(Mean::default())
    }

    fn step(&self, context: &mut Context<'_>, mean: &mut Mean) -> Result<()> {
        if let Some(number) = int(context, 0) {
            mean.sum += i128::from(number);
            mean.count += 1;
            mean.up = places(context, 1);
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, mean: Option<Mean>) -> Result<Option<i64>> {
        let Some(mean) = mean else { return Ok(None) };
        let up = 10_i128.checked_pow(mean.up);
        let dividend = up.and_then(|up| mean.sum.checked_mul(up));
        Ok(dividend
            .and_then(|dividend| num::divide(dividend, i128::from(mean.count)))
            .and_then(|quotient| i64::try_from(quotient).ok()))
    }
}
