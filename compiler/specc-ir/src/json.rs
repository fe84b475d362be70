//! The program as versioned JSON: what `specc ir` prints.

use crate::ir::Ir;
use serde_json::{Value, json};
use specc_syntax::span::Sources;

/// The version of the format.
pub const FORMAT_VERSION: u32 = 1;

/// The program with the files that its spans speak of, in the order of their ids.
/// Positions are bytes, half open; ids are positions in the lists of their kind.
#[must_use]
pub fn to_json(ir: &Ir, sources: &Sources) -> Value {
    let files: Vec<&str> = sources
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    let program = serde_json::to_value(ir).unwrap_or(Value::Null);
    json!({ "format_version": FORMAT_VERSION, "files": files, "program": program })
}

/// The JSON Schema of [`to_json`].
#[must_use]
pub fn schema() -> Value {
    let program = serde_json::to_value(schemars::schema_for!(Ir)).unwrap_or(Value::Null);
    let definitions = program.get("$defs").cloned().unwrap_or_else(|| json!({}));
    let mut program = program;
    if let Some(object) = program.as_object_mut() {
        object.remove("$defs");
        object.remove("$schema");
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "specc program",
        "type": "object",
        "required": ["format_version", "files", "program"],
        "properties": {
            "format_version": { "const": FORMAT_VERSION },
            "files": { "type": "array", "items": { "type": "string" } },
            "program": program,
        },
        "$defs": definitions,
    })
}
