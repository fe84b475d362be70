//! Rules: `on create:` and the like, `unique (…) where …`, conditions.

use super::names::field_of;
use super::syntax::{Node, Parser};
use super::token::Fail;
use super::types::field_at;
use super::typing::Typer;
use crate::expr::{Expr, ExprKind, FieldRef};
use crate::ir::{FieldId, RuleCheck, RuleOn, Type};
use crate::scope::Scope;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::tree::Code;

/// A rule, untyped.
struct RuleNode {
    on: Vec<RuleOn>,
    check: Check,
}

enum Check {
    Holds(Node),
    Unique {
        fields: Vec<(usize, usize)>,
        ranges: Vec<((usize, usize), (usize, usize))>,
        when: Option<Node>,
        place: (usize, usize),
    },
}

/// A rule of an entity: when it is looked at, and what it demands. The clock, `me` and `old` are known
/// only behind `on create:`, `on update:` and `on delete:` (`old` not on create).
pub fn rule(
    scope: &mut Scope<'_>,
    code: &Code,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Vec<RuleOn>, RuleCheck)> {
    let (me, clock, old) = (scope.me, scope.clock, scope.old);
    let mut typer = Typer::new(scope, code, diagnostics);
    let index = typer.index;
    let parsed =
        Parser::new(&code.text, 0, code.text.len(), index).and_then(|mut parser| read(&mut parser));
    let found = match parsed {
        Ok(node) => {
            let always = node.on == [RuleOn::Always];
            typer.at_rest = always;
            typer.scope.me = !always;
            typer.scope.clock = !always;
            typer.scope.old = !always && !node.on.contains(&RuleOn::Create);
            check(&mut typer, node)
        }
        Err(fail) => {
            typer.fail(fail);
            None
        }
    };
    (scope.me, scope.clock, scope.old) = (me, clock, old);
    found
}

const VERBS: [(&str, RuleOn); 3] = [
    ("create", RuleOn::Create),
    ("update", RuleOn::Update),
    ("delete", RuleOn::Delete),
];

fn read(parser: &mut Parser<'_>) -> Result<RuleNode, Fail> {
    let mut on = vec![RuleOn::Always];
    if parser.is_word(0, "on") && VERBS.iter().any(|(verb, _)| parser.is_word(1, verb)) {
        on.clear();
        loop {
            parser.take_words(&["on"]);
            let (start, end) = parser.place();
            let verb = VERBS
                .iter()
                .find(|(verb, _)| parser.take_words(&[*verb]))
                .map(|(_, verb)| *verb);
            match verb {
                None => {
                    return Err(parser
                        .expected("`create`, `update` or `delete`")
                        .help("write `on create, update: …`"));
                }
                Some(verb) if on.contains(&verb) => {
                    return Err(Fail::new(start, end, "this operation is named twice")
                        .named("duplicate-name")
                        .help("take one of the two out"));
                }
                Some(verb) => on.push(verb),
            }
            if !parser.take_sign(",") {
                break;
            }
        }
        if !parser.take_sign(":") {
            return Err(parser.expected("`:`").help("write `on create: …`"));
        }
    }
    if !(parser.is_word(0, "unique") && parser.is_sign(1, "(")) {
        let node = parser.expression()?;
        parser.finish()?;
        return Ok(RuleNode {
            on,
            check: Check::Holds(node),
        });
    }
    let (start, _) = parser.place();
    parser.take_words(&["unique"]);
    parser.take_sign("(");
    let (mut fields, mut ranges) = (Vec::new(), Vec::new());
    loop {
        let first = parser.name("a field")?;
        if parser.take_sign("..") {
            ranges.push((first, parser.name("the field in which the range ends")?));
        } else {
            fields.push(first);
        }
        if !parser.take_sign(",") {
            break;
        }
    }
    if !parser.take_sign(")") {
        return Err(parser
            .expected("`)`")
            .help("write for example `unique (room, starts..ends)`"));
    }
    let place = (start, parser.last_end());
    let when = if parser.take_words(&["where"]) {
        Some(parser.expression()?)
    } else {
        None
    };
    parser.finish()?;
    Ok(RuleNode {
        on,
        check: Check::Unique {
            fields,
            ranges,
            when,
            place,
        },
    })
}

fn check(typer: &mut Typer<'_, '_>, node: RuleNode) -> Option<(Vec<RuleOn>, RuleCheck)> {
    let (fields, ranges, when, place) = match node.check {
        Check::Holds(condition) => {
            return Some((node.on, RuleCheck::Holds(typer.condition(&condition)?)));
        }
        Check::Unique {
            fields,
            ranges,
            when,
            place,
        } => (fields, ranges, when, place),
    };
    if node.on != [RuleOn::Always] {
        let span = typer.span(place.0, place.1);
        typer.report(
            "unique-condition",
            span,
            "`unique` holds for every row at rest",
            "take `on …:` out",
        );
        return None;
    }
    let entity = typer.scope.this?;
    let mut good = true;
    let mut own = Vec::new();
    for field in fields {
        match plain_field(typer, entity, field) {
            Some((id, ty))
                if !matches!(
                    ty,
                    Type::List(_) | Type::Many(_) | Type::Json | Type::Password | Type::Secret
                ) =>
            {
                own.push(id)
            }
            Some(_) => {
                let span = typer.span(field.0, field.1);
                typer.report(
                    "type-mismatch",
                    span,
                    "rows are told apart by fields with a single value",
                    "take this field out",
                );
                good = false;
            }
            None => good = false,
        }
    }
    let mut spans = Vec::new();
    for (from, to) in ranges {
        match (
            plain_field(typer, entity, from),
            plain_field(typer, entity, to),
        ) {
            (Some((start, first)), Some((end, last))) => {
                let ranged = matches!(
                    first,
                    Type::Date
                        | Type::Time
                        | Type::Timestamp
                        | Type::Integer
                        | Type::Decimal(_)
                        | Type::Money
                );
                if !ranged || first != last {
                    let span = typer.span(from.0, to.1);
                    typer.report(
                        "type-mismatch",
                        span,
                        "a range goes between two fields of one type",
                        "use two dates, times, timestamps, integers, decimals or amounts",
                    );
                    good = false;
                }
                spans.push((start, end));
            }
            _ => good = false,
        }
    }
    let when = match when {
        Some(node) => {
            let condition = typer.condition(&node)?;
            if let Some(span) = beyond_the_row(&condition) {
                typer.report(
                    "unique-condition",
                    span,
                    "the condition of `unique` sees nothing but the row itself",
                    "compare the row's own fields with values",
                );
                return None;
            }
            Some(condition)
        }
        None => None,
    };
    good.then_some((
        vec![RuleOn::Always],
        RuleCheck::Unique {
            fields: own,
            ranges: spans,
            when,
        },
    ))
}

fn plain_field(
    typer: &mut Typer<'_, '_>,
    entity: crate::ir::EntityId,
    place: (usize, usize),
) -> Option<(FieldId, Type)> {
    let folded = specc_syntax::names::fold_name(typer.slice(place.0, place.1));
    if let Some((FieldRef::Field(id), ty)) = field_of(typer, entity, &folded) {
        return Some((id, ty));
    }
    field_at(typer, entity, place).map(|id| (id, Type::Empty))
}

/// The first place that looks beyond the row's own fields.
fn beyond_the_row(expr: &Expr) -> Option<specc_syntax::span::Span> {
    match &expr.kind {
        ExprKind::Aggregate(_) | ExprKind::CanRead(..) | ExprKind::HasRole(..) => Some(expr.span),
        ExprKind::Field(base, ..) => (!matches!(base.kind, ExprKind::Var(_))).then_some(expr.span),
        ExprKind::Unary(_, inner) | ExprKind::IsSet(inner) | ExprKind::IsEmpty(inner) => {
            beyond_the_row(inner)
        }
        ExprKind::Binary(_, left, right) => beyond_the_row(left).or_else(|| beyond_the_row(right)),
        ExprKind::OneOf(value, options) => {
            beyond_the_row(value).or_else(|| options.iter().find_map(beyond_the_row))
        }
        ExprKind::If(condition, then, otherwise) => [condition, then, otherwise]
            .into_iter()
            .find_map(|part| beyond_the_row(part)),
        ExprKind::Join(parts) | ExprKind::Call(_, parts) | ExprKind::Function(_, parts) => {
            parts.iter().find_map(beyond_the_row)
        }
        _ => None,
    }
}
