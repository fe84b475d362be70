//! The schema of a program, with an index for every column that something compares.

use super::{Column, FORMAT, Holds, Index, Schema, Shape, Table, UNSETTLED};
use crate::names::{NameTable, SYSTEM_TABLES, Taken};
use crate::sql::{Names as _, Sql, is_comparison, scale_or_zero, walk};
use specc_ir::expr::{Aggregate, Expr, ExprKind, FieldRef, Literal};
use specc_ir::ir::{
    Effect, EffectItem, Entity, EntityId, FieldDefault, FieldId, Ir, RuleCheck, Type, Who,
};
use std::collections::BTreeMap;

/// What makes a column worth an index; the later one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    Compared,
    Policy,
    Unique,
}

type Wanted = BTreeMap<(EntityId, FieldId), Reason>;

/// The schema this program needs.
#[must_use]
pub fn of(ir: &Ir, names: &NameTable) -> Schema {
    let wanted = wanted(ir);
    let mut tables = Vec::with_capacity(ir.entities.len());
    for (position, entity) in (0_u32..).zip(&ir.entities) {
        let id = EntityId(position);
        tables.push(rows(ir, names, id, entity, &wanted));
        for (position, field) in (0_u32..).zip(&entity.fields) {
            if let Type::Many(item) = field.ty
                && field.computed.is_none()
            {
                tables.push(pairs(
                    names,
                    id,
                    FieldId(position),
                    item,
                    &format!("{} {}", entity.name.text, field.name.text),
                ));
            }
        }
    }
    // Indexes and tables share their names: a table `ticket_by_owner` is no index of `ticket`.
    let mut taken = Taken::without(SYSTEM_TABLES);
    for table in &tables {
        taken.take(&table.table, "_");
    }
    for index in tables.iter_mut().flat_map(|table| &mut table.indexes) {
        index.name = taken.take(&index.name, "_");
    }
    Schema {
        format: FORMAT,
        tables,
    }
}

fn rows(ir: &Ir, names: &NameTable, id: EntityId, entity: &Entity, wanted: &Wanted) -> Table {
    let table = names.table(id);
    let mut columns = Vec::new();
    let mut indexes = vec![
        index(&table, &["created"], false),
        index(&table, &["updated"], false),
    ];
    for (position, field) in (0_u32..).zip(&entity.fields) {
        let field_id = FieldId(position);
        if field.computed.is_some() {
            continue;
        }
        let Some(holds) = holds(ir, names, &field.ty) else {
            continue;
        };
        let column = names.column(id, field_id);
        match wanted.get(&(id, field_id)) {
            Some(Reason::Unique) => indexes.push(Index {
                columns: vec![column.clone(), UNSETTLED.to_owned()],
                ..index(&table, &[&column], true)
            }),
            // Rows of one value come in the order of their ids, which is the order of lists.
            Some(Reason::Policy | Reason::Compared) => {
                indexes.push(index(&table, &[&column], false));
            }
            None => {}
        }
        columns.push(Column {
            name: field.name.text.clone(),
            required: field.required,
            default: default(ir, names, field.default.as_ref(), &field.ty),
            was: field
                .was
                .as_ref()
                .map(|was| crate::names::sent(&was.text, "field")),
            column,
            holds,
            retired: false,
        });
    }
    for rule in &entity.rules {
        let RuleCheck::Unique { fields, ranges, .. } = &rule.check else {
            continue;
        };
        let start = ranges.first().map(|(start, _)| start);
        let columns: Vec<String> = fields
            .iter()
            .chain(start)
            .filter(|field| {
                let field = entity.fields.get(field.0 as usize);
                field.is_some_and(|field| field.computed.is_none())
            })
            .map(|field| names.column(id, *field))
            .collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let index = index(&table, &columns, false);
        if columns.len() > 1 && !indexes.contains(&index) {
            indexes.push(index);
        }
    }
    if indexes.iter().any(|index| index.unique) {
        columns.push(Column {
            name: UNSETTLED.to_owned(),
            column: UNSETTLED.to_owned(),
            holds: Holds::Unsettled,
            required: false,
            default: None,
            was: None,
            retired: false,
        });
    }
    Table {
        name: entity.name.text.clone(),
        table,
        shape: Shape::Rows,
        columns,
        indexes,
        retired: false,
    }
}

fn pairs(names: &NameTable, id: EntityId, field: FieldId, item: EntityId, name: &str) -> Table {
    let table = names.join_table(id, field);
    let indexes = vec![index(&table, &["item"], false)];
    let shape = Shape::Pairs {
        owner: names.table(id),
        item: names.table(item),
    };
    Table {
        name: name.to_owned(),
        table,
        shape,
        columns: Vec::new(),
        indexes,
        retired: false,
    }
}

fn index(table: &str, columns: &[&str], unique: bool) -> Index {
    let kind = if unique { "unique" } else { "by" };
    Index {
        name: format!("{table}_{kind}_{}", columns.join("_")),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        unique,
    }
}

fn holds(ir: &Ir, names: &NameTable, ty: &Type) -> Option<Holds> {
    Some(match ty {
        Type::Text | Type::LongText | Type::Markdown | Type::Slug(_) => Holds::Text,
        Type::Email => Holds::Email,
        Type::Url => Holds::Url,
        Type::Integer => Holds::Integer,
        Type::Decimal(_) | Type::Money | Type::Percent => Holds::Decimal(scale_or_zero(ir, ty)),
        Type::Bool => Holds::Bool,
        Type::Date => Holds::Date,
        Type::Time => Holds::Time,
        Type::Timestamp => Holds::Timestamp,
        Type::Duration => Holds::Duration,
        Type::Choice(choice) => {
            let count = ir
                .choices
                .get(choice.0 as usize)
                .map_or(0, |choice| choice.values.len());
            let count = u32::try_from(count).unwrap_or(0);
            Holds::Choice(
                (0..count)
                    .map(|value| names.choice_value(*choice, value))
                    .collect(),
            )
        }
        Type::Ref(entity) => Holds::Reference(names.table(*entity)),
        Type::List(_) => Holds::TextList,
        Type::Json => Holds::Json,
        Type::Password => Holds::Password,
        Type::Secret => Holds::Secret,
        Type::Many(_) | Type::Empty => return None,
    })
}

/// What rows that exist already get: only what does not depend on who asks or when.
fn default(
    ir: &Ir,
    names: &NameTable,
    default: Option<&FieldDefault>,
    ty: &Type,
) -> Option<String> {
    match default? {
        FieldDefault::Value(expr) => {
            let ExprKind::Literal(literal) = &expr.kind else {
                return None;
            };
            if *literal == Literal::Empty {
                return None;
            }
            Some(Sql::over_row(ir, names).at_type(expr, ty))
        }
        FieldDefault::Random(_) | FieldDefault::Next(_) => None,
    }
}

/// Every column that a reference, policy, rule, filter, sort or `unique` compares.
fn wanted(ir: &Ir) -> Wanted {
    let mut wanted = Wanted::new();
    for (position, entity) in (0_u32..).zip(&ir.entities) {
        let id = EntityId(position);
        for (position, field) in (0_u32..).zip(&entity.fields) {
            let key = (id, FieldId(position));
            if field.indexed || matches!(field.ty, Type::Ref(_)) {
                want(&mut wanted, key, Reason::Compared);
            }
            if field.unique {
                want(&mut wanted, key, Reason::Unique);
            }
            if let Some(computed) = &field.computed {
                compared(computed, Reason::Compared, &mut wanted);
            }
        }
        for grant in &entity.access {
            for who in &grant.who {
                if let Who::Relation(expr) = who
                    && let ExprKind::Field(_, owner, FieldRef::Field(field)) = &expr.kind
                {
                    want(&mut wanted, (*owner, *field), Reason::Policy);
                }
            }
            if let Some(when) = &grant.when {
                compared(when, Reason::Policy, &mut wanted);
            }
        }
        for step in entity
            .lifecycles
            .iter()
            .flat_map(|lifecycle| &lifecycle.steps)
        {
            step.when
                .iter()
                .for_each(|when| searched(when, &mut wanted));
        }
        for rule in &entity.rules {
            if let RuleCheck::Holds(expr) = &rule.check {
                searched(expr, &mut wanted);
            }
        }
        for hook in &entity.hooks {
            hook.body
                .requires
                .iter()
                .for_each(|requirement| searched(&requirement.condition, &mut wanted));
            effects(&hook.body.does, &mut wanted);
        }
    }
    for action in &ir.actions {
        action
            .body
            .requires
            .iter()
            .for_each(|requirement| searched(&requirement.condition, &mut wanted));
        effects(&action.body.does, &mut wanted);
    }
    for function in &ir.functions {
        searched(&function.is, &mut wanted);
    }
    wanted.retain(|(entity, field), _| {
        let declared = ir
            .entities
            .get(entity.0 as usize)
            .and_then(|entity| entity.fields.get(field.0 as usize));
        declared.is_some_and(|field| {
            field.computed.is_none()
                && !matches!(
                    field.ty,
                    Type::LongText
                        | Type::Markdown
                        | Type::Json
                        | Type::Many(_)
                        | Type::List(_)
                        | Type::Password
                        | Type::Secret
                )
        })
    });
    wanted
}

fn want(wanted: &mut Wanted, key: (EntityId, FieldId), reason: Reason) {
    let entry = wanted.entry(key).or_insert(reason);
    *entry = (*entry).max(reason);
}

/// Columns that the expression compares, of whatever row.
fn compared(expr: &Expr, reason: Reason, wanted: &mut Wanted) {
    walk(expr, &mut |inner| match &inner.kind {
        ExprKind::Binary(op, left, right) if is_comparison(*op) => {
            column(left, reason, wanted);
            column(right, reason, wanted);
        }
        ExprKind::OneOf(value, _) => column(value, reason, wanted),
        ExprKind::Aggregate(aggregate) => sorted(aggregate, wanted),
        _ => {}
    });
}

/// Columns that the aggregates inside an expression compare.
fn searched(expr: &Expr, wanted: &mut Wanted) {
    walk(expr, &mut |inner| {
        if let ExprKind::Aggregate(aggregate) = &inner.kind {
            aggregate
                .filter
                .iter()
                .for_each(|filter| compared(filter, Reason::Compared, wanted));
            sorted(aggregate, wanted);
        }
    });
}

fn sorted(aggregate: &Aggregate, wanted: &mut Wanted) {
    aggregate
        .sort
        .iter()
        .for_each(|sort| column(&sort.by, Reason::Compared, wanted));
}

fn column(expr: &Expr, reason: Reason, wanted: &mut Wanted) {
    if let ExprKind::Field(base, entity, FieldRef::Field(field)) = &expr.kind
        && matches!(base.kind, ExprKind::Var(_))
    {
        want(wanted, (*entity, *field), reason);
    }
}

fn effects(items: &[EffectItem], wanted: &mut Wanted) {
    for item in items {
        match &item.effect {
            Effect::Set { row, value, .. } => {
                searched(row, wanted);
                searched(value, wanted);
            }
            Effect::Create { values, .. } => {
                values.iter().for_each(|(_, value)| searched(value, wanted))
            }
            Effect::Delete { row, .. } => searched(row, wanted),
            Effect::Do { row, inputs, .. } => {
                row.iter().for_each(|row| searched(row, wanted));
                inputs.iter().for_each(|(_, value)| searched(value, wanted));
            }
            Effect::SignUp {
                values, password, ..
            } => {
                values.iter().for_each(|(_, value)| searched(value, wanted));
                searched(password, wanted);
            }
            Effect::SignIn { email, password } => {
                searched(email, wanted);
                searched(password, wanted);
            }
            Effect::Email { to, text } => {
                searched(to, wanted);
                searched(text, wanted);
            }
            Effect::ForEach {
                filter, sort, body, ..
            } => {
                filter
                    .iter()
                    .for_each(|filter| compared(filter, Reason::Compared, wanted));
                sort.iter()
                    .for_each(|sort| column(&sort.by, Reason::Compared, wanted));
                effects(body, wanted);
            }
            Effect::When {
                condition,
                then,
                otherwise,
            } => {
                searched(condition, wanted);
                effects(then, wanted);
                effects(otherwise, wanted);
            }
            Effect::Refuse { .. } => {}
        }
        if let Some(otherwise) = &item.otherwise {
            effects(otherwise, wanted);
        }
    }
}
