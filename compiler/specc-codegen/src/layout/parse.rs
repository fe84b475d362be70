//! Tokens to expressions and statements.

use super::lex::{Kind as Token_, Token};
use super::tree::{Block, Condition, Expr, Kind, Statement};

/// Reads tokens one after the other; what it gives nothing for is not of the part of Rust known here.
pub struct Reader<'a> {
    pub(super) source: &'a str,
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) at: usize,
    /// Brackets open around this place, so that no text leads too deep.
    depth: u32,
}

/// How tightly a binary operator binds; none where it is none.
fn tightness(sign: &str) -> Option<u8> {
    Some(match sign {
        "||" => 1,
        "&&" => 2,
        "==" | "!=" | "<" | ">" | "<=" | ">=" => 3,
        "|" => 4,
        "^" => 5,
        "&" => 6,
        "<<" | ">>" => 7,
        "+" | "-" => 8,
        "*" | "/" | "%" => 9,
        _ => return None,
    })
}

const DEEPEST: u32 = 200;

impl<'a> Reader<'a> {
    /// At the start of these tokens.
    pub fn new(source: &'a str, tokens: Vec<Token<'a>>) -> Reader<'a> {
        Reader {
            source,
            tokens,
            at: 0,
            depth: 0,
        }
    }

    pub(super) fn peek(&self) -> Token<'a> {
        self.ahead(0)
    }

    pub(super) fn ahead(&self, count: usize) -> Token<'a> {
        self.tokens.get(self.at + count).copied().unwrap_or(Token {
            kind: Token_::End,
            text: "",
            at: self.source.len(),
        })
    }

    pub(super) fn next(&mut self) -> Token<'a> {
        let token = self.peek();
        self.at += 1;
        token
    }

    /// Punctuation or a keyword comes next.
    pub(super) fn is(&self, text: &str) -> bool {
        let token = self.peek();
        token.text == text && matches!(token.kind, Token_::Punct | Token_::Word)
    }

    /// An empty line stands before what comes next.
    fn is_apart(&self) -> bool {
        let before = self.source.get(..self.peek().at).unwrap_or("");
        let gap = before.len() - before.trim_end().len();
        before
            .get(before.len() - gap..)
            .is_some_and(|blank| blank.matches('\n').count() > 1)
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let there = self.is(text);
        if there {
            self.at += 1;
        }
        there
    }

    pub(super) fn expect(&mut self, text: &str) -> Option<()> {
        self.take(text).then_some(())
    }

    /// The source from a token up to the one that comes next.
    pub(super) fn since(&self, start: usize) -> Option<&'a str> {
        let from = self.tokens.get(start)?.at;
        let last = self.tokens.get(self.at.checked_sub(1)?)?;
        self.source.get(from..last.at + last.text.len())
    }

    /// Goes on to one of these at this level of brackets; angle ones count where types are read.
    pub(super) fn skip_to(&mut self, ends: &[&str], angles: bool) -> Option<()> {
        let mut depth = 0_i32;
        loop {
            let token = self.peek();
            if token.kind == Token_::End {
                return None;
            }
            if depth == 0 && ends.contains(&token.text) && token.kind == Token_::Punct {
                return Some(());
            }
            if token.kind == Token_::Punct {
                match token.text {
                    "(" | "[" | "{" => depth += 1,
                    ")" | "]" | "}" => depth -= 1,
                    "<" if angles => depth += 1,
                    ">" if angles => depth -= 1,
                    ">>" if angles => depth -= 2,
                    _ => {}
                }
            }
            if depth < 0 {
                return None;
            }
            self.at += 1;
        }
    }

    pub(super) fn expr(&mut self) -> Option<Expr<'a>> {
        self.depth += 1;
        let out = if self.depth > DEEPEST {
            None
        } else {
            self.assignment(true)
        };
        self.depth -= 1;
        out
    }

    fn assignment(&mut self, structs: bool) -> Option<Expr<'a>> {
        let left = self.binary(0, structs)?;
        if !self.take("=") {
            return Some(left);
        }
        let right = self.binary(0, structs)?;
        Some(Expr::new(Kind::Assign(Box::new(left), Box::new(right))))
    }

    /// Operands with operators between them that bind at least so tightly.
    fn binary(&mut self, least: u8, structs: bool) -> Option<Expr<'a>> {
        let mut left = self.unary(structs)?;
        // The operator of what is on the left, unless brackets keep it together.
        let mut own = "";
        loop {
            let token = self.peek();
            if token.kind != Token_::Punct {
                return Some(left);
            }
            let Some(tight) = tightness(token.text).filter(|tight| *tight >= least) else {
                return Some(left);
            };
            self.at += 1;
            let right = self.binary(tight + 1, structs)?;
            let operands = match left.kind {
                Kind::Binary(sign, mut operands) if sign == own && sign == token.text => {
                    operands.push(right);
                    operands
                }
                kind => vec![
                    Expr {
                        kind,
                        flat: left.flat,
                    },
                    right,
                ],
            };
            own = token.text;
            left = Expr::new(Kind::Binary(own, operands));
        }
    }

    fn unary(&mut self, structs: bool) -> Option<Expr<'a>> {
        let token = self.peek();
        if token.kind != Token_::Punct {
            return self.postfix(structs);
        }
        let sign = match token.text {
            "&" if self.ahead(1).text == "mut" => {
                self.at += 1;
                "&mut "
            }
            "&" => "&",
            "!" => "!",
            "-" => "-",
            "*" => "*",
            "|" | "||" => return self.closure(),
            _ => return self.postfix(structs),
        };
        self.at += 1;
        self.depth += 1;
        let inner = if self.depth > DEEPEST {
            None
        } else {
            self.unary(structs)
        };
        self.depth -= 1;
        Some(Expr::new(Kind::Unary(sign, Box::new(inner?))))
    }

    fn closure(&mut self) -> Option<Expr<'a>> {
        let start = self.at;
        if !self.take("||") {
            self.expect("|")?;
            self.skip_to(&["|"], false)?;
            self.expect("|")?;
        }
        let mut has_output = false;
        if self.take("->") {
            has_output = true;
            self.skip_to(&["{"], false)?;
        }
        let head = self.since(start)?;
        let body = self.expr()?;
        let body = match body.kind {
            Kind::Block(block) if !has_output => value_alone(block),
            kind => Expr {
                kind,
                flat: body.flat,
            },
        };
        Some(Expr::new(Kind::Closure(head, has_output, Box::new(body))))
    }

    fn postfix(&mut self, structs: bool) -> Option<Expr<'a>> {
        let mut expr = self.primary(structs)?;
        loop {
            if self.take("?") {
                expr = Expr::new(Kind::Try(Box::new(expr)));
            } else if self.is("(") {
                let arguments = self.items("(", ")")?;
                expr = Expr::new(Kind::Call(Box::new(expr), arguments));
            } else if self.take(".") {
                let name = self.next();
                if name.kind != Token_::Word {
                    return None;
                }
                expr = Expr::new(if self.is("(") {
                    let arguments = self.items("(", ")")?;
                    Kind::Method(Box::new(expr), name.text, arguments)
                } else {
                    Kind::Field(Box::new(expr), name.text)
                });
            } else {
                return Some(expr);
            }
        }
    }

    fn primary(&mut self, structs: bool) -> Option<Expr<'a>> {
        let token = self.peek();
        match token.kind {
            Token_::Text => {
                self.at += 1;
                Some(Expr::new(Kind::Text(token.text)))
            }
            Token_::Punct => match token.text {
                "(" => {
                    let mut items = self.items("(", ")")?;
                    let comma = self.tokens.get(self.at.checked_sub(2)?)?.text == ",";
                    Some(Expr::new(match items.pop() {
                        Some(only) if items.is_empty() && !comma => Kind::Paren(Box::new(only)),
                        Some(last) if !items.is_empty() => {
                            items.push(last);
                            Kind::Tuple(items)
                        }
                        None => Kind::Tuple(items),
                        Some(_) => return None,
                    }))
                }
                "[" => Some(Expr::new(Kind::Array(self.items("[", "]")?))),
                "{" => Some(Expr::new(Kind::Block(self.block()?))),
                _ => None,
            },
            Token_::Word => self.word(token, structs),
            Token_::Doc | Token_::Note | Token_::End => None,
        }
    }

    fn word(&mut self, token: Token<'a>, structs: bool) -> Option<Expr<'a>> {
        match token.text {
            "if" => return self.conditional(),
            "match" => return self.choice(),
            "for" => return self.repeated(),
            "return" => {
                self.at += 1;
                let value = if self.is(";") || self.is("}") || self.is(",") {
                    None
                } else {
                    Some(Box::new(bare(self.expr()?)))
                };
                return Some(Expr::new(Kind::Return(value)));
            }
            "let" | "while" | "loop" | "unsafe" | "async" | "move" | "break" | "continue" => {
                return None;
            }
            _ => {}
        }
        self.at += 1;
        if self.is("!") && matches!(self.ahead(1).text, "(" | "[") {
            let end = self.next();
            let name = self.source.get(token.at..end.at + 1)?;
            let brackets = self.is("[");
            let arguments = if brackets {
                self.items("[", "]")?
            } else {
                self.items("(", ")")?
            };
            return Some(Expr::new(Kind::Macro(name, brackets, arguments)));
        }
        let last = token.text.rsplit("::").next().unwrap_or("");
        if structs && self.is("{") && last.starts_with(|first: char| first.is_ascii_uppercase()) {
            return self.structure(token.text);
        }
        Some(Expr::new(Kind::Word(token.text)))
    }

    fn structure(&mut self, path: &'a str) -> Option<Expr<'a>> {
        self.expect("{")?;
        let mut fields = Vec::new();
        let mut base = None;
        while !self.take("}") {
            if self.take("..") {
                base = Some(Box::new(self.expr()?));
                self.expect("}")?;
                break;
            }
            let name = self.next();
            if name.kind != Token_::Word {
                return None;
            }
            let value = if self.take(":") {
                Some(self.expr()?)
            } else {
                None
            };
            fields.push((name.text, value));
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        Some(Expr::new(Kind::Struct(path, fields, base)))
    }

    fn items(&mut self, open: &str, close: &str) -> Option<Vec<Expr<'a>>> {
        self.expect(open)?;
        let mut items = Vec::new();
        while !self.take(close) {
            // Around a whole item nothing needs brackets.
            items.push(bare(self.expr()?));
            if !self.take(",") {
                self.expect(close)?;
                break;
            }
        }
        Some(items)
    }

    fn conditional(&mut self) -> Option<Expr<'a>> {
        self.expect("if")?;
        let pattern = if self.take("let") {
            let start = self.at;
            self.skip_to(&["="], false)?;
            let pattern = self.since(start)?;
            self.expect("=")?;
            Some(pattern)
        } else {
            None
        };
        let value = bare(self.binary(0, false)?);
        let then = self.block()?;
        let otherwise = if self.take("else") {
            let otherwise = if self.is("if") {
                self.conditional()?
            } else {
                // An `if` alone in the block is an `else if`.
                match value_alone(self.block()?) {
                    chained if matches!(chained.kind, Kind::If(..) | Kind::Block(_)) => chained,
                    value => Expr::new(Kind::Block(Block {
                        statements: vec![Statement::Bare(value)],
                    })),
                }
            };
            Some(Box::new(otherwise))
        } else {
            None
        };
        let condition = Box::new(Condition { pattern, value });
        Some(Expr::new(Kind::If(condition, then, otherwise)))
    }

    fn choice(&mut self) -> Option<Expr<'a>> {
        self.expect("match")?;
        let value = bare(self.binary(0, false)?);
        self.expect("{")?;
        let mut arms = Vec::new();
        while !self.take("}") {
            let start = self.at;
            self.skip_to(&["=>"], false)?;
            let pattern = self.since(start)?;
            self.expect("=>")?;
            let body = bare(self.expr()?);
            let body = match body.kind {
                Kind::Block(block) => value_alone(block),
                kind => Expr {
                    kind,
                    flat: body.flat,
                },
            };
            let is_block = matches!(body.kind, Kind::Block(_));
            arms.push((pattern, body));
            if !self.take(",") && !is_block && !self.is("}") {
                return None;
            }
        }
        Some(Expr::new(Kind::Match(Box::new(value), arms)))
    }

    fn repeated(&mut self) -> Option<Expr<'a>> {
        self.expect("for")?;
        let start = self.at;
        while !self.is("in") {
            if self.peek().kind == Token_::End {
                return None;
            }
            self.at += 1;
        }
        let pattern = self.since(start)?;
        self.expect("in")?;
        let value = bare(self.binary(0, false)?);
        let body = self.block()?;
        Some(Expr::new(Kind::For(pattern, Box::new(value), body)))
    }

    pub(super) fn block(&mut self) -> Option<Block<'a>> {
        self.depth += 1;
        let out = if self.depth > DEEPEST {
            None
        } else {
            self.statements()
        };
        self.depth -= 1;
        out
    }

    fn statements(&mut self) -> Option<Block<'a>> {
        self.expect("{")?;
        let mut statements = Vec::new();
        while !self.take("}") {
            let token = self.peek();
            if token.kind == Token_::Note {
                if !statements.is_empty() && self.is_apart() {
                    statements.push(Statement::Gap);
                }
                self.at += 1;
                statements.push(Statement::Note(token.text.trim_start_matches('/').trim()));
            } else if self.is("let") {
                let start = self.at;
                self.skip_to(&["="], false)?;
                self.expect("=")?;
                let head = self.since(start)?;
                let value = bare(self.expr()?);
                self.expect(";")?;
                statements.push(Statement::Let(head, value));
            } else {
                let starts_block = self.is("if") || self.is("match") || self.is("for");
                let value = if starts_block {
                    self.word(token, true)?
                } else {
                    self.expr()?
                };
                if self.take(";") {
                    statements.push(Statement::Semi(value));
                } else if starts_block || self.is("}") {
                    statements.push(Statement::Bare(bare(value)));
                } else {
                    return None;
                }
            }
        }
        Some(Block { statements })
    }
}

/// Without brackets around the whole.
pub fn bare(mut expr: Expr<'_>) -> Expr<'_> {
    while let Kind::Paren(inner) = expr.kind {
        expr = *inner;
    }
    expr
}

/// A block that holds a value only is that value.
fn value_alone(mut block: Block<'_>) -> Expr<'_> {
    if block.simple().is_some()
        && let Some(Statement::Bare(value)) = block.statements.pop()
    {
        return value;
    }
    Expr::new(Kind::Block(block))
}
