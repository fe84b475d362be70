//! The program as it is written.

use super::effects::Effect;
use super::expressions::Place;
use super::{Field, Function, Kind, World};
use std::fmt::Write as _;

impl World {
    pub(crate) fn text(&mut self) -> String {
        let mut text = String::new();
        let zone = self.pick(&["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]);
        let _ = write!(
            text,
            "---\napp: A random one\ntime zone: {zone}\ncurrency: {}\n---\n# A random one\n\nNobody wrote this.\n\n",
            self.currency
        );
        self.roles_text(&mut text);
        self.accounts_text(&mut text);
        for choice in self.choices.clone() {
            if let Some(name) = choice.name {
                let _ = writeln!(text, "## Choice: {name}\n");
                for (at, value) in choice.values.iter().enumerate() {
                    let label = if at == 1 { ": The second one" } else { "" };
                    let _ = writeln!(text, "- {value}{label}");
                }
                text.push('\n');
                self.has("named choice");
            }
        }
        self.functions_text(&mut text);
        self.user_text(&mut text);
        for at in 0..self.entities.len() {
            self.entity_text(at, &mut text);
        }
        self.actions_text(&mut text);
        text
    }

    fn roles_text(&mut self, text: &mut String) {
        if self.roles.is_empty() {
            self.has("no roles");
            return;
        }
        text.push_str("## Roles\n\n");
        for (at, role) in self.roles.clone().iter().enumerate() {
            let mut code = String::new();
            if at == 0 && self.sign_up {
                code.push_str(" `sign-up`");
                self.has("sign-up");
            } else if at == 0 {
                self.has("by invitation");
            }
            if at > 0 && self.chance(40) {
                let _ = write!(code, " `includes {}`", self.roles[at - 1]);
                self.has("role that includes another");
            }
            let _ = writeln!(text, "- **{role}**: one of us.{code}");
            self.has("role");
        }
        if let Some((name, condition)) = &self.earned {
            let _ = writeln!(text, "- **{name}**: has been here. `when {condition}`");
        }
        text.push('\n');
    }

    fn accounts_text(&mut self, text: &mut String) {
        if !self.chance(45) {
            return;
        }
        let confirm = self.pick(&["yes", "no"]);
        let length = self.dice.u8(8..=12);
        let _ = write!(
            text,
            "## Accounts\n\n- Password: at least {length} characters\n- Confirm e-mail: {confirm}\n- Session: 7 days\n\n"
        );
        if confirm == "yes" {
            self.has("confirmed addresses");
        }
    }

    fn functions_text(&mut self, text: &mut String) {
        for function in self.functions.clone() {
            self.has("function");
            match function {
                Function::Points => text.push_str(
                    "## Function: Points\n\n- Input: `n: integer`\n- Output: `integer`\n- Is: `if n >= 5 then n * 2 else max(n, 0) + 1`\n- Always:\n  - It is more than nothing. `n is set and n < 1000 implies output > 0`\n\n| n | output |\n|---|--------|\n| 5 | 10     |\n| 0 | 1      |\n\n",
                ),
                Function::Rebate => text.push_str(
                    "## Function: Less\n\n- Input: `amount: money, times: integer`\n- Output: `money`\n- Is: `if times > 2 then amount - amount * 10 % else amount`\n- Always:\n  - It is never more. `amount >= 0 implies output <= amount`\n\n| amount | times | output |\n|--------|-------|--------|\n| 10     | 3     | 9      |\n\n",
                ),
                Function::Limit => text.push_str(
                    "## Function: The limit\n\n- Output: `money`\n- Is: `40`\n\n",
                ),
                Function::Rank(at) => {
                    let choice = self.choices[at].clone();
                    let first = choice.values[0].replace(' ', "_");
                    let _ = write!(
                        text,
                        "## Function: Rank of\n\n- Input: `x: {}`\n- Output: `integer`\n- Is: `if x is {first} then 1 else if x > {first} then 2 else 0`\n\n| x | output |\n|---|--------|\n| {} | 1 |\n\n",
                        choice.name.unwrap_or_default(),
                        choice.values[0]
                    );
                }
            }
        }
    }

    fn user_text(&mut self, text: &mut String) {
        text.push_str("## Entity: User\n\n");
        let fields = self.user.fields.clone();
        if !fields.is_empty() {
            self.fields_text(&fields, text);
        }
        let mut own = vec!["name"];
        if self.user.has("phone") {
            own.push("phone");
        }
        let mut rows = vec![
            ["self".to_owned(), "read".to_owned(), String::new()],
            [
                "self".to_owned(),
                format!("update {}", own.join(", ")),
                String::new(),
            ],
        ];
        let who = if self.chance(50) {
            "signed-in".to_owned()
        } else {
            self.role()
        };
        rows.push([who, "read name, email".to_owned(), String::new()]);
        if self.user.has("level") {
            let role = self.role();
            rows.push([role.clone(), "read".to_owned(), String::new()]);
            if role != "signed-in" {
                rows.push([role, "update level".to_owned(), "`level < 9`".to_owned()]);
            }
        }
        access_text(&rows, text);
    }

    fn fields_text(&mut self, fields: &[Field], text: &mut String) {
        text.push_str("| Field | Type | Rules |\n|---|---|---|\n");
        for field in fields {
            if field.hidden {
                continue;
            }
            let kind = self.type_of(field, fields);
            let _ = writeln!(
                text,
                "| {} | {kind} | {} |",
                field.name,
                field.rules.join(", ")
            );
        }
        text.push('\n');
    }

    fn type_of(&self, field: &Field, fields: &[Field]) -> String {
        match &field.kind {
            Kind::Text => "text".to_owned(),
            Kind::LongText => "long text".to_owned(),
            Kind::Markdown => "markdown".to_owned(),
            Kind::Email => "email".to_owned(),
            Kind::Url => "url".to_owned(),
            Kind::Slug => {
                let from = fields
                    .iter()
                    .find(|other| other.kind == Kind::Text && other.required && other.name != "id")
                    .map_or("name", |other| other.name.as_str());
                format!("slug from {from}")
            }
            Kind::Integer => "integer".to_owned(),
            Kind::Decimal(places) => format!("decimal({places})"),
            Kind::Money => "money".to_owned(),
            Kind::Percent => "percent".to_owned(),
            Kind::YesNo => "yes/no".to_owned(),
            Kind::Date => "date".to_owned(),
            Kind::Time => "time".to_owned(),
            Kind::Timestamp => "timestamp".to_owned(),
            Kind::Duration => "duration".to_owned(),
            Kind::Choice(at) => {
                let choice = &self.choices[*at];
                choice
                    .name
                    .clone()
                    .unwrap_or_else(|| choice.values.join(", "))
            }
            Kind::User => "User".to_owned(),
            Kind::Row(at) => self.entity(*at).name.clone(),
            Kind::Many(at) => format!("many {}", self.entity(*at).name),
            Kind::ListOfText | Kind::List => "list of text".to_owned(),
            Kind::Json => "json".to_owned(),
            Kind::Password => "password".to_owned(),
            Kind::Secret => "secret".to_owned(),
        }
    }

    fn entity_text(&mut self, at: usize, text: &mut String) {
        let entity = self.entity_named(at);
        let _ = write!(text, "## Entity: {}\n\nOne of them.\n\n", entity.name);
        let mut items = String::new();
        if let Some(parent) = entity.parent {
            let _ = writeln!(items, "- Part of: {}", self.entity(parent).name);
        }
        if entity.tenant {
            items.push_str("- Tenant: firm\n");
        }
        if let Some(shown) = &entity.shown {
            let _ = writeln!(items, "- Shown as: {shown}");
        }
        if entity.name == "Größe" {
            items.push_str("- Plural: Größen\n");
        }
        if !items.is_empty() {
            let _ = writeln!(text, "{items}");
        }
        self.fields_text(&entity.fields, text);
        let rows = self.access(at);
        access_text(&rows, text);
        let steps = self.steps(at);
        if let Some(state) = &entity.state {
            let _ = write!(
                text,
                "### Lifecycle: {}\n\n| From | Action | To | Who | When |\n|---|---|---|---|---|\n",
                state.field
            );
            for row in steps {
                let _ = writeln!(text, "| {} |", row.join(" | "));
            }
            text.push('\n');
        }
        let rules = self.rules(at);
        if !rules.is_empty() {
            text.push_str("### Rules\n\n");
            for (sentence, code) in rules {
                let _ = writeln!(text, "- {sentence} `{code}`");
            }
            text.push('\n');
        }
        self.hooks_text(at, text);
    }

    fn hooks_text(&mut self, at: usize, text: &mut String) {
        if self.tenant && at == 0 {
            return;
        }
        for hook in ["create", "update", "delete"] {
            if !self.chance(14) {
                continue;
            }
            let place = Place::of(at);
            let requires = if self.chance(35) {
                Some(self.condition(&place, 0))
            } else {
                None
            };
            let effects: Vec<Effect> = if hook == "delete" {
                Vec::new()
            } else {
                self.effects(&place, 2, true)
            };
            if requires.is_none() && effects.is_empty() {
                continue;
            }
            self.has("hook");
            let _ = write!(text, "### On {hook}\n\n");
            self.requires_text(requires, text);
            if !effects.is_empty() {
                text.push_str("- Does:\n");
                text.push_str(&self.written(&effects, 2));
            }
            text.push('\n');
        }
    }

    fn requires_text(&mut self, requires: Option<String>, text: &mut String) {
        if let Some(requires) = requires {
            let number = self.next();
            let _ = write!(
                text,
                "- Requires:\n  - What {number} wants is there. `{requires}`\n"
            );
            self.has("requires");
        }
    }

    fn actions_text(&mut self, text: &mut String) {
        for at in usize::from(self.tenant)..self.entities.len() {
            let state = self.entity(at).state.clone();
            if let Some(state) = state
                && self.chance(45)
                && let Some((name, _, _)) = self.some(&state.steps)
            {
                self.has("action of a step");
                self.action(Some(at), &name, false, text);
            }
            for name in ["Bump", "Split"] {
                if self.chance(35) {
                    self.has("action on a row");
                    self.action(Some(at), name, true, text);
                }
            }
        }
        if self.chance(45) {
            self.has("action that stands alone");
            self.action(None, "Tidy up", true, text);
        }
        if self.sign_up && !self.roles.is_empty() && self.chance(12) {
            text.push_str("## Action: Join in\n\n- Who: anyone\n- Path: /join-in\n- Input: `name: text, email: email, word: password`\n- Does:\n  - Somebody new. `sign up with email = input.email, name = input.name, password = input.word`\n  - And in. `sign in with email = input.email, password = input.word`\n\n");
            self.has("sign up by an action");
        }
        if self.tenant {
            let _ = write!(
                text,
                "## Action: Found\n\n- Who: signed-in\n- Input: `name: text`\n- Requires:\n  - One is enough. `me.firm is empty`\n- Does:\n  - A new one. `create Firm with name = input.name as made as system`\n  - It is theirs. `set me.firm to made as system`\n\n"
            );
        }
    }

    fn action(&mut self, at: Option<usize>, name: &str, own: bool, text: &mut String) {
        let mut head = String::new();
        if let Some(at) = at {
            let _ = writeln!(head, "- On: {}", self.entity(at).name);
        }
        if own {
            let who = match at {
                Some(at) => self.who(at, false),
                None => self.role(),
            };
            let _ = writeln!(head, "- Who: {who}");
        }
        let (declared, spoken) = self.inputs(at, !own);
        let place = match at {
            Some(at) => Place::of(at),
            None => Place::alone(),
        }
        .with(spoken);
        if own && at.is_some() && self.chance(20) {
            let condition = self.condition(&Place::of(at.unwrap_or(0)), 0);
            let _ = writeln!(head, "- When: `{condition}`");
        }
        if !declared.is_empty() {
            let _ = writeln!(head, "- Input: `{declared}`");
        }
        let requires = if self.chance(40) {
            Some(self.condition(&place, 1))
        } else {
            None
        };
        self.requires_text(requires, &mut head);
        let effects = self.effects(&place, 3, true);
        let returns = if own && (effects.is_empty() || self.chance(25)) {
            if at.is_none() && !self.entities.is_empty() {
                let last = self.entities.len() - 1;
                Some(format!("count({})", self.entities[last].code()))
            } else {
                self.value(&Kind::Integer, &place)
            }
        } else {
            None
        };
        if effects.is_empty() && returns.is_none() && own {
            return;
        }
        let _ = write!(text, "## Action: {}\n\n{head}", capital(name));
        if !effects.is_empty() {
            text.push_str("- Does:\n");
            text.push_str(&self.written(&effects, 2));
        }
        if let Some(returns) = returns {
            let _ = writeln!(text, "- Returns: `{returns}`");
            self.has("returns");
        }
        text.push('\n');
    }
}

fn access_text(rows: &[[String; 3]], text: &mut String) {
    text.push_str("### Access\n\n| Who | Can | When |\n|---|---|---|\n");
    for [who, can, when] in rows {
        let _ = writeln!(text, "| {who} | {can} | {when} |");
    }
    text.push('\n');
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}
