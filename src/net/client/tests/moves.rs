//! Names that move while connections to the old place rest.

use super::*;

#[tokio::test]
async fn a_failed_answer_retires_its_connection_and_the_name_is_judged_anew() {
    let old = Counted::answering("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n").await;
    let _new = Counted::answering_at(ip("127.0.0.2"), old.address.port(), OK).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let client = scripted(guard(), move |_| {
        let moved = counted.fetch_add(1, Ordering::SeqCst) > 0;
        Ok(vec![ip(if moved { "127.0.0.2" } else { "127.0.0.1" })])
    });
    let url = format!("http://hooks.example.com:{}/", old.address.port());
    let first = post(&client, &url, PATIENCE).await.result.unwrap();
    let second = post(&client, &url, PATIENCE).await.result.unwrap();
    assert_eq!((first.status, second.status), (503, 200));
}

#[tokio::test]
async fn a_connection_is_not_used_when_it_is_a_minute_old() {
    let receiver = Counted::answering(OK).await;
    let client = client();
    let url = receiver.url();
    post(&client, &url, PATIENCE).await.result.unwrap();
    assert_eq!(client.inner.pool.resting(), 1);
    client.inner.pool.age(Duration::from_secs(61));
    post(&client, &url, PATIENCE).await.result.unwrap();
    post(&client, &url, PATIENCE).await.result.unwrap();
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn a_busy_connection_is_renewed_within_its_minute_and_moves_with_its_name() {
    let old = Counted::answering(OK).await;
    let new = Counted::answering_at(ip("127.0.0.2"), old.address.port(), OK).await;
    let moved = Arc::new(AtomicUsize::new(1));
    let place = Arc::clone(&moved);
    let client = scripted(guard(), move |_| {
        Ok(vec![ip(&format!(
            "127.0.0.{}",
            place.load(Ordering::SeqCst)
        ))])
    });
    let url = format!("http://hooks.example.com:{}/", old.address.port());
    let ask = async |times: usize| {
        for _ in 0..times {
            let exchange = post(&client, &url, PATIENCE).await;
            assert_eq!(exchange.result.unwrap().status, 200);
            // Ten seconds pass between two requests.
            client.inner.pool.age(Duration::from_secs(10));
        }
    };
    ask(3).await;
    moved.store(2, Ordering::SeqCst);
    ask(3).await;
    assert_eq!(
        (old.requests(), new.requests()),
        (6, 0),
        "it is not a minute old"
    );
    ask(3).await;
    assert_eq!((old.requests(), new.requests()), (6, 3));
    assert_eq!((old.connections(), new.connections()), (1, 1));
}

#[tokio::test]
async fn a_name_that_moves_to_a_forbidden_place_is_refused_once_its_connection_is_renewed() {
    let old = Counted::answering(OK).await;
    let inside = Counted::answering_at(ip("127.0.0.2"), old.address.port(), OK).await;
    let url = format!("http://hooks.example.com:{}/", old.address.port());
    let asked = Arc::new(AtomicUsize::new(0));
    let client = scripted(guard_with(&["127.0.0.1/32"]), move |_| {
        let moved = asked.fetch_add(1, Ordering::SeqCst) > 0;
        Ok(vec![ip(if moved { "127.0.0.2" } else { "127.0.0.1" })])
    });
    post(&client, &url, PATIENCE).await.result.unwrap();
    client.inner.pool.age(Duration::from_secs(61));
    let failure = failure(&client, &url, PATIENCE).await;
    assert_eq!(failure.kind, FailureKind::Blocked);
    assert_eq!((old.requests(), inside.connections()), (1, 0));
}

#[tokio::test]
async fn whatever_is_no_success_retires_the_connections_of_its_receiver() {
    for (status, connections) in [(200, 1), (204, 1), (302, 3), (404, 3), (410, 3), (500, 3)] {
        let answer = format!("HTTP/1.1 {status} So\r\ncontent-length: 0\r\n\r\n");
        // What has no body announces none.
        let answer = match status {
            204 => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
            _ => answer,
        };
        let receiver = Counted::answering(answer).await;
        let client = client();
        for _ in 0..3 {
            let exchange = post(&client, &receiver.url(), PATIENCE).await;
            assert_eq!(exchange.result.unwrap().status, status);
        }
        assert_eq!(receiver.connections(), connections, "{status}");
    }
}
