//! A run as SARIF 2.1.0, for code review: what failed is an error at its sentence, what was not exercised a note.

use super::{Outcome, Place, Report};
use serde_json::{Value as Json, json};

/// The log, with one run.
#[must_use]
pub fn sarif(report: &Report) -> Json {
    let told = report
        .results
        .iter()
        .filter(|outcome| outcome.verdict != "held");
    let mut rules: Vec<&str> = told.clone().map(|outcome| outcome.class.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    let results: Vec<Json> = told
        .map(|outcome| {
            result(
                outcome,
                rules.binary_search(&outcome.class.as_str()).unwrap_or(0),
            )
        })
        .collect();
    let rules: Vec<Json> = rules
        .iter()
        .map(|class| {
            json!({
                "id": class,
                "shortDescription": { "text": format!("the app does what the spec says ({class})") },
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "specc verify",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(outcome: &Outcome, rule: usize) -> Json {
    let level = if outcome.verdict == "not exercised" {
        "note"
    } else {
        "error"
    };
    let text = if outcome.verdict == "not exercised" {
        format!("not exercised: {}", outcome.what)
    } else {
        super::told(outcome)
    };
    let mut out = json!({
        "ruleId": outcome.class,
        "ruleIndex": rule,
        "level": level,
        "message": { "text": text },
        "partialFingerprints": { "obligation/v1": outcome.id },
    });
    if let (Some(place), Json::Object(out)) = (&outcome.sentence, &mut out) {
        out.insert("locations".to_owned(), json!([location(place)]));
    }
    out
}

fn location(place: &Place) -> Json {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": address(&place.file) },
        "region": { "startLine": place.line },
    } })
}

/// A path as an address.
fn address(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
