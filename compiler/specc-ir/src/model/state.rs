//! Rows as they are, and what an expression sees of them.

use super::Model;
use crate::eval::{Value, World};
use crate::expr::{FieldRef, OLD, THIS, VarId};
use crate::ir::{Entity, EntityId, FieldId, Ir, RoleId, Type, USER};
use std::collections::BTreeMap;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its fields, as its entity declares them; what is computed is empty here.
    pub fields: Vec<Value>,
    /// When it was made, in milliseconds since 1970.
    pub created: i64,
    /// When it was last changed.
    pub updated: i64,
    /// It grows with each change.
    pub version: i64,
    /// The roles given to a user.
    pub roles: Vec<RoleId>,
    /// The password of a user's account.
    pub password: Option<String>,
    /// A user who is gone and in whose place others still point: no row any more.
    pub stub: bool,
}

/// A message that left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Whose address.
    pub to: String,
    /// Up to the first line break.
    pub subject: String,
    /// The text below it.
    pub body: String,
}

/// Everything an app keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    tables: BTreeMap<EntityId, BTreeMap<i64, Row>>,
    /// The last id that was given, by entity.
    last: BTreeMap<EntityId, i64>,
    /// The last number of each series.
    pub(super) series: BTreeMap<String, i64>,
    /// How many random texts were drawn.
    pub(super) drawn: u64,
    /// What was sent, in order.
    pub mail: Vec<Mail>,
}

impl State {
    /// A number of a series or a random text was made up since an earlier state.
    #[must_use]
    pub fn made_up_since(&self, before: &State) -> bool {
        self.series != before.series || self.drawn != before.drawn
    }

    /// A row, if it is there.
    #[must_use]
    pub fn row(&self, entity: EntityId, id: i64) -> Option<&Row> {
        self.any_row(entity, id).filter(|row| !row.stub)
    }

    /// A row, or the stub of a user.
    pub(super) fn any_row(&self, entity: EntityId, id: i64) -> Option<&Row> {
        self.tables.get(&entity)?.get(&id)
    }

    /// The ids of an entity's rows, ascending.
    pub fn ids(&self, entity: EntityId) -> impl Iterator<Item = i64> {
        let table = self.tables.get(&entity).into_iter().flatten();
        table.filter(|(_, row)| !row.stub).map(|(id, _)| *id)
    }

    pub(super) fn row_mut(&mut self, entity: EntityId, id: i64) -> Option<&mut Row> {
        self.tables.get_mut(&entity)?.get_mut(&id)
    }

    pub(super) fn remove(&mut self, entity: EntityId, id: i64) {
        if let Some(table) = self.tables.get_mut(&entity) {
            table.remove(&id);
        }
    }

    /// The state without what never leaves the server: private fields, passwords, who holds which role.
    #[must_use]
    pub fn visible(&self, ir: &Ir) -> State {
        let mut state = self.clone();
        for (entity, table) in &mut state.tables {
            let Some(declared) = ir.entities.get(entity.0 as usize) else {
                continue;
            };
            for row in table.values_mut() {
                row.roles.clear();
                row.password = None;
                for (value, field) in row.fields.iter_mut().zip(&declared.fields) {
                    if field.private || matches!(field.ty, Type::Password | Type::Json) {
                        *value = Value::Empty;
                    }
                }
            }
        }
        state
    }

    /// What somebody else made up where the program leaves it open stands in this field.
    pub fn adopt(&mut self, entity: EntityId, id: i64, field: FieldId, value: Value) {
        if let Some(row) = self.row_mut(entity, id) {
            row.set(field, value);
        }
    }

    /// A user is given exactly these roles.
    pub fn set_roles(&mut self, user: i64, roles: &[RoleId]) {
        if let Some(row) = self.row_mut(USER, user) {
            row.roles = roles.to_vec();
        }
    }

    pub(super) fn put_back(&mut self, entity: EntityId, id: i64, row: Row) {
        self.tables.entry(entity).or_default().insert(id, row);
    }

    /// Puts a row behind all others; its id.
    pub fn insert(&mut self, entity: EntityId, row: Row) -> i64 {
        let last = self.last.entry(entity).or_default();
        *last += 1;
        self.tables.entry(entity).or_default().insert(*last, row);
        *last
    }

    /// Rows that are made from now on have the ids that they would have in another state.
    pub fn count_on_from(&mut self, other: &State) {
        for (entity, id) in &other.last {
            let last = self.last.entry(*entity).or_default();
            *last = (*last).max(*id);
        }
    }

    pub(super) fn value(&self, entity: EntityId, id: i64, field: FieldRef) -> Value {
        self.any_row(entity, id)
            .map_or(Value::Empty, |row| row.value(id, field))
    }
}

impl Row {
    /// A row without anything in it.
    #[must_use]
    pub fn new(entity: &Entity, now: i64) -> Row {
        Row {
            fields: vec![Value::Empty; entity.fields.len()],
            created: now,
            updated: now,
            version: 1,
            roles: Vec::new(),
            password: None,
            stub: false,
        }
    }

    pub(super) fn value(&self, id: i64, field: FieldRef) -> Value {
        match field {
            FieldRef::Field(field) => self.get(field),
            FieldRef::Id => Value::Number(id),
            FieldRef::Created => Value::Timestamp(self.created),
            FieldRef::Updated => Value::Timestamp(self.updated),
            FieldRef::Version => Value::Number(self.version),
        }
    }

    /// A field's value.
    #[must_use]
    pub fn get(&self, field: FieldId) -> Value {
        self.fields
            .get(field.0 as usize)
            .cloned()
            .unwrap_or(Value::Empty)
    }

    /// Puts a value into a field.
    pub fn set(&mut self, field: FieldId, value: Value) {
        if let Some(slot) = self.fields.get_mut(field.0 as usize) {
            *slot = value;
        }
    }
}

/// An entity without anything.
pub(super) fn nothing() -> Entity {
    Entity {
        name: Default::default(),
        plural: String::new(),
        about: String::new(),
        parent: None,
        tenant: None,
        shown_as: None,
        fields: Vec::new(),
        access: Vec::new(),
        lifecycles: Vec::new(),
        rules: Vec::new(),
        hooks: Vec::new(),
        span: Default::default(),
    }
}

/// What the code of one section may ask for.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    /// The section's row.
    pub this: Option<(EntityId, i64)>,
    /// That row as it was before.
    pub old: Option<Row>,
    /// Rows named with `as`.
    pub vars: Vec<(VarId, Value)>,
    /// What the client sent.
    pub inputs: BTreeMap<String, Value>,
}

impl Frame {
    pub fn of(entity: EntityId, row: i64) -> Frame {
        Frame {
            this: Some((entity, row)),
            ..Frame::default()
        }
    }
}

/// A state as an expression sees it.
#[derive(Clone, Copy)]
pub(super) struct View<'v> {
    pub model: Model<'v>,
    pub state: &'v State,
    pub frame: &'v Frame,
    pub me: Option<i64>,
    pub now: i64,
}

impl View<'_> {
    /// Year and month of today, in the program's time zone.
    pub fn today(&self) -> (i64, i64) {
        let local = self.now.saturating_add(self.offset(self.now));
        let (year, month, _) = crate::eval::civil(local.div_euclid(86_400_000));
        (year, month)
    }
}

impl World for View<'_> {
    fn ir(&self) -> &Ir {
        self.model.ir
    }

    fn rows(&self, entity: EntityId) -> Vec<i64> {
        self.state.ids(entity).collect()
    }

    fn field(&self, entity: EntityId, row: i64, field: FieldRef) -> Value {
        self.state.value(entity, row, field)
    }

    fn old(&self, _: EntityId, field: FieldRef) -> Value {
        match (&self.frame.old, self.frame.this) {
            (Some(row), Some((_, id))) => row.value(id, field),
            _ => Value::Empty,
        }
    }

    fn variable(&self, var: VarId) -> Value {
        let named = self.frame.vars.iter().rev().find(|(id, _)| *id == var);
        match (named, self.frame.this) {
            (Some((_, value)), _) => value.clone(),
            (None, Some((_, id))) if var == THIS => Value::Row(id),
            (None, Some((_, id))) if var == OLD && self.frame.old.is_some() => Value::Row(id),
            _ => Value::Empty,
        }
    }

    fn input(&self, name: &str) -> Value {
        self.frame.inputs.get(name).cloned().unwrap_or(Value::Empty)
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
        self.model.around.offset(moment)
    }

    fn roles(&self, user: i64) -> Vec<RoleId> {
        self.state
            .row(USER, user)
            .map(|row| row.roles.clone())
            .unwrap_or_default()
    }
}
