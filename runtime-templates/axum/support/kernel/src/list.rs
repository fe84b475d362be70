//! Lists of values other than text, as expressions give them: a JSON array of the values' stored forms.

use crate::kind::Kind;
use crate::value::Value;

/// The entries of a list of this kind, in order.
#[must_use]
pub fn entries(item: &Kind, value: &Value) -> Vec<Value> {
    match value {
        Value::Texts(texts) => texts.iter().map(|text| entry(item, text)).collect(),
        Value::Ids(ids) => ids.iter().copied().map(Value::Int).collect(),
        Value::Text(json) => serde_json::from_str::<Vec<serde_json::Value>>(json)
            .unwrap_or_default()
            .iter()
            .map(|entry| match entry {
                serde_json::Value::Number(number) => {
                    number.as_i64().map_or(Value::Empty, Value::Int)
                }
                serde_json::Value::Bool(yes) => Value::Int(i64::from(*yes)),
                serde_json::Value::String(text) => Value::from(text.as_str()),
                _ => Value::Empty,
            })
            .filter(|entry| !entry.is_empty())
            .collect(),
        Value::Empty | Value::Int(_) | Value::Hidden(_) => Vec::new(),
    }
}

/// A stored number that came as text, as one.
fn entry(item: &Kind, text: &str) -> Value {
    let number = matches!(
        item,
        Kind::Integer
            | Kind::Decimal(_)
            | Kind::Money
            | Kind::Percent
            | Kind::Bool
            | Kind::Date
            | Kind::Time
            | Kind::Timestamp
            | Kind::Duration
            | Kind::Reference(_)
    );
    match text.parse() {
        Ok(value) if number => Value::Int(value),
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_their_order_and_their_kind() {
        let stored = Value::Text("[300,100,null,300]".to_owned());
        let three = vec![Value::Int(300), Value::Int(100), Value::Int(300)];
        assert_eq!(entries(&Kind::Money, &stored), three);
        let texts = Value::Texts(vec!["7".to_owned(), "x".to_owned()]);
        let mixed = vec![Value::from("7"), Value::from("x")];
        assert_eq!(entries(&Kind::Text, &texts), mixed);
        assert_eq!(
            entries(&Kind::Date, &Value::Texts(vec!["12".to_owned()])),
            vec![Value::Int(12)]
        );
        assert_eq!(
            entries(&Kind::Text, &Value::Text("no list".to_owned())),
            vec![]
        );
    }
}
