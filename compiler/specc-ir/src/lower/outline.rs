//! Finds the formal sections of all trees by their headings, and the headings that look formal and are not.
//! Knows headings only; what stands below them is read by the module of each construct.

use super::formal::{self, has_columns, not_compiled_yet};
use super::keyword::{self, Entry, KEYWORDS, Keyword, Place};
use crate::ir::Verb;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{same_name, suggest};
use specc_syntax::tree::{Section, Text, Tree};

/// A section with its name.
pub(super) type Named<'t> = (&'t Section, Text);

/// The sections of an entity.
#[derive(Debug)]
pub(super) struct EntityPart<'t> {
    pub(super) section: &'t Section,
    pub(super) name: Text,
    pub(super) access: Vec<&'t Section>,
    pub(super) lifecycles: Vec<Named<'t>>,
    pub(super) rules: Vec<&'t Section>,
    pub(super) hooks: Vec<(Verb, &'t Section)>,
}

/// The formal sections, each kind in source order.
#[derive(Debug, Default)]
pub(super) struct Outline<'t> {
    pub(super) roles: Vec<&'t Section>,
    pub(super) accounts: Vec<&'t Section>,
    pub(super) themes: Vec<&'t Section>,
    pub(super) glossaries: Vec<&'t Section>,
    pub(super) entities: Vec<EntityPart<'t>>,
    pub(super) choices: Vec<Named<'t>>,
    /// With the entity the section stands in, by position in `entities`.
    pub(super) actions: Vec<(&'t Section, Text, Option<usize>)>,
    pub(super) functions: Vec<Named<'t>>,
    pub(super) seeds: Vec<Named<'t>>,
    pub(super) scenarios: Vec<Named<'t>>,
    /// Sections that are prose.
    pub(super) prose: Vec<&'t Section>,
}

/// What a section stands in.
#[derive(Debug, Clone, Copy)]
enum Context {
    /// Nothing but prose.
    Top,
    /// Directly in this entity.
    Entity(usize),
    /// Somewhere in another formal section, or in prose below an entity.
    Inside(Option<usize>),
}

impl Context {
    fn entity(self) -> Option<usize> {
        match self {
            Context::Top => None,
            Context::Entity(at) => Some(at),
            Context::Inside(at) => at,
        }
    }
}

/// Reads the headings of all trees.
pub(super) fn outline<'t>(trees: &'t [Tree], out: &mut Vec<Diagnostic>) -> Outline<'t> {
    let mut outline = Outline::default();
    for tree in trees {
        for section in &tree.sections {
            visit(section, Context::Top, &mut outline, out);
        }
    }
    outline
}

fn visit<'t>(
    section: &'t Section,
    context: Context,
    outline: &mut Outline<'t>,
    out: &mut Vec<Diagnostic>,
) {
    if section.heading.prose {
        return;
    }
    let inner = match &section.heading.keyword {
        Some(word) => with_colon(section, word, context, outline, out),
        None => without_colon(section, context, outline, out),
    };
    if let Some(inner) = inner {
        for below in &section.sections {
            visit(below, inner, outline, out);
        }
    }
}

/// A heading `Word: Name`. Gives what its own sections stand in; `None` where they are not looked at.
fn with_colon<'t>(
    section: &'t Section,
    word: &'t Text,
    context: Context,
    outline: &mut Outline<'t>,
    out: &mut Vec<Diagnostic>,
) -> Option<Context> {
    let name = section.heading.name.clone().unwrap_or_default();
    let Some(entry) = keyword::find(&word.text) else {
        let near = suggest(&word.text, KEYWORDS.iter().map(|entry| entry.word));
        let tables = super::known_tables();
        let columns = tables
            .iter()
            .find(|columns| section.tables().any(|table| has_columns(table, columns)));
        let diagnostic = match (near, columns) {
            (Some(near), _) => Diagnostic::new(
                "unknown-keyword",
                word.span,
                format!("`{}` is no keyword", word.text),
            )
            .help(format!(
                "did you mean `{near}`? put `{{prose}}` behind the heading if it is prose"
            ))
            .edit(word.span, near),
            (None, Some(columns)) => Diagnostic::new(
                "unknown-keyword",
                word.span,
                format!(
                    "`{}` is no keyword, but {} stands below it",
                    word.text, columns.table
                ),
            )
            .help("write the keyword that is meant, or put `{prose}` behind the heading"),
            (None, None) => {
                outline.prose.push(section);
                return Some(prose_context(context));
            }
        };
        out.push(diagnostic);
        return None;
    };
    if entry.keyword == Keyword::NotYet {
        out.push(not_compiled_yet(
            section.heading.span,
            &format!("`{}`", entry.word),
        ));
        return None;
    }
    if !entry.named {
        let what = if entry.place == Place::Entity {
            "directly below the heading of its entity"
        } else {
            "at the top"
        };
        out.push(
            Diagnostic::new(
                "keyword-takes-no-name",
                section.heading.span,
                format!("`{}` takes no name", entry.word),
            )
            .help(format!("write the heading `{}` alone, {what}", entry.word)),
        );
        return None;
    }
    if name.text.is_empty() {
        out.push(
            Diagnostic::new(
                "missing-name",
                section.heading.span,
                format!("`{}:` lacks a name", entry.word),
            )
            .help(format!("write `{}: Name`", entry.word)),
        );
        return None;
    }
    named(section, name, entry, context, outline, out)
}

fn named<'t>(
    section: &'t Section,
    name: Text,
    entry: &Entry,
    context: Context,
    outline: &mut Outline<'t>,
    out: &mut Vec<Diagnostic>,
) -> Option<Context> {
    match entry.keyword {
        Keyword::Entity => {
            outline.entities.push(EntityPart {
                section,
                name,
                access: Vec::new(),
                lifecycles: Vec::new(),
                rules: Vec::new(),
                hooks: Vec::new(),
            });
            return Some(Context::Entity(outline.entities.len() - 1));
        }
        Keyword::Choice => outline.choices.push((section, name)),
        Keyword::Action => outline.actions.push((section, name, context.entity())),
        Keyword::Function => outline.functions.push((section, name)),
        Keyword::Seed => {
            outline.seeds.push((section, name));
            for below in section
                .sections
                .iter()
                .filter(|below| below.heading.keyword.is_some())
            {
                visit(below, Context::Inside(None), outline, out);
            }
            return None;
        }
        Keyword::Scenario => outline.scenarios.push((section, name)),
        Keyword::Lifecycle => match context {
            Context::Entity(at) => {
                if let Some(part) = outline.entities.get_mut(at) {
                    part.lifecycles.push((section, name));
                }
            }
            _ => out.push(
                Diagnostic::new(
                    "lifecycle-outside-entity",
                    section.heading.span,
                    "a `Lifecycle` stands directly below its entity",
                )
                .help("move it below the heading of its entity, one level deeper"),
            ),
        },
        _ => {}
    }
    Some(Context::Inside(context.entity()))
}

/// A heading that is one word of prose, as a title often is (`Notes`), is no slip of a short keyword
/// (`Roles`): people seldom get the first letter wrong.
fn plausible(near: &str, text: &str) -> bool {
    let first = |text: &str| {
        text.chars()
            .next()
            .map(|letter| letter.to_lowercase().to_string())
    };
    !same_name(near, text) && first(near) == first(text)
}

/// A heading without a colon.
fn without_colon<'t>(
    section: &'t Section,
    context: Context,
    outline: &mut Outline<'t>,
    out: &mut Vec<Diagnostic>,
) -> Option<Context> {
    let text = &section.heading.text;
    let Some(entry) = keyword::find(&text.text) else {
        let here = KEYWORDS
            .iter()
            .filter(|entry| !entry.named && fits(entry.place, context))
            .map(|entry| entry.word);
        if let Some(near) = suggest(&text.text, here).filter(|near| plausible(near, &text.text)) {
            out.push(
                Diagnostic::new(
                    "unknown-keyword",
                    text.span,
                    format!("`{}` is nearly the keyword `{near}`", text.text),
                )
                .help(format!(
                    "write `{near}`, or put `{{prose}}` behind the heading if it is prose"
                ))
                .edit(text.span, near),
            );
            return None;
        }
        outline.prose.push(section);
        let tables = super::known_tables();
        if let Some(columns) = tables
            .iter()
            .find(|columns| section.tables().any(|table| has_columns(table, columns)))
            && matches!(context, Context::Entity(_))
        {
            out.push(
                Diagnostic::new(
                    "prose-table",
                    text.span,
                    format!(
                        "`{}` is no keyword, so {} below it is prose",
                        text.text, columns.table
                    ),
                )
                .help("write the keyword that is meant, or put `{prose}` behind the heading"),
            );
        }
        return Some(prose_context(context));
    };
    if entry.named {
        out.push(
            Diagnostic::new(
                "keyword-without-name",
                text.span,
                format!("the heading `{}` has no name, so it is prose", text.text),
            )
            .help(format!(
                "write `{}: Name`, or put `{{prose}}` behind the heading",
                entry.word
            )),
        );
        outline.prose.push(section);
        return Some(prose_context(context));
    }
    if entry.keyword == Keyword::NotYet {
        out.push(not_compiled_yet(
            section.heading.span,
            &format!("`{}`", entry.word),
        ));
        return None;
    }
    if !fits(entry.place, context) {
        let place = match entry.place {
            Place::Entity => "one level below the heading of an entity",
            Place::Top | Place::Anywhere => "at the top, in no other section",
        };
        out.push(
            Diagnostic::new(
                "misplaced-keyword",
                text.span,
                format!("`{}` stands outside its place, so it is prose", entry.word),
            )
            .help(format!("it belongs {place}")),
        );
        outline.prose.push(section);
        return Some(prose_context(context));
    }
    match (entry.keyword, context) {
        (Keyword::Roles, _) => outline.roles.push(section),
        (Keyword::Accounts, _) => outline.accounts.push(section),
        (Keyword::Theme, _) => outline.themes.push(section),
        (Keyword::Glossary, _) => outline.glossaries.push(section),
        (keyword, Context::Entity(at)) => {
            if let Some(part) = outline.entities.get_mut(at) {
                match keyword {
                    Keyword::Access => part.access.push(section),
                    Keyword::Rules => part.rules.push(section),
                    Keyword::OnCreate => part.hooks.push((Verb::Create, section)),
                    Keyword::OnUpdate => part.hooks.push((Verb::Update, section)),
                    Keyword::OnDelete => part.hooks.push((Verb::Delete, section)),
                    _ => {}
                }
            }
        }
        _ => {}
    }
    Some(Context::Inside(context.entity()))
}

fn fits(place: Place, context: Context) -> bool {
    match place {
        Place::Top => matches!(context, Context::Top),
        Place::Entity => matches!(context, Context::Entity(_)),
        Place::Anywhere => true,
    }
}

fn prose_context(context: Context) -> Context {
    match context {
        Context::Top => Context::Top,
        Context::Entity(at) => Context::Inside(Some(at)),
        Context::Inside(at) => Context::Inside(at),
    }
}

/// The prose of a section as its author wrote it: paragraphs, code blocks, quotes, and lists that are not formal.
pub(super) fn about(
    section: &Section,
    sources: &specc_syntax::span::Sources,
    formal_items: bool,
) -> String {
    use specc_syntax::tree::Block;
    let mut parts = Vec::new();
    for block in &section.blocks {
        let keep = match block {
            Block::Paragraph(_) | Block::Code(_) | Block::Other(_) => true,
            Block::List(list) => {
                !formal_items && list.items.iter().all(|item| item.key_value().is_none())
            }
            Block::Table(_) => false,
        };
        if keep {
            let text = sources.text(block.span());
            parts.push(match block {
                Block::Code(_) => text.trim().to_owned(),
                Block::List(list) => without_blanks(with_one_marker(text, list).trim()),
                _ => without_blanks(text.trim()),
            });
        }
    }
    parts.join("\n\n")
}

/// A list whose items all begin with `-`, as it means the same with `*` and `+`.
fn with_one_marker(text: &str, list: &specc_syntax::tree::List) -> String {
    fn starts(list: &specc_syntax::tree::List, out: &mut Vec<u32>) {
        for item in &list.items {
            out.push(item.span.start);
            for block in &item.blocks {
                if let specc_syntax::tree::Block::List(inner) = block {
                    starts(inner, out);
                }
            }
        }
    }
    let mut at = Vec::new();
    starts(list, &mut at);
    let mut out = text.to_owned();
    for start in at {
        let start = start.saturating_sub(list.span.start) as usize;
        if matches!(out.as_bytes().get(start), Some(b'*' | b'+')) {
            out.replace_range(start..=start, "-");
        }
    }
    out
}

/// Lines without blanks at their ends, which nobody sees; two of them before a further line break it.
fn without_blanks(text: &str) -> String {
    let mut lines = text.split('\n').peekable();
    let mut out = String::with_capacity(text.len());
    while let Some(line) = lines.next() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let kept = line.trim_end_matches([' ', '\t']);
        let breaks =
            line.ends_with("  ") && lines.peek().is_some_and(|next| !next.trim().is_empty());
        out.push_str(if breaks { line } else { kept });
        if lines.peek().is_some() {
            out.push('\n');
        }
    }
    out
}

/// Where a name was declared first, by folded name.
#[derive(Debug, Default)]
pub(super) struct Declared {
    seen: std::collections::HashMap<String, specc_syntax::span::Span>,
}

impl Declared {
    /// Notes a name; reports it and answers no where it was there already.
    pub(super) fn add(&mut self, kind: &str, name: &Text, out: &mut Vec<Diagnostic>) -> bool {
        match self.seen.entry(formal::fold(&name.text)) {
            std::collections::hash_map::Entry::Vacant(slot) => {
                slot.insert(name.span);
                true
            }
            std::collections::hash_map::Entry::Occupied(first) => {
                let diagnostic = Diagnostic::new(
                    "duplicate-name",
                    name.span,
                    format!("{kind} `{}` is declared twice", name.text),
                );
                out.push(if *first.get() == specc_syntax::span::Span::default() {
                    diagnostic.help("it is built in; choose another name")
                } else {
                    diagnostic
                        .label(*first.get(), "first declared here")
                        .help("letter case, spaces, `-` and `_` make no difference; rename one of the two")
                });
                false
            }
        }
    }
}
