//! Random programs that are valid: small, and with everything in them that the language has. The same number gives the
//! same program.

#![expect(
    clippy::indexing_slicing,
    reason = "positions are those that the program was planned with"
)]

mod access;
mod effects;
mod expressions;
mod fields;
mod sections;
mod text;

use std::collections::BTreeMap;

/// A program that nobody wrote.
#[derive(Debug)]
pub struct Random {
    /// The text of its only file, `spec/app.md`.
    pub text: String,
    /// What it has, and how many of each.
    pub kinds: BTreeMap<&'static str, usize>,
}

/// The program of this number.
#[must_use]
pub fn program(number: u64) -> Random {
    let mut world = World::new(number);
    world.people();
    world.choices();
    world.entities();
    world.computed();
    let text = world.text();
    Random {
        text,
        kinds: world.kinds,
    }
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    LongText,
    Markdown,
    Email,
    Url,
    Slug,
    Integer,
    Decimal(u8),
    Money,
    Percent,
    YesNo,
    Date,
    Time,
    Timestamp,
    Duration,
    /// By its position.
    Choice(usize),
    User,
    /// By the position of the entity.
    Row(usize),
    Many(usize),
    ListOfText,
    /// Computed only.
    List,
    Json,
    Password,
    Secret,
}

/// A field that is planned.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub name: String,
    pub kind: Kind,
    pub rules: Vec<String>,
    pub required: bool,
    pub default: bool,
    pub fixed: bool,
    pub read_only: bool,
    pub private: bool,
    pub computed: bool,
    /// It depends on the time.
    pub clock: bool,
    /// It is the state of a lifecycle, the tenant, the parent or the identifier: nobody sets it.
    pub kept: bool,
    /// Clients may not give it on creation, whatever Access says.
    pub given: bool,
    /// It is not in the table of fields.
    pub hidden: bool,
}

impl Field {
    fn new(name: &str, kind: Kind) -> Field {
        Field {
            name: name.to_owned(),
            kind,
            rules: Vec::new(),
            required: false,
            default: false,
            fixed: false,
            read_only: false,
            private: false,
            computed: false,
            clock: false,
            kept: false,
            given: false,
            hidden: false,
        }
    }

    fn rule(mut self, rule: &str) -> Field {
        match rule {
            "required" => self.required = true,
            "fixed" => self.fixed = true,
            "read-only" => self.read_only = true,
            "private" => self.private = true,
            rule if rule.starts_with("default") => self.default = true,
            _ => {}
        }
        self.rules.push(rule.to_owned());
        self
    }

    /// As expressions name it.
    fn code(&self) -> String {
        self.name.replace(' ', "_")
    }

    /// Clients may be allowed to write it.
    fn writable(&self) -> bool {
        !self.computed && !self.read_only && !self.private && !self.kept && !self.given
    }

    /// Effects may be allowed to set it.
    fn settable(&self) -> bool {
        !self.computed && !self.fixed && !self.kept && !self.given
    }

    /// Whoever creates a row has to give it.
    fn needed(&self) -> bool {
        self.required && !self.default && !self.given && !self.computed
    }
}

/// An entity that is planned.
#[derive(Debug, Clone)]
pub(crate) struct Entity {
    pub name: String,
    pub parent: Option<usize>,
    pub tenant: bool,
    pub shown: Option<String>,
    pub fields: Vec<Field>,
    /// The field of its lifecycle with the steps: from, name, to.
    pub state: Option<State>,
}

/// A lifecycle that is planned.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub field: String,
    pub choice: usize,
    /// Name, from, to, by position among the values.
    pub steps: Vec<(String, usize, usize)>,
}

impl Entity {
    fn new(name: &str) -> Entity {
        Entity {
            name: name.to_owned(),
            parent: None,
            tenant: false,
            shown: None,
            fields: Vec::new(),
            state: None,
        }
    }

    /// As expressions name it.
    fn code(&self) -> String {
        self.name.replace(' ', "_")
    }

    fn has(&self, name: &str) -> bool {
        let plain = |name: &str| name.to_lowercase().replace([' ', '_', '-'], "");
        self.fields
            .iter()
            .any(|field| plain(&field.name) == plain(name))
    }

    fn owner(&self) -> Option<&Field> {
        self.fields
            .iter()
            .find(|field| field.kind == Kind::User && field.required)
    }
}

/// The position of User among the entities.
pub(crate) const USER: usize = usize::MAX;

/// A choice that is planned.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    /// None where it stands in the field.
    pub name: Option<String>,
    pub values: Vec<String>,
}

/// A function of the program, by its input and output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Points,
    Rebate,
    Limit,
    Rank(usize),
}

/// A program that is being thought of.
#[derive(Debug)]
pub(crate) struct World {
    dice: fastrand::Rng,
    kinds: BTreeMap<&'static str, usize>,
    roles: Vec<String>,
    sign_up: bool,
    /// A role that is held by condition, with the condition.
    earned: Option<(String, String)>,
    currency: &'static str,
    tenant: bool,
    choices: Vec<Choice>,
    functions: Vec<Function>,
    user: Entity,
    entities: Vec<Entity>,
    /// For sentences and names that differ.
    count: usize,
}

impl World {
    fn new(number: u64) -> World {
        let mut dice = fastrand::Rng::with_seed(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let tenant = dice.u8(..100) < 15;
        World {
            currency: ["USD", "EUR", "JPY", "BHD"][dice.usize(..4)],
            tenant,
            dice,
            kinds: BTreeMap::new(),
            roles: Vec::new(),
            sign_up: true,
            earned: None,
            choices: Vec::new(),
            functions: Vec::new(),
            user: Entity::new("User"),
            entities: Vec::new(),
            count: 0,
        }
    }

    /// True so many times of a hundred.
    fn chance(&mut self, percent: u8) -> bool {
        self.dice.u8(..100) < percent
    }

    /// One of them.
    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.dice.usize(..from.len())].clone()
    }

    /// One of them, where there is one.
    fn some<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| self.pick(from))
    }

    /// It is among what the program has.
    fn has(&mut self, kind: &'static str) {
        *self.kinds.entry(kind).or_default() += 1;
    }

    fn next(&mut self) -> usize {
        self.count += 1;
        self.count
    }

    fn entity(&self, at: usize) -> &Entity {
        self.entities.get(at).unwrap_or(&self.user)
    }

    fn people(&mut self) {
        let pool = ["Member", "Keeper", "Guest", "Chief", "Inspector"];
        let count = if self.chance(6) {
            0
        } else {
            self.dice.usize(1..=3)
        };
        let from = self.dice.usize(..pool.len());
        self.roles = (0..count)
            .map(|at| pool[(from + at) % pool.len()].to_owned())
            .collect();
        self.sign_up = count == 0 || self.chance(80);
        let level = self.chance(40);
        if level {
            self.user.fields.push(
                Field::new("level", Kind::Integer)
                    .rule("0..9")
                    .rule("default 1"),
            );
        }
        if self.chance(25) {
            let phone = Field::new("phone", Kind::Text).rule("at most 30 characters");
            self.user.fields.push(phone);
        }
        if !self.roles.is_empty() && self.chance(20) {
            let condition = if level {
                "level >= 3"
            } else {
                "created < now - 30 days"
            };
            self.earned = Some(("Veteran".to_owned(), condition.to_owned()));
            self.has("role held by condition");
        }
    }

    fn choices(&mut self) {
        let pool: [&[&str]; 4] = [
            &["fresh", "ripe", "rotten"],
            &["red", "green", "blue", "sky blue"],
            &["small", "medium", "large"],
            &["in hand", "on hold", "left alone"],
        ];
        let from = self.dice.usize(..pool.len());
        for at in 0..self.dice.usize(1..=2) {
            let values = pool[(from + at) % pool.len()].iter();
            let name = self.chance(60).then(|| format!("Trait {}", at + 1));
            self.choices.push(Choice {
                name,
                values: values.map(|value| (*value).to_owned()).collect(),
            });
        }
        for function in [
            Function::Points,
            Function::Rebate,
            Function::Limit,
            Function::Rank(0),
        ] {
            if self.chance(25) {
                self.functions.push(function);
            }
        }
        if self.choices.iter().all(|choice| choice.name.is_none()) {
            self.functions
                .retain(|function| !matches!(function, Function::Rank(_)));
        } else {
            let named = self.choices.iter().position(|choice| choice.name.is_some());
            for function in &mut self.functions {
                if let Function::Rank(at) = function {
                    *at = named.unwrap_or(0);
                }
            }
        }
    }
}
