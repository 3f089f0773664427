//! The shapes of queries that monitoring uses: ties and percents, recursion, APPLY with many rows, comparisons with all.

use rusqlite::types::Value;

use super::{Server, number, one, run};

fn numbers(text: &str) -> Vec<i64> {
    let rows = run(&Server::default(), text).unwrap_or_else(|cause| panic!("{text}: {cause:?}")).rows;
    let whole = |value: &Value| match value {
        Value::Integer(number) => *number,
        Value::Null => -1,
        other => panic!("{text}: {other:?}"),
    };
    rows.iter().flat_map(|row| row.iter().map(whole)).collect()
}

#[test]
fn top_takes_ties_and_percents() {
    let values = "(VALUES (1, 'a'), (2, 'b'), (2, 'c'), (3, 'd')) AS v (n, w)";
    assert_eq!(numbers(&format!("SELECT TOP (2) WITH TIES n FROM {values} ORDER BY n")), [1, 2, 2]);
    assert_eq!(numbers(&format!("SELECT TOP (1) WITH TIES n FROM {values} ORDER BY n DESC")), [3]);
    // The key need not be in the result.
    assert_eq!(
        numbers(&format!("SELECT TOP (2) WITH TIES n * 10 AS m FROM {values} ORDER BY -n, w DESC")),
        [30, 20]
    );
    assert_eq!(numbers(&format!("SELECT TOP (50) PERCENT n FROM {values} ORDER BY n")), [1, 2]);
    assert_eq!(numbers(&format!("SELECT TOP (51) PERCENT n FROM {values} ORDER BY n")), [1, 2, 2]);
    assert_eq!(numbers(&format!("SELECT TOP (30) PERCENT WITH TIES n FROM {values} ORDER BY n")), [1, 2, 2]);
    assert_eq!(
        numbers(&format!("SELECT COUNT(*) FROM (SELECT TOP (100) PERCENT n FROM {values}) AS q")),
        [4]
    );
    assert_eq!(number(&format!("SELECT TOP (2) WITH TIES n FROM {values}")), 1062);
    assert_eq!(number(&format!("SELECT TOP (101) PERCENT n FROM {values}")), 1031);
    assert_eq!(number(&format!("SELECT DISTINCT TOP (2) WITH TIES n FROM {values} ORDER BY n * 2")), 145);
}

#[test]
fn common_tables_recur_as_deep_as_they_may() {
    let count = |to: u32| {
        format!(
            "WITH q AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM q WHERE n < {to}) SELECT COUNT(*) FROM q"
        )
    };
    assert_eq!(numbers(&count(101)), [101]);
    assert_eq!(number(&count(102)), 530);
    assert_eq!(numbers(&(count(102) + " OPTION (MAXRECURSION 101)")), [102]);
    assert_eq!(numbers(&(count(500) + " OPTION (RECOMPILE, MAXRECURSION 0)")), [500]);
    assert_eq!(number(&(count(3) + " OPTION (MAXRECURSION 1)")), 530);
    assert_eq!(
        numbers(
            "WITH tree (id, parent) AS (SELECT 1, 0 UNION ALL SELECT 2, 1 UNION ALL SELECT 3, 1 UNION ALL SELECT 4, 2), \
             below AS (SELECT id, 0 AS depth FROM tree WHERE id = 1 UNION ALL \
                       SELECT t.id, b.depth + 1 FROM tree AS t JOIN below AS b ON t.parent = b.id) \
             SELECT id, depth FROM below ORDER BY id"
        ),
        [1, 0, 2, 1, 3, 1, 4, 2]
    );
    assert_eq!(
        number("WITH q AS (SELECT 1 AS n UNION SELECT n + 1 FROM q WHERE n < 3) SELECT n FROM q"),
        252
    );
    assert_eq!(number("WITH q AS (SELECT 1 AS n UNION ALL SELECT 'a' FROM q) SELECT n FROM q"), 240);
    assert_eq!(number("WITH q AS (SELECT 1 AS n UNION ALL SELECT n, 2 FROM q) SELECT n FROM q"), 205);
}

#[test]
fn apply_joins_each_row_with_what_it_leads_to() {
    assert_eq!(
        numbers(
            "SELECT a.id, b.id FROM @t AS a CROSS APPLY (SELECT id FROM @t WHERE id > a.id + 1) AS b ORDER BY a.id, b.id"
        ),
        [1, 3, 1, 4, 2, 4]
    );
    assert_eq!(
        numbers(
            "SELECT a.id, b.id FROM @t AS a OUTER APPLY (SELECT id FROM @t WHERE id > a.id + 1) AS b ORDER BY a.id, b.id"
        ),
        [1, 3, 1, 4, 2, 4, 3, -1, 4, -1]
    );
    assert_eq!(
        numbers(
            "SELECT v.n FROM @t AS a CROSS APPLY (VALUES (a.id), (a.id * 10)) AS v (n) WHERE a.id < 3 ORDER BY v.n"
        ),
        [1, 2, 10, 20]
    );
    assert_eq!(
        numbers(
            "SELECT MAX(b.twice) FROM @t AS a CROSS APPLY (SELECT a.id * 2 AS twice FROM @t AS c WHERE c.id = a.id) AS b"
        ),
        [8]
    );
    // What orders and cuts for each row is not a join.
    assert_eq!(
        number(
            "SELECT b.id FROM @t AS a CROSS APPLY (SELECT TOP (2) id FROM @t WHERE id > a.id ORDER BY id) AS b"
        ),
        49999
    );
}

#[test]
fn comparisons_with_any_and_all_know_null() {
    let count = |condition: &str| one(&format!("SELECT COUNT(*) FROM @t WHERE {condition}"));
    let whole = Value::Integer;
    assert_eq!(count("id >= ALL (SELECT id FROM @t)"), whole(1));
    assert_eq!(count("id > ANY (SELECT id FROM @t WHERE id > 2)"), whole(1));
    assert_eq!(count("id < SOME (SELECT id FROM @t)"), whole(3));
    assert_eq!(count("id > ALL (SELECT id FROM @t WHERE id > 9)"), whole(4));
    assert_eq!(count("id > ANY (SELECT id FROM @t WHERE id > 9)"), whole(0));
    assert_eq!(count("id = ALL (SELECT 1 UNION ALL SELECT NULL)"), whole(0));
    assert_eq!(count("NOT (id = ANY (SELECT 1 UNION ALL SELECT NULL))"), whole(0));
    assert_eq!(count("id <> ALL (SELECT id FROM @t WHERE id < 3)"), whole(2));
}

#[test]
fn deviations_and_windows_over_groups() {
    let values = "(VALUES (2), (4), (4), (4), (5), (5), (7), (9)) AS v (n)";
    assert_eq!(one(&format!("SELECT STDEVP(n) FROM {values}")), Value::Real(2.0));
    assert_eq!(one(&format!("SELECT VARP(n) FROM {values}")), Value::Real(4.0));
    assert_eq!(one(&format!("SELECT ROUND(VAR(n), 4) FROM {values}")), Value::Real(4.5714));
    assert_eq!(one("SELECT STDEV(id) FROM @t WHERE id = 1"), Value::Null);
    assert_eq!(one("SELECT STDEVP(id) FROM @t WHERE id = 1"), Value::Real(0.0));
    assert_eq!(number("SELECT VAR(word) FROM @t"), 8117);
    assert_eq!(
        numbers(
            "SELECT id, RANK() OVER (ORDER BY id % 2), DENSE_RANK() OVER (ORDER BY id % 2), LAG(id) OVER (ORDER BY id), \
             LEAD(id, 1, 0) OVER (ORDER BY id), SUM(id) OVER (PARTITION BY id % 2 ORDER BY id) FROM @t ORDER BY id"
        ),
        [1, 3, 2, -1, 2, 1, 2, 1, 1, 1, 3, 2, 3, 3, 2, 2, 4, 4, 4, 1, 1, 3, 0, 6]
    );
}
