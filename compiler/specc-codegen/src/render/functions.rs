//! The functions that a program declares, with their examples as tests.

use super::{declared, file};
use crate::imports::{Place, shortened};
use crate::parts::Context;
use crate::rust::{Mode, Rust};
use crate::source::{first_paragraph, pointed};
use crate::sql::needs_statement;
use specc_ir::expr::{Expr, ExprKind};
use specc_ir::ir::{Function, FunctionId};
use std::fmt::Write as _;

pub(super) fn functions(context: &Context<'_>) -> String {
    let mut body = String::new();
    let mut tests = String::new();
    for (position, function) in (0_u32..).zip(&context.ir.functions) {
        let id = FunctionId(position);
        let call = Expr {
            kind: ExprKind::Function(id, Vec::new()),
            ty: function.output.clone(),
            span: function.span,
        };
        // What looks at rows is part of the statements that use it.
        if needs_statement(&call, context.ir) {
            continue;
        }
        body.push_str(&self::function(context, id, function));
        tests.push_str(&examples(context, id, function));
    }
    if !tests.is_empty() {
        let (_, known) = shortened(&body, Place::Root);
        let (tests, needed) = shortened(&tests, Place::Root);
        let _ = writeln!(
            body,
            "#[cfg(test)]\nmod tests {{\nuse super::*;\n{}{tests}}}",
            needed.without(&known).lines()
        );
    }
    file("Pure functions.", Place::Root, &declared(&body))
}

fn function(context: &Context<'_>, id: FunctionId, function: &Function) -> String {
    let mut rust = Rust::new(context.ir, context.names, Mode::Condition, None);
    let mut taken = crate::names::Taken::default();
    let mut parameters = Vec::new();
    let used = crate::sql::variables_of(&function.is);
    for parameter in &function.inputs {
        let name = taken.take(
            &crate::names::identifier(&parameter.name.text, "input"),
            "_",
        );
        let name = if used.contains(&parameter.var) {
            name
        } else {
            format!("_{name}")
        };
        parameters.push(format!("{name}: {}", rust.type_name(&parameter.ty, false)));
        rust.parameter(parameter.var, name, &parameter.ty);
    }
    format!(
        "/// {}\npub fn {}({}) -> {} {{ {} }}\n",
        pointed(
            first_paragraph(&function.about),
            &context.place(function.span)
        ),
        context.names.function_name(id),
        parameters.join(", "),
        rust.type_name(&function.output, true),
        rust.returned(&function.is, &function.output)
    )
}

fn examples(context: &Context<'_>, id: FunctionId, function: &Function) -> String {
    let rust = Rust::new(context.ir, context.names, Mode::Condition, None);
    let mut out = String::new();
    for (arguments, expected, span) in &function.examples {
        let arguments: Vec<String> = arguments
            .iter()
            .zip(&function.inputs)
            .map(|(argument, input)| rust.compared(argument, Some(&input.ty)))
            .collect();
        let _ = writeln!(
            out,
            "{}assert_eq!({}({}), {});",
            crate::source::note(&context.place(*span)),
            context.names.function_name(id),
            arguments.join(", "),
            rust.returned(expected, &function.output)
        );
    }
    if out.is_empty() {
        return out;
    }
    format!(
        "#[test]\nfn examples_of_{}() {{\n{out}}}\n",
        context.names.function_name(id).trim_end_matches('_')
    )
}
