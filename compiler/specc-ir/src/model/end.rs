//! The end of an operation: rules, once, for every row; unique values; whose rows are whose.

use super::change::Run;
use super::check::field_id;
use super::state::{Frame, Row, State, View};
use super::{Model, Point, Problem, Refusal, Result};
use crate::eval::{Mode, Value, compared, evaluate};
use crate::expr::FieldRef;
use crate::ir::{EntityId, FieldId, Rule, RuleCheck, RuleOn, Tenant, USER};
use specc_syntax::span::Span;
use std::cmp::Ordering;

/// A row's values and ranges, as `unique` compares them.
type Placed = (Vec<Value>, Vec<(Value, Value)>);

/// All that is broken at the end, named together.
#[derive(Default)]
struct Broken {
    problems: Vec<Problem>,
    source: Span,
}

impl Broken {
    fn add(&mut self, source: Span, problem: Problem) {
        if self.problems.is_empty() {
            self.source = source;
        }
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

impl Broken {
    fn refuse(self) -> Result<()> {
        if self.problems.is_empty() {
            return Ok(());
        }
        Err(Refusal {
            point: Point::Rule,
            problems: self.problems,
            source: self.source,
        })
    }
}

impl Run<'_> {
    /// What must hold when an operation ends: for every row, and for each that was made, changed or removed.
    pub fn end(&self) -> Result<()> {
        self.walls()?;
        self.at_rest()
    }

    /// The rules and unique values of every row, and those of the operations so far.
    pub fn at_rest(&self) -> Result<()> {
        let mut broken = Broken::default();
        let entities = self.model.ir.entities.iter().enumerate();
        for (at, _) in entities.clone() {
            self.unique_fields(EntityId(u32::try_from(at).unwrap_or(u32::MAX)), &mut broken);
        }
        broken.refuse()?;
        let mut broken = Broken::default();
        for (at, declared) in entities {
            let entity = EntityId(u32::try_from(at).unwrap_or(u32::MAX));
            for rule in &declared.rules {
                let holds = match (&rule.check, rule.on) {
                    (
                        RuleCheck::Unique {
                            fields,
                            ranges,
                            when,
                        },
                        _,
                    ) => self.all_differ(entity, fields, ranges, when.as_ref())?,
                    (RuleCheck::Holds(condition), RuleOn::Always) => {
                        let mut all = true;
                        for id in self.state.ids(entity) {
                            let frame = Frame::of(entity, id);
                            all = all && self.view(&frame).condition(condition)?;
                        }
                        all
                    }
                    (RuleCheck::Holds(condition), on) => {
                        self.held_by_operation(entity, condition, on)?
                    }
                };
                if !holds {
                    broken.add(rule.sentence.span, self.problem(entity, rule));
                }
            }
            self.arithmetic(entity, &mut broken);
        }
        broken.refuse()
    }

    fn problem(&self, entity: EntityId, rule: &Rule) -> Problem {
        Problem {
            fields: rule
                .fields
                .iter()
                .map(|field| self.model.name(entity, FieldRef::Field(*field)))
                .collect(),
            rule: rule.id.clone(),
            message: rule.sentence.text.clone(),
        }
    }

    fn held_by_operation(
        &self,
        entity: EntityId,
        condition: &crate::expr::Expr,
        on: RuleOn,
    ) -> Result<bool> {
        for ((of, id), touched) in &self.touched {
            let kind = match (&touched.old, &touched.gone) {
                (None, None) => RuleOn::Create,
                (Some(_), None) => RuleOn::Update,
                (Some(_), Some(_)) => RuleOn::Delete,
                (None, Some(_)) => continue,
            };
            if *of != entity || kind != on {
                continue;
            }
            let frame = Frame {
                this: Some((entity, *id)),
                old: touched.old.clone(),
                ..Frame::default()
            };
            let holds = match &touched.gone {
                None => self.view(&frame).condition(condition)?,
                Some(row) => {
                    let state = with(&self.state, entity, *id, row);
                    let view = View {
                        state: &state,
                        ..self.view(&frame)
                    };
                    view.condition(condition)?
                }
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn unique_fields(&self, entity: EntityId, broken: &mut Broken) {
        for (position, field) in self
            .model
            .entity(entity)
            .fields
            .iter()
            .enumerate()
            .filter(|(_, field)| field.unique)
        {
            let mut seen = Vec::new();
            for id in self.state.ids(entity) {
                let value = self
                    .state
                    .value(entity, id, FieldRef::Field(field_id(position)));
                if value.is_empty() {
                    continue;
                }
                if seen.contains(&value) {
                    broken.add(
                        field.span,
                        super::check::problem_of(&field.name.text, "unique"),
                    );
                }
                seen.push(value);
            }
        }
    }

    fn all_differ(
        &self,
        entity: EntityId,
        fields: &[FieldId],
        ranges: &[(FieldId, FieldId)],
        when: Option<&crate::expr::Expr>,
    ) -> Result<bool> {
        let mut rows: Vec<Placed> = Vec::new();
        for id in self.state.ids(entity) {
            let frame = Frame::of(entity, id);
            let view = self.view(&frame);
            if let Some(when) = when
                && !view.condition(when)?
            {
                continue;
            }
            let get = |field: &FieldId| view.of_this(FieldRef::Field(*field));
            let keys = fields.iter().map(get).collect::<Result<Vec<_>>>()?;
            let spans = ranges
                .iter()
                .map(|(from, to)| Ok((get(from)?, get(to)?)))
                .collect::<Result<Vec<_>>>()?;
            let whole = keys.iter().all(|key| !key.is_empty())
                && spans
                    .iter()
                    .all(|(from, to)| compared(from, to) == Some(Ordering::Less));
            if !whole {
                continue;
            }
            let collides = |(other, theirs): &Placed| {
                *other == keys
                    && theirs.iter().zip(&spans).all(|((from, to), (begin, end))| {
                        compared(from, end) == Some(Ordering::Less)
                            && compared(begin, to) == Some(Ordering::Less)
                    })
            };
            if rows.iter().any(collides) {
                return Ok(false);
            }
            rows.push((keys, spans));
        }
        Ok(true)
    }

    /// A computed value that overflows would be missing in every sum.
    fn arithmetic(&self, entity: EntityId, broken: &mut Broken) {
        for ((of, id), touched) in &self.touched {
            if *of != entity || touched.gone.is_some() {
                continue;
            }
            for field in &self.model.entity(entity).fields {
                let frame = Frame::of(entity, *id);
                if let Some(computed) = &field.computed
                    && evaluate(computed, &self.view(&frame), Mode::Effect).is_err()
                {
                    broken.add(
                        field.span,
                        super::check::problem_of(&field.name.text, "arithmetic"),
                    );
                }
            }
        }
    }

    /// Nobody who belongs to somebody writes rows of others, as system neither.
    fn walls(&self) -> Result<()> {
        let Some(me) = self.caller.me else {
            return Ok(());
        };
        let mine = |state: &State| {
            let row = state.row(USER, me)?;
            self.model.tenant_in(state, USER, row)
        };
        let own = [mine(self.before), mine(&self.state)];
        if own.iter().all(Option::is_none) {
            return Ok(());
        }
        for ((entity, id), touched) in &self.touched {
            let was = touched
                .old
                .as_ref()
                .and_then(|row| self.model.tenant_in(self.before, *entity, row));
            let is = match (&touched.gone, self.state.row(*entity, *id)) {
                (None, Some(row)) => self.model.tenant_in(&self.state, *entity, row),
                _ => None,
            };
            if [was, is]
                .iter()
                .flatten()
                .any(|whose| !own.contains(&Some(*whose)))
            {
                return Err(Refusal::at(Point::Right, self.model.entity(*entity).span));
            }
        }
        Ok(())
    }

    /// Whose a row is.
    pub fn tenant(&self, entity: EntityId, row: &Row) -> Option<i64> {
        self.model.tenant_in(&self.state, entity, row)
    }
}

impl Model<'_> {
    fn tenant_in(&self, state: &State, entity: EntityId, row: &Row) -> Option<i64> {
        let declared = self.entity(entity);
        match declared.tenant? {
            Tenant::Own(field) => match row.get(field) {
                Value::Row(id) => Some(id),
                _ => None,
            },
            Tenant::Parent => {
                let parent = declared.parent?;
                match row.get(parent.field) {
                    Value::Row(id) => {
                        self.tenant_in(state, parent.entity, state.row(parent.entity, id)?)
                    }
                    _ => None,
                }
            }
            Tenant::Itself => None,
        }
    }
}

/// The state with a row that went.
fn with(state: &State, entity: EntityId, id: i64, row: &Row) -> State {
    let mut state = state.clone();
    state.put_back(entity, id, row.clone());
    state
}
