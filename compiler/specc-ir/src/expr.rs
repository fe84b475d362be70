//! Typed expressions: the one small language behind policies, rules, guards, computed values and filters.
//! Owns their shape. Parsing, typing, evaluation and the English sentence stand in the sibling modules;
//! SQL and Rust are translations in `specc-codegen`.

use crate::ir::{ChoiceId, EntityId, FieldId, FunctionId, Type};
use serde::Serialize;
use specc_syntax::span::Span;

/// A variable: which one it is in [`Scope`](crate::scope::Scope) terms. Numbers are unique within one
/// section (an entity's policies and rules, an action, a function, a seed, a scenario).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, schemars::JsonSchema,
)]
pub struct VarId(pub u32);

/// The section's own row, `this`.
pub const THIS: VarId = VarId(0);
/// The row as it was before the operation, `old`.
pub const OLD: VarId = VarId(1);

/// A typed expression.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// What it gives. Every value may be empty; conditions (`yes/no` operators) never are.
    pub ty: Type,
    /// Where it stands.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub enum ExprKind {
    /// A literal; decimals, money and percent carry their mantissa at the type's scale,
    /// dates count days and timestamps and durations milliseconds (see [`Literal`]).
    Literal(Literal),
    /// A variable: a row (`this`, `old`, a searched row, a name given with `as`), or a
    /// function's parameter.
    Var(VarId),
    /// The signed-in user's row; empty for a visitor and for jobs.
    Me,
    /// Now, a timestamp.
    Now,
    /// Today in the program's time zone, a date.
    Today,
    /// `input.x`: what the client sent, by the input's position in the operation's inputs.
    Input(String),
    /// `output`: a function's result, in its properties.
    Output,
    /// A field of a row; `base` has type `Ref`. Paths are nested fields.
    Field(Box<Expr>, EntityId, FieldRef),
    /// `not`, unary minus.
    Unary(UnaryOp, Box<Expr>),
    /// Two operands.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `x is one of a, b, c`.
    OneOf(Box<Expr>, Vec<Expr>),
    /// `x is set`.
    IsSet(Box<Expr>),
    /// `x is empty`.
    IsEmpty(Box<Expr>),
    /// `me is Agent`, or a role asked of another user's row.
    HasRole(Box<Expr>, crate::ir::RoleId),
    /// `if c then a else b`.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `"text with {interpolation}"`.
    Join(Vec<Expr>),
    /// A built-in function.
    Call(Builtin, Vec<Expr>),
    /// A declared function.
    Function(FunctionId, Vec<Expr>),
    /// `count(…)`, `sum(…)`, `exists(…)`, `first(…)` and the like over rows of an entity.
    Aggregate(Box<Aggregate>),
    /// `can read ticket`: the caller may read that row, by the row's own policy.
    CanRead(Box<Expr>, EntityId),
}

/// A field of a row, declared or built in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, schemars::JsonSchema,
)]
pub enum FieldRef {
    /// A declared field.
    Field(FieldId),
    /// `id`
    Id,
    /// `created`, a timestamp.
    Created,
    /// `updated`, a timestamp.
    Updated,
    /// `version`, an integer.
    Version,
}

/// A literal value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
pub enum Literal {
    /// The word `empty`.
    Empty,
    /// `yes` or `no`, `true` or `false`.
    Bool(bool),
    /// Text.
    Text(String),
    /// An integer.
    Integer(i64),
    /// Decimal, money or percent: the mantissa at the scale of the expression's type.
    Decimal(i64),
    /// A choice's value, by its position.
    Choice(ChoiceId, u32),
    /// Days since 1970-01-01.
    Date(i32),
    /// Milliseconds since midnight.
    Time(i64),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
    /// Milliseconds.
    Duration(i64),
}

/// Operators with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
pub enum UnaryOp {
    /// `not x`
    Not,
    /// `-x`
    Negate,
}

/// Operators with two operands. Comparisons with something empty are false; `IsNot` is the negation of `Is`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
#[expect(missing_docs, reason = "they read as the language writes them")]
pub enum BinaryOp {
    And,
    Or,
    Implies,
    Is,
    IsNot,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    StartsWith,
    /// The right side is a literal text, a regular expression that was checked.
    Matches,
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// Built-in functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
#[expect(missing_docs, reason = "named as the language names them")]
pub enum Builtin {
    Lower,
    Length,
    /// `round(x)` to an integer, `round(x, n)` to n places; half away from zero.
    Round,
    /// The date of a timestamp in the program's time zone.
    Date,
    /// The time of day of a timestamp in the program's time zone.
    Time,
    /// 1 (Monday) to 7, of a date or timestamp.
    Weekday,
    Year,
    Month,
    Day,
    Hour,
    /// Smaller and larger of two values, and the absolute value.
    Min,
    Max,
    Abs,
}

/// What an aggregate computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
#[expect(missing_docs, reason = "named as the language names them")]
pub enum AggregateOp {
    Count,
    Sum,
    Min,
    Max,
    Avg,
    Exists,
    /// `every(Item where … holds cond)`: no row of the set breaks `value`.
    Every,
    /// The values as a list.
    List,
    /// The first row in the sort order (a reference), or its `value`.
    First,
}

/// An aggregate over the rows of an entity, of which `var` is each in turn.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Aggregate {
    /// What to compute.
    pub op: AggregateOp,
    /// Over which entity.
    pub entity: EntityId,
    /// The searched row.
    pub var: VarId,
    /// Which rows; all where absent.
    pub filter: Option<Expr>,
    /// Of which value; absent for `count`, `exists` and a bare `first`.
    pub value: Option<Expr>,
    /// Each value once.
    pub distinct: bool,
    /// The order, for `list` and `first`; ties by id.
    pub sort: Vec<Sort>,
    /// The rows come from a `many` field of this row rather than from the whole entity.
    pub through: Option<(Expr, FieldId)>,
}

/// A sort key.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Sort {
    /// By what, of the searched row.
    pub by: Expr,
    /// Largest first.
    pub descending: bool,
}
