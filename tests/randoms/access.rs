//! Who may do what.

use super::expressions::Place;
use super::{Field, Kind, World};

impl World {
    /// The rows of Access of an entity: who, can, when.
    pub(crate) fn access(&mut self, at: usize) -> Vec<[String; 3]> {
        let entity = self.entity_named(at);
        if self.tenant && at == 0 {
            return vec![[
                "signed-in".to_owned(),
                "read".to_owned(),
                "`this is me.firm`".to_owned(),
            ]];
        }
        let mut rows = Vec::new();
        for _ in 0..self.dice.usize(1..=3) {
            let who = self.who(at, true);
            let names = self.read_list(at);
            let when = self.when(at, 35);
            rows.push([who, names, when]);
            self.has("access to read");
        }
        if self.chance(70) {
            let who = self.role();
            rows.push([who, "read".to_owned(), String::new()]);
        }
        for _ in 0..self.dice.usize(1..=2) {
            let who = match self.dice.u8(..10) {
                0 if entity.owner().is_none() && !self.tenant => "anyone".to_owned(),
                1..=3 => "signed-in".to_owned(),
                _ => self.role(),
            };
            let fields: Vec<Field> = entity
                .fields
                .iter()
                .filter(|field| {
                    !field.hidden && (field.writable() || (field.name == "id" && !field.given))
                })
                .filter(|field| {
                    let chosen = match &field.kind {
                        Kind::User if field.default => self.chance(15),
                        _ => self.chance(80),
                    };
                    (field.needed() && !field.default) || chosen
                })
                .cloned()
                .collect();
            let mut can = format!("create {}", list_of(&fields));
            if fields.is_empty() || self.chance(8) {
                can = "create".to_owned();
            }
            let when = self.when(at, 20);
            rows.push([who, can, when]);
            self.has("access to create");
        }
        for _ in 0..self.dice.usize(..=2) {
            let fields: Vec<Field> = entity
                .fields
                .iter()
                .filter(|field| {
                    !field.hidden && !field.fixed && !field.kept && !field.given && !field.computed
                })
                .filter(|field| {
                    !field.private && (!field.read_only || self.chance(50)) && self.chance(70)
                })
                .cloned()
                .collect();
            if fields.iter().all(|field| field.read_only) {
                continue;
            }
            let who = self.who(at, false);
            let when = self.when(at, 35);
            rows.push([who, format!("update {}", list_of(&fields)), when]);
            self.has("access to update");
        }
        if self.chance(50) {
            let who = self.who(at, false);
            let when = self.when(at, 35);
            rows.push([who, "delete".to_owned(), when]);
            self.has("access to delete");
        }
        rows
    }

    fn read_list(&mut self, at: usize) -> String {
        if self.chance(60) {
            return "read".to_owned();
        }
        let fields = self.entity(at).fields.clone();
        let fields: Vec<Field> = fields
            .into_iter()
            .filter(|field| !field.private && field.kind != Kind::Password && !field.hidden)
            .filter(|_| self.chance(65))
            .collect();
        if fields.is_empty() {
            return "read".to_owned();
        }
        self.has("access to some fields");
        format!("read {}", list_of(&fields))
    }

    /// A condition of Access, seldom or often.
    fn when(&mut self, at: usize, percent: u8) -> String {
        let entity = self.entity_named(at);
        if let Some(parent) = entity.parent
            && self.chance(percent)
        {
            let name = self.entity(parent).code();
            self.has("can read");
            return format!("`can read {name}`");
        }
        if !self.chance(percent) {
            return String::new();
        }
        self.has("condition of access");
        let condition = self.condition(&Place::of(at), 1);
        format!("`{condition}`")
    }

    /// A role, or everybody who is signed in where there is none.
    pub(crate) fn role(&mut self) -> String {
        let roles = self.roles.clone();
        self.some(&roles).unwrap_or_else(|| "signed-in".to_owned())
    }

    /// Somebody who may.
    pub(crate) fn who(&mut self, at: usize, visitors: bool) -> String {
        let entity = self.entity_named(at);
        let mut all: Vec<String> = vec!["signed-in".to_owned()];
        if visitors && !self.tenant {
            all.push("anyone".to_owned());
        }
        let roles = self.all_roles();
        all.extend(roles.iter().cloned());
        all.extend(roles);
        for field in &entity.fields {
            if field.kind == Kind::User && !field.computed {
                all.push(field.name.clone());
                all.push(field.name.clone());
            }
        }
        if let Some(parent) = entity.parent
            && let Some(owner) = self.entity(parent).owner().cloned()
        {
            let path = format!("{}.{}", self.entity(parent).code(), owner.code());
            all.push(path);
        }
        let one = self.pick(&all);
        if one == "anyone" {
            self.has("visitors may");
        }
        let other = self.pick(&all);
        let plain = |who: &str| who == "anyone" || who == "signed-in";
        if one != other && !plain(&one) && !plain(&other) && self.chance(25) {
            return format!("{one}, {other}");
        }
        one
    }
}

fn list_of(fields: &[Field]) -> String {
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    names.join(", ")
}
