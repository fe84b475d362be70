//! Tasks to text. Pure, one file independent of the others, the same bytes every time.

mod app;
mod entity;
mod functions;

use crate::imports::{Place, shortened};
use crate::parts::{Context, Places, access, fields, label, operations, rules, seeds, watchers};
use crate::plan::{Plan, RenderTask, TaskKind};
use crate::scenarios;
use crate::source::{comment, first_paragraph, list, literal, pointed, tidy};
use crate::sql::{Names as _, Sql};
use crate::support;
use app::app;
use entity::entity_file;
use functions::functions;
use rayon::prelude::*;
use serde::Serialize;
use specc_ir::ir::{ChoiceId, EntityId, Ir, RoleId};
use specc_syntax::span::Sources;
use std::fmt::Write as _;
use std::sync::LazyLock;
use tera::Tera;

/// A file of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// Relative to the app's folder, with `/`.
    pub path: String,
    /// Its whole text.
    pub text: String,
    /// The places of the spec it comes from: `path:line`.
    pub sources: Vec<String>,
    /// Never written again once it exists (migrations).
    pub keep: bool,
}

static TEMPLATES: LazyLock<Tera> = LazyLock::new(|| {
    let mut tera = Tera::new();
    tera.autoescape_on(Vec::<&'static str>::new());
    let added = tera.add_raw_templates([
        (
            "app",
            include_str!("../../../runtime-templates/axum/templates/app.rs.tera"),
        ),
        (
            "cargo",
            include_str!("../../../runtime-templates/axum/templates/cargo.toml.tera"),
        ),
        (
            "containerfile",
            include_str!("../../../runtime-templates/axum/templates/containerfile.tera"),
        ),
        (
            "entity",
            include_str!("../../../runtime-templates/axum/templates/entity.rs.tera"),
        ),
        (
            "lib",
            include_str!("../../../runtime-templates/axum/templates/lib.rs.tera"),
        ),
        (
            "main",
            include_str!("../../../runtime-templates/axum/templates/main.rs.tera"),
        ),
        (
            "readme",
            include_str!("../../../runtime-templates/axum/templates/readme.md.tera"),
        ),
        (
            "service",
            include_str!("../../../runtime-templates/axum/templates/app.service.tera"),
        ),
    ]);
    debug_assert!(added.is_ok(), "templates parse: {added:?}");
    tera
});

/// Every file of the app, the support crates included, sorted by path.
#[must_use]
pub fn render(plan: &Plan, ir: &Ir, sources: &Sources) -> Vec<RenderedFile> {
    let places = Places::new(sources);
    let far = watchers::far(ir);
    let context = Context {
        ir,
        names: &plan.names,
        places: &places,
        far: &far,
    };
    let mut files: Vec<RenderedFile> = plan
        .tasks
        .par_iter()
        .map(|task| RenderedFile {
            path: task.path.clone(),
            text: text(&context, plan, task),
            sources: task.sources.clone(),
            keep: matches!(task.kind, TaskKind::Migration(_)),
        })
        .collect();
    files.extend(support::files().map(|(path, text)| RenderedFile {
        path,
        text,
        sources: Vec::new(),
        keep: false,
    }));
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files
}

/// The Rust files that say what the app does, their path and text, each migration in the text of the file that names it.
pub(crate) fn code(plan: &Plan, ir: &Ir, sources: &Sources) -> Vec<(String, String)> {
    let places = Places::new(sources);
    let far = watchers::far(ir);
    let context = Context {
        ir,
        names: &plan.names,
        places: &places,
        far: &far,
    };
    plan.tasks
        .iter()
        .filter(|task| {
            task.path.starts_with("src/")
                && task.path.ends_with(".rs")
                && task.kind != TaskKind::Seeds
        })
        .map(|task| {
            let mut text = text(&context, plan, task);
            if task.kind == TaskKind::App {
                for (name, sql) in &plan.migrations {
                    let file = literal(&format!("../migrations/{name}.sql"));
                    text = text.replace(&format!("include_str!({file})"), &literal(sql));
                }
            }
            (task.path.clone(), text)
        })
        .collect()
}

fn text(context: &Context<'_>, plan: &Plan, task: &RenderTask) -> String {
    match task.kind {
        TaskKind::Manifest => manifest(context),
        TaskKind::Lock => support::lock(),
        TaskKind::Readme => readme(context),
        TaskKind::Ignore => "/target\n/data\n".to_owned(),
        TaskKind::Containerfile => filled(
            "containerfile",
            &Title {
                title: title(context),
            },
        ),
        TaskKind::Service => {
            let title = title(context).replace('%', "%%").replace('\\', "/");
            filled("service", &Title { title })
        }
        TaskKind::Library => library(context),
        TaskKind::Main => main(context),
        TaskKind::App => app(context, plan),
        TaskKind::Choices => choices(context),
        TaskKind::Roles => roles(context),
        TaskKind::Functions => functions(context),
        TaskKind::Seeds => {
            let rows = seeds::seeds(context);
            let body = format!(
                "/// Every row, in the order in which it is written.\npub const SEEDS: &[Seed] = {};\n",
                list(&rows)
            );
            file("Example data.", Place::Root, &body)
        }
        TaskKind::Actions => file(
            "What can be done without a row.",
            Place::Root,
            &operations::actions(context, None),
        ),
        TaskKind::Entity(entity) => entity_file(context, entity),
        TaskKind::Model(entity) => file(
            &format!("The fields of {}.", name(context, entity)),
            Place::Model(context.names.module(entity)),
            &format!(
                "#![allow(dead_code, reason = \"it names all there is, used or not\")]\n{}",
                fields::model(context, entity)
            ),
        ),
        TaskKind::Policy(entity) => of_entity(
            context,
            entity,
            &format!(
                "Who may do what with {}. Nothing is allowed without a line here.",
                name(context, entity)
            ),
            &access::policy(context, entity),
        ),
        TaskKind::Rules(entity) => of_entity(
            context,
            entity,
            &format!(
                "What must hold for {}, and whose rules look at it.",
                name(context, entity)
            ),
            &rules::rules(context, entity),
        ),
        TaskKind::Lifecycle(entity) => of_entity(
            context,
            entity,
            &format!("The lifecycle of {}.", name(context, entity)),
            &operations::lifecycle(context, entity),
        ),
        TaskKind::EntityActions(entity) => of_entity(
            context,
            entity,
            &format!("What can be done with {}.", name(context, entity)),
            &operations::actions(context, Some(entity)),
        ),
        TaskKind::Hooks(entity) => of_entity(
            context,
            entity,
            &format!(
                "What belongs to creating, changing and deleting {}.",
                name(context, entity)
            ),
            &operations::hooks(context, entity).0,
        ),
        TaskKind::Migration(position) => plan
            .migrations
            .get(position)
            .map_or_else(String::new, |(_, text)| text.clone()),
        TaskKind::Schema => plan.schema.text(),
        TaskKind::Tests => scenarios::main(context),
        TaskKind::TestRows => scenarios::rows(context),
        TaskKind::Scenarios(position) => scenarios::told(context)
            .get(position)
            .map_or_else(String::new, |told| scenarios::tests(context, told)),
    }
}

fn of_entity(context: &Context<'_>, entity: EntityId, about: &str, body: &str) -> String {
    file(about, Place::Entity(context.names.module(entity)), body)
}

/// A Rust file from its first line and its items; `#![…]` lines may stand before them.
fn file(about: &str, place: Place<'_>, body: &str) -> String {
    let (code, imports) = shortened(body, place);
    let start = code
        .split_inclusive('\n')
        .take_while(|line| line.starts_with("#!["))
        .map(str::len)
        .sum();
    let (attributes, items) = code.split_at_checked(start).unwrap_or(("", &code));
    tidy(&format!(
        "//! {}\n\n{attributes}\n{}\n{items}",
        comment(about),
        imports.lines()
    ))
}

fn name(context: &Context<'_>, entity: EntityId) -> String {
    context
        .entity(entity)
        .map_or_else(String::new, |entity| comment(&entity.name.text))
}

fn title(context: &Context<'_>) -> String {
    let title = comment(&context.ir.program.name);
    if title.is_empty() {
        "App".to_owned()
    } else {
        title
    }
}

fn filled<T: Serialize>(template: &str, values: &T) -> String {
    let rendered = tera::Context::from_serialize(values)
        .and_then(|values| TEMPLATES.render(template, &values));
    debug_assert!(
        rendered.is_ok(),
        "template {template} renders: {rendered:?}"
    );
    let mut text = rendered.unwrap_or_default();
    let end = text.trim_end().len();
    text.truncate(end);
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Title {
    title: String,
}

#[derive(Serialize)]
struct Manifest {
    title: String,
    workspace: String,
}

fn manifest(context: &Context<'_>) -> String {
    filled(
        "cargo",
        &Manifest {
            title: title(context),
            workspace: support::workspace(),
        },
    )
}

#[derive(Serialize)]
struct Readme {
    title: String,
    scenarios: bool,
    admin: Option<String>,
    seeds: Vec<String>,
    secrets: bool,
    entities: Vec<ReadmeEntity>,
}

#[derive(Serialize)]
struct ReadmeEntity {
    name: String,
    slug: String,
    module: String,
}

fn readme(context: &Context<'_>) -> String {
    let ids = (0_u32..).map(EntityId).take(context.ir.entities.len());
    let included = |role: RoleId| {
        context
            .ir
            .roles
            .iter()
            .any(|other| other.includes.contains(&role))
    };
    let admin = (0_u32..)
        .map(RoleId)
        .zip(&context.ir.roles)
        .find(|(id, role)| !role.sign_up && role.when.is_none() && !included(*id))
        .map(|(id, _)| context.names.role(id));
    let mut seeds: Vec<String> = context
        .ir
        .seeds
        .iter()
        .map(|seed| shell_word(&seed.name.text))
        .collect();
    seeds.dedup();
    filled(
        "readme",
        &Readme {
            scenarios: !context.ir.scenarios.is_empty(),
            title: markdown(&title(context)),
            admin,
            seeds,
            secrets: context
                .ir
                .entities
                .iter()
                .flat_map(|entity| &entity.fields)
                .any(|field| field.ty == specc_ir::ir::Type::Secret),
            entities: ids
                .map(|id| ReadmeEntity {
                    name: markdown(&name(context, id)),
                    slug: context.names.slug(id).to_owned(),
                    module: context.names.module(id).to_owned(),
                })
                .collect(),
        },
    )
}

fn shell_word(text: &str) -> String {
    let text = comment(text);
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// Text in Markdown that stays text.
fn markdown(text: &str) -> String {
    let mut out = String::new();
    for letter in comment(text).chars() {
        if letter.is_ascii_punctuation()
            && !matches!(letter, ',' | '.' | ';' | ':' | '?' | '\'' | '"' | '/' | '-')
        {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[derive(Serialize)]
struct Library {
    title: String,
    modules: Vec<String>,
}

fn main(context: &Context<'_>) -> String {
    let title = title(context);
    tidy(&filled("main", &Title { title }))
}

fn library(context: &Context<'_>) -> String {
    let mut modules: Vec<String> = ["app", "choices", "functions", "roles", "seeds"]
        .map(str::to_owned)
        .to_vec();
    if operations::own(context, None).next().is_some() {
        modules.push("actions".to_owned());
    }
    modules.extend(
        (0_u32..)
            .map(EntityId)
            .take(context.ir.entities.len())
            .map(|id| context.names.module(id).to_owned()),
    );
    modules.sort_by(|left, right| crate::imports::version_order(left, right));
    let modules = modules
        .into_iter()
        .map(|module| match module.as_str() {
            "choices" => format!("pub mod {module};"),
            _ => format!("mod {module};"),
        })
        .collect();
    tidy(&filled(
        "lib",
        &Library {
            title: title(context),
            modules,
        },
    ))
}

fn choices(context: &Context<'_>) -> String {
    let mut body = String::new();
    for (position, choice) in (0_u32..).zip(&context.ir.choices) {
        let id = ChoiceId(position);
        let enumeration = context.names.choice_name(id);
        let about = pointed(&choice.name.text, &context.place(choice.name.span));
        let mut variants = String::new();
        let mut constants = Vec::new();
        let mut to_text = String::new();
        let mut to_label = String::new();
        let mut from_text = String::new();
        for (position, value) in (0_u32..).zip(&choice.values) {
            let variant = context.names.variant(id, position);
            let stored = literal(&context.names.choice_value(id, position));
            let label = literal(&value.label);
            let _ = writeln!(
                variants,
                "/// {}\n{variant},",
                pointed(&value.label, &context.place(value.name.span))
            );
            constants.push(format!("Choice::new({stored}, {label})"));
            let _ = writeln!(to_text, "{enumeration}::{variant} => {stored},");
            let _ = writeln!(to_label, "{enumeration}::{variant} => {label},");
            let _ = writeln!(
                from_text,
                "Some({stored}) => Some({enumeration}::{variant}),"
            );
        }
        let _ = write!(
            body,
            "/// {about}\n#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]\npub enum {enumeration} {{ {variants} }}\n\n\
             impl {enumeration} {{\n\
             /// The values in order.\npub const VALUES: &'static [Choice] = {};\n\n\
             /// As it is stored and sent.\npub fn as_str(self) -> &'static str {{ match self {{ {to_text} }} }}\n\n\
             /// As it is shown.\npub fn label(self) -> &'static str {{ match self {{ {to_label} }} }}\n\n\
             /// From what is stored.\npub fn from_value(value: &Value) -> Option<{enumeration}> {{ match logic::text_of(value) {{ {from_text} _ => None }} }}\n}}\n\n",
            list(&constants)
        );
    }
    file("Sets of named values.", Place::Root, &declared(&body))
}

fn roles(context: &Context<'_>) -> String {
    let mut body = String::new();
    let mut entries = Vec::new();
    for (position, role) in (0_u32..).zip(&context.ir.roles) {
        let id = RoleId(position);
        let constant = context.names.role_constant(id);
        let about = match first_paragraph(&role.about) {
            "" => role.name.text.clone(),
            about => format!("{}: {about}", role.name.text),
        };
        let _ = writeln!(
            body,
            "/// {}\npub const {constant}: u32 = {position};",
            pointed(&about, &context.place(role.name.span))
        );
        let included: Vec<String> = (0_u32..)
            .map(RoleId)
            .take(context.ir.roles.len())
            .filter(|other| crate::sql::holders_of(context.ir, *other).contains(&id))
            .map(|other| format!("1 << {}", context.names.role_constant(other)))
            .collect();
        let when = role
            .when
            .as_ref()
            .map(|when| Sql::over_row(context.ir, context.names).condition(when));
        entries.push(format!(
            "Role {{ name: {}, slug: {}, about: {}, sign_up: {}, includes: {}, when: {} }}",
            literal(&label(&role.name.text)),
            literal(&context.names.role(id)),
            literal(role.about.trim()),
            role.sign_up,
            included.join(" | "),
            literal(&when.unwrap_or_default())
        ));
    }
    let _ = writeln!(
        body,
        "\n/// The roles, in order.\npub const ROLES: &[Role] = {};",
        list(&entries)
    );
    file("Roles.", Place::Root, &declared(&body))
}

/// Code that holds all the program declares.
fn declared(body: &str) -> String {
    format!(
        "#![allow(dead_code, reason = \"it holds all the program declares, used or not\")]\n{body}"
    )
}
