//! Replication over a connection that stands: the log flows, and what that means for both copies.

use std::mem;

use super::assumption;
use super::flow::{LogRates, Moments, Reached, Stretch};
use super::link_life::Life;
use super::log_space::LogSpace;
use super::managed::{Link, LinkDatabase, LinkPhase};
use super::replication::opposite;
use crate::tsql::error::raise;

/// `synchronization_state` of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronization {
    /// 0: nothing flows.
    NotSynchronizing,
    /// 1: it follows.
    Synchronizing,
    /// 2: it has all that was committed, and commits wait for it.
    Synchronized,
    /// 4: it is being made.
    Initializing,
}

impl Synchronization {
    /// `synchronization_state`.
    pub fn code(self) -> u8 {
        match self {
            Self::NotSynchronizing => 0,
            Self::Synchronizing => 1,
            Self::Synchronized => 2,
            Self::Initializing => 4,
        }
    }

    /// `synchronization_health` of a copy in this state, under a commit mode: it is well when it is in the state that
    /// the mode aims at. [page of sys.dm_hadr_database_replica_states]
    pub fn health(self, synchronous: bool) -> u8 {
        match self {
            Self::NotSynchronizing | Self::Initializing => 0,
            Self::Synchronizing if synchronous => 1,
            Self::Synchronizing | Self::Synchronized => 2,
        }
    }
}

impl LinkDatabase {
    /// Whether its copy is there.
    pub fn is_seeded(&self) -> bool {
        self.seeded.is_some_and(|(done, total)| done >= total)
    }
}

impl Link {
    /// How the secondary copy of one of its databases stands.
    pub fn synchronization(&self, one: &LinkDatabase) -> Synchronization {
        if self.session.is_none() || one.replication.suspended {
            return Synchronization::NotSynchronizing;
        }
        match self.phase {
            LinkPhase::Initiating | LinkPhase::Seeding if !one.is_seeded() => Synchronization::Initializing,
            LinkPhase::Seeding | LinkPhase::Synchronizing | LinkPhase::FailingOver => {
                let synchronized = self.synchronous && one.replication.synchronized;
                if synchronized { Synchronization::Synchronized } else { Synchronization::Synchronizing }
            }
            _ => Synchronization::NotSynchronizing,
        }
    }

    /// `synchronization_health` of the other side: that of its worst database; 0 where there is none.
    pub fn health(&self) -> u8 {
        let of = |one| self.synchronization(one).health(self.synchronous);
        self.databases.iter().map(of).min().unwrap_or(0)
    }
}

impl Life<'_> {
    /// What each database of the link has of the way. ASSUMED 94.
    fn log_rates(&self) -> LogRates {
        let share =
            if opposite(self.opposites, assumption::SHARED_WAY) { self.link.databases.len() } else { 1 };
        let share = u64::try_from(share).unwrap_or(u64::MAX).max(1);
        LogRates { send: self.way.log.send / share, ..self.way.log }
    }

    /// Lets the log flow for some seconds.
    pub(super) fn replicate(&mut self, seconds: u64) {
        let (now, rates, synchronous) = (self.now, self.log_rates(), self.link.synchronous);
        let mut databases = mem::take(&mut self.link.databases);
        for one in databases.iter_mut().filter(|one| one.is_seeded()) {
            let Some((source, target)) = self.copies() else { break };
            let Some(from) = source.database_mut(&one.name).filter(|one| one.group.is_some()) else {
                continue;
            };
            let Some(copy) = target.database_mut(&one.name) else { continue };
            let at = Reached { received: copy.hardened_lsn, redone: one.replication.redone.position };
            let suspended = from.suspended.is_some() || copy.suspended.is_some();
            let stretch = Stretch { written: from.written(), synchronous, from: at, rates };
            let reached = if suspended { at } else { stretch.after(seconds) };
            copy.hardened_lsn = reached.received;
            copy.log.before = reached.received;
            from.log.retained = Some(reached.received);
            if !suspended && let Some(before) = seconds.checked_sub(1) {
                one.replication.reach(reached, stretch.moments(seconds, now));
                one.replication.flowed(stretch.after(before), reached);
            }
            one.replication.synchronized = synchronous && reached.received >= from.hardened_lsn;
        }
        self.link.databases = databases;
    }

    /// Notices what has changed about the databases of a link, in no time: sources that have left their group or lost
    /// log, movement that was suspended, commits that have to wait.
    pub(super) fn watch(&mut self) {
        let (rates, synchronous, connected) =
            (self.log_rates(), self.link.synchronous, self.link.session.is_some());
        let idle = opposite(self.opposites, assumption::IDLE_LAG);
        let mut databases = mem::take(&mut self.link.databases);
        let (mut gone, mut gap) = (false, false);
        for one in databases.iter_mut().filter(|one| one.is_seeded()) {
            let Some((source, target)) = self.copies() else { break };
            let from = source.database_mut(&one.name);
            let Some(from) = from.filter(|from| from.group.is_some()) else {
                gone |= connected;
                one.error = one.error.or(connected.then_some(41977));
                continue;
            };
            let Some(copy) = target.database_mut(&one.name) else { continue };
            one.replication.suspended = from.suspended.is_some() || copy.suspended.is_some();
            if one.replication.suspended {
                one.replication.stop();
            }
            one.replication.measure(from.hardened_lsn, from.activity, rates, idle);
            if !connected {
                continue;
            }
            // What was cut before the copy received it cannot be sent any more.
            gap |= from.log.truncated > copy.hardened_lsn;
            // It may just be back, and has to catch up first.
            one.replication.synchronized &= copy.hardened_lsn >= from.hardened_lsn;
            if synchronous && one.replication.synchronized && !one.replication.suspended {
                from.log.commit_rate = Some(rates.send);
            }
        }
        self.link.databases = databases;
        let replicates = matches!(self.link.phase, LinkPhase::Synchronizing);
        if replicates && (gone || gap) {
            let database = self.link.databases.first().map_or("", |one| one.name.as_str());
            let error = if gone { self.no_response() } else { raise!(1412, database) };
            self.fail_seeding(error);
            self.link.phase = LinkPhase::SynchronizationError;
        }
    }

    /// The copies change roles: the one that follows now has redone all it has.
    pub(super) fn begin_following(&mut self) {
        let now = self.now;
        let mut databases = mem::take(&mut self.link.databases);
        for one in databases.iter_mut().filter(|one| one.is_seeded()) {
            let Some((source, target)) = self.copies() else { break };
            let Some(copy) = target.database(&one.name) else { continue };
            let position = copy.hardened_lsn;
            one.replication.reach(Reached { received: position, redone: position }, Moments::both(now));
            one.replication.synchronized = false;
            // The new source has all that it kept, and the other side has that too.
            if let Some(from) = source.database_mut(&one.name) {
                let kept = position.min(from.hardened_lsn);
                from.log = LogSpace { retained: Some(kept), ..LogSpace::beginning(kept) };
            }
        }
        self.link.databases = databases;
    }
}
