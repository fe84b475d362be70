//! Blocks, `if`, `for` and `match`.

use super::expr::Layout;
use super::shape::{
    MAX, Shape, TAB, ends_with_closing, first_width, fits, is_long, last_width, line_break, width,
};
use super::text::wrapped;
use super::tree::{Block, Condition, Expr, IF, Kind, Statement};

/// What stands between a keyword and its block.
struct Head<'h, 'a> {
    keyword: &'h str,
    pattern: Option<(&'h str, &'h str, &'h str)>,
    value: &'h Expr<'a>,
    /// It follows an `else`.
    nested: bool,
}

impl Layout {
    /// Braces with the statements below each other.
    pub(super) fn block(&self, block: &Block<'_>, indent: usize) -> String {
        if block.statements.is_empty() {
            return "{}".to_owned();
        }
        let mut out = String::from("{");
        let inner = indent + TAB;
        let last = block.statements.len() - 1;
        // Inside of a block chains may break, whatever stands around it.
        let before = self.one_line_chains.replace(false);
        for (position, statement) in block.statements.iter().enumerate() {
            if matches!(statement, Statement::Gap) {
                out.push('\n');
                continue;
            }
            line_break(&mut out, inner);
            self.statement(statement, position == last, inner, &mut out);
        }
        self.one_line_chains.set(before);
        line_break(&mut out, indent);
        out.push('}');
        out
    }

    /// Braces around a value.
    pub(super) fn value_block(&self, value: &Expr<'_>, indent: usize) -> String {
        let mut out = String::from("{");
        line_break(&mut out, indent + TAB);
        let shape = Shape::indented(indent + TAB);
        let before = self.one_line_chains.replace(false);
        out.push_str(&self.at_any_rate(value, !is_value(value), shape));
        self.one_line_chains.set(before);
        line_break(&mut out, indent);
        out.push('}');
        out
    }

    fn statement(&self, statement: &Statement<'_>, last: bool, indent: usize, out: &mut String) {
        let shape = Shape::indented(indent);
        let short = Shape {
            width: shape.width.saturating_sub(1),
            ..shape
        };
        match statement {
            Statement::Gap => {}
            Statement::Note(text) => {
                for (position, line) in wrapped("//", text, indent).iter().enumerate() {
                    if position > 0 {
                        line_break(out, indent);
                    }
                    out.push_str(line);
                }
            }
            Statement::Let(head, value) => {
                let text = self.assigned(head, value, short);
                out.push_str(&text.unwrap_or_else(|| {
                    format!("{head} {}", self.at_any_rate(value, false, short))
                }));
                out.push(';');
            }
            Statement::Semi(value) => {
                out.push_str(&self.at_any_rate(value, true, short));
                out.push(';');
            }
            Statement::Bare(value) => {
                out.push_str(&self.at_any_rate(value, !(last && is_value(value)), shape));
            }
        }
    }

    /// A block as a value: on one line where it is short.
    pub(super) fn block_value(&self, block: &Block<'_>, shape: Shape) -> Option<String> {
        let text = self.block(block, shape.indent);
        if text.lines().count() <= 3
            && let Some(value) = block.simple()
            && let Some(value) = self.format(value, !is_value(value), shape)
        {
            let short = format!("{{ {value} }}");
            if short.len() <= shape.width && !is_long(&short) {
                return Some(short);
            }
        }
        Some(text)
    }

    /// `left = right`, the left with its `=`; the right below where that is better.
    pub(super) fn assigned(&self, left: &str, right: &Expr<'_>, shape: Shape) -> Option<String> {
        let used = last_width(left) + 1;
        let beside = shape.behind(used).unwrap_or(Shape {
            width: 0,
            offset: shape.offset + used,
            ..shape
        });
        let text = self.expr(right, beside);
        if let Some(text) = &text
            && !is_long(text)
            && width(text) <= beside.width
        {
            return Some(format!("{left} {text}"));
        }
        let below = Shape::indented(beside.indent + TAB).sub(beside.kept())?;
        // What has brackets of its own and no room on one line gains nothing from a step to the right.
        if let Some(text) = &text
            && has_brackets(right)
            && right.flat.is_none_or(|flat| flat.width > below.width)
        {
            return Some(format!("{left} {text}"));
        }
        let other = self.expr(right, below);
        let mut out = left.to_owned();
        match (text, other) {
            (Some(text), Some(other)) if !fits(&other, below) || !prefer_below(&text, &other) => {
                out.push(' ');
                out.push_str(&text);
            }
            (_, Some(other)) => {
                line_break(&mut out, below.indent);
                out.push_str(&other);
            }
            (Some(text), None) => {
                out.push(' ');
                out.push_str(&text);
            }
            (None, None) => return None,
        }
        Some(out)
    }

    pub(super) fn conditional(
        &self,
        expr: &Expr<'_>,
        statement: bool,
        nested: bool,
        shape: Shape,
    ) -> Option<String> {
        let Kind::If(condition, then, otherwise) = &expr.kind else {
            return None;
        };
        let (head, value) = self.written_head(&if_head(condition, nested), shape)?;
        if !statement
            && !nested
            && let Some(short) = self.short_conditional(&value, then, otherwise.as_deref(), shape)
        {
            return Some(short);
        }
        let mut out = head;
        out.push_str(&self.block(then, shape.indent));
        if let Some(otherwise) = otherwise {
            out.push_str(" else ");
            let shape = Shape::indented(shape.indent);
            let text = match &otherwise.kind {
                Kind::If(..) => self.conditional(otherwise, true, true, shape)?,
                Kind::Block(block) => self.block(block, shape.indent),
                _ => return None,
            };
            out.push_str(&text);
        }
        Some(out)
    }

    fn short_conditional(
        &self,
        condition: &str,
        then: &Block<'_>,
        otherwise: Option<&Expr<'_>>,
        shape: Shape,
    ) -> Option<String> {
        let Kind::Block(otherwise) = &otherwise?.kind else {
            return None;
        };
        let (then, otherwise) = (then.simple()?, otherwise.simple()?);
        if is_long(condition) {
            return None;
        }
        let room = |columns: usize| Shape {
            width: columns,
            indent: 0,
            offset: 0,
        };
        let left = shape.width.checked_sub(condition.len() + 18)?;
        let then = self.expr(then, room(left))?;
        let left = left.checked_sub(then.len())?;
        let otherwise = self.expr(otherwise, room(left))?;
        if is_long(&then) || is_long(&otherwise) {
            return None;
        }
        let out = format!("if {condition} {{ {then} }} else {{ {otherwise} }}");
        (out.len() <= shape.width.min(IF)).then_some(out)
    }

    pub(super) fn repeated(
        &self,
        pattern: &str,
        value: &Expr<'_>,
        body: &Block<'_>,
        shape: Shape,
    ) -> Option<String> {
        let head = Head {
            keyword: "for",
            pattern: Some(("", pattern, " in")),
            value,
            nested: false,
        };
        let (mut out, _) = self.written_head(&head, shape)?;
        out.push_str(&self.block(body, shape.indent));
        Some(out)
    }

    /// What stands before the block of an `if`, `for` or `match`.
    pub(super) fn head(&self, expr: &Expr<'_>, shape: Shape) -> Option<String> {
        match &expr.kind {
            Kind::If(condition, ..) => {
                Some(self.written_head(&if_head(condition, false), shape)?.0)
            }
            Kind::For(pattern, value, _) => {
                let head = Head {
                    keyword: "for",
                    pattern: Some(("", pattern, " in")),
                    value,
                    nested: false,
                };
                Some(self.written_head(&head, shape)?.0)
            }
            Kind::Match(value, _) => self.expr(value, shape.behind(8)?),
            _ => None,
        }
    }

    /// The head up to its brace, and what it asks.
    fn written_head(&self, head: &Head<'_, '_>, shape: Shape) -> Option<(String, String)> {
        let fresh = Shape {
            width: MAX.saturating_sub(shape.used()),
            ..shape
        };
        let fresh = if head.nested { fresh.behind(7)? } else { fresh };
        let offset = head.keyword.len() + 1;
        let room = fresh.behind(offset)?;
        let value = match head.pattern {
            Some((before, pattern, behind)) => {
                self.assigned(&format!("{before}{pattern}{behind}"), head.value, room)?
            }
            None => self.expr(head.value, room)?,
        };
        let budget = MAX.saturating_sub(fresh.used() + offset + 2);
        let below = (is_long(&value) || value.len() > budget)
            && (!ends_with_closing(&value) || is_pushed(shape.used(), &value));
        let mut out = format!("{} {value}", head.keyword);
        if below {
            line_break(&mut out, shape.indent);
        } else {
            out.push(' ');
        }
        Some((out, value))
    }

    pub(super) fn choice(
        &self,
        value: &Expr<'_>,
        arms: &[(&str, Expr<'_>)],
        shape: Shape,
    ) -> Option<String> {
        let fresh = Shape {
            width: MAX.saturating_sub(shape.used()),
            ..shape
        }
        .behind(6)?;
        let value = self.expr(value, fresh)?;
        let mut out = format!("match {value}");
        let below =
            !ends_with_closing(&value) && (is_long(&value) || value.len() + 2 > fresh.width);
        if below {
            line_break(&mut out, shape.indent);
        } else {
            out.push(' ');
        }
        out.push('{');
        let inner = Shape::indented(shape.indent + TAB);
        for (pattern, body) in arms {
            line_break(&mut out, inner.indent);
            out.push_str(&self.arm(pattern, body, inner)?);
        }
        line_break(&mut out, shape.indent);
        out.push('}');
        Some(out)
    }

    fn arm(&self, pattern: &str, body: &Expr<'_>, shape: Shape) -> Option<String> {
        if let Kind::Block(block) = &body.kind {
            return Some(format!("{pattern} => {}", self.block(block, shape.indent)));
        }
        let beside = shape
            .behind(pattern.len() + 4)
            .and_then(|shape| shape.sub(1));
        let text = beside.and_then(|shape| self.format(body, true, shape));
        if let (Some(text), Some(beside)) = (&text, beside)
            && !is_long(text)
            && width(text) <= beside.width
        {
            return Some(format!("{pattern} => {text},"));
        }
        let indent = shape.indent + TAB;
        let below = self.format(body, true, Shape::indented(indent));
        let on_line = |text: &str| format!("{pattern} => {text},");
        let in_block = |text: &str| {
            let mut out = format!("{pattern} => {{");
            line_break(&mut out, indent);
            out.push_str(text);
            if matches!(body.kind, Kind::Return(_)) {
                out.push(';');
            }
            line_break(&mut out, shape.indent);
            out.push('}');
            out
        };
        let room = beside.map_or(0, |shape| shape.width);
        Some(match (text, below) {
            (Some(text), Some(below)) if prefer_below(&text, &below) => in_block(&below),
            (Some(text), _) if stays(body) && first_width(&text) <= room => on_line(&text),
            (Some(text), Some(below)) if is_long(&text) => in_block(&below),
            (None, Some(below)) => in_block(&below),
            (None, None) => return None,
            (Some(text), _) => on_line(&text),
        })
    }
}

fn if_head<'h, 'a>(condition: &'h Condition<'a>, nested: bool) -> Head<'h, 'a> {
    Head {
        keyword: "if",
        pattern: condition.pattern.map(|pattern| ("let ", pattern, " =")),
        value: &condition.value,
        nested,
    }
}

/// An array or struct, also behind `&`.
fn has_brackets(expr: &Expr<'_>) -> bool {
    match &expr.kind {
        Kind::Array(_) | Kind::Struct(..) => true,
        Kind::Unary(_, inner) => has_brackets(inner),
        _ => false,
    }
}

/// It is no `return`, so that its place at the end of a block makes it the block's value.
fn is_value(expr: &Expr<'_>) -> bool {
    !matches!(expr.kind, Kind::Return(_))
}

/// The last line begins further right than the column.
fn is_pushed(column: usize, text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or("");
    is_long(text) && line.len() - line.trim_start().len() > column
}

/// The second layout, which begins on a line of its own, looks better.
fn prefer_below(beside: &str, below: &str) -> bool {
    let breaks = |text: &str| text.matches('\n').count();
    let ends = |text: &str, bracket: char| {
        text.lines()
            .next()
            .is_some_and(|line| line.ends_with(bracket))
    };
    !is_long(below)
        || breaks(beside) > breaks(below) + 1
        || ['(', '{', '[']
            .iter()
            .any(|bracket| ends(beside, *bracket) && !ends(below, *bracket))
}

/// The body of an arm may go on below the line of its pattern.
fn stays(body: &Expr<'_>) -> bool {
    match &body.kind {
        Kind::Match(..)
        | Kind::Block(_)
        | Kind::Closure(..)
        | Kind::Array(_)
        | Kind::Call(..)
        | Kind::Method(..)
        | Kind::Macro(..)
        | Kind::Struct(..)
        | Kind::Tuple(_) => true,
        Kind::Unary(_, inner) | Kind::Try(inner) => stays(inner),
        _ => false,
    }
}
