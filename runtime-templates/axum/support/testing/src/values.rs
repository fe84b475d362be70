//! Values as a scenario gives them.

use kernel::time;

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date(i64);

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(i64);

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub(crate) i64);

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length(pub(crate) i64);

/// A day, as in `2026-03-01`.
///
/// # Panics
/// Where that is none.
#[must_use]
pub fn date(text: &str) -> Date {
    let read = time::read_date(text);
    Date(read.unwrap_or_else(|| panic!("{text} is no date")))
}

/// A time of day, as in `09:30`.
///
/// # Panics
/// Where that is none.
#[must_use]
pub fn time(text: &str) -> Time {
    let read = time::read_time(text);
    Time(read.unwrap_or_else(|| panic!("{text} is no time of day")))
}

/// A moment, as in `2026-03-01T09:30:00Z`.
///
/// # Panics
/// Where that is none.
#[must_use]
pub fn moment(text: &str) -> Moment {
    let read = time::read_timestamp(text);
    Moment(read.unwrap_or_else(|| panic!("{text} is no moment")))
}

/// A length of time.
#[must_use]
pub const fn milliseconds(count: i64) -> Length {
    Length(count)
}

/// What somebody gives for a field or an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// Nothing.
    Empty,
    /// Text, a decimal in digits, a choice's value, or a row by what it is shown as.
    Text(String),
    /// A number as it is stored: yes is 1, a day counts from 1970, all else of time is in milliseconds.
    Number(i64),
    /// Several texts, or rows by what they are shown as.
    Texts(Vec<String>),
    /// The row of its entity that came last.
    Last,
    /// What a statement in SQL gives at that moment.
    Computed(&'static str),
}

impl From<&str> for Given {
    fn from(text: &str) -> Given {
        Given::Text(text.to_owned())
    }
}

impl From<i64> for Given {
    fn from(number: i64) -> Given {
        Given::Number(number)
    }
}

impl From<bool> for Given {
    fn from(yes: bool) -> Given {
        Given::Number(i64::from(yes))
    }
}

impl From<Date> for Given {
    fn from(date: Date) -> Given {
        Given::Number(date.0)
    }
}

impl From<Time> for Given {
    fn from(time: Time) -> Given {
        Given::Number(time.0)
    }
}

impl From<Moment> for Given {
    fn from(moment: Moment) -> Given {
        Given::Number(moment.0)
    }
}

impl From<Length> for Given {
    fn from(length: Length) -> Given {
        Given::Number(length.0)
    }
}

impl<const N: usize> From<[&str; N]> for Given {
    fn from(texts: [&str; N]) -> Given {
        Given::Texts(texts.iter().map(|text| (*text).to_owned()).collect())
    }
}
