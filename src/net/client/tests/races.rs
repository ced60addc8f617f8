//! Names with several addresses, some of them dead.

use super::*;

/// An address that takes connections until its queue is full, and then says nothing to anybody.
async fn silent(address: IpAddr, port: u16) -> (TcpListener, Vec<TcpStream>) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
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
