//! Availability groups, local and distributed.

use super::Bench;
use crate::world::assumption;
use crate::world::database::DatabaseState;
use crate::world::group::Role;

const REPLICA: &str = "REPLICA ON N'SQL1' WITH (ENDPOINT_URL = N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = \
                       SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC)";
const MEMBER: &str =
    "AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC";

fn local(name: &str, databases: &str) -> String {
    let databases = if databases.is_empty() { String::new() } else { format!("DATABASE {databases} ") };
    format!("CREATE AVAILABILITY GROUP {name} WITH (CLUSTER_TYPE = NONE) FOR {databases}{REPLICA}")
}

fn members(ours: &str, theirs: &str) -> String {
    format!(
        "AVAILABILITY GROUP ON N'{ours}' WITH (LISTENER_URL = N'TCP://10.0.0.4:5022', {MEMBER}), N'{theirs}' WITH \
         (LISTENER_URL = N'tcp://mi1.abc.database.windows.net:5022;Server=[mi1]', {MEMBER})"
    )
}

fn distributed(name: &str, ours: &str, theirs: &str) -> String {
    format!("CREATE AVAILABILITY GROUP {name} WITH (DISTRIBUTED) {}", members(ours, theirs))
}

fn linked() -> Bench {
    let mut bench = Bench::with_endpoint();
    bench.run(&local("AG", "sales"));
    bench.run(&distributed("DAG", "AG", "MIAG"));
    bench
}

#[test]
fn a_local_group_is_primary_at_once() {
    let mut bench = Bench::with_endpoint();
    bench.run(&local("AG", "sales"));
    let group = bench.engine().group("ag").unwrap().clone();
    assert_eq!((group.role, group.cluster_type, group.distributed), (Role::Primary, 2, false));
    assert_eq!(group.databases, ["sales"]);
    assert!(group.replicas[0].synchronous);
    assert_eq!(group.replicas[0].seeding_mode, 0);
    let database = bench.engine().database("sales").unwrap();
    assert_eq!(database.group.as_deref(), Some("AG"));
    assert!(database.group_database_id.is_some());
}

#[test]
fn what_keeps_a_group_from_being_made() {
    let mut bench = Bench::new();
    bench.refused(&local("AG", "sales"), 1486);
    let mut bench = Bench::with_endpoint();
    bench.caller.database = "sales".to_owned();
    bench.refused(&local("AG", "sales"), 35208);
    bench.caller.database = "master".to_owned();
    bench.engine().hadr_enabled = false;
    bench.refused(&local("AG", "sales"), 35221);
    bench.engine().hadr_enabled = true;
    bench.refused(&local("AG", "sales").replace(" WITH (CLUSTER_TYPE = NONE)", ""), 35220);
    bench.refused(&local("AG", "sales").replace("N'SQL1'", "N'SQL2'"), 35237);
    bench.refused(&local("AG", "sales").replace("TCP://10.0.0.4:5022", "10.0.0.4:5022"), 35232);
    bench
        .refused(&local("AG", "sales").replace("FAILOVER_MODE = MANUAL", "FAILOVER_MODE = AUTOMATIC"), 47101);
    bench.run(&local("AG", "sales"));
    bench.refused(&local("AG", ""), 41114);
}

#[test]
fn a_clustered_server_needs_no_cluster_type() {
    let mut bench = Bench::with_endpoint();
    bench.engine().cluster = Some("WSFC1".to_owned());
    bench.run(&local("AG", "sales").replace(" WITH (CLUSTER_TYPE = NONE)", ""));
    assert_eq!(bench.engine().group("AG").unwrap().cluster_type, 0);
}

#[test]
fn databases_that_cannot_join() {
    let mut bench = Bench::with_endpoint();
    bench.refused(&local("AG", "nobody"), 35238);
    bench.refused(&local("AG", "sales").replace("sales", "fresh"), 35238);
    bench.run("CREATE DATABASE fresh");
    bench.refused(&local("AG", "fresh"), 1475);
    bench.run("BACKUP DATABASE fresh TO DISK = N'NUL' WITH COPY_ONLY");
    bench.refused(&local("AG", "fresh"), 1475);
    bench.run("ALTER DATABASE sales SET RECOVERY SIMPLE");
    bench.refused(&local("AG", "sales"), 1465);
    bench.run("ALTER DATABASE sales SET RECOVERY FULL");
    bench.run("ALTER DATABASE sales SET READ_ONLY");
    bench.refused(&local("AG", "sales"), 1466);
    bench.run("ALTER DATABASE sales SET READ_WRITE");
    bench.run("ALTER DATABASE sales SET AUTO_CLOSE ON");
    bench.refused(&local("AG", "sales"), 1469);
    bench.run("ALTER DATABASE sales SET AUTO_CLOSE OFF");
    bench.run("ALTER DATABASE sales SET SINGLE_USER");
    bench.refused(&local("AG", "sales"), 1488);
    bench.run("ALTER DATABASE sales SET MULTI_USER");
    bench.run("ALTER DATABASE sales SET OFFLINE");
    bench.refused(&local("AG", "sales"), 1467);
    bench.run("ALTER DATABASE sales SET ONLINE");
    bench.run(&local("AG", "sales"));
    bench.refused(&local("AG2", "sales"), 35244);
    bench.refused("ALTER AVAILABILITY GROUP AG ADD DATABASE sales", 35280);
}

#[test]
fn databases_come_and_go() {
    let mut bench = Bench::with_endpoint();
    bench.run(&local("AG", ""));
    bench.refused("ALTER AVAILABILITY GROUP AG REMOVE DATABASE sales", 35281);
    bench.run("ALTER AVAILABILITY GROUP AG ADD DATABASE [sales]");
    bench.refused("DROP DATABASE sales", 3752);
    bench.refused("ALTER DATABASE sales SET RECOVERY SIMPLE", 1468);
    bench.run("ALTER AVAILABILITY GROUP AG REMOVE DATABASE [sales]");
    let engine = bench.engine();
    assert!(engine.group("AG").unwrap().databases.is_empty());
    assert_eq!(engine.database("sales").unwrap().state, DatabaseState::Online);
    assert_eq!(engine.database("sales").unwrap().group, None);
}

#[test]
fn options_of_a_group_change() {
    let mut bench = Bench::with_endpoint();
    bench.run(&local("AG", "sales"));
    bench.run("ALTER AVAILABILITY GROUP [AG] SET (AUTOMATED_BACKUP_PREFERENCE = PRIMARY)");
    bench.run("ALTER AVAILABILITY GROUP [AG] SET (DB_FAILOVER = ON)");
    bench.run("ALTER AVAILABILITY GROUP [AG] GRANT CREATE ANY DATABASE");
    bench.run(
        "ALTER AVAILABILITY GROUP AG MODIFY REPLICA ON N'SQL1' WITH (SECONDARY_ROLE (ALLOW_CONNECTIONS = ALL))",
    );
    let group = bench.engine().group("AG").unwrap().clone();
    assert_eq!((group.backup_preference, group.db_failover, group.create_any_database), (0, true, true));
    assert_eq!(group.replicas[0].secondary_connections, 2);
    let same =
        bench.run("ALTER AVAILABILITY GROUP AG MODIFY REPLICA ON N'SQL1' WITH (SEEDING_MODE = AUTOMATIC)");
    assert_eq!(same.messages[0].0, 41185);
    bench.refused("ALTER AVAILABILITY GROUP nobody GRANT CREATE ANY DATABASE", 15151);
    bench.refused("ALTER AVAILABILITY GROUP AG FAILOVER", 41122);
    bench.engine().groups[0].role = Role::Secondary;
    bench.refused("ALTER AVAILABILITY GROUP AG FAILOVER", 47122);
    bench.refused("ALTER AVAILABILITY GROUP [AG] SET (DB_FAILOVER = OFF)", 41140);
    bench.run("ALTER AVAILABILITY GROUP AG FORCE_FAILOVER_ALLOW_DATA_LOSS");
    assert_eq!(bench.engine().groups[0].role, Role::Primary);
}

#[test]
fn dropping_a_local_group() {
    let mut bench = Bench::with_endpoint();
    bench.refused("DROP AVAILABILITY GROUP AG", 15151);
    bench.run(&local("AG", "sales"));
    bench.run("DROP AVAILABILITY GROUP [AG]");
    assert_eq!(bench.engine().database("sales").unwrap().state, DatabaseState::Online);
    assert_eq!(bench.engine().database("sales").unwrap().group, None);
    bench.run(&local("AG", "sales"));
    bench.engine().groups[0].role = Role::Secondary;
    bench.run("DROP AVAILABILITY GROUP AG");
    assert_eq!(bench.engine().database("sales").unwrap().state, DatabaseState::Restoring);
}

#[test]
fn a_distributed_group_is_primary_and_disconnected() {
    let mut bench = linked();
    let group = bench.engine().group("DAG").unwrap().clone();
    assert_eq!((group.distributed, group.role, group.link.connected), (true, Role::Primary, false));
    assert_eq!(group.replicas[1].url, "tcp://mi1.abc.database.windows.net:5022;Server=[mi1]");
    assert!(!group.replicas[0].synchronous);
    bench.run("DROP AVAILABILITY GROUP DAG");
    assert_eq!(bench.engine().database("sales").unwrap().group.as_deref(), Some("AG"));
    assert_eq!(bench.engine().database("sales").unwrap().state, DatabaseState::Online);
}

#[test]
fn what_keeps_a_distributed_group_from_being_made() {
    let mut bench = linked();
    bench.refused(&distributed("DAG", "AG", "OTHER"), 19509);
    bench.refused(&distributed("AG", "AG", "OTHER"), 19509);
    bench.refused(&distributed("DAG2", "NONE_HERE", "OTHER"), 19501);
    bench.refused(&distributed("DAG2", "AG", "MIAG"), 19507);
    bench.refused(
        &distributed("DAG2", "AG", "M2").replace("FAILOVER_MODE = MANUAL", "FAILOVER_MODE = AUTOMATIC"),
        35277,
    );
    bench.refused(&distributed("DAG2", "AG", "M2").replace("tcp://mi1", "mi1"), 19499);
    bench.refused(&distributed("DAG2", "AG", "M2").replace("Server=[mi1]", "Server=mi1"), 19499);
    bench.refused(&distributed("DAG2", "AG", "M2").replace("mi1.abc", &"x".repeat(250)), 19523);
    bench.refused(
        &distributed("DAG2", "AG", "M2").replace("(DISTRIBUTED)", "(DISTRIBUTED, DB_FAILOVER = ON)"),
        19497,
    );
    bench.engine().groups[0].basic = true;
    bench.refused(&distributed("DAG2", "AG", "M2"), 19513);
    bench.engine().groups[0].basic = false;
    bench.engine().groups[0].contained = true;
    bench.refused(&distributed("DAG2", "AG", "M2"), 47129);
    bench.engine().groups[0].contained = false;
    bench.engine().groups[1].role = Role::Secondary;
    bench.refused(&distributed("DAG2", "AG", "M2"), 19503);
    bench.engine().groups[1].role = Role::Primary;
    // A second link of the same database, to another instance.
    bench.run(&distributed("DAG2", "AG", "M2"));
}

#[test]
fn joining_a_distributed_group() {
    let mut bench = Bench::with_endpoint();
    let join = format!("ALTER AVAILABILITY GROUP DAG JOIN {}", members("AG", "MIAG"));
    bench.refused(&join, 19501);
    bench.run(&local("AG", "sales"));
    bench.refused(&join, 19511);
    bench.run("ALTER AVAILABILITY GROUP AG REMOVE DATABASE sales");
    bench.refused(&join, 19506);
    bench.run("ALTER AVAILABILITY GROUP AG GRANT CREATE ANY DATABASE");
    bench.run(&join);
    assert_eq!(bench.engine().group("DAG").unwrap().role, Role::Secondary);
    bench.refused("ALTER AVAILABILITY GROUP AG ADD DATABASE sales", 41140);
    bench.refused(&join, 19502);
    bench.estate.opposites.insert(assumption::JOIN_AGAIN);
    bench.refused(&join, 19509);
}

#[test]
fn what_a_link_cannot_have_is_refused_at_once_or_taken() {
    let manual = |text: String| text.replace("SEEDING_MODE = AUTOMATIC", "SEEDING_MODE = MANUAL");
    let synchronous = |text: String| text.replace("ASYNCHRONOUS", "SYNCHRONOUS");
    type Statement<'a> = (&'a dyn Fn(String) -> String, &'a str, i32);
    let cases: [Statement<'_>; 4] = [
        (&manual, "sales", 47500),
        (&synchronous, "sales", 47501),
        (&std::convert::identity, "sales, second", 47502),
        (&std::convert::identity, "", 47519),
    ];
    for (spoil, databases, number) in cases {
        let mut bench = Bench::with_endpoint();
        bench.run("CREATE DATABASE second");
        bench.run("BACKUP DATABASE second TO DISK = N'NUL'");
        bench.run(&local("AG", databases));
        let text = spoil(distributed("DAG", "AG", "MIAG"));
        bench.refused(&text, number);
        bench.estate.opposites.insert(assumption::LATE_LINK_CHECKS);
        bench.run(&text);
        assert!(bench.engine().group("DAG").is_some(), "{number}");
    }
}

#[test]
fn both_members_change_their_mode() {
    let mut bench = linked();
    bench.run(
        "ALTER AVAILABILITY GROUP DAG MODIFY AVAILABILITY GROUP ON N'AG' WITH (AVAILABILITY_MODE = \
         SYNCHRONOUS_COMMIT), N'MIAG' WITH (AVAILABILITY_MODE = SYNCHRONOUS_COMMIT)",
    );
    assert!(bench.engine().group("DAG").unwrap().replicas.iter().all(|one| one.synchronous));
    let to = "MODIFY AVAILABILITY GROUP ON N'NOBODY' WITH (AVAILABILITY_MODE = SYNCHRONOUS_COMMIT)";
    bench.refused(&format!("ALTER AVAILABILITY GROUP DAG {to}"), 19508);
    bench.refused(&format!("ALTER AVAILABILITY GROUP AG {to}"), 19512);
    bench.refused(&format!("ALTER AVAILABILITY GROUP NONE_HERE {to}"), 19510);
}

#[test]
fn failing_over_a_distributed_group() {
    let mut bench = linked();
    bench.refused("ALTER AVAILABILITY GROUP DAG FORCE_FAILOVER_ALLOW_DATA_LOSS", 41122);
    bench.refused("ALTER AVAILABILITY GROUP DAG FAILOVER", 35250);
    bench.engine().groups[1].link.connected = true;
    bench.engine().groups[1].link.health = 1;
    bench.refused("ALTER AVAILABILITY GROUP DAG FAILOVER", 41142);
    bench.engine().groups[1].link.health = 2;
    let build = std::mem::replace(&mut bench.engine().build, "16.0.4095.4".parse().unwrap());
    bench.refused("ALTER AVAILABILITY GROUP DAG FAILOVER", 19504);
    bench.engine().build = build;
    bench.run("ALTER AVAILABILITY GROUP DAG FAILOVER");
    assert_eq!(bench.engine().groups[1].role, Role::Secondary);
    bench.refused("ALTER AVAILABILITY GROUP DAG FAILOVER", 41195);
    bench.run("ALTER AVAILABILITY GROUP DAG FORCE_FAILOVER_ALLOW_DATA_LOSS");
    bench.run("ALTER AVAILABILITY GROUP DAG SET (ROLE = SECONDARY)");
    assert_eq!(bench.engine().groups[1].role, Role::Secondary);
    bench.run("DROP AVAILABILITY GROUP DAG");
    assert_eq!(bench.engine().database("sales").unwrap().state, DatabaseState::Restoring);
}

#[test]
fn every_option_that_the_provider_writes_arrives() {
    let mut bench = Bench::with_endpoint();
    bench.run(
        "CREATE AVAILABILITY GROUP [AG] WITH (AUTOMATED_BACKUP_PREFERENCE = PRIMARY, DB_FAILOVER = ON, DTC_SUPPORT = \
         PER_DB, BASIC, CLUSTER_TYPE = NONE) FOR DATABASE [sales] REPLICA ON N'SQL1' WITH (ENDPOINT_URL = \
         N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = \
         AUTOMATIC, SECONDARY_ROLE (ALLOW_CONNECTIONS = ALL))",
    );
    let group = bench.engine().group("AG").unwrap();
    assert_eq!((group.backup_preference, group.cluster_type), (0, 2));
    assert!(group.db_failover && group.dtc_support && group.basic);
    assert!(!group.replicas[0].synchronous);
    assert_eq!(group.replicas[0].secondary_connections, 2);
    bench.run("CREATE DATABASE second");
    bench.run("BACKUP DATABASE second TO DISK = N'NUL'");
    bench.refused("ALTER AVAILABILITY GROUP AG ADD DATABASE second", 35200);
}

#[test]
fn a_group_has_one_listener() {
    let mut bench = Bench::with_endpoint();
    bench.run(&local("AG", "sales"));
    bench.run("ALTER AVAILABILITY GROUP AG ADD LISTENER N'lsn' (WITH IP ((N'10.0.0.9', N'255.255.255.0')), PORT = 1444)");
    let listener = bench.engine().group("AG").unwrap().listener.clone().unwrap();
    assert_eq!((listener.dns_name.as_str(), listener.port), ("lsn", 1444));
    bench.refused(
        "ALTER AVAILABILITY GROUP AG ADD LISTENER N'two' (WITH IP ((N'10.0.0.8', N'255.255.255.0')))",
        19477,
    );
    bench.run("ALTER AVAILABILITY GROUP AG REMOVE LISTENER N'lsn'");
    assert_eq!(bench.engine().group("AG").unwrap().listener, None);
}
