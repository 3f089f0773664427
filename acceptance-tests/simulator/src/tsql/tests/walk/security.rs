//! Logins, users, roles and permissions.

use super::{PASSWORD, Step, deed, run, says, says_in};

pub(super) fn steps() -> Vec<Step> {
    let create = |name: &str, rest: &str| format!("CREATE LOGIN {name} WITH PASSWORD = '{PASSWORD}'{rest}");
    vec![
        run(create("app", "")),
        run(create("other", "")),
        says(15025, &[&"app"], create("app", "")),
        says(15116, &[], "CREATE LOGIN l WITH PASSWORD = 'Sh0rt!'"),
        says(15118, &[], "CREATE LOGIN l WITH PASSWORD = 'onlyletters'"),
        run("CREATE LOGIN weak WITH PASSWORD = 'weak', CHECK_POLICY = OFF"),
        run(format!("ALTER LOGIN weak WITH PASSWORD = '{PASSWORD}'")),
        says(15407, &[&"nobody"], "CREATE LOGIN nobody FROM WINDOWS"),
        says(15010, &[&"nowhere"], create("l", ", DEFAULT_DATABASE = nowhere")),
        says(15099, &[], create("l", " MUST_CHANGE")),
        says(15122, &[], create("l", ", CHECK_EXPIRATION = ON, CHECK_POLICY = OFF")),
        run(create("fresh", " MUST_CHANGE, CHECK_EXPIRATION = ON")),
        says(15128, &[], "ALTER LOGIN fresh WITH CHECK_EXPIRATION = OFF"),
        says(15434, &[&"sa"], "DROP LOGIN sa"),
        says(15402, &[&"nothing"], "EXEC sp_addsrvrolemember 'app', 'nothing'"),
        says(15405, &[&"sa"], "ALTER SERVER ROLE sysadmin DROP MEMBER sa"),
        says(15007, &[&"nobody"], "CREATE USER nobody"),
        run("CREATE USER app"),
        says(15023, &[&"app"], "CREATE USER app"),
        says(15063, &[], "CREATE USER again FOR LOGIN app"),
        says(15081, &[], "ALTER ROLE public ADD MEMBER app"),
        says(15151, &[&"alter", &"role", &"nothing"], "ALTER ROLE nothing ADD MEMBER app"),
        says(15405, &[&"dbo"], "ALTER ROLE db_owner ADD MEMBER dbo"),
        says(15014, &[&"nothing"], "EXEC sp_addrolemember 'nothing', 'app'"),
        says(15410, &[&"nobody"], "EXEC sp_addrolemember 'db_owner', 'nobody'"),
        run(
            "CREATE DATABASE roles; USE roles; CREATE USER other; EXEC sp_addrolemember 'db_backupoperator', 'other'; USE master",
        ),
        Step::Login("other"),
        run("BACKUP DATABASE roles TO DISK = N'NUL'"),
        Step::Login("sa"),
        run("ALTER AUTHORIZATION ON CERTIFICATE::endpoint_cert TO app"),
        says(15138, &[&"certificate"], "DROP USER app"),
        run("ALTER AUTHORIZATION ON ENDPOINT::hadr TO app"),
        says(15141, &[&"endpoint"], "DROP LOGIN app"),
        run("ALTER AUTHORIZATION ON DATABASE::Sales TO other"),
        says(15174, &[&"other"], "DROP LOGIN other"),
        says(4610, &[], "GRANT SELECT ON msdb.dbo.backupset TO app"),
        says_in(10, 4621, &[], "USE Sales; GRANT VIEW SERVER STATE TO app"),
        says_in(10, 4629, &[], "GRANT SELECT ON sys.databases TO app"),
        run("USE master"),
        says(4624, &[], "GRANT VIEW SERVER STATE TO sa"),
        run("GRANT VIEW SERVER STATE TO app WITH GRANT OPTION"),
        says(4611, &[], "REVOKE VIEW SERVER STATE FROM app"),
        Step::Login("app"),
        run("GRANT VIEW SERVER STATE TO other"),
        says(4613, &[], "GRANT VIEW ANY DEFINITION TO other"),
        says(15247, &[], "CREATE LOGIN l WITH PASSWORD = 'x'"),
        says(15151, &[&"drop", &"login", &"sa"], "DROP LOGIN sa"),
        says(262, &[&"CREATE DATABASE", &"master"], "CREATE DATABASE d"),
        Step::Login("weak"),
        says_in(5, 229, &[&"SELECT", &"backupset", &"msdb", &"dbo"], "SELECT * FROM msdb.dbo.backupset"),
        says(297, &[], "DBCC SQLPERF (LOGSPACE)"),
        says(
            300,
            &[&"VIEW SERVER PERFORMANCE STATE", &"server", &"master"],
            "SELECT * FROM sys.dm_hadr_cluster",
        ),
        Step::Login("sa"),
        run("REVOKE VIEW SERVER STATE FROM app CASCADE"),
        deed(|estate| {
            let granted = |one: &crate::world::security::Permission| one.name == "VIEW SERVER STATE";
            assert!(!estate.sql_servers[0].permissions.iter().any(granted), "passed on and not revoked");
        }),
    ]
}
