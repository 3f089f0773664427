//! Nodes of local availability groups: the engines that keep a replica of one, and what time does between them.
//!
//! Each node keeps its own record of the group; records of one `group_id` are one group. The primary sends each joined
//! secondary the group's configuration and its databases, over the connection of their mirroring endpoints. Distributed
//! groups over the local one belong to its configuration, so that a node that becomes primary has them at once.
//!
//! | module | what |
//! | --- | --- |
//! | `pair` | the primary and one secondary: connect, configure, seed, replicate |
//! | `failover` | who is primary: planned, forced, by the cluster; groups that end |
//!
//! Sources: "Failover and failover modes", "Perform a forced manual failover", "Use automatic seeding to initialize a
//! secondary replica", "Distributed availability groups" (all 2025).

mod failover;
mod pair;

use std::mem;

use time::{Duration, OffsetDateTime};

use self::pair::Nodes;
use super::connection::Address;
use super::copying::Synchronization;
use super::estate::{Estate, behind};
use super::events::next_try;
use super::group::{AvailabilityGroup, Replica, Role};
use super::instance::{EngineKey, SqlInstance};
use super::log::Replication;
use super::trust::LinkError;

/// The primary replica of a local group and one of its secondaries.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicaPair {
    /// `group_id`.
    pub group: String,
    /// The node that is primary.
    pub primary: EngineKey,
    /// The node that is secondary.
    pub secondary: EngineKey,
    /// `replica_id` of the secondary.
    pub replica: String,
    /// `starts` of the endpoints of primary and secondary while they are connected.
    pub session: Option<(u64, u64)>,
    /// The secondary's copies of databases.
    pub copies: Vec<NodeCopy>,
    /// Why they are not connected, and since when.
    pub error: Option<(LinkError, OffsetDateTime)>,
    /// When a connection is tried next, if there is none.
    next_attempt: OffsetDateTime,
    /// When one was tried last since there is none.
    tried: Option<OffsetDateTime>,
    /// Since when there is none.
    lost: OffsetDateTime,
}

/// A database on a secondary node.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeCopy {
    /// Name.
    pub name: String,
    /// Bytes seeded of how many.
    pub seeded: (u64, u64),
    /// How often seeding began.
    pub seedings: u32,
    /// When the last seeding began.
    pub since: OffsetDateTime,
    /// `synchronization_state`.
    pub state: Synchronization,
    /// `is_failover_ready`, as it was when primary and secondary last spoke.
    pub ready: bool,
    /// How far it has come.
    pub replication: Replication,
}

impl NodeCopy {
    /// Whether all of it is there.
    pub fn is_seeded(&self) -> bool {
        self.seeded.0 >= self.seeded.1
    }
}

impl ReplicaPair {
    /// Whether the two are connected.
    pub fn connected(&self) -> bool {
        self.session.is_some()
    }

    /// `synchronization_health` of the secondary: 0, 1, 2. `databases` are those of the group.
    pub fn health(&self, synchronous: bool, databases: &[String]) -> u8 {
        let health = |name: &String| {
            let copy = self.copies.iter().find(|copy| copy.name == *name);
            copy.map_or(0, |copy| copy.state.health(synchronous))
        };
        let least = databases.iter().map(health);
        if self.connected() { least.min().unwrap_or(2) } else { 0 }
    }

    fn new(wanted: Wanted, now: OffsetDateTime) -> Self {
        Self {
            group: wanted.group,
            primary: wanted.primary,
            secondary: wanted.secondary,
            replica: wanted.replica,
            session: None,
            copies: Vec::new(),
            error: None,
            next_attempt: now,
            tried: None,
            lost: now,
        }
    }

    fn is(&self, wanted: &Wanted) -> bool {
        (&self.group, &self.primary, &self.secondary, &self.replica)
            == (&wanted.group, &wanted.primary, &wanted.secondary, &wanted.replica)
    }
}

/// Two nodes that belong together now.
struct Wanted {
    group: String,
    primary: EngineKey,
    secondary: EngineKey,
    replica: String,
}

impl Estate {
    /// Lets the nodes of all groups live for some seconds. Says whether a cluster changed roles.
    pub(super) fn live_nodes(&mut self, seconds: u64) -> bool {
        let has_nodes = |group: &AvailabilityGroup| !group.distributed && group.replicas.len() > 1;
        if !self.sql_servers.iter().any(|engine| engine.groups.iter().any(has_nodes)) {
            self.pairs.clear();
            return false;
        }
        for_pairs(self, |nodes| nodes.flow(seconds));
        let changed = self.keep_clusters();
        let wanted = self.wanted_pairs();
        let mut pairs = mem::take(&mut self.pairs);
        pairs.retain(|pair| wanted.iter().any(|one| pair.is(one)));
        for one in wanted {
            if !pairs.iter().any(|pair| pair.is(&one)) {
                pairs.push(ReplicaPair::new(one, self.reached));
            }
        }
        self.pairs = pairs;
        for_pairs(self, |nodes| nodes.look());
        self.hold_commits();
        self.remove_unlisted();
        changed
    }

    /// A primary commits nothing while fewer secondaries are synchronized than its group requires. ["CREATE AVAILABILITY
    /// GROUP", 2025: REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT]
    fn hold_commits(&mut self) {
        let Self { sql_servers, pairs, .. } = self;
        for engine in sql_servers {
            let key = engine.key();
            for group in engine.groups.iter_mut().filter(|group| !group.distributed) {
                let synchronized = pairs.iter().filter(|pair| {
                    let own = pair.group == group.id && pair.primary == key && pair.connected();
                    let ready = |name: &String| {
                        pair.copies
                            .iter()
                            .any(|copy| copy.name == *name && copy.state == Synchronization::Synchronized)
                    };
                    own && group.databases.iter().all(ready)
                });
                let there = i32::try_from(synchronized.count()).unwrap_or(i32::MAX);
                let waits = group.role == Role::Primary && there < group.required_synchronized_secondaries;
                if group.commits_wait != waits {
                    group.commits_wait = waits;
                }
            }
        }
    }

    /// The next moment at which a pair may change how everything flows on, as [`Self::next_event`] asks.
    pub(super) fn next_of_nodes(
        &self,
        acted: OffsetDateTime,
        dates: &[OffsetDateTime],
    ) -> Option<OffsetDateTime> {
        let next = |pair: &ReplicaPair| {
            if pair.connected() {
                let left =
                    pair.copies.iter().map(|copy| copy.seeded.1 - copy.seeded.0).find(|left| *left > 0)?;
                let seconds = i64::try_from(left.div_ceil(self.seeding_rate.max(1))).ok()?;
                return self.reached.checked_add(Duration::seconds(seconds));
            }
            let attempt = next_try(pair.tried, pair.next_attempt, acted, dates);
            let ended = Some(pair.lost + self.patience()).filter(|ended| *ended > self.reached);
            attempt.into_iter().chain(ended).min()
        };
        self.pairs.iter().filter_map(next).min()
    }

    /// The pair of a group whose secondary is that node.
    pub fn pair_of(&self, group: &str, secondary: &EngineKey) -> Option<&ReplicaPair> {
        self.pairs.iter().find(|pair| pair.group == group && pair.secondary == *secondary)
    }

    /// Every primary with every node that joined its group. Where two nodes say that they are primary, a secondary stays
    /// with the one that it has.
    fn wanted_pairs(&self) -> Vec<Wanted> {
        let mut found: Vec<Wanted> = Vec::new();
        for primary in &self.sql_servers {
            let own = |group: &&AvailabilityGroup| !group.distributed && group.role == Role::Primary;
            for group in primary.groups.iter().filter(own).filter(|group| group.replicas.len() > 1) {
                for replica in &group.replicas {
                    let Some(node) = self.node(group, replica) else { continue };
                    let follows = node.group_by_id(&group.id).is_some_and(|held| held.role != Role::Primary);
                    if !follows {
                        continue;
                    }
                    let one = Wanted {
                        group: group.id.clone(),
                        primary: primary.key(),
                        secondary: node.key(),
                        replica: replica.id.clone(),
                    };
                    let taken =
                        found.iter_mut().find(|old| old.group == one.group && old.secondary == one.secondary);
                    match taken {
                        Some(old) if self.pairs.iter().any(|pair| pair.is(&one)) => *old = one,
                        Some(_) => {}
                        None => found.push(one),
                    }
                }
            }
        }
        found
    }

    /// The node behind a replica's endpoint URL, where it is the server of that name and has joined the group.
    fn node(&self, group: &AvailabilityGroup, replica: &Replica) -> Option<&SqlInstance> {
        let address = Address::parse(&replica.url)?;
        let place = behind(self.sql_servers.iter(), address.host, address.port, self.listeners_move())?;
        self.sql_servers.get(place).filter(|node| {
            node.group_by_id(&group.id).is_some() && node.same_name(&node.server_name(), &replica.server_name)
        })
    }
}

/// Lets something happen to every pair with its nodes.
fn for_pairs(estate: &mut Estate, act: impl Fn(Nodes<'_>)) {
    let mut pairs = mem::take(&mut estate.pairs);
    for pair in &mut pairs {
        let Some((primary, secondary)) = two(&mut estate.sql_servers, pair) else { continue };
        let (network, opposites) = (&estate.network, &estate.opposites);
        let (rate, now) = (estate.seeding_rate, estate.reached);
        act(Nodes { pair, primary, secondary, network, opposites, rate, now });
    }
    estate.pairs = pairs;
}

/// Both nodes of a pair, to change.
fn two<'a>(
    engines: &'a mut [SqlInstance],
    pair: &ReplicaPair,
) -> Option<(&'a mut SqlInstance, &'a mut SqlInstance)> {
    let (mut primary, mut secondary) = (None, None);
    for engine in engines {
        if engine.is(&pair.primary) {
            primary = Some(engine);
        } else if engine.is(&pair.secondary) {
            secondary = Some(engine);
        }
    }
    primary.zip(secondary)
}
