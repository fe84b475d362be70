//! Random well-typed expressions over random rows, for tests that hold translations to the evaluator.
//! Everything is drawn from a list of bytes, so that what fails shrinks.

use crate::eval::{Value, World};
use crate::expr::{Expr, FieldRef, OLD, THIS, VarId};
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

/// Types, name of a field that has it, first.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    #[default]
    Bool,
    Integer,
    Decimal,
    Money,
    Percent,
    Date,
    Time,
    Timestamp,
    Duration,
    Text,
    Choice,
    User,
    Item,
}

const KINDS: &[Kind] = &[
    Kind::Bool,
    Kind::Integer,
    Kind::Decimal,
    Kind::Money,
    Kind::Percent,
    Kind::Date,
    Kind::Time,
    Kind::Timestamp,
    Kind::Duration,
    Kind::Text,
    Kind::Choice,
    Kind::User,
    Kind::Item,
];

/// Writes code of a wanted kind.
struct Writer<'a> {
    dice: Dice<'a>,
}

impl Writer<'_> {
    fn any(mut self) -> String {
        let kind = if self.dice.roll(2) == 0 {
            Kind::Bool
        } else {
            self.dice.pick(KINDS)
        };
        self.write(kind, 4, "")
    }

    fn field(kind: Kind) -> &'static [&'static str] {
        match kind {
            Kind::Bool => &["open"],
            Kind::Integer => &["pieces", "twice", "version"],
            Kind::Decimal => &["weight", "rate"],
            Kind::Money => &["price"],
            Kind::Percent => &["share"],
            Kind::Date => &["day"],
            Kind::Time => &["opens"],
            Kind::Timestamp => &["seen", "created"],
            Kind::Duration => &["took"],
            Kind::Text => &["title", "mail"],
            Kind::Choice => &["state"],
            Kind::User => &["owner"],
            Kind::Item => &["parent"],
        }
    }

    /// `outer` is `this.` inside a search, empty outside.
    fn leaf(&mut self, kind: Kind, outer: &str) -> String {
        let name = self.dice.pick(Writer::field(kind));
        match self.dice.roll(4) {
            0 => name.to_owned(),
            1 => format!("this.{name}"),
            2 => format!(
                "{}parent.{name}",
                if self.dice.roll(2) == 0 { "" } else { outer }
            ),
            _ => match kind {
                Kind::Bool => self
                    .dice
                    .pick(&["yes", "no", "me is Clerk", "me is set", "can read this"])
                    .to_owned(),
                Kind::Integer => self
                    .dice
                    .pick(&["0", "1", "-7", "12", "9223372036854775807"])
                    .to_owned(),
                Kind::Decimal => self
                    .dice
                    .pick(&["0.5", "-2.25", "100.0", "0.005"])
                    .to_owned(),
                Kind::Money => self
                    .dice
                    .pick(&["(price + 0.01)", "(price * 0)", "(price - 12)"])
                    .to_owned(),
                Kind::Percent => self.dice.pick(&["10 %", "12.5 %", "0 %"]).to_owned(),
                Kind::Date => self
                    .dice
                    .pick(&["2026-03-01", "today", "2024-02-29"])
                    .to_owned(),
                Kind::Time => self
                    .dice
                    .pick(&["09:30", "23:59:59", "time(now)"])
                    .to_owned(),
                Kind::Timestamp => self.dice.pick(&["now", "2026-03-29 01:30"]).to_owned(),
                Kind::Duration => self
                    .dice
                    .pick(&["1 day", "36 hours", "90 minutes", "2 weeks"])
                    .to_owned(),
                Kind::Text => self
                    .dice
                    .pick(&["\"\"", "\"a\"", "\"Ab c\"", "\"é%_'\"", "\"  \""])
                    .to_owned(),
                Kind::Choice => name.to_owned(),
                Kind::User => "me".to_owned(),
                Kind::Item => "this".to_owned(),
            },
        }
    }

    fn write(&mut self, kind: Kind, depth: u8, outer: &str) -> String {
        if depth == 0 {
            return self.leaf(kind, outer);
        }
        let next = depth - 1;
        let roll = self.dice.roll(8);
        if roll == 0 {
            return self.leaf(kind, outer);
        }
        if roll == 1 {
            let (condition, then, otherwise) = (
                self.write(Kind::Bool, next, outer),
                self.write(kind, next, outer),
                self.write(kind, next, outer),
            );
            return match self.dice.roll(6) {
                0 => format!("(if {condition} then {then} else empty)"),
                1 => format!("(if {condition} then empty else {otherwise})"),
                _ => format!("(if {condition} then {then} else {otherwise})"),
            };
        }
        if roll == 2
            && let Some(found) = self.aggregate(kind, next)
        {
            return found;
        }
        let of = |writer: &mut Self, kind: Kind| writer.write(kind, next, outer);
        match kind {
            Kind::Bool => self.condition(next, outer),
            Kind::Integer => match self.dice.roll(7) {
                0 => format!("length({})", of(self, Kind::Text)),
                1 => format!("round({})", of(self, Kind::Decimal)),
                2 => format!(
                    "{}({})",
                    self.dice.pick(&["month", "day", "year", "weekday"]),
                    of(self, Kind::Date)
                ),
                3 => format!("hour({})", of(self, Kind::Timestamp)),
                4 => format!("abs({})", of(self, Kind::Integer)),
                5 => format!("-{}", of(self, Kind::Integer)),
                _ => format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["+", "-", "*"]),
                    of(self, kind)
                ),
            },
            Kind::Decimal => match self.dice.roll(6) {
                4 => format!(
                    "grade({}, {})",
                    of(self, Kind::Integer),
                    of(self, Kind::Decimal)
                ),
                0 => format!("({} / {})", of(self, Kind::Integer), of(self, kind)),
                1 => format!("({} / {})", of(self, Kind::Money), of(self, Kind::Money)),
                2 => format!("round({}, {})", of(self, kind), self.dice.roll(5)),
                3 => format!(
                    "{}({}, {})",
                    self.dice.pick(&["min", "max"]),
                    of(self, kind),
                    of(self, Kind::Integer)
                ),
                _ => format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["+", "-", "*"]),
                    of(self, Kind::Integer)
                ),
            },
            Kind::Money => match self.dice.roll(3) {
                0 => format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["*", "/"]),
                    of(self, Kind::Decimal)
                ),
                1 => format!("({} * {})", of(self, kind), of(self, Kind::Percent)),
                _ => format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["+", "-"]),
                    of(self, kind)
                ),
            },
            Kind::Percent | Kind::Duration => {
                format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["+", "-"]),
                    of(self, kind)
                )
            }
            Kind::Date => match self.dice.roll(2) {
                0 => format!("date({})", of(self, Kind::Timestamp)),
                _ => format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["+", "-"]),
                    of(self, Kind::Duration)
                ),
            },
            Kind::Time => match self.dice.roll(2) {
                0 => format!("time({})", of(self, Kind::Timestamp)),
                _ => format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["+", "-"]),
                    of(self, Kind::Duration)
                ),
            },
            Kind::Timestamp => format!(
                "({} {} {})",
                of(self, kind),
                self.dice.pick(&["+", "-"]),
                of(self, Kind::Duration)
            ),
            Kind::Text => match self.dice.roll(5) {
                0 => format!("lower({})", of(self, kind)),
                3 => format!(
                    "word({}, {}, {})",
                    of(self, Kind::Text),
                    of(self, Kind::Choice),
                    of(self, Kind::Bool)
                ),
                4 => format!(
                    "\"{{list of {}Item.{} where {} sorted by {}}}\"",
                    self.dice.pick(&["", "distinct "]),
                    self.dice.pick(&["title", "owner"]),
                    of(self, Kind::Bool),
                    self.dice.pick(&["title", "pieces desc, title", "day"])
                ),
                1 => format!("({}).name", of(self, Kind::User)),
                _ => {
                    let inner = self.dice.pick(&[
                        Kind::Text,
                        Kind::Integer,
                        Kind::Decimal,
                        Kind::Percent,
                        Kind::Choice,
                        Kind::Date,
                        Kind::Money,
                        Kind::Time,
                        Kind::Timestamp,
                        Kind::Duration,
                        Kind::Bool,
                        Kind::User,
                        Kind::Item,
                    ]);
                    let (before, after) = self.dice.pick(&[("<", ">"), (" ", ""), ("", "")]);
                    format!("\"{before}{{{}}}{after}\"", of(self, inner))
                }
            },
            Kind::Choice | Kind::User => self.leaf(kind, outer),
            Kind::Item => format!("({}).parent", of(self, kind)),
        }
    }

    fn condition(&mut self, depth: u8, outer: &str) -> String {
        let of = |writer: &mut Self, kind: Kind| writer.write(kind, depth, outer);
        match self.dice.roll(12) {
            10 => format!(
                "(mail {} {})",
                self.dice.pick(&["is", "is not", "is one of"]),
                self.dice.pick(&[
                    "\"Ana@Example.org\"",
                    "\"ZOË@example.org\"",
                    "title",
                    "parent.mail",
                ])
            ),
            11 => format!(
                "({} is {})",
                of(self, Kind::User),
                self.dice.pick(&["Clerk", "Boss"])
            ),
            0 => format!("({} and {})", of(self, Kind::Bool), of(self, Kind::Bool)),
            1 => format!("({} or {})", of(self, Kind::Bool), of(self, Kind::Bool)),
            2 => format!(
                "({} implies {})",
                of(self, Kind::Bool),
                of(self, Kind::Bool)
            ),
            3 => format!("(not {})", of(self, Kind::Bool)),
            4 => {
                let kind = self.dice.pick(KINDS);
                format!(
                    "({} is {})",
                    of(self, kind),
                    self.dice.pick(&["set", "empty"])
                )
            }
            5 => format!(
                "({} {} {})",
                of(self, Kind::Choice),
                self.dice.pick(&["is", "is not", "<", ">="]),
                self.dice.pick(&["draft", "live", "done"])
            ),
            6 => match self.dice.roll(4) {
                0 => format!(
                    "({} contains {})",
                    of(self, Kind::Text),
                    of(self, Kind::Text)
                ),
                1 => format!(
                    "({} starts with {})",
                    of(self, Kind::Text),
                    of(self, Kind::Text)
                ),
                2 => format!(
                    "({} matches /{}/)",
                    of(self, Kind::Text),
                    self.dice.pick(&["[a-z]+", "A.*", ".b|c"])
                ),
                _ => format!(
                    "({} {} {}, {})",
                    of(self, Kind::Integer),
                    self.dice.pick(&["is one of", "is not one of"]),
                    of(self, Kind::Integer),
                    of(self, Kind::Decimal)
                ),
            },
            7 => {
                let kind = self.dice.pick(&[Kind::User, Kind::Item, Kind::Text]);
                format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["is", "is not"]),
                    of(self, kind)
                )
            }
            8 => format!(
                "({} {} {})",
                of(self, Kind::Integer),
                self.dice.pick(&["<", "<=", ">", ">=", "is"]),
                of(self, Kind::Decimal)
            ),
            _ => {
                let ordered = &[
                    Kind::Integer,
                    Kind::Decimal,
                    Kind::Money,
                    Kind::Percent,
                    Kind::Date,
                    Kind::Time,
                    Kind::Timestamp,
                    Kind::Duration,
                    Kind::Text,
                ];
                let kind = self.dice.pick(ordered);
                format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["<", "<=", ">", ">=", "is", "is not"]),
                    of(self, kind)
                )
            }
        }
    }

    fn aggregate(&mut self, kind: Kind, depth: u8) -> Option<String> {
        let filter = match self.dice.roll(4) {
            0 => " where parent is this".to_owned(),
            1 => " where owner is me".to_owned(),
            _ => format!(
                " where {}",
                self.write(Kind::Bool, depth.saturating_sub(1), "this.")
            ),
        };
        let name = self.dice.pick(Writer::field(kind));
        Some(match kind {
            Kind::Bool => match self.dice.roll(4) {
                0 => format!(
                    "every(Item{filter} holds {})",
                    self.write(Kind::Bool, depth.saturating_sub(1), "this.")
                ),
                1 => "exists(tags where word is \"a\")".to_owned(),
                2 => "(tags contains first(Tag))".to_owned(),
                _ => format!("exists(Item{filter})"),
            },
            Kind::Integer => match self.dice.roll(6) {
                0 => format!("sum(Item.pieces{filter})"),
                3 => format!("count(distinct Item.title{filter})"),
                4 => format!("sum(distinct Item.pieces - length(Item.title){filter})"),
                5 => format!("length(list of distinct Item.title{filter})"),
                1 => "count(tags)".to_owned(),
                _ => format!("count(Item{filter})"),
            },
            Kind::Decimal => format!(
                "{}({}{filter})",
                self.dice.pick(&["sum", "avg", "min", "max", "avg"]),
                self.dice.pick(&[
                    "Item.weight",
                    "distinct Item.weight",
                    "Item.weight * Item.pieces"
                ])
            ),
            Kind::Money => format!(
                "{}(Item.price{filter})",
                self.dice.pick(&["sum", "avg", "min", "max"])
            ),
            Kind::Date | Kind::Time | Kind::Timestamp | Kind::Duration | Kind::Choice => {
                format!("{}(Item.{name}{filter})", self.dice.pick(&["min", "max"]))
            }
            Kind::Item => {
                let key = self.dice.pick(&[
                    "pieces desc, title",
                    "title",
                    "state desc",
                    "price",
                    "day",
                    "owner desc",
                ]);
                format!("first(Item{filter} sorted by {key})")
            }
            Kind::Text => format!("first(Item{filter} sorted by title desc).title"),
            Kind::Percent | Kind::User => return None,
        })
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

/// Rows of every entity, and who asks when.
#[derive(Debug, Clone)]
pub struct Rows {
    ir: Rc<Ir>,
    /// By entity: id and the declared fields in order; computed ones are empty.
    pub tables: Vec<Vec<(i64, Vec<Value>)>>,
    /// The item that is `this`.
    pub this: i64,
    /// The caller.
    pub me: Option<i64>,
    /// Roles given, by user.
    pub roles: Vec<(i64, RoleId)>,
    /// The moment of the operation.
    pub now: i64,
}

impl Rows {
    /// Rows of the program [`program`] gives, drawn from bytes.
    #[must_use]
    pub fn roll(ir: Rc<Ir>, bytes: &[u8]) -> Rows {
        let mut dice = Dice { bytes, at: 0 };
        let me = if dice.roll(3) == 0 { None } else { Some(1) };
        let now =
            1_772_000_000_000 + i64::try_from(dice.roll(64)).unwrap_or(0) * 86_400_000 + 12_345;
        let sizes = [2, 1 + dice.roll(4), dice.roll(4)];
        let roles = match dice.roll(3) {
            0 => Vec::new(),
            1 => vec![(1, RoleId(0))],
            _ => vec![(1, RoleId(1)), (2, RoleId(0))],
        };
        let mut tables = Vec::new();
        for (entity, size) in ir.entities.iter().zip(sizes) {
            let mut rows = Vec::new();
            for id in (1..).take(size) {
                let values = entity.fields.iter().map(|field| {
                    if field.computed.is_some() {
                        Value::Empty
                    } else {
                        roll_value(&mut dice, &field.ty, &sizes)
                    }
                });
                rows.push((id, values.collect()));
            }
            tables.push(rows);
        }
        Rows {
            ir,
            tables,
            this: 1,
            me,
            roles,
            now,
        }
    }
}

fn roll_value(dice: &mut Dice<'_>, ty: &Type, sizes: &[usize; 3]) -> Value {
    let row = |dice: &mut Dice<'_>, entity: EntityId| {
        let size = sizes.get(entity.0 as usize).copied().unwrap_or(0);
        i64::try_from(dice.roll(size) + 1)
            .ok()
            .filter(|_| size > 0)
            .map_or(Value::Empty, Value::Row)
    };
    if let Type::Many(entity) = ty {
        let mut ids: Vec<i64> = Vec::new();
        for _ in 0..dice.roll(3) {
            if let Value::Row(id) = row(dice, *entity) {
                ids.push(id);
            }
        }
        ids.sort_unstable();
        ids.dedup();
        return Value::List(ids.into_iter().map(Value::Row).collect());
    }
    if dice.roll(4) == 0 {
        return Value::Empty;
    }
    match ty {
        Type::Text => Value::text(dice.pick(&["a", "Ab c", "b", "B", "é%_'", "c", "ÄRGER"])),
        Type::Email => {
            Value::text(dice.pick(&["ana@example.org", "zoë@example.org", "bob@example.org"]))
        }
        Type::Integer => Value::Number(dice.pick(&[0, 1, -7, 12, 1000, i64::MAX])),
        Type::Decimal(_) => Value::Number(dice.pick(&[0, 5, -225, 10_000, 333, 1])),
        Type::Money => Value::Number(dice.pick(&[0, 1, -1990, 100_000, i64::MAX])),
        Type::Percent => Value::Number(dice.pick(&[0, 1000, 1250, 3333])),
        Type::Bool => Value::Bool(dice.roll(2) == 1),
        Type::Date => Value::Date(dice.pick(&[0, 20_513, 19_782, -1])),
        Type::Time => Value::Time(dice.pick(&[0, 34_200_000, 86_399_000])),
        Type::Timestamp => {
            Value::Timestamp(dice.pick(&[0, 1_774_744_200_000, 1_772_400_000_000, -1]))
        }
        Type::Duration => {
            Value::Duration(dice.pick(&[0, 86_400_000, -3_600_000, 90 * 60_000, i64::MAX]))
        }
        Type::Choice(_) => Value::Choice(dice.pick(&[0, 1, 2])),
        Type::Ref(entity) => row(dice, *entity),
        _ => Value::Empty,
    }
}

impl World for Rows {
    fn ir(&self) -> &Ir {
        &self.ir
    }

    fn rows(&self, entity: EntityId) -> Vec<i64> {
        self.tables
            .get(entity.0 as usize)
            .map(|rows| rows.iter().map(|(id, _)| *id).collect())
            .unwrap_or_default()
    }

    fn field(&self, entity: EntityId, row: i64, field: FieldRef) -> Value {
        let found = self
            .tables
            .get(entity.0 as usize)
            .and_then(|rows| rows.iter().find(|(id, _)| *id == row));
        let Some((id, values)) = found else {
            return Value::Empty;
        };
        match field {
            FieldRef::Field(at) => values.get(at.0 as usize).cloned().unwrap_or(Value::Empty),
            FieldRef::Id => Value::Row(*id),
            FieldRef::Created => Value::Timestamp(1_770_000_000_000 + id * 1000),
            FieldRef::Updated => Value::Timestamp(1_771_000_000_000 + id * 1000),
            FieldRef::Version => Value::Number(*id),
        }
    }

    fn old(&self, entity: EntityId, field: FieldRef) -> Value {
        self.field(entity, self.this, field)
    }

    fn variable(&self, var: VarId) -> Value {
        if var == THIS || var == OLD {
            Value::Row(self.this)
        } else {
            Value::Empty
        }
    }

    fn input(&self, _: &str) -> Value {
        Value::Empty
    }

    fn output(&self) -> Value {
        Value::Empty
    }

    fn me(&self) -> Option<i64> {
        self.me
    }

    fn now(&self) -> i64 {
        self.now
    }

    fn offset(&self, moment: i64) -> i64 {
        let zone =
            jiff::tz::TimeZone::get(&self.ir.program.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let Ok(moment) = jiff::Timestamp::from_millisecond(moment) else {
            return 0;
        };
        i64::from(zone.to_offset(moment).seconds()) * 1000
    }

    fn roles(&self, user: i64) -> Vec<RoleId> {
        self.roles
            .iter()
            .filter(|(id, _)| *id == user)
            .map(|(_, role)| *role)
            .collect()
    }
}
