//! What names mean at one place: the declarations of the program and the local variables.
//! Built by lowering, read by the expression parser.

use crate::expr::VarId;
use crate::ir::{ActionId, ChoiceId, EntityId, FieldId, FunctionId, Ir, Parameter, RoleId, Type};
use specc_syntax::names::fold_name;
use std::collections::{HashMap, HashSet};

/// What an expression at one place may speak of.
///
/// `ir` holds every declaration (roles, choices, entities with typed fields, functions with
/// their signatures); bodies may still be missing.
#[derive(Debug, Clone)]
pub struct Scope<'ir> {
    /// The declarations.
    pub ir: &'ir Ir,
    /// The declarations by name.
    pub index: &'ir Index,
    /// The section's row: `this`, and the owner of bare field names.
    pub this: Option<EntityId>,
    /// `old` may be used (it has the entity of `this`).
    pub old: bool,
    /// The inputs behind `input.x`; `None` where there is no input.
    pub inputs: Option<Vec<Parameter>>,
    /// The type of `output`, in a function's properties.
    pub output: Option<Type>,
    /// Names given with `as`, function parameters: name, variable, type; later ones hide earlier ones.
    pub vars: Vec<(String, VarId, Type)>,
    /// `me` may be used.
    pub me: bool,
    /// `now` and `today` may be used.
    pub clock: bool,
    /// The next free variable number of the section (starts at 2: `this` is 0, `old` is 1).
    pub next_var: u32,
}

impl<'ir> Scope<'ir> {
    /// A place that knows the declarations and nothing else: no row, no `me`, no clock.
    #[must_use]
    pub fn new(ir: &'ir Ir, index: &'ir Index) -> Scope<'ir> {
        Scope {
            ir,
            index,
            this: None,
            old: false,
            inputs: None,
            output: None,
            vars: Vec::new(),
            me: false,
            clock: false,
            next_var: 2,
        }
    }

    /// A variable of its own.
    pub fn fresh(&mut self) -> VarId {
        let var = VarId(self.next_var);
        self.next_var = self.next_var.saturating_add(1);
        var
    }
}

/// Every declared name, folded. Built once per program; the first of several equal names counts.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Index {
    pub entities: HashMap<String, EntityId>,
    pub plurals: HashMap<String, EntityId>,
    /// Choices with a name of their own.
    pub choices: HashMap<String, ChoiceId>,
    pub roles: HashMap<String, RoleId>,
    pub functions: HashMap<String, FunctionId>,
    /// By entity (`None` for those that stand alone) and name.
    pub actions: HashMap<(Option<EntityId>, String), ActionId>,
    /// Lifecycle steps by entity and name: the name as first written.
    pub steps: HashMap<(EntityId, String), String>,
    /// The fields of each entity.
    pub fields: Vec<HashMap<String, FieldId>>,
    /// The values of each choice.
    pub values: Vec<HashMap<String, u32>>,
    /// Folded names of several words, which code may write with hyphens.
    pub compound: HashSet<String>,
}

impl Index {
    /// The index of a program.
    #[must_use]
    pub fn new(ir: &Ir) -> Index {
        let mut index = Index::default();
        for (role, at) in ir.roles.iter().zip(0..) {
            index
                .roles
                .entry(fold_name(&role.name.text))
                .or_insert(RoleId(at));
        }
        for (choice, at) in ir.choices.iter().zip(0..) {
            if choice.named {
                index
                    .choices
                    .entry(fold_name(&choice.name.text))
                    .or_insert(ChoiceId(at));
            }
            let mut values = HashMap::new();
            for (value, at) in choice.values.iter().zip(0..) {
                let folded = index.fold(&value.name.text);
                values.entry(folded).or_insert(at);
            }
            index.values.push(values);
        }
        for (entity, at) in ir.entities.iter().zip(0..) {
            let folded = index.fold(&entity.name.text);
            index.entities.entry(folded).or_insert(EntityId(at));
            index
                .plurals
                .entry(fold_name(&entity.plural))
                .or_insert(EntityId(at));
            let mut fields = HashMap::new();
            for (field, at) in entity.fields.iter().zip(0..) {
                let folded = index.fold(&field.name.text);
                fields.entry(folded).or_insert(FieldId(at));
            }
            index.fields.push(fields);
            for step in entity
                .lifecycles
                .iter()
                .flat_map(|lifecycle| &lifecycle.steps)
            {
                index
                    .steps
                    .entry((EntityId(at), fold_name(&step.name.text)))
                    .or_insert_with(|| step.name.text.clone());
            }
        }
        for (function, at) in ir.functions.iter().zip(0..) {
            let folded = index.fold(&function.name.text);
            index.functions.entry(folded).or_insert(FunctionId(at));
            for input in &function.inputs {
                index.fold(&input.name.text);
            }
        }
        for (action, at) in ir.actions.iter().zip(0..) {
            index
                .actions
                .entry((action.on, fold_name(&action.name.text)))
                .or_insert(ActionId(at));
            for input in &action.inputs {
                index.fold(&input.name.text);
            }
        }
        index
    }

    fn fold(&mut self, name: &str) -> String {
        let folded = fold_name(name);
        if name.trim().contains([' ', '-', '_']) {
            self.compound.insert(folded.clone());
        }
        folded
    }

    /// The declared field of an entity with this folded name.
    #[must_use]
    pub fn field(&self, entity: EntityId, folded: &str) -> Option<FieldId> {
        self.fields.get(entity.0 as usize)?.get(folded).copied()
    }

    /// The position of a choice's value with this folded name.
    #[must_use]
    pub fn value(&self, choice: ChoiceId, folded: &str) -> Option<u32> {
        self.values.get(choice.0 as usize)?.get(folded).copied()
    }
}
