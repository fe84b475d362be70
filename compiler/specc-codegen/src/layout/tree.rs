//! The part of Rust that generated code is made of, as a tree over the text.

use super::shape::width;

/// A file.
#[derive(Debug)]
pub struct File<'a> {
    /// `//!` lines.
    pub docs: Vec<&'a str>,
    /// `#![…]`
    pub attributes: Vec<&'a str>,
    /// What follows.
    pub items: Vec<Item<'a>>,
}

/// An item with what stands above it.
#[derive(Debug)]
pub struct Item<'a> {
    /// `///` lines.
    pub docs: Vec<&'a str>,
    /// `#[…]`
    pub attributes: Vec<&'a str>,
    /// What it is.
    pub kind: ItemKind<'a>,
}

/// The kinds of items.
#[derive(Debug)]
pub enum ItemKind<'a> {
    /// `use …;`
    Use(&'a str),
    /// `mod …;`
    Mod(&'a str),
    /// `struct …;`
    Struct(&'a str),
    /// `const …: … =` and its value.
    Const(&'a str, Expr<'a>),
    /// A function.
    Fn(Function<'a>),
    /// `mod …` or `impl …` and what is inside.
    Group(&'a str, Vec<Item<'a>>),
    /// `enum …` and its variants with their docs.
    Enum(&'a str, Vec<(Vec<&'a str>, &'a str)>),
}

/// A function.
#[derive(Debug)]
pub struct Function<'a> {
    /// Up to the parameters.
    pub head: &'a str,
    /// The parameters.
    pub parameters: Vec<&'a str>,
    /// `-> …`, or nothing.
    pub output: &'a str,
    /// Its body.
    pub body: Block<'a>,
}

/// Statements in braces.
#[derive(Debug)]
pub struct Block<'a> {
    /// The statements in order.
    pub statements: Vec<Statement<'a>>,
}

/// A statement.
#[derive(Debug)]
pub enum Statement<'a> {
    /// An empty line.
    Gap,
    /// `// …`
    Note(&'a str),
    /// `let …` up to the `=`, and the value.
    Let(&'a str, Expr<'a>),
    /// `…;`
    Semi(Expr<'a>),
    /// The value of the block, or something with a block of its own.
    Bare(Expr<'a>),
}

/// How wide something is on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flat {
    /// In columns.
    pub width: usize,
    /// What must be free behind it.
    pub slack: usize,
}

/// An expression.
#[derive(Debug)]
pub struct Expr<'a> {
    /// What it is.
    pub kind: Kind<'a>,
    /// Its width on one line, where the rules let it stand on one.
    pub flat: Option<Flat>,
}

/// The kinds of expressions.
#[derive(Debug)]
pub enum Kind<'a> {
    /// A path or number.
    Word(&'a str),
    /// A string literal as written.
    Text(&'a str),
    /// `f(…)`
    Call(Box<Expr<'a>>, Vec<Expr<'a>>),
    /// `x.name(…)`; the name has its generics.
    Method(Box<Expr<'a>>, &'a str, Vec<Expr<'a>>),
    /// `x.name`
    Field(Box<Expr<'a>>, &'a str),
    /// `x?`
    Try(Box<Expr<'a>>),
    /// `name!(…)` or `name![…]`
    Macro(&'a str, bool, Vec<Expr<'a>>),
    /// `Name { …, ..base }`; a field without a value is its own.
    Struct(
        &'a str,
        Vec<(&'a str, Option<Expr<'a>>)>,
        Option<Box<Expr<'a>>>,
    ),
    /// `[…]`
    Array(Vec<Expr<'a>>),
    /// `(…, …)`
    Tuple(Vec<Expr<'a>>),
    /// `(…)`
    Paren(Box<Expr<'a>>),
    /// `&x`, `!x` …
    Unary(&'a str, Box<Expr<'a>>),
    /// Operands with the same operator between them.
    Binary(&'a str, Vec<Expr<'a>>),
    /// `if …`
    If(Box<Condition<'a>>, Block<'a>, Option<Box<Expr<'a>>>),
    /// `match …`, patterns and bodies.
    Match(Box<Expr<'a>>, Vec<(&'a str, Expr<'a>)>),
    /// `for … in …`
    For(&'a str, Box<Expr<'a>>, Block<'a>),
    /// Head, whether it names its output, and body.
    Closure(&'a str, bool, Box<Expr<'a>>),
    /// `{ … }`
    Block(Block<'a>),
    /// `return …`
    Return(Option<Box<Expr<'a>>>),
    /// `x = y`
    Assign(Box<Expr<'a>>, Box<Expr<'a>>),
}

/// What an `if` asks.
#[derive(Debug)]
pub struct Condition<'a> {
    /// The pattern of `if let`.
    pub pattern: Option<&'a str>,
    /// The condition or what is matched.
    pub value: Expr<'a>,
}

/// The most columns of a call's arguments, an array's elements or a chain on one line.
pub const SHORT: usize = 60;
/// The most columns of a struct's fields on one line.
pub const STRUCT: usize = 18;
/// The most columns of an `if` with its `else` on one line.
pub const IF: usize = 50;

impl<'a> Expr<'a> {
    /// With its width found out.
    pub fn new(kind: Kind<'a>) -> Expr<'a> {
        let flat = flat(&kind);
        Expr { kind, flat }
    }

    /// A call or macro, also behind `&`, `?` and their like.
    pub fn is_nested_call(&self) -> bool {
        match &self.kind {
            Kind::Call(..) | Kind::Macro(..) => true,
            Kind::Unary(_, inner) | Kind::Try(inner) => inner.is_nested_call(),
            _ => false,
        }
    }

    /// A method call, also behind `&`, `?` and their like.
    pub fn is_method_call(&self) -> bool {
        match &self.kind {
            Kind::Method(..) => true,
            Kind::Unary(_, inner) | Kind::Try(inner) => inner.is_method_call(),
            _ => false,
        }
    }

    /// A literal, a name, or a field of one.
    pub fn is_simple(&self) -> bool {
        match &self.kind {
            Kind::Word(word) => !word.contains("::"),
            Kind::Text(_) => true,
            Kind::Unary(_, inner) | Kind::Try(inner) | Kind::Field(inner, _) => inner.is_simple(),
            _ => false,
        }
    }

    /// As the last of so many arguments it may begin on the line of the others and go on below.
    pub fn can_overflow(&self, arguments: usize) -> bool {
        match &self.kind {
            Kind::Block(_) | Kind::Closure(..) => true,
            Kind::Match(..)
            | Kind::If(..)
            | Kind::For(..)
            | Kind::Array(_)
            | Kind::Struct(..)
            | Kind::Macro(..)
            | Kind::Call(..)
            | Kind::Method(..)
            | Kind::Tuple(_) => arguments == 1,
            Kind::Unary(_, inner) | Kind::Try(inner) => inner.can_overflow(arguments),
            _ => false,
        }
    }
}

impl<'a> Block<'a> {
    /// The value, where the block holds nothing else.
    pub fn simple(&self) -> Option<&Expr<'a>> {
        match self.statements.as_slice() {
            [Statement::Bare(value)] => Some(value),
            _ => None,
        }
    }
}

fn flat(kind: &Kind<'_>) -> Option<Flat> {
    let plain = |width| Some(Flat { width, slack: 0 });
    match kind {
        Kind::Word(word) => plain(width(word)),
        Kind::Text(text) => {
            if text.contains('\n') {
                None
            } else {
                plain(width(text))
            }
        }
        Kind::Call(callee, arguments) => {
            let callee = callee.flat?;
            let inner = arguments_flat(arguments)?;
            Some(Flat {
                width: callee.width + 2 + inner.width,
                slack: callee.slack.max(inner.slack),
            })
        }
        Kind::Macro(name, _, arguments) => {
            let inner = arguments_flat(arguments)?;
            Some(Flat {
                width: width(name) + 2 + inner.width,
                slack: inner.slack,
            })
        }
        Kind::Array(items) | Kind::Tuple(items) => {
            let inner = arguments_flat(items)?;
            Some(Flat {
                width: inner.width + 2,
                slack: inner.slack,
            })
        }
        Kind::Method(..) | Kind::Field(..) | Kind::Try(_) => chain_flat(kind),
        Kind::Struct(path, fields, base) => {
            if fields.is_empty() && base.is_none() {
                return plain(width(path) + 3);
            }
            let mut total = 0;
            let mut slack = 0;
            for (name, value) in fields {
                total += width(name);
                if let Some(value) = value {
                    let value = value.flat?;
                    total += 2 + value.width;
                    slack = slack.max(value.slack);
                }
            }
            if let Some(base) = base {
                let base = base.flat?;
                total += 2 + base.width;
                slack = slack.max(base.slack);
            }
            let count = fields.len() + usize::from(base.is_some());
            total += 2 * count.saturating_sub(1);
            (total <= STRUCT).then(|| Flat {
                width: width(path) + 4 + total,
                slack,
            })
        }
        Kind::Paren(inner) => {
            let inner = inner.flat?;
            Some(Flat {
                width: inner.width + 2,
                ..inner
            })
        }
        Kind::Unary(sign, inner) => {
            let inner = inner.flat?;
            Some(Flat {
                width: inner.width + sign.len(),
                ..inner
            })
        }
        Kind::Binary(sign, operands) => {
            let mut total = Flat { width: 0, slack: 0 };
            for operand in operands {
                let operand = operand.flat?;
                total.width += operand.width;
                total.slack = total.slack.max(operand.slack);
            }
            total.width += (sign.len() + 2) * operands.len().saturating_sub(1);
            Some(total)
        }
        Kind::If(condition, then, otherwise) => {
            let otherwise = match &otherwise.as_deref()?.kind {
                Kind::Block(block) => block.simple()?.flat?,
                _ => return None,
            };
            if condition.pattern.is_some() {
                return None;
            }
            let condition = condition.value.flat?;
            let then = then.simple()?.flat?;
            let width = 18 + condition.width + then.width + otherwise.width;
            (width <= IF).then(|| Flat {
                width,
                slack: condition.slack.max(then.slack).max(otherwise.slack),
            })
        }
        Kind::Closure(head, _, body) => {
            if matches!(body.kind, Kind::Block(_)) {
                return None;
            }
            let body = body.flat?;
            Some(Flat {
                width: width(head) + 1 + body.width,
                slack: body.slack.max(4),
            })
        }
        Kind::Return(None) => plain(6),
        Kind::Return(Some(value)) => {
            let value = value.flat?;
            Some(Flat {
                width: value.width + 7,
                ..value
            })
        }
        Kind::Assign(left, right) => {
            let (left, right) = (left.flat?, right.flat?);
            Some(Flat {
                width: left.width + 3 + right.width,
                slack: left.slack.max(right.slack),
            })
        }
        Kind::Match(..) | Kind::For(..) | Kind::Block(_) => None,
    }
}

fn arguments_flat(arguments: &[Expr<'_>]) -> Option<Flat> {
    let mut total = Flat { width: 0, slack: 0 };
    for argument in arguments {
        let argument = argument.flat?;
        total.width += argument.width;
        total.slack = total.slack.max(argument.slack);
    }
    total.width += 2 * arguments.len().saturating_sub(1);
    let short = total.width <= SHORT
        || matches!(arguments, [only] if !only.is_nested_call() && !matches!(only.kind, Kind::Closure(..)));
    short.then_some(total)
}

fn chain_flat(kind: &Kind<'_>) -> Option<Flat> {
    let mut total = Flat { width: 0, slack: 0 };
    let mut children = 0;
    let mut tries = 0;
    let mut last_tries = 0;
    let mut add = |part: Flat| {
        total.width += part.width;
        total.slack = total.slack.max(part.slack);
    };
    let mut node = kind;
    loop {
        let inner = match node {
            Kind::Try(inner) => {
                tries += 1;
                add(Flat { width: 1, slack: 0 });
                inner
            }
            Kind::Field(inner, name) => {
                add(Flat {
                    width: 1 + name.len(),
                    slack: 0,
                });
                if children == 0 {
                    last_tries = tries;
                }
                children += 1;
                inner
            }
            Kind::Method(inner, name, arguments) => {
                let arguments = arguments_flat(arguments)?;
                add(Flat {
                    width: 3 + name.len() + arguments.width,
                    slack: arguments.slack,
                });
                if children == 0 {
                    last_tries = tries;
                }
                children += 1;
                inner
            }
            _ => break,
        };
        if matches!(
            inner.kind,
            Kind::Try(_) | Kind::Field(..) | Kind::Method(..)
        ) {
            node = &inner.kind;
            continue;
        }
        add(inner.flat?);
        break;
    }
    if children == 0 {
        return Some(total);
    }
    total.slack = total.slack.max(last_tries);
    (children == 1 || total.width + last_tries <= SHORT).then_some(total)
}
