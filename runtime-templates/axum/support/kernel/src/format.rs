//! Stored values as people read them, as JSON, and as a form holds them.

use crate::kind::Kind;
use crate::settings;
use crate::time;
use crate::value::Value;
use std::fmt::Write;

/// A mantissa with its point: `-0.05`.
pub fn write_decimal(mantissa: i64, places: u8, out: &mut String) {
    let digits = mantissa.unsigned_abs().to_string();
    let places = usize::from(places);
    if mantissa < 0 {
        out.push('-');
    }
    if places == 0 {
        out.push_str(&digits);
        return;
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, part) = padded.split_at(padded.len() - places);
    out.push_str(whole);
    out.push('.');
    out.push_str(part);
}

/// A mantissa with its point, and separators for thousands.
fn grouped(mantissa: i64, places: u8) -> String {
    let mut plain = String::new();
    write_decimal(mantissa, places, &mut plain);
    let (sign, plain) = plain
        .strip_prefix('-')
        .map_or(("", plain.as_str()), |rest| ("-", rest));
    let (whole, part) = plain.split_once('.').unwrap_or((plain, ""));
    let mut out = sign.to_owned();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if !part.is_empty() {
        out.push('.');
        out.push_str(part);
    }
    out
}

/// A percent's number without needless zeros: `12.5`.
fn percent_number(mantissa: i64) -> String {
    let mut out = String::new();
    write_decimal(mantissa, 2, &mut out);
    out.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// As people read it; empty for an empty value. References and many show their ids.
#[must_use]
pub fn show(kind: &Kind, value: &Value, currency: &str, digits: u8) -> String {
    match (kind, value) {
        (Kind::Decimal(places), Value::Int(number)) => {
            let mut out = String::new();
            write_decimal(*number, *places, &mut out);
            out
        }
        (Kind::Money, Value::Int(number)) => {
            let amount = grouped(number.saturating_abs(), digits);
            let sign = if *number < 0 { "-" } else { "" };
            match currency {
                "USD" => format!("{sign}${amount}"),
                "EUR" => format!("{sign}€{amount}"),
                "GBP" => format!("{sign}£{amount}"),
                "JPY" => format!("{sign}¥{amount}"),
                other => format!("{sign}{amount} {other}"),
            }
        }
        (Kind::Percent, Value::Int(number)) => format!("{} %", percent_number(*number)),
        (Kind::Bool, Value::Int(yes)) => (if *yes == 0 { "no" } else { "yes" }).to_owned(),
        (Kind::Date, Value::Int(days)) => time::date_text(*days),
        (Kind::Time, Value::Int(milliseconds)) => time::time_text(*milliseconds),
        (Kind::Timestamp, Value::Int(milliseconds)) => time::local_text(*milliseconds),
        (Kind::Duration, Value::Int(milliseconds)) => time::duration_words(*milliseconds),
        (Kind::Choice(choices), Value::Text(text)) => choices
            .iter()
            .find(|choice| choice.value == text)
            .map_or_else(|| text.clone(), |choice| choice.label.to_owned()),
        (Kind::List(item), value) => crate::list::entries(item, value)
            .iter()
            .map(|entry| show(item, entry, currency, digits))
            .collect::<Vec<_>>()
            .join(", "),
        (_, Value::Empty) => String::new(),
        (_, Value::Int(number)) => number.to_string(),
        (_, Value::Text(text)) => text.clone(),
        (_, Value::Texts(texts)) => texts.join(", "),
        (_, Value::Ids(ids)) => ids
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
        (_, Value::Hidden(_)) => "••••••".to_owned(),
    }
}

/// As an `<input>` or `<textarea>` holds it, so that [`crate::read::form`] gives it back.
#[must_use]
pub fn form(kind: &Kind, value: &Value) -> String {
    match (kind, value) {
        (Kind::Money, Value::Int(number)) => {
            let mut out = String::new();
            write_decimal(*number, settings::get().currency_digits, &mut out);
            out
        }
        (Kind::Percent, Value::Int(number)) => percent_number(*number),
        (Kind::Timestamp, Value::Int(milliseconds)) => time::local_form(*milliseconds),
        (Kind::Choice(_), Value::Text(text)) => text.clone(),
        (_, Value::Texts(texts)) => texts.join("\n"),
        (_, Value::Hidden(_)) => String::new(),
        (kind, value) => show(kind, value, "", 0),
    }
}

/// As JSON, appended to a buffer: decimals, money and percent as strings, references as numbers.
pub fn write_json(kind: &Kind, value: &Value, out: &mut String) {
    match (kind, value) {
        (Kind::List(item), value) => {
            out.push('[');
            for (position, entry) in crate::list::entries(item, value).iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write_json(item, entry, out);
            }
            out.push(']');
        }
        (_, Value::Empty) => match kind {
            Kind::Many(..) | Kind::TextList => out.push_str("[]"),
            _ => out.push_str("null"),
        },
        (_, Value::Hidden(_)) => out.push_str("null"),
        (Kind::Json, Value::Text(json)) => out.push_str(json),
        (_, Value::Int(number)) => write_json_int(kind, *number, out),
        (Kind::TextList, Value::Text(json)) => out.push_str(json),
        (_, Value::Text(text)) => write_json_text(text, out),
        (_, Value::Texts(texts)) => {
            out.push('[');
            for (position, text) in texts.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write_json_text(text, out);
            }
            out.push(']');
        }
        (_, Value::Ids(ids)) => {
            out.push('[');
            for (position, id) in ids.iter().enumerate() {
                let _ = write!(out, "{}{id}", if position > 0 { "," } else { "" });
            }
            out.push(']');
        }
    }
}

/// A stored number as JSON.
pub fn write_json_int(kind: &Kind, number: i64, out: &mut String) {
    match kind {
        Kind::Bool => out.push_str(if number == 0 { "false" } else { "true" }),
        Kind::Decimal(places) => quoted(out, |out| write_decimal(number, *places, out)),
        Kind::Money => quoted(out, |out| {
            write_decimal(number, settings::get().currency_digits, out)
        }),
        // A share, not what people read: 12.5 % is "0.1250".
        Kind::Percent => quoted(out, |out| write_decimal(number, 4, out)),
        Kind::Date => quoted(out, |out| out.push_str(&time::date_text(number))),
        Kind::Time => quoted(out, |out| out.push_str(&time::time_text(number))),
        Kind::Timestamp => quoted(out, |out| out.push_str(&time::rfc3339(number))),
        Kind::Duration => quoted(out, |out| out.push_str(&time::duration_text(number))),
        _ => {
            let _ = write!(out, "{number}");
        }
    }
}

fn quoted(out: &mut String, write: impl FnOnce(&mut String)) {
    out.push('"');
    write(out);
    out.push('"');
}

/// Text as a JSON string.
pub fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    let mut start = 0;
    for (position, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        out.push_str(text.get(start..position).unwrap_or_default());
        if escape.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(escape);
        }
        start = position + 1;
    }
    out.push_str(text.get(start..).unwrap_or_default());
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(kind: Kind, value: Value) -> String {
        let mut out = String::new();
        write_json(&kind, &value, &mut out);
        out
    }

    #[test]
    fn decimals_are_exact() {
        assert_eq!(json(Kind::Decimal(2), Value::Int(-5)), "\"-0.05\"");
        assert_eq!(json(Kind::Decimal(0), Value::Int(7)), "\"7\"");
        assert_eq!(
            json(Kind::Decimal(2), Value::Int(i64::MIN)),
            "\"-92233720368547758.08\""
        );
        assert_eq!(json(Kind::Percent, Value::Int(1250)), "\"0.1250\"");
        assert_eq!(
            show(&Kind::Money, &Value::Int(-123_456_789), "USD", 2),
            "-$1,234,567.89"
        );
        assert_eq!(show(&Kind::Money, &Value::Int(1000), "JPY", 0), "¥1,000");
    }

    #[test]
    fn json_text_is_escaped() {
        let text = "a\"\\\n\u{1}\u{2028}é";
        let written = json(Kind::Text, Value::Text(text.to_owned()));
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }

    #[test]
    fn empty_is_null_and_an_empty_list_a_list() {
        assert_eq!(json(Kind::Text, Value::Empty), "null");
        assert_eq!(json(Kind::TextList, Value::Empty), "[]");
        assert_eq!(json(Kind::Many(0, ""), Value::Ids(vec![1, 2])), "[1,2]");
    }
}
