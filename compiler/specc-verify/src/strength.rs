//! The proof that the judge can fail: each mutant is served in the app's place, and what told it from the program in the
//! model is done to it. Whoever sees no difference there has looked at nothing.

use crate::app::App;
use crate::judge::{Around, Options, Origin, Record, START, Stage, Thought, Verdict, think};
use crate::scene::{Dice, Pool};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use specc_ir::ir::Ir;
use specc_ir::model::Model;
use specc_ir::mutate::{Mutant, mutants};
use specc_syntax::span::Span;
use std::collections::BTreeMap;

/// What is done to a mutant at most before it is said to survive.
const TRIES: usize = 4;
/// Mutants that one thread looks at in one go.
const TOGETHER: usize = 24;
/// Scenes that are thought of for a mutant that the judge has not told from the program.
const SCENES: u64 = 24;
/// Scenes that follow the one in which the judge has told a mutant from the program, if nothing is seen there.
const FURTHER: u64 = 6;

/// How a mutant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// The judge saw that the app was wrong.
    Caught,
    /// It did not.
    Survived,
    /// It is no other program; the reason stands beside it.
    Equivalent,
}

/// A mutant with how it ended.
#[derive(Debug, Clone)]
pub struct Tried {
    /// The mutant, named as the obligation is.
    pub id: String,
    /// The kind of the sentence.
    pub class: &'static str,
    /// What is wrong with it.
    pub what: String,
    /// The sentence.
    pub span: Span,
    /// How it ended.
    pub fate: Fate,
    /// What was seen, or why nothing was.
    pub why: String,
}

/// How many ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strength {
    /// All.
    pub made: usize,
    /// Seen.
    pub caught: usize,
    /// Not seen.
    pub survived: usize,
    /// No other program.
    pub equivalent: usize,
}

impl Strength {
    /// Of these.
    #[must_use]
    pub fn of<'t>(tried: impl IntoIterator<Item = &'t Tried>) -> Strength {
        let mut strength = Strength::default();
        for one in tried {
            strength.add(one.fate);
        }
        strength
    }

    /// One more.
    pub fn add(&mut self, fate: Fate) {
        self.made += 1;
        match fate {
            Fate::Caught => self.caught += 1,
            Fate::Survived => self.survived += 1,
            Fate::Equivalent => self.equivalent += 1,
        }
    }
}

/// A mutant of the app that runs until it is dropped.
pub struct Running {
    /// Where it is asked.
    pub app: App,
    /// Ends it when it is dropped.
    pub process: Box<dyn std::any::Any>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Running({:?})", self.app)
    }
}

/// What the build with the mutants says of them, by position.
#[derive(Debug, Clone, Default)]
pub struct Made {
    /// They come to the program's own code.
    pub same: Vec<usize>,
    /// They could not be put into the build, with the reason.
    pub unfit: Vec<(usize, String)>,
}

/// The mutants of a program, each changed program in its place.
#[must_use]
pub fn programs(ir: &Ir) -> Vec<Ir> {
    mutants(ir).par_iter().map(|mutant| mutant.of(ir)).collect()
}

/// Serves each mutant and does to it what told it from the program. `records` are those of a judgement of the program
/// with these options; `serve` starts the mutant of a position from 0.
#[must_use]
pub fn strength(
    ir: &Ir,
    options: Options,
    made: &Made,
    records: &[Record],
    serve: &(dyn Fn(usize) -> Result<Running, String> + Sync),
) -> Vec<Tried> {
    let all = mutants(ir);
    let wrong = programs(ir);
    let around = Around::of(ir);
    let pool = Pool::of(ir);
    let seeds: BTreeMap<&str, u64> = records
        .iter()
        .filter_map(|record| match record.origin {
            Origin::Walk { scene, .. } => Some((record.id.as_str(), scene)),
            _ => None,
        })
        .collect();
    let mut tried: Vec<Option<Tried>> = all.iter().map(|_| None).collect();
    let mut by_scene: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    let mut unseen = Vec::new();
    for (at, mutant) in all.iter().enumerate() {
        let ended = if let Some(reason) = mutant.equivalent {
            Some((Fate::Equivalent, reason.to_owned()))
        } else if made.same.contains(&at) {
            Some((Fate::Equivalent, "its code is the program's own".to_owned()))
        } else {
            let unfit = made.unfit.iter().find(|(unfit, _)| *unfit == at);
            unfit.map(|(_, reason)| (Fate::Survived, format!("it could not be built: {reason}")))
        };
        if let Some((fate, why)) = ended {
            put(&mut tried, at, mutant, fate, why);
        } else if let Some(seed) = seeds.get(mutant.id.as_str()) {
            by_scene.entry(*seed).or_default().push(at);
        } else {
            unseen.push(at);
        }
    }
    let first = options.seed.wrapping_mul(1_000_003);
    let mut groups: Vec<(Vec<u64>, Vec<usize>)> = Vec::new();
    for (seed, members) in by_scene {
        groups.extend(
            members
                .chunks(TOGETHER)
                .map(|chunk| (scenes(seed, first, FURTHER), chunk.to_vec())),
        );
    }
    let more = scenes(first, first, SCENES);
    groups.extend(unseen.chunks(4).map(|chunk| (more.clone(), chunk.to_vec())));
    let judged = Judged {
        ir,
        around: &around,
        pool: &pool,
        all: &all,
        wrong: &wrong,
        serve,
    };
    let ended: Vec<(usize, Fate, String)> = groups
        .par_iter()
        .flat_map_iter(|(seeds, members)| judged.group(seeds, members))
        .collect();
    for (at, fate, why) in ended {
        if let Some(mutant) = all.get(at) {
            put(&mut tried, at, mutant, fate, why);
        }
    }
    tried.into_iter().flatten().collect()
}

/// The mutants that nothing tells from the program in so many scenes, by position: what the judge would look for in vain.
#[must_use]
pub fn untold(ir: &Ir, seed: u64, scenes: u64) -> Vec<(usize, Mutant)> {
    let all = mutants(ir);
    let wrong = programs(ir);
    let around = Around::of(ir);
    let pool = Pool::of(ir);
    let model = Model::new(ir, &around);
    let mut open: Vec<usize> = (0..all.len()).collect();
    for number in 0..scenes {
        let seed = seed.wrapping_mul(1_000_003).wrapping_add(number);
        let mut dice = Dice::new(model, &pool, seed);
        let scene = dice.scene(START);
        let thoughts = think(&around, model, &mut dice, &scene, (&all, &wrong, &open));
        let told: std::collections::BTreeSet<usize> = thoughts
            .iter()
            .flat_map(|thought| thought.tells.iter().copied())
            .collect();
        open.retain(|at| !told.contains(at));
        if open.is_empty() {
            break;
        }
    }
    let left = all.into_iter().enumerate();
    left.filter(|(at, _)| open.contains(at)).collect()
}

/// This scene, and others after it.
fn scenes(seed: u64, first: u64, more: u64) -> Vec<u64> {
    let others = (0..more).map(|number| first.wrapping_add(number));
    std::iter::once(seed)
        .chain(others.filter(|other| *other != seed))
        .collect()
}

fn put(tried: &mut [Option<Tried>], at: usize, mutant: &Mutant, fate: Fate, why: String) {
    if let Some(place) = tried.get_mut(at) {
        *place = Some(Tried {
            id: mutant.id.clone(),
            class: mutant.class.name(),
            what: mutant.what.clone(),
            span: mutant.span,
            fate,
            why,
        });
    }
}

struct Judged<'j> {
    ir: &'j Ir,
    around: &'j Around,
    pool: &'j Pool,
    all: &'j [Mutant],
    wrong: &'j [Ir],
    serve: &'j (dyn Fn(usize) -> Result<Running, String> + Sync),
}

impl Judged<'_> {
    /// Looks at some mutants in these scenes, until each is caught.
    fn group(&self, seeds: &[u64], members: &[usize]) -> Vec<(usize, Fate, String)> {
        let model = Model::new(self.ir, self.around);
        let mut open = members.to_vec();
        let mut ended = Vec::new();
        let mut reached = Vec::new();
        for seed in seeds {
            let mut dice = Dice::new(model, self.pool, *seed);
            let scene = dice.scene(START);
            let thoughts = think(
                self.around,
                model,
                &mut dice,
                &scene,
                (self.all, self.wrong, &open),
            );
            for at in open.clone() {
                let telling = telling(&thoughts, at);
                if telling.is_empty() {
                    continue;
                }
                reached.push(at);
                let seen = match (self.serve)(at) {
                    Ok(running) => {
                        let mut stage =
                            Stage::new((self.ir, self.around), &running.app, &scene, *seed);
                        difference(&mut stage, &telling)
                    }
                    Err(words) => Some(format!("it does not start: {words}")),
                };
                if let Some(seen) = seen {
                    open.retain(|other| *other != at);
                    ended.push((at, Fate::Caught, seen));
                }
            }
            if open.is_empty() {
                break;
            }
        }
        ended.extend(open.into_iter().map(|at| {
            let why = if reached.contains(&at) {
                "what tells it from the program in the model was done, and nothing was seen"
            } else {
                "nothing was thought of that tells it from the program"
            };
            (at, Fate::Survived, why.to_owned())
        }));
        ended
    }
}

/// What tells a mutant from the program: first one of each way in which it comes out, what is carried out before the rest.
fn telling(thoughts: &[Thought], at: usize) -> Vec<(usize, &Thought)> {
    let mut telling: Vec<(usize, &Thought)> = thoughts
        .iter()
        .enumerate()
        .filter(|(_, thought)| thought.tells.contains(&at))
        .collect();
    let mut ways = BTreeMap::new();
    telling.sort_by_cached_key(|(number, thought)| {
        let nth = ways.entry(thought.way()).or_insert(0);
        *nth += 1;
        (*nth, thought.refused(), *number)
    });
    telling.truncate(TRIES);
    telling
}

fn difference(stage: &mut Stage<'_>, telling: &[(usize, &Thought)]) -> Option<String> {
    for (number, thought) in telling {
        match stage.once(*number, thought) {
            Ok(record) if record.verdict == Verdict::Held => {}
            Ok(record) => return Some(record.seen),
            Err(dead) => return Some(dead.to_string()),
        }
    }
    None
}
