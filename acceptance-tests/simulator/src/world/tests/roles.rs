//! Failover, by T-SQL and by ARM, and what is refused.

use super::*;
use crate::arm::backend::{InstanceChange, LinkUpdate, RoleChange};
use crate::world::assumption;
use crate::world::group::Role;

#[test]
fn planned_failover_goes_there_by_t_sql_and_back_by_arm() {
    let bench = Bench::linked();
    let refused = bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Planned).unwrap_err();
    assert_eq!(refused.code, "InvalidDistributedAvailabilityGroupFailoverInstanceRole");
    bench.done(bench.world.update_link(&bench.path, "DAG_Sales", LinkUpdate::Synchronous(true)));

    bench.sql("ALTER AVAILABILITY GROUP DAG_Sales FAILOVER");
    bench.advance(30);
    let link = bench.link();
    assert!(link.instance_is_primary && bench.connected());
    assert_eq!(link.replication_mode, "Async", "a change of roles ends in asynchronous commit");
    let before = bench.copy().unwrap();
    assert!(before.backups.is_empty());
    bench.advance(HOUR);
    let after = bench.copy().unwrap();
    assert!(after.hardened_lsn > before.hardened_lsn, "applications write there now");
    assert_eq!(after.backups.len(), 1, "the service's first full backup");

    bench.cut();
    bench.advance(30);
    let lost = bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Planned).unwrap();
    bench.advance(30);
    assert_eq!(bench.failure(&lost), "41969");
    bench.mend();
    bench.advance(60);

    let back = bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Planned).unwrap();
    assert_eq!(bench.state(), "LinkFailoverInProgress");
    bench.advance(30);
    assert_eq!(bench.standing(&back), Standing::Succeeded);
    assert!(!bench.link().instance_is_primary && bench.connected());
    assert_eq!(bench.state(), "LinkSynchronizing");
    assert_eq!(bench.with_sql(|sql| sql.group("DAG_Sales").unwrap().role), Role::Primary);
}

#[test]
fn forced_failover_asks_nobody_and_splits_the_brain() {
    let bench = Bench::linked();
    bench.done(bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Forced));
    let link = bench.link();
    assert!(link.instance_is_primary && !bench.connected());
    assert_eq!(link.databases[0].health.as_deref(), Some("NOT_HEALTHY"));
    assert_eq!(link.databases[0].sent.clone().unwrap().0, "1");
    assert_eq!(link.databases[0].hardened.clone().unwrap().0, "0");
    assert_eq!(bench.with_sql(|sql| sql.group("DAG_Sales").unwrap().role), Role::Primary);

    bench.sql("ALTER AVAILABILITY GROUP DAG_Sales SET (ROLE = SECONDARY)");
    bench.advance(60);
    assert!(bench.connected());
    assert_eq!(bench.link().databases[0].health.as_deref(), Some("HEALTHY"));
}

#[test]
fn forced_failover_of_a_primary_demotes_it_and_promotes_nobody() {
    let bench = Bench::linked();
    bench.sql("ALTER AVAILABILITY GROUP DAG_Sales FAILOVER");
    bench.advance(30);
    bench.done(bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Forced));
    let link = bench.link();
    assert!(!link.instance_is_primary && !bench.connected());
    assert_eq!(bench.state(), "LinkSynchronizing");
    assert_eq!(link.databases[0].health.as_deref(), Some("HEALTHY"));
    assert_eq!(link.databases[0].received.clone().unwrap().0, "1");
    assert_eq!(bench.with_sql(|sql| sql.group("DAG_Sales").unwrap().role), Role::Secondary);
}

#[test]
fn forcing_by_t_sql_on_sql_server_is_seen_too() {
    let bench = Bench::linked();
    bench.sql("ALTER AVAILABILITY GROUP DAG_Sales FAILOVER");
    bench.advance(30);
    bench.sql("ALTER AVAILABILITY GROUP DAG_Sales FORCE_FAILOVER_ALLOW_DATA_LOSS");
    bench.advance(30);
    assert!(bench.link().instance_is_primary, "the instance knows nothing of it");
    assert!(!bench.connected());
}

#[test]
fn set_role_refuses_what_the_engine_refuses() {
    let bench = Bench::linked();
    let set = |primary, forced| {
        let change = RoleChange::SetRole { primary, forced };
        bench.world.fail_over_link(&bench.path, "DAG_Sales", change)
    };
    assert_eq!(set(false, false).unwrap_err().code, "41965");
    assert_eq!(set(true, false).unwrap_err().code, "41970");
    bench.done(set(true, true));
    assert!(bench.link().instance_is_primary);
}

#[test]
fn a_link_that_is_being_made_can_only_be_deleted() {
    let bench = Bench::prepared();
    let making = bench.create(request()).unwrap();
    bench.advance(30);
    let refused =
        bench.world.update_link(&bench.path, "DAG_Sales", LinkUpdate::Synchronous(true)).unwrap_err();
    assert!(refused.message.contains("is in a replication relationship"), "{refused}");
    let refused = bench.world.change_instance(&bench.path, InstanceChange::Passive(true)).unwrap_err();
    assert_eq!(refused.code, "OperationCanNotStartDueToMiLink");
    bench.done(bench.world.delete_link(&bench.path, "DAG_Sales"));
    assert_eq!(bench.standing(&making), Standing::Canceled);
    assert!(bench.links().is_empty());
    bench.done(bench.world.change_instance(&bench.path, InstanceChange::Passive(true)));
    assert_eq!(bench.world.instance(&bench.path).unwrap().hybrid_secondary_usage, "Passive");
}

#[test]
fn one_operation_at_a_time_on_a_link() {
    let bench = Bench::linked();
    bench.world.update_link(&bench.path, "DAG_Sales", LinkUpdate::Synchronous(true)).unwrap();
    let refused = bench.world.delete_link(&bench.path, "DAG_Sales").unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (409, "ConflictingServerOperation"));
}

#[test]
fn an_instance_that_is_not_ready_takes_nothing_and_loses_its_connections() {
    let bench = Bench::linked();
    bench.with_instance(|managed| managed.view.state = "Stopped".into());
    bench.advance(30);
    assert!(!bench.connected());
    let refused = bench.world.delete_link(&bench.path, "DAG_Sales").unwrap_err();
    assert_eq!(refused.code, "ManagedInstanceStoppingOrStopped");
    bench.with_instance(|managed| managed.view.state = "Ready".into());
    bench.advance(30);
    assert!(bench.connected());
}

#[test]
fn what_cannot_be_linked() {
    let bench = Bench::linked();
    let again = bench.create(request()).unwrap();
    let mut other = request();
    other.databases = vec!["msdb".into()];
    assert_eq!(bench.create(other).unwrap_err().code, "CannotUseReservedDatabaseName");
    let mut from_instance = request();
    from_instance.databases = vec!["Nowhere".into()];
    from_instance.instance_is_primary = true;
    let missing = bench.world.create_link(&bench.path, "other", from_instance).unwrap();
    let refused = bench.world.delete_database(&bench.path, "Sales").unwrap_err();
    assert_eq!(refused.status, 409);
    bench.advance(30);
    assert_eq!(bench.failure(&again), "ManagedDatabaseNameInUse");
    assert_eq!(bench.failure(&missing), "DatabaseDoesNotExist");
    bench.opposite(assumption::PUT_IS_CREATE);
    bench.done(bench.create(request()));
    assert!(bench.connected());
}

#[test]
fn a_link_that_is_not_there_is_deleted_all_the_same() {
    let bench = Bench::new();
    bench.done(bench.world.delete_link(&bench.path, "nothing"));
    bench.opposite(assumption::DELETE_MISSING);
    let accepted = bench.world.delete_link(&bench.path, "nothing").unwrap();
    bench.advance(60);
    assert_eq!(bench.failure(&accepted), "ResourceNotFound");
}

#[test]
fn a_planned_failover_of_an_asynchronous_link_loses_nothing() {
    let bench = Bench::linked();
    bench.with_sql(|sql| sql.database_mut("Sales").unwrap().activity = 1000);
    bench.advance(10);
    let written = bench.with_sql(|sql| sql.database("Sales").unwrap().hardened_lsn);
    assert!(bench.copy().unwrap().hardened_lsn < written, "it is behind");
    bench.sql("ALTER AVAILABILITY GROUP DAG_Sales FAILOVER");
    assert_eq!(bench.copy().unwrap().hardened_lsn, written);

    bench.with_instance(|managed| managed.engine.database_mut("Sales").unwrap().activity = 1000);
    bench.advance(30);
    bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Planned).unwrap();
    bench.advance(16);
    let written = bench.copy().unwrap().hardened_lsn;
    assert!(bench.with_sql(|sql| sql.database("Sales").unwrap().hardened_lsn) >= written);
}

#[test]
fn a_forced_failover_loses_exactly_what_was_not_replicated() {
    let bench = Bench::linked();
    bench.cut();
    bench.advance(60);
    let (source, copy) = (
        bench.with_sql(|sql| sql.database("Sales").unwrap().hardened_lsn),
        bench.copy().unwrap().hardened_lsn,
    );
    assert_eq!(source.since(copy), 61, "a minute, and the second that it was behind");
    bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Forced).unwrap();
    bench.advance(16);
    bench.with_instance(|managed| managed.engine.database_mut("Sales").unwrap().activity = 0);
    let kept = bench.copy().unwrap().hardened_lsn;
    assert_eq!(kept, copy, "it begins where the copy ended");
}

#[test]
fn either_side_gives_its_role_away_in_t_sql() {
    let bench = Bench::linked();
    bench.done(bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Forced));
    let fqdn = bench.fqdn.clone();
    let demote = "ALTER AVAILABILITY GROUP DAG_Sales SET (ROLE = SECONDARY)";
    bench.world.with(|estate| crate::tsql::run_ddl(estate, &fqdn, demote)).unwrap();
    bench.advance(60);
    assert!(!bench.link().instance_is_primary && bench.connected(), "the split brain is over");
    // So does a local group without a cluster, from 2017 on; in a cluster it has no such option.
    let local = "ALTER AVAILABILITY GROUP AG_Sales SET (ROLE = SECONDARY)";
    let attempt = || bench.world.with(|estate| crate::tsql::run_ddl(estate, SQL, local));
    bench.with_sql(|sql| sql.groups[0].cluster_type = 0);
    assert_eq!(attempt(), Err(47115));
    bench.with_sql(|sql| sql.build.major = 13);
    assert_eq!(attempt(), Err(19512));
    bench.with_sql(|sql| (sql.groups[0].cluster_type, sql.build.major) = (2, 16));
    assert_eq!(attempt(), Ok(()));
}

#[test]
fn a_role_is_not_set_while_another_change_runs() {
    let bench = Bench::linked();
    bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Forced).unwrap();
    let again = RoleChange::SetRole { primary: true, forced: true };
    assert_eq!(bench.world.fail_over_link(&bench.path, "DAG_Sales", again).unwrap_err().code, "41968");
}

#[test]
fn a_failover_of_a_one_way_link_breaks_it() {
    let bench = Bench::linked();
    bench.with_instance(|managed| managed.view.database_format = "AlwaysUpToDate".into());
    bench.advance(30);
    assert!(bench.connected(), "one way it goes on");
    bench.sql("ALTER AVAILABILITY GROUP DAG_Sales FAILOVER");
    bench.advance(30);
    assert!(bench.link().instance_is_primary && !bench.connected());
    assert_eq!(bench.link().databases[0].error.as_deref(), Some("41988"));
    let (_, _, text) = bench.with_instance(|managed| managed.links[0].error.clone().unwrap());
    assert_eq!(Some(text), crate::tsql::message(41988, &[]));
}
