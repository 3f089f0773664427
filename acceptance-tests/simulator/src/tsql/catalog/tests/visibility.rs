//! Rows and views follow permissions.

use rusqlite::types::Value;

use super::{Named, SQL, look, view, with_sql, words};
use crate::tsql::error::SqlError;
use crate::world::build::Build;
use crate::world::tests::Bench;

/// A linked world with a login `app` that may nothing.
fn bench() -> Bench {
    let bench = Bench::linked();
    bench.sql("CREATE LOGIN app WITH PASSWORD = 'Str0ng one!'");
    bench
}

fn as_app(bench: &Bench, name: &str) -> Result<Vec<Named>, SqlError> {
    let database = if name.starts_with("dbo.") { "msdb" } else { "master" };
    bench.world.with(|estate| look(estate, SQL, "app", view(name), database))
}

fn count(bench: &Bench, name: &str) -> usize {
    as_app(bench, name).unwrap_or_else(|error| panic!("{name}: {}", error.message)).len()
}

/// The numbers and the first text of a refusal.
fn refused(bench: &Bench, name: &str) -> (i32, i32, String) {
    let error = as_app(bench, name).expect_err(name);
    let first = error.before.first().cloned().unwrap_or_else(|| error.clone());
    (first.number, error.number, first.message)
}

#[test]
fn state_is_refused_as_a_whole_and_names_the_permission_of_the_version() {
    let bench = bench();
    let (first, last, text) = refused(&bench, "dm_hadr_availability_replica_states");
    assert_eq!((first, last), (300, 297));
    assert_eq!(
        text,
        "VIEW SERVER PERFORMANCE STATE permission was denied on object 'server', database 'master'."
    );
    assert!(refused(&bench, "dm_exec_connections").2.starts_with("VIEW SERVER SECURITY STATE "));
    let (first, last, text) = refused(&bench, "dm_hadr_database_replica_states");
    assert_eq!((first, last), (262, 297));
    assert_eq!(text, "VIEW DATABASE PERFORMANCE STATE permission denied in database 'master'.");
    with_sql(&bench, |sql| sql.build = Build::usual(15));
    assert!(refused(&bench, "dm_exec_connections").2.starts_with("VIEW SERVER STATE "));
    assert!(refused(&bench, "dm_hadr_database_replica_states").2.starts_with("VIEW DATABASE STATE "));
}

#[test]
fn each_permission_opens_what_it_is_for() {
    let bench = bench();
    bench.sql("GRANT VIEW SERVER PERFORMANCE STATE TO app");
    assert!(count(&bench, "dm_hadr_availability_replica_states") > 0);
    assert!(count(&bench, "dm_hadr_database_replica_states") > 0, "the server's covers the database's");
    assert_eq!(refused(&bench, "dm_exec_connections").0, 300);
    bench.sql("GRANT VIEW SERVER STATE TO app");
    count(&bench, "dm_exec_connections");
    bench.sql("DENY VIEW SERVER STATE TO app");
    assert_eq!(refused(&bench, "dm_hadr_availability_replica_states").0, 300, "a denial wins, and covers");
    bench.sql("REVOKE VIEW SERVER STATE TO app");
    bench.sql("REVOKE VIEW SERVER PERFORMANCE STATE TO app");
    bench.sql("ALTER SERVER ROLE [##MS_ServerPerformanceStateReader##] ADD MEMBER app");
    count(&bench, "dm_hadr_availability_replica_states");
    bench.sql("ALTER SERVER ROLE [##MS_ServerPerformanceStateReader##] DROP MEMBER app");
    bench.sql("GRANT CONTROL SERVER TO app");
    count(&bench, "dm_exec_connections");
    bench.sql("REVOKE CONTROL SERVER TO app");
    bench.sql("GRANT VIEW SERVER STATE TO public");
    count(&bench, "dm_exec_connections");
}

#[test]
fn what_everybody_may_see() {
    let bench = bench();
    for name in ["dm_exec_sessions", "dm_exec_requests", "dm_os_host_info"] {
        assert_eq!(count(&bench, name), 1, "{name}");
    }
    assert!(count(&bench, "configurations") > 60);
    // Endpoints are shown by the CONNECT that public has, but for the administrators' own.
    assert_eq!(count(&bench, "endpoints"), 4);
    bench.sql("REVOKE CONNECT ON ENDPOINT::[TSQL Default TCP] TO public");
    assert_eq!(count(&bench, "endpoints"), 3);
}

#[test]
fn catalog_views_show_fewer_rows_instead() {
    let bench = bench();
    for name in [
        "availability_groups",
        "availability_replicas",
        "certificates",
        "database_mirroring_endpoints",
        "symmetric_keys",
    ] {
        assert_eq!(count(&bench, name), 0, "{name}");
    }
    bench.sql("GRANT ALTER ON AVAILABILITY GROUP::AG_Sales TO app");
    assert_eq!(count(&bench, "availability_groups"), 1, "any permission on it shows a group");
    bench.sql("DENY VIEW DEFINITION ON AVAILABILITY GROUP::AG_Sales TO app");
    assert_eq!(count(&bench, "availability_groups"), 0);
    bench.sql("GRANT CONNECT ON ENDPOINT::hadr TO app");
    assert_eq!(count(&bench, "database_mirroring_endpoints"), 1);
    bench.sql("CREATE USER app");
    bench.sql("GRANT VIEW DEFINITION ON CERTIFICATE::endpoint_cert TO app");
    assert_eq!(count(&bench, "certificates"), 1);
    bench.sql("GRANT VIEW ANY SECURITY DEFINITION TO app");
    assert!(count(&bench, "certificates") > 6 && count(&bench, "symmetric_keys") == 2);
    bench.sql("GRANT VIEW ANY DEFINITION TO app");
    assert_eq!(count(&bench, "availability_groups"), 1, "but for the one that is denied: DAG_Sales");
}

#[test]
fn databases_show_unless_that_is_taken_away() {
    let bench = bench();
    let names = |bench: &Bench| -> Vec<Value> {
        as_app(bench, "databases").unwrap().into_iter().map(|row| row["name"].clone()).collect()
    };
    assert_eq!(names(&bench).len(), 5);
    bench.sql("REVOKE VIEW ANY DATABASE TO public");
    assert_eq!(names(&bench), [words("master"), words("tempdb")]);
    bench.sql("ALTER AUTHORIZATION ON DATABASE::Sales TO app");
    assert_eq!(names(&bench), [words("master"), words("tempdb"), words("Sales")]);
    assert_eq!(count(&bench, "master_files"), 0);
    bench.sql("GRANT CREATE ANY DATABASE TO app");
    assert_eq!(names(&bench).len(), 5);
    assert!(count(&bench, "master_files") >= 10);
}

#[test]
fn principals_show_to_themselves() {
    let bench = bench();
    bench.sql("CREATE LOGIN other WITH PASSWORD = 'Str0ng one!'");
    let logins = |bench: &Bench| -> Vec<Value> {
        as_app(bench, "server_principals").unwrap().into_iter().map(|row| row["name"].clone()).collect()
    };
    let before = logins(&bench);
    assert!(before.contains(&words("app")) && before.contains(&words("sa")), "{before:?}");
    assert!(!before.contains(&words("other")) && !before.contains(&words(r"NT AUTHORITY\SYSTEM")));
    bench.sql("GRANT VIEW DEFINITION ON LOGIN::other TO app");
    assert!(logins(&bench).contains(&words("other")));
}

#[test]
fn backups_are_tables_of_msdb() {
    let bench = bench();
    let (_, number, text) = refused(&bench, "dbo.backupset");
    assert_eq!(number, 229);
    assert_eq!(
        text,
        "The SELECT permission was denied on the object 'backupset', database 'msdb', schema 'dbo'."
    );
    bench.sql_in("msdb", "CREATE USER app");
    bench.sql_in("msdb", "GRANT SELECT ON dbo.backupset TO app");
    assert!(count(&bench, "dbo.backupset") > 0);
    assert_eq!(refused(&bench, "dbo.backupmediafamily").1, 229, "of one table alone");
    bench.sql_in("msdb", "DENY SELECT TO app");
    assert_eq!(refused(&bench, "dbo.backupset").1, 229, "a denial in the database covers its tables");
}
