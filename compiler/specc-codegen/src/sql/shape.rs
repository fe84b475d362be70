//! What expressions and types are like, as far as their translations must know.

use specc_ir::expr::{
    AggregateOp, BinaryOp, Expr, ExprKind, FieldRef, Literal, THIS, UnaryOp, VarId,
};
use specc_ir::ir::{EntityId, FieldId, FunctionId, Ir, RoleId, Type};
use std::fmt::Write as _;

/// A name in double quotes.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name as SQL: in quotes where it is no plain word, or a word of SQL itself.
#[must_use]
pub fn ident(name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && WORDS.binary_search(&name).is_err();
    if plain { name.to_owned() } else { quoted(name) }
}

/// Words that SQLite or PostgreSQL keep for themselves, in order.
const WORDS: &[&str] = &[
    "abort",
    "action",
    "add",
    "after",
    "all",
    "alter",
    "always",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "attach",
    "authorization",
    "autoincrement",
    "before",
    "begin",
    "between",
    "binary",
    "both",
    "by",
    "cascade",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "commit",
    "concurrently",
    "conflict",
    "constraint",
    "create",
    "cross",
    "current",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "database",
    "default",
    "deferrable",
    "deferred",
    "delete",
    "desc",
    "detach",
    "distinct",
    "do",
    "drop",
    "each",
    "else",
    "end",
    "escape",
    "except",
    "exclude",
    "exclusive",
    "exists",
    "explain",
    "fail",
    "false",
    "fetch",
    "filter",
    "first",
    "following",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "generated",
    "glob",
    "grant",
    "group",
    "groups",
    "having",
    "if",
    "ignore",
    "ilike",
    "immediate",
    "in",
    "index",
    "indexed",
    "initially",
    "inner",
    "insert",
    "instead",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "key",
    "last",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "match",
    "materialized",
    "natural",
    "no",
    "not",
    "nothing",
    "notnull",
    "null",
    "nulls",
    "of",
    "offset",
    "oid",
    "on",
    "only",
    "or",
    "order",
    "others",
    "outer",
    "over",
    "overlaps",
    "partition",
    "placing",
    "plan",
    "pragma",
    "preceding",
    "primary",
    "query",
    "raise",
    "range",
    "recursive",
    "references",
    "regexp",
    "reindex",
    "release",
    "rename",
    "replace",
    "restrict",
    "returning",
    "right",
    "rollback",
    "row",
    "rowid",
    "rows",
    "savepoint",
    "select",
    "session_user",
    "set",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "temp",
    "temporary",
    "then",
    "ties",
    "to",
    "trailing",
    "transaction",
    "trigger",
    "true",
    "unbounded",
    "union",
    "unique",
    "update",
    "user",
    "using",
    "vacuum",
    "values",
    "variadic",
    "verbose",
    "view",
    "virtual",
    "when",
    "where",
    "window",
    "with",
    "within",
    "without",
];

/// SQL without brackets around the whole.
#[must_use]
pub fn bare(sql: &str) -> &str {
    let mut sql = sql;
    while let Some(inner) = sql
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
        && closes_at_end(inner)
    {
        sql = inner;
    }
    sql
}

/// Every bracket of it is its own.
pub(super) fn closes_at_end(sql: &str) -> bool {
    let mut depth = 0_u32;
    let mut quote = None;
    for byte in sql.bytes() {
        match (byte, quote) {
            (b'\'' | b'"', None) => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            (_, Some(_)) => {}
            (b'(', None) => depth += 1,
            (b')', None) => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            _ => {}
        }
    }
    depth == 0 && quote.is_none()
}

/// Conditions that must all hold, or of which one must; in brackets.
pub(super) fn joined(op: BinaryOp, parts: &[String]) -> String {
    let word = if op == BinaryOp::And { " AND " } else { " OR " };
    let parts: Vec<&str> = parts.iter().map(|part| operand(op, part)).collect();
    format!("({})", parts.join(word))
}

/// Without the brackets that it does not need beside an `AND` or `OR`.
#[must_use]
pub fn operand(op: BinaryOp, sql: &str) -> &str {
    let inner = bare(sql);
    let plain = !inner.starts_with("SELECT ")
        && !has_word(inner, " OR ")
        && (op == BinaryOp::And || !has_word(inner, " AND "));
    if plain { inner } else { sql }
}

/// The word stands outside of all brackets and quotes.
fn has_word(sql: &str, word: &str) -> bool {
    sql.match_indices(word)
        .any(|(at, _)| sql.get(..at).is_some_and(closes_at_end))
}

/// SQL that stands together: in brackets, unless it is a name, a number, or in brackets already.
pub(super) fn grouped(sql: &str) -> String {
    let plain = sql
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':'));
    if plain || bare(sql).len() < sql.len() {
        sql.to_owned()
    } else {
        format!("({sql})")
    }
}

/// A text literal; NUL, which SQLite would end the statement at, is spelled out.
#[must_use]
pub fn text_literal(text: &str) -> String {
    let parts: Vec<String> = text
        .split('\0')
        .map(|part| format!("'{}'", part.replace('\'', "''")))
        .collect();
    if parts.len() == 1 {
        parts.concat()
    } else {
        format!("({})", parts.join(" || char(0) || "))
    }
}

pub(super) fn integer_literal(number: i64) -> String {
    if number == i64::MIN {
        "(-9223372036854775807 - 1)".to_owned()
    } else {
        number.to_string()
    }
}

pub(super) fn role_test(role: RoleId) -> String {
    format!(
        "(:roles & {}) <> 0",
        integer_literal(1_i64.wrapping_shl(role.0))
    )
}

/// The role itself and every role that includes it, directly or not.
#[must_use]
pub fn holders_of(ir: &Ir, role: RoleId) -> Vec<RoleId> {
    let mut holders = vec![role];
    let mut changed = true;
    while changed {
        changed = false;
        for (position, candidate) in (0u32..).zip(&ir.roles) {
            let id = RoleId(position);
            if !holders.contains(&id)
                && candidate
                    .includes
                    .iter()
                    .any(|included| holders.contains(included))
            {
                holders.push(id);
                changed = true;
            }
        }
    }
    holders.sort();
    holders
}

pub(super) fn entity_of(ir: &Ir, entity: EntityId) -> Option<&specc_ir::ir::Entity> {
    ir.entities.get(entity.0 as usize)
}

pub(super) fn field_of(ir: &Ir, entity: EntityId, field: FieldId) -> Option<&specc_ir::ir::Field> {
    entity_of(ir, entity)?.fields.get(field.0 as usize)
}

/// Places behind the point of a number's stored form; `None` for what is no decimal number.
#[must_use]
pub fn scale_of(ir: &Ir, ty: &Type) -> Option<u8> {
    match ty {
        Type::Integer => Some(0),
        Type::Decimal(places) => Some(*places),
        Type::Money => Some(ir.program.currency_digits),
        Type::Percent => Some(4),
        _ => None,
    }
}

/// [`scale_of`], 0 where it is none.
#[must_use]
pub fn scale_or_zero(ir: &Ir, ty: &Type) -> u8 {
    scale_of(ir, ty).unwrap_or(0)
}

/// The larger scale of two numbers.
#[must_use]
pub fn common_scale(ir: &Ir, left: &Type, right: &Type) -> Option<u8> {
    Some(scale_of(ir, left)?.max(scale_of(ir, right)?))
}

/// The name under which `show` formats a value.
#[must_use]
pub fn show_kind(ty: &Type) -> &'static str {
    match ty {
        Type::Integer | Type::Ref(_) => "integer",
        Type::Money => "money",
        Type::Percent => "percent",
        Type::Bool => "yesno",
        Type::Date => "date",
        Type::Time => "time",
        Type::Timestamp => "timestamp",
        Type::Duration => "duration",
        _ => "text",
    }
}

/// Text of any kind.
#[must_use]
pub fn is_text(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Text | Type::LongText | Type::Markdown | Type::Email | Type::Url | Type::Slug(_)
    )
}

/// `is`, `<` and their like.
#[must_use]
pub fn is_comparison(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Is
            | BinaryOp::IsNot
            | BinaryOp::Less
            | BinaryOp::LessOrEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterOrEqual
            | BinaryOp::Contains
            | BinaryOp::StartsWith
            | BinaryOp::Matches
    )
}

pub(super) fn is_arithmetic(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide
    )
}

/// It is a condition by its form: true or false, never empty.
#[must_use]
pub fn is_condition(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(Literal::Bool(_))
        | ExprKind::Unary(UnaryOp::Not, _)
        | ExprKind::OneOf(..)
        | ExprKind::IsSet(_)
        | ExprKind::IsEmpty(_)
        | ExprKind::HasRole(..)
        | ExprKind::CanRead(..) => true,
        ExprKind::Binary(op, ..) => !is_arithmetic(*op),
        ExprKind::If(_, then, otherwise) => is_condition(then) && is_condition(otherwise),
        ExprKind::Aggregate(aggregate) => {
            matches!(aggregate.op, AggregateOp::Exists | AggregateOp::Every)
        }
        _ => false,
    }
}

/// It needs a statement of its own in Rust code: it looks at rows other than the ones at hand.
#[must_use]
pub fn needs_statement(expr: &Expr, ir: &Ir) -> bool {
    let mut found = false;
    walk(expr, &mut |inner| {
        found |= match &inner.kind {
            ExprKind::Aggregate(_) | ExprKind::CanRead(..) => true,
            ExprKind::HasRole(user, _) => user.kind != ExprKind::Me,
            ExprKind::Field(base, entity, field) => {
                let many = match field {
                    FieldRef::Field(field) => field_of(ir, *entity, *field).is_some_and(|field| {
                        field.computed.is_some() || matches!(field.ty, Type::Many(_))
                    }),
                    _ => false,
                };
                many || !matches!(base.kind, ExprKind::Var(THIS | specc_ir::expr::OLD))
            }
            ExprKind::Join(pieces) => pieces.iter().any(|piece| shows_rows(&piece.ty)),
            ExprKind::Binary(BinaryOp::Contains, left, _) => is_list_of_numbers(&left.ty),
            ExprKind::Function(function, _) => function_needs_statement(ir, *function, 0),
            _ => false,
        };
    });
    found
}

/// What a value stands for in text is known to the database only: rows, and lists of what is stored as a number.
#[must_use]
pub fn shows_rows(ty: &Type) -> bool {
    match ty {
        Type::Ref(_) | Type::Many(_) => true,
        Type::List(item) => !is_text(item),
        _ => false,
    }
}

/// A list whose entries are neither text nor rows.
#[must_use]
pub fn is_list_of_numbers(ty: &Type) -> bool {
    matches!(ty, Type::List(item) if !is_text(item) && !matches!(**item, Type::Ref(_)))
}

fn function_needs_statement(ir: &Ir, function: FunctionId, depth: u32) -> bool {
    let Some(declared) = ir.functions.get(function.0 as usize) else {
        return false;
    };
    let mut called = Vec::new();
    let mut found = depth > 16;
    walk(&declared.is, &mut |inner| match &inner.kind {
        ExprKind::Aggregate(_)
        | ExprKind::CanRead(..)
        | ExprKind::HasRole(..)
        | ExprKind::Field(..) => found = true,
        ExprKind::Me | ExprKind::Now | ExprKind::Today => found = true,
        ExprKind::Join(pieces) => found |= pieces.iter().any(|piece| shows_rows(&piece.ty)),
        ExprKind::Function(function, _) => called.push(*function),
        _ => {}
    });
    found
        || called
            .into_iter()
            .any(|function| function_needs_statement(ir, function, depth + 1))
}

/// The variables an expression speaks of, its own searched rows included.
#[must_use]
pub fn variables_of(expr: &Expr) -> Vec<VarId> {
    let mut out = Vec::new();
    walk(expr, &mut |inner| {
        if let ExprKind::Var(variable) = &inner.kind
            && !out.contains(variable)
        {
            out.push(*variable);
        }
    });
    out
}

/// Visits an expression and all below it.
pub fn walk(expr: &Expr, visit: &mut dyn FnMut(&Expr)) {
    visit(expr);
    match &expr.kind {
        ExprKind::Field(inner, ..)
        | ExprKind::Unary(_, inner)
        | ExprKind::IsSet(inner)
        | ExprKind::IsEmpty(inner)
        | ExprKind::HasRole(inner, _)
        | ExprKind::CanRead(inner, _) => walk(inner, visit),
        ExprKind::Binary(_, left, right) => {
            walk(left, visit);
            walk(right, visit);
        }
        ExprKind::OneOf(value, options) => {
            walk(value, visit);
            options.iter().for_each(|option| walk(option, visit));
        }
        ExprKind::If(condition, then, otherwise) => {
            walk(condition, visit);
            walk(then, visit);
            walk(otherwise, visit);
        }
        ExprKind::Join(parts) | ExprKind::Call(_, parts) | ExprKind::Function(_, parts) => {
            parts.iter().for_each(|part| walk(part, visit));
        }
        ExprKind::Aggregate(aggregate) => {
            for part in [&aggregate.filter, &aggregate.value].into_iter().flatten() {
                walk(part, visit);
            }
            aggregate.sort.iter().for_each(|sort| walk(&sort.by, visit));
            if let Some((owner, _)) = &aggregate.through {
                walk(owner, visit);
            }
        }
        _ => {}
    }
}

/// The operands of one operator, however they are nested.
pub(super) fn each_operand<'e>(expr: &'e Expr, op: BinaryOp, visit: &mut dyn FnMut(&'e Expr)) {
    match &expr.kind {
        ExprKind::Binary(own, left, right) if *own == op => {
            each_operand(left, op, visit);
            each_operand(right, op, visit);
        }
        _ => visit(expr),
    }
}

/// Equal apart from where they stand.
pub(super) fn same_expression(left: &Expr, right: &Expr) -> bool {
    left.ty == right.ty && without_spans(left) == without_spans(right)
}

fn without_spans(expr: &Expr) -> String {
    let mut shape = String::new();
    walk(expr, &mut |inner| {
        let head = match &inner.kind {
            ExprKind::Literal(literal) => format!("{literal:?}"),
            ExprKind::Var(variable) => format!("v{}", variable.0),
            ExprKind::Input(name) => format!("input {name}"),
            ExprKind::Field(_, entity, field) => format!("field {entity:?} {field:?}"),
            ExprKind::Unary(op, _) => format!("{op:?}"),
            ExprKind::Binary(op, ..) => format!("{op:?}"),
            ExprKind::HasRole(_, role) => format!("role {role:?}"),
            ExprKind::Call(builtin, arguments) => format!("{builtin:?} {}", arguments.len()),
            ExprKind::Function(function, arguments) => format!("{function:?} {}", arguments.len()),
            ExprKind::Join(pieces) => format!("join {}", pieces.len()),
            ExprKind::OneOf(_, options) => format!("one of {}", options.len()),
            other => format!("{:?}", std::mem::discriminant(other)),
        };
        let _ = write!(shape, "({head} {:?})", inner.ty);
    });
    shape
}
