//! The file that says what the app is made of.

use super::{filled, name};
use crate::parts::{Context, operations};
use crate::plan::Plan;
use crate::source::{list, literal, tidy};
use serde::Serialize;
use specc_ir::ir::EntityId;

#[derive(Serialize)]
pub(super) struct App {
    uses: String,
    entities: Vec<AppEntity>,
    name: String,
    about: String,
    language: String,
    time_zone: String,
    currency: String,
    currency_digits: u8,
    accounts: AppAccounts,
    actions: String,
    theme: String,
    glossary: String,
    migrations: String,
}

#[derive(Serialize)]
struct AppEntity {
    name: String,
    constant: String,
    index: u32,
    module: String,
}

#[derive(Serialize)]
struct AppAccounts {
    sign_up: bool,
    password_min: u32,
    confirm_email: bool,
    session_days: u32,
}

pub(super) fn app(context: &Context<'_>, plan: &Plan) -> String {
    let program = &context.ir.program;
    let accounts = &context.ir.accounts;
    let pairs = |pairs: Vec<(&str, &str)>| {
        let pairs: Vec<String> = pairs
            .into_iter()
            .map(|(key, value)| format!("({}, {})", literal(key), literal(value)))
            .collect();
        list(&pairs)
    };
    let migrations: Vec<String> = plan
        .migrations
        .iter()
        .map(|(name, _)| {
            format!(
                "({}, include_str!({}))",
                literal(name),
                literal(&format!("../migrations/{name}.sql"))
            )
        })
        .collect();
    let alone = operations::own(context, None).next().is_some();
    let entities = (0_u32..)
        .map(EntityId)
        .take(context.ir.entities.len())
        .map(|id| AppEntity {
            name: name(context, id),
            constant: context.names.entity_constant(id).to_owned(),
            index: id.0,
            module: context.names.module(id).to_owned(),
        })
        .collect();
    tidy(&filled(
        "app",
        &App {
            uses: "use crate::roles;\nuse engine::def::{Accounts, App};".to_owned(),
            entities,
            name: literal(&program.name),
            about: literal(program.description.trim()),
            language: literal(&program.language),
            time_zone: literal(&program.time_zone),
            currency: literal(&program.currency),
            currency_digits: program.currency_digits,
            accounts: AppAccounts {
                sign_up: accounts.sign_up,
                password_min: accounts.password_min,
                confirm_email: accounts.confirm_email,
                session_days: accounts.session_days,
            },
            actions: if alone {
                "crate::actions::ACTIONS"
            } else {
                "&[]"
            }
            .to_owned(),
            theme: pairs(
                context
                    .ir
                    .theme
                    .tokens
                    .iter()
                    .map(|(key, value)| (key.as_str(), value.as_str()))
                    .collect(),
            ),
            glossary: pairs(
                context
                    .ir
                    .glossary
                    .iter()
                    .map(|term| (term.word.text.as_str(), term.meaning.as_str()))
                    .collect(),
            ),
            migrations: list(&migrations),
        },
    ))
}
