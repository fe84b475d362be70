//! Types and parameters written in code: `priority: Ticket.priority, note?: text`.

use super::fit::describe;
use super::names::field_of;
use super::typing::Typer;
use crate::ir::{EntityId, FieldId, Name, Parameter, Type};
use crate::scope::Scope;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{fold_name, suggest};
use specc_syntax::span::Span;
use specc_syntax::tree::Code;
use std::collections::HashSet;

const PLAIN: &[(&str, Type)] = &[
    ("text", Type::Text),
    ("long text", Type::LongText),
    ("markdown", Type::Markdown),
    ("email", Type::Email),
    ("url", Type::Url),
    ("integer", Type::Integer),
    ("decimal", Type::Decimal(2)),
    ("money", Type::Money),
    ("percent", Type::Percent),
    ("yes/no", Type::Bool),
    ("date", Type::Date),
    ("time", Type::Time),
    ("timestamp", Type::Timestamp),
    ("duration", Type::Duration),
    ("json", Type::Json),
    ("password", Type::Password),
    ("secret", Type::Secret),
];

/// Other languages' words.
const ALIASES: &[(&str, &str)] = &[
    ("string", "text"),
    ("int", "integer"),
    ("number", "integer"),
    ("float", "decimal(2)"),
    ("bool", "yes/no"),
    ("boolean", "yes/no"),
    ("datetime", "timestamp"),
];

/// The type that a text names: a plain one, a choice, an entity, `many X`, `list of X`, or `Entity.field` for a field's.
pub fn type_of(
    scope: &Scope<'_>,
    text: &str,
    span: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Type> {
    let text = text.trim();
    let found = named(scope, text, 0);
    if found.is_some() {
        return found;
    }
    let diagnostic = if let Some((entity, field)) = text.split_once('.')
        && let Some(id) = scope.index.entities.get(&fold_name(entity)).copied()
    {
        let known = scope
            .ir
            .entities
            .get(id.0 as usize)
            .map_or(&[][..], |entity| entity.fields.as_slice());
        let near = suggest(field, known.iter().map(|field| field.name.text.as_str()));
        let diagnostic = Diagnostic::new(
            "unknown-field",
            span,
            format!("{} has no field `{}`", entity.trim(), field.trim()),
        );
        match near {
            Some(near) => diagnostic
                .help(format!("did you mean `{}.{near}`?", entity.trim()))
                .edit(span, format!("{}.{near}", entity.trim())),
            None => diagnostic.help("name one of its fields"),
        }
    } else if let Some((_, ours)) = ALIASES.iter().find(|(word, _)| fold_name(text) == *word) {
        Diagnostic::new("unknown-type", span, format!("`{text}` is no type"))
            .help(format!("the type is called `{ours}` here"))
            .edit(span, *ours)
    } else {
        let entities = scope
            .ir
            .entities
            .iter()
            .map(|entity| entity.name.text.as_str());
        let choices = scope
            .ir
            .choices
            .iter()
            .filter(|choice| choice.named)
            .map(|choice| choice.name.text.as_str());
        let near = suggest(
            text,
            PLAIN
                .iter()
                .map(|(word, _)| *word)
                .chain(entities)
                .chain(choices),
        );
        let diagnostic = Diagnostic::new(
            "unknown-type",
            span,
            format!("`{text}` is no type, choice or entity"),
        );
        match near {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).edit(span, near),
            None => diagnostic.help("name a type such as `text`, `integer`, `money` or `date`, a choice, an entity, or `Entity.field`"),
        }
    };
    diagnostics.push(diagnostic);
    None
}

fn named(scope: &Scope<'_>, text: &str, depth: u8) -> Option<Type> {
    let folded = fold_name(text);
    if let Some((_, ty)) = PLAIN.iter().find(|(word, _)| fold_name(word) == folded) {
        return Some(ty.clone());
    }
    if let Some(places) = folded
        .strip_prefix("decimal(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        return match places.trim().parse::<u8>() {
            Ok(places @ 0..=8) => Some(Type::Decimal(places)),
            _ => None,
        };
    }
    let mut words = text.split_whitespace();
    match (words.next().map(str::to_ascii_lowercase).as_deref(), depth) {
        (Some("many"), 0) => {
            let entity = fold_name(&words.collect::<Vec<_>>().join(" "));
            let found = scope
                .index
                .entities
                .get(&entity)
                .or_else(|| scope.index.plurals.get(&entity))
                .copied();
            if let Some(entity) = found {
                return Some(Type::Many(entity));
            }
        }
        (Some("list"), 0)
            if words
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case("of")) =>
        {
            let of = words.collect::<Vec<_>>().join(" ");
            if let Some(of) = named(scope, &of, 1).filter(|of| !super::fit::is_hidden(of)) {
                return Some(Type::List(Box::new(of)));
            }
        }
        _ => {}
    }
    if let Some(id) = scope.index.choices.get(&folded) {
        return Some(Type::Choice(*id));
    }
    if let Some(id) = scope.index.entities.get(&folded) {
        return Some(Type::Ref(*id));
    }
    let (id, field) = field_like(scope, text)?;
    Some(
        scope
            .ir
            .entities
            .get(id.0 as usize)?
            .fields
            .get(field.0 as usize)?
            .ty
            .clone(),
    )
}

/// The field that `Entity.field` names.
fn field_like(scope: &Scope<'_>, text: &str) -> Option<(EntityId, FieldId)> {
    let (entity, field) = text.split_once('.')?;
    let id = scope.index.entities.get(&fold_name(entity)).copied()?;
    Some((id, scope.index.field(id, &fold_name(field))?))
}

/// `name: type` pairs, separated by commas; `name?: type` may be left out. What is wrong is reported and left out.
pub fn parameters(
    scope: &mut Scope<'_>,
    code: &Code,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Parameter> {
    let mut out: Vec<Parameter> = Vec::new();
    let mut seen = HashSet::new();
    let mut start = 0;
    if code.text.trim().is_empty() {
        return out;
    }
    for part in code.text.split(',') {
        let (from, to) = (start, start + part.len());
        start = to + 1;
        let at = from + (part.len() - part.trim_start().len());
        let span = code.span_of(at, (at + part.trim().len()).max(at));
        let Some((name, ty)) = part.split_once(':') else {
            diagnostics.push(
                Diagnostic::new(
                    "bad-parameter",
                    span,
                    format!("`{}` lacks its type", part.trim()),
                )
                .help("write `name: type`, for example `hours: integer, note?: text`"),
            );
            continue;
        };
        let (written, optional) = match name.trim().strip_suffix('?') {
            Some(name) => (name.trim_end(), true),
            None => (name.trim(), false),
        };
        let name_span = code.span_of(at, at + written.len());
        let letters = written
            .chars()
            .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'));
        if !written.starts_with(char::is_alphabetic) || !letters {
            diagnostics.push(
                Diagnostic::new(
                    "bad-parameter",
                    name_span,
                    format!("`{written}` is no name"),
                )
                .help("a name in code is one word of letters, digits and `_`"),
            );
            continue;
        }
        if !seen.insert(fold_name(written)) {
            diagnostics.push(
                Diagnostic::new(
                    "duplicate-name",
                    name_span,
                    format!("the input `{written}` is given twice"),
                )
                .help("take one of the two out"),
            );
            continue;
        }
        let type_at = from + name.len() + 1 + (ty.len() - ty.trim_start().len());
        let type_span = code.span_of(type_at, type_at + ty.trim().len());
        let like = field_like(scope, ty.trim());
        let Some(ty) = type_of(scope, ty, type_span, diagnostics) else {
            continue;
        };
        let var = scope.fresh();
        out.push(Parameter {
            name: Name {
                text: written.to_owned(),
                span: name_span,
            },
            ty,
            like,
            optional,
            var,
        });
    }
    out
}

/// The field named at a place of an entity, with its type; reported where there is none.
pub(super) fn field_at(
    typer: &mut Typer<'_, '_>,
    entity: crate::ir::EntityId,
    place: (usize, usize),
) -> Option<crate::ir::FieldId> {
    let written = typer.slice(place.0, place.1);
    let folded = fold_name(written);
    let span = typer.span(place.0, place.1);
    if let Some(id) = typer.index.field(entity, &folded) {
        return Some(id);
    }
    if let Some((_, ty)) = field_of(typer, entity, &folded) {
        let message = format!(
            "`{written}` of type {} is kept by the program and never set",
            describe(&ty, typer.ir)
        );
        typer.report("built-in-field", span, message, "take it out");
        return None;
    }
    typer.unknown_field(entity, written, span);
    None
}
