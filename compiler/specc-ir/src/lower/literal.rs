//! Values written plainly, without quotes: in seed tables, scenario steps, bounds and defaults.

use crate::expr::Literal;
use crate::ir::{Ir, Type};
use jiff::civil;
use specc_syntax::names::fold_name;

/// Why a text is no value of a type.
pub(super) enum Wrong {
    /// It is none.
    Form(&'static str),
    /// It has more places than the type, or does not fit 64 bits.
    Range,
    /// It is not one of the values of this choice.
    Choice,
    /// Values of this type are not written plainly.
    Not,
}

/// The value that a text writes in a type. Text types take it as it is.
pub(super) fn read(text: &str, ty: &Type, ir: &Ir) -> Result<Literal, Wrong> {
    let text = text.trim();
    match ty {
        Type::Text
        | Type::LongText
        | Type::Markdown
        | Type::Email
        | Type::Url
        | Type::Slug(_)
        | Type::Json
        | Type::Password
        | Type::Secret => Ok(Literal::Text(text.to_owned())),
        Type::Integer => {
            let digits = text.replace([',', '_'], "");
            digits.parse().map(Literal::Integer).map_err(|_| {
                if is_digits(&digits) {
                    Wrong::Range
                } else {
                    Wrong::Form("a whole number, such as `12`")
                }
            })
        }
        Type::Decimal(places) => decimal(text, *places).map(Literal::Decimal),
        Type::Money => decimal(text, ir.program.currency_digits).map(Literal::Decimal),
        Type::Percent => match text.strip_suffix('%') {
            Some(number) => decimal(number.trim(), 2).map(Literal::Decimal),
            None => decimal(text, 4).map(Literal::Decimal),
        },
        Type::Bool => match fold_name(text).as_str() {
            "yes" | "true" => Ok(Literal::Bool(true)),
            "no" | "false" => Ok(Literal::Bool(false)),
            _ => Err(Wrong::Form("`yes` or `no`")),
        },
        Type::Date => date(text)
            .map(|date| Literal::Date(days(date)))
            .ok_or(Wrong::Form("a date, such as `2026-03-01`")),
        Type::Time => time(text)
            .map(|time| Literal::Time(millis(time)))
            .ok_or(Wrong::Form("a time, such as `09:30`")),
        Type::Timestamp => timestamp(text, ir)
            .map(Literal::Timestamp)
            .ok_or(Wrong::Form("a point in time, such as `2026-03-01 09:30`")),
        Type::Duration => duration(text)
            .map(Literal::Duration)
            .ok_or(Wrong::Form("a duration, such as `3 days` or `2 hours`")),
        Type::Choice(id) => {
            let folded = fold_name(text);
            let choice = ir.choices.get(id.0 as usize).ok_or(Wrong::Choice)?;
            let by_name = choice
                .values
                .iter()
                .position(|value| fold_name(&value.name.text) == folded);
            let at = by_name.or_else(|| {
                choice
                    .values
                    .iter()
                    .position(|value| fold_name(&value.label) == folded)
            });
            at.and_then(|at| u32::try_from(at).ok())
                .map(|at| Literal::Choice(*id, at))
                .ok_or(Wrong::Choice)
        }
        Type::Ref(_) | Type::List(_) | Type::Many(_) | Type::Empty => Err(Wrong::Not),
    }
}

fn is_digits(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The mantissa of a decimal number at a scale.
fn decimal(text: &str, places: u8) -> Result<i64, Wrong> {
    const FORM: Wrong = Wrong::Form("a number, such as `12.50`");
    let text = text.replace([',', '_', ' '], "");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1_i64, digits),
        None => (1, text.as_str()),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty()
        || !is_digits(whole)
        || whole.starts_with('-')
        || !(part.is_empty() || is_digits(part))
        || part.starts_with('-')
    {
        return Err(FORM);
    }
    let part = part.trim_end_matches('0');
    if part.len() > usize::from(places) {
        return Err(Wrong::Range);
    }
    let mut mantissa = whole.parse::<i64>().map_err(|_| Wrong::Range)?;
    let mut rest = part.bytes();
    for _ in 0..places {
        let digit = i64::from(rest.next().map_or(0, |byte| byte - b'0'));
        mantissa = mantissa
            .checked_mul(10)
            .and_then(|value| value.checked_add(digit))
            .ok_or(Wrong::Range)?;
    }
    mantissa.checked_mul(sign).ok_or(Wrong::Range)
}

fn date(text: &str) -> Option<civil::Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

fn days(date: civil::Date) -> i32 {
    date.since(civil::date(1970, 1, 1))
        .map_or(0, |span| span.get_days())
}

fn time(text: &str) -> Option<civil::Time> {
    let (hour, rest) = text.split_once(':')?;
    if hour.is_empty() || hour.len() > 2 || rest.is_empty() || !text.is_ascii() {
        return None;
    }
    let mut parts = rest.split(':');
    let number = |part: Option<&str>| {
        part.filter(|part| part.len() == 2)
            .and_then(|part| part.parse::<i8>().ok())
    };
    let minute = number(parts.next())?;
    let second = match parts.next() {
        None => 0,
        part => number(part)?,
    };
    if parts.next().is_some() {
        return None;
    }
    civil::Time::new(hour.parse().ok()?, minute, second, 0).ok()
}

fn millis(time: civil::Time) -> i64 {
    ((i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60 + i64::from(time.second()))
        * 1000
}

/// Milliseconds of `2026-03-01 09:30` in the program's time zone, or of an RFC 3339 timestamp.
pub(super) fn timestamp(text: &str, ir: &Ir) -> Option<i64> {
    if let Ok(exact) = text.parse::<jiff::Timestamp>() {
        return Some(exact.as_millisecond());
    }
    let (day, clock) = match text.split_once([' ', 'T']) {
        Some((day, clock)) => (day, Some(clock.trim())),
        None => (text, None),
    };
    let clock = match clock {
        Some(clock) => time(clock)?,
        None => civil::Time::midnight(),
    };
    let zone = jiff::tz::TimeZone::get(&ir.program.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let moment = zone.to_timestamp(date(day)?.to_datetime(clock)).ok()?;
    Some(moment.as_millisecond())
}

/// Milliseconds of `3 days`, `2 hours 30 minutes`.
pub(super) fn duration(text: &str) -> Option<i64> {
    let mut words = text.split_whitespace().filter(|word| *word != "and");
    let mut total = 0_i64;
    let mut any = false;
    while let Some(count) = words.next() {
        let unit = match words
            .next()?
            .trim_end_matches(',')
            .to_lowercase()
            .trim_end_matches('s')
        {
            "millisecond" => 1,
            "second" => 1000,
            "minute" => 60_000,
            "hour" => 3_600_000,
            "day" => 86_400_000,
            "week" => 7 * 86_400_000,
            _ => return None,
        };
        total = total.checked_add(count.parse::<i64>().ok()?.checked_mul(unit)?)?;
        any = true;
    }
    any.then_some(total)
}
