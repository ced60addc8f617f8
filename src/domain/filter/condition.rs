//! The conditions of a filter, ready to be asked.
//!
//! Owns: judging an event, and saying in words which condition failed first. Refuses: reading a
//! filter (`parse`).

use super::operator::Operator;
use super::path::FilterPath;
use crate::domain::json::scope::JsonScope;

/// What must hold.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// Each of these.
    All(Vec<Condition>),
    /// One of these at least.
    Any { place: Box<str>, of: Vec<Condition> },
    /// The opposite of this.
    Not { place: Box<str>, of: Box<Condition> },
    /// Something of the values at a path.
    Field {
        place: Box<str>,
        path: FilterPath,
        operator: Operator,
    },
}

/// The first condition of a filter that an event does not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Where the condition stands in the filter, such as `$or[1].data.amount.$gte`.
    pub condition: String,
    /// What the event has there, and what it should have.
    pub words: String,
}

impl Condition {
    pub(super) fn holds(&self, event: &JsonScope<'_>) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(event)),
            Self::Any { of, .. } => of.iter().any(|one| one.holds(event)),
            Self::Not { of, .. } => !of.holds(event),
            Self::Field { path, operator, .. } => operator.holds(path, event),
        }
    }

    pub(super) fn misfit(&self, event: &JsonScope<'_>) -> Option<Misfit> {
        match self {
            Self::All(all) => all.iter().find_map(|one| one.misfit(event)),
            Self::Any { place, of } => {
                if self.holds(event) {
                    return None;
                }
                let Some(first) = of.iter().find_map(|one| one.misfit(event)) else {
                    return Some(Misfit {
                        condition: place.to_string(),
                        words: "has no alternative".to_owned(),
                    });
                };
                let others = match of.len() {
                    1 => String::new(),
                    all => format!(", and none of the {} alternatives after it fits", all - 1),
                };
                Some(Misfit {
                    words: format!("{}{others}", first.words),
                    ..first
                })
            }
            Self::Not { place, of } => of.holds(event).then(|| Misfit {
                condition: place.to_string(),
                words: format!("{} must not hold, but does", of.told()),
            }),
            Self::Field {
                place,
                path,
                operator,
            } => (!operator.holds(path, event)).then(|| Misfit {
                condition: place.to_string(),
                words: format!("{path} {}, but must {}", path.shown(event), operator.told()),
            }),
        }
    }

    /// What it demands, in a few words.
    fn told(&self) -> String {
        match self {
            Self::All(all) => match all.as_slice() {
                [one] => one.told(),
                _ => "all that stands in it".to_owned(),
            },
            Self::Any { .. } => "one of its alternatives".to_owned(),
            Self::Not { of, .. } => format!("the opposite of “{}”", of.told()),
            Self::Field { path, operator, .. } => format!("“{path} must {}”", operator.told()),
        }
    }
}
