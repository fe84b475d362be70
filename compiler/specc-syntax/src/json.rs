//! Problems as data for other tools: JSON, JSON lines and SARIF 2.1.0. Lines and columns count from 1, columns in
//! characters (Unicode code points); an end is the place just past the last character.

#[cfg(test)]
mod tests;

use crate::diagnostic::{Diagnostic, Severity};
use crate::lines::{Lines, in_order};
use crate::names::NAMES;
use crate::span::{Sources, Span};
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Write as _;

#[derive(Serialize)]
struct Region<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Serialize)]
struct Report<'a> {
    name: &'static str,
    severity: Severity,
    message: &'a str,
    #[serde(flatten)]
    region: Region<'a>,
    help: Option<&'a str>,
    labels: Vec<Label<'a>>,
    edit: Option<Edit<'a>>,
}

#[derive(Serialize)]
struct Label<'a> {
    message: &'a str,
    #[serde(flatten)]
    region: Region<'a>,
}

#[derive(Serialize)]
struct Edit<'a> {
    #[serde(flatten)]
    region: Region<'a>,
    text: &'a str,
}

/// One object `{"diagnostics": […]}`, by file and place, identical ones once.
#[must_use]
pub fn diagnostics(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    json!({ "diagnostics": reports(sources, diagnostics) })
}

/// One object per line, each line ended, in the order and shape of [`diagnostics`].
#[must_use]
pub fn lines(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let reports = reports(sources, diagnostics);
    // strings, numbers and lists always serialize
    let line = |report| serde_json::to_string(report).unwrap_or_default() + "\n";
    reports.iter().map(line).collect()
}

fn reports<'a>(sources: &'a Sources, diagnostics: &'a [Diagnostic]) -> Vec<Report<'a>> {
    let lines = Lines::new(sources);
    in_order(diagnostics)
        .into_iter()
        .map(|diagnostic| Report {
            name: diagnostic.name,
            severity: diagnostic.severity,
            message: &diagnostic.message,
            region: region(&lines, diagnostic.span),
            help: diagnostic.help.as_deref(),
            labels: (diagnostic.labels.iter())
                .map(|label| Label {
                    message: &label.message,
                    region: region(&lines, label.span),
                })
                .collect(),
            edit: diagnostic.edit.as_ref().map(|edit| Edit {
                region: region(&lines, edit.span),
                text: &edit.text,
            }),
        })
        .collect()
}

fn region<'a>(lines: &Lines<'a>, span: Span) -> Region<'a> {
    let (start, end) = lines.places(span);
    Region {
        file: lines.path(span.file),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}

/// A SARIF 2.1.0 log with one run of this version of specc; results by file and place, identical ones once.
#[must_use]
pub fn sarif(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    let lines = Lines::new(sources);
    let all = in_order(diagnostics);
    let mut names: Vec<&str> = all.iter().map(|diagnostic| diagnostic.name).collect();
    names.sort_unstable();
    names.dedup();
    let rules: Vec<Value> = names.iter().map(|name| rule(name)).collect();
    let results: Vec<Value> = all
        .iter()
        .map(|diagnostic| {
            let index = names.binary_search(&diagnostic.name).unwrap_or(0);
            result(&lines, diagnostic, index)
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "specc", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(name: &str) -> Value {
    let entry = NAMES.iter().find(|entry| entry.0 == name);
    let (severity, meaning) = entry.map_or((Severity::Error, name), |entry| (entry.1, entry.2));
    json!({
        "id": name,
        "shortDescription": { "text": meaning },
        "help": { "text": format!("specc explain {name}") },
        "defaultConfiguration": { "level": level(severity) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn result(lines: &Lines<'_>, diagnostic: &Diagnostic, index: usize) -> Value {
    let message = match &diagnostic.help {
        Some(help) => format!("{}; {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut out = json!({
        "ruleId": diagnostic.name,
        "ruleIndex": index,
        "level": level(diagnostic.severity),
        "message": { "text": message },
        "locations": [{ "physicalLocation": location(lines, diagnostic.span) }],
    });
    let Some(fields) = out.as_object_mut() else {
        return out;
    };
    if !diagnostic.labels.is_empty() {
        let labels: Vec<Value> = (diagnostic.labels.iter())
            .map(|label| json!({ "physicalLocation": location(lines, label.span), "message": { "text": label.message } }))
            .collect();
        fields.insert("relatedLocations".to_owned(), Value::Array(labels));
    }
    if let Some(edit) = &diagnostic.edit {
        let description = diagnostic.help.as_deref().unwrap_or("change it like this");
        let fix = json!({
            "description": { "text": description },
            "artifactChanges": [{
                "artifactLocation": { "uri": uri(lines.path(edit.span.file)) },
                "replacements": [{ "deletedRegion": sarif_region(lines, edit.span), "insertedContent": { "text": edit.text } }],
            }],
        });
        fields.insert("fixes".to_owned(), json!([fix]));
    }
    out
}

fn location(lines: &Lines<'_>, span: Span) -> Value {
    json!({ "artifactLocation": { "uri": uri(lines.path(span.file)) }, "region": sarif_region(lines, span) })
}

fn sarif_region(lines: &Lines<'_>, span: Span) -> Value {
    let (start, end) = lines.places(span);
    json!({ "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column })
}

/// A relative path as a URI reference (RFC 3986).
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            _ => {
                // writing to a string does not fail
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
