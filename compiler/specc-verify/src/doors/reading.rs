//! Reading by every other door: lists, search and filters, pages of rows, exports, what forms offer. Everybody sees there
//! what the model lets them see, and nothing else.

mod rows;

use super::browser::exchange;
use super::html::{Document, squeezed};
use super::ledger::{Demand, Ledger, Seen};
use super::{Ground, Person, Set, people, plain};
use crate::app::{NoAnswer, Page};
use crate::mirror::{entity_ids, fields, same};
use crate::wire;
use specc_ir::eval::Value;
use specc_ir::expr::FieldRef;
use specc_ir::ir::{Entity, EntityId, FieldId, Type, USER};
use specc_ir::model::{Answer, Operation, Query, Refusal, View};
use specc_syntax::names::same_name;
use std::collections::{BTreeMap, BTreeSet};

/// How many scenes are looked at.
const SCENES: u64 = 3;
/// So many rows on, a row is shown as what another is shown as.
const DEEPEST: u8 = 6;
/// The shortest text that is told from others.
const LEAST: usize = 4;

/// Judges reading.
pub fn judge(ground: Ground<'_>, ledger: &mut Ledger) -> Result<(), NoAnswer> {
    let ir = ground.ir();
    for entity in entity_ids(ir) {
        for (id, field) in fields(ir, entity) {
            if field.private {
                ledger.expect(hidden(ground, entity, id));
            }
        }
    }
    for number in 0..SCENES {
        let mut dice = ground.dice(2, number);
        let scene = dice.scene(ground.start);
        let turn = usize::try_from(number).unwrap_or(0);
        let persons = people(ir, &scene, turn);
        let queries: Vec<(EntityId, Query)> = entity_ids(ir)
            .flat_map(|entity| [entity; 3])
            .map(|entity| (entity, dice.query(&scene, entity)))
            .collect();
        let set = Set::up(ground, scene, BTreeMap::new())?;
        let mut reading = Reading {
            ground,
            set,
            ledger,
            person: Person {
                kind: String::new(),
                me: None,
            },
            secrets: Vec::new(),
            views: BTreeMap::new(),
        };
        for person in persons {
            reading.everything_of(person, &queries)?;
        }
    }
    Ok(())
}

/// A text that somebody may not read, and where it stands.
struct Secret {
    text: String,
    entity: EntityId,
    field: FieldId,
}

struct Reading<'a, 'l> {
    ground: Ground<'a>,
    set: Set<'a>,
    ledger: &'l mut Ledger,
    person: Person,
    /// What this person may not read.
    secrets: Vec<Secret>,
    /// What they may read.
    views: BTreeMap<EntityId, Vec<(i64, View)>>,
}

fn hidden(ground: Ground<'_>, entity: EntityId, field: FieldId) -> Demand {
    let declared = ground.ir().entities.get(entity.0 as usize);
    let found = declared.and_then(|entity| entity.fields.get(field.0 as usize));
    let name = found.map_or("", |field| field.name.text.as_str());
    let of = declared.map_or("", |entity| entity.name.text.as_str());
    Demand {
        id: format!("hidden.{}.{}", wire::slug(of), wire::slug(name)),
        class: "fields",
        what: format!("no page and no export shows {name} of {of} to whoever may not read it"),
        span: found.map(|field| field.span).unwrap_or_default(),
    }
}

/// How a list is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Page,
    Csv,
    ApiCsv,
}

impl Door {
    fn name(self) -> &'static str {
        match self {
            Door::Page => "page",
            Door::Csv => "csv",
            Door::ApiCsv => "api-csv",
        }
    }
}

/// What narrows a list down.
fn narrowing(query: &Query) -> &'static str {
    if !query.search.is_empty() {
        "search"
    } else if !query.filters.is_empty() {
        "filter"
    } else if query.sort.is_some() {
        "sort"
    } else {
        "list"
    }
}

impl<'a> Reading<'a, '_> {
    fn declared(&self, entity: EntityId) -> Option<&'a Entity> {
        self.ground.ir().entities.get(entity.0 as usize)
    }

    fn demand(&self, class: &'static str, id: String, what: String, entity: EntityId) -> Demand {
        Demand {
            id,
            class,
            what,
            span: self
                .declared(entity)
                .map(|entity| entity.span)
                .unwrap_or_default(),
        }
    }

    /// What they may read of an entity, in a list's order.
    fn rows(&self, query: &Query) -> Result<Vec<(i64, View)>, Refusal> {
        let caller = self.person.caller(self.set.scene.now);
        let model = self.ground.model;
        match model.perform(&self.set.state, caller, &Operation::List(query.clone()))? {
            (_, Answer::Rows(rows)) => Ok(rows),
            _ => Ok(Vec::new()),
        }
    }

    fn everything_of(
        &mut self,
        person: Person,
        queries: &[(EntityId, Query)],
    ) -> Result<(), NoAnswer> {
        self.person = person;
        let ir = self.ground.ir();
        self.views = entity_ids(ir)
            .map(|entity| (entity, self.rows(&Query::all(entity)).unwrap_or_default()))
            .collect();
        self.secrets = self.find_secrets();
        for entity in entity_ids(ir) {
            for door in [Door::Page, Door::Csv, Door::ApiCsv] {
                self.list(door, &Query::all(entity))?;
                for (of, query) in queries {
                    if *of == entity && *query != Query::all(entity) {
                        self.list(door, query)?;
                    }
                }
            }
            self.each_row(entity)?;
            self.offers(entity)?;
        }
        self.home()
    }

    /// Texts that stand in rows or fields that they may not read, and in none that they may.
    fn find_secrets(&self) -> Vec<Secret> {
        let ir = self.ground.ir();
        let (state, now) = (&self.set.state, self.set.scene.now);
        let mut open = String::new();
        let mut show = |value: &Value| {
            each_text(value, &mut |text| {
                open.push_str(&squeezed(text));
                open.push('\n');
            })
        };
        for (entity, rows) in &self.views {
            for (field, value) in rows.iter().flat_map(|(_, view)| view) {
                show(value);
                // Whoever may read a reference reads what its row is shown as.
                let ty = wire::field_type(ir, *entity, *field);
                for (target, row) in referred(&ty, value) {
                    self.shown_as(target, row, DEEPEST, &mut show);
                    // And what it is called.
                    if let Some((id, _)) =
                        fields(ir, target).find(|(_, field)| same_name(&field.name.text, "id"))
                    {
                        let id = FieldRef::Field(id);
                        show(&self.ground.model.value(state, now, target, row, id));
                    }
                }
            }
        }
        // Everybody knows who they are themselves.
        if let Some(me) = self.person.me {
            for field in [FieldId(0), FieldId(1)] {
                show(
                    &self
                        .ground
                        .model
                        .value(state, now, USER, me, FieldRef::Field(field)),
                );
            }
        }
        let mut secrets = Vec::new();
        for entity in entity_ids(ir) {
            for row in state.ids(entity) {
                for (field, declared) in fields(ir, entity) {
                    if declared.computed.is_some() || declared.ty == Type::Password {
                        continue;
                    }
                    let value =
                        self.ground
                            .model
                            .value(state, now, entity, row, FieldRef::Field(field));
                    each_text(&value, &mut |text| {
                        let text = squeezed(text);
                        let telling =
                            text.len() >= LEAST && text.contains(|c: char| c.is_ascii_digit());
                        if telling && !open.contains(&text) {
                            secrets.push(Secret {
                                text,
                                entity,
                                field,
                            });
                        }
                    });
                }
            }
        }
        secrets
    }

    /// What a row is shown as; a row that is shown as another one, as that is.
    fn shown_as(&self, entity: EntityId, row: i64, deep: u8, show: &mut dyn FnMut(&Value)) {
        let field = self.declared(entity).and_then(|entity| entity.shown_as);
        let (Some(field), Some(deep)) = (field, deep.checked_sub(1)) else {
            return;
        };
        let (state, now) = (&self.set.state, self.set.scene.now);
        let field = FieldRef::Field(field);
        let value = self.ground.model.value(state, now, entity, row, field);
        show(&value);
        let ty = wire::field_type(self.ground.ir(), entity, field);
        for (target, row) in referred(&ty, &value) {
            self.shown_as(target, row, deep, show);
        }
    }

    /// Nothing of what they may not read stands in an answer.
    fn hides(&mut self, method: &str, path: &str, page: &Page, words: &str) {
        let words = squeezed(words);
        let mut seen: BTreeSet<(EntityId, FieldId)> = BTreeSet::new();
        let mut shown = Vec::new();
        for secret in &self.secrets {
            seen.insert((secret.entity, secret.field));
            if words.contains(&secret.text) {
                shown.push((secret.entity, secret.field, secret.text.clone()));
            }
        }
        for (entity, field, text) in shown {
            let told = exchange(method, path, None, page);
            let seen = Err(format!("{path} shows “{text}” to {}", self.person.kind));
            self.ledger
                .note(hidden(self.ground, entity, field), seen, Some(told));
        }
        for (entity, field) in seen {
            let seen = Ok("it stands nowhere".to_owned());
            self.ledger
                .note(hidden(self.ground, entity, field), seen, None);
        }
    }

    fn get(&mut self, path: &str) -> Result<Page, NoAnswer> {
        self.set.browser(self.person.me)?.get(path)
    }

    /// Looks once more where something is wrong.
    fn judged(
        &mut self,
        demand: Demand,
        path: &str,
        look: &dyn Fn(&Self, &Page) -> Seen,
    ) -> Result<Page, NoAnswer> {
        let page = self.fetched(path)?;
        let seen = look(self, &page);
        let again = match seen {
            Ok(_) => None,
            Err(_) => {
                let page = self.fetched(path)?;
                Some(look(self, &page))
            }
        };
        let told = exchange("GET", path, None, &page);
        self.ledger.twice(demand, seen, again, Some(told));
        Ok(page)
    }

    fn fetched(&mut self, path: &str) -> Result<Page, NoAnswer> {
        if !path.starts_with("/api/") {
            return self.get(path);
        }
        let app = self.ground.app;
        match self.person.me {
            Some(me) => {
                let bearer = format!("Bearer {}", app.token(&self.set.name(me))?);
                app.fetch("GET", path, &[("authorization", &bearer)], None)
            }
            None => app.fetch("GET", path, &[], None),
        }
    }

    fn list(&mut self, door: Door, query: &Query) -> Result<(), NoAnswer> {
        let Some(declared) = self.declared(query.entity) else {
            return Ok(());
        };
        // A page filters by nothing where nothing is chosen, and reads numbers as people write them.
        let empty = query.filters.iter().any(|(_, value)| value.is_empty());
        let english = self.ground.ir().program.language.starts_with("en");
        if door != Door::ApiCsv && (empty || !(english || query.filters.is_empty())) {
            return Ok(());
        }
        let of = wire::slug(&declared.name.text);
        let (name, narrowing, kind) = (door.name(), narrowing(query), self.person.kind.clone());
        let demand = self.demand(
            "lists",
            format!("{narrowing}.{of}.{name}.{kind}"),
            format!(
                "{kind} sees in the {name} of {} what they may read",
                declared.plural
            ),
            query.entity,
        );
        let slug = self.set.mirror.slug(query.entity);
        let asked = self.set.mirror.list(query);
        let asked = asked
            .split_once('?')
            .map_or("", |(_, asked)| asked)
            .to_owned();
        let path = match door {
            Door::Page => format!("/{slug}?{asked}"),
            Door::Csv => format!("/{slug}.csv?{asked}"),
            Door::ApiCsv => format!("/api/{slug}.csv?{asked}"),
        };
        let wanted = self.rows(query);
        if wanted.is_ok() && self.set.state.ids(query.entity).next().is_none() {
            return Ok(());
        }
        let entity = query.entity;
        let page = self.judged(demand, &path, &|reading, page| match &wanted {
            Err(refusal) => refused(refusal, page),
            Ok(_) if page.status != 200 => Err(format!("the answer is {}, not 200", page.status)),
            Ok(rows) if door == Door::Page => reading.page_fits(entity, rows, page),
            Ok(rows) => reading.csv_fits(door, entity, rows, page),
        })?;
        let words = match door {
            Door::Page => Document::of(&page.text).words(),
            _ => page.text.replace("\"\"", "\""),
        };
        let mut asked = vec![query.search.as_str()];
        for (_, value) in &query.filters {
            if let Value::Text(text) = value {
                asked.push(text);
            }
        }
        self.hides("GET", &path, &page, &without(&words, &asked));
        Ok(())
    }

    fn address(&self, entity: EntityId, row: i64) -> String {
        let name = plain(&self.set.mirror.name(entity, row));
        format!("/{}/{name}", self.set.mirror.slug(entity))
    }

    fn page_fits(&self, entity: EntityId, rows: &[(i64, View)], page: &Page) -> Seen {
        let document = Document::of(&page.text);
        let plural = self
            .declared(entity)
            .map_or("", |entity| entity.plural.as_str());
        let count = document.count(plural);
        if count != u64::try_from(rows.len()).ok() {
            return Err(format!("the page counts {count:?}, not {}", rows.len()));
        }
        let wanted: Vec<String> = rows
            .iter()
            .map(|(row, _)| self.address(entity, *row))
            .collect();
        let shown = document.rows();
        if shown != wanted {
            return Err(format!("the page shows the rows {shown:?}, not {wanted:?}"));
        }
        Ok(format!(
            "{} of {} rows, and their number",
            rows.len(),
            self.set.state.ids(entity).count()
        ))
    }

    fn csv_fits(&self, door: Door, entity: EntityId, rows: &[(i64, View)], page: &Page) -> Seen {
        let ir = self.ground.ir();
        let mut reader = csv::ReaderBuilder::new().from_reader(page.text.as_bytes());
        let head = reader.headers().map_err(|error| error.to_string())?.clone();
        let place = |name: &str| head.iter().position(|column| column == name);
        let lines: Vec<csv::StringRecord> = reader
            .records()
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())?;
        if lines.len() != rows.len() {
            return Err(format!("it has {} rows, not {}", lines.len(), rows.len()));
        }
        for (field, declared) in fields(ir, entity) {
            let key = wire::key(&declared.name.text);
            let may = rows.iter().any(|(_, view)| {
                view.iter()
                    .any(|(known, _)| *known == FieldRef::Field(field))
            });
            if (declared.private || declared.ty == Type::Password)
                && key != "id"
                && place(&key).is_some()
            {
                return Err(format!("it has a column {key}"));
            }
            if may && declared.ty != Type::Secret && place(&key).is_none() {
                return Err(format!("it has no column {key}"));
            }
        }
        let ids = place("id").unwrap_or(0);
        for (line, (row, view)) in lines.iter().zip(rows) {
            let name = plain(&self.set.mirror.name(entity, *row));
            let id = line.get(ids).unwrap_or_default();
            if bare(id) != bare(&name) {
                return Err(format!("in the place of the row {name} stands {id}"));
            }
            for (field, declared) in fields(ir, entity) {
                let key = wire::key(&declared.name.text);
                let Some(cell) = place(&key).and_then(|place| line.get(place)) else {
                    continue;
                };
                let value = view
                    .iter()
                    .find(|(known, _)| *known == FieldRef::Field(field));
                let made = matches!(
                    declared.default,
                    Some(specc_ir::ir::FieldDefault::Random(_))
                );
                let fits = match value {
                    _ if key == "id" || made => true,
                    None => cell.is_empty(),
                    Some((_, value)) => self.cell_fits(door, &declared.ty, value, cell),
                };
                if !fits {
                    return Err(format!(
                        "{key} of {name} is “{cell}”, not {:?}",
                        value.map(|(_, value)| value)
                    ));
                }
            }
        }
        Ok(format!("{} rows, cell by cell", rows.len()))
    }

    fn cell_fits(&self, door: Door, ty: &Type, value: &Value, cell: &str) -> bool {
        let bare = bare(cell);
        if let (
            Value::Text(text),
            Type::Text | Type::LongText | Type::Markdown | Type::Email | Type::Url | Type::Slug(_),
        ) = (value, ty)
        {
            return text_cell(text, cell);
        }
        if *ty == Type::Json || *ty == Type::Secret {
            return true;
        }
        if door == Door::Csv {
            let none = value.is_empty() || matches!(value, Value::List(all) if all.is_empty());
            return none == cell.is_empty() || matches!(value, Value::List(_) | Value::Row(_));
        }
        let texts = [
            serde_json::Value::String(bare.to_owned()),
            serde_json::from_str(bare).unwrap_or(serde_json::Value::Null),
        ];
        if cell.is_empty() && value.is_empty() {
            return true;
        }
        texts.iter().any(|json| {
            let is = self.set.mirror.receive(ty, json);
            is.is_some_and(|is| same(&is, value))
        })
    }
}

/// The answer that pages give to such a refusal: visitors are asked to sign in.
pub fn refused(refusal: &Refusal, page: &Page) -> Seen {
    let wanted = refusal.point.status();
    let to_login = page.status == 303
        && page
            .header("location")
            .is_some_and(|to| to.starts_with("/login"));
    if page.status == wanted || (wanted == 401 && to_login) {
        return Ok(format!("it is answered with {}", page.status));
    }
    Err(format!("the answer is {}, not {wanted}", page.status))
}

/// The rows that a value refers to.
fn referred(ty: &Type, value: &Value) -> Vec<(EntityId, i64)> {
    let (Type::Ref(target) | Type::Many(target)) = ty else {
        return Vec::new();
    };
    let values = match value {
        Value::List(values) => values.as_slice(),
        one => std::slice::from_ref(one),
    };
    let rows = values.iter().filter_map(|value| match value {
        Value::Row(row) => Some((*target, *row)),
        _ => None,
    });
    rows.collect()
}

/// It begins as a formula does.
fn formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Without the quotation mark that keeps a spreadsheet from running it.
fn bare(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|rest| formula(rest))
        .unwrap_or(cell)
}

/// A text as an export has it: as it is, and no formula.
pub fn text_cell(text: &str, cell: &str) -> bool {
    if formula(text) && text.parse::<f64>().is_err() {
        return cell.strip_prefix('\'') == Some(text);
    }
    cell == text
}

/// Texts that stand in a value.
fn each_text(value: &Value, found: &mut dyn FnMut(&str)) {
    match value {
        Value::Text(text) => found(text),
        Value::List(values) => values.iter().for_each(|value| each_text(value, found)),
        _ => {}
    }
}

/// What was asked for may be said again.
fn without(words: &str, asked: &[&str]) -> String {
    let asked = asked.iter().filter(|text| !text.is_empty());
    asked.fold(words.to_owned(), |words, text| words.replace(text, ""))
}
