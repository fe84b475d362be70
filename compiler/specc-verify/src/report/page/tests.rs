use super::page;
use crate::record::{Record, Verdict};
use crate::report::{Report, Run};
use specc_ir::ir::Ir;
use specc_syntax::span::{SourceFile, Sources, Span};

/// A spec of one file, with a record at each of these texts.
fn of(text: &str, records: &[(&str, Verdict, &str)]) -> String {
    let sources = Sources {
        files: vec![SourceFile {
            path: "spec/app.md".to_owned(),
            text: text.to_owned(),
        }],
    };
    let records: Vec<Record> = records
        .iter()
        .enumerate()
        .map(|(at, (sentence, verdict, what))| {
            let start = u32::try_from(text.find(sentence).unwrap_or(0)).unwrap_or(0);
            let span = Span {
                start,
                end: start + 1,
                ..Span::default()
            };
            Record {
                verdict: *verdict,
                done: (*what).to_owned(),
                seen: (*what).to_owned(),
                ..Record::open(format!("it.{at}"), "access", (*what).to_owned(), span)
            }
        })
        .collect();
    let report = Report::new(&Ir::default(), &sources, &records, &Run::default());
    page(&report, &sources)
}

#[test]
fn a_mark_stands_at_the_smallest_thing_that_holds_the_sentence() {
    let page = of(
        "# A\n\n| Who | Can |\n|---|---|\n| self | read |\n| Agent | read |\n\n- one\n  - two\n\nProse.\n",
        &[
            ("| Agent", Verdict::Failed, "anyone may read"),
            ("| Agent", Verdict::Held, "nobody may read"),
            ("two", Verdict::NotExercised, "it is left out"),
        ],
    );
    let row = "<tr id=\"f0-6\" class=\"u\" data-mark=\"failed\"><td class=\"m\"><button";
    assert!(page.contains(row), "{page}");
    assert!(page.contains("aria-label=\"failed, 1 of 2: Agent | read\""));
    assert!(page.contains("<tr data-prose><td class=\"m\"></td><td>self</td>"));
    assert!(page.contains("<li id=\"f0-9\" class=\"u\" data-mark=\"open\">"));
    assert!(page.contains("<p data-prose>Prose.</p>"));
    assert!(page.contains("The app breaks 1 sentence."));
    assert!(page.contains("<a href=\"#f0-6\">spec/app.md:6</a> Anyone may read."));
}

#[test]
fn what_somebody_wrote_is_never_more_than_text() {
    let hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>";
    let page = of(
        &format!(
            "# A {hostile}\n\n{hostile}\n\n<div>{hostile}</div>\n\n| a |\n|---|\n| `{hostile}` |\n\n[x](javascript:alert(1)) [y](https://example.com/\"onload=) ![z](https://example.com/z.png)\n\n```{hostile}\n{hostile}</code></pre>\n```\n"
        ),
        &[
            ("# A", Verdict::Failed, "</script><script>alert(1)</script>"),
            ("| `", Verdict::Held, "\"><script>alert(1)</script>"),
        ],
    );
    assert_eq!(
        page.matches("<script").count(),
        2,
        "the page's own data and code"
    );
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("<img"));
    assert!(!page.contains("href=\"javascript"));
    assert!(!page.contains("\"onload="));
}
