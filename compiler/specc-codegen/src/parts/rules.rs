//! Invariants: code where they look at the row alone, SQL where they look further.

use super::Context;
use crate::rust::{Mode, Rust};
use crate::source::{list, literal};
use crate::sql::{Names as _, Sql, bare, ident, needs_statement, variables_of};
use specc_ir::expr::{Expr, OLD};
use specc_ir::ir::{EntityId, FieldId, Rule, RuleCheck, RuleOn};
use std::fmt::Write as _;

/// `rules.rs` below its head: the list and a function for each rule in code.
#[must_use]
pub fn rules(context: &Context<'_>, entity: EntityId) -> String {
    let Some(declared) = context.entity(entity) else {
        return String::new();
    };
    let mut taken = crate::names::Taken::without(&["rules"]);
    let mut functions = String::new();
    let mut entries: Vec<String> = Vec::new();
    for rule in &declared.rules {
        let check = match &rule.check {
            RuleCheck::Holds(expr) if in_sql(context, rule, expr) => {
                let sql = Sql::over_row(context.ir, context.names).condition(expr);
                format!("Check::Sql({})", literal(bare(&sql)))
            }
            RuleCheck::Holds(expr) => {
                let name = taken.take(&crate::names::identifier(&rule.id, "rule"), "_");
                let code = Rust::new(context.ir, context.names, Mode::Condition, Some(entity))
                    .condition(expr);
                let operation = crate::source::parameter("op", &code);
                let code = match crate::rust::asked(&code) {
                    Some(asked) => asked.to_owned(),
                    None => format!("Ok({code})"),
                };
                let text =
                    crate::source::pointed(&rule.sentence.text, &context.place(rule.sentence.span));
                let _ = write!(
                    functions,
                    "\n/// {text}\nfn {name}({operation}: &Operation<'_>) -> Result<bool, Refusal> {{ {code} }}\n"
                );
                format!("Check::Code({name})")
            }
            RuleCheck::Unique {
                fields,
                ranges,
                when,
            } => {
                let sql = unique(context, entity, fields, ranges, when.as_ref());
                format!("Check::Sql({})", literal(bare(&sql)))
            }
        };
        let fields: Vec<String> = rule
            .fields
            .iter()
            .map(|field| literal(super::fields::sent(&context.names.column(entity, *field))))
            .collect();
        let on = match rule.on {
            RuleOn::Always => "Always",
            RuleOn::Create => "Create",
            RuleOn::Update => "Update",
            RuleOn::Delete => "Delete",
        };
        entries.push(format!(
            "Rule {{ id: {}, sentence: {}, fields: {}, on: RuleOn::{on}, check: {check}, source: {} }}",
            literal(&rule.id),
            literal(&rule.sentence.text),
            list(&fields),
            literal(&context.place(rule.sentence.span))
        ));
    }
    let watchers = super::watchers::of(context, entity);
    format!(
        "/// What must hold.\npub const RULES: &[Rule] = {};\n\n\
         /// The rules that look at these rows.\npub const WATCHERS: &[Watcher] = {};\n{functions}",
        list(&entries),
        list(&watchers)
    )
}

/// One statement decides it for any row; what speaks of `old` needs the operation.
fn in_sql(context: &Context<'_>, rule: &Rule, expr: &Expr) -> bool {
    needs_statement(expr, context.ir)
        && (rule.on == RuleOn::Always || !variables_of(expr).contains(&OLD))
}

fn unique(
    context: &Context<'_>,
    entity: EntityId,
    fields: &[FieldId],
    ranges: &[(FieldId, FieldId)],
    when: Option<&Expr>,
) -> String {
    let column = |alias: &str, field: &FieldId| {
        let computed = context.field(entity, *field);
        match computed.and_then(|field| field.computed.as_ref()) {
            Some(computed) => Sql::over_alias(context.ir, context.names, alias).value(computed),
            None => format!("{alias}.{}", ident(&context.names.column(entity, *field))),
        }
    };
    let mut parts = vec!["o.id <> t.id".to_owned()];
    for field in fields {
        parts.push(format!("{} = {}", column("o", field), column("t", field)));
    }
    for (start, end) in ranges {
        parts.push(format!("{} < {}", column("o", start), column("t", end)));
        parts.push(format!("{} < {}", column("t", start), column("o", end)));
        // A range that ends before or when it starts holds nothing.
        parts.push(format!("{} < {}", column("o", start), column("o", end)));
        parts.push(format!("{} < {}", column("t", start), column("t", end)));
    }
    if let Some(when) = when {
        parts.push(Sql::over_alias(context.ir, context.names, "o").condition(when));
    }
    let table = ident(&context.names.table(entity));
    let free = format!(
        "NOT EXISTS (SELECT 1 FROM {table} o WHERE {})",
        parts.join(" AND ")
    );
    match when {
        Some(when) => {
            let not = Sql::over_row(context.ir, context.names).negated(when);
            let not = if bare(&not).contains(" AND ") || bare(&not).contains(" OR ") {
                not.as_str()
            } else {
                bare(&not)
            };
            format!("({not} OR {free})")
        }
        None => free,
    }
}
