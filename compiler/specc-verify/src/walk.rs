//! Walks: several people do one thing after another while time goes on, and after each everything is as in the model, as each
//! of them sees it. A walk that goes wrong is gone again without the steps that it does not need.

use crate::app::{App, Exchange, NoAnswer};
use crate::doors::people;
use crate::judge::{Deed, START, perform, place_of, way};
use crate::life::Dead;
use crate::mirror::{Difference, Mirror, entity_ids};
use crate::record::{Origin, Record, Verdict};
use crate::scene::{Dice, Pool, Scene};
use crate::words::Words;
use specc_ir::ir::{EntityId, USER};
use specc_ir::model::{Caller, Model, Operation, Query, State};
use specc_syntax::span::Span;
use std::collections::{BTreeMap, BTreeSet};

/// Their scenes are others than those of single things: bits that are turned over in the seed.
const OTHERS: u64 = 1 << 63;
/// So many are gone.
pub const WALKS: u64 = 24;
/// So many steps are thought of for one.
const STEPS: usize = 12;
/// How often something else is thought of, where it is not what this walk is about.
const DRAWS: usize = 12;
/// How often a walk is gone again in search of a shorter one.
const TRIES: usize = 60;

/// Something that is done, and when.
#[derive(Debug, Clone)]
struct Step {
    /// Its position in what was thought of.
    number: usize,
    caller: Caller,
    operation: Operation,
    /// What was there before it when it was thought of.
    before: State,
}

/// Where it goes wrong.
struct Wrong {
    /// After so many steps; 0 where the scene itself can't be set.
    after: usize,
    difference: Difference,
}

/// What came of a walk.
#[derive(Default)]
struct Gone {
    wrong: Option<Wrong>,
    exchanges: Vec<Exchange>,
    /// A line each.
    told: Vec<String>,
    /// The last thing that was done, as a half sentence without names, and its sentence.
    last: (String, Span),
}

/// Goes the walk of this seed.
pub fn judge(model: Model<'_>, app: &App, pool: &Pool, seed: u64) -> Result<Record, Box<Dead>> {
    let (scene, steps) = thought_of(model, pool, seed);
    judged(model, app, seed, &scene, steps, true)
}

/// Goes these steps of it again.
pub fn again(
    model: Model<'_>,
    app: &App,
    pool: &Pool,
    seed: u64,
    numbers: &[usize],
) -> Result<Record, Box<Dead>> {
    let (scene, mut steps) = thought_of(model, pool, seed);
    steps.retain(|step| numbers.contains(&step.number));
    judged(model, app, seed, &scene, steps, false)
}

/// What is done: things of some kinds, which are others in each walk, so that each is done often in some of them.
fn thought_of(model: Model<'_>, pool: &Pool, seed: u64) -> (Scene, Vec<Step>) {
    let mut dice = Dice::new(model, pool, seed ^ OTHERS);
    let scene = dice.scene(START);
    let mut here = scene.clone();
    let mut swarm: BTreeMap<Deed, bool> = BTreeMap::new();
    let mut steps = Vec::new();
    for number in 0..STEPS {
        here.now += dice.pause();
        let mut next = None;
        for _ in 0..DRAWS {
            let (caller, operation) = dice.operation(&here);
            // Opening and closing accounts is slow on purpose, and passwords are given to no one here.
            if matches!(operation, Operation::SignUp(..) | Operation::Leave) {
                continue;
            }
            let outcome = model.perform(&here.state, caller, &operation);
            let reads = matches!(operation, Operation::Read(..) | Operation::List(_));
            let changes = outcome.is_ok() && !reads;
            let (deed, _) = way(&operation, None);
            let wanted = *swarm.entry(deed).or_insert_with(|| dice.in_ten(6));
            next = Some((caller, operation, outcome.ok()));
            if wanted && (changes || dice.in_ten(2)) {
                break;
            }
        }
        let Some((caller, operation, outcome)) = next else {
            continue;
        };
        let before = here.state.clone();
        if let Some((state, _)) = outcome {
            follow(model, &mut here, state);
        }
        steps.push(Step {
            number,
            caller,
            operation,
            before,
        });
    }
    (scene, steps)
}

/// The scene goes on with this state.
fn follow(model: Model<'_>, here: &mut Scene, state: State) {
    let there = |(entity, row): &(EntityId, i64)| state.row(*entity, *row).is_some();
    here.order.retain(there);
    here.people.retain(|user| there(&(USER, *user)));
    for entity in entity_ids(model.ir()) {
        for row in state.ids(entity) {
            if here.state.row(entity, row).is_none() {
                here.order.push((entity, row));
            }
        }
    }
    here.state = state;
}

/// Goes it, makes it shorter where it goes wrong, and judges what is left once more.
fn judged(
    model: Model<'_>,
    app: &App,
    seed: u64,
    scene: &Scene,
    mut steps: Vec<Step>,
    shorter: bool,
) -> Result<Record, Box<Dead>> {
    let open = record(model, seed, &steps, None);
    let dead = |dead: NoAnswer| Dead::during(dead, open.clone());
    let mut gone = go(model, app, scene, &steps).map_err(dead)?;
    let mut verdict = Verdict::Held;
    if gone.wrong.is_some() {
        let fewer = if shorter {
            shortest(model, app, scene, steps.clone(), &gone).map_err(dead)?
        } else {
            steps.clone()
        };
        let again = go(model, app, scene, &fewer).map_err(dead)?;
        if again.wrong.is_some() {
            verdict = Verdict::Failed;
            (steps, gone) = (fewer, again);
        } else {
            verdict = Verdict::Flaky;
        }
    }
    let script = match verdict {
        Verdict::Held => Vec::new(),
        _ => app.script(),
    };
    Ok(Record {
        verdict,
        script,
        ..record(model, seed, &steps, Some(gone))
    })
}

/// Fewer steps that still go wrong: chunks are left out, half of them at first, one by one at last.
fn shortest(
    model: Model<'_>,
    app: &App,
    scene: &Scene,
    mut steps: Vec<Step>,
    gone: &Gone,
) -> Result<Vec<Step>, NoAnswer> {
    steps.truncate(gone.wrong.as_ref().map_or(0, |wrong| wrong.after));
    let mut size = steps.len().div_ceil(2);
    let mut tries = 0;
    while size > 0 {
        let mut from = 0;
        while from < steps.len() && tries < TRIES {
            tries += 1;
            let mut fewer = steps.clone();
            fewer.drain(from..(from + size).min(steps.len()));
            match go(model, app, scene, &fewer)?.wrong {
                Some(wrong) if !fewer.is_empty() || wrong.after == 0 => {
                    fewer.truncate(wrong.after);
                    steps = fewer;
                }
                _ => from += size,
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    Ok(steps)
}

/// Goes these steps, beginning with the scene and nothing else.
fn go(model: Model<'_>, app: &App, scene: &Scene, steps: &[Step]) -> Result<Gone, NoAnswer> {
    let mut mirror = Mirror::new(app, model);
    let mut state = scene.state.clone();
    mirror.reset(scene.planted)?;
    mirror.plant(&state, &scene.order)?;
    let found = mirror.compare(&mut state, scene.planted)?;
    let mut gone = Gone {
        wrong: found.into_iter().next().map(|difference| Wrong {
            after: 0,
            difference,
        }),
        ..Gone::default()
    };
    let mut now = scene.planted;
    let mut given: Vec<String> = Vec::new();
    let start = Words::of(model, &scene.state, scene.now);
    for (at, step) in steps.iter().enumerate() {
        if gone.wrong.is_some() {
            break;
        }
        let (caller, operation) = (step.caller, &step.operation);
        // Also where steps that made rows are left out, the next ones mean the same rows.
        state.count_on_from(&step.before);
        let words = Words::of(model, &state, caller.now);
        if caller.now != now {
            now = caller.now;
            app.clock(now)?;
            gone.told.push(format!("When it is {}", words.moment()));
        }
        for line in start.those_there(&scene.order, &words.matter(caller, operation)) {
            if !given.contains(&line) {
                given.push(line);
            }
        }
        gone.told.push(words.when(caller, operation));
        gone.last = (
            words.headline(caller, operation),
            place_of(model.ir(), operation),
        );
        let outcome = model.perform(&state, caller, operation);
        let letters = state.mail.len();
        let (mut after, wanted) = match outcome {
            Ok((after, answer)) => (after, Ok(answer)),
            Err(refusal) => {
                if refusal.source != Span::default() {
                    gone.last.1 = refusal.source;
                }
                (state.clone(), Err(refusal))
            }
        };
        let done = (caller, operation);
        let (wrong, exchange) = perform(&mut mirror, done, &wanted, &mut after, letters)?;
        gone.exchanges.push(exchange);
        let difference = match wrong {
            Some(difference) => Some(difference),
            None => seen_by_all(&mirror, scene, (&state, &after), now)?,
        };
        state = after;
        gone.wrong = difference.map(|difference| Wrong {
            after: at + 1,
            difference,
        });
    }
    given.insert(
        0,
        format!(
            "Given it is {}",
            Words::of(model, &state, scene.planted).moment()
        ),
    );
    gone.told.splice(0..0, given);
    Ok(gone)
}

/// What is different is so in the list of each kind of person.
fn seen_by_all(
    mirror: &Mirror<'_>,
    scene: &Scene,
    (before, after): (&State, &State),
    now: i64,
) -> Result<Option<Difference>, NoAnswer> {
    let model = mirror.model;
    for entity in entity_ids(model.ir()) {
        let ids: BTreeSet<i64> = before.ids(entity).chain(after.ids(entity)).collect();
        if ids
            .into_iter()
            .all(|id| before.row(entity, id) == after.row(entity, id))
        {
            continue;
        }
        for person in people(model.ir(), scene, 0) {
            // Whoever is gone sees nothing.
            if person.me.is_some_and(|me| after.row(USER, me).is_none()) {
                continue;
            }
            let operation = Operation::List(Query::all(entity));
            let caller = Caller { me: person.me, now };
            let wanted = model.perform(after, caller, &operation);
            let wanted = wanted.map(|(_, answer)| answer);
            let exchange = mirror.act(caller, &operation)?;
            if let Some(mut difference) = mirror.judge(&operation, &wanted, &exchange) {
                difference.text = format!("as {} sees it: {}", person.kind, difference.text);
                return Ok(Some(difference));
            }
        }
    }
    Ok(None)
}

fn record(model: Model<'_>, seed: u64, steps: &[Step], gone: Option<Gone>) -> Record {
    let numbers = steps.iter().map(|step| step.number).collect();
    let first = steps.first();
    let span = first.map_or_else(Span::default, |step| place_of(model.ir(), &step.operation));
    let all = "after each of several things that people do one after another, everything is as each of them should see it";
    let open = Record {
        origin: Origin::Steps {
            scene: seed,
            steps: numbers,
        },
        ..Record::open(format!("steps.{seed}"), "walks", all.to_owned(), span)
    };
    let Some(gone) = gone else {
        return open;
    };
    let well = format!("it is, after each of {} steps", gone.exchanges.len());
    let record = Record {
        done: all.to_owned(),
        steps: gone.told,
        expected: well.clone(),
        seen: well,
        exchanges: gone.exchanges,
        ..open
    };
    match gone.wrong {
        None => record,
        Some(Wrong { after, difference }) => Record {
            span: gone.last.1,
            done: gone.last.0,
            seen: if after == 0 {
                format!("before anything was done: {}", difference.text)
            } else {
                difference.text
            },
            expected: difference.expected,
            actual: difference.actual,
            check: difference.check,
            ..record
        },
    }
}
