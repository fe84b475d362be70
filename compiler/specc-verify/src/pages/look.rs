//! A page as people see it and programs for them: painted controls, names, width, and what every page must have.

use super::chrome::{Chrome, Trouble};
use crate::app::Page;
use crate::doors::ledger::Seen;
use serde_json::{Value as Json, json};

const SCRIPT: &str = include_str!("page.js");
/// A phone and a desk, in CSS pixels.
pub const PHONE: u32 = 390;
/// The other one.
pub const DESK: u32 = 1280;
/// What people act on, as browsers tell it to screen readers.
const ROLES: [&str; 21] = [
    "button",
    "link",
    "textbox",
    "searchbox",
    "combobox",
    "listbox",
    "checkbox",
    "radio",
    "switch",
    "slider",
    "spinbutton",
    "menuitem",
    "tab",
    "Date",
    "DateTime",
    "InputTime",
    "ColorWell",
    "DisclosureTriangle",
    "PopUpButton",
    "ComboBoxSelect",
    "ComboBoxMenuButton",
];

/// A page with where its painted links lead.
pub struct Snapshot {
    /// As somebody sees it: what is not painted is not in its text.
    pub page: Page,
    /// Paths with their queries.
    pub links: Vec<String>,
    /// What is wrong beside what it shows.
    pub wrong: Vec<String>,
}

/// Asks the page.
pub fn ask(chrome: &mut Chrome, what: &str, given: &Json) -> Result<Json, Trouble> {
    chrome.value(&format!("({SCRIPT})({}, {given})", json!(what)))
}

/// The page that is there, as it is painted.
pub fn snapshot(chrome: &mut Chrome) -> Result<Snapshot, Trouble> {
    let found = ask(chrome, "snapshot", &Json::Null)?;
    let came = chrome.came()?;
    let links = found.get("links").and_then(Json::as_array);
    let links = links.into_iter().flatten().filter_map(Json::as_str);
    let html = found.get("html").and_then(Json::as_str).unwrap_or_default();
    let mut headers = Vec::new();
    if let Some(location) = came.location {
        headers.push(("location".to_owned(), location));
    }
    Ok(Snapshot {
        page: Page {
            status: came.first,
            headers,
            text: html.to_owned(),
        },
        links: links.map(str::to_owned).collect(),
        wrong: came.wrong,
    })
}

/// A point in the window.
pub fn point(json: &Json) -> Option<(f64, f64)> {
    let at = |place: &str| json.pointer(place).and_then(Json::as_f64);
    Some((at("/0")?, at("/1")?))
}

/// What every page is held to: a name for the demand, and what was seen.
pub fn judge(chrome: &mut Chrome) -> Result<Vec<(&'static str, Seen)>, Trouble> {
    let width = chrome.width();
    let mut found = Vec::new();
    let mut wide = Ok(format!("nothing reaches beyond {PHONE} or {DESK} px"));
    for other in [if width == DESK { PHONE } else { DESK }, width] {
        chrome.look(other)?;
        let frame = ask(chrome, "frame", &Json::Null)?;
        if other == width {
            found.push(("frame", framed(&frame)));
        }
        if let Some(reaches) = frame
            .get("wide")
            .and_then(Json::as_u64)
            .filter(|wide| *wide > 0)
        {
            let what = frame.get("widest").and_then(Json::as_str).unwrap_or("");
            wide = Err(format!(
                "in a window of {other} px the page is {reaches} px wide: {what}"
            ));
        }
    }
    found.push(("fits", wide));
    found.push(("names", named(chrome)?));
    let wrong = chrome.came()?.wrong;
    found.push((
        "clean",
        match wrong.first() {
            None => Ok("no error, nothing missing, nothing from elsewhere".to_owned()),
            Some(first) => Err(first.clone()),
        },
    ));
    Ok(found)
}

fn framed(frame: &Json) -> Seen {
    let text = |name: &str| frame.get(name).and_then(Json::as_str).unwrap_or_default();
    let number = |name: &str| frame.get(name).and_then(Json::as_u64).unwrap_or_default();
    if text("title").is_empty() {
        return Err("the page has no title".to_owned());
    }
    if text("lang").is_empty() {
        return Err("the page does not say in which language it is".to_owned());
    }
    match (number("mains"), number("heads")) {
        (1, 1) => Ok("a title, a language, one main part, one main heading".to_owned()),
        (1, heads) => Err(format!("the page has {heads} main headings")),
        (mains, _) => Err(format!("the page has {mains} main parts")),
    }
}

/// Everything that people act on has a name for those who don't see it.
fn named(chrome: &mut Chrome) -> Result<Seen, Trouble> {
    let tree = chrome.call("Accessibility.getFullAXTree", json!({}))?;
    let nodes = tree.get("nodes").and_then(Json::as_array);
    let mut number = 0;
    for node in nodes.into_iter().flatten() {
        let text = |pointer: &str| {
            node.pointer(pointer)
                .and_then(Json::as_str)
                .unwrap_or_default()
        };
        let role = text("/role/value");
        if node.get("ignored") == Some(&json!(true)) || !ROLES.contains(&role) {
            continue;
        }
        number += 1;
        if text("/name/value").trim().is_empty() {
            let id = node.get("backendDOMNodeId").cloned().unwrap_or_default();
            let html = chrome.call("DOM.getOuterHTML", json!({ "backendNodeId": id }));
            let html = html.ok().and_then(|html| {
                let html = html.get("outerHTML").and_then(Json::as_str)?;
                Some(html.chars().take(160).collect::<String>())
            });
            let html = html.unwrap_or_default();
            return Ok(Err(format!("a {role} has no name: {html}")));
        }
    }
    Ok(Ok(format!("{number} things to act on, each with a name")))
}
