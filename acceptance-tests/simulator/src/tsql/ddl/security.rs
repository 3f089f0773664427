//! Permissions and owners.

use super::super::ast::{self, Name, PermissionVerb, SecurableClass};
use super::super::catalog;
use super::super::error::{SqlError, not_modelled, raise};
use super::permission::{Builtin, Class, PUBLIC};
use super::refusal::not_found;
use super::role::in_database;
use super::{Caller, Outcome, engine, engine_mut, in_master, permission, role};
use crate::world::Estate;
use crate::world::build::Equipment;
use crate::world::instance::SqlInstance;
use crate::world::security::{Permission, Securable};

/// `GRANT`, `DENY` and `REVOKE`.
pub(super) fn permission(
    estate: &mut Estate,
    caller: &Caller,
    statement: &ast::Permission,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let (login, words) = (caller.login.as_str(), statement.permissions.clone());
    let securable = match &statement.securable {
        None => implicit(here, caller, &words)?,
        Some((SecurableClass::Object, name)) => object(estate, caller, &name.0)?,
        Some((class, name)) => find(here, *class, &name.0)?,
    };
    let kind = permission::class(&securable);
    if !in_database(&securable) && !in_master(caller) {
        return Err(raise!(4621));
    }
    let known = |name: &String| Builtin::find(kind, name, here.build.major).is_some();
    if !words.iter().all(known) {
        return Err(not_modelled("permissions that the securable's class, or this version, does not have"));
    }
    let grantor = own_id(here, caller, &securable);
    let held = |grantee: i32, name: &str| {
        let mut all = here.permissions.iter();
        all.find(|one| one.grantee == grantee && one.name == name && one.securable == securable)
    };
    let may_pass_on = |name: &String| {
        let own = grantor.and_then(|id| held(id, name));
        own.is_some_and(|one| one.grant_option && !one.denied)
    };
    if !may_grant(here, login, &securable) && !words.iter().all(may_pass_on) {
        return Err(raise!(4613));
    }
    let mut grantees = Vec::new();
    for Name(name) in &statement.principals {
        grantees.push(grantee(here, caller, &securable, name)?);
    }
    let takes = statement.verb != PermissionVerb::Grant;
    let grantable = |id: i32| words.iter().any(|name| held(id, name).is_some_and(|one| one.grant_option));
    if takes && !statement.cascade && grantees.iter().any(|&id| grantable(id)) {
        return Err(raise!(4611));
    }
    let engine = engine_mut(estate, caller)?;
    for grantee in grantees {
        for name in &words {
            if takes {
                revoke_passed_on(&mut engine.permissions, grantee, name, &securable);
            }
            let same =
                |one: &Permission| one.grantee == grantee && one.name == *name && one.securable == securable;
            if statement.grant_option_for {
                engine
                    .permissions
                    .iter_mut()
                    .filter(|one| same(one))
                    .for_each(|one| one.grant_option = false);
                continue;
            }
            engine.permissions.retain(|one| !same(one));
            if statement.verb != PermissionVerb::Revoke {
                engine.permissions.push(Permission {
                    grantee,
                    name: name.clone(),
                    securable: securable.clone(),
                    denied: statement.verb == PermissionVerb::Deny,
                    grant_option: statement.with_grant_option,
                    grantor: grantor.unwrap_or(permission::DBO),
                });
            }
        }
    }
    Ok(Outcome::default())
}

/// `CASCADE`: what a principal passed on of a permission goes with it, and so on.
fn revoke_passed_on(all: &mut Vec<Permission>, grantor: i32, name: &str, securable: &Securable) {
    let from = |one: &Permission| {
        one.grantor == grantor && one.grantee != grantor && one.name == name && one.securable == *securable
    };
    let passed_on: Vec<i32> = all.iter().filter(|one| from(one)).map(|one| one.grantee).collect();
    all.retain(|one| !from(one));
    for grantee in passed_on {
        revoke_passed_on(all, grantee, name, securable);
    }
}

/// The caller's `principal_id` where a securable's grantees are: its login, or its user in the database.
fn own_id(engine: &SqlInstance, caller: &Caller, securable: &Securable) -> Option<i32> {
    let database = match securable {
        Securable::Database(name) | Securable::Object(name, _) => name,
        Securable::Certificate(_) => "master",
        _ => return permission::login(engine, &caller.login).map(|login| login.id),
    };
    engine.database(database).and_then(|one| permission::user_in(engine, &caller.login, one))
}

/// The securable of a statement without ON: the server, or the current database.
fn implicit(engine: &SqlInstance, caller: &Caller, words: &[String]) -> Result<Securable, SqlError> {
    let version = engine.build.major;
    let on = |class| words.iter().all(|name| Builtin::find(class, name, version).is_some());
    if on(Class::Server) {
        Ok(Securable::Server)
    } else if on(Class::Database) {
        Ok(Securable::Database(caller.database.clone()))
    } else {
        Err(not_modelled("permissions of several kinds, or of a later version, in one statement"))
    }
}

/// A view, table or procedure of the current database; those of `sys` are granted in `master`.
fn object(estate: &Estate, caller: &Caller, name: &str) -> Result<Securable, SqlError> {
    let engine = engine(estate, caller)?;
    let collation = engine.comparing();
    let parts: Vec<String> = name.split('.').map(|part| collation.lower(part)).collect();
    let (database, schema, object) = match parts.as_slice() {
        [object] => (caller.database.as_str(), "dbo", object),
        [schema, object] => (caller.database.as_str(), schema.as_str(), object),
        [database, schema, object] => (database.as_str(), schema.as_str(), object),
        _ => return Err(not_found("find", "object", name)),
    };
    let schema = if schema.is_empty() { "dbo" } else { schema };
    if !engine.same_name(database, &caller.database) {
        return Err(raise!(4610));
    }
    let equipment = Equipment::of(engine.build, &estate.opposites);
    if catalog::object_id(equipment, &caller.database, (schema, object), None).is_none() {
        return Err(not_found("find", "object", object));
    }
    if schema == "sys" && !in_master(caller) {
        return Err(raise!(4629));
    }
    Ok(Securable::Object(caller.database.clone(), format!("{schema}.{object}")))
}

fn may_grant(engine: &SqlInstance, login: &str, securable: &Securable) -> bool {
    let right = match securable {
        Securable::Endpoint(_) => "ALTER ANY ENDPOINT",
        Securable::Group(_) => "ALTER ANY AVAILABILITY GROUP",
        Securable::Certificate(_) => "ALTER ANY CERTIFICATE",
        // Members of securityadmin grant permissions on the server too ("Server-level roles").
        Securable::Server | Securable::Login(_) => "ALTER ANY LOGIN",
        Securable::Database(_) | Securable::Object(..) => "CONTROL SERVER",
    };
    permission::on_object(engine, login, &[right], securable, &[])
}

/// The `principal_id` to which a permission is granted: a login, or a user where the securable lies in a database.
fn grantee(
    engine: &SqlInstance,
    caller: &Caller,
    securable: &Securable,
    name: &str,
) -> Result<i32, SqlError> {
    let refused = || Err(raise!(4624));
    let database = match securable {
        Securable::Database(name) => name.as_str(),
        Securable::Certificate(_) => "master",
        Securable::Object(database, _) => database.as_str(),
        _ => {
            if engine.same_name(name, "public") {
                return Ok(PUBLIC);
            }
            if permission::fixed_role(engine, name).is_some() {
                return Err(raise!(4617));
            }
            if let Some(role) = engine.role(None, name) {
                return Ok(role.id);
            }
            let grantee = permission::login(engine, name).ok_or_else(|| not_found("find", "login", name))?;
            let admin = permission::sysadmin(engine, &grantee.name);
            return if admin || engine.same_name(&grantee.name, &caller.login) {
                refused()
            } else {
                Ok(grantee.id)
            };
        }
    };
    if role::named(engine, name).is_some() {
        return Err(raise!(4617));
    }
    let id = permission::user(engine, database, name).ok_or_else(|| not_found("find", "user", name))?;
    let own = engine.database(database).and_then(|one| permission::user_in(engine, &caller.login, one));
    if matches!(id, 1 | 3 | 4) || own == Some(id) { refused() } else { Ok(id) }
}

/// `ALTER AUTHORIZATION ON class::name TO principal`; no principal is `SCHEMA OWNER`.
pub(super) fn alter_authorization(
    estate: &mut Estate,
    caller: &Caller,
    class: SecurableClass,
    name: &str,
    owner: Option<&Name>,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let Some(Name(owner)) = owner else {
        return Err(not_modelled("ALTER AUTHORIZATION … TO SCHEMA OWNER"));
    };
    if class == SecurableClass::Certificate {
        return certificate_owner(estate, caller, name, owner);
    }
    let to = permission::login(here, owner).ok_or_else(|| not_found("find", "login", owner))?;
    let (to_id, to_name) = (to.id, to.name.clone());
    let control = permission::on_server(here, &caller.login, &[]);
    if class == SecurableClass::Database {
        let database = here.database(name).ok_or_else(|| not_found("find", "database", name))?;
        if !control && !here.same_name(&database.owner, &caller.login) {
            return Err(not_found("find", "database", name));
        }
        let engine = engine_mut(estate, caller)?;
        engine.database_mut(name).into_iter().for_each(|database| database.owner.clone_from(&to_name));
        return Ok(Outcome::default());
    }
    let securable = find(here, class, name)?;
    if !permission::on_object(here, &caller.login, &[], &securable, &["TAKE OWNERSHIP"]) {
        return Err(not_found("find", word(class), name));
    }
    let engine = engine_mut(estate, caller)?;
    match securable {
        Securable::Endpoint(_) => engine.endpoint.iter_mut().for_each(|one| one.owner = to_id),
        // The world keeps no owner of a group; nothing in the subset reads one.
        Securable::Group(_) => {}
        _ => {
            return Err(not_modelled("ALTER AUTHORIZATION on this class"));
        }
    }
    Ok(Outcome::default())
}

/// A certificate's owner is a user of its database.
fn certificate_owner(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    owner: &str,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let to = permission::user(here, "master", owner).ok_or_else(|| not_found("find", "user", owner))?;
    let securable = find(here, SecurableClass::Certificate, name)?;
    let Securable::Certificate(id) = securable else { return Ok(Outcome::default()) };
    if !permission::on_object(here, &caller.login, &[], &securable, &["TAKE OWNERSHIP"]) {
        return Err(not_found("find", "certificate", name));
    }
    let engine = engine_mut(estate, caller)?;
    engine.certificates.iter_mut().filter(|one| one.id == id).for_each(|one| one.owner = to);
    Ok(Outcome::default())
}

/// The object of a class by name (15151).
fn find(engine: &SqlInstance, class: SecurableClass, name: &str) -> Result<Securable, SqlError> {
    let found = match class {
        SecurableClass::Server => Some(Securable::Server),
        SecurableClass::Endpoint => catalog::endpoint_id(engine, name).map(Securable::Endpoint),
        SecurableClass::AvailabilityGroup => engine.group(name).map(|one| Securable::Group(one.name.clone())),
        SecurableClass::Certificate => engine.certificate(name).map(|one| Securable::Certificate(one.id)),
        SecurableClass::Login => permission::login(engine, name).map(|one| Securable::Login(one.id)),
        SecurableClass::Object => return Err(not_modelled("owners of objects")),
        SecurableClass::Database => engine.database(name).map(|one| Securable::Database(one.name.clone())),
    };
    found.ok_or_else(|| not_found("find", word(class), name))
}

fn word(class: SecurableClass) -> &'static str {
    match class {
        SecurableClass::Server => "server",
        SecurableClass::Endpoint => "endpoint",
        SecurableClass::AvailabilityGroup => "availability group",
        SecurableClass::Database => "database",
        SecurableClass::Certificate => "certificate",
        SecurableClass::Login => "login",
        SecurableClass::Object => "object",
    }
}
