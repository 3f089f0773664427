//! The border between the wire and the engine behind it.
//!
//! The face reads packets, signs clients in through [`Backend::login`], and hands each request to the [`Session`];
//! what the session answers is a stream of [`Event`]s, which the face writes as tokens in that order.

use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

pub use super::collation::Collation;

/// An engine that clients sign in to.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// What a signed-in client is.
    type Session: Session;

    /// What the server says of itself before and during the login.
    fn server(&self) -> Server;

    /// Whether anybody answers at all: a site that is down closes every connection without a byte.
    fn is_up(&self) -> bool {
        true
    }

    /// Signs a client in.
    ///
    /// # Errors
    /// The errors that the client reads, in their order (4060 comes with an 18456 after it); the connection ends then.
    async fn login(&self, login: Login) -> Result<(Self::Session, Greeting), Vec<SqlMessage>>;
}

/// A signed-in client.
#[async_trait]
pub trait Session: Send + 'static {
    /// Runs one request and sends what it answers; the face adds the final DONE. `attention` is cancelled when the
    /// client asks to stop or is gone. [`Verdict::Cut`] closes the connection without another byte.
    async fn run(
        &mut self,
        request: Request,
        answers: &Sender<Event>,
        attention: &CancellationToken,
    ) -> Verdict;

    /// Resolves when the session is over though nobody ended it: its server went down or was started again. The connection
    /// is closed then, whatever runs. By default it never is.
    fn over(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    /// The client took the connection from a pool: options, temporary tables, prepared statements and locks go, the
    /// database is the one of the login again. The transaction is rolled back unless the client keeps it.
    fn reset(&mut self, keeps_transaction: bool);
}

/// What the face does after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Goes on.
    Continue,
    /// Ends the connection after what was sent (an error of class 20 and above).
    Close,
    /// Breaks the connection at once, without what is still unsent.
    Cut,
}

/// A server as it introduces itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Name, as in error tokens.
    pub name: String,
    /// Product version: major, minor, build.
    pub version: (u8, u8, u16),
    /// What it asks of clients before they sign in.
    pub encryption: Encryption,
    /// Whether it speaks TDS 8.0.
    pub tds_8: bool,
    /// Which cipher suites its TLS has.
    pub suites: Suites,
    /// Instance name, `MSSQLSERVER` for the default instance.
    pub instance: String,
    /// How long a client may take until its login is read.
    pub login_deadline: Duration,
    /// Where clients that know how to are sent for a token of Entra ID (`FEDAUTHINFO`).
    pub federation: Option<Federation>,
    /// Which opposites of what is believed of the wire are in force.
    pub opposites: Opposites,
}

/// Opposites of what is believed of the wire ([`crate::world::assumption`]).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Opposites {
    /// A table-valued parameter of a type that is not there is refused with 2724.
    pub missing_types: bool,
    /// A login that says something else of tokens than PRELOGIN did is hung up on.
    pub inconsistent_logins: bool,
}

/// What a server asks of the connection (`Force Encryption` and `Force Strict Encryption` of its configuration).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// There is no TLS.
    Off,
    /// The login is encrypted where the client can; the rest where it wants to.
    Optional,
    /// Everything is encrypted.
    Required,
    /// TDS 8.0 only.
    Strict,
}

/// Cipher suites of a server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Suites {
    /// Those of today.
    #[default]
    Current,
    /// With CBC alone: no client that uses rustls has one of them.
    Cbc {
        /// Whether a client without one hears an alert before the server hangs up.
        alert: bool,
    },
}

/// Where a token comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Federation {
    /// Authority, `https://login.microsoftonline.com/<tenant>`.
    pub authority: String,
    /// Resource that the token is for.
    pub resource: String,
}

/// Who wants in.
#[derive(Clone)]
pub struct Login {
    /// How the client proves who it is.
    pub credential: Credential,
    /// Database that it asks for; empty for its default.
    pub database: String,
    /// Client's machine.
    pub host_name: String,
    /// Client's program.
    pub application: String,
    /// Server as the client called it.
    pub server_name: String,
    /// Whether it asks for a readable secondary.
    pub read_only_intent: bool,
    /// Whether everything is encrypted.
    pub encrypted: bool,
    /// Address of the client.
    pub peer: std::net::SocketAddr,
}

/// How a client proves who it is. Never printed.
#[derive(Clone)]
pub enum Credential {
    /// A SQL login.
    Password {
        /// Name.
        user: String,
        /// Password.
        password: zeroize::Zeroizing<String>,
    },
    /// A token of Entra ID.
    Token(zeroize::Zeroizing<String>),
    /// Windows, which nothing here can check: 18452.
    Windows,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Login(of {} to {:?})", self.application, self.database)
    }
}

/// What a client is told when it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// Database that it is in.
    pub database: String,
    /// Language.
    pub language: String,
    /// Collation of the server.
    pub collation: Collation,
    /// Where it is sent instead (ENVCHANGE 20): host and port.
    pub route: Option<(String, u16)>,
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// `SQLBatch`.
    Batch(String),
    /// A remote procedure call; well-known ids come by name (`sp_executesql`).
    Rpc {
        /// Procedure, with its schema where the client wrote one.
        procedure: String,
        /// Parameters in order.
        parameters: Vec<Parameter>,
    },
    /// Transaction manager: begin.
    Begin {
        /// Name; may be empty.
        name: String,
    },
    /// Transaction manager: set a savepoint.
    Save {
        /// Name.
        name: String,
    },
    /// Transaction manager: commit.
    Commit {
        /// Whether another transaction begins at once.
        begins_next: bool,
    },
    /// Transaction manager: roll back.
    Rollback {
        /// Of a savepoint or of the transaction; empty where everything is rolled back.
        name: String,
        /// Whether another transaction begins at once.
        begins_next: bool,
    },
}

/// A parameter of a procedure.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Name with `@`; empty where it goes by position.
    pub name: String,
    /// Type.
    pub data_type: DataType,
    /// Value.
    pub value: Value,
    /// Whether its value is wanted back.
    pub output: bool,
}

/// A type on the wire. `None` as a length is `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as SQL Server names them")]
pub enum DataType {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    Decimal { precision: u8, scale: u8 },
    SmallMoney,
    Money,
    Date,
    Time(u8),
    DateTime,
    SmallDateTime,
    DateTime2(u8),
    DateTimeOffset(u8),
    UniqueIdentifier,
    Char(u16),
    VarChar(Option<u16>),
    NChar(u16),
    NVarChar(Option<u16>),
    Binary(u16),
    VarBinary(Option<u16>),
    Xml,
    Variant,
}

/// A value on the wire.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// `bit`.
    Bit(bool),
    /// Whole numbers.
    Int(i64),
    /// `real`, `float`.
    Float(f64),
    /// `decimal`, `money`: the number without its point; the type has the scale.
    Decimal(i128),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Dates and times without a zone.
    Moment(time::PrimitiveDateTime),
    /// `datetimeoffset`: the moment as UTC, and how many minutes the zone is ahead of it.
    ZonedMoment(time::PrimitiveDateTime, i16),
    /// `uniqueidentifier`.
    Guid(uuid::Uuid),
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name; may be empty.
    pub name: String,
    /// Type.
    pub data_type: DataType,
    /// Whether it can be NULL.
    pub nullable: bool,
}

/// A message of the server: an error (class above 10) or information.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlMessage {
    /// Number.
    pub number: i32,
    /// State.
    pub state: u8,
    /// Class (severity).
    pub class: u8,
    /// Text.
    pub text: String,
    /// Procedure that raised it; may be empty.
    pub procedure: String,
    /// Line in the batch.
    pub line: u32,
}

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionChange {
    /// It began.
    Begun,
    /// It was committed.
    Committed,
    /// It was rolled back.
    RolledBack,
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A result begins.
    Columns(Vec<Column>),
    /// A row of it.
    Row(Vec<Value>),
    /// A statement ended: rows, where it counts them, and whether it failed.
    Done {
        /// Rows.
        rows: Option<u64>,
        /// Whether it failed.
        error: bool,
    },
    /// An error or information.
    Message(SqlMessage),
    /// The current database changed: new and old.
    Database(String, String),
    /// A transaction began or ended.
    Transaction(TransactionChange),
    /// What was said so far goes to the client at once (`RAISERROR … WITH NOWAIT`).
    Flush,
    /// `RETURN` of a procedure.
    ReturnStatus(i32),
    /// An output parameter: its position (from 0), name, type and value.
    Output {
        /// Position among the parameters.
        ordinal: u16,
        /// Name with `@`.
        name: String,
        /// Type.
        data_type: DataType,
        /// Value.
        value: Value,
    },
}
