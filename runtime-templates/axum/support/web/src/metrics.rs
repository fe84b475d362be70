//! Counters in Prometheus' text format.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Upper bounds of the buckets, in microseconds.
const BUCKETS: [u64; 11] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000,
];

/// What was counted since the start.
pub struct Metrics {
    started: Instant,
    by_class: [AtomicU64; 5],
    buckets: [AtomicU64; 11],
    time_us: AtomicU64,
    connections: AtomicI64,
    accepted: AtomicU64,
    mail_sent: AtomicU64,
    mail_put_off: AtomicU64,
    mail_failed: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Metrics {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Metrics {
        Metrics {
            started: Instant::now(),
            by_class: std::array::from_fn(|_| AtomicU64::new(0)),
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            time_us: AtomicU64::new(0),
            connections: AtomicI64::new(0),
            accepted: AtomicU64::new(0),
            mail_sent: AtomicU64::new(0),
            mail_put_off: AtomicU64::new(0),
            mail_failed: AtomicU64::new(0),
        }
    }

    /// One request was answered.
    pub fn answered(&self, status: http::StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.by_class.get(class) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.time_us.fetch_add(micros, Ordering::Relaxed);
        if let Some((_, bucket)) = BUCKETS
            .iter()
            .zip(&self.buckets)
            .find(|(bound, _)| micros <= **bound)
        {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A client connected.
    pub fn connected(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// A client left.
    pub fn disconnected(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    /// The mail server took a message.
    pub fn mail_sent(&self) {
        self.mail_sent.fetch_add(1, Ordering::Relaxed);
    }

    /// A message is tried again later.
    pub fn mail_put_off(&self) {
        self.mail_put_off.fetch_add(1, Ordering::Relaxed);
    }

    /// A message was given up.
    pub fn mail_failed(&self) {
        self.mail_failed.fetch_add(1, Ordering::Relaxed);
    }

    /// The text of `/metrics`, with how many messages wait and how many were given up.
    #[must_use]
    pub fn text(&self, app: &str, (waiting, failed): (i64, i64)) -> String {
        let mut out = String::with_capacity(2048);
        let name: String = app
            .chars()
            .filter(|c| !c.is_control() && *c != '"' && *c != '\\')
            .collect();
        line(
            &mut out,
            "app_info",
            "gauge",
            "The app.",
            &[(format!("{{name=\"{name}\"}}"), "1".to_owned())],
        );
        let uptime = format!("{:.3}", self.started.elapsed().as_secs_f64());
        line(
            &mut out,
            "process_uptime_seconds",
            "gauge",
            "Seconds since the start.",
            &[(String::new(), uptime)],
        );
        let open = self.connections.load(Ordering::Relaxed).to_string();
        line(
            &mut out,
            "http_connections",
            "gauge",
            "Open connections.",
            &[(String::new(), open)],
        );
        let accepted = self.accepted.load(Ordering::Relaxed).to_string();
        line(
            &mut out,
            "http_connections_total",
            "counter",
            "Accepted connections.",
            &[(String::new(), accepted)],
        );
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed).to_string();
        line(
            &mut out,
            "mail_waiting",
            "gauge",
            "Messages in the outbox that are still to be sent.",
            &[(String::new(), waiting.to_string())],
        );
        line(
            &mut out,
            "mail_given_up",
            "gauge",
            "Messages in the outbox that can't be sent.",
            &[(String::new(), failed.to_string())],
        );
        line(
            &mut out,
            "mail_tries_total",
            "counter",
            "Tries to send a message, by what came of them.",
            &[
                ("{outcome=\"sent\"}".to_owned(), count(&self.mail_sent)),
                (
                    "{outcome=\"put_off\"}".to_owned(),
                    count(&self.mail_put_off),
                ),
                (
                    "{outcome=\"given_up\"}".to_owned(),
                    count(&self.mail_failed),
                ),
            ],
        );
        let mut total = 0;
        let mut classes = Vec::new();
        for (class, counter) in (1..).zip(&self.by_class) {
            let count = counter.load(Ordering::Relaxed);
            total += count;
            classes.push((format!("{{status=\"{class}xx\"}}"), count.to_string()));
        }
        line(
            &mut out,
            "http_requests_total",
            "counter",
            "Answered requests.",
            &classes,
        );
        let mut samples = Vec::new();
        let mut below = 0;
        for (bound, bucket) in BUCKETS.iter().zip(&self.buckets) {
            below += bucket.load(Ordering::Relaxed);
            samples.push((
                format!("_bucket{{le=\"{}\"}}", seconds(*bound)),
                below.to_string(),
            ));
        }
        samples.push(("_bucket{le=\"+Inf\"}".to_owned(), total.to_string()));
        samples.push((
            "_sum".to_owned(),
            seconds(self.time_us.load(Ordering::Relaxed)),
        ));
        samples.push(("_count".to_owned(), total.to_string()));
        line(
            &mut out,
            "http_request_duration_seconds",
            "histogram",
            "Time to answer.",
            &samples,
        );
        if let Some(bytes) = resident() {
            let bytes = bytes.to_string();
            line(
                &mut out,
                "process_resident_memory_bytes",
                "gauge",
                "Resident memory.",
                &[(String::new(), bytes)],
            );
        }
        out
    }
}

fn line(out: &mut String, name: &str, kind: &str, help: &str, samples: &[(String, String)]) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (rest, value) in samples {
        let _ = writeln!(out, "{name}{rest} {value}");
    }
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim()
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()
        .map(|kilobytes| kilobytes * 1024)
}
