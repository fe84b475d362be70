//! Scenarios as they are written: played on the model, and followed by the app step by step.

use crate::app::{App, Exchange, NoAnswer};
use crate::life::Dead;
use crate::mirror::{Difference, Mirror};
use crate::record::{Origin, Record, Verdict};
use specc_ir::ir::{EntityId, Scenario};
use specc_ir::model::{Act, Model, Stage, State, play_on};

/// The app on the stage.
struct Follows<'a> {
    mirror: Mirror<'a>,
    now: i64,
    begun: bool,
    dead: Option<NoAnswer>,
    differs: Option<Difference>,
    /// The rows as they were when the last one was given or the last thing was done.
    known: State,
    exchanges: Vec<Exchange>,
}

impl Follows<'_> {
    fn differ(&mut self, difference: Difference) -> String {
        let text = difference.text.clone();
        self.differs = Some(difference);
        text
    }

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
        match self.alive(compared)?.into_iter().next() {
            Some(difference) => Err(self.differ(difference)),
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
        // What the scenario names itself is not made up by the app.
        let named = !state.made_up_since(&self.known);
        self.known = state.clone();
        let planted = self.mirror.plant_rows(state, &[(entity, row)], named);
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
            let asked = self.mirror.act(act.caller, &act.operation);
            let exchange = self.alive(asked)?;
            self.exchanges.push(exchange.clone());
            self.same(after)?;
            return match self.mirror.judge(&act.operation, &act.outcome, &exchange) {
                Some(difference) => Err(self.differ(difference)),
                None => Ok(None),
            };
        }
        let mut later = Vec::new();
        for act in acts {
            let ask = self.mirror.later(act.caller, &act.operation);
            later.push(self.alive(ask)?);
        }
        let answers: Vec<Result<u16, NoAnswer>> = std::thread::scope(|scope| {
            let threads: Vec<_> = later
                .into_iter()
                .map(|ask| scope.spawn(move || ask.send()))
                .collect();
            let answers = threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or(Ok(0)));
            answers.collect()
        });
        let mut statuses = Vec::new();
        for answer in answers {
            statuses.push(self.alive(answer)?);
        }
        self.in_some_order(acts, before, &statuses).map(Some)
    }
}

impl Follows<'_> {
    /// What happened at the same time must come out as if it had happened one after another, in some order.
    fn in_some_order(
        &mut self,
        acts: &[Act],
        before: &State,
        statuses: &[u16],
    ) -> Result<(Vec<Act>, State), String> {
        let carried_out = |status: &u16| (200..300).contains(status);
        let (first, last): (Vec<_>, Vec<_>) = acts
            .iter()
            .zip(statuses)
            .partition(|(_, status)| carried_out(status));
        let mut seen = String::new();
        // Whoever was carried out came first, in one order or another; whoever was refused came behind them.
        for turn in 0..first.len().max(1) {
            let mut order = first.clone();
            order.rotate_left(turn);
            order.extend(last.clone());
            let mut state = before.clone();
            let mut done = Vec::new();
            let mut fits = true;
            for (act, status) in order {
                let outcome = self
                    .mirror
                    .model
                    .perform(&state, act.caller, &act.operation);
                let wanted = outcome
                    .as_ref()
                    .map_or_else(|refusal| refusal.point.status(), |_| 200);
                fits &= wanted == *status || (outcome.is_ok() && carried_out(status));
                let outcome = outcome.map(|(after, answer)| {
                    state = after;
                    answer
                });
                done.push(Act {
                    outcome,
                    ..act.clone()
                });
            }
            if !fits {
                seen = format!("the answers are {statuses:?}, which no order gives");
                continue;
            }
            match self.same(&state) {
                Ok(()) => return Ok((done, state)),
                Err(text) => seen = text,
            }
        }
        Err(seen)
    }
}

/// Plays a scenario on the model, with the app behind it.
pub fn judge(
    model: Model<'_>,
    app: &App,
    scenario: &Scenario,
    at: usize,
    start: i64,
) -> Result<Record, Box<Dead>> {
    let mut follows = Follows {
        mirror: Mirror::new(app, model),
        now: start,
        begun: false,
        dead: None,
        differs: None,
        known: State::default(),
        exchanges: Vec::new(),
    };
    let played = play_on(model, scenario, start, &mut follows);
    let dead = follows.dead.take();
    let mut record = Record {
        verdict: Verdict::Held,
        done: scenario.name.text.clone(),
        seen: "every step holds".to_owned(),
        expected: "every step holds".to_owned(),
        exchanges: follows.exchanges,
        origin: Origin::Scenario(at),
        ..Record::open(
            format!("scenario.{}", at + 1),
            "scenarios",
            scenario.name.text.clone(),
            scenario.span,
        )
    };
    let mut done = scenario.steps.len();
    if let Err(broken) = played {
        done = broken.step + 1;
        record.verdict = Verdict::Failed;
        record.script = app.script();
        let step = scenario.steps.get(broken.step);
        let text = step.map_or("", |step| step.text.as_str());
        record.span = step.map_or(scenario.span, |step| step.span);
        record.seen = format!("{text}: {}", broken.seen);
        (record.expected, record.actual, record.check) = match follows.differs {
            Some(difference) => (difference.expected, difference.actual, difference.check),
            None => (text.to_owned(), broken.seen, None),
        };
    }
    // One sentence may be several steps: `Given a clerk Klaus and a renter Tom`.
    let mut steps: Vec<_> = scenario.steps.iter().take(done).collect();
    steps.dedup_by_key(|step| step.span);
    record.steps = steps.into_iter().map(|step| step.text.clone()).collect();
    match dead {
        Some(cause) => Err(Dead::during(cause, record)),
        None => Ok(record),
    }
}
