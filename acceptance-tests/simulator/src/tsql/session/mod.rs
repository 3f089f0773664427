//! A session: what outlives a batch, and how statements are carried out one by one.
//!
//! A batch is read whole and bound whole before any of it runs, as the server does: an unknown column or function in a
//! branch that is never taken fails everything. Missing tables and procedures alone wait until they are reached.
//!
//! | module | what |
//! | --- | --- |
//! | `bind` | the names of a batch, and the pass that binds all of it |
//! | `run` | statement by statement |
//! | `procedures` | system procedures |
//! | `locks` | application locks |
//! | `registry` | who is signed in |
//! | `wire` | values and types on their way to the client |

mod bind;
pub(crate) mod locks;
mod procedures;
pub(crate) mod registry;
mod run;
mod wire;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::types::Value;
use time::OffsetDateTime;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use self::locks::Locks;
use self::registry::{Registry, SessionInfo};
use super::ast::Transaction;
use super::error::SqlError;
use super::host::InstanceHost;
use super::query::Column;
use super::value::Type;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::tds::backend::{Event, Request, Session, SqlMessage, Verdict};
use crate::world::World;
use crate::world::collation::Collation;
use crate::world::instance::EngineKey;

/// What all sessions of an engine share.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) world: World,
    /// Which engine of the estate.
    pub(crate) engine: EngineKey,
    /// Version of the dialect.
    pub(crate) major: u8,
    /// `@@MICROSOFTVERSION`.
    pub(crate) microsoft_version: i64,
    pub(crate) server_name: String,
    /// `@@SERVICENAME`.
    pub(crate) service_name: String,
    pub(crate) version_text: String,
    pub(crate) collation: Collation,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) locks: Arc<Locks>,
    pub(crate) sessions: Arc<Registry>,
    /// How many times as fast as the host's the world's clock runs; WAITFOR waits in world time.
    pub(crate) speed: u32,
}

impl Shared {
    /// Whether the engine's site is up.
    pub(crate) fn is_up(&self) -> bool {
        self.world.with(|estate| !estate.network.down.contains(&self.engine.host))
    }
}

/// A signed-in client.
#[derive(Debug)]
pub(crate) struct SqlSession {
    shared: Shared,
    id: u16,
    login: String,
    database: String,
    /// Database that the client signed in to, and is in again after a reset.
    login_database: String,
    application: String,
    client: String,
    encrypted: bool,
    peer: Option<SocketAddr>,
    login_time: OffsetDateTime,
    last_request: OffsetDateTime,
    master_key_open: bool,
    transactions: u32,
    implicit_transactions: bool,
    xact_abort: bool,
    no_count: bool,
    lock_timeout: i64,
    row_count: i64,
    last_error: i32,
    handled: Vec<SqlError>,
    /// Temporary tables by folded name.
    temporary: HashMap<String, Table>,
    /// Prepared statements: parameter declarations and text.
    prepared: HashMap<i64, (String, String)>,
    next_handle: i64,
}

/// A table variable or temporary table.
#[derive(Debug, Clone, Default)]
struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
}

/// The variables of a batch.
#[derive(Debug, Clone, Default)]
struct Variables {
    scalars: HashMap<String, (Type, Value)>,
    tables: HashMap<String, Table>,
}

/// Where answers go; results can be caught instead (INSERT … EXEC).
struct Output<'a> {
    answers: &'a Sender<Event>,
    attention: &'a CancellationToken,
    caught: Option<Vec<Vec<Value>>>,
}

impl Output<'_> {
    async fn send(&mut self, event: Event) {
        match (&mut self.caught, event) {
            (Some(rows), Event::Row(values)) => rows.push(values.into_iter().map(wire::back).collect()),
            (Some(_), Event::Columns(_) | Event::Done { .. }) => {}
            // A client that is gone cancels the request; what is sent to nobody is lost.
            (_, event) => drop(self.answers.send(event).await),
        }
    }

    async fn error(&mut self, error: &SqlError) {
        for first in &error.before {
            self.send(Event::Message(message(first))).await;
        }
        self.send(Event::Message(message(error))).await;
    }
}

/// An error as the wire carries it.
pub(crate) fn message(error: &SqlError) -> SqlMessage {
    SqlMessage {
        number: error.number,
        state: error.state,
        class: error.severity,
        text: error.message.clone(),
        procedure: error.procedure.clone().unwrap_or_default(),
        line: error.line.max(1),
    }
}

impl SqlSession {
    pub(crate) fn new(
        shared: Shared,
        id: u16,
        login: String,
        database: String,
        application: String,
        client: String,
    ) -> Self {
        let now = shared.world.with(|estate| estate.clock.now());
        let session = Self {
            shared,
            id,
            login,
            login_database: database.clone(),
            database,
            application,
            client,
            encrypted: false,
            peer: None,
            login_time: now,
            last_request: now,
            master_key_open: false,
            transactions: 0,
            implicit_transactions: false,
            xact_abort: false,
            no_count: false,
            lock_timeout: -1,
            row_count: 0,
            last_error: 0,
            handled: Vec::new(),
            temporary: HashMap::new(),
            prepared: HashMap::new(),
            next_handle: 0,
        };
        session.shared.sessions.note(session.info());
        session
    }

    /// Notes how the client came.
    pub(crate) fn came(mut self, encrypted: bool, peer: SocketAddr) -> Self {
        (self.encrypted, self.peer) = (encrypted, Some(peer));
        self.shared.sessions.note(self.info());
        self
    }

    /// What views about sessions say of this one.
    fn info(&self) -> SessionInfo {
        SessionInfo {
            id: self.id,
            login: self.login.clone(),
            database: self.database.clone(),
            host: self.client.clone(),
            program: self.application.clone(),
            process: 4000,
            library: None,
            encrypted: self.encrypted,
            peer: self.peer,
            login_time: self.login_time,
            last_request: self.last_request,
            transactions: self.transactions,
            lock_timeout: self.lock_timeout,
            row_count: self.row_count,
            last_error: self.last_error,
            text_size: -1,
        }
    }

    fn host(&self) -> InstanceHost {
        InstanceHost {
            world: self.shared.world.clone(),
            engine: self.shared.engine.clone(),
            login: self.login.clone(),
            database: self.database.clone(),
            application: self.application.clone(),
            client: self.client.clone(),
            error: self.handled.last().cloned(),
            transactions: self.transactions,
            peer: self.peer,
            temporary: self.temporary.keys().cloned().collect(),
        }
    }

    /// What a client asks of the transaction manager instead of saying it in T-SQL.
    async fn manage(&mut self, steps: &[Transaction], output: &mut Output<'_>) -> Verdict {
        for step in steps {
            // Under IMPLICIT_TRANSACTIONS drivers end what no statement has begun yet.
            if self.transactions == 0 && self.implicit_transactions && !matches!(step, Transaction::Begin) {
                continue;
            }
            if let Err(error) = self.transaction(step, output).await {
                self.last_error = error.number;
                output.error(&error).await;
                break;
            }
        }
        Verdict::Continue
    }

    fn fold(&self, name: &str) -> String {
        self.shared.collation.fold(name)
    }
}

#[async_trait]
impl Session for SqlSession {
    async fn run(
        &mut self,
        request: Request,
        answers: &Sender<Event>,
        attention: &CancellationToken,
    ) -> Verdict {
        if !self.shared.is_up() {
            return Verdict::Cut;
        }
        self.last_request = self.shared.world.with(|estate| estate.clock.now());
        let mut output = Output { answers, attention, caught: None };
        match request {
            Request::Batch(text) => self.batch(&text, Variables::default(), &mut output).await.0,
            Request::Rpc { procedure, parameters } => self.call(&procedure, parameters, &mut output).await,
            Request::Begin { .. } => self.manage(&[Transaction::Begin], &mut output).await,
            Request::Commit { begins_next } => {
                self.manage(then_begin(&[Transaction::Commit, Transaction::Begin], begins_next), &mut output)
                    .await
            }
            Request::Rollback { begins_next } => {
                self.manage(
                    then_begin(&[Transaction::Rollback, Transaction::Begin], begins_next),
                    &mut output,
                )
                .await
            }
        }
    }

    fn reset(&mut self, keeps_transaction: bool) {
        self.shared.locks.release_all(self.id);
        self.database.clone_from(&self.login_database);
        self.temporary.clear();
        self.prepared.clear();
        if !keeps_transaction {
            self.transactions = 0;
        }
        self.implicit_transactions = false;
        self.xact_abort = false;
        self.no_count = false;
        self.lock_timeout = -1;
    }
}

/// A transaction's end, and the next one's beginning where it is wanted.
fn then_begin(steps: &[Transaction; 2], begins_next: bool) -> &[Transaction] {
    let [end, _begin] = steps;
    if begins_next { steps } else { std::slice::from_ref(end) }
}

impl Drop for SqlSession {
    fn drop(&mut self) {
        self.shared.locks.release_all(self.id);
        self.shared.sessions.forget(self.id);
    }
}
