//! `specc trace`: from a sentence to what came of it, and from a line of the app back to its sentence. Generated code says
//! itself which line of the spec it follows; nothing else is needed.

use crate::arguments::Format;
use crate::evidence;
use crate::show::{Show, count, pretty};
use serde_json::{Value as Json, json};
use specc_build::folder::Folder;
use specc_build::front::{self, Checked};
use specc_codegen::names::NameTable;
use specc_ir::ir::{EntityId, Ir, Scenario, Verb};
use specc_ir::scenario::{Refused, StepKind};
use specc_syntax::draw::printable;
use specc_syntax::span::Span;
use specc_verify::report::Report;
use std::collections::BTreeSet;
use std::path::Path;

/// Wrong usage, or nothing is there.
const USAGE: u8 = 2;

/// A place as somebody writes it: `spec/app.md:31`.
struct Place {
    file: String,
    line: u32,
}

/// A pointer in the app's code.
struct Pointer {
    /// The file, relative to the program's folder.
    file: String,
    /// The first and the last line that follow the sentence, from 1.
    lines: (u32, u32),
    /// `spec/app.md:31`.
    to: String,
}

/// Says what came of a sentence, or which sentence a line of the app follows; gives the exit code.
pub fn trace(show: &Show, folder: &Folder, place: &str) -> u8 {
    let found = parsed(folder, place).and_then(|place| {
        let checked = front::check(folder).map_err(|error| error.to_string())?;
        Ok((place, checked))
    });
    let (place, checked) = match found {
        Ok(found) => found,
        Err(why) => {
            show.say(&format!("error: {why}"));
            return USAGE;
        }
    };
    let pointers = match pointers(folder) {
        Ok(pointers) => pointers,
        Err(why) => {
            show.say(&format!("error: {why}"));
            return USAGE;
        }
    };
    if place.file.starts_with("app/") {
        back(show, folder, &checked, &place)
    } else {
        forth(show, folder, &checked, (&place, &pointers))
    }
}

/// The file relative to the program's folder, and the line.
fn parsed(folder: &Folder, text: &str) -> Result<Place, String> {
    let shown = printable(text);
    let (path, line) = text
        .rsplit_once(':')
        .ok_or_else(|| format!("{shown} has no line; a place is written as spec/app.md:31"))?;
    let line: u32 = line
        .parse()
        .ok()
        .filter(|line| *line > 0)
        .ok_or_else(|| format!("{shown} has no line; a place is written as spec/app.md:31"))?;
    let inside = |path: &Path| {
        let root = folder.root.canonicalize().ok()?;
        let path = path.canonicalize().ok()?;
        let inside = path.strip_prefix(root).ok()?;
        let parts = inside
            .components()
            .map(|part| part.as_os_str().to_string_lossy());
        Some(parts.collect::<Vec<_>>().join("/"))
    };
    let file = inside(&folder.root.join(path))
        .or_else(|| inside(Path::new(path)))
        .ok_or_else(|| {
            format!(
                "there is no file {} in {}",
                printable(path),
                folder.root.display()
            )
        })?;
    if file.starts_with("app/") || file.starts_with("spec/") {
        return Ok(Place { file, line });
    }
    Err(format!(
        "{file} is neither of the spec nor of the app; a place is written as spec/app.md:31"
    ))
}

/// All pointers of the app's code, by file and line.
fn pointers(folder: &Folder) -> Result<Vec<Pointer>, String> {
    let mut found = Vec::new();
    let mut open = vec![folder.app().join("src"), folder.app().join("tests")];
    if !folder.app().join("src").is_dir() {
        return Err("the app is not built yet; `specc build` makes it".to_owned());
    }
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory)
            .into_iter()
            .flatten()
            .flatten()
        {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs")
                && let Ok(text) = std::fs::read_to_string(&path)
                && let Ok(inside) = path.strip_prefix(&folder.root)
            {
                let parts = inside
                    .components()
                    .map(|part| part.as_os_str().to_string_lossy());
                in_file(&parts.collect::<Vec<_>>().join("/"), &text, &mut found);
            }
        }
    }
    found.sort_by(|a, b| (&a.file, a.lines).cmp(&(&b.file, b.lines)));
    Ok(found)
}

/// The pointer in a line, if there is one: `spec/app.md:31`.
fn pointer_in(line: &str) -> Option<&str> {
    let start = line.rfind("spec/").filter(|start| {
        let before = line.get(..*start).unwrap_or_default();
        before.ends_with('(') || before.ends_with("// ") || before.ends_with("source: \"")
    })?;
    let rest = line.get(start..)?;
    let colon = rest.rfind(':')?;
    let digits = rest
        .get(colon + 1..)?
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count();
    (digits > 0).then(|| rest.get(..=colon + digits)).flatten()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// How far a pointer reaches: a comment to the end of what it stands above, a field of a table over the braces around it.
fn in_file(file: &str, text: &str, found: &mut Vec<Pointer>) {
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(to) = pointer_in(line) else {
            continue;
        };
        let depth = indent(line);
        let comment = line.trim_start().starts_with("//");
        let (first, last) = if comment {
            (
                at,
                at + item_below(lines.get(at + 1..).unwrap_or_default(), depth),
            )
        } else {
            let before = lines.get(..at).unwrap_or_default();
            let up = before
                .iter()
                .rposition(|line| !line.trim().is_empty() && indent(line) < depth)
                .unwrap_or(at);
            let after = lines.get(at + 1..).unwrap_or_default();
            let down = after
                .iter()
                .position(|line| !line.trim().is_empty() && indent(line) < depth)
                .map_or(at, |down| at + 1 + down);
            (up, down)
        };
        found.push(Pointer {
            file: file.to_owned(),
            lines: (number(first) + 1, number(last) + 1),
            to: to.to_owned(),
        });
    }
}

/// How many lines below a comment belong to it.
fn item_below(below: &[&str], depth: usize) -> usize {
    let mut last = 0;
    for (at, line) in below.iter().enumerate() {
        let text = line.trim();
        if text.is_empty() {
            if last > 0 {
                continue;
            }
            return at;
        }
        let here = indent(line);
        if here < depth {
            return last;
        }
        last = at + 1;
        let above = text.starts_with("//") || text.starts_with("#[");
        if here == depth
            && !above
            && (text.starts_with(['}', ')', ']']) || text.ends_with([';', ',']))
        {
            return last;
        }
    }
    last
}

/// The element that stands at a line, in a word, with its addresses and its places in the database.
struct Element {
    what: String,
    routes: Vec<String>,
    tables: Vec<String>,
}

/// The table that the app's schema has for an entity.
fn table<'s>(schema: &'s Json, entity: &str) -> Option<&'s Json> {
    let mut tables = schema.get("tables")?.as_array()?.iter();
    tables.find(|table| table.get("name").and_then(Json::as_str) == Some(entity))
}

/// `ticket.due`, where a field has a column.
fn column(schema: &Json, entity: &str, field: &str) -> Vec<String> {
    let found = table(schema, entity).and_then(|table| {
        let mut columns = table.get("columns")?.as_array()?.iter();
        let column =
            columns.find(|column| column.get("name").and_then(Json::as_str) == Some(field))?;
        let (table, column) = (
            table.get("table")?.as_str()?,
            column.get("column")?.as_str()?,
        );
        Some(format!("{table}.{column}"))
    });
    found.into_iter().collect()
}

fn elements(checked: &Checked, schema: &Json, place: &Place) -> Vec<Element> {
    let ir = &checked.ir;
    let names = NameTable::new(ir);
    let at = |span: Span| {
        span != Span::default()
            && checked.sources.place(span) == format!("{}:{}", place.file, place.line)
    };
    let mut found = Vec::new();
    let mut add = |what: String, routes: Vec<String>, tables: Vec<String>| {
        found.push(Element {
            what,
            routes,
            tables,
        });
    };
    for (position, entity) in ir.entities.iter().enumerate() {
        let id = EntityId(number(position));
        let name = &entity.name.text;
        let slug = names.slug(id);
        let all = format!("/api/{slug}");
        let one = format!("/api/{slug}/{{id}}");
        if at(entity.span) {
            add(
                format!("the entity {name}"),
                vec![
                    format!("GET, POST {all}"),
                    format!("GET, PATCH, DELETE {one}"),
                    format!("the pages at /{slug}"),
                ],
                table(schema, name)
                    .and_then(|table| table.get("table")?.as_str())
                    .map(|table| vec![table.to_owned()])
                    .unwrap_or_default(),
            );
        }
        for field in entity.fields.iter().filter(|field| at(field.span)) {
            let tables = column(schema, name, &field.name.text);
            add(
                format!("the field {} of {name}", field.name.text),
                Vec::new(),
                tables,
            );
        }
        for grant in entity.access.iter().filter(|grant| at(grant.span)) {
            let (verb, routes) = match grant.verb {
                Verb::Create => ("create", vec![format!("POST {all}")]),
                Verb::Read => ("read", vec![format!("GET {all}"), format!("GET {one}")]),
                Verb::Update => ("update", vec![format!("PATCH {one}")]),
                Verb::Delete => ("delete", vec![format!("DELETE {one}")]),
            };
            add(format!("who may {verb} {name}"), routes, Vec::new());
        }
        for cycle in &entity.lifecycles {
            for step in cycle.steps.iter().filter(|step| at(step.span)) {
                let path = names.step_slug(id, &step.name.text);
                add(
                    format!("the step {} of {name}", step.name.text),
                    vec![format!("POST {one}/{path}")],
                    Vec::new(),
                );
            }
        }
        for rule in entity.rules.iter().filter(|rule| at(rule.sentence.span)) {
            add(
                format!("the rule “{}” of {name}", rule.sentence.text),
                vec![format!("refused as {}, with 422", rule.id)],
                Vec::new(),
            );
        }
    }
    for (position, action) in ir.actions.iter().enumerate() {
        let body = &action.body;
        let inside = body.requires.iter().any(|one| at(one.sentence.span))
            || body
                .does
                .iter()
                .any(|one| at(one.span) || at(one.sentence.span));
        if at(action.span) || inside {
            add(
                format!("the action {}", action.name.text),
                vec![format!("POST {}", action_path(ir, &names, position))],
                Vec::new(),
            );
        }
    }
    for function in ir.functions.iter().filter(|function| at(function.span)) {
        add(
            format!("the function {}", function.name.text),
            Vec::new(),
            Vec::new(),
        );
    }
    for scenario in &ir.scenarios {
        if at(scenario.span) || scenario.steps.iter().any(|step| at(step.span)) {
            add(
                format!("the scenario {}", scenario.name.text),
                Vec::new(),
                Vec::new(),
            );
        }
    }
    for role in ir.roles.iter().filter(|role| at(role.name.span)) {
        add(
            format!("the role {}", role.name.text),
            Vec::new(),
            Vec::new(),
        );
    }
    found
}

fn action_path(ir: &Ir, names: &NameTable, position: usize) -> String {
    let Some(action) = ir.actions.get(position) else {
        return String::new();
    };
    let slug = names.action_slug(position);
    match (action.on, &action.path) {
        (_, Some(path)) => path.text.clone(),
        (Some(entity), None) => format!("/api/{}/{{id}}/{slug}", names.slug(entity)),
        (None, None) => format!("/api/{slug}"),
    }
}

/// The text of a line of the spec.
fn sentence(checked: &Checked, place: &str) -> Option<String> {
    let (path, line) = place.rsplit_once(':')?;
    let line: usize = line.parse().ok()?;
    let file = checked
        .sources
        .files
        .iter()
        .find(|file| file.path == path)?;
    let text = file.text.lines().nth(line.checked_sub(1)?)?;
    Some(text.trim().to_owned())
}

/// Where the app has the tests that it was given.
const TESTS: &str = "app/tests/";

/// The places of the scenarios that have a step on this line, or that name the sentence on it.
fn scenarios_of(checked: &Checked, to: &str, text: &str) -> BTreeSet<String> {
    let place = |span| checked.sources.place(span);
    let scenarios = &checked.ir.scenarios;
    let told = |scenario: &&Scenario| {
        place(scenario.span) == to || scenario.steps.iter().any(|step| place(step.span) == to)
    };
    let named = |scenario: &&Scenario| {
        scenario.steps.iter().any(|step| {
            matches!(&step.kind, StepKind::Refused(Refused::With(sentence)) if text.contains(sentence))
        })
    };
    let own: BTreeSet<String> = scenarios
        .iter()
        .filter(told)
        .map(|scenario| place(scenario.span))
        .collect();
    if !own.is_empty() {
        return own;
    }
    scenarios
        .iter()
        .filter(named)
        .map(|scenario| place(scenario.span))
        .collect()
}

fn forth(
    show: &Show,
    folder: &Folder,
    checked: &Checked,
    (place, pointers): (&Place, &[Pointer]),
) -> u8 {
    let to = format!("{}:{}", place.file, place.line);
    let Some(text) = sentence(checked, &to) else {
        show.say(&format!("error: the spec has no line {to}"));
        return USAGE;
    };
    let scenarios = scenarios_of(checked, &to, &text);
    let (tests, code): (Vec<&Pointer>, Vec<&Pointer>) = pointers
        .iter()
        .filter(|pointer| match pointer.file.starts_with(TESTS) {
            true => scenarios.contains(&pointer.to),
            false => pointer.to == to,
        })
        .partition(|pointer| pointer.file.starts_with(TESTS));
    let schema = std::fs::read_to_string(folder.app().join("migrations/schema.json"))
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or(Json::Null);
    let elements = elements(checked, &schema, place);
    let evidence = evidence::read(folder).ok();
    let stale = evidence
        .as_ref()
        .is_some_and(|report| report.spec != evidence::digest_of_spec(&checked.sources));
    let judged = judged(evidence.as_ref(), place);
    let unproven = checked
        .ir
        .unproven
        .iter()
        .any(|sentence| checked.sources.place(sentence.span) == to);
    if show.format != Format::Human {
        show.data(&pretty(&json!({
            "sentence": { "place": to, "text": text },
            "is": elements.iter().map(|element| &element.what).collect::<Vec<_>>(),
            "routes": elements.iter().flat_map(|element| &element.routes).collect::<Vec<_>>(),
            "tables": elements.iter().flat_map(|element| &element.tables).collect::<Vec<_>>(),
            "code": code.iter().map(|pointer| json!({
                "file": pointer.file, "first": pointer.lines.0, "last": pointer.lines.1,
            })).collect::<Vec<_>>(),
            "tests": tests.iter().map(|pointer| json!({
                "file": pointer.file, "first": pointer.lines.0, "last": pointer.lines.1,
            })).collect::<Vec<_>>(),
            "evidence": judged.iter().map(|(verdict, id, what)| json!({
                "verdict": verdict, "id": id, "what": what,
            })).collect::<Vec<_>>(),
            "unproven": unproven,
            "stale": stale,
        })));
        return 0;
    }
    show.data(&format!("{to}  {}", printable(&text)));
    for element in &elements {
        show.data(&format!("  is        {}", printable(&element.what)));
        for route in &element.routes {
            show.data(&format!("  route     {route}"));
        }
        for table in &element.tables {
            show.data(&format!("  table     {table}"));
        }
    }
    for pointer in &code {
        show.data(&format!(
            "  code      {}:{}-{}",
            pointer.file, pointer.lines.0, pointer.lines.1
        ));
    }
    for pointer in &tests {
        show.data(&format!(
            "  test      {}:{}-{}",
            pointer.file, pointer.lines.0, pointer.lines.1
        ));
    }
    said_evidence(show, &judged, stale);
    if unproven {
        show.data(
            "  unproven  it reads like a requirement, and has no code and no scenario behind it",
        );
    } else if elements.is_empty() && code.is_empty() && judged.is_empty() {
        show.data(
            "  nothing came of this line: it is prose, or says something about the lines around it",
        );
    }
    0
}

type Judged<'r> = Vec<(&'r str, &'r str, &'r str)>;

/// What was judged of a sentence: verdict, name, what was looked for.
fn judged<'r>(report: Option<&'r Report>, place: &Place) -> Judged<'r> {
    let results = report.into_iter().flat_map(|report| &report.results);
    results
        .filter(|outcome| {
            let sentence = outcome.sentence.as_ref();
            sentence.is_some_and(|at| at.file == place.file && at.line == place.line)
        })
        .map(|outcome| {
            (
                outcome.verdict.as_str(),
                outcome.id.as_str(),
                outcome.what.as_str(),
            )
        })
        .collect()
}

fn said_evidence(show: &Show, judged: &Judged<'_>, stale: bool) {
    if judged.is_empty() {
        return;
    }
    let held = judged
        .iter()
        .filter(|(verdict, ..)| *verdict == "held")
        .count();
    let stale = if stale {
        ", of the spec before it was edited"
    } else {
        ""
    };
    show.data(&format!(
        "  evidence  {held} of {} held{stale}",
        count(judged.len(), "obligation")
    ));
    for (verdict, id, what) in judged.iter().filter(|(verdict, ..)| *verdict != "held") {
        show.data(&format!(
            "            {verdict}: {}  [{}]",
            printable(what),
            printable(id)
        ));
    }
}

/// The narrowest pointer whose lines hold this one.
fn covering<'p>(pointers: &'p [Pointer], place: &Place) -> Option<&'p Pointer> {
    let inside = pointers.iter().filter(|pointer| {
        pointer.file == place.file && (pointer.lines.0..=pointer.lines.1).contains(&place.line)
    });
    inside.min_by_key(|pointer| pointer.lines.1 - pointer.lines.0)
}

fn back(show: &Show, folder: &Folder, checked: &Checked, place: &Place) -> u8 {
    let text = std::fs::read_to_string(folder.root.join(&place.file)).unwrap_or_default();
    let at = usize::try_from(place.line).unwrap_or(1).saturating_sub(1);
    let Some(line) = text.lines().nth(at) else {
        show.say(&format!("error: {} has no line {}", place.file, place.line));
        return USAGE;
    };
    let mut of_file = Vec::new();
    in_file(&place.file, &text, &mut of_file);
    let to = covering(&of_file, place).map(|pointer| pointer.to.clone());
    // Lines that many sentences share: the entity that the folder is about.
    let around = || {
        let module = Path::new(&place.file).with_file_name("mod.rs");
        let text = std::fs::read_to_string(folder.root.join(module)).ok()?;
        text.lines().find_map(pointer_in).map(str::to_owned)
    };
    let (to, whole) = match to {
        Some(to) => (Some(to), false),
        None => (around(), true),
    };
    let sentence = to.as_deref().and_then(|to| sentence(checked, to));
    if show.format != Format::Human {
        show.data(&pretty(&json!({
            "line": { "place": format!("{}:{}", place.file, place.line), "text": line.trim() },
            "sentence": to.as_ref().map(|to| json!({ "place": to, "text": sentence })),
            "shared": whole,
        })));
        return 0;
    }
    show.data(&format!(
        "{}:{}  {}",
        place.file,
        place.line,
        printable(line.trim())
    ));
    match (to, sentence) {
        (Some(to), Some(sentence)) => {
            let how = if whole { "shared by" } else { "follows" };
            show.data(&format!("  {how}  {to}  {}", printable(&sentence)));
            if let Ok(next) = parsed(folder, &to) {
                let report = evidence::read(folder).ok();
                let stale = report.as_ref().is_some_and(|report| {
                    report.spec != evidence::digest_of_spec(&checked.sources)
                });
                said_evidence(show, &judged(report.as_ref(), &next), stale);
            }
        }
        (Some(to), None) => show.data(&format!(
            "  follows  {to}, which is not there any more: the app is older than the spec; `specc build` brings it up to date"
        )),
        (None, _) if place.file.starts_with("app/support/") => {
            show.data("  no sentence: the same in every app");
        }
        (None, _) => show.data("  no sentence: it belongs to the program as a whole"),
    }
    0
}
