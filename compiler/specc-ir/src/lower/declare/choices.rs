//! Choices: their names and values.

use super::usable_name;
use crate::ir::{Choice, ChoiceId, EntityId, Ir, Name};
use crate::lower::formal::{self, Columns, fold, grid};
use crate::lower::names::{Names, number};
use crate::lower::outline::{Declared, Outline};
use crate::lower::types;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::same_name;
use specc_syntax::tree::{Line, Text};

const CHOICE_COLUMNS: Columns = Columns {
    table: "a table of values",
    known: &["Value", "Label", "Note"],
    needed: 1,
};

/// `value: label`, where the value has more words or other letters than a key.
fn value_and_label(line: &Line) -> Option<(Text, Line)> {
    let joined = line.joined();
    let colon = joined.find(": ")?;
    let value = line.slice(0, colon).to_text();
    let label = line.slice(colon + 1, joined.len());
    (!value.text.is_empty()).then_some((value, label))
}

pub(super) fn choices(
    outline: &Outline<'_>,
    declared: &mut Declared,
    ir: &mut Ir,
    names: &mut Names,
    out: &mut Vec<Diagnostic>,
) {
    for (section, name) in &outline.choices {
        if !usable_name("a choice", name, out) || !declared.add("choice or entity", name, out) {
            continue;
        }
        if types::PLAIN
            .iter()
            .any(|(word, _)| same_name(word, &name.text))
        {
            out.push(
                Diagnostic::new(
                    "reserved-name",
                    name.span,
                    format!("`{}` is a type already", name.text),
                )
                .help("choose another name for this choice"),
            );
            continue;
        }
        let mut values = Vec::new();
        for table in section.tables() {
            let Some(grid) = grid(table, &CHOICE_COLUMNS, out) else {
                continue;
            };
            for row in grid.rows() {
                if let Some(value) = grid.cell(row, 0) {
                    values.push((formal::bare(value), grid.cell(row, 1).map(Line::plain)));
                }
            }
        }
        for item in section.items() {
            match formal::word_and_rest(&item.line).or_else(|| value_and_label(&item.line)) {
                Some((value, label)) => values.push((value, Some(label.plain()))),
                None => values.push((formal::bare(&item.line), None)),
            }
        }
        let values = types::choice_values(values, out);
        if values.len() < 2 {
            out.push(
                Diagnostic::new("empty-choice", section.heading.span, format!("choice `{}` has fewer than two values", name.text))
                    .help("list its values: `- low: Low priority`, or a table with the columns `Value` and `Label`"),
            );
        }
        names
            .choices
            .insert(fold(&name.text), ChoiceId(number(ir.choices.len())));
        ir.choices.push(Choice {
            name: Name {
                text: name.text.clone(),
                span: name.span,
            },
            named: true,
            values,
        });
    }
    for entity in &ir.entities {
        let name = Text {
            text: entity.name.text.clone(),
            span: entity.name.span,
        };
        if types::PLAIN
            .iter()
            .any(|(word, _)| same_name(word, &name.text))
        {
            out.push(
                Diagnostic::new(
                    "reserved-name",
                    name.span,
                    format!("`{}` is a type already", name.text),
                )
                .help("choose another name for this entity"),
            );
        }
    }
    for (at, entity) in ir.entities.iter().enumerate().skip(1) {
        names
            .plurals
            .entry(fold(&entity.plural))
            .or_insert(EntityId(number(at)));
    }
}
