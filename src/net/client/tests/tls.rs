//! Certificates and handshakes.

use super::*;

#[tokio::test]
async fn broken_tls_is_a_tls_failure() {
    let plain = serve(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        // Stay until the client has seen it and gone, so that no reset overtakes the answer.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let closes = serve(|mut stream| async move {
        let _ = stream.read(&mut [0; 16_384]).await;
    })
    .await;
    let unknown_authority = tls_receiver(&Certificates::new(&["127.0.0.1"])).await;
    let check = async |address: SocketAddr, words: &str| {
        let failure = failure(&client(), &format!("https://{address}/"), PATIENCE).await;
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (FailureKind::Tls, words)
        );
    };
    check(
        plain,
        "the TLS connection failed: the receiver does not speak TLS",
    )
    .await;
    check(
        closes,
        "the receiver closed the connection during the TLS handshake",
    )
    .await;
    let words = "the TLS connection failed: the certificate comes from an unknown authority";
    check(unknown_authority, words).await;
}

/// A certificate authority and a receiver's certificate signed by it.
pub(super) struct Certificates {
    pub(super) authority_pem: String,
    chain: rustls::pki_types::CertificateDer<'static>,
    key: rustls::pki_types::PrivateKeyDer<'static>,
}

impl Certificates {
    pub(super) fn new(names: &[&str]) -> Self {
        let mut authority = rcgen::CertificateParams::default();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority_key = rcgen::KeyPair::generate().unwrap();
        let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
        let issuer = rcgen::Issuer::new(authority, authority_key);
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let chain = certificate.der().clone();
        Self {
            authority_pem,
            chain,
            key: key.serialize_der().try_into().unwrap(),
        }
    }
}

/// Speaks TLS and answers 200 to everything.
pub(super) async fn tls_receiver(certificates: &Certificates) -> SocketAddr {
    let acceptor = acceptor(certificates);
    serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                answer_all(stream, Arc::from(OK.as_bytes())).await;
            }
        }
    })
    .await
}

/// Whether the end of a connection is announced as TLS demands.
#[derive(Clone, Copy, Debug)]
enum Farewell {
    Told,
    Untold,
}

/// Answers one request of each connection, reads a second one and closes.
async fn answering_once(certificates: &Certificates, farewell: Farewell) -> SocketAddr {
    let acceptor = acceptor(certificates);
    serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            if request(&mut stream).await.is_some() {
                stream.write_all(OK.as_bytes()).await.unwrap();
                let _second = request(&mut stream).await;
                if let Farewell::Told = farewell {
                    let _gone = stream.shutdown().await;
                }
            }
        }
    })
    .await
}

pub(super) fn acceptor(certificates: &Certificates) -> tokio_rustls::TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificates.chain.clone()],
            certificates.key.clone_key(),
        )
        .unwrap();
    Arc::new(config).into()
}

#[tokio::test]
async fn an_operators_authority_is_trusted_for_its_own_names_only() {
    let certificates = Certificates::new(&["127.0.0.1", "hooks.example.com"]);
    let address = tls_receiver(&certificates).await;
    let options = ClientOptions {
        extra_roots_pem: Some(certificates.authority_pem.clone().into_bytes()),
        lookup: Lookup::Scripted(Arc::new(|_| Ok(vec![ip("127.0.0.1")]))),
        ..Default::default()
    };
    let client = Client::new(guard(), &options).unwrap();
    let port = address.port();
    for host in ["127.0.0.1", "hooks.example.com"] {
        let url = format!("https://{host}:{port}/");
        assert_eq!(
            post(&client, &url, PATIENCE).await.result.unwrap().status,
            200,
            "{host}"
        );
    }
    let failure = failure(
        &client,
        &format!("https://other.example.com:{port}/"),
        PATIENCE,
    )
    .await;
    assert_eq!(failure.kind, FailureKind::Tls);
    assert_eq!(
        failure.message,
        "the TLS connection failed: the certificate is for another name"
    );
}

/// A certificate that signs itself, named `hooks.example.com`, and a receiver that shows it.
async fn self_signed(
    is_ca: rcgen::IsCa,
    shape: impl FnOnce(&mut rcgen::CertificateParams),
) -> (SocketAddr, Vec<u8>) {
    let mut params = rcgen::CertificateParams::new(vec!["hooks.example.com".to_owned()]).unwrap();
    params.is_ca = is_ca;
    shape(&mut params);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let certificates = Certificates {
        authority_pem: certificate.pem(),
        chain: certificate.der().clone(),
        key: key.serialize_der().try_into().unwrap(),
    };
    let address = tls_receiver(&certificates).await;
    (address, certificates.authority_pem.into_bytes())
}

fn trusting(pem: Option<Vec<u8>>) -> Client {
    let options = ClientOptions {
        extra_roots_pem: pem,
        lookup: Lookup::Scripted(Arc::new(|_| Ok(vec![ip("127.0.0.1")]))),
        ..Default::default()
    };
    Client::new(guard(), &options).unwrap()
}

const AUTHORITY: rcgen::IsCa = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);

#[tokio::test]
async fn a_self_signed_certificate_that_the_operator_names_is_accepted_as_itself() {
    for is_ca in [AUTHORITY, rcgen::IsCa::NoCa, rcgen::IsCa::ExplicitNoCa] {
        let (address, pem) = self_signed(is_ca, |_| {}).await;
        let url = format!("https://hooks.example.com:{}/", address.port());
        let named = post(&trusting(Some(pem.clone())), &url, PATIENCE).await;
        assert_eq!(named.result.expect("named").status, 200, "{is_ca:?}");
        let other = format!("https://other.example.com:{}/", address.port());
        let failure = failure(&trusting(Some(pem)), &other, PATIENCE).await;
        assert!(
            failure.message.ends_with("is for another name"),
            "{}",
            failure.message
        );
    }
}

#[tokio::test]
async fn a_named_certificate_vouches_for_nobody_but_itself() {
    let (_, named) = self_signed(AUTHORITY, |_| {}).await;
    // The same names and the same subject, and another key.
    for is_ca in [AUTHORITY, rcgen::IsCa::NoCa] {
        let (impostor, _) = self_signed(is_ca, |_| {}).await;
        let url = format!("https://hooks.example.com:{}/", impostor.port());
        let failure = failure(&trusting(Some(named.clone())), &url, PATIENCE).await;
        assert_eq!(failure.kind, FailureKind::Tls, "{is_ca:?}");
        assert!(
            failure
                .message
                .starts_with("the TLS connection failed: the certificate"),
            "{}",
            failure.message
        );
    }
}

#[tokio::test]
async fn several_named_certificates_are_each_accepted() {
    let receivers = [
        self_signed(AUTHORITY, |_| {}).await,
        self_signed(AUTHORITY, |_| {}).await,
    ];
    let pem = receivers.iter().flat_map(|(_, pem)| pem.clone()).collect();
    let client = trusting(Some(pem));
    for (address, _) in receivers {
        let url = format!("https://hooks.example.com:{}/", address.port());
        let exchange = post(&client, &url, PATIENCE).await;
        assert_eq!(exchange.result.unwrap().status, 200);
    }
}

#[tokio::test]
async fn an_encrypted_connection_that_ends_when_it_is_used_again_costs_no_attempt() {
    let certificates = Certificates::new(&["127.0.0.1"]);
    for farewell in [Farewell::Told, Farewell::Untold] {
        let address = answering_once(&certificates, farewell).await;
        let options = ClientOptions {
            extra_roots_pem: Some(certificates.authority_pem.clone().into_bytes()),
            ..Default::default()
        };
        let client = Client::new(guard(), &options).unwrap();
        for _ in 0..20 {
            let exchange = post(&client, &format!("https://{address}/"), PATIENCE).await;
            assert_eq!(exchange.result.unwrap().status, 200, "{farewell:?}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_said_in_words() {
    let check = async |is_ca: rcgen::IsCa,
                       shape: fn(&mut rcgen::CertificateParams),
                       named: bool,
                       words: &str| {
        let (address, pem) = self_signed(is_ca, shape).await;
        let url = format!("https://hooks.example.com:{}/", address.port());
        let failure = failure(&trusting(named.then_some(pem)), &url, PATIENCE).await;
        assert_eq!(failure.kind, FailureKind::Tls);
        let expected = format!("the TLS connection failed: the certificate {words}");
        assert_eq!(failure.message, expected);
    };
    let old = |params: &mut rcgen::CertificateParams| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    };
    let early = |params: &mut rcgen::CertificateParams| {
        params.not_before = rcgen::date_time_ymd(4000, 1, 1);
    };
    let for_clients = |params: &mut rcgen::CertificateParams| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    };
    check(AUTHORITY, old, true, "has expired").await;
    check(rcgen::IsCa::NoCa, old, true, "has expired").await;
    check(AUTHORITY, early, true, "is not valid yet").await;
    check(
        rcgen::IsCa::NoCa,
        for_clients,
        true,
        "is not meant for servers",
    )
    .await;
    check(
        rcgen::IsCa::NoCa,
        |_| {},
        false,
        "comes from an unknown authority",
    )
    .await;
    let authority = "is an authority's own, and not among those that are trusted by name";
    check(AUTHORITY, |_| {}, false, authority).await;
}

#[test]
fn a_file_without_certificates_is_refused_at_start() {
    for pem in [
        "",
        "hello",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let extra_roots_pem = Some(pem.as_bytes().to_vec());
        let options = ClientOptions {
            extra_roots_pem,
            ..Default::default()
        };
        let error = Client::new(guard(), &options).err().expect(pem);
        assert!(
            error.to_string().starts_with("the extra root certificates"),
            "{error}"
        );
    }
}
