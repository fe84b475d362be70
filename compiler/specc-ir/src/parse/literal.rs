//! Literals: the text of a number, date, time or moment to its value.

use jiff::civil;

/// The mantissa and the places of `12.50`; `None` where it does not fit 64 bits.
pub(super) fn number(text: &str) -> Option<(i64, u8)> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let places = u8::try_from(part.len()).ok()?;
    let mut mantissa = 0_i64;
    for digit in whole.bytes().chain(part.bytes()) {
        mantissa = mantissa
            .checked_mul(10)?
            .checked_add(i64::from(digit.checked_sub(b'0')?))?;
    }
    Some((mantissa, places))
}

/// The mantissa at more places, or at fewer where only zeros are lost.
pub(super) fn exact(mantissa: i64, from: u8, to: u8) -> Result<i64, Misfit> {
    let mut mantissa = mantissa;
    for _ in from..to {
        mantissa = mantissa.checked_mul(10).ok_or(Misfit::TooLarge)?;
    }
    for _ in to..from {
        if mantissa % 10 != 0 {
            return Err(Misfit::TooManyPlaces);
        }
        mantissa /= 10;
    }
    Ok(mantissa)
}

/// Why a number does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    TooLarge,
    TooManyPlaces,
}

/// Days since 1970-01-01 of `2026-03-01`.
pub(super) fn date(text: &str) -> Option<i32> {
    Some(days(text.parse::<civil::Date>().ok()?))
}

fn days(date: civil::Date) -> i32 {
    date.since(civil::date(1970, 1, 1))
        .map_or(0, |span| span.get_days())
}

fn civil_time(text: &str) -> Option<civil::Time> {
    let mut parts = text.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    civil::Time::new(hour, minute, second, 0).ok()
}

/// Milliseconds since midnight of `9:30` or `09:30:15`.
pub(super) fn time(text: &str) -> Option<i64> {
    let time = civil_time(text)?;
    Some(
        ((i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60 + i64::from(time.second()))
            * 1000,
    )
}

/// Milliseconds since 1970 of `2026-03-01 09:30` in a time zone, or of an RFC 3339 timestamp.
pub(super) fn moment(text: &str, zone: &str) -> Option<i64> {
    if let Ok(exact) = text.parse::<jiff::Timestamp>() {
        return Some(exact.as_millisecond());
    }
    let (day, clock) = text.split_once(|letter: char| letter.is_whitespace() || letter == 'T')?;
    let clock = civil_time(clock.trim())?;
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let local = day.parse::<civil::Date>().ok()?.to_datetime(clock);
    Some(zone.to_timestamp(local).ok()?.as_millisecond())
}
