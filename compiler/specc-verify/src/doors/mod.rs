//! The other doors: sessions, pages, forms, exports, and what is published of the interface. What the model says is held
//! against what a browser without JavaScript gets to see and to do.

pub(crate) mod browser;
mod contract;
pub(crate) mod controls;
pub(crate) mod forms;
mod hostile;
pub(crate) mod html;
pub(crate) mod ledger;
mod reading;
mod sessions;
mod typed;

use crate::app::{App, NoAnswer, Page};
use crate::judge::{Around, Options, Origin, Record};
use crate::life::{Dead, Deaths};
use crate::mirror::Mirror;
use crate::scene::{Dice, Pool, Scene};
use crate::wire;
pub use contract::{Watched, watch};
pub(crate) use ledger::{Demand, Ledger, Seen};
use serde_json::Value as Json;
use specc_ir::ir::{Ir, RoleId, USER};
use specc_ir::model::{Caller, Model, State, Surroundings};
use std::collections::BTreeMap;

/// What all doors stand on.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) model: Model<'a>,
    pub(crate) app: &'a App,
    pub(crate) pool: &'a Pool,
    pub(crate) around: &'a Around,
    pub(crate) seed: u64,
    pub(crate) start: i64,
}

/// By which door something is looked at, as records have it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    pub(crate) class: &'static str,
    /// What an id begins with, and ends with.
    pub(crate) id: (&'static str, &'static str),
    /// Stands behind what is demanded.
    pub(crate) words: &'static str,
}

impl How {
    /// A browser without scripts, which sees what stands in the page.
    pub(crate) const FORMS: How = How {
        class: "forms",
        id: ("", ""),
        words: "",
    };

    /// The same demand at this door.
    pub(crate) fn at(self, demand: Demand) -> Demand {
        let (before, behind) = self.id;
        Demand {
            id: format!("{before}{}{behind}", demand.id),
            class: self.class,
            what: format!("{}{}", demand.what, self.words),
            span: demand.span,
        }
    }
}

/// Whoever opens pages.
pub(crate) trait Eyes<'a> {
    /// By which door.
    fn how(&self) -> How;
    /// A page as this person sees it.
    fn open(&mut self, set: &mut Set<'a>, me: Option<i64>, path: &str) -> Result<Page, NoAnswer>;
}

/// Looks at all doors but the interface for programs, which is judged before. A door behind which the app stops answering is
/// left, and stands among the deaths.
pub fn judge(
    model: Model<'_>,
    app: &App,
    options: Options,
    start: i64,
    watched: &Watched,
) -> Vec<Record> {
    judge_after(model, app, options, start, watched, &mut Deaths::default())
}

/// [`judge`], of an app that may have died before.
pub(crate) fn judge_after(
    model: Model<'_>,
    app: &App,
    options: Options,
    start: i64,
    watched: &Watched,
    deaths: &mut Deaths,
) -> Vec<Record> {
    let pool = Pool::of(model.ir());
    let around = Around::of(model.ir());
    let ground = Ground {
        model,
        app,
        pool: &pool,
        around: &around,
        seed: options.seed,
        start,
    };
    let mut ledger = Ledger::new(options.seed);
    type Door = fn(Ground<'_>, &mut Ledger) -> Result<(), NoAnswer>;
    let doors: [(&str, Door); 7] = [
        ("sessions", sessions::judge),
        ("pages", reading::judge),
        ("controls", |ground, ledger| {
            controls::judge(ground, &mut browser::Plain::default(), ledger)
        }),
        ("forms", |ground, ledger| {
            forms::judge(ground, &mut browser::Plain::default(), ledger)
        }),
        ("hostile-text", hostile::judge),
        ("parallel", crate::parallel::judge),
        ("life", crate::life::judge),
    ];
    let mut dead = Vec::new();
    let enough = |ledger: &Ledger| options.stopped() || (options.fail_fast && ledger.any_wrong());
    for (name, door) in doors {
        if enough(&ledger) || deaths.over() {
            break;
        }
        if let Err(cause) = door(ground, &mut ledger) {
            dead.extend(ground.left(cause, name, deaths));
        }
    }
    if !enough(&ledger)
        && !deaths.over()
        && let Err(cause) = contract::judge(ground, watched, &mut ledger)
    {
        dead.extend(ground.left(cause, "contract", deaths));
    }
    app.watch_no_more();
    ledger.records().chain(dead).collect()
}

impl<'a> Ground<'a> {
    pub(crate) fn ir(&self) -> &'a Ir {
        self.model.ir()
    }

    /// The app stopped answering behind a door: what is to be reported of it.
    fn left(&self, cause: NoAnswer, door: &str, deaths: &mut Deaths) -> Option<Record> {
        let what = "the app answers whatever is sent".to_owned();
        let id = format!("door.{door}");
        let during = Record {
            origin: Origin::Door {
                seed: self.seed,
                id: format!("life.answers.{id}"),
            },
            ..Record::open(id, "life", what, specc_syntax::span::Span::default())
        };
        deaths.note(self.ir(), self.app, *Dead::during(cause, during))
    }

    /// What to add to UTC at a moment, in milliseconds.
    fn offset(&self, moment: i64) -> i64 {
        self.around.offset(moment)
    }

    /// Dice for a door's scene of this number.
    pub(crate) fn dice(&self, door: u64, number: u64) -> Dice<'a> {
        let seed = self.seed.wrapping_mul(1_000_003).wrapping_add(door);
        let seed = seed.wrapping_mul(1_000_003).wrapping_add(number);
        Dice::new(self.model, self.pool, seed)
    }
}

/// Somebody of a kind: with a role, without one, or a visitor.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) kind: String,
    pub(crate) me: Option<i64>,
}

impl Person {
    pub(crate) fn caller(&self, now: i64) -> Caller {
        Caller { me: self.me, now }
    }
}

/// One person of each kind that stands in a scene, and a visitor; `turn` says which where there are several.
pub(crate) fn people(ir: &Ir, scene: &Scene, turn: usize) -> Vec<Person> {
    let mut kinds: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for user in &scene.people {
        if let Some(row) = scene.state.row(USER, *user) {
            kinds.entry(kind(ir, &row.roles)).or_default().push(*user);
        }
    }
    let mut all: Vec<Person> = kinds
        .into_iter()
        .filter_map(|(kind, users)| {
            let me = users.get(turn % users.len().max(1)).copied();
            me.map(|me| Person { kind, me: Some(me) })
        })
        .collect();
    all.push(Person {
        kind: "visitor".to_owned(),
        me: None,
    });
    all
}

/// What holders of these roles are called.
fn kind(ir: &Ir, roles: &[RoleId]) -> String {
    let names = roles
        .iter()
        .filter_map(|role| ir.roles.get(role.0 as usize));
    let names: Vec<String> = names.map(|role| wire::slug(&role.name.text)).collect();
    if names.is_empty() {
        "no-role".to_owned()
    } else {
        names.join("+")
    }
}

/// A row's name in an address.
pub(crate) fn plain(name: &Json) -> String {
    name.as_str()
        .map_or_else(|| name.to_string(), str::to_owned)
}

/// A scene in the app.
pub(crate) struct Set<'a> {
    pub(crate) mirror: Mirror<'a>,
    pub(crate) scene: Scene,
    /// With what the app made up.
    pub(crate) state: State,
    cookies: BTreeMap<i64, String>,
}

impl<'a> Set<'a> {
    /// Puts a scene into the app; people log in with these passwords.
    pub(crate) fn up(
        ground: Ground<'a>,
        scene: Scene,
        passwords: BTreeMap<i64, String>,
    ) -> Result<Set<'a>, NoAnswer> {
        let mut set = Set::empty(ground, scene);
        set.mirror.passwords = passwords;
        set.again()?;
        Ok(set)
    }

    /// A scene that is not in the app yet: [`Set::again`] puts it there.
    pub(crate) fn empty(ground: Ground<'a>, scene: Scene) -> Set<'a> {
        Set {
            mirror: Mirror::new(ground.app, ground.model),
            state: scene.state.clone(),
            scene,
            cookies: BTreeMap::new(),
        }
    }

    /// Puts it into the app once more.
    pub(crate) fn again(&mut self) -> Result<(), NoAnswer> {
        self.mirror.reset(self.scene.planted)?;
        self.mirror.plant(&self.scene.state, &self.scene.order)?;
        self.state = self.scene.state.clone();
        // What is wrong before anything is done is the walks' business.
        self.mirror.compare(&mut self.state, self.scene.planted)?;
        self.mirror.app.clock(self.scene.now)?;
        self.cookies.clear();
        Ok(())
    }

    /// How the app calls a user.
    pub(crate) fn name(&self, user: i64) -> Json {
        self.mirror.name(USER, user)
    }

    /// A scene that is in the app already, with these rows in it.
    pub(crate) fn there(mirror: Mirror<'a>, scene: Scene) -> Set<'a> {
        Set {
            mirror,
            state: scene.state.clone(),
            scene,
            cookies: BTreeMap::new(),
        }
    }

    /// The cookie of somebody who is signed in; none of a visitor.
    pub(crate) fn cookie(&mut self, me: Option<i64>) -> Result<Option<String>, NoAnswer> {
        let Some(me) = me else {
            return Ok(None);
        };
        if let Some(cookie) = self.cookies.get(&me) {
            return Ok(Some(cookie.clone()));
        }
        let cookie = self.mirror.app.cookie(&self.name(me))?;
        self.cookies.insert(me, cookie.clone());
        Ok(Some(cookie))
    }

    /// The browser of somebody who is signed in already, or of a visitor.
    pub(crate) fn browser(&mut self, me: Option<i64>) -> Result<browser::Browser<'a>, NoAnswer> {
        let app = self.mirror.app;
        Ok(match self.cookie(me)? {
            Some(cookie) => browser::Browser::with(app, &cookie),
            None => browser::Browser::new(app),
        })
    }
}
