//! The host's side of the go-plugin contract, as far as tests of the executable need it: starts the provider,
//! reads its handshake, connects with the certificate that it made for it.
//!
//! Certificates are made as go-plugin makes them (P-521, `CA:TRUE`), because that is what the server's verifier
//! must cope with.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P521_SHA512,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

use terraform_provider_milink::plugin::environment::MAGIC_COOKIE;

/// Both versions, as in a default configuration.
pub(crate) const TLS: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

/// A certificate and its key, as a host makes them for each plugin that it starts.
pub(crate) struct HostCertificate {
    pub(crate) pem: String,
    pub(crate) der: CertificateDer<'static>,
    pub(crate) key: Vec<u8>,
}

impl HostCertificate {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "localhost");
        params.distinguished_name.push(DnType::OrganizationName, "HashiCorp");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::KeyAgreement,
            KeyUsagePurpose::KeyCertSign,
        ];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), der: certificate.der().clone(), key: key.serialize_der() }
    }
}

/// A command that runs the provider as a host does, with nothing of this process's environment.
pub(crate) fn provider() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_terraform-provider-milink"));
    command
        .env_clear()
        .env(MAGIC_COOKIE.0, MAGIC_COOKIE.1)
        .env("PLUGIN_PROTOCOL_VERSIONS", "6,5")
        .env("PLUGIN_MIN_PORT", "10000")
        .env("PLUGIN_MAX_PORT", "25000")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// A provider that has said where it listens.
pub(crate) struct Plugin {
    pub(crate) child: Child,
    pub(crate) stdout: BufReader<ChildStdout>,
    pub(crate) stderr: BufReader<ChildStderr>,
    /// The line, without its end.
    pub(crate) line: String,
}

impl Plugin {
    /// Starts `command` and reads the first line of its output.
    pub(crate) async fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        within(stdout.read_line(&mut line)).await.unwrap();
        assert!(line.ends_with('\n'), "no handshake but {line:?}");
        line.pop();
        Self { child, stdout, stderr, line }
    }

    /// Starts the provider as a host with mutual TLS does.
    pub(crate) async fn start_with(certificate: &HostCertificate) -> Self {
        let mut command = provider();
        command.env("PLUGIN_CLIENT_CERT", &certificate.pem);
        Self::start(command).await
    }

    pub(crate) fn field(&self, index: usize) -> &str {
        self.line.split('|').nth(index).unwrap()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        assert_eq!(self.field(2), "unix", "{}", self.line);
        PathBuf::from(self.field(3))
    }

    /// The certificate of the handshake.
    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        CertificateDer::from(STANDARD_NO_PAD.decode(self.field(5)).unwrap())
    }

    /// Raw TLS, as a host with `client` does it: trusts the handshake's certificate only.
    pub(crate) async fn tls(&self, client: ClientConfig) -> std::io::Result<TlsStream<UnixStream>> {
        let socket = UnixStream::connect(self.socket()).await?;
        let name = ServerName::try_from("localhost").unwrap();
        within(TlsConnector::from(Arc::new(client)).connect(name, socket)).await
    }

    /// A client configuration that trusts this plugin; the identity is for the caller to add.
    pub(crate) fn trust(
        &self,
        versions: &[&'static SupportedProtocolVersion],
    ) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate()).unwrap();
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
    }

    /// A client configuration as the host of `certificate` uses it.
    pub(crate) fn identified(
        &self,
        certificate: &HostCertificate,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ClientConfig {
        let key = PrivatePkcs8KeyDer::from(certificate.key.clone()).into();
        let mut config =
            self.trust(versions).with_client_auth_cert(vec![certificate.der.clone()], key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }

    /// A gRPC channel with mutual TLS.
    pub(crate) async fn channel(&self, certificate: &HostCertificate) -> Channel {
        channel(self.tls(self.identified(certificate, TLS)).await.unwrap()).await
    }

    /// A gRPC channel without TLS.
    pub(crate) async fn plain_channel(&self) -> Channel {
        channel(UnixStream::connect(self.socket()).await.unwrap()).await
    }

    /// Reads standard error until a line contains `text`, and gives that line.
    pub(crate) async fn stderr_line(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            let read = within(self.stderr.read_line(&mut line)).await.unwrap();
            assert_ne!(read, 0, "standard error ended without {text:?}");
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Waits for the end of the process: its status, and what else it printed.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        within(self.stdout.read_to_string(&mut rest)).await.unwrap();
        (within(self.child.wait()).await.unwrap(), rest)
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
    }
}

/// A channel over a connection that exists. There is only one: a second connect fails.
pub(crate) async fn channel<T>(stream: T) -> Channel
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let mut stream = Some(stream);
    let connector = tower::service_fn(move |_: tonic::codegen::http::Uri| {
        let stream = stream.take().ok_or_else(|| std::io::Error::other("connected already"));
        async move { stream.map(TokioIo::new) }
    });
    within(Endpoint::from_static("http://localhost").connect_with_connector(connector)).await.unwrap()
}

/// Waits for what must happen. The limit only keeps a failing test from hanging.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(120), future).await.expect("nothing happened for two minutes")
}
