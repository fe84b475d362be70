//! Scenarios: each step read against the closed vocabulary, with the people and rows that earlier steps named.

use super::names::number;
use super::steps::{self, Mode};
use super::{Pass, seed};
use crate::ir::{EntityId, Name, Scenario};
use crate::scenario::{ScenarioStep, StepKind};
use crate::scope::Scope;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::same_name;
use specc_syntax::span::Span;
use specc_syntax::tree::{Block, Item, Line, Piece, Section, Text};
use std::collections::{HashMap, HashSet};

/// What earlier steps of a scenario have named.
pub(super) struct Known<'p> {
    /// People, as written.
    pub(super) people: Vec<String>,
    /// Rows, by what they are shown as.
    pub(super) rows: HashSet<(EntityId, String)>,
    /// A step before could not be read, or a row's name could not be told: there may be rows that are not listed.
    pub(super) unlisted: bool,
    /// The scope of values and expressions.
    pub(super) scope: Scope<'p>,
}

/// A scenario with its steps; a step that cannot be read is reported and left out.
pub(super) fn read(section: &Section, name: &Text, pass: &mut Pass<'_>) -> Scenario {
    let mut scope = pass.scope(None);
    scope.clock = true;
    let mut known = Known {
        people: Vec::new(),
        rows: HashSet::new(),
        unlisted: false,
        scope,
    };
    let mut steps = Vec::new();
    let mut mode: Option<Mode> = None;
    let mut named: HashMap<&'static str, Span> = HashMap::new();
    for item in section.items() {
        if let Some((key, value)) = item.key_value()
            && same_name(&key.text, "Proves")
        {
            let _ = named.insert("Proves", value.span);
            continue;
        }
        let Some((own, rest)) = first_word(item, mode, pass) else {
            continue;
        };
        mode = Some(own);
        let tables: Vec<_> = item
            .blocks
            .iter()
            .filter_map(|block| match block {
                Block::Table(table) => Some(table),
                _ => None,
            })
            .collect();
        let kinds = steps::read(&rest, own, tables.first().copied(), &mut known, pass);
        known.unlisted |= kinds.is_empty();
        for kind in kinds {
            steps.push(ScenarioStep {
                text: item.line.plain(),
                kind,
                span: item.line.span,
            });
        }
    }
    let checks = steps.iter().any(|step| {
        !matches!(
            step.kind,
            StepKind::Person { .. }
                | StepKind::Rows { .. }
                | StepKind::Clock(_)
                | StepKind::Pass(_)
                | StepKind::Does { .. }
        )
    });
    if !checks && section.items().all(|item| !begins_with(item, "then")) {
        pass.out.push(
            Diagnostic::new(
                "scenario-without-then",
                section.heading.span,
                format!("scenario `{}` checks nothing", name.text),
            )
            .help("add a step `Then …` that says what must be seen; `specc steps` lists the forms"),
        );
    }
    Scenario {
        name: Name {
            text: name.text.clone(),
            span: name.span,
        },
        steps,
        span: section.heading.span,
    }
}

fn begins_with(item: &Item, word: &str) -> bool {
    item.line
        .plain()
        .split_whitespace()
        .next()
        .is_some_and(|first| first.eq_ignore_ascii_case(word))
}

/// Given, When or Then, and the line without it; `And` and `But` go on with what came before.
fn first_word(item: &Item, before: Option<Mode>, pass: &mut Pass<'_>) -> Option<(Mode, Line)> {
    let joined = item.line.joined();
    let word = joined.split_whitespace().next().unwrap_or("");
    let start = joined.find(word).unwrap_or(0) + word.len();
    let mode = match word.to_lowercase().as_str() {
        "given" => Some(Mode::Given),
        "when" => Some(Mode::When),
        "then" => Some(Mode::Then),
        "and" | "but" => before,
        _ => None,
    };
    let Some(mode) = mode else {
        let span = match item.line.pieces.first() {
            Some(Piece::Text { span, .. }) => Span {
                end: (span.start + number(start)).min(span.end),
                ..*span
            },
            _ => item.line.span,
        };
        let message = match word.to_lowercase().as_str() {
            "and" | "but" => format!("`{word}` has no step before it"),
            _ => format!("a step begins with Given, When, Then, And or But, not with `{word}`"),
        };
        pass.out.push(
            Diagnostic::new("unknown-step", span, message)
                .help("prose in a scenario stands in paragraphs, not in items"),
        );
        return None;
    };
    Some((mode, item.line.slice(start, usize::MAX)))
}

impl Known<'_> {
    /// The person of this name.
    pub(super) fn person(&self, name: &str) -> Option<&str> {
        self.people
            .iter()
            .map(String::as_str)
            .find(|known| same_name(known, name))
    }

    /// Notes rows that a step made.
    pub(super) fn note(&mut self, rows: &[crate::ir::SeedRow], ir: &crate::ir::Ir) {
        for row in rows {
            match super::values::naming_text(row.entity, &row.values, ir) {
                Some(name) => {
                    self.rows.insert((row.entity, name));
                }
                None => self.unlisted = true,
            }
        }
    }
}

/// The rows of `these Tickets:`.
pub(super) fn table_rows(
    table: &specc_syntax::tree::Table,
    entity: EntityId,
    pass: &mut Pass<'_>,
) -> Vec<crate::ir::SeedRow> {
    seed::table(table, entity, pass)
}
