//! What rules reach through computed fields and through roles that are held by condition: the clock, other rows.

use super::Pass;
use super::names::number;
use crate::expr::{Expr, ExprKind, FieldRef, THIS};
use crate::ir::{EntityId, Field, FieldId, Ir, RoleId, RuleCheck, RuleOn};
use crate::walk;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::span::Span;
use std::collections::HashSet;

/// Rules that hold at rest never depend on the clock, and `unique` sees the row alone.
pub(super) fn check(pass: &mut Pass<'_>) {
    let ir = pass.ir;
    for (at, entity) in ir.entities.iter().enumerate() {
        let id = EntityId(number(at));
        for rule in entity.rules.iter().filter(|rule| rule.on == RuleOn::Always) {
            let place = rule.sentence.span;
            match &rule.check {
                RuleCheck::Holds(expr) => at_rest(ir, expr, pass.out),
                RuleCheck::Unique {
                    fields,
                    ranges,
                    when,
                } => {
                    let ranges = ranges.iter().flat_map(|(start, end)| [*start, *end]);
                    for field in fields.iter().copied().chain(ranges) {
                        alone(ir, id, field, place, pass.out);
                    }
                    if let Some(when) = when {
                        for (field, span) in own_fields(when) {
                            alone(ir, id, field, span, pass.out);
                        }
                    }
                }
            }
        }
    }
}

/// Reports the first thing in a rule for every row that changes with time alone.
fn at_rest(ir: &Ir, expr: &Expr, out: &mut Vec<Diagnostic>) {
    let mut found = None;
    walk::each(expr, &mut |part| {
        if found.is_none()
            && let Some((what, declared)) = named(ir, part)
            && reaches(ir, part, Goal::Clock)
        {
            found = Some((part.span, what, declared));
        }
    });
    if let Some((span, what, declared)) = found {
        out.push(
            Diagnostic::new(
                "not-at-rest",
                span,
                format!("{what} changes with time, so it cannot be used in a rule for every row"),
            )
            .label(declared, "it depends on the clock")
            .help("a rule must not become false by itself; put `on create:`, `on update:` or `on delete:` in front of it"),
        );
    }
}

/// What a computed field or a conditional role is called, and where it is declared.
fn named(ir: &Ir, part: &Expr) -> Option<(String, Span)> {
    match &part.kind {
        ExprKind::Field(_, entity, FieldRef::Field(field)) => {
            let field = field_of(ir, *entity, *field)?;
            let computed = field.computed.is_some();
            computed.then(|| (format!("`{}`", field.name.text), field.name.span))
        }
        ExprKind::HasRole(_, role) => {
            let role = ir.roles.get(role.0 as usize)?;
            Some((format!("role `{}`", role.name.text), role.name.span))
        }
        _ => None,
    }
}

/// Reports a computed field in a `unique` that sees more than its row.
fn alone(ir: &Ir, entity: EntityId, field: FieldId, span: Span, out: &mut Vec<Diagnostic>) {
    let Some(declared) = field_of(ir, entity, field) else {
        return;
    };
    let Some(computed) = &declared.computed else {
        return;
    };
    if reaches(ir, computed, Goal::Clock) || reaches(ir, computed, Goal::OtherRows) {
        out.push(
            Diagnostic::new(
                "unique-condition",
                span,
                format!(
                    "`unique` sees nothing but the row itself, and `{}` is computed from more",
                    declared.name.text
                ),
            )
            .label(declared.name.span, "declared here")
            .help("use fields of the row, or ones that are computed from these alone"),
        );
    }
}

/// The fields of `this` that an expression names, with their places.
fn own_fields(expr: &Expr) -> Vec<(FieldId, Span)> {
    let mut found = Vec::new();
    walk::each(expr, &mut |part| {
        if let ExprKind::Field(base, _, FieldRef::Field(field)) = &part.kind
            && matches!(base.kind, ExprKind::Var(THIS))
        {
            found.push((*field, part.span));
        }
    });
    found
}

fn field_of(ir: &Ir, entity: EntityId, field: FieldId) -> Option<&Field> {
    ir.entities
        .get(entity.0 as usize)?
        .fields
        .get(field.0 as usize)
}

/// What an expression may lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Clock,
    OtherRows,
}

/// The expression leads there, through computed fields and roles held by condition as well.
fn reaches(ir: &Ir, expr: &Expr, goal: Goal) -> bool {
    let mut search = Search {
        ir,
        goal,
        fields: HashSet::new(),
        roles: HashSet::new(),
    };
    search.leads(expr)
}

struct Search<'s> {
    ir: &'s Ir,
    goal: Goal,
    fields: HashSet<(EntityId, FieldId)>,
    roles: HashSet<RoleId>,
}

impl Search<'_> {
    fn leads(&mut self, expr: &Expr) -> bool {
        let mut further = Vec::new();
        let mut found = false;
        let goal = self.goal;
        walk::each(expr, &mut |part| match &part.kind {
            ExprKind::Now | ExprKind::Today => found |= goal == Goal::Clock,
            ExprKind::Aggregate(_) | ExprKind::CanRead(..) => found |= goal == Goal::OtherRows,
            ExprKind::Field(base, entity, field) => {
                found |= goal == Goal::OtherRows && !matches!(base.kind, ExprKind::Var(_));
                if let FieldRef::Field(field) = field {
                    further.push(Further::Field(*entity, *field));
                }
            }
            ExprKind::HasRole(_, role) => {
                found |= goal == Goal::OtherRows;
                further.push(Further::Role(*role));
            }
            _ => {}
        });
        found || further.into_iter().any(|next| self.follow(next))
    }

    fn follow(&mut self, next: Further) -> bool {
        let ir = self.ir;
        match next {
            Further::Field(entity, field) => {
                self.fields.insert((entity, field))
                    && field_of(ir, entity, field)
                        .and_then(|field| field.computed.as_ref())
                        .is_some_and(|computed| self.leads(computed))
            }
            Further::Role(role) => {
                self.roles.insert(role)
                    && ir.roles.iter().enumerate().any(|(at, held)| {
                        let id = RoleId(number(at));
                        if id == role {
                            held.when.as_ref().is_some_and(|when| self.leads(when))
                        } else {
                            held.includes.contains(&role) && self.follow(Further::Role(id))
                        }
                    })
            }
        }
    }
}

enum Further {
    Field(EntityId, FieldId),
    Role(RoleId),
}
