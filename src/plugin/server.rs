//! The gRPC server: the provider, go-plugin's services beside it, and the order of start and end.

use std::io::{self, Write as _};
use std::time::Duration;

use tonic::transport::Server;
use tonic_health::ServingStatus;

use super::About;
use super::broker::Broker;
use super::connection::{self, Clients};
use super::controller::Controller;
use super::environment::Environment;
use super::handshake::{self, HandshakeLine, Mode};
use super::host;
use super::listener::{ListenError, Listener};
use super::proto::go_plugin::{
    grpc_broker_server::GrpcBrokerServer, grpc_controller_server::GrpcControllerServer,
    grpc_stdio_server::GrpcStdioServer,
};
use super::proto::tfplugin5::provider_server::{Provider, ProviderServer};
use super::shutdown::{Reason, Shutdown};
use super::stdio::Stdio;
use super::tls::{MutualTls, TlsError};

/// The largest message in either direction, in bytes: what providers written in Go allow. States of thousands
/// of databases are far above gRPC's usual 4 MiB.
const MAX_MESSAGE: usize = 256 << 20;

/// How long clients may take to be done with their connections once the end was asked for and nothing holds it up.
/// A host that asked for it kills after two seconds.
const DRAIN: Duration = Duration::from_secs(1);

/// The name under which go-plugin asks for the state of health.
const HEALTH_SERVICE: &str = "plugin";

/// Everything that [`serve`] wants to know besides the provider.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the process says about itself.
    pub about: About,
    /// What the host said.
    pub environment: Environment,
    /// Who is served.
    pub mode: Mode,
    /// Ends the server.
    pub shutdown: Shutdown,
}

/// The provider cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No socket.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// No TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The system does not tell of the host's end.
    #[error("cannot watch the host")]
    Host(#[source] io::Error),
    /// Standard output is closed, or is not a pipe that can be written to.
    #[error("cannot write the handshake to standard output")]
    Handshake(#[source] io::Error),
    /// The gRPC server gave up.
    #[error("the gRPC server failed")]
    Transport(#[from] tonic::transport::Error),
}

/// Serves `service` until the host or `options.shutdown` asks for the end.
///
/// Prints the handshake (or, in debug mode, the reattach variable) on standard output when it is ready.
///
/// # Errors
///
/// When there is no way to listen, to secure or to announce the server. Calls that fail are no errors here.
pub async fn serve<S: Provider>(service: S, options: Options) -> Result<(), ServeError> {
    let Options { about, environment, mode, shutdown } = options;
    if mode == Mode::Host && !environment.offers_our_protocol() {
        tracing::warn!("the host does not offer protocol version 5, the only one that is served");
    }

    let tls = match (&environment.client_certificate, mode) {
        (Some(certificate), Mode::Host) => Some(MutualTls::new(certificate)?),
        (None, Mode::Host) | (_, Mode::Debug) => None,
    };
    let listener = Listener::bind(&environment).await?;
    let clients = Clients::new();

    // Announced before anything is accepted, but after the kernel accepts for us.
    match mode {
        Mode::Host => {
            host::watch(clients.watch(), &shutdown).map_err(ServeError::Host)?;
            handshake::announce(&HandshakeLine {
                address: listener.address(),
                certificate: tls.as_ref().map(|tls| &tls.certificate),
                multiplexing_wanted: environment.multiplexing_wanted,
            })
        }
        Mode::Debug => {
            let hint = handshake::reattach_hint(&about, listener.address(), std::process::id());
            io::stdout().lock().write_all(hint.as_bytes())
        }
    }
    .map_err(ServeError::Handshake)?;

    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status(HEALTH_SERVICE, ServingStatus::Serving).await;
    let server = Server::builder()
        .add_service(
            ProviderServer::new(service)
                .max_decoding_message_size(MAX_MESSAGE)
                .max_encoding_message_size(MAX_MESSAGE),
        )
        .add_service(GrpcControllerServer::new(Controller { shutdown: shutdown.clone() }))
        .add_service(GrpcStdioServer::new(Stdio { shutdown: shutdown.clone() }))
        .add_service(GrpcBrokerServer::new(Broker { shutdown: shutdown.clone() }))
        .add_service(health_service);

    let (incoming, listening) = connection::accept(listener, tls, clients);
    let drained = server.serve_with_incoming_shutdown(incoming, shutdown.requested());
    let overdue = async {
        shutdown.requested().await;
        // The host waits for its answers, unless it asked for the end itself or is gone.
        if shutdown.reason() == Some(Reason::Signal) {
            shutdown.released().await;
        }
        tokio::time::sleep(DRAIN).await;
    };
    let served = tokio::select! {
        served = drained => served,
        () = overdue => Ok(()),
    };
    // The stream of clients is dropped by now, so this is the removal of the socket.
    let _ = listening.await;
    shutdown.released().await;
    Ok(served?)
}
