//! The one model of the world: SQL Server instances, managed instances, what links them, and time.
//!
//! | module | what |
//! | --- | --- |
//! | [`estate`], `sites` | everything there is, how names reach each other, and what goes down and comes back |
//! | [`build`] | builds of the engine, and what each can do |
//! | [`collation`], [`names`] | how a server compares names, and finds one among many |
//! | [`clock`] | accelerated time that a test can advance |
//! | [`instance`] | one database engine: a SQL Server, or the engine inside a managed instance |
//! | [`security`] | master key, certificates, issuer grants, logins, permissions |
//! | [`transport`], `browser` | how an engine takes connections of clients, and how they learn its port |
//! | [`endpoint`] | the database mirroring endpoint |
//! | [`group`] | availability groups, local and distributed |
//! | [`database`], [`backups`] | databases with their copies' state and log positions; backups on media, and how far a restore has come |
//! | [`log`], [`log_space`], [`flow`] | positions in a log, how far a copy has come and how fast, and what keeps a log from being cut |
//! | [`standing`] | which copies are secondary ones, and whose logs are kept for them |
//! | [`managed`], [`failover_group`] | the Azure side: managed instances, links, uploaded certificates, operations, failover groups |
//! | [`x509`], [`trust`] | certificates of instances, and who accepts whom |
//! | `replication`, `events`, `connection`, `seeding`, [`copying`], `link_life`, `operations` | what time does: connections, seeding, log positions, ends of operations |
//! | [`nodes`], `listeners`, [`routing`] | groups of several nodes: who is primary, who follows, where a listener leads, and whom it sends on |
//! | `azure` | the world as ARM's backend |
//! | [`assumption`], [`hazard`] | what is believed without a source; what of it provider and simulator both rely on |
//!
//! The T-SQL engine and the ARM face both work on it through [`World`], under one lock, so that a link made half by
//! T-SQL and half by ARM comes alive exactly when both halves fit. Nothing runs in the background: whoever looks moves
//! the world to the clock's present first, so that what happens depends on time and not on a scheduler.
//!
//! What it is not: it knows no text of T-SQL but the engine's messages, no JSON, no sockets.

pub mod assumption;
mod azure;
pub mod backups;
mod browser;
pub mod build;
pub mod clock;
pub mod collation;
mod connection;
pub mod copying;
pub mod database;
pub mod endpoint;
pub mod estate;
mod events;
pub mod failover_group;
pub mod flow;
pub mod group;
pub mod hazard;
pub mod instance;
mod link_life;
mod listeners;
pub mod log;
pub mod log_space;
pub mod managed;
pub mod names;
pub mod nodes;
mod operations;
mod replication;
pub mod roles;
pub mod routing;
pub mod security;
mod seeding;
mod sites;
pub mod standing;
#[cfg(test)]
pub(crate) mod tests;
pub mod transport;
pub mod trust;
pub mod x509;

use std::sync::{Arc, Mutex, PoisonError};

pub use estate::Estate;
use time::OffsetDateTime;

/// What rounding leaves of a wait.
const LEAST_WAIT: std::time::Duration = std::time::Duration::from_micros(100);

/// The world, shared by all faces.
#[derive(Debug, Clone)]
pub struct World(Arc<Mutex<Estate>>);

impl World {
    /// A world that begins as `estate`.
    pub fn new(estate: Estate) -> Self {
        Self(Arc::new(Mutex::new(estate)))
    }

    /// Looks at the world or changes it, after moving it to the present. Nobody else acts meanwhile.
    pub fn with<T>(&self, act: impl FnOnce(&mut Estate) -> T) -> T {
        let mut estate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        estate.catch_up();
        act(&mut estate)
    }

    /// Looks at the world as it is, without moving it to the present: for the many small questions of one statement,
    /// which has moved it before.
    pub fn glance<T>(&self, ask: impl FnOnce(&Estate) -> T) -> T {
        ask(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until the clock shows a moment. A clock that stands still has to be pushed there.
    pub async fn reach(&self, moment: OffsetDateTime) {
        loop {
            let pushes = self.glance(|estate| estate.clock.pushes());
            let pushed = pushes.notified();
            tokio::pin!(pushed);
            // Registered before the look, so that a push in between is not missed.
            pushed.as_mut().enable();
            let (now, speed) = self.glance(|estate| (estate.clock.now(), estate.clock.speed()));
            if now >= moment {
                return;
            }
            match (moment - now).unsigned_abs().checked_div(speed) {
                // Whether it was the push or the time, the clock is asked again.
                Some(left) => drop(tokio::time::timeout(left + LEAST_WAIT, pushed).await),
                None => pushed.await,
            }
        }
    }
}
