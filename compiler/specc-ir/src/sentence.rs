//! Expressions as plain English, for people who do not read code. One of the four translations; knows no target.

#[cfg(test)]
mod tests;

use crate::eval::show;
use crate::expr::{
    Aggregate, AggregateOp, BinaryOp, Builtin, Expr, ExprKind, FieldRef, Literal, OLD, THIS,
    UnaryOp,
};
use crate::ir::{EntityId, Ir, Type};

/// What the expression says: `the priority is high, and the due date is set`. Small first letter, no full stop.
#[must_use]
pub fn sentence(expr: &Expr, ir: &Ir) -> String {
    Speaker { ir }.say(expr)
}

struct Speaker<'a> {
    ir: &'a Ir,
}

impl Speaker<'_> {
    fn say(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Literal(Literal::Text(text)) => format!("“{text}”"),
            ExprKind::Literal(Literal::Empty) => "nothing".to_owned(),
            ExprKind::Literal(Literal::Choice(id, value)) => self
                .ir
                .choices
                .get(id.0 as usize)
                .and_then(|choice| choice.values.get(*value as usize))
                .map_or_else(String::new, |value| value.name.text.clone()),
            ExprKind::Literal(literal) => show(
                &crate::eval::from_literal(literal),
                &expr.ty,
                self.ir,
                |_| 0,
            ),
            ExprKind::Var(THIS) => format!("this {}", self.type_word(&expr.ty)),
            ExprKind::Var(OLD) => format!("the {} as it was", self.type_word(&expr.ty)),
            ExprKind::Var(_) => format!("the {}", self.type_word(&expr.ty)),
            ExprKind::Me => "the person asking".to_owned(),
            ExprKind::Now => "now".to_owned(),
            ExprKind::Today => "today".to_owned(),
            ExprKind::Input(name) => format!("the given {}", words(name)),
            ExprKind::Output => "the result".to_owned(),
            ExprKind::Field(base, entity, field) => self.field(base, *entity, *field),
            ExprKind::Unary(UnaryOp::Not, inner) => self.opposite(inner),
            ExprKind::Unary(UnaryOp::Negate, inner) => format!("minus {}", self.grouped(inner)),
            ExprKind::Binary(op, left, right) => self.binary(*op, left, right),
            ExprKind::OneOf(value, options) => {
                format!("{} is {}", self.say(value), self.any(options))
            }
            ExprKind::IsSet(inner) => format!("{} is set", self.say(inner)),
            ExprKind::IsEmpty(inner) => format!("{} is empty", self.say(inner)),
            ExprKind::HasRole(user, role) => format!("{} is {}", self.say(user), self.role(*role)),
            ExprKind::If(condition, then, otherwise) => {
                format!(
                    "{} if {}, otherwise {}",
                    self.say(then),
                    self.say(condition),
                    self.say(otherwise)
                )
            }
            ExprKind::Join(parts) => {
                let parts: Vec<String> = parts
                    .iter()
                    .map(|part| match &part.kind {
                        ExprKind::Literal(Literal::Text(text)) => text.clone(),
                        _ => format!("[{}]", self.say(part)),
                    })
                    .collect();
                format!("“{}”", parts.concat())
            }
            ExprKind::Call(builtin, arguments) => self.call(*builtin, arguments),
            ExprKind::Function(id, arguments) => {
                let name = self
                    .ir
                    .functions
                    .get(id.0 as usize)
                    .map_or("", |function| function.name.text.as_str());
                let name = format!("the {}", words(name));
                match arguments.split_first() {
                    None => name,
                    Some(_) => format!(
                        "{name} of {}",
                        list(
                            arguments
                                .iter()
                                .map(|argument| self.say(argument))
                                .collect(),
                            "and"
                        )
                    ),
                }
            }
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate),
            ExprKind::CanRead(row, _) => format!("the person asking can read {}", self.say(row)),
        }
    }

    fn field(&self, base: &Expr, entity: EntityId, field: FieldRef) -> String {
        let name = match field {
            FieldRef::Id => return self.say(base),
            FieldRef::Created => "time of creation".to_owned(),
            FieldRef::Updated => "time of the last change".to_owned(),
            FieldRef::Version => "version".to_owned(),
            FieldRef::Field(id) => {
                let field = self
                    .ir
                    .entities
                    .get(entity.0 as usize)
                    .and_then(|entity| entity.fields.get(id.0 as usize));
                field.map_or_else(String::new, |field| words(&field.name.text))
            }
        };
        match &base.kind {
            ExprKind::Var(THIS) => format!("the {name}"),
            ExprKind::Var(OLD) => format!("the earlier {name}"),
            ExprKind::Me => format!("the {name} of the person asking"),
            ExprKind::Var(_) => format!("its {name}"),
            _ => format!("the {name} of {}", self.say(base)),
        }
    }

    /// A condition's opposite, without `not` where English has a word.
    fn opposite(&self, inner: &Expr) -> String {
        match &inner.kind {
            ExprKind::IsSet(value) => format!("{} is empty", self.say(value)),
            ExprKind::IsEmpty(value) => format!("{} is set", self.say(value)),
            ExprKind::OneOf(value, options) => format!(
                "{} is neither {}",
                self.say(value),
                self.any(options).replace(" or ", " nor ")
            ),
            ExprKind::HasRole(user, role) => {
                format!("{} is not {}", self.say(user), self.role(*role))
            }
            ExprKind::Aggregate(aggregate) if aggregate.op == AggregateOp::Exists => {
                format!("there is no {}", self.rows_of(aggregate, false))
            }
            ExprKind::CanRead(row, _) => format!("the person asking cannot read {}", self.say(row)),
            ExprKind::Field(..) | ExprKind::Input(_) if inner.ty == Type::Bool => {
                format!("{} is not yes", self.say(inner))
            }
            _ => format!("it is not so that {}", self.say(inner)),
        }
    }

    fn any(&self, options: &[Expr]) -> String {
        list(
            options.iter().map(|option| self.say(option)).collect(),
            "or",
        )
    }

    /// A condition as part of a longer sentence: a bare yes/no value gets its verb.
    fn clause(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Field(..)
            | ExprKind::Input(_)
            | ExprKind::Var(_)
            | ExprKind::Function(..)
                if expr.ty == Type::Bool =>
            {
                format!("{} is yes", self.say(expr))
            }
            _ => self.say(expr),
        }
    }

    fn binary(&self, op: BinaryOp, left: &Expr, right: &Expr) -> String {
        let verb = match op {
            BinaryOp::And => return self.joined(BinaryOp::And, ", and ", left, right),
            BinaryOp::Or => return self.joined(BinaryOp::Or, ", or ", left, right),
            BinaryOp::Implies => {
                return format!("if {}, then {}", self.clause(left), self.clause(right));
            }
            BinaryOp::Is => "is",
            BinaryOp::IsNot => "is not",
            BinaryOp::Less => return self.compared(left, right, "is less than", "is before"),
            BinaryOp::LessOrEqual => {
                return self.compared(left, right, "is at most", "is not after");
            }
            BinaryOp::Greater => return self.compared(left, right, "is more than", "is after"),
            BinaryOp::GreaterOrEqual => {
                return self.compared(left, right, "is at least", "is not before");
            }
            BinaryOp::Contains => "contains",
            BinaryOp::StartsWith => "starts with",
            BinaryOp::Matches => "has the form",
            BinaryOp::Add => return format!("{} plus {}", self.grouped(left), self.grouped(right)),
            BinaryOp::Subtract => {
                return format!("{} minus {}", self.grouped(left), self.grouped(right));
            }
            BinaryOp::Multiply => {
                return format!("{} times {}", self.grouped(left), self.grouped(right));
            }
            BinaryOp::Divide => {
                return format!("{} divided by {}", self.grouped(left), self.grouped(right));
            }
        };
        format!("{} {verb} {}", self.say(left), self.say(right))
    }

    fn compared(&self, left: &Expr, right: &Expr, amount: &str, time: &str) -> String {
        let verb = if matches!(left.ty, Type::Date | Type::Time | Type::Timestamp) {
            time
        } else {
            amount
        };
        format!("{} {verb} {}", self.say(left), self.say(right))
    }

    fn joined(&self, op: BinaryOp, word: &str, left: &Expr, right: &Expr) -> String {
        let part = |expr: &Expr| match &expr.kind {
            ExprKind::Binary(inner @ (BinaryOp::And | BinaryOp::Or | BinaryOp::Implies), ..)
                if *inner != op =>
            {
                format!("({})", self.say(expr))
            }
            _ => self.clause(expr),
        };
        format!("{}{word}{}", part(left), part(right))
    }

    fn grouped(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Binary(..) | ExprKind::If(..) => format!("({})", self.say(expr)),
            _ => self.say(expr),
        }
    }

    fn call(&self, builtin: Builtin, arguments: &[Expr]) -> String {
        let first = arguments
            .first()
            .map_or_else(String::new, |argument| self.say(argument));
        let second = arguments
            .get(1)
            .map_or_else(String::new, |argument| self.say(argument));
        match builtin {
            Builtin::Lower => format!("{first} in lower case"),
            Builtin::Length => format!("the length of {first}"),
            Builtin::Round => format!("{first}, rounded"),
            Builtin::Date => format!("the date of {first}"),
            Builtin::Time => format!("the time of day of {first}"),
            Builtin::Weekday => format!("the day of the week of {first}, counted from Monday,"),
            Builtin::Year => format!("the year of {first}"),
            Builtin::Month => format!("the month of {first}"),
            Builtin::Day => format!("the day of the month of {first}"),
            Builtin::Hour => format!("the hour of {first}"),
            Builtin::Min => format!("the smaller of {first} and {second}"),
            Builtin::Max => format!("the larger of {first} and {second}"),
            Builtin::Abs => format!("{first} without its sign"),
        }
    }

    fn rows_of(&self, aggregate: &Aggregate, many: bool) -> String {
        let entity = self.ir.entities.get(aggregate.entity.0 as usize);
        let name = entity.map_or_else(String::new, |entity| {
            if many {
                words(&entity.plural)
            } else {
                words(&entity.name.text)
            }
        });
        let through = match &aggregate.through {
            Some((owner, field)) => {
                let Type::Ref(entity) = owner.ty else {
                    return name;
                };
                format!(
                    " among {}",
                    self.field(owner, entity, FieldRef::Field(*field))
                )
            }
            None => String::new(),
        };
        match &aggregate.filter {
            Some(filter) => format!("{name}{through} for which {}", self.clause(filter)),
            None => format!("{name}{through}"),
        }
    }

    fn aggregate(&self, aggregate: &Aggregate) -> String {
        let value = aggregate
            .value
            .as_ref()
            .map_or_else(String::new, |value| self.say(value));
        let value = value
            .strip_prefix("its ")
            .map_or(value.clone(), |value| format!("the {value}"));
        let over = |what: &str| {
            format!(
                "{what} of {value} over all {}",
                self.rows_of(aggregate, true)
            )
        };
        match aggregate.op {
            AggregateOp::Count if aggregate.value.is_some() => over("the number of values"),
            AggregateOp::Count => format!("the number of {}", self.rows_of(aggregate, true)),
            AggregateOp::Sum => over("the sum"),
            AggregateOp::Min => over("the smallest"),
            AggregateOp::Max => over("the largest"),
            AggregateOp::Avg => over("the average"),
            AggregateOp::Exists => format!("there is a {}", self.rows_of(aggregate, false)),
            AggregateOp::Every => {
                let holds = aggregate
                    .value
                    .as_ref()
                    .map_or_else(String::new, |value| self.clause(value));
                format!("for every {}: {holds}", self.rows_of(aggregate, false))
            }
            AggregateOp::List if aggregate.value.is_some() => {
                format!(
                    "the list of {value} of all {}",
                    self.rows_of(aggregate, true)
                )
            }
            AggregateOp::List => format!("the list of all {}", self.rows_of(aggregate, true)),
            AggregateOp::First if aggregate.value.is_some() => {
                format!("{value} of the first {}", self.rows_of(aggregate, false))
            }
            AggregateOp::First => format!("the first {}", self.rows_of(aggregate, false)),
        }
    }

    fn role(&self, role: crate::ir::RoleId) -> String {
        let name = self
            .ir
            .roles
            .get(role.0 as usize)
            .map_or_else(String::new, |role| words(&role.name.text));
        let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        };
        format!("{article} {name}")
    }

    fn type_word(&self, ty: &Type) -> String {
        match ty {
            Type::Ref(entity) => self
                .ir
                .entities
                .get(entity.0 as usize)
                .map_or_else(String::new, |entity| words(&entity.name.text)),
            _ => "value".to_owned(),
        }
    }
}

/// A name as words: small letters, blanks.
fn words(name: &str) -> String {
    name.replace(['_', '-'], " ").to_lowercase()
}

fn list(mut parts: Vec<String>, word: &str) -> String {
    match parts.pop() {
        None => "nothing".to_owned(),
        Some(last) if parts.is_empty() => last,
        Some(last) => format!("{} {word} {last}", parts.join(", ")),
    }
}
