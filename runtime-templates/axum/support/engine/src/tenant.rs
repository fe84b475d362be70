//! Whose rows are: the wall that also stands where the program itself acts.

use crate::def::{Entity, Tenant};
use crate::operation::Row;
use crate::refusal::Refusal;
use crate::scope::{Scope, Work};
use kernel::kind::Kind;
use kernel::value::Value;

/// Whose a row with these values is; nothing where it is nobody's.
pub(crate) fn of(
    scope: &Scope<'_>,
    entity: &'static Entity,
    values: &[Value],
    gone: Option<&Work>,
) -> Result<Option<i64>, Refusal> {
    let (mut entity, mut held) = (entity, values.to_vec());
    // A part is part of a part at most so often.
    for _ in 0..16 {
        let reference = |at: usize| held.get(at).and_then(kernel::logic::int);
        match entity.tenant {
            Tenant::Nobody => return Ok(None),
            Tenant::Field(at) => return Ok(reference(at)),
            Tenant::Parent => {
                let Some(at) = entity.parent else {
                    return Ok(None);
                };
                let target = match entity.fields.get(at).map(|field| field.kind) {
                    Some(Kind::Reference(target)) => scope.app.entities.get(target).copied(),
                    _ => None,
                };
                let (Some(parent), Some(id)) = (target, reference(at)) else {
                    return Ok(None);
                };
                // The parent may have gone in the same operation.
                let row = match (scope.load(parent, id)?, gone) {
                    (Some(row), _) => Some(row),
                    (None, Some(work)) => work
                        .touched
                        .iter()
                        .find(|touched| touched.entity.index == parent.index && touched.id == id)
                        .map(|touched| touched.old.clone()),
                    (None, None) => None,
                };
                let Some(row) = row else {
                    return Ok(None);
                };
                if parent.tenant == Tenant::Nobody {
                    return Ok(Some(id));
                }
                (entity, held) = (parent, row.values);
            }
        }
    }
    Ok(None)
}

/// Refuses an operation of somebody who belongs to a tenant that wrote a row of another one, whatever its authority.
pub(crate) fn wall(scope: &Scope<'_>, work: &Work) -> Result<(), Refusal> {
    let Some(users) = scope.app.entities.first().copied() else {
        return Ok(());
    };
    let (Tenant::Field(field), Some(caller)) = (users.tenant, scope.caller.user) else {
        return Ok(());
    };
    let before = work
        .touched
        .iter()
        .find(|touched| touched.entity.index == 0 && touched.id == caller && !touched.created)
        .map(|touched| touched.old.value(field).clone());
    let after = scope.load(users, caller)?;
    let now = after.map(|row| row.value(field).clone());
    let own: Vec<i64> = [before, now]
        .iter()
        .flatten()
        .filter_map(kernel::logic::int)
        .collect();
    if own.is_empty() {
        return Ok(());
    }
    for touched in &work.touched {
        if touched.entity.tenant == Tenant::Nobody {
            continue;
        }
        let itself = touched.entity.index == 0 && touched.id == caller;
        let mut rows: Vec<Row> = Vec::new();
        if !touched.created {
            rows.push(touched.old.clone());
        }
        if !touched.deleted {
            rows.extend(scope.load(touched.entity, touched.id)?);
        }
        for row in rows {
            let whose = of(scope, touched.entity, &row.values, Some(work))?;
            // Somebody who belongs to nobody yet may be taken in.
            let free = touched.entity.index == 0 && whose.is_none();
            if !itself && !free && !whose.is_some_and(|whose| own.contains(&whose)) {
                return Err(Refusal::Forbidden);
            }
        }
    }
    Ok(())
}
