//! The calendar: days to year, month and day.

/// Milliseconds of a day.
pub(super) const DAY: i64 = 86_400_000;

/// The day is in the years 1 to 9999.
pub(super) fn is_date(days: &i32) -> bool {
    (-719_162..=2_932_896).contains(days)
}

/// Year, month and day of a number of days since 1970-01-01, in the Gregorian calendar.
#[must_use]
pub fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let part = (5 * of_year + 2) / 153;
    let day = of_year - (153 * part + 2) / 5 + 1;
    let month = if part < 10 { part + 3 } else { part - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}
