//! What the keys of an entity say of it: what it is part of, and what its rows are shown as.

use super::{field_mut, unknown_field};
use crate::ir::{EntityId, Field, FieldId, Ir, Name, OnDelete, Parent, Type};
use crate::lower::names::{Names, number};
use crate::lower::{formal, ident};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::suggest;
use specc_syntax::tree::Line;

/// `Part of: Y` or `Part of: Y as y`.
pub(super) fn parent_of(
    line: &Line,
    id: EntityId,
    ir: &Ir,
    names: &Names,
    out: &mut Vec<Diagnostic>,
) -> Option<(EntityId, Name)> {
    let text = formal::bare(line);
    let (entity, alias) = match text.text.split_once(" as ") {
        Some((entity, alias)) => (entity.trim(), alias.trim()),
        None => (text.text.as_str(), ""),
    };
    let Some(parent) = names.entity(entity) else {
        let mut diagnostic = Diagnostic::new(
            "unknown-entity",
            text.span,
            format!("`{entity}` is no entity"),
        );
        diagnostic = match suggest(
            entity,
            ir.entities.iter().map(|entity| entity.name.text.as_str()),
        ) {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .edit(text.span, near),
            None => diagnostic.help(format!("declare it with a heading `Entity: {entity}`")),
        };
        out.push(diagnostic);
        return None;
    };
    if parent == id {
        out.push(
            Diagnostic::new(
                "part-of-itself",
                text.span,
                format!("`{entity}` cannot be part of itself"),
            )
            .help("use a reference field for a tree of rows"),
        );
        return None;
    }
    let owner = ir.entities.get(parent.0 as usize)?;
    let name = if alias.is_empty() {
        owner.name.text.to_lowercase()
    } else {
        alias.to_owned()
    };
    Some((
        parent,
        Name {
            text: name,
            span: text.span,
        },
    ))
}

pub(super) fn set_parent(
    id: EntityId,
    entity: EntityId,
    name: &Name,
    ir: &mut Ir,
    names: &Names,
    out: &mut Vec<Diagnostic>,
) {
    let Some(field) = names.field(id, &name.text) else {
        return;
    };
    if let Some(slot) = field_mut(ir, id, field) {
        if slot.ty != Type::Ref(entity) {
            out.push(
                Diagnostic::new("parent-field", slot.name.span, format!("field `{}` holds the parent and has another type", slot.name.text))
                    .label(name.span, "the parent is named here")
                    .help("give it the parent as its type, or name the parent's field with `Part of: X as y`"),
            );
            return;
        }
        slot.required = true;
        slot.fixed = true;
        slot.on_delete = OnDelete::Cascade;
    }
    if let Some(slot) = ir.entities.get_mut(id.0 as usize) {
        slot.parent = Some(Parent { entity, field });
    }
}

pub(super) fn shown(
    id: EntityId,
    wanted: Option<&Line>,
    ir: &mut Ir,
    names: &Names,
    out: &mut Vec<Diagnostic>,
) {
    let Some(entity) = ir.entities.get(id.0 as usize) else {
        return;
    };
    let found = match wanted {
        Some(line) => {
            let text = formal::bare(line);
            let found = names.field(id, &text.text);
            let ty = found
                .and_then(|at| entity.fields.get(at.0 as usize))
                .map(|field| &field.ty);
            match ty {
                None => out.push(unknown_field(&text, id, ir)),
                Some(
                    Type::Many(_) | Type::List(_) | Type::Json | Type::Password | Type::Secret,
                ) => out.push(
                    Diagnostic::new(
                        "bad-value",
                        text.span,
                        format!(
                            "rows cannot be shown as `{}`, which has no text form",
                            text.text
                        ),
                    )
                    .help("name a text, a number, a date, a choice or a reference"),
                ),
                Some(_) => {}
            }
            found
        }
        None => {
            let plain = |field: &Field| matches!(field.ty, Type::Text) && !field.private;
            let usual = ["name", "title", "subject", "label"];
            let by_name = usual.iter().find_map(|word| names.field(id, word));
            by_name
                .filter(|at| entity.fields.get(at.0 as usize).is_some_and(plain))
                .or_else(|| {
                    let named = |field: &Field| ident::is(&field.name);
                    entity
                        .fields
                        .iter()
                        .position(|field| plain(field) && !named(field))
                        .or_else(|| entity.fields.iter().position(named))
                        .map(|at| FieldId(number(at)))
                })
        }
    };
    if let Some(slot) = ir.entities.get_mut(id.0 as usize) {
        slot.shown_as = found;
    }
}
