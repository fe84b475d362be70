//! Entities and their fields.

use super::expressions::Place;
use super::{Choice, Entity, Field, Kind, State, World};

impl World {
    pub(crate) fn entities(&mut self) {
        let pool = [
            "Parcel",
            "Order",
            "Match",
            "Box",
            "Reply",
            "Spare part",
            "Table",
            "Größe",
            "Shelf",
            "Song",
        ];
        let from = self.dice.usize(..pool.len());
        let count = self.dice.usize(1..=4);
        if self.tenant {
            let mut firm = Entity::new("Firm");
            firm.shown = Some("name".to_owned());
            firm.fields = vec![
                Field::new("name", Kind::Text)
                    .rule("required")
                    .rule("unique"),
            ];
            self.entities.push(firm);
            let mut of = Field::new("firm", Kind::Row(0));
            of.given = true;
            self.user.fields.push(of);
            self.has("tenant");
        }
        for at in 0..count {
            let entity = self.planned(pool[(from + at) % pool.len()]);
            self.entities.push(entity);
            self.has("entity");
        }
    }

    fn planned(&mut self, name: &str) -> Entity {
        let mut entity = Entity::new(name);
        let base = usize::from(self.tenant);
        let others: Vec<usize> = (base..self.entities.len()).collect();
        if !others.is_empty() && self.chance(30) {
            let parent = self.pick(&others);
            entity.parent = Some(parent);
            let mut field = Field::new(&self.entity(parent).name.clone(), Kind::Row(parent));
            (field.required, field.kept, field.hidden) = (true, true, true);
            entity.fields.push(field);
            self.has("part");
        } else if self.tenant {
            entity.tenant = true;
            let mut field = Field::new("firm", Kind::Row(0));
            (field.kept, field.given) = (true, true);
            entity.fields.push(field);
        }
        // Within a tenant only: the judge knows a row by its identifier alone, and two tenants may have the same.
        if !self.tenant && self.chance(20) {
            self.identifier(&mut entity);
        }
        self.shown(&mut entity);
        if self.chance(65) {
            let name = self.pick(&["owner", "author", "held by"]);
            let mut owner = Field::new(name, Kind::User)
                .rule("required")
                .rule("default me");
            if self.chance(80) {
                owner = owner.rule("fixed");
            }
            if self.chance(25) {
                owner = owner.rule("on delete keep");
            }
            entity.fields.push(owner);
            self.has("owner");
        }
        if self.chance(50) {
            self.lifecycle(&mut entity);
        }
        if self.chance(20) {
            let kind = self.pick(&[Kind::Timestamp, Kind::Date, Kind::Time]);
            let names = match kind {
                Kind::Timestamp => ["starts", "ends"],
                Kind::Date => ["since", "due"],
                _ => ["opens", "closes"],
            };
            for name in names {
                let mut field = Field::new(name, kind.clone());
                if self.chance(70) {
                    field = field.rule("required");
                }
                entity.fields.push(field);
                self.has(kind_name(&kind));
            }
        }
        for _ in 0..self.dice.usize(2..=6) {
            let kind = self.kind();
            self.field(&mut entity, kind);
        }
        entity
    }

    fn identifier(&mut self, entity: &mut Entity) {
        let mut id = match self.dice.u8(..4) {
            0 => Field::new("id", Kind::Text)
                .rule("2..20 characters")
                .rule("matches `/[a-z0-9-]+/`"),
            1 => Field::new("id", Kind::Text).rule("default random(12)"),
            2 => Field::new("id", Kind::Text).rule("default next \"N-{000}\""),
            _ => Field::new("id", Kind::Slug),
        };
        (id.required, id.fixed, id.kept) = (true, true, true);
        id.given = id.default;
        if id.kind == Kind::Slug {
            id.default = true;
        }
        entity.fields.push(id);
        self.has("identifier");
    }

    fn shown(&mut self, entity: &mut Entity) {
        let name = self.pick(&["name", "title", "headline"]);
        let mut field = Field::new(name, Kind::Text).rule("required");
        if self.chance(30) {
            field = field.rule("unique");
            self.has("unique");
        }
        if self.chance(50) {
            field = field.rule("2..40 characters");
        }
        if self.chance(40) {
            field = field.rule("searchable");
            self.has("searchable");
        }
        entity.fields.push(field);
        if self.chance(90) {
            entity.shown = Some(name.to_owned());
        }
    }

    fn lifecycle(&mut self, entity: &mut Entity) {
        let (name, values, names): (&str, &[&str], &[&str]) = self.pick(&[
            (
                "state",
                &["draft", "sent", "closed"][..],
                &["send", "close", "take back"][..],
            ),
            (
                "status",
                &["open", "held", "over", "lost"],
                &["hold", "finish", "lose"],
            ),
            ("stage", &["fore", "aft"], &["move on", "move back", "jump"]),
        ]);
        let choice = self.choices.len();
        self.choices.push(Choice {
            name: None,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        });
        let mut steps: Vec<(String, usize, usize)> = (1..values.len())
            .map(|to| (names[to - 1].to_owned(), to - 1, to))
            .collect();
        if self.chance(50) {
            steps.push((names[names.len() - 1].to_owned(), values.len() - 1, 0));
        }
        let mut field =
            Field::new(name, Kind::Choice(choice)).rule(&format!("default {}", values[0]));
        field.kept = true;
        entity.fields.push(field);
        entity.state = Some(State {
            field: name.to_owned(),
            choice,
            steps,
        });
        self.has("lifecycle");
    }

    fn kind(&mut self) -> Kind {
        let base = usize::from(self.tenant);
        let rows: Vec<usize> = (base..self.entities.len()).collect();
        match self.dice.u8(..32) {
            0..=2 => Kind::Text,
            3 => Kind::LongText,
            4 => Kind::Markdown,
            5 => Kind::Email,
            6 => Kind::Url,
            7 => Kind::Slug,
            8..=10 => Kind::Integer,
            11 => Kind::Decimal(self.dice.u8(0..=4)),
            12..=13 => Kind::Money,
            14 => Kind::Percent,
            15..=16 => Kind::YesNo,
            17 => Kind::Date,
            18 => Kind::Time,
            19 => Kind::Timestamp,
            20 => Kind::Duration,
            21 => {
                let plain = self.plain_choices();
                Kind::Choice(self.pick(&plain))
            }
            22 => Kind::User,
            23..=25 => self.some(&rows).map_or(Kind::Date, Kind::Row),
            26..=27 => self.some(&rows).map_or(Kind::Timestamp, Kind::Many),
            28 => Kind::ListOfText,
            29 => Kind::Json,
            30 => Kind::Password,
            _ => Kind::Secret,
        }
    }

    /// Choices that are no state of a lifecycle.
    pub(crate) fn plain_choices(&self) -> Vec<usize> {
        (0..self.choices.len())
            .filter(|at| {
                let state = |entity: &Entity| {
                    entity
                        .state
                        .as_ref()
                        .is_some_and(|state| state.choice == *at)
                };
                !self.entities.iter().any(state)
                    && !["draft", "open", "fore"].contains(&self.choices[*at].values[0].as_str())
            })
            .collect()
    }

    fn field(&mut self, entity: &mut Entity, kind: Kind) {
        let names: &[&str] = match &kind {
            Kind::Text => &["motto", "type", "Straße", "nick name", "select"],
            Kind::LongText => &["story", "remark", "page"],
            Kind::Markdown => &["about", "body"],
            Kind::Email => &["contact", "mail"],
            Kind::Url => &["site", "link"],
            Kind::Slug => &["slug", "short name"],
            Kind::Integer => &["pieces", "rank", "floor", "sort"],
            Kind::Decimal(_) => &["weight", "width"],
            Kind::Money => &["price", "fee", "deposit"],
            Kind::Percent => &["rebate", "share"],
            Kind::YesNo => &["ready", "listed", "heavy"],
            Kind::Date => &["due", "since", "day off"],
            Kind::Time => &["opens", "closes"],
            Kind::Timestamp => &["checked", "starts", "ends"],
            Kind::Duration => &["length", "shelf life"],
            Kind::Choice(_) => &["colour", "trait", "look"],
            Kind::User => &["helper", "seller", "reviewer"],
            Kind::Row(_) => &["belongs to", "next one", "source"],
            Kind::Many(_) => &["parts of it", "links"],
            Kind::ListOfText => &["words", "marks"],
            Kind::Json => &["extra"],
            Kind::Password => &["pin"],
            Kind::Secret => &["api key", "token"],
            Kind::List => &["all of them"],
        };
        let free: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| !entity.has(name))
            .collect();
        let Some(name) = self.some(&free) else { return };
        let plain = match &kind {
            Kind::Slug => {
                let from = entity
                    .fields
                    .iter()
                    .find(|field| field.kind == Kind::Text && field.required);
                if from.is_none() {
                    return;
                }
                Field::new(name, kind.clone())
            }
            _ => Field::new(name, kind.clone()),
        };
        let field = self.ruled(plain);
        entity.fields.push(field);
        self.has(kind_name(&kind));
    }

    fn ruled(&mut self, mut field: Field) -> Field {
        let kind = field.kind.clone();
        if let Some(bounds) = self.bounds(&kind) {
            field = field.rule(&bounds);
            self.has("bounds");
        }
        let bounded = field.rules.iter().any(|rule| rule.contains("character"));
        let required = match kind {
            Kind::Slug | Kind::Password | Kind::Secret | Kind::Json => false,
            Kind::YesNo | Kind::Many(_) | Kind::ListOfText => self.chance(15),
            _ => self.chance(40),
        };
        if required {
            field = field.rule("required");
            self.has("required");
        }
        match kind {
            Kind::Text => match self.dice.u8(..12) {
                0 => {
                    field = field.rule("unique");
                    self.has("unique");
                }
                1 if !bounded => {
                    field = field.rule("matches `/[a-z]{2,6}[0-9]*/`");
                    self.has("pattern");
                }
                2 if !bounded => {
                    field = field
                        .rule("unique")
                        .rule("read-only")
                        .rule("default next \"S-{year}-{000}\"");
                    self.has("numbers of a series");
                    return field;
                }
                3 if !bounded => {
                    self.has("private");
                    return field.rule("private").rule("default random(16)");
                }
                4 if !bounded => field = field.rule("default \"as it was\""),
                5 => {
                    field = field.rule("searchable");
                    self.has("searchable");
                }
                6 => {
                    field = field.rule("indexed");
                    self.has("indexed");
                }
                _ => {}
            },
            Kind::Slug if self.chance(60) => {
                field = field.rule("unique");
                self.has("unique");
            }
            Kind::LongText | Kind::Markdown if self.chance(30) => {
                field = field.rule("searchable");
                self.has("searchable");
            }
            Kind::Secret if self.chance(40) => {
                self.has("read-only");
                return field.rule("read-only").rule("default random(20)");
            }
            Kind::Integer if !required && self.chance(10) => {
                field = field.rule("unique");
                self.has("unique");
            }
            Kind::Date | Kind::Integer | Kind::Money | Kind::Timestamp if self.chance(15) => {
                field = field.rule("indexed");
                self.has("indexed");
            }
            Kind::Row(_) | Kind::User if self.chance(30) => {
                let what = if field.required {
                    self.pick(&["on delete cascade", "on delete refuse"])
                } else {
                    self.pick(&["on delete cascade", "on delete refuse", "on delete empty"])
                };
                field = field.rule(what);
                self.has("on delete");
            }
            _ => {}
        }
        if let Some(default) = self.default(&field) {
            field = field.rule(&format!("default {default}"));
            self.has("default");
        }
        if kind != Kind::Slug && (field.default || !field.required) && self.chance(12) {
            self.has("read-only");
            return field.rule("read-only");
        }
        if !matches!(kind, Kind::Slug | Kind::Password | Kind::Secret) && self.chance(8) {
            self.has("fixed");
            field = field.rule("fixed");
        }
        if (field.default || !field.required)
            && !matches!(kind, Kind::Password | Kind::Secret | Kind::Slug)
            && self.chance(4)
        {
            self.has("private");
            field = field.rule("private");
        }
        field
    }

    fn bounds(&mut self, kind: &Kind) -> Option<String> {
        if !self.chance(45) {
            return None;
        }
        let bounds = match kind {
            Kind::Text => self.pick(&["2..30 characters", "at most 20 characters"]),
            Kind::LongText | Kind::Markdown => self.pick(&["at most 300 characters"]),
            Kind::Integer => self.pick(&["0..100", "at least 1", "-5..5", "at most 1000"]),
            Kind::Decimal(0) => "0..50",
            Kind::Decimal(_) => self.pick(&["0.5..99.5", "at least 0"]),
            Kind::Money => self.pick(&["at least 0", "1..5000"]),
            Kind::Percent => self.pick(&["0 %..100 %", "at most 50 %"]),
            Kind::Date => "2020-01-01..2035-12-31",
            Kind::Time => "06:00..22:00",
            Kind::Duration => self.pick(&["at least 5 minutes", "1 hour..10 days"]),
            Kind::Many(_) | Kind::ListOfText => "at most 4",
            Kind::Password => "8..40 characters",
            Kind::Secret => "at most 60 characters",
            _ => return None,
        };
        Some(bounds.to_owned())
    }

    fn default(&mut self, field: &Field) -> Option<String> {
        if !self.chance(35) || field.rules.iter().any(|rule| rule == "unique") {
            return None;
        }
        let default = match &field.kind {
            Kind::Integer => self.pick(&["1", "4"]).to_owned(),
            Kind::Decimal(_) => "2".to_owned(),
            Kind::Money => self.pick(&["1", "20"]).to_owned(),
            Kind::Percent => "10 %".to_owned(),
            Kind::YesNo => self.pick(&["yes", "no"]).to_owned(),
            Kind::Date => self.pick(&["today", "`today + 7 days`"]).to_owned(),
            Kind::Time => "09:30".to_owned(),
            Kind::Timestamp => self.pick(&["now", "`now + 2 hours`"]).to_owned(),
            Kind::Duration => "90 minutes".to_owned(),
            Kind::Choice(at) => {
                let values = self.choices[*at].values.clone();
                self.pick(&values)
            }
            Kind::User => "me".to_owned(),
            _ => return None,
        };
        Some(default)
    }

    /// Fields that are worked out; they may look at any field that is kept, and at those before them.
    pub(crate) fn computed(&mut self) {
        for at in usize::from(self.tenant)..self.entities.len() {
            for _ in 0..self.dice.usize(..=2) {
                let place = Place::of(at).kept();
                let names = [
                    "total", "summary", "overdue", "how many", "latest", "best", "worth",
                ];
                let free: Vec<&str> = names
                    .into_iter()
                    .filter(|name| !self.entities[at].has(name))
                    .collect();
                let Some(name) = self.some(&free) else {
                    continue;
                };
                let clock = self.chance(20);
                let place = if clock { place.timed() } else { place };
                let Some((kind, code)) = self.derived(&place, at) else {
                    continue;
                };
                let mut field = Field::new(name, kind).rule(&format!("computed `{code}`"));
                (field.computed, field.clock) = (true, clock);
                self.entities[at].fields.push(field);
                self.has("computed");
            }
        }
    }

    fn derived(&mut self, place: &Place, at: usize) -> Option<(Kind, String)> {
        let behind = self.referring(at);
        let from = if behind.is_empty() { 0 } else { 3 };
        match self.dice.u8(from..8) {
            0 => Some((Kind::YesNo, self.condition(place, 1))),
            1 => {
                let value = self.value(&Kind::Integer, place)?;
                Some((Kind::Integer, value))
            }
            2 => {
                let value = self.value(&Kind::Money, place)?;
                Some((Kind::Money, value))
            }
            3 => {
                let first = self.in_text(place);
                let second = self.in_text(place);
                Some((Kind::Text, format!("\"{first}, {second}\"")))
            }
            4 => {
                let (from, path) = self.some(&behind)?;
                let name = self.entities[from].code();
                self.has("count");
                Some((Kind::Integer, format!("count({name} where {path} is this)")))
            }
            5 => {
                let (from, path) = self.some(&behind)?;
                let name = self.entities[from].code();
                let numbers: Vec<Field> = self.entities[from]
                    .fields
                    .iter()
                    .filter(|field| {
                        !field.computed && matches!(field.kind, Kind::Integer | Kind::Money)
                    })
                    .cloned()
                    .collect();
                let of = self.some(&numbers)?;
                let how = self.pick(&["sum", "max", "min"]);
                self.has("sum");
                Some((
                    of.kind.clone(),
                    format!("{how}({name}.{} where {path} is this)", of.code()),
                ))
            }
            6 => {
                let (from, path) = self.some(&behind)?;
                let entity = self.entities[from].clone();
                let shown = entity.shown.clone()?;
                self.has("list");
                let name = entity.code();
                Some((
                    Kind::List,
                    format!("list of {name}.{shown} where {path} is this sorted by {shown}"),
                ))
            }
            _ => {
                let (from, path) = self.some(&behind)?;
                let entity = self.entities[from].clone();
                let shown = entity.shown.clone()?;
                let name = entity.code();
                self.has("first");
                Some((
                    Kind::Text,
                    format!("first({name} where {path} is this sorted by created desc).{shown}"),
                ))
            }
        }
    }

    /// Entities with a field that refers to this one.
    pub(crate) fn referring(&self, at: usize) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for (from, entity) in self.entities.iter().enumerate() {
            for field in &entity.fields {
                if field.kind == Kind::Row(at) && !field.computed {
                    found.push((from, field.code()));
                }
            }
        }
        found
    }
}

pub(crate) fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::LongText => "long text",
        Kind::Markdown => "markdown",
        Kind::Email => "email",
        Kind::Url => "url",
        Kind::Slug => "slug",
        Kind::Integer => "integer",
        Kind::Decimal(_) => "decimal",
        Kind::Money => "money",
        Kind::Percent => "percent",
        Kind::YesNo => "yes/no",
        Kind::Date => "date",
        Kind::Time => "time",
        Kind::Timestamp => "timestamp",
        Kind::Duration => "duration",
        Kind::Choice(_) => "choice",
        Kind::User => "reference to User",
        Kind::Row(_) => "reference",
        Kind::Many(_) => "many",
        Kind::ListOfText => "list of text",
        Kind::List => "list of text",
        Kind::Json => "json",
        Kind::Password => "password",
        Kind::Secret => "secret",
    }
}
