//! When: what somebody does.

use super::given::row;
use super::literal;
use super::scenario::Known;
use super::step_parts::{Inputs, actor, field_values, input_values, row_name};
use super::steps::{Read, Stop, clock, end, entity_here, entity_or_report};
use super::tokens::{Cursor, Token};
use super::{Pass, values};
use crate::ir::{Operation, USER};
use crate::scenario::{Actor, Doing, StepKind};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{fold_name, suggest};

pub(super) fn when(
    tokens: &[Token<'_>],
    known: &mut Known<'_>,
    pass: &mut Pass<'_>,
) -> Read<Vec<StepKind>> {
    let (tokens, times, together) = at_the_same_time(tokens);
    let mut cursor = Cursor::new(tokens);
    if let [first @ .., Token::Word(last, _)] = tokens
        && matches!(last.as_str(), "pass" | "passes" | "later")
    {
        let text: Vec<&str> = first
            .iter()
            .filter_map(|token| {
                if let Token::Word(word, _) = token {
                    Some(word.as_str())
                } else {
                    None
                }
            })
            .collect();
        let millis = literal::duration(&text.join(" ")).ok_or(Stop::Other)?;
        return Ok(vec![StepKind::Pass(millis)]);
    }
    if cursor.eat("it is") {
        return clock(&mut cursor, pass);
    }
    if cursor.eat_any(&["a visitor signs up as", "the visitor signs up as"]) {
        let name = match cursor.next() {
            Some(Token::Word(name, _) | Token::Quoted(name, _)) => name.clone(),
            _ => return Err(Stop::Other),
        };
        end(&cursor, pass)?;
        if known.person(&name).is_none() {
            known.people.push(name.clone());
            known.rows.insert((USER, name.clone()));
        }
        return Ok(vec![StepKind::Does {
            actors: vec![Actor::Visitor],
            what: Doing::SignUp(name),
            times,
        }]);
    }
    let verb = (1..tokens.len().min(24)).find(|at| matches!(tokens.get(*at), Some(Token::Word(word, _)) if VERBS.contains(&word.to_lowercase().as_str())));
    if verb.is_none() {
        return Err(Stop::Other);
    }
    let mut actors = vec![actor(&mut cursor, known, pass)?];
    while Some(cursor.at) != verb {
        if matches!(cursor.peek(), Some(Token::Comma(_))) {
            cursor.next();
        }
        cursor.eat("and");
        if Some(cursor.at) == verb {
            break;
        }
        actors.push(actor(&mut cursor, known, pass)?);
    }
    if actors.len() > 1 && !together {
        pass.out.push(
            Diagnostic::new(
                "unknown-step",
                cursor.span_from(0),
                "several people act in one step, and the step does not say how",
            )
            .help("end it with `at the same time`, or write a step for each"),
        );
        return Err(Stop::Reported);
    }
    let what = doing(&mut cursor, known, pass)?;
    end(&cursor, pass)?;
    Ok(vec![StepKind::Does {
        actors,
        what,
        times,
    }])
}

const VERBS: &[&str] = &[
    "creates", "create", "reads", "read", "updates", "update", "deletes", "delete", "lists",
    "list", "does", "do",
];

/// Takes `at the same time` and `10 times` from the end.
fn at_the_same_time<'t, 'l>(tokens: &'t [Token<'l>]) -> (&'t [Token<'l>], u32, bool) {
    let word = |at: usize| match tokens.get(at) {
        Some(Token::Word(word, _)) => word.to_lowercase(),
        _ => String::new(),
    };
    let len = tokens.len();
    let ends = len >= 4
        && ["at", "the", "same", "time"]
            .iter()
            .enumerate()
            .all(|(at, part)| word(len - 4 + at) == *part);
    if !ends {
        return (tokens, 1, false);
    }
    let rest = tokens.get(..len - 4).unwrap_or(tokens);
    if rest.len() >= 2
        && word(rest.len() - 1) == "times"
        && let Ok(times) = word(rest.len() - 2).parse::<u32>()
    {
        return (
            rest.get(..rest.len() - 2).unwrap_or(rest),
            times.clamp(1, 1000),
            true,
        );
    }
    (rest, 1, true)
}

fn doing(cursor: &mut Cursor<'_, '_>, known: &mut Known<'_>, pass: &mut Pass<'_>) -> Read<Doing> {
    let start = cursor.at;
    let verb = cursor.word().map(str::to_lowercase).ok_or(Stop::Other)?;
    cursor.next();
    match verb.as_str() {
        "creates" | "create" => {
            cursor.eat_any(&["a", "an", "the"]);
            let (entity, _) = entity_or_report(cursor, pass)?;
            let (row, by) = row(cursor, entity, start, known, pass)?;
            if by.is_some() {
                pass.out.push(
                    Diagnostic::new(
                        "unknown-step",
                        cursor.span_from(start),
                        "who creates the row is its author, so `by` says nothing",
                    )
                    .help("take `by …` out"),
                );
                return Err(Stop::Reported);
            }
            known.note(std::slice::from_ref(&row), pass.ir);
            Ok(Doing::Create(row))
        }
        "reads" | "read" => Ok(Doing::Read(row_name(cursor, known, pass)?)),
        "deletes" | "delete" => Ok(Doing::Delete(row_name(cursor, known, pass)?)),
        "lists" | "list" => {
            cursor.eat_any(&["the", "all"]);
            Ok(Doing::List(entity_or_report(cursor, pass)?.0))
        }
        "updates" | "update" => {
            let row = row_name(cursor, known, pass)?;
            if !cursor.eat_any(&["with", "to"]) {
                return Err(Stop::Other);
            }
            let values = field_values(cursor, row.entity, known, pass)?;
            if let Some(name) = values::naming_text(row.entity, &values, pass.ir) {
                known.rows.insert((row.entity, name));
            }
            Ok(Doing::Update(row, values))
        }
        _ => run(cursor, known, pass),
    }
}

/// `does take over on the Ticket "x" with reason "…"`.
fn run(cursor: &mut Cursor<'_, '_>, known: &mut Known<'_>, pass: &mut Pass<'_>) -> Read<Doing> {
    let start = cursor.at;
    let mut words: Vec<&str> = Vec::new();
    while let Some(Token::Word(word, _)) = cursor.peek() {
        let here = word.eq_ignore_ascii_case("on") && {
            let mut ahead = cursor.clone();
            ahead.next();
            ahead.eat_any(&["the", "a", "an"]);
            entity_here(&mut ahead, pass).is_some()
        };
        if here || (word.eq_ignore_ascii_case("with") && !words.is_empty()) {
            break;
        }
        words.push(word);
        cursor.next();
    }
    let span = cursor.span_from(start);
    let name = words.join(" ");
    let folded = fold_name(&name);
    let row = if cursor.eat("on") {
        Some(row_name(cursor, known, pass)?)
    } else {
        None
    };
    let on = row.as_ref().map(|row| row.entity);
    let step = on.and_then(|entity| {
        pass.names
            .steps
            .get(&(entity, folded.clone()))
            .map(|name| Operation::Step(entity, name.clone()))
    });
    let action = pass.names.actions.get(&(on, folded)).copied();
    let (operation, inputs) = match (step, action) {
        (Some(step), action) => (step, action),
        (None, Some(action)) => (Operation::Action(action), Some(action)),
        (None, None) => {
            let steps = pass
                .names
                .steps
                .iter()
                .filter(|((entity, _), _)| Some(*entity) == on)
                .map(|(_, name)| name.as_str());
            let actions = pass
                .ir
                .actions
                .iter()
                .filter(|action| action.on == on)
                .map(|action| action.name.text.as_str());
            let mut all: Vec<&str> = steps.chain(actions).collect();
            all.sort_unstable();
            all.dedup();
            let of = on
                .and_then(|id| pass.ir.entities.get(id.0 as usize))
                .map_or_else(
                    || "on its own".to_owned(),
                    |entity| format!("of {}", entity.name.text),
                );
            let diagnostic = Diagnostic::new(
                "unknown-operation",
                span,
                format!("`{name}` is no step or action {of}"),
            );
            pass.out.push(match suggest(&name, all.iter().copied()) {
                Some(near) => diagnostic
                    .help(format!("did you mean `{near}`?"))
                    .edit(span, near),
                None if all.is_empty() => {
                    diagnostic.help("an action on a row is written `does name on the Entity \"x\"`")
                }
                None => diagnostic.help(format!("there are {}", super::formal::list_of(all))),
            });
            return Err(Stop::Reported);
        }
    };
    let parameters = inputs
        .and_then(|id| pass.ir.actions.get(id.0 as usize))
        .map(|action| action.inputs.as_slice())
        .unwrap_or_default();
    let values = if cursor.eat("with") {
        input_values(cursor, &Inputs { parameters }, known, pass)?
    } else {
        Vec::new()
    };
    Ok(Doing::Run(operation, row, values))
}
