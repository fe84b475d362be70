//! The second pass over an entity: what its fields, lifecycles and rules say, in expressions.

use super::declare::Pending;
use super::formal::{self, cell_code, sentence_and_code, sentence_id};
use super::outline::EntityPart;
use super::{Pass, access, body, field_rules, who};
use crate::expr::{Expr, ExprKind, FieldRef, THIS};
use crate::ir::{
    EntityId, Field, FieldId, Grant, Hook, Lifecycle, Rule, RuleCheck, RuleOn, Sentence, Who,
};
use crate::parse;
use crate::scope::Scope;
use crate::walk;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::same_name;
use specc_syntax::tree::{Line, Section};
use std::collections::HashSet;

const RULE_KEYS: &[&str] = &["Requires", "Does", "On create", "On update", "On delete"];

/// What the second pass finds out about an entity.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) fields: Vec<(FieldId, Field)>,
    pub(super) access: Vec<Grant>,
    pub(super) lifecycles: Vec<Lifecycle>,
    pub(super) rules: Vec<Rule>,
}

/// Reads everything of an entity that holds expressions.
pub(super) fn read(
    id: EntityId,
    part: Option<&EntityPart<'_>>,
    pending: &Pending<'_>,
    pass: &mut Pass<'_>,
) -> Found {
    let mut found = Found::default();
    let mut scope = pass.scope(Some(id));
    for (field, cell) in &pending.field_rules {
        if let Some(field_found) = field_rules::read(cell, id, *field, &mut scope, pass) {
            found.fields.push((*field, field_found));
        }
    }
    scope.me = true;
    scope.clock = true;
    for sections in part.iter().flat_map(|part| [&part.access, &part.rules]) {
        if let [_, second, ..] = sections.as_slice() {
            pass.out.push(
                Diagnostic::new(
                    "duplicate-name",
                    second.heading.span,
                    format!("`{}` stands twice in this entity", second.heading.text.text),
                )
                .help("put both into one section"),
            );
        }
    }
    let Some(part) = part else {
        found.access = access::read(&[], id, &mut scope, pass);
        return found;
    };
    found.access = access::read(&part.access, id, &mut scope, pass);
    found.lifecycles = lifecycles(id, pending, &mut scope, pass);
    let mut ids = HashSet::new();
    for section in &part.rules {
        rules(section, id, &mut ids, &mut scope, &mut found.rules, pass);
    }
    found
}

/// Reads `On create`, `On update` and `On delete`, which need finished fields.
pub(super) fn hooks(id: EntityId, part: &EntityPart<'_>, pass: &mut Pass<'_>) -> Vec<Hook> {
    let mut found = Vec::new();
    let rules = pass
        .ir
        .entities
        .get(id.0 as usize)
        .map_or(&[][..], |entity| entity.rules.as_slice());
    let mut ids: HashSet<String> = rules.iter().map(|rule| rule.id.clone()).collect();
    let mut seen = Vec::new();
    for (verb, section) in &part.hooks {
        if seen.contains(verb) {
            pass.out.push(
                Diagnostic::new(
                    "duplicate-name",
                    section.heading.span,
                    format!(
                        "`{}` stands twice in this entity",
                        section.heading.text.text
                    ),
                )
                .help("put both into one section"),
            );
            continue;
        }
        seen.push(*verb);
        let mut scope = pass.scope(Some(id));
        scope.me = true;
        scope.clock = true;
        scope.old = *verb == crate::ir::Verb::Update;
        let body = body::of_hook(section, &mut scope, &mut ids, pass);
        found.push(Hook {
            verb: *verb,
            body,
            span: section.heading.span,
        });
    }
    found
}

fn lifecycles(
    id: EntityId,
    pending: &Pending<'_>,
    scope: &mut Scope<'_>,
    pass: &mut Pass<'_>,
) -> Vec<Lifecycle> {
    let mut lifecycles = pass
        .ir
        .entities
        .get(id.0 as usize)
        .map(|entity| entity.lifecycles.clone())
        .unwrap_or_default();
    for (lifecycle, cells) in lifecycles.iter_mut().zip(&pending.steps) {
        for (step, (who_cell, when_cell)) in lifecycle.steps.iter_mut().zip(cells) {
            if let Some(cell) = who_cell {
                step.who = who::read(cell, Some(id), pass);
                if step.who.is_empty() {
                    // Unreadable must not become "anyone": the error keeps the program from being built.
                    step.who.push(nobody(id, cell));
                }
            }
            let Some(cell) = when_cell else { continue };
            if same_name(&cell.plain(), "otherwise") {
                step.otherwise = true;
            } else if let Some(code) = cell_code(cell, "When", pass.out) {
                step.when = parse::condition(scope, code, pass.out);
            }
        }
    }
    lifecycles
}

/// Stands for a Who that could not be read.
fn nobody(id: EntityId, cell: &Line) -> Who {
    Who::Relation(Expr {
        kind: ExprKind::Literal(crate::expr::Literal::Empty),
        ty: crate::ir::Type::Ref(id),
        span: cell.span,
    })
}

fn rules(
    section: &Section,
    id: EntityId,
    ids: &mut HashSet<String>,
    scope: &mut Scope<'_>,
    rules: &mut Vec<Rule>,
    pass: &mut Pass<'_>,
) {
    for item in section.items() {
        if let Some((key, _)) = item.key_value()
            && RULE_KEYS.iter().any(|known| same_name(known, &key.text))
        {
            pass.out.push(
                Diagnostic::new("unknown-key", key.span, format!("`{}:` is no key of Rules", key.text))
                    .help("a rule is a sentence and its code; what an operation requires or does stands below `On create`, `On update` or `On delete`"),
            );
            continue;
        }
        let Some((sentence, code)) = sentence_and_code(&item.line, pass.out) else {
            if !item
                .line
                .pieces
                .iter()
                .any(|piece| matches!(piece, specc_syntax::tree::Piece::Code(_)))
            {
                pass.unproven.push(Sentence {
                    text: item.line.plain(),
                    span: item.line.span,
                });
            }
            continue;
        };
        if sentence.is_empty() {
            pass.out.push(
                Diagnostic::new("missing-sentence", item.span, "this rule has no sentence")
                    .help("write what must hold in front of the code; people read it when the rule refuses them"),
            );
            continue;
        }
        let Some((on, check)) = parse::rule(scope, code, pass.out) else {
            continue;
        };
        if !item.blocks.is_empty()
            && item
                .children()
                .any(|child| child.line.sentence_and_code().is_some())
        {
            pass.out.push(
                Diagnostic::new(
                    "code-not-last",
                    item.span,
                    "a rule has no items below it, so their code would be prose",
                )
                .help("make each of them a rule of its own"),
            );
        }
        let fields = mentioned(&check, id);
        let span = item.line.span;
        let rule = Rule {
            id: sentence_id(&sentence, ids),
            sentence: Sentence {
                text: sentence,
                span,
            },
            on: RuleOn::Always,
            check,
            fields,
        };
        rules.extend(on.into_iter().map(|on| Rule { on, ..rule.clone() }));
    }
    for table in section.tables() {
        let known = super::known_tables();
        if let Some(columns) = known
            .iter()
            .find(|columns| formal::has_columns(table, columns))
        {
            pass.out.push(
                Diagnostic::new(
                    "prose-table",
                    table.span,
                    format!("{} stands below Rules, where it is prose", columns.table),
                )
                .help("move it below its own heading"),
            );
        }
    }
}

/// The fields of the entity itself that a rule speaks of, in the order of their declaration.
fn mentioned(check: &RuleCheck, id: EntityId) -> Vec<FieldId> {
    let mut fields = Vec::new();
    let mut note = |expr: &Expr| {
        if let ExprKind::Field(base, entity, FieldRef::Field(field)) = &expr.kind
            && *entity == id
            && base.kind == ExprKind::Var(THIS)
        {
            fields.push(*field);
        }
    };
    match check {
        RuleCheck::Holds(expr) => walk::each(expr, &mut note),
        RuleCheck::Unique {
            fields: of, ranges, ..
        } => {
            fields.extend(of);
            fields.extend(ranges.iter().flat_map(|(start, end)| [*start, *end]));
        }
    }
    fields.sort();
    fields.dedup();
    fields
}

/// Checks of lifecycles that need defaults: the initial state, states that nothing reaches, rows that hide others.
pub(super) fn check_lifecycles(id: EntityId, pass: &mut Pass<'_>) {
    let Some(entity) = pass.ir.entities.get(id.0 as usize) else {
        return;
    };
    for lifecycle in &entity.lifecycles {
        let Some(field) = entity.fields.get(lifecycle.field.0 as usize) else {
            continue;
        };
        let crate::ir::Type::Choice(choice) = field.ty else {
            continue;
        };
        let Some(choice) = pass.ir.choices.get(choice.0 as usize) else {
            continue;
        };
        let Some(initial) = field_rules::default_state(field) else {
            let first = choice
                .values
                .first()
                .map_or("", |value| value.name.text.as_str());
            pass.out.push(
                Diagnostic::new(
                    "lifecycle-default",
                    field.name.span,
                    format!(
                        "`{}` has a lifecycle and no default to begin with",
                        field.name.text
                    ),
                )
                .label(lifecycle.span, "its lifecycle")
                .help(format!("give it its first state: `default {first}`")),
            );
            continue;
        };
        let mut reached: HashSet<u32> = HashSet::from([initial]);
        loop {
            let before = reached.len();
            for step in &lifecycle.steps {
                if step.from.iter().any(|from| reached.contains(from)) {
                    reached.insert(step.to);
                }
            }
            if reached.len() == before {
                break;
            }
        }
        for (at, value) in choice.values.iter().enumerate() {
            if !reached.contains(&super::names::number(at)) {
                pass.out.push(
                    Diagnostic::new(
                        "unreachable-state",
                        lifecycle.span,
                        format!("no step leads to the state `{}`", value.name.text),
                    )
                    .label(value.name.span, "declared here")
                    .help("add a step that leads to it, or take the state out"),
                );
            }
        }
        for step in lifecycle
            .steps
            .iter()
            .filter(|step| !step.from.iter().any(|from| reached.contains(from)))
        {
            pass.out.push(
                Diagnostic::new(
                    "unreachable-state",
                    step.span,
                    format!(
                        "`{}` begins in a state that nothing leads to",
                        step.name.text
                    ),
                )
                .help("add a step that leads there, or take this one out"),
            );
        }
        for (at, step) in lifecycle.steps.iter().enumerate() {
            let hidden = lifecycle.steps.iter().take(at).find(|earlier| {
                same_name(&earlier.name.text, &step.name.text)
                    && step.from.iter().all(|from| earlier.from.contains(from))
                    && earlier.when.is_none()
                    && !earlier.otherwise
                    && (earlier.who.is_empty()
                        || earlier.who == step.who
                        || earlier.who.contains(&Who::Anyone))
            });
            if let Some(earlier) = hidden {
                pass.out.push(
                    Diagnostic::new("hidden-step", step.span, format!("this row of `{}` is never taken", step.name.text))
                        .label(earlier.span, "this one always comes first")
                        .help("rows with the same From and Action: the first whose Who and When hold; give the first a When, or swap them"),
                );
            }
        }
    }
}
