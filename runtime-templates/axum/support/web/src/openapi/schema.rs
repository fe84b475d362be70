//! Fields, inputs and rows as JSON Schema.

use super::parts::{lower, set};
use engine::check::SHORTEST_PASSWORD;
use engine::def::{App, Entity, Field, FieldDefault, Input};
use kernel::kind::Kind;
use serde_json::{Map, Value, json};

pub(super) fn entity_schemas(
    app: &'static App,
    entity: &'static Entity,
    schemas: &mut Map<String, Value>,
) {
    let name = schema_name(entity);
    let mut row = Map::new();
    row.insert("id".to_owned(), id_schema(entity));
    let mut create = Map::new();
    let mut change = Map::new();
    let mut required = Vec::new();
    for field in entity.fields {
        let readable =
            !field.private && field.name != "id" && !matches!(field.kind, Kind::Password);
        if readable {
            row.insert(
                field.name.to_owned(),
                described(app, field, schema(app, &field.kind, false), true),
            );
        }
        let closed = field.read_only || field.computed || field.lifecycle;
        if closed {
            continue;
        }
        let needed = field.required && matches!(field.default, FieldDefault::None);
        if needed && !matches!(field.kind, Kind::Slug(_)) {
            required.push(field.name);
        }
        create.insert(field.name.to_owned(), constrained(app, field, !needed));
        if !field.fixed {
            change.insert(
                field.name.to_owned(),
                constrained(app, field, !field.required),
            );
        }
    }
    for stamp in ["created", "updated"] {
        row.insert(
            stamp.to_owned(),
            json!({ "type": "string", "format": "date-time" }),
        );
    }
    row.insert(
        "version".to_owned(),
        json!({ "type": "integer", "format": "int64" }),
    );
    change.insert(
        "version".to_owned(),
        json!({ "type": "integer", "description": "Refused with 412 if the row has another." }),
    );
    schemas.insert(
        name.clone(),
        json!({
            "type": "object",
            "description": format!("{}\n\nFields that the caller may not read are left out.", entity.about).trim(),
            "required": ["id", "created", "updated", "version"],
            "properties": row,
        }),
    );
    schemas.insert(
        format!("{name}New"),
        json!({ "type": "object", "required": required, "properties": create, "additionalProperties": false }),
    );
    schemas.insert(
        format!("{name}Change"),
        json!({ "type": "object", "properties": change }),
    );
    schemas.insert(
        format!("{name}List"),
        json!({
            "type": "object",
            "required": ["items", "page", "per_page", "total"],
            "properties": {
                "items": { "type": "array", "items": { "$ref": format!("#/components/schemas/{name}") } },
                "page": { "type": "integer" },
                "per_page": { "type": "integer" },
                "total": { "type": "integer" },
                "next": { "type": ["string", "null"], "description": "Send as `after` for the rows that follow." },
            },
        }),
    );
}

pub(super) fn inputs_schema(app: &App, inputs: &'static [Input]) -> Value {
    let mut properties = Map::new();
    for input in inputs {
        let mut value = constrained(app, &input.as_field(), !input.required);
        if let (true, Some(value)) = (input.as_typed, value.as_object_mut()) {
            value.insert("format".to_owned(), json!("password"));
        }
        properties.insert(input.name.to_owned(), value);
    }
    let required: Vec<&str> = inputs
        .iter()
        .filter(|input| input.required)
        .map(|input| input.name)
        .collect();
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

/// What the outside calls rows of an entity.
pub(super) fn id_schema(entity: &Entity) -> Value {
    match entity.named_by() {
        Some(_) => json!({ "type": "string" }),
        None => json!({ "type": "integer", "format": "int64" }),
    }
}

/// A field as it is sent: with what it must be.
pub(super) fn constrained(app: &App, field: &Field, may_be_empty: bool) -> Value {
    let mut value = schema(app, &field.kind, true);
    let list = matches!(field.kind, Kind::TextList | Kind::Many(..) | Kind::List(_));
    let (least, most) = if list {
        ("minItems", "maxItems")
    } else {
        ("minLength", "maxLength")
    };
    if let Some(length) = field.length.0 {
        set(&mut value, least, json!(length));
    }
    if let Some(length) = field.length.1 {
        set(&mut value, most, json!(length));
    }
    if matches!(field.kind, Kind::Integer) {
        if let Some(bound) = field.bounds.0 {
            set(&mut value, "minimum", json!(bound));
        }
        if let Some(bound) = field.bounds.1 {
            set(&mut value, "maximum", json!(bound));
        }
    }
    if let Some(pattern) = field.pattern {
        set(&mut value, "pattern", json!(format!("^(?:{pattern})$")));
    }
    described(app, field, value, may_be_empty)
}

pub(super) fn described(_app: &App, field: &Field, value: Value, may_be_empty: bool) -> Value {
    let mut value = if may_be_empty { nullable(value) } else { value };
    set(&mut value, "title", json!(field.label));
    if !field.about.is_empty() {
        set(&mut value, "description", json!(field.about));
    }
    value
}

pub(super) fn nullable(mut value: Value) -> Value {
    let Some(object) = value.as_object_mut() else {
        return value;
    };
    match object.get("type").cloned() {
        Some(Value::String(name)) => {
            object.insert("type".to_owned(), json!([name, "null"]));
        }
        Some(Value::Array(mut names)) if !names.iter().any(|name| name == "null") => {
            names.push(json!("null"));
            object.insert("type".to_owned(), Value::Array(names));
        }
        _ => {}
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.push(Value::Null);
    }
    value
}

/// A kind; `sent`: as a client may send it.
pub(super) fn schema(app: &App, kind: &Kind, sent: bool) -> Value {
    let number_text = |places: u32| {
        let pattern = if places == 0 {
            "^-?[0-9]+$".to_owned()
        } else {
            format!("^-?[0-9]+(\\.[0-9]{{1,{places}}})?$")
        };
        if sent {
            json!({ "type": ["string", "number"], "pattern": pattern })
        } else {
            json!({ "type": "string", "pattern": pattern })
        }
    };
    match kind {
        Kind::Text | Kind::LongText | Kind::Slug(_) | Kind::Secret => json!({ "type": "string" }),
        Kind::Markdown => json!({ "type": "string", "contentMediaType": "text/markdown" }),
        Kind::Password if sent => {
            json!({ "type": "string", "format": "password", "writeOnly": true, "minLength": SHORTEST_PASSWORD })
        }
        Kind::Password => json!({ "type": "string", "format": "password" }),
        Kind::Email => json!({ "type": "string", "format": "email" }),
        Kind::Url => json!({ "type": "string", "format": "uri" }),
        Kind::Integer => json!({ "type": "integer", "format": "int64" }),
        Kind::Decimal(places) => number_text(u32::from(*places)),
        Kind::Money => number_text(u32::from(app.currency_digits)),
        Kind::Percent => number_text(4),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Date => json!({ "type": "string", "format": "date" }),
        Kind::Time => {
            json!({ "type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,3})?)?$" })
        }
        Kind::Timestamp => json!({ "type": "string", "format": "date-time" }),
        Kind::Duration => json!({ "type": "string", "format": "duration" }),
        Kind::Choice(choices) => {
            let values: Vec<&str> = choices.iter().map(|choice| choice.value).collect();
            json!({ "type": "string", "enum": values })
        }
        Kind::Reference(entity) => {
            let Some(of) = app.entities.get(*entity).copied() else {
                return json!({});
            };
            let mut value = id_schema(of);
            set(
                &mut value,
                "description",
                json!(format!("The id of a {}.", lower(of.name))),
            );
            value
        }
        Kind::List(item) => {
            json!({ "type": "array", "items": schema(app, item, false) })
        }
        Kind::TextList => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Many(entity, _) => {
            let items = app
                .entities
                .get(*entity)
                .map_or_else(|| json!({}), |of| id_schema(of));
            json!({ "type": "array", "items": items, "uniqueItems": true })
        }
        Kind::Json => json!({}),
    }
}

/// `Purchase request` → `PurchaseRequest`; a name without plain letters is known by its position.
pub(super) fn schema_name(entity: &Entity) -> String {
    let mut name = String::new();
    for piece in entity
        .name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|piece| !piece.is_empty())
    {
        let mut letters = piece.chars();
        if let Some(first) = letters.next() {
            name.push(first.to_ascii_uppercase());
            name.push_str(letters.as_str());
        }
    }
    let taken = ["Problem", "FieldError", "Person", "HistoryEntry"].contains(&name.as_str());
    if !entity.name.is_ascii() || name.is_empty() || taken {
        format!("{name}Entity{}", entity.index)
    } else {
        name
    }
}
