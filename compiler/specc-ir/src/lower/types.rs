//! The type cell of a field.

use super::formal::{list_of, not_compiled_yet};
use super::names::{Names, field_names, number};
use super::words::capital;
use crate::ir::{Choice, ChoiceId, ChoiceValue, EntityId, Ir, Name, Type};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{fold_name, suggest};
use specc_syntax::tree::{Line, Text};
use std::collections::HashMap;

/// The types that are one fixed phrase.
pub(super) const PLAIN: &[(&str, Type)] = &[
    ("text", Type::Text),
    ("long text", Type::LongText),
    ("markdown", Type::Markdown),
    ("email", Type::Email),
    ("url", Type::Url),
    ("integer", Type::Integer),
    ("money", Type::Money),
    ("percent", Type::Percent),
    ("yes/no", Type::Bool),
    ("date", Type::Date),
    ("time", Type::Time),
    ("timestamp", Type::Timestamp),
    ("duration", Type::Duration),
    ("json", Type::Json),
    ("password", Type::Password),
    ("secret", Type::Secret),
];

/// Other languages' words for our types.
const ALIASES: &[(&str, &str)] = &[
    ("string", "text"),
    ("varchar", "text"),
    ("int", "integer"),
    ("number", "integer"),
    ("float", "decimal(2)"),
    ("double", "decimal(2)"),
    ("decimal", "decimal(2)"),
    ("bool", "yes/no"),
    ("boolean", "yes/no"),
    ("datetime", "timestamp"),
    ("currency", "money"),
    ("link", "url"),
    ("list", "list of text"),
    ("slug", "slug from title"),
];

/// The type in a field's type cell; an inline choice is added to the program's choices.
pub(super) fn of_field(
    line: &Line,
    entity: EntityId,
    field: &Name,
    computed: bool,
    ir: &mut Ir,
    names: &Names,
    out: &mut Vec<Diagnostic>,
) -> Option<Type> {
    let parts = line.split_commas();
    if parts.len() >= 2 {
        let owner = ir
            .entities
            .get(entity.0 as usize)
            .map_or("", |entity| entity.name.text.as_str());
        let name = Name {
            text: format!("{owner} {}", field.text),
            span: line.span,
        };
        let values = parts.iter().map(|part| (part.to_text(), None)).collect();
        let id = ChoiceId(number(ir.choices.len()));
        let values = choice_values(values, out);
        ir.choices.push(Choice {
            name,
            named: false,
            values,
        });
        return Some(Type::Choice(id));
    }
    let text = super::formal::bare(line);
    if text.text.is_empty() {
        return None;
    }
    single(&text, entity, computed, ir, names, out)
}

/// The values of a choice, checked.
pub(super) fn choice_values(
    values: Vec<(Text, Option<String>)>,
    out: &mut Vec<Diagnostic>,
) -> Vec<ChoiceValue> {
    let mut seen: HashMap<String, specc_syntax::span::Span> = HashMap::new();
    let mut checked = Vec::new();
    for (text, label) in values {
        let folded = fold_name(&text.text);
        if folded.is_empty() || !text.text.chars().any(char::is_alphanumeric) {
            out.push(
                Diagnostic::new(
                    "bad-name",
                    text.span,
                    format!("`{}` cannot be the name of a value", text.text),
                )
                .help("a name has at least one letter or digit"),
            );
            continue;
        }
        if matches!(folded.as_str(), "empty" | "set" | "not" | "oneof") {
            out.push(
                Diagnostic::new("reserved-name", text.span, format!("`{}` means something of its own in expressions", text.text))
                    .help("choose another name for this value; a field that is not required can be empty anyway"),
            );
            continue;
        }
        if let Some(first) = seen.get(&folded) {
            out.push(
                Diagnostic::new(
                    "duplicate-name",
                    text.span,
                    format!("the value `{}` stands twice in one choice", text.text),
                )
                .label(*first, "first here")
                .help(
                    "letter case, spaces, `-` and `_` make no difference; take one of the two out",
                ),
            );
            continue;
        }
        seen.insert(folded, text.span);
        let label = label
            .filter(|label| !label.is_empty())
            .unwrap_or_else(|| capital(&text.text.replace('_', " ")));
        checked.push(ChoiceValue {
            name: Name {
                text: text.text,
                span: text.span,
            },
            label,
        });
    }
    checked
}

fn single(
    text: &Text,
    entity: EntityId,
    computed: bool,
    ir: &Ir,
    names: &Names,
    out: &mut Vec<Diagnostic>,
) -> Option<Type> {
    let folded = fold_name(&text.text);
    let later = matches!(folded.as_str(), "file" | "image");
    if let Some((_, ty)) = PLAIN.iter().find(|(word, _)| fold_name(word) == folded)
        && !later
    {
        return Some(ty.clone());
    }
    if later {
        out.push(not_compiled_yet(
            text.span,
            &format!("the type `{}`", text.text),
        ));
        return None;
    }
    let lower = text.text.to_lowercase();
    let words: Vec<&str> = text.text.split_whitespace().collect();
    if let Some(places) = folded
        .strip_prefix("decimal(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        return match places.parse::<u8>() {
            Ok(places @ 0..=8) => Some(Type::Decimal(places)),
            _ => {
                out.push(
                    Diagnostic::new(
                        "unknown-type",
                        text.span,
                        format!("`{}` has no number of places from 0 to 8", text.text),
                    )
                    .help("write for example `decimal(2)`"),
                );
                None
            }
        };
    }
    if lower.starts_with("slug from ") {
        let source = words.get(2..).unwrap_or(&[]).join(" ");
        return match names.field(entity, &source) {
            Some(field) => Some(Type::Slug(field)),
            None => {
                let mut diagnostic = Diagnostic::new(
                    "unknown-field",
                    text.span,
                    format!("a slug is made from a field, and `{source}` is none here"),
                );
                if let Some(near) = suggest(&source, field_names(ir, entity)) {
                    diagnostic = diagnostic
                        .help(format!("did you mean `slug from {near}`?"))
                        .edit(text.span, format!("slug from {near}"));
                }
                out.push(diagnostic);
                None
            }
        };
    }
    if lower.starts_with("list of ") {
        let of = words.get(2..).unwrap_or(&[]).join(" ");
        if fold_name(&of) == "text" {
            return Some(Type::List(Box::new(Type::Text)));
        }
        if computed && let Some(item) = listed(&of, names) {
            return Some(Type::List(Box::new(item)));
        }
        let help = match names
            .entity_any(&of)
            .and_then(|id| ir.entities.get(id.0 as usize))
        {
            Some(entity) => format!("write `many {}`", entity.name.text),
            None => "a field can hold a `list of text`; rows of another entity are `many Entity`; lists of other values are `computed`"
                .to_owned(),
        };
        out.push(
            Diagnostic::new(
                "unknown-type",
                text.span,
                format!("a field cannot hold `{}`", text.text),
            )
            .help(help),
        );
        return None;
    }
    if lower.starts_with("many ") {
        let of = words.get(1..).unwrap_or(&[]).join(" ");
        return match names.entity_any(&of) {
            Some(id) => Some(Type::Many(id)),
            None => {
                let mut diagnostic =
                    Diagnostic::new("unknown-type", text.span, format!("`{of}` is no entity"));
                diagnostic = match suggest(&of, entity_names(ir)) {
                    Some(near) => diagnostic
                        .help(format!("did you mean `many {near}`?"))
                        .edit(text.span, format!("many {near}")),
                    None => diagnostic.help(format!("declare it with a heading `Entity: {of}`")),
                };
                out.push(diagnostic);
                None
            }
        };
    }
    if let Some(id) = names.choices.get(&folded) {
        return Some(Type::Choice(*id));
    }
    if let Some(id) = names.entities.get(&folded) {
        return Some(Type::Ref(*id));
    }
    out.push(unknown(text, &folded, ir, names));
    None
}

/// What the list of a computed field may hold.
fn listed(of: &str, names: &Names) -> Option<Type> {
    let folded = fold_name(of);
    let places = folded
        .strip_prefix("decimal(")
        .and_then(|rest| rest.strip_suffix(')'))
        .and_then(|places| places.parse::<u8>().ok())
        .filter(|places| *places <= 8);
    if let Some(places) = places {
        return Some(Type::Decimal(places));
    }
    if let Some((_, ty)) = PLAIN.iter().find(|(word, _)| fold_name(word) == folded) {
        return (!matches!(ty, Type::Json | Type::Password | Type::Secret)).then(|| ty.clone());
    }
    if let Some(id) = names.choices.get(&folded) {
        return Some(Type::Choice(*id));
    }
    names.entity_any(of).map(Type::Ref)
}

fn unknown(text: &Text, folded: &str, ir: &Ir, names: &Names) -> Diagnostic {
    let diagnostic = Diagnostic::new(
        "unknown-type",
        text.span,
        format!("`{}` is no type, choice or entity", text.text),
    );
    if let Some((_, ours)) = ALIASES.iter().find(|(word, _)| *word == folded) {
        return diagnostic
            .help(format!("the type is called `{ours}` here"))
            .edit(text.span, *ours);
    }
    if let Some(entity) = names
        .plurals
        .get(folded)
        .and_then(|id| ir.entities.get(id.0 as usize))
    {
        let many = format!("many {}", entity.name.text);
        return diagnostic
            .help(format!(
                "write `{many}` for several rows, or `{}` for one",
                entity.name.text
            ))
            .edit(text.span, many);
    }
    let choices = ir
        .choices
        .iter()
        .filter(|choice| choice.named)
        .map(|choice| choice.name.text.as_str());
    let all = PLAIN
        .iter()
        .map(|(word, _)| *word)
        .chain(entity_names(ir))
        .chain(choices);
    match suggest(&text.text, all) {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .edit(text.span, near),
        None => diagnostic.help(format!(
            "a choice has at least two values; the plain types are {}",
            list_of(PLAIN.iter().map(|(word, _)| *word))
        )),
    }
}

fn entity_names(ir: &Ir) -> impl Iterator<Item = &str> {
    ir.entities.iter().map(|entity| entity.name.text.as_str())
}

/// The type as the language writes it.
pub(super) fn describe(ty: &Type, ir: &Ir) -> String {
    match ty {
        Type::Slug(_) => "slug".to_owned(),
        Type::Decimal(places) => format!("decimal({places})"),
        Type::Choice(id) => ir
            .choices
            .get(id.0 as usize)
            .map_or_else(String::new, |choice| choice.name.text.clone()),
        Type::Ref(id) => ir
            .entities
            .get(id.0 as usize)
            .map_or_else(String::new, |entity| entity.name.text.clone()),
        Type::Many(id) => ir
            .entities
            .get(id.0 as usize)
            .map_or_else(String::new, |entity| format!("many {}", entity.name.text)),
        Type::List(of) => format!("list of {}", describe(of, ir)),
        Type::Empty => "empty".to_owned(),
        other => PLAIN
            .iter()
            .find(|(_, ty)| ty == other)
            .map_or_else(String::new, |(word, _)| (*word).to_owned()),
    }
}

/// Its values are text.
pub(super) fn is_text(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Text
            | Type::LongText
            | Type::Markdown
            | Type::Email
            | Type::Url
            | Type::Slug(_)
            | Type::Password
            | Type::Secret
    )
}
