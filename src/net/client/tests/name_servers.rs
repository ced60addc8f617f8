//! Look-ups at a real name server that answers for some names and never for others.

use tokio::net::UdpSocket;

use super::*;

const OK_CLOSE: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// No delivery to a receiver that is well may take longer, whoever else hangs.
const WELL_MAX: Duration = Duration::from_secs(1);

const KIND_A: u16 = 1;
const NO_ERROR: u8 = 0;
const NO_SUCH_NAME: u8 = 3;

/// A name server on loopback. Names that begin with `good` mean 127.0.0.1, those that begin with
/// `gone` do not exist, those that begin with `half` have an address and are never answered for the
/// other family, and nothing is ever said about the rest.
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
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                asked.fetch_add(1, Ordering::SeqCst);
                if let Some(answer) = answer(&buffer[..length]) {
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
fn answer(message: &[u8]) -> Option<Vec<u8>> {
    const HEAD: usize = 12;
    let name_length = message[HEAD..].iter().position(|byte| *byte == 0)? + 1;
    let first = &message[HEAD + 1..];
    let end = HEAD + name_length + 4;
    let kind = u16::from_be_bytes([message[end - 4], message[end - 3]]);
    let has_address = kind == KIND_A;
    let code = match first {
        [b'g', b'o', b'o', b'd', ..] => NO_ERROR,
        [b'h', b'a', b'l', b'f', ..] if has_address => NO_ERROR,
        [b'g', b'o', b'n', b'e', ..] => NO_SUCH_NAME,
        _ => return None,
    };
    let answers = u8::from(has_address && code == NO_ERROR);
    let mut reply = message[..2].to_vec();
    reply.extend([0x81, 0x80 | code, 0, 1, 0, answers, 0, 0, 0, 0]);
    reply.extend(&message[HEAD..end]);
    if answers > 0 {
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1]);
    }
    Some(reply)
}

fn sender(workspace: i64) -> Sender {
    Sender {
        workspace,
        webhook: 1,
    }
}

async fn hanging_names_hold_up_nobody(hanging: usize) {
    let server = NameServer::start().await;
    let port = answering(OK_CLOSE).await.port();
    let client = server.client();
    let url = move |name: String| format!("http://{name}.example.com:{port}/");
    let known = url("good-known".to_owned());
    post(&client, &known, PATIENCE).await.result.unwrap();
    for n in 0..hanging {
        let (client, url) = (client.clone(), url(format!("hangs-{n}")));
        tokio::spawn(async move { post_as(&client, sender(1), &url, PATIENCE).await });
    }
    let mut took = Vec::new();
    for n in 0..30 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        for (workspace, url) in [(1, known.clone()), (2, url(format!("good-{n}")))] {
            let exchange = post_as(&client, sender(workspace), &url, PATIENCE).await;
            assert_eq!(exchange.result.expect(&url).status, 200);
            took.push(exchange.duration);
        }
    }
    took.sort_unstable();
    let (median, most) = (took[took.len() / 2], took[took.len() - 1]);
    println!("{hanging} names without an answer: median {median:?}, at most {most:?}");
    assert!(most < WELL_MAX, "{most:?}");
}

#[tokio::test]
async fn two_hundred_hanging_names_hold_up_nobody() {
    hanging_names_hold_up_nobody(200).await;
}

#[tokio::test]
async fn fifteen_hundred_hanging_names_hold_up_nobody() {
    hanging_names_hold_up_nobody(1500).await;
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
