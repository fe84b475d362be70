//! Search and filters above a list: what is chosen as small removable marks, and the controls when one asks for them.

use super::address::{pair, replaced, with_query};
use super::context::{Context, bit};
use super::fields;
use super::list::lower_first;
use crate::ui::control::{Control, Options};
use crate::ui::icon::{Icon, icon};
use crate::ui::locale;
use engine::Reader;
use engine::def::{Entity, Field};
use engine::{ids, query};
use kernel::kind::Kind;
use maud::{Markup, html};

/// Parameters of a list's address that say nothing about which rows.
const NOT_FILTERS: [&str; 5] = ["sort", "q", "page", "per_page", SHOW];
/// The parameter that opens the controls: only then are the rows to choose from looked up.
const SHOW: &str = "show";

/// What narrows a list down: for a query, without what only concerns the page, numbers as the program reads them.
#[must_use]
pub fn for_query(
    language: &str,
    entity: &Entity,
    pairs: &[(String, String)],
) -> Vec<(String, String)> {
    let read = |name: &str, written: &str| {
        let own = |field: &&Field| {
            let end = name.strip_prefix(field.name);
            end.is_some_and(|end| ["", "_is", "_from", "_to", "_min", "_max"].contains(&end))
        };
        let field = entity.fields.iter().find(own)?;
        locale::typed(language, field.kind, written)
    };
    pairs
        .iter()
        .filter(|(name, _)| name != SHOW)
        .map(|(name, written)| {
            let number = read(name, written);
            (name.clone(), number.unwrap_or_else(|| written.clone()))
        })
        .collect()
}

/// Something narrows this list down.
#[must_use]
pub fn is_narrowed(pairs: &[(String, String)]) -> bool {
    pairs.iter().any(|(name, _)| name == "q" || is_filter(name))
}

fn is_filter(name: &str) -> bool {
    !NOT_FILTERS.contains(&name)
}

/// The bar above a list; nothing where there is nothing to search or filter by.
pub fn bar(
    context: &Context<'_>,
    r: &Reader<'_>,
    entity: &'static Entity,
    pairs: &[(String, String)],
) -> Markup {
    let here = format!("/{}", entity.slug);
    let searchable = entity.fields.iter().any(|field| field.searchable);
    let readable = context.readable(entity);
    let by: Vec<&'static Field> = entity
        .fields
        .iter()
        .enumerate()
        .filter(|(index, field)| {
            readable & bit(*index) != 0
                && !field.private
                && !field.computed
                && can_filter(field.kind)
        })
        .map(|(_, field)| field)
        .collect();
    let open = !pair(pairs, SHOW).is_empty();
    let chosen: Vec<(&str, String)> = pairs
        .iter()
        .filter(|(name, _)| is_filter(name))
        .map(|(name, value)| (name.as_str(), words(context, r, entity, name, value)))
        .collect();
    let toggle = with_query(
        &here,
        &replaced(
            pairs,
            &[("page", ""), (SHOW, if open { "" } else { "filters" })],
        ),
    );
    html! {
        @if searchable || !by.is_empty() {
            form.filters method="get" action=(here) role="search" data-auto {
                @for (name, value) in pairs {
                    @if name == "sort" || name == SHOW || (!open && is_filter(name)) { input type="hidden" name=(name) value=(value); }
                }
                @if searchable {
                    div.search {
                        label.hidden-text for="search" { "Search " (lower_first(context.app.language, entity.plural)) }
                        (icon(Icon::Search))
                        input #search type="search" name="q" value=(pair(pairs, "q")) placeholder={ "Search " (lower_first(context.app.language, entity.plural)) };
                    }
                    button.button type="submit" { "Search" }
                }
                @if !by.is_empty() { a.button.quiet href=(toggle) aria-expanded=(open) role="button" { (icon(Icon::Filter)) "Filter" } }
                @if is_narrowed(pairs) { a.button.quiet href=(here) { "Clear" } }
                @if open {
                    div.filter-grid {
                        @for field in &by { (controls(context, r, field, pairs)) }
                        div.bar { button.button type="submit" { "Apply" } }
                    }
                } @else if !chosen.is_empty() {
                    div.tags.chosen {
                        @for (name, text) in &chosen {
                            a.badge.plain href=(with_query(&here, &replaced(pairs, &[("page", ""), (name, "")]))) {
                                (text) span aria-hidden="true" { " ×" } span.hidden-text { ", remove this filter" }
                            }
                        }
                    }
                }
            }
        }
    }
}

const fn can_filter(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Choice(_)
            | Kind::Bool
            | Kind::Reference(_)
            | Kind::Many(..)
            | Kind::Date
            | Kind::Timestamp
    )
}

fn controls(
    context: &Context<'_>,
    r: &Reader<'_>,
    field: &'static Field,
    pairs: &[(String, String)],
) -> Markup {
    let name = query::parameter(field.name);
    let mut control = Control::new(&name, field.label, field.kind).value(pair(pairs, &name));
    control.nothing = "Any";
    match field.kind {
        Kind::Bool => {
            control.kind = Kind::Reference(0);
            control.options = Options::All(vec![
                ("true".to_owned(), "Yes".to_owned()),
                ("false".to_owned(), "No".to_owned()),
            ]);
        }
        Kind::Reference(target) | Kind::Many(target, _) => {
            let Some(target) = context.app.entities.get(target).copied() else {
                return html! {};
            };
            let options = fields::options(context, r, target);
            if options.is_empty() || options.len() > fields::MOST_OPTIONS {
                return html! {};
            }
            control.kind = Kind::Reference(target.index);
            control.options = Options::All(options);
        }
        Kind::Date | Kind::Timestamp => {
            return html! {
                @for (end, word) in ENDS {
                    @let name = range_name(field.name, end);
                    (Control::new(&name, &format!("{} {word}", field.label), Kind::Date).value(pair(pairs, &name)).markup())
                }
            };
        }
        _ => {}
    }
    control.markup()
}

/// The ends of a range: how the parameter goes on, and what people read.
const ENDS: [(&str, &str); 2] = [("from", "from"), ("to", "to")];

/// The parameter for one end of a range.
fn range_name(field: &str, end: &str) -> String {
    format!("{field}_{end}")
}

/// What is chosen, as people read it: `Status: Open`.
fn words(
    context: &Context<'_>,
    r: &Reader<'_>,
    entity: &'static Entity,
    name: &str,
    value: &str,
) -> String {
    let field = |name: &str| {
        let mut fields = entity.fields.iter();
        fields.find(|field| query::parameter(field.name) == name)
    };
    let Some(field) = field(name) else {
        let range = ENDS.iter().find_map(|(end, word)| {
            let base = name.strip_suffix(end)?.strip_suffix('_')?;
            field(base).map(|field| format!("{} {word} {value}", field.label))
        });
        return range.unwrap_or_else(|| format!("{name}: {value}"));
    };
    let text = match field.kind {
        Kind::Choice(choices) => choices
            .iter()
            .find(|choice| choice.value == value)
            .map_or_else(|| value.to_owned(), |choice| choice.label.to_owned()),
        Kind::Bool if value == "true" => "Yes".to_owned(),
        Kind::Bool => "No".to_owned(),
        Kind::Reference(target) | Kind::Many(target, _) => {
            // Only what the caller could choose as well is named.
            let target = context.app.entities.get(target).copied();
            let named = target.and_then(|target| {
                let id = ids::number(r, target, value).ok()?;
                let known = query::get(r, &context.caller, target, id).ok().flatten();
                known.map(|_| query::label(r, target, id))
            });
            named.unwrap_or_else(|| value.to_owned())
        }
        _ => value.to_owned(),
    };
    format!("{}: {text}", field.label)
}
