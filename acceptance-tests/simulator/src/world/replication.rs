//! What time does to the world: connections, seeding, log positions, operations, backups.
//!
//! Time goes in whole seconds while anything is under way, and in one stride while nothing is, so that a long jump of
//! the clock leads where many short ones lead. What a link does in a moment is in `link_life`, what an operation does at
//! its end in `operations`.

use std::collections::BTreeSet;
use std::mem;

use time::{Duration, OffsetDateTime};

use super::clock::Clock;
use super::connection::{Address, RETRY};
use super::database::{BackupRecord, Database, DatabaseState};
use super::estate::{Estate, behind};
use super::group::Role;
use super::instance::SqlInstance;
use super::link_life::Life;
use super::managed::LinkPhase;

/// How long a lost connection is watched second by second.
const WATCHED: Duration = Duration::minutes(11);

impl Estate {
    /// Moves links, seedings and operations along to the clock's present.
    pub fn catch_up(&mut self) {
        let now = self.clock.now();
        // What was done since, was done at this moment of the world.
        self.live(0);
        let acted = self.reached;
        while now - self.reached >= Duration::SECOND {
            let seconds = if self.in_flux(acted) { 1 } else { (now - self.reached).whole_seconds() };
            self.reached += Duration::seconds(seconds);
            let seconds = u64::try_from(seconds).unwrap_or_default();
            self.write(seconds);
            self.live(seconds);
            self.take_backups();
            self.end_operations();
        }
    }

    /// Whether anything is under way that the next second may move along.
    fn in_flux(&self, acted: OffsetDateTime) -> bool {
        // Whoever acted before this may have mended what keeps a link apart: its next attempt shows.
        let tried = self.reached - acted > RETRY;
        let recent = |lost| !tried || self.reached - lost < WATCHED;
        self.operations.iter().any(|operation| operation.outcome.is_none())
            || self.managed_instances.iter().any(|managed| {
                !managed.due_backups.is_empty()
                    || managed.links.iter().any(|link| {
                        let moving = matches!(
                            link.phase,
                            LinkPhase::Initiating | LinkPhase::Seeding | LinkPhase::FailingOver
                        );
                        moving || (link.session.is_none() && link.lost.is_some_and(recent))
                    })
            })
    }

    /// Applications change what takes changes; a full log takes none. ["Best practices for a link", 2026]
    fn write(&mut self, seconds: u64) {
        let managed = self.managed_instances.iter_mut().map(|managed| &mut managed.engine);
        for engine in self.sql_servers.iter_mut().chain(managed) {
            let writable: Vec<bool> =
                engine.databases.iter().map(|one| engine.takes_writes(one) && one.log_used < 100.0).collect();
            for (database, writable) in engine.databases.iter_mut().zip(writable) {
                if writable {
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
            let mut links = mem::take(&mut managed.links);
            for link in &mut links {
                let place = Address::parse(&link.request.partner_endpoint)
                    .and_then(|partner| behind(sql_servers.iter(), partner.host, partner.port));
                let sql = place.and_then(|place| sql_servers.get_mut(place));
                let life =
                    Life { link, managed, sql, network, opposites, rate: *seeding_rate, now: *reached };
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
        let receives = self.groups.iter().any(|group| {
            group.distributed
                && group.role == Role::Secondary
                && group.replicas.iter().any(|member| self.same_name(&member.server_name, &local.name))
        });
        local.role == Role::Secondary || receives
    }

    /// Whether applications can change a database here.
    pub fn takes_writes(&self, database: &Database) -> bool {
        database.state == DatabaseState::Online && !database.read_only && !self.is_secondary(database)
    }
}

/// Whether the opposite of an assumption is in force.
pub(super) fn opposite(opposites: &BTreeSet<u16>, number: u16) -> bool {
    opposites.contains(&number)
}
