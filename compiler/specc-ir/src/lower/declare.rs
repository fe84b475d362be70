//! The first pass over entities and choices: names, fields with their types, parents, lifecycles' steps.
//! No expression is read here.

mod choices;
mod keys;

use super::formal::{self, Columns, Grid, Keys, fold, grid};
use super::ident;
use super::names::{Names, number};
use super::outline::{Declared, EntityPart, Outline, about};
use super::{types, words};
use crate::ir::{Entity, EntityId, Field, FieldId, Ir, Name, OnDelete, Type, USER};
use choices::choices;
use keys::{parent_of, set_parent, shown};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{same_name, suggest};
use specc_syntax::span::{Sources, Span};
use specc_syntax::tree::{Line, Row, Text};

/// Columns of a table of fields.
pub(super) const FIELD_COLUMNS: Columns = Columns {
    table: "a table of fields",
    known: &["Field", "Type", "Rules", "About", "Note"],
    needed: 2,
};

const ENTITY_KEYS: Keys = Keys {
    section: "an entity",
    known: &["Part of", "Shown as", "Plural", "Tenant"],
    not_yet: &[],
};

/// Names that expressions need for themselves.
const RESERVED: &[&str] = &[
    "this", "old", "me", "now", "today", "input", "output", "empty", "set", "yes", "no", "true",
    "false", "and", "or", "not", "is", "if", "then", "else", "implies", "where", "as",
];

/// The most fields that an entity may have.
const MOST_FIELDS: usize = 128;

/// What the second pass reads of an entity's declarations.
#[derive(Debug, Default)]
pub(super) struct Pending<'t> {
    /// The Rules cells, by field.
    pub(super) field_rules: Vec<(FieldId, &'t Line)>,
    /// Per lifecycle and step: the Who and When cells.
    pub(super) steps: Vec<Vec<(Option<&'t Line>, Option<&'t Line>)>>,
    /// The field that says whose a row is.
    pub(super) tenant: Option<Text>,
    /// The section as outlined.
    pub(super) part: Option<usize>,
}

/// Declares choices and entities.
pub(super) fn declare<'t>(
    outline: &'t Outline<'t>,
    sources: &Sources,
    ir: &mut Ir,
    names: &mut Names,
    out: &mut Vec<Diagnostic>,
) -> Vec<Pending<'t>> {
    let mut declared = Declared::default();
    for word in ["user", "users"] {
        names
            .entities
            .insert(word.trim_end_matches('s').to_owned(), USER);
        names.plurals.insert("users".to_owned(), USER);
    }
    ir.entities.push(user());
    let mut pending = vec![Pending::default()];
    let mut user_span: Option<Span> = None;
    for (at, part) in outline.entities.iter().enumerate() {
        if same_name(&part.name.text, "User") {
            if let Some(first) = user_span.replace(part.name.span) {
                out.push(
                    Diagnostic::new(
                        "duplicate-name",
                        part.name.span,
                        "entity `User` is declared twice",
                    )
                    .label(first, "first declared here")
                    .help("put both into one section"),
                );
            } else if let (Some(slot), Some(user)) = (pending.first_mut(), ir.entities.first_mut())
            {
                slot.part = Some(at);
                user.about = about(part.section, sources, true);
                user.span = part.section.heading.span;
                user.name.span = part.name.span;
            }
            continue;
        }
        let usable = usable_name("an entity", &part.name, out);
        if !declared.add("entity", &part.name, out) || !usable {
            continue;
        }
        let id = EntityId(number(ir.entities.len()));
        names.measure(&part.name.text);
        names.entities.insert(fold(&part.name.text), id);
        ir.entities.push(entity(part, sources));
        pending.push(Pending {
            part: Some(at),
            ..Pending::default()
        });
    }
    choices(outline, &mut declared, ir, names, out);
    names.fields = ir.entities.iter().map(|_| Default::default()).collect();
    for at in 0..pending.len() {
        let id = EntityId(number(at));
        let part = pending
            .get(at)
            .and_then(|pending| pending.part)
            .and_then(|at| outline.entities.get(at));
        keys_and_fields(id, part, ir, names, pending.get_mut(at), out);
    }
    for (at, pending) in pending.iter_mut().enumerate() {
        let id = EntityId(number(at));
        if let Some(part) = pending.part.and_then(|at| outline.entities.get(at)) {
            super::lifecycle::lifecycles(id, part, ir, names, pending, out);
        }
    }
    pending
}

/// A name that can be an identifier, a table and an address.
pub(super) fn usable_name(kind: &str, name: &Text, out: &mut Vec<Diagnostic>) -> bool {
    let fine = name.text.chars().next().is_some_and(char::is_alphabetic)
        && name
            .text
            .chars()
            .all(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_' | '\''));
    let length = name.text.chars().count() <= 60;
    if fine && length {
        return true;
    }
    let shown: String = name.text.chars().take(60).collect();
    out.push(
        Diagnostic::new("bad-name", name.span, format!("`{shown}` cannot be the name of {kind}"))
            .help("a name begins with a letter, has letters, digits, spaces, `-` and `_`, and at most 60 of them"),
    );
    false
}

fn user() -> Entity {
    let mut name = blank_field(
        Name {
            text: "name".to_owned(),
            span: Span::default(),
        },
        Span::default(),
    );
    name.required = true;
    name.length = (Some(1), Some(100));
    name.searchable = true;
    let mut email = blank_field(
        Name {
            text: "email".to_owned(),
            span: Span::default(),
        },
        Span::default(),
    );
    email.required = true;
    email.unique = true;
    email.ty = Type::Email;
    Entity {
        name: Name {
            text: "User".to_owned(),
            span: Span::default(),
        },
        plural: "Users".to_owned(),
        about: String::new(),
        parent: None,
        tenant: None,
        shown_as: Some(FieldId(0)),
        fields: vec![name, email],
        access: Vec::new(),
        lifecycles: Vec::new(),
        rules: Vec::new(),
        hooks: Vec::new(),
        span: Span::default(),
    }
}

fn entity(part: &EntityPart<'_>, sources: &Sources) -> Entity {
    Entity {
        name: Name {
            text: part.name.text.clone(),
            span: part.name.span,
        },
        plural: words::plural(&part.name.text),
        about: about(part.section, sources, true),
        parent: None,
        tenant: None,
        shown_as: None,
        fields: Vec::new(),
        access: Vec::new(),
        lifecycles: Vec::new(),
        rules: Vec::new(),
        hooks: Vec::new(),
        span: part.section.heading.span,
    }
}

fn blank_field(name: Name, span: Span) -> Field {
    Field {
        name,
        ty: Type::Text,
        required: false,
        unique: false,
        length: (None, None),
        at_least: None,
        at_most: None,
        pattern: None,
        default: None,
        read_only: false,
        fixed: false,
        private: false,
        computed: None,
        searchable: false,
        indexed: false,
        on_delete: OnDelete::Empty,
        was: None,
        lifecycle: false,
        about: String::new(),
        span,
    }
}

fn keys_and_fields<'t>(
    id: EntityId,
    part: Option<&'t EntityPart<'t>>,
    ir: &mut Ir,
    names: &mut Names,
    pending: Option<&mut Pending<'t>>,
    out: &mut Vec<Diagnostic>,
) {
    let position = id.0 as usize;
    let (Some(part), Some(pending)) = (part, pending) else {
        register(id, ir, names);
        return;
    };
    let mut shown_as = None;
    let mut parent = None;
    for entry in formal::keys(part.section, &ENTITY_KEYS, out) {
        match entry.key {
            "Part of" => parent = Some(entry.value),
            "Shown as" => shown_as = Some(entry.value),
            "Tenant" => pending.tenant = Some(formal::bare(&entry.value)),
            _ => {
                let plural = formal::bare(&entry.value);
                if let Some(entity) = ir.entities.get_mut(position) {
                    names.plurals.insert(fold(&plural.text), id);
                    entity.plural = plural.text;
                }
            }
        }
    }
    let mut fields = ir
        .entities
        .get_mut(position)
        .map(|entity| std::mem::take(&mut entity.fields))
        .unwrap_or_default();
    let wanted_parent = parent
        .as_ref()
        .and_then(|line| parent_of(line, id, ir, names, out));
    let mut rows: Vec<(FieldId, &'t Row, Grid<'t>)> = Vec::new();
    let mut declared = Declared::default();
    for field in &fields {
        declared.add(
            "field",
            &Text {
                text: field.name.text.clone(),
                span: field.name.span,
            },
            out,
        );
    }
    let own = |name: &str| {
        part.section.tables().any(|table| {
            table.column("Field").is_some_and(|at| {
                table.rows.iter().any(|row| {
                    row.cells
                        .get(at)
                        .is_some_and(|cell| same_name(&cell.plain(), name))
                })
            })
        })
    };
    if let Some((entity, name)) = &wanted_parent
        && !own(&name.text)
    {
        let mut field = blank_field(name.clone(), name.span);
        field.ty = Type::Ref(*entity);
        field.fixed = true;
        declared.add(
            "field",
            &Text {
                text: name.text.clone(),
                span: name.span,
            },
            out,
        );
        fields.push(field);
    }
    for table in part.section.tables() {
        let Some(grid) = grid(table, &FIELD_COLUMNS, out) else {
            continue;
        };
        for row in grid.rows() {
            let Some(name) = grid.cell(row, 0).map(formal::bare) else {
                if row.cells.iter().any(|cell| !cell.is_empty()) {
                    out.push(
                        Diagnostic::new("missing-name", row.span, "this field has no name")
                            .help("write its name into the first column"),
                    );
                }
                continue;
            };
            if !usable_name("a field", &name, out)
                || !free_name(&name, id == USER, out)
                || !declared.add("field", &name, out)
            {
                continue;
            }
            let field = FieldId(number(fields.len()));
            fields.push(blank_field(
                Name {
                    text: name.text,
                    span: name.span,
                },
                row.span,
            ));
            rows.push((field, row, grid.clone()));
        }
    }
    if fields.len() > MOST_FIELDS
        && let Some(field) = fields.get(MOST_FIELDS)
    {
        out.push(
            Diagnostic::new(
                "too-many",
                field.name.span,
                format!(
                    "an entity has at most {MOST_FIELDS} fields, and this has {}",
                    fields.len()
                ),
            )
            .help("move some of them into an entity of their own, with `Part of`"),
        );
        fields.truncate(MOST_FIELDS);
        rows.retain(|(field, ..)| (field.0 as usize) < MOST_FIELDS);
    }
    if let Some(entity) = ir.entities.get_mut(position) {
        entity.fields = fields;
    }
    register(id, ir, names);
    for (field, row, grid) in &rows {
        let name = field_mut(ir, id, *field)
            .map(|field| field.name.clone())
            .unwrap_or_default();
        let ty = match grid.cell(row, 1) {
            Some(cell) => {
                let computed = grid.cell(row, 2).is_some_and(|rules| {
                    let rules = rules.plain();
                    rules.split_whitespace().any(|word| word == "computed")
                });
                types::of_field(cell, id, &name, computed, ir, names, out)
            }
            None => {
                out.push(
                    Diagnostic::new("missing-type", name.span, format!("field `{}` has no type", name.text))
                        .help("write `text`, `date`, `yes/no`, another type, an entity, or at least two values"),
                );
                None
            }
        };
        let about = grid
            .cell(row, 3)
            .or_else(|| grid.cell(row, 4))
            .map(Line::plain)
            .unwrap_or_default();
        if let Some(slot) = field_mut(ir, id, *field) {
            slot.ty = ty.unwrap_or(Type::Empty);
            slot.about = about;
            if ident::is(&slot.name) {
                ident::declare(slot, out);
            }
        }
        if let Some(rules) = grid.cell(row, 2) {
            pending.field_rules.push((*field, rules));
        }
    }
    if let Some((entity, name)) = wanted_parent {
        set_parent(id, entity, &name, ir, names, out);
    }
    shown(id, shown_as.as_ref(), ir, names, out);
}

pub(super) fn field_mut(ir: &mut Ir, entity: EntityId, field: FieldId) -> Option<&mut Field> {
    ir.entities
        .get_mut(entity.0 as usize)?
        .fields
        .get_mut(field.0 as usize)
}

fn register(id: EntityId, ir: &Ir, names: &mut Names) {
    let fields = ir
        .entities
        .get(id.0 as usize)
        .map_or(&[][..], |entity| entity.fields.as_slice());
    for field in fields {
        names.measure(&field.name.text);
    }
    if let Some(map) = names.fields.get_mut(id.0 as usize) {
        for (at, field) in fields.iter().enumerate() {
            map.insert(fold(&field.name.text), FieldId(number(at)));
        }
    }
}

fn free_name(name: &Text, user: bool, out: &mut Vec<Diagnostic>) -> bool {
    if same_name(&name.text, ident::ID) && user {
        out.push(
            Diagnostic::new(
                "reserved-name",
                name.span,
                "people are known by a number: User has an `id` already",
            )
            .help("choose another name for this field"),
        );
        return false;
    }
    if let Some(word) = ["created", "updated", "version"]
        .iter()
        .find(|word| same_name(word, &name.text))
    {
        out.push(
            Diagnostic::new(
                "reserved-name",
                name.span,
                format!("every entity has a field `{word}` already"),
            )
            .help("use the built-in one, or choose another name"),
        );
        return false;
    }
    if let Some(word) = RESERVED.iter().find(|word| same_name(word, &name.text)) {
        out.push(
            Diagnostic::new(
                "reserved-name",
                name.span,
                format!("`{word}` means something of its own in expressions"),
            )
            .help("choose another name for this field"),
        );
        return false;
    }
    true
}

/// A name that is no field of an entity, with the nearest one.
pub(super) fn unknown_field(text: &Text, id: EntityId, ir: &Ir) -> Diagnostic {
    let entity = ir
        .entities
        .get(id.0 as usize)
        .map_or("", |entity| entity.name.text.as_str());
    let diagnostic = Diagnostic::new(
        "unknown-field",
        text.span,
        format!("`{}` is no field of {entity}", text.text),
    );
    let fields = super::names::field_names(ir, id);
    match suggest(&text.text, fields.iter().copied()) {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .edit(text.span, near),
        None => diagnostic.help(format!("its fields are {}", formal::list_of(fields))),
    }
}
