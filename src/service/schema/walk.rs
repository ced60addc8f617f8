//! Judging a document by a schema, place by place, within a budget.
//!
//! Owns: the walk, what it found, and stopping: at the tenth fault, or when the budget is spent.
//! Refuses: what a value is by itself (`assertion`).
//!
//! # Why a walk of our own
//! A validator that first gathers all faults and then is asked for ten needs as much memory as there
//! are faults, and one that cannot be stopped takes as long as a publisher likes.
//!
//! # Why circles end
//! A reference that leads back to a place that is judging this very value adds nothing to what it
//! already asks.

use serde_json::Value;
use state::{At, Covered, Here, Judged, Naming, SeenNodes, Walk, WalkStep, pointer};

use super::Fault;
use super::assertion::unfit;
use super::budget::{Budget, STEPS_MAX};
use super::node::{Applier, Node, NodePlace, Tree};

mod parts;
mod state;

pub(super) use state::Stop;

/// Faults of one document that are reported.
pub(super) const FAULTS_MAX: usize = 10;
/// Judgements that may be under way within one another.
const NESTED_MAX: usize = 256;

/// What in `document` does not fit; empty where all does.
pub(super) fn faults(tree: &Tree, document: &Value) -> Vec<Fault> {
    let mut walk = Walk {
        tree,
        budget: Budget::new(),
        faults: Vec::new(),
        following: Vec::new(),
        nested: 0,
    };
    let here = Here {
        above: None,
        step: WalkStep::Document,
    };
    let at = At {
        here: &here,
        naming: Naming::Faults,
    };
    let message = match walk.judge(0, document, at) {
        Ok(_) | Err(Stop::Enough) => return walk.faults,
        Err(Stop::Spent) => {
            format!("takes more than {STEPS_MAX} steps to check against the schema of its type")
        }
        Err(Stop::TooDeep) => format!(
            "is nested too deeply to be checked against the schema of its type: more than \
             {NESTED_MAX} judgements within one another"
        ),
    };
    if walk.faults.is_empty() {
        walk.faults.push(Fault {
            path: String::new(),
            message,
        });
    }
    walk.faults
}

impl<'s> Walk<'s> {
    pub(super) fn judge<'v>(
        &mut self,
        place: NodePlace,
        value: &'v Value,
        at: At<'_>,
    ) -> Result<Judged<'v>, Stop> {
        self.nested += 1;
        if self.nested > NESTED_MAX {
            return Err(Stop::TooDeep);
        }
        let node = &self.tree.nodes[place];
        self.budget.spend(1)?;
        let mut judged = Judged {
            fits: self.asserted(node, value, at)?,
            seen: SeenNodes::default(),
        };
        for applier in &node.appliers {
            if !judged.fits && at.naming == Naming::Nothing {
                break;
            }
            let fits = self.apply(applier, value, at, &mut judged.seen)?;
            judged.fits &= fits;
        }
        self.nested -= 1;
        Ok(judged)
    }

    /// Whether the value is by itself what a place asks for.
    fn asserted(&mut self, node: &Node, value: &Value, at: At<'_>) -> Result<bool, Stop> {
        if node.never {
            return self.unfit(at, || "is not allowed here".to_owned());
        }
        let mut fits = true;
        for assertion in &node.assertions {
            if let Some(message) = unfit(assertion, value, &mut self.budget)? {
                fits = self.unfit(at, || message)?;
                if at.naming == Naming::Nothing {
                    break;
                }
            }
        }
        Ok(fits)
    }

    /// Writes a fault down where that is wanted; answers `false` for convenience.
    pub(super) fn unfit(
        &mut self,
        at: At<'_>,
        message: impl FnOnce() -> String,
    ) -> Result<bool, Stop> {
        if at.naming == Naming::Nothing {
            return Ok(false);
        }
        self.faults.push(Fault {
            path: pointer(at.here),
            message: super::shortened(&message()),
        });
        if self.faults.len() == FAULTS_MAX {
            return Err(Stop::Enough);
        }
        Ok(false)
    }

    fn apply<'v>(
        &mut self,
        applier: &'s Applier,
        value: &'v Value,
        at: At<'_>,
        seen: &mut SeenNodes<'v>,
    ) -> Result<bool, Stop> {
        match applier {
            Applier::Reference(place) => self.follow(*place, value, at, seen),
            Applier::All(places) => self.all(places, value, at, seen),
            Applier::Any(places) => self.any(places, value, at, seen),
            Applier::One(places) => self.one(places, value, at, seen),
            Applier::Not(place) => {
                if self.judge(*place, value, at.silent())?.fits {
                    return self.unfit(at, || "is what the schema's not excludes".to_owned());
                }
                Ok(true)
            }
            Applier::Choice {
                condition,
                then,
                otherwise,
            } => {
                let met = self.also(*condition, value, at.silent(), seen)?;
                match if met { then } else { otherwise } {
                    Some(place) => self.also(*place, value, at, seen),
                    None => Ok(true),
                }
            }
            Applier::Dependent(places) => self.dependent(places, value, at, seen),
            Applier::Members {
                named,
                patterned,
                others,
            } => {
                let known = self.named(named, value, at, seen)?;
                let rest = Covered {
                    named,
                    patterned,
                    others: *others,
                };
                Ok(self.unnamed(rest, value, at, seen)? && known)
            }
            Applier::MemberNames(place) => self.names(*place, value, at),
            Applier::UnseenMembers(place) => self.unseen_members(*place, value, at, seen),
            Applier::Items { prefix, rest } => self.items(prefix, *rest, value, at, seen),
            Applier::Contains {
                place,
                at_least,
                at_most,
            } => self.contains(*place, (*at_least, *at_most), value, at, seen),
            Applier::UnseenItems(place) => self.unseen_items(*place, value, at, seen),
        }
    }

    /// Judges the same value by another place; what that saw is seen here as well.
    fn also<'v>(
        &mut self,
        place: NodePlace,
        value: &'v Value,
        at: At<'_>,
        seen: &mut SeenNodes<'v>,
    ) -> Result<bool, Stop> {
        let judged = self.judge(place, value, at)?;
        if judged.fits && self.tree.tracks {
            self.budget
                .spend(judged.seen.members.len() + judged.seen.items.len())?;
            seen.members.extend(judged.seen.members);
            seen.items.extend(judged.seen.items);
        }
        Ok(judged.fits)
    }

    fn follow<'v>(
        &mut self,
        place: NodePlace,
        value: &'v Value,
        at: At<'_>,
        seen: &mut SeenNodes<'v>,
    ) -> Result<bool, Stop> {
        let under_way = (place, std::ptr::from_ref(value));
        if self.following.contains(&under_way) {
            return Ok(true);
        }
        self.following.push(under_way);
        let fits = self.also(place, value, at, seen)?;
        self.following.pop();
        Ok(fits)
    }

    fn all<'v>(
        &mut self,
        places: &[NodePlace],
        value: &'v Value,
        at: At<'_>,
        seen: &mut SeenNodes<'v>,
    ) -> Result<bool, Stop> {
        let mut fits = true;
        for place in places {
            fits &= self.also(*place, value, at, seen)?;
            if !fits && at.naming == Naming::Nothing {
                break;
            }
        }
        Ok(fits)
    }

    fn dependent<'v>(
        &mut self,
        places: &[(String, NodePlace)],
        value: &'v Value,
        at: At<'_>,
        seen: &mut SeenNodes<'v>,
    ) -> Result<bool, Stop> {
        let Value::Object(members) = value else {
            return Ok(true);
        };
        let mut fits = true;
        for (name, place) in places {
            self.budget.spend(1)?;
            if members.contains_key(name) {
                fits &= self.also(*place, value, at, seen)?;
            }
        }
        Ok(fits)
    }

    fn any<'v>(
        &mut self,
        places: &[NodePlace],
        value: &'v Value,
        at: At<'_>,
        seen: &mut SeenNodes<'v>,
    ) -> Result<bool, Stop> {
        let mut fits = false;
        for place in places {
            fits |= self.also(*place, value, at.silent(), seen)?;
            // Whoever asks what was seen wants to hear of every branch that fits.
            if fits && !self.tree.tracks {
                return Ok(true);
            }
        }
        if fits {
            return Ok(true);
        }
        self.unfit(at, || {
            "fits none of the schemas of the schema's anyOf".to_owned()
        })
    }

    fn one<'v>(
        &mut self,
        places: &[NodePlace],
        value: &'v Value,
        at: At<'_>,
        seen: &mut SeenNodes<'v>,
    ) -> Result<bool, Stop> {
        let mut fitting = 0;
        for place in places {
            fitting += usize::from(self.also(*place, value, at.silent(), seen)?);
            if fitting > 1 {
                return self.unfit(at, || {
                    "fits more than one of the schemas of the schema's oneOf".to_owned()
                });
            }
        }
        match fitting {
            1 => Ok(true),
            _ => self.unfit(at, || {
                "fits none of the schemas of the schema's oneOf".to_owned()
            }),
        }
    }
}
