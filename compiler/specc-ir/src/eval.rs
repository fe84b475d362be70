//! What expressions mean: the reference that SQL and generated Rust must agree with.
//! Reads rows through [`World`]; owns no state and reads no clock.

mod rows;
mod show;
mod time;

#[cfg(test)]
mod tests;

use crate::expr::{
    BinaryOp, Builtin, Expr, ExprKind, FieldRef, Literal, OLD, THIS, UnaryOp, VarId,
};
use crate::ir::{EntityId, Ir, RoleId, Type};
use crate::parse::scale;
use std::cmp::Ordering;

pub use rows::may_read;
pub use show::show;
pub use time::civil;

/// A value. Blank text is [`Value::Empty`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// Nothing.
    Empty,
    /// Yes or no.
    Bool(bool),
    /// Text, never blank.
    Text(String),
    /// An integer, or the mantissa of a decimal, an amount or a percent at its type's scale.
    Number(i64),
    /// A choice's value, by its position.
    Choice(u32),
    /// Days since 1970-01-01.
    Date(i32),
    /// Milliseconds since midnight.
    Time(i64),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
    /// Milliseconds.
    Duration(i64),
    /// A row, by its id.
    Row(i64),
    /// Several values, none of them empty.
    List(Vec<Value>),
}

impl Value {
    /// Text; blank text is empty.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Value {
        let text = text.into();
        if text.trim().is_empty() {
            Value::Empty
        } else {
            Value::Text(text)
        }
    }

    /// There is nothing: no value, or a list without one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Value::Empty => true,
            Value::List(values) => values.is_empty(),
            _ => false,
        }
    }

    fn is_true(&self) -> bool {
        *self == Value::Bool(true)
    }
}

/// What arithmetic that fails does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It gives empty.
    Condition,
    /// It is an error.
    Effect,
}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvalError {
    /// Overflow or division by zero.
    Arithmetic,
    /// Functions, computed fields or policies ask each other without end.
    TooDeep,
}

impl std::fmt::Display for EvalError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            EvalError::Arithmetic => "a number is too large, or divided by zero",
            EvalError::TooDeep => {
                "functions, computed fields or policies ask each other too deeply"
            }
        })
    }
}

impl std::error::Error for EvalError {}

/// The facts an expression may ask for.
pub trait World {
    /// The program.
    fn ir(&self) -> &Ir;
    /// The ids of an entity's rows, ascending.
    fn rows(&self, entity: EntityId) -> Vec<i64>;
    /// A stored field of a row; empty where there is no such row. `many` is a list of rows, ascending.
    fn field(&self, entity: EntityId, row: i64, field: FieldRef) -> Value;
    /// A stored field of the row as it was before the operation.
    fn old(&self, entity: EntityId, field: FieldRef) -> Value;
    /// A variable of the section: `this`, `old`, rows named with `as`, parameters.
    fn variable(&self, var: VarId) -> Value;
    /// An input by name.
    fn input(&self, name: &str) -> Value;
    /// The result of the function whose property is asked.
    fn output(&self) -> Value;
    /// The caller.
    fn me(&self) -> Option<i64>;
    /// The moment of the operation, in milliseconds since 1970.
    fn now(&self) -> i64;
    /// What to add to UTC for the program's time zone at a moment, in milliseconds.
    fn offset(&self, moment: i64) -> i64;
    /// The roles given to a user.
    fn roles(&self, user: i64) -> Vec<RoleId>;
}

/// The value of an expression.
///
/// # Errors
/// In [`Mode::Effect`] where a number does not fit or is divided by zero.
pub fn evaluate(expr: &Expr, world: &dyn World, mode: Mode) -> Result<Value, EvalError> {
    let mut eval = Eval {
        world,
        ir: world.ir(),
        mode,
        locals: Vec::new(),
        bare: false,
        old_this: false,
        depth: 0,
    };
    eval.value(expr)
}

/// A condition: empty counts as no.
///
/// # Errors
/// As [`evaluate`].
pub fn holds(expr: &Expr, world: &dyn World, mode: Mode) -> Result<bool, EvalError> {
    Ok(evaluate(expr, world, mode)?.is_true())
}

/// A value of one type as a value of another that takes it: numbers at its scale, rounded half away from zero.
///
/// # Errors
/// Where the number does not fit.
pub fn fitted(value: Value, from: &Type, to: &Type, ir: &Ir) -> Result<Value, EvalError> {
    let (Value::Number(number), Some(from), Some(to)) = (&value, scale(from, ir), scale(to, ir))
    else {
        return Ok(value);
    };
    rescale(i128::from(*number), from, to)
        .map(Value::Number)
        .ok_or(EvalError::Arithmetic)
}

/// The order of two values of one type; `None` where one is empty, or there is no order.
#[must_use]
pub fn compared(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Empty | Value::List(_) | Value::Row(_), _)
        | (_, Value::Empty | Value::List(_) | Value::Row(_)) => None,
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (left, right) => Some(sort_order(left, right)),
    }
}

/// How deep functions, computed fields and policies may ask each other.
const DEEPEST: u32 = 32;

type Result<T, E = EvalError> = std::result::Result<T, E>;

pub(crate) struct Eval<'w> {
    world: &'w dyn World,
    ir: &'w Ir,
    mode: Mode,
    locals: Vec<(VarId, Value)>,
    /// Variables of the world are out of reach: a function, a computed field, a policy.
    bare: bool,
    /// `this` is the row as it was before.
    old_this: bool,
    depth: u32,
}

impl<'w> Eval<'w> {
    fn value(&mut self, expr: &Expr) -> Result<Value> {
        Ok(match &expr.kind {
            ExprKind::Literal(literal) => from_literal(literal),
            ExprKind::Var(var) => self.variable(*var),
            ExprKind::Me => self.world.me().map_or(Value::Empty, Value::Row),
            ExprKind::Now => Value::Timestamp(self.world.now()),
            ExprKind::Today => self.date_of(self.world.now()),
            ExprKind::Input(name) => normal(self.world.input(name)),
            ExprKind::Output => normal(self.world.output()),
            ExprKind::Field(base, entity, field) => self.field(base, *entity, *field)?,
            ExprKind::Unary(UnaryOp::Not, inner) => Value::Bool(!self.value(inner)?.is_true()),
            ExprKind::Unary(UnaryOp::Negate, inner) => match self.value(inner)? {
                Value::Number(number) => self.checked(number.checked_neg().map(Value::Number))?,
                Value::Duration(number) => {
                    self.checked(number.checked_neg().map(Value::Duration))?
                }
                _ => Value::Empty,
            },
            ExprKind::Binary(op, left, right) => self.binary(*op, left, right, &expr.ty)?,
            ExprKind::OneOf(value, options) => {
                let asked = self.value(value)?;
                let mut found = false;
                for option in options {
                    let other = self.value(option)?;
                    found |= self.same(&asked, &value.ty, &other, &option.ty);
                }
                Value::Bool(found)
            }
            ExprKind::IsSet(inner) => Value::Bool(!self.value(inner)?.is_empty()),
            ExprKind::IsEmpty(inner) => Value::Bool(self.value(inner)?.is_empty()),
            ExprKind::HasRole(user, role) => match self.value(user)? {
                Value::Row(user) => Value::Bool(self.has_role(user, *role)?),
                _ => Value::Bool(false),
            },
            ExprKind::If(condition, then, otherwise) => {
                let branch = if self.value(condition)?.is_true() {
                    then
                } else {
                    otherwise
                };
                let value = self.value(branch)?;
                self.rescaled(value, &branch.ty, &expr.ty)?
            }
            ExprKind::Join(parts) => {
                let mut text = String::new();
                for part in parts {
                    match &part.kind {
                        // The letters between the braces stand as they are, blanks included.
                        ExprKind::Literal(Literal::Text(plain)) => text.push_str(plain),
                        _ => {
                            let value = self.value(part)?;
                            text.push_str(&self.shown(&value, &part.ty)?);
                        }
                    }
                }
                Value::text(text)
            }
            ExprKind::Call(builtin, arguments) => self.call(*builtin, arguments, &expr.ty)?,
            ExprKind::Function(id, arguments) => {
                let Some(function) = self.ir.functions.get(id.0 as usize) else {
                    return Ok(Value::Empty);
                };
                let mut locals = Vec::new();
                for (argument, input) in arguments.iter().zip(&function.inputs) {
                    let value = self.value(argument)?;
                    locals.push((input.var, self.rescaled(value, &argument.ty, &input.ty)?));
                }
                let value = self.inside(locals, false, |inner| inner.value(&function.is))?;
                let value = self.rescaled(value, &function.is.ty, &function.output)?;
                self.rescaled(value, &function.output, &expr.ty)?
            }
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, &expr.ty)?,
            ExprKind::CanRead(row, entity) => match self.value(row)? {
                Value::Row(row) => Value::Bool(self.readable(*entity, row)?),
                _ => Value::Bool(false),
            },
        })
    }

    fn condition(&mut self, expr: &Expr) -> Result<bool> {
        Ok(self.value(expr)?.is_true())
    }

    fn variable(&self, var: VarId) -> Value {
        match self.locals.iter().rev().find(|(local, _)| *local == var) {
            Some((_, value)) => value.clone(),
            None if self.bare => Value::Empty,
            None => normal(self.world.variable(var)),
        }
    }

    /// Evaluates something with variables of its own.
    fn inside<T>(
        &mut self,
        locals: Vec<(VarId, Value)>,
        old_this: bool,
        work: impl FnOnce(&mut Eval<'w>) -> Result<T>,
    ) -> Result<T> {
        if self.depth >= DEEPEST {
            return Err(EvalError::TooDeep);
        }
        let mut inner = Eval {
            world: self.world,
            ir: self.ir,
            mode: self.mode,
            locals,
            bare: true,
            old_this,
            depth: self.depth + 1,
        };
        work(&mut inner)
    }

    fn field(&mut self, base: &Expr, entity: EntityId, field: FieldRef) -> Result<Value> {
        let old = match base.kind {
            ExprKind::Var(OLD) => true,
            ExprKind::Var(THIS) => self.old_this,
            _ => false,
        };
        let Value::Row(row) = self.value(base)? else {
            return Ok(Value::Empty);
        };
        self.field_of(entity, row, field, old)
    }

    fn field_of(
        &mut self,
        entity: EntityId,
        row: i64,
        field: FieldRef,
        old: bool,
    ) -> Result<Value> {
        if let FieldRef::Field(id) = field {
            let declared = self
                .ir
                .entities
                .get(entity.0 as usize)
                .and_then(|entity| entity.fields.get(id.0 as usize));
            if let Some((computed, ty)) =
                declared.and_then(|field| Some((field.computed.as_ref()?, &field.ty)))
            {
                let mode = std::mem::replace(&mut self.mode, Mode::Condition);
                let value = self.inside(vec![(THIS, Value::Row(row))], old, |inner| {
                    let value = inner.value(computed)?;
                    inner.rescaled(value, &computed.ty, ty)
                });
                self.mode = mode;
                return value;
            }
        }
        Ok(normal(if old {
            self.world.old(entity, field)
        } else {
            self.world.field(entity, row, field)
        }))
    }

    /// The value, or what failed arithmetic gives.
    fn checked(&self, value: Option<Value>) -> Result<Value> {
        match (value, self.mode) {
            (Some(value), _) => Ok(value),
            (None, Mode::Condition) => Ok(Value::Empty),
            (None, Mode::Effect) => Err(EvalError::Arithmetic),
        }
    }

    /// A number of one type as one of another: more places, or fewer, rounded half away from zero.
    fn rescaled(&self, value: Value, from: &Type, to: &Type) -> Result<Value> {
        let (Value::Number(number), Some(from), Some(to)) =
            (&value, scale(from, self.ir), scale(to, self.ir))
        else {
            return Ok(value);
        };
        if from == to {
            return Ok(value);
        }
        self.checked(rescale(i128::from(*number), from, to).map(Value::Number))
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr, ty: &Type) -> Result<Value> {
        let truth = match op {
            BinaryOp::And => self.condition(left)? && self.condition(right)?,
            BinaryOp::Or => self.condition(left)? || self.condition(right)?,
            BinaryOp::Implies => !self.condition(left)? || self.condition(right)?,
            _ => {
                let (a, b) = (self.value(left)?, self.value(right)?);
                match op {
                    BinaryOp::Is => self.same(&a, &left.ty, &b, &right.ty),
                    BinaryOp::IsNot => !self.same(&a, &left.ty, &b, &right.ty),
                    BinaryOp::Less => {
                        self.order(&a, &left.ty, &b, &right.ty) == Some(Ordering::Less)
                    }
                    BinaryOp::LessOrEqual => self
                        .order(&a, &left.ty, &b, &right.ty)
                        .is_some_and(Ordering::is_le),
                    BinaryOp::Greater => {
                        self.order(&a, &left.ty, &b, &right.ty) == Some(Ordering::Greater)
                    }
                    BinaryOp::GreaterOrEqual => self
                        .order(&a, &left.ty, &b, &right.ty)
                        .is_some_and(Ordering::is_ge),
                    BinaryOp::Contains => match (&a, &b) {
                        (Value::Text(text), Value::Text(part)) => text.contains(part.as_str()),
                        (Value::List(values), item) => values.contains(item),
                        _ => false,
                    },
                    BinaryOp::StartsWith => match (&a, &b) {
                        (Value::Text(text), Value::Text(part)) => text.starts_with(part.as_str()),
                        _ => false,
                    },
                    BinaryOp::Matches => match (&a, &b) {
                        (Value::Text(text), Value::Text(pattern)) => {
                            regex::Regex::new(&format!("^(?:{pattern})$"))
                                .is_ok_and(|regex| regex.is_match(text))
                        }
                        _ => false,
                    },
                    _ => return self.arithmetic(op, (&a, &left.ty), (&b, &right.ty), ty),
                }
            }
        };
        Ok(Value::Bool(truth))
    }

    fn same(&self, a: &Value, a_type: &Type, b: &Value, b_type: &Type) -> bool {
        if a.is_empty() || b.is_empty() {
            return false;
        }
        match (a, b) {
            (Value::Text(a), Value::Text(b))
                if *a_type == Type::Email || *b_type == Type::Email =>
            {
                a.to_lowercase() == b.to_lowercase()
            }
            (Value::Number(_), Value::Number(_)) => {
                self.order(a, a_type, b, b_type) == Some(Ordering::Equal)
            }
            _ => a == b,
        }
    }

    /// The order of two values; `None` where one is empty, or a number does not fit at the common scale.
    fn order(&self, a: &Value, a_type: &Type, b: &Value, b_type: &Type) -> Option<Ordering> {
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => {
                let (from, to) = (
                    scale(a_type, self.ir).unwrap_or(0),
                    scale(b_type, self.ir).unwrap_or(0),
                );
                let common = from.max(to);
                let a = rescale(i128::from(*a), from, common)?;
                let b = rescale(i128::from(*b), to, common)?;
                Some(a.cmp(&b))
            }
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Choice(a), Value::Choice(b)) => Some(a.cmp(b)),
            (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
            (Value::Time(a), Value::Time(b))
            | (Value::Timestamp(a), Value::Timestamp(b))
            | (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    fn arithmetic(
        &self,
        op: BinaryOp,
        a: (&Value, &Type),
        b: (&Value, &Type),
        ty: &Type,
    ) -> Result<Value> {
        use Value::{Date, Duration, Number, Time, Timestamp};
        let (Some(x), Some(y)) = (a.0.whole(), b.0.whole()) else {
            return Ok(Value::Empty);
        };
        let sum = match op {
            BinaryOp::Add => x.checked_add(y),
            BinaryOp::Subtract => x.checked_sub(y),
            BinaryOp::Multiply => x.checked_mul(y),
            _ => None,
        };
        let value = match (op, a.0, b.0) {
            (_, Number(_), Number(_)) => {
                let (from, by) = (
                    scale(a.1, self.ir).unwrap_or(0),
                    scale(b.1, self.ir).unwrap_or(0),
                );
                self.numbers(op, (x, from), (y, by), scale(ty, self.ir).unwrap_or(0))
                    .map(Number)
            }
            (BinaryOp::Divide, Duration(_), Duration(_)) => self
                .numbers(op, (x, 0), (y, 0), scale(ty, self.ir).unwrap_or(0))
                .map(Number),
            (BinaryOp::Divide, Duration(_), Number(_)) => {
                self.numbers(op, (x, 0), (y, 0), 0).map(Duration)
            }
            (BinaryOp::Subtract, Date(_), Date(_)) => sum
                .and_then(|days| days.checked_mul(time::DAY))
                .map(Duration),
            (_, Date(_), Duration(_)) | (_, Duration(_), Date(_)) => {
                let (days, length) = if matches!(a.0, Date(_)) {
                    (x, y)
                } else {
                    (y, x)
                };
                if length % time::DAY != 0 {
                    return Ok(Value::Empty);
                }
                let length = length / time::DAY;
                let moved = if op == BinaryOp::Subtract {
                    days.checked_sub(length)
                } else {
                    days.checked_add(length)
                };
                moved
                    .and_then(|days| i32::try_from(days).ok())
                    .filter(time::is_date)
                    .map(Date)
            }
            (_, Time(_), Duration(_)) | (_, Duration(_), Time(_)) => {
                return Ok(sum
                    .filter(|time| (0..time::DAY).contains(time))
                    .map_or(Value::Empty, Time));
            }
            (_, Timestamp(_), Timestamp(_))
            | (_, Time(_), Time(_))
            | (_, Duration(_), Duration(_)) => sum.map(Duration),
            (_, Timestamp(_), Duration(_)) | (_, Duration(_), Timestamp(_)) => sum.map(Timestamp),
            (BinaryOp::Multiply, Duration(_), Number(_))
            | (BinaryOp::Multiply, Number(_), Duration(_)) => sum.map(Duration),
            _ => return Ok(Value::Empty),
        };
        self.checked(value)
    }

    fn numbers(&self, op: BinaryOp, a: (i64, u8), b: (i64, u8), to: u8) -> Option<i64> {
        let (x, y) = (i128::from(a.0), i128::from(b.0));
        match op {
            BinaryOp::Add => rescale(x, a.1, to)?.checked_add(rescale(y, b.1, to)?),
            BinaryOp::Subtract => rescale(x, a.1, to)?.checked_sub(rescale(y, b.1, to)?),
            BinaryOp::Multiply => rescale(x.checked_mul(y)?, a.1.checked_add(b.1)?, to),
            _ => {
                let up = i32::from(to) + i32::from(b.1) - i32::from(a.1);
                let (x, y) = if up >= 0 {
                    (x.checked_mul(ten(u32::try_from(up).ok()?)?)?, y)
                } else {
                    (x, y.checked_mul(ten(up.unsigned_abs())?)?)
                };
                i64::try_from(divided(x, y)?).ok()
            }
        }
    }

    fn call(&mut self, builtin: Builtin, arguments: &[Expr], ty: &Type) -> Result<Value> {
        let Some(first) = arguments.first() else {
            return Ok(Value::Empty);
        };
        let value = self.value(first)?;
        Ok(match (builtin, value) {
            (Builtin::Lower, Value::Text(text)) => Value::text(text.to_lowercase()),
            (Builtin::Length, Value::Text(text)) => count(text.chars().count()),
            (Builtin::Length, Value::List(values)) => count(values.len()),
            (Builtin::Round, value @ Value::Number(_)) => self.rescaled(value, &first.ty, ty)?,
            (Builtin::Date, Value::Timestamp(moment)) => self.date_of(moment),
            (Builtin::Time, Value::Timestamp(moment)) => {
                self.local(moment).map_or(Value::Empty, |local| {
                    Value::Time(local.rem_euclid(time::DAY))
                })
            }
            (
                Builtin::Weekday | Builtin::Year | Builtin::Month | Builtin::Day,
                value @ (Value::Date(_) | Value::Timestamp(_)),
            ) => {
                let days = match value {
                    Value::Date(days) => Some(i64::from(days)),
                    Value::Timestamp(moment) => {
                        self.local(moment).map(|local| local.div_euclid(time::DAY))
                    }
                    _ => None,
                };
                let Some(days) = days else {
                    return Ok(Value::Empty);
                };
                let (year, month, day) = time::civil(days);
                Value::Number(match builtin {
                    Builtin::Year => year,
                    Builtin::Month => month,
                    Builtin::Day => day,
                    _ => (days + 3).rem_euclid(7) + 1,
                })
            }
            (Builtin::Hour, Value::Time(time)) => Value::Number(time / 3_600_000),
            (Builtin::Hour, Value::Timestamp(moment)) => {
                self.local(moment).map_or(Value::Empty, |local| {
                    Value::Number(local.rem_euclid(time::DAY) / 3_600_000)
                })
            }
            (Builtin::Abs, Value::Number(number)) => {
                self.checked(number.checked_abs().map(Value::Number))?
            }
            (Builtin::Abs, Value::Duration(number)) => {
                self.checked(number.checked_abs().map(Value::Duration))?
            }
            (Builtin::Min | Builtin::Max, value) => {
                let Some(second) = arguments.get(1) else {
                    return Ok(value);
                };
                let other = self.value(second)?;
                let left = self.rescaled(value, &first.ty, ty)?;
                let right = self.rescaled(other, &second.ty, ty)?;
                match (self.order(&left, ty, &right, ty), builtin) {
                    (None, _) => Value::Empty,
                    (Some(Ordering::Greater), Builtin::Min)
                    | (Some(Ordering::Less), Builtin::Max) => right,
                    _ => left,
                }
            }
            _ => Value::Empty,
        })
    }

    /// Milliseconds of a moment on the clocks of the program's time zone; none outside the calendar.
    fn local(&self, moment: i64) -> Option<i64> {
        let local = moment.checked_add(self.world.offset(moment))?;
        let days = i32::try_from(local.div_euclid(time::DAY)).ok()?;
        time::is_date(&days).then_some(local)
    }

    fn date_of(&self, moment: i64) -> Value {
        self.local(moment)
            .and_then(|local| i32::try_from(local.div_euclid(time::DAY)).ok())
            .map_or(Value::Empty, Value::Date)
    }

    fn has_role(&mut self, user: i64, role: RoleId) -> Result<bool> {
        let given = self.world.roles(user);
        let mut holders = vec![role];
        let mut at = 0;
        while let Some(asked) = holders.get(at).copied() {
            at += 1;
            for (candidate, id) in self.ir.roles.iter().zip(0..) {
                if candidate.includes.contains(&asked) && !holders.contains(&RoleId(id)) {
                    holders.push(RoleId(id));
                }
            }
        }
        for holder in holders {
            if given.contains(&holder) {
                return Ok(true);
            }
            let when = self
                .ir
                .roles
                .get(holder.0 as usize)
                .and_then(|role| role.when.as_ref());
            if let Some(when) = when
                && self.inside(vec![(THIS, Value::Row(user))], false, |inner| {
                    inner.condition(when)
                })?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Value {
    /// The number inside, whatever it counts.
    fn whole(&self) -> Option<i64> {
        match self {
            Value::Number(value)
            | Value::Time(value)
            | Value::Timestamp(value)
            | Value::Duration(value) => Some(*value),
            Value::Date(days) => Some(i64::from(*days)),
            _ => None,
        }
    }
}

fn count(size: usize) -> Value {
    i64::try_from(size).map_or(Value::Empty, Value::Number)
}

fn normal(value: Value) -> Value {
    match value {
        Value::Text(text) => Value::text(text),
        other => other,
    }
}

/// A literal's value.
#[must_use]
pub fn from_literal(literal: &Literal) -> Value {
    match literal {
        Literal::Empty => Value::Empty,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Text(text) => Value::text(text.clone()),
        Literal::Integer(value) | Literal::Decimal(value) => Value::Number(*value),
        Literal::Choice(_, value) => Value::Choice(*value),
        Literal::Date(days) => Value::Date(*days),
        Literal::Time(time) => Value::Time(*time),
        Literal::Timestamp(moment) => Value::Timestamp(*moment),
        Literal::Duration(length) => Value::Duration(*length),
    }
}

fn ten(power: u32) -> Option<i128> {
    10_i128.checked_pow(power)
}

/// Rounded half away from zero; `None` for division by zero.
fn divided(x: i128, y: i128) -> Option<i128> {
    let (quotient, rest) = (x.checked_div(y)?, x.checked_rem(y)?);
    let up = rest.unsigned_abs().checked_mul(2)? >= y.unsigned_abs();
    Some(if up && rest != 0 {
        quotient + if (x < 0) == (y < 0) { 1 } else { -1 }
    } else {
        quotient
    })
}

/// A mantissa at another scale, rounded half away from zero; `None` where it does not fit.
fn rescale(number: i128, from: u8, to: u8) -> Option<i64> {
    let power = ten(u32::from(from.abs_diff(to)))?;
    let scaled = if to >= from {
        number.checked_mul(power)?
    } else {
        divided(number, power)?
    };
    i64::try_from(scaled).ok()
}

/// The order in which people see values: empty first, text without regard to ASCII case.
#[must_use]
pub fn sort_order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Empty, Value::Empty) => Ordering::Equal,
        (Value::Empty, _) => Ordering::Less,
        (_, Value::Empty) => Ordering::Greater,
        (Value::Text(a), Value::Text(b)) => {
            let fold = |text: &str| {
                text.bytes()
                    .map(|byte| byte.to_ascii_lowercase())
                    .collect::<Vec<u8>>()
            };
            fold(a).cmp(&fold(b)).then_with(|| a.cmp(b))
        }
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Choice(a), Value::Choice(b)) => a.cmp(b),
        (Value::Row(a), Value::Row(b)) => a.cmp(b),
        (a, b) => a.whole().cmp(&b.whole()),
    }
}
