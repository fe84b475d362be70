//! Where people go once something is done: to what they may read of it, never to a page that is not there for them.

use super::context::Context;
use engine::caller::Caller;
use engine::def::Entity;
use engine::{access, query};

/// Who the caller is now: what was done may have given or taken them something.
pub(super) fn caller(context: &Context<'_>) -> Caller {
    let Some(user) = context.caller.user else {
        return context.caller;
    };
    let known = context.site.engine.read(|r| access::caller_of(r, user));
    known.unwrap_or(context.caller)
}

/// The row as this caller sees it now.
pub(super) fn seen(
    context: &Context<'_>,
    caller: &Caller,
    entity: &'static Entity,
    id: i64,
) -> Option<query::Shown> {
    let found = context
        .site
        .engine
        .read(|r| query::get(r, caller, entity, id));
    found.ok().flatten()
}

/// The page of a row; where it is out of sight the list, where there is none for them the first page.
pub(super) fn place(caller: &Caller, entity: &Entity, shown: Option<&query::Shown>) -> String {
    match shown {
        Some(shown) => format!("/{}/{}", entity.slug, shown.address),
        None if (entity.read)(caller).is_empty() => "/".to_owned(),
        None => format!("/{}", entity.slug),
    }
}
