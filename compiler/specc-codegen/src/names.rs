//! What everything is called in the target: tables, columns, modules, types, addresses.
//! Any spelling, script or word of a language becomes a safe name; clashes get a number.

mod reserved;
mod spelling;

pub(crate) use reserved::SYSTEM_TABLES;
pub use spelling::{PUBLIC_ID, Taken, identifier, kebab, sent, snake};

use crate::sql;
use heck::ToShoutySnakeCase;
use reserved::{FUNCTIONS, MODULES, PLACES, ROW_PLACES};
use specc_ir::ir::{ChoiceId, EntityId, FieldId, FunctionId, Ir, RoleId, Type};
use specc_syntax::names::fold_name;
use spelling::{safe_type, sent_value, type_name};
use std::collections::BTreeMap;

/// The names of a whole program, made once.
#[derive(Debug, Clone, Default)]
pub struct NameTable {
    entities: Vec<EntityNames>,
    choices: Vec<ChoiceNames>,
    roles: Vec<RoleNames>,
    functions: Vec<String>,
    actions: Vec<OperationNames>,
    /// Steps in addresses, by entity and folded name.
    steps: BTreeMap<(EntityId, String), String>,
    /// Inputs as they are sent, by what the spec calls them.
    inputs: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default)]
struct EntityNames {
    table: String,
    module: String,
    view: String,
    constant: String,
    slug: String,
    fields: Vec<FieldNames>,
}

#[derive(Debug, Clone, Default)]
struct FieldNames {
    column: String,
    accessor: String,
    constant: String,
    join: Option<String>,
}

#[derive(Debug, Clone, Default)]
struct ChoiceNames {
    enumeration: String,
    variants: Vec<String>,
    values: Vec<String>,
}

#[derive(Debug, Clone, Default)]
struct RoleNames {
    slug: String,
    constant: String,
}

#[derive(Debug, Clone, Default)]
struct OperationNames {
    slug: String,
    function: String,
}

impl NameTable {
    /// The names of this program.
    #[must_use]
    pub fn new(ir: &Ir) -> NameTable {
        let (entities, mut slugs) = entities(ir);
        let (actions, steps) = operations(ir, &entities, &mut slugs);
        NameTable {
            entities,
            choices: choices(ir),
            roles: roles(ir),
            functions: functions(ir),
            actions,
            steps,
            inputs: inputs(ir),
        }
    }

    /// The entity's module: `ticket`.
    #[must_use]
    pub fn module(&self, entity: EntityId) -> &str {
        self.entities
            .get(entity.0 as usize)
            .map_or("", |names| &names.module)
    }

    /// The typed view, without its path: `Ticket`.
    #[must_use]
    pub fn view_name(&self, entity: EntityId) -> &str {
        self.entities
            .get(entity.0 as usize)
            .map_or("", |names| &names.view)
    }

    /// The entity's position, without its path: `TICKET`.
    #[must_use]
    pub fn entity_constant(&self, entity: EntityId) -> &str {
        self.entities
            .get(entity.0 as usize)
            .map_or("", |names| &names.constant)
    }

    /// The entity in addresses: `tickets`.
    #[must_use]
    pub fn slug(&self, entity: EntityId) -> &str {
        self.entities
            .get(entity.0 as usize)
            .map_or("", |names| &names.slug)
    }

    /// The field's position, without its path: `DUE_DATE`.
    #[must_use]
    pub fn field_constant(&self, entity: EntityId, field: FieldId) -> &str {
        self.field(entity, field)
            .map_or("", |names| &names.constant)
    }

    /// The choice's enum, without its path: `Priority`.
    #[must_use]
    pub fn choice_name(&self, choice: ChoiceId) -> &str {
        self.choices
            .get(choice.0 as usize)
            .map_or("", |names| &names.enumeration)
    }

    /// The role's position, without its path: `AGENT`.
    #[must_use]
    pub fn role_constant(&self, role: RoleId) -> &str {
        self.roles
            .get(role.0 as usize)
            .map_or("", |names| &names.constant)
    }

    /// The function, without its path: `urgency`.
    #[must_use]
    pub fn function_name(&self, function: FunctionId) -> &str {
        self.functions
            .get(function.0 as usize)
            .map_or("", String::as_str)
    }

    /// The action in addresses: `take-over`.
    #[must_use]
    pub fn action_slug(&self, action: usize) -> &str {
        self.actions.get(action).map_or("", |names| &names.slug)
    }

    /// The action as a function: `take_over`.
    #[must_use]
    pub fn action_function(&self, action: usize) -> &str {
        self.actions.get(action).map_or("", |names| &names.function)
    }

    /// The step in addresses: `solve`. All rows of one name share it.
    #[must_use]
    pub fn step_slug(&self, entity: EntityId, name: &str) -> &str {
        self.steps
            .get(&(entity, fold_name(name)))
            .map_or("", String::as_str)
    }

    fn field(&self, entity: EntityId, field: FieldId) -> Option<&FieldNames> {
        self.entities
            .get(entity.0 as usize)?
            .fields
            .get(field.0 as usize)
    }
}

impl sql::Names for NameTable {
    fn table(&self, entity: EntityId) -> String {
        self.entities
            .get(entity.0 as usize)
            .map_or_else(String::new, |names| names.table.clone())
    }

    fn column(&self, entity: EntityId, field: FieldId) -> String {
        self.field(entity, field)
            .map_or_else(String::new, |names| names.column.clone())
    }

    fn join_table(&self, entity: EntityId, field: FieldId) -> String {
        self.field(entity, field)
            .and_then(|names| names.join.clone())
            .unwrap_or_default()
    }

    fn choice_value(&self, choice: ChoiceId, value: u32) -> String {
        let names = self.choices.get(choice.0 as usize);
        names
            .and_then(|names| names.values.get(value as usize))
            .cloned()
            .unwrap_or_default()
    }

    fn role(&self, role: RoleId) -> String {
        self.roles
            .get(role.0 as usize)
            .map_or_else(String::new, |names| names.slug.clone())
    }

    fn view(&self, entity: EntityId) -> String {
        format!("crate::{}::{}", self.module(entity), self.view_name(entity))
    }

    fn accessor(&self, entity: EntityId, field: FieldId) -> String {
        self.field(entity, field)
            .map_or_else(String::new, |names| names.accessor.clone())
    }

    fn choice(&self, choice: ChoiceId) -> String {
        format!("crate::choices::{}", self.choice_name(choice))
    }

    fn variant(&self, choice: ChoiceId, value: u32) -> String {
        let names = self.choices.get(choice.0 as usize);
        names
            .and_then(|names| names.variants.get(value as usize))
            .cloned()
            .unwrap_or_default()
    }

    fn input(&self, name: &str) -> String {
        self.inputs.get(name).cloned().unwrap_or_default()
    }

    fn function(&self, function: FunctionId) -> String {
        format!("crate::functions::{}", self.function_name(function))
    }

    fn role_index(&self, role: RoleId) -> String {
        format!("crate::roles::{}", self.role_constant(role))
    }

    fn entity_index(&self, entity: EntityId) -> String {
        format!("crate::app::{}", self.entity_constant(entity))
    }
}

/// The entities' names, and the first parts of addresses that are taken by then.
fn entities(ir: &Ir) -> (Vec<EntityNames>, Taken) {
    let mut tables = Taken::without(SYSTEM_TABLES);
    let mut modules = Taken::without(MODULES);
    let mut views = Taken::default();
    let mut constants = Taken::without(&["APP"]);
    let mut slugs = Taken::without(PLACES);
    let mut out: Vec<EntityNames> = ir
        .entities
        .iter()
        .enumerate()
        .map(|(index, entity)| {
            let name = &entity.name.text;
            let plain = snake(name, "entity");
            // SQLite keeps what begins with `sqlite_` for itself.
            let base = if plain.starts_with("sqlite_") {
                format!("_{plain}")
            } else if SYSTEM_TABLES.contains(&plain.as_str()) {
                format!("{plain}_")
            } else {
                plain
            };
            // The built-in one keeps its table whatever else is called so.
            let table = if index == 0 {
                tables.take("user", "_")
            } else {
                tables.take(&base, "_")
            };
            let module = identifier(name, "entity");
            let module = if MODULES.contains(&module.as_str()) {
                format!("{module}_")
            } else {
                module
            };
            let slug = kebab(&entity.plural, "rows");
            let slug = if entity.parent.is_some() && ROW_PLACES.contains(&slug.as_str()) {
                format!("{slug}-list")
            } else {
                slug
            };
            EntityNames {
                table,
                module: modules.take(&module, "_"),
                view: views.take(&safe_type(name, "Entity"), ""),
                constant: constants.take(&snake(name, "entity").to_shouty_snake_case(), "_"),
                slug: slugs.take(&slug, "-"),
                fields: Vec::new(),
            }
        })
        .collect();
    for (entity, names) in ir.entities.iter().zip(&mut out) {
        let mut columns = Taken::without(&[
            "id",
            "created",
            "updated",
            "version",
            "rowid",
            "oid",
            "unsettled",
            PUBLIC_ID,
        ]);
        let mut accessors = Taken::without(&["of"]);
        let mut field_constants = Taken::default();
        for field in &entity.fields {
            let name = &field.name.text;
            // The number of the row keeps its column; the outside never sees it where the author chose another id.
            let column = if specc_syntax::names::same_name(name, "id") {
                PUBLIC_ID.to_owned()
            } else {
                columns.take(&sent(name, "field"), "_")
            };
            let accessor = identifier(&column, "field");
            let accessor = if accessor == "of" {
                "of_".to_owned()
            } else {
                accessor
            };
            let join = matches!(field.ty, Type::Many(_))
                .then(|| tables.take(&format!("{}_{column}", names.table), "_"));
            names.fields.push(FieldNames {
                accessor: accessors.take(&accessor, "_"),
                constant: field_constants
                    .take(&snake(&column, "field").to_shouty_snake_case(), "_"),
                column,
                join,
            });
        }
    }
    (out, slugs)
}

fn choices(ir: &Ir) -> Vec<ChoiceNames> {
    let mut enumerations = Taken::default();
    ir.choices
        .iter()
        .map(|choice| {
            let mut variants = Taken::default();
            let mut values = Taken::default();
            ChoiceNames {
                enumeration: enumerations.take(&safe_type(&choice.name.text, "Choice"), ""),
                variants: choice
                    .values
                    .iter()
                    .map(|value| variants.take(&type_name(&value.name.text, "Value"), "Value"))
                    .collect(),
                values: choice
                    .values
                    .iter()
                    .map(|value| values.take(&sent_value(&value.name.text), "_"))
                    .collect(),
            }
        })
        .collect()
}

fn roles(ir: &Ir) -> Vec<RoleNames> {
    let mut slugs = Taken::default();
    let mut constants = Taken::default();
    ir.roles
        .iter()
        .map(|role| RoleNames {
            slug: slugs.take(&kebab(&role.name.text, "role"), "-"),
            constant: constants.take(&snake(&role.name.text, "role").to_shouty_snake_case(), "_"),
        })
        .collect()
}

fn functions(ir: &Ir) -> Vec<String> {
    let mut taken = Taken::without(FUNCTIONS);
    ir.functions
        .iter()
        .map(|function| {
            let name = identifier(&function.name.text, "function");
            let name = if FUNCTIONS.contains(&name.as_str()) {
                format!("{name}_")
            } else {
                name
            };
            taken.take(&name, "_")
        })
        .collect()
}

/// Steps and actions: those on a row share the part of the address behind it with the entity's parts,
/// those that stand alone share theirs with the entities.
fn operations(
    ir: &Ir,
    entities: &[EntityNames],
    alone: &mut Taken,
) -> (Vec<OperationNames>, BTreeMap<(EntityId, String), String>) {
    let mut on_rows: BTreeMap<EntityId, Taken> = BTreeMap::new();
    let mut steps = BTreeMap::new();
    for (position, entity) in (0_u32..).zip(&ir.entities) {
        let id = EntityId(position);
        let mut taken = Taken::without(ROW_PLACES);
        for (part, names) in ir.entities.iter().zip(entities) {
            if part
                .parent
                .as_ref()
                .is_some_and(|parent| parent.entity == id)
            {
                taken.take(&names.slug, "-");
            }
        }
        for step in entity
            .lifecycles
            .iter()
            .flat_map(|lifecycle| &lifecycle.steps)
        {
            let name = &step.name.text;
            steps
                .entry((id, fold_name(name)))
                .or_insert_with(|| taken.take(&kebab(name, "step"), "-"));
        }
        on_rows.insert(id, taken);
    }
    let mut functions: BTreeMap<Option<EntityId>, Taken> = BTreeMap::new();
    let actions = ir
        .actions
        .iter()
        .map(|action| {
            let name = &action.name.text;
            let step = action
                .on
                .filter(|_| action.step)
                .and_then(|id| steps.get(&(id, fold_name(name))));
            let taken = match action.on {
                Some(id) => on_rows.entry(id).or_default(),
                None => &mut *alone,
            };
            OperationNames {
                slug: step
                    .cloned()
                    .unwrap_or_else(|| taken.take(&kebab(name, "action"), "-")),
                function: functions.entry(action.on).or_default().take_with(
                    &identifier(name, "action"),
                    "_",
                    action_functions,
                ),
            }
        })
        .collect();
    (actions, steps)
}

/// The functions made for an action of this name.
#[must_use]
pub fn action_functions(name: &str) -> Vec<String> {
    let mut functions = body_functions(name);
    functions.push(format!("may_{}", name.trim_end_matches('_')));
    functions
}

/// The functions made for what an action of this name needs, does and answers.
#[must_use]
pub fn body_functions(name: &str) -> Vec<String> {
    let name = name.trim_end_matches('_');
    vec![
        format!("{name}_requires"),
        format!("{name}_does"),
        format!("{name}_returns"),
    ]
}

/// Inputs as they are sent; a name that is written so already goes before one that only becomes so.
fn inputs(ir: &Ir) -> BTreeMap<String, String> {
    let mut names: Vec<&str> = ir
        .actions
        .iter()
        .flat_map(|action| &action.inputs)
        .map(|input| input.name.text.as_str())
        .collect();
    names.sort_by_key(|name| (!name.is_ascii(), *name));
    let mut folded: BTreeMap<String, String> = BTreeMap::new();
    let mut taken = Taken::without(&["version"]);
    let mut out = BTreeMap::new();
    for name in names {
        let sent = folded
            .entry(fold_name(name))
            .or_insert_with(|| taken.take(&sent(name, "input"), "_"));
        out.insert(name.to_owned(), sent.clone());
    }
    out
}
