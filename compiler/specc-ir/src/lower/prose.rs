//! Sentences in prose that read like requirements: they have no code, so nothing proves them.

use super::keyword;
use crate::ir::Sentence;
use specc_syntax::names::fold_name;
use specc_syntax::span::Span;
use specc_syntax::tree::{Block, Line, Section, Tree};
use std::collections::HashSet;

const WORDS: &[&str] = &["must", "only", "never"];

/// The sentences with `must`, `only` or `never` in paragraphs and prose items, in source order.
pub(super) fn unproven(trees: &[Tree]) -> Vec<Sentence> {
    let mut out = Vec::new();
    let mut proven = HashSet::new();
    for tree in trees {
        tree.sections
            .iter()
            .for_each(|section| proves(section, &mut proven));
    }
    for tree in trees {
        tree.preamble
            .iter()
            .for_each(|found| block(found, true, &mut out));
        tree.sections
            .iter()
            .for_each(|found| section(found, &proven, &mut out));
    }
    out
}

/// The ids that scenarios prove.
fn proves(section: &Section, out: &mut HashSet<String>) {
    for item in section.items() {
        if let Some((key, value)) = item.key_value()
            && fold_name(&key.text) == "proves"
        {
            out.extend(
                value
                    .plain()
                    .split([',', ' '])
                    .filter_map(|id| id.strip_prefix('#'))
                    .map(fold_name),
            );
        }
    }
    section.sections.iter().for_each(|below| proves(below, out));
}

fn section(found: &Section, proven: &HashSet<String>, out: &mut Vec<Sentence>) {
    let is_proven = found
        .heading
        .id
        .as_ref()
        .is_some_and(|id| proven.contains(&fold_name(&id.text)));
    if !is_proven {
        let formal = keyword::find(&found.word().text).is_some() && !found.heading.prose;
        found
            .blocks
            .iter()
            .for_each(|found| block(found, !formal, out));
    }
    found
        .sections
        .iter()
        .for_each(|below| section(below, proven, out));
}

fn block(found: &Block, items: bool, out: &mut Vec<Sentence>) {
    match found {
        Block::Paragraph(found) => line(found, out),
        Block::List(list) if items => {
            for item in &list.items {
                line(&item.line, out);
                item.blocks
                    .iter()
                    .for_each(|below| block(below, items, out));
            }
        }
        _ => {}
    }
}

fn line(found: &Line, out: &mut Vec<Sentence>) {
    let joined = found.joined();
    let mut start = 0;
    let ends = joined
        .match_indices(['.', '!', '?'])
        .map(|(at, mark)| at + mark.len());
    for end in ends.chain([joined.len()]) {
        let stops = joined
            .get(end..)
            .is_none_or(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        if !stops || end <= start {
            continue;
        }
        let text = joined.get(start..end).unwrap_or("");
        let asks = text
            .split(|letter: char| !letter.is_alphanumeric())
            .any(|word| WORDS.contains(&word.to_lowercase().as_str()));
        if asks {
            let part = found.slice(start, end);
            let span = Span {
                file: found.span.file,
                ..part.span
            };
            out.push(Sentence {
                text: part.plain(),
                span,
            });
        }
        start = end;
    }
}
