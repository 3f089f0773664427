//! The primary of a group and one of its secondaries, from moment to moment.

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

use super::super::assumption;
use super::super::connection::{Address, RETRY};
use super::super::copying::Synchronization;
use super::super::database::{Database, DatabaseState};
use super::super::estate::Network;
use super::super::flow::{LogRates, Moments, Reached};
use super::super::group::{AvailabilityGroup, Role};
use super::super::instance::SqlInstance;
use super::super::log::{LogPosition, Replication};
use super::super::log_space::LogSpace;
use super::super::replication::opposite;
use super::super::trust::{self, LinkError};
use super::{NodeCopy, ReplicaPair};

/// A pair, its two nodes and the moment.
pub(super) struct Nodes<'a> {
    pub(super) pair: &'a mut ReplicaPair,
    pub(super) primary: &'a mut SqlInstance,
    pub(super) secondary: &'a mut SqlInstance,
    pub(super) network: &'a Network,
    pub(super) opposites: &'a BTreeSet<u16>,
    /// Bytes a second that seeding makes.
    pub(super) rate: u64,
    pub(super) now: OffsetDateTime,
}

impl Nodes<'_> {
    /// Lets flow what flowed for some seconds that end now, over the connection that there was.
    pub(super) fn flow(mut self, seconds: u64) {
        if seconds > 0 && self.pair.session.is_some() {
            self.copy_databases(seconds);
        }
    }

    /// Looks what is to be done at this moment.
    pub(super) fn look(mut self) {
        if self.pair.session.is_some_and(|session| self.connect() != Ok(session)) {
            self.lose();
        }
        if self.pair.session.is_none() && self.now >= self.pair.next_attempt {
            self.attempt();
        }
        if self.pair.session.is_some() {
            self.configure();
            self.copy_databases(0);
        }
    }

    fn lose(&mut self) {
        self.pair.session = None;
        self.pair.tried = None;
        self.pair.lost = self.now;
        self.pair.next_attempt = self.now + RETRY / 2;
        // A primary that is gone can say nothing any more: what it said last counts for the cluster.
        let alive = !self.network.down.contains(&self.primary.host);
        for copy in &mut self.pair.copies {
            copy.replication.stop();
            copy.state = Synchronization::NotSynchronizing;
            copy.ready &= !alive;
        }
    }

    fn attempt(&mut self) {
        // Attempts keep their beat however long the stride was, so that a long jump leads where short ones do.
        let missed = (self.now - self.pair.next_attempt).whole_seconds() / RETRY.whole_seconds();
        let beat = self.pair.next_attempt + Duration::seconds(RETRY.whole_seconds() * missed);
        self.pair.tried = Some(beat);
        self.pair.next_attempt = beat + RETRY;
        let connected = self.connect().and_then(|session| {
            // Trust counts when a connection is made.
            let trusted = trust::accept_each_other(self.primary, self.secondary, beat, self.opposites);
            if trusted { Ok(session) } else { Err(LinkError::SqlServerNotTrusted) }
        });
        match connected {
            Ok(session) => {
                self.pair.session = Some(session);
                self.pair.error = None;
                // Seeding is not resumed.
                for copy in self.pair.copies.iter_mut().filter(|copy| !copy.is_seeded()) {
                    copy.seeded.0 = 0;
                    copy.seedings += 1;
                    copy.since = self.now;
                }
            }
            Err(error) => {
                if self.pair.error.is_none_or(|(known, _)| known != error) {
                    self.pair.error = Some((error, self.now));
                }
            }
        }
    }

    /// What both endpoints are at, if packets flow between them and either finds the other under its URL.
    fn connect(&self) -> Result<(u64, u64), LinkError> {
        let group = self.primary.group_by_id(&self.pair.group).ok_or(LinkError::Unreachable)?;
        let joined = self.secondary.group_by_id(&self.pair.group);
        let (Some(here), Some(there)) = (&self.primary.endpoint, &self.secondary.endpoint) else {
            return Err(LinkError::Unreachable);
        };
        let found = |engine: &SqlInstance| {
            let mut urls = group.replicas.iter();
            let url = urls.find(|one| engine.same_name(&one.server_name, &engine.server_name()));
            url.and_then(|one| Address::parse(&one.url)).is_some_and(|way| {
                let endpoint = engine.endpoint.as_ref();
                engine.answers_to(way.host)
                    && endpoint.is_some_and(|one| {
                        one.port == way.port
                            && one.ip.as_ref().is_none_or(|ip| ip.eq_ignore_ascii_case(way.host))
                    })
            })
        };
        let open = self.network.connects(&self.primary.host, &self.secondary.host)
            && trust::listens(here)
            && trust::listens(there)
            && trust::agree(here.encryption, there.encryption);
        let follows = joined.is_some_and(|one| one.role == Role::Secondary);
        if open && follows && found(self.primary) && found(self.secondary) {
            Ok((here.starts, there.starts))
        } else {
            Err(LinkError::Unreachable)
        }
    }

    /// The secondary's record of the group, and of distributed groups over it, becomes the primary's.
    fn configure(&mut self) {
        let Some(group) = self.primary.group_by_id(&self.pair.group) else { return };
        let over = |engine: &SqlInstance, one: &AvailabilityGroup| {
            one.distributed
                && one.replicas.iter().any(|member| engine.same_name(&member.server_name, &group.name))
        };
        let (primary, secondary) = (&*self.primary, &mut *self.secondary);
        if let Some(held) = secondary.groups.iter_mut().find(|held| held.id == group.id) {
            let same = AvailabilityGroup {
                role: held.role,
                create_any_database: held.create_any_database,
                grantor: held.grantor.clone(),
                link: held.link.clone(),
                commits_wait: held.commits_wait,
                created: held.created,
                ..group.clone()
            };
            if *held != same {
                *held = same;
            }
        }
        let distributed: Vec<&AvailabilityGroup> =
            primary.groups.iter().filter(|one| over(primary, one)).collect();
        for one in &distributed {
            match secondary.groups.iter_mut().find(|held| held.id == one.id) {
                Some(held) if held == *one => {}
                Some(held) => *held = (*one).clone(),
                None => secondary.groups.push((*one).clone()),
            }
        }
        let comparing = secondary.comparing();
        secondary.groups.retain(|held| {
            let member = |one: &str| comparing.equal(one, &group.name);
            !held.distributed
                || !held.replicas.iter().any(|replica| member(&replica.server_name))
                || distributed.iter().any(|one| one.id == held.id)
        });
    }

    fn copy_databases(&mut self, seconds: u64) {
        let Some(group) = self.primary.group_by_id(&self.pair.group).cloned() else { return };
        let own = self.primary.server_name();
        let synchronous = |of: &dyn Fn(&super::Replica) -> bool| {
            group.replicas.iter().find(|one| of(one)).is_some_and(|one| one.synchronous)
        };
        let both = synchronous(&|one| self.primary.same_name(&one.server_name, &own))
            && synchronous(&|one| one.id == self.pair.replica);
        self.release(&group);
        // ASSUMED 144 and 95.
        let slow = self.network.slowness(&self.primary.host, &self.secondary.host);
        let slow = slow.filter(|_| opposite(self.opposites, assumption::SLOW_NODES));
        let most = slow.map(|blocks| blocks.saturating_mul(seconds));
        let idle = opposite(self.opposites, assumption::IDLE_LAG);
        let mut bytes = self.rate.saturating_mul(seconds);
        for name in &group.databases {
            let known = self.pair.copies.iter().position(|copy| copy.name == *name);
            let place = match known {
                Some(place) => place,
                None => match self.begin(&group, name) {
                    Some(copy) => {
                        self.pair.copies.push(copy);
                        self.pair.copies.len() - 1
                    }
                    None => continue,
                },
            };
            let Some(copy) = self.pair.copies.get_mut(place) else { continue };
            let Some(source) = self.primary.database(name) else { continue };
            let Some(target) = self.secondary.database_mut(name) else { continue };
            if !copy.is_seeded() {
                let part = bytes.min(copy.seeded.1 - copy.seeded.0);
                copy.seeded.0 += part;
                bytes -= part;
                if !copy.is_seeded() {
                    continue;
                }
                target.state = DatabaseState::Online;
                target.hardened_lsn = source.hardened_lsn;
                target.log = LogSpace::beginning(source.hardened_lsn);
            }
            follow(copy, source, target, Following { synchronous: both, most, idle }, self.now);
        }
    }

    /// Databases that have left the group stay behind, restoring.
    fn release(&mut self, group: &AvailabilityGroup) {
        self.pair.copies.retain(|copy| group.databases.contains(&copy.name));
        let comparing = self.secondary.comparing();
        for database in &mut self.secondary.databases {
            let in_it = database.group.as_ref().is_some_and(|name| comparing.equal(name, &group.name));
            if in_it && !group.databases.iter().any(|name| comparing.equal(name, &database.name)) {
                database.group = None;
                database.group_database_id = None;
                database.suspended = None;
                database.state = DatabaseState::Restoring;
            }
        }
    }

    /// The copy of a database that has none yet: what the node has already, or a seeding that begins. Nothing where the
    /// node may make none, or has another database of that name.
    fn begin(&mut self, group: &AvailabilityGroup, name: &str) -> Option<NodeCopy> {
        let source = self.primary.database(name).filter(|one| one.state == DatabaseState::Online)?;
        let total = source.size.max(1);
        let mut copy = NodeCopy {
            name: name.to_owned(),
            seeded: (total, total),
            seedings: 0,
            since: self.now,
            state: Synchronization::Initializing,
            ready: false,
            replication: Replication::default(),
        };
        if let Some(held) = self.secondary.database(name) {
            let joined = held.group.as_ref().is_some_and(|one| self.secondary.same_name(one, &group.name));
            if held.state != DatabaseState::Online {
                copy.seeded.0 = 0;
                copy.seedings = 1;
            }
            return joined.then_some(copy);
        }
        let replica = group.replicas.iter().find(|one| one.id == self.pair.replica)?;
        let held = self.secondary.group_by_id(&group.id);
        let granted = held.is_some_and(|held| held.create_any_database);
        if replica.seeding_mode != AUTOMATIC || !granted {
            return None;
        }
        copy.seeded.0 = 0;
        copy.seedings = 1;
        let id = self.secondary.databases.iter().map(|one| one.id).max().unwrap_or(4) + 1;
        let made = Database {
            id,
            owner: held.and_then(|held| held.grantor.clone()).unwrap_or_else(|| source.owner.clone()),
            state: DatabaseState::Restoring,
            group: Some(group.name.clone()),
            suspended: None,
            hardened_lsn: LogPosition::ZERO,
            backed_up_lsn: LogPosition::ZERO,
            log: LogSpace::default(),
            backups: Vec::new(),
            restores: Vec::new(),
            restore: None,
            ..source.clone()
        };
        self.secondary.databases.push(made);
        Some(copy)
    }
}

/// `seeding_mode`.
const AUTOMATIC: u8 = 0;

/// How a copy follows.
#[derive(Clone, Copy)]
struct Following {
    /// Commits wait for it.
    synchronous: bool,
    /// So many blocks arrive now at most.
    most: Option<u64>,
    /// Nobody is late while the source rests.
    idle: bool,
}

/// Sends the log to a copy. With asynchronous commit it is a second behind.
///
/// ASSUMED 144: nothing between the nodes of one group, which are close to each other, is slower than the source writes.
fn follow(
    copy: &mut NodeCopy,
    source: &Database,
    target: &mut Database,
    how: Following,
    now: OffsetDateTime,
) {
    copy.replication.suspended = source.suspended.is_some() || target.suspended.is_some();
    let online = source.state == DatabaseState::Online && target.state == DatabaseState::Online;
    if copy.replication.suspended || !online {
        copy.replication.stop();
        copy.replication.synchronized = false;
        copy.state = Synchronization::NotSynchronizing;
        copy.ready = false;
        return;
    }
    let (position, writes) = (source.hardened_lsn, source.activity);
    let behind = if how.synchronous { 0 } else { writes };
    let before = target.hardened_lsn.min(position);
    let wanted = before.max(position.back(behind));
    let reached = how.most.map_or(wanted, |most| wanted.min(before.advanced(most)));
    let synchronized = how.synchronous && reached == position;
    target.hardened_lsn = reached;
    let at = |position| Reached { received: position, redone: position };
    copy.replication.reach(at(reached), Moments::both(now));
    copy.replication.flowed(at(reached.back(writes)), at(reached));
    copy.replication.measure(position, writes, LogRates::default(), how.idle);
    copy.replication.synchronized = synchronized;
    copy.state = if synchronized { Synchronization::Synchronized } else { Synchronization::Synchronizing };
    copy.ready = synchronized;
}
