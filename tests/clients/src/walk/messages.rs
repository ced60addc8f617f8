//! Messages and their attempts.
//!
//! Owns: sending, finding, sending again and erasing. Refuses: endpoints; `office` made them.

use serde_json::{Value, json};
use svix::api::*;
use svix::models::*;

use super::{LOOK, TYPE, Walk, main, texts, uid};
use crate::shape::refused;

impl Walk {
    pub(super) async fn messages(&self, payload: &Value) -> String {
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
    pub(super) async fn attempts_of(&self, message: &str, count: usize) -> Vec<MessageAttemptOut> {
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

    pub(super) async fn attempts(&self, endpoint: &EndpointOut, message: &str) {
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

    pub(super) async fn tasks(&self) {
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

    pub(super) async fn erasure(&self, sent: &str) {
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
        let raw = MessageIn::new_raw_payload("other.type".to_owned(), "<order/>".to_owned());
        let raw = raw.with_content_type("application/xml".to_owned());
        let raw = messages.create(uid(), raw, None).await.unwrap().id;
        let whole = MessageGetOptions {
            with_content: Some(true),
        };
        let shown = messages.get(uid(), raw, Some(whole)).await.unwrap();
        assert_eq!(shown.payload, json!({"rawPayload": "<order/>"}));
        let attempt = self.attempts_of(sent, 1).await.pop().unwrap();
        let attempts = self.svix.message_attempt();
        let erased = attempts.expunge_content(uid(), sent.to_owned(), attempt.id);
        erased.await.unwrap();
    }
}
