//! One operation: what an endpoint takes and gives, in a few chained words.
//!
//! Owns: the builder. Refuses: schemas of its own; they are derived from the wire shapes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::parts;

/// The media types of bodies.
const JSON: &str = "application/json";
const YAML: &str = "application/yaml";

/// What is said about an endpoint.
#[derive(Default)]
pub struct Operation {
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) query: Vec<Value>,
    pub(super) body: Option<BodyDoc>,
    pub(super) answers: Vec<ReplyDoc>,
    pub(super) more_refusals: Vec<u16>,
    once: ReplayDoc,
}

/// Whether a repeated request is recognised.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum ReplayDoc {
    /// By its `Idempotency-Key`.
    Keyed,
    /// It is not, or need not be.
    #[default]
    Unkeyed,
}

/// What a request carries.
pub(super) struct BodyDoc {
    pub(super) shape: Shape,
    pub(super) need: Need,
    pub(super) example: Value,
    /// The media types in which it may be sent.
    pub(super) forms: &'static [&'static str],
}

/// Whether something may be left out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// It may not.
    Required,
    /// It may.
    Optional,
}

/// A wire shape: its name, and how to get at its schema and those it mentions.
#[derive(Clone)]
pub(super) struct Shape {
    name: String,
    schema: fn() -> RefOr<Schema>,
    mentioned: fn(&mut Vec<(String, RefOr<Schema>)>),
}

/// A success.
pub(super) struct ReplyDoc {
    pub(super) status: u16,
    pub(super) about: &'static str,
    content: ContentDoc,
}

enum ContentDoc {
    Nothing,
    One(Shape),
    Page(Shape),
    Text(&'static str),
    Any(&'static str),
}

impl Shape {
    pub(super) fn of<T: ToSchema>() -> Self {
        Self {
            name: T::name().into_owned(),
            schema: <T as PartialSchema>::schema,
            mentioned: T::schemas,
        }
    }

    pub(super) fn reference(&self) -> Value {
        json!({"$ref": format!("#/components/schemas/{}", self.name)})
    }

    pub(super) fn collect(&self, into: &mut BTreeMap<String, Value>) {
        let mut found = vec![(self.name.clone(), (self.schema)())];
        (self.mentioned)(&mut found);
        for (name, schema) in found {
            into.insert(name, json!(schema));
        }
    }
}

impl ReplyDoc {
    pub(super) fn content(&self) -> Option<(&'static str, Value)> {
        match &self.content {
            ContentDoc::Nothing => None,
            ContentDoc::One(shape) => Some(("application/json", shape.reference())),
            ContentDoc::Page(shape) => Some(("application/json", parts::page(&shape.reference()))),
            ContentDoc::Text(media) => Some((media, json!({"type": "string"}))),
            ContentDoc::Any(media) => Some((media, json!({"type": "object"}))),
        }
    }

    pub(super) fn collect(&self, into: &mut BTreeMap<String, Value>) {
        match &self.content {
            ContentDoc::One(shape) | ContentDoc::Page(shape) => shape.collect(into),
            ContentDoc::Nothing | ContentDoc::Text(_) | ContentDoc::Any(_) => {}
        }
    }
}

impl Operation {
    /// Its name for generated clients, the group that it is listed in, and what it does.
    #[must_use]
    pub fn named(self, id: &'static str, tag: &'static str, summary: &'static str) -> Self {
        Self {
            id,
            tag,
            summary,
            ..self
        }
    }

    /// It takes a body, such as `example`.
    #[must_use]
    pub fn takes<T: ToSchema>(self, example: Value) -> Self {
        self.body::<T>(Need::Required, example)
    }

    /// It takes a body, such as `example`, which may be left out.
    #[must_use]
    pub fn may_take<T: ToSchema>(self, example: Value) -> Self {
        self.body::<T>(Need::Optional, example)
    }

    /// Its body may be sent as YAML as well.
    #[must_use]
    pub fn or_yaml(mut self) -> Self {
        if let Some(body) = &mut self.body {
            body.forms = &[JSON, YAML];
        }
        self
    }

    fn body<T: ToSchema>(mut self, need: Need, example: Value) -> Self {
        self.body = Some(BodyDoc {
            shape: Shape::of::<T>(),
            need,
            example,
            forms: &[JSON],
        });
        self
    }

    /// It answers with this shape.
    #[must_use]
    pub fn gives<T: ToSchema>(self, status: u16, about: &'static str) -> Self {
        self.reply(status, about, ContentDoc::One(Shape::of::<T>()))
    }

    /// It answers with a page of this shape, and takes `limit` and `cursor`.
    #[must_use]
    pub fn lists<T: ToSchema>(self, about: &'static str) -> Self {
        self.query("limit", parts::limit(), "How many at most.")
            .query("cursor", parts::cursor(), "Where to go on: `next_cursor`.")
            .reply(200, about, ContentDoc::Page(Shape::of::<T>()))
    }

    /// It answers with nothing.
    #[must_use]
    pub fn ends(self, about: &'static str) -> Self {
        self.reply(204, about, ContentDoc::Nothing)
    }

    /// It answers with text of a media type.
    #[must_use]
    pub fn gives_text(self, media: &'static str, about: &'static str) -> Self {
        self.reply(200, about, ContentDoc::Text(media))
    }

    /// It answers with an object that is described elsewhere, in JSON.
    #[must_use]
    pub fn gives_any(self, about: &'static str) -> Self {
        self.gives_any_as("application/json", about)
    }

    /// As [`Operation::gives_any`], in another media type that holds objects.
    #[must_use]
    pub fn gives_any_as(self, media: &'static str, about: &'static str) -> Self {
        self.reply(200, about, ContentDoc::Any(media))
    }

    fn reply(mut self, status: u16, about: &'static str, content: ContentDoc) -> Self {
        self.answers.push(ReplyDoc {
            status,
            about,
            content,
        });
        self
    }

    /// It takes a parameter in the query. An empty one counts as absent, since forms send what was
    /// not filled in.
    #[must_use]
    pub fn query(mut self, name: &str, schema: Value, about: &str) -> Self {
        let mut parameter = json!({"name": name, "in": "query", "description": about});
        if schema["type"] == "array" {
            // With commas between them.
            parameter["explode"] = json!(false);
        }
        parameter["schema"] = schema;
        parameter["allowEmptyValue"] = json!(true);
        self.query.push(parameter);
        self
    }

    /// It may be refused with this status for a reason of its own.
    #[must_use]
    pub fn or(mut self, status: u16) -> Self {
        self.more_refusals.push(status);
        self
    }

    /// A repetition with the same `Idempotency-Key` gets the first answer again.
    #[must_use]
    pub fn keyed(mut self) -> Self {
        self.once = ReplayDoc::Keyed;
        self.or(409)
    }

    pub(super) fn is_keyed(&self) -> bool {
        self.once == ReplayDoc::Keyed
    }
}
