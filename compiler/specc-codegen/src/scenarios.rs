//! The scenarios as tests of the app's own: `tests/scenarios/`, a file for each file of the spec that has some, and one
//! for the rows they speak of. They stand on the support crate `testing`, which no other build of the app has.

mod play;
mod rows;
mod values;

use crate::names::{Taken, identifier};
use crate::parts::Context;
use crate::source::{comment, pointed, tidy};
use play::Play;
use rows::Types;
use specc_ir::ir::Scenario;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The folder of the tests.
pub const FOLDER: &str = "tests/scenarios";

/// The functions that make values.
const HELPERS: &[&str] = &["date", "milliseconds", "moment", "time"];

/// A file of the spec that has scenarios.
#[derive(Debug)]
pub struct Told<'a> {
    /// The module of its tests.
    pub module: String,
    /// `spec/app.md`
    pub path: String,
    /// Its scenarios, in its order.
    pub scenarios: Vec<&'a Scenario>,
}

/// The files of the spec that have scenarios, in the order of the spec.
#[must_use]
pub fn told<'a>(context: &Context<'a>) -> Vec<Told<'a>> {
    let mut files: BTreeMap<u32, Vec<&'a Scenario>> = BTreeMap::new();
    for scenario in &context.ir.scenarios {
        files
            .entry(scenario.span.file.0)
            .or_default()
            .push(scenario);
    }
    let mut taken = Taken::without(&["rows", "testing"]);
    let told = files.into_values().map(|scenarios| {
        let place = scenarios
            .first()
            .map_or_else(String::new, |scenario| context.place(scenario.span));
        let path = place
            .rsplit_once(':')
            .map_or(place.as_str(), |(path, _)| path);
        let stem = path.strip_suffix(".md").unwrap_or(path);
        let stem = stem.strip_prefix("spec/").unwrap_or(stem);
        Told {
            module: taken.take(&identifier(stem, "spec"), "_"),
            path: path.to_owned(),
            scenarios,
        }
    });
    told.collect()
}

/// The places of the spec that a file of tests comes from.
#[must_use]
pub fn sources(context: &Context<'_>, told: &Told<'_>) -> Vec<String> {
    let scenarios = told.scenarios.iter();
    scenarios
        .flat_map(|scenario| {
            let steps = scenario.steps.iter().map(|step| step.span);
            std::iter::once(scenario.span).chain(steps)
        })
        .map(|span| context.place(span))
        .collect()
}

/// The file that holds the others together.
#[must_use]
pub fn main(context: &Context<'_>) -> String {
    let mut modules: Vec<String> = told(context).into_iter().map(|told| told.module).collect();
    modules.push("rows".to_owned());
    modules.sort_by(|left, right| crate::imports::version_order(left, right));
    let modules: String = modules
        .into_iter()
        .map(|module| format!("mod {module};\n"))
        .collect();
    tidy(&format!(
        "//! The scenarios of {}, played on the app as it answers requests: `cargo test` runs them.\n\n{modules}",
        comment(&context.ir.program.name)
    ))
}

/// The file of the rows that scenarios speak of.
#[must_use]
pub fn rows(context: &Context<'_>) -> String {
    let mut types = Types::new(context);
    for told in told(context) {
        for scenario in &told.scenarios {
            let _ = Play::new(context, &mut types).written(scenario);
        }
    }
    types.text()
}

/// The file of one file's scenarios.
#[must_use]
pub fn tests(context: &Context<'_>, told: &Told<'_>) -> String {
    let mut types = Types::new(context);
    let mut names = Taken::without(HELPERS);
    let mut body = String::new();
    for scenario in &told.scenarios {
        let name = names.take(&identifier(&scenario.name.text, "scenario"), "_");
        let about = pointed(&scenario.name.text, &context.place(scenario.span));
        let steps = Play::new(context, &mut types).written(scenario);
        let _ = write!(
            body,
            "/// {about}\n#[test]\nfn {name}() {{\nlet scene = Scene::open(&APP);\n{steps}}}\n\n"
        );
    }
    let used = |word: &str| crate::source::mentions(&body, word);
    let mut imports = String::new();
    let choices = body.contains("choices::");
    let app = if choices { "{APP, choices}" } else { "APP" };
    let _ = writeln!(imports, "use app::{app};");
    let mut helpers = vec!["Scene"];
    if types.any() {
        helpers.push("Entity as _");
    }
    if body.contains("Given::") {
        helpers.push("Given");
    }
    helpers.extend(HELPERS.iter().filter(|helper| used(helper)));
    helpers.sort_by(|left, right| crate::imports::version_order(left, right));
    let rows = types.names();
    match rows.as_slice() {
        [] => {}
        [one] => imports.insert_str(0, &format!("use crate::rows::{one};\n")),
        many => imports.insert_str(0, &format!("use crate::rows::{{{}}};\n", many.join(", "))),
    }
    let _ = match helpers.as_slice() {
        [one] => writeln!(imports, "use testing::{one};"),
        many => writeln!(imports, "use testing::{{{}}};", many.join(", ")),
    };
    tidy(&format!(
        "//! The scenarios of {}.\n\n{imports}\n{body}",
        comment(&told.path)
    ))
}
