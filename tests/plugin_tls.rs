//! Who gets in: the host that started the process, and nobody else. Drives the executable over its socket.

#![cfg(unix)]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a surprise ends the test that it happened in")]

use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ProtocolVersion, SignatureScheme};
use terraform_provider_milink::plugin::proto::tfplugin5::get_provider_schema;
use terraform_provider_milink::plugin::proto::tfplugin5::provider_client::ProviderClient;
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use x509_parser::prelude::*;

use self::plugin_support::{HostCertificate, Plugin, TLS, channel, within};

#[cfg(test)]
mod plugin_support;

#[tokio::test]
async fn the_handshake_carries_the_certificate_of_the_server() {
    let host = HostCertificate::new();
    let plugin = Plugin::start_with(&host).await;

    let fields: Vec<&str> = plugin.line.split('|').collect();
    assert_eq!(fields[..3], ["1", "5", "unix"]);
    assert_eq!(fields[4], "grpc");
    assert_eq!(fields.len(), 6);
    assert!(!fields[5].contains('='), "padding breaks the host's decoder");

    let announced = plugin.certificate();
    let (_, certificate) = X509Certificate::from_der(&announced).unwrap();
    assert!(certificate.validity().is_valid());
    let stream = plugin.tls(plugin.identified(&host, TLS)).await.unwrap();
    let (_, session) = stream.get_ref();
    assert_eq!(session.peer_certificates().unwrap(), [announced]);
}

#[tokio::test]
async fn the_host_gets_in_with_either_version_of_tls() {
    let host = HostCertificate::new();
    let plugin = Plugin::start_with(&host).await;
    for (version, expected) in [
        (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
        (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
    ] {
        let stream = plugin.tls(plugin.identified(&host, &[version])).await.unwrap();
        let (_, session) = stream.get_ref();
        assert_eq!(session.protocol_version(), Some(expected));
        assert_eq!(session.alpn_protocol(), Some(b"h2".as_slice()), "newer hosts insist on ALPN");
        schema_is_answered(channel(stream).await).await;
    }
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused() {
    let plugin = Plugin::start_with(&HostCertificate::new()).await;
    for versions in [TLS, &[&rustls::version::TLS12]] {
        refused(&plugin, plugin.trust(versions).with_no_client_auth()).await;
    }
}

#[tokio::test]
async fn a_client_with_another_certificate_is_refused() {
    let plugin = Plugin::start_with(&HostCertificate::new()).await;
    let stranger = HostCertificate::new();
    for versions in [TLS, &[&rustls::version::TLS12]] {
        refused(&plugin, plugin.identified(&stranger, versions)).await;
    }
}

#[tokio::test]
async fn a_client_with_the_certificate_but_not_its_key_is_refused() {
    let host = HostCertificate::new();
    let plugin = Plugin::start_with(&host).await;
    let key = PrivatePkcs8KeyDer::from(HostCertificate::new().key).into();
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
    let thief = Arc::new(Fixed(Arc::new(CertifiedKey::new(vec![host.der.clone()], key))));
    for versions in [TLS, &[&rustls::version::TLS12]] {
        refused(&plugin, plugin.trust(versions).with_client_cert_resolver(thief.clone())).await;
    }
}

#[tokio::test]
async fn strangers_who_say_nothing_hold_up_nobody() {
    let host = HostCertificate::new();
    let plugin = Plugin::start_with(&host).await;
    let mut strangers = Vec::new();
    for _ in 0..20 {
        strangers.push(UnixStream::connect(plugin.socket()).await.unwrap());
    }
    schema_is_answered(plugin.channel(&host).await).await;
}

#[tokio::test]
async fn without_a_certificate_of_the_host_there_is_no_tls() {
    let plugin = Plugin::start(plugin_support::provider()).await;
    assert_eq!(plugin.field(5), "");
    schema_is_answered(plugin.plain_channel().await).await;
}

#[tokio::test]
async fn with_one_nobody_gets_in_without_tls() {
    let plugin = Plugin::start_with(&HostCertificate::new()).await;
    let mut socket = UnixStream::connect(plugin.socket()).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut socket, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = within(socket.read_to_end(&mut answer)).await;
    // At most a TLS alert (record type 21), never a frame of HTTP/2.
    assert!(matches!(answer.first(), None | Some(21)), "{answer:?}");
}

#[tokio::test]
async fn what_is_no_certificate_stops_the_start() {
    let mut command = plugin_support::provider();
    command.env("PLUGIN_CLIENT_CERT", "no certificate");
    let output = within(command.output()).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("PLUGIN_CLIENT_CERT holds no certificate"), "{stderr}");
}

/// With TLS 1.3 a client learns only from its first read that it was refused.
async fn refused(plugin: &Plugin, client: ClientConfig) {
    let refusal = match plugin.tls(client).await {
        Ok(mut stream) => {
            let mut answer = Vec::new();
            let refusal = within(stream.read_to_end(&mut answer)).await;
            assert!(answer.is_empty(), "the server spoke to a stranger: {answer:?}");
            refusal.expect_err("a stranger is refused")
        }
        Err(refusal) => refusal,
    };
    let cause = refusal.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    assert!(matches!(cause, Some(rustls::Error::AlertReceived(_))), "{refusal:?}");
}

async fn schema_is_answered(channel: tonic::transport::Channel) {
    let schema = within(ProviderClient::new(channel).get_schema(get_provider_schema::Request {})).await;
    assert!(schema.unwrap().into_inner().provider.is_some());
}

/// Presents a certificate without asking whether the key fits.
#[derive(Debug)]
struct Fixed(Arc<CertifiedKey>);

impl ResolvesClientCert for Fixed {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
