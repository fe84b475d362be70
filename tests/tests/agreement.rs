//! One meaning, four translations: on random expressions and random rows the evaluator,
//! SQLite and compiled Rust give the same values.
//!
//! The same cases each time; `PROPTEST_CASES` asks for another number of them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it must be"
)]

#[path = "agreement/compiled.rs"]
mod compiled;
#[allow(dead_code, reason = "the engine uses more of it")]
#[path = "../../runtime-templates/axum/support/engine/src/functions.rs"]
mod functions;
#[path = "agreement/store.rs"]
mod store;

use kernel::value::Value;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use specc_codegen::names::NameTable;
use specc_codegen::rust::{Mode as RustMode, Rust};
use specc_codegen::sql::{Names, Sql, holders_of, needs_statement, walk};
use specc_ir::eval::{self, Mode, World};
use specc_ir::expr::{Expr, ExprKind, FieldRef};
use specc_ir::generate::{self, Case, ITEM, Rows};
use specc_ir::ir::{FieldId, Ir, RoleId, Type};
use std::collections::BTreeSet;
use store::Store;

/// The number of cases for SQL, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 12_000;
/// One in so many of them is compiled as Rust,
const COMPILED: u32 = 24;
/// and looked at on this many sets of rows.
const ROWS: usize = 24;

#[test]
fn sqlite_agrees_with_the_evaluator() {
    let ir = generate::program();
    let store = Store::new(&ir);
    let mut runner = runner();
    let outcome = runner.run(&generate::case(), |case| {
        store.fill(&case.rows);
        let wanted = evaluated(&store.names, &case.expr, &case.rows);
        match in_sql(&store, &case.expr, &case.rows) {
            (sql, Ok(found)) if found == wanted => drop(sql),
            (sql, found) => return Err(TestCaseError::fail(told(&case, &sql, &wanted, &found))),
        }
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, _)) => panic!("{}", reason.message()),
        Err(TestError::Abort(reason)) => panic!("no cases: {}", reason.message()),
    }
}

#[test]
fn compiled_rust_agrees_with_the_evaluator() {
    let ir = generate::program();
    let store = Store::new(&ir);
    let (cases, rows) = drawn((cases() / COMPILED).max(1));
    assert_eq!(
        ir.functions.len(),
        2,
        "the program's functions are well typed"
    );
    let mut functions: Vec<String> = Vec::new();
    for case in &cases {
        let rust = |mode| Rust::new(&ir, &store.names, mode, Some(ITEM));
        functions.push(rust(RustMode::Condition).stored(&case.expr, &case.expr.ty));
        functions.push(match refuses(&case.expr, &ir) {
            true => rust(RustMode::Effect).stored(&case.expr, &case.expr.ty),
            false => "Value::Empty".to_owned(),
        });
    }
    let mut program = compiled::Program::build(&ir, &functions);
    for (position, case) in cases.iter().enumerate() {
        for set in 0..ROWS {
            let rows = &rows[(position + set * 7) % rows.len()];
            store.fill(rows);
            let wanted = evaluated(&store.names, &case.expr, rows);
            let found = program.run(position * 2, rows, &store);
            if found.as_ref() != Ok(&Some(wanted.clone())) {
                let (sql, stored) = in_sql(&store, &case.expr, rows);
                let code = &functions[position * 2];
                let case = Case {
                    rows: rows.clone(),
                    ..case.clone()
                };
                panic!(
                    "{}\n\nRust: {code}\nGives: {found:?}",
                    told(&case, &sql, &wanted, &stored)
                );
            }
            if refuses(&case.expr, &ir) {
                let wanted = eval::evaluate(&case.expr, rows, Mode::Effect)
                    .ok()
                    .map(|value| stored_value(&store.names, &value, &case.expr.ty));
                let found = program.run(position * 2 + 1, rows, &store);
                let code = &functions[position * 2 + 1];
                let text = &case.text;
                assert!(
                    found.as_ref() == Ok(&wanted),
                    "in an effect: {text}\n{}\nRust: {code}\nGives: {found:?}\nEvaluator: {wanted:?}",
                    described(rows)
                );
            }
        }
    }
}

/// All its arithmetic refuses in an effect: inside statements and functions it gives empty.
fn refuses(expr: &Expr, ir: &Ir) -> bool {
    let mut calls = false;
    walk(expr, &mut |inner| {
        calls |= matches!(inner.kind, ExprKind::Function(..))
    });
    !calls && !needs_statement(expr, ir)
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(CASES)
}

fn runner() -> TestRunner {
    let config = Config {
        cases: cases(),
        failure_persistence: None,
        max_local_rejects: u32::MAX,
        max_global_rejects: u32::MAX,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]))
}

/// Cases with expressions that are all different, and sets of rows.
fn drawn(count: u32) -> (Vec<Case>, Vec<Rows>) {
    let mut runner = runner();
    let (mut cases, mut rows, mut seen): (Vec<Case>, Vec<Rows>, BTreeSet<String>) =
        Default::default();
    for _ in 0..count.saturating_mul(20) {
        let case = generate::case().new_tree(&mut runner).unwrap().current();
        rows.push(case.rows.clone());
        if seen.insert(case.text.clone()) {
            cases.push(case);
        }
        if cases.len() >= count as usize {
            break;
        }
    }
    (cases, rows)
}

/// The evaluator's value, as it is stored.
fn evaluated(names: &NameTable, expr: &Expr, rows: &Rows) -> Value {
    match eval::evaluate(expr, rows, Mode::Condition) {
        Ok(value) => stored_value(names, &value, &expr.ty),
        Err(error) => Value::Text(format!("error: {error}")),
    }
}

/// SQLite's value; a condition is asked in all its forms.
fn in_sql(store: &Store, expr: &Expr, rows: &Rows) -> (String, Result<Value, String>) {
    let ir = rows.ir();
    let sql = |code: &str| {
        format!(
            "SELECT {code} FROM \"{}\" t WHERE t.\"id\" = {}",
            store.names.table(ITEM),
            rows.this
        )
    };
    let value = sql(&Sql::over_row(ir, &store.names).value(expr));
    let found = match store.ask(&value, rows, &[]) {
        Ok(found) => found,
        Err(problem) => return (value, Err(problem)),
    };
    if expr.ty == Type::Bool {
        let holds = eval::holds(expr, rows, Mode::Condition).unwrap_or(false);
        let condition = sql(&Sql::over_row(ir, &store.names).condition(expr));
        match store.ask(&condition, rows, &[]) {
            Ok(truth) if (truth == Value::Int(1)) == holds => {}
            other => return (condition, Err(format!("as a condition: {other:?}"))),
        }
        let strict = sql(&Sql::over_row(ir, &store.names).strict(expr));
        match store.ask(&strict, rows, &[]) {
            Ok(Value::Int(truth)) if (truth == 1) == holds => {}
            other => return (strict, Err(format!("as a strict condition: {other:?}"))),
        }
    }
    (value, Ok(found))
}

/// A value as it is stored.
fn stored_value(names: &NameTable, value: &eval::Value, ty: &Type) -> Value {
    match value {
        eval::Value::Empty => Value::Empty,
        eval::Value::Bool(truth) => Value::Int(i64::from(*truth)),
        eval::Value::Text(text) => Value::Text(text.clone()),
        eval::Value::Number(number)
        | eval::Value::Time(number)
        | eval::Value::Timestamp(number)
        | eval::Value::Duration(number)
        | eval::Value::Row(number) => Value::Int(*number),
        eval::Value::Choice(value) => match ty {
            Type::Choice(choice) => Value::Text(names.choice_value(*choice, *value)),
            other => panic!("a choice of type {other:?}"),
        },
        eval::Value::Date(days) => Value::Int(i64::from(*days)),
        eval::Value::List(values) => {
            let ids: Vec<i64> = values
                .iter()
                .filter_map(|value| {
                    if let eval::Value::Row(id) = value {
                        Some(*id)
                    } else {
                        None
                    }
                })
                .collect();
            Value::Ids(ids).settled()
        }
    }
}

/// The roles that somebody holds, as bits.
fn role_bits(ir: &Ir, given: &[RoleId]) -> i64 {
    (0_u32..)
        .zip(&ir.roles)
        .filter(|(role, _)| {
            holders_of(ir, RoleId(*role))
                .iter()
                .any(|holder| given.contains(holder))
        })
        .fold(0, |bits, (role, _)| bits | 1_i64 << role)
}

/// The day of a moment in the program's time zone.
fn day(rows: &Rows) -> i64 {
    (rows.now() + rows.offset(rows.now())).div_euclid(kernel::time::DAY)
}

fn told(case: &Case, sql: &str, wanted: &Value, found: &Result<Value, String>) -> String {
    format!(
        "\nExpression: {}\n{}\nEvaluator: {wanted:?}\nSQLite: {found:?}\nSQL: {sql}",
        case.text,
        described(&case.rows)
    )
}

/// The rows, a line each.
fn described(rows: &Rows) -> String {
    let mut out = format!(
        "me: {:?}, now: {}, roles: {:?}\n",
        rows.me, rows.now, rows.roles
    );
    for (entity, table) in rows.ir().entities.iter().zip(&rows.tables) {
        for (id, values) in table {
            out.push_str(&format!("{} {id}:", entity.name.text));
            for (field, value) in entity.fields.iter().zip(values) {
                if *value != eval::Value::Empty {
                    out.push_str(&format!(" {} = {value:?},", field.name.text));
                }
            }
            out.push('\n');
        }
    }
    out
}

/// The fields of a row with their values.
fn fields(
    rows: &Rows,
    entity: specc_ir::ir::EntityId,
    id: i64,
) -> Vec<(FieldId, Type, eval::Value)> {
    let declared = &rows.ir().entities[entity.0 as usize].fields;
    (0_u32..)
        .zip(declared)
        .map(|(position, field)| {
            let value = match field.computed {
                Some(_) => eval::Value::Empty,
                None => rows.field(entity, id, FieldRef::Field(FieldId(position))),
            };
            (FieldId(position), field.ty.clone(), value)
        })
        .collect()
}
