//! Conditions and values.

use super::{Entity, Field, Function, Kind, USER, World};

/// Where an expression stands: what it may speak of.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The entity of `this`; [`USER`] for User, none where there is no row.
    pub entity: Option<usize>,
    pub prefix: String,
    pub me: bool,
    pub now: bool,
    /// Fields that are worked out from the clock may be named.
    pub clock: bool,
    /// Other rows may be looked at.
    pub rows: bool,
    /// Computed fields may be named.
    pub computed: bool,
    /// Paths may lead away from the row.
    pub paths: bool,
    pub inputs: Vec<(String, Kind)>,
}

impl Place {
    /// A row, with everything.
    pub(crate) fn of(entity: usize) -> Place {
        Place {
            entity: Some(entity),
            prefix: String::new(),
            me: true,
            now: true,
            clock: true,
            rows: true,
            computed: true,
            paths: true,
            inputs: Vec::new(),
        }
    }

    /// No row.
    pub(crate) fn alone() -> Place {
        Place {
            entity: None,
            ..Place::of(0)
        }
    }

    /// Neither the caller nor the time.
    pub(crate) fn kept(mut self) -> Place {
        (self.me, self.now, self.clock) = (false, false, false);
        self
    }

    /// With the time.
    pub(crate) fn timed(mut self) -> Place {
        (self.now, self.clock) = (true, true);
        self
    }

    /// Nothing but what the row itself holds.
    pub(crate) fn own(mut self) -> Place {
        (self.rows, self.computed, self.paths) = (false, false, false);
        self
    }

    pub(crate) fn with(mut self, inputs: Vec<(String, Kind)>) -> Place {
        self.inputs = inputs;
        self
    }

    /// Another row, by its name.
    pub(crate) fn row(&self, entity: usize, name: &str) -> Place {
        Place {
            entity: Some(entity),
            prefix: format!("{name}."),
            ..self.clone()
        }
    }
}

impl World {
    fn fields_of(&self, entity: usize) -> Vec<Field> {
        let mut fields = self.entity(entity).fields.clone();
        if entity == USER {
            fields.insert(0, Field::new("name", Kind::Text));
        }
        fields
    }

    /// What can be spoken of: paths with what they hold.
    pub(crate) fn paths(&mut self, place: &Place) -> Vec<(String, Kind)> {
        let mut found = place.inputs.clone();
        let Some(entity) = place.entity else {
            return found;
        };
        for field in self.fields_of(entity) {
            if field.name == "id"
                || (field.computed && !place.computed)
                || (field.clock && !place.clock)
            {
                continue;
            }
            let path = format!("{}{}", place.prefix, field.code());
            if place.paths
                && let Kind::Row(to) = field.kind
            {
                for further in self.fields_of(to) {
                    if !further.computed && further.name != "id" && self.chance(25) {
                        found.push((format!("{path}.{}", further.code()), further.kind));
                    }
                }
            }
            if place.paths && field.kind == Kind::User && self.chance(25) {
                found.push((format!("{path}.name"), Kind::Text));
            }
            found.push((path, field.kind));
        }
        found
    }

    /// A condition.
    pub(crate) fn condition(&mut self, place: &Place, depth: u8) -> String {
        if depth > 0 && self.chance(45) {
            let left = self.condition(place, depth - 1);
            let right = self.condition(place, depth - 1);
            if left == right {
                return left;
            }
            return match self.dice.u8(..5) {
                0 | 1 => format!("({left}) and ({right})"),
                2 => format!("({left}) or ({right})"),
                3 => format!("({left}) implies ({right})"),
                _ => format!("not ({left})"),
            };
        }
        if place.rows
            && self.chance(20)
            && let Some(condition) = self.over_rows(place)
        {
            return condition;
        }
        if place.me && self.chance(10) {
            let roles = self.all_roles();
            if let Some(role) = self.some(&roles) {
                self.has("role in code");
                return format!("me is {role}");
            }
        }
        let paths = self.paths(place);
        match self.some(&paths) {
            Some((path, kind)) => self.about(&path, &kind, place),
            None if place.now => "hour(now) < 23".to_owned(),
            None => "1 < 2".to_owned(),
        }
    }

    pub(crate) fn all_roles(&self) -> Vec<String> {
        let mut roles = self.roles.clone();
        roles.extend(self.earned.iter().map(|(name, _)| name.clone()));
        roles
    }

    /// A condition about what stands on a path.
    pub(crate) fn about(&mut self, path: &str, kind: &Kind, place: &Place) -> String {
        if self.chance(15) {
            let word = self.pick(&["is set", "is empty"]);
            return format!("{path} {word}");
        }
        let than = self.pick(&["<", "<=", ">", ">="]);
        match kind {
            Kind::Text | Kind::LongText | Kind::Markdown | Kind::Email | Kind::Url | Kind::Slug => {
                let forms = [
                    format!("length({path}) {than} {}", self.dice.u8(3..12)),
                    format!("{path} contains \"a\""),
                    format!("{path} starts with \"b\""),
                    format!("lower({path}) is not \"abc\""),
                    format!("{path} matches /[a-zA-Z ]+/"),
                    format!("{path} is not \"quite so\""),
                ];
                self.pick(&forms)
            }
            Kind::Integer => {
                let forms = [
                    format!("{path} {than} {}", self.dice.i8(-1..9)),
                    format!("{path} is one of 1, 2, 3"),
                    format!("{path} * 2 {than} 9"),
                    format!("abs({path}) {than} 4"),
                    format!("max({path}, 2) {than} 3"),
                    format!("{path} / 2 {than} 2"),
                ];
                self.pick(&forms)
            }
            Kind::Decimal(places) => {
                let forms = [
                    format!("{path} {than} {}", if *places > 0 { "2.5" } else { "2" }),
                    format!("round({path}) {than} 3"),
                ];
                self.pick(&forms)
            }
            Kind::Money => {
                let forms = [
                    format!("{path} {than} {}", self.dice.u8(..60)),
                    format!("{path} * 3 {than} 50"),
                    format!("{path} * 10 % {than} 5"),
                ];
                self.pick(&forms)
            }
            Kind::Percent => format!("{path} {than} 20 %"),
            Kind::YesNo => {
                let forms = [
                    path.to_owned(),
                    format!("not {path}"),
                    format!("{path} is no"),
                ];
                self.pick(&forms)
            }
            Kind::Date => {
                let mut forms = vec![
                    format!("{path} {than} 2026-03-05"),
                    format!("weekday({path}) <= 5"),
                    format!("year({path}) >= 2026"),
                ];
                if place.now {
                    forms.push(format!("{path} {than} today"));
                    forms.push(format!("{path} - today <= 7 days"));
                }
                self.pick(&forms)
            }
            Kind::Time => format!("{path} {than} 12:00"),
            Kind::Timestamp => {
                let mut forms = vec![
                    format!("{path} {than} 2026-03-02 10:00"),
                    format!("hour({path}) < 17"),
                ];
                if place.now {
                    forms.push(format!("{path} {than} now"));
                    forms.push(format!("date({path}) is today"));
                    forms.push(format!("now - {path} < 3 days"));
                }
                self.pick(&forms)
            }
            Kind::Duration => {
                let forms = [
                    format!("{path} {than} 2 hours"),
                    format!("{path} / 1 hour {than} 1.5"),
                ];
                self.pick(&forms)
            }
            Kind::Choice(at) => {
                let values: Vec<String> = self.choices[*at]
                    .values
                    .iter()
                    .map(|value| value.replace(' ', "_"))
                    .collect();
                let one = self.pick(&values);
                let forms = [
                    format!("{path} is {one}"),
                    format!("{path} is not {one}"),
                    format!("{path} is one of {}, {}", values[0], values[1]),
                    format!("{path} {than} {one}"),
                ];
                self.pick(&forms)
            }
            Kind::User if place.me => {
                let mut forms = vec![format!("{path} is me"), format!("{path} is not me")];
                if let Some(role) = self.some(&self.roles.clone()) {
                    forms.push(format!("{path} is {role}"));
                }
                self.pick(&forms)
            }
            Kind::ListOfText | Kind::List => {
                let forms = [
                    format!("length({path}) {than} 2"),
                    format!("{path} contains \"a\""),
                ];
                self.pick(&forms)
            }
            Kind::Many(_) => {
                let forms = [
                    format!("count({path}) {than} 2"),
                    format!("exists({path} where created is set)"),
                ];
                self.pick(&forms)
            }
            Kind::User | Kind::Row(_) | Kind::Json | Kind::Password | Kind::Secret => {
                let word = self.pick(&["is set", "is empty"]);
                format!("{path} {word}")
            }
        }
    }

    /// A condition that looks at other rows.
    fn over_rows(&mut self, place: &Place) -> Option<String> {
        let at = place.entity.filter(|at| *at != USER)?;
        let this = if place.prefix.is_empty() {
            "this".to_owned()
        } else {
            place.prefix.trim_end_matches('.').to_owned()
        };
        if this.contains("old") || this.contains("input") {
            return None;
        }
        let behind = self.referring(at);
        let (from, path) = self.some(&behind)?;
        let name = self.entities[from].code();
        let inside = Place::of(from).kept().own();
        let further = self.condition(&inside, 0);
        self.has("condition over rows");
        let forms = [
            format!("exists({name} where {path} is {this} and {further})"),
            format!("not exists({name} where {path} is {this} and {further})"),
            format!("count({name} where {path} is {this}) <= 2"),
            format!("every({name} where {path} is {this} holds {further})"),
        ];
        Some(self.pick(&forms))
    }

    /// What goes into a text.
    pub(crate) fn in_text(&mut self, place: &Place) -> String {
        let paths: Vec<(String, Kind)> = self
            .paths(place)
            .into_iter()
            .filter(|(_, kind)| !matches!(kind, Kind::Json | Kind::Password | Kind::Secret))
            .collect();
        self.some(&paths)
            .map_or_else(|| "so".to_owned(), |(path, _)| format!("{{{path}}}"))
    }

    /// A value of this kind, where one can be thought of.
    pub(crate) fn value(&mut self, kind: &Kind, place: &Place) -> Option<String> {
        if self.chance(12) {
            let condition = self.condition(place, 0);
            let left = self.plain_value(kind, place)?;
            let right = self.plain_value(kind, place)?;
            return Some(format!("(if {condition} then {left} else {right})"));
        }
        self.plain_value(kind, place)
    }

    fn plain_value(&mut self, kind: &Kind, place: &Place) -> Option<String> {
        let all = self.paths(place);
        let same: Vec<String> = all
            .iter()
            .filter(|(_, held)| held == kind)
            .map(|(path, _)| path.clone())
            .collect();
        let mut forms: Vec<String> = Vec::new();
        // Choices without a name are different ones, whatever they hold.
        let apart = matches!(kind, Kind::Choice(at) if self.choices[*at].name.is_none());
        let one = self.some(&same).filter(|_| !apart);
        match kind {
            Kind::Integer => {
                forms.push(self.dice.u8(1..6).to_string());
                forms.extend(one.iter().map(|path| format!("{path} + 1")));
                if self.functions.contains(&Function::Points) {
                    self.has("function used");
                    let inner = one.clone().unwrap_or_else(|| "3".to_owned());
                    forms.push(format!("points({inner})"));
                }
                let texts: Vec<String> = all
                    .iter()
                    .filter(|(_, kind)| *kind == Kind::Text)
                    .map(|(path, _)| format!("length({path})"))
                    .collect();
                forms.extend(self.some(&texts));
                for function in self.functions.clone() {
                    if let Function::Rank(at) = function {
                        let held: Vec<String> = all
                            .iter()
                            .filter(|(_, kind)| *kind == Kind::Choice(at))
                            .map(|(path, _)| format!("rank_of({path})"))
                            .collect();
                        forms.extend(self.some(&held));
                    }
                }
            }
            Kind::Money => {
                forms.extend(one.iter().map(|path| format!("{path} * 2")));
                forms.extend(one.iter().map(|path| format!("{path} - {path} * 25 %")));
                if let Some(path) = &one
                    && self.functions.contains(&Function::Rebate)
                {
                    self.has("function used");
                    forms.push(format!("less({path}, 3)"));
                }
                if self.functions.contains(&Function::Limit) {
                    self.has("function used");
                    forms.push("the_limit".to_owned());
                }
            }
            Kind::Decimal(_) | Kind::Percent => forms.push(one.clone()?),
            Kind::Text | Kind::LongText | Kind::Markdown => {
                let first = self.in_text(place);
                forms.push("\"as said\"".to_owned());
                forms.push(format!("\"Of {first}\""));
            }
            Kind::YesNo => {
                forms.push(self.pick(&["yes", "no"]).to_owned());
                forms.push(format!("({})", self.condition(place, 0)));
            }
            Kind::Date => {
                forms.push("2026-03-09".to_owned());
                forms.extend(one.iter().map(|path| format!("{path} + 2 days")));
                if place.now {
                    forms.push("today".to_owned());
                    forms.push("today + 1 week".to_owned());
                }
            }
            Kind::Time => {
                forms.push("10:15".to_owned());
                forms.extend(one.iter().map(|path| format!("{path} + 30 minutes")));
            }
            Kind::Timestamp => {
                forms.extend(one.iter().map(|path| format!("{path} + 1 hour")));
                if place.now {
                    forms.push("now".to_owned());
                    forms.push("now - 2 days".to_owned());
                }
            }
            Kind::Duration => {
                forms.push("2 hours".to_owned());
                forms.extend(one.iter().map(|path| format!("{path} * 2")));
            }
            Kind::Choice(at) => {
                let values = self.choices[*at].values.clone();
                forms.push(self.pick(&values).replace(' ', "_"));
            }
            Kind::User if place.me => forms.push("me".to_owned()),
            Kind::Row(at) if place.rows => {
                let name = self.entity(*at).code();
                forms.push(format!("first({name} sorted by created)"));
            }
            _ => {}
        }
        forms.extend(one);
        self.some(&forms)
    }

    /// A value for a field of a new row: it has to be there and to fit.
    pub(crate) fn new_value(
        &mut self,
        field: &Field,
        place: &Place,
        this: Option<(usize, String)>,
    ) -> Option<String> {
        if let (Kind::Row(at), Some((entity, name))) = (&field.kind, &this)
            && at == entity
        {
            return Some(name.clone());
        }
        match field.kind {
            Kind::Email if place.me => Some("me.email".to_owned()),
            _ => self.value(&field.kind, place),
        }
    }

    pub(crate) fn entity_named(&self, at: usize) -> Entity {
        self.entity(at).clone()
    }
}
