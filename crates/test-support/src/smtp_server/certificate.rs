//! A certificate of the moment, its own authority.

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;

/// A self-signed certificate: give [`pem`](Self::pem) to the client as its authority.
#[derive(Clone)]
pub struct TestCertificate {
    pem: String,
    config: Arc<ServerConfig>,
}

impl TestCertificate {
    /// A valid certificate for `host`, a name or an address.
    pub fn for_host(host: &str) -> Self {
        Self::with(host, |_| {})
    }

    /// A certificate for `host` that ended in 2001.
    pub fn expired_for_host(host: &str) -> Self {
        Self::with(host, |params| {
            params.not_before = rcgen::date_time_ymd(2000, 1, 1);
            params.not_after = rcgen::date_time_ymd(2001, 1, 1);
        })
    }

    fn with(host: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::new(vec![host.to_owned()]).expect("the host is a valid name");
        change(&mut params);
        let key = KeyPair::generate().expect("ring makes keys");
        let certificate = params.self_signed(&key).expect("the parameters are complete");
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows the default protocol versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .expect("certificate and key belong together");
        Self {
            pem: certificate.pem(),
            config: Arc::new(config),
        }
    }

    /// The certificate in PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    pub(super) fn acceptor(&self) -> tokio_rustls::TlsAcceptor {
        self.config.clone().into()
    }
}
