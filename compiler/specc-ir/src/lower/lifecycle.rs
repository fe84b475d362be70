//! `Lifecycle`: the steps of a state machine, without their Who and When.

use super::declare::{Pending, field_mut, unknown_field, usable_name};
use super::formal::{self, Columns, Grid, Keys, fold, grid, names_of};
use super::names::{Names, number};
use super::outline::{Declared, EntityPart};
use crate::ir::{Choice, EntityId, Ir, Lifecycle, Name, Step, Type};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{same_name, suggest};
use specc_syntax::tree::{Row, Text};

/// Columns of a lifecycle.
pub(super) const STEP_COLUMNS: Columns = Columns {
    table: "a table of steps",
    known: &["From", "Action", "To", "Who", "When", "Note"],
    needed: 3,
};

const NO_KEYS: Keys = Keys {
    section: "a lifecycle",
    known: &[],
    not_yet: &[],
};

pub(super) fn lifecycles<'t>(
    id: EntityId,
    part: &'t EntityPart<'t>,
    ir: &mut Ir,
    names: &mut Names,
    pending: &mut Pending<'t>,
    out: &mut Vec<Diagnostic>,
) {
    let mut declared = Declared::default();
    for (section, name) in &part.lifecycles {
        formal::keys(section, &NO_KEYS, out);
        let Some(field) = names.field(id, &name.text) else {
            out.push(unknown_field(name, id, ir));
            continue;
        };
        if !declared.add("lifecycle", name, out) {
            continue;
        }
        let Some(slot) = field_mut(ir, id, field) else {
            continue;
        };
        let Type::Choice(choice) = slot.ty else {
            if slot.ty != Type::Empty {
                out.push(
                    Diagnostic::new(
                        "lifecycle-type",
                        name.span,
                        format!("a lifecycle needs a choice, and `{}` is none", name.text),
                    )
                    .label(slot.name.span, "declared here")
                    .help("give the field at least two values as its type: `open, closed`"),
                );
            }
            continue;
        };
        slot.lifecycle = true;
        let Some(choice) = ir.choices.get(choice.0 as usize).cloned() else {
            continue;
        };
        let mut steps = Vec::new();
        let mut cells = Vec::new();
        let mut seen_table = false;
        for table in section.tables() {
            let Some(grid) = grid(table, &STEP_COLUMNS, out) else {
                continue;
            };
            seen_table = true;
            for row in grid.rows() {
                if let Some(step) = step(row, &grid, &choice, out) {
                    names.measure(&step.name.text);
                    names
                        .steps
                        .entry((id, fold(&step.name.text)))
                        .or_insert_with(|| step.name.text.clone());
                    steps.push(step);
                    cells.push((grid.cell(row, 3), grid.cell(row, 4)));
                }
            }
        }
        if !seen_table {
            out.push(
                Diagnostic::new(
                    "missing-table",
                    section.heading.span,
                    format!("lifecycle `{}` has no table of steps", name.text),
                )
                .help("add a table with the columns `From`, `Action`, `To`, `Who` and `When`"),
            );
        }
        pending.steps.push(cells);
        if let Some(entity) = ir.entities.get_mut(id.0 as usize) {
            entity.lifecycles.push(Lifecycle {
                field,
                steps,
                span: section.heading.span,
            });
        }
    }
}

fn step(row: &Row, grid: &Grid<'_>, choice: &Choice, out: &mut Vec<Diagnostic>) -> Option<Step> {
    let mut state = |text: &Text| {
        let found = choice
            .values
            .iter()
            .position(|value| same_name(&value.name.text, &text.text));
        if found.is_none() {
            let values: Vec<&str> = choice
                .values
                .iter()
                .map(|value| value.name.text.as_str())
                .collect();
            let mut diagnostic = Diagnostic::new(
                "unknown-state",
                text.span,
                format!("`{}` is no state here", text.text),
            );
            diagnostic = match suggest(&text.text, values.iter().copied()) {
                Some(near) => diagnostic
                    .help(format!("did you mean `{near}`?"))
                    .edit(text.span, near),
                None => diagnostic.help(format!("the states are {}", formal::list_of(values))),
            };
            out.push(diagnostic);
        }
        found.map(number)
    };
    let from_names = grid.cell(row, 0).map(names_of).unwrap_or_default();
    let any = from_names.iter().any(|name| same_name(&name.text, "any"))
        && !choice
            .values
            .iter()
            .any(|value| same_name(&value.name.text, "any"));
    let from: Vec<u32> = if any {
        (0..number(choice.values.len())).collect()
    } else {
        from_names.iter().filter_map(&mut state).collect()
    };
    let to = grid
        .cell(row, 2)
        .map(formal::bare)
        .and_then(|text| state(&text));
    let name = grid.cell(row, 1).map(formal::bare);
    let missing = [
        ("From", from_names.is_empty()),
        ("Action", name.is_none()),
        ("To", grid.cell(row, 2).is_none()),
    ];
    let missing: Vec<&str> = missing
        .iter()
        .filter(|(_, missing)| *missing)
        .map(|(column, _)| *column)
        .collect();
    if !missing.is_empty() {
        if row.cells.iter().any(|cell| !cell.is_empty()) {
            out.push(
                Diagnostic::new(
                    "missing-cell",
                    row.span,
                    format!("this step lacks {}", formal::list_of(missing)),
                )
                .help("fill the cell; `any` in From means every state"),
            );
        }
        return None;
    }
    let name = name?;
    if from.is_empty() || !usable_name("a step", &name, out) {
        return None;
    }
    Some(Step {
        name: Name {
            text: name.text,
            span: name.span,
        },
        from,
        to: to?,
        who: Vec::new(),
        when: None,
        otherwise: false,
        action: None,
        span: row.span,
    })
}
