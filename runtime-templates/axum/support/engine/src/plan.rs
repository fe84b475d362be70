//! What of an entity's SQL never changes, written once when the store is opened.

use crate::def::{App, Check, Entity, Field, Fields, RuleOn};
use crate::operation::Row;
use crate::seal::Sealer;
use kernel::kind::Kind;
use kernel::value::{Hidden, Value};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::fmt::Write as _;

/// The column that is part of every unique index: 0 at rest. While an operation gives values around, a row that has
/// one which another still holds gets a number of its own there, and 0 again when the operation ends.
pub(crate) const UNSETTLED: &str = "unsettled";

/// The statements of all entities, by position.
pub(crate) struct Plans {
    plans: Vec<Plan>,
    /// Some field says that a deleted user leaves a stub.
    pub keeps_users: bool,
    /// Seals secrets; none where the app has none.
    pub sealer: Option<Sealer>,
}

/// The statements of an entity.
pub(crate) struct Plan {
    /// The table in quotes.
    pub table: String,
    /// Fields with a column of their own.
    pub stored: Vec<usize>,
    /// One row by `:row`.
    pub select: String,
    /// A new row: `?1` created and updated, then the stored fields.
    pub insert: String,
    /// The same for a row whose unique values are looked at when the operation ends: the last parameter is its lap.
    /// None where the table has no column for it.
    pub insert_unsettled: Option<String>,
    /// Computed fields that can come to a number that does not fit, each with the statement that computes it.
    pub sums: Vec<(usize, String)>,
    /// The rules that stand in SQL, for a new row, a changed one, and one that neither happened to.
    pub rules: [Vec<Rules>; 3],
}

/// Rules of an entity that one statement looks at: a column for each, by `:row`.
pub(crate) struct Rules {
    /// The statement.
    pub sql: String,
    /// Their positions.
    pub rules: Vec<usize>,
}

impl Plans {
    pub fn new(
        app: &App,
        sealer: Option<Sealer>,
        connection: &Connection,
    ) -> rusqlite::Result<Plans> {
        let plans = app
            .entities
            .iter()
            .map(|entity| Plan::new(entity, connection))
            .collect::<rusqlite::Result<Vec<Plan>>>()?;
        let keeps_users = app.entities.iter().any(|entity| {
            entity
                .fields
                .iter()
                .any(|field| field.on_delete == crate::def::OnDelete::Keep)
        });
        Ok(Plans {
            plans,
            keeps_users,
            sealer,
        })
    }

    pub fn of(&self, entity: &Entity) -> &Plan {
        static NONE: Plan = Plan {
            table: String::new(),
            stored: Vec::new(),
            select: String::new(),
            insert: String::new(),
            insert_unsettled: None,
            sums: Vec::new(),
            rules: [Vec::new(), Vec::new(), Vec::new()],
        };
        self.plans.get(entity.index).unwrap_or(&NONE)
    }
}

impl Plan {
    fn new(entity: &Entity, connection: &Connection) -> rusqlite::Result<Plan> {
        let table = quoted(entity.table);
        let stored: Vec<usize> = entity
            .fields
            .iter()
            .enumerate()
            .filter(|(_, field)| is_stored(field))
            .map(|(index, _)| index)
            .collect();
        let mut columns = String::from("t.\"id\", t.\"created\", t.\"updated\", t.\"version\"");
        let mut names = String::new();
        let mut places = String::new();
        for field in entity.fields {
            let _ = write!(
                columns,
                ", {}",
                column(field).unwrap_or_else(|| "NULL".to_owned())
            );
        }
        for (place, index) in stored.iter().enumerate() {
            if let Some(field) = entity.fields.get(*index) {
                let _ = write!(names, ", {}", quoted(field.column()));
                let _ = write!(places, ", ?{}", place + 2);
            }
        }
        let select = format!("SELECT {columns} FROM {table} AS t WHERE t.\"id\" = :row");
        let insert = format!(
            "INSERT INTO {table} (\"created\", \"updated\", \"version\"{names}) VALUES (?1, ?1, 1{places})"
        );
        let deferred: i64 = connection.query_row(
            "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2",
            [entity.table, UNSETTLED],
            |row| row.get(0),
        )?;
        let insert_unsettled = (deferred > 0).then(|| {
            format!(
                "INSERT INTO {table} (\"created\", \"updated\", \"version\"{names}, \"{UNSETTLED}\") VALUES (?1, ?1, 1{places}, ?{})",
                stored.len() + 2
            )
        });
        let sums = entity
            .computed
            .iter()
            .filter(|computed| calculates(computed.sql))
            .map(|computed| {
                let sql = format!(
                    "SELECT ({}) FROM {table} AS t WHERE t.\"id\" = :row",
                    computed.sql
                );
                (computed.field, sql)
            })
            .collect();
        let rules = [Some(RuleOn::Create), Some(RuleOn::Update), None]
            .map(|also| rules(entity, &table, also));
        Ok(Plan {
            table,
            stored,
            select,
            insert,
            insert_unsettled,
            sums,
            rules,
        })
    }
}

/// Whether an expression can come to a number that does not fit.
fn calculates(sql: &str) -> bool {
    const NAMES: [&str; 8] = [
        "plus(",
        "subtract(",
        "multiply(",
        "_scaled(",
        "rescale(",
        "neg(",
        "absolute(",
        "sum_checked(",
    ];
    NAMES.iter().any(|name| sql.contains(name))
}

/// The lasting rules in SQL, and those of this moment.
fn rules(entity: &Entity, table: &str, also: Option<RuleOn>) -> Vec<Rules> {
    /// Most rules of one statement.
    const MOST: usize = 50;
    let due: Vec<(usize, &str)> = entity
        .rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| rule.on == RuleOn::Always || Some(rule.on) == also)
        .filter_map(|(index, rule)| match rule.check {
            Check::Sql(sql) => Some((index, sql)),
            Check::Code(_) => None,
        })
        .collect();
    due.chunks(MOST)
        .map(|some| {
            let columns: Vec<String> = some
                .iter()
                .map(|(_, sql)| format!("({sql}) IS TRUE"))
                .collect();
            Rules {
                sql: format!(
                    "SELECT {} FROM {table} AS t WHERE t.\"id\" = :row",
                    columns.join(", ")
                ),
                rules: some.iter().map(|(index, _)| *index).collect(),
            }
        })
        .collect()
}

/// It has a column of its own.
pub(crate) fn is_stored(field: &Field) -> bool {
    !field.computed && !matches!(field.kind, Kind::Many(..))
}

/// The stored value of a field over `t`; none for a computed one.
pub(crate) fn column(field: &Field) -> Option<String> {
    if field.computed {
        return None;
    }
    if let Kind::Many(_, join) = field.kind {
        return Some(format!(
            "(SELECT json_group_array(\"item\") FROM (SELECT \"item\" FROM {} WHERE \"owner\" = t.\"id\" ORDER BY \"item\"))",
            quoted(join)
        ));
    }
    Some(format!("t.{}", quoted(field.column())))
}

/// The value of a field over `t`, computed ones included.
pub(crate) fn expression(entity: &Entity, index: usize) -> String {
    let Some(field) = entity.fields.get(index) else {
        return "NULL".to_owned();
    };
    column(field).unwrap_or_else(|| {
        let computed = entity
            .computed
            .iter()
            .find(|computed| computed.field == index);
        computed.map_or_else(
            || "NULL".to_owned(),
            |computed| format!("({})", computed.sql),
        )
    })
}

/// A name in double quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether a condition looks at this field of its row; names stand in quotes only where they must.
pub(crate) fn speaks_of(sql: &str, field: &Field) -> bool {
    let names = |name: &str| {
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '"');
        sql.match_indices(name).any(|(at, found)| {
            let before = sql.get(..at).and_then(|text| text.chars().next_back());
            let rest = sql.get(at + found.len()..);
            let after = rest.and_then(|text| text.chars().next());
            !before.is_some_and(inside) && !after.is_some_and(inside)
        })
    };
    let column = field.column();
    names(&format!("t.{column}"))
        || names(&format!("t.{}", quoted(column)))
        || matches!(field.kind, Kind::Many(_, join) if names(join) || names(&quoted(join)))
}

/// A text as SQL.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A field as a bit.
pub(crate) const fn bit(index: usize) -> Fields {
    if index < 128 { 1 << index } else { 0 }
}

/// Reads a row from columns as [`Plan::select`] names them.
pub(crate) fn read_row(entity: &Entity, row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let mut values = Vec::with_capacity(entity.fields.len());
    for (index, field) in entity.fields.iter().enumerate() {
        values.push(read_value(field.kind, row.get_ref(index + 4)?));
    }
    Ok(Row {
        id: row.get(0)?,
        created: row.get(1)?,
        updated: row.get(2)?,
        version: row.get(3)?,
        values,
    })
}

/// A stored value.
pub(crate) fn read_value(kind: Kind, stored: ValueRef<'_>) -> Value {
    match stored {
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            match kind {
                Kind::TextList => {
                    Value::from(serde_json::from_str::<Vec<String>>(&text).unwrap_or_default())
                }
                Kind::Many(..) => {
                    Value::from(serde_json::from_str::<Vec<i64>>(&text).unwrap_or_default())
                }
                _ if text.is_empty() => Value::Empty,
                Kind::Password | Kind::Secret => Value::Hidden(Hidden {
                    text: text.into_owned(),
                    characters: None,
                }),
                _ => Value::Text(text.into_owned()),
            }
        }
        _ => Value::Empty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_speaks_of_a_field_by_its_whole_name() {
        let job = Field::new("job", "Job", Kind::Reference(1));
        for sql in [
            "(SELECT r1.state FROM job_ r1 WHERE r1.id = t.job) = 'open'",
            "t.\"job\" = :me",
            "t.job",
        ] {
            assert!(speaks_of(sql, &job), "{sql}");
        }
        for sql in [
            "t.job_title = 1",
            "rent.job = 1",
            "t.\"job_title\" = 1",
            "job = 1",
        ] {
            assert!(!speaks_of(sql, &job), "{sql}");
        }
        let tags = Field::new("tags", "Tags", Kind::Many(2, "ticket_tags"));
        assert!(speaks_of("EXISTS (SELECT 1 FROM ticket_tags j1)", &tags));
        assert!(speaks_of("FROM \"ticket_tags\" j1", &tags));
        assert!(!speaks_of("FROM old_ticket_tags j1", &tags));
    }
}
