//! Where clients go on from the engine that they came to: those that only read to a secondary, the others to the primary.
//!
//! Of those that came through a listener and only read, the primary sends each to the first replica of its own list that
//! can be read; of a set in the list, to each in turn. ["Configure read-only routing for an Always On availability group",
//! 2025] Who dials a server itself and only reads is not routed. A secondary sends those that also write to the primary, from 2019 on. ["Secondary to primary replica read/write
//! connection redirection", 2026]

use super::assumption;
use super::copying::Synchronization;
use super::database::Database;
use super::estate::Estate;
use super::group::{AvailabilityGroup, Replica, Role};
use super::instance::SqlInstance;
use super::transport::Route;

/// What becomes of a session that only reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadOnlyRoute {
    /// There is no list: it stays, where the primary lets it in.
    None,
    /// It is sent there.
    To(Route),
    /// No replica of the list can be read now.
    Nowhere,
}

impl Estate {
    /// Where a session goes that only reads, wants this database and came to this primary through a listener; `turn`
    /// counts such sessions.
    pub fn read_only_route(&self, engine: &SqlInstance, database: &Database, turn: usize) -> ReadOnlyRoute {
        let group = database.group.as_deref().and_then(|name| engine.group(name));
        let Some(group) = group.filter(|group| group.role == Role::Primary) else {
            return ReadOnlyRoute::None;
        };
        let named = |name: &str| group.replicas.iter().find(|one| engine.same_name(&one.server_name, name));
        let Some(own) = named(&engine.server_name()) else { return ReadOnlyRoute::None };
        if own.read_only_routing_list.is_empty() {
            return ReadOnlyRoute::None;
        }
        for set in &own.read_only_routing_list {
            let open = set.iter().filter_map(|name| named(name));
            let open: Vec<&Replica> =
                open.filter(|one| self.can_be_read(engine, group, own, one, &database.name)).collect();
            let chosen = turn.checked_rem(open.len()).and_then(|place| open.get(place));
            let url = chosen.and_then(|one| one.read_only_routing_url.as_deref());
            if let Some(route) = url.and_then(Route::of_url) {
                return ReadOnlyRoute::To(route);
            }
        }
        ReadOnlyRoute::Nowhere
    }

    /// Where a session goes that may write, wants this database and came to this secondary: to the primary, where that says
    /// so and the secondary takes all connections; nothing where it stays. ASSUMED 100: as long as the two are connected.
    pub fn read_write_route(&self, engine: &SqlInstance, database: &Database) -> Option<Route> {
        let group = database.group.as_deref().and_then(|name| engine.group(name))?;
        let named = |name: &str| group.replicas.iter().find(|one| engine.same_name(&one.server_name, name));
        let takes_all = named(&engine.server_name()).is_some_and(|own| own.secondary_connections == ALL);
        if engine.build.major < 15 || group.role != Role::Secondary || !takes_all {
            return None;
        }
        let blind = self.opposite(assumption::ROUTE_TO_LOST_PRIMARY);
        let pair = self.pair_of(&group.id, &engine.key()).filter(|pair| blind || pair.connected())?;
        let primary = self.engine(&pair.primary)?;
        Route::of_url(named(&primary.server_name())?.read_write_routing_url.as_deref()?)
    }

    /// Whether a replica takes sessions that only read, and its copy is at hand.
    fn can_be_read(
        &self,
        engine: &SqlInstance,
        group: &AvailabilityGroup,
        own: &Replica,
        replica: &Replica,
        database: &str,
    ) -> bool {
        if replica.id == own.id {
            // The primary itself, which people put at the end: unless it takes read-write sessions alone.
            return own.primary_connections != READ_WRITE;
        }
        let pair = self.pairs.iter().find(|pair| {
            pair.group == group.id && pair.primary == engine.key() && pair.replica == replica.id
        });
        let copy = pair
            .filter(|pair| pair.connected())
            .and_then(|pair| pair.copies.iter().find(|copy| engine.same_name(&copy.name, database)));
        let follows = copy.is_some_and(|copy| {
            matches!(copy.state, Synchronization::Synchronizing | Synchronization::Synchronized)
        });
        replica.secondary_connections != NO && follows
    }
}

/// `secondary_role_allow_connections`.
const NO: u8 = 0;
/// `secondary_role_allow_connections`.
const ALL: u8 = 2;
/// `primary_role_allow_connections`.
const READ_WRITE: u8 = 3;

impl Route {
    /// Of `TCP://host:port`.
    fn of_url(url: &str) -> Option<Self> {
        let place = url.get(..6).filter(|head| head.eq_ignore_ascii_case("tcp://")).and(url.get(6..))?;
        let (host, port) = place.rsplit_once(':')?;
        Some(Self { host: host.to_owned(), port: port.parse().ok()? })
    }
}
