//! Given: people, rows and the clock.

use super::literal;
use super::scenario::{Known, table_rows};
use super::step_parts::{actor, field_values, start_of_person};
use super::steps::{Read, Stop, clock, end, entity_here};
use super::tokens::{Cursor, Token};
use super::{Pass, values};
use crate::ir::{EntityId, FieldDefault, FieldId, RoleId, SeedRow, SeedValue, Type, USER};
use crate::scenario::{Actor, StepKind};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::tree::Table;

pub(super) fn given(
    tokens: &[Token<'_>],
    table: Option<&Table>,
    known: &mut Known<'_>,
    pass: &mut Pass<'_>,
) -> Read<Vec<StepKind>> {
    let mut cursor = Cursor::new(tokens);
    if cursor.eat("it is") {
        return clock(&mut cursor, pass);
    }
    if cursor.eat("these") {
        let (entity, span) = entity_here(&mut cursor, pass).ok_or(Stop::Other)?;
        let Some(table) = table else {
            pass.out.push(
                Diagnostic::new(
                    "missing-table",
                    span,
                    "`these` needs a table below the step",
                )
                .help("add a table, indented below the item, whose columns are fields"),
            );
            return Err(Stop::Reported);
        };
        let by = by(&mut cursor, entity, known, pass)?;
        end(&cursor, pass)?;
        let rows = table_rows(table, entity, pass);
        known.note(&rows, pass.ir);
        return Ok(vec![StepKind::Rows { rows, by }]);
    }
    let start = cursor.at;
    if let Some(count) = cursor.number() {
        if let Some((entity, _)) = entity_here(&mut cursor, pass) {
            return rows(&mut cursor, entity, count, start, known, pass);
        }
        cursor.at = start;
    }
    if cursor.eat_any(&["a", "an", "the", "one"]) {
        if let Some((entity, _)) = entity_here(&mut cursor, pass) {
            // `a user Ana` is somebody without a role.
            let named = matches!(cursor.peek(), Some(Token::Word(word, _))
                if !["and", "by", "with"].contains(&word.as_str()));
            if entity != USER || !named {
                return rows(&mut cursor, entity, 1, start, known, pass);
            }
        }
        cursor.at = start;
    }
    people(&mut cursor, known, pass)
}

/// `customers Ana and Bob`, `a customer Ana with … and an agent Max`.
fn people(
    cursor: &mut Cursor<'_, '_>,
    known: &mut Known<'_>,
    pass: &mut Pass<'_>,
) -> Read<Vec<StepKind>> {
    let mut out = Vec::new();
    let mut before = cursor.at;
    while let Some(roles) = start_of_person(cursor, pass) {
        given_by_hand(&roles, cursor.span_from(before), pass);
        let first = out.len();
        loop {
            let at = cursor.at;
            let name = match cursor.next() {
                Some(Token::Word(word, _) | Token::Quoted(word, _)) => word.clone(),
                _ => return Err(Stop::Other),
            };
            if known.person(&name).is_some() {
                pass.out.push(
                    Diagnostic::new(
                        "duplicate-person",
                        cursor.span_from(at),
                        format!("`{name}` was given already"),
                    )
                    .help("choose another name, or give the roles in one step"),
                );
                return Err(Stop::Reported);
            }
            known.people.push(name.clone());
            known.rows.insert((USER, name.clone()));
            out.push(StepKind::Person {
                name,
                roles: roles.clone(),
                values: Vec::new(),
            });
            let mark = cursor.at;
            let separator =
                matches!(cursor.peek(), Some(Token::Comma(_))) && cursor.next().is_some();
            let and = cursor.eat("and");
            let again = (and || separator) && start_of_person(&mut cursor.clone(), pass).is_none();
            if !again {
                cursor.at = mark;
                break;
            }
        }
        if cursor.eat("with") {
            let values = field_values(cursor, USER, known, pass)?;
            for step in out.iter_mut().skip(first) {
                if let StepKind::Person { values: slot, .. } = step {
                    *slot = values.clone();
                }
            }
        }
        while matches!(cursor.peek(), Some(Token::Comma(_))) {
            cursor.next();
        }
        cursor.eat("and");
        before = cursor.at;
    }
    if out.is_empty() {
        return Err(Stop::Other);
    }
    end(cursor, pass)?;
    Ok(out)
}

/// A role that is held by condition comes with what makes it true.
fn given_by_hand(roles: &[RoleId], span: specc_syntax::span::Span, pass: &mut Pass<'_>) {
    let held = roles
        .iter()
        .filter_map(|role| pass.ir.roles.get(role.0 as usize))
        .find(|role| role.when.is_some());
    let Some(role) = held else { return };
    let message = format!(
        "role `{}` is held by condition, so it cannot be given",
        role.name.text
    );
    pass.out.push(
        Diagnostic::new("role-not-given", span, message)
            .label(role.name.span, "declared here")
            .help("give a user for whom the condition is true: `a user Ana with …`"),
    );
}

fn rows(
    cursor: &mut Cursor<'_, '_>,
    entity: EntityId,
    count: u32,
    start: usize,
    known: &mut Known<'_>,
    pass: &mut Pass<'_>,
) -> Read<Vec<StepKind>> {
    let (row, by) = row(cursor, entity, start, known, pass)?;
    end(cursor, pass)?;
    if count > 1000 {
        pass.out.push(
            Diagnostic::new(
                "too-many",
                cursor.span_from(start),
                "a step gives at most 1000 rows",
            )
            .help("give fewer"),
        );
        return Err(Stop::Reported);
    }
    let rows = vec![row; count as usize];
    known.note(&rows, pass.ir);
    Ok(vec![StepKind::Rows { rows, by }])
}

/// `"x" by Ana with a b and c d`.
pub(super) fn row(
    cursor: &mut Cursor<'_, '_>,
    entity: EntityId,
    start: usize,
    known: &Known<'_>,
    pass: &mut Pass<'_>,
) -> Read<(SeedRow, Option<String>)> {
    let mut values = Vec::new();
    let at = cursor.at;
    let name = cursor.quoted();
    let name_span = cursor.span_from(at);
    let author = by(cursor, entity, known, pass)?;
    if cursor.eat("with") {
        values = field_values(cursor, entity, known, pass)?;
    }
    let by = match author {
        Some(author) => Some(author),
        None => by(cursor, entity, known, pass)?,
    };
    if let Some(name) = name {
        name_row(entity, name, name_span, &mut values, pass)?;
    }
    Ok((
        SeedRow {
            created: None,
            updated: None,
            entity,
            values,
            roles: Vec::new(),
            span: cursor.span_from(start),
        },
        by,
    ))
}

/// Puts the name between quotes into the field that the row is known by.
fn name_row(
    entity: EntityId,
    name: String,
    span: specc_syntax::span::Span,
    values: &mut Vec<(FieldId, SeedValue)>,
    pass: &mut Pass<'_>,
) -> Read<()> {
    let Some(naming) = values::naming_field(entity, pass.ir) else {
        let of = pass
            .ir
            .entities
            .get(entity.0 as usize)
            .map_or("", |entity| entity.name.text.as_str());
        pass.out.push(
            Diagnostic::new("row-without-name", span, format!("rows of {of} are not known by a text, so they have no name"))
                .help("say `Shown as: field` in the entity, or leave the name out and give fields behind `with`"),
        );
        return Err(Stop::Reported);
    };
    if values.iter().any(|(field, _)| *field == naming) {
        pass.out.push(
            Diagnostic::new(
                "duplicate-key",
                span,
                "the name between quotes is given again behind `with`",
            )
            .help("keep one of the two"),
        );
        return Err(Stop::Reported);
    }
    let Some(field) = pass
        .ir
        .entities
        .get(entity.0 as usize)
        .and_then(|entity| entity.fields.get(naming.0 as usize))
    else {
        return Err(Stop::Other);
    };
    let literal = literal::read(&name, &field.ty, pass.ir).map_err(|_| Stop::Other)?;
    let expr = crate::expr::Expr {
        kind: crate::expr::ExprKind::Literal(literal),
        ty: field.ty.clone(),
        span,
    };
    values.insert(0, (naming, SeedValue::Value(expr)));
    Ok(())
}

/// `by Ana`
fn by(
    cursor: &mut Cursor<'_, '_>,
    entity: EntityId,
    known: &Known<'_>,
    pass: &mut Pass<'_>,
) -> Read<Option<String>> {
    let start = cursor.at;
    if !cursor.eat("by") {
        return Ok(None);
    }
    let Actor::Person(person) = actor(cursor, known, pass)? else {
        return Err(Stop::Other);
    };
    let owner = pass.ir.entities.get(entity.0 as usize);
    let author = owner.is_some_and(|owner| {
        owner.fields.iter().any(|field| {
            matches!(&field.default, Some(FieldDefault::Value(value)) if value.kind == crate::expr::ExprKind::Me) && field.ty == Type::Ref(USER)
        })
    });
    if !author {
        let name = owner.map_or("", |owner| owner.name.text.as_str());
        pass.out.push(
            Diagnostic::new(
                "no-author",
                cursor.span_from(start),
                format!("no field of {name} defaults to `me`, so `by` says nothing"),
            )
            .help("give the field behind `with`"),
        );
        return Err(Stop::Reported);
    }
    Ok(Some(person))
}
