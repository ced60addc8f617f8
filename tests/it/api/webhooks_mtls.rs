//! `auth` of the type `mtls` and `ca` on `/api/v1/webhooks`, against receivers that speak TLS and demand
//! a client's certificate.

use std::sync::{Arc, Mutex};

use hookpost::clock::Clock;
use hookpost::domain::time::Timestamp;
use reqwest::StatusCode;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::app::TestApp;
use crate::receiver::Receiver;

const WEBHOOKS: &str = "/api/v1/webhooks";

fn path(webhook: &Value) -> String {
    format!("{WEBHOOKS}/{}", webhook["id"].as_str().unwrap())
}

/// Issues certificates.
struct Authority {
    pem: String,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

/// A certificate and its key, in PEM.
struct Issued {
    certificate: String,
    private_key: String,
}

impl Authority {
    fn new() -> Self {
        Self::named("an authority")
    }

    fn named(name: &str) -> Self {
        let mut params = rcgen::CertificateParams::default();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        Self {
            pem: params.self_signed(&key).unwrap().pem(),
            issuer: rcgen::Issuer::new(params, key),
        }
    }

    fn issue(&self, name: &str) -> Issued {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2039, 1, 2);
        Issued {
            certificate: params.signed_by(&key, &self.issuer).unwrap().pem(),
            private_key: key.serialize_pem(),
        }
    }
}

impl Issued {
    fn auth(&self) -> Value {
        json!({"type": "mtls", "certificate": self.certificate, "private_key": self.private_key})
    }

    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()
    }
}

/// Answers 200 to whoever shows a certificate of its authority, and keeps what was shown.
struct StrictReceiver {
    url: String,
    shown: Arc<Mutex<Vec<CertificateDer<'static>>>>,
}

impl StrictReceiver {
    async fn start(authority: &Authority) -> Self {
        let own = authority.issue("receiver.test");
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap();
        roots.add(root).unwrap();
        let verifier = WebPkiClientVerifier::builder(Arc::new(roots));
        let config = rustls::ServerConfig::builder()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![own.der()],
                PrivateKeyDer::from_pem_slice(own.private_key.as_bytes()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shown = Arc::<Mutex<Vec<_>>>::default();
        let kept = Arc::clone(&shown);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, kept) = (acceptor.clone(), Arc::clone(&kept));
                tokio::spawn(async move {
                    match acceptor.accept(stream).into_fallible().await {
                        Ok(mut stream) => {
                            let shown = stream.get_ref().1.peer_certificates().unwrap();
                            kept.lock().unwrap().push(shown[0].clone().into_owned());
                            answer_all(&mut stream).await;
                        }
                        // Stay until the client has read why, so that no reset overtakes it.
                        Err((_, mut stream)) => {
                            let _gone = stream.read_to_end(&mut Vec::new()).await;
                        }
                    }
                });
            }
        });
        Self {
            url: format!("https://receiver.test:{port}/hook"),
            shown,
        }
    }

    fn shown(&self) -> Vec<CertificateDer<'static>> {
        self.shown.lock().unwrap().clone()
    }
}

/// Answers each request once its body is whole; bodies are JSON objects that end with `}`.
async fn answer_all(stream: &mut (impl AsyncRead + AsyncWriteExt + Unpin)) {
    let mut buffer = Vec::new();
    while let Ok(1..) = stream.read_buf(&mut buffer).await {
        let text = String::from_utf8_lossy(&buffer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let mut lines = head.lines();
        let length = lines.find_map(|line| line.strip_prefix("content-length: "));
        if body.len() == length.unwrap().parse::<usize>().unwrap() {
            buffer.clear();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            stream.flush().await.unwrap();
        }
    }
}

async fn webhook(app: &TestApp, url: &str, more: Value) -> Value {
    let mut body = json!({"url": url, "event_types": ["*"]});
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED)
}

async fn tested(app: &TestApp, webhook: &Value) -> Value {
    let test = format!("{}/test", path(webhook));
    app.post(&test, &json!({})).await.json(StatusCode::OK)
}

/// On a day on which the certificates of these tests hold.
async fn start() -> TestApp {
    let clock = Clock::manual(Timestamp::parse("2026-06-01T00:00:00Z").unwrap());
    TestApp::start_at(clock).await
}

#[tokio::test]
async fn a_receiver_that_demands_a_certificate_gets_the_webhooks_own() {
    let app = start().await;
    let authority = Authority::new();
    let receiver = StrictReceiver::start(&authority).await;
    let (first, second) = (authority.issue("first"), authority.issue("second"));
    let mut auth = first.auth();
    auth["ca"] = json!(authority.pem);
    let made = webhook(&app, &receiver.url, json!({"auth": auth})).await;
    let shown = json!({"type": "mtls", "certificate": "***", "private_key": "***", "ca": "***",
        "subject": "CN=first", "expires_at": "2039-01-02T00:00:00.000Z"});
    assert_eq!(made["auth"], shown);
    assert_eq!(made["ca"], "***");
    assert!(made["ca_expires_at"].is_string(), "{made}");
    let ca = json!({"auth": second.auth(), "ca": authority.pem});
    let other = webhook(&app, &receiver.url, ca).await;
    assert_eq!(tested(&app, &made).await["success"], true);
    assert_eq!(tested(&app, &other).await["success"], true);
    assert_eq!(receiver.shown(), [first.der(), second.der()]);
    // Sent back as it was shown, it stays.
    let same = json!({"auth": shown, "label": "x"});
    let changed = app.patch(&path(&made), &same).await.json(StatusCode::OK);
    assert_eq!(changed["auth"], shown);
    assert_eq!(tested(&app, &made).await["success"], true);
    assert_eq!(receiver.shown().last(), Some(&first.der()));
    // Without authorities of its own, nobody vouches for the receiver.
    let none = json!({"ca": null});
    let changed = app.patch(&path(&made), &none).await.json(StatusCode::OK);
    assert_eq!(
        (&changed["ca"], &changed["auth"]["ca"]),
        (&Value::Null, &Value::Null)
    );
    let failed = tested(&app, &made).await;
    assert_eq!(failed["error_kind"], "tls", "{failed}");
    assert!(
        failed["error"]
            .as_str()
            .unwrap()
            .contains("unknown authority"),
        "{failed}"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_client_certificate_is_said() {
    let app = start().await;
    let authority = Authority::new();
    let receiver = StrictReceiver::start(&authority).await;
    let check = async |webhook: &Value, words: &str| {
        let failed = tested(&app, webhook).await;
        assert_eq!(failed["error_kind"], "tls", "{failed}");
        let error = failed["error"].as_str().unwrap();
        assert!(error.contains(words), "{error}");
    };
    let ca = json!({"ca": authority.pem});
    let without = webhook(&app, &receiver.url, ca).await;
    check(&without, "the receiver demands a client certificate").await;
    let stranger = Authority::named("another").issue("stranger");
    let ca = json!({"ca": authority.pem, "auth": stranger.auth()});
    let strange = webhook(&app, &receiver.url, ca).await;
    check(&strange, "of the client certificate").await;
    assert_eq!(receiver.shown(), []);
    let fit = authority.issue("fit");
    let ca = json!({"ca": authority.pem, "auth": fit.auth()});
    let expiring = webhook(&app, &receiver.url, ca).await;
    assert_eq!(tested(&app, &expiring).await["success"], true);
}

#[tokio::test]
async fn faulty_certificates_are_refused_with_the_field() {
    let app = start().await;
    let authority = Authority::new();
    let (own, other) = (authority.issue("own"), authority.issue("other"));
    let check = async |auth: Value, field: &str| {
        let body = json!({"url": "https://example.com/", "event_types": ["*"], "auth": auth});
        app.post(WEBHOOKS, &body).await.invalid(field);
    };
    let with = |member: &str, value: Value| {
        let mut auth = own.auth();
        auth[member] = value;
        auth
    };
    check(with("certificate", Value::Null), "auth.certificate").await;
    check(with("certificate", json!("***")), "auth.certificate").await;
    check(
        with("certificate", json!(own.private_key)),
        "auth.certificate",
    )
    .await;
    check(with("private_key", Value::Null), "auth.private_key").await;
    check(with("private_key", json!("***")), "auth.private_key").await;
    check(
        with("private_key", json!(other.private_key)),
        "auth.private_key",
    )
    .await;
    check(with("token", json!("x")), "auth.token").await;
    check(with("ca", json!("no PEM")), "auth.ca").await;
    let faulty = json!({"url": "https://example.com/", "event_types": ["*"], "ca": "***"});
    app.post(WEBHOOKS, &faulty).await.invalid("ca");
    // A header of that name stands beside a certificate as it may beside nothing.
    let both = json!({"auth": own.auth(), "headers": {"authorization": "Bearer x"}});
    let made = webhook(&app, "https://example.com/hook", both).await;
    assert_eq!(made["headers"]["authorization"], "***");
}

#[tokio::test]
async fn a_private_key_does_not_follow_the_url_to_another_origin() {
    let app = start().await;
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    let own = Authority::new().issue("own");
    let made = webhook(&app, &old.url("/hook"), json!({"auth": own.auth()})).await;
    let moved = json!({"url": new.url("/hook")});
    app.patch(&path(&made), &moved).await.invalid("auth");
    let moved = json!({"url": new.url("/hook"), "auth": own.auth()});
    app.patch(&path(&made), &moved).await.json(StatusCode::OK);
}
