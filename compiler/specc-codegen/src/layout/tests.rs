//! That rustfmt agrees is shown in the end-to-end tests, on many expressions; here is what is our own:
//! what becomes of comments, long text and needless brackets, and that no text is too deep.

use super::lay_out;

fn laid_out(source: &str) -> String {
    lay_out(source).unwrap()
}

#[test]
fn items_stand_apart_and_in_order() {
    insta::assert_snapshot!(laid_out(
        "//! About.\n#![allow(dead_code, reason = \"why\")] use super::field; use kernel::num;
        const A: u8 = 1; const B: u8 = (2);
        /// Documented.
        pub const C: &[(&str, &str)] = &[(\"one\", \"a value that is long enough to need a line\"), (\"two\", \"\")];
        pub mod field { /// One.
        pub const ONE: usize = 1; /// Two.
        pub const TWO: usize = 2; }
        #[derive(Clone, Copy)] pub struct Row<'a>(&'a str);
        impl<'a> Row<'a> { pub fn of(row: &'a str) -> Row<'a> { Row(row) } pub fn len(self) -> usize { self.0.len() } }
        pub enum Kind { /// A.
        A, B }"
    ), @r#"
    //! About.

    #![allow(dead_code, reason = "why")]

    use super::field;
    use kernel::num;

    const A: u8 = 1;
    const B: u8 = 2;

    /// Documented.
    pub const C: &[(&str, &str)] = &[
        ("one", "a value that is long enough to need a line"),
        ("two", ""),
    ];

    pub mod field {
        /// One.
        pub const ONE: usize = 1;
        /// Two.
        pub const TWO: usize = 2;
    }

    #[derive(Clone, Copy)]
    pub struct Row<'a>(&'a str);

    impl<'a> Row<'a> {
        pub fn of(row: &'a str) -> Row<'a> {
            Row(row)
        }

        pub fn len(self) -> usize {
            self.0.len()
        }
    }

    pub enum Kind {
        /// A.
        A,
        B,
    }
    "#);
}

#[test]
fn needless_brackets_and_blocks_go() {
    insta::assert_snapshot!(laid_out(
        "fn f() -> Option<i64> { // why \"this\"
        g((1 + 2), (a && (b || c)))?; if (a) { return (None); }
        let x = (|y| { y.z }); (if a { Some(1) } else { (if b { Some(2) } else { None }) }) }"
    ), @r#"
    fn f() -> Option<i64> {
        // why "this"
        g(1 + 2, a && (b || c))?;
        if a {
            return None;
        }
        let x = |y| y.z;
        if a {
            Some(1)
        } else if b {
            Some(2)
        } else {
            None
        }
    }
    "#);
}

#[test]
fn long_text_is_broken_and_stays_what_it_is() {
    let source = r####"/// A comment that is longer than a line has room for, with the mark of a list right there, as it is - here.
fn f() {
    // A note that is longer than a line has room for, and that is broken between its words, as one would do it.
    say("A text of \"two\" paragraphs, the first of which is long enough for more than a line of code.\n\nThe second is not.  Two blanks stay.");
    ask(r#"SELECT t.id FROM item t WHERE t."order" = :p0 AND t.name = 'a AND b' AND NOT EXISTS (SELECT 1 FROM item o WHERE o.parent = t.id AND (o.done = 0 OR o.due > :today)) ORDER BY t.id"#, &[]);
}"####;
    let text = laid_out(source);
    insta::assert_snapshot!(text, @r#"
    /// A comment that is longer than a line has room for, with the mark of a list right there, as it
    /// is - here.
    fn f() {
        // A note that is longer than a line has room for, and that is broken between its words, as one
        // would do it.
        say(
            "A text of \"two\" paragraphs, the first of which is long enough for more than a line of \
                code.\n\n\
                The second is not.  Two blanks stay.",
        );
        ask(
            "SELECT t.id \
                FROM item t \
                WHERE t.\"order\" = :p0 \
                AND t.name = 'a AND b' \
                AND NOT EXISTS (SELECT 1 \
                    FROM item o \
                    WHERE o.parent = t.id \
                    AND (o.done = 0 OR o.due > :today)) \
                ORDER BY t.id",
            &[],
        );
    }
    "#);
    let strings = |text: &str| -> Vec<String> {
        let file = syn::parse_file(text).unwrap();
        let mut found = Strings::default();
        syn::visit::Visit::visit_file(&mut found, &file);
        found.0
    };
    assert_eq!(strings(source), strings(&text));
}

#[derive(Default)]
struct Strings(Vec<String>);

impl syn::visit::Visit<'_> for Strings {
    fn visit_lit_str(&mut self, text: &syn::LitStr) {
        if !text.value().starts_with(' ') {
            self.0.push(text.value());
        }
    }
}

#[test]
fn what_is_laid_out_stays_as_it_is() {
    let text = laid_out(
        "fn f(a_parameter_with_a_name: &mut Operation<'_>, another_parameter_with_a_name: Option<i64>) -> Result<(), Refusal> { for row in op.ids(\"SELECT\", &[])? { match row { Some(1) => first(row), _ => { one(); two(); } } } op.attempt(|op: &mut Operation<'_>| { op.set(app::ITEM, Some(op.this.id), field::NAME, Value::from(\"x\"), Authority::System) }, |_op: &mut Operation<'_>| Ok(())) }",
    );
    assert_eq!(laid_out(&text), text);
}

#[test]
fn deep_code_is_laid_out_in_time() {
    let mut sums = "Some(1)".to_owned();
    let mut calls = "value(op)".to_owned();
    let mut choices = "Some(1)".to_owned();
    for _ in 0..40 {
        sums = format!("num::checked::add({sums}, Some(86_400_000))?");
        calls = format!("Value::from(logic::text(&{calls})?.unwrap_or_default())");
        choices = format!(
            "if logic::is(a_value, {choices}) {{ {choices_short} }} else {{ None }}",
            choices_short = "Some(2)"
        );
    }
    for code in [sums, calls, choices] {
        let source = format!("fn f() {{ let x = {code}; Ok(x) }}");
        let bare = |text: &str| text.replace(char::is_whitespace, "").replace(",)", ")");
        assert_eq!(bare(&laid_out(&source)), bare(&source));
    }
    let endless = format!("fn f() {{ g({}{}) }}", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(lay_out(&endless), None);
}

#[test]
fn other_text_is_not_laid_out() {
    for text in [
        "fn",
        "fn f( {",
        "trait T {}",
        "fn f() { loop {} }",
        "§",
        "const A: u8 = \"",
        "fn f() { a b }",
    ] {
        assert_eq!(lay_out(text), None, "{text}");
    }
}
