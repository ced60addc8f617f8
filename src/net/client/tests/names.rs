//! Names: what they may mean, and how long that may take.

use super::*;

#[tokio::test]
async fn a_name_with_one_bad_address_is_refused_whole() {
    let check = async |answer: &'static [&str], expect: Option<FailureKind>| {
        let client = scripted(guard_with(&[]), |_| {
            Ok(answer.iter().map(|text| ip(text)).collect())
        });
        let target = client
            .inner
            .guard
            .check_url("http://hooks.example.com/")
            .unwrap();
        let blocked = client.check_destination(&target, 1).await.is_err();
        assert_eq!(blocked, expect == Some(FailureKind::Blocked), "{answer:?}");
        if let Some(kind) = expect {
            let failure = failure(&client, "http://hooks.example.com/", TIMEOUT).await;
            assert_eq!(failure.kind, kind, "{answer:?}: {}", failure.message);
            assert!(
                !answer
                    .iter()
                    .any(|address| failure.message.contains(address))
            );
        }
    };
    let blocked = Some(FailureKind::Blocked);
    check(&["127.0.0.1"], blocked).await;
    check(&["93.184.216.34", "10.0.0.1"], blocked).await;
    check(&["10.0.0.1", "93.184.216.34"], blocked).await;
    check(&["2606:4700::1", "::ffff:169.254.169.254"], blocked).await;
    // Also where it stands behind more addresses than are ever tried.
    const NINE: &[&str] = &[
        "8.8.8.8",
        "8.8.8.8",
        "8.8.8.8",
        "8.8.8.8",
        "8.8.8.8",
        "8.8.8.8",
        "8.8.8.8",
        "8.8.8.8",
        "192.168.0.1",
    ];
    check(NINE, blocked).await;
    check(&[], Some(FailureKind::Dns)).await;
    check(&["93.184.216.34"], None).await;
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_caught_on_the_answer_that_is_used() {
    let address = answering("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    let port = address.await.port();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    // Good for the check at creation and the first attempt, bad ever after.
    let client = scripted(guard_with(&["127.0.0.1/32"]), move |_| {
        let earlier = counted.fetch_add(1, Ordering::SeqCst);
        Ok(vec![ip(if earlier < 2 {
            "127.0.0.1"
        } else {
            "127.0.0.2"
        })])
    });
    let url = format!("http://hooks.example.com:{port}/");
    let target = client.inner.guard.check_url(&url).unwrap();
    client.check_destination(&target, 1).await.unwrap();
    let exchange = post(&client, &url, PATIENCE).await;
    assert_eq!(exchange.result.unwrap().status, 200);
    assert_eq!(
        exchange.remote_addr,
        Some(SocketAddr::new(ip("127.0.0.1"), port))
    );
    // One look-up for the check and one for the connection: none between check and connect.
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert_eq!(
        failure(&client, &url, PATIENCE).await.kind,
        FailureKind::Blocked
    );
}

#[tokio::test]
async fn hookposts_own_port_is_refused_by_number_and_by_name() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let port = address.port();
    let guard = guard();
    let client = scripted(Arc::clone(&guard), |_| Ok(vec![ip("127.0.0.1")]));
    let named = client
        .inner
        .guard
        .check_url(&format!("http://127.0.0.1:{port}/"))
        .unwrap();
    let url = format!("http://hooks.example.com:{port}/");
    assert_eq!(
        post(&client, &url, PATIENCE).await.result.unwrap().status,
        200
    );
    guard.set_own_ports(vec![port]);
    let refusal = Failure::blocked(AddressRefusal::OwnPort);
    assert_eq!(failure(&client, &url, PATIENCE).await, refusal);
    // A target that was made before the port was known is judged again.
    let request = OutboundRequest {
        method: Method::POST,
        sender: SENDER,
        target: &named,
        headers: HeaderMap::new(),
        body: Bytes::new(),
        timeout: PATIENCE,
        tls: None,
        via: Via::Usual,
    };
    assert_eq!(
        client.post(request).await.unwrap().result.unwrap_err(),
        refusal
    );
}

#[tokio::test]
async fn opened_loopback_can_be_called_as_localhost_without_a_look_up() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let client = scripted(guard(), |name| panic!("{name} was looked up"));
    let url = format!("http://localhost:{}/", address.port());
    assert_eq!(
        post(&client, &url, PATIENCE).await.result.unwrap().status,
        200
    );
}

#[tokio::test]
async fn names_that_lead_nowhere_are_dns_failures() {
    let client = scripted(guard(), |_| Err(ResolveError::Failed("no such name")));
    let nowhere = failure(&client, "https://hooks.example.com/", PATIENCE).await;
    assert_eq!(nowhere.kind, FailureKind::Dns);
    assert_eq!(
        nowhere.message,
        "the host name could not be resolved: no such name"
    );
    let client = scripted(guard(), |_| panic!("a look-up may break"));
    let broken = failure(&client, "https://hooks.example.com/", PATIENCE).await;
    assert_eq!(broken.kind, FailureKind::Dns);
}

#[tokio::test]
async fn a_slow_name_is_looked_up_once_and_holds_up_nobody_else() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let client = scripted(guard(), move |name| {
        if name == "slow.example.com" {
            counted.fetch_add(1, Ordering::SeqCst);
            // Ends with the test, when the other half is dropped.
            let _ = held.lock().unwrap().recv();
        }
        Ok(vec![ip("127.0.0.1")])
    });
    let slow = format!("http://slow.example.com:{}/", address.port());
    let waiting = (0..200).map(|_| failure(&client, &slow, TIMEOUT));
    for failure in futures_util::future::join_all(waiting).await {
        assert_eq!(failure.kind, FailureKind::Timeout);
    }
    let quick = format!("http://quick.example.com:{}/", address.port());
    assert_eq!(
        post(&client, &quick, PATIENCE).await.result.unwrap().status,
        200
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    drop(release);
}

#[tokio::test]
async fn look_ups_are_bounded_and_the_bound_is_given_back() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let client = scripted(guard(), move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        // Ends when the other half is dropped; only one waits inside, the others for the lock.
        let _ = held.lock().unwrap().recv();
        Ok(vec![ip("127.0.0.1")])
    });
    let url = |n: usize| format!("http://n{n}.example.com:{}/", address.port());
    let urls: Vec<String> = (0..2 * LOOKUPS_MAX).map(url).collect();
    // Each of a hundred workspaces looks for more than its share.
    let waiting = urls.iter().enumerate().map(|(n, url)| {
        let workspace = i64::try_from(n % 100).unwrap();
        let sender = Sender {
            workspace,
            webhook: 1,
        };
        post_as(&client, sender, url, TIMEOUT)
    });
    for exchange in futures_util::future::join_all(waiting).await {
        let failure = exchange.result.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Timeout);
    }
    let started = asked.load(Ordering::SeqCst);
    assert!((100..=LOOKUPS_MAX).contains(&started), "{started}");
    drop(release);
    assert_eq!(
        post(&client, &url(0), PATIENCE)
            .await
            .result
            .unwrap()
            .status,
        200
    );
}
