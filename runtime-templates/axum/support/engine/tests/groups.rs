//! Writes that share a transaction: what is refused among them leaves nothing, what is accepted stands once, and what was
//! answered survives a killed process.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod desk;

use desk::*;
use engine::refusal::Refusal;
use engine::{Engine, operate, query};
use kernel::value::Value;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

type Answer = JoinHandle<Result<i64, Refusal>>;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap()
}

fn subject(text: &str) -> Vec<(usize, Value)> {
    vec![(SUBJECT, Value::from(text))]
}

/// High priority without a date: a rule refuses it after it was written.
fn against_a_rule(text: &str) -> Vec<(usize, Value)> {
    vec![
        (SUBJECT, Value::from(text)),
        (PRIORITY, Value::from("high")),
    ]
}

/// Holds the writer in a first write until `queue` has sent the others: all are one group.
fn group(desk: &Desk, user: i64, queue: impl FnOnce(&Desk, &mut Vec<Answer>)) -> Vec<Outcome> {
    let runtime = runtime();
    let (open, gate) = channel::<()>();
    let (ready, started) = channel::<()>();
    let gate = Mutex::new(gate);
    let held = AtomicBool::new(false);
    let engine = desk.engine.clone();
    let first = runtime.spawn(async move {
        let write = engine.operate(customer(user), move |w| {
            if !held.swap(true, Ordering::SeqCst) {
                ready.send(()).unwrap();
                gate.lock().unwrap().recv().unwrap();
            }
            operate::create(w, entity(TICKET), subject("The first"))
        });
        write.await
    });
    started.recv().unwrap();
    let mut answers = vec![first];
    {
        let _inside = runtime.enter();
        queue(desk, &mut answers);
    }
    open.send(()).unwrap();
    runtime.block_on(async {
        let mut outcomes = Vec::new();
        for answer in answers {
            outcomes.push(answer.await.unwrap());
        }
        outcomes
    })
}

type Outcome = Result<i64, Refusal>;

/// Sends a write and waits until it is in the queue.
fn send(answers: &mut Vec<Answer>, write: impl Future<Output = Outcome> + Send + 'static) {
    let mut write = Box::pin(write);
    // The first look at it sends it.
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(write.as_mut().poll(&mut context).is_pending());
    answers.push(tokio::spawn(write));
}

fn operation(
    desk: &Desk,
    user: i64,
    write: impl Fn(&mut engine::Writer<'_>) -> Outcome + Send + 'static,
) -> impl Future<Output = Outcome> + Send + 'static {
    let engine = desk.engine.clone();
    async move { engine.operate(customer(user), write).await }
}

fn subjects(desk: &Desk) -> Vec<(i64, String)> {
    desk.engine
        .read(|r| {
            let mut statement = r.prepare("SELECT id, subject FROM ticket ORDER BY id")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        })
        .unwrap()
}

#[test]
fn a_refused_write_leaves_nothing_and_harms_no_other_of_its_group() {
    let desk = desk();
    let ana = desk.user("Ana");
    let ran = Arc::new(AtomicUsize::new(0));
    let outcomes = group(&desk, ana, |desk, answers| {
        for index in 0..30 {
            let ran = Arc::clone(&ran);
            let write = operation(desk, ana, move |w| {
                ran.fetch_add(1, Ordering::SeqCst);
                let values = match index % 10 {
                    3 => against_a_rule("Against a rule"),
                    4 => subject("x"),
                    _ => subject(&format!("Ticket {index}")),
                };
                let id = operate::create(w, entity(TICKET), values)?;
                assert!(index % 10 != 5, "on purpose");
                Ok(id)
            });
            send(answers, write);
        }
    });
    assert!(
        ran.load(Ordering::SeqCst) > 30,
        "the group ran a second time: {ran:?}"
    );
    let kept = subjects(&desk);
    assert_eq!(kept.len(), 1 + 21);
    for (index, outcome) in outcomes.iter().enumerate().skip(1) {
        let index = index - 1;
        match (index % 10, outcome) {
            (3 | 4, Err(Refusal::Invalid(_))) | (5, Err(Refusal::Fault(_))) => {}
            (3..=5, outcome) => panic!("{index}: {outcome:?}"),
            (_, outcome) => {
                let id = *outcome.as_ref().unwrap();
                let expected = (id, format!("Ticket {index}"));
                assert!(kept.contains(&expected), "{expected:?} in {kept:?}");
            }
        }
    }
    assert_eq!(
        desk.count("SELECT count(*) FROM audit WHERE entity = 'ticket'"),
        22
    );
    // The series of numbers has no gap.
    assert_eq!(desk.count("SELECT count(DISTINCT number) FROM ticket"), 22);
    assert_eq!(desk.count("SELECT max(value) FROM counter"), 22);
}

#[test]
fn an_overlooked_refusal_in_a_group_leaves_nothing_either() {
    let desk = desk();
    let ana = desk.user("Ana");
    let outcomes = group(&desk, ana, |desk, answers| {
        let write = operation(desk, ana, |w| {
            assert!(operate::create(w, entity(TICKET), against_a_rule("Bad one")).is_err());
            operate::create(w, entity(TICKET), subject("Good one"))
        });
        send(answers, write);
    });
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let kept: Vec<String> = subjects(&desk).into_iter().map(|(_, text)| text).collect();
    assert_eq!(kept, ["The first", "Good one"]);
    assert_eq!(
        desk.count("SELECT count(*) FROM audit WHERE entity = 'ticket'"),
        2
    );
}

#[test]
fn a_write_that_can_not_be_run_again_runs_once() {
    let desk = desk();
    let ana = desk.user("Ana");
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ran);
    let outcomes = group(&desk, ana, |desk, answers| {
        let engine = desk.engine.clone();
        send(answers, async move {
            let write = engine.write(customer(ana), move |w| {
                counted.fetch_add(1, Ordering::SeqCst);
                operate::create(w, entity(TICKET), subject("Only once"))
            });
            write.await
        });
        let write = operation(desk, ana, |w| {
            operate::create(w, entity(TICKET), against_a_rule("Against a rule"))
        });
        send(answers, write);
        let write = operation(desk, ana, |w| {
            operate::create(w, entity(TICKET), subject("The last"))
        });
        send(answers, write);
    });
    let good: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, true, false, true]);
    assert_eq!(ran.load(Ordering::SeqCst), 1);
    let kept: Vec<String> = subjects(&desk).into_iter().map(|(_, text)| text).collect();
    assert_eq!(kept, ["The first", "Only once", "The last"]);
}

#[test]
fn a_list_counts_what_is_there_now_whoever_wrote_it() {
    let desk = desk();
    let (ana, max) = (desk.user("Ana"), desk.user("Max"));
    for index in 0..5 {
        desk.ticket(customer(ana), &format!("Ticket {index}"));
    }
    let question = query::ListQuery {
        per_page: 2,
        ..query::ListQuery::default()
    };
    let totals = || {
        [customer(ana), customer(max), agent(max)].map(|caller| {
            desk.engine
                .read(|r| query::list(r, &caller, entity(TICKET), &question))
                .unwrap()
                .total
        })
    };
    assert_eq!(totals(), [5, 0, 5]);
    assert_eq!(totals(), [5, 0, 5]);
    desk.ticket(customer(max), "One more");
    assert_eq!(totals(), [5, 1, 6]);
    // Another process.
    let other = rusqlite::Connection::open(desk.folder.join("app.db")).unwrap();
    other
        .execute("DELETE FROM ticket WHERE subject = 'Ticket 3'", [])
        .unwrap();
    assert_eq!(totals(), [4, 1, 5]);
    assert_eq!(totals(), [4, 1, 5]);
    // A reader that began before a write goes on seeing what was there.
    desk.engine
        .read(|r| {
            let total = |r: &engine::Reader<'_>| {
                query::list(r, &agent(max), entity(TICKET), &question)
                    .unwrap()
                    .total
            };
            assert_eq!(total(r), 5);
            desk.ticket(customer(ana), "Meanwhile");
            assert_eq!(total(r), 5);
            Ok(())
        })
        .unwrap();
    assert_eq!(totals(), [5, 1, 6]);
}

/// Where the process that is to be killed writes.
const FOLDER: &str = "DESK_TO_BE_KILLED";

#[test]
fn what_was_answered_survives_a_killed_process() {
    let folder = folder();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writes_until_it_is_killed", "--nocapture"])
        .env(FOLDER, &folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut answered = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some(id) = line.strip_prefix("answered ") {
            answered.push(id.parse::<i64>().unwrap());
        }
        if answered.len() == 400 {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(answered.len(), 400);
    let engine = Engine::open(&APP, &options(&folder)).unwrap();
    engine
        .read(|r| {
            let sound: String = r.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
            assert_eq!(sound, "ok");
            for id in &answered {
                let there: i64 = r.query_row(
                    "SELECT count(*) FROM ticket AS t JOIN audit AS a ON a.row_id = t.id AND a.entity = 'ticket' \
                     WHERE t.id = ?1",
                    [id],
                    |row| row.get(0),
                )?;
                assert_eq!(there, 1, "{id} was answered");
            }
            let refused: i64 = r.query_row(
                "SELECT count(*) FROM ticket WHERE subject = 'Against a rule'",
                [],
                |row| row.get(0),
            )?;
            assert_eq!(refused, 0);
            Ok(())
        })
        .unwrap();
    drop(engine);
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn writes_until_it_is_killed() {
    // Only in the process that the test above starts.
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let desk = Desk {
        engine: Engine::open(&APP, &options(folder.as_ref())).unwrap(),
        folder: folder.into(),
    };
    let ana = desk.user("Ana");
    runtime().block_on(async {
        let tasks: Vec<JoinHandle<()>> = (0..16)
            .map(|task| {
                let engine = desk.engine.clone();
                tokio::spawn(async move {
                    for index in 0..2_000 {
                        let bad = task == 7 && index % 5 == 0;
                        let write = engine.operate(customer(ana), move |w| {
                            let values = if bad {
                                against_a_rule("Against a rule")
                            } else {
                                subject("Ticket")
                            };
                            operate::create(w, entity(TICKET), values)
                        });
                        if let Ok(id) = write.await {
                            let mut out = std::io::stdout().lock();
                            let _ = writeln!(out, "answered {id}").and_then(|()| out.flush());
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}
