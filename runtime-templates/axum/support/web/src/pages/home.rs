//! The first page: for visitors what the app is, for everybody else where they left off.

use super::context::Context;
use super::detail::title_of;
use super::list::lower_first;
use crate::ui::icon::{Icon, icon};
use crate::ui::layout::{empty, head};
use crate::ui::value::{Place, Shown, moment};
use crate::{Site, Visit};
use axum::extract::State;
use axum::response::Response;
use engine::def::Entity;
use engine::refusal::Refusal;
use engine::{Reader, access, query};
use kernel::kind::Kind;
use maud::{Markup, html};

const RECENT: u32 = 5;

/// `GET /`
pub async fn home(State(site): State<Site>, visit: Visit) -> Response {
    let context = Context::new(&site, &visit);
    match site.engine.read(|r| page(&context, r)) {
        Ok(body) => context.page("", None, body),
        Err(refusal) => context.refuse(&refusal),
    }
}

fn page(context: &Context<'_>, r: &Reader<'_>) -> Result<Markup, Refusal> {
    let mut cards = Vec::new();
    for entity in context.lists() {
        cards.push(card(context, r, entity)?);
    }
    let mut able = Vec::new();
    for action in context.app.actions {
        match access::ask_program(r, &context.caller, action.slug) {
            Ok(()) => able.push(action),
            Err(Refusal::Fault(cause)) => return Err(Refusal::Fault(cause)),
            Err(_) => {}
        }
    }
    let actions = html! {
        @for action in able { a.button href=(crate::paths::address(action.path, &format!("/do/{}", action.slug), "")) { (action.name) } }
    };
    let app = context.app;
    Ok(html! {
        @match &context.visit.session {
            Some(session) => { (head(html! { "Hello, " (first_name(&session.name)) }, html! {}, actions)) }
            None => {
                div.hero {
                    h1 { (app.name) }
                    @if !app.about.is_empty() { div.prose { (context.markdown(app.about)) } }
                    div.bar {
                        @if app.accounts.sign_up { a.button.primary href="/sign-up" { "Sign up" } }
                        a.button href="/login" { "Sign in" }
                        (actions)
                    }
                }
            }
        }
        @if cards.is_empty() && context.visit.is_signed_in() {
            div.card { (empty("Nothing to see yet", "You have no lists here yet. Somebody who runs this app can give you a role.", html! {
                a.button href="/account" { "Your account" }
            })) }
        } @else { div.grid { @for card in &cards { (card) } } }
    })
}

fn card(context: &Context<'_>, r: &Reader<'_>, entity: &'static Entity) -> Result<Markup, Refusal> {
    let question = query::ListQuery {
        page: 1,
        per_page: RECENT,
        sort: vec![(query::SortKey::Updated, true)],
        ..query::ListQuery::default()
    };
    let found = query::list(r, &context.caller, entity, &question)?;
    let may_create = context.could_create(r, entity, None)?.is_some();
    let state = entity
        .fields
        .iter()
        .position(|field| field.lifecycle)
        .or_else(|| {
            entity
                .fields
                .iter()
                .position(|field| matches!(field.kind, Kind::Choice(_)))
        });
    let list = format!("/{}", entity.slug);
    Ok(html! {
        section.card {
            div.card-head {
                h2 { a href=(list) { (entity.plural) } span.count { (found.total) } }
                @if may_create { a.button.quiet href={ (list) "/new" } { (icon(Icon::Plus)) "New" span.hidden-text { " " (lower_first(context.app.language, entity.name)) } } }
            }
            @if found.rows.is_empty() {
                div.empty.small { p { "No " (lower_first(context.app.language, entity.plural)) " yet." } }
            } @else {
                ul.rows {
                    @for shown in &found.rows {
                        li {
                            a href={ (list) "/" (shown.address) } { (title_of(context, entity, shown)) }
                            span.side {
                                @if let Some((index, field, value)) = state.and_then(|index| Some((index, entity.fields.get(index)?, shown.row.values.get(index)?))) {
                                    @if shown.readable & super::context::bit(index) != 0 {
                                        (Shown { display: context.display, field: index, kind: field.kind, value, labels: &shown.references, place: Place::List })
                                    }
                                }
                                (moment(context.display, shown.row.updated))
                            }
                        }
                    }
                }
                @if found.total > u64::from(RECENT) { div.card-foot { a href=(list) { "All " (found.total) " " (lower_first(context.app.language, entity.plural)) } } }
            }
        }
    })
}

fn first_name(name: &str) -> &str {
    name.split_whitespace().next().unwrap_or(name)
}
