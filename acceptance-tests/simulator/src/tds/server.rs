//! The listener of one engine.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::backend::Backend;
use super::handshake::Acceptors;
use super::{connection, handshake};

/// An engine that listens on loopback. Dropping it closes its port and its connections.
#[derive(Debug)]
pub struct TdsServer {
    address: SocketAddr,
    stop: CancellationToken,
    running: Option<JoinHandle<()>>,
}

impl TdsServer {
    /// Listens on a port of loopback; 0 takes a free one.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub async fn start<B: Backend>(backend: Arc<B>, tls: ServerConfig, port: u16) -> io::Result<Self> {
        Self::start_at(backend, tls, (Ipv4Addr::LOCALHOST, port).into()).await
    }

    /// Listens at an address of loopback.
    ///
    /// # Errors
    /// When the address is not of loopback or cannot be had.
    pub async fn start_at<B: Backend>(
        backend: Arc<B>,
        mut tls: ServerConfig,
        address: SocketAddr,
    ) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not an address of loopback"));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        // TLS inside the packets ends at 1.2: drivers do not see the end of a newer handshake there.
        let inside = ServerConfig::builder_with_provider(Arc::clone(tls.crypto_provider()))
            .with_protocol_versions(&[&rustls::version::TLS12])
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&tls.cert_resolver));
        tls.alpn_protocols = vec![b"tds/8.0".to_vec()];
        let acceptor = Acceptors {
            inside: TlsAcceptor::from(Arc::new(inside)),
            around: TlsAcceptor::from(Arc::new(tls)),
        };
        let stop = CancellationToken::new();
        let running = tokio::spawn(accept(listener, backend, acceptor, stop.clone()));
        Ok(Self { address, stop, running: Some(running) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening and closes all connections.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(running) = self.running.take() {
            // A panic of the listener was reported where it happened.
            let _ = running.await;
        }
    }
}

impl Drop for TdsServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Serves a connection to its end.
async fn serve<B: Backend>(
    backend: Arc<B>,
    tls: Acceptors,
    socket: TcpStream,
    peer: SocketAddr,
) -> io::Result<()> {
    if !backend.is_up() {
        return Ok(());
    }
    // Answers are flushed when they are whole: there is nothing that is worth waiting for.
    socket.set_nodelay(true)?;
    let server = backend.server();
    let deadline = server.login_deadline;
    let signing_in = handshake::read_login(&server, &tls, socket, peer);
    let Ok(signed_in) = tokio::time::timeout(deadline, signing_in).await else {
        return Err(io::Error::new(io::ErrorKind::TimedOut, "no login before the deadline"));
    };
    let (stream, login) = signed_in?;
    connection::serve(backend, &server, stream, login).await
}

async fn accept<B: Backend>(
    listener: TcpListener,
    backend: Arc<B>,
    acceptor: Acceptors,
    stop: CancellationToken,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => {
                let Ok((socket, peer)) = accepted else { continue };
                let (backend, acceptor) = (Arc::clone(&backend), acceptor.clone());
                connections.spawn(async move {
                    if let Err(error) = serve(backend, acceptor, socket, peer).await {
                        tracing::debug!("a TDS connection ended: {error}");
                    }
                });
            }
            Some(_ended) = connections.join_next() => {}
        }
    }
    connections.shutdown().await;
}
