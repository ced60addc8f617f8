//! How deliveries speak TLS: the roots that are trusted and the one protocol inside.
//!
//! Owns: the client side's configuration. Refuses: certificates of hookpost's own server.
//!
//! # Why built-in roots
//! The binary runs in empty containers without a system store, and behaves the same everywhere. An
//! operator with an own authority adds it as a PEM file.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::net::client::ClientError;

/// A configuration that trusts the public roots and those in `extra_roots_pem`.
pub(super) fn client_config(extra_roots_pem: Option<&[u8]>) -> Result<ClientConfig, ClientError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(pem) = extra_roots_pem {
        add_roots(&mut roots, pem)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn add_roots(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), ClientError> {
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| ClientError::Roots(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| ClientError::Roots(error.to_string()))?;
    }
    if roots.len() == before {
        return Err(ClientError::Roots("no certificate in the file".to_owned()));
    }
    Ok(())
}
