//! Names that move while connections to the old place rest.

use super::*;

#[tokio::test]
async fn a_failed_answer_retires_its_connection_and_the_name_is_judged_anew() {
    let old = Counted::answering("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n").await;
    let new = TcpListener::bind((ip("127.0.0.2"), old.address.port()))
        .await
        .unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = new.accept().await {
            tokio::spawn(answer_all(stream, Arc::from(OK.as_bytes())));
        }
    });
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
