//! The rows of a case in SQLite: the tables of the generated migration, the functions of the engine.

use crate::{day, fields, functions, role_bits, stored_value};
use kernel::value::Value;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql};
use specc_codegen::names::NameTable;
use specc_codegen::sql::Names;
use specc_ir::eval::World;
use specc_ir::expr::FieldRef;
use specc_ir::generate::Rows;
use specc_ir::ir::{EntityId, Ir, Type};
use specc_syntax::span::Sources;

/// A database in memory.
pub struct Store {
    connection: Connection,
    /// What things are called in it.
    pub names: NameTable,
}

struct Bound<'v>(&'v Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Empty => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Int(number) => ToSqlOutput::from(*number),
            Value::Text(text) => ToSqlOutput::from(text.as_str()),
            Value::Texts(texts) => ToSqlOutput::from(serde_json::to_string(texts).unwrap()),
            Value::Ids(ids) => ToSqlOutput::from(serde_json::to_string(ids).unwrap()),
            Value::Hidden(_) => unreachable!("expressions hold nothing hidden"),
        })
    }
}

impl Store {
    pub fn new(ir: &Ir) -> Store {
        kernel::settings::set(
            &ir.program.time_zone,
            &ir.program.currency,
            ir.program.currency_digits,
        );
        let connection = Connection::open_in_memory().unwrap();
        connection.set_prepared_statement_cache_capacity(64);
        functions::register(&connection).unwrap();
        connection
            .pragma_update(None, "foreign_keys", false)
            .unwrap();
        connection
            .execute_batch("CREATE TABLE user_role (user_id INTEGER, role TEXT) STRICT")
            .unwrap();
        let plan = specc_codegen::plan(ir, &Sources::default(), &[]).unwrap();
        for (_, sql) in &plan.migrations {
            connection.execute_batch(sql).unwrap();
        }
        Store {
            connection,
            names: plan.names,
        }
    }

    /// Exactly these rows.
    pub fn fill(&self, rows: &Rows) {
        self.connection
            .execute_batch("BEGIN; DELETE FROM user_role")
            .unwrap();
        for (user, role) in &rows.roles {
            self.run(
                "INSERT INTO user_role VALUES (?, ?)",
                &[Value::Int(*user), Value::Text(self.names.role(*role))],
            );
        }
        for (entity, declared) in (0_u32..).map(EntityId).zip(&rows.ir().entities) {
            let table = self.names.table(entity);
            self.run(&format!("DELETE FROM \"{table}\""), &[]);
            for (position, field) in (0_u32..).map(specc_ir::ir::FieldId).zip(&declared.fields) {
                if matches!(field.ty, Type::Many(_)) {
                    self.run(
                        &format!(
                            "DELETE FROM \"{}\"",
                            self.names.join_table(entity, position)
                        ),
                        &[],
                    );
                }
            }
            for id in rows.rows(entity) {
                self.insert(rows, entity, id);
            }
        }
        self.connection.execute_batch("COMMIT").unwrap();
    }

    fn insert(&self, rows: &Rows, entity: EntityId, id: i64) {
        let built_in = [
            FieldRef::Id,
            FieldRef::Created,
            FieldRef::Updated,
            FieldRef::Version,
        ];
        let mut columns = vec!["id", "created", "updated", "version"]
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>();
        let mut values: Vec<Value> = built_in
            .iter()
            .map(|field| stored_value(&self.names, &rows.field(entity, id, *field), &Type::Integer))
            .collect();
        let computed = &rows.ir().entities[entity.0 as usize].fields;
        for ((field, ty, value), declared) in fields(rows, entity, id).into_iter().zip(computed) {
            let value = stored_value(&self.names, &value, &ty);
            if let (Type::Many(_), Value::Ids(items)) = (&ty, &value) {
                let join = self.names.join_table(entity, field);
                for item in items {
                    self.run(
                        &format!("INSERT INTO \"{join}\" (\"owner\", \"item\") VALUES (?, ?)"),
                        &[Value::Int(id), Value::Int(*item)],
                    );
                }
            }
            if declared.computed.is_none() && !matches!(ty, Type::Many(_)) {
                columns.push(self.names.column(entity, field));
                values.push(value);
            }
        }
        let marks = vec!["?"; columns.len()].join(", ");
        let columns = columns.join("\", \"");
        self.run(
            &format!(
                "INSERT INTO \"{}\" (\"{columns}\") VALUES ({marks})",
                self.names.table(entity)
            ),
            &values,
        );
    }

    fn run(&self, sql: &str, values: &[Value]) {
        let mut statement = self.connection.prepare_cached(sql).unwrap();
        statement
            .execute(rusqlite::params_from_iter(values.iter().map(Bound)))
            .unwrap();
    }

    /// The value that a statement gives.
    pub fn ask(&self, sql: &str, rows: &Rows, params: &[(String, Value)]) -> Result<Value, String> {
        let mut statement = self
            .connection
            .prepare_cached(sql)
            .map_err(|error| error.to_string())?;
        let roles = rows.me().map(|me| rows.roles(me)).unwrap_or_default();
        for index in 1..=statement.parameter_count() {
            let name = statement
                .parameter_name(index)
                .unwrap_or_default()
                .to_owned();
            let value = match name.as_str() {
                ":me" => Value::from(rows.me()),
                ":now" => Value::Int(rows.now()),
                ":today" => Value::Int(day(rows)),
                ":roles" => Value::Int(role_bits(rows.ir(), &roles)),
                name => {
                    let given = params.iter().find(|(given, _)| given == name);
                    given
                        .ok_or_else(|| format!("nobody gives {name}"))?
                        .1
                        .clone()
                }
            };
            statement
                .raw_bind_parameter(index, Bound(&value))
                .map_err(|error| error.to_string())?;
        }
        let mut found = statement.raw_query();
        // As the engine has it: no row is no value.
        let Some(row) = found.next().map_err(|error| error.to_string())? else {
            return Ok(Value::Empty);
        };
        match row.get_ref(0).map_err(|error| error.to_string())? {
            ValueRef::Null => Ok(Value::Empty),
            ValueRef::Integer(number) => Ok(Value::Int(number)),
            ValueRef::Text(text) => Ok(Value::Text(String::from_utf8_lossy(text).into_owned())),
            other => Err(format!("a value of another kind: {other:?}")),
        }
    }
}
