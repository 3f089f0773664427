//! Functions about databases, and about their place in availability groups.

use rusqlite::types::Value;

use super::super::ddl::permission::user_in;
use super::principals::Caller;
use super::{Arguments, bare};
use crate::world::Estate;
use crate::world::assumption;
use crate::world::build::database_version;
use crate::world::database::{Database, DatabaseState};
use crate::world::group::{Replica, Role};
use crate::world::instance::SqlInstance;

/// A function of this module; nothing is NULL.
pub(super) fn call(caller: Caller<'_>, function: &str, arguments: Arguments<'_>) -> Option<Value> {
    let engine = caller.engine;
    let flag = |flag: bool| Some(Value::Integer(flag.into()));
    match function {
        "DB_NAME" if arguments.are_none() => Some(Value::Text(caller.database.to_owned())),
        "DB_NAME" => {
            let id = arguments.whole(0)?;
            let found = engine.databases.iter().find(|one| i64::from(one.id) == id)?;
            Some(Value::Text(found.name.clone()))
        }
        "DB_ID" => {
            let wanted = if arguments.are_none() { caller.database } else { arguments.text(0)? };
            engine.database(wanted).map(|database| Value::Integer(database.id.into()))
        }
        "HAS_DBACCESS" => {
            let database = engine.database(arguments.text(0)?)?;
            flag(database.state == DatabaseState::Online && user_in(engine, caller.login, database).is_some())
        }
        "DATABASEPROPERTYEX" => {
            let database = engine.database(&bare(arguments.text(0)?))?;
            property(engine, database, arguments.text(1)?)
        }
        "FN_HADR_IS_PRIMARY_REPLICA" => {
            let database = engine.database(arguments.text(0)?)?;
            let group = engine.group(database.group.as_deref()?)?;
            // ASSUMED 78: what a link receives is secondary, though the local group is primary.
            let receives =
                !caller.estate.opposite(assumption::RECEIVED_COPIES) && engine.is_secondary(database);
            flag(group.role == Role::Primary && !receives)
        }
        "FN_HADR_BACKUP_IS_PREFERRED_REPLICA" => {
            let database = engine.database(arguments.text(0)?)?;
            flag(preferred_for_backups(caller.estate, engine, database))
        }
        _ => None,
    }
}

/// Whether backups are to be taken here: outside groups always; else where the group prefers them, on the replica of the
/// highest priority among those that are there. Where secondaries are preferred the primary takes them while no other is
/// there ("Configure backups on secondary replicas", 2025); but while it is the only replica of a group with CLUSTER_TYPE =
/// NONE the function says 0, as users of backup jobs report (olahallengren/sql-server-maintenance-solution, issues 216 and
/// 779).
fn preferred_for_backups(estate: &Estate, engine: &SqlInstance, database: &Database) -> bool {
    let Some(group) = database.group.as_deref().and_then(|group| engine.group(group)) else { return true };
    let primary = group.role == Role::Primary;
    if group.replicas.len() == 1 {
        return match group.backup_preference {
            0 => primary,
            1 => !primary,
            2 => !primary || group.cluster_type == WSFC,
            _ => true,
        };
    }
    let own = engine.server_name();
    // Who is there: the primary, and the secondaries that are connected to it.
    let pairs = || estate.pairs.iter().filter(|pair| pair.group == group.id);
    let secondary = |replica: &Replica| pairs().any(|pair| pair.replica == replica.id && pair.connected());
    let leads = |replica: &Replica| {
        if engine.same_name(&replica.server_name, &own) {
            return primary;
        }
        let held = |node: &SqlInstance| {
            node.same_name(&node.server_name(), &replica.server_name)
                && node.group_by_id(&group.id).is_some_and(|held| held.role == Role::Primary)
        };
        estate.sql_servers.iter().any(held)
    };
    let any_secondary = group.replicas.iter().any(secondary);
    let takes = |replica: &&Replica| match group.backup_preference {
        0 => leads(replica),
        1 => secondary(replica),
        2 => secondary(replica) || (!any_secondary && leads(replica)),
        _ => secondary(replica) || leads(replica),
    };
    // ASSUMED 142: the first by name among equals.
    let mut found: Vec<&Replica> =
        group.replicas.iter().filter(takes).filter(|one| one.backup_priority > 0).collect();
    found.sort_by_key(|one| (-one.backup_priority, engine.comparing().fold(&one.server_name)));
    let first = found.first().map(|one| one.backup_priority);
    if estate.opposite(assumption::EQUAL_PRIORITIES) {
        found.retain(|one| Some(one.backup_priority) == first);
    } else {
        found.truncate(1);
    }
    found.iter().any(|one| engine.same_name(&one.server_name, &own))
}

/// `cluster_type`.
const WSFC: u8 = 0;

/// `DATABASEPROPERTYEX`; nothing for a name that is no property. ["DATABASEPROPERTYEX", 2025]
fn property(engine: &SqlInstance, database: &Database, name: &str) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let number = |number: i64| Some(Value::Integer(number));
    let online = database.state == DatabaseState::Online;
    match name.to_ascii_lowercase().as_str() {
        "status" => text(database.state.code().1),
        "recovery" => text(match database.recovery_model {
            1 => "FULL",
            2 => "BULK_LOGGED",
            _ => "SIMPLE",
        }),
        "updateability" => text(if engine.takes_writes(database) { "READ_WRITE" } else { "READ_ONLY" }),
        "useraccess" => text(match database.user_access {
            0 => "MULTI_USER",
            1 => "SINGLE_USER",
            _ => "RESTRICTED_USER",
        }),
        // Nothing is known of a database that is not started.
        "collation" => text(&database.collation).filter(|_| online),
        "comparisonstyle" => number(196_609).filter(|_| online),
        "lcid" => number(1033).filter(|_| online),
        "version" => number(database_version(engine.build.major)).filter(|_| online),
        "isautoclose" => number(database.auto_close.into()),
        "isautocreatestatistics" | "isautoupdatestatistics" | "isfulltextenabled" => number(1),
        "isansinulldefault"
        | "isansinullsenabled"
        | "isansipaddingenabled"
        | "isansiwarningsenabled"
        | "isarithmeticabortenabled"
        | "isautoshrink"
        | "isautocreatestatisticsincremental"
        | "isautoupdatestatisticsasync"
        | "isclone"
        | "isclosecursorsoncommitenabled"
        | "isinstandby"
        | "islocalcursorsdefault"
        | "ismemoryoptimizedelevatetosnapshotenabled"
        | "ismergepublished"
        | "isnullconcat"
        | "isnumericroundabortenabled"
        | "isparameterizationforced"
        | "ispublished"
        | "isquotedidentifiersenabled"
        | "isrecursivetriggersenabled"
        | "issubscribed"
        | "issyncwithbackup"
        | "istornpagedetectionenabled"
        | "isverifiedclone" => number(0),
        _ => None,
    }
}
