//! The judgement: for each sentence, things are done to the app that would come out otherwise if the sentence were wrong,
//! and what the app does is held against the model.

use crate::app::{App, Exchange, NoAnswer};
use crate::difference::Check;
use crate::life::{self, Dead, Deaths};
use crate::mirror::{Difference, Mirror};
pub use crate::record::{Origin, Record, Suspect, Verdict};
use crate::scenario;
use crate::scene::{Dice, Pool, Scene};
use crate::walk;
use crate::words::{self, Words};
use rayon::prelude::*;
use specc_ir::ir::{ActionId, EntityId, Ir};
use specc_ir::model::{Answer, Caller, Model, Operation, Point, Refusal, State, Surroundings};
use specc_ir::mutate::{Mutant, mutants};
use specc_syntax::span::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// 2026-03-02 09:00 UTC, a Monday.
pub const START: i64 = 1_772_442_000_000;
/// What is thought of in one scene.
const THOUGHTS: usize = 400;
/// The most wrong programs that are named for what failed.
const SUSPECTS: usize = 5;
/// What whoever closes an account logs in with.
const PASSWORD: &str = "correct horse battery staple, twice round the paddock and back home";
/// How long the rest may take once no new scene is begun; an app that is slower is not looked at to the end.
const AFTERWARDS: Duration = Duration::from_secs(300);
/// The part of the time that single scenes may take; the rest is for walks.
const SCENES: f64 = 0.8;
/// What is done in one scene beside what is needed.
const BESIDES: usize = 24;

/// How long to look, and where to begin.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Of the dice.
    pub seed: u64,
    /// No new scene is begun after that.
    pub time: Duration,
    /// Nothing new is looked at in the browser after that, which is shared among its parts.
    pub browser: Duration,
    /// Scenes without anything new, after which it ends.
    pub quiet: u32,
    /// Nothing new is begun once something is wrong.
    pub fail_fast: bool,
    /// Nothing new is begun once this is set; what was judged until then is given.
    pub stop: Option<&'static AtomicBool>,
}

impl Options {
    pub(crate) fn stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Nothing new is begun after such records.
    pub(crate) fn enough(&self, records: &[Record]) -> bool {
        self.stopped() || (self.fail_fast && records.iter().any(Record::is_wrong))
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            seed: 1,
            time: Duration::from_secs(30),
            browser: Duration::from_secs(180),
            quiet: 12,
            fail_fast: false,
            stop: None,
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
pub(crate) struct Thought {
    caller: Caller,
    operation: Operation,
    outcome: Outcome,
    pub(crate) tells: Vec<usize>,
}

/// How something can come out: what is done, and the point that refuses it.
pub(crate) type Way = (Deed, Option<Point>);

/// What is done, whoever does it to which row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    Create(EntityId),
    Read(EntityId),
    Update(EntityId),
    Delete(EntityId),
    List(EntityId),
    Step(EntityId, String),
    Act(ActionId),
    SignUp,
    Leave,
    Put(EntityId),
}

impl Thought {
    /// It is not carried out.
    pub(crate) fn refused(&self) -> bool {
        self.outcome.is_err()
    }

    pub(crate) fn way(&self) -> Way {
        let refused = self.outcome.as_ref().err();
        way(&self.operation, refused.map(|refusal| refusal.point))
    }
}

/// How such an operation came out.
pub(crate) fn way(operation: &Operation, refused: Option<Point>) -> Way {
    let deed = match operation {
        Operation::Create(entity, _) => Deed::Create(*entity),
        Operation::Read(entity, _) => Deed::Read(*entity),
        Operation::Update(entity, ..) => Deed::Update(*entity),
        Operation::Delete(entity, ..) => Deed::Delete(*entity),
        Operation::List(query) => Deed::List(query.entity),
        Operation::Step(entity, name, ..) => Deed::Step(*entity, name.clone()),
        Operation::Act(id, ..) => Deed::Act(*id),
        Operation::SignUp(..) => Deed::SignUp,
        Operation::Leave => Deed::Leave,
        Operation::Put(entity, _) => Deed::Put(*entity),
    };
    (deed, refused)
}

/// Judges the app of a program. An app that does not answer is a failed obligation, and is started again where it has a
/// host; after a few deaths it ends, and so it does five minutes after the time.
pub fn judge(ir: &Ir, app: &App, options: Options, report: &mut dyn FnMut(&Record)) -> Vec<Record> {
    let around = Around::of(ir);
    let model = Model::new(ir, &around);
    let start = Instant::now();
    app.until(start + options.time + AFTERWARDS);
    let mut deaths = Deaths::default();
    let mut records = Vec::new();
    let mut keep = |record: Record, records: &mut Vec<Record>| {
        report(&record);
        records.push(record);
    };
    let watched = loop {
        match crate::doors::watch(app) {
            Ok(watched) => break watched,
            Err(dead) => {
                let during = Record::open(
                    "interface".to_owned(),
                    "life",
                    String::new(),
                    Span::default(),
                );
                let dead = deaths.note(ir, app, *Dead::during(dead, during));
                dead.into_iter().for_each(|dead| keep(dead, &mut records));
                if deaths.over() {
                    return records;
                }
            }
        }
    };
    for (at, scenario) in ir.scenarios.iter().enumerate() {
        if options.enough(&records) || deaths.over() {
            break;
        }
        match scenario::judge(model, app, scenario, at, START) {
            Ok(record) => keep(record, &mut records),
            Err(dead) => deaths
                .note(ir, app, *dead)
                .into_iter()
                .for_each(|record| keep(record, &mut records)),
        }
    }
    let all = mutants(ir);
    let wrong: Vec<Ir> = all.par_iter().map(|mutant| mutant.of(ir)).collect();
    let different = all.iter().enumerate();
    let different = different.filter(|(_, mutant)| mutant.equivalent.is_none());
    let mut open: Vec<usize> = different.map(|(at, _)| at).collect();
    let pool = Pool::of(ir);
    let mut ways = BTreeSet::new();
    let mut quiet = 0;
    for number in 0.. {
        if open.is_empty()
            || quiet >= options.quiet
            || start.elapsed() > options.time.mul_f64(SCENES)
            || options.enough(&records)
            || deaths.over()
        {
            break;
        }
        let seed = options.seed.wrapping_mul(1_000_003).wrapping_add(number);
        let mut dice = Dice::new(model, &pool, seed);
        let scene = dice.scene(START);
        let thoughts = think(&around, model, &mut dice, &scene, (&all, &wrong, &open));
        let mut stage = Stage::new((ir, &around), app, &scene, seed);
        let mut found = Vec::new();
        let done = stage.scene(thoughts, (&all, &wrong, &mut open), &mut ways, &mut found);
        if let Err(dead) = done {
            found.extend(deaths.note(ir, app, *dead));
        }
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
            keep(of_mutant(mutant), &mut records);
        }
    }
    for number in 0..walk::WALKS {
        if start.elapsed() > options.time || options.enough(&records) || deaths.over() {
            break;
        }
        let seed = options.seed.wrapping_mul(1_000_003).wrapping_add(number);
        match walk::judge(model, app, &pool, seed) {
            Ok(record) => keep(record, &mut records),
            Err(dead) => deaths
                .note(ir, app, *dead)
                .into_iter()
                .for_each(|record| keep(record, &mut records)),
        }
    }
    if !options.enough(&records) {
        for record in crate::doors::judge_after(model, app, options, START, &watched, &mut deaths) {
            keep(record, &mut records);
        }
    }
    if app.deaths() == 0 && !options.enough(&records) {
        keep(life::answering(), &mut records);
    }
    records
}

/// Does again what a record came from, and judges it anew; `None` where there is no such thing in the program.
///
/// # Errors
/// Where the app does not answer.
pub fn replay(ir: &Ir, app: &App, origin: &Origin) -> Result<Option<Record>, NoAnswer> {
    let around = Around::of(ir);
    let model = Model::new(ir, &around);
    match *origin {
        Origin::Nowhere => Ok(None),
        Origin::Door { seed, ref id } => {
            let options = Options {
                seed,
                ..Options::default()
            };
            let watched = crate::doors::watch(app)?;
            let records = crate::doors::judge(model, app, options, START, &watched);
            Ok(records.into_iter().find(|record| record.id == *id))
        }
        Origin::Scenario(at) => match ir.scenarios.get(at) {
            Some(scenario) => Ok(Some(
                scenario::judge(model, app, scenario, at, START)
                    .unwrap_or_else(|dead| life::died(ir, app, &dead.cause, dead.during)),
            )),
            None => Ok(None),
        },
        Origin::Steps { scene, ref steps } => {
            let pool = Pool::of(ir);
            Ok(Some(
                walk::again(model, app, &pool, scene, steps)
                    .unwrap_or_else(|dead| life::died(ir, app, &dead.cause, dead.during)),
            ))
        }
        Origin::Walk { scene, thought } => {
            let pool = Pool::of(ir);
            let mut dice = Dice::new(model, &pool, scene);
            let scenery = dice.scene(START);
            let mut acts = (0..THOUGHTS).map(|_| dice.operation(&scenery));
            let Some((caller, operation)) = acts.nth(thought) else {
                return Ok(None);
            };
            let act = Thought {
                caller,
                outcome: model.perform(&scenery.state, caller, &operation),
                operation,
                tells: Vec::new(),
            };
            let all = mutants(ir);
            let wrong: Vec<Ir> = all.par_iter().map(|mutant| mutant.of(ir)).collect();
            let mut stage = Stage::new((ir, &around), app, &scenery, scene);
            let mut record = match stage.once(thought, &act) {
                Ok(record) => record,
                Err(dead) => {
                    return Ok(Some(life::died(ir, app, &dead, stage.walk(thought, &act))));
                }
            };
            if let (Verdict::Failed, Some(exchange)) =
                (record.verdict, record.exchanges.last().cloned())
            {
                stage.accuse(&mut record, &act, &exchange, (&all, &wrong, &[]))?;
            }
            Ok(Some(record))
        }
    }
}

fn of_mutant(mutant: &Mutant) -> Record {
    Record::open(
        mutant.id.clone(),
        mutant.class.name(),
        mutant.what.clone(),
        mutant.span,
    )
}

/// What people might do in a scene, and which mutants each would tell from the program.
pub(crate) fn think(
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
pub(crate) struct Stage<'s> {
    around: &'s Around,
    mirror: Mirror<'s>,
    scene: &'s Scene,
    seed: u64,
    /// With what the app made up.
    state: State,
    /// The app is not as the scene is.
    dirty: bool,
}

impl<'s> Stage<'s> {
    pub(crate) fn new(
        (ir, around): (&'s Ir, &'s Around),
        app: &'s App,
        scene: &'s Scene,
        seed: u64,
    ) -> Stage<'s> {
        let model = Model::new(ir, around);
        Stage {
            around,
            mirror: Mirror::new(app, model),
            scene,
            seed,
            state: scene.state.clone(),
            dirty: true,
        }
    }

    pub(crate) fn set(&mut self) -> Result<Vec<Difference>, NoAnswer> {
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
        (all, wrong, open): (&[Mutant], &'s [Ir], &mut Vec<usize>),
        ways: &mut BTreeSet<Way>,
        records: &mut Vec<Record>,
    ) -> Result<(), Box<Dead>> {
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
            let during = |stage: &Stage<'_>, dead| Dead::during(dead, stage.walk(number, &thought));
            let mut record = match self.once(number, &thought) {
                Ok(record) => record,
                Err(dead) => return Err(during(self, dead)),
            };
            // Where the scene itself can't be set, nothing is done in it.
            let set = !record.exchanges.is_empty();
            let tells = match (record.verdict, record.exchanges.last().cloned()) {
                (Verdict::Failed, Some(exchange)) => {
                    match self.accuse(&mut record, &thought, &exchange, (all, wrong, &tells)) {
                        Ok(tells) => tells,
                        Err(dead) => return Err(during(self, dead)),
                    }
                }
                _ => tells,
            };
            if set {
                for mutant in tells.iter().filter_map(|at| all.get(*at)) {
                    let Record {
                        id,
                        class,
                        what,
                        span,
                        ..
                    } = of_mutant(mutant);
                    records.push(Record {
                        id,
                        class,
                        what,
                        span,
                        ..record.clone()
                    });
                }
                open.retain(|at| !tells.contains(at));
            }
            records.push(record);
            if !set {
                break;
            }
        }
        Ok(())
    }

    /// After something failed: which wrong programs would do just what the app did. The record names them and stands at the
    /// sentence of the first; of the mutants that would have told, those that are then known to be there are given. Where no
    /// wrong program explains what was seen, all are.
    fn accuse(
        &mut self,
        record: &mut Record,
        thought: &Thought,
        exchange: &Exchange,
        (all, wrong, tells): (&[Mutant], &'s [Ir], &[usize]),
    ) -> Result<Vec<usize>, NoAnswer> {
        let program = self.mirror.model;
        let mut guilty = Vec::new();
        for (at, (mutant, wrong)) in all.iter().zip(wrong).enumerate() {
            if guilty.len() >= SUSPECTS || !concerns(mutant, &thought.operation) {
                continue;
            }
            let model = Model::new(wrong, self.around);
            let outcome = model.perform(&self.scene.state, thought.caller, &thought.operation);
            if observed(wrong, &outcome) == observed(program.ir(), &thought.outcome) {
                continue;
            }
            let (mut state, answer) = match outcome {
                Ok((state, answer)) => (state, Ok(answer)),
                Err(refusal) => (self.state.clone(), Err(refusal)),
            };
            model.carry(&self.state, &mut state);
            self.mirror.model = model;
            let answers = self.mirror.judge(&thought.operation, &answer, exchange);
            let same =
                answers.is_none() && self.mirror.compare(&mut state, self.scene.now)?.is_empty();
            self.mirror.model = program;
            if same {
                guilty.push(at);
            }
        }
        let suspects = guilty.iter().filter_map(|at| all.get(*at));
        record.suspects = suspects
            .map(|mutant| Suspect {
                what: mutant.what.clone(),
                span: mutant.span,
            })
            .collect();
        if let Some(first) = record.suspects.first() {
            record.span = first.span;
        }
        guilty.retain(|at| tells.contains(at));
        Ok(if guilty.is_empty() {
            tells.to_vec()
        } else {
            guilty
        })
    }

    /// What is done in the scene, before anything is known of what comes of it.
    fn walk(&self, number: usize, thought: &Thought) -> Record {
        let words = Words::of(self.mirror.model, &self.scene.state, self.scene.now);
        let outcome = thought.outcome.as_ref().map(|(_, answer)| answer);
        let scene = self.seed;
        let done = words.headline(thought.caller, &thought.operation);
        Record {
            done: done.clone(),
            steps: words.steps(&self.scene.order, thought.caller, &thought.operation),
            expected: words::expected(outcome),
            origin: Origin::Walk {
                scene,
                thought: number,
            },
            ..Record::open(
                format!("walk.{scene}.{number}"),
                "walks",
                done,
                thought
                    .outcome
                    .as_ref()
                    .err()
                    .map(|refusal| refusal.source)
                    .filter(|span| *span != Span::default())
                    .unwrap_or_else(|| place_of(self.mirror.model.ir(), &thought.operation)),
            )
        }
    }

    /// Sets the scene where that is needed, does one thing in it and judges it. Without exchanges where the scene can't be
    /// set.
    pub(crate) fn once(&mut self, number: usize, thought: &Thought) -> Result<Record, NoAnswer> {
        let mut record = self.walk(number, thought);
        self.prepare(thought);
        if let Some(difference) = self.set()?.into_iter().next() {
            record.verdict = Verdict::Failed;
            record.seen = format!("before anything was done: {}", difference.text);
            (record.expected, record.actual) = (difference.expected, difference.actual);
            record.check = difference.check;
            record.script = self.mirror.app.script();
            return Ok(record);
        }
        let (wrong, exchange) = self.perform(thought)?;
        record.exchanges = vec![exchange];
        record.verdict = Verdict::Held;
        record.seen = record.expected.clone();
        if let Some(difference) = wrong {
            // What is wrong is wrong every time, under the same circumstances.
            self.dirty = true;
            self.set()?;
            record.verdict = match self.perform(thought)?.0 {
                Some(_) => Verdict::Failed,
                None => Verdict::Flaky,
            };
            record.script = self.mirror.app.script();
            record.seen = difference.text;
            (record.expected, record.actual) = (difference.expected, difference.actual);
            record.check = difference.check;
        }
        Ok(record)
    }

    /// Whoever closes an account is asked for the password, which costs the app too much to give one to everybody.
    fn prepare(&mut self, thought: &Thought) {
        let leaves = match (&thought.operation, thought.caller.me) {
            (Operation::Leave, Some(me)) => Some((me, PASSWORD.to_owned())),
            _ => None,
        };
        let passwords: BTreeMap<i64, String> = leaves.into_iter().collect();
        if self.mirror.passwords != passwords {
            self.mirror.passwords = passwords;
            self.dirty = true;
        }
    }

    /// Does it in the app; what is wrong with what came of it.
    fn perform(&mut self, thought: &Thought) -> Result<(Option<Difference>, Exchange), NoAnswer> {
        let (mut state, wanted) = match &thought.outcome {
            Ok((state, answer)) => {
                let mut state = state.clone();
                self.mirror.model.carry(&self.state, &mut state);
                (state, Ok(answer.clone()))
            }
            Err(refusal) => (self.state.clone(), Err(refusal.clone())),
        };
        let done = (thought.caller, &thought.operation);
        let letters = self.scene.state.mail.len();
        let (wrong, exchange) = perform(&mut self.mirror, done, &wanted, &mut state, letters)?;
        let reads = matches!(thought.operation, Operation::Read(..) | Operation::List(_));
        self.dirty |= wrong.is_some() || ((200..300).contains(&exchange.status) && !reads);
        Ok((wrong, exchange))
    }
}

/// Does something in the app; what is wrong with what came of it. `state` is what should be there afterwards, and takes what
/// the app made up; so many letters were sent before.
pub(crate) fn perform(
    mirror: &mut Mirror<'_>,
    (caller, operation): (Caller, &Operation),
    wanted: &Result<Answer, Refusal>,
    state: &mut State,
    letters: usize,
) -> Result<(Option<Difference>, Exchange), NoAnswer> {
    let mails = mirror.app.mail()?.len();
    let exchange = mirror.act(caller, operation)?;
    let differences = mirror.compare(state, caller.now)?;
    let answer = mirror.judge(operation, wanted, &exchange);
    if let Some(wrong) = answer.or_else(|| differences.into_iter().next()) {
        return Ok((Some(wrong), exchange));
    }
    let sent: Vec<(String, String)> = mirror
        .app
        .mail()?
        .iter()
        .skip(mails)
        .map(|mail| (text(mail, "to"), text(mail, "subject")))
        .collect();
    let letters = state.mail.iter().skip(letters);
    let wanted: Vec<(String, String)> = letters
        .map(|mail| (mail.to.clone(), mail.subject.clone()))
        .collect();
    // Letters of the house itself are no business of the program's.
    let own = matches!(operation, Operation::SignUp(..));
    if sent == wanted || own {
        return Ok((None, exchange));
    }
    let wrong = Difference {
        text: format!("the mail is {sent:?}, not {wanted:?}"),
        expected: format!("the mail is {wanted:?}"),
        actual: format!("the mail is {sent:?}"),
        check: Some(Check::Mails(mails + wanted.len())),
    };
    Ok((Some(wrong), exchange))
}

/// Where the spec speaks of an operation: its step, its action, its entity.
pub(crate) fn place_of(ir: &Ir, operation: &Operation) -> Span {
    let entity = |id: EntityId| ir.entities.get(id.0 as usize);
    let span = match operation {
        Operation::Create(id, _)
        | Operation::Read(id, _)
        | Operation::Update(id, ..)
        | Operation::Delete(id, ..) => entity(*id).map(|entity| entity.span),
        Operation::List(query) => entity(query.entity).map(|entity| entity.span),
        Operation::Step(id, name, ..) => entity(*id).and_then(|entity| {
            let mut steps = entity.lifecycles.iter().flat_map(|cycle| &cycle.steps);
            steps
                .find(|step| step.name.text == *name)
                .map(|step| step.span)
        }),
        Operation::Act(id, ..) => ir.actions.get(id.0 as usize).map(|action| action.span),
        Operation::SignUp(..) | Operation::Leave => Some(ir.accounts.span),
        Operation::Put(id, _) => entity(*id).map(|entity| entity.span),
    };
    span.unwrap_or_default()
}

fn text(json: &serde_json::Value, key: &str) -> String {
    json.get(key)
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
