//! What leads from one schema to the next, and what cannot be done without losing data.

use super::{Column, Holds, Index, Schema, Shape, Table};
use crate::sql::{quoted, text_literal};
use specc_syntax::names::fold_name;
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
            Some(before) if belongs_to_another(before, table, new) => {
                refused.push(Refused {
                    what: table.name.clone(),
                    message: format!(
                        "its table, {}, has the rows of {}, which is written alike; put {} first, or give one of them another name",
                        table.table, before.name, before.name
                    ),
                    count: format!("SELECT count(*) FROM {}", quoted(&table.table)),
                });
            }
            None => {
                if let Some(went) = renamed_entity(table, old, new) {
                    refused.push(Refused {
                        what: table.name.clone(),
                        message: format!(
                            "it came and {0} went, which may be a rename, and entities can't be renamed yet; keep the name {0}, or build once with neither",
                            went.name
                        ),
                        count: format!("SELECT count(*) FROM {}", quoted(&went.table)),
                    });
                }
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

/// This table was another entity's (or field's) that is still there under another table: the two are written alike,
/// and changed places.
fn belongs_to_another(before: &Table, table: &Table, new: &Schema) -> bool {
    let same = |name: &str| fold_name(name) == fold_name(&before.name);
    !same(&table.name) && new.tables.iter().any(|other| same(&other.name))
}

/// The entity that went while this one came with all its fields.
fn renamed_entity<'a>(table: &Table, old: &'a Schema, new: &Schema) -> Option<&'a Table> {
    old.tables.iter().find(|went| {
        let has = |column: &Column| {
            table.columns.iter().any(|own| {
                own.column == column.column && own.holds.sql_type() == column.holds.sql_type()
            })
        };
        let mut columns = went
            .columns
            .iter()
            .filter(|column| !column.retired)
            .peekable();
        !went.retired
            && went.shape == Shape::Rows
            && table.shape == Shape::Rows
            && new.table(&went.table).is_none()
            && columns.peek().is_some()
            && columns.all(has)
    })
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
    let same = |left: &str, right: &str| fold_name(left) == fold_name(right);
    for column in &table.columns {
        let was = column.was.as_ref().and_then(|was| {
            let there =
                *was != column.column && table.columns.iter().any(|other| other.column == *was);
            before
                .columns
                .iter()
                .find(|old| there && !old.retired && old.column == *was)
        });
        if let Some(was) = was {
            refused.push(Refused {
                what: format!("{}.{}", table.name, column.name),
                message: format!(
                    "it is said to have been {0}, and there is a field {0} still; take `was {0}` out, or build once without the field {0}",
                    was.name
                ),
                count: filled(table, was),
            });
        }
        if let Some(old) = before
            .columns
            .iter()
            .find(|old| old.column == column.column)
        {
            // Two names that are written alike may have changed places.
            if !same(&old.name, &column.name)
                && table
                    .columns
                    .iter()
                    .any(|other| same(&other.name, &old.name))
            {
                refused.push(Refused {
                    what: format!("{}.{}", table.name, column.name),
                    message: format!(
                        "its column, {}, has the data of {}, which is written alike; put {} first, or give one of them another name",
                        column.column, old.name, old.name
                    ),
                    count: filled(table, old),
                });
            }
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
            let columns = plain(index);
            let old = before
                .columns
                .iter()
                .any(|old| columns.contains(&old.column));
            // A default makes all rows agree, and a renamed column comes with its data.
            let filled = table.columns.iter().any(|column| {
                columns.contains(&column.column)
                    && (column.default.is_some() || renamed_from(before, column).is_some())
            });
            let was: Vec<String> = columns
                .iter()
                .map(|name| {
                    let column = table.columns.iter().find(|column| column.column == *name);
                    let from = column.and_then(|column| renamed_from(before, column));
                    from.unwrap_or(name).clone()
                })
                .collect();
            let kept_so_far = before
                .indexes
                .iter()
                .any(|other| other.unique && (plain(other) == columns || plain(other) == was));
            if index.unique && (old || filled) && !kept_so_far {
                refused.push(Refused {
                    what: format!("{}.{}", table.name, columns.join(", ")),
                    message: "rows that exist may agree in what is to be unique; this is not compiled yet".to_owned(),
                    count: agreeing(before, table, index),
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
    // Rows that came while nobody spoke of the column have it empty.
    if new.required && (!old.required || old.retired) {
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

/// The columns that people know of.
fn plain(index: &Index) -> Vec<String> {
    let columns = index.columns.iter();
    columns
        .filter(|column| *column != super::UNSETTLED)
        .cloned()
        .collect()
}

/// Counts the values that several rows have, in the table as it is before the change.
fn agreeing(before: &Table, table: &Table, index: &Index) -> String {
    let columns: Option<Vec<String>> = plain(index)
        .iter()
        .map(|name| {
            let column = table.columns.iter().find(|column| column.column == *name)?;
            let old = before.columns.iter().any(|old| old.column == *name);
            let source = if old {
                Some(name)
            } else {
                renamed_from(before, column)
            };
            source.map(|name| quoted(name))
        })
        .collect();
    match columns {
        Some(columns) => {
            let set: Vec<String> = columns
                .iter()
                .map(|column| format!("{column} IS NOT NULL"))
                .collect();
            format!(
                "SELECT count(*) FROM (SELECT 1 FROM {} WHERE {} GROUP BY {} HAVING count(*) > 1)",
                quoted(&table.table),
                set.join(" AND "),
                columns.join(", ")
            )
        }
        // It is new, and all rows get its default.
        None => format!("SELECT count(*) FROM {}", quoted(&table.table)),
    }
}

/// The column that `was` names, where there is one.
fn renamed_from<'a>(before: &'a Table, column: &Column) -> Option<&'a String> {
    let was = column.was.as_ref()?;
    let mut columns = before.columns.iter().map(|old| &old.column);
    columns.find(|old| *old == was)
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
