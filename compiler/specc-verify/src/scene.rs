//! Random rows, and random things that people do to them: values at the bounds that the program speaks of, now and then
//! beyond them.

use crate::judge::{Way, way};
use specc_ir::eval::{Value, fitted};
use specc_ir::expr::{Expr, ExprKind, FieldRef, Literal};
use specc_ir::ir::{
    Action, ActionId, Effect, EntityId, Field, FieldId, Ir, Parameter, RoleId, Type, USER, Verb,
    Who,
};
use specc_ir::model::{Caller, Given, Model, Operation, Query, State};
use specc_ir::parse::scale;
use specc_ir::walk;
use std::collections::BTreeSet;

/// How often something else is drawn where nothing would come of it.
const DRAWS: usize = 8;
/// The largest number of rows that a scene leads up to.
const CROWD: i64 = 100;
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
    /// How many rows of an entity a bound speaks of.
    counts: BTreeSet<(EntityId, i64)>,
}

impl Pool {
    /// What stands in the program.
    pub fn of(ir: &Ir) -> Pool {
        let mut pool = Pool::default();
        walk::each_of_program(ir, &mut |expr| {
            walk::each(expr, &mut |part| {
                pool.literal(part, ir);
                pool.counted(part);
            });
        });
        for field in ir.entities.iter().flat_map(|entity| &entity.fields) {
            if let (Type::Many(of), (_, Some(most))) = (&field.ty, field.length) {
                pool.counts.insert((*of, i64::from(most)));
            }
        }
        pool.counts
            .retain(|(_, number)| (2..=CROWD).contains(number));
        pool
    }

    /// `count(Item where …) <= 50`
    fn counted(&mut self, expr: &Expr) {
        let ExprKind::Binary(_, left, right) = &expr.kind else {
            return;
        };
        let sides = [left, right].map(|side| &side.kind);
        match sides {
            [
                ExprKind::Aggregate(rows),
                ExprKind::Literal(Literal::Integer(number)),
            ]
            | [
                ExprKind::Literal(Literal::Integer(number)),
                ExprKind::Aggregate(rows),
            ] => {
                self.counts.insert((rows.entity, *number));
            }
            _ => {}
        }
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
    /// What most is done to in a scene, if anything.
    focus: Option<EntityId>,
    /// Which row and which number come up more often than others in a scene, so that things meet.
    favourite: usize,
    /// The row that the one to be made is like.
    like: Option<(EntityId, i64)>,
    /// How things came out for people with such roles.
    seen: BTreeSet<(Way, Vec<RoleId>)>,
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
            focus: None,
            favourite: 0,
            like: None,
            seen: BTreeSet::new(),
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

    pub(crate) fn in_ten(&mut self, times: u32) -> bool {
        self.random.u32(0..10) < times
    }

    /// So long nothing happens, in milliseconds.
    pub(crate) fn pause(&mut self) -> i64 {
        let pauses = [0, 0, 0, 1000, 60_000, HOUR, DAY, 8 * DAY];
        self.one_of(pauses).unwrap_or_default()
    }

    /// People with each role and without one, and some rows of everything.
    pub fn scene(&mut self, around: i64) -> Scene {
        let ir = self.ir();
        let planted = around + self.random.i64(0..5) * HOUR;
        self.favourite = self.random.usize(0..1000);
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
        let entities = u32::try_from(ir.entities.len()).unwrap_or(1);
        let focus = EntityId(self.random.u32(0..entities));
        self.focus = self.in_ten(6).then_some(focus);
        self.crowd(&mut scene);
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

    /// Rows that are much like one of those that are there, as many as a bound in the program says, one less or one more.
    fn crowd(&mut self, scene: &mut Scene) {
        let counts: Vec<(EntityId, i64)> = self.pool.counts.iter().copied().collect();
        let counted = self.one_of(counts).filter(|_| self.in_ten(6));
        let (entity, number) = match (counted, self.focus) {
            (Some((entity, number)), _) => {
                self.focus = Some(entity);
                (entity, number)
            }
            (None, Some(focus)) if self.in_ten(5) => (focus, self.random.i64(2..5)),
            _ => return,
        };
        let number = number + self.one_of([-1, -1, 0, 0, 1]).unwrap_or(0);
        let Some(like) = self.one_of(scene.state.ids(entity).collect::<Vec<_>>()) else {
            return;
        };
        if entity == USER {
            return;
        }
        for _ in 1..number {
            self.alike(scene, entity, like);
        }
    }

    /// One more row that is much like this one.
    fn alike(&mut self, scene: &mut Scene, entity: EntityId, like: i64) {
        for attempt in 0..10 {
            let mut values = Vec::new();
            for (id, field) in fields(self.ir(), entity) {
                let made = matches!(
                    field.default,
                    Some(
                        specc_ir::ir::FieldDefault::Random(_) | specc_ir::ir::FieldDefault::Next(_)
                    )
                );
                if field.computed.is_some() || made || matches!(field.ty, Type::Slug(_)) {
                    continue;
                }
                let same = match field.ty {
                    _ if field.unique => 0,
                    Type::Ref(_) | Type::Many(_) | Type::Choice(_) | Type::Bool => 9,
                    _ if attempt < 5 => 5,
                    _ => 2,
                };
                let value = match scene.state.row(entity, like) {
                    Some(row) if self.in_ten(same) => row.get(id),
                    _ => self.value(&scene.state, scene.planted, field, true),
                };
                values.push((id, value));
            }
            let caller = Caller {
                me: self.one_of(scene.people.clone()),
                now: scene.planted,
            };
            if let Ok((state, id)) = self.model.give(&scene.state, caller, entity, &values, &[]) {
                scene.state = state;
                scene.order.push((entity, id));
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
        let one = 10_i64.saturating_pow(u32::from(places));
        near.extend([0, one, 2 * one, 5 * one]);
        if bounds[1].is_none() {
            near.extend([100_000 * one; 3]);
        }
        let favourite = near.get(self.favourite % near.len().max(1)).copied();
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
        let number = match favourite {
            Some(number) if self.in_ten(3) => number,
            _ => self.one_of(near).unwrap_or(0),
        };
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
                let lengths = self
                    .pool
                    .lengths
                    .iter()
                    .copied()
                    .filter(|length| *length < DAY);
                let length = self.one_of(lengths).filter(|_| self.in_ten(3)).unwrap_or(0);
                let exactly = self.one_of([0, 0, 0, 0, 1, -1]).unwrap_or(0);
                Value::Time((time + off + length + exactly).clamp(0, DAY - 1))
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
                let values = u32::try_from(values).unwrap_or(1).max(1);
                let favourite = u32::try_from(self.favourite).unwrap_or(0) % values;
                let any = self.random.u32(0..values);
                Value::Choice(if self.in_ten(3) { favourite } else { any })
            }
            Type::Ref(entity) => {
                let rows: Vec<i64> = state.ids(*entity).collect();
                let favourite = rows.get(self.favourite % rows.len().max(1)).copied();
                let row = favourite.filter(|_| self.in_ten(3));
                let row = row.or_else(|| self.one_of(rows));
                row.map_or(Value::Empty, Value::Row)
            }
            Type::Many(entity) => {
                let most = self.one_of([1, 4, 8]).unwrap_or(4);
                let rows: Vec<i64> = state
                    .ids(*entity)
                    .filter(|_| self.random.bool())
                    .take(most)
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

    /// What somebody sends for a field; now and then what another row has there already.
    fn given(&mut self, state: &State, now: i64, (entity, id): (EntityId, FieldId)) -> Given {
        let Some((_, field)) = fields(self.ir(), entity).find(|(other, _)| *other == id) else {
            return Given::Malformed;
        };
        if self.in_ten(1) && !matches!(field.ty, Type::Json) {
            return Given::Malformed;
        }
        if self.in_ten(if field.unique { 3 } else { 1 })
            && let Some(row) = self.one_of(state.ids(entity).collect::<Vec<_>>())
            && let Some(row) = state.row(entity, row)
        {
            return Given::Value(row.get(id));
        }
        let good = self.in_ten(7);
        Given::Value(self.value(state, now, field, good))
    }

    /// Something that somebody does; as often as not something that
    /// comes out as nothing before it in the scene, if that is found soon.
    pub fn operation(&mut self, scene: &Scene) -> (Caller, Operation) {
        let mut found = self.any_operation(scene);
        if self.in_ten(5) {
            for _ in 0..DRAWS {
                let (caller, operation) = &found;
                let reads = matches!(operation, Operation::Read(..) | Operation::List(_));
                if !reads {
                    let done = self.model.perform(&scene.state, *caller, operation);
                    let roles = caller.me.and_then(|me| scene.state.row(USER, me));
                    let roles = roles.map(|row| row.roles.clone()).unwrap_or_default();
                    let way = way(operation, done.err().map(|refusal| refusal.point));
                    if self.seen.insert((way, roles)) {
                        break;
                    }
                }
                found = self.any_operation(scene);
            }
        }
        found
    }

    fn any_operation(&mut self, scene: &Scene) -> (Caller, Operation) {
        let ir = self.ir();
        let entities = u32::try_from(ir.entities.len()).unwrap_or(1);
        for _ in 0..50 {
            let other = EntityId(self.random.u32(0..entities));
            let focused = self.in_ten(5);
            let entity = self.focus.filter(|_| focused).unwrap_or(other);
            let row = self.one_of(scene.state.ids(entity).collect::<Vec<_>>());
            if self.random.u32(0..80) == 0 && ir.accounts.sign_up {
                let nobody = Caller {
                    me: None,
                    now: scene.now,
                };
                return (nobody, self.sign_up(scene));
            }
            let operation = match self.random.u32(0..16) {
                0..=3 if entity != USER => Some(self.create(scene, entity)),
                4 if self.in_ten(3) && self.in_ten(5) => Some(Operation::Leave),
                4 if self.in_ten(4) => Some(self.put(scene, entity)),
                4 => row.map(|row| Operation::Read(entity, row)),
                5..=7 => row.map(|row| self.update(scene, entity, row)),
                8 if entity != USER => row.map(|row| Operation::Delete(entity, row, None)),
                9 | 10 => Some(Operation::List(self.query(scene, entity))),
                11..=13 => self.step(scene, entity),
                _ => self.act(scene),
            };
            if let Some(operation) = operation {
                return (self.caller(scene, &operation), operation);
            }
        }
        let list = Operation::List(Query::all(USER));
        (self.caller(scene, &list), list)
    }

    /// Who does it: as often as not somebody whom the row concerns.
    fn caller(&mut self, scene: &Scene, operation: &Operation) -> Caller {
        let mut near = if self.in_ten(6) {
            self.concerned(scene, operation)
        } else {
            Vec::new()
        };
        if self.in_ten(4) {
            let able = self.able(scene, operation);
            let both: Vec<i64> = able
                .iter()
                .copied()
                .filter(|user| near.contains(user))
                .collect();
            near = if both.is_empty() { able } else { both };
        }
        let me = match self.one_of(near) {
            Some(user) => Some(user),
            None if self.in_ten(1) => None,
            None => self.one_of(scene.people.clone()),
        };
        Caller { me, now: scene.now }
    }

    /// The users with a role that the program names for such a thing.
    fn able(&self, scene: &Scene, operation: &Operation) -> Vec<i64> {
        let ir = self.ir();
        let granted = |entity: &EntityId, verb: Verb| -> Vec<&'a Who> {
            let declared = ir.entities.get(entity.0 as usize);
            let grants = declared.into_iter().flat_map(|entity| &entity.access);
            let grants = grants.filter(|grant| grant.verb == verb);
            grants.flat_map(|grant| &grant.who).collect()
        };
        let who: Vec<&Who> = match operation {
            Operation::Create(entity, _) => granted(entity, Verb::Create),
            Operation::Read(entity, _) => granted(entity, Verb::Read),
            Operation::Update(entity, ..) => granted(entity, Verb::Update),
            Operation::Delete(entity, ..) => granted(entity, Verb::Delete),
            Operation::Step(entity, name, ..) => {
                let declared = ir.entities.get(entity.0 as usize);
                let cycles = declared.into_iter().flat_map(|entity| &entity.lifecycles);
                let steps = cycles.flat_map(|cycle| &cycle.steps);
                let steps = steps.filter(|step| step.name.text == *name);
                steps.flat_map(|step| &step.who).collect()
            }
            Operation::Act(id, ..) => {
                let action = ir.actions.get(id.0 as usize);
                action.into_iter().flat_map(|action| &action.who).collect()
            }
            _ => Vec::new(),
        };
        let wanted: Vec<RoleId> = who
            .into_iter()
            .filter_map(|who| match who {
                Who::Role(role) => Some(*role),
                _ => None,
            })
            .collect();
        let holds = |user: &&i64| {
            let row = scene.state.row(USER, **user);
            row.is_some_and(|row| {
                let mut roles = row.roles.clone();
                let mut at = 0;
                while let Some(role) = roles.get(at).copied() {
                    let declared = ir.roles.get(role.0 as usize);
                    let more = declared.into_iter().flat_map(|role| &role.includes);
                    let more: Vec<RoleId> =
                        more.copied().filter(|role| !roles.contains(role)).collect();
                    roles.extend(more);
                    at += 1;
                }
                roles.iter().any(|role| wanted.contains(role))
            })
        };
        scene.people.iter().filter(holds).copied().collect()
    }

    /// The users whom a row, or what it refers to, names.
    fn concerned(&self, scene: &Scene, operation: &Operation) -> Vec<i64> {
        let mut rows: Vec<(EntityId, i64)> = match operation {
            Operation::Create(entity, given) => {
                let refers = given
                    .iter()
                    .filter_map(|(field, given)| match (field, given) {
                        (FieldRef::Field(field), Given::Value(Value::Row(row))) => {
                            let (_, declared) =
                                fields(self.ir(), *entity).find(|(id, _)| id == field)?;
                            match declared.ty {
                                Type::Ref(to) => Some((to, *row)),
                                _ => None,
                            }
                        }
                        _ => None,
                    });
                let like = self.like.filter(|(of, _)| of == entity);
                refers.chain(like).collect()
            }
            Operation::Read(entity, row)
            | Operation::Update(entity, row, ..)
            | Operation::Delete(entity, row, ..)
            | Operation::Step(entity, _, row, _) => vec![(*entity, *row)],
            Operation::Act(id, row, _) => {
                let action = self.ir().actions.get(id.0 as usize);
                let on = action.and_then(|action| action.on);
                on.zip(*row).into_iter().collect()
            }
            Operation::List(_) | Operation::SignUp(..) | Operation::Leave | Operation::Put(..) => {
                Vec::new()
            }
        };
        let mut users = BTreeSet::new();
        for _ in 0..2 {
            let mut next = Vec::new();
            for (entity, row) in rows {
                if entity == USER {
                    users.insert(row);
                }
                let Some(row) = scene.state.row(entity, row) else {
                    continue;
                };
                for (id, field) in fields(self.ir(), entity) {
                    match (&field.ty, row.get(id)) {
                        (Type::Ref(to), Value::Row(row)) => next.push((*to, row)),
                        (Type::Many(to), Value::List(rows)) => {
                            next.extend(rows.iter().filter_map(|row| match row {
                                Value::Row(row) => Some((*to, *row)),
                                _ => None,
                            }));
                        }
                        _ => {}
                    }
                }
            }
            rows = next;
        }
        users.extend(
            rows.iter()
                .filter(|(entity, _)| *entity == USER)
                .map(|(_, row)| *row),
        );
        users.into_iter().collect()
    }

    /// A row of example data, with what is missing or wrong in it now and then.
    fn put(&mut self, scene: &Scene, entity: EntityId) -> Operation {
        let like = self.one_of(scene.state.ids(entity).collect::<Vec<_>>());
        let like = like.and_then(|row| scene.state.row(entity, row));
        let alike = self.in_ten(4);
        let mut values = Vec::new();
        for (id, field) in fields(self.ir(), entity) {
            let made = matches!(
                field.default,
                Some(specc_ir::ir::FieldDefault::Random(_) | specc_ir::ir::FieldDefault::Next(_))
            );
            if field.computed.is_some() || (made && self.in_ten(7)) {
                continue;
            }
            let value = match like {
                Some(row) if alike && !field.unique && self.in_ten(7) => row.get(id),
                Some(row) if self.in_ten(u32::from(field.unique)) => row.get(id),
                _ => {
                    let good = self.in_ten(9);
                    self.value(&scene.state, scene.now, field, good)
                }
            };
            values.push((id, value));
        }
        Operation::Put(entity, values)
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
        let like = self.one_of(scene.state.ids(entity).collect::<Vec<_>>());
        let like = like.filter(|_| self.in_ten(4));
        self.like = like.map(|row| (entity, row));
        let like = like.and_then(|row| scene.state.row(entity, row));
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
                let value = match like {
                    Some(row) if !field.unique && self.in_ten(7) => Given::Value(row.get(id)),
                    _ if needed && tight => {
                        Given::Value(self.value(&scene.state, scene.now, field, true))
                    }
                    _ => self.given(&scene.state, scene.now, (entity, id)),
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
        let all: Vec<FieldId> = fields(ir, entity).map(|(id, _)| id).collect();
        let grants = ir.entities.get(entity.0 as usize);
        let grants = grants.into_iter().flat_map(|entity| &entity.access);
        let grants = grants.filter(|grant| grant.verb == Verb::Update);
        // What one of the grants is about, mostly.
        let open = match self.one_of(grants) {
            Some(grant) if self.in_ten(7) => grant.fields.clone().unwrap_or_else(|| {
                fields(ir, entity)
                    .filter(|(_, field)| {
                        field.computed.is_none() && !field.read_only && !field.fixed
                    })
                    .map(|(id, _)| id)
                    .collect()
            }),
            _ => all.clone(),
        };
        let mut given: Vec<(FieldRef, Given)> = Vec::new();
        for _ in 0..self.random.u32(1..3) {
            let among = if self.in_ten(9) { &open } else { &all };
            if let Some(id) = self.one_of(among.clone())
                && !given.iter().any(|(known, _)| *known == FieldRef::Field(id))
            {
                let value = self.given(&scene.state, scene.now, (entity, id));
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
        let mut given = Vec::new();
        for input in declared {
            if self.in_ten(if input.optional { 4 } else { 1 }) {
                continue;
            }
            let value = match input.like {
                Some(like) => self.given(&scene.state, scene.now, like),
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
            .flat_map(|lifecycle| lifecycle.steps.iter().map(|step| (lifecycle.field, step)));
        let (field, step) = self.one_of(steps)?;
        let ready = scene.state.ids(entity).filter(|row| {
            let row = scene.state.row(entity, *row);
            let state = row.map(|row| row.get(field));
            matches!(state, Some(Value::Choice(state)) if step.from.contains(&state))
        });
        let ready = self.one_of(ready.collect::<Vec<_>>());
        let ready = ready.filter(|_| self.in_ten(6));
        let row = match ready {
            Some(row) => row,
            None => self.one_of(scene.state.ids(entity).collect::<Vec<_>>())?,
        };
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
