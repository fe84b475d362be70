//! Expressions as Rust: the meaning used in rules over a row, requirements, effects and functions.
//! What looks at other rows becomes one SQL statement with its local parts bound; the rest is plain code.
//!
//! Every value is an `Option` (a list a `Vec` or slice), a condition a `bool`.

mod text;
mod values;

pub use text::{asked, literal};

use crate::sql::{
    Names, Sql, common_scale, is_condition, is_list_of_numbers, is_text, needs_statement, scale_of,
    scale_or_zero, shows_rows,
};
use specc_ir::expr::{BinaryOp, Expr, ExprKind, FieldRef, Literal, OLD, THIS, UnaryOp, VarId};
use specc_ir::ir::{EntityId, Ir, Type};
use std::collections::BTreeMap;
use text::{certain, integer, is_certain, is_empty, selected};

/// What arithmetic that fails does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It gives empty.
    Condition,
    /// It refuses the operation.
    Effect,
}

/// How a value's code holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `Option<i64>`, `Option<bool>`, `Option<Enum>`.
    Plain,
    /// `Option<&str>`.
    Borrowed,
    /// `Option<String>`.
    Owned,
    /// `Vec<String>` or `Vec<i64>`.
    List,
    /// `&[String]` or `&[i64]`.
    Slice,
}

/// A translator for one place. Code that asks the database stands in a function that has
/// `op: &mut Operation` (or `&Operation`) and returns a `Result` with a `Refusal`.
pub struct Rust<'a> {
    ir: &'a Ir,
    names: &'a dyn Names,
    mode: Mode,
    /// Entity of `this` and `old`, for the typed view.
    this: Option<EntityId>,
    /// Function parameters and rows named with `as`: code that gives the value, and its form.
    variables: BTreeMap<VarId, (String, Form)>,
}

impl<'a> Rust<'a> {
    /// For code with an `op`.
    #[must_use]
    pub fn new(ir: &'a Ir, names: &'a dyn Names, mode: Mode, this: Option<EntityId>) -> Rust<'a> {
        Rust {
            ir,
            names,
            mode,
            this,
            variables: BTreeMap::new(),
        }
    }

    /// Makes a row named with `as` known, by code of type `Option<i64>`.
    pub fn row_variable(&mut self, variable: VarId, code: impl Into<String>) {
        self.variables.insert(variable, (code.into(), Form::Plain));
    }

    /// Makes a function's parameter known.
    pub fn parameter(&mut self, variable: VarId, code: impl Into<String>, ty: &Type) {
        let form = match ty {
            Type::List(_) | Type::Many(_) => Form::Slice,
            ty if is_text(ty) || matches!(ty, Type::Json) => Form::Borrowed,
            _ => Form::Plain,
        };
        self.variables.insert(variable, (code.into(), form));
    }

    /// A `bool`.
    #[must_use]
    pub fn condition(&self, expr: &Expr) -> String {
        if self.is_statement(expr) {
            return self.statement(expr, "truth");
        }
        match &expr.kind {
            ExprKind::Literal(Literal::Bool(value)) => value.to_string(),
            ExprKind::Unary(UnaryOp::Not, inner) => format!("!{}", self.grouped(inner)),
            ExprKind::Binary(BinaryOp::And, left, right) => {
                format!(
                    "{} && {}",
                    self.operand(left, BinaryOp::And),
                    self.operand(right, BinaryOp::And)
                )
            }
            ExprKind::Binary(BinaryOp::Or, left, right) => {
                format!(
                    "{} || {}",
                    self.operand(left, BinaryOp::Or),
                    self.operand(right, BinaryOp::Or)
                )
            }
            ExprKind::Binary(BinaryOp::Implies, left, right) => {
                format!(
                    "!{} || {}",
                    self.grouped(left),
                    self.operand(right, BinaryOp::Or)
                )
            }
            ExprKind::Binary(BinaryOp::IsNot, left, right) => {
                format!("!{}", self.comparison(BinaryOp::Is, left, right))
            }
            ExprKind::Binary(op, left, right) if crate::sql::is_comparison(*op) => {
                self.comparison(*op, left, right)
            }
            ExprKind::OneOf(value, options) => {
                let options: Vec<String> = options
                    .iter()
                    .map(|option| self.comparison(BinaryOp::Is, value, option))
                    .collect();
                match self.mode {
                    _ if options.is_empty() => "false".to_owned(),
                    // Arithmetic that fails refuses, wherever it stands among the options.
                    Mode::Effect if options.iter().any(|option| option.contains(")?")) => {
                        format!("[{}].contains(&true)", options.join(", "))
                    }
                    _ => format!("({})", options.join(" || ")),
                }
            }
            ExprKind::IsSet(inner) => self.presence(inner, true),
            ExprKind::IsEmpty(inner) => self.presence(inner, false),
            ExprKind::HasRole(_, role) => {
                format!("op.caller.holds({})", self.names.role_index(*role))
            }
            ExprKind::If(condition, then, otherwise) => format!(
                "(if {} {{ {} }} else {{ {} }})",
                self.condition(condition),
                self.condition(then),
                self.condition(otherwise)
            ),
            _ => format!("({} == Some(true))", self.value(expr).0),
        }
    }

    /// Code for a value, and how it holds it.
    #[must_use]
    pub fn value(&self, expr: &Expr) -> (String, Form) {
        if self.is_statement(expr) {
            let code = self.statement(expr, "scalar");
            return self.decoded(&code, &expr.ty);
        }
        if is_condition(expr) {
            return (format!("Some({})", self.condition(expr)), Form::Plain);
        }
        match &expr.kind {
            ExprKind::Literal(literal) => self.literal(literal, &expr.ty),
            ExprKind::Var(THIS) => ("Some(op.this.id)".to_owned(), Form::Plain),
            ExprKind::Var(OLD) => ("Some(op.old.id)".to_owned(), Form::Plain),
            ExprKind::Var(variable) => self
                .variables
                .get(variable)
                .cloned()
                .unwrap_or_else(|| ("None::<i64>".to_owned(), Form::Plain)),
            ExprKind::Me => ("op.caller.user".to_owned(), Form::Plain),
            ExprKind::Now => ("Some(op.now)".to_owned(), Form::Plain),
            ExprKind::Today => ("Some(op.today)".to_owned(), Form::Plain),
            ExprKind::Input(name) => {
                self.borrowed_value(&format!("op.input({:?})", self.names.input(name)), &expr.ty)
            }
            ExprKind::Output => ("output".to_owned(), Form::Plain),
            ExprKind::Field(base, entity, field) => self.field(base, *entity, *field, &expr.ty),
            ExprKind::Unary(_, inner) => (self.number("neg", &[self.value(inner).0]), Form::Plain),
            ExprKind::Binary(op, left, right) => {
                (self.arithmetic(*op, left, right, &expr.ty), Form::Plain)
            }
            ExprKind::If(condition, then, otherwise) => {
                let form = match &expr.ty {
                    Type::List(_) | Type::Many(_) => Form::List,
                    ty if is_text(ty) => Form::Owned,
                    _ => self.value(then).1,
                };
                (
                    format!(
                        "(if {} {{ {} }} else {{ {} }})",
                        self.condition(condition),
                        self.in_form(then, form, &expr.ty),
                        self.in_form(otherwise, form, &expr.ty)
                    ),
                    form,
                )
            }
            ExprKind::Join(pieces) => (
                format!("text::filled({})", self.formatted(pieces)),
                Form::Owned,
            ),
            ExprKind::Call(builtin, arguments) => self.call(*builtin, arguments, &expr.ty),
            ExprKind::Function(function, arguments) => {
                let parameters: &[_] = self
                    .ir
                    .functions
                    .get(function.0 as usize)
                    .map_or(&[], |declared| declared.inputs.as_slice());
                let arguments: Vec<String> = arguments
                    .iter()
                    .zip(parameters)
                    .map(|(argument, parameter)| self.compared(argument, Some(&parameter.ty)))
                    .collect();
                let form = match &expr.ty {
                    Type::List(_) | Type::Many(_) => Form::List,
                    ty if is_text(ty) => Form::Owned,
                    _ => Form::Plain,
                };
                let call = format!(
                    "{}({})",
                    self.names.function(*function),
                    arguments.join(", ")
                );
                let output = self
                    .ir
                    .functions
                    .get(function.0 as usize)
                    .map_or(&expr.ty, |declared| &declared.output);
                (self.rescaled(call, output, &expr.ty), form)
            }
            _ => ("None::<i64>".to_owned(), Form::Plain),
        }
    }

    /// Code of type `kernel::value::Value` for a field or input of this type.
    #[must_use]
    pub fn stored(&self, expr: &Expr, ty: &Type) -> String {
        if matches!(expr.kind, ExprKind::Literal(Literal::Empty)) {
            return "Value::Empty".to_owned();
        }
        if let ExprKind::Literal(Literal::Choice(choice, value)) = &expr.kind {
            let (choice, variant) = (
                self.names.choice(*choice),
                self.names.variant(*choice, *value),
            );
            return format!("Value::from({choice}::{variant}.as_str())");
        }
        if let (ExprKind::Input(name), Type::Password | Type::Secret) = (&expr.kind, &expr.ty) {
            // It goes on as it came: nothing here looks into it.
            return format!("op.input({:?}).clone()", crate::names::sent(name, "input"));
        }
        // What a statement gives is a stored value already.
        let plain = !matches!(expr.ty, Type::Bool | Type::List(_) | Type::Many(_));
        if plain && self.is_statement(expr) && scale_of(self.ir, &expr.ty) == scale_of(self.ir, ty)
        {
            return self.statement(expr, "scalar");
        }
        let (code, form) = self.value(expr);
        let code = self.rescaled(code, &expr.ty, ty);
        match (form, &expr.ty) {
            (Form::Plain, Type::Choice(choice)) => {
                format!(
                    "Value::from({code}.map({}::as_str))",
                    self.names.choice(*choice)
                )
            }
            (Form::Slice, _) => format!("Value::from({code}.to_vec())"),
            (Form::Plain | Form::Borrowed, _) if is_certain(expr, &code) => {
                format!("Value::from({})", certain(&code))
            }
            _ => format!("Value::from({code})"),
        }
    }

    /// Code of type `kernel::value::Value` for what an operation answers; lists keep their order.
    #[must_use]
    pub fn answered(&self, expr: &Expr) -> String {
        let item = match &expr.ty {
            Type::List(item) => Some(&**item),
            Type::Many(_) => None,
            _ => return self.stored(expr, &expr.ty),
        };
        if self.is_statement(expr) {
            return self.statement(expr, "scalar");
        }
        let code = match self.value(expr) {
            (code, Form::Slice) => format!("{code}.to_vec()"),
            (code, _) => code,
        };
        match item {
            Some(Type::Ref(_)) | None => format!("Value::Ids({code})"),
            Some(_) => format!("Value::Texts({code})"),
        }
    }

    /// The value in a form that can be compared or passed on: text as `Option<&str>`, at the type's scale.
    #[must_use]
    pub fn compared(&self, expr: &Expr, ty: Option<&Type>) -> String {
        let (code, form) = self.value(expr);
        let code = match ty {
            Some(Type::List(_) | Type::Many(_)) if is_empty(expr) => return "&[]".to_owned(),
            Some(ty) if is_empty(expr) && is_text(ty) => return "None".to_owned(),
            Some(ty) => self.rescaled(code, &expr.ty, ty),
            None => code,
        };
        match form {
            Form::Owned => format!("{code}.as_deref()"),
            Form::List => format!("&{code}"),
            _ => code,
        }
    }

    /// The value as a function returns it: text as `Option<String>`, lists as `Vec`.
    #[must_use]
    pub fn returned(&self, expr: &Expr, ty: &Type) -> String {
        let form = match ty {
            Type::List(_) | Type::Many(_) => Form::List,
            ty if is_text(ty) => Form::Owned,
            _ => Form::Plain,
        };
        self.in_form(expr, form, ty)
    }

    /// The Rust type of a value: parameters borrow, results own.
    #[must_use]
    pub fn type_name(&self, ty: &Type, owned: bool) -> String {
        match ty {
            Type::Bool => "Option<bool>".to_owned(),
            Type::Choice(choice) => format!("Option<{}>", self.names.choice(*choice)),
            Type::List(item) => {
                let item = if matches!(**item, Type::Ref(_)) {
                    "i64"
                } else {
                    "String"
                };
                if owned {
                    format!("Vec<{item}>")
                } else {
                    format!("&[{item}]")
                }
            }
            Type::Many(_) => (if owned { "Vec<i64>" } else { "&[i64]" }).to_owned(),
            ty if is_text(ty) || matches!(ty, Type::Json) => (if owned {
                "Option<String>"
            } else {
                "Option<&str>"
            })
            .to_owned(),
            _ => "Option<i64>".to_owned(),
        }
    }

    fn grouped(&self, expr: &Expr) -> String {
        let code = self.condition(expr);
        match &expr.kind {
            ExprKind::Binary(BinaryOp::And | BinaryOp::Or | BinaryOp::Implies, ..)
                if !self.is_statement(expr) =>
            {
                format!("({code})")
            }
            _ => code,
        }
    }

    fn operand(&self, expr: &Expr, outer: BinaryOp) -> String {
        match &expr.kind {
            ExprKind::Binary(inner, ..) if *inner == outer => self.condition(expr),
            _ => self.grouped(expr),
        }
    }

    /// The expression itself, not only a part of it, needs a statement.
    pub(crate) fn is_statement(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Aggregate(_) | ExprKind::CanRead(..) => true,
            ExprKind::HasRole(user, _) => user.kind != ExprKind::Me,
            ExprKind::Field(base, entity, field) => {
                let unstored = match field {
                    FieldRef::Field(field) => self
                        .ir
                        .entities
                        .get(entity.0 as usize)
                        .and_then(|entity| entity.fields.get(field.0 as usize))
                        .is_some_and(|field| field.computed.is_some()),
                    _ => false,
                };
                unstored || !matches!(base.kind, ExprKind::Var(THIS | OLD)) || self.this.is_none()
            }
            ExprKind::Join(pieces) => pieces.iter().any(|piece| shows_rows(&piece.ty)),
            ExprKind::Binary(BinaryOp::Contains, left, _) => is_list_of_numbers(&left.ty),
            ExprKind::Function(..) => {
                let bare = Expr {
                    kind: expr.kind.clone(),
                    ty: expr.ty.clone(),
                    span: expr.span,
                };
                match bare.kind {
                    ExprKind::Function(function, _) => {
                        let call = Expr {
                            kind: ExprKind::Function(function, Vec::new()),
                            ..bare
                        };
                        needs_statement(&call, self.ir)
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    fn statement(&self, expr: &Expr, method: &str) -> String {
        let mut sql = Sql::with_binds(self.ir, self.names);
        let text = if method == "truth" {
            sql.condition(expr)
        } else {
            sql.value(expr)
        };
        let parameters: Vec<String> = sql
            .finish()
            .iter()
            .map(|(name, bound)| format!("({name:?}, {})", self.stored(bound, &bound.ty)))
            .collect();
        format!(
            "op.{method}({}, &[{}])?",
            literal(&selected(&text)),
            parameters.join(", ")
        )
    }

    /// A stored value read as its type, owned.
    fn decoded(&self, code: &str, ty: &Type) -> (String, Form) {
        match ty {
            Type::Choice(choice) => (
                format!("{}::from_value(&{code})", self.names.choice(*choice)),
                Form::Plain,
            ),
            Type::Bool => (format!("logic::flag(&{code})"), Form::Plain),
            Type::List(item) if matches!(**item, Type::Ref(_)) => {
                (format!("logic::ids({code})"), Form::List)
            }
            Type::Many(_) => (format!("logic::ids({code})"), Form::List),
            Type::List(_) => (format!("logic::texts({code})"), Form::List),
            ty if is_text(ty) || matches!(ty, Type::Json) => {
                (format!("logic::text({code})"), Form::Owned)
            }
            Type::Password | Type::Secret => (format!("logic::there(&{code})"), Form::Plain),
            _ => (format!("logic::int(&{code})"), Form::Plain),
        }
    }

    /// A stored value at hand, read as its type.
    fn borrowed_value(&self, code: &str, ty: &Type) -> (String, Form) {
        match ty {
            Type::Choice(choice) => (
                format!("{}::from_value({code})", self.names.choice(*choice)),
                Form::Plain,
            ),
            Type::Bool => (format!("logic::flag({code})"), Form::Plain),
            Type::List(item) if matches!(**item, Type::Ref(_)) => {
                (format!("logic::ids_of({code})"), Form::Slice)
            }
            Type::Many(_) => (format!("logic::ids_of({code})"), Form::Slice),
            Type::List(_) => (format!("logic::texts_of({code})"), Form::Slice),
            ty if is_text(ty) || matches!(ty, Type::Json) => {
                (format!("logic::text_of({code})"), Form::Borrowed)
            }
            Type::Password | Type::Secret => (format!("logic::there({code})"), Form::Plain),
            _ => (format!("logic::int({code})"), Form::Plain),
        }
    }

    fn field(&self, base: &Expr, entity: EntityId, field: FieldRef, ty: &Type) -> (String, Form) {
        let row = if base.kind == ExprKind::Var(OLD) {
            "op.old"
        } else {
            "op.this"
        };
        let id = match field {
            FieldRef::Field(id) => id,
            FieldRef::Id => return (format!("Some({row}.id)"), Form::Plain),
            FieldRef::Created => return (format!("Some({row}.created)"), Form::Plain),
            FieldRef::Updated => return (format!("Some({row}.updated)"), Form::Plain),
            FieldRef::Version => return (format!("Some({row}.version)"), Form::Plain),
        };
        let form = match ty {
            Type::List(_) | Type::Many(_) => Form::Slice,
            ty if is_text(ty) || matches!(ty, Type::Json) => Form::Borrowed,
            _ => Form::Plain,
        };
        let view = self.names.view(entity);
        (
            format!("{view}::of(&{row}).{}()", self.names.accessor(entity, id)),
            form,
        )
    }

    fn literal(&self, value: &Literal, ty: &Type) -> (String, Form) {
        let form = if is_text(ty) {
            Form::Borrowed
        } else {
            Form::Plain
        };
        let code = match value {
            Literal::Empty if is_text(ty) => "None::<&str>".to_owned(),
            Literal::Empty => match ty {
                Type::Bool => "None::<bool>".to_owned(),
                Type::Choice(choice) => format!("None::<{}>", self.names.choice(*choice)),
                _ => "None::<i64>".to_owned(),
            },
            Literal::Bool(value) => format!("Some({value})"),
            Literal::Text(text) if text.trim().is_empty() => {
                return ("None::<&str>".to_owned(), Form::Borrowed);
            }
            Literal::Text(text) => return (format!("Some({})", literal(text)), Form::Borrowed),
            Literal::Integer(number)
            | Literal::Decimal(number)
            | Literal::Time(number)
            | Literal::Timestamp(number)
            | Literal::Duration(number) => format!("Some({})", integer(*number)),
            Literal::Date(days) => format!("Some({days})"),
            Literal::Choice(choice, value) => {
                format!(
                    "Some({}::{})",
                    self.names.choice(*choice),
                    self.names.variant(*choice, *value)
                )
            }
        };
        (code, form)
    }

    fn presence(&self, inner: &Expr, set: bool) -> String {
        let (code, form) = self.value(inner);
        // A row at hand is there.
        if matches!(inner.kind, ExprKind::Var(_)) && code.starts_with("Some(") {
            return set.to_string();
        }
        match (form, set) {
            (Form::List | Form::Slice, true) => format!("!{code}.is_empty()"),
            (Form::List | Form::Slice, false) => format!("{code}.is_empty()"),
            (_, true) => format!("{code}.is_some()"),
            (_, false) => format!("{code}.is_none()"),
        }
    }

    fn comparison(&self, op: BinaryOp, left: &Expr, right: &Expr) -> String {
        // Nothing compares with something empty.
        if is_empty(left) || is_empty(right) {
            return "false".to_owned();
        }
        if op == BinaryOp::Is && (left.ty == Type::Email || right.ty == Type::Email) {
            return format!("logic::is({}, {})", self.address(left), self.address(right));
        }
        let function = match op {
            BinaryOp::Less => "less",
            BinaryOp::LessOrEqual => "less_or_equal",
            BinaryOp::Greater => "greater",
            BinaryOp::GreaterOrEqual => "greater_or_equal",
            BinaryOp::Contains => match left.ty {
                Type::List(_) | Type::Many(_) => "list_contains",
                _ => "contains",
            },
            BinaryOp::StartsWith => "starts_with",
            BinaryOp::Matches => {
                let pattern = match &right.kind {
                    ExprKind::Literal(Literal::Text(pattern)) => literal(pattern),
                    _ => "\"\"".to_owned(),
                };
                return format!("logic::matches({}, {pattern})", self.compared(left, None));
            }
            _ => "is",
        };
        let (left_code, right_code) = match common_scale(self.ir, &left.ty, &right.ty) {
            Some(scale) => (self.at_scale(left, scale), self.at_scale(right, scale)),
            None => (self.compared(left, None), self.compared(right, None)),
        };
        format!("logic::{function}({left_code}, {right_code})")
    }

    /// A text that is compared with an address: addresses are kept in lower case.
    fn address(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Literal(Literal::Text(text)) => {
                self.literal(&Literal::Text(text.to_lowercase()), &expr.ty)
                    .0
            }
            ExprKind::Field(..) if expr.ty == Type::Email => self.compared(expr, None),
            _ => format!("text::lower({}).as_deref()", self.compared(expr, None)),
        }
    }

    /// For comparing: what does not fit at the common scale compares with nothing, it refuses nothing.
    fn at_scale(&self, expr: &Expr, scale: u8) -> String {
        let code = self.value(expr).0;
        let own = scale_or_zero(self.ir, &expr.ty);
        if own == scale {
            code
        } else {
            format!("num::rescale({code}, {own}, {scale})")
        }
    }

    fn rescaled(&self, code: String, from: &Type, to: &Type) -> String {
        match (scale_of(self.ir, from), scale_of(self.ir, to)) {
            (Some(from), Some(to)) if from != to => {
                self.number("rescale", &[code, from.to_string(), to.to_string()])
            }
            _ => code,
        }
    }

    fn in_form(&self, expr: &Expr, form: Form, ty: &Type) -> String {
        if is_empty(expr) {
            return (if form == Form::List {
                "Vec::new()"
            } else {
                "None"
            })
            .to_owned();
        }
        let (code, own) = self.value(expr);
        let code = self.rescaled(code, &expr.ty, ty);
        match (own, form) {
            (Form::Borrowed, Form::Owned) => format!("{code}.map(str::to_owned)"),
            (Form::Plain, Form::Owned) => "None".to_owned(),
            (Form::Slice, Form::List) => format!("{code}.to_vec()"),
            (Form::Plain, Form::List) => "Vec::new()".to_owned(),
            _ => code,
        }
    }

    fn number(&self, function: &str, arguments: &[String]) -> String {
        let arguments = arguments.join(", ");
        match self.mode {
            Mode::Condition => format!("num::{function}({arguments})"),
            Mode::Effect => format!("num::checked::{function}({arguments})?"),
        }
    }
}
