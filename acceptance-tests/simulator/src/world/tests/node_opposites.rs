//! What is believed of nodes and its opposite, side by side on the same world.

use super::nodes::{Bench, NODES, P, R, S};
use crate::world::assumption;
use crate::world::copying::Synchronization;

/// What a look shows as it is believed, and under the opposite.
fn both<T>(make: impl Fn() -> Bench, number: u16, look: impl Fn(&Bench) -> T) -> [T; 2] {
    [false, true].map(|opposite| {
        let bench = make();
        if opposite {
            bench.world.with(|estate| estate.opposites.insert(number));
        }
        look(&bench)
    })
}

fn three() -> Bench {
    Bench::new("wsfc")
}

/// Two nodes, alone in their cluster.
fn two() -> Bench {
    let bench = Bench::of("wsfc", &NODES[..2]);
    bench.node(2, |engine| {
        engine.groups.clear();
        engine.cluster = None;
    });
    bench
}

#[test]
fn windows_accounts_of_one_domain_connect_or_do_not() {
    let connected = |bench: &Bench| {
        bench.world.with(|estate| estate.network.cut_between(NODES[0], NODES[1]));
        bench.advance(30);
        bench.world.with(|estate| estate.network.mend_between(NODES[0], NODES[1]));
        bench.advance(60);
        (bench.pair(1).connected(), bench.pair(1).error.map(|(error, _)| error))
    };
    let refused = Some(crate::world::trust::LinkError::SqlServerNotTrusted);
    assert_eq!(both(three, assumption::WINDOWS_ACCOUNTS, connected), [(true, None), (false, refused)]);
}

#[test]
fn a_cluster_waits_for_its_lease_or_longer() {
    let roles = |bench: &Bench| {
        bench.down(0);
        bench.advance(30);
        let early = bench.roles();
        bench.advance(30);
        (early, bench.roles())
    };
    assert_eq!(both(three, assumption::SHORT_LEASE, roles), [([S, P, S], [S, P, S]), ([P, R, R], [S, P, S])]);
}

#[test]
fn an_idle_listener_stays_or_leads_to_the_primary() {
    let listens = |bench: &Bench| {
        bench.node(0, |engine| engine.aliases.push("10.0.0.99".into()));
        bench.down(0);
        bench.sql(1, "ALTER AVAILABILITY GROUP AG FORCE_FAILOVER_ALLOW_DATA_LOSS");
        bench.sql(0, "ALTER AVAILABILITY GROUP AG SET (ROLE = SECONDARY)");
        bench.listens()
    };
    let there = [0, 1].map(|node| Some(NODES[node].to_owned()));
    assert_eq!(both(|| Bench::new("none"), assumption::IDLE_LISTENER, listens), there);
}

#[test]
fn half_a_cluster_has_a_quorum_with_its_witness_or_none() {
    let roles = |bench: &Bench| {
        bench.down(0);
        bench.advance(60);
        let quorum = bench.world.with(|estate| estate.has_quorum(estate.engine(NODES[1]).unwrap()));
        (quorum, [0, 1].map(|node| bench.node(node, |engine| engine.group("AG").unwrap().role)))
    };
    assert_eq!(both(two, assumption::WITNESS, roles), [(true, [S, P]), (false, [P, R])]);
}

#[test]
fn nodes_without_their_primary_resolve_or_stay_secondary() {
    let roles = |bench: &Bench| {
        bench.down(0);
        bench.advance(5);
        let meanwhile = bench.roles();
        bench.up();
        bench.advance(30);
        (meanwhile, bench.roles())
    };
    assert_eq!(
        both(three, assumption::RESOLVING_NODES, roles),
        [([P, R, R], [P, S, S]), ([P, S, S], [P, S, S])]
    );
}

#[test]
fn a_failover_without_quorum_is_refused_with_one_number_or_another() {
    let refused = |bench: &Bench| {
        bench.down(0);
        bench.down(1);
        bench.advance(60);
        bench.attempt(2, "ALTER AVAILABILITY GROUP AG FORCE_FAILOVER_ALLOW_DATA_LOSS")
    };
    assert_eq!(both(three, assumption::WITHOUT_QUORUM, refused), [Err(35220), Err(41142)]);
}

#[test]
fn a_slow_way_between_nodes_is_none_or_holds_a_secondary_up() {
    let follows = |bench: &Bench| {
        bench.node(0, |engine| engine.database_mut("Sales").unwrap().activity = 3);
        bench.world.with(|estate| estate.network.slow_down(NODES[0], NODES[1], 1));
        bench.advance(60);
        let behind = bench.position(0) - bench.position(1);
        let state = bench.states(1)[0];
        bench.node(0, |engine| engine.database_mut("Sales").unwrap().activity = 0);
        bench.advance(300);
        (behind, state, bench.position(0) - bench.position(1), bench.states(1)[0])
    };
    let (well, late) = (Synchronization::Synchronized, Synchronization::Synchronizing);
    assert_eq!(both(three, assumption::SLOW_NODES, follows), [(0, well, 0, well), (120, late, 0, well)]);
}

#[test]
fn a_replica_joins_from_its_primary_or_from_the_cluster() {
    let joins = |bench: &Bench| {
        bench.node(2, |engine| {
            engine.groups.clear();
            engine.cluster = Some("WSFC1".into());
        });
        bench.sql(
            0,
            "ALTER AVAILABILITY GROUP AG ADD REPLICA ON N'N3' WITH (ENDPOINT_URL = N'TCP://n3.corp.example:5022', \
             AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = AUTOMATIC)",
        );
        bench.world.with(|estate| estate.network.cut_between(NODES[0], NODES[2]));
        bench.attempt(2, "ALTER AVAILABILITY GROUP AG JOIN")
    };
    let make = || Bench::of("wsfc", &NODES[..2]);
    assert_eq!(both(make, assumption::CONFIGURATION_IN_CLUSTER, joins), [Err(47106), Ok(())]);
}

#[test]
fn routing_lists_lose_a_replica_that_is_removed_or_keep_it() {
    let lists = |bench: &Bench| {
        let modify = |server: &str, option: &str| {
            bench.sql(
                0,
                &format!("ALTER AVAILABILITY GROUP AG MODIFY REPLICA ON N'{server}' WITH ({option})"),
            );
        };
        for (server, host) in [("N2", NODES[1]), ("N3", NODES[2])] {
            let url = format!("SECONDARY_ROLE (READ_ONLY_ROUTING_URL = N'TCP://{host}:1433')");
            modify(server, &url);
        }
        modify("N1", "PRIMARY_ROLE (READ_ONLY_ROUTING_LIST = (N'N2', N'N3'))");
        bench.sql(0, "ALTER AVAILABILITY GROUP AG REMOVE REPLICA ON N'N2'");
        bench.node(0, |engine| engine.group("AG").unwrap().replicas[0].read_only_routing_list.concat())
    };
    let (left, all) = (vec!["N3".to_owned()], vec!["N2".to_owned(), "N3".to_owned()]);
    assert_eq!(both(three, assumption::ROUTES_OF_REMOVED, lists), [left, all]);
}
