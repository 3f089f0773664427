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

#[tokio::test]
async fn decimals_beyond_what_a_float_holds_sort_and_sum_as_numbers() {
    const ROWS: &str = "(VALUES (CAST('99999999999999999999.5' AS numeric(38,5)), 'a'), (-1.5, 'b'), \
                        (CAST('-99999999999999999999.5' AS numeric(38,5)), 'c'), (2, 'b'), (2, 'd'), \
                        (CAST('99999999999999999999.4' AS numeric(38,5)), 'a')) AS t (v, g)";
    let (_server, mut session) = Server::usual().await;
    // What is selected of these rows, the clauses behind them, and the texts.
    for (selected, clauses, expected) in [
        ("g", "ORDER BY v, g", "c b b d a a"),
        ("g", "ORDER BY v DESC, g", "a a b d b c"),
        (
            "g AS x, v AS w",
            "ORDER BY w",
            "c -99999999999999999999.50000 b -1.50000 b 2.00000 d 2.00000 a 99999999999999999999.40000 a 99999999999999999999.50000",
        ),
        ("TOP 1 WITH TIES g", "WHERE v > -1 ORDER BY v", "b d"),
        (
            "DISTINCT v",
            "ORDER BY v",
            "-99999999999999999999.50000 -1.50000 2.00000 99999999999999999999.40000 99999999999999999999.50000",
        ),
        ("g, ROW_NUMBER() OVER (ORDER BY v, g)", "ORDER BY 2", "c 1 b 2 b 3 d 4 a 5 a 6"),
        ("MIN(v), MAX(v)", "", "-99999999999999999999.50000 99999999999999999999.50000"),
        (
            "g, MAX(v), SUM(v)",
            "GROUP BY g ORDER BY MAX(v)",
            "c -99999999999999999999.50000 -99999999999999999999.50000 b 2.00000 .50000 d 2.00000 2.00000 a 99999999999999999999.50000 199999999999999999998.90000",
        ),
        ("v, COUNT(*)", "GROUP BY v HAVING COUNT(*) > 1", "2.00000 2"),
        (
            "COUNT(DISTINCT v), SUM(DISTINCT v), SUM(v)",
            "",
            "5 99999999999999999999.90000 100000000000000000001.90000",
        ),
        ("AVG(v)", "WHERE g = 'a'", "99999999999999999999.450000"),
        (
            "MAX(v) OVER (PARTITION BY g), SUM(v) OVER (ORDER BY v ROWS UNBOUNDED PRECEDING)",
            "WHERE g = 'a' ORDER BY v",
            "99999999999999999999.50000 99999999999999999999.40000 99999999999999999999.50000 199999999999999999998.90000",
        ),
        ("STRING_AGG(g, ',') WITHIN GROUP (ORDER BY v, g)", "", "c,b,b,d,a,a"),
        ("g", "WHERE v < 1e0 ORDER BY v", "c b"),
        ("COUNT(*)", "WHERE v BETWEEN CAST('99999999999999999999.45' AS numeric(22,2)) AND 1e30", "1"),
        ("SUM(v)", "WHERE g = 'z'", "NULL"),
    ] {
        let statement = format!("SELECT {selected} FROM {ROWS} {clauses}");
        assert_eq!(digits(&said(&mut session, &statement).await), digits(expected), "{statement}");
    }
    for (statement, expected) in [
        (
            "SELECT CAST(9 AS numeric(20,0)) AS v UNION SELECT CAST('99999999999999999999' AS numeric(20,0)) UNION SELECT -10 ORDER BY v DESC",
            "99999999999999999999 9 -10",
        ),
        (
            "SELECT CAST(GREATEST(CAST('99999999999999999999' AS numeric(20,0)), 5) AS varchar(30))",
            "99999999999999999999",
        ),
        (
            "SELECT SUM(v) FROM (VALUES (CAST('99999999999999999999999999999999999999' AS numeric(38,0))), (1)) AS t (v)",
            "!8115",
        ),
        (
            "SELECT CAST(AVG(v) AS varchar(50)) FROM (VALUES (CAST('9999999999999999999999999999999' AS numeric(31,0))), (1)) AS t (v)",
            "5000000000000000000000000000000.000000",
        ),
        (
            "SELECT COUNT(*) FROM (SELECT CAST('900719925474099.3' AS numeric(16,1)) AS v UNION SELECT 900719925474099.2) AS t",
            "2",
        ),
        (
            "SELECT COUNT(*) FROM (VALUES (0.00000000000000001), (1e-17)) AS t (v) WHERE v = 0.00000000000000001",
            "2",
        ),
    ] {
        assert_eq!(digits(&said(&mut session, statement).await), digits(expected), "{statement}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_by_where_it_comes_from() {
    let (_server, mut session) = Server::usual().await;
    for (expression, expected) in [
        ("CAST(256 AS tinyint)", "Arithmetic overflow error for data type tinyint, value = 256."),
        (
            "CAST(CAST(40000 AS int) AS smallint)",
            "Arithmetic overflow error for data type smallint, value = 40000.",
        ),
        (
            "CAST(CAST(5000000000 AS bigint) AS int)",
            "Arithmetic overflow error converting expression to data type int.",
        ),
        ("CAST(5000000000.5 AS int)", "Arithmetic overflow error converting numeric to data type int."),
        ("CAST(3e9 AS int)", "Arithmetic overflow error for type int, value = 3000000000.000000."),
        (
            "CAST(CAST(3000000000 AS money) AS int)",
            "There is insufficient result space to convert a money value to int.",
        ),
        (
            "CAST('300' AS tinyint)",
            "The conversion of the varchar value '300' overflowed an INT1 column. Use a larger integer column.",
        ),
        (
            "CAST(CAST('40000' AS nchar(5)) AS smallint)",
            "The conversion of the nvarchar value '40000' overflowed an INT2 column. Use a larger integer column.",
        ),
        (
            "CAST('99999999999999999999' AS int)",
            "The conversion of the varchar value '99999999999999999999' overflowed an int column.",
        ),
        (
            "CAST('99999999999999999999' AS bigint)",
            "Arithmetic overflow error converting expression to data type bigint.",
        ),
        (
            "(SELECT SUM(v) FROM (VALUES (2147483647), (1)) AS t (v))",
            "Arithmetic overflow error converting expression to data type int.",
        ),
        ("CAST('x' AS bigint)", "Error converting data type varchar to bigint."),
        ("CAST('x' AS int)", "Conversion failed when converting the varchar value 'x' to data type int."),
    ] {
        let texts = super::errors(&mut session, &format!("SELECT {expression}")).await;
        assert_eq!(texts, [expected], "{expression}");
    }
    for expression in ["TRY_CAST(256 AS tinyint)", "TRY_CAST('300' AS tinyint)", "TRY_CAST(3e9 AS int)"] {
        assert_eq!(said(&mut session, &format!("SELECT {expression}")).await, "NULL", "{expression}");
    }
}

/// An answer as it is but for the points of decimals, which are not part of a value on the wire.
fn digits(said: &str) -> String {
    let plain = |word: &str| word.trim_start_matches("Decimal(").trim_end_matches(')').replace('.', "");
    said.split(' ').map(plain).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn money_is_money() {
    let (_server, mut session) = Server::usual().await;
    for (expression, expected) in [
        ("CAST(CAST(1234567.891 AS money) AS varchar(20))", "1234567.89"),
        ("CONVERT(varchar(20), CAST(-1234567.895 AS money), 1)", "-1,234,567.90"),
        ("CONVERT(varchar(20), CAST(123.4 AS smallmoney), 1)", "123.40"),
        ("CONVERT(varchar(20), CAST(1234567.891 AS money), 2)", "1234567.8910"),
        ("CONVERT(varchar(20), CAST('$1,234.5' AS money), 0)", "1234.50"),
        ("CONVERT(varchar(20), CAST(' -£5.123456 ' AS money), 2)", "-5.1235"),
        ("CONVERT(nvarchar(20), CAST(1 AS money) / 3 * 3, 2)", "0.9999"),
        ("CONVERT(varchar(20), CAST(2 AS money) * 1.5, 2)", "3.00000"),
        ("CONVERT(varchar(20), -CAST(2 AS money), 2)", "-2.0000"),
        ("CONVERT(varchar(20), ROUND(CAST(2.345 AS money), 2), 2)", "2.3500"),
        ("CAST(CAST(1.5 AS money) AS int)", "2"),
        ("CAST(CAST(-1.5 AS money) AS bigint)", "-2"),
        ("DATALENGTH(CAST(1.5 AS money))", "8"),
        ("DATALENGTH(CAST(1 AS smallmoney))", "4"),
        ("CAST(922337203685477.5807 AS money)", "Decimal(9223372036854775807)"),
        ("CAST(922337203685477.5808 AS money)", "!8115"),
        ("CAST(214748.3648 AS smallmoney)", "!8115"),
        ("CAST('5.5e2' AS money)", "!235"),
        ("CAST('abc' AS smallmoney)", "!293"),
        ("CONVERT(varchar(20), CAST(1 AS money), 3)", "!49999"),
        ("CAST(CAST(99.99 AS money) AS varchar(4))", "!234"),
        (
            "(SELECT SUM(v) FROM (VALUES (CAST(900000000000000.5 AS money)), (1)) AS t (v))",
            "Decimal(9000000000000015000)",
        ),
        ("(SELECT AVG(v) FROM (VALUES (CAST(1 AS money)), (1), (0)) AS t (v))", "Decimal(6666)"),
        // Texts that have no room.
        ("CAST(12345 AS varchar(2)) + CAST(1 AS char(2)) + '.'", "*1 ."),
        ("CAST(12345 AS nvarchar(2))", "!8115"),
        ("CAST(CAST(12345 AS bigint) AS varchar(2))", "!8115"),
        ("CAST(123.45 AS varchar(2))", "!8115"),
        ("CAST(1.5e30 AS varchar(5))", "!232"),
        ("CAST(NEWID() AS varchar(30))", "!8170"),
        ("TRY_CAST(123.45 AS varchar(2))", "NULL"),
        ("CAST('12345' AS varchar(2))", "12"),
    ] {
        assert_eq!(said(&mut session, &format!("SELECT {expression}")).await, expected, "{expression}");
    }
    let described = "SELECT system_type_name, system_type_id, max_length, precision, scale FROM \
                     sys.dm_exec_describe_first_result_set(N'SELECT CAST(1 AS money) * 2, CAST(1 AS smallmoney) + CAST(1 AS money), \
                     CAST(1 AS smallmoney)', NULL, 0)";
    assert_eq!(said(&mut session, described).await, "money 60 8 19 4 money 60 8 19 4 smallmoney 122 4 10 4");
}
