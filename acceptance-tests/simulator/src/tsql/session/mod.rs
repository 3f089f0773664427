//! A session: what outlives a batch, and how statements are carried out one by one.
//!
//! A batch is read whole and bound whole before any of it runs, as the server does: an unknown column or function in a
//! branch that is never taken fails everything. Missing tables and procedures alone wait until they are reached.
//!
//! | module | what |
//! | --- | --- |
//! | `frame` | a batch, or a text that it executes: variables, temporary tables, settings |
//! | `scope` | what names mean to a query of a frame, and what they hold |
//! | `bind`, `labels` | the pass over a whole text before any of it runs |
//! | `run` | statement by statement: control flow, TRY and CATCH |
//! | `act` | what single statements do |
//! | `stop` | how far an error goes |
//! | `raise`, `wait`, `assign`, `tables`, `transaction` | RAISERROR and its kin, WAITFOR, variables, tables of the session, transactions |
//! | `changes` | UPDATE and DELETE, TOP and OUTPUT of changes |
//! | `definition`, `constraints`, `identity` | what tables of the session are, and what their rows keep to |
//! | `procedures` | EXEC, RPC and the system procedures |
//! | `options` | SET |
//! | `describe`, `parameters` | what a text would return, and what it would take |
//! | `undo` | what a rollback takes back of the instance |
//! | `configure` | `sp_configure` and RECONFIGURE |
//! | `output` | where answers go |
//! | `locks` | application locks |
//! | `registry` | who is signed in |
//! | `wire` | values and types on their way to the client |

mod act;
mod assign;
mod bind;
mod changes;
mod configure;
mod constraints;
mod definition;
mod describe;
mod frame;
mod identity;
mod labels;
pub(crate) mod locks;
mod options;
mod output;
mod parameters;
mod procedures;
mod raise;
mod refusal;
pub(crate) mod registry;
mod run;
mod scope;
mod stop;
mod tables;
mod transaction;
mod undo;
mod wait;
mod wire;

pub(crate) use describe::function_columns;

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;
use time::OffsetDateTime;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use self::frame::{Frame, Options};
use self::locks::Locks;
use self::output::Output;
use self::registry::{Registry, SessionInfo};
use self::tables::Table;
use self::transaction::OpenTransaction;
use super::ast::Transaction;
use super::error::SqlError;
use super::host::InstanceHost;
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
}

impl Shared {
    /// Whether the engine's site is up.
    pub(crate) fn is_up(&self) -> bool {
        self.world.glance(|estate| !estate.network.down.contains(&self.engine.host))
    }

    /// How often the engine was started again. After each time, what sessions had of it is gone.
    fn restarts(&self) -> u64 {
        let restarts = self.world.glance(|estate| estate.engine(&self.engine).map(|engine| engine.restarts));
        let restarts = restarts.unwrap_or_default();
        if self.sessions.restarted(restarts) {
            self.locks.clear();
        }
        restarts
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
    /// The application says that it only reads.
    read_only: bool,
    /// How often the engine had been started again when it came: it ends with the next time.
    restarts: u64,
    /// Its database was a primary copy after its last request: where it is a secondary one now, the failover has ended the
    /// session.
    in_primary: bool,
    /// The listener that it came through: it ends when that leads elsewhere.
    listener: Option<String>,
    peer: Option<SocketAddr>,
    login_time: OffsetDateTime,
    last_request: OffsetDateTime,
    /// When it opened the master key, while it has it open.
    master_key_opened: Option<OffsetDateTime>,
    /// Trace flags that are on for this session alone.
    trace_flags: BTreeSet<i64>,
    transaction: OpenTransaction,
    options: Options,
    /// `@@ROWCOUNT`.
    row_count: i64,
    /// `@@ERROR`.
    last_error: i32,
    /// `@@IDENTITY`.
    last_identity: Option<i64>,
    /// The table, by its folded name, that takes identity values from INSERT.
    identity_insert: Option<String>,
    /// `CONTEXT_INFO()`.
    context_info: Option<Vec<u8>>,
    /// Errors of the CATCH blocks that run, innermost last.
    handled: Vec<SqlError>,
    /// Frames that run, innermost last.
    frames: Vec<Frame>,
    /// Temporary tables of batches, by folded name.
    temporary: HashMap<String, Table>,
    /// Prepared statements: parameter declarations and text.
    prepared: HashMap<i64, (String, String)>,
    next_handle: i64,
}

/// What a session's client reaches it by.
struct Way {
    shared: Shared,
    restarts: u64,
    listener: Option<String>,
}

impl Way {
    fn is_open(&self) -> bool {
        let leads_here = |name: &String| {
            let here = &self.shared.engine;
            self.shared
                .world
                .glance(|estate| estate.engine_listening(name).is_some_and(|engine| engine.is(here)))
        };
        self.shared.is_up()
            && self.shared.restarts() == self.restarts
            && self.listener.as_ref().is_none_or(leads_here)
    }

    /// Resolves when it is closed.
    async fn closed(self) {
        loop {
            let stirred = self.shared.world.glance(|estate| Arc::clone(&estate.stirred));
            let told = stirred.notified();
            tokio::pin!(told);
            // Registered before the look, so that nothing in between is missed.
            told.as_mut().enable();
            if !self.is_open() {
                return;
            }
            told.await;
        }
    }
}

/// A database's copy in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CopyHere {
    Primary,
    Secondary,
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
        let now = shared.world.glance(|estate| estate.clock.now());
        let restarts = shared.restarts();
        let session = Self {
            shared,
            restarts,
            in_primary: false,
            id,
            login,
            login_database: database.clone(),
            database,
            application,
            client,
            encrypted: false,
            read_only: false,
            listener: None,
            peer: None,
            login_time: now,
            last_request: now,
            master_key_opened: None,
            trace_flags: BTreeSet::new(),
            transaction: OpenTransaction::default(),
            options: Options::default(),
            row_count: 0,
            last_error: 0,
            last_identity: None,
            identity_insert: None,
            context_info: None,
            handled: Vec::new(),
            frames: Vec::new(),
            temporary: HashMap::new(),
            prepared: HashMap::new(),
            next_handle: 0,
        };
        session.shared.sessions.note(session.info());
        session
    }

    /// What its database is in a group here; nothing where it is in none.
    fn copy(&self) -> Option<CopyHere> {
        self.shared.world.glance(|estate| {
            let engine = estate.engine(&self.shared.engine)?;
            let database = engine.database(&self.database)?;
            database.group.as_ref()?;
            Some(if engine.is_secondary(database) { CopyHere::Secondary } else { CopyHere::Primary })
        })
    }

    /// Notes how the client came.
    pub(crate) fn came(mut self, encrypted: bool, peer: SocketAddr) -> Self {
        self.in_primary = self.copy() == Some(CopyHere::Primary);
        (self.encrypted, self.peer) = (encrypted, Some(peer));
        self.shared.sessions.note(self.info());
        self
    }

    /// Notes that the application only reads, or may write too.
    pub(crate) fn intent(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Notes that the client came through a listener.
    pub(crate) fn through(mut self, listener: &str) -> Self {
        self.listener = Some(listener.to_owned());
        self
    }

    /// What its client reaches it by.
    fn way(&self) -> Way {
        let (shared, listener) = (self.shared.clone(), self.listener.clone());
        Way { shared, restarts: self.restarts, listener }
    }

    /// Whether the session lives: its site is up, the engine was not started again meanwhile, the listener that it came
    /// through leads here, and no failover has made a secondary copy of its database. ["Failover and failover modes", 2025:
    /// connections to the databases of the old primary are broken]
    fn is_alive(&self) -> bool {
        self.way().is_open() && !(self.in_primary && self.copy() == Some(CopyHere::Secondary))
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
            transactions: self.transaction.depth,
            lock_timeout: self.options.lock_timeout,
            row_count: self.row_count,
            last_error: self.last_error,
            text_size: self.options.text_size_shown(),
            isolation: self.options.isolation,
            arith_abort: self.options.arith_abort,
            context_info: self.context_info.clone().unwrap_or_default(),
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
            transactions: self.transaction.depth,
            doomed: self.transaction.doomed,
            peer: self.peer,
            temporary: self.temporaries(),
            identity: self.frames.last().and_then(|frame| frame.identity),
            context_info: self.context_info.clone(),
            arith_abort: self.options.arith_abort,
            session: self.id,
            locks: Arc::clone(&self.shared.locks),
        }
    }

    /// Names of the temporary tables that the innermost frame sees.
    fn temporaries(&self) -> Vec<String> {
        let frames = self.frames.iter().flat_map(|frame| frame.temporary.keys());
        self.temporary.keys().chain(frames).cloned().collect()
    }

    /// What a client asks of the transaction manager instead of saying it in T-SQL.
    async fn manage(&mut self, steps: &[Transaction], output: &mut Output<'_>) -> Verdict {
        for step in steps {
            // Under IMPLICIT_TRANSACTIONS drivers end what no statement has begun yet.
            let idle = self.transaction.depth == 0 && self.options.implicit_transactions;
            if idle && !matches!(step, Transaction::Begin(_)) {
                continue;
            }
            if let Err(stop) = self.transact(step, output).await {
                return self.uncaught(stop, output).await;
            }
        }
        Verdict::Continue
    }

    fn fold(&self, name: &str) -> String {
        self.shared.collation.fold(name)
    }

    /// Whether the opposite of an assumption is in force.
    fn opposite(&self, number: u16) -> bool {
        self.shared.world.glance(|estate| estate.opposite(number))
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
        // Moves the world to the present, once for all that the request asks of it.
        self.last_request = self.shared.world.with(|estate| estate.clock.now());
        if !self.is_alive() {
            return Verdict::Cut;
        }
        let mut output = Output::new(answers, attention);
        let verdict = match request {
            Request::Batch(text) => self.batch(&text, &mut output).await,
            Request::Rpc { procedure, parameters } => self.call(&procedure, parameters, &mut output).await,
            Request::Begin { name } => {
                let name = Some(name).filter(|name| !name.is_empty());
                self.manage(&[Transaction::Begin(name)], &mut output).await
            }
            Request::Commit { begins_next } => {
                self.manage(
                    then_begin(&[Transaction::Commit, Transaction::Begin(None)], begins_next),
                    &mut output,
                )
                .await
            }
            Request::Save { name } => self.manage(&[Transaction::Save(name)], &mut output).await,
            Request::Rollback { name, begins_next } => {
                let name = Some(name).filter(|name| !name.is_empty());
                let steps = [Transaction::Rollback(name), Transaction::Begin(None)];
                self.manage(then_begin(&steps, begins_next), &mut output).await
            }
        };
        // An attention rolls back under XACT_ABORT alone.
        if attention.is_cancelled() && self.options.xact_abort {
            self.roll_back(&mut output).await;
        }
        self.end_doomed(&mut output).await;
        self.frames.clear();
        self.handled.clear();
        self.in_primary = self.copy() == Some(CopyHere::Primary);
        verdict
    }

    fn over(&self) -> BoxFuture<'static, ()> {
        Box::pin(self.way().closed())
    }

    fn reset(&mut self, keeps_transaction: bool) {
        self.shared.locks.release_all(self.id);
        self.database.clone_from(&self.login_database);
        self.temporary.clear();
        self.prepared.clear();
        if !keeps_transaction {
            self.take_back(0);
            self.end_transaction();
        }
        self.options = Options::default();
        self.trace_flags.clear();
        (self.last_identity, self.identity_insert, self.context_info) = (None, None, None);
    }
}

/// A transaction's end, and the next one's beginning where it is wanted.
fn then_begin(steps: &[Transaction; 2], begins_next: bool) -> &[Transaction] {
    let [end, _begin] = steps;
    if begins_next { steps } else { std::slice::from_ref(end) }
}

impl Drop for SqlSession {
    fn drop(&mut self) {
        self.take_back(0);
        self.shared.locks.release_all(self.id);
        self.shared.sessions.forget(self.id);
    }
}
