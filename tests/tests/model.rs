//! The reference model plays what the language's pages and the programs of this repository tell: every scenario comes out
//! as its author says.

#![expect(clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use specc_ir::ir::Ir;
use specc_ir::model::{Model, Surroundings, play};
use specc_syntax::span::{FileId, SourceFile, Sources};
use specc_tests::{files, root};
use std::path::Path;

/// 2026-03-02 09:00 UTC, a Monday.
const START: i64 = 1_772_442_000_000;

/// The time zone and the spelling of the support crates.
struct Around(jiff::tz::TimeZone);

impl Surroundings for Around {
    fn offset(&self, moment: i64) -> i64 {
        let moment = jiff::Timestamp::from_millisecond(moment).unwrap();
        i64::from(self.0.to_offset(moment).seconds()) * 1000
    }

    fn slug(&self, text: &str) -> String {
        kernel::text::slug(text)
    }
}

fn around(ir: &Ir) -> Around {
    Around(jiff::tz::TimeZone::get(&ir.program.time_zone).unwrap())
}

/// The program of these texts; `None` where they have mistakes.
fn program(texts: Vec<(String, String)>) -> Option<Ir> {
    let files = texts
        .into_iter()
        .map(|(path, text)| SourceFile { path, text });
    let sources = Sources {
        files: files.collect(),
    };
    let mut trees = Vec::new();
    for (at, file) in sources.files.iter().enumerate() {
        let (tree, problems) = specc_syntax::parse(FileId(u32::try_from(at).unwrap()), &file.text);
        assert!(problems.is_empty(), "{}: {problems:?}", file.path);
        trees.push(tree);
    }
    let (ir, problems) = specc_ir::lower::lower(&trees, &sources);
    let errors = problems
        .iter()
        .any(|problem| problem.severity == specc_syntax::diagnostic::Severity::Error);
    (!errors).then_some(ir)
}

fn of_folder(folder: &Path) -> Ir {
    let texts = files(&folder.join("spec"))
        .into_iter()
        .map(|(path, bytes)| {
            (
                path.display().to_string(),
                String::from_utf8(bytes).unwrap(),
            )
        });
    program(texts.collect()).unwrap_or_else(|| panic!("{} has mistakes", folder.display()))
}

/// How many scenarios there are, and which of them come out otherwise.
fn played(name: &str, ir: &Ir) -> (usize, Vec<String>) {
    let around = around(ir);
    let model = Model::new(ir, &around);
    let mut wrong = Vec::new();
    for scenario in &ir.scenarios {
        if let Err(broken) = play(model, scenario, START) {
            let step = scenario.steps.get(broken.step).unwrap();
            wrong.push(format!(
                "{name}, {}: {}\n    {}",
                scenario.name.text, step.text, broken.seen
            ));
        }
    }
    (ir.scenarios.len(), wrong)
}

#[test]
fn programs_mean_what_their_scenarios_tell() {
    let mut all = 0;
    let mut wrong = Vec::new();
    for folder in ["examples", "tests/programs"] {
        let mut found: Vec<_> = std::fs::read_dir(root().join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        found.sort();
        for program in found.iter().filter(|path| path.join("spec").is_dir()) {
            let name = program.file_name().unwrap().to_string_lossy().into_owned();
            let (count, broken) = played(&name, &of_folder(program));
            all += count;
            wrong.extend(broken);
        }
    }
    assert!(all >= 48, "{all}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_language_pages_mean_what_their_scenarios_tell() {
    let mut all = 0;
    let mut wrong = Vec::new();
    for (path, bytes) in files(&root().join("specs/language")) {
        let page = String::from_utf8(bytes).unwrap();
        for block in page.split("```spec\n").skip(1) {
            let text = block.split("\n```").next().unwrap();
            let Some(ir) = program(vec![("app.md".to_owned(), format!("{text}\n"))]) else {
                continue;
            };
            let (count, broken) = played(&path.display().to_string(), &ir);
            all += count;
            wrong.extend(broken);
        }
    }
    assert!(all >= 3, "{all}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is taken out of a program one by one must show in some scenario of the examples, or the model does not look.
#[test]
fn scenarios_notice_what_is_missing() {
    let mut noticed = std::collections::BTreeMap::<&str, (u32, u32)>::new();
    let mut count = |kind: &'static str, name: &str, ir: &Ir| {
        let (_, wrong) = played(name, ir);
        let of = noticed.entry(kind).or_default();
        of.0 += u32::from(!wrong.is_empty());
        of.1 += 1;
    };
    for name in ["helpdesk", "bookings", "purchasing", "journal"] {
        let whole = of_folder(&root().join("examples").join(name));
        for (at, entity) in whole.entities.iter().enumerate() {
            for grant in 0..entity.access.len() {
                let mut ir = whole.clone();
                ir.entities.get_mut(at).unwrap().access.remove(grant);
                count("access", name, &ir);
            }
            for rule in 0..entity.rules.len() {
                let mut ir = whole.clone();
                ir.entities.get_mut(at).unwrap().rules.remove(rule);
                count("rules", name, &ir);
            }
            for hook in 0..entity.hooks.len() {
                let mut ir = whole.clone();
                ir.entities.get_mut(at).unwrap().hooks.remove(hook);
                count("hooks", name, &ir);
            }
            for (lifecycle, steps) in entity.lifecycles.iter().enumerate() {
                for step in 0..steps.steps.len() {
                    let mut ir = whole.clone();
                    let entity = ir.entities.get_mut(at).unwrap();
                    entity
                        .lifecycles
                        .get_mut(lifecycle)
                        .unwrap()
                        .steps
                        .remove(step);
                    count("steps", name, &ir);
                }
            }
        }
        for (at, action) in whole.actions.iter().enumerate() {
            for required in 0..action.body.requires.len() {
                let mut ir = whole.clone();
                ir.actions
                    .get_mut(at)
                    .unwrap()
                    .body
                    .requires
                    .remove(required);
                count("requirements", name, &ir);
            }
            for effect in 0..action.body.does.len() {
                let mut ir = whole.clone();
                ir.actions.get_mut(at).unwrap().body.does.remove(effect);
                count("effects", name, &ir);
            }
        }
    }
    for (kind, (noticed, all)) in noticed {
        assert!(noticed * 3 > all, "{kind}: {noticed} of {all}");
    }
}
