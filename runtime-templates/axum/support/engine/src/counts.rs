//! How many rows a list has, remembered for as long as nothing is written.
//!
//! Counting a hundred thousand rows costs more than reading a page of them. The database itself says whether anybody, in
//! this process or another, has written since: what is remembered is never out of date, not even for a moment.

use crate::refusal::Refusal;
use kernel::value::Value;
use rusqlite::Connection;
use std::cell::RefCell;
use std::collections::HashMap;

/// Most counts that are remembered.
const MOST: usize = 256;

/// The counts of one connection that only reads.
#[derive(Default)]
pub(crate) struct Counts(RefCell<Known>);

#[derive(Default)]
struct Known {
    /// `data_version` when they were counted.
    version: i64,
    /// By statement and the values it was given.
    counts: HashMap<(String, Vec<Value>), u64>,
}

impl Counts {
    /// The count that this statement gives with these values; `count` runs it where that is not known. To be called in a
    /// transaction that has read already, so that the version is that of what it sees.
    pub fn count(
        &self,
        connection: &Connection,
        sql: &str,
        values: Vec<Value>,
        count: impl FnOnce(&[Value]) -> Result<u64, Refusal>,
    ) -> Result<u64, Refusal> {
        let version: i64 = connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        let mut known = self.0.borrow_mut();
        if known.version != version || known.counts.len() >= MOST {
            known.counts.clear();
            known.version = version;
        }
        let key = (sql.to_owned(), values);
        if let Some(count) = known.counts.get(&key) {
            return Ok(*count);
        }
        let counted = count(&key.1)?;
        known.counts.insert(key, counted);
        Ok(counted)
    }
}
