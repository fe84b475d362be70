//! Expressions as SQL for SQLite: the meaning used in policies, filters and checks over other rows.
//! Owns the translation and nothing else; what tables and columns are called comes from [`Names`].
//!
//! A condition in positive position may give NULL, which counts as false; where it is negated
//! it is made two-valued first (`IS TRUE`), so that SQL's third value never shows.

mod calls;
mod policy;
mod rows;
mod shape;

pub use shape::{
    bare, common_scale, holders_of, ident, is_comparison, is_condition, is_list_of_numbers,
    is_text, needs_statement, operand, quoted, scale_of, scale_or_zero, show_kind, shows_rows,
    text_literal, variables_of, walk,
};

use shape::{
    closes_at_end, each_operand, field_of, integer_literal, is_arithmetic, joined, same_expression,
};
use specc_ir::expr::{
    AggregateOp, BinaryOp, Expr, ExprKind, FieldRef, Literal, THIS, UnaryOp, VarId,
};
use specc_ir::ir::{ChoiceId, EntityId, FieldId, FunctionId, Ir, RoleId, Type};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What things are called in the target.
pub trait Names {
    /// The table of an entity, unquoted.
    fn table(&self, entity: EntityId) -> String;
    /// The column of a field, unquoted.
    fn column(&self, entity: EntityId, field: FieldId) -> String;
    /// The join table of a `many` field, unquoted.
    fn join_table(&self, entity: EntityId, field: FieldId) -> String;
    /// A choice's value as stored.
    fn choice_value(&self, choice: ChoiceId, value: u32) -> String;
    /// A role as stored.
    fn role(&self, role: RoleId) -> String;
    /// The typed view of an entity's rows: `crate::ticket::Ticket`.
    fn view(&self, entity: EntityId) -> String;
    /// The view's method for a field: `due_date`.
    fn accessor(&self, entity: EntityId, field: FieldId) -> String;
    /// A choice's enum: `crate::choices::Priority`.
    fn choice(&self, choice: ChoiceId) -> String;
    /// A value of it, without the enum: `High`.
    fn variant(&self, choice: ChoiceId, value: u32) -> String;
    /// An input of an operation as it is sent, by the name it is declared with.
    fn input(&self, name: &str) -> String;
    /// A declared function: `crate::functions::urgency`.
    fn function(&self, function: FunctionId) -> String;
    /// The entity's position in the app, as Rust: `crate::app::TICKET`.
    fn entity_index(&self, entity: EntityId) -> String;
    /// The role's position in the app, as Rust: `crate::roles::AGENT`.
    fn role_index(&self, role: RoleId) -> String;
}

/// How a variable is reached in SQL.
#[derive(Debug, Clone)]
pub enum Reach {
    /// A row in the FROM clause, by its alias.
    Alias(String),
    /// A value (a function's argument), as SQL.
    Value(String),
}

/// A translator for one place.
pub struct Sql<'a> {
    ir: &'a Ir,
    names: &'a dyn Names,
    variables: BTreeMap<VarId, Reach>,
    next_alias: u32,
    depth: u32,
    binds: Option<Vec<(String, Expr)>>,
}

impl<'a> Sql<'a> {
    /// For fragments over the row `t`: policies, filters, rules.
    #[must_use]
    pub fn over_row(ir: &'a Ir, names: &'a dyn Names) -> Sql<'a> {
        Sql::over_alias(ir, names, "t")
    }

    /// For fragments over a row with an alias of the caller's.
    #[must_use]
    pub fn over_alias(ir: &'a Ir, names: &'a dyn Names, alias: &str) -> Sql<'a> {
        let variables = BTreeMap::from([(THIS, Reach::Alias(alias.to_owned()))]);
        Sql {
            ir,
            names,
            variables,
            next_alias: 1,
            depth: 0,
            binds: None,
        }
    }

    /// For statements inside Rust code: whatever speaks of no searched row becomes a parameter
    /// `:p0`, `:p1` …; [`Sql::finish`] gives the expressions to bind.
    #[must_use]
    pub fn with_binds(ir: &'a Ir, names: &'a dyn Names) -> Sql<'a> {
        Sql {
            ir,
            names,
            variables: BTreeMap::new(),
            next_alias: 1,
            depth: 0,
            binds: Some(Vec::new()),
        }
    }

    /// Makes a variable known.
    pub fn reach(&mut self, variable: VarId, reach: Reach) {
        self.variables.insert(variable, reach);
    }

    /// The parameters to bind, with what gives their values.
    #[must_use]
    pub fn finish(self) -> Vec<(String, Expr)> {
        self.binds.unwrap_or_default()
    }

    /// A condition; NULL counts as false.
    pub fn condition(&mut self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or), left, right) => {
                let mut parts = Vec::new();
                for side in [left, right] {
                    each_operand(side, *op, &mut |part| parts.push(self.condition(part)));
                }
                joined(*op, &parts)
            }
            ExprKind::Binary(BinaryOp::Implies, left, right) => {
                joined(BinaryOp::Or, &[self.negated(left), self.condition(right)])
            }
            ExprKind::Binary(BinaryOp::IsNot, left, right)
                if !is_condition(left) || !is_condition(right) =>
            {
                format!(
                    "({}) IS NOT TRUE",
                    self.comparison(BinaryOp::Is, left, right)
                )
            }
            ExprKind::Binary(op, left, right) if is_comparison(*op) => {
                self.comparison(*op, left, right)
            }
            ExprKind::OneOf(value, options) => {
                if options.is_empty() {
                    return "0".to_owned();
                }
                // Other scales and addresses compare by rules of their own.
                let alike = |option: &Expr| {
                    scale_of(self.ir, &option.ty) == scale_of(self.ir, &value.ty)
                        && option.ty != Type::Email
                        && value.ty != Type::Email
                };
                if !options.iter().all(alike) {
                    let options: Vec<String> = options
                        .iter()
                        .map(|option| self.comparison(BinaryOp::Is, value, option))
                        .collect();
                    return format!("({})", options.join(" OR "));
                }
                let options: Vec<String> =
                    options.iter().map(|option| self.value(option)).collect();
                format!("{} IN ({})", self.value(value), options.join(", "))
            }
            _ => self.strict(expr),
        }
    }

    /// A condition that is never NULL.
    pub fn strict(&mut self, expr: &Expr) -> String {
        if let Some(parameter) = self.bind(expr) {
            return format!("({parameter} IS TRUE)");
        }
        match &expr.kind {
            ExprKind::Literal(Literal::Bool(value)) => i32::from(*value).to_string(),
            ExprKind::Unary(UnaryOp::Not, inner) => self.negated(inner),
            ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or), left, right) => {
                let mut parts = Vec::new();
                for side in [left, right] {
                    // What can be bound is bound as a whole.
                    if self.binds.is_some() {
                        parts.push(self.strict(side));
                    } else {
                        each_operand(side, *op, &mut |part| parts.push(self.strict(part)));
                    }
                }
                joined(*op, &parts)
            }
            ExprKind::Binary(BinaryOp::Implies, left, right) => {
                joined(BinaryOp::Or, &[self.negated(left), self.strict(right)])
            }
            ExprKind::Binary(BinaryOp::IsNot, left, right) => {
                format!(
                    "(({}) IS NOT TRUE)",
                    self.comparison(BinaryOp::Is, left, right)
                )
            }
            ExprKind::Binary(op, left, right) if is_comparison(*op) => {
                format!("(({}) IS TRUE)", self.comparison(*op, left, right))
            }
            ExprKind::OneOf(..) => format!("(({}) IS TRUE)", self.condition(expr)),
            ExprKind::IsSet(inner) => self.presence(inner, true),
            ExprKind::IsEmpty(inner) => self.presence(inner, false),
            ExprKind::HasRole(user, role) => self.has_role(user, *role),
            ExprKind::If(condition, then, otherwise) => format!(
                "(CASE WHEN {} THEN {} ELSE {} END)",
                self.condition(condition),
                self.strict(then),
                self.strict(otherwise)
            ),
            ExprKind::CanRead(row, entity) => self.can_read(row, *entity),
            ExprKind::Aggregate(aggregate) if aggregate.op == AggregateOp::Exists => {
                let (from, filter) = self.rows(aggregate);
                format!("EXISTS (SELECT 1 FROM {from}{filter})")
            }
            ExprKind::Aggregate(aggregate) if aggregate.op == AggregateOp::Every => {
                self.every(aggregate)
            }
            _ => format!("({} IS TRUE)", self.value(expr)),
        }
    }

    /// That a condition is not true; never NULL.
    pub fn negated(&mut self, expr: &Expr) -> String {
        let sql = self.strict(expr);
        let is_one = !matches!(
            expr.kind,
            ExprKind::Binary(BinaryOp::And | BinaryOp::Or | BinaryOp::Implies, ..)
        );
        let opposites = [
            (" IS TRUE", " IS NOT TRUE"),
            (" IS NOT TRUE", " IS TRUE"),
            (" IS NULL", " IS NOT NULL"),
            (" IS NOT NULL", " IS NULL"),
        ];
        let opposite = opposites.iter().find_map(|(ending, opposite)| {
            let value = bare(&sql).strip_suffix(ending)?;
            (is_one && closes_at_end(value)).then(|| format!("({value}{opposite})"))
        });
        opposite.unwrap_or_else(|| format!("(NOT {sql})"))
    }

    /// A value in its stored form; NULL is empty.
    pub fn value(&mut self, expr: &Expr) -> String {
        if let Some(parameter) = self.bind(expr) {
            return parameter;
        }
        match &expr.kind {
            ExprKind::Literal(literal) => self.literal(literal),
            ExprKind::Var(variable) => match self.variables.get(variable) {
                Some(Reach::Alias(alias)) => format!("{alias}.id"),
                Some(Reach::Value(value)) => value.clone(),
                None => "NULL".to_owned(),
            },
            ExprKind::Me => ":me".to_owned(),
            ExprKind::Now => ":now".to_owned(),
            ExprKind::Today => ":today".to_owned(),
            // Bound by `bind` wherever they may stand.
            ExprKind::Input(_) | ExprKind::Output => "NULL".to_owned(),
            ExprKind::Field(base, entity, field) => self.field(base, *entity, *field),
            ExprKind::Unary(UnaryOp::Negate, inner) => format!("neg({})", self.value(inner)),
            ExprKind::Binary(op, left, right) if is_arithmetic(*op) => {
                self.arithmetic(*op, left, right, &expr.ty)
            }
            ExprKind::If(condition, then, otherwise) if !is_condition(expr) => format!(
                "(CASE WHEN {} THEN {} ELSE {} END)",
                self.condition(condition),
                self.at_type(then, &expr.ty),
                self.at_type(otherwise, &expr.ty)
            ),
            ExprKind::Join(pieces) => {
                let pieces: Vec<String> = pieces.iter().map(|piece| self.shown(piece)).collect();
                if pieces.is_empty() {
                    "NULL".to_owned()
                } else {
                    format!("filled({})", pieces.join(" || "))
                }
            }
            ExprKind::Call(builtin, arguments) => self.call(*builtin, arguments, &expr.ty),
            ExprKind::Function(function, arguments) => {
                self.function(*function, arguments, &expr.ty)
            }
            ExprKind::Aggregate(aggregate)
                if !matches!(aggregate.op, AggregateOp::Exists | AggregateOp::Every) =>
            {
                self.aggregate(aggregate, &expr.ty)
            }
            _ => self.strict(expr),
        }
    }

    /// In Rust code: an expression that speaks of no searched row becomes a parameter.
    fn bind(&mut self, expr: &Expr) -> Option<String> {
        self.binds.as_ref()?;
        if matches!(
            expr.kind,
            ExprKind::Literal(_) | ExprKind::Me | ExprKind::Now | ExprKind::Today
        ) {
            return None;
        }
        let local = variables_of(expr)
            .iter()
            .all(|variable| !self.variables.contains_key(variable));
        if !local || needs_statement(expr, self.ir) {
            return None;
        }
        let binds = self.binds.as_mut()?;
        if let Some((name, _)) = binds.iter().find(|(_, bound)| same_expression(bound, expr)) {
            return Some(name.clone());
        }
        let name = format!(":p{}", binds.len());
        binds.push((name.clone(), expr.clone()));
        Some(name)
    }

    fn alias(&mut self) -> String {
        let alias = format!("r{}", self.next_alias);
        self.next_alias += 1;
        alias
    }

    fn literal(&self, literal: &Literal) -> String {
        match literal {
            Literal::Empty => "NULL".to_owned(),
            Literal::Bool(value) => i32::from(*value).to_string(),
            Literal::Text(text) if text.trim().is_empty() => "NULL".to_owned(),
            Literal::Text(text) => text_literal(text),
            Literal::Integer(number)
            | Literal::Decimal(number)
            | Literal::Time(number)
            | Literal::Timestamp(number)
            | Literal::Duration(number) => integer_literal(*number),
            Literal::Date(days) => integer_literal(i64::from(*days)),
            Literal::Choice(choice, value) => {
                text_literal(&self.names.choice_value(*choice, *value))
            }
        }
    }

    fn field(&mut self, base: &Expr, entity: EntityId, field: FieldRef) -> String {
        if let ExprKind::Var(variable) = &base.kind
            && let Some(Reach::Alias(alias)) = self.variables.get(variable).cloned()
        {
            return self.column(&alias, entity, field);
        }
        let row = self.value(base);
        if field == FieldRef::Id {
            return row;
        }
        let alias = self.alias();
        let column = self.column(&alias, entity, field);
        let table = ident(&self.names.table(entity));
        format!("(SELECT {column} FROM {table} {alias} WHERE {alias}.id = {row})")
    }

    fn column(&mut self, alias: &str, entity: EntityId, field: FieldRef) -> String {
        let id = match field {
            FieldRef::Field(id) => id,
            FieldRef::Id => return format!("{alias}.id"),
            FieldRef::Created => return format!("{alias}.created"),
            FieldRef::Updated => return format!("{alias}.updated"),
            FieldRef::Version => return format!("{alias}.version"),
        };
        let Some(declared) = field_of(self.ir, entity, id) else {
            return "NULL".to_owned();
        };
        if let Some(computed) = &declared.computed {
            if self.depth >= 8 {
                return "NULL".to_owned();
            }
            let mut inner = self.nested(alias);
            let value = inner.value(computed);
            self.next_alias = inner.next_alias;
            return value;
        }
        if let Type::Many(_) = declared.ty {
            let join = ident(&self.names.join_table(entity, id));
            return format!(
                "(SELECT json_group_array(item) FROM (SELECT item FROM {join} WHERE owner = {alias}.id ORDER BY item))"
            );
        }
        format!("{alias}.{}", ident(&self.names.column(entity, id)))
    }

    fn presence(&mut self, inner: &Expr, set: bool) -> String {
        if let Some((owner, join)) = self.many(inner) {
            let not = if set { "" } else { "NOT " };
            return format!("({not}EXISTS (SELECT 1 FROM {join} WHERE owner = {owner}))");
        }
        let not = if set { " NOT" } else { "" };
        match inner.ty {
            Type::List(_) => format!("(nullif({}, '[]') IS{not} NULL)", self.value(inner)),
            _ => format!("({} IS{not} NULL)", self.value(inner)),
        }
    }

    /// The owner's id and the join table, where the expression is a `many` field.
    fn many(&mut self, expr: &Expr) -> Option<(String, String)> {
        let ExprKind::Field(base, entity, FieldRef::Field(field)) = &expr.kind else {
            return None;
        };
        let declared = field_of(self.ir, *entity, *field)?;
        if !matches!(declared.ty, Type::Many(_)) {
            return None;
        }
        Some((
            self.value(base),
            ident(&self.names.join_table(*entity, *field)),
        ))
    }

    fn comparison(&mut self, op: BinaryOp, left: &Expr, right: &Expr) -> String {
        match op {
            BinaryOp::Contains => {
                if let Some((owner, join)) = self.many(left) {
                    let item = self.value(right);
                    return format!(
                        "EXISTS (SELECT 1 FROM {join} WHERE owner = {owner} AND item = {item})"
                    );
                }
                let function = if matches!(left.ty, Type::List(_) | Type::Many(_)) {
                    "list_contains"
                } else {
                    "contains"
                };
                format!("{function}({}, {})", self.value(left), self.value(right))
            }
            BinaryOp::StartsWith => {
                format!("starts_with({}, {})", self.value(left), self.value(right))
            }
            BinaryOp::Matches => format!("matches({}, {})", self.value(left), self.value(right)),
            _ => {
                let sign = match op {
                    BinaryOp::Less => "<",
                    BinaryOp::LessOrEqual => "<=",
                    BinaryOp::Greater => ">",
                    BinaryOp::GreaterOrEqual => ">=",
                    _ => "=",
                };
                let ordered = !matches!(op, BinaryOp::Is);
                if !ordered && (left.ty == Type::Email || right.ty == Type::Email) {
                    return format!("{} = {}", self.address(left), self.address(right));
                }
                let (left, right) = match (&left.ty, &right.ty) {
                    (Type::Choice(choice), _) | (_, Type::Choice(choice)) if ordered => {
                        let left = self.value(left);
                        let right = self.value(right);
                        (self.rank(*choice, &left), self.rank(*choice, &right))
                    }
                    (a, b) => {
                        let common = common_scale(self.ir, a, b);
                        (self.scaled(left, common), self.scaled(right, common))
                    }
                };
                format!("{left} {sign} {right}")
            }
        }
    }

    /// A text that is compared with an address: addresses are kept in lower case.
    fn address(&mut self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Literal(Literal::Text(text)) => {
                self.literal(&Literal::Text(text.to_lowercase()))
            }
            ExprKind::Literal(_) => self.value(expr),
            ExprKind::Field(..) if expr.ty == Type::Email => self.value(expr),
            _ => format!("lower_u({})", self.value(expr)),
        }
    }

    /// A choice's position, so that it orders as declared.
    fn rank(&self, choice: ChoiceId, value: &str) -> String {
        let mut out = format!("(CASE {value}");
        let count = self
            .ir
            .choices
            .get(choice.0 as usize)
            .map_or(0, |choice| choice.values.len());
        for position in 0..u32::try_from(count).unwrap_or(0) {
            let _ = write!(
                out,
                " WHEN {} THEN {position}",
                text_literal(&self.names.choice_value(choice, position))
            );
        }
        out.push_str(" END)");
        out
    }

    /// A value of a type brought to another of its family (decimals to another scale).
    pub fn at_type(&mut self, expr: &Expr, ty: &Type) -> String {
        self.scaled(expr, scale_of(self.ir, ty))
    }
}
