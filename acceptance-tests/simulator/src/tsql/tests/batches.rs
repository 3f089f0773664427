//! What a batch does, statement by statement.

use super::{Server, all, called, said};
use crate::tds::backend::{DataType, Parameter, Value};

#[tokio::test]
async fn nothing_runs_where_a_name_is_unknown() {
    all(&[
        ("PRINT 'a'; IF 1 = 0 SELECT nothing FROM sys.databases", "!207"),
        ("PRINT 'a'; IF 1 = 0 SELECT NO_FUNCTION(1)", "!195"),
        ("PRINT 'a'; SELECT @v", "!137"),
        ("PRINT 'a'; SELECT @v; DECLARE @v int", "!137"),
        ("PRINT 'a'; DECLARE @v int = @v", "!137"),
        ("PRINT 'a'; DECLARE @v int; IF 1 = 0 DECLARE @v int", "!134"),
        ("DECLARE @t table (a int); INSERT @t (b) VALUES (1)", "!207"),
        ("PRINT 'a'; BREAK", "!135"),
        ("PRINT 'a'; IF 1 = 0 CONTINUE", "!136"),
        ("PRINT 'a'; RETURN 1", "!178"),
        ("PRINT 'a'; THROW", "!10704"),
        ("PRINT 'a'; DECLARE @v int = SERVERPROPERTY('EngineEdition')", "!257"),
        ("PRINT 'a'; DECLARE @v varbinary(8) = 'a'", "!257"),
        ("PRINT 'a'; DECLARE @v date = 1", "!206"),
        ("PRINT 'a'; EXEC sp_getapplock 'a' OUTPUT", "!179"),
        ("PRINT 'a'; RAISERROR ('a' + 'b', 16, 1)", "!102"),
        ("SELEC 1", "!2812"),
    ])
    .await;
}

#[tokio::test]
async fn missing_tables_and_procedures_wait_until_they_are_reached() {
    all(&[
        ("PRINT 'a'; IF 1 = 0 SELECT * FROM missing; PRINT 'b'", r#""a" "b""#),
        ("PRINT 'a'; SELECT * FROM missing; PRINT 'b'", r#""a" !208"#),
        // A TRY of the same frame does not see it; one of the caller's does.
        ("BEGIN TRY SELECT * FROM missing END TRY BEGIN CATCH PRINT 'caught' END CATCH; PRINT 'b'", "!208"),
        (
            "BEGIN TRY EXEC ('SELECT * FROM missing') END TRY BEGIN CATCH PRINT 'caught' END CATCH; PRINT 'b'",
            r#""caught" "b""#,
        ),
        ("EXEC ('SELECT * FROM missing; PRINT 1'); PRINT 'b'", r#"!208 "b""#),
        ("EXEC missing; PRINT 'b'", r#"!2812 "b""#),
        ("BEGIN TRY EXEC missing END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH", "2812"),
        ("CREATE TABLE #t (a int); INSERT #t VALUES (1); SELECT a FROM #t", "1"),
        ("SELECT a FROM #t", "1"),
        // A table that was not there yet: its columns are looked for when the statement is reached.
        ("CREATE TABLE #u (a int); PRINT 'a'; SELECT b FROM #u; PRINT 'b'", r#""a" !207"#),
    ])
    .await;
}

#[tokio::test]
async fn errors_end_what_they_end() {
    all(&[
        // The statement.
        ("SELECT 1 / 0; PRINT 'b'", r#"!8134 "b""#),
        ("RAISERROR ('a', 16, 1); PRINT 'b'", r#"!50000 "b""#),
        ("EXEC ('SELECT 1 / 0; PRINT 1'); PRINT 'b'", r#"!8134 "1" "b""#),
        // The batch.
        ("THROW 50001, 'a', 1; PRINT 'b'", "!50001"),
        ("SELECT CAST('x' AS int); PRINT 'b'", "!245"),
        ("EXEC ('THROW 50001, N''a'', 1'); PRINT 'b'", "!50001"),
        // Under XACT_ABORT what ended a statement ends the batch, but not RAISERROR.
        ("SET XACT_ABORT ON; SELECT 1 / 0; PRINT 'b'", "!8134"),
        ("RAISERROR ('a', 16, 1); PRINT 'b'", r#"!50000 "b""#),
        ("SET XACT_ABORT OFF; SELECT 1 / 0; PRINT 'b'", r#"!8134 "b""#),
        // Text that does not compile ends only itself.
        ("EXEC ('SELECT'); PRINT 'b'", r#"!156 "b""#),
        ("EXEC ('PRINT 1; SELECT @v'); PRINT 'b'", r#"!137 "b""#),
    ])
    .await;
}

#[tokio::test]
async fn catch_sees_the_error_and_may_throw_it_again() {
    let functions = "SELECT ERROR_NUMBER(), ERROR_SEVERITY(), ERROR_STATE(), ERROR_LINE(), ERROR_PROCEDURE(), \
                     ERROR_MESSAGE(), @@ERROR";
    all(&[
        (
            &format!("BEGIN TRY\nTHROW 50001, 'a', 7\nEND TRY BEGIN CATCH {functions} END CATCH"),
            "50001 16 7 2 NULL a 50001",
        ),
        (
            &format!("BEGIN TRY RAISERROR ('a%d', 12, 3, 5) END TRY BEGIN CATCH {functions} END CATCH"),
            "50000 12 3 1 NULL a5 50000",
        ),
        (
            "BEGIN TRY RAISERROR ('a', 10, 3) PRINT 'b' END TRY BEGIN CATCH PRINT 'c' END CATCH",
            r#""a" "b""#,
        ),
        ("BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH THROW END CATCH; PRINT 'b'", "!8134"),
        (
            "BEGIN TRY BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH SELECT ERROR_NUMBER(); SELECT CAST('x' AS int) END CATCH \
             END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH; SELECT ERROR_NUMBER()",
            "8134 245 NULL",
        ),
        // An error of CATCH is none of its own TRY.
        ("BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH SELECT 2 / 0; PRINT 'b' END CATCH", r#"!8134 "b""#),
        // What is called from CATCH sees the error too; what is called from TRY is caught whole.
        ("BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH EXEC ('SELECT ERROR_NUMBER()') END CATCH", "8134"),
        (
            "BEGIN TRY EXEC ('SELECT 1 / 0; PRINT 1') END TRY BEGIN CATCH PRINT 'caught' END CATCH",
            r#""caught""#,
        ),
        ("BEGIN TRY EXEC ('SELECT') END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH", "156"),
        ("BEGIN TRY SELECT 1 END TRY BEGIN CATCH END CATCH", "1"),
        ("THROW 49999, 'a', 1", "!35100"),
        ("RAISERROR ('a', 19, 1)", "!2754"),
        ("RAISERROR (12999, 16, 1)", "!2732"),
        ("RAISERROR (50001, 16, 1)", "!18054"),
    ])
    .await;
}

#[tokio::test]
async fn counts_are_those_of_the_last_statement() {
    all(&[
        ("SELECT 1 UNION ALL SELECT 2; PRINT @@ROWCOUNT; SELECT @@ROWCOUNT", r#"1 2 "2" 0"#),
        ("DECLARE @v int = 5; SELECT @@ROWCOUNT; DECLARE @w int; SELECT @@ROWCOUNT", "1 1"),
        (
            "DECLARE @t table (a int); INSERT @t VALUES (1), (2); DECLARE @v int; SET @v = @@ROWCOUNT; SELECT @v",
            "2",
        ),
        ("SELECT 1 UNION ALL SELECT 2; IF 1 = 1 SELECT @@ROWCOUNT", "1 2 0"),
        ("SELECT 1 / 0; SELECT @@ERROR; SELECT @@ERROR", "!8134 8134 0"),
        ("SELECT 1 / 0; IF @@ERROR = 8134 SELECT @@ERROR", "!8134 0"),
        ("RAISERROR ('a', 5, 1) WITH SETERROR; SELECT @@ERROR", r#""a" 50000"#),
        ("RAISERROR ('a', 5, 1) WITH NOWAIT; SELECT @@ERROR", r#""a" 0"#),
        ("DECLARE @i int = 0; WHILE @i < 2 SET @i += 1; SELECT @@ROWCOUNT", "0"),
        ("PRINT NULL; PRINT 5", r#"" " "5""#),
    ])
    .await;
}

#[tokio::test]
async fn loops_jumps_and_returns() {
    all(&[
        (
            "DECLARE @i int = 0; WHILE @i < 9 BEGIN SET @i += 1; IF @i = 2 CONTINUE; IF @i = 4 BREAK; PRINT @i END; PRINT 'e'",
            r#""1" "3" "e""#,
        ),
        ("PRINT 'a'; GOTO there; PRINT 'b'; there: PRINT 'c'", r#""a" "c""#),
        ("DECLARE @i int = 0; again: SET @i += 1; IF @i < 3 GOTO Again; PRINT @i", r#""3""#),
        ("WHILE 1 = 1 BEGIN PRINT 'a'; GOTO done END; done: PRINT 'b'", r#""a" "b""#),
        ("PRINT 'a'; GOTO nowhere", "!133"),
        ("a: PRINT 'a'; A: PRINT 'b'", "!132"),
        ("GOTO a; BEGIN TRY a: PRINT 'a' END TRY BEGIN CATCH END CATCH", "!1026"),
        // Into blocks, branches and loops, whose conditions are not asked then.
        ("GOTO a; PRINT 'b'; BEGIN PRINT 'c'; a: PRINT 'a' END; PRINT 'd'", r#""a" "d""#),
        ("GOTO a; IF 1 = 0 BEGIN PRINT 'x'; a: PRINT 'a' END ELSE PRINT 'e'; PRINT 'f'", r#""a" "f""#),
        ("GOTO a; IF 1 = 1 PRINT 'x' ELSE BEGIN a: PRINT 'a' END", r#""a""#),
        (
            "DECLARE @i int = 5; GOTO a; WHILE @i < 7 BEGIN PRINT 'b'; a: PRINT @i; SET @i += 1 END",
            r#""5" "b" "6""#,
        ),
        (
            "DECLARE @i int = 0; IF @i = 0 BEGIN GOTO b END; BEGIN PRINT 'x'; b: SET @i += 1; PRINT @i END",
            r#""1""#,
        ),
        ("BEGIN TRY GOTO a; PRINT 'x'; BEGIN a: PRINT 'a' END END TRY BEGIN CATCH END CATCH", r#""a""#),
        ("PRINT 'a'; IF 1 = 1 RETURN; PRINT 'b'", r#""a""#),
        ("EXEC ('PRINT 1; RETURN; PRINT 2'); PRINT 'c'", r#""1" "c""#),
        // A variable is declared once, however often its DECLARE is reached.
        (
            "DECLARE @i int = 0; WHILE @i < 3 BEGIN DECLARE @n int; SET @n = ISNULL(@n, 0) + 1; SET @i += 1 END; SELECT @n",
            "3",
        ),
    ])
    .await;
}

#[tokio::test]
async fn texts_have_frames_of_their_own() {
    all(&[
        ("DECLARE @v int = 1; EXEC ('SELECT @v')", "!137"),
        ("DECLARE @v int = 1; EXEC ('DECLARE @v int = 2; SELECT @v'); SELECT @v", "2 1"),
        ("EXEC ('USE Sales; SELECT DB_NAME()'); SELECT DB_NAME()", "in Sales Sales in master master"),
        ("EXEC ('SET XACT_ABORT ON; SET NOCOUNT ON'); SELECT @@OPTIONS & 16384, @@OPTIONS & 512", "0 0"),
        ("EXEC ('CREATE TABLE #inner (a int)'); SELECT * FROM #inner", "!208"),
        ("CREATE TABLE #t (a int); EXEC ('INSERT #t VALUES (1)'); SELECT a FROM #t", "1"),
        (
            "SELECT @@NESTLEVEL; EXEC ('SELECT @@NESTLEVEL'); EXEC sp_executesql N'SELECT @@NESTLEVEL'",
            "0 1 2",
        ),
        (
            "DECLARE @s nvarchar(100) = N'SET @b = @a * 2; SET @a = 9', @r int, @rc int; \
             EXEC @rc = sp_executesql @s, N'@a int, @b int OUTPUT', @a = 4, @b = @r OUTPUT; SELECT @r, @rc",
            "8 0",
        ),
        ("DECLARE @rc int; EXEC @rc = sp_executesql N'SELECT 1 / 0'; SELECT @rc", "!8134 8134"),
        ("EXEC sp_executesql N'SELECT @a', N'@a int'", "!8178"),
        ("EXEC sp_executesql N'SELECT 1', N'@a int', @a = 1, @b = 2", "!8145"),
        ("EXEC sp_executesql N'SELECT 1', N'@a int', 1, 2", "!8144"),
        ("DECLARE @v int; EXEC sp_executesql N'SELECT 1', N'@a int', @v OUTPUT", "!8162"),
        ("EXEC sp_executesql 'SELECT 1'", "!214"),
        ("DECLARE @p sysname = N'sp_executesql'; EXEC @p N'SELECT 5'", "5"),
        ("DECLARE @s varchar(max) = 'SELECT '; EXEC (@s + '6'); EXEC ('')", "6"),
    ])
    .await;
}

/// 32 frames of a build without optimisation nearly fill the stack of a test's thread; this one's is larger.
#[test]
fn a_text_that_calls_itself_is_ended() {
    let calls = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_server, mut session) = Server::usual().await;
            let text = "DECLARE @s nvarchar(200) = N'EXEC sp_executesql @s, N''@s nvarchar(200)'', @s'; \
                        EXEC sp_executesql @s, N'@s nvarchar(200)', @s; PRINT 'b'";
            assert_eq!(said(&mut session, text).await, r#"!217 "b""#);
        });
    };
    std::thread::Builder::new().stack_size(8 << 20).spawn(calls).unwrap().join().unwrap();
}

#[tokio::test]
async fn transactions_are_counted_doomed_and_rolled_back() {
    all(&[
        (
            "BEGIN TRAN; BEGIN TRAN; SELECT @@TRANCOUNT, XACT_STATE(); COMMIT; SELECT @@TRANCOUNT; ROLLBACK",
            "2 1 1",
        ),
        ("COMMIT", "!3902"),
        ("ROLLBACK", "!3903"),
        ("SAVE TRAN s", "!628"),
        (
            "CREATE TABLE #t (a int); BEGIN TRAN; INSERT #t VALUES (1); SAVE TRAN s; INSERT #t VALUES (2); ROLLBACK TRAN s; \
             SELECT a FROM #t; SELECT @@TRANCOUNT; ROLLBACK; SELECT COUNT(*) FROM #t",
            "1 1 0",
        ),
        ("BEGIN TRAN; ROLLBACK TRAN nowhere; ROLLBACK", "!6401"),
        ("DECLARE @t table (a int); BEGIN TRAN; INSERT @t VALUES (1); ROLLBACK; SELECT a FROM @t", "1"),
        // A conversion that fails dooms; anything else does so under XACT_ABORT.
        (
            "BEGIN TRAN; BEGIN TRY SELECT CAST('x' AS int) END TRY BEGIN CATCH SELECT XACT_STATE() END CATCH; \
             BEGIN TRY INSERT #t VALUES (1) END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH; ROLLBACK; SELECT XACT_STATE()",
            "-1 3930 0",
        ),
        ("BEGIN TRAN; BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH SELECT XACT_STATE() END CATCH; COMMIT", "1"),
        (
            "SET XACT_ABORT ON; BEGIN TRAN; BEGIN TRY RAISERROR ('a', 16, 1) END TRY BEGIN CATCH SELECT XACT_STATE() END CATCH",
            "-1 !3998",
        ),
        ("SELECT @@TRANCOUNT; SET XACT_ABORT OFF", "0"),
        ("BEGIN TRAN; SELECT CAST('x' AS int)", "!245"),
        ("SELECT @@TRANCOUNT", "0"),
        ("BEGIN TRAN; EXEC ('COMMIT'); SELECT @@TRANCOUNT", "!266 0"),
        ("EXEC ('BEGIN TRAN'); SELECT @@TRANCOUNT; ROLLBACK", "!266 1"),
        (
            "SET IMPLICIT_TRANSACTIONS ON; SELECT @@TRANCOUNT; INSERT #t VALUES (1); SELECT @@TRANCOUNT",
            "0 1",
        ),
        ("ROLLBACK; SET IMPLICIT_TRANSACTIONS OFF; SELECT @@TRANCOUNT", "0"),
        ("BEGIN TRAN; CREATE DATABASE x; ROLLBACK", "!226"),
        ("BEGIN TRAN; DROP DATABASE Sales; ROLLBACK", "!574"),
        ("BEGIN TRAN; BACKUP DATABASE Sales TO DISK = N'x'; ROLLBACK", "!3021"),
        ("BEGIN TRAN; ALTER AUTHORIZATION ON ENDPOINT::hadr TO sa; ROLLBACK", "!49999"),
    ])
    .await;
}

#[tokio::test]
async fn tables_of_the_session_take_rows_as_tables_do() {
    let ended = r#""The statement has been terminated.""#;
    all(&[
        (
            "DECLARE @t table (id int IDENTITY(5, 2), a nvarchar(3) NOT NULL, b int DEFAULT 7); \
             INSERT @t (a) VALUES ('x'), (N'abc  '); INSERT INTO @t (a, b) SELECT 'z', '8'; SELECT id, a, b FROM @t",
            "5 x 7 7 abc 7 9 z 8",
        ),
        (
            "DECLARE @t table (a int IDENTITY, b int DEFAULT 3); INSERT @t DEFAULT VALUES; SELECT a, b FROM @t",
            "1 3",
        ),
        (
            "DECLARE @t table (a nvarchar(2)); INSERT @t VALUES ('abc'); SELECT COUNT(*) FROM @t",
            &format!("!2628 {ended} 0"),
        ),
        ("DECLARE @t table (a int NOT NULL); INSERT @t VALUES (NULL)", &format!("!515 {ended}")),
        ("DECLARE @t table (a int); PRINT 'a'; INSERT @t VALUES (1, 2)", "!213"),
        ("DECLARE @t table (a int, b int); PRINT 'a'; INSERT @t (a, b) VALUES (1)", "!109"),
        ("DECLARE @t table (a int, b int); PRINT 'a'; INSERT @t (a) SELECT 1, 2", "!121"),
        ("DECLARE @t table (a int IDENTITY, b int); PRINT 'a'; INSERT @t VALUES (1, 2)", "!8101"),
        ("DECLARE @t table (a int IDENTITY, b int); PRINT 'a'; INSERT @t (a, b) VALUES (1, 2)", "!544"),
        (
            "DECLARE @t table (a int, b int); INSERT @t VALUES (1, 1), (2, 2), (3, 3); UPDATE @t SET a = a * 10, b = a WHERE a > 1; \
             SELECT @@ROWCOUNT; DELETE FROM @t WHERE b = 2; SELECT @@ROWCOUNT; SELECT a, b FROM @t",
            "2 1 1 1 30 3",
        ),
        ("DECLARE @t table (a int IDENTITY); INSERT @t DEFAULT VALUES; UPDATE @t SET a = 1", &format!("!8102 {ended}")),
        ("UPDATE sys.databases SET name = 'x'", "!259"),
        ("DELETE missing; PRINT 'b'", "!208"),
        ("SELECT 1 AS a INTO #s; SELECT 1 AS a INTO #s", "!2714"),
        ("SELECT a FROM #s; DROP TABLE #s; DROP TABLE IF EXISTS #s; DROP TABLE #s", "1 !3701"),
        ("SELECT 1 INTO #s", "!1038"),
    ])
    .await;
}

#[tokio::test]
async fn insert_exec_keeps_what_a_text_returned() {
    let ended = r#""The statement has been terminated.""#;
    all(&[
        (
            "DECLARE @t table (a int, b nvarchar(5)); INSERT @t EXEC ('SELECT 1, 11; SELECT 2, 12'); SELECT @@ROWCOUNT; \
             SELECT a, b FROM @t",
            "2 1 11 2 12",
        ),
        (
            "DECLARE @t table (a int); INSERT @t EXEC sp_executesql N'SELECT @p', N'@p int', 4; SELECT a FROM @t",
            "4",
        ),
        (
            "DECLARE @t table (a int); INSERT @t EXEC ('SELECT 1, 2'); SELECT COUNT(*) FROM @t",
            &format!("!213 {ended} 0"),
        ),
        (
            "DECLARE @t table (a int); INSERT @t EXEC ('SELECT 1; SELECT 1 / 0; SELECT 2'); SELECT a FROM @t",
            "!8134 1 2",
        ),
        (
            "DECLARE @t table (a int); INSERT @t EXEC ('SELECT 1; SELECT * FROM missing; SELECT 2'); SELECT a FROM @t",
            "!208 1",
        ),
        (
            "DECLARE @t table (a int); INSERT @t EXEC ('CREATE TABLE #x (a int); INSERT #x EXEC (''SELECT 1''); SELECT 3'); \
             SELECT a FROM @t",
            &format!("!8164 {ended} 3"),
        ),
        (
            "DECLARE @t table (a int); BEGIN TRY INSERT @t EXEC ('SELECT 1; SELECT 1 / 0') END TRY BEGIN CATCH PRINT 'c' END CATCH; \
             SELECT COUNT(*) FROM @t",
            r#""c" 0"#,
        ),
        (
            "DECLARE @t table (d numeric(9, 2)); INSERT @t EXEC ('SELECT 1.25'); SELECT CAST(d AS nvarchar(9)) FROM @t",
            "1.25",
        ),
        (
            "DECLARE @t table (id int, dns nvarchar(128)); INSERT @t EXEC sys.sp_certificate_issuers; SELECT COUNT(*) FROM @t",
            "1",
        ),
    ])
    .await;
}

#[tokio::test]
async fn calls_return_their_status_and_output_parameters() {
    let (_server, mut session) = Server::usual().await;
    let text = |text: &str| Parameter {
        name: String::new(),
        data_type: DataType::NVarChar(None),
        value: Value::Text(text.to_owned()),
        output: false,
    };
    let number = |name: &str, value, output| Parameter {
        name: name.to_owned(),
        data_type: DataType::Int,
        value: Value::Int(value),
        output,
    };
    let parameters = vec![
        text("SELECT @a; SELECT 1 / 0; SET @b = @a + 1"),
        text("@a int, @b int OUTPUT"),
        number("@a", 4, false),
        number("@b", 0, true),
    ];
    assert_eq!(called(&mut session, "sp_executesql", parameters).await, "4 !8134 =0 @b=5");
    let parameters = vec![text("THROW 50001, 'a', 1")];
    assert_eq!(called(&mut session, "sp_executesql", parameters).await, "!50001");
    // A temporary table of a call ends with it.
    let parameters = vec![text("SELECT 1 AS a INTO #t; SELECT a FROM #t")];
    assert_eq!(called(&mut session, "sp_executesql", parameters).await, "1 =0");
    assert_eq!(said(&mut session, "SELECT a FROM #t").await, "!208");
}

#[tokio::test]
async fn waits_are_on_the_worlds_clock() {
    let (server, mut session) = Server::usual().await;
    for (text, expected) in [
        ("PRINT 'a'; WAITFOR DELAY 'soon'", "!148"),
        ("PRINT 'a'; WAITFOR DELAY '25:00:00'", "!148"),
        ("DECLARE @d varchar(9) = 'soon'; WAITFOR DELAY @d; PRINT 'b'", "!241"),
        ("DECLARE @d time = '00:00:01'; WAITFOR DELAY @d; PRINT 'b'", r#"!9815 "b""#),
        ("DECLARE @d varchar(9); WAITFOR DELAY @d; WAITFOR DELAY ''; PRINT 'b'", r#""b""#),
    ] {
        assert_eq!(said(&mut session, text).await, expected, "{text}");
    }
    // The world stands still: an hour is over when somebody says so.
    let waiting = tokio::spawn(async move { said(&mut session, "WAITFOR DELAY '01:00'; PRINT 'b'").await });
    while !waiting.is_finished() {
        server.world.with(|estate| estate.clock.advance(std::time::Duration::from_secs(600)));
        tokio::task::yield_now().await;
    }
    assert_eq!(waiting.await.unwrap(), r#""b""#);
}

#[tokio::test]
async fn application_locks_are_codes_and_few_errors() {
    let take = |arguments: &str| format!("DECLARE @r int; EXEC @r = sp_getapplock {arguments}; SELECT @r");
    let (server, mut one) = Server::usual().await;
    let mut two = server.sign_in("sa", super::PASSWORD).await.unwrap();
    let shared = take("'r', 'Shared', 'Session', 0");
    let exclusive = take("'r', 'Exclusive', 'Session', 0");
    assert_eq!(said(&mut one, &shared).await, "0");
    assert_eq!(said(&mut two, &shared).await, "0");
    assert_eq!(said(&mut two, &exclusive).await, "-1");
    let release = "EXEC sp_releaseapplock 'r', 'Session'";
    assert_eq!(said(&mut one, release).await, "");
    assert_eq!(said(&mut one, release).await, "!1223");
    assert_eq!(said(&mut two, &exclusive).await, "0");
    // Another database has other locks.
    assert_eq!(said(&mut one, &format!("USE Sales; {exclusive}")).await, "in Sales 0");
    for (arguments, expected) in [
        ("'t', 'Exclusive'", "-999"),
        ("'t', 'Nothing', 'Session'", "-999"),
        ("'t', 'Exclusive', 'Nobody'", "-999"),
        ("@LockMode = 'Exclusive'", "-999"),
        ("NULL, 'Exclusive', 'Session'", "!1224 NULL"),
        ("'t', 'Exclusive', 'Session', -2", "!1227 NULL"),
        ("'t', 'Exclusive', 'Session', 0, 'nobody'", "!1202 NULL"),
        ("'t'", "!201 NULL"),
    ] {
        assert_eq!(said(&mut one, &take(arguments)).await, expected, "{arguments}");
    }
    // What belongs to a transaction ends with it.
    let within = take("'t', 'Exclusive', 'Transaction', 0");
    assert_eq!(said(&mut one, &format!("BEGIN TRAN; {within}")).await, "0");
    assert_eq!(said(&mut two, &format!("USE Sales; BEGIN TRAN; {within}; ROLLBACK")).await, "in Sales -1");
    assert_eq!(said(&mut one, "COMMIT").await, "");
    assert_eq!(said(&mut two, &format!("BEGIN TRAN; {within}; ROLLBACK")).await, "0");
}

#[tokio::test]
async fn options_are_configured_and_reconfigured() {
    let value = "SELECT CAST(value AS int), CAST(value_in_use AS int) FROM sys.configurations WHERE name = \
                 'max degree of parallelism'";
    let changed = |name: &str, from: u8, to: u8| {
        format!(
            "{:?}",
            format!(
                "Configuration option '{name}' changed from {from} to {to}. Run the RECONFIGURE statement to install."
            )
        )
    };
    all(&[
        ("EXEC sp_configure 'max degree of parallelism', 4", "!15123"),
        ("EXEC sp_configure 'show advanced', 1", &changed("show advanced options", 0, 1)),
        ("EXEC sp_configure 'max degree of parallelism', 4", "!15123"),
        ("RECONFIGURE; EXEC sp_configure 'max degree of parallelism', 4", &changed("max degree of parallelism", 0, 4)),
        (value, "4 0"),
        ("EXEC sp_configure 'max degree of parallelism'", "max degree of parallelism 0 32767 4 0"),
        ("RECONFIGURE WITH OVERRIDE", ""),
        (value, "4 4"),
        ("EXEC sp_configure 'max degree of parallelism', 40000", "!15129"),
        ("EXEC sp_configure 'remote', 1", "!15124"),
        ("EXEC sp_configure 'nothing'", "!15123"),
        ("BEGIN TRAN; RECONFIGURE; ROLLBACK", "!574"),
        // An option that needs a restart is not in use before it.
        ("EXEC sp_configure 'c2 audit mode', 1; RECONFIGURE", &changed("c2 audit mode", 0, 1)),
        ("SELECT CAST(value AS int), CAST(value_in_use AS int) FROM sys.configurations WHERE name = 'c2 audit mode'", "1 0"),
    ])
    .await;
    let (server, mut sa) = Server::usual().await;
    said(&mut sa, &format!("CREATE LOGIN other WITH PASSWORD = '{}'", super::PASSWORD)).await;
    let mut other = server.sign_in("other", super::PASSWORD).await.unwrap();
    assert_eq!(
        said(&mut other, "EXEC sp_configure 'show advanced options', 1; RECONFIGURE").await,
        "!15247 !5812"
    );
    assert_eq!(
        said(&mut other, "EXEC sp_configure 'show advanced options'").await,
        "show advanced options 0 1 0 0"
    );
}
