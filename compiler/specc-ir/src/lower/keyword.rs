//! The keywords of headings: which there are, whether they take a name, where they stand, which are compiled.

use specc_syntax::names::same_name;

/// What a heading declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    Roles,
    Accounts,
    Theme,
    Glossary,
    Entity,
    Choice,
    Access,
    Lifecycle,
    Rules,
    OnCreate,
    OnUpdate,
    OnDelete,
    Action,
    Function,
    Seed,
    Scenario,
    /// One that the language has and specc does not compile yet.
    NotYet,
}

/// Where a bare keyword stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Below nothing but prose.
    Top,
    /// Directly below an `Entity`.
    Entity,
    /// Anywhere.
    Anywhere,
}

/// A keyword as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) word: &'static str,
    pub(super) keyword: Keyword,
    /// `Word: Name` rather than `Word`.
    pub(super) named: bool,
    pub(super) place: Place,
}

const fn bare(word: &'static str, keyword: Keyword, place: Place) -> Entry {
    Entry {
        word,
        keyword,
        named: false,
        place,
    }
}

const fn named(word: &'static str, keyword: Keyword, place: Place) -> Entry {
    Entry {
        word,
        keyword,
        named: true,
        place,
    }
}

/// Every keyword.
pub(super) const KEYWORDS: &[Entry] = &[
    bare("Roles", Keyword::Roles, Place::Top),
    bare("Accounts", Keyword::Accounts, Place::Top),
    bare("Theme", Keyword::Theme, Place::Top),
    bare("Glossary", Keyword::Glossary, Place::Top),
    named("Entity", Keyword::Entity, Place::Anywhere),
    named("Choice", Keyword::Choice, Place::Anywhere),
    bare("Access", Keyword::Access, Place::Entity),
    named("Lifecycle", Keyword::Lifecycle, Place::Entity),
    bare("Rules", Keyword::Rules, Place::Entity),
    bare("On create", Keyword::OnCreate, Place::Entity),
    bare("On update", Keyword::OnUpdate, Place::Entity),
    bare("On delete", Keyword::OnDelete, Place::Entity),
    named("Action", Keyword::Action, Place::Anywhere),
    named("Function", Keyword::Function, Place::Anywhere),
    named("Seed", Keyword::Seed, Place::Anywhere),
    named("Scenario", Keyword::Scenario, Place::Anywhere),
    bare("API", Keyword::NotYet, Place::Top),
    named("Endpoint", Keyword::NotYet, Place::Anywhere),
    named("View", Keyword::NotYet, Place::Anywhere),
    named("Job", Keyword::NotYet, Place::Anywhere),
    named("Email", Keyword::NotYet, Place::Anywhere),
    named("Webhook", Keyword::NotYet, Place::Anywhere),
    named("Integration", Keyword::NotYet, Place::Anywhere),
    named("Page", Keyword::NotYet, Place::Anywhere),
    named("Budget", Keyword::NotYet, Place::Anywhere),
];

/// The keyword that is written like this.
pub(super) fn find(word: &str) -> Option<&'static Entry> {
    KEYWORDS.iter().find(|entry| same_name(entry.word, word))
}
