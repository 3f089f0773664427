//! One connection to a SQL Server. The only file that knows the TDS library, so that another can take its place.
//!
//! Each session is set up alike: no implicit transactions (group and endpoint DDL is refused inside them), errors that
//! end only their statement, a limit on waiting for locks, and a low priority so that in a deadlock it is never the
//! customer's work that dies.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tiberius::{AuthMethod, Client, ColumnData, EncryptionLevel, FromSql, SqlBrowser};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use super::config::{Encrypt, Port, ServerConfig, SqlAuth};
use super::error::{Error, ServerError};
use super::row::{Cell, Row};

pub(super) const SESSION: &str = "SET IMPLICIT_TRANSACTIONS OFF; SET XACT_ABORT OFF; SET LOCK_TIMEOUT 30000; \
                       SET DEADLOCK_PRIORITY LOW; SET NOCOUNT ON";

/// A redirect leads to a node of a managed instance; one that leads on is a fault.
const REDIRECTS: usize = 1;

/// An open session in `master`.
pub(super) struct Connection {
    client: Client<Compat<TcpStream>>,
    broken: bool,
}

impl Connection {
    /// Connects, signs in and sets the session up.
    pub(super) async fn open(config: &ServerConfig) -> Result<Self, Error> {
        let timed = tokio::time::timeout(config.connect_timeout, connect(config)).await;
        let client = timed.map_err(|_| Error::Unreachable {
            host: config.host.clone(),
            port: number(&config.port),
            source: io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no answer within {} s", config.connect_timeout.as_secs()),
            ),
        })??;
        let mut connection = Self { client, broken: false };
        connection.batch(SESSION, config.command_timeout).await?;
        Ok(connection)
    }

    /// Whether it must not be used again.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Runs a batch and answers with the rows of each result set. Of several errors only the first is reported.
    pub(super) async fn batch(&mut self, text: &str, limit: Duration) -> Result<Vec<Vec<Row>>, Error> {
        let work = async { self.client.simple_query(text).await?.into_results().await };
        let outcome = tokio::time::timeout(limit, work).await;
        self.settle(outcome, limit)
    }

    /// Runs a query with parameters `@P1`, `@P2`, …; all are strings.
    pub(super) async fn query(
        &mut self,
        text: &str,
        parameters: &[&str],
        limit: Duration,
    ) -> Result<Vec<Vec<Row>>, Error> {
        let parameters: Vec<&dyn tiberius::ToSql> =
            parameters.iter().map(|text| text as &dyn tiberius::ToSql).collect();
        let work = async { self.client.query(text, &parameters).await?.into_results().await };
        let outcome = tokio::time::timeout(limit, work).await;
        self.settle(outcome, limit)
    }

    fn settle(
        &mut self,
        outcome: Result<tiberius::Result<Vec<Vec<tiberius::Row>>>, tokio::time::error::Elapsed>,
        limit: Duration,
    ) -> Result<Vec<Vec<Row>>, Error> {
        let answer = match outcome {
            Err(_elapsed) => Err(Error::TimedOut(limit)),
            Ok(Err(error)) => Err(translate(error)),
            Ok(Ok(sets)) => sets.into_iter().map(|set| set.into_iter().map(row).collect()).collect(),
        };
        // A statement that was cut short leaves its answer on the wire; only a server's own error ends cleanly.
        self.broken |= matches!(&answer, Err(error) if !matches!(error, Error::Server(_)));
        answer
    }
}

async fn connect(config: &ServerConfig) -> Result<Client<Compat<TcpStream>>, Error> {
    let mut library = tiberius::Config::new();
    library.host(&config.host);
    library.database("master");
    library.application_name(&config.application_name);
    library.encryption(match config.encrypt {
        Encrypt::Mandatory => EncryptionLevel::Required,
        Encrypt::Strict => EncryptionLevel::Strict,
        Encrypt::Optional => EncryptionLevel::Off,
    });
    library.multi_subnet_failover(config.multi_subnet_failover);
    library.handshake_timeout(Some(config.connect_timeout));
    library.command_timeout(None); // bounded per use, in `batch` and `query`
    if config.trust.anybody {
        library.trust_cert();
    } else if let Some(pem) = &config.trust.ca_certificate {
        library.trust_cert_ca_bundle(pem.as_bytes());
    }
    if let Some(name) = &config.trust.host_name_in_certificate {
        library.hostname_in_certificate(name);
    }
    library.authentication(match &config.auth {
        SqlAuth::Login { username, password } => AuthMethod::sql_server(username, password.expose()),
        SqlAuth::Entra(tokens) => match tokens.token().await {
            Ok(token) => AuthMethod::aad_token(token.expose()),
            Err(reason) => return Err(Error::Token { host: config.host.clone(), reason }),
        },
        SqlAuth::EntraPending => {
            let reason = "Azure's credentials are not configured".to_owned();
            return Err(Error::Token { host: config.host.clone(), reason });
        }
    });
    let mut stream = dial(config, &mut library).await?;
    for _redirect in 0..=REDIRECTS {
        match Client::connect(library.clone(), stream.compat_write()).await {
            Ok(client) => return Ok(client),
            Err(tiberius::error::Error::Routing { host, port }) => {
                stream = tcp(config, &host, &Port::Number(port)).await?;
                library.host(&host);
                library.port(port);
            }
            Err(error) => return Err(handshake_failed(config, error)),
        }
    }
    Err(Error::Protocol("the server redirects in a circle".to_owned()))
}

async fn dial(config: &ServerConfig, library: &mut tiberius::Config) -> Result<TcpStream, Error> {
    match &config.port {
        Port::Number(port) => library.port(*port),
        Port::Instance(instance) => library.instance_name(instance),
    }
    tcp(config, &config.host, &config.port).await
}

/// The one place that dials. In a rehearsal it knows the rehearsal's servers and nothing else: no name is resolved and
/// no SQL Browser asked, so what the configuration names is not so much as touched.
async fn tcp(config: &ServerConfig, host: &str, port: &Port) -> Result<TcpStream, Error> {
    let unreachable = |source| Error::Unreachable { host: host.to_owned(), port: number(port), source };
    let stream = match (&config.detour, port) {
        (Some(detour), port) => match (detour.0)(host, port) {
            Some(address) => TcpStream::connect(address).await.map_err(unreachable)?,
            None => return Err(Error::NotInRehearsal { server: port.place(host) }),
        },
        (None, Port::Number(port)) if config.multi_subnet_failover => {
            first_to_answer(host, *port).await.map_err(unreachable)?
        }
        (None, Port::Number(port)) => TcpStream::connect((host, *port)).await.map_err(unreachable)?,
        (None, Port::Instance(instance)) => {
            let mut browser = tiberius::Config::new();
            browser.host(host);
            browser.instance_name(instance);
            browser.multi_subnet_failover(config.multi_subnet_failover);
            TcpStream::connect_named(&browser).await.map_err(|error| Error::Browser {
                host: host.to_owned(),
                instance: instance.clone(),
                reason: error.to_string(),
            })?
        }
    };
    // Small requests wait for small answers here.
    stream.set_nodelay(true).map_err(unreachable)?;
    Ok(stream)
}

/// Whichever address of the name answers first: of a listener over several subnets only one is online, and to the
/// others a connection waits for a time-out.
async fn first_to_answer(host: &str, port: u16) -> io::Result<TcpStream> {
    let attempts: Vec<_> = tokio::net::lookup_host((host, port))
        .await?
        .map(|address| Box::pin(TcpStream::connect(address)))
        .collect();
    if attempts.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    futures::future::select_ok(attempts).await.map(|(stream, _slower)| stream)
}

fn number(port: &Port) -> u16 {
    match port {
        Port::Number(port) => *port,
        Port::Instance(_) => 1434,
    }
}

fn handshake_failed(config: &ServerConfig, error: tiberius::error::Error) -> Error {
    let host = config.host.clone();
    match error {
        tiberius::error::Error::Tls(reason) => Error::Tls { host, reason },
        tiberius::error::Error::Io { kind: io::ErrorKind::TimedOut, message } => Error::Unreachable {
            host,
            port: number(&config.port),
            source: io::Error::new(io::ErrorKind::TimedOut, message),
        },
        tiberius::error::Error::Io { message, .. }
            if message.contains("tls") || message.contains("handshake") =>
        {
            let reason =
                format!("{message}; does the server offer encryption, and is `encrypt` right for it?");
            Error::Tls { host, reason }
        }
        other => translate(other),
    }
}

fn translate(error: tiberius::error::Error) -> Error {
    match error {
        tiberius::error::Error::Server(token) => Error::Server(ServerError {
            number: token.code(),
            state: token.state(),
            class: token.class(),
            line: token.line(),
            message: token.message().to_owned(),
        }),
        tiberius::error::Error::Io { message, .. } => Error::ConnectionLost(message),
        tiberius::error::Error::Tls(message) => Error::ConnectionLost(message),
        other => Error::Protocol(other.to_string()),
    }
}

fn row(row: tiberius::Row) -> Result<Row, Error> {
    let names: Arc<[String]> = row.columns().iter().map(|column| column.name().to_owned()).collect();
    let cells = row.into_iter().map(cell).collect::<Result<Vec<_>, _>>()?;
    Ok(Row::new(names, cells))
}

fn cell(data: ColumnData<'static>) -> Result<Cell, Error> {
    let unreadable = |error: tiberius::error::Error| Error::Protocol(error.to_string());
    Ok(match data {
        ColumnData::Bit(value) => value.map_or(Cell::Null, Cell::Bool),
        ColumnData::U8(value) => value.map_or(Cell::Null, |number| Cell::Int(number.into())),
        ColumnData::I16(value) => value.map_or(Cell::Null, |number| Cell::Int(number.into())),
        ColumnData::I32(value) => value.map_or(Cell::Null, |number| Cell::Int(number.into())),
        ColumnData::I64(value) => value.map_or(Cell::Null, |number| Cell::Int(number.into())),
        ColumnData::Numeric(value) => value.map_or(Cell::Null, |number| Cell::Int(number.int_part())),
        ColumnData::String(value) => value.map_or(Cell::Null, |text| Cell::Text(text.into_owned())),
        ColumnData::Binary(value) => value.map_or(Cell::Null, |bytes| Cell::Bytes(bytes.into_owned())),
        ColumnData::Guid(value) => value.map_or(Cell::Null, |guid| Cell::Text(guid.to_string())),
        moment @ (ColumnData::DateTime(_) | ColumnData::SmallDateTime(_) | ColumnData::DateTime2(_)) => {
            time::PrimitiveDateTime::from_sql(&moment)
                .map_err(unreadable)?
                .map_or(Cell::Null, |moment| Cell::Time(moment.assume_utc()))
        }
        other => {
            return Err(Error::Protocol(format!("a column of a type that is never asked for: {other:?}")));
        }
    })
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, UdpSocket};

    use super::super::config::{Detour, Trust};
    use super::*;
    use crate::secret::Secret;

    fn config(host: &str, port: Port) -> ServerConfig {
        ServerConfig {
            name: "hq".to_owned(),
            host: host.to_owned(),
            port,
            auth: SqlAuth::Login { username: "u".to_owned(), password: Secret::new("p".to_owned()) },
            encrypt: Encrypt::Mandatory,
            trust: Trust::default(),
            connect_timeout: Duration::from_secs(5),
            command_timeout: Duration::from_secs(5),
            max_connections: 1,
            multi_subnet_failover: false,
            application_name: "test".to_owned(),
            detour: Some(Detour(Arc::new(|_, _| None))),
        }
    }

    /// Stands for production: SQL Browser and a server at the very address that the configuration names.
    #[tokio::test]
    async fn a_rehearsal_does_not_touch_a_server_that_it_does_not_have() {
        // All of 127/8 is this machine; one of its own, since SQL Browser's port cannot be chosen.
        let [a, b, c, ..] = *uuid::Uuid::new_v4().as_bytes();
        let host = format!("127.{a}.{b}.{}", c.clamp(1, 254));
        let browser = UdpSocket::bind((host.as_str(), 1434)).await.unwrap();
        let server = TcpListener::bind((host.as_str(), 1433)).await.unwrap();
        for port in [Port::Instance("SALES".to_owned()), Port::Number(1433)] {
            let config = config(&host, port);
            let Err(error) = Connection::open(&config).await else { panic!("connected") };
            assert!(
                matches!(&error, Error::NotInRehearsal { server } if *server == config.port.place(&host)),
                "{error}"
            );
        }
        // What had been sent over loopback would have arrived before `open` returned.
        let asked = browser.try_recv(&mut [0; 16]);
        assert!(asked.is_err(), "SQL Browser was asked");
        let dialled = tokio::time::timeout(Duration::ZERO, server.accept()).await;
        assert!(dialled.is_err(), "the server was dialled");
    }

    #[tokio::test]
    async fn a_named_instance_of_the_rehearsal_is_where_its_map_says() {
        let simulated = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = simulated.local_addr().unwrap();
        let mut config = config("sql1.corp.example", Port::Instance("SALES".to_owned()));
        config.detour = Some(Detour(Arc::new(move |host, port| {
            (port.place(host) == "sql1.corp.example\\SALES").then_some(address)
        })));
        let (opened, dialled) = tokio::join!(Connection::open(&config), async {
            drop(simulated.accept().await.unwrap()); // hangs up, having been dialled
        });
        assert!(opened.is_err());
        dialled
    }
}
