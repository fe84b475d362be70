//! Random rows of the program, as a world for the evaluator.

use super::Dice;
use crate::eval::{Value, World};
use crate::expr::{FieldRef, OLD, THIS, VarId};
use crate::ir::{EntityId, Ir, RoleId, Type};
use std::rc::Rc;

/// Rows of every entity, and who asks when.
#[derive(Debug, Clone)]
pub struct Rows {
    ir: Rc<Ir>,
    /// By entity: id and the declared fields in order; computed ones are empty.
    pub tables: Vec<Vec<(i64, Vec<Value>)>>,
    /// The item that is `this`.
    pub this: i64,
    /// The caller.
    pub me: Option<i64>,
    /// Roles given, by user.
    pub roles: Vec<(i64, RoleId)>,
    /// The moment of the operation.
    pub now: i64,
}

impl Rows {
    /// Rows of the program [`program`] gives, drawn from bytes.
    #[must_use]
    pub fn roll(ir: Rc<Ir>, bytes: &[u8]) -> Rows {
        let mut dice = Dice { bytes, at: 0 };
        let me = if dice.roll(3) == 0 { None } else { Some(1) };
        let now =
            1_772_000_000_000 + i64::try_from(dice.roll(64)).unwrap_or(0) * 86_400_000 + 12_345;
        let sizes = [2, 1 + dice.roll(4), dice.roll(4)];
        let roles = match dice.roll(3) {
            0 => Vec::new(),
            1 => vec![(1, RoleId(0))],
            _ => vec![(1, RoleId(1)), (2, RoleId(0))],
        };
        let mut tables = Vec::new();
        for (entity, size) in ir.entities.iter().zip(sizes) {
            let mut rows = Vec::new();
            for id in (1..).take(size) {
                let values = entity.fields.iter().map(|field| {
                    if field.computed.is_some() {
                        Value::Empty
                    } else {
                        roll_value(&mut dice, &field.ty, &sizes)
                    }
                });
                rows.push((id, values.collect()));
            }
            tables.push(rows);
        }
        Rows {
            ir,
            tables,
            this: 1,
            me,
            roles,
            now,
        }
    }
}

fn roll_value(dice: &mut Dice<'_>, ty: &Type, sizes: &[usize; 3]) -> Value {
    let row = |dice: &mut Dice<'_>, entity: EntityId| {
        let size = sizes.get(entity.0 as usize).copied().unwrap_or(0);
        i64::try_from(dice.roll(size) + 1)
            .ok()
            .filter(|_| size > 0)
            .map_or(Value::Empty, Value::Row)
    };
    if let Type::Many(entity) = ty {
        let mut ids: Vec<i64> = Vec::new();
        for _ in 0..dice.roll(3) {
            if let Value::Row(id) = row(dice, *entity) {
                ids.push(id);
            }
        }
        ids.sort_unstable();
        ids.dedup();
        return Value::List(ids.into_iter().map(Value::Row).collect());
    }
    if dice.roll(4) == 0 {
        return Value::Empty;
    }
    match ty {
        Type::Text => Value::text(dice.pick(&["a", "Ab c", "b", "B", "é%_'", "c", "ÄRGER"])),
        Type::Email => {
            Value::text(dice.pick(&["ana@example.org", "zoë@example.org", "bob@example.org"]))
        }
        Type::Integer => Value::Number(dice.pick(&[0, 1, -7, 12, 1000, i64::MAX])),
        Type::Decimal(_) => Value::Number(dice.pick(&[0, 5, -225, 10_000, 333, 1])),
        Type::Money => Value::Number(dice.pick(&[0, 1, -1990, 100_000, i64::MAX])),
        Type::Percent => Value::Number(dice.pick(&[0, 1000, 1250, 3333])),
        Type::Bool => Value::Bool(dice.roll(2) == 1),
        Type::Date => Value::Date(dice.pick(&[0, 20_513, 19_782, -1])),
        Type::Time => Value::Time(dice.pick(&[0, 34_200_000, 86_399_000])),
        Type::Timestamp => {
            Value::Timestamp(dice.pick(&[0, 1_774_744_200_000, 1_772_400_000_000, -1]))
        }
        Type::Duration => {
            Value::Duration(dice.pick(&[0, 86_400_000, -3_600_000, 90 * 60_000, i64::MAX]))
        }
        Type::Choice(_) => Value::Choice(dice.pick(&[0, 1, 2])),
        Type::Ref(entity) => row(dice, *entity),
        _ => Value::Empty,
    }
}

impl World for Rows {
    fn ir(&self) -> &Ir {
        &self.ir
    }

    fn rows(&self, entity: EntityId) -> Vec<i64> {
        self.tables
            .get(entity.0 as usize)
            .map(|rows| rows.iter().map(|(id, _)| *id).collect())
            .unwrap_or_default()
    }

    fn field(&self, entity: EntityId, row: i64, field: FieldRef) -> Value {
        let found = self
            .tables
            .get(entity.0 as usize)
            .and_then(|rows| rows.iter().find(|(id, _)| *id == row));
        let Some((id, values)) = found else {
            return Value::Empty;
        };
        match field {
            FieldRef::Field(at) => values.get(at.0 as usize).cloned().unwrap_or(Value::Empty),
            FieldRef::Id => Value::Row(*id),
            FieldRef::Created => Value::Timestamp(1_770_000_000_000 + id * 1000),
            FieldRef::Updated => Value::Timestamp(1_771_000_000_000 + id * 1000),
            FieldRef::Version => Value::Number(*id),
        }
    }

    fn old(&self, entity: EntityId, field: FieldRef) -> Value {
        self.field(entity, self.this, field)
    }

    fn variable(&self, var: VarId) -> Value {
        if var == THIS || var == OLD {
            Value::Row(self.this)
        } else {
            Value::Empty
        }
    }

    fn input(&self, _: &str) -> Value {
        Value::Empty
    }

    fn output(&self) -> Value {
        Value::Empty
    }

    fn me(&self) -> Option<i64> {
        self.me
    }

    fn now(&self) -> i64 {
        self.now
    }

    fn offset(&self, moment: i64) -> i64 {
        let zone =
            jiff::tz::TimeZone::get(&self.ir.program.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let Ok(moment) = jiff::Timestamp::from_millisecond(moment) else {
            return 0;
        };
        i64::from(zone.to_offset(moment).seconds()) * 1000
    }

    fn roles(&self, user: i64) -> Vec<RoleId> {
        self.roles
            .iter()
            .filter(|(id, _)| *id == user)
            .map(|(_, role)| *role)
            .collect()
    }
}
