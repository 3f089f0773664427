//! One connection, from its first byte to its last.
//!
//! A malformed message ends this connection and nothing else. While a request runs, messages are read on: an attention
//! or a client that is gone cancels it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::backend::{Backend, Collation, Column, Event, Request, Server, Session, SqlMessage, Verdict};
use super::login::{self, Login7, encryption};
use super::packet::{self, DEFAULT_SIZE, Message, kind, malformed};
use super::rpc;
use super::tls::Wrapped;
use super::token::{self, Done};

/// What a connection runs over once its login is read.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A TLS record of kind handshake: TDS 8.0 begins with it.
const TLS_HANDSHAKE: u8 = 0x16;
/// TDS 7.4. (8.0 has a smaller number.)
const NEWEST: u32 = 0x7400_0004;
/// Events that wait to be written.
const WAITING: usize = 64;
/// The answer is sent in pieces of this size.
const PIECE: usize = 32 * 1024;

/// Serves a connection to its end.
///
/// # Errors
/// When it breaks or is malformed.
pub(super) async fn serve<B: Backend>(
    backend: Arc<B>,
    tls: TlsAcceptor,
    socket: TcpStream,
    peer: SocketAddr,
) -> io::Result<()> {
    if !backend.is_up() {
        return Ok(());
    }
    let server = backend.server();
    let mut first = [0];
    socket.peek(&mut first).await?;
    if first == [TLS_HANDSHAKE] {
        let mut stream = tls.accept(socket).await?;
        let prelogin = login::read_prelogin(&expect(&mut stream, kind::PRELOGIN).await?)?;
        answer(&mut stream, &login::write_prelogin(&server, encryption::OFF, prelogin.federated)).await?;
        let body = expect(&mut stream, kind::LOGIN).await?;
        let login = login::read_login(&body, peer, true)?;
        return signed_in(backend, &server, Box::new(stream), login).await;
    }
    let mut socket = socket;
    let prelogin = login::read_prelogin(&expect(&mut socket, kind::PRELOGIN).await?)?;
    let chosen = match prelogin.encryption {
        encryption::NOT_SUPPORTED if server.force_encryption => encryption::REQUIRED,
        encryption::NOT_SUPPORTED => encryption::NOT_SUPPORTED,
        encryption::OFF if server.force_encryption => encryption::REQUIRED,
        encryption::OFF => encryption::OFF,
        _ => encryption::ON,
    };
    answer(&mut socket, &login::write_prelogin(&server, chosen, prelogin.federated)).await?;
    if chosen == encryption::NOT_SUPPORTED {
        let body = expect(&mut socket, kind::LOGIN).await?;
        let login = login::read_login(&body, peer, false)?;
        return signed_in(backend, &server, Box::new(socket), login).await;
    }
    let mut stream = tls.accept(Wrapped::new(socket)).await?;
    stream.get_mut().0.unwrap_from_now();
    let body = expect(&mut stream, kind::LOGIN).await?;
    let login = login::read_login(&body, peer, chosen != encryption::OFF)?;
    if chosen == encryption::OFF {
        // Only the login was encrypted.
        let (inner, _tls) = stream.into_inner();
        return signed_in(backend, &server, Box::new(inner.into_inner()), login).await;
    }
    signed_in(backend, &server, Box::new(stream), login).await
}

async fn expect(stream: &mut (impl AsyncRead + Unpin), wanted: u8) -> io::Result<Vec<u8>> {
    match packet::read(stream).await? {
        Some(message) if message.kind == wanted => Ok(message.body),
        Some(_) => Err(malformed("a message that does not belong here")),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

async fn answer(stream: &mut (impl AsyncWrite + Unpin), body: &[u8]) -> io::Result<()> {
    packet::write(stream, kind::ANSWER, body, DEFAULT_SIZE, &mut 0, true).await?;
    stream.flush().await
}

async fn signed_in<B: Backend>(
    backend: Arc<B>,
    server: &Server,
    mut stream: Box<dyn Stream>,
    login: Login7,
) -> io::Result<()> {
    let packet_size = login.packet_size.clamp(512, 32767);
    // An older client is answered as one; a newer one is told the newest that is spoken here.
    let version = login.version.min(NEWEST);
    let mut features: Vec<(u8, &[u8])> = Vec::new();
    if login.federated {
        features.push((0x02, &[]));
    }
    if login.utf8 {
        features.push((0x0a, &[1]));
    }
    let mut out = Vec::new();
    let (session, greeting) = match backend.login(login.login).await {
        Ok(in_now) => in_now,
        Err(message) => {
            token::message(&mut out, &message, &server.name);
            token::done(&mut out, Done::Batch, token::ERROR, 0);
            answer(&mut stream, &out).await?;
            return stream.shutdown().await;
        }
    };
    token::greeting(&mut out, server, &greeting, version, packet_size, &features);
    token::done(&mut out, Done::Batch, 0, 0);
    answer(&mut stream, &out).await?;
    let (reader, writer) = tokio::io::split(stream);
    let (sender, messages) = mpsc::channel(8);
    // Ends with this task, however that ends: the socket must not outlive it.
    let _reading = AbortOnDropHandle::new(tokio::spawn(read_on(reader, sender)));
    let mut connection = Connection {
        session,
        writer,
        messages,
        server: server.name.clone(),
        collation: greeting.collation,
        packet_size,
    };
    connection.run().await
}

async fn read_on(mut reader: ReadHalf<Box<dyn Stream>>, sender: mpsc::Sender<io::Result<Message>>) {
    loop {
        let message = packet::read(&mut reader).await;
        let last = !matches!(message, Ok(Some(_)));
        if let Some(message) = message.transpose()
            && sender.send(message).await.is_err()
        {
            return;
        }
        if last {
            return;
        }
    }
}

struct Connection<S> {
    session: S,
    writer: WriteHalf<Box<dyn Stream>>,
    messages: mpsc::Receiver<io::Result<Message>>,
    server: String,
    collation: Collation,
    packet_size: usize,
}

impl<S: Session> Connection<S> {
    async fn run(&mut self) -> io::Result<()> {
        while let Some(message) = self.messages.recv().await {
            let message = message?;
            let mut answer = Answer::new(message.kind == kind::RPC);
            if message.reset {
                self.session.reset();
                token::was_reset(&mut answer.out);
            }
            let requests = match message.kind {
                kind::BATCH => vec![rpc::batch(&message.body)?],
                kind::RPC => rpc::calls(&message.body)?,
                kind::TRANSACTION => vec![rpc::transaction(&message.body)?],
                kind::ATTENTION => {
                    token::done(&mut answer.out, Done::Batch, token::ATTENTION, 0);
                    self.send(&mut answer, true).await?;
                    continue;
                }
                kind::BULK => {
                    let text = "Bulk load is not supported by this server.".to_owned();
                    let message = SqlMessage {
                        number: 4060,
                        state: 1,
                        class: 16,
                        text,
                        procedure: String::new(),
                        line: 1,
                    };
                    token::message(&mut answer.out, &message, &self.server);
                    token::done(&mut answer.out, Done::Batch, token::ERROR, 0);
                    self.send(&mut answer, true).await?;
                    continue;
                }
                _ => return Err(malformed("a message that is no request")),
            };
            let count = requests.len();
            for (place, request) in requests.into_iter().enumerate() {
                match self.request(request, &mut answer, place + 1 < count).await? {
                    (Verdict::Continue, false) => {}
                    (Verdict::Continue, true) => break,
                    (Verdict::Close, _) => {
                        self.send(&mut answer, true).await?;
                        return self.writer.shutdown().await;
                    }
                    (Verdict::Cut, _) => return Ok(()),
                }
            }
            self.send(&mut answer, true).await?;
        }
        Ok(())
    }

    /// Runs one request; whether the client asked to stop.
    async fn request(
        &mut self,
        request: Request,
        answer: &mut Answer,
        more: bool,
    ) -> io::Result<(Verdict, bool)> {
        let (sender, mut events) = mpsc::channel(WAITING);
        let attention = CancellationToken::new();
        let mut stopped = false;
        let verdict = {
            let running = self.session.run(request, &sender, &attention);
            tokio::pin!(running);
            loop {
                tokio::select! {
                    biased;
                    Some(event) = events.recv() => {
                        answer.event(event, &self.server, self.collation);
                        if answer.out.len() > PIECE {
                            answer.flush(&mut self.writer, self.packet_size, false).await?;
                        }
                    }
                    verdict = &mut running => break verdict,
                    message = self.messages.recv(), if !stopped => {
                        match message {
                            Some(Ok(Message { kind: kind::ATTENTION, .. })) => {}
                            // The client is gone, or talks out of turn.
                            _ => self.messages.close(),
                        }
                        stopped = true;
                        attention.cancel();
                    }
                }
            }
        };
        drop(sender);
        while let Some(event) = events.recv().await {
            answer.event(event, &self.server, self.collation);
        }
        if stopped {
            answer.pending_done = None;
            token::done(&mut answer.out, Done::Batch, token::ATTENTION, 0);
        } else if verdict != Verdict::Cut {
            answer.end(more);
        }
        Ok((verdict, stopped))
    }

    async fn send(&mut self, answer: &mut Answer, last: bool) -> io::Result<()> {
        answer.flush(&mut self.writer, self.packet_size, last).await
    }
}

/// The tokens of an answer on their way. A DONE is held back until it is known whether more follows.
struct Answer {
    out: Vec<u8>,
    number: u8,
    in_procedure: bool,
    columns: Vec<Column>,
    pending_done: Option<(u16, u64)>,
    failed: bool,
}

impl Answer {
    fn new(in_procedure: bool) -> Self {
        Self {
            out: Vec::new(),
            number: 0,
            in_procedure,
            columns: Vec::new(),
            pending_done: None,
            failed: false,
        }
    }

    fn event(&mut self, event: Event, server: &str, collation: Collation) {
        self.release(true);
        match event {
            Event::Columns(columns) => {
                token::columns(&mut self.out, &columns, collation);
                self.columns = columns;
            }
            Event::Row(values) => token::row(&mut self.out, &self.columns, &values),
            Event::Done { rows, error } => {
                let status =
                    if error { token::ERROR } else { 0 } | if rows.is_some() { token::COUNT } else { 0 };
                self.pending_done = Some((status, rows.unwrap_or(0)));
            }
            Event::Message(message) => {
                self.failed |= message.class > 10;
                token::message(&mut self.out, &message, server);
            }
            Event::Database(new, old) => token::database(&mut self.out, &new, &old),
            Event::Transaction(begins) => token::transaction(&mut self.out, begins),
            Event::ReturnStatus(status) => token::return_status(&mut self.out, status),
            Event::Output { ordinal, name, data_type, value } => {
                token::output(&mut self.out, ordinal, &name, data_type, &value, collation);
            }
        }
    }

    fn release(&mut self, more: bool) {
        if let Some((status, rows)) = self.pending_done.take() {
            let kind = if self.in_procedure { Done::InProcedure } else { Done::Batch };
            token::done(&mut self.out, kind, status | if more { token::MORE } else { 0 }, rows);
        }
    }

    /// Ends a request.
    fn end(&mut self, more: bool) {
        let error = if self.failed { token::ERROR } else { 0 };
        let more_flag = if more { token::MORE } else { 0 };
        if self.in_procedure {
            self.release(true);
            token::done(&mut self.out, Done::Procedure, error | more_flag, 0);
        } else if self.pending_done.is_some() {
            self.release(more);
        } else {
            token::done(&mut self.out, Done::Batch, error | more_flag, 0);
        }
        self.failed = false;
    }

    async fn flush(
        &mut self,
        writer: &mut (impl AsyncWrite + Unpin),
        packet_size: usize,
        last: bool,
    ) -> io::Result<()> {
        packet::write(writer, kind::ANSWER, &self.out, packet_size, &mut self.number, last).await?;
        self.out.clear();
        writer.flush().await
    }
}
