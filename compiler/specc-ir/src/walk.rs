//! Visits every part of an expression, of an effect.

use crate::expr::{Expr, ExprKind};
use crate::ir::{Effect, EffectItem, FieldDefault, Ir, Operation, RuleCheck};
use specc_syntax::names::same_name;

/// Calls `see` for the expression and everything in it, outermost first.
pub fn each(expr: &Expr, see: &mut impl FnMut(&Expr)) {
    visit(expr, see);
}

fn visit(expr: &Expr, see: &mut dyn FnMut(&Expr)) {
    see(expr);
    parts(expr, &mut |part| visit(part, see));
}

/// Calls `see` for what the expression consists of, and not for what that consists of.
pub fn parts(expr: &Expr, see: &mut dyn FnMut(&Expr)) {
    match &expr.kind {
        ExprKind::Literal(_)
        | ExprKind::Var(_)
        | ExprKind::Me
        | ExprKind::Now
        | ExprKind::Today
        | ExprKind::Input(_)
        | ExprKind::Output => {}
        ExprKind::Field(of, ..)
        | ExprKind::Unary(_, of)
        | ExprKind::IsSet(of)
        | ExprKind::IsEmpty(of)
        | ExprKind::HasRole(of, _)
        | ExprKind::CanRead(of, _) => see(of),
        ExprKind::Binary(_, left, right) => {
            see(left);
            see(right);
        }
        ExprKind::OneOf(of, list) => {
            see(of);
            list.iter().for_each(see);
        }
        ExprKind::If(condition, then, otherwise) => {
            see(condition);
            see(then);
            see(otherwise);
        }
        ExprKind::Join(list) | ExprKind::Call(_, list) | ExprKind::Function(_, list) => {
            list.iter().for_each(see);
        }
        ExprKind::Aggregate(aggregate) => {
            if let Some((row, _)) = &aggregate.through {
                see(row);
            }
            if let Some(filter) = &aggregate.filter {
                see(filter);
            }
            if let Some(value) = &aggregate.value {
                see(value);
            }
            aggregate.sort.iter().for_each(|sort| see(&sort.by));
        }
    }
}

/// Calls `change` for the expression and everything in it, innermost first.
pub fn each_mut(expr: &mut Expr, change: &mut dyn FnMut(&mut Expr)) {
    parts_mut(expr, &mut |part| each_mut(part, change));
    change(expr);
}

/// Calls `change` for the expressions of an effect itself, none of those in its bodies.
pub fn each_of_effect_alone_mut(item: &mut EffectItem, change: &mut dyn FnMut(&mut Expr)) {
    match &mut item.effect {
        Effect::Set { row, value, .. } => {
            change(row);
            change(value);
        }
        Effect::Create { values, .. } => values.iter_mut().for_each(|(_, value)| change(value)),
        Effect::Delete { row, .. } => change(row),
        Effect::Do { row, inputs, .. } => {
            row.iter_mut().for_each(&mut *change);
            inputs.iter_mut().for_each(|(_, value)| change(value));
        }
        Effect::Email { to, text } => {
            change(to);
            change(text);
        }
        Effect::ForEach { filter, sort, .. } => {
            filter.iter_mut().for_each(&mut *change);
            sort.iter_mut().for_each(|sort| change(&mut sort.by));
        }
        Effect::When { condition, .. } => change(condition),
        Effect::Refuse { .. } => {}
        Effect::SignUp {
            values, password, ..
        } => {
            values.iter_mut().for_each(|(_, value)| change(value));
            change(password);
        }
        Effect::SignIn { email, password } => {
            change(email);
            change(password);
        }
    }
}

/// Calls `see` for every effect of a list and of the bodies in it, in order.
pub fn each_effect(items: &[EffectItem], see: &mut impl FnMut(&EffectItem)) {
    effects(items, see);
}

fn effects(items: &[EffectItem], see: &mut dyn FnMut(&EffectItem)) {
    for item in items {
        see(item);
        match &item.effect {
            Effect::ForEach { body, .. } => effects(body, see),
            Effect::When {
                then, otherwise, ..
            } => {
                effects(then, see);
                effects(otherwise, see);
            }
            _ => {}
        }
        if let Some(otherwise) = &item.otherwise {
            effects(otherwise, see);
        }
    }
}

/// These effects may sign the caller in, also by an operation that they run.
#[must_use]
pub fn signs_in(ir: &Ir, items: &[EffectItem]) -> bool {
    may(ir, items, |effect| matches!(effect, Effect::SignIn { .. }))
}

/// These effects may delete something, also by an operation that they run.
#[must_use]
pub fn deletes(ir: &Ir, items: &[EffectItem]) -> bool {
    may(ir, items, |effect| matches!(effect, Effect::Delete { .. }))
}

fn may(ir: &Ir, items: &[EffectItem], such: impl Fn(&Effect) -> bool) -> bool {
    let (mut found, mut seen) = (false, Vec::new());
    let mut run = Vec::new();
    let mut look = |items: &[EffectItem], run: &mut Vec<usize>| {
        each_effect(items, &mut |item| match &item.effect {
            effect if such(effect) => found = true,
            Effect::Do { operation, .. } => run.extend(action_of(ir, operation)),
            _ => {}
        });
    };
    look(items, &mut run);
    while let Some(next) = run.pop() {
        if seen.contains(&next) {
            continue;
        }
        seen.push(next);
        if let Some(action) = ir.actions.get(next) {
            look(&action.body.does, &mut run);
        }
    }
    found
}

/// The position of the action that an operation runs: its own, or what adds to the step.
fn action_of(ir: &Ir, operation: &Operation) -> Option<usize> {
    match operation {
        Operation::Action(id) => Some(id.0 as usize),
        Operation::Step(entity, name) => ir.actions.iter().position(|action| {
            action.step && action.on == Some(*entity) && same_name(&action.name.text, name)
        }),
    }
}

/// Calls `see` for every expression of an effect and of its body, in order.
pub fn each_of_effect(item: &EffectItem, see: &mut impl FnMut(&Expr)) {
    visit_effect(item, see);
}

fn visit_effect(item: &EffectItem, see: &mut dyn FnMut(&Expr)) {
    let body = |items: &[EffectItem], see: &mut dyn FnMut(&Expr)| {
        for item in items {
            visit_effect(item, see);
        }
    };
    match &item.effect {
        Effect::Set { row, value, .. } => {
            visit(row, see);
            visit(value, see);
        }
        Effect::Create { values, .. } => values.iter().for_each(|(_, value)| visit(value, see)),
        Effect::Delete { row, .. } => visit(row, see),
        Effect::Do { row, inputs, .. } => {
            if let Some(row) = row {
                visit(row, see);
            }
            inputs.iter().for_each(|(_, value)| visit(value, see));
        }
        Effect::Email { to, text } => {
            visit(to, see);
            visit(text, see);
        }
        Effect::ForEach {
            filter,
            sort,
            body: items,
            ..
        } => {
            if let Some(filter) = filter {
                visit(filter, see);
            }
            sort.iter().for_each(|sort| visit(&sort.by, see));
            body(items, see);
        }
        Effect::When {
            condition,
            then,
            otherwise,
        } => {
            visit(condition, see);
            body(then, see);
            body(otherwise, see);
        }
        Effect::Refuse { .. } => {}
        Effect::SignUp {
            values, password, ..
        } => {
            values.iter().for_each(|(_, value)| visit(value, see));
            visit(password, see);
        }
        Effect::SignIn { email, password } => {
            visit(email, see);
            visit(password, see);
        }
    }
    if let Some(otherwise) = &item.otherwise {
        body(otherwise, see);
    }
}

/// Calls `see` for what the expression consists of, in the order of [`parts`].
pub fn parts_mut(expr: &mut Expr, see: &mut dyn FnMut(&mut Expr)) {
    match &mut expr.kind {
        ExprKind::Literal(_)
        | ExprKind::Var(_)
        | ExprKind::Me
        | ExprKind::Now
        | ExprKind::Today
        | ExprKind::Input(_)
        | ExprKind::Output => {}
        ExprKind::Field(of, ..)
        | ExprKind::Unary(_, of)
        | ExprKind::IsSet(of)
        | ExprKind::IsEmpty(of)
        | ExprKind::HasRole(of, _)
        | ExprKind::CanRead(of, _) => see(of),
        ExprKind::Binary(_, left, right) => {
            see(left);
            see(right);
        }
        ExprKind::OneOf(of, list) => {
            see(of);
            list.iter_mut().for_each(see);
        }
        ExprKind::If(condition, then, otherwise) => {
            see(condition);
            see(then);
            see(otherwise);
        }
        ExprKind::Join(list) | ExprKind::Call(_, list) | ExprKind::Function(_, list) => {
            list.iter_mut().for_each(see);
        }
        ExprKind::Aggregate(aggregate) => {
            if let Some((row, _)) = &mut aggregate.through {
                see(row);
            }
            if let Some(filter) = &mut aggregate.filter {
                see(filter);
            }
            if let Some(value) = &mut aggregate.value {
                see(value);
            }
            aggregate.sort.iter_mut().for_each(|sort| see(&mut sort.by));
        }
    }
}

/// Calls `see` for every expression of the program, in the order of its parts; not for what they consist of.
pub fn each_of_program(ir: &Ir, see: &mut dyn FnMut(&Expr)) {
    for role in &ir.roles {
        role.when.iter().for_each(&mut *see);
    }
    for function in &ir.functions {
        see(&function.is);
        for property in &function.always {
            see(&property.condition);
        }
    }
    for entity in &ir.entities {
        for field in &entity.fields {
            let rules = [&field.at_least, &field.at_most, &field.computed];
            rules.into_iter().flatten().for_each(&mut *see);
            if let Some(FieldDefault::Value(expr)) = &field.default {
                see(expr);
            }
        }
        for grant in &entity.access {
            grant.when.iter().for_each(&mut *see);
        }
        for step in entity.lifecycles.iter().flat_map(|cycle| &cycle.steps) {
            step.when.iter().for_each(&mut *see);
        }
        for rule in &entity.rules {
            match &rule.check {
                RuleCheck::Holds(expr) => see(expr),
                RuleCheck::Unique { when, .. } => when.iter().for_each(&mut *see),
            }
        }
    }
    let hooks = ir.entities.iter().flat_map(|entity| &entity.hooks);
    let hooks = hooks.map(|hook| &hook.body);
    for body in hooks.chain(ir.actions.iter().map(|action| &action.body)) {
        for required in &body.requires {
            see(&required.condition);
        }
        for item in &body.does {
            each_of_effect(item, &mut |expr| see(expr));
        }
    }
    for action in &ir.actions {
        action.returns.iter().for_each(&mut *see);
    }
}
