//! How deliveries speak TLS: the roots that are trusted and the one protocol inside.
//!
//! Owns: the client side's configuration, and the words for what is wrong with a certificate.
//! Refuses: certificates of hookpost's own server.
//!
//! # Why built-in roots
//! The binary runs in empty containers without a system store, and behaves the same everywhere. An
//! operator with an own authority adds it as a PEM file.
//!
//! # Why a certificate may vouch for itself
//! Many tools make a self-signed certificate that says it is an authority. The library refuses such a
//! one as a server's, whoever gave it. An operator who names exactly this certificate has said
//! everything that an authority could: it is accepted as itself, with its date and its names.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError,
    RootCertStore, SignatureScheme,
};

use crate::net::identity::{certificates, key};
use crate::net::options::ClientError;

/// What one webhook's connections have beside what all have.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OwnCertificates<'a> {
    /// Authorities, in PEM.
    pub(super) authorities: Option<&'a [u8]>,
    /// The client's certificate with its chain, and its key, in PEM.
    pub(super) identity: Option<(&'a str, &'a str)>,
}

/// A configuration that trusts the public roots and those in `extra_roots_pem`.
pub(super) fn client_config(
    extra_roots_pem: Option<&[u8]>,
    own: OwnCertificates<'_>,
) -> Result<ClientConfig, ClientError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let mut named = Vec::new();
    for pem in [extra_roots_pem, own.authorities].into_iter().flatten() {
        named.extend(add_roots(&mut roots, pem)?);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new(roots, named, Arc::clone(&provider))?;
    let unusable = |error: Error| ClientError::Tls(error.to_string());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match own.identity {
        None => config.with_no_client_auth(),
        Some((chain, private_key)) => {
            let chain = certificates(chain).map_err(ClientError::Tls)?;
            let private_key = key(private_key);
            let private_key = private_key.map_err(|words| ClientError::Tls(words.to_owned()))?;
            config
                .with_client_auth_cert(chain, private_key)
                .map_err(unusable)?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn add_roots(
    roots: &mut RootCertStore,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let mut named = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| ClientError::Roots(error.to_string()))?;
        roots
            .add(certificate.clone())
            .map_err(|error| ClientError::Roots(error.to_string()))?;
        named.push(certificate);
    }
    if named.is_empty() {
        return Err(ClientError::Roots("no certificate in the file".to_owned()));
    }
    Ok(named)
}

/// The library's verifier, and one exception. See the module's head.
#[derive(Debug)]
struct Verifier {
    usual: Arc<WebPkiServerVerifier>,
    /// What the operator named.
    named: Vec<CertificateDer<'static>>,
}

impl Verifier {
    fn new(
        roots: RootCertStore,
        named: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, ClientError> {
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| ClientError::Tls(error.to_string()))?;
        Ok(Self { usual, named })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = self.usual.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match judged {
            // The date is judged before this error is found, the key by the handshake's signature.
            Err(Error::InvalidCertificate(error))
                if is_authority(&error) && self.named.contains(end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// Whether a server's certificate was refused because it is an authority's.
fn is_authority(error: &CertificateError) -> bool {
    webpki_error(error).is_some_and(|error| matches!(error, webpki::Error::CaUsedAsEndEntity))
}

/// The finer error behind the library's "other".
fn webpki_error(error: &CertificateError) -> Option<&webpki::Error> {
    let CertificateError::Other(OtherError(error)) = error else {
        return None;
    };
    error.downcast_ref()
}

/// What is wrong, in words. rustls quotes the names and addresses in a certificate; they describe
/// whatever machine was reached, so they are left out.
pub(super) fn tls_words(error: &Error) -> String {
    let words = match error {
        Error::InvalidCertificate(error) => certificate_words(error),
        Error::InvalidMessage(_) => "the receiver does not speak TLS",
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the receiver demands a client certificate"
        }
        Error::AlertReceived(alert) => {
            let about = if is_about_client(*alert) {
                " of the client certificate"
            } else {
                ""
            };
            return format!("the TLS connection failed: the receiver said {alert:?}{about}");
        }
        Error::NoCertificatesPresented => "the receiver shows no certificate",
        Error::PeerIncompatible(_) => "the receiver speaks no version or cipher of TLS in common",
        // The enum is open; what is left are breaches that only the receiver can mend.
        _ => "the handshake broke TLS's rules",
    };
    format!("the TLS connection failed: {words}")
}

/// What a server says of nothing but the certificate that it was shown.
fn is_about_client(alert: AlertDescription) -> bool {
    use AlertDescription as A;
    matches!(
        alert,
        A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateRevoked
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::UnknownCA
    )
}

fn certificate_words(error: &CertificateError) -> &'static str {
    use CertificateError as C;
    match error {
        C::Expired | C::ExpiredContext { .. } => "the certificate has expired",
        C::NotValidYet | C::NotValidYetContext { .. } => "the certificate is not valid yet",
        C::UnknownIssuer => "the certificate comes from an unknown authority",
        C::NotValidForName | C::NotValidForNameContext { .. } => {
            "the certificate is for another name"
        }
        C::Revoked => "the certificate was revoked",
        C::BadEncoding => "the certificate can't be read",
        C::BadSignature => "the certificate's signature does not fit its authority or its key",
        C::UnhandledCriticalExtension => "the certificate demands something unknown",
        C::InvalidPurpose | C::InvalidPurposeContext { .. } => {
            "the certificate is not meant for servers"
        }
        C::UnsupportedSignatureAlgorithmContext { .. }
        | C::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the certificate's key or signature is of a kind that is not accepted"
        }
        // The enum is open; the library's own error says more.
        other => webpki_error(other).map_or("the certificate is not valid", webpki_words),
    }
}

fn webpki_words(error: &webpki::Error) -> &'static str {
    use webpki::Error as E;
    match error {
        E::CaUsedAsEndEntity => {
            "the certificate is an authority's own, and not among those that are trusted by name"
        }
        E::EndEntityUsedAsCa => "the certificate was issued by one that is no authority",
        E::NameConstraintViolation => "the certificate's authority may not issue for this name",
        E::PathLenConstraintViolated => {
            "the certificate's chain is longer than its authority allows"
        }
        E::UnsupportedCertVersion => "the certificate is of an outdated version",
        E::InvalidCertValidity => "the certificate's dates contradict each other",
        // The enum is open too; what is left are faults in how the certificate was made.
        _ => "the certificate is not valid",
    }
}
