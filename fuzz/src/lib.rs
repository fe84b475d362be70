//! What must hold for any bytes, one function for each fuzz target: bytes go in, a broken promise panics.
//! The targets in `fuzz_targets` hand them to libFuzzer; `tests/tests/fuzzed.rs` runs them over fixed seeds.

mod mutate;

pub use mutate::random;

use specc_ir::eval::{self, Mode};
use specc_ir::generate::{self, ITEM, Rows};
use specc_ir::ir::Ir;
use specc_ir::scope::{Index, Scope};
use specc_ir::{json, lower, parse, sentence};
use specc_syntax::diagnostic::{Diagnostic, Severity};
use specc_syntax::format::{format, same_tree};
use specc_syntax::span::{FileId, SourceFile, Sources, Span};
use specc_syntax::tree::{Code, Tree};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The longest that one case may take, in a build without optimisation.
const LONGEST: Duration = Duration::from_secs(10);

/// Any bytes through the front end: parsed, drawn, formatted. Every span lies in the text, and formatting changes no
/// meaning and comes to rest.
pub fn front_end(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    within("the front end", &text.clone(), || {
        let (tree, problems) = specc_syntax::parse(FileId(0), &text);
        let formatted = format(&text);
        let (after, _) = specc_syntax::parse(FileId(0), &formatted);
        assert!(same_tree(&tree, &after), "formatting changed the meaning");
        assert_eq!(format(&formatted), formatted, "formatting twice");
        shown(&problems, &one(text));
    });
}

/// A whole program: nothing panics or takes long, and what is found stands in the text.
pub fn lowering(bytes: &[u8]) {
    let sources = mutate::program(bytes);
    let text = all(&sources);
    within("lowering", &text, || {
        let (ir, problems) = check(&sources);
        shown(&problems, &sources);
        if !has_errors(&problems) {
            let _ = json::to_json(&ir, &sources);
            let _ = lower::vocabulary(&ir);
        }
    });
}

/// The code between backticks: read as everything it can stand for, and where it means something, said as a sentence
/// and evaluated.
pub fn expression(bytes: &[u8]) {
    let (code, rows) = bytes.split_at(bytes.len() - bytes.len() / 3);
    let text = mutate::code(code);
    within("an expression", &text.clone(), || {
        let ir = Rc::new(generate::program());
        let index = Index::new(&ir);
        let code = Code {
            text: text.clone(),
            span: Span {
                file: FileId(0),
                start: 0,
                end: u32::try_from(text.len()).unwrap_or(u32::MAX),
            },
            dropped: Vec::new(),
        };
        let scope = || {
            let mut scope = Scope::new(&ir, &index);
            scope.this = Some(ITEM);
            (scope.me, scope.clock, scope.old) = (true, true, true);
            scope
        };
        let mut problems = Vec::new();
        let _ = parse::effect(&mut scope(), &code, &mut problems);
        let _ = parse::rule(&mut scope(), &code, &mut problems);
        let _ = parse::query(&mut scope(), &code, &mut problems);
        let _ = parse::parameters(&mut scope(), &code, &mut problems);
        let _ = parse::template(&mut scope(), &text, code.span, &mut problems);
        let _ = parse::type_of(&scope(), &text, code.span, &mut problems);
        let condition = parse::condition(&mut scope(), &code, &mut problems);
        let value = parse::value(&mut scope(), &code, None, &mut problems);
        shown(&problems, &one(text));
        let world = Rows::roll(Rc::clone(&ir), rows);
        for expr in [condition, value].into_iter().flatten() {
            let said = sentence::sentence(&expr, &ir);
            assert!(!said.contains('\n'), "a sentence on several lines: {said}");
            for mode in [Mode::Condition, Mode::Effect] {
                let first = eval::evaluate(&expr, &world, mode);
                assert_eq!(
                    first,
                    eval::evaluate(&expr, &world, mode),
                    "evaluated twice"
                );
            }
        }
    });
}

/// `specc fmt` on a whole program: it comes to rest and the program stays the same.
pub fn formatting(bytes: &[u8]) {
    let before = mutate::program(bytes);
    let text = all(&before);
    within("formatting", &text, || {
        let files = before.files.iter().map(|file| SourceFile {
            path: file.path.clone(),
            text: format(&file.text),
        });
        let after = Sources {
            files: files.collect(),
        };
        for file in &after.files {
            assert_eq!(format(&file.text), file.text, "formatting twice");
        }
        let ((old, was), (new, is)) = (check(&before), check(&after));
        let names = |found: &[Diagnostic]| {
            let mut names: Vec<&str> = found.iter().map(|problem| problem.name).collect();
            names.sort_unstable();
            names
        };
        assert_eq!(names(&was), names(&is), "formatting changed what is found");
        let meaning = |ir: &Ir, sources: &Sources| without_places(json::to_json(ir, sources));
        let (was, is) = (meaning(&old, &before), meaning(&new, &after));
        assert!(
            was == is,
            "formatting changed the program: {}\n{text}",
            difference(&was, &is)
        );
    });
}

/// What lowers without an error becomes files that are what they claim to be.
pub fn code(bytes: &[u8]) {
    let sources = mutate::program(bytes);
    let text = all(&sources);
    within("generating", &text, || {
        let (ir, problems) = check(&sources);
        if has_errors(&problems) {
            return;
        }
        let Ok(plan) = specc_codegen::plan(&ir, &sources, &[]) else {
            return;
        };
        for file in specc_codegen::render(&plan, &ir, &sources) {
            if file.path.starts_with("support/") {
                continue;
            }
            if file.path.ends_with(".rs") {
                let parsed = syn::parse_file(&file.text).map(|_| ());
                assert!(parsed.is_ok(), "{}: {parsed:?}\n{}", file.path, file.text);
            } else if file.path.ends_with(".json") {
                let parsed = serde_json::from_str::<serde_json::Value>(&file.text);
                assert!(parsed.is_ok(), "{}: {parsed:?}", file.path);
            }
        }
    });
}

fn check(sources: &Sources) -> (Ir, Vec<Diagnostic>) {
    let mut trees: Vec<Tree> = Vec::new();
    let mut problems = Vec::new();
    for (at, file) in (0_u32..).zip(&sources.files) {
        let (tree, found) = specc_syntax::parse(FileId(at), &file.text);
        trees.push(tree);
        problems.extend(found);
    }
    let (ir, found) = lower::lower(&trees, sources);
    problems.extend(found);
    (ir, problems)
}

fn has_errors(problems: &[Diagnostic]) -> bool {
    problems
        .iter()
        .any(|problem| problem.severity == Severity::Error)
}

/// Problems can be shown in every way, and point at what is there.
fn shown(problems: &[Diagnostic], sources: &Sources) {
    for problem in problems {
        let spans = problem.labels.iter().map(|label| label.span);
        for span in spans.chain([problem.span]) {
            let text = sources.files.get(span.file.0 as usize);
            let within =
                text.and_then(|file| file.text.get(span.start as usize..span.end as usize));
            let nowhere = span == Span::default();
            assert!(
                nowhere || within.is_some(),
                "{} points outside: {span:?} in {:?}",
                problem.name,
                all(sources)
            );
        }
    }
    let drawn = specc_syntax::draw(sources, problems, false, 100);
    assert!(!drawn.contains('\u{1b}'), "an escape came through");
    let _ = specc_syntax::json::sarif(problems, sources);
    let _ = specc_syntax::json::lines(problems, sources);
}

/// Spans move when a text is formatted; nothing else may.
fn without_places(mut value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match &mut value {
        Value::Object(object) => {
            let place = ["file", "start", "end"];
            if object.len() == 3 && place.iter().all(|key| object.contains_key(*key)) {
                return Value::Null;
            }
            for inner in object.values_mut() {
                *inner = without_places(inner.take());
            }
        }
        Value::Array(items) => {
            for inner in items {
                *inner = without_places(inner.take());
            }
        }
        _ => {}
    }
    value
}

/// Where two programs differ first.
fn difference(left: &serde_json::Value, right: &serde_json::Value) -> String {
    use serde_json::Value;
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => left
            .iter()
            .find(|(key, value)| right.get(*key) != Some(value))
            .map_or_else(String::new, |(key, value)| {
                let other = right.get(key).unwrap_or(&Value::Null);
                format!("{key}.{}", difference(value, other))
            }),
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => left
            .iter()
            .zip(right)
            .position(|(left, right)| left != right)
            .map_or_else(String::new, |at| {
                format!("{at}.{}", difference(&left[at], &right[at]))
            }),
        _ => format!(" {left} != {right}"),
    }
}

fn within(what: &str, text: &str, work: impl FnOnce()) {
    let (start, ran) = (Instant::now(), processor_time());
    work();
    let took = match (ran, processor_time()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => start.elapsed(),
    };
    assert!(took < LONGEST, "{what} took {took:?} for:\n{text}");
}

/// How long this thread has run: that says the same on a busy machine. Linux only.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

fn one(text: String) -> Sources {
    Sources {
        files: vec![SourceFile {
            path: "spec/app.md".to_owned(),
            text,
        }],
    }
}

fn all(sources: &Sources) -> String {
    let texts: Vec<&str> = sources
        .files
        .iter()
        .map(|file| file.text.as_str())
        .collect();
    texts.join("\n\n---- next file ----\n\n")
}
