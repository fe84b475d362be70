//! The room that something has, and measures of text.

use unicode_width::UnicodeWidthStr as _;

/// The most columns of a line.
pub const MAX: usize = 100;
/// Columns of a step to the right.
pub const TAB: usize = 4;

/// The room for something that is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Columns left on the first line.
    pub width: usize,
    /// Where its further lines begin.
    pub indent: usize,
    /// What stands on the first line already, behind the indentation.
    pub offset: usize,
}

impl Shape {
    /// A whole line.
    pub fn indented(indent: usize) -> Shape {
        Shape {
            width: MAX.saturating_sub(indent),
            indent,
            offset: 0,
        }
    }

    /// With less room at the end.
    pub fn sub(self, columns: usize) -> Option<Shape> {
        let width = self.width.checked_sub(columns)?;
        Some(Shape { width, ..self })
    }

    /// With less room at the start.
    pub fn behind(self, columns: usize) -> Option<Shape> {
        let width = self.width.checked_sub(columns)?;
        Some(Shape {
            width,
            offset: self.offset + columns,
            ..self
        })
    }

    /// A step to the right, on lines of its own.
    pub fn nested(self) -> Shape {
        Shape {
            indent: self.indent + TAB,
            offset: 0,
            ..self
        }
    }

    /// With all the room there is.
    pub fn full(self) -> Shape {
        Shape {
            width: MAX.saturating_sub(self.indent),
            ..self
        }
    }

    /// The column where it begins.
    pub fn used(self) -> usize {
        self.indent + self.offset
    }

    /// What is kept free behind it.
    pub fn kept(self) -> usize {
        MAX.saturating_sub(self.used() + self.width)
    }
}

/// The columns of a text on one line.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.width()
    }
}

/// The columns of the first line.
pub fn first_width(text: &str) -> usize {
    width(text.split('\n').next().unwrap_or(""))
}

/// The columns of the last line.
pub fn last_width(text: &str) -> usize {
    width(text.rsplit('\n').next().unwrap_or(""))
}

/// It has more than one line.
pub fn is_long(text: &str) -> bool {
    text.contains('\n')
}

/// It fits: its first line into the room, the others below the greatest width.
pub fn fits(text: &str, shape: Shape) -> bool {
    if first_width(text) > shape.width {
        return false;
    }
    if !is_long(text) {
        return true;
    }
    let code = |line: &&str| !line.trim_start().starts_with("//");
    text.lines()
        .skip(1)
        .filter(code)
        .all(|line| width(line) <= MAX)
        && last_width(text) <= shape.used() + shape.width
}

/// Its last line holds nothing but what closes.
pub fn ends_with_closing(text: &str) -> bool {
    if text.ends_with("\"#") {
        return true;
    }
    let line = text.rsplit('\n').next().unwrap_or("");
    line.chars()
        .all(|letter| matches!(letter, '(' | ')' | ']' | '}' | '?' | '>') || letter.is_whitespace())
}

/// A line break and the indentation behind it.
pub fn line_break(out: &mut String, indent: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}
