//! Deletion: parts go along, references are cut, followed or hold on.

use super::change::Run;
use super::check::field_id;
use super::{Point, Refusal, Result};
use crate::eval::Value;
use crate::ir::{EntityId, FieldId, OnDelete, Type, USER, Verb};

/// A field by which a row points to another.
struct Pointer {
    entity: EntityId,
    row: i64,
    field: FieldId,
    many: bool,
}

impl Run<'_> {
    /// Removes a row and what goes with it. Access is the caller's business.
    pub fn delete(&mut self, entity: EntityId, id: i64) -> Result<()> {
        self.deeper(|run| run.remove(entity, id))
    }

    fn remove(&mut self, entity: EntityId, id: i64) -> Result<()> {
        for (part, row) in self.parts(entity, id) {
            if self.state.row(part, row).is_some() {
                self.delete(part, row)?;
            }
        }
        let old = self.state.row(entity, id).cloned();
        self.hook(Verb::Delete, entity, id, old)?;
        let mut stays = false;
        for pointer in self.pointers(entity, id) {
            stays |= self.loosen(entity, id, &pointer)?;
        }
        self.touch(entity, id);
        let gone = self.state.row(entity, id).cloned();
        if let Some(touched) = self.touched.get_mut(&(entity, id)) {
            touched.gone = gone;
        }
        if stays {
            if let Some(row) = self.state.row_mut(entity, id) {
                row.stub = true;
                row.roles.clear();
                row.password = None;
                row.fields
                    .iter_mut()
                    .for_each(|field| *field = Value::Empty);
            }
        } else {
            self.state.remove(entity, id);
        }
        Ok(())
    }

    fn parts(&self, entity: EntityId, id: i64) -> Vec<(EntityId, i64)> {
        let mut parts = Vec::new();
        for (part, declared) in self.entities() {
            if let Some(parent) = declared.parent
                && parent.entity == entity
            {
                let of_it = |row: &i64| {
                    self.state
                        .row(part, *row)
                        .is_some_and(|row| row.get(parent.field) == Value::Row(id))
                };
                parts.extend(self.state.ids(part).filter(of_it).map(|row| (part, row)));
            }
        }
        parts
    }

    fn entities(&self) -> impl Iterator<Item = (EntityId, &crate::ir::Entity)> {
        let entities = self.model.ir.entities.iter().enumerate();
        entities.map(|(at, entity)| (EntityId(u32::try_from(at).unwrap_or(u32::MAX)), entity))
    }

    fn pointers(&self, entity: EntityId, id: i64) -> Vec<Pointer> {
        let mut found = Vec::new();
        for (from, declared) in self.entities() {
            for (position, field) in declared.fields.iter().enumerate() {
                if field.computed.is_some()
                    || declared
                        .parent
                        .is_some_and(|parent| parent.field == field_id(position))
                {
                    continue;
                }
                let many = field.ty == Type::Many(entity);
                if !many && field.ty != Type::Ref(entity) {
                    continue;
                }
                let field = field_id(position);
                for row in self.state.ids(from) {
                    let value = self
                        .state
                        .row(from, row)
                        .map_or(Value::Empty, |row| row.get(field));
                    let points = match &value {
                        Value::List(rows) => rows.contains(&Value::Row(id)),
                        value => *value == Value::Row(id),
                    };
                    if points && (from, row) != (entity, id) {
                        found.push(Pointer {
                            entity: from,
                            row,
                            field,
                            many,
                        });
                    }
                }
            }
        }
        found
    }

    /// What happens to a row that points to one that goes; true where a stub has to stay for it.
    fn loosen(&mut self, entity: EntityId, id: i64, pointer: &Pointer) -> Result<bool> {
        // It went in the meantime, or points elsewhere.
        let Some(row) = self.state.row(pointer.entity, pointer.row) else {
            return Ok(false);
        };
        let value = row.get(pointer.field);
        let Some(field) = self.model.field(pointer.entity, pointer.field) else {
            return Ok(false);
        };
        let held = Refusal::field(Point::Held, "", "referenced", field.span);
        if pointer.many {
            let Value::List(rows) = value else {
                return Ok(false);
            };
            let left: Vec<Value> = rows
                .into_iter()
                .filter(|row| *row != Value::Row(id))
                .collect();
            let least = field.length.0.unwrap_or(u32::from(field.required));
            if left.len() < least as usize {
                return Err(held);
            }
            // Nothing else of the row changes, its version neither.
            self.touch(pointer.entity, pointer.row);
            if let Some(row) = self.state.row_mut(pointer.entity, pointer.row) {
                row.set(pointer.field, Value::List(left));
            }
            return Ok(false);
        }
        match field.on_delete {
            OnDelete::Keep if entity == USER => return Ok(true),
            OnDelete::Refuse | OnDelete::Keep => return Err(held),
            OnDelete::Cascade => self.delete(pointer.entity, pointer.row)?,
            OnDelete::Empty => {
                self.write(
                    pointer.entity,
                    pointer.row,
                    &[(pointer.field, Value::Empty)],
                );
            }
        }
        Ok(false)
    }
}
