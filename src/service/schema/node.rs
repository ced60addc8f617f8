//! A schema taken apart: what each place of it says of one value, and of what parts of the value
//! other places judge.
//!
//! Owns: the tree, and building it from a schema that was found valid and small enough. Refuses:
//! judging data (`walk`).
//!
//! # Why references cost nothing here
//! Places are numbered and know each other by number, so that a place is built once however many
//! references lead to it, and a schema that refers to itself is a circle of numbers.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Number, Value};

use super::number::canonical;
use super::pattern::SchemaPattern;

/// The number of a place.
pub(super) type NodePlace = usize;

/// What one place of a schema asks.
#[derive(Default)]
pub(super) struct Node {
    /// It is `false`: nothing fits.
    pub(super) never: bool,
    /// What it asks of the value itself.
    pub(super) assertions: Vec<Assertion>,
    /// What it asks of other places, in the order in which they are asked.
    pub(super) appliers: Vec<Applier>,
}

/// Something that a value is or is not, by itself.
pub(super) enum Assertion {
    Types(Vec<String>),
    /// `enum` and `const`, as texts that are the same for equal values.
    Among(&'static str, BTreeSet<String>),
    MultipleOf(Number),
    Bound(Bound, Number),
    Size(Size, u64),
    Pattern(String, SchemaPattern),
    Unique,
    Required(Vec<String>),
    RequiredBy(Vec<(String, Vec<String>)>),
}

/// On which side of its limit a number must lie.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    Minimum,
    MinimumExclusive,
    Maximum,
    MaximumExclusive,
}

/// What is counted.
#[derive(Clone, Copy)]
pub(super) enum Size {
    CharsMin,
    CharsMax,
    ItemsMin,
    ItemsMax,
    MembersMin,
    MembersMax,
}

/// How a place asks others.
pub(super) enum Applier {
    Reference(NodePlace),
    All(Vec<NodePlace>),
    Any(Vec<NodePlace>),
    One(Vec<NodePlace>),
    Not(NodePlace),
    Choice {
        condition: NodePlace,
        then: Option<NodePlace>,
        otherwise: Option<NodePlace>,
    },
    Dependent(Vec<(String, NodePlace)>),
    Members {
        named: Vec<(String, NodePlace)>,
        patterned: Vec<(SchemaPattern, NodePlace)>,
        others: Option<NodePlace>,
    },
    MemberNames(NodePlace),
    Items {
        prefix: Vec<NodePlace>,
        rest: Option<NodePlace>,
    },
    Contains {
        place: NodePlace,
        at_least: u64,
        at_most: Option<u64>,
    },
    UnseenMembers(NodePlace),
    UnseenItems(NodePlace),
}

/// All places of a schema; the first is the schema itself.
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// Whether any place asks what others have looked at.
    pub(super) tracks: bool,
    /// What it is taken to occupy, in bytes.
    pub(super) bytes: usize,
}

/// What a place is taken to occupy, in bytes.
const PLACE_BYTES: usize = 512;

impl Tree {
    /// Takes a valid schema apart.
    ///
    /// # Errors
    /// A sentence about a pattern that cannot be matched in bounded time, or a reference that leads
    /// nowhere.
    pub(super) fn build(root: &Value) -> Result<Self, String> {
        let mut builder = Builder {
            root,
            known: HashMap::new(),
            waiting: Vec::new(),
            tree: Self {
                nodes: Vec::new(),
                tracks: false,
                bytes: 0,
            },
        };
        builder.place(root);
        while let Some((place, schema)) = builder.waiting.pop() {
            let node = builder.node(schema)?;
            builder.tree.nodes[place] = node;
        }
        Ok(builder.tree)
    }
}

struct Builder<'a> {
    root: &'a Value,
    /// By where they lie in memory: the same part of the schema is the same place.
    known: HashMap<*const Value, NodePlace>,
    waiting: Vec<(NodePlace, &'a Value)>,
    tree: Tree,
}

impl<'a> Builder<'a> {
    fn place(&mut self, schema: &'a Value) -> NodePlace {
        let address = std::ptr::from_ref(schema);
        if let Some(place) = self.known.get(&address) {
            return *place;
        }
        let place = self.tree.nodes.len();
        self.tree.nodes.push(Node::default());
        self.tree.bytes += PLACE_BYTES;
        self.known.insert(address, place);
        self.waiting.push((place, schema));
        place
    }

    fn places(&mut self, schemas: &'a Value) -> Vec<NodePlace> {
        let items = schemas.as_array().into_iter().flatten();
        items.map(|schema| self.place(schema)).collect()
    }

    /// Sorted by their names.
    fn named(&mut self, schemas: &'a Value) -> Vec<(String, NodePlace)> {
        let members = schemas.as_object().into_iter().flatten();
        let mut named: Vec<_> = members
            .map(|(name, schema)| (name.clone(), self.place(schema)))
            .collect();
        named.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        named
    }

    fn pattern(&mut self, source: &str) -> Result<SchemaPattern, String> {
        let pattern = SchemaPattern::compile(source)?;
        self.tree.bytes += pattern.bytes();
        Ok(pattern)
    }

    fn node(&mut self, schema: &'a Value) -> Result<Node, String> {
        let mut node = Node {
            never: schema == &Value::Bool(false),
            ..Node::default()
        };
        let Some(members) = schema.as_object() else {
            return Ok(node);
        };
        for (keyword, value) in members {
            if let Some(assertion) = self.assertion(keyword, value)? {
                node.assertions.push(assertion);
            } else if let Some(applier) = self.logic(keyword, value, members)? {
                node.appliers.push(applier);
            }
        }
        self.parts(members, &mut node.appliers)?;
        Ok(node)
    }

    fn assertion(&mut self, keyword: &str, value: &'a Value) -> Result<Option<Assertion>, String> {
        let size = |what| whole(value).map(|limit| Assertion::Size(what, limit));
        let bound = |side| match value {
            Value::Number(limit) => Some(Assertion::Bound(side, limit.clone())),
            _ => None,
        };
        Ok(match keyword {
            "type" => Some(Assertion::Types(match value {
                Value::String(one) => vec![one.clone()],
                several => texts(several),
            })),
            "enum" => Some(Assertion::Among(
                "enum",
                value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(text_of)
                    .collect(),
            )),
            "const" => Some(Assertion::Among("const", BTreeSet::from([text_of(value)]))),
            "multipleOf" => match value {
                Value::Number(step) => Some(Assertion::MultipleOf(step.clone())),
                _ => None,
            },
            "minimum" => bound(Bound::Minimum),
            "exclusiveMinimum" => bound(Bound::MinimumExclusive),
            "maximum" => bound(Bound::Maximum),
            "exclusiveMaximum" => bound(Bound::MaximumExclusive),
            "minLength" => size(Size::CharsMin),
            "maxLength" => size(Size::CharsMax),
            "minItems" => size(Size::ItemsMin),
            "maxItems" => size(Size::ItemsMax),
            "minProperties" => size(Size::MembersMin),
            "maxProperties" => size(Size::MembersMax),
            "pattern" => match value {
                Value::String(source) => {
                    Some(Assertion::Pattern(source.clone(), self.pattern(source)?))
                }
                _ => None,
            },
            "uniqueItems" => (value == &Value::Bool(true)).then_some(Assertion::Unique),
            "required" => Some(Assertion::Required(texts(value))),
            "dependentRequired" => {
                let members = value.as_object().into_iter().flatten();
                let needs = members.map(|(name, needed)| (name.clone(), texts(needed)));
                Some(Assertion::RequiredBy(needs.collect()))
            }
            _ => None,
        })
    }

    /// The keywords that judge the same value by other places.
    fn logic(
        &mut self,
        keyword: &str,
        value: &'a Value,
        beside: &'a Map<String, Value>,
    ) -> Result<Option<Applier>, String> {
        Ok(match keyword {
            "$ref" => {
                let pointer = value.as_str().and_then(|text| text.strip_prefix('#'));
                let target = pointer.and_then(|pointer| self.root.pointer(pointer));
                let target = target.ok_or("refers to a place that it does not have")?;
                Some(Applier::Reference(self.place(target)))
            }
            "allOf" => Some(Applier::All(self.places(value))),
            "anyOf" => Some(Applier::Any(self.places(value))),
            "oneOf" => Some(Applier::One(self.places(value))),
            "not" => Some(Applier::Not(self.place(value))),
            "if" => Some(Applier::Choice {
                condition: self.place(value),
                then: beside.get("then").map(|own| self.place(own)),
                otherwise: beside.get("else").map(|own| self.place(own)),
            }),
            "dependentSchemas" => Some(Applier::Dependent(self.named(value))),
            _ => None,
        })
    }

    /// The keywords that judge parts of the value. What asks for parts that nobody has looked at
    /// comes last.
    fn parts(
        &mut self,
        members: &'a Map<String, Value>,
        appliers: &mut Vec<Applier>,
    ) -> Result<(), String> {
        let [named, patterned, others] =
            ["properties", "patternProperties", "additionalProperties"].map(|own| members.get(own));
        if named.or(patterned).or(others).is_some() {
            let sources = patterned.and_then(Value::as_object).into_iter().flatten();
            let mut by_pattern = Vec::new();
            for (source, schema) in sources {
                by_pattern.push((self.pattern(source)?, self.place(schema)));
            }
            appliers.push(Applier::Members {
                named: named.map(|own| self.named(own)).unwrap_or_default(),
                patterned: by_pattern,
                others: others.map(|own| self.place(own)),
            });
        }
        if let Some(names) = members.get("propertyNames") {
            appliers.push(Applier::MemberNames(self.place(names)));
        }
        let [prefix, rest] = ["prefixItems", "items"].map(|own| members.get(own));
        if prefix.or(rest).is_some() {
            appliers.push(Applier::Items {
                prefix: prefix.map(|own| self.places(own)).unwrap_or_default(),
                rest: rest.map(|own| self.place(own)),
            });
        }
        if let Some(wanted) = members.get("contains") {
            appliers.push(Applier::Contains {
                place: self.place(wanted),
                at_least: members.get("minContains").and_then(whole).unwrap_or(1),
                at_most: members.get("maxContains").and_then(whole),
            });
        }
        if let Some(unseen) = members.get("unevaluatedProperties") {
            self.tree.tracks = true;
            appliers.push(Applier::UnseenMembers(self.place(unseen)));
        }
        if let Some(unseen) = members.get("unevaluatedItems") {
            self.tree.tracks = true;
            appliers.push(Applier::UnseenItems(self.place(unseen)));
        }
        Ok(())
    }
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn text_of(value: &Value) -> String {
    let mut text = String::new();
    canonical(value, &mut text);
    text
}

/// A limit may be written as `3.0`.
fn whole(value: &Value) -> Option<u64> {
    let real = || {
        let real = value.as_f64()?;
        // Whole, not negative and small enough to be exact.
        (real.fract() == 0.0 && (0.0..9e15).contains(&real)).then_some(real as u64)
    };
    value.as_u64().or_else(real)
}
