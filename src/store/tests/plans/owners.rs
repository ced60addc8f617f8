//! Small lists, and what belongs to one consumer: found by an index that holds nothing of others.

use super::{ALL, check, check_list, filled, is_bad, plans};
use crate::domain::consumer::{ConsumerRef, ConsumerSettings, ConsumerUid, Purview};
use crate::domain::delivery::{DeliveryFilter, DeliveryScope};
use crate::domain::event::EventFilter;
use crate::domain::page::{Limit, Order};
use crate::store::tests::samples::pattern;
use crate::store::{consumers, events, jobs, sessions, webhooks};

#[test]
fn small_lists_are_led_by_an_index_too() {
    let office = filled();
    let vault = office.store.vault();
    let now = office.clock.now();
    check(&office, "webhooks_listed", |conn| {
        let page = webhooks::list(conn, vault, ALL, None, Limit::clamped(10), now).unwrap();
        assert_eq!(page.items.len(), 1);
    });
    check(&office, "webhooks_target", |conn| {
        assert!(webhooks::find_target(conn, 1, &[0; 32]).unwrap().is_none());
    });
    check(&office, "jobs_listed", |conn| {
        assert!(
            jobs::list(conn, ALL, None, Limit::clamped(10))
                .unwrap()
                .items
                .is_empty()
        );
    });
    check(&office, "sessions_of", |conn| {
        assert!(sessions::of_user(conn, 1).unwrap().is_empty());
    });
}

/// What consumer 1 reaches.
const OWN: Purview = Purview {
    consumer_seq: Some(1),
    ..ALL
};

#[test]
fn what_the_platform_has_words_of_its_own_for_is_found_by_them() {
    let office = filled();
    check(&office, "webhooks_uid", |conn| {
        assert_eq!(webhooks::row_called(conn, 1, "main").unwrap(), None);
    });
    check(&office, "events_uid", |conn| {
        assert_eq!(events::row_called(conn, 1, "order.1").unwrap(), None);
    });
    for order in [Order::Ascending, Order::Descending] {
        let of_consumer = EventFilter {
            workspace_seq: 1,
            consumer_seq: Some(1),
            tag: Some("t".to_owned()),
            order,
            ..EventFilter::default()
        };
        check(&office, "event_labels_of_consumer", |conn| {
            events::list(conn, &of_consumer, Limit::clamped(10)).unwrap();
        });
        let whole = EventFilter {
            consumer_seq: None,
            ..of_consumer
        };
        check(&office, "PRIMARY KEY", |conn| {
            events::list(conn, &whole, Limit::clamped(10)).unwrap();
        });
    }
}

/// How several types are found: each by itself, between the rows of the page.
const EACH_TYPE_OF_CONSUMER: &str = "USING COVERING INDEX events_of_consumer_by_type \
                                     (consumer_seq=? AND kind=? AND type=? AND rowid>? AND rowid<?)";
const EACH_TYPE: &str = "USING COVERING INDEX events_by_type \
                         (workspace_seq=? AND kind=? AND type=? AND rowid>? AND rowid<?)";

#[test]
fn what_belongs_to_a_consumer_is_found_without_looking_at_others() {
    let office = filled();
    let (vault, now) = (office.store.vault(), office.clock.now());
    let all = DeliveryFilter {
        workspace_seq: 1,
        consumer_seq: Some(1),
        event_type: Some(pattern("a")),
        ..DeliveryFilter::default()
    };
    check_list(&office, "deliveries_of_consumer", &all);
    let dead = DeliveryFilter {
        scope: DeliveryScope::DeadLetters,
        ..all
    };
    check_list(&office, "dead_letters_of_consumer", &dead);
    for order in [Order::Ascending, Order::Descending] {
        let filter = EventFilter {
            workspace_seq: 1,
            consumer_seq: Some(1),
            order,
            ..EventFilter::default()
        };
        check(&office, "events_of_consumer", |conn| {
            events::list(conn, &filter, Limit::clamped(10)).unwrap();
        });
        let of_type = EventFilter {
            event_types: vec!["a.b".to_owned()],
            ..filter
        };
        check(&office, "events_of_consumer_by_type", |conn| {
            events::list(conn, &of_type, Limit::clamped(10)).unwrap();
        });
    }
    check(&office, "webhooks_of_consumer", |conn| {
        webhooks::list(conn, vault, OWN, None, Limit::clamped(10), now).unwrap();
    });
    check(&office, "webhooks_of_consumer", |conn| {
        webhooks::owned(conn, vault, 1, Some(1), 10, now).unwrap();
        webhooks::rows_of_consumer(conn, 1).unwrap();
    });
    check(&office, "webhooks_of_platform", |conn| {
        assert_eq!(
            webhooks::owned(conn, vault, 1, None, 10, now)
                .unwrap()
                .len(),
            1
        );
        assert_eq!(webhooks::count(conn, 1, None).unwrap(), 1);
    });
    check(&office, "jobs_of_consumer", |conn| {
        jobs::list(conn, OWN, None, Limit::clamped(10)).unwrap();
    });
}

#[test]
fn several_types_are_found_without_looking_at_others() {
    let office = filled();
    for order in [Order::Ascending, Order::Descending] {
        let of_consumer = EventFilter {
            workspace_seq: 1,
            consumer_seq: Some(1),
            event_types: vec!["a.b".to_owned(), "c".to_owned()],
            order,
            ..EventFilter::default()
        };
        check(&office, EACH_TYPE_OF_CONSUMER, |conn| {
            events::list(conn, &of_consumer, Limit::clamped(10)).unwrap();
        });
        let whole = EventFilter {
            consumer_seq: None,
            ..of_consumer
        };
        check(&office, EACH_TYPE, |conn| {
            events::list(conn, &whole, Limit::clamped(10)).unwrap();
        });
    }
}

#[test]
fn consumers_are_found_by_indices() {
    let office = filled();
    let uid = ConsumerUid::parse("acme").unwrap();
    let named = ConsumerRef::Uid(uid.clone());
    office.write(move |tx| {
        let settings = ConsumerSettings::default();
        consumers::insert(tx, 1, Some(&uid), &settings).map(|made| assert!(made.is_some()))
    });
    check(&office, "consumers_uid", |conn| {
        assert!(consumers::find(conn, 1, &named).unwrap().is_some());
    });
    check(&office, "consumers_listed", |conn| {
        let page = consumers::list(conn, ALL, None, None, Limit::clamped(10)).unwrap();
        assert_eq!(page.items.len(), 1);
    });
}

#[test]
fn who_listens_to_operational_news_is_found_without_reading_anybody_else() {
    let office = filled();
    let lines = office.write(|tx| {
        let conn = **tx;
        Ok(plans(&conn, |_| {
            let found = webhooks::operational_subscribers(tx, 1).unwrap();
            assert!(found.is_empty());
        }))
    });
    let webhooks: Vec<&String> = lines
        .iter()
        .filter(|line| line.contains("webhooks"))
        .collect();
    assert_eq!(webhooks.len(), 1, "{lines:#?}");
    assert!(webhooks[0].contains("webhooks_operational"), "{lines:#?}");
    assert!(!lines.iter().any(|line| is_bad(line)), "{lines:#?}");
}
