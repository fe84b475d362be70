//! Several people at once: what comes of it must be what would have come of it one after another, in some order.

mod groups;

use crate::app::NoAnswer;
use crate::crowd::Crowd;
use crate::doors::{Demand, Ground, Ledger, Set};
use crate::history::{Event, Found, explain};
use crate::scene::Scene;
use crate::words::Words;
use groups::{Group, Key, groups, key_of};
use std::collections::BTreeMap;

/// Scenes in which is looked for what gets in its own way.
const SCENES: u64 = 8;
/// How often each thing is done at once.
const ROUNDS: usize = 6;
/// How many are done in one scene.
const IN_ONE_SCENE: usize = 12;
/// The most that is tried to explain what came of it.
const MOST_TRIED: u32 = 4_000;
/// How many there are at once.
const PEOPLE: usize = 12;

/// Judges what happens at the same time.
pub(crate) fn judge(ground: Ground<'_>, ledger: &mut Ledger) -> Result<(), NoAnswer> {
    let crowd = Crowd::of(PEOPLE);
    let mut rounds: BTreeMap<String, usize> = BTreeMap::new();
    for number in 0..SCENES {
        let mut dice = ground.dice(11, number);
        let scene = dice.scene(ground.start);
        let found = groups(ground.model, &mut dice, &scene);
        for group in &found {
            ledger.expect(demand(&group.key));
        }
        let mut set = None;
        let mut here = 0;
        for group in spread(found) {
            let done = rounds.entry(group.key.id.clone()).or_default();
            if *done >= ROUNDS || here >= IN_ONE_SCENE {
                continue;
            }
            *done += 1;
            here += 1;
            let set = match &mut set {
                Some(set) => set,
                None => set.insert(Set::empty(ground, scene.clone())),
            };
            round(ground, &crowd, set, &group, ledger)?;
        }
    }
    Ok(())
}

/// One of each kind first, then a second of each, and so on.
fn spread(found: Vec<Group>) -> Vec<Group> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut placed: Vec<(usize, Group)> = found
        .into_iter()
        .map(|group| {
            let nth = seen.entry(group.key.id.clone()).or_default();
            *nth += 1;
            (*nth, group)
        })
        .collect();
    placed.sort_by_key(|(nth, _)| *nth);
    placed.into_iter().map(|(_, group)| group).collect()
}

fn demand(key: &Key) -> Demand {
    Demand {
        id: format!("parallel.{}", key.id),
        class: "parallel",
        what: key.what.clone(),
        span: key.span,
    }
}

/// Sets the scene, does it all at once, and looks for an order that explains what came of it.
fn round(
    ground: Ground<'_>,
    crowd: &Crowd,
    set: &mut Set<'_>,
    group: &Group,
    ledger: &mut Ledger,
) -> Result<(), NoAnswer> {
    set.again()?;
    let mut requests = Vec::new();
    for (caller, operation) in &group.acts {
        requests.push(set.mirror.later(*caller, operation)?);
    }
    let answers = crowd.at_once(requests);
    let kept = set.mirror.kept()?;
    let events: Vec<Event<'_>> = answers
        .into_iter()
        .filter_map(|answered| {
            let (caller, operation) = group.acts.get(answered.number)?;
            Some(Event {
                caller: *caller,
                operation,
                answered,
            })
        })
        .collect();
    let silent = events
        .iter()
        .find(|event| event.answered.exchange.status == 0);
    if let Some(event) = silent {
        let exchange = &event.answered.exchange;
        return Err(NoAnswer {
            method: exchange.method.clone(),
            path: exchange.path.clone(),
            cause: "one of several requests at once is not answered".to_owned(),
            refused: None,
            row: None,
        });
    }
    let found = explain(
        &set.mirror,
        &set.state,
        &events,
        set.scene.now,
        &kept,
        MOST_TRIED,
    );
    let steps = steps(ground, &set.scene, group, &events);
    let exchanges = events
        .iter()
        .map(|event| event.answered.exchange.clone())
        .collect();
    match found {
        Found::Open(None) => {}
        Found::None(wrong) | Found::Open(Some(wrong)) => ledger.told(
            demand(&group.key),
            Err(format!(
                "no order of these {} requests explains what came of them: {}",
                events.len(),
                wrong.text
            )),
            steps,
            exchanges,
        ),
        Found::Fits(refused) => {
            let of = |at: &usize| events.get(*at).map(|event| event.operation);
            let shows = refused.iter().any(|(at, refusal)| {
                of(at).is_some_and(|operation| {
                    key_of(ground.ir(), operation, refusal).id == group.key.id
                })
            });
            if shows || (group.all_count && refused.len() + 2 <= events.len()) {
                let seen = format!(
                    "{} requests at once came out as in some order, {} of them refused",
                    events.len(),
                    refused.len()
                );
                ledger.told(demand(&group.key), Ok(seen), steps, exchanges);
            }
        }
    }
    Ok(())
}

/// What there was, what was done at once, and how each was answered.
fn steps(ground: Ground<'_>, scene: &Scene, group: &Group, events: &[Event<'_>]) -> Vec<String> {
    let words = Words::of(ground.model, &scene.state, scene.now);
    let mut given: Vec<String> = Vec::new();
    let mut when: BTreeMap<String, Vec<u16>> = BTreeMap::new();
    for (at, (caller, operation)) in group.acts.iter().enumerate() {
        let mut lines = words.steps(&scene.order, *caller, operation);
        let does = lines.pop().unwrap_or_default();
        let new: Vec<String> = lines
            .into_iter()
            .filter(|line| !given.contains(line))
            .collect();
        given.extend(new);
        let answered = events.iter().filter(|event| event.answered.number == at);
        when.entry(does)
            .or_default()
            .extend(answered.map(|event| event.answered.exchange.status));
    }
    given.extend(when.into_iter().map(|(does, answers)| {
        let times = match answers.len() {
            1 => String::new(),
            times => format!(", {times} times"),
        };
        let answers: Vec<String> = answers.iter().map(u16::to_string).collect();
        format!("{does}{times} at the same time: {}", answers.join(", "))
    }));
    given
}
