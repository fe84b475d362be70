//! The end of an operation: rules, once, for every row touched and every row that looks at one; then the record of
//! what changed, and the messages.

use crate::audit;
use crate::def::{Check, Entity, Rule, RuleOn};
use crate::functions;
use crate::mail;
use crate::operation::Row;
use crate::plan::{Rules, quoted};
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
            field: "".into(),
            rule: rule.id,
            message,
        }];
    }
    let at = rule.fields.iter();
    at.map(|field| FieldError {
        field: (*field).into(),
        rule: rule.id,
        message: message.clone(),
    })
    .collect()
}

/// Looks at all rules, keeps the record, leaves the messages, and is ready for the next operation.
pub(crate) fn finish(scope: &Scope<'_>, root: Root<'_>, seeding: bool) -> Result<(), Refusal> {
    crate::change::settle(scope, 0)?;
    let work = scope.work.borrow_mut().end();
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
    for (field, sql) in &scope.plans.of(entity).sums {
        functions::overflowed();
        scope.scalar(sql, &[(":row", &Value::Int(touched.id))])?;
        if functions::overflowed() {
            let label = entity.fields.get(*field).map_or("", |field| field.label);
            return Err(Refusal::Invalid(vec![FieldError {
                field: "".into(),
                rule: "arithmetic",
                message: format!("The numbers are too large for “{label}”."),
            }]));
        }
    }
    Ok(())
}

/// Broken rules by entity and position: in the order of the text, each once.
type Broken = BTreeSet<(usize, usize)>;

fn broken(scope: &Scope<'_>, work: &Work, before: u64, seeding: bool) -> Result<Broken, Refusal> {
    let mut broken = BTreeSet::new();
    let mut seen: BTreeSet<(usize, i64)> = BTreeSet::new();
    for touched in &work.touched {
        if touched.last <= before || (touched.created && touched.deleted) {
            continue;
        }
        seen.insert((touched.entity.index, touched.id));
        if touched.deleted {
            look_at_gone(scope, touched, &mut broken)?;
            continue;
        }
        let moment = match (seeding, touched.created) {
            (true, _) => None,
            (false, true) => Some(RuleOn::Create),
            (false, false) => Some(RuleOn::Update),
        };
        look(
            scope,
            touched.entity,
            touched.id,
            moment,
            Some(&touched.old),
            &mut broken,
        )?;
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
        look(scope, entity, *id, None, None, &mut broken)?;
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

/// The rules of a row that is there: the lasting ones, and those of the moment. Without an `old` row it is what it was.
fn look(
    scope: &Scope<'_>,
    entity: &'static Entity,
    id: i64,
    moment: Option<RuleOn>,
    old: Option<&Row>,
    broken: &mut Broken,
) -> Result<(), Refusal> {
    let [create, update, lasting] = &scope.plans.of(entity).rules;
    let statements = match moment {
        Some(RuleOn::Create) => create,
        Some(RuleOn::Update) => update,
        _ => lasting,
    };
    for statement in statements {
        look_by_sql(scope, entity, id, statement, broken)?;
    }
    let mut row = None;
    for (index, rule) in entity.rules.iter().enumerate() {
        let Check::Code(check) = rule.check else {
            continue;
        };
        let due = rule.on == RuleOn::Always || Some(rule.on) == moment;
        if !due || broken.contains(&(entity.index, index)) {
            continue;
        }
        let this = match &row {
            Some(row) => row,
            None => match scope.load(entity, id)? {
                Some(found) => row.insert(found),
                None => return Ok(()),
            },
        };
        let before = old.unwrap_or(this).clone();
        if !check(&scope.operation(Some(entity), this.clone(), before))? {
            broken.insert((entity.index, index));
        }
    }
    Ok(())
}

fn look_by_sql(
    scope: &Scope<'_>,
    entity: &Entity,
    id: i64,
    statement: &Rules,
    broken: &mut Broken,
) -> Result<(), Refusal> {
    let mut prepared = scope.connection.prepare_cached(&statement.sql)?;
    scope.bind(&mut prepared, &[(":row", &Value::Int(id))])?;
    let mut rows = prepared.raw_query();
    let Some(row) = rows.next()? else {
        return Ok(());
    };
    for (column, rule) in statement.rules.iter().enumerate() {
        if !row.get::<_, bool>(column)? {
            broken.insert((entity.index, *rule));
        }
    }
    Ok(())
}

/// The rules of a row that went.
fn look_at_gone(scope: &Scope<'_>, touched: &Touched, broken: &mut Broken) -> Result<(), Refusal> {
    for (index, rule) in touched.entity.rules.iter().enumerate() {
        if rule.on == RuleOn::Delete
            && !broken.contains(&(touched.entity.index, index))
            && !held_as_it_went(scope, touched, rule)?
        {
            broken.insert((touched.entity.index, index));
        }
    }
    Ok(())
}

fn held_as_it_went(scope: &Scope<'_>, touched: &Touched, rule: &Rule) -> Result<bool, Refusal> {
    let (entity, old) = (touched.entity, &touched.old);
    let sql = match rule.check {
        Check::Code(check) => {
            return check(&scope.operation(Some(entity), old.clone(), old.clone()));
        }
        Check::Sql(sql) => sql,
    };
    // The row is gone: it stands in the statement as it was.
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
            field.column(),
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
            look(scope, entity, id, None, None, broken)?;
        }
    }
    Ok(())
}
