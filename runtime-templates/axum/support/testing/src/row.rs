//! Rows as a scenario speaks of them: by their entity, their fields, and what they are shown as.

use crate::values::Given;

/// Fields with what is given for them, in the order in which they were said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    pub(crate) fields: Vec<(&'static str, Given)>,
}

impl Row {
    /// With this field, by its name in JSON.
    #[must_use]
    pub fn with(mut self, field: &'static str, given: impl Into<Given>) -> Row {
        self.fields.push((field, given.into()));
        self
    }
}

/// An entity of the app, as a type: the fields that a scenario gives.
pub trait Entity: Into<Row> + From<Row> {
    /// In addresses.
    const SLUG: &'static str;

    /// Nothing is given.
    #[must_use]
    fn new() -> Self {
        Self::from(Row::default())
    }

    /// With this field, by its name in JSON; for what has no method of its own.
    #[must_use]
    fn with(self, field: &'static str, given: impl Into<Given>) -> Self {
        let row: Row = self.into();
        Self::from(row.with(field, given))
    }

    /// With this field empty.
    #[must_use]
    fn without(self, field: &'static str) -> Self {
        self.with(field, Given::Empty)
    }

    /// With the row that came last in this field.
    #[must_use]
    fn with_last(self, field: &'static str) -> Self {
        self.with(field, Given::Last)
    }

    /// With what a statement in SQL gives at that moment in this field.
    #[must_use]
    fn with_computed(self, field: &'static str, sql: &'static str) -> Self {
        self.with(field, Given::Computed(sql))
    }

    /// The row that is shown as this text.
    #[must_use]
    fn called(name: &str) -> Called {
        Called {
            entity: Self::SLUG,
            name: name.to_owned(),
        }
    }
}

/// A row by its entity and what it is shown as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    pub(crate) entity: &'static str,
    pub(crate) name: String,
}
