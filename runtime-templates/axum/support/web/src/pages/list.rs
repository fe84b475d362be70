//! The list of an entity: table or cards, filters, search, sorting, paging, CSV.

use super::address::{pair, replaced, with_query};
use super::{context::Context, csv, fields, filters};
use crate::ui::icon::{Icon, icon};
use crate::ui::layout::{crumbs, empty, head};
use crate::ui::locale;
use crate::ui::value::{self, Place, is_number, plain};
use crate::{Site, Visit};
use axum::extract::{Path, State};
use axum::response::Response;
use engine::Reader;
use engine::def::{Entity, Field, FieldDefault};
use engine::query;
use engine::refusal::Refusal;
use kernel::kind::Kind;
use kernel::value::Value;
use maud::{Markup, Render, html};

/// `GET /tickets` and `GET /tickets.csv`
pub async fn list(State(site): State<Site>, Path(slug): Path<String>, visit: Visit) -> Response {
    let context = Context::new(&site, &visit);
    let (slug, export) = slug
        .strip_suffix(".csv")
        .map_or((slug.as_str(), false), |slug| (slug, true));
    let Some(entity) = context.entity(slug) else {
        return context.refuse(&Refusal::NotFound);
    };
    if let Err(refusal) = context.may_read(entity) {
        return context.refuse(&refusal);
    }
    // An empty filter filters nothing.
    let pairs: Vec<(String, String)> = visit
        .query
        .iter()
        .filter(|(name, value)| !value.is_empty() && name != "done")
        .cloned()
        .collect();
    if export {
        return rows_as_csv(&context, entity, &pairs)
            .unwrap_or_else(|refusal| context.refuse(&refusal));
    }
    match site.engine.read(|r| page(&context, r, entity, &pairs)) {
        Ok(body) => context.page(entity.plural, Some(entity), body),
        Err(refusal) => context.refuse(&refusal),
    }
}

/// A column of a list.
pub(super) struct Column {
    pub(super) field: usize,
    pub(super) label: &'static str,
    name: &'static str,
    pub(super) kind: Kind,
}

fn page(
    context: &Context<'_>,
    r: &Reader<'_>,
    entity: &'static Entity,
    pairs: &[(String, String)],
) -> Result<Markup, Refusal> {
    let question = query::parse(
        context.app,
        entity,
        &filters::for_query(context.app.language, entity, pairs),
    )?;
    let found = query::list(r, &context.caller, entity, &question)?;
    let columns = columns(context, entity, 6);
    let filtered = filters::is_narrowed(pairs);
    let may_create = entity.parent.is_none() && context.could_create(r, entity, None)?.is_some();
    let new_address = format!("/{}/new", entity.slug);
    let new_label = format!("New {}", lower_first(context.app.language, entity.name));
    let rows = found.rows.len();
    let buttons = html! {
        @if rows > 0 {
            a.button.quiet href=(with_query(&format!("/{}.csv", entity.slug), &replaced(pairs, &[("page", ""), ("per_page", "")]))) {
                (icon(Icon::Download)) "CSV"
            }
        }
        @if may_create { a.button.primary href=(new_address) { (icon(Icon::Plus)) (new_label) } }
    };
    let total = found.total;
    Ok(html! {
        (head(html! { (entity.plural) span.count { (total) } }, html! {
            @if !entity.about.is_empty() { div.about.prose { (context.markdown(entity.about)) } }
        }, buttons))
        div.card {
            @if total > 0 || filtered { (filters::bar(context, r, entity, pairs)) }
            @if rows == 0 && filtered {
                (empty("Nothing found", "No rows match what you are looking for.", html! {
                    a.button href={ "/" (entity.slug) } { "Clear search and filters" }
                }))
            } @else if rows == 0 && total > 0 {
                (empty("This page is empty", "The list ends before this page.", html! { a.button href={ "/" (entity.slug) } { "To the first page" } }))
            } @else if rows == 0 {
                (empty(&format!("No {} yet", lower_first(context.app.language, entity.plural)), &nothing_yet(context.app.language, entity, may_create), html! {
                    @if may_create { a.button.primary href=(new_address) { (icon(Icon::Plus)) (new_label) } }
                }))
            } @else {
                (table(context, entity, &columns, &found.rows, Some(pairs)))
                (paging(entity, pairs, question.page, question.per_page, total))
            }
        }
    })
}

fn nothing_yet(language: &str, entity: &Entity, may_create: bool) -> String {
    if may_create {
        format!(
            "Make the first {} and it will show up here.",
            lower_first(language, entity.name)
        )
    } else {
        format!("{} that you may see will show up here.", entity.plural)
    }
}

/// The columns that fit: what a row is known by first, the field of a lifecycle in any case; long texts, sets, and what
/// was made up for addresses left out.
pub(super) fn columns(context: &Context<'_>, entity: &'static Entity, most: usize) -> Vec<Column> {
    let readable = context.readable(entity);
    let mut columns: Vec<Column> = Vec::new();
    for (index, field) in entity.fields.iter().enumerate() {
        let address = entity.named_by() == Some(index) && is_made_up(field);
        let fits = !value::is_long(field.kind)
            && !matches!(
                field.kind,
                Kind::Many(..) | Kind::TextList | Kind::Password | Kind::Secret
            )
            && !field.private
            && !address
            && Some(index) != entity.shown_as;
        if fits && readable & (1 << index) != 0 && (columns.len() < most || field.lifecycle) {
            columns.truncate(most.saturating_sub(1));
            columns.push(Column {
                field: index,
                label: field.label,
                name: field.name,
                kind: field.kind,
            });
        }
    }
    columns
}

/// Nobody chose it, and nobody reads it.
fn is_made_up(field: &Field) -> bool {
    matches!(field.kind, Kind::Slug(_)) || matches!(field.default, FieldDefault::Random(_))
}

/// Rows as a table that turns into cards on a phone. With `pairs` its heads sort.
pub(super) fn table(
    context: &Context<'_>,
    entity: &'static Entity,
    columns: &[Column],
    rows: &[query::Shown],
    pairs: Option<&[(String, String)]>,
) -> Markup {
    let title = entity
        .shown_as
        .and_then(|index| entity.fields.get(index).map(|field| (index, field)));
    html! {
        div.table-wrap tabindex="0" role="region" aria-label=(entity.plural) {
            table.cards {
                thead {
                    tr {
                        (column_head(entity, pairs, title.map_or("", |(_, field)| field.name), title.map_or(entity.name, |(_, field)| field.label), false))
                        @for column in columns { (column_head(entity, pairs, column.name, column.label, is_number(column.kind))) }
                        (column_head(entity, pairs, "updated", "Updated", false))
                    }
                }
                tbody { (Rows { context, entity, columns, rows, title }) }
            }
        }
    }
}

/// The rows of a table, written straight into the page: they are most of it.
struct Rows<'a> {
    context: &'a Context<'a>,
    entity: &'static Entity,
    columns: &'a [Column],
    rows: &'a [query::Shown],
    title: Option<(usize, &'static Field)>,
}

impl Render for Rows<'_> {
    fn render_to(&self, out: &mut String) {
        out.reserve(self.rows.len() * 128 * (self.columns.len() + 2));
        for shown in self.rows {
            out.push_str("<tr><th scope=\"row\"><a href=\"/");
            self.entity.slug.render_to(out);
            out.push('/');
            shown.address.render_to(out);
            out.push_str("\">");
            self.name(out, shown);
            out.push_str("</a></th>");
            for column in self.columns {
                self.cell(out, column, shown);
            }
            out.push_str("<td data-label=\"Updated\">");
            value::time(out, self.context.display, shown.row.updated);
            out.push_str("</td></tr>");
        }
    }
}

impl Rows<'_> {
    fn name(&self, out: &mut String, shown: &query::Shown) {
        let named = self
            .title
            .filter(|(index, _)| shown.readable & (1 << index) != 0)
            .and_then(|(index, field)| Some((index, field, shown.row.values.get(index)?)));
        match named {
            None | Some((_, _, Value::Empty)) => {
                self.entity.name.render_to(out);
                out.push(' ');
                shown.address.render_to(out);
            }
            Some((_, field, Value::Text(text))) if !matches!(field.kind, Kind::Choice(_)) => {
                value::start_of(text, 200).render_to(out);
            }
            Some((index, field, value)) => {
                title_of(self.context, index, field.kind, value, &shown.references).render_to(out);
            }
        }
    }

    fn cell(&self, out: &mut String, column: &Column, shown: &query::Shown) {
        out.push_str(if is_number(column.kind) {
            "<td class=\"number\" data-label=\""
        } else {
            "<td data-label=\""
        });
        column.label.render_to(out);
        out.push_str("\">");
        if shown.readable & (1 << column.field) != 0
            && let Some(value) = shown.row.values.get(column.field)
        {
            let cell = value::Shown {
                display: self.context.display,
                field: column.field,
                kind: column.kind,
                value,
                labels: &shown.references,
                place: Place::List,
            };
            cell.render_to(out);
        }
        out.push_str("</td>");
    }
}

fn title_of(
    context: &Context<'_>,
    index: usize,
    kind: Kind,
    value: &Value,
    labels: &[query::Referred],
) -> String {
    match value {
        Value::Int(id) if matches!(kind, Kind::Reference(_)) => labels
            .iter()
            .find(|row| row.field == index && row.id == *id)
            .map_or_else(String::new, |row| row.text.clone()),
        _ => plain(context.app, kind, value),
    }
}

fn column_head(
    entity: &Entity,
    pairs: Option<&[(String, String)]>,
    name: &str,
    label: &str,
    number: bool,
) -> Markup {
    let class = number.then_some("number");
    let Some(pairs) = pairs.filter(|_| !name.is_empty()) else {
        return html! { th scope="col" class=[class] { (label) } };
    };
    let sorted = pair(pairs, "sort");
    let up = sorted == name;
    let down = sorted.strip_prefix('-') == Some(name);
    let descending = format!("-{name}");
    let next = if up { descending.as_str() } else { name };
    let direction = if up {
        Some("ascending")
    } else {
        down.then_some("descending")
    };
    html! {
        th scope="col" class=[class] aria-sort=[direction] {
            a href=(with_query(&format!("/{}", entity.slug), &replaced(pairs, &[("page", ""), ("sort", next)]))) {
                (label) @if up { (icon(Icon::Up)) } @else if down { (icon(Icon::Down)) }
            }
        }
    }
}

fn paging(
    entity: &Entity,
    pairs: &[(String, String)],
    page: u32,
    per_page: u32,
    total: u64,
) -> Markup {
    let size = u64::from(per_page.max(1));
    let first = u64::from(page.max(1) - 1) * size + 1;
    let last = (first + size - 1).min(total);
    let pages = total.div_ceil(size).max(1);
    let to = |number: u64| {
        with_query(
            &format!("/{}", entity.slug),
            &replaced(pairs, &[("page", &number.to_string())]),
        )
    };
    let page = u64::from(page.max(1));
    html! {
        div.paging {
            span { (first) "–" (last) " of " (total) }
            @if pages > 1 {
                nav.bar aria-label="Pages" {
                    @if page > 1 { a.button rel="prev" href=(to(page - 1)) { (icon(Icon::Left)) "Previous" } }
                    span { "Page " (page) " of " (pages) }
                    @if page < pages { a.button rel="next" href=(to(page + 1)) { "Next" (icon(Icon::Right)) } }
                }
            }
        }
    }
}

fn rows_as_csv(
    context: &Context<'_>,
    entity: &'static Entity,
    pairs: &[(String, String)],
) -> Result<Response, Refusal> {
    let question = query::parse(
        context.app,
        entity,
        &filters::for_query(context.app.language, entity, pairs),
    )?;
    let readable = context.readable(entity);
    let fields: Vec<(usize, &'static Field)> = entity
        .fields
        .iter()
        .enumerate()
        .filter(|(index, field)| {
            readable & (1 << index) != 0
                && field.name != "id"
                && !field.private
                && !matches!(field.kind, Kind::Secret | Kind::Password)
        })
        .collect();
    let mut head = String::new();
    csv::cell(&mut head, true, "id");
    for (_, field) in &fields {
        csv::cell(&mut head, false, field.name);
    }
    csv::cell(&mut head, false, "created");
    csv::cell(&mut head, false, "updated");
    csv::end(&mut head);
    let line = move |out: &mut String, shown: &query::Shown| {
        csv::cell(out, true, &shown.address);
        for (index, field) in &fields {
            let text = match shown.row.values.get(*index) {
                Some(value) if shown.readable & (1 << index) != 0 => {
                    export(*index, field.kind, value, &shown.references)
                }
                _ => String::new(),
            };
            csv::cell(out, false, &text);
        }
        csv::cell(out, false, &kernel::time::rfc3339(shown.row.created));
        csv::cell(out, false, &kernel::time::rfc3339(shown.row.updated));
        csv::end(out);
    };
    let body = crate::rows::body(
        context.site,
        context.caller,
        entity,
        question,
        head,
        Box::new(line),
    )?;
    Ok(csv::answer(entity, body))
}

fn export(index: usize, kind: Kind, value: &Value, labels: &[query::Referred]) -> String {
    let label = |id: &i64| {
        labels
            .iter()
            .find(|row| row.field == index && row.id == *id)
            .map_or_else(String::new, |row| row.text.clone())
    };
    match (kind, value) {
        (Kind::Reference(_), Value::Int(id)) => label(id),
        (Kind::List(item), value) => kernel::list::entries(item, value)
            .iter()
            .map(|entry| export(index, *item, entry, labels))
            .collect::<Vec<_>>()
            .join("; "),
        (_, Value::Ids(ids)) => ids.iter().map(label).collect::<Vec<_>>().join("; "),
        (_, Value::Texts(texts)) => texts.join("; "),
        (_, Value::Text(text)) => text.clone(),
        (kind, value) => fields::input_text(kind, value),
    }
}

/// In the middle of a sentence: `Purchase request` → `purchase request`, but `PO` stays.
/// Where nouns are written with a capital letter, names stay as they are.
pub(super) fn lower_first(language: &str, text: &str) -> String {
    if locale::capital_nouns(language) {
        return text.to_owned();
    }
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}

/// The way back to a list.
pub(super) fn trail(context: &Context<'_>, entity: &'static Entity, here: &str) -> Markup {
    let list = format!("/{}", entity.slug);
    if context.may_read(entity).is_ok() {
        crumbs(&[(entity.plural, &list), (here, "")])
    } else {
        crumbs(&[(here, "")])
    }
}
