//! The closed vocabulary of scenario steps, spelled out for a program.

use super::steps::{FORMS, Mode};
use super::values::naming_field;
use crate::ir::{EntityId, Ir};

/// Every form of step, the general ones first, then those of this program's entities, steps and actions.
/// Each begins with Given, When or Then.
#[must_use]
pub fn vocabulary(ir: &Ir) -> Vec<String> {
    let mut out: Vec<String> = FORMS
        .iter()
        .map(|(mode, form)| match mode {
            Mode::Given => format!("Given {form}"),
            Mode::When => format!("When {form}"),
            Mode::Then => format!("Then {form}"),
        })
        .collect();
    for role in ir.roles.iter().filter(|role| role.when.is_none()) {
        let name = role.name.text.to_lowercase();
        out.push(format!("Given {} {name} Ana", article(&name)));
    }
    for (at, entity) in ir.entities.iter().enumerate().skip(1) {
        let id = EntityId(super::names::number(at));
        let name = &entity.name.text;
        let row = match naming_field(id, ir) {
            Some(_) => format!("{name} \"x\""),
            None => name.clone(),
        };
        let a = article(name);
        out.push(format!("Given {a} {row}"));
        out.push(format!("When Ana creates {a} {row}"));
        out.push(format!("When Ana lists {}", entity.plural));
        let mut steps: Vec<&str> = entity
            .lifecycles
            .iter()
            .flat_map(|lifecycle| &lifecycle.steps)
            .map(|step| step.name.text.as_str())
            .collect();
        steps.extend(
            ir.actions
                .iter()
                .filter(|action| action.on == Some(id) && !action.step)
                .map(|action| action.name.text.as_str()),
        );
        let mut seen = std::collections::HashSet::new();
        for step in steps
            .into_iter()
            .filter(|step| seen.insert(specc_syntax::names::fold_name(step)))
        {
            out.push(format!(
                "When Ana does {} on the {row}",
                step.to_lowercase()
            ));
        }
        for field in &entity.fields {
            out.push(format!("Then the {row} has {} …", field.name.text));
        }
    }
    for action in ir.actions.iter().filter(|action| action.on.is_none()) {
        out.push(format!("When Ana does {}", action.name.text.to_lowercase()));
    }
    out
}

pub(super) fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']) {
        "an"
    } else {
        "a"
    }
}
