use super::*;

#[test]
fn comments_survive() {
    let source = format!("fn f() {{ {} g(({}1 + 2)); }}", note("why \"this\""), "");
    assert_eq!(
        tidy(&source),
        "fn f() {\n    // why \"this\"\n    g(1 + 2);\n}\n"
    );
}

#[test]
fn paths_in_strings_are_no_mentions() {
    assert!(mentions("a(num::add(b))", "num::"));
    assert!(!mentions(
        r##"a("num::add", r#"num:: "quoted" "#)"##,
        "num::"
    ));
    assert!(!mentions("kernel::num::add()", "num::"));
    assert!(mentions(r#"a("\"num::", num::b)"#, "num::"));
}

#[test]
fn quotes_in_comments_begin_no_string() {
    assert!(mentions_word(
        "/// Ends \"early. (spec/app.md:3)\nfn f() -> Value { g(\"//\", Input) }",
        "Value"
    ));
    assert!(mentions_word("f(\"//\", Input) // \"", "Input"));
    assert!(!mentions_word(
        "// speaks of Value and \"roles::A\"\nf()",
        "Value"
    ));
    assert!(!mentions("f(); // roles::A\n", "roles::"));
}

#[test]
fn comments_hold_no_controls() {
    assert_eq!(comment(" a\r\n\tb\u{202e}c "), "a bc");
}
