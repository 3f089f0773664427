//! Who may do what.

use super::{Bench, PASSWORD};

/// Runs `act` as a login without any right.
fn as_app(bench: &mut Bench, act: impl FnOnce(&mut Bench)) {
    bench.caller.login = "app".to_owned();
    act(bench);
    bench.caller.login = "sa".to_owned();
}

#[test]
fn a_login_without_rights_is_refused_everywhere() {
    let mut bench = Bench::with_endpoint();
    bench.run(
        "CREATE AVAILABILITY GROUP AG WITH (CLUSTER_TYPE = NONE) FOR REPLICA ON N'SQL1' WITH (ENDPOINT_URL = \
         N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL)",
    );
    as_app(&mut bench, |bench| {
        for (text, number) in [
            ("DROP MASTER KEY", 15247),
            ("CREATE CERTIFICATE c WITH SUBJECT = 'c'", 15247),
            ("DROP CERTIFICATE endpoint_cert", 15151),
            ("CREATE ENDPOINT e AS TCP (LISTENER_PORT = 1) FOR DATABASE_MIRRORING (ROLE = ALL)", 15247),
            ("ALTER ENDPOINT hadr STATE = STOPPED", 15151),
            ("DROP ENDPOINT hadr", 15151),
            ("ALTER AVAILABILITY GROUP AG GRANT CREATE ANY DATABASE", 15151),
            ("DROP AVAILABILITY GROUP AG", 15151),
            ("CREATE DATABASE d", 262),
            ("DROP DATABASE sales", 3701),
            ("ALTER DATABASE sales SET RECOVERY SIMPLE", 5011),
            ("BACKUP DATABASE sales TO DISK = N'NUL'", 262),
            ("CREATE LOGIN l WITH PASSWORD = 'Str0ng one!'", 15247),
            ("DROP LOGIN sa", 15151),
            ("GRANT CONNECT ON ENDPOINT::hadr TO app", 4613),
            ("ALTER SERVER ROLE sysadmin ADD MEMBER app", 15151),
        ] {
            bench.refused(text, number);
        }
    });
}

#[test]
fn grants_and_denials_count() {
    let mut bench = Bench::with_endpoint();
    bench.run("GRANT ALTER ON ENDPOINT::hadr TO app");
    as_app(&mut bench, |bench| {
        bench.run("ALTER ENDPOINT hadr STATE = STOPPED");
    });
    bench.run("DENY ALTER ON ENDPOINT::hadr TO app");
    as_app(&mut bench, |bench| {
        bench.refused("ALTER ENDPOINT hadr STATE = STARTED", 15151);
    });
    bench.run("REVOKE ALTER ON ENDPOINT::hadr TO app");
    assert!(bench.engine().permissions.is_empty());
    bench.run("ALTER AUTHORIZATION ON ENDPOINT::hadr TO app");
    as_app(&mut bench, |bench| {
        bench.run("ALTER ENDPOINT hadr STATE = STARTED");
    });
    bench.refused("DROP LOGIN app", 15141);
    bench.run("GRANT CREATE ANY DATABASE TO app");
    as_app(&mut bench, |bench| {
        bench.run("CREATE DATABASE d");
    });
}

#[test]
fn logins_and_roles() {
    let mut bench = Bench::new();
    bench.refused("CREATE LOGIN weak WITH PASSWORD = 'short'", 15116);
    bench.run(&format!("CREATE LOGIN ops WITH PASSWORD = '{PASSWORD}'"));
    bench.refused(&format!("CREATE LOGIN OPS WITH PASSWORD = '{PASSWORD}'"), 15025);
    bench.refused("CREATE LOGIN nodomain FROM WINDOWS", 15407);
    bench.run("ALTER SERVER ROLE [sysadmin] ADD MEMBER [ops]");
    assert_eq!(bench.engine().logins[2].roles, ["sysadmin"]);
    bench.refused("GRANT VIEW SERVER STATE TO ops", 4624);
    bench.run("ALTER SERVER ROLE sysadmin DROP MEMBER ops");
    bench.run("GRANT VIEW SERVER STATE TO ops");
    bench.refused("GRANT VIEW SERVER STATE TO nobody", 15151);
    bench.run("ALTER LOGIN ops DISABLE");
    assert!(!bench.engine().logins[2].enabled);
    bench.run("DROP LOGIN ops");
    assert!(bench.engine().permissions.is_empty());
    bench.refused("DROP LOGIN ops", 15151);
    bench.refused("DROP LOGIN sa", 15434);
    bench.refused("CREATE USER u FOR LOGIN nobody", 15007);
}

#[test]
fn users_are_of_their_database() {
    let mut bench = Bench::with_endpoint();
    bench.refused("GRANT CREATE CERTIFICATE TO app", 15151);
    bench.run("CREATE USER worker FOR LOGIN app");
    bench.refused("CREATE USER worker WITHOUT LOGIN", 15023);
    bench.refused("CREATE USER other FOR LOGIN app", 15063);
    bench.refused("CREATE USER dbo FOR LOGIN app", 15023);
    bench.refused("GRANT CREATE CERTIFICATE TO dbo", 4624);
    bench.refused("GRANT SELECT ON msdb.dbo.backupset TO worker", 4610);
    bench.refused("GRANT SELECT ON dbo.nothing TO worker", 15151);
    bench.run("GRANT CREATE CERTIFICATE TO worker");
    as_app(&mut bench, |bench| {
        bench.run("CREATE CERTIFICATE mine AUTHORIZATION worker WITH SUBJECT = 'mine'");
        bench.run("DROP CERTIFICATE mine");
    });
    bench.run("CREATE CERTIFICATE theirs AUTHORIZATION worker WITH SUBJECT = 'theirs'");
    bench.refused("DROP USER worker", 15138);
    bench.run("ALTER AUTHORIZATION ON CERTIFICATE::theirs TO dbo");
    bench.run("GRANT EXECUTE ON sys.sp_certificate_issuers TO worker");
    bench.caller.database = "sales".to_owned();
    bench.refused("GRANT EXECUTE ON sys.sp_certificate_issuers TO worker", 4629);
    bench.refused("GRANT VIEW ANY DEFINITION TO app", 4621);
    bench.refused("DROP USER worker", 15151);
    bench.run("CREATE USER app");
    bench.run("GRANT CONTROL ON DATABASE::sales TO app");
    bench.caller.database = "master".to_owned();
    bench.run("DROP USER worker");
    assert!(bench.engine().permissions.iter().all(|one| one.name != "CREATE CERTIFICATE"));
    assert_eq!(bench.engine().users.len(), 1);
}

#[test]
fn what_covers_a_permission_is_denied_with_it() {
    let mut bench = Bench::with_endpoint();
    bench.run("GRANT CONTROL SERVER TO app");
    bench.run("DENY ALTER ANY ENDPOINT TO app");
    as_app(&mut bench, |bench| {
        bench.refused("ALTER ENDPOINT hadr STATE = STOPPED", 15151);
        bench.run("CREATE DATABASE d");
    });
    bench.run("REVOKE ALTER ANY ENDPOINT TO app");
    as_app(&mut bench, |bench| {
        bench.run("ALTER ENDPOINT hadr STATE = STOPPED");
    });
    bench.run("REVOKE CONTROL SERVER TO app");
    bench.run("GRANT ALTER ANY ENDPOINT TO public");
    as_app(&mut bench, |bench| {
        bench.run("ALTER ENDPOINT hadr STATE = STARTED");
    });
}
