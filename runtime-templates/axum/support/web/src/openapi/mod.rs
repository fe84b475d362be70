//! The JSON interface described as OpenAPI 3.1, from the app's own description.

mod accounts;
mod parts;
mod schema;

use accounts::account_paths;
use engine::def::{Answer, App, Entity, Input};
use kernel::kind::Kind;
use parts::{
    body, common_responses, common_schemas, empty, id_parameter, if_match, json_answer, lower,
    operation, operation_id, reference, responses, set, word,
};
use schema::{entity_schemas, inputs_schema, nullable, schema, schema_name};
use serde_json::{Map, Value, json};

/// The document as bytes.
#[must_use]
pub fn bytes(app: &'static App) -> Vec<u8> {
    document(app).to_string().into_bytes()
}

/// The document.
#[must_use]
pub fn document(app: &'static App) -> Value {
    let mut schemas = common_schemas();
    let mut paths = account_paths(app);
    for entity in app.entities {
        entity_schemas(app, entity, &mut schemas);
        entity_paths(app, entity, &mut paths);
    }
    for action in app.actions {
        let mut operation = operation(
            &operation_id("do", action.slug),
            action.name,
            action.about,
            "actions",
        );
        if !action.inputs.is_empty() {
            set(
                &mut operation,
                "requestBody",
                body(inputs_schema(app, action.inputs)),
            );
        }
        let done = if action.answer.is_special() {
            (
                "200",
                json_answer(
                    "What it answers.",
                    &answer_schema(app, &action.answer),
                    false,
                ),
            )
        } else {
            ("204", empty("Done."))
        };
        responses(
            &mut operation,
            &[done],
            &["400", "401", "403", "409", "413", "415", "422"],
        );
        let usual = format!("/{}", action.slug);
        paths.insert(
            format!(
                "/api{}",
                if action.path.is_empty() {
                    &usual
                } else {
                    action.path
                }
            ),
            json!({ "post": operation }),
        );
    }
    let tags: Vec<Value> = app
        .entities
        .iter()
        .map(|entity| json!({ "name": entity.slug, "description": entity.about }))
        .chain([
            json!({ "name": "accounts", "description": "Who people are and how they prove it." }),
        ])
        .chain(
            (!app.actions.is_empty())
                .then(|| json!({ "name": "actions", "description": "What the app does." })),
        )
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": { "title": app.name, "description": app.about, "version": "1" },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "security": [{ "token": [] }, { "session": [] }, {}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": common_responses(),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": {
                    "type": "apiKey", "in": "cookie", "name": "session",
                    "description": "Called __Host-session over HTTPS.",
                },
            },
        },
    })
}

fn entity_paths(app: &'static App, entity: &'static Entity, paths: &mut Map<String, Value>) {
    let name = schema_name(entity);
    let tag = entity.slug;
    let row = json_answer("The row.", &reference(&name), true);
    let base = format!("/api/{}", entity.slug);

    let mut list = operation(
        &operation_id("list", tag),
        &format!("List {}", lower(entity.plural)),
        "",
        tag,
    );
    set(&mut list, "parameters", list_parameters(app, entity));
    responses(
        &mut list,
        &[(
            "200",
            json_answer("A page of rows.", &reference(&format!("{name}List")), false),
        )],
        &["401", "403", "422"],
    );
    let mut create = operation(
        &operation_id("create", tag),
        &format!("Create {}", lower(entity.name)),
        "",
        tag,
    );
    set(
        &mut create,
        "requestBody",
        body(reference(&format!("{name}New"))),
    );
    let id = match entity.named_by() {
        Some(_) => json!({ "type": "string" }),
        None => json!({ "type": "integer", "format": "int64" }),
    };
    // Who may create a row may not always read it.
    let named = json!({
        "type": "object",
        "required": ["id"],
        "properties": { "id": id },
        "additionalProperties": false,
    });
    let mut created = json_answer(
        "The row that was created; its id alone for whoever may not read it.",
        &json!({ "anyOf": [reference(&name), named] }),
        true,
    );
    if let Some(headers) = created.get_mut("headers").and_then(Value::as_object_mut) {
        headers.insert(
            "Location".to_owned(),
            json!({ "schema": { "type": "string" } }),
        );
    }
    let writes = ["400", "401", "403", "404", "409", "413", "415", "422"];
    responses(&mut create, &[("201", created.clone())], &writes);
    paths.insert(base.clone(), json!({ "get": list, "post": create }));

    let mut export = operation(
        &operation_id("export", tag),
        &format!("Export {} as CSV", lower(entity.plural)),
        "",
        tag,
    );
    set(&mut export, "parameters", list_parameters(app, entity));
    let csv = json!({ "description": "CSV.", "content": { "text/csv": { "schema": { "type": "string" } } } });
    responses(&mut export, &[("200", csv)], &["401", "403", "422"]);
    paths.insert(format!("{base}.csv"), json!({ "get": export }));

    let mut get = operation(
        &operation_id("get", tag),
        &format!("Read one {}", lower(entity.name)),
        "",
        tag,
    );
    responses(&mut get, &[("200", row.clone())], &["401", "404"]);
    let mut update = operation(
        &operation_id("update", tag),
        &format!("Change {}", lower(entity.name)),
        "",
        tag,
    );
    set(&mut update, "parameters", json!([if_match()]));
    set(
        &mut update,
        "requestBody",
        body(reference(&format!("{name}Change"))),
    );
    responses(
        &mut update,
        &[
            ("200", row.clone()),
            ("204", empty("Changed, and no longer readable.")),
        ],
        &[
            "400", "401", "403", "404", "409", "412", "413", "415", "422",
        ],
    );
    let mut delete = operation(
        &operation_id("delete", tag),
        &format!("Delete {}", lower(entity.name)),
        "",
        tag,
    );
    set(&mut delete, "parameters", json!([if_match()]));
    responses(
        &mut delete,
        &[("204", empty("It is gone."))],
        &["401", "403", "404", "409", "412", "422"],
    );
    paths.insert(
        format!("{base}/{{id}}"),
        json!({ "parameters": [id_parameter(entity.named_by().is_some())], "get": get, "patch": update, "delete": delete }),
    );

    let mut history = operation(
        &operation_id("history", tag),
        "What happened to it",
        "",
        tag,
    );
    let entries = json!({
        "type": "object",
        "required": ["items"],
        "properties": { "items": { "type": "array", "items": reference("HistoryEntry") } },
    });
    responses(
        &mut history,
        &[("200", json_answer("Newest first.", &entries, false))],
        &["401", "404"],
    );
    paths.insert(
        format!("{base}/{{id}}/history"),
        json!({ "parameters": [id_parameter(entity.named_by().is_some())], "get": history }),
    );

    for (slug, title, about, inputs) in operations(entity) {
        let action = entity.actions.iter().find(|action| action.slug == slug);
        let answer = match entity.steps.iter().find(|step| step.slug == slug) {
            Some(step) => step.answer,
            None => action.map_or(Answer::ROW, |action| action.answer),
        };
        let done = if answer.is_special() {
            json_answer("What it answers.", &answer_schema(app, &answer), false)
        } else {
            row.clone()
        };
        let mut answers = vec![("200", done)];
        if !answer.is_special() {
            answers.push(("204", empty("Done; the row is gone or no longer readable.")));
        }
        let mut post = operation(
            &format!("{}_{}", operation_id("do", tag), word(slug)),
            title,
            about,
            tag,
        );
        set(&mut post, "parameters", json!([if_match()]));
        if !inputs.is_empty() {
            set(&mut post, "requestBody", body(inputs_schema(app, inputs)));
        }
        responses(
            &mut post,
            &answers,
            &[
                "400", "401", "403", "404", "409", "412", "413", "415", "422",
            ],
        );
        let own = action.map_or("", |action| action.path);
        paths.insert(
            if own.is_empty() {
                format!("{base}/{{id}}/{slug}")
            } else {
                format!("/api{own}")
            },
            json!({ "parameters": [id_parameter(entity.named_by().is_some())], "post": post }),
        );
    }

    if let Some(field) = entity.parent
        && let Some(Kind::Reference(parent)) = entity.fields.get(field).map(|field| field.kind)
        && let Some(parent) = app.entities.get(parent)
    {
        let below = format!("{}_{}", word(parent.slug), word(tag));
        let mut list = operation(
            &format!("list_{below}"),
            &format!("List its {}", lower(entity.plural)),
            "",
            tag,
        );
        set(&mut list, "parameters", list_parameters(app, entity));
        responses(
            &mut list,
            &[(
                "200",
                json_answer("A page of rows.", &reference(&format!("{name}List")), false),
            )],
            &["401", "403", "404", "422"],
        );
        let mut post = operation(
            &format!("create_{below}"),
            &format!("Add {}", lower(entity.name)),
            "",
            tag,
        );
        set(&mut post, "requestBody", body(json!({ "type": "object" })));
        responses(&mut post, &[("201", created)], &writes);
        paths.insert(
            format!("/api/{}/{{id}}/{tag}", parent.slug),
            json!({ "parameters": [id_parameter(parent.named_by().is_some())], "get": list, "post": post }),
        );
    }
}

/// Steps and actions, each name once: slug, name, about, inputs.
fn operations(
    entity: &'static Entity,
) -> Vec<(&'static str, &'static str, &'static str, &'static [Input])> {
    let mut all: Vec<(&str, &str, &str, &[Input])> = Vec::new();
    for step in entity.steps {
        match all.iter_mut().find(|(slug, ..)| *slug == step.slug) {
            Some(known) if known.3.is_empty() => known.3 = step.inputs,
            Some(_) => {}
            None => all.push((step.slug, step.name, "", step.inputs)),
        }
    }
    for action in entity.actions {
        match all.iter_mut().find(|(slug, ..)| *slug == action.slug) {
            Some(known) => known.2 = action.about,
            None => all.push((action.slug, action.name, action.about, action.inputs)),
        }
    }
    all
}

/// What an operation answers that says so, or that signs the caller in.
fn answer_schema(app: &App, answer: &Answer) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    if let Some(returns) = &answer.returns {
        let value = schema(app, &returns.kind, false);
        let list = matches!(returns.kind, Kind::List(_));
        let value = if list { value } else { nullable(value) };
        properties.insert("result".to_owned(), value);
        required.push("result");
    }
    if answer.signs_in {
        properties.insert(
            "token".to_owned(),
            json!({ "type": "string", "description": "A bearer token of whoever is signed in." }),
        );
        properties.insert(
            "expires".to_owned(),
            json!({ "type": "string", "format": "date-time" }),
        );
        properties.insert(
            "user".to_owned(),
            json!({ "type": "integer", "format": "int64", "description": "Who is signed in." }),
        );
    }
    json!({ "type": "object", "required": required, "properties": properties })
}

fn list_parameters(app: &App, entity: &'static Entity) -> Value {
    let parameter = |name: &str, schema: Value, description: &str| json!({ "name": name, "in": "query", "required": false, "schema": schema, "description": description });
    let mut all = vec![
        parameter("q", json!({ "type": "string" }), "Search."),
        parameter(
            "sort",
            json!({ "type": "string" }),
            "A field; `-` before it for descending; several with commas.",
        ),
        parameter(
            "page",
            json!({ "type": "integer", "minimum": 1 }),
            "Which page.",
        ),
        parameter(
            "per_page",
            json!({ "type": "integer", "minimum": 1, "maximum": 100 }),
            "Rows of a page.",
        ),
        parameter(
            "after",
            json!({ "type": "string" }),
            "`next` of the page before.",
        ),
    ];
    for field in entity.fields {
        let filterable =
            !field.private && !matches!(field.kind, Kind::Password | Kind::Secret | Kind::Json);
        if filterable {
            let mut value = schema(app, &field.kind, false);
            if let Some(items) = value.get("items").cloned() {
                value = items;
            }
            all.push(parameter(
                &engine::query::parameter(field.name),
                value,
                "Rows with this value.",
            ));
        }
    }
    Value::Array(all)
}
