//! Everything there is, and how names reach each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::Notify;

use super::assumption;
use super::backups::BackupSet;
use super::clock::Clock;
use super::failover_group::FailoverGroup;
use super::flow::LogRates;
use super::instance::{EngineKey, SqlInstance};
use super::listeners;
use super::managed::{ManagedInstance, Operation};
use super::nodes::ReplicaPair;

/// The world at one moment.
#[derive(Debug)]
pub struct Estate {
    /// Time.
    pub clock: Clock,
    /// Up to where links, seedings and operations were moved along.
    pub reached: OffsetDateTime,
    /// SQL Servers, each an instance of its own.
    pub sql_servers: Vec<SqlInstance>,
    /// Managed instances.
    pub managed_instances: Vec<ManagedInstance>,
    /// Instance failover groups.
    pub failover_groups: Vec<FailoverGroup>,
    /// Subscriptions by id: display name and tenant.
    pub subscriptions: BTreeMap<String, Subscription>,
    /// Long-running operations, oldest first.
    pub operations: Vec<Operation>,
    /// Primaries of local groups with their secondaries, wherever a group has several nodes.
    pub pairs: Vec<ReplicaPair>,
    /// Which sites cannot reach each other, and which are down.
    pub network: Network,
    /// Told when a group gets a listener, or one another port or address.
    pub listeners_made: Arc<Notify>,
    /// Told when sessions may be over: an engine stopped or was started again, a group changed its primary.
    pub stirred: Arc<Notify>,
    /// Hosts that have SQL Server Browser, lower case, and whether it runs.
    pub browsers: BTreeMap<String, bool>,
    /// Backup media, with their backup sets in the order in which they were written ([`SqlInstance::medium`]).
    pub media: BTreeMap<String, Vec<BackupSet>>,
    /// Assumptions whose worst credible opposite is in force, by number.
    pub opposites: BTreeSet<u16>,
    /// Counts everything that needs a fresh number (ids of objects, GUIDs, LSNs).
    pub sequence: u64,
    /// Speed of seeding, bytes a second of world time.
    pub seeding_rate: u64,
    /// Speed of replication where nothing is slower.
    pub log_rates: LogRates,
}

/// An Azure subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Display name.
    pub name: String,
    /// Tenant.
    pub tenant: String,
    /// Resource groups: name (own letter case) and region.
    pub groups: Vec<(String, String)>,
}

/// Connections that do not work. A site is named by the SQL Server's host or the managed instance's FQDN, lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// Sites that are down: no face answers and no mirroring connection lives.
    pub down: BTreeSet<String>,
    /// Pairs between which mirroring connections are cut (each pair ordered).
    pub cut: BTreeSet<(String, String)>,
    /// From where to where no packet comes, though the way back is open: a firewall's rule.
    pub blocked: BTreeSet<(String, String)>,
    /// Pairs between which so many blocks of log a second flow at most (each pair ordered).
    pub slow: BTreeMap<(String, String), u64>,
}

impl Network {
    /// Cuts mirroring traffic between two sites.
    pub fn cut_between(&mut self, one: &str, other: &str) {
        self.cut.insert(owned(ordered(one, other)));
    }

    /// Lets nothing pass from one site to another; the way back stays open.
    pub fn block(&mut self, from: &str, to: &str) {
        self.blocked.insert(owned((from, to)));
    }

    /// Lets so many blocks of log a second flow between two sites at most.
    pub fn slow_down(&mut self, one: &str, other: &str, blocks: u64) {
        self.slow.insert(owned(ordered(one, other)), blocks);
    }

    /// Mends whatever there is between two sites: a cut, a block in either direction, a slow way. Whether there was any.
    pub fn mend_between(&mut self, one: &str, other: &str) -> bool {
        let pair = owned(ordered(one, other));
        let mended = [
            self.cut.remove(&pair),
            self.slow.remove(&pair).is_some(),
            self.blocked.remove(&owned((one, other))),
            self.blocked.remove(&owned((other, one))),
        ];
        mended.contains(&true)
    }

    /// Whether mirroring traffic flows between two sites: a link needs both directions. ["Prepare your environment for a
    /// link", 2026]
    pub fn connects(&self, one: &str, other: &str) -> bool {
        self.passes(one, other) && self.passes(other, one)
    }

    /// Whether packets come from one site to another.
    pub fn passes(&self, from: &str, to: &str) -> bool {
        let pair = ordered(from, to);
        !self.down.contains(from)
            && !self.down.contains(to)
            && !self.cut.iter().any(|(left, right)| (left.as_str(), right.as_str()) == pair)
            && !self.blocked.iter().any(|(left, right)| (left.as_str(), right.as_str()) == (from, to))
    }

    /// Blocks a second between two sites, where the way is slow.
    pub fn slowness(&self, one: &str, other: &str) -> Option<u64> {
        let pair = ordered(one, other);
        self.slow
            .iter()
            .find(|((left, right), _)| (left.as_str(), right.as_str()) == pair)
            .map(|(_, rate)| *rate)
    }
}

fn ordered<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    if one < other { (one, other) } else { (other, one) }
}

fn owned((one, other): (&str, &str)) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

/// Place of the engine at which a mirroring connection arrives ([`Estate::engine_behind`]).
pub(super) fn behind<'a>(
    engines: impl Iterator<Item = &'a SqlInstance> + Clone,
    host: &str,
    port: u16,
    all_move: bool,
) -> Option<usize> {
    let there = |engine: &SqlInstance| engine.endpoint.as_ref().is_some_and(|endpoint| endpoint.port == port);
    let at_host = engines.clone().enumerate().filter(|(_, engine)| engine.answers_to(host));
    let at_host = at_host.min_by_key(|(_, engine)| !there(engine)).map(|(place, _)| place);
    at_host.or_else(|| listeners::holder(engines, host, all_move))
}

/// Bytes a second of world time: what a well-connected site gets.
const SEEDING_RATE: u64 = 100 << 20;

impl Estate {
    /// A world without servers, whose clock shows `now` and runs `speed` times as fast as the host's.
    pub fn empty(now: OffsetDateTime, speed: u32) -> Self {
        Self {
            clock: Clock::new(now, speed),
            reached: now,
            sql_servers: Vec::new(),
            managed_instances: Vec::new(),
            failover_groups: Vec::new(),
            subscriptions: BTreeMap::new(),
            operations: Vec::new(),
            pairs: Vec::new(),
            network: Network::default(),
            listeners_made: Arc::default(),
            stirred: Arc::default(),
            browsers: BTreeMap::new(),
            media: BTreeMap::new(),
            opposites: BTreeSet::new(),
            sequence: 0,
            seeding_rate: SEEDING_RATE,
            log_rates: LogRates::default(),
        }
    }

    /// The site that a name leads to: a host, one of its aliases, or a managed instance's name. Lower case.
    pub fn site(&self, name: &str) -> Option<String> {
        let by_host = self.engines().find(|engine| engine.answers_to(name));
        let by_name = || {
            let mut all = self.managed_instances.iter();
            all.find(|managed| managed.view.path.name.eq_ignore_ascii_case(name))
                .map(|managed| &managed.engine)
        };
        by_host.or_else(by_name).map(|engine| engine.host.to_lowercase())
    }

    /// The SQL Server or managed instance's engine of a key, or of its text (`host` or `host\instance`, in any case).
    pub fn engine(&self, key: impl Into<EngineKey>) -> Option<&SqlInstance> {
        let key = key.into();
        self.engines().find(|engine| engine.is(&key))
    }

    /// The same, to change.
    pub fn engine_mut(&mut self, key: impl Into<EngineKey>) -> Option<&mut SqlInstance> {
        let key = key.into();
        let managed = self.managed_instances.iter_mut().map(|managed| &mut managed.engine);
        self.sql_servers.iter_mut().chain(managed).find(|engine| engine.is(&key))
    }

    /// The engine at which a mirroring connection to `host` and `port` arrives.
    ///
    /// Where no endpoint of the host has that port, it is the host's first engine: the connection finds nobody there.
    /// Through a listener it is the node to which that leads now.
    pub fn engine_behind(&self, host: &str, port: u16) -> Option<&SqlInstance> {
        behind(self.engines(), host, port, self.listeners_move()).and_then(|place| self.engines().nth(place))
    }

    /// The SQL Server at which a client of a listener arrives now.
    pub fn engine_listening(&self, host: &str) -> Option<&SqlInstance> {
        listeners::holder(self.sql_servers.iter(), host, self.listeners_move())
            .and_then(|place| self.sql_servers.get(place))
    }

    /// Whether listeners of groups without a cluster are moved to the primary too (ASSUMED 139).
    pub(super) fn listeners_move(&self) -> bool {
        self.opposite(assumption::IDLE_LISTENER)
    }

    /// All engines, SQL Servers first.
    pub fn engines(&self) -> impl Iterator<Item = &SqlInstance> + Clone {
        self.sql_servers.iter().chain(self.managed_instances.iter().map(|managed| &managed.engine))
    }

    /// The next fresh number.
    pub fn fresh_number(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// A GUID that no other object has, lower case.
    pub fn fresh_guid(&mut self) -> String {
        let number = self.fresh_number();
        format!("{:08x}-5a1e-4000-8000-{number:012x}", number.wrapping_mul(2_654_435_761) & 0xffff_ffff)
    }
}
