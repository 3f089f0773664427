//! Where the local groups of an engine stand: which are received, which keep logs for a secondary.
//!
//! Read off the distributed groups once, for whoever asks it of many databases.

use std::collections::HashSet;

use super::collation::Collation;
use super::database::{Database, DatabaseState};
use super::group::{AvailabilityGroup, Role};
use super::instance::SqlInstance;
use super::log::LogPosition;

/// How the local groups of an engine stand to the distributed ones, by folded names.
#[derive(Debug)]
pub struct Standing {
    comparing: Collation,
    receiving: HashSet<String>,
    holding: HashSet<String>,
    flowing: HashSet<String>,
}

impl Standing {
    fn has(&self, names: &HashSet<String>, database: &Database) -> bool {
        database.group.as_ref().is_some_and(|group| names.contains(&self.comparing.fold(group)))
    }

    /// Whether a database is a secondary copy here.
    pub(super) fn receives(&self, database: &Database) -> bool {
        self.has(&self.receiving, database)
    }

    /// Whether its log is kept for a secondary.
    ///
    /// ASSUMED 93: a group that was connected once keeps it, also after the link was deleted in Azure, until it is
    /// dropped.
    pub(super) fn holds(&self, database: &Database) -> bool {
        database.log.retained.is_some() && self.has(&self.holding, database)
    }

    /// Whether the secondary that it is kept for is connected.
    pub(super) fn flows(&self, database: &Database) -> bool {
        database.suspended.is_none() && self.has(&self.flowing, database)
    }

    /// From where its log is needed by a secondary; its end where none needs any.
    pub fn log_needed_from(&self, database: &Database) -> LogPosition {
        let retained = database.log.retained.filter(|_| self.holds(database));
        retained.map_or(database.hardened_lsn, |retained| retained.min(database.hardened_lsn))
    }
}

impl SqlInstance {
    /// Where its local groups stand now.
    pub fn standing(&self) -> Standing {
        let comparing = self.comparing();
        let (mut receiving, mut holding, mut flowing) = (HashSet::new(), HashSet::new(), HashSet::new());
        for group in &self.groups {
            let members = || group.replicas.iter().map(|member| comparing.fold(&member.server_name));
            if !group.distributed {
                receiving.extend((group.role != Role::Primary).then(|| comparing.fold(&group.name)));
            } else if group.role == Role::Secondary {
                receiving.extend(members());
            } else if group.link.ever_connected {
                holding.extend(members());
                if group.link.connected {
                    flowing.extend(members());
                }
            }
        }
        Standing { comparing, receiving, holding, flowing }
    }

    /// Whether a copy is a secondary one: in a local group that is not primary here, or that receives its databases through
    /// a distributed group.
    pub fn is_secondary(&self, database: &Database) -> bool {
        let Some(local) = database.group.as_ref().and_then(|name| self.group(name)) else { return false };
        let comparing = self.comparing();
        let receives = |group: &AvailabilityGroup| {
            group.distributed
                && group.role == Role::Secondary
                && group.replicas.iter().any(|member| comparing.equal(&member.server_name, &local.name))
        };
        local.role != Role::Primary || self.groups.iter().any(receives)
    }

    /// Whether applications can change a database here.
    pub fn takes_writes(&self, database: &Database) -> bool {
        database.can_change() && !self.is_secondary(database)
    }

    /// Whether commits in a database wait for secondaries of its group.
    pub fn commits_wait(&self, database: &Database) -> bool {
        let group = database.group.as_ref().and_then(|name| self.group(name));
        group.is_some_and(|group| group.commits_wait)
    }
}

impl Database {
    /// Whether its own state lets it be changed, wherever its copies are.
    pub(super) fn can_change(&self) -> bool {
        self.state == DatabaseState::Online && !self.read_only
    }
}
