//! The statements of a query: built once for each shape of query and kind of caller, then remembered.

use super::{ListQuery, Op, SortKey};
use crate::access::visible;
use crate::caller::Caller;
use crate::def::{ALL, App, Entity, Fields, Grant};
use crate::ids;
use crate::plan::{Plans, bit, expression, literal};
use crate::refusal::Refusal;
use kernel::kind::Kind;
use kernel::value::Value;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::rc::Rc;

/// Statements of one shape.
pub(super) struct Built {
    /// Columns: id, created, updated, version, one for each field, one for each of `masks`, one for each of `keys`.
    pub list: String,
    /// One row by `:row`, with the same columns apart from the keys.
    pub single: String,
    /// How many rows there are.
    pub count: String,
    /// Fields that can be read in every row.
    pub always: Fields,
    /// Fields that can be read where the column is true.
    pub masks: Vec<Fields>,
    /// Fields that can be read in some row, in order.
    pub columns: Vec<usize>,
    /// How many expressions the order has beside the id.
    pub keys: usize,
}

/// What of a query shapes its statement: everything but the values.
#[derive(PartialEq, Eq, Hash, Clone)]
struct Shape {
    app: usize,
    entity: usize,
    roles: u64,
    signed_in: bool,
    system: bool,
    filters: Vec<(usize, Op)>,
    sort: Vec<(SortKey, bool)>,
    words: usize,
    parent: Option<usize>,
    /// Which keys of the cursor are empty.
    after: Option<Vec<bool>>,
    offset: bool,
    /// References stand in it as the outside names them.
    json: bool,
}

/// The words of a search; at most eight, in lower case.
pub(super) fn words(query: &ListQuery) -> Vec<String> {
    let text = query.search.as_deref().unwrap_or_default();
    text.split_whitespace()
        .take(8)
        .map(str::to_lowercase)
        .collect()
}

/// The statements for this query and caller.
pub(super) fn built(
    app: &'static App,
    plans: &Plans,
    entity: &'static Entity,
    caller: &Caller,
    query: &ListQuery,
    json: bool,
) -> Result<Rc<Built>, Refusal> {
    const MOST: usize = 512;
    thread_local! {
        static KNOWN: RefCell<HashMap<Shape, Rc<Built>>> = RefCell::new(HashMap::new());
    }
    let shape = Shape {
        app: std::ptr::from_ref(app) as usize,
        entity: entity.index,
        roles: caller.roles,
        signed_in: caller.signed_in(),
        system: caller.system,
        filters: query
            .filters
            .iter()
            .map(|filter| (filter.field, filter.op))
            .collect(),
        sort: query.sort.clone(),
        words: words(query).len(),
        parent: query.parent.map(|(field, _)| field),
        after: query
            .after
            .as_ref()
            .map(|cursor| cursor.keys.iter().map(|key| *key == Value::Empty).collect()),
        offset: query.page > 1,
        json,
    };
    if let Some(built) = KNOWN.with_borrow(|known| known.get(&shape).cloned()) {
        return Ok(built);
    }
    let built = Rc::new(build(app, plans, entity, caller, &shape)?);
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(shape, Rc::clone(&built));
    });
    Ok(built)
}

/// Read grants with all of the same fields as one, those that add nothing left out.
struct Grants {
    always: Fields,
    any_always: bool,
    some: Vec<(Fields, String)>,
}

impl Grants {
    fn new(entity: &Entity, caller: &Caller) -> Grants {
        let seen = visible(entity);
        // Who may read a row may know what it is called.
        let named = entity.named_by().map_or(0, bit);
        let given = if caller.system {
            vec![Grant {
                when: "",
                fields: ALL,
            }]
        } else {
            (entity.read)(caller)
        };
        let mut grants = Grants {
            always: 0,
            any_always: false,
            some: Vec::new(),
        };
        for grant in given.iter().filter(|grant| grant.when.is_empty()) {
            grants.always |= grant.fields & seen | named;
            grants.any_always = true;
        }
        for grant in given.iter().filter(|grant| !grant.when.is_empty()) {
            let fields = grant.fields & seen | named;
            if grants.any_always && fields & !grants.always == 0 {
                continue;
            }
            match grants.some.iter_mut().find(|(known, _)| *known == fields) {
                Some((_, when)) => {
                    let _ = write!(when, " OR ({})", grant.when);
                }
                None => grants.some.push((fields, format!("({})", grant.when))),
            }
        }
        grants
    }

    /// The condition under which a row may be read; none for always.
    fn row(&self) -> Option<String> {
        if self.any_always {
            return None;
        }
        let all: Vec<&str> = self.some.iter().map(|(_, when)| when.as_str()).collect();
        Some(if all.is_empty() {
            "0".to_owned()
        } else {
            all.join(" OR ")
        })
    }

    /// The condition under which a field of a readable row may be read; none for always.
    fn field(&self, index: usize) -> Option<String> {
        if self.always & bit(index) != 0 {
            return None;
        }
        let covering: Vec<&str> = self
            .some
            .iter()
            .filter(|(fields, _)| fields & bit(index) != 0)
            .map(|(_, when)| when.as_str())
            .collect();
        if !self.any_always && covering.len() == self.some.len() {
            return None;
        }
        Some(if covering.is_empty() {
            "0".to_owned()
        } else {
            covering.join(" OR ")
        })
    }
}

fn build(
    app: &'static App,
    plans: &Plans,
    entity: &'static Entity,
    caller: &Caller,
    shape: &Shape,
) -> Result<Built, Refusal> {
    let grants = Grants::new(entity, caller);
    let table = &plans.of(entity).table;
    let union = grants
        .some
        .iter()
        .fold(grants.always, |all, (fields, _)| all | fields);
    let columns: Vec<usize> = (0..entity.fields.len())
        .filter(|index| union & bit(*index) != 0)
        .collect();
    let mut select = String::from("t.\"id\", t.\"created\", t.\"updated\", t.\"version\"");
    for index in 0..entity.fields.len() {
        let shown = if union & bit(index) == 0 {
            "NULL".to_owned()
        } else {
            readable_form(app, entity, index, shape.json)
        };
        let _ = write!(select, ", {shown}");
    }
    // With a single kind of grant every row that is found shows the same fields.
    let same = !grants.any_always && grants.some.len() == 1;
    let always = if same { union } else { grants.always };
    let masks: Vec<Fields> = if same {
        Vec::new()
    } else {
        grants.some.iter().map(|(fields, _)| *fields).collect()
    };
    if !same {
        for (_, when) in &grants.some {
            let _ = write!(select, ", ({when}) IS TRUE");
        }
    }
    let mut conditions: Vec<String> = Vec::new();
    if let Some(row) = grants.row() {
        conditions.push(format!("({row})"));
    }
    if entity.index == 0 && plans.keeps_users {
        conditions.push(
            "NOT EXISTS (SELECT 1 FROM account AS a WHERE a.user_id = t.\"id\" AND a.deleted_at IS NOT NULL)".to_owned(),
        );
    }
    let readable_only = conditions.clone();
    if let Some(field) = shape.parent {
        conditions.push(format!("{} = :parent", expression(entity, field)));
    }
    for (place, (field, op)) in shape.filters.iter().enumerate() {
        if union & bit(*field) == 0 {
            return Err(unreadable(entity, *field));
        }
        conditions.extend(grants.field(*field).map(|covered| format!("({covered})")));
        conditions.push(filter(app, entity, *field, *op, place));
    }
    for word in 0..shape.words {
        conditions.push(search(entity, &grants, union, word));
    }
    let keys = order(app, entity, &grants, union, &shape.sort)?;
    let id_descending = match shape.sort.iter().find(|(key, _)| *key == SortKey::Id) {
        Some((_, descending)) => *descending,
        None => shape.sort.is_empty(),
    };
    let count = format!("SELECT count(*) FROM {table} AS t{}", filtered(&conditions));
    if let Some(after) = &shape.after {
        if after.len() != keys.len() {
            return Err(leads_nowhere());
        }
        let row = match entity.named_by() {
            Some(_) => ids::number_sql(entity, ":after"),
            None => ":after".to_owned(),
        };
        conditions.push(behind(&keys, id_descending, after, &row));
    }
    let mut by: Vec<String> = keys
        .iter()
        .map(|(key, descending)| format!("{key}{}", if *descending { " DESC" } else { "" }))
        .collect();
    by.push(format!(
        "t.\"id\"{}",
        if id_descending { " DESC" } else { "" }
    ));
    let by = by.join(", ");
    let mut key_columns = String::new();
    for (key, _) in &keys {
        // What decides the order, as it is compared.
        let _ = write!(key_columns, ", {}", key.trim_end_matches(" COLLATE NOCASE"));
    }
    let rows = filtered(&conditions);
    let offset = if shape.offset && shape.after.is_none() {
        " OFFSET :offset"
    } else {
        ""
    };
    let list = if keys.is_empty() {
        format!("SELECT {select} FROM {table} AS t{rows} ORDER BY {by} LIMIT :limit{offset}")
    } else {
        // Only the rows of the page are read whole.
        format!(
            "SELECT {select}{key_columns} FROM (SELECT t.\"id\" AS page_id FROM {table} AS t{rows} ORDER BY {by} \
             LIMIT :limit{offset}) AS page CROSS JOIN {table} AS t ON t.\"id\" = page.page_id ORDER BY {by}"
        )
    };
    let mut one = readable_only;
    one.push("t.\"id\" = :row".to_owned());
    let single = format!("SELECT {select} FROM {table} AS t{}", filtered(&one));
    Ok(Built {
        list,
        single,
        count,
        always,
        masks,
        columns,
        keys: keys.len(),
    })
}

/// A field as a reader gets it: secrets are opened here and nowhere else.
fn readable_form(app: &App, entity: &Entity, index: usize, json: bool) -> String {
    let stored = expression(entity, index);
    let Some(field) = entity.fields.get(index) else {
        return stored;
    };
    if json && let Some(target) = ids::named_target(app, field.kind) {
        return match field.kind {
            Kind::Many(_, join) => format!(
                "(SELECT json_group_array(name) FROM (SELECT {} AS name FROM {} AS j WHERE j.\"owner\" = t.\"id\" ORDER BY name))",
                ids::name_sql(target, "j.\"item\""),
                crate::plan::quoted(join)
            ),
            Kind::List(_) => format!(
                "(SELECT json_group_array({}) FROM json_each(coalesce(nullif({stored}, ''), '[]')) v)",
                ids::name_sql(target, "v.value")
            ),
            _ => ids::name_sql(target, &stored),
        };
    }
    match Some(field) {
        Some(field) if matches!(field.kind, Kind::Secret) => format!(
            "unseal({}, {}, t.\"id\", {stored})",
            literal(entity.table),
            literal(field.name)
        ),
        _ => stored,
    }
}

fn filtered(conditions: &[String]) -> String {
    if conditions.is_empty() {
        String::new()
    } else {
        format!(" WHERE {}", conditions.join(" AND "))
    }
}

fn unreadable(entity: &Entity, field: usize) -> Refusal {
    let field = entity.fields.get(field).map_or("", |field| field.name);
    let message = "You may not read this, so it can't be used here.".to_owned();
    Refusal::Invalid(vec![crate::refusal::FieldError {
        field: field.into(),
        rule: "forbidden",
        message,
    }])
}

fn leads_nowhere() -> Refusal {
    let message = "after: this belongs to another list.".to_owned();
    Refusal::Invalid(vec![crate::refusal::FieldError {
        field: "".into(),
        rule: "type",
        message,
    }])
}

fn filter(app: &App, entity: &Entity, index: usize, op: Op, place: usize) -> String {
    let Some(field) = entity.fields.get(index) else {
        return "0".to_owned();
    };
    let value = expression(entity, index);
    // Where rows have identifiers of their own, the filter names them.
    let named = ids::named_target(app, field.kind);
    let row = |given: &str| match named {
        Some(target) => ids::number_sql(target, given),
        None => given.to_owned(),
    };
    let order = |value: String| match field.kind {
        Kind::Choice(_) => ranked(field.kind, &value),
        _ => value,
    };
    match (op, field.kind) {
        (Op::Empty, Kind::Many(_, join)) => {
            format!(
                "NOT EXISTS (SELECT 1 FROM {} WHERE \"owner\" = t.\"id\")",
                crate::plan::quoted(join)
            )
        }
        (Op::Empty, _) => format!("({value} IS NULL OR {value} = '' OR {value} = '[]')"),
        // Lists are asked for what they hold: all of it.
        (_, Kind::TextList | Kind::List(_)) => format!(
            "NOT EXISTS (SELECT 1 FROM json_each(:f{place}) w WHERE coalesce({}, '') NOT IN \
             (SELECT v.value FROM json_each(coalesce(nullif({value}, ''), '[]')) v))",
            row("w.value")
        ),
        (_, Kind::Many(_, join)) => format!(
            "NOT EXISTS (SELECT 1 FROM json_each(:f{place}) w WHERE NOT EXISTS \
             (SELECT 1 FROM {} WHERE \"owner\" = t.\"id\" AND \"item\" = {}))",
            crate::plan::quoted(join),
            row("w.value")
        ),
        (Op::Is, _) => format!("{value} = {}", row(&format!(":f{place}"))),
        (Op::AtLeast, _) => format!("{} >= {}", order(value), order(format!(":f{place}"))),
        (Op::AtMost, _) => format!("{} <= {}", order(value), order(format!(":f{place}"))),
        (Op::Contains, _) => format!("finds({value}, :f{place})"),
    }
}

fn search(entity: &Entity, grants: &Grants, union: Fields, word: usize) -> String {
    let mut parts = Vec::new();
    for (index, field) in entity.fields.iter().enumerate() {
        if !field.searchable || union & bit(index) == 0 {
            continue;
        }
        let found = format!("finds({}, :q{word})", expression(entity, index));
        parts.push(match grants.field(index) {
            Some(covered) => format!("(({covered}) AND {found})"),
            None => found,
        });
    }
    if parts.is_empty() {
        "0".to_owned()
    } else {
        format!("({})", parts.join(" OR "))
    }
}

/// A choice's position, so that it sorts as declared.
fn ranked(kind: Kind, value: &str) -> String {
    let Kind::Choice(choices) = kind else {
        return value.to_owned();
    };
    let mut out = format!("(CASE {value}");
    for (position, choice) in choices.iter().enumerate() {
        let _ = write!(out, " WHEN {} THEN {position}", literal(choice.value));
    }
    out.push_str(" END)");
    out
}

/// The expressions of the order, without the id.
fn order(
    app: &App,
    entity: &Entity,
    grants: &Grants,
    union: Fields,
    sort: &[(SortKey, bool)],
) -> Result<Vec<(String, bool)>, Refusal> {
    let mut keys = Vec::new();
    for (key, descending) in sort {
        match key {
            // Nothing behind it matters.
            SortKey::Id => break,
            SortKey::Created => keys.push(("t.\"created\"".to_owned(), *descending)),
            SortKey::Updated => keys.push(("t.\"updated\"".to_owned(), *descending)),
            SortKey::Field(index) => {
                let Some(field) = entity.fields.get(*index) else {
                    continue;
                };
                if union & bit(*index) == 0 {
                    return Err(unreadable(entity, *index));
                }
                let mut value = ranked(field.kind, &expression(entity, *index));
                if let (Kind::Reference(_), Some(target)) =
                    (field.kind, ids::named_target(app, field.kind))
                {
                    value = ids::name_sql(target, &value);
                }
                if let Some(covered) = grants.field(*index) {
                    value = format!("(CASE WHEN ({covered}) THEN {value} END)");
                }
                if is_text(field.kind) {
                    keys.push((format!("{value} COLLATE NOCASE"), *descending));
                }
                keys.push((value, *descending));
            }
        }
    }
    Ok(keys)
}

const fn is_text(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Text | Kind::LongText | Kind::Markdown | Kind::Email | Kind::Url | Kind::Slug(_)
    )
}

/// Rows that come after the cursor; what is empty comes first ascending and last descending.
fn behind(keys: &[(String, bool)], id_descending: bool, empty: &[bool], row: &str) -> String {
    let mut parts = Vec::new();
    let mut equal = String::new();
    for (place, ((key, descending), empty)) in keys.iter().zip(empty).enumerate() {
        let later = match (*descending, *empty) {
            (false, true) => Some(format!("{key} IS NOT NULL")),
            (false, false) => Some(format!("{key} > :k{place}")),
            (true, true) => None,
            (true, false) => Some(format!("({key} < :k{place} OR {key} IS NULL)")),
        };
        parts.extend(later.map(|later| format!("({equal}{later})")));
        let _ = write!(equal, "{key} IS :k{place} AND ");
    }
    let sign = if id_descending { "<" } else { ">" };
    parts.push(format!("({equal}t.\"id\" {sign} {row})"));
    format!("({})", parts.join(" OR "))
}
