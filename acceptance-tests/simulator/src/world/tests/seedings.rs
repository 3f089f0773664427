//! Seedings: what they share, what disturbs them, what kills them.

use super::*;
use crate::world::assumption;
use crate::world::database::DatabaseState;
use crate::world::log::LogPosition;

impl Bench {
    /// A seeding that has run for 70 seconds of 80.
    fn seeding() -> (Self, Accepted) {
        let bench = Self::prepared();
        let accepted = bench.create(request()).unwrap();
        bench.advance(80);
        let percent = bench.percent();
        assert!((70..95).contains(&percent), "{percent}");
        (bench, accepted)
    }

    fn percent(&self) -> u8 {
        self.link().databases[0].seeding_percent.unwrap()
    }

    fn seedings(&self) -> u32 {
        self.with_instance(|managed| managed.links[0].databases[0].seedings)
    }
}

#[test]
fn every_disturbance_makes_a_seeding_begin_anew() {
    let restart = |bench: &Bench| {
        bench.world.with(|estate| {
            let now = estate.clock.now();
            estate.sql_servers[0].restart(now, false);
        })
    };
    type Disturbance<'a> = (&'a str, &'a dyn Fn(&Bench));
    let disturbances: [Disturbance<'_>; 5] = [
        ("the network", &|bench| {
            bench.cut();
            bench.advance(1);
            bench.mend();
        }),
        ("the endpoint", &|bench| {
            bench.sql("ALTER ENDPOINT [hadr] STATE = STOPPED");
            bench.advance(1);
            bench.sql("ALTER ENDPOINT [hadr] STATE = STARTED");
        }),
        ("SQL Server", &restart),
        ("the instance", &|bench| {
            let now = bench.world.now();
            bench.with_instance(|managed| managed.engine.restart(now, false));
        }),
        ("a stop of the instance", &|bench| {
            bench.with_instance(|managed| managed.view.state = "Stopped".into());
            bench.advance(1);
            bench.with_instance(|managed| managed.view.state = "Ready".into());
        }),
    ];
    for (what, disturb) in disturbances {
        let (bench, accepted) = Bench::seeding();
        disturb(&bench);
        bench.advance(15);
        let percent = bench.percent();
        assert!(percent < 20, "{what}: {percent}");
        assert_eq!(bench.seedings(), 2, "{what}");
        assert_eq!(bench.copy().unwrap().state, DatabaseState::Restoring);
        bench.advance(100);
        assert_eq!(
            (bench.state().as_str(), bench.standing(&accepted)),
            ("LinkSynchronizing", Standing::Succeeded)
        );
    }
}

#[test]
fn a_certificate_that_expired_keeps_a_disturbed_seeding_from_beginning_anew() {
    let (bench, _) = Bench::seeding();
    bench.world.with(|estate| estate.sql_servers[0].clock_skew = 200 * 24 * 3600);
    bench.advance(5);
    assert!(bench.connected(), "connections do not look at dates");
    bench.cut();
    bench.advance(1);
    bench.mend();
    bench.advance(60);
    assert!(!bench.connected());
    assert_eq!((bench.link().databases[0].error.as_deref(), bench.seedings()), (Some("41974"), 1));
    bench.world.with(|estate| estate.sql_servers[0].clock_skew = 0);
    bench.advance(15);
    assert_eq!(bench.seedings(), 2);
}

#[test]
fn a_seeding_of_more_than_six_days_is_given_up() {
    let bench = Bench::prepared();
    bench.world.with(|estate| estate.seeding_rate = 1 << 10);
    let accepted = bench.create(request()).unwrap();
    bench.advance(6 * 24 * HOUR - 60);
    assert_eq!((bench.state().as_str(), bench.percent()), ("LinkInitialSeeding", 6));
    bench.advance(120);
    assert_eq!((bench.state().as_str(), bench.failure(&accepted).as_str()), ("LinkCreationError", "41977"));
}

#[test]
fn a_slow_way_slows_a_seeding_down() {
    let bench = Bench::prepared();
    let pair = (bench.fqdn.clone(), SQL.to_owned());
    // A tenth of the 100 MB a second.
    bench.world.with(|estate| estate.network.slow.insert(pair, 2560));
    bench.create(request()).unwrap();
    bench.advance(410);
    assert!((47..52).contains(&bench.percent()), "{}", bench.percent());
}

#[test]
fn what_was_written_during_a_seeding_is_sent_after_it() {
    let bench = Bench::prepared();
    bench.with_sql(|sql| sql.database_mut("Sales").unwrap().activity = 1000);
    let pair = (bench.fqdn.clone(), SQL.to_owned());
    bench.create(request()).unwrap();
    bench.advance(85);
    bench.world.with(|estate| estate.network.slow.insert(pair, 2000));
    bench.advance(10);
    bench.world.with(|estate| estate.network.slow.clear());
    bench.advance(20);
    assert_eq!(bench.state(), "LinkSynchronizing");
    let source = |bench: &Bench| bench.with_sql(|sql| sql.database("Sales").unwrap().hardened_lsn);
    let position = bench.with_instance(|managed| managed.links[0].databases[0].seeding_from);
    let copied = bench.copy().unwrap();
    assert!(copied.hardened_lsn > position && position > LogPosition::ZERO);
    bench.advance(60);
    assert_eq!(source(&bench).since(bench.copy().unwrap().hardened_lsn), 1000, "a second behind");
}

#[test]
fn a_log_backup_fails_a_seeding_at_once_or_at_its_end() {
    for (opposite, early) in
        [(None, "LinkCreationError"), (Some(assumption::LOG_BACKUP_AT_ONCE), "LinkInitialSeeding")]
    {
        let (bench, accepted) = Bench::seeding();
        opposite.into_iter().for_each(|number| bench.opposite(number));
        bench.sql("BACKUP LOG Sales TO DISK = N'NUL' WITH COPY_ONLY");
        bench.advance(1);
        assert_eq!(bench.state(), "LinkInitialSeeding", "a copy cuts nothing");
        bench.sql("BACKUP LOG Sales TO DISK = N'NUL'");
        bench.advance(1);
        assert_eq!(bench.state(), early);
        bench.advance(60);
        assert_eq!(bench.failure(&accepted), "1408");
        assert_eq!(bench.copy().unwrap().state, DatabaseState::Restoring);
    }
}

#[test]
fn log_that_was_cut_before_the_secondary_received_it_cannot_be_sent_any_more() {
    let bench = Bench::linked();
    bench.opposite(assumption::REMADE_GROUP);
    bench.sql("DROP AVAILABILITY GROUP DAG_Sales");
    bench.advance(60);
    bench.sql("BACKUP LOG Sales TO DISK = N'NUL'");
    bench.sql(&bench.distributed("CREATE"));
    bench.advance(60);
    assert_eq!(bench.state(), "LinkSynchronizationError");
    assert_eq!(bench.link().databases[0].error.as_deref(), Some("1412"));
    let (_, _, text) = bench.with_instance(|managed| managed.links[0].error.clone().unwrap());
    assert_eq!(Some(text), crate::tsql::message(1412, &[&"Sales"]));
}
