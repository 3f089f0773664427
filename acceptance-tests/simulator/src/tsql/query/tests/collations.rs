//! Names on servers of other collations: objects, columns and variables follow the server's, keywords and functions do not.

use rusqlite::types::Value;

use super::{Server, run};
use crate::world::collation::Collation;

/// The number of rows, or of the error.
fn asked(collation: &str, text: &str) -> Result<usize, i32> {
    let server = Server { collation: Collation::named(collation), ..Server::default() };
    run(&server, text).map(|rows| rows.rows.len()).map_err(|cause| cause.number)
}

const BIN2: &str = "Latin1_General_100_BIN2";
const CASE: &str = "SQL_Latin1_General_CP1_CS_AS";
const TURKISH: &str = "Turkish_CI_AS";
const USUAL: &str = "SQL_Latin1_General_CP1_CI_AS";

#[test]
fn objects_columns_and_variables_are_told_apart_where_the_server_does() {
    for (text, usual, exact, turkish) in [
        ("SELECT name FROM sys.databases", Ok(2), Ok(2), Ok(2)),
        ("select NAME from sys.databases", Ok(2), Err(207), Ok(2)),
        ("SELECT name FROM sys.Databases", Ok(2), Err(208), Ok(2)),
        ("SELECT name FROM SYS.databases", Ok(2), Err(208), Ok(2)),
        ("SELECT name FROM MASTER.sys.databases", Ok(2), Err(208), Ok(2)),
        // A capital I is another letter than i.
        ("SELECT DATABASE_ID FROM sys.databases", Ok(2), Err(207), Err(207)),
        ("SELECT is_distributed FROM sys.AVAILABILITY_GROUPS", Ok(2), Err(208), Err(208)),
        ("SELECT D.name FROM sys.databases AS d", Ok(2), Err(4104), Ok(2)),
        ("WITH c AS (SELECT name FROM sys.databases) SELECT name FROM C", Ok(2), Err(208), Ok(2)),
        ("SELECT q.A FROM (SELECT 1 AS a) AS q", Ok(1), Err(207), Ok(1)),
        ("SELECT upper('a'), Len(N'b') WHERE exists (SELECT 1)", Ok(1), Ok(1), Ok(1)),
        ("SELECT SYS.fn_hadr_is_primary_replica(N'x')", Ok(1), Err(4121), Ok(1)),
        ("SELECT sys.FN_hadr_is_primary_replica(N'x')", Ok(1), Err(4121), Ok(1)),
    ] {
        assert_eq!(asked(USUAL, text), usual, "{text}");
        assert_eq!(asked(BIN2, text), exact, "{text}");
        assert_eq!(asked(CASE, text), exact, "{text}");
        assert_eq!(asked(TURKISH, text), turkish, "{text}");
    }
}

#[test]
fn text_compares_as_the_server_does() {
    let rows = |collation, text| asked(collation, text).unwrap();
    let sales = "SELECT name FROM sys.databases WHERE name = N'SALES'";
    assert_eq!([USUAL, BIN2, TURKISH].map(|collation| rows(collation, sales)), [1, 0, 1]);
    let sensitive = "SELECT 1 WHERE N'I' = N'i'";
    assert_eq!([USUAL, BIN2, TURKISH].map(|collation| rows(collation, sensitive)), [1, 0, 0]);
    // The catalog's own words are found in any case on every server.
    let own = "SELECT name FROM sys.databases WHERE recovery_model_desc = N'simple'";
    assert_eq!([USUAL, BIN2, TURKISH].map(|collation| rows(collation, own)), [1, 1, 1]);
    // COLLATE overrules the server.
    let collated = "SELECT 1 WHERE N'I' COLLATE Turkish_CI_AS = N'ı'";
    assert_eq!([USUAL, BIN2, TURKISH].map(|collation| rows(collation, collated)), [1, 1, 1]);
    let server = Server { collation: Collation::named(BIN2), ..Server::default() };
    let found =
        run(&server, "SELECT DISTINCT word FROM (SELECT N'a' AS word UNION ALL SELECT N'A') AS q").unwrap();
    let words: Vec<&Value> = found.rows.iter().map(|row| &row[0]).collect();
    assert_eq!(words.len(), 2);
}
