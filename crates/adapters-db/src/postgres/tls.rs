//! TLS to the server, by rustls. A connection that is to be protected is verified too.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Why there is no TLS to be had.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of certificates does not do.
    #[error("the certificates in {} cannot be used", .path.display())]
    File {
        /// As configured.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// The file of certificates holds none.
    #[error("{} holds no certificate", .0.display())]
    NoCertificate(PathBuf),
    /// A certificate that is none.
    #[error("a trusted certificate cannot be used")]
    Certificate(#[source] rustls::Error),
    /// The system trusts nobody.
    #[error("the system has no trusted certificates: install ca-certificates, or name a file of them")]
    NoRoots(#[source] Option<io::Error>),
}

/// A connector that trusts the certificates in the file, or the system's.
pub(crate) fn connector(trusted: Option<&Path>) -> Result<MakeRustlsConnect, TlsError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = trusted {
        let unusable = |source| TlsError::File {
            path: path.to_owned(),
            source,
        };
        for certificate in CertificateDer::pem_file_iter(path).map_err(unusable)? {
            roots
                .add(certificate.map_err(unusable)?)
                .map_err(TlsError::Certificate)?;
        }
        if roots.is_empty() {
            return Err(TlsError::NoCertificate(path.to_owned()));
        }
    } else {
        let native = rustls_native_certs::load_native_certs();
        let (_added, _ignored) = roots.add_parsable_certificates(native.certs);
        if roots.is_empty() {
            let cause = native.errors.into_iter().next().map(io::Error::other);
            return Err(TlsError::NoRoots(cause));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring does the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
