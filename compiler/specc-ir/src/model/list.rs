//! Lists: what the caller may read of an entity, filtered, searched and sorted.

use super::check::field_id;
use super::state::{Frame, View};
use super::{Query, Result, View as Seen};
use crate::eval::{Value, sort_order};
use crate::expr::FieldRef;
use std::cmp::Ordering;

impl View<'_> {
    /// The rows of a list, in its order.
    pub fn list(&self, query: &Query) -> Result<Vec<(i64, Seen)>> {
        let mut found: Vec<(i64, Seen)> = Vec::new();
        for id in self.state.ids(query.entity) {
            let Some(seen) = self.seen(query.entity, id)? else {
                continue;
            };
            let value = |field: FieldRef| {
                seen.iter()
                    .find(|(known, _)| *known == field)
                    .map(|(_, value)| value)
            };
            let fits = query
                .filters
                .iter()
                .all(|(field, wanted)| match value(*field) {
                    Some(Value::List(held)) if !wanted.is_empty() => match wanted {
                        Value::List(wanted) => wanted.iter().all(|one| held.contains(one)),
                        one => held.contains(one),
                    },
                    Some(value) => value == wanted || (value.is_empty() && wanted.is_empty()),
                    // A field that may not be read of this row.
                    None => false,
                });
            if fits && self.finds(query, &seen) {
                found.push((id, seen));
            }
        }
        let frame = Frame::default();
        let view = View {
            frame: &frame,
            ..*self
        };
        found.sort_by(|a, b| view.order(query, a, b));
        Ok(found)
    }

    fn finds(&self, query: &Query, seen: &Seen) -> bool {
        let fields = &self.model.entity(query.entity).fields;
        let searched: Vec<String> = fields
            .iter()
            .enumerate()
            .filter(|(_, field)| field.searchable)
            .filter_map(|(position, _)| {
                let field = FieldRef::Field(field_id(position));
                match seen.iter().find(|(known, _)| *known == field) {
                    Some((_, Value::Text(text))) => Some(text.to_lowercase()),
                    _ => None,
                }
            })
            .collect();
        let mut words = query.search.split_whitespace();
        words.all(|word| {
            searched
                .iter()
                .any(|text| text.contains(&word.to_lowercase()))
        })
    }

    fn order(&self, query: &Query, (a, left): &(i64, Seen), (b, right): &(i64, Seen)) -> Ordering {
        let get = |seen: &Seen, field: FieldRef| {
            let found = seen.iter().find(|(known, _)| *known == field);
            found.map_or(Value::Empty, |(_, value)| value.clone())
        };
        let Some((field, descending)) = query.sort else {
            // What was made last is the newest, whatever the clock said then.
            return b.cmp(a);
        };
        let order = sort_order(&get(left, field), &get(right, field));
        let order = if descending { order.reverse() } else { order };
        order.then(a.cmp(b))
    }
}
