//! Code to typed expressions, rules and effects. Owns the language inside backticks; knows nothing of Markdown around it.
//!
//! Every door takes any text, never panics, and reports what is wrong at the exact place.

mod effect;
mod fit;
mod literal;
mod names;
mod operators;
mod rows;
mod rule;
mod syntax;
mod token;
mod types;
mod typing;

#[cfg(test)]
mod tests;

pub use effect::{ParsedEffect, effect};
pub use fit::scale;
pub use rule::rule;
pub use types::{parameters, type_of};

use crate::expr::{Expr, Sort, VarId};
use crate::ir::{EntityId, Type};
use crate::scope::Scope;
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::fold_name;
use specc_syntax::span::Span;
use specc_syntax::tree::Code;
use syntax::{Node, Parser};
use typing::{Frame, Typer};

/// A condition: an expression that is yes or no.
pub fn condition(
    scope: &mut Scope<'_>,
    code: &Code,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Expr> {
    let mut typer = Typer::new(scope, code, diagnostics);
    let node = whole(&mut typer)?;
    typer.condition(&node)
}

/// A value, of the expected type where there is one.
pub fn value(
    scope: &mut Scope<'_>,
    code: &Code,
    expected: Option<&Type>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Expr> {
    let mut typer = Typer::new(scope, code, diagnostics);
    let node = whole(&mut typer)?;
    match expected {
        Some(ty) => typer.value(&node, ty),
        None => typer.expr(&node, None),
    }
}

/// A value written without backticks, as cells hold it.
pub fn value_at(
    scope: &mut Scope<'_>,
    text: &str,
    span: Span,
    expected: Option<&Type>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Expr> {
    value(scope, &plain(text, span), expected, diagnostics)
}

/// A text with values in it, as it stands between quotes: `Taken over: {subject}`.
pub fn template(
    scope: &mut Scope<'_>,
    text: &str,
    span: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Expr> {
    let code = plain(text, span);
    let mut typer = Typer::new(scope, &code, diagnostics);
    let index = typer.index;
    let parsed = token::body(&code.text, 0, code.text.len(), false).and_then(|(parts, _)| {
        let mut parser = Parser::new(&code.text, 0, 0, index)?;
        parser.parts(parts, 0, code.text.len())
    });
    match parsed {
        Ok(node) => typer.expr(&node, None),
        Err(fail) => {
            typer.fail(fail);
            None
        }
    }
}

/// The rows a query gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Of which entity.
    pub entity: EntityId,
    /// Each of them in turn.
    pub var: VarId,
    /// Their name, where one is given with `as`; it is not yet in the scope.
    pub name: Option<String>,
    /// Which rows; all where absent.
    pub filter: Option<Expr>,
    /// In which order; ties by id.
    pub sort: Vec<Sort>,
}

/// `Ticket where … sorted by priority desc, created as ticket`
pub fn query(
    scope: &mut Scope<'_>,
    code: &Code,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Query> {
    let mut typer = Typer::new(scope, code, diagnostics);
    let index = typer.index;
    let parsed = Parser::new(&code.text, 0, code.text.len(), index).and_then(|mut parser| {
        let query = QueryNode::read(&mut parser)?;
        parser.finish()?;
        Ok(query)
    });
    match parsed {
        Ok(node) => node.typed(&mut typer),
        Err(fail) => {
            typer.fail(fail);
            None
        }
    }
}

/// A query, untyped.
struct QueryNode {
    entity: (usize, usize),
    filter: Option<Node>,
    sort: Vec<syntax::SortNode>,
    name: Option<(usize, usize)>,
}

impl QueryNode {
    fn read(parser: &mut Parser<'_>) -> Result<QueryNode, token::Fail> {
        let entity = parser.name("an entity")?;
        let mut node = QueryNode {
            entity,
            filter: None,
            sort: Vec::new(),
            name: None,
        };
        loop {
            if node.filter.is_none() && parser.take_words(&["where"]) {
                node.filter = Some(parser.expression()?);
            } else if node.sort.is_empty() && parser.take_words(&["sorted", "by"]) {
                node.sort = parser.sort()?;
            } else if node.name.is_none() && parser.is_word(0, "as") && !parser.is_word(1, "system")
            {
                parser.take_words(&["as"]);
                node.name = Some(parser.name("a name behind `as`")?);
            } else {
                return match node.again(parser) {
                    Some(fail) => Err(fail),
                    None => Ok(node),
                };
            }
        }
    }

    /// A part that is there already, if it comes next once more.
    fn again(&self, parser: &Parser<'_>) -> Option<token::Fail> {
        let (start, end) = parser.place();
        let fail =
            |message: String, help: String| Some(token::Fail::new(start, end, message).help(help));
        let entity = parser.slice(self.entity.0, self.entity.1);
        if let Some((from, to)) = self.name
            && parser.is_word(0, "as")
            && !parser.is_word(1, "system")
        {
            let name = parser.slice(from, to);
            return fail(
                format!("each `{entity}` is called `{name}` already"),
                format!("give one name: take `as {name}` or this `as` out"),
            );
        }
        if self.filter.is_some() && parser.is_word(0, "where") {
            return fail(
                "this search has a `where` already".to_owned(),
                "put both conditions behind the first, with `and` between them".to_owned(),
            );
        }
        if !self.sort.is_empty() && parser.is_word(0, "sorted") {
            return fail(
                "this search is `sorted by` something already".to_owned(),
                "name all of it behind the first, with commas between them".to_owned(),
            );
        }
        None
    }

    fn typed(&self, typer: &mut Typer<'_, '_>) -> Option<Query> {
        let entity = effect::entity_at(typer, self.entity)?;
        let var = typer.scope.fresh();
        let head = vec![fold_name(typer.slice(self.entity.0, self.entity.1))];
        let name = self
            .name
            .map(|(start, end)| typer.slice(start, end).to_owned());
        let vars = typer.scope.vars.len();
        if let Some(name) = &name {
            typer
                .scope
                .vars
                .push((name.clone(), var, Type::Ref(entity)));
        }
        typer.frames.push(Frame { var, entity, head });
        let filter = self.filter.as_ref().map(|node| typer.condition(node));
        let sort = typer.sort(&self.sort);
        typer.frames.pop();
        typer.scope.vars.truncate(vars);
        let filter = match filter {
            Some(filter) => Some(filter?),
            None => None,
        };
        Some(Query {
            entity,
            var,
            name,
            filter,
            sort: sort?,
        })
    }
}

fn plain(text: &str, span: Span) -> Code {
    Code {
        text: text.to_owned(),
        span,
        dropped: Vec::new(),
    }
}

/// The one expression that the code is.
fn whole(typer: &mut Typer<'_, '_>) -> Option<Node> {
    let (code, index) = (typer.code, typer.index);
    let parsed = Parser::new(&code.text, 0, code.text.len(), index).and_then(|mut parser| {
        let node = parser.expression()?;
        parser.finish()?;
        Ok(node)
    });
    parsed.map_err(|fail| typer.fail(fail)).ok()
}
