//! Lists that show what each delivery sent and what came back.

use std::cell::Cell;

use rusqlite::trace::TraceEventCodes;

use super::house::{House, numbered};
use super::receiver::Receiver;
use crate::domain::delivery::Status;
use crate::domain::page::Limit;
use crate::service::events::PublishInput;
use crate::service::views::sent;
use crate::service::{Idempotency, Refusal};

thread_local! {
    static STATEMENTS: Cell<usize> = const { Cell::new(0) };
}

/// How many statements a page of `rows` takes, and how many items it has.
fn statements(house: &House, rows: u32) -> (usize, usize) {
    let store = house.service.store();
    let filter = house.filter();
    let read = store.read_blocking(|conn| {
        let count = |_: rusqlite::trace::TraceEvent<'_>| STATEMENTS.set(STATEMENTS.get() + 1);
        STATEMENTS.set(0);
        let codes = TraceEventCodes::SQLITE_TRACE_STMT;
        conn.connection().trace_v2(codes, Some(count));
        let page = sent(store, conn, &filter, None, Limit::clamped(rows));
        conn.connection().trace_v2(TraceEventCodes::empty(), None);
        Ok::<_, Refusal>((STATEMENTS.get(), page?.items.len()))
    });
    read.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_bodies_takes_as_many_statements_however_long_it_is() {
    let house = House::start();
    let receiver = Receiver::start().await;
    house.webhook(&receiver.url, &["1h"]).await;
    house.publish_many(40).await;
    house.counted(Status::Delivered, 40).await;
    // Read once, the profile is known.
    statements(&house, 1);
    let (few, two) = statements(&house, 2);
    let (many, forty) = statements(&house, 250);
    assert_eq!((two, forty), (2, 40));
    assert_eq!(few, many);
    let views = house.service.views();
    let page = views.sent_deliveries(house.filter(), None, Limit::clamped(250));
    for sent in page.await.unwrap().items {
        let detail = house.service.delivery(&house.caller, sent.delivery.id);
        let detail = detail.await.unwrap();
        let last = detail.attempts.into_iter().next_back().unwrap();
        assert_eq!(sent.request_body, detail.request_body);
        assert_eq!(sent.response_body, last.response_body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_bodies_ends_where_it_holds_enough_bytes_and_goes_on_behind() {
    let house = House::start_without_worker();
    house.webhook("http://127.0.0.1:8099/hook", &["1h"]).await;
    for number in 0..24 {
        let input = PublishInput {
            data: format!("\"{}\"", "x".repeat(240 * 1024)),
            ..numbered(number)
        };
        let published = house
            .service
            .publish(&house.caller, input, Idempotency::unkeyed());
        published.await.unwrap();
    }
    let views = house.service.views();
    let mut cursor = None;
    let mut pages = Vec::new();
    loop {
        let page = views.sent_deliveries(house.filter(), cursor, Limit::clamped(250));
        let page = page.await.unwrap();
        pages.push(page.items.len());
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(pages.iter().sum::<usize>(), 24);
    assert!(pages.len() > 1 && pages[0] <= 18, "{pages:?}");
}
