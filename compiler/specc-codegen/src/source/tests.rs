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
fn words_in_strings_and_comments_are_no_mentions() {
    assert!(mentions("a(op.now)", "op"));
    assert!(!mentions(r##"a("op", r#"op "op" "#) // op"##, "op"));
    assert!(!mentions("stop.now + ops::op", "op"));
    assert!(mentions(r#"a("\"", op)"#, "op"));
}

#[test]
fn quotes_in_comments_begin_no_string() {
    let needed = |code: &str| {
        let place = crate::imports::Place::Root;
        crate::imports::shortened(code, place).1.lines()
    };
    assert_eq!(
        needed("/// Ends \"early. (spec/app.md:3)\nfn f() -> Value { g(\"//\", Input) }"),
        "use engine::def::Input;\nuse kernel::value::Value;\n"
    );
    assert_eq!(
        needed("f(\"//\", Input) // \""),
        "use engine::def::Input;\n"
    );
    assert_eq!(needed("// speaks of Value and \"roles::A\"\nf()"), "");
    assert_eq!(needed("f(); // roles::A\n"), "");
}

#[test]
fn comments_hold_no_controls() {
    assert_eq!(comment(" a\r\n\tb\u{202e}c "), "a bc");
}
