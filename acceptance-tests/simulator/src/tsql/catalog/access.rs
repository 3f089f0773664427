//! Who may read a view at all.
//!
//! Catalog views are everybody's, and show only the rows that one may see. Views of the server's state are refused as a
//! whole: 300 names the permission, 297 follows. Those of a database's state say 262 first. ["System dynamic management
//! views", 2025; both pairs as servers of the field send them]

use super::super::ddl::permission::{Rights, user_in};
use super::super::error::{SqlError, raise};
use super::super::schema::{Scope, View};
use crate::world::Estate;
use crate::world::assumption;
use crate::world::instance::SqlInstance;
use crate::world::security::Securable;

/// What reading a view takes.
enum Needs {
    /// Nothing.
    Nothing,
    /// The state of the server.
    Server(&'static str),
    /// The state of the database.
    Database,
    /// SELECT on a table of msdb.
    Table,
}

/// Views that show each session itself without any right, or that are everybody's.
const OPEN: [&str; 3] = ["dm_exec_sessions", "dm_exec_requests", "dm_os_host_info"];

/// Views of 2022 and later that are about security. ASSUMED 72: these, and no others of those that are modelled.
const SECURITY: [&str; 4] =
    ["dm_database_encryption_keys", "dm_exec_connections", "dm_server_services", "dm_tcp_listener_states"];

fn needs(estate: &Estate, view: &View, version: u8) -> Needs {
    if view.scope == Scope::Msdb {
        return Needs::Table;
    }
    if !view.name.starts_with("dm_") || OPEN.contains(&view.name) {
        return Needs::Nothing;
    }
    if view.name == "dm_hadr_database_replica_states" {
        return Needs::Database;
    }
    let security = SECURITY.contains(&view.name) || estate.opposite(assumption::SECURITY_VIEWS);
    Needs::Server(match (version >= 16, security) {
        (false, _) => "VIEW SERVER STATE",
        (true, true) => "VIEW SERVER SECURITY STATE",
        (true, false) => "VIEW SERVER PERFORMANCE STATE",
    })
}

/// Lets the login read the view, or says why not.
///
/// # Errors
/// 297 after 300 or 262; 229 for tables of msdb.
pub(super) fn check(
    (estate, engine): (&Estate, &SqlInstance),
    rights: &Rights<'_>,
    view: &View,
    database: &str,
) -> Result<(), SqlError> {
    let version = engine.build.major;
    match needs(estate, view, version) {
        Needs::Nothing => Ok(()),
        Needs::Server(permission) if rights.server(permission) => Ok(()),
        Needs::Server(permission) => Err(refused(raise!(300, permission, "server", "master"))),
        Needs::Database => {
            let permission =
                if version >= 16 { "VIEW DATABASE PERFORMANCE STATE" } else { "VIEW DATABASE STATE" };
            if rights.on(&Securable::Database(database.to_owned()), permission) {
                return Ok(());
            }
            Err(refused(raise!(262, permission, database)))
        }
        Needs::Table => {
            let table = Securable::Object("msdb".to_owned(), format!("dbo.{}", view.name));
            let login = rights.login().map(|login| login.name.as_str()).unwrap_or_default();
            let inside = engine.database("msdb").is_some_and(|msdb| user_in(engine, login, msdb).is_some());
            if inside && rights.on(&table, "SELECT") {
                return Ok(());
            }
            Err(raise!(229, "SELECT", view.name, "msdb", "dbo"))
        }
    }
}

fn refused(first: SqlError) -> SqlError {
    raise!(297).after(first)
}
