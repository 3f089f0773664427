//! The rows of system views, made from the world at the moment of the query.
//!
//! A view of [`super::schema`] that nothing here fills is not empty: it is refused, because an empty answer would be a
//! lie about a server that has rows there.

mod databases;
mod groups;
mod objects;

use std::collections::BTreeMap;

use rusqlite::types::Value;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::error::{SqlError, not_modelled};
use super::schema::View;
use super::value::{self, Type};
use crate::world::Estate;
use crate::world::instance::{EngineKey, SqlInstance};
use crate::world::log::LogPosition;

/// A row by column name; a column that is not there is NULL.
pub(super) type Row = BTreeMap<&'static str, Value>;

/// Whose eyes see the view.
#[derive(Debug, Clone, Copy)]
pub(super) struct Viewer<'a> {
    pub(super) estate: &'a Estate,
    pub(super) engine: &'a SqlInstance,
    pub(super) database: &'a str,
    /// May see every definition.
    pub(super) definitions: bool,
}

/// The rows of a view, with the columns of the engine's version in their order.
///
/// # Errors
/// 300 where the login may not see server state; a refusal where the view is not modelled.
pub(crate) fn rows(
    estate: &Estate,
    key: &EngineKey,
    login: &str,
    view: &View,
    database: &str,
) -> Result<Vec<Vec<Value>>, SqlError> {
    let Some(engine) = estate.engine(key) else { return Err(not_modelled("an engine that is gone")) };
    let state = super::ddl::permission::on_server(
        engine,
        login,
        &["VIEW SERVER STATE", "VIEW SERVER PERFORMANCE STATE", "CONTROL SERVER"],
    );
    if view.name.starts_with("dm_") && !state {
        let text = format!(
            "VIEW SERVER STATE permission was denied on object '{}', database 'mssqlsystemresource'.",
            view.name
        );
        return Err(SqlError::new(300, 14, 1, text));
    }
    let definitions = super::ddl::permission::on_server(
        engine,
        login,
        &["VIEW ANY DEFINITION", "VIEW SERVER STATE", "CONTROL SERVER"],
    );
    let viewer = Viewer { estate, engine, database, definitions };
    let rows = match view.name {
        "certificates" => objects::certificates(viewer),
        "symmetric_keys" => objects::symmetric_keys(viewer),
        "endpoints" | "tcp_endpoints" | "database_mirroring_endpoints" => objects::endpoints(viewer),
        "server_principals" => objects::principals(viewer),
        "server_role_members" => objects::role_members(viewer),
        "server_permissions" => objects::permissions(viewer),
        "configurations" => objects::configurations(viewer),
        "dm_os_host_info" => objects::host_info(viewer),
        "availability_groups" => groups::groups(viewer),
        "availability_replicas" => groups::replicas(viewer),
        "availability_databases_cluster" => groups::databases(viewer),
        "availability_group_listeners" => groups::listeners(viewer),
        "availability_group_listener_ip_addresses" => groups::listener_addresses(viewer),
        "dm_hadr_availability_replica_states" => groups::replica_states(viewer),
        "dm_hadr_availability_replica_cluster_states" => groups::cluster_states(viewer),
        "dm_hadr_availability_group_states" => groups::group_states(viewer),
        "dm_hadr_database_replica_states" => groups::database_states(viewer),
        "dm_hadr_automatic_seeding" => groups::automatic_seeding(viewer),
        "dm_hadr_physical_seeding_stats" => groups::physical_seeding(viewer),
        "dm_hadr_cluster" => groups::cluster(viewer),
        "databases" => databases::databases(viewer),
        "database_mirroring" => databases::mirroring(viewer),
        "database_recovery_status" => databases::recovery_status(viewer),
        "master_files" => databases::files(viewer, None),
        "database_files" => databases::files(viewer, Some(database)),
        "filegroups" => databases::filegroups(viewer),
        "dm_database_encryption_keys" => databases::encryption_keys(viewer),
        "backupset" => databases::backups(viewer),
        other => return Err(not_modelled(&format!("the rows of {}.{other}", view.schema))),
    };
    let major = engine.build.major;
    Ok(rows
        .into_iter()
        .map(|mut row| {
            view.columns_of(major).map(|column| row.remove(column.name).unwrap_or(Value::Null)).collect()
        })
        .collect())
}

pub(super) fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

pub(super) fn maybe(text: Option<&String>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.clone()))
}

pub(super) fn number(number: impl Into<i64>) -> Value {
    Value::Integer(number.into())
}

pub(super) fn large(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A position as `numeric(25,0)`.
pub(super) fn lsn(position: LogPosition) -> Value {
    large(position.numeric())
}

pub(super) fn bit(flag: bool) -> Value {
    Value::Integer(i64::from(flag))
}

pub(super) fn guid(guid: &str) -> Value {
    Value::Text(guid.to_ascii_uppercase())
}

pub(super) fn moment(moment: OffsetDateTime) -> Value {
    let utc = moment.to_offset(time::UtcOffset::UTC);
    Value::Text(value::format_moment(PrimitiveDateTime::new(utc.date(), utc.time()), Type::DateTime))
}
