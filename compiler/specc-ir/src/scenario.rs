//! The closed vocabulary of scenario steps, typed.

use crate::expr::Expr;
use crate::ir::{EntityId, FieldId, Operation, RoleId, SeedRow, SeedValue};
use serde::Serialize;
use specc_syntax::span::Span;

/// A step with its place and its text.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ScenarioStep {
    /// The author's sentence.
    pub text: String,
    /// What it means.
    pub kind: StepKind,
    /// Where.
    pub span: Span,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub enum Actor {
    /// A visitor.
    Visitor,
    /// A person a Given step named.
    Person(String),
}

/// A row a step speaks of: its entity and what it is shown as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct RowName {
    /// The entity.
    pub entity: EntityId,
    /// What it is shown as.
    pub shown_as: String,
}

/// The kinds of steps.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub enum StepKind {
    /// `Given a customer Ana with city "Rome"`: name, roles, fields.
    Person {
        /// Their name.
        name: String,
        /// Their roles.
        roles: Vec<RoleId>,
        /// Their fields.
        values: Vec<(FieldId, SeedValue)>,
    },
    /// `Given a Ticket "x" by Ana with …`, `3 Tickets by Ana`, `these Tickets:`
    Rows {
        /// The rows (a counted one repeats).
        rows: Vec<SeedRow>,
        /// The person behind `by`: set in the first field that defaults to `me`.
        by: Option<String>,
    },
    /// `Given it is 2026-03-01 10:00`: milliseconds UTC.
    Clock(i64),
    /// `When 15 days pass`: milliseconds.
    Pass(i64),
    /// `When Ana creates a Ticket "x" with …`
    Does {
        /// Who; several act at the same time.
        actors: Vec<Actor>,
        /// What.
        what: Doing,
        /// How often, at the same time.
        times: u32,
    },
    /// `Then it succeeds`
    Succeeds,
    /// `Then it is refused …`
    Refused(Refused),
    /// `Then exactly 1 of them succeeds`
    Exactly(u32),
    /// `Then the Ticket "x" has status solved and assignee empty`
    Has(RowName, Vec<(FieldId, SeedValue)>),
    /// `Then Ana sees 2 Tickets [in the order …]`
    Sees {
        /// Who looks.
        actor: Actor,
        /// Of which entity.
        entity: EntityId,
        /// How many.
        count: u32,
        /// In which order, by what they are shown as; empty where none is named.
        order: Vec<String>,
    },
    /// `Then Ana sees / does not see the Ticket "x"`
    SeesRow(Actor, RowName, bool),
    /// `Then there are 0 Comments`
    Count(EntityId, u32),
    /// ``Then `expression` holds``
    Holds(Expr),
    /// `Then Ana gets 1 e-mail "…"`
    Mail(Actor, u32, Option<String>),
}

/// What somebody does.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub enum Doing {
    /// Creates a row; `name` goes into the field it is shown as.
    Create(SeedRow),
    /// Reads a row.
    Read(RowName),
    /// Changes a row.
    Update(RowName, Vec<(FieldId, SeedValue)>),
    /// Deletes a row.
    Delete(RowName),
    /// Lists an entity.
    List(EntityId),
    /// Runs a step or action.
    Run(Operation, Option<RowName>, Vec<(String, SeedValue)>),
    /// `a visitor signs up as Eve`
    SignUp(String),
}

/// What a refusal must look like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[expect(missing_docs, reason = "named as the steps name them")]
pub enum Refused {
    Anyhow,
    NotFound,
    Forbidden,
    Invalid,
    With(String),
}
