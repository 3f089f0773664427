//! What a text would return, said without running it.

use super::{Server, all, errors, said};

#[tokio::test]
async fn the_first_result_is_described() {
    all(&[
        (
            "SELECT column_ordinal, name, is_nullable, system_type_id, system_type_name, max_length, precision, scale \
             FROM sys.dm_exec_describe_first_result_set(N'SELECT name, database_id FROM sys.databases; SELECT 1', NULL, 0)",
            "1 name 0 231 nvarchar(128) 256 0 0 2 database_id 0 56 int 4 10 0",
        ),
        (
            "DECLARE @q nvarchar(100) = N'SELECT @a AS a, @b, CAST(1.5 AS decimal(9,2)) AS c'; \
             SELECT name, system_type_name, collation_name \
             FROM sys.dm_exec_describe_first_result_set(@q, N'@a datetime2(3), @b varchar(max)', 0)",
            "a datetime2(3) NULL NULL varchar(max) SQL_Latin1_General_CP1_CI_AS c numeric(9,2) NULL",
        ),
        (
            "SELECT name, is_nullable, system_type_name FROM sys.dm_exec_describe_first_result_set(N'SELECT COUNT(*) AS a, \
             COUNT_BIG(name) AS b, ISNULL(COUNT(*), 0) AS c, 1 AS d FROM sys.databases', NULL, 0)",
            "a 1 int b 1 bigint c 0 int d 0 int",
        ),
        // Nothing runs, and a text without a result has no rows.
        ("SELECT name FROM sys.dm_exec_describe_first_result_set(N'DECLARE @v int = 1; PRINT 1/0', NULL, 0)", ""),
        // Branches must agree.
        (
            "SELECT name FROM sys.dm_exec_describe_first_result_set(N'IF 1 = 0 SELECT 1 AS a ELSE SELECT 2 AS a', NULL, 0)",
            "a",
        ),
        (
            "SELECT error_number, error_type_desc FROM sys.dm_exec_describe_first_result_set(N'IF 1 = 0 SELECT 1 AS a ELSE SELECT 2 AS b', NULL, 0)",
            "11509 CONFLICTING_RESULTS",
        ),
        (
            "SELECT error_number FROM sys.dm_exec_describe_first_result_set(N'SELECT nothing FROM sys.databases', NULL, 0)",
            "207 11501",
        ),
        ("SELECT 1 FROM sys.dm_exec_describe_first_result_set(N'SELECT 1')", "!313"),
        ("SELECT 1 FROM sys.no_such_function(1)", "!208"),
        ("EXEC sp_describe_first_result_set N'SELECT nothing FROM sys.databases'", "!207 !11501"),
        ("EXEC sp_describe_first_result_set N'SELECT 1 FROM missing'", "!208 !11529"),
        ("EXEC sp_describe_first_result_set @tsql = N'EXEC (N''SELECT 1'')'", "!11513"),
        ("EXEC sp_describe_first_result_set N'CREATE TABLE #t (a int); SELECT a FROM #t'", "!11525"),
        ("CREATE TABLE #t (a int)", ""),
        ("SELECT name FROM sys.dm_exec_describe_first_result_set(N'SELECT a FROM #t', NULL, 0); DROP TABLE #t", "a"),
        (
            "CREATE TABLE #o (a int NOT NULL, b money); SELECT name, system_type_name, is_nullable FROM \
             sys.dm_exec_describe_first_result_set(N'UPDATE #o SET a = 1 OUTPUT inserted.*, deleted.b AS was', NULL, 0)",
            "a int 0 b money 1 was money 1",
        ),
        (
            "SELECT name FROM sys.dm_exec_describe_first_result_set(N'DECLARE @l TABLE (a int); DELETE @l OUTPUT deleted.a', NULL, 0)",
            "a",
        ),
        ("SELECT name FROM sys.dm_exec_describe_first_result_set(N'DELETE #o', NULL, 0); DROP TABLE #o", ""),
        ("EXEC sp_describe_first_result_set", "!201"),
        ("EXEC sp_describe_undeclared_parameters N'SELECT @a'", "!49999"),
        ("EXEC sp_describe_first_result_set N'SELECT 1', NULL, 1", "!49999"),
    ])
    .await;
}

#[tokio::test]
async fn a_description_tells_how_the_wire_has_a_column() {
    let (_server, mut session) = Server::usual().await;
    let described = said(
        &mut session,
        "EXEC sp_describe_first_result_set N'SELECT name, @@SPID AS id FROM sys.databases'",
    )
    .await;
    let words: Vec<&str> = described.split(' ').collect();
    // Two columns, each described by 39.
    assert_eq!(words.len(), 78, "{described}");
    assert_eq!(words[35..39], ["231", "256", "13632521", "52"]);
    assert_eq!(words[74..78], ["38", "2", "NULL", "NULL"]);
    let texts =
        errors(&mut session, "EXEC sp_describe_first_result_set N'EXEC sp_executesql N''SELECT 1'''").await;
    assert!(texts[0].contains("contains dynamic SQL"), "{texts:?}");
}
