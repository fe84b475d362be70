//! What the doors are held to, each once, however often it is looked at.

use crate::app::Exchange;
use crate::record::{Origin, Record, Verdict};
use specc_syntax::span::Span;
use std::collections::BTreeMap;

/// Something that is demanded.
#[derive(Debug, Clone)]
pub struct Demand {
    /// Stable as long as what it speaks of has its name.
    pub id: String,
    /// Its kind.
    pub class: &'static str,
    /// A half sentence.
    pub what: String,
    /// The sentence it belongs to.
    pub span: Span,
}

/// What was seen of it: that all is well, or what is wrong.
pub type Seen = Result<String, String>;

/// All demands with how they came out so far, in the order of their ids.
#[derive(Debug)]
pub struct Ledger {
    seed: u64,
    records: BTreeMap<String, Record>,
}

impl Ledger {
    /// Nothing is demanded.
    pub fn new(seed: u64) -> Ledger {
        Ledger {
            seed,
            records: BTreeMap::new(),
        }
    }

    /// This is demanded, and was not looked at so far.
    pub fn expect(&mut self, demand: Demand) -> &mut Record {
        let origin = Origin::Door {
            seed: self.seed,
            id: demand.id.clone(),
        };
        self.records
            .entry(demand.id.clone())
            .or_insert_with(|| Record {
                origin,
                ..Record::open(demand.id, demand.class, demand.what, demand.span)
            })
    }

    /// It was looked at. What failed once stays so, whatever is seen later.
    pub fn note(&mut self, demand: Demand, seen: Seen, exchange: Option<Exchange>) {
        let verdict = if seen.is_ok() {
            Verdict::Held
        } else {
            Verdict::Failed
        };
        self.judged(demand, verdict, seen, exchange);
    }

    /// The same, where what is wrong was looked at twice: `again` is what the second look saw.
    pub fn twice(
        &mut self,
        demand: Demand,
        seen: Seen,
        again: Option<Seen>,
        exchange: Option<Exchange>,
    ) {
        let verdict = match (&seen, again) {
            (Ok(_), _) => Verdict::Held,
            (Err(_), Some(Ok(_))) => Verdict::Flaky,
            (Err(_), _) => Verdict::Failed,
        };
        self.judged(demand, verdict, seen, exchange);
    }

    fn judged(&mut self, demand: Demand, verdict: Verdict, seen: Seen, exchange: Option<Exchange>) {
        let record = self.expect(demand);
        if matches!(record.verdict, Verdict::Held | Verdict::NotExercised)
            && record.verdict != verdict
        {
            record.verdict = verdict;
            record.done.clone_from(&record.what);
            record.expected.clone_from(&record.what);
            record.actual = seen.clone().err().unwrap_or_default();
            record.seen = seen.unwrap_or_else(|wrong| wrong);
            record.steps = exchange
                .iter()
                .map(|exchange| format!("{} {}", exchange.method, exchange.path))
                .collect();
            record.exchanges = exchange.into_iter().collect();
        }
    }

    /// [`Ledger::note`], of several requests, told in these steps. What failed once stays so.
    pub fn told(
        &mut self,
        demand: Demand,
        seen: Seen,
        steps: Vec<String>,
        exchanges: Vec<Exchange>,
    ) {
        let id = demand.id.clone();
        let open = self.records.get(&id).is_none_or(|record| {
            record.verdict == Verdict::NotExercised
                || (record.verdict == Verdict::Held && seen.is_err())
        });
        self.note(demand, seen, None);
        if let (true, Some(record)) = (open, self.records.get_mut(&id)) {
            record.done.clone_from(&record.what);
            record.steps = steps;
            record.exchanges = exchanges;
        }
    }

    /// What was done for it, in other words than those of a request.
    pub fn steps(&mut self, id: &str, steps: Vec<String>) {
        if let Some(record) = self.records.get_mut(id) {
            record.steps = steps;
        }
    }

    /// Something was wrong with it already.
    pub fn is_wrong(&self, id: &str) -> bool {
        let record = self.records.get(id);
        record.is_some_and(Record::is_wrong)
    }

    /// Something is wrong with anything.
    pub fn any_wrong(&self) -> bool {
        self.records.keys().any(|id| self.is_wrong(id))
    }

    /// Takes over what another ledger holds; what was wrong here and well there differs from itself.
    pub fn confirmed_by(&mut self, mut second: Ledger) {
        for (id, record) in &mut self.records {
            let again = second.records.remove(id);
            if record.verdict == Verdict::Failed
                && again.is_some_and(|again| again.verdict == Verdict::Held)
            {
                record.verdict = Verdict::Flaky;
            }
        }
    }

    /// All of it.
    pub fn records(self) -> impl Iterator<Item = Record> {
        self.records.into_values()
    }

    /// What another ledger holds stands here as well.
    pub fn take(&mut self, other: Ledger) {
        for (id, record) in other.records {
            self.records.entry(id).or_insert(record);
        }
    }
}
