//! `specc verify --strength`: the app with its mutants, each served alone, and what the judge saw of them.

use crate::show::Show;
use specc_build::app::{listen, start_with};
use specc_build::folder::Folder;
use specc_build::front::Checked;
use specc_build::pipeline::Stop;
use specc_build::sandbox::Sandbox;
use specc_build::{BuildError, Event, strength as build};
use specc_syntax::span::Sources;
use specc_verify::app::App;
use specc_verify::judge::{Options, Record};
use specc_verify::report::line_of;
use specc_verify::strength::{Fate, Made, Running, Strength, Tried, programs, strength};
use std::collections::BTreeMap;
use std::path::Path;

/// What is shown of the mutants that survived.
const MOST: usize = 20;

/// Builds the mutants, serves each and does to it what told it from the program.
pub fn proof(
    show: &mut Show,
    folder: &Folder,
    checked: &Checked,
    options: Options,
    records: &[Record],
) -> Result<Vec<Tried>, Stop> {
    let mutants = programs(&checked.ir);
    let switched = build::build(folder, checked, &mutants, &mut |event: Event| {
        show.event(&event);
    });
    show.end_progress();
    let switched = switched?;
    let state = folder.state();
    let data = tempfile::Builder::new()
        .prefix("strength-")
        .tempdir_in(&state)
        .map_err(BuildError::io("create a folder in", &state))?;
    let made = Made {
        same: switched.same,
        unfit: switched.unfit,
    };
    let sandbox = Sandbox::of_this_binary();
    let serve = |at: usize| served(&switched.binary, data.path(), sandbox.as_ref(), at);
    Ok(strength(&checked.ir, options, &made, records, &serve))
}

fn served(
    binary: &Path,
    data: &Path,
    sandbox: Option<&Sandbox>,
    at: usize,
) -> Result<Running, String> {
    let words = |error: BuildError| error.to_string();
    let folder = tempfile::tempdir_in(data).map_err(|error| error.to_string())?;
    let listener = listen(Some(0)).map_err(words)?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let number = (at + 1).to_string();
    let variables = [(build::VARIABLE, number.as_str())];
    let process =
        start_with(binary, &listener, folder.path(), sandbox, &variables).map_err(words)?;
    let app = App::at(format!("http://{address}")).map_err(|error| error.to_string())?;
    Ok(Running {
        app,
        process: Box::new((process, listener, folder)),
    })
}

/// The mutants that survived, and the table by class.
pub fn table(tried: &[Tried], sources: &Sources) -> String {
    let mut text = String::new();
    let survived: Vec<&Tried> = tried
        .iter()
        .filter(|one| one.fate == Fate::Survived)
        .collect();
    for one in survived.iter().take(MOST) {
        text.push_str(&format!(
            "survived  {}  {}  [{}]\n    {}\n",
            line_of(one.span, sources),
            one.what,
            one.id,
            one.why
        ));
    }
    if survived.len() > MOST {
        text.push_str(&format!(
            "… and {} more that survived; --format json lists all\n",
            survived.len() - MOST
        ));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let mut classes: BTreeMap<&str, Vec<&Tried>> = BTreeMap::new();
    for one in tried {
        classes.entry(one.class).or_default().push(one);
    }
    text.push_str(&format!(
        "{:<16}{:>12}{:>8}{:>10}{:>13}\n",
        "mutants", "made", "caught", "survived", "equivalent"
    ));
    let rows = classes
        .into_iter()
        .map(|(class, members)| (class, Strength::of(members)))
        .chain([("all", Strength::of(tried))]);
    for (class, strength) in rows {
        text.push_str(&format!(
            "{class:<16}{:>12}{:>8}{:>10}{:>13}\n",
            strength.made, strength.caught, strength.survived, strength.equivalent
        ));
    }
    text
}
