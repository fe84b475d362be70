//! Filling a form in: what somebody types for what they mean to do, and what the form then means in the model's words.

use super::super::html::Form;
use super::super::typed;
use super::{Filled, Writing};
use crate::mirror::fields;
use crate::wire;
use specc_ir::eval::Value;
use specc_ir::expr::FieldRef;
use specc_ir::ir::{self, EntityId, Field, FieldDefault, Type};
use specc_ir::model::{Given, Operation};
use std::collections::BTreeSet;

impl Writing<'_> {
    /// The form with what somebody means to do, and what that is in the model's words.
    pub(super) fn filled(&self, operation: &Operation, form: &Form) -> Option<Filled> {
        let mut filled = Filling {
            form: form.clone(),
            typed: Vec::new(),
        };
        let operation = match operation {
            Operation::Create(entity, given) => {
                let given = self.fill_fields(*entity, None, given, &mut filled)?;
                Operation::Create(*entity, given)
            }
            Operation::Update(entity, row, given, named) => {
                // Somebody else was quicker: the form was filled in for another version.
                let held = self.set.state.row(*entity, *row).map(|row| row.version);
                if let Some(other) = named.filter(|named| Some(*named) != held)
                    && filled.form.control("version").is_some()
                {
                    filled.put("version", vec![other.to_string()]);
                }
                let given = self.fill_fields(*entity, Some(*row), given, &mut filled)?;
                let version = filled
                    .form
                    .values("version")
                    .first()
                    .and_then(|text| text.parse().ok());
                Operation::Update(*entity, *row, given, version)
            }
            Operation::Delete(entity, row, _) => {
                let version = filled
                    .form
                    .values("version")
                    .first()
                    .and_then(|text| text.parse().ok());
                Operation::Delete(*entity, *row, version)
            }
            Operation::Step(entity, name, row, given) => {
                let step = ir::Operation::Step(*entity, name.clone());
                let given = self.fill_inputs(&step, given, &mut filled)?;
                Operation::Step(*entity, name.clone(), *row, given)
            }
            Operation::Act(id, row, given) => {
                let given = self.fill_inputs(&ir::Operation::Action(*id), given, &mut filled)?;
                Operation::Act(*id, *row, given)
            }
            _ => return None,
        };
        Some(Filled {
            operation,
            pairs: filled.form.pairs,
            typed: filled.typed,
        })
    }

    fn typed(&self, ty: &Type, given: &Given) -> Option<Vec<String>> {
        match given {
            Given::Value(value) => typed::texts(self.ground, &self.set.mirror, ty, value),
            Given::Malformed => typed::malformed(ty),
        }
    }

    fn fill_fields(
        &self,
        entity: EntityId,
        row: Option<i64>,
        given: &[(FieldRef, Given)],
        filling: &mut Filling,
    ) -> Option<Vec<(FieldRef, Given)>> {
        let ir = self.ground.ir();
        let parent = ir
            .entities
            .get(entity.0 as usize)?
            .parent
            .map(|parent| parent.field);
        let mut all = Vec::new();
        let mut known = BTreeSet::new();
        for (id, field) in fields(ir, entity) {
            let key = wire::key(&field.name.text);
            known.insert(key.clone());
            let reference = FieldRef::Field(id);
            let wanted = given
                .iter()
                .find(|(known, _)| *known == reference)
                .map(|(_, given)| given);
            let there = filling.form.control(&key).is_some();
            let hidden = matches!(field.ty, Type::Password | Type::Secret);
            let typed = wanted.and_then(|given| self.typed(&field.ty, given));
            match (wanted, typed) {
                // The form says itself which parent it is about.
                _ if there && parent == Some(id) => {
                    let value =
                        self.untouched(entity, row, reference, field, &filling.form, &key)?;
                    all.push((reference, Given::Value(value)));
                }
                (Some(given), Some(typed)) => {
                    let blank = typed.iter().all(|text| text.trim().is_empty());
                    filling.put(&key, typed);
                    let left =
                        blank && ((row.is_none() && is_made(field)) || (row.is_some() && hidden));
                    if !left {
                        all.push((reference, given.clone()));
                    }
                }
                (_, _) if there => {
                    let blank = filling
                        .form
                        .values(&key)
                        .iter()
                        .all(|text| text.trim().is_empty());
                    if blank && ((row.is_none() && is_made(field)) || (row.is_some() && hidden)) {
                        continue;
                    }
                    let value =
                        self.untouched(entity, row, reference, field, &filling.form, &key)?;
                    all.push((reference, Given::Value(value)));
                }
                (Some(_), None) => return None,
                (None, _) => {}
            }
        }
        // What stands in the form and is no field of it would be the app's own matter.
        let own = |name: &str| name.starts_with('_') || name == "version" || known.contains(name);
        filling
            .form
            .controls
            .iter()
            .all(|control| own(&control.name))
            .then_some(all)
    }

    /// What an untouched control holds: of a row what stands in it, else what the form offers.
    fn untouched(
        &self,
        entity: EntityId,
        row: Option<i64>,
        reference: FieldRef,
        field: &Field,
        form: &Form,
        key: &str,
    ) -> Option<Value> {
        match row {
            // A box is ticked or not: what is neither is not when its form is sent.
            Some(row) if field.ty != Type::Bool => {
                let (state, now) = (&self.set.state, self.set.scene.now);
                Some(self.ground.model.value(state, now, entity, row, reference))
            }
            _ => typed::value(self.ground, &self.set.mirror, &field.ty, &form.values(key)),
        }
    }

    fn fill_inputs(
        &self,
        operation: &ir::Operation,
        given: &[(String, Given)],
        filling: &mut Filling,
    ) -> Option<Vec<(String, Given)>> {
        let mut all = Vec::new();
        for input in self.ground.model.inputs_of(operation) {
            let name = &input.name.text;
            let key = wire::key(name);
            let there = filling.form.control(&key).is_some();
            let wanted = given
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, given)| given);
            match (
                wanted,
                wanted.and_then(|given| self.typed(&input.ty, given)),
            ) {
                (Some(given), Some(typed)) => {
                    filling.put(&key, typed);
                    all.push((name.clone(), given.clone()));
                }
                (Some(_), None) if !there => return None,
                (_, _) if there => {
                    let values = filling.form.values(&key);
                    let value = typed::value(self.ground, &self.set.mirror, &input.ty, &values)?;
                    all.push((name.clone(), Given::Value(value)));
                }
                _ => {}
            }
        }
        Some(all)
    }
}

struct Filling {
    form: Form,
    typed: Vec<(String, Vec<String>)>,
}

impl Filling {
    fn put(&mut self, key: &str, texts: Vec<String>) {
        self.form.fill(key, &texts);
        self.typed.push((key.to_owned(), texts));
    }
}

/// Left empty, it is made.
fn is_made(field: &Field) -> bool {
    matches!(field.ty, Type::Slug(_))
        || matches!(
            field.default,
            Some(FieldDefault::Random(_) | FieldDefault::Next(_))
        )
}
