//! A receiver that counts what reaches it.

use super::*;

pub(super) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// A receiver that counts its connections and its requests.
pub(super) struct Counted {
    pub(super) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Counted {
    /// Answers `answers` requests of a connection with `answer` and closes it without a word.
    pub(super) async fn closing_after(answers: usize, answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::talking(ANYWHERE, "", move |turn| {
            (turn < answers).then(|| Arc::clone(&answer))
        })
        .await
    }

    /// Answers every request of a connection with `answer` and keeps it open.
    pub(super) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        Self::closing_after(usize::MAX, answer).await
    }

    /// The same at an address of the machine; port 0 is any.
    pub(super) async fn answering_at(ip: IpAddr, port: u16, answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::talking((ip, port), "", move |_| Some(Arc::clone(&answer))).await
    }

    /// Answers the requests of a connection with one of `answers` each, and then closes it.
    pub(super) async fn answering_in_turn<const N: usize>(
        answers: [impl Into<Vec<u8>>; N],
    ) -> Self {
        let answers = answers.map(|answer| Arc::from(answer.into()));
        Self::talking(ANYWHERE, "", move |turn| answers.get(turn).cloned()).await
    }

    /// Says `greeting` before anybody asks, and never answers.
    pub(super) async fn greeting(greeting: &'static str) -> Self {
        Self::talking(ANYWHERE, greeting, |_| Some(Arc::from(Vec::new()))).await
    }

    /// Says `greeting`, and to each request of a connection what `answer` gives for its number; to
    /// one that has none it says nothing and closes.
    async fn talking(
        place: (IpAddr, u16),
        greeting: &'static str,
        answer: impl Fn(usize) -> Option<Arc<[u8]>> + Clone + Send + Sync + 'static,
    ) -> Self {
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(AtomicUsize::new(0));
        let (made, asked) = (Arc::clone(&connections), Arc::clone(&requests));
        let address = serve_at(place, move |mut stream| {
            made.fetch_add(1, Ordering::SeqCst);
            let (asked, answer) = (Arc::clone(&asked), answer.clone());
            async move {
                let mut sent = stream.write_all(greeting.as_bytes()).await;
                let mut turn = 0;
                while let (Ok(()), Some(answer)) = (&sent, answer(turn)) {
                    if request(&mut stream).await.is_none() {
                        return;
                    }
                    asked.fetch_add(1, Ordering::SeqCst);
                    sent = stream.write_all(&answer).await;
                    turn += 1;
                }
            }
        })
        .await;
        Self {
            address,
            connections,
            requests,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Connections that were made.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Requests that came whole.
    pub(super) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}
