//! What is believed about groups of several nodes.

use super::{Assumption, entry};

/// A copy that lacks log backups is not joined, though the primary still has the log.
pub const MISSING_LOG_BACKUPS: u16 = 97;
/// A secondary that lost its primary sends nobody there.
pub const ROUTE_TO_LOST_PRIMARY: u16 = 100;
/// Services of one cluster or domain accept each other's accounts.
pub const WINDOWS_ACCOUNTS: u16 = 135;
/// A cluster waits for a lease alone.
pub const SHORT_LEASE: u16 = 136;
/// The number of the belief about distributed groups on nodes that are secondary.
pub const HIDDEN_ON_SECONDARIES: u16 = 137;
/// How statements about distributed groups are refused on secondary nodes.
pub const STATEMENTS_ON_SECONDARIES: u16 = 138;
/// Without a cluster a listener does not move.
pub const IDLE_LISTENER: u16 = 139;
/// Clusters with an even number of nodes have a witness.
pub const WITNESS: u16 = 140;
/// Nodes without their primary resolve.
pub const RESOLVING_NODES: u16 = 141;
/// One of several equal replicas is preferred for backups.
pub const EQUAL_PRIORITIES: u16 = 142;
/// How a failover without quorum is refused.
pub const WITHOUT_QUORUM: u16 = 143;
/// Nothing between nodes is slow.
pub const SLOW_NODES: u16 = 144;
/// A replica's configuration comes from its primary.
pub const CONFIGURATION_IN_CLUSTER: u16 = 145;
/// Sessions that find no replica to read are refused.
pub const NOBODY_TO_READ: u16 = 146;
/// Routing lists lose a replica that is removed.
pub const ROUTES_OF_REMOVED: u16 = 147;
/// How cluster types are numbered.
pub const CLUSTER_TYPES: u16 = 148;

/// By number.
pub(super) const NODES: &[Assumption] = &[
    entry(
        MISSING_LOG_BACKUPS,
        "A restored copy that lacks a log backup of the primary is refused with 1408 where the primary still keeps that log, \
         with 1412 where it does not.",
        "As long as the primary has the log the copy joins, and takes the rest from there.",
    ),
    entry(
        ROUTE_TO_LOST_PRIMARY,
        "A secondary that is not connected to its primary keeps a session that may write, though READ_WRITE_ROUTING_URL is set.",
        "It sends the session to the primary that it knew.",
    ),
    entry(
        WINDOWS_ACCOUNTS,
        "The services of SQL Servers in one Windows cluster or in one DNS domain accept each other's Windows accounts at \
         their mirroring endpoints.",
        "Their accounts may not connect.",
    ),
    entry(
        SHORT_LEASE,
        "A cluster makes a ready node primary 20 seconds after the primary's site went down: the default lease.",
        "It waits for HEALTH_CHECK_TIMEOUT as well, 30 seconds more.",
    ),
    entry(
        HIDDEN_ON_SECONDARIES,
        "A node that is secondary in its local group shows no distributed group over it in any view, and shows it as soon as \
         it is primary.",
        "It shows it always, in the role SECONDARY.",
    ),
    entry(
        STATEMENTS_ON_SECONDARIES,
        "On a node that is secondary in its local group a distributed group over it is altered with 41140 and dropped with \
         35251.",
        "It does not exist there (15151).",
    ),
    entry(
        IDLE_LISTENER,
        "Nothing moves the listener of a group with CLUSTER_TYPE = NONE: its name leads to the server that has its address.",
        "It leads to the primary.",
    ),
    entry(
        WITNESS,
        "A Windows cluster with an even number of nodes has a file share witness, which is always up.",
        "It has none, and loses its quorum with half of its nodes.",
    ),
    entry(
        RESOLVING_NODES,
        "While the site of a clustered group's primary is down the other nodes are RESOLVING; a replica that is not connected \
         shows as SECONDARY on the primary.",
        "They are SECONDARY; it shows no role.",
    ),
    entry(
        EQUAL_PRIORITIES,
        "Of replicas with the same backup priority the one whose name comes first is preferred.",
        "All of them are.",
    ),
    entry(
        WITHOUT_QUORUM,
        "A failover in a cluster without quorum is refused with 35220.",
        "It is refused with 41142.",
    ),
    entry(
        SLOW_NODES,
        "Between the nodes of one group nothing is slower than the primary writes.",
        "A slow way between their hosts holds a secondary up as it holds up a link.",
    ),
    entry(
        CONFIGURATION_IN_CLUSTER,
        "JOIN of a replica needs the primary's site to be reached, else 47106; the cluster types are compared after that.",
        "In a Windows cluster the configuration comes from the cluster: the primary need not be reached.",
    ),
    entry(
        NOBODY_TO_READ,
        "A session that only reads, and finds no replica of the routing list that can be read, is refused with 982, unless the \
         list has the primary.",
        "It stays with the primary where that takes it.",
    ),
    entry(ROUTES_OF_REMOVED, "Routing lists lose the name of a replica that is removed.", "They keep it."),
    entry(
        CLUSTER_TYPES,
        "cluster_type is 1 for EXTERNAL and 2 for NONE, as the page of sys.availability_groups has it.",
        "It is 1 for NONE and 2 for EXTERNAL, as SMO reads it.",
    ),
];
