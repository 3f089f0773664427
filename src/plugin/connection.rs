//! Clients: accepted, authenticated, counted, and handed to gRPC as one type of stream.
//!
//! Each TLS handshake runs in a task of its own, so that a stranger who connects and says nothing holds up
//! nobody. Only clients that got through are counted: strangers can neither keep the process alive nor end it.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use super::listener::Listener;
use super::tls::MutualTls;

/// How long a client may take for its TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait after a failed accept, which is a lack of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Any byte stream.
pub(super) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// A client that may make calls. Counted until it is dropped.
pub(super) struct Connection {
    transport: Box<dyn Transport>,
    _counted: Counted,
}

/// The number of clients that are connected.
#[derive(Debug, Clone)]
pub(super) struct Clients(watch::Sender<usize>);

impl Clients {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    pub(super) fn watch(&self) -> watch::Receiver<usize> {
        self.0.subscribe()
    }

    fn count(&self) -> Counted {
        self.0.send_modify(|clients| *clients += 1);
        Counted(self.0.clone())
    }
}

/// Accepts clients until the stream is dropped. Without `tls` every client gets in. The handle ends when the
/// listener is closed and its socket removed.
pub(super) fn accept(
    listener: Listener,
    tls: Option<MutualTls>,
    clients: Clients,
) -> (ReceiverStream<Result<Connection, Infallible>>, JoinHandle<()>) {
    let (accepted, incoming) = mpsc::channel(1);
    let accepting = tokio::spawn(async move {
        loop {
            let transport = tokio::select! {
                transport = listener.accept() => transport,
                () = accepted.closed() => return,
            };
            match transport {
                Ok(transport) => {
                    let (accepted, clients) = (accepted.clone(), clients.clone());
                    let acceptor = tls.as_ref().map(|tls| tls.acceptor.clone());
                    tokio::spawn(async move {
                        let secured = match acceptor {
                            Some(acceptor) => secure(transport, &acceptor).await,
                            None => Ok(transport),
                        };
                        match secured {
                            Ok(transport) => {
                                let connection = Connection { transport, _counted: clients.count() };
                                // Fails when the server has ended: then the client is late.
                                let _ = accepted.send(Ok(connection)).await;
                            }
                            Err(error) => tracing::warn!(%error, "a client was refused"),
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a client");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    });
    (ReceiverStream::new(incoming), accepting)
}

async fn secure(
    transport: Box<dyn Transport>,
    acceptor: &tokio_rustls::TlsAcceptor,
) -> io::Result<Box<dyn Transport>> {
    let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(transport));
    let stream = handshake.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    Ok(Box::new(stream))
}

/// One client in the count.
struct Counted(watch::Sender<usize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|clients| *clients = clients.saturating_sub(1));
    }
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(cx)
    }
}
