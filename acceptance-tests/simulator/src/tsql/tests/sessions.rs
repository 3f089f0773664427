//! Batches of a signed-in client on servers of other collations, and on the views about sessions.

use super::{PASSWORD, Server, run};
use crate::tds::backend::Value;

#[tokio::test]
async fn variables_procedures_and_logins_follow_the_collation() {
    for (collation, sensitive, turkish) in [
        ("SQL_Latin1_General_CP1_CI_AS", false, false),
        ("Latin1_General_100_BIN2", true, false),
        ("SQL_Latin1_General_CP1_CS_AS", true, false),
        ("Turkish_CI_AS", false, true),
    ] {
        let server = Server::new(collation);
        let mut session = server.sign_in("sa", PASSWORD).await.unwrap();
        let mut numbers = async |text: &str| run(&mut session, text).await.0;
        let told = |number: i32| if sensitive { vec![number] } else { Vec::new() };
        let dotted = |number: i32| if sensitive || turkish { vec![number] } else { Vec::new() };
        for (text, expected) in [
            ("DECLARE @a int = 1; SELECT @A", told(137)),
            ("DECLARE @i int = 1; SELECT @I", dotted(137)),
            ("DECLARE @t table (c int); SELECT c FROM @T", told(1087)),
            ("EXEC SP_GETAPPLOCK @Resource = 'x', @LockMode = 'Exclusive'", told(2812)),
            ("EXEC sys.SP_CERTIFICATE_ISSUERS", dotted(2812)),
            ("USE MSDB", told(911)),
            ("SELECT [Name] FROM sys.databases", told(207)),
            ("select name from sys.databases where name = N'master'", Vec::new()),
        ] {
            assert_eq!(numbers(text).await, expected, "{text} under {collation}");
        }
        assert_eq!(server.sign_in("SA", PASSWORD).await.is_none(), sensitive, "logins under {collation}");
    }
}

#[tokio::test]
async fn sessions_are_seen_while_they_live() {
    let server = Server::new("SQL_Latin1_General_CP1_CI_AS");
    let mut one = server.sign_in("sa", PASSWORD).await.unwrap();
    let two = server.sign_in("sa", PASSWORD).await.unwrap();
    let count = "SELECT COUNT(*) FROM sys.dm_exec_sessions WHERE is_user_process = 1";
    assert_eq!(run(&mut one, count).await.1, [Value::Int(2)]);
    drop(two);
    assert_eq!(run(&mut one, count).await.1, [Value::Int(1)]);
    let own = "USE Sales; SELECT DB_NAME(database_id), program_name, host_name FROM sys.dm_exec_sessions WHERE session_id \
               = @@SPID";
    let words = ["Sales", "tool", "desk"].map(|word| Value::Text(word.to_owned()));
    assert_eq!(run(&mut one, own).await.1, words);
    let came =
        "SELECT encrypt_option, client_tcp_port FROM sys.dm_exec_connections WHERE session_id = @@SPID";
    assert_eq!(run(&mut one, came).await.1, [Value::Text("TRUE".to_owned()), Value::Int(50000)]);
}

#[tokio::test]
async fn a_refused_view_sends_both_errors_and_catch_sees_the_last() {
    let server = Server::new("SQL_Latin1_General_CP1_CI_AS");
    let mut sa = server.sign_in("sa", PASSWORD).await.unwrap();
    let made = run(&mut sa, &format!("CREATE LOGIN other WITH PASSWORD = '{PASSWORD}'")).await;
    assert_eq!(made.0, Vec::<i32>::new());
    let mut other = server.sign_in("other", PASSWORD).await.unwrap();
    let (numbers, rows) = run(&mut other, "SELECT * FROM sys.dm_hadr_cluster").await;
    assert_eq!((numbers, rows), (vec![300, 297], Vec::new()));
    let caught =
        "BEGIN TRY SELECT * FROM sys.dm_hadr_cluster END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH";
    assert_eq!(run(&mut other, caught).await, (Vec::new(), vec![Value::Int(297)]));
}
