//! Mutants that are no other program, with the reason: what they allow nobody can come to do, for want of another
//! sentence.

use crate::expr::{AggregateOp, BinaryOp, Expr, ExprKind, FieldRef, Literal, THIS, UnaryOp};
use crate::ir::{
    Body, Effect, EffectItem, Entity, EntityId, Field, FieldId, Grant, Ir, OnDelete, RoleId, Step,
    Type, USER, Verb, Who,
};
use crate::walk;
use specc_syntax::names::same_name;
use specc_syntax::span::Span;
use std::collections::{BTreeMap, BTreeSet};

/// Why a mutant is no other program.
pub type Reason = Option<&'static str>;

fn reason(holds: bool, why: &'static str) -> Reason {
    holds.then_some(why)
}

fn field_id(position: usize) -> FieldId {
    FieldId(u32::try_from(position).unwrap_or(u32::MAX))
}

fn entity(ir: &Ir, id: EntityId) -> Option<&Entity> {
    ir.entities.get(id.0 as usize)
}

/// A field that may be changed later.
pub fn changed(ir: &Ir, of: EntityId, field: FieldId) -> Reason {
    let open = named(ir, of, field, Verb::Update) || set(ir, of, field);
    reason(!open, "no sentence lets anybody change it")
}

/// A field that clients may write.
pub fn written(ir: &Ir, of: EntityId, field: FieldId) -> Reason {
    let open = named(ir, of, field, Verb::Create) || named(ir, of, field, Verb::Update);
    reason(!open, "no row of Access lets anybody write it")
}

/// A grant of this kind names the field, or all there are.
fn named(ir: &Ir, of: EntityId, field: FieldId, verb: Verb) -> bool {
    let grants = entity(ir, of).into_iter().flat_map(|entity| &entity.access);
    let mut grants = grants.filter(|grant| grant.verb == verb);
    grants.any(|grant| {
        grant
            .fields
            .as_ref()
            .is_none_or(|fields| fields.contains(&field))
    })
}

/// An effect sets the field.
fn set(ir: &Ir, of: EntityId, field: FieldId) -> bool {
    effects(ir).any(|(effect, _)| {
        matches!(effect, Effect::Set { entity, field: set, .. } if *entity == of && *set == field)
    })
}

/// What happens to the field's row when the row it refers to goes.
pub fn goes(ir: &Ir, of: EntityId, position: FieldId, field: &Field) -> Reason {
    let Type::Ref(to) = field.ty else {
        return None;
    };
    if !removable(ir, to, &mut BTreeSet::new()) {
        return Some("nothing removes what it refers to");
    }
    let grants = entity(ir, to).into_iter().flat_map(|entity| &entity.access);
    let grants: Vec<&Grant> = grants.filter(|grant| grant.verb == Verb::Delete).collect();
    let held = |grant: &&Grant| {
        let when = grant.when.iter().flat_map(conjuncts);
        when.into_iter().any(|part| none_refers(part, of, position))
    };
    let alone = !removed_otherwise(ir, to, &mut BTreeSet::new());
    reason(
        alone && grants.iter().all(held),
        "what it refers to can't be removed as long as its row is there",
    )
}

/// `not exists(Purchase where vendor is this)`
fn none_refers(part: &Expr, of: EntityId, field: FieldId) -> bool {
    let ExprKind::Unary(UnaryOp::Not, inner) = &part.kind else {
        return false;
    };
    let ExprKind::Aggregate(rows) = &inner.kind else {
        return false;
    };
    let plain = rows.op == AggregateOp::Exists && rows.entity == of && rows.through.is_none();
    let Some(ExprKind::Binary(BinaryOp::Is, left, right)) =
        rows.filter.as_ref().map(|filter| &filter.kind)
    else {
        return false;
    };
    let its = ExprKind::Var(rows.var);
    let refers = match &left.kind {
        ExprKind::Field(base, _, FieldRef::Field(named)) => base.kind == its && *named == field,
        _ => false,
    };
    plain && refers && right.kind == ExprKind::Var(THIS)
}

/// Rows of the entity can go.
fn removable(ir: &Ir, of: EntityId, seen: &mut BTreeSet<EntityId>) -> bool {
    let grants = entity(ir, of).into_iter().flat_map(|entity| &entity.access);
    let mut grants = grants.filter(|grant| grant.verb == Verb::Delete);
    grants.next().is_some() || removed_otherwise(ir, of, seen)
}

/// Rows of the entity can go without anybody asking for it: by an effect, with what they are part of or refer to, or as
/// somebody's account.
fn removed_otherwise(ir: &Ir, of: EntityId, seen: &mut BTreeSet<EntityId>) -> bool {
    if !seen.insert(of) {
        return false;
    }
    let by_effect = effects(ir)
        .any(|(effect, _)| matches!(effect, Effect::Delete { entity, .. } if *entity == of));
    let Some(declared) = entity(ir, of) else {
        return true;
    };
    let with = declared.fields.iter().filter_map(|field| match field.ty {
        Type::Ref(to) if field.on_delete == OnDelete::Cascade => Some(to),
        _ => None,
    });
    let with = with.chain(declared.parent.map(|parent| parent.entity));
    let with: Vec<EntityId> = with.collect();
    of == USER || by_effect || with.into_iter().any(|to| removable(ir, to, seen))
}

/// A grant for every field instead of those it names.
pub fn every_field(ir: &Ir, of: EntityId, grant: &Grant) -> Reason {
    let declared = entity(ir, of)?;
    let fields = grant.fields.as_ref()?;
    let parent = declared.parent.map(|parent| parent.field);
    let open = |(position, field): (usize, &Field)| {
        let id = field_id(position);
        let writable = field.computed.is_none() && !field.read_only && !field.lifecycle;
        let open = match grant.verb {
            Verb::Read => !field.private && field.ty != Type::Password,
            Verb::Create => writable && parent != Some(id),
            Verb::Update => writable && !field.fixed,
            Verb::Delete => false,
        };
        open && !fields.contains(&id)
    };
    let more = declared.fields.iter().enumerate().any(open);
    reason(!more, "it names every field that there is to name")
}

/// A grant that does not name this field.
pub fn left_out(ir: &Ir, of: EntityId, grant: &Grant, field: FieldId) -> Reason {
    let parent = entity(ir, of).and_then(|entity| entity.parent);
    let part = parent.is_some_and(|parent| parent.field == field);
    reason(
        part && grant.verb == Verb::Create,
        "whoever makes a row always names what it is part of",
    )
}

/// A role that does not include another.
pub fn not_included(ir: &Ir, included: RoleId) -> Reason {
    let role = ir.roles.get(included.0 as usize)?;
    // Whoever gives roles is found by what no other role includes.
    if !role.sign_up {
        return None;
    }
    let with = closure(ir, included);
    let meant = |who: &Who| matches!(who, Who::Role(role) if with.contains(role));
    let steps = ir.entities.iter().flat_map(|entity| &entity.lifecycles);
    let whos = ir
        .entities
        .iter()
        .flat_map(|entity| entity.access.iter().map(|grant| &grant.who))
        .chain(steps.flat_map(|cycle| cycle.steps.iter().map(|step| &step.who)))
        .chain(ir.actions.iter().map(|action| &action.who));
    let mut spoken_of = whos.flatten().any(meant);
    walk::each_of_program(ir, &mut |expr| {
        walk::each(expr, &mut |part| {
            spoken_of |= matches!(&part.kind, ExprKind::HasRole(_, role) if with.contains(role));
        });
    });
    reason(!spoken_of, "no other sentence speaks of that role")
}

fn closure(ir: &Ir, role: RoleId) -> BTreeSet<RoleId> {
    let mut all = BTreeSet::from([role]);
    let mut next = vec![role];
    while let Some(role) = next.pop() {
        let declared = ir.roles.get(role.0 as usize);
        for included in declared.into_iter().flat_map(|role| &role.includes) {
            if all.insert(*included) {
                next.push(*included);
            }
        }
    }
    all
}

/// A condition of a new row without this part of it: that its maker can read what it refers to is asked of every new row.
pub fn asked_anyway(ir: &Ir, of: EntityId, grant: &Grant, part: &Expr) -> Reason {
    let ExprKind::CanRead(row, _) = &part.kind else {
        return None;
    };
    let direct = matches!(&row.kind, ExprKind::Field(base, ..) if base.kind == ExprKind::Var(THIS));
    let effect = as_caller(ir)
        .any(|effect| matches!(effect, Effect::Create { entity, .. } if *entity == of));
    reason(
        grant.verb == Verb::Create && direct && !effect,
        "whoever makes a row has to be able to read what it refers to",
    )
}

/// A grant for everybody with an account instead of those it names.
pub fn everybody(ir: &Ir, of: EntityId, at: usize) -> Reason {
    let declared = entity(ir, of)?;
    let grant = declared.access.get(at)?;
    let facts = Facts::of(grant.when.as_ref(), &[]);
    let beside = |reader: &Reader<'_>| {
        reader.within(ir, &grant.who)
            || reader.facts.against(&facts)
            || others(declared, at).any(|other| reader.covered(ir, other, grant, &facts))
    };
    unread(ir, of, grant, &beside)
}

/// A grant whose condition is not looked at.
pub fn without_condition(ir: &Ir, of: EntityId, at: usize) -> Reason {
    let declared = entity(ir, of)?;
    let grant = declared.access.get(at)?;
    let otherwise = Facts::of(grant.when.as_ref(), &[]).negated(ir)?;
    let beside = |reader: &Reader<'_>| {
        reader.facts.against(&otherwise)
            || others(declared, at).any(|other| reader.covered(ir, other, grant, &otherwise))
    };
    unread(ir, of, grant, &beside)
}

fn others(declared: &Entity, at: usize) -> impl Iterator<Item = &Grant> {
    let all = declared.access.iter().enumerate();
    all.filter(move |(other, _)| *other != at)
        .map(|(_, grant)| grant)
}

/// Whoever could do more by a changed grant can't read the row in question.
fn unread(ir: &Ir, of: EntityId, grant: &Grant, beside: &dyn Fn(&Reader<'_>) -> bool) -> Reason {
    let declared = entity(ir, of)?;
    let mut named = declared
        .access
        .iter()
        .filter(|other| other.verb == grant.verb);
    let open = named.any(|other| other.who.iter().any(|who| !matches!(who, Who::Role(_))));
    let by_effect = as_caller(ir).any(|effect| match (effect, grant.verb) {
        (Effect::Create { entity, .. }, Verb::Create)
        | (Effect::Set { entity, .. }, Verb::Update)
        | (Effect::Delete { entity, .. }, Verb::Delete) => *entity == of,
        _ => false,
    });
    let (seen, prefix) = match grant.verb {
        Verb::Update | Verb::Delete => (of, Vec::new()),
        Verb::Create => {
            let parent = declared.parent?;
            (parent.entity, vec![parent.field])
        }
        Verb::Read => return None,
    };
    let unread = readers(ir, seen, &prefix).iter().all(beside);
    reason(
        open && !by_effect && unread,
        "nobody else can read the row when that is so",
    )
}

/// A step that whoever may read the row may take.
pub fn any_reader(ir: &Ir, of: EntityId, cycle: usize, at: usize) -> Reason {
    let declared = entity(ir, of)?;
    let lifecycle = declared.lifecycles.get(cycle)?;
    let step = lifecycle.steps.get(at)?;
    let same: Vec<(usize, &Step)> = lifecycle
        .steps
        .iter()
        .enumerate()
        .filter(|(_, other)| same_name(&other.name.text, &step.name.text))
        .collect();
    let open = same
        .iter()
        .any(|(_, other)| other.who.iter().any(|who| !matches!(who, Who::Role(_))));
    let mut facts = Facts::of(step.when.as_ref(), &[]);
    facts.among(vec![lifecycle.field], step.from.iter().copied().collect());
    // Whoever may never take it hears another answer than those who may not take it now.
    let ever: Vec<Who> = same
        .iter()
        .flat_map(|(_, other)| other.who.clone())
        .collect();
    let beside = |reader: &Reader<'_>| {
        let now = reader.within(ir, &step.who)
            || reader.facts.against(&facts)
            || same.iter().any(|(position, other)| {
                *position != at
                    && other.to == step.to
                    && step.from.iter().all(|from| other.from.contains(from))
                    && reader.within(ir, &other.who)
                    && reader
                        .facts
                        .and(&facts)
                        .imply(&Facts::of(other.when.as_ref(), &[]))
            });
        now && reader.within(ir, &ever)
    };
    let unread = readers(ir, of, &[]).iter().all(beside);
    reason(
        open && unread,
        "everybody who can read the row then may take that step anyway",
    )
}

/// Those whom one grant lets read a row, and what is so when they do.
struct Reader<'i> {
    who: Vec<std::borrow::Cow<'i, Who>>,
    facts: Facts,
}

fn readers<'i>(ir: &'i Ir, of: EntityId, prefix: &[FieldId]) -> Vec<Reader<'i>> {
    let grants = entity(ir, of).into_iter().flat_map(|entity| &entity.access);
    let grants = grants.filter(|grant| grant.verb == Verb::Read);
    let mut all = Vec::new();
    for grant in grants {
        let facts = Facts::of(grant.when.as_ref(), prefix);
        // `signed-in` may read what goes with a row that they can read.
        let wide = !grant
            .who
            .iter()
            .any(|who| matches!(who, Who::Role(_) | Who::Relation(_)));
        let with = grant.when.iter().flat_map(conjuncts);
        let with = with.filter_map(|part| match &part.kind {
            ExprKind::CanRead(row, to) if *to != of => Some((*to, path(row, prefix)?)),
            _ => None,
        });
        match with.take(1).next().filter(|_| wide) {
            Some((to, prefix)) => {
                all.extend(readers(ir, to, &prefix).into_iter().map(|reader| Reader {
                    facts: facts.and(&reader.facts),
                    ..reader
                }))
            }
            None => all.push(Reader {
                who: grant.who.iter().map(|who| seen_from(who, prefix)).collect(),
                facts,
            }),
        }
    }
    all
}

/// `requester` of a purchase is `purchase.requester` of its items.
fn seen_from<'w>(who: &'w Who, prefix: &[FieldId]) -> std::borrow::Cow<'w, Who> {
    match (who, prefix) {
        (Who::Relation(expr), [_, ..]) => {
            let mut expr = expr.clone();
            walk::each_mut(&mut expr, &mut |part| {
                if part.kind == ExprKind::Var(THIS) {
                    for field in prefix {
                        let base = std::mem::replace(part, this());
                        let of = EntityId(u32::MAX);
                        part.kind = ExprKind::Field(Box::new(base), of, FieldRef::Field(*field));
                    }
                }
            });
            std::borrow::Cow::Owned(Who::Relation(expr))
        }
        _ => std::borrow::Cow::Borrowed(who),
    }
}

fn this() -> Expr {
    Expr {
        kind: ExprKind::Var(THIS),
        ty: Type::Empty,
        span: Span::default(),
    }
}

impl Reader<'_> {
    /// All of them are among these.
    fn within(&self, ir: &Ir, these: &[Who]) -> bool {
        self.who
            .iter()
            .all(|who| these.iter().any(|other| is_one(ir, who, other)))
    }

    /// Another grant lets all of them do the same then.
    fn covered(&self, ir: &Ir, other: &Grant, grant: &Grant, facts: &Facts) -> bool {
        let fields = match (&other.fields, &grant.fields) {
            (None, _) => true,
            (Some(other), Some(fields)) => fields.iter().all(|field| other.contains(field)),
            (Some(_), None) => false,
        };
        other.verb == grant.verb
            && fields
            && self.within(ir, &other.who)
            && self
                .facts
                .and(facts)
                .imply(&Facts::of(other.when.as_ref(), &[]))
    }
}

/// Whoever is the one is the other.
fn is_one(ir: &Ir, who: &Who, other: &Who) -> bool {
    match (who, other) {
        (_, Who::Anyone) => true,
        (Who::Anyone, _) => false,
        (_, Who::SignedIn) => true,
        (Who::Role(role), Who::Role(other)) => closure(ir, *role).contains(other),
        (Who::Relation(who), Who::Relation(other)) => {
            let who = path(who, &[]);
            who.is_some() && who == path(other, &[])
        }
        _ => false,
    }
}

/// What is known of a row: which values some of its fields have, and what else is so, as text.
#[derive(Clone, Default)]
struct Facts {
    values: BTreeMap<Vec<FieldId>, BTreeSet<u32>>,
    choices: BTreeMap<Vec<FieldId>, u32>,
    other: BTreeSet<String>,
}

impl Facts {
    /// Of a condition, seen from a row that leads to its row by these fields.
    fn of(condition: Option<&Expr>, prefix: &[FieldId]) -> Facts {
        let mut facts = Facts::default();
        for part in condition.iter().flat_map(|condition| conjuncts(condition)) {
            match values(part, prefix) {
                Some((path, choice, Ok(values))) => {
                    facts.choices.insert(path.clone(), choice);
                    facts.among(path, values);
                }
                Some((path, choice, Err(not))) => {
                    facts.choices.insert(path.clone(), choice);
                    let all = (0..64).filter(|value| *value != not).collect();
                    facts.among(path, all);
                }
                None => {
                    facts.other.insert(format!("{prefix:?} {}", text(part)));
                }
            }
        }
        facts
    }

    fn among(&mut self, path: Vec<FieldId>, values: BTreeSet<u32>) {
        let known = self.values.entry(path).or_insert_with(|| values.clone());
        known.retain(|value| values.contains(value));
    }

    fn and(&self, other: &Facts) -> Facts {
        let mut both = self.clone();
        for (path, values) in &other.values {
            both.among(path.clone(), values.clone());
        }
        both.other.extend(other.other.iter().cloned());
        both
    }

    /// Both can't be so.
    fn against(&self, other: &Facts) -> bool {
        self.and(other).values.values().any(BTreeSet::is_empty)
    }

    /// Where this is so, the other is.
    fn imply(&self, other: &Facts) -> bool {
        let values = other.values.iter().all(|(path, values)| {
            self.values
                .get(path)
                .is_some_and(|known| known.is_subset(values))
        });
        values && other.other.is_subset(&self.other)
    }

    /// What is so where this is not; `None` where that is no matter of one field's values.
    fn negated(&self, ir: &Ir) -> Option<Facts> {
        let mut values = self.values.iter();
        let (Some((path, known)), None) = (values.next(), values.next()) else {
            return None;
        };
        if !self.other.is_empty() {
            return None;
        }
        let choice = self.choices.get(path)?;
        let all = ir.choices.get(*choice as usize)?.values.len();
        let all = 0..u32::try_from(all).ok()?;
        let mut facts = Facts::default();
        facts.among(
            path.clone(),
            all.filter(|value| !known.contains(value)).collect(),
        );
        Some(facts)
    }
}

fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Binary(BinaryOp::And, left, right) => {
            let mut all = conjuncts(left);
            all.extend(conjuncts(right));
            all
        }
        _ => vec![expr],
    }
}

type Values = (Vec<FieldId>, u32, Result<BTreeSet<u32>, u32>);

/// `status is draft`, `status is not draft`, `status is one of draft, waiting`.
fn values(part: &Expr, prefix: &[FieldId]) -> Option<Values> {
    let literal = |expr: &Expr| match expr.kind {
        ExprKind::Literal(Literal::Choice(choice, value)) => Some((choice.0, value)),
        _ => None,
    };
    match &part.kind {
        ExprKind::Binary(BinaryOp::Is, left, right) => {
            let (choice, value) = literal(right)?;
            Some((path(left, prefix)?, choice, Ok(BTreeSet::from([value]))))
        }
        ExprKind::Binary(BinaryOp::IsNot, left, right) => {
            let (choice, value) = literal(right)?;
            Some((path(left, prefix)?, choice, Err(value)))
        }
        ExprKind::OneOf(left, list) => {
            let known: Option<Vec<(u32, u32)>> = list.iter().map(literal).collect();
            let known = known?;
            let (choice, _) = known.first()?;
            let values = known.iter().map(|(_, value)| *value).collect();
            Some((path(left, prefix)?, *choice, Ok(values)))
        }
        _ => None,
    }
}

/// `purchase.status` of the section's row.
fn path(expr: &Expr, prefix: &[FieldId]) -> Option<Vec<FieldId>> {
    match &expr.kind {
        ExprKind::Var(THIS) => Some(prefix.to_vec()),
        ExprKind::Field(base, _, FieldRef::Field(field)) => {
            let mut path = path(base, prefix)?;
            path.push(*field);
            Some(path)
        }
        _ => None,
    }
}

/// An expression without its places.
fn text(expr: &Expr) -> String {
    let mut expr = expr.clone();
    walk::each_mut(&mut expr, &mut |part| part.span = Span::default());
    format!("{:?}", expr.kind)
}

/// All effects, and whether each is caused as system.
fn effects(ir: &Ir) -> impl Iterator<Item = (&Effect, bool)> {
    let hooks = ir.entities.iter().flat_map(|entity| &entity.hooks);
    let bodies = hooks
        .map(|hook| &hook.body)
        .chain(ir.actions.iter().map(|action| &action.body));
    let mut all = Vec::new();
    for Body {
        does, as_system, ..
    } in bodies
    {
        collect(does, *as_system, &mut all);
    }
    all.into_iter()
}

fn collect<'i>(items: &'i [EffectItem], system: bool, all: &mut Vec<(&'i Effect, bool)>) {
    for item in items {
        let system = system || item.as_system;
        all.push((&item.effect, system));
        match &item.effect {
            Effect::ForEach { body, .. } => collect(body, system, all),
            Effect::When {
                then, otherwise, ..
            } => {
                collect(then, system, all);
                collect(otherwise, system, all);
            }
            _ => {}
        }
        collect(item.otherwise.as_deref().unwrap_or_default(), system, all);
    }
}

/// Effects whose right is the caller's.
fn as_caller(ir: &Ir) -> impl Iterator<Item = &Effect> {
    effects(ir)
        .filter(|(_, system)| !system)
        .map(|(effect, _)| effect)
}
