//! Databases that somebody restores on a secondary node and joins to the group there.

use super::nodes::{Bench, NODES};
use crate::world::assumption;
use crate::world::copying::Synchronization;
use crate::world::database::DatabaseState;
use crate::world::group::Role;

const FULL: &str = r"DISK = N'\\files\backups\extra.bak'";
const LOG: &str = r"DISK = N'\\files\backups\extra.trn'";
const JOIN: &str = "ALTER DATABASE Extra SET HADR AVAILABILITY GROUP = AG";

/// The group of three nodes, seeded by hand, with a second database `Extra` that N1 alone has, backed up in full; it writes
/// a block a second.
fn by_hand() -> Bench {
    let bench = Bench::new("wsfc");
    for replica in ["N1", "N2", "N3"] {
        let manual = "SEEDING_MODE = MANUAL";
        bench.sql(0, &format!("ALTER AVAILABILITY GROUP AG MODIFY REPLICA ON N'{replica}' WITH ({manual})"));
    }
    bench.sql(0, "CREATE DATABASE Extra");
    bench.node(0, |engine| engine.database_mut("Extra").unwrap().activity = 1);
    bench.advance(10);
    bench.sql(0, &format!("BACKUP DATABASE Extra TO {FULL}"));
    bench.sql(0, "ALTER AVAILABILITY GROUP AG ADD DATABASE Extra");
    bench.advance(60);
    assert!(bench.node(1, |engine| engine.database("Extra").is_none()), "nothing is seeded");
    bench
}

fn back_up_log(bench: &Bench) {
    bench.sql(0, &format!("BACKUP LOG Extra TO {LOG} WITH INIT"));
}

fn restore(bench: &Bench, node: usize) {
    bench.sql(node, &format!("RESTORE DATABASE Extra FROM {FULL} WITH NORECOVERY, REPLACE"));
}

fn restore_log(bench: &Bench, node: usize) {
    bench.sql(node, &format!("RESTORE LOG Extra FROM {LOG} WITH NORECOVERY"));
}

#[test]
fn a_copy_is_restored_joined_and_follows() {
    let bench = by_hand();
    restore(&bench, 1);
    let state = || bench.node(1, |engine| engine.database("Extra").unwrap().state);
    assert_eq!(state(), DatabaseState::Restoring);
    bench.advance(10);
    assert_eq!(bench.states(1), [Synchronization::Synchronized], "it is not of the group yet");
    assert_eq!(bench.attempt(1, "ALTER AVAILABILITY GROUP AG FAILOVER"), Err(41142));
    back_up_log(&bench);
    restore_log(&bench, 1);
    bench.sql(1, JOIN);
    bench.advance(10);
    assert_eq!(state(), DatabaseState::Online);
    assert_eq!(bench.states(1), [Synchronization::Synchronized; 2]);
    let position = |node| bench.node(node, |engine| engine.database("Extra").unwrap().hardened_lsn);
    assert_eq!(position(1), position(0));
    bench.sql(1, "ALTER AVAILABILITY GROUP AG FAILOVER");
    assert_eq!(bench.roles()[1], Role::Primary);
    // Its chain of log backups goes on there.
    bench.sql(1, &format!("BACKUP LOG Extra TO {LOG}"));
}

#[test]
fn a_seeded_copy_belongs_to_who_let_it_be_made() {
    let bench = Bench::new("wsfc");
    bench.sql(1, "ALTER AVAILABILITY GROUP AG GRANT CREATE ANY DATABASE");
    bench.sql(0, "CREATE DATABASE Extra");
    bench.node(0, |engine| engine.database_mut("Extra").unwrap().owner = "somebody".into());
    bench.sql(0, &format!("BACKUP DATABASE Extra TO {FULL}"));
    bench.sql(0, "ALTER AVAILABILITY GROUP AG ADD DATABASE Extra");
    bench.advance(60);
    let owner = |node| bench.node(node, |engine| engine.database("Extra").unwrap().owner.clone());
    assert_eq!([0, 1, 2].map(owner), ["somebody", "sa", "somebody"], "nobody gave it on the third");
}

#[test]
fn a_copy_that_was_not_restored_far_enough_is_not_joined() {
    let bench = by_hand();
    restore(&bench, 1);
    assert_eq!(bench.attempt(1, JOIN), Err(1478), "no log backup was taken");
    back_up_log(&bench);
    assert_eq!(bench.attempt(1, JOIN), Err(1412), "it was taken and not restored");
    restore_log(&bench, 1);
    bench.advance(10);
    back_up_log(&bench);
    assert_eq!(bench.attempt(1, JOIN), Err(1412), "another one was");
    restore_log(&bench, 1);
    // A full backup later than the last log backup brings no log along.
    bench.advance(10);
    bench.sql(0, &format!("BACKUP DATABASE Extra TO {FULL} WITH INIT"));
    restore(&bench, 1);
    assert_eq!(bench.attempt(1, JOIN), Err(1478));
    bench.advance(10);
    back_up_log(&bench);
    restore_log(&bench, 1);
    bench.sql(1, JOIN);
}

#[test]
fn log_that_is_kept_for_somebody_else_is_a_question_of_its_own() {
    for opposite in [false, true] {
        let bench = by_hand();
        restore(&bench, 1);
        back_up_log(&bench);
        restore_log(&bench, 1);
        // A link that is disconnected keeps the log.
        bench.node(0, |engine| {
            let mut link = engine.group("AG").unwrap().clone();
            (link.name, link.id, link.distributed) = ("DAG".into(), "dag".into(), true);
            link.replicas.truncate(1);
            link.replicas[0].server_name = "AG".into();
            link.link.ever_connected = true;
            engine.groups.push(link);
            let database = engine.database_mut("Extra").unwrap();
            database.log.retained = Some(database.log.truncated);
        });
        bench.advance(10);
        back_up_log(&bench);
        if opposite {
            bench.world.with(|estate| estate.opposites.insert(assumption::MISSING_LOG_BACKUPS));
        }
        assert_eq!(bench.attempt(1, JOIN), if opposite { Ok(()) } else { Err(1408) });
    }
}

#[test]
fn only_the_groups_own_database_is_joined_and_only_while_it_restores() {
    let bench = by_hand();
    restore(&bench, 1);
    back_up_log(&bench);
    restore_log(&bench, 1);
    bench.sql(1, "RESTORE DATABASE Extra WITH RECOVERY");
    bench.node(1, |engine| {
        let database = engine.database("Extra").unwrap();
        assert!(database.group.is_none() && engine.takes_writes(database), "it is its own now");
    });
    assert_eq!(bench.attempt(1, JOIN), Err(1464));
    bench.advance(10);
    assert_eq!(bench.states(1), [Synchronization::Synchronized], "nothing flows to it");
    assert_eq!(bench.attempt(1, &format!("RESTORE LOG Extra FROM {LOG} WITH NORECOVERY")), Err(3117));
    // A database of that name from elsewhere, and one that is not of the group.
    bench.sql(2, "CREATE DATABASE Extra");
    bench.sql(2, r"BACKUP DATABASE Extra TO DISK = N'x.bak'");
    bench.sql(2, "RESTORE DATABASE Extra FROM DISK = N'x.bak' WITH REPLACE, NORECOVERY");
    assert_eq!(bench.attempt(2, JOIN), Err(1407));
    assert_eq!(
        bench.attempt(0, "RESTORE DATABASE b FROM DISK = N'x.bak'"),
        Err(3201),
        "a file of another host"
    );
    bench.sql(0, "ALTER AVAILABILITY GROUP AG REMOVE DATABASE Extra");
    bench.advance(1);
    assert_eq!(bench.attempt(2, JOIN), Err(41132));
    assert!(bench.world.with(|estate| estate.engine(NODES[0]).unwrap().database("Extra").is_some()));
}
