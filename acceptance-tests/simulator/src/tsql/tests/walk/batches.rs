//! Control of flow, variables, errors of users, tables of the session; procedures and transactions.

use super::{PASSWORD, Step, deed, run, shows};

pub(super) fn steps() -> Vec<Step> {
    let many = vec!["1"; 21].join(", ");
    vec![
        run(format!("CREATE LOGIN app WITH PASSWORD = '{PASSWORD}'")),
        shows(109, "DECLARE @t TABLE (a int, b int); INSERT @t (a, b) VALUES (1)"),
        shows(110, "DECLARE @t TABLE (a int, b int); INSERT @t (a) VALUES (1, 2)"),
        shows(120, "DECLARE @t TABLE (a int, b int); INSERT @t (a, b) SELECT 1"),
        shows(121, "DECLARE @t TABLE (a int, b int); INSERT @t (a) SELECT 1, 2"),
        shows(132, "x: SELECT 1; x: SELECT 2"),
        shows(133, "GOTO y"),
        shows(134, "DECLARE @a int, @a int"),
        shows(135, "BREAK"),
        shows(136, "CONTINUE"),
        shows(145, "SELECT DISTINCT TOP (2) WITH TIES name FROM sys.databases ORDER BY database_id * 2"),
        shows(148, "WAITFOR DELAY 'x'"),
        shows(178, "RETURN 1"),
        shows(179, "EXEC sp_executesql N'SET @a = 1', N'@a int OUTPUT', 1 OUTPUT"),
        shows(206, "DECLARE @d date = 1"),
        shows(240, "WITH r AS (SELECT 1 AS a UNION ALL SELECT 'x' FROM r) SELECT * FROM r"),
        shows(252, "WITH r AS (SELECT a FROM r) SELECT * FROM r"),
        shows(257, "DECLARE @x varbinary(10) = 'a'"),
        shows(259, "DELETE FROM sys.databases"),
        shows(266, "EXEC sp_executesql N'BEGIN TRANSACTION'"),
        run("ROLLBACK"),
        shows(310, "SELECT 1 OPTION (MAXRECURSION 40000)"),
        shows(515, "DECLARE @t TABLE (a int NOT NULL); INSERT @t VALUES (NULL)"),
        shows(3621, "DECLARE @t TABLE (a int NOT NULL); INSERT @t VALUES (NULL)"),
        shows(
            530,
            "WITH r AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM r) SELECT * FROM r OPTION (MAXRECURSION 5)",
        ),
        run("CREATE TABLE #i (a int IDENTITY(1, 1), b int)"),
        shows(544, "INSERT #i (a, b) VALUES (1, 2)"),
        shows(8101, "INSERT #i VALUES (1, 2)"),
        shows(8102, "UPDATE #i SET a = 2"),
        shows(628, "SAVE TRANSACTION x"),
        shows(1026, "GOTO x; BEGIN TRY x: SELECT 1 END TRY BEGIN CATCH SELECT 2 END CATCH"),
        shows(1031, "SELECT TOP (101) PERCENT name FROM sys.databases ORDER BY name"),
        shows(1062, "SELECT TOP (1) WITH TIES name FROM sys.databases"),
        shows(1202, "EXEC sp_getapplock 'x', 'Exclusive', 'Session', 0, 'nobody'"),
        shows(1224, "EXEC sp_getapplock NULL, 'Exclusive', 'Session'"),
        shows(1227, "EXEC sp_getapplock 'x', 'Exclusive', 'Session', -5"),
        shows(2628, "DECLARE @t TABLE (a varchar(1)); INSERT @t VALUES ('ab')"),
        shows(2732, "RAISERROR (5, 16, 1)"),
        shows(2747, format!("RAISERROR ('x', 16, 1, {many})")),
        shows(2748, "DECLARE @x decimal(5, 2) = 1; RAISERROR ('%d', 16, 1, @x)"),
        shows(2754, "RAISERROR ('x', 21, 1)"),
        shows(2786, "RAISERROR ('%d', 16, 1, 'a')"),
        shows(2787, "RAISERROR ('%z', 16, 1)"),
        shows(3021, "BEGIN TRANSACTION; BACKUP DATABASE Sales TO DISK = N'NUL'"),
        run("ROLLBACK"),
        shows(
            3930,
            "SET XACT_ABORT ON; BEGIN TRANSACTION; BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH COMMIT END CATCH",
        ),
        run("IF @@TRANCOUNT > 0 ROLLBACK"),
        shows(
            3931,
            "SET XACT_ABORT ON; BEGIN TRANSACTION; SAVE TRANSACTION s; BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH \
             ROLLBACK TRANSACTION s END CATCH",
        ),
        run("IF @@TRANCOUNT > 0 ROLLBACK"),
        shows(
            3998,
            "SET XACT_ABORT ON; BEGIN TRANSACTION; BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH SELECT 2 END CATCH",
        ),
        run("IF @@TRANCOUNT > 0 ROLLBACK; SET XACT_ABORT OFF"),
        shows(6401, "BEGIN TRANSACTION; ROLLBACK TRANSACTION nothing"),
        run("IF @@TRANCOUNT > 0 ROLLBACK"),
        shows(8162, "DECLARE @b int; EXEC sp_executesql N'SELECT @a', N'@a int', @a = @b OUTPUT"),
        shows(
            8164,
            "CREATE TABLE #n (a int); INSERT #n EXEC (N'CREATE TABLE #m (a int); INSERT #m EXEC (N''SELECT 1'')')",
        ),
        shows(9815, "DECLARE @x int = 1; WAITFOR DELAY @x"),
        shows(15123, "EXEC sp_configure 'nothing'"),
        shows(15124, "EXEC sp_configure 'a'"),
        shows(15129, "EXEC sp_configure 'show advanced options', 2"),
        shows(15457, "EXEC sp_configure 'show advanced options', 1"),
        shows(18054, "RAISERROR (60000, 16, 1)"),
        shows(35100, "THROW 1, 'x', 1"),
        Step::Login("app"),
        shows(2778, "RAISERROR ('x', 16, 1) WITH LOG"),
        shows(5812, "RECONFIGURE"),
    ]
}

/// What 2019 says otherwise.
pub(super) fn of_2016() -> Vec<Step> {
    vec![
        deed(|estate| estate.sql_servers[0].build = "13.0.6300.2".parse().unwrap()),
        shows(8152, "DECLARE @t TABLE (a varchar(1)); INSERT @t VALUES ('ab')"),
    ]
}

pub(super) fn sessions() -> Vec<Step> {
    vec![
        run(format!("CREATE LOGIN app WITH PASSWORD = '{PASSWORD}'")),
        shows(201, "EXEC sp_addrolemember 'db_owner'"),
        shows(214, "EXEC sp_executesql 'SELECT 1'"),
        shows(226, "BEGIN TRANSACTION; CREATE DATABASE other"),
        run("IF @@TRANCOUNT > 0 ROLLBACK"),
        shows(574, "BEGIN TRANSACTION; DROP DATABASE Sales"),
        run("IF @@TRANCOUNT > 0 ROLLBACK"),
        shows(1223, "EXEC sp_releaseapplock 'x', 'Session'"),
        shows(2528, "DBCC TRACEON (3604)"),
        run("CREATE TABLE #t (a int)"),
        shows(2714, "CREATE TABLE #t (a int)"),
        shows(3902, "COMMIT"),
        shows(3903, "ROLLBACK"),
        shows(8144, "EXEC sp_addrolemember 'db_owner', 'a', 'b'"),
        shows(8145, "EXEC sp_addrolemember @x = 1"),
        shows(8178, "EXEC sp_executesql N'SELECT @a', N'@a int'"),
        Step::Login("app"),
        shows(2571, "DBCC TRACEON (3604)"),
    ]
}
