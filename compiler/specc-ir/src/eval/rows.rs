//! Aggregates over rows, and who may read a row.

use super::{Eval, EvalError, Mode, Result, Value, World, count, divided, sort_order, ten};
use crate::expr::{Aggregate, AggregateOp, FieldRef, THIS};
use crate::ir::{EntityId, Grant, Type, Verb, Who};
use crate::parse::scale;
use std::cmp::Ordering;

/// The caller may read a row, by the row's own policy.
///
/// # Errors
/// Where policies ask each other without end.
pub fn may_read(
    world: &dyn World,
    entity: EntityId,
    row: i64,
) -> std::result::Result<bool, EvalError> {
    let mut eval = Eval {
        world,
        ir: world.ir(),
        mode: Mode::Condition,
        locals: Vec::new(),
        bare: true,
        old_this: false,
        depth: 0,
    };
    eval.readable(entity, row)
}

impl Eval<'_> {
    pub(super) fn readable(&mut self, entity: EntityId, row: i64) -> Result<bool> {
        if !self.world.rows(entity).contains(&row) {
            return Ok(false);
        }
        let Some(declared) = self.ir.entities.get(entity.0 as usize) else {
            return Ok(false);
        };
        for grant in declared
            .access
            .iter()
            .filter(|grant| grant.verb == Verb::Read)
        {
            if self.inside(vec![(THIS, Value::Row(row))], false, |inner| {
                inner.granted(grant)
            })? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn granted(&mut self, grant: &Grant) -> Result<bool> {
        let me = self.world.me();
        let mut named = false;
        for who in &grant.who {
            named |= match who {
                Who::Anyone => true,
                Who::SignedIn => me.is_some(),
                Who::Role(role) => match me {
                    Some(me) => self.has_role(me, *role)?,
                    None => false,
                },
                Who::Relation(expr) => match (self.value(expr)?, me) {
                    (Value::Row(user), Some(me)) => user == me,
                    _ => false,
                },
            };
        }
        match &grant.when {
            Some(when) if named => self.condition(when),
            _ => Ok(named),
        }
    }

    pub(super) fn aggregate(&mut self, aggregate: &Aggregate, ty: &Type) -> Result<Value> {
        let rows = match &aggregate.through {
            None => self.world.rows(aggregate.entity),
            Some((owner, field)) => {
                let entity = match owner.ty {
                    Type::Ref(entity) => entity,
                    _ => aggregate.entity,
                };
                let Value::Row(owner) = self.value(owner)? else {
                    return Ok(self.of_nothing(aggregate.op));
                };
                match self.field_of(entity, owner, FieldRef::Field(*field), false)? {
                    Value::List(values) => {
                        let mut rows: Vec<i64> = values
                            .iter()
                            .filter_map(|value| {
                                if let Value::Row(row) = value {
                                    Some(*row)
                                } else {
                                    None
                                }
                            })
                            .collect();
                        rows.sort_unstable();
                        rows.dedup();
                        rows
                    }
                    _ => Vec::new(),
                }
            }
        };
        let mut found: Vec<(Vec<Value>, i64)> = Vec::new();
        for row in rows {
            let kept = self.with_row(aggregate, row, |eval| match &aggregate.filter {
                Some(filter) => eval.condition(filter),
                None => Ok(true),
            })?;
            if kept {
                let keys = self.with_row(aggregate, row, |eval| eval.keys(aggregate))?;
                found.push((keys, row));
            }
        }
        if !aggregate.sort.is_empty() {
            found.sort_by(|(a, first), (b, second)| {
                let keys = aggregate.sort.iter().zip(a.iter().zip(b));
                let order = keys
                    .map(|(sort, (a, b))| {
                        if sort.descending {
                            sort_order(b, a)
                        } else {
                            sort_order(a, b)
                        }
                    })
                    .find(|order| *order != Ordering::Equal);
                order.unwrap_or(Ordering::Equal).then(first.cmp(second))
            });
        }
        self.reduce(aggregate, &found, ty)
    }

    fn of_nothing(&self, op: AggregateOp) -> Value {
        match op {
            AggregateOp::Count => Value::Number(0),
            AggregateOp::Exists => Value::Bool(false),
            AggregateOp::Every => Value::Bool(true),
            AggregateOp::List => Value::List(Vec::new()),
            AggregateOp::Sum => Value::Number(0),
            _ => Value::Empty,
        }
    }

    fn with_row<T>(
        &mut self,
        aggregate: &Aggregate,
        row: i64,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.locals.push((aggregate.var, Value::Row(row)));
        let out = work(self);
        self.locals.pop();
        out
    }

    fn keys(&mut self, aggregate: &Aggregate) -> Result<Vec<Value>> {
        let mut keys = Vec::new();
        for sort in &aggregate.sort {
            keys.push(self.value(&sort.by)?);
        }
        Ok(keys)
    }

    fn reduce(
        &mut self,
        aggregate: &Aggregate,
        rows: &[(Vec<Value>, i64)],
        ty: &Type,
    ) -> Result<Value> {
        match (aggregate.op, &aggregate.value) {
            (AggregateOp::Count, None) => return Ok(count(rows.len())),
            (AggregateOp::Exists, _) => return Ok(Value::Bool(!rows.is_empty())),
            (AggregateOp::First, None) => {
                return Ok(rows
                    .first()
                    .map_or(Value::Empty, |(_, row)| Value::Row(*row)));
            }
            (AggregateOp::First, Some(value)) => {
                return match rows.first() {
                    Some((_, row)) => self.with_row(aggregate, *row, |eval| eval.value(value)),
                    None => Ok(Value::Empty),
                };
            }
            (AggregateOp::Every, Some(value)) => {
                for (_, row) in rows {
                    if !self.with_row(aggregate, *row, |eval| eval.condition(value))? {
                        return Ok(Value::Bool(false));
                    }
                }
                return Ok(Value::Bool(true));
            }
            _ => {}
        }
        let mut values: Vec<Value> = Vec::new();
        for (_, row) in rows {
            let value = match &aggregate.value {
                Some(value) => self.with_row(aggregate, *row, |eval| eval.value(value))?,
                None => Value::Row(*row),
            };
            if !value.is_empty() && (!aggregate.distinct || !values.contains(&value)) {
                values.push(value);
            }
        }
        let value_type = aggregate
            .value
            .as_ref()
            .map_or(Type::Empty, |value| value.ty.clone());
        match aggregate.op {
            AggregateOp::Count => Ok(count(values.len())),
            AggregateOp::List => Ok(Value::List(values)),
            AggregateOp::Min => Ok(self.extreme(&values, Ordering::Less)),
            AggregateOp::Max => Ok(self.extreme(&values, Ordering::Greater)),
            AggregateOp::Sum | AggregateOp::Avg => {
                let like = |number: i64| {
                    if value_type == Type::Duration {
                        Value::Duration(number)
                    } else {
                        Value::Number(number)
                    }
                };
                let mut total = 0_i128;
                for value in &values {
                    total += i128::from(value.whole().unwrap_or(0));
                }
                if aggregate.op == AggregateOp::Sum {
                    return self.checked(i64::try_from(total).ok().map(like));
                }
                if values.is_empty() {
                    return Ok(Value::Empty);
                }
                let up = scale(ty, self.ir)
                    .unwrap_or(0)
                    .saturating_sub(scale(&value_type, self.ir).unwrap_or(0));
                let size = i128::try_from(values.len()).unwrap_or(i128::MAX);
                let average = ten(u32::from(up))
                    .and_then(|power| total.checked_mul(power))
                    .and_then(|total| divided(total, size));
                self.checked(
                    average
                        .and_then(|average| i64::try_from(average).ok())
                        .map(like),
                )
            }
            _ => Ok(Value::Empty),
        }
    }

    /// The smallest or largest of values that are not empty.
    fn extreme(&self, values: &[Value], wanted: Ordering) -> Value {
        let mut best: Option<&Value> = None;
        for value in values {
            let order = |other: &Value| match (value, other) {
                (Value::Text(a), Value::Text(b)) => a.cmp(b),
                (a, b) => sort_order(a, b),
            };
            if best.is_none_or(|best| order(best) == wanted) {
                best = Some(value);
            }
        }
        best.cloned().unwrap_or(Value::Empty)
    }
}
