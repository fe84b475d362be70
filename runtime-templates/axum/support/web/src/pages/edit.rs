//! Making, changing and deleting a row.

use super::address::{local, pair, with_query};
use super::after;
use super::context::{Context, bit};
use super::detail::title_of;
use super::fields::{self, Draft, Typed};
use super::list::{lower_first, trail};
use crate::respond;
use crate::ui::layout::{Tone, crumbs, head, message};
use crate::ui::value::{Place, Shown};
use crate::{Form, Site, Visit, accounts};
use axum::extract::{Path, State};
use axum::response::Response;
use engine::def::{Entity, Fields};
use engine::refusal::{FieldError, Refusal};
use engine::{Reader, access, decode, ids, operate, query};
use http::StatusCode;
use kernel::kind::Kind;
use kernel::value::Value;
use maud::{Markup, html};

/// `GET /tickets/new`, for a child `/comments/new?ticket=7`
pub async fn new(State(site): State<Site>, Path(slug): Path<String>, visit: Visit) -> Response {
    let context = Context::new(&site, &visit);
    let answer = site.engine.read(|r| {
        let (entity, allowed) = creating(&context, r, &slug, &visit.query)?;
        let mut typed = defaults(&context, r, entity, allowed);
        for (name, value) in &visit.query {
            if entity.fields.iter().any(|field| field.name == name) {
                typed.retain(|(given, _)| given != name);
                typed.push((name.clone(), value.clone()));
            }
        }
        let body = new_page(&context, r, entity, allowed, &typed, &[])?;
        Ok((entity, body))
    });
    match answer {
        Ok((entity, body)) => context.page(
            &format!("New {}", lower_first(context.app.language, entity.name)),
            Some(entity),
            body,
        ),
        Err(refusal) => context.refuse(&refusal),
    }
}

/// `POST /tickets/new`
pub async fn create(
    State(site): State<Site>,
    Path(slug): Path<String>,
    visit: Visit,
    Form(typed): Form,
) -> Response {
    let context = Context::new(&site, &visit);
    let (entity, allowed) = match site.engine.read(|r| creating(&context, r, &slug, &typed)) {
        Ok(found) => found,
        Err(refusal) => return context.refuse(&refusal),
    };
    let values = match decoded(&context, entity, &typed, allowed, true).await {
        Ok(values) => values,
        Err(refusal) => return again_new(&context, entity, allowed, &typed, refusal),
    };
    let created = accounts::operate::plain(&site, &visit, move |w| {
        operate::create(w, entity, values.clone())
    });
    match created.await {
        Ok(id) => {
            let next = local(pair(&typed, "_next")).map_or_else(
                || {
                    let caller = after::caller(&context);
                    let shown = after::seen(&context, &caller, entity, id);
                    after::place(&caller, entity, shown.as_ref())
                },
                str::to_owned,
            );
            respond::see_other(&with_query(&next, &[("done", "created")]))
        }
        Err(refusal) => again_new(&context, entity, allowed, &typed, refusal),
    }
}

/// `GET /tickets/7/edit`
pub async fn edit(
    State(site): State<Site>,
    Path((slug, address)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    let context = Context::new(&site, &visit);
    let id = context.row(&slug, &address);
    let answer = site.engine.read(|r| {
        let (entity, shown, allowed) = editing(&context, r, &slug, id)?;
        let typed = fields::typed_from(r, context.app, entity, &shown.row.values, allowed)?;
        Ok((
            entity,
            edit_page(&context, r, entity, &shown, allowed, &typed, &[], None),
        ))
    });
    match answer {
        Ok((entity, body)) => context.page(
            &format!("Edit {}", lower_first(context.app.language, entity.name)),
            Some(entity),
            body,
        ),
        Err(refusal) => context.refuse(&refusal),
    }
}

/// `POST /tickets/7/edit`
pub async fn update(
    State(site): State<Site>,
    Path((slug, address)): Path<(String, String)>,
    visit: Visit,
    Form(typed): Form,
) -> Response {
    let context = Context::new(&site, &visit);
    let id = context.row(&slug, &address);
    let (entity, allowed) = match site
        .engine
        .read(|r| editing(&context, r, &slug, id).map(|(entity, _, allowed)| (entity, allowed)))
    {
        Ok(found) => found,
        Err(refusal) => return context.refuse(&refusal),
    };
    let version = pair(&typed, "version").parse::<i64>().ok();
    let outcome = match decoded(&context, entity, &typed, allowed, false).await {
        Ok(values) => accounts::operate::plain(&site, &visit, move |w| {
            operate::update(w, entity, id, version, values.clone())
        })
        .await
        .map(|_| ()),
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok(()) => {
            let caller = after::caller(&context);
            let shown = after::seen(&context, &caller, entity, id);
            let next = after::place(&caller, entity, shown.as_ref());
            respond::see_other(&format!("{next}?done=saved"))
        }
        Err(refusal) => again_edit(&context, entity, id, &typed, refusal),
    }
}

/// `GET /tickets/7/delete`
pub async fn ask_delete(
    State(site): State<Site>,
    Path((slug, address)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    let context = Context::new(&site, &visit);
    let id = context.row(&slug, &address);
    let answer = site.engine.read(|r| {
        let entity = context.entity(&slug).ok_or(Refusal::NotFound)?;
        let shown = query::get(r, &context.caller, entity, id)?.ok_or(Refusal::NotFound)?;
        access::ask_delete(r, &context.caller, entity, id)?;
        Ok((entity, delete_page(&context, entity, &shown)))
    });
    match answer {
        Ok((entity, body)) => context.page(
            &format!("Delete {}", lower_first(context.app.language, entity.name)),
            Some(entity),
            body,
        ),
        Err(refusal) => context.refuse(&refusal),
    }
}

/// `POST /tickets/7/delete`
pub async fn delete(
    State(site): State<Site>,
    Path((slug, address)): Path<(String, String)>,
    visit: Visit,
    Form(typed): Form,
) -> Response {
    let context = Context::new(&site, &visit);
    let id = context.row(&slug, &address);
    let Some(entity) = context.entity(&slug) else {
        return context.refuse(&Refusal::NotFound);
    };
    let parent = context.parent_of(entity).and_then(|(parent, field)| {
        let shown = site
            .engine
            .read(|r| query::get(r, &context.caller, entity, id))
            .ok()
            .flatten()?;
        let owner = shown.references.iter().find(|row| row.field == field)?;
        Some(format!("/{}/{}", parent.slug, owner.address))
    });
    let version = pair(&typed, "version").parse::<i64>().ok();
    let deleted = accounts::operate::plain(&site, &visit, move |w| {
        operate::delete(w, entity, id, version)
    });
    match deleted.await {
        Ok(()) => respond::see_other(&format!(
            "{}?done=deleted",
            parent.unwrap_or_else(|| format!("/{}", entity.slug))
        )),
        Err(refusal) => context.refuse(&refusal),
    }
}

/// `GET /users/options?q=an`, for the fields that search.
pub async fn options(State(site): State<Site>, Path(slug): Path<String>, visit: Visit) -> Response {
    let context = Context::new(&site, &visit);
    let Some(entity) = context.entity(&slug) else {
        return respond::refusal(&Refusal::NotFound);
    };
    let text = visit.query_value("q").unwrap_or_default();
    match site
        .engine
        .read(|r| fields::search(&context, r, entity, text))
    {
        Ok(found) => {
            let rows: Vec<serde_json::Value> = found
                .into_iter()
                .map(|text| serde_json::json!({ "text": text }))
                .collect();
            respond::json(StatusCode::OK, &serde_json::Value::Array(rows))
        }
        Err(refusal) => respond::refusal(&refusal),
    }
}

/// What is made, and which fields the caller can give it.
fn creating(
    context: &Context<'_>,
    r: &Reader<'_>,
    slug: &str,
    typed: &[(String, String)],
) -> Result<(&'static Entity, Fields), Refusal> {
    let entity = context.entity(slug).ok_or(Refusal::NotFound)?;
    // Of a parent that is out of sight nothing is told, not even by the form.
    let parent = match context.parent_of(entity) {
        Some((owner, field)) => {
            let name = entity.fields.get(field).map_or("", |field| field.name);
            let id = ids::number(r, owner, pair(typed, name))?;
            query::get(r, &context.caller, owner, id)?.map(|_| (field, id))
        }
        None => None,
    };
    let fields = context.could_create(r, entity, parent)?;
    Ok((entity, fields.ok_or_else(|| context.forbidden())?))
}

fn editing(
    context: &Context<'_>,
    r: &Reader<'_>,
    slug: &str,
    id: i64,
) -> Result<(&'static Entity, query::Shown, Fields), Refusal> {
    let entity = context.entity(slug).ok_or(Refusal::NotFound)?;
    let shown = query::get(r, &context.caller, entity, id)?.ok_or(Refusal::NotFound)?;
    let allowed =
        access::abilities(r, &context.caller, entity, id)?.update & written(entity, false);
    if allowed == 0 {
        return Err(context.forbidden());
    }
    Ok((entity, shown, allowed))
}

/// The fields that people write in forms.
pub(super) fn written(entity: &Entity, creating: bool) -> Fields {
    entity
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| fields::is_written(field, creating))
        .fold(0, |all, (index, _)| all | bit(index))
}

/// What a new row is when nobody says otherwise, as far as the caller may write it.
pub(super) fn defaults(
    context: &Context<'_>,
    r: &Reader<'_>,
    entity: &'static Entity,
    allowed: Fields,
) -> Typed {
    let values = operate::defaults(r, &context.caller, entity);
    fields::typed_from(
        r,
        context.app,
        entity,
        &values,
        allowed & written(entity, true),
    )
    .unwrap_or_default()
}

async fn decoded(
    context: &Context<'_>,
    entity: &'static Entity,
    typed: &[(String, String)],
    allowed: Fields,
    creating: bool,
) -> Result<Vec<(usize, Value)>, Refusal> {
    let kinds: Vec<(&'static str, Kind)> = entity
        .fields
        .iter()
        .map(|field| (field.name, field.kind))
        .collect();
    let removed: Vec<&str> = typed
        .iter()
        .filter(|(name, _)| name == "_remove" && !creating)
        .map(|(_, value)| value.as_str())
        .collect();
    let mut typed = own_pairs(typed);
    if !creating {
        // What is hidden stays as it is where nothing is typed, unless it is to go.
        typed.retain(|(name, value)| {
            let hidden = entity
                .fields
                .iter()
                .any(|field| field.name == name && fields::is_hidden(field.kind));
            !hidden || !value.trim().is_empty()
        });
        for field in entity.fields {
            let given = typed.iter().any(|(name, _)| name == field.name);
            if fields::is_hidden(field.kind) && removed.contains(&field.name) && !given {
                typed.push((field.name.to_owned(), String::new()));
            }
        }
    }
    if creating {
        typed.retain(|(name, value)| {
            let made = entity
                .fields
                .iter()
                .any(|field| field.name == name && fields::is_made(field));
            !(made && value.trim().is_empty())
        });
    }
    let typed = context
        .site
        .engine
        .read(|r| fields::resolve(context, r, &kinds, &typed).map_err(Refusal::Invalid))?;
    let mut values = decode::form(context.app, entity, &typed, allowed, creating)
        .map_err(|errors| fields::misfits(context, errors))?;
    context
        .site
        .field_hashing
        .hide_fields(entity, &mut values)
        .await?;
    Ok(values)
}

/// What belongs to the row, not to the form.
pub(super) fn own_pairs(typed: &[(String, String)]) -> Typed {
    typed
        .iter()
        .filter(|(name, _)| !name.starts_with('_') && name != "version")
        .cloned()
        .collect()
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

fn again_new(
    context: &Context<'_>,
    entity: &'static Entity,
    allowed: Fields,
    typed: &[(String, String)],
    refusal: Refusal,
) -> Response {
    let Some(errors) = errors_of(&refusal) else {
        return context.refuse(&refusal);
    };
    match context
        .site
        .engine
        .read(|r| new_page(context, r, entity, allowed, typed, &errors))
    {
        Ok(body) => {
            let title = format!("New {}", lower_first(context.app.language, entity.name));
            context.page_with(respond::status_of(&refusal), &title, Some(entity), body)
        }
        Err(refusal) => context.refuse(&refusal),
    }
}

fn again_edit(
    context: &Context<'_>,
    entity: &'static Entity,
    id: i64,
    typed: &[(String, String)],
    refusal: Refusal,
) -> Response {
    let errors = match (&refusal, errors_of(&refusal)) {
        (Refusal::Stale, _) => Vec::new(),
        (_, Some(errors)) => errors,
        _ => return context.refuse(&refusal),
    };
    let body = context.site.engine.read(|r| {
        let (_, shown, allowed) = editing(context, r, entity.slug, id)?;
        let stale = matches!(refusal, Refusal::Stale)
            .then(|| changes(context, r, entity, &shown, allowed, typed))
            .transpose()?;
        Ok(edit_page(
            context, r, entity, &shown, allowed, typed, &errors, stale,
        ))
    });
    match body {
        Ok(body) => {
            let title = format!("Edit {}", lower_first(context.app.language, entity.name));
            context.page_with(respond::status_of(&refusal), &title, Some(entity), body)
        }
        Err(refusal) => context.refuse(&refusal),
    }
}

fn new_page(
    context: &Context<'_>,
    r: &Reader<'_>,
    entity: &'static Entity,
    allowed: Fields,
    typed: &[(String, String)],
    errors: &[FieldError],
) -> Result<Markup, Refusal> {
    let title = format!("New {}", lower_first(context.app.language, entity.name));
    let shown = allowed & written(entity, true);
    let draft = Draft {
        typed,
        errors,
        prefix: "f",
        known: &[],
    };
    // A child is made on its parent's page, and leads back there.
    let parent = match context.parent_of(entity) {
        Some((parent, field)) => {
            let name = entity.fields.get(field).map_or("", |field| field.name);
            let id = ids::number(r, parent, pair(typed, name))?;
            query::get(r, &context.caller, parent, id)?
                .map(|shown| (parent, field, name, id, shown.address))
        }
        None => None,
    };
    let asked = parent
        .as_ref()
        .map_or(shown, |(_, field, ..)| shown & !bit(*field));
    let back = parent.as_ref().map_or_else(
        || format!("/{}", entity.slug),
        |(parent, .., address)| format!("/{}/{address}", parent.slug),
    );
    Ok(html! {
        div.middle {
            @if let Some((parent, _, _, id, _)) = &parent {
                (crumbs(&[(parent.plural, &format!("/{}", parent.slug)), (&query::label(r, parent, *id), &back), (&title, "")]))
            } @else { (trail(context, entity, &title)) }
            (head(&title, html! {}, html! {}))
            div.stack {
                (draft.summary(&fields::labels(entity, asked)))
                form.card.pad.form method="post" action={ "/" (entity.slug) "/new" } novalidate data-guard {
                    (context.token())
                    @if let Some((_, _, name, _, address)) = &parent {
                        input type="hidden" name=(name) value=(address);
                        input type="hidden" name="_next" value=(back);
                    }
                    (draft.fields(context, r, entity, asked, true))
                    @if asked == 0 { p { "There is nothing to fill in." } }
                    div.form-foot {
                        button.button.primary type="submit" { "Create " (lower_first(context.app.language, entity.name)) }
                        a.button.quiet href=(back) { "Cancel" }
                    }
                }
            }
        }
    })
}

/// What somebody else changed: the label, the value now, and that the form says something else.
type Changes = Vec<(&'static str, Markup)>;

fn changes(
    context: &Context<'_>,
    r: &Reader<'_>,
    entity: &'static Entity,
    shown: &query::Shown,
    allowed: Fields,
    typed: &[(String, String)],
) -> Result<Changes, Refusal> {
    let now = fields::typed_from(r, context.app, entity, &shown.row.values, allowed)?;
    let mut out = Vec::new();
    for (index, field) in entity.fields.iter().enumerate() {
        let of = |pairs: &[(String, String)]| {
            let mut all: Vec<String> = pairs
                .iter()
                .filter(|(name, value)| name == field.name && !value.is_empty())
                .map(|(_, value)| value.replace("\r\n", "\n"))
                .collect();
            all.sort();
            all
        };
        if allowed & bit(index) != 0
            && !matches!(field.kind, Kind::Bool | Kind::Password | Kind::Secret)
            && of(&now) != of(typed)
            && let Some(value) = shown.row.values.get(index)
        {
            let cell = Shown {
                display: context.display,
                field: index,
                kind: field.kind,
                value,
                labels: &shown.references,
                place: Place::List,
            };
            out.push((field.label, html! { (cell) }));
        }
    }
    Ok(out)
}

#[expect(clippy::too_many_arguments, reason = "a page with everything on it")]
fn edit_page(
    context: &Context<'_>,
    r: &Reader<'_>,
    entity: &'static Entity,
    shown: &query::Shown,
    allowed: Fields,
    typed: &[(String, String)],
    errors: &[FieldError],
    stale: Option<Changes>,
) -> Markup {
    let here = format!("/{}/{}", entity.slug, shown.address);
    let title = title_of(context, entity, shown);
    let known: Vec<(&'static str, &query::Referred)> = shown
        .references
        .iter()
        .filter_map(|row| Some((entity.fields.get(row.field)?.name, row)))
        .collect();
    let draft = Draft {
        typed,
        errors,
        prefix: "f",
        known: &known,
    };
    let version = match &stale {
        // Saving again is a decision now: it is about the row as it is.
        Some(_) => shown.row.version.to_string(),
        None => match pair(typed, "version") {
            "" => shown.row.version.to_string(),
            version => version.to_owned(),
        },
    };
    html! {
        div.middle {
            (crumbs(&[(entity.plural, &format!("/{}", entity.slug)), (&title, &here), ("Edit", "")]))
            (head(html! { "Edit " (title) }, html! {}, html! {}))
            div.stack {
                @if let Some(changes) = &stale {
                    (message(Tone::Warn, &html! {
                        h2 { "Somebody changed this while you were writing" }
                        p { "Nothing is lost: what you wrote is below, and has not been saved yet. Save to put it over what is there now." }
                        @if !changes.is_empty() {
                            ul { @for (label, value) in changes { li { (label) " is now: " (value) } } }
                        }
                        p { a href=(here) { "Leave it as it is now" } }
                    }))
                }
                (draft.summary(&fields::labels(entity, allowed)))
                form.card.pad.form method="post" action={ (here) "/edit" } novalidate data-guard {
                    (context.token())
                    input type="hidden" name="version" value=(version);
                    (draft.fields(context, r, entity, allowed, false))
                    div.form-foot {
                        button.button.primary type="submit" { @if stale.is_some() { "Save mine" } @else { "Save" } }
                        a.button.quiet href=(here) { "Cancel" }
                    }
                }
            }
        }
    }
}

fn delete_page(context: &Context<'_>, entity: &'static Entity, shown: &query::Shown) -> Markup {
    let here = format!("/{}/{}", entity.slug, shown.address);
    let title = title_of(context, entity, shown);
    let children: Vec<&str> = context
        .app
        .entities
        .iter()
        .filter(|child| {
            context
                .parent_of(child)
                .is_some_and(|(parent, _)| parent.index == entity.index)
        })
        .map(|child| child.plural)
        .collect();
    html! {
        div.middle {
            (crumbs(&[(entity.plural, &format!("/{}", entity.slug)), (&title, &here), ("Delete", "")]))
            (head(html! { "Delete “" (title) "”?" }, html! {}, html! {}))
            div.card.pad.stack-small {
                p { "This can't be undone." @if !children.is_empty() { " With it go its " (lower_first(context.app.language, &children.join(", "))) "." } }
                div.form-foot {
                    form method="post" action={ (here) "/delete" } {
                        (context.token())
                        input type="hidden" name="version" value=(shown.row.version);
                        button.button.danger-solid type="submit" { "Delete " (lower_first(context.app.language, entity.name)) }
                    }
                    a.button.quiet href=(here) { "Keep it" }
                }
            }
        }
    }
}
