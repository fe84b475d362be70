//! Steps of a lifecycle and actions: a button where nothing is asked, a small form where something is.

use super::after;
use super::context::Context;
use super::detail::title_of;
use super::edit::own_pairs;
use super::fields::{self, Draft};
use super::{enter, result};
use crate::accounts::operate::Done;
use crate::paths::address;
use crate::respond;
use crate::results::Kept;
use crate::session::Via;
use crate::ui::layout::{crumbs, head};
use crate::{Form, Site, Visit, accounts};
use axum::extract::{Path, State};
use axum::response::Response;
use engine::caller::Caller;
use engine::def::{Action, Answer, Entity, Input};
use engine::refusal::{FieldError, Refusal};
use engine::{Reader, access, decode, operate, query};
use kernel::kind::Kind;
use kernel::value::Value;
use maud::{Markup, html};

/// An operation of a row, found by its name in addresses.
struct Known {
    name: &'static str,
    slug: &'static str,
    about: &'static str,
    inputs: &'static [Input],
    is_step: bool,
    danger: bool,
    answer: Answer,
    path: &'static str,
}

fn known(entity: &'static Entity, slug: &str) -> Option<Known> {
    let action = entity.actions.iter().find(|action| action.slug == slug);
    let step = entity.steps.iter().find(|step| step.slug == slug);
    match (step, action) {
        (Some(step), action) => Some(Known {
            name: step.name,
            slug: step.slug,
            about: action.map_or("", |action| action.about),
            inputs: step.inputs,
            is_step: true,
            danger: step.danger,
            answer: step.answer,
            path: action.map_or("", |action| action.path),
        }),
        (None, Some(action)) => Some(of_action(action)),
        (None, None) => None,
    }
}

fn of_action(action: &'static Action) -> Known {
    Known {
        name: action.name,
        slug: action.slug,
        about: action.about,
        inputs: action.inputs,
        is_step: false,
        danger: action.danger,
        answer: action.answer,
        path: action.path,
    }
}

/// `GET /tickets/7/solve`
pub async fn ask(
    State(site): State<Site>,
    Path((slug, address, operation)): Path<(String, String, String)>,
    visit: Visit,
) -> Response {
    let context = Context::new(&site, &visit);
    let id = context.row(&slug, &address);
    let answer = site.engine.read(|r| {
        let entity = context.entity(&slug).ok_or(Refusal::NotFound)?;
        let operation = known(entity, &operation).ok_or(Refusal::NotFound)?;
        let shown = query::get(r, &context.caller, entity, id)?.ok_or(Refusal::NotFound)?;
        access::ask(r, &context.caller, entity, id, operation.slug)?;
        let body = form_page(&context, r, &operation, Some((entity, &shown)), &[], &[]);
        Ok((entity, operation.name, body))
    });
    match answer {
        Ok((entity, name, body)) => context.page(name, Some(entity), body),
        Err(refusal) => context.refuse(&refusal),
    }
}

/// `POST /tickets/7/solve`
pub async fn run(
    State(site): State<Site>,
    Path((slug, address, operation)): Path<(String, String, String)>,
    visit: Visit,
    Form(typed): Form,
) -> Response {
    let context = Context::new(&site, &visit);
    let id = context.row(&slug, &address);
    let found = context
        .entity(&slug)
        .and_then(|entity| known(entity, &operation).map(|operation| (entity, operation)));
    let Some((entity, operation)) = found else {
        return context.refuse(&Refusal::NotFound);
    };
    let (name, is_step) = (operation.slug, operation.is_step);
    let outcome = match decoded(&context, operation.inputs, &typed).await {
        Ok(inputs) => {
            accounts::operate::run(&site, &visit, Via::Cookie, false, move |w| {
                let inputs = inputs.clone();
                if is_step {
                    operate::step(w, entity, id, name, None, inputs).map(|_| ())
                } else {
                    operate::action(w, Some(entity), Some(id), name, None, inputs).map(|_| ())
                }
            })
            .await
        }
        Err(refusal) => Err(refusal),
    };
    let refusal = match outcome {
        Ok(ran) => {
            site.wrote_anything();
            return answered(&context, &operation, Some((entity, id)), &ran);
        }
        Err(refusal) => refusal,
    };
    let Some(errors) = errors_of(&refusal) else {
        return context.refuse(&refusal);
    };
    let body = site.engine.read(|r| {
        let shown = query::get(r, &context.caller, entity, id)?.ok_or(Refusal::NotFound)?;
        Ok(form_page(
            &context,
            r,
            &operation,
            Some((entity, &shown)),
            &typed,
            &errors,
        ))
    });
    match body {
        Ok(body) => context.page_with(
            respond::status_of(&refusal),
            operation.name,
            Some(entity),
            body,
        ),
        Err(refusal) => context.refuse(&refusal),
    }
}

/// What people see after an operation: what it answers, or the place where it was done.
fn answered(
    context: &Context<'_>,
    operation: &Known,
    row: Option<(&'static Entity, i64)>,
    ran: &Done<()>,
) -> Response {
    let caller = match &ran.session {
        Some(session) => context
            .site
            .engine
            .read(|r| access::caller_of(r, session.user))
            .unwrap_or(context.caller),
        None => after::caller(context),
    };
    let response = if let Some(returns) = operation.answer.returns {
        let value = ran.result.as_ref().unwrap_or(&Value::Empty);
        match kept(context, &caller, operation, row, returns.kind, value) {
            Ok(address) => respond::see_other(&format!("/do/{}/{address}", operation.slug)),
            Err(refusal) => context.refuse(&refusal),
        }
    } else if ran.waits && !context.caller.signed_in() {
        enter::look_into_mail(context)
    } else if let Some((entity, id)) = row {
        done(context, &caller, entity, id, operation.slug)
    } else {
        respond::see_other(&format!("/?done={}", operation.slug))
    };
    match &ran.session {
        Some(session) => respond::with_cookie(response, &session.cookie(context.visit.https)),
        None => response,
    }
}

/// Keeps what it answers, for the page that shows it.
fn kept(
    context: &Context<'_>,
    caller: &Caller,
    operation: &Known,
    row: Option<(&'static Entity, i64)>,
    kind: Kind,
    value: &Value,
) -> Result<String, Refusal> {
    let shown = context
        .site
        .engine
        .read(|r| Ok(result::shown(context, r, caller, kind, value)))?;
    let back = row.map_or_else(
        || "/".to_owned(),
        |(entity, id)| {
            let shown = after::seen(context, caller, entity, id);
            after::place(caller, entity, shown.as_ref())
        },
    );
    context.site.results.keep(Kept {
        user: caller.user,
        name: operation.name,
        entity: row.map(|(entity, _)| entity.index),
        back,
        shown: shown.into_string(),
    })
}

/// Where one goes after an operation: back to the row, or to its parent, where parts are worked on.
fn done(
    context: &Context<'_>,
    caller: &Caller,
    entity: &'static Entity,
    id: i64,
    slug: &str,
) -> Response {
    let shown = after::seen(context, caller, entity, id);
    let parent = shown.as_ref().and_then(|shown| {
        let (parent, field) = context.parent_of(entity)?;
        let owner = shown.references.iter().find(|row| row.field == field)?;
        Some(format!("/{}/{}", parent.slug, owner.address))
    });
    let next = parent.unwrap_or_else(|| after::place(caller, entity, shown.as_ref()));
    respond::see_other(&format!("{next}?done={slug}"))
}

/// `GET /do/close-year`: an action that belongs to no entity.
pub async fn ask_own(State(site): State<Site>, Path(slug): Path<String>, visit: Visit) -> Response {
    let context = Context::new(&site, &visit);
    let Some(operation) = own(&context, &slug) else {
        return context.refuse(&Refusal::NotFound);
    };
    match site.engine.read(|r| {
        access::ask_program(r, &context.caller, operation.slug)?;
        Ok(form_page(&context, r, &operation, None, &[], &[]))
    }) {
        Ok(body) => context.page(operation.name, None, body),
        Err(refusal) => context.refuse(&refusal),
    }
}

/// `POST /do/close-year`
pub async fn run_own(
    State(site): State<Site>,
    Path(slug): Path<String>,
    visit: Visit,
    Form(typed): Form,
) -> Response {
    let context = Context::new(&site, &visit);
    let Some(operation) = own(&context, &slug) else {
        return context.refuse(&Refusal::NotFound);
    };
    let name = operation.slug;
    let outcome = match decoded(&context, operation.inputs, &typed).await {
        Ok(inputs) => {
            let quiet = operation.answer.returns.is_none();
            accounts::operate::run(&site, &visit, Via::Cookie, quiet, move |w| {
                operate::action(w, None, None, name, None, inputs.clone()).map(|_| ())
            })
            .await
        }
        Err(refusal) => Err(refusal),
    };
    let refusal = match outcome {
        Ok(ran) => {
            site.wrote_anything();
            return answered(&context, &operation, None, &ran);
        }
        Err(refusal) => refusal,
    };
    let Some(errors) = errors_of(&refusal) else {
        return context.refuse(&refusal);
    };
    match site
        .engine
        .read(|r| Ok(form_page(&context, r, &operation, None, &typed, &errors)))
    {
        Ok(body) => context.page_with(respond::status_of(&refusal), operation.name, None, body),
        Err(refusal) => context.refuse(&refusal),
    }
}

fn own(context: &Context<'_>, slug: &str) -> Option<Known> {
    context
        .app
        .actions
        .iter()
        .find(|action| action.slug == slug)
        .map(of_action)
}

async fn decoded(
    context: &Context<'_>,
    inputs: &'static [Input],
    typed: &[(String, String)],
) -> Result<Vec<(&'static str, Value)>, Refusal> {
    let kinds: Vec<(&'static str, Kind)> = inputs
        .iter()
        .map(|input| (input.name, input.kind))
        .collect();
    let typed = own_pairs(typed);
    let typed = context
        .site
        .engine
        .read(|r| fields::resolve(context, r, &kinds, &typed).map_err(Refusal::Invalid))?;
    let mut values = decode::inputs_form(context.app, inputs, &typed)
        .map_err(|errors| fields::misfits(context, errors))?;
    context
        .site
        .field_hashing
        .hide_inputs(inputs, &mut values)
        .await?;
    Ok(values)
}

fn errors_of(refusal: &Refusal) -> Option<Vec<FieldError>> {
    match refusal {
        Refusal::Invalid(errors) => Some(errors.clone()),
        Refusal::Conflict { rule, message } => Some(vec![FieldError {
            field: "".into(),
            rule,
            message: message.clone(),
        }]),
        _ => None,
    }
}

fn form_page(
    context: &Context<'_>,
    r: &Reader<'_>,
    operation: &Known,
    row: Option<(&'static Entity, &query::Shown)>,
    typed: &[(String, String)],
    errors: &[FieldError],
) -> Markup {
    let draft = Draft {
        typed,
        errors,
        prefix: "f",
        known: &[],
    };
    let labels: Vec<(&str, &str)> = operation
        .inputs
        .iter()
        .map(|input| (input.name, input.label))
        .collect();
    let back = row.map_or_else(
        || "/".to_owned(),
        |(entity, shown)| format!("/{}/{}", entity.slug, shown.address),
    );
    let action = match row {
        Some((_, shown)) => address(
            operation.path,
            &format!("{back}/{}", operation.slug),
            &shown.address,
        ),
        None => address(operation.path, &format!("/do/{}", operation.slug), ""),
    };
    html! {
        div.middle {
            @match row {
                Some((entity, shown)) => { (crumbs(&[(entity.plural, &format!("/{}", entity.slug)), (&title_of(context, entity, shown), &back), (operation.name, "")])) }
                None => { (crumbs(&[("Home", "/"), (operation.name, "")])) }
            }
            (head(operation.name, html! { @if !operation.about.is_empty() { div.about.prose { (context.markdown(operation.about)) } } }, html! {}))
            div.stack {
                (draft.summary(&labels))
                form.card.pad.form method="post" action=(action) novalidate data-guard {
                    (context.token())
                    @if operation.danger { p { "This deletes something for good. It can't be undone." } }
                    @else if operation.inputs.is_empty() { p { "Nothing needs to be filled in." } }
                    (draft.inputs(context, r, operation.inputs))
                    div.form-foot {
                        button type="submit" class=(if operation.danger { "button danger-solid" } else { "button primary" }) { (operation.name) }
                        a.button.quiet href=(back) { "Cancel" }
                    }
                }
            }
        }
    }
}
