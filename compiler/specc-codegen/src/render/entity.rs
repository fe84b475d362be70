//! The file that describes an entity to the engine.

use super::filled;
use crate::parts::{Context, label, operations};
use crate::source::{comment, first_paragraph, literal, tidy};
use crate::sql::Names as _;
use serde::Serialize;
use specc_ir::ir::{EntityId, Tenant};

#[derive(Serialize)]
struct EntityFile {
    about: String,
    modules: Vec<String>,
    exported: String,
    name: String,
    place: String,
    constant: String,
    name_literal: String,
    plural: String,
    slug: String,
    table: String,
    about_literal: String,
    shown_as: String,
    parent: String,
    tenant: String,
    steps: String,
    actions: String,
    on_create: String,
    on_update: String,
    on_delete: String,
    source: String,
}

pub(super) fn entity_file(context: &Context<'_>, id: EntityId) -> String {
    let Some(entity) = context.entity(id) else {
        return String::new();
    };
    let place = context.place(entity.span);
    let about = first_paragraph(&entity.about);
    let mut modules: Vec<String> = Vec::new();
    let has_actions = operations::own(context, Some(id)).next().is_some();
    for (module, there) in [
        ("actions", has_actions),
        ("hooks", !entity.hooks.is_empty()),
        ("lifecycle", !entity.lifecycles.is_empty()),
        ("model", true),
        ("policy", true),
        ("rules", true),
    ] {
        if there {
            modules.push(format!("mod {module};"));
        }
    }
    let position = |field: Option<specc_ir::ir::FieldId>| {
        field.map_or_else(
            || "None".to_owned(),
            |field| format!("Some(field::{})", context.names.field_constant(id, field)),
        )
    };
    let (_, [on_create, on_update, on_delete]) = operations::hooks(context, id);
    let text = filled(
        "entity",
        &EntityFile {
            about: if about.is_empty() {
                comment(&entity.name.text)
            } else {
                comment(about)
            },
            modules,
            exported: format!("pub use model::{{{}, field}};", context.names.view_name(id)),
            name: comment(&entity.name.text),
            constant: context.names.entity_constant(id).to_owned(),
            name_literal: literal(&label(&entity.name.text)),
            plural: literal(&label(&entity.plural)),
            slug: literal(context.names.slug(id)),
            table: literal(&context.names.table(id)),
            about_literal: literal(entity.about.trim()),
            shown_as: position(entity.shown_as),
            parent: position(entity.parent.map(|parent| parent.field)),
            tenant: match entity.tenant {
                None | Some(Tenant::Itself) => "Tenant::Nobody".to_owned(),
                Some(Tenant::Parent) => "Tenant::Parent".to_owned(),
                Some(Tenant::Own(field)) => {
                    format!(
                        "Tenant::Field(field::{})",
                        context.names.field_constant(id, field)
                    )
                }
            },
            steps: if entity.lifecycles.is_empty() {
                "&[]"
            } else {
                "lifecycle::STEPS"
            }
            .to_owned(),
            actions: if has_actions {
                "actions::ACTIONS"
            } else {
                "&[]"
            }
            .to_owned(),
            on_create,
            on_update,
            on_delete,
            source: literal(&place),
            place,
        },
    );
    tidy(&text)
}
