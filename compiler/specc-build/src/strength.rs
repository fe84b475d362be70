//! An app with its mutants, for the judge's own proof: written and compiled beside the app, in the folder of the build's
//! state, so that nothing of it is part of what is served.

use crate::cargo;
use crate::event::Event;
use crate::files;
use crate::folder::Folder;
use crate::front::Checked;
use crate::lock;
use crate::pipeline::{Stop, refused, to_write};
use specc_ir::ir::Ir;
use std::path::PathBuf;

/// An app that can be each of its mutants.
#[derive(Debug)]
pub struct Switched {
    /// Its binary.
    pub binary: PathBuf,
    /// Mutants, by position, that come to the very same code as the program.
    pub same: Vec<usize>,
    /// Mutants, by position, that can't be switched to, with the reason.
    pub unfit: Vec<(usize, String)>,
}

pub use specc_codegen::switched::VARIABLE;

/// Builds the app of a checked program with these mutants in it. [`VARIABLE`] says which one runs, by its position
/// from 1; without it the program itself does.
///
/// # Errors
/// What stops any build.
pub fn build(
    folder: &Folder,
    checked: &Checked,
    mutants: &[Ir],
    report: &mut dyn FnMut(Event),
) -> Result<Switched, Stop> {
    let switched = specc_codegen::switched::switched(&checked.ir, &checked.sources, mutants)
        .map_err(|reasons| Stop::Failed(refused(reasons)))?;
    let files = to_write(switched.files);
    let _lock = lock::take(folder, || report(Event::WaitingForLock))?;
    let source = folder.state().join("strength");
    files::write(&source, &files, Some(&folder.state().join("replaced")))?;
    let target = cargo::target_directory(&folder.state());
    let produced = cargo::build(&source, &target, cargo::Kind::Verification, report)?;
    let kept = folder.state().join("bin").join("app-strength");
    crate::pipeline::keep(&produced, &kept)?;
    Ok(Switched {
        binary: kept,
        same: switched.same,
        unfit: switched.unfit,
    })
}
