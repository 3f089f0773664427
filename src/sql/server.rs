//! One server: its sessions, its lock, its snapshot.
//!
//! Reads share a *snapshot* that is loaded once with single flight, lives for a minute, and is thrown away by any
//! change; from the first change in the process on nothing is shared any more, because an apply must see what is.
//! Changes run one at a time: in this process by a mutex, across processes by an application lock on the server that
//! the same session holds around each statement.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, OnceCell, Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::catalog::{self, EndpointUse};
use super::config::ServerConfig;
use super::connection::Connection;
use super::error::Error;
use super::instance::{self, InstanceFacts};
use super::row::Row;
use super::snapshot::Snapshot;
use super::statement::{MajorVersion, Statement};

/// How long a snapshot serves reads.
const FRESH: Duration = Duration::from_secs(60);
/// Application lock that keeps two runs from changing one server at once.
const LOCK: &str = "terraform-provider-milink";
/// How long the lock is waited for: the longest statement of another run.
const LOCK_WAIT: Duration = Duration::from_secs(600);
/// How long a statement about groups and endpoints may take: it waits for cluster and listener.
const STATEMENT_LIMIT: Duration = Duration::from_secs(300);

/// A SQL Server, dialled when it is first asked.
pub struct Server {
    config: ServerConfig,
    permits: Semaphore,
    idle: std::sync::Mutex<Vec<Connection>>,
    facts: OnceCell<InstanceFacts>,
    changing: Mutex<()>,
    generation: AtomicU64,
    changed: AtomicBool,
    shared: Mutex<Option<Shared>>,
    silence: std::sync::Mutex<Option<Silence>>,
}

/// When a server was found not to answer.
struct Silence {
    noticed: Instant,
    error: Arc<Error>,
}

/// A snapshot that several reads share, or the failure to load one.
struct Shared {
    loaded: Instant,
    generation: u64,
    outcome: Result<Arc<Snapshot>, Arc<Error>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.config.name)
    }
}

impl Server {
    /// A server; nothing is dialled.
    pub fn new(config: ServerConfig) -> Self {
        Self {
            permits: Semaphore::new(config.max_connections.max(1)),
            config,
            idle: std::sync::Mutex::new(Vec::new()),
            facts: OnceCell::new(),
            changing: Mutex::new(()),
            generation: AtomicU64::new(0),
            changed: AtomicBool::new(false),
            shared: Mutex::new(None),
            silence: std::sync::Mutex::new(None),
        }
    }

    /// What the provider block calls it.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// How it is reached.
    pub fn config(&self) -> &ServerConfig {
        &self.config
    }

    /// What the instance is. Asked once; a server that did not answer is not asked again for a minute.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn facts(&self) -> Result<&InstanceFacts, Error> {
        self.facts_unless(|silence| silence.noticed.elapsed() < FRESH).await
    }

    /// Why it did not answer within the last minute, where it did not.
    pub fn silent(&self) -> Option<Arc<Error>> {
        self.silence(|silence| silence.noticed.elapsed() < FRESH)
    }

    fn silence(&self, counts: impl Fn(&Silence) -> bool) -> Option<Arc<Error>> {
        let silence = self.silence.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        silence.as_ref().filter(|silence| counts(silence)).map(|silence| Arc::clone(&silence.error))
    }

    fn heard(&self, error: Option<&Error>) {
        let now = error
            .filter(|error| error.is_unreachable())
            .map(|error| Silence { noticed: Instant::now(), error: Arc::new(error.repeated()) });
        *self.silence.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = now;
    }

    /// Who waits for another's attempt takes over its failure, else each would wait for a time-out of its own.
    async fn facts_unless(&self, counts: impl Fn(&Silence) -> bool) -> Result<&InstanceFacts, Error> {
        self.facts
            .get_or_try_init(|| async {
                if let Some(error) = self.silence(counts) {
                    return Err(error.repeated());
                }
                let sets = self.read(instance::QUERY, &[]).await?;
                let row = sets.first().and_then(|rows| rows.first());
                row.ok_or_else(|| Error::Protocol("the server says nothing about itself".to_owned()))
                    .and_then(InstanceFacts::read)
            })
            .await
    }

    /// Its objects: shared with other reads while nothing was changed, fresh afterwards. A failure is shared too, so
    /// that a server which is down costs one time-out and not one for each resource.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn snapshot(&self) -> Result<Arc<Snapshot>, Arc<Error>> {
        let mut shared = self.shared.lock().await;
        let generation = self.generation.load(Ordering::Acquire);
        if !self.changed.load(Ordering::Acquire)
            && let Some(known) = shared.as_ref()
            && known.generation == generation
            && known.loaded.elapsed() < FRESH
        {
            return known.outcome.clone();
        }
        if let Some(error) = self.silent() {
            return Err(error);
        }
        let outcome = self.load().await.map(Arc::new).map_err(Arc::new);
        *shared = Some(Shared { loaded: Instant::now(), generation, outcome: outcome.clone() });
        outcome
    }

    /// Its objects as they are now.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn look(&self) -> Result<Arc<Snapshot>, Arc<Error>> {
        self.load().await.map(Arc::new).map_err(Arc::new)
    }

    /// Throws shared snapshots away: something outside changed what they say (the other half of a link).
    pub fn forget(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.changed.store(true, Ordering::Release);
    }

    /// What an ALTER of the endpoint would disturb, as it is now.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn endpoint_use(&self) -> Result<EndpointUse, Error> {
        let count = |sets: &[Vec<Row>], name: &str| -> Result<i64, Error> {
            sets.first().and_then(|rows| rows.first()).map_or(Ok(0), |row| row.get(name))
        };
        let mut found = EndpointUse {
            mirroring_sessions: count(&self.read(catalog::MIRRORING_SESSIONS, &[]).await?, "sessions")?,
            running_seedings: count(&self.read(catalog::RUNNING_SEEDINGS, &[]).await?, "seedings")?,
            groups_that_need_secondaries: Vec::new(),
        };
        if self.facts().await?.major() > MajorVersion::Sql2016 {
            let sets = self.read(catalog::GROUPS_THAT_NEED_SECONDARIES, &[]).await?;
            for row in sets.first().map_or(&[][..], Vec::as_slice) {
                found.groups_that_need_secondaries.push(row.get("name")?);
            }
        }
        Ok(found)
    }

    /// What backup jobs ask: whether backups of this database, which is in a group, are to be made on this server.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn is_preferred_for_backups(&self, database: &str) -> Result<bool, Error> {
        let sets = self.read(catalog::PREFERRED_FOR_BACKUPS, &[database]).await?;
        let answer: Option<bool> =
            sets.first().and_then(|rows| rows.first()).map_or(Ok(None), |row| row.get("preferred"))?;
        Ok(answer == Some(true))
    }

    /// Runs a statement that changes the server. Where it changes or drops a group, the very session that runs it is
    /// asked first whether the group is primary here.
    ///
    /// Cancellation is heeded until the statement is sent; then its outcome is awaited.
    ///
    /// # Errors
    /// Those of the server, and [`Error::NotPrimary`], [`Error::Locked`], [`Error::Cancelled`]. After a time-out or a
    /// lost connection what happened is not known; whoever asked has to look.
    pub async fn execute(
        &self,
        statement: &Statement,
        cancellation: &CancellationToken,
    ) -> Result<(), Error> {
        let asked = Instant::now();
        let waiting = async {
            let turn = self.changing.lock().await;
            let version = self.facts_unless(|silence| silence.noticed >= asked).await?.major();
            let (permit, mut connection) = self.locked_session().await?;
            if let Some(group) = statement.needs_primary() {
                let checked = self.check_primary(&mut connection, group.as_str()).await;
                if let Err(error) = checked {
                    self.unlock(&permit, connection).await;
                    return Err(error);
                }
            }
            Ok::<_, Error>((turn, version, permit, connection))
        };
        let (_turn, version, permit, mut connection) = tokio::select! {
            biased;
            () = cancellation.cancelled() => return Err(Error::Cancelled),
            ready = waiting => ready?,
        };
        if cancellation.is_cancelled() {
            self.unlock(&permit, connection).await;
            return Err(Error::Cancelled);
        }
        let began = Instant::now();
        // Raised before as well: a read that began before the change must not be shared after it.
        self.forget();
        let outcome = connection.batch(statement.text(version).expose(), STATEMENT_LIMIT).await;
        self.forget();
        tracing::info!(
            server = self.config.name,
            statement = statement.kind(),
            object = statement.object(),
            milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            error = outcome.as_ref().err().and_then(Error::number),
            "statement"
        );
        self.unlock(&permit, connection).await;
        outcome.map(|_results| ())
    }

    async fn check_primary(&self, connection: &mut Connection, group: &str) -> Result<(), Error> {
        let sets = connection.query(catalog::LOCAL_ROLE, &[group], self.config.command_timeout).await?;
        let role: Option<i64> =
            sets.first().and_then(|rows| rows.first()).map_or(Ok(None), |row| row.get("role"))?;
        match role {
            // A group that does not exist here is for the statement to report.
            Some(1) => Ok(()),
            None if sets.first().is_none_or(Vec::is_empty) => Ok(()),
            other => Err(Error::NotPrimary {
                group: group.to_owned(),
                server: self.config.name.clone(),
                role: match other {
                    Some(2) => "secondary",
                    Some(_) => "resolving",
                    // It is removed, or the cluster has not said yet.
                    None => "without a role",
                }
                .to_owned(),
            }),
        }
    }

    async fn load(&self) -> Result<Snapshot, Error> {
        let began = Instant::now();
        let facts = self.facts_unless(|silence| silence.noticed >= began).await?.clone();
        let (_permit, mut connection) = self.session().await?;
        let mut outcome = Snapshot::load(&mut connection, facts.clone(), self.config.command_timeout).await;
        if matches!(outcome, Err(Error::ConnectionLost(_))) {
            // The pooled session had died while it was idle.
            connection = self.open().await?;
            outcome = Snapshot::load(&mut connection, facts, self.config.command_timeout).await;
        }
        self.put_back(connection);
        tracing::debug!(
            server = self.config.name,
            milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            error = outcome.as_ref().err().and_then(Error::number),
            "snapshot"
        );
        outcome
    }

    async fn read(&self, text: &str, parameters: &[&str]) -> Result<Vec<Vec<Row>>, Error> {
        let (_permit, mut connection) = self.session().await?;
        let mut outcome = ask(&mut connection, text, parameters, self.config.command_timeout).await;
        if matches!(outcome, Err(Error::ConnectionLost(_))) {
            connection = self.open().await?;
            outcome = ask(&mut connection, text, parameters, self.config.command_timeout).await;
        }
        self.put_back(connection);
        outcome
    }

    /// A session that holds the application lock.
    async fn locked_session(&self) -> Result<(SemaphorePermit<'_>, Connection), Error> {
        let (permit, mut connection) = self.session().await?;
        let mut outcome = take_lock(&mut connection).await;
        if matches!(outcome, Err(Error::ConnectionLost(_))) {
            connection = self.open().await?;
            outcome = take_lock(&mut connection).await;
        }
        match outcome {
            Ok(()) => Ok((permit, connection)),
            Err(error) => {
                self.put_back(connection);
                Err(error)
            }
        }
    }

    /// Gives the lock back; a session that cannot say so is closed, which gives it back as well.
    async fn unlock(&self, _permit: &SemaphorePermit<'_>, mut connection: Connection) {
        if !connection.is_broken()
            && connection.query(catalog::RELEASE_LOCK, &[LOCK], self.config.command_timeout).await.is_ok()
        {
            self.put_back(connection);
        }
    }

    async fn session(&self) -> Result<(SemaphorePermit<'_>, Connection), Error> {
        let permit = self
            .permits
            .acquire()
            .await
            .map_err(|_closed| Error::Protocol("the server was closed".to_owned()))?;
        let idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open().await?,
        };
        Ok((permit, connection))
    }

    async fn open(&self) -> Result<Connection, Error> {
        let outcome = Connection::open(&self.config).await;
        self.heard(outcome.as_ref().err());
        outcome
    }

    fn put_back(&self, connection: Connection) {
        if !connection.is_broken() {
            self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(connection);
        }
    }
}

async fn ask(
    connection: &mut Connection,
    text: &str,
    parameters: &[&str],
    limit: Duration,
) -> Result<Vec<Vec<Row>>, Error> {
    match parameters {
        [] => connection.batch(text, limit).await,
        parameters => connection.query(text, parameters, limit).await,
    }
}

async fn take_lock(connection: &mut Connection) -> Result<(), Error> {
    let milliseconds = LOCK_WAIT.as_millis().to_string();
    let limit = LOCK_WAIT + Duration::from_secs(30);
    let sets = connection.query(catalog::TAKE_LOCK, &[LOCK, &milliseconds], limit).await?;
    let result: i64 = sets.first().and_then(|rows| rows.first()).map_or_else(
        || Err(Error::Protocol("sp_getapplock says nothing".to_owned())),
        |row| row.get("result"),
    )?;
    // 0 granted, 1 granted after waiting; -1 timed out, -2 cancelled, -3 deadlock, -999 wrong call.
    if result >= 0 { Ok(()) } else { Err(Error::Locked { resource: LOCK.to_owned(), waited: LOCK_WAIT }) }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::super::config::{Encrypt, Port, SqlAuth, Trust};
    use super::*;
    use crate::secret::Secret;

    /// A server that takes connections and never says a word.
    async fn mute() -> (Server, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = ServerConfig {
            name: "hq".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: Port::Number(listener.local_addr().unwrap().port()),
            auth: SqlAuth::Login { username: "u".to_owned(), password: Secret::new("p") },
            encrypt: Encrypt::Optional,
            trust: Trust { anybody: true, ..Trust::default() },
            connect_timeout: Duration::from_millis(50),
            command_timeout: Duration::from_secs(30),
            max_connections: 4,
            multi_subnet_failover: false,
            application_name: "test".to_owned(),
            detour: None,
        };
        (Server::new(config), listener)
    }

    /// How many connections wait to be taken.
    async fn dialled(listener: &TcpListener) -> usize {
        let mut count = 0;
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        while let std::task::Poll::Ready(Ok(_)) = listener.poll_accept(&mut context) {
            count += 1;
            tokio::task::yield_now().await;
        }
        count
    }

    #[tokio::test]
    async fn a_server_that_does_not_answer_costs_one_time_out() {
        let (server, listener) = mute().await;
        let reads = futures::future::join_all((0..10).map(|_| server.snapshot())).await;
        assert!(reads.iter().all(|read| read.as_ref().is_err_and(|error| error.is_unreachable())));
        assert!(server.facts().await.is_err_and(|error| error.is_unreachable()));
        // A change of something else in this run makes it no livelier.
        server.forget();
        assert!(server.snapshot().await.is_err());
        assert!(server.silent().is_some());
        assert_eq!(dialled(&listener).await, 1);
        // A deed wants to know how it is now.
        assert!(server.look().await.is_err());
        assert_eq!(dialled(&listener).await, 1);
    }
}
