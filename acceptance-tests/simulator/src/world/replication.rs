//! What time does to the world: connections, seeding, log positions, operations, backups.
//!
//! Time goes in strides of whole seconds, from one event to the next (`events`): between two of them everything flows
//! evenly, so that a long jump of the clock leads where many short ones lead. What a link does in a moment is in
//! `link_life`, what an operation does at its end in `operations`.

use std::collections::{BTreeSet, HashSet};
use std::mem;

use time::Duration;

use super::clock::Clock;
use super::connection::Address;
use super::database::{BackupRecord, Database, DatabaseState};
use super::estate::{Estate, behind};
use super::events::{seconds_until, share};
use super::group::{AvailabilityGroup, Role};
use super::instance::SqlInstance;
use super::link_life::Life;

impl Estate {
    /// Moves links, seedings and operations along to the clock's present. Says in how many strides.
    pub fn catch_up(&mut self) -> usize {
        let now = self.clock.now();
        // What was done since, was done at this moment of the world.
        self.live(0);
        let mut acted = self.reached;
        let mut dates = None;
        let mut strides = 0;
        while now - self.reached >= Duration::SECOND {
            let left = (now - self.reached).whole_seconds();
            if dates.is_none() && self.waits_for_connection() {
                dates = Some(self.validity_dates());
            }
            let next = self.next_event(acted, dates.as_deref().unwrap_or_default());
            let seconds = next.map_or(left, |next| seconds_until(self.reached, next)).clamp(1, left);
            self.reached += Duration::seconds(seconds);
            strides += 1;
            let seconds = u64::try_from(seconds).unwrap_or_default();
            self.write(seconds);
            self.live(seconds);
            self.take_backups();
            if self.end_operations() {
                // What an operation does, it does at this moment, as if somebody had done it.
                self.live(0);
                acted = self.reached;
                dates = None;
            }
        }
        strides
    }

    /// Applications change what takes changes; a full log takes none. ["Best practices for a link", 2026]
    fn write(&mut self, seconds: u64) {
        let managed = self.managed_instances.iter_mut().map(|managed| &mut managed.engine);
        for engine in self.sql_servers.iter_mut().chain(managed) {
            let receiving = engine.receiving();
            let comparing = engine.comparing();
            for database in engine.databases.iter_mut().filter(|one| one.activity > 0) {
                let received =
                    database.group.as_ref().is_some_and(|group| receiving.contains(&comparing.fold(group)));
                if database.can_change() && !received && database.log_used < 100.0 {
                    let changes = database.activity.saturating_mul(seconds);
                    database.hardened_lsn = database.hardened_lsn.advanced(changes);
                }
            }
        }
    }

    /// Lets every link live for some seconds.
    fn live(&mut self, seconds: u64) {
        let Self { sql_servers, managed_instances, network, opposites, seeding_rate, reached, .. } = self;
        for managed in managed_instances {
            let rate = share(*seeding_rate, &managed.links);
            let mut links = mem::take(&mut managed.links);
            for link in &mut links {
                let place = Address::parse(&link.request.partner_endpoint)
                    .and_then(|partner| behind(sql_servers.iter(), partner.host, partner.port));
                let sql = place.and_then(|place| sql_servers.get_mut(place));
                let life = Life { link, managed, sql, network, opposites, rate, now: *reached };
                life.go_on(seconds);
            }
            managed.links = links;
        }
    }

    /// The service backs up what became its own.
    fn take_backups(&mut self) {
        let now = self.reached;
        for managed in &mut self.managed_instances {
            let (due, later) =
                mem::take(&mut managed.due_backups).into_iter().partition(|(_, at)| *at <= now);
            managed.due_backups = later;
            let due: Vec<(String, _)> = due;
            for (name, finished) in due {
                if let Some(database) = managed.engine.database_mut(&name) {
                    let started = finished - Duration::minutes(1);
                    database.backups.push(BackupRecord { kind: 'D', copy_only: false, started, finished });
                }
            }
        }
    }

    /// Puts the world on a clock that stands still, for whoever moves it by hand.
    pub fn stop_clock(&mut self) {
        self.clock = Clock::new(self.reached, 0);
    }
}

impl SqlInstance {
    /// Whether a copy is a secondary one: in a local group that is secondary here, or that receives its databases through
    /// a distributed group.
    pub fn is_secondary(&self, database: &Database) -> bool {
        let Some(local) = database.group.as_ref().and_then(|name| self.group(name)) else { return false };
        let comparing = self.comparing();
        let receives = self.groups.iter().any(|group| {
            group.receives()
                && group.replicas.iter().any(|member| comparing.equal(&member.server_name, &local.name))
        });
        local.role == Role::Secondary || receives
    }

    /// The names, folded, of all groups whose databases are secondary copies here.
    fn receiving(&self) -> HashSet<String> {
        let comparing = self.comparing();
        let mut names = HashSet::new();
        for group in &self.groups {
            if group.receives() {
                names.extend(group.replicas.iter().map(|member| comparing.fold(&member.server_name)));
            } else if !group.distributed && group.role == Role::Secondary {
                names.insert(comparing.fold(&group.name));
            }
        }
        names
    }

    /// Whether applications can change a database here.
    pub fn takes_writes(&self, database: &Database) -> bool {
        database.can_change() && !self.is_secondary(database)
    }
}

impl AvailabilityGroup {
    /// Whether this side of a distributed group gets its databases from the other.
    fn receives(&self) -> bool {
        self.distributed && self.role == Role::Secondary
    }
}

impl Database {
    /// Whether its own state lets it be changed, wherever its copies are.
    fn can_change(&self) -> bool {
        self.state == DatabaseState::Online && !self.read_only
    }
}

/// Whether the opposite of an assumption is in force.
pub(super) fn opposite(opposites: &BTreeSet<u16>, number: u16) -> bool {
    opposites.contains(&number)
}
