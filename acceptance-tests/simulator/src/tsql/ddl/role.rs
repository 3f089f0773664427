//! The fixed roles of servers and databases, and who is a member of them. ["Server-level roles", "Database-level roles", 2025]
//!
//! Roles that users make are not modelled.

use super::super::error::{SqlError, raise};
use super::permission::{self, DBO, PUBLIC, Rights};
use super::refusal::not_found;
use super::{Caller, Outcome, engine, engine_mut};
use crate::world::Estate;
use crate::world::instance::SqlInstance;
use crate::world::security::{Securable, User};

/// `principal_id` of `sa`.
const SA: i32 = 1;

/// A fixed role: its name, its `principal_id`, and the permissions on the database that it comes with.
pub(crate) type DatabaseRole = (&'static str, i32, &'static [&'static str]);

/// All but `public`.
pub(crate) const DATABASE_ROLES: [DatabaseRole; 9] = [
    ("db_owner", 16384, &["CONTROL"]),
    ("db_accessadmin", 16385, &["ALTER ANY USER", "CONNECT"]),
    ("db_securityadmin", 16386, &["VIEW DEFINITION"]),
    ("db_ddladmin", 16387, &[]),
    ("db_backupoperator", 16389, &["BACKUP DATABASE", "BACKUP LOG"]),
    ("db_datareader", 16390, &["SELECT"]),
    ("db_datawriter", 16391, &[]),
    ("db_denydatareader", 16392, &[]),
    ("db_denydatawriter", 16393, &[]),
];

/// The role of that name.
pub(crate) fn named(engine: &SqlInstance, name: &str) -> Option<&'static DatabaseRole> {
    DATABASE_ROLES.iter().find(|(known, ..)| engine.same_name(known, name))
}

/// `ALTER ROLE … ADD | DROP MEMBER`: who controls the database may.
pub(super) fn alter(
    estate: &mut Estate,
    caller: &Caller,
    role: &str,
    add: bool,
    member: &str,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let database = caller.database.clone();
    if here.same_name("public", role) {
        return Err(raise!(15081));
    }
    let controls = Rights::of(here, &caller.login).on(&Securable::Database(database.clone()), "CONTROL");
    let found = named(here, role).filter(|_| controls);
    let (role, ..) = *found.ok_or_else(|| not_found("alter", "role", role))?;
    let id = permission::user(here, &database, member)
        .ok_or_else(|| not_found(if add { "add" } else { "drop" }, "principal", member))?;
    // dbo is in db_owner, always; the others of the system are in no role.
    if matches!(id, DBO | 3 | 4) {
        return Err(raise!(15405, member));
    }
    let one = |user: &&mut User| user.database == database && user.id == id;
    for user in engine_mut(estate, caller)?.users.iter_mut().filter(one) {
        user.roles.retain(|known| known != role);
        if add {
            user.roles.push(role.to_owned());
        }
    }
    Ok(Outcome::default())
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
    let missing_role = || not_found("alter", "server role", role);
    let role =
        permission::fixed_role(here, role).filter(|role| role.id != PUBLIC).ok_or_else(missing_role)?.name;
    // Members of a fixed role may add to it.
    if !permission::in_role(here, &caller.login, role) {
        return Err(missing_role());
    }
    let missing = || not_found(if add { "add" } else { "drop" }, "server principal", member);
    let id = permission::login(here, member).ok_or_else(missing)?.id;
    if !add && id == SA {
        return Err(raise!(15405, member));
    }
    for login in engine_mut(estate, caller)?.logins.iter_mut().filter(|one| one.id == id) {
        login.roles.retain(|one| one != role);
        if add {
            login.roles.push(role.to_owned());
        }
    }
    Ok(Outcome::default())
}
