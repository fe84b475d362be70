//! Typing: untyped nodes to typed expressions. Every mistake becomes a diagnostic; what is wrong gives `None`.

mod calls;

use super::fit::{comparable, describe, is_hidden, is_number, is_text};
use super::syntax::{Node, NodeKind, Part};
use super::{literal, token::Fail};
use crate::expr::{Expr, ExprKind, Literal, UnaryOp, VarId};
use crate::ir::{EntityId, Ir, Type};
use crate::scope::{Index, Scope};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::span::Span;
use specc_syntax::tree::Code;

/// The rows an aggregate or query searches, while what belongs to it is typed.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) var: VarId,
    pub(super) entity: EntityId,
    /// The folded words that name the searched row: the entity's name, or a path to a `many` field.
    pub(super) head: Vec<String>,
}

/// Types the nodes of one piece of code.
pub(super) struct Typer<'a, 'ir> {
    pub(super) scope: &'a mut Scope<'ir>,
    pub(super) ir: &'ir Ir,
    pub(super) index: &'ir Index,
    pub(super) code: &'a Code,
    pub(super) out: &'a mut Vec<Diagnostic>,
    pub(super) frames: Vec<Frame>,
    /// The code is a rule for every row.
    pub(super) at_rest: bool,
}

impl<'a, 'ir> Typer<'a, 'ir> {
    pub(super) fn new(
        scope: &'a mut Scope<'ir>,
        code: &'a Code,
        out: &'a mut Vec<Diagnostic>,
    ) -> Typer<'a, 'ir> {
        let (ir, index) = (scope.ir, scope.index);
        Typer {
            scope,
            ir,
            index,
            code,
            out,
            frames: Vec::new(),
            at_rest: false,
        }
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        self.code.span_of(start, end)
    }

    pub(super) fn place(&self, node: &Node) -> Span {
        self.span(node.start, node.end)
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.code.text.get(start..end).unwrap_or("")
    }

    pub(super) fn text_of(&self, node: &Node) -> &'a str {
        self.slice(node.start, node.end)
    }

    pub(super) fn report(
        &mut self,
        name: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.out
            .push(Diagnostic::new(name, span, message).help(help));
    }

    pub(super) fn fail(&mut self, fail: Fail) {
        let span = self.span(fail.start, fail.end);
        let mut diagnostic = Diagnostic::new(fail.name, span, fail.message);
        if let Some(help) = fail.help {
            diagnostic = diagnostic.help(help);
        }
        if let Some(edit) = fail.edit {
            diagnostic = diagnostic.edit(span, edit);
        }
        self.out.push(diagnostic);
    }

    /// A condition.
    pub(super) fn condition(&mut self, node: &Node) -> Option<Expr> {
        let expr = self.expr(node, None)?;
        match expr.ty {
            Type::Bool => Some(expr),
            Type::Empty => {
                self.report(
                    "needs-condition",
                    expr.span,
                    "`empty` is no condition",
                    "write `… is empty`",
                );
                None
            }
            _ => {
                let (text, ty) = (self.text_of(node), describe(&expr.ty, self.ir));
                self.report(
                    "needs-condition",
                    expr.span,
                    format!("a condition is wanted, and `{text}` is {ty}"),
                    format!("compare it, or ask `{text} is set`"),
                );
                None
            }
        }
    }

    /// A value of a type, literals brought to it. What was sent for a password or a secret goes on whole.
    pub(super) fn value(&mut self, node: &Node, ty: &Type) -> Option<Expr> {
        let expr = if is_hidden(ty) {
            let expr = self.whole(node, Some(ty))?;
            if matches!(expr.kind, ExprKind::Input(_)) && expr.ty == *ty {
                expr
            } else {
                self.open(node, expr)?
            }
        } else {
            self.expr(node, Some(ty))?
        };
        self.fitted(expr, ty)
    }

    /// An expression of which nothing is read but whether there is something: a password or secret may stand here.
    fn asked(&mut self, node: &Node) -> Option<Expr> {
        self.whole(node, None)
    }

    /// As [`Typer::expr`], where a password or secret may stand alone.
    pub(super) fn whole(&mut self, node: &Node, hint: Option<&Type>) -> Option<Expr> {
        match &node.kind {
            NodeKind::Group(inner) => {
                let mut expr = self.whole(inner, hint)?;
                expr.span = self.place(node);
                Some(expr)
            }
            NodeKind::Word => self.word(node, hint),
            NodeKind::Path(base, start, end) => self.path(node, base, (*start, *end)),
            _ => self.expr(node, hint),
        }
    }

    /// Reports a password or secret that would be read.
    pub(super) fn open(&mut self, node: &Node, expr: Expr) -> Option<Expr> {
        if !is_hidden(&expr.ty) {
            return Some(expr);
        }
        let (name, ty) = (self.text_of(node), describe(&expr.ty, self.ir));
        self.report(
            "hidden-value",
            expr.span,
            format!("`{name}` is a {ty}, and expressions never look into it"),
            format!("ask `{name} is set` or `{name} is empty`; an input of type {ty} is kept with `set … to input.…`"),
        );
        None
    }

    /// An expression. `hint` says what its place wants: bare words are its values where it is a choice.
    pub(super) fn expr(&mut self, node: &Node, hint: Option<&Type>) -> Option<Expr> {
        let span = self.place(node);
        let literal = |literal: Literal, ty: Type| {
            Some(Expr {
                kind: ExprKind::Literal(literal),
                ty,
                span,
            })
        };
        match &node.kind {
            NodeKind::Group(inner) => {
                let mut expr = self.expr(inner, hint)?;
                expr.span = span;
                Some(expr)
            }
            NodeKind::Number => self.number(node, false),
            NodeKind::Percent => {
                let digits = self.text_of(node).trim_end_matches('%').trim_end();
                match literal::number(digits)
                    .map(|(mantissa, places)| literal::exact(mantissa, places, 2))
                {
                    Some(Ok(mantissa)) => literal(Literal::Decimal(mantissa), Type::Percent),
                    Some(Err(literal::Misfit::TooManyPlaces)) => {
                        self.report(
                            "too-many-places",
                            span,
                            "a percent has at most two places",
                            "write for example `12.25 %`",
                        );
                        None
                    }
                    _ => self.too_large(span),
                }
            }
            NodeKind::Duration(Some(amount)) => literal(Literal::Duration(*amount), Type::Duration),
            NodeKind::Duration(None) => self.too_large(span),
            NodeKind::Date => match literal::date(self.text_of(node)) {
                Some(days) => literal(Literal::Date(days), Type::Date),
                None => self.no_such(node, "date"),
            },
            NodeKind::Time => match literal::time(self.text_of(node)) {
                Some(time) => literal(Literal::Time(time), Type::Time),
                None => self.no_such(node, "time of day"),
            },
            NodeKind::Moment => {
                match literal::moment(self.text_of(node), &self.ir.program.time_zone) {
                    Some(moment) => literal(Literal::Timestamp(moment), Type::Timestamp),
                    None => self.no_such(node, "moment"),
                }
            }
            NodeKind::Text(parts) => self.text(parts, span),
            NodeKind::Regex(_) => {
                self.report(
                    "bad-expression",
                    span,
                    "a pattern stands only behind `matches`",
                    "write `x matches /…/`",
                );
                None
            }
            NodeKind::Word | NodeKind::Path(..) => {
                let expr = self.whole(node, hint)?;
                self.open(node, expr)
            }
            NodeKind::Call(start, end, arguments) => self.call((*start, *end), arguments, span),
            NodeKind::Unary(UnaryOp::Not, inner) => {
                let inner = self.condition(inner)?;
                Some(Expr {
                    kind: ExprKind::Unary(UnaryOp::Not, Box::new(inner)),
                    ty: Type::Bool,
                    span,
                })
            }
            NodeKind::Unary(UnaryOp::Negate, inner) => self.negated(inner, span),
            NodeKind::Binary(op, left, right) => self.binary(*op, left, right, span),
            NodeKind::OneOf(value, options) => self.one_of(value, options, span),
            NodeKind::IsSet(inner) => {
                let inner = self.asked(inner)?;
                Some(Expr {
                    kind: ExprKind::IsSet(Box::new(inner)),
                    ty: Type::Bool,
                    span,
                })
            }
            NodeKind::IsEmpty(inner) => {
                let inner = self.asked(inner)?;
                Some(Expr {
                    kind: ExprKind::IsEmpty(Box::new(inner)),
                    ty: Type::Bool,
                    span,
                })
            }
            NodeKind::If(condition, then, otherwise) => {
                self.choose(condition, then, otherwise, hint, span)
            }
            NodeKind::Rows(rows) => self.rows(rows, span),
            NodeKind::CanRead(inner) => {
                let row = self.expr(inner, None)?;
                match row.ty {
                    Type::Ref(entity) => Some(Expr {
                        kind: ExprKind::CanRead(Box::new(row), entity),
                        ty: Type::Bool,
                        span,
                    }),
                    _ => {
                        let ty = describe(&row.ty, self.ir);
                        self.report(
                            "type-mismatch",
                            row.span,
                            format!("`can read` asks about a row, and this is {ty}"),
                            "name a field that refers to an entity",
                        );
                        None
                    }
                }
            }
        }
    }

    fn no_such(&mut self, node: &Node, what: &str) -> Option<Expr> {
        let message = format!("there is no {what} `{}`", self.text_of(node));
        self.report(
            "bad-value",
            self.place(node),
            message,
            "dates are written `2026-03-01`, times `09:30`, moments `2026-03-01 09:30`",
        );
        None
    }

    pub(super) fn too_large(&mut self, span: Span) -> Option<Expr> {
        self.report(
            "number-too-large",
            span,
            "this number does not fit 64 bits",
            "write a smaller one",
        );
        None
    }

    fn number(&mut self, node: &Node, negative: bool) -> Option<Expr> {
        let span = self.place(node);
        let text = self.text_of(node);
        if negative && text.trim_start_matches('0') == "9223372036854775808" {
            return Some(Expr {
                kind: ExprKind::Literal(Literal::Integer(i64::MIN)),
                ty: Type::Integer,
                span,
            });
        }
        let Some((mantissa, places)) = literal::number(text) else {
            return self.too_large(span);
        };
        let mantissa = if negative { -mantissa } else { mantissa };
        if places == 0 {
            return Some(Expr {
                kind: ExprKind::Literal(Literal::Integer(mantissa)),
                ty: Type::Integer,
                span,
            });
        }
        if places > 8 {
            self.report(
                "too-many-places",
                span,
                "a number has at most 8 places",
                "round it",
            );
            return None;
        }
        Some(Expr {
            kind: ExprKind::Literal(Literal::Decimal(mantissa)),
            ty: Type::Decimal(places),
            span,
        })
    }

    fn negated(&mut self, inner: &Node, span: Span) -> Option<Expr> {
        if matches!(inner.kind, NodeKind::Number) {
            let mut expr = self.number(inner, true)?;
            expr.span = span;
            return Some(expr);
        }
        let mut inner = self.expr(inner, None)?;
        if let ExprKind::Literal(Literal::Decimal(value) | Literal::Duration(value)) =
            &mut inner.kind
        {
            *value = -*value;
            inner.span = span;
            return Some(inner);
        }
        if is_number(&inner.ty) || matches!(inner.ty, Type::Money | Type::Percent | Type::Duration)
        {
            let ty = inner.ty.clone();
            return Some(Expr {
                kind: ExprKind::Unary(UnaryOp::Negate, Box::new(inner)),
                ty,
                span,
            });
        }
        let ty = describe(&inner.ty, self.ir);
        self.report(
            "type-mismatch",
            span,
            format!("minus needs a number or a duration, and this is {ty}"),
            "for the opposite of a condition write `not`",
        );
        None
    }

    /// Text, with values in it or without.
    pub(super) fn text(&mut self, parts: &[Part], span: Span) -> Option<Expr> {
        let mut out = Vec::new();
        let mut good = true;
        for part in parts {
            match part {
                Part::Plain(text) => {
                    out.push(Expr {
                        kind: ExprKind::Literal(Literal::Text(text.clone())),
                        ty: Type::Text,
                        span,
                    });
                }
                Part::Code(node) => match self.expr(node, None) {
                    Some(expr) if matches!(expr.ty, Type::Json) => {
                        let ty = describe(&expr.ty, self.ir);
                        self.report(
                            "type-mismatch",
                            expr.span,
                            format!("a value of type {ty} cannot stand in text"),
                            "name a single value",
                        );
                        good = false;
                    }
                    Some(expr) => out.push(expr),
                    None => good = false,
                },
            }
        }
        if !good {
            return None;
        }
        let plain = out
            .iter()
            .all(|part| matches!(part.kind, ExprKind::Literal(Literal::Text(_))));
        if plain {
            let text = out.into_iter().filter_map(|part| {
                if let ExprKind::Literal(Literal::Text(text)) = part.kind {
                    Some(text)
                } else {
                    None
                }
            });
            return Some(Expr {
                kind: ExprKind::Literal(Literal::Text(text.collect())),
                ty: Type::Text,
                span,
            });
        }
        Some(Expr {
            kind: ExprKind::Join(out),
            ty: Type::Text,
            span,
        })
    }

    fn choose(
        &mut self,
        condition: &Node,
        then: &Node,
        otherwise: &Node,
        hint: Option<&Type>,
        span: Span,
    ) -> Option<Expr> {
        let condition = self.condition(condition);
        let then = self.expr(then, hint);
        let otherwise = self.expr(otherwise, hint);
        let (condition, then, otherwise) = (condition?, then?, otherwise?);
        let (then, otherwise) = self.same_type(
            then,
            otherwise,
            span,
            "both branches of an `if` have one type",
        )?;
        let ty = self.common(&then.ty, &otherwise.ty);
        Some(Expr {
            kind: ExprKind::If(Box::new(condition), Box::new(then), Box::new(otherwise)),
            ty,
            span,
        })
    }

    /// The type of a value that is one or the other.
    pub(super) fn common(&self, left: &Type, right: &Type) -> Type {
        match (left, right) {
            (Type::Empty, other) | (other, Type::Empty) => other.clone(),
            (left, right) if left == right => left.clone(),
            (left, right) if is_number(left) && is_number(right) => {
                let scale = |ty: &Type| super::fit::scale(ty, self.ir).unwrap_or(0);
                Type::Decimal(scale(left).max(scale(right)))
            }
            (left, right) if is_text(left) && is_text(right) => Type::Text,
            (left, _) => left.clone(),
        }
    }

    /// Brings literals on either side to the other's type; what does not go together is reported.
    pub(super) fn same_type(
        &mut self,
        left: Expr,
        right: Expr,
        span: Span,
        why: &str,
    ) -> Option<(Expr, Expr)> {
        use super::fit::{Fit, is_literal};
        if left.ty == right.ty {
            return Some((left, right));
        }
        if left.ty == Type::Empty || right.ty == Type::Empty {
            let ty = self.common(&left.ty, &right.ty);
            return Some((self.fitted(left, &ty)?, self.fitted(right, &ty)?));
        }
        if is_number(&left.ty) && is_number(&right.ty) || is_text(&left.ty) && is_text(&right.ty) {
            return Some((left, right));
        }
        let (left_ty, right_ty, right_span) = (left.ty.clone(), right.ty.clone(), right.span);
        if (is_literal(&right) || matches!(right.kind, ExprKind::If(..)))
            && is_number(&right_ty)
            && left_ty == Type::Money
        {
            match self.fit(right, &left_ty) {
                Fit::Yes(right) => return Some((left, right)),
                Fit::Reported => return None,
                Fit::Mismatch => {}
            }
        } else if (is_literal(&left) || matches!(left.kind, ExprKind::If(..)))
            && is_number(&left_ty)
            && right_ty == Type::Money
        {
            match self.fit(left, &right_ty) {
                Fit::Yes(left) => return Some((left, right)),
                Fit::Reported => return None,
                Fit::Mismatch => {}
            }
        } else if comparable(&left_ty, &right_ty)
            || matches!(
                (&left_ty, &right_ty),
                (Type::List(_) | Type::Many(_), Type::List(_) | Type::Many(_))
            )
        {
            return Some((left, right));
        }
        let message = format!(
            "{} and {} do not go together",
            describe(&left_ty, self.ir),
            describe(&right_ty, self.ir)
        );
        let help = match (&left_ty, &right_ty) {
            (Type::Date, Type::Timestamp) | (Type::Timestamp, Type::Date) => {
                "write `date(…)` for the date of a moment".to_owned()
            }
            (Type::Percent, other) | (other, Type::Percent) if is_number(other) => {
                "a share is written with its sign: `12.5 %`".to_owned()
            }
            (Type::Money, other) | (other, Type::Money) if is_number(other) => {
                "amounts compare with amounts; only a literal number becomes one".to_owned()
            }
            (Type::Choice(_), other) if is_text(other) => {
                let inner = self.code.text.as_str();
                let word = inner.rsplit('"').nth(1).unwrap_or("value");
                format!("a choice's value is written without quotes: `{word}`")
            }
            (Type::Ref(entity), other) if is_text(other) || is_number(other) => {
                let name = self
                    .ir
                    .entities
                    .get(entity.0 as usize)
                    .map_or("", |entity| entity.name.text.as_str());
                format!(
                    "a {name} is a row; compare one of its fields, with a path such as `{}.name`",
                    name.to_lowercase()
                )
            }
            _ => why.to_owned(),
        };
        self.out.push(
            Diagnostic::new("type-mismatch", span, message)
                .help(help)
                .label(right_span, describe(&right_ty, self.ir)),
        );
        None
    }
}
