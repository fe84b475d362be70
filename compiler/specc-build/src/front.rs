//! The pure stages over a folder: read, parse, lower.

use crate::error::BuildError;
use crate::folder::{self, Folder};
use rayon::prelude::*;
use specc_ir::ir::Ir;
use specc_syntax::diagnostic::{Diagnostic, Severity};
use specc_syntax::span::{FileId, Sources};
use std::time::{Duration, Instant};

/// A checked program.
#[derive(Debug)]
pub struct Checked {
    /// The spec's files.
    pub sources: Sources,
    /// What they mean, as far as they could be understood.
    pub ir: Ir,
    /// Every problem, in the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    /// How long it took.
    pub took: Duration,
}

impl Checked {
    /// How many problems forbid a build.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.diagnostics
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            .count()
    }
}

/// Reads and checks the program. Mistakes in the spec are in the result.
///
/// # Errors
/// Where there is no spec to read.
pub fn check(folder: &Folder) -> Result<Checked, BuildError> {
    let start = Instant::now();
    let (sources, mut diagnostics) = folder::read(folder)?;
    let parsed: Vec<_> = sources
        .files
        .par_iter()
        .enumerate()
        .map(|(index, file)| {
            specc_syntax::parse(FileId(u32::try_from(index).unwrap_or(u32::MAX)), &file.text)
        })
        .collect();
    let mut trees = Vec::with_capacity(parsed.len());
    for (tree, problems) in parsed {
        trees.push(tree);
        diagnostics.extend(problems);
    }
    let (ir, problems) = specc_ir::lower::lower(&trees, &sources);
    diagnostics.extend(problems);
    diagnostics.sort_by(|a, b| (a.span, a.name, &a.message).cmp(&(b.span, b.name, &b.message)));
    diagnostics.dedup();
    Ok(Checked {
        sources,
        ir,
        diagnostics,
        took: start.elapsed(),
    })
}
