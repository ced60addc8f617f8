//! What hookpost bears, and what it says when it is asked for more: real sockets that are slow,
//! greedy or many.

mod bodies;
mod connections;
mod rates;
mod unparsed;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use hookpost::service::ServiceOptions;
use hookpost::web::{HttpOptions, Limits};

use crate::app::{PATIENCE, TestApp};

/// A deadline that tests do not wait long for. The server reads its clock twice a second, so that a
/// head's deadline may come half a second early.
pub const SHORT: Duration = Duration::from_millis(1200);
/// What a deadline is at least.
pub const SHORT_MIN: Duration = Duration::from_millis(600);

pub async fn bounded(limits: Limits) -> TestApp {
    let http = HttpOptions {
        limits,
        ..HttpOptions::default()
    };
    TestApp::start_as(http, ServiceOptions::default()).await
}

/// A connection to the app that gives up after [`PATIENCE`].
pub fn connect(app: &TestApp) -> TcpStream {
    let stream = TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// What arrives until the other side closes; a reset is a close.
pub fn rest(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&bytes)),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The head and the body of one answer, as far as its `content-length` says.
pub fn one_answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 1];
    loop {
        assert_eq!(stream.read(&mut piece).unwrap(), 1, "closed: {bytes:?}");
        bytes.push(piece[0]);
        if let Some((head, body)) = String::from_utf8_lossy(&bytes).split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            });
            if body.len() >= length.unwrap_or(0) {
                return format!("{head}\r\n\r\n{body}");
            }
        }
    }
}

/// Sends a byte now and again until the other side has had enough; answers how long that took.
pub fn drip(stream: &mut TcpStream) -> Duration {
    let began = Instant::now();
    stream
        .set_read_timeout(Some(Duration::from_millis(30)))
        .unwrap();
    while began.elapsed() < PATIENCE {
        let sent = stream.write(b"x");
        let closed = match stream.read(&mut [0; 1024]) {
            Ok(count) => count == 0,
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        };
        if closed || sent.is_err() {
            return began.elapsed();
        }
    }
    panic!("it was borne for {PATIENCE:?}");
}

/// A call whose body never comes to its end; the server holds 250 KiB of it meanwhile.
pub async fn unfinished(app: &TestApp) -> TcpStream {
    let key = app.admin.clone();
    let head = format!(
        "POST /api/v1/webhooks HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: 1000000\r\n\r\n"
    );
    let mut greedy = connect(app);
    blocking(move || {
        greedy.write_all(head.as_bytes()).unwrap();
        greedy.write_all(&vec![b' '; 250 * 1024]).unwrap();
        greedy
    })
    .await
}

pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}
