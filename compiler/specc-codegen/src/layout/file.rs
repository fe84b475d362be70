//! Files and items.

use super::expr::Layout;
use super::shape::{MAX, Shape, TAB, line_break, width};
use super::text::wrapped;
use super::tree::{File, Function, Item, ItemKind};

/// The whole text of a file.
pub fn write(file: &File<'_>, size: usize) -> String {
    let layout = Layout::default();
    let mut out = String::with_capacity(size + size / 2);
    for doc in &file.docs {
        comment(doc, 0, &mut out);
        out.push('\n');
    }
    if !file.attributes.is_empty() {
        if !out.is_empty() {
            out.push('\n');
        }
        for attribute in &file.attributes {
            out.push_str(attribute);
            out.push('\n');
        }
    }
    let mut last: Option<&Item<'_>> = None;
    for item in &file.items {
        if !out.is_empty()
            && !last.is_some_and(|last| is_terse(last) && is_terse(item) && alike(last, item))
        {
            out.push('\n');
        }
        self::item(&layout, item, 0, &mut out);
        out.push('\n');
        last = Some(item);
    }
    out
}

/// It stands directly below another of its kind.
fn is_terse(item: &Item<'_>) -> bool {
    item.docs.is_empty()
        && match item.kind {
            ItemKind::Use(_) | ItemKind::Mod(_) | ItemKind::Const(..) => item.attributes.is_empty(),
            _ => false,
        }
}

fn alike(left: &Item<'_>, right: &Item<'_>) -> bool {
    std::mem::discriminant(&left.kind) == std::mem::discriminant(&right.kind)
}

fn comment(text: &str, indent: usize, out: &mut String) {
    let (mark, words) = text.split_at(3.min(text.len()));
    for (position, line) in wrapped(mark, words, indent).iter().enumerate() {
        if position > 0 {
            line_break(out, indent);
        }
        out.push_str(line);
    }
}

fn item(layout: &Layout, item: &Item<'_>, indent: usize, out: &mut String) {
    for doc in &item.docs {
        comment(doc, indent, out);
        line_break(out, indent);
    }
    for attribute in &item.attributes {
        out.push_str(attribute);
        line_break(out, indent);
    }
    match &item.kind {
        ItemKind::Use(text) => imported(text, out),
        ItemKind::Mod(text) | ItemKind::Struct(text) => {
            out.push_str(text);
            out.push(';');
        }
        ItemKind::Const(head, value) => {
            let shape = Shape {
                width: MAX.saturating_sub(indent + 1),
                ..Shape::indented(indent)
            };
            let text = layout.assigned(head, value, shape);
            out.push_str(
                &text.unwrap_or_else(|| {
                    format!("{head} {}", layout.at_any_rate(value, false, shape))
                }),
            );
            out.push(';');
        }
        ItemKind::Fn(function) => self::function(layout, function, indent, out),
        ItemKind::Group(head, items) => {
            out.push_str(head);
            out.push_str(" {");
            let mut last: Option<&Item<'_>> = None;
            for inner in items {
                if last.is_some_and(|last| !(alike(last, inner) && is_short(inner))) {
                    out.push('\n');
                }
                line_break(out, indent + TAB);
                self::item(layout, inner, indent + TAB, out);
                last = Some(inner);
            }
            if !items.is_empty() {
                line_break(out, indent);
            }
            out.push('}');
        }
        ItemKind::Enum(head, variants) => {
            out.push_str(head);
            out.push_str(" {");
            for (docs, name) in variants {
                for doc in docs {
                    line_break(out, indent + TAB);
                    comment(doc, indent + TAB, out);
                }
                line_break(out, indent + TAB);
                out.push_str(name);
                out.push(',');
            }
            line_break(out, indent);
            out.push('}');
        }
    }
}

/// Several of its kind stand without lines between them.
fn is_short(item: &Item<'_>) -> bool {
    matches!(item.kind, ItemKind::Const(..) | ItemKind::Use(_))
}

fn imported(text: &str, out: &mut String) {
    if width(text) < MAX {
        out.push_str(text);
        out.push(';');
        return;
    }
    let Some((head, names)) = text
        .split_once('{')
        .and_then(|(head, rest)| Some((head, rest.strip_suffix('}')?)))
    else {
        out.push_str(text);
        out.push(';');
        return;
    };
    out.push_str(head);
    out.push('{');
    line_break(out, TAB);
    let mut used = 0;
    for name in names.split(',').map(str::trim) {
        if used > 0 {
            if used + 1 + width(name) + 1 > MAX - TAB {
                line_break(out, TAB);
                used = 0;
            } else {
                out.push(' ');
                used += 1;
            }
        }
        out.push_str(name);
        out.push(',');
        used += width(name) + 1;
    }
    out.push_str("\n};");
}

fn function(layout: &Layout, function: &Function<'_>, indent: usize, out: &mut String) {
    let parameters = function.parameters.join(", ");
    let output = match function.output {
        "" => String::new(),
        output => format!(" {output}"),
    };
    let line = width(function.head) + 2 + width(&parameters) + width(&output) + 2;
    out.push_str(function.head);
    out.push('(');
    if indent + line <= MAX || function.parameters.is_empty() {
        out.push_str(&parameters);
    } else {
        for parameter in &function.parameters {
            line_break(out, indent + TAB);
            out.push_str(parameter);
            out.push(',');
        }
        line_break(out, indent);
    }
    out.push(')');
    out.push_str(&output);
    out.push(' ');
    out.push_str(&layout.block(&function.body, indent));
}
