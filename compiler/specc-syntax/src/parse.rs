//! Markdown text to a [`Tree`]. Owns how pulldown-cmark's events become blocks and sections;
//! must not know what any keyword means.
//!
//! # MSFM
//!
//! Annotations are prose with an anchor; they are kept in [`Tree::notes`] and are no blocks.
//!
//! - A **block annotation** is a fence of three or more `~` without an info string that has a block above it in the
//!   same container (section, list item); blank lines between do not matter. It speaks of that block; the first
//!   thing below a heading speaks of the heading. A fence of backticks, one with an info string (`~~~sql`) and one
//!   with nothing above it is a code block.
//! - An **inline annotation** is `[text]{note}`: the text stays, brackets and note go, the anchor is the text.
//! - A **pointer** is `[text]{#id}`; it points to a fence `~~~#id` (or `~~~ #id`) anywhere in the file.
//! - `\[` makes a bracket mean itself. In code nothing is an annotation.

mod checks;
mod front;
mod heading;
mod inline;
mod notes;
#[cfg(test)]
pub(crate) mod tests;

use crate::diagnostic::Diagnostic;
use crate::names::suggest;
use crate::span::{FileId, Span};
use crate::tree::{Block, CodeBlock, Item, Line, List, Note, Row, Section, Table, Text, Tree};
use inline::{Inline, Source};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::collections::BTreeMap;
use std::ops::Range;

/// How deep lists may nest; deeper ones are a problem and stay prose, so that walking a tree never runs deep.
pub const MAX_LIST_DEPTH: usize = 24;

/// The largest file in bytes: offsets in spans have 32 bits.
pub const MAX_BYTES: usize = 1 << 30;

/// Parses one file. Never fails and never panics: what is wrong is in the diagnostics, ordered by place.
///
/// CommonMark with GFM's tables, task lists, strikethrough, alerts and footnotes, flat YAML front matter,
/// heading attributes `{prose}` and `{#id}`, and MSFM. Time is linear in the length of the text.
#[must_use]
pub fn parse(file: FileId, text: &str) -> (Tree, Vec<Diagnostic>) {
    if text.len() > MAX_BYTES {
        let problem = Diagnostic::new(
            "file-too-large",
            Span {
                file,
                start: 0,
                end: 0,
            },
            "the file has more than 1 GiB",
        )
        .help("split it; sections may stand in any file of the program");
        return (
            Tree {
                file,
                ..Tree::default()
            },
            vec![problem],
        );
    }
    let bom = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let front = front::front_matter(file, text, bom);
    let start = front.as_ref().map_or(bom, |front| front.end);
    let source = Source {
        file,
        text: text.get(start..).unwrap_or(""),
        base: u32::try_from(start).unwrap_or(0),
    };
    let mut builder = Builder::new(source);
    if let Some(front) = front {
        builder.tree.front_matter = front.entries;
        builder.problems = front.problems;
    }
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    for (event, range) in Parser::new_ext(source.text, options).into_offset_iter() {
        builder.event(event, range);
    }
    builder.finish()
}

/// Where the front matter (or a byte order mark) ends; 0 where there is none.
pub(crate) fn front_end(text: &str) -> usize {
    let bom = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    front::front_matter(FileId(0), text, bom).map_or(bom, |front| front.end)
}

/// What the current run of inline pieces will become.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    Paragraph,
    /// The text of a tight list item, which pulldown-cmark gives without a paragraph around it.
    Tight,
    Heading(u8),
    Cell,
}

enum Container {
    List(List),
    Item { item: Item, has_line: bool },
}

struct Builder<'a> {
    source: Source<'a>,
    tree: Tree,
    problems: Vec<Diagnostic>,
    open: Vec<Section>,
    containers: Vec<Container>,
    run: Option<(Run, Inline)>,
    table: Option<Table>,
    row: Vec<Line>,
    row_end: usize,
    code: Option<CodeBlock>,
    /// Depth inside a block that is kept as source, and where it starts.
    skip: Option<(usize, usize)>,
    annotated: bool,
    targets: BTreeMap<String, (Text, Span, bool)>,
    pointers: Vec<(Span, Text)>,
    end: u32,
}

impl<'a> Builder<'a> {
    fn new(source: Source<'a>) -> Builder<'a> {
        Builder {
            source,
            tree: Tree {
                file: source.file,
                ..Tree::default()
            },
            problems: Vec::new(),
            open: Vec::new(),
            containers: Vec::new(),
            run: None,
            table: None,
            row: Vec::new(),
            row_end: 0,
            code: None,
            skip: None,
            annotated: source.text.contains("]{"),
            targets: BTreeMap::new(),
            pointers: Vec::new(),
            end: source.base,
        }
    }

    fn event(&mut self, event: Event<'a>, range: Range<usize>) {
        if let Some((depth, start)) = self.skip {
            match event {
                Event::Start(_) => self.skip = Some((depth + 1, start)),
                Event::End(_) if depth == 0 => {
                    self.skip = None;
                    self.other(start..range.end);
                }
                Event::End(_) => self.skip = Some((depth - 1, start)),
                _ => {}
            }
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Rule => {
                self.flush_tight();
                self.other(range);
            }
            Event::Text(text) => match &mut self.code {
                Some(code) => code.text.push_str(&text),
                None => self.inline(|source, inline| inline.text(source, &text, &range)),
            },
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.inline(|source, inline| inline.code(source, &text, &range));
            }
            Event::SoftBreak | Event::HardBreak => {
                self.inline(|source, inline| inline.line_break(source, &range));
            }
            // a comment is not shown to a reader either
            Event::InlineHtml(text) | Event::Html(text) if !text.starts_with("<!--") => {
                self.inline(|source, inline| inline.text(source, &text, &range));
            }
            Event::InlineHtml(_)
            | Event::Html(_)
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_) => {}
        }
    }

    /// Runs `add` on the current run of pieces; a tight item's text opens one.
    fn inline(&mut self, add: impl FnOnce(Source<'a>, &mut Inline)) {
        let (_, inline) = self
            .run
            .get_or_insert_with(|| (Run::Tight, Inline::default()));
        add(self.source, inline);
    }

    fn start(&mut self, tag: Tag<'a>, range: Range<usize>) {
        match tag {
            Tag::Strong
            | Tag::Emphasis
            | Tag::Strikethrough
            | Tag::Link { .. }
            | Tag::Image { .. } => {}
            Tag::Superscript | Tag::Subscript | Tag::TableHead | Tag::TableRow | Tag::TableCell => {
            }
            _ => self.flush_tight(),
        }
        match tag {
            Tag::Paragraph => self.begin(Run::Paragraph),
            Tag::Heading { level, .. } if self.containers.is_empty() => {
                self.begin(Run::Heading(level_number(level)))
            }
            Tag::List(_) => {
                let depth = self.containers.len() / 2;
                if depth >= MAX_LIST_DEPTH {
                    let place = range.start
                        ..range.start
                            + self.source.slice(&range).lines().next().map_or(0, str::len);
                    self.problems.push(
                        Diagnostic::new(
                            "nesting-depth",
                            self.source.span(&place),
                            format!("lists nest more than {MAX_LIST_DEPTH} deep here"),
                        )
                        .help("move the inner lists into sections of their own"),
                    );
                    self.skip = Some((0, range.start));
                } else {
                    let span = self.source.span(&self.source.trim(range));
                    self.containers.push(Container::List(List {
                        items: Vec::new(),
                        span,
                    }));
                }
            }
            Tag::Item => {
                let span = self.source.span(&self.source.trim(range));
                let line = Line {
                    pieces: Vec::new(),
                    span: Span {
                        end: span.start,
                        ..span
                    },
                };
                let item = Item {
                    line,
                    blocks: Vec::new(),
                    span,
                };
                self.containers.push(Container::Item {
                    item,
                    has_line: false,
                });
            }
            Tag::Table(_) => {
                let span = self.source.span(&self.source.trim(range));
                self.table = Some(Table {
                    columns: Vec::new(),
                    rows: Vec::new(),
                    span,
                });
            }
            Tag::TableHead | Tag::TableRow => {
                let columns = self.table.as_ref().map_or(0, |table| table.columns.len());
                self.row = Vec::with_capacity(columns);
                self.row_end = range.start;
            }
            Tag::TableCell => self.begin(Run::Cell),
            Tag::CodeBlock(kind) => {
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.trim().to_owned(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some(CodeBlock {
                    info,
                    text: String::new(),
                    span: self.source.span(&range),
                });
            }
            Tag::Strong => self.inline(|_, inline| inline.strong(true, &range)),
            Tag::Strikethrough => self.inline(|_, inline| inline.struck(true, &range)),
            Tag::Emphasis
            | Tag::Link { .. }
            | Tag::Image { .. }
            | Tag::Superscript
            | Tag::Subscript => self.inline(|_, inline| inline.cover(&range)),
            // quotes, alerts, footnotes, HTML, headings inside items
            _ => self.skip = Some((0, range.start)),
        }
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::Paragraph => {
                if let Some((_, inline)) = self.run.take() {
                    let range = self.source.trim(range);
                    self.paragraph(inline, range);
                }
            }
            TagEnd::Heading(_) => {
                if let Some((Run::Heading(level), inline)) = self.run.take() {
                    self.heading(level, inline, self.source.trim(range));
                }
            }
            TagEnd::Item => {
                self.flush_tight();
                if let Some(Container::Item { item, .. }) = self.containers.pop()
                    && let Some(Container::List(list)) = self.containers.last_mut()
                {
                    list.items.push(item);
                }
            }
            TagEnd::List(_) => {
                if let Some(Container::List(list)) = self.containers.pop() {
                    self.push(Block::List(list));
                }
            }
            TagEnd::TableCell => {
                if let Some((_, inline)) = self.run.take() {
                    self.row_end = self.row_end.max(range.end);
                    let range = self.source.trim(range);
                    let line = self.line(inline, &range, true);
                    self.row.push(line);
                }
            }
            TagEnd::TableHead => {
                if let Some(table) = &mut self.table {
                    table.columns = std::mem::take(&mut self.row);
                }
            }
            TagEnd::TableRow => {
                if let Some(table) = &mut self.table {
                    checks::row(
                        self.source,
                        &range,
                        self.row_end,
                        table.columns.len(),
                        &mut self.problems,
                    );
                    let span = self.source.span(&self.source.trim(range));
                    table.rows.push(Row {
                        cells: std::mem::take(&mut self.row),
                        span,
                    });
                }
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.push(Block::Table(table));
                }
            }
            TagEnd::CodeBlock => {
                if let Some(code) = self.code.take() {
                    self.code_block(code, range);
                }
            }
            TagEnd::Strong => self.inline(|_, inline| inline.strong(false, &range)),
            TagEnd::Strikethrough => self.inline(|_, inline| inline.struck(false, &range)),
            _ => {}
        }
    }

    fn begin(&mut self, run: Run) {
        self.run = Some((run, Inline::default()));
    }

    /// Ends the text of a tight item.
    fn flush_tight(&mut self) {
        if self.run.as_ref().is_some_and(|(run, _)| *run == Run::Tight)
            && let Some((_, inline)) = self.run.take()
            && !(inline.is_empty() && inline.struck_out.is_none())
        {
            let range = inline.range();
            self.paragraph(inline, range);
        }
    }

    /// Finishes a run; `formal`: it stands where the language looks for meaning.
    fn line(&mut self, mut inline: Inline, range: &Range<usize>, formal: bool) -> Line {
        if formal {
            if let Some(at) = inline.stray {
                self.problems.push(
                    Diagnostic::new("stray-backtick", self.source.span(&(at..at + 1)), "this backtick has no partner, so that no code begins here")
                        .help("close the code with another backtick; inside a table write `|` as `\\|`; a backtick that means itself is `` \\` ``"),
                );
            }
            if let Some(struck) = &inline.struck_out {
                self.problems.push(
                    Diagnostic::new(
                        "struck-out",
                        self.source.span(struck),
                        "struck-out text does not count",
                    )
                    .help("remove it, or remove the `~~` around it"),
                );
            }
        }
        if self.annotated && self.source.slice(range).contains("]{") {
            for found in notes::take(self.source, &mut inline) {
                match found.text.text.strip_prefix('#') {
                    Some(id) if !id.is_empty() && !id.contains(char::is_whitespace) => {
                        self.pointers.push((
                            found.anchor,
                            Text {
                                text: id.to_owned(),
                                span: found.text.span,
                            },
                        ));
                    }
                    _ => self.tree.notes.push(Note {
                        anchor: found.anchor,
                        text: found.text,
                        id: None,
                    }),
                }
            }
        }
        inline.into_line(self.source.span(range))
    }

    fn paragraph(&mut self, inline: Inline, range: Range<usize>) {
        checks::paragraph(self.source, &range, &mut self.problems);
        let formal = !self.containers.is_empty();
        let line = self.line(inline, &range, formal);
        self.end = self.end.max(line.span.end);
        if let Some(Container::Item { item, has_line }) = self.containers.last_mut()
            && !*has_line
            && item.blocks.is_empty()
        {
            *has_line = true;
            item.line = line;
            return;
        }
        self.push(Block::Paragraph(line));
    }

    fn other(&mut self, range: Range<usize>) {
        let range = self.source.trim(range);
        let text = Text {
            text: self.source.slice(&range).to_owned(),
            span: self.source.span(&range),
        };
        self.push(Block::Other(text));
    }

    fn push(&mut self, block: Block) {
        self.end = self.end.max(block.span().end);
        match self.containers.last_mut() {
            Some(Container::Item { item, .. }) => item.blocks.push(block),
            Some(Container::List(_)) | None => match self.open.last_mut() {
                Some(section) => section.blocks.push(block),
                None => self.tree.preamble.push(block),
            },
        }
    }

    /// What an annotation at this point would speak of.
    fn above(&self) -> Option<Span> {
        match self.containers.last() {
            Some(Container::Item { item, has_line }) => item
                .blocks
                .last()
                .map(Block::span)
                .or_else(|| has_line.then_some(item.line.span)),
            Some(Container::List(_)) => None,
            None => match self.open.last() {
                Some(section) => Some(
                    section
                        .blocks
                        .last()
                        .map_or(section.heading.span, Block::span),
                ),
                None => self.tree.preamble.last().map(Block::span),
            },
        }
    }

    fn code_block(&mut self, mut code: CodeBlock, range: Range<usize>) {
        let range = match code.info.is_empty()
            && !self
                .source
                .slice(&range)
                .trim_start()
                .starts_with(['`', '~'])
        {
            // an indented block keeps its first blanks: they are part of it
            true => range.start..range.start + self.source.slice(&range).trim_end().len(),
            false => self.source.trim(range),
        };
        code.span = self.source.span(&range);
        let tildes = self.source.slice(&range).starts_with("~~~");
        let above = self.above();
        let text = || Text {
            text: code.text.trim().to_owned(),
            span: code.span,
        };
        if let Some(id) = code
            .info
            .strip_prefix('#')
            .filter(|id| tildes && !id.contains(char::is_whitespace))
        {
            self.end = self.end.max(code.span.end);
            if let Some((_, first, _)) = self.targets.get(id) {
                self.problems.push(
                    Diagnostic::new(
                        "duplicate-note",
                        code.span,
                        format!("there are two annotations with the id `{id}`"),
                    )
                    .label(*first, "first here")
                    .help("give one of them another id"),
                );
                return;
            }
            self.targets
                .insert(id.to_owned(), (text(), code.span, false));
        } else if let (true, true, Some(anchor)) = (tildes, code.info.is_empty(), above) {
            self.end = self.end.max(code.span.end);
            self.tree.notes.push(Note {
                anchor,
                text: text(),
                id: None,
            });
        } else {
            self.push(Block::Code(code));
        }
    }

    fn heading(&mut self, level: u8, inline: Inline, range: Range<usize>) {
        let line = self.line(inline, &range, true);
        let heading = heading::heading(self.source, line, &mut self.problems);
        self.close(level);
        self.end = self.end.max(heading.span.end);
        let span = heading.span;
        self.open.push(Section {
            level,
            heading,
            blocks: Vec::new(),
            sections: Vec::new(),
            span,
        });
    }

    /// Ends the sections of this level and deeper ones.
    fn close(&mut self, level: u8) {
        while self
            .open
            .last()
            .is_some_and(|section| section.level >= level)
        {
            let Some(mut section) = self.open.pop() else {
                break;
            };
            section.span.end = section.span.end.max(self.end);
            match self.open.last_mut() {
                Some(parent) => parent.sections.push(section),
                None => self.tree.sections.push(section),
            }
        }
    }

    fn finish(mut self) -> (Tree, Vec<Diagnostic>) {
        self.flush_tight();
        self.close(0);
        // bounds that keep a hostile file linear: how much text pointers copy, how many near names are looked for
        let mut copies = 8 * self.source.text.len() + (1 << 20);
        let mut suggestions = 32_u32;
        for (anchor, id) in std::mem::take(&mut self.pointers) {
            match self.targets.get_mut(&id.text) {
                Some((text, _, used)) => {
                    *used = true;
                    let fits = text.text.len() <= copies;
                    copies = copies.saturating_sub(text.text.len());
                    let copy = if fits {
                        text.text.clone()
                    } else {
                        String::new()
                    };
                    let text = Text {
                        text: copy,
                        span: text.span,
                    };
                    self.tree.notes.push(Note {
                        anchor,
                        text,
                        id: Some(id.text),
                    });
                }
                None => {
                    let near = match suggestions.checked_sub(1) {
                        Some(left) => {
                            suggestions = left;
                            suggest(&id.text, self.targets.keys().map(String::as_str))
                        }
                        None => None,
                    };
                    let message = format!("there is no annotation `~~~#{}` in this file", id.text);
                    let problem = Diagnostic::new("unknown-note", id.span, message);
                    self.problems.push(match near {
                        Some(near) => problem
                            .help(format!("did you mean `#{near}`?"))
                            .edit(id.span, format!("#{near}")),
                        None => {
                            problem.help(format!("add a fence `~~~#{}` with its text", id.text))
                        }
                    });
                }
            }
        }
        for (id, (text, span, used)) in &self.targets {
            if !used {
                self.problems.push(
                    Diagnostic::new(
                        "unused-note",
                        *span,
                        format!("nothing points to the annotation `#{id}`"),
                    )
                    .help(format!("write `[text]{{#{id}}}` where it belongs")),
                );
                self.tree.notes.push(Note {
                    anchor: *span,
                    text: text.clone(),
                    id: Some(id.clone()),
                });
            }
        }
        if !self.source.text.is_ascii() {
            checks::hidden(self.source, &mut self.problems);
        }
        self.tree
            .notes
            .sort_by_key(|note| (note.anchor, note.text.span));
        self.problems.sort_by_key(|problem| problem.span);
        (self.tree, self.problems)
    }
}

fn level_number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
