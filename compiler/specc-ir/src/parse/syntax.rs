//! The grammar of expressions: tokens to untyped nodes. Knows no declarations.

mod primary;

use super::token::{Fail, Kind, Token, tokens};
use crate::expr::{BinaryOp, UnaryOp};
use crate::scope::Index;

/// How deep an expression may nest.
pub(super) const DEEPEST: u32 = 64;

/// An untyped expression.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) start: usize,
    pub(super) end: usize,
    depth: u32,
}

/// A part of a text.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Plain(String),
    Code(Node),
}

/// A sort key.
#[derive(Debug, Clone)]
pub(super) struct SortNode {
    pub(super) by: Node,
    pub(super) descending: bool,
}

/// `count(…)` and the like, over rows.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    /// The function's name in lower case, or `list`.
    pub(super) op: String,
    pub(super) distinct: bool,
    pub(super) value: Node,
    pub(super) alias: Option<(usize, usize)>,
    pub(super) filter: Option<Node>,
    pub(super) sort: Vec<SortNode>,
    pub(super) holds: Option<Node>,
}

/// The forms of a node.
#[derive(Debug, Clone)]
pub(super) enum NodeKind {
    Number,
    Percent,
    /// Milliseconds; `None` where they do not fit.
    Duration(Option<i64>),
    Text(Vec<Part>),
    Regex(String),
    Date,
    Time,
    Moment,
    Word,
    /// The place of the name behind the point.
    Path(Box<Node>, usize, usize),
    /// The place of the function's name.
    Call(usize, usize, Vec<Node>),
    Unary(UnaryOp, Box<Node>),
    Binary(BinaryOp, Box<Node>, Box<Node>),
    OneOf(Box<Node>, Vec<Node>),
    IsSet(Box<Node>),
    IsEmpty(Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    Rows(Box<Rows>),
    CanRead(Box<Node>),
    /// Between parentheses.
    Group(Box<Node>),
}

/// Words that never begin a value.
const RESERVED: &[&str] = &["and", "or", "implies", "then", "else", "is", "where", "as"];

/// Functions over rows.
const OVER_ROWS: &[&str] = &["count", "sum", "avg", "exists", "every", "first"];

/// Milliseconds of a unit.
pub(super) fn unit(word: &str) -> Option<i64> {
    let word = word.to_ascii_lowercase();
    Some(match word.strip_suffix('s').unwrap_or(&word) {
        "millisecond" => 1,
        "second" => 1000,
        "minute" => 60_000,
        "hour" => 3_600_000,
        "day" => 86_400_000,
        "week" => 604_800_000,
        _ => return None,
    })
}

/// A reader over the tokens of one piece of code.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    index: &'a Index,
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    end: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(
        text: &'a str,
        start: usize,
        end: usize,
        index: &'a Index,
    ) -> Result<Parser<'a>, Fail> {
        Ok(Parser {
            text,
            index,
            tokens: tokens(text, start, end, index)?,
            at: 0,
            depth: 0,
            end,
        })
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or("")
    }

    fn word_at(&self, ahead: usize) -> Option<&'a str> {
        let token = self.tokens.get(self.at + ahead)?;
        (token.kind == Kind::Word).then(|| self.slice(token.start, token.end))
    }

    fn sign_at(&self, ahead: usize) -> Option<&'static str> {
        match self.tokens.get(self.at + ahead)?.kind {
            Kind::Sign(sign) => Some(sign),
            _ => None,
        }
    }

    /// The next token is this word.
    pub(super) fn is_word(&self, ahead: usize, word: &str) -> bool {
        self.word_at(ahead)
            .is_some_and(|found| found.eq_ignore_ascii_case(word))
    }

    pub(super) fn is_sign(&self, ahead: usize, sign: &str) -> bool {
        self.sign_at(ahead) == Some(sign)
    }

    /// Takes these words where they come next.
    pub(super) fn take_words(&mut self, words: &[&str]) -> bool {
        let all = words
            .iter()
            .enumerate()
            .all(|(ahead, word)| self.is_word(ahead, word));
        if all {
            self.at += words.len();
        }
        all
    }

    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(0, sign);
        if found {
            self.at += 1;
        }
        found
    }

    /// Where the next token stands, or the end of the code.
    pub(super) fn place(&self) -> (usize, usize) {
        self.peek()
            .map_or((self.end, self.end), |token| (token.start, token.end))
    }

    /// The end of the last token taken.
    pub(super) fn last_end(&self) -> usize {
        self.at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .map_or(0, |token| token.end)
    }

    pub(super) fn expected(&self, what: &str) -> Fail {
        let (start, end) = self.place();
        match self.peek() {
            None => Fail::new(
                // The last character.
                self.slice(0, start)
                    .char_indices()
                    .next_back()
                    .map_or(0, |(at, _)| at),
                end,
                format!("{what} is missing at the end"),
            ),
            Some(_) => {
                let fail = Fail::new(
                    start,
                    end,
                    format!("expected {what}, found `{}`", self.slice(start, end)),
                );
                match self.sign_at(0) {
                    Some("=" | "==") => fail.help("equality is written `is`").edit("is"),
                    Some("!=" | "<>" | "≠") => fail.help("write `is not`").edit("is not"),
                    Some("&&") => fail.help("write `and`").edit("and"),
                    Some("||") => fail.help("write `or`").edit("or"),
                    Some("!") => fail.help("write `not`").edit("not "),
                    Some("≤") => fail.help("write `<=`").edit("<="),
                    Some("≥") => fail.help("write `>=`").edit(">="),
                    _ => fail,
                }
            }
        }
    }

    /// Takes a word, whichever.
    pub(super) fn name(&mut self, what: &str) -> Result<(usize, usize), Fail> {
        match self.peek() {
            Some(Token {
                kind: Kind::Word,
                start,
                end,
            }) => {
                let place = (*start, *end);
                self.at += 1;
                Ok(place)
            }
            _ => Err(self.expected(what)),
        }
    }

    /// Nothing may follow.
    pub(super) fn finish(&self) -> Result<(), Fail> {
        if self.peek().is_none() {
            return Ok(());
        }
        let fail = self.expected("the end or an operator");
        match fail.help {
            Some(_) => Err(fail),
            None => Err(fail.help("combine conditions with `and` or `or`; names of several words are written with `_`")),
        }
    }

    fn close(&mut self) -> Result<(), Fail> {
        if self.take_sign(")") {
            Ok(())
        } else {
            Err(self.expected("`)`"))
        }
    }

    fn node(kind: NodeKind, start: usize, end: usize, below: &[&Node]) -> Result<Node, Fail> {
        let depth = 1 + below.iter().map(|node| node.depth).max().unwrap_or(0);
        if depth > DEEPEST {
            return Err(too_deep(start, end));
        }
        Ok(Node {
            kind,
            start,
            end,
            depth,
        })
    }

    fn unary(
        kind: impl FnOnce(Box<Node>) -> NodeKind,
        start: usize,
        end: usize,
        inner: Node,
    ) -> Result<Node, Fail> {
        let depth = inner.depth + 1;
        if depth > DEEPEST {
            return Err(too_deep(start, end));
        }
        Ok(Node {
            kind: kind(Box::new(inner)),
            start,
            end,
            depth,
        })
    }

    fn binary(op: BinaryOp, left: Node, right: Node) -> Result<Node, Fail> {
        let depth = 1 + left.depth.max(right.depth);
        let (start, end) = (left.start, right.end);
        if depth > DEEPEST {
            return Err(too_deep(start, end));
        }
        Ok(Node {
            kind: NodeKind::Binary(op, Box::new(left), Box::new(right)),
            start,
            end,
            depth,
        })
    }

    /// A whole expression.
    pub(super) fn expression(&mut self) -> Result<Node, Fail> {
        self.level(0)
    }

    /// An expression without comparisons and logic.
    pub(super) fn operand(&mut self) -> Result<Node, Fail> {
        self.level(6)
    }

    fn level(&mut self, least: u8) -> Result<Node, Fail> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let (start, end) = self.place();
            return Err(too_deep(start, end));
        }
        let node = self.climb(least);
        self.depth -= 1;
        node
    }

    fn climb(&mut self, least: u8) -> Result<Node, Fail> {
        let mut left = self.prefix()?;
        loop {
            let (op, level) = match (
                self.word_at(0).map(str::to_ascii_lowercase).as_deref(),
                self.sign_at(0),
            ) {
                (Some("implies"), _) => (BinaryOp::Implies, 1),
                (Some("or"), _) => (BinaryOp::Or, 2),
                (Some("and"), _) => (BinaryOp::And, 3),
                (Some("is"), _) => (BinaryOp::Is, 5),
                (Some("contains"), _) => (BinaryOp::Contains, 5),
                (Some("matches"), _) => (BinaryOp::Matches, 5),
                (Some("starts"), _) if self.is_word(1, "with") => (BinaryOp::StartsWith, 5),
                (_, Some("<")) => (BinaryOp::Less, 5),
                (_, Some("<=")) => (BinaryOp::LessOrEqual, 5),
                (_, Some(">")) => (BinaryOp::Greater, 5),
                (_, Some(">=")) => (BinaryOp::GreaterOrEqual, 5),
                (_, Some("+")) => (BinaryOp::Add, 6),
                (_, Some("-")) => (BinaryOp::Subtract, 6),
                (_, Some("*")) => (BinaryOp::Multiply, 7),
                (_, Some("/")) => (BinaryOp::Divide, 7),
                _ => return Ok(left),
            };
            if level < least {
                return Ok(left);
            }
            if level == 5 {
                left = self.comparison(op, left)?;
                if let Some(fail) = self.chained() {
                    return Err(fail);
                }
                continue;
            }
            self.at += 1;
            let right = self.level(if op == BinaryOp::Implies {
                level
            } else {
                level + 1
            })?;
            left = Parser::binary(op, left, right)?;
        }
    }

    fn chained(&self) -> Option<Fail> {
        let word = self.word_at(0).map(str::to_ascii_lowercase);
        let again = matches!(word.as_deref(), Some("is" | "contains" | "matches"))
            || (self.is_word(0, "starts") && self.is_word(1, "with"))
            || matches!(self.sign_at(0), Some("<" | "<=" | ">" | ">="));
        let (start, end) = self.place();
        again.then(|| {
            Fail::new(start, end, "comparisons do not chain")
                .named("chained-comparison")
                .help("write `a < b and b < c`, or put parentheses around the first")
        })
    }

    fn comparison(&mut self, op: BinaryOp, left: Node) -> Result<Node, Fail> {
        self.at += if op == BinaryOp::StartsWith { 2 } else { 1 };
        let start = left.start;
        if op != BinaryOp::Is {
            let right = self.level(6)?;
            return Parser::binary(op, left, right);
        }
        let not = self.take_words(&["not"]);
        if self.take_words(&["set"]) {
            let end = self.last_end();
            return Parser::unary(
                if not {
                    NodeKind::IsEmpty
                } else {
                    NodeKind::IsSet
                },
                start,
                end,
                left,
            );
        }
        if self.take_words(&["empty"]) {
            let end = self.last_end();
            return Parser::unary(
                if not {
                    NodeKind::IsSet
                } else {
                    NodeKind::IsEmpty
                },
                start,
                end,
                left,
            );
        }
        if self.take_words(&["one", "of"]) {
            let mut options = vec![self.level(6)?];
            while self.is_sign(0, ",") && !(self.word_at(1).is_some() && self.is_sign(2, "=")) {
                self.at += 1;
                options.push(self.level(6)?);
            }
            let end = self.last_end();
            let depth = 1 + options
                .iter()
                .map(|node| node.depth)
                .chain([left.depth])
                .max()
                .unwrap_or(0);
            if depth + 1 > DEEPEST {
                return Err(too_deep(start, end));
            }
            let node = Node {
                kind: NodeKind::OneOf(Box::new(left), options),
                start,
                end,
                depth,
            };
            return if not {
                Parser::unary(
                    |inner| NodeKind::Unary(UnaryOp::Not, inner),
                    start,
                    end,
                    node,
                )
            } else {
                Ok(node)
            };
        }
        let right = self.level(6)?;
        Parser::binary(
            if not { BinaryOp::IsNot } else { BinaryOp::Is },
            left,
            right,
        )
    }

    fn prefix(&mut self) -> Result<Node, Fail> {
        let (start, _) = self.place();
        if self.take_words(&["not"]) {
            let inner = self.level(5)?;
            let end = inner.end;
            return Parser::unary(
                |inner| NodeKind::Unary(UnaryOp::Not, inner),
                start,
                end,
                inner,
            );
        }
        if self.take_sign("-") {
            let inner = self.level(8)?;
            let end = inner.end;
            return Parser::unary(
                |inner| NodeKind::Unary(UnaryOp::Negate, inner),
                start,
                end,
                inner,
            );
        }
        if self.is_word(0, "if") && !self.is_sign(1, ".") {
            self.at += 1;
            return self.choose(start);
        }
        let mut node = self.primary()?;
        while self.is_sign(0, ".") {
            self.at += 1;
            let (from, to) = self.name("a name behind `.`")?;
            let start = node.start;
            node = Parser::unary(|base| NodeKind::Path(base, from, to), start, to, node)?;
        }
        Ok(node)
    }

    fn choose(&mut self, start: usize) -> Result<Node, Fail> {
        let condition = self.level(0)?;
        if !self.take_words(&["then"]) {
            return Err(self.expected("`then`"));
        }
        let then = self.level(0)?;
        if !self.take_words(&["else"]) {
            return Err(self
                .expected("`else`")
                .help("every `if` says what it is otherwise: `if … then … else …`"));
        }
        let otherwise = self.level(0)?;
        let end = otherwise.end;
        let depth = 1 + condition.depth.max(then.depth).max(otherwise.depth);
        if depth > DEEPEST {
            return Err(too_deep(start, end));
        }
        Ok(Node {
            kind: NodeKind::If(Box::new(condition), Box::new(then), Box::new(otherwise)),
            start,
            end,
            depth,
        })
    }
}

fn too_deep(start: usize, end: usize) -> Fail {
    Fail::new(
        start,
        end,
        format!("this expression nests more than {DEEPEST} deep"),
    )
    .named("too-deep")
    .help("give parts of it a name, as a computed field or a function")
}
