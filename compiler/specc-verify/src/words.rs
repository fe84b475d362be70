//! What was done and what came of it, in the spec's own words: as its scenarios would say it.

use crate::app::Exchange;
use specc_ir::eval::{Value, show};
use specc_ir::expr::FieldRef;
use specc_ir::ir::{EntityId, Field, FieldId, Ir, Type, USER};
use specc_ir::lower::naming_field;
use specc_ir::model::{Answer, Caller, Given, Model, Operation, Point, Query, Refusal, State};
use std::collections::BTreeSet;

/// The longest text that is shown whole, in characters.
const LONGEST: usize = 60;
/// The most rows that are told of.
const MOST_ROWS: usize = 12;
/// The most fields of such a row.
const MOST_FIELDS: usize = 8;

/// Tells of rows of a state at a moment.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    model: Model<'a>,
    state: &'a State,
    now: i64,
}

fn fields(ir: &Ir, entity: EntityId) -> impl Iterator<Item = (FieldId, &Field)> {
    let entity = ir.entities.get(entity.0 as usize);
    (0..)
        .map(FieldId)
        .zip(entity.into_iter().flat_map(|entity| &entity.fields))
}

/// `a`, `a and b`, `a, b and c`.
fn joined(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// With `a` or `an` before it.
fn article(word: &str) -> String {
    let vowel = word
        .chars()
        .next()
        .is_some_and(|letter| "aeiouAEIOU".contains(letter));
    format!("{} {word}", if vowel { "an" } else { "a" })
}

/// A text in quotes, on one line, not endless.
fn quoted(text: &str) -> String {
    let text = specc_syntax::draw::printable(text);
    let length = text.chars().count();
    if length <= LONGEST {
        return format!("\"{text}\"");
    }
    let start: String = text.chars().take(LONGEST).collect();
    format!("\"{start}…\" ({length} characters)")
}

impl<'a> Words<'a> {
    /// Of a state at a moment, in milliseconds since 1970.
    #[must_use]
    pub fn of(model: Model<'a>, state: &'a State, now: i64) -> Words<'a> {
        Words { model, state, now }
    }

    fn ir(self) -> &'a Ir {
        self.model.ir()
    }

    fn entity(self, entity: EntityId) -> &'a str {
        let entity = self.ir().entities.get(entity.0 as usize);
        entity.map_or("row", |entity| entity.name.text.as_str())
    }

    fn plural(self, entity: EntityId) -> &'a str {
        let entity = self.ir().entities.get(entity.0 as usize);
        entity.map_or("rows", |entity| entity.plural.as_str())
    }

    fn get(self, entity: EntityId, row: i64, field: FieldId) -> Value {
        self.model
            .value(self.state, self.now, entity, row, FieldRef::Field(field))
    }

    /// What a row is shown as: `"Printer on fire"`, a person by name, else its number.
    fn title(self, entity: EntityId, row: i64) -> String {
        if self.state.row(entity, row).is_none() {
            return "that is not there".to_owned();
        }
        let shown = naming_field(entity, self.ir()).map(|field| self.get(entity, row, field));
        match shown {
            Some(Value::Text(text)) if entity == USER && text.chars().count() <= LONGEST => {
                specc_syntax::draw::printable(&text)
            }
            Some(Value::Text(text)) => quoted(&text),
            _ => row.to_string(),
        }
    }

    /// `the Ticket "Printer on fire"`, `Ana`.
    #[must_use]
    pub fn row(self, entity: EntityId, row: i64) -> String {
        let title = self.title(entity, row);
        if entity == USER {
            return title;
        }
        format!("the {} {title}", self.entity(entity))
    }

    /// A value as a scenario would write it.
    #[must_use]
    pub fn value(self, ty: &Type, value: &Value) -> String {
        match (value, ty) {
            (Value::Empty, _) => "empty".to_owned(),
            (Value::Row(row), Type::Ref(entity) | Type::Many(entity)) => self.title(*entity, *row),
            (Value::List(all), _) if all.is_empty() => "empty".to_owned(),
            (Value::List(all), _) => {
                let item = match ty {
                    Type::List(item) => (**item).clone(),
                    other => other.clone(),
                };
                joined(
                    &all.iter()
                        .map(|one| self.value(&item, one))
                        .collect::<Vec<_>>(),
                )
            }
            (Value::Text(text), _) => quoted(text),
            (Value::Choice(at), Type::Choice(id)) => {
                let choice = self.ir().choices.get(id.0 as usize);
                let value = choice.and_then(|choice| choice.values.get(*at as usize));
                value.map_or_else(String::new, |value| value.name.text.clone())
            }
            _ => show(value, ty, self.ir(), |moment| self.model.offset(moment)),
        }
    }

    fn given(self, name: &str, ty: &Type, given: &Given) -> String {
        match given {
            Given::Value(value) => format!("{name} {}", self.value(ty, value)),
            Given::Malformed => format!("{name} something that is no {}", kind(ty)),
        }
    }

    fn pairs(self, entity: EntityId, given: &[(FieldRef, Given)]) -> Vec<String> {
        let pairs = given.iter().map(|(field, given)| {
            let ty = crate::wire::field_type(self.ir(), entity, *field);
            self.given(&self.field(entity, *field), &ty, given)
        });
        pairs.collect()
    }

    fn field(self, entity: EntityId, field: FieldRef) -> String {
        match field {
            FieldRef::Field(id) => fields(self.ir(), entity)
                .find(|(known, _)| *known == id)
                .map_or_else(String::new, |(_, field)| field.name.text.clone()),
            other => crate::wire::field_key(self.ir(), entity, other),
        }
    }

    fn roles(self, user: i64) -> Vec<String> {
        let row = self.state.row(USER, user);
        let roles = row.into_iter().flat_map(|row| &row.roles);
        roles
            .filter_map(|role| self.ir().roles.get(role.0 as usize))
            .map(|role| role.name.text.clone())
            .collect()
    }

    /// `an Agent`, `somebody without a role`, `a visitor`.
    fn person(self, user: Option<i64>) -> String {
        let Some(user) = user else {
            return "a visitor".to_owned();
        };
        let roles = self.roles(user);
        if roles.is_empty() {
            return "somebody without a role".to_owned();
        }
        article(&joined(&roles))
    }

    /// ` who is its requester`, ` who is not its requester`: how somebody stands to a row.
    fn relation(self, user: Option<i64>, entity: EntityId, row: i64) -> String {
        let Some(user) = user else {
            return String::new();
        };
        let mut is = Vec::new();
        let mut is_not = Vec::new();
        for (id, field) in fields(self.ir(), entity) {
            if field.ty != Type::Ref(USER) || field.computed.is_some() {
                continue;
            }
            let name = format!("its {}", field.name.text);
            if self.get(entity, row, id) == Value::Row(user) {
                is.push(name);
            } else {
                is_not.push(name);
            }
        }
        match (is.as_slice(), is_not.as_slice()) {
            ([], []) => String::new(),
            ([], [one]) => format!(" who is not {one}"),
            ([], [first @ .., last]) => format!(" who is neither {} nor {last}", first.join(", ")),
            (is, _) => format!(" who is {}", joined(is)),
        }
    }

    /// `a Ticket that is pending`, `another user`.
    fn some(self, me: Option<i64>, entity: EntityId, row: i64) -> String {
        if self.state.row(entity, row).is_none() {
            return format!("{} that is not there", article(self.entity(entity)));
        }
        if entity == USER {
            return (if me == Some(row) {
                "their own account"
            } else {
                "another person's account"
            })
            .to_owned();
        }
        let states = fields(self.ir(), entity).filter(|(_, field)| field.lifecycle);
        let states: Vec<String> = states
            .map(|(id, field)| (field, self.get(entity, row, id)))
            .filter(|(_, value)| !value.is_empty())
            .map(|(field, value)| self.value(&field.ty, &value))
            .collect();
        let name = article(self.entity(entity));
        if states.is_empty() {
            name
        } else {
            format!("{name} that is {}", joined(&states))
        }
    }

    /// Who did what, as a half sentence without names: `an Agent who is not its requester does reopen on a Ticket that is
    /// pending`.
    #[must_use]
    pub fn headline(self, caller: Caller, operation: &Operation) -> String {
        let who = self.person(caller.me);
        let on = |entity: EntityId, row: i64| {
            let who = format!("{who}{}", self.relation(caller.me, entity, row));
            (who, self.some(caller.me, entity, row))
        };
        let names = |entity: EntityId, given: &[(FieldRef, Given)]| {
            let names = given.iter().map(|(field, _)| self.field(entity, *field));
            joined(&names.collect::<Vec<_>>())
        };
        match operation {
            Operation::Create(entity, given) => {
                let names = names(*entity, given);
                let with = if names.is_empty() {
                    " with nothing".to_owned()
                } else {
                    format!(" with {names}")
                };
                format!("{who} creates {}{with}", article(self.entity(*entity)))
            }
            Operation::Read(entity, row) => {
                let (who, what) = on(*entity, *row);
                format!("{who} reads {what}")
            }
            Operation::Update(entity, row, given, _) => {
                let (who, what) = on(*entity, *row);
                format!("{who} changes {} of {what}", names(*entity, given))
            }
            Operation::Delete(entity, row, _) => {
                let (who, what) = on(*entity, *row);
                format!("{who} deletes {what}")
            }
            Operation::List(query) => format!("{who} lists {}", self.list(query)),
            Operation::Step(entity, step, row, _) => {
                let (who, what) = on(*entity, *row);
                format!("{who} does {step} on {what}")
            }
            Operation::Act(id, row, _) => {
                let action = self.ir().actions.get(id.0 as usize);
                let name = action.map_or("", |action| action.name.text.as_str());
                match (action.and_then(|action| action.on), row) {
                    (Some(entity), Some(row)) => {
                        let (who, what) = on(entity, *row);
                        format!("{who} does {name} on {what}")
                    }
                    _ => format!("{who} does {name}"),
                }
            }
            Operation::SignUp(..) => "a visitor signs up".to_owned(),
            Operation::Leave => format!("{who} deletes their account"),
            Operation::Put(entity, values) => {
                let given = put(values);
                let names = names(*entity, &given);
                format!(
                    "example data holds {} with {names}",
                    article(self.entity(*entity))
                )
            }
        }
    }

    fn list(self, query: &Query) -> String {
        let mut text = self.plural(query.entity).to_owned();
        for (field, value) in &query.filters {
            let ty = crate::wire::field_type(self.ir(), query.entity, *field);
            let name = self.field(query.entity, *field);
            text.push_str(&format!(" with {name} {}", self.value(&ty, value)));
        }
        if !query.search.is_empty() {
            text.push_str(&format!(" searching {}", quoted(&query.search)));
        }
        if let Some((field, descending)) = query.sort {
            let order = if descending { ", largest first" } else { "" };
            text.push_str(&format!(" by {}{order}", self.field(query.entity, field)));
        }
        text
    }

    /// What time it is.
    #[must_use]
    pub fn moment(self) -> String {
        show(
            &Value::Timestamp(self.now),
            &Type::Timestamp,
            self.ir(),
            |moment| self.model.offset(moment),
        )
    }

    /// Rows that are there, a line each, and how many more.
    #[must_use]
    pub fn those_there(
        self,
        order: &[(EntityId, i64)],
        matter: &BTreeSet<(EntityId, i64)>,
    ) -> Vec<String> {
        let told = order.iter().filter(|place| matter.contains(place));
        let mut lines: Vec<String> = told
            .take(MOST_ROWS)
            .map(|(entity, row)| format!("And {}", self.there(*entity, *row)))
            .collect();
        let more = matter.len().saturating_sub(MOST_ROWS);
        if more > 0 {
            lines.push(format!("And {more} rows more"));
        }
        lines
    }

    /// The step that does it.
    #[must_use]
    pub fn when(self, caller: Caller, operation: &Operation) -> String {
        format!("When {}", self.does(caller, operation))
    }

    /// The steps of it: the rows that matter, then who does what.
    #[must_use]
    pub fn steps(
        self,
        order: &[(EntityId, i64)],
        caller: Caller,
        operation: &Operation,
    ) -> Vec<String> {
        let mut steps = vec![format!("Given it is {}", self.moment())];
        steps.extend(self.those_there(order, &self.matter(caller, operation)));
        steps.push(self.when(caller, operation));
        steps
    }

    /// `a Ticket "x" with status pending and requester Ana`.
    fn there(self, entity: EntityId, row: i64) -> String {
        let title = self.title(entity, row);
        if entity == USER {
            let roles = self.roles(row);
            return if roles.is_empty() {
                format!("{title}, who has no role")
            } else {
                format!("{} {title}", article(&joined(&roles)))
            };
        }
        let naming = naming_field(entity, self.ir());
        let told = fields(self.ir(), entity).filter(|(id, field)| {
            Some(*id) != naming && !field.private && field.ty != Type::Password
        });
        let mut pairs: Vec<(bool, String)> = Vec::new();
        for (id, field) in told {
            let value = self.get(entity, row, id);
            let text = format!("{} {}", field.name.text, self.value(&field.ty, &value));
            let long = matches!(field.ty, Type::LongText | Type::Markdown | Type::Json);
            pairs.push((long, text));
        }
        // Long texts are what matters least where there are many fields.
        pairs.sort_by_key(|(long, _)| *long);
        let pairs: Vec<String> = pairs
            .into_iter()
            .take(MOST_FIELDS)
            .map(|(_, text)| text)
            .collect();
        let name = article(self.entity(entity));
        if pairs.is_empty() {
            return format!("{name} {title}");
        }
        format!("{name} {title} with {}", joined(&pairs))
    }

    /// The rows that something is about: those it names, and those that these refer to.
    pub fn matter(self, caller: Caller, operation: &Operation) -> BTreeSet<(EntityId, i64)> {
        let mut found: BTreeSet<(EntityId, i64)> = BTreeSet::new();
        found.extend(caller.me.map(|me| (USER, me)));
        let mut sent: Vec<(Type, &Given)> = Vec::new();
        match operation {
            Operation::Create(entity, given) | Operation::Update(entity, _, given, _) => {
                sent.extend(given.iter().map(|(field, given)| {
                    let ty = crate::wire::field_type(self.ir(), *entity, *field);
                    (ty, given)
                }));
            }
            Operation::Put(entity, values) => {
                for (field, value) in values {
                    let ty = crate::wire::field_type(self.ir(), *entity, FieldRef::Field(*field));
                    refers(&ty, value, &mut found);
                }
            }
            Operation::Step(_, _, _, given) | Operation::Act(_, _, given) => {
                let declared = self.inputs(operation);
                sent.extend(given.iter().filter_map(|(name, given)| {
                    let input = declared.iter().find(|input| input.name.text == *name)?;
                    Some((input.ty.clone(), given))
                }));
            }
            Operation::List(query) => {
                found.extend(self.state.ids(query.entity).map(|row| (query.entity, row)));
            }
            _ => {}
        }
        match operation {
            Operation::Read(entity, row)
            | Operation::Update(entity, row, ..)
            | Operation::Delete(entity, row, _)
            | Operation::Step(entity, _, row, _) => {
                found.insert((*entity, *row));
            }
            Operation::Act(id, Some(row), _) => {
                let action = self.ir().actions.get(id.0 as usize);
                found.extend(action.and_then(|action| action.on).map(|on| (on, *row)));
            }
            _ => {}
        }
        for (ty, given) in sent {
            if let Given::Value(value) = given {
                refers(&ty, value, &mut found);
            }
        }
        for _ in 0..2 {
            for (entity, row) in found.clone() {
                for (id, field) in fields(self.ir(), entity) {
                    if matches!(field.ty, Type::Ref(_) | Type::Many(_)) {
                        refers(&field.ty, &self.get(entity, row, id), &mut found);
                    }
                }
            }
        }
        found
    }

    fn inputs(self, operation: &Operation) -> &'a [specc_ir::ir::Parameter] {
        match operation {
            Operation::Step(entity, name, ..) => self
                .model
                .inputs_of(&specc_ir::ir::Operation::Step(*entity, name.clone())),
            Operation::Act(id, ..) => self.model.inputs_of(&specc_ir::ir::Operation::Action(*id)),
            _ => &[],
        }
    }

    /// `Ana does solve on the Ticket "x"`.
    fn does(self, caller: Caller, operation: &Operation) -> String {
        let who = match caller.me {
            Some(me) => self.title(USER, me),
            None => "a visitor".to_owned(),
        };
        let with = |pairs: Vec<String>| {
            if pairs.is_empty() {
                String::new()
            } else {
                format!(" with {}", joined(&pairs))
            }
        };
        let inputs = |given: &[(String, Given)]| {
            let declared = self.inputs(operation);
            let pairs = given.iter().map(|(name, given)| {
                let input = declared.iter().find(|input| input.name.text == *name);
                let ty = input.map_or(Type::Text, |input| input.ty.clone());
                self.given(name, &ty, given)
            });
            with(pairs.collect())
        };
        match operation {
            Operation::Create(entity, given) => format!(
                "{who} creates {}{}",
                article(self.entity(*entity)),
                with(self.pairs(*entity, given))
            ),
            Operation::Read(entity, row) => format!("{who} reads {}", self.row(*entity, *row)),
            Operation::Update(entity, row, given, version) => {
                let seen = version.map_or_else(String::new, |version| {
                    format!(", having seen its version {version}")
                });
                let with = with(self.pairs(*entity, given));
                format!("{who} updates {}{with}{seen}", self.row(*entity, *row))
            }
            Operation::Delete(entity, row, _) => {
                format!("{who} deletes {}", self.row(*entity, *row))
            }
            Operation::List(query) => format!("{who} lists {}", self.list(query)),
            Operation::Step(entity, step, row, given) => format!(
                "{who} does {step} on {}{}",
                self.row(*entity, *row),
                inputs(given)
            ),
            Operation::Act(id, row, given) => {
                let action = self.ir().actions.get(id.0 as usize);
                let name = action.map_or("", |action| action.name.text.as_str());
                let on = match (action.and_then(|action| action.on), row) {
                    (Some(entity), Some(row)) => format!(" on {}", self.row(entity, *row)),
                    _ => String::new(),
                };
                format!("{who} does {name}{on}{}", inputs(given))
            }
            Operation::Leave => format!("{who} deletes their account"),
            Operation::Put(entity, values) => format!(
                "example data holds {}{}",
                article(self.entity(*entity)),
                with(self.pairs(*entity, &put(values)))
            ),
            Operation::SignUp(name, email, password) => format!(
                "{who} signs up as {} with email {} and a password of {} characters",
                quoted(name),
                quoted(email),
                password.chars().count()
            ),
        }
    }
}

fn refers(ty: &Type, value: &Value, found: &mut BTreeSet<(EntityId, i64)>) {
    match (value, ty) {
        (Value::Row(row), Type::Ref(entity) | Type::Many(entity)) => {
            found.insert((*entity, *row));
        }
        (Value::List(all), Type::Many(_)) => all.iter().for_each(|one| refers(ty, one, found)),
        _ => {}
    }
}

/// A type in a word.
fn kind(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "yes or no",
        Type::Integer | Type::Decimal(_) | Type::Money | Type::Percent => "number",
        Type::Date => "date",
        Type::Time => "time of day",
        Type::Timestamp => "moment",
        Type::Duration => "length of time",
        Type::Choice(_) => "value of its choice",
        Type::Ref(_) => "row",
        Type::List(_) | Type::Many(_) => "list",
        _ => "text",
    }
}

/// What should come of it: `it is refused as forbidden (403)`.
#[must_use]
pub fn expected(outcome: Result<&Answer, &Refusal>) -> String {
    let refusal = match outcome {
        Ok(_) => return "it is carried out, and everything is then as it should be".to_owned(),
        Err(refusal) => refusal,
    };
    let sentence = refusal
        .problems
        .iter()
        .find(|problem| !problem.message.is_empty());
    let status = refusal.point.status();
    if let Some(problem) = sentence {
        return format!(
            "it is refused with \"{}\" ({status}), and nothing changes",
            problem.message
        );
    }
    let rules: Vec<String> = refusal
        .problems
        .iter()
        .map(|problem| format!("{}: {}", joined(&problem.fields), problem.rule))
        .collect();
    let because = if rules.is_empty() {
        reason(refusal.point)
    } else {
        format!("as invalid, {}", joined(&rules))
    };
    format!("it is refused {because} ({status}), and nothing changes")
}

fn reason(point: Point) -> String {
    match point {
        Point::SignedIn => "because nobody is signed in",
        Point::Caller | Point::Access | Point::Right | Point::After => "as forbidden",
        Point::Row => "as not found",
        Point::Version => "because somebody else was quicker",
        Point::State => "because the state does not allow it",
        Point::Held => "because other rows hold on to it",
        Point::Input | Point::Effect | Point::Rule => "as invalid",
    }
    .to_owned()
}

/// What the app said: `it was refused as forbidden (403)`.
#[must_use]
pub fn answered(got: &Exchange) -> String {
    let status = got.status;
    let sentence = got
        .body
        .get("errors")
        .and_then(|errors| errors.get(0))
        .and_then(|error| error.get("message"))
        .and_then(serde_json::Value::as_str);
    let how = match (status, sentence) {
        (200..300, _) => "it was carried out".to_owned(),
        (401, _) => "it was refused because nobody is signed in".to_owned(),
        (403, None | Some("")) => "it was refused as forbidden".to_owned(),
        (404, _) => "it was refused as not found".to_owned(),
        (400..500, Some(sentence)) if !sentence.is_empty() => {
            format!("it was refused with {}", quoted(sentence))
        }
        (400..500, _) => "it was refused".to_owned(),
        (500.., _) => "the app broke".to_owned(),
        _ => "it was answered otherwise".to_owned(),
    };
    format!("{how} ({status})")
}

/// What example data holds, as somebody would send it.
fn put(values: &[(FieldId, Value)]) -> Vec<(FieldRef, Given)> {
    let given = values
        .iter()
        .map(|(field, value)| (FieldRef::Field(*field), Given::Value(value.clone())));
    given.collect()
}
