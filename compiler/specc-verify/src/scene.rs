//! Random rows, and random things that people do to them: values at the bounds that the program speaks of, now and then
//! beyond them.

use specc_ir::eval::{Value, fitted};
use specc_ir::expr::{Expr, ExprKind, FieldRef, Literal};
use specc_ir::ir::{
    Action, ActionId, Effect, EntityId, Field, FieldId, Ir, Parameter, RoleId, Type, USER, Verb,
};
use specc_ir::model::{Caller, Given, Model, Operation, Query, State};
use specc_ir::parse::scale;
use specc_ir::walk;
use std::collections::BTreeSet;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 0001-01-01 and 9999-12-31 in days since 1970: there are no others.
const FIRST_DAY: i32 = -719_162;
const LAST_DAY: i32 = 2_932_896;

/// Rows that stand there, and when.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The rows.
    pub state: State,
    /// In the order in which they were made.
    pub order: Vec<(EntityId, i64)>,
    /// When they were made.
    pub planted: i64,
    /// When people do things to them.
    pub now: i64,
    /// Who there is.
    pub people: Vec<i64>,
}

/// What a program speaks of: numbers, texts and lengths of time that stand in it.
#[derive(Debug, Default)]
pub struct Pool {
    numbers: BTreeSet<(u8, i64)>,
    texts: BTreeSet<String>,
    dates: BTreeSet<i32>,
    times: BTreeSet<i64>,
    moments: BTreeSet<i64>,
    lengths: BTreeSet<i64>,
}

impl Pool {
    /// What stands in the program.
    pub fn of(ir: &Ir) -> Pool {
        let mut pool = Pool::default();
        walk::each_of_program(ir, &mut |expr| {
            walk::each(expr, &mut |part| pool.literal(part, ir));
        });
        pool
    }

    fn literal(&mut self, expr: &Expr, ir: &Ir) {
        let ExprKind::Literal(literal) = &expr.kind else {
            return;
        };
        match literal {
            Literal::Integer(number) | Literal::Decimal(number) => {
                self.numbers
                    .insert((scale(&expr.ty, ir).unwrap_or(0), *number));
            }
            Literal::Text(text) => {
                self.texts.insert(text.clone());
            }
            Literal::Date(date) => {
                self.dates.insert(*date);
            }
            Literal::Time(time) => {
                self.times.insert(*time);
            }
            Literal::Timestamp(moment) => {
                self.moments.insert(*moment);
            }
            Literal::Duration(length) => {
                self.lengths.insert(*length);
            }
            _ => {}
        }
    }
}

/// Makes scenes and what people do in them, the same ones for the same seed.
pub struct Dice<'a> {
    model: Model<'a>,
    pool: &'a Pool,
    random: fastrand::Rng,
    words: u32,
}

const WORDS: &[&str] = &["amber", "birch", "cedar", "delta", "ember", "fjord"];
/// What people are called, so that what is told of them can be followed.
const NAMES: &[&str] = &[
    "Ana", "Bob", "Chloé", "Dara", "Eve", "Fatima", "Günther", "Hana", "Igor", "Jo", "Kim", "Lea",
    "Max", "Nadia", "Otto", "Pia", "Quinn", "Rosa", "Søren", "Tariq", "Uma", "Vera", "Wim", "Zoë",
];
/// Texts that mean something to somebody else.
const HOSTILE: &[&str] = &[
    "'; DROP TABLE \"user\"; --",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} ${HOME} %s",
    "../../etc/passwd",
    "Zoë 東京 \u{202e}abc\u{202c} 🦀",
    "a\\\"b'c`d",
];

fn fields(ir: &Ir, entity: EntityId) -> impl Iterator<Item = (FieldId, &Field)> {
    let entity = ir.entities.get(entity.0 as usize);
    (0..)
        .map(FieldId)
        .zip(entity.into_iter().flat_map(|entity| &entity.fields))
}

impl<'a> Dice<'a> {
    /// Dice of a seed.
    pub fn new(model: Model<'a>, pool: &'a Pool, seed: u64) -> Dice<'a> {
        Dice {
            model,
            pool,
            random: fastrand::Rng::with_seed(seed),
            words: 0,
        }
    }

    fn ir(&self) -> &'a Ir {
        self.model.ir()
    }

    fn one_of<T: Clone>(&mut self, all: impl IntoIterator<Item = T>) -> Option<T> {
        let all: Vec<T> = all.into_iter().collect();
        let at = self.random.usize(0..all.len().max(1));
        all.get(at).cloned()
    }

    fn in_ten(&mut self, times: u32) -> bool {
        self.random.u32(0..10) < times
    }

    /// People with each role and without one, and some rows of everything.
    pub fn scene(&mut self, around: i64) -> Scene {
        let ir = self.ir();
        let planted = around + self.random.i64(0..5) * HOUR;
        let mut scene = Scene {
            state: State::default(),
            order: Vec::new(),
            planted,
            now: planted,
            people: Vec::new(),
        };
        let given: Vec<RoleId> = (0..)
            .map(RoleId)
            .zip(&ir.roles)
            .filter(|(_, role)| role.when.is_none())
            .map(|(id, _)| id)
            .collect();
        let mut people: Vec<Vec<RoleId>> = given.iter().map(|role| vec![*role]).collect();
        people.push(Vec::new());
        // Twice: what somebody belongs to may be there only when there was somebody to make it.
        for _ in 0..2 {
            for roles in &people {
                self.row(&mut scene, USER, roles);
            }
            self.rows(&mut scene);
        }
        let lengths: Vec<i64> = self.pool.lengths.iter().copied().collect();
        let later = self
            .one_of([0, 0, HOUR, DAY, 40 * DAY].into_iter().chain(lengths))
            .unwrap_or(0);
        let exactly = self.one_of([-1, 0, 1]).unwrap_or(0);
        scene.now = planted + (later.max(0) + exactly).max(0);
        scene
    }

    /// Some rows of everything. Parents and what is referred to come first; what needs a row that is not there yet comes in
    /// a later round.
    fn rows(&mut self, scene: &mut Scene) {
        let entities = u32::try_from(self.ir().entities.len()).unwrap_or(1);
        for round in 0..3 {
            for entity in (1..entities).map(EntityId) {
                let there = scene.state.ids(entity).count();
                let wanted = match round {
                    0 => self.random.usize(1..4),
                    _ => usize::from(there < 3) * 2,
                };
                for _ in 0..wanted {
                    self.row(scene, entity, &[]);
                }
            }
        }
    }

    fn row(&mut self, scene: &mut Scene, entity: EntityId, roles: &[RoleId]) {
        for _ in 0..12 {
            let by = self.one_of(scene.people.clone());
            let mut values = Vec::new();
            let mut possible = true;
            for (id, field) in fields(self.ir(), entity) {
                if field.computed.is_some() || (field.default.is_some() && self.in_ten(4)) {
                    continue;
                }
                let made = matches!(
                    field.default,
                    Some(
                        specc_ir::ir::FieldDefault::Random(_) | specc_ir::ir::FieldDefault::Next(_)
                    )
                );
                if made || (matches!(field.ty, Type::Slug(_)) && self.in_ten(8)) {
                    continue;
                }
                let value = match self.called(scene, entity, field) {
                    Some(name) => name,
                    None => self.value(&scene.state, scene.planted, field, true),
                };
                possible &= !(field.required && value.is_empty());
                values.push((id, value));
            }
            let caller = Caller {
                me: by,
                now: scene.planted,
            };
            if possible
                && let Ok((state, id)) =
                    self.model
                        .give(&scene.state, caller, entity, &values, roles)
            {
                scene.state = state;
                scene.order.push((entity, id));
                if entity == USER {
                    scene.people.push(id);
                }
                return;
            }
        }
    }

    /// The name of the next person, where nothing else is asked of names.
    fn called(&self, scene: &Scene, entity: EntityId, field: &Field) -> Option<Value> {
        let (least, most) = field.length;
        let free = field.pattern.is_none()
            && least.is_none_or(|least| least <= 2)
            && most.is_none_or(|most| most >= 8);
        let plain = field.ty == Type::Text && field.name.text == "name";
        let name = NAMES.get(scene.people.len())?;
        (entity == USER && plain && free).then(|| Value::text(*name))
    }

    fn word(&mut self) -> String {
        self.words += 1;
        let word = self.one_of(WORDS.iter().copied()).unwrap_or("amber");
        format!("{word} {}", self.words)
    }

    /// A value of a field's type; one that its rules allow, as far as that can be said, where it is to be `good`.
    fn value(&mut self, state: &State, now: i64, field: &Field, good: bool) -> Value {
        let empty = if field.required { u32::from(!good) } else { 3 };
        if self.in_ten(empty) {
            return match field.ty {
                Type::List(_) | Type::Many(_) => Value::List(Vec::new()),
                _ => Value::Empty,
            };
        }
        match &field.ty {
            Type::Text
            | Type::LongText
            | Type::Markdown
            | Type::Secret
            | Type::Password
            | Type::Slug(_) => self.text(field, good),
            _ => self.of_type(state, now, &field.ty, [&field.at_least, &field.at_most]),
        }
    }

    fn text(&mut self, field: &Field, good: bool) -> Value {
        if let Some(pattern) = &field.pattern
            && (good || self.in_ten(7))
        {
            return Value::text(self.matching(pattern).trim());
        }
        let mut text = match self.random.u32(0..10) {
            0 if field.ty != Type::Password => self
                .one_of(HOSTILE.iter().copied())
                .unwrap_or_default()
                .to_owned(),
            1 | 2 => self
                .one_of(self.pool.texts.iter().cloned().collect::<Vec<_>>())
                .unwrap_or_else(|| "amber".to_owned()),
            _ => self.word(),
        };
        if matches!(field.ty, Type::Slug(_)) {
            text = text
                .to_lowercase()
                .replace(|letter: char| !letter.is_ascii_alphanumeric(), "-")
                .trim_matches('-')
                .to_owned();
        }
        let (least, most) = (
            field.length.0.unwrap_or(0) as usize,
            field.length.1.map_or(200, |most| most as usize),
        );
        let wanted = match self.random.u32(0..8) {
            0 => Some(least),
            1 => Some(most),
            2 if !good => least.checked_sub(1),
            3 if !good => Some(most + 1),
            _ => None,
        };
        let there = text.chars().count();
        let wanted = wanted.unwrap_or(if good {
            there.clamp(least, most)
        } else {
            there
        });
        if there < wanted {
            text.extend(std::iter::repeat_n('x', wanted - there));
        }
        let text: String = text.chars().take(wanted.max(usize::from(good))).collect();
        Value::text(text.trim())
    }

    /// A text that a regular expression matches as a whole.
    fn matching(&mut self, pattern: &str) -> String {
        let mut out = String::new();
        if let Ok(parsed) = regex_syntax::parse(pattern) {
            self.fill(&parsed, &mut out);
        }
        out
    }

    fn fill(&mut self, part: &regex_syntax::hir::Hir, out: &mut String) {
        use regex_syntax::hir::HirKind;
        match part.kind() {
            HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => {
                let ranges = class.ranges().to_vec();
                if let Some(range) = self.one_of(ranges) {
                    let last = u32::from(range.end()).min(u32::from(range.start()) + 25);
                    let letter = self.random.u32(u32::from(range.start())..=last);
                    out.push(char::from_u32(letter).unwrap_or(range.start()));
                }
            }
            HirKind::Repetition(repeated) => {
                let most = repeated
                    .max
                    .unwrap_or(repeated.min + 2)
                    .min(repeated.min + 3);
                for _ in 0..self.random.u32(repeated.min..=most) {
                    self.fill(&repeated.sub, out);
                }
            }
            HirKind::Capture(capture) => self.fill(&capture.sub, out),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.fill(part, out)),
            HirKind::Alternation(parts) => {
                if let Some(part) = self.one_of(parts.iter()) {
                    self.fill(part, out);
                }
            }
            _ => {}
        }
    }

    fn number(&mut self, ty: &Type, bounds: [&Option<Expr>; 2]) -> i64 {
        let places = scale(ty, self.ir()).unwrap_or(0);
        let mut near: Vec<i64> = self
            .pool
            .numbers
            .iter()
            .filter_map(|(scale, number)| match scale.cmp(&places) {
                std::cmp::Ordering::Equal => Some(*number),
                std::cmp::Ordering::Less => {
                    number.checked_mul(10_i64.checked_pow(u32::from(places - scale))?)
                }
                std::cmp::Ordering::Greater => None,
            })
            .collect();
        for bound in bounds.into_iter().flatten() {
            if let ExprKind::Literal(literal) = &bound.kind
                && let Ok(Value::Number(number)) = fitted(
                    specc_ir::eval::from_literal(literal),
                    &bound.ty,
                    ty,
                    self.ir(),
                )
            {
                near.extend([number, number]);
            }
        }
        let one = 10_i64.saturating_pow(u32::from(places));
        near.extend([0, one, 2 * one, 5 * one]);
        let number = self.one_of(near).unwrap_or(0);
        let off = self.one_of([0, 0, 0, 1, -1]).unwrap_or(0);
        number.saturating_add(off)
    }

    fn of_type(&mut self, state: &State, now: i64, ty: &Type, bounds: [&Option<Expr>; 2]) -> Value {
        let near = |dice: &mut Self, now: i64| {
            let lengths: Vec<i64> = dice
                .pool
                .lengths
                .iter()
                .flat_map(|length| [*length, -*length])
                .collect();
            let off = dice
                .one_of(
                    [0, HOUR, -HOUR, 2 * HOUR, DAY, -DAY, 7 * DAY, 60 * DAY]
                        .into_iter()
                        .chain(lengths),
                )
                .unwrap_or(0);
            let exactly = dice.one_of([0, 0, 0, 1, -1]).unwrap_or(0);
            now.saturating_add(off).saturating_add(exactly)
        };
        match ty {
            Type::Integer | Type::Decimal(_) | Type::Money | Type::Percent => {
                Value::Number(self.number(ty, bounds))
            }
            Type::Bool => Value::Bool(self.random.bool()),
            Type::Date => {
                let today = i32::try_from(now.div_euclid(DAY)).unwrap_or(0);
                let known: Vec<i32> = self.pool.dates.iter().copied().collect();
                let off = self.one_of([-30, -1, 0, 0, 1, 2, 7, 14, 30]).unwrap_or(0);
                let date = self
                    .one_of([today, today, today].into_iter().chain(known))
                    .unwrap_or(today);
                Value::Date((date + off).clamp(FIRST_DAY, LAST_DAY))
            }
            Type::Time => {
                let known: Vec<i64> = self.pool.times.iter().copied().collect();
                let time = self
                    .one_of([8 * HOUR, 12 * HOUR, 20 * HOUR].into_iter().chain(known))
                    .unwrap_or(0);
                let off = self.one_of([0, 0, 60_000, -60_000]).unwrap_or(0);
                Value::Time((time + off).clamp(0, DAY - 1))
            }
            Type::Timestamp => {
                let known: Vec<i64> = self.pool.moments.iter().copied().collect();
                match self.one_of(known) {
                    Some(moment) if self.in_ten(2) => Value::Timestamp(moment),
                    _ => Value::Timestamp(near(self, now)),
                }
            }
            Type::Duration => {
                let known: Vec<i64> = self.pool.lengths.iter().copied().collect();
                let length = self
                    .one_of([HOUR, HOUR / 2, DAY].into_iter().chain(known))
                    .unwrap_or(HOUR);
                Value::Duration(length + self.one_of([0, 0, 1, -1]).unwrap_or(0))
            }
            Type::Choice(id) => {
                let values = self
                    .ir()
                    .choices
                    .get(id.0 as usize)
                    .map_or(1, |choice| choice.values.len());
                Value::Choice(
                    self.random
                        .u32(0..u32::try_from(values).unwrap_or(1).max(1)),
                )
            }
            Type::Ref(entity) => {
                let rows: Vec<i64> = state.ids(*entity).collect();
                self.one_of(rows).map_or(Value::Empty, Value::Row)
            }
            Type::Many(entity) => {
                let rows: Vec<i64> = state
                    .ids(*entity)
                    .filter(|_| self.random.bool())
                    .take(4)
                    .collect();
                Value::List(rows.into_iter().map(Value::Row).collect())
            }
            Type::List(_) => {
                let words = self.random.usize(0..4);
                Value::List((0..words).map(|_| Value::Text(self.word())).collect())
            }
            Type::Email => {
                let word = self.word().replace(' ', ".");
                Value::Text(format!("{word}@example.com"))
            }
            Type::Url => Value::Text(format!(
                "https://example.com/{}",
                self.word().replace(' ', "/")
            )),
            Type::Json => Value::Text("{\"a\":[1,2]}".to_owned()),
            Type::Empty => Value::Empty,
            _ => Value::Text(self.word()),
        }
    }

    /// What somebody sends for a field.
    fn given(&mut self, state: &State, now: i64, field: &Field) -> Given {
        if self.in_ten(1) && !matches!(field.ty, Type::Json) {
            return Given::Malformed;
        }
        let good = self.in_ten(7);
        Given::Value(self.value(state, now, field, good))
    }

    /// Something that somebody does.
    pub fn operation(&mut self, scene: &Scene) -> (Caller, Operation) {
        let me = if self.in_ten(1) {
            None
        } else {
            self.one_of(scene.people.clone())
        };
        let caller = Caller { me, now: scene.now };
        let ir = self.ir();
        let entities = u32::try_from(ir.entities.len()).unwrap_or(1);
        for _ in 0..50 {
            let entity = EntityId(self.random.u32(0..entities));
            let row = self.one_of(scene.state.ids(entity).collect::<Vec<_>>());
            if self.random.u32(0..80) == 0 && ir.accounts.sign_up && !ir.accounts.confirm_email {
                return (Caller { me: None, ..caller }, self.sign_up(scene));
            }
            let operation = match self.random.u32(0..16) {
                0..=3 if entity != USER => Some(self.create(scene, entity)),
                4 => row.map(|row| Operation::Read(entity, row)),
                5..=7 => row.map(|row| self.update(scene, entity, row)),
                8 if entity != USER => row.map(|row| Operation::Delete(entity, row, None)),
                9 | 10 => Some(Operation::List(self.query(scene, entity))),
                11..=13 => self.step(scene, entity),
                _ => self.act(scene),
            };
            if let Some(operation) = operation {
                return (caller, operation);
            }
        }
        (caller, Operation::List(Query::all(USER)))
    }

    /// Somebody opens an account, now and then with what is no address, no name or too short a password.
    fn sign_up(&mut self, scene: &Scene) -> Operation {
        let email = (0..).map(FieldId).zip(
            self.ir()
                .entities
                .first()
                .into_iter()
                .flat_map(|user| &user.fields),
        );
        let email = email
            .into_iter()
            .find(|(_, field)| field.name.text == "email")
            .map(|(id, _)| id);
        let known = self.one_of(scene.people.clone()).zip(email);
        let known = known.map(|(row, field)| {
            self.model
                .value(&scene.state, scene.now, USER, row, FieldRef::Field(field))
        });
        let new = self.word().replace(' ', ".");
        let email = match (self.random.u32(0..4), known) {
            (0, Some(Value::Text(known))) => known,
            _ => format!("{new}@example.com"),
        };
        let name = if self.in_ten(1) {
            String::new()
        } else {
            self.word()
        };
        let least = self.ir().accounts.password_min as usize;
        let length = if self.in_ten(2) { least - 1 } else { least };
        let password: String = "correct horse battery staple "
            .chars()
            .cycle()
            .take(length.max(1))
            .collect();
        let password = password.trim_end().to_owned();
        let missing = length.saturating_sub(password.len());
        Operation::SignUp(name, email, password + &"x".repeat(missing))
    }

    fn create(&mut self, scene: &Scene, entity: EntityId) -> Operation {
        let ir = self.ir();
        let declared = ir.entities.get(entity.0 as usize);
        let writable: Vec<FieldId> = declared
            .into_iter()
            .flat_map(|entity| &entity.access)
            .filter(|grant| grant.verb == Verb::Create)
            .flat_map(|grant| {
                grant
                    .fields
                    .clone()
                    .unwrap_or_else(|| fields(ir, entity).map(|(id, _)| id).collect())
            })
            .collect();
        let parent = declared
            .and_then(|entity| entity.parent)
            .map(|parent| parent.field);
        let tight = self.in_ten(8);
        let mut given = Vec::new();
        for (id, field) in fields(ir, entity) {
            let open = (writable.contains(&id) || parent == Some(id))
                && field.computed.is_none()
                && !field.lifecycle
                && !field.read_only;
            let needed = field.required && field.default.is_none();
            let wanted = if open {
                needed || self.in_ten(6)
            } else {
                !tight && self.in_ten(1)
            };
            if wanted {
                let value = if needed && tight {
                    Given::Value(self.value(&scene.state, scene.now, field, true))
                } else {
                    self.given(&scene.state, scene.now, field)
                };
                given.push((FieldRef::Field(id), value));
            }
        }
        if self.in_ten(1) {
            given.retain(|_| self.random.bool());
        }
        Operation::Create(entity, given)
    }

    fn update(&mut self, scene: &Scene, entity: EntityId, row: i64) -> Operation {
        let ir = self.ir();
        let all: Vec<(FieldId, &Field)> = fields(ir, entity).collect();
        let mut given: Vec<(FieldRef, Given)> = Vec::new();
        for _ in 0..self.random.u32(1..3) {
            if let Some((id, field)) = self.one_of(all.clone())
                && !given.iter().any(|(known, _)| *known == FieldRef::Field(id))
            {
                let value = self.given(&scene.state, scene.now, field);
                given.push((FieldRef::Field(id), value));
            }
        }
        let version = scene.state.row(entity, row).map(|row| row.version);
        let version = match self.random.u32(0..12) {
            0 => version,
            1 => version.map(|version| version + 1),
            _ => None,
        };
        Operation::Update(entity, row, given, version)
    }

    /// A list that is narrowed down or sorted, mostly.
    pub fn query(&mut self, scene: &Scene, entity: EntityId) -> Query {
        let ir = self.ir();
        let mut query = Query::all(entity);
        let can_filter = |field: &Field| {
            !field.private
                && !matches!(
                    field.ty,
                    Type::Json
                        | Type::Password
                        | Type::Secret
                        | Type::List(_)
                        | Type::Many(_)
                        | Type::LongText
                        | Type::Markdown
                )
        };
        let plain: Vec<(FieldId, &Field)> = fields(ir, entity)
            .filter(|(_, field)| can_filter(field) && field.computed.is_none())
            .collect();
        match self.random.u32(0..4) {
            0 => {
                if let Some((id, _)) = self.one_of(plain) {
                    let row = self.one_of(scene.state.ids(entity).collect::<Vec<_>>());
                    let value = row.map(|row| {
                        self.model
                            .value(&scene.state, scene.now, entity, row, FieldRef::Field(id))
                    });
                    query
                        .filters
                        .push((FieldRef::Field(id), value.unwrap_or(Value::Empty)));
                }
            }
            1 => {
                let sortable = plain
                    .into_iter()
                    .filter(|(_, field)| !matches!(field.ty, Type::Ref(_)));
                let field = self.one_of(
                    sortable
                        .map(|(id, _)| FieldRef::Field(id))
                        .chain([FieldRef::Created]),
                );
                query.sort = field.map(|field| (field, self.random.bool()));
            }
            2 => {
                let searched: Vec<FieldId> = fields(ir, entity)
                    .filter(|(_, field)| field.searchable)
                    .map(|(id, _)| id)
                    .collect();
                let row = self.one_of(scene.state.ids(entity).collect::<Vec<_>>());
                if let (Some(field), Some(row)) = (self.one_of(searched), row)
                    && let Value::Text(text) = self.model.value(
                        &scene.state,
                        scene.now,
                        entity,
                        row,
                        FieldRef::Field(field),
                    )
                {
                    query.search = text
                        .split_whitespace()
                        .next()
                        .unwrap_or_default()
                        .to_owned();
                }
            }
            _ => {}
        }
        query
    }

    /// What somebody sends along with an operation that takes this.
    pub fn inputs(&mut self, scene: &Scene, declared: &[Parameter]) -> Vec<(String, Given)> {
        let ir = self.ir();
        let mut given = Vec::new();
        for input in declared {
            if self.in_ten(if input.optional { 4 } else { 1 }) {
                continue;
            }
            let like = input.like.and_then(|(entity, field)| {
                ir.entities
                    .get(entity.0 as usize)?
                    .fields
                    .get(field.0 as usize)
            });
            let value = match like {
                Some(field) => self.given(&scene.state, scene.now, field),
                None if self.in_ten(1) => Given::Malformed,
                None => {
                    Given::Value(self.of_type(&scene.state, scene.now, &input.ty, [&None, &None]))
                }
            };
            given.push((input.name.text.clone(), value));
        }
        given
    }

    fn step(&mut self, scene: &Scene, entity: EntityId) -> Option<Operation> {
        let declared = self.ir().entities.get(entity.0 as usize)?;
        let steps = declared
            .lifecycles
            .iter()
            .flat_map(|lifecycle| &lifecycle.steps);
        let step = self.one_of(steps)?;
        let row = self.one_of(scene.state.ids(entity).collect::<Vec<_>>())?;
        let action = step
            .action
            .and_then(|id| self.ir().actions.get(id.0 as usize));
        let inputs = action
            .map(|action| self.inputs(scene, &action.inputs))
            .unwrap_or_default();
        Some(Operation::Step(entity, step.name.text.clone(), row, inputs))
    }

    fn act(&mut self, scene: &Scene) -> Option<Operation> {
        let actions = (0..).map(ActionId).zip(&self.ir().actions);
        let open = actions.filter(|(_, action)| !action.step && !signs(action));
        let (id, action) = self.one_of(open)?;
        let row = match action.on {
            Some(entity) => Some(self.one_of(scene.state.ids(entity).collect::<Vec<_>>())?),
            None => None,
        };
        let inputs = self.inputs(scene, &action.inputs);
        Some(Operation::Act(id, row, inputs))
    }
}

/// It signs somebody up or in, which takes a password of its own.
fn signs(action: &Action) -> bool {
    let mut found = false;
    walk::each_effect(&action.body.does, &mut |item| {
        found |= matches!(item.effect, Effect::SignUp { .. } | Effect::SignIn { .. });
    });
    found
}
