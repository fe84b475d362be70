//! Many expressions as one compiled program that is asked line by line.

use crate::store::Store;
use crate::{day, fields, role_bits, stored_value};
use kernel::value::Value;
use serde_json::{Value as Json, json};
use specc_ir::eval::World;
use specc_ir::expr::FieldRef;
use specc_ir::generate::{ITEM, Rows};
use specc_ir::ir::{Ir, Type};
use specc_syntax::span::Sources;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The program under way.
pub struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Program {
    /// A program of functions that give values.
    pub fn build(ir: &Ir, functions: &[String]) -> Program {
        let target = specc_tests::apps_target();
        let folder = target.join("agreement");
        std::fs::create_dir_all(folder.join("src")).unwrap();
        let root = specc_tests::root().canonicalize().unwrap();
        let kernel = root.join("runtime-templates/axum/support/kernel");
        let write = |path: &str, text: &str| write_changed(&folder.join(path), text);
        write(
            "Cargo.toml",
            &format!(
                "[package]\nname = \"agreement\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                 [dependencies]\nkernel = {{ path = {kernel:?} }}\nserde_json = {{ version = \"1\", features = [\"arbitrary_precision\"] }}\n\n\
                 [profile.dev]\ndebug = false\n\n[profile.dev.package.\"*\"]\nopt-level = 1\n\n[workspace]\n"
            ),
        );
        // The same versions as everywhere; what is not needed drops out.
        if !folder.join("Cargo.lock").is_file() {
            std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        }
        write(
            "src/main.rs",
            &format!(
                "#![allow(warnings)]\n{}",
                include_str!("harness.rs").replacen("//!", "//", 2)
            ),
        );
        write("src/cases.rs", &cases(functions));
        let plan = specc_codegen::plan(ir, &Sources::default(), &[]).unwrap();
        let files = specc_codegen::render(&plan, ir, &Sources::default());
        let file = |path: &str| {
            files
                .iter()
                .find(|file| file.path == path)
                .map(|file| file.text.clone())
                .unwrap()
        };
        write("src/choices.rs", &file("src/choices.rs"));
        write("src/functions.rs", &file("src/functions.rs"));
        write("src/item.rs", &view(&file("src/item/model.rs")));
        write("src/roles.rs", &constants(&file("src/roles.rs")));
        let built = Command::new("cargo")
            .args(["build", "--quiet"])
            .current_dir(&folder)
            .env("CARGO_TARGET_DIR", &target)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&built.stderr);
        assert!(
            built.status.success(),
            "the cases do not compile:\n{}",
            said.chars().take(12_000).collect::<String>()
        );
        let mut child = Command::new(target.join("debug/agreement"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut program = Program {
            child,
            input,
            output,
        };
        let settings = &ir.program;
        program.say(&json!({ "zone": settings.time_zone, "currency": settings.currency, "digits": settings.currency_digits }));
        program
    }

    /// The value that a function gives; none where it refuses.
    pub fn run(
        &mut self,
        function: usize,
        rows: &Rows,
        store: &Store,
    ) -> Result<Option<Value>, String> {
        let built_in = [
            FieldRef::Id,
            FieldRef::Created,
            FieldRef::Updated,
            FieldRef::Version,
        ]
        .map(|field| {
            written(&stored_value(
                &store.names,
                &rows.field(ITEM, rows.this, field),
                &Type::Integer,
            ))
        });
        let values: Vec<Json> = fields(rows, ITEM, rows.this)
            .iter()
            .map(|(_, ty, value)| written(&stored_value(&store.names, value, ty)))
            .collect();
        let roles = rows.me().map(|me| rows.roles(me)).unwrap_or_default();
        self.say(&json!({
            "case": function,
            "row": built_in,
            "values": values,
            "me": rows.me(),
            "roles": role_bits(rows.ir(), &roles),
            "now": rows.now(),
            "today": day(rows),
        }));
        loop {
            let mut line = String::new();
            self.output.read_line(&mut line).unwrap();
            let answer: Json =
                serde_json::from_str(&line).map_err(|_| format!("it ended: {line}"))?;
            if let Some(sql) = answer.get("sql").and_then(Json::as_str) {
                let params: Vec<(String, Value)> = answer["params"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|pair| (pair[0].as_str().unwrap().to_owned(), read(&pair[1])))
                    .collect();
                let value = store
                    .ask(sql, rows, &params)
                    .map_err(|error| format!("{error}: {sql}"))?;
                self.say(&written(&value));
            } else if answer.get("refused").is_some() {
                return Ok(None);
            } else {
                return Ok(Some(read(&answer["value"])));
            }
        }
    }

    fn say(&mut self, line: &Json) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
        input.flush().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}

fn cases(functions: &[String]) -> String {
    let mut out = "use crate::{Operation, Refusal};\nuse kernel::value::Value;\nuse kernel::{logic, num, text, time};\n\n\
                   pub static CASES: &[fn(&Operation) -> Result<Value, Refusal>] = &[\n"
        .to_owned();
    for position in 0..functions.len() {
        let _ = writeln!(out, "    case_{position},");
    }
    out.push_str("];\n");
    for (position, code) in functions.iter().enumerate() {
        let _ = writeln!(
            out,
            "\nfn case_{position}(op: &Operation) -> Result<Value, Refusal> {{\n    Ok({code})\n}}"
        );
    }
    out
}

/// The typed view of a row, out of a model that describes its fields too.
fn view(model: &str) -> String {
    let part = |from: &str, to: &str| {
        let start = model.find(from).unwrap();
        let end = start + model[start..].find(to).unwrap() + to.len();
        model[start..end].to_owned()
    };
    format!(
        "use crate::{{Row, choices}};\nuse kernel::logic;\n\n{}\n#[derive(Clone, Copy)]\n{}\n{}",
        part("pub mod field {", "\n}\n"),
        part("pub struct Item<'a>(", ";\n"),
        part("impl<'a> Item<'a> {", "\n}\n")
    )
}

/// The positions of the roles.
fn constants(roles: &str) -> String {
    roles
        .lines()
        .filter(|line| line.starts_with("pub const ") && line.contains(": u32"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Leaves the file alone where it is the same, so that nothing is compiled again.
fn write_changed(path: &Path, text: &str) {
    if std::fs::read_to_string(path).is_ok_and(|there| there == text) {
        return;
    }
    std::fs::write(path, text).unwrap();
}

fn written(value: &Value) -> Json {
    match value {
        Value::Empty => Json::Null,
        Value::Int(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Texts(texts) => json!({ "texts": texts }),
        Value::Ids(ids) => json!({ "ids": ids }),
        Value::Hidden(_) => unreachable!("expressions hold nothing hidden"),
    }
}

fn read(json: &Json) -> Value {
    match json {
        Json::Number(number) => Value::Int(number.as_i64().unwrap()),
        Json::String(text) => Value::Text(text.clone()),
        Json::Object(list) => match list.get("ids") {
            Some(ids) => Value::Ids(serde_json::from_value(ids.clone()).unwrap()),
            None => Value::Texts(serde_json::from_value(list["texts"].clone()).unwrap()),
        },
        _ => Value::Empty,
    }
}
