//! Lists and single rows as a caller may read them. Grants stand in the statement's WHERE, so that lists, counts,
//! filters, sorting and search see nothing more.

mod build;
mod parse;
mod run;

pub use parse::{parameter, parse};
pub use run::{batch, get, list, list_json, options, referred, row_json, written_json};

use crate::def::{Entity, Fields};
use crate::labels;
use crate::operation::Row;
use crate::reader::Reader;
use kernel::value::Value;

/// Most rows to a page that a client may ask for.
pub const MOST_PER_PAGE: u32 = 200;

/// Which rows, in which order, how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// All must hold.
    pub filters: Vec<Filter>,
    /// `(key, descending)`; without any the newest come first. Ties go by id.
    pub sort: Vec<(SortKey, bool)>,
    /// Words that must all be found in searchable fields.
    pub search: Option<String>,
    /// From 1.
    pub page: u32,
    /// How many rows.
    pub per_page: u32,
    /// Go on behind this row instead of counting pages.
    pub after: Option<Cursor>,
    /// Only rows whose field (a reference) holds this row.
    pub parent: Option<(usize, i64)>,
}

impl Default for ListQuery {
    fn default() -> ListQuery {
        ListQuery {
            filters: Vec::new(),
            sort: Vec::new(),
            search: None,
            page: 1,
            per_page: 50,
            after: None,
            parent: None,
        }
    }
}

/// A condition on a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Its position.
    pub field: usize,
    /// How it is compared.
    pub op: Op,
    /// With what; nothing for [`Op::Empty`].
    pub value: Value,
}

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// The same; of a list: holds it.
    Is,
    /// Is empty.
    Empty,
    /// Not smaller.
    AtLeast,
    /// Not larger.
    AtMost,
    /// The text holds it, whatever the case.
    Contains,
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// The row's number.
    Id,
    /// When it was made.
    Created,
    /// When it was last changed.
    Updated,
    /// A field, by position.
    Field(usize),
}

/// Where a page ended: the last row's sort keys and what it is called outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// One value for each expression of the order.
    pub keys: Vec<Value>,
    /// The row: its number, or its identifier.
    pub row: Value,
}

/// A page of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows, in order.
    pub rows: Vec<Shown>,
    /// How many there are on all pages.
    pub total: u64,
    /// What leads behind the last row, as `after` takes it; none on the last page.
    pub next: Option<String>,
}

/// A row as a caller may read it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// The row; computed values stand in it, unreadable ones are empty.
    pub row: Row,
    /// Which fields may be read.
    pub readable: Fields,
    /// What the outside calls it.
    pub address: String,
    /// The rows it refers to.
    pub references: Vec<Referred>,
}

/// A row that another refers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Referred {
    /// The field that refers to it.
    pub field: usize,
    /// Its number.
    pub id: i64,
    /// What the outside calls it.
    pub address: String,
    /// What it is shown as.
    pub text: String,
}

/// What a row is shown as, whoever asks.
#[must_use]
pub fn label(r: &Reader<'_>, entity: &'static Entity, id: i64) -> String {
    let found = r.with_scope(crate::caller::Caller::SYSTEM, |scope| {
        labels::of(scope, entity, &[id])
    });
    let label = found.ok().and_then(|mut labels| labels.remove(&id));
    label.unwrap_or_else(|| labels::nameless(entity, id))
}
