//! Tables of the session keep to what their definition says: keys, checks, NULL, defaults, identity.

use super::{Server, all, errors, said};

/// Each definition takes the first row and refuses the second; afterwards the first alone is there.
#[tokio::test]
async fn a_row_that_breaks_a_constraint_is_refused_and_the_statement_changes_nothing() {
    let (_server, mut session) = Server::usual().await;
    let cases = [
        ("a int PRIMARY KEY", "(1)", "(1)", 2627),
        ("a int NOT NULL PRIMARY KEY NONCLUSTERED", "(1)", "(2), (1)", 2627),
        ("a int UNIQUE", "(NULL)", "(NULL)", 2627),
        ("a nvarchar(9) UNIQUE", "(N'Sales')", "(N'SALES ')", 2627),
        ("a numeric(5,1) UNIQUE", "(1)", "(1.0)", 2627),
        ("a varbinary(9) UNIQUE", "(0x01)", "(0x0100)", 2627),
        ("a int, b int, PRIMARY KEY (a, b)", "(1, 1)", "(1, 1)", 2627),
        ("a int, b int, UNIQUE CLUSTERED (b DESC, a)", "(1, 2)", "(1, 2)", 2627),
        ("a int, INDEX i UNIQUE (a)", "(1)", "(1)", 2601),
        ("a int INDEX i UNIQUE", "(1)", "(1)", 2601),
        ("a int PRIMARY KEY", "(1)", "(NULL)", 515),
        ("a int NOT NULL", "(1)", "(NULL)", 515),
        ("a int IDENTITY, b int NOT NULL", "(1)", "(NULL)", 515),
        ("a int CHECK (a > 0)", "(1)", "(0)", 547),
        ("a int, b int, CHECK (a < b)", "(1, 2)", "(2, 2)", 547),
        ("a nvarchar(9) CHECK (a IN ('x', 'y') OR LEN(a) = 2)", "(N'X')", "(N'z')", 547),
    ];
    for (definition, first, second, number) in cases {
        for (create, name) in [("CREATE TABLE #t", "#t"), ("DECLARE @t TABLE", "@t")] {
            let batch = format!(
                "{create} ({definition}); INSERT {name} VALUES {first}; INSERT {name} VALUES {second}; \
                 SELECT COUNT(*) FROM {name}"
            );
            let expected = format!("!{number} \"The statement has been terminated.\" 1");
            assert_eq!(said(&mut session, &batch).await, expected, "{batch}");
            said(&mut session, "DROP TABLE IF EXISTS #t").await;
        }
    }
}

#[tokio::test]
async fn what_keeps_to_the_constraints_is_taken() {
    all(&[
        // Unknown is good enough for a check, and other keys may be NULL in part.
        (
            "DECLARE @t TABLE (a int CHECK (a > 0)); INSERT @t VALUES (NULL), (1); SELECT COUNT(*) FROM @t",
            "2",
        ),
        (
            "DECLARE @t TABLE (a int, b int, UNIQUE (a, b)); INSERT @t VALUES (1, NULL), (NULL, 1), (1, 1); \
             SELECT COUNT(*) FROM @t",
            "3",
        ),
        // What a statement leaves behind counts, not how it comes there.
        (
            "DECLARE @t TABLE (a int PRIMARY KEY); INSERT @t VALUES (1), (2); UPDATE @t SET a = a + 1; \
             SELECT a FROM @t",
            "2 3",
        ),
        ("DECLARE @t TABLE (a int, INDEX i (a)); INSERT @t VALUES (1), (1); SELECT COUNT(*) FROM @t", "2"),
        (
            "DECLARE @t TABLE (a int NOT NULL DEFAULT 7, b int); INSERT @t (b) VALUES (1); SELECT a FROM @t",
            "7",
        ),
        (
            "CREATE TABLE #t (a int CONSTRAINT pk PRIMARY KEY WITH (FILLFACTOR = 80, IGNORE_DUP_KEY = OFF), \
             b datetime2 CONSTRAINT d DEFAULT SYSDATETIME() NOT NULL); \
             INSERT #t (a) VALUES (1); SELECT COUNT(b) FROM #t; DROP TABLE #t",
            "1",
        ),
    ])
    .await;
}

#[tokio::test]
async fn updates_keep_to_the_constraints_too() {
    all(&[
        (
            "DECLARE @t TABLE (a int PRIMARY KEY, b int CHECK (b < 9)); INSERT @t VALUES (1, 1), (2, 2); \
             UPDATE @t SET a = 1; UPDATE @t SET b = b + 7; UPDATE @t SET a = NULL WHERE a = 1; SELECT a, b FROM @t",
            r#"!2627 "The statement has been terminated." !547 "The statement has been terminated." !515 "The statement has been terminated." 1 1 2 2"#,
        ),
        (
            "DECLARE @t TABLE (a int PRIMARY KEY); BEGIN TRY INSERT @t VALUES (1), (1) END TRY \
             BEGIN CATCH SELECT ERROR_NUMBER(), ERROR_SEVERITY() END CATCH; SELECT COUNT(*) FROM @t",
            "2627 14 0",
        ),
        (
            "CREATE TABLE #t (a int PRIMARY KEY); BEGIN TRAN; INSERT #t VALUES (1); INSERT #t VALUES (1); \
             SELECT @@TRANCOUNT; COMMIT; SELECT a FROM #t; DROP TABLE #t",
            r#"!2627 "The statement has been terminated." 1 1"#,
        ),
        (
            "SET XACT_ABORT ON; CREATE TABLE #t (a int PRIMARY KEY); BEGIN TRAN; INSERT #t VALUES (1); \
             INSERT #t VALUES (1); PRINT 'b'",
            "!2627",
        ),
        ("SELECT COUNT(*), @@TRANCOUNT FROM #t; SET XACT_ABORT OFF; DROP TABLE #t", "0 0"),
    ])
    .await;
}

#[tokio::test]
async fn messages_name_constraint_table_and_key() {
    let (_server, mut session) = Server::usual().await;
    let cases = [
        (
            "CREATE TABLE #rows (a int, b nvarchar(9), CONSTRAINT both PRIMARY KEY (a, b)); \
             INSERT #rows VALUES (1, 'x'), (1, 'X')",
            "Violation of PRIMARY KEY constraint 'both'. Cannot insert duplicate key in object 'dbo.#rows'. The duplicate \
             key value is (1, X).",
        ),
        (
            "DECLARE @t TABLE (a int UNIQUE); INSERT @t VALUES (NULL), (NULL)",
            "Violation of UNIQUE KEY constraint 'UQ__#*'. Cannot insert duplicate key in object 'dbo.@t'. The duplicate \
             key value is (<NULL>).",
        ),
        (
            "CREATE TABLE #statements (a int PRIMARY KEY); INSERT #statements VALUES (1), (1)",
            "Violation of PRIMARY KEY constraint 'PK__#stateme__*'. Cannot insert duplicate key in object \
             'dbo.#statements'. The duplicate key value is (1).",
        ),
        (
            "CREATE TABLE #u (a uniqueidentifier); CREATE UNIQUE INDEX u ON #u (a); \
             INSERT #u VALUES ('F9BBF034-ACFE-4C98-AD32-6010573AFD3D'), ('F9BBF034-ACFE-4C98-AD32-6010573AFD3D')",
            "Cannot insert duplicate key row in object 'dbo.#u' with unique index 'u'. The duplicate key value is \
             (f9bbf034-acfe-4c98-ad32-6010573afd3d).",
        ),
        (
            "CREATE TABLE #c (a int CONSTRAINT positive CHECK (a > 0)); INSERT #c VALUES (0)",
            "The INSERT statement conflicted with the CHECK constraint \"positive\". The conflict occurred in database \
             \"tempdb\", table \"dbo.#c\", column 'a'.",
        ),
        (
            "DECLARE @t TABLE (a int, b int, CHECK (a < b)); INSERT @t VALUES (1, 2); UPDATE @t SET a = 2",
            "The UPDATE statement conflicted with the CHECK constraint \"CK__#*\". The conflict occurred in database \
             \"tempdb\", table \"@t\".",
        ),
    ];
    for (batch, expected) in cases {
        let texts = errors(&mut session, batch).await;
        let [text] = texts.as_slice() else { panic!("{batch}: {texts:?}") };
        let matches = match expected.split_once('*') {
            Some((start, end)) => text.starts_with(start) && text.ends_with(end),
            None => text == expected,
        };
        assert!(matches, "{batch}\n  said     {text}\n  expected {expected}");
    }
}

#[tokio::test]
async fn definitions_that_make_no_sense_are_refused() {
    all(&[
        ("CREATE TABLE #t (a int PRIMARY KEY, b int PRIMARY KEY)", "!8110"),
        ("CREATE TABLE #t (a int NULL PRIMARY KEY)", "!8111 !1750"),
        ("CREATE TABLE #t (a int, b int, PRIMARY KEY (c))", "!1911 !1750"),
        ("CREATE TABLE #t (a int, PRIMARY KEY (a, a))", "!1909 !1750"),
        ("CREATE TABLE #t (a int, A int)", "!2705"),
        ("CREATE TABLE #t (a nvarchar(max) UNIQUE)", "!1919 !1750"),
        ("CREATE TABLE #t (a int PRIMARY KEY, b int UNIQUE CLUSTERED)", "!8112"),
        ("CREATE TABLE #t (a int IDENTITY, b int IDENTITY)", "!2744"),
        ("CREATE TABLE #t (a nvarchar(9) IDENTITY)", "!2749"),
        ("CREATE TABLE #t (a int NULL IDENTITY)", "!8147"),
        ("CREATE TABLE #t (a int IDENTITY DEFAULT 1)", "!1754 !1750"),
        ("CREATE TABLE #t (a int DEFAULT b)", "!128"),
        ("DECLARE @v int; CREATE TABLE #t (a int DEFAULT @v)", "!112"),
        ("CREATE TABLE #t (a int CHECK (a IN (SELECT 1)))", "!1046"),
        ("CREATE TABLE #t (a int CHECK (b > 0))", "!207"),
        ("CREATE TABLE #t (a int, b int CHECK (b > a))", "!8141 !1750"),
        ("CREATE TABLE #t (a int COLLATE Nonsense)", "!448"),
        ("CREATE TABLE #t (a nvarchar(9) COLLATE Latin1_General_BIN2)", "!49999"),
        ("CREATE TABLE #t (a nvarchar(9) COLLATE DATABASE_DEFAULT); DROP TABLE #t", ""),
        ("DECLARE @t TABLE (a int CONSTRAINT c PRIMARY KEY)", "!156"),
        ("CREATE TABLE #t (a int CHECK (a))", "!4145"),
        // What would have an effect that is not modelled.
        ("CREATE TABLE #t (a int UNIQUE WITH (NO_SUCH_OPTION = ON))", "!102"),
        ("CREATE TABLE #t (a int, b AS a + 1)", "!49999"),
        ("CREATE TABLE #t (a int REFERENCES #u (a))", "!49999"),
        ("CREATE TABLE ##t (a int)", "!49999"),
        // Constraints of the whole session have one name each, indexes one for each table.
        ("CREATE TABLE #t (a int CONSTRAINT c UNIQUE); CREATE TABLE #u (a int CONSTRAINT C UNIQUE)", "!2714 !1750"),
        ("CREATE INDEX i ON #t (a); CREATE INDEX i ON #t (a)", "!1913"),
        ("CREATE UNIQUE CLUSTERED INDEX j ON #t (a); CREATE CLUSTERED INDEX k ON #t (a)", "!1902"),
        ("INSERT #t VALUES (1); DROP TABLE #t", ""),
        (
            "CREATE TABLE #t (a int); INSERT #t VALUES (1), (1); CREATE UNIQUE INDEX i ON #t (a); INSERT #t VALUES (1); \
             SELECT COUNT(*) FROM #t; DROP TABLE #t",
            "!1505 3",
        ),
        ("CREATE INDEX i ON #missing (a)", "!1088"),
        ("CREATE INDEX i ON dbo.t (a)", "!49999"),
    ])
    .await;
}

#[tokio::test]
async fn identity_values_are_drawn_given_and_told() {
    all(&[
        (
            "CREATE TABLE #t (id int IDENTITY(5, 5), a int UNIQUE); INSERT #t VALUES (1); INSERT #t VALUES (1); \
             INSERT #t VALUES (2); SELECT id FROM #t; SELECT @@IDENTITY, SCOPE_IDENTITY()",
            r#"!2627 "The statement has been terminated." 5 15 Decimal(15) Decimal(15)"#,
        ),
        ("INSERT #t (id, a) VALUES (7, 7)", "!544"),
        ("SET IDENTITY_INSERT #t ON; INSERT #t (id, a) VALUES (40, 7); SELECT @@IDENTITY", "Decimal(40)"),
        ("INSERT #t (a) VALUES (8)", "!545"),
        ("INSERT #t VALUES (1, 8)", "!8101"),
        ("CREATE TABLE #u (id int IDENTITY); SET IDENTITY_INSERT #u ON", "!8107"),
        ("SET IDENTITY_INSERT #t OFF; INSERT #t (a) VALUES (8); SELECT MAX(id) FROM #t", "45"),
        ("SET IDENTITY_INSERT #missing ON", "!1088"),
        // It ends with its table.
        (
            "SET IDENTITY_INSERT #u ON; DROP TABLE #u; CREATE TABLE #u (id int IDENTITY); INSERT #u (id) VALUES (1)",
            "!544",
        ),
        ("CREATE TABLE #v (a int); SET IDENTITY_INSERT #v ON", "!8106"),
        ("INSERT #v VALUES (1); SELECT @@IDENTITY, SCOPE_IDENTITY()", "NULL NULL"),
        ("EXEC ('INSERT #t (a) VALUES (9)'); SELECT @@IDENTITY, SCOPE_IDENTITY()", "Decimal(50) NULL"),
        // A rollback does not give values back, TRUNCATE TABLE does.
        ("BEGIN TRAN; INSERT #t (a) VALUES (10); ROLLBACK; INSERT #t (a) VALUES (10); SELECT MAX(id) FROM #t", "60"),
        ("TRUNCATE TABLE #t; INSERT #t (a) VALUES (1); SELECT id FROM #t", "5"),
        ("TRUNCATE TABLE #missing", "!4701"),
        (
            "DECLARE @t TABLE (id tinyint IDENTITY(255, 1), a int); INSERT @t VALUES (1); INSERT @t VALUES (2); \
             SELECT id FROM @t",
            r#"!8115 "The statement has been terminated." 255"#,
        ),
        ("UPDATE #t SET id = 1", r#"!8102 "The statement has been terminated.""#),
    ])
    .await;
}
