//! What is believed of links and its opposite, side by side on the same world.

use super::*;
use crate::arm::backend::RoleChange;
use crate::world::assumption;

/// What a look shows as it is believed, and under the opposite.
fn both<T>(make: fn() -> Bench, number: u16, look: impl Fn(&Bench) -> T) -> [T; 2] {
    [false, true].map(|opposite| {
        let bench = make();
        if opposite {
            bench.opposite(number);
        }
        look(&bench)
    })
}

#[test]
fn groups_of_the_instance_are_there_at_once_or_with_the_connection() {
    let groups = |bench: &Bench| {
        bench.cut();
        bench.create(request()).unwrap();
        let count = || bench.with_instance(|managed| managed.engine.groups.len());
        bench.advance(30);
        let before = count();
        bench.mend();
        bench.advance(30);
        (before, count(), bench.connected())
    };
    assert_eq!(both(Bench::prepared, assumption::LATE_GROUPS, groups), [(2, 2, true), (0, 2, true)]);
}

#[test]
fn a_link_to_an_old_2022_has_one_error_or_another() {
    let error = |bench: &Bench| {
        bench.trust();
        bench.with_sql(|sql| sql.build = "16.0.4045.3".parse().unwrap());
        let database = bench.with_sql(|sql| {
            let place = sql.databases.iter().position(|one| one.name == "Sales").unwrap();
            sql.databases.remove(place)
        });
        bench.with_instance(|managed| managed.engine.databases.push(database));
        bench.sql(
            "CREATE AVAILABILITY GROUP AG_Sales WITH (CLUSTER_TYPE = NONE) FOR REPLICA ON N'SQL1' WITH (ENDPOINT_URL = \
             N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = \
             AUTOMATIC)",
        );
        bench.sql("ALTER AVAILABILITY GROUP AG_Sales GRANT CREATE ANY DATABASE");
        bench.sql(&bench.distributed("JOIN"));
        bench.create(LinkRequest { instance_is_primary: true, ..request() }).unwrap();
        bench.advance(400);
        (bench.state(), bench.link().databases[0].error.clone().unwrap())
    };
    let failed = |number: &str| ("LinkInitError".to_owned(), number.to_owned());
    assert_eq!(both(Bench::new, assumption::MISSING_UPDATE, error), [failed("41988"), failed("41976")]);
}

#[test]
fn a_one_way_link_that_was_turned_has_one_error_or_another() {
    let error = |bench: &Bench| {
        bench.with_instance(|managed| managed.view.database_format = "AlwaysUpToDate".into());
        bench.sql("ALTER AVAILABILITY GROUP DAG_Sales FAILOVER");
        bench.advance(30);
        (bench.connected(), bench.link().databases[0].error.clone().unwrap())
    };
    let broken = |number: &str| (false, number.to_owned());
    assert_eq!(both(Bench::linked, assumption::TURNED_ONE_WAY, error), [broken("41988"), broken("41976")]);
}

#[test]
fn what_an_instance_cannot_take_is_noticed_early_or_late() {
    let states = |bench: &Bench| {
        bench.with_sql(|sql| sql.database_mut("Sales").unwrap().log_files = 2);
        let accepted = bench.create(request()).unwrap();
        bench.advance(30);
        let early = bench.state();
        bench.advance(200);
        (early, bench.state(), bench.failure(&accepted))
    };
    let at = |early: &str| (early.to_owned(), "LinkCreationError".to_owned(), "41948".to_owned());
    assert_eq!(
        both(Bench::prepared, assumption::LATE_FITNESS, states),
        [at("LinkCreationError"), at("LinkInitialSeeding")]
    );
}

#[test]
fn the_log_of_a_deleted_link_is_kept_or_free() {
    let kept = |bench: &Bench| {
        bench.done(bench.world.delete_link(&bench.path, "DAG_Sales"));
        bench.with_sql(|sql| sql.database_mut("Sales").unwrap().activity = 100);
        bench.advance(HOUR);
        bench.sql("BACKUP LOG Sales TO DISK = N'NUL'");
        bench.with_sql(|sql| {
            let one = sql.database("Sales").unwrap();
            one.hardened_lsn.since(one.log.truncated) > 100 * HOUR / 2
        })
    };
    assert_eq!(both(Bench::linked, assumption::LOG_OF_DELETED, kept), [true, false]);
}

#[test]
fn databases_of_a_link_have_the_way_each_or_share_it() {
    let queue = |bench: &Bench| {
        // A second one, whose copy is not there yet.
        bench.with_instance(|managed| {
            let mut other = managed.links[0].databases[0].clone();
            (other.name, other.seeded) = ("Other".into(), None);
            managed.links[0].databases.push(other);
        });
        let pair = (bench.fqdn.clone(), SQL.to_owned());
        bench.world.with(|estate| estate.network.slow.insert(pair, 100));
        bench.with_sql(|sql| sql.database_mut("Sales").unwrap().activity = 80);
        bench.advance(60);
        let source = bench.with_sql(|sql| sql.database("Sales").unwrap().hardened_lsn);
        source.since(bench.copy().unwrap().hardened_lsn)
    };
    assert_eq!(both(Bench::linked, assumption::SHARED_WAY, queue), [80, 80 + 59 * 30]);
}

#[test]
fn the_lag_of_a_source_that_rests_is_what_the_rest_takes_or_nothing() {
    let lag = |bench: &Bench| {
        let pair = (bench.fqdn.clone(), SQL.to_owned());
        bench.world.with(|estate| estate.network.slow.insert(pair, 100));
        let work = |blocks| bench.with_sql(|sql| sql.database_mut("Sales").unwrap().activity = blocks);
        work(300);
        bench.advance(60);
        work(0);
        bench.advance(1);
        let shown = bench.link().databases[0].clone();
        (shown.send_lag.unwrap() > 60, shown.redo_lag.unwrap() > 60)
    };
    assert_eq!(both(Bench::linked, assumption::IDLE_LAG, lag), [(true, true), (false, false)]);
}

#[test]
fn a_planned_failover_of_a_link_that_is_behind_is_refused_or_goes_through() {
    for (rates, number) in [((10, 25_600), 47515), ((25_600, 10), 47516)] {
        let tries = |bench: &Bench| {
            let (send, redo) = rates;
            bench.world.with(|estate| estate.log_rates = crate::world::flow::LogRates { send, redo });
            bench.with_sql(|sql| sql.database_mut("Sales").unwrap().activity = 100);
            bench.advance(HOUR);
            let failover = "ALTER AVAILABILITY GROUP DAG_Sales FAILOVER";
            bench.world.with(|estate| crate::tsql::run_ddl(estate, SQL, failover))
        };
        assert_eq!(both(Bench::linked, assumption::LATE_FAILOVER, tries), [Err(number), Ok(())]);
    }
}

#[test]
fn while_azure_fails_a_link_over_t_sql_does_not() {
    let bench = Bench::linked();
    bench.sql("ALTER AVAILABILITY GROUP DAG_Sales FAILOVER");
    bench.advance(30);
    bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Planned).unwrap();
    let fqdn = bench.fqdn.clone();
    let run = |text: &str| bench.world.with(|estate| crate::tsql::run_ddl(estate, &fqdn, text));
    assert_eq!(run("ALTER AVAILABILITY GROUP DAG_Sales FAILOVER"), Err(47513));
    let modify = "ALTER AVAILABILITY GROUP DAG_Sales MODIFY AVAILABILITY GROUP ON N'AG_Sales' WITH (AVAILABILITY_MODE = \
                  SYNCHRONOUS_COMMIT)";
    assert_eq!(run(modify), Err(47512));
    bench.advance(60);
    assert_eq!(run(modify), Ok(()));
}
