//! What a field holds: how its value is read from a client, stored, sent and shown.

/// The kind of a field or input.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// One line of text.
    Text,
    /// Several lines.
    LongText,
    /// Several lines, shown as rendered Markdown.
    Markdown,
    /// An e-mail address.
    Email,
    /// An http or https address.
    Url,
    /// A slug; made from the text field at this position where it is left empty.
    Slug(usize),
    /// A 64-bit integer.
    Integer,
    /// An exact decimal: mantissa with this many places.
    Decimal(u8),
    /// Money: mantissa with the currency's places.
    Money,
    /// A fraction with four places: 0.1250 is 12.5 %.
    Percent,
    /// Yes (1) or no (0).
    Bool,
    /// Days since 1970-01-01.
    Date,
    /// Milliseconds since midnight.
    Time,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Timestamp,
    /// Milliseconds.
    Duration,
    /// One of these, stored as its value.
    Choice(&'static [Choice]),
    /// A row of the entity at this position in the app.
    Reference(usize),
    /// A list of texts, stored as a JSON array.
    TextList,
    /// A set of rows of that entity, kept in the join table of this name
    /// (columns `owner`, `item`).
    Many(usize, &'static str),
    /// A list that an expression gives, of values of this kind: a JSON array of their stored forms. Never written.
    List(&'static Kind),
    /// Any JSON, stored as text.
    Json,
    /// Hashed, never read.
    Password,
    /// Encrypted at rest.
    Secret,
}

/// A value of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// As stored and sent.
    pub value: &'static str,
    /// As shown.
    pub label: &'static str,
}

impl Choice {
    /// A value that is stored and sent as the first and shown as the second.
    #[must_use]
    pub const fn new(value: &'static str, label: &'static str) -> Choice {
        Choice { value, label }
    }
}
