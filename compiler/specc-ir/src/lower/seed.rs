//! `Seed`: example rows in tables or items, one heading per entity.

use super::declare::unknown_field;
use super::formal;
use super::values::{self, Written};
use super::{Pass, names};
use crate::expr::{ExprKind, Literal};
use crate::ir::{EntityId, FieldId, Name, RoleId, Seed, SeedRow, SeedValue, Type, USER};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{fold_name, same_name, suggest};
use specc_syntax::span::Span;
use specc_syntax::tree::{Block, Item, Line, Section, Table, Text};
use std::collections::{HashMap, HashSet};

/// A seed with its tables. References to rows that no seed has are reported by [`check_references`].
pub(super) fn read(section: &Section, name: &Text, pass: &mut Pass<'_>) -> Seed {
    let before = pass.out.len();
    let mut rows = Vec::new();
    let own = pass.names.entity_any(&name.text);
    let mut current: Option<EntityId> = own;
    for block in &section.blocks {
        match block {
            Block::Paragraph(line) => {
                let text = line.plain();
                if let Some(entity) = text
                    .strip_suffix(':')
                    .and_then(|text| pass.names.entity_any(text))
                {
                    current = Some(entity);
                }
            }
            Block::Table(found) => match current {
                Some(entity) => rows.extend(table(found, entity, pass)),
                None => pass.out.push(
                    Diagnostic::new(
                        "seed-without-entity",
                        found.span,
                        "this table of example data names no entity",
                    )
                    .help("put it below a heading with the entity's plural, such as `### Tickets`"),
                ),
            },
            Block::List(list) => {
                if let Some(entity) = current {
                    rows.extend(items(&list.items, entity, pass));
                } else if let Some(item) = list.items.iter().find(|item| item.key_value().is_some())
                {
                    pass.out.push(
                        Diagnostic::new(
                            "seed-without-entity",
                            item.line.span,
                            "these items of example data name no entity",
                        )
                        .help("put them below a heading with the entity's plural, such as `### Tickets`"),
                    );
                }
            }
            _ => {}
        }
    }
    for below in section
        .sections
        .iter()
        .filter(|below| below.heading.keyword.is_none() && !below.heading.prose)
    {
        let heading = &below.heading.text;
        let Some(entity) = pass.names.entity_any(&heading.text) else {
            if below.tables().next().is_some() {
                let all = pass.ir.entities.iter().map(|entity| entity.plural.as_str());
                let diagnostic = Diagnostic::new(
                    "unknown-entity",
                    heading.span,
                    format!("`{}` is no entity", heading.text),
                );
                pass.out.push(match suggest(&heading.text, all) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")).edit(heading.span, near),
                    None => diagnostic.help("a table of example data stands below the plural of an entity, such as `### Tickets`"),
                });
            }
            continue;
        };
        for block in &below.blocks {
            match block {
                Block::Table(found) => rows.extend(table(found, entity, pass)),
                Block::List(list) => rows.extend(items(&list.items, entity, pass)),
                _ => {}
            }
        }
    }
    if rows.is_empty() && pass.out.len() == before {
        pass.out.push(
            Diagnostic::new("empty-seed", section.heading.span, format!("seed `{}` has no rows", name.text))
                .help("add a heading with an entity's plural, and below it a table whose columns are fields"),
        );
    }
    Seed {
        name: Name {
            text: name.text.clone(),
            span: name.span,
        },
        rows,
    }
}

/// What a column holds.
enum Column {
    Field(FieldId),
    Created,
    Updated,
    Roles,
    Skip,
}

/// The rows of a table whose columns are fields of an entity.
pub(super) fn table(table: &Table, entity: EntityId, pass: &mut Pass<'_>) -> Vec<SeedRow> {
    let mut columns = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    for column in &table.columns {
        let text = formal::bare(column);
        if !seen.insert(fold_name(&text.text)) {
            pass.out.push(
                Diagnostic::new(
                    "duplicate-column",
                    text.span,
                    format!("column `{}` stands twice in this table", text.text),
                )
                .help("keep one of the two"),
            );
            columns.push(Column::Skip);
            continue;
        }
        columns.push(column_of(&text, entity, pass));
    }
    let mut rows = Vec::new();
    for row in &table.rows {
        if row.cells.iter().all(Line::is_empty) {
            continue;
        }
        let mut out = empty(entity, row.span);
        for (cell, column) in row.cells.iter().zip(&columns) {
            if !cell.is_empty() {
                fill(&mut out, column, cell, pass);
            }
        }
        rows.push(out);
    }
    rows
}

/// Rows written as items: what a row is shown as, and its fields as items below, `field: value`.
fn items(items: &[Item], entity: EntityId, pass: &mut Pass<'_>) -> Vec<SeedRow> {
    let mut rows = Vec::new();
    for item in items {
        let mut out = empty(entity, item.span);
        let mut seen: HashSet<String> = HashSet::new();
        let keyed = item
            .key_value()
            .is_some_and(|(key, _)| is_key(&key.text, entity, pass));
        if !keyed && !item.line.is_empty() {
            let Some(field) = values::naming_field(entity, pass.ir) else {
                pass.out.push(
                    Diagnostic::new(
                        "row-without-name",
                        item.line.span,
                        "rows of this entity are known by no field",
                    )
                    .help("begin the item with a field: `- name: Herbs`"),
                );
                continue;
            };
            fill(&mut out, &Column::Field(field), &item.line, pass);
        }
        let own = keyed.then_some(item);
        for part in own.into_iter().chain(item.children()) {
            let Some((key, value)) = part.key_value() else {
                pass.out.push(
                    Diagnostic::new(
                        "missing-value",
                        part.line.span,
                        "this item gives no field its value",
                    )
                    .help("write `field: value`"),
                );
                continue;
            };
            if !seen.insert(fold_name(&key.text)) {
                pass.out.push(
                    Diagnostic::new(
                        "duplicate-key",
                        key.span,
                        format!("`{}` is given twice", key.text),
                    )
                    .help("keep one of the two"),
                );
                continue;
            }
            let column = column_of(&key, entity, pass);
            if !value.is_empty() {
                fill(&mut out, &column, &value, pass);
            }
        }
        rows.push(out);
    }
    rows
}

/// The word is a field of the entity, or resembles one; other colons belong to the text of a row.
fn is_key(word: &str, entity: EntityId, pass: &Pass<'_>) -> bool {
    let fields = pass
        .ir
        .entities
        .get(entity.0 as usize)
        .map_or(&[][..], |entity| entity.fields.as_slice());
    let known = fields
        .iter()
        .map(|field| field.name.text.as_str())
        .chain(["created", "updated", "roles"]);
    pass.names.field(entity, word).is_some() || suggest(word, known).is_some()
}

fn empty(entity: EntityId, span: Span) -> SeedRow {
    SeedRow {
        entity,
        values: Vec::new(),
        created: None,
        updated: None,
        roles: Vec::new(),
        span,
    }
}

/// What a column or key of this name holds; reported where no row can give it.
fn column_of(text: &Text, entity: EntityId, pass: &mut Pass<'_>) -> Column {
    let folded = fold_name(&text.text);
    if entity == USER && matches!(folded.as_str(), "roles" | "role") {
        return Column::Roles;
    }
    match folded.as_str() {
        "created" => return Column::Created,
        "updated" => return Column::Updated,
        _ => {}
    }
    let Some(id) = pass.names.field(entity, &text.text) else {
        pass.out.push(unknown_field(text, entity, pass.ir));
        return Column::Skip;
    };
    let owner = pass.ir.entities.get(entity.0 as usize);
    if let Some(field) = owner.and_then(|owner| owner.fields.get(id.0 as usize))
        && field.computed.is_some()
    {
        pass.out.push(
            Diagnostic::new(
                "not-writable",
                text.span,
                format!("`{}` is computed, so no row can give it", field.name.text),
            )
            .label(field.name.span, "declared here")
            .help("take the column out"),
        );
        return Column::Skip;
    }
    Column::Field(id)
}

/// Reads one value into a row.
fn fill(out: &mut SeedRow, column: &Column, cell: &Line, pass: &mut Pass<'_>) {
    let mut scope = pass.scope(None);
    scope.clock = true;
    let written = match cell.only_code() {
        Some(code) => Written::Code(code),
        None => Written::Plain(unquoted(cell)),
    };
    match column {
        Column::Skip => {}
        Column::Roles => out.roles.extend(roles(cell, pass)),
        Column::Created | Column::Updated => {
            let read = values::read(&written, "created", &Type::Timestamp, &mut scope, pass);
            if let Some(SeedValue::Value(value)) = read {
                match column {
                    Column::Created => out.created = Some(value),
                    _ => out.updated = Some(value),
                }
            }
        }
        Column::Field(id) => {
            let owner = pass.ir.entities.get(out.entity.0 as usize);
            let Some(field) = owner.and_then(|owner| owner.fields.get(id.0 as usize)) else {
                return;
            };
            let written = match (written, &field.ty) {
                (Written::Plain(_), Type::Markdown) => Written::Plain(Text {
                    text: as_written(cell, pass),
                    span: cell.span,
                }),
                (Written::Plain(_), Type::Many(_) | Type::List(_)) => {
                    Written::Plain(cell.to_text())
                }
                (written, _) => written,
            };
            match values::read(&written, &field.name.text, &field.ty, &mut scope, pass) {
                Some(value) => {
                    if matches!(value, SeedValue::Reference(..) | SeedValue::References(..)) {
                        pass.cells.insert((out.span, *id), cell.span);
                    }
                    out.values.push((*id, value));
                }
                None => {
                    pass.unread.insert((out.span, *id));
                }
            }
        }
    }
}

/// The text of a cell, without quotes around the whole.
fn unquoted(cell: &Line) -> Text {
    let text = cell.to_text();
    Text {
        text: values::without_quotes(&text.text).to_owned(),
        ..text
    }
}

/// The Markdown of a cell.
fn as_written(cell: &Line, pass: &Pass<'_>) -> String {
    let written = pass.sources.text(cell.span).trim();
    values::without_quotes(&written.replace("\\|", "|")).to_owned()
}

fn roles(cell: &Line, pass: &mut Pass<'_>) -> Vec<RoleId> {
    let mut found = Vec::new();
    for name in formal::names_of(cell) {
        match pass.names.role_any(&name.text) {
            Some(role) => {
                if let Some(span) = pass
                    .ir
                    .roles
                    .get(role.0 as usize)
                    .filter(|role| role.when.is_some())
                    .map(|role| role.name.span)
                {
                    pass.out.push(
                        Diagnostic::new(
                            "role-not-given",
                            name.span,
                            format!(
                                "role `{}` is held by condition, so it cannot be given",
                                name.text
                            ),
                        )
                        .label(span, "declared here")
                        .help("take it out of the list"),
                    );
                } else {
                    found.push(role);
                }
            }
            None => pass.out.push(unknown_role(&name, pass)),
        }
    }
    found
}

/// A name that is no role, with the nearest one.
pub(super) fn unknown_role(name: &Text, pass: &Pass<'_>) -> Diagnostic {
    let diagnostic = Diagnostic::new(
        "unknown-role",
        name.span,
        format!("`{}` is no role", name.text),
    );
    let roles: Vec<&str> = pass
        .ir
        .roles
        .iter()
        .map(|role| role.name.text.as_str())
        .collect();
    match suggest(&name.text, roles.iter().copied()) {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .edit(name.span, near),
        None => diagnostic.help(format!("the roles are {}", formal::list_of(roles))),
    }
}

/// The rows of all seeds, by what they are shown as.
#[derive(Default)]
struct Named<'s> {
    /// Where a name stands: the seed, and the place of the first row with it among all rows.
    rows: HashMap<(EntityId, String), Vec<(&'s str, usize)>>,
    /// Entities with rows whose text is known only when they are written: it is computed, or made by a default.
    untold: HashMap<EntityId, Vec<(&'s str, usize)>>,
}

impl<'s> Named<'s> {
    fn of(seeds: &'s [Seed], pass: &Pass<'_>) -> Named<'s> {
        let mut named = Named::default();
        let email = FieldId(1);
        let rows = seeds.iter().flat_map(|seed| {
            let name = seed.name.text.as_str();
            seed.rows.iter().map(move |row| (name, row))
        });
        for (at, (seed, row)) in rows.enumerate() {
            let mut add = |text: &str| {
                let places = named.rows.entry((row.entity, text.to_owned()));
                places.or_default().push((seed, at));
            };
            if row.entity == USER
                && let Some((_, SeedValue::Value(value))) =
                    row.values.iter().find(|(field, _)| *field == email)
                && let ExprKind::Literal(Literal::Text(text)) = &value.kind
            {
                add(text);
            }
            match values::naming_text(row.entity, &row.values, pass.ir) {
                Some(name) => add(&name),
                None => named.untold.entry(row.entity).or_default().push((seed, at)),
            }
        }
        named
    }

    /// A row is there when the row at this place of this seed is written.
    fn above(places: Option<&Vec<(&'s str, usize)>>, seed: &str, at: usize) -> bool {
        places.is_some_and(|places| {
            places
                .iter()
                .any(|(other, place)| !same_name(other, seed) || *place < at)
        })
    }
}

/// Reports references to rows that no seed has or that stand below, and rows without a required reference.
pub(super) fn check_references(seeds: &[Seed], pass: &mut Pass<'_>) {
    let known = Named::of(seeds, pass);
    let mut near: HashMap<EntityId, Vec<&str>> = HashMap::new();
    for (entity, name) in known.rows.keys() {
        near.entry(*entity).or_default().push(name);
    }
    for list in near.values_mut() {
        list.sort_unstable();
    }
    let rows = seeds.iter().flat_map(|seed| {
        let name = seed.name.text.as_str();
        seed.rows.iter().map(move |row| (name, row))
    });
    for (place, (seed, row)) in rows.enumerate() {
        let Some(entity) = pass.ir.entities.get(row.entity.0 as usize) else {
            continue;
        };
        for (field, value) in &row.values {
            let (target, texts) = match value {
                SeedValue::Reference(target, text) => (*target, std::slice::from_ref(text)),
                SeedValue::References(target, texts) => (*target, texts.as_slice()),
                _ => continue,
            };
            for text in texts {
                let places = known.rows.get(&(target, text.clone()));
                if Named::above(places, seed, place)
                    || Named::above(known.untold.get(&target), seed, place)
                {
                    continue;
                }
                let of = pass
                    .ir
                    .entities
                    .get(target.0 as usize)
                    .map_or("", |entity| entity.name.text.as_str());
                let span = match pass.cells.get(&(row.span, *field)) {
                    Some(cell) => named_in(*cell, text, pass),
                    None => row.span,
                };
                let column = entity
                    .fields
                    .get(field.0 as usize)
                    .map_or("", |field| field.name.text.as_str());
                if places.is_some() {
                    pass.out.push(
                        Diagnostic::new(
                            "unknown-row",
                            span,
                            format!("the {of} `{text}`, which `{column}` names, stands below"),
                        )
                        .help("rows are written from top to bottom: put it above this one"),
                    );
                    continue;
                }
                let diagnostic = Diagnostic::new(
                    "unknown-row",
                    span,
                    format!("no seed has a {of} `{text}`, which `{column}` names"),
                );
                let names = near.get(&target).map_or(&[][..], Vec::as_slice);
                pass.out.push(match suggest(text, names.iter().copied()) {
                    Some(near) => {
                        let diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                        if pass.sources.text(span) == text {
                            diagnostic.edit(span, near)
                        } else {
                            diagnostic
                        }
                    }
                    None => diagnostic.help(
                        "rows are named by what they are shown as; users by name or e-mail address",
                    ),
                });
            }
        }
        for (at, field) in entity.fields.iter().enumerate() {
            let id = FieldId(names::number(at));
            let given = row.values.iter().any(|(field, _)| *field == id)
                || pass.unread.contains(&(row.span, id));
            let by_itself = field.default.is_some()
                || field.computed.is_some()
                || matches!(field.ty, Type::Slug(_));
            let me = matches!(&field.default, Some(crate::ir::FieldDefault::Value(value)) if speaks_of_me(value));
            if field.required && !given && (!by_itself || me) && field.ty != Type::Empty {
                pass.out.push(
                    Diagnostic::new(
                        "missing-value",
                        row.span,
                        format!(
                            "this {} lacks `{}`, which is required",
                            entity.name.text, field.name.text
                        ),
                    )
                    .label(field.name.span, "declared here")
                    .help("fill the cell; `me` is nobody while example data is written"),
                );
            }
        }
    }
}

/// Where a cell names a row; the whole cell where it does so in other words, or more than once.
fn named_in(cell: Span, text: &str, pass: &Pass<'_>) -> Span {
    let mut places = pass.sources.text(cell).match_indices(text);
    match (places.next(), places.next()) {
        (Some((at, _)), None) => {
            let start = cell.start + names::number(at);
            Span {
                start,
                end: start + names::number(text.len()),
                ..cell
            }
        }
        _ => cell,
    }
}

fn speaks_of_me(expr: &crate::expr::Expr) -> bool {
    let mut found = false;
    crate::walk::each(expr, &mut |part| found |= part.kind == ExprKind::Me);
    found
}
