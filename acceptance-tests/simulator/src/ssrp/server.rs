//! The UDP socket of one host's SQL Server Browser.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio_util::task::AbortOnDropHandle;

use super::message::{self, Instance, Request};

/// Its port, which no client can choose.
pub const PORT: u16 = 1434;

/// More than any request has.
const LARGEST: usize = 512;

/// What the service of a host has to tell.
pub trait Directory: Send + Sync + 'static {
    /// The instances that it shows now; none where the service does not run.
    fn instances(&self) -> Vec<Instance>;

    /// Whether a name needs the zero at its end.
    fn wants_zero(&self) -> bool;
}

/// SQL Server Browser of one host. Dropping it closes its socket.
#[derive(Debug)]
pub struct Browser {
    address: SocketAddr,
    _running: AbortOnDropHandle<()>,
}

impl Browser {
    /// Takes the service's port at an address of loopback.
    ///
    /// # Errors
    /// When the address is none of this machine, or something has its port already.
    pub async fn claim(ip: Ipv4Addr) -> io::Result<UdpSocket> {
        if !ip.is_loopback() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not an address of loopback"));
        }
        UdpSocket::bind((ip, PORT)).await
    }

    /// Answers at a socket from [`Self::claim`].
    ///
    /// # Errors
    /// When the socket does not know where it is.
    pub fn serve(socket: UdpSocket, directory: Arc<impl Directory>) -> io::Result<Self> {
        let address = socket.local_addr()?;
        let running = tokio::spawn(answer(socket, directory));
        Ok(Self { address, _running: AbortOnDropHandle::new(running) })
    }

    /// Where it is asked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn answer(socket: UdpSocket, directory: Arc<impl Directory>) {
    let mut datagram = [0; LARGEST];
    loop {
        // An error is about an earlier answer that nobody took.
        let Ok((length, client)) = socket.recv_from(&mut datagram).await else { continue };
        let wants_zero = directory.wants_zero();
        let request = datagram.get(..length).and_then(|asked| Request::read(asked, wants_zero));
        let answer = request.and_then(|request| message::answer(&request, &directory.instances()));
        if let Some(answer) = answer
            && let Err(error) = socket.send_to(&answer, client).await
        {
            tracing::debug!("an answer of SQL Server Browser was not sent: {error}");
        }
    }
}
