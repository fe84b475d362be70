//! A clock that moves: what depends on the time is what the program means at that time.

use super::demand;
use crate::app::{Exchange, NoAnswer};
use crate::difference::Difference;
use crate::doors::{Ground, Ledger, Set};
use crate::mirror::entity_ids;
use specc_ir::model::{Operation, Query};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// How far it is set ahead.
const AHEAD: [i64; 4] = [HOUR, DAY, 40 * DAY, 400 * DAY];
/// How far it is set back.
const BACK: [i64; 3] = [-1, -HOUR, -400 * DAY];
/// What is done at each of these moments.
const THOUGHTS: usize = 60;

/// Moves the clock, looks at everything and does a few things.
pub(super) fn moves(ground: Ground<'_>, ledger: &mut Ledger) -> Result<(), NoAnswer> {
    for (id, moments) in [("forward", &AHEAD[..]), ("back", &BACK[..])] {
        for (number, by) in (0..).zip(moments) {
            let scene = ground.dice(13, 0).scene(ground.start);
            let mut set = Set::empty(ground, scene);
            set.again()?;
            set.scene.now += by;
            set.mirror.app.clock(set.scene.now)?;
            let mut last = None;
            let wrong = at_this_moment(ground, &mut set, number, &mut last)?;
            let steps = vec![
                format!(
                    "When the clock is set {} ms {}",
                    by.abs(),
                    match id {
                        "back" => "back",
                        _ => "ahead",
                    }
                ),
                format!("And everybody looks at every list, and {THOUGHTS} things are tried"),
            ];
            let seen = match wrong {
                Some(wrong) => Err(wrong.text),
                None => Ok("all is as the program means it at that moment".to_owned()),
            };
            ledger.told(demand(id), seen, steps, last.into_iter().collect());
        }
    }
    Ok(())
}

/// What is wrong with what is there and what can be done.
fn at_this_moment(
    ground: Ground<'_>,
    set: &mut Set<'_>,
    number: u64,
    last: &mut Option<Exchange>,
) -> Result<Option<Difference>, NoAnswer> {
    let now = set.scene.now;
    let found = set.mirror.compare(&mut set.state, now)?;
    if let Some(wrong) = found.into_iter().next() {
        return Ok(Some(wrong));
    }
    let mut acts = Vec::new();
    for person in crate::doors::people(ground.ir(), &set.scene, 0) {
        for entity in entity_ids(ground.ir()) {
            acts.push((person.caller(now), Operation::List(Query::all(entity))));
        }
    }
    let mut dice = ground.dice(13, number + 1);
    let tried = (0..THOUGHTS).map(|_| dice.operation(&set.scene));
    // Opening an account is slow on purpose.
    acts.extend(tried.filter(|(_, operation)| {
        !matches!(
            operation,
            Operation::SignUp(..) | Operation::Leave | Operation::Put(..)
        )
    }));
    for (caller, operation) in acts {
        let outcome = ground.model.perform(&set.state, caller, &operation);
        let writes = !matches!(operation, Operation::Read(..) | Operation::List(_));
        let exchange = set.mirror.act(caller, &operation)?;
        let outcome = outcome.map(|(mut after, answer)| {
            ground.model.carry(&set.state, &mut after);
            set.state = after;
            answer
        });
        let found = if writes {
            set.mirror.compare(&mut set.state, now)?
        } else {
            Vec::new()
        };
        let answer = set.mirror.judge(&operation, &outcome, &exchange);
        *last = Some(exchange);
        if let Some(wrong) = answer.or_else(|| found.into_iter().next()) {
            return Ok(Some(wrong));
        }
    }
    Ok(None)
}
