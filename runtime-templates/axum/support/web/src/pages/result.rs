//! What an operation answers, as people read it.

use super::context::Context;
use crate::ui::value::{Place, Shown};
use engine::caller::Caller;
use engine::{Reader, ids, query};
use kernel::kind::Kind;
use kernel::value::Value;
use maud::{Markup, html};

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
