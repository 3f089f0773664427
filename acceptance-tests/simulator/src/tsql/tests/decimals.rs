//! Decimals are exact: their digits, their types, their overflow.

use super::{Server, said};

#[tokio::test]
async fn decimals_are_exact() {
    let (_server, mut session) = Server::usual().await;
    // An expression, and the text of its value, with all digits of its type's scale.
    for (expression, expected) in [
        ("0.1 + 0.2", "0.3"),
        ("1.0 - 0.9", "0.1"),
        ("1.10 * 1.1", "1.210"),
        ("2.0 / 3", "0.666666"),
        ("1 / 3.0", "0.333333"),
        ("10.0 / 4", "2.500000"),
        ("5.5 % 2", "1.5"),
        ("-CAST(1.50 AS numeric(5,2))", "-1.50"),
        ("CAST(1.005 AS numeric(5,2))", "1.01"),
        ("CAST(-1.005 AS numeric(5,2))", "-1.01"),
        ("CAST('12.345' AS decimal(5,2))", "12.35"),
        ("CAST(1.5 AS decimal)", "2"),
        ("CAST(7 AS numeric(5,2))", "7.00"),
        ("12345678901234567890.123 + 0.001", "12345678901234567890.124"),
        (
            "CAST('99999999999999999999999999999999999999' AS numeric(38,0)) - 1",
            "99999999999999999999999999999999999998",
        ),
        ("ROUND(CAST(2.675 AS numeric(5,3)), 2)", "2.680"),
        ("ROUND(CAST(2.675 AS numeric(5,3)), 2, 1)", "2.670"),
        ("ROUND(CAST(1250.0 AS numeric(6,1)), -2)", "1300.0"),
        ("CEILING(12.34)", "13"),
        ("FLOOR(-12.34)", "-13"),
        ("ABS(-1.50)", "1.50"),
        ("COALESCE(NULL, 1.5, 2)", "1.5"),
        ("(SELECT SUM(v) FROM (VALUES (0.1), (0.2), (0.3)) AS t (v))", "0.6"),
        ("(SELECT AVG(v) FROM (VALUES (1.0), (2.0), (2.0)) AS t (v))", "1.666666"),
    ] {
        let text = said(&mut session, &format!("SELECT CAST({expression} AS varchar(60))")).await;
        assert_eq!(text, expected, "{expression}");
    }
    for (statement, expected) in [
        // Whole numbers from decimals are cut; what does not fit is refused.
        ("SELECT CAST(2.9 AS int), CAST(-2.9 AS int), CAST(0.1 AS bit)", "2 -2 1"),
        ("SELECT CAST(1000 AS numeric(3,0))", "!8115"),
        ("SELECT CAST('999.999' AS numeric(5,2))", "!8115"),
        ("SELECT CAST(1e10 AS numeric(5,2))", "!8115"),
        ("SELECT CAST('1e3' AS numeric(9,2))", "!8114"),
        ("SELECT TRY_CAST('1000' AS numeric(3,0))", "NULL"),
        ("SELECT CAST('99999999999999999999999999999999999999' AS numeric(38,0)) + 1", "!8115"),
        ("SELECT 1.5 / 0", "!8134"),
        ("SELECT 123456789012345678901234567890123456789.0", "!1007"),
        // Comparisons of long ones.
        (
            "SELECT 1 WHERE CAST('10000000000000000000000001' AS numeric(26,0)) > CAST('9999999999999999999999999' AS numeric(25,0))",
            "1",
        ),
        (
            "SELECT 1 WHERE CAST('10000000000000000000000001' AS numeric(26,0)) = CAST('10000000000000000000000000' AS numeric(26,0))",
            "",
        ),
        (
            "SELECT 1 WHERE CAST(-1.5 AS numeric(20,3)) < -1 AND CAST(-1.5 AS numeric(20,3)) > CAST(-2 AS numeric(20,3))",
            "1",
        ),
        ("SELECT 1 WHERE CAST('12345678901234567' AS numeric(20,0)) IN (1, 12345678901234567)", "1"),
        (
            "DECLARE @t TABLE (a numeric(5,2) UNIQUE); INSERT @t VALUES (1.004), (1)",
            r#"!2627 "The statement has been terminated.""#,
        ),
        (
            "SELECT system_type_name FROM sys.dm_exec_describe_first_result_set(N'SELECT 0.5, 1.50 * 2.0, CAST(1 AS bigint) / 3.0, 1.5 + 2', NULL, 0)",
            "numeric(1,1) numeric(6,3) numeric(26,6) numeric(3,1)",
        ),
    ] {
        assert_eq!(said(&mut session, statement).await, expected, "{statement}");
    }
}
