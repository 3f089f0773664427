//! `HAS_PERMS_BY_NAME`.

use super::super::catalog;
use super::super::ddl::permission::{self, Builtin, Class, Rights};
use super::principals::Caller;
use super::{Arguments, bare};
use crate::world::assumption;
use crate::world::security::Securable;

/// 1 or 0; nothing where the class or the permission is not valid, or (ASSUMED 79) the object does not exist. A login that
/// does not exist is 0, as a published look at a 2025 has it.
pub(super) fn has(caller: Caller<'_>, arguments: Arguments<'_>) -> Option<bool> {
    let permission = arguments.text(2)?.to_ascii_uppercase();
    let (securable, class) = (arguments.text(0), arguments.text(1));
    let engine = caller.engine;
    let rights = Rights::of(engine, caller.login);
    let class = match class {
        None => Class::Server,
        Some(class) if class.eq_ignore_ascii_case("OBJECT") => {
            return object(caller, &rights, securable?, &permission);
        }
        Some(class) => Class::named(class)?,
    };
    let any = permission == "ANY";
    if !any {
        Builtin::find(class, &permission, engine.build.major)?;
    }
    let place = match (class, securable.map(bare)) {
        // The server has no name here.
        (Class::Server, None) => Some(Securable::Server),
        (Class::Server, Some(_)) | (Class::ServerRole | Class::Object, _) => return None,
        (Class::Database, name) => {
            let name = name.unwrap_or_else(|| caller.database.to_owned());
            engine.database(&name).map(|one| Securable::Database(one.name.clone()))
        }
        (_, None) => return None,
        (Class::Endpoint, Some(name)) => catalog::endpoint_id(engine, &name).map(Securable::Endpoint),
        (Class::Login, Some(name)) => permission::login(engine, &name).map(|one| Securable::Login(one.id)),
        (Class::AvailabilityGroup, Some(name)) => {
            engine.group(&name).map(|one| Securable::Group(one.name.clone()))
        }
        (Class::Certificate, Some(name)) if caller.database == "master" => {
            engine.certificate(&name).map(|one| Securable::Certificate(one.id))
        }
        (Class::Certificate, Some(_)) => return None,
    };
    let Some(place) = place else {
        return (class == Class::Login || denied_where_missing(caller)).then_some(false);
    };
    Some(if any {
        Builtin::of(class, engine.build.major).any(|one| rights.on(&place, one.name))
    } else {
        rights.on(&place, &permission)
    })
}

fn denied_where_missing(caller: Caller<'_>) -> bool {
    caller.estate.opposite(assumption::MISSING_OBJECTS)
}

/// Views of the system are everybody's to SELECT; its procedures are for whoever may change the server's objects.
fn object(caller: Caller<'_>, rights: &Rights<'_>, name: &str, permission: &str) -> Option<bool> {
    const PERMISSIONS: [&str; 11] = [
        "ALTER",
        "ANY",
        "CONTROL",
        "DELETE",
        "EXECUTE",
        "INSERT",
        "REFERENCES",
        "SELECT",
        "TAKE OWNERSHIP",
        "UPDATE",
        "VIEW DEFINITION",
    ];
    if !PERMISSIONS.contains(&permission) {
        return None;
    }
    let Some((place, id)) = super::objects::securable(caller, name) else {
        return denied_where_missing(caller).then_some(false);
    };
    // Numbers of views are negative and small, of procedures negative and large, of tables positive.
    Some(match permission {
        "SELECT" if (-1_000_000..0).contains(&id) => true,
        "ANY" | "VIEW DEFINITION" if id < 0 => true,
        "ANY" => PERMISSIONS.iter().any(|one| rights.on(&place, one)),
        _ => rights.on(&place, permission),
    })
}
