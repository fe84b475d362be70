//! The end of an operation: rules, once, for every row touched and every row that looks at one; then the record of
//! what changed, and the messages.

use crate::audit;
use crate::def::{Check, Entity, Rule, RuleOn};
use crate::functions;
use crate::mail;
use crate::operation::Row;
use crate::plan::quoted;
use crate::refusal::{FieldError, Refusal};
use crate::scope::{Scope, Touched, Work};
use crate::tenant;
use kernel::value::Value;
use std::collections::BTreeSet;

/// What the operation is called, and on which row.
pub(crate) type Root<'n> = Option<(&'n str, &'static Entity, i64)>;

/// Errors under a rule's sentence.
pub(crate) fn errors_of(rule: &Rule) -> Vec<FieldError> {
    let message = rule.sentence.to_owned();
    if rule.fields.is_empty() {
        return vec![FieldError {
            field: "",
            rule: rule.id,
            message,
        }];
    }
    let at = rule.fields.iter();
    at.map(|field| FieldError {
        field,
        rule: rule.id,
        message: message.clone(),
    })
    .collect()
}

/// Looks at all rules, keeps the record, leaves the messages, and is ready for the next operation.
pub(crate) fn finish(scope: &Scope<'_>, root: Root<'_>, seeding: bool) -> Result<(), Refusal> {
    crate::change::settle(scope, 0)?;
    let work = std::mem::take(&mut *scope.work.borrow_mut());
    if !seeding {
        tenant::wall(scope, &work)?;
    }
    judge(scope, &work, 0, seeding)?;
    for touched in work
        .touched
        .iter()
        .filter(|touched| !(touched.created && touched.deleted))
    {
        audit::record(scope, touched, root)?;
    }
    for message in &work.messages {
        mail::leave(scope, message)?;
    }
    let mut sign = scope.sign.borrow_mut();
    sign.newcomers.extend(&work.newcomers);
    sign.signed_in = work.signed_in.or(sign.signed_in);
    Ok(())
}

/// Looks at the rules of what an attempt has written so far, as if the operation ended with it; `before` is the number
/// of writes that came before it.
pub(crate) fn judge_attempt(scope: &Scope<'_>, before: u64) -> Result<(), Refusal> {
    let work = scope.work.borrow().clone();
    judge(scope, &work, before, false)
}

/// Looks at the rules of all rows that were written after so many writes, and of those that look at them.
fn judge(scope: &Scope<'_>, work: &Work, before: u64, seeding: bool) -> Result<(), Refusal> {
    let written = |touched: &&Touched| touched.last > before;
    for touched in work.touched.iter().filter(written) {
        if !touched.deleted {
            fits(scope, touched)?;
        }
    }
    let broken = broken(scope, work, before, seeding)?;
    if broken.is_empty() {
        return Ok(());
    }
    // A rule for several operations stands once for each of them, and is named once.
    let mut rules: Vec<(usize, &Rule)> = Vec::new();
    for (entity, rule) in broken {
        let found = scope.app.entities.get(entity);
        if let Some(rule) = found.and_then(|entity| entity.rules.get(rule))
            && !rules
                .iter()
                .any(|(known, other)| *known == entity && other.id == rule.id)
        {
            rules.push((entity, rule));
        }
    }
    let errors = rules.into_iter().flat_map(|(_, rule)| errors_of(rule));
    Err(Refusal::Invalid(errors.collect()))
}

/// A row whose computed numbers do not fit is refused: empty, they would be left out of every sum.
fn fits(scope: &Scope<'_>, touched: &Touched) -> Result<(), Refusal> {
    let entity = touched.entity;
    for computed in entity
        .computed
        .iter()
        .filter(|computed| calculates(computed.sql))
    {
        let sql = format!(
            "SELECT ({}) FROM {} AS t WHERE t.\"id\" = :row",
            computed.sql,
            scope.plans.of(entity).table
        );
        functions::overflowed();
        scope.scalar(&sql, &[(":row", &Value::Int(touched.id))])?;
        if functions::overflowed() {
            let label = entity
                .fields
                .get(computed.field)
                .map_or("", |field| field.label);
            return Err(Refusal::Invalid(vec![FieldError {
                field: "",
                rule: "arithmetic",
                message: format!("The numbers are too large for “{label}”."),
            }]));
        }
    }
    Ok(())
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

/// Broken rules by entity and position: in the order of the text, each once.
fn broken(
    scope: &Scope<'_>,
    work: &Work,
    before: u64,
    seeding: bool,
) -> Result<BTreeSet<(usize, usize)>, Refusal> {
    let mut broken = BTreeSet::new();
    let mut seen: BTreeSet<(usize, i64)> = BTreeSet::new();
    for touched in &work.touched {
        if touched.last <= before || (touched.created && touched.deleted) {
            continue;
        }
        seen.insert((touched.entity.index, touched.id));
        if touched.entity.rules.is_empty() {
            continue;
        }
        let row = if touched.deleted {
            None
        } else {
            scope.load(touched.entity, touched.id)?
        };
        for (index, rule) in touched.entity.rules.iter().enumerate() {
            let due = match rule.on {
                RuleOn::Always => !touched.deleted,
                RuleOn::Create => touched.created && !seeding,
                RuleOn::Update => !touched.created && !touched.deleted && !seeding,
                RuleOn::Delete => touched.deleted,
            };
            if due
                && !broken.contains(&(touched.entity.index, index))
                && !holds(scope, touched, row.as_ref(), rule)?
            {
                broken.insert((touched.entity.index, index));
            }
        }
    }
    for ((entity, id), write) in &work.watched {
        if *write <= before {
            continue;
        }
        let Some(entity) = scope.app.entities.get(*entity).copied() else {
            continue;
        };
        if work.watched_all.contains_key(&entity.index) || !seen.insert((entity.index, *id)) {
            continue;
        }
        if let Some(row) = scope.load(entity, *id)? {
            look(scope, entity, &row, &mut broken)?;
        }
    }
    for (entity, write) in &work.watched_all {
        if *write <= before {
            continue;
        }
        let Some(entity) = scope.app.entities.get(*entity).copied() else {
            continue;
        };
        look_at_all(scope, entity, &mut broken)?;
    }
    Ok(broken)
}

fn holds(
    scope: &Scope<'_>,
    touched: &Touched,
    row: Option<&Row>,
    rule: &Rule,
) -> Result<bool, Refusal> {
    let entity = touched.entity;
    match rule.check {
        Check::Code(check) => {
            let this = row.unwrap_or(&touched.old).clone();
            check(&scope.operation(Some(entity), this, touched.old.clone()))
        }
        Check::Sql(sql) if touched.deleted => {
            // The row is gone: it stands in the statement as it was.
            let old = &touched.old;
            let own = [
                ("id", old.id),
                ("created", old.created),
                ("updated", old.updated),
                ("version", old.version),
            ];
            let mut given: Vec<(String, &str, Value)> = Vec::new();
            for (name, number) in own {
                given.push((format!(":row_{}", given.len()), name, Value::Int(number)));
            }
            for (index, field) in entity
                .fields
                .iter()
                .enumerate()
                .filter(|(_, field)| !field.computed)
            {
                given.push((
                    format!(":row_{}", given.len()),
                    field.name,
                    old.value(index).clone(),
                ));
            }
            let columns: Vec<String> = given
                .iter()
                .map(|(parameter, name, _)| format!("{parameter} AS {}", quoted(name)))
                .collect();
            let params: Vec<(&str, &Value)> = given
                .iter()
                .map(|(name, _, value)| (name.as_str(), value))
                .collect();
            scope.truth(
                &format!(
                    "SELECT ({sql}) IS TRUE FROM (SELECT {}) AS t",
                    columns.join(", ")
                ),
                &params,
            )
        }
        Check::Sql(sql) => crate::access::condition(scope, entity, touched.id, sql),
    }
}

/// The lasting rules of a row that was not touched itself.
fn look(
    scope: &Scope<'_>,
    entity: &'static Entity,
    row: &Row,
    broken: &mut BTreeSet<(usize, usize)>,
) -> Result<(), Refusal> {
    for (index, rule) in entity
        .rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| rule.on == RuleOn::Always)
    {
        if broken.contains(&(entity.index, index)) {
            continue;
        }
        let holds = match rule.check {
            Check::Code(check) => check(&scope.operation(Some(entity), row.clone(), row.clone()))?,
            Check::Sql(sql) => crate::access::condition(scope, entity, row.id, sql)?,
        };
        if !holds {
            broken.insert((entity.index, index));
        }
    }
    Ok(())
}

fn look_at_all(
    scope: &Scope<'_>,
    entity: &'static Entity,
    broken: &mut BTreeSet<(usize, usize)>,
) -> Result<(), Refusal> {
    let table = &scope.plans.of(entity).table;
    let mut code = false;
    for (index, rule) in entity
        .rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| rule.on == RuleOn::Always)
    {
        match rule.check {
            Check::Sql(sql) => {
                let sql =
                    format!("SELECT EXISTS (SELECT 1 FROM {table} AS t WHERE ({sql}) IS NOT TRUE)");
                if scope.truth(&sql, &[])? {
                    broken.insert((entity.index, index));
                }
            }
            Check::Code(_) => code = true,
        }
    }
    if code {
        for id in scope.ids(&format!("SELECT \"id\" FROM {table} ORDER BY \"id\""), &[])? {
            if let Some(row) = scope.load(entity, id)? {
                look(scope, entity, &row, broken)?;
            }
        }
    }
    Ok(())
}
