//! How a publisher names the consumer of an event.
//!
//! Owns: the two forms. Refuses: judging names (`service`).

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::service::consumers::{ConsumerInput, NamedConsumer};

/// The consumer of an event: an id or uid, or what it is made of.
#[derive(Debug)]
pub enum PublishConsumer {
    /// One that is there.
    Named(String),
    /// One that is made if it is not there.
    Given(GivenConsumer),
}

/// A consumer that is made, with the event, if it is not there. One that is there stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenConsumer {
    /// The platform's own id for it.
    pub uid: String,
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    /// The platform's own words, text to text.
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
}

impl<'de> Deserialize<'de> for PublishConsumer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherForm;

        impl<'de> Visitor<'de> for EitherForm {
            type Value = PublishConsumer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a consumer's id or uid, or an object with its uid")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(PublishConsumer::Named(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let given = GivenConsumer::deserialize(MapAccessDeserializer::new(map));
                given.map(PublishConsumer::Given)
            }
        }

        deserializer.deserialize_any(EitherForm)
    }
}

impl utoipa::PartialSchema for PublishConsumer {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::OneOfBuilder::new()
            .item(<String as utoipa::PartialSchema>::schema())
            .item(utoipa::openapi::Ref::from_schema_name(GivenConsumer::name()))
            .into()
    }
}

impl ToSchema for PublishConsumer {
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
        let schema = <GivenConsumer as utoipa::PartialSchema>::schema();
        schemas.push((GivenConsumer::name().into_owned(), schema));
    }
}

impl From<PublishConsumer> for NamedConsumer {
    fn from(consumer: PublishConsumer) -> Self {
        match consumer {
            PublishConsumer::Named(name) => Self::Known(name),
            PublishConsumer::Given(given) => Self::Given(ConsumerInput {
                uid: Some(given.uid),
                name: given.name,
                metadata: given.metadata,
                rate_limit: None,
                alert_url: None,
                alert_email: None,
            }),
        }
    }
}
