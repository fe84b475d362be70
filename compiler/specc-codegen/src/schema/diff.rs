//! What leads from one schema to the next, and what cannot be done without losing data.

use super::{Column, Holds, Index, Schema, Table};
use crate::sql::{quoted, text_literal};
use std::fmt;

/// A step of a migration; none of them loses data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Additive: a new table.
    NewTable(Table),
    /// Additive: a new column, empty or with its default.
    NewColumn {
        /// The entity, as the spec calls it.
        entity: String,
        /// Its table.
        table: String,
        /// The column.
        column: Column,
    },
    /// Compatible: `was` says where the data is.
    Renamed {
        /// The entity, as the spec calls it.
        entity: String,
        /// Its table.
        table: String,
        /// The old column.
        from: String,
        /// The new one.
        to: String,
        /// It holds secrets.
        sealed: bool,
    },
    /// Compatible: empty rows of a field that became required get its default.
    Filled {
        /// The entity, as the spec calls it.
        entity: String,
        /// Its table.
        table: String,
        /// The column.
        column: String,
        /// The default, as SQL.
        default: String,
    },
    /// Compatible: same column, more values.
    Compatible {
        /// What it is about.
        what: String,
    },
    /// Compatible: the program does not speak of it any more; the data stays.
    Retired {
        /// What it is about.
        what: String,
    },
    /// Additive.
    NewIndex {
        /// Its table.
        table: String,
        /// The index.
        index: Index,
    },
    /// Compatible.
    DroppedIndex {
        /// Its table.
        table: String,
        /// The index.
        index: String,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::NewTable(table) => write!(out, "new table for {}", table.name),
            Change::NewColumn { entity, column, .. } if column.holds == Holds::Unsettled => {
                write!(
                    out,
                    "{entity}: what is unique may change hands within an operation"
                )
            }
            Change::NewColumn { entity, column, .. } => {
                write!(out, "new field {} of {entity}", column.name)
            }
            Change::Renamed {
                entity, from, to, ..
            } => write!(out, "{entity}: {from} is called {to} now"),
            Change::Filled { entity, column, .. } => {
                write!(out, "{entity}: where {column} is empty it gets its default")
            }
            Change::Compatible { what } => out.write_str(what),
            Change::Retired { what } => {
                write!(out, "{what} is not used any more; its data is kept")
            }
            Change::NewIndex { table, index } => {
                write!(out, "new index on {table} ({})", index.columns.join(", "))
            }
            Change::DroppedIndex { table, index } => {
                write!(out, "index {index} on {table} is not needed any more")
            }
        }
    }
}

/// A change that is not made: it may lose data, or nobody can tell what is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What it is about: entity and field.
    pub what: String,
    /// Why, and the next step.
    pub message: String,
    /// Counts the rows it concerns; empty where it concerns none.
    pub count: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.what, self.message)?;
        if !self.count.is_empty() {
            write!(out, "; rows concerned: `{}`", self.count)?;
        }
        Ok(())
    }
}

/// The changes from the stored schema to the wanted one, and the schema afterwards (with what is retired).
///
/// # Errors
/// Everything that is refused; then nothing is to be done.
pub fn diff(old: &Schema, new: &Schema) -> Result<(Vec<Change>, Schema), Vec<Refused>> {
    let mut changes = Vec::new();
    let mut refused = Vec::new();
    let mut after = Schema {
        format: super::FORMAT,
        tables: Vec::new(),
    };
    for table in &new.tables {
        match old.table(&table.table) {
            None => {
                changes.push(Change::NewTable(table.clone()));
                after.tables.push(table.clone());
            }
            Some(before) if before.shape != table.shape => {
                refused.push(Refused {
                    what: table.name.clone(),
                    message: "its table holds other rows than before; choose another name"
                        .to_owned(),
                    count: format!("SELECT count(*) FROM {}", quoted(&table.table)),
                });
            }
            Some(before) => {
                after
                    .tables
                    .push(table_changes(before, table, &mut changes, &mut refused))
            }
        }
    }
    for table in &old.tables {
        if new.table(&table.table).is_none() {
            if !table.retired {
                changes.push(Change::Retired {
                    what: table.name.clone(),
                });
            }
            after.tables.push(Table {
                retired: true,
                ..table.clone()
            });
        }
    }
    if refused.is_empty() {
        Ok((order(changes), after))
    } else {
        Err(refused)
    }
}

/// Indexes go first and come last, so that columns can be renamed between.
fn order(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by_key(|change| match change {
        Change::DroppedIndex { .. } => 0,
        Change::Renamed { .. } => 1,
        Change::NewTable(_) => 2,
        Change::NewColumn { .. } | Change::Filled { .. } => 3,
        Change::NewIndex { .. } => 4,
        Change::Compatible { .. } | Change::Retired { .. } => 5,
    });
    changes
}

fn table_changes(
    before: &Table,
    table: &Table,
    changes: &mut Vec<Change>,
    refused: &mut Vec<Refused>,
) -> Table {
    let mut renamed: Vec<&str> = Vec::new();
    let mut came: Vec<&Column> = Vec::new();
    for column in &table.columns {
        if let Some(old) = before
            .columns
            .iter()
            .find(|old| old.column == column.column)
        {
            column_changes(table, old, column, changes, refused);
            continue;
        }
        let source = column
            .was
            .as_ref()
            .and_then(|was| before.columns.iter().find(|old| old.column == *was));
        if let Some(old) = source
            && !table
                .columns
                .iter()
                .any(|column| column.column == old.column)
        {
            changes.push(Change::Renamed {
                entity: table.name.clone(),
                table: table.table.clone(),
                from: old.column.clone(),
                to: column.column.clone(),
                sealed: column.holds == Holds::Secret,
            });
            renamed.push(&old.column);
            column_changes(table, old, column, changes, refused);
            continue;
        }
        came.push(column);
    }
    let mut after = Table {
        retired: false,
        ..table.clone()
    };
    for old in &before.columns {
        let stays = table
            .columns
            .iter()
            .any(|column| column.column == old.column);
        if stays || renamed.contains(&old.column.as_str()) {
            continue;
        }
        let candidate = came.iter().find(|column| {
            !old.retired && same_family(&column.holds, &old.holds) && column.was.is_none()
        });
        if let Some(column) = candidate {
            refused.push(Refused {
                what: format!("{}.{}", table.name, column.name),
                message: format!(
                    "it came and {} went, which may be a rename; write `was {}` in its rules, or build once without it",
                    old.name, old.name
                ),
                count: filled(table, old),
            });
        }
        if !old.retired {
            changes.push(Change::Retired {
                what: format!("{}.{}", table.name, old.name),
            });
        }
        after.columns.push(Column {
            retired: true,
            was: None,
            ..old.clone()
        });
    }
    for column in came {
        if column.required && column.default.is_none() {
            refused.push(Refused {
                what: format!("{}.{}", table.name, column.name),
                message: "a new required field leaves the rows that exist without a value; give it a default, or build once with it optional".to_owned(),
                count: format!("SELECT count(*) FROM {}", quoted(&table.table)),
            });
        }
        changes.push(Change::NewColumn {
            entity: table.name.clone(),
            table: table.table.clone(),
            column: column.clone(),
        });
    }
    for index in &before.indexes {
        if !table.indexes.contains(index) {
            changes.push(Change::DroppedIndex {
                table: table.table.clone(),
                index: index.name.clone(),
            });
        }
    }
    for index in &table.indexes {
        if !before.indexes.contains(index) {
            let plain = |index: &Index| {
                let columns = index.columns.iter();
                columns
                    .filter(|column| *column != super::UNSETTLED)
                    .cloned()
                    .collect::<Vec<String>>()
            };
            let old = before
                .columns
                .iter()
                .any(|old| plain(index).contains(&old.column));
            let kept_so_far = before
                .indexes
                .iter()
                .any(|other| other.unique && plain(other) == plain(index));
            if index.unique && old && !kept_so_far {
                let columns: Vec<String> =
                    plain(index).iter().map(|column| quoted(column)).collect();
                let columns = columns.join(", ");
                refused.push(Refused {
                    what: format!("{}.{}", table.name, index.columns.join(", ")),
                    message: "rows that exist may agree in what is to be unique; this is not compiled yet".to_owned(),
                    count: format!(
                        "SELECT count(*) FROM (SELECT 1 FROM {} WHERE {columns} IS NOT NULL GROUP BY {columns} HAVING count(*) > 1)",
                        quoted(&table.table)
                    ),
                });
            }
            changes.push(Change::NewIndex {
                table: table.table.clone(),
                index: index.clone(),
            });
        }
    }
    after
}

fn column_changes(
    table: &Table,
    old: &Column,
    new: &Column,
    changes: &mut Vec<Change>,
    refused: &mut Vec<Refused>,
) {
    let what = format!("{}.{}", table.name, new.name);
    if old.holds != new.holds {
        match (&old.holds, &new.holds) {
            (Holds::Choice(before), Holds::Choice(after)) => {
                let gone: Vec<String> =
                    before.iter().filter(|value| !after.contains(value)).map(|value| text_literal(value)).collect();
                if gone.is_empty() {
                    changes.push(Change::Compatible { what: format!("{what} has other values to choose from") });
                } else {
                    refused.push(Refused {
                        what: what.clone(),
                        message: format!("values that rows may have are gone ({}); keep them", gone.join(", ")),
                        count: format!(
                            "SELECT count(*) FROM {} WHERE {} IN ({})",
                            quoted(&table.table),
                            quoted(&old.column),
                            gone.join(", ")
                        ),
                    });
                }
            }
            (Holds::Email | Holds::Url | Holds::Choice(_), Holds::Text) => {
                changes.push(Change::Compatible { what: format!("{what} takes any text") });
            }
            _ => refused.push(Refused {
                what: what.clone(),
                message: "its type changed, and what rows have cannot be turned into the new one yet; give the new field another name".to_owned(),
                count: filled(table, old),
            }),
        }
    }
    if new.required && !old.required {
        match &new.default {
            Some(default) => changes.push(Change::Filled {
                entity: table.name.clone(),
                table: table.table.clone(),
                column: new.column.clone(),
                default: default.clone(),
            }),
            None => refused.push(Refused {
                what,
                message:
                    "it is required now, and rows that exist may have it empty; give it a default"
                        .to_owned(),
                count: format!(
                    "SELECT count(*) FROM {} WHERE {} IS NULL",
                    quoted(&table.table),
                    quoted(&old.column)
                ),
            }),
        }
    }
}

fn filled(table: &Table, column: &Column) -> String {
    format!(
        "SELECT count(*) FROM {} WHERE {} IS NOT NULL",
        quoted(&table.table),
        quoted(&column.column)
    )
}

fn same_family(left: &Holds, right: &Holds) -> bool {
    left == right || matches!((left, right), (Holds::Choice(_), Holds::Choice(_)))
}
