//! An app that ends under load and is started again: what it answered for is there.

use super::{Host, demand};
use crate::app::{Exchange, NoAnswer};
use crate::crowd::{Answered, Crowd};
use crate::doors::{Ground, Ledger, Seen, Set};
use crate::history::{Event, Found, explain};
use crate::mirror::{Kept, entity_ids};
use crate::wire;
use crate::words::Words;
use rayon::prelude::*;
use serde_json::Value as Json;
use specc_ir::eval::Value;
use specc_ir::ir::{Effect, EntityId, Ir, Type, USER};
use specc_ir::model::{Caller, Given, Operation, Query};
use specc_ir::walk;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How many write at once.
const PEOPLE: usize = 8;
/// What each has to do.
const EACH: usize = 20;
/// What is thought of for them.
const THOUGHTS: usize = 2_500;
/// So many that would be refused are among what they do, of a hundred.
const REFUSED: usize = 15;
/// The most that is tried to explain what came of it.
const MOST_TRIED: u32 = 1_500;
/// After so many answers it ends; the rest is under way or never sent.
const ANSWERS: usize = PEOPLE * EACH / 2;
/// How long that may take.
const LOAD: Duration = Duration::from_secs(5);
/// What is kept of the requests.
const MOST_TOLD: usize = 24;

/// How it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// As in a power cut.
    Kill,
    /// It is asked to.
    Stop,
}

/// What people do in a scene, in lines of one after another.
fn acts(ground: Ground<'_>, set: &Set<'_>, number: u64) -> Vec<(Caller, Operation)> {
    let mut dice = ground.dice(12, number + 1000);
    let thoughts: Vec<(Caller, Operation)> =
        (0..THOUGHTS).map(|_| dice.operation(&set.scene)).collect();
    let (model, state) = (ground.model, &set.scene.state);
    // Opening an account is slow on purpose, and slowed down when it happens often.
    let judged: Vec<(Caller, Operation, bool)> = thoughts
        .into_par_iter()
        .filter(|(_, operation)| {
            !matches!(
                operation,
                Operation::Read(..)
                    | Operation::List(_)
                    | Operation::SignUp(..)
                    | Operation::Leave
                    | Operation::Put(..)
            )
        })
        .map(|(caller, operation)| {
            let allowed = model.perform(state, caller, &operation).is_ok();
            (caller, operation, allowed)
        })
        .collect();
    let mut refused = 0;
    let wanted = judged.into_iter().filter(|(_, _, allowed)| {
        refused += usize::from(!allowed);
        *allowed || refused * 100 <= PEOPLE * EACH * REFUSED
    });
    let wanted = wanted.map(|(caller, operation, _)| (caller, operation));
    wanted.take(PEOPLE * EACH).collect()
}

/// A row that was answered for and is gone, though nothing that was sent could have taken it away; told in words. It is for
/// histories with too many orders to try.
fn lost(ground: Ground<'_>, set: &Set<'_>, events: &[Event<'_>], kept: &Kept) -> Option<String> {
    let ir = ground.ir();
    let rows = |entity: EntityId| {
        let found = kept.iter().find(|(of, _)| *of == entity);
        found.into_iter().flat_map(|(_, rows)| rows)
    };
    let there = |entity: EntityId, name: &Json| rows(entity).any(|row| row.get("id") == Some(name));
    let takes_away = |event: &Event<'_>| match event.operation {
        Operation::Act(..) | Operation::Step(..) => event.answered.exchange.status < 400,
        _ => false,
    };
    if events.iter().any(takes_away) && deletes(ir) {
        return None;
    }
    events.iter().find_map(|event| {
        let (Operation::Create(entity, given), 201) =
            (event.operation, event.answered.exchange.status)
        else {
            return None;
        };
        let name = event.answered.exchange.body.get("id")?;
        // What a row belongs to may be gone, and the row with it.
        let stands = given.iter().all(|(field, given)| {
            match (wire::field_type(ir, *entity, *field), given) {
                (Type::Ref(of), Given::Value(Value::Row(row))) => {
                    there(of, &set.mirror.name(of, *row))
                }
                _ => true,
            }
        });
        let slug = set.mirror.slug(*entity);
        (stands && !there(*entity, name))
            .then(|| format!("{slug} {name} was acknowledged and is not there"))
    })
}

/// Some effect of the program takes rows away.
fn deletes(ir: &Ir) -> bool {
    let mut found = false;
    let bodies = ir.actions.iter().map(|action| &action.body.does);
    for body in bodies {
        walk::each_effect(body, &mut |item| {
            found |= matches!(item.effect, Effect::Delete { .. });
        });
    }
    found
}

/// Ends it in the middle of what many do at once, starts it again and looks at what is there.
pub(super) fn under_load(
    ground: Ground<'_>,
    host: &dyn Host,
    end: End,
    number: u64,
    ledger: &mut Ledger,
) -> Result<(), NoAnswer> {
    let scene = ground.dice(12, number).scene(ground.start);
    let mut set = Set::empty(ground, scene);
    set.again()?;
    let acts = acts(ground, &set, number);
    let mut lines = vec![Vec::new(); PEOPLE];
    for (at, (caller, operation)) in acts.iter().enumerate() {
        if let Some(line) = lines.get_mut(at % PEOPLE) {
            line.push((at, set.mirror.later(*caller, operation)?));
        }
    }
    let (stop, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut ended = Ok(Duration::ZERO);
    let sent = Crowd::of(PEOPLE).send(&lines, &stop, &answers, || {
        let patience = Instant::now() + LOAD;
        while answers.load(Ordering::Relaxed) < ANSWERS.min(acts.len() / 2)
            && Instant::now() < patience
        {
            std::thread::park_timeout(Duration::from_micros(200));
        }
        stop.store(true, Ordering::Relaxed);
        match end {
            End::Kill => host.kill(),
            End::Stop => ended = host.stop(),
        }
        // Whoever asks just now is not to wait for what comes next.
        for _ in 0..4 {
            std::thread::park_timeout(Duration::from_millis(2));
            host.kill();
        }
    });
    let started = host.start(false);
    let (how, id) = match end {
        End::Kill => ("killed", "kill"),
        End::Stop => ("asked to end", "stop"),
    };
    let unanswered = sent.iter().filter(|one| one.exchange.status == 0).count();
    let steps = vec![
        told_of(ground, &set),
        format!(
            "When {PEOPLE} people do {} things, and the app is {how} in the middle",
            sent.len()
        ),
        "And it is started again on the data that it left".to_owned(),
    ];
    if let Err(words) = started {
        let seen = Err(format!("it does not start again: {words}"));
        ledger.told(demand(id), seen, steps, told(&sent));
        // The rest is about an app that runs.
        let _ = host.start(true);
        return Ok(());
    }
    set.mirror.app.clock(set.scene.now)?;
    let kept = set.mirror.kept()?;
    let events: Vec<Event<'_>> = sent
        .iter()
        .filter_map(|answered| {
            let (caller, operation) = acts.get(answered.number)?;
            Some(Event {
                caller: *caller,
                operation,
                answered: answered.clone(),
            })
        })
        .collect();
    let carried_out = |one: &&Answered| (200..300).contains(&one.exchange.status);
    let carried_out = sent.iter().filter(carried_out).count();
    let found = explain(
        &set.mirror,
        &set.state,
        &events,
        set.scene.now,
        &kept,
        MOST_TRIED,
    );
    let seen: Option<Seen> = match (found, ended) {
        (_, Err(words)) => Some(Err(words)),
        (Found::None(wrong), _) => Some(Err(format!(
            "what is there afterwards is not what was answered: {}",
            wrong.text
        ))),
        (Found::Open(_), Ok(_)) => match lost(ground, &set, &events, &kept) {
            Some(words) => Some(Err(words)),
            None if carried_out > 0 => Some(Ok(format!(
                "no acknowledged row of {carried_out} acknowledged writes is lost; there are too many orders to tell more"
            ))),
            None => None,
        },
        (Found::Fits(_), Ok(took)) if carried_out > 0 => Some(Ok(format!(
            "{carried_out} acknowledged writes are there, {} were refused, {unanswered} had no answer{}",
            sent.len() - carried_out - unanswered,
            match end {
                End::Kill => String::new(),
                End::Stop => format!("; it ended after {} ms", took.as_millis()),
            }
        ))),
        _ => None,
    };
    if let Some(seen) = seen {
        ledger.told(demand(id), seen, steps, told(&sent));
    }
    again(ground, host, &mut set, ledger)
}

fn told_of(ground: Ground<'_>, set: &Set<'_>) -> String {
    let words = Words::of(ground.model, &set.scene.state, set.scene.now);
    let query = Operation::List(Query::all(USER));
    let caller = Caller {
        me: None,
        now: set.scene.now,
    };
    let moment = words.steps(&[], caller, &query).into_iter().next();
    format!(
        "{} and there are {} rows",
        moment.unwrap_or_default(),
        set.scene.order.len()
    )
}

/// What failed to be answered, and the last that was.
fn told(sent: &[Answered]) -> Vec<Exchange> {
    let mut all: Vec<&Answered> = sent.iter().collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.ended));
    let all = all.into_iter().take(MOST_TOLD);
    all.map(|one| one.exchange.clone()).collect()
}

/// What is served does not change because the app is started once more.
fn again(
    ground: Ground<'_>,
    host: &dyn Host,
    set: &mut Set<'_>,
    ledger: &mut Ledger,
) -> Result<(), NoAnswer> {
    let app = set.mirror.app;
    let people = crate::doors::people(ground.ir(), &set.scene, 0);
    let look = |set: &Set<'_>| -> Result<Vec<Exchange>, NoAnswer> {
        let mut seen = Vec::new();
        for person in &people {
            for entity in entity_ids(ground.ir()) {
                let list = Operation::List(Query::all(entity));
                seen.push(set.mirror.act(person.caller(set.scene.now), &list)?);
            }
        }
        Ok(seen)
    };
    let user = people.iter().find_map(|person| person.me);
    let secrets = match user {
        Some(user) => {
            let name = set.name(user);
            Some((app.token(&name)?, app.cookie(&name)?))
        }
        None => None,
    };
    let before = look(set)?;
    if host.stop().is_err() || host.start(false).is_err() {
        let seen = Err("it does not end and start again at rest".to_owned());
        ledger.told(demand("again"), seen, Vec::new(), Vec::new());
        let _ = host.start(true);
        return Ok(());
    }
    app.clock(set.scene.now)?;
    let after = look(set)?;
    let body = |exchange: &Exchange| (exchange.status, exchange.body.clone());
    let other = before.iter().zip(&after).find(|(b, a)| body(b) != body(a));
    let steps = vec![
        "When everybody looks at every list".to_owned(),
        "And the app is asked to end, and started again on the same data".to_owned(),
        "And everybody looks once more".to_owned(),
    ];
    let (seen, exchanges) = match other {
        Some((b, a)) => (
            Err(format!("{} {} is answered otherwise", a.method, a.path)),
            vec![b.clone(), a.clone()],
        ),
        None => (
            Ok(format!("{} lists are as they were", after.len())),
            after.into_iter().take(1).collect(),
        ),
    };
    ledger.told(demand("again"), seen, steps, exchanges);
    if let Some((token, cookie)) = secrets {
        let bearer = format!("Bearer {token}");
        let by = |name: &str, value: &str| app.fetch("GET", "/api/me", &[(name, value)], None);
        let statuses = (
            by("authorization", &bearer)?.status,
            by("cookie", &cookie)?.status,
        );
        let seen = match statuses {
            (200, 200) => Ok("both are good after the restart".to_owned()),
            (token, cookie) => Err(format!(
                "after the restart the token is answered with {token}, the session with {cookie}"
            )),
        };
        let exchange = Exchange {
            method: "GET".to_owned(),
            path: "/api/me".to_owned(),
            sent: None,
            status: statuses.0.max(statuses.1),
            body: Json::Null,
            user: None,
        };
        ledger.told(demand("sessions"), seen, Vec::new(), vec![exchange]);
    }
    Ok(())
}
