//! The Rules cell of a field: each phrase, and whether the phrases fit the type and each other.

use super::field_defaults::{computed, default};
use super::formal::{self, list_of};
use super::ident;
use super::literal;
use super::types::{describe, is_text};
use super::{Pass, values};
use crate::expr::{Expr, ExprKind, Literal};
use crate::ir::{EntityId, Field, FieldDefault, FieldId, Name, OnDelete, Type};
use crate::scope::Scope;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{fold_name, suggest};
use specc_syntax::span::Span;
use specc_syntax::tree::{Line, Text};

/// The phrases, for suggestions.
const PHRASES: &[&str] = &[
    "required",
    "unique",
    "read-only",
    "fixed",
    "private",
    "searchable",
    "indexed",
    "default",
    "computed",
    "matches",
    "at least",
    "at most",
    "on delete cascade",
    "on delete empty",
    "on delete refuse",
    "on delete keep",
    "was",
];

/// Where each phrase that can clash with others stands.
#[derive(Default)]
struct Seen {
    required: Option<Span>,
    unique: Option<Span>,
    indexed: Option<Span>,
    fixed: Option<Span>,
    default: Option<Span>,
    computed: Option<Span>,
    on_delete: Option<Span>,
    searchable: Option<Span>,
    read_only: Option<Span>,
}

/// Reads the cell; gives the field with all it says.
pub(super) fn read(
    cell: &Line,
    entity: EntityId,
    id: FieldId,
    scope: &mut Scope<'_>,
    pass: &mut Pass<'_>,
) -> Option<Field> {
    let mut field = pass
        .ir
        .entities
        .get(entity.0 as usize)?
        .fields
        .get(id.0 as usize)?
        .clone();
    let mut seen = Seen::default();
    for phrase in phrases(cell) {
        one(&phrase, entity, &mut field, &mut seen, scope, pass);
    }
    together(&field, &seen, pass);
    if ident::is(&field.name) {
        ident::check(&mut field, seen.computed, seen.default, pass);
    }
    // A row that a required field refers to cannot go, unless the field says what happens.
    if field.required
        && seen.on_delete.is_none()
        && matches!(field.ty, Type::Ref(_))
        && field.on_delete == OnDelete::Empty
    {
        field.on_delete = OnDelete::Refuse;
    }
    Some(field)
}

/// The phrases of the cell. A pattern without backticks may hold commas.
fn phrases(cell: &Line) -> Vec<Line> {
    let parts = cell.split_commas();
    let mut out: Vec<Line> = Vec::new();
    for part in parts {
        if let Some(last) = out.last_mut() {
            let text = last.plain();
            let open = text
                .strip_prefix("matches /")
                .is_some_and(|rest| !rest.ends_with('/') || rest.ends_with("\\/"));
            if open
                && last
                    .pieces
                    .iter()
                    .all(|piece| matches!(piece, specc_syntax::tree::Piece::Text { .. }))
            {
                let start = last.span.start.saturating_sub(cell.span.start) as usize;
                let end = part.span.end.saturating_sub(cell.span.start) as usize;
                *last = cell.slice(start, end);
                continue;
            }
        }
        out.push(part);
    }
    out
}

/// The rest of a phrase behind its first `count` bytes.
fn rest(phrase: &Line, count: usize) -> Line {
    let joined = phrase.joined();
    let skipped = joined.len() - joined.trim_start().len();
    phrase.slice(skipped + count, joined.len())
}

fn one(
    phrase: &Line,
    entity: EntityId,
    field: &mut Field,
    seen: &mut Seen,
    scope: &mut Scope<'_>,
    pass: &mut Pass<'_>,
) {
    let plain = phrase.plain();
    let lower = plain.to_lowercase();
    let span = phrase.span;
    if misspelt_unit(&plain, span, pass) {
        return;
    }
    match fold_name(&plain).as_str() {
        "required" => {
            field.required = true;
            seen.required = Some(span);
            return;
        }
        "unique" => {
            field.unique = true;
            seen.unique = Some(span);
            return;
        }
        "readonly" => {
            field.read_only = true;
            seen.read_only = Some(span);
            return;
        }
        "fixed" => {
            field.fixed = true;
            seen.fixed = Some(span);
            return;
        }
        "private" => {
            field.private = true;
            return;
        }
        "searchable" => {
            field.searchable = true;
            seen.searchable = Some(span);
            return;
        }
        "indexed" => {
            field.indexed = true;
            seen.indexed = Some(span);
            return;
        }
        _ => {}
    }
    if lower.starts_with("default ") {
        seen.default = Some(span);
        default(&rest(phrase, 8), field, scope, pass);
    } else if lower.starts_with("computed ") {
        seen.computed = Some(span);
        computed(&rest(phrase, 9), field, scope, pass);
    } else if lower.starts_with("matches ") {
        pattern(&rest(phrase, 8), field, pass);
    } else if lower.starts_with("on delete ") {
        seen.on_delete = Some(span);
        on_delete(&rest(phrase, 10).to_text(), entity, field, pass);
    } else if lower.starts_with("was ") {
        let name = formal::bare(&rest(phrase, 4));
        field.was = Some(Name {
            text: name.text,
            span: name.span,
        });
    } else if lower.starts_with("at least ") || lower.starts_with("at most ") {
        let least = lower.starts_with("at least ");
        let value = formal::bare(&rest(phrase, if least { 9 } else { 8 }));
        bound(&value, least, !least, field, pass);
    } else if let Some((low, high)) = plain.split_once("..") {
        let text = formal::bare(phrase);
        let high_start = u32::try_from(low.len() + 2).unwrap_or(0);
        let (count, unit) = match high.trim().split_once(' ') {
            Some((count, unit)) if counts(&fold_name(unit)) => (count, unit),
            _ => (high.trim(), ""),
        };
        let low_text = Text {
            text: format!("{} {unit}", low.trim()).trim().to_owned(),
            span: Span {
                end: text.span.start + high_start.saturating_sub(2),
                ..text.span
            },
        };
        let high_text = Text {
            text: format!("{count} {unit}").trim().to_owned(),
            span: Span {
                start: (text.span.start + high_start).min(text.span.end),
                ..text.span
            },
        };
        bound(&low_text, true, false, field, pass);
        bound(&high_text, false, true, field, pass);
    } else if lower
        .split_once(' ')
        .is_some_and(|(count, unit)| count.parse::<u32>().is_ok() && counts(&fold_name(unit)))
    {
        bound(&formal::bare(phrase), true, true, field, pass);
    } else {
        let mut diagnostic = Diagnostic::new(
            "unknown-field-rule",
            span,
            format!("`{plain}` is no rule of a field"),
        );
        let first = plain.split_whitespace().next().unwrap_or("");
        let near = suggest(&plain, PHRASES.iter().copied());
        diagnostic = match (near, suggest(first, PHRASES.iter().copied())) {
            (Some(near), _) => diagnostic.help(format!("did you mean `{near}`?")).edit(span, near),
            (None, Some(near)) => diagnostic.help(format!("did you mean `{near} …`?")),
            (None, None) => diagnostic.help(format!(
                "rules of a field are {}, and bounds such as `3..120 characters`; prose belongs into an `About` column",
                list_of(PHRASES.iter().copied())
            )),
        };
        pass.out.push(diagnostic);
    }
}

/// A bound whose unit is nearly `characters` or `entries`.
fn misspelt_unit(plain: &str, span: Span, pass: &mut Pass<'_>) -> bool {
    let Some((before, unit)) = plain.rsplit_once(' ') else {
        return false;
    };
    if counts(&fold_name(unit)) || !before.ends_with(|letter: char| letter.is_ascii_digit()) {
        return false;
    }
    let Some(near) = suggest(unit, ["characters", "entries", "character"]) else {
        return false;
    };
    pass.out.push(
        Diagnostic::new(
            "unknown-field-rule",
            span,
            format!("`{unit}` is nothing that is counted here"),
        )
        .help(format!("did you mean `{near}`?"))
        .edit(span, format!("{before} {near}")),
    );
    true
}

fn counts(unit: &str) -> bool {
    matches!(unit, "character" | "characters" | "entry" | "entries")
}

pub(super) fn does_not_fit(what: &str, span: Span, field: &Field, pass: &mut Pass<'_>, help: &str) {
    let ty = describe(&field.ty, pass.ir);
    if field.ty == Type::Empty {
        return;
    }
    pass.out.push(
        Diagnostic::new(
            "rule-does-not-fit",
            span,
            format!(
                "{what} does not fit field `{}` of type {ty}",
                field.name.text
            ),
        )
        .help(help),
    );
}

/// One bound, or both at once: of the length where characters are counted, else of the value.
fn bound(text: &Text, low: bool, high: bool, field: &mut Field, pass: &mut Pass<'_>) {
    let (count, unit) = text.text.split_once(' ').unwrap_or((&text.text, ""));
    let listed = matches!(field.ty, Type::List(_) | Type::Many(_));
    if counts(&fold_name(unit)) || listed {
        if !listed && !is_text(&field.ty) {
            does_not_fit(
                "a number of characters",
                text.span,
                field,
                pass,
                "bounds of a value are written without a unit: `1..10`",
            );
            return;
        }
        let Ok(count) = count.parse::<u32>() else {
            pass.out.push(
                Diagnostic::new(
                    "bad-value",
                    text.span,
                    format!("`{count}` is no number of characters or entries"),
                )
                .help("write a whole number, such as `120 characters`"),
            );
            return;
        };
        if low {
            field.length.0 = Some(count);
        }
        if high {
            field.length.1 = Some(count);
        }
        if let (Some(least), Some(most)) = field.length
            && least > most
        {
            pass.out.push(
                Diagnostic::new(
                    "empty-range",
                    text.span,
                    format!("at least {least} and at most {most} characters cannot both hold"),
                )
                .help("swap the two"),
            );
        }
        return;
    }
    if is_text(&field.ty) {
        does_not_fit(
            "a bound without a unit",
            text.span,
            field,
            pass,
            "say what is counted: `3..120 characters`",
        );
        return;
    }
    if !matches!(
        field.ty,
        Type::Integer
            | Type::Decimal(_)
            | Type::Money
            | Type::Percent
            | Type::Date
            | Type::Time
            | Type::Timestamp
            | Type::Duration
    ) {
        does_not_fit(
            "a bound",
            text.span,
            field,
            pass,
            "bounds fit numbers, dates, times and durations",
        );
        return;
    }
    let Some(literal) = plain_literal(text, &field.ty, pass) else {
        return;
    };
    let expr = Expr {
        kind: ExprKind::Literal(literal),
        ty: field.ty.clone(),
        span: text.span,
    };
    if low {
        field.at_least = Some(expr.clone());
    }
    if high {
        field.at_most = Some(expr);
    }
    if let (Some(least), Some(most)) = (
        field.at_least.as_ref().and_then(amount),
        field.at_most.as_ref().and_then(amount),
    ) && least > most
    {
        pass.out.push(
            Diagnostic::new(
                "empty-range",
                text.span,
                format!("no value of `{}` is in this range", field.name.text),
            )
            .help("swap the two bounds"),
        );
    }
}

/// The number behind an ordered literal.
fn amount(expr: &Expr) -> Option<i64> {
    match &expr.kind {
        ExprKind::Literal(
            Literal::Integer(value) | Literal::Decimal(value) | Literal::Time(value),
        )
        | ExprKind::Literal(Literal::Timestamp(value) | Literal::Duration(value)) => Some(*value),
        ExprKind::Literal(Literal::Date(days)) => Some(i64::from(*days)),
        _ => None,
    }
}

/// A literal that must be one; reported otherwise.
pub(super) fn plain_literal(text: &Text, ty: &Type, pass: &mut Pass<'_>) -> Option<Literal> {
    match literal::read(&text.text, ty, pass.ir) {
        Ok(literal) => Some(literal),
        Err(wrong) => {
            pass.out
                .push(values::wrong_value(text, ty, &wrong, pass.ir));
            None
        }
    }
}

fn pattern(value: &Line, field: &mut Field, pass: &mut Pass<'_>) {
    let text = formal::bare(value);
    if !is_text(&field.ty) || field.ty == Type::Password {
        does_not_fit("a pattern", text.span, field, pass, "patterns fit texts");
        return;
    }
    let Some(inner) = text
        .text
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix('/'))
    else {
        pass.out.push(
            Diagnostic::new("bad-pattern", text.span, "a pattern stands between slashes")
                .help("write for example `matches /[A-Z]{2}[0-9]+/`, between backticks where it holds a comma"),
        );
        return;
    };
    let inner = inner.replace("\\/", "/");
    match regex::Regex::new(&format!("^(?:{inner})$")) {
        Ok(_) => field.pattern = Some(inner),
        Err(error) => {
            let reason = error.to_string();
            let reason = reason
                .lines()
                .last()
                .unwrap_or("")
                .trim_start_matches("error: ")
                .to_owned();
            pass.out.push(
                Diagnostic::new(
                    "bad-pattern",
                    text.span,
                    format!("`{inner}` is no regular expression: {reason}"),
                )
                .help(
                    "the whole text must match; look-around and back-references do not exist here",
                ),
            );
        }
    }
}

fn on_delete(text: &Text, entity: EntityId, field: &mut Field, pass: &mut Pass<'_>) {
    let choice = match fold_name(&text.text).as_str() {
        "cascade" => OnDelete::Cascade,
        "empty" => OnDelete::Empty,
        "refuse" => OnDelete::Refuse,
        "keep" => OnDelete::Keep,
        _ => {
            pass.out.push(
                Diagnostic::new(
                    "unknown-field-rule",
                    text.span,
                    format!("`on delete {}` is not known", text.text),
                )
                .help("write `on delete cascade`, `empty`, `refuse` or `keep`"),
            );
            return;
        }
    };
    let Type::Ref(target) = field.ty else {
        if !matches!(field.ty, Type::Empty) {
            does_not_fit(
                "`on delete`",
                text.span,
                field,
                pass,
                "it says what happens when the row goes that a reference names",
            );
        }
        return;
    };
    if choice == OnDelete::Keep && target != crate::ir::USER {
        does_not_fit(
            "`on delete keep`",
            text.span,
            field,
            pass,
            "it keeps a nameless stub of a deleted User; other rows have no stub",
        );
        return;
    }
    let parent = pass
        .ir
        .entities
        .get(entity.0 as usize)
        .and_then(|entity| entity.parent);
    if parent.is_some_and(|parent| pass.names.field(entity, &field.name.text) == Some(parent.field))
        && choice != OnDelete::Cascade
    {
        pass.out.push(
            Diagnostic::new(
                "conflicting-rules",
                text.span,
                "a child goes with its parent, so nothing else can happen on delete",
            )
            .help("take `on delete` out, or use a reference instead of `Part of`"),
        );
        return;
    }
    field.on_delete = choice;
}

/// What several phrases say together.
fn together(field: &Field, seen: &Seen, pass: &mut Pass<'_>) {
    let mut clash = |span: Span, other: Span, message: &str, help: &str| {
        pass.out.push(
            Diagnostic::new("conflicting-rules", span, message)
                .label(other, "with this")
                .help(help),
        );
    };
    if let Some(computed) = seen.computed {
        for (span, word) in [
            (seen.required, "required"),
            (seen.unique, "unique"),
            (seen.fixed, "fixed"),
            (seen.default, "default"),
            (seen.on_delete, "on delete"),
            (seen.read_only, "read-only"),
            (seen.searchable, "searchable"),
        ] {
            if let Some(span) = span {
                clash(
                    span,
                    computed,
                    &format!("a computed field is never written, so `{word}` says nothing"),
                    "take one of the two out",
                );
            }
        }
    }
    if let (Some(span), Some(required), OnDelete::Empty) =
        (seen.on_delete, seen.required, field.on_delete)
    {
        clash(
            span,
            required,
            "a required reference cannot be emptied",
            "write `on delete refuse` or `on delete cascade`",
        );
    }
    if field.lifecycle
        && let Some(fixed) = seen.fixed
    {
        clash(
            fixed,
            field.name.span,
            "the field of a lifecycle changes by its steps, so it cannot be fixed",
            "take `fixed` out",
        );
    }
    if field.lifecycle
        && let Some(computed) = seen.computed
    {
        clash(
            computed,
            field.name.span,
            "the field of a lifecycle changes by its steps, so it cannot be computed",
            "take `computed` out",
        );
    }
    if let Some(span) = seen.searchable
        && !matches!(
            field.ty,
            Type::Text
                | Type::LongText
                | Type::Markdown
                | Type::Email
                | Type::Url
                | Type::Slug(_)
                | Type::List(_)
        )
    {
        does_not_fit("`searchable`", span, field, pass, "search looks into texts");
    }
    if let Some(span) = seen.indexed
        && matches!(field.ty, Type::Password | Type::Secret)
    {
        does_not_fit(
            "`indexed`",
            span,
            field,
            pass,
            "nothing compares what is hidden",
        );
    }
    if let Some(span) = seen.unique
        && matches!(
            field.ty,
            Type::List(_) | Type::Many(_) | Type::Json | Type::Password | Type::Secret
        )
    {
        does_not_fit(
            "`unique`",
            span,
            field,
            pass,
            "a field with one comparable value can be unique",
        );
    }
}

/// The default value is the choice's value at this position.
pub(super) fn default_state(field: &Field) -> Option<u32> {
    match &field.default {
        Some(FieldDefault::Value(Expr {
            kind: ExprKind::Literal(Literal::Choice(_, at)),
            ..
        })) => Some(*at),
        _ => None,
    }
}
