//! `Tenant`: whose a row is. Everything that follows from it is written into the program as if the author had: a
//! condition on each grant, on each search, a rule for each reference, so that every translation obeys it.

use super::Pass;
use super::names::number;
use crate::expr::{Aggregate, AggregateOp, BinaryOp, Expr, ExprKind, FieldRef, THIS, VarId};
use crate::ir::{
    Effect, EffectItem, Entity, EntityId, Field, FieldDefault, FieldId, Ir, Rule, RuleCheck,
    RuleOn, Sentence, Tenant, Type, USER,
};
use crate::walk;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::span::Span;
use specc_syntax::tree::Text;

/// The first variable of the searches that are made here; no section counts so far.
const FIRST: u32 = 1 << 20;

/// Settles whose rows are whose, and the fields that say so.
pub(super) fn settle(wanted: &[(EntityId, Text)], ir: &mut Ir, out: &mut Vec<Diagnostic>) {
    let mut whose: Option<(EntityId, Span)> = None;
    for (id, text) in wanted {
        let Some(entity) = ir.entities.get(id.0 as usize) else {
            continue;
        };
        let mut report = |message: String, help: &str| {
            out.push(Diagnostic::new("bad-tenant", text.span, message).help(help));
        };
        if entity.parent.is_some() {
            report(
                format!(
                    "`{}` is part of something, and belongs to whom that belongs",
                    entity.name.text
                ),
                "take `Tenant:` out",
            );
            continue;
        }
        let folded = specc_syntax::names::fold_name(&text.text);
        let found = entity
            .fields
            .iter()
            .position(|field| specc_syntax::names::fold_name(&field.name.text) == folded);
        let target = found
            .and_then(|at| entity.fields.get(at))
            .map(|field| &field.ty);
        let (Some(at), Some(Type::Ref(target))) = (found, target) else {
            report(
                format!("`{}` is no reference of {}", text.text, entity.name.text),
                "name a field that refers to the entity whose the rows are: `- Tenant: organisation`",
            );
            continue;
        };
        let target = *target;
        if target == USER || target == *id {
            report(
                "a tenant is neither a user nor the row itself".to_owned(),
                "refer to an entity that stands for all its users, such as an organisation",
            );
            continue;
        }
        match whose {
            Some((other, span)) if other != target => {
                let name = name_of(ir, other);
                out.push(
                    Diagnostic::new(
                        "bad-tenant",
                        text.span,
                        format!("rows belong to one kind of tenant, and others belong to {name}"),
                    )
                    .label(span, "here")
                    .help(format!("let this field refer to {name}")),
                );
                continue;
            }
            Some(_) => {}
            None => whose = Some((target, text.span)),
        }
        if let Some(entity) = ir.entities.get_mut(id.0 as usize) {
            entity.tenant = Some(Tenant::Own(FieldId(number(at))));
        }
    }
    let Some((whose, span)) = whose else { return };
    if let Some(entity) = ir.entities.get_mut(whose.0 as usize) {
        if entity.tenant.is_some() || entity.parent.is_some() {
            out.push(
                Diagnostic::new("bad-tenant", span, "a tenant belongs to nobody else")
                    .help("take `Tenant:` or `Part of:` out of the entity that is the tenant"),
            );
            return;
        }
        entity.tenant = Some(Tenant::Itself);
    }
    let name = name_of(ir, whose);
    let user = ir.entities.first();
    let own: Vec<FieldId> = user
        .into_iter()
        .flat_map(|user| user.fields.iter().enumerate())
        .filter(|(_, field)| field.ty == Type::Ref(whose))
        .map(|(at, _)| FieldId(number(at)))
        .collect();
    let mine = match (user.and_then(|user| user.tenant), own.as_slice()) {
        (Some(Tenant::Own(field)), _) => field,
        (_, [field]) => *field,
        (_, fields) => {
            let (message, help) = if fields.is_empty() {
                (
                    format!("nothing says to which {name} a user belongs"),
                    format!("add a field of type {name} to `Entity: User`"),
                )
            } else {
                (
                    format!("several fields of User refer to {name}"),
                    "say which one it is with `- Tenant: …` below `Entity: User`".to_owned(),
                )
            };
            out.push(Diagnostic::new("bad-tenant", span, message).help(help));
            return;
        }
    };
    if let Some(user) = ir.entities.first_mut() {
        user.tenant = Some(Tenant::Own(mine));
    }
    // Parts follow their parents, whatever the order.
    for _ in 0..ir.entities.len() {
        let mut changed = false;
        for at in 0..ir.entities.len() {
            let follows = ir.entities.get(at).is_some_and(|entity| {
                entity.tenant.is_none()
                    && entity.parent.is_some_and(|parent| {
                        ir.entities
                            .get(parent.entity.0 as usize)
                            .is_some_and(|parent| parent.tenant.is_some())
                    })
            });
            if follows && let Some(entity) = ir.entities.get_mut(at) {
                entity.tenant = Some(Tenant::Parent);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    let me = mine_of(ir, Span::default());
    for (at, entity) in ir.entities.iter_mut().enumerate() {
        if let Some(Tenant::Own(field)) = entity.tenant
            && let Some(field) = entity.fields.get_mut(field.0 as usize)
        {
            // Clients never say whose a row is.
            field.read_only = true;
            if at != 0 {
                field.fixed = true;
                field.required = true;
            }
            if field.default.is_none() {
                field.default = me.clone().map(FieldDefault::Value);
            }
        }
    }
}

/// Reports references from rows that are nobody's to rows that are somebody's, through which others could look.
pub(super) fn check(pass: &mut Pass<'_>) {
    let tenanted = |ty: &Type| match ty {
        Type::Ref(target) | Type::Many(target) => tenant_of(pass.ir, *target)
            .filter(|tenant| *tenant != Tenant::Itself)
            .map(|_| *target),
        _ => None,
    };
    // Through a user others could look only where a user refers on.
    let user_refers = pass.ir.entities.first().is_some_and(|user| {
        user.fields.iter().any(|field| {
            tenanted(&field.ty).is_some_and(|target| target != USER) && field.computed.is_none()
        })
    });
    for entity in &pass.ir.entities {
        if entity.tenant.is_some() {
            continue;
        }
        for field in &entity.fields {
            if let Some(target) = tenanted(&field.ty)
                && (target != USER || user_refers)
            {
                pass.out.push(
                    Diagnostic::new(
                        "tenant-reference",
                        field.name.span,
                        format!(
                            "{} is nobody's, and cannot refer to a {}, which is somebody's",
                            entity.name.text,
                            name_of(pass.ir, target)
                        ),
                    )
                    .help(format!(
                        "say whose it is with `- Tenant: …` below `Entity: {}`",
                        entity.name.text
                    )),
                );
            }
        }
    }
}

/// Writes into the finished program what follows.
pub(super) fn confine(ir: &mut Ir, out: &mut Vec<Diagnostic>) {
    if !ir.entities.iter().any(|entity| entity.tenant.is_some()) {
        return;
    }
    let known = ir.clone();
    for (at, entity) in ir.entities.iter_mut().enumerate() {
        let id = EntityId(number(at));
        let mut searches = Searches {
            ir: &known,
            this: Some(id),
            me: true,
            visitors: false,
            out: &mut *out,
        };
        searches.entity(entity);
        grants(entity, id, &known);
        rules(entity, id, &known, out);
    }
    for action in &mut ir.actions {
        let mut searches = Searches {
            ir: &known,
            this: action.on,
            me: true,
            visitors: action.who.contains(&crate::ir::Who::Anyone),
            out: &mut *out,
        };
        searches.who(&mut action.who);
        for requirement in &mut action.body.requires {
            searches.look(&mut requirement.condition);
        }
        searches.effects(&mut action.body.does);
        if let Some(returns) = &mut action.returns {
            searches.look(returns);
        }
    }
    for role in &mut ir.roles {
        if let Some(when) = &mut role.when {
            Searches {
                ir: &known,
                this: Some(USER),
                me: false,
                visitors: false,
                out: &mut *out,
            }
            .look(when);
        }
    }
    for function in &mut ir.functions {
        Searches {
            ir: &known,
            this: None,
            me: false,
            visitors: false,
            out: &mut *out,
        }
        .look(&mut function.is);
    }
}

fn tenant_of(ir: &Ir, entity: EntityId) -> Option<Tenant> {
    ir.entities.get(entity.0 as usize)?.tenant
}

fn name_of(ir: &Ir, entity: EntityId) -> String {
    ir.entities
        .get(entity.0 as usize)
        .map_or_else(String::new, |entity| entity.name.text.clone())
}

fn field(row: Expr, entity: EntityId, field: FieldId, ty: Type) -> Expr {
    let span = row.span;
    Expr {
        kind: ExprKind::Field(Box::new(row), entity, FieldRef::Field(field)),
        ty,
        span,
    }
}

/// Whose a row is.
fn whose(ir: &Ir, row: Expr, entity: EntityId, depth: u8) -> Option<Expr> {
    let declared = ir.entities.get(entity.0 as usize)?;
    match declared.tenant? {
        Tenant::Itself => Some(row),
        Tenant::Own(own) => {
            let ty = declared.fields.get(own.0 as usize)?.ty.clone();
            Some(field(row, entity, own, ty))
        }
        Tenant::Parent if depth < 16 => {
            let parent = declared.parent?;
            let row = field(row, entity, parent.field, Type::Ref(parent.entity));
            whose(ir, row, parent.entity, depth + 1)
        }
        Tenant::Parent => None,
    }
}

fn variable(variable: VarId, entity: EntityId, span: Span) -> Expr {
    Expr {
        kind: ExprKind::Var(variable),
        ty: Type::Ref(entity),
        span,
    }
}

fn me(span: Span) -> Expr {
    Expr {
        kind: ExprKind::Me,
        ty: Type::Ref(USER),
        span,
    }
}

/// The caller's tenant.
fn mine_of(ir: &Ir, span: Span) -> Option<Expr> {
    whose(ir, me(span), USER, 0)
}

fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    let span = left.span;
    Expr {
        kind: ExprKind::Binary(op, Box::new(left), Box::new(right)),
        ty: Type::Bool,
        span,
    }
}

fn both(first: Expr, second: Option<Expr>) -> Expr {
    match second {
        Some(second) => binary(BinaryOp::And, first, second),
        None => first,
    }
}

/// Each grant holds for the caller's own rows only; people reach themselves in any case.
fn grants(entity: &mut Entity, id: EntityId, ir: &Ir) {
    if matches!(entity.tenant, None | Some(Tenant::Itself)) {
        return;
    }
    for grant in &mut entity.access {
        let this = variable(THIS, id, grant.span);
        let (Some(theirs), Some(mine)) = (whose(ir, this.clone(), id, 0), mine_of(ir, grant.span))
        else {
            continue;
        };
        let mut own = binary(BinaryOp::Is, theirs, mine);
        if id == USER {
            own = binary(
                BinaryOp::Or,
                binary(BinaryOp::Is, this, me(grant.span)),
                own,
            );
        }
        grant.when = Some(both(own, grant.when.take()));
    }
}

/// What is unique is so for each tenant, and references stay within one.
fn rules(entity: &mut Entity, id: EntityId, ir: &Ir, out: &mut Vec<Diagnostic>) {
    let Some(tenant) = entity.tenant else { return };
    let this = |span| variable(THIS, id, span);
    let mut more = Vec::new();
    for (at, declared) in entity.fields.iter_mut().enumerate() {
        let this_field = FieldId(number(at));
        let is_tenant = tenant == Tenant::Own(this_field);
        let is_parent = entity
            .parent
            .is_some_and(|parent| parent.field == this_field);
        if declared.unique && id != USER && !matches!(declared.ty, Type::Slug(_)) {
            match tenant {
                Tenant::Own(own) => {
                    declared.unique = false;
                    more.push(unique(
                        declared,
                        this_field,
                        RuleCheck::Unique {
                            fields: vec![own, this_field],
                            ranges: Vec::new(),
                            when: None,
                        },
                    ));
                }
                Tenant::Parent => {
                    if let Some(check) = alone(declared, this_field, id, ir) {
                        declared.unique = false;
                        declared.indexed = true;
                        more.push(unique(declared, this_field, RuleCheck::Holds(check)));
                    }
                }
                Tenant::Itself => {}
            }
        }
        if is_tenant || is_parent || declared.computed.is_some() {
            continue;
        }
        if let Some(check) = within(declared, this_field, &this(declared.span), id, ir) {
            let who = name_of(ir, tenant_entity(ir).unwrap_or(USER)).to_lowercase();
            more.push(Rule {
                id: format!("{}-of-the-same-tenant", words(&declared.name.text)),
                sentence: Sentence {
                    text: format!(
                        "“{}” belongs to the same {who}.",
                        super::words::capital(&declared.name.text.replace('_', " "))
                    ),
                    span: declared.span,
                },
                on: RuleOn::Always,
                check: RuleCheck::Holds(check),
                fields: vec![this_field],
            });
        }
    }
    for rule in &mut entity.rules {
        let RuleCheck::Unique { fields, .. } = &mut rule.check else {
            continue;
        };
        match tenant {
            Tenant::Own(own) if id != USER && !fields.contains(&own) => fields.insert(0, own),
            Tenant::Parent => {
                let parent = entity.parent.map(|parent| parent.field);
                if !fields.iter().any(|field| Some(*field) == parent) {
                    out.push(
                        Diagnostic::new(
                            "tenant-unknown",
                            rule.sentence.span,
                            "what is unique in a part is so within what it is part of",
                        )
                        .help("put the field that holds the parent into the list"),
                    );
                }
            }
            _ => {}
        }
    }
    entity.rules.extend(more);
}

fn words(name: &str) -> String {
    name.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

fn tenant_entity(ir: &Ir) -> Option<EntityId> {
    ir.entities
        .iter()
        .position(|entity| entity.tenant == Some(Tenant::Itself))
        .map(|at| EntityId(number(at)))
}

fn unique(declared: &Field, field: FieldId, check: RuleCheck) -> Rule {
    Rule {
        id: format!("unique-{}", words(&declared.name.text)),
        sentence: Sentence {
            text: "This is taken already.".to_owned(),
            span: declared.span,
        },
        on: RuleOn::Always,
        check,
        fields: vec![field],
    }
}

/// No other row of the tenant has the same in this field.
fn alone(declared: &Field, of: FieldId, id: EntityId, ir: &Ir) -> Option<Expr> {
    let (span, var) = (declared.span, VarId(FIRST));
    let this = variable(THIS, id, span);
    let other = variable(var, id, span);
    let value = |row: &Expr| field(row.clone(), id, of, declared.ty.clone());
    let same = binary(BinaryOp::Is, value(&other), value(&this));
    let near = binary(
        BinaryOp::Is,
        whose(ir, other, id, 0)?,
        whose(ir, this, id, 0)?,
    );
    let count = Expr {
        kind: ExprKind::Aggregate(Box::new(Aggregate {
            op: AggregateOp::Count,
            entity: id,
            var,
            filter: Some(both(same, Some(near))),
            value: None,
            distinct: false,
            sort: Vec::new(),
            through: None,
        })),
        ty: Type::Integer,
        span,
    };
    let one = Expr {
        kind: ExprKind::Literal(crate::expr::Literal::Integer(1)),
        ty: Type::Integer,
        span,
    };
    Some(binary(BinaryOp::LessOrEqual, count, one))
}

/// What the field refers to belongs to whom the row belongs.
fn within(declared: &Field, of: FieldId, this: &Expr, id: EntityId, ir: &Ir) -> Option<Expr> {
    let span = declared.span;
    let mine = whose(ir, this.clone(), id, 0)?;
    match declared.ty {
        Type::Ref(target) => {
            tenant_of(ir, target).filter(|tenant| *tenant != Tenant::Itself)?;
            let value = field(this.clone(), id, of, declared.ty.clone());
            let theirs = whose(ir, value.clone(), target, 0)?;
            let none = Expr {
                kind: ExprKind::IsEmpty(Box::new(value)),
                ty: Type::Bool,
                span,
            };
            Some(binary(
                BinaryOp::Or,
                none,
                binary(BinaryOp::Is, theirs, mine),
            ))
        }
        Type::Many(target) => {
            tenant_of(ir, target).filter(|tenant| *tenant != Tenant::Itself)?;
            let var = VarId(FIRST);
            let theirs = whose(ir, variable(var, target, span), target, 0)?;
            Some(Expr {
                kind: ExprKind::Aggregate(Box::new(Aggregate {
                    op: AggregateOp::Every,
                    entity: target,
                    var,
                    filter: None,
                    value: Some(binary(BinaryOp::Is, theirs, mine)),
                    distinct: false,
                    sort: Vec::new(),
                    through: Some((this.clone(), of)),
                })),
                ty: Type::Bool,
                span,
            })
        }
        _ => None,
    }
}

/// Finds searches over rows that are somebody's, and narrows them.
struct Searches<'a> {
    ir: &'a Ir,
    /// The section's row.
    this: Option<EntityId>,
    /// The caller is known here.
    me: bool,
    /// The caller may be a visitor.
    visitors: bool,
    out: &'a mut Vec<Diagnostic>,
}

impl Searches<'_> {
    fn entity(&mut self, entity: &mut Entity) {
        for field in &mut entity.fields {
            if let Some(computed) = &mut field.computed {
                self.me = false;
                self.look(computed);
                self.me = true;
            }
            if let Some(FieldDefault::Value(value)) = &mut field.default {
                let this = self.this.take();
                self.look(value);
                self.this = this;
            }
        }
        for grant in &mut entity.access {
            self.who(&mut grant.who);
            grant.when.iter_mut().for_each(|when| self.look(when));
        }
        for lifecycle in &mut entity.lifecycles {
            for step in &mut lifecycle.steps {
                self.who(&mut step.who);
                step.when.iter_mut().for_each(|when| self.look(when));
            }
        }
        for rule in &mut entity.rules {
            self.me = rule.on != RuleOn::Always;
            if let RuleCheck::Holds(condition) = &mut rule.check {
                self.look(condition);
            }
            self.me = true;
        }
        for hook in &mut entity.hooks {
            for requirement in &mut hook.body.requires {
                self.look(&mut requirement.condition);
            }
            self.effects(&mut hook.body.does);
        }
    }

    fn who(&mut self, who: &mut [crate::ir::Who]) {
        for who in who {
            if let crate::ir::Who::Relation(expr) = who {
                self.look(expr);
            }
        }
    }

    fn look(&mut self, expr: &mut Expr) {
        walk::each_mut(expr, &mut |part| {
            let span = part.span;
            if let ExprKind::Aggregate(aggregate) = &mut part.kind
                && aggregate.through.is_none()
            {
                let (entity, var) = (aggregate.entity, aggregate.var);
                if let Some(own) = self.own(entity, var, span) {
                    aggregate.filter = Some(both(own, aggregate.filter.take()));
                }
            }
        });
    }

    /// The condition that a searched row is the section's.
    fn own(&mut self, entity: EntityId, var: VarId, span: Span) -> Option<Expr> {
        tenant_of(self.ir, entity).filter(|tenant| *tenant != Tenant::Itself)?;
        // Users are searched everywhere that nobody's rows are spoken of.
        let theirs = whose(self.ir, variable(var, entity, span), entity, 0)?;
        let this = self
            .this
            .and_then(|id| whose(self.ir, variable(THIS, id, span), id, 0));
        let mine = match this {
            Some(this) => this,
            None if self.me => {
                if self.visitors {
                    let own = matches!(tenant_of(self.ir, entity), Some(Tenant::Own(_)));
                    let help = if own && entity != USER {
                        format!(
                            "say `Who: signed-in`; or, where visitors are to find them, take `Tenant:` out of {} and let its Access say whose its rows are",
                            name_of(self.ir, entity)
                        )
                    } else {
                        "say `Who: signed-in`".to_owned()
                    };
                    self.out.push(
                        Diagnostic::new(
                            "tenant-of-visitors",
                            span,
                            format!(
                                "visitors belong to nobody, so they find no {} here",
                                self.plural(entity)
                            ),
                        )
                        .help(help),
                    );
                }
                mine_of(self.ir, span)?
            }
            None => {
                self.out.push(
                    Diagnostic::new(
                        "tenant-unknown",
                        span,
                        format!(
                            "nothing says whose {} are searched here",
                            self.plural(entity)
                        ),
                    )
                    .help(
                        "speak of them where there is a row or a caller that belongs to somebody",
                    ),
                );
                return None;
            }
        };
        Some(binary(BinaryOp::Is, theirs, mine))
    }

    fn plural(&self, entity: EntityId) -> &str {
        let declared = self.ir.entities.get(entity.0 as usize);
        declared.map_or("", |entity| entity.plural.as_str())
    }

    fn effects(&mut self, items: &mut [EffectItem]) {
        for item in items {
            walk::each_of_effect_alone_mut(item, &mut |expr| self.look(expr));
            match &mut item.effect {
                Effect::ForEach {
                    entity,
                    var,
                    filter,
                    body,
                    ..
                } => {
                    if let Some(own) = self.own(*entity, *var, item.span) {
                        *filter = Some(both(own, filter.take()));
                    }
                    self.effects(body);
                }
                Effect::When {
                    then, otherwise, ..
                } => {
                    self.effects(then);
                    self.effects(otherwise);
                }
                _ => {}
            }
            if let Some(otherwise) = &mut item.otherwise {
                self.effects(otherwise);
            }
        }
    }
}
