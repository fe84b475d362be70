//! What an operation answers, as people read it.

use super::context::Context;
use super::problem;
use crate::ui::layout::head;
use crate::ui::value::{Place, Shown};
use crate::{Site, Visit, respond};
use axum::extract::{Path, State};
use axum::response::Response;
use engine::caller::Caller;
use engine::{Reader, ids, query};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use kernel::kind::Kind;
use kernel::value::Value;
use maud::{Markup, PreEscaped, html};

/// `GET /do/close-year/…`: what came of it, for who asked; the operation has run before, and once.
pub async fn result(
    State(site): State<Site>,
    Path((_, address)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    let context = Context::new(&site, &visit);
    let Some(kept) = site.results.find(&address, context.caller.user) else {
        return problem::draw(
            &context,
            StatusCode::NOT_FOUND,
            "A result is shown to whoever asked for it, and for an hour.",
        );
    };
    let entity = kept
        .entity
        .and_then(|index| context.app.entities.get(index));
    let body = html! {
        div.middle.stack {
            (head(kept.name, html! { p.about { "Done." } }, html! {}))
            div.card.pad { dl.facts-list { div { dt { "Result" } dd { (PreEscaped(&kept.shown)) } } } }
            p { a.button href=(kept.back) { "Go on" } }
        }
    };
    let page = context.page(kept.name, entity.copied(), body);
    respond::with_header(page, CACHE_CONTROL, "no-store")
}

/// The value; rows that the caller may not read by their number alone.
pub(super) fn shown(
    context: &Context<'_>,
    r: &Reader<'_>,
    caller: &Caller,
    kind: Kind,
    value: &Value,
) -> Markup {
    let mut labels = Vec::new();
    let (of, entries) = match kind {
        Kind::Reference(of) => (Some(of), vec![value.clone()]),
        Kind::List(item) => match item {
            Kind::Reference(of) => (Some(*of), kernel::list::entries(item, value)),
            _ => (None, Vec::new()),
        },
        _ => (None, Vec::new()),
    };
    if let Some(entity) = of.and_then(|of| context.app.entities.get(of)).copied() {
        for entry in entries {
            if let Value::Int(id) = entry
                && matches!(query::get(r, caller, entity, id), Ok(Some(_)))
            {
                labels.push(query::Referred {
                    field: 0,
                    id,
                    address: ids::address(r, entity, id).unwrap_or_default(),
                    text: query::label(r, entity, id),
                });
            }
        }
    }
    html! {
        (Shown {
            display: context.display,
            field: 0,
            kind,
            value,
            labels: &labels,
            place: Place::Page,
        })
    }
}
