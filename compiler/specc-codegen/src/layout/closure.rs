//! Closures.

use super::expr::Layout;
use super::shape::{Shape, is_long, width};
use super::tree::{Expr, Kind};

impl Layout {
    pub(super) fn closure(
        &self,
        head: &str,
        has_output: bool,
        body: &Expr<'_>,
        shape: Shape,
    ) -> Option<String> {
        shape.sub(4)?;
        let beside = shape.behind(width(head) + 1)?;
        if let Kind::Block(block) = &body.kind {
            if block.statements.is_empty() {
                return Some(format!("{head} {{}}"));
            }
            let text = if has_output {
                self.expr(body, beside)?
            } else {
                self.block(block, beside.indent)
            };
            return Some(format!("{head} {text}"));
        }
        self.closure_with_value(head, body, beside)
            .or_else(|| self.closure_with_block(head, body, beside))
    }

    /// The body behind the head; below it only where the body has brackets of its own.
    fn closure_with_value(&self, head: &str, body: &Expr<'_>, shape: Shape) -> Option<String> {
        let text = self.expr(body, shape)?;
        if is_long(&text) && !self.inside_macro.get() && !may_be_long(body) {
            return None;
        }
        Some(format!("{head} {text}"))
    }

    fn closure_with_block(&self, head: &str, body: &Expr<'_>, shape: Shape) -> Option<String> {
        Some(format!("{head} {}", self.value_block(body, shape.indent)))
    }

    /// A closure as the last argument of a call.
    pub(super) fn last_closure(&self, closure: &Expr<'_>, shape: Shape) -> Option<String> {
        let Kind::Closure(head, has_output, body) = &closure.kind else {
            return None;
        };
        let body = match &body.kind {
            Kind::Block(block) => block.simple().unwrap_or(body),
            _ => body,
        };
        shape.sub(4)?;
        let beside = shape.behind(width(head) + 1)?;
        if needs_block(body) {
            let text = self.closure_with_block(head, body, beside)?;
            if !has_output && text.lines().count() <= 7 {
                let value = self.closure_with_value(head, body, shape);
                if let Some(value) = value.filter(|value| !is_long(value)) {
                    return Some(value);
                }
            }
            return Some(text);
        }
        let head_of_body = self.head(body, beside);
        if head_of_body.is_some_and(|text| is_long(&text) || text.len() > beside.width) {
            return self.closure_with_block(head, body, beside);
        }
        self.expr(closure, shape)
    }
}

fn may_be_long(body: &Expr<'_>) -> bool {
    match &body.kind {
        Kind::Match(..) | Kind::Block(_) | Kind::Struct(..) => true,
        Kind::Unary(_, inner) | Kind::Try(inner) => may_be_long(inner),
        _ => false,
    }
}

fn needs_block(body: &Expr<'_>) -> bool {
    match &body.kind {
        Kind::If(..) | Kind::For(..) => true,
        Kind::Unary(_, inner) | Kind::Try(inner) => needs_block(inner),
        _ => false,
    }
}
