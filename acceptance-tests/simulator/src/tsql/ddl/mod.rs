//! What statements do to the world: one file for each class of object.
//!
//! The session has parsed and bound; here the engine's own checks happen, with SQL Server's numbers, and then the
//! change. A statement that is refused has changed nothing.
//!
//! Numbers and texts stand in [`super::messages`]. Behaviour that no source confirms has its number in the list of
//! assumptions ([`crate::world::assumption`]).

mod backup;
pub(crate) mod builtin_permissions;
mod certificate;
mod database;
mod dbcc;
mod distributed;
mod endpoint;
mod full_log;
mod group;
pub(crate) mod issuer;
mod limits;
mod local;
mod login;
mod managed;
mod master_key;
mod membership;
pub(crate) mod permission;
pub(crate) mod procedure;
pub(crate) mod pvk;
mod refusal;
mod replica;
mod restore;
pub(crate) mod role;
mod routing;
mod security;
mod x509;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::ast::{AlterRole, Ddl, Name};
use super::error::SqlError;
use super::messages;
use super::value::Type;
use crate::world::Estate;
use crate::world::assumption;
use crate::world::instance::{EngineKey, SqlInstance};

/// Who runs a statement, and where.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    /// Which engine of the estate.
    pub(crate) engine: EngineKey,
    /// Login's name.
    pub(crate) login: String,
    /// Current database, as the engine spells it.
    pub(crate) database: String,
    /// Whether the session opened the master key: the session keeps what [`Outcome::master_key_open`] says.
    pub(crate) master_key_open: bool,
    /// Trace flags that are on for the session.
    pub(crate) trace_flags: BTreeSet<i64>,
}

/// What a statement has to say beyond success.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Messages: number, class, state, text. One above class 10 is an error of a statement that did its work.
    pub(crate) messages: Vec<(i32, u8, u8, String)>,
    /// A result set (DBCC TRACESTATUS, DBCC SQLPERF).
    pub(crate) rows: Option<TextRows>,
    /// The trace flags that are on for this session from now on.
    pub(crate) trace_flags: Option<BTreeSet<i64>>,
    /// The master key was opened or closed for this session.
    pub(crate) master_key_open: Option<bool>,
}

/// Columns, and rows of text or NULL.
pub(crate) type TextRows = (Vec<(&'static str, Type)>, Vec<Vec<Option<String>>>);

impl Outcome {
    /// Success with one message.
    fn message(message: SqlError) -> Self {
        let SqlError { number, severity, state, message, .. } = message;
        Self { messages: vec![(number, severity, state, message)], ..Self::default() }
    }
}

/// Executes one statement.
///
/// # Errors
/// What SQL Server raises.
pub(crate) fn execute(estate: &mut Estate, caller: &Caller, statement: &Ddl) -> Result<Outcome, SqlError> {
    let done = match carry_out(estate, caller, statement) {
        Err(error) if managed::ignores(estate, caller, &error) => Ok(Outcome::default()),
        done => done,
    };
    if estate.opposite(assumption::LISTED_CLASSES) { as_listed(done) } else { done }
}

/// Messages whose class on the wire is in no source, but for the one that the table lists.
const UNSEEN_CLASSES: [i32; 9] = [1486, 15213, 15214, 15215, 15315, 15317, 15334, 15342, 15559];

/// The same with the classes of the table: what is 10 there is no error then, and nothing is done; what is 16 there is one,
/// though the statement did its work.
fn as_listed(done: Result<Outcome, SqlError>) -> Result<Outcome, SqlError> {
    let listed = |number: i32| {
        messages::find(number).filter(|_| UNSEEN_CLASSES.contains(&number)).map(|message| message.severity)
    };
    match done {
        Ok(mut outcome) => {
            for (number, class, ..) in &mut outcome.messages {
                *class = listed(*number).unwrap_or(*class);
            }
            Ok(outcome)
        }
        Err(error) => {
            let class = listed(error.number).unwrap_or(error.severity);
            let error = SqlError { severity: class, ..error };
            if error.is_no_error() { Ok(Outcome::message(error)) } else { Err(error) }
        }
    }
}

fn carry_out(estate: &mut Estate, caller: &Caller, statement: &Ddl) -> Result<Outcome, SqlError> {
    full_log::refuse(estate, caller, statement)?;
    match statement {
        Ddl::CreateMasterKey { password } => master_key::create(estate, caller, password.as_ref()),
        Ddl::AlterMasterKey(change) => master_key::alter(estate, caller, change),
        Ddl::DropMasterKey => master_key::drop(estate, caller),
        Ddl::OpenMasterKey { password } => master_key::open(estate, caller, password),
        Ddl::CloseMasterKey => master_key::close(estate, caller),
        Ddl::BackupMasterKey { password } => master_key::backup(estate, caller, password),
        Ddl::RestoreMasterKey => master_key::restore(estate, caller),
        Ddl::CreateCertificate(statement) => certificate::create(estate, caller, statement),
        Ddl::AlterCertificate { name, change } => certificate::alter(estate, caller, &name.0, change),
        Ddl::DropCertificate { name } => certificate::drop(estate, caller, &name.0),
        Ddl::BackupCertificate { name, file, private_key } => {
            certificate::backup(estate, caller, &name.0, file, private_key.as_ref())
        }
        Ddl::CreateEndpoint(statement) => endpoint::create(estate, caller, statement),
        Ddl::AlterEndpoint(statement) => endpoint::alter(estate, caller, statement),
        Ddl::DropEndpoint { name } => endpoint::drop(estate, caller, &name.0),
        Ddl::AlterAuthorization { class, name, owner } => {
            security::alter_authorization(estate, caller, *class, &name.0, owner.as_ref())
        }
        Ddl::Permission(statement) => security::permission(estate, caller, statement),
        Ddl::CreateAvailabilityGroup(statement) => group::create(estate, caller, statement),
        Ddl::AlterAvailabilityGroup { name, change } => group::alter(estate, caller, &name.0, change),
        Ddl::DropAvailabilityGroup { name } => group::drop(estate, caller, &name.0),
        Ddl::CreateDatabase { name, collation } => {
            database::create(estate, caller, &name.0, collation.as_ref().map(|name| name.0.as_str()))
        }
        Ddl::AlterDatabase { name, changes } => {
            let name = name.as_ref().map_or(caller.database.as_str(), |name| name.0.as_str());
            database::alter(estate, caller, name, changes)
        }
        Ddl::DropDatabases { names, if_exists } => database::drop(estate, caller, names, *if_exists),
        Ddl::Backup(statement) => {
            let verb = backup::verb(statement);
            backup::backup(estate, caller, statement).map_err(|cause| backup::terminating(verb, cause))
        }
        Ddl::Restore(statement) => {
            let verb = restore::verb(statement);
            restore::restore(estate, caller, statement).map_err(|cause| backup::terminating(verb, cause))
        }
        Ddl::CreateLogin(statement) => login::create_login(estate, caller, statement),
        Ddl::AlterLogin { name, enable, password, options } => {
            login::alter_login(estate, caller, &name.0, *enable, password.as_ref(), options)
        }
        Ddl::DropLogin { name } => login::drop_login(estate, caller, &name.0),
        Ddl::CreateUser { name, login, without_login } => {
            login::create_user(estate, caller, &name.0, login.as_ref(), *without_login)
        }
        Ddl::DropUser { name, if_exists } => login::drop_user(estate, caller, &name.0, *if_exists),
        Ddl::CreateRole { scope, name, owner } => {
            role::create(estate, caller, *scope, &name.0, owner.as_ref().map(|owner| owner.0.as_str()))
        }
        Ddl::AlterRole { scope, name, change } => match change {
            AlterRole::AddMember(Name(member)) => {
                role::membership(estate, caller, *scope, &name.0, true, member)
            }
            AlterRole::DropMember(Name(member)) => {
                role::membership(estate, caller, *scope, &name.0, false, member)
            }
            AlterRole::Rename(Name(new)) => role::rename(estate, caller, *scope, &name.0, new),
        },
        Ddl::DropRole { scope, name, if_exists } => role::drop(estate, caller, *scope, &name.0, *if_exists),
        Ddl::Dbcc(statement, quiet) => dbcc::run(estate, caller, statement)
            .map(|outcome| if *quiet { Outcome { messages: Vec::new(), ..outcome } } else { outcome }),
    }
}

/// The caller's engine.
fn engine<'a>(estate: &'a Estate, caller: &Caller) -> Result<&'a SqlInstance, SqlError> {
    estate.engine(&caller.engine).ok_or_else(refusal::engine_gone)
}

/// The caller's engine, to change.
fn engine_mut<'a>(estate: &'a mut Estate, caller: &Caller) -> Result<&'a mut SqlInstance, SqlError> {
    estate.engine_mut(&caller.engine).ok_or_else(refusal::engine_gone)
}

/// Whether the caller works in `master`.
fn in_master(caller: &Caller) -> bool {
    caller.database == "master"
}

/// A fresh id for an object of the engine.
fn next_id(engine: &mut SqlInstance) -> i32 {
    let id = engine.next_id;
    engine.next_id += 1;
    id
}
