//! What is to be written for a program: a task per file, the schema, the next migration.

use crate::names::NameTable;
use crate::parts::{Context, Places, operations};
use crate::scenarios;
use crate::schema::{self, Change, Refused, Schema};
use specc_ir::ir::{EntityId, Ir};
use specc_syntax::span::Sources;

/// A whole plan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// A task per file, sorted by path.
    pub tasks: Vec<RenderTask>,
    /// The database the program needs, with what was retired.
    pub schema: Schema,
    /// Every migration in order: name and SQL.
    pub migrations: Vec<(String, String)>,
    /// What things are called.
    pub names: NameTable,
    new: Option<(String, Vec<String>)>,
}

impl Plan {
    /// The migration this plan adds, if it changes the database: its name, and what it does, a line each.
    #[must_use]
    pub fn migration(&self) -> Option<(String, Vec<String>)> {
        self.new.clone()
    }
}

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderTask {
    /// Relative to the app's folder, with `/`.
    pub path: String,
    /// What it is.
    pub kind: TaskKind,
    /// The places of the spec it comes from: `path:line`.
    pub sources: Vec<String>,
}

/// The kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the file it is named after")]
pub enum TaskKind {
    Manifest,
    Lock,
    Readme,
    Ignore,
    Containerfile,
    Service,
    Main,
    Library,
    App,
    Choices,
    Roles,
    Functions,
    Seeds,
    /// Actions that stand alone.
    Actions,
    Entity(EntityId),
    Model(EntityId),
    Policy(EntityId),
    Rules(EntityId),
    Lifecycle(EntityId),
    EntityActions(EntityId),
    Hooks(EntityId),
    /// By its position in [`Plan::migrations`].
    Migration(usize),
    Schema,
    /// What holds the files of tests together.
    Tests,
    /// The rows that scenarios speak of.
    TestRows,
    /// The scenarios of a file of the spec, by its position among those that have some.
    Scenarios(usize),
}

/// Plans the program's app. `stored` are the files of the app's `migrations` folder: name and text.
///
/// # Errors
/// Everything that cannot be placed, and every change of the database that would not keep its data.
pub fn plan(ir: &Ir, sources: &Sources, stored: &[(String, String)]) -> Result<Plan, Vec<Refused>> {
    let names = NameTable::new(ir);
    let places = Places::new(sources);
    let context = Context {
        ir,
        names: &names,
        places: &places,
        far: &[],
    };
    let mut refused = too_large(&context);
    let wanted = schema::of(ir, &names);
    let mut migrations: Vec<(String, String)> = stored
        .iter()
        .filter_map(|(name, text)| Some((name.strip_suffix(".sql")?.to_owned(), text.clone())))
        .collect();
    migrations.sort();
    let mut new = None;
    let mut after = Schema::default();
    match changes(&wanted, &migrations, stored) {
        Ok((changes, schema)) => {
            after = schema;
            let sql = schema::sql(&changes);
            if !sql.is_empty() {
                let name = migration_name(migrations.len() + 1, &changes);
                let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
                let head: String = lines
                    .iter()
                    .map(|line| format!("-- {}\n", crate::source::comment(line)))
                    .collect();
                migrations.push((name.clone(), format!("{head}\n{sql}")));
                new = Some((name, lines));
            }
        }
        Err(more) => refused.extend(more),
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    let tasks = tasks(&context, &migrations);
    Ok(Plan {
        tasks,
        schema: after,
        migrations,
        names,
        new,
    })
}

fn changes(
    wanted: &Schema,
    migrations: &[(String, String)],
    stored: &[(String, String)],
) -> Result<(Vec<Change>, Schema), Vec<Refused>> {
    let before = stored.iter().find(|(name, _)| name == "schema.json");
    let before = match before {
        Some((_, text)) => Schema::read(text).map_err(|message| {
            vec![Refused {
                what: "migrations".to_owned(),
                message,
                count: String::new(),
            }]
        })?,
        None if migrations.is_empty() => Schema::default(),
        None => {
            return Err(vec![Refused {
                what: "migrations".to_owned(),
                message: "there are migrations but no schema.json beside them; restore it"
                    .to_owned(),
                count: String::new(),
            }]);
        }
    };
    schema::diff(&before, wanted)
}

fn migration_name(number: usize, changes: &[Change]) -> String {
    let about = match changes.first() {
        _ if number == 1 => "first".to_owned(),
        Some(Change::NewTable(table)) => table.table.clone(),
        Some(Change::NewColumn { table, column, .. }) => format!("{table}_{}", column.column),
        Some(Change::Renamed { table, to, .. }) => format!("{table}_{to}"),
        Some(Change::Filled { table, column, .. }) => format!("{table}_{column}"),
        Some(Change::NewIndex { table, .. } | Change::DroppedIndex { table, .. }) => {
            format!("{table}_index")
        }
        _ => "changes".to_owned(),
    };
    format!("{number:04}_{}", crate::names::snake(&about, "changes"))
}

/// Limits of the runtime: field masks have 128 bits, role bits 63.
fn too_large(context: &Context<'_>) -> Vec<Refused> {
    let mut refused = Vec::new();
    let mut refuse = |what: &str, message: String| {
        refused.push(Refused {
            what: what.to_owned(),
            message,
            count: String::new(),
        });
    };
    if context.ir.roles.len() > 63 {
        refuse(
            "Roles",
            format!(
                "a program has at most 63 roles, this one has {}; join some",
                context.ir.roles.len()
            ),
        );
    }
    for entity in &context.ir.entities {
        if entity.fields.len() > 128 {
            refuse(
                &entity.name.text,
                format!(
                    "an entity has at most 128 fields, this one has {}; make a part of some",
                    entity.fields.len()
                ),
            );
        }
    }
    refused
}

fn tasks(context: &Context<'_>, migrations: &[(String, String)]) -> Vec<RenderTask> {
    let mut tasks = Vec::with_capacity(context.ir.entities.len() * 5 + 32);
    let mut add = |path: String, kind: TaskKind, sources: Vec<String>| {
        tasks.push(RenderTask {
            path,
            kind,
            sources,
        })
    };
    for (path, kind) in [
        ("Cargo.toml", TaskKind::Manifest),
        ("Cargo.lock", TaskKind::Lock),
        ("README.md", TaskKind::Readme),
        (".gitignore", TaskKind::Ignore),
        (".dockerignore", TaskKind::Ignore),
        ("deploy/Containerfile", TaskKind::Containerfile),
        ("deploy/app.service", TaskKind::Service),
        ("src/lib.rs", TaskKind::Library),
        ("src/main.rs", TaskKind::Main),
        ("src/app.rs", TaskKind::App),
        ("src/choices.rs", TaskKind::Choices),
        ("src/roles.rs", TaskKind::Roles),
        ("src/functions.rs", TaskKind::Functions),
        ("src/seeds.rs", TaskKind::Seeds),
        ("migrations/schema.json", TaskKind::Schema),
    ] {
        add(path.to_owned(), kind, Vec::new());
    }
    let told = scenarios::told(context);
    if !told.is_empty() {
        let folder = scenarios::FOLDER;
        add(format!("{folder}/main.rs"), TaskKind::Tests, Vec::new());
        add(format!("{folder}/rows.rs"), TaskKind::TestRows, Vec::new());
    }
    for (position, told) in told.iter().enumerate() {
        add(
            format!("{}/{}.rs", scenarios::FOLDER, told.module),
            TaskKind::Scenarios(position),
            scenarios::sources(context, told),
        );
    }
    if operations::own(context, None).next().is_some() {
        let sources = operations::own(context, None)
            .map(|(_, action)| context.place(action.span))
            .collect();
        add("src/actions.rs".to_owned(), TaskKind::Actions, sources);
    }
    for (position, (name, _)) in migrations.iter().enumerate() {
        add(
            format!("migrations/{name}.sql"),
            TaskKind::Migration(position),
            Vec::new(),
        );
    }
    for (position, entity) in (0_u32..).zip(&context.ir.entities) {
        let id = EntityId(position);
        let module = context.names.module(id);
        let heading = vec![context.place(entity.span)];
        add(
            format!("src/{module}/mod.rs"),
            TaskKind::Entity(id),
            heading.clone(),
        );
        add(
            format!("src/{module}/model.rs"),
            TaskKind::Model(id),
            heading
                .iter()
                .cloned()
                .chain(entity.fields.iter().map(|field| context.place(field.span)))
                .collect(),
        );
        let grants = entity
            .access
            .iter()
            .map(|grant| context.place(grant.span))
            .collect();
        add(
            format!("src/{module}/policy.rs"),
            TaskKind::Policy(id),
            grants,
        );
        let rules = entity
            .rules
            .iter()
            .map(|rule| context.place(rule.sentence.span))
            .collect();
        add(format!("src/{module}/rules.rs"), TaskKind::Rules(id), rules);
        if !entity.lifecycles.is_empty() {
            let steps = entity
                .lifecycles
                .iter()
                .flat_map(|lifecycle| &lifecycle.steps);
            let sources = steps.map(|step| context.place(step.span)).collect();
            add(
                format!("src/{module}/lifecycle.rs"),
                TaskKind::Lifecycle(id),
                sources,
            );
        }
        if operations::own(context, Some(id)).next().is_some() {
            let sources = operations::own(context, Some(id))
                .map(|(_, action)| context.place(action.span))
                .collect();
            add(
                format!("src/{module}/actions.rs"),
                TaskKind::EntityActions(id),
                sources,
            );
        }
        if !entity.hooks.is_empty() {
            let sources = entity
                .hooks
                .iter()
                .map(|hook| context.place(hook.span))
                .collect();
            add(
                format!("src/{module}/hooks.rs"),
                TaskKind::Hooks(id),
                sources,
            );
        }
    }
    tasks.sort_by(|left, right| left.path.cmp(&right.path));
    tasks
}
