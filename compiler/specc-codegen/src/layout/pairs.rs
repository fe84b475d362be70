//! Operands with an operator between them.

use super::expr::Layout;
use super::shape::{Shape, TAB, first_width, fits, is_long, last_width, line_break, width};
use super::tree::Expr;

impl Layout {
    pub(super) fn pairs(&self, sign: &str, operands: &[Expr<'_>], shape: Shape) -> Option<String> {
        let nested = shape.nested().full().sub(shape.kept())?;
        let behind_sign = nested.behind(sign.len() + 1)?;
        let texts: Vec<Option<String>> = operands
            .iter()
            .enumerate()
            .map(|(position, operand)| {
                let shape = if position == 0 { shape } else { behind_sign };
                self.expr(operand, shape)
            })
            .collect();
        self.pairs_on_one_line(sign, operands, &texts, shape)
            .or_else(|| self.pairs_below(sign, operands, &texts, shape, nested))
    }

    fn pairs_on_one_line(
        &self,
        sign: &str,
        operands: &[Expr<'_>],
        texts: &[Option<String>],
        shape: Shape,
    ) -> Option<String> {
        let (last, before) = operands.split_last()?;
        let mut out = String::new();
        for text in texts.iter().take(before.len()) {
            let text = text.as_ref().filter(|text| !is_long(text))?;
            if out.len() > shape.width {
                return None;
            }
            out.push_str(text);
            out.push(' ');
            out.push_str(sign);
            out.push(' ');
        }
        let length = out.len();
        let text = self.expr(last, shape.behind(last_width(&out))?)?;
        out.push_str(&text);
        if first_width(&out) > shape.width {
            return None;
        }
        if is_long(&out) && !text.starts_with('{') && (text.starts_with('(') || length > TAB) {
            return None;
        }
        fits(&out, shape).then_some(out)
    }

    fn pairs_below(
        &self,
        sign: &str,
        operands: &[Expr<'_>],
        texts: &[Option<String>],
        shape: Shape,
        nested: Shape,
    ) -> Option<String> {
        let mut out = texts.first()?.clone()?;
        for (operand, text) in operands.iter().zip(texts).skip(1) {
            let offset = if is_long(&out) { 0 } else { shape.used() };
            let last = out.rsplit('\n').next().unwrap_or("");
            let trimmed = width(last.trim());
            if width(last) + offset <= nested.used()
                && let Some(beside) = shape.behind(sign.len() + 2 + trimmed)
                && let Some(text) = self.expr(operand, beside)
            {
                out.push_str(&format!(" {sign} {text}"));
                continue;
            }
            line_break(&mut out, nested.indent);
            out.push_str(sign);
            out.push(' ');
            out.push_str(text.as_ref()?);
        }
        Some(out)
    }
}
