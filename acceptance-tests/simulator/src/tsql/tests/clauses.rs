//! Clauses and options: each works, or is refused with its number; none is read and forgotten where it would matter.

use super::{Server, all, said};

#[tokio::test]
async fn options_of_the_session_work_or_are_refused() {
    all(&[
        ("SET ROWCOUNT 2; SELECT v FROM (VALUES (1), (2), (3)) AS t (v)", "1 2"),
        ("DECLARE @n int = 1; SET ROWCOUNT @n; SELECT v FROM (VALUES (1), (2)) AS t (v)", "1"),
        (
            "CREATE TABLE #t (a int); INSERT #t SELECT v FROM (VALUES (1), (2)) AS t (v); SET ROWCOUNT 0; \
             SELECT COUNT(*) FROM #t; INSERT #t VALUES (1), (1); SET ROWCOUNT 2; UPDATE #t SET a = 5; SET ROWCOUNT 0; \
             SELECT a FROM #t; SET ROWCOUNT 1; DELETE #t; SET ROWCOUNT 0; SELECT COUNT(*) FROM #t; DROP TABLE #t",
            "1 5 5 1 2",
        ),
        ("SET ROWCOUNT -1", "!507"),
        ("SET TEXTSIZE 4; SELECT CAST('abcdef' AS varchar(max)), CAST(N'abcdef' AS nvarchar(max)), 'abcdef'", "abcd ab abcdef"),
        ("SELECT @@TEXTSIZE; SET TEXTSIZE 2147483647; SELECT CAST('abcdef' AS varchar(max))", "4 abcdef"),
        ("SET CONTEXT_INFO 0x0102; SELECT LEN(CONTEXT_INFO()), SUBSTRING(CONTEXT_INFO(), 1, 2)", "128 Bytes([1, 2])"),
        ("SELECT COUNT(*) FROM sys.dm_exec_sessions WHERE session_id = @@SPID AND context_info = CONTEXT_INFO()", "1"),
        (
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; \
             SELECT transaction_isolation_level FROM sys.dm_exec_sessions WHERE session_id = @@SPID",
            "4",
        ),
        ("SET ARITHABORT ON; SELECT @@OPTIONS & 64, SESSIONPROPERTY('ARITHABORT')", "64 1"),
        ("SET ARITHABORT, CURSOR_CLOSE_ON_COMMIT OFF; SELECT @@OPTIONS & 68, SESSIONPROPERTY('ARITHABORT')", "0 0"),
        ("SET LANGUAGE us_english", r#""Changed language setting to us_english.""#),
        ("SET NOEXEC ON", ""),
        ("PRINT 'a'; SELECT 1", ""),
        ("SELECT nothing FROM sys.databases", "!207"),
        ("SET NOEXEC OFF; PRINT 'b'", r#""b""#),
        ("SET PARSEONLY ON; PRINT 'a'", ""),
        ("SELECT nothing FROM sys.databases", ""),
        ("SELECT FROM", "!156"),
        ("SET PARSEONLY OFF", ""),
        ("SET PARSEONLY ON; PRINT 'a'; SET PARSEONLY OFF", r#""a""#),
        ("SET FMTONLY ON; PRINT 'a'; SELECT 1; SET FMTONLY OFF; SELECT 2", "2"),
        ("SET DATEFIRST 7; SET DATEFORMAT mdy", ""),
        ("SET DATEFIRST 8", "!2742"),
        ("SET DATEFORMAT xyz", "!2741"),
        ("SET NO_SUCH_OPTION ON", "!195"),
        ("SET TRANSACTION ISOLATION LEVEL NONSENSE", "!102"),
    ])
    .await;
    let (_server, mut session) = Server::usual().await;
    for option in [
        "ANSI_DEFAULTS OFF",
        "ANSI_NULLS OFF",
        "ANSI_NULL_DFLT_OFF ON",
        "ANSI_NULL_DFLT_ON OFF",
        "ANSI_PADDING OFF",
        "ANSI_WARNINGS OFF",
        "ARITHIGNORE ON",
        "CONCAT_NULL_YIELDS_NULL OFF",
        "DATEFIRST 1",
        "DATEFORMAT dmy",
        "LANGUAGE Deutsch",
        "NUMERIC_ROUNDABORT ON",
        "QUOTED_IDENTIFIER OFF",
        "SHOWPLAN_XML ON",
        "STATISTICS IO ON",
        "STATISTICS XML ON",
    ] {
        assert_eq!(said(&mut session, &format!("SET {option}; SELECT 1")).await, "!49999", "{option}");
    }
}

#[tokio::test]
async fn columns_without_rows_under_fmtonly() {
    use crate::tds::backend::{Event, Request, Session as _};
    let (_server, mut session) = Server::usual().await;
    let (sender, mut events) = tokio::sync::mpsc::channel(100);
    let batch = "SET FMTONLY ON; IF 1 = 0 SELECT name, database_id FROM sys.databases ELSE SELECT 1 AS a; SET FMTONLY OFF";
    session.run(Request::Batch(batch.to_owned()), &sender, &tokio_util::sync::CancellationToken::new()).await;
    drop(sender);
    let mut names = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            Event::Columns(columns) => names.extend(columns.into_iter().map(|column| column.name)),
            Event::Row(row) => panic!("{row:?}"),
            _ => {}
        }
    }
    assert_eq!(names, ["name", "database_id", "a"]);
}

#[tokio::test]
async fn clauses_of_queries_work_or_are_refused() {
    const DATABASES: &str = "SELECT COUNT(*) FROM sys.databases";
    let ones = format!("{DATABASES} WHERE database_id < 5");
    let (_server, mut session) = Server::usual().await;
    for (text, expected) in [
        // Hints that change no result.
        (format!("{ones} OPTION (RECOMPILE, MAXDOP 1, USE HINT ('FORCE_LEGACY_CARDINALITY_ESTIMATION'))"), "4"),
        (format!("{ones} OPTION (HASH JOIN, FAST 10, OPTIMIZE FOR UNKNOWN, MAX_GRANT_PERCENT = 10.5)"), "4"),
        ("SELECT COUNT(*) FROM sys.databases WITH (NOLOCK) WHERE database_id < 5".to_owned(), "4"),
        ("SELECT COUNT(*) FROM sys.databases (NOLOCK) WHERE database_id < 5".to_owned(), "4"),
        ("SELECT COUNT(*) FROM sys.databases AS d WITH (UPDLOCK, ROWLOCK) WHERE d.database_id < 5".to_owned(), "4"),
        // Those that are none.
        (format!("{ones} OPTION (NO_SUCH_HINT)"), "!102"),
        (format!("{ones} OPTION (USE HINT ('NO_SUCH_HINT'))"), "!10715"),
        (format!("{ones} OPTION (RECOMPILE"), "!102"),
        ("SELECT 1 FROM sys.databases WITH (NO_SUCH_HINT)".to_owned(), "!321"),
        ("SELECT 1 FROM sys.databases WITH (INDEX (1))".to_owned(), "!49999"),
        ("SELECT 1 FROM sys.databases WITH (NOEXPAND)".to_owned(), "!49999"),
        ("SELECT 1 FROM sys.databases TABLESAMPLE (10 PERCENT)".to_owned(), "!494"),
        // Order where nothing is cut.
        ("SELECT 1 FROM (SELECT name FROM sys.databases ORDER BY name) AS d".to_owned(), "!1033"),
        ("WITH d AS (SELECT name FROM sys.databases ORDER BY name) SELECT 1 FROM d".to_owned(), "!1033"),
        ("SELECT 1 WHERE 1 IN (SELECT database_id FROM sys.databases ORDER BY 1)".to_owned(), "!1033"),
        ("SELECT x FROM (SELECT TOP 1 database_id AS x FROM sys.databases ORDER BY 1) AS d".to_owned(), "1"),
        (
            "SELECT x FROM (SELECT database_id AS x FROM sys.databases ORDER BY 1 OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY) AS d"
                .to_owned(),
            "2",
        ),
        ("SELECT name FROM sys.databases OFFSET 1 ROWS".to_owned(), "!102"),
        ("SELECT name FROM sys.databases ORDER BY 1 FETCH NEXT 1 ROWS ONLY".to_owned(), "!153"),
        ("SELECT name FROM sys.databases ORDER BY 1 OFFSET 0 ROWS FETCH NEXT 1 ROWS WITH TIES".to_owned(), "!49999"),
        ("SELECT DISTINCT state FROM sys.databases ORDER BY name".to_owned(), "!145"),
        ("SELECT DISTINCT state FROM sys.databases ORDER BY state".to_owned(), "0"),
        ("SELECT DISTINCT d.state AS s FROM sys.databases AS d ORDER BY d.state".to_owned(), "0"),
        ("SELECT DISTINCT state + 1 FROM sys.databases ORDER BY state + 1".to_owned(), "1"),
        ("SELECT DISTINCT state + 1 FROM sys.databases ORDER BY state".to_owned(), "!145"),
        ("SELECT DISTINCT TOP 1 WITH TIES d.state AS s FROM sys.databases AS d ORDER BY d.state".to_owned(), "0"),
        ("SELECT DISTINCT TOP 1 state FROM sys.databases AS d ORDER BY d.name".to_owned(), "!145"),
        ("SELECT DISTINCT state FROM sys.databases ORDER BY name OFFSET 0 ROWS".to_owned(), "!145"),
        ("SELECT x FROM (SELECT DISTINCT TOP 1 state AS x FROM sys.databases ORDER BY name) AS d".to_owned(), "!145"),
        ("SELECT TOP (-1) name FROM sys.databases".to_owned(), "!127"),
        ("DECLARE @n int; SELECT TOP (@n) name FROM sys.databases".to_owned(), "!1060"),
        ("DECLARE @n int = 0; SELECT TOP (@n) name FROM sys.databases".to_owned(), ""),
        ("SELECT name FROM sys.databases ORDER BY 1 OFFSET -1 ROWS".to_owned(), "!10742"),
        ("SELECT name FROM sys.databases ORDER BY 1 OFFSET 0 ROWS FETCH NEXT 0 ROWS ONLY".to_owned(), "!10744"),
        // Collations.
        ("SELECT 1 WHERE 'a' COLLATE Latin1_General_BIN2 = 'A'".to_owned(), ""),
        ("SELECT 1 WHERE 'a' = 'A' COLLATE DATABASE_DEFAULT".to_owned(), "1"),
        ("SELECT 'a' COLLATE Nonsense".to_owned(), "!448"),
        ("SELECT 1 COLLATE Latin1_General_BIN2".to_owned(), "!447"),
        // JSON and XML.
        ("SELECT 1 AS a FOR JSON PATH".to_owned(), r#"[{"a":1}]"#),
        ("SELECT 1 FOR JSON PATH".to_owned(), "!13605"),
        ("SELECT 1 AS a, 2 AS a FOR JSON PATH".to_owned(), "!13601"),
        ("SELECT 1 AS a, 2 AS [a.b] FOR JSON PATH".to_owned(), "!13601"),
        ("SELECT 1 AS a FOR JSON AUTO".to_owned(), "!49999"),
        ("SELECT 1 AS a FOR JSON PATH, ROOT ('r')".to_owned(), "!49999"),
        ("SELECT 1 AS a FOR XML PATH".to_owned(), "<row><a>1</a></row>"),
        ("SELECT 1 AS a FOR XML PATH ('r'), ROOT".to_owned(), "<root><r><a>1</a></r></root>"),
        ("SELECT 1 AS a FOR XML PATH, ELEMENTS XSINIL".to_owned(), "!49999"),
        // What other databases write.
        ("WITH RECURSIVE d AS (SELECT 1 AS a) SELECT a FROM d".to_owned(), "!102"),
        ("SELECT LEN(DISTINCT 'a')".to_owned(), "!102"),
        ("SELECT SUM(v) OVER (ORDER BY v GROUPS 1 PRECEDING) FROM (VALUES (1)) AS t (v)".to_owned(), "!102"),
        ("SELECT SYSUTCDATETIME() AT TIME ZONE 'UTC'".to_owned(), "!49999"),
        // Styles of CONVERT.
        ("SELECT CONVERT(varchar(10), CONVERT(date, '01/02/2030', 103), 23)".to_owned(), "2030-02-01"),
        ("SELECT CONVERT(varchar(10), CONVERT(datetime, '01.02.2030', 104), 112)".to_owned(), "20300201"),
        ("SELECT TRY_CONVERT(date, '2030-02-01', 103)".to_owned(), "NULL"),
        ("SELECT CONVERT(varchar(30), CONVERT(date, CONVERT(datetime, '20300201'), 103))".to_owned(), "2030-02-01"),
        ("SELECT CAST(1e20 AS varchar(30))".to_owned(), "1e+020"),
        ("SELECT 'x' + CAST(CAST(0.1 AS float) AS varchar(30))".to_owned(), "x0.1"),
    ] {
        assert_eq!(said(&mut session, &text).await, expected, "{text}");
    }
}

#[tokio::test]
async fn names_have_128_characters_at_most() {
    let (_server, mut session) = Server::usual().await;
    let (longest, longer) = ("n".repeat(128), "n".repeat(129));
    for statement in [
        "SELECT 1 AS {}",
        "SELECT 1 {}",
        "SELECT 1 AS [{}]",
        "SELECT x FROM (SELECT 1 AS x) AS {}",
        "SELECT {} FROM (SELECT 1) AS t ({})",
        "WITH {} AS (SELECT 1 AS a) SELECT a FROM {}",
        "DECLARE @t TABLE ({} int)",
        "EXEC sp_executesql N'SELECT 1 AS {}'",
    ] {
        let of = |name: &str| statement.replace("{}", name);
        assert!(!said(&mut session, &of(&longest)).await.contains('!'), "{statement}");
        assert_eq!(said(&mut session, &of(&longer)).await, "!103", "{statement}");
    }
    let texts = super::errors(&mut session, &format!("SELECT 1;\nSELECT 1 AS {longer}")).await;
    assert_eq!(
        texts,
        [format!("The identifier that starts with '{longest}' is too long. Maximum length is 128.")]
    );
    // The first thing that is wrong counts.
    assert_eq!(said(&mut session, &format!("SELECT FROM; SELECT 1 AS {longer}")).await, "!156");
    assert_eq!(said(&mut session, &format!("SELECT 1 AS {longer}; SELECT FROM")).await, "!103");
}

#[tokio::test]
async fn clauses_of_changes_work_or_are_refused() {
    all(&[
        ("CREATE TABLE #t (a int, b int DEFAULT 5); INSERT INTO #t WITH (TABLOCK) VALUES (1, 1)", ""),
        (
            "UPDATE #t WITH (ROWLOCK) SET a += 2, b -= 1 WHERE a = 1 OPTION (MAXDOP 1); SELECT a, b FROM #t",
            "3 0",
        ),
        ("DECLARE @v int; UPDATE #t SET @v = a = 1", "!49999"),
        ("UPDATE #t WITH (NO_SUCH_HINT) SET a = 1", "!102"),
        ("DELETE #t WITH (TABLOCK) WHERE a = 3; SELECT COUNT(*) FROM #t", "0"),
        ("BEGIN TRAN; COMMIT TRANSACTION WITH (DELAYED_DURABILITY = ON); SELECT @@TRANCOUNT", "0"),
        ("CREATE USER nobody WITHOUT LOGIN", ""),
        ("CREATE USER other WITH DEFAULT_SCHEMA = sales", "!49999"),
        ("EXEC ('SELECT 1') AT somewhere", "!49999"),
        ("EXEC ('SELECT 1') AS USER = 'dbo'", "!156"),
    ])
    .await;
}

#[tokio::test]
async fn texts_are_parsed_as_americans_write_them() {
    let (_server, mut session) = Server::usual().await;
    for (expression, expected) in [
        ("PARSE('1,234' AS int)", "1234"),
        ("PARSE(' 12- ' AS int USING 'en-US')", "-12"),
        ("PARSE('5.00' AS smallint)", "5"),
        ("PARSE('5.5' AS int)", "!9819"),
        ("PARSE('300' AS tinyint)", "!9819"),
        ("PARSE(N'1e3' AS float)", "1000"),
        ("PARSE('1e3' AS int)", "!9819"),
        ("CAST(PARSE('-1,234.567' AS decimal(9,2)) AS varchar(20))", "-1234.57"),
        ("CAST(PARSE('12345678901234567890.5' AS numeric(38,1)) AS varchar(40))", "12345678901234567890.5"),
        ("CAST(PARSE('($1,234.50)' AS money) AS varchar(20))", "-1234.50"),
        ("CAST(PARSE('-$5' AS smallmoney USING 'en-us') AS varchar(20))", "-5.00"),
        ("PARSE('$5' AS int)", "!9819"),
        ("PARSE('' AS int)", "!9819"),
        ("PARSE(CAST(NULL AS varchar(9)) AS int)", "NULL"),
        (
            "CAST(PARSE('Monday, 13 December 2010' AS datetime2(0) USING 'en-US') AS varchar(30))",
            "2010-12-13 00:00:00",
        ),
        ("CAST(PARSE('12/16/2010' AS date) AS varchar(30))", "2010-12-16"),
        ("CAST(PARSE('Dec 16, 2010 3:04 PM' AS datetime2(0)) AS varchar(30))", "2010-12-16 15:04:00"),
        ("CAST(PARSE('2010-12-16T03:04:05.678' AS datetime2(3)) AS varchar(30))", "2010-12-16 03:04:05.678"),
        ("CAST(PARSE('16-Dec-29 12:00:01am' AS datetime2(0)) AS varchar(30))", "2029-12-16 00:00:01"),
        ("CAST(PARSE('11:30' AS time(0)) AS varchar(30))", "11:30:00"),
        ("PARSE('Tuesday, 13 December 2010' AS date)", "!9819"),
        ("PARSE('16/12/2010' AS date)", "!9819"),
        ("PARSE('20101216' AS date)", "!9819"),
        ("PARSE('12/16/1700' AS datetime)", "!9819"),
        ("TRY_PARSE('16/12/2010' AS date)", "NULL"),
        ("TRY_PARSE('7' AS int)", "7"),
        ("TRY_PARSE('x' AS int USING 'no such culture')", "!9818"),
        ("TRY_PARSE('7' AS int USING 'de-DE')", "!49999"),
        ("PARSE('x' AS varchar(5))", "!9819"),
        ("PARSE(7 AS int)", "!8116"),
        ("PARSE('7' AS nothing)", "!243"),
        ("PARSE('7', 'int')", "!102"),
        ("PARSE('7' AS int", "!102"),
    ] {
        assert_eq!(said(&mut session, &format!("SELECT {expression}")).await, expected, "{expression}");
    }
    let texts = super::errors(&mut session, "SELECT PARSE('x' AS decimal(9,2) USING 'en-US')").await;
    assert_eq!(texts, ["Error converting string value 'x' into data type numeric using culture 'en-US'."]);
}

#[tokio::test]
async fn groups_come_in_several_sets() {
    const ROWS: &str =
        "FROM (VALUES (1, N'x', 10), (1, N'y', 20), (2, N'x', 5), (2, NULL, 7)) AS t (a, b, v)";
    let (_server, mut session) = Server::usual().await;
    for (selected, clauses, expected) in [
        ("a, SUM(v)", "GROUP BY ROLLUP (a) ORDER BY GROUPING(a), a", "1 30 2 12 NULL 42"),
        ("a, SUM(v)", "GROUP BY a WITH ROLLUP ORDER BY GROUPING(a), a", "1 30 2 12 NULL 42"),
        (
            "a, b, SUM(v), GROUPING(a), GROUPING(b)",
            "GROUP BY ROLLUP (a, b) ORDER BY GROUPING(a), a, GROUPING(b), b",
            "1 x 10 0 0 1 y 20 0 0 1 NULL 30 0 1 2 NULL 7 0 0 2 x 5 0 0 2 NULL 12 0 1 NULL NULL 42 1 1",
        ),
        ("b, SUM(v)", "GROUP BY CUBE (b) ORDER BY GROUPING(b), b", "NULL 7 x 15 y 20 NULL 42"),
        (
            "a, b, COUNT(*), GROUPING_ID(a, b) AS g",
            "GROUP BY CUBE (a, b) HAVING COUNT(*) > 1 ORDER BY g, a, b",
            "1 NULL 2 1 2 NULL 2 1 NULL x 2 2 NULL NULL 4 3",
        ),
        (
            "a, b, SUM(v) AS s",
            "GROUP BY GROUPING SETS ((a), (b), ()) ORDER BY s DESC, a",
            "NULL NULL 42 1 NULL 30 NULL y 20 NULL x 15 2 NULL 12 NULL NULL 7",
        ),
        (
            "a, b, SUM(v)",
            "GROUP BY a, ROLLUP (b) ORDER BY a, GROUPING(b), b",
            "1 x 10 1 y 20 1 NULL 30 2 NULL 7 2 x 5 2 NULL 12",
        ),
        (
            "a, b, SUM(v)",
            "GROUP BY ROLLUP ((a, b)) ORDER BY GROUPING_ID(a, b), a, b",
            "1 x 10 1 y 20 2 NULL 7 2 x 5 NULL NULL 42",
        ),
        ("a % 2 AS odd, SUM(v)", "GROUP BY ROLLUP (a % 2) ORDER BY GROUPING(a % 2), 1", "0 12 1 30 NULL 42"),
        ("TOP 2 a, SUM(v) AS s", "GROUP BY CUBE (a) ORDER BY s DESC", "NULL 42 1 30"),
        ("TOP 1 WITH TIES a", "GROUP BY CUBE (a) ORDER BY COUNT(*)", "1 2"),
        ("DISTINCT COUNT(*) AS n", "GROUP BY CUBE (a) ORDER BY n", "2 4"),
        (
            "ISNULL(b, N'-') + N'!', MAX(v)",
            "GROUP BY ROLLUP (b) ORDER BY MAX(v), GROUPING(b)",
            "-! 7 x! 10 y! 20 -! 20",
        ),
        ("a, GROUPING(a)", "GROUP BY a ORDER BY a", "1 0 2 0"),
        ("SUM(v)", "WHERE a > 9 GROUP BY ROLLUP (a)", ""),
        ("b", "GROUP BY ROLLUP (a)", "!8120"),
        ("GROUPING(v)", "GROUP BY ROLLUP (a)", "!8161"),
        ("a", "GROUP BY ROLLUP (a) WITH CUBE", "!10703"),
        ("a", "GROUP BY ROLLUP (nothing)", "!207"),
    ] {
        let statement = format!("SELECT {selected} {ROWS} {clauses}");
        assert_eq!(said(&mut session, &statement).await, expected, "{statement}");
    }
}
