//! Logins, fixed server roles, permissions and owners.
//!
//! The world has no users of databases: `CREATE USER` only checks its login, since nothing in the subset reads users.

use super::super::ast::{self, CreateLogin, LoginSource, Name, PermissionVerb, Secret, SecurableClass};
use super::super::error::{SqlError, not_modelled};
use super::refusal::{no_permission, not_found, password_policy, refuse};
use super::{Caller, Outcome, engine, engine_mut, next_id, permission};
use crate::world::Estate;
use crate::world::instance::SqlInstance;
use crate::world::security::{Login, Password, Permission, Securable};

const ROLES: [&str; 9] = [
    "sysadmin",
    "securityadmin",
    "serveradmin",
    "setupadmin",
    "processadmin",
    "diskadmin",
    "dbcreator",
    "bulkadmin",
    "public",
];

/// `CREATE LOGIN`.
pub(super) fn create_login(
    estate: &mut Estate,
    caller: &Caller,
    statement: &CreateLogin,
) -> Result<Outcome, SqlError> {
    let now = estate.clock.now();
    let engine = manager(estate, caller)?;
    let name = statement.name.0.as_str();
    if permission::login(engine, name).is_some() || ROLES.contains(&engine.comparing().lower(name).as_str()) {
        return Err(refuse(15025, format!("The server principal '{name}' already exists.")));
    }
    let (kind, password) = match &statement.source {
        LoginSource::Password(password) => {
            password_policy(&password.0)?;
            ('S', Some(Password(password.0.clone())))
        }
        LoginSource::Windows if !name.contains('\\') => {
            let text = format!(
                "'{name}' is not a valid Windows NT name. Give the complete name: <domain\\username>."
            );
            return Err(SqlError::new(15407, 11, 1, text));
        }
        LoginSource::Windows => ('U', None),
        LoginSource::External => ('E', None),
        LoginSource::Certificate(certificate) => {
            engine
                .certificate(&certificate.0)
                .ok_or_else(|| not_found("find", "certificate", &certificate.0))?;
            ('C', None)
        }
    };
    let engine = engine_mut(estate, caller)?;
    let id = next_id(engine);
    let roles = Vec::new();
    engine.logins.push(Login {
        name: name.to_owned(),
        id,
        password,
        kind,
        enabled: true,
        roles,
        created: now,
    });
    Ok(Outcome::default())
}

/// `ALTER LOGIN`: a login may change its own password where others may not.
pub(super) fn alter_login(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    enable: Option<bool>,
    password: Option<&Secret>,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let missing = || not_found("alter", "login", name);
    let login = permission::login(here, name).ok_or_else(missing)?;
    let own = enable.is_none() && here.same_name(&login.name, &caller.login);
    if !own && !permission::on_server(here, &caller.login, &["ALTER ANY LOGIN"]) {
        return Err(missing());
    }
    if let Some(password) = password {
        password_policy(&password.0)?;
    }
    let id = login.id;
    let engine = engine_mut(estate, caller)?;
    for login in engine.logins.iter_mut().filter(|one| one.id == id) {
        login.enabled = enable.unwrap_or(login.enabled);
        if let Some(password) = password {
            login.password = Some(Password(password.0.clone()));
        }
    }
    Ok(Outcome::default())
}

/// `DROP LOGIN`.
pub(super) fn drop_login(estate: &mut Estate, caller: &Caller, name: &str) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let login = permission::login(here, name)
        .filter(|_| permission::on_server(here, &caller.login, &["ALTER ANY LOGIN"]))
        .ok_or_else(|| not_found("drop", "login", name))?;
    let id = login.id;
    if here.same_name(&login.name, &caller.login) {
        let text = format!("Could not drop login '{name}' as the user is currently logged in.");
        return Err(refuse(15434, text));
    }
    if here.endpoint.as_ref().is_some_and(|endpoint| endpoint.owner == id) {
        let text = "The server principal owns one or more endpoint(s) and cannot be dropped.";
        return Err(refuse(15141, text));
    }
    if here.databases.iter().any(|database| here.same_name(&database.owner, name)) {
        let text = format!(
            "Login '{name}' owns one or more database(s). Change the owner of the database(s) before dropping the login."
        );
        return Err(refuse(15174, text));
    }
    let engine = engine_mut(estate, caller)?;
    engine.logins.retain(|one| one.id != id);
    engine.permissions.retain(|one| one.grantee != id && one.securable != Securable::Login(id));
    Ok(Outcome::default())
}

/// `CREATE USER`: see the head of this module.
pub(super) fn create_user(
    estate: &Estate,
    caller: &Caller,
    name: &str,
    login: Option<&Name>,
    without_login: bool,
) -> Result<Outcome, SqlError> {
    let engine = manager(estate, caller)?;
    let login = login.map_or(name, |login| login.0.as_str());
    if !without_login && permission::login(engine, login).is_none() {
        return Err(refuse(15007, format!("'{login}' is not a valid login or you do not have permission.")));
    }
    Ok(Outcome::default())
}

/// `DROP USER`: there is none to drop.
pub(super) fn drop_user(
    estate: &Estate,
    caller: &Caller,
    name: &str,
    if_exists: bool,
) -> Result<Outcome, SqlError> {
    let engine = manager(estate, caller)?;
    if if_exists || permission::login(engine, name).is_some() {
        return Ok(Outcome::default());
    }
    Err(not_found("drop", "user", name))
}

/// `ALTER SERVER ROLE … ADD | DROP MEMBER`.
pub(super) fn alter_server_role(
    estate: &mut Estate,
    caller: &Caller,
    role: &str,
    add: bool,
    member: &str,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let role = here.comparing().lower(role);
    // Members of a fixed role may add to it.
    if !ROLES.contains(&role.as_str()) || !permission::in_role(here, &caller.login, &role) {
        return Err(not_found("alter", "server role", &role));
    }
    let missing = || not_found(if add { "add" } else { "drop" }, "server principal", member);
    let id = permission::login(here, member).ok_or_else(missing)?.id;
    for login in engine_mut(estate, caller)?.logins.iter_mut().filter(|one| one.id == id) {
        login.roles.retain(|one| *one != role);
        if add {
            login.roles.push(role.clone());
        }
    }
    Ok(Outcome::default())
}

/// `GRANT`, `DENY` and `REVOKE`.
pub(super) fn permission(
    estate: &mut Estate,
    caller: &Caller,
    statement: &ast::Permission,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let securable = match &statement.securable {
        None => Securable::Server,
        Some((class, name)) => find(here, *class, &name.0)?,
    };
    let rights = match &securable {
        Securable::Server => ["CONTROL SERVER"],
        Securable::Endpoint(_) => ["ALTER ANY ENDPOINT"],
        Securable::Group(_) => ["ALTER ANY AVAILABILITY GROUP"],
        Securable::Certificate(_) => ["ALTER ANY CERTIFICATE"],
        Securable::Login(_) => ["ALTER ANY LOGIN"],
    };
    // Grant options of single permissions are not followed.
    let (login, words) = (caller.login.as_str(), statement.permissions.clone());
    if !permission::on_object(here, login, &rights, &securable, &[]) {
        return Err(SqlError::new(4613, 16, 1, "Grantor does not have GRANT permission.".to_owned()));
    }
    let mut grantees = Vec::new();
    for Name(name) in &statement.principals {
        let grantee = permission::login(here, name).ok_or_else(|| not_found("find", "login", name))?;
        if grantee.roles.iter().any(|role| role == "sysadmin") || here.same_name(&grantee.name, login) {
            let text = "Cannot grant, deny, or revoke permissions to sa, dbo, entity owner, information_schema, sys, or yourself.";
            // 4624 in the engine's own table, with this text.
            return Err(refuse(4624, text));
        }
        grantees.push(grantee.id);
    }
    let engine = engine_mut(estate, caller)?;
    for grantee in grantees {
        for name in &words {
            engine
                .permissions
                .retain(|one| !(one.grantee == grantee && one.name == *name && one.securable == securable));
            if statement.verb != PermissionVerb::Revoke {
                engine.permissions.push(Permission {
                    grantee,
                    name: name.clone(),
                    securable: securable.clone(),
                    denied: statement.verb == PermissionVerb::Deny,
                    grant_option: statement.with_grant_option,
                });
            }
        }
    }
    Ok(Outcome::default())
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
        Securable::Certificate(id) => {
            engine.certificates.iter_mut().filter(|one| one.id == id).for_each(|one| one.owner = to_id);
        }
        // The world keeps no owner of a group; nothing in the subset reads one.
        Securable::Group(_) => {}
        Securable::Server | Securable::Login(_) => {
            return Err(not_modelled("ALTER AUTHORIZATION on this class"));
        }
    }
    Ok(Outcome::default())
}

/// The object of a class by name (15151).
fn find(engine: &SqlInstance, class: SecurableClass, name: &str) -> Result<Securable, SqlError> {
    let found = match class {
        SecurableClass::Server => Some(Securable::Server),
        SecurableClass::Endpoint => {
            let endpoint = engine.endpoint.as_ref().filter(|one| engine.same_name(&one.name, name));
            endpoint.map(|one| Securable::Endpoint(one.id))
        }
        SecurableClass::AvailabilityGroup => engine.group(name).map(|one| Securable::Group(one.name.clone())),
        SecurableClass::Certificate => engine.certificate(name).map(|one| Securable::Certificate(one.id)),
        SecurableClass::Login => permission::login(engine, name).map(|one| Securable::Login(one.id)),
        SecurableClass::Database => return Err(not_modelled("permissions on databases")),
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
    }
}

fn manager<'a>(estate: &'a Estate, caller: &Caller) -> Result<&'a SqlInstance, SqlError> {
    let engine = engine(estate, caller)?;
    if permission::on_server(engine, &caller.login, &["ALTER ANY LOGIN"]) {
        Ok(engine)
    } else {
        Err(no_permission())
    }
}
