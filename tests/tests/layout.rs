//! Generated code stands as rustfmt lays it out: random expressions in every kind of place,
//! and programs with long names, long texts, many fields and letters of other scripts.
//!
//! The same cases each time; `PROPTEST_CASES` asks for another number of them.

#![expect(clippy::unwrap_used, reason = "a test ends where it can't go on")]

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use specc_codegen::names::NameTable;
use specc_codegen::rust::{Mode, Rust};
use specc_codegen::source::tidy;
use specc_ir::generate::{self, ITEM};
use specc_ir::ir::Type;
use specc_syntax::diagnostic::Severity;
use specc_syntax::span::{FileId, SourceFile, Sources};
use std::path::PathBuf;
use std::process::Command;

/// The number of expressions, unless `PROPTEST_CASES` says otherwise.
const CASES: usize = 3000;
/// So many of them stand in a file.
const FILE: usize = 500;

#[test]
fn random_expressions_stand_as_rustfmt_has_them() {
    let ir = generate::program();
    let names = NameTable::new(&ir);
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(CASES);
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]),
    );
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for start in (0..cases).step_by(FILE) {
        let mut source = String::from("//! Cases.\n\n");
        for number in start..cases.min(start + FILE) {
            let case = generate::case().new_tree(&mut runner).unwrap().current();
            let rust = |mode| Rust::new(&ir, &names, mode, Some(ITEM));
            let value = rust(Mode::Effect).stored(&case.expr, &case.expr.ty);
            let plain = rust(Mode::Condition).value(&case.expr).0;
            let condition = match case.expr.ty {
                Type::Bool => rust(Mode::Condition).condition(&case.expr),
                _ => format!("{plain} == {plain}"),
            };
            source.push_str(&place(number, &value, &plain, &condition));
        }
        let file = folder.path().join(format!("cases{start}.rs"));
        std::fs::write(&file, tidy(&source)).unwrap();
        files.push(file);
    }
    same(&files);
}

/// A function with the code in one of the places where generated code has it.
fn place(number: usize, value: &str, plain: &str, condition: &str) -> String {
    let text =
        "A sentence that is there to be long enough, \\\"quoted\\\" and all. ".repeat(number % 4);
    let body = match number % 12 {
        0 => format!("Ok({value})"),
        1 => format!(
            "op.set(app::ITEM, Some(op.this.id), item::field::NAME, {value}, Authority::System)?;\nOk(())"
        ),
        2 => format!("op.require({condition}, \"an-id-of-a-sentence\", \"{text}\")"),
        3 => format!(
            "if {condition} {{ op.delete(app::ITEM, {plain}, Authority::Caller)?; }} else {{ // why\nreturn Err(op.refuse(\"no\", \"{text}\")); }}\nOk(())"
        ),
        4 => format!(
            "let row = op.create(app::ITEM, [(field::A, {value}), (field::B, Value::Empty)], Authority::Caller)?;\nOk(())"
        ),
        5 => format!(
            "op.email(To::User({plain}), format!(\"{{}} and {{}}\", {plain}, {plain}));\nOk(())"
        ),
        6 => format!(
            "for row in op.ids(\"SELECT t.id FROM item t WHERE t.name = :p0 AND t.long_column_name = 7\", &[(\":p0\", {value})])? {{ for other in op.ids(\"SELECT 1\", &[])? {{ op.email(To::User({plain}), \"{text}\"); }} }}\nOk(())"
        ),
        7 => format!(
            "let value = || -> Result<Value, Refusal> {{ Ok({value}) }};\nvalue().unwrap_or_default()"
        ),
        8 => format!(
            "op.attempt(|op: &mut Operation<'_>| {{ if {condition} {{ op.email(To::Users({plain}), \"{text}\"); }} Ok(()) }}, |_op: &mut Operation<'_>| {{ // else\nOk(()) }})?;\nOk(())"
        ),
        9 => {
            format!("// {text}\nassert_eq!(a_function_of_the_program({plain}, {plain}), {value});")
        }
        10 => format!("if {condition} {{ {plain} }} else {{ None }}"),
        _ => condition.to_owned(),
    };
    format!(
        "/// {text}\nfn case_{number}(op: &mut Operation<'_>) -> Result<Value, Refusal> {{\n{body}\n}}\n\n"
    )
}

#[test]
fn odd_programs_stand_as_rustfmt_has_them() {
    for text in [ODD, include_str!("layout/wide.md")] {
        let files = rendered(text).unwrap();
        for (path, text) in &files {
            for (line, text) in text.lines().enumerate() {
                assert!(
                    text.chars().count() <= 100 || !text.contains(' '),
                    "{path}:{} is too long: {text}",
                    line + 1
                );
            }
        }
        stand(&files);
    }
}

#[test]
fn the_programs_of_the_language_pages_stand_as_rustfmt_has_them() {
    let mut seen = 0;
    for entry in std::fs::read_dir(specc_tests::root().join("specs/language")).unwrap() {
        let page = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for block in page.split("\n```spec\n").skip(1) {
            let text = block.split("\n```").next().unwrap_or("");
            // Some are there for what is wrong with them.
            if let Ok(files) = rendered(text) {
                stand(&files);
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "only {seen} programs");
}

/// The program's own Rust files; the mistakes where it has any.
fn rendered(text: &str) -> Result<Vec<(String, String)>, Vec<String>> {
    let sources = Sources {
        files: vec![SourceFile {
            path: "spec/app.md".to_owned(),
            text: text.to_owned(),
        }],
    };
    let (tree, problems) = specc_syntax::parse(FileId(0), text);
    let (ir, more) = specc_ir::lower::lower(&[tree], &sources);
    let errors: Vec<String> = problems
        .iter()
        .chain(&more)
        .filter(|problem| problem.severity == Severity::Error)
        .map(|problem| format!("{}: {}", sources.place(problem.span), problem.message))
        .collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let plan = specc_codegen::plan(&ir, &sources, &[])
        .map_err(|refused| refused.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let files = specc_codegen::render(&plan, &ir, &sources);
    let own = files
        .into_iter()
        .filter(|file| file.path.starts_with("src/") && file.path.ends_with(".rs"));
    Ok(own.map(|file| (file.path, file.text)).collect())
}

fn stand(files: &[(String, String)]) {
    let folder = tempfile::tempdir().unwrap();
    let mut written = Vec::new();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        written.push(path);
    }
    assert!(!written.is_empty());
    same(&written);
}

/// rustfmt changes nothing in the files.
fn same(files: &[PathBuf]) {
    let before: Vec<String> = files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    let output = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .args(files)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for (file, ours) in files.iter().zip(&before) {
        let theirs = std::fs::read_to_string(file).unwrap();
        let lines = ours.lines().zip(theirs.lines());
        let same = lines.take_while(|(ours, theirs)| ours == theirs).count();
        let around = |text: &str| -> String {
            let lines = text.lines().skip(same.saturating_sub(8)).take(30);
            lines.map(|line| format!("{line}\n")).collect()
        };
        assert!(
            *ours == theirs,
            "{}:{}\nours:\n{}\nrustfmt's:\n{}",
            file.display(),
            same + 1,
            around(ours),
            around(&theirs)
        );
    }
}

/// Names that are words of every language around, and text that wants to get out.
const ODD: &str = "# Evil \"); panic!(\"\n\n## Roles\n\n- **Super**: who. `sign-up`\n- **роль**: another.\n\n\
## Entity: Option\n\n- Shown as: type\n\n| Field | Type | Rules |\n|---|---|---|\n| type | text | required, default \"'; DROP TABLE x; --\" |\n| select | integer | |\n| имя | text | |\n| from_date | date | |\n| self | yes/no | default yes |\n| kind | none, some, self, 2nd, fn | default none |\n\n\
### Access\n\n| Who | Can | When |\n|---|---|---|\n| Super | read, create | |\n\n\
### Rules\n\n- It's \"quoted\" */ and `'; --` odd \\ all the way. `select is empty or select > 3`\n\n\
## Entity: Text row\n\n| Field | Type | Rules |\n|---|---|---|\n| field | text | required |\n| option | Option | |\n\n### Access\n\n| Who | Can | When |\n|---|---|---|\n| signed-in | read | `can read option` |\n\n### On create\n\n- Does:\n  - Another is made. `create Option with type = field, from_date = today`\n\n\
## Entity: 票\n\n| Field | Type | Rules |\n|---|---|---|\n| число | text | required |\n\n### Access\n\n| Who | Can | When |\n|---|---|---|\n| anyone | read | |\n";
