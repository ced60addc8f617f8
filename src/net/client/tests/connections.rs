//! Which connection carries a request, and whose it is.

use super::*;

#[tokio::test]
async fn a_receiver_that_closes_after_each_answer_costs_no_attempt() {
    let receiver = Counted::closing_after(1, OK).await;
    let client = client();
    let mut failed = 0;
    for _ in 0..500 {
        failed += usize::from(
            post(&client, &receiver.url(), PATIENCE)
                .await
                .result
                .is_err(),
        );
    }
    println!("closed after each answer: {failed} of 500 failed");
    assert_eq!((failed, receiver.requests()), (0, 500));
    assert_eq!(client.inner.pool.resting(), 0, "it is remembered");
}

#[tokio::test]
async fn a_connection_that_ends_when_it_is_used_again_costs_no_attempt() {
    // Reads the second request of a connection and closes instead of answering.
    let address = serve(|mut stream| async move {
        if request(&mut stream).await.is_some() {
            stream.write_all(OK.as_bytes()).await.unwrap();
            let _second = request(&mut stream).await;
        }
    })
    .await;
    let client = client();
    for _ in 0..100 {
        let exchange = post(&client, &format!("http://{address}/"), PATIENCE).await;
        assert_eq!(exchange.result.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_connection_rests_no_longer_than_its_receiver_announces() {
    let check = async |announced: &str, connections: usize| {
        let answer = format!("HTTP/1.1 200 OK\r\n{announced}content-length: 0\r\n\r\n");
        let receiver = Counted::answering(answer).await;
        let client = client();
        for _ in 0..3 {
            post(&client, &receiver.url(), PATIENCE)
                .await
                .result
                .unwrap();
        }
        assert_eq!(receiver.connections(), connections, "{announced:?}");
    };
    check("", 1).await;
    check("keep-alive: timeout=60\r\n", 1).await;
    check("keep-alive: timeout=0\r\n", 3).await;
    check("keep-alive: timeout=60, max=0\r\n", 3).await;
    check("connection: close\r\n", 3).await;
}

#[tokio::test]
async fn senders_never_share_a_connection() {
    let receiver = Counted::answering(OK).await;
    let client = client();
    for round in 1..=2 {
        for (workspace, webhook) in [(1, 1), (1, 2), (2, 3)] {
            let sender = Sender { workspace, webhook };
            post_as(&client, sender, &receiver.url(), PATIENCE)
                .await
                .result
                .unwrap();
        }
        assert_eq!(receiver.connections(), 3, "round {round}");
    }
}

#[tokio::test]
async fn what_a_receiver_sends_unasked_is_nobodys_answer() {
    let unasked = "HTTP/1.1 500 Sorry\r\ncontent-length: 0\r\n\r\n";
    let receiver = Counted::answering(format!("{OK}{unasked}")).await;
    let client = client();
    for _ in 0..100 {
        let exchange = post(&client, &receiver.url(), PATIENCE).await;
        assert_eq!(exchange.result.unwrap().status, 200);
    }
}

#[tokio::test]
async fn resting_connections_are_bounded_in_all_and_give_way() {
    let receivers = futures_util::future::join_all((0..20).map(|_| Counted::answering(OK))).await;
    let options = ClientOptions {
        sockets_max: 8,
        ..Default::default()
    };
    let client = Client::new(guard(), &options).unwrap();
    for _ in 0..3 {
        let posts = receivers.iter().map(|receiver| async {
            post(&client, &receiver.url(), PATIENCE)
                .await
                .result
                .unwrap()
                .status
        });
        let statuses = futures_util::future::join_all(posts).await;
        assert_eq!(statuses, vec![200; 20]);
        assert!(client.inner.pool.resting() <= 8);
    }
}

#[tokio::test]
async fn a_receiver_that_closes_about_when_the_next_request_comes_costs_no_attempt() {
    // A connection is kept for as long as the gaps between requests are, give or take.
    let kept = Duration::from_millis(5);
    let address = serve(move |mut stream| async move {
        while let Ok(Some(_)) = tokio::time::timeout(kept, request(&mut stream)).await {
            if stream.write_all(OK.as_bytes()).await.is_err() {
                return;
            }
        }
    })
    .await;
    let client = client();
    let url = format!("http://{address}/");
    let mut failed = 0;
    for n in 0..400 {
        tokio::time::sleep(Duration::from_micros(4_000 + n % 20 * 100)).await;
        failed += usize::from(post(&client, &url, PATIENCE).await.result.is_err());
    }
    assert_eq!(failed, 0);
}

#[tokio::test]
async fn a_connection_that_is_reset_when_it_is_used_again_costs_no_attempt() {
    let address = serve(|mut stream| async move {
        if request(&mut stream).await.is_some() {
            stream.write_all(OK.as_bytes()).await.unwrap();
            let _second = request(&mut stream).await;
            stream.set_zero_linger().unwrap();
        }
    })
    .await;
    let client = client();
    for _ in 0..100 {
        let exchange = post(&client, &format!("http://{address}/"), PATIENCE).await;
        assert_eq!(exchange.result.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_request_is_sent_again_once_and_on_a_new_connection() {
    let receiver = Counted::answering_in_turn([OK, ""]).await;
    let client = client();
    let url = receiver.url();
    // Three at once leave three connections, each of which will end when it is used again.
    let three = [(); 3].map(|()| post(&client, &url, PATIENCE));
    for exchange in futures_util::future::join_all(three).await {
        exchange.result.unwrap();
    }
    let before = (receiver.connections(), receiver.requests());
    let exchange = post(&client, &url, PATIENCE).await;
    assert_eq!(exchange.result.unwrap().status, 200);
    let after = (receiver.connections(), receiver.requests());
    assert_eq!(after, (before.0 + 1, before.1 + 2));
}

#[tokio::test]
async fn an_announced_time_ends_before_the_receivers_own() {
    let receiver =
        Counted::answering("HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 0\r\n\r\n");
    let receiver = receiver.await;
    let client = client();
    post(&client, &receiver.url(), PATIENCE)
        .await
        .result
        .unwrap();
    let answered_at = Instant::now();
    assert_eq!(client.inner.pool.resting(), 1);
    while client.inner.pool.resting() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rested = answered_at.elapsed();
    let expected = Duration::from_millis(700)..Duration::from_secs(1);
    assert!(expected.contains(&rested), "{rested:?}");
}

#[tokio::test]
async fn what_comes_while_a_connection_rests_is_nobodys_answer() {
    for unasked in [
        "HTTP/1.1 500 Sorry\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "x",
    ] {
        let (sender, mut written) = tokio::sync::mpsc::unbounded_channel();
        let resting = Arc::new(tokio::sync::Notify::new());
        let rests = Arc::clone(&resting);
        let address = serve(move |mut stream| {
            let (sender, rests) = (sender.clone(), Arc::clone(&rests));
            async move {
                while request(&mut stream).await.is_some() {
                    stream.write_all(OK.as_bytes()).await.unwrap();
                    rests.notified().await;
                    stream.write_all(unasked.as_bytes()).await.unwrap();
                    sender.send(()).unwrap();
                }
            }
        })
        .await;
        let client = client();
        // After the second time the receiver is known for it, and nothing rests.
        for round in 0..3 {
            let exchange = post(&client, &format!("http://{address}/"), PATIENCE).await;
            assert_eq!(exchange.result.unwrap().status, 200, "{unasked:?}");
            assert_eq!(client.inner.pool.resting(), usize::from(round < 2));
            resting.notify_one();
            written.recv().await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_answer_with_more_behind_its_end_retires_its_connection() {
    let unasked = "HTTP/1.1 500 Sorry\r\ncontent-length: 0\r\n\r\n";
    for answer in [
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n{unasked}"
        ),
        format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok{unasked}"),
        format!("HTTP/1.1 204 No Content\r\n\r\n{unasked}"),
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
            .into(),
        format!("{OK}\r\n"),
    ] {
        let receiver = Counted::answering(answer.clone()).await;
        let client = client();
        for sent in 1..=3 {
            let exchange = post(&client, &receiver.url(), PATIENCE).await;
            let status = exchange.result.unwrap().status;
            assert!((200..300).contains(&status), "{answer:?}");
            let seen = (receiver.connections(), receiver.requests());
            assert_eq!(seen, (sent, sent), "{answer:?}");
        }
    }
}
