//! Mutants of what operations need and do.

use super::places::{Below, BodyAt, Place, Way, list};
use super::{At, Class, Mutants, nobody, number};
use crate::ir::{Body, Effect, EffectItem, EntityId, Who};
use specc_syntax::names::fold_name;

impl Mutants<'_> {
    pub(super) fn bodies(&mut self) {
        let ir = self.ir;
        for (position, action) in ir.actions.iter().enumerate() {
            let at = At {
                id: format!("action.{}", fold_name(&action.name.text)),
                class: Class::Operations,
                span: action.span,
                entity: None,
            };
            if !action.step {
                let name = &action.name.text;
                self.add(&at, "anyone", format!("anyone may {name}"), move |ir| {
                    if let Some(action) = ir.actions.get_mut(position) {
                        action.who = vec![Who::Anyone];
                    }
                });
                for (place, _) in action.who.iter().enumerate() {
                    self.add(
                        &at,
                        &format!("who{place}"),
                        format!("one of those who may {name} is left out"),
                        move |ir| {
                            if let Some(action) = ir.actions.get_mut(position) {
                                action.who.remove(place);
                                if action.who.is_empty() {
                                    action.who.push(nobody());
                                }
                            }
                        },
                    );
                }
            }
            for (place, input) in action.inputs.iter().enumerate() {
                let input_at = At {
                    span: input.name.span,
                    ..at.clone()
                };
                if !input.optional {
                    self.add(
                        &input_at,
                        &format!("optional-{}", fold_name(&input.name.text)),
                        format!("{} may be left out", input.name.text),
                        move |ir| {
                            if let Some(input) = ir
                                .actions
                                .get_mut(position)
                                .and_then(|action| action.inputs.get_mut(place))
                            {
                                input.optional = true;
                            }
                        },
                    );
                }
            }
            if let Some(returns) = &action.returns {
                self.expression(&at, &Place::Returns(position), returns);
            }
            self.body(&at, &action.body, BodyAt::Action(position));
        }
        for (position, entity) in ir.entities.iter().enumerate() {
            for (place, hook) in entity.hooks.iter().enumerate() {
                let at = At {
                    id: format!(
                        "{}.on-{}",
                        fold_name(&entity.name.text),
                        format!("{:?}", hook.verb).to_lowercase()
                    ),
                    class: Class::Operations,
                    span: hook.span,
                    entity: None,
                };
                self.body(
                    &at,
                    &hook.body,
                    BodyAt::Hook(EntityId(number(position)), place),
                );
            }
        }
    }

    fn body(&mut self, at: &At, body: &Body, of: BodyAt) {
        for (position, required) in body.requires.iter().enumerate() {
            let at = At {
                id: format!("{}.{}", at.id, required.id),
                span: required.sentence.span,
                ..at.clone()
            };
            self.condition(&at, Place::Requires(of, position));
        }
        self.items(at, &body.does, of, &mut Vec::new());
    }

    fn items(&mut self, at: &At, items: &[EffectItem], of: BodyAt, way: &mut Vec<(usize, Below)>) {
        for (position, item) in items.iter().enumerate() {
            let here: Way = (way.clone(), position);
            let steps: Vec<String> = way
                .iter()
                .map(|(at, _)| at + 1)
                .chain([position + 1])
                .map(|at| at.to_string())
                .collect();
            let span = if item.sentence.text.is_empty() {
                item.span
            } else {
                item.sentence.span
            };
            let item_at = At {
                id: format!("{}.does.{}", at.id, steps.join(".")),
                span,
                ..at.clone()
            };
            let there = here.clone();
            self.add(&item_at, "skipped", "it does not happen", move |ir| {
                if let Some(items) = list(ir, of, &there) {
                    items.remove(there.1);
                }
            });
            if item.as_system {
                let there = here.clone();
                self.add(
                    &item_at,
                    "as-caller",
                    "it needs the rights of the caller",
                    move |ir| {
                        if let Some(item) =
                            list(ir, of, &there).and_then(|items| items.get_mut(there.1))
                        {
                            item.as_system = false;
                        }
                    },
                );
            }
            let place = Place::Effect(of, here.clone());
            match &item.effect {
                Effect::Set { value, .. } => self.expression(&item_at, &place, value),
                Effect::When {
                    then, otherwise, ..
                } => {
                    self.condition(&item_at, place);
                    for (below, items) in [(Below::Then, then), (Below::Else, otherwise)] {
                        way.push((position, below));
                        self.items(at, items, of, way);
                        way.pop();
                    }
                }
                Effect::ForEach { filter, body, .. } => {
                    if filter.is_some() {
                        self.condition(&item_at, place);
                    }
                    way.push((position, Below::Then));
                    self.items(at, body, of, way);
                    way.pop();
                }
                Effect::Create { values, .. } => {
                    for (given, _) in values.iter().enumerate() {
                        let there = here.clone();
                        self.add(
                            &item_at,
                            &format!("value{given}"),
                            "one of its values is not given",
                            move |ir| {
                                if let Some(item) =
                                    list(ir, of, &there).and_then(|items| items.get_mut(there.1))
                                    && let Effect::Create { values, .. } = &mut item.effect
                                {
                                    values.remove(given);
                                }
                            },
                        );
                    }
                }
                _ => {}
            }
            if let Some(otherwise) = &item.otherwise {
                way.push((position, Below::Otherwise));
                self.items(at, otherwise, of, way);
                way.pop();
            }
        }
    }
}
