//! hookpost's own certificate.
//!
//! Owns: reading it and its key, and reading both again once they change. Refuses: the roots that
//! deliveries trust (`net`).
//!
//! # Why the files are looked at again and again
//! Certificates live for weeks and are renewed by somebody else's timer. Whoever renews one replaces
//! the files, often through a chain of links that no file watcher sees whole; their content does not
//! lie. New connections are greeted with the new certificate, open ones keep what they agreed on.
//!
//! # Why a bad pair changes nothing
//! Two files are not replaced in one moment. In between, or after a mistake, the pair does not fit;
//! then the one in force stays, and the log says so once.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context, bail};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::task::JoinHandle;

use crate::config::TlsFiles;

/// How often the files are looked at.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The certificate in force.
#[derive(Debug)]
pub(super) struct Certificate {
    files: TlsFiles,
    in_force: RwLock<Arc<CertifiedKey>>,
}

/// The content of both files.
#[derive(PartialEq, Eq)]
struct CertificateText {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl Certificate {
    /// Reads the certificate that `files` hold.
    ///
    /// # Errors
    /// Names the file that can't be used.
    pub(super) fn read(files: &TlsFiles) -> anyhow::Result<Arc<Self>> {
        let certified = certified(&CertificateText::read(files)?, files)?;
        Ok(Arc::new(Self {
            files: files.clone(),
            in_force: RwLock::new(Arc::new(certified)),
        }))
    }

    /// How hookpost speaks TLS with this certificate, and with each that follows it.
    ///
    /// # Errors
    /// Where the library refuses its own defaults.
    pub(super) fn server_config(self: &Arc<Self>) -> anyhow::Result<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth();
        Ok(config.with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>))
    }

    /// Puts each new pair of files in force, until the task is ended.
    pub(super) fn keep_fresh(self: Arc<Self>) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut seen = None;
            loop {
                let own = Arc::clone(&self);
                let looked = tokio::task::spawn_blocking(move || own.look(seen));
                let Ok(now) = looked.await else { return };
                seen = now;
                tokio::time::sleep(LOOK_EVERY).await;
            }
        })
    }

    /// Looks at the files, and answers what was seen.
    fn look(&self, seen: Option<CertificateText>) -> Option<CertificateText> {
        let content = match CertificateText::read(&self.files) {
            Ok(content) => content,
            // In the middle of being replaced; the next look sees the new one.
            Err(_) => return seen,
        };
        if seen.is_none() || seen.as_ref() == Some(&content) {
            return Some(content);
        }
        match certified(&content, &self.files) {
            Ok(fresh) => {
                let mut in_force = self
                    .in_force
                    .write()
                    .unwrap_or_else(PoisonError::into_inner);
                *in_force = Arc::new(fresh);
                tracing::info!("the certificate was replaced");
            }
            Err(error) => {
                tracing::warn!(error = %format!("{error:#}"), "the new certificate can't be used; the old one stays");
            }
        }
        Some(content)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let in_force = self.in_force.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&in_force))
    }
}

impl CertificateText {
    fn read(files: &TlsFiles) -> anyhow::Result<Self> {
        let cert = std::fs::read(&files.cert);
        let cert =
            cert.with_context(|| format!("cannot read the certificate {}", files.cert.display()))?;
        let key = std::fs::read(&files.key);
        let key = key.with_context(|| format!("cannot read the key {}", files.key.display()))?;
        Ok(Self { cert, key })
    }
}

fn certified(content: &CertificateText, files: &TlsFiles) -> anyhow::Result<CertifiedKey> {
    let shown = |path: &Path| path.display().to_string();
    let chain = CertificateDer::pem_slice_iter(&content.cert)
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("cannot read the certificate {}", shown(&files.cert)))?;
    if chain.is_empty() {
        bail!("no certificate in {}", shown(&files.cert));
    }
    let key = PrivateKeyDer::from_pem_slice(&content.key)
        .with_context(|| format!("cannot read the key {}", shown(&files.key)))?;
    let provider = rustls::crypto::ring::default_provider();
    CertifiedKey::from_der(chain, key, &provider).with_context(|| {
        format!(
            "the key does not fit the certificate {}",
            shown(&files.cert)
        )
    })
}
