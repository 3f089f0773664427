//! The engine of queries on a small server that stands still.

mod collations;
mod documents;
mod fake;
mod reading;
mod refusals;
mod shapes;
mod values;

use rusqlite::types::Value;

use super::super::ast::StatementKind;
use super::super::error::SqlError;
use super::super::parser;
use super::Plan;
use super::run::Rows;
use fake::Server;

/// What the provider asks and what link scripts ask, one after the other; `-- NAME` begins each.
const QUERIES: &str = include_str!("queries.sql");

fn plan_of(server: &Server, text: &str) -> Result<Plan, SqlError> {
    let batch = parser::parse(text, server.version)?;
    match batch.statements.into_iter().next().map(|statement| statement.kind) {
        Some(StatementKind::Query(query)) => super::plan(&query, server),
        other => panic!("{text} is no query: {other:?}"),
    }
}

fn run(server: &Server, text: &str) -> Result<Rows, SqlError> {
    super::run(&plan_of(server, text)?, server)
}

/// The one value of a query of one row.
fn one(text: &str) -> Value {
    let rows = run(&Server::default(), text).unwrap_or_else(|cause| panic!("{text}: {cause:?}"));
    assert_eq!(rows.rows.len(), 1, "{text}");
    rows.rows[0][0].clone()
}

/// The number of the error.
fn number(text: &str) -> i32 {
    match run(&Server::default(), text) {
        Err(cause) => cause.number,
        Ok(rows) => panic!("{text} returned {:?}", rows.rows),
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

#[test]
fn every_query_of_the_provider_and_of_link_scripts_runs_on_every_version() {
    let mut wrong = Vec::new();
    for version in 13..=17 {
        let server = Server { version, ..Server::default() };
        for query in QUERIES.split("GO\n") {
            // Columns of 2017 and later.
            if version < 14 && query.contains("required_synchronized_secondaries_to_commit") {
                assert_eq!(run(&server, query).unwrap_err().number, 207);
                continue;
            }
            if let Err(cause) = run(&server, query) {
                wrong.push(format!("{version} {}: {cause:?}", query.lines().next().unwrap_or("")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn named(name: &str) -> &'static str {
    QUERIES
        .split("GO\n")
        .find(|query| query.starts_with(&format!("-- {name}\n")))
        .expect("a query of that name")
}

#[test]
fn groups_come_with_their_replicas_in_order() {
    let rows = run(&Server::default(), named("GROUPS")).expect("rows");
    let names: Vec<&Value> = rows.rows.iter().map(|row| &row[1]).collect();
    assert_eq!(names, [&text("ag"), &text("dag"), &text("dag")]);
    let members: Vec<&Value> = rows.rows.iter().map(|row| &row[9]).collect();
    assert_eq!(members, [&text("SQL1"), &text("ag"), &text("mi")]);
    let columns: Vec<&str> = rows.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns[..3], ["group_id", "name", "is_distributed"]);
}

#[test]
fn the_rule_of_management_studio_finds_the_link() {
    let rows = run(&Server::default(), named("A3")).expect("rows");
    let links: Vec<(&Value, &Value)> = rows.rows.iter().map(|row| (&row[0], row.last().unwrap())).collect();
    assert!(links.contains(&(&text("dag"), &Value::Integer(1))));
    assert!(links.contains(&(&text("ag"), &Value::Integer(0))));
}

#[test]
fn facts_come_from_the_instance() {
    let rows = run(&Server::default(), named("QUERY")).expect("rows").rows;
    assert_eq!(rows[0][0], text("16.0.4100.1"));
    assert_eq!(rows[0][2], Value::Integer(3));
    assert_eq!(rows[0][4], text("SQL1"));
    let procedures = [&rows[0][8], &rows[0][9]];
    assert_eq!(procedures, [&Value::Integer(0), &Value::Integer(1)]);
}

#[test]
fn only_the_views_that_a_query_names_are_filled() {
    let server = Server::default();
    run(&server, "SELECT name FROM sys.databases").expect("rows");
    assert_eq!(*server.filled.lock().unwrap(), ["databases"]);
}
