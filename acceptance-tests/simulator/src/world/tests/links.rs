//! Links that go well: made, seeded, replicating, deleted.

use super::*;
use crate::world::assumption;
use crate::world::database::DatabaseState;
use crate::world::group::Role;
use crate::world::log::{BLOCK_KB, LogPosition};

#[test]
fn a_link_comes_alive_when_both_halves_fit() {
    let bench = Bench::prepared();
    assert!(!bench.side().connected, "disconnected is the expected state before the link");
    let accepted = bench.create(request()).unwrap();
    assert_eq!(accepted.operation, "DistributedAvailabilityGroupsLinkCreate");
    bench.advance(5);
    assert!(bench.links().is_empty(), "a new link shows late");
    bench.advance(25);
    assert_eq!(bench.state(), "LinkInitialSeeding");
    let percent = bench.link().databases[0].seeding_percent.unwrap();
    assert!((10..40).contains(&percent), "{percent}");
    assert_eq!(bench.copy().unwrap().state, DatabaseState::Restoring);
    assert_eq!(bench.world.databases(&bench.path)[0].status, "Restoring");
    assert_eq!(bench.standing(&accepted), Standing::InProgress);
    assert_eq!((bench.side().connected, bench.side().health), (true, 0));
    bench.advance(100);
    assert_eq!(bench.state(), "LinkSynchronizing");
    assert_eq!(bench.standing(&accepted), Standing::Succeeded);
    assert_eq!((bench.side().connected, bench.side().health), (true, 2));
    assert_eq!(bench.world.databases(&bench.path)[0].status, "Online");
    let database = bench.link().databases[0].clone();
    assert_eq!(database.health.as_deref(), Some("HEALTHY"));
    assert_eq!(database.partner_certificate.unwrap().0, "endpoint_cert");
    assert!(database.received.is_some() && database.sent.is_none() && database.error.is_none());
}

#[test]
fn t_sql_on_the_instance_sees_a_secondary() {
    let bench = Bench::linked();
    bench.with_instance(|managed| {
        let engine = &managed.engine;
        assert_eq!(engine.group("DAG_Sales").unwrap().role, Role::Secondary);
        assert!(engine.group("DAG_Sales").unwrap().link.connected);
        assert_eq!(engine.group("AG_Sales_MI").unwrap().databases, ["Sales"]);
        let copy = engine.database("Sales").unwrap();
        assert_eq!(copy.state, DatabaseState::Online);
        assert!(engine.is_secondary(copy) && !engine.takes_writes(copy));
    });
}

#[test]
fn the_secondary_follows_a_second_behind_and_catches_up_when_work_stops() {
    let bench = Bench::linked();
    let positions = |bench: &Bench| {
        let source = bench.with_sql(|sql| sql.database("Sales").unwrap().hardened_lsn);
        (source.0, bench.copy().unwrap().hardened_lsn.0)
    };
    let before = positions(&bench);
    assert_eq!(before.0 - before.1, 1);
    bench.advance(30);
    assert_eq!(positions(&bench), (before.0 + 30, before.1 + 30));
    let replication =
        |bench: &Bench| bench.with_instance(|managed| managed.links[0].databases[0].replication.clone());
    let flowing = replication(&bench);
    assert_eq!((flowing.lag, flowing.send_rate), (1, BLOCK_KB), "one block a second, one second behind");
    assert_eq!(flowing.hardened.position, LogPosition(before.1 + 30));
    assert_eq!(flowing.send_queue(LogPosition(before.0 + 30)), BLOCK_KB);
    bench.with_sql(|sql| sql.database_mut("Sales").unwrap().activity = 0);
    bench.advance(1);
    let stopped = positions(&bench);
    assert_eq!(stopped.0, stopped.1);
    let hardened = LogPosition(stopped.0).numeric().to_string();
    assert_eq!(bench.link().databases[0].hardened.clone().unwrap().0, hardened);
    assert_eq!(replication(&bench).lag, 0);
}

#[test]
fn one_long_jump_leads_where_many_short_ones_do() {
    let summary = |steps: &[u64]| {
        let bench = Bench::prepared();
        bench.create(request()).unwrap();
        for seconds in steps {
            bench.advance(*seconds);
        }
        bench.sql("ALTER ENDPOINT [hadr] STATE = STOPPED");
        for seconds in steps {
            bench.advance(*seconds);
        }
        bench.sql("ALTER ENDPOINT [hadr] STATE = STARTED");
        for seconds in steps {
            bench.advance(*seconds);
        }
        bench.with_instance(|managed| {
            let link = &managed.links[0];
            let one = &link.databases[0];
            (link.phase, one.seeded, one.seedings, one.replication.hardened, link.session.is_some())
        })
    };
    let jump = summary(&[60]);
    assert_eq!(jump, summary(&[1; 60]));
    assert_eq!(jump, summary(&[13, 17, 29, 1]));
}

#[test]
fn nothing_happens_twice_at_one_moment() {
    let bench = Bench::linked();
    let look = |bench: &Bench| bench.world.with(|estate| format!("{:?}", estate.managed_instances[0].links));
    let before = look(&bench);
    assert_eq!(before, look(&bench));
}

#[test]
fn commit_mode_follows_patch() {
    let bench = Bench::linked();
    let patch =
        bench.world.update_link(&bench.path, "dag_sales", crate::arm::backend::LinkUpdate::Synchronous(true));
    bench.done(patch);
    assert_eq!(bench.link().replication_mode, "Sync");
    let source = bench.with_sql(|sql| sql.database("Sales").unwrap().hardened_lsn);
    assert_eq!(bench.copy().unwrap().hardened_lsn, source);
}

#[test]
fn deleting_makes_the_copy_independent_and_leaves_sql_server_alone() {
    let bench = Bench::linked();
    bench.done(bench.world.delete_link(&bench.path, "DAG_Sales"));
    assert!(bench.links().is_empty());
    let side = bench.side();
    assert!(!side.connected && side.ever_connected);
    let writable = bench.with_instance(|managed| {
        assert!(managed.engine.groups.is_empty());
        managed.engine.takes_writes(managed.engine.database("Sales").unwrap())
    });
    assert!(writable);
    assert!(bench.copy().unwrap().backups.is_empty());
    bench.advance(HOUR);
    assert_eq!(bench.copy().unwrap().backups.len(), 1, "the service's first full backup");
}

#[test]
fn a_deleted_link_leaves_its_name_in_use_until_the_database_goes() {
    let bench = Bench::linked();
    bench.done(bench.world.delete_link(&bench.path, "DAG_Sales"));
    bench.sql("DROP AVAILABILITY GROUP DAG_Sales");
    bench.sql(&bench.distributed("CREATE"));
    let again = bench.create(request()).unwrap();
    bench.advance(60);
    assert_eq!(bench.failure(&again), "ManagedDatabaseNameInUse");
    assert!(bench.links().is_empty());
    bench.done(bench.world.delete_database(&bench.path, "Sales"));
    bench.create(request()).unwrap();
    bench.advance(200);
    assert_eq!(bench.state(), "LinkSynchronizing");
}

#[test]
fn the_create_operation_may_end_early() {
    let bench = Bench::prepared();
    bench.opposite(assumption::CREATE_SPANS_SEEDING);
    let accepted = bench.create(request()).unwrap();
    bench.advance(1);
    assert_eq!(bench.standing(&accepted), Standing::Succeeded);
}

#[test]
fn a_link_from_the_instance_seeds_sql_server() {
    let bench = Bench::new();
    bench.trust();
    bench.sql(
        "CREATE AVAILABILITY GROUP AG_Sales WITH (CLUSTER_TYPE = NONE) FOR REPLICA ON N'SQL1' WITH (ENDPOINT_URL = \
         N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC)",
    );
    bench.sql("ALTER AVAILABILITY GROUP AG_Sales GRANT CREATE ANY DATABASE");
    bench.sql(&bench.distributed("JOIN"));
    let database = bench.with_sql(|sql| {
        let position = sql.databases.iter().position(|one| one.name == "Sales").unwrap();
        sql.databases.remove(position)
    });
    let database = Database { owner: "somebody".into(), ..database };
    bench.with_instance(|managed| managed.engine.databases.push(database));
    let mut wanted = request();
    wanted.instance_is_primary = true;
    let accepted = bench.create(wanted).unwrap();
    assert_eq!(accepted.operation, "DistributedAvailabilityGroupsLinkCreateFromMI");
    bench.advance(200);
    assert_eq!(bench.standing(&accepted), Standing::Succeeded);
    let link = bench.link();
    assert_eq!((link.instance_is_primary, link.failover_mode.as_deref()), (true, Some("Manual")));
    assert!(link.databases[0].sent.is_some());
    bench.with_sql(|sql| {
        let copy = sql.database("Sales").unwrap();
        assert_eq!((copy.state, copy.owner.as_str()), (DatabaseState::Online, "sa"));
        assert!(sql.is_secondary(copy));
        assert_eq!(sql.group("AG_Sales").unwrap().databases, ["Sales"]);
    });
}

#[test]
fn a_link_of_several_databases_seeds_them_one_after_the_other_and_takes_more() {
    let bench = Bench::new();
    bench.trust();
    for (name, id) in [("Stock", 6), ("Orders", 7)] {
        bench.with_sql(|sql| {
            let mut database = sql.database("Sales").unwrap().clone();
            (database.name, database.id) = (name.into(), id);
            sql.databases.push(database);
        });
    }
    bench.with_sql(|sql| sql.configuration.insert("multidb_milink".to_owned(), 1));
    bench.sql(
        "CREATE AVAILABILITY GROUP AG_Sales WITH (CLUSTER_TYPE = NONE) FOR DATABASE Sales, Stock REPLICA ON N'SQL1' WITH \
         (ENDPOINT_URL = N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, \
         SEEDING_MODE = AUTOMATIC)",
    );
    bench.sql(&bench.distributed("CREATE"));
    let mut wanted = request();
    wanted.databases.push("Stock".into());
    wanted.multi_database = true;
    let accepted = bench.create(wanted).unwrap();
    assert_eq!(accepted.operation, "CreateManagedFailoverGroup");
    let states =
        |bench: &Bench| -> Vec<String> { bench.link().databases.into_iter().map(|one| one.state).collect() };
    bench.advance(110);
    assert_eq!(states(&bench), ["LinkSynchronizing", "LinkInitialSeeding"]);
    assert_eq!(bench.standing(&accepted), Standing::InProgress);
    bench.advance(100);
    assert_eq!(states(&bench), ["LinkSynchronizing", "LinkSynchronizing"]);
    assert_eq!(bench.standing(&accepted), Standing::Succeeded);

    bench.sql("ALTER AVAILABILITY GROUP AG_Sales ADD DATABASE Orders");
    let change = crate::arm::backend::LinkUpdate::Databases(vec!["Stock".into(), "Orders".into()]);
    bench.done(bench.world.update_link(&bench.path, "DAG_Sales", change));
    bench.advance(200);
    let names: Vec<String> = bench.link().databases.into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["Stock", "Orders"]);
    assert_eq!(states(&bench), ["LinkSynchronizing", "LinkSynchronizing"]);
    assert!(bench.copy().unwrap().group.is_none(), "what left the link is independent");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config {
        cases: 8,
        failure_persistence: None,
        ..proptest::test_runner::Config::default()
    })]

    /// However a day of trouble is cut into jumps, it ends in the same world: a seeding, a disturbance, a long cut, its end.
    #[test]
    fn jumps_cut_at_random_lead_to_the_same_world(
        cuts in proptest::collection::vec(1_u64..86_400, 0..6),
        short in proptest::collection::vec(1_u64..60, 0..6),
    ) {
        let lived = |cuts: &[u64], short: &[u64]| {
            let bench = Bench::prepared();
            let pass = |total: u64, cuts: &[u64]| {
                let mut stops: Vec<u64> = cuts.iter().copied().filter(|one| *one < total).collect();
                stops.push(total);
                stops.sort_unstable();
                let mut reached = 0;
                for stop in stops {
                    bench.advance(stop - reached);
                    reached = stop;
                }
            };
            bench.create(request()).unwrap();
            pass(60, short);
            bench.cut();
            pass(60, short);
            bench.mend();
            pass(300, short);
            bench.cut();
            // Some of the cuts are close to the end, where a beat that was lost would show.
            let late = short.iter().map(|one| 86_400 - one);
            pass(86_400, &cuts.iter().copied().chain(late).collect::<Vec<_>>());
            bench.mend();
            pass(60, short);
            bench.with_instance(|managed| {
                let link = &managed.links[0];
                let one = &link.databases[0];
                (link.phase, one.seedings, one.seeding_since.map(|at| at - link.created), one.replication.clone().hardened.position, link.session.is_some(), link.next_attempt - link.created)
            })
        };
        proptest::prop_assert_eq!(lived(&[], &[]), lived(&cuts, &short));
    }
}
