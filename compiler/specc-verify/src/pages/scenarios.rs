//! Scenarios in a browser: what somebody does by a form or a button is done there, everything else by the interface for
//! programs, and after each step everything is as in the model.

use super::CLASS;
use super::hands::{Asked, Hands};
use super::look;
use crate::app::NoAnswer;
use crate::doors::forms::{Hands as _, Sent, Writing};
use crate::doors::ledger::{Demand, Ledger};
use crate::doors::{Ground, Set};
use crate::mirror::Mirror;
use crate::scene::Scene;
use specc_ir::ir::{EntityId, Scenario};
use specc_ir::model::{Act, Refusal, Stage, State, play_on};

/// Plays every scenario that has a step with a form.
pub fn judge(ground: Ground<'_>, hands: &mut Hands<'_>, ledger: &mut Ledger) -> Asked<()> {
    hands.look(look::DESK)?;
    hands.scripts(true)?;
    for (at, scenario) in ground.ir().scenarios.iter().enumerate() {
        played(ground, hands, ledger, scenario, at)?;
    }
    Ok(())
}

fn played(
    ground: Ground<'_>,
    hands: &mut Hands<'_>,
    ledger: &mut Ledger,
    scenario: &Scenario,
    at: usize,
) -> Asked<()> {
    let scene = Scene {
        state: State::default(),
        order: Vec::new(),
        planted: ground.start,
        now: ground.start,
        people: Vec::new(),
    };
    let set = Set::there(Mirror::new(ground.app, ground.model), scene);
    let mut shown = Shown {
        ground,
        writing: Writing::new(ground, set),
        hands,
        begun: false,
        known: State::default(),
        seen: 0,
        dead: None,
    };
    let done = play_on(ground.model, scenario, ground.start, &mut shown);
    if let Some(dead) = shown.dead {
        return Err(dead);
    }
    let seen = shown.seen;
    if seen == 0 && done.is_ok() {
        return Ok(());
    }
    let demand = Demand {
        id: format!("page.scenario.{}", at + 1),
        class: CLASS,
        what: format!("{}, in a browser", scenario.name.text),
        span: scenario.span,
    };
    match done {
        Ok(()) => ledger.note(
            demand,
            Ok(format!("every step holds; {seen} were done on a page")),
            None,
        ),
        Err(broken) => {
            let step = scenario.steps.get(broken.step);
            let text = step.map_or("", |step| step.text.as_str());
            let span = step.map_or(scenario.span, |step| step.span);
            let steps = scenario.steps.iter().take(broken.step + 1);
            let mut steps: Vec<_> = steps.collect();
            steps.dedup_by_key(|step| step.span);
            let id = demand.id.clone();
            ledger.note(
                Demand { span, ..demand },
                Err(format!("{text}: {}", broken.seen)),
                None,
            );
            ledger.steps(
                &id,
                steps.into_iter().map(|step| step.text.clone()).collect(),
            );
        }
    }
    Ok(())
}

/// The app on the stage, with a browser in front of it.
struct Shown<'a, 'h, 'c> {
    ground: Ground<'a>,
    writing: Writing<'a>,
    hands: &'h mut Hands<'c>,
    begun: bool,
    /// The rows as they were when the last one was given or the last thing was done.
    known: State,
    /// Steps that were done on a page.
    seen: usize,
    dead: Option<NoAnswer>,
}

impl<'a> Shown<'a, '_, '_> {
    fn alive<T>(&mut self, asked: Result<T, NoAnswer>) -> Result<T, String> {
        asked.map_err(|error| {
            let text = error.to_string();
            self.dead = Some(error);
            text
        })
    }

    fn mirror(&mut self) -> &mut Mirror<'a> {
        &mut self.writing.set.mirror
    }

    fn same(&mut self, state: &State) -> Result<(), String> {
        let mut state = state.clone();
        let now = self.writing.set.scene.now;
        let compared = self.mirror().compare(&mut state, now);
        match self.alive(compared)?.into_iter().next() {
            Some(difference) => Err(difference.text),
            None => Ok(()),
        }
    }

    /// Does it on a page; `false` where none offers it, and nothing was done.
    fn on_a_page(
        &mut self,
        act: &Act,
        before: &State,
        after: &State,
    ) -> Asked<Result<bool, String>> {
        self.writing.set.state = before.clone();
        let (caller, operation) = (act.caller, &act.operation);
        let Some((form, filled, offered)) = self.writing.prepared(self.hands, caller, operation)?
        else {
            return Ok(Ok(false));
        };
        if !offered {
            // What nobody may do has no control: that is how a page refuses.
            return Ok(Ok(act.outcome.is_err()));
        }
        // A form sends all of its controls: that must mean the same.
        let means = self.ground.model.perform(before, caller, &filled.operation);
        let ir = self.ground.ir();
        let same = match (&means, &act.outcome) {
            (Ok((state, _)), Ok(_)) => state.visible(ir) == after.visible(ir),
            (Err(one), Err(other)) => one.point == other.point && one.problems == other.problems,
            _ => false,
        };
        if !same {
            return Ok(Ok(false));
        }
        Ok(match self.hands.send(&form, &filled)? {
            Sent::Impossible => Ok(false),
            Sent::Lost(wrong) => Err(wrong),
            Sent::Page(page) => match act.outcome.as_ref().err() {
                None if page.status < 400 => Ok(true),
                None => Err(format!(
                    "the answer is {}, though it is allowed",
                    page.status
                )),
                Some(refusal) if page.status == refusal.point.status() => {
                    says(refusal, &page.text).map(|()| true)
                }
                Some(refusal) => Err(format!(
                    "the answer is {}, not {}",
                    page.status,
                    refusal.point.status()
                )),
            },
        })
    }
}

/// The words of the spec stand on the page.
fn says(refusal: &Refusal, page: &str) -> Result<(), String> {
    let words = crate::doors::html::Document::of(page).main_text();
    let silent = refusal.problems.iter().find(|problem| {
        let message = crate::doors::html::squeezed(&problem.message);
        !words.contains(&message)
    });
    match silent {
        Some(problem) => Err(format!("nothing says “{}”", problem.message)),
        None => Ok(()),
    }
}

impl Stage for Shown<'_, '_, '_> {
    fn clock(&mut self, now: i64) -> Result<(), String> {
        self.writing.set.scene.now = now;
        let asked = if self.begun {
            self.ground.app.clock(now)
        } else {
            self.mirror().reset(now)
        };
        self.begun = true;
        self.alive(asked)
    }

    fn given(&mut self, state: &State, entity: EntityId, row: i64) -> Result<(), String> {
        let named = !state.made_up_since(&self.known);
        self.known = state.clone();
        let planted = self.mirror().plant_rows(state, &[(entity, row)], named);
        self.alive(planted)
    }

    fn done(
        &mut self,
        acts: &[Act],
        before: &State,
        after: &State,
    ) -> Result<Option<(Vec<Act>, State)>, String> {
        self.known = after.clone();
        if let [act] = acts {
            let tried = self.on_a_page(act, before, after);
            let shown = self.alive(tried)??;
            self.seen += usize::from(shown);
            if shown {
                return self.same(after).map(|()| None);
            }
        }
        // What no page has is done by the interface for programs: several at the same time one after another.
        for act in acts {
            let asked = self.mirror().act(act.caller, &act.operation);
            let exchange = self.alive(asked)?;
            let judged = self.mirror().judge(&act.operation, &act.outcome, &exchange);
            if let ([_], Some(difference)) = (acts, judged) {
                return Err(difference.text);
            }
        }
        self.same(after).map(|()| None)
    }
}
