use std::sync::Arc;

use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::stop::Stop;

/// TLS with the certificates that the operating system trusts; they are read only if they are needed.
pub(super) fn config(needed: bool) -> Result<TlsConfig, Stop> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
    if !needed {
        return Ok(builder.build());
    }
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        return Err(Stop::Unreachable("this machine has no certificates to trust a server by".to_owned()));
    }
    let certificates: Vec<_> = found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    Ok(builder.root_certs(RootCerts::new_with_certs(&certificates)).build())
}
