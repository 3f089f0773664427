//! `HAS_PERMS_BY_NAME`.

use super::super::catalog;
use super::super::ddl::permission::{self, Builtin, Class, Rights};
use super::principals::Caller;
use super::{Arguments, bare};
use crate::world::security::Securable;

/// 1 or 0; nothing where the class or the permission is not valid, or (ASSUMED 79) the object does not exist.
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
        (Class::Server, None) => Securable::Server,
        (Class::Server, Some(_)) | (Class::ServerRole | Class::Object, _) => return None,
        (Class::Database, name) => {
            let name = name.unwrap_or_else(|| caller.database.to_owned());
            Securable::Database(engine.database(&name)?.name.clone())
        }
        (_, None) => return None,
        (Class::Endpoint, Some(name)) => Securable::Endpoint(catalog::endpoint_id(engine, &name)?),
        (Class::Login, Some(name)) => Securable::Login(permission::login(engine, &name)?.id),
        (Class::AvailabilityGroup, Some(name)) => Securable::Group(engine.group(&name)?.name.clone()),
        (Class::Certificate, Some(name)) if caller.database == "master" => {
            Securable::Certificate(engine.certificate(&name)?.id)
        }
        (Class::Certificate, Some(_)) => return None,
    };
    Some(if any {
        Builtin::of(class, engine.build.major).any(|one| rights.on(&place, one.name))
    } else {
        rights.on(&place, &permission)
    })
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
    let (place, id) = super::objects::securable(caller, name)?;
    // Numbers of views are negative and small, of procedures negative and large, of tables positive.
    Some(match permission {
        "SELECT" if (-1_000_000..0).contains(&id) => true,
        "ANY" | "VIEW DEFINITION" if id < 0 => true,
        "ANY" => PERMISSIONS.iter().any(|one| rights.on(&place, one)),
        _ => rights.on(&place, permission),
    })
}
