//! `Path`: an address that an action has of its own.

use crate::ir::{Action, Ir, Name};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{fold_name, same_name};
use specc_syntax::tree::Line;

/// First words of addresses that every app has.
const TAKEN: &[&str] = &[
    "_outbox",
    "account",
    "api",
    "do",
    "email-confirmation",
    "forgot-password",
    "healthz",
    "invitations",
    "link",
    "login",
    "logout",
    "me",
    "metrics",
    "openapi.json",
    "password-reset",
    "readyz",
    "session",
    "sign-up",
    "static",
    "tokens",
];

/// The address, if it is one: `/close-year`, or with `{id}` for an action on a row.
pub(super) fn read(line: &Line, on_row: bool, out: &mut Vec<Diagnostic>) -> Option<Name> {
    let (text, span) = match line.only_code() {
        Some(code) => (code.text.trim().to_owned(), code.span),
        None => (line.plain().trim().to_owned(), line.span),
    };
    let mut report = |message: String, help: &str| {
        out.push(Diagnostic::new("bad-value", span, message).help(help));
        None
    };
    let pieces: Vec<&str> = match text.strip_prefix('/') {
        Some(rest) => rest.split('/').collect(),
        None => {
            return report(
                format!("`{text}` is no address"),
                "begin with a slash: `/close-year`",
            );
        }
    };
    let word = |piece: &str| {
        !piece.is_empty()
            && piece.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
            })
            && !piece.starts_with('.')
    };
    let first = pieces.first().copied().unwrap_or_default();
    if pieces.len() > 6
        || !word(first)
        || !pieces.iter().all(|piece| word(piece) || *piece == "{id}")
    {
        return report(
            format!("`{text}` is no address of an action"),
            "write up to six parts of small letters, digits and hyphens, the first a word: `/desk/close-year`",
        );
    }
    let rows = pieces.iter().filter(|piece| **piece == "{id}").count();
    if on_row && rows != 1 {
        return report(
            format!("`{text}` does not say on which row"),
            "put `{id}` into it once: `/grab/{id}`",
        );
    }
    if !on_row && rows != 0 {
        return report(
            format!("`{text}` names a row, and this action stands alone"),
            "take `{id}` out, or say `On:` which entity's rows it works on",
        );
    }
    if TAKEN.contains(&first) {
        return report(
            format!("addresses that begin with `/{first}` belong to every app"),
            "choose another first word",
        );
    }
    Some(Name { text, span })
}

/// Reports addresses that others have.
pub(super) fn check(actions: &[Action], ir: &Ir, out: &mut Vec<Diagnostic>) {
    for (position, action) in actions.iter().enumerate() {
        let Some(path) = &action.path else { continue };
        let first = path.text.split('/').nth(1).unwrap_or_default();
        let folded = fold_name(first.trim_end_matches(".csv"));
        let entity = ir.entities.iter().find(|entity| {
            fold_name(&entity.plural) == folded || same_name(&entity.name.text, first)
        });
        if let Some(entity) = entity {
            out.push(
                Diagnostic::new(
                    "bad-value",
                    path.span,
                    format!(
                        "addresses that begin with `/{first}` belong to {}",
                        entity.plural
                    ),
                )
                .help("choose another first word"),
            );
        }
        let double = actions.iter().enumerate().any(|(other, one)| {
            let earlier = other < position
                && one
                    .path
                    .as_ref()
                    .is_some_and(|known| known.text == path.text);
            let usual = other != position
                && one.on.is_none()
                && path.text.matches('/').count() == 1
                && same_name(&one.name.text, first);
            earlier || usual
        });
        if double {
            out.push(
                Diagnostic::new(
                    "bad-value",
                    path.span,
                    format!("another action is at `{}` already", path.text),
                )
                .help("choose another address"),
            );
        }
    }
}
