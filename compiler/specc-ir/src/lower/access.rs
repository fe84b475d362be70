//! `Access`: who can do what, when. One table row may hold several bare verbs; each becomes a grant.

use super::declare::unknown_field;
use super::formal::{self, Columns, Keys, cell_code, grid, names_of};
use super::{Pass, who};
use crate::expr::{Expr, ExprKind, THIS};
use crate::ir::{EntityId, FieldId, Grant, Type, USER, Verb, Who};
use crate::parse;
use crate::scope::Scope;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{fold_name, suggest};
use specc_syntax::span::Span;
use specc_syntax::tree::{Line, Section, Text};

/// Columns of an access table.
pub(super) const COLUMNS: Columns = Columns {
    table: "an access table",
    known: &["Who", "Can", "When", "Note"],
    needed: 2,
};
const KEYS: Keys = Keys {
    section: "Access",
    known: &[],
    not_yet: &[],
};
const VERBS: &[(&str, Verb)] = &[
    ("create", Verb::Create),
    ("read", Verb::Read),
    ("update", Verb::Update),
    ("delete", Verb::Delete),
];

/// The grants of an entity, in order; for User the ones every program has come first.
pub(super) fn read(
    sections: &[&Section],
    entity: EntityId,
    scope: &mut Scope<'_>,
    pass: &mut Pass<'_>,
) -> Vec<Grant> {
    let mut grants = Vec::new();
    scope.me = true;
    scope.clock = true;
    for section in sections {
        formal::keys(section, &KEYS, pass.out);
        let mut any = false;
        for table in section.tables() {
            let before = pass.out.len();
            let found = grid(table, &COLUMNS, pass.out);
            any |= found.is_some() || pass.out.len() > before;
            let Some(grid) = found else { continue };
            for row in grid.rows() {
                let (Some(who), Some(can)) = (grid.cell(row, 0), grid.cell(row, 1)) else {
                    if row.cells.iter().any(|cell| !cell.is_empty()) {
                        pass.out.push(
                            Diagnostic::new(
                                "missing-cell",
                                row.span,
                                "an access row needs Who and Can",
                            )
                            .help("`anyone` is everybody, `signed-in` everybody with an account"),
                        );
                    }
                    continue;
                };
                let who = who::read(who, Some(entity), pass);
                let when = match grid.cell(row, 2) {
                    None => None,
                    // A guard that cannot be read must not become a grant without one.
                    Some(cell) => match cell_code(cell, "When", pass.out)
                        .and_then(|code| parse::condition(scope, code, pass.out))
                    {
                        Some(condition) => Some(condition),
                        None => continue,
                    },
                };
                if who.is_empty() {
                    continue;
                }
                for (verb, fields) in verbs(can, entity, pass) {
                    grants.push(Grant {
                        who: who.clone(),
                        verb,
                        fields,
                        when: when.clone(),
                        span: row.span,
                    });
                }
            }
        }
        if !any {
            pass.out.push(
                Diagnostic::new(
                    "missing-table",
                    section.heading.span,
                    "this Access has no table, so nobody may do anything",
                )
                .help("add a table with the columns `Who`, `Can` and `When`"),
            );
        }
    }
    if entity == USER {
        built_in(&mut grants);
    }
    grants
}

/// Everybody reads their own row and changes their own name, unless the author says something of `self`.
fn built_in(grants: &mut Vec<Grant>) {
    let me = Who::Relation(Expr {
        kind: ExprKind::Var(THIS),
        ty: Type::Ref(USER),
        span: Span::default(),
    });
    let is_self = |who: &Who| {
        matches!(
            who,
            Who::Relation(Expr {
                kind: ExprKind::Var(THIS),
                ..
            })
        )
    };
    for (verb, fields) in [(Verb::Update, Some(vec![FieldId(0)])), (Verb::Read, None)] {
        if !grants
            .iter()
            .any(|grant| grant.verb == verb && grant.who.iter().any(is_self))
        {
            grants.insert(
                0,
                Grant {
                    who: vec![me.clone()],
                    verb,
                    fields,
                    when: None,
                    span: Span::default(),
                },
            );
        }
    }
}

/// The verbs of a cell: several bare ones, or one with its fields.
fn verbs(cell: &Line, entity: EntityId, pass: &mut Pass<'_>) -> Vec<(Verb, Option<Vec<FieldId>>)> {
    let names = names_of(cell);
    let verb_of = |text: &str| {
        VERBS
            .iter()
            .find(|(word, _)| fold_name(text) == *word)
            .map(|(_, verb)| *verb)
    };
    let mut out: Vec<(Verb, Option<Vec<FieldId>>)> = Vec::new();
    let mut list: Option<(Verb, Vec<FieldId>)> = None;
    for (at, name) in names.iter().enumerate() {
        let (first, rest) = name
            .text
            .split_once(char::is_whitespace)
            .unwrap_or((&name.text, ""));
        // A field may be called like a verb; inside a list it is the field.
        let field_here = list.is_some() && pass.names.field(entity, &name.text).is_some();
        if let Some(verb) = verb_of(first).filter(|_| !field_here) {
            if list.is_some() || (!rest.trim().is_empty() && at > 0) {
                pass.out.push(
                    Diagnostic::new(
                        "verbs-with-fields",
                        name.span,
                        "a verb with a field list needs a row of its own",
                    )
                    .help("write one row for each verb"),
                );
                return Vec::new();
            }
            let rest = rest.trim();
            if rest.is_empty() {
                out.push((verb, None));
                continue;
            }
            let offset = u32::try_from(name.text.len() - rest.len()).unwrap_or(0);
            let field = Text {
                text: rest.to_owned(),
                span: Span {
                    start: (name.span.start + offset).min(name.span.end),
                    ..name.span
                },
            };
            list = Some((verb, Vec::new()));
            add_field(&field, entity, &mut list, pass);
        } else if list.is_some() {
            add_field(name, entity, &mut list, pass);
        } else {
            let mut diagnostic = Diagnostic::new(
                "unknown-verb",
                name.span,
                format!("`{first}` is nothing one can do here"),
            );
            diagnostic = match suggest(first, VERBS.iter().map(|(word, _)| *word)) {
                Some(near) => {
                    let end = name.span.start.saturating_add(u32::try_from(first.len()).unwrap_or(0)).min(name.span.end);
                    diagnostic.help(format!("did you mean `{near}`?")).edit(Span { end, ..name.span }, near)
                }
                None if matches!(out.as_slice(), [_]) && pass.names.field(entity, &name.text).is_some() => {
                    diagnostic.help("put the field directly behind its verb: `create subject, body`")
                }
                None => diagnostic.help("the verbs are `create`, `read`, `update` and `delete`; other operations say who in their own `Who`"),
            };
            pass.out.push(diagnostic);
            return Vec::new();
        }
    }
    if let Some((verb, fields)) = list {
        if verb == Verb::Delete {
            pass.out.push(
                Diagnostic::new("verbs-with-fields", cell.span, "`delete` takes no fields")
                    .help("a row is deleted as a whole; to empty a field, grant `update` of it"),
            );
            return Vec::new();
        }
        let mut fields = fields;
        for field in &fields {
            writable(*field, verb, entity, cell.span, pass);
        }
        // The parent is given when a part is created: it counts as written into every list.
        let parent = pass
            .ir
            .entities
            .get(entity.0 as usize)
            .and_then(|entity| entity.parent);
        if let Some(parent) =
            parent.filter(|parent| verb == Verb::Create && !fields.contains(&parent.field))
        {
            fields.push(parent.field);
        }
        if !fields.is_empty() {
            out.push((verb, Some(fields)));
        }
    } else {
        for (verb, _) in &out {
            hands_over(*verb, entity, cell.span, pass);
        }
    }
    out
}

fn add_field(
    name: &Text,
    entity: EntityId,
    list: &mut Option<(Verb, Vec<FieldId>)>,
    pass: &mut Pass<'_>,
) {
    let Some((verb, fields)) = list else { return };
    match pass.names.field(entity, &name.text) {
        Some(field) if fields.contains(&field) => pass.out.push(
            Diagnostic::new(
                "duplicate-name",
                name.span,
                format!("`{}` stands twice in one list", name.text),
            )
            .help("take one of the two out"),
        ),
        Some(field) => fields.push(field),
        None if *verb == Verb::Read
            && ["id", "created", "updated", "version"]
                .contains(&fold_name(&name.text).as_str()) => {}
        None => pass.out.push(unknown_field(name, entity, pass.ir)),
    }
}

/// A field in a create or update list must be one that clients may write then.
fn writable(id: FieldId, verb: Verb, entity: EntityId, span: Span, pass: &mut Pass<'_>) {
    if verb == Verb::Read || verb == Verb::Delete {
        return;
    }
    let Some(field) = pass
        .ir
        .entities
        .get(entity.0 as usize)
        .and_then(|entity| entity.fields.get(id.0 as usize))
    else {
        return;
    };
    if field.lifecycle {
        pass.out.push(
            Diagnostic::new(
                "lifecycle-field",
                span,
                format!(
                    "`{}` changes by its lifecycle's steps, never by create or update",
                    field.name.text
                ),
            )
            .label(field.name.span, "declared here")
            .help("take it out of the list; the steps say who may take them"),
        );
    }
}

/// Rules of a field are known only after the first pass; this looks at the finished fields.
pub(super) fn check(entity: EntityId, pass: &mut Pass<'_>) {
    let Some(owner) = pass.ir.entities.get(entity.0 as usize) else {
        return;
    };
    for grant in &owner.access {
        for id in grant.fields.iter().flatten() {
            let Some(field) = owner.fields.get(id.0 as usize) else {
                continue;
            };
            let name = &field.name.text;
            let problem = match grant.verb {
                Verb::Create | Verb::Update if field.computed.is_some() => {
                    Some(format!("`{name}` is computed, so nobody can write it"))
                }
                Verb::Update if field.fixed => Some(format!(
                    "`{name}` is fixed, so it never changes after creation"
                )),
                Verb::Read if field.private => Some(format!(
                    "`{name}` is private, so it never leaves the server"
                )),
                Verb::Read if field.ty == Type::Password => Some(format!(
                    "`{name}` is a password, so it never leaves the server"
                )),
                _ => None,
            };
            if let Some(message) = problem {
                pass.out.push(
                    Diagnostic::new("not-writable", grant.span, message)
                        .label(field.name.span, "declared here")
                        .help("take the field out of the list, or change the field's rules"),
                );
            }
        }
    }
}

/// A bare `update` that includes a reference to User lets people give rows away.
fn hands_over(verb: Verb, entity: EntityId, span: Span, pass: &mut Pass<'_>) {
    pass.bare.push((verb, entity, span));
}

/// Warns of bare verbs that include a reference to User; needs the finished fields.
pub(super) fn check_bare(bare: &[(Verb, EntityId, Span)], pass: &mut Pass<'_>) {
    for (verb, entity, span) in bare {
        let Some(owner) = pass.ir.entities.get(entity.0 as usize) else {
            continue;
        };
        let found = owner.fields.iter().find(|field| {
            field.ty == Type::Ref(USER)
                && !field.read_only
                && field.computed.is_none()
                && match verb {
                    Verb::Update => !field.fixed,
                    Verb::Create => true,
                    Verb::Read | Verb::Delete => false,
                }
        });
        if let Some(field) = found {
            let word = if *verb == Verb::Create {
                "create"
            } else {
                "update"
            };
            pass.out.push(
                Diagnostic::new(
                    "bare-verb",
                    *span,
                    format!(
                        "a bare `{word}` lets clients choose `{}`, which names a user",
                        field.name.text
                    ),
                )
                .label(field.name.span, "declared here")
                .help(format!(
                    "list the fields: `{word} …`, or make `{}` read-only",
                    field.name.text
                )),
            );
        }
    }
}
