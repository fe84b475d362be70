//! Code as items that can be told apart, copied under another name, and switched between.

use quote::{ToTokens, format_ident, quote};
use std::collections::{BTreeMap, BTreeSet};
use syn::visit::Visit;
use syn::visit_mut::VisitMut;

/// A file of the app's code: `src/ticket/policy.rs`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Module(String);

impl Module {
    pub(super) fn path(&self) -> String {
        self.0.clone()
    }

    /// Whether it is this module at the top.
    pub(super) fn is(&self, name: &str) -> bool {
        self.0 == format!("src/{name}.rs")
    }

    /// The modules that a name with this module before it may mean here.
    fn meant(&self, first: Option<&str>, module: &str) -> [Module; 3] {
        let folder = self.0.rsplit_once('/').map_or("", |(folder, _)| folder);
        let near = if first == Some("crate") || !self.0.ends_with("/mod.rs") {
            String::new()
        } else {
            format!("{folder}/{module}.rs")
        };
        [
            Module(near),
            Module(format!("src/{module}.rs")),
            Module(format!("src/{module}/mod.rs")),
        ]
    }
}

/// What an item is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// A function.
    Fn(String),
    /// A constant or a static.
    Data(String),
    /// What is not switched: types, modules, implementations.
    Other(String),
}

impl Key {
    pub(super) fn name(&self) -> &str {
        match self {
            Key::Fn(name) | Key::Data(name) | Key::Other(name) => name,
        }
    }

    fn of(item: &syn::Item) -> Key {
        match item {
            syn::Item::Fn(item) => Key::Fn(item.sig.ident.to_string()),
            syn::Item::Const(item) => Key::Data(item.ident.to_string()),
            syn::Item::Static(item) => Key::Data(item.ident.to_string()),
            syn::Item::Mod(item) => Key::Other(format!("mod {}", item.ident)),
            syn::Item::Struct(item) => Key::Other(format!("struct {}", item.ident)),
            syn::Item::Enum(item) => Key::Other(format!("enum {}", item.ident)),
            syn::Item::Impl(item) => {
                let of = item.trait_.as_ref().map(|(path, _)| tokens(path));
                let of = of.map_or_else(String::new, |of| format!("{of} for "));
                Key::Other(format!("impl {of}{}", item.self_ty.to_token_stream()))
            }
            other => Key::Other(other.to_token_stream().to_string()),
        }
    }
}

/// A file.
pub(super) struct File {
    pub(super) uses: Vec<syn::ItemUse>,
    pub(super) order: Vec<Key>,
    pub(super) items: BTreeMap<Key, syn::Item>,
}

/// The code of a program, or what of it differs from another's.
pub(super) struct Code {
    pub(super) files: BTreeMap<Module, File>,
}

impl Code {
    /// Reads rendered files.
    pub(super) fn read(files: &[(String, String)]) -> Result<Code, String> {
        let mut read = BTreeMap::new();
        for (path, text) in files {
            let module = Module(path.clone());
            let parsed = syn::parse_file(text).map_err(|error| format!("{path}: {error}"))?;
            let mut file = File {
                uses: Vec::new(),
                order: Vec::new(),
                items: BTreeMap::new(),
            };
            for mut item in parsed.items {
                if let syn::Item::Use(item) = item {
                    file.uses.push(item);
                    continue;
                }
                undocumented(&mut item);
                let key = Key::of(&item);
                file.order.push(key.clone());
                file.items.insert(key, item);
            }
            read.insert(module, file);
        }
        Ok(Code { files: read })
    }
}

fn undocumented(item: &mut syn::Item) {
    let attributes = match item {
        syn::Item::Fn(item) => &mut item.attrs,
        syn::Item::Const(item) => &mut item.attrs,
        syn::Item::Static(item) => &mut item.attrs,
        _ => return,
    };
    attributes.retain(|attribute| !attribute.path().is_ident("doc"));
}

fn tokens(item: &impl ToTokens) -> String {
    item.to_token_stream().to_string()
}

/// The same code.
pub(super) fn same(one: &syn::Item, other: &syn::Item) -> bool {
    tokens(one) == tokens(other)
}

/// Functions that can stand in each other's place.
pub(super) fn same_shape(one: &syn::Item, other: &syn::Item) -> bool {
    let (syn::Item::Fn(one), syn::Item::Fn(other)) = (one, other) else {
        return false;
    };
    let types = |function: &syn::ItemFn| -> Vec<String> {
        let of = |input: &syn::FnArg| match input {
            syn::FnArg::Typed(input) => tokens(&input.ty),
            receiver => tokens(receiver),
        };
        function.sig.inputs.iter().map(of).collect()
    };
    types(one) == types(other)
        && tokens(&one.sig.output) == tokens(&other.sig.output)
        && tokens(&one.sig.generics) == tokens(&other.sig.generics)
}

/// A name with the number of a mutant.
pub(super) fn numbered(name: &str, number: usize) -> String {
    format!("{name}_m{number}")
}

/// Calls an item otherwise.
pub(super) fn rename(item: &mut syn::Item, name: &str) {
    let name = format_ident!("{name}");
    match item {
        syn::Item::Fn(item) => item.sig.ident = name,
        syn::Item::Const(item) => item.ident = name,
        syn::Item::Static(item) => item.ident = name,
        _ => {}
    }
}

type Names = BTreeSet<(Module, String)>;

/// Whether a path, written in this module, means one of these names.
fn means(path: &syn::Path, module: &Module, names: &Names) -> bool {
    let words: Vec<String> = path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect();
    match words.as_slice() {
        [] => false,
        [name] => names.contains(&(module.clone(), name.clone())),
        [first @ .., place, name] => module
            .meant(
                first
                    .first()
                    .map_or(Some(place.as_str()), |first| Some(first)),
                place,
            )
            .into_iter()
            .any(|meant| names.contains(&(meant, name.clone()))),
    }
}

struct Seek<'n> {
    module: &'n Module,
    names: &'n Names,
    found: bool,
}

impl<'ast> Visit<'ast> for Seek<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.found |= means(path, self.module, self.names);
        syn::visit::visit_path(self, path);
    }
}

/// Whether an item names one of these.
pub(super) fn names_any(item: &syn::Item, module: &Module, names: &Names) -> bool {
    let mut seek = Seek {
        module,
        names,
        found: false,
    };
    seek.visit_item(item);
    seek.found
}

struct Rename<'n> {
    module: &'n Module,
    names: &'n Names,
    number: usize,
}

impl VisitMut for Rename<'_> {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        if means(path, self.module, self.names)
            && let Some(last) = path.segments.last_mut()
        {
            last.ident = format_ident!("{}", numbered(&last.ident.to_string(), self.number));
        }
        syn::visit_mut::visit_path_mut(self, path);
    }
}

/// Names each of these as this mutant has it.
pub(super) fn rename_in(item: &mut syn::Item, module: &Module, names: &Names, number: usize) {
    Rename {
        module,
        names,
        number,
    }
    .visit_item_mut(item);
}

/// An item of the program as it stands among its mutants: a function asks which of them runs.
pub(super) fn switching(item: &syn::Item, key: &Key, numbers: &[usize]) -> Vec<syn::Item> {
    let (syn::Item::Fn(function), false) = (item, numbers.is_empty()) else {
        return vec![item.clone()];
    };
    let mut first = item.clone();
    rename(&mut first, &numbered(key.name(), 0));
    let mut asking = function.clone();
    let mut arguments = Vec::new();
    for (position, input) in asking.sig.inputs.iter_mut().enumerate() {
        if let syn::FnArg::Typed(input) = input {
            let name = format_ident!("given{position}");
            input.pat = syn::parse_quote!(#name);
            arguments.push(name);
        }
    }
    let arms = numbers.iter().map(|number| {
        let name = format_ident!("{}", numbered(key.name(), *number));
        let number = syn::LitInt::new(&number.to_string(), proc_macro2::Span::call_site());
        quote!(#number => #name(#(#arguments),*),)
    });
    let original = format_ident!("{}", numbered(key.name(), 0));
    asking.block = syn::parse_quote!({
        match crate::switch::active() {
            #(#arms)*
            _ => #original(#(#arguments),*),
        }
    });
    vec![first, syn::Item::Fn(asking)]
}

fn leaves(tree: &syn::UseTree, before: &str, found: &mut Vec<String>) {
    match tree {
        syn::UseTree::Path(path) => {
            leaves(&path.tree, &format!("{before}{}::", path.ident), found);
        }
        syn::UseTree::Name(name) if name.ident == "self" => {
            found.push(before.trim_end_matches("::").to_owned());
        }
        syn::UseTree::Name(name) => found.push(format!("{before}{}", name.ident)),
        syn::UseTree::Rename(name) => {
            found.push(format!("{before}{} as {}", name.ident, name.rename));
        }
        syn::UseTree::Glob(_) => found.push(format!("{before}*")),
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                leaves(tree, before, found);
            }
        }
    }
}

/// The lines that import what any of them imports.
pub(super) fn united(uses: &[syn::ItemUse]) -> String {
    let mut lines = BTreeSet::new();
    for item in uses {
        let mut found = Vec::new();
        leaves(&item.tree, "", &mut found);
        let shown = tokens(&item.vis);
        lines.extend(
            found
                .into_iter()
                .map(|path| format!("{shown} use {path};\n")),
        );
    }
    lines.into_iter().collect()
}

/// A whole file.
pub(super) fn text(uses: &str, items: &[syn::Item]) -> String {
    let items: Vec<String> = items.iter().map(tokens).collect();
    format!("{uses}\n{}\n", items.join("\n\n"))
}

/// The file that holds the app together; `apps` are the mutants that have an app of their own.
pub(super) fn library(original: &Code, apps: &[usize]) -> String {
    let mut modules = vec!["mod switch;".to_owned()];
    if let Some(file) = original.files.get(&Module("src/lib.rs".to_owned())) {
        let declared = file.items.values();
        modules.extend(
            declared
                .filter(|item| matches!(item, syn::Item::Mod(_)))
                .map(tokens),
        );
    }
    let arms: String = apps
        .iter()
        .map(|number| format!("        {number} => &app::{},\n", numbered("APP", *number)))
        .collect();
    format!(
        "//! An app with its mutants: for a judge's own proof, never to be served.\n\
         #![allow(warnings, clippy::all)]\n\n{}\n\n\
         pub use app::APP;\n\n\
         /// The app, or the mutant of it that is asked for.\n\
         pub fn chosen() -> &'static engine::def::App {{\n\
         \x20   match switch::active() {{\n{arms}        _ => &app::APP,\n    }}\n}}\n",
        modules.join("\n")
    )
}

/// The file that starts it.
pub(super) fn main(original: &Code) -> String {
    let mut gives = String::new();
    if let Some(file) = original.files.get(&Module("src/main.rs".to_owned()))
        && let Some(syn::Item::Fn(main)) = file.items.get(&Key::Fn("main".to_owned()))
    {
        gives = tokens(&main.sig.output);
    }
    format!(
        "//! Starts the app or a mutant of it.\n\nfn main() {gives} {{\n    web::main(app::chosen())\n}}\n"
    )
}
