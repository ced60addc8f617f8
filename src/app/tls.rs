//! hookpost's own certificate.
//!
//! Owns: reading it and its key. Refuses: the roots that deliveries trust (`net`).

use std::sync::Arc;

use anyhow::{Context, bail};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;

/// How hookpost speaks TLS with this certificate.
///
/// # Errors
/// Names the file that can't be used.
pub(super) fn server_config(files: &TlsFiles) -> anyhow::Result<ServerConfig> {
    let cert = files.cert.display();
    let chain = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("cannot read the certificate {cert}"))?;
    if chain.is_empty() {
        bail!("no certificate in {cert}");
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .with_context(|| format!("cannot read the key {}", files.key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| format!("the key does not fit the certificate {cert}"))
}
