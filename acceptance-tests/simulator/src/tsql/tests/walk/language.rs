//! Syntax, binding and queries, and values with their conversions.

use super::{Step, shows};

pub(super) fn steps() -> Vec<Step> {
    let deep = format!("SELECT {}1{}", "(".repeat(200), ")".repeat(200));
    vec![
        shows(102, "SELECT )"),
        shows(103, format!("USE {}", "a".repeat(129))),
        shows(104, "SELECT 1 AS a UNION SELECT 2 ORDER BY b"),
        shows(105, "SELECT 'x"),
        shows(107, "SELECT t.* FROM sys.databases AS d"),
        shows(108, "SELECT name FROM sys.databases ORDER BY 2"),
        shows(113, "SELECT 1 /* x"),
        shows(116, "SELECT (SELECT name, database_id FROM sys.databases)"),
        shows(137, "SELECT @x"),
        shows(141, "DECLARE @a int; SELECT @a = 1, 2"),
        shows(155, "SELECT DATEADD(nothing, 1, GETDATE())"),
        shows(156, "SELECT FROM"),
        shows(174, "SELECT LEN()"),
        shows(189, "SELECT ROUND(1)"),
        shows(191, deep),
        shows(195, "SELECT nothing()"),
        shows(205, "SELECT 1 UNION SELECT 1, 2"),
        shows(
            209,
            "SELECT name FROM sys.databases AS a JOIN sys.databases AS b ON a.database_id = b.database_id",
        ),
        shows(213, "DECLARE @t TABLE (a int); INSERT @t VALUES (1, 2)"),
        shows(243, "SELECT CAST(1 AS nothing)"),
        shows(263, "SELECT *"),
        shows(321, "SELECT * FROM sys.databases WITH (NOTHING)"),
        shows(512, "SELECT (SELECT name FROM sys.databases)"),
        shows(1011, "SELECT 1 FROM sys.databases AS a JOIN sys.databases AS a ON 1 = 1"),
        shows(1038, "USE []"),
        shows(1087, "SELECT * FROM @t"),
        shows(2526, "DBCC NOTHING"),
        shows(4104, "SELECT x.name FROM sys.databases AS d"),
        shows(4112, "SELECT ROW_NUMBER() OVER () FROM sys.databases"),
        shows(4121, "SELECT dbo.f(1)"),
        shows(4145, "IF 1 SELECT 1"),
        shows(8120, "SELECT name FROM sys.databases HAVING COUNT(*) > 0"),
        shows(8155, "SELECT * FROM (SELECT 1) AS t"),
        shows(8158, "SELECT * FROM (SELECT 1, 2) AS t (a)"),
        shows(8159, "SELECT * FROM (SELECT 1) AS t (a, b)"),
        shows(8161, "SELECT GROUPING(name) FROM sys.databases GROUP BY state"),
        shows(10703, "SELECT state FROM sys.databases GROUP BY ROLLUP (state) WITH CUBE"),
        shows(10704, "THROW"),
        shows(10709, "SELECT * FROM (VALUES (1), (1, 2)) AS t (a)"),
        shows(10741, "SELECT TOP 1 name FROM sys.databases ORDER BY name OFFSET 1 ROWS"),
    ]
}

pub(super) fn values() -> Vec<Step> {
    vec![
        shows(232, "SELECT CAST(1.5e30 AS varchar(5))"),
        shows(234, "SELECT CAST(CAST(12.5 AS money) AS varchar(2))"),
        shows(235, "SELECT CAST('x' AS money)"),
        shows(241, "SELECT CAST('x' AS datetime2)"),
        shows(245, "SELECT CAST('x' AS int)"),
        shows(289, "SELECT DATEFROMPARTS(2020, 13, 1)"),
        shows(293, "SELECT CAST('x' AS smallmoney)"),
        shows(402, "SELECT 1.5e0 & 1"),
        shows(506, "SELECT 1 WHERE 'a' LIKE 'b' ESCAPE 'ab'"),
        shows(517, "SELECT DATEADD(year, 9000, CAST('2020-01-01' AS datetime2))"),
        shows(529, "SELECT CAST(1 AS uniqueidentifier)"),
        shows(536, "SELECT RIGHT('a', -1)"),
        shows(537, "SELECT LEFT('a', -1)"),
        shows(8114, "SELECT CAST('x' AS decimal(5, 2))"),
        shows(8115, "SELECT 2147483647 + 1"),
        shows(8116, "SELECT SUBSTRING(1, 1, 1)"),
        shows(8117, "SELECT SUM(name) FROM sys.databases"),
        shows(8134, "SELECT 1 / 0"),
        shows(8169, "SELECT CAST('x' AS uniqueidentifier)"),
        shows(9818, "SELECT PARSE('1' AS int USING 'no such culture')"),
        shows(9819, "SELECT PARSE('x' AS int)"),
        shows(8170, "SELECT CAST(NEWID() AS varchar(10))"),
    ]
}
