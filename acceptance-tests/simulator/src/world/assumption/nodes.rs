//! What is believed about groups of several nodes.

use super::{Assumption, entry, fixed};

/// The number of the belief about distributed groups on nodes that are secondary.
pub const HIDDEN_ON_SECONDARIES: u16 = 137;

/// A copy that lacks log backups is not joined, though the primary still has the log.
pub const MISSING_LOG_BACKUPS: u16 = 97;

/// By number.
pub(super) const NODES: &[Assumption] = &[
    entry(
        MISSING_LOG_BACKUPS,
        "A restored copy that lacks a log backup of the primary is refused with 1408 where the primary still keeps that log, \
         with 1412 where it does not.",
        "As long as the primary has the log the copy joins, and takes the rest from there.",
    ),
    fixed(
        135,
        "The services of SQL Servers in one Windows cluster or in one DNS domain accept each other's Windows accounts at \
         their mirroring endpoints.",
        "Their accounts may not connect.",
    )
    .because("no document lists accounts; a link's own trust is by certificates"),
    fixed(
        136,
        "A cluster makes a ready node primary 20 seconds after the primary's site went down: the default lease.",
        "It takes longer, or the primary is back first.",
    )
    .because("time alone differs"),
    entry(
        137,
        "A node that is secondary in its local group shows no distributed group over it in any view, and shows it as soon as \
         it is primary.",
        "It shows it always, in the role SECONDARY.",
    ),
    fixed(
        138,
        "On a node that is secondary in its local group a distributed group over it is altered with 41140 and dropped with \
         35251.",
        "It does not exist there (15151).",
    )
    .because("either way the statement is refused"),
    fixed(
        139,
        "Nothing moves the listener of a group with CLUSTER_TYPE = NONE: its name leads to the server that has its address.",
        "It leads to the primary.",
    )
    .because("a link over such a listener stays with its server, or moves"),
    fixed(
        140,
        "A Windows cluster with an even number of nodes has a file share witness, which is always up.",
        "It has none, and loses its quorum with half of its nodes.",
    )
    .because("it decides about quorum alone"),
    fixed(
        141,
        "While the site of a clustered group's primary is down the other nodes are RESOLVING; a replica that is not connected \
         shows as SECONDARY on the primary.",
        "They are SECONDARY; it shows no role.",
    )
    .because("the provider finds no primary either way"),
    fixed(
        142,
        "Of replicas with the same backup priority the one whose name comes first is preferred.",
        "Another one is, or all are.",
    )
    .because("the provider takes no backups"),
    fixed(143, "A failover in a cluster without quorum is refused with 35220.", "With another error.")
    .because("either way it is refused"),
    fixed(
        144,
        "Between the nodes of one group nothing is slower than the primary writes.",
        "A secondary falls behind, or commits wait for it.",
    )
    .because("delays alone differ"),
    fixed(
        145,
        "JOIN of a replica needs the primary's site to be reached, else 47106; the cluster types are compared after that.",
        "The cluster alone is asked.",
    )
    .because("either way it is refused"),
    fixed(
        146,
        "A session that only reads, and finds no replica of the routing list that can be read, is refused with 982, unless the \
         list has the primary.",
        "It stays with the primary where that takes it.",
    )
    .because("the provider opens no session that only reads"),
    fixed(
        147,
        "Routing lists lose the name of a replica that is removed.",
        "They keep it, or the removal is refused.",
    )
    .because("routing is none of the provider's business"),
];
