//! Which rows must be looked at again when a row that their rules look at changes.
//!
//! A rule over other rows holds at rest, whichever row moves. For each place in it that leaves the row,
//! the way back is turned into a query: the rows of the rule from which that place reaches the changed row.

use super::Context;
use crate::source::{list, literal};
use crate::sql::{Names as _, Reach, Sql, bare, ident, needs_statement, walk};
use specc_ir::expr::{Aggregate, AggregateOp, BinaryOp, Expr, ExprKind, FieldRef, THIS, VarId};
use specc_ir::ir::{EntityId, FieldId, Ir, Rule, RuleCheck, RuleOn, Type, USER};
use std::collections::BTreeMap;

/// The variable that stands for the changed row.
const CHANGED: VarId = VarId(u32::MAX);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Rows {
    Field(FieldId),
    Query(String),
    All,
}

/// The watchers of an entity: one for each rule and way to its rows.
#[must_use]
pub fn of(context: &Context<'_>, watched: EntityId) -> Vec<String> {
    let mut found: BTreeMap<(EntityId, Rows), Vec<String>> = BTreeMap::new();
    for (id, position) in context.far {
        let Some(rule) = context
            .entity(*id)
            .and_then(|entity| entity.rules.get(*position))
        else {
            continue;
        };
        for rows in ways(context, *id, rule, watched) {
            found
                .entry((*id, rows))
                .or_default()
                .push(literal(&rule.id));
        }
    }
    found
        .into_iter()
        .map(|((entity, rows), rules)| {
            let rows = match rows {
                Rows::Field(field) => {
                    format!(
                        "WatchedRows::Field(field::{})",
                        context.names.field_constant(watched, field)
                    )
                }
                Rows::Query(sql) => format!("WatchedRows::Query({})", literal(&sql)),
                Rows::All => "WatchedRows::All".to_owned(),
            };
            let entity = context.names.entity_constant(entity);
            format!(
                "Watcher {{ entity: app::{entity}, rules: {}, rows: {rows} }}",
                list(&rules)
            )
        })
        .collect()
}

/// The rules at rest that look further than their row, so that other rows need to know of them.
#[must_use]
pub fn far(ir: &Ir) -> Vec<(EntityId, usize)> {
    let mut out = Vec::new();
    for (position, entity) in (0_u32..).zip(&ir.entities) {
        for (index, rule) in entity
            .rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.on == RuleOn::Always)
        {
            let far = match &rule.check {
                RuleCheck::Holds(expr) => needs_statement(expr, ir),
                RuleCheck::Unique { when, .. } => {
                    when.as_ref().is_some_and(|when| needs_statement(when, ir))
                }
            };
            if far {
                out.push((EntityId(position), index));
            }
        }
    }
    out
}

fn ways(context: &Context<'_>, entity: EntityId, rule: &Rule, watched: EntityId) -> Vec<Rows> {
    let mut search = Search {
        context,
        entity,
        watched,
        found: Vec::new(),
        depth: 0,
    };
    match &rule.check {
        RuleCheck::Holds(expr) => search.expr(expr, &[]),
        RuleCheck::Unique { when, .. } => when.iter().for_each(|when| search.expr(when, &[])),
    }
    let mut found = search.found;
    found.sort();
    found.dedup();
    if found.contains(&Rows::All) {
        vec![Rows::All]
    } else {
        found
    }
}

struct Search<'a> {
    context: &'a Context<'a>,
    /// Whose rule it is.
    entity: EntityId,
    /// Whose rows change.
    watched: EntityId,
    found: Vec<Rows>,
    depth: u32,
}

/// An aggregate around a place, with the conditions that may be relied on there.
type Around<'e> = (&'e Aggregate, Vec<&'e Expr>);

impl Search<'_> {
    fn expr(&mut self, expr: &Expr, around: &[Around<'_>]) {
        match &expr.kind {
            ExprKind::Field(base, entity, field) => {
                self.field(base, *entity, *field, around);
                self.expr(base, around);
            }
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, around),
            ExprKind::Function(function, arguments) => {
                if let Some(declared) = self.context.ir.functions.get(function.0 as usize) {
                    self.beyond(&declared.is);
                }
                arguments
                    .iter()
                    .for_each(|argument| self.expr(argument, around));
            }
            ExprKind::HasRole(user, _) => {
                self.reaches(USER, user, around);
                self.expr(user, around);
            }
            ExprKind::CanRead(row, entity) => {
                // A policy may look anywhere.
                if let Some(declared) = self.context.entity(*entity) {
                    for grant in &declared.access {
                        grant.when.iter().for_each(|when| self.beyond(when));
                    }
                }
                self.reaches(*entity, row, around);
                self.expr(row, around);
            }
            ExprKind::Unary(_, inner) | ExprKind::IsSet(inner) | ExprKind::IsEmpty(inner) => {
                self.expr(inner, around)
            }
            ExprKind::Binary(_, left, right) => {
                self.expr(left, around);
                self.expr(right, around);
            }
            ExprKind::OneOf(value, options) => {
                self.expr(value, around);
                options.iter().for_each(|option| self.expr(option, around));
            }
            ExprKind::If(condition, then, otherwise) => {
                self.expr(condition, around);
                self.expr(then, around);
                self.expr(otherwise, around);
            }
            ExprKind::Join(parts) | ExprKind::Call(_, parts) => parts.iter().for_each(|part| {
                if let Type::Ref(entity) = part.ty {
                    self.reaches(entity, part, around);
                }
                self.expr(part, around);
            }),
            _ => {}
        }
    }

    fn field(&mut self, base: &Expr, entity: EntityId, field: FieldRef, around: &[Around<'_>]) {
        if !matches!(base.kind, ExprKind::Var(_)) {
            self.reaches(entity, base, around);
        }
        let FieldRef::Field(id) = field else { return };
        if let Some(computed) = self
            .context
            .field(entity, id)
            .and_then(|field| field.computed.as_ref())
        {
            match base.kind {
                // The row's own value: its parts are seen from the row itself.
                ExprKind::Var(THIS)
                    if around.is_empty() && entity == self.entity && self.depth < 8 =>
                {
                    self.depth += 1;
                    self.expr(computed, around);
                    self.depth -= 1;
                }
                _ => self.beyond(computed),
            }
        }
    }

    fn aggregate(&mut self, aggregate: &Aggregate, around: &[Around<'_>]) {
        let conditions = aggregate.filter.as_ref().map(conjuncts).unwrap_or_default();
        if aggregate.entity == self.watched {
            self.member(aggregate, &conditions, around);
        }
        if let Some((owner, _)) = &aggregate.through {
            if !matches!(owner.kind, ExprKind::Var(_))
                && let Type::Ref(entity) = owner.ty
            {
                self.reaches(entity, owner, around);
            }
            self.expr(owner, around);
        }
        // Inside the filter nothing of it can be relied on but what stays as it is.
        let steady: Vec<&Expr> = conditions
            .iter()
            .copied()
            .filter(|condition| self.is_steady(condition))
            .collect();
        let mut inner: Vec<Around<'_>> = around.to_vec();
        inner.push((aggregate, steady));
        for part in [&aggregate.filter, &aggregate.value].into_iter().flatten() {
            self.expr(part, &inner);
        }
        aggregate
            .sort
            .iter()
            .for_each(|sort| self.expr(&sort.by, &inner));
    }

    /// The aggregate goes over the watched entity: whose set has the changed row in it?
    fn member(&mut self, aggregate: &Aggregate, conditions: &[&Expr], around: &[Around<'_>]) {
        if around.is_empty() && aggregate.through.is_none() {
            for condition in conditions {
                if let Some(field) = back_reference(condition, aggregate.var) {
                    self.found.push(Rows::Field(field));
                    return;
                }
            }
        }
        let changed = changed(self.watched);
        let row = Expr {
            kind: ExprKind::Var(aggregate.var),
            ty: Type::Ref(aggregate.entity),
            span: changed.span,
        };
        let is = is(row, changed);
        let mut steady: Vec<&Expr> = conditions
            .iter()
            .copied()
            .filter(|condition| correlates(condition, aggregate.var))
            .collect();
        if steady.is_empty() && around.is_empty() && aggregate.through.is_none() {
            self.found.push(Rows::All);
            return;
        }
        steady.push(&is);
        let inner: Vec<Around<'_>> = around
            .iter()
            .cloned()
            .chain([(aggregate, steady)])
            .collect();
        self.query(&inner, None);
    }

    /// A path from the row arrives at a row of this entity.
    fn reaches(&mut self, entity: EntityId, path: &Expr, around: &[Around<'_>]) {
        if entity == self.watched {
            let is = is(path.clone(), changed(self.watched));
            self.query(around, Some(&is));
        }
    }

    /// The rule's rows for which the aggregates around the place have a row that fulfils the condition.
    fn query(&mut self, around: &[Around<'_>], condition: Option<&Expr>) {
        let mut condition = condition.cloned();
        for (aggregate, steady) in around.iter().rev() {
            let filter = steady
                .iter()
                .map(|part| (*part).clone())
                .chain(condition)
                .reduce(and);
            let search = Aggregate {
                op: AggregateOp::Exists,
                filter,
                value: None,
                distinct: false,
                sort: Vec::new(),
                ..(*aggregate).clone()
            };
            condition = Some(Expr {
                kind: ExprKind::Aggregate(Box::new(search)),
                ty: Type::Bool,
                span: Default::default(),
            });
        }
        let Some(condition) = condition else {
            self.found.push(Rows::All);
            return;
        };
        let mut sql = Sql::over_row(self.context.ir, self.context.names);
        sql.reach(CHANGED, Reach::Value(":row".to_owned()));
        let condition = sql.condition(&condition);
        let table = ident(&self.context.names.table(self.entity));
        self.found.push(Rows::Query(format!(
            "SELECT t.id FROM {table} t WHERE {}",
            bare(&condition)
        )));
    }

    /// Something written elsewhere (a function, another row's computed value) that may look at the watched entity.
    fn beyond(&mut self, expr: &Expr) {
        if self.depth >= 8 {
            self.found.push(Rows::All);
            return;
        }
        self.depth += 1;
        let mut looks = false;
        let mut further: Vec<&Expr> = Vec::new();
        let context = self.context;
        walk(expr, &mut |inner| match &inner.kind {
            ExprKind::Aggregate(aggregate) => looks |= aggregate.entity == self.watched,
            ExprKind::Field(base, entity, _) => {
                looks |= *entity == self.watched && !matches!(base.kind, ExprKind::Var(_));
            }
            ExprKind::HasRole(..) => looks |= self.watched == USER,
            ExprKind::CanRead(_, entity) => looks |= *entity == self.watched,
            _ => {}
        });
        let mut functions = Vec::new();
        let mut fields = Vec::new();
        walk(expr, &mut |inner| match &inner.kind {
            ExprKind::Function(function, _) => functions.push(*function),
            ExprKind::Field(_, entity, FieldRef::Field(field)) => fields.push((*entity, *field)),
            _ => {}
        });
        let functions = functions
            .into_iter()
            .filter_map(|id| context.ir.functions.get(id.0 as usize));
        further.extend(functions.map(|function| &function.is));
        let fields = fields
            .into_iter()
            .filter_map(|(entity, field)| context.field(entity, field));
        further.extend(fields.filter_map(|field| field.computed.as_ref()));
        if looks {
            self.found.push(Rows::All);
        } else {
            further.into_iter().for_each(|expr| self.beyond(expr));
        }
        self.depth -= 1;
    }

    /// A change of the watched entity leaves this condition as it is.
    fn is_steady(&self, condition: &Expr) -> bool {
        let mut steady = true;
        walk(condition, &mut |inner| {
            steady &= match &inner.kind {
                ExprKind::Field(base, entity, field) => {
                    let computed = match field {
                        FieldRef::Field(field) => self
                            .context
                            .field(*entity, *field)
                            .is_some_and(|field| field.computed.is_some()),
                        _ => false,
                    };
                    *entity != self.watched && !computed && matches!(base.kind, ExprKind::Var(_))
                }
                ExprKind::Aggregate(_)
                | ExprKind::Function(..)
                | ExprKind::HasRole(..)
                | ExprKind::CanRead(..) => false,
                _ => true,
            };
        });
        steady
    }
}

fn changed(entity: EntityId) -> Expr {
    Expr {
        kind: ExprKind::Var(CHANGED),
        ty: Type::Ref(entity),
        span: Default::default(),
    }
}

fn is(left: Expr, right: Expr) -> Expr {
    let span = left.span;
    Expr {
        kind: ExprKind::Binary(BinaryOp::Is, Box::new(left), Box::new(right)),
        ty: Type::Bool,
        span,
    }
}

fn and(left: Expr, right: Expr) -> Expr {
    let span = left.span;
    Expr {
        kind: ExprKind::Binary(BinaryOp::And, Box::new(left), Box::new(right)),
        ty: Type::Bool,
        span,
    }
}

fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Binary(BinaryOp::And, left, right) => {
            let mut parts = conjuncts(left);
            parts.extend(conjuncts(right));
            parts
        }
        _ => vec![expr],
    }
}

/// `item is this` of a searched row: the field that holds the rule's row.
fn back_reference(condition: &Expr, variable: VarId) -> Option<FieldId> {
    let ExprKind::Binary(BinaryOp::Is, left, right) = &condition.kind else {
        return None;
    };
    let field = |expr: &Expr| match &expr.kind {
        ExprKind::Field(base, _, FieldRef::Field(field))
            if base.kind == ExprKind::Var(variable) =>
        {
            Some(*field)
        }
        _ => None,
    };
    match (field(left), field(right)) {
        (Some(field), None) if right.kind == ExprKind::Var(THIS) => Some(field),
        (None, Some(field)) if left.kind == ExprKind::Var(THIS) => Some(field),
        _ => None,
    }
}

/// An equality that ties the searched row to something outside of it.
fn correlates(condition: &Expr, variable: VarId) -> bool {
    let ExprKind::Binary(BinaryOp::Is, left, right) = &condition.kind else {
        return false;
    };
    let speaks = |expr: &Expr| crate::sql::variables_of(expr).contains(&variable);
    let plain = |expr: &Expr| {
        let mut plain = true;
        walk(expr, &mut |inner| {
            plain &= matches!(inner.kind, ExprKind::Field(..) | ExprKind::Var(_))
        });
        plain
    };
    plain(left) && plain(right) && speaks(left) != speaks(right)
}
