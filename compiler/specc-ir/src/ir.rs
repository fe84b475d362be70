//! The program: typed, resolved, with spans. What every later stage reads; knows nothing of Markdown or targets.

use crate::expr::{Expr, Sort, VarId};
use serde::Serialize;
use specc_syntax::span::Span;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
        pub struct $name(pub u32);
    )* };
}

id! {
    /// A role, by its position in [`Ir::roles`].
    RoleId,
    /// An entity, by its position in [`Ir::entities`]; 0 is User.
    EntityId,
    /// A field, by its position in its entity's fields.
    FieldId,
    /// A choice, by its position in [`Ir::choices`] (inline ones included).
    ChoiceId,
    /// A function, by its position in [`Ir::functions`].
    FunctionId,
    /// An action, by its position in [`Ir::actions`].
    ActionId,
}

/// The built-in User entity.
pub const USER: EntityId = EntityId(0);

/// A whole program. Everything stands in source order (file, then place), User first among entities.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Ir {
    pub program: Program,
    pub roles: Vec<Role>,
    pub accounts: Accounts,
    pub choices: Vec<Choice>,
    pub entities: Vec<Entity>,
    pub actions: Vec<Action>,
    pub functions: Vec<Function>,
    pub seeds: Vec<Seed>,
    pub theme: Theme,
    pub glossary: Vec<Term>,
    pub scenarios: Vec<Scenario>,
    /// Annotations (MSFM), in source order.
    pub notes: Vec<Note>,
    /// Sentences that read like requirements and have no code and no scenario behind them.
    pub unproven: Vec<Sentence>,
}

/// A sentence of the spec.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Sentence {
    /// Letter for letter.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// An annotation: prose with a precise anchor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Note {
    /// What it speaks of, as it is written: the block above, or the bracketed text.
    pub anchor: Sentence,
    /// What it says; for a pointer the text of the block it points to.
    pub text: Sentence,
    /// The id of a pointer.
    pub id: Option<String>,
    /// What the anchor stands at.
    pub at: StandsAt,
}

/// What a note stands at; positions count within their list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum StandsAt {
    Program,
    Role(RoleId),
    Entity(EntityId),
    Field(EntityId, FieldId),
    Grant(EntityId, u32),
    /// By lifecycle and step.
    Step(EntityId, u32, u32),
    Rule(EntityId, u32),
    Action(ActionId),
    Function(FunctionId),
    Seed(u32),
    Scenario(u32),
}

/// A name with its place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Name {
    /// As the author wrote it.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// Title and front matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Program {
    /// The app's name: front matter `app`, else the title.
    pub name: String,
    /// The prose below the title, Markdown.
    pub description: String,
    /// BCP 47, default `en`.
    pub language: String,
    /// IANA name, default `UTC`.
    pub time_zone: String,
    /// ISO 4217, default `USD`.
    pub currency: String,
    /// Digits of the currency behind the point.
    pub currency_digits: u8,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Role {
    /// Its name.
    pub name: Name,
    /// What the author says of it.
    pub about: String,
    /// Who signs up holds it.
    pub sign_up: bool,
    /// Roles it includes, directly.
    pub includes: Vec<RoleId>,
    /// Held by every user for whom this is true (`this` is the user's row); such a role is never given.
    pub when: Option<Expr>,
}

/// How people sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Accounts {
    /// Fewest characters of a password.
    pub password_min: u32,
    /// An address must be confirmed before signing in.
    pub confirm_email: bool,
    /// Visitors may sign up: some role says `sign-up`.
    pub sign_up: bool,
    /// Days a session lives.
    pub session_days: u32,
    /// Where the section stands.
    pub span: Span,
}

impl std::default::Default for Accounts {
    fn default() -> Self {
        Accounts {
            password_min: 10,
            confirm_email: false,
            sign_up: false,
            session_days: 14,
            span: Span::default(),
        }
    }
}

/// A set of named values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Choice {
    /// Its name; for an inline choice `Entity field`.
    pub name: Name,
    /// It was declared with a heading.
    pub named: bool,
    /// The values in order: name and label.
    pub values: Vec<ChoiceValue>,
}

/// A value of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ChoiceValue {
    /// As written in the spec; stored and sent folded (lower case, `_` for blanks and hyphens).
    pub name: Name,
    /// As shown to people.
    pub label: String,
}

/// A type.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[expect(missing_docs, reason = "named as the language names them")]
pub enum Type {
    Text,
    LongText,
    Markdown,
    Email,
    Url,
    /// Made from another field of the entity at creation where it is left empty.
    Slug(FieldId),
    Integer,
    /// Exact, with this many places.
    Decimal(u8),
    Money,
    Percent,
    Bool,
    Date,
    Time,
    Timestamp,
    Duration,
    Choice(ChoiceId),
    /// A row of an entity.
    Ref(EntityId),
    /// A list of values: `list of text`, or what `list of` gives.
    List(Box<Type>),
    /// `many Tag`: a set of rows, kept in a join table.
    Many(EntityId),
    Json,
    Password,
    Secret,
    /// The type of `empty`; fits everywhere.
    Empty,
}

/// An entity.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Entity {
    /// Its name, singular, as written.
    pub name: Name,
    /// Its plural, as people read it.
    pub plural: String,
    /// The prose below its heading, Markdown.
    pub about: String,
    /// `Part of: Y as y`: the parent and the field that holds it (a declared field of this entity,
    /// added by lowering where the author did not).
    pub parent: Option<Parent>,
    /// Whose its rows are, in a program with `Tenant`.
    pub tenant: Option<Tenant>,
    /// `Shown as`: the field people know it by.
    pub shown_as: Option<FieldId>,
    /// The declared fields (for a child the parent field included; for User `name`, `email` first).
    pub fields: Vec<Field>,
    /// The access rows, one grant per role or relation and verb.
    pub access: Vec<Grant>,
    /// The state machines.
    pub lifecycles: Vec<Lifecycle>,
    /// The invariants.
    pub rules: Vec<Rule>,
    /// `On create`, `On update`, `On delete`.
    pub hooks: Vec<Hook>,
    /// Its heading.
    pub span: Span,
}

/// Whose a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub enum Tenant {
    /// This field refers to whose it is.
    Own(FieldId),
    /// It belongs to whom its parent belongs.
    Parent,
    /// It is what others belong to.
    Itself,
}

/// What a child belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Parent {
    /// The parent entity.
    pub entity: EntityId,
    /// The field of the child that holds it.
    pub field: FieldId,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Field {
    /// Its name as written.
    pub name: Name,
    /// Its type.
    pub ty: Type,
    /// Must not be empty.
    pub required: bool,
    /// No two rows have the same.
    pub unique: bool,
    /// Fewest and most characters (text), or entries (list, many).
    pub length: (Option<u32>, Option<u32>),
    /// Smallest value, inclusive; a literal of the field's type.
    pub at_least: Option<Expr>,
    /// Largest value, inclusive.
    pub at_most: Option<Expr>,
    /// A regular expression the whole text must match.
    pub pattern: Option<String>,
    /// What it is when nobody gives it.
    pub default: Option<FieldDefault>,
    /// Clients never write it; effects may.
    pub read_only: bool,
    /// Never changes after creation.
    pub fixed: bool,
    /// Never leaves the server.
    pub private: bool,
    /// Computed from the row (`this`); has no column.
    pub computed: Option<Expr>,
    /// Full-text search looks here.
    pub searchable: bool,
    /// An index is asked for.
    pub indexed: bool,
    /// What happens to this row when the row it refers to goes.
    pub on_delete: OnDelete,
    /// Its earlier name.
    pub was: Option<Name>,
    /// It is the field of a lifecycle.
    pub lifecycle: bool,
    /// Help text: prose of the `Note`/`About` column, may be empty.
    pub about: String,
    /// Its row in the table.
    pub span: Span,
}

/// A default.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub enum FieldDefault {
    /// An expression over `me`, `now`, `today` and literals.
    Value(Expr),
    /// `random(8)`: that many characters of `a-z2-7`.
    Random(u8),
    /// `next "PO-{year}-{0000}"`: a gapless number, one series per text around it.
    Next(String),
}

/// What happens to a reference when its row is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
#[expect(missing_docs, reason = "named as the language names them")]
pub enum OnDelete {
    Cascade,
    Empty,
    Refuse,
    Keep,
}

/// Who may do something.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub enum Who {
    /// Everybody, visitors too.
    Anyone,
    /// Everybody with an account.
    SignedIn,
    /// A role's holders, and those of roles that include it.
    Role(RoleId),
    /// The user this expression over `this` gives: a field or path of type User, or `this` for `self`.
    Relation(Expr),
}

/// What a grant lets somebody do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, schemars::JsonSchema,
)]
#[expect(missing_docs, reason = "named as the language names them")]
pub enum Verb {
    Create,
    Read,
    Update,
    Delete,
}

/// One access row for one verb. Rows combine with OR; nothing is allowed without one.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Grant {
    /// Who; any of them is enough.
    pub who: Vec<Who>,
    /// What.
    pub verb: Verb,
    /// Which fields; `None` for a bare verb (create, update: all that clients may write; read: all that is not private).
    pub fields: Option<Vec<FieldId>>,
    /// When, over `this` and `me`.
    pub when: Option<Expr>,
    /// The row of the table.
    pub span: Span,
}

/// A state machine over one choice field.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Lifecycle {
    /// The field.
    pub field: FieldId,
    /// Its steps, in order; several rows may share a name.
    pub steps: Vec<Step>,
    /// Its heading.
    pub span: Span,
}

/// One row of a lifecycle.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Step {
    /// The action's name.
    pub name: Name,
    /// From which states (positions in the choice); several where the cell lists several or says `any`.
    pub from: Vec<u32>,
    /// To which.
    pub to: u32,
    /// Who may; empty means anyone who may read the row.
    pub who: Vec<Who>,
    /// When, over `this` and `me`.
    pub when: Option<Expr>,
    /// `otherwise` stood in the When column: tried last.
    pub otherwise: bool,
    /// The `Action` section of the same name, which adds input, requirements and effects.
    pub action: Option<ActionId>,
    /// The row of the table.
    pub span: Span,
}

/// An invariant.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Rule {
    /// Stable id: the folded sentence, unique in the entity; sent to clients as `rule`.
    pub id: String,
    /// The sentence people read when it refuses.
    pub sentence: Sentence,
    /// When it is looked at.
    pub on: RuleOn,
    /// What must hold.
    pub check: RuleCheck,
    /// Fields of this entity it mentions, for showing the error.
    pub fields: Vec<FieldId>,
}

/// When a rule is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
#[expect(missing_docs, reason = "named as the language names them")]
pub enum RuleOn {
    /// For every row at rest.
    Always,
    Create,
    Update,
    Delete,
}

/// What a rule demands.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub enum RuleCheck {
    /// This is true of the row.
    Holds(Expr),
    /// No two rows that fulfil `when` agree in all of these (rows with one of them empty never collide).
    Unique {
        /// Paths of plain fields of the row.
        fields: Vec<FieldId>,
        /// Ranges `starts..ends`, half open, that may not overlap.
        ranges: Vec<(FieldId, FieldId)>,
        /// For which rows.
        when: Option<Expr>,
    },
}

/// `On create`, `On update`, `On delete`.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Hook {
    /// Of which operation.
    pub verb: Verb,
    /// What it needs and does.
    pub body: Body,
    /// Its heading.
    pub span: Span,
}

/// What an operation needs and does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Body {
    /// Conditions, each with its sentence (409 where one is false).
    pub requires: Vec<Requirement>,
    /// Effects, top to bottom.
    pub does: Vec<EffectItem>,
    /// `Acts as: system`.
    pub as_system: bool,
}

/// A condition with the sentence that is shown when it is false.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Requirement {
    /// Stable id, as of a rule.
    pub id: String,
    /// The sentence.
    pub sentence: Sentence,
    /// The condition.
    pub condition: Expr,
}

/// An effect with its sentence.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct EffectItem {
    /// What the author says it does; may be empty.
    pub sentence: Sentence,
    /// What it does.
    pub effect: Effect,
    /// `as system` stands behind it.
    pub as_system: bool,
    /// A nested `otherwise`: runs where the effect is refused, and survives that refusal.
    pub otherwise: Option<Vec<EffectItem>>,
    /// The code's place.
    pub span: Span,
}

/// An effect.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub enum Effect {
    /// `set a.b to e`: the row, its entity, the field, the value.
    Set {
        /// The row whose field is set.
        row: Expr,
        /// Its entity.
        entity: EntityId,
        /// The field.
        field: FieldId,
        /// The new value.
        value: Expr,
    },
    /// `create X with a = e, … as name`
    Create {
        /// Of which entity.
        entity: EntityId,
        /// The given fields.
        values: Vec<(FieldId, Expr)>,
        /// The variable that names the new row afterwards.
        bind: Option<VarId>,
    },
    /// `delete x`
    Delete {
        /// The row.
        row: Expr,
        /// Its entity.
        entity: EntityId,
    },
    /// `do step on x [with a = e]`: a lifecycle step or an action.
    Do {
        /// Which.
        operation: Operation,
        /// On which row; `this` where none is named.
        row: Option<Expr>,
        /// Its inputs.
        inputs: Vec<(String, Expr)>,
    },
    /// `email who "Subject: …"`: text up to the first line break or all of it is the subject.
    Email {
        /// A user, a list of users, or an address.
        to: Expr,
        /// The text.
        text: Expr,
    },
    /// `for each X where … as x`, the body nested.
    ForEach {
        /// Over which entity.
        entity: EntityId,
        /// The row in the body.
        var: VarId,
        /// Which rows.
        filter: Option<Expr>,
        /// In which order; ties by id.
        sort: Vec<Sort>,
        /// What happens for each.
        body: Vec<EffectItem>,
    },
    /// `when …`, the body nested; a following `otherwise` is the other branch.
    When {
        /// The condition.
        condition: Expr,
        /// Where it is true.
        then: Vec<EffectItem>,
        /// Where it is false.
        otherwise: Vec<EffectItem>,
    },
    /// `refuse "…"`
    Refuse {
        /// What people read.
        sentence: Sentence,
    },
    /// `sign up with email = e, name = e, password = e, … as name`
    SignUp {
        /// The given fields of User, name and e-mail among them.
        values: Vec<(FieldId, Expr)>,
        /// The password.
        password: Expr,
        /// The variable that names the new user afterwards.
        bind: Option<VarId>,
    },
    /// `sign in with email = e, password = e`
    SignIn {
        /// Whose account.
        email: Expr,
        /// The password.
        password: Expr,
    },
}

/// What `do` runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub enum Operation {
    /// The lifecycle step of this name.
    Step(EntityId, String),
    /// An action of its own.
    Action(ActionId),
}

/// An operation of the author's own, or what he adds to a lifecycle step.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Action {
    /// Its name.
    pub name: Name,
    /// Prose.
    pub about: String,
    /// On a row of which entity; `None` for one that stands alone.
    pub on: Option<EntityId>,
    /// It adds to the lifecycle step of the same name; `who` is then the step's.
    pub step: bool,
    /// Who may.
    pub who: Vec<Who>,
    /// When, beside `who` (403 for those who may never, 409 where only the state forbids).
    pub inputs: Vec<Parameter>,
    /// What it needs and does.
    pub body: Body,
    /// What it answers; `None` for the row.
    pub returns: Option<Expr>,
    /// An address of its own: `/close-year`, or with `{id}` for one on a row.
    pub path: Option<Name>,
    /// Its heading.
    pub span: Span,
}

/// An input of an action or a parameter of a function.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Type,
    /// The field it takes type and bounds of (`Ticket.priority`).
    pub like: Option<(EntityId, FieldId)>,
    /// May be left out (`note?: text`).
    pub optional: bool,
    /// For a function, the variable.
    pub var: VarId,
}

/// A pure function.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// Prose.
    pub about: String,
    /// Its parameters; none makes it a named constant.
    pub inputs: Vec<Parameter>,
    /// What it gives.
    pub output: Type,
    /// Its body.
    pub is: Expr,
    /// The example table: arguments, then the output.
    pub examples: Vec<(Vec<Expr>, Expr, Span)>,
    /// `Always`: conditions over the parameters and `output`.
    pub always: Vec<Requirement>,
    /// Its heading.
    pub span: Span,
}

/// Example data.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Seed {
    /// Its name.
    pub name: Name,
    /// The rows in order.
    pub rows: Vec<SeedRow>,
}

/// A row of example data (also of a Given step).
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct SeedRow {
    /// Of which entity.
    pub entity: EntityId,
    /// The given fields. A reference is written by what its row is shown as (user: name or e-mail).
    pub values: Vec<(FieldId, SeedValue)>,
    /// When it was made, where that is said.
    pub created: Option<Expr>,
    /// When it was last changed.
    pub updated: Option<Expr>,
    /// For users: the roles given.
    pub roles: Vec<RoleId>,
    /// Where.
    pub span: Span,
}

/// A value of a seed row.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub enum SeedValue {
    /// A value: a literal, or an expression over `now`, `today` and the rows above.
    Value(Expr),
    /// A row, known by what it is shown as.
    Reference(EntityId, String),
    /// Several rows, for `many`; several texts are `Value`s.
    References(EntityId, Vec<String>),
    /// Several texts, for `list of text`.
    Texts(Vec<String>),
}

/// Design tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Theme {
    /// Checked values by key (`accent` as `#rrggbb`, `font`, `radius`, …), sorted.
    pub tokens: Vec<(String, String)>,
}

/// A word and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Term {
    /// The word.
    pub word: Name,
    /// Its meaning.
    pub meaning: String,
}

/// A scenario: steps, typed against the closed vocabulary.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Scenario {
    /// Its name.
    pub name: Name,
    /// The steps in order.
    pub steps: Vec<crate::scenario::ScenarioStep>,
    /// Its heading.
    pub span: Span,
}
