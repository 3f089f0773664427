//! What a login may do: fixed server roles, ownership, grants and denials.
//!
//! Only what statements and catalog views of the subset ask. Database-level permissions in `master` are kept with the
//! server's, because the world has no users.

use crate::world::instance::SqlInstance;
use crate::world::security::{Login, Securable};

/// The login of that name.
pub(crate) fn login<'a>(engine: &'a SqlInstance, name: &str) -> Option<&'a Login> {
    engine.logins.iter().find(|login| engine.same_name(&login.name, name))
}

/// Whether the login is a member of a fixed server role (lower case) or of `sysadmin`.
pub(crate) fn in_role(engine: &SqlInstance, name: &str, role: &str) -> bool {
    login(engine, name).is_some_and(|login| login.roles.iter().any(|one| one == role || one == "sysadmin"))
}

/// Whether the login is a `sysadmin`.
pub(crate) fn sysadmin(engine: &SqlInstance, name: &str) -> bool {
    in_role(engine, name, "sysadmin")
}

/// Whether the login holds one of the permissions on the server.
pub(crate) fn on_server(engine: &SqlInstance, name: &str, permissions: &[&str]) -> bool {
    holds(engine, name, permissions, None)
}

/// Whether the login holds one of `server` on the server, or one of `object` (or CONTROL) on the object.
pub(crate) fn on_object(
    engine: &SqlInstance,
    name: &str,
    server: &[&str],
    securable: &Securable,
    object: &[&str],
) -> bool {
    holds(engine, name, server, Some((securable, object)))
}

fn holds(engine: &SqlInstance, name: &str, server: &[&str], object: Option<(&Securable, &[&str])>) -> bool {
    let Some(login) = login(engine, name) else { return false };
    if login.roles.iter().any(|role| role == "sysadmin") {
        return true;
    }
    let concerns = |permission: &crate::world::security::Permission| {
        let name = permission.name.as_str();
        permission.grantee == login.id
            && match (&permission.securable, object) {
                (Securable::Server, _) => name == "CONTROL SERVER" || server.contains(&name),
                (one, Some((securable, object))) => {
                    one == securable && (name == "CONTROL" || object.contains(&name))
                }
                (_, None) => false,
            }
    };
    let mut granted = login.roles.iter().any(|role| server.iter().any(|one| role_grants(role, one)));
    granted |= object.is_some_and(|(securable, _)| owns(engine, login.id, securable));
    for permission in engine.permissions.iter().filter(|one| concerns(one)) {
        if permission.denied {
            return false;
        }
        granted = true;
    }
    granted
}

/// What fixed server roles bring (the documented table, as far as the subset has permissions).
fn role_grants(role: &str, permission: &str) -> bool {
    match role {
        "serveradmin" => matches!(permission, "ALTER ANY ENDPOINT" | "ALTER SETTINGS" | "VIEW SERVER STATE"),
        "securityadmin" => permission == "ALTER ANY LOGIN",
        "dbcreator" => matches!(permission, "CREATE ANY DATABASE" | "ALTER ANY DATABASE"),
        _ => false,
    }
}

fn owns(engine: &SqlInstance, id: i32, securable: &Securable) -> bool {
    match securable {
        Securable::Endpoint(endpoint) => {
            engine.endpoint.as_ref().is_some_and(|one| one.id == *endpoint && one.owner == id)
        }
        Securable::Certificate(certificate) => {
            engine.certificate_by_id(*certificate).is_some_and(|one| one.owner == id)
        }
        Securable::Server | Securable::Group(_) | Securable::Login(_) => false,
    }
}
