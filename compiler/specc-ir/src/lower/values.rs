//! Values of rows in seeds and scenarios: literals, references by what a row is shown as, code over `now` and `today`.

use super::Pass;
use super::formal::list_of;
use super::literal::{self, Wrong};
use super::types::describe;
use crate::expr::{Expr, ExprKind, Literal};
use crate::ir::{Body, Effect, EntityId, FieldId, Ir, SeedValue, Type, USER};
use crate::parse;
use crate::scope::Scope;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::suggest;
use specc_syntax::span::Span;
use specc_syntax::tree::{Code, Text};
use std::collections::HashSet;

/// A value as it is written.
#[derive(Debug, Clone)]
pub(super) enum Written<'l> {
    /// Code between backticks.
    Code(&'l Code),
    /// Text between quotes, one or several.
    Quoted(Vec<String>, Span),
    /// Plain words.
    Plain(Text),
}

impl Written<'_> {
    fn span(&self) -> Span {
        match self {
            Written::Code(code) => code.span,
            Written::Quoted(_, span) => *span,
            Written::Plain(text) => text.span,
        }
    }
}

/// A text that is no value of a type.
pub(super) fn wrong_value(text: &Text, ty: &Type, wrong: &Wrong, ir: &Ir) -> Diagnostic {
    let name = describe(ty, ir);
    if let Type::Choice(id) = ty {
        let values: Vec<&str> = ir
            .choices
            .get(id.0 as usize)
            .map(|choice| {
                choice
                    .values
                    .iter()
                    .map(|value| value.name.text.as_str())
                    .collect()
            })
            .unwrap_or_default();
        let diagnostic = Diagnostic::new(
            "unknown-choice-value",
            text.span,
            format!("`{}` is no value of {name}", text.text),
        );
        return match suggest(&text.text, values.iter().copied()) {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .edit(text.span, near),
            None => diagnostic.help(format!("its values are {}", list_of(values))),
        };
    }
    let diagnostic = Diagnostic::new(
        "bad-value",
        text.span,
        format!("`{}` is no value of type {name}", text.text),
    );
    match wrong {
        Wrong::Form(form) => diagnostic.help(format!("write {form}")),
        Wrong::Range => diagnostic.help("it has too many digits for this type"),
        Wrong::Choice | Wrong::Not => diagnostic.help("write it between backticks, as code"),
    }
}

/// A value for a field. `clock` scopes are enough: `now` and `today` may be used, rows may not.
pub(super) fn read(
    written: &Written<'_>,
    name: &str,
    ty: &Type,
    scope: &mut Scope<'_>,
    pass: &mut Pass<'_>,
) -> Option<SeedValue> {
    let span = written.span();
    if let Written::Code(code) = written {
        return parse::value(scope, code, Some(ty), pass.out).map(SeedValue::Value);
    }
    let literal = |literal: Literal, ty: &Type| {
        Some(SeedValue::Value(Expr {
            kind: ExprKind::Literal(literal),
            ty: ty.clone(),
            span,
        }))
    };
    let (texts, quoted) = match written {
        Written::Quoted(texts, _) => (texts.clone(), true),
        Written::Plain(text) if text.text.eq_ignore_ascii_case("empty") => {
            return literal(Literal::Empty, ty);
        }
        Written::Plain(text) => (vec![text.text.clone()], false),
        Written::Code(_) => return None,
    };
    let split = |texts: Vec<String>| -> Vec<String> {
        if quoted {
            return texts;
        }
        texts.iter().flat_map(|text| entries(text)).collect()
    };
    match ty {
        Type::Many(entity) => Some(SeedValue::References(*entity, split(texts))),
        Type::List(_) => Some(SeedValue::Texts(split(texts))),
        ty => {
            let text = match <[String; 1]>::try_from(texts) {
                Ok([text]) => text,
                Err(_) => {
                    pass.out.push(
                        Diagnostic::new(
                            "bad-value",
                            span,
                            format!("field `{}` holds one value", name),
                        )
                        .help("give one value; a comma inside it needs quotes around the whole"),
                    );
                    return None;
                }
            };
            if let Type::Ref(entity) = ty {
                return Some(SeedValue::Reference(*entity, text));
            }
            match literal::read(&text, ty, pass.ir) {
                Ok(found) => literal(found, ty),
                Err(wrong) => {
                    pass.out
                        .push(wrong_value(&Text { text, span }, ty, &wrong, pass.ir));
                    None
                }
            }
        }
    }
}

/// The entries of a list, parted by the commas that stand outside quotes; quotes around a whole entry are dropped.
fn entries(text: &str) -> Vec<String> {
    let mut quoted = false;
    text.split(|letter: char| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    })
    .map(str::trim)
    .map(|entry| without_quotes(entry).to_owned())
    .filter(|entry| !entry.is_empty())
    .collect()
}

/// A text without the quotes around the whole of it.
pub(super) fn without_quotes(text: &str) -> &str {
    match text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(inner) if !inner.contains('"') => inner,
        _ => text,
    }
}

/// The field that names a row of this entity: the one it is shown as, else its first required text.
pub fn naming_field(entity: EntityId, ir: &Ir) -> Option<FieldId> {
    let entity = ir.entities.get(entity.0 as usize)?;
    entity.shown_as.or_else(|| {
        entity
            .fields
            .iter()
            .position(|field| {
                field.required && super::types::is_text(&field.ty) && field.computed.is_none()
            })
            .map(|at| FieldId(super::names::number(at)))
    })
}

/// The entities some of whose rows these effects, a default or an expression name.
pub(super) fn made<'b>(bodies: impl Iterator<Item = &'b Body>, ir: &Ir) -> HashSet<EntityId> {
    let mut made = HashSet::new();
    for (at, entity) in ir.entities.iter().enumerate() {
        let id = EntityId(super::names::number(at));
        let by_itself = naming_field(id, ir)
            .and_then(|field| entity.fields.get(field.0 as usize))
            .is_none_or(|field| {
                field.computed.is_some()
                    || field.default.is_some()
                    || matches!(field.ty, Type::Slug(_))
            });
        if by_itself && id != USER {
            made.insert(id);
        }
    }
    for body in bodies {
        crate::walk::each_effect(&body.does, &mut |item| match &item.effect {
            Effect::Create { entity, .. } => {
                made.insert(*entity);
            }
            Effect::Set { entity, field, .. } if naming_field(*entity, ir) == Some(*field) => {
                made.insert(*entity);
            }
            _ => {}
        });
    }
    made
}

/// The text that a row is known by, among its values.
pub(super) fn naming_text(
    entity: EntityId,
    values: &[(FieldId, SeedValue)],
    ir: &Ir,
) -> Option<String> {
    let naming = naming_field(entity, ir)?;
    values
        .iter()
        .find(|(field, _)| *field == naming)
        .and_then(|(_, value)| match value {
            SeedValue::Value(Expr {
                kind: ExprKind::Literal(Literal::Text(text)),
                ..
            }) => Some(text.clone()),
            SeedValue::Reference(_, text) => Some(text.clone()),
            _ => None,
        })
}
