//! Mutual TLS as go-plugin does it: two self-signed certificates, each side pins the other's.
//!
//! The host makes a certificate for each process that it starts and passes it in `PLUGIN_CLIENT_CERT`; the
//! plugin makes its own and returns it in the handshake line. No authority is involved, so the only sound check
//! of the client is that it presents exactly that certificate and holds its key. Everything else fails or
//! checks nothing:
//!
//! * webpki refuses the host's certificate as a leaf, because it says `CA:TRUE`; with optional client
//!   authentication any local process may connect, and with it read every secret that a plan contains;
//! * ring does not know P-521, the curve of the host's key, so the host finds no scheme to sign with and sends
//!   no certificate at all. aws-lc-rs knows it.
//!
//! ALPN must offer `h2`: the gRPC library of newer hosts insists.

use std::fmt;
use std::sync::Arc;

use ::aws_lc_rs::constant_time::verify_slices_are_equal;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName as RootHint, ServerConfig, SignatureScheme,
};
use time::{Duration, OffsetDateTime};
use tokio_rustls::TlsAcceptor;

/// Clocks of two processes on one machine agree, but a virtual machine's may be set back while both run.
const CLOCK_SLACK: Duration = Duration::hours(1);

/// Longer than any process lives. The certificate dies with the process anyway.
const VALIDITY: Duration = Duration::days(3650);

/// The server's side of mutual TLS, and the certificate that the handshake announces.
pub(super) struct MutualTls {
    pub(super) acceptor: TlsAcceptor,
    pub(super) certificate: CertificateDer<'static>,
}

/// Mutual TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The host's certificate is not one.
    #[error("PLUGIN_CLIENT_CERT holds no certificate in PEM form")]
    ClientCertificate(#[source] pem::Error),
    /// No certificate of our own.
    #[error("cannot make the server's certificate")]
    ServerCertificate(#[from] rcgen::Error),
    /// The TLS library refuses the settings.
    #[error("cannot set up TLS")]
    Config(#[from] rustls::Error),
}

impl MutualTls {
    /// Makes a certificate and a configuration that lets in the holder of `client_certificate` (PEM) only.
    pub(super) fn new(client_certificate: &str) -> Result<Self, TlsError> {
        let pinned = CertificateDer::from_pem_slice(client_certificate.as_bytes())
            .map_err(TlsError::ClientCertificate)?;
        let (certificate, key) = server_certificate()?;

        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = PinnedClient { certificate: pinned, provider: Arc::clone(&provider) };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_single_cert(vec![certificate.clone()], key)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        // There is one connection: nothing to resume, and each that comes proves itself anew.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }
}

/// A certificate for `localhost`, the name that the host asks for. P-256 is the fastest curve to make a key on.
fn server_certificate() -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(["localhost".to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = OffsetDateTime::now_utc();
    params.not_before = now - CLOCK_SLACK;
    params.not_after = now + VALIDITY;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
}

/// Lets in the one client that presents the pinned certificate and proves that it holds the key.
struct PinnedClient {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for PinnedClient {
    fn root_hint_subjects(&self) -> &[RootHint] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        verify_slices_are_equal(end_entity, &self.certificate)
            .map(|()| ClientCertVerified::assertion())
            .map_err(|_| CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl fmt::Debug for PinnedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinnedClient").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::*;

    use super::*;

    #[test]
    fn the_certificate_is_what_the_host_verifies() {
        let (certificate, _) = server_certificate().unwrap();
        let (_, parsed) = X509Certificate::from_der(&certificate).unwrap();
        let names = parsed.subject_alternative_name().unwrap().unwrap();
        assert_eq!(names.value.general_names, [GeneralName::DNSName("localhost")]);
        assert!(parsed.validity().is_valid());
        assert!(parsed.extended_key_usage().unwrap().unwrap().value.server_auth);
    }

    #[test]
    fn what_is_no_certificate_is_said_so() {
        let error = MutualTls::new("not PEM").err().unwrap();
        assert!(matches!(error, TlsError::ClientCertificate(_)), "{error:?}");
    }
}
