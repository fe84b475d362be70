//! A field called `id`: what the outside calls the rows of an entity.

use super::Pass;
use crate::ir::{Field, FieldDefault, Name, Type};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::same_name;
use specc_syntax::span::Span;

/// The field by which the outside knows a row, where the author chose one.
pub(super) const ID: &str = "id";

/// The field is called so.
pub(super) fn is(name: &Name) -> bool {
    same_name(&name.text, ID)
}

/// Chosen identifiers never change, and are no other row's. What cannot be one is reported.
pub(super) fn declare(field: &mut Field, out: &mut Vec<Diagnostic>) {
    field.required = true;
    field.unique = true;
    field.fixed = true;
    if !matches!(field.ty, Type::Text | Type::Slug(_) | Type::Empty) {
        out.push(
            Diagnostic::new(
                "id-field",
                field.name.span,
                "the `id` of a row is a `text` or a `slug from …`",
            )
            .help("without a row named `id` it is a number that the program gives"),
        );
    }
}

/// An `id` is given once and known to all who read the row; one that the program makes is not for clients to write.
pub(super) fn check(
    field: &mut Field,
    computed: Option<Span>,
    default: Option<Span>,
    pass: &mut Pass<'_>,
) {
    let problem = if let Some(span) = computed {
        Some((span, "an `id` is kept, not computed"))
    } else if field.private {
        Some((
            field.name.span,
            "an `id` stands in addresses, so it cannot be private",
        ))
    } else if let (Some(span), Some(FieldDefault::Value(_))) = (default, &field.default) {
        Some((span, "two rows would get the same `id`"))
    } else {
        None
    };
    if let Some((span, message)) = problem {
        pass.out.push(
            Diagnostic::new("id-field", span, message).help(
                "write `default random(12)`, `default next \"T-{0000}\"`, or no default where whoever creates the row gives it",
            ),
        );
        return;
    }
    if matches!(
        field.default,
        Some(FieldDefault::Random(_) | FieldDefault::Next(_))
    ) {
        field.read_only = true;
    }
}
