//! Places agree with counting by hand.

use super::*;
use crate::span::SourceFile;
use proptest::prelude::*;

#[test]
fn places_and_pointers() {
    let text = "ab\r\nü漢x\n".to_owned();
    let sources = Sources {
        files: vec![SourceFile {
            path: "spec/a.md".to_owned(),
            text,
        }],
    };
    let lines = Lines::new(&sources);
    let at = |start: u32| Span {
        file: FileId(0),
        start,
        end: start,
    };
    assert_eq!(lines.place(at(0)), Place { line: 1, column: 1 });
    assert_eq!(lines.place(at(9)), Place { line: 2, column: 3 });
    assert_eq!(lines.place(at(999)), Place { line: 3, column: 1 });
    assert_eq!(lines.pointer(at(5)), "spec/a.md:2");
    let nowhere = Span {
        file: FileId(4),
        start: 7,
        end: 9,
    };
    assert_eq!(lines.place(nowhere), Place { line: 1, column: 1 });
    assert_eq!(lines.line_range(FileId(0), 0), 0..2);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_agrees_with_counting(parts in prop::collection::vec("[a-zü漢\n]{0,4}", 0..5), times in 0..3000_usize, at: prop::sample::Index) {
        let text = parts.concat().repeat(times);
        let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let start = u32::try_from(*at.get(&boundaries)).unwrap();
        let span = Span { file: FileId(0), start, end: start };
        let sources = Sources { files: vec![SourceFile { path: "a.md".to_owned(), text }] };
        let place = Lines::new(&sources).place(span);
        prop_assert_eq!((place.line, place.column), sources.line_column(span));
    }
}
