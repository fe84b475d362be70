//! Runs the cases it was compiled with: a row and a number in, a value out, a line of JSON each.
//! What needs the database is asked of whoever runs this.

mod cases;
mod choices;
mod functions;
mod item;
mod roles;

use kernel::value::Value;
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, Write as _};

pub struct Row {
    pub id: i64,
    pub created: i64,
    pub updated: i64,
    pub version: i64,
    pub values: Vec<Value>,
}

impl Row {
    pub fn value(&self, position: usize) -> &Value {
        self.values.get(position).unwrap_or(&Value::Empty)
    }
}

pub struct Caller {
    pub user: Option<i64>,
    pub roles: i64,
}

impl Caller {
    pub fn holds(&self, role: u32) -> bool {
        self.roles & (1 << role) != 0
    }
}

#[derive(Debug)]
pub struct Refusal;

impl From<kernel::num::Arithmetic> for Refusal {
    fn from(_: kernel::num::Arithmetic) -> Refusal {
        Refusal
    }
}

pub struct Operation {
    pub caller: Caller,
    pub now: i64,
    pub today: i64,
    pub this: Row,
    pub old: Row,
}

impl Operation {
    pub fn scalar(&self, sql: &str, params: &[(&str, Value)]) -> Result<Value, Refusal> {
        let params: Vec<Json> = params.iter().map(|(name, value)| json!([name, written(value)])).collect();
        say(&json!({ "sql": sql, "params": params }));
        Ok(read(&heard().expect("an answer")))
    }

    pub fn truth(&self, sql: &str, params: &[(&str, Value)]) -> Result<bool, Refusal> {
        Ok(matches!(self.scalar(sql, params)?, Value::Int(number) if number != 0))
    }
}

fn main() {
    let first = heard().expect("the settings");
    let digits = u8::try_from(first["digits"].as_u64().expect("digits")).expect("few digits");
    kernel::settings::set(first["zone"].as_str().unwrap(), first["currency"].as_str().unwrap(), digits);
    while let Some(asked) = heard() {
        let row = || Row {
            id: asked["row"][0].as_i64().expect("an id"),
            created: asked["row"][1].as_i64().expect("a moment"),
            updated: asked["row"][2].as_i64().expect("a moment"),
            version: asked["row"][3].as_i64().expect("a number"),
            values: asked["values"].as_array().expect("values").iter().map(read).collect(),
        };
        let operation = Operation {
            caller: Caller { user: asked["me"].as_i64(), roles: asked["roles"].as_i64().expect("bits") },
            now: asked["now"].as_i64().expect("a moment"),
            today: asked["today"].as_i64().expect("a day"),
            this: row(),
            old: row(),
        };
        let position = usize::try_from(asked["case"].as_u64().expect("a case")).expect("a position");
        match cases::CASES[position](&operation) {
            Ok(value) => say(&json!({ "value": written(&value) })),
            Err(Refusal) => say(&json!({ "refused": true })),
        }
    }
}

fn heard() -> Option<Json> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).expect("a line");
    if line.is_empty() { None } else { Some(serde_json::from_str(&line).expect("JSON")) }
}

fn say(line: &Json) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("somebody listens");
}

fn written(value: &Value) -> Json {
    match value {
        Value::Empty => Json::Null,
        Value::Int(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Texts(texts) => json!({ "texts": texts }),
        Value::Ids(ids) => json!({ "ids": ids }),
        Value::Hidden(_) => unreachable!("expressions hold nothing hidden"),
    }
}

fn read(json: &Json) -> Value {
    match json {
        Json::Number(number) => Value::Int(number.as_i64().expect("64 bits")),
        Json::String(text) => Value::Text(text.clone()),
        Json::Object(list) => match list.get("ids") {
            Some(ids) => Value::Ids(serde_json::from_value(ids.clone()).expect("ids")),
            None => Value::Texts(serde_json::from_value(list["texts"].clone()).expect("texts")),
        },
        _ => Value::Empty,
    }
}
