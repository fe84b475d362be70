//! Random well-typed expressions over random rows, for tests that hold translations to the evaluator.
//! Everything is drawn from a list of bytes, so that what fails shrinks.

mod rows;
mod text;

pub use rows::Rows;

use crate::expr::Expr;
use crate::ir::{
    Choice, ChoiceId, ChoiceValue, Entity, EntityId, Field, FieldId, Function, Grant, Ir, Name,
    OnDelete, Parameter, Role, RoleId, Type, Verb, Who,
};
use crate::parse;
use crate::scope::{Index, Scope};
use proptest::prelude::*;
use specc_syntax::span::Span;
use specc_syntax::tree::Code;
use std::rc::Rc;
use text::Writer;

/// The entity of `this` in a case.
pub const ITEM: EntityId = EntityId(1);
/// The entity behind the `many` field `tags`.
pub const TAG: EntityId = EntityId(2);

/// A program, an expression over `this`, `me`, `now`, and rows to evaluate it on.
#[derive(Debug, Clone)]
pub struct Case {
    /// The program; always the same one.
    pub ir: Rc<Ir>,
    /// The code of the expression.
    pub text: String,
    /// The expression.
    pub expr: Expr,
    /// The rows and the caller.
    pub rows: Rows,
}

/// A random case: a condition or a value of any kind.
pub fn case() -> impl Strategy<Value = Case> {
    let program = Rc::new(program());
    (
        proptest::collection::vec(any::<u8>(), 0..160),
        proptest::collection::vec(any::<u8>(), 0..200),
    )
        .prop_filter_map("code that is well typed", move |(code, rows)| {
            let text = Writer {
                dice: Dice {
                    bytes: &code,
                    at: 0,
                },
            }
            .any();
            let expr = typed(&program, &text)?;
            let rows = Rows::roll(Rc::clone(&program), &rows);
            Some(Case {
                ir: Rc::clone(&program),
                text,
                expr,
                rows,
            })
        })
}

/// The expression that the code is, at an item; `None` where it has mistakes.
#[must_use]
pub fn typed(ir: &Ir, text: &str) -> Option<Expr> {
    let index = Index::new(ir);
    let mut scope = Scope::new(ir, &index);
    scope.this = Some(ITEM);
    scope.me = true;
    scope.clock = true;
    let code = Code {
        text: text.to_owned(),
        span: Span::default(),
        dropped: Vec::new(),
    };
    parse::value(&mut scope, &code, None, &mut Vec::new())
}

struct Dice<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Dice<'_> {
    /// A number below `sides`; 0 once the bytes are used up.
    fn roll(&mut self, sides: usize) -> usize {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(byte) % sides.max(1)
    }

    fn pick<T: Copy + Default>(&mut self, options: &[T]) -> T {
        let at = self.roll(options.len());
        options.get(at).copied().unwrap_or_default()
    }
}

fn name(text: &str) -> Name {
    Name {
        text: text.to_owned(),
        span: Span::default(),
    }
}

fn field(text: &str, ty: Type) -> Field {
    Field {
        name: name(text),
        ty,
        required: false,
        unique: false,
        length: (None, None),
        at_least: None,
        at_most: None,
        pattern: None,
        default: None,
        read_only: false,
        fixed: false,
        private: false,
        computed: None,
        searchable: false,
        indexed: false,
        on_delete: OnDelete::Empty,
        was: None,
        lifecycle: false,
        about: String::new(),
        span: Span::default(),
    }
}

fn entity(
    text: &str,
    plural: &str,
    fields: Vec<Field>,
    read: Vec<Who>,
    when: Option<Expr>,
) -> Entity {
    Entity {
        name: name(text),
        plural: plural.to_owned(),
        about: String::new(),
        parent: None,
        tenant: None,
        shown_as: Some(FieldId(0)),
        fields,
        access: vec![Grant {
            who: read,
            verb: Verb::Read,
            fields: None,
            when,
            span: Span::default(),
        }],
        lifecycles: Vec::new(),
        rules: Vec::new(),
        hooks: Vec::new(),
        span: Span::default(),
    }
}

fn function(
    ir: &Ir,
    text: &str,
    parameters: &[(&str, Type)],
    output: Type,
    is: &str,
) -> Option<Function> {
    let index = Index::new(ir);
    let mut scope = Scope::new(ir, &index);
    let mut inputs = Vec::new();
    for (parameter, ty) in parameters {
        let var = scope.fresh();
        scope.vars.push(((*parameter).to_owned(), var, ty.clone()));
        inputs.push(Parameter {
            name: name(parameter),
            ty: ty.clone(),
            like: None,
            optional: false,
            var,
        });
    }
    let code = Code {
        text: is.to_owned(),
        span: Span::default(),
        dropped: Vec::new(),
    };
    Some(Function {
        name: name(text),
        about: String::new(),
        inputs,
        is: parse::value(&mut scope, &code, Some(&output), &mut Vec::new())?,
        output,
        examples: Vec::new(),
        always: Vec::new(),
        span: Span::default(),
    })
}

/// The program of all cases: User, Item with a field of every kind, Tag; the roles Clerk and Boss.
#[must_use]
pub fn program() -> Ir {
    let mut ir = Ir::default();
    ir.program.name = "Cases".to_owned();
    ir.program.language = "en".to_owned();
    ir.program.time_zone = "Europe/Berlin".to_owned();
    ir.program.currency = "EUR".to_owned();
    ir.program.currency_digits = 2;
    let role = |text: &str, includes: Vec<RoleId>| Role {
        name: name(text),
        about: String::new(),
        sign_up: false,
        includes,
        when: None,
    };
    ir.roles = vec![role("Clerk", Vec::new()), role("Boss", vec![RoleId(0)])];
    let value = |text: &str, label: &str| ChoiceValue {
        name: name(text),
        label: label.to_owned(),
    };
    let values = vec![
        value("draft", "Draft"),
        value("live", "Is live"),
        value("done", "Done"),
    ];
    ir.choices = vec![Choice {
        name: name("State"),
        named: true,
        values,
    }];
    ir.functions = vec![
        function(
            &ir,
            "grade",
            &[("n", Type::Integer), ("w", Type::Decimal(2))],
            Type::Decimal(3),
            "if n > w then w * 2 else round(n / 3, 3)",
        ),
        function(
            &ir,
            "word",
            &[
                ("t", Type::Text),
                ("s", Type::Choice(ChoiceId(0))),
                ("b", Type::Bool),
            ],
            Type::Text,
            "if b then lower(t) else \"{s}: {t}\"",
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    let user = vec![field("name", Type::Text), field("email", Type::Email)];
    let item = vec![
        field("title", Type::Text),
        field("mail", Type::Email),
        field("pieces", Type::Integer),
        field("weight", Type::Decimal(2)),
        field("rate", Type::Decimal(4)),
        field("price", Type::Money),
        field("share", Type::Percent),
        field("open", Type::Bool),
        field("day", Type::Date),
        field("opens", Type::Time),
        field("seen", Type::Timestamp),
        field("took", Type::Duration),
        field("state", Type::Choice(ChoiceId(0))),
        field("owner", Type::Ref(crate::ir::USER)),
        field("parent", Type::Ref(ITEM)),
        field("tags", Type::Many(TAG)),
        field("twice", Type::Integer),
    ];
    ir.entities = vec![
        entity("User", "Users", user, vec![Who::SignedIn], None),
        entity("Item", "Items", item, vec![Who::Role(RoleId(1))], None),
        entity(
            "Tag",
            "Tags",
            vec![field("word", Type::Text)],
            vec![Who::Anyone],
            None,
        ),
    ];
    let twice = typed(&ir, "pieces * 2");
    let open = typed(&ir, "open or owner is me");
    if let Some(item) = ir.entities.get_mut(1) {
        if let Some(field) = item.fields.get_mut(16) {
            field.computed = twice;
        }
        item.access.push(Grant {
            who: vec![Who::SignedIn],
            verb: Verb::Read,
            fields: None,
            when: open,
            span: Span::default(),
        });
    }
    ir
}
