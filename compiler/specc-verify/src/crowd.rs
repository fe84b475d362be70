//! Several people at once, each with a connection of their own.

use crate::app::Exchange;
use crate::mirror::Later;
use reqwest::Method;
use reqwest::blocking::Client;
use serde_json::Value as Json;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request with its answer, and when it was sent and answered.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    /// Which of those that were to be sent.
    pub(crate) number: usize,
    /// The status is 0 where no answer came.
    pub(crate) exchange: Exchange,
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
}

/// People who ask at the same time.
#[derive(Debug)]
pub(crate) struct Crowd(Vec<Client>);

impl Crowd {
    /// So many; fewer where the system has no more to give.
    pub(crate) fn of(people: usize) -> Crowd {
        let client = || Client::builder().timeout(PATIENCE).no_proxy();
        let client = || client().redirect(reqwest::redirect::Policy::none());
        Crowd((0..people).filter_map(|_| client().build().ok()).collect())
    }

    /// Each sends a line of requests one after another, all beginning at once; nobody sends anything more once `stop` is
    /// set. `answers` counts what is done with. What was sent, in the order of the lines.
    pub(crate) fn send(
        &self,
        lines: &[Vec<(usize, Later)>],
        stop: &AtomicBool,
        answers: &AtomicUsize,
        meanwhile: impl FnOnce(),
    ) -> Vec<Answered> {
        let people = lines.len().min(self.0.len());
        let start = Barrier::new(people + 1);
        std::thread::scope(|scope| {
            let threads: Vec<_> = self
                .0
                .iter()
                .zip(lines)
                .map(|(client, line)| {
                    let start = &start;
                    scope.spawn(move || {
                        // The connection is there before it begins.
                        if let Some((_, first)) = line.first() {
                            let _ = client.get(format!("{}/healthz", first.base)).send();
                        }
                        start.wait();
                        let unless = |_: &&(usize, Later)| !stop.load(Ordering::Relaxed);
                        let sent = line.iter().take_while(unless);
                        let asked = sent.map(|(number, later)| {
                            let answered = ask(client, *number, later);
                            answers.fetch_add(1, Ordering::Relaxed);
                            answered
                        });
                        asked.collect::<Vec<_>>()
                    })
                })
                .collect();
            start.wait();
            meanwhile();
            let answers = threads.into_iter().flat_map(|thread| thread.join());
            answers.flatten().collect()
        })
    }

    /// All of these at the same time, each on a connection of its own as far as there are some.
    pub(crate) fn at_once(&self, requests: Vec<Later>) -> Vec<Answered> {
        let people = self.0.len().max(1);
        let mut lines: Vec<Vec<(usize, Later)>> = vec![Vec::new(); people.min(requests.len())];
        let places = lines.len().max(1);
        for (number, later) in requests.into_iter().enumerate() {
            if let Some(line) = lines.get_mut(number % places) {
                line.push((number, later));
            }
        }
        self.send(&lines, &AtomicBool::new(false), &AtomicUsize::new(0), || {})
    }
}

fn ask(client: &Client, number: usize, later: &Later) -> Answered {
    let begun = Instant::now();
    let verb = Method::from_bytes(later.method.as_bytes()).unwrap_or(Method::GET);
    let mut request = client.request(verb, format!("{}{}", later.base, later.path));
    if let Some(token) = &later.token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = &later.body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_string());
    }
    let answer = request.send().and_then(|answer| {
        let status = answer.status().as_u16();
        answer.text().map(|text| (status, text))
    });
    let (status, text) = answer.unwrap_or_default();
    Answered {
        number,
        exchange: Exchange {
            method: later.method.to_owned(),
            path: later.path.clone(),
            sent: later.body.clone(),
            status,
            body: serde_json::from_str(&text).unwrap_or(Json::Null),
            user: later.user.clone(),
        },
        begun,
        ended: Instant::now(),
    }
}
