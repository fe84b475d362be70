//! What a file of generated code imports: found by reading the code once, with its paths made short.
//!
//! Code is written with whole paths (`crate::ticket::Ticket::of`), for whoever writes it need not know where it will
//! stand. Here they become what a person would write, and the `use` lines that go with them.

use crate::layout::{Kind, Token, tokens};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Where code stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// At the top of the app.
    Root,
    /// In the folder of an entity: its module.
    Entity(&'a str),
    /// Where an entity's fields and view are declared: its module.
    Model(&'a str),
}

/// Names by the path they come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imports {
    names: BTreeMap<String, Vec<String>>,
}

/// Words that stand for a module of the kernel, and modules of the app that are known by themselves.
const KERNEL: &[&str] = &["logic", "num", "text", "time"];
const APP: &[&str] = &["actions", "app", "choices", "functions", "roles", "seeds"];

impl Imports {
    fn add(&mut self, path: &str, name: &str) {
        if let Some(names) = self.names.get_mut(path) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        } else {
            self.names.insert(path.to_owned(), vec![name.to_owned()]);
        }
    }

    /// These without those that the others have.
    #[must_use]
    pub fn without(mut self, others: &Imports) -> Imports {
        for (path, names) in &mut self.names {
            if let Some(known) = others.names.get(path) {
                names.retain(|name| !known.contains(name));
            }
        }
        self.names.retain(|_, names| !names.is_empty());
        self
    }

    /// The `use` lines, sorted as rustfmt sorts them.
    #[must_use]
    pub fn lines(&self) -> String {
        // A module that is used by its name and for its names is one line.
        let mut trees: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (path, names) in &self.names {
            for name in names {
                let whole = format!("{path}::{name}");
                match self.names.get_key_value(&whole) {
                    Some((whole, _)) => trees.entry(whole).or_default().push("self"),
                    None => trees.entry(path).or_default().push(name),
                }
            }
        }
        let mut lines: Vec<(String, String)> = trees
            .into_iter()
            .map(|(path, mut names)| {
                names.sort_by(|left, right| {
                    (*left != "self")
                        .cmp(&(*right != "self"))
                        .then_with(|| version_order(left, right))
                });
                match names.as_slice() {
                    [name] if *name != "self" => {
                        let line = format!("{path}::{name}");
                        (line.clone(), line)
                    }
                    // Several names sort behind what else comes from their path.
                    names => (
                        format!("{path}::{{"),
                        format!("{path}::{{{}}}", names.join(", ")),
                    ),
                }
            })
            .collect();
        lines.sort_by(|(left, _), (right, _)| path_order(left, right));
        lines
            .into_iter()
            .map(|(_, line)| format!("use {line};\n"))
            .collect()
    }
}

/// The code with short paths, and what it needs for them.
#[must_use]
pub fn shortened(code: &str, place: Place<'_>) -> (String, Imports) {
    let mut imports = Imports::default();
    let mut out = String::with_capacity(code.len());
    let mut copied = 0;
    let mut before: Option<Token<'_>> = None;
    for token in tokens(code).unwrap_or_default() {
        let member = before.is_some_and(|before| before.kind == Kind::Punct && before.text == ".");
        before = Some(token);
        if token.kind != Kind::Word || member {
            continue;
        }
        if token.text.contains("crate::") {
            out.push_str(code.get(copied..token.at).unwrap_or(""));
            word(token.text, place, &mut imports, &mut out);
            copied = token.at + token.text.len();
        } else {
            known(token.text, place, &mut imports);
        }
    }
    out.push_str(code.get(copied..).unwrap_or(""));
    (out, imports)
}

/// A word with whole paths in it, also between its angle brackets.
fn word(text: &str, place: Place<'_>, imports: &mut Imports, out: &mut String) {
    let mut rest = text;
    while let Some(start) = rest.find("crate::") {
        let (head, path) = rest.split_at(start);
        out.push_str(head);
        let end = path
            .find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'))
            .unwrap_or(path.len());
        let (path, behind) = path.split_at(end);
        out.push_str(short(path, place, imports));
        rest = behind;
    }
    out.push_str(rest);
}

/// A whole path as it is written in this place.
fn short<'p>(path: &'p str, place: Place<'_>, imports: &mut Imports) -> &'p str {
    let inner = path.strip_prefix("crate::").unwrap_or(path);
    let Some((module, item)) = inner.split_once("::") else {
        return path;
    };
    let (Place::Entity(own) | Place::Model(own)) = place else {
        return foreign(path, inner, module, item, imports);
    };
    if module != own {
        return foreign(path, inner, module, item, imports);
    }
    if !matches!(place, Place::Model(_)) {
        let first = item.split("::").next().unwrap_or(item);
        imports.add("super", first);
    }
    item
}

fn foreign<'p>(
    path: &'p str,
    inner: &'p str,
    module: &str,
    item: &'p str,
    imports: &mut Imports,
) -> &'p str {
    let first = item.split("::").next().unwrap_or(item);
    let is_view = first.starts_with(|letter: char| letter.is_ascii_uppercase())
        && first.contains(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        && !APP.contains(&module);
    if is_view {
        imports.add(&format!("crate::{module}"), first);
        return item;
    }
    // A module of that name is imported from elsewhere.
    if KERNEL.contains(&module) || module == "field" {
        return path;
    }
    imports.add("crate", module);
    inner
}

/// Names that code uses without saying where they come from.
fn known(text: &str, place: Place<'_>, imports: &mut Imports) {
    let (head, is_path) = match text.split_once("::") {
        Some((head, _)) => (head, true),
        None => (text, false),
    };
    let path = match head {
        "logic" | "num" | "text" | "time" if is_path => "kernel",
        "app" | "choices" | "roles" if is_path => "crate",
        "field" if is_path && matches!(place, Place::Entity(_)) => "super",
        "Value" => "kernel::value",
        "Choice" | "Kind" => "kernel::kind",
        "Caller" => "engine::caller",
        "Authority" | "Operation" | "Row" | "To" | "nothing" => "engine::operation",
        "Refusal" => "engine::refusal",
        "At" => "engine::sign",
        "ALL" | "Accounts" | "Action" | "Answer" | "App" | "Check" | "Computed" | "Entity"
        | "Field" | "FieldDefault" | "Fields" | "Grant" | "Grants" | "Hook" | "Input"
        | "OnDelete" | "Returns" | "Role" | "Rule" | "RuleOn" | "Seed" | "SeedTimes"
        | "SeedValue" | "Step" | "Tenant" | "WatchedRows" | "Watcher" => "engine::def",
        _ => return,
    };
    imports.add(path, head);
}

/// `self`, `super` and `crate` first, then by name.
fn path_order(left: &str, right: &str) -> Ordering {
    let rank = |word: &str| match word {
        "self" => 0,
        "super" => 1,
        "crate" => 2,
        "{" => 4,
        _ => 3,
    };
    let (mut left, mut right) = (left.split("::"), right.split("::"));
    loop {
        match (left.next(), right.next()) {
            (Some(left), Some(right)) => {
                let order = rank(left)
                    .cmp(&rank(right))
                    .then_with(|| version_order(left, right));
                if order != Ordering::Equal {
                    return order;
                }
            }
            (left, right) => return left.is_some().cmp(&right.is_some()),
        }
    }
}

/// The order of names in the style guide: `_` before all else, numbers by their value.
#[must_use]
pub fn version_order(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (chunks(left).into_iter(), chunks(right).into_iter());
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some("_"), Some("_")) => Ordering::Equal,
            (Some("_"), Some(_)) => Ordering::Less,
            (Some(_), Some("_")) => Ordering::Greater,
            (Some(left), Some(right)) => match (left.parse::<u64>(), right.parse::<u64>()) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                _ => left.cmp(right),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Parts that are `_`, digits, or neither.
fn chunks(name: &str) -> Vec<&str> {
    let kind = |byte: u8| match byte {
        b'_' => 0,
        b'0'..=b'9' => 1,
        _ => 2,
    };
    let mut out = Vec::new();
    let mut start = 0;
    for (at, pair) in name.as_bytes().windows(2).enumerate() {
        if let [left, right] = pair
            && (kind(*left) != kind(*right) || *left == b'_')
        {
            out.extend(name.get(start..=at));
            start = at + 1;
        }
    }
    out.extend(name.get(start..));
    out
}
