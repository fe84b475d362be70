//! The forms of steps. The vocabulary is closed: what fits no form is an error that shows the nearest ones.

use super::Pass;
use super::given::given;
use super::literal;
use super::scenario::Known;
use super::then::then;
use super::tokens::{Cursor, Token, tokens};
use super::when::when;
use crate::ir::EntityId;
use crate::scenario::StepKind;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{fold_name, suggest};
use specc_syntax::tree::{Line, Table};

/// What a step is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Given,
    When,
    Then,
}

/// Why a form gives no step.
pub(super) enum Stop {
    /// It is another form.
    Other,
    /// It is this form, and what is wrong was reported.
    Reported,
}

/// What a form gives.
pub(super) type Read<T> = Result<T, Stop>;

/// The forms, for `specc steps` and for suggestions.
pub(super) const FORMS: &[(Mode, &str)] = &[
    (Mode::Given, "a customer Ana with city \"Rome\""),
    (Mode::Given, "customers Ana and Bob"),
    (
        Mode::Given,
        "a Ticket \"x\" by Ana with priority high and due 2026-03-01",
    ),
    (Mode::Given, "3 Tickets by Ana with priority high"),
    (Mode::Given, "these Tickets:"),
    (Mode::Given, "it is 2026-03-01 10:00"),
    (Mode::When, "Ana creates a Ticket \"x\" with priority high"),
    (Mode::When, "Ana reads the Ticket \"x\""),
    (
        Mode::When,
        "Ana updates the Ticket \"x\" with priority high",
    ),
    (Mode::When, "Ana deletes the Ticket \"x\""),
    (Mode::When, "Ana lists Tickets"),
    (
        Mode::When,
        "Ana does solve on the Ticket \"x\" with reason \"…\"",
    ),
    (Mode::When, "a visitor signs up as Eve"),
    (Mode::When, "15 days pass"),
    (Mode::When, "Ana and Bob … at the same time"),
    (Mode::When, "Ana … 10 times at the same time"),
    (Mode::Then, "it succeeds"),
    (Mode::Then, "it is refused"),
    (Mode::Then, "it is refused as not found"),
    (Mode::Then, "it is refused as forbidden"),
    (Mode::Then, "it is refused as invalid"),
    (Mode::Then, "it is refused with \"sentence\""),
    (Mode::Then, "exactly 1 of them succeeds"),
    (
        Mode::Then,
        "the Ticket \"x\" has status solved and assignee empty",
    ),
    (Mode::Then, "Ana sees 2 Tickets"),
    (Mode::Then, "Ana sees 2 Tickets in the order \"a\", \"b\""),
    (Mode::Then, "Ana sees the Ticket \"x\""),
    (Mode::Then, "Ana does not see the Ticket \"x\""),
    (Mode::Then, "there are 0 Comments"),
    (Mode::Then, "Ana gets 1 e-mail \"…\""),
    (Mode::Then, "`expression` holds"),
];

/// Reads a step; what is wrong with it is reported.
pub(super) fn read(
    line: &Line,
    mode: Mode,
    table: Option<&Table>,
    known: &mut Known<'_>,
    pass: &mut Pass<'_>,
) -> Vec<StepKind> {
    let tokens = tokens(line);
    let result = match mode {
        Mode::Given => given(&tokens, table, known, pass),
        Mode::When => when(&tokens, known, pass),
        Mode::Then => then(&tokens, known, pass),
    };
    match result {
        Ok(steps) => steps,
        Err(Stop::Reported) => Vec::new(),
        Err(Stop::Other) => {
            if !not_yet(&tokens, line, pass) {
                unknown(line, mode, pass);
            }
            Vec::new()
        }
    }
}

fn unknown(line: &Line, mode: Mode, pass: &mut Pass<'_>) {
    let plain = line.plain();
    let words: Vec<String> = plain.split_whitespace().map(fold_name).collect();
    let mut near: Vec<(usize, &str)> = FORMS
        .iter()
        .filter(|(of, _)| *of == mode)
        .map(|(_, form)| {
            let form_words: Vec<String> = form.split_whitespace().map(fold_name).collect();
            (
                words
                    .iter()
                    .filter(|word| form_words.contains(word))
                    .count(),
                *form,
            )
        })
        .collect();
    near.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
    let forms: Vec<String> = near
        .iter()
        .take(3)
        .map(|(_, form)| format!("`{}`", form.replace('`', "'")))
        .collect();
    pass.out.push(
        Diagnostic::new(
            "unknown-step",
            line.span,
            format!("no step reads `{}`", plain.replace('`', "'")),
        )
        .help(format!(
            "the nearest forms are {}; `specc steps` lists them all",
            forms.join(", ")
        )),
    );
}

/// Steps of constructs that are not compiled yet.
fn not_yet(tokens: &[Token<'_>], line: &Line, pass: &mut Pass<'_>) -> bool {
    let words: Vec<String> = tokens
        .iter()
        .map(|token| {
            if let Token::Word(word, _) = token {
                fold_name(word)
            } else {
                String::new()
            }
        })
        .collect();
    let has = |word: &str| words.iter().any(|found| found == word);
    let what = if has("job") && has("runs") {
        "a step that runs a job"
    } else if has("page") && (has("opens") || has("shows")) {
        "a step about a page"
    } else if has("requests") || (has("answer") && has("is")) {
        "a step about an endpoint"
    } else {
        return false;
    };
    pass.out.push(
        Diagnostic::new(
            "not-compiled-yet",
            line.span,
            format!("{what} is part of the language but not compiled yet"),
        )
        .help("take the step out for now, or write it as a paragraph"),
    );
    true
}

/// The rest of the tokens must be nothing.
pub(super) fn end(cursor: &Cursor<'_, '_>, pass: &mut Pass<'_>) -> Read<()> {
    let Some(token) = cursor.peek() else {
        return Ok(());
    };
    let last = cursor.tokens.last().map_or(token.span(), Token::span);
    pass.out.push(
        Diagnostic::new(
            "unknown-step",
            token.span().to(last),
            "the step ends before this",
        )
        .help("take it out, or write it as a step of its own with `And`"),
    );
    Err(Stop::Reported)
}

/// An entity's name, singular or plural.
pub(super) fn entity_here(
    cursor: &mut Cursor<'_, '_>,
    pass: &Pass<'_>,
) -> Option<(EntityId, specc_syntax::span::Span)> {
    cursor.longest(pass.names.longest, |name| {
        pass.names
            .entities
            .get(name)
            .or_else(|| pass.names.plurals.get(name))
            .copied()
    })
}

pub(super) fn clock(cursor: &mut Cursor<'_, '_>, pass: &mut Pass<'_>) -> Read<Vec<StepKind>> {
    let start = cursor.at;
    let mut words = Vec::new();
    while let Some(Token::Word(word, _)) = cursor.next() {
        words.push(word.as_str());
    }
    let text = words.join(" ");
    match literal::timestamp(&text, pass.ir) {
        Some(at) => Ok(vec![StepKind::Clock(at)]),
        None => {
            pass.out.push(
                Diagnostic::new(
                    "bad-value",
                    cursor.span_from(start),
                    format!("`{text}` is no point in time"),
                )
                .help("write for example `it is 2026-03-01 10:00`"),
            );
            Err(Stop::Reported)
        }
    }
}

pub(super) fn entity_or_report(
    cursor: &mut Cursor<'_, '_>,
    pass: &mut Pass<'_>,
) -> Read<(EntityId, specc_syntax::span::Span)> {
    if let Some(found) = entity_here(cursor, pass) {
        return Ok(found);
    }
    let Some(Token::Word(word, span)) = cursor.peek() else {
        return Err(Stop::Other);
    };
    let names = pass
        .ir
        .entities
        .iter()
        .flat_map(|entity| [entity.name.text.as_str(), entity.plural.as_str()]);
    let diagnostic = Diagnostic::new("unknown-entity", *span, format!("`{word}` is no entity"));
    pass.out.push(match suggest(word, names) {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .edit(*span, near),
        None => {
            diagnostic.help("a step names an entity as its heading does, in the singular or plural")
        }
    });
    Err(Stop::Reported)
}
