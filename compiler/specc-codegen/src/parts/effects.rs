//! What an operation needs and does, as Rust that calls the operation's methods.

mod look;

pub use look::each_expression;

use super::{Context, folded};
use crate::rust::{Form, Mode, Rust};
use crate::source::{literal, note, parameter, pointed};
use crate::sql::{Names as _, Reach, Sql, bare, ident, walk};
use look::{ends, ends_effect, mentions};
use specc_ir::expr::{Expr, ExprKind, THIS, VarId};
use specc_ir::ir::{
    Body, Effect, EffectItem, EntityId, FieldId, Operation, Requirement, Sentence, Type, USER,
};
use std::fmt::Write as _;

/// The functions of a hook, `NAME_requires` and `NAME_does` where it needs and does something, and the `Hook` that names
/// them. `about` is what the sentences above them speak of.
#[must_use]
pub fn hook(
    context: &Context<'_>,
    this: Option<EntityId>,
    name: &str,
    about: &str,
    body: &Body,
    place: &str,
) -> (String, String) {
    let (functions, hook, _) = operation(context, this, name, about, body, None, place);
    (functions, hook)
}

/// The functions of an action, `NAME_requires`, `NAME_does` and where it says what it answers `NAME_returns`; the `Hook`
/// and the `Answer` that name them.
#[must_use]
pub fn operation(
    context: &Context<'_>,
    this: Option<EntityId>,
    name: &str,
    about: &str,
    body: &Body,
    returns: Option<&Expr>,
    place: &str,
) -> (String, String, String) {
    let mut out = String::new();
    // A `_` that keeps a name apart from a keyword is not needed in front of another word.
    let name = name.trim_end_matches('_');
    let mut requires = "nothing".to_owned();
    if !body.requires.is_empty() {
        let code = requirements(context, this, &body.requires);
        requires = format!("{name}_requires");
        let _ = write!(
            out,
            "\n/// What {about} needs. ({place})\nfn {requires}({}: &mut Operation<'_>) -> Result<(), Refusal> {{\n{code}}}\n",
            parameter("op", &code)
        );
    }
    let mut writer = Writer {
        context,
        this,
        rust: Rust::new(context.ir, context.names, Mode::Effect, this),
        taken: crate::names::Taken::without(&["op"]),
        body: &body.does,
        returns,
        kept: Vec::new(),
    };
    let mut does = writer.list(&body.does, body.as_system);
    writer.end(&body.does, &mut does);
    let kept = writer.kept;
    let does = if body.does.is_empty() {
        "None".to_owned()
    } else {
        let _ = write!(
            out,
            "\n/// What {about} does. ({place})\nfn {name}_does({}: &mut Operation<'_>) -> Result<(), Refusal> {{\n{does}}}\n",
            parameter("op", &does)
        );
        format!("Some({name}_does)")
    };
    let hook = format!("Hook {{ requires: {requires}, does: {does} }}");
    let signs_in = specc_ir::walk::signs_in(context.ir, &body.does);
    let returns = returns.map(|expr| {
        let mut rust = Rust::new(context.ir, context.names, Mode::Effect, this);
        for (variable, kept) in &kept {
            rust.row_variable(*variable, format!("op.kept({kept:?})"));
        }
        let value = rust.answered(expr);
        let operation = parameter("op", &value);
        let value = match crate::rust::asked(&value) {
            Some(asked) => asked.to_owned(),
            None => format!("Ok({value})"),
        };
        let _ = write!(
            out,
            "\n/// What {about} answers. ({place})\nfn {name}_returns({operation}: &mut Operation<'_>) -> Result<Value, Refusal> {{ {value} }}\n"
        );
        let kind = super::fields::answer_kind(context, &expr.ty);
        format!("Some(Returns {{ kind: {kind}, value: {name}_returns }})")
    });
    let answer = match (&returns, signs_in) {
        (None, false) => "Answer::ROW".to_owned(),
        _ => format!(
            "Answer {{ returns: {}, signs_in: {signs_in} }}",
            returns.as_deref().unwrap_or("None")
        ),
    };
    (out, hook, answer)
}

fn requirements(context: &Context<'_>, this: Option<EntityId>, requires: &[Requirement]) -> String {
    let rust = Rust::new(context.ir, context.names, Mode::Condition, this);
    let mut out = String::new();
    let last = requires.len().saturating_sub(1);
    let mut ended = false;
    for (position, requirement) in requires.iter().enumerate() {
        out.push_str(&note(&context.place(requirement.sentence.span)));
        let call = format!(
            "op.require({}, {}, {})",
            rust.condition(&requirement.condition),
            literal(&requirement.id),
            literal(&requirement.sentence.text)
        );
        ended = position == last && !needs_inputs(&requirement.condition);
        let _ = if needs_inputs(&requirement.condition) {
            writeln!(out, "if op.has_inputs() {{ {call}?; }}")
        } else if ended {
            writeln!(out, "{call}")
        } else {
            writeln!(out, "{call}?;")
        };
    }
    if !ended {
        out.push_str("Ok(())\n");
    }
    out
}

/// The condition can't be known before the inputs are.
fn needs_inputs(condition: &Expr) -> bool {
    let mut found = false;
    walk(condition, &mut |inner| {
        found |= matches!(inner.kind, ExprKind::Input(_));
    });
    found
}

struct Writer<'a> {
    context: &'a Context<'a>,
    this: Option<EntityId>,
    rust: Rust<'a>,
    taken: crate::names::Taken,
    body: &'a [EffectItem],
    returns: Option<&'a Expr>,
    /// Rows that the answer speaks of, with the names they are kept under.
    kept: Vec<(VarId, String)>,
}

impl Writer<'_> {
    fn list(&mut self, items: &[EffectItem], system: bool) -> String {
        let mut out = String::new();
        for item in items {
            self.item(item, system, &mut out);
            if ends(item) {
                break;
            }
        }
        out
    }

    /// A list's result, where its last effect is no refusal.
    fn end(&self, items: &[EffectItem], out: &mut String) {
        if items.iter().any(ends) {
            return;
        }
        // The last effect's answer is that of the whole.
        let answers = items
            .last()
            .is_some_and(|item| item.otherwise.is_some() || answers(&item.effect));
        finish(answers, out);
    }

    fn item(&mut self, item: &EffectItem, system: bool, out: &mut String) {
        let system = system || item.as_system;
        out.push_str(&note(&pointed(
            &item.sentence.text,
            &self.context.place(item.span),
        )));
        let Some(otherwise) = &item.otherwise else {
            return self.effect(&item.effect, system, out);
        };
        // A row created in the attempt is known behind it, too.
        let mut effect = String::new();
        let made = match &item.effect {
            Effect::Create {
                entity,
                values,
                bind: Some(variable),
            } if self.speaks_of(*variable) => {
                Some((*variable, *entity, self.create(*entity, values, system)))
            }
            Effect::SignUp {
                values,
                password,
                bind: Some(variable),
            } if self.speaks_of(*variable) => {
                Some((*variable, USER, self.sign_up(values, password, system)))
            }
            _ => None,
        };
        let mut known = None;
        if let Some((variable, entity, call)) = made {
            let name = self.name(entity);
            self.rust.row_variable(variable, name.clone());
            let _ = writeln!(out, "let mut {name} = None;");
            let _ = writeln!(effect, "{name} = Some({call}?);");
            known = Some((variable, name));
        } else {
            self.effect(&item.effect, system, &mut effect);
        }
        if !ends_effect(&item.effect) {
            finish(answers(&item.effect), &mut effect);
        }
        let mut instead = self.list(otherwise, system);
        self.end(otherwise, &mut instead);
        let (first, second) = (parameter("op", &effect), parameter("op", &instead));
        let _ = writeln!(
            out,
            "op.attempt(|{first}: &mut Operation<'_>| {{ {effect} }}, |{second}: &mut Operation<'_>| {{ {instead} }})?;"
        );
        if let Some((variable, name)) = known {
            self.keep(variable, &name, &name, out);
        }
    }

    fn effect(&mut self, effect: &Effect, system: bool, out: &mut String) {
        let authority = authority(system);
        match effect {
            Effect::Set {
                row,
                entity,
                field,
                value,
            } => {
                let ty = self.field_type(*entity, *field);
                let _ = writeln!(
                    out,
                    "op.set({}, {}, {}, {}, {authority})?;",
                    self.entity(*entity),
                    self.rust.value(row).0,
                    self.field(*entity, *field),
                    self.rust.stored(value, &ty)
                );
            }
            Effect::Create {
                entity,
                values,
                bind,
            } => {
                let call = self.create(*entity, values, system);
                self.bound(*entity, *bind, &call, out);
            }
            Effect::SignUp {
                values,
                password,
                bind,
            } => {
                let call = self.sign_up(values, password, system);
                self.bound(USER, *bind, &call, out);
            }
            Effect::SignIn { email, password } => {
                let at = at(
                    self.context,
                    &[("email", Some(email)), ("password", Some(password))],
                );
                let _ = writeln!(
                    out,
                    "op.sign_in({}, {}, {at})?;",
                    self.rust.stored(email, &Type::Text),
                    self.rust.stored(password, &Type::Text)
                );
            }
            Effect::Delete { row, entity } => {
                let _ = writeln!(
                    out,
                    "op.delete({}, {}, {authority})?;",
                    self.entity(*entity),
                    self.rust.value(row).0
                );
            }
            Effect::Do {
                operation,
                row,
                inputs,
            } => self.run(operation, row.as_ref(), inputs, authority, out),
            Effect::Email { to, text } => {
                let to_code = match &to.ty {
                    Type::Ref(_) => format!("To::User({})", self.rust.value(to).0),
                    Type::List(item) if matches!(**item, Type::Ref(_)) => {
                        format!("To::Users({})", self.owned_list(to))
                    }
                    Type::Many(_) => format!("To::Users({})", self.owned_list(to)),
                    _ => format!("To::Address({})", self.owned_text(to)),
                };
                let _ = writeln!(out, "op.email({to_code}, {});", self.plain_text(text));
            }
            Effect::ForEach {
                entity,
                var,
                filter,
                sort,
                body,
            } => {
                let mut sql = Sql::with_binds(self.context.ir, self.context.names);
                sql.reach(*var, Reach::Alias("t".to_owned()));
                let filter = filter
                    .as_ref()
                    .map(|filter| format!(" WHERE {}", bare(&sql.condition(filter))))
                    .unwrap_or_default();
                let order = sql.order(sort, "t.id");
                let table = ident(&self.context.names.table(*entity));
                let statement = format!("SELECT t.id FROM {table} t{filter} ORDER BY {order}");
                let binds: Vec<String> = sql
                    .finish()
                    .iter()
                    .map(|(name, bound)| {
                        format!("({name:?}, {})", self.rust.stored(bound, &bound.ty))
                    })
                    .collect();
                let rows = format!("op.ids({}, &[{}])?", literal(&statement), binds.join(", "));
                let name = if self.speaks_of(*var) {
                    self.name(*entity)
                } else {
                    "_".to_owned()
                };
                self.rust.row_variable(*var, format!("Some({name})"));
                let inner = self.list(body, system);
                let _ = if !body.iter().any(ends) {
                    writeln!(out, "for {name} in {rows} {{ {inner} }}")
                } else if name == "_" {
                    writeln!(out, "if !{rows}.is_empty() {{ {inner} }}")
                } else {
                    writeln!(
                        out,
                        "if let Some({name}) = {rows}.first().copied() {{ {inner} }}"
                    )
                };
            }
            Effect::When {
                condition,
                then,
                otherwise,
            } => {
                let condition = Rust::condition(&self.rust, condition);
                let then = self.list(then, system);
                let otherwise = self.list(otherwise, system);
                if otherwise.is_empty() {
                    let _ = writeln!(out, "if {condition} {{ {then} }}");
                } else {
                    let _ = writeln!(out, "if {condition} {{ {then} }} else {{ {otherwise} }}");
                }
            }
            Effect::Refuse { sentence } => {
                let _ = writeln!(out, "return Err({});", refusal(sentence));
            }
        }
    }

    fn run(
        &self,
        operation: &Operation,
        row: Option<&Expr>,
        inputs: &[(String, Expr)],
        authority: &str,
        out: &mut String,
    ) {
        let (entity, slug, action) = match operation {
            Operation::Step(entity, name) => {
                let action = self.context.ir.actions.iter().find(|action| {
                    action.on == Some(*entity)
                        && action.step
                        && specc_syntax::names::fold_name(&action.name.text)
                            == specc_syntax::names::fold_name(name)
                });
                (
                    Some(*entity),
                    self.context.names.step_slug(*entity, name).to_owned(),
                    action,
                )
            }
            Operation::Action(id) => {
                let action = self.context.ir.actions.get(id.0 as usize);
                let slug = self.context.names.action_slug(id.0 as usize).to_owned();
                (action.and_then(|action| action.on), slug, action)
            }
        };
        let target = match (entity, row) {
            (None, _) => "None".to_owned(),
            (Some(_), Some(row)) => self.rust.value(row).0,
            (Some(_), None) => {
                self.rust
                    .value(&Expr {
                        kind: ExprKind::Var(THIS),
                        ty: Type::Ref(entity.unwrap_or(USER)),
                        span: Default::default(),
                    })
                    .0
            }
        };
        let inputs: Vec<String> = inputs
            .iter()
            .map(|(name, value)| {
                let folded_name = specc_syntax::names::fold_name(name);
                let input = action.and_then(|action| {
                    action.inputs.iter().find(|input| {
                        specc_syntax::names::fold_name(&input.name.text) == folded_name
                    })
                });
                let ty = input.map_or(&value.ty, |input| &input.ty);
                let declared = input.map_or(name.as_str(), |input| &input.name.text);
                format!(
                    "({}, {})",
                    literal(&self.context.names.input(declared)),
                    self.rust.stored(value, ty)
                )
            })
            .collect();
        let inputs = inputs.join(", ");
        let entity = entity.map_or_else(
            || "None".to_owned(),
            |entity| format!("Some({})", self.entity(entity)),
        );
        let _ = writeln!(
            out,
            "op.run({entity}, {target}, {}, [{inputs}], {authority})?;",
            literal(&slug)
        );
    }

    fn create(&self, entity: EntityId, values: &[(FieldId, Expr)], system: bool) -> String {
        let values: Vec<String> = values
            .iter()
            .map(|(field, value)| {
                let ty = self.field_type(entity, *field);
                format!(
                    "({}, {})",
                    self.field(entity, *field),
                    self.rust.stored(value, &ty)
                )
            })
            .collect();
        format!(
            "op.create({}, [{}], {})",
            self.entity(entity),
            values.join(", "),
            authority(system)
        )
    }

    fn sign_up(&self, values: &[(FieldId, Expr)], password: &Expr, system: bool) -> String {
        let given = |wanted: u32| {
            let found = values.iter().find(|(field, _)| field.0 == wanted);
            found.map(|(_, value)| value)
        };
        let at = at(
            self.context,
            &[
                ("email", given(1)),
                ("name", given(0)),
                ("password", Some(password)),
            ],
        );
        let values: Vec<String> = values
            .iter()
            .map(|(field, value)| {
                let ty = self.field_type(USER, *field);
                format!(
                    "({}, {})",
                    self.field(USER, *field),
                    self.rust.stored(value, &ty)
                )
            })
            .collect();
        format!(
            "op.sign_up([{}], {}, {at}, {})",
            values.join(", "),
            self.rust.stored(password, &Type::Text),
            authority(system)
        )
    }

    /// A call that gives a row, with the row's name where something speaks of it.
    fn bound(&mut self, entity: EntityId, bind: Option<VarId>, call: &str, out: &mut String) {
        match bind {
            Some(variable) if self.speaks_of(variable) => {
                let name = self.name(entity);
                let row = format!("Some({name})");
                self.rust.row_variable(variable, row.clone());
                let _ = writeln!(out, "let {name} = {call}?;");
                self.keep(variable, &name, &row, out);
            }
            _ => {
                let _ = writeln!(out, "{call}?;");
            }
        }
    }

    /// Keeps a row that the answer speaks of.
    fn keep(&mut self, variable: VarId, name: &str, row: &str, out: &mut String) {
        if self.returns.is_some_and(|expr| mentions(expr, variable)) {
            let _ = writeln!(out, "op.keep({name:?}, {row});");
            self.kept.push((variable, name.to_owned()));
        }
    }

    fn owned_list(&self, expr: &Expr) -> String {
        match self.rust.value(expr) {
            (code, Form::List) => code,
            (code, Form::Slice) => format!("{code}.to_vec()"),
            (code, _) => format!("{code}.into_iter().collect()"),
        }
    }

    fn owned_text(&self, expr: &Expr) -> String {
        match self.rust.value(expr) {
            (code, Form::Borrowed) => format!("{code}.map(str::to_owned)"),
            (code, _) => code,
        }
    }

    fn plain_text(&self, expr: &Expr) -> String {
        if let ExprKind::Literal(specc_ir::expr::Literal::Text(text)) = &expr.kind {
            return literal(text);
        }
        if let ExprKind::Join(pieces) = &expr.kind
            && !self.rust.is_statement(expr)
        {
            return self.rust.formatted(pieces);
        }
        format!("{}.unwrap_or_default()", self.rust.value(expr).0)
    }

    fn entity(&self, entity: EntityId) -> String {
        format!("app::{}", self.context.names.entity_constant(entity))
    }

    fn field(&self, entity: EntityId, field: FieldId) -> String {
        let constant = self.context.names.field_constant(entity, field);
        if self.this == Some(entity) {
            format!("field::{constant}")
        } else {
            format!(
                "crate::{}::field::{constant}",
                self.context.names.module(entity)
            )
        }
    }

    fn field_type(&self, entity: EntityId, field: FieldId) -> Type {
        self.context
            .field(entity, field)
            .map_or(Type::Empty, |field| field.ty.clone())
    }

    /// A free variable for a row.
    fn name(&mut self, entity: EntityId) -> String {
        let name = self
            .context
            .entity(entity)
            .map_or("", |entity| entity.name.text.as_str());
        self.taken.take(&crate::names::identifier(name, "row"), "_")
    }

    fn speaks_of(&self, variable: VarId) -> bool {
        speaks_of(self.body, variable) || self.returns.is_some_and(|expr| mentions(expr, variable))
    }
}

/// It answers with whether it was refused, and nothing else.
fn answers(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Set { .. } | Effect::Delete { .. } | Effect::Do { .. }
    )
}

/// Ends a function's body; the answer of its last effect is its own where that effect gives one.
fn finish(answers: bool, out: &mut String) {
    match out.strip_suffix("?;\n").map(str::len) {
        Some(length) if answers => {
            out.truncate(length);
            out.push('\n');
        }
        _ => out.push_str("Ok(())\n"),
    }
}

fn authority(system: bool) -> &'static str {
    if system {
        "Authority::System"
    } else {
        "Authority::Caller"
    }
}

fn refusal(sentence: &Sentence) -> String {
    format!(
        "op.refuse({}, {})",
        literal(&folded(&sentence.text)),
        literal(&sentence.text)
    )
}

/// The `At` of an effect on accounts: the inputs its values come from.
fn at(context: &Context<'_>, given: &[(&str, Option<&Expr>)]) -> String {
    let inputs: Vec<String> = given
        .iter()
        .filter_map(|(name, value)| match value.map(|value| &value.kind) {
            Some(ExprKind::Input(input)) => {
                Some(format!("{name}: {}", literal(&context.names.input(input))))
            }
            _ => None,
        })
        .collect();
    match inputs.len() {
        0 => "At::default()".to_owned(),
        3 => format!("At {{ {} }}", inputs.join(", ")),
        _ => format!("At {{ {}, ..At::default() }}", inputs.join(", ")),
    }
}

/// Some expression of the list speaks of the variable.
fn speaks_of(items: &[EffectItem], variable: VarId) -> bool {
    let mut found = false;
    each_expression(items, &mut |expr| {
        walk(expr, &mut |inner| {
            found |= inner.kind == ExprKind::Var(variable)
        });
    });
    found
}
