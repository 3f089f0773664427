//! What expressions return.

use rusqlite::types::Value;

use super::super::super::value::Type;
use super::{Server, one, run, text};
use crate::world::collation::Collation;

fn number(value: i64) -> Value {
    Value::Integer(value)
}

#[test]
fn plus_joins_texts_and_adds_numbers() {
    assert_eq!(one("SELECT N'a' + 'b'"), text("ab"));
    assert_eq!(one("SELECT '1' + 2"), number(3));
    assert_eq!(one("SELECT 0x01 + 0x02FF"), Value::Blob(vec![1, 2, 255]));
    assert_eq!(one("SELECT 'a' + NULL"), Value::Null);
}

#[test]
fn whole_numbers_stay_whole() {
    assert_eq!(one("SELECT 7 / 2"), number(3));
    assert_eq!(one("SELECT -7 % 4"), number(-3));
    assert_eq!(one("SELECT 7 / 2.0"), Value::Real(3.5));
    assert_eq!(one("SELECT AVG(id) FROM @t"), number(2));
    assert_eq!(one("SELECT SUM(CAST(id AS bigint)) * 8192 FROM @t"), number(81920));
    assert_eq!(one("SELECT 6 & 3 | 8"), number(10));
}

#[test]
fn text_compares_by_the_collation() {
    assert_eq!(one("SELECT COUNT(*) FROM @t WHERE word = 'TWO '"), number(2));
    assert_eq!(one("SELECT COUNT(DISTINCT word) FROM @t"), number(2));
    assert_eq!(one("SELECT COUNT(*) FROM @t WHERE word = 'two' COLLATE Latin1_General_BIN2"), number(1));
    let exact = Server { collation: Collation::Exact, ..Server::default() };
    let rows = run(&exact, "SELECT COUNT(*) FROM @t WHERE word IN ('TWO', 'two')").unwrap().rows;
    assert_eq!(rows, [[number(1)]]);
}

#[test]
fn like_in_between_and_null() {
    assert_eq!(one("SELECT COUNT(*) FROM @t WHERE word LIKE N't[^x]_'"), number(2));
    assert_eq!(one("SELECT COUNT(*) FROM @t WHERE word NOT LIKE 't%'"), number(1));
    assert_eq!(one("SELECT IIF('50%' LIKE '50!%' ESCAPE '!', 1, 0)"), number(1));
    assert_eq!(one("SELECT COUNT(*) FROM @t WHERE id BETWEEN 2 AND '3' AND id NOT IN (3)"), number(1));
    assert_eq!(one("SELECT COUNT(*) FROM @t WHERE word NOT IN ('x', NULL)"), number(0));
    assert_eq!(one("SELECT COUNT(*) FROM @t WHERE word IS NULL OR NOT (id < 4)"), number(1));
    assert_eq!(one("SELECT COUNT(*) FROM @t AS a WHERE id IN (SELECT id + 1 FROM @t)"), number(3));
    assert_eq!(one("SELECT CASE WHEN EXISTS (SELECT * FROM @t WHERE id = 9) THEN 1 ELSE 0 END"), number(0));
}

#[test]
fn choices_take_the_common_type() {
    let rows =
        run(&Server::default(), "SELECT CASE WHEN 1 = 0 THEN 1 ELSE '2' END AS a, ISNULL(NULL, N'x') AS b")
            .unwrap();
    assert_eq!(rows.rows, [[number(2), text("x")]]);
    assert_eq!(rows.columns[0].data_type, Type::Int);
    assert_eq!(one("SELECT CASE @n WHEN 7 THEN 'seven' END"), text("seven"));
    assert_eq!(one("SELECT COALESCE(NULL, NULLIF(1, 1), 3)"), number(3));
    assert_eq!(one("SELECT ISNULL(CAST(NULL AS varchar(2)), 'abc')"), text("ab"));
    assert_eq!(one("SELECT CHOOSE(2, 'a', 'b')"), text("b"));
}

#[test]
fn conversions() {
    assert_eq!(one("SELECT CONVERT(varchar(max), 0x0AFF, 1)"), text("0x0AFF"));
    assert_eq!(one("SELECT TRY_CAST('x' AS int)"), Value::Null);
    assert_eq!(one("SELECT TRY_CONVERT(int, '12')"), number(12));
    assert_eq!(one("SELECT CAST(SERVERPROPERTY('EngineEdition') AS nvarchar(9))"), text("3"));
    assert_eq!(one("SELECT CAST(@@SERVERNAME AS sysname)"), text("SQL1"));
    assert_eq!(one("SELECT CONVERT(varchar(33), GETUTCDATE(), 126)"), text("2026-11-23T15:30:00.125"));
}

#[test]
fn functions_of_text() {
    assert_eq!(one("SELECT QUOTENAME('a]b') + QUOTENAME(N'x', '''')"), text("[a]]b]'x'"));
    assert_eq!(one("SELECT LEN(N'ab  ')"), number(2));
    assert_eq!(one("SELECT DATALENGTH(N'ab')"), number(4));
    assert_eq!(one("SELECT CHARINDEX('SERVER=', N'tcp://a;Server=[b]')"), number(9));
    assert_eq!(one("SELECT SUBSTRING('abcdef', 0, 3) + LEFT('xyz', 1) + RIGHT('xyz', 1)"), text("abxz"));
    assert_eq!(one("SELECT REPLACE('aXbx', 'x', '-') + STUFF('abc', 2, 1, 'ZZ')"), text("a-b-aZZc"));
    assert_eq!(one("SELECT CONCAT('a', NULL, 1)"), text("a1"));
    assert_eq!(one("SELECT UPPER(LTRIM(RTRIM(' a ')))"), text("A"));
    assert_eq!(one("SELECT PARSENAME('[a.b].c', 2)"), text("a.b"));
    assert_eq!(one("SELECT PATINDEX('%[0-9]%', 'ab3')"), number(3));
    assert_eq!(
        one("SELECT STRING_AGG(word, ',') WITHIN GROUP (ORDER BY id DESC) FROM @t"),
        text("two,Two,one")
    );
}

#[test]
fn functions_of_dates() {
    assert_eq!(one("SELECT CONVERT(char(10), DATEADD(month, 1, '20260131'), 23)"), text("2026-02-28"));
    assert_eq!(one("SELECT DATEDIFF(day, '2026-11-22T23:59:00', GETDATE())"), number(1));
    assert_eq!(one("SELECT DATEPART(year, SYSUTCDATETIME())"), number(2026));
    assert_eq!(one("SELECT DATENAME(weekday, GETDATE())"), text("Monday"));
    assert_eq!(one("SELECT IIF(GETDATE() > '20260101', 1, 0)"), number(1));
}

#[test]
fn groups_and_windows() {
    let rows = run(
        &Server::default(),
        "SELECT UPPER(word) AS w, COUNT(*) FROM @t WHERE word IS NOT NULL GROUP BY UPPER(word) \
         HAVING COUNT(*) > 1 ORDER BY w",
    )
    .unwrap();
    assert_eq!(rows.rows, [[text("TWO"), number(2)]]);
    let rows = run(
        &Server::default(),
        "SELECT TOP (1) ROW_NUMBER() OVER (ORDER BY id DESC) AS r, id FROM @t ORDER BY id",
    )
    .unwrap();
    assert_eq!(rows.rows, [[number(4), number(1)]]);
}

#[test]
fn subqueries_common_tables_and_apply() {
    assert_eq!(one("SELECT (SELECT word FROM @t WHERE id = 2)"), text("Two"));
    assert_eq!(one("WITH q AS (SELECT id * 2 AS d FROM @t) SELECT MAX(d) FROM q"), number(8));
    assert_eq!(
        one(
            "SELECT MAX(x.n) FROM @t AS a CROSS APPLY (SELECT COUNT(*) AS n FROM @t AS b WHERE b.id < a.id) AS x"
        ),
        number(3)
    );
    assert_eq!(one("SELECT COUNT(*) FROM (SELECT 1 AS a UNION SELECT 1 UNION ALL SELECT 2) AS q"), number(2));
}
