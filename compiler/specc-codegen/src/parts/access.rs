//! Who may do what: functions from a caller to grants.

use super::Context;
use crate::source::{comment, literal, note, pointed};
use crate::sql::{Names as _, Sql, bare, operand};
use specc_ir::expr::{BinaryOp, Expr};
use specc_ir::ir::{EntityId, FieldId, Grant, Type, USER, Verb, Who};
use std::fmt::Write as _;

/// The policy of an entity: its four functions and the field masks they use.
#[must_use]
pub fn policy(context: &Context<'_>, entity: EntityId) -> String {
    let Some(declared) = context.entity(entity) else {
        return String::new();
    };
    let mut used: Vec<FieldId> = Vec::new();
    let mut functions = String::new();
    for (verb, name, meaning) in [
        (Verb::Read, "read", "Who may read, and which fields."),
        (
            Verb::Create,
            "create",
            "Who may create, giving which fields; looked at on the new row.",
        ),
        (
            Verb::Update,
            "update",
            "Who may change which fields; looked at before and after the change.",
        ),
        (Verb::Delete, "delete", "Who may delete."),
    ] {
        let grants: Vec<&Grant> = declared
            .access
            .iter()
            .filter(|grant| grant.verb == verb)
            .collect();
        let _ = writeln!(functions, "/// {meaning}");
        let mut parts = Vec::new();
        for grant in &grants {
            let fields = mask(context, entity, grant, &mut used);
            let text = format!(
                "{}: {}",
                who_text(context, &grant.who),
                can_text(context, entity, grant)
            );
            let place = context.place(grant.span);
            self::grants(
                context,
                &grant.who,
                grant.when.as_ref(),
                &fields,
                &pointed(&text, &place),
                &mut parts,
            );
        }
        functions.push_str(&function("pub ", name, &parts));
    }
    let mut masks = String::new();
    for (id, _) in context.fields(entity) {
        if used.contains(&id) {
            let constant = context.names.field_constant(entity, id);
            let _ = writeln!(masks, "const {constant}: Fields = 1 << field::{constant};");
        }
    }
    format!("{masks}\n{functions}")
}

/// A function for the `who` of a step or action, `about` standing above it.
#[must_use]
pub fn who_function(context: &Context<'_>, name: &str, who: &[Who], about: &str) -> String {
    let mut parts = Vec::new();
    grants(context, who, None, "ALL", "", &mut parts);
    format!("\n/// {about}\n{}", function("", name, &parts))
}

/// [`who_function`] of a step: without a `Who` it is whoever could read some row.
#[must_use]
pub fn who_of_step(
    context: &Context<'_>,
    entity: EntityId,
    name: &str,
    who: &[Who],
    about: &str,
) -> String {
    if !who.is_empty() {
        return who_function(context, name, who, about);
    }
    let readers: Vec<Who> = context
        .entity(entity)
        .into_iter()
        .flat_map(|entity| &entity.access)
        .filter(|grant| grant.verb == Verb::Read)
        .flat_map(|grant| grant.who.clone())
        .collect();
    let mut parts = Vec::new();
    if !readers.is_empty() {
        grants(context, &readers, None, "ALL", "", &mut parts);
    }
    // Which row it is is looked at when that is read.
    for part in &mut parts {
        "Grant::always(ALL)".clone_into(&mut part.grant);
    }
    format!("\n/// {about}\n{}", function("", name, &parts))
}

/// A grant with its comment and for which callers it is made.
struct Part {
    text: String,
    /// Rust over `caller`; `None` for everybody.
    callers: Option<String>,
    grant: String,
}

fn function(visible: &str, name: &str, parts: &[Part]) -> String {
    let comment = |part: &Part| match part.text.as_str() {
        "" => String::new(),
        text => note(text),
    };
    let (start, rest) = match parts {
        [] => {
            return format!(
                "{visible}fn {name}(_caller: &Caller) -> Grants {{\n// nobody\nVec::new()\n}}\n"
            );
        }
        [only @ Part { callers: None, .. }] => {
            return format!(
                "{visible}fn {name}(_caller: &Caller) -> Grants {{\n{}vec![{}]\n}}\n",
                comment(only),
                only.grant
            );
        }
        [first @ Part { callers: None, .. }, rest @ ..] => (
            format!(
                "{}let mut grants = vec![{}];\n",
                comment(first),
                first.grant
            ),
            rest,
        ),
        rest => ("let mut grants = Vec::new();\n".to_owned(), rest),
    };
    let parameter = if rest.iter().any(|part| part.callers.is_some()) {
        "caller"
    } else {
        "_caller"
    };
    let mut out = format!("{visible}fn {name}({parameter}: &Caller) -> Grants {{\n{start}");
    for part in rest {
        out.push_str(&comment(part));
        let push = format!("grants.push({});", part.grant);
        let _ = match &part.callers {
            Some(callers) => writeln!(out, "if {callers} {{ {push} }}"),
            None => writeln!(out, "{push}"),
        };
    }
    out.push_str("grants\n}\n");
    out
}

fn grants(
    context: &Context<'_>,
    who: &[Who],
    when: Option<&Expr>,
    fields: &str,
    text: &str,
    out: &mut Vec<Part>,
) {
    let mut callers: Vec<String> = Vec::new();
    let mut relations: Vec<String> = Vec::new();
    let mut everybody = who.is_empty();
    for who in who {
        match who {
            Who::Anyone => everybody = true,
            Who::SignedIn => callers.push("caller.signed_in()".to_owned()),
            // Held by nobody.
            Who::Role(role) if context.ir.roles.len() <= role.0 as usize => {}
            Who::Role(role) => callers.push(format!(
                "caller.holds(roles::{})",
                context.names.role_constant(*role)
            )),
            Who::Relation(expr) => {
                relations.push(format!(
                    "{} = :me",
                    Sql::over_row(context.ir, context.names).value(expr)
                ));
            }
        }
    }
    let when = when.map(|when| Sql::over_row(context.ir, context.names).condition(when));
    let grant = |when: &str| match when {
        "" => format!("Grant::always({fields})"),
        when => format!("Grant::when({}, {fields})", literal(bare(when))),
    };
    let mut text = text.to_owned();
    if everybody || !callers.is_empty() {
        out.push(Part {
            text: std::mem::take(&mut text),
            callers: (!everybody).then(|| callers.join(" || ")),
            grant: grant(when.as_deref().unwrap_or("")),
        });
    }
    if !relations.is_empty() && !everybody {
        let sql = relations.join(" OR ");
        let sql = match when {
            Some(when) => {
                let when = operand(BinaryOp::And, &when);
                if relations.len() > 1 {
                    format!("({sql}) AND {when}")
                } else {
                    format!("{sql} AND {when}")
                }
            }
            None => sql,
        };
        out.push(Part {
            text,
            callers: Some("caller.signed_in()".to_owned()),
            grant: grant(&sql),
        });
    }
}

/// The fields of a grant as an expression of masks.
fn mask(context: &Context<'_>, entity: EntityId, grant: &Grant, used: &mut Vec<FieldId>) -> String {
    if grant.verb == Verb::Delete {
        return "ALL".to_owned();
    }
    let all: Vec<FieldId> = context.fields(entity).map(|(id, _)| id).collect();
    let allowed: Vec<FieldId> = context
        .fields(entity)
        .filter(|(id, field)| match &grant.fields {
            Some(fields) => {
                let parent = context
                    .entity(entity)
                    .and_then(|entity| entity.parent)
                    .map(|parent| parent.field);
                fields.contains(id) || (grant.verb == Verb::Create && parent == Some(*id))
            }
            // A password is counted in and never read: it may be said that it changed.
            None if grant.verb == Verb::Read => !field.private,
            None => {
                let closed = field.computed.is_some() || field.read_only || field.lifecycle;
                let given_once = grant.verb == Verb::Update && field.fixed;
                // An address changes on the account pages only.
                let address = entity == USER && matches!(field.ty, Type::Email);
                !closed && !given_once && !address
            }
        })
        .map(|(id, _)| id)
        .collect();
    let constant = |id: &FieldId| context.names.field_constant(entity, *id).to_owned();
    if allowed.len() == all.len() {
        return "ALL".to_owned();
    }
    if grant.fields.is_none() && grant.verb == Verb::Read {
        let hidden: Vec<FieldId> = all.into_iter().filter(|id| !allowed.contains(id)).collect();
        used.extend(&hidden);
        let hidden: Vec<String> = hidden.iter().map(constant).collect();
        return format!("ALL & !({})", hidden.join(" | "));
    }
    if allowed.is_empty() {
        return "0".to_owned();
    }
    used.extend(&allowed);
    let allowed: Vec<String> = allowed.iter().map(constant).collect();
    allowed.join(" | ")
}

/// Who, in the spec's words.
#[must_use]
pub fn who_text(context: &Context<'_>, who: &[Who]) -> String {
    if who.is_empty() {
        return "whoever may read the row".to_owned();
    }
    let who: Vec<String> = who
        .iter()
        .map(|who| match who {
            Who::Anyone => "anyone".to_owned(),
            Who::SignedIn => "signed-in".to_owned(),
            Who::Role(role) => comment(context.role_name(*role)),
            Who::Relation(expr) => path_text(context, expr),
        })
        .collect();
    who.join(", ")
}

fn path_text(context: &Context<'_>, expr: &Expr) -> String {
    use specc_ir::expr::{ExprKind, FieldRef};
    match &expr.kind {
        ExprKind::Field(base, entity, FieldRef::Field(field)) => {
            let name = context
                .field(*entity, *field)
                .map_or("", |field| field.name.text.as_str());
            match base.kind {
                ExprKind::Var(_) => comment(name),
                _ => format!("{}.{}", path_text(context, base), comment(name)),
            }
        }
        ExprKind::Var(_) => "self".to_owned(),
        _ => "a related person".to_owned(),
    }
}

fn can_text(context: &Context<'_>, entity: EntityId, grant: &Grant) -> String {
    let verb = match grant.verb {
        Verb::Create => "create",
        Verb::Read => "read",
        Verb::Update => "update",
        Verb::Delete => "delete",
    };
    let Some(fields) = &grant.fields else {
        return verb.to_owned();
    };
    let fields: Vec<String> = fields
        .iter()
        .map(|field| super::fields::sent(&context.names.column(entity, *field)).to_owned())
        .collect();
    format!("{verb} {}", fields.join(", "))
}
