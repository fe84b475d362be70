//! What an app declares about itself: plain statics that generated code fills in and the engine obeys.
//!
//! SQL fragments in here speak of the row as `t` and may use the parameters `:me`, `:now` (milliseconds),
//! `:today` (days) and `:roles` (the caller's role bits; -1 when the system acts). NULL counts as false.

use crate::caller::Caller;
use crate::operation::Operation;
use crate::refusal::Refusal;
use kernel::kind::Kind;
use kernel::value::Value;

/// A whole app.
pub struct App {
    /// Its name.
    pub name: &'static str,
    /// What it is for, Markdown.
    pub about: &'static str,
    /// BCP 47.
    pub language: &'static str,
    /// IANA name.
    pub time_zone: &'static str,
    /// ISO 4217.
    pub currency: &'static str,
    /// Digits of the currency behind the point.
    pub currency_digits: u8,
    /// Roles; at most 64.
    pub roles: &'static [Role],
    /// How people sign in.
    pub accounts: Accounts,
    /// Entities; 0 is User.
    pub entities: &'static [&'static Entity],
    /// Actions that belong to no entity.
    pub actions: &'static [Action],
    /// Design tokens: CSS custom properties by name, without the dashes.
    pub theme: &'static [(&'static str, &'static str)],
    /// Words and their meanings.
    pub glossary: &'static [(&'static str, &'static str)],
    /// Example data, in the order in which it is written.
    pub seeds: &'static [Seed],
    /// The migrations so far, in order: `(name, sql)`.
    pub migrations: &'static [(&'static str, &'static str)],
}

/// A role.
pub struct Role {
    /// Its name.
    pub name: &'static str,
    /// As sent: `agent`.
    pub slug: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Who signs up holds it.
    pub sign_up: bool,
    /// This role and all it includes, as bits.
    pub includes: u64,
    /// Held when this is true of the user `t`; empty for a role that is given.
    pub when: &'static str,
}

/// How people sign in.
pub struct Accounts {
    /// Visitors may sign up.
    pub sign_up: bool,
    /// Fewest characters of a password.
    pub password_min: usize,
    /// An address must be confirmed before signing in.
    pub confirm_email: bool,
    /// Days a session lives.
    pub session_days: i64,
}

/// A set of fields by position, bit n is field n.
pub type Fields = u128;

/// Every field.
pub const ALL: Fields = Fields::MAX;

/// A permission for one kind of caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// SQL over `t`; empty means always.
    pub when: &'static str,
    /// On which fields.
    pub fields: Fields,
}

impl Grant {
    /// Whatever the row.
    #[must_use]
    pub const fn always(fields: Fields) -> Grant {
        Grant { when: "", fields }
    }

    /// On rows for which this SQL over `t` is true.
    #[must_use]
    pub const fn when(when: &'static str, fields: Fields) -> Grant {
        Grant { when, fields }
    }
}

/// What a caller may do, as grants of which any one is enough; empty means never.
pub type Grants = Vec<Grant>;

/// An entity.
pub struct Entity {
    /// Its position in the app.
    pub index: usize,
    /// As people read it: `Purchase request`.
    pub name: &'static str,
    /// `Purchase requests`
    pub plural: &'static str,
    /// In addresses: `purchase-requests`.
    pub slug: &'static str,
    /// The table, unquoted; quote it in SQL.
    pub table: &'static str,
    /// What it is, Markdown.
    pub about: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
    /// The field people know a row by; none means name and number.
    pub shown_as: Option<usize>,
    /// The field that holds the parent, for a child.
    pub parent: Option<usize>,
    /// Whose its rows are.
    pub tenant: Tenant,
    /// Where this row's column is indexed, sorting and filtering are cheap: `(sql of the order, …)` is up to the store.
    pub read: fn(&Caller) -> Grants,
    /// Looked at on the new row.
    pub create: fn(&Caller) -> Grants,
    /// Looked at before and after the change.
    pub update: fn(&Caller) -> Grants,
    /// Looked at on the row that goes.
    pub delete: fn(&Caller) -> Grants,
    /// Lifecycle steps in the spec's order.
    pub steps: &'static [Step],
    /// Actions on a row.
    pub actions: &'static [Action],
    /// Invariants.
    pub rules: &'static [Rule],
    /// Rules of other rows (or entities) that look at this entity's rows.
    pub watchers: &'static [Watcher],
    /// Runs when a row is created, after it is written.
    pub on_create: Option<Hook>,
    /// Runs when a row was changed by `update`.
    pub on_update: Option<Hook>,
    /// Runs before a row is deleted.
    pub on_delete: Option<Hook>,
    /// Values computed from the row: by field position.
    pub computed: &'static [Computed],
    /// `path:line` of its heading in the spec.
    pub source: &'static str,
}

/// Whose the rows of an entity are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tenant {
    /// Nobody's.
    Nobody,
    /// This field refers to whose a row is.
    Field(usize),
    /// They belong to whom their parents belong.
    Parent,
}

/// A field.
pub struct Field {
    /// As sent and as the column is called: `due_date`.
    pub name: &'static str,
    /// As shown: `Due date`.
    pub label: &'static str,
    /// Help text, may be empty.
    pub about: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Must not be empty.
    pub required: bool,
    /// No two rows have the same.
    pub unique: bool,
    /// Fewest and most characters or entries.
    pub length: (Option<u32>, Option<u32>),
    /// Smallest and largest stored value, inclusive.
    pub bounds: (Option<i64>, Option<i64>),
    /// A regular expression that the whole text matches.
    pub pattern: Option<&'static str>,
    /// What it is when nobody gives it.
    pub default: FieldDefault,
    /// Clients never write it.
    pub read_only: bool,
    /// Never changes after creation.
    pub fixed: bool,
    /// Never leaves the server.
    pub private: bool,
    /// Has no column; see [`Entity::computed`].
    pub computed: bool,
    /// The field of a lifecycle: starts at its default, changes by steps only.
    pub lifecycle: bool,
    /// Search looks here.
    pub searchable: bool,
    /// What happens to this row when the row it refers to goes.
    pub on_delete: OnDelete,
}

impl Field {
    /// A field nothing more is known of: optional, written and read by clients.
    #[must_use]
    pub const fn new(name: &'static str, label: &'static str, kind: Kind) -> Field {
        Field {
            name,
            label,
            about: "",
            kind,
            required: false,
            unique: false,
            length: (None, None),
            bounds: (None, None),
            pattern: None,
            default: FieldDefault::None,
            read_only: false,
            fixed: false,
            private: false,
            computed: false,
            lifecycle: false,
            searchable: false,
            on_delete: OnDelete::Empty,
        }
    }
}

/// A default.
pub enum FieldDefault {
    /// None: empty.
    None,
    /// Given by code, at creation.
    Value(fn(&Operation<'_>) -> Value),
    /// The signed-in user.
    Me,
    /// That many random characters.
    Random(u8),
    /// A gapless number in this pattern: `PO-{year}-{0000}`.
    Next(&'static str),
}

/// What happens to a reference when its row is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// This row goes too (children of a parent).
    Cascade,
    /// The reference is emptied.
    Empty,
    /// The deletion is refused.
    Refuse,
    /// A nameless stub of the row stays.
    Keep,
}

/// A row of a lifecycle.
pub struct Step {
    /// As shown: `Solve`.
    pub name: &'static str,
    /// In addresses: `solve`.
    pub slug: &'static str,
    /// The lifecycle's field.
    pub field: usize,
    /// From these states, as stored.
    pub from: &'static [&'static str],
    /// To this one.
    pub to: &'static str,
    /// Who may take it.
    pub who: fn(&Caller) -> Grants,
    /// SQL over `t` that must be true (409); empty means always.
    pub when: &'static str,
    /// Tried after the others of its name.
    pub otherwise: bool,
    /// It deletes something: people are asked first.
    pub danger: bool,
    /// What the client sends along.
    pub inputs: &'static [Input],
    /// What it needs and does, after the field is set.
    pub body: Option<Hook>,
    /// What it answers.
    pub answer: Answer,
    /// `path:line` in the spec.
    pub source: &'static str,
}

/// An operation of the author's own.
pub struct Action {
    /// As shown.
    pub name: &'static str,
    /// In addresses.
    pub slug: &'static str,
    /// What it does, Markdown.
    pub about: &'static str,
    /// Who may.
    pub who: fn(&Caller) -> Grants,
    /// It deletes something: people are asked first.
    pub danger: bool,
    /// What the client sends along.
    pub inputs: &'static [Input],
    /// What it needs and does.
    pub body: Hook,
    /// What it answers.
    pub answer: Answer,
    /// An address of its own, such as `/close-year` or `/tickets/{id}/grab`; empty for the one it has anyway.
    pub path: &'static str,
    /// `path:line` in the spec.
    pub source: &'static str,
}

/// Code that runs within an operation, or refuses it.
pub type Run = fn(&mut Operation<'_>) -> Result<(), Refusal>;

/// What it needs, then what it does.
#[derive(Clone, Copy)]
pub struct Hook {
    /// Refuses with 409 where a condition is false. Looked at before anything is written
    /// (for create: on the new row).
    pub requires: Run,
    /// The effects; none where it only needs something.
    pub does: Option<Run>,
}

impl Hook {
    /// Does what it does.
    ///
    /// # Errors
    /// As an effect is refused.
    pub fn run(&self, operation: &mut Operation<'_>) -> Result<(), Refusal> {
        self.does.map_or(Ok(()), |does| does(operation))
    }
}

/// What an operation answers.
#[derive(Clone, Copy)]
pub struct Answer {
    /// A value in place of the row.
    pub returns: Option<Returns>,
    /// It may sign the caller in.
    pub signs_in: bool,
}

impl Answer {
    /// The row.
    pub const ROW: Answer = Answer {
        returns: None,
        signs_in: false,
    };

    /// It is more than the row.
    #[must_use]
    pub const fn is_special(&self) -> bool {
        self.returns.is_some() || self.signs_in
    }
}

/// A value that an operation answers with.
#[derive(Clone, Copy)]
pub struct Returns {
    /// What it holds.
    pub kind: Kind,
    /// Works it out once everything is done and the rules hold.
    pub value: fn(&mut Operation<'_>) -> Result<Value, Refusal>,
}

/// An input of an action.
pub struct Input {
    /// As sent.
    pub name: &'static str,
    /// As shown.
    pub label: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Must be given.
    pub required: bool,
    /// Fewest and most characters or entries.
    pub length: (Option<u32>, Option<u32>),
    /// Smallest and largest stored value, inclusive.
    pub bounds: (Option<i64>, Option<i64>),
    /// A regular expression that the whole text matches.
    pub pattern: Option<&'static str>,
    /// Somebody's own password: signing up and in need it as it was typed, so it is not hashed before the write.
    pub as_typed: bool,
}

impl Input {
    /// An input nothing more is known of: it may be left out.
    #[must_use]
    pub const fn new(name: &'static str, label: &'static str, kind: Kind) -> Input {
        Input {
            name,
            label,
            kind,
            required: false,
            length: (None, None),
            bounds: (None, None),
            pattern: None,
            as_typed: false,
        }
    }

    /// As a field: with all it keeps to by itself. What a password needs beyond that is the business of signing up.
    #[must_use]
    pub const fn as_field(&self) -> Field {
        let kind = if self.as_typed { Kind::Text } else { self.kind };
        let mut field = Field::new(self.name, self.label, kind);
        field.required = self.required;
        field.length = self.length;
        field.bounds = self.bounds;
        field.pattern = self.pattern;
        field
    }
}

/// An invariant.
pub struct Rule {
    /// Its id, sent as `rule`.
    pub id: &'static str,
    /// The sentence.
    pub sentence: &'static str,
    /// At which fields the error is shown; empty for the row.
    pub fields: &'static [&'static str],
    /// When it is looked at.
    pub on: RuleOn,
    /// What must hold.
    pub check: Check,
    /// `path:line` in the spec.
    pub source: &'static str,
}

/// When a rule is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleOn {
    /// Whenever the row, or one it looks at, was written.
    Always,
    /// When it was created.
    Create,
    /// When it was updated.
    Update,
    /// When it is deleted.
    Delete,
}

/// How a rule is checked.
pub enum Check {
    /// Code: true where it holds. `op.this()` is the row, `op.old()` what it was.
    Code(fn(&Operation<'_>) -> Result<bool, Refusal>),
    /// SQL over `t`: true where it holds.
    Sql(&'static str),
}

/// Says which rows of an entity have rules that look at a changed row.
pub struct Watcher {
    /// The entity whose rules must be looked at again.
    pub entity: usize,
    /// Its rule ids; all `Always` rules of that entity are rechecked.
    pub rules: &'static [&'static str],
    /// Which of its rows.
    pub rows: WatchedRows,
}

/// Which rows.
pub enum WatchedRows {
    /// Those named by this reference field of the changed row, before and after.
    Field(usize),
    /// The ids this query gives, before and after the change; `:row` is the changed row's id.
    Query(&'static str),
    /// All of them.
    All,
}

/// A computed field.
pub struct Computed {
    /// Its position among the fields.
    pub field: usize,
    /// SQL over `t` that gives the stored form.
    pub sql: &'static str,
}

/// A row of example data.
pub struct Seed {
    /// The seed's name.
    pub seed: &'static str,
    /// The entity.
    pub entity: usize,
    /// What it is shown as, so that later rows can refer to it.
    pub key: &'static str,
    /// The given fields.
    pub values: &'static [(usize, SeedValue)],
    /// When it was made.
    pub times: SeedTimes,
    /// Roles, for a user.
    pub roles: &'static [u32],
}

/// When a row of example data was made and last changed.
pub struct SeedTimes {
    /// When it was made; now where nothing is said.
    pub created: Option<SeedValue>,
    /// When it was last changed; when it was made where nothing is said.
    pub updated: Option<SeedValue>,
}

impl SeedTimes {
    /// Just now.
    pub const NOW: SeedTimes = SeedTimes {
        created: None,
        updated: None,
    };
}

/// A value of a seed.
pub enum SeedValue {
    /// Text, a choice's value, or anything written as text.
    Text(&'static str),
    /// A stored number.
    Int(i64),
    /// Days from today.
    Today(i64),
    /// Milliseconds from now.
    Now(i64),
    /// The row of this entity known by this name (a user: by name or e-mail).
    Reference(usize, &'static str),
    /// Several rows.
    References(usize, &'static [&'static str]),
    /// What this statement gives once the rows above are there.
    Sql(&'static str),
    /// Several texts.
    Texts(&'static [&'static str]),
}
