//! Look-ups at a real name server that answers for some names and never for others.

use std::collections::HashSet;

use tokio::net::UdpSocket;

use super::*;

const OK_CLOSE: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// No delivery to a receiver that is well may take longer, whoever else hangs.
const WELL_MAX: Duration = Duration::from_secs(1);

const KIND_A: u16 = 1;
const NO_ERROR: u8 = 0;
const NO_SUCH_NAME: u8 = 3;

/// A name server on loopback. Names that begin with `good` mean 127.0.0.1, those that begin with
/// `move` 127.0.0.1 when they are asked for first and 127.0.0.2 ever after, those that begin with
/// `gone` do not exist, those that begin with `half` have an address and are never answered for the
/// other family, those that begin with `once` are answered for once, and nothing is ever said about
/// the rest.
struct NameServer {
    address: SocketAddr,
    questions: Arc<AtomicUsize>,
}

impl NameServer {
    async fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let questions = Arc::new(AtomicUsize::new(0));
        let asked = Arc::clone(&questions);
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            let mut asked_for = HashSet::new();
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                asked.fetch_add(1, Ordering::SeqCst);
                if let Some(answer) = answer(&buffer[..length], &mut asked_for) {
                    let _gone = socket.send_to(&answer, from).await;
                }
            }
        });
        Self { address, questions }
    }

    fn client(&self) -> Client {
        let options = ClientOptions {
            lookup: Lookup::Server(self.address),
            ..Default::default()
        };
        Client::new(guard(), &options).unwrap()
    }

    fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }
}

/// The answer to one question, if this server gives one.
fn answer(message: &[u8], asked_for: &mut HashSet<Vec<u8>>) -> Option<Vec<u8>> {
    const HEAD: usize = 12;
    let name_length = message[HEAD..].iter().position(|byte| *byte == 0)? + 1;
    let first = &message[HEAD + 1..];
    let end = HEAD + name_length + 4;
    let kind = u16::from_be_bytes([message[end - 4], message[end - 3]]);
    let has_address = kind == KIND_A;
    let is_first = asked_for.insert(message[HEAD..end].to_vec());
    let code = match first.get(..4)? {
        b"good" | b"move" => NO_ERROR,
        b"half" if has_address => NO_ERROR,
        b"once" if is_first => NO_ERROR,
        b"gone" => NO_SUCH_NAME,
        _ => return None,
    };
    let last = if first.starts_with(b"move") && !is_first {
        2
    } else {
        1
    };
    let answers = u8::from(has_address && code == NO_ERROR);
    let mut reply = message[..2].to_vec();
    reply.extend([0x81, 0x80 | code, 0, 1, 0, answers, 0, 0, 0, 0]);
    reply.extend(&message[HEAD..end]);
    if answers > 0 {
        // To be kept for a minute.
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, last]);
    }
    Some(reply)
}

fn sender(workspace: i64) -> Sender {
    Sender {
        workspace,
        webhook: 1,
    }
}

/// Delivers to a known name and to new ones, from a workspace with hanging names and from others, while
/// `workspaces` of them ask for `hanging` names each that begin with `prefix`.
async fn hanging_names_hold_up_nobody(workspaces: i64, hanging: usize, prefix: &str) {
    let server = NameServer::start().await;
    let port = answering(OK_CLOSE).await.port();
    let client = server.client();
    let url = move |name: String| format!("http://{name}.example.com:{port}/");
    let known = url("good-known".to_owned());
    post(&client, &known, PATIENCE).await.result.unwrap();
    let names = |workspace: i64| (0..hanging).map(move |n| (workspace, n));
    let mut tasks = Vec::new();
    for (workspace, n) in (1..=workspaces).flat_map(names) {
        let name = format!("{prefix}-{workspace}-{n}");
        let host = format!("{name}.example.com");
        if prefix == "once" {
            let url = url(name.clone());
            let exchange = post_as(&client, sender(workspace), &url, PATIENCE).await;
            assert_eq!(exchange.result.unwrap().status, 200);
            client.inner.connector.lookups.forget(&host);
        }
        let (client, url) = (client.clone(), url(name));
        tasks.push(async move { post_as(&client, sender(workspace), &url, PATIENCE).await });
    }
    tasks.into_iter().for_each(|task| drop(tokio::spawn(task)));
    // Names that were answered before have places of their own, which only their like can fill.
    let known_in = if prefix == "once" { 98 } else { 1 };
    let mut took = Vec::new();
    for n in 0..30 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        client
            .inner
            .connector
            .lookups
            .forget("good-known.example.com");
        for (workspace, url) in [(known_in, known.clone()), (99, url(format!("good-{n}")))] {
            let exchange = post_as(&client, sender(workspace), &url, PATIENCE).await;
            assert_eq!(exchange.result.expect(&url).status, 200);
            took.push(exchange.duration);
        }
    }
    took.sort_unstable();
    let (median, most) = (took[took.len() / 2], took[took.len() - 1]);
    println!(
        "{workspaces} × {hanging} names without an answer: median {median:?}, at most {most:?}"
    );
    assert!(most < WELL_MAX, "{most:?}");
}

#[tokio::test]
async fn two_hundred_hanging_names_hold_up_nobody() {
    hanging_names_hold_up_nobody(1, 200, "hangs").await;
}

#[tokio::test]
async fn fifteen_hundred_hanging_names_hold_up_nobody() {
    hanging_names_hold_up_nobody(1, 1500, "hangs").await;
}

#[tokio::test]
async fn hanging_names_of_ten_workspaces_hold_up_nobody() {
    hanging_names_hold_up_nobody(10, 150, "hangs").await;
}

#[tokio::test]
async fn names_that_were_answered_once_and_hang_then_hold_up_nobody() {
    hanging_names_hold_up_nobody(10, 60, "once").await;
}

#[tokio::test]
async fn a_failed_answer_makes_a_name_be_asked_for_before_its_time() {
    let gone = "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n";
    let new = Counted::answering_at(ip("127.0.0.2"), 0, OK_CLOSE).await;
    let port = new.address.port();
    let url = |name: &str| format!("http://move-{name}.example.com:{port}/");
    let server = NameServer::start().await;
    // Nobody listens at the old address.
    let client = server.client();
    let refused = failure(&client, &url("refused"), PATIENCE).await;
    assert_eq!(refused.kind, FailureKind::Connect);
    let exchange = post(&client, &url("refused"), PATIENCE).await;
    assert_eq!(exchange.result.unwrap().status, 200);
    // It answers that it is gone.
    let old = Counted::answering_at(ip("127.0.0.1"), port, gone).await;
    let exchange = post(&client, &url("failed"), PATIENCE).await;
    assert_eq!(exchange.result.unwrap().status, 503);
    let exchange = post(&client, &url("failed"), PATIENCE).await;
    assert_eq!(exchange.result.unwrap().status, 200);
    assert_eq!((old.requests(), new.requests()), (1, 2));
    // What works is not asked for again.
    let before = server.questions();
    for _ in 0..10 {
        let exchange = post(&client, &url("failed"), PATIENCE).await;
        assert_eq!(exchange.result.unwrap().status, 200);
    }
    assert_eq!(server.questions(), before);
}

#[tokio::test]
async fn what_name_servers_say_is_remembered_for_a_moment_and_said_in_words() {
    let server = NameServer::start().await;
    let client = server.client();
    for _ in 0..50 {
        let failure = failure(&client, "http://gone.example.com/", PATIENCE).await;
        assert_eq!(failure.kind, FailureKind::Dns);
        let words = "the host name could not be resolved: the name does not exist";
        assert_eq!(failure.message, words);
    }
    assert!(server.questions() <= 8, "{}", server.questions());
    let failure = failure(&client, "http://hangs.example.com/", PATIENCE).await;
    assert_eq!(failure.kind, FailureKind::Dns);
    assert_eq!(
        failure.message,
        "the host name could not be resolved: no answer within 5 s"
    );
}

#[tokio::test]
async fn a_family_that_is_never_answered_for_does_not_hold_up_the_other() {
    let server = NameServer::start().await;
    let port = answering(OK_CLOSE).await.port();
    let url = format!("http://half.example.com:{port}/");
    let exchange = post(&server.client(), &url, PATIENCE).await;
    assert_eq!(exchange.result.unwrap().status, 200);
    assert!(exchange.duration < WELL_MAX, "{:?}", exchange.duration);
}

#[tokio::test]
async fn a_look_up_ends_with_those_who_wait_for_it() {
    let server = NameServer::start().await;
    let client = server.client();
    let failure = failure(&client, "http://hangs.example.com/", TIMEOUT).await;
    assert_eq!(failure.kind, FailureKind::Timeout);
    let given_back = async {
        while client.inner.connector.lookups.running() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WELL_MAX, given_back).await.unwrap();
}
