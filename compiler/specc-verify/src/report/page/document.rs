//! Markdown as HTML, with marks where something stands at a line. Whatever an author writes stays text: no HTML of theirs
//! goes into the page, and nothing is fetched.

use super::{Mark, Marked, Noted, escape, shape};
use crate::report::Report;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use specc_syntax::span::SourceFile;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

/// Something that can have a mark.
struct Unit {
    range: Range<usize>,
    noted: Option<Noted>,
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
}

fn is_unit(tag: &Tag<'_>) -> bool {
    matches!(
        tag,
        Tag::Heading { .. }
            | Tag::Paragraph
            | Tag::Item
            | Tag::TableRow
            | Tag::TableHead
            | Tag::CodeBlock(_)
    )
}

/// Writes a file; what is marked is appended in the order of the page.
pub(super) fn write(
    report: &Report,
    (number, file): (usize, &SourceFile),
    notes: BTreeMap<u32, Noted>,
    marked: &mut Vec<Marked>,
    out: &mut String,
) {
    let mut units: Vec<Unit> = Parser::new_ext(&file.text, options())
        .into_offset_iter()
        .filter_map(|(event, range)| match event {
            Event::Start(tag) if is_unit(&tag) => Some(Unit { range, noted: None }),
            _ => None,
        })
        .collect();
    let mut starts = vec![0];
    starts.extend(file.text.match_indices('\n').map(|(at, _)| at + 1));
    for (line, noted) in notes {
        let at = usize::try_from(line).unwrap_or(1).saturating_sub(1);
        let start = starts.get(at).copied().unwrap_or(0);
        let end = starts.get(at + 1).copied().unwrap_or(file.text.len());
        // The smallest that reaches into the line.
        let smallest = units
            .iter_mut()
            .filter(|unit| unit.range.start < end.max(start + 1) && unit.range.end > start)
            .min_by_key(|unit| unit.range.len());
        if let Some(unit) = smallest {
            unit.noted.get_or_insert_default().add(noted);
        }
    }
    let _ = write!(
        out,
        "<article aria-label=\"{path}\">\n<p class=\"file\">{path}</p>\n",
        path = escape(&file.path)
    );
    let mut writer = Writer {
        report,
        out,
        marked,
        units: units.into_iter(),
        file: number,
        text: &file.text,
        starts: &starts,
        in_head: false,
        hidden: 0,
        cells: 0,
    };
    for (event, range) in Parser::new_ext(&file.text, options()).into_offset_iter() {
        writer.event(event, &range);
    }
    out.push_str("</article>\n");
}

struct Writer<'w> {
    report: &'w Report,
    out: &'w mut String,
    marked: &'w mut Vec<Marked>,
    units: std::vec::IntoIter<Unit>,
    file: usize,
    text: &'w str,
    starts: &'w [usize],
    in_head: bool,
    /// Inside of what is not shown.
    hidden: u32,
    /// Cells of this row so far.
    cells: u32,
}

impl Writer<'_> {
    fn event(&mut self, event: Event<'_>, range: &Range<usize>) {
        match event {
            Event::Start(Tag::MetadataBlock(_)) => self.hidden += 1,
            Event::End(TagEnd::MetadataBlock(_)) => self.hidden = self.hidden.saturating_sub(1),
            _ if self.hidden > 0 => {}
            Event::Start(tag) => self.start(&tag, range),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                self.out.push_str(&escape(&text));
            }
            Event::Code(code) | Event::InlineMath(code) | Event::DisplayMath(code) => {
                let _ = write!(self.out, "<code>{}</code>", escape(&code));
            }
            Event::SoftBreak => self.out.push('\n'),
            Event::HardBreak => self.out.push_str("<br>"),
            Event::Rule => self.out.push_str("<hr>\n"),
            Event::FootnoteReference(name) => {
                let _ = write!(self.out, "<sup>{}</sup>", escape(&name));
            }
            Event::TaskListMarker(done) => {
                self.out.push_str(if done { "☑ " } else { "☐ " });
            }
        }
    }

    fn start(&mut self, tag: &Tag<'_>, range: &Range<usize>) {
        let (attributes, button) = if is_unit(tag) {
            self.unit(range)
        } else {
            (String::new(), String::new())
        };
        let open = match tag {
            Tag::Paragraph => format!("<p{attributes}>{button}"),
            Tag::Heading { level, .. } => {
                let level = heading(*level);
                format!("<h{level}{attributes}>{button}")
            }
            Tag::BlockQuote(_) => "<blockquote>\n".to_owned(),
            Tag::CodeBlock(kind) => {
                let name = match kind {
                    CodeBlockKind::Fenced(name) if !name.is_empty() => {
                        format!("<span class=\"kind\">{}</span>", escape(name))
                    }
                    _ => String::new(),
                };
                format!("<div class=\"code\"{attributes}>{button}{name}<pre tabindex=\"0\"><code>")
            }
            Tag::HtmlBlock => "<pre tabindex=\"0\"><code>".to_owned(),
            Tag::List(None) => "<ul>\n".to_owned(),
            Tag::List(Some(first)) => format!("<ol start=\"{first}\">\n"),
            Tag::Item => format!("<li{attributes}>{button}"),
            Tag::FootnoteDefinition(name) => {
                format!("<div class=\"footnote\"><sup>{}</sup> ", escape(name))
            }
            Tag::Table(_) => {
                let line = self.line(range.start);
                format!(
                    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table at line {line}\"><table>\n"
                )
            }
            Tag::TableHead => {
                self.in_head = true;
                self.cells = 0;
                let empty = if button.is_empty() {
                    "<span class=\"away\">Mark</span>"
                } else {
                    &button
                };
                format!("<thead><tr{attributes}><th scope=\"col\" class=\"m\">{empty}</th>")
            }
            Tag::TableRow => {
                self.cells = 0;
                format!("<tr{attributes}><td class=\"m\">{button}</td>")
            }
            Tag::TableCell => {
                self.cells += 1;
                match (self.in_head, self.cells) {
                    (true, _) => "<th scope=\"col\">".to_owned(),
                    (false, _) => "<td>".to_owned(),
                }
            }
            Tag::Emphasis => "<em>".to_owned(),
            Tag::Strong => "<strong>".to_owned(),
            Tag::Strikethrough => "<s>".to_owned(),
            Tag::Superscript => "<sup>".to_owned(),
            Tag::Subscript => "<sub>".to_owned(),
            Tag::Link { dest_url, .. } if follows(dest_url) => {
                format!("<a rel=\"noreferrer\" href=\"{}\">", escape(dest_url))
            }
            Tag::Link { .. } => "<a>".to_owned(),
            Tag::Image { .. } => "<span class=\"picture\">".to_owned(),
            Tag::DefinitionList => "<dl>".to_owned(),
            Tag::DefinitionListTitle => "<dt>".to_owned(),
            Tag::DefinitionListDefinition => "<dd>".to_owned(),
            Tag::MetadataBlock(_) => String::new(),
        };
        self.out.push_str(&open);
    }

    fn end(&mut self, tag: TagEnd) {
        let close = match tag {
            TagEnd::Paragraph => "</p>\n",
            TagEnd::Heading(level) => {
                let _ = writeln!(self.out, "</h{}>", heading(level));
                ""
            }
            TagEnd::BlockQuote(_) => "</blockquote>\n",
            TagEnd::CodeBlock => "</code></pre></div>\n",
            TagEnd::HtmlBlock => "</code></pre>\n",
            TagEnd::List(true) => "</ol>\n",
            TagEnd::List(false) => "</ul>\n",
            TagEnd::Item => "</li>\n",
            TagEnd::FootnoteDefinition => "</div>\n",
            TagEnd::Table => "</tbody></table></div>\n",
            TagEnd::TableHead => {
                self.in_head = false;
                "</tr></thead><tbody>\n"
            }
            TagEnd::TableRow => "</tr>\n",
            TagEnd::TableCell if self.in_head => "</th>",
            TagEnd::TableCell => "</td>",
            TagEnd::Emphasis => "</em>",
            TagEnd::Strong => "</strong>",
            TagEnd::Strikethrough => "</s>",
            TagEnd::Superscript => "</sup>",
            TagEnd::Subscript => "</sub>",
            TagEnd::Link => "</a>",
            TagEnd::Image => "</span>",
            TagEnd::DefinitionList => "</dl>",
            TagEnd::DefinitionListTitle => "</dt>",
            TagEnd::DefinitionListDefinition => "</dd>",
            TagEnd::MetadataBlock(_) => "",
        };
        self.out.push_str(close);
    }

    fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// The attributes of what can have a mark, and the mark.
    fn unit(&mut self, range: &Range<usize>) -> (String, String) {
        let id = format!("f{}-{}", self.file, self.line(range.start));
        let noted = self.units.next().and_then(|unit| unit.noted);
        let Some(noted) = noted else {
            return (" data-prose".to_owned(), String::new());
        };
        let Some(mark) = noted.mark(self.report) else {
            return (" data-prose".to_owned(), String::new());
        };
        let all = noted.outcomes.len();
        let outcomes = noted
            .outcomes
            .iter()
            .filter_map(|at| self.report.results.get(*at));
        let so = outcomes
            .filter(|outcome| Mark::of(&outcome.verdict) == mark)
            .count();
        let (number, said) = match (mark, all) {
            (Mark::Unproven, _) => (String::new(), "unproven".to_owned()),
            (Mark::Held, _) => (all.to_string(), format!("held, {all} of {all}")),
            (mark, _) => (so.to_string(), format!("{}, {so} of {all}", mark.label())),
        };
        let text = self.text.get(range.clone()).unwrap_or_default();
        let text: String = text
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(80)
            .collect();
        let button = format!(
            "<button type=\"button\" class=\"mark {key}\" data-unit=\"{at}\" aria-haspopup=\"dialog\" aria-label=\"{said}: {text}\">{}<span aria-hidden=\"true\">{number}</span></button>",
            shape(mark),
            key = mark.key(),
            at = self.marked.len(),
            text = escape(text.trim_matches(['|', '-', '#', ' '])),
        );
        let attributes = format!(" id=\"{id}\" class=\"u\" data-mark=\"{}\"", mark.key());
        self.marked.push(Marked { mark, noted, id });
        (attributes, button)
    }
}

/// A level below the page's own heading.
fn heading(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// A link that does nothing but lead somewhere.
fn follows(address: &str) -> bool {
    let start: String = address.chars().take(8).collect::<String>().to_lowercase();
    ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| start.starts_with(scheme))
}
