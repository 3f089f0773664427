//! System procedures that change or show the world.

use rusqlite::types::Value;

use super::super::ast::RoleScope;
use super::super::error::{SqlError, missing_parameter, raise};
use super::issuer::{self, Argument, ResultSet, bind, integer};
use super::refusal::no_permission;
use super::{Caller, distributed, engine, engine_mut, full_log, permission, role};
use crate::world::Estate;
use crate::world::build::Capability;
use crate::world::instance::SqlInstance;

/// Where an engine keeps whether its links hold several databases.
pub(crate) const MULTI_DATABASE: &str = "multidb_milink";

/// Calls a procedure, named without its schema and as the engine spells it.
///
/// # Errors
/// What SQL Server raises; 2812 where the engine has no such procedure.
pub(crate) fn call(
    estate: &mut Estate,
    caller: &Caller,
    procedure: &str,
    arguments: &[Argument],
) -> Result<Vec<ResultSet>, SqlError> {
    let result = match procedure {
        "sp_addsrvrolemember" => server_role_member(estate, caller, procedure, arguments, true),
        "sp_dropsrvrolemember" => server_role_member(estate, caller, procedure, arguments, false),
        "sp_addrolemember" => role_member(estate, caller, procedure, arguments, true),
        "sp_droprolemember" => role_member(estate, caller, procedure, arguments, false),
        // No source says which parameters are valid: whatever is supplied is not.
        "sp_availability_group_command_internal" => Err(raise!(35272)),
        "sp_multidb_milink" if engine(estate, caller)?.has(Capability::MultiDatabase) => {
            multi_database(estate, caller, procedure, arguments)
        }
        _ => return issuer::call(estate, caller, procedure, arguments),
    };
    result.map_err(|error| SqlError { procedure: Some(procedure.to_owned()), ..error })
}

/// Whether links of the engine hold several databases: what `sp_multidb_milink` switches.
pub(super) fn links_hold_several(engine: &SqlInstance) -> bool {
    engine.configuration.get(MULTI_DATABASE).is_some_and(|on| *on != 0)
}

/// Two arguments that are texts and have to be there.
fn two_texts(
    engine: &SqlInstance,
    procedure: &str,
    names: [&str; 2],
    arguments: &[Argument],
) -> Result<[String; 2], SqlError> {
    let mut values = bind(engine, procedure, &names, arguments)?.into_iter();
    let mut text = |name: &str| match values.next() {
        Some(Value::Text(text)) => Ok(text),
        _ => Err(missing_parameter(procedure, name)),
    };
    let [first, second] = names;
    Ok([text(first)?, text(second)?])
}

/// `sp_addsrvrolemember @loginame, @rolename` and its opposite.
fn server_role_member(
    estate: &mut Estate,
    caller: &Caller,
    procedure: &str,
    arguments: &[Argument],
    add: bool,
) -> Result<Vec<ResultSet>, SqlError> {
    let here = engine(estate, caller)?;
    let [login, role] = two_texts(here, procedure, ["@loginame", "@rolename"], arguments)?;
    if permission::fixed_role(here, &role).is_none() {
        return Err(raise!(15402, role));
    }
    if permission::login(here, &login).is_none() {
        return Err(raise!(15007, login));
    }
    role::membership(estate, caller, RoleScope::Server, &role, add, &login)?;
    Ok(Vec::new())
}

/// `sp_addrolemember @rolename, @membername` and its opposite.
fn role_member(
    estate: &mut Estate,
    caller: &Caller,
    procedure: &str,
    arguments: &[Argument],
    add: bool,
) -> Result<Vec<ResultSet>, SqlError> {
    let here = engine(estate, caller)?;
    let [role, member] = two_texts(here, procedure, ["@rolename", "@membername"], arguments)?;
    if role::named(here, &role).is_none() && here.role(Some(&caller.database), &role).is_none() {
        return Err(raise!(15014, role));
    }
    if permission::user(here, &caller.database, &member).is_none() {
        return Err(raise!(15410, member));
    }
    full_log::writable(estate, caller)?;
    role::membership(estate, caller, RoleScope::Database, &role, add, &member)?;
    Ok(Vec::new())
}

/// `sp_multidb_milink [0 | 1]`: the switch that every replica needs before its links hold several databases; without an
/// argument it shows it. ["Extend a link to several databases", 2026] ASSUMED 115: one row without a name, of which the
/// session makes something else under the opposite; 47504 while there is a link.
fn multi_database(
    estate: &mut Estate,
    caller: &Caller,
    procedure: &str,
    arguments: &[Argument],
) -> Result<Vec<ResultSet>, SqlError> {
    let here = engine(estate, caller)?;
    let values = bind(here, procedure, &["@enable"], arguments)?;
    let on = i64::from(links_hold_several(here));
    let Some(wanted) = values.first().filter(|value| **value != Value::Null) else {
        return Ok(vec![ResultSet { columns: vec![("", "int")], rows: vec![vec![Value::Integer(on)]] }]);
    };
    let wanted = i64::from(integer(procedure, "@enable", Some(wanted))? != 0);
    if !permission::sysadmin(here, &caller.login) {
        return Err(no_permission());
    }
    let link = here.groups.iter().find(|group| distributed::is_of_link(group));
    if let (Some(group), true) = (link, wanted != on) {
        return Err(raise!(47504, group.name));
    }
    engine_mut(estate, caller)?.configuration.insert(MULTI_DATABASE.to_owned(), wanted);
    Ok(Vec::new())
}
