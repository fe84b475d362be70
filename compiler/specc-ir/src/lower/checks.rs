//! Checks over the finished program: circles that would never end, and parents.

use super::Pass;
use super::names::number;
use crate::expr::{Expr, ExprKind, FieldRef};
use crate::ir::{EntityId, FieldId, FunctionId, Ir, Type, USER, Verb};
use crate::walk;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::span::Span;
use std::collections::HashMap;
use std::hash::Hash;

/// Something that may lead to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Node {
    /// A function's body.
    Function(FunctionId),
    /// A computed field.
    Field(EntityId, FieldId),
    /// Who may read an entity's rows.
    Policy(EntityId),
    /// A part of its parent.
    Part(EntityId),
}

/// All checks.
pub(super) fn all(pass: &mut Pass<'_>) {
    role_clashes(pass);
    user_fields(pass);
    slug_sources(pass);
    let graph = graph(pass.ir);
    for (node, span) in circles(&graph) {
        let entity = |id: EntityId| pass.ir.entities.get(id.0 as usize);
        pass.out.push(match node {
            Node::Function(id) => {
                let name = pass
                    .ir
                    .functions
                    .get(id.0 as usize)
                    .map_or("", |function| function.name.text.as_str());
                Diagnostic::new(
                    "endless",
                    span,
                    format!("function `{name}` calls itself, so it might never end"),
                )
                .help(
                    "write it without the call; an aggregate such as `sum(…)` often says the same",
                )
            }
            Node::Field(id, field) => {
                let name = entity(id)
                    .and_then(|entity| entity.fields.get(field.0 as usize))
                    .map_or("", |field| field.name.text.as_str());
                Diagnostic::new(
                    "endless",
                    span,
                    format!("the computed field `{name}` is computed from itself"),
                )
                .help("take one of the computed fields of the circle out of the other's expression")
            }
            Node::Policy(id) => {
                let name = entity(id).map_or("", |entity| entity.name.text.as_str());
                Diagnostic::new(
                    "endless",
                    span,
                    format!("who may read a {name} depends on who may read a {name}"),
                )
                .help("write the condition out in one of the access rows instead of `can read`")
            }
            Node::Part(id) => {
                let name = entity(id).map_or("", |entity| entity.name.text.as_str());
                Diagnostic::new(
                    "part-of-itself",
                    span,
                    format!("{name} is part of itself, through its parents"),
                )
                .help("make one of the `Part of` a reference field")
            }
        });
    }
}

/// In a Who cell a role and a user field of one name could not be told apart.
fn role_clashes(pass: &mut Pass<'_>) {
    for entity in &pass.ir.entities {
        for field in entity
            .fields
            .iter()
            .filter(|field| field.ty == Type::Ref(USER))
        {
            let Some(role) = pass
                .names
                .role(&field.name.text)
                .and_then(|role| pass.ir.roles.get(role.0 as usize))
            else {
                continue;
            };
            pass.out.push(
                Diagnostic::new(
                    "role-clash",
                    field.name.span,
                    format!(
                        "`{}` is a field of type User here and a role, so Who could mean either",
                        field.name.text
                    ),
                )
                .label(role.name.span, "the role")
                .help("rename one of the two"),
            );
        }
    }
}

/// Fields that the author adds to User are not asked for at sign-up.
fn user_fields(pass: &mut Pass<'_>) {
    let Some(user) = pass.ir.entities.get(USER.0 as usize) else {
        return;
    };
    for field in user
        .fields
        .iter()
        .skip(2)
        .filter(|field| field.required && field.default.is_none() && field.computed.is_none())
    {
        pass.out.push(
            Diagnostic::new(
                "user-field-default",
                field.name.span,
                format!("`{}` of User is required and has no default, so nobody could sign up", field.name.text),
            )
            .help("give it a default, or take `required` out; added fields are not asked for at sign-up"),
        );
    }
}

/// A slug is read by everybody who reads the row, so it is never made from what is hidden.
fn slug_sources(pass: &mut Pass<'_>) {
    for entity in &pass.ir.entities {
        for field in &entity.fields {
            let Type::Slug(source) = field.ty else {
                continue;
            };
            let Some(source) = entity.fields.get(source.0 as usize) else {
                continue;
            };
            if matches!(source.ty, Type::Password | Type::Secret) {
                pass.out.push(
                    Diagnostic::new(
                        "hidden-value",
                        field.span,
                        format!(
                            "the slug `{}` would show what `{}` hides",
                            field.name.text, source.name.text
                        ),
                    )
                    .label(source.name.span, "declared here")
                    .help("make the slug from a text"),
                );
            }
        }
    }
}

type Graph = Vec<(Node, Span, Vec<Node>)>;

fn graph(ir: &Ir) -> Graph {
    let mut graph = Graph::new();
    for (at, function) in ir.functions.iter().enumerate() {
        graph.push((
            Node::Function(FunctionId(number(at))),
            function.name.span,
            leads_to(&function.is, ir),
        ));
    }
    for (at, entity) in ir.entities.iter().enumerate() {
        let id = EntityId(number(at));
        for (position, field) in entity.fields.iter().enumerate() {
            if let Some(computed) = &field.computed {
                graph.push((
                    Node::Field(id, FieldId(number(position))),
                    field.name.span,
                    leads_to(computed, ir),
                ));
            }
        }
        let policy: Vec<&Expr> = entity
            .access
            .iter()
            .filter(|grant| grant.verb == Verb::Read)
            .filter_map(|grant| grant.when.as_ref())
            .collect();
        let leads: Vec<Node> = policy.iter().flat_map(|when| leads_to(when, ir)).collect();
        let span = policy
            .iter()
            .find(|when| {
                leads_to(when, ir)
                    .iter()
                    .any(|node| matches!(node, Node::Policy(_)))
            })
            .map_or(entity.span, |when| when.span);
        graph.push((Node::Policy(id), span, leads));
        if let Some(parent) = entity.parent {
            graph.push((Node::Part(id), entity.span, vec![Node::Part(parent.entity)]));
        }
    }
    graph
}

/// What an expression needs to be worked out.
fn leads_to(expr: &Expr, ir: &Ir) -> Vec<Node> {
    let mut out = Vec::new();
    walk::each(expr, &mut |part| match &part.kind {
        ExprKind::Function(id, _) => out.push(Node::Function(*id)),
        ExprKind::CanRead(_, entity) => out.push(Node::Policy(*entity)),
        ExprKind::Field(_, entity, FieldRef::Field(field)) => {
            let computed = ir
                .entities
                .get(entity.0 as usize)
                .and_then(|entity| entity.fields.get(field.0 as usize))
                .is_some_and(|field| field.computed.is_some());
            if computed {
                out.push(Node::Field(*entity, *field));
            }
        }
        _ => {}
    });
    out
}

/// One node of each circle, with its place; without recursion, as specs may be deep.
fn circles(graph: &Graph) -> Vec<(Node, Span)> {
    let index: HashMap<Node, usize> = graph
        .iter()
        .enumerate()
        .map(|(at, (node, ..))| (*node, at))
        .collect();
    let mut state = vec![0_u8; graph.len()];
    let mut out = Vec::new();
    for start in 0..graph.len() {
        if state.get(start).is_some_and(|state| *state != 0) {
            continue;
        }
        let mut stack = vec![(start, 0)];
        while let Some((at, next)) = stack.pop() {
            if let Some(slot) = state.get_mut(at) {
                *slot = 1;
            }
            let edges = graph
                .get(at)
                .map_or(&[][..], |(_, _, edges)| edges.as_slice());
            match edges.get(next).map(|edge| index.get(edge)) {
                None => {
                    if let Some(slot) = state.get_mut(at) {
                        *slot = 2;
                    }
                }
                Some(target) => {
                    stack.push((at, next + 1));
                    let Some(target) = target else { continue };
                    match state.get(*target) {
                        Some(0) => stack.push((*target, 0)),
                        Some(1) => {
                            if let Some((node, span, _)) = graph.get(*target)
                                && !out.contains(&(*node, *span))
                            {
                                out.push((*node, *span));
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    out
}
