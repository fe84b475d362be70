//! The fuzz targets over fixed seeds, so that every run of the tests has a little of them.
//! `fuzz/README.md` says how to run them for long; what they found stays here, by its seed or its bytes.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test ends where it can't go on"
)]

#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long each target runs here, unless `SPECC_FUZZ_SECONDS` says otherwise.
const SHORT: Duration = Duration::from_secs(3);

/// Runs a target over its corpus and over random bytes: at most so many cases, as far as the time goes.
fn run(name: &str, target: fn(&[u8])) {
    let long = std::env::var("SPECC_FUZZ_SECONDS")
        .ok()
        .and_then(|seconds| seconds.parse().ok());
    let limit = long.map_or(SHORT, Duration::from_secs);
    let first: u64 = std::env::var("SPECC_FUZZ_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(0);
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(name);
    let mut paths: Vec<_> = std::fs::read_dir(&corpus)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", corpus.display());
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        if catch_unwind(|| target(&bytes)).is_err() {
            panic!("{name}: {} fails", path.display());
        }
    }
    let start = Instant::now();
    let mut cases = 0;
    while start.elapsed() < limit && (long.is_some() || cases < 400) {
        let seed = first + cases;
        let bytes = fuzz::random(seed, 2 + usize::try_from(seed % 60).unwrap());
        if catch_unwind(|| target(&bytes)).is_err() {
            panic!("{name}: seed {seed} fails; `SPECC_FUZZ_SEED={seed}` begins with it");
        }
        cases += 1;
    }
    println!("{name}: {cases} cases");
    assert!(cases > 0);
}

#[test]
fn front_end() {
    run("front_end", fuzz::front_end);
}

#[test]
fn lowering() {
    run("lowering", fuzz::lowering);
}

#[test]
fn expression() {
    run("expression", fuzz::expression);
}

#[test]
fn formatting() {
    run("formatting", fuzz::formatting);
}

#[test]
fn code() {
    run("code", fuzz::code);
}
