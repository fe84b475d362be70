//! Effects: one grammar for everything an operation does.

mod accounts;
mod read;

use super::QueryNode;
use super::fit::{describe, is_text};
use super::syntax::{Node, NodeKind, Parser};
use super::types::field_at;
use super::typing::Typer;
use crate::expr::{Expr, ExprKind, OLD, THIS};
use crate::ir::{ActionId, Effect, EntityId, FieldId, Operation, Parameter, Sentence, Type, USER};
use crate::scope::Scope;
use read::read;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{fold_name, suggest};
use specc_syntax::tree::Code;

/// An effect as its code says it. Bodies are empty; what stands nested below fills them.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedEffect {
    /// What it does.
    pub effect: Effect,
    /// `as system` stands behind it.
    pub as_system: bool,
}

type Place = (usize, usize);

enum EffectNode {
    Set {
        target: Node,
        value: Node,
    },
    Create {
        entity: Place,
        values: Vec<(Place, Node)>,
        name: Option<Place>,
    },
    Delete(Node),
    Do {
        words: Place,
        row: Option<Node>,
        inputs: Vec<(Place, Node)>,
        place: Place,
    },
    Email {
        to: Node,
        text: Node,
    },
    ForEach(QueryNode, Place),
    When(Node),
    Refuse(String, Place),
    SignUp {
        values: Vec<(Place, Node)>,
        name: Option<Place>,
        place: Place,
    },
    SignIn {
        values: Vec<(Place, Node)>,
        place: Place,
    },
}

/// One effect. Names given with `as` are added to the scope.
pub fn effect(
    scope: &mut Scope<'_>,
    code: &Code,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<ParsedEffect> {
    let mut typer = Typer::new(scope, code, diagnostics);
    let index = typer.index;
    let parsed = Parser::new(&code.text, 0, code.text.len(), index).and_then(|mut parser| {
        let mut node = read(&mut parser)?;
        let as_system = parser.take_words(&["as", "system"]);
        // The two may stand in either order.
        if let EffectNode::Create { name, .. } | EffectNode::SignUp { name, .. } = &mut node
            && as_system
            && name.is_none()
            && parser.take_words(&["as"])
        {
            *name = Some(parser.name("a name behind `as`")?);
        }
        parser.finish()?;
        Ok((node, as_system))
    });
    match parsed {
        Ok((node, as_system)) => Some(ParsedEffect {
            effect: typed(&mut typer, node)?,
            as_system,
        }),
        Err(fail) => {
            typer.fail(fail);
            None
        }
    }
}

/// The entity named at a place; reported where there is none.
pub(super) fn entity_at(typer: &mut Typer<'_, '_>, place: Place) -> Option<EntityId> {
    let written = typer.slice(place.0, place.1);
    let folded = fold_name(written);
    if let Some(entity) = typer.index.entities.get(&folded) {
        return Some(*entity);
    }
    let span = typer.span(place.0, place.1);
    let near = match typer.index.plurals.get(&folded) {
        Some(entity) => Some(typer.entity_name(*entity)),
        None => suggest(
            written,
            typer
                .ir
                .entities
                .iter()
                .map(|entity| entity.name.text.as_str()),
        )
        .map(str::to_owned),
    };
    let diagnostic = Diagnostic::new("unknown-entity", span, format!("`{written}` is no entity"));
    typer.out.push(match near {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .edit(span, super::names::in_code(&near)),
        None => diagnostic.help(format!("declare it with a heading `Entity: {written}`")),
    });
    None
}

fn typed(typer: &mut Typer<'_, '_>, node: EffectNode) -> Option<Effect> {
    match node {
        EffectNode::Set { target, value } => set(typer, &target, &value),
        EffectNode::Create {
            entity,
            values,
            name,
        } => create(typer, entity, &values, name),
        EffectNode::Delete(row) => {
            let (row, entity) = row_of(typer, &row)?;
            Some(Effect::Delete { row, entity })
        }
        EffectNode::Do {
            words,
            row,
            inputs,
            place,
        } => run(typer, words, row, &inputs, place),
        EffectNode::Email { to, text } => email(typer, &to, &text),
        EffectNode::ForEach(query, place) => {
            let query = query.typed(typer)?;
            let Some(name) = query.name else {
                let span = typer.span(place.0, place.1);
                let word = typer.entity_name(query.entity).to_lowercase();
                typer.report(
                    "bad-effect",
                    span,
                    "the rows have no name in the body",
                    format!("put `as {}` at the end", super::names::in_code(&word)),
                );
                return None;
            };
            typer
                .scope
                .vars
                .push((name, query.var, Type::Ref(query.entity)));
            Some(Effect::ForEach {
                entity: query.entity,
                var: query.var,
                filter: query.filter,
                sort: query.sort,
                body: Vec::new(),
            })
        }
        EffectNode::When(condition) => Some(Effect::When {
            condition: typer.condition(&condition)?,
            then: Vec::new(),
            otherwise: Vec::new(),
        }),
        EffectNode::Refuse(text, place) => Some(Effect::Refuse {
            sentence: Sentence {
                text,
                span: typer.span(place.0, place.1),
            },
        }),
        EffectNode::SignUp {
            values,
            name,
            place,
        } => accounts::sign_up(typer, &values, name, place),
        EffectNode::SignIn { values, place } => accounts::sign_in(typer, &values, place),
    }
}

/// A row that exists now; `old` is none.
fn row_of(typer: &mut Typer<'_, '_>, node: &Node) -> Option<(Expr, EntityId)> {
    let row = typer.expr(node, None)?;
    if row.kind == ExprKind::Var(OLD) {
        typer.report(
            "bad-effect",
            row.span,
            "`old` is the row before the operation and cannot change",
            "write `this`",
        );
        return None;
    }
    match row.ty {
        Type::Ref(entity) => Some((row, entity)),
        _ => {
            let message = format!(
                "a row is wanted, and this is {}",
                describe(&row.ty, typer.ir)
            );
            typer.report(
                "type-mismatch",
                row.span,
                message,
                "name a row: `this`, a reference, or a name given with `as`",
            );
            None
        }
    }
}

/// A field that effects may write; reported where they may not.
fn writable(
    typer: &mut Typer<'_, '_>,
    entity: EntityId,
    place: Place,
    creating: bool,
) -> Option<(FieldId, Type)> {
    let id = field_at(typer, entity, place)?;
    let field = typer
        .ir
        .entities
        .get(entity.0 as usize)?
        .fields
        .get(id.0 as usize)?;
    let name = &field.name.text;
    let (diagnostic, message, help) = if field.computed.is_some() {
        (
            "computed-field",
            format!("`{name}` is computed and never set"),
            "set the fields it is computed from",
        )
    } else if field.lifecycle {
        (
            "lifecycle-field",
            format!("`{name}` belongs to a lifecycle and changes only by its steps"),
            "write `do step`, with one of its steps",
        )
    } else if field.fixed && !creating {
        (
            "fixed-field",
            format!("`{name}` is fixed and never changes after creation"),
            "take `fixed` out of its rules, or this effect",
        )
    } else {
        return Some((id, field.ty.clone()));
    };
    let span = typer.span(place.0, place.1);
    typer.report(diagnostic, span, message, help);
    None
}

fn set(typer: &mut Typer<'_, '_>, target: &Node, value: &Node) -> Option<Effect> {
    let (row, entity, place) = match &target.kind {
        NodeKind::Word => {
            let Some(entity) = typer.scope.this else {
                let span = typer.place(target);
                typer.report(
                    "not-here",
                    span,
                    "there is no row here whose field could be set",
                    "name the row: `set ticket.status to …`",
                );
                return None;
            };
            let span = typer.place(target);
            let row = Expr {
                kind: ExprKind::Var(THIS),
                ty: Type::Ref(entity),
                span,
            };
            (row, entity, (target.start, target.end))
        }
        NodeKind::Path(base, start, end) => {
            let (row, entity) = row_of(typer, base)?;
            (row, entity, (*start, *end))
        }
        _ => {
            let span = typer.place(target);
            typer.report(
                "bad-effect",
                span,
                "only a field can be set",
                "write `set field to value`",
            );
            return None;
        }
    };
    let (field, ty) = writable(typer, entity, place, false)?;
    let value = typer.value(value, &ty)?;
    Some(Effect::Set {
        row,
        entity,
        field,
        value,
    })
}

fn create(
    typer: &mut Typer<'_, '_>,
    entity: Place,
    nodes: &[(Place, Node)],
    name: Option<Place>,
) -> Option<Effect> {
    let entity = entity_at(typer, entity)?;
    let mut values: Vec<(FieldId, Expr)> = Vec::new();
    let mut good = true;
    for (place, node) in nodes {
        let Some((field, ty)) = writable(typer, entity, *place, true) else {
            good = false;
            continue;
        };
        if values.iter().any(|(given, _)| *given == field) {
            let span = typer.span(place.0, place.1);
            let message = format!("`{}` is given twice", typer.slice(place.0, place.1));
            typer.report("duplicate-name", span, message, "take one of the two out");
            good = false;
            continue;
        }
        match typer.value(node, &ty) {
            Some(value) => values.push((field, value)),
            None => good = false,
        }
    }
    let bind = name.map(|(start, end)| {
        let var = typer.scope.fresh();
        let name = typer.slice(start, end).to_owned();
        typer.scope.vars.push((name, var, Type::Ref(entity)));
        var
    });
    good.then_some(Effect::Create {
        entity,
        values,
        bind,
    })
}

fn run(
    typer: &mut Typer<'_, '_>,
    words: Place,
    row: Option<Node>,
    nodes: &[(Place, Node)],
    place: Place,
) -> Option<Effect> {
    let written = typer.slice(words.0, words.1);
    let folded = fold_name(written);
    let named = row.is_some();
    let row = match row {
        Some(node) => Some(row_of(typer, &node)?),
        None => None,
    };
    let entity = row.as_ref().map(|(_, entity)| *entity).or(typer.scope.this);
    let step = entity.and_then(|entity| {
        typer
            .index
            .steps
            .get(&(entity, folded.clone()))
            .cloned()
            .map(|step| (entity, step))
    });
    let on_row = entity.and_then(|entity| {
        typer
            .index
            .actions
            .get(&(Some(entity), folded.clone()))
            .copied()
    });
    let alone = typer
        .index
        .actions
        .get(&(None, folded))
        .copied()
        .filter(|_| !named);
    let (operation, action) = match (step, on_row, alone) {
        (Some((entity, step)), action, _) => (Operation::Step(entity, step), action),
        (None, Some(action), _) | (None, None, Some(action)) => {
            (Operation::Action(action), Some(action))
        }
        (None, None, None) => {
            unknown_operation(typer, words, entity);
            return None;
        }
    };
    let inputs = inputs(typer, action, nodes, place, written)?;
    Some(Effect::Do {
        operation,
        row: row.map(|(row, _)| row),
        inputs,
    })
}

fn unknown_operation(typer: &mut Typer<'_, '_>, words: Place, entity: Option<EntityId>) {
    let written = typer.slice(words.0, words.1);
    let span = typer.span(words.0, words.1);
    let mut known: Vec<&str> = Vec::new();
    if let Some(declared) = entity.and_then(|entity| typer.ir.entities.get(entity.0 as usize)) {
        known.extend(
            declared
                .lifecycles
                .iter()
                .flat_map(|lifecycle| &lifecycle.steps)
                .map(|step| step.name.text.as_str()),
        );
    }
    known.extend(
        typer
            .ir
            .actions
            .iter()
            .filter(|action| action.on == entity || action.on.is_none())
            .map(|action| action.name.text.as_str()),
    );
    let near = suggest(written, known);
    let of = entity.map_or_else(String::new, |entity| {
        format!(" of {}", typer.entity_name(entity))
    });
    let diagnostic = Diagnostic::new(
        "unknown-operation",
        span,
        format!("`{written}` is no step and no action{of}"),
    );
    typer.out.push(match near {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .edit(span, super::names::in_code(near)),
        None => diagnostic
            .help("name a step of the row's lifecycle or an action; the row is named with `on`"),
    });
}

fn inputs(
    typer: &mut Typer<'_, '_>,
    action: Option<ActionId>,
    nodes: &[(Place, Node)],
    place: Place,
    written: &str,
) -> Option<Vec<(String, Expr)>> {
    let wanted: &[Parameter] = action
        .and_then(|action| typer.ir.actions.get(action.0 as usize))
        .map_or(&[], |action| action.inputs.as_slice());
    let mut out: Vec<(String, Expr)> = Vec::new();
    let mut good = true;
    for (at, node) in nodes {
        let name = typer.slice(at.0, at.1);
        let folded = fold_name(name);
        let Some(input) = wanted
            .iter()
            .find(|input| fold_name(&input.name.text) == folded)
        else {
            let span = typer.span(at.0, at.1);
            let diagnostic = Diagnostic::new(
                "unknown-input",
                span,
                format!("`{written}` has no input `{name}`"),
            );
            let near = suggest(name, wanted.iter().map(|input| input.name.text.as_str()));
            typer.out.push(match near {
                Some(near) => diagnostic
                    .help(format!("did you mean `{near}`?"))
                    .edit(span, near),
                None => diagnostic.help("take it out, or add it to the action's `Input:`"),
            });
            good = false;
            continue;
        };
        if out.iter().any(|(given, _)| *given == input.name.text) {
            let span = typer.span(at.0, at.1);
            typer.report(
                "duplicate-name",
                span,
                format!("`{name}` is given twice"),
                "take one of the two out",
            );
            good = false;
            continue;
        }
        match typer.value(node, &input.ty) {
            Some(value) => out.push((input.name.text.clone(), value)),
            None => good = false,
        }
    }
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|input| {
            !input.optional
                && !nodes.iter().any(|(at, _)| {
                    fold_name(typer.slice(at.0, at.1)) == fold_name(&input.name.text)
                })
        })
        .map(|input| input.name.text.as_str())
        .collect();
    if let Some(first) = missing.first() {
        let span = typer.span(place.0, place.1);
        let message = format!("`{written}` needs the input `{}`", missing.join("`, `"));
        typer.report(
            "missing-input",
            span,
            message,
            format!("write `do {written} … with {first} = …`"),
        );
        good = false;
    }
    good.then_some(out)
}

fn email(typer: &mut Typer<'_, '_>, to: &Node, text: &Node) -> Option<Effect> {
    let to = typer.expr(to, None);
    let text = typer.expr(text, None);
    let (to, text) = (to?, text?);
    let user = Type::Ref(USER);
    let good = match &to.ty {
        Type::List(item) => **item == user || is_text(item),
        Type::Many(entity) => *entity == USER,
        ty => *ty == user || is_text(ty),
    };
    if !good {
        let message = format!(
            "a message goes to a user, and this is {}",
            describe(&to.ty, typer.ir)
        );
        typer.report(
            "type-mismatch",
            to.span,
            message,
            "name a field of type User, a list of users, or an address",
        );
        return None;
    }
    Some(Effect::Email { to, text })
}
