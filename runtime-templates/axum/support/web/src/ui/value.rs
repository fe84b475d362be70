//! Values as people read them, written straight into the page.

use super::locale;
use engine::def::{App, Entity};
use engine::query::Referred;
use kernel::kind::{Choice, Kind};
use kernel::value::Value;
use maud::{Markup, PreEscaped, Render, html};
use std::fmt::Write;

/// What showing a value needs to know.
#[derive(Clone, Copy)]
pub struct Display {
    /// The app.
    pub app: &'static App,
    /// Milliseconds.
    pub now: i64,
    /// Entities whose rows the caller may be able to open: bit n is entity n; the rest are shown without a link.
    pub linked: u128,
}

impl Display {
    /// Rows of this entity may be linked to.
    #[must_use]
    pub fn links_to(&self, entity: usize) -> bool {
        entity < 128 && self.linked & (1 << entity) != 0
    }

    fn entity(&self, index: usize) -> Option<&'static Entity> {
        self.app.entities.get(index).copied()
    }
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a row of a list: short.
    List,
    /// On the page of its row: whole.
    Page,
}

/// A value to be shown.
pub struct Shown<'a> {
    /// How.
    pub display: Display,
    /// The field's position, to find its labels.
    pub field: usize,
    /// What it holds.
    pub kind: Kind,
    /// The value.
    pub value: &'a Value,
    /// The rows it refers to.
    pub labels: &'a [Referred],
    /// Where.
    pub place: Place,
}

impl Render for Shown<'_> {
    fn render_to(&self, out: &mut String) {
        match (self.kind, self.value) {
            (_, Value::Empty) => none(out),
            (Kind::Choice(choices), Value::Text(text)) => badge(out, choices, text),
            (Kind::Bool, Value::Int(yes)) => out.push_str(if *yes == 0 { "No" } else { "Yes" }),
            (Kind::Timestamp, Value::Int(at)) if self.place == Place::Page => {
                exactly(out, self.display, *at);
            }
            (Kind::Timestamp, Value::Int(at)) => {
                let exact = locale::moment(self.display.app.language, *at);
                html! { time.time datetime=(kernel::time::rfc3339(*at)) { (exact) } }
                    .render_to(out);
            }
            (Kind::Date, Value::Int(_)) => self.date(out),
            (Kind::Markdown, Value::Text(text)) if self.place == Place::Page => {
                out.push_str("<div class=\"prose\">");
                out.push_str(&kernel::markdown::html(text));
                out.push_str("</div>");
            }
            (Kind::LongText | Kind::Json, Value::Text(text)) if self.place == Place::Page => {
                html! { div.lines { (text) } }.render_to(out);
            }
            (Kind::LongText | Kind::Markdown | Kind::Json, Value::Text(text)) => {
                out.push_str("<span class=\"clip\">");
                start_of(text, 160).render_to(out);
                out.push_str("</span>");
            }
            (Kind::Email, Value::Text(text)) => {
                html! { a href={ "mailto:" (text) } { (text) } }.render_to(out)
            }
            (Kind::Url, Value::Text(text)) => self.url(out, text),
            (Kind::Password, _) => none(out),
            (Kind::Secret, Value::Hidden(secret)) => {
                if self.place == Place::Page {
                    html! { code.lines { (secret.text) } }.render_to(out)
                } else {
                    out.push_str("••••••")
                }
            }
            (Kind::Reference(entity), Value::Int(id)) => self.reference(out, entity, *id),
            (Kind::Many(entity, _), Value::Ids(ids)) if !ids.is_empty() => {
                out.push_str("<span class=\"tags\">");
                for id in ids {
                    out.push_str("<span class=\"badge plain\">");
                    self.reference(out, entity, *id);
                    out.push_str("</span>");
                }
                out.push_str("</span>");
            }
            (Kind::List(item), value) => {
                let entries = kernel::list::entries(item, value);
                if entries.is_empty() {
                    return none(out);
                }
                out.push_str("<span class=\"tags\">");
                for entry in &entries {
                    out.push_str("<span class=\"badge plain\">");
                    Shown {
                        kind: *item,
                        value: entry,
                        place: Place::List,
                        ..*self
                    }
                    .render_to(out);
                    out.push_str("</span>");
                }
                out.push_str("</span>");
            }
            (_, Value::Texts(texts)) if !texts.is_empty() => {
                out.push_str("<span class=\"tags\">");
                for text in texts {
                    out.push_str("<span class=\"badge plain\">");
                    text.render_to(out);
                    out.push_str("</span>");
                }
                out.push_str("</span>");
            }
            (_, Value::Ids(_) | Value::Texts(_) | Value::Hidden(_)) => none(out),
            (_, Value::Text(text)) => text.render_to(out),
            (kind, value) => plain(self.display.app, kind, value).render_to(out),
        }
    }
}

impl Shown<'_> {
    fn reference(&self, out: &mut String, index: usize, id: i64) {
        let Some(entity) = self.display.entity(index) else {
            return none(out);
        };
        let row = self
            .labels
            .iter()
            .find(|row| row.field == self.field && row.id == id);
        let linked = row.filter(|_| self.display.links_to(index));
        if let Some(row) = linked {
            let _ = write!(out, "<a href=\"/{}/{}\">", entity.slug, row.address);
        }
        match row {
            Some(row) if !row.text.is_empty() => row.text.render_to(out),
            Some(row) => {
                entity.name.render_to(out);
                let _ = write!(out, " {}", row.address);
            }
            None => entity.name.render_to(out),
        }
        if linked.is_some() {
            out.push_str("</a>");
        }
    }

    fn date(&self, out: &mut String) {
        let Value::Int(days) = self.value else { return };
        let _ = write!(
            out,
            "<time class=\"time\" datetime=\"{}\">",
            kernel::time::date_text(*days)
        );
        locale::date(self.display.app.language, *days).render_to(out);
        out.push_str("</time>");
    }

    fn url(&self, out: &mut String, text: &str) {
        if text.starts_with("https://") || text.starts_with("http://") {
            html! { a href=(text) rel="nofollow noopener noreferrer" { (text.trim_start_matches("https://").trim_start_matches("http://")) } }
                .render_to(out);
        } else {
            text.render_to(out);
        }
    }
}

/// The value without markup, as people read it.
#[must_use]
pub fn plain(app: &App, kind: Kind, value: &Value) -> String {
    locale::text(app, kind, value)
}

fn none(out: &mut String) {
    out.push_str("<span class=\"none\">–</span>");
}

fn badge(out: &mut String, choices: &[Choice], value: &str) {
    let place = choices.iter().position(|choice| choice.value == value);
    let label = place
        .and_then(|place| choices.get(place))
        .map_or(value, |choice| choice.label);
    let _ = write!(out, "<span class=\"badge hue-{}\">", place.unwrap_or(0) % 6);
    label.render_to(out);
    out.push_str("</span>");
}

/// A moment: how long ago, with the exact time on demand.
pub fn time(out: &mut String, display: Display, at: i64) {
    let _ = write!(
        out,
        "<time class=\"time\" datetime=\"{}\" title=\"{}\" data-relative>",
        kernel::time::rfc3339(at),
        plain(display.app, Kind::Timestamp, &Value::Int(at))
    );
    relative(out, at - display.now);
    out.push_str("</time>");
}

/// A moment to the minute, and how long ago that is.
pub fn exactly(out: &mut String, display: Display, at: i64) {
    let exact = locale::moment(display.app.language, at);
    html! { span.exact { (exact) } " " }.render_to(out);
    time(out, display, at);
}

/// A moment to the minute as markup.
#[must_use]
pub fn exact_moment(display: Display, at: i64) -> Markup {
    let mut out = String::new();
    exactly(&mut out, display, at);
    PreEscaped(out)
}

/// A moment as markup.
#[must_use]
pub fn moment(display: Display, at: i64) -> Markup {
    let mut out = String::new();
    time(&mut out, display, at);
    PreEscaped(out)
}

const UNITS: [(&str, i64); 6] = [
    ("year", 31_536_000),
    ("month", 2_592_000),
    ("week", 604_800),
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
];

/// `3 hours ago`, `in 2 days`, from a difference in milliseconds.
pub fn relative(out: &mut String, difference: i64) {
    let seconds = difference / 1000;
    for (unit, size) in UNITS {
        let count = seconds / size;
        if count == 0 {
            continue;
        }
        let plural = if count.abs() == 1 { "" } else { "s" };
        let _ = match (unit, count) {
            ("day", -1) => write!(out, "yesterday"),
            ("day", 1) => write!(out, "tomorrow"),
            _ if count < 0 => write!(out, "{} {unit}{plural} ago", -count),
            _ => write!(out, "in {count} {unit}{plural}"),
        };
        return;
    }
    out.push_str("now");
}

/// The start of a text, cut between words.
#[must_use]
pub fn start_of(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most)
        .rev()
        .find(|place| text.is_char_boundary(*place))
        .unwrap_or(0);
    let head = text.get(..end).unwrap_or(text);
    head.rfind(char::is_whitespace)
        .filter(|place| *place > most / 2)
        .and_then(|place| head.get(..place))
        .unwrap_or(head)
}

/// Numbers stand at the right.
#[must_use]
pub const fn is_number(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Integer | Kind::Decimal(_) | Kind::Money | Kind::Percent
    )
}

/// Too long for a cell of a list.
#[must_use]
pub const fn is_long(kind: Kind) -> bool {
    matches!(kind, Kind::LongText | Kind::Markdown | Kind::Json)
}
