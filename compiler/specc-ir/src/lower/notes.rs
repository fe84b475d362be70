//! MSFM's annotations, each with what it stands at.

use super::names::number;
use crate::ir::{ActionId, EntityId, FieldId, FunctionId, Ir, Note, RoleId, Sentence, StandsAt};
use specc_syntax::format::format;
use specc_syntax::span::{Sources, Span};
use specc_syntax::tree::{Block, Item, Section, Tree};

/// The notes of all files, in source order.
pub(super) fn all(trees: &[Tree], sources: &Sources, ir: &Ir) -> Vec<Note> {
    if trees.iter().all(|tree| tree.notes.is_empty()) {
        return Vec::new();
    }
    let known = known(ir);
    let mut out = Vec::new();
    for tree in trees {
        let (mut headings, mut lines) = (Vec::new(), Vec::new());
        for section in &tree.sections {
            collect(section, None, &mut headings, &mut lines);
        }
        for note in &tree.notes {
            let anchor = note.anchor;
            out.push(Note {
                anchor: Sentence {
                    // As the formatter has it: its layout is no part of the meaning.
                    text: format(sources.text(anchor)).trim().to_owned(),
                    span: anchor,
                },
                text: Sentence {
                    text: note.text.text.clone(),
                    span: note.text.span,
                },
                id: note.id.clone(),
                at: at(anchor, &known, &lines, &headings),
            });
        }
    }
    out.sort_by_key(|note| {
        (
            note.anchor.span.file,
            note.anchor.span.start,
            note.anchor.span.end,
        )
    });
    out
}

/// A heading and the one it stands below, by position.
type Heading = (Span, Option<usize>);

fn collect(section: &Section, above: Option<usize>, out: &mut Vec<Heading>, lines: &mut Vec<Span>) {
    let own = out.len();
    out.push((section.heading.span, above));
    for block in &section.blocks {
        if let Block::Table(table) = block {
            lines.extend(table.rows.iter().map(|row| row.span));
        }
        block.items().for_each(|item| items(item, lines));
    }
    for below in &section.sections {
        collect(below, Some(own), out, lines);
    }
}

fn items(item: &Item, lines: &mut Vec<Span>) {
    lines.push(item.span);
    item.children().for_each(|below| items(below, lines));
}

/// What is declared where.
fn known(ir: &Ir) -> Vec<(Span, StandsAt)> {
    let mut out = Vec::new();
    for (at, role) in ir.roles.iter().enumerate() {
        out.push((role.name.span, StandsAt::Role(RoleId(number(at)))));
    }
    for (at, entity) in ir.entities.iter().enumerate() {
        let id = EntityId(number(at));
        out.push((entity.span, StandsAt::Entity(id)));
        for (at, field) in entity.fields.iter().enumerate() {
            out.push((field.span, StandsAt::Field(id, FieldId(number(at)))));
        }
        for (at, grant) in entity.access.iter().enumerate() {
            out.push((grant.span, StandsAt::Grant(id, number(at))));
        }
        for (at, lifecycle) in entity.lifecycles.iter().enumerate() {
            for (step, declared) in lifecycle.steps.iter().enumerate() {
                let place = StandsAt::Step(id, number(at), number(step));
                out.push((declared.span, place));
            }
        }
        for (at, rule) in entity.rules.iter().enumerate() {
            out.push((rule.sentence.span, StandsAt::Rule(id, number(at))));
        }
    }
    for (at, action) in ir.actions.iter().enumerate() {
        out.push((action.span, StandsAt::Action(ActionId(number(at)))));
    }
    for (at, function) in ir.functions.iter().enumerate() {
        out.push((function.span, StandsAt::Function(FunctionId(number(at)))));
    }
    for (at, seed) in ir.seeds.iter().enumerate() {
        out.push((seed.name.span, StandsAt::Seed(number(at))));
    }
    for (at, scenario) in ir.scenarios.iter().enumerate() {
        out.push((scenario.name.span, StandsAt::Scenario(number(at))));
    }
    out.retain(|(span, _)| span.end > span.start);
    out
}

fn within(inner: Span, outer: Span) -> bool {
    inner.file == outer.file && outer.start <= inner.start && inner.end <= outer.end
}

/// The smallest thing that holds the anchor, else what its item or row declares, else its heading, or one above it.
fn at(anchor: Span, known: &[(Span, StandsAt)], lines: &[Span], headings: &[Heading]) -> StandsAt {
    let holds = known
        .iter()
        .filter(|(span, _)| within(anchor, *span))
        .min_by_key(|(span, _)| span.end - span.start);
    if let Some((_, place)) = holds {
        return *place;
    }
    let line = lines
        .iter()
        .filter(|span| within(anchor, **span))
        .min_by_key(|span| span.end - span.start);
    let on_line = line.and_then(|line| known.iter().find(|(known, _)| within(*known, *line)));
    if let Some((_, place)) = on_line {
        return *place;
    }
    let mut heading = headings
        .iter()
        .rposition(|(span, _)| span.file == anchor.file && span.start <= anchor.start);
    while let Some((span, above)) = heading.and_then(|at| headings.get(at)) {
        if let Some((_, place)) = known.iter().find(|(known, _)| within(*known, *span)) {
            return *place;
        }
        heading = *above;
    }
    StandsAt::Program
}
