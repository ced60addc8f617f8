//! Words of which requests and answers hold one: as schemas of their own, so that clients get a type
//! for each.
//!
//! Owns: their names in the document. Refuses: the words themselves (`domain`).

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::alert::AlertForm;
use crate::domain::api_key::Scope;
use crate::domain::attempt::AttemptTrigger;
use crate::domain::audit::ActorKind;
use crate::domain::breaker::DisabledReason;
use crate::domain::delivery::{JobPart, Status, Trigger};
use crate::domain::format::Format;
use crate::domain::job::{JobKind, JobStatus};
use crate::domain::outcome::FailureKind;
use crate::domain::portal::{Capability, PortalTheme};
use crate::domain::profile::Origin;
use crate::domain::shape::{ContentType, SendMethod};
use crate::domain::signing::SignatureKind;
use crate::domain::webhook::{Transport, Via};
use crate::domain::workspace::Plan;
use crate::service::event_types::ChangeKind;
use crate::service::events::WhyNot;

/// What the parameter `consumer` of lists does.
pub(super) const OF_CONSUMER: &str = "Only what belongs to this consumer, by id or uid.";

macro_rules! words {
    ($name:ident, $shown:literal, $about:literal, $words:expr) => {
        #[doc = $about]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($about))
                    .enum_values(Some($words))
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($shown)
            }
        }
    };
}

words!(
    DeliveryStatus,
    "DeliveryStatus",
    "Where a delivery stands.",
    Status::ALL.map(Status::as_str)
);
words!(
    SignatureWord,
    "Signature",
    "How deliveries are signed.",
    SignatureKind::ALL.map(SignatureKind::as_str)
);
words!(
    DeliveryTrigger,
    "DeliveryTrigger",
    "Why a delivery exists.",
    Trigger::ALL.map(Trigger::as_str)
);
words!(
    AttemptTriggerWord,
    "AttemptTrigger",
    "Why an attempt was made.",
    AttemptTrigger::ALL.map(AttemptTrigger::as_str)
);
words!(
    ErrorKind,
    "ErrorKind",
    "Why an attempt failed.",
    FailureKind::ALL.map(FailureKind::as_str)
);
words!(
    WebhookKindWord,
    "WebhookKind",
    "How a webhook comes by its events.",
    Transport::ALL.map(Transport::as_str)
);
words!(
    WebhookStatus,
    "WebhookStatus",
    "How a webhook stands.",
    ["active", "disabled", "revoked"]
);
words!(
    WebhookDisabledReason,
    "WebhookDisabledReason",
    "Why a webhook was disabled.",
    DisabledReason::ALL.map(DisabledReason::as_str)
);
words!(
    BodyFormat,
    "BodyFormat",
    "How bodies look.",
    Format::ALL.map(Format::as_str)
);
words!(
    DeliveryMethod,
    "DeliveryMethod",
    "How a delivery is requested.",
    SendMethod::ALL.map(SendMethod::as_str)
);
words!(
    AlertFormat,
    "AlertFormat",
    "How alerts look.",
    AlertForm::ALL.map(AlertForm::as_str)
);
words!(
    DeliveryVia,
    "DeliveryVia",
    "By which way a webhook's requests leave.",
    Via::Direct.word()
);
words!(
    DeliveryContentType,
    "DeliveryContentType",
    "How a body is written.",
    ContentType::ALL.map(ContentType::as_str)
);
words!(
    ImportChangeWord,
    "ImportChange",
    "What an import does to an event type.",
    ChangeKind::ALL.map(ChangeKind::as_str)
);
words!(
    JobKindWord,
    "JobKind",
    "What a job works off.",
    JobKind::ALL.map(JobKind::as_str)
);
words!(
    JobStatusWord,
    "JobStatus",
    "How a job stands.",
    JobStatus::ALL.map(JobStatus::as_str)
);
words!(
    JobPartWord,
    "JobPart",
    "A part of what a job put in line.",
    JobPart::ALL.map(JobPart::as_str)
);
words!(
    WhyNotWord,
    "WhyNotReason",
    "Why a webhook does not get an event.",
    WhyNot::WORDS
);
words!(
    ProfileOriginWord,
    "ProfileOrigin",
    "Where a wire profile comes from.",
    Origin::ALL.map(Origin::as_str)
);
words!(
    Recoverable,
    "Recoverable",
    "What a webhook can recover.",
    ["exhausted", "undelivered", "missed"]
);
words!(
    ScopeWord,
    "Scope",
    "What a key may do.",
    Scope::ALL.map(Scope::as_str)
);
words!(
    PlanWord,
    "Plan",
    "What a workspace has paid for.",
    Plan::ALL.map(Plan::as_str)
);
words!(
    ActorKindWord,
    "ActorKind",
    "What kind of actor it was.",
    ActorKind::ALL.map(ActorKind::as_str)
);
words!(
    CapabilityWord,
    "Capability",
    "What a portal link permits.",
    Capability::ALL.map(Capability::as_str)
);
words!(
    PortalThemeWord,
    "PortalTheme",
    "How the portal's pages look.",
    PortalTheme::ALL.map(PortalTheme::as_str)
);

/// Where a delivery may stand: one status, or a list of them.
pub struct DeliveryStatuses;

impl PartialSchema for DeliveryStatuses {
    fn schema() -> RefOr<Schema> {
        let list = ArrayBuilder::new().items(DeliveryStatus::schema());
        OneOfBuilder::new()
            .item(DeliveryStatus::schema())
            .item(list)
            .description(Some("One status, or a list of them."))
            .into()
    }
}

impl ToSchema for DeliveryStatuses {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("DeliveryStatuses")
    }
}
