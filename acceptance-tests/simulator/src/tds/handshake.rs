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

use super::backend::{Credential, Encryption, Server, Suites};
use super::login::{self, Login7, Nonce, Prelogin, encryption};
use super::packet::{self, DEFAULT_SIZE, LARGEST_STRANGE, kind, malformed};
use super::tls::Wrapped;
use super::{old_suites, token};

/// What a connection runs over once its login is read.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A TLS record of kind handshake: TDS 8.0 begins with it.
const TLS_HANDSHAKE: u8 = 0x16;

/// TLS as a server offers it.
#[derive(Clone)]
pub(super) struct Acceptors {
    /// Inside the packets of TDS 7.4, where nothing newer than TLS 1.2 is spoken.
    pub(super) inside: TlsAcceptor,
    /// Around TDS 8.0.
    pub(super) around: TlsAcceptor,
}

/// What was said in PRELOGIN.
struct Hello {
    asked: Prelogin,
    /// The server's nonce, where the client sent one.
    nonce: Option<Nonce>,
}

impl Hello {
    /// Reads a PRELOGIN and answers it.
    async fn exchange(
        server: &Server,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        choose: impl FnOnce(u8) -> u8,
    ) -> io::Result<(Self, u8)> {
        let asked = login::read_prelogin(&expect(stream, kind::PRELOGIN).await?)?;
        let chosen = choose(asked.encryption);
        let nonce = asked.nonce.map(|_| fresh_nonce());
        answer(stream, &login::write_prelogin(server, chosen, &asked, nonce)).await?;
        Ok((Self { asked, nonce }, chosen))
    }
}

fn fresh_nonce() -> Nonce {
    let [one, other] = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()].map(uuid::Uuid::into_bytes);
    let mut nonce = [0; 32];
    nonce.iter_mut().zip(one.into_iter().chain(other)).for_each(|(place, byte)| *place = byte);
    nonce
}

/// Reads who wants in.
///
/// # Errors
/// When the connection breaks or is malformed.
pub(super) async fn read_login(
    server: &Server,
    tls: &Acceptors,
    mut socket: TcpStream,
    peer: SocketAddr,
) -> io::Result<(Box<dyn Stream>, Login7)> {
    let mut first = [0];
    if socket.peek(&mut first).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if first == [TLS_HANDSHAKE] {
        if !server.tds_8 || server.encryption == Encryption::Off {
            return Err(malformed("a client that begins with TLS"));
        }
        if let Suites::Cbc { alert } = server.suites {
            return Err(old_suites::refuse(&mut socket, alert).await);
        }
        let mut stream = tls.around.accept(socket).await?;
        let says = match server.encryption {
            Encryption::Off | Encryption::Optional => encryption::OFF,
            Encryption::Required | Encryption::Strict => encryption::REQUIRED,
        };
        let (hello, _) = Hello::exchange(server, &mut stream, |_asked| says).await?;
        let login = login(server, &mut stream, peer, true, &hello).await?;
        return Ok((Box::new(stream), login));
    }
    if server.encryption == Encryption::Strict {
        return Err(malformed("a client that does not begin with TLS"));
    }
    let choose = |asked| match (server.encryption, asked) {
        (Encryption::Off, _) => encryption::NOT_SUPPORTED,
        (Encryption::Required, encryption::NOT_SUPPORTED | encryption::OFF) => encryption::REQUIRED,
        (_, encryption::NOT_SUPPORTED | encryption::OFF) => asked,
        _ => encryption::ON,
    };
    let (hello, chosen) = Hello::exchange(server, &mut socket, choose).await?;
    if chosen == encryption::NOT_SUPPORTED {
        let login = login(server, &mut socket, peer, false, &hello).await?;
        return Ok((Box::new(socket), login));
    }
    if let Suites::Cbc { alert } = server.suites {
        return Err(old_suites::refuse(&mut Wrapped::new(socket), alert).await);
    }
    let mut stream = tls.inside.accept(Wrapped::new(socket)).await?;
    stream.get_mut().0.unwrap_from_now();
    let mut login = login(server, &mut stream, peer, chosen != encryption::OFF, &hello).await?;
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
    hello: &Hello,
) -> io::Result<Login7> {
    let body = expect(stream, kind::LOGIN).await?;
    let mut login = login::read_login(&body, peer, encrypted)?;
    let Some(mut federated) = login.federated else { return Ok(login) };
    if federated.asks {
        let Some(federation) = &server.federation else {
            return Err(malformed("a client that asks where to get a token, of a server that takes none"));
        };
        let mut out = Vec::new();
        token::federation(&mut out, federation);
        answer(stream, &out).await?;
        let (token, nonce) = login::read_token(&expect(stream, kind::TOKEN).await?)?;
        login.login.credential = Credential::Token(token);
        federated.nonce = nonce;
    }
    // What the server's PRELOGIN said of tokens was what the client's said.
    login.consistent = federated.echo == hello.asked.federated && federated.nonce == hello.nonce;
    login.nonce = hello.asked.nonce;
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
