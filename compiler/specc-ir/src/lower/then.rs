//! Then: what must be seen.

use super::Pass;
use super::scenario::Known;
use super::step_parts::{actor, field_values, row_name};
use super::steps::{Read, Stop, end, entity_or_report};
use super::tokens::{Cursor, Token};
use crate::expr::{ExprKind, Literal};
use crate::ir::{SeedValue, Type};
use crate::parse;
use crate::scenario::{Refused, StepKind};
use specc_syntax::diagnostic::Diagnostic;

pub(super) fn then(
    tokens: &[Token<'_>],
    known: &mut Known<'_>,
    pass: &mut Pass<'_>,
) -> Read<Vec<StepKind>> {
    let mut cursor = Cursor::new(tokens);
    if let [Token::Code(code), Token::Word(word, _)] = tokens
        && word.eq_ignore_ascii_case("holds")
    {
        let condition = parse::condition(&mut known.scope, code, pass.out).ok_or(Stop::Reported)?;
        return Ok(vec![StepKind::Holds(condition)]);
    }
    let step = if cursor.eat_any(&["it succeeds", "they succeed", "all of them succeed"]) {
        StepKind::Succeeds
    } else if cursor.eat_any(&["it is refused", "they are refused"]) {
        StepKind::Refused(refused(&mut cursor)?)
    } else if cursor.eat("exactly") {
        let count = cursor.number().ok_or(Stop::Other)?;
        if !cursor.eat_any(&["of them succeeds", "of them succeed", "succeeds", "succeed"]) {
            return Err(Stop::Other);
        }
        StepKind::Exactly(count)
    } else if cursor.eat_any(&["there are", "there is"]) {
        let count = cursor.number().ok_or(Stop::Other)?;
        let (entity, _) = entity_or_report(&mut cursor, pass)?;
        StepKind::Count(entity, count)
    } else if cursor.eat("the page") || cursor.eat("the answer") {
        return Err(Stop::Other);
    } else if matches!(cursor.word(), Some(word) if word.eq_ignore_ascii_case("the"))
        && !is_visitor(&cursor)
    {
        let row = row_name(&mut cursor, known, pass)?;
        if !cursor.eat("has") {
            return Err(Stop::Other);
        }
        let start = cursor.at;
        let values = field_values(&mut cursor, row.entity, known, pass)?;
        let hidden = values.iter().find_map(|(field, value)| {
            let field = pass
                .ir
                .entities
                .get(row.entity.0 as usize)?
                .fields
                .get(field.0 as usize)?;
            let asked = matches!(value, SeedValue::Value(value) if value.kind == ExprKind::Literal(Literal::Empty));
            (matches!(field.ty, Type::Password | Type::Secret) && !asked).then_some(field)
        });
        if let Some(field) = hidden {
            pass.out.push(
                Diagnostic::new(
                    "hidden-value",
                    cursor.span_from(start),
                    format!("a step never looks into `{}`", field.name.text),
                )
                .label(field.name.span, "declared here")
                .help(format!(
                    "say `has {} empty`, or leave it out",
                    field.name.text
                )),
            );
            return Err(Stop::Reported);
        }
        StepKind::Has(row, values)
    } else {
        somebody(&mut cursor, known, pass)?
    };
    end(&cursor, pass)?;
    Ok(vec![step])
}

fn is_visitor(cursor: &Cursor<'_, '_>) -> bool {
    cursor.clone().eat("the visitor")
}

fn refused(cursor: &mut Cursor<'_, '_>) -> Read<Refused> {
    if cursor.done() {
        return Ok(Refused::Anyhow);
    }
    if cursor.eat("as not found") {
        return Ok(Refused::NotFound);
    }
    if cursor.eat("as forbidden") {
        return Ok(Refused::Forbidden);
    }
    if cursor.eat("as invalid") {
        return Ok(Refused::Invalid);
    }
    if cursor.eat("with") {
        return cursor.quoted().map(Refused::With).ok_or(Stop::Other);
    }
    Err(Stop::Other)
}

/// `Ana sees …`, `Ana gets …`.
fn somebody(cursor: &mut Cursor<'_, '_>, known: &Known<'_>, pass: &mut Pass<'_>) -> Read<StepKind> {
    let verb = cursor.tokens.iter().any(|token| matches!(token, Token::Word(word, _) if ["sees", "see", "gets", "get"].contains(&word.as_str())));
    if !verb {
        return Err(Stop::Other);
    }
    let actor = actor(cursor, known, pass)?;
    if cursor.eat_any(&["does not see", "doesn't see", "doesn’t see"]) {
        return Ok(StepKind::SeesRow(
            actor,
            row_name(cursor, known, pass)?,
            false,
        ));
    }
    if cursor.eat("sees") {
        if let Some(count) = cursor.number() {
            let (entity, _) = entity_or_report(cursor, pass)?;
            let mut order = Vec::new();
            if cursor.eat("in the order") {
                while let Some(name) = cursor.quoted() {
                    order.push(name);
                    if matches!(cursor.peek(), Some(Token::Comma(_))) {
                        cursor.next();
                    }
                    cursor.eat("and");
                }
                if order.is_empty() {
                    return Err(Stop::Other);
                }
            }
            return Ok(StepKind::Sees {
                actor,
                entity,
                count,
                order,
            });
        }
        return Ok(StepKind::SeesRow(
            actor,
            row_name(cursor, known, pass)?,
            true,
        ));
    }
    if cursor.eat("gets") {
        let count = if cursor.eat_any(&["an", "a"]) {
            1
        } else {
            cursor.number().ok_or(Stop::Other)?
        };
        if !cursor.eat_any(&["e-mail", "e-mails", "email", "emails", "mail", "mails"]) {
            return Err(Stop::Other);
        }
        return Ok(StepKind::Mail(actor, count, cursor.quoted()));
    }
    Err(Stop::Other)
}
