//! What is left of databases: `…/restorableDroppedDatabases` and `…/recoverableDatabases`, read-only.
//!
//! A copy that a link left behind and somebody deleted lingers here and costs nothing but its name. [Bicep types; examples
//! of the specification: a dropped database is named by its name and the moment of its deletion]

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::backend::{DroppedDatabaseView, InstanceView};
use super::call::Call;
use super::keys::read_only;
use super::operations::stamp;
use super::path::ChildType;
use super::reply::{ArmError, Reply};
use super::shape::put;

/// Seconds from 1601, where file times begin, to 1970.
const FILE_TIME_EPOCH: i128 = 11_644_473_600;

/// The list of either type, or the item named.
///
/// # Errors
/// 404 for an unknown name, 405 for anything but GET.
pub fn handle(
    call: &Call<'_>,
    instance: &InstanceView,
    child: ChildType,
    name: Option<&str>,
) -> Result<Reply, ArmError> {
    read_only(call)?;
    let items = if child == ChildType::RecoverableDatabases {
        recoverable(call, instance)
    } else {
        dropped(call, instance)
    };
    let Some(name) = name else {
        let items = items.into_iter().map(|(_, item)| item).collect();
        return Ok(call.list(&format!("{}/{}", instance.path.id(), child.segment()), items));
    };
    let found = items.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let (_, item) = found.ok_or_else(|| ArmError::child_not_found(child.segment(), name))?;
    Ok(Reply::ok(item))
}

fn recoverable(call: &Call<'_>, instance: &InstanceView) -> Vec<(String, Value)> {
    let databases = call.backend.databases(&instance.path).into_iter();
    let backed_up = databases.filter_map(|one| Some((one.name, one.last_backup?)));
    let item = |(name, moment): (String, OffsetDateTime)| {
        let mut properties = Map::new();
        put(&mut properties, "lastAvailableBackupDate", Some(stamp(moment)));
        let item = call.child(&instance.path, ChildType::RecoverableDatabases, &name, properties);
        (name, item)
    };
    backed_up.map(item).collect()
}

fn dropped(call: &Call<'_>, instance: &InstanceView) -> Vec<(String, Value)> {
    let item = |one: &DroppedDatabaseView| {
        let ticks = one.deleted.unix_timestamp_nanos() / 100 + FILE_TIME_EPOCH * 10_000_000;
        let name = format!("{},{ticks}", one.name);
        let mut properties = Map::new();
        put(&mut properties, "databaseName", Some(one.name.clone()));
        put(&mut properties, "creationDate", Some(stamp(one.created)));
        put(&mut properties, "deletionDate", Some(stamp(one.deleted)));
        put(&mut properties, "earliestRestoreDate", one.first_backup.map(stamp));
        let mut item = call.child(&instance.path, ChildType::RestorableDroppedDatabases, &name, properties);
        if let Some(item) = item.as_object_mut() {
            item.insert("location".to_owned(), instance.location.clone().into());
        }
        (name, item)
    };
    call.backend.dropped_databases(&instance.path).iter().map(item).collect()
}
