//! What can be told of effects by looking at them: whether they go on, and what they speak of.

use crate::sql::walk;
use specc_ir::expr::{Expr, ExprKind, VarId};
use specc_ir::ir::{Effect, EffectItem};

/// Nothing behind it is reached.
pub(super) fn ends(item: &EffectItem) -> bool {
    item.otherwise.is_none() && ends_effect(&item.effect)
}

pub(super) fn ends_effect(effect: &Effect) -> bool {
    match effect {
        Effect::Refuse { .. } => true,
        Effect::When {
            then, otherwise, ..
        } => then.iter().any(ends) && otherwise.iter().any(ends),
        _ => false,
    }
}

pub(super) fn mentions(expr: &Expr, variable: VarId) -> bool {
    let mut found = false;
    walk(expr, &mut |inner| {
        found |= inner.kind == ExprKind::Var(variable)
    });
    found
}

/// Visits every expression of a list of effects.
pub fn each_expression(items: &[EffectItem], visit: &mut dyn FnMut(&Expr)) {
    for item in items {
        match &item.effect {
            Effect::Set { row, value, .. } => {
                visit(row);
                visit(value);
            }
            Effect::Create { values, .. } => values.iter().for_each(|(_, value)| visit(value)),
            Effect::Delete { row, .. } => visit(row),
            Effect::Do { row, inputs, .. } => {
                row.iter().for_each(&mut *visit);
                inputs.iter().for_each(|(_, value)| visit(value));
            }
            Effect::Email { to, text } => {
                visit(to);
                visit(text);
            }
            Effect::ForEach {
                filter, sort, body, ..
            } => {
                filter.iter().for_each(&mut *visit);
                sort.iter().for_each(|sort| visit(&sort.by));
                each_expression(body, visit);
            }
            Effect::When {
                condition,
                then,
                otherwise,
            } => {
                visit(condition);
                each_expression(then, visit);
                each_expression(otherwise, visit);
            }
            Effect::Refuse { .. } => {}
            Effect::SignUp {
                values, password, ..
            } => {
                values.iter().for_each(|(_, value)| visit(value));
                visit(password);
            }
            Effect::SignIn { email, password } => {
                visit(email);
                visit(password);
            }
        }
        if let Some(otherwise) = &item.otherwise {
            each_expression(otherwise, visit);
        }
    }
}
