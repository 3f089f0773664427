//! How the log flows: slow ways, slow copies, suspended movement, full logs.

use super::*;
use crate::world::copying::Synchronization;
use crate::world::flow::LogRates;
use crate::world::log::{BLOCK_KB, LogPosition, Replication};
use crate::world::log_space::LogReuse;

impl Bench {
    /// So many blocks a second are written to the source.
    fn work(&self, blocks: u64) {
        self.with_sql(|sql| sql.database_mut("Sales").unwrap().activity = blocks);
    }

    /// So many blocks a second get through to the instance.
    fn slow(&self, blocks: u64) {
        let pair = (self.fqdn.clone(), SQL.to_owned());
        self.world.with(|estate| estate.network.slow.insert(pair, blocks));
    }

    fn source(&self) -> Database {
        self.with_sql(|sql| sql.database("Sales").unwrap().clone())
    }

    fn replication(&self) -> Replication {
        self.with_instance(|managed| managed.links[0].databases[0].replication.clone())
    }

    fn synchronization(&self) -> (Synchronization, u8) {
        self.with_instance(|managed| {
            let link = &managed.links[0];
            (link.synchronization(&link.databases[0]), link.health())
        })
    }

    fn reuse(&self) -> LogReuse {
        self.with_sql(|sql| {
            let one = sql.database("Sales").unwrap();
            one.log_reuse(sql.standing().log_needed_from(one))
        })
    }

    /// The queue that the source has for the instance, blocks.
    fn queue(&self) -> u64 {
        self.replication().send_queue(self.source().hardened_lsn) / BLOCK_KB
    }

    fn synchronous(&self) {
        let change = crate::arm::backend::LinkUpdate::Synchronous(true);
        self.done(self.world.update_link(&self.path, "DAG_Sales", change));
    }
}

#[test]
fn a_slow_way_makes_a_queue_that_both_faces_show_and_that_drains_when_work_stops() {
    let bench = Bench::linked();
    bench.slow(100);
    bench.work(300);
    bench.advance(60);
    let queue = bench.queue();
    assert_eq!(queue, 300 + 59 * 200, "a second behind, and two thirds of what was written since");
    let lag = queue.div_ceil(300);
    let shown = bench.link().databases[0].clone();
    assert_eq!(shown.send_lag, Some(i64::try_from(lag).unwrap()));
    assert_eq!((bench.replication().lag, shown.redo_lag), (lag, shown.send_lag));
    assert_eq!(bench.replication().send_rate, 100 * BLOCK_KB);
    assert_eq!(bench.copy().unwrap().hardened_lsn, bench.replication().hardened.position);
    bench.work(0);
    assert_eq!(bench.replication().lag, queue.div_ceil(100), "how long the rest takes");
    bench.advance(queue / 100 - 1);
    assert!(bench.queue() > 0);
    bench.advance(2);
    assert_eq!((bench.queue(), bench.replication().lag), (0, 0));
}

#[test]
fn a_slow_copy_has_received_more_than_it_has_redone() {
    let bench = Bench::linked();
    bench.world.with(|estate| estate.log_rates = LogRates { send: 25_600, redo: 100 });
    bench.work(300);
    bench.advance(60);
    let replication = bench.replication();
    assert_eq!(bench.queue(), 300);
    assert_eq!(replication.redo_queue(), 200 * 59 * BLOCK_KB);
    assert_eq!((replication.send_lag, replication.redo_rate), (1, 100 * BLOCK_KB));
    let shown = bench.link().databases[0].clone();
    assert!(shown.redo_lag > shown.send_lag);
    let (hardened, committed) = (shown.hardened.unwrap().0, shown.committed.unwrap().0);
    assert_eq!(hardened, replication.hardened.position.numeric().to_string());
    assert_eq!(committed, replication.redone.position.last_block().numeric().to_string());
}

#[test]
fn synchronous_commits_wait_for_the_way_and_asynchronous_ones_do_not() {
    let written = |synchronous: bool| {
        let bench = Bench::linked();
        if synchronous {
            bench.synchronous();
            assert_eq!(bench.synchronization(), (Synchronization::Synchronized, 2));
        }
        bench.slow(100);
        bench.work(300);
        bench.advance(1);
        let before = bench.source().hardened_lsn;
        bench.advance(60);
        (bench.source().hardened_lsn.since(before), bench.queue())
    };
    assert_eq!(written(true), (60 * 100, 0));
    assert_eq!(written(false), (60 * 300, 300 + 60 * 200));
}

#[test]
fn what_is_behind_is_not_synchronized_whatever_the_mode_is() {
    let bench = Bench::linked();
    bench.slow(100);
    bench.work(200);
    bench.advance(60);
    bench.synchronous();
    assert_eq!(bench.synchronization(), (Synchronization::Synchronizing, 1));
    let refused = bench.world.with(|estate| {
        crate::tsql::run_ddl(estate, SQL, "ALTER AVAILABILITY GROUP DAG_Sales FAILOVER").unwrap_err()
    });
    assert_eq!(refused, 41142);
    bench.work(0);
    bench.advance(HOUR);
    assert_eq!(bench.synchronization(), (Synchronization::Synchronized, 2));
}

#[test]
fn suspended_movement_stands_still_and_goes_on() {
    let bench = Bench::linked();
    bench.sql("ALTER DATABASE Sales SET HADR SUSPEND");
    let before = bench.copy().unwrap().hardened_lsn;
    bench.advance(HOUR);
    assert_eq!(bench.copy().unwrap().hardened_lsn, before);
    assert_eq!(bench.synchronization(), (Synchronization::NotSynchronizing, 0));
    assert!(bench.connected());
    assert_eq!(bench.link().databases[0].health.as_deref(), Some("NOT_HEALTHY"));
    assert_eq!((bench.side().health, bench.replication().send_rate), (0, 0));
    assert!(bench.replication().lag >= HOUR);
    bench.sql("BACKUP LOG Sales TO DISK = N'NUL'");
    assert_eq!(bench.reuse(), LogReuse::AvailabilityReplica);
    bench.sql("ALTER DATABASE Sales SET HADR RESUME");
    bench.advance(30);
    assert_eq!((bench.synchronization(), bench.queue()), ((Synchronization::Synchronizing, 2), 1));
    assert_eq!(bench.reuse(), LogReuse::Nothing);
}

#[test]
fn a_log_backup_frees_nothing_that_a_secondary_has_yet_to_receive() {
    let bench = Bench::linked();
    bench.work(1000);
    let used = |bench: &Bench| {
        bench.sql("BACKUP LOG Sales TO DISK = N'NUL'");
        bench.source().hardened_lsn.since(bench.source().log.truncated)
    };
    bench.advance(60);
    assert_eq!(used(&bench), 1000, "a second's work is on its way");
    bench.cut();
    bench.advance(60);
    assert!(used(&bench) >= 60_000);
    assert_eq!(bench.reuse(), LogReuse::AvailabilityReplica);
    // Also when the link was deleted in Azure alone.
    bench.done(bench.world.delete_link(&bench.path, "DAG_Sales"));
    assert!(used(&bench) >= 60_000);
    bench.sql("DROP AVAILABILITY GROUP DAG_Sales");
    assert_eq!(used(&bench), 0, "nobody waits for it any more");
    assert_eq!(bench.reuse(), LogReuse::Nothing);
}

#[test]
fn a_full_log_takes_no_changes_until_a_backup_and_the_secondary_let_it_be_cut() {
    let bench = Bench::linked();
    bench.work(10);
    bench.advance(1);
    bench.with_sql(|sql| sql.database_mut("Sales").unwrap().fill_log());
    let full = bench.source().hardened_lsn;
    bench.advance(HOUR);
    assert_eq!(bench.source().hardened_lsn, full);
    assert!(bench.source().log_is_full());
    bench.cut();
    bench.advance(30);
    bench.sql("BACKUP LOG Sales TO DISK = N'NUL'");
    let room = bench.source().log.limit.unwrap();
    bench.advance(HOUR);
    // It had received everything, so that the whole log was free once, and is full again.
    assert_eq!(bench.source().hardened_lsn.since(full), room);
    bench.sql("BACKUP LOG Sales TO DISK = N'NUL'");
    bench.advance(HOUR);
    assert_eq!(bench.source().hardened_lsn.since(full), room, "kept for the secondary");
    bench.mend();
    bench.advance(60);
    assert!(bench.source().hardened_lsn.since(full) > room);
}

#[test]
fn the_side_that_becomes_primary_keeps_the_log_for_the_other() {
    let bench = Bench::linked();
    bench.sql("ALTER AVAILABILITY GROUP DAG_Sales FAILOVER");
    bench.advance(30);
    bench.cut();
    bench.advance(HOUR);
    bench.with_instance(|managed| {
        let one = managed.engine.database("Sales").unwrap();
        let needed = managed.engine.standing().log_needed_from(one);
        assert!(one.hardened_lsn.since(needed) >= HOUR, "{one:?}");
    });
}

#[test]
fn a_copy_that_comes_back_behind_its_source_holds_no_commit_up() {
    let bench = Bench::linked();
    bench.synchronous();
    bench.slow(1);
    bench.work(9);
    bench.advance(60);
    assert_eq!(bench.queue(), 0, "commits wait for the copy");
    bench.cut();
    bench.advance(60);
    bench.mend();
    let before = bench.source().hardened_lsn;
    bench.advance(300);
    assert_eq!(bench.source().hardened_lsn.since(before), 9 * 300, "until it has all that its source has");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config {
        cases: 12,
        failure_persistence: None,
        ..proptest::test_runner::Config::default()
    })]

    /// However the time is cut, positions, queues and logs end alike: on a slow way, with a slow copy and little room.
    #[test]
    fn flows_lead_to_the_same_world_however_time_is_cut(
        cuts in proptest::collection::vec(1_u64..400, 0..8),
        (work, send, redo) in (0_u64..200, 1_u64..200, 1_u64..200),
        room in 1_000_u64..20_000,
        synchronous: bool,
    ) {
        let lived = |cuts: &[u64]| {
            let bench = Bench::linked();
            if synchronous {
                bench.synchronous();
            }
            bench.slow(send);
            bench.work(work);
            bench.world.with(|estate| {
                estate.log_rates.redo = redo;
                estate.sql_servers[0].database_mut("Sales").unwrap().log.limit = Some(room);
            });
            let pass = |total: u64| {
                let mut stops: Vec<u64> = cuts.iter().copied().filter(|one| *one < total).collect();
                stops.push(total);
                stops.sort_unstable();
                let mut reached = 0;
                for stop in stops {
                    bench.advance(stop - reached);
                    reached = stop;
                }
            };
            pass(100);
            bench.sql("BACKUP LOG Sales TO DISK = N'NUL'");
            pass(400);
            bench.cut();
            pass(50);
            bench.sql("BACKUP LOG Sales TO DISK = N'NUL'");
            bench.mend();
            pass(300);
            let (source, one) = (bench.source(), bench.replication());
            let marks = [one.sent, one.received, one.hardened, one.redone].map(|mark| mark.position);
            let log: [LogPosition; 3] = [source.hardened_lsn, source.log.truncated, source.log.retained.unwrap()];
            (marks, log, one.lag, one.send_lag, one.synchronized)
        };
        proptest::prop_assert_eq!(lived(&[]), lived(&cuts));
    }
}
