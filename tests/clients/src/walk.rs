//! Walks what an integration does with the published client: SVIX_SERVER_URL, SVIX_TOKEN, RECEIVER.
//!
//! Owns: what an integration expects of each answer, read by the client's strict decoders. Refuses:
//! judging a signature; what a receiver needs for that is printed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use svix::api::*;
use svix::models::*;

use crate::shape::{client, refused, said};

const UID: &str = "acme-rs";
const TYPE: &str = "order.paid.rs";
const MAIN: &str = "main";
/// How often it is asked whether something has arrived.
const LOOK: Duration = Duration::from_millis(20);

/// A walk: the client and what was made on the way.
struct Walk {
    svix: Svix,
    since: DateTime<Utc>,
}

/// Walks, and answers what a receiver needs to verify what it got.
pub async fn walk() -> Value {
    let walk = Walk {
        svix: client(said("SVIX_TOKEN")),
        since: Utc::now() - TimeDelta::minutes(1),
    };
    walk.svix.health().get().await.unwrap();
    walk.applications().await;
    walk.event_types().await;
    let endpoint = walk.endpoints().await;
    walk.headers().await;
    let secrets = walk.secrets().await;
    let payload = json!({"order": "A-1042", "amount": 19.99});
    let message = walk.messages(&payload).await;
    walk.attempts(&endpoint, &message).await;
    walk.tasks().await;
    walk.erasure(&message).await;
    walk.polling().await;
    walk.operational().await;
    walk.portal(&endpoint).await;
    walk.ends().await;
    json!({"secrets": secrets, "message": message, "payload": payload})
}

fn uid() -> String {
    UID.to_owned()
}

fn main() -> String {
    MAIN.to_owned()
}

fn texts(all: &[&str]) -> Option<BTreeSet<String>> {
    Some(all.iter().map(|one| (*one).to_owned()).collect())
}

fn pairs(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    let all = all.iter();
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

impl Walk {
    async fn applications(&self) {
        let applications = self.svix.application();
        let mut acme = ApplicationIn::new("Acme".to_owned());
        acme.uid = Some(uid());
        acme.metadata = Some(pairs(&[("plan", "pro")]));
        let made = applications.create(acme.clone(), None).await.unwrap();
        assert!(
            made.id.starts_with("app_") && made.metadata["plan"] == "pro",
            "{made:?}"
        );
        let same = applications
            .get_or_create(acme.clone(), None)
            .await
            .unwrap();
        assert_eq!(same.id, made.id);
        refused(409, applications.create(acme.clone(), None).await);
        assert_eq!(applications.get(uid()).await.unwrap().id, made.id);
        let mut change = ApplicationPatch::new();
        change.name = Some("Acme Ltd".to_owned());
        let changed = applications.patch(made.id.clone(), change).await.unwrap();
        assert_eq!(changed.name, "Acme Ltd");
        assert_eq!(applications.upsert(uid(), acme).await.unwrap().name, "Acme");
        let listed = applications.list(None).await.unwrap();
        assert!(listed.data.iter().any(|own| own.id == made.id));
        refused(404, applications.get("nobody".to_owned()).await);
    }

    async fn event_types(&self) {
        let types = self.svix.event_type();
        let mut paid = EventTypeIn::new(TYPE.to_owned(), "An order was paid".to_owned());
        paid.schemas = Some(json!({"1": {"type": "object"}}));
        let made = types.create(paid.clone(), None).await.unwrap();
        assert_eq!((made.name.as_str(), made.archived), (TYPE, Some(false)));
        refused(409, types.create(paid, None).await);
        let described = EventTypeUpsertIn::new("Paid".to_owned());
        let put = types.upsert(TYPE.to_owned(), described).await.unwrap();
        assert_eq!(put.description, "Paid");
        let mut change = EventTypePatch::new();
        change.description = Some("Paid in full".to_owned());
        types.patch(TYPE.to_owned(), change).await.unwrap();
        let shown = types.get(TYPE.to_owned()).await.unwrap();
        assert_eq!(shown.description, "Paid in full");
        let with_content = EventTypeListOptions {
            with_content: Some(true),
            ..Default::default()
        };
        let listed = types.list(Some(with_content)).await.unwrap();
        assert!(listed.data.iter().any(|own| own.name == TYPE));
        let mut spec = EventTypeImportOpenApiIn::new();
        spec.spec = Some(json!({"openapi": "3.1.0", "webhooks":
            {"imported.rs": {"post": {"description": "Imported"}}}}));
        let done = types.import_openapi(spec, None).await.unwrap();
        assert_eq!(done.data.modified, ["imported.rs"]);
    }

    async fn endpoints(&self) -> EndpointOut {
        let endpoints = self.svix.endpoint();
        let mut wanted = EndpointIn::new(said("RECEIVER"));
        wanted.uid = Some(main());
        wanted.event_types = texts(&[TYPE]);
        wanted.channels = texts(&["eu"]);
        wanted.throttle_rate = Some(100);
        wanted.metadata = Some(pairs(&[("own", "yes")]));
        let made = endpoints.create(uid(), wanted, None).await.unwrap();
        assert!(made.id.starts_with("ep_"), "{made:?}");
        assert_eq!(
            (&made.event_types, &made.channels),
            (&texts(&[TYPE]), &texts(&["eu"]))
        );
        assert_eq!(
            (made.throttle_rate, made.disabled),
            (Some(100), Some(false))
        );
        assert_eq!(endpoints.get(uid(), main()).await.unwrap(), made);
        let listed = endpoints.list(uid(), None).await.unwrap();
        assert_eq!(listed.data, [made.clone()]);
        let off = EndpointPatch {
            disabled: Some(true),
            ..Default::default()
        };
        let off = endpoints.patch(uid(), main(), off).await.unwrap();
        assert_eq!(off.disabled, Some(true));
        let mut put = EndpointUpsertIn::new(said("RECEIVER"));
        put.uid = Some(main());
        put.event_types = texts(&[TYPE]);
        put.channels = texts(&["eu"]);
        let put = endpoints.upsert(uid(), main(), put).await.unwrap();
        assert_eq!((put.disabled, put.throttle_rate), (Some(false), None));
        let nowhere = EndpointIn::new("nowhere".to_owned());
        refused(422, endpoints.create(uid(), nowhere, None).await);
        refused(404, endpoints.get(uid(), "ep_nobody".to_owned()).await);
        made
    }

    async fn headers(&self) {
        let endpoints = self.svix.endpoint();
        let set = EndpointHeadersIn::new(pairs(&[("x-foo", "bar"), ("authorization", "hush")]));
        endpoints.set_headers(uid(), main(), set).await.unwrap();
        let mut change = EndpointHeadersPatchIn::new(pairs(&[("x-new", "one")]));
        change.delete_headers = Some(vec!["x-foo".to_owned()]);
        endpoints
            .patch_headers(uid(), main(), change)
            .await
            .unwrap();
        let shown = endpoints.get_headers(uid(), main()).await.unwrap();
        assert_eq!(shown.headers, pairs(&[("x-new", "one")]));
        assert_eq!(Some(shown.sensitive), texts(&["authorization"]));
    }

    async fn secrets(&self) -> [String; 2] {
        let endpoints = self.svix.endpoint();
        let first = endpoints.get_secret(uid(), main()).await.unwrap().key;
        assert!(first.starts_with("whsec_"), "{first}");
        let rotation = EndpointSecretRotateIn::new();
        let told = endpoints
            .rotate_secret(uid(), main(), rotation, None)
            .await
            .unwrap();
        let second = endpoints.get_secret(uid(), main()).await.unwrap().key;
        assert!(told.key == second && second != first);
        [first, second]
    }

    async fn messages(&self, payload: &Value) -> String {
        let messages = self.svix.message();
        let mut wanted = MessageIn::new(TYPE.to_owned(), payload.clone());
        wanted.event_id = Some("order.1042".to_owned());
        wanted.channels = texts(&["eu"]);
        wanted.tags = texts(&["t1"]);
        let made = messages.create(uid(), wanted.clone(), None).await.unwrap();
        assert!(made.id.starts_with("msg_"), "{made:?}");
        assert_eq!(made.payload, json!({}), "it was not asked for");
        refused(409, messages.create(uid(), wanted, None).await);
        let whole = MessageGetOptions {
            with_content: Some(true),
        };
        let shown = messages
            .get(uid(), "order.1042".to_owned(), Some(whole))
            .await
            .unwrap();
        assert_eq!((&shown.id, &shown.payload), (&made.id, payload));
        let other = || MessageIn::new("other.type".to_owned(), json!({}));
        let key = Some("once-rs".to_owned());
        let keyed = || MessageCreateOptions {
            idempotency_key: key.clone(),
            ..Default::default()
        };
        let once = messages
            .create(uid(), other(), Some(keyed()))
            .await
            .unwrap();
        let again = messages
            .create(uid(), other(), Some(keyed()))
            .await
            .unwrap();
        assert_eq!(once.id, again.id);
        for asked in [
            MessageListOptions {
                channel: Some("eu".to_owned()),
                ..Default::default()
            },
            MessageListOptions {
                tag: Some("t1".to_owned()),
                ..Default::default()
            },
            MessageListOptions {
                event_types: texts(&[TYPE, "no.type"]),
                ..Default::default()
            },
        ] {
            let listed = messages.list(uid(), Some(asked)).await.unwrap();
            let ids: Vec<&str> = listed.data.iter().map(|own| own.id.as_str()).collect();
            assert_eq!(ids, [made.id.as_str()]);
        }
        refused(
            404,
            messages.create("nobody".to_owned(), other(), None).await,
        );
        made.id
    }

    /// The attempts of a message, once there are so many.
    async fn attempts_of(&self, message: &str, count: usize) -> Vec<MessageAttemptOut> {
        loop {
            let attempts = self.svix.message_attempt();
            let listed = attempts.list_by_msg(uid(), message.to_owned(), None);
            let listed = listed.await.unwrap();
            if listed.data.len() >= count {
                return listed.data;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn attempts(&self, endpoint: &EndpointOut, message: &str) {
        let attempts = self.svix.message_attempt();
        let found = self.attempts_of(message, 1).await.remove(0);
        assert_eq!(
            (found.status, found.response_status_code),
            (MessageStatus::Success, 200)
        );
        assert_eq!(
            (&found.endpoint_id, found.msg_id.as_str()),
            (&endpoint.id, message)
        );
        let message = || message.to_owned();
        let shown = attempts
            .get(uid(), message(), found.id.clone(), None)
            .await
            .unwrap();
        assert_eq!(shown.id, found.id);
        let asked = MessageAttemptListByEndpointOptions {
            with_msg: Some(true),
            with_content: Some(true),
            ..Default::default()
        };
        let listed = attempts
            .list_by_endpoint(uid(), main(), Some(asked))
            .await
            .unwrap();
        assert_eq!(listed.data[0].msg.as_ref().unwrap().id, message());
        let sent = attempts
            .list_attempted_messages(uid(), main(), None)
            .await
            .unwrap();
        assert_eq!(
            (&sent.data[0].id, sent.data[0].status),
            (&message(), MessageStatus::Success)
        );
        let places = attempts
            .list_attempted_destinations(uid(), message(), None)
            .await
            .unwrap();
        assert_eq!(places.data[0].id, endpoint.id);
        let stats = self
            .svix
            .endpoint()
            .get_stats(uid(), main(), None)
            .await
            .unwrap();
        assert_eq!((stats.success, stats.fail), (1, 0));
        let endpoints = self.svix.endpoint();
        let tried = endpoints.get_attempt_stats(uid(), main(), None);
        let tried = tried.await.unwrap();
        assert_eq!((tried.success, tried.fail, tried.canceled), (1, 0, 0));
        attempts
            .resend(uid(), message(), main(), None)
            .await
            .unwrap();
        self.attempts_of(&message(), 2).await;
    }

    async fn tasks(&self) {
        let (endpoints, tasks) = (self.svix.endpoint(), self.svix.background_task());
        let since = self.since;
        let recovered = endpoints.recover(uid(), main(), RecoverIn::new(since), None);
        let recovered = recovered.await.unwrap();
        assert_eq!(recovered.task, BackgroundTaskType::EndpointRecover);
        let replay = ReplayIn::new(since);
        let missing = endpoints
            .replay_missing(uid(), main(), replay, None)
            .await
            .unwrap();
        assert_eq!(missing.task, BackgroundTaskType::EndpointReplay);
        let mut bulk = BulkReplayIn::new(since);
        bulk.event_types = texts(&[TYPE]);
        let bulk = endpoints
            .bulk_replay(uid(), main(), bulk, None)
            .await
            .unwrap();
        assert_eq!(tasks.get(bulk.id.clone()).await.unwrap().id, bulk.id);
        let listed = tasks.list(None).await.unwrap();
        assert!(listed.data.iter().any(|own| own.id == missing.id));
        let example = EventExampleIn::new(TYPE.to_owned());
        let example = endpoints
            .send_example(uid(), main(), example, None)
            .await
            .unwrap();
        assert!(example.id.starts_with("msg_"), "{example:?}");
    }

    async fn erasure(&self, sent: &str) {
        let messages = self.svix.message();
        let secret = MessageIn::new("other.type".to_owned(), json!({"hush": 1}));
        let hushed = messages.create(uid(), secret, None).await.unwrap().id;
        messages
            .expunge_content(uid(), hushed.clone())
            .await
            .unwrap();
        let whole = MessageGetOptions {
            with_content: Some(true),
        };
        let shown = messages.get(uid(), hushed, Some(whole)).await.unwrap();
        assert_eq!(shown.payload, json!({"expired": true}));
        let attempt = self.attempts_of(sent, 1).await.pop().unwrap();
        let attempts = self.svix.message_attempt();
        let erased = attempts.expunge_content(uid(), sent.to_owned(), attempt.id);
        erased.await.unwrap();
    }

    async fn polling(&self) {
        let sink = native_poller();
        for n in 1..=3 {
            let polled = MessageIn::new("polled.once".to_owned(), json!({"n": n}));
            self.svix
                .message()
                .create(uid(), polled, None)
                .await
                .unwrap();
        }
        let messages = self.svix.message();
        let poller = messages.poller();
        let two = MessagePollerPollOptions {
            limit: Some(2),
            ..Default::default()
        };
        let page = poller.poll(uid(), sink.clone(), Some(two)).await.unwrap();
        assert_eq!((numbers(&page), page.done), (vec![1, 2], false));
        let billing = || "billing".to_owned();
        let tracked = poller
            .consumer_poll(uid(), sink.clone(), billing(), None)
            .await
            .unwrap();
        assert_eq!((numbers(&tracked), tracked.done), (vec![1, 2, 3], true));
        let behind = MessagePollerConsumerPollOptions {
            iterator: Some(tracked.iterator),
            ..Default::default()
        };
        let none = poller
            .consumer_poll(uid(), sink.clone(), billing(), Some(behind))
            .await;
        assert!(numbers(&none.unwrap()).is_empty());
        let back = PollingEndpointConsumerSeekIn::new(self.since);
        poller
            .consumer_seek(uid(), sink.clone(), billing(), back, None)
            .await
            .unwrap();
        let again = poller
            .consumer_poll(uid(), sink, billing(), None)
            .await
            .unwrap();
        assert_eq!(numbers(&again), [1, 2, 3]);
        refused(409, poller.poll(uid(), main(), None).await);
    }

    async fn operational(&self) {
        let webhooks = self.svix.operational_webhook();
        let endpoints = webhooks.endpoint();
        let mut wanted = OperationalWebhookEndpointIn::new(said("RECEIVER"));
        wanted.event_types = texts(&["endpoint.disabled"]);
        let made = endpoints.create(wanted, None).await.unwrap();
        assert_eq!(endpoints.get(made.id.clone()).await.unwrap(), made);
        let listed = endpoints.list(None).await.unwrap();
        assert!(listed.data.contains(&made));
        let key = endpoints.get_secret(made.id.clone()).await.unwrap().key;
        assert!(key.starts_with("whsec_"), "{key}");
        endpoints.delete(made.id.clone()).await.unwrap();
        refused(404, endpoints.get(made.id).await);
    }

    async fn portal(&self, endpoint: &EndpointOut) {
        let authentication = self.svix.authentication();
        let mut asked = AppPortalAccessIn::new();
        asked.expiry = Some(3600);
        let access = authentication
            .app_portal_access(uid(), asked, None)
            .await
            .unwrap();
        assert!(access.url.contains("/portal/"), "{}", access.url);
        let visitor = self.svix.with_token(access.token);
        assert_eq!(
            visitor.endpoint().get(uid(), main()).await.unwrap().id,
            endpoint.id
        );
        assert!(
            visitor
                .authentication()
                .whoami()
                .await
                .unwrap()
                .app_id
                .is_some()
        );
        refused(404, visitor.application().get("nobody".to_owned()).await);
        let all = ApplicationTokenExpireIn::new();
        authentication.expire_all(uid(), all, None).await.unwrap();
        refused(401, visitor.endpoint().get(uid(), main()).await);
    }

    async fn ends(&self) {
        let (endpoints, applications) = (self.svix.endpoint(), self.svix.application());
        let other = endpoints.create(uid(), EndpointIn::new(said("RECEIVER")), None);
        let other = other.await.unwrap().id;
        endpoints.delete(uid(), other.clone()).await.unwrap();
        refused(404, endpoints.get(uid(), other).await);
        let gone = applications
            .create(ApplicationIn::new("Gone".to_owned()), None)
            .await
            .unwrap();
        applications.delete(gone.id.clone()).await.unwrap();
        refused(404, applications.get(gone.id).await);
        let types = self.svix.event_type();
        types.delete(TYPE.to_owned(), None).await.unwrap();
        assert_eq!(
            types.get(TYPE.to_owned()).await.unwrap().archived,
            Some(true)
        );
    }
}

fn numbers(page: &PollingEndpointOut) -> Vec<u64> {
    let all = page.data.iter();
    all.map(|own| own.payload["n"].as_u64().expect("a number"))
        .collect()
}

/// A polling endpoint, which only hookpost's own API makes; its id as the client knows it.
fn native_poller() -> String {
    let server = said("SVIX_SERVER_URL");
    let host = server
        .trim_start_matches("http://")
        .trim_end_matches("/svix");
    let body = json!({"kind": "poll", "event_types": ["polled.*"], "consumer": UID}).to_string();
    let mut stream = TcpStream::connect(host).expect("hookpost listens");
    let asked = format!(
        "POST /api/v1/webhooks HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        said("SVIX_TOKEN"),
        body.len()
    );
    stream.write_all(asked.as_bytes()).expect("it reads");
    let mut told = String::new();
    stream.read_to_string(&mut told).expect("it answers");
    let (_, body) = told.split_once("\r\n\r\n").expect("an answer has a body");
    let made: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{told}"));
    let id = made["id"].as_str().unwrap_or_else(|| panic!("{told}"));
    id.replacen("wh_", "ep_", 1)
}
