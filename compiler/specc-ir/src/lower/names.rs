//! Folded names to what they declare.

use super::formal::fold;
use crate::ir::{ActionId, ChoiceId, EntityId, FieldId, FunctionId, Ir, RoleId};
use std::collections::HashMap;

/// Every declared name, folded.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Singular names.
    pub(super) entities: HashMap<String, EntityId>,
    /// Plural names.
    pub(super) plurals: HashMap<String, EntityId>,
    pub(super) choices: HashMap<String, ChoiceId>,
    pub(super) roles: HashMap<String, RoleId>,
    /// Plural names of roles.
    pub(super) role_plurals: HashMap<String, RoleId>,
    pub(super) functions: HashMap<String, FunctionId>,
    /// Per entity (`None` for those that stand alone).
    pub(super) actions: HashMap<(Option<EntityId>, String), ActionId>,
    /// Fields of each entity.
    pub(super) fields: Vec<HashMap<String, FieldId>>,
    /// Lifecycle steps of each entity: field and first place among its steps.
    pub(super) steps: HashMap<(EntityId, String), String>,
    /// The longest name, in words, of entities, roles, fields and operations.
    pub(super) longest: usize,
}

impl Names {
    /// The entity with this singular name.
    pub(super) fn entity(&self, name: &str) -> Option<EntityId> {
        self.entities.get(&fold(name)).copied()
    }

    /// The entity with this singular or plural name.
    pub(super) fn entity_any(&self, name: &str) -> Option<EntityId> {
        let name = fold(name);
        self.entities
            .get(&name)
            .or_else(|| self.plurals.get(&name))
            .copied()
    }

    /// The role with this name, in the singular or plural.
    pub(super) fn role_any(&self, name: &str) -> Option<RoleId> {
        let name = fold(name);
        self.roles
            .get(&name)
            .or_else(|| self.role_plurals.get(&name))
            .copied()
    }

    /// The role with this name.
    pub(super) fn role(&self, name: &str) -> Option<RoleId> {
        self.roles.get(&fold(name)).copied()
    }

    /// The field of an entity.
    pub(super) fn field(&self, entity: EntityId, name: &str) -> Option<FieldId> {
        self.fields
            .get(entity.0 as usize)?
            .get(&fold(name))
            .copied()
    }

    /// Counts the words of a name.
    pub(super) fn measure(&mut self, name: &str) {
        self.longest = self.longest.max(
            name.split([' ', '-', '_', '\t'])
                .filter(|word| !word.is_empty())
                .count(),
        );
    }
}

/// The names of an entity's fields, the built-in ones last, for suggestions.
pub(super) fn field_names(ir: &Ir, entity: EntityId) -> Vec<&str> {
    let declared = ir
        .entities
        .get(entity.0 as usize)
        .map_or(&[][..], |entity| entity.fields.as_slice());
    let named = declared.iter().any(|field| fold(&field.name.text) == "id");
    declared
        .iter()
        .map(|field| field.name.text.as_str())
        .chain((!named).then_some("id"))
        .chain(["created", "updated", "version"])
        .collect()
}

/// A position as an id's number.
pub(super) fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
