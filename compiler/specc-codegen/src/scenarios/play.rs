//! The steps of one scenario as statements, each sentence above the lines that do it.

use super::rows::Types;
use super::values::{Code, choice, current, length, moment, number_at, value, written};
use crate::names::{Taken, identifier};
use crate::parts::{Context, fields::sent};
use crate::source::{literal, note};
use crate::sql::{Names as _, Sql};
use specc_ir::expr::ExprKind;
use specc_ir::ir::{self, EntityId, Field, FieldDefault, FieldId, Scenario, SeedValue, Type, USER};
use specc_ir::model::{Model, Surroundings};
use specc_ir::scenario::{Actor, Doing, Refused, RowName, StepKind};
use specc_syntax::span::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// How many rows are made for another at most.
const DEEPEST: u8 = 8;

/// The steps of a scenario on their way to be written.
#[derive(Debug)]
pub struct Play<'p, 'a> {
    context: &'p Context<'a>,
    types: &'p mut Types<'a>,
    /// The variables of people.
    people: BTreeMap<String, String>,
    taken: Taken,
    /// Entities of which there is a row for certain.
    known: BTreeSet<EntityId>,
    /// Ordinary values that were made up.
    made: u64,
    out: String,
}

/// Nothing of it matters for what an operation takes.
struct Nowhere;

impl Surroundings for Nowhere {
    fn offset(&self, _: i64) -> i64 {
        0
    }
    fn slug(&self, text: &str) -> String {
        text.to_owned()
    }
}

impl<'p, 'a> Play<'p, 'a> {
    /// Before the first step.
    pub fn new(context: &'p Context<'a>, types: &'p mut Types<'a>) -> Play<'p, 'a> {
        let mut taken = Taken::without(super::HELPERS);
        for own in ["outcome", "person", "scene"] {
            let _ = taken.take(own, "_");
        }
        Play {
            context,
            types,
            people: BTreeMap::new(),
            taken,
            known: BTreeSet::new(),
            made: 0,
            out: String::new(),
        }
    }

    /// The statements of all steps.
    #[must_use]
    pub fn written(mut self, scenario: &Scenario) -> String {
        let mut last: Option<Span> = None;
        let mut acted = true;
        for (at, step) in scenario.steps.iter().enumerate() {
            if last != Some(step.span) {
                let acts = matches!(step.kind, StepKind::Does { .. } | StepKind::Pass(_));
                if last.is_none() || (acts && !acted) {
                    self.out.push('\n');
                }
                acted = acts;
                self.out.push_str(&note(&step.text));
                last = Some(step.span);
            }
            let rest = scenario.steps.get(at + 1..).unwrap_or(&[]);
            let rest: Vec<&StepKind> = rest.iter().map(|step| &step.kind).collect();
            self.step(&step.kind, &rest);
        }
        self.out
    }

    fn say(&mut self, statement: &str) {
        let _ = writeln!(self.out, "{statement};");
    }

    fn step(&mut self, kind: &StepKind, rest: &[&StepKind]) {
        match kind {
            StepKind::Person {
                name,
                roles,
                values,
            } => {
                let own = [FieldId(0), FieldId(1)];
                let user = self.given(USER, values, None, &own, 0);
                let roles: Vec<String> = roles
                    .iter()
                    .map(|role| literal(&self.context.names.role(*role)))
                    .collect();
                let statement = format!(
                    "scene.given_person({}, &[{}], {user})",
                    literal(name),
                    roles.join(", ")
                );
                self.known.insert(USER);
                self.meet(name, &statement, rest);
            }
            StepKind::Rows { rows, by } => {
                for row in rows {
                    let given = self.given(row.entity, &row.values, by.as_deref(), &[], 0);
                    let statement = match by {
                        Some(by) => format!("scene.given_by({}, {given})", literal(by)),
                        None => format!("scene.given({given})"),
                    };
                    self.say(&statement);
                    self.known.insert(row.entity);
                }
            }
            StepKind::Clock(now) => {
                let moment = moment(self.context, *now);
                self.say(&format!("scene.clock({moment})"));
            }
            StepKind::Pass(time) => self.say(&format!("scene.passes({})", length(*time))),
            StepKind::Does {
                actors,
                what,
                times,
            } => self.does(actors, what, *times, rest),
            StepKind::Succeeds => self.say("outcome.succeeds()"),
            StepKind::Refused(how) => {
                let statement = match how {
                    Refused::Anyhow => "outcome.is_refused()".to_owned(),
                    Refused::NotFound => "outcome.is_refused_with_status(404)".to_owned(),
                    Refused::Forbidden => "outcome.is_refused_with_status(403)".to_owned(),
                    Refused::Invalid => "outcome.is_refused_with_status(422)".to_owned(),
                    Refused::With(sentence) => {
                        format!("outcome.is_refused_because({})", literal(sentence))
                    }
                };
                self.say(&statement);
            }
            StepKind::Exactly(count) => self.say(&format!("outcome.exactly({count})")),
            StepKind::Has(row, values) => {
                let given = self.said(row.entity, values);
                let row = self.called(row);
                self.say(&format!("scene.has({row}, {given})"));
            }
            StepKind::Sees {
                actor,
                entity,
                count,
                order,
            } => {
                let (who, ty) = (self.actor(actor), self.types.name(*entity));
                self.say(&format!("{who}.sees::<{ty}>({count})"));
                if !order.is_empty() {
                    let order: Vec<String> = order.iter().map(|name| literal(name)).collect();
                    self.say(&format!(
                        "{who}.sees_in_order::<{ty}>(&[{}])",
                        order.join(", ")
                    ));
                }
            }
            StepKind::SeesRow(actor, row, wanted) => {
                let (who, ty) = (self.actor(actor), self.types.name(row.entity));
                let verb = if *wanted { "sees_row" } else { "does_not_see" };
                self.say(&format!("{who}.{verb}::<{ty}>({})", literal(&row.shown_as)));
            }
            StepKind::Count(entity, count) => {
                let ty = self.types.name(*entity);
                self.say(&format!("scene.there_are::<{ty}>({count})"));
            }
            StepKind::Holds(condition) => {
                let mut sql = Sql::over_row(self.context.ir, self.context.names);
                let condition = literal(&sql.condition(condition));
                self.say(&format!("scene.holds({condition})"));
            }
            StepKind::Mail(actor, count, subject) => {
                let subject = subject.as_ref().map_or_else(
                    || "None".to_owned(),
                    |subject| format!("Some({})", literal(subject)),
                );
                let who = self.actor(actor);
                self.say(&format!("{who}.gets_mail({count}, {subject})"));
            }
        }
    }

    /// A statement that brings somebody in; they get a variable where a later step needs one.
    fn meet(&mut self, name: &str, statement: &str, rest: &[&StepKind]) {
        if rest.iter().any(|step| acts(step, name)) {
            let variable = self.taken.take(&identifier(name, "somebody"), "_");
            self.people.insert(name.to_owned(), variable.clone());
            self.say(&format!("let {variable} = {statement}"));
        } else {
            self.say(statement);
        }
    }

    fn actor(&self, actor: &Actor) -> String {
        match actor {
            Actor::Visitor => "scene.visitor()".to_owned(),
            Actor::Person(name) => self
                .people
                .get(name)
                .cloned()
                .unwrap_or_else(|| format!("scene.person({})", literal(name))),
        }
    }

    fn does(&mut self, actors: &[Actor], what: &Doing, times: u32, rest: &[&StepKind]) {
        let act = self.act(what);
        let who: Vec<String> = actors.iter().map(|actor| self.actor(actor)).collect();
        let statement = match who.as_slice() {
            [one] if times == 1 => format!("{one}.{act}"),
            _ => format!(
                "scene.at_once({times}, [{}], |person| person.{act})",
                who.join(", ")
            ),
        };
        let judged = rest
            .iter()
            .take_while(|step| !matches!(step, StepKind::Does { .. }))
            .any(|step| {
                matches!(
                    step,
                    StepKind::Succeeds | StepKind::Refused(_) | StepKind::Exactly(_)
                )
            });
        let binding = if judged { "let outcome = " } else { "" };
        self.say(&format!("{binding}{statement}"));
        if let Doing::SignUp(name) = what
            && rest.iter().any(|step| acts(step, name))
        {
            self.meet(name, &format!("scene.person({})", literal(name)), rest);
        }
    }

    /// What somebody does, as a call of theirs.
    fn act(&mut self, what: &Doing) -> String {
        match what {
            Doing::Create(row) => format!("creates({})", self.said(row.entity, &row.values)),
            Doing::Read(row) => format!("reads({})", self.called(row)),
            Doing::Update(row, values) => {
                let row_code = self.called(row);
                format!("updates({row_code}, {})", self.said(row.entity, values))
            }
            Doing::Delete(row) => format!("deletes({})", self.called(row)),
            Doing::List(entity) => format!("lists::<{}>()", self.types.name(*entity)),
            Doing::Run(operation, row, inputs) => {
                let slug = match operation {
                    ir::Operation::Step(entity, name) => {
                        self.context.names.step_slug(*entity, name)
                    }
                    ir::Operation::Action(id) => self.context.names.action_slug(id.0 as usize),
                };
                let (slug, inputs) = (literal(slug), self.inputs(operation, inputs));
                match row {
                    Some(row) => format!("does({slug}, {}, [{inputs}])", self.called(row)),
                    None => format!("runs({slug}, [{inputs}])"),
                }
            }
            Doing::SignUp(name) => format!("signs_up_as({})", literal(name)),
        }
    }

    fn inputs(&self, operation: &ir::Operation, inputs: &[(String, SeedValue)]) -> String {
        let declared = Model::new(self.context.ir, &Nowhere).inputs_of(operation);
        let inputs = inputs.iter().map(|(name, given)| {
            let input = declared.iter().find(|input| input.name.text == *name);
            let ty = input.map_or(Type::Text, |input| input.ty.clone());
            let code = match value(self.context, given, &ty) {
                Code::Plain(code) => format!("{code}.into()"),
                Code::Choice(code) => format!("{code}.as_str().into()"),
                Code::Empty => "Given::Empty".to_owned(),
                Code::Last => "Given::Last".to_owned(),
                Code::Computed(sql) => format!("Given::Computed({})", literal(&sql)),
            };
            format!("({}, {code})", literal(&self.context.names.input(name)))
        });
        inputs.collect::<Vec<_>>().join(", ")
    }

    fn called(&mut self, row: &RowName) -> String {
        let ty = self.types.name(row.entity);
        format!("&{ty}::called({})", literal(&row.shown_as))
    }

    /// A row with what a step says, and nothing else.
    fn said(&mut self, entity: EntityId, values: &[(FieldId, SeedValue)]) -> String {
        let mut out = format!("{}::new()", self.types.name(entity));
        for (field, given) in values {
            let ty = self.type_of(entity, *field);
            let code = value(self.context, given, &ty);
            self.put(entity, *field, code, &mut out);
        }
        out
    }

    fn type_of(&self, entity: EntityId, field: FieldId) -> Type {
        let declared = self.context.field(entity, field);
        declared.map_or(Type::Empty, |field| field.ty.clone())
    }

    fn put(&mut self, entity: EntityId, field: FieldId, code: Code, out: &mut String) {
        let column = self.context.names.column(entity, field);
        let key = literal(sent(&column));
        let _ = match code {
            Code::Plain(code) | Code::Choice(code) => {
                write!(out, ".{}({code})", self.types.method(entity, field))
            }
            Code::Empty => write!(out, ".without({key})"),
            Code::Last => write!(out, ".with_last({key})"),
            Code::Computed(sql) => write!(out, ".with_computed({key}, {})", literal(&sql)),
        };
    }

    /// A row of a Given: what is said, and ordinary values where it needs some. `own` are fields that it has anyway.
    fn given(
        &mut self,
        entity: EntityId,
        values: &[(FieldId, SeedValue)],
        by: Option<&str>,
        own: &[FieldId],
        deep: u8,
    ) -> String {
        let context = self.context;
        let mut out = self.said(entity, values);
        for (id, field) in context.fields(entity) {
            let said = values.iter().any(|(known, _)| *known == id);
            if said || own.contains(&id) || !needs_value(field, by) {
                continue;
            }
            self.made += 1;
            let code = self.ordinary(entity, field, deep);
            self.put(entity, id, code, &mut out);
        }
        out
    }

    /// The value of a required field that a Given does not name.
    fn ordinary(&mut self, entity: EntityId, field: &Field, deep: u8) -> Code {
        let (context, made) = (self.context, self.made);
        let named = format!("{} {made}", field.name.text);
        match &field.ty {
            Type::Email => Code::Plain(literal(&format!("person{made}@example.com"))),
            Type::Url => Code::Plain(literal(&format!("https://example.com/{made}"))),
            Type::Integer | Type::Decimal(_) | Type::Money | Type::Percent => {
                match &field.at_least {
                    Some(least) => written(context, least, &field.ty),
                    None => {
                        let places = crate::sql::scale_or_zero(context.ir, &field.ty);
                        let one = 10_i64.saturating_pow(u32::from(places));
                        number_at(context, one, &field.ty).map_or(Code::Empty, Code::Plain)
                    }
                }
            }
            Type::Bool => Code::Plain("false".to_owned()),
            Type::Date | Type::Time | Type::Timestamp => current(context, &field.ty),
            Type::Duration => Code::Plain(length(3_600_000)),
            Type::Choice(id) => choice(context, *id, 0),
            Type::Ref(target) | Type::Many(target) => {
                if *target != entity && deep < DEEPEST && !self.known.contains(target) {
                    let row = self.given(*target, &[], None, &[], deep + 1);
                    self.say(&format!("scene.given_any({row})"));
                    self.known.insert(*target);
                }
                Code::Last
            }
            Type::List(_) => Code::Plain(format!("[{}]", literal(&named))),
            _ => Code::Plain(literal(&named)),
        }
    }
}

/// The field is required, and nobody but the author of the row gives it a value.
fn needs_value(field: &Field, by: Option<&str>) -> bool {
    let of_me =
        matches!(&field.default, Some(FieldDefault::Value(value)) if value.kind == ExprKind::Me);
    let made = field.default.is_none() && !matches!(field.ty, Type::Slug(_));
    field.required && field.computed.is_none() && (made || (of_me && by.is_none()))
}

/// A step in which this person acts or looks.
fn acts(step: &StepKind, name: &str) -> bool {
    let is = |actor: &Actor| *actor == Actor::Person(name.to_owned());
    match step {
        StepKind::Does { actors, .. } => actors.iter().any(is),
        StepKind::Sees { actor, .. } | StepKind::SeesRow(actor, ..) | StepKind::Mail(actor, ..) => {
            is(actor)
        }
        _ => false,
    }
}
