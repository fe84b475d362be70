//! What stands alone in an expression: values, texts, names, calls, searches over rows.

use super::{
    DEEPEST, Node, NodeKind, OVER_ROWS, Parser, Part, RESERVED, Rows, SortNode, too_deep, unit,
};
use crate::parse::token::{Fail, Kind, TextPart, Token};

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Result<Node, Fail> {
        let Some(token) = self.peek().cloned() else {
            return Err(self.expected("a value"));
        };
        let (start, end) = (token.start, token.end);
        match token.kind {
            Kind::Number => {
                self.at += 1;
                self.number(start, end)
            }
            Kind::Date => {
                self.at += 1;
                match self.peek() {
                    Some(Token {
                        kind: Kind::Time,
                        end,
                        ..
                    }) => {
                        let end = *end;
                        self.at += 1;
                        Parser::node(NodeKind::Moment, start, end, &[])
                    }
                    _ => Parser::node(NodeKind::Date, start, end, &[]),
                }
            }
            Kind::Time => {
                self.at += 1;
                Parser::node(NodeKind::Time, start, end, &[])
            }
            Kind::Moment => {
                self.at += 1;
                Parser::node(NodeKind::Moment, start, end, &[])
            }
            Kind::Regex(pattern) => {
                self.at += 1;
                Parser::node(NodeKind::Regex(pattern), start, end, &[])
            }
            Kind::Text(parts) => {
                self.at += 1;
                self.parts(parts, start, end)
            }
            Kind::Sign("(") => {
                self.at += 1;
                let inner = self.level(0)?;
                self.close()?;
                let end = self.last_end();
                Parser::unary(NodeKind::Group, start, end, inner)
            }
            Kind::Word => self.word(start, end),
            Kind::Sign(_) => Err(self.expected("a value")),
        }
    }

    fn number(&mut self, start: usize, end: usize) -> Result<Node, Fail> {
        if self.take_sign("%") {
            return Parser::node(NodeKind::Percent, start, self.last_end(), &[]);
        }
        let Some(first) = self.word_at(0).and_then(unit) else {
            return Parser::node(NodeKind::Number, start, end, &[]);
        };
        self.at += 1;
        let amount = |text: &str, unit: i64| {
            text.parse::<i64>()
                .ok()
                .and_then(|count| count.checked_mul(unit))
        };
        let mut total = amount(self.slice(start, end), first);
        let whole = !self.slice(start, end).contains('.');
        while let (
            Some(Token {
                kind: Kind::Number,
                start,
                end,
            }),
            Some(next),
        ) = (self.peek(), self.word_at(1).and_then(unit))
        {
            let more = amount(self.slice(*start, *end), next);
            total = total.and_then(|total| total.checked_add(more?));
            self.at += 2;
        }
        let end = self.last_end();
        if !whole {
            return Err(
                Fail::new(start, end, "a duration is a whole number of its unit")
                    .help("write `90 minutes` rather than `1.5 hours`"),
            );
        }
        Parser::node(NodeKind::Duration(total), start, end, &[])
    }

    /// A text's parts, its code parsed.
    pub(in crate::parse) fn parts(
        &mut self,
        parts: Vec<TextPart>,
        start: usize,
        end: usize,
    ) -> Result<Node, Fail> {
        let mut out = Vec::new();
        let mut depth = 0;
        for part in parts {
            out.push(match part {
                TextPart::Plain(text) => Part::Plain(text),
                TextPart::Code(from, to) => {
                    let mut inner = Parser::new(self.text, from, to, self.index)?;
                    inner.depth = self.depth;
                    let node = inner.expression()?;
                    inner.finish()?;
                    depth = depth.max(node.depth);
                    Part::Code(node)
                }
            });
        }
        if depth + 1 > DEEPEST {
            return Err(too_deep(start, end));
        }
        Ok(Node {
            kind: NodeKind::Text(out),
            start,
            end,
            depth: depth + 1,
        })
    }

    pub(super) fn word(&mut self, start: usize, end: usize) -> Result<Node, Fail> {
        let word = self.slice(start, end).to_ascii_lowercase();
        if RESERVED.contains(&word.as_str()) {
            return Err(self.expected("a value"));
        }
        if self.is_word(0, "list") && self.is_word(1, "of") {
            self.at += 2;
            let distinct = self.is_word(0, "distinct") && self.word_at(1).is_some() && {
                self.at += 1;
                true
            };
            let value = self.level(6)?;
            return self.rows("list".to_owned(), distinct, value, start);
        }
        if self.is_word(0, "can") && self.word_at(1).is_some() {
            if !self.is_word(1, "read") {
                let (from, to) = self
                    .tokens
                    .get(self.at + 1)
                    .map_or((start, end), |token| (token.start, token.end));
                return Err(Fail::new(
                    from,
                    to,
                    format!("`can {}` does not exist", self.slice(from, to)),
                )
                .help("only `can read x` asks another row's policy"));
            }
            self.at += 2;
            let inner = self.level(9)?;
            let end = inner.end;
            return Parser::unary(NodeKind::CanRead, start, end, inner);
        }
        self.at += 1;
        if !self.take_sign("(") {
            return Parser::node(NodeKind::Word, start, end, &[]);
        }
        let over_rows = OVER_ROWS.contains(&word.as_str());
        if self.take_sign(")") {
            return Parser::node(
                NodeKind::Call(start, end, Vec::new()),
                start,
                self.last_end(),
                &[],
            );
        }
        let distinct = over_rows && self.is_word(0, "distinct") && self.word_at(1).is_some() && {
            self.at += 1;
            true
        };
        let first = self.level(0)?;
        let alone = over_rows || (matches!(word.as_str(), "min" | "max") && !self.is_sign(0, ","));
        if alone {
            let mut node = self.rows(word, distinct, first, start)?;
            self.close()?;
            node.end = self.last_end();
            return Ok(node);
        }
        let mut arguments = vec![first];
        while self.take_sign(",") {
            arguments.push(self.level(0)?);
        }
        self.close()?;
        let depth = 1 + arguments.iter().map(|node| node.depth).max().unwrap_or(0);
        let to = self.last_end();
        if depth > DEEPEST {
            return Err(too_deep(start, to));
        }
        Ok(Node {
            kind: NodeKind::Call(start, end, arguments),
            start,
            end: to,
            depth,
        })
    }

    pub(super) fn rows(
        &mut self,
        op: String,
        distinct: bool,
        value: Node,
        start: usize,
    ) -> Result<Node, Fail> {
        let mut depth = value.depth;
        let mut alias = None;
        if self.is_word(0, "as") && !self.is_word(1, "system") {
            self.at += 1;
            alias = Some(self.name("a name behind `as`")?);
        }
        let filter = if self.take_words(&["where"]) {
            Some(self.level(0)?)
        } else {
            None
        };
        depth = depth.max(filter.as_ref().map_or(0, |node| node.depth));
        let sort = if self.take_words(&["sorted", "by"]) {
            self.sort()?
        } else {
            Vec::new()
        };
        depth = sort
            .iter()
            .map(|key| key.by.depth)
            .chain([depth])
            .max()
            .unwrap_or(0);
        let holds = if self.take_words(&["holds"]) {
            Some(self.level(0)?)
        } else {
            None
        };
        depth = 1 + depth.max(holds.as_ref().map_or(0, |node| node.depth));
        let end = self.last_end();
        if depth > DEEPEST {
            return Err(too_deep(start, end));
        }
        let rows = Rows {
            op,
            distinct,
            value,
            alias,
            filter,
            sort,
            holds,
        };
        Ok(Node {
            kind: NodeKind::Rows(Box::new(rows)),
            start,
            end,
            depth,
        })
    }

    /// `a desc, b`
    pub(in crate::parse) fn sort(&mut self) -> Result<Vec<SortNode>, Fail> {
        let mut keys = Vec::new();
        loop {
            let by = self.level(6)?;
            let descending = self.take_words(&["desc"]) || self.take_words(&["descending"]);
            if !descending {
                let _ = self.take_words(&["asc"]) || self.take_words(&["ascending"]);
            }
            keys.push(SortNode { by, descending });
            if !self.is_sign(0, ",") || (self.word_at(1).is_some() && self.is_sign(2, "=")) {
                return Ok(keys);
            }
            self.at += 1;
        }
    }
}
