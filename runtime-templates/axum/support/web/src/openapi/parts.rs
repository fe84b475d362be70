//! What descriptions of operations are put together from.

use serde_json::{Map, Value, json};

pub(super) fn common_schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    schemas.insert(
        "Problem".to_owned(),
        json!({
            "type": "object",
            "description": "Problem details (RFC 9457).",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": { "type": "string" },
                "title": { "type": "string" },
                "status": { "type": "integer" },
                "detail": { "type": "string" },
                "errors": { "type": "array", "items": { "$ref": "#/components/schemas/FieldError" } },
            },
        }),
    );
    schemas.insert(
        "FieldError".to_owned(),
        json!({
            "type": "object",
            "required": ["field", "rule", "message"],
            "properties": {
                "field": { "type": "string", "description": "Empty for the whole row." },
                "rule": { "type": "string", "description": "The id of the rule that refused." },
                "message": { "type": "string" },
            },
        }),
    );
    schemas.insert(
        "Person".to_owned(),
        json!({
            "type": "object",
            "required": ["id", "name", "email", "roles"],
            "properties": {
                "id": { "type": "integer", "format": "int64" },
                "name": { "type": ["string", "null"] },
                "email": { "type": ["string", "null"], "format": "email" },
                "roles": { "type": "array", "items": { "type": "string" } },
            },
        }),
    );
    schemas.insert(
        "HistoryEntry".to_owned(),
        json!({
            "type": "object",
            "required": ["at", "what"],
            "properties": {
                "at": { "type": "string", "format": "date-time" },
                "user": { "type": ["integer", "null"], "format": "int64" },
                "who": { "type": ["string", "null"] },
                "what": { "type": "string" },
                "fields": { "type": "array", "items": { "type": "string" }, "description": "What changed." },
            },
        }),
    );
    schemas
}

pub(super) const REFUSALS: &[(&str, &str, &str)] = &[
    ("400", "BadRequest", "What was sent can't be read."),
    ("401", "Unauthenticated", "Nobody is signed in."),
    ("403", "Forbidden", "The caller may not do this."),
    (
        "404",
        "NotFound",
        "There is no such row, or the caller may not read it.",
    ),
    ("409", "Conflict", "Not now: a requirement does not hold."),
    ("412", "Stale", "The row changed since it was read."),
    ("413", "TooLarge", "The body is too large."),
    ("415", "WrongType", "The body is not JSON."),
    (
        "422",
        "Invalid",
        "Some fields do not fit; all of them are listed.",
    ),
    ("429", "TooMany", "Too many attempts."),
];

pub(super) fn common_responses() -> Value {
    let mut all = Map::new();
    for (status, name, description) in REFUSALS {
        let mut response = json!({
            "description": description,
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
        if *status == "429" {
            let header = json!({ "Retry-After": { "schema": { "type": "integer" }, "description": "Seconds." } });
            set(&mut response, "headers", header);
        }
        all.insert((*name).to_owned(), response);
    }
    Value::Object(all)
}

pub(super) fn operation(id: &str, summary: &str, description: &str, tag: &str) -> Value {
    let mut operation = json!({ "operationId": id, "summary": summary, "tags": [tag] });
    if !description.is_empty() {
        set(&mut operation, "description", json!(description));
    }
    operation
}

pub(super) fn responses(operation: &mut Value, good: &[(&str, Value)], bad: &[&str]) {
    let mut all = Map::new();
    for (status, response) in good {
        all.insert((*status).to_owned(), response.clone());
    }
    // Whatever takes a body can get one that is none.
    let takes_body = operation.get("requestBody").is_some();
    let unreadable: &[&str] = if takes_body {
        &["400", "413", "415"]
    } else {
        &[]
    };
    for status in bad.iter().chain(unreadable) {
        if let Some((_, name, _)) = REFUSALS.iter().find(|(known, ..)| known == status) {
            all.insert(
                (*status).to_owned(),
                json!({ "$ref": format!("#/components/responses/{name}") }),
            );
        }
    }
    set(operation, "responses", Value::Object(all));
}

pub(super) fn json_answer(description: &str, schema: &Value, tagged: bool) -> Value {
    let mut answer = json!({ "description": description, "content": { "application/json": { "schema": schema } } });
    if tagged {
        set(
            &mut answer,
            "headers",
            json!({ "ETag": { "schema": { "type": "string" }, "description": "The row's version." } }),
        );
    }
    answer
}

pub(super) fn empty(description: &str) -> Value {
    json!({ "description": description })
}

pub(super) fn body(schema: Value) -> Value {
    json!({ "required": true, "content": { "application/json": { "schema": schema } } })
}

pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The row in an address; `named`: by an identifier of its own.
pub(super) fn id_parameter(named: bool) -> Value {
    let schema = if named {
        json!({ "type": "string" })
    } else {
        json!({ "type": "integer", "format": "int64", "minimum": 1 })
    };
    json!({ "name": "id", "in": "path", "required": true, "schema": schema })
}

pub(super) fn if_match() -> Value {
    json!({ "name": "If-Match", "in": "header", "required": false, "schema": { "type": "string" }, "description": "The ETag of the row as it was read." })
}

pub(super) fn set(value: &mut Value, key: &str, to: Value) {
    if let Some(object) = value.as_object_mut() {
        object.insert(key.to_owned(), to);
    }
}

pub(super) fn operation_id(verb: &str, slug: &str) -> String {
    format!("{verb}_{}", word(slug))
}

pub(super) fn word(slug: &str) -> String {
    slug.replace('-', "_")
}

pub(super) fn lower(name: &str) -> String {
    name.to_lowercase()
}
