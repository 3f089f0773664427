//! Who is primary in a group of several nodes, and how a group ends on them.
//!
//! In a Windows cluster the roles of all nodes change together: the cluster keeps them, so a node that was away finds
//! itself secondary. Without a cluster each node knows its own role alone, and two can be primary. ["Perform a forced
//! manual failover", 2025; "Fail over the primary replica on a read-scale availability group", 2025]

use time::Duration;

use super::super::assumption;
use super::super::database::DatabaseState;
use super::super::estate::Estate;
use super::super::group::{AvailabilityGroup, Role};
use super::super::instance::{EngineKey, SqlInstance};
use super::ReplicaPair;

/// `cluster_type` of a group in a Windows cluster.
const WSFC: u8 = 0;
/// `failover_mode`.
const AUTOMATIC: u8 = 0;
/// `suspend_reason` of copies after a forced failover: the partner suspended them.
const FROM_PARTNER: u8 = 1;
/// The default lease time-out of a group's resource.
const LEASE: Duration = Duration::seconds(20);
/// The default of `HEALTH_CHECK_TIMEOUT`.
const HEALTH_CHECK: Duration = Duration::seconds(30);

impl Estate {
    /// How long a cluster waits for a primary that is gone. ASSUMED 136: for its lease, whatever the health check's time-out
    /// is.
    pub(super) fn patience(&self) -> Duration {
        if self.opposite(assumption::SHORT_LEASE) { LEASE + HEALTH_CHECK } else { LEASE }
    }

    /// Whether a failover to that node would lose nothing: all databases of the group were synchronized when its primary
    /// was last heard.
    pub(crate) fn failover_ready(&self, group: &str, key: &EngineKey) -> bool {
        let Some(pair) = self.pair_of(group, key) else { return false };
        let wanted = self.engine(&pair.primary).and_then(|engine| engine.group_by_id(group));
        wanted.is_some_and(|held| {
            let ready = |name: &String| pair.copies.iter().any(|copy| copy.name == *name && copy.ready);
            held.databases.iter().all(ready)
        })
    }

    /// Makes a node the primary of a group.
    ///
    /// A forced failover suspends the databases of all other nodes; in a cluster that works, one to a synchronized node
    /// is a planned one.
    pub(crate) fn make_primary(&mut self, group: &str, key: &EngineKey, forced: bool) {
        self.stirred.notify_waiters();
        let lossless = self.failover_ready(group, key);
        for engine in &mut self.sql_servers {
            let own = engine.key() == *key;
            let Some(held) = engine.groups.iter_mut().find(|one| one.id == group) else { continue };
            let clustered = held.cluster_type == WSFC;
            if own {
                held.role = Role::Primary;
            } else if clustered {
                held.role = Role::Secondary;
            }
            let loses = forced && !(clustered && lossless);
            let (name, follows) = (held.name.clone(), held.role != Role::Primary);
            if own {
                engine.suspend_all(&name, None);
            } else if loses && follows {
                engine.suspend_all(&name, Some(FROM_PARTNER));
            }
        }
    }

    /// Takes a group off line where it is primary; in a cluster it is off line everywhere.
    pub(crate) fn take_offline(&mut self, group: &str, key: &EngineKey) {
        self.stirred.notify_waiters();
        for engine in &mut self.sql_servers {
            let own = engine.key() == *key;
            for held in engine.groups.iter_mut().filter(|one| one.id == group) {
                if own || held.cluster_type == WSFC {
                    held.role = Role::Resolving;
                }
            }
        }
    }

    /// A primary without a cluster gives its role away. Where another one has taken it, data movement waits to be resumed
    /// here.
    pub(crate) fn step_down(&mut self, group: &str, key: &EngineKey) {
        let primary = |engine: &SqlInstance| {
            engine.key() != *key && engine.group_by_id(group).is_some_and(|one| one.role == Role::Primary)
        };
        let replaced = self.sql_servers.iter().any(primary);
        let Some(engine) = self.engine_mut(key) else { return };
        let Some(held) = engine.groups.iter_mut().find(|one| one.id == group) else { return };
        held.role = Role::Secondary;
        let name = held.name.clone();
        if replaced {
            engine.suspend_all(&name, Some(FROM_PARTNER));
        }
    }

    /// Whether a cluster of so many nodes has a witness, which is always up. ASSUMED 140: one with an even number has.
    pub fn has_witness(&self, nodes: usize) -> bool {
        nodes > 0 && nodes.is_multiple_of(2) && !self.opposite(assumption::WITNESS)
    }

    /// Whether the cluster of an engine has more than half of its votes. An engine without one needs none.
    pub fn has_quorum(&self, engine: &SqlInstance) -> bool {
        let Some(cluster) = &engine.cluster else { return true };
        let member =
            |one: &&SqlInstance| one.cluster.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(cluster));
        let mut hosts: Vec<&str> =
            self.sql_servers.iter().filter(member).map(|one| one.host.as_str()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let witness = usize::from(self.has_witness(hosts.len()));
        let up = hosts.iter().filter(|host| !self.network.down.contains(**host)).count();
        2 * (up + witness) > hosts.len() + witness
    }

    /// What the clusters do by themselves: while a primary's site is down the other nodes resolve, and one that is ready
    /// for it takes over; when the primary is back before that, all is as it was.
    ///
    /// ASSUMED 141: the nodes' role is RESOLVING meanwhile.
    ///
    /// Says whether any of them was made primary.
    pub(super) fn keep_clusters(&mut self) -> bool {
        let clustered = |one: &&AvailabilityGroup| {
            !one.distributed
                && one.cluster_type == WSFC
                && one.role == Role::Primary
                && one.replicas.len() > 1
        };
        let primaries: Vec<(String, EngineKey, bool)> = self
            .sql_servers
            .iter()
            .flat_map(|engine| engine.groups.iter().filter(clustered).map(move |group| (engine, group)))
            .map(|(engine, group)| (group.id.clone(), engine.key(), self.network.down.contains(&engine.host)))
            .collect();
        let mut changed = false;
        for (group, primary, down) in primaries {
            let lost = down && !self.opposite(assumption::RESOLVING_NODES);
            let (from, to) =
                if lost { (Role::Secondary, Role::Resolving) } else { (Role::Resolving, Role::Secondary) };
            let held = self.sql_servers.iter_mut().flat_map(|engine| &mut engine.groups);
            held.filter(|one| one.id == group && one.role == from).for_each(|one| one.role = to);
            if down && let Some(next) = self.successor(&group, &primary) {
                self.make_primary(&group, &next, false);
                changed = true;
            }
        }
        changed
    }

    /// The node that the cluster makes primary after the lease of the old one has ended.
    fn successor(&self, group: &str, primary: &EngineKey) -> Option<EngineKey> {
        let held = self.engine(primary)?.group_by_id(group)?;
        let automatic = |engine: &SqlInstance| {
            let own = engine.server_name();
            let mut replicas = held.replicas.iter();
            replicas.any(|one| {
                engine.same_name(&one.server_name, &own) && one.synchronous && one.failover_mode == AUTOMATIC
            })
        };
        let ended = |pair: &&ReplicaPair| {
            pair.group == group && pair.session.is_none() && self.reached - pair.lost >= self.patience()
        };
        if !automatic(self.engine(primary)?) {
            return None;
        }
        let mut pairs = self.pairs.iter().filter(ended);
        let next = pairs.find(|pair| {
            self.engine(&pair.secondary).is_some_and(|engine| {
                automatic(engine) && !self.network.down.contains(&engine.host) && self.has_quorum(engine)
            }) && self.failover_ready(group, &pair.secondary)
        })?;
        Some(next.secondary.clone())
    }

    /// Nodes whose replica was removed forget the group, as soon as the primary can tell them.
    pub(super) fn remove_unlisted(&mut self) {
        let mut removed = Vec::new();
        for node in &self.sql_servers {
            let own = node.server_name();
            let follows = |one: &&AvailabilityGroup| !one.distributed && one.role != Role::Primary;
            for held in node.groups.iter().filter(follows) {
                let unlisted = self.sql_servers.iter().any(|primary| {
                    let group = primary.group_by_id(&held.id).filter(|one| one.role == Role::Primary);
                    let listed = |group: &AvailabilityGroup| {
                        group.replicas.iter().any(|one| node.same_name(&one.server_name, &own))
                    };
                    group.is_some_and(|group| !listed(group))
                        && self.network.connects(&primary.host, &node.host)
                });
                if unlisted {
                    removed.push((node.key(), held.id.clone()));
                }
            }
        }
        for (node, group) in removed {
            if let Some(engine) = self.engine_mut(&node) {
                engine.leave_group(&group, true);
            }
        }
    }

    /// A group of a Windows cluster ends on all of its nodes but the one that dropped it. From a secondary it leaves the
    /// databases of the primary restoring as well. ["DROP AVAILABILITY GROUP", 2025]
    pub(crate) fn end_in_cluster(&mut self, group: &str, key: &EngineKey) {
        for engine in self.sql_servers.iter_mut().filter(|engine| engine.key() != *key) {
            engine.leave_group(group, true);
        }
    }
}

impl SqlInstance {
    /// A group by `group_id`.
    pub fn group_by_id(&self, id: &str) -> Option<&AvailabilityGroup> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// Forgets a local group; its databases stay, usable or restoring. A node that is not primary knows distributed
    /// groups over it no more.
    pub(crate) fn leave_group(&mut self, id: &str, restoring: bool) {
        let Some(place) = self.groups.iter().position(|group| group.id == id) else { return };
        let group = self.groups.remove(place);
        let comparing = self.comparing();
        for database in &mut self.databases {
            if database.group.as_ref().is_some_and(|name| comparing.equal(name, &group.name)) {
                database.group = None;
                database.group_database_id = None;
                database.suspended = None;
                if restoring {
                    database.state = DatabaseState::Restoring;
                }
            }
        }
        if group.role != Role::Primary {
            let over = |one: &AvailabilityGroup| {
                one.distributed
                    && one.replicas.iter().any(|member| comparing.equal(&member.server_name, &group.name))
            };
            self.groups.retain(|one| !over(one));
        }
    }

    /// Suspends or resumes the databases of a local group.
    fn suspend_all(&mut self, group: &str, reason: Option<u8>) {
        let comparing = self.comparing();
        let in_it = |name: &Option<String>| name.as_ref().is_some_and(|name| comparing.equal(name, group));
        self.databases.iter_mut().filter(|one| in_it(&one.group)).for_each(|one| one.suspended = reason);
    }
}
