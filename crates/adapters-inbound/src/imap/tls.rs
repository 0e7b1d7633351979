//! Whom we trust: the system's authorities, and one file of the operator's (`[inbound] ca_file`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;

/// Why the file of authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// It cannot be read, or is no PEM.
    #[error("the certificate file {} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// It holds no certificate that could be an authority.
    #[error("the certificate file {} holds no usable certificate", .0.display())]
    Empty(PathBuf),
}

/// Whom a client trusts: the system's authorities and those of one file.
///
/// The file is read at once, so that a fault in it is told when the process starts. The system's, of which there are hundreds
/// in as many files, are read for the first connection that wants TLS: a start must not wait for them.
#[derive(Debug)]
pub(super) struct Authorities {
    own: Vec<CertificateDer<'static>>,
    config: OnceCell<Arc<ClientConfig>>,
}

impl Authorities {
    /// The system's authorities and those in `ca_file`.
    pub(super) fn new(ca_file: Option<&Path>) -> Result<Self, TlsSetupError> {
        let own = ca_file.map(certificates).transpose()?.unwrap_or_default();
        Ok(Self {
            own,
            config: OnceCell::new(),
        })
    }

    /// A client that trusts them.
    pub(super) async fn client_config(&self) -> Arc<ClientConfig> {
        let make = || async {
            let own = self.own.clone();
            let made = tokio::task::spawn_blocking(move || client_config(own)).await;
            made.expect("certificates that cannot be read are left out")
        };
        self.config.get_or_init(make).await.clone()
    }
}

/// The certificates in a file, of which one at least can be an authority.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    let unreadable = |source| TlsSetupError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(unreadable)?
        .collect::<Result<_, _>>()
        .map_err(unreadable)?;
    let (usable, _) = RootCertStore::empty().add_parsable_certificates(certificates.iter().cloned());
    if usable == 0 {
        return Err(TlsSetupError::Empty(path.to_owned()));
    }
    Ok(certificates)
}

/// Authorities of the system that cannot be read are left out with a warning: a connection that needs them fails by itself.
fn client_config(own: Vec<CertificateDer<'static>>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::warn!(%error, "some of the system's certificate authorities cannot be read");
    }
    roots.add_parsable_certificates(native.certs);
    roots.add_parsable_certificates(own);
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_empty_certificate_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let error = Authorities::new(Some(&path)).unwrap_err();
        assert!(matches!(&error, TlsSetupError::Unreadable { path: named, .. } if *named == path));
        std::fs::write(&path, "no certificate").unwrap();
        assert!(matches!(
            Authorities::new(Some(&path)),
            Err(TlsSetupError::Empty(_))
        ));
    }
}
