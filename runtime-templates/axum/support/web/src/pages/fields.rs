//! Fields of an entity and inputs of an operation as controls of a form, and what was typed into them.

use super::context::{Context, bit};
use crate::ui::control::{Control, Options, Removal, listed};
use crate::ui::locale;
use engine::Reader;
use engine::check::SHORTEST_PASSWORD;
use engine::def::{App, Entity, Field, FieldDefault, Fields, Input};
use engine::refusal::{FieldError, Refusal};
use engine::{ids, query};
use kernel::kind::Kind;
use kernel::value::Value;
use maud::{Markup, html};

/// Up to this many rows are offered in a list to choose from; beyond that one searches.
pub const MOST_OPTIONS: usize = 50;
/// How many rows a search offers.
const FOUND: usize = 20;

/// What is in a form: as typed, by name; several of a name for lists and sets.
pub type Typed = Vec<(String, String)>;

/// What can be chosen among the rows of an entity, `(id, text)`; one more than [`MOST_OPTIONS`] where there are more.
pub fn options(
    context: &Context<'_>,
    r: &Reader<'_>,
    entity: &'static Entity,
) -> Vec<(String, String)> {
    query::options(r, &context.caller, entity, None, MOST_OPTIONS + 1).unwrap_or_default()
}

/// How a row is written into a field that searches: what it is shown as, and its number so that it is the only one.
#[must_use]
pub fn search_text(id: &str, text: &str) -> String {
    format!("{text} #{id}")
}

/// A form under way.
pub struct Draft<'a> {
    /// What is in it.
    pub typed: &'a [(String, String)],
    /// What is wrong with it.
    pub errors: &'a [FieldError],
    /// Put before the ids of its controls.
    pub prefix: &'a str,
    /// What the row refers to by now, as far as the caller may read it: `(field, row, text)`.
    pub known: &'a [(&'static str, &'a query::Referred)],
}

impl Draft<'_> {
    fn control<'c>(
        &'c self,
        context: &Context<'_>,
        r: &Reader<'_>,
        mut control: Control<'c>,
    ) -> Control<'c> {
        control.prefix = self.prefix;
        control.values = self
            .typed
            .iter()
            .filter(|(name, value)| name == control.name && !value.is_empty())
            .map(|(_, value)| value.clone())
            .collect();
        if matches!(control.kind, Kind::Bool) {
            // The hidden "no" comes first, what is ticked last.
            control.values = control.values.pop().into_iter().collect();
        }
        control.errors = self
            .errors
            .iter()
            .filter(|error| error.field == control.name)
            .map(|error| error.message.as_str())
            .collect();
        control.unit = match control.kind {
            Kind::Money => context.app.currency,
            Kind::Percent => "%",
            _ => "",
        };
        if let Kind::Reference(target) | Kind::Many(target, _) = control.kind
            && let Some(target) = context.app.entities.get(target).copied()
        {
            let known: Vec<&query::Referred> = self
                .known
                .iter()
                .filter(|(field, _)| *field == control.name)
                .map(|(_, row)| *row)
                .collect();
            control.options = offer(context, r, target, &known, &mut control.values);
        }
        control
    }

    /// The controls for these fields, in the entity's order.
    pub fn fields(
        &self,
        context: &Context<'_>,
        r: &Reader<'_>,
        entity: &'static Entity,
        which: Fields,
        creating: bool,
    ) -> Markup {
        html! {
            @for (index, field) in entity.fields.iter().enumerate() {
                @if which & bit(index) != 0 && is_written(field, creating) {
                    (self.control(context, r, of_field(field, creating)).markup())
                }
            }
        }
    }

    /// The controls for these inputs.
    pub fn inputs(&self, context: &Context<'_>, r: &Reader<'_>, inputs: &[Input]) -> Markup {
        html! {
            @for input in inputs {
                (self.control(context, r, of_input(input)).markup())
            }
        }
    }

    /// All that is wrong, for the summary above the form: what concerns no field that is shown has no link.
    #[must_use]
    pub fn summary(&self, labels: &[(&str, &str)]) -> Markup {
        let lines: Vec<(Option<String>, String)> = self
            .errors
            .iter()
            .map(
                |error| match labels.iter().find(|(name, _)| *name == error.field) {
                    Some((name, label)) => (
                        Some(format!("{}-{name}", self.prefix)),
                        listed(label, &error.message),
                    ),
                    None => (None, error.message.clone()),
                },
            )
            .collect();
        crate::ui::control::error_summary(&lines)
    }
}

/// The names and labels of these fields.
#[must_use]
pub fn labels(entity: &'static Entity, which: Fields) -> Vec<(&'static str, &'static str)> {
    entity
        .fields
        .iter()
        .enumerate()
        .filter(|(index, _)| which & bit(*index) != 0)
        .map(|(_, field)| (field.name, field.label))
        .collect()
}

/// Left empty, a new row's value is made: a slug, a number of a series, random characters.
#[must_use]
pub fn is_made(field: &Field) -> bool {
    matches!(field.kind, Kind::Slug(_))
        || matches!(
            field.default,
            FieldDefault::Next(_) | FieldDefault::Random(_)
        )
}

/// People may write it in a form.
#[must_use]
pub fn is_written(field: &Field, creating: bool) -> bool {
    !field.read_only && !field.computed && !field.lifecycle && (creating || !field.fixed)
}

fn of_field(field: &Field, creating: bool) -> Control<'_> {
    let mut control = Control::new(field.name, field.label, field.kind);
    control.help = field.about;
    let made = creating && is_made(field);
    control.required = field.required && !made && !matches!(field.kind, Kind::Bool);
    if !creating && is_hidden(field.kind) {
        control.required = false;
        control.kept = Some(if field.required {
            Removal::Closed
        } else {
            Removal::Offered
        });
    }
    if made && control.help.is_empty() {
        control.help = "made by itself where left empty";
    }
    control.length = field.length;
    if matches!(field.kind, Kind::Password) && field.length.0.is_none() {
        control.length.0 = Some(SHORTEST_PASSWORD);
    }
    let bound = |bound: Option<i64>| bound.map(|bound| input_text(field.kind, &Value::Int(bound)));
    control.bounds = (bound(field.bounds.0), bound(field.bounds.1));
    control
}

fn of_input(input: &Input) -> Control<'_> {
    let mut control = Control::new(input.name, input.label, input.kind);
    control.required = input.required && !matches!(input.kind, Kind::Bool);
    control.length = input.length;
    let bound = |bound: Option<i64>| bound.map(|bound| input_text(input.kind, &Value::Int(bound)));
    control.bounds = (bound(input.bounds.0), bound(input.bounds.1));
    control
}

/// Passwords and secrets: a form takes them and never shows them.
#[must_use]
pub const fn is_hidden(kind: Kind) -> bool {
    matches!(kind, Kind::Password | Kind::Secret)
}

fn offer(
    context: &Context<'_>,
    r: &Reader<'_>,
    target: &'static Entity,
    known: &[&query::Referred],
    values: &mut [String],
) -> Options {
    // A row that the caller may not read has no name here, whoever typed what it is called.
    let name_of = |address: &str| match known.iter().find(|row| row.address == address) {
        Some(row) => Some(row.text.clone()),
        None => {
            let id = ids::number(r, target, address).ok()?;
            let found = query::get(r, &context.caller, target, id).ok().flatten();
            found.map(|_| query::label(r, target, id))
        }
    };
    let all = options(context, r, target);
    if all.len() <= MOST_OPTIONS {
        let mut all = all;
        for value in values.iter() {
            // What is chosen already stays chosen, also where the caller could not choose it anew.
            if !all.iter().any(|(option, _)| option == value)
                && let Some(name) = name_of(value)
            {
                all.push((value.clone(), name));
            }
        }
        return Options::All(all);
    }
    for value in values.iter_mut() {
        if let Some(name) = name_of(value) {
            *value = search_text(value, &name);
        }
    }
    let some = all
        .into_iter()
        .take(FOUND)
        .map(|(id, text)| search_text(&id, &text))
        .collect();
    Options::Search(some, format!("/{}/options", target.slug))
}

/// The rows found for a field that searches.
///
/// # Errors
/// What the store refuses.
pub fn search(
    context: &Context<'_>,
    r: &Reader<'_>,
    entity: &'static Entity,
    text: &str,
) -> Result<Vec<String>, Refusal> {
    let found = query::options(r, &context.caller, entity, Some(words_of(text)), FOUND)?;
    Ok(found
        .into_iter()
        .map(|(id, text)| search_text(&id, &text))
        .collect())
}

/// Turns what was typed into fields that search into ids. What names no row, or several, is an error at its field.
///
/// # Errors
/// Every field that names no single row.
pub fn resolve(
    context: &Context<'_>,
    r: &Reader<'_>,
    kinds: &[(&'static str, Kind)],
    typed: &[(String, String)],
) -> Result<Typed, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut out = Vec::with_capacity(typed.len());
    for (name, value) in typed {
        let known = kinds.iter().find(|(key, _)| key == name);
        let number = known.and_then(|(_, kind)| locale::typed(context.app.language, *kind, value));
        if let Some(number) = number {
            out.push((name.clone(), number));
            continue;
        }
        let target = known.and_then(|(key, kind)| match kind {
            Kind::Reference(target) => Some((*key, *target, false)),
            Kind::Many(target, _) => Some((*key, *target, true)),
            _ => None,
        });
        let Some((field, target, several)) = target else {
            out.push((name.clone(), value.clone()));
            continue;
        };
        let lines: Vec<&str> = if several {
            value
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .collect()
        } else {
            vec![value.trim()]
        };
        if lines.is_empty() {
            out.push((name.clone(), String::new()));
        }
        for line in lines {
            match row_named(context, r, target, line) {
                Ok(id) => out.push((name.clone(), id)),
                Err(message) => errors.push(FieldError {
                    field: field.into(),
                    rule: "reference",
                    message,
                }),
            }
        }
    }
    if errors.is_empty() {
        Ok(out)
    } else {
        Err(errors)
    }
}

fn row_named(
    context: &Context<'_>,
    r: &Reader<'_>,
    target: usize,
    text: &str,
) -> Result<String, String> {
    let Some(entity) = context.app.entities.get(target).copied() else {
        return Err("there is nothing to choose from".to_owned());
    };
    // What may be what a row is called is taken for that, whether there is such a row or not: the operation says so,
    // in the same words for rows that the caller may not read.
    let is_address = |text: &str| match entity.named_by() {
        Some(_) => ids::problem(text).is_none(),
        None => text.parse::<i64>().is_ok(),
    };
    if text.is_empty() || is_address(text) {
        return Ok(text.to_owned());
    }
    if let Some((_, address)) = text.rsplit_once('#')
        && is_address(address.trim())
    {
        return Ok(address.trim().to_owned());
    }
    let words = text.trim();
    let found = query::options(r, &context.caller, entity, Some(words), FOUND).unwrap_or_default();
    let exact: Vec<&String> = found
        .iter()
        .filter(|(_, label)| label.to_lowercase() == words.to_lowercase())
        .map(|(address, _)| address)
        .collect();
    match (exact.as_slice(), found.as_slice()) {
        ([address], _) => Ok((*address).clone()),
        ([], [(address, _)]) => Ok(address.clone()),
        ([], []) => Err(format!("nothing is called “{words}”; type another name")),
        _ => {
            let names: Vec<String> = found
                .iter()
                .take(4)
                .map(|(address, text)| search_text(address, text))
                .collect();
            Err(format!(
                "several match “{words}”; type one of them: {}",
                names.join(", ")
            ))
        }
    }
}

/// `Ana Rossi #12` → its words: what stands behind the last `#` says which one is meant.
fn words_of(text: &str) -> &str {
    match text.rsplit_once('#') {
        Some((words, address)) if !address.trim().is_empty() && !address.contains(' ') => {
            words.trim()
        }
        _ => text.trim(),
    }
}

/// A row's values as they stand in a form.
///
/// # Errors
/// What the store refuses.
pub fn typed_from(
    r: &Reader<'_>,
    app: &'static App,
    entity: &'static Entity,
    values: &[Value],
    which: Fields,
) -> Result<Typed, Refusal> {
    let mut typed = Vec::new();
    for (index, field) in entity.fields.iter().enumerate() {
        let (true, Some(value)) = (which & bit(index) != 0, values.get(index)) else {
            continue;
        };
        let target = match field.kind {
            Kind::Reference(target) | Kind::Many(target, _) => app.entities.get(target).copied(),
            _ => None,
        };
        let numbers: &[i64] = match value {
            Value::Int(id) => std::slice::from_ref(id),
            Value::Ids(numbers) => numbers,
            _ => &[],
        };
        match (value, target) {
            (Value::Empty | Value::Hidden(_), _) => {}
            (_, Some(target)) => {
                for id in numbers {
                    typed.push((field.name.to_owned(), ids::address(r, target, *id)?));
                }
            }
            (Value::Texts(texts), _) => typed.push((field.name.to_owned(), texts.join("\n"))),
            (value, _) => {
                let text = input_text(field.kind, value);
                let text = locale::in_form(app.language, field.kind, text);
                typed.push((field.name.to_owned(), text));
            }
        }
    }
    Ok(typed)
}

/// What is wrong with what somebody typed, as people of the app's language read it.
pub fn misfits(context: &Context<'_>, mut errors: Vec<FieldError>) -> Refusal {
    for error in &mut errors {
        error.message = locale::message(context.app.language, &error.message);
    }
    Refusal::Invalid(errors)
}

/// A value as a control holds it.
#[must_use]
pub fn input_text(kind: Kind, value: &Value) -> String {
    kernel::format::form(&kind, value)
}
