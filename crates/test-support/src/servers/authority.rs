//! A certificate authority of one server's own, and the certificate that it signed.

use std::path::Path;
use std::{fs, io};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// Writes the authority's certificate to `ca_file`, and the server's key and certificate for `host`, `localhost` and
/// `127.0.0.1` to `server_file`, all as PEM.
pub(super) fn write_certificates(host: &str, ca_file: &Path, server_file: &Path) -> io::Result<()> {
    let make = || -> Result<_, rcgen::Error> {
        let mut authority = CertificateParams::new([])?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let names = [host, "localhost", "127.0.0.1"].map(str::to_owned);
        let certificate = CertificateParams::new(names)?.signed_by(&key, &authority)?;
        Ok((
            authority.pem(),
            format!("{}{}", key.serialize_pem(), certificate.pem()),
        ))
    };
    let (authority, chain) = make().map_err(io::Error::other)?;
    fs::write(ca_file, authority)?;
    fs::write(server_file, chain)
}
