//! Calls in expressions: what is built in, and the functions a program declares.

use super::Typer;
use crate::expr::{Builtin, Expr, ExprKind, Literal};
use crate::ir::{FunctionId, Type};
use crate::parse::fit::{describe, is_number, is_ordered, is_text};
use crate::parse::syntax::Node;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::fold_name;
use specc_syntax::span::Span;

impl Typer<'_, '_> {
    pub(super) fn call(
        &mut self,
        name: (usize, usize),
        arguments: &[Node],
        span: Span,
    ) -> Option<Expr> {
        let word = self.slice(name.0, name.1);
        let folded = fold_name(word);
        if let Some(function) = self.index.functions.get(&folded).copied() {
            return self.function(function, arguments, span);
        }
        let builtin = match folded.as_str() {
            "lower" => Builtin::Lower,
            "length" => Builtin::Length,
            "round" => Builtin::Round,
            "date" => Builtin::Date,
            "time" => Builtin::Time,
            "weekday" => Builtin::Weekday,
            "year" => Builtin::Year,
            "month" => Builtin::Month,
            "day" => Builtin::Day,
            "hour" => Builtin::Hour,
            "min" => Builtin::Min,
            "max" => Builtin::Max,
            "abs" => Builtin::Abs,
            _ => return self.unknown_function(name),
        };
        self.builtin(builtin, word, arguments, span)
    }

    fn unknown_function(&mut self, name: (usize, usize)) -> Option<Expr> {
        const KNOWN: &[&str] = &[
            "abs", "avg", "count", "date", "day", "every", "exists", "first", "hour", "length",
            "lower", "max", "min", "month", "round", "sum", "time", "weekday", "year",
        ];
        let (word, span) = (self.slice(name.0, name.1), self.span(name.0, name.1));
        let declared = self
            .ir
            .functions
            .iter()
            .map(|function| function.name.text.as_str());
        let near = specc_syntax::names::suggest(word, KNOWN.iter().copied().chain(declared));
        let diagnostic =
            Diagnostic::new("unknown-function", span, format!("`{word}` is no function"));
        self.out.push(match near {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .edit(span, near.replace([' ', '-'], "_")),
            None => diagnostic.help(format!("declare it with a heading `Function: {word}`")),
        });
        None
    }

    fn function(&mut self, id: FunctionId, arguments: &[Node], span: Span) -> Option<Expr> {
        let function = self.ir.functions.get(id.0 as usize)?;
        if arguments.len() != function.inputs.len() {
            let inputs: Vec<&str> = function
                .inputs
                .iter()
                .map(|input| input.name.text.as_str())
                .collect();
            let message = format!(
                "`{}` takes {} values, not {}",
                function.name.text,
                inputs.len(),
                arguments.len()
            );
            self.report(
                "wrong-arguments",
                span,
                message,
                format!("its inputs are: {}", inputs.join(", ")),
            );
            return None;
        }
        let typed: Vec<Option<Expr>> = arguments
            .iter()
            .zip(&function.inputs)
            .map(|(node, input)| self.value(node, &input.ty))
            .collect();
        let typed: Option<Vec<Expr>> = typed.into_iter().collect();
        Some(Expr {
            kind: ExprKind::Function(id, typed?),
            ty: function.output.clone(),
            span,
        })
    }

    fn builtin(
        &mut self,
        builtin: Builtin,
        word: &str,
        nodes: &[Node],
        span: Span,
    ) -> Option<Expr> {
        let typed: Vec<Option<Expr>> = nodes.iter().map(|node| self.expr(node, None)).collect();
        let mut arguments: Vec<Expr> = typed.into_iter().collect::<Option<_>>()?;
        let wanted = match builtin {
            Builtin::Round => 1..=2,
            Builtin::Min | Builtin::Max => 2..=2,
            _ => 1..=1,
        };
        if !wanted.contains(&arguments.len()) {
            let message = format!(
                "`{word}` takes {} values, not {}",
                wanted.end(),
                arguments.len()
            );
            self.report(
                "wrong-arguments",
                span,
                message,
                "put values of its kind between the parentheses, separated by commas",
            );
            return None;
        }
        let first = arguments.first()?;
        let given = first.ty.clone();
        let known = given != Type::Empty;
        let ty = match (builtin, &given) {
            (Builtin::Lower, ty) if is_text(ty) => Some(Type::Text),
            (Builtin::Length, ty) if is_text(ty) || matches!(ty, Type::List(_) | Type::Many(_)) => {
                Some(Type::Integer)
            }
            (Builtin::Date, Type::Timestamp) => Some(Type::Date),
            (Builtin::Time, Type::Timestamp) => Some(Type::Time),
            (
                Builtin::Weekday | Builtin::Year | Builtin::Month | Builtin::Day,
                Type::Date | Type::Timestamp,
            )
            | (Builtin::Hour, Type::Time | Type::Timestamp) => Some(Type::Integer),
            (Builtin::Abs, ty)
                if is_number(ty) || matches!(ty, Type::Money | Type::Percent | Type::Duration) =>
            {
                Some(ty.clone())
            }
            (Builtin::Round, ty) if is_number(ty) || matches!(ty, Type::Money | Type::Percent) => {
                return self.round(arguments, span);
            }
            (Builtin::Min | Builtin::Max, _) if known => {
                let (right, left) = (arguments.pop()?, arguments.pop()?);
                let (left, right) =
                    self.same_type(left, right, span, "both values are of one ordered type")?;
                let ty = self.common(&left.ty, &right.ty);
                arguments = vec![left, right];
                is_ordered_value(&ty).then_some(ty)
            }
            _ => None,
        };
        let Some(ty) = ty else {
            let message = format!("`{word}` does not take {}", describe(&given, self.ir));
            let help = match builtin {
                Builtin::Lower | Builtin::Length => "it takes text",
                Builtin::Date | Builtin::Time => "it takes a timestamp",
                Builtin::Weekday | Builtin::Year | Builtin::Month | Builtin::Day => {
                    "it takes a date or a timestamp"
                }
                Builtin::Hour => "it takes a time or a timestamp",
                Builtin::Round | Builtin::Abs => "it takes a number",
                Builtin::Min | Builtin::Max => "it takes two numbers, dates, times or durations",
            };
            self.report("type-mismatch", span, message, help);
            return None;
        };
        Some(Expr {
            kind: ExprKind::Call(builtin, arguments),
            ty,
            span,
        })
    }

    pub(super) fn round(&mut self, mut arguments: Vec<Expr>, span: Span) -> Option<Expr> {
        let places = match arguments.get(1) {
            None => None,
            Some(Expr {
                kind: ExprKind::Literal(Literal::Integer(places)),
                ..
            }) if (0..=8).contains(places) => u8::try_from(*places).ok(),
            Some(second) => {
                self.report(
                    "wrong-arguments",
                    second.span,
                    "the places to round to are a number from 0 to 8",
                    "write for example `round(x, 2)`",
                );
                return None;
            }
        };
        let first = arguments.first()?;
        let money = first.ty == Type::Money;
        if first.ty == Type::Percent {
            self.report(
                "type-mismatch",
                span,
                "`round` does not take percent",
                "a percent has two places",
            );
            return None;
        }
        let ty = match (places, money) {
            (None | Some(0), false) => Type::Integer,
            (None, true) => Type::Integer,
            (Some(places), false) => Type::Decimal(places),
            (Some(_), true) => Type::Money,
        };
        if let (Some(places), true) = (places, money)
            && places < self.ir.program.currency_digits
        {
            // Rounded to fewer places than the currency has: round, then scale back up by the type.
            let rounded = if places == 0 {
                Type::Integer
            } else {
                Type::Decimal(places)
            };
            arguments.truncate(1);
            let inner = Expr {
                kind: ExprKind::Call(Builtin::Round, arguments),
                ty: rounded,
                span,
            };
            return Some(Expr {
                kind: ExprKind::Call(Builtin::Round, vec![inner]),
                ty,
                span,
            });
        }
        arguments.truncate(1);
        Some(Expr {
            kind: ExprKind::Call(Builtin::Round, arguments),
            ty,
            span,
        })
    }
}

fn is_ordered_value(ty: &Type) -> bool {
    is_ordered(ty) && !is_text(ty) && !matches!(ty, Type::Choice(_))
}
