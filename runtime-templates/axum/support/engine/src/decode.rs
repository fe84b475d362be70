//! What clients send as values, by the fields' kinds and rules: all errors at once.

use crate::check;
use crate::def::{App, Entity, Field, FieldDefault, Fields, Input};
use crate::ids;
use crate::plan::bit;
use crate::refusal::FieldError;
use kernel::kind::Kind;
use kernel::read::{self, Problem};
use kernel::value::Value;
use serde_json::Value as Json;

type Decoded = Result<Vec<(usize, Value)>, Vec<FieldError>>;
type DecodedInputs = Result<Vec<(&'static str, Value)>, Vec<FieldError>>;

/// Fields of a row from JSON. `id`, `created`, `updated` and `version` are skipped.
///
/// # Errors
/// Every field that does not fit, is not known, or is not `allowed`.
pub fn json(
    app: &App,
    entity: &'static Entity,
    body: &serde_json::Map<String, Json>,
    allowed: Fields,
    creating: bool,
) -> Decoded {
    let mut decoding = Decoding::new(entity, allowed, creating);
    for (name, value) in body {
        if name.starts_with('_') {
            decoding.errors.push(unknown(name));
        } else if let Some((index, field)) = decoding.open(name) {
            decoding.take(index, field, json_value(app, field.kind, value));
        }
    }
    decoding.end()
}

/// Fields of a row from a form; several pairs of one name for lists and sets. Names that begin with `_` and `version`
/// are skipped.
///
/// # Errors
/// As [`json`].
pub fn form(
    app: &App,
    entity: &'static Entity,
    pairs: &[(String, String)],
    allowed: Fields,
    creating: bool,
) -> Decoded {
    let mut decoding = Decoding::new(entity, allowed, creating);
    for (name, texts) in gathered(pairs) {
        if name == "version" {
            continue;
        }
        if let Some((index, field)) = decoding.open(name) {
            decoding.take(index, field, from_texts(app, field.kind, &texts));
        }
    }
    decoding.end()
}

/// Inputs of an operation from JSON.
///
/// # Errors
/// Every input that does not fit, is missing, or is not known.
pub fn inputs_json(
    app: &App,
    inputs: &'static [Input],
    body: &serde_json::Map<String, Json>,
) -> DecodedInputs {
    let mut errors = Vec::new();
    let mut values = Vec::new();
    for (name, value) in body {
        if name == "version" {
            continue;
        }
        match inputs.iter().find(|input| input.name == name) {
            Some(input) => take_input(
                input,
                json_value(app, input.kind, value),
                &mut values,
                &mut errors,
            ),
            None => errors.push(unknown(name)),
        }
    }
    end_inputs(inputs, values, errors)
}

/// Inputs of an operation from a form.
///
/// # Errors
/// As [`inputs_json`].
pub fn inputs_form(
    app: &App,
    inputs: &'static [Input],
    pairs: &[(String, String)],
) -> DecodedInputs {
    let mut errors = Vec::new();
    let mut values = Vec::new();
    for (name, texts) in gathered(pairs) {
        if name == "version" || name.starts_with('_') {
            continue;
        }
        match inputs.iter().find(|input| input.name == name) {
            Some(input) => take_input(
                input,
                from_texts(app, input.kind, &texts),
                &mut values,
                &mut errors,
            ),
            None => errors.push(unknown(name)),
        }
    }
    end_inputs(inputs, values, errors)
}

fn take_input(
    input: &Input,
    read: Result<Value, Problem>,
    values: &mut Vec<(&'static str, Value)>,
    errors: &mut Vec<FieldError>,
) {
    match read {
        Ok(value) => {
            let value = value.settled();
            check::field(&input.as_field(), &value, errors);
            values.push((input.name, value));
        }
        Err(problem) => errors.push(misfit(input.name, problem)),
    }
}

fn end_inputs(
    inputs: &'static [Input],
    values: Vec<(&'static str, Value)>,
    mut errors: Vec<FieldError>,
) -> DecodedInputs {
    for input in inputs.iter().filter(|input| input.required) {
        let given = values.iter().any(|(name, _)| *name == input.name);
        if !given && !errors.iter().any(|error| error.field == input.name) {
            errors.push(required(input.name));
        }
    }
    if errors.is_empty() {
        Ok(values)
    } else {
        Err(errors)
    }
}

/// The kernel says `must be a date`; people read a sentence.
fn misfit(field: &'static str, problem: Problem) -> FieldError {
    let said = problem.message;
    let message = if said.ends_with('.') {
        said
    } else {
        format!("This {said}.")
    };
    FieldError {
        field: field.into(),
        rule: problem.rule,
        message,
    }
}

fn required(field: &'static str) -> FieldError {
    FieldError {
        field: field.into(),
        rule: "required",
        message: "This is required.".to_owned(),
    }
}

fn not_writable(field: &'static str) -> FieldError {
    FieldError {
        field: field.into(),
        rule: "read-only",
        message: "You may not write this.".to_owned(),
    }
}

fn unknown(name: &str) -> FieldError {
    let name: String = name.chars().take(60).collect();
    FieldError {
        field: name.clone().into(),
        rule: "read-only",
        message: format!("There is no field “{name}”."),
    }
}

/// Pairs of one name together, in the order of the first.
fn gathered(pairs: &[(String, String)]) -> Vec<(&str, Vec<&str>)> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, text) in pairs {
        match all.iter_mut().find(|(known, _)| known == name) {
            Some((_, texts)) => texts.push(text),
            None => all.push((name, vec![text])),
        }
    }
    all
}

/// A value from JSON; rows with identifiers of their own are named by these.
fn json_value(app: &App, kind: Kind, value: &Json) -> Result<Value, Problem> {
    if ids::named_target(app, kind).is_none() {
        return read::json(&kind, value);
    }
    match kind {
        Kind::Many(..) => read::json(&Kind::TextList, value),
        _ => read::json(&Kind::Text, value),
    }
}

fn from_texts(app: &App, kind: Kind, texts: &[&str]) -> Result<Value, Problem> {
    if ids::named_target(app, kind).is_some() {
        return match kind {
            Kind::Many(..) => read::text(&Kind::TextList, &texts.join("\n")),
            _ => read::text(&Kind::Text, texts.last().copied().unwrap_or_default()),
        };
    }
    match kind {
        Kind::Many(..) | Kind::TextList => read::text(&kind, &texts.join("\n")),
        // A hidden "no" comes before what is ticked.
        _ => read::text(&kind, texts.last().copied().unwrap_or_default()),
    }
}

struct Decoding {
    entity: &'static Entity,
    allowed: Fields,
    creating: bool,
    values: Vec<(usize, Value)>,
    errors: Vec<FieldError>,
}

impl Decoding {
    fn new(entity: &'static Entity, allowed: Fields, creating: bool) -> Decoding {
        Decoding {
            entity,
            allowed,
            creating,
            values: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// The field of this name, if it may be written.
    fn open(&mut self, name: &str) -> Option<(usize, &'static Field)> {
        let found = self
            .entity
            .fields
            .iter()
            .enumerate()
            .find(|(_, field)| field.name == name);
        let Some((index, field)) = found else {
            if let Some(stamp) = ["id", "created", "updated", "version"]
                .into_iter()
                .find(|stamp| *stamp == name)
            {
                self.errors.push(not_writable(stamp));
            } else if !name.starts_with('_') {
                self.errors.push(unknown(name));
            }
            return None;
        };
        if self.allowed & bit(index) == 0 {
            self.errors.push(not_writable(field.name));
            return None;
        }
        Some((index, field))
    }

    fn take(&mut self, index: usize, field: &'static Field, read: Result<Value, Problem>) {
        match read {
            Ok(value) => {
                let value = value.settled();
                let made = matches!(field.kind, Kind::Slug(_)) && value.is_empty() && self.creating;
                if !made {
                    check::field(field, &value, &mut self.errors);
                }
                self.values.push((index, value));
            }
            Err(problem) => self.errors.push(misfit(field.name, problem)),
        }
    }

    fn end(mut self) -> Decoded {
        if self.creating {
            for (index, field) in self.entity.fields.iter().enumerate() {
                let missing = field.required
                    && !field.computed
                    && self.allowed & bit(index) != 0
                    && matches!(field.default, FieldDefault::None)
                    && !matches!(field.kind, Kind::Slug(_))
                    && !self.values.iter().any(|(given, _)| *given == index)
                    && !self.errors.iter().any(|error| error.field == field.name);
                if missing {
                    self.errors.push(required(field.name));
                }
            }
        }
        if self.errors.is_empty() {
            Ok(self.values)
        } else {
            Err(self.errors)
        }
    }
}
