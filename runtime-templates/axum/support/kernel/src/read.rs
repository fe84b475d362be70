//! What clients send, read as stored values. Every message says what is expected.

use crate::kind::Kind;
use crate::settings;
use crate::time;
use crate::value::Value;
use unicode_normalization::UnicodeNormalization;

/// The most characters of a text whose field says nothing of its length.
pub const LONGEST_TEXT: usize = 100_000;
/// The most entries of a list.
pub const LONGEST_LIST: usize = 1000;

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The built-in rule.
    pub rule: &'static str,
    /// What people read.
    pub message: String,
}

fn problem<T>(rule: &'static str, message: &str) -> Result<T, Problem> {
    Err(Problem {
        rule,
        message: message.to_owned(),
    })
}

/// Reads a value from JSON; `null` is empty.
///
/// # Errors
/// The rule `type`, `choice`, `bounds` or `length`, with what is expected.
pub fn json(kind: &Kind, value: &serde_json::Value) -> Result<Value, Problem> {
    use serde_json::Value as Json;
    match (kind, value) {
        (Kind::Json, Json::Null) | (_, Json::Null) => Ok(Value::Empty),
        (Kind::Json, value) => {
            let text = value.to_string();
            if text.len() > LONGEST_TEXT {
                problem("length", "must be shorter")
            } else {
                Ok(Value::Text(text))
            }
        }
        (Kind::Bool, Json::Bool(yes)) => Ok(Value::Int(i64::from(*yes))),
        (Kind::Integer | Kind::Reference(_), Json::Number(number)) => match number.as_i64() {
            Some(number) => Ok(Value::Int(number)),
            None if number.is_f64() => problem("type", "must be a whole number"),
            None => problem("bounds", "is too large a number"),
        },
        // A share, not what people write: 12.5 % is 0.1250.
        (Kind::Percent, Json::Number(number)) => decimal(&number.to_string(), 4),
        (Kind::Percent, Json::String(written)) if !written.trim().is_empty() => {
            decimal(written.trim(), 4)
        }
        (Kind::Decimal(_) | Kind::Money, Json::Number(number)) => text(kind, &number.to_string()),
        (Kind::TextList, Json::Array(items)) => {
            let mut texts = Vec::with_capacity(items.len().min(LONGEST_LIST));
            for item in items {
                match item {
                    Json::String(text) => texts.push(text.clone()),
                    _ => return problem("type", "must be a list of texts"),
                }
            }
            list(texts)
        }
        (Kind::Many(..), Json::Array(items)) => {
            let mut ids = Vec::with_capacity(items.len().min(LONGEST_LIST));
            for item in items {
                match item.as_i64() {
                    Some(id) => ids.push(id),
                    None => return problem("type", "must be a list of ids"),
                }
            }
            id_list(ids)
        }
        (Kind::List(_), _) => problem("type", "is worked out and can't be given"),
        (Kind::TextList, _) => problem("type", "must be a list of texts"),
        (Kind::Many(..), _) => problem("type", "must be a list of ids"),
        (Kind::Bool, _) => problem("type", "must be true or false"),
        (Kind::Integer | Kind::Reference(_), _) => problem("type", "must be a whole number"),
        (_, Json::String(written)) => text(kind, written),
        (Kind::Decimal(_) | Kind::Money | Kind::Percent, _) => problem("type", "must be a number"),
        _ => problem("type", "must be text"),
    }
}

/// Reads a value from one text, as a form or an address has it; blank text is empty.
///
/// # Errors
/// The rule `type`, `choice`, `bounds` or `length`, with what is expected.
pub fn text(kind: &Kind, written: &str) -> Result<Value, Problem> {
    let trimmed = written.trim();
    if trimmed.is_empty() {
        return Ok(Value::Empty);
    }
    if written.contains('\0') {
        return problem("type", "must not hold NUL characters");
    }
    let number = |value: Option<i64>, message: &str| match value {
        Some(value) => Ok(Value::Int(value)),
        None => problem("type", message),
    };
    match kind {
        Kind::Text => {
            if trimmed.contains(['\n', '\r']) {
                return problem("type", "must be one line");
            }
            sized(trimmed)
        }
        Kind::LongText | Kind::Markdown => sized(&written.replace("\r\n", "\n")),
        Kind::Secret => sized(&trimmed.replace("\r\n", "\n")),
        Kind::Password => sized(written),
        Kind::Email => {
            if is_email(trimmed) {
                sized(&trimmed.to_lowercase())
            } else {
                problem("type", "must be an e-mail address")
            }
        }
        Kind::Url => {
            let http = trimmed.starts_with("https://") || trimmed.starts_with("http://");
            let host = trimmed
                .split("//")
                .nth(1)
                .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
            if http
                && host
                && !trimmed.contains(char::is_whitespace)
                && !trimmed.contains(['"', '<', '>'])
            {
                sized(trimmed)
            } else {
                problem(
                    "type",
                    "must be an address that starts with https:// or http://",
                )
            }
        }
        Kind::Slug(_) => {
            let plain = trimmed
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if plain {
                sized(trimmed)
            } else {
                problem("type", "must be small letters, digits and hyphens")
            }
        }
        Kind::Integer | Kind::Reference(_) => {
            let digits = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return problem("type", "must be a whole number");
            }
            match trimmed.parse() {
                Ok(value) => Ok(Value::Int(value)),
                Err(_) => problem("bounds", "is too large a number"),
            }
        }
        Kind::Decimal(places) => decimal(trimmed, *places),
        Kind::Money => decimal(trimmed, settings::get().currency_digits),
        Kind::Percent => decimal(trimmed.trim_end_matches('%').trim_end(), 2),
        Kind::Bool => match trimmed.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(Value::Int(1)),
            "false" | "no" | "off" | "0" => Ok(Value::Int(0)),
            _ => problem("type", "must be yes or no"),
        },
        Kind::Date => number(
            time::read_date(trimmed),
            "must be a date such as 2026-03-01",
        ),
        Kind::Time => number(time::read_time(trimmed), "must be a time such as 09:00"),
        Kind::Timestamp => number(
            time::read_timestamp(trimmed),
            "must be a date and time such as 2026-03-01T10:00",
        ),
        Kind::Duration => number(
            time::read_duration(trimmed),
            "must be a duration such as 14 days or PT1H30M",
        ),
        Kind::Choice(choices) => {
            if choices.iter().any(|choice| choice.value == trimmed) {
                return Ok(Value::Text(trimmed.to_owned()));
            }
            let known: Vec<&str> = choices.iter().map(|choice| choice.value).collect();
            problem("choice", &format!("must be one of {}", known.join(", ")))
        }
        Kind::List(_) => problem("type", "is worked out and can't be given"),
        Kind::TextList => list(
            written
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect(),
        ),
        Kind::Many(..) => {
            let ids: Result<Vec<i64>, _> = trimmed
                .split([',', ' ', '\n'])
                .filter(|part| !part.is_empty())
                .map(str::parse)
                .collect();
            match ids {
                Ok(ids) => id_list(ids),
                Err(_) => problem("type", "must be a list of ids"),
            }
        }
        Kind::Json => match serde_json::from_str::<serde_json::Value>(trimmed) {
            Ok(value) => json(kind, &value),
            Err(_) => problem("type", "must be JSON"),
        },
    }
}

fn sized(text: &str) -> Result<Value, Problem> {
    if text.trim().is_empty() {
        return Ok(Value::Empty);
    }
    if text.contains('\0') {
        return problem("type", "must not hold NUL characters");
    }
    if text.chars().count() > LONGEST_TEXT {
        return problem(
            "length",
            &format!("must have at most {LONGEST_TEXT} characters"),
        );
    }
    Ok(Value::Text(composed(text)))
}

/// In Unicode's normal form C, as every text is kept.
#[must_use]
pub fn composed(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.nfc().collect()
}

fn list(texts: Vec<String>) -> Result<Value, Problem> {
    let texts: Vec<String> = texts
        .into_iter()
        .map(|text| composed(text.trim()))
        .filter(|text| !text.is_empty())
        .collect();
    if texts.len() > LONGEST_LIST {
        return problem(
            "length",
            &format!("must have at most {LONGEST_LIST} entries"),
        );
    }
    if texts.iter().any(|text| text.contains('\0')) {
        return problem("type", "must not hold NUL characters");
    }
    if texts.iter().any(|text| text.contains(['\n', '\r'])) {
        return problem("type", "each must be one line");
    }
    if texts.iter().any(|text| text.chars().count() > LONGEST_TEXT) {
        return problem(
            "length",
            &format!("each must have at most {LONGEST_TEXT} characters"),
        );
    }
    Ok(if texts.is_empty() {
        Value::Empty
    } else {
        Value::Texts(texts)
    })
}

fn id_list(mut ids: Vec<i64>) -> Result<Value, Problem> {
    if ids.len() > LONGEST_LIST {
        return problem(
            "length",
            &format!("must have at most {LONGEST_LIST} entries"),
        );
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(if ids.is_empty() {
        Value::Empty
    } else {
        Value::Ids(ids)
    })
}

/// An exact decimal; more places than there are room for are refused rather than rounded.
fn decimal(text: &str, places: u8) -> Result<Value, Problem> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let digit = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !digit(whole) || !digit(part) {
        return problem("type", "must be a number such as 12.50");
    }
    let part = part.trim_end_matches('0');
    if part.len() > usize::from(places) {
        return problem(
            "type",
            &format!("must have at most {places} digits after the point"),
        );
    }
    let mantissa = format!("{whole}{part:0<width$}", width = usize::from(places));
    match mantissa.parse::<i64>() {
        Ok(value) => Ok(Value::Int(sign * value)),
        Err(_) if mantissa.is_empty() => Ok(Value::Int(0)),
        Err(_) => problem("bounds", "is too large a number"),
    }
}

/// It looks like an address that mail can be sent to.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let odd = |c: char| c.is_whitespace() || c.is_control() || "()<>[]:;,\\\"@".contains(c);
    !local.is_empty()
        && local.len() <= 64
        && !local.contains(odd)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json as j;

    #[test]
    fn numbers_are_read_exactly() {
        assert_eq!(json(&Kind::Money, &j!(12.5)), Ok(Value::Int(1250)));
        assert_eq!(json(&Kind::Money, &j!("12.50")), Ok(Value::Int(1250)));
        assert_eq!(text(&Kind::Decimal(2), "-0.05"), Ok(Value::Int(-5)));
        assert_eq!(text(&Kind::Decimal(2), ".5"), Ok(Value::Int(50)));
        assert!(text(&Kind::Decimal(2), "0.001").is_err());
        assert!(text(&Kind::Decimal(2), "1e5").is_err());
        assert_eq!(text(&Kind::Percent, "12.5 %"), Ok(Value::Int(1250)));
        assert_eq!(json(&Kind::Percent, &j!("0.1250")), Ok(Value::Int(1250)));
        assert_eq!(json(&Kind::Percent, &j!(0.125)), Ok(Value::Int(1250)));
        assert_eq!(json(&Kind::Percent, &j!("")), Ok(Value::Empty));
        assert!(json(&Kind::Percent, &j!("0.12345")).is_err());
        assert!(json(&Kind::Percent, &j!("12.5 %")).is_err());
        assert_eq!(
            text(&Kind::Integer, "99999999999999999999")
                .unwrap_err()
                .rule,
            "bounds"
        );
        assert_eq!(json(&Kind::Integer, &j!(1.5)).unwrap_err().rule, "type");
        assert_eq!(json(&Kind::Integer, &j!("1")).unwrap_err().rule, "type");
    }

    #[test]
    fn blank_is_empty() {
        for kind in [
            Kind::Text,
            Kind::Markdown,
            Kind::Email,
            Kind::Integer,
            Kind::Json,
        ] {
            assert_eq!(text(&kind, " \n "), Ok(Value::Empty));
        }
        assert_eq!(json(&Kind::TextList, &j!(["", " "])), Ok(Value::Empty));
    }

    #[test]
    fn a_form_shows_each_entry_of_a_list_on_a_line() {
        let entries = json(&Kind::TextList, &j!(["a", " b, c\n"]));
        assert_eq!(
            entries,
            Ok(Value::Texts(vec!["a".to_owned(), "b, c".to_owned()]))
        );
        assert_eq!(text(&Kind::TextList, "a\r\nb, c"), entries);
        let lines = json(&Kind::TextList, &j!(["a", "b\nc"]));
        assert_eq!(lines.unwrap_err().message, "each must be one line");
    }

    #[test]
    fn addresses_are_checked() {
        for good in [
            "a@example.com",
            "first.last+tag@sub.example.org",
            "ü@exämple.de",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "a",
            "a@b",
            "@b.com",
            "a@",
            "a b@c.de",
            "a@b..c",
            "a@-b.com",
            "a@b.com\r\nBcc: x@y.z",
            "a@@b.com",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(text(&Kind::Url, "javascript:alert(1)").is_err());
        assert!(text(&Kind::Url, "https://example.com/a?b=c").is_ok());
    }
}
