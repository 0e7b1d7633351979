//! Whom we trust: the system's authorities, and one file of the operator's (`[inbound] ca_file`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

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

/// A client that trusts the system's authorities and those in `ca_file`.
pub(super) fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TlsSetupError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        // A connection that needs them fails by itself.
        tracing::warn!(%error, "some of the system's certificate authorities cannot be read");
    }
    roots.add_parsable_certificates(native.certs);
    if let Some(path) = ca_file {
        let unreadable = |source| TlsSetupError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
            .map_err(unreadable)?
            .collect::<Result<_, _>>()
            .map_err(unreadable)?;
        if roots.add_parsable_certificates(certificates).0 == 0 {
            return Err(TlsSetupError::Empty(path.to_owned()));
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_empty_certificate_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let error = client_config(Some(&path)).unwrap_err();
        assert!(matches!(&error, TlsSetupError::Unreadable { path: named, .. } if *named == path));
        std::fs::write(&path, "no certificate").unwrap();
        assert!(matches!(client_config(Some(&path)), Err(TlsSetupError::Empty(_))));
    }
}
