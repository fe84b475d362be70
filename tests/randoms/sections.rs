//! Lifecycles and rules.

use super::expressions::Place;
use super::{Field, Kind, World};

impl World {
    /// The rows of a lifecycle: from, action, to, who, when.
    pub(crate) fn steps(&mut self, at: usize) -> Vec<[String; 5]> {
        let Some(state) = self.entity(at).state.clone() else {
            return Vec::new();
        };
        let values = self.choices[state.choice].values.clone();
        let mut rows = Vec::new();
        for (name, from, to) in &state.steps {
            let who = if self.chance(15) {
                String::new()
            } else {
                self.who(at, true)
            };
            let condition = if self.chance(35) {
                self.has("condition of a step");
                format!("`{}`", self.condition(&Place::of(at), 1))
            } else {
                String::new()
            };
            let mut before = values[*from].clone();
            if values.len() > 2 && self.chance(15) {
                let other = (from + 1..values.len()).find(|other| other != to);
                before.extend(other.map(|other| format!(", {}", values[other])));
            }
            let otherwise = !condition.is_empty() && values.len() > 2 && self.chance(40);
            rows.push([
                before.clone(),
                name.clone(),
                values[*to].clone(),
                who.clone(),
                condition,
            ]);
            if otherwise {
                let to = values[(to + 1) % values.len()].clone();
                rows.push([before, name.clone(), to, who, "otherwise".to_owned()]);
                self.has("otherwise of a lifecycle");
            }
            self.has("step");
        }
        rows
    }

    /// The rules of an entity: sentence and code.
    pub(crate) fn rules(&mut self, at: usize) -> Vec<(String, String)> {
        let mut rules = Vec::new();
        if self.tenant && at == 0 {
            return rules;
        }
        for _ in 0..self.dice.usize(..=3) {
            let Some(code) = self.rule(at) else { continue };
            if rules.iter().any(|(_, other)| *other == code) {
                continue;
            }
            let number = self.next();
            let sentence = self.pick(&[
                "Number NN of what holds.",
                "It is as NN says.",
                "Nothing goes against NN.",
            ]);
            rules.push((sentence.replace("NN", &number.to_string()), code));
        }
        rules
    }

    fn rule(&mut self, at: usize) -> Option<String> {
        let entity = self.entity_named(at);
        let name = entity.code();
        let base: Vec<Field> = entity
            .fields
            .iter()
            .filter(|field| !field.computed && !field.hidden)
            .cloned()
            .collect();
        let kept = Place::of(at).kept();
        match self.dice.u8(..14) {
            0 | 1 => {
                let condition = self.condition(&kept, 0);
                let optional: Vec<&Field> = base
                    .iter()
                    .filter(|field| !field.required && field.name != "id")
                    .collect();
                let field = self.some(&optional)?.code();
                self.has("rule at rest");
                Some(format!("{field} is empty or {condition}"))
            }
            2 => {
                let state = entity.state.clone()?;
                let values = &self.choices[state.choice].values;
                let last = values.last()?.replace(' ', "_");
                let condition = self.condition(&kept, 0);
                self.has("rule at rest");
                Some(format!("{} is {last} implies ({condition})", state.field))
            }
            3 => {
                let owner = entity.owner()?.code();
                let most = self.dice.u8(2..5);
                self.has("rule that counts");
                Some(format!(
                    "count({name} where {owner} is this.{owner}) <= {most}"
                ))
            }
            4 => {
                let owner = entity.owner()?.code();
                let most = self.dice.u8(2..5);
                self.has("rule that counts");
                Some(format!(
                    "on create: count({name} where {owner} is this.{owner} and date(created) is today) <= {most}"
                ))
            }
            5 | 13 => {
                let parent = entity.parent.map(|at| self.entity(at).code())?;
                let numbers: Vec<&Field> = base
                    .iter()
                    .filter(|field| matches!(field.kind, Kind::Integer | Kind::Money))
                    .collect();
                match self.some(&numbers) {
                    Some(number) => {
                        let number = number.code();
                        self.has("rule that sums");
                        Some(format!(
                            "sum({name}.{number} where {parent} is this.{parent}) <= 50"
                        ))
                    }
                    None => {
                        self.has("rule that counts");
                        Some(format!(
                            "count({name} where {parent} is this.{parent}) <= 3"
                        ))
                    }
                }
            }
            6 | 7 => {
                let mut keys: Vec<String> = base
                    .iter()
                    .filter(|field| {
                        field.name != "id"
                            && !field.private
                            && !field.given
                            && matches!(
                                field.kind,
                                Kind::Text
                                    | Kind::Integer
                                    | Kind::User
                                    | Kind::Row(_)
                                    | Kind::Date
                                    | Kind::YesNo
                                    | Kind::Choice(_)
                            )
                    })
                    .map(Field::code)
                    .collect();
                if keys.len() < 2 {
                    return None;
                }
                self.dice.shuffle(&mut keys);
                self.has("unique together");
                let state = entity.state.clone();
                let parent = entity.parent.filter(|_| self.tenant);
                let first = parent.map_or_else(|| keys[0].clone(), |at| self.entity(at).code());
                let mut code = format!("unique ({first}, {})", keys[1]);
                if let Some(state) = state
                    && self.chance(40)
                {
                    let value = self.choices[state.choice].values[0].replace(' ', "_");
                    code = format!("{code} where {} is {value}", state.field);
                }
                Some(code)
            }
            8 | 12 => {
                let pair = [("starts", "ends"), ("opens", "closes"), ("since", "due")]
                    .into_iter()
                    .find(|(from, to)| entity.has(from) && entity.has(to))?;
                let parent = entity.parent.map(|at| self.entity(at).code());
                let key = base
                    .iter()
                    .find(|field| matches!(field.kind, Kind::User | Kind::Row(_)) && !field.given)
                    .map(Field::code);
                let key = parent.or(key)?;
                self.has("no overlaps");
                Some(format!("unique ({key}, {}..{})", pair.0, pair.1))
            }
            9 => {
                let condition = self.condition(&Place::of(at), 0);
                let on = self.pick(&["on create", "on create, update", "on update"]);
                self.has("rule of an operation");
                let owner = entity.owner().map(Field::code);
                let unless = match owner {
                    Some(owner) => format!("{owner} is me"),
                    None => "hour(now) < 23".to_owned(),
                };
                Some(format!("{on}: {unless} or ({condition})"))
            }
            10 => {
                let shown = entity.shown.clone()?;
                self.has("rule with old");
                Some(format!("on update: length({shown}) <= length(old.{shown})"))
            }
            _ => {
                let old = Place {
                    prefix: "old.".to_owned(),
                    rows: false,
                    ..Place::of(at)
                };
                let condition = self.condition(&old, 0);
                self.has("rule with old");
                Some(format!("on update, delete: not ({condition})"))
            }
        }
    }
}
