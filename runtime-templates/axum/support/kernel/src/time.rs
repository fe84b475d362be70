//! Days, times of day and moments, and their texts. The app's time zone is set once per process.

use crate::settings;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// 0001-01-01 and 9999-12-31 in days.
pub const DATES: (i64, i64) = (-719_162, 2_932_896);

fn zone() -> &'static TimeZone {
    &settings::get().time_zone
}

fn stamp(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok()
}

fn local(ms: i64) -> Option<DateTime> {
    let local = zone().to_datetime(stamp(ms)?);
    (1..=9999).contains(&local.year()).then_some(local)
}

fn epoch() -> Date {
    Date::constant(1970, 1, 1)
}

fn date(days: i64) -> Option<Date> {
    if days < DATES.0 || days > DATES.1 {
        return None;
    }
    epoch().checked_add(days.days()).ok()
}

fn days(date: Date) -> i64 {
    let since = epoch()
        .until(date)
        .map(|span| span.get_days())
        .unwrap_or_default();
    i64::from(since)
}

fn of_time(time: Time) -> i64 {
    let seconds =
        i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    seconds * 1000 + i64::from(time.millisecond())
}

/// The date of a moment.
#[must_use]
pub fn date_of(ms: Option<i64>) -> Option<i64> {
    Some(days(local(ms?)?.date()))
}

/// The time of day of a moment.
#[must_use]
pub fn time_of(ms: Option<i64>) -> Option<i64> {
    Some(of_time(local(ms?)?.time()))
}

/// The hour of a moment, 0 to 23.
#[must_use]
pub fn hour_of(ms: Option<i64>) -> Option<i64> {
    Some(i64::from(local(ms?)?.hour()))
}

/// 1 (Monday) to 7.
#[must_use]
pub fn weekday_of_date(days: Option<i64>) -> Option<i64> {
    Some(i64::from(date(days?)?.weekday().to_monday_one_offset()))
}

/// The year of a date.
#[must_use]
pub fn year_of_date(days: Option<i64>) -> Option<i64> {
    Some(i64::from(date(days?)?.year()))
}

/// The month of a date, 1 to 12.
#[must_use]
pub fn month_of_date(days: Option<i64>) -> Option<i64> {
    Some(i64::from(date(days?)?.month()))
}

/// The day of a date's month, 1 to 31.
#[must_use]
pub fn day_of_date(days: Option<i64>) -> Option<i64> {
    Some(i64::from(date(days?)?.day()))
}

/// A date moved by whole days; empty where the duration is none.
#[must_use]
pub fn date_add(days: Option<i64>, ms: Option<i64>) -> Option<i64> {
    let (days, ms) = (days?, ms?);
    if ms % DAY != 0 {
        return None;
    }
    days.checked_add(ms / DAY)
        .filter(|days| (DATES.0..=DATES.1).contains(days))
}

/// A time of day moved by a duration; empty where it leaves the day.
#[must_use]
pub fn time_add(time: Option<i64>, ms: Option<i64>) -> Option<i64> {
    time?
        .checked_add(ms?)
        .filter(|time| (0..DAY).contains(time))
}

/// The same functions for the value of an effect: a date out of range is an error, empty stays empty.
pub mod checked {
    use crate::num::Arithmetic;

    /// A date moved by whole days; empty where the duration is none.
    ///
    /// # Errors
    /// Where it leaves the years 1 to 9999.
    pub fn date_add(days: Option<i64>, ms: Option<i64>) -> Result<Option<i64>, Arithmetic> {
        let whole = days.is_some() && ms.is_some_and(|ms| ms % super::DAY == 0);
        match super::date_add(days, ms) {
            None if whole => Err(Arithmetic),
            moved => Ok(moved),
        }
    }
}

/// The moment a day begins; a midnight that a clock change leaves out means the moment after the gap.
#[must_use]
pub fn start_of_day(days: i64) -> Option<i64> {
    at_local(date(days)?.at(0, 0, 0, 0))
}

fn at_local(moment: DateTime) -> Option<i64> {
    zone()
        .to_ambiguous_timestamp(moment)
        .compatible()
        .ok()
        .map(|moment| moment.as_millisecond())
}

/// `2026-03-01`
#[must_use]
pub fn date_text(days: i64) -> String {
    if !(DATES.0..=DATES.1).contains(&days) {
        return String::new();
    }
    let mut out = Vec::with_capacity(10);
    write_date(&mut out, days);
    String::from_utf8(out).unwrap_or_default()
}

/// `09:30`, with seconds and milliseconds where they are not 0.
#[must_use]
pub fn time_text(ms: i64) -> String {
    let (hours, minutes, seconds, rest) =
        (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
    let mut out = format!("{hours:02}:{minutes:02}");
    if seconds != 0 || rest != 0 {
        out.push_str(&format!(":{seconds:02}"));
    }
    if rest != 0 {
        out.push_str(&format!(".{rest:03}"));
    }
    out
}

/// `2026-03-01 09:30` in the app's time zone.
#[must_use]
pub fn local_text(ms: i64) -> String {
    let Some(local) = local(ms) else {
        return String::new();
    };
    let mut out = Vec::with_capacity(16);
    digits(&mut out, i64::from(local.year()), 4);
    out.push(b'-');
    digits(&mut out, i64::from(local.month()), 2);
    out.push(b'-');
    digits(&mut out, i64::from(local.day()), 2);
    out.push(b' ');
    digits(&mut out, i64::from(local.hour()), 2);
    out.push(b':');
    digits(&mut out, i64::from(local.minute()), 2);
    String::from_utf8(out).unwrap_or_default()
}

/// `2026-03-01T09:30` in the app's time zone, as a form holds it; seconds where they are not 0.
#[must_use]
pub fn local_form(ms: i64) -> String {
    let Some(local) = local(ms) else {
        return String::new();
    };
    format!("{}T{}", local.date(), time_text(of_time(local.time())))
}

/// `2026-03-01T10:00:00.000Z`
#[must_use]
pub fn rfc3339(ms: i64) -> String {
    let mut out = Vec::with_capacity(24);
    write_rfc3339(&mut out, ms);
    String::from_utf8(out).unwrap_or_default()
}

/// [`rfc3339`] into a buffer.
pub fn write_rfc3339(out: &mut Vec<u8>, ms: i64) {
    let (days, rest) = (ms.div_euclid(DAY), ms.rem_euclid(DAY));
    write_date(out, days);
    out.push(b'T');
    digits(out, rest / 3_600_000, 2);
    out.push(b':');
    digits(out, rest / 60_000 % 60, 2);
    out.push(b':');
    digits(out, rest / 1000 % 60, 2);
    out.push(b'.');
    digits(out, rest % 1000, 3);
    out.push(b'Z');
}

/// `2026-03-01`, for the years 0 to 9999.
fn write_date(out: &mut Vec<u8>, days: i64) {
    // Howard Hinnant's civil_from_days.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    digits(out, year, 4);
    out.push(b'-');
    digits(out, month, 2);
    out.push(b'-');
    digits(out, day, 2);
}

fn digits(out: &mut Vec<u8>, number: i64, count: u32) {
    for place in (0..count).rev() {
        let digit = number.unsigned_abs() / 10_u64.pow(place) % 10;
        out.push(b'0' + u8::try_from(digit).unwrap_or(0));
    }
}

/// ISO 8601 of days and smaller: `P2DT3H`.
#[must_use]
pub fn duration_text(ms: i64) -> String {
    if ms == 0 {
        return "PT0S".to_owned();
    }
    let mut out = String::new();
    if ms < 0 {
        out.push('-');
    }
    out.push('P');
    let total = ms.unsigned_abs();
    let (days, hours, minutes) = (
        total / 86_400_000,
        total / 3_600_000 % 24,
        total / 60_000 % 60,
    );
    let (seconds, rest) = (total / 1000 % 60, total % 1000);
    if days > 0 {
        out.push_str(&format!("{days}D"));
    }
    if hours + minutes + seconds + rest > 0 {
        out.push('T');
        if hours > 0 {
            out.push_str(&format!("{hours}H"));
        }
        if minutes > 0 {
            out.push_str(&format!("{minutes}M"));
        }
        if rest > 0 {
            out.push_str(&format!("{seconds}.{rest:03}S"));
        } else if seconds > 0 {
            out.push_str(&format!("{seconds}S"));
        }
    }
    out
}

/// `2 days 3 hours`
#[must_use]
pub fn duration_words(ms: i64) -> String {
    if ms == 0 {
        return "0 seconds".to_owned();
    }
    let mut parts = Vec::new();
    let mut rest = ms.unsigned_abs();
    for (size, name) in [
        (86_400_000, "day"),
        (3_600_000, "hour"),
        (60_000, "minute"),
        (1000, "second"),
        (1, "millisecond"),
    ] {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            parts.push(format!(
                "{count} {name}{}",
                if count == 1 { "" } else { "s" }
            ));
        }
    }
    let sign = if ms < 0 { "-" } else { "" };
    format!("{sign}{}", parts.join(" "))
}

/// `2026-03-01` in days.
#[must_use]
pub fn read_date(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    let found = days(text.parse::<Date>().ok()?);
    (DATES.0..=DATES.1).contains(&found).then_some(found)
}

/// `09:30`, `09:30:15`, `09:30:15.250` in milliseconds.
#[must_use]
pub fn read_time(text: &str) -> Option<i64> {
    if text.len() < 5 || text.as_bytes().get(2) != Some(&b':') {
        return None;
    }
    let time: Time = text.parse().ok()?;
    (time.subsec_nanosecond() % 1_000_000 == 0).then(|| of_time(time))
}

/// A moment: RFC 3339 with any offset, or date and time in the app's time zone.
#[must_use]
pub fn read_timestamp(text: &str) -> Option<i64> {
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return within(stamp.as_millisecond());
    }
    let (day, time) = text.split_once(['T', ' '])?;
    let day = date(read_date(day)?)?;
    let time = read_time(time)?;
    within(at_local(day.to_datetime(
        Time::midnight().checked_add(time.milliseconds()).ok()?,
    ))?)
}

fn within(ms: i64) -> Option<i64> {
    (DATES.0 * DAY..(DATES.1 + 1) * DAY)
        .contains(&ms)
        .then_some(ms)
}

/// `P2DT3H`, or words: `2 days 3 hours`, `90 minutes`.
#[must_use]
pub fn read_duration(text: &str) -> Option<i64> {
    let (sign, plain) = match text.strip_prefix('-') {
        Some(rest) => (-1_i128, rest),
        None => (1, text),
    };
    let total = match plain.strip_prefix(['P', 'p']) {
        Some(rest) => iso_duration(rest)?,
        None => word_duration(plain)?,
    };
    i64::try_from(sign * total).ok()
}

fn iso_duration(text: &str) -> Option<i128> {
    let mut total = 0_i128;
    let mut number = String::new();
    let mut in_time = false;
    let mut any = false;
    for character in text.chars() {
        let size: i128 = match character.to_ascii_uppercase() {
            '0'..='9' | '.' => {
                number.push(character);
                continue;
            }
            'T' if !in_time && number.is_empty() => {
                in_time = true;
                continue;
            }
            'W' if !in_time => 604_800_000,
            'D' if !in_time => 86_400_000,
            'H' if in_time => 3_600_000,
            'M' if in_time => 60_000,
            'S' if in_time => 1000,
            _ => return None,
        };
        total = total.checked_add(part(&number, size)?)?;
        number.clear();
        any = true;
    }
    (any && number.is_empty()).then_some(total)
}

fn word_duration(text: &str) -> Option<i128> {
    let mut words = text.split_whitespace();
    let mut total = 0_i128;
    let mut any = false;
    while let Some(number) = words.next() {
        let unit = words.next()?.to_lowercase();
        let size = match unit.strip_suffix('s').unwrap_or(&unit) {
            "millisecond" | "m" if unit != "m" => 1,
            "second" | "sec" => 1000,
            "minute" | "min" => 60_000,
            "hour" | "h" => 3_600_000,
            "day" | "d" => 86_400_000,
            "week" | "w" => 604_800_000,
            _ => return None,
        };
        total = total.checked_add(part(number, size)?)?;
        any = true;
    }
    any.then_some(total)
}

/// A number, perhaps with decimals, of something that has so many milliseconds; exact or nothing.
fn part(number: &str, size: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || whole.len() > 18 || fraction.len() > 9 {
        return None;
    }
    if !whole
        .bytes()
        .chain(fraction.bytes())
        .all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let mantissa: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scaled = mantissa.checked_mul(size)?;
    (scaled % scale == 0).then(|| scaled / scale)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn dates_are_written_as_jiff_writes_them() {
        let (first, last) = DATES;
        for days in (first..=last).step_by(997).chain([first, -1, 0, 59, last]) {
            assert_eq!(date_text(days), date(days).unwrap().to_string(), "{days}");
        }
        assert_eq!(date_text(first - 1), "");
        assert_eq!(date_text(last + 1), "");
        for ms in [
            0,
            -1,
            951_782_400_000,
            1_772_323_199_999,
            -62_135_596_800_000,
        ] {
            let moment = local(ms).unwrap();
            let (date, hour, minute) = (moment.date(), moment.hour(), moment.minute());
            assert_eq!(
                local_text(ms),
                format!("{date} {hour:02}:{minute:02}"),
                "{ms}"
            );
        }
    }
}
