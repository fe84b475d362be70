//! Expressions as text, each of the kind that is wanted.

use super::Dice;

/// Types, name of a field that has it, first.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    #[default]
    Bool,
    Integer,
    Decimal,
    Money,
    Percent,
    Date,
    Time,
    Timestamp,
    Duration,
    Text,
    Choice,
    User,
    Item,
}

const KINDS: &[Kind] = &[
    Kind::Bool,
    Kind::Integer,
    Kind::Decimal,
    Kind::Money,
    Kind::Percent,
    Kind::Date,
    Kind::Time,
    Kind::Timestamp,
    Kind::Duration,
    Kind::Text,
    Kind::Choice,
    Kind::User,
    Kind::Item,
];

/// Writes code of a wanted kind.
pub(super) struct Writer<'a> {
    pub(super) dice: Dice<'a>,
}

impl Writer<'_> {
    pub(super) fn any(mut self) -> String {
        let kind = if self.dice.roll(2) == 0 {
            Kind::Bool
        } else {
            self.dice.pick(KINDS)
        };
        self.write(kind, 4, "")
    }

    fn field(kind: Kind) -> &'static [&'static str] {
        match kind {
            Kind::Bool => &["open"],
            Kind::Integer => &["pieces", "twice", "version"],
            Kind::Decimal => &["weight", "rate"],
            Kind::Money => &["price"],
            Kind::Percent => &["share"],
            Kind::Date => &["day"],
            Kind::Time => &["opens"],
            Kind::Timestamp => &["seen", "created"],
            Kind::Duration => &["took"],
            Kind::Text => &["title", "mail"],
            Kind::Choice => &["state"],
            Kind::User => &["owner"],
            Kind::Item => &["parent"],
        }
    }

    /// `outer` is `this.` inside a search, empty outside.
    fn leaf(&mut self, kind: Kind, outer: &str) -> String {
        let name = self.dice.pick(Writer::field(kind));
        match self.dice.roll(4) {
            0 => name.to_owned(),
            1 => format!("this.{name}"),
            2 => format!(
                "{}parent.{name}",
                if self.dice.roll(2) == 0 { "" } else { outer }
            ),
            _ => match kind {
                Kind::Bool => self
                    .dice
                    .pick(&["yes", "no", "me is Clerk", "me is set", "can read this"])
                    .to_owned(),
                Kind::Integer => self
                    .dice
                    .pick(&["0", "1", "-7", "12", "9223372036854775807"])
                    .to_owned(),
                Kind::Decimal => self
                    .dice
                    .pick(&["0.5", "-2.25", "100.0", "0.005"])
                    .to_owned(),
                Kind::Money => self
                    .dice
                    .pick(&["(price + 0.01)", "(price * 0)", "(price - 12)"])
                    .to_owned(),
                Kind::Percent => self.dice.pick(&["10 %", "12.5 %", "0 %"]).to_owned(),
                Kind::Date => self
                    .dice
                    .pick(&["2026-03-01", "today", "2024-02-29"])
                    .to_owned(),
                Kind::Time => self
                    .dice
                    .pick(&["09:30", "23:59:59", "time(now)"])
                    .to_owned(),
                Kind::Timestamp => self.dice.pick(&["now", "2026-03-29 01:30"]).to_owned(),
                Kind::Duration => self
                    .dice
                    .pick(&["1 day", "36 hours", "90 minutes", "2 weeks"])
                    .to_owned(),
                Kind::Text => self
                    .dice
                    .pick(&["\"\"", "\"a\"", "\"Ab c\"", "\"é%_'\"", "\"  \""])
                    .to_owned(),
                Kind::Choice => name.to_owned(),
                Kind::User => "me".to_owned(),
                Kind::Item => "this".to_owned(),
            },
        }
    }

    fn write(&mut self, kind: Kind, depth: u8, outer: &str) -> String {
        if depth == 0 {
            return self.leaf(kind, outer);
        }
        let next = depth - 1;
        let roll = self.dice.roll(8);
        if roll == 0 {
            return self.leaf(kind, outer);
        }
        if roll == 1 {
            let (condition, then, otherwise) = (
                self.write(Kind::Bool, next, outer),
                self.write(kind, next, outer),
                self.write(kind, next, outer),
            );
            return match self.dice.roll(6) {
                0 => format!("(if {condition} then {then} else empty)"),
                1 => format!("(if {condition} then empty else {otherwise})"),
                _ => format!("(if {condition} then {then} else {otherwise})"),
            };
        }
        if roll == 2
            && let Some(found) = self.aggregate(kind, next)
        {
            return found;
        }
        let of = |writer: &mut Self, kind: Kind| writer.write(kind, next, outer);
        match kind {
            Kind::Bool => self.condition(next, outer),
            Kind::Integer => match self.dice.roll(7) {
                0 => format!("length({})", of(self, Kind::Text)),
                1 => format!("round({})", of(self, Kind::Decimal)),
                2 => format!(
                    "{}({})",
                    self.dice.pick(&["month", "day", "year", "weekday"]),
                    of(self, Kind::Date)
                ),
                3 => format!("hour({})", of(self, Kind::Timestamp)),
                4 => format!("abs({})", of(self, Kind::Integer)),
                5 => format!("-{}", of(self, Kind::Integer)),
                _ => format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["+", "-", "*"]),
                    of(self, kind)
                ),
            },
            Kind::Decimal => match self.dice.roll(7) {
                5 => format!(
                    "({} / {})",
                    of(self, Kind::Duration),
                    of(self, Kind::Duration)
                ),
                4 => format!(
                    "grade({}, {})",
                    of(self, Kind::Integer),
                    of(self, Kind::Decimal)
                ),
                0 => format!("({} / {})", of(self, Kind::Integer), of(self, kind)),
                1 => format!("({} / {})", of(self, Kind::Money), of(self, Kind::Money)),
                2 => format!("round({}, {})", of(self, kind), self.dice.roll(5)),
                3 => format!(
                    "{}({}, {})",
                    self.dice.pick(&["min", "max"]),
                    of(self, kind),
                    of(self, Kind::Integer)
                ),
                _ => format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["+", "-", "*"]),
                    of(self, Kind::Integer)
                ),
            },
            Kind::Money => match self.dice.roll(3) {
                0 => format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["*", "/"]),
                    of(self, Kind::Decimal)
                ),
                1 => format!("({} * {})", of(self, kind), of(self, Kind::Percent)),
                _ => format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["+", "-"]),
                    of(self, kind)
                ),
            },
            Kind::Duration if self.dice.roll(4) == 0 => format!(
                "({} {} {})",
                of(self, kind),
                self.dice.pick(&["*", "/"]),
                of(self, Kind::Integer)
            ),
            Kind::Percent | Kind::Duration => {
                format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["+", "-"]),
                    of(self, kind)
                )
            }
            Kind::Date => match self.dice.roll(2) {
                0 => format!("date({})", of(self, Kind::Timestamp)),
                _ => format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["+", "-"]),
                    of(self, Kind::Duration)
                ),
            },
            Kind::Time => match self.dice.roll(2) {
                0 => format!("time({})", of(self, Kind::Timestamp)),
                _ => format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["+", "-"]),
                    of(self, Kind::Duration)
                ),
            },
            Kind::Timestamp => format!(
                "({} {} {})",
                of(self, kind),
                self.dice.pick(&["+", "-"]),
                of(self, Kind::Duration)
            ),
            Kind::Text => match self.dice.roll(5) {
                0 => format!("lower({})", of(self, kind)),
                3 => format!(
                    "word({}, {}, {})",
                    of(self, Kind::Text),
                    of(self, Kind::Choice),
                    of(self, Kind::Bool)
                ),
                4 => format!(
                    "\"{{list of {}Item.{} where {} sorted by {}}}\"",
                    self.dice.pick(&["", "distinct "]),
                    self.dice.pick(&["title", "owner"]),
                    of(self, Kind::Bool),
                    self.dice.pick(&["title", "pieces desc, title", "day"])
                ),
                1 => format!("({}).name", of(self, Kind::User)),
                _ => {
                    let inner = self.dice.pick(&[
                        Kind::Text,
                        Kind::Integer,
                        Kind::Decimal,
                        Kind::Percent,
                        Kind::Choice,
                        Kind::Date,
                        Kind::Money,
                        Kind::Time,
                        Kind::Timestamp,
                        Kind::Duration,
                        Kind::Bool,
                        Kind::User,
                        Kind::Item,
                    ]);
                    let (before, after) = self.dice.pick(&[("<", ">"), (" ", ""), ("", "")]);
                    format!("\"{before}{{{}}}{after}\"", of(self, inner))
                }
            },
            Kind::Choice | Kind::User => self.leaf(kind, outer),
            Kind::Item => format!("({}).parent", of(self, kind)),
        }
    }

    fn condition(&mut self, depth: u8, outer: &str) -> String {
        let of = |writer: &mut Self, kind: Kind| writer.write(kind, depth, outer);
        match self.dice.roll(12) {
            10 => format!(
                "(mail {} {})",
                self.dice.pick(&["is", "is not", "is one of"]),
                self.dice.pick(&[
                    "\"Ana@Example.org\"",
                    "\"ZOË@example.org\"",
                    "title",
                    "parent.mail",
                ])
            ),
            11 => format!(
                "({} is {})",
                of(self, Kind::User),
                self.dice.pick(&["Clerk", "Boss"])
            ),
            0 => format!("({} and {})", of(self, Kind::Bool), of(self, Kind::Bool)),
            1 => format!("({} or {})", of(self, Kind::Bool), of(self, Kind::Bool)),
            2 => format!(
                "({} implies {})",
                of(self, Kind::Bool),
                of(self, Kind::Bool)
            ),
            3 => format!("(not {})", of(self, Kind::Bool)),
            4 => {
                let kind = self.dice.pick(KINDS);
                format!(
                    "({} is {})",
                    of(self, kind),
                    self.dice.pick(&["set", "empty"])
                )
            }
            5 => format!(
                "({} {} {})",
                of(self, Kind::Choice),
                self.dice.pick(&["is", "is not", "<", ">="]),
                self.dice.pick(&["draft", "live", "done"])
            ),
            6 => match self.dice.roll(4) {
                0 => format!(
                    "({} contains {})",
                    of(self, Kind::Text),
                    of(self, Kind::Text)
                ),
                1 => format!(
                    "({} starts with {})",
                    of(self, Kind::Text),
                    of(self, Kind::Text)
                ),
                2 => format!(
                    "({} matches /{}/)",
                    of(self, Kind::Text),
                    self.dice.pick(&["[a-z]+", "A.*", ".b|c"])
                ),
                _ => format!(
                    "({} {} {}, {})",
                    of(self, Kind::Integer),
                    self.dice.pick(&["is one of", "is not one of"]),
                    of(self, Kind::Integer),
                    of(self, Kind::Decimal)
                ),
            },
            7 => {
                let kind = self.dice.pick(&[Kind::User, Kind::Item, Kind::Text]);
                format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["is", "is not"]),
                    of(self, kind)
                )
            }
            8 => format!(
                "({} {} {})",
                of(self, Kind::Integer),
                self.dice.pick(&["<", "<=", ">", ">=", "is"]),
                of(self, Kind::Decimal)
            ),
            _ => {
                let ordered = &[
                    Kind::Integer,
                    Kind::Decimal,
                    Kind::Money,
                    Kind::Percent,
                    Kind::Date,
                    Kind::Time,
                    Kind::Timestamp,
                    Kind::Duration,
                    Kind::Text,
                ];
                let kind = self.dice.pick(ordered);
                format!(
                    "({} {} {})",
                    of(self, kind),
                    self.dice.pick(&["<", "<=", ">", ">=", "is", "is not"]),
                    of(self, kind)
                )
            }
        }
    }

    fn aggregate(&mut self, kind: Kind, depth: u8) -> Option<String> {
        let filter = match self.dice.roll(4) {
            0 => " where parent is this".to_owned(),
            1 => " where owner is me".to_owned(),
            _ => format!(
                " where {}",
                self.write(Kind::Bool, depth.saturating_sub(1), "this.")
            ),
        };
        let name = self.dice.pick(Writer::field(kind));
        Some(match kind {
            Kind::Bool => match self.dice.roll(4) {
                0 => format!(
                    "every(Item{filter} holds {})",
                    self.write(Kind::Bool, depth.saturating_sub(1), "this.")
                ),
                1 => "exists(tags where word is \"a\")".to_owned(),
                2 => "(tags contains first(Tag))".to_owned(),
                _ => format!("exists(Item{filter})"),
            },
            Kind::Integer => match self.dice.roll(6) {
                0 => format!("sum(Item.pieces{filter})"),
                3 => format!("count(distinct Item.title{filter})"),
                4 => format!("sum(distinct Item.pieces - length(Item.title){filter})"),
                5 => format!("length(list of distinct Item.title{filter})"),
                1 => "count(tags)".to_owned(),
                _ => format!("count(Item{filter})"),
            },
            Kind::Decimal => format!(
                "{}({}{filter})",
                self.dice.pick(&["sum", "avg", "min", "max", "avg"]),
                self.dice.pick(&[
                    "Item.weight",
                    "distinct Item.weight",
                    "Item.weight * Item.pieces"
                ])
            ),
            Kind::Money => format!(
                "{}(Item.price{filter})",
                self.dice.pick(&["sum", "avg", "min", "max"])
            ),
            Kind::Date | Kind::Time | Kind::Timestamp | Kind::Duration | Kind::Choice => {
                format!("{}(Item.{name}{filter})", self.dice.pick(&["min", "max"]))
            }
            Kind::Item => {
                let key = self.dice.pick(&[
                    "pieces desc, title",
                    "title",
                    "state desc",
                    "price",
                    "day",
                    "owner desc",
                ]);
                format!("first(Item{filter} sorted by {key})")
            }
            Kind::Text => format!("first(Item{filter} sorted by title desc).title"),
            Kind::Percent | Kind::User => return None,
        })
    }
}
