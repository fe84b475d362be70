//! How much an expression comes to with the functions, computed fields, policies and roles it asks written out.
//! SQL has them written out, and the evaluator walks through them, so there is a bound: without one, thirty functions
//! that each use the one before twice would be a thousand million steps.

use crate::expr::{Expr, ExprKind, FieldRef, OLD, THIS, VarId};
use crate::ir::{EntityId, FieldId, FunctionId, Ir, RoleId, Verb, Who};
use crate::walk;
use specc_syntax::diagnostic::Diagnostic;
use std::collections::HashMap;

/// How deep functions, computed fields, policies and conditional roles may ask each other.
const DEEPEST: u32 = 8;
/// The most parts that an expression may have with all of them written out.
const LARGEST: u64 = 20_000;
/// Where measuring gives up on a chain.
const HOPELESS: u32 = 64;

/// Something that is written out where it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Asked {
    Function(FunctionId),
    Field(EntityId, FieldId),
    Policy(EntityId),
    Role(RoleId),
}

/// What an expression comes to.
#[derive(Debug, Clone, Default)]
struct Size {
    /// Its parts, without what stands for parameters.
    parts: u64,
    /// How often each variable is used.
    uses: Vec<(VarId, u64)>,
    /// How deep it asks.
    depth: u32,
}

impl Size {
    fn add(&mut self, other: &Size, times: u64) {
        self.parts = self.parts.saturating_add(other.parts.saturating_mul(times));
        for (var, uses) in &other.uses {
            let more = uses.saturating_mul(times);
            match self.uses.iter_mut().find(|(known, _)| known == var) {
                Some((_, uses)) => *uses = uses.saturating_add(more),
                None => self.uses.push((*var, more)),
            }
        }
        self.depth = self.depth.max(other.depth);
    }

    fn fits(&self) -> bool {
        self.parts <= LARGEST && self.depth <= DEEPEST
    }
}

/// Measures expressions of a program; what was measured once is remembered.
#[derive(Debug)]
pub(super) struct Sizes<'ir> {
    ir: &'ir Ir,
    /// `None` while it is being measured: then it leads back to itself, which is said elsewhere.
    known: HashMap<Asked, Option<Size>>,
}

impl<'ir> Sizes<'ir> {
    pub(super) fn new(ir: &'ir Ir) -> Sizes<'ir> {
        Sizes {
            ir,
            known: HashMap::new(),
        }
    }

    /// The expression stays within the limits.
    pub(super) fn fit(&mut self, expr: &Expr) -> bool {
        self.size(expr, 0).fits()
    }

    fn size(&mut self, expr: &Expr, deep: u32) -> Size {
        let mut size = Size {
            parts: 1,
            ..Size::default()
        };
        match &expr.kind {
            ExprKind::Var(var) if !matches!(*var, THIS | OLD) => size.uses.push((*var, 1)),
            ExprKind::Function(id, arguments) => {
                let body = self.asked(Asked::Function(*id), deep);
                let declared = self.ir.functions.get(id.0 as usize);
                let inputs = declared.map_or(&[][..], |function| function.inputs.as_slice());
                for (input, argument) in inputs.iter().zip(arguments) {
                    let times = body.uses.iter().find(|(var, _)| *var == input.var);
                    let argument = self.size(argument, deep);
                    size.add(&argument, times.map_or(1, |(_, times)| (*times).max(1)));
                }
                size.parts = size.parts.saturating_add(body.parts);
                size.depth = size.depth.max(body.depth.saturating_add(1));
                return size;
            }
            ExprKind::Field(_, entity, FieldRef::Field(field)) => {
                let computed = self.ir.entities.get(entity.0 as usize);
                let computed = computed.and_then(|entity| entity.fields.get(field.0 as usize));
                if computed.is_some_and(|field| field.computed.is_some()) {
                    self.add_asked(&mut size, Asked::Field(*entity, *field), deep);
                }
            }
            ExprKind::CanRead(_, entity) => {
                self.add_asked(&mut size, Asked::Policy(*entity), deep);
            }
            ExprKind::HasRole(_, role) => {
                self.add_asked(&mut size, Asked::Role(*role), deep);
            }
            _ => {}
        }
        walk::parts(expr, &mut |part| {
            let part = self.size(part, deep);
            size.add(&part, 1);
        });
        size
    }

    fn add_asked(&mut self, size: &mut Size, asked: Asked, deep: u32) {
        let body = self.asked(asked, deep);
        size.parts = size.parts.saturating_add(body.parts);
        size.depth = size.depth.max(body.depth.saturating_add(1));
    }

    fn asked(&mut self, asked: Asked, deep: u32) -> Size {
        if let Some(known) = self.known.get(&asked) {
            return known.clone().unwrap_or_default();
        }
        if deep >= HOPELESS {
            return Size {
                depth: HOPELESS,
                ..Size::default()
            };
        }
        self.known.insert(asked, None);
        let mut size = Size::default();
        for expr in self.body(asked) {
            let one = self.size(expr, deep + 1);
            size.add(&one, 1);
        }
        self.known.insert(asked, Some(size.clone()));
        size
    }

    /// The expressions that are written out.
    fn body(&self, asked: Asked) -> Vec<&'ir Expr> {
        let ir = self.ir;
        match asked {
            Asked::Function(id) => {
                let function = ir.functions.get(id.0 as usize);
                function.map(|function| &function.is).into_iter().collect()
            }
            Asked::Field(entity, field) => {
                let entity = ir.entities.get(entity.0 as usize);
                let field = entity.and_then(|entity| entity.fields.get(field.0 as usize));
                field
                    .and_then(|field| field.computed.as_ref())
                    .into_iter()
                    .collect()
            }
            Asked::Policy(entity) => {
                let entity = ir.entities.get(entity.0 as usize);
                let grants = entity.map_or(&[][..], |entity| entity.access.as_slice());
                let reads = grants.iter().filter(|grant| grant.verb == Verb::Read);
                reads
                    .flat_map(|grant| {
                        let who = grant.who.iter().filter_map(|who| match who {
                            Who::Relation(expr) => Some(expr),
                            _ => None,
                        });
                        who.chain(grant.when.as_ref())
                    })
                    .collect()
            }
            // Who holds a role that includes this one holds this one.
            Asked::Role(role) => {
                let mut holders = vec![role];
                let mut at = 0;
                while let Some(held) = holders.get(at).copied() {
                    let more = (0_u32..).zip(&ir.roles).filter(|(id, candidate)| {
                        candidate.includes.contains(&held) && !holders.contains(&RoleId(*id))
                    });
                    let more: Vec<RoleId> = more.map(|(id, _)| RoleId(id)).collect();
                    holders.extend(more);
                    at += 1;
                }
                let held = holders
                    .iter()
                    .filter_map(|role| ir.roles.get(role.0 as usize));
                held.filter_map(|role| role.when.as_ref()).collect()
            }
        }
    }
}

/// Reports every expression of the program that comes to too much; of a chain, the place where it begins to.
pub(super) fn all(ir: &Ir, out: &mut Vec<Diagnostic>) {
    let mut sizes = Sizes::new(ir);
    walk::each_of_program(ir, &mut |expr| {
        if !sizes.fit(expr) {
            report(expr, &mut sizes, out);
        }
    });
}

/// Reports it, unless a part of it or something it asks comes to too much already.
fn report(expr: &Expr, sizes: &mut Sizes<'_>, out: &mut Vec<Diagnostic>) {
    let mut begins = true;
    walk::parts(expr, &mut |part| begins &= sizes.fit(part));
    let asked = match &expr.kind {
        ExprKind::Function(id, _) => Some(Asked::Function(*id)),
        ExprKind::Field(_, entity, FieldRef::Field(field)) => Some(Asked::Field(*entity, *field)),
        ExprKind::CanRead(_, entity) => Some(Asked::Policy(*entity)),
        ExprKind::HasRole(_, role) => Some(Asked::Role(*role)),
        _ => None,
    };
    if let Some(asked) = asked {
        begins &= sizes.asked(asked, 0).fits();
    }
    if !begins {
        let mut parts = Vec::new();
        walk::parts(expr, &mut |part| parts.push(part.clone()));
        for part in parts {
            if !sizes.fit(&part) {
                report(&part, sizes, out);
            }
        }
        return;
    }
    let message = if sizes.size(expr, 0).depth > DEEPEST {
        format!("this asks functions, computed fields or policies more than {DEEPEST} deep")
    } else {
        format!(
            "this comes to more than {LARGEST} parts with all functions and computed fields written out"
        )
    };
    out.push(
        Diagnostic::new("too-deep", expr.span, message)
            .help("write part of it out here, or ask each function once instead of many times"),
    );
}
