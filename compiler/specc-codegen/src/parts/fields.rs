//! Fields: their description, the typed view of a row, defaults and computed values.

use super::{Context, label};
use crate::names::PUBLIC_ID;
use crate::rust::{Mode, Rust};
use crate::source::{comment, list, literal, pointed};
use crate::sql::{Names as _, Sql, is_text, scale_or_zero};
use specc_ir::expr::{Expr, ExprKind, Literal};
use specc_ir::ir::{EntityId, Field, FieldDefault, FieldId, Ir, OnDelete, Type};
use std::fmt::Write as _;

/// `model.rs` below its head: positions, descriptions, the view, defaults, computed values.
#[must_use]
pub fn model(context: &Context<'_>, entity: EntityId) -> String {
    let Some(declared) = context.entity(entity) else {
        return String::new();
    };
    let view = context.names.view_name(entity);
    let mut positions = String::new();
    let mut descriptions: Vec<String> = Vec::new();
    let mut accessors = String::new();
    let mut defaults = String::new();
    let mut computed: Vec<String> = Vec::new();
    for (id, field) in context.fields(entity) {
        let column = context.names.column(entity, id);
        let constant = context.names.field_constant(entity, id);
        let place = context.place(field.span);
        let _ = writeln!(
            positions,
            "/// `{column}` ({place})\npub const {constant}: usize = {};",
            id.0
        );
        descriptions.push(description(context, entity, id, field, &mut defaults));
        let about = pointed(&what(&column, field), &place);
        let _ = writeln!(
            accessors,
            "\n/// {about}\n{}",
            accessor(context, entity, id, field)
        );
        if let Some(expr) = &field.computed {
            let sql = Sql::over_row(context.ir, context.names).at_type(expr, &field.ty);
            computed.push(format!(
                "Computed {{ field: field::{constant}, sql: {} }}",
                literal(&sql)
            ));
        }
    }
    let name = comment(&declared.name.text);
    let place = context.place(declared.span);
    format!(
        "/// The positions of the fields.\npub mod field {{\n{positions}}}\n\n\
         /// The fields of {name}. ({place})\npub const FIELDS: &[Field] = {};\n\n\
         /// Values computed from the row.\npub const COMPUTED: &[Computed] = {};\n\n\
         /// A row of {name}, by its fields' names. ({place})\n#[derive(Clone, Copy)]\npub struct {view}<'a>(&'a Row);\n\n\
         impl<'a> {view}<'a> {{\n/// This row.\npub fn of(row: &'a Row) -> {view}<'a> {{ {view}(row) }}\n{accessors}}}\n{defaults}",
        list(&descriptions),
        list(&computed)
    )
}

fn what(column: &str, field: &Field) -> String {
    if field.about.trim().is_empty() {
        format!("`{column}`")
    } else {
        comment(&field.about)
    }
}

fn accessor(context: &Context<'_>, entity: EntityId, id: FieldId, field: &Field) -> String {
    let name = context.names.accessor(entity, id);
    let value = format!(
        "self.0.value(field::{})",
        context.names.field_constant(entity, id)
    );
    let (ty, code) = match &field.ty {
        Type::Bool => ("Option<bool>".to_owned(), format!("logic::flag({value})")),
        Type::Choice(choice) => {
            let choice = context.names.choice_name(*choice);
            (
                format!("Option<choices::{choice}>"),
                format!("choices::{choice}::from_value({value})"),
            )
        }
        Type::Many(_) => ("&'a [i64]".to_owned(), format!("logic::ids_of({value})")),
        Type::List(item) if matches!(**item, Type::Ref(_)) => {
            ("&'a [i64]".to_owned(), format!("logic::ids_of({value})"))
        }
        Type::List(_) => (
            "&'a [String]".to_owned(),
            format!("logic::texts_of({value})"),
        ),
        Type::Password | Type::Secret => {
            ("Option<()>".to_owned(), format!("logic::there({value})"))
        }
        ty if is_text(ty) || matches!(ty, Type::Json) => (
            "Option<&'a str>".to_owned(),
            format!("logic::text_of({value})"),
        ),
        _ => ("Option<i64>".to_owned(), format!("logic::int({value})")),
    };
    format!("pub fn {name}(self) -> {ty} {{ {code} }}")
}

/// The name that the outside uses for a field.
pub fn sent(column: &str) -> &str {
    if column == PUBLIC_ID { "id" } else { column }
}

fn description(
    context: &Context<'_>,
    entity: EntityId,
    id: FieldId,
    field: &Field,
    defaults: &mut String,
) -> String {
    let column = context.names.column(entity, id);
    let mut parts: Vec<String> = Vec::new();
    if !field.about.trim().is_empty() {
        parts.push(format!("about: {}", literal(field.about.trim())));
    }
    for (set, name) in [
        (field.required, "required"),
        (field.unique, "unique"),
        (field.read_only, "read_only"),
        (field.fixed, "fixed"),
        (field.private, "private"),
        (field.computed.is_some(), "computed"),
        (field.lifecycle, "lifecycle"),
        (field.searchable, "searchable"),
    ] {
        if set {
            parts.push(format!("{name}: true"));
        }
    }
    parts.extend(limits(context, field));
    if let Some(default) = default(context, entity, id, field, defaults) {
        parts.push(format!("default: {default}"));
    }
    let on_delete = match field.on_delete {
        OnDelete::Cascade => Some("Cascade"),
        OnDelete::Refuse => Some("Refuse"),
        OnDelete::Keep => Some("Keep"),
        OnDelete::Empty => None,
    };
    if let Some(on_delete) = on_delete
        && matches!(field.ty, Type::Ref(_))
    {
        parts.push(format!("on_delete: OnDelete::{on_delete}"));
    }
    let base = format!(
        "Field::new({}, {}, {})",
        literal(sent(&column)),
        literal(&label(&field.name.text)),
        kind(context, &field.ty, Some((entity, id)))
    );
    if parts.is_empty() {
        base
    } else {
        format!("Field {{ {}, ..{base} }}", parts.join(", "))
    }
}

/// What a value of the field keeps to by itself, as parts of a `Field` or `Input`.
pub(super) fn limits(context: &Context<'_>, field: &Field) -> Vec<String> {
    let mut parts = Vec::new();
    if field.length != (None, None) {
        parts.push(format!(
            "length: ({}, {})",
            optional(field.length.0),
            optional(field.length.1)
        ));
    }
    let bounds = (
        bound(context.ir, field.at_least.as_ref(), &field.ty),
        bound(context.ir, field.at_most.as_ref(), &field.ty),
    );
    if bounds != (None, None) {
        parts.push(format!(
            "bounds: ({}, {})",
            optional(bounds.0),
            optional(bounds.1)
        ));
    }
    if let Some(pattern) = &field.pattern {
        parts.push(format!("pattern: Some({})", literal(pattern)));
    }
    parts
}

fn optional<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(|| "None".to_owned(), |value| format!("Some({value})"))
}

/// A bound in the stored form of its field.
fn bound(ir: &Ir, bound: Option<&Expr>, ty: &Type) -> Option<i64> {
    let bound = bound?;
    stored_number(ir, bound, ty)
}

/// A literal as the number that a field of this type stores; decimals at the field's scale.
#[must_use]
pub fn stored_number(ir: &Ir, expr: &Expr, ty: &Type) -> Option<i64> {
    let number = match &expr.kind {
        ExprKind::Literal(literal) => match literal {
            Literal::Integer(number)
            | Literal::Decimal(number)
            | Literal::Time(number)
            | Literal::Timestamp(number)
            | Literal::Duration(number) => *number,
            Literal::Date(days) => i64::from(*days),
            Literal::Bool(value) => i64::from(*value),
            Literal::Empty | Literal::Text(_) | Literal::Choice(..) => return None,
        },
        ExprKind::Unary(specc_ir::expr::UnaryOp::Negate, inner) => {
            stored_number(ir, inner, &inner.ty)?.checked_neg()?
        }
        _ => return None,
    };
    let (from, to) = (scale_or_zero(ir, &expr.ty), scale_or_zero(ir, ty));
    if from <= to {
        number.checked_mul(10_i64.checked_pow(u32::from(to - from))?)
    } else {
        let divisor = 10_i64.checked_pow(u32::from(from - to))?;
        (number % divisor == 0).then_some(number / divisor)
    }
}

/// A type as `Kind`. The field is needed for `many`, whose rows are kept in its join table.
#[must_use]
pub fn kind(context: &Context<'_>, ty: &Type, field: Option<(EntityId, FieldId)>) -> String {
    match ty {
        Type::Text | Type::Empty => "Kind::Text".to_owned(),
        Type::LongText => "Kind::LongText".to_owned(),
        Type::Markdown => "Kind::Markdown".to_owned(),
        Type::Email => "Kind::Email".to_owned(),
        Type::Url => "Kind::Url".to_owned(),
        Type::Slug(source) => match field {
            Some((entity, _)) => format!(
                "Kind::Slug(field::{})",
                context.names.field_constant(entity, *source)
            ),
            None => "Kind::Text".to_owned(),
        },
        Type::Integer => "Kind::Integer".to_owned(),
        Type::Decimal(places) => format!("Kind::Decimal({places})"),
        Type::Money => "Kind::Money".to_owned(),
        Type::Percent => "Kind::Percent".to_owned(),
        Type::Bool => "Kind::Bool".to_owned(),
        Type::Date => "Kind::Date".to_owned(),
        Type::Time => "Kind::Time".to_owned(),
        Type::Timestamp => "Kind::Timestamp".to_owned(),
        Type::Duration => "Kind::Duration".to_owned(),
        Type::Choice(choice) => format!(
            "Kind::Choice(choices::{}::VALUES)",
            context.names.choice_name(*choice)
        ),
        Type::Ref(entity) => format!(
            "Kind::Reference(app::{})",
            context.names.entity_constant(*entity)
        ),
        Type::List(item) if is_text(item) => "Kind::TextList".to_owned(),
        Type::List(_) => answer_kind(context, ty),
        Type::Many(item) => {
            let join = field.map_or_else(String::new, |(entity, field)| {
                context.names.join_table(entity, field)
            });
            format!(
                "Kind::Many(app::{}, {})",
                context.names.entity_constant(*item),
                literal(&join)
            )
        }
        Type::Json => "Kind::Json".to_owned(),
        Type::Password => "Kind::Password".to_owned(),
        Type::Secret => "Kind::Secret".to_owned(),
    }
}

/// The `Kind` of what an operation answers.
#[must_use]
pub fn answer_kind(context: &Context<'_>, ty: &Type) -> String {
    match ty {
        Type::List(item) => format!("Kind::List(&{})", kind(context, item, None)),
        Type::Many(item) => format!("Kind::List(&{})", kind(context, &Type::Ref(*item), None)),
        other => kind(context, other, None),
    }
}

fn default(
    context: &Context<'_>,
    entity: EntityId,
    id: FieldId,
    field: &Field,
    functions: &mut String,
) -> Option<String> {
    match field.default.as_ref()? {
        FieldDefault::Random(length) => Some(format!("FieldDefault::Random({length})")),
        FieldDefault::Next(pattern) => Some(format!("FieldDefault::Next({})", literal(pattern))),
        FieldDefault::Value(expr) if expr.kind == ExprKind::Me => {
            Some("FieldDefault::Me".to_owned())
        }
        FieldDefault::Value(expr) if expr.kind == ExprKind::Literal(Literal::Empty) => None,
        FieldDefault::Value(expr) => {
            let rust = Rust::new(context.ir, context.names, Mode::Condition, None);
            let code = rust.stored(expr, &field.ty);
            let name = format!(
                "default_{}",
                context.names.accessor(entity, id).trim_end_matches('_')
            );
            let operation = crate::source::parameter("op", &code);
            // What cannot be found out leaves the field empty, and a required one refuses that.
            let code = if let Some(asked) = crate::rust::asked(&code) {
                format!("{asked}.unwrap_or_default()")
            } else if code.contains(")?") {
                format!(
                    "let value = || -> Result<Value, Refusal> {{ Ok({code}) }};\nvalue().unwrap_or_default()"
                )
            } else {
                code
            };
            let place = context.place(field.span);
            let column = context.names.column(entity, id);
            let _ = write!(
                functions,
                "\n/// The default of `{column}`. ({place})\nfn {name}({operation}: &Operation<'_>) -> Value {{ {code} }}\n"
            );
            Some(format!("FieldDefault::Value({name})"))
        }
    }
}
