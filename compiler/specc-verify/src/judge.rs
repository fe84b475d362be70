//! The judgement: for each sentence, things are done to the app that would come out otherwise if the sentence were wrong,
//! and what the app does is held against the model.

use crate::app::{App, Exchange, NoAnswer};
use crate::mirror::{Difference, Mirror};
use crate::scenario;
use crate::scene::{Dice, Pool, Scene};
use rayon::prelude::*;
use specc_ir::ir::{ActionId, EntityId, Ir};
use specc_ir::model::{Answer, Caller, Model, Operation, Point, Refusal, State, Surroundings};
use specc_ir::mutate::{Mutant, mutants};
use specc_syntax::span::Span;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// 2026-03-02 09:00 UTC, a Monday.
const START: i64 = 1_772_442_000_000;
/// What is thought of in one scene.
const THOUGHTS: usize = 400;
/// What is done in one scene beside what is needed.
const BESIDES: usize = 24;

/// How an obligation came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The app does what the sentence says, where it would show if it did not.
    Held,
    /// It does not.
    Failed,
    /// Nothing was seen that would tell.
    NotExercised,
    /// It did not, and then, under the same circumstances, it did.
    Flaky,
}

impl Verdict {
    /// As reports name it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Held => "held",
            Verdict::Failed => "failed",
            Verdict::NotExercised => "not exercised",
            Verdict::Flaky => "flaky",
        }
    }
}

/// One thing that is demanded of the app, and what was seen.
#[derive(Debug, Clone)]
pub struct Record {
    /// Stable as long as the sentence is.
    pub id: String,
    /// Its kind: `access`, `rules`, `scenarios`, `walks`, …
    pub class: &'static str,
    /// What was looked for, as a half sentence.
    pub what: String,
    /// The sentence.
    pub span: Span,
    /// The verdict.
    pub verdict: Verdict,
    /// What was seen; for what failed, what is wrong.
    pub seen: String,
    /// The request with its answer.
    pub exchange: Option<Exchange>,
    /// Where the dice stood.
    pub seed: u64,
}

/// How long to look, and where to begin.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Of the dice.
    pub seed: u64,
    /// No new scene is begun after that.
    pub time: Duration,
    /// Scenes without anything new, after which it ends.
    pub quiet: u32,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            seed: 1,
            time: Duration::from_secs(30),
            quiet: 12,
        }
    }
}

/// What the model leaves to others, as the language's pages have it.
#[derive(Debug)]
pub struct Around(jiff::tz::TimeZone);

impl Around {
    /// For a program.
    #[must_use]
    pub fn of(ir: &Ir) -> Around {
        Around(jiff::tz::TimeZone::get(&ir.program.time_zone).unwrap_or(jiff::tz::TimeZone::UTC))
    }
}

impl Surroundings for Around {
    fn offset(&self, moment: i64) -> i64 {
        jiff::Timestamp::from_millisecond(moment).map_or(0, |moment| {
            i64::from(self.0.to_offset(moment).seconds()) * 1000
        })
    }

    fn slug(&self, text: &str) -> String {
        let slug = crate::wire::slug(text);
        slug.chars()
            .take(80)
            .collect::<String>()
            .trim_matches('-')
            .to_owned()
    }
}

type Outcome = Result<(State, Answer), Refusal>;

/// Something that is done, with what would come of it, and which mutants would tell.
struct Thought {
    caller: Caller,
    operation: Operation,
    outcome: Outcome,
    tells: Vec<usize>,
}

/// How something can come out: what is done, and the point that refuses it.
type Way = (Deed, Option<Point>);

/// What is done, whoever does it to which row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Create(EntityId),
    Read(EntityId),
    Update(EntityId),
    Delete(EntityId),
    List(EntityId),
    Step(EntityId, String),
    Act(ActionId),
    SignUp,
}

impl Thought {
    fn way(&self) -> Way {
        let deed = match &self.operation {
            Operation::Create(entity, _) => Deed::Create(*entity),
            Operation::Read(entity, _) => Deed::Read(*entity),
            Operation::Update(entity, ..) => Deed::Update(*entity),
            Operation::Delete(entity, ..) => Deed::Delete(*entity),
            Operation::List(query) => Deed::List(query.entity),
            Operation::Step(entity, name, ..) => Deed::Step(*entity, name.clone()),
            Operation::Act(id, ..) => Deed::Act(*id),
            Operation::SignUp(..) => Deed::SignUp,
        };
        (
            deed,
            self.outcome.as_ref().err().map(|refusal| refusal.point),
        )
    }
}

/// Judges the app of a program.
///
/// # Errors
/// Where the app does not answer at all.
pub fn judge(
    ir: &Ir,
    app: &App,
    options: Options,
    report: &mut dyn FnMut(&Record),
) -> Result<Vec<Record>, NoAnswer> {
    let around = Around::of(ir);
    let model = Model::new(ir, &around);
    let start = Instant::now();
    let mut records = Vec::new();
    let mut keep = |record: Record, records: &mut Vec<Record>| {
        report(&record);
        records.push(record);
    };
    for (at, scenario) in ir.scenarios.iter().enumerate() {
        keep(
            scenario::judge(model, app, scenario, at, START)?,
            &mut records,
        );
    }
    let all = mutants(ir);
    let wrong: Vec<Ir> = all.par_iter().map(|mutant| mutant.of(ir)).collect();
    let mut open: Vec<usize> = (0..all.len()).collect();
    let pool = Pool::of(ir);
    let mut ways = BTreeSet::new();
    let mut quiet = 0;
    for number in 0.. {
        if open.is_empty() || quiet >= options.quiet || start.elapsed() > options.time {
            break;
        }
        let seed = options.seed.wrapping_mul(1_000_003).wrapping_add(number);
        let mut dice = Dice::new(model, &pool, seed);
        let scene = dice.scene(START);
        let thoughts = think(&around, model, &mut dice, &scene, (&all, &wrong, &open));
        let mut stage = Stage {
            mirror: Mirror::new(app, model),
            scene: &scene,
            state: scene.state.clone(),
            dirty: true,
        };
        let found = stage.scene(thoughts, (&all, &mut open), &mut ways, seed)?;
        quiet = if found.iter().any(|record| record.class != "walks") {
            0
        } else {
            quiet + 1
        };
        for record in found {
            keep(record, &mut records);
        }
    }
    for at in open {
        if let Some(mutant) = all.get(at) {
            let record = Record {
                id: mutant.id.clone(),
                class: mutant.class.name(),
                what: mutant.what.clone(),
                span: mutant.span,
                verdict: Verdict::NotExercised,
                seen: String::new(),
                exchange: None,
                seed: options.seed,
            };
            keep(record, &mut records);
        }
    }
    Ok(records)
}

/// What people might do in a scene, and which mutants each would tell from the program.
fn think(
    around: &Around,
    model: Model<'_>,
    dice: &mut Dice<'_>,
    scene: &Scene,
    (all, wrong, open): (&[Mutant], &[Ir], &[usize]),
) -> Vec<Thought> {
    let acts: Vec<(Caller, Operation)> = (0..THOUGHTS).map(|_| dice.operation(scene)).collect();
    acts.into_par_iter()
        .map(|(caller, operation)| {
            let outcome = model.perform(&scene.state, caller, &operation);
            let seen = observed(model.ir(), &outcome);
            let tells = open.iter().copied().filter(|at| {
                let (Some(mutant), Some(wrong)) = (all.get(*at), wrong.get(*at)) else {
                    return false;
                };
                if !concerns(mutant, &operation) {
                    return false;
                }
                let other = Model::new(wrong, around).perform(&scene.state, caller, &operation);
                observed(model.ir(), &other) != seen
            });
            let tells = tells.collect();
            Thought {
                caller,
                operation,
                outcome,
                tells,
            }
        })
        .collect()
}

/// It can matter to such an operation.
fn concerns(mutant: &Mutant, operation: &Operation) -> bool {
    let Some(entity) = mutant.entity else {
        return !matches!(operation, Operation::Read(..) | Operation::List(_))
            || mutant.class == specc_ir::mutate::Class::Accounts;
    };
    match operation {
        Operation::Create(of, _) | Operation::Read(of, _) | Operation::Update(of, ..) => {
            *of == entity || mutant.class == specc_ir::mutate::Class::Derived
        }
        Operation::List(query) => {
            query.entity == entity || mutant.class == specc_ir::mutate::Class::Derived
        }
        _ => true,
    }
}

/// What somebody outside can see of an outcome.
#[derive(PartialEq)]
enum Observed {
    Done(Box<State>, Answer),
    Refused(u16, Vec<String>),
}

fn observed(ir: &Ir, outcome: &Outcome) -> Observed {
    match outcome {
        Ok((state, answer)) => Observed::Done(Box::new(state.visible(ir)), answer.clone()),
        Err(refusal) => {
            let mut rules: Vec<String> = refusal
                .problems
                .iter()
                .map(|problem| problem.rule.clone())
                .collect();
            rules.sort();
            rules.dedup();
            Observed::Refused(refusal.point.status(), rules)
        }
    }
}

/// A scene in the app.
struct Stage<'s> {
    mirror: Mirror<'s>,
    scene: &'s Scene,
    /// With what the app made up.
    state: State,
    /// The app is not as the scene is.
    dirty: bool,
}

impl Stage<'_> {
    fn set(&mut self) -> Result<Vec<Difference>, NoAnswer> {
        if !self.dirty {
            return Ok(Vec::new());
        }
        self.mirror.reset(self.scene.planted)?;
        self.mirror.plant(&self.scene.state, &self.scene.order)?;
        self.state = self.scene.state.clone();
        let found = self.mirror.compare(&mut self.state, self.scene.planted)?;
        self.mirror.app.clock(self.scene.now)?;
        self.dirty = false;
        Ok(found)
    }

    fn scene(
        &mut self,
        thoughts: Vec<Thought>,
        (all, open): (&[Mutant], &mut Vec<usize>),
        ways: &mut BTreeSet<Way>,
        seed: u64,
    ) -> Result<Vec<Record>, NoAnswer> {
        let ir = self.mirror.model.ir();
        let mut records = Vec::new();
        let mut besides = 0;
        for (number, thought) in thoughts.into_iter().enumerate() {
            let tells: Vec<usize> = thought
                .tells
                .iter()
                .copied()
                .filter(|at| open.contains(at))
                .collect();
            // What never came out this way before is done in any case.
            let new = ways.insert(thought.way());
            if tells.is_empty() && !new {
                besides += 1;
                if besides > BESIDES {
                    continue;
                }
            }
            let differences = self.set()?;
            if let Some(Difference(seen)) = differences.first() {
                records.push(walk(
                    ir,
                    seed,
                    number,
                    &thought,
                    Verdict::Failed,
                    format!("before anything was done: {seen}"),
                    None,
                ));
                return Ok(records);
            }
            let (wrong, exchange) = self.perform(&thought)?;
            let verdict = match wrong {
                None => Verdict::Held,
                // What is wrong is wrong every time, under the same circumstances.
                Some(_) => {
                    self.dirty = true;
                    self.set()?;
                    match self.perform(&thought)?.0 {
                        Some(_) => Verdict::Failed,
                        None => Verdict::Flaky,
                    }
                }
            };
            let seen = wrong.unwrap_or_else(|| outcome_in_words(&thought.outcome));
            for at in &tells {
                if let Some(mutant) = all.get(*at) {
                    records.push(Record {
                        id: mutant.id.clone(),
                        class: mutant.class.name(),
                        what: mutant.what.clone(),
                        span: mutant.span,
                        verdict: verdict.clone(),
                        seen: seen.clone(),
                        exchange: Some(exchange.clone()),
                        seed,
                    });
                }
            }
            open.retain(|at| !tells.contains(at));
            records.push(walk(
                ir,
                seed,
                number,
                &thought,
                verdict,
                seen,
                Some(exchange),
            ));
        }
        Ok(records)
    }

    /// Does it in the app; what is wrong with what came of it.
    fn perform(&mut self, thought: &Thought) -> Result<(Option<String>, Exchange), NoAnswer> {
        let mails = self.mirror.app.mail()?.len();
        let exchange = self.mirror.act(thought.caller, &thought.operation)?;
        let now = self.scene.now;
        let (mut state, wanted) = match &thought.outcome {
            Ok((state, answer)) => {
                let mut state = state.clone();
                self.mirror.model.carry(&self.state, &mut state);
                (state, Ok(answer.clone()))
            }
            Err(refusal) => (self.state.clone(), Err(refusal.clone())),
        };
        let reads = matches!(thought.operation, Operation::Read(..) | Operation::List(_));
        self.dirty |= (200..300).contains(&exchange.status) && !reads;
        let differences = self.mirror.compare(&mut state, now)?;
        let answer = self.mirror.judge(&thought.operation, &wanted, &exchange);
        let wrong = answer
            .map(|Difference(text)| text)
            .or_else(|| differences.into_iter().next().map(|Difference(text)| text));
        if wrong.is_some() {
            self.dirty = true;
            return Ok((wrong, exchange));
        }
        let sent: Vec<(String, String)> = self
            .mirror
            .app
            .mail()?
            .iter()
            .skip(mails)
            .map(|mail| (text(mail, "to"), text(mail, "subject")))
            .collect();
        let wanted = match &thought.outcome {
            Ok((state, _)) => state
                .mail
                .iter()
                .skip(self.scene.state.mail.len())
                .map(|mail| (mail.to.clone(), mail.subject.clone()))
                .collect(),
            Err(_) => Vec::new(),
        };
        if sent != wanted {
            self.dirty = true;
            return Ok((
                Some(format!("the mail is {sent:?}, not {wanted:?}")),
                exchange,
            ));
        }
        Ok((None, exchange))
    }
}

fn text(json: &serde_json::Value, key: &str) -> String {
    json.get(key)
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn outcome_in_words(outcome: &Outcome) -> String {
    match outcome {
        Ok(_) => "it was carried out, and everything is as it should be".to_owned(),
        Err(refusal) => format!(
            "it was refused with {}, and nothing changed",
            refusal.point.status()
        ),
    }
}

fn walk(
    ir: &Ir,
    seed: u64,
    number: usize,
    thought: &Thought,
    verdict: Verdict,
    seen: String,
    exchange: Option<Exchange>,
) -> Record {
    let span = match &thought.outcome {
        Err(refusal) => refusal.source,
        Ok(_) => Span::default(),
    };
    Record {
        id: format!("walk.{seed}.{number}"),
        class: "walks",
        what: in_words(ir, thought),
        span,
        verdict,
        seen,
        exchange,
        seed,
    }
}

/// `a visitor creates Ticket`, `user 3 does solve on Ticket`
fn in_words(ir: &Ir, thought: &Thought) -> String {
    let who = match thought.caller.me {
        Some(me) => format!("user {me}"),
        None => "a visitor".to_owned(),
    };
    let name = |entity: EntityId| {
        let entity = ir.entities.get(entity.0 as usize);
        entity.map_or("", |entity| entity.name.text.as_str())
    };
    let does = match &thought.operation {
        Operation::Create(entity, _) => format!("creates {}", name(*entity)),
        Operation::Read(entity, _) => format!("reads {}", name(*entity)),
        Operation::Update(entity, ..) => format!("updates {}", name(*entity)),
        Operation::Delete(entity, ..) => format!("deletes {}", name(*entity)),
        Operation::List(query) => format!("lists {}", name(query.entity)),
        Operation::Step(entity, step, ..) => format!("does {step} on {}", name(*entity)),
        Operation::Act(id, ..) => {
            let action = ir.actions.get(id.0 as usize);
            format!(
                "does {}",
                action.map_or("", |action| action.name.text.as_str())
            )
        }
        Operation::SignUp(..) => "signs up".to_owned(),
    };
    format!("{who} {does}")
}
