//! Trees to the program: sections, tables, items and sentences become typed declarations with spans.
//! The first pass declares every name; the second reads expressions with all of them known.
//! Never fails and never panics: what is wrong with a spec is a diagnostic.

mod access;
mod body;
mod checks;
mod declare;
mod entity;
mod field_defaults;
mod field_rules;
mod formal;
mod function;
mod given;
mod ident;
mod keyword;
mod lifecycle;
mod limits;
mod literal;
mod names;
mod notes;
mod outline;
mod program;
mod prose;
mod reach;
mod roles;
mod scenario;
mod seed;
mod step_parts;
mod steps;
mod tenant;
mod theme;
mod then;
mod tokens;
mod types;
mod values;
mod vocabulary;
mod when;
mod who;
mod words;

#[cfg(test)]
mod tests;

pub use values::naming_field;
pub use vocabulary::vocabulary;

use crate::ir::{EntityId, FieldId, Ir, Sentence, Verb};
use crate::scope::{Index, Scope};
use formal::Columns;
use names::{Names, number};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::span::{Sources, Span};
use specc_syntax::tree::Tree;

/// The identifier of a sentence: its words in lower case, joined by hyphens, as many as fit into 80 characters.
#[must_use]
pub fn identifier(sentence: &str) -> String {
    formal::sentence_id(sentence, &mut std::collections::HashSet::new())
}

/// What the second pass reads and where it puts problems.
struct Pass<'p> {
    ir: &'p Ir,
    index: &'p Index,
    names: &'p Names,
    out: &'p mut Vec<Diagnostic>,
    /// Sentences without code.
    unproven: Vec<Sentence>,
    /// Cells of seeds that could not be read: row and field.
    unread: std::collections::HashSet<(Span, FieldId)>,
    /// Cells of seeds that name rows, by row and field.
    cells: std::collections::HashMap<(Span, FieldId), Span>,
    /// Bare verbs, looked at when all fields are finished.
    bare: Vec<(Verb, EntityId, Span)>,
    /// Entities some of whose rows the program itself makes or names, so that no reader can list what they are shown as.
    made: std::collections::HashSet<EntityId>,
    sources: &'p Sources,
}

impl<'p> Pass<'p> {
    fn new(
        ir: &'p Ir,
        index: &'p Index,
        names: &'p Names,
        sources: &'p Sources,
        out: &'p mut Vec<Diagnostic>,
    ) -> Pass<'p> {
        Pass {
            ir,
            index,
            names,
            out,
            unproven: Vec::new(),
            unread: Default::default(),
            cells: Default::default(),
            bare: Vec::new(),
            made: Default::default(),
            sources,
        }
    }

    /// A scope in which nothing but declarations and the fields of `this` are known.
    fn scope(&self, this: Option<EntityId>) -> Scope<'p> {
        let mut scope = Scope::new(self.ir, self.index);
        scope.this = this;
        scope
    }
}

/// The tables that formal sections have, for headings that lost their keyword.
fn known_tables() -> [&'static Columns; 3] {
    [
        &access::COLUMNS,
        &lifecycle::STEP_COLUMNS,
        &declare::FIELD_COLUMNS,
    ]
}

/// Lowers the trees of all files, in the order of `sources`, to the program.
/// The diagnostics are in source order; with an error among them the program is incomplete.
#[must_use]
pub fn lower(trees: &[Tree], sources: &Sources) -> (Ir, Vec<Diagnostic>) {
    let mut out = Vec::new();
    let outline = outline::outline(trees, &mut out);
    let mut ir = Ir {
        program: program::program(trees, sources, &mut out),
        ..Ir::default()
    };
    let mut names = Names::default();
    let role_codes = roles::roles(&outline, &mut ir, &mut names, &mut out);
    let pending = declare::declare(&outline, sources, &mut ir, &mut names, &mut out);
    roles::includes(&role_codes, &mut ir, &names, &mut out);
    program::accounts(&outline.accounts, &mut ir, &mut out);
    ir.theme = theme::theme(&outline.themes, &mut out);
    ir.glossary = program::glossary(&outline.glossaries, &mut out);
    let functions = function::declare(&outline, sources, &mut ir, &mut names, &mut out);
    let actions = body::declare_actions(&outline, sources, &mut ir, &mut names, &mut out);

    let index = Index::new(&ir);

    // Everything with expressions, read against the declarations and put in place together.
    let mut pass = Pass::new(&ir, &index, &names, sources, &mut out);
    let found: Vec<entity::Found> = pending
        .iter()
        .enumerate()
        .map(|(at, pending)| {
            let part = pending.part.and_then(|at| outline.entities.get(at));
            entity::read(EntityId(number(at)), part, pending, &mut pass)
        })
        .collect();
    let held = roles::role_conditions(&role_codes, &mut pass);
    let bodies = function::bodies(&functions, &mut pass);
    let mut unproven = std::mem::take(&mut pass.unproven);
    let bare = std::mem::take(&mut pass.bare);
    apply(&mut ir, found, held);
    function::apply(&mut ir, bodies);
    let tenants: Vec<_> = pending
        .iter()
        .enumerate()
        .filter_map(|(at, pending)| Some((EntityId(number(at)), pending.tenant.clone()?)))
        .collect();
    tenant::settle(&tenants, &mut ir, &mut out);

    // What needs finished fields, rules and functions.
    let mut pass = Pass::new(&ir, &index, &names, sources, &mut out);
    for at in 0..ir.entities.len() {
        let id = EntityId(number(at));
        access::check(id, &mut pass);
        entity::check_lifecycles(id, &mut pass);
    }
    access::check_bare(&bare, &mut pass);
    checks::all(&mut pass);
    tenant::check(&mut pass);
    reach::check(&mut pass);
    function::check_examples(&mut pass);
    let seeds: Vec<_> = outline
        .seeds
        .iter()
        .map(|(section, name)| seed::read(section, name, &mut pass))
        .collect();
    seed::check_references(&seeds, &mut pass);
    let operations = body::actions(&actions, &mut pass);
    let hooks: Vec<_> = pending
        .iter()
        .enumerate()
        .map(
            |(at, pending)| match pending.part.and_then(|at| outline.entities.get(at)) {
                Some(part) => entity::hooks(EntityId(number(at)), part, &mut pass),
                None => Vec::new(),
            },
        )
        .collect();
    let bodies = operations.iter().map(body::Operation::body);
    let bodies = bodies.chain(hooks.iter().flatten().map(|hook| &hook.body));
    pass.made = values::made(bodies, &ir);
    let mut declared = outline::Declared::default();
    let scenarios: Vec<_> = outline
        .scenarios
        .iter()
        .map(|(section, name)| {
            declared.add("scenario", name, pass.out);
            scenario::read(section, name, &mut pass)
        })
        .collect();
    unproven.extend(std::mem::take(&mut pass.unproven));
    body::apply(&mut ir, operations);
    ir.entities
        .iter_mut()
        .zip(hooks)
        .for_each(|(entity, hooks)| entity.hooks = hooks);
    limits::all(&ir, &mut out);
    ir.seeds = seeds;
    ir.scenarios = scenarios;
    tenant::confine(&mut ir, &mut out);
    unproven.extend(prose::unproven(trees));
    unproven.sort_by_key(|sentence| (sentence.span.file, sentence.span.start));
    unproven.dedup();
    ir.unproven = unproven;
    ir.notes = notes::all(trees, sources, &ir);
    out.sort_by_key(|diagnostic| {
        (
            diagnostic.span.file,
            diagnostic.span.start,
            diagnostic.span.end,
        )
    });
    out.dedup();
    (ir, out)
}

/// Puts what the second pass found into the program.
fn apply(
    ir: &mut Ir,
    found: Vec<entity::Found>,
    held: Vec<(crate::ir::RoleId, crate::expr::Expr)>,
) {
    for (entity, found) in ir.entities.iter_mut().zip(found) {
        for (id, field) in found.fields {
            if let Some(slot) = entity.fields.get_mut(id.0 as usize) {
                // The parent's field was settled before; a rules cell cannot loosen it.
                let parent = entity.parent.is_some_and(|parent| parent.field == id);
                *slot = field;
                slot.required |= parent;
                slot.fixed |= parent;
            }
        }
        entity.access = found.access;
        entity
            .lifecycles
            .iter_mut()
            .zip(found.lifecycles)
            .for_each(|(slot, lifecycle)| *slot = lifecycle);
        entity.rules = found.rules;
    }
    for (role, condition) in held {
        if let Some(slot) = ir.roles.get_mut(role.0 as usize) {
            slot.when = Some(condition);
        }
    }
}
