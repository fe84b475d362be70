//! Example data: rows as the app's description lists them, and log-ins for the people among them.

use crate::accounts::enter::set_account;
use crate::accounts::{EMAIL, NAME, password, roles};
use crate::respond::invalid;
use engine::Engine;
use engine::caller::Caller;
use engine::def::{App, Field, Role, Seed, SeedValue};
use engine::operate;
use engine::refusal::Refusal;
use engine::writer::Writer;
use kernel::kind::Kind;
use kernel::value::{Hidden, Value};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeSet, HashMap};

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Planted {
    /// How many rows; none where the data is there already.
    pub rows: usize,
    /// Addresses of the people and their roles.
    pub people: Vec<(String, Vec<&'static str>)>,
    /// The password of all of them.
    pub password: String,
}

const DAY_MS: i64 = 86_400_000;

/// Writes the seed of this name, or all of them, in one transaction. A seed is written once.
///
/// # Errors
/// 422 for a name that is not known, or rows that break a rule; nothing is written then.
pub fn plant(
    engine: &Engine,
    name: Option<&str>,
    password: Option<String>,
) -> Result<Planted, Refusal> {
    let app = engine.app;
    if let Some(name) = name
        && !app
            .seeds
            .iter()
            .any(|seed| seed.seed.eq_ignore_ascii_case(name))
    {
        let known: BTreeSet<&str> = app.seeds.iter().map(|seed| seed.seed).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        return Err(invalid(
            "name",
            "choice",
            format!("there is no seed {name}; there is: {known}"),
        ));
    }
    let password = match password {
        Some(password) => password,
        None => crate::session::Secret::new()?
            .text
            .chars()
            .take(12)
            .collect(),
    };
    let hashed = password::hash_now(&password)?;
    let hidden = hidden(app, name)?;
    let (now, today) = engine.now();
    let name = name.map(str::to_owned);
    engine.blocking_write(Caller::SYSTEM, move |writer| {
        let mut planted = Planted {
            password,
            ..Planted::default()
        };
        let mut known = HashMap::new();
        let mut done = BTreeSet::new();
        for (place, seed) in app.seeds.iter().enumerate() {
            if name
                .as_deref()
                .is_some_and(|name| !seed.seed.eq_ignore_ascii_case(name))
            {
                continue;
            }
            if !done.contains(seed.seed) {
                if is_planted(writer, seed.seed)? {
                    continue;
                }
                mark(writer, seed.seed, now)?;
                done.insert(seed.seed);
            }
            let hidden = |field: usize| hidden.get(&(place, field)).cloned();
            let id = row(writer, app, seed, &hidden, &mut known, (now, today))?;
            planted.rows += 1;
            if seed.entity == 0 {
                let given: Vec<&'static Role> = seed
                    .roles
                    .iter()
                    .filter_map(|role| app.roles.get(*role as usize))
                    .filter(|role| role.when.is_empty())
                    .collect();
                roles::add(writer, id, &given)?;
                set_account(writer, id, Some(&hashed), Some(now))?;
                let email: Option<String> = writer
                    .query_row(
                        "SELECT email FROM \"user\" WHERE id = ?1",
                        params![id],
                        |row| row.get(0),
                    )
                    .optional()?
                    .flatten();
                planted.people.push((
                    email.unwrap_or_default(),
                    given.iter().map(|role| role.slug).collect(),
                ));
            }
        }
        Ok(planted)
    })
}

/// The passwords that rows of these seeds hold, hashed before the write: by the place of the row and of the field.
fn hidden(
    app: &'static App,
    name: Option<&str>,
) -> Result<HashMap<(usize, usize), Value>, Refusal> {
    let mut out = HashMap::new();
    for (place, seed) in app.seeds.iter().enumerate() {
        if name.is_some_and(|name| !seed.seed.eq_ignore_ascii_case(name)) {
            continue;
        }
        for (position, value) in seed.values {
            let field = app
                .entities
                .get(seed.entity)
                .and_then(|entity| entity.fields.get(*position));
            let (Some(field), SeedValue::Text(text)) = (field, value) else {
                continue;
            };
            if !matches!(field.kind, Kind::Password) || text.trim().is_empty() {
                continue;
            }
            let hidden = Hidden {
                text: password::hash_now(text)?,
                characters: u32::try_from(text.chars().count()).ok(),
            };
            out.insert((place, *position), Value::Hidden(hidden));
        }
    }
    Ok(out)
}

fn is_planted(connection: &Connection, seed: &str) -> Result<bool, Refusal> {
    let found: Option<i64> = connection
        .query_row(
            "SELECT 1 FROM meta WHERE key = ?1",
            params![format!("seed:{seed}")],
            |row| row.get(0),
        )
        .optional()?;
    Ok(found.is_some())
}

fn mark(connection: &Connection, seed: &str, now: i64) -> Result<(), Refusal> {
    connection.execute(
        "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
        params![format!("seed:{seed}"), now.to_string()],
    )?;
    Ok(())
}

/// Rows that were named so far, the first of each name: by entity and name.
type Known = HashMap<(usize, String), i64>;

fn row(
    writer: &mut Writer<'_>,
    app: &'static App,
    seed: &'static Seed,
    hidden: &dyn Fn(usize) -> Option<Value>,
    known: &mut Known,
    clock: (i64, i64),
) -> Result<i64, Refusal> {
    let Some(entity) = app.entities.get(seed.entity).copied() else {
        return Err(Refusal::Fault(format!(
            "the seed {} names an entity that is not there",
            seed.seed
        )));
    };
    let mut values = Vec::with_capacity(seed.values.len() + 2);
    for (position, value) in seed.values {
        let Some(field) = entity.fields.get(*position) else {
            return Err(Refusal::Fault(format!(
                "the seed {} names a field that is not there",
                seed.seed
            )));
        };
        let value = match value {
            SeedValue::Text(_) if matches!(field.kind, Kind::Password) => {
                hidden(*position).unwrap_or_default()
            }
            value => value_of(writer, app, seed, field, value, known, clock)?,
        };
        values.push((*position, value));
    }
    if seed.entity == 0 {
        complete_person(&mut values, seed.key);
    }
    let email = crate::accounts::enter::text_of(&values, EMAIL).filter(|_| seed.entity == 0);
    let id = operate::plant(writer, entity, values)?;
    if seed.times.created.is_some() || seed.times.updated.is_some() {
        static MOMENT: Field = Field::new("created", "Created", Kind::Timestamp);
        let mut at = |value: &Option<SeedValue>| match value {
            Some(value) => value_of(writer, app, seed, &MOMENT, value, known, clock)
                .map(|value| kernel::logic::int(&value)),
            None => Ok(None),
        };
        let (created, updated) = (at(&seed.times.created)?, at(&seed.times.updated)?);
        let created = created.or(updated).unwrap_or(clock.0);
        let updated = updated.unwrap_or(created);
        if updated < created {
            return Err(invalid(
                "updated",
                "bounds",
                format!("{}: changed before it was made", seed.key),
            ));
        }
        operate::date_back(writer, entity, id, created, updated)?;
    }
    known
        .entry((seed.entity, seed.key.to_owned()))
        .or_insert(id);
    if let Some(email) = email {
        known.entry((0, email)).or_insert(id);
    }
    Ok(id)
}

fn value_of(
    writer: &mut Writer<'_>,
    app: &'static App,
    seed: &Seed,
    field: &Field,
    value: &SeedValue,
    known: &Known,
    clock: (i64, i64),
) -> Result<Value, Refusal> {
    Ok(match value {
        SeedValue::Text(text) => kernel::read::text(&field.kind, text).map_err(|problem| {
            invalid(
                field.name,
                problem.rule,
                format!("{}: {} {}", seed.key, field.label, problem.message),
            )
        })?,
        SeedValue::Int(number) => Value::Int(*number),
        SeedValue::Today(days) if matches!(field.kind, Kind::Timestamp) => {
            Value::Int(kernel::time::start_of_day(clock.1 + days).unwrap_or(clock.0))
        }
        SeedValue::Today(days) => Value::Int(clock.1 + days),
        SeedValue::Now(ms) if matches!(field.kind, Kind::Date) => {
            Value::Int(clock.1 + ms.div_euclid(DAY_MS))
        }
        SeedValue::Now(ms) => Value::Int(clock.0 + ms),
        SeedValue::Reference(of, name) => Value::Int(find(writer, app, known, *of, name)?),
        SeedValue::References(of, names) => {
            let mut ids = Vec::with_capacity(names.len());
            for name in *names {
                ids.push(find(writer, app, known, *of, name)?);
            }
            ids.sort_unstable();
            ids.dedup();
            Value::Ids(ids)
        }
        SeedValue::Sql(sql) => operate::seed_value(writer, &field.kind, sql)?,
        SeedValue::Texts(texts) => {
            Value::Texts(texts.iter().map(|text| (*text).to_owned()).collect())
        }
    })
}

/// A person of a seed has a name and an address, made from their key where they are not given.
fn complete_person(values: &mut Vec<(usize, Value)>, key: &str) {
    let given = |values: &[(usize, Value)], at| values.iter().any(|(position, _)| *position == at);
    if !given(values, NAME) {
        values.push((
            NAME,
            Value::Text(key.split('@').next().unwrap_or(key).to_owned()),
        ));
    }
    if !given(values, EMAIL) {
        let email = if key.contains('@') {
            key.to_lowercase()
        } else {
            let plain: String = key
                .to_lowercase()
                .chars()
                .map(|c| if c.is_alphanumeric() { c } else { '.' })
                .collect();
            format!("{plain}@example.com")
        };
        values.push((EMAIL, Value::Text(email)));
    }
}

fn find(
    writer: &mut Writer<'_>,
    app: &'static App,
    known: &Known,
    of: usize,
    name: &str,
) -> Result<i64, Refusal> {
    if let Some(id) = known.get(&(of, name.to_owned())) {
        return Ok(*id);
    }
    let nobody = || {
        invalid(
            "",
            "reference",
            format!("the example data refers to “{name}”, which is not there"),
        )
    };
    let entity = app.entities.get(of).copied().ok_or_else(nobody)?;
    if let Some(id) = operate::shown_as(writer, entity, name)? {
        return Ok(id);
    }
    if of == 0 {
        let sql =
            "SELECT id FROM \"user\" WHERE email = lower(?1) OR name = ?1 ORDER BY id LIMIT 1";
        let found: Option<i64> = writer
            .query_row(sql, params![name], |row| row.get(0))
            .optional()?;
        return found.ok_or_else(nobody);
    }
    Err(nobody())
}
