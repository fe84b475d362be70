//! Calculation: numbers at their scale, what is built in, declared functions, values as text.

use super::shape::{
    entity_of, field_of, grouped, scale_of, scale_or_zero, show_kind, text_literal,
};
use super::{Reach, Sql, ident};
use specc_ir::expr::{BinaryOp, Builtin, Expr, ExprKind, FieldRef, Literal};
use specc_ir::ir::{FunctionId, Type};
use std::collections::BTreeMap;
use std::fmt::Write as _;

impl Sql<'_> {
    pub(super) fn scaled(&mut self, expr: &Expr, scale: Option<u8>) -> String {
        let own = scale_of(self.ir, &expr.ty);
        let value = self.value(expr);
        match (own, scale) {
            (Some(from), Some(to)) if from != to => format!("rescale({value}, {from}, {to})"),
            _ => value,
        }
    }

    pub(super) fn arithmetic(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        ty: &Type,
    ) -> String {
        match (op, &left.ty, &right.ty) {
            (BinaryOp::Add, Type::Date, Type::Duration) => {
                return format!("date_add({}, {})", self.value(left), self.value(right));
            }
            (BinaryOp::Add, Type::Duration, Type::Date) => {
                return format!("date_add({}, {})", self.value(right), self.value(left));
            }
            (BinaryOp::Subtract, Type::Date, Type::Duration) => {
                return format!("date_add({}, neg({}))", self.value(left), self.value(right));
            }
            (BinaryOp::Add, Type::Time, Type::Duration) => {
                return format!("time_add({}, {})", self.value(left), self.value(right));
            }
            (BinaryOp::Add, Type::Duration, Type::Time) => {
                return format!("time_add({}, {})", self.value(right), self.value(left));
            }
            (BinaryOp::Subtract, Type::Time, Type::Duration) => {
                return format!("time_add({}, neg({}))", self.value(left), self.value(right));
            }
            (BinaryOp::Subtract, Type::Date, Type::Date) => {
                return format!(
                    "multiply(subtract({}, {}), 86400000)",
                    self.value(left),
                    self.value(right)
                );
            }
            _ => {}
        }
        let result = scale_of(self.ir, ty);
        match op {
            BinaryOp::Add => format!(
                "plus({}, {})",
                self.scaled(left, result),
                self.scaled(right, result)
            ),
            BinaryOp::Subtract => format!(
                "subtract({}, {})",
                self.scaled(left, result),
                self.scaled(right, result)
            ),
            BinaryOp::Multiply => {
                let product = scale_or_zero(self.ir, &left.ty) + scale_or_zero(self.ir, &right.ty);
                let drop = product.saturating_sub(result.unwrap_or(0));
                let (left, right) = (self.value(left), self.value(right));
                if drop == 0 {
                    format!("multiply({left}, {right})")
                } else {
                    format!("mul_scaled({left}, {right}, {drop})")
                }
            }
            _ => {
                let up = i16::from(result.unwrap_or(0))
                    + i16::from(scale_or_zero(self.ir, &right.ty))
                    - i16::from(scale_or_zero(self.ir, &left.ty));
                format!(
                    "div_scaled({}, {}, {up})",
                    self.value(left),
                    self.value(right)
                )
            }
        }
    }

    pub(super) fn call(&mut self, builtin: Builtin, arguments: &[Expr], ty: &Type) -> String {
        let Some(first) = arguments.first() else {
            return "NULL".to_owned();
        };
        match builtin {
            Builtin::Lower => format!("lower_u({})", self.value(first)),
            Builtin::Length => match first.ty {
                Type::List(_) | Type::Many(_) => {
                    format!("json_array_length({})", self.value(first))
                }
                _ => format!("length_u({})", self.value(first)),
            },
            Builtin::Round => self.at_type(first, ty),
            Builtin::Date => format!("date_of({})", self.value(first)),
            Builtin::Time => format!("time_of({})", self.value(first)),
            Builtin::Weekday => format!("weekday_of_date({})", self.days(first)),
            Builtin::Year => format!("year_of_date({})", self.days(first)),
            Builtin::Month => format!("month_of_date({})", self.days(first)),
            Builtin::Day => format!("day_of_date({})", self.days(first)),
            Builtin::Hour => match first.ty {
                Type::Time => format!("({} / 3600000)", self.value(first)),
                _ => format!("hour_of({})", self.value(first)),
            },
            Builtin::Abs => format!("absolute({})", self.value(first)),
            Builtin::Min | Builtin::Max => {
                let name = if builtin == Builtin::Min {
                    "min"
                } else {
                    "max"
                };
                let values: Vec<String> = arguments
                    .iter()
                    .map(|argument| self.at_type(argument, ty))
                    .collect();
                if values.len() == 1 {
                    values.concat()
                } else {
                    format!("{name}({})", values.join(", "))
                }
            }
        }
    }

    pub(super) fn days(&mut self, expr: &Expr) -> String {
        let value = self.value(expr);
        if expr.ty == Type::Timestamp {
            format!("date_of({value})")
        } else {
            value
        }
    }

    pub(super) fn function(
        &mut self,
        function: FunctionId,
        arguments: &[Expr],
        ty: &Type,
    ) -> String {
        let Some(declared) = self.ir.functions.get(function.0 as usize) else {
            return "NULL".to_owned();
        };
        if self.depth >= 16 {
            return "NULL".to_owned();
        }
        let mut variables = BTreeMap::new();
        for (parameter, argument) in declared.inputs.iter().zip(arguments) {
            variables.insert(
                parameter.var,
                Reach::Value(self.at_type(argument, &parameter.ty)),
            );
        }
        let outer = std::mem::replace(&mut self.variables, variables);
        // Inside, every variable is known, so that nothing is bound by mistake.
        let binds = self.binds.take();
        self.depth += 1;
        let body = self.at_type(&declared.is, ty);
        self.depth -= 1;
        self.binds = binds;
        self.variables = outer;
        grouped(&body)
    }

    /// Text of a value inside text.
    pub(super) fn shown(&mut self, expr: &Expr) -> String {
        if let ExprKind::Literal(Literal::Text(text)) = &expr.kind {
            return text_literal(text);
        }
        let value = self.value(expr);
        self.shown_value(&value, &expr.ty, true)
    }

    /// Text of a value by its type; a row as what it is shown as, where it is asked for.
    fn shown_value(&mut self, value: &str, ty: &Type, rows: bool) -> String {
        match ty {
            Type::Choice(choice) => {
                let mut out = format!("coalesce(CASE {value}");
                if let Some(declared) = self.ir.choices.get(choice.0 as usize) {
                    for (position, option) in (0u32..).zip(&declared.values) {
                        let stored = text_literal(&self.names.choice_value(*choice, position));
                        let _ = write!(out, " WHEN {stored} THEN {}", text_literal(&option.label));
                    }
                }
                out.push_str(" END, '')");
                out
            }
            Type::List(_) | Type::Many(_) => {
                let item = match ty {
                    Type::List(item) => (**item).clone(),
                    Type::Many(entity) => Type::Ref(*entity),
                    other => other.clone(),
                };
                let alias = self.alias();
                let shown = self.shown_value(&format!("{alias}.value"), &item, rows);
                format!(
                    "coalesce((SELECT group_concat({shown}, ', ') FROM json_each({value}) {alias}), '')"
                )
            }
            Type::Ref(entity) if rows => {
                let shown = entity_of(self.ir, *entity).and_then(|declared| declared.shown_as);
                match shown {
                    Some(field) => {
                        let alias = self.alias();
                        let column = self.column(&alias, *entity, FieldRef::Field(field));
                        let table = ident(&self.names.table(*entity));
                        let ty = field_of(self.ir, *entity, field)
                            .map_or(Type::Text, |field| field.ty.clone());
                        // One step only: what refers on is shown by its id.
                        let column = self.shown_value(&column, &ty, false);
                        format!(
                            "coalesce((SELECT {column} FROM {table} {alias} WHERE {alias}.id = {value}), '')"
                        )
                    }
                    None => format!("coalesce(show({value}, 'integer'), '')"),
                }
            }
            Type::Decimal(places) => format!("coalesce(show({value}, 'decimal{places}'), '')"),
            other => format!("coalesce(show({value}, '{}'), '')", show_kind(other)),
        }
    }
}
