//! What time does to the world: connections, seeding, log positions, operations, backups.
//!
//! Time goes in strides of whole seconds, from one event to the next (`events`): between two of them everything flows
//! evenly, so that a long jump of the clock leads where many short ones lead. What a link does in a moment is in
//! `link_life`, what an operation does at its end in `operations`.

use std::collections::BTreeSet;
use std::mem;

use time::Duration;

use super::backups::BackupRecord;
use super::clock::Clock;
use super::connection::Address;
use super::estate::{Estate, behind};
use super::events::seconds_until;
use super::flow::{Way, sharing};
use super::link_life::Life;

impl Estate {
    /// Whether the opposite of an assumption is in force.
    pub fn opposite(&self, number: u16) -> bool {
        opposite(&self.opposites, number)
    }

    /// Moves links, seedings and operations along to the clock's present. Says in how many strides.
    pub fn catch_up(&mut self) -> usize {
        let now = self.clock.now();
        // What was done since, was done at this moment of the world.
        self.live(0);
        self.mirror_groups();
        self.truncate();
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
            let failed_over = self.live(seconds);
            self.truncate();
            self.take_backups();
            if self.end_operations() || failed_over {
                // What an operation or a cluster does, it does at this moment, as if somebody had done it.
                self.live(0);
                self.mirror_groups();
                acted = self.reached;
                dates = None;
            }
        }
        strides
    }

    /// Applications change what takes changes; a full log takes none, nor does a host that is down. ["Best practices for
    /// a link", 2026]
    fn write(&mut self, seconds: u64) {
        let managed = self.managed_instances.iter_mut().map(|managed| &mut managed.engine);
        for engine in self.sql_servers.iter_mut().chain(managed) {
            let standing = engine.standing();
            let up = !self.network.down.contains(&engine.host);
            let comparing = engine.comparing();
            let waiting: Vec<&str> = engine
                .groups
                .iter()
                .filter(|group| group.commits_wait)
                .map(|group| group.name.as_str())
                .collect();
            for database in &mut engine.databases {
                let waits = |group: &String| waiting.iter().any(|name| comparing.equal(name, group));
                let commits = !database.group.as_ref().is_some_and(waits);
                if up
                    && commits
                    && database.activity > 0
                    && database.can_change()
                    && !standing.receives(database)
                {
                    database.write(seconds, standing.holds(database));
                } else {
                    database.rest();
                }
            }
        }
    }

    /// Cuts logs as far as they are not needed any more.
    fn truncate(&mut self) {
        let managed = self.managed_instances.iter_mut().map(|managed| &mut managed.engine);
        for engine in self.sql_servers.iter_mut().chain(managed) {
            let standing = engine.standing();
            for database in engine.databases.iter_mut().filter(|one| one.log.truncated < one.hardened_lsn) {
                let needed = standing.log_needed_from(database);
                database.truncate_log(needed);
            }
        }
    }

    /// Lets every link and the nodes of every group live for some seconds. Says whether a cluster changed roles.
    fn live(&mut self, seconds: u64) -> bool {
        let all_move = self.listeners_move();
        let Self {
            sql_servers, managed_instances, network, opposites, seeding_rate, log_rates, reached, ..
        } = self;
        let engines = managed_instances.iter_mut().map(|managed| &mut managed.engine);
        for database in sql_servers.iter_mut().chain(engines).flat_map(|engine| &mut engine.databases) {
            database.log.commit_rate = None;
        }
        for managed in managed_instances {
            let sharing = sharing(&managed.links);
            let mut links = mem::take(&mut managed.links);
            for link in &mut links {
                let place = Address::parse(&link.request.partner_endpoint)
                    .and_then(|partner| behind(sql_servers.iter(), partner.host, partner.port, all_move));
                let sql = place.and_then(|place| sql_servers.get_mut(place));
                let (here, there) = (&managed.engine.host, sql.as_ref().map_or("", |sql| sql.host.as_str()));
                let way = Way::between(network, (here, there), *seeding_rate, *log_rates, sharing);
                let life = Life { link, managed, sql, network, opposites, way, now: *reached };
                life.go_on(seconds);
            }
            managed.links = links;
        }
        self.live_nodes(seconds)
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
                    database.backups.push(BackupRecord::full(started, finished, database.hardened_lsn));
                }
            }
        }
    }

    /// Puts the world on a clock that stands still, for whoever moves it by hand.
    pub fn stop_clock(&mut self) {
        self.clock = Clock::new(self.reached, 0);
    }
}

/// Whether the opposite of an assumption is in force.
pub(super) fn opposite(opposites: &BTreeSet<u16>, number: u16) -> bool {
    opposites.contains(&number)
}
