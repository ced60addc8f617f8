//! What a walk carries with it: where it is, what it has seen, what it has found.
//!
//! Owns: those values. Refuses: walking.

use std::collections::HashSet;
use std::fmt::Write;

use serde_json::Value;

use super::super::Fault;
use super::super::budget::{Budget, Spent};
use super::super::node::{NodePlace, Tree};
use super::super::pattern::SchemaPattern;

/// Why a walk ends early.
pub(in crate::service::schema) enum Stop {
    /// As many faults as are reported.
    Enough,
    /// The budget of steps or of time is used up.
    Spent,
    /// Schema and data are nested too deeply.
    TooDeep,
}

impl From<Spent> for Stop {
    fn from(Spent: Spent) -> Self {
        Self::Spent
    }
}

/// Whether faults are written down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// Each is, with its path; the walk goes on to the next.
    Faults,
    /// It is enough to know that there is one.
    Nothing,
}

/// Where the walk is, and whether it writes down what it finds.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) here: &'a Here<'a>,
    pub(super) naming: Naming,
}

impl At<'_> {
    pub(super) fn silent(self) -> Self {
        Self {
            naming: Naming::Nothing,
            ..self
        }
    }
}

/// A place in the document.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    pub(super) above: Option<&'a Here<'a>>,
    pub(super) step: WalkStep<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum WalkStep<'a> {
    Document,
    Member(&'a str),
    Item(usize),
}

/// Members and items of a value that some place has looked at and found fit.
#[derive(Default)]
pub(super) struct SeenNodes<'v> {
    pub(super) members: HashSet<&'v str>,
    pub(super) items: HashSet<usize>,
}

/// What a place says of a value; what it has seen counts only where the value fits.
pub(super) struct Judged<'v> {
    pub(super) fits: bool,
    pub(super) seen: SeenNodes<'v>,
}

pub(super) struct Walk<'s> {
    pub(super) tree: &'s Tree,
    pub(super) budget: Budget,
    pub(super) faults: Vec<Fault>,
    /// References under way: the place that each leads to, and the value that it judges.
    pub(super) following: Vec<(NodePlace, *const Value)>,
    pub(super) nested: usize,
}

/// Which members of an object a schema covers, and what judges the others.
pub(super) struct Covered<'s> {
    pub(super) named: &'s [(String, NodePlace)],
    pub(super) patterned: &'s [(SchemaPattern, NodePlace)],
    pub(super) others: Option<NodePlace>,
}

/// Where a fault is: a JSON pointer (RFC 6901).
pub(super) fn pointer(here: &Here<'_>) -> String {
    let mut steps = Vec::new();
    let mut at = Some(here);
    while let Some(own) = at {
        steps.push(own.step);
        at = own.above;
    }
    let mut path = String::new();
    for step in steps.into_iter().rev() {
        match step {
            WalkStep::Document => {}
            WalkStep::Member(name) => {
                path.push('/');
                path.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            WalkStep::Item(index) => {
                write!(path, "/{index}").expect("writing to a string never fails");
            }
        }
    }
    path
}
