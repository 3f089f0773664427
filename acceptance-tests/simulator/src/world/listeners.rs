//! Listeners of availability groups: where their names and addresses lead.
//!
//! In a Windows cluster, and where another cluster manager moves the address, a listener is at the primary. Without one
//! it is a name for an address that some server has: after a failover somebody has to change that. ["Connect to an
//! availability group listener", 2025] ASSUMED 139: the latter, unless `all_move`.

use super::group::{AvailabilityGroup, Listener, Role};
use super::instance::SqlInstance;

/// `cluster_type` of a group without a cluster.
const NONE: u8 = 2;

impl Listener {
    /// Whether `host` is its name, alone or in the domain of `server`, or one of its addresses.
    pub fn answers_to(&self, host: &str, server: &str) -> bool {
        self.names(server).any(|name| name.eq_ignore_ascii_case(host))
    }

    /// Its name, alone and in the domain of `server`, and its addresses.
    pub fn names(&self, server: &str) -> impl Iterator<Item = String> {
        let domain = server.split_once('.').map(|(_, domain)| domain);
        let full = domain.map(|domain| format!("{}.{domain}", self.dns_name));
        let addresses = self.addresses.iter().map(|(address, _)| address.clone());
        std::iter::once(self.dns_name.clone()).chain(full).chain(addresses)
    }
}

/// Place of the engine at which a connection to a listener's name or address arrives.
pub(super) fn holder<'a>(
    engines: impl Iterator<Item = &'a SqlInstance> + Clone,
    host: &str,
    all_move: bool,
) -> Option<usize> {
    let listening = |engine: &'a SqlInstance| {
        let local = engine.groups.iter().filter(|group| !group.distributed && group.role == Role::Primary);
        local.filter_map(|group| Some((group, group.listener.as_ref()?)))
    };
    let mut found = engines.clone().enumerate().flat_map(|(place, engine)| {
        listening(engine).map(move |(group, listener)| (place, engine, group, listener))
    });
    let (place, _, group, listener) =
        found.find(|(_, engine, _, listener)| listener.answers_to(host, &engine.host))?;
    if all_move || moves(group) {
        return Some(place);
    }
    let mut engines = engines;
    engines.position(|engine| listener.addresses.iter().any(|(address, _)| engine.answers_to(address)))
}

/// Whether something moves the listener to the primary.
fn moves(group: &AvailabilityGroup) -> bool {
    group.cluster_type != NONE
}
