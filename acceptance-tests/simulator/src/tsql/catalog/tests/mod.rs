//! The catalog against its sources, and against worlds in which there is something to see.

mod opposites;
mod sheet;
mod values;
mod visibility;

use std::collections::BTreeMap;

use rusqlite::types::Value;

use super::{Caller, rows};
use crate::tsql::error::SqlError;
use crate::tsql::schema::{self, View};
use crate::world::Estate;
use crate::world::instance::{EngineKey, SqlInstance};
use crate::world::tests::Bench;

const SQL: &str = "sql1.corp.example";

/// A row by column name.
type Named = BTreeMap<&'static str, Value>;

fn view(name: &str) -> &'static View {
    let (schema, name) = name.split_once('.').unwrap_or(("sys", name));
    schema::view(schema, name).unwrap_or_else(|| panic!("no view {schema}.{name}"))
}

fn look(
    estate: &Estate,
    host: &str,
    login: &str,
    view: &View,
    database: &str,
) -> Result<Vec<Named>, SqlError> {
    let key = EngineKey::from(host);
    let version = estate.engine(&key).unwrap().build.major;
    let names: Vec<&'static str> = view.columns_of(version).map(|column| column.name).collect();
    let sessions = [sessions_of(login)];
    let caller =
        Caller { login, session: 51, sessions: &sessions, master_key_opened: Some(estate.clock.now()) };
    let found = rows(estate, &key, &caller, view, database)?;
    Ok(found.into_iter().map(|row| names.iter().copied().zip(row).collect()).collect())
}

fn sessions_of(login: &str) -> crate::tsql::session::registry::SessionInfo {
    let moment = time::macros::datetime!(2026-06-01 12:00 UTC);
    crate::tsql::session::registry::SessionInfo {
        id: 51,
        login: login.to_owned(),
        database: "master".to_owned(),
        host: "client".to_owned(),
        program: "test".to_owned(),
        process: 1,
        library: Some("mssql".to_owned()),
        peer: Some("10.0.0.9:50000".parse().unwrap()),
        login_time: moment,
        last_request: moment,
        ..crate::tsql::session::registry::SessionInfo::default()
    }
}

/// What `sa` sees of a view in `master`.
fn seen(bench: &Bench, name: &str) -> Vec<Named> {
    bench.world.with(|estate| look(estate, SQL, "sa", view(name), "master")).unwrap()
}

fn with_sql<T>(bench: &Bench, act: impl FnOnce(&mut SqlInstance) -> T) -> T {
    bench.world.with(|estate| act(&mut estate.sql_servers[0]))
}

fn words(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The row in which a column has a value.
fn row<'a>(rows: &'a [Named], column: &str, value: &Value) -> &'a Named {
    rows.iter().find(|row| row[column] == *value).unwrap_or_else(|| panic!("no row with {column} {value:?}"))
}
