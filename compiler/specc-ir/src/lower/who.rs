//! `Who` cells and keys: roles, `anyone`, `signed-in`, `self`, fields and paths of type User.

use super::Pass;
use super::formal::names_of;
use super::names::field_names;
use crate::expr::{Expr, ExprKind, FieldRef, THIS};
use crate::ir::{EntityId, Type, USER, Who};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{fold_name, suggest};
use specc_syntax::span::Span;
use specc_syntax::tree::{Line, Text};

/// Everybody whom a `Who` names; what cannot be understood is reported and left out.
pub(super) fn read(line: &Line, this: Option<EntityId>, pass: &mut Pass<'_>) -> Vec<Who> {
    let mut out = Vec::new();
    for name in names_of(line) {
        if let Some(who) = one(&name, this, pass)
            && !out.contains(&who)
        {
            out.push(who);
        }
    }
    out
}

fn one(name: &Text, this: Option<EntityId>, pass: &mut Pass<'_>) -> Option<Who> {
    match fold_name(&name.text).as_str() {
        "anyone" | "everyone" | "everybody" | "anybody" => return Some(Who::Anyone),
        "signedin" => return Some(Who::SignedIn),
        "self" => {
            if this == Some(USER) {
                return Some(Who::Relation(row(USER, name.span)));
            }
            pass.out.push(
                Diagnostic::new(
                    "unknown-who",
                    name.span,
                    "`self` is the row of User itself, and this is another entity",
                )
                .help("name a field of type User instead"),
            );
            return None;
        }
        _ => {}
    }
    if let Some(role) = pass.names.role(&name.text) {
        return Some(Who::Role(role));
    }
    let Some(entity) = this else {
        pass.out.push(unknown(name, None, pass));
        return None;
    };
    relation(name, entity, pass)
}

fn row(entity: EntityId, span: Span) -> Expr {
    Expr {
        kind: ExprKind::Var(THIS),
        ty: Type::Ref(entity),
        span,
    }
}

/// A field or path of type User.
fn relation(name: &Text, this: EntityId, pass: &mut Pass<'_>) -> Option<Who> {
    let mut expr = row(this, name.span);
    let mut entity = this;
    let mut parts = name.text.split('.').map(str::trim).peekable();
    if parts.peek().is_some_and(|part| *part == "this") {
        parts.next();
    }
    let mut ended = false;
    for part in parts {
        let Some(id) = pass.names.field(entity, part).filter(|_| !ended) else {
            pass.out.push(unknown(name, Some((entity, part)), pass));
            return None;
        };
        let field = pass
            .ir
            .entities
            .get(entity.0 as usize)?
            .fields
            .get(id.0 as usize)?;
        let ty = field.ty.clone();
        match ty {
            Type::Ref(target) => {
                expr = Expr {
                    kind: ExprKind::Field(Box::new(expr), entity, FieldRef::Field(id)),
                    ty: Type::Ref(target),
                    span: name.span,
                };
                entity = target;
            }
            Type::Empty => return None,
            Type::Many(target) if target == USER => {
                pass.out.push(
                    Diagnostic::new(
                        "unknown-who",
                        name.span,
                        format!("`{}` is a set of users, and Who needs one", name.text),
                    )
                    .help(format!(
                        "write `signed-in` and, in the When column, `{} contains me`",
                        name.text
                    )),
                );
                return None;
            }
            _ => ended = true,
        }
    }
    if ended || entity != USER || matches!(expr.kind, ExprKind::Var(_)) {
        pass.out.push(
            Diagnostic::new(
                "unknown-who",
                name.span,
                format!("`{}` is no user", name.text),
            )
            .help("Who names roles, `anyone`, `signed-in`, or a field or path of type User"),
        );
        return None;
    }
    Some(Who::Relation(expr))
}

fn unknown(name: &Text, at: Option<(EntityId, &str)>, pass: &Pass<'_>) -> Diagnostic {
    let diagnostic = Diagnostic::new(
        "unknown-who",
        name.span,
        format!("`{}` is no role and no field of type User", name.text),
    );
    let roles = pass.ir.roles.iter().map(|role| role.name.text.as_str());
    let fixed = ["anyone", "signed-in", "self"];
    let (entity, part) = at.unwrap_or((USER, &name.text));
    let fields = if at.is_some() {
        field_names(pass.ir, entity)
    } else {
        Vec::new()
    };
    match suggest(part, roles.chain(fixed).chain(fields.iter().copied())) {
        Some(near) => {
            let fixed = match name.text.rsplit_once('.') {
                Some((before, last)) if last.trim() == part => format!("{before}.{near}"),
                _ => near.to_owned(),
            };
            diagnostic
                .help(format!("did you mean `{fixed}`?"))
                .edit(name.span, fixed)
        }
        None => {
            let plural = pass
                .names
                .role_plurals
                .get(&fold_name(&name.text))
                .and_then(|id| pass.ir.roles.get(id.0 as usize));
            match plural {
                Some(role) => diagnostic
                    .help(format!(
                        "write the role in the singular: `{}`",
                        role.name.text
                    ))
                    .edit(name.span, role.name.text.clone()),
                None => diagnostic.help(
                    "Who names roles, `anyone`, `signed-in`, or a field or path of type User",
                ),
            }
        }
    }
}
