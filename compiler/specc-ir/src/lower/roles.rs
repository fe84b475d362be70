//! Roles: their items, what they include, when they are held.

use super::formal::{self, fold, names_of};
use super::names::{Names, number};
use super::outline::{Declared, Outline};
use super::{Pass, declare, words};
use crate::ir::{Ir, Name, Role, RoleId, USER};
use crate::parse;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{same_name, suggest};
use specc_syntax::span::Span;
use specc_syntax::tree::{Code, Item, Line, Piece, Text};

/// The most roles that a program may have.
const MOST_ROLES: usize = 64;

/// What stands in code behind a role.
#[derive(Debug)]
pub(super) struct RoleCode<'t> {
    role: RoleId,
    includes: Vec<Text>,
    when: Option<&'t Code>,
}

/// Declares the roles; what they include and when they are held is read when all are known.
pub(super) fn roles<'t>(
    outline: &Outline<'t>,
    ir: &mut Ir,
    names: &mut Names,
    out: &mut Vec<Diagnostic>,
) -> Vec<RoleCode<'t>> {
    let mut codes = Vec::new();
    let mut declared = Declared::default();
    for section in &outline.roles {
        for item in section.items() {
            if let Some(code) = role(item, &mut declared, ir, names, out) {
                codes.push(code);
            }
        }
    }
    if let Some(role) = ir.roles.get(MOST_ROLES) {
        out.push(
            Diagnostic::new(
                "too-many",
                role.name.span,
                format!(
                    "a program has at most {MOST_ROLES} roles, and this has {}",
                    ir.roles.len()
                ),
            )
            .help("roles are for groups of people; facts about one person are fields of User"),
        );
    }
    codes
}

fn role<'t>(
    item: &'t Item,
    declared: &mut Declared,
    ir: &mut Ir,
    names: &mut Names,
    out: &mut Vec<Diagnostic>,
) -> Option<RoleCode<'t>> {
    let (name, rest) = match formal::word_and_rest(&item.line) {
        Some((name, rest)) => (name, rest),
        None => {
            let end: usize = item
                .line
                .pieces
                .iter()
                .take_while(|piece| matches!(piece, Piece::Text { .. }))
                .map(|piece| piece.text().len())
                .sum();
            (
                item.line.slice(0, end).to_text(),
                item.line.slice(end, usize::MAX),
            )
        }
    };
    if !declare::usable_name("a role", &name, out) {
        return None;
    }
    let folded = fold(&name.text);
    if [
        "anyone", "signedin", "self", "me", "system", "user", "visitor",
    ]
    .contains(&folded.as_str())
    {
        out.push(
            Diagnostic::new(
                "reserved-name",
                name.span,
                format!("`{}` means something of its own", name.text),
            )
            .help("choose another name for this role"),
        );
        return None;
    }
    if !declared.add("role", &name, out) {
        return None;
    }
    let id = RoleId(number(ir.roles.len()));
    let mut role = Role {
        name: Name {
            text: name.text.clone(),
            span: name.span,
        },
        about: String::new(),
        sign_up: false,
        includes: Vec::new(),
        when: None,
    };
    let mut code = RoleCode {
        role: id,
        includes: Vec::new(),
        when: None,
    };
    let mut prose_end = rest.pieces.len();
    for (at, piece) in rest.pieces.iter().enumerate().rev() {
        match piece {
            Piece::Code(_) => prose_end = at,
            Piece::Text { text, .. } if matches!(text.trim(), "" | "," | "and") => {}
            Piece::Text { .. } => break,
        }
    }
    for piece in rest.pieces.iter().take(prose_end) {
        role.about.push_str(piece.text());
    }
    role.about = role.about.trim().to_owned();
    let in_item = |span: Span| {
        item.line.pieces.iter().find_map(|piece| match piece {
            Piece::Code(code) if code.span == span => Some(code),
            _ => None,
        })
    };
    for piece in rest.pieces.iter().skip(prose_end) {
        let Piece::Code(found) = piece else { continue };
        role_code(found, in_item(found.span), &mut role, &mut code, out);
    }
    for piece in rest.pieces.iter().take(prose_end) {
        if let Piece::Code(found) = piece {
            out.push(
                Diagnostic::new("code-not-last", found.span, "the code is not the last thing in its item, so it would be prose")
                    .help("move the code to the end of the item, with nothing behind it, not even a full stop"),
            );
        }
    }
    if role.sign_up && code.when.is_some() {
        out.push(
            Diagnostic::new(
                "conflicting-rules",
                item.line.span,
                format!(
                    "role `{}` is held by condition, so nobody gets it by signing up",
                    name.text
                ),
            )
            .help("keep `sign-up` or the condition"),
        );
    }
    names.measure(&name.text);
    names.roles.insert(folded, id);
    names
        .role_plurals
        .insert(fold(&words::plural(&name.text)), id);
    ir.roles.push(role);
    Some(code)
}

fn role_code<'t>(
    found: &Code,
    in_item: Option<&'t Code>,
    role: &mut Role,
    code: &mut RoleCode<'t>,
    out: &mut Vec<Diagnostic>,
) {
    let text = found.text.trim();
    let lower = text.to_lowercase();
    if same_name(text, "sign-up") {
        role.sign_up = true;
    } else if lower.starts_with("includes ") {
        let start = found.text.to_lowercase().find("includes ").unwrap_or(0) + 9;
        let line = Line {
            pieces: vec![Piece::Text {
                text: found.text.get(start..).unwrap_or("").to_owned(),
                strong: false,
                places: Vec::new(),
                span: found.span_of(start, found.text.len()),
            }],
            span: found.span_of(start, found.text.len()),
        };
        code.includes = names_of(&line);
    } else if lower.starts_with("when ") {
        code.when = in_item;
    } else {
        let diagnostic = Diagnostic::new(
            "unknown-role-code",
            found.span,
            format!("`{text}` says nothing about a role"),
        );
        let first = lower.split_whitespace().next().unwrap_or("");
        out.push(match suggest(first, ["sign-up", "includes", "when"]) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic
                .help("write `sign-up`, `includes Role`, or `when` and a condition on the user"),
        });
    }
}

/// Resolves what roles include.
pub(super) fn includes(
    codes: &[RoleCode<'_>],
    ir: &mut Ir,
    names: &Names,
    out: &mut Vec<Diagnostic>,
) {
    for code in codes {
        let mut found = Vec::new();
        for name in &code.includes {
            match names.role_any(&name.text) {
                Some(role) => found.push(role),
                None => {
                    let diagnostic = Diagnostic::new(
                        "unknown-role",
                        name.span,
                        format!("`{}` is no role", name.text),
                    );
                    out.push(
                        match suggest(
                            &name.text,
                            ir.roles.iter().map(|role| role.name.text.as_str()),
                        ) {
                            Some(near) => diagnostic
                                .help(format!("did you mean `{near}`?"))
                                .edit(name.span, near),
                            None => diagnostic.help("declare it as an item below `Roles`"),
                        },
                    );
                }
            }
        }
        if let Some(role) = ir.roles.get_mut(code.role.0 as usize) {
            role.includes = found;
        }
    }
    // More roles than that are an error already.
    for at in 0..ir.roles.len().min(MOST_ROLES) {
        let mut open = ir
            .roles
            .get(at)
            .map(|role| role.includes.clone())
            .unwrap_or_default();
        let mut seen = vec![false; ir.roles.len()];
        while let Some(next) = open.pop() {
            let next = next.0 as usize;
            if next == at {
                if let Some(role) = ir.roles.get(at) {
                    out.push(
                        Diagnostic::new(
                            "role-cycle",
                            role.name.span,
                            format!("role `{}` includes itself", role.name.text),
                        )
                        .help("take one `includes` of the circle out"),
                    );
                }
                return;
            }
            if let Some(slot) = seen.get_mut(next)
                && !std::mem::replace(slot, true)
                && let Some(role) = ir.roles.get(next)
            {
                open.extend(&role.includes);
            }
        }
    }
}

/// The conditions of roles that are held rather than given.
pub(super) fn role_conditions(
    codes: &[RoleCode<'_>],
    pass: &mut Pass<'_>,
) -> Vec<(RoleId, crate::expr::Expr)> {
    let mut found = Vec::new();
    for code in codes {
        let Some(when) = code.when else { continue };
        let mut scope = pass.scope(Some(USER));
        scope.clock = true;
        let start = when
            .text
            .to_lowercase()
            .find("when ")
            .map_or(0, |at| at + 5);
        let inner = Code {
            text: when.text.get(start..).unwrap_or("").to_owned(),
            span: when.span_of(start, when.text.len()),
            dropped: when
                .dropped
                .iter()
                .filter_map(|at| at.checked_sub(number(start)))
                .collect(),
        };
        if let Some(condition) = parse::condition(&mut scope, &inner, pass.out) {
            found.push((code.role, condition));
        }
    }
    found
}
