//! A TDS server with no engine behind it, and a client that writes and reads bytes.

#![allow(dead_code, reason = "each test crate uses its own part")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use milink_simulator::arm::tls::LocalAuthority;
use milink_simulator::tds::TdsServer;
use milink_simulator::tds::backend::{
    Backend, Collation, Column, Credential, DataType, Encryption, Event, Greeting, Login, Opposites, Request,
    Server, Session, SqlMessage, TransactionChange, Value, Verdict,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

/// An engine that answers with what it was sent.
#[derive(Debug)]
pub(crate) struct Echo {
    pub(crate) server: Server,
    pub(crate) route: Option<(String, u16)>,
    /// The result of every batch that is no command of [`EchoSession::run`].
    pub(crate) result: (Vec<Column>, Vec<Vec<Value>>),
    /// What sessions were told.
    pub(crate) heard: Arc<Mutex<Vec<String>>>,
    /// Told when a session waits for an attention.
    pub(crate) waits: Arc<Notify>,
}

impl Default for Echo {
    fn default() -> Self {
        Self {
            server: Server {
                name: "ECHO".to_owned(),
                version: (16, 0, 4125),
                encryption: Encryption::Optional,
                suites: milink_simulator::tds::backend::Suites::Current,
                tds_8: true,
                instance: "MSSQLSERVER".to_owned(),
                login_deadline: Duration::from_secs(60),
                federation: None,
                opposites: Opposites::default(),
            },
            route: None,
            result: (vec![column("n", DataType::Int)], vec![vec![Value::Int(1)]]),
            heard: Arc::default(),
            waits: Arc::default(),
        }
    }
}

impl Echo {
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

pub(crate) fn column(name: &str, data_type: DataType) -> Column {
    Column { name: name.to_owned(), data_type, nullable: true }
}

pub(crate) fn error(number: i32, class: u8) -> SqlMessage {
    SqlMessage { number, state: 1, class, text: "No.".to_owned(), procedure: String::new(), line: 1 }
}

#[async_trait]
impl Backend for Echo {
    type Session = EchoSession;

    fn server(&self) -> Server {
        self.server.clone()
    }

    async fn login(&self, login: Login) -> Result<(EchoSession, Greeting), Vec<SqlMessage>> {
        match &login.credential {
            Credential::Token(token) => self.heard.lock().unwrap().push(format!("token {}", token.as_str())),
            Credential::Password { user, .. } if user == "nobody" => {
                return Err(vec![error(4060, 11), error(18456, 14)]);
            }
            _ => {}
        }
        let session =
            EchoSession { result: self.result.clone(), heard: self.heard.clone(), waits: self.waits.clone() };
        let greeting = Greeting {
            database: "master".to_owned(),
            language: "us_english".to_owned(),
            collation: Collation::LATIN1,
            route: self.route.clone(),
        };
        Ok((session, greeting))
    }
}

#[derive(Debug)]
pub(crate) struct EchoSession {
    result: (Vec<Column>, Vec<Vec<Value>>),
    heard: Arc<Mutex<Vec<String>>>,
    waits: Arc<Notify>,
}

impl EchoSession {
    fn hear(&self, what: &str) {
        self.heard.lock().unwrap().push(what.to_owned());
    }

    async fn result(answers: &Sender<Event>, columns: Vec<Column>, rows: Vec<Vec<Value>>) {
        let count = rows.len() as u64;
        let mut events = vec![Event::Columns(columns)];
        events.extend(rows.into_iter().map(Event::Row));
        events.push(Event::Done { rows: Some(count), error: false });
        for event in events {
            let _ = answers.send(event).await;
        }
    }
}

#[async_trait]
impl Session for EchoSession {
    async fn run(
        &mut self,
        request: Request,
        answers: &Sender<Event>,
        attention: &CancellationToken,
    ) -> Verdict {
        match request {
            Request::Batch(text) => {
                self.hear(&text);
                match text.as_str() {
                    "wait" => {
                        let row = vec![Value::Int(1)];
                        let _ = answers.send(Event::Columns(vec![column("n", DataType::Int)])).await;
                        let _ = answers.send(Event::Row(row)).await;
                        self.waits.notify_one();
                        attention.cancelled().await;
                    }
                    "mismatch" => {
                        let rows = vec![vec![Value::Text("abc".to_owned())], vec![Value::Int(1)]];
                        Self::result(answers, vec![column("n", DataType::Int)], rows).await;
                        Self::result(answers, vec![column("m", DataType::Int)], vec![vec![Value::Int(2)]])
                            .await;
                    }
                    "die when stopped" => {
                        self.waits.notify_one();
                        attention.cancelled().await;
                        let _ = answers.send(Event::Message(error(211, 23))).await;
                        return Verdict::Close;
                    }
                    "die" => {
                        let _ = answers.send(Event::Message(error(211, 23))).await;
                        return Verdict::Close;
                    }
                    _ => Self::result(answers, self.result.0.clone(), self.result.1.clone()).await,
                }
            }
            Request::Rpc { procedure, parameters } => {
                self.hear(&procedure);
                // sp_executesql says first what it runs and what of.
                let own = if procedure == "sp_executesql" { parameters.get(2..) } else { parameters.get(..) };
                let own = own.unwrap_or_default();
                let columns = own.iter().map(|one| column(&one.name, one.data_type)).collect();
                let values = own.iter().map(|one| one.value.clone()).collect();
                Self::result(answers, columns, vec![values]).await;
                let _ = answers.send(Event::ReturnStatus(0)).await;
                for (place, one) in parameters.into_iter().enumerate().filter(|(_, one)| one.output) {
                    let _ = answers
                        .send(Event::Output {
                            ordinal: u16::try_from(place).unwrap(),
                            name: one.name,
                            data_type: one.data_type,
                            value: one.value,
                        })
                        .await;
                }
            }
            Request::Begin { .. } => drop(answers.send(Event::Transaction(TransactionChange::Begun)).await),
            Request::Save { name } => self.hear(&format!("save {name}")),
            Request::Commit { .. } => {
                drop(answers.send(Event::Transaction(TransactionChange::Committed)).await)
            }
            Request::Rollback { .. } => {
                drop(answers.send(Event::Transaction(TransactionChange::RolledBack)).await);
            }
        }
        Verdict::Continue
    }

    fn reset(&mut self, keeps_transaction: bool) {
        self.hear(if keeps_transaction { "reset, transaction kept" } else { "reset" });
    }
}

/// Starts a server of `echo`; its certificate's root, PEM.
pub(crate) async fn start(echo: &Arc<Echo>) -> (TdsServer, String) {
    let authority = LocalAuthority::new().unwrap();
    let tls = authority.server_config(&["localhost"], &[]).unwrap();
    let server = TdsServer::start(Arc::clone(echo), (*tls).clone(), 0).await.unwrap();
    (server, authority.pem())
}

pub(crate) mod kind {
    pub(crate) const BATCH: u8 = 1;
    pub(crate) const RPC: u8 = 3;
    pub(crate) const ATTENTION: u8 = 6;
    pub(crate) const TOKEN: u8 = 8;
    pub(crate) const TRANSACTION: u8 = 14;
    pub(crate) const LOGIN: u8 = 16;
    pub(crate) const PRELOGIN: u8 = 18;
}

/// A client that knows packets and nothing else.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    /// Largest packet that came.
    pub(crate) largest: usize,
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), largest: 0 }
    }

    /// Signs in without encryption; the greeting.
    pub(crate) async fn sign_in(address: SocketAddr) -> (Self, Vec<u8>) {
        let mut raw = Self::connect(address).await;
        raw.send(kind::PRELOGIN, &prelogin(2, false, b"")).await;
        raw.message().await.unwrap();
        raw.send(kind::LOGIN, &login("sa", 4096, &[])).await;
        let greeting = raw.message().await.unwrap();
        (raw, greeting)
    }

    pub(crate) async fn send(&mut self, kind: u8, body: &[u8]) {
        self.send_with(kind, 1, body).await;
    }

    /// One packet with this status.
    pub(crate) async fn send_with(&mut self, kind: u8, status: u8, body: &[u8]) {
        self.stream.write_all(&packet(kind, status, body)).await.unwrap();
    }

    /// Runs a batch; the answer.
    pub(crate) async fn batch(&mut self, text: &str) -> Vec<u8> {
        self.send(kind::BATCH, &batch(text)).await;
        self.message().await.unwrap()
    }

    /// The next message; nothing when the server closed the connection.
    pub(crate) async fn message(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut header = [0; 8];
            if self.stream.read_exact(&mut header).await.is_err() {
                return None;
            }
            let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
            self.largest = self.largest.max(length);
            let start = body.len();
            body.resize(start + length - 8, 0);
            self.stream.read_exact(&mut body[start..]).await.unwrap();
            if header[1] & 1 != 0 {
                return Some(body);
            }
        }
    }
}

pub(crate) fn packet(kind: u8, status: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(body.len() + 8).unwrap().to_be_bytes();
    [&[kind, status, high, low, 0, 0, 1, 0][..], body].concat()
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

pub(crate) fn batch(text: &str) -> Vec<u8> {
    with_headers(&utf16(text))
}

/// The transaction descriptor, as clients send it with every request, and the request.
pub(crate) fn with_headers(request: &[u8]) -> Vec<u8> {
    let headers = [22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
    [&headers[..], request].concat()
}

pub(crate) fn prelogin(encryption: u8, federated: bool, instance: &[u8]) -> Vec<u8> {
    let mut options: Vec<(u8, Vec<u8>)> =
        vec![(0, vec![16, 0, 0, 0, 0, 0]), (1, vec![encryption]), (2, [instance, b"\0"].concat())];
    if federated {
        options.push((6, vec![1]));
    }
    let mut offset = u16::try_from(options.len() * 5 + 1).unwrap();
    let (mut head, mut data) = (Vec::new(), Vec::new());
    for (token, value) in options {
        let length = u16::try_from(value.len()).unwrap();
        head.push(token);
        head.extend_from_slice(&offset.to_be_bytes());
        head.extend_from_slice(&length.to_be_bytes());
        data.extend_from_slice(&value);
        offset += length;
    }
    head.push(0xff);
    [head, data].concat()
}

/// A PRELOGIN with another option.
pub(crate) fn with_option(prelogin: &[u8], token: u8, value: &[u8]) -> Vec<u8> {
    let end = (0..).step_by(5).find(|place| prelogin[*place] == 0xff).unwrap();
    let mut head = prelogin[..end].to_vec();
    // The values begin five bytes later than they did.
    for entry in head.chunks_mut(5) {
        let offset = u16::from_be_bytes([entry[1], entry[2]]) + 5;
        entry[1..3].copy_from_slice(&offset.to_be_bytes());
    }
    let offset = u16::try_from(prelogin.len() + 5).unwrap().to_be_bytes();
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    [&head, &[token][..], &offset, &length, &prelogin[end..], value].concat()
}

/// An option of a PRELOGIN.
pub(crate) fn option(prelogin: &[u8], token: u8) -> Option<Vec<u8>> {
    let mut entries = prelogin;
    while entries[0] != 0xff {
        let offset = usize::from(u16::from_be_bytes([entries[1], entries[2]]));
        let length = usize::from(u16::from_be_bytes([entries[3], entries[4]]));
        if entries[0] == token {
            return Some(prelogin[offset..offset + length].to_vec());
        }
        entries = &entries[5..];
    }
    None
}

/// A LOGIN7 of TDS 7.4 with these bytes of feature extension.
pub(crate) fn login(user: &str, packet_size: u32, features: &[u8]) -> Vec<u8> {
    let texts = ["client", user, "", "app", "localhost"];
    let mut fixed = vec![0; 4];
    fixed.extend_from_slice(&0x7400_0004_u32.to_le_bytes());
    fixed.extend_from_slice(&packet_size.to_le_bytes());
    fixed.extend_from_slice(&[0; 12]);
    fixed.extend_from_slice(&[0xe0, 3, 0, if features.is_empty() { 0 } else { 0x10 }]);
    fixed.extend_from_slice(&[0; 8]);
    let mut data = Vec::new();
    let place = |fixed: &mut Vec<u8>, data: &mut Vec<u8>, bytes: &[u8], units: usize| {
        fixed.extend_from_slice(&u16::try_from(94 + data.len()).unwrap().to_le_bytes());
        fixed.extend_from_slice(&u16::try_from(units).unwrap().to_le_bytes());
        data.extend_from_slice(bytes);
    };
    for text in texts {
        place(&mut fixed, &mut data, &utf16(text), text.len());
    }
    // The extension: a pointer to the features, which come last.
    let pointer = data.len();
    place(&mut fixed, &mut data, &[0; 4], 4);
    for text in ["library", "", "master"] {
        place(&mut fixed, &mut data, &utf16(text), text.len());
    }
    fixed.resize(94, 0);
    let start = u32::try_from(94 + data.len()).unwrap();
    data[pointer..pointer + 4].copy_from_slice(&start.to_le_bytes());
    let mut body = [fixed, data, features.to_vec()].concat();
    let length = u32::try_from(body.len()).unwrap();
    body[..4].copy_from_slice(&length.to_le_bytes());
    body
}

/// Whether `part` is somewhere in `whole`.
pub(crate) fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

/// ENVCHANGE of a kind, as its first bytes.
pub(crate) fn environment(kind: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len() + 1).unwrap().to_le_bytes();
    [&[0xe3], &length[..], &[kind], rest].concat()
}

/// The status of the DONE, DONEPROC or DONEINPROC that ends a message.
pub(crate) fn last_done(message: &[u8]) -> (u8, u16) {
    let done = &message[message.len() - 13..];
    (done[0], u16::from_le_bytes([done[1], done[2]]))
}
