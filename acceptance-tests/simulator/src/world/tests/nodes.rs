//! Groups of several nodes: roles and copies over time, with the primary failing over, and a link through a listener.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::scene::Scene;
use crate::world::World;
use crate::world::copying::Synchronization;
use crate::world::database::DatabaseState;
use crate::world::endpoint::State;
use crate::world::group::Role;
use crate::world::instance::SqlInstance;
use crate::world::nodes::ReplicaPair;
use crate::world::routing::ReadOnlyRoute;

pub(crate) const NODES: [&str; 3] = ["n1.corp.example", "n2.corp.example", "n3.corp.example"];

/// Three nodes with the group `AG` of `Sales`, which writes a block a second; the clock stands.
pub(crate) struct Bench {
    pub(crate) world: World,
}

impl Bench {
    pub(crate) fn new(cluster_type: &str) -> Self {
        Self::of(cluster_type, &NODES)
    }

    pub(super) fn of(cluster_type: &str, grouped: &[&str]) -> Self {
        let server = |host: &&str| {
            let databases = if **host == *NODES[0] { json!([{ "name": "Sales" }]) } else { json!([]) };
            let mut server = json!({ "host": host, "version": "2022", "databases": databases });
            if cluster_type == "wsfc" {
                server["cluster"] = "WSFC1".into();
            }
            server
        };
        let servers: Vec<Json> = NODES.iter().map(server).collect();
        let description = json!({
            "sql_servers": servers,
            "availability_groups": [{
                "name": "AG", "nodes": grouped, "cluster_type": cluster_type, "databases": ["Sales"],
                "listener": { "dns_name": "lsn", "ip": "10.0.0.99" },
            }],
        });
        let mut estate = Scene::new(serde_json::from_value(description).unwrap()).unwrap().estate;
        estate.stop_clock();
        let bench = Self { world: World::new(estate) };
        bench.advance(1);
        bench
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.world.with(|estate| estate.clock.advance(Duration::from_secs(seconds)));
        self.world.with(|_| ());
    }

    pub(super) fn attempt(&self, node: usize, text: &str) -> Result<(), i32> {
        self.world.with(|estate| crate::tsql::run_ddl(estate, NODES[node], text))
    }

    #[track_caller]
    pub(crate) fn sql(&self, node: usize, text: &str) {
        assert_eq!(self.attempt(node, text), Ok(()), "{text}");
    }

    /// Sets a replica to asynchronous commit, which fails over by hand alone.
    #[track_caller]
    pub(super) fn commit_asynchronously(&self, replica: &str) {
        for option in ["FAILOVER_MODE = MANUAL", "AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT"] {
            self.sql(
                0,
                &format!("ALTER AVAILABILITY GROUP AG MODIFY REPLICA ON N'{replica}' WITH ({option})"),
            );
        }
    }

    pub(crate) fn node<T>(&self, node: usize, look: impl FnOnce(&mut SqlInstance) -> T) -> T {
        self.world.with(|estate| look(estate.engine_mut(NODES[node]).unwrap()))
    }

    pub(super) fn roles(&self) -> [Role; 3] {
        [0, 1, 2].map(|node| self.node(node, |engine| engine.group("AG").unwrap().role))
    }

    pub(super) fn down(&self, node: usize) {
        self.world.with(|estate| estate.network.down.insert(NODES[node].to_owned()));
    }

    pub(super) fn up(&self) {
        self.world.with(|estate| estate.network.down.clear());
    }

    pub(super) fn pair(&self, secondary: usize) -> ReplicaPair {
        self.world.with(|estate| {
            let group = estate.sql_servers[0].groups[0].id.clone();
            estate.pair_of(&group, &NODES[secondary].into()).unwrap().clone()
        })
    }

    pub(super) fn states(&self, secondary: usize) -> Vec<Synchronization> {
        self.pair(secondary).copies.iter().map(|copy| copy.state).collect()
    }

    pub(super) fn position(&self, node: usize) -> u64 {
        self.node(node, |engine| engine.database("Sales").unwrap().hardened_lsn.0)
    }

    fn suspended(&self, node: usize) -> Option<u8> {
        self.node(node, |engine| engine.database("Sales").unwrap().suspended)
    }

    pub(super) fn listens(&self) -> Option<String> {
        self.world.with(|estate| estate.engine_listening("lsn.corp.example").map(|one| one.host.clone()))
    }
}

pub(super) const P: Role = Role::Primary;
pub(super) const S: Role = Role::Secondary;
pub(super) const R: Role = Role::Resolving;

#[test]
fn secondaries_follow_their_primary() {
    let bench = Bench::new("wsfc");
    assert_eq!(bench.roles(), [P, S, S]);
    assert_eq!(bench.states(1), [Synchronization::Synchronized]);
    bench.advance(100);
    assert_eq!((bench.position(1), bench.position(2)), (bench.position(0), bench.position(0)));
    bench.node(1, |engine| {
        let copy = engine.database("Sales").unwrap();
        assert!(engine.is_secondary(copy) && !engine.takes_writes(copy));
    });
    // Configuration comes from the primary, and only there it changes.
    assert_eq!(bench.attempt(1, "ALTER AVAILABILITY GROUP AG SET (DB_FAILOVER = ON)"), Err(41140));
    bench.commit_asynchronously("N3");
    bench.advance(10);
    assert!(bench.node(1, |engine| !engine.group("AG").unwrap().replicas[2].synchronous));
    assert_eq!(bench.states(2), [Synchronization::Synchronizing]);
    assert_eq!(bench.position(2), bench.position(0) - 1);
    let replicas: Vec<_> = [1, 2].map(|node| bench.pair(node).health(node == 1, &["Sales".into()])).to_vec();
    assert_eq!(replicas, [2, 2]);
}

#[test]
fn a_planned_failover_needs_a_synchronized_node() {
    let bench = Bench::new("wsfc");
    bench.commit_asynchronously("N3");
    bench.advance(10);
    assert_eq!(bench.attempt(2, "ALTER AVAILABILITY GROUP AG FAILOVER"), Err(41142));
    assert_eq!(bench.attempt(0, "ALTER AVAILABILITY GROUP AG FAILOVER"), Err(41122));
    assert_eq!(bench.listens().as_deref(), Some(NODES[0]));
    let before = bench.position(0);
    bench.sql(1, "ALTER AVAILABILITY GROUP AG FAILOVER");
    assert_eq!(bench.roles(), [S, P, S]);
    assert_eq!(bench.listens().as_deref(), Some(NODES[1]));
    bench.advance(60);
    assert_eq!(bench.position(1), before + 60, "the new primary takes the writes");
    assert_eq!((bench.position(0), bench.suspended(0)), (before + 60, None), "the old one follows");
    assert_eq!(bench.states(0), [Synchronization::Synchronized]);
    bench.sql(0, "ALTER AVAILABILITY GROUP AG FAILOVER");
    assert_eq!(bench.roles(), [P, S, S]);
}

#[test]
fn a_cluster_fails_over_by_itself_when_a_site_goes_down() {
    let bench = Bench::new("wsfc");
    let before = bench.position(0);
    bench.down(0);
    bench.advance(5);
    assert_eq!(bench.roles(), [P, R, R], "the old primary cannot know better");
    bench.advance(20);
    assert_eq!(bench.roles(), [S, P, S]);
    assert!(bench.position(1) >= before);
    bench.advance(60);
    bench.up();
    bench.advance(60);
    assert_eq!(bench.roles(), [S, P, S], "it finds itself secondary");
    assert_eq!((bench.states(0), bench.suspended(0)), (vec![Synchronization::Synchronized], None));
    // A site that is back before the lease ends stays primary.
    bench.down(1);
    bench.advance(10);
    bench.up();
    bench.advance(60);
    assert_eq!(bench.roles(), [S, P, S]);
    // Two of three down is no quorum: nobody takes over, nor can anybody be made to.
    bench.down(0);
    bench.down(1);
    bench.advance(120);
    assert_eq!(bench.roles(), [R, P, R]);
    assert_eq!(bench.attempt(2, "ALTER AVAILABILITY GROUP AG FORCE_FAILOVER_ALLOW_DATA_LOSS"), Err(35220));
}

#[test]
fn one_long_jump_leads_where_many_short_ones_do() {
    let run = |steps: &[u64]| {
        let bench = Bench::new("wsfc");
        bench.down(0);
        steps.iter().for_each(|step| bench.advance(*step));
        bench.up();
        steps.iter().for_each(|step| bench.advance(*step));
        let pair = bench.pair(0);
        let copies: Vec<_> =
            pair.copies.into_iter().map(|copy| (copy.state, copy.seeded, copy.seedings)).collect();
        (bench.roles(), pair.session, copies, [0, 1, 2].map(|node| bench.position(node)))
    };
    let jump = run(&[60]);
    assert_eq!(jump, run(&[1; 60]));
    assert_eq!(jump, run(&[7, 13, 40]));
}

#[test]
fn a_forced_failover_suspends_what_may_have_diverged() {
    let bench = Bench::new("wsfc");
    bench.commit_asynchronously("N2");
    bench.commit_asynchronously("N3");
    bench.advance(10);
    bench.down(0);
    bench.advance(60);
    assert_eq!(bench.roles(), [P, R, R], "nobody is ready to take over");
    bench.sql(1, "ALTER AVAILABILITY GROUP AG FORCE_FAILOVER_ALLOW_DATA_LOSS");
    assert_eq!(bench.roles(), [S, P, S]);
    bench.up();
    bench.advance(60);
    assert_eq!([0, 1, 2].map(|node| bench.suspended(node)), [Some(1), None, Some(1)]);
    assert_eq!(bench.states(0), [Synchronization::NotSynchronizing]);
    let run = |node: usize, text: &str| {
        bench.world.with(|estate| crate::tsql::run_ddl(estate, NODES[node], text)).unwrap();
    };
    run(0, "ALTER DATABASE Sales SET HADR RESUME");
    bench.advance(10);
    assert_eq!(bench.states(0), [Synchronization::Synchronizing]);
    assert_eq!(bench.position(0), bench.position(1) - 1, "what was not sent is gone");
}

#[test]
fn without_a_cluster_two_can_be_primary() {
    let bench = Bench::new("none");
    assert_eq!(bench.attempt(1, "ALTER AVAILABILITY GROUP AG FAILOVER"), Err(47122));
    bench.down(0);
    bench.advance(60);
    assert_eq!(bench.roles(), [P, S, S], "nothing happens by itself");
    bench.sql(1, "ALTER AVAILABILITY GROUP AG FORCE_FAILOVER_ALLOW_DATA_LOSS");
    bench.up();
    bench.advance(60);
    assert_eq!(bench.roles(), [P, P, S]);
    assert_eq!(bench.attempt(0, "ALTER AVAILABILITY GROUP AG FORCE_FAILOVER_ALLOW_DATA_LOSS"), Err(41122));
    bench.sql(0, "ALTER AVAILABILITY GROUP AG SET (ROLE = SECONDARY)");
    bench.advance(10);
    assert_eq!((bench.roles(), bench.suspended(0)), ([S, P, S], Some(1)));
    bench.sql(0, "ALTER DATABASE Sales SET HADR RESUME");
    bench.advance(10);
    assert_eq!(bench.states(0), [Synchronization::Synchronized]);
    // Nothing moves its listener: no server has its address.
    assert_eq!(bench.listens(), None);
    bench.node(2, |engine| engine.aliases.push("10.0.0.99".into()));
    assert_eq!(bench.listens().as_deref(), Some(NODES[2]));
}

#[test]
fn off_line_it_waits_for_a_forced_failover() {
    let bench = Bench::new("wsfc");
    assert_eq!(bench.attempt(1, "ALTER AVAILABILITY GROUP AG OFFLINE"), Err(41140));
    assert_eq!(bench.attempt(0, "ALTER AVAILABILITY GROUP AG SET (ROLE = SECONDARY)"), Err(47115));
    bench.sql(0, "ALTER AVAILABILITY GROUP AG OFFLINE");
    bench.advance(60);
    assert_eq!(bench.roles(), [R, R, R]);
    assert!(bench.node(0, |engine| !engine.takes_writes(engine.database("Sales").unwrap())));
    bench.sql(0, "ALTER AVAILABILITY GROUP AG FORCE_FAILOVER_ALLOW_DATA_LOSS");
    bench.advance(10);
    assert_eq!(bench.roles(), [P, S, S]);
}

#[test]
fn an_external_cluster_is_asked_with_its_own_tool() {
    let bench = Bench::new("external");
    for text in ["FAILOVER", "FORCE_FAILOVER_ALLOW_DATA_LOSS"] {
        assert_eq!(bench.attempt(1, &format!("ALTER AVAILABILITY GROUP AG {text}")), Err(47104));
    }
}

#[test]
fn endpoints_and_networks_part_nodes() {
    let bench = Bench::new("wsfc");
    bench.node(1, |engine| engine.endpoint.as_mut().unwrap().state = State::Stopped);
    bench.advance(60);
    assert!(!bench.pair(1).connected());
    assert_eq!(bench.pair(1).error.unwrap().0, crate::world::trust::LinkError::Unreachable);
    assert_eq!(bench.attempt(1, "ALTER AVAILABILITY GROUP AG FAILOVER"), Err(41142));
    assert!(bench.pair(2).connected());
    bench.node(1, |engine| engine.endpoint.as_mut().unwrap().state = State::Started);
    bench.advance(30);
    assert_eq!(bench.position(1), bench.position(0), "it caught up");
    bench.world.with(|estate| estate.network.cut.insert((NODES[0].into(), NODES[2].into())));
    bench.advance(30);
    assert!(!bench.pair(2).connected() && bench.pair(1).connected());
}

#[test]
fn a_node_joins_and_is_seeded_when_it_may_be() {
    let bench = Bench::of("wsfc", &NODES[..2]);
    bench.node(2, |engine| {
        engine.groups.clear();
        engine.cluster = Some("WSFC1".into());
    });
    let (windows, endpoint) =
        ("AUTHENTICATION = WINDOWS NEGOTIATE, ENCRYPTION = REQUIRED ALGORITHM AES", "ROLE = ALL");
    bench.sql(
        2,
        &format!("CREATE ENDPOINT e STATE = STARTED AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING ({windows}, {endpoint})"),
    );
    assert_eq!(bench.attempt(2, "ALTER AVAILABILITY GROUP AG JOIN"), Err(47106), "it is not listed");
    bench.sql(
        0,
        "ALTER AVAILABILITY GROUP AG ADD REPLICA ON N'N3' WITH (ENDPOINT_URL = N'TCP://n3.corp.example:5022', \
         AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = AUTOMATIC, SEEDING_MODE = AUTOMATIC)",
    );
    assert_eq!(bench.attempt(2, "ALTER AVAILABILITY GROUP AG JOIN WITH (CLUSTER_TYPE = NONE)"), Err(47100));
    bench.sql(2, "ALTER AVAILABILITY GROUP AG JOIN");
    assert_eq!(bench.attempt(2, "ALTER AVAILABILITY GROUP AG JOIN"), Err(41106));
    bench.advance(30);
    assert!(bench.pair(2).connected());
    assert!(bench.node(2, |engine| engine.database("Sales").is_none()), "it may make no database");
    assert_eq!(bench.attempt(2, "ALTER AVAILABILITY GROUP AG FAILOVER"), Err(41142));
    bench.sql(2, "ALTER AVAILABILITY GROUP AG GRANT CREATE ANY DATABASE");
    bench.advance(2);
    let state = || bench.node(2, |engine| engine.database("Sales").unwrap().state);
    assert_eq!(state(), DatabaseState::Restoring);
    assert_eq!(bench.pair(2).health(true, &["Sales".into()]), 0);
    // A disturbance begins it anew.
    bench.world.with(|estate| estate.network.cut.insert((NODES[0].into(), NODES[2].into())));
    bench.advance(1);
    bench.world.with(|estate| estate.network.cut.clear());
    bench.advance(60);
    assert_eq!((state(), bench.pair(2).copies[0].seedings), (DatabaseState::Online, 2));
    bench.sql(2, "ALTER AVAILABILITY GROUP AG FAILOVER");
    assert_eq!(bench.roles(), [S, S, P]);
    // A database that leaves the group stays behind, restoring; a replica that is removed forgets it.
    bench.sql(2, "ALTER AVAILABILITY GROUP AG REMOVE REPLICA ON N'N1'");
    bench.advance(1);
    assert!(bench.node(0, |engine| engine.groups.is_empty()));
    bench.sql(2, "ALTER AVAILABILITY GROUP AG REMOVE DATABASE Sales");
    bench.advance(1);
    let states = [0, 1, 2].map(|node| bench.node(node, |engine| engine.database("Sales").unwrap().state));
    assert_eq!(states, [DatabaseState::Restoring, DatabaseState::Restoring, DatabaseState::Online]);
}

#[test]
fn certificates_count_when_nodes_connect() {
    let bench = Bench::new("none");
    for node in 0..3 {
        bench.sql(node, "CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Str0ng and long!'");
        let create = format!("CREATE CERTIFICATE own WITH SUBJECT = N'N{node}', EXPIRY_DATE = '20990101'");
        bench.sql(node, &create);
    }
    let exchange = |from: usize, to: usize| {
        let mut certificate = bench.node(from, |engine| engine.certificate("own").unwrap().clone());
        certificate.name = format!("of_{from}");
        certificate.id = 1000 + i32::try_from(from).unwrap();
        bench.node(to, |engine| engine.certificates.push(certificate));
    };
    let by_certificate =
        "ALTER ENDPOINT Hadr_endpoint FOR DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE own, ROLE = ALL)";
    for (from, to) in [(0, 1), (1, 0), (0, 2)] {
        exchange(from, to);
    }
    for node in 0..3 {
        bench.sql(node, by_certificate);
    }
    bench.advance(30);
    assert!(bench.pair(1).connected());
    // The primary does not know the third node's.
    assert_eq!(bench.pair(2).error.unwrap().0, crate::world::trust::LinkError::SqlServerNotTrusted);
    exchange(2, 0);
    bench.advance(30);
    assert!(bench.pair(2).connected());
    // A certificate that is gone parts nobody who is connected.
    bench.node(1, |engine| engine.certificates.retain(|one| one.name != "of_0"));
    bench.advance(30);
    assert!(bench.pair(1).connected());
    bench.node(0, |engine| engine.endpoint.as_mut().unwrap().starts += 1);
    bench.advance(30);
    assert!(!bench.pair(1).connected() && bench.pair(2).connected());
}

#[test]
fn dropping_a_group_of_several_nodes() {
    let states = |bench: &Bench| {
        [0, 1, 2].map(|node| {
            bench.node(node, |engine| (engine.groups.len(), engine.database("Sales").unwrap().state))
        })
    };
    let (online, restoring) = (DatabaseState::Online, DatabaseState::Restoring);
    let bench = Bench::new("wsfc");
    bench.sql(0, "DROP AVAILABILITY GROUP AG");
    bench.advance(1);
    assert_eq!(states(&bench), [(0, online), (0, restoring), (0, restoring)]);
    let bench = Bench::new("wsfc");
    bench.sql(1, "DROP AVAILABILITY GROUP AG");
    bench.advance(1);
    assert_eq!(states(&bench), [(0, restoring), (0, restoring), (0, restoring)]);
    let bench = Bench::new("none");
    bench.sql(1, "DROP AVAILABILITY GROUP AG");
    bench.advance(1);
    assert_eq!(states(&bench), [(1, online), (0, restoring), (1, online)]);
}

#[test]
fn groups_of_one_name_on_other_servers_are_others() {
    let bench = Bench::of("wsfc", &NODES[..2]);
    bench.node(2, |engine| engine.groups.clear());
    let mut other = bench.node(0, |engine| engine.groups[0].clone());
    other.id = "00000000-0000-4000-8000-0000000000aa".into();
    bench.node(2, |engine| engine.groups.push(other));
    bench.sql(1, "ALTER AVAILABILITY GROUP AG FAILOVER");
    assert_eq!(bench.roles(), [S, P, P]);
}

#[test]
fn commits_wait_while_too_few_secondaries_are_synchronized() {
    let bench = Bench::new("wsfc");
    bench.sql(0, "ALTER AVAILABILITY GROUP AG SET (REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT = 2)");
    let written = |seconds: u64| {
        let before = bench.position(0);
        bench.advance(seconds);
        bench.position(0) - before
    };
    assert!(written(60) > 0);
    bench.world.with(|estate| estate.network.cut_between(NODES[0], NODES[2]));
    bench.advance(30);
    assert_eq!(written(600), 0);
    assert!(bench.node(0, |engine| engine.commits_wait(engine.database("Sales").unwrap())));
    bench.world.with(|estate| estate.network.mend_between(NODES[0], NODES[2]));
    bench.advance(30);
    assert!(written(60) > 0);
    // One that commits asynchronously does not count.
    bench.commit_asynchronously("N3");
    bench.advance(30);
    assert_eq!(written(60), 0);
    bench.sql(0, "ALTER AVAILABILITY GROUP AG SET (REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT = 1)");
    bench.advance(1);
    assert!(written(60) > 0);
}

#[test]
fn readers_take_turns_among_the_replicas_of_a_set() {
    let bench = Bench::new("wsfc");
    for (server, host) in [("N2", NODES[1]), ("N3", NODES[2])] {
        let role = format!("ALLOW_CONNECTIONS = READ_ONLY, READ_ONLY_ROUTING_URL = N'TCP://{host}:1433'");
        let text = format!(
            "ALTER AVAILABILITY GROUP AG MODIFY REPLICA ON N'{server}' WITH (SECONDARY_ROLE ({role}))"
        );
        bench.sql(0, &text);
    }
    let list = "PRIMARY_ROLE (READ_ONLY_ROUTING_LIST = ((N'N2', N'N3')))";
    bench.sql(0, &format!("ALTER AVAILABILITY GROUP AG MODIFY REPLICA ON N'N1' WITH ({list})"));
    bench.advance(1);
    let sent = || {
        bench.world.with(|estate| {
            let engine = estate.engine(NODES[0]).unwrap();
            let database = engine.database("Sales").unwrap();
            [0, 1, 2].map(|turn| match estate.read_only_route(engine, database, turn) {
                ReadOnlyRoute::To(route) => route.host,
                other => format!("{other:?}"),
            })
        })
    };
    assert_eq!(sent(), [NODES[1], NODES[2], NODES[1]]);
    bench.sql(1, "ALTER DATABASE Sales SET HADR SUSPEND");
    bench.advance(1);
    assert_eq!(sent(), [NODES[2]; 3], "a copy that does not follow is not read");
}

#[test]
fn a_copy_that_left_its_group_is_joined_again() {
    const LEAVE: &str = "ALTER DATABASE Sales SET HADR OFF";
    const JOIN: &str = "ALTER DATABASE Sales SET HADR AVAILABILITY GROUP = AG";
    let bench = Bench::new("wsfc");
    bench.sql(1, LEAVE);
    bench.advance(60);
    assert_eq!(bench.states(1), [Synchronization::NotSynchronizing]);
    bench.sql(1, JOIN);
    bench.advance(1);
    assert_eq!(bench.states(1), [Synchronization::Synchronized]);
    assert_eq!(bench.pair(1).copies[0].seedings, 0);

    bench.sql(1, LEAVE);
    bench.world.with(|estate| estate.network.cut_between(NODES[0], NODES[1]));
    bench.advance(30);
    assert_eq!(bench.attempt(1, JOIN), Err(35250));
    bench.world.with(|estate| estate.network.mend_between(NODES[0], NODES[1]));
    bench.advance(30);
    // The primary's log does not reach back any more.
    bench.node(0, |engine| {
        let database = engine.database_mut("Sales").unwrap();
        database.log.truncated = database.hardened_lsn;
    });
    assert_eq!(bench.attempt(1, JOIN), Err(1412));
}
