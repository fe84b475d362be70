//! What is demanded of every page: no violation that axe-core finds, nothing wider than the window, a silent console.

use super::chrome::{Chrome, Look, Opened};
use serde_json::Value;
use specc_tests::root;
use std::path::PathBuf;
use std::sync::OnceLock;

/// A phone and a desk, by day and by night.
pub const LOOKS: [Look; 4] = [
    Look {
        width: 1280,
        dark: false,
    },
    Look {
        width: 1280,
        dark: true,
    },
    Look {
        width: 360,
        dark: true,
    },
    Look {
        width: 360,
        dark: false,
    },
];

fn axe() -> &'static str {
    static SCRIPT: OnceLock<String> = OnceLock::new();
    SCRIPT.get_or_init(|| {
        let installed = root().join("target/browser/node_modules/axe-core/axe.min.js");
        let file = std::env::var_os("AXE").map_or(installed, PathBuf::from);
        match std::fs::read_to_string(&file) {
            Ok(script) => script,
            Err(error) => panic!(
                "{}: {error}; ./test installs axe-core there, or name its axe.min.js in AXE",
                file.display()
            ),
        }
    })
}

/// All that is wrong with the page, under every look; with axe or without.
pub fn judge(chrome: &mut Chrome, opened: &Opened, axe: bool) -> Vec<String> {
    let mut wrong: Vec<String> = opened
        .errors
        .iter()
        .map(|error| format!("console: {error}"))
        .collect();
    for look in LOOKS {
        chrome.look(look);
        let at = format!(
            "{} px {}",
            look.width,
            if look.dark { "dark" } else { "light" }
        );
        let wide = chrome.value(WIDER).as_array().cloned().unwrap_or_default();
        wrong.extend(wide.iter().map(|what| format!("{at}: too wide: {what}")));
        let found = if axe { violations(chrome) } else { Vec::new() };
        wrong.extend(found.iter().map(|what| format!("{at}: {what}")));
    }
    // Narrow as at 400 % of a desk's width, half of it, wide; and the other way round.
    for (width, direction) in [
        (320, "ltr"),
        (640, "ltr"),
        (1600, "ltr"),
        (360, "rtl"),
        (1280, "rtl"),
    ] {
        chrome.look(Look { width, dark: false });
        chrome.value(&format!("document.documentElement.dir = '{direction}'"));
        let wide = chrome.value(WIDER).as_array().cloned().unwrap_or_default();
        wrong.extend(
            wide.iter()
                .map(|what| format!("{width} px {direction}: too wide: {what}")),
        );
    }
    chrome.value("document.documentElement.removeAttribute('dir')");
    for width in [360, 1280] {
        chrome.look(Look { width, dark: false });
        let out = chrome.value(OPENED).as_array().cloned().unwrap_or_default();
        wrong.extend(
            out.iter()
                .map(|what| format!("{width} px: opens beyond the window: {what}")),
        );
    }
    chrome.look(LOOKS[0]);
    wrong
}

/// What reaches beyond the window, outside of what scrolls by itself.
const WIDER: &str = "(() => {
  const page = document.documentElement;
  if (page.scrollWidth <= page.clientWidth) return [];
  const scrolls = (one) => {
    for (let up = one; up && up !== page; up = up.parentElement) {
      if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(up).overflowX)) return true;
    }
    return false;
  };
  const found = [...document.body.querySelectorAll('*')]
    .filter((one) => {
      const box = one.getBoundingClientRect();
      return (box.right > page.clientWidth + 1 || box.left < -1) && box.width > 1 && !scrolls(one);
    })
    .map((one) => one.outerHTML.slice(0, 120));
  return found.length ? found.slice(0, 3) : ['the page: ' + page.scrollWidth];
})()";

/// What is partly out of sight once it is opened: menus.
const OPENED: &str = "(() => {
  const width = document.documentElement.clientWidth, found = [];
  for (const one of document.querySelectorAll('details:not([open])')) {
    if (!one.getClientRects().length) continue;
    one.open = true;
    for (const part of one.children) {
      const box = part.getBoundingClientRect();
      if (box.width && (box.left < -1 || box.right > width + 1)) found.push(part.outerHTML.slice(0, 120));
    }
    one.open = false;
  }
  return found.slice(0, 3);
})()";

fn violations(chrome: &mut Chrome) -> Vec<String> {
    if chrome.value("typeof axe") != "object" {
        chrome.value(&format!("{};0", axe()));
    }
    let found = chrome.value(
        "axe.run({ resultTypes: ['violations'] }).then((result) => result.violations.map((violation) => ({
           id: violation.id, nodes: violation.nodes.map((node) => node.html.slice(0, 160) + ' ' + node.failureSummary) })))",
    );
    let found: Vec<Value> = found.as_array().cloned().unwrap();
    found
        .iter()
        .map(|violation| {
            format!(
                "{}: {} {}",
                violation["id"],
                violation["nodes"].as_array().map_or(0, Vec::len),
                violation["nodes"][0]
            )
        })
        .collect()
}

/// A page with everything wrong that is demanded here: all of it is found.
pub fn finds_what_is_wrong(chrome: &mut Chrome) {
    let page = "<!DOCTYPE html><html lang=en><title>Wrong</title><meta name=viewport content='width=device-width'>\
        <main><h1>Wrong</h1><details><summary>More</summary><p style='position:absolute;left:-50px'>Out</p></details><img src='data:,'><p style='color:#999;background:#fff'>Pale words</p>\
        <p style='width:1400px'>A long line</p></main><script>console.error('loud'); nothing.here</script>";
    let opened = chrome.open(&format!("data:text/html,{}", page.replace('#', "%23")));
    let wrong = judge(chrome, &opened, true).join("\n");
    for sign in [
        "image-alt",
        "color-contrast",
        "1280 px light: too wide",
        "360 px dark: too wide",
        "360 px: opens beyond the window",
        "loud",
        "nothing is not defined",
    ] {
        assert!(wrong.contains(sign), "{sign} was not found in:\n{wrong}");
    }
    // Its colours follow the scheme: what is wrong by night alone is found as well.
    let night = "<!DOCTYPE html><html lang=en><title>Night</title><meta name=viewport content='width=device-width'>\
        <style>@media (prefers-color-scheme: dark) { body { background: %23000; color: %23333 } }</style>\
        <main><h1>Night</h1><p>Dark words</p></main>";
    let opened = chrome.open(&format!("data:text/html,{night}"));
    let wrong = judge(chrome, &opened, true);
    assert!(
        wrong.len() == 2
            && wrong
                .iter()
                .all(|what| what.contains("dark: \"color-contrast\"")),
        "{wrong:#?}"
    );
}
