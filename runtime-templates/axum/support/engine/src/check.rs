//! What a field's own rules say about a value, and whether what it refers to is there. All errors at once.

use crate::access::holding;
use crate::def::{Entity, Field, Input};
use crate::refusal::{FieldError, Refusal};
use crate::scope::Scope;
use kernel::kind::Kind;
use kernel::value::Value;
use kernel::{format, logic};

/// Fewest characters of a password where nothing else is said.
pub const SHORTEST_PASSWORD: u32 = 8;

/// Longest texts where nothing else is said.
const LINE: u32 = 1000;
const PAGE: u32 = 20_000;
const JSON: u32 = 100_000;
/// Most entries of a list where nothing else is said.
const ENTRIES: u32 = 100;

/// Errors of a value by its field's rules.
pub(crate) fn field(field: &Field, value: &Value, errors: &mut Vec<FieldError>) {
    let mut problem = |rule: &'static str, message: String| {
        errors.push(FieldError {
            field: field.name.into(),
            rule,
            message,
        });
    };
    if value.is_empty() {
        if field.required {
            problem("required", "This is required.".to_owned());
        }
        return;
    }
    if !fits(field.kind, value) {
        return problem("type", "This does not fit.".to_owned());
    }
    let texts = match value {
        Value::Text(text) => std::slice::from_ref(text),
        Value::Texts(texts) => texts,
        _ => &[],
    };
    if texts
        .iter()
        .flat_map(|text| text.chars())
        .any(|c| c.is_control() && c != '\n' && c != '\t')
    {
        return problem("type", "Some of these characters can't be kept.".to_owned());
    }
    if let (Kind::Choice(choices), Value::Text(text)) = (field.kind, value)
        && !choices.iter().any(|choice| choice.value == text)
    {
        let values: Vec<&str> = choices.iter().map(|choice| choice.value).collect();
        return problem("choice", format!("Choose one of {}.", values.join(", ")));
    }
    if let ("id", Value::Text(text)) = (field.name, value)
        && let Some(message) = crate::ids::problem(text)
    {
        return problem("pattern", message.to_owned());
    }
    if let Some(message) = length(field, value) {
        problem("length", message);
    }
    if let Value::Int(number) = value
        && let Some(message) = bounds(field, *number)
    {
        problem("bounds", message);
    }
    if let (Some(pattern), Value::Text(text)) = (field.pattern, value)
        && !logic::matches(Some(text), pattern)
    {
        problem("pattern", format!("This does not match {pattern}."));
    }
}

/// The value is of the kind's form.
fn fits(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Integer
        | Kind::Decimal(_)
        | Kind::Money
        | Kind::Percent
        | Kind::Bool
        | Kind::Date
        | Kind::Time
        | Kind::Timestamp
        | Kind::Duration => matches!(value, Value::Int(_)),
        // As the outside names it, until the operation looks for the row.
        Kind::Reference(_) => matches!(value, Value::Int(_) | Value::Text(_)),
        Kind::TextList => matches!(value, Value::Texts(_)),
        Kind::Many(..) => matches!(value, Value::Ids(_) | Value::Texts(_)),
        Kind::Password => matches!(value, Value::Text(_) | Value::Hidden(_)),
        _ => matches!(value, Value::Text(_)),
    }
}

fn length(field: &Field, value: &Value) -> Option<String> {
    let (count, most, unit) = match value {
        Value::Text(text) => {
            let most = match field.kind {
                Kind::LongText | Kind::Markdown | Kind::Secret => PAGE,
                Kind::Json => JSON,
                Kind::Slug(_) => kernel::text::LONGEST_SLUG,
                _ => LINE,
            };
            (text.chars().count(), most, ("character", "characters"))
        }
        Value::Hidden(hidden) => {
            let count = usize::try_from(hidden.characters?).ok()?;
            (count, LINE, ("character", "characters"))
        }
        Value::Texts(texts) => {
            let long = |text: &String| text.chars().nth(LINE as usize).is_some();
            if texts.iter().any(long) {
                return Some(format!("Each entry has at most {LINE} characters."));
            }
            (texts.len(), ENTRIES, ("entry", "entries"))
        }
        Value::Ids(ids) => (ids.len(), u32::MAX, ("entry", "entries")),
        _ => return None,
    };
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let name = |number: u32| if number == 1 { unit.0 } else { unit.1 };
    let shortest = match field.kind {
        // Bounds that end below it are the author's word.
        Kind::Password => SHORTEST_PASSWORD.min(field.length.1.unwrap_or(SHORTEST_PASSWORD)),
        _ => 0,
    };
    let (least, most) = (
        field.length.0.unwrap_or(shortest),
        field.length.1.unwrap_or(most),
    );
    if count < least {
        return Some(format!("This has at least {least} {}.", name(least)));
    }
    (count > most).then(|| format!("This has at most {most} {}.", name(most)))
}

fn bounds(field: &Field, number: i64) -> Option<String> {
    let settings = kernel::settings::get();
    let shown = |bound: i64| {
        format::show(
            &field.kind,
            &Value::Int(bound),
            &settings.currency,
            settings.currency_digits,
        )
    };
    match field.bounds {
        (Some(least), _) if number < least => Some(format!("This is at least {}.", shown(least))),
        (_, Some(most)) if number > most => Some(format!("This is at most {}.", shown(most))),
        _ => None,
    }
}

/// Errors of inputs: what is missing, and references that lead nowhere.
pub(crate) fn inputs(
    scope: &Scope<'_>,
    inputs: &'static [Input],
    given: &[(&'static str, Value)],
    from_client: bool,
) -> Result<(), Refusal> {
    let mut errors = Vec::new();
    for input in inputs {
        let value = given
            .iter()
            .find(|(name, _)| *name == input.name)
            .map_or(&Value::Empty, |(_, value)| value);
        let so_far = errors.len();
        field(&input.as_field(), value, &mut errors);
        if value.is_empty() || errors.len() > so_far {
            continue;
        }
        reference(
            scope,
            input.name,
            input.kind,
            value,
            &Value::Empty,
            from_client,
            &mut errors,
        )?;
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Invalid(errors))
    }
}

/// An error where a value refers to rows that are not there, or that the client may not read. What was there
/// before is not looked at again.
pub(crate) fn reference(
    scope: &Scope<'_>,
    name: &'static str,
    kind: Kind,
    value: &Value,
    before: &Value,
    from_client: bool,
    errors: &mut Vec<FieldError>,
) -> Result<(), Refusal> {
    let (target, ids): (usize, &[i64]) = match (kind, value) {
        (Kind::Reference(target), Value::Int(id)) => (target, std::slice::from_ref(id)),
        (Kind::Many(target, _), Value::Ids(ids)) => (target, ids),
        _ => return Ok(()),
    };
    let known = |id: &i64| match before {
        Value::Int(old) => old == id,
        Value::Ids(old) => old.contains(id),
        _ => false,
    };
    let Some(entity) = scope.app.entities.get(target).copied() else {
        return Ok(());
    };
    for id in ids.iter().filter(|id| !known(id)) {
        if !is_there(scope, entity, *id, from_client)? {
            errors.push(FieldError {
                field: name.into(),
                rule: "reference",
                message: "Choose one that exists.".to_owned(),
            });
            break;
        }
    }
    Ok(())
}

fn is_there(
    scope: &Scope<'_>,
    entity: &'static Entity,
    id: i64,
    from_client: bool,
) -> Result<bool, Refusal> {
    if entity.index == 0 && scope.plans.keeps_users && is_stub(scope, id)? {
        return Ok(false);
    }
    if from_client && !scope.elevated && !scope.caller.system {
        let grants = scope.grants(entity.read);
        if grants.iter().all(|grant| !grant.when.is_empty()) {
            return Ok(holding(scope, entity, id, &grants)?.is_some());
        }
    }
    let sql = format!(
        "SELECT 1 FROM {} WHERE \"id\" = :row",
        scope.plans.of(entity).table
    );
    scope.truth(&sql, &[(":row", &Value::Int(id))])
}

fn is_stub(scope: &Scope<'_>, user: i64) -> Result<bool, Refusal> {
    scope.truth(
        "SELECT 1 FROM account WHERE user_id = :row AND deleted_at IS NOT NULL",
        &[(":row", &Value::Int(user))],
    )
}

/// Errors of values that another row has already.
pub(crate) fn unique(
    scope: &Scope<'_>,
    entity: &'static Entity,
    id: Option<i64>,
    values: &[(usize, &Value)],
    errors: &mut Vec<FieldError>,
) -> Result<(), Refusal> {
    for (index, value) in values {
        let Some(field) = entity.fields.get(*index).filter(|field| field.unique) else {
            continue;
        };
        if value.is_empty() || errors.iter().any(|error| error.field == field.name) {
            continue;
        }
        if is_taken(scope, entity, field, value, id)? {
            errors.push(taken(field.name));
        }
    }
    Ok(())
}

/// Another row has this value.
pub(crate) fn is_taken(
    scope: &Scope<'_>,
    entity: &'static Entity,
    field: &Field,
    value: &Value,
    id: Option<i64>,
) -> Result<bool, Refusal> {
    let (table, column) = (
        &scope.plans.of(entity).table,
        crate::plan::quoted(field.column()),
    );
    let sql = format!("SELECT 1 FROM {table} WHERE {column} = :value AND \"id\" IS NOT :row");
    scope.truth(&sql, &[(":value", value), (":row", &Value::from(id))])
}

/// The error of a value that another row has.
pub(crate) fn taken(field: &'static str) -> FieldError {
    FieldError {
        field: field.into(),
        rule: "unique",
        message: "This is taken already.".to_owned(),
    }
}

/// What the database refused, as people read it.
pub(crate) fn constraint(entity: &'static Entity, error: rusqlite::Error) -> Refusal {
    let rusqlite::Error::SqliteFailure(failure, Some(message)) = &error else {
        return error.into();
    };
    let columns: Vec<&'static str> = message
        .split_once("failed: ")
        .map(|(_, columns)| columns)
        .unwrap_or_default()
        .split(", ")
        .filter_map(|name| {
            let column = name.rsplit('.').next().unwrap_or(name);
            entity
                .fields
                .iter()
                .find(|field| field.column() == column)
                .map(|field| field.name)
        })
        .collect();
    match failure.extended_code {
        // UNIQUE, PRIMARY KEY
        2067 | 1555 => {
            let rule = entity.rules.iter().find(|rule| {
                columns.len() > 1
                    && rule.fields.len() == columns.len()
                    && rule.fields.iter().all(|field| columns.contains(field))
            });
            let index_rule = entity
                .rules
                .iter()
                .find(|rule| columns.is_empty() && message.contains(rule.id));
            if let Some(rule) = rule.or(index_rule) {
                return Refusal::Invalid(crate::finish::errors_of(rule));
            }
            if columns.is_empty() {
                return Refusal::Invalid(vec![taken("")]);
            }
            Refusal::Invalid(columns.into_iter().map(taken).collect())
        }
        // NOT NULL
        1299 => Refusal::Invalid(
            columns
                .into_iter()
                .map(|field| FieldError {
                    field: field.into(),
                    rule: "required",
                    message: "This is required.".to_owned(),
                })
                .collect(),
        ),
        // FOREIGN KEY
        787 => Refusal::Conflict {
            rule: "referenced",
            message: "Something still refers to this.".to_owned(),
        },
        // CHECK
        275 => Refusal::Invalid(vec![FieldError {
            field: columns.first().copied().unwrap_or("").into(),
            rule: "bounds",
            message: "This does not fit.".to_owned(),
        }]),
        _ => error.into(),
    }
}
