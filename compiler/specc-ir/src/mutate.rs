//! Programs that are wrong in one place: what is missed when nobody looks there. A judge that tells each of them from the
//! program has looked at every sentence.

mod bodies;
mod equivalent;
mod places;

use crate::expr::{BinaryOp, Expr, ExprKind, Literal};
use crate::ir::{EntityId, FieldDefault, FieldId, Ir, OnDelete, RuleCheck, RuleOn, Type, Who};
use crate::walk;
use equivalent::Reason;
use places::Place;
use specc_syntax::span::Span;

/// What kind of sentence a mutant breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Who may do what.
    Access,
    /// What a field may hold, and who may see or write it.
    Fields,
    /// Which state follows which.
    Lifecycle,
    /// What holds for every row.
    Rules,
    /// What is needed, and what happens.
    Operations,
    /// What is worked out.
    Derived,
    /// Who holds which role, and how people get in.
    Accounts,
}

impl Class {
    /// As reports name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Class::Access => "access",
            Class::Fields => "fields",
            Class::Lifecycle => "lifecycle",
            Class::Rules => "rules",
            Class::Operations => "operations",
            Class::Derived => "derived values",
            Class::Accounts => "accounts",
        }
    }
}

type Change = Box<dyn Fn(&mut Ir) + Send + Sync>;

/// A program that is wrong in one place.
pub struct Mutant {
    /// Stable as long as the sentence is: `ticket.access.3.anyone`.
    pub id: String,
    /// Of which kind the sentence is.
    pub class: Class,
    /// What is wrong, as a half sentence: `anyone may read`.
    pub what: String,
    /// The sentence.
    pub span: Span,
    /// The entity whose operations it can be seen by; `None` for any.
    pub entity: Option<EntityId>,
    /// Why it means the same as the program, where that follows from what else the program says.
    pub equivalent: Option<&'static str>,
    change: Change,
}

impl std::fmt::Debug for Mutant {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.id, self.what)
    }
}

impl Mutant {
    /// The wrong program.
    #[must_use]
    pub fn of(&self, ir: &Ir) -> Ir {
        let mut wrong = ir.clone();
        (self.change)(&mut wrong);
        wrong
    }
}

/// All mutants of a program, in the order of its parts.
#[must_use]
pub fn mutants(ir: &Ir) -> Vec<Mutant> {
    let mut all = Mutants {
        ir,
        found: Vec::new(),
    };
    all.roles();
    for (at, _) in ir.entities.iter().enumerate() {
        let entity = EntityId(number(at));
        all.fields(entity);
        all.access(entity);
        all.lifecycle(entity);
        all.rules(entity);
    }
    all.bodies();
    all.found
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A role that nobody holds.
fn nobody() -> Who {
    Who::Role(crate::ir::RoleId(u32::MAX))
}

struct Mutants<'i> {
    ir: &'i Ir,
    found: Vec<Mutant>,
}

/// Where a mutant stands and what it belongs to.
#[derive(Clone)]
struct At {
    id: String,
    class: Class,
    span: Span,
    entity: Option<EntityId>,
}

impl Mutants<'_> {
    fn add(
        &mut self,
        at: &At,
        kind: &str,
        what: impl Into<String>,
        change: impl Fn(&mut Ir) + Send + Sync + 'static,
    ) {
        self.add_unless(at, kind, what, None, change);
    }

    /// One that means the same as the program where there is a reason for that.
    fn add_unless(
        &mut self,
        at: &At,
        kind: &str,
        what: impl Into<String>,
        equivalent: Reason,
        change: impl Fn(&mut Ir) + Send + Sync + 'static,
    ) {
        self.found.push(Mutant {
            equivalent,
            id: format!("{}.{kind}", at.id),
            class: at.class,
            what: what.into(),
            span: at.span,
            entity: at.entity,
            change: Box::new(change),
        });
    }

    fn name(&self, entity: EntityId) -> String {
        let entity = self.ir.entities.get(entity.0 as usize);
        entity.map_or_else(String::new, |entity| {
            specc_syntax::names::fold_name(&entity.name.text)
        })
    }

    /// A condition left out, turned round, and wrong in each of its parts.
    fn condition(&mut self, at: &At, place: Place) {
        let Some(expr) = place.get(self.ir) else {
            return;
        };
        let here = place.clone();
        let same = match place {
            Place::Grant(entity, position) => {
                equivalent::without_condition(self.ir, entity, position)
            }
            _ => None,
        };
        self.add_unless(
            at,
            "always",
            "its condition is not looked at",
            same,
            move |ir| here.always(ir),
        );
        let here = place.clone();
        self.add(at, "never", "its condition is never fulfilled", move |ir| {
            here.put(ir, truth(false))
        });
        self.expression(at, &place, &expr);
    }

    /// An expression, wrong in each of its parts.
    fn expression(&mut self, at: &At, place: &Place, expr: &Expr) {
        let mut parts = 0;
        walk::each(expr, &mut |_| parts += 1);
        for part in 0..parts {
            for (kind, what) in wrong_parts(self.ir, expr, part) {
                let same = self.asked_anyway(place, expr, part, kind);
                let (place, twist) = (place.clone(), kind);
                self.add_unless(
                    at,
                    &format!("{}{part}{}", kind.name(), kind.which()),
                    what,
                    same,
                    move |ir| {
                        if let Some(expr) = place.get_mut(ir) {
                            twist.apply(expr, part);
                        }
                    },
                );
            }
        }
    }

    /// What an “and” loses is asked in any case.
    fn asked_anyway(&self, place: &Place, expr: &Expr, part: usize, twist: Twist) -> Reason {
        let Place::Grant(entity, position) = place else {
            return None;
        };
        let declared = self.ir.entities.get(entity.0 as usize)?;
        let grant = declared.access.get(*position)?;
        let (mut at, mut lost) = (0, None);
        walk::each(expr, &mut |expr| {
            if at == part
                && let ExprKind::Binary(BinaryOp::And, left, right) = &expr.kind
            {
                lost = match twist {
                    Twist::Left => Some((**right).clone()),
                    Twist::Right => Some((**left).clone()),
                    _ => None,
                };
            }
            at += 1;
        });
        equivalent::asked_anyway(self.ir, *entity, grant, &lost?)
    }

    fn roles(&mut self) {
        if self.ir.accounts.sign_up {
            let at = At {
                id: "accounts".to_owned(),
                class: Class::Accounts,
                span: self.ir.accounts.span,
                entity: None,
            };
            self.add(&at, "password", "a password may be shorter by one", |ir| {
                ir.accounts.password_min = ir.accounts.password_min.saturating_sub(1);
            });
        }
        for (position, role) in self.ir.roles.iter().enumerate() {
            let at = At {
                id: format!("roles.{}", specc_syntax::names::fold_name(&role.name.text)),
                class: Class::Accounts,
                span: role.name.span,
                entity: None,
            };
            for (place, included) in role.includes.iter().enumerate() {
                let name = self
                    .ir
                    .roles
                    .get(included.0 as usize)
                    .map_or("", |role| &role.name.text);
                self.add_unless(
                    &at,
                    &format!("includes{place}"),
                    format!("{} does not include {name}", role.name.text),
                    equivalent::not_included(self.ir, *included),
                    move |ir| {
                        if let Some(role) = ir.roles.get_mut(position) {
                            role.includes.remove(place);
                        }
                    },
                );
            }
            self.condition(&at, Place::Role(position));
        }
    }

    fn fields(&mut self, entity: EntityId) {
        let Some(declared) = self.ir.entities.get(entity.0 as usize) else {
            return;
        };
        for (position, field) in declared.fields.iter().enumerate() {
            let at = At {
                id: format!(
                    "{}.{}",
                    self.name(entity),
                    specc_syntax::names::fold_name(&field.name.text)
                ),
                class: if field.computed.is_some() {
                    Class::Derived
                } else {
                    Class::Fields
                },
                span: field.span,
                entity: Some(entity),
            };
            let change = move |apply: fn(&mut crate::ir::Field)| {
                move |ir: &mut Ir| {
                    let entity = ir.entities.get_mut(entity.0 as usize);
                    if let Some(field) = entity.and_then(|entity| entity.fields.get_mut(position)) {
                        apply(field);
                    }
                }
            };
            if field.required {
                self.add(
                    &at,
                    "required",
                    "it may be empty",
                    change(|field| field.required = false),
                );
            }
            if field.unique {
                self.add(
                    &at,
                    "unique",
                    "two rows may have the same",
                    change(|field| field.unique = false),
                );
            }
            if field.length.0.is_some_and(|least| least > 1) {
                self.add(
                    &at,
                    "shorter",
                    "it may be shorter by one",
                    change(|field| field.length.0 = field.length.0.map(|least| least - 1)),
                );
            }
            if field.length.1.is_some() {
                self.add(
                    &at,
                    "longer",
                    "it may be longer by one",
                    change(|field| field.length.1 = field.length.1.map(|most| most + 1)),
                );
            }
            if field.at_least.is_some() {
                self.add(
                    &at,
                    "below",
                    "it may be smaller by one",
                    change(|field| shift(field.at_least.as_mut(), -1)),
                );
                self.add(
                    &at,
                    "above",
                    "its smallest value is refused",
                    change(|field| shift(field.at_least.as_mut(), 1)),
                );
            }
            if field.at_most.is_some() {
                self.add(
                    &at,
                    "beyond",
                    "it may be larger by one",
                    change(|field| shift(field.at_most.as_mut(), 1)),
                );
                self.add(
                    &at,
                    "short-of",
                    "its largest value is refused",
                    change(|field| shift(field.at_most.as_mut(), -1)),
                );
            }
            if field.pattern.is_some() {
                self.add(
                    &at,
                    "pattern",
                    "its pattern is not looked at",
                    change(|field| field.pattern = None),
                );
            }
            if field.read_only && field.default != Some(FieldDefault::Value(truth(true))) {
                self.add_unless(
                    &at,
                    "read-only",
                    "clients may write it",
                    equivalent::written(self.ir, entity, FieldId(number(position))),
                    change(|field| field.read_only = false),
                );
            }
            if field.fixed {
                self.add_unless(
                    &at,
                    "fixed",
                    "it may be changed later",
                    equivalent::changed(self.ir, entity, FieldId(number(position))),
                    change(|field| field.fixed = false),
                );
            }
            if field.private {
                self.add(
                    &at,
                    "private",
                    "it leaves the server",
                    change(|field| field.private = false),
                );
            }
            if field.searchable {
                self.add(
                    &at,
                    "searchable",
                    "search does not look here",
                    change(|field| field.searchable = false),
                );
            }
            if matches!(&field.default, Some(FieldDefault::Value(_))) {
                self.add(
                    &at,
                    "default",
                    "it has no default",
                    change(|field| field.default = None),
                );
            }
            if matches!(field.ty, Type::Ref(_))
                && field.computed.is_none()
                && declared
                    .parent
                    .is_none_or(|parent| parent.field.0 != number(position))
            {
                let (kind, what, other) = match field.on_delete {
                    OnDelete::Cascade => (
                        "kept",
                        "its row stays when what it refers to goes",
                        OnDelete::Empty,
                    ),
                    OnDelete::Empty => ("held", "what it refers to can't go", OnDelete::Refuse),
                    OnDelete::Refuse | OnDelete::Keep => (
                        "swept",
                        "its row goes with what it refers to",
                        OnDelete::Cascade,
                    ),
                };
                let same = equivalent::goes(self.ir, entity, FieldId(number(position)), field);
                self.add_unless(&at, kind, what, same, move |ir| {
                    let entity = ir.entities.get_mut(entity.0 as usize);
                    if let Some(field) = entity.and_then(|entity| entity.fields.get_mut(position)) {
                        field.on_delete = other;
                    }
                });
            }
            if let Some(computed) = &field.computed {
                let place = Place::Computed(entity, position);
                self.add(
                    &at,
                    "missing",
                    "it is empty",
                    change(|field| {
                        if let Some(computed) = &mut field.computed {
                            computed.kind = ExprKind::Literal(Literal::Empty);
                        }
                    }),
                );
                self.expression(&at, &place, computed);
            }
        }
    }

    fn access(&mut self, entity: EntityId) {
        let Some(declared) = self.ir.entities.get(entity.0 as usize) else {
            return;
        };
        for (position, grant) in declared.access.iter().enumerate() {
            let at = At {
                id: format!("{}.access.{}", self.name(entity), position + 1),
                class: Class::Access,
                span: grant.span,
                entity: Some(entity),
            };
            let change = move |apply: fn(&mut crate::ir::Grant)| {
                move |ir: &mut Ir| {
                    let entity = ir.entities.get_mut(entity.0 as usize);
                    if let Some(grant) = entity.and_then(|entity| entity.access.get_mut(position)) {
                        apply(grant);
                    }
                }
            };
            let verb = format!("{:?}", grant.verb).to_lowercase();
            self.add(
                &at,
                "none",
                format!("nobody may {verb} by it"),
                move |ir: &mut Ir| {
                    if let Some(entity) = ir.entities.get_mut(entity.0 as usize) {
                        entity.access.remove(position);
                    }
                },
            );
            if !grant.who.contains(&Who::Anyone) {
                self.add(
                    &at,
                    "anyone",
                    format!("anyone may {verb} by it"),
                    change(|grant| grant.who = vec![Who::Anyone]),
                );
                if !grant.who.contains(&Who::SignedIn) {
                    self.add_unless(
                        &at,
                        "signed-in",
                        format!("everybody with an account may {verb} by it"),
                        equivalent::everybody(self.ir, entity, position),
                        change(|grant| grant.who = vec![Who::SignedIn]),
                    );
                }
            }
            if grant.who.len() > 1 {
                for (place, _) in grant.who.iter().enumerate() {
                    self.add(
                        &at,
                        &format!("who{place}"),
                        "one of those it names is left out",
                        move |ir| {
                            let entity = ir.entities.get_mut(entity.0 as usize);
                            if let Some(grant) =
                                entity.and_then(|entity| entity.access.get_mut(position))
                            {
                                grant.who.remove(place);
                            }
                        },
                    );
                }
            }
            if let Some(fields) = &grant.fields {
                for (place, field) in fields.iter().enumerate() {
                    let name = declared
                        .fields
                        .get(field.0 as usize)
                        .map_or("", |field| &field.name.text);
                    self.add_unless(
                        &at,
                        &format!("without-{}", specc_syntax::names::fold_name(name)),
                        format!("{name} is left out"),
                        equivalent::left_out(self.ir, entity, grant, *field),
                        move |ir| {
                            let entity = ir.entities.get_mut(entity.0 as usize);
                            if let Some(grant) =
                                entity.and_then(|entity| entity.access.get_mut(position))
                                && let Some(fields) = &mut grant.fields
                            {
                                fields.remove(place);
                            }
                        },
                    );
                }
                self.add_unless(
                    &at,
                    "all-fields",
                    "it is about every field",
                    equivalent::every_field(self.ir, entity, grant),
                    change(|grant| grant.fields = None),
                );
            }
            self.condition(&at, Place::Grant(entity, position));
        }
    }

    fn lifecycle(&mut self, entity: EntityId) {
        let Some(declared) = self.ir.entities.get(entity.0 as usize) else {
            return;
        };
        for (cycle, lifecycle) in declared.lifecycles.iter().enumerate() {
            let states = match declared
                .fields
                .get(lifecycle.field.0 as usize)
                .map(|field| &field.ty)
            {
                Some(Type::Choice(choice)) => self
                    .ir
                    .choices
                    .get(choice.0 as usize)
                    .map_or(0, |choice| number(choice.values.len())),
                _ => 0,
            };
            for (position, step) in lifecycle.steps.iter().enumerate() {
                let at = At {
                    id: format!("{}.lifecycle.{}", self.name(entity), position + 1),
                    class: Class::Lifecycle,
                    span: step.span,
                    entity: Some(entity),
                };
                let change = move |apply: fn(&mut crate::ir::Step, u32)| {
                    move |ir: &mut Ir| {
                        let entity = ir.entities.get_mut(entity.0 as usize);
                        let steps = entity.and_then(|entity| entity.lifecycles.get_mut(cycle));
                        if let Some(step) = steps.and_then(|steps| steps.steps.get_mut(position)) {
                            apply(step, states);
                        }
                    }
                };
                let name = &step.name.text;
                for (place, _) in step.from.iter().enumerate() {
                    self.add(
                        &at,
                        &format!("from{place}"),
                        format!("{name} is not possible from one of its states"),
                        move |ir| {
                            let entity = ir.entities.get_mut(entity.0 as usize);
                            let steps = entity.and_then(|entity| entity.lifecycles.get_mut(cycle));
                            if let Some(step) =
                                steps.and_then(|steps| steps.steps.get_mut(position))
                            {
                                step.from.remove(place);
                            }
                        },
                    );
                }
                if number(step.from.len()) < states {
                    self.add(
                        &at,
                        "from-any",
                        format!("{name} is possible from any state"),
                        change(|step, states| step.from = (0..states).collect()),
                    );
                }
                if states > 1 {
                    self.add(
                        &at,
                        "to",
                        format!("{name} leads elsewhere"),
                        change(|step, states| step.to = (step.to + 1) % states),
                    );
                }
                if step.who.is_empty() {
                    self.add(
                        &at,
                        "nobody",
                        format!("nobody may {name}"),
                        change(|step, _| step.who = vec![nobody()]),
                    );
                } else {
                    self.add_unless(
                        &at,
                        "who",
                        format!("whoever may read the row may {name}"),
                        equivalent::any_reader(self.ir, entity, cycle, position),
                        change(|step, _| step.who.clear()),
                    );
                    for (place, _) in step.who.iter().enumerate() {
                        self.add(
                            &at,
                            &format!("who{place}"),
                            format!("one of those who may {name} is left out"),
                            move |ir| {
                                let entity = ir.entities.get_mut(entity.0 as usize);
                                let steps =
                                    entity.and_then(|entity| entity.lifecycles.get_mut(cycle));
                                if let Some(step) =
                                    steps.and_then(|steps| steps.steps.get_mut(position))
                                {
                                    // Nobody is left who holds this one.
                                    step.who.insert(place, nobody());
                                    step.who.remove(place + 1);
                                }
                            },
                        );
                    }
                }
                self.condition(&at, Place::Step(entity, cycle, position));
            }
        }
    }

    fn rules(&mut self, entity: EntityId) {
        let Some(declared) = self.ir.entities.get(entity.0 as usize) else {
            return;
        };
        for (position, rule) in declared.rules.iter().enumerate() {
            let at = At {
                id: format!("{}.rules.{}", self.name(entity), rule.id),
                class: Class::Rules,
                span: rule.sentence.span,
                entity: None,
            };
            let change = move |apply: fn(&mut crate::ir::Rule)| {
                move |ir: &mut Ir| {
                    let entity = ir.entities.get_mut(entity.0 as usize);
                    if let Some(rule) = entity.and_then(|entity| entity.rules.get_mut(position)) {
                        apply(rule);
                    }
                }
            };
            match &rule.check {
                RuleCheck::Holds(_) => {
                    self.condition(&at, Place::Rule(entity, position));
                    if rule.on == RuleOn::Always {
                        self.add(
                            &at,
                            "on-create",
                            "it is looked at on creation alone",
                            change(|rule| rule.on = RuleOn::Create),
                        );
                    }
                }
                RuleCheck::Unique {
                    fields,
                    ranges,
                    when,
                } => {
                    self.add(
                        &at,
                        "always",
                        "it is not looked at",
                        change(|rule| rule.check = RuleCheck::Holds(truth(true))),
                    );
                    for place in 0..fields.len() {
                        self.add(
                            &at,
                            &format!("field{place}"),
                            "it forgets one of its fields",
                            move |ir| {
                                let entity = ir.entities.get_mut(entity.0 as usize);
                                if let Some(rule) =
                                    entity.and_then(|entity| entity.rules.get_mut(position))
                                    && let RuleCheck::Unique { fields, .. } = &mut rule.check
                                {
                                    fields.remove(place);
                                }
                            },
                        );
                    }
                    if !ranges.is_empty() {
                        self.add(
                            &at,
                            "ranges",
                            "it forgets its ranges",
                            change(|rule| {
                                if let RuleCheck::Unique { ranges, .. } = &mut rule.check {
                                    ranges.clear();
                                }
                            }),
                        );
                    }
                    if when.is_some() {
                        self.condition(&at, Place::Rule(entity, position));
                    }
                }
            }
        }
    }
}

fn truth(value: bool) -> Expr {
    Expr {
        kind: ExprKind::Literal(Literal::Bool(value)),
        ty: Type::Bool,
        span: Span::default(),
    }
}

/// A bound, moved by its smallest step.
fn shift(bound: Option<&mut Expr>, by: i64) {
    if let Some(Expr { kind, .. }) = bound {
        nudge(kind, by);
    }
}

fn nudge(kind: &mut ExprKind, by: i64) -> bool {
    match kind {
        ExprKind::Literal(
            Literal::Integer(number)
            | Literal::Decimal(number)
            | Literal::Time(number)
            | Literal::Timestamp(number)
            | Literal::Duration(number),
        ) => *number = number.saturating_add(by),
        ExprKind::Literal(Literal::Date(days)) => {
            *days = days.saturating_add(i32::try_from(by).unwrap_or(0))
        }
        ExprKind::Unary(crate::expr::UnaryOp::Negate, inner) => return nudge(&mut inner.kind, -by),
        _ => return false,
    }
    true
}

/// How a part of an expression is made wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Twist {
    /// Another operator.
    Operator(BinaryOp),
    /// Larger by the smallest step.
    More,
    /// Yes for no.
    Not,
    /// One side alone.
    Left,
    /// The other side alone.
    Right,
    /// Another value of the choice.
    Choice,
    /// The largest first, or last.
    Backwards,
    /// All rows.
    Unfiltered,
    /// This value of the choice counts as well.
    Also(u32),
    /// Every role.
    AnyRole,
}

impl Twist {
    fn name(self) -> &'static str {
        match self {
            Twist::Operator(_) => "operator",
            Twist::More => "more",
            Twist::Not => "not",
            Twist::Left => "left",
            Twist::Right => "right",
            Twist::Choice => "choice",
            Twist::Backwards => "backwards",
            Twist::Unfiltered => "unfiltered",
            Twist::Also(_) => "also",
            Twist::AnyRole => "any-role",
        }
    }

    fn which(self) -> String {
        match self {
            Twist::Also(value) => format!("-{value}"),
            _ => String::new(),
        }
    }

    fn apply(self, expr: &mut Expr, part: usize) {
        let mut at = 0;
        in_order(expr, &mut |expr| {
            let here = at == part;
            at += 1;
            if here {
                self.twist(expr);
            }
            here
        });
    }

    fn twist(self, expr: &mut Expr) {
        match (self, &mut expr.kind) {
            (Twist::Operator(op), ExprKind::Binary(old, ..)) => *old = op,
            (Twist::More, kind) => {
                nudge(kind, 1);
            }
            (Twist::Not, ExprKind::Unary(_, inner)) => *expr = (**inner).clone(),
            (Twist::Left, ExprKind::Binary(_, left, _)) => *expr = (**left).clone(),
            (Twist::Right, ExprKind::Binary(_, _, right)) => *expr = (**right).clone(),
            (Twist::Choice, ExprKind::Literal(Literal::Choice(_, value))) => {
                *value = value.checked_sub(1).unwrap_or(1)
            }
            (Twist::Backwards, ExprKind::Aggregate(aggregate)) => {
                aggregate
                    .sort
                    .iter_mut()
                    .for_each(|sort| sort.descending = !sort.descending);
            }
            (Twist::Unfiltered, ExprKind::Aggregate(aggregate)) => aggregate.filter = None,
            (Twist::Also(value), ExprKind::Binary(_, left, right)) => {
                let ExprKind::Literal(Literal::Choice(choice, _)) = right.kind else {
                    return;
                };
                let mut other = (**right).clone();
                other.kind = ExprKind::Literal(Literal::Choice(choice, value));
                expr.kind = ExprKind::OneOf(left.clone(), vec![(**right).clone(), other]);
            }
            (Twist::AnyRole, _) => *expr = truth(true),
            _ => {}
        }
    }
}

/// What can be wrong in this part of an expression.
fn wrong_parts(ir: &Ir, expr: &Expr, part: usize) -> Vec<(Twist, String)> {
    let mut at = 0;
    let mut found = Vec::new();
    walk::each(expr, &mut |expr| {
        if at == part {
            found = wrong_part(expr);
            also(ir, expr, &mut found);
        }
        at += 1;
    });
    found
}

fn wrong_part(expr: &Expr) -> Vec<(Twist, String)> {
    use BinaryOp::{
        Add, And, Divide, Greater, GreaterOrEqual, Implies, Is, IsNot, Less, LessOrEqual, Multiply,
        Or, Subtract,
    };
    let one = |twist: Twist, what: &str| vec![(twist, what.to_owned())];
    match &expr.kind {
        ExprKind::Binary(And, ..) => vec![
            (
                Twist::Left,
                "the second half of an “and” is not looked at".to_owned(),
            ),
            (
                Twist::Right,
                "the first half of an “and” is not looked at".to_owned(),
            ),
        ],
        ExprKind::Binary(Or, ..) => vec![
            (
                Twist::Left,
                "the second half of an “or” is not looked at".to_owned(),
            ),
            (
                Twist::Right,
                "the first half of an “or” is not looked at".to_owned(),
            ),
        ],
        ExprKind::Binary(Implies, ..) => one(
            Twist::Right,
            "it is asked of every row, not only where it should be",
        ),
        ExprKind::Binary(op, ..) => {
            let (other, what) = match op {
                Less => (LessOrEqual, "the bound itself counts"),
                LessOrEqual => (Less, "the bound itself does not count"),
                Greater => (GreaterOrEqual, "the bound itself counts"),
                GreaterOrEqual => (Greater, "the bound itself does not count"),
                Is => (IsNot, "it is the other way round"),
                IsNot => (Is, "it is the other way round"),
                Add => (Subtract, "it is taken away, not added"),
                Subtract => (Add, "it is added, not taken away"),
                Multiply => (Divide, "it is divided, not multiplied"),
                Divide => (Multiply, "it is multiplied, not divided"),
                _ => return Vec::new(),
            };
            one(Twist::Operator(other), what)
        }
        ExprKind::Unary(crate::expr::UnaryOp::Not, _) => one(Twist::Not, "a “not” is forgotten"),
        ExprKind::Literal(Literal::Integer(_) | Literal::Decimal(_)) => {
            one(Twist::More, "a number is larger by one")
        }
        ExprKind::Literal(Literal::Duration(_)) => {
            one(Twist::More, "a length of time is longer by a moment")
        }
        ExprKind::Literal(Literal::Choice(..)) => one(Twist::Choice, "another value is meant"),
        ExprKind::HasRole(..) => one(Twist::AnyRole, "any role will do"),
        ExprKind::Aggregate(aggregate) => {
            let mut found = Vec::new();
            if aggregate.filter.is_some() {
                found.push((Twist::Unfiltered, "all rows are counted".to_owned()));
            }
            if !aggregate.sort.is_empty() {
                found.push((
                    Twist::Backwards,
                    "the order is the other way round".to_owned(),
                ));
            }
            found
        }
        _ => Vec::new(),
    }
}

/// `state is open`: each other value of the choice.
fn also(ir: &Ir, expr: &Expr, found: &mut Vec<(Twist, String)>) {
    let ExprKind::Binary(BinaryOp::Is, _, right) = &expr.kind else {
        return;
    };
    let ExprKind::Literal(Literal::Choice(id, meant)) = right.kind else {
        return;
    };
    let values = ir
        .choices
        .get(id.0 as usize)
        .map_or(&[][..], |choice| &choice.values);
    for (at, value) in (0..).zip(values) {
        if at != meant {
            found.push((
                Twist::Also(at),
                format!("{} counts as well", value.name.text),
            ));
        }
    }
}

/// Calls `change` for the expression and everything in it, outermost first, until it says that it is done.
fn in_order(expr: &mut Expr, change: &mut dyn FnMut(&mut Expr) -> bool) -> bool {
    if change(expr) {
        return true;
    }
    let mut done = false;
    walk::parts_mut(expr, &mut |part| done = done || in_order(part, change));
    done
}
