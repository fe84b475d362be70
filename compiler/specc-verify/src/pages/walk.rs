//! From the home page by every link, as each kind of person: each kind of page once.

use super::CLASS;
use super::hands::{Asked, Hands};
use super::look;
use crate::app::Exchange;
use crate::doors::ledger::{Demand, Ledger, Seen};
use crate::doors::{Ground, Person, Set, people};
use crate::wire;
use serde_json::Value as Json;
use specc_ir::eval::Value;
use specc_ir::ir::{EntityId, Type};
use specc_syntax::span::Span;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const SCENES: u64 = 2;
/// So many kinds of pages are looked at, for one person.
const MOST_KINDS: usize = 200;

/// A kind of page.
struct Kind {
    id: String,
    /// `the page of a Ticket that is open`
    what: String,
    span: Span,
}

/// Where links lead, and what is seen by the names of demands.
type Looked = (Vec<String>, Vec<(&'static str, Seen)>);

/// What is demanded of every page: a name, and what it means.
const DEMANDS: [(&str, &str); 4] = [
    (
        "clean",
        "no script breaks off, nothing is missing, and nothing comes from elsewhere",
    ),
    (
        "frame",
        "it has a title, a language, one main part and one main heading",
    ),
    (
        "names",
        "everything that people act on has a name for those who don't see it",
    ),
    (
        "fits",
        "nothing reaches beyond the window, on a phone and on a desk",
    ),
];

/// Judges every kind of page that people come to.
pub fn judge(ground: Ground<'_>, hands: &mut Hands<'_>, ledger: &mut Ledger) -> Asked<()> {
    hands.look(look::DESK)?;
    hands.scripts(true)?;
    let mut known = BTreeSet::new();
    for number in 0..SCENES {
        let scene = ground.dice(6, number).scene(ground.start);
        let persons = people(ground.ir(), &scene, usize::try_from(number).unwrap_or(0));
        let mut set = Set::up(ground, scene, BTreeMap::new())?;
        for person in persons {
            walked(ground, hands, ledger, &mut set, &person, &mut known)?;
        }
    }
    Ok(())
}

fn walked(
    ground: Ground<'_>,
    hands: &mut Hands<'_>,
    ledger: &mut Ledger,
    set: &mut Set<'_>,
    person: &Person,
    known: &mut BTreeSet<String>,
) -> Asked<()> {
    let mut waiting: VecDeque<String> = VecDeque::from(["/".to_owned()]);
    let mut asked: BTreeSet<String> = waiting.iter().cloned().collect();
    // Pages of a kind that was looked at for such a person lead elsewhere in another scene, and are opened for that alone.
    let mut through: BTreeSet<String> = BTreeSet::new();
    while let Some(path) = waiting.pop_front() {
        let Some(kind) = kind_of(ground, set, &path) else {
            continue;
        };
        if through.len() >= MOST_KINDS || !through.insert(kind.id.clone()) {
            continue;
        }
        let new = known.insert(format!("{} {}", kind.id, person.kind));
        let cookie = set.cookie(person.me)?;
        hands.sit(cookie)?;
        let (links, found) = seen(ground, hands, &path, new)?;
        let again = if found.iter().any(|(_, seen)| seen.is_err()) {
            self::seen(ground, hands, &path, true)?.1
        } else {
            Vec::new()
        };
        for (id, seen) in found {
            let mut second = again.iter().filter(|(known, _)| *known == id);
            let second = match second.clone().find(|(_, seen)| seen.is_err()) {
                Some(wrong) => Some(wrong),
                None => second.next(),
            };
            let second = second.map(|(_, seen)| seen.clone());
            note(ledger, &kind, person, &path, (id, seen, second));
        }
        for link in links {
            if asked.insert(link.clone()) {
                waiting.push_back(link);
            }
        }
    }
    Ok(())
}

/// Where the links of a page lead, and what is seen of it; the latter only where it is to be looked at.
fn seen(ground: Ground<'_>, hands: &mut Hands<'_>, path: &str, look: bool) -> Asked<Looked> {
    let snapshot = match hands.go(ground.app, path)? {
        Ok(snapshot) => snapshot,
        Err(stuck) => return Ok((Vec::new(), vec![("clean", Err(stuck))])),
    };
    let mut found = Vec::new();
    if look {
        let looked = look::judge(hands.chrome);
        match hands.tried(looked)? {
            Ok(looked) => found = looked,
            Err(stuck) => found.push(("clean", Err(stuck))),
        }
    }
    let status = snapshot.page.status;
    if status >= 500 {
        found.push(("clean", Err(format!("the answer is {status}"))));
    }
    Ok((snapshot.links, found))
}

fn note(
    ledger: &mut Ledger,
    kind: &Kind,
    person: &Person,
    path: &str,
    (id, seen, again): (&str, Seen, Option<Seen>),
) {
    let means = DEMANDS.iter().find(|(known, _)| *known == id);
    let means = means.map_or("", |(_, means)| *means);
    let demand = Demand {
        id: format!("page.{id}.{}.{}", kind.id, person.kind),
        class: CLASS,
        what: format!("{} opens {}: {means}", person.kind, kind.what),
        span: kind.span,
    };
    let told = Exchange {
        method: "GET".to_owned(),
        path: path.to_owned(),
        sent: None,
        status: 200,
        body: Json::Null,
        user: None,
    };
    ledger.twice(demand, seen, again, Some(told));
}

/// What all pages with such an address have in common; `None` for what is no page of the program.
fn kind_of(ground: Ground<'_>, set: &Set<'_>, path: &str) -> Option<Kind> {
    let ir = ground.ir();
    let (bare, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = bare.split('/').filter(|part| !part.is_empty()).collect();
    // Files, the outbox of the development mode, and links for one time.
    let first = parts.first().copied().unwrap_or_default();
    if bare.ends_with(".csv")
        || first.starts_with('_')
        || matches!(first, "link" | "api" | "static")
    {
        return None;
    }
    let mut keys: Vec<&str> = query
        .split('&')
        .filter_map(|pair| pair.split('=').next())
        .filter(|key| !key.is_empty() && !matches!(*key, "done" | "next"))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let ids = (0..).map(EntityId).zip(&ir.entities);
    let mut ids = ids.filter(|(_, entity)| wire::slug(&entity.plural) == first);
    let Some((entity, declared)) = ids.next() else {
        let id = if parts.is_empty() {
            "home".to_owned()
        } else {
            parts.join("-")
        };
        return Some(Kind {
            what: if parts.is_empty() {
                "the home page".to_owned()
            } else {
                format!("/{}", parts.join("/"))
            },
            id: wire::slug(&id),
            span: ir.accounts.span,
        });
    };
    let name = &declared.name.text;
    let (id, what) = match (parts.get(1).copied(), parts.get(2).copied()) {
        (None, _) => (
            "list".to_owned(),
            format!("the list of {}", declared.plural),
        ),
        (Some("new"), _) => ("new".to_owned(), format!("the form for a {name}")),
        (Some(row), below) => {
            let state = state_of(ground, set, entity, row);
            let that = if state.is_empty() {
                String::new()
            } else {
                format!(" that is {state}")
            };
            match below {
                None => (
                    format!("row-{}", wire::slug(&state)),
                    format!("the page of a {name}{that}"),
                ),
                Some(form) => (wire::slug(form), format!("{form} of a {name}")),
            }
        }
    };
    let narrowed = if keys.is_empty() {
        String::new()
    } else {
        format!("-{}", wire::slug(&keys.join("-")))
    };
    Some(Kind {
        id: format!(
            "{}-{}{narrowed}",
            wire::slug(name),
            id.trim_end_matches('-')
        ),
        what,
        span: declared.span,
    })
}

/// The states of a row in its lifecycles.
fn state_of(ground: Ground<'_>, set: &Set<'_>, entity: EntityId, name: &str) -> String {
    let name = name
        .parse::<i64>()
        .map_or_else(|_| Json::from(name), Json::from);
    let ir = ground.ir();
    let (Some(row), Some(declared)) = (
        set.mirror.row(entity, &name),
        ir.entities.get(entity.0 as usize),
    ) else {
        return String::new();
    };
    let Some(row) = set.state.row(entity, row) else {
        return String::new();
    };
    let states = declared.lifecycles.iter().filter_map(|lifecycle| {
        let field = declared.fields.get(lifecycle.field.0 as usize)?;
        match (row.get(lifecycle.field), &field.ty) {
            (Value::Empty, _) => None,
            (value, Type::Choice(_)) => set
                .mirror
                .send(&field.ty, &value)
                .as_str()
                .map(str::to_owned),
            _ => None,
        }
    });
    states.collect::<Vec<_>>().join(" and ")
}
