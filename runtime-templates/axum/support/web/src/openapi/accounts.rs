//! The addresses of accounts.

use super::parts::{body, empty, id_parameter, json_answer, operation, reference, responses, set};
use super::schema::constrained;
use engine::def::{App, FieldDefault};
use serde_json::{Map, Value, json};

pub(super) fn account_paths(app: &'static App) -> Map<String, Value> {
    let mut paths = Map::new();
    let text = json!({ "type": "string" });
    let object = |fields: &[&str]| {
        let properties: Map<String, Value> = fields
            .iter()
            .map(|field| ((*field).to_owned(), text.clone()))
            .collect();
        json!({ "type": "object", "required": fields, "properties": properties })
    };
    let person = || json_answer("Who is signed in.", &reference("Person"), false);
    let items = || {
        json_answer(
            "Newest first.",
            &json!({ "type": "object", "properties": { "items": { "type": "array", "items": { "type": "object" } } } }),
            false,
        )
    };
    let mail = || {
        json_answer(
            "A mail is on its way, if there is such an account.",
            &json!({ "type": "object", "properties": { "message": { "type": "string" } } }),
            false,
        )
    };
    let mut add = |path: &str,
                   method: &str,
                   id: &str,
                   summary: &str,
                   request: Option<Value>,
                   good: &[(&str, Value)],
                   bad: &[&str]| {
        let mut operation = operation(id, summary, "", "accounts");
        if let Some(request) = request {
            set(&mut operation, "requestBody", body(request));
        }
        responses(&mut operation, good, bad);
        let entry = paths.entry(path.to_owned()).or_insert_with(|| {
            if path.contains("{id}") {
                json!({ "parameters": [id_parameter(false)] })
            } else {
                json!({})
            }
        });
        set(entry, method, operation);
    };
    if app.accounts.sign_up {
        let mut properties = Map::new();
        let mut required = vec!["email", "password", "name"];
        if let Some(user) = app.entities.first() {
            let allowed = crate::accounts::sign_up_fields(app);
            for (position, field) in user.fields.iter().enumerate() {
                if allowed & (1 << position) != 0 {
                    let needed = field.required && matches!(field.default, FieldDefault::None);
                    properties.insert(field.name.to_owned(), constrained(app, field, !needed));
                    if needed && !required.contains(&field.name) {
                        required.push(field.name);
                    }
                }
            }
        }
        properties.insert(
            "password".to_owned(),
            json!({ "type": "string", "writeOnly": true, "minLength": app.accounts.password_min }),
        );
        let request = json!({ "type": "object", "required": required, "properties": properties });
        let good = if app.accounts.confirm_email {
            ("202", mail())
        } else {
            ("201", person())
        };
        add(
            "/api/sign-up",
            "post",
            "sign_up",
            "Sign up",
            Some(request),
            &[good],
            &["400", "415", "422", "429"],
        );
    }
    let credentials = object(&["email", "password"]);
    let token = json_answer(
        "A bearer token.",
        &json!({
            "type": "object",
            "required": ["token", "expires", "user"],
            "properties": {
                "token": { "type": "string" },
                "expires": { "type": "string", "format": "date-time" },
                "user": { "type": "integer" },
            },
        }),
        false,
    );
    let login = ["400", "401", "403", "415", "422", "429"];
    add(
        "/api/tokens",
        "post",
        "create_token",
        "Get a bearer token",
        Some(credentials.clone()),
        &[("201", token)],
        &login,
    );
    add(
        "/api/tokens",
        "get",
        "list_tokens",
        "List own tokens",
        None,
        &[("200", items())],
        &["401"],
    );
    add(
        "/api/tokens/{id}",
        "delete",
        "revoke_token",
        "Revoke a token",
        None,
        &[("204", empty("It is revoked."))],
        &["401", "404"],
    );
    add(
        "/api/session",
        "post",
        "log_in",
        "Log in with a cookie",
        Some(credentials),
        &[("201", person())],
        &login,
    );
    add(
        "/api/session",
        "delete",
        "log_out",
        "Log out",
        None,
        &[("204", empty("Logged out."))],
        &["401"],
    );
    add(
        "/api/me",
        "get",
        "me",
        "Who is signed in",
        None,
        &[("200", person())],
        &["401"],
    );
    add(
        "/api/me",
        "delete",
        "delete_account",
        "Delete the own account",
        Some(object(&["password"])),
        &[("204", empty("It is gone."))],
        &["401", "409", "422", "429"],
    );
    add(
        "/api/me/password",
        "post",
        "change_password",
        "Change the own password",
        Some(object(&["current", "password"])),
        &[("200", person())],
        &["401", "422", "429"],
    );
    add(
        "/api/me/sessions",
        "get",
        "list_sessions",
        "List open sessions",
        None,
        &[("200", items())],
        &["401"],
    );
    add(
        "/api/me/sessions/{id}",
        "delete",
        "revoke_session",
        "End a session",
        None,
        &[("204", empty("It has ended."))],
        &["401", "404"],
    );
    add(
        "/api/password-reset",
        "post",
        "request_reset",
        "Ask for a new password",
        Some(object(&["email"])),
        &[("202", mail())],
        &["422", "429"],
    );
    add(
        "/api/password-reset/redeem",
        "post",
        "redeem_reset",
        "Choose a new password",
        Some(object(&["token", "password"])),
        &[("200", person())],
        &["422", "429"],
    );
    add(
        "/api/email-confirmation",
        "post",
        "confirm_email",
        "Confirm an address, or ask for the mail again",
        Some(
            json!({ "type": "object", "properties": { "token": { "type": "string" }, "email": { "type": "string", "format": "email" } } }),
        ),
        &[("204", empty("It is confirmed.")), ("202", mail())],
        &["422", "429"],
    );
    let invited = json_answer(
        "The new user.",
        &json!({ "type": "object", "required": ["id"], "properties": { "id": { "type": "integer" } } }),
        false,
    );
    let invitation = json!({
        "type": "object",
        "required": ["email", "name"],
        "properties": {
            "email": { "type": "string", "format": "email" },
            "name": { "type": "string" },
            "roles": { "type": "array", "items": { "type": "string", "enum": role_slugs(app) } },
        },
    });
    add(
        "/api/invitations",
        "post",
        "invite",
        "Invite somebody",
        Some(invitation),
        &[("201", invited)],
        &["401", "403", "422", "429"],
    );
    if let Some(user) = app.entities.first() {
        let roles = json!({ "type": "object", "required": ["roles"], "properties": { "roles": { "type": "array", "items": { "type": "string", "enum": role_slugs(app) } } } });
        let path = format!("/api/{}/{{id}}/roles", user.slug);
        let answer = json_answer("The roles they were given.", &roles, false);
        add(
            &path,
            "get",
            "get_roles",
            "Roles of a user",
            None,
            &[("200", answer.clone())],
            &["401", "403", "404"],
        );
        add(
            &path,
            "put",
            "set_roles",
            "Give a user exactly these roles",
            Some(roles),
            &[("200", answer)],
            &["401", "403", "404", "422"],
        );
    }
    paths
}

pub(super) fn role_slugs(app: &App) -> Vec<&'static str> {
    app.roles
        .iter()
        .filter(|role| role.when.is_empty())
        .map(|role| role.slug)
        .collect()
}
