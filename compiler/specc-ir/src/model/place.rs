//! What the input is not about: a required field that its writer may not give, and for which there is no value, counts as
//! access where nobody in their place could create such a row.

use super::change::Run;
use super::check::field_id;
use super::state::{Frame, Row};
use super::{Point, Refusal, Result};
use crate::expr::{Expr, ExprKind, FieldRef, THIS};
use crate::ir::{EntityId, FieldDefault, FieldId, Type, Verb, Who};
use crate::walk;
use specc_syntax::names::same_name;

impl Run<'_> {
    /// Why a new row is refused that lacks something, or holds something wrong.
    pub fn refused_row(&mut self, entity: EntityId, row: Row, refusal: Refusal) -> Result<Refusal> {
        let declared = self.model.entity(entity);
        let nobody = Frame::default();
        let view = self.view(&nobody);
        for problem in &refusal.problems {
            let field = declared.fields.iter().position(|field| {
                let named = |name: &String| same_name(name, &field.name.text);
                problem.fields.iter().any(named)
            });
            let own = match field {
                Some(position) => view.could_have(entity, Verb::Create, field_id(position))?,
                None => true,
            };
            if problem.rule != "required" || own {
                return Ok(refusal);
            }
        }
        Ok(if self.could_create(entity, row)? {
            refusal
        } else {
            Refusal::at(Point::Access, declared.span)
        })
    }

    /// Whether a row could be created by somebody with the caller's rights, whatever they gave.
    fn could_create(&mut self, entity: EntityId, row: Row) -> Result<bool> {
        let id = self.insert(entity, row);
        let frame = Frame::of(entity, id);
        let view = self.view(&frame);
        let declared = self.model.entity(entity);
        let parent = declared.parent.as_ref().map(|parent| parent.field);
        let mut open = Vec::new();
        for (position, field) in declared.fields.iter().enumerate() {
            let made = matches!(field.ty, Type::Slug(_))
                || matches!(
                    field.default,
                    Some(FieldDefault::Random(_) | FieldDefault::Next(_))
                );
            let at = field_id(position);
            if parent != Some(at) && (made || view.could_have(entity, Verb::Create, at)?) {
                open.push(at);
            }
        }
        for grant in &declared.access {
            if grant.verb != Verb::Create || !view.could_be(&grant.who)? {
                continue;
            }
            let relations = grant.who.iter().filter_map(|who| match who {
                Who::Relation(expr) => Some(expr),
                _ => None,
            });
            let speaks = grant
                .when
                .iter()
                .chain(relations)
                .any(|expr| self.speaks_of(entity, expr, &open));
            let holds = || -> Result<bool> {
                let when = match &grant.when {
                    Some(when) => view.condition(when)?,
                    None => true,
                };
                Ok(when && view.is_one_of(&grant.who)?)
            };
            if speaks || holds()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// An expression names one of these fields of the section's row, or something that is worked out from one.
    fn speaks_of(&self, entity: EntityId, expr: &Expr, fields: &[FieldId]) -> bool {
        let mut found = false;
        walk::each(expr, &mut |part| {
            let ExprKind::Field(base, of, FieldRef::Field(field)) = &part.kind else {
                return;
            };
            if *of != entity || !matches!(base.kind, ExprKind::Var(THIS)) {
                return;
            }
            let declared = self.model.entity(entity).fields.get(field.0 as usize);
            let computed = declared.and_then(|field| field.computed.as_ref());
            found = found
                || match computed {
                    Some(computed) => self.speaks_of(entity, computed, fields),
                    None => fields.contains(field),
                };
        });
        found
    }
}
