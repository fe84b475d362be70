//! Scenarios as they are written: played on the model, and followed by the app step by step.

use crate::app::{App, NoAnswer};
use crate::judge::{Record, Verdict};
use crate::mirror::{Difference, Mirror};
use specc_ir::ir::{EntityId, Scenario};
use specc_ir::model::Operation;
use specc_ir::model::{Act, Model, Stage, State, play_on};

/// The app on the stage.
struct Follows<'a> {
    mirror: Mirror<'a>,
    now: i64,
    begun: bool,
    dead: Option<NoAnswer>,
}

impl Follows<'_> {
    fn alive<T>(&mut self, asked: Result<T, NoAnswer>) -> Result<T, String> {
        asked.map_err(|error| {
            let text = error.to_string();
            self.dead = Some(error);
            text
        })
    }

    fn same(&mut self, state: &State) -> Result<(), String> {
        let mut state = state.clone();
        let compared = self.mirror.compare(&mut state, self.now);
        match self.alive(compared)?.first() {
            Some(Difference(text)) => Err(text.clone()),
            None => Ok(()),
        }
    }
}

impl Stage for Follows<'_> {
    fn clock(&mut self, now: i64) -> Result<(), String> {
        self.now = now;
        let asked = if self.begun {
            self.mirror.app.clock(now)
        } else {
            self.mirror.reset(now)
        };
        self.begun = true;
        self.alive(asked)
    }

    fn given(&mut self, state: &State, entity: EntityId, row: i64) -> Result<(), String> {
        let planted = self.mirror.plant(state, &[(entity, row)]);
        self.alive(planted)
    }

    fn done(&mut self, acts: &[Act], state: &State) -> Result<(), String> {
        if let [act] = acts {
            let asked = self.mirror.act(act.caller, &act.operation);
            let exchange = self.alive(asked)?;
            self.same(state)?;
            return match self.mirror.judge(&act.operation, &act.outcome, &exchange) {
                Some(Difference(text)) => Err(text),
                None => Ok(()),
            };
        }
        // At the same time: in some order it must come out as the model has it, so as many are carried out.
        let mirror = &self.mirror;
        let answers: Vec<Result<u16, NoAnswer>> = std::thread::scope(|scope| {
            let asked: Vec<_> = acts
                .iter()
                .map(|act| (act.caller, act.operation.clone()))
                .map(|(caller, operation)| mirror.later(caller, &operation))
                .collect();
            let threads: Vec<_> = asked
                .into_iter()
                .map(|ask| scope.spawn(move || ask.and_then(|ask| ask.send())))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or(Ok(0)))
                .collect()
        });
        let mut succeeded = 0;
        for answer in answers {
            let status = self.alive(answer)?;
            succeeded += usize::from((200..300).contains(&status));
        }
        let wanted = acts.iter().filter(|act| act.outcome.is_ok()).count();
        if succeeded != wanted {
            return Err(format!(
                "{succeeded} of {} were carried out, not {wanted}",
                acts.len()
            ));
        }
        let reads = acts
            .iter()
            .all(|act| matches!(act.operation, Operation::Read(..) | Operation::List(_)));
        if reads { Ok(()) } else { self.same(state) }
    }
}

/// Plays a scenario on the model, with the app behind it.
pub fn judge(
    model: Model<'_>,
    app: &App,
    scenario: &Scenario,
    at: usize,
    start: i64,
) -> Result<Record, NoAnswer> {
    let mut follows = Follows {
        mirror: Mirror::new(app, model),
        now: start,
        begun: false,
        dead: None,
    };
    let played = play_on(model, scenario, start, &mut follows);
    if let Some(dead) = follows.dead {
        return Err(dead);
    }
    let (verdict, span, seen) = match played {
        Ok(()) => (Verdict::Held, scenario.span, "every step holds".to_owned()),
        Err(broken) => {
            let step = scenario.steps.get(broken.step);
            let text = step.map_or("", |step| step.text.as_str());
            (
                Verdict::Failed,
                step.map_or(scenario.span, |step| step.span),
                format!("{text}: {}", broken.seen),
            )
        }
    };
    Ok(Record {
        id: format!("scenario.{}", at + 1),
        class: "scenarios",
        what: scenario.name.text.clone(),
        span,
        verdict,
        seen,
        exchange: None,
        seed: 0,
    })
}
