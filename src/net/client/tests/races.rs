//! Names with several addresses, some of them dead.

use super::*;

/// An address that takes connections until its queue is full, and then says nothing to anybody.
async fn silent(address: IpAddr, port: u16) -> (TcpListener, Vec<TcpStream>) {
    let socket = match address {
        IpAddr::V4(_) => tokio::net::TcpSocket::new_v4().unwrap(),
        IpAddr::V6(_) => tokio::net::TcpSocket::new_v6().unwrap(),
    };
    socket.bind(SocketAddr::new(address, port)).unwrap();
    let listener = socket.listen(1).unwrap();
    let mut queued = Vec::new();
    let target = listener.local_addr().unwrap();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(target)).await
    {
        queued.push(stream);
    }
    (listener, queued)
}

#[tokio::test]
async fn a_dead_first_address_does_not_use_up_a_short_timeout() {
    let receiver = Counted::answering(OK).await;
    let _silent = silent(ip("127.0.0.2"), receiver.address.port()).await;
    let url = format!("http://hooks.example.com:{}/", receiver.address.port());
    for timeout in [1, 4] {
        let client = scripted(guard(), |_| Ok(vec![ip("127.0.0.2"), ip("127.0.0.1")]));
        let exchange = post(&client, &url, Duration::from_secs(timeout)).await;
        assert_eq!(exchange.result.unwrap().status, 200, "{timeout} s");
    }
}

/// A client for which the name means `addresses`, all of which it may call.
fn leading_to(addresses: &'static [&'static str]) -> Client {
    scripted(guard_with(&["127.0.0.0/8", "::1/128"]), |_| {
        Ok(addresses.iter().map(|address| ip(address)).collect())
    })
}

#[tokio::test]
async fn dead_addresses_of_either_family_do_not_use_up_a_short_timeout() {
    let receiver = Counted::answering(OK).await;
    let port = receiver.address.port();
    let url = format!("http://hooks.example.com:{port}/");
    let mut dead = Vec::new();
    for address in ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "::1"] {
        dead.push(silent(ip(address), port).await);
    }
    let check = async |addresses: &'static [&'static str], timeout: u64| {
        let client = leading_to(addresses);
        let exchange = post(&client, &url, Duration::from_secs(timeout)).await;
        assert_eq!(exchange.result.expect(&url).status, 200, "{addresses:?}");
        assert_eq!(exchange.remote_addr, Some(receiver.address));
    };
    check(&["::1", "127.0.0.1"], 1).await;
    check(&["::1", "127.0.0.2", "127.0.0.1"], 1).await;
    check(
        &[
            "127.0.0.2",
            "127.0.0.3",
            "127.0.0.4",
            "127.0.0.5",
            "127.0.0.1",
        ],
        1,
    )
    .await;
    check(
        &["::1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.1"],
        4,
    )
    .await;
    // One that refuses costs no time at all, wherever it stands.
    check(&["127.0.0.9", "::1", "127.0.0.9", "127.0.0.1"], 1).await;
}

#[tokio::test]
async fn an_address_of_the_other_family_is_reached_behind_a_dead_one() {
    let receiver = Counted::answering_at(ip("::1"), 0, OK).await;
    let port = receiver.address.port();
    let _dead = silent(ip("127.0.0.2"), port).await;
    let client = leading_to(&["127.0.0.2", "127.0.0.9", "::1"]);
    let url = format!("http://hooks.example.com:{port}/");
    let exchange = post(&client, &url, Duration::from_secs(1)).await;
    assert_eq!(exchange.result.unwrap().status, 200);
}

#[tokio::test]
async fn addresses_that_are_all_dead_end_with_the_timeout() {
    let port = answering(OK).await.port();
    let _dead = (
        silent(ip("127.0.0.2"), port).await,
        silent(ip("127.0.0.3"), port).await,
    );
    let client = leading_to(&["127.0.0.2", "127.0.0.3"]);
    let url = format!("http://hooks.example.com:{port}/");
    let failure = failure(&client, &url, TIMEOUT).await;
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert_eq!(failure.message, "no answer came within 300ms");
}

#[tokio::test]
async fn a_race_begins_only_when_every_address_was_judged() {
    let receiver = Counted::answering(OK).await;
    let port = receiver.address.port();
    let url = format!("http://hooks.example.com:{port}/");
    let client = scripted(guard_with(&["127.0.0.1/32"]), |_| {
        Ok(vec![ip("127.0.0.1"), ip("127.0.0.2")])
    });
    let failure = failure(&client, &url, PATIENCE).await;
    assert_eq!(failure.kind, FailureKind::Blocked);
    assert_eq!(receiver.connections(), 0);
}
