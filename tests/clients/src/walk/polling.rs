//! A polling endpoint, for one that keeps its own place and for a consumer.
//!
//! Owns: that walk, and the endpoint, which only hookpost's own API makes. Refuses: other endpoints.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use svix::api::*;
use svix::models::*;

use super::{UID, Walk, main, uid};
use crate::shape::{refused, said};

impl Walk {
    pub(super) async fn polling(&self) {
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
