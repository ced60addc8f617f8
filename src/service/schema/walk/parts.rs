//! The part of the walk that goes down: into the members of objects and the items of arrays.
//!
//! Owns: which place judges which part. Refuses: what is asked of the value as a whole.

use serde_json::Value;

use super::super::node::NodePlace;
use super::state::{At, Covered, Here, Naming, SeenNodes, Stop, Walk, WalkStep};
use crate::domain::plural::counted;

impl<'s> Walk<'s> {
    pub(super) fn unseen_members<'v>(
        &mut self,
        place: NodePlace,
        value: &'v Value,
        at: At<'_>,
        seen: &mut SeenNodes<'v>,
    ) -> Result<bool, Stop> {
        let mut fits = true;
        for (name, member) in members_of(value) {
            self.budget.spend(1)?;
            if !seen.members.contains(name.as_str()) {
                fits &= self.other(place, name, member, at, seen)?;
            }
        }
        Ok(fits)
    }

    pub(super) fn named<'v>(
        &mut self,
        named: &'s [(String, NodePlace)],
        value: &'v Value,
        at: At<'_>,
        seen: &mut SeenNodes<'v>,
    ) -> Result<bool, Stop> {
        let Value::Object(members) = value else {
            return Ok(true);
        };
        let mut fits = true;
        for (name, place) in named {
            self.budget.spend(1)?;
            if let Some((name, member)) = members.get_key_value(name) {
                fits &= self.member(*place, name, member, at, seen)?;
                if !fits && at.naming == Naming::Nothing {
                    return Ok(false);
                }
            }
        }
        Ok(fits)
    }

    /// Members by the patterns of their names, and those that neither name nor pattern covers.
    pub(super) fn unnamed<'v>(
        &mut self,
        Covered {
            named,
            patterned,
            others,
        }: Covered<'_>,
        value: &'v Value,
        at: At<'_>,
        seen: &mut SeenNodes<'v>,
    ) -> Result<bool, Stop> {
        let mut fits = true;
        if patterned.is_empty() && others.is_none() {
            return Ok(true);
        }
        for (name, member) in members_of(value) {
            self.budget.spend(1)?;
            // The names of a schema's places are sorted.
            let mut covered = named
                .binary_search_by(|(own, _)| own.as_str().cmp(name))
                .is_ok();
            for (pattern, place) in patterned {
                self.budget.read(name.len())?;
                if pattern.is_in(name) {
                    covered = true;
                    fits &= self.member(*place, name, member, at, seen)?;
                }
            }
            if let Some(place) = others.filter(|_| !covered) {
                fits &= self.other(place, name, member, at, seen)?;
            }
            if !fits && at.naming == Naming::Nothing {
                return Ok(false);
            }
        }
        Ok(fits)
    }

    /// A member that the schema does not foresee is told at the object that has it.
    fn other<'v>(
        &mut self,
        place: NodePlace,
        name: &'v str,
        member: &'v Value,
        at: At<'_>,
        seen: &mut SeenNodes<'v>,
    ) -> Result<bool, Stop> {
        if self.tree.nodes[place].never {
            return self.unfit(at, || {
                let name: String = name.chars().take(100).collect();
                format!("must not have the member {name}, which the schema does not foresee")
            });
        }
        self.member(place, name, member, at, seen)
    }

    fn member<'v>(
        &mut self,
        place: NodePlace,
        name: &'v str,
        member: &'v Value,
        at: At<'_>,
        seen: &mut SeenNodes<'v>,
    ) -> Result<bool, Stop> {
        let below = Here {
            above: Some(at.here),
            step: WalkStep::Member(name),
        };
        let fits = self.judge(place, member, At { here: &below, ..at })?.fits;
        if self.tree.tracks {
            seen.members.insert(name);
        }
        Ok(fits)
    }

    pub(super) fn names(
        &mut self,
        place: NodePlace,
        value: &Value,
        at: At<'_>,
    ) -> Result<bool, Stop> {
        let mut fits = true;
        for (name, _) in members_of(value) {
            self.budget.read(name.len())?;
            let as_value = Value::String(name.clone());
            if !self.judge(place, &as_value, at.silent())?.fits {
                fits = self.unfit(at, || {
                    let name: String = name.chars().take(100).collect();
                    format!("must not have a member of the name {name}")
                })?;
            }
        }
        Ok(fits)
    }

    pub(super) fn items<'v>(
        &mut self,
        prefix: &[NodePlace],
        rest: Option<NodePlace>,
        value: &'v Value,
        at: At<'_>,
        seen: &mut SeenNodes<'v>,
    ) -> Result<bool, Stop> {
        let mut fits = true;
        for (index, item) in items_of(value).enumerate() {
            let Some(place) = prefix.get(index).copied().or(rest) else {
                break;
            };
            fits &= self.item(place, index, item, at, seen)?;
            if !fits && at.naming == Naming::Nothing {
                break;
            }
        }
        Ok(fits)
    }

    pub(super) fn unseen_items<'v>(
        &mut self,
        place: NodePlace,
        value: &'v Value,
        at: At<'_>,
        seen: &mut SeenNodes<'v>,
    ) -> Result<bool, Stop> {
        let mut fits = true;
        for (index, item) in items_of(value).enumerate() {
            self.budget.spend(1)?;
            if !seen.items.contains(&index) {
                fits &= self.item(place, index, item, at, seen)?;
            }
        }
        Ok(fits)
    }

    pub(super) fn contains(
        &mut self,
        place: NodePlace,
        (at_least, at_most): (u64, Option<u64>),
        value: &Value,
        at: At<'_>,
        seen: &mut SeenNodes<'_>,
    ) -> Result<bool, Stop> {
        if !value.is_array() {
            return Ok(true);
        }
        let mut found = 0;
        for (index, item) in items_of(value).enumerate() {
            if self.judge(place, item, at.silent())?.fits {
                found += 1;
                if self.tree.tracks {
                    seen.items.insert(index);
                }
            }
        }
        if found < at_least || at_most.is_some_and(|most| found > most) {
            return self.unfit(at, || {
                let items = counted(found, "item", "items");
                format!("has {items} of the kind that the schema's contains asks for")
            });
        }
        Ok(true)
    }

    fn item<'v>(
        &mut self,
        place: NodePlace,
        index: usize,
        item: &'v Value,
        at: At<'_>,
        seen: &mut SeenNodes<'v>,
    ) -> Result<bool, Stop> {
        let below = Here {
            above: Some(at.here),
            step: WalkStep::Item(index),
        };
        let fits = self.judge(place, item, At { here: &below, ..at })?.fits;
        if self.tree.tracks {
            seen.items.insert(index);
        }
        Ok(fits)
    }
}

fn members_of(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn items_of(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
