//! The page of each row, what belongs to it, what forms offer to choose from, and the first page.

use super::{Reading, refused, without};
use crate::app::{NoAnswer, Page};
use crate::doors::browser::{encoded, exchange};
use crate::doors::html::{Document, squeezed};
use crate::doors::ledger::Demand;
use crate::doors::plain;
use crate::mirror::{entity_ids, fields};
use crate::wire;
use specc_ir::eval::Value;
use specc_ir::expr::FieldRef;
use specc_ir::ir::{EntityId, Type};
use specc_ir::model::{Operation, Query, View};
use std::collections::BTreeSet;

impl Reading<'_, '_> {
    /// The page of each row, and of one that is not there.
    pub(super) fn each_row(&mut self, entity: EntityId) -> Result<(), NoAnswer> {
        let Some(declared) = self.declared(entity) else {
            return Ok(());
        };
        let of = wire::slug(&declared.name.text);
        let kind = self.person.kind.clone();
        let caller = self.person.caller(self.set.scene.now);
        let views = self.views.get(&entity).cloned().unwrap_or_default();
        let rows: Vec<i64> = self.set.state.ids(entity).collect();
        let mut nothing = None;
        for row in rows {
            let path = self.address(entity, row);
            let read = Operation::Read(entity, row);
            let outcome = self.ground.model.perform(&self.set.state, caller, &read);
            let view = views
                .iter()
                .find(|(known, _)| *known == row)
                .map(|(_, view)| view);
            let (what, which) = if view.is_some() {
                (
                    format!(
                        "{kind} gets the page of a {} that they may read",
                        declared.name.text
                    ),
                    "readable",
                )
            } else {
                (
                    format!(
                        "{kind} gets no page of a {} that they may not read",
                        declared.name.text
                    ),
                    "unreadable",
                )
            };
            let demand = self.demand(
                "access",
                format!("row.{of}.page.{which}.{kind}"),
                what,
                entity,
            );
            if view.is_none() && nothing.is_none() {
                nothing = Some(self.get(&format!("/{}/999999999", self.set.mirror.slug(entity)))?);
            }
            let page = self.judged(demand, &path, &|_, page| match (&outcome, &nothing) {
                (Ok(_), _) if page.status == 200 => Ok("it is answered with 200".to_owned()),
                (Ok(_), _) => Err(format!("the answer is {}, not 200", page.status)),
                (Err(refusal), Some(nothing)) => {
                    let status = refused(refusal, page)?;
                    let alike = page.status == nothing.status
                        && Document::of(&page.text).main_text()
                            == Document::of(&nothing.text).main_text();
                    if alike {
                        Ok(format!("{status}, as for a row that is not there"))
                    } else {
                        Err("the answer differs from that for a row that is not there".to_owned())
                    }
                }
                (Err(refusal), None) => refused(refusal, page),
            })?;
            let document = Document::of(&page.text);
            let words = document.words();
            self.hides("GET", &path, &page, &words);
            if let Some(view) = view {
                self.shows(entity, view, &path, &page, &words);
                self.parts(entity, row, &document, &path, &page);
            }
        }
        Ok(())
    }

    /// What may be read of a row stands on its page.
    pub(super) fn shows(
        &mut self,
        entity: EntityId,
        view: &View,
        path: &str,
        page: &Page,
        words: &str,
    ) {
        let ir = self.ground.ir();
        let words = squeezed(words);
        for (field, declared) in fields(ir, entity) {
            let value = view
                .iter()
                .find(|(known, _)| *known == FieldRef::Field(field));
            let Some((_, Value::Text(text))) = value else {
                continue;
            };
            let made = matches!(
                declared.default,
                Some(specc_ir::ir::FieldDefault::Random(_))
            );
            if made || !matches!(declared.ty, Type::Text | Type::LongText | Type::Email) {
                continue;
            }
            let of = self
                .declared(entity)
                .map_or("", |entity| entity.name.text.as_str());
            let name = &declared.name.text;
            let demand = Demand {
                id: format!("shown.{}.{}", wire::slug(of), wire::slug(name)),
                class: "fields",
                what: format!("the page of a {of} shows its {name} to whoever may read it"),
                span: declared.span,
            };
            let seen = if words.contains(&squeezed(text)) {
                Ok("it stands on the page".to_owned())
            } else {
                Err(format!("“{text}” does not stand on {path}"))
            };
            let told = exchange("GET", path, None, page);
            self.ledger.note(demand, seen, Some(told));
        }
    }

    /// The number of a row's parts that its page tells.
    pub(super) fn parts(
        &mut self,
        entity: EntityId,
        row: i64,
        document: &Document,
        path: &str,
        page: &Page,
    ) {
        let ir = self.ground.ir();
        for child in entity_ids(ir) {
            let Some(declared) = self.declared(child) else {
                continue;
            };
            let Some(parent) = declared.parent.filter(|parent| parent.entity == entity) else {
                continue;
            };
            let query = Query {
                filters: vec![(FieldRef::Field(parent.field), Value::Row(row))],
                ..Query::all(child)
            };
            let Some(count) = document.heading(&declared.plural) else {
                continue;
            };
            // By the field of the parent a list can be narrowed only where it may be read.
            let of_row = |view: &View| {
                let parent = view
                    .iter()
                    .find(|(known, _)| *known == FieldRef::Field(parent.field));
                parent.is_none_or(|(_, value)| *value == Value::Row(row))
            };
            let Ok(rows) = self.rows(&query) else {
                continue;
            };
            let wanted = rows.iter().filter(|(_, view)| of_row(view)).count();
            let kind = self.person.kind.clone();
            let (of, parts) = (wire::slug(&declared.name.text), &declared.plural);
            let demand = self.demand(
                "lists",
                format!("parts.{of}.page.{kind}"),
                format!("{kind} sees on the page of a row as many {parts} as they may read"),
                child,
            );
            let seen = if u64::try_from(wanted) == Ok(count) {
                Ok(format!("{count} of {}", self.set.state.ids(child).count()))
            } else {
                Err(format!("{path} counts {count} {parts}, not {wanted}"))
            };
            let told = exchange("GET", path, None, page);
            self.ledger.note(demand, seen, Some(told));
        }
    }

    /// What a form offers to choose from.
    pub(super) fn offers(&mut self, entity: EntityId) -> Result<(), NoAnswer> {
        let Some(declared) = self.declared(entity) else {
            return Ok(());
        };
        let kind = self.person.kind.clone();
        let slug = self.set.mirror.slug(entity);
        let open: BTreeSet<String> = self
            .views
            .get(&entity)
            .into_iter()
            .flatten()
            .map(|(row, _)| plain(&self.set.mirror.name(entity, *row)))
            .collect();
        let word = self.secrets.iter().find(|secret| secret.entity == entity);
        let words = [
            String::new(),
            word.map_or_else(|| "a".to_owned(), |secret| secret.text.clone()),
        ];
        for word in words {
            let path = format!(
                "/{slug}/options?{}",
                encoded(&[("q".to_owned(), word.clone())])
            );
            let demand = self.demand(
                "access",
                format!("options.{}.{kind}", wire::slug(&declared.name.text)),
                format!(
                    "{kind} is offered no {} that they may not read",
                    declared.name.text
                ),
                entity,
            );
            let page = self.judged(demand, &path, &|_, page| {
                let offered: Vec<serde_json::Value> =
                    serde_json::from_str(&page.text).unwrap_or_default();
                let texts = offered.iter().filter_map(|one| one.get("text")?.as_str());
                let names = texts.filter_map(|text| text.rsplit_once('#').map(|(_, name)| name));
                match names.clone().find(|name| !open.contains(*name)) {
                    Some(name) => Err(format!("the row {name} is offered")),
                    None => Ok(format!(
                        "{} of {} rows are offered",
                        names.count(),
                        open.len()
                    )),
                }
            })?;
            self.hides("GET", &path, &page, &without(&page.text, &[&word]));
        }
        Ok(())
    }

    /// The first page: what it counts, and what it shows.
    pub(super) fn home(&mut self) -> Result<(), NoAnswer> {
        let page = self.get("/")?;
        let document = Document::of(&page.text);
        self.hides("GET", "/", &page, &document.words());
        let ir = self.ground.ir();
        for entity in entity_ids(ir) {
            let Some(declared) = self.declared(entity) else {
                continue;
            };
            let Some(count) = document.heading(&declared.plural) else {
                continue;
            };
            let kind = self.person.kind.clone();
            let demand = self.demand(
                "lists",
                format!("home.{}.{kind}", wire::slug(&declared.name.text)),
                format!(
                    "{kind} sees on the first page how many {} they may read",
                    declared.plural
                ),
                entity,
            );
            let wanted = self.views.get(&entity).map_or(0, Vec::len);
            let seen = if u64::try_from(wanted) == Ok(count) {
                Ok(format!("{count} of {}", self.set.state.ids(entity).count()))
            } else {
                Err(format!("it counts {count}, not {wanted}"))
            };
            let told = exchange("GET", "/", None, &page);
            self.ledger.note(demand, seen, Some(told));
        }
        Ok(())
    }
}
