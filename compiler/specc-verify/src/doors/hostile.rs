//! Texts that would be code somewhere: in SQL, HTML, a shell, a path, a template, a spreadsheet. Here they are texts: they
//! come back as they were sent by every door, are found by what stands in them, and add nothing to a page.

use super::browser::exchange;
use super::html::{Document, squeezed};
use super::ledger::{Demand, Ledger, Seen};
use super::reading::text_cell;
use super::{Ground, Person, Set, people, plain};
use crate::app::{Exchange, NoAnswer, Page};
use crate::mirror::{entity_ids, fields};
use crate::scene::Scene;
use crate::wire;
use serde_json::Value as Json;
use specc_ir::eval::Value;
use specc_ir::expr::FieldRef;
use specc_ir::ir::{EntityId, Field, FieldDefault, FieldId, Type};
use specc_ir::model::{Answer, Operation, Query, View};
use std::collections::BTreeMap;

const SCENES: u64 = 2;
/// So many rows of an entity are edited and opened.
const ROWS: usize = 5;

const TEXTS: &[&str] = &[
    "'; DROP TABLE \"user\"; --",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "=1+1",
    "' autofocus onfocus='alert(1)",
    "</textarea></title></script><svg onload=alert(1)>",
    "{{ 7 * 7 }} ${7*7} #{7*7} <%= 7 %>",
    "+1+cmd|' /C calc'!A0",
    "$(id) `id` | cat; rm -rf /",
    "../../etc/passwd",
    "a\\\"b'c\\n%s%n",
    "@SUM(A1:A9)",
    "%27 %00 %0d%0aSet-Cookie: x=y",
    "AND \"x\" OR NEAR(* ^ : -",
    "&lt;b&gt; &amp; &#x27;",
    "Zoë 東京 \u{202e}abc\u{202c} 🦀",
    "-2+3,\"x\";y",
    "]]><!-- x --> ?> --%>",
];

/// Judges texts that would be code.
pub fn judge(ground: Ground<'_>, ledger: &mut Ledger) -> Result<(), NoAnswer> {
    for number in 0..SCENES {
        let plain_scene = ground.dice(6, number).scene(ground.start);
        let at = usize::try_from(number).unwrap_or(0);
        let wild = with_texts(ground, &plain_scene, at * 9, &|_, text| text);
        let drawn = with_texts(ground, &plain_scene, at * 9, &|ty, text| {
            if *ty == Type::Markdown {
                tamed(&text)
            } else {
                text
            }
        });
        let tame = with_texts(ground, &plain_scene, at * 9, &|_, text| tamed(&text));
        // A rule may have something against such texts: then they are nothing that could stand there.
        let Ok(set) = Set::up(ground, wild.clone(), BTreeMap::new()) else {
            continue;
        };
        let persons = people(ground.ir(), &wild, at);
        let mut looking = Looking {
            ground,
            set,
            ledger,
        };
        for person in &persons {
            looking.reads(person)?;
            looking.searches(person)?;
            for (_, path, page) in looking.pages(person)? {
                looking.dead(&path, &page);
            }
        }
        for person in &persons {
            looking.edits(person)?;
        }
        // What people mark up is drawn with elements of its own: where shapes are compared it is harmless in both.
        let Ok(set) = Set::up(ground, drawn, BTreeMap::new()) else {
            continue;
        };
        looking.set = set;
        let mut wild_pages = Vec::new();
        for person in &persons {
            wild_pages.push(looking.pages(person)?);
        }
        let Ok(set) = Set::up(ground, tame, BTreeMap::new()) else {
            continue;
        };
        looking.set = set;
        for (person, wild) in persons.iter().zip(wild_pages) {
            let tame = looking.pages(person)?;
            looking.alike(wild, tame);
        }
    }
    Ok(())
}

/// A text can stand in this field whatever it says.
fn takes_any(field: &Field) -> bool {
    let text = matches!(field.ty, Type::Text | Type::LongText | Type::Markdown);
    let made = matches!(
        field.default,
        Some(FieldDefault::Random(_) | FieldDefault::Next(_))
    );
    text && field.pattern.is_none() && field.computed.is_none() && !made
}

/// The scene with such a text in the place of each text; each with a number of its own.
fn with_texts(
    ground: Ground<'_>,
    scene: &Scene,
    first: usize,
    shape: &dyn Fn(&Type, String) -> String,
) -> Scene {
    let ir = ground.ir();
    let mut scene = scene.clone();
    let mut number = first;
    let mut next: BTreeMap<(EntityId, FieldId), usize> = BTreeMap::new();
    for entity in entity_ids(ir) {
        let rows: Vec<i64> = scene.state.ids(entity).collect();
        for row in rows {
            for (id, field) in fields(ir, entity) {
                let held = scene.state.row(entity, row).map(|row| row.get(id));
                let there = matches!(held, Some(Value::Text(_)));
                if !there || !takes_any(field) {
                    continue;
                }
                // Each field goes through all of them; where there is room, several at a time.
                let place = next.entry((entity, id)).or_insert(first + id.0 as usize);
                let (several, joint) = match field.ty {
                    Type::Markdown => (4, "\n\n"),
                    Type::LongText => (3, " "),
                    _ => (1, ""),
                };
                let some: Vec<&str> = (*place..*place + several)
                    .filter_map(|at| TEXTS.get(at % TEXTS.len()).copied())
                    .collect();
                *place += several;
                let text = some.join(joint);
                number += 1;
                let (least, most) = (field.length.0.unwrap_or(0), field.length.1.unwrap_or(300));
                let (least, most) = (least as usize, most as usize);
                let end = format!(" {number}");
                let room = most.saturating_sub(end.chars().count());
                let mut text: String = text.chars().take(room).collect();
                text.push_str(&end);
                let short = least.saturating_sub(text.chars().count());
                text.extend(std::iter::repeat_n('x', short));
                scene
                    .state
                    .adopt(entity, row, id, Value::text(shape(&field.ty, text)));
            }
        }
    }
    scene
}

/// The same shape in harmless letters.
fn tamed(text: &str) -> String {
    let letters = text.chars().map(|letter| {
        if letter.is_ascii_alphanumeric() || matches!(letter, ' ' | '\n') {
            letter
        } else {
            'x'
        }
    });
    letters.collect()
}

/// Pages as they were: by entity and by path, without what rows are called.
type Pages = Vec<(EntityId, String, Page)>;

struct Looking<'a, 'l> {
    ground: Ground<'a>,
    set: Set<'a>,
    ledger: &'l mut Ledger,
}

impl Looking<'_, '_> {
    fn rows(&self, person: &Person, query: &Query) -> Vec<(i64, View)> {
        let caller = person.caller(self.set.scene.now);
        let list = Operation::List(query.clone());
        match self.ground.model.perform(&self.set.state, caller, &list) {
            Ok((_, Answer::Rows(rows))) => rows,
            _ => Vec::new(),
        }
    }

    fn demand(&self, door: &str, entity: EntityId, field: FieldId) -> Demand {
        let declared = self.ground.ir().entities.get(entity.0 as usize);
        let found = declared.and_then(|entity| entity.fields.get(field.0 as usize));
        let of = declared.map_or("", |entity| entity.name.text.as_str());
        let name = found.map_or("", |field| field.name.text.as_str());
        Demand {
            id: format!("hostile.{door}.{}.{}", wire::slug(of), wire::slug(name)),
            class: "hostile text",
            what: format!("what stands in {name} of {of} is text by {door}, whatever it says"),
            span: found.map(|field| field.span).unwrap_or_default(),
        }
    }

    fn note(&mut self, door: &str, entity: EntityId, field: FieldId, seen: Seen, told: Exchange) {
        let demand = self.demand(door, entity, field);
        self.ledger.note(demand, seen, Some(told));
    }

    fn reads(&mut self, person: &Person) -> Result<(), NoAnswer> {
        let ir = self.ground.ir();
        for entity in entity_ids(ir) {
            let rows = self.rows(person, &Query::all(entity));
            if rows.is_empty() {
                continue;
            }
            let slug = self.set.mirror.slug(entity);
            let caller = person.caller(self.set.scene.now);
            let list = self
                .set
                .mirror
                .act(caller, &Operation::List(Query::all(entity)))?;
            let items = list.body.get("items").and_then(Json::as_array).cloned();
            let items = items.unwrap_or_default();
            let csv_path = format!("/{slug}.csv?per_page=200");
            let csv_page = self.set.browser(person.me)?.get(&csv_path)?;
            let mut reader = csv::ReaderBuilder::new().from_reader(csv_page.text.as_bytes());
            let head = reader.headers().cloned().unwrap_or_default();
            let lines: Vec<csv::StringRecord> = reader.records().flatten().collect();
            for (id, field) in fields(ir, entity).filter(|(_, field)| takes_any(field)) {
                let key = wire::key(&field.name.text);
                let column = head.iter().position(|known| *known == key);
                for (at, (_, view)) in rows.iter().enumerate() {
                    let value = view.iter().find(|(known, _)| *known == FieldRef::Field(id));
                    let Some((_, Value::Text(text))) = value else {
                        continue;
                    };
                    let item = items.get(at).and_then(|item| item.get(&key)?.as_str());
                    let seen = came_back(text, item, item == Some(text.as_str()));
                    self.note("json", entity, id, seen, list.clone());
                    let cell = column.and_then(|column| lines.get(at)?.get(column));
                    let fits = cell.is_some_and(|cell| text_cell(text, cell));
                    let told = exchange("GET", &csv_path, None, &csv_page);
                    self.note("csv", entity, id, came_back(text, cell, fits), told);
                }
            }
        }
        Ok(())
    }

    /// What somebody looks for is a text as well.
    fn searches(&mut self, person: &Person) -> Result<(), NoAnswer> {
        let ir = self.ground.ir();
        for entity in entity_ids(ir) {
            let searched =
                fields(ir, entity).find(|(_, field)| field.searchable && takes_any(field));
            let Some((id, _)) = searched else { continue };
            let rows = self.rows(person, &Query::all(entity));
            if rows.is_empty() {
                continue;
            }
            let slug = self.set.mirror.slug(entity);
            for text in TEXTS {
                let query = Query {
                    search: (*text).to_owned(),
                    ..Query::all(entity)
                };
                let caller = person.caller(self.set.scene.now);
                let list = Operation::List(query.clone());
                let outcome = self.ground.model.perform(&self.set.state, caller, &list);
                let wanted = outcome.map(|(_, answer)| answer);
                let got = self.set.mirror.act(caller, &list)?;
                let seen = match self.set.mirror.judge(&list, &wanted, &got) {
                    None => Ok("it finds the rows in which it stands".to_owned()),
                    Some(difference) => Err(format!("“{text}”: {}", difference.text)),
                };
                self.note("search", entity, id, seen, got);
                let found: Vec<String> = self
                    .rows(person, &query)
                    .iter()
                    .map(|(row, _)| {
                        format!("/{slug}/{}", plain(&self.set.mirror.name(entity, *row)))
                    })
                    .collect();
                let path = self.set.mirror.list(&query).replacen("/api", "", 1);
                let page = self.set.browser(person.me)?.get(&path)?;
                let shown = Document::of(&page.text).rows();
                let seen = if page.status == 200 && shown == found {
                    Ok("it finds the rows in which it stands".to_owned())
                } else {
                    Err(format!(
                        "“{text}” finds {shown:?} ({}), not {found:?}",
                        page.status
                    ))
                };
                let told = exchange("GET", &path, None, &page);
                self.note("search", entity, id, seen, told);
            }
        }
        Ok(())
    }

    /// The pages that somebody may see: lists, rows, the first one.
    fn pages(&mut self, person: &Person) -> Result<Pages, NoAnswer> {
        let mut pages = Vec::new();
        for entity in entity_ids(self.ground.ir()) {
            let slug = self.set.mirror.slug(entity);
            let list = format!("/{slug}");
            let page = self.set.browser(person.me)?.get(&list)?;
            pages.push((entity, list.clone(), page));
            for (row, view) in self
                .rows(person, &Query::all(entity))
                .into_iter()
                .take(ROWS)
            {
                let path = format!("{list}/{}", plain(&self.set.mirror.name(entity, row)));
                let page = self.set.browser(person.me)?.get(&path)?;
                self.stands(entity, &view, &path, &page);
                pages.push((entity, path, page));
            }
        }
        let page = self.set.browser(person.me)?.get("/")?;
        pages.push((specc_ir::ir::USER, "/".to_owned(), page));
        Ok(pages)
    }

    /// The texts of a row stand on its page, letter for letter.
    fn stands(&mut self, entity: EntityId, view: &View, path: &str, page: &Page) {
        let words = squeezed(&Document::of(&page.text).words());
        for (id, field) in fields(self.ground.ir(), entity) {
            let value = view.iter().find(|(known, _)| *known == FieldRef::Field(id));
            let Some((_, Value::Text(text))) = value else {
                continue;
            };
            // Marked-up texts are drawn, not shown.
            if !takes_any(field) || field.ty == Type::Markdown {
                continue;
            }
            let seen = if words.contains(&squeezed(text)) {
                Ok("it stands on the page as it is".to_owned())
            } else {
                Err(format!("“{text}” does not stand on {path}"))
            };
            let told = exchange("GET", path, None, page);
            self.note("page", entity, id, seen, told);
        }
    }

    /// Nothing that a text brought along could do anything.
    fn dead(&mut self, path: &str, page: &Page) {
        let demand = Demand {
            id: "hostile.live".to_owned(),
            class: "hostile text",
            what: "no text becomes something that runs in a browser".to_owned(),
            span: Default::default(),
        };
        let seen = match Document::of(&page.text).live() {
            Some(live) => Err(format!("{path} has {live}")),
            None => Ok("nothing runs on any page".to_owned()),
        };
        let told = exchange("GET", path, None, page);
        self.ledger.note(demand, seen, Some(told));
    }

    /// A page with such texts is made of the same elements as one with harmless texts.
    fn alike(&mut self, wild: Pages, tame: Pages) {
        let ir = self.ground.ir();
        for ((entity, path, page), (_, _, other)) in wild.into_iter().zip(tame) {
            let Some(declared) = ir.entities.get(entity.0 as usize) else {
                continue;
            };
            let what = if path == "/" {
                "first page"
            } else {
                declared.plural.as_str()
            };
            let demand = Demand {
                id: format!(
                    "hostile.elements.{}",
                    if path == "/" {
                        "home".to_owned()
                    } else {
                        wire::slug(&declared.name.text)
                    }
                ),
                class: "hostile text",
                what: format!("texts add nothing to the pages of {what}"),
                span: declared.span,
            };
            let (left, right) = (Document::of(&page.text), Document::of(&other.text));
            let (left, right) = (left.shape(), right.shape());
            let differs = left.iter().zip(&right).find(|(left, right)| left != right);
            let seen = match differs {
                None if left.len() == right.len() => Ok("its elements are the same".to_owned()),
                None => Err(format!(
                    "{path} has {} elements, not {}",
                    left.len(),
                    right.len()
                )),
                Some((left, right)) => {
                    Err(format!("{path} has <{left}> in the place of <{right}>"))
                }
            };
            let told = exchange("GET", &path, None, &page);
            self.ledger.note(demand, seen, Some(told));
        }
    }

    /// The form to change a row holds its texts, and sending it as it stands changes none of them.
    fn edits(&mut self, person: &Person) -> Result<(), NoAnswer> {
        let ir = self.ground.ir();
        for entity in entity_ids(ir) {
            let slug = self.set.mirror.slug(entity);
            for (row, view) in self
                .rows(person, &Query::all(entity))
                .into_iter()
                .take(ROWS)
            {
                let name = self.set.mirror.name(entity, row);
                let path = format!("/{slug}/{}/edit", plain(&name));
                let mut browser = self.set.browser(person.me)?;
                let page = browser.get(&path)?;
                let Some(form) = Document::of(&page.text).form_to(&path) else {
                    continue;
                };
                let sent = browser.post(&path, &form.pairs)?;
                let kept = self.ground.app.rows(&slug)?;
                let kept = kept.iter().find(|one| one.get("id") == Some(&name));
                for (id, field) in fields(ir, entity).filter(|(_, field)| takes_any(field)) {
                    let key = wire::key(&field.name.text);
                    let value = view.iter().find(|(known, _)| *known == FieldRef::Field(id));
                    let (Some((_, Value::Text(text))), true) =
                        (value, form.control(&key).is_some())
                    else {
                        continue;
                    };
                    let shown = form.values(&key).first().copied();
                    let typed = text.replace('\n', "\r\n");
                    let seen = came_back(text, shown, shown == Some(typed.as_str()));
                    let told = exchange("GET", &path, None, &page);
                    self.note("form", entity, id, seen, told);
                    if sent.status != 303 {
                        continue;
                    }
                    let is = kept.and_then(|row| row.get(&key)?.as_str());
                    let seen = came_back(text, is, is == Some(text.as_str()));
                    let told = exchange("POST", &path, Some(&form.pairs), &sent);
                    self.note("form", entity, id, seen, told);
                }
            }
        }
        Ok(())
    }
}

fn came_back(text: &str, is: Option<&str>, fits: bool) -> Seen {
    if fits {
        return Ok(format!("“{text}” came back as it was"));
    }
    Err(format!("“{text}” came back as {is:?}"))
}
