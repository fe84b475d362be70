//! Aggregates as SQL: statements over the rows of an entity.

use super::{Reach, Sql, ident, is_text, operand, scale_or_zero};
use specc_ir::expr::{Aggregate, AggregateOp, BinaryOp, Sort};
use specc_ir::ir::Type;

impl Sql<'_> {
    /// FROM and WHERE of an aggregate's rows.
    pub(super) fn rows(&mut self, aggregate: &Aggregate) -> (String, String) {
        let alias = self.alias();
        let through = aggregate.through.as_ref().map(|(owner, field)| {
            let entity = match owner.ty {
                Type::Ref(entity) => entity,
                _ => aggregate.entity,
            };
            (
                self.value(owner),
                ident(&self.names.join_table(entity, *field)),
            )
        });
        self.variables
            .insert(aggregate.var, Reach::Alias(alias.clone()));
        let mut parts = Vec::new();
        if let Some((owner, join)) = through {
            parts.push(format!(
                "{alias}.id IN (SELECT item FROM {join} WHERE owner = {owner})"
            ));
        }
        if let Some(filter) = &aggregate.filter {
            parts.push(self.condition(filter));
        }
        let filter = if parts.is_empty() {
            String::new()
        } else {
            let parts: Vec<&str> = parts
                .iter()
                .map(|part| operand(BinaryOp::And, part))
                .collect();
            format!(" WHERE {}", parts.join(" AND "))
        };
        (
            format!("{} {alias}", ident(&self.names.table(aggregate.entity))),
            filter,
        )
    }

    pub(super) fn every(&mut self, aggregate: &Aggregate) -> String {
        let (from, filter) = self.rows(aggregate);
        let broken = aggregate
            .value
            .as_ref()
            .map_or_else(|| "0".to_owned(), |value| self.negated(value));
        let glue = if filter.is_empty() { " WHERE" } else { " AND" };
        format!("(NOT EXISTS (SELECT 1 FROM {from}{filter}{glue} {broken}))")
    }

    pub(super) fn aggregate(&mut self, aggregate: &Aggregate, ty: &Type) -> String {
        let (from, filter) = self.rows(aggregate);
        let alias = match self.variables.get(&aggregate.var) {
            Some(Reach::Alias(alias)) => alias.clone(),
            _ => String::new(),
        };
        let id = format!("{alias}.id");
        let value = aggregate
            .value
            .as_ref()
            .map_or_else(|| id.clone(), |value| self.value(value));
        let distinct = if aggregate.distinct { "DISTINCT " } else { "" };
        match aggregate.op {
            AggregateOp::Count => match aggregate.value {
                Some(_) => format!("(SELECT count({distinct}{value}) FROM {from}{filter})"),
                None => format!("(SELECT count(*) FROM {from}{filter})"),
            },
            AggregateOp::Sum => {
                format!("(SELECT sum_checked({distinct}{value}) FROM {from}{filter})")
            }
            AggregateOp::Avg => {
                let own = aggregate
                    .value
                    .as_ref()
                    .map_or(0, |value| scale_or_zero(self.ir, &value.ty));
                let up = scale_or_zero(self.ir, ty).saturating_sub(own);
                if aggregate.distinct {
                    format!(
                        "(SELECT avg_scaled(v, {up}) FROM (SELECT DISTINCT {value} AS v FROM {from}{filter}))"
                    )
                } else {
                    format!("(SELECT avg_scaled({value}, {up}) FROM {from}{filter})")
                }
            }
            AggregateOp::Min | AggregateOp::Max => {
                match aggregate.value.as_ref().map(|value| &value.ty) {
                    Some(Type::Choice(choice)) => {
                        let rank = self.rank(*choice, &value);
                        let direction = if aggregate.op == AggregateOp::Min {
                            "ASC"
                        } else {
                            "DESC"
                        };
                        let glue = if filter.is_empty() { " WHERE" } else { " AND" };
                        format!(
                            "(SELECT {value} FROM {from}{filter}{glue} {value} IS NOT NULL ORDER BY {rank} {direction} LIMIT 1)"
                        )
                    }
                    _ => {
                        let name = if aggregate.op == AggregateOp::Min {
                            "min"
                        } else {
                            "max"
                        };
                        format!("(SELECT {name}({value}) FROM {from}{filter})")
                    }
                }
            }
            AggregateOp::First => {
                let order = self.order(&aggregate.sort, &id);
                format!("(SELECT {value} FROM {from}{filter} ORDER BY {order} LIMIT 1)")
            }
            AggregateOp::List => {
                let order = self.order(&aggregate.sort, &id);
                let glue = if filter.is_empty() { " WHERE" } else { " AND" };
                if aggregate.distinct {
                    format!(
                        "(SELECT json_group_array(v) FROM (SELECT v FROM (SELECT {value} AS v, row_number() OVER (ORDER BY {order}) AS n FROM {from}{filter}{glue} {value} IS NOT NULL) GROUP BY v ORDER BY min(n)))"
                    )
                } else {
                    format!(
                        "(SELECT json_group_array(v) FROM (SELECT {value} AS v FROM {from}{filter}{glue} {value} IS NOT NULL ORDER BY {order}))"
                    )
                }
            }
            AggregateOp::Exists | AggregateOp::Every => "NULL".to_owned(),
        }
    }

    /// ORDER BY of sort keys, ties by id.
    pub fn order(&mut self, sort: &[Sort], id: &str) -> String {
        let mut parts = Vec::new();
        for key in sort {
            let value = self.value(&key.by);
            let direction = if key.descending { " DESC" } else { "" };
            match &key.by.ty {
                Type::Choice(choice) => {
                    parts.push(format!("{}{direction}", self.rank(*choice, &value)))
                }
                ty if is_text(ty) => {
                    parts.push(format!("{value} COLLATE NOCASE{direction}"));
                    parts.push(format!("{value}{direction}"));
                }
                _ => parts.push(format!("{value}{direction}")),
            }
        }
        parts.push(id.to_owned());
        parts.join(", ")
    }
}
