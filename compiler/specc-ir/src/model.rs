//! The reference model: what a program means, as a machine that is nothing but rows. A state, somebody, and what they do
//! give a new state and an answer, or a refusal with the sentence that refuses. It follows the language pages, above all
//! `operations.md`, and knows neither databases nor addresses: whatever else does what a program says is held to it.

mod access;
mod change;
mod check;
mod delete;
mod effects;
mod end;
mod list;
mod operate;
mod place;
mod state;
mod story;

pub use state::{Mail, Row, State};
pub use story::{Act, Broken, Stage, play, play_on};

use crate::eval::{EvalError, Value};
use crate::expr::FieldRef;
use crate::ir::{ActionId, EntityId, FieldId, Ir, RoleId, Sentence};
use specc_syntax::span::Span;

/// What the model does not work out itself.
pub trait Surroundings: Sync {
    /// What to add to UTC for the program's time zone at a moment, in milliseconds.
    fn offset(&self, moment: i64) -> i64;
    /// A text in Latin letters, digits and hyphens, as the language's page on types has it; empty where nothing is left.
    fn slug(&self, text: &str) -> String;
}

/// A program that can be asked what it means.
#[derive(Clone, Copy)]
pub struct Model<'m> {
    ir: &'m Ir,
    around: &'m dyn Surroundings,
}

impl std::fmt::Debug for Model<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Model({})", self.ir.program.name)
    }
}

/// Who does something, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The user; `None` for a visitor.
    pub me: Option<i64>,
    /// The moment, in milliseconds since 1970.
    pub now: i64,
}

/// What a client sends for a field or an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// A value of its type.
    Value(Value),
    /// Something that is no value of its type.
    Malformed,
}

/// What somebody does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Makes a row of these fields.
    Create(EntityId, Vec<(FieldRef, Given)>),
    /// Looks at a row.
    Read(EntityId, i64),
    /// Changes these fields of a row, of the version that is named, if one is.
    Update(EntityId, i64, Vec<(FieldRef, Given)>, Option<i64>),
    /// Removes a row.
    Delete(EntityId, i64, Option<i64>),
    /// Looks at a list.
    List(Query),
    /// Runs the step of a lifecycle that has this name.
    Step(EntityId, String, i64, Vec<(String, Given)>),
    /// Runs an action, on a row where it has one.
    Act(ActionId, Option<i64>, Vec<(String, Given)>),
    /// Opens an account: name, e-mail, password.
    SignUp(String, String, String),
    /// Closes the caller's own account.
    Leave,
    /// Puts a row in place as example data does: by nobody, around access, lifecycle and hooks, never around what holds
    /// for every row.
    Put(EntityId, Vec<(FieldId, Value)>),
}

/// Which rows of a list, and in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Of which entity.
    pub entity: EntityId,
    /// Fields and what they must be; empty finds what is empty.
    pub filters: Vec<(FieldRef, Value)>,
    /// Words that stand in a field that is searched.
    pub search: String,
    /// By which field, and whether the largest come first; newest first without.
    pub sort: Option<(FieldRef, bool)>,
}

impl Query {
    /// All rows of an entity, newest first.
    #[must_use]
    pub fn all(entity: EntityId) -> Query {
        Query {
            entity,
            filters: Vec::new(),
            search: String::new(),
            sort: None,
        }
    }
}

/// What is answered to what was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A row as the caller sees it; `None` where they may not read it.
    Row(i64, Option<View>),
    /// Rows as the caller sees them, in order.
    Rows(Vec<(i64, View)>),
    /// What an action returns.
    Value(Value),
    /// It is done.
    Done,
}

/// The fields of a row that somebody may read, with their values.
pub type View = Vec<(FieldRef, Value)>;

/// Where an operation was refused, in the order of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// Nobody is signed in: 401.
    SignedIn,
    /// The caller may never do such a thing: 403.
    Caller,
    /// The input by itself: 422.
    Input,
    /// There is no such row for the caller: 404.
    Row,
    /// Not this row: 403.
    Access,
    /// Somebody else was quicker: 412.
    Version,
    /// A requirement, or the state: 409.
    State,
    /// An effect that the caller may not cause: 403.
    Right,
    /// What an effect made is no value: 422.
    Effect,
    /// Others hold on to a row that was to go: 409.
    Held,
    /// Not the row that it became: 403.
    After,
    /// A rule, a unique value: 422.
    Rule,
}

impl Point {
    /// The status of HTTP that says so.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Point::SignedIn => 401,
            Point::Caller | Point::Access | Point::Right | Point::After => 403,
            Point::Row => 404,
            Point::State | Point::Held => 409,
            Point::Version => 412,
            Point::Input | Point::Effect | Point::Rule => 422,
        }
    }
}

/// Why an operation was not carried out. Nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Where.
    pub point: Point,
    /// What is wrong, in the order of the text.
    pub problems: Vec<Problem>,
    /// What in the spec refuses; the default span where nothing allows it.
    pub source: Span,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The fields it is shown at; for an input its name.
    pub fields: Vec<String>,
    /// `required`, `type`, `length`, `bounds`, `pattern`, `choice`, `unique`, `reference`, `arithmetic`, `read-only`, or
    /// the identifier of a sentence.
    pub rule: String,
    /// The sentence, letter for letter; empty for field rules.
    pub message: String,
}

impl Refusal {
    fn at(point: Point, source: Span) -> Refusal {
        Refusal {
            point,
            problems: Vec::new(),
            source,
        }
    }

    fn sentence(point: Point, id: &str, sentence: &Sentence) -> Refusal {
        Refusal {
            point,
            problems: vec![Problem {
                fields: Vec::new(),
                rule: id.to_owned(),
                message: sentence.text.clone(),
            }],
            source: sentence.span,
        }
    }

    fn field(point: Point, field: &str, rule: &str, source: Span) -> Refusal {
        Refusal {
            point,
            problems: vec![Problem {
                fields: vec![field.to_owned()],
                rule: rule.to_owned(),
                message: String::new(),
            }],
            source,
        }
    }
}

impl From<EvalError> for Refusal {
    fn from(_: EvalError) -> Refusal {
        Refusal {
            point: Point::Effect,
            problems: vec![Problem {
                fields: Vec::new(),
                rule: "arithmetic".to_owned(),
                message: String::new(),
            }],
            source: Span::default(),
        }
    }
}

type Result<T, E = Refusal> = std::result::Result<T, E>;

impl<'m> Model<'m> {
    /// The meaning of a program without mistakes.
    #[must_use]
    pub fn new(ir: &'m Ir, around: &'m dyn Surroundings) -> Model<'m> {
        Model { ir, around }
    }

    /// The program.
    #[must_use]
    pub fn ir(&self) -> &'m Ir {
        self.ir
    }

    /// What to add to UTC for the program's time zone at a moment, in milliseconds.
    #[must_use]
    pub fn offset(&self, moment: i64) -> i64 {
        self.around.offset(moment)
    }

    /// What comes of an operation: the state afterwards and what is answered.
    ///
    /// # Errors
    /// The refusal; the state is then as it was.
    pub fn perform(
        &self,
        state: &State,
        caller: Caller,
        operation: &Operation,
    ) -> Result<(State, Answer)> {
        operate::perform(*self, state, caller, operation)
    }

    /// A field of a row, computed ones included, whoever asks.
    #[must_use]
    pub fn value(
        &self,
        state: &State,
        now: i64,
        entity: EntityId,
        row: i64,
        field: FieldRef,
    ) -> Value {
        let frame = state::Frame::of(entity, row);
        let run = change::Run::new(*self, state, Caller { me: None, now });
        run.view(&frame).of_this(field).unwrap_or(Value::Empty)
    }

    /// What somebody else made up where the program leaves it open, in rows of `from`, stands in those of `to` as well.
    pub fn carry(&self, from: &State, to: &mut State) {
        for (at, entity) in self.ir.entities.iter().enumerate() {
            let entity_id = EntityId(u32::try_from(at).unwrap_or(u32::MAX));
            for (position, field) in entity.fields.iter().enumerate() {
                if matches!(field.default, Some(crate::ir::FieldDefault::Random(_))) {
                    let id = check::field_id(position);
                    let rows: Vec<i64> = to.ids(entity_id).collect();
                    for row in rows {
                        if let Some(known) = from.row(entity_id, row) {
                            to.adopt(entity_id, row, id, known.get(id));
                        }
                    }
                }
            }
        }
    }

    /// What an operation of the author's own takes.
    #[must_use]
    pub fn inputs_of(&self, operation: &crate::ir::Operation) -> &'m [crate::ir::Parameter] {
        operate::inputs_of(*self, operation)
    }

    /// A row that is simply there: around access, lifecycle and hooks, not around field rules and the rules for every row.
    /// Defaults that speak of `me` take the caller.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn give(
        &self,
        state: &State,
        caller: Caller,
        entity: EntityId,
        values: &[(FieldId, Value)],
        roles: &[RoleId],
    ) -> Result<(State, i64)> {
        let mut run = change::Run::new(*self, state, caller);
        let mut row = run.draft(entity, values, caller.me)?;
        run.check_row(entity, &row, Point::Input)?;
        row.roles = roles.to_vec();
        let id = run.insert(entity, row);
        // Rules for one operation do not speak of what is given.
        run.touched.clear();
        run.at_rest()?;
        Ok((run.state, id))
    }

    fn entity(&self, id: EntityId) -> &'m crate::ir::Entity {
        static NONE: std::sync::OnceLock<crate::ir::Entity> = std::sync::OnceLock::new();
        self.ir
            .entities
            .get(id.0 as usize)
            .unwrap_or_else(|| NONE.get_or_init(state::nothing))
    }

    fn field(&self, entity: EntityId, field: FieldId) -> Option<&'m crate::ir::Field> {
        self.entity(entity).fields.get(field.0 as usize)
    }
}
