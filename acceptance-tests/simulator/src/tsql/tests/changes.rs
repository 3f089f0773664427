//! TOP, FROM and OUTPUT of INSERT, UPDATE and DELETE.

use super::all;

const TABLES: &str = "CREATE TABLE #t (id int PRIMARY KEY, a int, b nvarchar(5) DEFAULT N'x'); \
                      INSERT #t (id, a) VALUES (1, 10), (2, 20), (3, 30), (4, 40); \
                      CREATE TABLE #u (id int, v int); INSERT #u VALUES (2, 200), (3, 300), (3, 301), (9, 900)";

#[tokio::test]
async fn top_leaves_rows_of_a_change() {
    all(&[
        (TABLES, ""),
        ("UPDATE TOP (2) #t SET a = 0; SELECT @@ROWCOUNT; SELECT a FROM #t", "2 0 0 30 40"),
        ("DECLARE @n int = 1; UPDATE TOP (@n + 0) #t SET a = 1 WHERE id > 2; SELECT a FROM #t", "0 0 1 40"),
        ("DELETE TOP (26) PERCENT FROM #t; SELECT @@ROWCOUNT; SELECT id FROM #t", "2 3 4"),
        ("DELETE TOP 1 #t; SELECT id FROM #t", "4"),
        ("INSERT TOP (2) INTO #t (id, a) SELECT v, 1 FROM (VALUES (7), (8), (9)) AS s (v); SELECT id FROM #t", "4 7 8"),
        ("UPDATE TOP (0) #t SET a = 5; SELECT @@ROWCOUNT", "0"),
        ("SET ROWCOUNT 1; DELETE TOP (2) #t; SET ROWCOUNT 0; SELECT COUNT(*) FROM #t", "2"),
        ("DELETE TOP (-1) #t", "!127"),
        ("DECLARE @n int; DELETE TOP (@n) #t", "!1060"),
        ("DELETE TOP (101) PERCENT #t", "!1031"),
        ("DELETE TOP (x) #t", "!207"),
        ("DELETE TOP (1) WITH TIES #t", "!156"),
        ("SELECT COUNT(*) FROM #t", "2"),
    ])
    .await;
}

#[tokio::test]
async fn from_chooses_the_rows_of_a_change() {
    all(&[
        (TABLES, ""),
        // By alias, by name, and beside FROM; of several values the first.
        ("UPDATE t SET a = u.v FROM #t AS t JOIN #u AS u ON u.id = t.id; SELECT @@ROWCOUNT; SELECT a FROM #t", "2 10 200 300 40"),
        ("UPDATE #t SET a += u.v FROM #t JOIN #u AS u ON u.id = #t.id WHERE u.v < 300; SELECT a FROM #t", "10 400 300 40"),
        ("UPDATE #t SET a = -u.v FROM #u AS u WHERE u.id = #t.id AND u.v = 301; SELECT a FROM #t", "10 400 -301 40"),
        ("UPDATE #t SET a = 7 FROM #t AS x WHERE x.id = 1; SELECT a FROM #t", "7 400 -301 40"),
        ("UPDATE x SET a = ISNULL(u.v, 0) FROM #t AS x LEFT JOIN #u AS u ON u.id = x.id AND u.v < 300; SELECT a FROM #t", "0 200 0 0"),
        ("UPDATE x SET a = 1 FROM #u AS u LEFT JOIN #t AS x ON u.id = x.id; SELECT @@ROWCOUNT; SELECT a FROM #t", "2 0 1 1 0"),
        ("UPDATE x SET a = d.database_id FROM #t AS x JOIN sys.databases AS d ON d.database_id = x.id WHERE d.name = 'msdb'; SELECT a FROM #t", "0 1 1 4"),
        ("DELETE t FROM #t AS t WHERE EXISTS (SELECT 1 FROM #u AS u WHERE u.id = t.id AND u.v = 200); SELECT id FROM #t", "1 3 4"),
        ("DELETE FROM #t FROM #u AS u WHERE u.id = #t.id; SELECT id FROM #t", "1 4"),
        ("DECLARE @w TABLE (id int); INSERT @w VALUES (1), (4); DELETE w FROM @w AS w JOIN #t AS t ON t.id = w.id WHERE t.id = 4; SELECT id FROM @w", "1"),
        ("UPDATE x SET a = 1 FROM #t AS t", "!208"),
        ("UPDATE #t SET a = 1 FROM #t AS x CROSS JOIN #t AS y", "!8154"),
        ("UPDATE d SET name = 'x' FROM sys.databases AS d", "!259"),
        ("UPDATE t SET id = 1 FROM #t AS t", r#"!2627 "The statement has been terminated.""#),
        ("UPDATE t SET nothing = 1 FROM #t AS t", "!207"),
        ("DELETE t FROM #t AS t JOIN #u AS u ON u.nothing = t.id", "!207"),
        ("SELECT id FROM #t", "1 4"),
    ])
    .await;
}

#[tokio::test]
async fn output_says_what_was_changed() {
    all(&[
        (TABLES, ""),
        ("INSERT #t (id, a) OUTPUT inserted.id, inserted.b AS c, inserted.a * 2 VALUES (5, 50), (6, 60); SELECT @@ROWCOUNT", "5 x 100 6 x 120 2"),
        ("UPDATE #t SET a += 1 OUTPUT deleted.a, inserted.a, inserted.id WHERE id > 4", "50 51 5 60 61 6"),
        ("DELETE #t OUTPUT deleted.* WHERE id > 4", "5 51 x 6 61 x"),
        ("DELETE #t OUTPUT deleted.id WHERE id > 4; SELECT @@ROWCOUNT", "0"),
        (
            "UPDATE t SET a = u.v OUTPUT inserted.id, deleted.a, u.v, u.* FROM #t AS t JOIN #u AS u ON u.id = t.id",
            "2 20 200 2 200 3 30 300 3 300",
        ),
        (
            "DECLARE @log TABLE (n int IDENTITY, id int, was int, now int); \
             UPDATE TOP (1) #t SET a = 0 OUTPUT inserted.id, deleted.a, inserted.a INTO @log WHERE id = 2; \
             DELETE #t OUTPUT deleted.id INTO @log (id) OUTPUT deleted.a WHERE id = 3; SELECT n, id, was, now FROM @log",
            "300 1 2 200 0 2 3 NULL NULL",
        ),
        (
            "DECLARE @keys TABLE (k int); INSERT INTO #t (id) OUTPUT inserted.id INTO @keys SELECT v FROM (VALUES (11), (12)) AS s (v); \
             SELECT k FROM @keys",
            "11 12",
        ),
        ("DECLARE @i TABLE (k int IDENTITY(5, 5), v int DEFAULT 3); INSERT @i OUTPUT inserted.* DEFAULT VALUES", "5 3"),
        ("CREATE TABLE #c (x int); INSERT #c EXEC ('DELETE #t OUTPUT deleted.id WHERE id > 10'); SELECT x FROM #c", "11 12"),
        ("DECLARE @v int = 3; DELETE #u OUTPUT deleted.id + @v WHERE v = 900; SELECT COUNT(*) FROM #u", "12 3"),
        // Nothing stays where a part is refused.
        (
            "DECLARE @small TABLE (id int CHECK (id < 2)); DELETE #t OUTPUT deleted.id INTO @small; SELECT COUNT(*) FROM @small",
            r#"!547 "The statement has been terminated." 0"#,
        ),
        (
            "DECLARE @small TABLE (id int CHECK (id < 2)); INSERT #t (id) OUTPUT inserted.id INTO @small VALUES (77)",
            r#"!547 "The statement has been terminated.""#,
        ),
        ("INSERT #t (id) OUTPUT inserted.id VALUES (1)", r#"!2627 "The statement has been terminated.""#),
        ("SELECT id FROM #t", "1 2 4"),
        // What it may not name.
        ("INSERT #t (id) OUTPUT deleted.id VALUES (8)", "!4104"),
        ("DELETE #t OUTPUT inserted.id", "!4104"),
        ("DELETE #t OUTPUT id", "!207"),
        ("DELETE #t OUTPUT deleted.nothing", "!207"),
        ("DELETE #t OUTPUT COUNT(deleted.id)", "!158"),
        ("DELETE #t OUTPUT (SELECT 1)", "!10705"),
        ("DELETE #t OUTPUT deleted.id INTO #missing", "!208"),
        ("DELETE #t OUTPUT deleted.id INTO sys.databases", "!259"),
        ("DELETE #t OUTPUT deleted.id, deleted.a INTO #c", "!213"),
        ("DELETE #t OUTPUT deleted.id OUTPUT deleted.a", "!102"),
        ("INSERT #c OUTPUT inserted.x EXEC ('SELECT 1')", "!483"),
        ("SELECT COUNT(*) FROM #t", "3"),
    ])
    .await;
}

#[tokio::test]
async fn keys_may_ignore_duplicates() {
    all(&[
        ("CREATE TABLE #t (a int PRIMARY KEY WITH (IGNORE_DUP_KEY = ON), b nvarchar(5)); INSERT #t VALUES (1, N'x')", ""),
        (
            "INSERT #t OUTPUT inserted.a VALUES (1, N'y'), (2, N'y'), (2, N'z'), (3, N'z'); SELECT @@ROWCOUNT, @@ERROR",
            r#""Duplicate key was ignored." 2 3 2 0"#,
        ),
        ("SELECT a, b FROM #t", "1 x 2 y 3 z"),
        ("INSERT #t VALUES (1, N'q'); SELECT @@ROWCOUNT", r#""Duplicate key was ignored." 0"#),
        ("UPDATE #t SET a = 1", r#"!2627 "The statement has been terminated.""#),
        ("CREATE UNIQUE INDEX i ON #t (b) WITH (IGNORE_DUP_KEY = ON); INSERT #t VALUES (4, N'X'), (5, N'w')", r#""Duplicate key was ignored.""#),
        ("SELECT a FROM #t", "1 2 3 5"),
        ("CREATE UNIQUE INDEX j ON #t (b, a) WITH (IGNORE_DUP_KEY = OFF)", ""),
        ("CREATE INDEX k ON #t (b) WITH (IGNORE_DUP_KEY = ON)", "!1916"),
        ("CREATE UNIQUE INDEX k ON #t (b) WITH (DROP_EXISTING = ON)", "!49999"),
    ])
    .await;
}
