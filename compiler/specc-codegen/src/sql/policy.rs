//! Who may: read policies and roles as SQL.

use super::shape::{entity_of, joined, role_test};
use super::{Sql, holders_of, ident, operand, text_literal};
use specc_ir::expr::{BinaryOp, Expr, ExprKind};
use specc_ir::ir::{EntityId, Grant, RoleId, Verb, Who};

impl<'a> Sql<'a> {
    /// The read policy of an entity over an alias, for a caller whose roles are `:roles`.
    pub fn read_policy(&mut self, entity: EntityId, alias: &str) -> String {
        // A policy that asks itself is an error of the spec; here it only must end.
        if self.depth >= 8 {
            return "0".to_owned();
        }
        let mut parts = vec![":roles = -1".to_owned()];
        if let Some(entity) = entity_of(self.ir, entity) {
            for grant in entity
                .access
                .iter()
                .filter(|grant| grant.verb == Verb::Read)
            {
                parts.push(self.grant(grant, alias));
            }
        }
        joined(BinaryOp::Or, &parts)
    }

    fn grant(&mut self, grant: &Grant, alias: &str) -> String {
        let mut inner = self.nested(alias);
        let who: Vec<String> = grant
            .who
            .iter()
            .map(|who| match who {
                Who::Anyone => "1".to_owned(),
                Who::SignedIn => ":me IS NOT NULL".to_owned(),
                Who::Role(role) => role_test(*role),
                Who::Relation(expr) => format!("{} = :me", inner.value(expr)),
            })
            .collect();
        let who = joined(BinaryOp::Or, &who);
        let out = match &grant.when {
            Some(when) if grant.who.contains(&Who::Anyone) => inner.condition(when),
            Some(when) => joined(BinaryOp::And, &[who, inner.condition(when)]),
            None => who,
        };
        self.next_alias = inner.next_alias;
        out
    }

    pub(super) fn nested(&self, alias: &str) -> Sql<'a> {
        let mut inner = Sql::over_alias(self.ir, self.names, alias);
        inner.next_alias = self.next_alias;
        inner.depth = self.depth + 1;
        inner
    }

    pub(super) fn can_read(&mut self, row: &Expr, entity: EntityId) -> String {
        let row = self.value(row);
        let alias = self.alias();
        let policy = self.read_policy(entity, &alias);
        let table = self.names.table(entity);
        format!(
            "EXISTS (SELECT 1 FROM {} {alias} WHERE {alias}.id = {row} AND {})",
            ident(&table),
            operand(BinaryOp::And, &policy)
        )
    }

    pub(super) fn has_role(&mut self, user: &Expr, role: RoleId) -> String {
        if user.kind == ExprKind::Me {
            return format!("({})", role_test(role));
        }
        let user = self.value(user);
        let holders: Vec<String> = holders_of(self.ir, role)
            .into_iter()
            .map(|holder| text_literal(&self.names.role(holder)))
            .collect();
        let mut parts = vec![format!(
            "EXISTS (SELECT 1 FROM user_role WHERE user_id = {user} AND role IN ({}))",
            holders.join(", ")
        )];
        for holder in holders_of(self.ir, role) {
            let when = self
                .ir
                .roles
                .get(holder.0 as usize)
                .and_then(|role| role.when.as_ref());
            if let Some(when) = when
                && self.depth < 8
            {
                let alias = self.alias();
                let mut inner = self.nested(&alias);
                let condition = inner.condition(when);
                let condition = operand(BinaryOp::And, &condition);
                self.next_alias = inner.next_alias;
                let table = ident(&self.names.table(specc_ir::ir::USER));
                parts.push(format!(
                    "EXISTS (SELECT 1 FROM {table} {alias} WHERE {alias}.id = {user} AND {condition})"
                ));
            }
        }
        joined(BinaryOp::Or, &parts)
    }
}
