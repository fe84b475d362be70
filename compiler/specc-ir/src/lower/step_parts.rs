//! Parts of steps: people, rows, values of fields and inputs.

use super::scenario::Known;
use super::steps::{Read, Stop, entity_here};
use super::tokens::{Cursor, Token};
use super::values::{self, Written};
use super::{Pass, declare};
use crate::ir::{EntityId, FieldId, Parameter, RoleId, SeedValue, Type, USER};
use crate::scenario::{Actor, RowName};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{fold_name, same_name, suggest};
use specc_syntax::span::Span;
use specc_syntax::tree::Text;

/// `a customer`, `an agent`, `customers`: the roles that people are given with.
pub(super) fn start_of_person(cursor: &mut Cursor<'_, '_>, pass: &Pass<'_>) -> Option<Vec<RoleId>> {
    let start = cursor.at;
    let article = cursor.eat_any(&["a", "an", "the"]);
    let names = pass.names;
    let role = cursor.longest(names.longest, |name| {
        if matches!(name, "user" | "person") && article
            || matches!(name, "users" | "people") && !article
        {
            return Some(None);
        }
        let map = if article {
            &names.roles
        } else {
            &names.role_plurals
        };
        map.get(name).map(|role| Some(*role))
    });
    let named = matches!(cursor.peek(), Some(Token::Word(word, _)) if !["with", "by", "and"].contains(&word.as_str()))
        || matches!(cursor.peek(), Some(Token::Quoted(..)));
    match role {
        Some((role, _)) if named => Some(role.into_iter().collect()),
        _ => {
            cursor.at = start;
            None
        }
    }
}

/// A visitor or a person who was given.
pub(super) fn actor(
    cursor: &mut Cursor<'_, '_>,
    known: &Known<'_>,
    pass: &mut Pass<'_>,
) -> Read<Actor> {
    if cursor.eat_any(&["a visitor", "the visitor", "visitor"]) {
        return Ok(Actor::Visitor);
    }
    let (name, span) = match cursor.next() {
        Some(Token::Word(name, span) | Token::Quoted(name, span)) => (name, *span),
        _ => return Err(Stop::Other),
    };
    match known.person(name) {
        Some(person) => Ok(Actor::Person(person.to_owned())),
        None => {
            pass.out.push(unknown_person(name, span, known));
            Err(Stop::Reported)
        }
    }
}

fn unknown_person(name: &str, span: Span, known: &Known<'_>) -> Diagnostic {
    let diagnostic = Diagnostic::new(
        "unknown-person",
        span,
        format!("nobody called `{name}` was given"),
    );
    match suggest(name, known.people.iter().map(String::as_str)) {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .edit(span, near),
        None => diagnostic.help(format!("introduce them first: `Given a customer {name}`")),
    }
}

/// `the Ticket "x"`: a row that was given or created before.
pub(super) fn row_name(
    cursor: &mut Cursor<'_, '_>,
    known: &Known<'_>,
    pass: &mut Pass<'_>,
) -> Read<RowName> {
    cursor.eat_any(&["the", "a", "an", "her", "his", "their"]);
    let at = cursor.at;
    let Some((entity, _)) = entity_here(cursor, pass) else {
        let Some(Token::Word(word, span)) = cursor.peek() else {
            return Err(Stop::Other);
        };
        let named = matches!(cursor.tokens.get(cursor.at + 1), Some(Token::Quoted(..)));
        let near = suggest(
            word,
            pass.ir
                .entities
                .iter()
                .map(|entity| entity.name.text.as_str()),
        );
        if !named && near.is_none() {
            return Err(Stop::Other);
        }
        let diagnostic = Diagnostic::new("unknown-entity", *span, format!("`{word}` is no entity"));
        pass.out.push(match near {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .edit(*span, near),
            None => diagnostic.help("a step names an entity as its heading does"),
        });
        return Err(Stop::Reported);
    };
    let quoted_at = cursor.at;
    let name = match cursor.quoted() {
        Some(name) => name,
        // A person is a row too: `the User Ana`.
        None if entity == USER => match cursor.next() {
            Some(Token::Word(name, _)) => name.clone(),
            _ => return Err(Stop::Other),
        },
        None => {
            let of = pass
                .ir
                .entities
                .get(entity.0 as usize)
                .map_or("", |entity| entity.name.text.as_str());
            pass.out.push(
                Diagnostic::new(
                    "row-without-name",
                    cursor.span_from(at),
                    format!("which {of}? the step does not name it"),
                )
                .help(format!(
                    "write what it is shown as between quotes: `the {of} \"…\"`"
                )),
            );
            return Err(Stop::Reported);
        }
    };
    check_row(
        entity,
        &name,
        Span {
            start: cursor.span_from(quoted_at).start,
            ..cursor.span_from(quoted_at)
        },
        known,
        pass,
    );
    Ok(RowName {
        entity,
        shown_as: name,
    })
}

/// Warns of a row that nothing in the scenario has made.
fn check_row(entity: EntityId, name: &str, span: Span, known: &Known<'_>, pass: &mut Pass<'_>) {
    if known.unlisted
        || pass.made.contains(&entity)
        || known.rows.contains(&(entity, name.to_owned()))
    {
        return;
    }
    let of = pass
        .ir
        .entities
        .get(entity.0 as usize)
        .map_or("", |entity| entity.name.text.as_str());
    let mut names: Vec<&str> = known
        .rows
        .iter()
        .filter(|(of, _)| *of == entity)
        .map(|(_, name)| name.as_str())
        .collect();
    names.sort_unstable();
    let diagnostic = Diagnostic::new(
        "unknown-scenario-row",
        span,
        format!("no step before this gives or creates the {of} \"{name}\""),
    );
    pass.out.push(match suggest(name, names) {
        Some(near) => diagnostic
            .help(format!("did you mean \"{near}\"?"))
            .edit(span, format!("\"{near}\"")),
        None => diagnostic.help(format!(
            "give it first: `Given {} {of} \"{name}\"`",
            super::vocabulary::article(of)
        )),
    });
}

/// `priority high and due 2026-03-01`, of an entity's fields.
pub(super) fn field_values(
    cursor: &mut Cursor<'_, '_>,
    entity: EntityId,
    known: &Known<'_>,
    pass: &mut Pass<'_>,
) -> Read<Vec<(FieldId, SeedValue)>> {
    let names = pass.names;
    let find = |name: &str| {
        names
            .fields
            .get(entity.0 as usize)
            .and_then(|fields| fields.get(name))
            .copied()
    };
    let mut out: Vec<(FieldId, SeedValue)> = Vec::new();
    loop {
        let start = cursor.at;
        let Some((id, span)) = cursor.longest(names.longest, find) else {
            let Some(token) = cursor.peek() else {
                return Err(Stop::Other);
            };
            let text = match token {
                Token::Word(word, _) | Token::Quoted(word, _) => word.clone(),
                _ => String::new(),
            };
            pass.out.push(declare::unknown_field(
                &Text {
                    text,
                    span: token.span(),
                },
                entity,
                pass.ir,
            ));
            return Err(Stop::Reported);
        };
        if out.iter().any(|(field, _)| *field == id) {
            pass.out.push(
                Diagnostic::new(
                    "duplicate-key",
                    span,
                    "this field is given twice in one step",
                )
                .help("keep one of the two"),
            );
            return Err(Stop::Reported);
        }
        let Some(field) = pass
            .ir
            .entities
            .get(entity.0 as usize)
            .and_then(|entity| entity.fields.get(id.0 as usize))
        else {
            return Err(Stop::Other);
        };
        let value = value(
            cursor,
            &field.name.text,
            &field.ty,
            &|name| find(name).is_some(),
            known,
            pass,
            start,
        )?;
        out.push((id, value));
        if !another(cursor, names.longest, &|name| find(name).is_some(), pass) {
            return Ok(out);
        }
    }
}

/// The inputs of the operation that a step runs.
pub(super) struct Inputs<'p> {
    pub(super) parameters: &'p [Parameter],
}

/// `reason "…" and day 2026-03-01`, of an operation's inputs.
pub(super) fn input_values(
    cursor: &mut Cursor<'_, '_>,
    inputs: &Inputs<'_>,
    known: &Known<'_>,
    pass: &mut Pass<'_>,
) -> Read<Vec<(String, SeedValue)>> {
    let longest = pass.names.longest.max(4);
    let find = |name: &str| {
        inputs
            .parameters
            .iter()
            .position(|parameter| fold_name(&parameter.name.text) == name)
    };
    let mut out: Vec<(String, SeedValue)> = Vec::new();
    loop {
        let start = cursor.at;
        let found = cursor
            .longest(longest, find)
            .and_then(|(at, span)| inputs.parameters.get(at).map(|parameter| (parameter, span)));
        let Some((parameter, span)) = found else {
            let Some(token) = cursor.peek() else {
                return Err(Stop::Other);
            };
            let text = if let Token::Word(word, _) = token {
                word.as_str()
            } else {
                ""
            };
            let names: Vec<&str> = inputs
                .parameters
                .iter()
                .map(|parameter| parameter.name.text.as_str())
                .collect();
            let diagnostic = Diagnostic::new(
                "unknown-input",
                token.span(),
                format!("`{text}` is no input of this operation"),
            );
            pass.out.push(match suggest(text, names.iter().copied()) {
                Some(near) => diagnostic
                    .help(format!("did you mean `{near}`?"))
                    .edit(token.span(), near),
                None if names.is_empty() => diagnostic.help("it has no inputs; take `with …` out"),
                None => {
                    diagnostic.help(format!("its inputs are {}", super::formal::list_of(names)))
                }
            });
            return Err(Stop::Reported);
        };
        if out
            .iter()
            .any(|(name, _)| same_name(name, &parameter.name.text))
        {
            pass.out.push(
                Diagnostic::new(
                    "duplicate-key",
                    span,
                    "this input is given twice in one step",
                )
                .help("keep one of the two"),
            );
            return Err(Stop::Reported);
        }
        let value = value(
            cursor,
            &parameter.name.text,
            &parameter.ty,
            &|name| find(name).is_some(),
            known,
            pass,
            start,
        )?;
        out.push((parameter.name.text.clone(), value));
        if !another(cursor, longest, &|name| find(name).is_some(), pass) {
            return Ok(out);
        }
    }
}

/// A comma or `and` with another name behind it; takes it.
fn another(
    cursor: &mut Cursor<'_, '_>,
    longest: usize,
    find: &dyn Fn(&str) -> bool,
    pass: &Pass<'_>,
) -> bool {
    let start = cursor.at;
    if matches!(cursor.peek(), Some(Token::Comma(_))) {
        cursor.next();
    }
    cursor.eat("and");
    let mut ahead = cursor.clone();
    let more = cursor.at > start
        && (ahead
            .longest(longest, |name| find(name).then_some(()))
            .is_some()
            || !starts_person(cursor, pass))
        && !cursor.done();
    if !more {
        cursor.at = start;
    }
    more
}

fn starts_person(cursor: &Cursor<'_, '_>, pass: &Pass<'_>) -> bool {
    start_of_person(&mut cursor.clone(), pass).is_some()
}

/// A value: up to the end, or to a comma or `and` with another name behind it.
fn value(
    cursor: &mut Cursor<'_, '_>,
    name: &str,
    ty: &Type,
    find: &dyn Fn(&str) -> bool,
    known: &Known<'_>,
    pass: &mut Pass<'_>,
    start: usize,
) -> Read<SeedValue> {
    let longest = pass.names.longest.max(4);
    let at = cursor.at;
    let mut text = String::new();
    let mut quoted = Vec::new();
    let written = loop {
        match cursor.peek() {
            Some(Token::Code(code)) if cursor.at == at => {
                cursor.next();
                break Written::Code(code);
            }
            Some(Token::Quoted(part, _)) if text.is_empty() => {
                quoted.push(part.clone());
                cursor.next();
                let mark = cursor.at;
                if matches!(cursor.peek(), Some(Token::Comma(_))) {
                    cursor.next();
                }
                cursor.eat("and");
                if cursor.at == mark || !matches!(cursor.peek(), Some(Token::Quoted(..))) {
                    cursor.at = mark;
                    break Written::Quoted(quoted, cursor.span_from(at));
                }
            }
            Some(Token::Word(word, _)) => {
                if word.eq_ignore_ascii_case("by") && !text.is_empty() {
                    break plain(text, cursor.span_from(at));
                }
                if word.eq_ignore_ascii_case("and") {
                    let mut ahead = cursor.clone();
                    ahead.next();
                    if ahead
                        .longest(longest, |name| find(name).then_some(()))
                        .is_some()
                        || starts_person(&ahead, pass)
                    {
                        break plain(text, cursor.span_from(at));
                    }
                }
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(word);
                cursor.next();
            }
            Some(Token::Comma(_)) => {
                let mut ahead = cursor.clone();
                ahead.next();
                ahead.eat("and");
                if ahead
                    .longest(longest, |name| find(name).then_some(()))
                    .is_some()
                    || starts_person(&ahead, pass)
                {
                    break plain(text, cursor.span_from(at));
                }
                text.push(',');
                cursor.next();
            }
            _ => break plain(text, cursor.span_from(at)),
        }
    };
    if matches!(&written, Written::Plain(text) if text.text.is_empty()) {
        pass.out.push(
            Diagnostic::new(
                "missing-value",
                cursor.span_from(start),
                format!("`{name}` has no value"),
            )
            .help("write the value behind the name; `empty` is a value too"),
        );
        return Err(Stop::Reported);
    }
    let mut scope = known.scope.clone();
    let span = cursor.span_from(at);
    let value = values::read(&written, name, ty, &mut scope, pass).ok_or(Stop::Reported)?;
    match &value {
        SeedValue::Reference(entity, text) => reference(*entity, text, span, known, pass)?,
        SeedValue::References(entity, texts) => {
            for text in texts {
                reference(*entity, text, span, known, pass)?;
            }
        }
        _ => {}
    }
    Ok(value)
}

fn plain(text: String, span: Span) -> Written<'static> {
    Written::Plain(Text { text, span })
}

fn reference(
    entity: EntityId,
    text: &str,
    span: Span,
    known: &Known<'_>,
    pass: &mut Pass<'_>,
) -> Read<()> {
    if entity == USER {
        if known.person(text).is_none() {
            pass.out.push(unknown_person(text, span, known));
            return Err(Stop::Reported);
        }
    } else {
        check_row(entity, text, span, known, pass);
    }
    Ok(())
}
