//! The sessions of an engine, for the views about them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;

/// What the engine knows of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionInfo {
    /// `@@SPID`.
    pub(crate) id: u16,
    pub(crate) login: String,
    pub(crate) database: String,
    /// The client's host and program, as it says itself.
    pub(crate) host: String,
    pub(crate) program: String,
    /// The client's process, and the library that it uses.
    pub(crate) process: i32,
    pub(crate) library: Option<String>,
    pub(crate) encrypted: bool,
    /// Address of the client.
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) login_time: OffsetDateTime,
    /// When the last request began.
    pub(crate) last_request: OffsetDateTime,
    pub(crate) transactions: u32,
    pub(crate) lock_timeout: i64,
    pub(crate) row_count: i64,
    pub(crate) last_error: i32,
    pub(crate) text_size: i32,
    /// Number of the isolation level.
    pub(crate) isolation: u8,
    pub(crate) arith_abort: bool,
    pub(crate) context_info: Vec<u8>,
}

impl Default for SessionInfo {
    fn default() -> Self {
        Self {
            id: 0,
            login: String::new(),
            database: "master".to_owned(),
            host: String::new(),
            program: String::new(),
            process: 0,
            library: None,
            encrypted: true,
            peer: None,
            login_time: OffsetDateTime::UNIX_EPOCH,
            last_request: OffsetDateTime::UNIX_EPOCH,
            transactions: 0,
            lock_timeout: -1,
            row_count: 0,
            last_error: 0,
            text_size: -1,
            isolation: 2,
            arith_abort: false,
            context_info: Vec::new(),
        }
    }
}

/// The sessions that are signed in, by id.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Those of before an engine's restart are no more, though their clients may not know it yet.
    restarts: u64,
    sessions: BTreeMap<u16, SessionInfo>,
}

impl Registry {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all sessions where the engine was started again since they were noted; whether it was.
    pub(crate) fn restarted(&self, restarts: u64) -> bool {
        let mut known = self.known();
        let again = known.restarts != restarts;
        if again {
            *known = Known { restarts, sessions: BTreeMap::new() };
        }
        again
    }

    /// Notes a session, or what has changed about it.
    pub(crate) fn note(&self, session: SessionInfo) {
        self.known().sessions.insert(session.id, session);
    }

    /// Forgets a session.
    pub(crate) fn forget(&self, id: u16) {
        self.known().sessions.remove(&id);
    }

    /// All sessions, by id.
    pub(crate) fn all(&self) -> Vec<SessionInfo> {
        self.known().sessions.values().cloned().collect()
    }
}
