//! A pipe table with its columns aligned by display width.

use crate::tree::{Line, Table};
use std::ops::Range;
use unicode_width::UnicodeWidthStr;

/// Wider cells stick out rather than pad every row.
const MAX_PAD: usize = 160;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Align {
    Plain,
    Left,
    Centre,
    Right,
}

/// An edit per line; `None` where the table does not have the plain form of one line per row.
pub(super) fn aligned(text: &str, table: &Table) -> Option<Vec<(Range<usize>, String)>> {
    let start = table.span.start as usize;
    let body = text.get(start..table.span.end as usize)?;
    let mut lines: Vec<Range<usize>> = Vec::with_capacity(table.rows.len() + 2);
    let mut at = start;
    for line in body.split_inclusive('\n') {
        lines.push(at..at + line.trim_end_matches(['\n', '\r']).len());
        at += line.len();
    }
    // blanks behind the last row are the row's
    if let Some(last) = lines.last_mut() {
        let rest = text.get(last.end..)?.split('\n').next()?;
        if !rest.trim().is_empty() {
            return None;
        }
        last.end += rest.strip_suffix('\r').unwrap_or(rest).len();
    }
    let [_, delimiter, rows @ ..] = lines.as_slice() else {
        return None;
    };
    if rows.len() != table.rows.len() {
        return None;
    }
    let aligns = aligns(text.get(delimiter.clone())?);
    if aligns.len() != table.columns.len() || aligns.is_empty() {
        return None;
    }
    let cell = |line: &Line| text.get(line.span.start as usize..line.span.end as usize);
    let all = || std::iter::once(&table.columns).chain(table.rows.iter().map(|row| &row.cells));
    let mut widths = vec![1; aligns.len()];
    for cells in all() {
        for (width, line) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell(line)?.width()).min(MAX_PAD);
        }
    }
    let mut edits = Vec::with_capacity(lines.len());
    let places = lines.first().into_iter().chain(rows);
    for (index, (place, cells)) in places.zip(all()).enumerate() {
        let lead = lead(text, place, index == 0)?;
        let row = table.rows.get(index.wrapping_sub(1));
        if row.is_some_and(|row| row.span.start as usize != place.start + lead) {
            return None;
        }
        let mut out = String::from("|");
        for ((line, width), align) in cells.iter().zip(&widths).zip(&aligns) {
            pad(&mut out, cell(line)?, *width, *align);
        }
        change(text, &mut edits, place.start + lead..place.end, out);
    }
    let mut out = String::from("|");
    for (width, align) in widths.iter().zip(&aligns) {
        let (left, right) = (
            matches!(align, Align::Left | Align::Centre),
            matches!(align, Align::Right | Align::Centre),
        );
        out.push(if left { ':' } else { '-' });
        out.extend(std::iter::repeat_n('-', *width));
        out.push(if right { ':' } else { '-' });
        out.push('|');
    }
    let lead = lead(text, delimiter, false)?;
    change(text, &mut edits, delimiter.start + lead..delimiter.end, out);
    Some(edits)
}

/// The blanks at the start of a line; the first line starts at the table itself.
fn lead(text: &str, place: &Range<usize>, first: bool) -> Option<usize> {
    let line = text.get(place.clone())?;
    Some(if first {
        0
    } else {
        line.len() - line.trim_start_matches([' ', '\t']).len()
    })
}

fn change(text: &str, edits: &mut Vec<(Range<usize>, String)>, place: Range<usize>, line: String) {
    if text.get(place.clone()) != Some(line.as_str()) {
        edits.push((place, line));
    }
}

fn aligns(line: &str) -> Vec<Align> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let line = line.strip_suffix('|').unwrap_or(line);
    line.split('|')
        .map(
            |cell| match (cell.trim().starts_with(':'), cell.trim().ends_with(':')) {
                (false, false) => Align::Plain,
                (true, false) => Align::Left,
                (false, true) => Align::Right,
                (true, true) => Align::Centre,
            },
        )
        .collect()
}

fn pad(out: &mut String, cell: &str, width: usize, align: Align) {
    let space = width.saturating_sub(cell.width());
    let before = match align {
        Align::Plain | Align::Left => 0,
        Align::Right => space,
        Align::Centre => space / 2,
    };
    out.push(' ');
    out.extend(std::iter::repeat_n(' ', before));
    out.push_str(cell);
    out.extend(std::iter::repeat_n(' ', space - before));
    out.push_str(" |");
}
