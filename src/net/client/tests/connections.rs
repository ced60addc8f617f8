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
