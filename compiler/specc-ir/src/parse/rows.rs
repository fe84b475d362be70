//! `count(…)`, `sum(…)`, `first(…)` and the like, and queries: which rows are searched, and what is made of them.

use super::fit::{describe, is_number, is_ordered};
use super::names::field_of;
use super::syntax::{Node, NodeKind, Part, Rows, SortNode};
use super::typing::{Frame, Typer};
use crate::expr::{Aggregate, AggregateOp, Expr, ExprKind, FieldRef, Sort};
use crate::ir::{EntityId, FieldId, Type};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{fold_name, suggest};
use specc_syntax::span::Span;

/// The rows that are searched.
struct Source {
    entity: EntityId,
    through: Option<(Expr, FieldId)>,
    head: Vec<String>,
    /// The value is the row itself.
    bare: bool,
}

impl Typer<'_, '_> {
    pub(super) fn rows(&mut self, rows: &Rows, span: Span) -> Option<Expr> {
        let op = match rows.op.as_str() {
            "count" => AggregateOp::Count,
            "sum" => AggregateOp::Sum,
            "min" => AggregateOp::Min,
            "max" => AggregateOp::Max,
            "avg" => AggregateOp::Avg,
            "exists" => AggregateOp::Exists,
            "every" => AggregateOp::Every,
            "first" => AggregateOp::First,
            _ => AggregateOp::List,
        };
        let Some(source) = self.source(&rows.value) else {
            self.no_rows(rows, span);
            return None;
        };
        let vars = self.scope.vars.len();
        let var = self.scope.fresh();
        if let Some((start, end)) = rows.alias {
            let name = self.slice(start, end).to_owned();
            self.scope.vars.push((name, var, Type::Ref(source.entity)));
        }
        self.frames.push(Frame {
            var,
            entity: source.entity,
            head: source.head.clone(),
        });
        let value = if source.bare {
            Some(None)
        } else {
            self.expr(&rows.value, None).map(Some)
        };
        let filter = rows.filter.as_ref().map(|node| self.condition(node));
        let sort = self.sort(&rows.sort);
        let holds = rows.holds.as_ref().map(|node| self.condition(node));
        self.frames.pop();
        self.scope.vars.truncate(vars);
        let filter = match filter {
            Some(filter) => Some(filter?),
            None => None,
        };
        let (value, sort) = (value?, sort?);
        let value = match (op, holds) {
            (AggregateOp::Every, Some(holds)) => Some(holds?),
            (AggregateOp::Every, None) => {
                self.report(
                    "wrong-arguments",
                    span,
                    "`every` lacks what must hold",
                    "write `every(Item where … holds quantity > 0)`",
                );
                return None;
            }
            (_, Some(_)) => {
                let message = format!("`holds` belongs to `every`, not to `{}`", rows.op);
                self.report(
                    "wrong-arguments",
                    span,
                    message,
                    "write the condition behind `where`",
                );
                return None;
            }
            (_, None) => value,
        };
        if !rows.sort.is_empty() && !matches!(op, AggregateOp::First | AggregateOp::List) {
            let message = format!("`sorted by` says nothing in `{}`", rows.op);
            self.report("wrong-arguments", span, message, "take it out");
            return None;
        }
        let ty = self.gives(op, value.as_ref(), source.entity, &rows.op, span)?;
        let aggregate = Aggregate {
            op,
            entity: source.entity,
            var,
            filter,
            value,
            distinct: rows.distinct,
            sort,
            through: source.through,
        };
        Some(Expr {
            kind: ExprKind::Aggregate(Box::new(aggregate)),
            ty,
            span,
        })
    }

    fn gives(
        &mut self,
        op: AggregateOp,
        value: Option<&Expr>,
        entity: EntityId,
        word: &str,
        span: Span,
    ) -> Option<Type> {
        let amount =
            |ty: &Type| is_number(ty) || matches!(ty, Type::Money | Type::Percent | Type::Duration);
        let name = self.entity_name(entity);
        match (op, value) {
            (AggregateOp::Count, None) => return Some(Type::Integer),
            (AggregateOp::Count, Some(value))
                if !matches!(value.ty, Type::List(_) | Type::Many(_)) =>
            {
                return Some(Type::Integer);
            }
            (AggregateOp::Exists, None) | (AggregateOp::Every, Some(_)) => return Some(Type::Bool),
            (AggregateOp::First, None) => return Some(Type::Ref(entity)),
            (AggregateOp::List, None) => return Some(Type::List(Box::new(Type::Ref(entity)))),
            (AggregateOp::Sum | AggregateOp::Min | AggregateOp::Max | AggregateOp::Avg, None) => {
                let message = format!("`{word}` needs a value of each row");
                self.report(
                    "wrong-arguments",
                    span,
                    message,
                    format!("write for example `{word}({name}.price where …)`"),
                );
                return None;
            }
            (AggregateOp::Exists, Some(_)) => {
                self.report(
                    "wrong-arguments",
                    span,
                    "`exists` asks for rows, not for values",
                    format!("write `exists({name} where …)`"),
                );
                return None;
            }
            _ => {}
        }
        let ty = value.map_or(Type::Empty, |value| value.ty.clone());
        let given = match op {
            AggregateOp::Sum if amount(&ty) => Some(ty.clone()),
            AggregateOp::Avg if is_number(&ty) => {
                let places = super::fit::scale(&ty, self.ir).unwrap_or(0);
                Some(Type::Decimal(places.max(6)))
            }
            AggregateOp::Avg if amount(&ty) => Some(ty.clone()),
            AggregateOp::Min | AggregateOp::Max if is_ordered(&ty) => Some(ty.clone()),
            AggregateOp::First if !matches!(ty, Type::List(_) | Type::Many(_)) => Some(ty.clone()),
            AggregateOp::List
                if !matches!(
                    ty,
                    Type::List(_) | Type::Many(_) | Type::Json | Type::Password | Type::Secret
                ) =>
            {
                Some(Type::List(Box::new(ty.clone())))
            }
            _ => None,
        };
        if given.is_none() {
            let message = format!(
                "`{word}` does not take values of type {}",
                describe(&ty, self.ir)
            );
            self.report(
                "type-mismatch",
                value.map_or(span, |value| value.span),
                message,
                "use a field with a single value that fits",
            );
        }
        given
    }

    /// The sort keys over the searched row.
    pub(super) fn sort(&mut self, keys: &[SortNode]) -> Option<Vec<Sort>> {
        let typed: Vec<Option<Sort>> = keys
            .iter()
            .map(|key| {
                let by = self.expr(&key.by, None)?;
                let sortable = is_ordered(&by.ty) || matches!(by.ty, Type::Bool | Type::Ref(_));
                if !sortable {
                    let message = format!("rows cannot be sorted by {}", describe(&by.ty, self.ir));
                    self.report(
                        "type-mismatch",
                        by.span,
                        message,
                        "sort by a field with a single value",
                    );
                    return None;
                }
                Some(Sort {
                    by,
                    descending: key.descending,
                })
            })
            .collect();
        typed.into_iter().collect()
    }

    /// What rows a value speaks of: the first entity or `many` field named in it.
    fn source(&mut self, node: &Node) -> Option<Source> {
        if let Some(words) = self.chain(node) {
            return self.source_of(&words);
        }
        match &node.kind {
            NodeKind::Path(inner, ..)
            | NodeKind::Unary(_, inner)
            | NodeKind::IsSet(inner)
            | NodeKind::IsEmpty(inner)
            | NodeKind::CanRead(inner)
            | NodeKind::Group(inner) => self.source_inside(inner),
            NodeKind::Binary(_, left, right) => self
                .source_inside(left)
                .or_else(|| self.source_inside(right)),
            NodeKind::OneOf(value, _) => self.source_inside(value),
            NodeKind::If(condition, then, otherwise) => self
                .source_inside(condition)
                .or_else(|| self.source_inside(then))
                .or_else(|| self.source_inside(otherwise)),
            NodeKind::Call(_, _, arguments) => arguments
                .iter()
                .find_map(|argument| self.source_inside(argument)),
            NodeKind::Text(parts) => parts.iter().find_map(|part| match part {
                Part::Code(node) => self.source_inside(node),
                Part::Plain(_) => None,
            }),
            _ => None,
        }
    }

    fn source_inside(&mut self, node: &Node) -> Option<Source> {
        self.source(node).map(|source| Source {
            bare: false,
            ..source
        })
    }

    fn source_of(&mut self, words: &[(usize, usize)]) -> Option<Source> {
        let folded: Vec<String> = words
            .iter()
            .map(|(start, end)| fold_name(self.slice(*start, *end)))
            .collect();
        if let Some(many) = self.many_source(words, &folded) {
            return Some(many);
        }
        let first = folded.first()?;
        let entity = self.index.entities.get(first).copied()?;
        Some(Source {
            entity,
            through: None,
            head: vec![first.clone()],
            bare: words.len() == 1,
        })
    }

    /// The longest beginning of a path that is a `many` field.
    fn many_source(&mut self, words: &[(usize, usize)], folded: &[String]) -> Option<Source> {
        let first = words.first()?;
        let mut base: Option<Expr> = None;
        for (at, (name, word)) in folded.iter().zip(words).enumerate() {
            let span = self.span(first.0, word.1);
            let next = match base {
                None => self.quiet_word(name, span)?,
                Some(row) => {
                    let Type::Ref(entity) = row.ty else {
                        return None;
                    };
                    let (field, ty) = field_of(self, entity, name)?;
                    Expr {
                        kind: ExprKind::Field(Box::new(row), entity, field),
                        ty,
                        span,
                    }
                }
            };
            if let Type::Many(entity) = next.ty {
                let ExprKind::Field(owner, _, FieldRef::Field(field)) = next.kind else {
                    return None;
                };
                let head = folded.get(..=at)?.to_vec();
                return Some(Source {
                    entity,
                    through: Some((*owner, field)),
                    head,
                    bare: at + 1 == words.len(),
                });
            }
            base = Some(next);
        }
        None
    }

    /// A word as the start of a path, without reports.
    fn quiet_word(&mut self, name: &str, span: Span) -> Option<Expr> {
        use crate::expr::{OLD, THIS};
        let row = |var, entity| Expr {
            kind: ExprKind::Var(var),
            ty: Type::Ref(entity),
            span,
        };
        match name {
            "this" => return self.scope.this.map(|entity| row(THIS, entity)),
            "old" if self.scope.old => return self.scope.this.map(|entity| row(OLD, entity)),
            "me" if self.scope.me => {
                return Some(Expr {
                    kind: ExprKind::Me,
                    ty: Type::Ref(crate::ir::USER),
                    span,
                });
            }
            _ => {}
        }
        if let Some((_, var, ty)) = self
            .scope
            .vars
            .iter()
            .rev()
            .find(|(var, _, _)| fold_name(var) == name)
        {
            return Some(Expr {
                kind: ExprKind::Var(*var),
                ty: ty.clone(),
                span,
            });
        }
        let (var, entity) = match self.frames.last() {
            Some(frame) => (frame.var, frame.entity),
            None => (THIS, self.scope.this?),
        };
        let (field, ty) = field_of(self, entity, name)?;
        Some(Expr {
            kind: ExprKind::Field(Box::new(row(var, entity)), entity, field),
            ty,
            span,
        })
    }

    fn no_rows(&mut self, rows: &Rows, span: Span) {
        let mut first = &rows.value;
        while let NodeKind::Path(base, ..) = &first.kind {
            first = base;
        }
        let at = self.place(first);
        let written = self.text_of(first);
        let folded = fold_name(written);
        let message = format!("`{}` searches rows, and `{written}` names none", rows.op);
        let diagnostic = Diagnostic::new(
            "unknown-entity",
            if matches!(first.kind, NodeKind::Word) {
                at
            } else {
                span
            },
            message,
        );
        if !matches!(first.kind, NodeKind::Word) {
            self.out
                .push(diagnostic.help("name an entity: `count(Comment where ticket is this)`"));
            return;
        }
        if let Some(entity) = self.index.plurals.get(&folded).copied() {
            let name = self.entity_name(entity);
            self.out.push(
                diagnostic
                    .help(format!(
                        "write the entity's name, and which rows: `{}({name} where …)`",
                        rows.op
                    ))
                    .edit(at, super::names::in_code(&name)),
            );
            return;
        }
        let near = suggest(
            written,
            self.ir
                .entities
                .iter()
                .map(|entity| entity.name.text.as_str()),
        );
        self.out.push(match near {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .edit(at, super::names::in_code(near)),
            None => diagnostic
                .help("name an entity or a `many` field: `count(Comment where ticket is this)`"),
        });
    }
}
