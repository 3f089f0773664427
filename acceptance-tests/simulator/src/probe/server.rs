//! A session with a database engine that only reads.
//!
//! Every text passes through [`read_only::check`] on its way out, so nothing in this module or above it can change a
//! server: that is the one place. Sessions wait little for locks, lose every deadlock, and end a statement that takes too
//! long.

use std::io;
use std::time::Duration;

use futures::TryStreamExt as _;
use tiberius::{AuthMethod, Client, EncryptionLevel, QueryItem, SqlBrowser as _};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use super::names::Secret;
use super::value;
use crate::tsql::read_only;

/// How a server is reached.
#[derive(Debug, Clone)]
pub struct ServerTarget {
    /// Host name or address.
    pub host: String,
    /// Where it listens there.
    pub place: Place,
    /// Who asks.
    pub sign_in: SignIn,
    /// Which certificate it may present.
    pub trust: Trust,
}

/// Where an engine listens on its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A TCP port.
    Port(u16),
    /// Where SQL Browser says that the instance of this name listens.
    Instance(String),
}

/// Who signs in.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// A SQL login.
    Login {
        /// Its name.
        user: String,
        /// Its password.
        password: Secret,
    },
    /// A token of Entra ID for databases.
    Token(Secret),
}

/// Which certificates of a server are taken.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Any.
    pub anybody: bool,
    /// Those that chain to one of these, PEM; the system's authorities where there are none.
    pub authorities: Option<String>,
    /// Those for this name; the host's where there is none.
    pub name: Option<String>,
}

/// No answer, or an error for one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlFailure {
    /// The server's own error.
    #[error("error {number}, class {class}, state {state}: {text}")]
    Server {
        /// `ERROR_NUMBER()`.
        number: u32,
        /// Severity.
        class: u8,
        /// State.
        state: u8,
        /// What it says.
        text: String,
    },
    /// Nobody is there.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The connection broke.
    #[error("the connection was lost: {0}")]
    Lost(String),
    /// It took too long.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// It was not sent.
    #[error("the statement was not sent, {0}")]
    NotSent(String),
}

impl SqlFailure {
    /// The server's number.
    pub fn number(&self) -> Option<u32> {
        match self {
            Self::Server { number, .. } => Some(*number),
            _ => None,
        }
    }

    /// Whether the login lacks a permission: objects and columns (229, 230), databases (262, 916), the server (297, 300,
    /// 371).
    pub fn is_denied(&self) -> bool {
        self.number().is_some_and(|number| matches!(number, 229 | 230 | 262 | 297 | 300 | 371 | 916))
    }

    /// Whether the simulator says that it does not know a thing that real servers know.
    pub(super) fn is_left_out(&self) -> bool {
        self.number() == u32::try_from(crate::tsql::NOT_MODELLED).ok()
    }

    /// Whether a server answered; else the session is of no further use.
    fn is_answer(&self) -> bool {
        matches!(self, Self::Server { .. } | Self::NotSent(_))
    }
}

/// A result set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ResultSet {
    /// Names and types of the columns.
    pub(super) columns: Vec<(String, &'static str)>,
    /// The values as text; nothing for NULL.
    pub(super) rows: Vec<Vec<Option<String>>>,
}

impl ResultSet {
    /// The values of a row's column.
    pub(super) fn value(&self, row: usize, column: &str) -> Option<&str> {
        let place = self.columns.iter().position(|(name, _)| name == column)?;
        self.rows.get(row)?.get(place)?.as_deref()
    }

    /// The values of a column, row by row.
    pub(super) fn column<'a>(&'a self, name: &str) -> impl Iterator<Item = Option<&'a str>> {
        let place = self.columns.iter().position(|(column, _)| column == name).unwrap_or(usize::MAX);
        self.rows.iter().map(move |row| row.get(place).and_then(|value| value.as_deref()))
    }
}

/// Sent first: the settings of a guest.
const SETTINGS: &str = "SET LOCK_TIMEOUT 5000; SET DEADLOCK_PRIORITY LOW; SET NOCOUNT ON";

/// How long a server has to let a session in, and to answer a statement.
const CONNECT: Duration = Duration::from_secs(30);
const ANSWER: Duration = Duration::from_secs(60);

/// A redirect leads to a node of a managed instance; one that leads on is a fault.
const REDIRECTS: usize = 1;

/// An open session, which opens itself anew when a statement broke it.
pub(super) struct Session {
    target: ServerTarget,
    /// Major version of the engine, by which texts are read.
    version: u8,
    client: Option<Client<Compat<TcpStream>>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Session").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Session {
    /// Signs in to `master`.
    ///
    /// # Errors
    /// When nobody answers or the login is refused.
    pub(super) async fn open(target: &ServerTarget) -> Result<Self, SqlFailure> {
        let client = open(target).await?;
        Ok(Self { target: target.clone(), version: NEWEST, client: Some(client) })
    }

    /// The version by which texts are read.
    pub(super) fn speaks(&mut self, version: u8) {
        self.version = version;
    }

    /// Asks one statement; the first result set.
    ///
    /// # Errors
    /// The server's error, or none from there: the statement does more than read, or the connection is no more.
    pub(super) async fn ask(&mut self, statement: &str) -> Result<ResultSet, SqlFailure> {
        read_only::check(statement, self.version).map_err(|why| SqlFailure::NotSent(why.to_string()))?;
        let mut client = match self.client.take() {
            Some(client) => client,
            None => open(&self.target).await?,
        };
        let answer = timed(ANSWER, run(&mut client, statement)).await;
        if answer.as_ref().err().is_none_or(SqlFailure::is_answer) {
            self.client = Some(client);
        }
        answer
    }
}

/// 2025: where the version is not known yet.
const NEWEST: u8 = 17;

async fn timed<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, SqlFailure>>,
) -> Result<T, SqlFailure> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(SqlFailure::TimedOut(limit)))
}

async fn run(client: &mut Client<Compat<TcpStream>>, text: &str) -> Result<ResultSet, SqlFailure> {
    let mut stream = client.simple_query(text).await.map_err(translate)?;
    let mut set = ResultSet::default();
    // Later result sets are read to their end, since the connection is used again.
    let mut first = true;
    while let Some(item) = stream.try_next().await.map_err(translate)? {
        match item {
            QueryItem::Metadata(metadata) if metadata.result_index() == 0 => {
                let columns = metadata.columns().iter();
                set.columns =
                    columns.map(|one| (one.name().to_owned(), value::kind(one.column_type()))).collect();
            }
            QueryItem::Metadata(_) => first = false,
            QueryItem::Row(row) if first => set.rows.push(row.into_iter().map(value::text).collect()),
            QueryItem::Row(_) => {}
        }
    }
    Ok(set)
}

async fn open(target: &ServerTarget) -> Result<Client<Compat<TcpStream>>, SqlFailure> {
    timed(CONNECT, async {
        let mut client = connect(target).await?;
        client.simple_query(SETTINGS).await.map_err(translate)?.into_results().await.map_err(translate)?;
        Ok(client)
    })
    .await
}

async fn connect(target: &ServerTarget) -> Result<Client<Compat<TcpStream>>, SqlFailure> {
    let mut config = tiberius::Config::new();
    config.host(&target.host);
    config.database("master");
    config.application_name(concat!("milink-simulator probe ", env!("CARGO_PKG_VERSION")));
    config.encryption(EncryptionLevel::Required);
    config.command_timeout(None); // bounded by `timed`
    if target.trust.anybody {
        config.trust_cert();
    } else if let Some(pem) = &target.trust.authorities {
        config.trust_cert_ca_bundle(pem.as_bytes());
    }
    if let Some(name) = &target.trust.name {
        config.hostname_in_certificate(name);
    }
    config.authentication(match &target.sign_in {
        SignIn::Login { user, password } => AuthMethod::sql_server(user, password.expose()),
        SignIn::Token(token) => AuthMethod::aad_token(token.expose()),
    });
    let unreachable = |error: io::Error| SqlFailure::Unreachable(error.to_string());
    let mut stream = match &target.place {
        Place::Port(port) => {
            config.port(*port);
            TcpStream::connect((target.host.as_str(), *port)).await.map_err(unreachable)?
        }
        Place::Instance(instance) => {
            config.instance_name(instance);
            TcpStream::connect_named(&config)
                .await
                .map_err(|error| SqlFailure::Unreachable(format!("SQL Browser: {error}")))?
        }
    };
    for _redirect in 0..=REDIRECTS {
        stream.set_nodelay(true).map_err(unreachable)?;
        match Client::connect(config.clone(), stream.compat_write()).await {
            Ok(client) => return Ok(client),
            Err(tiberius::error::Error::Routing { host, port }) => {
                stream = TcpStream::connect((host.as_str(), port)).await.map_err(unreachable)?;
                config.host(&host);
                config.port(port);
            }
            Err(error) => return Err(translate(error)),
        }
    }
    Err(SqlFailure::Unreachable("the server redirects in a circle".to_owned()))
}

fn translate(error: tiberius::error::Error) -> SqlFailure {
    match error {
        tiberius::error::Error::Server(error) => SqlFailure::Server {
            number: error.code(),
            class: error.class(),
            state: error.state(),
            text: error.message().to_owned(),
        },
        other => SqlFailure::Lost(other.to_string()),
    }
}
