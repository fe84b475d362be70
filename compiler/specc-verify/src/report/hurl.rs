//! What failed as a Hurl file: everything that has to be sent to see it again, and what should come of it. It asks a
//! verification build with nothing worth keeping in it, since it begins by emptying it.

use crate::app::Exchange;
use crate::difference::Check;
use crate::record::Record;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The text of the file; `None` for a record without a script.
#[must_use]
pub fn hurl(record: &Record) -> Option<String> {
    let (last, before) = record.script.split_last()?;
    let mut writer = Writer::default();
    writer.head(record);
    for exchange in before {
        writer.ask(exchange);
        writer.out.push_str("HTTP *\n");
        if exchange.path.starts_with("/verification/") {
            writer.out.push_str("[Asserts]\nstatus == 200\n");
        }
        writer.captures(exchange);
    }
    writer.ask(last);
    match &record.check {
        Some(Check::Status(status)) => {
            let _ = writeln!(writer.out, "HTTP {status}");
        }
        Some(Check::Done) => writer
            .out
            .push_str("HTTP *\n[Asserts]\nstatus >= 200\nstatus < 300\n"),
        // No answer came, and none may come again.
        None if last.status == 0 => writer.out.push_str("HTTP *\n"),
        other => {
            let _ = writeln!(writer.out, "HTTP {}", last.status);
            writer.check(other.as_ref());
        }
    }
    Some(writer.out)
}

/// The user of a request to the tokens.
fn token_of(exchange: &Exchange) -> Option<String> {
    (exchange.path == "/verification/tokens")
        .then(|| exchange.sent.as_ref()?.get("user").map(Json::to_string))
        .flatten()
}

#[derive(Default)]
struct Writer {
    out: String,
    /// The variables that hold tokens, by how the app names the user.
    tokens: BTreeMap<String, String>,
    /// The variables that hold names that the app made up.
    names: BTreeMap<String, String>,
}

impl Writer {
    fn head(&mut self, record: &Record) {
        let mut line = |text: &str| {
            let text = specc_syntax::draw::printable(text);
            let _ = writeln!(self.out, "{}", format!("# {text}").trim_end());
        };
        line(&record.done);
        line(&format!("looked for: {}", record.what));
        line("");
        record.steps.iter().for_each(|step| line(step));
        line(&format!("Then {}", record.expected));
        line(&format!("But  {}", record.actual));
        line("");
        line(
            "This empties the app that it asks. Start a verification build with a data folder of its own, and run this:",
        );
        line(
            "  cd app && cargo run --features verification -- serve --dev --data ../.specc/hurl --listen 127.0.0.1:4000",
        );
        line(&format!(
            "  hurl --test --variable host=http://127.0.0.1:4000 {}.hurl",
            record.id
        ));
        self.out.push('\n');
    }

    fn ask(&mut self, exchange: &Exchange) {
        let path = self.named(&exchange.path);
        let _ = writeln!(self.out, "{} {{{{host}}}}{path}", exchange.method);
        if let Some(token) = exchange
            .user
            .as_ref()
            .and_then(|user| self.tokens.get(user))
        {
            let _ = writeln!(self.out, "Authorization: Bearer {{{{{token}}}}}");
        }
        if let Some(sent) = &exchange.sent {
            // A raw string: what stands in it is sent as it is, but for names that the app made up.
            let text = serde_json::to_string_pretty(sent).unwrap_or_default();
            let text = self.named(&escaped(&text));
            let _ = writeln!(self.out, "Content-Type: application/json\n```\n{text}\n```");
        }
    }

    fn captures(&mut self, exchange: &Exchange) {
        if let Some(user) = token_of(exchange) {
            let name = format!("token{}", self.tokens.len() + 1);
            let _ = writeln!(self.out, "[Captures]\n{name}: jsonpath \"$.token\"");
            self.tokens.insert(user, name);
        }
        let ids = exchange.body.get("ids").and_then(Json::as_array);
        let made: Vec<(usize, String)> = ids
            .into_iter()
            .flatten()
            .enumerate()
            .filter_map(|(at, id)| Some((at, id.as_str()?.to_owned())))
            .collect();
        if exchange.path == "/verification/rows" && !made.is_empty() {
            self.out.push_str("[Captures]\n");
            for (at, id) in made {
                let name = format!("row{}", self.names.len() + 1);
                let _ = writeln!(self.out, "{name}: jsonpath \"$.ids[{at}]\"");
                self.names.insert(id, name);
            }
        }
        self.out.push('\n');
    }

    /// Names that the app made up are those that it makes up this time.
    fn named(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, variable) in &self.names {
            for (before, after) in [("\"", "\""), ("/", ""), ("=", "")] {
                text = text.replace(
                    &format!("{before}{name}{after}"),
                    &format!("{before}{{{{{variable}}}}}{after}"),
                );
            }
        }
        text
    }

    fn check(&mut self, check: Option<&Check>) {
        match check {
            Some(Check::Answer(path, wanted)) => {
                self.out.push_str("[Asserts]\n");
                self.asserts(path, wanted);
            }
            Some(Check::AnswerLacks(path)) => {
                let _ = writeln!(self.out, "[Asserts]\njsonpath \"{path}\" not exists");
            }
            Some(Check::Rows(slug, count)) => {
                let _ = writeln!(
                    self.out,
                    "\nGET {{{{host}}}}/verification/rows/{slug}\nHTTP 200\n[Asserts]\njsonpath \"$\" count == {count}"
                );
            }
            Some(Check::Row(slug, row, key, wanted)) => {
                let _ = writeln!(
                    self.out,
                    "\nGET {{{{host}}}}/verification/rows/{slug}\nHTTP 200\n[Asserts]"
                );
                let row = match row {
                    Json::String(name) => format!("'{name}'"),
                    other => other.to_string(),
                };
                let path = self.named(&format!("$[?(@.id == {row})].{key}"));
                let _ = writeln!(
                    self.out,
                    "jsonpath \"{path}\" nth 0 {}",
                    self.equals(wanted)
                );
            }
            Some(Check::Mails(count)) => {
                let _ = writeln!(
                    self.out,
                    "\nGET {{{{host}}}}/verification/mail\nHTTP 200\n[Asserts]\njsonpath \"$\" count == {count}"
                );
            }
            Some(Check::Status(_) | Check::Done) | None => {}
        }
    }

    fn asserts(&mut self, path: &str, wanted: &Json) {
        match wanted {
            Json::Array(all) if path.contains("[*]") => {
                for one in all.iter().filter_map(Json::as_str) {
                    let _ = writeln!(self.out, "jsonpath \"{path}\" includes {}", quoted(one));
                }
            }
            wanted => {
                let _ = writeln!(self.out, "jsonpath \"{path}\" {}", self.equals(wanted));
            }
        }
    }

    fn equals(&self, wanted: &Json) -> String {
        match wanted {
            Json::String(text) => format!("== {}", self.named(&quoted(text))),
            Json::Array(all) => format!("count == {}", all.len()),
            Json::Object(_) => "exists".to_owned(),
            other => format!("== {other}"),
        }
    }
}

/// Braces that would be a variable of Hurl, and ends of a raw string, kept apart by JSON's own escapes.
fn escaped(json: &str) -> String {
    json.replace("{{", "\\u007b\\u007b")
        .replace("}}", "\\u007d\\u007d")
        .replace('`', "\\u0060")
}

/// A string of Hurl.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '{' | '}' => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
            }
            letter if letter.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
