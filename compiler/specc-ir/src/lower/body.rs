//! What operations require and do: `On create | update | delete` and `Action`.

mod path;

use super::formal::{
    self, Entry, Keys, bare, fold, not_compiled_yet, sentence_and_code, sentence_id,
};
use super::names::{Names, number};
use super::outline::{Outline, about};
use super::{Pass, declare, who};
use crate::expr::{Expr, ExprKind};
use crate::ir::{
    Action, ActionId, Body, Effect, EffectItem, EntityId, Ir, Name, Requirement, Sentence, Type,
    Who,
};
use crate::parse;
use crate::scope::{Index, Scope};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{same_name, suggest};
use specc_syntax::span::{Sources, Span};
use specc_syntax::tree::{Item, Line, Piece, Section};
use std::collections::{HashMap, HashSet};

const HOOK_KEYS: Keys = Keys {
    section: "`On create`, `On update` and `On delete`",
    known: &["Requires", "Does", "Acts as"],
    not_yet: &[],
};
const ACTION_KEYS: Keys = Keys {
    section: "an action",
    known: &[
        "On", "Who", "When", "Input", "Requires", "Does", "Returns", "Acts as", "Path",
    ],
    not_yet: &["Finds", "Body"],
};

/// What the second pass reads of an action.
pub(super) struct Pending<'t> {
    id: ActionId,
    entries: Vec<Entry<'t>>,
}

/// Declares the actions with their inputs and links them with the steps they add to.
pub(super) fn declare_actions<'t>(
    outline: &Outline<'t>,
    sources: &Sources,
    ir: &mut Ir,
    names: &mut Names,
    out: &mut Vec<Diagnostic>,
) -> Vec<Pending<'t>> {
    let mut pending = Vec::new();
    if outline.actions.is_empty() {
        return pending;
    }
    let mut places: HashMap<(Option<EntityId>, String), Span> = HashMap::new();
    let index = Index::new(ir);
    let mut actions: Vec<Action> = Vec::new();
    for (section, name, owner) in &outline.actions {
        if !declare::usable_name("an action", name, out) {
            continue;
        }
        if ["create", "read", "update", "delete", "list", "new", "edit"]
            .iter()
            .any(|word| same_name(word, &name.text))
        {
            out.push(
                Diagnostic::new("reserved-name", name.span, format!("`{}` is what every entity has already", name.text))
                    .help("choose another name; what belongs to creating, changing or deleting stands below `On create`, `On update`, `On delete`"),
            );
            continue;
        }
        let entries = formal::keys(section, &ACTION_KEYS, out);
        let owner = owner
            .and_then(|at| outline.entities.get(at))
            .and_then(|part| names.entity(&part.name.text));
        let on = match entries.iter().find(|entry| entry.key == "On") {
            None => owner,
            Some(entry) => {
                let text = bare(&entry.value);
                match names.entity(&text.text) {
                    Some(id) => Some(id),
                    None => {
                        let diagnostic = Diagnostic::new(
                            "unknown-entity",
                            text.span,
                            format!("`{}` is no entity", text.text),
                        );
                        let entities = ir.entities.iter().map(|entity| entity.name.text.as_str());
                        out.push(match suggest(&text.text, entities) {
                            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).edit(text.span, near),
                            None => diagnostic.help("name the entity on whose rows the action works; leave `On:` out for an action that stands alone"),
                        });
                        continue;
                    }
                }
            }
        };
        let key = (on, fold(&name.text));
        if let Some(first) = places.get(&key) {
            out.push(
                Diagnostic::new(
                    "duplicate-name",
                    name.span,
                    format!("action `{}` is declared twice", name.text),
                )
                .label(*first, "first declared here")
                .help("letter case, spaces, `-` and `_` make no difference; rename one of the two"),
            );
            continue;
        }
        places.insert(key.clone(), name.span);
        let step = on.is_some_and(|on| names.steps.contains_key(&(on, key.1.clone())));
        let mut scope = Scope::new(ir, &index);
        scope.this = on;
        scope.me = true;
        scope.clock = true;
        let inputs = match entries.iter().find(|entry| entry.key == "Input") {
            None => Vec::new(),
            Some(entry) => match entry.value.only_code() {
                Some(code) => parse::parameters(&mut scope, code, out),
                None => {
                    out.push(
                        Diagnostic::new("code-expected", entry.value.span, "`Input:` holds code")
                            .help(
                                "write names and types between backticks: `note?: text, day: date`",
                            )
                            .edit(
                                entry.value.span,
                                format!("`{}`", entry.value.plain().replace('`', "")),
                            ),
                    );
                    Vec::new()
                }
            },
        };
        whole(section, name, step, &entries, out);
        let id = ActionId(number(actions.len()));
        names.measure(&name.text);
        names.actions.insert(key, id);
        actions.push(Action {
            name: Name {
                text: name.text.clone(),
                span: name.span,
            },
            about: about(section, sources, true),
            on,
            step,
            who: Vec::new(),
            inputs,
            body: Body::default(),
            returns: None,
            path: entries
                .iter()
                .find(|entry| entry.key == "Path")
                .and_then(|entry| path::read(&entry.value, on.is_some(), out)),
            span: section.heading.span,
        });
        pending.push(Pending { id, entries });
    }
    for (at, action) in actions.iter().enumerate().filter(|(_, action)| action.step) {
        let Some(entity) = action.on.and_then(|on| ir.entities.get_mut(on.0 as usize)) else {
            continue;
        };
        for step in entity
            .lifecycles
            .iter_mut()
            .flat_map(|lifecycle| &mut lifecycle.steps)
        {
            if same_name(&step.name.text, &action.name.text) {
                step.action = Some(ActionId(number(at)));
            }
        }
    }
    path::check(&actions, ir, out);
    ir.actions = actions;
    pending
}

/// What an action may not lack, and what one that adds to a step may not have.
fn whole(
    section: &Section,
    name: &specc_syntax::tree::Text,
    step: bool,
    entries: &[Entry<'_>],
    out: &mut Vec<Diagnostic>,
) {
    let find = |key: &str| entries.iter().find(|entry| entry.key == key);
    if step {
        if let Some(entry) = find("Path") {
            out.push(
                Diagnostic::new(
                    "bad-value",
                    entry.text.span,
                    format!(
                        "`{}` is a step of a lifecycle, which has its address",
                        name.text
                    ),
                )
                .help("take `Path:` out"),
            );
        }
        for key in ["Who", "When"] {
            if let Some(entry) = find(key) {
                out.push(
                    Diagnostic::new(
                        "who-of-step",
                        entry.text.span,
                        format!(
                            "`{}` adds to a step of a lifecycle, whose table says {}",
                            name.text,
                            key.to_lowercase()
                        ),
                    )
                    .help(format!(
                        "take `{key}:` out, and write it into the lifecycle's table"
                    )),
                );
            }
        }
        return;
    }
    if find("Who").is_none() {
        out.push(
            Diagnostic::new(
                "missing-who",
                section.heading.span,
                format!("action `{}` does not say who may do it", name.text),
            )
            .help("add `- Who: …` with roles, `signed-in`, `anyone`, or a field of type User"),
        );
    }
    if find("Does").is_none() && find("Returns").is_none() {
        out.push(
            not_compiled_yet(
                section.heading.span,
                &format!(
                    "an action in prose, without `Does:`, such as `{}`,",
                    name.text
                ),
            )
            .help("add `- Does:` with effects such as `set status to solved`"),
        );
    }
}

/// What the second pass finds out about an action.
pub(super) struct Operation {
    id: ActionId,
    who: Vec<Who>,
    body: Body,
    returns: Option<Expr>,
}

impl Operation {
    /// What it requires and does.
    pub(super) fn body(&self) -> &Body {
        &self.body
    }
}

/// Reads who may do the actions and what they require and do.
pub(super) fn actions(pending: &[Pending<'_>], pass: &mut Pass<'_>) -> Vec<Operation> {
    let mut out = Vec::new();
    for action in pending {
        let Some(declared) = pass.ir.actions.get(action.id.0 as usize) else {
            continue;
        };
        let mut scope = pass.scope(declared.on);
        scope.old = declared.on.is_some();
        scope.me = true;
        scope.clock = true;
        scope.inputs = Some(declared.inputs.clone());
        for parameter in &declared.inputs {
            scope.next_var = scope.next_var.max(parameter.var.0.saturating_add(1));
        }
        let find = |key: &str| action.entries.iter().find(|entry| entry.key == key);
        let who = match find("Who").filter(|_| !declared.step) {
            Some(entry) => who::read(&entry.value, declared.on, pass),
            None => Vec::new(),
        };
        let mut ids = HashSet::new();
        let mut body = body(&action.entries, &mut scope, &mut ids, pass);
        one_use_of_passwords(&body.does, pass.out);
        if let Some(entry) = find("When").filter(|_| !declared.step)
            && let Some(code) = formal::cell_code(&entry.value, "When", pass.out)
            && let Some(condition) = parse::condition(&mut scope, code, pass.out)
        {
            let text = format!(
                "This is possible only when {}.",
                crate::sentence::sentence(&condition, pass.ir)
            );
            let sentence = Sentence {
                text,
                span: code.span,
            };
            let id = sentence_id(&sentence.text, &mut ids);
            body.requires.insert(
                0,
                Requirement {
                    id,
                    sentence,
                    condition,
                },
            );
        }
        let returns = find("Returns").and_then(|entry| {
            let code = formal::cell_code(&entry.value, "Returns", pass.out)?;
            let value = parse::value(&mut scope, code, None, pass.out)?;
            answerable(&value, pass.out).then_some(value)
        });
        out.push(Operation {
            id: action.id,
            who,
            body,
            returns,
        });
    }
    out
}

/// An input that signs somebody up or in is needed as it was typed, one that a field keeps is hashed before the write:
/// the same one can't be both.
fn one_use_of_passwords(does: &[EffectItem], out: &mut Vec<Diagnostic>) {
    let mut signs: Vec<String> = Vec::new();
    let mut keeps: Vec<(String, Span)> = Vec::new();
    crate::walk::each_effect(does, &mut |item| match &item.effect {
        Effect::SignUp {
            password, values, ..
        } => {
            signs.extend(input_of(password));
            keeps.extend(values.iter().filter_map(|(_, value)| kept(value)));
        }
        Effect::SignIn { password, .. } => signs.extend(input_of(password)),
        Effect::Set { value, .. } => keeps.extend(kept(value)),
        Effect::Create { values, .. } => {
            keeps.extend(values.iter().filter_map(|(_, value)| kept(value)));
        }
        _ => {}
    });
    for (name, span) in keeps {
        if signs.contains(&name) {
            let message = format!(
                "`input.{name}` signs somebody up or in here, so no field can keep it as well"
            );
            out.push(
                Diagnostic::new("hidden-value", span, message)
                    .help("ask for the field's password in an input of its own"),
            );
        }
    }
}

fn input_of(value: &Expr) -> Option<String> {
    match &value.kind {
        ExprKind::Input(name) => Some(name.clone()),
        _ => None,
    }
}

fn kept(value: &Expr) -> Option<(String, Span)> {
    (value.ty == Type::Password).then(|| Some((input_of(value)?, value.span)))?
}

/// What an operation may answer: anything but passwords, secrets and nothing at all.
fn answerable(value: &Expr, out: &mut Vec<Diagnostic>) -> bool {
    let (message, help) = match &value.ty {
        Type::Empty => (
            "`empty` is no answer",
            "leave `Returns:` out: the answer is then the row",
        ),
        Type::Password | Type::Secret => (
            "a password or a secret is never answered",
            "answer with something else",
        ),
        _ => return true,
    };
    out.push(Diagnostic::new("type-mismatch", value.span, message).help(help));
    false
}

/// Puts what was found in place.
pub(super) fn apply(ir: &mut Ir, operations: Vec<Operation>) {
    for operation in operations {
        if let Some(action) = ir.actions.get_mut(operation.id.0 as usize) {
            action.who = operation.who;
            action.body = operation.body;
            action.returns = operation.returns;
        }
    }
}

/// The body of `On create`, `On update` or `On delete`.
pub(super) fn of_hook(
    section: &Section,
    scope: &mut Scope<'_>,
    ids: &mut HashSet<String>,
    pass: &mut Pass<'_>,
) -> Body {
    let entries = formal::keys(section, &HOOK_KEYS, pass.out);
    if entries.is_empty() {
        pass.out.push(
            Diagnostic::new(
                "missing-key",
                section.heading.span,
                format!("`{}` requires and does nothing", section.heading.text.text),
            )
            .help("add `- Requires:` or `- Does:` with items below it"),
        );
    }
    let kept = scope.vars.len();
    let body = body(&entries, scope, ids, pass);
    scope.vars.truncate(kept);
    if let Some(item) = body
        .does
        .iter()
        .find(|item| crate::walk::signs_in(pass.ir, std::slice::from_ref(*item)))
    {
        pass.out.push(
            Diagnostic::new(
                "bad-effect",
                item.span,
                "nobody is signed in by creating, changing or deleting a row",
            )
            .help("put `sign in` into an action"),
        );
    }
    body
}

fn body(
    entries: &[Entry<'_>],
    scope: &mut Scope<'_>,
    ids: &mut HashSet<String>,
    pass: &mut Pass<'_>,
) -> Body {
    let mut body = Body::default();
    for entry in entries {
        match entry.key {
            "Acts as" => {
                let text = bare(&entry.value);
                if same_name(&text.text, "system") {
                    body.as_system = true;
                } else {
                    pass.out.push(
                        Diagnostic::new("bad-value", text.span, format!("an operation cannot act as `{}`", text.text))
                            .help("write `Acts as: system`, or leave it out: effects then have the caller's rights"),
                    );
                }
            }
            "Requires" => {
                if !entry.value.is_empty() {
                    requirement(&entry.value, scope, ids, &mut body.requires, pass);
                }
                for item in entry.item.children() {
                    requirement(&item.line, scope, ids, &mut body.requires, pass);
                    no_children(item, pass);
                }
            }
            _ => {}
        }
    }
    for entry in entries.iter().filter(|entry| entry.key == "Does") {
        let mut items = Vec::new();
        if entry.value.is_empty() {
            let children: Vec<&Item> = entry.item.children().collect();
            // Names given here are known to `Returns`, too.
            listed(&children, scope, pass, &mut items);
            if children.is_empty() {
                pass.out.push(
                    Diagnostic::new("missing-value", entry.text.span, "`Does:` has no effects")
                        .help("write one behind it, or several as items below it"),
                );
            }
        } else {
            let children: Vec<&Item> = entry.item.children().collect();
            effect(
                &entry.value,
                &children,
                entry.item.span,
                scope,
                pass,
                &mut items,
            );
        }
        body.does = items;
    }
    body
}

fn requirement(
    line: &Line,
    scope: &mut Scope<'_>,
    ids: &mut HashSet<String>,
    requires: &mut Vec<Requirement>,
    pass: &mut Pass<'_>,
) {
    let Some((sentence, code)) = sentence_and_code(line, pass.out) else {
        if !line
            .pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Code(_)))
        {
            pass.out.push(
                Diagnostic::new(
                    "requirement-without-code",
                    line.span,
                    "this requirement has no code, so nothing enforces it",
                )
                .help("add its condition between backticks at the end of the item"),
            );
            pass.unproven.push(Sentence {
                text: line.plain(),
                span: line.span,
            });
        }
        return;
    };
    if sentence.is_empty() {
        pass.out.push(
            Diagnostic::new("missing-sentence", line.span, "this requirement has no sentence")
                .help("write what must hold in front of the code; people read it when the requirement refuses them"),
        );
        return;
    }
    if let Some(condition) = parse::condition(scope, code, pass.out) {
        requires.push(Requirement {
            id: sentence_id(&sentence, ids),
            sentence: Sentence {
                text: sentence,
                span: line.span,
            },
            condition,
        });
    }
}

fn no_children(item: &Item, pass: &mut Pass<'_>) {
    if item
        .children()
        .any(|child| child.line.sentence_and_code().is_some())
    {
        pass.out.push(
            Diagnostic::new(
                "code-not-last",
                item.span,
                "a requirement has no items below it, so their code would be prose",
            )
            .help("make each of them a requirement of its own"),
        );
    }
}

/// The effects of a list, top to bottom. Names given with `as` live to the end of their list.
fn effects(items: &[&Item], scope: &mut Scope<'_>, pass: &mut Pass<'_>, out: &mut Vec<EffectItem>) {
    let kept = scope.vars.len();
    listed(items, scope, pass, out);
    scope.vars.truncate(kept);
}

fn listed(items: &[&Item], scope: &mut Scope<'_>, pass: &mut Pass<'_>, out: &mut Vec<EffectItem>) {
    for item in items {
        let children: Vec<&Item> = item.children().collect();
        effect(&item.line, &children, item.span, scope, pass, out);
    }
}

/// The item is an `otherwise`.
fn is_otherwise(line: &Line) -> bool {
    line.sentence_and_code()
        .is_some_and(|(_, code)| same_name(&code.text, "otherwise"))
}

fn effect(
    line: &Line,
    children: &[&Item],
    span: Span,
    scope: &mut Scope<'_>,
    pass: &mut Pass<'_>,
    out: &mut Vec<EffectItem>,
) {
    let Some((sentence, code)) = sentence_and_code(line, pass.out) else {
        if !line
            .pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Code(_)))
        {
            pass.out.push(
                not_compiled_yet(line.span, "an effect in prose")
                    .help("add its code at the end of the item, such as `set status to solved`"),
            );
        }
        return;
    };
    let sentence = Sentence {
        text: sentence,
        span: line.span,
    };
    if is_otherwise(line) {
        let mut body = Vec::new();
        nested(children, span, scope, pass, &mut body);
        match out.last_mut().map(|item| &mut item.effect) {
            Some(Effect::When { otherwise, .. }) if otherwise.is_empty() => *otherwise = body,
            _ => pass.out.push(
                Diagnostic::new("otherwise-without-when", code.span, "this `otherwise` follows no `when`")
                    .help("put it directly behind a `when` of the same list, or indent it below the effect whose refusal it survives"),
            ),
        }
        return;
    }
    let kept = scope.vars.len();
    let Some(parsed) = parse::effect(scope, code, pass.out) else {
        return;
    };
    let mut effect = parsed.effect;
    let mut otherwise = None;
    match &mut effect {
        Effect::ForEach { body, .. } | Effect::When { then: body, .. } => {
            nested(children, span, scope, pass, body);
            scope.vars.truncate(kept);
        }
        _ => {
            for child in children {
                if !is_otherwise(&child.line) {
                    if child.line.sentence_and_code().is_some() {
                        pass.out.push(
                            Diagnostic::new("misplaced-body", child.line.span, "this effect has no body, so nothing can stand below it but `otherwise`")
                                .help("move the item one level up; bodies stand below `for each`, `when` and `otherwise`"),
                        );
                    }
                    continue;
                }
                let mut body = Vec::new();
                let below: Vec<&Item> = child.children().collect();
                nested(&below, child.span, scope, pass, &mut body);
                otherwise = Some(body);
            }
        }
    }
    out.push(EffectItem {
        sentence,
        effect,
        as_system: parsed.as_system,
        otherwise,
        span: code.span,
    });
}

/// A nested list, which must not be empty.
fn nested(
    children: &[&Item],
    span: Span,
    scope: &mut Scope<'_>,
    pass: &mut Pass<'_>,
    out: &mut Vec<EffectItem>,
) {
    if children.is_empty() {
        pass.out.push(
            Diagnostic::new(
                "missing-body",
                span,
                "nothing stands below this effect, so it does nothing",
            )
            .help("write what happens as items below it, indented"),
        );
        return;
    }
    effects(children, scope, pass, out);
}
