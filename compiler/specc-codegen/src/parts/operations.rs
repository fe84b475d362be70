//! Lifecycle steps, actions and hooks.

use super::{Context, access, effects, fields, label};
use crate::source::{list, literal, pointed};
use crate::sql::{Names as _, Sql};
use specc_ir::expr::{Expr, ExprKind};
use specc_ir::ir::{Action, Body, Effect, EffectItem, EntityId, Ir, Lifecycle, Step, Verb, Who};
use specc_ir::walk::deletes;
use specc_syntax::names::same_name;

/// How far passwords are followed into the actions that an action runs; the runtime goes no deeper.
const DEEPEST: u32 = 16;

/// `lifecycle.rs` below its head: the steps, who may take them, what they do.
#[must_use]
pub fn lifecycle(context: &Context<'_>, entity: EntityId) -> String {
    let Some(declared) = context.entity(entity) else {
        return String::new();
    };
    let mut taken = crate::names::Taken::without(&["steps"]);
    let mut functions = String::new();
    let mut entries: Vec<String> = Vec::new();
    let mut bodies: Vec<(u32, String, String)> = Vec::new();
    for lifecycle in &declared.lifecycles {
        for step in &lifecycle.steps {
            let place = context.place(step.span);
            let name = taken.take(
                &format!("may_{}", crate::names::snake(&step.name.text, "step")),
                "_",
            );
            functions.push_str(&access::who_of_step(
                context,
                entity,
                &name,
                &step.who,
                &who_may(context, &step.name.text, &step.who, &place),
            ));
            let body = step
                .action
                .and_then(|id| Some((id, context.ir.actions.get(id.0 as usize)?)));
            let mut inputs = "&[]".to_owned();
            let mut answer = "Answer::ROW".to_owned();
            let hook = match body {
                Some((id, action)) => {
                    inputs = self::inputs(context, action);
                    let known = bodies
                        .iter()
                        .find(|(known, ..)| *known == id.0)
                        .map(|(_, hook, answer)| (hook.clone(), answer.clone()));
                    let (hook, said) = known.unwrap_or_else(|| {
                        let name = taken.take_with(
                            context.names.action_function(id.0 as usize),
                            "_",
                            crate::names::body_functions,
                        );
                        let (text, hook, answer) = effects::operation(
                            context,
                            Some(entity),
                            &name,
                            &format!("`{}`", lower(&step.name.text)),
                            &action.body,
                            action.returns.as_ref(),
                            &context.place(action.span),
                        );
                        functions.push_str(&text);
                        bodies.push((id.0, hook.clone(), answer.clone()));
                        (hook, answer)
                    });
                    answer = said;
                    format!("Some({hook})")
                }
                None => "None".to_owned(),
            };
            entries.push(entry(
                context, entity, lifecycle, step, &name, &inputs, &hook, &answer, &place,
            ));
        }
    }
    format!(
        "/// The steps of the lifecycle.\npub const STEPS: &[Step] = {};\n{functions}",
        list(&entries)
    )
}

#[expect(
    clippy::too_many_arguments,
    reason = "it writes one struct from its parts"
)]
fn entry(
    context: &Context<'_>,
    entity: EntityId,
    lifecycle: &Lifecycle,
    step: &Step,
    may: &str,
    inputs: &str,
    hook: &str,
    answer: &str,
    place: &str,
) -> String {
    let choice = context
        .field(entity, lifecycle.field)
        .and_then(|field| match &field.ty {
            specc_ir::ir::Type::Choice(choice) => Some(*choice),
            _ => None,
        });
    let state = |state: u32| {
        choice.map_or_else(String::new, |choice| {
            context.names.choice_value(choice, state)
        })
    };
    let from: Vec<String> = step
        .from
        .iter()
        .map(|from| literal(&state(*from)))
        .collect();
    let when = step
        .when
        .as_ref()
        .map(|when| Sql::over_row(context.ir, context.names).condition(when))
        .unwrap_or_default();
    format!(
        "Step {{ name: {}, slug: {}, field: field::{}, from: {}, to: {}, who: {may}, when: {}, otherwise: {}, danger: {}, inputs: {inputs}, body: {hook}, answer: {answer}, source: {} }}",
        literal(&label(&step.name.text)),
        literal(context.names.step_slug(entity, &step.name.text)),
        context.names.field_constant(entity, lifecycle.field),
        list(&from),
        literal(&state(step.to)),
        literal(crate::sql::bare(&when)),
        step.otherwise,
        step.action
            .and_then(|id| context.ir.actions.get(id.0 as usize))
            .is_some_and(|action| deletes(context.ir, &action.body.does)),
        literal(place)
    )
}

/// `actions.rs` below its head: the actions on rows of an entity, or those that stand alone.
#[must_use]
pub fn actions(context: &Context<'_>, entity: Option<EntityId>) -> String {
    let mut functions = String::new();
    let mut entries: Vec<String> = Vec::new();
    for (position, action) in own(context, entity) {
        let place = context.place(action.span);
        let function = context.names.action_function(position);
        let may = format!("may_{}", function.trim_end_matches('_'));
        functions.push_str(&access::who_function(
            context,
            &may,
            &action.who,
            &who_may(context, &action.name.text, &action.who, &place),
        ));
        let (text, hook, answer) = effects::operation(
            context,
            entity,
            function,
            &format!("`{}`", lower(&action.name.text)),
            &action.body,
            action.returns.as_ref(),
            &place,
        );
        functions.push_str(&text);
        entries.push(format!(
            "Action {{ name: {}, slug: {}, about: {}, who: {may}, danger: {}, inputs: {}, body: {hook}, answer: {answer}, path: {}, source: {} }}",
            literal(&label(&action.name.text)),
            literal(context.names.action_slug(position)),
            literal(action.about.trim()),
            deletes(context.ir, &action.body.does),
            inputs(context, action),
            literal(action.path.as_ref().map_or("", |path| path.text.as_str())),
            literal(&place)
        ));
    }
    format!(
        "/// What can be done here.\npub const ACTIONS: &[Action] = {};\n{functions}",
        list(&entries)
    )
}

/// The actions of their own on rows of an entity (`None`: those that stand alone), with their positions.
pub fn own<'a>(
    context: &Context<'a>,
    entity: Option<EntityId>,
) -> impl Iterator<Item = (usize, &'a Action)> + use<'a> {
    context
        .ir
        .actions
        .iter()
        .enumerate()
        .filter(move |(_, action)| action.on == entity && !action.step)
}

/// `hooks.rs` below its head, and what [`Entity`](specc_ir::ir::Entity) names of it: on create, update, delete.
#[must_use]
pub fn hooks(context: &Context<'_>, entity: EntityId) -> (String, [String; 3]) {
    let mut text = String::new();
    let mut named = ["None".to_owned(), "None".to_owned(), "None".to_owned()];
    let Some(declared) = context.entity(entity) else {
        return (text, named);
    };
    for (slot, (verb, constant, function)) in named.iter_mut().zip([
        (Verb::Create, "ON_CREATE", "on_create"),
        (Verb::Update, "ON_UPDATE", "on_update"),
        (Verb::Delete, "ON_DELETE", "on_delete"),
    ]) {
        let mut hooks = declared.hooks.iter().filter(|hook| hook.verb == verb);
        let Some(first) = hooks.next() else { continue };
        let mut body: Body = first.body.clone();
        for more in hooks {
            body.requires.extend(more.body.requires.iter().cloned());
            body.does.extend(more.body.does.iter().cloned());
        }
        let place = context.place(first.span);
        let (about, when) = match verb {
            Verb::Create => ("creating", "a row is created"),
            Verb::Delete => ("deleting", "a row is deleted"),
            _ => ("changing", "a row is changed"),
        };
        let (functions, hook) =
            effects::hook(context, Some(entity), function, about, &body, &place);
        text.push_str(&format!(
            "\n/// When {when}. ({place})\npub const {constant}: Hook = {hook};\n{functions}"
        ));
        *slot = format!("Some(hooks::{constant})");
    }
    (text, named)
}

fn inputs(context: &Context<'_>, action: &Action) -> String {
    let secret = passwords(context.ir, &action.body.does, 0);
    let inputs: Vec<String> = action
        .inputs
        .iter()
        .map(|input| {
            let as_typed = secret.iter().any(|name| same_name(name, &input.name.text));
            let kind = if as_typed {
                "Kind::Password".to_owned()
            } else {
                fields::kind(context, &input.ty, None)
            };
            let base = format!(
                "Input::new({}, {}, {kind})",
                literal(&context.names.input(&input.name.text)),
                literal(&label(&input.name.text)),
            );
            let mut parts: Vec<String> = Vec::new();
            if !input.optional {
                parts.push("required: true".to_owned());
            }
            if as_typed {
                parts.push("as_typed: true".to_owned());
            }
            if let Some(field) = input
                .like
                .and_then(|(entity, field)| context.field(entity, field))
            {
                parts.extend(fields::limits(context, field));
            }
            if parts.is_empty() {
                base
            } else {
                format!("Input {{ {}, ..{base} }}", parts.join(", "))
            }
        })
        .collect();
    list(&inputs)
}

/// The inputs that are somebody's password, also by way of actions that this one runs: they are typed unseen and never
/// shown again.
fn passwords(ir: &Ir, items: &[EffectItem], deep: u32) -> Vec<String> {
    let mut found = Vec::new();
    let mut named = |value: &Expr| {
        if let ExprKind::Input(name) = &value.kind {
            found.push(name.clone());
        }
    };
    specc_ir::walk::each_effect(items, &mut |item| match &item.effect {
        Effect::SignUp { password, .. } | Effect::SignIn { password, .. } => named(password),
        Effect::Do {
            operation: specc_ir::ir::Operation::Action(id),
            inputs,
            ..
        } if deep < DEEPEST => {
            let Some(action) = ir.actions.get(id.0 as usize) else {
                return;
            };
            let within = passwords(ir, &action.body.does, deep + 1);
            for (name, value) in inputs {
                if within.iter().any(|password| same_name(password, name)) {
                    named(value);
                }
            }
        }
        _ => {}
    });
    found
}

/// Who may take a step or do an action, as the sentence above its function.
fn who_may(context: &Context<'_>, name: &str, who: &[Who], place: &str) -> String {
    let who = access::who_text(context, who);
    pointed(&format!("Who may `{}`: {who}.", lower(name)), place)
}

/// A name in the middle of a sentence.
fn lower(name: &str) -> String {
    let name = crate::source::comment(name).replace('`', "'");
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}
