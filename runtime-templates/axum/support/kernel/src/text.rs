//! Functions over text.

use crate::format;
use crate::kind::Kind;
use crate::value::Value;

/// Small letters.
#[must_use]
pub fn lower(text: Option<&str>) -> Option<String> {
    text.map(str::to_lowercase)
}

/// The number of characters (Unicode scalar values).
#[must_use]
pub fn length(text: Option<&str>) -> Option<i64> {
    text.and_then(|text| i64::try_from(text.chars().count()).ok())
}

/// The number of entries.
#[must_use]
pub fn count<T>(list: &[T]) -> Option<i64> {
    i64::try_from(list.len()).ok()
}

/// A number, date or the like inside text, by the name of its kind; nothing for an empty one.
#[must_use]
pub fn show(kind: &str, value: Option<i64>) -> String {
    let Some(value) = value else {
        return String::new();
    };
    let kind = match kind {
        "money" => Kind::Decimal(crate::settings::get().currency_digits),
        "percent" => Kind::Percent,
        "yesno" => Kind::Bool,
        "date" => Kind::Date,
        // What is smaller than a second is left out.
        "time" => return crate::time::time_text(value - value % 1000),
        "timestamp" => Kind::Timestamp,
        "duration" => Kind::Duration,
        other => match other
            .strip_prefix("decimal")
            .and_then(|places| places.parse().ok())
        {
            Some(places) => Kind::Decimal(places),
            None => Kind::Integer,
        },
    };
    format::show(&kind, &Value::Int(value), "", 0)
}

/// The text; empty where it is nothing but blanks.
#[must_use]
pub fn filled(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}

/// Characters of a slug where nothing else is said.
pub const LONGEST_SLUG: u32 = 80;

/// A slug: small letters, digits and hyphens; letters of other scripts are spelled in Latin ones.
/// Empty where nothing is left.
#[must_use]
pub fn slug(text: &str) -> String {
    let mut out = String::new();
    for letter in deunicode::deunicode(text).chars() {
        if letter.is_ascii_alphanumeric() {
            out.push(letter.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if out.len() >= LONGEST_SLUG as usize {
            break;
        }
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_plain() {
        assert_eq!(slug("  Änderung: 5 % & mehr!  "), "anderung-5-mehr");
        assert_eq!(slug("東京"), "dong-jing");
        assert_eq!(slug("!!!"), "");
        assert!(slug(&"a".repeat(500)).len() <= LONGEST_SLUG as usize);
    }

    #[test]
    fn values_show_inside_text() {
        assert_eq!(show("decimal2", Some(1250)), "12.50");
        assert_eq!(show("date", Some(0)), "1970-01-01");
        assert_eq!(show("yesno", Some(1)), "yes");
        assert_eq!(show("integer", None), "");
        assert_eq!(show("money", Some(-123_456)), "-1234.56");
        assert_eq!(show("time", Some(34_200_005)), "09:30");
        assert_eq!(show("duration", Some(5_400_000)), "1 hour 30 minutes");
        assert_eq!(filled(String::new()), None);
        assert_eq!(filled(" \n".to_owned()), None);
    }
}
