//! A value as it is stored and handed around, whatever its field's kind.

use std::fmt;

/// A stored value. How to read it is the field's [`Kind`](crate::kind::Kind).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Nothing.
    #[default]
    Empty,
    /// Integers, mantissas of decimals, yes (1) and no (0), days, milliseconds, row ids.
    Int(i64),
    /// Text of any kind, a choice's value, JSON.
    Text(String),
    /// Texts of a list.
    Texts(Vec<String>),
    /// Ids of a `many` field, ascending.
    Ids(Vec<i64>),
    /// What is shown to nobody in passing: the hash of a password, a secret.
    Hidden(Hidden),
}

/// Text that stays out of logs and messages.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hidden {
    /// As it is stored: the hash of a password, a secret in its encrypted form.
    pub text: String,
    /// How many characters were given, where that is known.
    pub characters: Option<u32>,
}

impl fmt::Debug for Hidden {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("•••")
    }
}

impl Value {
    /// There is nothing: blank text and lists without entries count as nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Value::Empty => true,
            Value::Int(_) => false,
            Value::Text(text) => text.trim().is_empty(),
            Value::Texts(texts) => texts.is_empty(),
            Value::Ids(ids) => ids.is_empty(),
            Value::Hidden(hidden) => hidden.text.is_empty(),
        }
    }

    /// The same value in its one stored form: what is empty is [`Value::Empty`], ids ascend and stand once.
    #[must_use]
    pub fn settled(self) -> Value {
        match self {
            value if value.is_empty() => Value::Empty,
            Value::Ids(mut ids) => {
                ids.sort_unstable();
                ids.dedup();
                Value::Ids(ids)
            }
            value => value,
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Int(number)
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Value {
        number.map_or(Value::Empty, Value::Int)
    }
}

impl From<Option<bool>> for Value {
    fn from(flag: Option<bool>) -> Value {
        flag.map_or(Value::Empty, |flag| Value::Int(i64::from(flag)))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Value {
        text.map_or(Value::Empty, Value::from)
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Value {
        text.map_or(Value::Empty, Value::from)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        if text.trim().is_empty() {
            Value::Empty
        } else {
            Value::Text(text.to_owned())
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        if text.trim().is_empty() {
            Value::Empty
        } else {
            Value::Text(text)
        }
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Value {
        if texts.is_empty() {
            Value::Empty
        } else {
            Value::Texts(texts)
        }
    }
}

impl From<Vec<i64>> for Value {
    fn from(ids: Vec<i64>) -> Value {
        Value::Ids(ids).settled()
    }
}
