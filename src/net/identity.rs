//! Certificates of a webhook's own: what it shows to its receiver, and whom it trusts.
//!
//! Owns: checking them when they are saved, and the TLS that is spoken with them. Refuses: keeping them,
//! and the rules for what a receiver shows (`tls`).
//!
//! # Why such a webhook has TLS of its own
//! Who shows a certificate is known for the whole connection and whatever is resumed from it. So neither
//! is ever shared: each such webhook has a configuration of its own, whose number is part of the key
//! under which its connections rest.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsConnector;
use x509_parser::certificate::X509Certificate;

use crate::domain::time::Timestamp;

/// Bytes of PEM that a certificate with its chain, a key or authorities may have.
pub const PEM_BYTES_MAX: usize = 32 * 1024;
/// Certificates that one such PEM may hold.
pub const CERTIFICATES_MAX: usize = 16;
/// Characters of a subject that are kept.
const SUBJECT_CHARS_MAX: usize = 256;

/// Numbers the configurations; nought is the one that all others share.
static NUMBERED: AtomicU64 = AtomicU64::new(1);

/// What certificates say of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Whose the first is.
    pub subject: String,
    /// When the first of them ends.
    pub expires_at: Timestamp,
}

/// TLS that one webhook speaks.
#[derive(Clone)]
pub struct OwnTls {
    pub(super) connector: TlsConnector,
    pub(super) number: u64,
}

impl OwnTls {
    pub(super) fn new(config: rustls::ClientConfig) -> Self {
        Self {
            connector: TlsConnector::from(Arc::new(config)),
            number: NUMBERED.fetch_add(1, Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for OwnTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnTls({})", self.number)
    }
}

/// Checks a client's certificate, with those that vouch for it behind it, and its key.
///
/// # Errors
/// The field at fault, `certificate` or `private_key`, and a sentence.
pub fn check_identity(
    certificate: &str,
    private_key: &str,
    now: Timestamp,
) -> Result<CertificateFacts, (&'static str, String)> {
    let of_certificate = |message: String| ("certificate", message);
    let chain = certificates(certificate).map_err(of_certificate)?;
    let facts = judge(&chain, now).map_err(of_certificate)?;
    check_order(&chain).map_err(of_certificate)?;
    let key = key(private_key).map_err(|message| ("private_key", message.to_owned()))?;
    let provider = rustls::crypto::ring::default_provider();
    match CertifiedKey::from_der(chain, key, &provider) {
        Ok(_) => Ok(facts),
        Err(rustls::Error::InconsistentKeys(_)) => {
            let message = "does not fit the certificate; the first certificate must be the key's";
            Err(("private_key", message.to_owned()))
        }
        Err(_) => {
            let message = "is of a kind that TLS can't use; RSA, ECDSA and Ed25519 will do";
            Err(("private_key", message.to_owned()))
        }
    }
}

/// Checks authorities that are to be trusted.
pub fn check_authorities(pem: &str, now: Timestamp) -> Result<CertificateFacts, String> {
    let authorities = certificates(pem)?;
    judge(&authorities, now)
}

pub(super) fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    if pem.len() > PEM_BYTES_MAX {
        return Err(format!("must have at most {PEM_BYTES_MAX} bytes"));
    }
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let found = found.map_err(|_| "can't be read as PEM".to_owned())?;
    if found.is_empty() {
        return Err("must hold a certificate in PEM (-----BEGIN CERTIFICATE-----)".to_owned());
    }
    if found.len() > CERTIFICATES_MAX {
        return Err(format!("must hold at most {CERTIFICATES_MAX} certificates"));
    }
    Ok(found)
}

pub(super) fn key(pem: &str) -> Result<PrivateKeyDer<'static>, &'static str> {
    if pem.len() > PEM_BYTES_MAX {
        return Err("is longer than a key can be");
    }
    if pem.contains("ENCRYPTED") {
        return Err("is encrypted; give it without a passphrase");
    }
    PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| "must be a private key in PEM (-----BEGIN PRIVATE KEY-----)")
}

/// What the certificates say; none may have ended.
fn judge(chain: &[CertificateDer<'_>], now: Timestamp) -> Result<CertificateFacts, String> {
    let mut facts: Option<CertificateFacts> = None;
    for der in chain {
        let certificate = parsed(der)?;
        let ends = certificate.validity().not_after.timestamp();
        let expires_at = Timestamp::from_millis(ends.saturating_mul(1000));
        let subject: String = certificate.subject().to_string();
        let subject: String = subject.chars().take(SUBJECT_CHARS_MAX).collect();
        if expires_at <= now {
            let ended = expires_at.rfc3339();
            return Err(format!("has expired: that of {subject:?} ended at {ended}"));
        }
        facts = Some(match facts {
            None => CertificateFacts {
                subject,
                expires_at,
            },
            Some(first) => CertificateFacts {
                expires_at: first.expires_at.min(expires_at),
                ..first
            },
        });
    }
    facts.ok_or_else(|| "must hold a certificate".to_owned())
}

/// Each certificate is issued by the next.
fn check_order(chain: &[CertificateDer<'_>]) -> Result<(), String> {
    for pair in chain.windows(2) {
        let (own, next) = (parsed(&pair[0])?, parsed(&pair[1])?);
        if own.issuer().as_raw() != next.subject().as_raw() {
            let message = "is out of order: each certificate must be followed by its issuer's";
            return Err(message.to_owned());
        }
    }
    Ok(())
}

fn parsed<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, String> {
    x509_parser::parse_x509_certificate(der)
        .map(|(_, certificate)| certificate)
        .map_err(|_| "holds something that is no X.509 certificate".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse("2026-01-01T00:00:00Z").unwrap()
    }

    fn issued(
        ends: i32,
        issuer: Option<&rcgen::Issuer<'_, rcgen::KeyPair>>,
    ) -> (String, rcgen::KeyPair) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["client.example".to_owned()]).unwrap();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "a client");
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(ends, 1, 2);
        let made = match issuer {
            Some(issuer) => params.signed_by(&key, issuer),
            None => params.self_signed(&key),
        };
        (made.unwrap().pem(), key)
    }

    #[test]
    fn a_certificate_and_its_key_say_whose_they_are_and_until_when() {
        let (pem, key) = issued(2030, None);
        let facts = check_identity(&pem, &key.serialize_pem(), now()).unwrap();
        assert!(facts.subject.contains("a client"), "{facts:?}");
        assert_eq!(facts.expires_at.rfc3339(), "2030-01-02T00:00:00.000Z");
        assert_eq!(check_authorities(&pem, now()).unwrap(), facts);
    }

    #[test]
    fn what_is_wrong_with_a_certificate_or_its_key_is_said_of_the_field() {
        let (pem, key) = issued(2030, None);
        let (other, other_key) = issued(2030, None);
        let key = key.serialize_pem();
        let check = |certificate: &str, private_key: &str, field: &str, words: &str| {
            let (found, message) = check_identity(certificate, private_key, now()).unwrap_err();
            assert_eq!(found, field, "{message}");
            assert!(message.contains(words), "{message}");
        };
        check("", &key, "certificate", "must hold a certificate");
        check(&key, &key, "certificate", "must hold a certificate");
        let long = "x".repeat(PEM_BYTES_MAX + 1);
        check(&long, &key, "certificate", "at most");
        check(&pem.repeat(17), &key, "certificate", "at most");
        check(&pem, &pem, "private_key", "must be a private key");
        check(
            &pem,
            &other_key.serialize_pem(),
            "private_key",
            "does not fit",
        );
        let encrypted = key.replace("PRIVATE", "ENCRYPTED PRIVATE");
        check(&pem, &encrypted, "private_key", "without a passphrase");
        check(
            &format!("{other}{pem}"),
            &key,
            "private_key",
            "does not fit",
        );
        let (ended, ended_key) = issued(2025, None);
        let ended_key = ended_key.serialize_pem();
        check(&ended, &ended_key, "certificate", "ended at 2025-01-02");
    }

    #[test]
    fn a_chain_is_in_order_and_ends_with_the_first_of_it() {
        let mut authority = rcgen::CertificateParams::default();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let named = rcgen::DnType::CommonName;
        authority.distinguished_name.push(named, "an authority");
        authority.not_after = rcgen::date_time_ymd(2028, 1, 2);
        let authority_key = rcgen::KeyPair::generate().unwrap();
        let above = authority.self_signed(&authority_key).unwrap().pem();
        let issuer = rcgen::Issuer::new(authority, authority_key);
        let (pem, key) = issued(2030, Some(&issuer));
        let (stranger, _) = issued(2030, None);
        let key = key.serialize_pem();
        let facts = check_identity(&format!("{pem}{above}"), &key, now()).unwrap();
        assert_eq!(facts.expires_at.rfc3339(), "2028-01-02T00:00:00.000Z");
        let unordered = format!("{pem}{stranger}");
        let (field, message) = check_identity(&unordered, &key, now()).unwrap_err();
        assert_eq!(field, "certificate");
        assert!(message.contains("out of order"), "{message}");
    }
}
