//! Roles that users make: members, what these may by them, and what the catalog shows of them.

use super::{PASSWORD, Server, all, said};

#[tokio::test]
async fn roles_are_made_changed_and_dropped() {
    all(&[
        ("CREATE SERVER ROLE ops; CREATE SERVER ROLE leads AUTHORIZATION ops", ""),
        ("CREATE SERVER ROLE ops", "!15025"),
        ("CREATE SERVER ROLE sysadmin", "!15025"),
        ("CREATE SERVER ROLE sa", "!15025"),
        ("CREATE LOGIN ops WITH PASSWORD = 'Str0ng one!'", "!15025"),
        ("CREATE SERVER ROLE other AUTHORIZATION nobody", "!15151"),
        ("CREATE LOGIN app WITH PASSWORD = 'Str0ng one!'; CREATE LOGIN aide WITH PASSWORD = 'Str0ng one!'", ""),
        ("ALTER SERVER ROLE ops ADD MEMBER app; ALTER SERVER ROLE leads ADD MEMBER aide", ""),
        ("ALTER SERVER ROLE ops ADD MEMBER leads; ALTER SERVER ROLE dbcreator ADD MEMBER ops", ""),
        ("ALTER SERVER ROLE leads ADD MEMBER ops", "!15413"),
        ("ALTER SERVER ROLE ops ADD MEMBER ops", "!15413"),
        ("ALTER SERVER ROLE ops ADD MEMBER sysadmin", "!15151"),
        ("ALTER SERVER ROLE ops ADD MEMBER nobody", "!15151"),
        ("ALTER SERVER ROLE nothing ADD MEMBER app", "!15151"),
        ("DROP SERVER ROLE ops", "!15144"),
        ("DROP SERVER ROLE sysadmin", "!15150"),
        ("DROP SERVER ROLE nothing", "!15151"),
        ("DROP SERVER ROLE IF EXISTS nothing", "!156"),
        (
            "SELECT r.name, r.type_desc, r.is_fixed_role, SUSER_NAME(r.owning_principal_id), DATALENGTH(r.sid) \
             FROM sys.server_principals AS r WHERE r.type = 'R' AND r.is_fixed_role = 0 AND r.name <> 'public' ORDER BY r.name",
            "leads SERVER_ROLE 0 ops 16 ops SERVER_ROLE 0 sa 16",
        ),
        (
            "SELECT SUSER_NAME(role_principal_id), SUSER_NAME(member_principal_id) FROM sys.server_role_members AS m \
             WHERE SUSER_NAME(role_principal_id) IN ('ops', 'leads', 'dbcreator') ORDER BY 1, 2",
            "dbcreator ops leads aide ops app ops leads",
        ),
        (
            "SELECT IS_SRVROLEMEMBER('ops', 'app'), IS_SRVROLEMEMBER('ops', 'aide'), IS_SRVROLEMEMBER('leads', 'app'), \
             IS_SRVROLEMEMBER('dbcreator', 'aide'), IS_SRVROLEMEMBER('nothing', 'app'), \
             IIF(SUSER_ID('ops') = (SELECT principal_id FROM sys.server_principals WHERE name = 'ops'), 1, 0)",
            "1 1 0 1 NULL 1",
        ),
        ("ALTER SERVER ROLE ops WITH NAME = leads", "!15025"),
        ("ALTER SERVER ROLE ops WITH NAME = operators; SELECT IS_SRVROLEMEMBER('operators', 'aide')", "1"),
        ("ALTER SERVER ROLE public WITH NAME = people", "!15150"),
        ("DROP SERVER ROLE leads", "!15144"),
        ("ALTER SERVER ROLE leads DROP MEMBER aide; DROP SERVER ROLE leads; SELECT SUSER_ID('leads')", "NULL"),
        ("ALTER AUTHORIZATION ON DATABASE::Sales TO operators", "!15151"),
        ("BEGIN TRAN; CREATE SERVER ROLE passing; ROLLBACK; SELECT SUSER_ID('passing')", "NULL"),
    ])
    .await;
}

#[tokio::test]
async fn roles_of_databases_are_made_changed_and_dropped() {
    all(&[
        ("USE Sales; CREATE USER one WITHOUT LOGIN; CREATE USER two WITHOUT LOGIN", "in Sales"),
        ("CREATE ROLE readers; CREATE ROLE writers AUTHORIZATION readers", ""),
        ("CREATE ROLE readers", "!15023"),
        ("CREATE ROLE one", "!15023"),
        ("CREATE ROLE db_owner", "!15023"),
        ("CREATE ROLE public", "!156"),
        ("CREATE USER readers WITHOUT LOGIN", "!15023"),
        ("CREATE ROLE more AUTHORIZATION nobody", "!15151"),
        ("ALTER ROLE readers ADD MEMBER one; ALTER ROLE writers ADD MEMBER two; ALTER ROLE readers ADD MEMBER writers", ""),
        ("ALTER ROLE writers ADD MEMBER readers", "!15413"),
        ("ALTER ROLE readers ADD MEMBER db_owner", "!15405"),
        ("ALTER ROLE db_datareader ADD MEMBER readers", ""),
        (
            "SELECT name, principal_id, type_desc, is_fixed_role, USER_NAME(owning_principal_id), DATALENGTH(sid) \
             FROM sys.database_principals WHERE type = 'R' AND principal_id BETWEEN 1 AND 100 ORDER BY name",
            "readers 7 DATABASE_ROLE 0 dbo 28 writers 8 DATABASE_ROLE 0 readers 28",
        ),
        (
            "SELECT USER_NAME(role_principal_id), USER_NAME(member_principal_id) FROM sys.database_role_members ORDER BY 1, 2",
            "db_datareader readers db_owner dbo readers one readers writers writers two",
        ),
        (
            "SELECT IS_ROLEMEMBER('readers', 'two'), IS_ROLEMEMBER('db_datareader', 'two'), IS_ROLEMEMBER('writers', 'one'), \
             IS_ROLEMEMBER('nothing', 'one'), DATABASE_PRINCIPAL_ID('readers')",
            "1 1 0 NULL 7",
        ),
        ("EXEC sp_droprolemember 'readers', 'one'; EXEC sp_addrolemember 'writers', 'one'; SELECT IS_ROLEMEMBER('writers', 'one')", "1"),
        ("DROP ROLE readers", "!15144"),
        ("ALTER ROLE readers DROP MEMBER writers; DROP ROLE readers", "!15421"),
        ("DROP ROLE db_owner", "!15150"),
        ("DROP ROLE IF EXISTS nothing", ""),
        ("DROP ROLE nothing", "!15151"),
        ("ALTER ROLE writers WITH NAME = editors; SELECT IS_ROLEMEMBER('editors', 'two')", "1"),
        ("USE master; SELECT DATABASE_PRINCIPAL_ID('editors')", "in master NULL"),
    ])
    .await;
}

#[tokio::test]
async fn members_may_what_their_roles_may() {
    let (server, mut admin) = Server::usual().await;
    for statement in [
        format!("CREATE LOGIN app WITH PASSWORD = '{PASSWORD}'"),
        "CREATE USER app; USE Sales; CREATE USER app; USE master".to_owned(),
        "CREATE SERVER ROLE watchers; GRANT VIEW SERVER STATE, CREATE SERVER ROLE TO watchers".to_owned(),
        "CREATE SERVER ROLE outer_ring; ALTER SERVER ROLE watchers ADD MEMBER outer_ring".to_owned(),
        "CREATE ROLE makers; GRANT CREATE CERTIFICATE, ALTER ANY ROLE TO makers".to_owned(),
    ] {
        assert!(!said(&mut admin, &statement).await.contains('!'), "{statement}");
    }
    let mut app = server.sign_in("app", PASSWORD).await.unwrap();
    let seen = "SELECT COUNT(*) FROM sys.server_principals WHERE name IN ('watchers', 'outer_ring')";
    let state = "SELECT HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE')";
    let certificate = "SELECT HAS_PERMS_BY_NAME('master', 'DATABASE', 'CREATE CERTIFICATE')";
    assert_eq!(said(&mut app, state).await, "0");
    assert_eq!(said(&mut app, seen).await, "0");
    assert_eq!(said(&mut app, "CREATE SERVER ROLE own").await, "!15247");
    assert_eq!(said(&mut app, "CREATE ROLE own").await, "!15247");
    // By way of a role in a role.
    assert_eq!(said(&mut admin, "ALTER SERVER ROLE outer_ring ADD MEMBER app").await, "");
    assert_eq!(said(&mut app, state).await, "1");
    assert_eq!(said(&mut app, seen).await, "2");
    assert_eq!(said(&mut app, "CREATE SERVER ROLE own; ALTER SERVER ROLE own ADD MEMBER app").await, "");
    assert_eq!(said(&mut app, "ALTER SERVER ROLE watchers ADD MEMBER app").await, "!15151");
    assert_eq!(said(&mut app, "DROP SERVER ROLE watchers").await, "!15151");
    assert_eq!(said(&mut admin, "DROP LOGIN app").await, "!15141");
    // A denial to any of them counts.
    assert_eq!(said(&mut admin, "DENY VIEW SERVER STATE TO own").await, "");
    assert_eq!(said(&mut app, state).await, "0");
    assert_eq!(said(&mut app, "ALTER SERVER ROLE own DROP MEMBER app").await, "");
    assert_eq!(said(&mut app, state).await, "1");
    // What a role has goes with it.
    assert_eq!(said(&mut admin, "ALTER SERVER ROLE outer_ring DROP MEMBER app").await, "");
    assert_eq!(said(&mut app, state).await, "0");
    assert_eq!(
        said(&mut admin, "ALTER SERVER ROLE watchers DROP MEMBER outer_ring; DROP SERVER ROLE watchers")
            .await,
        ""
    );
    let left = "SELECT COUNT(*) FROM sys.server_permissions WHERE permission_name = 'VIEW SERVER STATE' AND state = 'G'";
    assert_eq!(said(&mut admin, left).await, "0");
    // The same in a database, and in that alone.
    assert_eq!(said(&mut app, certificate).await, "0");
    assert_eq!(said(&mut admin, "ALTER ROLE makers ADD MEMBER app").await, "");
    assert_eq!(said(&mut app, certificate).await, "1");
    assert_eq!(said(&mut app, &certificate.replace("master", "Sales")).await, "0");
    assert_eq!(
        said(
            &mut app,
            "CREATE ROLE own; ALTER ROLE own ADD MEMBER app; ALTER ROLE own DROP MEMBER app; DROP ROLE own"
        )
        .await,
        ""
    );
    assert_eq!(said(&mut app, "ALTER ROLE db_owner ADD MEMBER app").await, "!15151");
    // A member of a role that is in sysadmin is one.
    assert_eq!(
        said(
            &mut admin,
            "ALTER SERVER ROLE sysadmin ADD MEMBER outer_ring; ALTER SERVER ROLE outer_ring ADD MEMBER app"
        )
        .await,
        ""
    );
    assert_eq!(said(&mut app, "SELECT IS_SRVROLEMEMBER('sysadmin'), USER_NAME()").await, "1 dbo");
}
