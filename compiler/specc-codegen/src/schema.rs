//! The database a program needs: tables, columns, indexes; as data that is stored beside the migrations.
//! A stored format of its own: an older specc refuses a newer file.

mod build;
mod diff;
mod write;

#[cfg(test)]
mod tests;

pub use build::of;
pub use diff::{Change, Refused, diff};
pub use write::sql;

use serde::{Deserialize, Serialize};

/// The format's version.
pub const FORMAT: u32 = 2;

/// A database's shape.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The format's version.
    pub format: u32,
    /// The tables, in the program's order; retired ones last.
    pub tables: Vec<Table>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// As the spec calls it; for a join table `Entity field`.
    pub name: String,
    /// In the database.
    pub table: String,
    /// What its rows are.
    pub shape: Shape,
    /// Its own columns, without those every table has.
    pub columns: Vec<Column>,
    /// Its indexes.
    pub indexes: Vec<Index>,
    /// The program does not speak of it any more; its data is kept.
    #[serde(default, skip_serializing_if = "is_false")]
    pub retired: bool,
}

/// What a table's rows are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Rows of an entity.
    Rows,
    /// Pairs of a `many` field: tables of owner and item.
    Pairs {
        /// The table of the owning rows.
        owner: String,
        /// The table of the rows it holds.
        item: String,
    },
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The field, as the spec calls it.
    pub name: String,
    /// In the database.
    pub column: String,
    /// What it holds.
    pub holds: Holds,
    /// It must not be empty.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// What rows that were there before get, as SQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Its earlier column, as the spec says.
    #[serde(skip)]
    pub was: Option<String>,
    /// The program does not speak of it any more; its data is kept.
    #[serde(default, skip_serializing_if = "is_false")]
    pub retired: bool,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "named as the language names them")]
pub enum Holds {
    Text,
    Email,
    Url,
    Integer,
    Decimal(u8),
    Bool,
    Date,
    Time,
    Timestamp,
    Duration,
    /// One of these, as stored.
    Choice(Vec<String>),
    /// A row of this table.
    Reference(String),
    TextList,
    Json,
    Password,
    Secret,
    /// 0 at rest; part of every unique index, so that an operation can give unique values around.
    Unsettled,
}

/// The column of [`Holds::Unsettled`].
pub const UNSETTLED: &str = "unsettled";

impl Holds {
    /// SQLite's type.
    #[must_use]
    pub fn sql_type(&self) -> &'static str {
        match self {
            Holds::Integer
            | Holds::Decimal(_)
            | Holds::Bool
            | Holds::Date
            | Holds::Time
            | Holds::Timestamp
            | Holds::Duration
            | Holds::Unsettled
            | Holds::Reference(_) => "INTEGER",
            _ => "TEXT",
        }
    }
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Index {
    /// In the database.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// No two rows have the same.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unique: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Schema {
    /// Reads a stored schema.
    ///
    /// # Errors
    /// Says what is wrong with it, or that a newer specc wrote it.
    pub fn read(text: &str) -> Result<Schema, String> {
        let schema: Schema = serde_json::from_str(text).map_err(|error| {
            format!("the stored schema cannot be read ({error}); restore migrations/schema.json")
        })?;
        if schema.format > FORMAT {
            return Err(format!(
                "the stored schema has format {}, this specc knows {FORMAT}; use a newer specc",
                schema.format
            ));
        }
        Ok(schema)
    }

    /// The text to store.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The table of this name in the database.
    #[must_use]
    pub fn table(&self, table: &str) -> Option<&Table> {
        self.tables
            .iter()
            .find(|candidate| candidate.table == table)
    }
}
