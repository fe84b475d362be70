//! The page of a row: what it is, what can be done with it, what belongs to it, what happened to it.

use super::context::{Context, bit};
use super::edit::{defaults, written};
use super::fields::Draft;
use super::list::{columns, lower_first, table};
use crate::ui::icon::{Icon, icon};
use crate::ui::layout::{crumbs, head};
use crate::ui::value::{Place, Shown, exact_moment, is_long, moment, plain};
use crate::{Site, Visit};
use axum::extract::{Path, State};
use axum::response::Response;
use engine::def::{Entity, Field, Fields};
use engine::refusal::Refusal;
use engine::{Reader, access, audit, ids, query};
use kernel::kind::Kind;
use kernel::value::Value;
use maud::{Markup, html};

/// Most children shown on their parent's page; the rest is one link away.
const MOST_CHILDREN: u32 = 50;
/// A form with at most this many fields stands on the page itself.
const MOST_INLINE: u32 = 4;

/// `GET /tickets/7`
pub async fn detail(
    State(site): State<Site>,
    Path((slug, address)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    let context = Context::new(&site, &visit);
    let id = context.row(&slug, &address);
    let answer = site.engine.read(|r| {
        let entity = context.entity(&slug).ok_or(Refusal::NotFound)?;
        let shown = query::get(r, &context.caller, entity, id)?
            .ok_or_else(|| not_found(&context, entity))?;
        let title = title_of(&context, entity, &shown);
        Ok((entity, page(&context, r, entity, &shown, &title)?, title))
    });
    match answer {
        Ok((entity, body, title)) => context.page(&title, Some(entity), body),
        Err(refusal) => context.refuse(&refusal),
    }
}

/// A visitor who can read nothing of an entity may have to sign in; who can read some gets the same answer for
/// a row that is hidden as for one that is not there.
fn not_found(context: &Context<'_>, entity: &Entity) -> Refusal {
    if context.may_read(entity).is_err() && !context.caller.signed_in() {
        Refusal::Unauthenticated
    } else {
        Refusal::NotFound
    }
}

/// What a row is known by.
pub(super) fn title_of(
    context: &Context<'_>,
    entity: &'static Entity,
    shown: &query::Shown,
) -> String {
    let known = entity
        .shown_as
        .filter(|index| shown.readable & bit(*index) != 0)
        .and_then(|index| {
            let (field, value) = (entity.fields.get(index)?, shown.row.values.get(index)?);
            match (field.kind, value) {
                (_, Value::Empty) => None,
                (Kind::Reference(_), Value::Int(id)) => shown
                    .references
                    .iter()
                    .find(|row| row.field == index && row.id == *id)
                    .map(|row| row.text.clone()),
                (kind, value) => Some(plain(context.app, kind, value)),
            }
        });
    known
        .filter(|text| !text.trim().is_empty())
        .unwrap_or_else(|| format!("{} {}", entity.name, shown.address))
}

fn page(
    context: &Context<'_>,
    r: &Reader<'_>,
    entity: &'static Entity,
    shown: &query::Shown,
    title: &str,
) -> Result<Markup, Refusal> {
    let id = shown.row.id;
    let here = format!("/{}/{}", entity.slug, shown.address);
    let abilities = access::abilities(r, &context.caller, entity, id)?;
    let visible: Vec<(usize, &Field)> = entity
        .fields
        .iter()
        .enumerate()
        .filter(|(index, field)| {
            shown.readable & bit(*index) != 0
                && !field.private
                && !matches!(field.kind, Kind::Password)
        })
        .collect();
    let is_section = |field: &Field| is_long(field.kind);
    let sections: Vec<&(usize, &Field)> = visible
        .iter()
        .filter(|(index, field)| {
            is_section(field) && !matches!(shown.row.values.get(*index), None | Some(Value::Empty))
        })
        .collect();
    let facts: Vec<&(usize, &Field)> = visible
        .iter()
        .filter(|(index, field)| !is_section(field) && entity.shown_as != Some(*index))
        .collect();
    let state: Vec<&&(usize, &Field)> = facts.iter().filter(|(_, field)| field.lifecycle).collect();
    let children = children(context, r, entity, id)?;
    let history = history(context, r, entity, id)?;
    let list = format!("/{}", entity.slug);
    let parent = context.parent_of(entity).and_then(|(parent, field)| {
        let owner = shown.references.iter().find(|row| row.field == field)?;
        Some((parent, owner))
    });
    let buttons = html! {
        @for ability in &abilities.operations {
            @let address = format!("{here}/{}", ability.slug);
            @if ability.danger { a.button.danger href=(address) { (ability.name) " …" } }
            @else if ability.inputs.is_empty() { (context.post_button(&address, "", html! { (ability.name) })) }
            @else { a.button href=(address) { (ability.name) " …" } }
        }
        @if abilities.update & written(entity, false) != 0 { a.button href={ (here) "/edit" } { (icon(Icon::Pencil)) "Edit" } }
        @if abilities.delete { a.button.danger href={ (here) "/delete" } { (icon(Icon::Trash)) "Delete" } }
    };
    let facts_card = html! {
        section.card aria-label="Details" {
            dl.facts-list {
                @for (index, field) in &facts { (fact(context, *index, field, shown)) }
                div { dt { "Created" } dd { (exact_moment(context.display, shown.row.created)) } }
                @if shown.row.updated != shown.row.created { div { dt { "Updated" } dd { (exact_moment(context.display, shown.row.updated)) } } }
            }
        }
    };
    let sections_part = html! {
        @for (index, field) in &sections {
            section.card {
                div.card-head { h2 { (field.label) } }
                div.card-body { (cell(context, *index, field, shown, Place::Page)) }
            }
        }
    };
    let wide = !sections.is_empty() || !children.0.is_empty();
    Ok(html! {
        @match parent {
            Some((parent, owner)) => {
                (crumbs(&[(parent.plural, &format!("/{}", parent.slug)), (&owner.text, &format!("/{}/{}", parent.slug, owner.address)), (title, "")]))
            }
            None => { (crumbs(&[(entity.plural, &list), (title, "")])) }
        }
        (head(title, html! {
            div.facts {
                @for (index, field) in &state { (cell(context, *index, field, shown, Place::List)) }
                span { (entity.name) " " (shown.address) }
            }
        }, buttons))
        @if wide {
            div.columns {
                @if !sections.is_empty() { div.stack { (sections_part) } }
                aside aria-label="About this" { (facts_card) }
                div.stack { (children) (history) }
            }
        } @else {
            div.stack.middle-start { (facts_card) (history) }
        }
    })
}

fn cell<'a>(
    context: &Context<'_>,
    index: usize,
    field: &Field,
    shown: &'a query::Shown,
    place: Place,
) -> Shown<'a> {
    static EMPTY: Value = Value::Empty;
    Shown {
        display: context.display,
        field: index,
        kind: field.kind,
        value: shown.row.values.get(index).unwrap_or(&EMPTY),
        labels: &shown.references,
        place,
    }
}

fn fact(context: &Context<'_>, index: usize, field: &Field, shown: &query::Shown) -> Markup {
    html! { div { dt { (field.label) } dd { (cell(context, index, field, shown, Place::Page)) } } }
}

fn children(
    context: &Context<'_>,
    r: &Reader<'_>,
    entity: &'static Entity,
    id: i64,
) -> Result<Markup, Refusal> {
    let mut cards = Vec::new();
    let address = ids::address(r, entity, id)?;
    for child in context.app.entities.iter().copied() {
        let Some((parent, field)) = context.parent_of(child) else {
            continue;
        };
        if parent.index != entity.index {
            continue;
        }
        let may_read = context.may_read(child).is_ok();
        let creatable = context.could_create(r, child, Some((field, id)))?;
        if !may_read && creatable.is_none() {
            continue;
        }
        let found = if may_read {
            let question = query::ListQuery {
                parent: Some((field, id)),
                per_page: MOST_CHILDREN,
                sort: vec![(query::SortKey::Created, false)],
                page: 1,
                ..query::ListQuery::default()
            };
            query::list(r, &context.caller, child, &question)?
        } else {
            query::Page::default()
        };
        let rows = if found.rows.is_empty() {
            html! { div.empty.small { p { "No " (lower_first(context.app.language, child.plural)) " yet." } } }
        } else if let Some(text) = talk(context, child, field) {
            conversation(context, r, child, text, field, &found.rows)?
        } else {
            let columns: Vec<_> = columns(context, child, 6)
                .into_iter()
                .filter(|column| column.field != field)
                .collect();
            table(context, child, &columns, &found.rows, None)
        };
        let name = child.fields.get(field).map_or("", |field| field.name);
        cards.push(html! {
            section.card #(child.slug) {
                div.card-head { h2 { (child.plural) span.count { (found.total) } } }
                (rows)
                @if found.total > u64::from(MOST_CHILDREN) {
                    div.card-foot { a href={ "/" (child.slug) "?" (query::parameter(name)) "=" (address) } { "All " (found.total) } }
                }
                @if let Some(creatable) = creatable { div.card-foot { (add_form(context, r, child, creatable, (field, name, &address), &format!("/{}/{address}", entity.slug))) } }
            }
        });
    }
    Ok(html! { @for card in &cards { (card) } })
}

/// The long text of a child that is hardly more than a text by somebody at a time: those read as a conversation.
fn talk(context: &Context<'_>, child: &'static Entity, parent: usize) -> Option<usize> {
    let readable = context.readable(child);
    let seen = || {
        child.fields.iter().enumerate().filter(|(index, field)| {
            *index != parent && readable & bit(*index) != 0 && !field.private
        })
    };
    let long: Vec<usize> = seen()
        .filter(|(_, field)| is_long(field.kind))
        .map(|(index, _)| index)
        .collect();
    match long.as_slice() {
        [only] if seen().count() <= 4 => Some(*only),
        _ => None,
    }
}

fn conversation(
    context: &Context<'_>,
    r: &Reader<'_>,
    child: &'static Entity,
    text: usize,
    parent: usize,
    rows: &[query::Shown],
) -> Result<Markup, Refusal> {
    let others: Vec<(usize, &Field)> = child
        .fields
        .iter()
        .enumerate()
        .filter(|(index, field)| *index != text && *index != parent && !field.private)
        .collect();
    let mut abilities = Vec::with_capacity(rows.len());
    for shown in rows {
        abilities.push(access::abilities(r, &context.caller, child, shown.row.id)?);
    }
    Ok(html! {
        ol.talk {
            @for (shown, able) in rows.iter().zip(&abilities) {
                @let here = format!("/{}/{}", child.slug, shown.address);
                li {
                    div.by {
                        @for (index, field) in &others {
                            @if shown.readable & bit(*index) != 0 && !matches!(shown.row.values.get(*index), None | Some(Value::Empty)) {
                                @if matches!(field.kind, Kind::Reference(_)) { strong { (cell(context, *index, field, shown, Place::List)) } }
                                @else if matches!(field.kind, Kind::Choice(_)) { (cell(context, *index, field, shown, Place::List)) }
                                @else { span { (field.label) ": " (cell(context, *index, field, shown, Place::List)) } }
                            }
                        }
                        (moment(context.display, shown.row.created))
                        span.bar {
                            @for ability in &able.operations {
                                @let address = format!("{here}/{}", ability.slug);
                                @if ability.inputs.is_empty() && !ability.danger { (context.post_button(&address, "quiet", html! { (ability.name) })) }
                                @else { a.button.quiet href=(address) { (ability.name) " …" } }
                            }
                            @if able.update & written(child, false) != 0 { a.button.quiet href={ (here) "/edit" } { "Edit" } }
                            @if able.delete { a.button.quiet href={ (here) "/delete" } { "Delete" } }
                        }
                    }
                    @if let Some(field) = child.fields.get(text) {
                        @if shown.readable & bit(text) != 0 { (cell(context, text, field, shown, Place::Page)) }
                    }
                }
            }
        }
    })
}

fn add_form(
    context: &Context<'_>,
    r: &Reader<'_>,
    child: &'static Entity,
    creatable: Fields,
    (parent, name, address): (usize, &str, &str),
    back: &str,
) -> Markup {
    let asked: Fields = creatable & written(child, true) & !bit(parent);
    let typed = defaults(context, r, child, asked);
    let draft = Draft {
        typed: &typed,
        errors: &[],
        prefix: child.slug,
        known: &[],
    };
    if asked.count_ones() > MOST_INLINE {
        return html! { a.button href={ "/" (child.slug) "/new?" (name) "=" (address) } { (icon(Icon::Plus)) "Add " (lower_first(context.app.language, child.name)) } };
    }
    html! {
        form.form.compact method="post" action={ "/" (child.slug) "/new" } novalidate {
            (context.token())
            input type="hidden" name=(name) value=(address);
            input type="hidden" name="_next" value=(back);
            (draft.fields(context, r, child, asked, true))
            div.form-foot { button.button type="submit" { (icon(Icon::Plus)) "Add " (lower_first(context.app.language, child.name)) } }
        }
    }
}

fn history(
    context: &Context<'_>,
    r: &Reader<'_>,
    entity: &'static Entity,
    id: i64,
) -> Result<Markup, Refusal> {
    let entries = audit::of(r, &context.caller, entity, id)?;
    Ok(html! {
        @if !entries.is_empty() {
            details.card {
                summary.plain { "History" span.count { (entries.len()) } }
                div.card-body {
                    ol.history {
                        @for entry in &entries {
                            li {
                                strong { @match &entry.who { Some(who) => { (who) } None => { "The program" } } } " "
                                (what_happened(entity, &entry.what)) " "
                                @let changed: Vec<&str> = entry.fields.iter().filter_map(|name| label_of(context, entity, name)).collect();
                                @if !changed.is_empty() { "(" (changed.join(", ")) ") " }
                                (moment(context.display, entry.at))
                            }
                        }
                    }
                }
            }
        }
    })
}

fn label_of<'e>(context: &Context<'_>, entity: &'e Entity, name: &str) -> Option<&'e str> {
    let readable = context.readable(entity);
    entity
        .fields
        .iter()
        .enumerate()
        .find(|(index, field)| field.name == name && readable & bit(*index) != 0)
        .map(|(_, field)| field.label)
}

/// A line of the history: the plain operations by their verb, steps and actions by their name.
fn what_happened(entity: &Entity, what: &str) -> String {
    match what {
        "create" => "created it".to_owned(),
        "update" => "changed it".to_owned(),
        "delete" => "deleted it".to_owned(),
        note if note.contains(':') => format!("set {note}"),
        slug => {
            let step = entity
                .steps
                .iter()
                .find(|step| step.slug == slug)
                .map(|step| step.name);
            let action = || {
                entity
                    .actions
                    .iter()
                    .find(|action| action.slug == slug)
                    .map(|action| action.name)
            };
            format!("did “{}”", step.or_else(action).unwrap_or(slug))
        }
    }
}
