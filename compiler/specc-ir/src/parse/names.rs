//! What a bare word and a path mean: variables, choice values, fields, constants, and what to say where nothing fits.

use super::fit::describe;
use super::syntax::{Node, NodeKind};
use super::typing::Typer;
use crate::expr::{Expr, ExprKind, FieldRef, Literal, OLD, THIS, VarId};
use crate::ir::{ChoiceId, EntityId, Type, USER};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{fold_name, suggest};
use specc_syntax::span::Span;

/// A field of an entity with its type, declared or built in.
pub(super) fn field_of(
    typer: &Typer<'_, '_>,
    entity: EntityId,
    folded: &str,
) -> Option<(FieldRef, Type)> {
    if let Some(id) = typer.index.field(entity, folded) {
        let field = typer
            .ir
            .entities
            .get(entity.0 as usize)?
            .fields
            .get(id.0 as usize)?;
        return Some((FieldRef::Field(id), field.ty.clone()));
    }
    Some(match folded {
        "id" => (FieldRef::Id, Type::Ref(entity)),
        "created" => (FieldRef::Created, Type::Timestamp),
        "updated" => (FieldRef::Updated, Type::Timestamp),
        "version" => (FieldRef::Version, Type::Integer),
        _ => return None,
    })
}

impl Typer<'_, '_> {
    fn var(&self, folded: &str) -> Option<(VarId, Type)> {
        let found = self
            .scope
            .vars
            .iter()
            .rev()
            .find(|(name, _, _)| fold_name(name) == folded)?;
        Some((found.1, found.2.clone()))
    }

    /// The row that bare names speak of.
    fn row_at_hand(&self) -> Option<(VarId, EntityId)> {
        match self.frames.last() {
            Some(frame) => Some((frame.var, frame.entity)),
            None => self.scope.this.map(|entity| (THIS, entity)),
        }
    }

    fn row(var: VarId, entity: EntityId, span: Span) -> Expr {
        Expr {
            kind: ExprKind::Var(var),
            ty: Type::Ref(entity),
            span,
        }
    }

    fn not_here(&mut self, word: &str, span: Span) -> Option<Expr> {
        if self.at_rest {
            let message = format!("`{word}` cannot be used in a rule for every row");
            self.report(
                "not-at-rest",
                span,
                message,
                "a rule must not become false by itself; put `on create:`, `on update:` or `on delete:` in front of it",
            );
        } else {
            let help = match word {
                "this" => "there is no row here; name one with `as`",
                "old" => "there is no row before the operation here",
                "output" => "only the properties of a function speak of its output",
                "input" => "nothing is sent here; an action says its `Input:`",
                _ => "what stands here may not depend on who asks and when",
            };
            self.report(
                "not-here",
                span,
                format!("`{word}` cannot be used here"),
                help,
            );
        }
        None
    }

    /// A bare word.
    pub(super) fn word(&mut self, node: &Node, hint: Option<&Type>) -> Option<Expr> {
        let span = self.place(node);
        let written = self.text_of(node);
        let folded = fold_name(written);
        let make = |kind: ExprKind, ty: Type| Some(Expr { kind, ty, span });
        let choice = match hint {
            Some(Type::Choice(id)) => self.index.value(*id, &folded).map(|value| (*id, value)),
            _ => None,
        };
        if let Some((id, value)) = choice {
            return self.choice_value(id, value, written, &folded, span);
        }
        match folded.as_str() {
            "yes" | "true" => return make(ExprKind::Literal(Literal::Bool(true)), Type::Bool),
            "no" | "false" => return make(ExprKind::Literal(Literal::Bool(false)), Type::Bool),
            "empty" => return make(ExprKind::Literal(Literal::Empty), Type::Empty),
            "me" => {
                return if self.scope.me {
                    make(ExprKind::Me, Type::Ref(USER))
                } else {
                    self.not_here("me", span)
                };
            }
            "now" => {
                return if self.scope.clock {
                    make(ExprKind::Now, Type::Timestamp)
                } else {
                    self.not_here("now", span)
                };
            }
            "today" => {
                return if self.scope.clock {
                    make(ExprKind::Today, Type::Date)
                } else {
                    self.not_here("today", span)
                };
            }
            "this" => {
                return match self.scope.this {
                    Some(entity) => Some(Typer::row(THIS, entity, span)),
                    None => self.not_here("this", span),
                };
            }
            "old" => {
                return match self.scope.this {
                    Some(entity) if self.scope.old => Some(Typer::row(OLD, entity, span)),
                    _ => self.not_here("old", span),
                };
            }
            "output" => {
                return match self.scope.output.clone() {
                    Some(ty) => make(ExprKind::Output, ty),
                    None => self.not_here("output", span),
                };
            }
            "input" => {
                if self.scope.inputs.is_none() {
                    return self.not_here("input", span);
                }
                self.report(
                    "bad-expression",
                    span,
                    "`input` alone is no value",
                    "name what was sent: `input.name`",
                );
                return None;
            }
            _ => {}
        }
        if let Some((var, ty)) = self.var(&folded) {
            if let Some(frame) = self.frames.last()
                && frame.var != var
                && self.index.field(frame.entity, &folded).is_some()
            {
                self.named_twice(written, frame.entity, span);
                return None;
            }
            return make(ExprKind::Var(var), ty);
        }
        if let Some((var, entity)) = self.row_at_hand()
            && let Some((field, ty)) = field_of(self, entity, &folded)
        {
            let base = Typer::row(var, entity, span);
            return make(ExprKind::Field(Box::new(base), entity, field), ty);
        }
        if let Some(function) = self.index.functions.get(&folded).copied()
            && let Some(declared) = self.ir.functions.get(function.0 as usize)
        {
            if !declared.inputs.is_empty() {
                let message = format!("`{written}` is a function and takes values");
                self.report(
                    "wrong-arguments",
                    span,
                    message,
                    format!("write `{written}(…)`"),
                );
                return None;
            }
            return make(
                ExprKind::Function(function, Vec::new()),
                declared.output.clone(),
            );
        }
        if let Some(row) = self.searched(node) {
            return Some(row);
        }
        self.unknown_word(written, &folded, hint, span)
    }

    /// A value of a choice, unless the word means something else, too.
    fn choice_value(
        &mut self,
        id: ChoiceId,
        value: u32,
        written: &str,
        folded: &str,
        span: Span,
    ) -> Option<Expr> {
        let other = if self.var(folded).is_some() {
            Some("a name given here")
        } else {
            self.row_at_hand()
                .and_then(|(_, entity)| self.index.field(entity, folded))
                .map(|_| "a field")
        };
        if let Some(other) = other {
            let message = format!("`{written}` is a value of the choice and {other}");
            let help = if other == "a field" && self.frames.is_empty() {
                format!(
                    "rename one of the two; the field is also reached as `this.{written}`, the value has no other name"
                )
            } else {
                "rename one of the two".to_owned()
            };
            self.report("ambiguous-name", span, message, help);
            return None;
        }
        Some(Expr {
            kind: ExprKind::Literal(Literal::Choice(id, value)),
            ty: Type::Choice(id),
            span,
        })
    }

    /// A word inside `where` that is a field of the searched rows and a name from outside, so that either may be
    /// meant.
    fn named_twice(&mut self, written: &str, searched: EntityId, span: Span) {
        let entity = self.entity_name(searched);
        self.report(
            "ambiguous-name",
            span,
            format!(
                "`{written}` is a field of {entity}, whose rows are searched here, and a name given with `as`"
            ),
            format!(
                "give it another name: `… as new_{written}`; then `{written}` is the field, as everywhere"
            ),
        );
    }

    fn unknown_word(
        &mut self,
        written: &str,
        folded: &str,
        hint: Option<&Type>,
        span: Span,
    ) -> Option<Expr> {
        if let (Some(frame), Some(this)) = (self.frames.last(), self.scope.this) {
            let outer = field_of(self, this, folded).is_some();
            if outer {
                let entity = self.entity_name(frame.entity);
                let message =
                    format!("`{written}` is no field of {entity}, whose rows are searched here");
                let diagnostic = Diagnostic::new("bare-outer-name", span, message)
                    .help(format!("the field of the row outside is `this.{written}`"))
                    .edit(span, format!("this.{written}"));
                self.out.push(diagnostic);
                return None;
            }
        }
        if let Some(Type::Choice(id)) = hint
            && let Some(choice) = self.ir.choices.get(id.0 as usize)
        {
            let values: Vec<&str> = choice
                .values
                .iter()
                .map(|value| value.name.text.as_str())
                .collect();
            let known = values
                .iter()
                .map(|value| format!("`{value}`"))
                .collect::<Vec<_>>()
                .join(", ");
            let near = suggest(written, values.iter().copied());
            let diagnostic = Diagnostic::new(
                "unknown-choice-value",
                span,
                format!("`{written}` is none of the values {known}"),
            );
            self.out.push(match near {
                Some(near) => diagnostic
                    .help(format!("did you mean `{near}`?"))
                    .edit(span, in_code(near)),
                None => diagnostic.help("add it to the choice, or use one of its values"),
            });
            return None;
        }
        let mut message = format!("`{written}` means nothing here");
        let mut candidates: Vec<String> = self
            .scope
            .vars
            .iter()
            .map(|(name, _, _)| name.clone())
            .collect();
        let mut row = None;
        if let Some((_, entity)) = self.row_at_hand() {
            row = Some(self.entity_name(entity));
            candidates.extend(self.field_names(entity));
        }
        candidates.extend(
            self.ir
                .functions
                .iter()
                .filter(|function| function.inputs.is_empty())
                .map(|function| function.name.text.clone()),
        );
        candidates.extend(
            ["me", "now", "today", "this", "input", "empty", "yes", "no"].map(str::to_owned),
        );
        if let Some(row) = &row {
            message = format!("`{written}` is no field of {row} and no name known here");
        }
        let near = suggest(written, candidates.iter().map(String::as_str)).map(in_code);
        let diagnostic = Diagnostic::new("unknown-name", span, message);
        let in_choice = self
            .ir
            .choices
            .iter()
            .zip(0..)
            .find(|(_, at)| self.index.value(ChoiceId(*at), folded).is_some());
        self.out.push(match (near, in_choice, folded) {
            (_, _, "null" | "nil" | "none" | "undefined") => diagnostic.help("what has no value is `empty`: ask `… is empty`").edit(span, "empty"),
            (Some(near), _, _) => diagnostic.help(format!("did you mean `{near}`?")).edit(span, near),
            (None, Some(_), _) => diagnostic.help("the value of a choice stands on the right: `status is open`; text stands between double quotes"),
            (None, None, _) => {
                diagnostic.help("text stands between double quotes; a name of several words is written with `_`, as in `due_date`")
            }
        });
        None
    }

    pub(super) fn entity_name(&self, entity: EntityId) -> String {
        self.ir
            .entities
            .get(entity.0 as usize)
            .map_or_else(String::new, |entity| entity.name.text.clone())
    }

    fn field_names(&self, entity: EntityId) -> Vec<String> {
        let declared = self
            .ir
            .entities
            .get(entity.0 as usize)
            .map_or(&[][..], |entity| entity.fields.as_slice());
        let names = declared.iter().map(|field| field.name.text.clone());
        let named = self.index.field(entity, "id").is_some();
        names
            .chain((!named).then(|| "id".to_owned()))
            .chain(["created", "updated", "version"].map(str::to_owned))
            .collect()
    }

    /// The words of a plain path, outermost first.
    pub(super) fn chain(&self, node: &Node) -> Option<Vec<(usize, usize)>> {
        let mut words = Vec::new();
        let mut at = node;
        loop {
            match &at.kind {
                NodeKind::Word => {
                    words.push((at.start, at.end));
                    words.reverse();
                    return Some(words);
                }
                NodeKind::Path(base, start, end) => {
                    words.push((*start, *end));
                    at = base;
                }
                _ => return None,
            }
        }
    }

    /// The searched row, where the node names it: `Item` in `sum(Item.price)`, `authors` in `list of authors.name`.
    pub(super) fn searched(&self, node: &Node) -> Option<Expr> {
        if self.frames.is_empty() {
            return None;
        }
        let words = self.chain(node)?;
        let folded: Vec<String> = words
            .iter()
            .map(|(start, end)| fold_name(self.slice(*start, *end)))
            .collect();
        let frame = self
            .frames
            .iter()
            .rev()
            .find(|frame| frame.head == folded)?;
        if let ([word], [name]) = (words.as_slice(), folded.as_slice()) {
            // A field of the searched row that is called like the entity wins where it is written like the field.
            let innermost = self.frames.last()?;
            if let Some(field) = self.index.field(innermost.entity, name)
                && let Some(field) = self
                    .ir
                    .entities
                    .get(innermost.entity.0 as usize)?
                    .fields
                    .get(field.0 as usize)
                && (field.name.text == self.slice(word.0, word.1)
                    || self.entity_name(frame.entity) != self.slice(word.0, word.1))
            {
                return None;
            }
            if self.var(name).is_some()
                && self.entity_name(frame.entity) != self.slice(word.0, word.1)
            {
                return None;
            }
        }
        Some(Typer::row(frame.var, frame.entity, self.place(node)))
    }

    /// `base.name`
    pub(super) fn path(&mut self, node: &Node, base: &Node, name: (usize, usize)) -> Option<Expr> {
        let span = self.place(node);
        let written = self.slice(name.0, name.1);
        let folded = fold_name(written);
        if matches!(base.kind, NodeKind::Word) && fold_name(self.text_of(base)) == "input" {
            return self.input(written, &folded, name, span);
        }
        let row = match self.searched(base) {
            Some(row) => row,
            None => self.base(base)?,
        };
        let Type::Ref(entity) = row.ty else {
            let ty = describe(&row.ty, self.ir);
            let base = self.text_of(base);
            let help = match row.ty {
                Type::Many(_) | Type::List(_) => format!(
                    "it holds several; write `list of {base}.{written}`, or search it with `exists({base} where …)`"
                ),
                _ => "a path goes on only behind a reference to another entity".to_owned(),
            };
            self.report(
                "unknown-field",
                self.span(name.0, name.1),
                format!("`{base}` is {ty} and has no field `{written}`"),
                help,
            );
            return None;
        };
        if let Some((field, ty)) = field_of(self, entity, &folded) {
            return Some(Expr {
                kind: ExprKind::Field(Box::new(row), entity, field),
                ty,
                span,
            });
        }
        let place = self.span(name.0, name.1);
        self.unknown_field(entity, written, place);
        None
    }

    /// The row before a point; an entity's name there gets its own message.
    fn base(&mut self, base: &Node) -> Option<Expr> {
        if matches!(base.kind, NodeKind::Word) {
            let written = self.text_of(base);
            let folded = fold_name(written);
            let known = self.var(&folded).is_some()
                || self
                    .row_at_hand()
                    .is_some_and(|(_, entity)| field_of(self, entity, &folded).is_some());
            if !known
                && self.index.entities.contains_key(&folded)
                && !self.index.functions.contains_key(&folded)
            {
                let outer = self
                    .scope
                    .this
                    .is_some_and(|this| self.index.field(this, &folded).is_some());
                if !outer {
                    let span = self.place(base);
                    self.report(
                        "unknown-name",
                        span,
                        format!("`{written}` is an entity, not a row"),
                        "name a field that refers to it, or search its rows with `first(…)`, `count(…)` and the like",
                    );
                    return None;
                }
            }
        }
        self.expr(base, None)
    }

    /// Reports a name that is no field of an entity.
    pub(super) fn unknown_field(&mut self, entity: EntityId, written: &str, span: Span) {
        let names = self.field_names(entity);
        let near = suggest(written, names.iter().map(String::as_str)).map(in_code);
        let name = self.entity_name(entity);
        let diagnostic = Diagnostic::new(
            "unknown-field",
            span,
            format!("{name} has no field `{written}`"),
        );
        self.out.push(match near {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .edit(span, near),
            None => diagnostic.help(format!("its fields are {}", names.join(", "))),
        });
    }

    fn input(
        &mut self,
        written: &str,
        folded: &str,
        name: (usize, usize),
        span: Span,
    ) -> Option<Expr> {
        let Some(inputs) = &self.scope.inputs else {
            return self.not_here("input", span);
        };
        if let Some(input) = inputs
            .iter()
            .find(|input| fold_name(&input.name.text) == folded)
        {
            return Some(Expr {
                kind: ExprKind::Input(input.name.text.clone()),
                ty: input.ty.clone(),
                span,
            });
        }
        let names: Vec<String> = inputs.iter().map(|input| input.name.text.clone()).collect();
        let place = self.span(name.0, name.1);
        let near = suggest(written, names.iter().map(String::as_str)).map(in_code);
        let diagnostic = Diagnostic::new(
            "unknown-input",
            place,
            format!("there is no input `{written}`"),
        );
        self.out.push(match near {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .edit(place, near),
            None if names.is_empty() => {
                diagnostic.help("nothing is sent here; name inputs under `Input:`")
            }
            None => diagnostic.help(format!("the inputs are {}", names.join(", "))),
        });
        None
    }
}

/// A name as code writes it: one word.
pub(super) fn in_code(name: &str) -> String {
    name.split([' ', '-'])
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}
