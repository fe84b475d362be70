//! Whether two trees mean the same: everything but where it stands.

use crate::tree::{Block, Heading, Item, Line, Piece, Section, Text, Tree};

/// The two trees are equal but for their spans (and the file they came from).
#[must_use]
pub fn same_tree(a: &Tree, b: &Tree) -> bool {
    all(&a.front_matter, &b.front_matter, |a, b| {
        text(&a.key, &b.key) && text(&a.value, &b.value)
    }) && all(&a.preamble, &b.preamble, block)
        && all(&a.sections, &b.sections, section)
        && all(&a.notes, &b.notes, |a, b| {
            text(&a.text, &b.text) && a.id == b.id
        })
}

fn all<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn text(a: &Text, b: &Text) -> bool {
    a.text == b.text
}

fn option(a: Option<&Text>, b: Option<&Text>) -> bool {
    a.map(|text| &text.text) == b.map(|text| &text.text)
}

fn section(a: &Section, b: &Section) -> bool {
    a.level == b.level
        && heading(&a.heading, &b.heading)
        && all(&a.blocks, &b.blocks, block)
        && all(&a.sections, &b.sections, section)
}

fn heading(a: &Heading, b: &Heading) -> bool {
    text(&a.text, &b.text)
        && option(a.keyword.as_ref(), b.keyword.as_ref())
        && option(a.name.as_ref(), b.name.as_ref())
        && option(a.id.as_ref(), b.id.as_ref())
        && a.prose == b.prose
}

fn block(a: &Block, b: &Block) -> bool {
    match (a, b) {
        (Block::Paragraph(a), Block::Paragraph(b)) => line(a, b),
        (Block::Table(a), Block::Table(b)) => {
            all(&a.columns, &b.columns, line)
                && all(&a.rows, &b.rows, |a, b| all(&a.cells, &b.cells, line))
        }
        (Block::List(a), Block::List(b)) => all(&a.items, &b.items, item),
        (Block::Code(a), Block::Code(b)) => a.info == b.info && a.text == b.text,
        (Block::Other(a), Block::Other(b)) => text(a, b),
        _ => false,
    }
}

fn item(a: &Item, b: &Item) -> bool {
    line(&a.line, &b.line) && all(&a.blocks, &b.blocks, block)
}

fn line(a: &Line, b: &Line) -> bool {
    all(&a.pieces, &b.pieces, |a, b| match (a, b) {
        (
            Piece::Text {
                text: a,
                strong: bold,
                ..
            },
            Piece::Text {
                text: b, strong, ..
            },
        ) => a == b && bold == strong,
        (Piece::Code(a), Piece::Code(b)) => a.text == b.text,
        _ => false,
    })
}
