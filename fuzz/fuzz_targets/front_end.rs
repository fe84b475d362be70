//! Any bytes through the front end: parsed, drawn, formatted. Nothing panics, every span lies in the text,
//! and formatting changes no meaning and comes to rest.
//!
//! Run with `cargo +nightly fuzz run front_end` in the project's root.
#![no_main]

use libfuzzer_sys::fuzz_target;
use specc_syntax::format::{format, same_tree};
use specc_syntax::span::{FileId, SourceFile, Sources};
use specc_syntax::{draw, json, parse};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (tree, problems) = parse(FileId(0), &text);
    for problem in &problems {
        assert!(text.get(problem.span.start as usize..problem.span.end as usize).is_some());
    }

    let formatted = format(&text);
    let (after, _) = parse(FileId(0), &formatted);
    assert!(same_tree(&tree, &after), "formatting changed the meaning");
    assert_eq!(format(&formatted), formatted, "formatting twice");

    let sources = Sources { files: vec![SourceFile { path: "spec/app.md".to_owned(), text }] };
    let drawn = draw(&sources, &problems, false, 100);
    assert!(!drawn.contains('\u{1b}'), "an escape came through");
    let _ = json::sarif(&problems, &sources);
    let _ = json::lines(&problems, &sources);
});
