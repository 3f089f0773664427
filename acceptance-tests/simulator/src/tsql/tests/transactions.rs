//! What a transaction takes back of the instance, and what refuses to be in one.

use super::{Server, all, said};

const SECRET: &str = "Str0ng and long!";

#[tokio::test]
async fn a_rollback_takes_back_what_statements_did_to_the_instance() {
    let (_server, mut session) = Server::usual().await;
    // What is done, and a count that it changes from the first number to the second.
    for (statement, count, before, after) in [
        (
            "CREATE LOGIN other WITH PASSWORD = 'Str0ng and long!'",
            "sys.server_principals WHERE name = 'other'",
            0,
            1,
        ),
        ("DROP LOGIN app", "sys.server_principals WHERE name = 'app'", 1, 0),
        ("ALTER LOGIN app DISABLE", "sys.server_principals WHERE name = 'app' AND is_disabled = 0", 1, 0),
        (
            "ALTER SERVER ROLE sysadmin ADD MEMBER app",
            "sys.server_role_members WHERE member_principal_id = SUSER_ID('app')",
            0,
            1,
        ),
        (
            "GRANT VIEW SERVER STATE TO app",
            "sys.server_permissions WHERE permission_name = 'VIEW SERVER STATE' AND grantee_principal_id = SUSER_ID('app')",
            0,
            1,
        ),
        ("CREATE USER app", "sys.database_principals WHERE name = 'app'", 0, 1),
        ("CREATE CERTIFICATE other WITH SUBJECT = 'other'", "sys.certificates WHERE name = 'other'", 0, 1),
        ("DROP CERTIFICATE spare", "sys.certificates WHERE name = 'spare'", 1, 0),
    ] {
        said(&mut session, &format!("CREATE LOGIN app WITH PASSWORD = '{SECRET}'")).await;
        said(&mut session, "CREATE CERTIFICATE spare WITH SUBJECT = 'spare'").await;
        let count = format!("SELECT COUNT(*) FROM {count}");
        let taken_back =
            said(&mut session, &format!("{count}; BEGIN TRAN; {statement}; {count}; ROLLBACK; {count}"))
                .await;
        assert_eq!(taken_back, format!("{before} {after} {before}"), "{statement}");
        let kept = said(&mut session, &format!("BEGIN TRAN; {statement}; COMMIT; {count}")).await;
        assert_eq!(kept, after.to_string(), "{statement}");
        said(&mut session, "DROP USER IF EXISTS app; DROP CERTIFICATE other").await;
        said(&mut session, "DROP LOGIN app; DROP LOGIN other; DROP CERTIFICATE spare").await;
        said(&mut session, "DROP LOGIN other").await;
        said(&mut session, "DROP CERTIFICATE spare").await;
    }
}

#[tokio::test]
async fn savepoints_errors_and_procedures_take_back_too() {
    all(&[
        (
            "BEGIN TRAN; CREATE LOGIN a WITH PASSWORD = 'Str0ng and long!'; SAVE TRAN s; \
             CREATE LOGIN b WITH PASSWORD = 'Str0ng and long!'; ROLLBACK TRAN s; COMMIT; \
             SELECT name FROM sys.server_principals WHERE name IN ('a', 'b')",
            "a",
        ),
        (
            "SET XACT_ABORT ON; BEGIN TRAN; DROP LOGIN a; SELECT 1 / 0",
            "!8134",
        ),
        ("SET XACT_ABORT OFF; SELECT COUNT(*) FROM sys.server_principals WHERE name = 'a'", "1"),
        (
            "SET IMPLICIT_TRANSACTIONS ON; DROP LOGIN a; SELECT @@TRANCOUNT; ROLLBACK; SET IMPLICIT_TRANSACTIONS OFF; \
             SELECT COUNT(*) FROM sys.server_principals WHERE name = 'a'",
            "1 1",
        ),
        // What refuses a transaction.
        ("BEGIN TRAN; DROP ENDPOINT hadr; ROLLBACK", "!226"),
        ("BEGIN TRAN; ALTER ENDPOINT hadr STATE = STARTED; ROLLBACK", "!226"),
        ("BEGIN TRAN; CREATE DATABASE other; ROLLBACK", "!226"),
        ("BEGIN TRAN; DROP DATABASE other; ROLLBACK", "!574"),
        // Trace flags stay as they are.
        ("BEGIN TRAN; DBCC TRACEON (1800, -1) WITH NO_INFOMSGS; ROLLBACK; DBCC TRACESTATUS (1800, -1) WITH NO_INFOMSGS", "1800 1 1 0"),
    ])
    .await;
}

#[tokio::test]
async fn a_session_that_ends_takes_its_open_transaction_back() {
    let (server, mut session) = Server::usual().await;
    said(&mut session, "BEGIN TRAN; CREATE LOGIN a WITH PASSWORD = 'Str0ng and long!'").await;
    drop(session);
    let mut other = server.sign_in("sa", super::PASSWORD).await.unwrap();
    assert_eq!(said(&mut other, "SELECT COUNT(*) FROM sys.server_principals WHERE name = 'a'").await, "0");
}

#[tokio::test]
async fn trace_flags_are_on_for_the_instance_or_for_a_session() {
    let (server, mut session) = Server::usual().await;
    let mut other = server.sign_in("sa", super::PASSWORD).await.unwrap();
    let done =
        r#""DBCC execution completed. If DBCC printed error messages, contact your system administrator.""#;
    for (who, batch, expected) in [
        (0, "DBCC TRACEON (9567)", done.to_owned()),
        (0, "DBCC TRACEON (1800, -1) WITH NO_INFOMSGS", String::new()),
        (0, "DBCC TRACESTATUS WITH NO_INFOMSGS", "1800 1 1 0 9567 1 0 1".to_owned()),
        (1, "DBCC TRACESTATUS WITH NO_INFOMSGS", "1800 1 1 0".to_owned()),
        (0, "DBCC TRACESTATUS (-1) WITH NO_INFOMSGS", "1800 1 1 0".to_owned()),
        (0, "DBCC TRACESTATUS (9567, 1800, -1) WITH NO_INFOMSGS", "9567 0 0 0 1800 1 1 0".to_owned()),
        (0, "DBCC TRACESTATUS (9567)", format!("9567 1 0 1 {done}")),
        (
            0,
            "DBCC TRACEOFF (9567) WITH NO_INFOMSGS; DBCC TRACESTATUS (9567) WITH NO_INFOMSGS",
            "9567 0 0 0".to_owned(),
        ),
        (
            1,
            "DBCC TRACEOFF (1800) WITH NO_INFOMSGS; DBCC TRACESTATUS (1800) WITH NO_INFOMSGS",
            "1800 1 1 0".to_owned(),
        ),
        (0, "DBCC TRACEON ()", "!2583".to_owned()),
        (0, "DBCC TRACEON (-1)", "!2583".to_owned()),
    ] {
        let session = if who == 0 { &mut session } else { &mut other };
        assert_eq!(said(session, batch).await, expected, "{who} {batch}");
    }
}

#[tokio::test]
async fn application_locks_can_be_asked_for() {
    let (server, mut session) = Server::usual().await;
    let mut other = server.sign_in("sa", super::PASSWORD).await.unwrap();
    let mode = "SELECT APPLOCK_MODE('public', 'x', 'Session')";
    assert_eq!(said(&mut session, mode).await, "NoLock");
    said(&mut session, "EXEC sp_getapplock 'x', 'Shared', 'Session'").await;
    assert_eq!(said(&mut session, mode).await, "Shared");
    said(&mut session, "EXEC sp_getapplock 'x', 'IntentExclusive', 'Session'").await;
    assert_eq!(said(&mut session, mode).await, "SharedIntentExclusive");
    assert_eq!(said(&mut other, mode).await, "NoLock");
    let test = "SELECT APPLOCK_TEST('public', 'x', 'Exclusive', 'Session'), APPLOCK_TEST('public', 'x', 'IntentShared', 'Session'), \
                APPLOCK_TEST('public', 'y', 'Exclusive', 'Session')";
    assert_eq!(said(&mut other, test).await, "0 1 1");
    assert_eq!(said(&mut session, test).await, "1 1 1");
    assert_eq!(said(&mut other, "SELECT APPLOCK_MODE('nobody', 'x', 'Session')").await, "!1202");
    assert_eq!(said(&mut other, "SELECT APPLOCK_TEST('public', 'x', 'Nonsense', 'Session')").await, "NULL");
}
