//! Changes of a schema as SQL.

use super::{Change, Column, Holds, Index, Shape, Table};
use crate::sql::{quoted, text_literal};

/// The statements of a migration, one after another.
#[must_use]
pub fn sql(changes: &[Change]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for change in changes {
        match change {
            Change::NewTable(table) => {
                parts.push(create_table(table));
                parts.extend(
                    table
                        .indexes
                        .iter()
                        .map(|index| create_index(&table.table, index)),
                );
            }
            Change::NewColumn { table, column, .. } => {
                parts.push(format!(
                    "ALTER TABLE {} ADD COLUMN {};",
                    quoted(table),
                    definition(column)
                ));
                if let Some(default) = &column.default {
                    parts.push(format!(
                        "UPDATE {} SET {} = {default};",
                        quoted(table),
                        quoted(&column.column)
                    ));
                }
            }
            Change::Renamed {
                table,
                from,
                to,
                sealed,
                ..
            } => {
                parts.push(format!(
                    "ALTER TABLE {} RENAME COLUMN {} TO {};",
                    quoted(table),
                    quoted(from),
                    quoted(to)
                ));
                // A secret is bound to the column it is kept in.
                if *sealed {
                    parts.push(format!(
                        "UPDATE {} SET {} = reseal({}, {}, {}, \"id\", {});",
                        quoted(table),
                        quoted(to),
                        text_literal(table),
                        text_literal(from),
                        text_literal(to),
                        quoted(to)
                    ));
                }
            }
            Change::Filled {
                table,
                column,
                default,
                ..
            } => parts.push(format!(
                "UPDATE {} SET {} = {default} WHERE {} IS NULL;",
                quoted(table),
                quoted(column),
                quoted(column)
            )),
            Change::NewIndex { table, index } => parts.push(create_index(table, index)),
            Change::DroppedIndex { index, .. } => {
                parts.push(format!("DROP INDEX IF EXISTS {};", quoted(index)))
            }
            Change::Retired { .. } | Change::Compatible { .. } => {}
        }
    }
    let mut text = parts.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn create_table(table: &Table) -> String {
    match &table.shape {
        Shape::Pairs { owner, item } => format!(
            "CREATE TABLE {} (\n    \"owner\" INTEGER NOT NULL REFERENCES {} (\"id\") ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,\n    \"item\" INTEGER NOT NULL REFERENCES {} (\"id\") ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,\n    PRIMARY KEY (\"owner\", \"item\")\n) STRICT, WITHOUT ROWID;",
            quoted(&table.table),
            quoted(owner),
            quoted(item)
        ),
        Shape::Rows => {
            let mut lines = vec![
                "    \"id\" INTEGER PRIMARY KEY AUTOINCREMENT".to_owned(),
                "    \"created\" INTEGER NOT NULL".to_owned(),
                "    \"updated\" INTEGER NOT NULL".to_owned(),
                "    \"version\" INTEGER NOT NULL".to_owned(),
            ];
            lines.extend(
                table
                    .columns
                    .iter()
                    .map(|column| format!("    {}", definition(column))),
            );
            format!(
                "CREATE TABLE {} (\n{}\n) STRICT;",
                quoted(&table.table),
                lines.join(",\n")
            )
        }
    }
}

/// A column; what must not be empty is the engine's to check, so that it can change without rewriting the table.
fn definition(column: &Column) -> String {
    let mut out = format!("{} {}", quoted(&column.column), column.holds.sql_type());
    if column.holds == Holds::Unsettled {
        out.push_str(" NOT NULL DEFAULT 0");
    }
    if let Holds::Reference(table) = &column.holds {
        out.push_str(&format!(
            " REFERENCES {} (\"id\") ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED",
            quoted(table)
        ));
    }
    out
}

fn create_index(table: &str, index: &Index) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let columns: Vec<String> = index.columns.iter().map(|column| quoted(column)).collect();
    format!(
        "CREATE {unique}INDEX {} ON {} ({});",
        quoted(&index.name),
        quoted(table),
        columns.join(", ")
    )
}
