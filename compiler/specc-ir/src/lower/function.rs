//! `Function`: signature, body, properties, examples.

use super::formal::{self, Keys, bare, fold, not_compiled_yet, sentence_and_code, sentence_id};
use super::literal;
use super::names::{Names, number};
use super::outline::{Declared, Outline, about};
use super::{Pass, declare, types};
use crate::eval::{self, Mode, Value, World};
use crate::expr::{Expr, ExprKind, FieldRef, Literal, VarId};
use crate::ir::{
    EntityId, Function, FunctionId, Ir, Name, Parameter, Requirement, RoleId, Sentence, Type,
};
use crate::parse;
use crate::scope::{Index, Scope};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{same_name, suggest};
use specc_syntax::span::{Sources, Span};
use specc_syntax::tree::{Line, Section, Table, Text};
use std::collections::HashSet;

const KEYS: Keys = Keys {
    section: "a function",
    known: &["Input", "Output", "Is", "Always"],
    not_yet: &[],
};
/// Names of built-in functions, which a declared one cannot have.
const BUILT_IN: &[&str] = &[
    "count", "sum", "min", "max", "avg", "exists", "every", "first", "list", "lower", "length",
    "round", "date", "time", "weekday", "year", "month", "day", "hour", "abs", "if", "not",
    "random", "next",
];

/// What the second pass reads of a function.
pub(super) struct Pending<'t> {
    id: FunctionId,
    section: &'t Section,
    is: Line,
    always: Vec<&'t specc_syntax::tree::Item>,
}

/// Declares the functions with their signatures. One without `Is:` is reported as not compiled yet.
pub(super) fn declare<'t>(
    outline: &Outline<'t>,
    sources: &Sources,
    ir: &mut Ir,
    names: &mut Names,
    out: &mut Vec<Diagnostic>,
) -> Vec<Pending<'t>> {
    let mut pending = Vec::new();
    let mut declared = Declared::default();
    if outline.functions.is_empty() {
        return pending;
    }
    let index = Index::new(ir);
    let mut functions = Vec::new();
    for (section, name) in &outline.functions {
        if !declare::usable_name("a function", name, out) || !declared.add("function", name, out) {
            continue;
        }
        if BUILT_IN.iter().any(|word| same_name(word, &name.text)) {
            out.push(
                Diagnostic::new(
                    "reserved-name",
                    name.span,
                    format!("`{}` is a built-in function already", name.text),
                )
                .help("choose another name"),
            );
            continue;
        }
        let mut scope = Scope::new(ir, &index);
        let mut inputs = Vec::new();
        let mut output = None;
        let mut is = None;
        let mut always = Vec::new();
        for entry in formal::keys(section, &KEYS, out) {
            match entry.key {
                "Input" => match entry.value.only_code() {
                    Some(code) => inputs = parse::parameters(&mut scope, code, out),
                    None => code_wanted(&entry.value, "Input", out),
                },
                "Output" => {
                    let text = bare(&entry.value);
                    output = parse::type_of(&scope, &text.text, text.span, out);
                }
                "Is" => match entry.value.sentence_and_code() {
                    Some(_) => is = Some(entry.value),
                    None => code_wanted(&entry.value, "Is", out),
                },
                _ => always.extend(entry.item.children()),
            }
        }
        let Some(is) = is else {
            out.push(
                not_compiled_yet(
                    section.heading.span,
                    &format!(
                        "a function in prose, without `Is:`, such as `{}`,",
                        name.text
                    ),
                )
                .help("add its formula: `- Is: `…``"),
            );
            continue;
        };
        let Some(output) = output else {
            if !section.items().any(|item| {
                item.key_value()
                    .is_some_and(|(key, _)| same_name(&key.text, "Output"))
            }) {
                out.push(
                    Diagnostic::new(
                        "missing-key",
                        section.heading.span,
                        format!("function `{}` does not say its `Output:`", name.text),
                    )
                    .help("add for example `- Output: `integer``"),
                );
            }
            continue;
        };
        let hidden = inputs
            .iter()
            .map(|input| (&input.ty, input.name.span))
            .chain([(&output, section.heading.span)])
            .find(|(ty, _)| matches!(ty, Type::Password | Type::Secret));
        if let Some((ty, span)) = hidden {
            let what = super::types::describe(ty, ir);
            out.push(
                Diagnostic::new(
                    "hidden-value",
                    span,
                    format!("a function would look into a {what}"),
                )
                .help("functions work on values that may be read"),
            );
            continue;
        }
        let id = FunctionId(number(functions.len()));
        names.functions.insert(fold(&name.text), id);
        functions.push(Function {
            name: Name {
                text: name.text.clone(),
                span: name.span,
            },
            about: about(section, sources, true),
            inputs,
            output: output.clone(),
            is: Expr {
                kind: ExprKind::Literal(Literal::Empty),
                ty: output,
                span: is.span,
            },
            examples: Vec::new(),
            always: Vec::new(),
            span: section.heading.span,
        });
        pending.push(Pending {
            id,
            section,
            is,
            always,
        });
    }
    ir.functions = functions;
    pending
}

fn code_wanted(line: &Line, key: &str, out: &mut Vec<Diagnostic>) {
    out.push(
        Diagnostic::new("code-expected", line.span, format!("`{key}:` holds code"))
            .help("put it between backticks")
            .edit(line.span, format!("`{}`", line.plain().replace('`', ""))),
    );
}

/// What the second pass finds out about a function.
pub(super) struct Body {
    id: FunctionId,
    is: Option<Expr>,
    always: Vec<Requirement>,
    examples: Vec<(Vec<Expr>, Expr, Span)>,
}

/// Reads bodies, properties and examples.
pub(super) fn bodies(pending: &[Pending<'_>], pass: &mut Pass<'_>) -> Vec<Body> {
    let mut out = Vec::new();
    for function in pending {
        let Some(declared) = pass.ir.functions.get(function.id.0 as usize) else {
            continue;
        };
        let mut scope = pass.scope(None);
        for parameter in &declared.inputs {
            scope.vars.push((
                parameter.name.text.clone(),
                parameter.var,
                parameter.ty.clone(),
            ));
            scope.next_var = scope.next_var.max(parameter.var.0.saturating_add(1));
        }
        let is = function
            .is
            .sentence_and_code()
            .and_then(|(_, code)| parse::value(&mut scope, code, Some(&declared.output), pass.out));
        scope.output = Some(declared.output.clone());
        let mut ids = HashSet::new();
        let mut always = Vec::new();
        for item in &function.always {
            match sentence_and_code(&item.line, pass.out) {
                Some((sentence, code)) => {
                    if let Some(condition) = parse::condition(&mut scope, code, pass.out) {
                        let id = sentence_id(&sentence, &mut ids);
                        always.push(Requirement {
                            id,
                            sentence: Sentence {
                                text: sentence,
                                span: item.line.span,
                            },
                            condition,
                        });
                    }
                }
                None => pass.unproven.push(Sentence {
                    text: item.line.plain(),
                    span: item.line.span,
                }),
            }
        }
        let examples = function
            .section
            .tables()
            .flat_map(|table| examples(table, &declared.inputs, &declared.output, pass))
            .collect();
        out.push(Body {
            id: function.id,
            is,
            always,
            examples,
        });
    }
    out
}

/// The rows of an example table: a column per parameter, and `output`.
fn examples(
    table: &Table,
    inputs: &[Parameter],
    output: &Type,
    pass: &mut Pass<'_>,
) -> Vec<(Vec<Expr>, Expr, Span)> {
    let is_output = |line: &Line| same_name(&line.plain(), "output");
    let known = |line: &Line| {
        is_output(line)
            || inputs
                .iter()
                .any(|input| same_name(&input.name.text, &line.plain()))
    };
    if !table.columns.iter().any(known) {
        return Vec::new();
    }
    let mut fine = true;
    for column in table.columns.iter().filter(|column| !known(column)) {
        let text = column.plain();
        let diagnostic = Diagnostic::new(
            "unknown-column",
            column.span,
            format!("`{text}` is no input of this function"),
        );
        let names = inputs
            .iter()
            .map(|input| input.name.text.as_str())
            .chain(["output"]);
        pass.out.push(match suggest(&text, names.clone()) {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .edit(column.span, near),
            None => diagnostic.help(format!(
                "an example table has the columns {}",
                formal::list_of(names)
            )),
        });
        fine = false;
    }
    let missing: Vec<&str> = inputs
        .iter()
        .map(|input| input.name.text.as_str())
        .chain(["output"])
        .filter(|name| table.column(name).is_none())
        .collect();
    if !missing.is_empty() && fine {
        pass.out.push(
            Diagnostic::new(
                "missing-column",
                table.span,
                format!(
                    "this example table lacks the column {}",
                    formal::list_of(missing)
                ),
            )
            .help("give each input and the output a column"),
        );
        fine = false;
    }
    if !fine {
        return Vec::new();
    }
    let mut out = Vec::new();
    for row in &table.rows {
        let cell = |name: &str| table.column(name).and_then(|at| row.cells.get(at));
        let values: Option<Vec<Expr>> = inputs
            .iter()
            .map(|input| example_value(cell(&input.name.text)?, &input.ty, pass))
            .collect();
        let result = cell("output").and_then(|cell| example_value(cell, output, pass));
        if let (Some(values), Some(result)) = (values, result) {
            out.push((values, result, row.span));
        }
    }
    out
}

fn example_value(cell: &Line, ty: &Type, pass: &mut Pass<'_>) -> Option<Expr> {
    let literal = |literal: Literal| {
        Some(Expr {
            kind: ExprKind::Literal(literal),
            ty: ty.clone(),
            span: cell.span,
        })
    };
    if let Some(code) = cell.only_code() {
        let mut scope = pass.scope(None);
        return parse::value(&mut scope, code, Some(ty), pass.out);
    }
    let text = cell.to_text();
    if text.text.is_empty() || text.text == "empty" {
        return literal(Literal::Empty);
    }
    let quoted = text
        .text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|_| types::is_text(ty));
    let text = Text {
        text: quoted.unwrap_or(&text.text).to_owned(),
        span: text.span,
    };
    match literal::read(&text.text, ty, pass.ir) {
        Ok(found) => literal(found),
        Err(wrong) => {
            pass.out
                .push(super::values::wrong_value(&text, ty, &wrong, pass.ir));
            None
        }
    }
}

/// Puts bodies in place. A function whose body could not be read keeps an empty one; it was reported.
pub(super) fn apply(ir: &mut Ir, bodies: Vec<Body>) {
    for body in bodies {
        if let Some(function) = ir.functions.get_mut(body.id.0 as usize) {
            if let Some(is) = body.is {
                function.is = is;
            }
            function.always = body.always;
            function.examples = body.examples;
        }
    }
}

/// Works out each example; one that gives something else is an error, as is one that breaks a property.
/// Functions that lead back to themselves are left out: they were reported.
pub(super) fn check_examples(pass: &mut Pass<'_>) {
    let mut sizes = super::limits::Sizes::new(pass.ir);
    for (at, function) in pass.ir.functions.iter().enumerate() {
        if function.examples.is_empty()
            || leads_back(FunctionId(number(at)), pass.ir)
            || matches!(function.is.kind, ExprKind::Literal(Literal::Empty))
            || !sizes.fit(&function.is)
        {
            continue;
        }
        for (arguments, expected, span) in &function.examples {
            let mut world = Example {
                ir: pass.ir,
                arguments: Vec::new(),
                output: Value::Empty,
            };
            for (parameter, argument) in function.inputs.iter().zip(arguments) {
                let value =
                    eval::evaluate(argument, &world, Mode::Condition).unwrap_or(Value::Empty);
                world.arguments.push((parameter.var, value));
            }
            let wanted = eval::evaluate(expected, &world, Mode::Condition).unwrap_or(Value::Empty);
            let name = &function.name.text;
            let got = match eval::evaluate(&function.is, &world, Mode::Effect) {
                Ok(got) => got,
                Err(error) => {
                    pass.out.push(
                        Diagnostic::new(
                            "example-fails",
                            *span,
                            format!("`{name}` gives nothing for this example: {error}"),
                        )
                        .label(function.is.span, "its formula")
                        .help("mend the formula, or the example"),
                    );
                    continue;
                }
            };
            let show = |value: &Value| match eval::show(value, &function.output, pass.ir, |_| 0) {
                text if text.is_empty() => "empty".to_owned(),
                text => text,
            };
            if got != wanted {
                pass.out.push(
                    Diagnostic::new(
                        "example-fails",
                        *span,
                        format!(
                            "`{name}` gives {} for this example, not {}",
                            show(&got),
                            show(&wanted)
                        ),
                    )
                    .label(function.is.span, "its formula")
                    .help("mend the formula, or the example"),
                );
                continue;
            }
            world.output = got;
            for property in &function.always {
                if !eval::holds(&property.condition, &world, Mode::Condition).unwrap_or(false) {
                    pass.out.push(
                        Diagnostic::new(
                            "example-fails",
                            *span,
                            format!("this example breaks a property of `{name}`"),
                        )
                        .label(property.sentence.span, "this does not hold")
                        .help("mend the formula, the example or the property"),
                    );
                }
            }
        }
    }
}

/// Whether a function's formula needs the function itself.
fn leads_back(start: FunctionId, ir: &Ir) -> bool {
    let mut open = vec![start];
    let mut seen = HashSet::new();
    while let Some(next) = open.pop() {
        let Some(function) = ir.functions.get(next.0 as usize) else {
            continue;
        };
        let mut called = Vec::new();
        crate::walk::each(&function.is, &mut |part| {
            if let ExprKind::Function(id, _) = &part.kind {
                called.push(*id);
            }
        });
        for id in called {
            if id == start {
                return true;
            }
            if seen.insert(id) {
                open.push(id);
            }
        }
    }
    false
}

/// The world of an example: its arguments and nothing else.
struct Example<'p> {
    ir: &'p Ir,
    arguments: Vec<(VarId, Value)>,
    output: Value,
}

impl World for Example<'_> {
    fn ir(&self) -> &Ir {
        self.ir
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
        self.arguments
            .iter()
            .find(|(known, _)| *known == var)
            .map_or(Value::Empty, |(_, value)| value.clone())
    }

    fn input(&self, _: &str) -> Value {
        Value::Empty
    }

    fn output(&self) -> Value {
        self.output.clone()
    }

    fn me(&self) -> Option<i64> {
        None
    }

    fn now(&self) -> i64 {
        0
    }

    fn offset(&self, _: i64) -> i64 {
        0
    }

    fn roles(&self, _: i64) -> Vec<RoleId> {
        Vec::new()
    }
}
