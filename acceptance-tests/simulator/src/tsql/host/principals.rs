//! Names, numbers and security identifiers of principals; who is a member of what.

use rusqlite::types::Value;

use super::super::catalog::{SCHEMAS, sid};
use super::super::ddl::permission::{self, DBO, FIXED_ROLES, PUBLIC};
use super::super::ddl::role;
use super::Arguments;
use crate::world::Estate;
use crate::world::instance::SqlInstance;

/// Who asks, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) estate: &'a Estate,
    pub(super) engine: &'a SqlInstance,
    pub(super) login: &'a str,
    pub(super) database: &'a str,
}

fn text(text: &str) -> Option<Value> {
    Some(Value::Text(text.to_owned()))
}

fn number(number: i32) -> Option<Value> {
    Some(Value::Integer(number.into()))
}

/// A function of this module; nothing is NULL.
pub(super) fn call(caller: Caller<'_>, function: &str, arguments: Arguments<'_>) -> Option<Value> {
    let Caller { engine, login, .. } = caller;
    match function {
        "SUSER_NAME" | "SUSER_SNAME" | "ORIGINAL_LOGIN" | "SYSTEM_USER" if arguments.are_none() => {
            text(login)
        }
        "SUSER_NAME" => server_principal(engine, arguments.whole(0)?).and_then(text),
        "SUSER_ID" if arguments.are_none() => server_id(engine, login).and_then(number),
        "SUSER_ID" => server_id(engine, arguments.text(0)?).and_then(number),
        "SUSER_SNAME" => by_sid(engine, arguments.bytes(0)?).and_then(text),
        "SUSER_SID" if arguments.are_none() => server_sid(engine, login).map(Value::Blob),
        // Undocumented, and what SMO asks with: by name, as with SUSER_SID.
        "SUSER_SID" | "SID_BINARY" => server_sid(engine, arguments.text(0)?).map(Value::Blob),
        "USER" | "CURRENT_USER" | "SESSION_USER" => text(&own_name(caller)?),
        "USER_NAME" if arguments.are_none() => text(&own_name(caller)?),
        "USER_NAME" => text(&user_name(caller, arguments.whole(0)?)?),
        "USER_ID" | "DATABASE_PRINCIPAL_ID" if arguments.are_none() => number(own_id(caller)?),
        "USER_ID" | "DATABASE_PRINCIPAL_ID" => user_id(caller, arguments.text(0)?).and_then(number),
        "SCHEMA_ID" if arguments.are_none() => number(DBO),
        "SCHEMA_ID" => {
            let wanted = arguments.text(0)?;
            SCHEMAS.iter().find(|(name, _)| engine.same_name(name, wanted)).and_then(|(_, id)| number(*id))
        }
        "SCHEMA_NAME" if arguments.are_none() => text("dbo"),
        "SCHEMA_NAME" => {
            let wanted = arguments.whole(0)?;
            SCHEMAS.iter().find(|(_, id)| i64::from(*id) == wanted).and_then(|(name, _)| text(name))
        }
        "IS_SRVROLEMEMBER" => {
            let who = if arguments.has(1) { arguments.text(1)? } else { login };
            server_role_member(engine, arguments.text(0)?, who).and_then(number)
        }
        "IS_MEMBER" => database_role_member(caller, arguments.text(0)?, own_id(caller)?).and_then(number),
        "IS_ROLEMEMBER" => {
            let who = if arguments.has(1) { user_id(caller, arguments.text(1)?)? } else { own_id(caller)? };
            database_role_member(caller, arguments.text(0)?, who).and_then(number)
        }
        _ => None,
    }
}

fn server_principal(engine: &SqlInstance, id: i64) -> Option<&str> {
    let login = engine.logins.iter().find(|login| i64::from(login.id) == id).map(|login| login.name.as_str());
    let role =
        || FIXED_ROLES.iter().find(|role| i64::from(role.id) == id && role.first <= engine.build.major);
    let made = || engine.roles.iter().find(|one| one.database.is_none() && i64::from(one.id) == id);
    login.or_else(|| role().map(|role| role.name)).or_else(|| made().map(|role| role.name.as_str()))
}

fn server_id(engine: &SqlInstance, name: &str) -> Option<i32> {
    permission::server_principal(engine, name)
}

fn server_sid(engine: &SqlInstance, name: &str) -> Option<Vec<u8>> {
    let login = permission::login(engine, name).map(sid);
    login
        .or_else(|| permission::fixed_role(engine, name).map(|role| vec![u8::try_from(role.id).unwrap_or(0)]))
        .or_else(|| engine.role(None, name).map(|role| role.sid.clone()))
}

fn by_sid<'a>(engine: &'a SqlInstance, wanted: &[u8]) -> Option<&'a str> {
    let login = engine.logins.iter().find(|login| sid(login) == wanted).map(|login| login.name.as_str());
    let role = || FIXED_ROLES.iter().find(|role| [u8::try_from(role.id).unwrap_or(0)].as_slice() == wanted);
    let made = || engine.roles.iter().find(|one| one.database.is_none() && one.sid == wanted);
    login.or_else(|| role().map(|role| role.name)).or_else(|| made().map(|role| role.name.as_str()))
}

/// The user that the login is in the current database.
fn own_id(caller: Caller<'_>) -> Option<i32> {
    permission::user_in(caller.engine, caller.login, caller.engine.database(caller.database)?)
}

fn own_name(caller: Caller<'_>) -> Option<String> {
    user_name(caller, own_id(caller)?.into())
}

fn user_name(caller: Caller<'_>, id: i64) -> Option<String> {
    let fixed = [(0, "public"), (1, "dbo"), (2, "guest"), (3, "INFORMATION_SCHEMA"), (4, "sys")];
    let found = fixed.iter().find(|(known, _)| i64::from(*known) == id).map(|(_, name)| (*name).to_owned());
    let role =
        || SCHEMAS.iter().find(|(_, known)| i64::from(*known) == id).map(|(name, _)| (*name).to_owned());
    let own = || {
        let there =
            |one: &&crate::world::security::User| one.database == caller.database && i64::from(one.id) == id;
        caller.engine.users.iter().find(there).map(|user| user.name.clone())
    };
    let made = || {
        let mut roles = caller.engine.roles.iter();
        let there =
            roles.find(|one| one.database.as_deref() == Some(caller.database) && i64::from(one.id) == id);
        there.map(|role| role.name.clone())
    };
    found.or_else(role).or_else(own).or_else(made)
}

fn user_id(caller: Caller<'_>, name: &str) -> Option<i32> {
    let user = permission::user(caller.engine, caller.database, name);
    user.or_else(|| SCHEMAS.iter().find(|(known, _)| caller.engine.same_name(known, name)).map(|(_, id)| *id))
}

/// 1 or 0; nothing where the role or the login does not exist.
fn server_role_member(engine: &SqlInstance, role: &str, who: &str) -> Option<i32> {
    let own = permission::login(engine, who).map(|login| &login.roles);
    let own = own.or_else(|| engine.role(None, who).map(|role| &role.roles))?;
    let own = engine.roles_of(None, own);
    Some(i32::from(match permission::fixed_role(engine, role) {
        Some(role) => role.id == PUBLIC || own.contains(&"sysadmin") || own.contains(&role.name),
        None => own.contains(&engine.role(None, role)?.name.as_str()),
    }))
}

/// `dbo` is in `db_owner`, and everybody in `public`.
fn database_role_member(caller: Caller<'_>, role: &str, who: i32) -> Option<i32> {
    let engine = caller.engine;
    if engine.same_name("public", role) {
        return Some(1);
    }
    let fixed = role::named(engine, role).map(|(name, ..)| *name);
    let name = fixed.or_else(|| engine.role(Some(caller.database), role).map(|role| role.name.as_str()))?;
    let user = engine.users.iter().find(|user| user.database == caller.database && user.id == who);
    let made =
        || engine.roles.iter().find(|one| one.database.as_deref() == Some(caller.database) && one.id == who);
    let own = user.map(|user| &user.roles).or_else(|| made().map(|role| &role.roles));
    let within = own.is_some_and(|own| engine.roles_of(Some(caller.database), own).contains(&name));
    Some(i32::from((who == DBO && name == "db_owner") || within))
}
