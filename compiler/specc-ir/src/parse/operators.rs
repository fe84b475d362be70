//! The types of operators.

use super::fit::{Fit, comparable, describe, is_number, is_ordered, is_text, scale};
use super::syntax::{Node, NodeKind, Part};
use super::typing::Typer;
use crate::expr::{BinaryOp, Expr, ExprKind, Literal, UnaryOp};
use crate::ir::{RoleId, Type, USER};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::fold_name;
use specc_syntax::span::Span;

/// Most places a product has.
const MOST_PLACES: u8 = 8;
/// Places of a quotient.
const QUOTIENT_PLACES: u8 = 6;

impl Typer<'_, '_> {
    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        left: &Node,
        right: &Node,
        span: Span,
    ) -> Option<Expr> {
        let compares = !matches!(
            op,
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide
        );
        if compares && (self.is_blank_text(left) || self.is_blank_text(right)) {
            return None;
        }
        match op {
            BinaryOp::And | BinaryOp::Or | BinaryOp::Implies => {
                let (left, right) = (self.condition(left), self.condition(right));
                Some(made(op, left?, right?, Type::Bool, span))
            }
            BinaryOp::Is | BinaryOp::IsNot => self.equal(op, left, right, span),
            BinaryOp::Less
            | BinaryOp::LessOrEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterOrEqual => {
                let left = self.expr(left, None);
                let hint = left.as_ref().map(|left| left.ty.clone());
                let right = self.expr(right, hint.as_ref());
                let (left, right) = self.same_type(
                    left?,
                    right?,
                    span,
                    "both sides of a comparison have one type",
                )?;
                for side in [&left, &right] {
                    if !is_ordered(&side.ty) {
                        let message = format!(
                            "values of type {} have no order",
                            describe(&side.ty, self.ir)
                        );
                        let at = side.span;
                        self.report(
                            "type-mismatch",
                            at,
                            message,
                            "compare them with `is` or `is not`",
                        );
                        return None;
                    }
                }
                Some(made(op, left, right, Type::Bool, span))
            }
            BinaryOp::Contains => self.contains(left, right, span),
            BinaryOp::StartsWith => {
                let (left, right) = (self.expr(left, None), self.expr(right, None));
                let (left, right) = (left?, right?);
                if self.is_text_or_reported(&left, "`starts with`")
                    && self.is_text_or_reported(&right, "`starts with`")
                {
                    return Some(made(op, left, right, Type::Bool, span));
                }
                None
            }
            BinaryOp::Matches => self.matches(left, right, span),
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide => {
                let (left, right) = (self.expr(left, None), self.expr(right, None));
                self.arithmetic(op, left?, right?, span)
            }
        }
    }

    /// Blank text is empty, so no comparison with it is what it looks like.
    fn is_blank_text(&mut self, side: &Node) -> bool {
        let NodeKind::Text(parts) = &side.kind else {
            return false;
        };
        let blank = parts.iter().all(|part| match part {
            Part::Plain(text) => text.trim().is_empty(),
            Part::Code(_) => false,
        });
        if blank {
            let at = self.span(side.start, side.end);
            self.report(
                "blank-text",
                at,
                "blank text is empty, and nothing is equal to it or contains it",
                "ask with `is empty` or `is set`; `matches /.* .*/` finds a blank inside a text",
            );
        }
        blank
    }

    fn is_text_or_reported(&mut self, expr: &Expr, what: &str) -> bool {
        let good = is_text(&expr.ty) || expr.ty == Type::Empty;
        if !good {
            let message = format!(
                "{what} looks into text, and this is {}",
                describe(&expr.ty, self.ir)
            );
            self.report(
                "type-mismatch",
                expr.span,
                message,
                "text stands between double quotes",
            );
        }
        good
    }

    /// The role that a bare word names, where it names nothing else.
    fn role(&mut self, node: &Node) -> Option<RoleId> {
        if !matches!(node.kind, NodeKind::Word) {
            return None;
        }
        let folded = fold_name(self.text_of(node));
        let role = self.index.roles.get(&folded).copied()?;
        let shadowed = self
            .scope
            .vars
            .iter()
            .any(|(name, _, _)| fold_name(name) == folded)
            || match self.frames.last() {
                Some(frame) => self.index.field(frame.entity, &folded).is_some(),
                None => self
                    .scope
                    .this
                    .is_some_and(|this| self.index.field(this, &folded).is_some()),
            };
        (!shadowed).then_some(role)
    }

    fn equal(&mut self, op: BinaryOp, left: &Node, right: &Node, span: Span) -> Option<Expr> {
        let negate = op == BinaryOp::IsNot;
        let named = |node: &Node| matches!(node.kind, NodeKind::Word | NodeKind::Path(..));
        let same = named(left)
            && named(right)
            && fold_name(self.text_of(left)) == fold_name(self.text_of(right));
        let left_node = left;
        let left = self.expr(left, None);
        if let Some(user) = &left
            && user.ty == Type::Ref(USER)
            && let Some(role) = self.role(right)
        {
            let asked = Expr {
                kind: ExprKind::HasRole(Box::new(left?), role),
                ty: Type::Bool,
                span,
            };
            return Some(if negate { not(asked, span) } else { asked });
        }
        if let Some(Type::Ref(held)) = left.as_ref().map(|left| &left.ty)
            && self.role(right).is_some()
        {
            let (held, role) = (self.entity_name(*held), self.text_of(right));
            let message = format!("{held} is no user, and only users hold the role `{role}`");
            let searched = self.frames.last().map(|frame| frame.entity);
            let help = if searched == Some(USER) {
                format!("name the searched user: `User as person where person is {role}`")
            } else {
                format!("ask it of a user: `me is {role}`, or a field of type User")
            };
            self.report("type-mismatch", span, message, help);
            return None;
        }
        let hint = left.as_ref().map(|left| left.ty.clone());
        let right = self.expr(right, hint.as_ref());
        let (left, right) = (left?, right?);
        if same && !matches!(right.kind, ExprKind::Literal(_)) {
            let message = format!("both sides are `{}`", self.text_of(left_node));
            let help = "one of them is another's: a field of the row at hand is `this.…`, what it was before the operation `old.…`";
            self.report("same-sides", span, message, help);
            return None;
        }
        for (side, other) in [(&left, &right), (&right, &left)] {
            if matches!(side.kind, ExprKind::Literal(Literal::Empty)) {
                // Comparing with the word itself can only mean this.
                let asked = other.clone();
                let kind = if negate {
                    ExprKind::IsSet(Box::new(asked))
                } else {
                    ExprKind::IsEmpty(Box::new(asked))
                };
                return Some(Expr {
                    kind,
                    ty: Type::Bool,
                    span,
                });
            }
        }
        let text = self.text_of(left_node);
        let (left, right) = self.same_type(
            left,
            right,
            span,
            "both sides of a comparison have one type",
        )?;
        if !comparable(&left.ty, &right.ty) {
            let message = format!(
                "values of type {} are not compared",
                describe(&left.ty, self.ir)
            );
            let help = match left.ty {
                Type::List(_) | Type::Many(_) => {
                    format!("ask `{text} contains …` or `{text} is empty`")
                }
                _ => format!("ask `{text} is set`"),
            };
            self.report("type-mismatch", span, message, help);
            return None;
        }
        Some(made(op, left, right, Type::Bool, span))
    }

    pub(super) fn one_of(&mut self, value: &Node, options: &[Node], span: Span) -> Option<Expr> {
        let value = self.expr(value, None)?;
        if value.ty == Type::Ref(USER) && options.iter().any(|option| self.role(option).is_some()) {
            return self.one_of_roles(&value, options, span);
        }
        let mut out = Vec::new();
        let mut good = true;
        let mut widest = scale(&value.ty, self.ir);
        for option in options {
            let Some(expr) = self.expr(option, Some(&value.ty)) else {
                good = false;
                continue;
            };
            let at = expr.span;
            match self.same_type(
                value.clone(),
                expr,
                at,
                "all values of `is one of` have the type of what is asked",
            ) {
                Some((_, expr)) if comparable(&value.ty, &expr.ty) => {
                    widest = widest.max(scale(&expr.ty, self.ir));
                    out.push(expr);
                }
                Some(_) => {
                    let message = format!(
                        "values of type {} are not compared",
                        describe(&value.ty, self.ir)
                    );
                    self.report("type-mismatch", at, message, "ask `… contains …` instead");
                    good = false;
                }
                None => good = false,
            }
        }
        if !good {
            return None;
        }
        if widest == scale(&value.ty, self.ir) {
            return Some(Expr {
                kind: ExprKind::OneOf(Box::new(value), out),
                ty: Type::Bool,
                span,
            });
        }
        // Options with more places than the value are compared one by one, at their own places.
        let each = out
            .into_iter()
            .map(|option| made(BinaryOp::Is, value.clone(), option, Type::Bool, span));
        each.reduce(|left, right| made(BinaryOp::Or, left, right, Type::Bool, span))
    }

    fn one_of_roles(&mut self, user: &Expr, options: &[Node], span: Span) -> Option<Expr> {
        let mut all: Option<Expr> = None;
        for option in options {
            let each = match self.role(option) {
                Some(role) => Expr {
                    kind: ExprKind::HasRole(Box::new(user.clone()), role),
                    ty: Type::Bool,
                    span,
                },
                None => {
                    let right = self.expr(option, None)?;
                    let (left, right) =
                        self.same_type(user.clone(), right, span, "name roles or people")?;
                    made(BinaryOp::Is, left, right, Type::Bool, span)
                }
            };
            all = Some(match all {
                Some(before) => made(BinaryOp::Or, before, each, Type::Bool, span),
                None => each,
            });
        }
        all
    }

    fn contains(&mut self, left: &Node, right: &Node, span: Span) -> Option<Expr> {
        let left = self.expr(left, None)?;
        let item = match &left.ty {
            Type::List(item) => Some((**item).clone()),
            Type::Many(entity) => Some(Type::Ref(*entity)),
            _ => None,
        };
        let right = self.expr(right, item.as_ref())?;
        match item {
            Some(item) => {
                if !comparable(&item, &right.ty) {
                    let message = format!(
                        "this list holds {}, and {} is looked for",
                        describe(&item, self.ir),
                        describe(&right.ty, self.ir)
                    );
                    self.report(
                        "type-mismatch",
                        span,
                        message,
                        "look for a value of the list's type",
                    );
                    return None;
                }
                let at = right.span;
                let right = match self.fit(right, &item) {
                    Fit::Yes(right) => right,
                    Fit::Reported => return None,
                    Fit::Mismatch => {
                        let message = format!("this list holds {}", describe(&item, self.ir));
                        self.report(
                            "type-mismatch",
                            at,
                            message,
                            "look for a value of the list's type",
                        );
                        return None;
                    }
                };
                Some(made(BinaryOp::Contains, left, right, Type::Bool, span))
            }
            None if self.is_text_or_reported(&left, "`contains`")
                && self.is_text_or_reported(&right, "`contains`") =>
            {
                Some(made(BinaryOp::Contains, left, right, Type::Bool, span))
            }
            None => None,
        }
    }

    fn matches(&mut self, left: &Node, right: &Node, span: Span) -> Option<Expr> {
        let left = self.expr(left, None);
        let at = self.place(right);
        let pattern = match &right.kind {
            NodeKind::Regex(pattern) => pattern.clone(),
            _ => match self.expr(right, None)?.kind {
                ExprKind::Literal(Literal::Text(pattern)) => pattern,
                _ => {
                    self.report(
                        "bad-pattern",
                        at,
                        "a pattern is written out",
                        "write it between slashes: `matches /[A-Z]+/`",
                    );
                    return None;
                }
            },
        };
        if let Err(error) = regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
            .size_limit(1 << 20)
            .build()
        {
            let detail = error.to_string();
            let detail = detail
                .lines()
                .last()
                .unwrap_or("")
                .trim()
                .trim_start_matches("error: ")
                .to_owned();
            self.report(
                "bad-pattern",
                at,
                format!("this is no regular expression: {detail}"),
                "patterns are those of RE2, without look-around and back references",
            );
            return None;
        }
        let left = left?;
        if !self.is_text_or_reported(&left, "`matches`") {
            return None;
        }
        let right = Expr {
            kind: ExprKind::Literal(Literal::Text(pattern)),
            ty: Type::Text,
            span: at,
        };
        Some(made(BinaryOp::Matches, left, right, Type::Bool, span))
    }

    fn arithmetic(&mut self, op: BinaryOp, left: Expr, right: Expr, span: Span) -> Option<Expr> {
        let (left, right) = match op {
            BinaryOp::Add | BinaryOp::Subtract
                if left.ty == Type::Money || right.ty == Type::Money =>
            {
                self.amounts(left, right)?
            }
            _ => (left, right),
        };
        let ty = self.result(op, &left.ty, &right.ty);
        match ty {
            Some(ty) => Some(made(op, left, right, ty, span)),
            None => {
                self.no_arithmetic(op, &left, &right, span);
                None
            }
        }
    }

    /// Literal numbers beside money become amounts.
    fn amounts(&mut self, left: Expr, right: Expr) -> Option<(Expr, Expr)> {
        let fit = |typer: &mut Self, expr: Expr| {
            if !is_number(&expr.ty) {
                return Some(expr);
            }
            let kept = expr.clone();
            match typer.fit(expr, &Type::Money) {
                Fit::Yes(expr) => Some(expr),
                Fit::Mismatch => Some(kept),
                Fit::Reported => None,
            }
        };
        Some((fit(self, left)?, fit(self, right)?))
    }

    fn result(&self, op: BinaryOp, left: &Type, right: &Type) -> Option<Type> {
        use Type::{Date, Decimal, Duration, Empty, Integer, Money, Percent, Time, Timestamp};
        let factor = |ty: &Type| is_number(ty) || *ty == Percent;
        let places = |ty: &Type| scale(ty, self.ir).unwrap_or(0);
        Some(match (op, left, right) {
            (_, Empty, Empty) => return None,
            (_, Empty, other) | (_, other, Empty)
                if is_number(other) || matches!(other, Money | Percent | Duration) =>
            {
                other.clone()
            }
            (BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply, Integer, Integer) => Integer,
            (BinaryOp::Add | BinaryOp::Subtract, left, right)
                if is_number(left) && is_number(right) =>
            {
                Decimal(places(left).max(places(right)))
            }
            (BinaryOp::Add | BinaryOp::Subtract, Money, Money) => Money,
            (BinaryOp::Add | BinaryOp::Subtract, Percent, Percent) => Percent,
            (BinaryOp::Add | BinaryOp::Subtract, Duration, Duration) => Duration,
            (BinaryOp::Add | BinaryOp::Subtract, Timestamp, Duration)
            | (BinaryOp::Add, Duration, Timestamp) => Timestamp,
            (BinaryOp::Add | BinaryOp::Subtract, Date, Duration)
            | (BinaryOp::Add, Duration, Date) => Date,
            (BinaryOp::Add | BinaryOp::Subtract, Time, Duration)
            | (BinaryOp::Add, Duration, Time) => Time,
            (BinaryOp::Subtract, Timestamp, Timestamp)
            | (BinaryOp::Subtract, Date, Date)
            | (BinaryOp::Subtract, Time, Time) => Duration,
            (BinaryOp::Multiply, Money, other) | (BinaryOp::Multiply, other, Money)
                if factor(other) =>
            {
                Money
            }
            (BinaryOp::Multiply, Duration, Integer) | (BinaryOp::Multiply, Integer, Duration) => {
                Duration
            }
            (BinaryOp::Multiply, left, right) if factor(left) && factor(right) => {
                Decimal(places(left).saturating_add(places(right)).min(MOST_PLACES))
            }
            (BinaryOp::Divide, Money, Money) | (BinaryOp::Divide, Duration, Duration) => {
                Decimal(QUOTIENT_PLACES)
            }
            (BinaryOp::Divide, Duration, Integer) => Duration,
            (BinaryOp::Divide, Money, other) if factor(other) => Money,
            (BinaryOp::Divide, left, right) if factor(left) && factor(right) => {
                Decimal(QUOTIENT_PLACES)
            }
            _ => return None,
        })
    }

    fn no_arithmetic(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) {
        let verb = match op {
            BinaryOp::Add => "added",
            BinaryOp::Subtract => "subtracted",
            BinaryOp::Multiply => "multiplied",
            _ => "divided",
        };
        let (left_ty, right_ty) = (describe(&left.ty, self.ir), describe(&right.ty, self.ir));
        let help = match (&left.ty, &right.ty) {
            (a, b) if is_text(a) || is_text(b) => {
                "values go into text by braces: `\"{first} {last}\"`".to_owned()
            }
            (Type::Timestamp | Type::Date, b) if is_number(b) => {
                "say how much of what: `now + 14 days`".to_owned()
            }
            (Type::Money, _) | (_, Type::Money) => {
                "amounts are added to amounts, and multiplied and divided by numbers and percents"
                    .to_owned()
            }
            (Type::Duration, b) if is_number(b) => {
                "lengths of time are added to each other, and multiplied and divided by whole \
                 numbers"
                    .to_owned()
            }
            (Type::Percent, _) | (_, Type::Percent) => {
                "a share is written with its sign: `12.5 %`".to_owned()
            }
            _ => "see which types an operator takes in the chapter on expressions".to_owned(),
        };
        let diagnostic = Diagnostic::new(
            "type-mismatch",
            span,
            format!("{left_ty} and {right_ty} cannot be {verb}"),
        )
        .help(help)
        .label(left.span, left_ty.clone())
        .label(right.span, right_ty.clone());
        self.out.push(diagnostic);
    }
}

fn made(op: BinaryOp, left: Expr, right: Expr, ty: Type, span: Span) -> Expr {
    Expr {
        kind: ExprKind::Binary(op, Box::new(left), Box::new(right)),
        ty,
        span,
    }
}

fn not(inner: Expr, span: Span) -> Expr {
    Expr {
        kind: ExprKind::Unary(UnaryOp::Not, Box::new(inner)),
        ty: Type::Bool,
        span,
    }
}
