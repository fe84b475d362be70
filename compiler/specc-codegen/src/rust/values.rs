//! Arithmetic, built-in functions and text as Rust.

use super::{Form, Mode, Rust, literal};
use crate::sql::{scale_or_zero, show_kind};
use specc_ir::expr::{BinaryOp, Builtin, Expr, ExprKind, Literal};
use specc_ir::ir::Type;

impl Rust<'_> {
    pub(super) fn arithmetic(&self, op: BinaryOp, left: &Expr, right: &Expr, ty: &Type) -> String {
        let plain = |expr: &Expr| self.value(expr).0;
        let date_add = |date: &Expr, length: String| match self.mode {
            Mode::Condition => format!("time::date_add({}, {length})", plain(date)),
            Mode::Effect => format!("time::checked::date_add({}, {length})?", plain(date)),
        };
        // A length that has no opposite is no whole days, and leads out of the day.
        let opposite = |length: &Expr| format!("num::neg({})", plain(length));
        match (op, &left.ty, &right.ty) {
            (BinaryOp::Add, Type::Date, Type::Duration) => return date_add(left, plain(right)),
            (BinaryOp::Add, Type::Duration, Type::Date) => return date_add(right, plain(left)),
            (BinaryOp::Subtract, Type::Date, Type::Duration) => {
                return date_add(left, opposite(right));
            }
            (BinaryOp::Add, Type::Time, Type::Duration) => {
                return format!("time::time_add({}, {})", plain(left), plain(right));
            }
            (BinaryOp::Add, Type::Duration, Type::Time) => {
                return format!("time::time_add({}, {})", plain(right), plain(left));
            }
            (BinaryOp::Subtract, Type::Time, Type::Duration) => {
                return format!("time::time_add({}, {})", plain(left), opposite(right));
            }
            (BinaryOp::Subtract, Type::Date, Type::Date) => {
                let days = self.number("sub", &[plain(left), plain(right)]);
                return self.number("mul", &[days, "Some(86_400_000)".to_owned()]);
            }
            _ => {}
        }
        let result = scale_or_zero(self.ir, ty);
        let scaled = |expr: &Expr| self.rescaled(plain(expr), &expr.ty, ty);
        let (left_scale, right_scale) = (
            scale_or_zero(self.ir, &left.ty),
            scale_or_zero(self.ir, &right.ty),
        );
        // Something empty gives empty even beside a number that does not fit.
        if self.mode == Mode::Effect
            && matches!(op, BinaryOp::Add | BinaryOp::Subtract)
            && (left_scale, right_scale) != (result, result)
        {
            let name = if op == BinaryOp::Add {
                "add_scaled"
            } else {
                "sub_scaled"
            };
            return format!(
                "num::checked::{name}(({}, {left_scale}), ({}, {right_scale}), {result})?",
                plain(left),
                plain(right)
            );
        }
        match op {
            BinaryOp::Add => self.number("add", &[scaled(left), scaled(right)]),
            BinaryOp::Subtract => self.number("sub", &[scaled(left), scaled(right)]),
            BinaryOp::Multiply => {
                let drop = (left_scale + right_scale).saturating_sub(result);
                if drop == 0 {
                    self.number("mul", &[plain(left), plain(right)])
                } else {
                    self.number("mul_scaled", &[plain(left), plain(right), drop.to_string()])
                }
            }
            _ => {
                let up = i16::from(result) + i16::from(right_scale) - i16::from(left_scale);
                self.number("div_scaled", &[plain(left), plain(right), up.to_string()])
            }
        }
    }

    pub(super) fn call(&self, builtin: Builtin, arguments: &[Expr], ty: &Type) -> (String, Form) {
        let Some(first) = arguments.first() else {
            return ("None".to_owned(), Form::Plain);
        };
        let days = || {
            let code = self.value(first).0;
            if first.ty == Type::Timestamp {
                format!("time::date_of({code})")
            } else {
                code
            }
        };
        let code = match builtin {
            Builtin::Lower => {
                return (
                    format!("text::lower({})", self.compared(first, None)),
                    Form::Owned,
                );
            }
            Builtin::Length => match self.value(first).1 {
                Form::List | Form::Slice => format!("text::count({})", self.compared(first, None)),
                _ => format!("text::length({})", self.compared(first, None)),
            },
            Builtin::Round => self.rescaled(self.value(first).0, &first.ty, ty),
            Builtin::Date => format!("time::date_of({})", self.value(first).0),
            Builtin::Time => format!("time::time_of({})", self.value(first).0),
            Builtin::Weekday => format!("time::weekday_of_date({})", days()),
            Builtin::Year => format!("time::year_of_date({})", days()),
            Builtin::Month => format!("time::month_of_date({})", days()),
            Builtin::Day => format!("time::day_of_date({})", days()),
            Builtin::Hour => match first.ty {
                Type::Time => format!("{}.map(|time| time / 3_600_000)", self.value(first).0),
                _ => format!("time::hour_of({})", self.value(first).0),
            },
            Builtin::Abs => self.number("absolute", &[self.value(first).0]),
            Builtin::Min | Builtin::Max => {
                let name = if builtin == Builtin::Min {
                    "num::min2"
                } else {
                    "num::max2"
                };
                let mut values = arguments
                    .iter()
                    .map(|argument| self.rescaled(self.value(argument).0, &argument.ty, ty));
                let head = values.next().unwrap_or_default();
                values.fold(head, |left, right| format!("{name}({left}, {right})"))
            }
        };
        (code, Form::Plain)
    }

    /// A `String` of pieces of text and values.
    pub(crate) fn formatted(&self, pieces: &[Expr]) -> String {
        let mut text = String::new();
        let mut values = Vec::new();
        for piece in pieces {
            if let ExprKind::Literal(Literal::Text(part)) = &piece.kind {
                text.push_str(&part.replace('{', "{{").replace('}', "}}"));
            } else {
                text.push_str("{}");
                values.push(self.shown(piece));
            }
        }
        if values.is_empty() {
            let text = text.replace("{{", "{").replace("}}", "}");
            return format!("{}.to_owned()", literal(&text));
        }
        format!("format!({}, {})", literal(&text), values.join(", "))
    }

    /// Something that shows the value inside text.
    fn shown(&self, expr: &Expr) -> String {
        let (code, form) = self.value(expr);
        match (&expr.ty, form) {
            (Type::Choice(choice), _) => {
                format!("{code}.map_or(\"\", {}::label)", self.names.choice(*choice))
            }
            (_, Form::Borrowed | Form::Owned) => format!("{code}.unwrap_or_default()"),
            (Type::List(item), Form::List | Form::Slice) if !matches!(**item, Type::Ref(_)) => {
                format!("{code}.join(\", \")")
            }
            (_, Form::List | Form::Slice) => {
                format!("{code}.iter().map(ToString::to_string).collect::<Vec<_>>().join(\", \")")
            }
            (Type::Bool, _) => format!("text::show(\"yesno\", {code}.map(i64::from))"),
            (Type::Decimal(places), _) => format!("text::show(\"decimal{places}\", {code})"),
            (ty, _) => format!("text::show(\"{}\", {code})", show_kind(ty)),
        }
    }
}
