//! Expressions.

use super::list::List;
use super::shape::{Shape, is_long, line_break, width};
use super::text;
use super::tree::{Expr, Kind, STRUCT, Statement};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// Where and in which room an expression was laid out.
type Place = (usize, Shape, bool, bool, bool);

/// Lays out the expressions of a file.
#[derive(Default)]
pub struct Layout {
    /// A chain that would break over lines gives nothing.
    pub(super) one_line_chains: Cell<bool>,
    /// Among the arguments of a macro.
    pub(super) inside_macro: Cell<bool>,
    /// What was laid out before: the rules try the same thing in several places.
    known: RefCell<HashMap<Place, Option<String>>>,
}

impl Layout {
    /// As a part of something else; none where there is no room.
    pub(super) fn expr(&self, expr: &Expr<'_>, shape: Shape) -> Option<String> {
        self.format(expr, false, shape)
    }

    /// Wider than there is room if it must be.
    pub(super) fn at_any_rate(&self, expr: &Expr<'_>, statement: bool, shape: Shape) -> String {
        let wide = Shape {
            width: 8000,
            ..shape
        };
        self.format(expr, statement, shape)
            .or_else(|| self.format(expr, statement, wide))
            .unwrap_or_else(|| self.line(expr))
    }

    pub(super) fn format(&self, expr: &Expr<'_>, statement: bool, shape: Shape) -> Option<String> {
        let shape = if statement && matches!(expr.kind, Kind::Return(_)) {
            shape.sub(1)?
        } else {
            shape
        };
        if let Some(flat) = expr.flat
            && flat.width + flat.slack <= shape.width
            && flat.width + shape.indent <= 95
            && !(statement && matches!(expr.kind, Kind::If(..)))
        {
            return Some(self.line(expr));
        }
        let place = (
            std::ptr::from_ref(expr) as usize,
            shape,
            statement,
            self.one_line_chains.get(),
            self.inside_macro.get(),
        );
        if let Some(known) = self.known.borrow().get(&place) {
            return known.clone();
        }
        let text = self.laid_out(expr, statement, shape);
        // What is long is hardly tried again.
        if text.as_ref().is_none_or(|text| text.len() < 2000) {
            self.known.borrow_mut().insert(place, text.clone());
        }
        text
    }

    fn laid_out(&self, expr: &Expr<'_>, statement: bool, shape: Shape) -> Option<String> {
        let list = |head: &str, brackets: (char, char), items: &[Expr<'_>]| {
            let list = List {
                head,
                brackets,
                items,
                is_macro: false,
            };
            self.list(&list, shape)
        };
        match &expr.kind {
            Kind::Word(word) => Some((*word).to_owned()),
            Kind::Text(token) => {
                if is_long(token) || width(token) <= shape.width {
                    Some((*token).to_owned())
                } else {
                    Some(text::string(token, shape.width, shape.indent))
                }
            }
            Kind::Call(callee, arguments) => {
                list(&self.expr(callee, shape)?, ('(', ')'), arguments)
            }
            Kind::Macro(name, brackets, arguments) => {
                // `vec![…]` is laid out as an array.
                let before = self.inside_macro.replace(*name != "vec!");
                let out = self.list(
                    &List {
                        head: name,
                        brackets: if *brackets { ('[', ']') } else { ('(', ')') },
                        items: arguments,
                        is_macro: true,
                    },
                    shape,
                );
                self.inside_macro.set(before);
                out
            }
            Kind::Array(items) => list("", ('[', ']'), items),
            Kind::Tuple(items) => list("", ('(', ')'), items),
            Kind::Method(..) | Kind::Field(..) | Kind::Try(_) => self.chain(expr, shape),
            Kind::Struct(path, fields, base) => {
                self.structure(path, fields, base.as_deref(), shape)
            }
            Kind::Paren(inner) => {
                let inner = self.expr(inner, shape.behind(1)?.sub(1)?)?;
                Some(format!("({inner})"))
            }
            Kind::Unary(sign, inner) => {
                let inner = self.expr(inner, shape.behind(sign.len())?)?;
                Some(format!("{sign}{inner}"))
            }
            Kind::Binary(sign, operands) => self.pairs(sign, operands, shape),
            Kind::If(..) => self.conditional(expr, statement, false, shape),
            Kind::For(pattern, value, body) => self.repeated(pattern, value, body, shape),
            Kind::Match(value, arms) => self.choice(value, arms, shape),
            Kind::Closure(head, has_output, body) => self.closure(head, *has_output, body, shape),
            Kind::Block(block) if statement => Some(self.block(block, shape.indent)),
            Kind::Block(block) => self.block_value(block, shape),
            Kind::Return(None) => Some("return".to_owned()),
            Kind::Return(Some(value)) => {
                let value = self.expr(value, shape.behind(7)?)?;
                Some(format!("return {value}"))
            }
            Kind::Assign(left, right) => {
                let left = self.expr(left, shape.sub(2)?)?;
                self.assigned(&format!("{left} ="), right, shape)
            }
        }
    }

    fn structure(
        &self,
        path: &str,
        fields: &[(&str, Option<Expr<'_>>)],
        base: Option<&Expr<'_>>,
        shape: Shape,
    ) -> Option<String> {
        shape.sub(2)?;
        if fields.is_empty() && base.is_none() {
            return Some(format!("{path} {{}}"));
        }
        let below = shape.nested().full();
        let mut texts = Vec::with_capacity(fields.len() + 1);
        for (name, value) in fields {
            texts.push(match value {
                Some(value) => self.field(name, value, below.sub(1)?)?,
                None => (*name).to_owned(),
            });
        }
        if let Some(base) = base {
            texts.push(format!("..{}", self.expr(base, below.behind(2)?)?));
        }
        let room = shape
            .width
            .checked_sub(path.len() + 5)
            .map(|room| room.min(STRUCT));
        let total: usize = texts.iter().map(|text| width(text)).sum();
        let total = total + 2 * texts.len().saturating_sub(1);
        let mut out = format!("{path} {{");
        if room.is_some_and(|room| total <= room) && !texts.iter().any(|text| is_long(text)) {
            out.push(' ');
            out.push_str(&texts.join(", "));
            out.push_str(" }");
            return Some(out);
        }
        let last = texts.len().saturating_sub(1);
        for (position, text) in texts.iter().enumerate() {
            line_break(&mut out, below.indent);
            out.push_str(text);
            if position < last || base.is_none() {
                out.push(',');
            }
        }
        line_break(&mut out, shape.indent);
        out.push('}');
        Some(out)
    }

    fn field(&self, name: &str, value: &Expr<'_>, shape: Shape) -> Option<String> {
        match self.expr(value, shape.behind(name.len() + 2)?) {
            Some(text) if text == name => Some(text),
            Some(text) => Some(format!("{name}: {text}")),
            None => {
                let indent = shape.indent + super::shape::TAB;
                let text = self.expr(value, Shape::indented(indent))?;
                let mut out = format!("{name}:");
                line_break(&mut out, indent);
                out.push_str(&text);
                Some(out)
            }
        }
    }

    /// On one line, as far as it has no statements.
    fn line(&self, expr: &Expr<'_>) -> String {
        let mut out = String::with_capacity(expr.flat.map_or(0, |flat| flat.width));
        self.write_line(expr, &mut out);
        out
    }

    fn write_line(&self, expr: &Expr<'_>, out: &mut String) {
        let all = |items: &[Expr<'_>], out: &mut String| {
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push_str(", ");
                }
                self.write_line(item, out);
            }
        };
        match &expr.kind {
            Kind::Word(text) | Kind::Text(text) => out.push_str(text),
            Kind::Call(callee, arguments) => {
                self.write_line(callee, out);
                out.push('(');
                all(arguments, out);
                out.push(')');
            }
            Kind::Method(inner, name, arguments) => {
                self.write_line(inner, out);
                out.push('.');
                out.push_str(name);
                out.push('(');
                all(arguments, out);
                out.push(')');
            }
            Kind::Field(inner, name) => {
                self.write_line(inner, out);
                out.push('.');
                out.push_str(name);
            }
            Kind::Try(inner) => {
                self.write_line(inner, out);
                out.push('?');
            }
            Kind::Macro(name, brackets, arguments) => {
                out.push_str(name);
                out.push(if *brackets { '[' } else { '(' });
                all(arguments, out);
                out.push(if *brackets { ']' } else { ')' });
            }
            Kind::Struct(path, fields, base) => {
                out.push_str(path);
                out.push_str(" {");
                let mut first = true;
                for (name, value) in fields {
                    out.push_str(if first { " " } else { ", " });
                    first = false;
                    out.push_str(name);
                    if let Some(value) = value {
                        out.push_str(": ");
                        self.write_line(value, out);
                    }
                }
                if let Some(base) = base {
                    out.push_str(if first { " .." } else { ", .." });
                    first = false;
                    self.write_line(base, out);
                }
                out.push_str(if first { "}" } else { " }" });
            }
            Kind::Array(items) => {
                out.push('[');
                all(items, out);
                out.push(']');
            }
            Kind::Tuple(items) => {
                out.push('(');
                all(items, out);
                out.push(')');
            }
            Kind::Paren(inner) => {
                out.push('(');
                self.write_line(inner, out);
                out.push(')');
            }
            Kind::Unary(sign, inner) => {
                out.push_str(sign);
                self.write_line(inner, out);
            }
            Kind::Binary(sign, operands) => {
                for (position, operand) in operands.iter().enumerate() {
                    if position > 0 {
                        out.push(' ');
                        out.push_str(sign);
                        out.push(' ');
                    }
                    self.write_line(operand, out);
                }
            }
            Kind::If(condition, then, otherwise) => {
                out.push_str("if ");
                if let Some(pattern) = condition.pattern {
                    out.push_str(&format!("let {pattern} = "));
                }
                self.write_line(&condition.value, out);
                out.push(' ');
                self.write_block(&then.statements, out);
                if let Some(otherwise) = otherwise {
                    out.push_str(" else ");
                    self.write_line(otherwise, out);
                }
            }
            Kind::Match(value, arms) => {
                out.push_str("match ");
                self.write_line(value, out);
                out.push_str(" { ");
                for (pattern, body) in arms {
                    out.push_str(pattern);
                    out.push_str(" => ");
                    self.write_line(body, out);
                    out.push_str(", ");
                }
                out.push('}');
            }
            Kind::For(pattern, value, body) => {
                out.push_str(&format!("for {pattern} in "));
                self.write_line(value, out);
                out.push(' ');
                self.write_block(&body.statements, out);
            }
            Kind::Closure(head, _, body) => {
                out.push_str(head);
                out.push(' ');
                self.write_line(body, out);
            }
            Kind::Block(block) => self.write_block(&block.statements, out),
            Kind::Return(value) => {
                out.push_str("return");
                if let Some(value) = value {
                    out.push(' ');
                    self.write_line(value, out);
                }
            }
            Kind::Assign(left, right) => {
                self.write_line(left, out);
                out.push_str(" = ");
                self.write_line(right, out);
            }
        }
    }

    fn write_block(&self, statements: &[Statement<'_>], out: &mut String) {
        out.push_str("{ ");
        for statement in statements {
            match statement {
                Statement::Note(_) => {}
                Statement::Gap => {}
                Statement::Let(head, value) => {
                    out.push_str(head);
                    out.push(' ');
                    self.write_line(value, out);
                    out.push_str("; ");
                }
                Statement::Semi(value) => {
                    self.write_line(value, out);
                    out.push_str("; ");
                }
                Statement::Bare(value) => {
                    self.write_line(value, out);
                    out.push(' ');
                }
            }
        }
        out.push('}');
    }
}
