//! Management locks: `{scope}/providers/Microsoft.Authorization/locks`.
//!
//! A lock holds at its scope and everywhere below. Locks themselves are neither locked nor versioned with the resource
//! that they are on. ["Management Locks", REST pages of 2016-09-01; "Lock your resources to protect your infrastructure"]

use serde_json::{Map, Value, json};

use super::call::Call;
use super::directory::{Directory, Lock, LockLevel};
use super::reply::{ArmError, Reply};
use super::shape::put;
use crate::world::assumption;

/// Characters that no lock's name has.
const FORBIDDEN: [char; 8] = ['<', '>', '%', '&', ':', '\\', '?', '/'];

/// The locks of a scope, or the one named.
///
/// # Errors
/// 404 for an unknown name, 400 for what is no lock, 405 for other verbs.
pub fn handle(
    call: &Call<'_>,
    directory: &Directory,
    scope: &str,
    name: Option<&str>,
) -> Result<Reply, ArmError> {
    let Some(name) = name else {
        if call.method != "GET" {
            return Err(ArmError::method_not_allowed(call.method));
        }
        // ASSUMED 155.
        let inherited = call.backend.opposite(assumption::INHERITED_LOCKS);
        let items = directory.locks(scope, inherited).iter().map(resource).collect();
        return Ok(call.list(&format!("{scope}/providers/Microsoft.Authorization/locks"), items));
    };
    match call.method {
        "GET" => match directory.find_lock(scope, name) {
            Some(lock) => Ok(Reply::ok(resource(&lock))),
            None => Err(missing(call, scope, name)),
        },
        "PUT" => {
            let lock = read(call, scope, name)?;
            let body = resource(&lock);
            let status = if directory.put_lock(lock) { 200 } else { 201 };
            Ok(Reply { status, ..Reply::ok(body) })
        }
        "DELETE" => Ok(Reply::empty(if directory.remove_lock(scope, name) { 200 } else { 204 })),
        method => Err(ArmError::method_not_allowed(method)),
    }
}

/// ASSUMED 154: the code of a lock that is not there.
fn missing(call: &Call<'_>, scope: &str, name: &str) -> ArmError {
    if call.backend.opposite(assumption::LOCK_CODES) {
        let text =
            format!("The resource '{scope}/providers/Microsoft.Authorization/locks/{name}' was not found.");
        return ArmError::gateway(404, "ResourceNotFound", text);
    }
    ArmError::gateway(404, "LockNotFound", format!("The lock '{name}' could not be found."))
}

fn read(call: &Call<'_>, scope: &str, name: &str) -> Result<Lock, ArmError> {
    // ASSUMED 154: the code of everything that is wrong with a lock.
    let other = call.backend.opposite(assumption::LOCK_CODES);
    let refuse = |why: String| {
        if other { ArmError::gateway(400, "InvalidLock", why) } else { ArmError::invalid_content(&why) }
    };
    if name.chars().count() > 260 || name.contains(FORBIDDEN) || name.contains(char::is_control) {
        return Err(refuse(format!("The lock name '{name}' is invalid")));
    }
    let body = call.json()?;
    let property = |name: &str| body.pointer(&format!("/properties/{name}")).and_then(Value::as_str);
    let level = match property("level").unwrap_or_default() {
        level if level.eq_ignore_ascii_case("CanNotDelete") => LockLevel::CanNotDelete,
        level if level.eq_ignore_ascii_case("ReadOnly") => LockLevel::ReadOnly,
        level => return Err(refuse(format!("Error converting value \"{level}\" to type 'LockLevel'"))),
    };
    let notes = property("notes").map(str::to_owned);
    if notes.as_ref().is_some_and(|notes| notes.chars().count() > 512) {
        return Err(refuse("The notes of a lock have at most 512 characters".to_owned()));
    }
    Ok(Lock { name: name.to_owned(), scope: scope.to_owned(), level, notes })
}

fn resource(lock: &Lock) -> Value {
    let mut properties = Map::new();
    let level = match lock.level {
        LockLevel::CanNotDelete => "CanNotDelete",
        LockLevel::ReadOnly => "ReadOnly",
    };
    put(&mut properties, "level", Some(level));
    put(&mut properties, "notes", lock.notes.clone());
    json!({
        "properties": properties,
        "id": format!("{}/providers/Microsoft.Authorization/locks/{}", lock.scope, lock.name),
        "type": "Microsoft.Authorization/locks",
        "name": lock.name,
    })
}
