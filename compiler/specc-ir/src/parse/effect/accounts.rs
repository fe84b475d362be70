//! `sign up` and `sign in`.

use super::{Place, writable};
use crate::expr::{Expr, ExprKind};
use crate::ir::{Effect, FieldId, Type, USER};
use crate::parse::fit::{describe, is_text};
use crate::parse::syntax::Node;
use crate::parse::typing::Typer;
use specc_syntax::names::{fold_name, suggest};

/// The built-in fields of User, which come first.
const NAME: FieldId = FieldId(0);
const EMAIL: FieldId = FieldId(1);

pub(super) fn sign_up(
    typer: &mut Typer<'_, '_>,
    nodes: &[(Place, Node)],
    name: Option<Place>,
    place: Place,
) -> Option<Effect> {
    let mut good = true;
    let mut values: Vec<(FieldId, Expr)> = Vec::new();
    let mut password = None;
    for (at, node) in nodes {
        if is_password(typer, *at) {
            good &= password.is_none() || twice(typer, *at);
            password = Some(secret(typer, node));
            continue;
        }
        let Some((field, ty)) = writable(typer, USER, *at, true) else {
            good = false;
            continue;
        };
        good &= !values.iter().any(|(given, _)| *given == field) || twice(typer, *at);
        match typer.value(node, &ty) {
            Some(value) => values.push((field, value)),
            None => good = false,
        }
    }
    let given = |wanted: FieldId| {
        nodes.iter().any(|(at, _)| {
            let word = fold_name(typer.slice(at.0, at.1));
            (wanted == EMAIL && word == "email") || (wanted == NAME && word == "name")
        })
    };
    let mut missing = Vec::new();
    if !given(EMAIL) {
        missing.push("email");
    }
    if !given(NAME) {
        missing.push("name");
    }
    if password.is_none() {
        missing.push("password");
    }
    complete(
        typer,
        "sign up",
        &missing,
        "sign up with email = …, name = …, password = …",
        place,
    )?;
    if !typer.ir.roles.is_empty() && !typer.ir.roles.iter().any(|role| role.sign_up) {
        let span = typer.span(place.0, place.1);
        typer.report(
            "sign-up-closed",
            span,
            "nobody can sign up here, because no role says `sign-up`",
            "put `sign-up` at the end of the role that newcomers hold",
        );
        return None;
    }
    let password = password.flatten();
    if !good {
        return None;
    }
    let bind = name.map(|(start, end)| {
        let var = typer.scope.fresh();
        let name = typer.slice(start, end).to_owned();
        typer.scope.vars.push((name, var, Type::Ref(USER)));
        var
    });
    Some(Effect::SignUp {
        values,
        password: password?,
        bind,
    })
}

pub(super) fn sign_in(
    typer: &mut Typer<'_, '_>,
    nodes: &[(Place, Node)],
    place: Place,
) -> Option<Effect> {
    let mut good = true;
    let (mut email, mut password) = (None, None);
    for (at, node) in nodes {
        let written = typer.slice(at.0, at.1);
        if is_password(typer, *at) {
            good &= password.is_none() || twice(typer, *at);
            password = Some(secret(typer, node));
        } else if fold_name(written) == "email" {
            good &= email.is_none() || twice(typer, *at);
            email = Some(typer.value(node, &Type::Email));
        } else {
            let span = typer.span(at.0, at.1);
            let help = match suggest(written, ["email", "password"]) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write `sign in with email = …, password = …`".to_owned(),
            };
            typer.report(
                "bad-effect",
                span,
                format!("`sign in` takes an address and a password, no `{written}`"),
                help,
            );
            good = false;
        }
    }
    let mut missing = Vec::new();
    if email.is_none() {
        missing.push("email");
    }
    if password.is_none() {
        missing.push("password");
    }
    complete(
        typer,
        "sign in",
        &missing,
        "sign in with email = …, password = …",
        place,
    )?;
    let (email, password) = (email.flatten()?, password.flatten()?);
    good.then_some(Effect::SignIn { email, password })
}

fn is_password(typer: &Typer<'_, '_>, at: Place) -> bool {
    fold_name(typer.slice(at.0, at.1)) == "password"
}

/// A password: text, or an input of type `password`.
fn secret(typer: &mut Typer<'_, '_>, node: &Node) -> Option<Expr> {
    let value = typer.whole(node, None)?;
    if value.ty == Type::Password && matches!(value.kind, ExprKind::Input(_)) {
        return Some(value);
    }
    let value = typer.open(node, value)?;
    if is_text(&value.ty) {
        return Some(value);
    }
    let message = format!(
        "a password is text, and this is {}",
        describe(&value.ty, typer.ir)
    );
    typer.report(
        "type-mismatch",
        value.span,
        message,
        "name an input: `password = input.password`",
    );
    None
}

fn twice(typer: &mut Typer<'_, '_>, at: Place) -> bool {
    let span = typer.span(at.0, at.1);
    let message = format!("`{}` is given twice", typer.slice(at.0, at.1));
    typer.report("duplicate-name", span, message, "take one of the two out");
    false
}

fn complete(
    typer: &mut Typer<'_, '_>,
    effect: &str,
    missing: &[&str],
    form: &str,
    place: Place,
) -> Option<()> {
    if missing.is_empty() {
        return Some(());
    }
    let span = typer.span(place.0, place.1);
    typer.report(
        "bad-effect",
        span,
        format!("`{effect}` lacks `{}`", missing.join("`, `")),
        format!("write `{form}`"),
    );
    None
}
