//! Tables of the session, their constraints and indexes; clauses and options of queries, descriptions of results.

use super::{Step, deed, run, shows};
use crate::world::assumption;

pub(super) fn steps() -> Vec<Step> {
    vec![
        shows(112, "DECLARE @v int; CREATE TABLE #t (a int DEFAULT @v)"),
        shows(128, "CREATE TABLE #t (a int DEFAULT b)"),
        shows(547, "DECLARE @t TABLE (a int CHECK (a > 0)); INSERT @t VALUES (0)"),
        shows(1046, "CREATE TABLE #t (a int CHECK (a IN (SELECT 1)))"),
        shows(1088, "CREATE INDEX i ON #missing (a)"),
        shows(1750, "CREATE TABLE #t (a int NULL PRIMARY KEY)"),
        shows(1754, "CREATE TABLE #t (a int IDENTITY DEFAULT 1)"),
        shows(1909, "CREATE TABLE #t (a int, PRIMARY KEY (a, a))"),
        shows(1911, "CREATE TABLE #t (a int, b int, PRIMARY KEY (c))"),
        shows(1919, "CREATE TABLE #t (a nvarchar(max) UNIQUE)"),
        shows(2601, "DECLARE @t TABLE (a int, INDEX i UNIQUE (a)); INSERT @t VALUES (1), (1)"),
        shows(2627, "DECLARE @t TABLE (a int PRIMARY KEY); INSERT @t VALUES (1), (1)"),
        shows(2705, "CREATE TABLE #t (a int, A int)"),
        shows(2744, "CREATE TABLE #t (a int IDENTITY, b int IDENTITY)"),
        shows(2749, "CREATE TABLE #t (a nvarchar(9) IDENTITY)"),
        shows(4701, "TRUNCATE TABLE #missing"),
        shows(8110, "CREATE TABLE #t (a int PRIMARY KEY, b int PRIMARY KEY)"),
        shows(8111, "CREATE TABLE #t (a int NULL PRIMARY KEY)"),
        shows(8112, "CREATE TABLE #t (a int PRIMARY KEY, b int UNIQUE CLUSTERED)"),
        shows(8141, "CREATE TABLE #t (a int, b int CHECK (b > a))"),
        shows(8147, "CREATE TABLE #t (a int NULL IDENTITY)"),
        run("CREATE TABLE #t (a int); CREATE INDEX i ON #t (a); CREATE UNIQUE CLUSTERED INDEX j ON #t (a)"),
        shows(1913, "CREATE INDEX i ON #t (a)"),
        shows(1916, "CREATE INDEX k ON #t (a) WITH (IGNORE_DUP_KEY = ON)"),
        shows(3604, "DECLARE @t TABLE (a int UNIQUE WITH (IGNORE_DUP_KEY = ON)); INSERT @t VALUES (1), (1)"),
        shows(1902, "CREATE CLUSTERED INDEX k ON #t (a)"),
        run("CREATE TABLE #d (a int); INSERT #d VALUES (1), (1)"),
        shows(1505, "CREATE UNIQUE INDEX i ON #d (a)"),
        shows(8106, "SET IDENTITY_INSERT #d ON"),
        run("CREATE TABLE #n (id int IDENTITY, a int); SET IDENTITY_INSERT #n ON"),
        shows(545, "INSERT #n (a) VALUES (8)"),
        shows(8107, "CREATE TABLE #u (id int IDENTITY); SET IDENTITY_INSERT #u ON"),
    ]
}

pub(super) fn clauses() -> Vec<Step> {
    const NAMES: &str = "SELECT name FROM sys.databases";
    vec![
        shows(127, "SELECT TOP (-1) name FROM sys.databases"),
        shows(158, "DECLARE @t TABLE (a int); DELETE @t OUTPUT MAX(deleted.a)"),
        shows(483, "DECLARE @t TABLE (a int); INSERT @t OUTPUT inserted.a EXEC ('SELECT 1')"),
        shows(1007, "SELECT 123456789012345678901234567890123456789.0"),
        shows(1060, "DECLARE @n int; SELECT TOP (@n) name FROM sys.databases"),
        shows(10742, format!("{NAMES} ORDER BY 1 OFFSET -1 ROWS")),
        shows(10743, format!("DECLARE @n int; {NAMES} ORDER BY 1 OFFSET @n ROWS")),
        shows(10744, format!("{NAMES} ORDER BY 1 OFFSET 0 ROWS FETCH NEXT 0 ROWS ONLY")),
        shows(153, format!("{NAMES} ORDER BY 1 FETCH NEXT 1 ROWS ONLY")),
        shows(313, "SELECT 1 FROM sys.dm_exec_describe_first_result_set(N'SELECT 1')"),
        shows(447, "SELECT 1 COLLATE Latin1_General_BIN2"),
        shows(494, format!("{NAMES} TABLESAMPLE (10 PERCENT)")),
        shows(507, "SET ROWCOUNT -1"),
        shows(1033, format!("SELECT 1 FROM ({NAMES} ORDER BY name) AS d")),
        shows(2583, "DBCC TRACEON ()"),
        shows(2741, "SET DATEFORMAT xyz"),
        shows(2742, "SET DATEFIRST 8"),
        shows(5703, "SET LANGUAGE us_english"),
        shows(8154, "CREATE TABLE #a (a int); UPDATE #a SET a = 1 FROM #a AS x CROSS JOIN #a AS y"),
        shows(10705, "DECLARE @t TABLE (a int); DELETE @t OUTPUT (SELECT 1)"),
        shows(10715, format!("{NAMES} OPTION (USE HINT ('NO_SUCH_HINT'))")),
        shows(11501, "EXEC sp_describe_first_result_set N'SELECT nothing FROM sys.databases'"),
        shows(11506, "EXEC sp_describe_undeclared_parameters N'SELECT @p'"),
        shows(11508, "EXEC sp_describe_undeclared_parameters N'SELECT 1 WHERE 1 = @p OR 2 = @p'"),
        shows(11509, "EXEC sp_describe_first_result_set N'IF 1 = 0 SELECT 1 AS a ELSE SELECT 2 AS b'"),
        shows(11513, "EXEC sp_describe_first_result_set @tsql = N'EXEC (N''SELECT 1'')'"),
        shows(11525, "EXEC sp_describe_first_result_set N'CREATE TABLE #t (a int); SELECT a FROM #t'"),
        shows(11529, "EXEC sp_describe_first_result_set N'SELECT 1 FROM missing'"),
        shows(13601, "SELECT 1 AS a, 2 AS a FOR JSON PATH"),
        shows(13605, "SELECT 1 FOR JSON PATH"),
        deed(|estate| {
            estate.opposites.insert(assumption::UNTYPED_PARAMETERS);
        }),
        shows(11504, "EXEC sp_describe_undeclared_parameters N'SELECT @p'"),
    ]
}
