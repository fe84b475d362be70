//! Who may do what: to such rows at all, to this row, to which of its fields.

use super::state::{Frame, View};
use super::{Model, Point, Refusal, Result};
use crate::eval::{Mode, Value, evaluate, holds};
use crate::expr::{Expr, ExprKind};
use crate::ir::{EntityId, FieldId, Grant, RoleId, Type, USER, Verb, Who};
use specc_syntax::names::same_name;
use specc_syntax::span::Span;

impl View<'_> {
    pub fn condition(&self, expr: &Expr) -> Result<bool> {
        Ok(holds(expr, self, Mode::Condition)?)
    }

    fn has_role(&self, role: RoleId) -> Result<bool> {
        let expr = Expr {
            kind: ExprKind::HasRole(
                Box::new(Expr {
                    kind: ExprKind::Me,
                    ty: Type::Ref(USER),
                    span: Span::default(),
                }),
                role,
            ),
            ty: Type::Bool,
            span: Span::default(),
        };
        self.condition(&expr)
    }

    /// The caller is one of these, seen from the section's row.
    pub fn is_one_of(&self, who: &[Who]) -> Result<bool> {
        for who in who {
            let is = match who {
                Who::Anyone => true,
                Who::SignedIn => self.me.is_some(),
                Who::Role(role) => self.me.is_some() && self.has_role(*role)?,
                Who::Relation(expr) => {
                    self.me.is_some()
                        && evaluate(expr, self, Mode::Condition)?
                            == self.me.map_or(Value::Empty, Value::Row)
                }
            };
            if is {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The caller could be one of these, seen from some row.
    pub fn could_be(&self, who: &[Who]) -> Result<bool> {
        for who in who {
            let could = match who {
                Who::Relation(_) => self.me.is_some(),
                other => self.is_one_of(std::slice::from_ref(other))?,
            };
            if could {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Points 1 and 2: the caller is signed in where they must be, and could be one of these.
    pub fn enter(&self, who: &[Who], source: Span) -> Result<()> {
        if self.could_be(who)? {
            return Ok(());
        }
        let point = if self.me.is_none() {
            Point::SignedIn
        } else {
            Point::Caller
        };
        Err(Refusal::at(point, source))
    }

    fn grants(&self, entity: EntityId, verb: Verb) -> impl Iterator<Item = &Grant> {
        let access = &self.model.entity(entity).access;
        access.iter().filter(move |grant| grant.verb == verb)
    }

    /// Everybody who is named for this.
    pub fn named(&self, entity: EntityId, verb: Verb) -> Vec<Who> {
        self.grants(entity, verb)
            .flat_map(|grant| grant.who.clone())
            .collect()
    }

    /// The caller may do this to the section's row: to it as such, or to one of its fields.
    pub fn may(&self, entity: EntityId, verb: Verb, field: Option<FieldId>) -> Result<bool> {
        for grant in self.grants(entity, verb) {
            if field.is_some_and(|field| !self.model.covers(entity, grant, field)) {
                continue;
            }
            let when = match &grant.when {
                Some(when) => self.condition(when)?,
                None => true,
            };
            if when && self.is_one_of(&grant.who)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The caller could be allowed this field of some row.
    pub fn could_have(&self, entity: EntityId, verb: Verb, field: FieldId) -> Result<bool> {
        for grant in self.grants(entity, verb) {
            if self.model.covers(entity, grant, field) && self.could_be(&grant.who)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The same state, seen from another row.
    pub fn may_read(&self, entity: EntityId, row: i64) -> Result<bool> {
        let frame = Frame::of(entity, row);
        let view = View {
            frame: &frame,
            ..*self
        };
        Ok(self.state.row(entity, row).is_some() && view.may(entity, Verb::Read, None)?)
    }

    /// A row as the caller sees it.
    pub fn seen(&self, entity: EntityId, row: i64) -> Result<Option<super::View>> {
        use crate::expr::FieldRef;
        if !self.may_read(entity, row)? {
            return Ok(None);
        }
        let frame = Frame::of(entity, row);
        let view = View {
            frame: &frame,
            ..*self
        };
        let mut seen = Vec::new();
        for (position, field) in self.model.entity(entity).fields.iter().enumerate() {
            let id = super::check::field_id(position);
            if !field.private
                && field.ty != Type::Password
                && view.may(entity, Verb::Read, Some(id))?
            {
                let field = FieldRef::Field(id);
                seen.push((field, view.of_this(field)?));
            }
        }
        for field in [
            FieldRef::Id,
            FieldRef::Created,
            FieldRef::Updated,
            FieldRef::Version,
        ] {
            seen.push((field, self.state.value(entity, row, field)));
        }
        Ok(Some(seen))
    }
}

impl Model<'_> {
    /// A grant speaks of this field: names it, or names none and clients may have it.
    fn covers(&self, entity: EntityId, grant: &Grant, field: FieldId) -> bool {
        match &grant.fields {
            // The parent counts as written into every `create` list.
            _ if grant.verb == Verb::Create
                && self
                    .entity(entity)
                    .parent
                    .is_some_and(|parent| parent.field == field) =>
            {
                true
            }
            // What a row is called can be read wherever the row can.
            _ if grant.verb == Verb::Read
                && self
                    .field(entity, field)
                    .is_some_and(|declared| same_name(&declared.name.text, "id")) =>
            {
                true
            }
            Some(fields) => fields.contains(&field),
            None => self.field(entity, field).is_some_and(|declared| {
                let writable =
                    declared.computed.is_none() && !declared.read_only && !declared.lifecycle;
                match grant.verb {
                    Verb::Read => !declared.private,
                    Verb::Create => writable,
                    Verb::Update => writable && !declared.fixed,
                    Verb::Delete => true,
                }
            }),
        }
    }
}
