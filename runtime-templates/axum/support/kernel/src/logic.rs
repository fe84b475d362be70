//! Two-valued logic over values that may be empty: any comparison with something empty is false.

use crate::value::Value;
use regex::Regex;
use std::borrow::Borrow;
use std::cell::RefCell;
use std::collections::HashMap;

/// Both are there and equal.
#[must_use]
pub fn is<A: PartialEq<B>, B>(left: Option<A>, right: Option<B>) -> bool {
    matches!((left, right), (Some(left), Some(right)) if left == right)
}

/// Both are there and the first is smaller.
#[must_use]
pub fn less<A: PartialOrd<B>, B>(left: Option<A>, right: Option<B>) -> bool {
    matches!((left, right), (Some(left), Some(right)) if left < right)
}

/// Both are there and the first is not larger.
#[must_use]
pub fn less_or_equal<A: PartialOrd<B>, B>(left: Option<A>, right: Option<B>) -> bool {
    matches!((left, right), (Some(left), Some(right)) if left <= right)
}

/// Both are there and the first is larger.
#[must_use]
pub fn greater<A: PartialOrd<B>, B>(left: Option<A>, right: Option<B>) -> bool {
    matches!((left, right), (Some(left), Some(right)) if left > right)
}

/// Both are there and the first is not smaller.
#[must_use]
pub fn greater_or_equal<A: PartialOrd<B>, B>(left: Option<A>, right: Option<B>) -> bool {
    matches!((left, right), (Some(left), Some(right)) if left >= right)
}

/// The text holds the part; nothing holds an empty part.
#[must_use]
pub fn contains(text: Option<&str>, part: Option<&str>) -> bool {
    matches!((text, part), (Some(text), Some(part)) if !part.is_empty() && text.contains(part))
}

/// The text begins with the part; nothing begins with an empty part.
#[must_use]
pub fn starts_with(text: Option<&str>, part: Option<&str>) -> bool {
    matches!((text, part), (Some(text), Some(part)) if !part.is_empty() && text.starts_with(part))
}

/// The whole text matches; false for a pattern that is none.
#[must_use]
pub fn matches(text: Option<&str>, pattern: &str) -> bool {
    const MOST: usize = 256;
    thread_local! {
        static KNOWN: RefCell<HashMap<String, Option<Regex>>> = RefCell::new(HashMap::new());
    }
    let Some(text) = text else { return false };
    KNOWN.with_borrow_mut(|known| {
        if let Some(regex) = known.get(pattern) {
            return regex.as_ref().is_some_and(|regex| regex.is_match(text));
        }
        if known.len() >= MOST {
            known.clear();
        }
        let regex = Regex::new(&format!(r"\A(?:{pattern})\z")).ok();
        let found = regex.as_ref().is_some_and(|regex| regex.is_match(text));
        known.insert(pattern.to_owned(), regex);
        found
    })
}

/// The list holds the item.
#[must_use]
pub fn list_contains<A, B>(list: &[A], item: Option<B>) -> bool
where
    A: PartialEq<B>,
{
    item.is_some_and(|item| list.iter().any(|entry| *entry == item))
}

/// A stored number.
#[must_use]
pub fn int(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        _ => None,
    }
}

/// A stored yes or no.
#[must_use]
pub fn flag(value: &Value) -> Option<bool> {
    int(value).map(|number| number != 0)
}

/// A stored text; blank text is empty.
#[must_use]
pub fn text(value: Value) -> Option<String> {
    match value {
        Value::Text(text) if !text.trim().is_empty() => Some(text),
        _ => None,
    }
}

/// A stored text; blank text is empty.
#[must_use]
pub fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) if !text.trim().is_empty() => Some(text),
        _ => None,
    }
}

/// Whether there is a password or secret; what it is stays hidden.
#[must_use]
pub fn there(value: &Value) -> Option<()> {
    (!value.is_empty()).then_some(())
}

/// A list of texts, also from JSON text.
#[must_use]
pub fn texts(value: Value) -> Vec<String> {
    match value {
        Value::Texts(texts) => texts,
        // Numbers of a list are kept as they are stored.
        Value::Text(text) => serde_json::from_str::<Vec<serde_json::Value>>(&text)
            .unwrap_or_default()
            .into_iter()
            .map(|entry| match entry {
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// A list of texts.
#[must_use]
pub fn texts_of(value: &Value) -> &[String] {
    match value {
        Value::Texts(texts) => texts,
        _ => &[],
    }
}

/// A set of ids, also from JSON text.
#[must_use]
pub fn ids(value: Value) -> Vec<i64> {
    match value {
        Value::Ids(ids) => ids,
        Value::Text(text) => serde_json::from_str(&text).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// A set of ids.
#[must_use]
pub fn ids_of(value: &Value) -> &[i64] {
    match value {
        Value::Ids(ids) => ids,
        _ => &[],
    }
}

/// How many entries a list has.
#[must_use]
pub fn count<T, L: Borrow<[T]>>(list: &L) -> Option<i64> {
    i64::try_from(list.borrow().len()).ok()
}
