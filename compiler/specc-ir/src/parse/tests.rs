use super::*;
use crate::generate::{ITEM, program};
use crate::ir::{Effect, Ir, RuleCheck, RuleOn};
use crate::scope::Index;
use proptest::prelude::*;

fn code(text: &str) -> Code {
    Code {
        text: text.to_owned(),
        span: Span {
            end: u32::try_from(text.len()).unwrap(),
            ..Span::default()
        },
        dropped: Vec::new(),
    }
}

fn at_item<T>(
    ir: &Ir,
    work: impl FnOnce(&mut Scope<'_>, &mut Vec<Diagnostic>) -> T,
) -> (T, Vec<Diagnostic>) {
    let index = Index::new(ir);
    let mut scope = Scope::new(ir, &index);
    scope.this = Some(ITEM);
    scope.me = true;
    scope.clock = true;
    let mut out = Vec::new();
    let found = work(&mut scope, &mut out);
    (found, out)
}

/// The names of the diagnostics with the text they point at, and the type where there is one.
fn check(text: &str) -> String {
    let ir = program();
    let (expr, out) = at_item(&ir, |scope, out| value(scope, &code(text), None, out));
    assert_eq!(expr.is_some(), out.is_empty(), "{text}: {out:?}");
    match expr {
        Some(expr) => fit::describe(&expr.ty, &ir),
        None => out
            .iter()
            .map(|one| {
                format!(
                    "{} `{}`",
                    one.name,
                    text.get(one.span.start as usize..one.span.end as usize)
                        .unwrap()
                )
            })
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[test]
fn what_is_missing_at_the_end_points_at_the_last_character() {
    assert_eq!(check("weekday(\u{694}"), "bad-expression `\u{694}`");
}

#[test]
fn types() {
    for (text, ty) in [
        ("price + 5", "money"),
        ("price * share", "money"),
        ("5 * price", "money"),
        ("price / price", "decimal(6)"),
        ("weight * rate", "decimal(6)"),
        ("weight + 1", "decimal(2)"),
        ("share * 2", "decimal(4)"),
        ("seen - now", "duration"),
        ("day + 14 days", "date"),
        ("opens - 09:30", "duration"),
        ("if open then 1 else 2.5", "decimal(1)"),
        ("if open then price else 0", "money"),
        ("\"{title} by {owner}\"", "text"),
        ("state is if open then draft else live", "yes/no"),
        ("state is one of draft, live and open", "yes/no"),
        ("me is Clerk", "yes/no"),
        ("owner is not one of Clerk, Boss", "yes/no"),
        ("owner is me", "yes/no"),
        ("count(Item where parent is this)", "integer"),
        ("sum(Item.price * Item.pieces where owner is me)", "money"),
        (
            "list of distinct Item.title where open sorted by title desc",
            "list of text",
        ),
        ("list of tags.word sorted by word", "list of text"),
        ("exists(tags where word is \"a\")", "yes/no"),
        ("count(this.parent.tags)", "integer"),
        ("count(Item as i where i.parent is this.parent)", "integer"),
        ("tags contains first(Tag)", "yes/no"),
        ("first(Item sorted by price desc).title", "text"),
        ("avg(Item.price)", "money"),
        ("every(Item where open holds pieces > 0)", "yes/no"),
        ("min(pieces, 2.5)", "decimal(1)"),
        ("round(weight, 1)", "decimal(1)"),
        ("month(seen)", "integer"),
        ("-9223372036854775808", "integer"),
        ("1 hour 30 minutes", "duration"),
        ("2026-03-01T09:30:00Z", "timestamp"),
        ("mail matches /.+@.+\\/x/", "yes/no"),
        ("parent.parent.parent.title is \"a\"", "yes/no"),
        ("can read parent", "yes/no"),
        ("title is empty", "yes/no"),
        ("title is not set", "yes/no"),
    ] {
        assert_eq!(check(text), ty, "{text}");
    }
}

#[test]
fn mistakes() {
    for (text, wanted) in [
        ("titel is set", "unknown-name `titel`"),
        ("parent.titel", "unknown-field `titel`"),
        ("state is drat", "unknown-choice-value `drat`"),
        ("price > pieces", "type-mismatch `price > pieces`"),
        ("title + \"a\"", "type-mismatch `title + \"a\"`"),
        ("price + 0.001", "too-many-places `0.001`"),
        ("open and", "bad-expression `d`"),
        ("a = b", "bad-expression `=`"),
        ("1 < 2 < 3", "chained-comparison `<`"),
        ("count(Tag where title is word)", "bare-outer-name `title`"),
        ("count(Items)", "unknown-entity `Items`"),
        ("nope(1)", "unknown-function `nope`"),
        ("length()", "wrong-arguments `length()`"),
        (
            "99999999999999999999",
            "number-too-large `99999999999999999999`",
        ),
        ("2026-02-30", "bad-value `2026-02-30`"),
        ("title matches /(/", "bad-pattern `/(/`"),
        ("\"{title\"", "bad-expression `{`"),
        ("\"abc", "bad-expression `\"abc`"),
        ("open and title", "needs-condition `title`"),
        ("state is \"draft\"", "type-mismatch `state is \"draft\"`"),
        ("day is seen", "type-mismatch `day is seen`"),
        ("can update parent", "bad-expression `update`"),
        ("input.x", "not-here `input.x`"),
        ("old.title", "not-here `old`"),
        ("\"{titel} x\"", "unknown-name `titel`"),
        ("parent is Clerk", "type-mismatch `parent is Clerk`"),
        (
            "exists(User where this is Boss)",
            "type-mismatch `this is Boss`",
        ),
    ] {
        assert_eq!(check(text), wanted, "{text}");
    }
}

#[test]
fn deep_code_is_refused() {
    for text in [
        "(".repeat(5000),
        format!("{}1{}", "(".repeat(90), ")".repeat(90)),
        vec!["1"; 300].join(" + "),
        "not ".repeat(200) + "open",
    ] {
        assert!(check(&text).starts_with("too-deep"), "{text}");
    }
    assert!(check(&"open or ".repeat(2000)).starts_with("too-long"));
}

#[test]
fn rules() {
    let ir = program();
    let run = |text: &str| at_item(&ir, |scope, out| rule(scope, &code(text), out));
    assert!(matches!(
        run("on create: seen > now").0,
        Some((on, RuleCheck::Holds(_))) if on == [RuleOn::Create]
    ));
    assert!(matches!(
        run("on create, on update: seen > now").0,
        Some((on, RuleCheck::Holds(_))) if on == [RuleOn::Create, RuleOn::Update]
    ));
    assert!(run("on update, delete: pieces <= old.pieces").0.is_some());
    assert_eq!(
        run("on create, update: old.pieces > 0").1[0].name,
        "not-here"
    );
    assert_eq!(
        run("on update, update: seen > now").1[0].name,
        "duplicate-name"
    );
    assert_eq!(run("seen > now").1[0].name, "not-at-rest");
    assert!(run("on update: pieces <= old.pieces").0.is_some());
    assert_eq!(run("on create: pieces <= old.pieces").1[0].name, "not-here");
    match run("unique (owner, seen..created) where state is live") {
        (None, out) => assert_eq!(out[0].name, "built-in-field"),
        (Some(found), _) => panic!("{found:?}"),
    }
    assert!(matches!(
        run("unique (owner, title) where state is live").0,
        Some((on, RuleCheck::Unique { when: Some(_), .. })) if on == [RuleOn::Always]
    ));
    assert_eq!(
        run("unique (owner) where parent.open").1[0].name,
        "unique-condition"
    );
}

#[test]
fn effects() {
    let ir = program();
    let run = |text: &str| {
        at_item(&ir, |scope, out| {
            effect(scope, &code(text), out).map(|parsed| (parsed, scope.vars.len()))
        })
    };
    for (text, vars) in [
        ("set owner to me", 0),
        ("set parent.state to live as system", 0),
        (
            "create Item with title = title, open = pieces is one of 1, 2, state = draft as copy",
            1,
        ),
        ("delete parent", 0),
        ("email owner \"Hello {owner.name}: {title}\"", 0),
        (
            "for each Item where owner is this.owner sorted by price desc, title as item",
            1,
        ),
        ("when owner is Clerk", 0),
        ("refuse \"No.\"", 0),
    ] {
        let (found, out) = run(text);
        assert_eq!(found.map(|(_, vars)| vars), Some(vars), "{text}: {out:?}");
    }
    assert!(
        run("set parent.state to live as system")
            .0
            .unwrap()
            .0
            .as_system
    );
    for text in [
        "create Item with title = \"x\" as system as made",
        "create Item with title = \"x\" as made as system",
    ] {
        let ((found, vars), out) = match run(text) {
            (Some(found), out) => (found, out),
            (None, out) => panic!("{text}: {out:?}"),
        };
        assert!(found.as_system && vars == 1 && out.is_empty(), "{text}");
    }
    assert!(matches!(
        run("delete this").0.unwrap().0.effect,
        Effect::Delete { .. }
    ));
    for (text, name) in [
        ("set twice to 1", "computed-field"),
        ("set id to 1", "built-in-field"),
        ("set titel to \"x\"", "unknown-field"),
        ("seet title to \"x\"", "bad-effect"),
        ("do nothing", "unknown-operation"),
        ("sign up with email = \"a@b.org\"", "bad-effect"),
        ("sign up", "bad-effect"),
        (
            "sign in with email = \"a@b.org\", password = 3",
            "type-mismatch",
        ),
        (
            "sign in with mail = \"a@b.org\", password = \"x\"",
            "bad-effect",
        ),
        ("for each Item where open", "bad-effect"),
        ("email price \"x\"", "type-mismatch"),
        ("otherwise", "misplaced-otherwise"),
        ("set pieces to weight", "type-mismatch"),
    ] {
        assert_eq!(
            run(text).1.first().map(|one| one.name),
            Some(name),
            "{text}"
        );
    }
}

#[test]
fn a_search_says_what_it_has_already() {
    let ir = program();
    for (text, marked, message) in [
        (
            "for each Item as a where price > 1 as b",
            "as",
            "each `Item` is called `a` already",
        ),
        (
            "for each Item where price > 1 as a as b as system",
            "as",
            "each `Item` is called `a` already",
        ),
        (
            "for each Item where price > 1 as a where price < 3",
            "where",
            "this search has a `where` already",
        ),
        (
            "for each Item sorted by price as a sorted by title",
            "sorted",
            "this search is `sorted by` something already",
        ),
    ] {
        let (found, out) = at_item(&ir, |scope, out| effect(scope, &code(text), out));
        let [one] = out.as_slice() else {
            panic!("{text}: {out:?}");
        };
        assert!(found.is_none() && one.message == message, "{text}: {one:?}");
        let span = (one.span.start as usize, one.span.end as usize);
        assert_eq!(text.get(span.0..span.1), Some(marked), "{text}");
        assert!(
            text.find(marked).is_some_and(|first| first < span.0),
            "{text}"
        );
    }
}

#[test]
fn inputs() {
    let ir = program();
    let run = |text: &str| at_item(&ir, |scope, out| parameters(scope, &code(text), out));
    let (found, out) = run(
        "state: Item.state, hours: integer, note?: long text, who: list of User, rate: decimal(3)",
    );
    assert_eq!((found.len(), out.len()), (5, 0), "{out:?}");
    assert!(found[2].optional);
    assert_eq!(
        run("a: strng, b")
            .1
            .iter()
            .map(|one| one.name)
            .collect::<Vec<_>>(),
        ["unknown-type", "bad-parameter"]
    );
}

#[test]
fn names_of_diagnostics_are_known() {
    for text in include_str!("../parse.rs")
        .split("Diagnostic::new(\"")
        .skip(1)
    {
        let name = text.split('"').next().unwrap();
        assert!(specc_syntax::names::find(name).is_some(), "{name}");
    }
}

/// What this thread has computed so far, which says the same on a busy machine; where the system does not tell, the
/// time since `start`.
fn computed_since(start: std::time::Instant) -> std::time::Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| start.elapsed(), std::time::Duration::from_nanos)
}

#[test]
fn many_expressions_are_fast() {
    let ir = program();
    let text = code(
        "state is live and owner is me implies price * share > 10 or exists(Item where parent is this and open)",
    );
    let start = std::time::Instant::now();
    let before = computed_since(start);
    let ((), out) = at_item(&ir, |scope, out| {
        for _ in 0..2000 {
            assert!(condition(scope, &text, out).is_some());
        }
    });
    assert!(out.is_empty());
    // A debug build needs a twentieth of it.
    let took = computed_since(start).saturating_sub(before);
    assert!(took < std::time::Duration::from_secs(2), "{took:?}");
}

const WORDS: &[&str] = &[
    "title",
    "price",
    "state",
    "draft",
    "owner",
    "me",
    "now",
    "this",
    "old",
    "is",
    "not",
    "set",
    "empty",
    "one",
    "of",
    ",",
    "(",
    ")",
    ".",
    "and",
    "or",
    "implies",
    "if",
    "then",
    "else",
    "count",
    "sum",
    "first",
    "list",
    "Item",
    "Tag",
    "tags",
    "where",
    "sorted",
    "by",
    "as",
    "\"a {title}\"",
    "\"",
    "{",
    "}",
    "/x/",
    "matches",
    "1",
    "2.5",
    "%",
    "3 days",
    "2026-01-01",
    "09:30",
    "+",
    "-",
    "*",
    "/",
    "<",
    "=",
    "create",
    "set x to",
    "for each",
    "with",
    "unique",
    "..",
    "on create:",
    "é",
    "🦀",
    "\\",
];

proptest! {
    #[test]
    fn nothing_panics(words in proptest::collection::vec(0..WORDS.len(), 0..24), raw in ".{0,40}") {
        let ir = program();
        let joined = words.iter().map(|at| WORDS[*at]).collect::<Vec<_>>().join(" ");
        for text in [joined.as_str(), raw.as_str()] {
            at_item(&ir, |scope, out| {
                value(scope, &code(text), None, out);
                rule(scope, &code(text), out);
                effect(scope, &code(text), out);
                parameters(scope, &code(text), out);
                template(scope, text, Span::default(), out);
                query(scope, &code(text), out);
            });
        }
    }
}
