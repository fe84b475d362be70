//! How the outside names rows: by their number, or by the field `id` where the entity has one. The number is then
//! known to nobody outside.

use crate::def::{App, Entity, Field, Input};
use crate::plan::quoted;
use crate::reader::Reader;
use crate::refusal::Refusal;
use crate::scope::Scope;
use kernel::kind::Kind;
use kernel::value::Value;
use rusqlite::{Connection, OptionalExtension};

/// The column of a field `id`: the number of the row has that name.
const COLUMN: &str = "public_id";

/// No row has this number.
pub const NOBODY: i64 = -1;

impl Field {
    /// Its column, unquoted.
    #[must_use]
    pub fn column(&self) -> &'static str {
        if self.name == "id" { COLUMN } else { self.name }
    }
}

impl Entity {
    /// The field by which the outside knows a row; none for its number.
    #[must_use]
    pub fn named_by(&self) -> Option<usize> {
        self.fields.iter().position(|field| field.name == "id")
    }
}

/// The entity that a reference leads to, where it has identifiers of its own.
pub(crate) fn named_target(app: &App, kind: Kind) -> Option<&'static Entity> {
    let target = match kind {
        Kind::Reference(target) | Kind::Many(target, _) => target,
        Kind::List(Kind::Reference(target)) => *target,
        _ => return None,
    };
    app.entities
        .get(target)
        .copied()
        .filter(|entity| entity.named_by().is_some())
}

/// SQL for the number of the row that this parameter or value names.
pub(crate) fn number_sql(entity: &Entity, named: &str) -> String {
    format!(
        "(SELECT r.\"id\" FROM {} AS r WHERE r.\"{COLUMN}\" = {named})",
        quoted(entity.table)
    )
}

/// SQL for what the outside calls the row of this number.
pub(crate) fn name_sql(entity: &Entity, number: &str) -> String {
    format!(
        "(SELECT r.\"{COLUMN}\" FROM {} AS r WHERE r.\"id\" = {number})",
        quoted(entity.table)
    )
}

/// What the outside calls a row; empty where there is none.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn address(r: &Reader<'_>, entity: &Entity, id: i64) -> Result<String, Refusal> {
    address_on(r, entity, id)
}

/// [`address`] inside an operation.
pub(crate) fn address_on(
    connection: &Connection,
    entity: &Entity,
    id: i64,
) -> Result<String, Refusal> {
    if entity.named_by().is_none() {
        return Ok(id.to_string());
    }
    let sql = format!("SELECT {}", name_sql(entity, "?1"));
    let name: Option<String> = connection
        .prepare_cached(&sql)?
        .query_row([id], |row| row.get(0))?;
    Ok(name.unwrap_or_default())
}

/// The number of the row that the outside calls so; [`NOBODY`] where no row can be meant. A number is taken at its
/// word: whether there is such a row is another question.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn number(r: &Reader<'_>, entity: &Entity, name: &str) -> Result<i64, Refusal> {
    number_on(r, entity, name)
}

/// [`number`] inside an operation.
pub(crate) fn number_on(
    connection: &Connection,
    entity: &Entity,
    name: &str,
) -> Result<i64, Refusal> {
    if entity.named_by().is_none() {
        // Only the plain form, so that a row has one address.
        let plain = name.bytes().all(|byte| byte.is_ascii_digit()) && !name.starts_with('0');
        return Ok(name.parse().ok().filter(|_| plain).unwrap_or(NOBODY));
    }
    let sql = format!(
        "SELECT \"id\" FROM {} WHERE \"{COLUMN}\" = ?1",
        quoted(entity.table)
    );
    let found: Option<i64> = connection
        .prepare_cached(&sql)?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(NOBODY))
}

/// A value as JSON, with rows as the outside names them.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn json(r: &Reader<'_>, kind: Kind, value: &Value) -> Result<String, Refusal> {
    let mut out = String::new();
    let Some(entity) = named_target(r.app, kind) else {
        kernel::format::write_json(&kind, value, &mut out);
        return Ok(out);
    };
    let name = |value: &Value| match value {
        Value::Int(id) => address_on(r, entity, *id).map(|name| Value::from(name.as_str())),
        _ => Ok(Value::Empty),
    };
    match kind {
        Kind::List(item) => {
            let mut names = Vec::new();
            for entry in kernel::list::entries(item, value) {
                if let Value::Text(name) = name(&entry)? {
                    names.push(name);
                }
            }
            kernel::format::write_json(&Kind::TextList, &Value::from(names), &mut out);
        }
        _ => kernel::format::write_json(&Kind::Text, &name(value)?, &mut out),
    }
    Ok(out)
}

/// References as the outside names them become numbers; what names no row becomes a number that no row has.
fn resolved(scope: &Scope<'_>, kind: Kind, value: Value) -> Result<Value, Refusal> {
    let Some(entity) = named_target(scope.app, kind) else {
        return Ok(value);
    };
    Ok(match value {
        Value::Text(name) => Value::Int(number_on(scope.connection, entity, &name)?),
        Value::Texts(names) => {
            let mut numbers = Vec::with_capacity(names.len());
            for name in &names {
                numbers.push(number_on(scope.connection, entity, name)?);
            }
            Value::from(numbers)
        }
        value => value,
    })
}

/// The values of a row with references as numbers.
pub(crate) fn fields(
    scope: &Scope<'_>,
    entity: &Entity,
    values: Vec<(usize, Value)>,
) -> Result<Vec<(usize, Value)>, Refusal> {
    let mut out = Vec::with_capacity(values.len());
    for (index, value) in values {
        let value = match entity.fields.get(index) {
            Some(field) => resolved(scope, field.kind, value)?,
            None => value,
        };
        out.push((index, value));
    }
    Ok(out)
}

/// The inputs of an operation with references as numbers.
pub(crate) fn inputs(
    scope: &Scope<'_>,
    inputs: &[Input],
    values: Vec<(&'static str, Value)>,
) -> Result<Vec<(&'static str, Value)>, Refusal> {
    let mut out = Vec::with_capacity(values.len());
    for (name, value) in values {
        let value = match inputs.iter().find(|input| input.name == name) {
            Some(input) => resolved(scope, input.kind, value)?,
            None => value,
        };
        out.push((name, value));
    }
    Ok(out)
}

/// What is wrong with an identifier: it stands in addresses.
#[must_use]
pub fn problem(name: &str) -> Option<&'static str> {
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~'));
    if !plain {
        return Some("This has only letters from a to z, digits and - _ . ~");
    }
    is_taken_by_pages(name).then_some("This means something else in addresses; choose another.")
}

/// Pages have this address already.
pub(crate) fn is_taken_by_pages(name: &str) -> bool {
    matches!(name, "." | ".." | "new" | "options")
}
