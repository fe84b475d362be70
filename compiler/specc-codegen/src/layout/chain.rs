//! Method calls, fields and `?` behind each other.

use super::expr::Layout;
use super::list::List;
use super::shape::{
    Shape, TAB, ends_with_closing, first_width, fits, is_long, last_width, line_break, width,
};
use super::tree::{Expr, Kind, SHORT};

/// A part of a chain with the `?` behind it.
struct Link<'e, 'a> {
    expr: &'e Expr<'a>,
    tries: usize,
}

impl Layout {
    pub(super) fn chain(&self, expr: &Expr<'_>, shape: Shape) -> Option<String> {
        let mut links = Vec::new();
        let mut node = expr;
        let mut tries = 0;
        loop {
            match &node.kind {
                Kind::Try(inner) => {
                    tries += 1;
                    node = inner;
                }
                Kind::Method(inner, ..) | Kind::Field(inner, _) => {
                    links.push(Link { expr: node, tries });
                    tries = 0;
                    node = inner;
                }
                _ => break,
            }
        }
        let parent = Link { expr: node, tries };
        links.reverse();
        if links.is_empty() {
            return self.root(&parent, shape);
        }
        self.links(&parent, &links, shape)
    }

    fn root(&self, parent: &Link<'_, '_>, shape: Shape) -> Option<String> {
        let mut text = self.expr(parent.expr, shape.sub(parent.tries)?)?;
        text.extend(std::iter::repeat_n('?', parent.tries));
        Some(text)
    }

    fn link(&self, link: &Link<'_, '_>, shape: Shape) -> Option<String> {
        let shape = shape.sub(link.tries)?;
        let mut text = match &link.expr.kind {
            Kind::Method(_, name, arguments) => self.list(
                &List {
                    head: &format!(".{name}"),
                    brackets: ('(', ')'),
                    items: arguments,
                    is_macro: false,
                },
                shape,
            )?,
            Kind::Field(_, name) => format!(".{name}"),
            _ => return None,
        };
        text.extend(std::iter::repeat_n('?', link.tries));
        Some(text)
    }

    fn links(&self, parent: &Link<'_, '_>, links: &[Link<'_, '_>], shape: Shape) -> Option<String> {
        let count = links.len();
        let mut root = self.root(parent, shape)?;
        let mut block_like = is_long(&root) && is_block(parent.expr);
        let mut rest = links;
        // A short name would be left alone on its line.
        let short = TAB.saturating_sub(shape.offset);
        while root.len() <= short && !is_long(&root) {
            let [first, behind @ ..] = rest else { break };
            let Some(text) = self.link(first, shape.behind(root.len())?) else {
                break;
            };
            root.push_str(&text);
            block_like = ends_with_closing(&root);
            rest = behind;
        }
        let Some((last, middle)) = rest.split_last() else {
            return fits(&root, shape).then_some(root);
        };
        let below = if block_like {
            Shape { offset: 0, ..shape }
        } else {
            shape.nested()
        }
        .full();
        let mut texts = vec![root];
        for link in middle {
            texts.push(self.link(link, below)?);
        }
        let (text, one_line) = self.last_link(last, &texts, shape, below, count)?;
        texts.push(text);
        if !one_line && self.one_line_chains.get() {
            return None;
        }
        let mut out = String::new();
        for (position, text) in texts.iter().enumerate() {
            if position > 0 && !one_line {
                line_break(&mut out, below.used());
            }
            out.push_str(text);
        }
        fits(&out, shape).then_some(out)
    }

    /// The last part, and whether the whole chain stands on the line of its first.
    fn last_link(
        &self,
        last: &Link<'_, '_>,
        texts: &[String],
        shape: Shape,
        below: Shape,
        count: usize,
    ) -> Option<(String, bool)> {
        let root = texts.first()?;
        let extendable = ends_with_closing(root);
        let before = if extendable {
            last_width(root)
        } else {
            texts.iter().map(|text| width(text)).sum()
        } + last.tries;
        let budget = if count == 1 {
            shape.width
        } else {
            shape.width.min(SHORT)
        }
        .saturating_sub(before);
        let one_line = budget > 0 && texts.iter().all(|text| !is_long(text));
        let last_shape = if one_line {
            shape.sub(last.tries)?
        } else if extendable {
            below.sub(last.tries)?
        } else {
            below.sub(shape.kept() + last.tries)?
        };
        if (one_line || extendable)
            && let Some(beside) = last_shape.behind(before)
            && let Some(text) = self.link(last, beside)
        {
            let lines = text.lines().count();
            let fits = first_width(&text) <= budget;
            if fits && lines >= 5 {
                return Some((text, one_line));
            }
            let alone = self.link(last, below.sub(shape.kept() + last.tries)?);
            return Some(match alone {
                Some(alone) if !fits => (alone, false),
                Some(alone) if alone.lines().count() < lines => (alone, false),
                _ => (text, fits && one_line),
            });
        }
        Some((self.link(last, last_shape)?, false))
    }
}

/// It ends with a bracket of its own where it is long.
fn is_block(expr: &Expr<'_>) -> bool {
    match &expr.kind {
        Kind::Call(..)
        | Kind::Macro(..)
        | Kind::Method(..)
        | Kind::Array(_)
        | Kind::Struct(..)
        | Kind::If(..)
        | Kind::For(..)
        | Kind::Match(..)
        | Kind::Block(_) => true,
        Kind::Paren(inner) | Kind::Unary(_, inner) | Kind::Try(inner) => is_block(inner),
        Kind::Binary(_, operands) => operands.last().is_some_and(is_block),
        Kind::Closure(_, _, body) => is_block(body),
        _ => false,
    }
}
