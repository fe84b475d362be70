//! Rows as JSON, written straight from columns.

use kernel::kind::Kind;
use kernel::value::Value;
use rusqlite::types::ValueRef;

/// A column as JSON.
pub(crate) fn column(out: &mut Vec<u8>, kind: &Kind, stored: ValueRef<'_>) {
    match stored {
        ValueRef::Integer(number) => integer(out, kind, number),
        ValueRef::Text(bytes) => match kind {
            Kind::List(_) => {
                let stored = Value::Text(String::from_utf8_lossy(bytes).into_owned());
                let mut text = String::new();
                kernel::format::write_json(kind, &stored, &mut text);
                out.extend_from_slice(text.as_bytes());
            }
            Kind::Json | Kind::TextList | Kind::Many(..) if !bytes.is_empty() => {
                out.extend_from_slice(bytes)
            }
            Kind::TextList | Kind::Many(..) => out.extend_from_slice(b"[]"),
            _ if bytes.is_empty() => out.extend_from_slice(b"null"),
            _ => string(out, bytes),
        },
        _ if matches!(kind, Kind::TextList | Kind::Many(..) | Kind::List(_)) => {
            out.extend_from_slice(b"[]")
        }
        _ => out.extend_from_slice(b"null"),
    }
}

fn integer(out: &mut Vec<u8>, kind: &Kind, number: i64) {
    match kind {
        Kind::Bool => out.extend_from_slice(if number == 0 { b"false" } else { b"true" }),
        Kind::Timestamp => timestamp(out, number),
        Kind::Decimal(_)
        | Kind::Money
        | Kind::Percent
        | Kind::Date
        | Kind::Time
        | Kind::Duration => {
            let mut text = String::new();
            kernel::format::write_json_int(kind, number, &mut text);
            out.extend_from_slice(text.as_bytes());
        }
        _ => int(out, number),
    }
}

/// A moment as a JSON string.
pub(crate) fn timestamp(out: &mut Vec<u8>, ms: i64) {
    out.push(b'"');
    kernel::time::write_rfc3339(out, ms);
    out.push(b'"');
}

/// An integer.
pub(crate) fn int(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    let mut digits = [0_u8; 20];
    let mut rest = number.unsigned_abs();
    let mut from = digits.len();
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        from -= 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(from..).unwrap_or_default());
}

/// A JSON string of UTF-8 bytes.
pub(crate) fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    const HEX: [u8; 16] = *b"0123456789abcdef";
    out.push(b'"');
    let mut from = 0;
    for (index, byte) in bytes.iter().enumerate() {
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend_from_slice(bytes.get(from..index).unwrap_or_default());
        from = index + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            byte => {
                out.extend_from_slice(b"\\u00");
                for half in [byte >> 4, byte & 15] {
                    out.push(HEX.get(usize::from(half)).copied().unwrap_or(b'0'));
                }
            }
        }
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    out.push(b'"');
}
