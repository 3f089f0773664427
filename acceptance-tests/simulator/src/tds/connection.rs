//! One connection, from its login to its end.
//!
//! A malformed message ends this connection and nothing else. While a request runs, messages are read on: an attention
//! or a client that is gone cancels it.

use std::io;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::answer::{Answer, Style, acknowledge};
use super::backend::{Backend, Event, Request, Server, Session, SqlMessage, Verdict};
use super::handshake::{Stream, answer};
use super::login::Login7;
use super::packet::{self, LARGEST, Message, kind, malformed};
use super::rpc::{self, Call};
use super::token::{self, Done};

/// TDS 7.4. (8.0 has a smaller number.)
const NEWEST: u32 = 0x7400_0004;
/// Packet size of a client that does not name one.
const USUAL_SIZE: usize = 4096;
/// Events that wait to be written.
const WAITING: usize = 64;
/// The answer is sent in pieces of this size.
const PIECE: usize = 32 * 1024;

/// Signs the client in and serves it to its end.
///
/// # Errors
/// When the connection breaks or is malformed.
pub(super) async fn serve<B: Backend>(
    backend: Arc<B>,
    server: &Server,
    mut stream: Box<dyn Stream>,
    login: Login7,
) -> io::Result<()> {
    let packet_size = match login.packet_size {
        0 => USUAL_SIZE,
        size => size.clamp(512, 32767),
    };
    // An older client is answered as one; a newer one is told the newest that is spoken here.
    let version = login.version.min(NEWEST);
    let mut features: Vec<(u8, Vec<u8>)> = Vec::new();
    if login.federated.is_some() {
        features.push((0x02, login.nonce.map(Vec::from).unwrap_or_default()));
    }
    if login.utf8 {
        features.push((0x0a, vec![1]));
    }
    let mut out = Vec::new();
    if !login.consistent && server.opposites.inconsistent_logins {
        return stream.shutdown().await;
    }
    let signed_in =
        if login.consistent { backend.login(login.login).await } else { Err(vec![inconsistent()]) };
    let (session, greeting) = match signed_in {
        Ok(in_now) => in_now,
        Err(messages) => {
            for message in &messages {
                token::message(&mut out, message, &server.name);
            }
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
    let (name, collation) = (server.name.clone(), greeting.collation);
    let style = Style { server: name, collation, version, packet_size, opposites: server.opposites };
    let over = session.over();
    Connection { session, writer, messages, early: None, over }.run(&style).await
}

/// What the client says of tokens is not what the server said: it may have been talked to in between.
fn inconsistent() -> SqlMessage {
    // ASSUMED 51: MS-TDS 3.3.5.5 wants an error and not this one.
    let text = "Login failed for user ''.".to_owned();
    SqlMessage { number: 18456, state: 1, class: 14, text, procedure: String::new(), line: 1 }
}

async fn read_on(mut reader: ReadHalf<Box<dyn Stream>>, sender: mpsc::Sender<io::Result<Message>>) {
    loop {
        let message = packet::read(&mut reader, LARGEST).await;
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

const NO_REQUEST: &str = "a message that is no request";

fn is_request(kind: u8) -> bool {
    matches!(kind, kind::BATCH | kind::RPC | kind::TRANSACTION | kind::BULK)
}

struct Connection<S> {
    session: S,
    writer: WriteHalf<Box<dyn Stream>>,
    messages: mpsc::Receiver<io::Result<Message>>,
    /// What came while a request ran and was not about it.
    early: Option<io::Result<Message>>,
    /// [`Session::over`].
    over: BoxFuture<'static, ()>,
}

/// How a request ended.
enum Ended {
    By(Verdict),
    /// The client asked for it, and the connection lives on.
    Stopped,
}

impl<S: Session> Connection<S> {
    async fn run(&mut self, style: &Style) -> io::Result<()> {
        while let Some(message) = self.next().await {
            let message = message?;
            match message.kind {
                kind::ATTENTION => {
                    // Whatever it was meant for is over.
                    acknowledge(style, &mut self.writer).await?;
                }
                kind if is_request(kind) => {
                    if !self.message(message, style).await? {
                        return self.writer.shutdown().await;
                    }
                }
                _ => return Err(malformed(NO_REQUEST)),
            }
        }
        Ok(())
    }

    async fn next(&mut self) -> Option<io::Result<Message>> {
        match self.early.take() {
            Some(message) => Some(message),
            None => tokio::select! {
                biased;
                () = &mut self.over => None,
                message = self.messages.recv() => message,
            },
        }
    }

    /// Answers a message; whether the connection goes on.
    async fn message(&mut self, message: Message, style: &Style) -> io::Result<bool> {
        let mut answer = Answer::new(style, message.kind == kind::RPC);
        if message.ignored {
            answer.fail();
            answer.end(false);
            answer.flush(&mut self.writer, true).await?;
            return Ok(true);
        }
        let calls = match message.kind {
            kind::BATCH => vec![rpc::batch(&message.body)?],
            kind::RPC => rpc::calls(&message.body, style.opposites)?,
            kind::TRANSACTION => vec![rpc::transaction(&message.body)?],
            _ => vec![rpc::bulk()],
        };
        if let Some(reset) = message.reset {
            self.session.reset(reset.keeps_transaction);
            answer.was_reset();
        }
        let count = calls.len();
        for (place, call) in calls.into_iter().enumerate() {
            let more = place + 1 < count;
            match call {
                Call::Skip => answer.end(more),
                Call::Refuse(message) => {
                    answer.message(&message);
                    answer.end(more);
                }
                Call::Run(request) => match self.request(request, &mut answer).await? {
                    Ended::By(Verdict::Continue) => answer.end(more),
                    Ended::By(Verdict::Close) => {
                        answer.end(false);
                        answer.flush(&mut self.writer, true).await?;
                        return Ok(false);
                    }
                    Ended::By(Verdict::Cut) => return Ok(false),
                    Ended::Stopped => {
                        answer.stop(&mut self.writer).await?;
                        return Ok(true);
                    }
                },
            }
        }
        answer.flush(&mut self.writer, true).await?;
        Ok(true)
    }

    /// Runs one request.
    async fn request(&mut self, request: Request, answer: &mut Answer<'_>) -> io::Result<Ended> {
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
                        let at_once = matches!(event, Event::Flush);
                        answer.event(event);
                        if at_once || answer.waiting() > PIECE {
                            answer.flush(&mut self.writer, false).await?;
                        }
                    }
                    verdict = &mut running => break verdict,
                    () = &mut self.over => break Verdict::Cut,
                    message = self.messages.recv(), if !stopped && self.early.is_none() => {
                        match message {
                            Some(Ok(Message { kind: kind::ATTENTION, .. })) => stopped = true,
                            // It is this one's turn when the request is over.
                            Some(Ok(message)) if is_request(message.kind) => {
                                self.early = Some(Ok(message));
                                continue;
                            }
                            Some(Ok(_)) => self.early = Some(Err(malformed(NO_REQUEST))),
                            // The client is gone, or talks nonsense: nobody waits for the answer.
                            Some(Err(error)) => self.early = Some(Err(error)),
                            None => self.early = Some(Err(io::ErrorKind::UnexpectedEof.into())),
                        }
                        attention.cancel();
                    }
                }
            }
        };
        drop(sender);
        while let Some(event) = events.recv().await {
            answer.event(event);
        }
        // An attention stops nothing of a connection that ends by itself.
        Ok(if stopped && verdict == Verdict::Continue { Ended::Stopped } else { Ended::By(verdict) })
    }
}
