//! What is refused, and by which number.

use super::super::super::ast::StatementKind;
use super::super::super::parser;
use super::{Server, number, plan_of, run};

#[test]
fn names_are_bound_before_anything_runs() {
    assert_eq!(number("SELECT nothing FROM sys.databases"), 207);
    assert_eq!(number("SELECT d.nothing FROM sys.databases AS d"), 207);
    assert_eq!(number("SELECT x.name FROM sys.databases AS d"), 4104);
    assert_eq!(number("SELECT name FROM sys.databases, sys.certificates"), 209);
    assert_eq!(number("SELECT * FROM sys.nothing"), 208);
    assert_eq!(number("SELECT * FROM #t"), 208);
    assert_eq!(number("SELECT NO_SUCH_FUNCTION(1)"), 195);
    assert_eq!(number("SELECT sys.fn_nothing(1)"), 4121);
    assert_eq!(number("SELECT @nothing"), 137);
    assert_eq!(number("SELECT LEN('a', 'b')"), 174);
    assert_eq!(number("SELECT (SELECT id, word FROM @t)"), 116);
    assert_eq!(number("SELECT id, COUNT(*) FROM @t"), 8120);
    assert_eq!(number("SELECT MAX(is_distributed) FROM sys.availability_groups"), 8117);
    assert_eq!(number("SELECT 'a' - 'b'"), 8117);
    assert_eq!(number("SELECT id FROM @t WHERE id"), 4145);
}

#[test]
fn younger_functions_and_columns_are_unknown_to_older_servers() {
    let old = Server { version: 13, ..Server::default() };
    for (query, expected) in [
        ("SELECT STRING_AGG(word, ',') FROM @t", 195),
        ("SELECT TRIM('a')", 195),
        ("SELECT cluster_type FROM sys.availability_groups", 207),
        ("SELECT * FROM sys.dm_os_host_info", 208),
    ] {
        assert_eq!(plan_of(&old, query).unwrap_err().number, expected, "{query}");
        assert!(run(&Server::default(), query).is_ok(), "{query}");
    }
}

#[test]
fn values_fail_while_the_query_runs() {
    assert_eq!(number("SELECT CAST('x' AS int)"), 245);
    assert_eq!(number("SELECT CAST('x' AS float)"), 8114);
    assert_eq!(number("SELECT 1 / (@n - 7)"), 8134);
    assert_eq!(number("SELECT 2147483647 + 1"), 8115);
    assert_eq!(number("SELECT (SELECT id FROM @t)"), 512);
    assert_eq!(number("SELECT COUNT(*) FROM @t WHERE word = 1"), 245);
    assert_eq!(number("SELECT 1 WHERE 'a' LIKE 'a' ESCAPE 'xx'"), 506);
    assert_eq!(number("SELECT CERTPROPERTY(1, 'Expiry_Date')"), 911);
    assert!(plan_of(&Server::default(), "SELECT CAST('x' AS int)").is_ok());
}

#[test]
fn what_is_not_modelled_says_so() {
    assert_eq!(number("SELECT GETDATE() AT TIME ZONE 'UTC'"), 49999);
    assert_eq!(number("SELECT STDEV(DISTINCT id) FROM @t"), 49999);
}

#[test]
fn conditions_and_expressions_stand_alone() {
    let server = Server::default();
    let batch = parser::parse("IF @n > 3 AND EXISTS (SELECT 1 FROM @t) PRINT 'a'", 16).unwrap();
    let StatementKind::If { condition, .. } = &batch.statements[0].kind else { panic!("no IF") };
    let plan = super::super::plan_condition(condition, &server).unwrap();
    assert_eq!(super::super::evaluate(&plan, &server), Ok(rusqlite::types::Value::Integer(1)));
}

#[test]
fn reserved_words_are_no_aliases_even_after_as() {
    assert_eq!(number("SELECT 1 AS clustered"), 156);
    assert_eq!(number("SELECT 1 AS key, 2"), 156);
    assert_eq!(number("SELECT * FROM sys.databases AS plan"), 156);
    for accepted in ["SELECT 1 AS [clustered]", "SELECT 1 AS offset", "SELECT 1 AS is_clustered"] {
        assert!(run(&Server::default(), accepted).is_ok(), "{accepted}");
    }
}
