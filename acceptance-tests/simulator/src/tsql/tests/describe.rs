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

#[tokio::test]
async fn parameters_that_nobody_declared_are_described() {
    let (server, mut session) = Server::usual().await;
    // A text, declared parameters, and for each of the others its name, type, whether it is input, and output.
    for (text, declared, expected) in [
        (
            "SELECT name FROM sys.databases WHERE database_id = @id OR name = @name",
            "",
            "@id int 1 0 @name nvarchar(128) 1 0",
        ),
        (
            "SELECT name FROM sys.databases WHERE database_id = @id AND name = @name",
            "@id int",
            "@name nvarchar(128) 1 0",
        ),
        (
            "SELECT name FROM sys.databases WHERE database_id > @a AND name LIKE @b AND name < @c",
            "",
            "@a int 1 0 @b nvarchar(4000) 1 0 @c nvarchar(4000) 1 0",
        ),
        (
            "SELECT name FROM sys.databases WHERE database_id IN (@a, 2, @b) AND create_date BETWEEN @c AND @d",
            "",
            "@a int 1 0 @b int 1 0 @c datetime 1 0 @d datetime 1 0",
        ),
        (
            "SELECT TOP (@n) name FROM sys.databases WHERE database_id = 1 + @m",
            "",
            "@n bigint 1 0 @m int 1 0",
        ),
        (
            "SELECT CAST(@a AS decimal(9,2)), CONVERT(date, @b), name + @c FROM sys.databases",
            "",
            "@a numeric(9,2) 1 0 @b date 1 0 @c nvarchar(4000) 1 0",
        ),
        (
            "SELECT name FROM sys.databases WHERE @id = database_id AND EXISTS (SELECT 1 FROM sys.certificates WHERE certificate_id = @o)",
            "",
            "@id int 1 0 @o int 1 0",
        ),
        (
            "DECLARE @t TABLE (a int, b nvarchar(7)); INSERT @t (b, a) VALUES (@x, @y); UPDATE @t SET b = @z WHERE a = @w",
            "",
            "@x nvarchar(7) 1 0 @y int 1 0 @z nvarchar(7) 1 0 @w int 1 0",
        ),
        (
            "DECLARE @t TABLE (a int); INSERT @t SELECT @x; DELETE @t WHERE a = @y; IF @z = 1.5 PRINT 'a'",
            "",
            "@x int 1 0 @y int 1 0 @z numeric(2,1) 1 0",
        ),
        (
            "SELECT @out = name FROM sys.databases WHERE database_id = 1; SET @sum = 1 + 2",
            "",
            "@out nvarchar(128) 0 1 @sum int 0 1",
        ),
        ("DECLARE @v datetime2(3) = @w; SELECT @v", "", "@w datetime2(3) 1 0"),
        ("SELECT name FROM sys.databases", "", ""),
        ("SELECT @p", "", "!11506"),
        ("SELECT 1 WHERE @p = @q", "", "!11506"),
        ("SELECT 1 WHERE 1 = @p OR 2 = @p", "", "!11508"),
        ("SELECT nothing FROM sys.databases WHERE database_id = @p", "", "!207 !11501"),
        ("SELECT 1 FROM missing WHERE a = @p", "", "!208 !11529"),
        ("SELECT FROM", "", "!156 !11501"),
        ("EXEC sp_who @p", "", "!49999"),
        ("INSERT #t VALUES (@p)", "", "!11525"),
    ] {
        let statement = format!(
            "EXEC sp_describe_undeclared_parameters N'{}', {}",
            text.replace('\'', "''"),
            if declared.is_empty() { "NULL".to_owned() } else { format!("N'{declared}'") }
        );
        let described = said(&mut session, &statement).await;
        let words: Vec<&str> = described.split(' ').collect();
        let short: Vec<&str> = if words.len() < 24 {
            words
        } else {
            words.chunks(24).flat_map(|row| [row[1], row[3], row[19], row[20]]).collect()
        };
        assert_eq!(short.join(" "), expected, "{text}");
    }
    server.world.with(|estate| estate.opposites.insert(crate::world::assumption::UNTYPED_PARAMETERS));
    assert_eq!(said(&mut session, "EXEC sp_describe_undeclared_parameters N'SELECT @p'").await, "!11504");
    let described =
        said(&mut session, "EXEC sp_describe_undeclared_parameters N'SELECT 1 WHERE N''a'' = @p'").await;
    assert_eq!(
        described,
        "1 @p 231 nvarchar(1) 2 0 0 NULL NULL NULL NULL NULL NULL NULL NULL NULL 0 0 0 1 0 NULL 231 2"
    );
}
