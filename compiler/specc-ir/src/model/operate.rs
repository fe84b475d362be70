//! The order of an operation, point by point.

use super::change::Run;
use super::state::{Frame, State};
use super::{Answer, Caller, Given, Model, Operation, Point, Refusal, Result};
use crate::eval::{Mode, Value, evaluate};
use crate::expr::FieldRef;
use crate::ir::{self, Action, ActionId, EntityId, FieldId, Lifecycle, Parameter, Step, Verb, Who};
use specc_syntax::names::same_name;
use specc_syntax::span::Span;

pub(super) fn perform(
    model: Model<'_>,
    state: &State,
    caller: Caller,
    operation: &Operation,
) -> Result<(State, Answer)> {
    let mut run = Run::new(model, state, caller);
    let answer = match operation {
        Operation::Create(entity, given) => run.create_by_client(*entity, given)?,
        Operation::Read(entity, row) => {
            let frame = Frame::of(*entity, *row);
            let view = run.view(&frame);
            run.enter_row(
                &view.named(*entity, Verb::Read),
                *entity,
                *row,
                Span::default(),
            )?;
            let seen = view.seen(*entity, *row)?;
            let seen = seen.ok_or_else(|| Refusal::at(Point::Row, Span::default()))?;
            return Ok((run.state, Answer::Row(*row, Some(seen))));
        }
        Operation::List(query) => {
            let frame = Frame::default();
            let view = run.view(&frame);
            view.enter(&view.named(query.entity, Verb::Read), Span::default())?;
            // What the caller can read in no row can't be asked about.
            let filtered = query.filters.iter().map(|(field, _)| *field);
            for field in filtered.chain(query.sort.map(|(field, _)| field)) {
                if let FieldRef::Field(id) = field
                    && !view.could_have(query.entity, Verb::Read, id)?
                {
                    let name = model.name(query.entity, field);
                    return Err(Refusal::field(
                        Point::Input,
                        &name,
                        "forbidden",
                        Span::default(),
                    ));
                }
            }
            let rows = view.list(query)?;
            return Ok((run.state, Answer::Rows(rows)));
        }
        Operation::Update(entity, row, given, version) => {
            run.update_by_client(*entity, *row, given, *version)?
        }
        Operation::Delete(entity, row, version) => run.delete_by_client(*entity, *row, *version)?,
        Operation::Step(entity, name, row, given) => {
            let step = ir::Operation::Step(*entity, name.clone());
            return run.finish(&step, Some(*row), given);
        }
        Operation::Act(action, row, given) => {
            return run.finish(&ir::Operation::Action(*action), *row, given);
        }
        Operation::SignUp(name, email, password) => run.sign_up(name, email, password)?,
        Operation::Leave => run.leave()?,
        Operation::Put(entity, values) => {
            let nobody = Caller { me: None, ..caller };
            let (state, row) = model.give(state, nobody, *entity, values, &[])?;
            return Ok((state, Answer::Row(row, None)));
        }
    };
    run.end()?;
    let answer = match answer {
        Answer::Row(row, _) => {
            let (Operation::Create(entity, _) | Operation::Update(entity, ..)) = operation else {
                return Ok((run.state, answer));
            };
            let frame = Frame::default();
            let seen = run.view(&frame).seen(*entity, row)?;
            Answer::Row(row, seen)
        }
        other => other,
    };
    Ok((run.state, answer))
}

impl<'m> Run<'m> {
    fn create_by_client(
        &mut self,
        entity: EntityId,
        given: &[(FieldRef, Given)],
    ) -> Result<Answer> {
        let frame = Frame::default();
        let view = self.view(&frame);
        view.enter(
            &view.named(entity, Verb::Create),
            self.model.entity(entity).span,
        )?;
        let values = view.fields(entity, Verb::Create, given)?;
        view.references(entity, &values, |_| Value::Empty)?;
        let row = self.draft(entity, &values, self.caller.me)?;
        if let Err(refusal) = self.check_row(entity, &row, Point::Input) {
            return Err(self.refused_row(entity, row, refusal)?);
        }
        let id = self.insert(entity, row);
        let frame = Frame::of(entity, id);
        let view = self.view(&frame);
        let mut allowed = view.may(entity, Verb::Create, None)?;
        for (field, _) in &values {
            allowed = allowed && view.may(entity, Verb::Create, Some(*field))?;
        }
        if !allowed {
            return Err(Refusal::at(Point::Access, self.model.entity(entity).span));
        }
        self.hook(Verb::Create, entity, id, None)?;
        Ok(Answer::Row(id, None))
    }

    /// Point 4: the row is there for the caller.
    fn reach(&self, entity: EntityId, row: i64) -> Result<()> {
        let frame = Frame::default();
        if self.view(&frame).may_read(entity, row)? {
            return Ok(());
        }
        Err(Refusal::at(Point::Row, Span::default()))
    }

    /// Points 1 and 2 of an operation on a row: whoever may never do such a thing hears 404 of a row they may not read.
    fn enter_row(&self, who: &[Who], entity: EntityId, row: i64, span: Span) -> Result<()> {
        let frame = Frame::of(entity, row);
        match self.view(&frame).enter(who, span) {
            Err(refusal) if refusal.point == Point::Caller => {
                self.reach(entity, row).and(Err(refusal))
            }
            entered => entered,
        }
    }

    fn version(&self, entity: EntityId, row: i64, named: Option<i64>) -> Result<()> {
        let version = self.state.row(entity, row).map(|row| row.version);
        if named.is_some() && named != version {
            return Err(Refusal::at(Point::Version, Span::default()));
        }
        Ok(())
    }

    fn may_change(&self, entity: EntityId, id: i64, values: &[(FieldId, Value)]) -> Result<bool> {
        let frame = Frame::of(entity, id);
        let view = self.view(&frame);
        let mut allowed = view.may(entity, Verb::Update, None)?;
        for (field, _) in values {
            allowed = allowed && view.may(entity, Verb::Update, Some(*field))?;
        }
        Ok(allowed)
    }

    fn update_by_client(
        &mut self,
        entity: EntityId,
        id: i64,
        given: &[(FieldRef, Given)],
        version: Option<i64>,
    ) -> Result<Answer> {
        let span = self.model.entity(entity).span;
        let frame = Frame::of(entity, id);
        let view = self.view(&frame);
        self.enter_row(&view.named(entity, Verb::Update), entity, id, span)?;
        let values = view.fields(entity, Verb::Update, given)?;
        self.reach(entity, id)?;
        view.references(entity, &values, |field| {
            self.state.value(entity, id, FieldRef::Field(field))
        })?;
        if !self.may_change(entity, id, &values)? {
            return Err(Refusal::at(Point::Access, span));
        }
        self.version(entity, id, version)?;
        let old = self.state.row(entity, id).cloned();
        if self.write(entity, id, &values) {
            self.hook(Verb::Update, entity, id, old)?;
        }
        if !self.may_change(entity, id, &values)? {
            return Err(Refusal::at(Point::After, span));
        }
        Ok(Answer::Row(id, None))
    }

    fn delete_by_client(
        &mut self,
        entity: EntityId,
        id: i64,
        version: Option<i64>,
    ) -> Result<Answer> {
        let span = self.model.entity(entity).span;
        let frame = Frame::of(entity, id);
        let view = self.view(&frame);
        self.enter_row(&view.named(entity, Verb::Delete), entity, id, span)?;
        self.reach(entity, id)?;
        if !self.view(&frame).may(entity, Verb::Delete, None)? {
            return Err(Refusal::at(Point::Access, span));
        }
        self.version(entity, id, version)?;
        self.delete(entity, id)?;
        Ok(Answer::Done)
    }

    fn sign_up(&mut self, name: &str, email: &str, password: &str) -> Result<Answer> {
        if !self.model.ir.accounts.sign_up {
            return Err(Refusal::at(Point::Row, self.model.ir.accounts.span));
        }
        let fields = [("name", name.to_owned()), ("email", email.to_lowercase())];
        let given: Vec<(FieldId, Value)> = fields
            .into_iter()
            .filter_map(|(field, text)| Some((self.model.user_field(field)?, Value::text(text))))
            .collect();
        if self.model.ir.accounts.confirm_email && self.waits(&given, password)? {
            return Ok(Answer::Done);
        }
        let id = self.account(&given, password, Point::Input)?;
        Ok(Answer::Row(id, None))
    }

    /// Whoever has to confirm an address hears by mail alone that there is an account with it already; what else is wrong
    /// they hear as everybody does.
    fn waits(&self, given: &[(FieldId, Value)], password: &str) -> Result<bool> {
        let mut other = Run::new(self.model, &self.state, self.caller);
        match other.account(given, password, Point::Input) {
            Err(refusal) => match refusal.problems.as_slice() {
                [problem] => Ok(problem.rule == "unique" && problem.fields == ["email"]),
                _ => Ok(false),
            },
            Ok(_) => Ok(false),
        }
    }

    /// The caller's own account goes, as a row of User does: access is not asked.
    fn leave(&mut self) -> Result<Answer> {
        let Some(me) = self.caller.me else {
            return Err(Refusal::at(Point::SignedIn, self.model.ir.accounts.span));
        };
        self.delete(ir::USER, me)?;
        Ok(Answer::Done)
    }

    /// An operation of the author's own, asked for by a client.
    fn finish(
        mut self,
        operation: &ir::Operation,
        row: Option<i64>,
        given: &[(String, Given)],
    ) -> Result<(State, Answer)> {
        let mut frame = None;
        self.operation(operation, row, given, None, Some(&mut frame))?;
        self.end()?;
        let returns = self
            .model
            .action_of(operation)
            .and_then(|action| action.returns.as_ref());
        let answer = match (returns, row) {
            (Some(returns), _) => {
                let frame = frame.unwrap_or_default();
                Answer::Value(evaluate(returns, &self.view(&frame), Mode::Condition)?)
            }
            (None, Some(row)) => {
                let nobody = Frame::default();
                let entity = self.model.entity_of(operation);
                let seen = match entity {
                    Some(entity) => self.view(&nobody).seen(entity, row)?,
                    None => None,
                };
                Answer::Row(row, seen)
            }
            (None, None) => Answer::Done,
        };
        Ok((self.state, answer))
    }

    /// Runs a step or an action. `within` says that an effect asks for it, whether as system, and where; `left` takes what
    /// its code saw last.
    pub fn operation(
        &mut self,
        operation: &ir::Operation,
        row: Option<i64>,
        given: &[(String, Given)],
        within: Option<(bool, Span)>,
        left: Option<&mut Option<Frame>>,
    ) -> Result<()> {
        let system = within.is_some_and(|(system, _)| system);
        let mut frame = Frame::default();
        let action = self.model.action_of(operation);
        let entity = self.model.entity_of(operation);
        let steps = self.model.steps_of(operation);
        if let (Some(entity), Some(row)) = (entity, row) {
            frame.this = Some((entity, row));
        }
        // Who may at all, and the input by itself.
        let place = action.map_or_else(
            || steps.first().map_or(Span::default(), |(_, step)| step.span),
            |action| action.span,
        );
        if !system {
            let who = self.model.who_of(operation, entity);
            match (entity, row, within) {
                (Some(entity), Some(row), None) => self.enter_row(&who, entity, row, place)?,
                _ => self.view(&frame).enter(&who, place)?,
            }
        }
        let inputs = {
            let view = self.view(&frame);
            view.inputs(self.model.inputs_of(operation), given)?
        };
        frame.inputs = inputs.into_iter().collect();
        if let Some(entity) = entity {
            let Some(row) = row else {
                return Err(Refusal::at(Point::Row, place));
            };
            if !system {
                self.reach(entity, row)?;
            } else if self.state.row(entity, row).is_none() {
                return Err(Refusal::at(Point::Row, place));
            }
            frame.old = self.state.row(entity, row).cloned();
        }
        // This row: for an action its Who, for a step that of the rows that lead on from here.
        let leading = match (entity, row) {
            (Some(entity), Some(row)) => self.leading(entity, row, &steps),
            _ => Vec::new(),
        };
        if !system {
            let view = self.view(&frame);
            let allowed = match action.filter(|action| !action.step) {
                Some(action) => view.is_one_of(&action.who)?,
                None => {
                    let any: Vec<&Step> = steps.iter().map(|(_, step)| *step).collect();
                    let asked = if leading.is_empty() { &any } else { &leading };
                    self.first(asked, |step| self.steps_in(step, &frame))?
                        .is_some()
                }
            };
            if !allowed {
                return Err(Refusal::at(Point::Access, place));
            }
        }
        if let Some(action) = action {
            self.require(&action.body.requires, &frame)?;
        }
        if let (Some((lifecycle, _)), Some((entity, row))) = (steps.first().copied(), frame.this) {
            let taken = self.first(&leading, |step| {
                let view = self.view(&frame);
                let who = system || self.steps_in(step, &frame)?;
                Ok(who
                    && step
                        .when
                        .as_ref()
                        .map_or(Ok(true), |when| view.condition(when))?)
            })?;
            let Some(taken) = taken else {
                return Err(Refusal::field(Point::State, "", "not-now", place));
            };
            self.write_anyway(entity, row, &[(lifecycle.field, Value::Choice(taken.to))]);
        }
        if let Some(action) = action {
            self.outermost(&action.body.does, &mut frame, action.body.as_system)?;
        }
        if let Some(left) = left {
            *left = Some(frame);
        }
        Ok(())
    }

    /// The caller is one of those a row of the lifecycle names; nobody named is whoever may read the row.
    fn steps_in(&self, step: &Step, frame: &Frame) -> Result<bool> {
        let view = self.view(frame);
        if step.who.is_empty() {
            Ok(true)
        } else {
            view.is_one_of(&step.who)
        }
    }

    /// The rows of a lifecycle that lead on from the row's value, in the order they are tried.
    fn leading(
        &self,
        entity: EntityId,
        row: i64,
        steps: &[(&'m Lifecycle, &'m Step)],
    ) -> Vec<&'m Step> {
        let mut leading: Vec<&Step> = steps
            .iter()
            .filter(|(lifecycle, step)| {
                let now = self
                    .state
                    .value(entity, row, FieldRef::Field(lifecycle.field));
                matches!(now, Value::Choice(state) if step.from.contains(&state))
            })
            .map(|(_, step)| *step)
            .collect();
        leading.sort_by_key(|step| step.otherwise);
        leading
    }

    fn first(
        &self,
        steps: &[&'m Step],
        fits: impl Fn(&Step) -> Result<bool>,
    ) -> Result<Option<&'m Step>> {
        for step in steps {
            if fits(step)? {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }
}

pub(super) fn inputs_of<'m>(model: Model<'m>, operation: &ir::Operation) -> &'m [Parameter] {
    let action = model.action_of(operation);
    action.map_or(&[], |action| &action.inputs)
}

impl<'m> Model<'m> {
    fn action(&self, id: ActionId) -> Option<&'m Action> {
        self.ir.actions.get(id.0 as usize)
    }

    /// The rows of lifecycles that bear the step's name.
    fn steps_of(&self, operation: &ir::Operation) -> Vec<(&'m Lifecycle, &'m Step)> {
        let ir::Operation::Step(entity, name) = operation else {
            return Vec::new();
        };
        let lifecycles = self.entity(*entity).lifecycles.iter();
        lifecycles
            .flat_map(|lifecycle| lifecycle.steps.iter().map(move |step| (lifecycle, step)))
            .filter(|(_, step)| same_name(&step.name.text, name))
            .collect()
    }

    fn action_of(&self, operation: &ir::Operation) -> Option<&'m Action> {
        match operation {
            ir::Operation::Action(id) => self.action(*id),
            ir::Operation::Step(..) => {
                let with = self
                    .steps_of(operation)
                    .into_iter()
                    .find_map(|(_, step)| step.action);
                with.and_then(|id| self.action(id))
            }
        }
    }

    fn entity_of(&self, operation: &ir::Operation) -> Option<EntityId> {
        match operation {
            ir::Operation::Action(id) => self.action(*id).and_then(|action| action.on),
            ir::Operation::Step(entity, _) => Some(*entity),
        }
    }

    /// Everybody who might run it.
    fn who_of(&self, operation: &ir::Operation, entity: Option<EntityId>) -> Vec<Who> {
        let steps = self.steps_of(operation);
        if steps.is_empty() {
            return self
                .action_of(operation)
                .map(|action| action.who.clone())
                .unwrap_or_default();
        }
        if steps.iter().any(|(_, step)| step.who.is_empty()) {
            let access = entity
                .map(|entity| self.entity(entity).access.as_slice())
                .unwrap_or_default();
            return access
                .iter()
                .filter(|grant| grant.verb == Verb::Read)
                .flat_map(|grant| grant.who.clone())
                .collect();
        }
        steps
            .iter()
            .flat_map(|(_, step)| step.who.clone())
            .collect()
    }
}
