//! The rows that scenarios speak of: a type for each entity, a method for each field that is given.

use super::values::parameter;
use crate::names::Taken;
use crate::parts::Context;
use crate::source::{literal, mentions, pointed, tidy};
use crate::sql::Names as _;
use specc_ir::ir::{EntityId, FieldId, Type};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What the tests import beside the types.
const RESERVED: &[&str] = &[
    "APP", "Date", "Entity", "Given", "Length", "Moment", "Row", "Scene", "Self", "Time",
];

/// What every type has already.
const METHODS: &[&str] = &[
    "called",
    "new",
    "with",
    "with_computed",
    "with_last",
    "without",
];

/// The types, and which fields of theirs are given.
#[derive(Debug)]
pub struct Types<'a> {
    context: Context<'a>,
    names: Vec<String>,
    methods: Vec<Vec<String>>,
    used: BTreeMap<EntityId, BTreeSet<FieldId>>,
}

impl<'a> Types<'a> {
    /// Nothing is given yet.
    #[must_use]
    pub fn new(context: &Context<'a>) -> Types<'a> {
        let mut taken = Taken::without(RESERVED);
        let entities = || (0_u32..).map(EntityId).zip(&context.ir.entities);
        let names = entities().map(|(id, _)| taken.take(context.names.view_name(id), ""));
        let names = names.collect();
        let methods = entities().map(|(entity, declared)| {
            let mut taken = Taken::without(METHODS);
            (0_u32..)
                .map(FieldId)
                .zip(&declared.fields)
                .map(|(field, _)| taken.take(&context.names.accessor(entity, field), "_"))
                .collect()
        });
        Types {
            context: *context,
            names,
            methods: methods.collect(),
            used: BTreeMap::new(),
        }
    }

    /// The type of an entity, which is used.
    pub fn name(&mut self, entity: EntityId) -> String {
        self.used.entry(entity).or_default();
        self.names
            .get(entity.0 as usize)
            .cloned()
            .unwrap_or_default()
    }

    /// The method for a field, which is used.
    pub fn method(&mut self, entity: EntityId, field: FieldId) -> String {
        self.used.entry(entity).or_default().insert(field);
        self.method_of(entity, field)
    }

    fn method_of(&self, entity: EntityId, field: FieldId) -> String {
        let methods = self.methods.get(entity.0 as usize);
        let method = methods.and_then(|methods| methods.get(field.0 as usize));
        method.cloned().unwrap_or_default()
    }

    /// Some type is used.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.used.is_empty()
    }

    /// The types that are used, in the order of imports.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let used = self.used.keys();
        let mut names: Vec<String> = used
            .filter_map(|entity| self.names.get(entity.0 as usize).cloned())
            .collect();
        names.sort_by(|left, right| crate::imports::version_order(left, right));
        names
    }

    /// The file that declares the types that are used.
    #[must_use]
    pub fn text(&self) -> String {
        let context = &self.context;
        let mut body = String::new();
        for (entity, fields) in &self.used {
            let Some(declared) = context.entity(*entity) else {
                continue;
            };
            let name = self.names.get(entity.0 as usize).map_or("", String::as_str);
            let about = pointed(&declared.name.text, &context.place(declared.span));
            let _ = write!(
                body,
                "/// {about}\npub struct {name}(Row);\n\n\
                 impl Entity for {name} {{\nconst SLUG: &'static str = {};\n}}\n\n\
                 impl From<Row> for {name} {{\nfn from(row: Row) -> {name} {{ {name}(row) }}\n}}\n\n\
                 impl From<{name}> for Row {{\nfn from(row: {name}) -> Row {{ row.0 }}\n}}\n\n",
                literal(context.names.slug(*entity))
            );
            if fields.is_empty() {
                continue;
            }
            let _ = writeln!(body, "impl {name} {{");
            for field in fields {
                self.setter(*entity, *field, name, &mut body);
            }
            body.push_str("}\n\n");
        }
        let mut helpers = vec!["Entity", "Row"];
        for helper in ["Date", "Length", "Moment", "Time"] {
            if mentions(&body, helper) {
                helpers.push(helper);
            }
        }
        helpers.sort_by(|left, right| crate::imports::version_order(left, right));
        let choices = if body.contains("choices::") {
            "use app::choices;\n"
        } else {
            ""
        };
        tidy(&format!(
            "//! The rows that the scenarios speak of: a type for each entity, a method for each field they give.\n\n\
             {choices}use testing::{{{}}};\n\n{body}",
            helpers.join(", ")
        ))
    }

    fn setter(&self, entity: EntityId, field: FieldId, name: &str, body: &mut String) {
        let context = &self.context;
        let Some(declared) = context.field(entity, field) else {
            return;
        };
        let about = pointed(
            &format!("`{}`", declared.name.text),
            &context.place(declared.span),
        );
        let method = self.method_of(entity, field);
        let column = context.names.column(entity, field);
        let key = literal(crate::parts::fields::sent(&column));
        let parameter = parameter(context, &declared.ty);
        let (generic, value) = match declared.ty {
            Type::Many(_) | Type::List(_) => ("<const N: usize>", "value"),
            Type::Choice(_) => ("", "value.as_str()"),
            _ => ("", "value"),
        };
        let _ = writeln!(
            body,
            "/// {about}\npub fn {method}{generic}(self, value: {parameter}) -> {name} {{ self.with({key}, {value}) }}\n"
        );
    }
}
