//! The recorded tables: what a link says before and after each change of roles. [recordings TestManagedInstanceLink…]

use super::*;
use crate::arm::backend::RoleChange;
use crate::world::assumption;

/// Whether the instance is primary, `replicaState`, health, connection, last error.
type Row = (bool, String, String, String, Option<String>);

impl Bench {
    fn row(&self) -> Row {
        let link = self.link();
        let one = link.databases[0].clone();
        (link.instance_is_primary, one.state, one.health.unwrap(), one.connected.unwrap(), one.error)
    }
}

fn row(primary: bool, state: &str, health: &str, connected: &str, error: Option<&str>) -> Row {
    (primary, state.to_owned(), health.to_owned(), connected.to_owned(), error.map(str::to_owned))
}

fn well(primary: bool) -> Row {
    row(primary, "LinkSynchronizing", "HEALTHY", "CONNECTED", None)
}

/// A link whose instance is primary.
fn turned() -> Bench {
    let bench = Bench::linked();
    bench.sql("ALTER AVAILABILITY GROUP DAG_Sales FAILOVER");
    bench.advance(30);
    assert_eq!(bench.row(), well(true));
    bench
}

#[test]
fn planned_from_a_primary_instance() {
    let bench = turned();
    bench.done(bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Planned));
    assert_eq!(bench.row(), well(false));
    assert_eq!(bench.link().replication_mode, "Async");
}

#[test]
fn planned_from_a_secondary_instance_is_refused_and_changes_nothing() {
    let bench = Bench::linked();
    let refused = bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Planned).unwrap_err();
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (400, "InvalidDistributedAvailabilityGroupFailoverInstanceRole")
    );
    bench.advance(60);
    assert_eq!(bench.row(), well(false));
}

#[test]
fn forced_to_an_instance_whose_link_reports_an_error() {
    let bench = Bench::linked();
    bench.opposite(assumption::KEPT_DATABASE);
    bench.sql("ALTER AVAILABILITY GROUP AG_Sales REMOVE DATABASE Sales");
    bench.advance(30);
    assert_eq!(bench.row(), row(false, "LinkSynchronizationError", "HEALTHY", "CONNECTED", Some("41977")));
    bench.done(bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Forced));
    let (primary, state, health, connected, _) = bench.row();
    assert!(primary);
    assert_eq!(
        (state.as_str(), health.as_str(), connected.as_str()),
        ("LinkSynchronizationError", "NOT_HEALTHY", "DISCONNECTED")
    );
    let one = bench.link().databases[0].clone();
    assert_eq!((one.sent.unwrap().0.as_str(), one.hardened.unwrap().0.as_str()), ("1", "0"));
    assert_eq!(bench.link().replication_mode, "Async");
}

#[test]
fn forced_on_a_primary_instance() {
    let bench = turned();
    bench.done(bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Forced));
    let (primary, state, health, connected, _) = bench.row();
    assert!(!primary);
    assert_eq!(
        (state.as_str(), health.as_str(), connected.as_str()),
        ("LinkSynchronizing", "HEALTHY", "DISCONNECTED")
    );
    assert_eq!(bench.link().databases[0].received.clone().unwrap().0, "1");
}

#[test]
fn the_split_brain_ends_where_one_side_gives_up_what_it_wrote_since() {
    let bench = Bench::linked();
    bench.with_sql(|sql| sql.database_mut("Sales").unwrap().activity = 5);
    bench.done(bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Forced));
    bench.with_instance(|managed| managed.engine.database_mut("Sales").unwrap().activity = 1);
    let ends = |bench: &Bench| {
        let sql = bench.with_sql(|sql| sql.database("Sales").unwrap().hardened_lsn);
        (sql, bench.copy().unwrap().hardened_lsn)
    };
    let before = ends(&bench);
    bench.advance(100);
    let both = ends(&bench);
    assert_eq!((both.0.since(before.0), both.1.since(before.1)), (500, 100), "both sides write");
    bench.sql("ALTER AVAILABILITY GROUP DAG_Sales SET (ROLE = SECONDARY)");
    bench.advance(60);
    assert_eq!(bench.row().3, "CONNECTED");
    let (sql, instance) = ends(&bench);
    assert!(sql < both.0, "what SQL Server wrote alone is gone");
    assert_eq!(instance.since(sql), 1);
    assert!(bench.with_sql(|sql| !sql.takes_writes(sql.database("Sales").unwrap())));
}
