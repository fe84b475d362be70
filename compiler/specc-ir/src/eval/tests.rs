use super::*;
use crate::generate::{case, program, typed};
use crate::parse;
use crate::scope::{Index, Scope};
use proptest::prelude::*;
use specc_syntax::span::Span;

/// A world of variables only.
struct Vars {
    ir: Ir,
    values: Vec<(VarId, Value)>,
    now: i64,
}

impl World for Vars {
    fn ir(&self) -> &Ir {
        &self.ir
    }
    fn rows(&self, _: EntityId) -> Vec<i64> {
        Vec::new()
    }
    fn field(&self, _: EntityId, _: i64, _: FieldRef) -> Value {
        Value::Empty
    }
    fn old(&self, _: EntityId, _: FieldRef) -> Value {
        Value::Empty
    }
    fn variable(&self, var: VarId) -> Value {
        self.values
            .iter()
            .find(|(id, _)| *id == var)
            .map_or(Value::Empty, |(_, value)| value.clone())
    }
    fn input(&self, _: &str) -> Value {
        Value::Empty
    }
    fn output(&self) -> Value {
        Value::Empty
    }
    fn me(&self) -> Option<i64> {
        None
    }
    fn now(&self) -> i64 {
        self.now
    }
    fn offset(&self, moment: i64) -> i64 {
        let zone = jiff::tz::TimeZone::get(&self.ir.program.time_zone).unwrap();
        i64::from(
            zone.to_offset(jiff::Timestamp::from_millisecond(moment).unwrap())
                .seconds(),
        ) * 1000
    }
    fn roles(&self, _: i64) -> Vec<RoleId> {
        Vec::new()
    }
}

/// What an expression gives, as the language's page writes it.
fn gives(text: &str, with: &str, wanted: &str) -> String {
    let mut ir = Ir::default();
    ir.program.time_zone = "UTC".to_owned();
    ir.program.currency_digits = 2;
    let parts: Vec<(&str, &str)> = with
        .split(", ")
        .filter_map(|part| part.split_once(" = "))
        .collect();
    for (name, value) in &parts {
        match *name {
            "time zone" => ir.program.time_zone = (*value).to_owned(),
            "currency" => ir.program.currency_digits = u8::from(*value != "JPY") * 2,
            _ => {}
        }
    }
    let index = Index::new(&ir);
    let mut scope = Scope::new(&ir, &index);
    scope.clock = true;
    let mut out = Vec::new();
    let mut values = Vec::new();
    let mut now = 1_767_225_600_000;
    let mut vars = Vec::new();
    let quiet = Vars {
        ir: ir.clone(),
        values: Vec::new(),
        now: 0,
    };
    for (name, value) in parts {
        match name {
            "time zone" | "currency" => {}
            "now" => {
                let literal =
                    parse::value_at(&mut scope, value, Span::default(), None, &mut out).unwrap();
                now = evaluate(&literal, &quiet, Mode::Condition)
                    .unwrap()
                    .whole()
                    .unwrap();
            }
            _ => {
                let (literal, ty) = value.rsplit_once(": ").unwrap();
                let ty = parse::type_of(&scope, ty, Span::default(), &mut out).unwrap();
                let literal =
                    parse::value_at(&mut scope, literal, Span::default(), Some(&ty), &mut out);
                assert!(out.is_empty(), "{with}: {out:?}");
                let var = scope.fresh();
                values.push((
                    var,
                    evaluate(&literal.unwrap(), &quiet, Mode::Condition).unwrap(),
                ));
                vars.push((name.to_owned(), var, ty));
            }
        }
    }
    scope.vars = vars;
    let Some(expr) = parse::value_at(&mut scope, text, Span::default(), None, &mut out) else {
        return out[0].name.to_owned();
    };
    let world = Vars {
        ir: ir.clone(),
        values,
        now,
    };
    let given = evaluate(&expr, &world, Mode::Condition).unwrap();
    let mut quiet_out = Vec::new();
    let wanted_expr = parse::value_at(
        &mut scope,
        wanted,
        Span::default(),
        Some(&expr.ty),
        &mut quiet_out,
    );
    let same = wanted_expr
        .is_some_and(|wanted| evaluate(&wanted, &world, Mode::Condition).unwrap() == given);
    if same {
        wanted.to_owned()
    } else {
        format!("{given:?} of {:?}", expr.ty)
    }
}

#[test]
fn the_page_on_expressions() {
    let page = include_str!("../../../../specs/language/expressions.md");
    let mut count = 0;
    let mut wrong = Vec::new();
    for block in page.split("```eval\n").skip(1) {
        for line in block.split("```").next().unwrap().lines().skip(2) {
            let cells: Vec<String> = line
                .replace("\\|", "\u{1}")
                .trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().trim_matches('`').replace('\u{1}', "|"))
                .collect();
            count += 1;
            let given = gives(&cells[0], &cells[1], &cells[2]);
            if given != cells[2] {
                wrong.push(format!(
                    "{} with {}: wanted {}, gave {given}",
                    cells[0], cells[1], cells[2]
                ));
            }
        }
    }
    assert!(count > 70, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn failed_arithmetic_refuses_effects() {
    let ir = program();
    let expr = typed(&ir, "9223372036854775807 + 1").unwrap();
    let world = Vars {
        ir,
        values: Vec::new(),
        now: 0,
    };
    assert_eq!(evaluate(&expr, &world, Mode::Condition), Ok(Value::Empty));
    assert_eq!(
        evaluate(&expr, &world, Mode::Effect),
        Err(EvalError::Arithmetic)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, max_global_rejects: 100_000, ..ProptestConfig::default() })]
    #[test]
    fn everything_well_typed_has_a_value_and_a_sentence(case in case()) {
        let value = evaluate(&case.expr, &case.rows, Mode::Condition).unwrap();
        let _ = evaluate(&case.expr, &case.rows, Mode::Effect);
        let fits = match (&value, &case.expr.ty) {
            (Value::Empty, _) | (Value::Bool(_), Type::Bool) | (Value::Date(_), Type::Date) | (Value::Time(_), Type::Time) => true,
            (Value::Number(_), ty) => scale(ty, &case.ir).is_some() || *ty == Type::Duration,
            (Value::Text(_), Type::Text | Type::Email) | (Value::Choice(_), Type::Choice(_)) | (Value::Row(_), Type::Ref(_)) => true,
            (Value::Timestamp(_), Type::Timestamp) | (Value::Duration(_), Type::Duration) => true,
            _ => false,
        };
        prop_assert!(fits, "{} gave {value:?} of {:?}", case.text, case.expr.ty);
        prop_assert!(!crate::sentence::sentence(&case.expr, &case.ir).is_empty());
    }
}

#[test]
fn most_generated_code_is_well_typed() {
    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut aggregates = 0;
    for _ in 0..200 {
        let case = case().new_tree(&mut runner).unwrap().current();
        aggregates += usize::from(case.text.contains("(Item"));
    }
    assert!(aggregates > 20, "{aggregates}");
}
