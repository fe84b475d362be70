//! The app's pages in a real browser: what is painted and can be reached, what the console says, what programs for people
//! who don't see are told, and what comes of forms that are filled in and sent there, with scripts and without.

mod accounts;
mod chrome;
mod hands;
mod look;
mod scenarios;
mod walk;

use crate::app::{App, NoAnswer};
use crate::doors::Ground;
use crate::doors::controls;
use crate::doors::forms;
use crate::doors::ledger::{Demand, Ledger};
use crate::judge::{Around, Options, START};
use crate::record::{Origin, Record};
use crate::scene::Pool;
use chrome::Chrome;
pub use chrome::Ends;
use hands::Hands;
use specc_ir::ir::Ir;
use specc_ir::model::Model;
use std::time::Instant;

/// What records of pages are counted under.
const CLASS: &str = "pages";

/// What is looked at, as long as it was not: an id and a half sentence.
const PARTS: [(&str, &str); 5] = [
    (
        "walk",
        "every page that somebody comes to is whole: a silent console, names for all that people act on, nothing too wide",
    ),
    (
        "controls",
        "a control can be seen exactly where what it does is allowed",
    ),
    (
        "forms",
        "forms do what the model says, with scripts and without, and keep what was typed",
    ),
    ("scenarios", "scenarios hold in a browser"),
    (
        "accounts",
        "people sign up, are invited, log in and log out by form",
    ),
];

/// Judges the pages of an app in a browser; where there is none, `Err` says why, and nothing is exercised. A part during
/// which the app stops answering has failed; it is started again for the next one, where that can be done.
pub fn judge(
    ir: &Ir,
    app: &App,
    browser: Result<Ends, String>,
    options: Options,
    report: &mut dyn FnMut(&Record),
) -> Vec<Record> {
    let around = Around::of(ir);
    let pool = Pool::of(ir);
    let ground = Ground {
        model: Model::new(ir, &around),
        app,
        pool: &pool,
        around: &around,
        seed: options.seed,
        start: START,
    };
    let mut records = Vec::new();
    let mut keep = |ledger: Ledger| {
        for record in ledger.records() {
            report(&record);
            records.push(record);
        }
    };
    let chrome = browser.and_then(|ends| {
        Chrome::new(ends, app.base())
            .map_err(|error| format!("the browser does not answer: {error}"))
    });
    let mut chrome = match chrome {
        Ok(chrome) => chrome,
        Err(why) => {
            let mut ledger = Ledger::new(options.seed);
            for part in 0..PARTS.len() {
                open(ir, &mut ledger, part, &why);
            }
            keep(ledger);
            return records;
        }
    };
    let end = Instant::now() + options.browser;
    type Part = fn(Ground<'_>, &mut Hands<'_>, &mut Ledger) -> Result<(), NoAnswer>;
    let parts: [Part; PARTS.len()] = [
        walk::judge,
        controls_of,
        |ground, hands, ledger| forms::judge(ground, hands, ledger),
        scenarios::judge,
        accounts::judge,
    ];
    let many = parts.len();
    let mut wrong = false;
    for (number, part) in parts.into_iter().enumerate() {
        if options.stopped() || (options.fail_fast && wrong) {
            break;
        }
        // What one does not need of its time is there for the others.
        let now = Instant::now();
        let left = u32::try_from(many - number).unwrap_or(1);
        let until = now + end.saturating_duration_since(now) / left;
        let mut ledger = Ledger::new(options.seed);
        let mut hands = Hands::new(&mut chrome, until, options);
        let done = part(ground, &mut hands, &mut ledger);
        match (done, hands.why()) {
            (_, Some(why)) => open(ir, &mut ledger, number, &why),
            (Err(dead), None) => {
                died(ir, &mut ledger, number, &dead);
                wrong = true;
                keep(ledger);
                if app.revive() {
                    continue;
                }
                break;
            }
            (Ok(()), None) => {}
        }
        wrong |= ledger.any_wrong();
        keep(ledger);
    }
    records
}

/// The seed of the run that a record of pages came from; `None` for what came from elsewhere.
#[must_use]
pub fn seed_of(origin: &Origin) -> Option<u64> {
    match origin {
        Origin::Door { seed, id } if id.starts_with("page.") => Some(*seed),
        _ => None,
    }
}

/// Looks at pages once more, and gives what is seen of the record of this id; `None` where there is none any more.
#[must_use]
pub fn replay(
    ir: &Ir,
    app: &App,
    browser: Result<Ends, String>,
    seed: u64,
    id: &str,
) -> Option<Record> {
    let options = Options {
        seed,
        ..Options::default()
    };
    let records = judge(ir, app, browser, options, &mut |_| {});
    records.into_iter().find(|record| record.id == id)
}

/// Controls, on a desk and on a phone.
fn controls_of(
    ground: Ground<'_>,
    hands: &mut Hands<'_>,
    ledger: &mut Ledger,
) -> Result<(), NoAnswer> {
    for (number, width) in (0..).zip([look::DESK, look::PHONE]) {
        hands.look(width)?;
        controls::scene(ground, number, hands, ledger)?;
    }
    hands.look(look::DESK)
}

/// The app stopped answering while this part was looked at.
fn died(ir: &Ir, ledger: &mut Ledger, part: usize, dead: &NoAnswer) {
    let Some((id, what)) = PARTS.get(part) else {
        return;
    };
    let demand = Demand {
        id: format!("page.{id}"),
        class: CLASS,
        what: (*what).to_owned(),
        span: ir.accounts.span,
    };
    ledger.note(
        demand,
        Err(format!("the app stops answering: {dead}")),
        None,
    );
}

/// This part was not looked at, or not all of it.
fn open(ir: &Ir, ledger: &mut Ledger, part: usize, why: &str) {
    let Some((id, what)) = PARTS.get(part) else {
        return;
    };
    let record = ledger.expect(Demand {
        id: format!("page.{id}"),
        class: CLASS,
        what: format!("{what} ({why})"),
        span: ir.accounts.span,
    });
    why.clone_into(&mut record.seen);
    record.origin = Origin::Nowhere;
}
