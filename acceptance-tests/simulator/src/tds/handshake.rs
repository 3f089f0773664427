//! A connection from its first byte to its LOGIN7, in each way of encrypting.
//!
//! | client and server agree on | what is encrypted |
//! | --- | --- |
//! | TDS 8.0 (the first byte is TLS) | everything, PRELOGIN included |
//! | on, required | everything after PRELOGIN |
//! | off | the login alone |
//! | not supported | nothing, unless the server insists: then the client gives up |

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::backend::{Credential, Encryption, Server};
use super::login::{self, Federated, Login7, encryption};
use super::packet::{self, DEFAULT_SIZE, LARGEST_STRANGE, kind, malformed};
use super::tls::Wrapped;
use super::token;

/// What a connection runs over once its login is read.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A TLS record of kind handshake: TDS 8.0 begins with it.
const TLS_HANDSHAKE: u8 = 0x16;

/// Reads who wants in.
///
/// # Errors
/// When the connection breaks or is malformed.
pub(super) async fn read_login(
    server: &Server,
    tls: TlsAcceptor,
    mut socket: TcpStream,
    peer: SocketAddr,
) -> io::Result<(Box<dyn Stream>, Login7)> {
    let mut first = [0];
    if socket.peek(&mut first).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if first == [TLS_HANDSHAKE] {
        let mut stream = tls.accept(socket).await?;
        let prelogin = login::read_prelogin(&expect(&mut stream, kind::PRELOGIN).await?)?;
        let says = match server.encryption {
            Encryption::Optional => encryption::OFF,
            Encryption::Required | Encryption::Strict => encryption::REQUIRED,
        };
        answer(&mut stream, &login::write_prelogin(server, says, &prelogin)).await?;
        let login = login(server, &mut stream, peer, true).await?;
        return Ok((Box::new(stream), login));
    }
    if server.encryption == Encryption::Strict {
        return Err(malformed("a client that does not begin with TLS"));
    }
    let prelogin = login::read_prelogin(&expect(&mut socket, kind::PRELOGIN).await?)?;
    let insists = server.encryption == Encryption::Required;
    let chosen = match prelogin.encryption {
        encryption::NOT_SUPPORTED | encryption::OFF if insists => encryption::REQUIRED,
        asked @ (encryption::NOT_SUPPORTED | encryption::OFF) => asked,
        _ => encryption::ON,
    };
    answer(&mut socket, &login::write_prelogin(server, chosen, &prelogin)).await?;
    if chosen == encryption::NOT_SUPPORTED {
        let login = login(server, &mut socket, peer, false).await?;
        return Ok((Box::new(socket), login));
    }
    let mut stream = tls.accept(Wrapped::new(socket)).await?;
    stream.get_mut().0.unwrap_from_now();
    let mut login = login(server, &mut stream, peer, chosen != encryption::OFF).await?;
    if chosen == encryption::OFF {
        // Only the login was encrypted.
        let (inner, _tls) = stream.into_inner();
        login.login.encrypted = false;
        return Ok((Box::new(inner.into_inner()), login));
    }
    Ok((Box::new(stream), login))
}

/// LOGIN7, and what belongs to it.
async fn login(
    server: &Server,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    peer: SocketAddr,
    encrypted: bool,
) -> io::Result<Login7> {
    let body = expect(stream, kind::LOGIN).await?;
    let mut login = login::read_login(&body, peer, encrypted)?;
    if login.federated == Some(Federated::Asks) {
        let Some(federation) = &server.federation else {
            return Err(malformed("a client that asks where to get a token, of a server that takes none"));
        };
        let mut out = Vec::new();
        token::federation(&mut out, federation);
        answer(stream, &out).await?;
        let token = login::read_token(&expect(stream, kind::TOKEN).await?)?;
        login.login.credential = Credential::Token(token);
    }
    Ok(login)
}

async fn expect(stream: &mut (impl AsyncRead + Unpin), wanted: u8) -> io::Result<Vec<u8>> {
    match packet::read(stream, LARGEST_STRANGE).await? {
        Some(message) if message.kind == wanted => Ok(message.body),
        Some(_) => Err(malformed("a message that does not belong here")),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Sends a message in packets of the size that holds until the login is over.
pub(super) async fn answer(stream: &mut (impl AsyncWrite + Unpin), body: &[u8]) -> io::Result<()> {
    packet::write(stream, kind::ANSWER, body, DEFAULT_SIZE, &mut 0, true).await?;
    stream.flush().await
}
