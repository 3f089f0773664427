//! What of the sources a query reads: as little as it names, and nothing through SQLite that it takes as it stands.

use super::super::run::{named_columns, taken_whole};
use super::{Server, plan_of, run};

#[test]
fn what_is_taken_whole_is_computed_nowhere() {
    let server = Server::default();
    let is_whole = |text: &str| taken_whole(&plan_of(&server, text).unwrap()).is_some();
    for text in
        ["SELECT * FROM sys.certificates", "SELECT c.* FROM sys.certificates AS c", "SELECT * FROM @t"]
    {
        assert!(is_whole(text), "{text}");
    }
    for text in [
        "SELECT id FROM @t",
        "SELECT word, id FROM @t",
        "SELECT id, UPPER(word) FROM @t",
        "SELECT DISTINCT * FROM @t",
        "SELECT TOP 1 * FROM @t",
        "SELECT * FROM @t WHERE id = 1",
        "SELECT * FROM @t ORDER BY id",
        "SELECT * FROM @t FOR JSON PATH",
        "SELECT * FROM @t UNION ALL SELECT * FROM @t",
        "SELECT * FROM @t AS a, @t AS b",
        "SELECT *, 1 AS one FROM @t",
    ] {
        assert!(!is_whole(text), "{text}");
    }
    let (whole, computed) = ("SELECT * FROM @t", "SELECT * FROM @t WHERE 1 = 1");
    assert_eq!(run(&server, whole).unwrap().rows, run(&server, computed).unwrap().rows);
}

#[test]
fn columns_that_no_text_names_are_not_stored() {
    let named = |text: &str| named_columns(text).into_iter().collect::<Vec<_>>();
    assert_eq!(named("SELECT t1.c0 AS c0, f_x(t2.c17,t1.c3) FROM s0 AS t1, s1 AS t2"), [0, 3, 17]);
    assert_eq!(named("SELECT count(*) FROM s0 AS t1"), [0; 0]);
    let rows =
        run(&Server::default(), "SELECT COUNT(*) FROM @t AS t WHERE EXISTS (SELECT 1 FROM @t)").unwrap();
    let all = run(&Server::default(), "SELECT * FROM @t").unwrap();
    assert_eq!(rows.rows, [[rusqlite::types::Value::Integer(i64::try_from(all.rows.len()).unwrap())]]);
}
