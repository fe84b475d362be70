//! Arguments and elements between brackets.

use super::expr::Layout;
use super::shape::{Shape, first_width, is_long, last_width, line_break, width};
use super::tree::{Expr, Kind, SHORT};

/// How the items of a list stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tactic {
    /// Beside each other.
    Horizontal,
    /// Below each other.
    Vertical,
    /// As many on a line as fit.
    Mixed,
    /// The arguments of a formatting macro: those before the text, the text, those behind it.
    Parts(usize),
}

/// A list with what stands before it.
pub struct List<'l, 'a> {
    /// Before the bracket.
    pub head: &'l str,
    /// The brackets.
    pub brackets: (char, char),
    /// The items.
    pub items: &'l [Expr<'a>],
    /// They are the arguments of a macro.
    pub is_macro: bool,
}

/// Macros that format, with how many arguments stand before the text.
const FORMATTING: &[(&str, usize)] = &[("format!", 0), ("assert!", 1), ("assert_eq!", 2)];

impl Layout {
    pub(super) fn list(&self, list: &List<'_, '_>, shape: Shape) -> Option<String> {
        let head_width = list.head.len();
        let one_line_width = shape.width.saturating_sub(head_width + 2);
        let one_line = shape
            .behind(last_width(list.head) + 1)
            .and_then(|shape| shape.sub(1))
            .unwrap_or(Shape { width: 0, ..shape });
        let nested = shape.nested().full();
        let nested = Shape {
            width: nested.width.saturating_sub(1),
            ..nested
        };
        // An item without room on a line of its own may still find some behind the others.
        let mut items: Vec<Option<String>> = list
            .items
            .iter()
            .map(|item| self.expr(item, nested))
            .collect();
        let tactic = self.tactic(list, &mut items, one_line, nested, one_line_width);
        let items: Vec<String> = items.into_iter().collect::<Option<_>>()?;
        let body = write(&items, tactic, nested);
        let room = shape.width.saturating_sub(last_width(list.head));
        let first = if body.is_empty() {
            2
        } else {
            first_width(&body) + 1
        };
        let mut out = String::with_capacity(list.head.len() + body.len() + 2 * nested.indent);
        out.push_str(list.head);
        out.push(list.brackets.0);
        if tactic == Tactic::Horizontal && first <= room {
            out.push_str(&body);
        } else {
            if !body.is_empty() {
                line_break(&mut out, nested.indent);
                out.push_str(&body);
            }
            line_break(&mut out, shape.indent);
        }
        out.push(list.brackets.1);
        Some(out)
    }

    /// Lets the last item begin on the line of the others if it can; says how the items stand.
    fn tactic(
        &self,
        list: &List<'_, '_>,
        items: &mut [Option<String>],
        one_line: Shape,
        nested: Shape,
        one_line_width: usize,
    ) -> Tactic {
        let (Some(last), count) = (list.items.last(), list.items.len()) else {
            return Tactic::Horizontal;
        };
        let alone = count == 1 && list.head.len() < super::shape::TAB;
        let overflows = alone || last.can_overflow(count);
        let whole = items.last_mut().and_then(Option::take);
        let mut overflowed = None;
        if overflows {
            let before = self.one_line_chains.get();
            if !alone && last.is_method_call() {
                self.one_line_chains.set(true);
            }
            overflowed = last_shape(list.items, items, one_line)
                .and_then(|shape| self.overflowing(list, last, shape));
            self.one_line_chains.set(before);
            if let (Some(overflowed), Some(item)) = (&overflowed, items.last_mut()) {
                *item = overflowed.split('\n').next().map(str::to_owned);
            }
        }
        let tactic = standing(items, SHORT.min(one_line_width));
        let Some(item) = items.last_mut() else {
            return tactic;
        };
        match overflowed {
            Some(overflowed) if tactic == Tactic::Horizontal => {
                let short = count == 1
                    && overflowed.matches('\n').count() == 1
                    && whole.as_ref().is_some_and(|whole| !is_long(whole));
                *item = if short { whole } else { Some(overflowed) };
                return tactic;
            }
            _ => *item = whole,
        }
        let text = item.as_deref().unwrap_or("");
        if count == 1 && one_line_width != 0 && !is_long(text) && width(text) <= one_line_width {
            return Tactic::Horizontal;
        }
        let tactic = standing(items, SHORT.min(one_line_width));
        if tactic != Tactic::Vertical {
            return tactic;
        }
        let formatting = FORMATTING
            .iter()
            .find(|(name, _)| list.is_macro && *name == list.head);
        if let Some((_, before)) = formatting {
            let simple = |items: &[Expr<'_>]| items.iter().all(Expr::is_simple);
            let (first, behind) = (list.items.get(..*before), list.items.get(before + 1..));
            let fits = |items: Option<&[Option<String>]>| {
                items.is_some_and(|items| standing(items, nested.width) == Tactic::Horizontal)
            };
            if first.is_some_and(simple)
                && behind.is_some_and(simple)
                && fits(items.get(..*before))
                && fits(items.get(before + 1..))
            {
                return Tactic::Parts(*before);
            }
        } else if list.items.iter().all(Expr::is_simple)
            && items.iter().flatten().all(|item| item.len() <= 10)
        {
            return Tactic::Mixed;
        }
        tactic
    }

    fn overflowing(&self, list: &List<'_, '_>, last: &Expr<'_>, shape: Shape) -> Option<String> {
        match &last.kind {
            Kind::Closure(..) if list.is_macro => self.expr(last, shape),
            Kind::Closure(..) => {
                let closures = list
                    .items
                    .iter()
                    .filter(|item| matches!(item.kind, Kind::Closure(..)));
                if closures.count() > 1 {
                    None
                } else {
                    self.last_closure(last, shape)
                }
            }
            Kind::If(..) | Kind::For(..) | Kind::Match(..) => {
                if self.head(last, shape).is_some_and(|head| is_long(&head)) {
                    None
                } else {
                    self.expr(last, shape)
                }
            }
            _ => self.expr(last, shape),
        }
    }
}

/// The room of the last item behind the others.
fn last_shape(exprs: &[Expr<'_>], items: &[Option<String>], shape: Shape) -> Option<Shape> {
    if let [only] = exprs
        && !only.is_nested_call()
    {
        return Some(shape);
    }
    let before: usize = items
        .iter()
        .take(items.len().saturating_sub(1))
        .map(|item| item.as_ref().map_or(0, String::len) + 2)
        .sum();
    Shape {
        width: shape.width.min(SHORT),
        ..shape
    }
    .behind(before)
}

fn standing(items: &[Option<String>], limit: usize) -> Tactic {
    let total: usize = items.iter().flatten().map(|item| width(item)).sum();
    let total = total + 2 * items.len().saturating_sub(1);
    if total <= limit && !items.iter().flatten().any(|item| is_long(item)) {
        Tactic::Horizontal
    } else {
        Tactic::Vertical
    }
}

fn write(items: &[String], tactic: Tactic, nested: Shape) -> String {
    let mut out = String::new();
    let last = items.len().saturating_sub(1);
    let mut used = 0;
    let mut wrapped = false;
    for (position, item) in items.iter().enumerate() {
        match tactic {
            _ if position == 0 => {}
            Tactic::Horizontal => out.push(' '),
            Tactic::Vertical => line_break(&mut out, nested.indent),
            Tactic::Parts(before) if position == before || position == before + 1 => {
                line_break(&mut out, nested.indent);
            }
            Tactic::Parts(_) => out.push(' '),
            Tactic::Mixed => {
                let comma = if position < last || wrapped { 2 } else { 0 };
                if used + 1 + width(item) + comma > nested.width {
                    line_break(&mut out, nested.indent);
                    used = 0;
                    wrapped = true;
                } else {
                    out.push(' ');
                    used += 1;
                }
            }
        }
        out.push_str(item);
        used += width(item) + 2;
        if position < last || matches!(tactic, Tactic::Vertical | Tactic::Mixed) {
            out.push(',');
        }
    }
    out
}
