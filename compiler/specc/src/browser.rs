//! The browser that the judge looks at pages with: started where there is one, and gone with what is held here.

use specc_build::browser::{self, Browser};
use specc_build::folder::Folder;
use specc_verify::pages::Ends;
use tempfile::TempDir;

/// A browser under way, with the folder that its profile lies in. The browser ends first.
pub struct Held {
    _browser: Browser,
    _profile: TempDir,
}

/// Starts a browser for the pages of this program: its two ends, or why there are none; it lives as long as what is held.
pub fn start(folder: &Folder, wanted: bool) -> (Option<Held>, Result<Ends, String>) {
    if !wanted {
        return (None, Err("left out by --no-browser".to_owned()));
    }
    match started(folder) {
        Ok((held, ends)) => (Some(held), Ok(ends)),
        Err(why) => (None, Err(why)),
    }
}

fn started(folder: &Folder) -> Result<(Held, Ends), String> {
    let state = folder.state();
    let profile = tempfile::Builder::new()
        .prefix("browser-")
        .tempdir_in(&state)
        .map_err(|error| format!("can't create a folder in {}: {error}", state.display()))?;
    // A path that stays right in whatever folder the browser works.
    let path = std::fs::canonicalize(profile.path())
        .map_err(|error| format!("can't find {}: {error}", profile.path().display()))?;
    let (browser, ends) = browser::start(&path).map_err(|error| error.to_string())?;
    let held = Held {
        _browser: browser,
        _profile: profile,
    };
    let ends = Ends {
        to: Box::new(ends.to),
        from: Box::new(ends.from),
    };
    Ok((held, ends))
}
