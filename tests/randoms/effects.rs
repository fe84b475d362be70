//! What operations do.

use super::expressions::Place;
use super::{Field, Kind, World};
use std::fmt::Write as _;

/// A sentence, its code, and what stands below it.
#[derive(Debug, Clone)]
pub(crate) struct Effect {
    pub code: String,
    pub body: Vec<Effect>,
}

impl World {
    /// Effects of an operation at a place; `this` names the row, where there is one.
    pub(crate) fn effects(&mut self, place: &Place, most: usize, deep: bool) -> Vec<Effect> {
        let mut effects = Vec::new();
        for _ in 0..self.dice.usize(1..=most) {
            effects.extend(self.effect(place, deep));
        }
        effects
    }

    fn effect(&mut self, place: &Place, deep: bool) -> Vec<Effect> {
        let plain = |code: String| {
            vec![Effect {
                code,
                body: Vec::new(),
            }]
        };
        let system = if self.chance(65) {
            self.has("as system");
            " as system"
        } else {
            ""
        };
        match self.dice.u8(..12) {
            0..=3 => match self.set(place) {
                Some(code) => {
                    self.has("set");
                    plain(format!("{code}{system}"))
                }
                None => Vec::new(),
            },
            4 | 5 => match self.create(place) {
                Some(code) => {
                    self.has("create");
                    plain(format!("{code}{system}"))
                }
                None => Vec::new(),
            },
            6 => {
                let to = match place.entity.and_then(|at| self.entity(at).owner().cloned()) {
                    Some(owner) => format!("{}{}", place.prefix, owner.code()),
                    None => "me".to_owned(),
                };
                let what = self.in_text(place);
                self.has("email");
                plain(format!("email {to} \"Word of {what}\""))
            }
            7 | 8 if deep => {
                let condition = self.condition(place, 1);
                let body = self.effects(place, 1, false);
                if body.is_empty() {
                    return Vec::new();
                }
                self.has("when");
                let mut all = vec![Effect {
                    code: format!("when {condition}"),
                    body,
                }];
                if self.chance(40) {
                    let body = self.effects(place, 1, false);
                    if !body.is_empty() {
                        self.has("otherwise");
                        all.push(Effect {
                            code: "otherwise".to_owned(),
                            body,
                        });
                    }
                }
                all
            }
            9 if deep => {
                let number = self.next();
                let condition = self.condition(place, 0);
                self.has("refuse");
                vec![Effect {
                    code: format!("when {condition}"),
                    body: plain(format!("refuse \"Not so, says {number}.\"")),
                }]
            }
            10 if deep => self.each(place).into_iter().collect(),
            11 => match self.step(place) {
                Some(code) => {
                    self.has("do");
                    plain(format!("{code}{system}"))
                }
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn set(&mut self, place: &Place) -> Option<String> {
        let at = place.entity?;
        let fields: Vec<Field> = self
            .entity(at)
            .fields
            .iter()
            .filter(|field| {
                field.settable()
                    && !field.hidden
                    && !matches!(
                        field.kind,
                        Kind::Password | Kind::Json | Kind::Slug | Kind::Url | Kind::Email
                    )
            })
            .cloned()
            .collect();
        let field = self.some(&fields)?;
        let path = format!("{}{}", place.prefix, field.code());
        if !field.required && self.chance(12) {
            return Some(format!("set {path} to empty"));
        }
        if field.kind == Kind::Secret {
            return Some(format!("set {path} to \"not for you\""));
        }
        let value = self.value(&field.kind, place)?;
        (value != path).then(|| format!("set {path} to {value}"))
    }

    /// A new row of an entity behind this one, so that nothing goes in a circle.
    fn create(&mut self, place: &Place) -> Option<String> {
        let from = place.entity.map_or(0, |at| at.wrapping_add(1));
        let from = from.max(usize::from(self.tenant));
        if from >= self.entities.len() {
            return None;
        }
        let at = self.dice.usize(from..self.entities.len());
        let entity = self.entities[at].clone();
        let this = place.entity.map(|at| {
            let name = if place.prefix.is_empty() {
                "this".to_owned()
            } else {
                place.prefix.trim_end_matches('.').to_owned()
            };
            (at, name)
        });
        let mut given = Vec::new();
        for field in &entity.fields {
            let parent = field.hidden;
            if !parent && field.name == "id" && (field.given || field.kind == Kind::Slug) {
                continue;
            }
            if !parent && (field.computed || field.given || (field.kept && field.name != "id")) {
                continue;
            }
            let wanted = parent || field.needed() || field.name == "id";
            if !wanted && !self.chance(30) {
                continue;
            }
            let value = if field.name == "id" {
                let number = self.next();
                Some(format!("\"made-{number}\""))
            } else {
                match field.kind {
                    Kind::Password | Kind::Json | Kind::Secret | Kind::Slug => None,
                    _ => self.new_value(field, place, this.clone()),
                }
            };
            match value {
                Some(value) => given.push(format!("{} = {value}", field.code())),
                None if parent || field.needed() => return None,
                None => {}
            }
        }
        let with = if given.is_empty() {
            String::new()
        } else {
            format!(" with {}", given.join(", "))
        };
        Some(format!("create {}{with}", entity.code()))
    }

    fn each(&mut self, place: &Place) -> Option<Effect> {
        let rows = usize::from(self.tenant)..self.entities.len();
        if rows.is_empty() {
            return None;
        }
        let at = self.dice.usize(rows);
        let name = self.entities[at].code();
        let binder = format!("one{}", self.next());
        let inside = Place::of(at).kept().own();
        let condition = self.condition(&inside, 0);
        let mut body = self.effects(&place.row(at, &binder), 1, false);
        if self.chance(15) {
            self.has("delete");
            body = vec![Effect {
                code: format!("delete {binder} as system"),
                body: Vec::new(),
            }];
        }
        if body.is_empty() {
            return None;
        }
        self.has("for each");
        let sorted = self.pick(&["", " sorted by created", " sorted by id desc"]);
        let sorted = if sorted.contains("id") { "" } else { sorted };
        Some(Effect {
            code: format!("for each {name} where {condition}{sorted} as {binder}"),
            body,
        })
    }

    fn step(&mut self, place: &Place) -> Option<String> {
        let at = place.entity?;
        let state = self.entity(at).state.clone()?;
        let (name, _, _) = self.some(&state.steps)?;
        let on = if place.prefix.is_empty() {
            String::new()
        } else {
            format!(" on {}", place.prefix.trim_end_matches('.'))
        };
        Some(format!("do {}{on}", name.replace(' ', "_")))
    }

    /// Inputs of an action: as they are declared, and as they are spoken of.
    /// Those of a step may be left out: it is also done without them.
    pub(crate) fn inputs(
        &mut self,
        at: Option<usize>,
        step: bool,
    ) -> (String, Vec<(String, Kind)>) {
        let mut declared = Vec::new();
        let mut spoken = Vec::new();
        for name in ["first", "second"] {
            if !self.chance(45) {
                continue;
            }
            let optional = if step || self.chance(30) { "?" } else { "" };
            let fields: Vec<Field> = at
                .map(|at| self.entity(at).fields.clone())
                .unwrap_or_default()
                .into_iter()
                .filter(|field| {
                    !field.computed
                        && !field.kept
                        && !field.private
                        && !field.given
                        && !matches!(field.kind, Kind::Slug | Kind::Many(_) | Kind::Password)
                })
                .collect();
            let (kind, written) = match self.some(&fields) {
                Some(field) if self.chance(50) => {
                    let of = at.map(|at| self.entity(at).code()).unwrap_or_default();
                    (field.kind.clone(), format!("{of}.{}", field.code()))
                }
                _ => self.pick(&[
                    (Kind::Integer, "integer".to_owned()),
                    (Kind::Text, "text".to_owned()),
                    (Kind::Money, "money".to_owned()),
                    (Kind::Date, "date".to_owned()),
                    (Kind::YesNo, "yes/no".to_owned()),
                    (Kind::Duration, "duration".to_owned()),
                    (Kind::LongText, "long text".to_owned()),
                ]),
            };
            declared.push(format!("{name}{optional}: {written}"));
            spoken.push((format!("input.{name}"), kind));
            self.has("input");
        }
        (declared.join(", "), spoken)
    }

    /// The items of a list of effects.
    pub(crate) fn written(&mut self, effects: &[Effect], indent: usize) -> String {
        let mut text = String::new();
        for effect in effects {
            let number = self.next();
            let _ = writeln!(
                text,
                "{}- Part {number} of it happens. `{}`",
                " ".repeat(indent),
                effect.code
            );
            text.push_str(&self.written(&effect.body, indent + 2));
        }
        text
    }
}
