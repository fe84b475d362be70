//! The app beside the model: which row is which, whether both hold the same, and what somebody does to both.

use crate::app::{App, Exchange, NoAnswer};
use crate::difference::Check;
pub use crate::difference::Difference;
use crate::wire::{self, field_key, field_type, receive, send};
use crate::words::{self, Words};
use serde_json::{Map, Value as Json, json};
use specc_ir::eval::Value;
use specc_ir::expr::FieldRef;
use specc_ir::ir::{self, EntityId, FieldDefault, FieldId, Ir, Type, USER};
use specc_ir::model::{Answer, Caller, Given, Model, Operation, Query, Refusal, State};
use std::collections::{BTreeMap, HashMap};

/// What stands in the place of a row that is not there.
const NO_ROW: i64 = 999_999_999;

/// Rows of the app as it shows them to nobody else.
pub type Kept = Vec<(EntityId, Vec<Json>)>;

/// The app beside the model.
#[derive(Debug, Clone)]
pub struct Mirror<'a> {
    /// The app.
    pub app: &'a App,
    /// What its program means.
    pub model: Model<'a>,
    names: BTreeMap<(EntityId, i64), Json>,
    rows: HashMap<(EntityId, String), i64>,
    /// What these users log in with, once they are planted.
    pub passwords: BTreeMap<i64, String>,
}

pub(crate) fn entity_ids(ir: &Ir) -> impl Iterator<Item = EntityId> {
    (0..u32::try_from(ir.entities.len()).unwrap_or(0)).map(EntityId)
}

pub(crate) fn fields(ir: &Ir, entity: EntityId) -> impl Iterator<Item = (FieldId, &ir::Field)> {
    let entity = ir.entities.get(entity.0 as usize);
    (0..)
        .map(FieldId)
        .zip(entity.into_iter().flat_map(|entity| &entity.fields))
}

impl<'a> Mirror<'a> {
    /// Nothing is known of any row.
    #[must_use]
    pub fn new(app: &'a App, model: Model<'a>) -> Mirror<'a> {
        Mirror {
            app,
            model,
            names: BTreeMap::new(),
            rows: HashMap::new(),
            passwords: BTreeMap::new(),
        }
    }

    fn ir(&self) -> &'a Ir {
        self.model.ir()
    }

    /// An entity in addresses.
    #[must_use]
    pub fn slug(&self, entity: EntityId) -> String {
        let entity = self.ir().entities.get(entity.0 as usize);
        entity.map_or_else(String::new, |entity| wire::slug(&entity.plural))
    }

    fn plural(&self, entity: EntityId) -> &'a str {
        let entity = self.ir().entities.get(entity.0 as usize);
        entity.map_or("rows", |entity| entity.plural.as_str())
    }

    /// Nothing is there any more.
    ///
    /// # Errors
    /// Where the app does not answer.
    pub fn reset(&mut self, now: i64) -> Result<(), NoAnswer> {
        self.names.clear();
        self.rows.clear();
        self.app.reset(now)
    }

    fn know(&mut self, entity: EntityId, row: i64, name: Json) {
        self.rows.insert((entity, name.to_string()), row);
        self.names.insert((entity, row), name);
    }

    pub(crate) fn name(&self, entity: EntityId, row: i64) -> Json {
        self.names
            .get(&(entity, row))
            .cloned()
            .unwrap_or_else(|| json!(NO_ROW))
    }

    /// It is known how the app calls a row.
    pub(crate) fn names_row(&self, entity: EntityId, row: i64) -> bool {
        self.names.contains_key(&(entity, row))
    }

    pub(crate) fn row(&self, entity: EntityId, name: &Json) -> Option<i64> {
        self.rows.get(&(entity, name.to_string())).copied()
    }

    pub(crate) fn send(&self, ty: &Type, value: &Value) -> Json {
        send(self.ir(), ty, value, &|entity, row| self.name(entity, row))
    }

    pub(crate) fn receive(&self, ty: &Type, json: &Json) -> Option<Value> {
        receive(self.ir(), ty, json, &|entity, name| self.row(entity, name))
    }

    /// Puts rows of a state into the app, in this order.
    ///
    /// # Errors
    /// Where the app refuses them.
    pub fn plant(&mut self, state: &State, order: &[(EntityId, i64)]) -> Result<(), NoAnswer> {
        self.plant_rows(state, order, false)
    }

    /// [`Mirror::plant`]; with numbers and codes that the app would otherwise make up, where they are `named`.
    ///
    /// # Errors
    /// Where the app refuses them.
    pub fn plant_rows(
        &mut self,
        state: &State,
        order: &[(EntityId, i64)],
        named: bool,
    ) -> Result<(), NoAnswer> {
        let mut waiting: Vec<((EntityId, i64), Json)> = Vec::new();
        for (entity, id) in order {
            if self.refers_to(state, *entity, *id, &waiting) {
                self.put(state, &mut waiting)?;
            }
            waiting.push(((*entity, *id), self.planted(state, *entity, *id, named)));
        }
        self.put(state, &mut waiting)
    }

    fn put(
        &mut self,
        state: &State,
        waiting: &mut Vec<((EntityId, i64), Json)>,
    ) -> Result<(), NoAnswer> {
        if waiting.is_empty() {
            return Ok(());
        }
        let (places, rows): (Vec<_>, Vec<_>) = std::mem::take(waiting).into_iter().unzip();
        let names = match self.app.plant(&rows) {
            Err(refused) if refused.refused.is_some() => {
                return Err(self.blamed(state, &places, &rows).unwrap_or(refused));
            }
            planted => planted?,
        };
        for ((entity, row), name) in places.into_iter().zip(names) {
            self.know(entity, row, name);
        }
        Ok(())
    }

    /// Which of several rows the app does not take: none of them was kept.
    fn blamed(&self, state: &State, places: &[(EntityId, i64)], rows: &[Json]) -> Option<NoAnswer> {
        for ((entity, row), json) in places.iter().zip(rows) {
            if let Err(mut refused) = self.app.plant(std::slice::from_ref(json))
                && refused.refused.is_some()
            {
                let words = Words::of(self.model, state, 0);
                refused.row = Some((*entity, words.row(*entity, *row)));
                return Some(refused);
            }
        }
        None
    }

    fn refers_to(
        &self,
        state: &State,
        entity: EntityId,
        id: i64,
        waiting: &[((EntityId, i64), Json)],
    ) -> bool {
        let Some(row) = state.row(entity, id) else {
            return false;
        };
        fields(self.ir(), entity).any(|(field, declared)| {
            let (Type::Ref(to) | Type::Many(to)) = declared.ty else {
                return false;
            };
            let points = |id: i64| waiting.iter().any(|(place, _)| *place == (to, id));
            match row.get(field) {
                Value::Row(id) => points(id),
                Value::List(rows) => rows
                    .iter()
                    .any(|row| matches!(row, Value::Row(id) if points(*id))),
                _ => false,
            }
        })
    }

    fn planted(&self, state: &State, entity: EntityId, id: i64, named: bool) -> Json {
        let ir = self.ir();
        let mut values = Map::new();
        let mut roles = Vec::new();
        if let Some(row) = state.row(entity, id) {
            for (field, declared) in fields(ir, entity) {
                let made = matches!(
                    declared.default,
                    Some(FieldDefault::Random(_) | FieldDefault::Next(_))
                );
                if declared.computed.is_some() || (made && !named) {
                    continue;
                }
                values.insert(
                    wire::key(&declared.name.text),
                    self.send(&declared.ty, &row.get(field)),
                );
            }
            for role in &row.roles {
                if let Some(role) = ir.roles.get(role.0 as usize) {
                    roles.push(wire::slug(&role.name.text));
                }
            }
        }
        let password = self.passwords.get(&id).filter(|_| entity == USER);
        json!({ "entity": self.slug(entity), "values": values, "roles": roles, "password": password })
    }

    /// What the app made up itself stands in the state as well, and new rows are known.
    ///
    /// # Errors
    /// Where the app does not answer.
    pub fn compare(&mut self, state: &mut State, now: i64) -> Result<Vec<Difference>, NoAnswer> {
        let kept = self.kept()?;
        Ok(self.compare_with(state, now, &kept))
    }

    /// All rows of the app, by entity, the oldest first.
    ///
    /// # Errors
    /// Where the app does not answer.
    pub fn kept(&self) -> Result<Kept, NoAnswer> {
        entity_ids(self.ir())
            .map(|entity| Ok((entity, self.app.rows(&self.slug(entity))?)))
            .collect()
    }

    /// [`Mirror::compare`], of rows that were read before.
    pub fn compare_with(&mut self, state: &mut State, now: i64, kept: &Kept) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut dumps = Vec::new();
        for (entity, rows) in kept {
            let entity = *entity;
            let ids: Vec<i64> = state.ids(entity).collect();
            let known: Vec<Option<i64>> = rows
                .iter()
                .map(|row| self.row(entity, row.get("id").unwrap_or(&Json::Null)))
                .collect();
            // Rows that neither side knew before are the same in the order in which they were made.
            let new: Vec<i64> = ids
                .iter()
                .copied()
                .filter(|id| !self.names.contains_key(&(entity, *id)))
                .collect();
            let mut new = new.into_iter();
            let mut pairs = Vec::new();
            for (row, known) in rows.iter().zip(known) {
                let id = known.filter(|id| ids.contains(id)).or_else(|| new.next());
                match id {
                    Some(id) => {
                        self.know(entity, id, row.get("id").cloned().unwrap_or(Json::Null));
                        pairs.push((id, row.clone()));
                    }
                    None => {
                        let row: String = row.to_string().chars().take(200).collect();
                        let said = Difference::said(
                            format!("one of the {} is too many: {row}", self.plural(entity)),
                            format!("there are {} {}", ids.len(), self.plural(entity)),
                        );
                        found.push(said.at(Check::Rows(self.slug(entity), ids.len())));
                    }
                }
            }
            for id in &ids {
                let id = *id;
                if !pairs.iter().any(|(known, _)| *known == id) {
                    let row = Words::of(self.model, state, now).row(entity, id);
                    let said =
                        Difference::said(format!("{row} is not there"), format!("{row} is there"));
                    found.push(said.at(Check::Rows(self.slug(entity), ids.len())));
                }
            }
            dumps.push((entity, pairs));
        }
        for (entity, pairs) in dumps {
            for (id, row) in pairs {
                self.compare_row((state, now), entity, id, &row, &mut found);
            }
        }
        found
    }

    /// A row that the model made is the one that the app calls so.
    pub(crate) fn made(&mut self, entity: EntityId, row: i64, name: &Json) {
        self.know(entity, row, name.clone());
    }

    pub(crate) fn compare_row(
        &self,
        (state, now): (&mut State, i64),
        entity: EntityId,
        id: i64,
        row: &Json,
        found: &mut Vec<Difference>,
    ) {
        let ir = self.ir();
        for (field, declared) in fields(ir, entity) {
            if declared.private || matches!(declared.ty, Type::Password | Type::Json) {
                continue;
            }
            let key = wire::key(&declared.name.text);
            let Some(json) = row.get(&key) else {
                continue;
            };
            let is = self.receive(&declared.ty, json);
            if matches!(declared.default, Some(FieldDefault::Random(_)))
                && let Some(is) = &is
            {
                state.adopt(entity, id, field, is.clone());
                continue;
            }
            let wanted = self
                .model
                .value(state, now, entity, id, FieldRef::Field(field));
            if !is.as_ref().is_some_and(|is| same(is, &wanted)) {
                let words = Words::of(self.model, state, now);
                let what = format!("{} of {}", declared.name.text, words.row(entity, id));
                let is = is.map_or_else(|| json.to_string(), |is| words.value(&declared.ty, &is));
                let sent = self.send(&declared.ty, &wanted);
                let wanted = words.value(&declared.ty, &wanted);
                let check = Check::Row(self.slug(entity), self.name(entity, id), key, sent);
                found.push(Difference::of(&what, is, wanted).at(check));
            }
        }
        for field in [FieldRef::Created, FieldRef::Updated, FieldRef::Version] {
            let key = field_key(ir, entity, field);
            let is = row
                .get(&key)
                .and_then(|json| self.receive(&field_type(ir, entity, field), json));
            let wanted = self.model.value(state, now, entity, id, field);
            if is.as_ref() != Some(&wanted) {
                let words = Words::of(self.model, state, now);
                let what = format!("{key} of {}", words.row(entity, id));
                let is = row.get(&key).unwrap_or(&Json::Null);
                let wanted = self.send(&field_type(ir, entity, field), &wanted);
                let check = Check::Row(
                    self.slug(entity),
                    self.name(entity, id),
                    key,
                    wanted.clone(),
                );
                found.push(Difference::of(&what, is, wanted).at(check));
            }
        }
    }

    /// Does to the app what somebody does in the model.
    ///
    /// # Errors
    /// Where no answer comes.
    pub fn act(&self, caller: Caller, operation: &Operation) -> Result<Exchange, NoAnswer> {
        let token = match caller.me {
            Some(me) => Some(self.app.token(&self.name(USER, me))?),
            None => None,
        };
        let (method, path, body) = self.request(operation);
        self.app.ask(method, &path, token.as_deref(), body.as_ref())
    }

    pub(crate) fn address(&self, entity: EntityId, row: i64) -> String {
        let name = self.name(entity, row);
        let name = name
            .as_str()
            .map_or_else(|| name.to_string(), str::to_owned);
        format!("/api/{}/{name}", self.slug(entity))
    }

    fn body(&self, entity: EntityId, given: &[(FieldRef, Given)]) -> Json {
        let ir = self.ir();
        let pairs = given.iter().map(|(field, given)| {
            let ty = field_type(ir, entity, *field);
            let json = match given {
                Given::Value(value) => self.send(&ty, value),
                Given::Malformed => malformed(&ty),
            };
            (field_key(ir, entity, *field), json)
        });
        Json::Object(pairs.collect())
    }

    fn inputs(&self, operation: &ir::Operation, given: &[(String, Given)]) -> Json {
        let declared = self.model.inputs_of(operation);
        let pairs = given.iter().map(|(name, given)| {
            let input = declared.iter().find(|input| input.name.text == *name);
            let ty = input.map_or(Type::Text, |input| input.ty.clone());
            let json = match given {
                Given::Value(value) => self.send(&ty, value),
                Given::Malformed => malformed(&ty),
            };
            (wire::key(name), json)
        });
        Json::Object(pairs.collect())
    }

    fn request(&self, operation: &Operation) -> (&'static str, String, Option<Json>) {
        match operation {
            Operation::Create(entity, given) => (
                "POST",
                format!("/api/{}", self.slug(*entity)),
                Some(self.body(*entity, given)),
            ),
            Operation::Read(entity, row) => ("GET", self.address(*entity, *row), None),
            Operation::Update(entity, row, given, version) => {
                let mut body = self.body(*entity, given);
                if let (Some(version), Json::Object(body)) = (version, &mut body) {
                    body.insert("version".to_owned(), json!(version));
                }
                ("PATCH", self.address(*entity, *row), Some(body))
            }
            Operation::Delete(entity, row, _) => ("DELETE", self.address(*entity, *row), None),
            Operation::List(query) => ("GET", self.list(query), None),
            Operation::Step(entity, name, row, given) => {
                let step = ir::Operation::Step(*entity, name.clone());
                let path = format!("{}/{}", self.address(*entity, *row), wire::slug(name));
                ("POST", path, Some(self.inputs(&step, given)))
            }
            Operation::Act(id, row, given) => {
                let action = self.ir().actions.get(id.0 as usize);
                let slug = action.map_or_else(String::new, |action| wire::slug(&action.name.text));
                let path = match (action.and_then(|action| action.on), row) {
                    (Some(entity), Some(row)) => format!("{}/{slug}", self.address(entity, *row)),
                    _ => format!("/api/{slug}"),
                };
                (
                    "POST",
                    path,
                    Some(self.inputs(&ir::Operation::Action(*id), given)),
                )
            }
            Operation::Leave => {
                let password = self.passwords.values().next();
                let body = json!({ "password": password });
                ("DELETE", "/api/me".to_owned(), Some(body))
            }
            Operation::Put(entity, values) => {
                let ir = self.ir();
                let pairs = values.iter().map(|(field, value)| {
                    let field = FieldRef::Field(*field);
                    let json = self.send(&field_type(ir, *entity, field), value);
                    (field_key(ir, *entity, field), json)
                });
                let values = Json::Object(pairs.collect());
                let row = json!({ "entity": self.slug(*entity), "values": values });
                let body = json!({ "rows": [row] });
                ("POST", "/verification/rows".to_owned(), Some(body))
            }
            Operation::SignUp(name, email, password) => (
                "POST",
                "/api/sign-up".to_owned(),
                Some(json!({ "name": name, "email": email, "password": password })),
            ),
        }
    }

    pub(crate) fn list(&self, query: &Query) -> String {
        let ir = self.ir();
        let mut pairs = vec![("per_page".to_owned(), "200".to_owned())];
        for (field, value) in &query.filters {
            let json = self.send(&field_type(ir, query.entity, *field), value);
            let text = match json {
                Json::Null => String::new(),
                Json::String(text) => text,
                other => other.to_string(),
            };
            pairs.push((field_key(ir, query.entity, *field), text));
        }
        if !query.search.is_empty() {
            pairs.push(("q".to_owned(), query.search.clone()));
        }
        if let Some((field, descending)) = query.sort {
            let key = field_key(ir, query.entity, field);
            pairs.push((
                "sort".to_owned(),
                if descending { format!("-{key}") } else { key },
            ));
        }
        let url = reqwest::Url::parse_with_params("http://app/", &pairs);
        let query_text = url
            .ok()
            .and_then(|url| url.query().map(str::to_owned))
            .unwrap_or_default();
        format!("/api/{}?{query_text}", self.slug(query.entity))
    }

    /// How the answer of the app differs from that of the model. The state is that after the operation; rows that it made
    /// are known.
    #[must_use]
    pub fn judge(
        &self,
        operation: &Operation,
        wanted: &Result<Answer, Refusal>,
        got: &Exchange,
    ) -> Option<Difference> {
        match wanted {
            Err(refusal) => {
                let status = refusal.point.status();
                if got.status != status {
                    let differs =
                        Difference::between(words::answered(got), words::expected(Err(refusal)));
                    return Some(differs.at(Check::Status(status)));
                }
                let mut said: Vec<&str> = errors(&got.body);
                let mut rules: Vec<&str> = refusal
                    .problems
                    .iter()
                    .map(|problem| problem.rule.as_str())
                    .collect();
                said.sort_unstable();
                said.dedup();
                rules.sort_unstable();
                rules.dedup();
                if !rules.is_empty() && said != rules {
                    return Some(Difference {
                        text: format!("it is refused for {said:?}, not for {rules:?}"),
                        expected: format!("it is refused for {rules:?}"),
                        actual: format!("it is refused for {said:?}"),
                        check: Some(Check::Answer("$.errors[*].rule".to_owned(), json!(rules))),
                    });
                }
                let spoken = messages(&got.body);
                let unspoken = refusal.problems.iter().find(|problem| {
                    !problem.message.is_empty() && !spoken.contains(&problem.message.as_str())
                });
                unspoken.map(|problem| {
                    let said = Difference::said(
                        format!("nothing says “{}”", problem.message),
                        format!("it is refused with “{}”", problem.message),
                    );
                    said.at(Check::Answer(
                        "$.errors[*].message".to_owned(),
                        json!([problem.message]),
                    ))
                })
            }
            Ok(answer) => {
                if !(200..300).contains(&got.status) {
                    let differs =
                        Difference::between(words::answered(got), words::expected(wanted.as_ref()));
                    return Some(differs.at(Check::Done));
                }
                self.judge_answer(operation, answer, got)
            }
        }
    }

    /// Of which entity the rows are that an operation answers with.
    pub(crate) fn entity_of(&self, operation: &Operation) -> Option<EntityId> {
        match operation {
            Operation::Create(entity, _)
            | Operation::Read(entity, _)
            | Operation::Update(entity, ..)
            | Operation::Step(entity, ..) => Some(*entity),
            Operation::Act(id, ..) => {
                let action = self.ir().actions.get(id.0 as usize);
                action.and_then(|action| action.on)
            }
            Operation::List(query) => Some(query.entity),
            _ => None,
        }
    }

    fn judge_answer(
        &self,
        operation: &Operation,
        answer: &Answer,
        got: &Exchange,
    ) -> Option<Difference> {
        match (answer, self.entity_of(operation)) {
            (Answer::Row(_, Some(view)), Some(entity)) => {
                self.judge_row(entity, view, &got.body, "$")
            }
            (Answer::Rows(rows), Some(entity)) => {
                let items = got
                    .body
                    .get("items")
                    .and_then(Json::as_array)
                    .cloned()
                    .unwrap_or_default();
                let total = got.body.get("total").and_then(Json::as_u64);
                if items.len() != rows.len() || total != u64::try_from(rows.len()).ok() {
                    let total =
                        total.map_or_else(|| "nothing".to_owned(), |total| total.to_string());
                    let said = Difference::said(
                        format!("the list has {} rows and says {total}", items.len()),
                        format!("the list has {} rows", rows.len()),
                    );
                    let check = Check::Answer("$.total".to_owned(), json!(rows.len()));
                    return Some(said.at(check));
                }
                for (place, ((id, view), item)) in rows.iter().zip(&items).enumerate() {
                    let name = self.name(entity, *id);
                    if item.get("id") != Some(&name) {
                        let is = item.get("id").unwrap_or(&Json::Null);
                        let what = format!("the row at place {}", place + 1);
                        let check = Check::Answer(format!("$.items[{place}].id"), name.clone());
                        return Some(Difference::of(&what, is, name).at(check));
                    }
                    if let Some(difference) =
                        self.judge_row(entity, view, item, &format!("$.items[{place}]"))
                    {
                        return Some(difference);
                    }
                }
                None
            }
            (Answer::Value(value), _) => {
                let Operation::Act(id, ..) = operation else {
                    return None;
                };
                let returns = self
                    .ir()
                    .actions
                    .get(id.0 as usize)
                    .and_then(|action| action.returns.as_ref())?;
                let result = got.body.get("result").unwrap_or(&Json::Null);
                let is = self.receive(&returns.ty, result);
                if is.as_ref().is_some_and(|is| same(is, value)) {
                    return None;
                }
                let wanted = self.send(&returns.ty, value);
                let check = Check::Answer("$.result".to_owned(), wanted.clone());
                Some(Difference::of("the result", result, wanted).at(check))
            }
            _ => None,
        }
    }

    pub(crate) fn judge_row(
        &self,
        entity: EntityId,
        view: &[(FieldRef, Value)],
        row: &Json,
        path: &str,
    ) -> Option<Difference> {
        let ir = self.ir();
        for (field, declared) in fields(ir, entity) {
            let key = wire::key(&declared.name.text);
            let readable = view
                .iter()
                .find(|(known, _)| *known == FieldRef::Field(field));
            match (readable, row.get(&key)) {
                (None, None) => {}
                (None, Some(_)) if key == "id" || declared.ty == Type::Password => {}
                (None, Some(json)) => {
                    let said = Difference::said(
                        format!("{key} is shown, and may not be: {json}"),
                        format!("{key} is not shown"),
                    );
                    return Some(said.at(Check::AnswerLacks(format!("{path}.{key}"))));
                }
                (Some((_, value)), None) => {
                    let said =
                        Difference::said(format!("{key} is not shown"), format!("{key} is shown"));
                    let wanted = self.send(&declared.ty, value);
                    return Some(said.at(Check::Answer(format!("{path}.{key}"), wanted)));
                }
                (Some((_, value)), Some(json)) => {
                    let made = matches!(declared.default, Some(FieldDefault::Random(_)));
                    let is = self.receive(&declared.ty, json);
                    // A reference may lead to a row that is gone, or that this person may not know of.
                    if !made
                        && declared.ty != Type::Json
                        && !is.as_ref().is_some_and(|is| same(is, value))
                    {
                        let wanted = self.send(&declared.ty, value);
                        let check = Check::Answer(format!("{path}.{key}"), wanted.clone());
                        return Some(Difference::of(&key, json, wanted).at(check));
                    }
                }
            }
        }
        None
    }
}

/// Something that is no value of a type.
fn malformed(ty: &Type) -> Json {
    match ty {
        Type::Bool | Type::Integer => json!("no such thing"),
        Type::List(_) | Type::Many(_) => json!("one"),
        _ => json!({ "neither": "this", "nor": ["that"] }),
    }
}

fn errors(body: &Json) -> Vec<&str> {
    let all = body
        .get("errors")
        .and_then(Json::as_array)
        .into_iter()
        .flatten();
    all.filter_map(|error| error.get("rule").and_then(Json::as_str))
        .collect()
}

fn messages(body: &Json) -> Vec<&str> {
    let all = body
        .get("errors")
        .and_then(Json::as_array)
        .into_iter()
        .flatten();
    all.filter_map(|error| error.get("message").and_then(Json::as_str))
        .collect()
}

/// Two values are the same; a set of rows has no order, and what is empty is empty.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    if left.is_empty() && right.is_empty() {
        return true;
    }
    match (left, right) {
        (Value::List(left), Value::List(right))
            if left.iter().all(|one| matches!(one, Value::Row(_))) =>
        {
            left.len() == right.len() && left.iter().all(|one| right.contains(one))
        }
        _ => left == right,
    }
}

/// A request that another thread may send.
#[derive(Debug, Clone)]
pub struct Later {
    /// Where the app is.
    pub(crate) base: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) token: Option<String>,
    pub(crate) body: Option<Json>,
    /// How the app names the user who asks.
    pub(crate) user: Option<String>,
}

impl Later {
    /// Sends it; the status.
    ///
    /// # Errors
    /// Where no answer comes.
    pub fn send(self) -> Result<u16, NoAnswer> {
        let app = App::at(self.base)?;
        let answer = app.ask(
            self.method,
            &self.path,
            self.token.as_deref(),
            self.body.as_ref(),
        )?;
        Ok(answer.status)
    }
}

impl Mirror<'_> {
    /// What [`Mirror::act`] would send, for another thread.
    ///
    /// # Errors
    /// Where the caller gets no token.
    pub fn later(&self, caller: Caller, operation: &Operation) -> Result<Later, NoAnswer> {
        let token = match caller.me {
            Some(me) => Some(self.app.token(&self.name(USER, me))?),
            None => None,
        };
        let (method, path, body) = self.request(operation);
        Ok(Later {
            base: self.app.base().to_owned(),
            method,
            path,
            token,
            body,
            user: caller.me.map(|me| self.name(USER, me).to_string()),
        })
    }
}
