//! One program that is many: a build for the judge's own proof, in which an environment variable says which sentence is
//! wrong. What differs between the program and a mutant of it stands twice, item by item; the rest is shared.
//!
//! The code is read as it is rendered, so that what is judged is what is shipped, changed in one place. Nothing of this
//! is part of an app that is served.

mod items;

use crate::plan::plan;
use crate::render::{RenderedFile, code, render};
use crate::schema::Refused;
use items::{Code, Key, Module};
use rayon::prelude::*;
use specc_ir::ir::Ir;
use specc_syntax::span::Sources;
use std::collections::{BTreeMap, BTreeSet};

/// The variable that says which mutant is to run, by its position from 1.
pub const VARIABLE: &str = "SPECC_MUTANT";

/// The program with its mutants.
#[derive(Debug)]
pub struct Switched {
    /// The app's files.
    pub files: Vec<RenderedFile>,
    /// Mutants, by position, that come to the very same code.
    pub same: Vec<usize>,
    /// Mutants, by position, that can't be switched to, with the reason.
    pub unfit: Vec<(usize, String)>,
}

/// Renders a program with its mutants.
///
/// # Errors
/// What cannot be placed of the program itself.
pub fn switched(ir: &Ir, sources: &Sources, mutants: &[Ir]) -> Result<Switched, Vec<Refused>> {
    let first = plan(ir, sources, &[])?;
    let mut files = render(&first, ir, sources);
    let known = code(&first, ir, sources);
    let original = Code::read(&known).map_err(|reason| vec![refused("the program", reason)])?;
    type Files = Vec<(String, String)>;
    let rendered: Vec<Result<Files, String>> = mutants
        .par_iter()
        .map(|mutant| {
            let plan = plan(mutant, sources, &[]).map_err(|refused| {
                let first = refused.first();
                first.map_or_else(String::new, ToString::to_string)
            })?;
            let mut files = code(&plan, mutant, sources);
            files.retain(|file| !known.contains(file));
            Ok(files)
        })
        .collect();
    let variants = rendered.into_iter().enumerate().map(|(at, files)| {
        let files = files?;
        if files.is_empty() {
            return Ok(None);
        }
        Variant::between(at + 1, &original, &Code::read(&files)?)
    });
    let (mut same, mut unfit, mut fit) = (Vec::new(), Vec::new(), Vec::new());
    for (at, variant) in variants.enumerate() {
        match variant {
            Ok(Some(variant)) => fit.push(variant),
            Ok(None) => same.push(at),
            Err(reason) => unfit.push((at, reason)),
        }
    }
    let mut texts = written(&original, &fit);
    texts.insert("src/switch.rs".to_owned(), switch());
    for file in &mut files {
        if let Some(text) = texts.remove(&file.path) {
            file.text = text;
        }
    }
    files.extend(texts.into_iter().map(|(path, text)| RenderedFile {
        path,
        text,
        sources: Vec::new(),
        keep: false,
    }));
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(Switched { files, same, unfit })
}

fn refused(what: &str, message: String) -> Refused {
    Refused {
        what: what.to_owned(),
        message,
        count: String::new(),
    }
}

fn switch() -> String {
    format!(
        "//! Which sentence is wrong.\n\n\
         use std::{{env, sync::LazyLock}};\n\n\
         static ACTIVE: LazyLock<u32> = LazyLock::new(|| {{\n\
         \x20   env::var({VARIABLE:?}).ok().and_then(|text| text.parse().ok()).unwrap_or(0)\n\
         }});\n\n\
         /// The position of the mutant that runs; 0 for none.\n\
         pub fn active() -> u32 {{\n    *ACTIVE\n}}\n"
    )
}

/// What a mutant has otherwise.
struct Variant {
    number: usize,
    /// By module and item: the item, renamed.
    items: BTreeMap<(Module, Key), syn::Item>,
    /// What the mutant's code imports beyond the program's.
    uses: BTreeMap<Module, Vec<syn::ItemUse>>,
}

impl Variant {
    fn between(number: usize, original: &Code, other: &Code) -> Result<Option<Variant>, String> {
        let mut items: BTreeMap<(Module, Key), syn::Item> = BTreeMap::new();
        let mut uses = BTreeMap::new();
        // Names that are written otherwise in this mutant: what is new, and data that differs.
        let mut renamed: BTreeSet<(Module, String)> = BTreeSet::new();
        for (module, file) in &other.files {
            let Some(before) = original.files.get(module) else {
                return Err(format!("{} is new", module.path()));
            };
            for (key, item) in &file.items {
                let known = before.items.get(key);
                if known.is_some_and(|known| items::same(known, item)) {
                    continue;
                }
                match (known, key) {
                    (Some(known), Key::Fn(_)) if !items::same_shape(known, item) => {
                        return Err(format!("{} takes something else", key.name()));
                    }
                    (Some(_), Key::Fn(_)) => {}
                    (_, Key::Fn(name) | Key::Data(name)) => {
                        renamed.insert((module.clone(), name.clone()));
                    }
                    (_, Key::Other(name)) => return Err(format!("{name} differs")),
                }
                items.insert((module.clone(), key.clone()), item.clone());
            }
            uses.insert(module.clone(), file.uses.clone());
        }
        if items.is_empty() {
            return Ok(None);
        }
        // Whatever names something that is written otherwise is written otherwise, too.
        loop {
            let mut more = Vec::new();
            for (module, file) in &original.files {
                for (key, item) in &file.items {
                    let place = (module.clone(), key.clone());
                    if !items.contains_key(&place) && items::names_any(item, module, &renamed) {
                        more.push((place, item.clone()));
                    }
                }
            }
            if more.is_empty() {
                break;
            }
            for ((module, key), item) in more {
                match &key {
                    Key::Data(name) => {
                        renamed.insert((module.clone(), name.clone()));
                    }
                    Key::Fn(_) => {}
                    Key::Other(name) => return Err(format!("{name} stands on what differs")),
                }
                items.insert((module, key), item);
            }
        }
        for ((module, key), item) in &mut items {
            items::rename_in(item, module, &renamed, number);
            items::rename(item, &items::numbered(key.name(), number));
        }
        Ok(Some(Variant {
            number,
            items,
            uses,
        }))
    }
}

/// The files in which all of them stand.
fn written(original: &Code, variants: &[Variant]) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for (module, file) in &original.files {
        let mut added: BTreeMap<&Key, Vec<(usize, &syn::Item)>> = BTreeMap::new();
        let mut uses = file.uses.clone();
        for variant in variants {
            let here = variant
                .items
                .iter()
                .filter(|((place, _), _)| place == module);
            let mut any = false;
            for ((_, key), item) in here {
                any = true;
                added.entry(key).or_default().push((variant.number, item));
            }
            if any {
                uses.extend(variant.uses.get(module).into_iter().flatten().cloned());
            }
        }
        let items = file
            .order
            .iter()
            .filter_map(|key| Some((key, file.items.get(key)?)))
            .flat_map(|(key, item)| {
                let numbers: Vec<usize> = added
                    .get(key)
                    .into_iter()
                    .flatten()
                    .map(|(number, _)| *number)
                    .collect();
                items::switching(item, key, &numbers)
            });
        let copies = added.values().flatten().map(|(_, item)| (*item).clone());
        let all: Vec<syn::Item> = items.chain(copies).collect();
        texts.insert(module.path(), items::text(&items::united(&uses), &all));
    }
    let apps: Vec<usize> = variants
        .iter()
        .filter(|variant| {
            variant
                .items
                .keys()
                .any(|(module, key)| module.is("app") && key.name() == "APP")
        })
        .map(|variant| variant.number)
        .collect();
    texts.insert("src/lib.rs".to_owned(), items::library(original, &apps));
    texts.insert("src/main.rs".to_owned(), items::main(original));
    texts
}
